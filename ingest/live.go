package ingest

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/peerglass/peerglass/protocol"
	"github.com/peerglass/peerglass/rtc"
	"github.com/peerglass/peerglass/session"
	"github.com/peerglass/peerglass/settings"
	"github.com/peerglass/peerglass/spool"
)

// live is one session that ingest keeps, over all its connections.
//
// Frames are taken under mu, in the goroutine of the connection, and derived
// there too. While the session is behind (a replay, or the store was away)
// they are only taken; decoder and session then belong to the catch-up, which
// reads the frames from the spool.
type live struct {
	server  *Server
	wire    wire
	metrics *wireMetrics
	shard   *shard
	key     liveKey // client is "" where nobody can come back to it
	conn    atomic.Pointer[conn]
	log     atomic.Pointer[spool.Log] // nil before the first frame: an idle client costs no disk
	edge    atomic.Uint64             // the last number before the newest gap

	mu     sync.Mutex
	meta   spool.Meta // until there is a log
	seq    uint64     // highest number taken
	first  uint64     // largest number that the first frame may have; 0 when one came
	heard  int64      // server's clock: of the client, when it was last connected
	since  int64      // from when its absence counts
	behind bool
	ended  bool
	endAt  int64
	reason string
	orphan bool // found in the spool, and its client cannot come back

	bucket bucket // of what comes by requests, which have no connection to be held back

	// Of a shared session.
	recent   [8]arrived // the newest frames that came by requests
	sockets  int        // WebSockets that feed it
	parted   string     // why the last of them was closed, where its client said so
	partedAt int64      // and when the session was heard last before
	partedOf int64      // and when that was by the client's clock; 0 where that is not known
	left     int64      // the same of its goodbye

	// Deriving: under mu, or the catch-up's while behind.
	decoder  protocol.Decoder
	session  *session.Session
	derived  uint64 // frames derived
	lastSeq  uint64 // number of the last of them that had one
	lastAt   int64  // when it was received
	records  uint64 // decoded from the current frame
	gap      rtc.Record
	released bool
}

// resumable reports whether the client can come back to the session.
func (l *live) resumable() bool { return l.key.client != "" }

// join ties the connection to the session that its client names in
// c.meta.ClientSession, or to a new one where the protocol cannot resume or
// the name is not known; the newest connection of a session wins. last is the
// highest sequence number of it that is on disk: what the client need not send
// again.
func (c *conn) join() (last uint64, resumed bool, err error) {
	s := c.server
	t := c.wire.traits()
	key := c.key()
	if c.overtaken(key) {
		return 0, false, errEnded
	}
	for {
		l, isNew, err := s.liveOf(c, key)
		if err != nil {
			return 0, false, err
		}
		l.mu.Lock()
		if l.ended {
			l.mu.Unlock()
			continue // it ended just now and is no longer found
		}
		if t.shared {
			// Nothing is pushed to such clients: the session needs no connection.
			c.live, last = l, l.seq
			if c.socket != nil {
				l.sockets++
				l.parted = ""
			}
			l.mu.Unlock()
			return last, !isNew, nil
		}
		old := l.conn.Load()
		if old != nil && old.number > c.number {
			l.mu.Unlock() // c was overtaken between its upgrade and here
			return 0, false, errReplaced
		}
		l.conn.Store(c)
		c.live = l
		last = l.seq
		l.mu.Unlock()
		if old != nil && old != c {
			old.fail(errReplaced)
		}
		if isNew {
			return last, last > 0, nil
		}
		c.metrics.resumed.Inc()
		if log := l.log.Load(); log != nil {
			ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
			defer cancel()
			if err := log.Wait(ctx); err != nil {
				return 0, true, refuseBusy(err)
			}
		}
		c.acked.Store(last)
		return last, true, nil
	}
}

