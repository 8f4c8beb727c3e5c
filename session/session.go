package session

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/peerglass/peerglass/protocol"
	"github.com/peerglass/peerglass/quality"
	"github.com/peerglass/peerglass/rtc"
)

// Options of a session. App, ID, Rooms and Sink are required.
type Options struct {
	App      rtc.AppID
	ID       rtc.SessionID
	Protocol string // native, jitsi, rtcstats, internals
	Start    int64  // server's clock, Unix ms, of its first connection; 0 takes the first record's
	Address  string // of the client, truncated
	Region   string // where that address is
	Carrier  string // whose network it is of
	Rooms    Rooms
	Sink     Sink

	// Assigned is told once to which call the session belongs, before any of
	// its rows is written. Whoever keeps the records keeps that too and gives
	// it back as Assignment at a replay.
	Assigned   func(Assignment)
	Assignment Assignment // zero, or what an earlier run was told

	// Thresholds are the app's own; nil for the defaults.
	Thresholds *Thresholds

	// IdleTimeout ends a session that said no goodbye, in ms without a record
	// or Seen; 0 means 60 s for jitsi, whose clients poll every 10 s, and 30 s
	// for the others.
	IdleTimeout int64
	// Import: the records come from a file. The session never ends by silence
	// but at its last record, and waits for its room until the first statistics
	// or the end.
	Import bool
}

// Assignment says to which call a session belongs.
type Assignment struct {
	Call rtc.CallID `json:"call"`
	Room string     `json:"room"`
	// At is when a timer decided it (server's clock, Unix ms); 0 if a record
	// did, which does so again at a replay.
	At int64 `json:"at,omitempty"`
}

// Session is one client's stay. It is not safe for concurrent use.
type Session struct {
	opt   Options
	clock clock

	row         rtc.Session
	identity    rtc.Identity
	networkTold bool
	changed     bool // the row, since it was written
	wroteRow    int64
	wroteAll    int64
	version     uint64
	stamp       int64 // the latest time that a version carries
	pending     bool  // a connection changed or a stream is new: rows to write at once

	assigned bool
	released bool // records are taken as they come
	ended    bool
	parting  bool         // the newest record says that the page goes
	held     []rtc.Record // until released; copies
	heldSize int
	settles  int64 // server's clock: when enough is known of the client's to date what is held
	events   uint32
	mended   Corrections

	received int64 // server's clock: newest record
	heard    int64 // the same, or Seen
	spoke    int64 // server's clock: the client's first record; 0 before it
	at       int64 // server's time of what the current record tells

	connections []*connection
	byLabel     map[string]*connection
	told        told
	lastStream  rtc.StreamID
	reports     int  // of all connections
	releasing   bool // what is held has told who it is already

	window   quality.Window
	sample   rtc.Sample
	assessor assessor
}

// Corrections count what was wrong with a client's figures, and is right in the
// rows.
type Corrections struct {
	Clocks   int // clocks that were an hour off at first, or were set on the way
	Counters int // counters of streams that went backwards
}

var _ rtc.Sink = (*Session)(nil)

// ErrEnded is returned for a record of a session that has ended.
var ErrEnded = errors.New("the session has ended")

const (
	assignAfter  = 1_000 // ms from its first record that a session waits to be told its room
	rowsEvery    = 10_000
	rowAtMost    = 1_000 // ms between two rows of a session that keeps changing
	settleFor    = 500   // ms from the first record in which a client's buffer arrives
	heldRecords  = 1_000
	heldBytes    = 1 << 20
	rebaseImport = 3_600_000 // ms that a file's first times may be too late
	clockOff     = 3_600_000 // ms: a clock that is wrong, where less may be a client's buffer
	maxConns     = 1_000     // peer connections of one session
	maxSkew      = 2_000     // ms between a record's time and its statistics' before they are two clocks
	idleJitsi    = 60_000
	idleOthers   = 30_000
	reasonLeave  = "leave"
	reasonSilent = "timeout"
)

var nan = math.NaN()

// New returns a session to which nothing has been told yet.
func New(opt Options) *Session {
	if opt.IdleTimeout == 0 {
		opt.IdleTimeout = idleOthers
		if opt.Protocol == "jitsi" {
			opt.IdleTimeout = idleJitsi
		}
	}
	s := &Session{opt: opt, byLabel: make(map[string]*connection)}
	s.row = rtc.Session{App: opt.App, ID: opt.ID, Protocol: opt.Protocol, Address: opt.Address, Region: opt.Region, Carrier: opt.Carrier}
	if opt.Thresholds == nil {
		s.opt.Thresholds = new(Thresholds)
	}
	s.sample = rtc.Sample{App: opt.App, Session: opt.ID, Values: make([]float32, len(quality.Catalogue()))}
	s.assessor = newAssessor(s)
	if opt.Start != 0 {
		s.begin(opt.Start)
	}
	return s
}

