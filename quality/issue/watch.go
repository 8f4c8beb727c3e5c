package issue

import (
	"cmp"
	"slices"
	"time"

	"github.com/peerglass/peerglass/rtc"
)

// Watch follows one session. It is told each row just before the row is
// stored, in order, and emits issues: first when one is found, again with a
// higher severity or a better cause, and last when it is over.
type Watch struct {
	emit    func(*rtc.Issue)
	wiring  *wired
	limits  Thresholds
	facts   Facts
	row     rtc.Session
	now     time.Time
	strain  time.Time // when the machine last could not keep up with coding video
	checked time.Time // when runs were last looked at for streams that fell silent
	last    rtc.IssueID
	version uint64

	streams []*Stream // those that are not forgotten, by id
	conns   map[rtc.ConnectionID]*conn
	runs    []*run           // those of the session, by detector
	memory  []any            // of the detectors, by index
	open    map[openKey]*run // what Open began
	lasting []*run           // of samples, found and not over
	poll    []*Stream        // whose sample is to be judged when the poll is complete
	alarms  alarms           // what detectors wait for
	own     map[string]*ownTrack
	opened  int // connections that are open
	works   int // those for media that are connected
}

// conn is a connection with what belongs to it.
type conn struct {
	row       rtc.Connection
	told      bool
	open      bool      // neither closed nor over, and counted as such
	works     bool      // it is for media and connected, and counted as such
	path      *Stream   // its transport
	streams   []*Stream // all of its streams
	swept     time.Time // when those that fell silent were last left out
	rtt       float64   // ms, the last that was measured
	rttAt     time.Time
	farAt     time.Time // when the round trip alone was last as long as half of a lag
	overtaken time.Time // when many packets of a received video were last overtaken by others
	far       time.Time // when it was last too long
	silent    time.Time // when it last brought nothing at all
	quiet     bool      // it brings nothing but answers to checks
	// answered is when something last said that what is sent arrives.
	answered time.Time
	runs     []*run // by detector
	link     link
}

// Option changes a watch.
type Option func(*Watch)

// WithThresholds lets an app have its own thresholds.
func WithThresholds(t Thresholds) Option {
	return func(w *Watch) { w.limits = t.orDefaults() }
}

// New returns a watch that emits issues; the issue is borrowed.
func New(emit func(*rtc.Issue), options ...Option) *Watch {
	w := &Watch{
		emit: emit, wiring: wiring(), limits: DefaultThresholds,
		conns: make(map[rtc.ConnectionID]*conn), memory: make([]any, len(registered)), runs: make([]*run, len(registered)),
	}
	for _, o := range options {
		o(w)
	}
	return w
}

// Now returns the time of the row that is being looked at.
func (w *Watch) Now() time.Time { return w.now }

// Row returns the session's row as it was last told.
func (w *Watch) Row() *rtc.Session { return &w.row }

// Limits returns the thresholds in use.
func (w *Watch) Limits() *Thresholds { return &w.limits }

// Streams visits the streams that are known.
func (w *Watch) Streams(visit func(*Stream)) {
	for _, s := range w.streams {
		visit(s)
	}
}

// Stream returns a stream, nil if it was not told.
func (w *Watch) Stream(id rtc.StreamID) *Stream {
	if i, known := w.place(id); known {
		return w.streams[i]
	}
	return nil
}

// place returns where a stream is, or would be.
func (w *Watch) place(id rtc.StreamID) (int, bool) {
	return slices.BinarySearchFunc(w.streams, id, func(s *Stream, id rtc.StreamID) int { return cmp.Compare(s.Row.ID, id) })
}

// Conn returns a connection's row, nil if it was not told.
func (w *Watch) Conn(id rtc.ConnectionID) *rtc.Connection {
	if c := w.conns[id]; c != nil && c.told {
		return &c.row
	}
	return nil
}

func (w *Watch) conn(id rtc.ConnectionID) *conn {
	c := w.conns[id]
	if c == nil {
		c = &conn{open: true}
		w.conns[id] = c
		w.opened++
	}
	return c
}

// Of returns the detector's memory of the session, made at first use.
func Of[T any](w *Watch, d *Detector) *T {
	m, ok := w.memory[d.index].(*T)
	if !ok {
		m = new(T)
		w.memory[d.index] = m
	}
	return m
}

// Session tells the session's row.
func (w *Watch) Session(r *rtc.Session) { w.row = *r }

// TellConnection tells a connection's row.
func (w *Watch) TellConnection(r *rtc.Connection) {
	w.judge()
	c := w.conn(r.ID)
	c.row, c.told = *r, true
	w.count(c)
	for _, d := range w.wiring.connection {
		d.Connection(w, &c.row)
	}
	if !r.End.IsZero() {
		w.over(func(run *run) bool { return run.from.Row.Connection == r.ID })
	}
}

