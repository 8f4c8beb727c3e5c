package ingest

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/lxzan/gws"

	"github.com/peerglass/peerglass/protocol"
	"github.com/peerglass/peerglass/rtc"
	"github.com/peerglass/peerglass/settings"
	"github.com/peerglass/peerglass/spool"
)

// conn is one client connection: a WebSocket, or one HTTP request. It belongs
// to the goroutine that reads it, but for the atomic members.
type conn struct {
	server      *Server
	wire        wire
	metrics     *wireMetrics
	shard       *shard
	socket      *gws.Conn // nil for an HTTP request
	subprotocol string    // agreed; "" for none
	resume      bool      // the client says that it was here before
	sequenced   bool      // its frames carry sequence numbers
	check       bool      // it only asks whether it would be let in
	undated     bool      // its frame lacks the time that others have: the same again may be news
	meta        spool.Meta
	host        string       // the header Host, for pages of this server
	by          *credentials // that wait for the upgrade, where refusals are told after it
	samples     *samplesOf   // of a client of ObserveRTC: whose they are
	live        *live        // the session that the connection feeds; nil before join
	counted     *atomic.Int64
	bucket      bucket
	number      uint64 // in the order of arrival: the higher is the newer
	dated       int64  // client's clock, Unix ms: when what its request tells was; 0 where that is not known

	heard  atomic.Int64 // server's clock, Unix ms: last message
	pinged atomic.Int64 // so: last ping
	known  atomic.Bool  // its app is
	dead   atomic.Bool  // refused or closed: what still arrives is dropped
	acked  atomic.Uint64
	acking atomic.Int64 // since when an acknowledgement is being written; 0: none is
}

const (
	// bodyFor is how long a request may take to send its body.
	bodyFor = time.Minute
	// helloMs is how long a WebSocket may be open before its client has said who
	// it is. Until then no app counts it, and browsers answer pings by themselves.
	helloMs = 30_000
)

// serve takes one request to a protocol's address.
func (s *Server) serve(w http.ResponseWriter, r *http.Request, wire wire) {
	now := s.now()
	c := &conn{server: s, wire: wire, metrics: s.metrics.byWire[wire.name()], number: s.arrivals.Add(1), host: r.Host}
	c.meta = spool.Meta{
		Protocol: wire.name(), Start: now, Path: cleanPath(r), Origin: r.Header.Get("Origin"),
		UserAgent: clip(r.UserAgent(), 512),
	}
	c.locate(r)
	c.heard.Store(now)
	if err := c.begin(w, r); err != nil {
		c.told(refusalOf(err), r.PathValue("key"))
		s.refuseHTTP(w, wire.name(), err)
	}
}

// The faults in an app's log that are no refusals.
const (
	faultThrottled    = "throttled"     // a client was slowed down
	faultLogTruncated = "log_truncated" // a line of an application's log was cut off
)

// told adds a refusal to the log of the client's app, where it is known whose
// client it is: by its credentials, or at least by the public key that it
// brought.
func (c *conn) told(r *Refusal, key string) {
	o := &c.server.opts
	if o.Fault == nil || !concernsApp(r.Reason) {
		return
	}
	app := c.meta.App
	var set *settings.Error
	if app == 0 && errors.As(r.Cause, &set) {
		app = set.App
	}
	if app == 0 && key != "" {
		if owner, err := o.Access.IngestKey(context.Background(), key); err == nil {
			app = owner.ID
		}
	}
	if app == 0 {
		return
	}
	o.Fault(app, settings.Fault{
		Code: r.Reason, Message: r.Sentence, Protocol: c.wire.name(),
		Origin: c.meta.Origin, Network: c.meta.Address, Session: c.meta.ClientSession,
	})
}

// concernsApp reports whether a refusal is for the people of the app to mend:
// not what passes by itself, and not what is this server's fault.
func concernsApp(reason string) bool {
	switch reason {
	case reasonReplaced, reasonTimeout, reasonBusy, reasonShutdown, reasonEnded, reasonInternal, reasonSequence, reasonProtocol:
		return false
	}
	return true
}