func (s *Session) begin(at int64) {
	s.opt.Start, s.received, s.heard, s.wroteAll = at, at, at, at
	s.row.Start = milli(at)
}

// Record takes the next record. Its error is a *protocol.Error when the client
// exceeds a limit; the session goes on without what exceeded it. A record
// after the end gives ErrEnded.
func (s *Session) Record(r *rtc.Record) error {
	if s.ended {
		return ErrEnded
	}
	if s.opt.Start == 0 {
		s.begin(r.Received)
	}
	s.arrive(r.Received)
	s.row.Records++
	s.parting = r.Kind == rtc.KindEvent && string(r.Name) == rtc.NamePageHide
	if s.spoke == 0 && string(r.Name) != rtc.NameConnectionInfo {
		s.spoke = s.received
	}
	if !s.assigned && r.Kind == rtc.KindOpen && !s.opt.Import {
		s.identify(r.Payload) // it may come late, and say which call it is
	}
	if !s.assigned && s.due(r) {
		s.assign(s.received, 0)
	}
	var early error
	if s.ready(s.received) {
		early = s.release() // before this record's clock is looked at, as a timer would have
	}
	s.observe(r)
	if s.assigned && !s.released && (s.urgent(r) || s.ready(s.received)) {
		early = s.release()
	}
	if !s.released {
		s.hold(r)
		return nil
	}
	err := s.take(r)
	if !s.ended {
		s.rows(s.received)
	}
	return cmp.Or(err, early)
}

// Parting reports whether the last thing told was that the page goes. One that
// was loaded again says so soon.
func (s *Session) Parting() bool { return s.parting }

// observe lets the clock learn from a record.
func (s *Session) observe(r *rtc.Record) {
	was, first := s.clock.offset, !s.clock.known
	jumped := s.clock.observe(cmp.Or(r.Sent, r.Time), s.received)
	if first && s.clock.known && r.Sent == 0 && !s.opt.Import {
		s.settles = s.received + settleFor
	}
	if jumped || first && (s.clock.offset < -clockOff || s.clock.offset > clockOff) && !s.opt.Import {
		s.mended.Clocks++
	}
	if s.row.ClockOffset != s.clock.offset {
		s.row.ClockOffset, s.changed = s.clock.offset, true
	}
	if jumped {
		for _, c := range s.connections {
			c.leap = max(float64(was-s.clock.offset), 0)
		}
		e := rtc.Record{Kind: rtc.KindEvent, Received: s.received, Name: []byte(nameClock),
			Payload: fmt.Appendf(nil, `{"was":%d,"offset":%d}`, was, s.clock.offset)}
		if s.released {
			_ = s.take(&e) // an event of no connection exceeds no limit
		} else {
			s.hold(&e)
		}
	}
	s.at = s.clock.server(r.Time, s.received)
}

// hold keeps a record for later: until the session has its call, and until the
// client's clock is known. What a client had gathered before its connection
// stood comes in one burst, and only the burst's end tells how late its
// beginning is.
func (s *Session) hold(r *rtc.Record) {
	c := *r
	for _, b := range []*[]byte{&c.Conn, &c.Name, &c.Corr, &c.Payload} {
		*b = slices.Clone(*b)
	}
	s.held = append(s.held, c)
	s.heldSize += len(c.Payload)
	// Who and where must be known before.
	switch {
	case r.Kind == rtc.KindOpen:
		s.identify(r.Payload)
	case string(r.Name) == rtc.NameConstraints || string(r.Name) == rtc.NameCreate:
		s.legacyIdentity(r.Payload)
	}
}

// ready reports whether what is held can be taken at now.
func (s *Session) ready(now int64) bool {
	return s.assigned && !s.released && (now >= s.settles || s.full())
}

// release takes what was held.
func (s *Session) release() (err error) {
	held := s.held
	s.held, s.heldSize, s.released = nil, 0, true
	s.releasing = true
	for i := range held {
		if s.ended {
			break
		}
		s.at = s.clock.server(held[i].Time, held[i].Received)
		if e := s.take(&held[i]); e != nil && err == nil {
			err = e
		}
	}
	s.releasing = false
	return err
}

// urgent reports whether a record cannot wait.
func (s *Session) urgent(r *rtc.Record) bool {
	return r.Kind == rtc.KindStats || r.Kind == rtc.KindClose
}

