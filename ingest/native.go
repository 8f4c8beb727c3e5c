package ingest

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/peerglass/peerglass/protocol"
	"github.com/peerglass/peerglass/protocol/native"
	"github.com/peerglass/peerglass/rtc"
	"github.com/peerglass/peerglass/settings"
	"github.com/peerglass/peerglass/spool"
)

// nativeWire is Peerglass's own protocol (docs/protocol.md): credentials and
// session come in the hello, over a WebSocket or on the first line of a POST.
type nativeWire struct{}

var (
	_ wire   = nativeWire{}
	_ poster = nativeWire{}
)

func (nativeWire) name() string { return "native" }

func (nativeWire) traits() *traits { return &nativeTraits }

var nativeTraits = traits{
	patterns:  []string{"/ingest/native"},
	resumable: true,
	graceMs:   60_000,
	// A page that is loaded again goes on with its session.
	partedMs: 20_000,
	// The SDK speaks each 20 s at least; pings are for other clients.
	pingMs: 25_000,
	// Batches are numbered without gaps: the SDK keeps each until it is stored.
	maxJump: 0, maxFirst: 1,
}

// nativeSettings are what clients are asked for: polls close enough together
// that a freeze of a second is seen, at a few hundred bytes each.
func (o *Options) nativeSettings() native.Settings {
	return native.Settings{PollMs: cmp.Or(o.PollMs, 2000), FastMs: 1000}
}

func (nativeWire) decoder(m *spool.Meta) protocol.Decoder {
	return vouchedBy(m, native.NewDecoder())
}

// vouchedBy returns d, or what holds it to the room and the user of the token
// that let the session in.
func vouchedBy(m *spool.Meta, d protocol.Decoder) protocol.Decoder {
	var told rtc.Identity
	if json.Unmarshal(m.Identity, &told) != nil || told.Room == "" && told.User == "" {
		return d
	}
	return &vouched{decoder: d, token: told}
}

// vouched decodes the frames of a client whose token says who it is: what the
// client itself says of that does not count.
type vouched struct {
	decoder protocol.Decoder
	token   rtc.Identity
	sink    rtc.Sink
}

// Decode implements protocol.Decoder.
func (v *vouched) Decode(frame []byte, received int64, sink rtc.Sink) error {
	v.sink = sink
	return v.decoder.Decode(frame, received, v)
}

// Record implements rtc.Sink between decoder and session.
func (v *vouched) Record(r *rtc.Record) error {
	if r.Kind == rtc.KindOpen || string(r.Name) == rtc.NameIdentity {
		var says rtc.Identity
		if json.Unmarshal(r.Payload, &says) == nil {
			if v.token.Room != "" {
				says.Room, says.RoomName = v.token.Room, cmp.Or(v.token.RoomName, says.RoomName)
			}
			if v.token.User != "" {
				says.User, says.UserName = v.token.User, cmp.Or(v.token.UserName, says.UserName)
			}
			text, err := json.Marshal(&says)
			if err != nil {
				return fmt.Errorf("write the identity: %w", err)
			}
			r.Payload = text
		}
	}
	return v.sink.Record(r)
}

func (nativeWire) admit(c *conn, r *http.Request) error {
	c.sequenced = true
	if names := offered(r); len(names) > 0 {
		if !slices.Contains(names, native.Subprotocol) {
			return protocol.Errorf(protocol.CodeUnsupported, "the subprotocol %s is not spoken here: use %s", clip(strings.Join(names, ", "), 100), native.Subprotocol)
		}
		c.subprotocol = native.Subprotocol
	}
	c.meta.Subprotocol = native.Subprotocol
	return nil
}

func (nativeWire) opened(*conn) error { return nil }

func (nativeWire) message(c *conn, binary bool, data []byte) error {
	if binary {
		return c.batch(data)
	}
	if c.live != nil {
		return nil // a ping: that it came is all that counts
	}
	welcome, err := c.hello(data)
	if err != nil {
		return err
	}
	return c.write(false, native.AppendWelcome(nil, welcome))
}