func (c *conn) begin(w http.ResponseWriter, r *http.Request) error {
	s := c.server
	if !s.running.Load() {
		return &Refusal{Reason: reasonShutdown, Status: http.StatusServiceUnavailable, Sentence: "the server is starting or stopping: try again in a moment"}
	}
	p, posts := c.wire.(poster)
	if posts && r.Method == http.MethodOptions {
		allowAnyPage(w, r)
		return nil
	}
	if err := c.wire.admit(c, r); err != nil {
		return err
	}
	socket := strings.EqualFold(r.Header.Get("Upgrade"), "websocket")
	if !socket && (posts || r.Method == http.MethodPost) {
		if !posts {
			return &Refusal{Reason: protocol.CodeUnsupported, Status: http.StatusMethodNotAllowed, Sentence: "this protocol is spoken over a WebSocket: connect with ws:// or wss://"}
		}
		defer c.release()
		// Bodies are read before it is known whose they are.
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(s.bodyFor))
		c.metrics.accepted.Inc()
		err := p.post(c, w, r)
		c.detach(false, "")
		return err
	}
	if !socket {
		return &Refusal{Reason: protocol.CodeUnsupported, Status: http.StatusUpgradeRequired, Sentence: "this address speaks WebSocket: connect with ws:// or wss://"}
	}
	upgraded, err := s.upgrader(c.subprotocol).Upgrade(lingering{w}, r)
	if err != nil {
		c.release()
		s.metrics.refused.WithLabelValues(c.wire.name(), "handshake").Inc()
		return nil // gws has answered
	}
	c.socket = upgraded
	c.shard = s.shard(c.meta.ClientSession + upgraded.RemoteAddr().String())
	upgraded.Session().(*holder).conn = c
	c.shard.mu.Lock()
	c.shard.conns[c] = struct{}{}
	c.shard.mu.Unlock()
	c.metrics.accepted.Inc()
	c.metrics.connections.Inc()
	s.readers.Add(1)
	// In a goroutine of its own, so that the HTTP server's stack and buffers
	// of the request go.
	go c.read()
	if !s.running.Load() {
		c.bye() // closeAll may have passed by before the connection was there
	}
	return nil
}

// read is the connection's goroutine.
func (c *conn) read() {
	defer c.server.readers.Done()
	defer func() {
		// gws trusts the length that a frame claims so far that a negative one
		// panics; such a client must not take the others with it.
		if p := recover(); p != nil {
			c.server.log.Error("a connection's reader panicked", "protocol", c.wire.name(), "panic", p)
			c.fail(&Refusal{Reason: reasonInternal, Status: 500, Sentence: "the server failed at this message"})
			c.closed(1011)
		}
	}()
	c.socket.ReadLoop()
}

// allowAnyPage answers a browser that asks before it sends: no cookies are
// read, and any page's own key lets it in.
func allowAnyPage(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Access-Control-Allow-Methods", "GET, POST, PUT, DELETE")
	if names := r.Header.Get("Access-Control-Request-Headers"); names != "" {
		h.Set("Access-Control-Allow-Headers", names)
	}
	h.Set("Access-Control-Max-Age", "86400")
	w.WriteHeader(http.StatusNoContent)
}

// admitKey authenticates the connection by a public ingest key.
func (c *conn) admitKey(key string) error {
	ctx := context.Background()
	app, err := c.server.opts.Access.IngestKey(ctx, key)
	if err != nil {
		return refusalOf(err)
	}
	if err := c.server.opts.Access.CheckOrigin(ctx, key, c.meta.Origin, c.host); err != nil {
		return refusalOf(err)
	}
	return c.admitApp(app.ID)
}

// admitToken authenticates the connection by a token alone, for protocols whose
// clients name their app by its id. The token is what the app's own back end
// gave to this client: no list of origins is asked.
func (c *conn) admitToken(app rtc.AppID, token string) (settings.Claims, error) {
	_, err := c.server.opts.Access.IngestApp(context.Background(), app)
	if errors.Is(err, &settings.Error{Code: settings.CodeNotFound}) {
		return settings.Claims{}, &Refusal{Reason: settings.CodeTokenApp, Status: http.StatusUnauthorized, Sentence: fmt.Sprintf("App %d is not known here: copy the app's id from its page in the console.", app)}
	}
	if err != nil {
		return settings.Claims{}, refusalOf(err)
	}
	if err := c.admitApp(app); err != nil {
		return settings.Claims{}, err
	}
	claims, err := c.readToken(token)
	if err != nil {
		c.release()
	}
	return claims, err
}