// key is that of the session which the connection names; client is "" where
// nobody can come back to it.
func (c *conn) key() liveKey {
	key := liveKey{app: c.meta.App, wire: c.wire.name()}
	if t := c.wire.traits(); t.resumable && c.sequenced || t.shared {
		key.client = clientOf(&c.meta, t)
	}
	return key
}

// clientOf names a session among its app's. Who takes another client's name
// is not let into what a token opened for that one.
func clientOf(m *spool.Meta, t *traits) string {
	if t.chosen && m.Voucher != "" {
		return m.Voucher + "\x00" + m.ClientSession // which no client can send
	}
	return m.ClientSession
}

// part takes a WebSocket from a shared session, under mu.
func (l *live) part(over bool, reason string) {
	l.sockets--
	if l.sockets > 0 || l.ended || !l.server.running.Load() {
		return
	}
	l.since = l.server.now()
	l.parted, l.partedAt = reason, l.heard
	if over {
		l.end(l.since, reason)
	}
}

// endParted ends the session that the client names in c.meta.ClientSession if
// the client had closed its WebSocket itself: what it begins now is another.
func (c *conn) endParted() {
	key := c.key()
	sh := c.server.shard(key.client)
	sh.mu.Lock()
	l := sh.byKey[key]
	sh.mu.Unlock()
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.parted != "" {
		l.end(l.partedAt, l.parted)
	}
}

var errEnded = &Refusal{Reason: reasonEnded, Status: http.StatusGone, Sentence: "the session is over: start a new one"}

// overtakenMs is by how much a goodbye may come before what was told earlier: a
// browser has six connections to a server, and one that is just being opened
// may take seconds.
const overtakenMs = 60_000

// overtaken reports whether what the connection brings was under way when its
// session's goodbye overtook it: it belongs to that and begins no other.
func (c *conn) overtaken(key liveKey) bool {
	sh := c.server.shard(key.client)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	past, ended := sh.past[key]
	if !ended || c.wire.traits().once {
		return ended
	}
	return c.dated != 0 && c.dated <= past.left && past.left-c.dated < overtakenMs
}

var errReplaced = &Refusal{Reason: reasonReplaced, Status: http.StatusConflict, Sentence: "a newer connection of the same session took over"}

func refuseBusy(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return &Refusal{Reason: reasonBusy, Status: http.StatusServiceUnavailable, Sentence: "the server's disk is too slow: try again later", Cause: err}
	}
	if errors.Is(err, context.Canceled) {
		// No fault of this server's, which its log would have to tell.
		return &Refusal{Reason: reasonShutdown, Status: http.StatusServiceUnavailable, Sentence: "the request was broken off, or the server stops: send it again in a moment", Cause: err}
	}
	return err
}

// liveOf finds or makes the session of a connection.
func (s *Server) liveOf(c *conn, key liveKey) (l *live, isNew bool, err error) {
	sh := s.shard(key.client)
	if key.client == "" {
		sh = s.shard(c.meta.Path + strconv.FormatUint(s.opts.Random(), 36))
	}
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if key.client != "" {
		if l := sh.byKey[key]; l != nil {
			return l, false, nil
		}
	}
	// A request is over at once, but not the session that it began.
	if limit := s.opts.Limits.Sessions; s.staysOf(key.app).Load() >= limit {
		return nil, false, &Refusal{Reason: reasonConnections, Status: http.StatusTooManyRequests, Sentence: fmt.Sprintf("app %d has %d sessions in progress, the most that are allowed: try again later", key.app, limit)}
	}
	now := s.now()
	if !s.begun.take(now, beginner{key.app, c.meta.Address}, &s.opts.Limits) {
		return nil, false, &Refusal{Reason: reasonConnections, Status: http.StatusTooManyRequests, Sentence: fmt.Sprintf("clients of the network %s begin more than %.0f sessions a second: try again later", c.meta.Address, s.opts.Limits.BeginPerSecond)}
	}
	t := c.wire.traits()
	l = &live{
		server: s, wire: c.wire, metrics: c.metrics, shard: sh, key: key, meta: c.meta,
		first: t.maxJump + 1, heard: now, since: now,
	}
	if c.resume {
		l.first = t.maxFirst
	}
	if past, ok := sh.past[key]; ok && key.client != "" {
		l.seq, l.lastSeq = past.seq, past.seq
	}
	l.meta.Start = now
	if s.opts.Thresholds != nil {
		l.meta.Thresholds = s.opts.Thresholds(l.meta.App)
	}
	sh.keep(l)
	c.metrics.sessions.Inc()
	return l, true, nil
}

