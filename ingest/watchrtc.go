package ingest

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/peerglass/peerglass/protocol"
	"github.com/peerglass/peerglass/protocol/watchrtc"
	"github.com/peerglass/peerglass/rtc"
	"github.com/peerglass/peerglass/settings"
	"github.com/peerglass/peerglass/spool"
)

// watchrtcWire is the protocol of @testrtc/watchrtc-sdk, whose proxyUrl leads
// here: a WebSocket, and requests for what is told without one.
type watchrtcWire struct{}

var (
	_ wire   = watchrtcWire{}
	_ poster = watchrtcWire{}
)

func (watchrtcWire) name() string { return "watchrtc" }

func (watchrtcWire) traits() *traits { return &watchrtcTraits }

var watchrtcTraits = traits{
	// An address with an app's id is for tokens, which do not name the app.
	patterns: []string{"/ingest/watchrtc", "/ingest/watchrtc/{rest...}"},
	shared:   true,
	dated:    true,
	chosen:   true,
	// A client that lost its connection comes back after 131 s at the latest.
	graceMs: 135_000,
	// It closes its connection 20 s after the last peer connection; many ask
	// their users only then what they thought of the call.
	partedMs: 60_000,
	pingMs:   25_000,
}

func (watchrtcWire) decoder(m *spool.Meta) protocol.Decoder {
	return vouchedBy(m, watchrtc.NewDecoder())
}

// admit lets every WebSocket through the upgrade: the client reads in the
// first message why it is refused, and takes an HTTP status for a network that
// is down.
func (watchrtcWire) admit(c *conn, r *http.Request) error {
	if r.Method != http.MethodGet || !strings.EqualFold(r.Header.Get("Upgrade"), "websocket") {
		return nil // post reads the rest
	}
	request, err := watchrtc.ParseRequest(r.URL.Query())
	if err != nil {
		return err
	}
	c.subprotocol, c.meta.Subprotocol = watchrtc.Subprotocol, watchrtc.Subprotocol
	c.meta.ClientSession = request.Session
	c.resume = !request.Fresh
	by := watchrtcCredentials(r.PathValue("rest"), request.Key, request.Token)
	c.by = &by
	return nil
}

// credentials are what a client of watchRTC is let in by.
type credentials struct {
	app        rtc.AppID // of token; 0 where the address names none
	key, token string
}

// watchrtcCredentials reads the credentials that a request brought; rest is what
// stands behind the protocol's address.
func watchrtcCredentials(rest, key, token string) credentials {
	id, _, _ := strings.Cut(strings.Trim(rest, "/"), "/")
	app, _ := strconv.ParseUint(id, 10, 32)
	return credentials{app: rtc.AppID(app), key: key, token: token}
}

// admitWatchrtc authenticates the connection and identifies its session.
func (c *conn) admitWatchrtc(by credentials) error {
	var claims settings.Claims
	var err error
	switch {
	case by.token == "":
		err = c.admitKey(by.key)
	case by.app == 0:
		err = &Refusal{Reason: settings.CodeTokenApp, Status: http.StatusUnauthorized, Sentence: "rtcToken needs the app's id in the address: set proxyUrl to wss://…/ingest/watchrtc/<id>, with the id from the app's page in the console."}
	default:
		claims, err = c.admitToken(by.app, by.token)
	}
	if err != nil {
		return err
	}
	c.identify(rtc.Identity{Room: claims.Room, RoomName: claims.RoomName, User: claims.User, UserName: claims.UserName, Page: c.meta.Origin})
	return nil
}

func (watchrtcWire) opened(c *conn) error {
	by := *c.by
	c.by = nil
	if err := c.admitWatchrtc(by); err != nil {
		return err
	}
	if !c.resume {
		// The page begins another stay, by the client's own name the same session.
		c.endParted()
	}
	if _, _, err := c.join(); err != nil {
		return err
	}
	project := by.key
	if by.token != "" {
		project = by.token
	}
	return c.write(false, watchrtc.AppendWelcome(nil, watchrtc.Welcome{
		ConnectionID: strconv.FormatUint(c.server.opts.Random(), 36), ProjectID: project,
		IntervalMs: c.live.interval(), SendInterval: 1, Logs: true,
	}))
}

