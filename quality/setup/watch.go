package setup

import (
	"time"

	"github.com/peerglass/peerglass/quality"
	"github.com/peerglass/peerglass/rtc"
)

const (
	// rest is how long a page may do nothing between two steps of a join, and
	// media may need to flow once connected, before it counts as waiting for
	// somebody. Signalling servers that need longer are not known.
	rest = 10 * time.Second
	// patience is when an attempt that came to nothing counts as one: the
	// SparkRTC guide counts joins within 5 s.
	patience = 5 * time.Second
	// alone is how long an offer may wait for its answer before it counts as
	// waiting for a person: no signalling server takes so long.
	alone = 30 * time.Second
)

// Watch follows one session. It is told each row in the order in which it is
// stored. Its size grows with the connections and streams of the session, not
// with its length.
type Watch struct {
	now   time.Time
	ended time.Time

	began  time.Time     // the join's first step
	step   time.Time     // its latest before a description was set
	joined bool          // the app said where
	device time.Duration // of getUserMedia since began
	asked  time.Time     // getUserMedia is under way since; zero if none is
	asking int
	denied bool // it failed, and nothing came of it yet

	conns    map[rtc.ConnectionID]*conn
	tried    *conn // the first that set a description; one for media before others
	up       *conn // the first that was connected, so
	streams  map[rtc.StreamID]*stream
	attempts map[key]*attempt
	tracks   int             // that conns name
	muted    map[string]bool // tracks and, of what the user sends, kinds
	first    [rtc.Receive + 1][rtc.KindVideo + 1]arrival
}

// conn is one peer connection.
type conn struct {
	id             rtc.ConnectionID
	created        time.Time
	described      time.Time // the first description was set, or tried to
	answered       bool      // the other end's description came
	local, remote  time.Time // it was set
	stable         time.Time // signalling was, for the first time since
	offered        time.Time // the first candidate of the other end came
	checking       time.Time
	ice            time.Time              // connected or completed
	up             time.Time              // connectionState connected
	told           bool                   // connectionState is told
	failed, closed time.Time              // zero while it did not
	row            time.Time              // Connected of its row, for clients that tell no states
	media          bool                   // it is for audio or video
	seen           bool                   // how it came about: a client may tell of a connection that it had before
	over           [rtc.Receive + 1]tally // attempts that are only counted
	sends          map[string]bool
	receives       map[string]bool
}

// connected returns when the connection was; zero if never.
func (c *conn) connected() time.Time {
	switch {
	case !c.up.IsZero():
		return c.up
	case !c.ice.IsZero() && !c.told:
		return c.ice
	case !c.told:
		return c.row
	}
	return time.Time{}
}

// agreed returns when both descriptions were set; zero if they were not.
func (c *conn) agreed() time.Time {
	both := later(c.local, c.remote)
	if c.local.IsZero() || c.remote.IsZero() || !c.stable.IsZero() && c.stable.Before(both) {
		return c.stable
	}
	return both
}

// key is what makes one attempt to send or to receive of several streams: the
// layers of a simulcast, and what follows a renegotiation.
type key struct {
	conn rtc.ConnectionID
	dir  rtc.Direction
	kind rtc.MediaKind
	id   string
}

// attempt is one flow that was to be sent or received.
type attempt struct {
	key     key
	streams int // that are not forgotten
	conn    rtc.ConnectionID
	dir     rtc.Direction
	track   string
	kind    rtc.MediaKind
	named   bool // the app said whose it is
	ok      bool
	dry     time.Duration // connected and unmuted, with something to carry, and yet nothing flowed
}

// tally counts attempts by what became of them.
type tally struct{ ok, dry, idle uint32 }

func (t *tally) add(a *attempt) {
	switch {
	case a.ok:
		t.ok++
	case a.dry >= patience:
		t.dry++
	default:
		t.idle++
	}
}

// stream is one RTP stream of an attempt, as far as it tells when its first
// packet was.
type stream struct {
	*attempt
	start   time.Time     // its first poll
	packets float64       // since then
	first   time.Time     // end of the first interval with packets
	had     float64       // packets in it
	took    time.Duration // its length
	next    float64       // packets per second in the interval after
	after   bool          // next is known
	settled bool
}

// arrival is when media of a kind first flowed in a direction.
type arrival struct {
	at    time.Time
	least time.Time // it cannot have been before
	exact bool      // the browser said it
}

// New returns a watch of a session that has told nothing yet.
func New() *Watch {
	return &Watch{
		conns: make(map[rtc.ConnectionID]*conn), streams: make(map[rtc.StreamID]*stream),
		attempts: make(map[key]*attempt), muted: make(map[string]bool),
	}
}

func (w *Watch) conn(id rtc.ConnectionID) *conn {
	c := w.conns[id]
	if c == nil {
		c = &conn{id: id}
		w.conns[id] = c
	}
	return c
}

// Session tells the session's row.
func (w *Watch) Session(r *rtc.Session) {
	w.ended = r.End
	w.now = later(w.now, r.End)
}

// Connection tells a connection's row.
func (w *Watch) Connection(r *rtc.Connection) {
	c := w.conn(r.ID)
	if c.created.IsZero() && c.described.IsZero() {
		c.created = r.Start
	}
	if !r.Connected.IsZero() {
		c.row = r.Connected
		w.prefer(c)
	}
}