// staysOf counts an app's sessions in progress.
func (s *Server) staysOf(app rtc.AppID) *atomic.Int64 {
	count, _ := s.stays.LoadOrStore(app, new(atomic.Int64))
	return count.(*atomic.Int64)
}

func (sh *shard) keep(l *live) {
	l.server.staysOf(l.key.app).Add(1)
	sh.lives[l] = struct{}{}
	if l.key.client != "" {
		sh.byKey[l.key] = l
	}
}

// pastFor is how long the numbers of an ended session are remembered: Jitsi's
// clients try to come back for 10 minutes.
const pastFor = 11 * 60_000

// remembered reports whether a session that ended has to be known for a while:
// what its client has sent, or that it never comes back.
func (l *live) remembered() bool {
	return l.seq > 0 || l.left > 0 || l.wire.traits().once && l.reason == "leave"
}

// drop forgets a session that is over.
func (sh *shard) drop(l *live, now int64) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	delete(sh.lives, l)
	l.server.staysOf(l.key.app).Add(-1)
	if l.key.client != "" && sh.byKey[l.key] == l {
		delete(sh.byKey, l.key)
		if l.remembered() {
			sh.past[l.key] = pastSession{seq: l.seq, left: l.left, until: now + pastFor}
		}
	}
}

// frame takes one frame into the session: drops it when its number was seen
// before, spools it, derives. seq is 0 where the protocol has none. It is
// acknowledged by the ticker, once it is on disk.
func (c *conn) frame(seq uint64, data []byte) error {
	s := c.server
	l := c.live
	if l == nil {
		return &Refusal{Reason: protocol.CodeMalformed, Status: http.StatusBadRequest, Sentence: "a frame came before its session was named"}
	}
	if err := c.throttle(l, len(data)); err != nil {
		return err
	}
	now := s.now()
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.conn.Load() != c && !l.wire.traits().shared:
		return errReplaced
	case l.ended:
		return errEnded
	}
	if l.wire.traits().shared {
		l.heard, l.since = now, now
	}
	if seq != 0 {
		if seq <= l.seq {
			c.metrics.again.Inc()
			return nil
		}
		if err := l.follows(seq); err != nil {
			return err
		}
	}
	repeatable := c.socket == nil && l.wire.traits().dated && !c.undated
	came := arrived{request: c.number}
	if repeatable {
		came.hash = maphash.Bytes(s.seed, data)
		if slices.ContainsFunc(l.recent[:], came.again) {
			c.metrics.again.Inc()
			return nil
		}
	}
	if err := l.spoolFrame(now, seq, data); err != nil {
		return err
	}
	if repeatable {
		copy(l.recent[1:], l.recent[:])
		l.recent[0] = came
	}
	if l.behind {
		return nil
	}
	if s.lagging.Load() {
		l.behind = true
		s.metrics.behind.Inc()
		s.behind.push(l)
		return nil
	}
	err := l.derive(now, seq, data)
	if err != nil {
		c.metrics.faults.Inc()
	}
	// A record costs its sender what a frame does, however many are in one.
	if more := float64(l.records) - 1; more > 0 && c.socket != nil {
		c.bucket.frames -= more
	} else if more > 0 {
		l.bucket.frames -= more
	}
	if l.session.Ended() {
		l.left = c.dated
		l.end(now, "leave")
	}
	return err
}

