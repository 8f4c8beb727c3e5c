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
	// patience is when an attempt that came to nothing counts as one: PRODUCT.md
	// (after the SparkRTC guide) counts joins within 5 s.
	patience = 5 * time.Second
)

// Watch follows one session. It is told each row in the order in which it is
// stored. Its size grows with the connections and streams of the session, not
// with its length.
type Watch struct {
	now   time.Time
	ended time.Time

	began  time.Time     // the join's first step
	step   time.Time     // its latest before a description was set
	device time.Duration // of getUserMedia since began
	asked  time.Time     // getUserMedia is under way since; zero if none is
	asking int
	denied bool // it failed, and nothing came of it yet

	conns    map[rtc.ConnectionID]*conn
	tried    *conn // the first that set a description
	up       *conn // the first that was connected
	streams  map[rtc.StreamID]*attempt
	attempts map[key]*attempt
	muted    map[string]bool // tracks and, of what the user sends, kinds
	first    [rtc.Receive + 1][rtc.KindVideo + 1]arrival
}

// conn is one peer connection.
type conn struct {
	id             rtc.ConnectionID
	created        time.Time
	described      time.Time // the first description was set, or tried to
	local, remote  time.Time // it was set
	checking       time.Time
	ice            time.Time // connected or completed
	up             time.Time // connectionState connected
	told           bool      // connectionState is told
	failed, closed time.Time // zero while it did not
	row            time.Time // Connected of its row, for clients that tell no states
	media          bool      // it is for audio or video
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
	if c.local.IsZero() || c.remote.IsZero() {
		return time.Time{}
	}
	return later(c.local, c.remote)
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
	conn  rtc.ConnectionID
	dir   rtc.Direction
	track string
	kind  rtc.MediaKind
	named bool // the app said whose it is
	ok    bool
	dry   time.Duration // connected and unmuted, with something to carry, and yet nothing flowed
}

// arrival is when media of a kind first flowed in a direction.
type arrival struct {
	at      time.Time
	from    time.Time // it cannot have been before
	stream  rtc.StreamID
	packets float64 // that had flowed at at; until the rate is known
}

// New returns a watch of a session that has told nothing yet.
func New() *Watch {
	return &Watch{
		conns: make(map[rtc.ConnectionID]*conn), streams: make(map[rtc.StreamID]*attempt),
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
		w.connects(c)
	}
}

// connects notes the first connection that was.
func (w *Watch) connects(c *conn) {
	at := c.connected()
	if at.IsZero() || w.up != nil && w.up != c && !at.Before(w.up.connected()) {
		return
	}
	w.up = c
}

// Stream tells a stream's row.
func (w *Watch) Stream(r *rtc.Stream) {
	if r.Kind != rtc.KindAudio && r.Kind != rtc.KindVideo && r.Kind != rtc.KindScreen || r.Direction == rtc.Both {
		return
	}
	a := w.streams[r.ID]
	if a == nil {
		a = w.attempt(r)
		w.streams[r.ID] = a
		w.conn(r.Connection).media = true
	}
	a.track, a.named = r.Track, r.RemoteUser != ""
	if r.Packets > 0 {
		a.ok = true
		w.flows(r.ID, a, r.End, time.Time{}, float64(r.Packets))
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
		a = &attempt{conn: r.Connection, dir: r.Direction, kind: r.Kind}
		w.attempts[k] = a
	}
	return a
}

// flows notes that packets of a stream had flowed by at, none of them before from.
func (w *Watch) flows(id rtc.StreamID, a *attempt, at, from time.Time, packets float64) {
	if a.kind > rtc.KindVideo {
		return
	}
	f := &w.first[a.dir][a.kind]
	if !f.at.IsZero() && !at.Before(f.at) {
		return
	}
	if c := w.conns[a.conn]; c != nil {
		from = later(from, c.connected())
	}
	*f = arrival{at: at, from: from, stream: id, packets: packets}
}

// Sample tells a sample of a stream that was told before.
func (w *Watch) Sample(s *rtc.Sample) {
	w.now = later(w.now, s.Time)
	a := w.streams[s.Stream]
	if a == nil {
		return
	}
	packets := float64(s.Values[quality.Packets.Index()])
	switch {
	case packets > 0:
		if !a.ok {
			a.ok = true
			w.flows(s.Stream, a, s.Time, s.Time.Add(-s.Interval), packets)
		}
	case packets == 0 && !a.ok && w.expected(a, s):
		a.dry += s.Interval
	}
	if a.kind > rtc.KindVideo || packets != packets {
		return
	}
	// The first packets lie before the poll that saw them by their number at the
	// rate of the poll that follows.
	if f := &w.first[a.dir][a.kind]; f.stream == s.Stream && f.packets > 0 && s.Time.After(f.at) {
		if packets > 0 && !f.from.IsZero() {
			took := time.Duration(f.packets / packets * float64(s.Interval))
			f.at = later(f.from, f.at.Add(-took))
		}
		f.packets = 0
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
