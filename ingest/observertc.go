package ingest

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/peerglass/peerglass/protocol"
	"github.com/peerglass/peerglass/protocol/observertc"
	"github.com/peerglass/peerglass/rtc"
	"github.com/peerglass/peerglass/settings"
	"github.com/peerglass/peerglass/spool"
)

// observertcWire takes the samples of @observertc/client-monitor-js, which the
// page sends itself: by requests, or over a WebSocket.
type observertcWire struct{}

var (
	_ wire   = observertcWire{}
	_ poster = observertcWire{}
)

func (observertcWire) name() string { return "observertc" }

func (observertcWire) traits() *traits { return &observertcTraits }

var observertcTraits = traits{
	// The call stands in the address where samples do not name it: the encoder
	// tells it once, and one request knows nothing of the one before.
	patterns: []string{"/ingest/observertc/{key}", "/ingest/observertc/{key}/{room...}"},
	shared:   true,
	dated:    true,
	chosen:   true,
	// Samples come every 8 s by default, and pages may choose a minute.
	graceMs: 75_000,
	pingMs:  25_000,
}

func (observertcWire) decoder(m *spool.Meta) protocol.Decoder {
	return vouchedBy(m, observertc.NewDecoder())
}

func (observertcWire) admit(c *conn, r *http.Request) error {
	if err := c.admitKey(r.PathValue("key")); err != nil {
		return err
	}
	if names := offered(r); len(names) > 0 {
		if !slices.Contains(names, observertc.Subprotocol) {
			return protocol.Errorf(protocol.CodeUnsupported, "the subprotocol %s is not spoken here: use %s, or none", clip(strings.Join(names, ", "), 100), observertc.Subprotocol)
		}
		c.subprotocol, c.meta.Subprotocol = observertc.Subprotocol, observertc.Subprotocol
	}
	c.samples = &samplesOf{room: clip(strings.Trim(r.PathValue("room"), "/"), protocol.MaxName), token: r.URL.Query().Get("token")}
	return nil
}

// samplesOf is what a connection knows of the samples that it brings.
type samplesOf struct {
	room  string           // of the address
	token string           // so
	names observertc.Names // whose they are
}

func (observertcWire) opened(*conn) error { return nil } // the first sample says whose the session is

func (observertcWire) message(c *conn, binary bool, data []byte) error {
	media := ""
	if binary {
		media = "application/octet-stream"
	}
	frames, err := observertc.Split(data, media)
	if err != nil {
		return err
	}
	for _, frame := range frames {
		if err := c.sample(frame); err != nil {
			return err
		}
	}
	return nil
}

// sample takes one sample into the session that it names.
func (c *conn) sample(frame []byte) error {
	names, at, err := observertc.Peek(frame)
	if err != nil {
		return err
	}
	c.dated = at
	known := c.samples
	if c.live != nil && c.socket != nil {
		// The encoder names the call in its first sample only.
		names.Call, names.Client = cmp.Or(names.Call, known.names.Call), cmp.Or(names.Client, known.names.Client)
	}
	names.Call = cmp.Or(names.Call, known.room)
	switch {
	case names.Client == "":
		return protocol.Errorf(protocol.CodeMalformed, "the sample has no clientId: give ClientMonitor one in its configuration")
	case names.Call == "" && c.socket == nil:
		return protocol.Errorf(protocol.CodeMalformed, "the sample has no callId, which the encoder tells only once: put the call's id into the address, /ingest/observertc/<key>/<callId>")
	}
	if c.live == nil || names != known.names {
		if c.live != nil {
			c.detach(true, "leave") // the page went to another call
			c.live = nil
		}
		known.names = names
		c.meta.ClientSession = stayOf(names)
		var claims settings.Claims
		if known.token != "" {
			if claims, err = c.readToken(known.token); err != nil {
				return err
			}
		}
		c.identify(rtc.Identity{
			Room: cmp.Or(claims.Room, names.Call), RoomName: claims.RoomName,
			User: cmp.Or(claims.User, names.Client), UserName: claims.UserName, Page: c.meta.Origin,
		})
		if _, _, err := c.join(); err != nil {
			return err
		}
	}
	return c.frame(0, frame)
}

// stayOf names the session of a client's samples: as people read it, and no
// other client's alike.
func stayOf(n observertc.Names) string {
	name := clip(n.Call, 100) + "/" + clip(n.Client, 100)
	if len(n.Call) > 100 || len(n.Client) > 100 || strings.Contains(n.Client, "/") {
		sum := sha256.Sum256([]byte(n.Call + "\x00" + n.Client))
		name += "#" + hex.EncodeToString(sum[:8])
	}
	return name
}

func (observertcWire) post(c *conn, w http.ResponseWriter, r *http.Request) error {
	if r.Method != http.MethodPost {
		return &Refusal{Reason: protocol.CodeUnsupported, Status: http.StatusMethodNotAllowed, Sentence: "samples are sent with POST, or over a WebSocket"}
	}
	body, err := c.body(w, r)
	if err != nil {
		return err
	}
	frames, err := observertc.Split(body, r.Header.Get("Content-Type"))
	if err != nil {
		c.metrics.faults.Inc()
		return err
	}
	for _, frame := range frames {
		was := c.live
		if err := c.sample(frame); err != nil && !errors.Is(err, errEnded) {
			return err // what was told before the goodbye and comes after it is no fault of anybody's
		}
		if was != nil && was != c.live {
			// A list may hold samples of several clients: wait for each.
			if log := was.log.Load(); log != nil {
				if err := log.Wait(r.Context()); err != nil {
					return refuseBusy(err)
				}
			}
		}
	}
	if _, err := c.wait(r.Context()); err != nil {
		return err
	}
	answerJSON(w, http.StatusOK, map[string]int{"samples": len(frames)})
	return nil
}

// body reads the body of a request, within the limit of a frame.
func (c *conn) body(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, int64(c.server.opts.Limits.Frame)))
	if tooLarge := new(http.MaxBytesError); errors.As(err, &tooLarge) {
		return nil, protocol.Errorf(protocol.CodeTooLarge, "a request has more than %d bytes", tooLarge.Limit)
	}
	if err != nil {
		return nil, &Refusal{Reason: protocol.CodeMalformed, Status: http.StatusBadRequest, Sentence: "the request broke off", Cause: err}
	}
	return body, nil
}

func (observertcWire) appendAck([]byte, uint64) []byte { return nil }

func (observertcWire) left(code uint16) (bool, string) {
	if code == 1000 || code == 1001 || code == 1005 {
		return true, "leave"
	}
	return false, ""
}

func (observertcWire) refusal(r *Refusal) ([]byte, uint16) {
	return fmt.Appendf(nil, `{"code":%q,"message":%q}`, r.Reason, r.Sentence), closeCode(r.Reason)
}