// readToken returns what a token of the connection's app says. It is to be
// called when c.meta.ClientSession is set: a one-time token belongs to the
// session that brings it first, over all its connections.
func (c *conn) readToken(token string) (settings.Claims, error) {
	ctx := context.Background()
	claims, err := c.server.opts.Access.VerifyToken(ctx, c.meta.App, token)
	if c.meta.Voucher = ""; claims.Room != "" || claims.User != "" {
		c.meta.Voucher = fmt.Sprintf("%q %q", claims.Room, claims.User) // no name can end in another's
	}
	switch {
	case claims.For != "" && claims.For != c.wire.name():
		// Some of these are given to whoever has the public key, as whom they like.
		return settings.Claims{}, &Refusal{Reason: settings.CodeTokenApp, Status: http.StatusUnauthorized, Sentence: fmt.Sprintf("The token was given out for the protocol %s and lets nobody in by another: bring one that the app's back end signed.", clip(claims.For, 32))}
	case err != nil && c.goesOn() && errors.Is(err, &settings.Error{Code: settings.CodeTokenExpired}):
		// The token let the session in; how long the call lasts is not its matter.
		return claims, nil
	case err != nil:
		return claims, refusalOf(err)
	}
	claims.Room, claims.RoomName = clip(claims.Room, protocol.MaxName), clip(claims.RoomName, protocol.MaxName)
	claims.User, claims.UserName = clip(claims.User, protocol.MaxName), clip(claims.UserName, protocol.MaxName)
	claims.Session = clip(claims.Session, protocol.MaxName)
	if c.check {
		return claims, nil // who only asks has not used it
	}
	if err := c.server.opts.Access.SpendToken(ctx, claims, cmp.Or(c.meta.ClientSession, claims.Session)); err != nil {
		return claims, refusalOf(err)
	}
	return claims, nil
}

// goesOn reports whether the client comes back to a session in progress.
func (c *conn) goesOn() bool {
	key := c.key()
	if key.client == "" {
		return false
	}
	sh := c.server.shard(key.client)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	return sh.byKey[key] != nil
}

// admitApp counts the connection to its app.
func (c *conn) admitApp(app rtc.AppID) error {
	count, _ := c.server.apps.LoadOrStore(app, new(atomic.Int64))
	c.counted = count.(*atomic.Int64)
	if limit := c.server.opts.Limits.PerApp; c.counted.Add(1) > limit {
		c.release()
		return &Refusal{Reason: reasonConnections, Status: http.StatusTooManyRequests, Sentence: fmt.Sprintf("app %d has %d connections, the most that are allowed: try again later", app, limit)}
	}
	c.meta.App = app
	c.known.Store(true)
	return nil
}

// release gives the connection's place among its app's back.
func (c *conn) release() {
	if c.counted != nil {
		c.counted.Add(-1)
		c.counted = nil
	}
}

// identify adds what the address or a token tells to the session's identity.
func (c *conn) identify(id rtc.Identity) {
	id.UserAgent, id.ClientSession = c.meta.UserAgent, c.meta.ClientSession
	text, err := json.Marshal(&id)
	if err != nil {
		panic(err) // strings always marshal
	}
	c.meta.Identity = text
}

// write sends one message.
func (c *conn) write(binary bool, data []byte) error {
	if c.socket == nil {
		return nil
	}
	opcode := gws.OpcodeText
	if binary {
		opcode = gws.OpcodeBinary
	}
	return c.socket.WriteMessage(opcode, data)
}

// fail tells the client why it is turned away and closes the connection.
func (c *conn) fail(err error) {
	if c.dead.Swap(true) {
		return
	}
	r := refusalOf(err)
	c.server.metrics.refused.WithLabelValues(c.wire.name(), r.Reason).Inc()
	c.told(r, "")
	if c.socket == nil {
		return
	}
	message, code := c.wire.refusal(r)
	c.socket.Async(func() { // not here: a client that does not read must not hold the caller
		if message != nil {
			_ = c.socket.WriteMessage(gws.OpcodeText, message)
		}
		_ = c.socket.WriteClose(code, []byte(clip(r.Sentence, 120))) // a close frame holds 123 bytes
	})
	c.acking.CompareAndSwap(0, c.server.now()) // the ticker cuts the line if this takes too long
}