// follows refuses a number that cannot be true and counts a gap that can.
func (l *live) follows(seq uint64) error {
	jump, most := seq-l.seq-1, l.wire.traits().maxJump
	if l.seq == 0 && l.first > 0 {
		if seq <= l.first {
			l.first = 0
			return nil
		}
		most = l.first - 1
	}
	if jump > most {
		return &Refusal{
			Reason: reasonSequence, Status: http.StatusConflict,
			Sentence: fmt.Sprintf("sequence number %d is from the future: %d was expected", seq, l.seq+1),
		}
	}
	if jump > 0 {
		l.metrics.missed.Add(float64(jump))
	}
	return nil
}

// spoolFrame appends the frame to the session's log, which begins with it.
func (l *live) spoolFrame(now int64, seq uint64, data []byte) error {
	log := l.log.Load()
	if log == nil {
		l.meta.Session = rtc.SessionID(rtc.NewID(l.meta.Start, l.server.opts.Random()))
		var err error
		if log, err = l.server.opts.Spool.Create(l.meta); err != nil {
			return err
		}
		l.log.Store(log)
	}
	if err := log.Append(now, seq, data); err != nil {
		return err
	}
	if l.seq > 0 && seq > l.seq+1 {
		l.edge.Store(l.seq)
	}
	l.seq = max(l.seq, seq)
	l.metrics.frames.Inc()
	l.metrics.bytes.Add(float64(len(data)))
	return nil
}

// derive passes one frame through the decoder into the session.
func (l *live) derive(received int64, seq uint64, data []byte) error {
	if l.session == nil {
		l.begin()
	}
	if seq != 0 {
		if l.lastSeq != 0 && seq > l.lastSeq+1 {
			l.missed(received, l.lastSeq+1, seq-1)
		}
		l.lastSeq = seq
	}
	l.lastAt = received
	l.derived++
	l.records = 0
	err := l.decoder.Decode(data, received, l)
	if l.records > 0 {
		l.metrics.records.Add(float64(l.records))
	}
	if errors.Is(err, session.ErrEnded) {
		return nil
	}
	return err
}

// neverIdle leaves the end of silent sessions to ingest, which knows of
// connections and of clients that may come back.
const neverIdle = int64(1) << 60

// begin makes the session's decoder and state, and tells it what the
// connection told.
func (l *live) begin() {
	meta := l.log.Load().Meta()
	l.decoder = l.wire.decoder(&meta)
	l.session = session.New(session.Options{
		App: meta.App, ID: meta.Session, Protocol: meta.Protocol, Start: meta.Start, Address: meta.Address, Region: meta.Region, Carrier: meta.Carrier,
		Rooms: l.server.opts.Rooms, Sink: l.server.sink,
		Assigned:    l.assigned,
		Assignment:  session.Assignment{Call: meta.Call, Room: meta.Room, At: meta.AssignedAt},
		IdleTimeout: neverIdle, Thresholds: session.ThresholdsOf(meta.Thresholds),
	})
	if len(meta.Identity) > 0 {
		// The first record of every session; it cannot exceed a limit.
		_ = l.session.Record(&rtc.Record{Kind: rtc.KindOpen, Received: meta.Start, Name: openName, Payload: meta.Identity})
	}
}

var openName = []byte(rtc.NameConnectionInfo)

// maxRecords bounds the records of one frame, which may be packed: of some
// kilobytes that unpack to a million records each would be a row.
const maxRecords = 20_000

var errManyRecords = protocol.Errorf(protocol.CodeLimit, "a frame has more than %d records: send fewer at a time", maxRecords)

// Record implements rtc.Sink between decoder and session, and counts.
func (l *live) Record(r *rtc.Record) error {
	if l.records++; l.records > maxRecords {
		return errManyRecords
	}
	if r.Kind == rtc.KindLog && len(r.Payload) > session.MaxLog && !l.behind {
		l.cutLog(len(r.Payload))
	}
	was := l.session.Corrections()
	err := l.session.Record(r)
	if is := l.session.Corrections(); is != was {
		l.metrics.clocks.Add(float64(is.Clocks - was.Clocks))
		l.metrics.counters.Add(float64(is.Counters - was.Counters))
	}
	return err
}