// TellStream tells a stream's row.
func (w *Watch) TellStream(r *rtc.Stream) {
	w.judge()
	s := w.Stream(r.ID)
	switch {
	case r.ID == 0:
		return
	case s == nil:
		if len(w.streams) >= maxStreams {
			return
		}
		s = newStream(w, r)
		i, _ := w.place(r.ID)
		w.streams = slices.Insert(w.streams, i, s)
	}
	if s.Row.Kind != r.Kind || s.Row.Track != r.Track { // it carries something else from now on
		s.began, s.base, s.free, s.heard = time.Time{}, baseline{}, false, false
		w.over(func(run *run) bool { return run.from == s })
	}
	s.Row = *r
	s.track = w.facts.tracks[r.Track]
	if r.Kind == rtc.KindTransport {
		s.conn.path = s
	}
	for _, d := range w.wiring.stream {
		d.Stream(w, s)
	}
}

// maxStreams bounds the streams of one session that are watched at one time. A
// session keeps fewer; those beyond are passed over.
const maxStreams = 8192

// ForgetStream lets go of a stream of which no row comes any more: what is
// known of it is freed, and the issues about it are over.
func (w *Watch) ForgetStream(id rtc.StreamID) {
	w.judge()
	i, known := w.place(id)
	if !known {
		return
	}
	s := w.streams[i]
	w.streams = slices.Delete(w.streams, i, i+1)
	if i := slices.Index(s.conn.streams, s); i >= 0 {
		s.conn.streams = slices.Delete(s.conn.streams, i, i+1)
	}
	if s.conn.path == s {
		s.conn.path = nil
	}
	if s.runs != nil {
		w.over(func(r *run) bool { return r.from == s && r.det.Scope == PerStream })
	}
	// Those of more than the stream may go on; they keep only when it was last seen.
	s.runs, s.kept = nil, nil
	s.Now.Values, s.Last = nil, brief{}
	if len(w.open) > 0 {
		for _, d := range w.wiring.opens {
			w.Close(d, s.Row.Connection, id, w.now)
		}
	}
	for _, d := range w.wiring.forget {
		d.Forget(w, id)
	}
}

// Event tells an event.
func (w *Watch) Event(e *rtc.Event) {
	w.judge()
	w.advance(e.Time)
	w.learn(e)
	w.learnLink(e)
	w.learnOwn(e)
	for _, d := range w.wiring.event {
		d.Event(w, e)
	}
}

// Sample tells a sample of a stream that was told before. It is judged when
// the poll is complete: the transport's comes last.
func (w *Watch) Sample(smp *rtc.Sample) {
	s := w.Stream(smp.Stream)
	if s == nil {
		w.advance(smp.Time)
		return
	}
	if s.waits {
		w.judge()
	}
	w.advance(smp.Time)
	s.take(smp)
	w.poll = append(w.poll, s)
	if smp.Kind >= rtc.KindTransport {
		w.judge()
	}
}

// judge lets the detectors see the samples that wait.
func (w *Watch) judge() {
	for _, s := range w.poll {
		s.waits = false
		s.settle()
	}
	for _, s := range w.poll {
		smp := &s.Now
		if smp.Kind > rtc.KindClient || smp.Direction > rtc.Receive || s.late() {
			continue
		}
		for _, d := range w.wiring.samples[smp.Kind][smp.Direction] {
			if m := d.Sample(s, smp); m.Known {
				w.mark(s, d, smp, &m)
			}
		}
	}
	w.poll = w.poll[:0]
}

// advance lets detectors see that time has passed.
func (w *Watch) advance(at time.Time) {
	if !at.After(w.now) {
		return
	}
	w.ring(at)
	w.now = at
	for _, d := range w.wiring.advance {
		d.Advance(w, at)
	}
	if len(w.lasting) > 0 && at.Sub(w.checked) >= silentAfter/3 {
		w.checked = at
		w.over(func(r *run) bool {
			return at.Sub(r.from.Now.Time) > max(silentAfter, 3*r.from.Now.Interval)
		})
	}
}

// silentAfter is when a stream of which no sample comes any more is taken to
// have ended.
const silentAfter = 15 * time.Second

// End ends the session: issues that last end with it.
func (w *Watch) End(at time.Time, reason string) {
	w.judge()
	w.advance(at)
	for _, d := range w.wiring.end {
		d.End(w, at, reason)
	}
	w.over(func(*run) bool { return true })
	w.closeAll(at, func(openKey) bool { return true })
}

// over ends the lasting runs of samples that are chosen.
func (w *Watch) over(chosen func(*run) bool) {
	w.lasting = slices.DeleteFunc(w.lasting, func(r *run) bool {
		if !chosen(r) {
			return false
		}
		r.finish(w)
		return true
	})
}

func (w *Watch) write(i *rtc.Issue) {
	w.version = max(w.version+1, uint64(max(w.now.UnixMilli(), 0)))
	i.Version = w.version
	i.App, i.Call, i.Session = w.row.App, w.row.Call, w.row.ID
	w.emit(i)
}