// full reports whether no more can be held.
func (s *Session) full() bool { return len(s.held) >= heldRecords || s.heldSize >= heldBytes }

// arrive follows the server's clock, which does not run backwards while the
// session lives. A file's times are whatever they are: some begin with a line
// that was dated years later, on another machine, and a call does not.
func (s *Session) arrive(received int64) {
	if !s.opt.Import {
		s.received = max(s.received, received)
		s.heard = max(s.heard, s.received)
		return
	}
	if !s.assigned && received < s.opt.Start-rebaseImport {
		s.begin(received)
		s.clock = clock{}
		for i := range s.held {
			s.held[i].Time, s.held[i].Received = 0, received
		}
	}
	s.received = received
	s.heard = max(s.heard, received)
}

// due reports whether the session must be assigned to its call before it takes
// the record.
func (s *Session) due(r *rtc.Record) bool {
	switch {
	case s.urgent(r):
		return true
	case s.opt.Assignment.At != 0 && s.received >= s.opt.Assignment.At:
		return true
	case s.opt.Import:
	case r.Kind != rtc.KindOpen && s.identity.Room != "":
		return true
	case s.waited(s.received):
		return true
	}
	return s.full()
}

// waited reports whether the session was given its time to tell its room. That
// begins when the first of it arrives, which on a slow network is seconds after
// its connection is there.
func (s *Session) waited(now int64) bool { return s.spoke != 0 && now >= s.spoke+assignAfter }

// take does with a record what its kind asks for.
func (s *Session) take(r *rtc.Record) error {
	if r.Kind == rtc.KindStats {
		return s.stats(r)
	}
	return s.event(r)
}

// stats lays a poll over the reports of its connection and takes samples.
func (s *Session) stats(r *rtc.Record) error {
	if r.Stats == nil {
		return nil
	}
	c, err := s.connection(r.Conn)
	if err != nil {
		return err
	}
	at := pollTime(r)
	if at == 0 {
		return nil
	}
	before := c.reports.taken
	unknown, take, err := c.reports.apply(r.Stats, at)
	if c.leap > 0 && before > 0 && at-before >= c.leap { // these statistics are dated by the clock that was set
		c.reports.restart()
	}
	c.leap = 0
	s.row.UnknownMembers += unknown
	if c.reports.stale {
		if e := s.link(c); e != nil {
			err = e
		}
	}
	s.inform() // of streams, before their samples
	if take {
		// Statistics have a clock of their own, which does not follow when the
		// machine sleeps or its clock is set.
		told := float64(r.Time)
		if r.Time == 0 {
			told = float64(s.received - s.clock.offset)
		}
		skew := told - at
		if math.Abs(skew) <= maxSkew {
			skew = 0
		}
		s.derive(c, skew)
	}
	return err
}

// connection returns the connection with the client's label, a new one if need be.
func (s *Session) connection(label []byte) (*connection, error) {
	if c := s.byLabel[string(label)]; c != nil {
		return c, nil
	}
	if len(s.connections) >= maxConns {
		return nil, protocol.Errorf(protocol.CodeLimit, "this session has more than %d peer connections: those beyond are ignored", maxConns)
	}
	c := &connection{relay: nan, changed: true, reports: reports{count: &s.reports}}
	c.row = rtc.Connection{
		App: s.opt.App, Session: s.opt.ID, ID: rtc.ConnectionID(len(s.connections) + 1),
		Label: bounded(label), Start: milli(s.at),
	}
	s.pending = true
	s.connections = append(s.connections, c)
	s.byLabel[string(label)] = c
	return c, nil
}

// assign joins the session's call and writes the session's first row; timer is
// the time if a timer decided so.
func (s *Session) assign(now, timer int64) {
	given := s.opt.Assignment
	a := Assignment{Room: s.identity.Room, At: timer}
	if given.Call != 0 {
		a = given
	}
	a.Call = s.opt.Rooms.Join(s.stay(a, s.opt.Start))
	s.assigned = true
	s.row.Call, s.row.Room = a.Call, a.Room
	if s.opt.Assigned != nil {
		s.opt.Assigned(a)
	}
	s.writeSession(now)
}

func (s *Session) stay(a Assignment, at int64) Stay {
	return Stay{
		App: s.opt.App, Call: a.Call, Room: a.Room, RoomName: s.identity.RoomName,
		Session: s.opt.ID, User: s.row.User, At: at,
	}
}