// prefer keeps the first connection that tries and the first that is connected.
// Those without media count only while there is no other: pages make them to
// look for addresses or to test the way.
func (w *Watch) prefer(c *conn) {
	if !c.described.IsZero() && (w.tried == nil || !w.tried.media && c.media) {
		w.tried = c
	}
	at := c.connected()
	switch {
	case w.up == c:
		if at.IsZero() {
			w.up = nil // ICE was connected, and DTLS is not yet
		}
	case at.IsZero():
	case w.up == nil, !w.up.media && c.media, w.up.media == c.media && at.Before(w.up.connected()):
		w.up = c
	}
}

// carries notes that a connection is for media.
func (w *Watch) carries(c *conn) {
	if !c.media {
		c.media = true
		w.prefer(c)
	}
}

// Stream tells a stream's row.
func (w *Watch) Stream(r *rtc.Stream) {
	if r.Kind != rtc.KindAudio && r.Kind != rtc.KindVideo && r.Kind != rtc.KindScreen || r.Direction == rtc.Both {
		return
	}
	st := w.streams[r.ID]
	if st == nil {
		if len(w.streams) >= maxStreams {
			return
		}
		st = &stream{attempt: w.attempt(r), start: r.Start}
		st.streams++
		w.streams[r.ID] = st
		w.carries(w.conn(r.Connection))
	}
	st.track, st.named = r.Track, r.RemoteUser != ""
	if r.Packets > 0 {
		st.ok = true
		w.settle(st, float64(r.Packets))
	}
}

// These bound what a client can make us remember: the streams of one time, of
// which a session keeps fewer; and the attempts without a stream, of which
// those beyond are only counted.
const (
	maxStreams = 8192
	maxOver    = 1024
)

// ForgetStream lets go of a stream of which no row comes any more. What became
// of it counts on.
func (w *Watch) ForgetStream(id rtc.StreamID) {
	st := w.streams[id]
	if st == nil {
		return
	}
	delete(w.streams, id)
	a := st.attempt
	if a.streams--; a.streams == 0 && len(w.attempts)-len(w.streams) > maxOver {
		w.conn(a.conn).over[a.dir].add(a)
		delete(w.attempts, a.key)
	}
}

// settle finds when the first packet of a stream was, which no poll tells: what
// had flowed at the first poll, or in the first interval with packets, flowed at
// the rate that followed.
func (w *Watch) settle(st *stream, total float64) {
	if st.settled || st.first.IsZero() {
		return
	}
	before := total - st.packets
	if before <= 0 && !st.after {
		return
	}
	st.settled = true
	at, count, rate, least := st.first, st.had, st.next, st.first.Add(-st.took)
	if before > 0 {
		at, count, rate, least = st.start, before, st.had/st.took.Seconds(), time.Time{}
	}
	if c := w.conns[st.conn]; c != nil {
		least = later(least, c.connected())
	}
	if rate > 0 && !least.IsZero() {
		at = later(least, at.Add(-time.Duration(count/rate*float64(time.Second))))
	}
	w.flows(st.attempt, at, least)
}

// flows notes that a stream carried packets by at, and none before least.
func (w *Watch) flows(a *attempt, at, least time.Time) {
	if a.kind > rtc.KindVideo {
		return
	}
	if c := w.conns[a.conn]; c != nil {
		least = later(least, c.connected())
	}
	if f := &w.first[a.dir][a.kind]; f.at.IsZero() || !f.exact && at.Before(f.at) {
		f.at, f.least = at, least
	}
}

func (w *Watch) attempt(r *rtc.Stream) *attempt {
	k := key{conn: r.Connection, dir: r.Direction, kind: r.Kind, id: r.Track}
	if k.id == "" {
		k.id = r.MID
	}
	if k.id == "" {
		k.id = r.ReportID
	}
	a := w.attempts[k]
	if a == nil {
		a = &attempt{key: k, conn: r.Connection, dir: r.Direction, kind: r.Kind}
		w.attempts[k] = a
	}
	return a
}

// Sample tells a sample of a stream that was told before.
func (w *Watch) Sample(s *rtc.Sample) {
	w.now = later(w.now, s.Time)
	st := w.streams[s.Stream]
	if st == nil {
		return
	}
	packets := float64(s.Values[quality.Packets.Index()])
	if packets == 0 && !st.ok && w.expected(st.attempt, s) {
		st.dry += s.Interval
	}
	if !(packets >= 0) || st.settled {
		return
	}
	st.packets += packets
	switch {
	case !st.first.IsZero():
		if !st.after {
			st.next, st.after = packets/s.Interval.Seconds(), true
		}
	case packets > 0:
		st.ok = true
		st.first, st.had, st.took = s.Time, packets, s.Interval
		w.flows(st.attempt, s.Time, s.Time.Add(-s.Interval))
	}
}

// expected reports whether media should have flowed in the sample's interval:
// nobody muted it, the connection was up, and what is to be sent is captured,
// or what is to be received was said to be somebody's.
func (w *Watch) expected(a *attempt, s *rtc.Sample) bool {
	c := w.conns[a.conn]
	if c == nil || c.connected().IsZero() || c.connected().After(s.Time.Add(-s.Interval)) || !c.closed.IsZero() || w.muted[a.track] {
		return false
	}
	if a.dir == rtc.Receive {
		return a.named
	}
	if w.muted[a.kind.String()] {
		return false
	}
	if a.kind == rtc.KindAudio {
		return s.Values[quality.AudioLevel.Index()] > 0
	}
	return s.Values[quality.FpsCaptured.Index()] > 0 && s.Values[quality.TargetBitrate.Index()] > 0
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