// closed cleans up after the connection; code is the client's close code, 0
// where it sent none.
func (c *conn) closed(code uint16) {
	c.dead.Store(true)
	c.shard.mu.Lock()
	_, open := c.shard.conns[c]
	delete(c.shard.conns, c)
	c.shard.mu.Unlock()
	if !open {
		return
	}
	c.metrics.connections.Dec()
	c.release()
	over, reason := c.wire.left(code)
	c.detach(over, reason)
}

// detach takes the connection from its session; over says that the session is
// over as well.
func (c *conn) detach(over bool, reason string) {
	l := c.live
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.wire.traits().shared {
		if c.socket != nil {
			l.part(over, reason)
		}
		return
	}
	if l.conn.Load() != c {
		return
	}
	l.conn.Store(nil)
	l.heard = max(l.heard, c.heard.Load())
	// A session that nobody can come back to is over with its connection.
	if (over || !l.resumable()) && c.server.running.Load() {
		l.end(c.server.now(), reason)
	}
}

// handler receives the events of all WebSockets.
type handler struct{}

var _ gws.Event = handler{}

func (handler) OnOpen(socket *gws.Conn) {
	c := connOf(socket)
	if err := c.wire.opened(c); err != nil {
		c.fail(err)
	}
}

func (handler) OnMessage(socket *gws.Conn, message *gws.Message) {
	defer message.Close()
	c := connOf(socket)
	if c.dead.Load() {
		return // what was under way when it was refused
	}
	c.heard.Store(c.server.now())
	if err := c.wire.message(c, message.Opcode == gws.OpcodeBinary, message.Bytes()); err != nil {
		c.fail(err)
	}
}

func (handler) OnPing(socket *gws.Conn, payload []byte) {
	c := connOf(socket)
	c.heard.Store(c.server.now())
	c.socket.Async(func() { _ = socket.WritePong(payload) })
}

func (handler) OnPong(socket *gws.Conn, _ []byte) {
	c := connOf(socket)
	c.heard.Store(c.server.now())
}

func (handler) OnClose(socket *gws.Conn, err error) {
	c := connOf(socket)
	var closed *gws.CloseError
	switch {
	case errors.As(err, &closed):
		c.closed(closed.Code)
		return
	case c.dead.Load(): // counted when it was refused
	case strings.Contains(err.Error(), "too large"):
		// gws has answered with 1009; its status has no exported type.
		c.server.metrics.refused.WithLabelValues(c.wire.name(), protocol.CodeTooLarge).Inc()
		c.told(&Refusal{Reason: protocol.CodeTooLarge, Sentence: fmt.Sprintf("A message was longer than %d bytes: send fewer records at a time.", c.server.opts.Limits.Frame)}, "")
	case strings.Contains(err.Error(), "encoding"), strings.Contains(err.Error(), "unsupported data"):
		c.server.metrics.refused.WithLabelValues(c.wire.name(), protocol.CodeMalformed).Inc()
		c.told(&Refusal{Reason: protocol.CodeMalformed, Sentence: "A message was not UTF-8, or broke the rules of WebSockets: its client is at fault, or what stands between."}, "")
	}
	c.closed(0)
}

func connOf(socket *gws.Conn) *conn { return socket.Session().(*holder).conn }

// holder ties a socket to its conn without a map.
type holder struct{ conn *conn }

var _ gws.SessionStorage = (*holder)(nil)

func (*holder) Len() int                               { return 0 }
func (*holder) Load(string) (any, bool)                { return nil, false }
func (*holder) Delete(string)                          {}
func (*holder) Store(string, any)                      {}
func (*holder) Range(func(key string, value any) bool) {}

// readBuffer is a connection's: one frame's beginning, or several small
// frames. What is longer is read past it.
const readBuffer = 2 << 10

// upgrader returns the upgrader that agrees to a subprotocol.
func (s *Server) upgrader(subprotocol string) *gws.Upgrader {
	if u, ok := s.upgraders.Load(subprotocol); ok {
		return u.(*gws.Upgrader)
	}
	option := &gws.ServerOption{
		ReadMaxPayloadSize: s.opts.Limits.Frame,
		ReadBufferSize:     readBuffer,
		ParallelGolimit:    1,
		CheckUtf8Enabled:   true,
		NewSession:         func() gws.SessionStorage { return new(holder) },
		Logger:             gwsLog{s},
	}
	if subprotocol != "" {
		option.SubProtocols = []string{subprotocol}
	}
	u, _ := s.upgraders.LoadOrStore(subprotocol, gws.NewUpgrader(handler{}, option))
	return u.(*gws.Upgrader)
}