// Tick lets timers run: assignment to a call and the end of a silent session.
// It reports whether the session has ended. Call it about every second.
func (s *Session) Tick(now int64) (ended bool) {
	if s.ended || s.opt.Start == 0 || s.opt.Import {
		return s.ended
	}
	if now >= s.heard+s.opt.IdleTimeout {
		s.end(now, s.heard, reasonSilent)
		return true
	}
	if !s.assigned && s.waited(now) {
		s.assign(now, now)
	}
	if s.ready(now) {
		_ = s.release() // the client is told of a limit at its next record
	}
	if s.released {
		s.rows(now)
	}
	return s.ended
}

// Seen tells that the client was there at now though it sent no record: its
// connection is open, or it sent a keep-alive.
func (s *Session) Seen(now int64) { s.heard = max(s.heard, now) }

// End ends the session at now (server's clock, Unix ms) for a reason of
// rtc.Session.EndReason and writes its last rows; an import ends at its last
// record. Ending twice changes nothing.
func (s *Session) End(now int64, reason string) {
	switch {
	case s.ended:
	case s.opt.Import && s.heard != 0:
		s.end(now, s.heard, reason)
	default:
		s.end(now, now, reason)
	}
}

// end ends the session: it was decided at now that it ended at left.
func (s *Session) end(now, left int64, reason string) {
	if s.opt.Start == 0 {
		s.begin(left)
	}
	if !s.assigned {
		s.assign(now, 0)
	}
	if !s.released {
		if _ = s.release(); s.ended { // the goodbye was among them
			return
		}
	}
	s.ended = true
	s.row.End, s.row.EndReason = milli(left), reason
	s.stamp = max(s.stamp, now) // rows that follow have a higher version
	for _, c := range s.connections {
		s.settle(c)
		if c.row.End.IsZero() {
			c.row.End = s.row.End
			c.changed = true
		}
	}
	s.conclude()
	for _, c := range s.connections {
		for _, st := range c.streams {
			s.writeStream(c, st)
		}
		s.writeConnection(c)
	}
	s.writeSession(now)
	s.opt.Rooms.Leave(s.stay(Assignment{Call: s.row.Call, Room: s.row.Room}, left))
	s.connections, s.byLabel, s.held = nil, nil, nil
}

// Ended reports whether the session has ended: after End, after the client's
// goodbye, or by silence.
func (s *Session) Ended() bool { return s.ended }

// SetDump tells the key of the session's raw dump in the blob store, after
// its end, and writes the session's row again.
func (s *Session) SetDump(key string, now int64) {
	s.row.Dump = key
	s.writeSession(now)
}

// ID returns the session's id.
func (s *Session) ID() rtc.SessionID { return s.opt.ID }

// Corrections returns what was corrected of the records until now.
func (s *Session) Corrections() Corrections { return s.mended }

// Call returns the call that the session belongs to, 0 while that is not known.
func (s *Session) Call() rtc.CallID { return s.row.Call }

// Row returns the session's row as it is now.
func (s *Session) Row() rtc.Session { return s.row }

// rows writes the rows that changed: connections and new streams at once, the
// others seldom.
func (s *Session) rows(now int64) {
	all := now >= s.wroteAll+rowsEvery || now < s.wroteAll-rowsEvery
	if all {
		s.wroteAll = now
	}
	if all || s.pending {
		s.pending = false
		for _, c := range s.connections {
			s.writeConnection(c)
			for _, st := range c.streams {
				if all || !st.written {
					s.writeStream(c, st)
				}
			}
		}
	}
	if all {
		s.writeOutcome()
	}
	if all || s.changed && now >= s.wroteRow+rowAtMost {
		s.writeSession(now)
	}
}

func (s *Session) writeSession(now int64) {
	if !s.assigned {
		return
	}
	s.changed, s.wroteRow = false, now
	s.stamp = max(s.stamp, now)
	s.row.Version = s.nextVersion()
	s.opt.Sink.Session(&s.row)
}

func (s *Session) writeConnection(c *connection) {
	if !c.changed || !s.assigned {
		return
	}
	c.changed = false
	c.row.Call = s.row.Call
	c.row.Version = s.nextVersion()
	s.opt.Sink.Connection(&c.row)
}

// nextVersion rises with the server's clock, so that what is derived after a
// replay replaces what was written before it, whatever timers had run.
func (s *Session) nextVersion() uint64 {
	s.version = max(s.version+1, uint64(max(s.received, s.stamp, 0)))
	return s.version
}

func milli(ms int64) time.Time { return time.UnixMilli(ms).UTC() }

// bounded returns b as a string of bounded length.
func bounded(b []byte) string {
	if len(b) > protocol.MaxName {
		b = whole(b[:protocol.MaxName])
	}
	return string(b)
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
