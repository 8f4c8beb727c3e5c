package ingest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/peerglass/peerglass/protocol"
	"github.com/peerglass/peerglass/protocol/peermetrics"
	"github.com/peerglass/peerglass/rtc"
	"github.com/peerglass/peerglass/settings"
	"github.com/peerglass/peerglass/spool"
)

// peermetricsWire is the protocol of peermetrics' SDK, whose apiRoot leads here:
// requests, each with the token that its first one was answered with.
type peermetricsWire struct{}

var (
	_ wire   = peermetricsWire{}
	_ poster = peermetricsWire{}
)

func (peermetricsWire) name() string { return "peermetrics" }

func (peermetricsWire) traits() *traits { return &peermetricsTraits }

var peermetricsTraits = traits{
	patterns: []string{"/ingest/peermetrics/v1/{rest...}"},
	shared:   true,
	// A client says nothing while it has no connection: who waits alone for
	// others must not have gone.
	graceMs: 120_000,
	once:    true, // initialize names each stay
}

// peermetricsTokenFor is how long a token is good: the SDK asks for one per
// stay, and a session in progress goes on past it.
const peermetricsTokenFor = 24 * time.Hour

func (peermetricsWire) decoder(m *spool.Meta) protocol.Decoder {
	return vouchedBy(m, peermetrics.NewDecoder())
}

// admit lets every request through to post: its credentials are in its body.
func (peermetricsWire) admit(_ *conn, r *http.Request) error {
	if strings.EqualFold(r.Header.Get("Upgrade"), "websocket") {
		return errNoSocket
	}
	return nil
}

func (peermetricsWire) post(c *conn, w http.ResponseWriter, r *http.Request) error {
	path := strings.Trim(r.PathValue("rest"), "/")
	switch {
	case !peermetrics.Known(path):
		return &Refusal{Reason: reasonProtocol, Status: http.StatusNotFound, Sentence: "peermetrics' SDK has no such request: give it this server's address with /ingest/peermetrics/v1 as apiRoot"}
	case r.Method != http.MethodPost && r.Method != http.MethodPut:
		return &Refusal{Reason: protocol.CodeUnsupported, Status: http.StatusMethodNotAllowed, Sentence: "the SDK sends this with POST or PUT"}
	}
	body, err := c.body(w, r)
	if err != nil {
		return err
	}
	if path == peermetrics.PathInitialize {
		return c.initializePeermetrics(w, r, body)
	}
	connection, peer, adds := "", "", false
	if path == peermetrics.PathConnection {
		if peer, adds = peermetrics.AddsConnection(body); adds {
			connection = fmt.Sprintf("%016x", c.server.opts.Random())
		}
	}
	token, frame, err := peermetrics.NewFrame(path, body, connection)
	if err != nil {
		c.metrics.faults.Inc()
		return err
	}
	if err := c.admitPeermetrics(token); err != nil {
		return err
	}
	if err := c.takePeermetrics(r.Context(), frame); err != nil && !errors.Is(err, errEnded) {
		return err // what a poll told after the goodbye is no fault of anybody's
	}
	told := map[string]string{}
	switch {
	case adds:
		told["peer_id"], told["connection_id"] = peer, connection
	case path == peermetrics.PathSessions && r.Method == http.MethodPost:
		told["token"] = token
	}
	answerJSON(w, http.StatusOK, told)
	return nil
}

// takePeermetrics takes a request into its session, to the disk.
func (c *conn) takePeermetrics(ctx context.Context, frame []byte) error {
	if _, _, err := c.join(); err != nil {
		return err
	}
	if err := c.frame(0, frame); err != nil {
		return err
	}
	_, err := c.wait(ctx)
	return err
}

// initializePeermetrics lets a page in by its app's ingest key and gives it the
// token of a stay.
func (c *conn) initializePeermetrics(w http.ResponseWriter, r *http.Request, body []byte) error {
	told, err := peermetrics.ParseInitialize(body)
	if err == nil {
		err = c.admitKey(told.Key)
	}
	if err != nil {
		return c.refusePeermetrics(w, told.Key, err)
	}
	now := c.server.opts.Now()
	secret, err := c.server.opts.Access.AppSecret(r.Context(), c.meta.App)
	if err != nil {
		return err
	}
	token, err := settings.SignToken(secret, settings.Claims{
		App: c.meta.App, Room: told.Conference, RoomName: told.ConferenceName, User: told.User, UserName: told.UserName,
		Session: strconv.FormatUint(c.server.opts.Random(), 36), For: c.wire.name(), By: told.Key, Expires: now.Add(peermetricsTokenFor),
	}, now)
	if err != nil {
		return err
	}
	answerJSON(w, http.StatusOK, map[string]any{
		"token": token, "getStatsInterval": c.server.opts.nativeSettings().PollMs,
		// In batches the SDK tells the time of what happened less exactly.
		"batchConnectionEvents": false,
		"time":                  float64(now.UnixMilli()) / 1000,
	})
	return nil
}

// admitPeermetrics authenticates a request by the token of its stay.
func (c *conn) admitPeermetrics(token string) error {
	app, session, ok := peermetrics.TokenOf(token)
	if !ok {
		return &Refusal{Reason: settings.CodeTokenMalformed, Status: http.StatusUnauthorized, Sentence: "The request has no token of a stay: send the one that initialize was answered with."}
	}
	c.meta.ClientSession = clip(session, protocol.MaxName)
	claims, err := c.admitToken(app, token)
	if err != nil {
		return err
	}
	if claims.By != "" && !c.goesOn() {
		// The token outlives its key: who is in a call stays in, but no more.
		if _, err := c.server.opts.Access.IngestKey(context.Background(), claims.By); err != nil {
			return refusalOf(err)
		}
	}
	c.identify(rtc.Identity{Room: claims.Room, RoomName: claims.RoomName, User: claims.User, UserName: claims.UserName, Page: c.meta.Origin})
	return nil
}

// refusePeermetrics answers in the words by which the SDK knows that trying
// again is of no use.
func (c *conn) refusePeermetrics(w http.ResponseWriter, key string, err error) error {
	r := refusalOf(err)
	c.server.metrics.refused.WithLabelValues(c.wire.name(), r.Reason).Inc()
	c.told(r, key)
	code := r.Reason
	switch r.Reason {
	case settings.CodeUnknownKey, settings.CodeRevokedKey:
		code = "invalid_api_key"
	case settings.CodeDisabled:
		code = "app_not_recording"
	case settings.CodeOrigin:
		code = "domain_not_allowed"
	}
	answerJSON(w, r.Status, map[string]string{"error_code": code, "message": r.Sentence})
	return nil
}

func (peermetricsWire) opened(*conn) error { return errNoSocket }

func (peermetricsWire) message(*conn, bool, []byte) error { return errNoSocket }

func (peermetricsWire) appendAck([]byte, uint64) []byte { return nil }

func (peermetricsWire) left(uint16) (bool, string) { return false, "" }

func (peermetricsWire) refusal(r *Refusal) ([]byte, uint16) { return nil, closeCode(r.Reason) }