// interval is how often a client of watchRTC is to poll. A client that is told
// another interval than it has tells its next polls in full, and so it must
// when its session is a new one here: the same session has the same interval
// always, and another one most probably has another.
func (l *live) interval() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.server.opts.nativeSettings().PollMs + int(l.meta.Start%100)
}

func (watchrtcWire) message(c *conn, _ bool, data []byte) error {
	return c.frame(0, watchrtc.Clean(data))
}

// post handles what the client tells without a WebSocket: a rating after the
// call, keys, a device that could not be had.
func (watchrtcWire) post(c *conn, w http.ResponseWriter, r *http.Request) error {
	rest := strings.Trim(r.PathValue("rest"), "/")
	what := rest[strings.LastIndexByte(rest, '/')+1:]
	switch {
	case what == "get-qualityrtc-config":
		return &Refusal{Reason: reasonProtocol, Status: http.StatusNotFound, Sentence: "qualityRTC's network tests are not here: this server takes in what watchRTC measures during calls."}
	case what != "trace" && what != "error":
		return &Refusal{Reason: protocol.CodeUnsupported, Status: http.StatusUpgradeRequired, Sentence: "this address speaks WebSocket: give it to the watchRTC SDK as proxyUrl, with wss:// before it"}
	case r.Method != http.MethodPost:
		return &Refusal{Reason: protocol.CodeUnsupported, Status: http.StatusMethodNotAllowed, Sentence: "the watchRTC SDK sends this with POST"}
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, int64(c.server.opts.Limits.Frame)))
	if tooLarge := new(http.MaxBytesError); errors.As(err, &tooLarge) {
		return protocol.Errorf(protocol.CodeTooLarge, "a request has more than %d bytes", tooLarge.Limit)
	}
	if err != nil {
		return &Refusal{Reason: protocol.CodeMalformed, Status: http.StatusBadRequest, Sentence: "the request broke off", Cause: err}
	}
	told, err := watchrtc.ParsePost(body)
	if err != nil {
		c.metrics.faults.Inc()
		return err
	}
	c.meta.ClientSession = told.Session
	by := watchrtcCredentials(rest, told.Project, "")
	if by.app != 0 && !strings.HasPrefix(by.key, settings.IngestKeyPrefix) {
		by.key, by.token = "", by.key // a session that a token opened has it for its project
	}
	if err := c.admitWatchrtc(by); err != nil {
		return err
	}
	if _, _, err := c.join(); err != nil {
		return err
	}
	if err := c.frame(0, told.Frame); err != nil {
		return err
	}
	if _, err := c.wait(r.Context()); err != nil {
		return err
	}
	w.Header().Set("Access-Control-Allow-Origin", "*")
	w.Header().Set("Content-Type", "application/json")
	_, _ = fmt.Fprint(w, "{}") // it is on disk, whether the client still listens or not
	return nil
}

func (watchrtcWire) appendAck([]byte, uint64) []byte { return nil }

func (watchrtcWire) left(code uint16) (bool, string) {
	switch code {
	case 1001: // the page went
		return true, "leave"
	case 1000, 1005:
		return false, "leave"
	}
	return false, ""
}

func (watchrtcWire) refusal(r *Refusal) ([]byte, uint16) {
	switch r.Reason {
	case reasonBusy, reasonShutdown, reasonConnections, reasonTimeout, reasonInternal, reasonEnded, "too_many":
		return nil, closeCode(r.Reason) // it comes back by itself
	}
	return watchrtc.AppendError(nil, r.Sentence), closeCode(r.Reason)
}