type gwsLog struct{ s *Server }

func (l gwsLog) Error(v ...any) { l.s.log.Debug("websocket", "error", fmt.Sprint(v...)) }

// closeAll closes every connection because the server stops.
func (s *Server) closeAll() {
	for i := range s.shards {
		sh := &s.shards[i]
		sh.mu.Lock()
		conns := slices.Collect(maps.Keys(sh.conns))
		sh.mu.Unlock()
		for _, c := range conns {
			c.bye()
		}
	}
}

// bye closes the connection because the server stops.
func (c *conn) bye() {
	c.fail(&Refusal{Reason: reasonShutdown, Status: http.StatusServiceUnavailable, Sentence: "the server stops: connect again in a moment"})
	// Not longer than it takes to write a close frame: a client that does not
	// read must not hold up the end.
	_ = c.socket.NetConn().SetDeadline(time.Now().Add(time.Second))
}

// refuseHTTP answers a request that is turned away.
func (s *Server) refuseHTTP(w http.ResponseWriter, protocol string, err error) {
	r := refusalOf(err)
	s.metrics.refused.WithLabelValues(protocol, r.Reason).Inc()
	if r.Status >= 500 && r.Reason == reasonInternal {
		s.log.Error("ingest refused a request", "protocol", protocol, "error", r.Cause)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Access-Control-Allow-Origin", "*")
	w.WriteHeader(r.Status)
	_ = json.NewEncoder(w).Encode(map[string]string{"code": r.Reason, "message": r.Sentence})
}

func (s *Server) unknown(w http.ResponseWriter, r *http.Request) {
	s.refuseHTTP(w, "unknown", &Refusal{
		Reason: reasonProtocol, Status: http.StatusNotFound,
		Sentence: "no protocol is spoken at this address: use /ingest/native, /ingest/jitsi/{key}/{room} or /ingest/rtcstats/{key}/{room}",
	})
}

// refusalOf turns any error into what the client is told.
func refusalOf(err error) *Refusal {
	var r *Refusal
	var set *settings.Error
	var fault *protocol.Error
	switch {
	case errors.As(err, &r):
		return r
	case errors.As(err, &fault):
		status := http.StatusBadRequest
		if fault.Code == protocol.CodeTooLarge {
			status = http.StatusRequestEntityTooLarge
		}
		return &Refusal{Reason: fault.Code, Status: status, Sentence: fault.What, Cause: err}
	case errors.As(err, &set):
		status := http.StatusForbidden
		if set.Code == settings.CodeUnknownKey || set.Code == settings.CodeRevokedKey || strings.HasPrefix(set.Code, "token_") {
			status = http.StatusUnauthorized
		}
		return &Refusal{Reason: set.Code, Status: status, Sentence: set.What, Cause: err}
	case errors.Is(err, spool.ErrBudget), errors.Is(err, spool.ErrDiskFull):
		return &Refusal{Reason: reasonBusy, Status: http.StatusInsufficientStorage, Sentence: err.Error(), Cause: err}
	case errors.Is(err, spool.ErrClosed):
		return &Refusal{Reason: reasonShutdown, Status: http.StatusServiceUnavailable, Sentence: "the server stops: connect again in a moment", Cause: err}
	}
	return &Refusal{Reason: reasonInternal, Status: http.StatusInternalServerError, Sentence: "the server failed; its log says why", Cause: err}
}

// cleanPath is the request's path and query without credentials.
func cleanPath(r *http.Request) string {
	u := *r.URL
	q := u.Query()
	for _, secret := range []string{"key", "token", "rtcstats-token", "apiKey"} {
		if q.Has(secret) {
			q.Del(secret)
		}
	}
	u.RawQuery = q.Encode()
	path := u.RequestURI()
	if key := r.PathValue("key"); key != "" {
		path = strings.Replace(path, "/"+key, "", 1)
	}
	return clip(path, 1024)
}

func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "")
}