// hello authenticates the client and joins its session.
func (c *conn) hello(text []byte) (native.Welcome, error) {
	h, err := native.ParseHello(text)
	if err != nil {
		return native.Welcome{}, c.strange(h.Key, err)
	}
	if h.Check && c.socket != nil {
		return native.Welcome{}, protocol.Errorf(protocol.CodeMalformed, "a check is asked with a POST")
	}
	c.meta.ClientSession, c.resume, c.check = h.Session, h.Resume, h.Check
	var claims settings.Claims
	switch {
	case h.Key == "" && h.App != 0:
		claims, err = c.admitToken(h.App, h.Token)
	default:
		if err = c.admitKey(h.Key); err == nil && h.Token != "" {
			claims, err = c.readToken(h.Token)
		}
	}
	if err != nil {
		return native.Welcome{}, err
	}
	welcome := native.Welcome{Settings: c.server.opts.nativeSettings()}
	if !c.check {
		c.identify(rtc.Identity{Room: claims.Room, RoomName: claims.RoomName, User: claims.User, UserName: claims.UserName, Page: c.meta.Origin})
		if welcome.Last, _, err = c.join(); err != nil {
			return native.Welcome{}, err
		}
		// A session without a log that has a number is one that ended: what came
		// of it is stored, and what its client still has belongs to a new one.
		welcome.Ended = welcome.Last > 0 && c.live.log.Load() == nil
	}
	app, err := c.server.opts.Access.IngestApp(context.Background(), c.meta.App)
	if err != nil {
		return native.Welcome{}, refusalOf(err)
	}
	welcome.Defaults = native.Defaults{PeerConnection: app.PeerConnection, Media: app.Media}
	return welcome, nil
}

// strange is a hello that is not understood. Whose it is, is seen by the key in
// it, so that the app's log can tell.
func (c *conn) strange(key string, err error) error {
	if app, unknown := c.server.opts.Access.IngestKey(context.Background(), key); unknown == nil {
		c.meta.App = app.ID
	}
	return err
}

// batch takes one batch.
func (c *conn) batch(data []byte) error {
	h, err := native.ParseHeader(data)
	if err != nil {
		c.metrics.faults.Inc()
		return err
	}
	return c.frame(h.Seq, data)
}

// post takes the body of a POST: the hello's line, then batches. It is
// answered when they are stored.
func (nativeWire) post(c *conn, w http.ResponseWriter, r *http.Request) error {
	if r.Method != http.MethodPost {
		return &Refusal{Reason: protocol.CodeUnsupported, Status: http.StatusUpgradeRequired, Sentence: "this address speaks WebSocket: connect with ws:// or wss://, or send a POST"}
	}
	limit := int64(c.server.opts.Limits.Frame + native.MaxHello)
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	if err != nil {
		var tooLarge *http.MaxBytesError
		if errors.As(err, &tooLarge) {
			err = protocol.Errorf(protocol.CodeTooLarge, "the POST is longer than %d bytes: send fewer batches at a time", limit)
		} else {
			err = &protocol.Error{Code: protocol.CodeMalformed, What: "the POST could not be read to its end", Cause: err}
		}
		return c.refusePost(w, err)
	}
	welcome, err := c.takePost(r.Context(), body)
	if err != nil {
		return c.refusePost(w, err)
	}
	answer(w, http.StatusOK, native.AppendWelcome(nil, welcome))
	return nil
}

func (c *conn) takePost(ctx context.Context, body []byte) (native.Welcome, error) {
	hello, batches := native.SplitPost(body)
	welcome, err := c.hello(hello)
	if err != nil || welcome.Ended || c.check {
		return welcome, err
	}
	for {
		frame, ok, err := batches.Next()
		if err != nil {
			c.metrics.faults.Inc()
			return welcome, err
		}
		if !ok {
			break
		}
		if err := c.batch(frame); err != nil {
			return welcome, err
		}
	}
	last, err := c.wait(ctx)
	welcome.Last = max(welcome.Last, last)
	return welcome, err
}

// refusePost answers a POST in the protocol's own words. It returns nil: the
// machinery has nothing left to say.
func (c *conn) refusePost(w http.ResponseWriter, err error) error {
	r := refusalOf(err)
	c.told(r, "")
	c.server.metrics.refused.WithLabelValues(c.wire.name(), r.Reason).Inc()
	answer(w, int(native.CloseCode(r.Reason))-4000, native.AppendError(nil, r.Reason, r.Sentence))
	return nil
}

func answer(w http.ResponseWriter, status int, body []byte) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Access-Control-Allow-Origin", "*") // no cookies are read: any page's own key lets it in
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

func (nativeWire) appendAck(dst []byte, seq uint64) []byte { return native.AppendAck(dst, seq) }

// left: a client says goodbye in a record, not by the way it closes; a page
// that reloads may come back.
func (nativeWire) left(uint16) (bool, string) { return false, reasonTimeout }

func (nativeWire) refusal(r *Refusal) ([]byte, uint16) {
	return native.AppendError(nil, r.Reason, r.Sentence), native.CloseCode(r.Reason)
}