// cutLog tells the app that a line of its log is kept in part.
func (l *live) cutLog(bytes int) {
	if l.server.opts.Fault == nil {
		return
	}
	meta := l.log.Load().Meta()
	l.server.opts.Fault(meta.App, settings.Fault{
		Code: faultLogTruncated, Protocol: meta.Protocol, Origin: meta.Origin, Network: meta.Address, Session: meta.ClientSession,
		Message: fmt.Sprintf("A line of %d bytes that the application logged was cut off: at most %d are kept.", bytes, session.MaxLog),
	})
}

// missed tells the session that frames never came.
func (l *live) missed(received int64, from, to uint64) {
	payload := fmt.Appendf(nil, `{"from":%d,"to":%d,"count":%d}`, from, to, to-from+1)
	_ = l.session.Record(&rtc.Record{Kind: rtc.KindEvent, Received: received, Name: []byte(rtc.NameFramesMissed), Payload: payload})
}

// assigned keeps the session's assignment to a call with its frames, so that a
// replay gives the same rows.
func (l *live) assigned(a session.Assignment) {
	err := l.log.Load().Update(func(m *spool.Meta) { m.Call, m.Room, m.AssignedAt = a.Call, a.Room, a.At })
	if err != nil {
		l.server.log.Error("the assignment of a session could not be spooled", "session", l.session.ID(), "error", err)
	}
}

// wait returns when everything taken from the connection is on disk, and the
// number up to which it may be acknowledged.
func (c *conn) wait(ctx context.Context) (seq uint64, err error) {
	l := c.live
	if l == nil {
		return 0, nil
	}
	log := l.log.Load()
	if log == nil {
		return 0, nil
	}
	if err := log.Wait(ctx); err != nil {
		return 0, refuseBusy(err)
	}
	_, seq = log.Durable()
	return seq, nil
}

// end ends the session at at, under mu. What remains (catch-up, dump, stored
// rows, deletion from the spool) is done by others.
func (l *live) end(at int64, reason string) {
	if l.ended {
		return
	}
	l.ended, l.endAt, l.reason = true, at, reason
	s := l.server
	l.shard.drop(l, s.now())
	l.metrics.sessions.Dec()
	log := l.log.Load()
	if log == nil {
		return // nothing was ever told
	}
	s.metrics.ended.WithLabelValues(l.wire.name(), reason).Inc()
	if err := log.Update(func(m *spool.Meta) { m.Ended, m.EndReason = at, reason }); err != nil {
		s.log.Error("the end of a session could not be spooled", "session", log.Meta().Session, "error", err)
	}
	l.acknowledgeEnd(log)
	if !l.behind {
		l.finishDeriving()
	}
}

// acknowledgeEnd tells the client, if it is there, that everything up to its
// goodbye is on disk: it waits for this word before it goes, and the ticker
// visits only sessions in progress.
func (l *live) acknowledgeEnd(log *spool.Log) {
	c := l.conn.Load()
	if c == nil || c.socket == nil {
		return
	}
	c.socket.Async(func() {
		ctx, cancel := context.WithTimeout(context.Background(), writeMs*time.Millisecond)
		defer cancel()
		if log.Wait(ctx) != nil {
			return
		}
		_, seq := log.Durable()
		message := l.wire.appendAck(nil, seq)
		if message == nil || seq == 0 {
			return
		}
		if c.write(false, message) == nil {
			c.metrics.acks.Inc()
		}
	})
}

// finishDeriving ends the derived session, once every frame is in it.
func (l *live) finishDeriving() {
	if l.session == nil {
		l.begin()
	}
	l.session.End(l.endAt, l.reason)
	l.decoder = nil
	l.server.finishing.push(l)
}
