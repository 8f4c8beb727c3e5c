package issue

import (
	"time"

	"github.com/peerglass/peerglass/quality"
	"github.com/peerglass/peerglass/rtc"
)

// Watch follows one session. It is told each row just before the row is
// stored, in order, and emits issues: first when one is found, again with a
// higher severity or a better cause, and last when it is over.
type Watch struct {
	emit    func(*rtc.Issue)
	row     rtc.Session
	now     time.Time
	last    rtc.IssueID
	version uint64

	streams map[rtc.StreamID]*Stream
	paths   map[rtc.ConnectionID]*Stream // the transport of each connection
	conns   map[rtc.ConnectionID]*rtc.Connection
	memory  []any  // of the detectors, by index
	open    []*run // issues that last and belong to no stream
}

// Stream is one stream as detectors see it.
type Stream struct {
	Row  rtc.Stream
	Last rtc.Sample // the previous sample; Values is empty before the first
	w    *Watch
	runs []run // by detector: those of Sample
	mem  []any
}

// Watch returns the watch that the stream belongs to.
func (s *Stream) Watch() *Watch { return s.w }

// Path returns the transport of the stream's connection, nil if not known.
func (s *Stream) Path() *Stream { return s.w.paths[s.Row.Connection] }

// New returns a watch that emits issues; the issue is borrowed.
func New(emit func(*rtc.Issue)) *Watch {
	return &Watch{
		emit: emit, streams: make(map[rtc.StreamID]*Stream), paths: make(map[rtc.ConnectionID]*Stream),
		conns: make(map[rtc.ConnectionID]*rtc.Connection), memory: make([]any, len(registered)),
	}
}

// Now returns the time of the row that is being looked at.
func (w *Watch) Now() time.Time { return w.now }

// Row returns the session's row as it was last told.
func (w *Watch) Row() *rtc.Session { return &w.row }

// Streams visits the streams that are known.
func (w *Watch) Streams(visit func(*Stream)) {
	for id := rtc.StreamID(1); int(id) <= len(w.streams); id++ {
		if s := w.streams[id]; s != nil {
			visit(s)
		}
	}
}

// Stream returns a stream, nil if it was not told.
func (w *Watch) Stream(id rtc.StreamID) *Stream { return w.streams[id] }

// Conn returns a connection's row, nil if it was not told.
func (w *Watch) Conn(id rtc.ConnectionID) *rtc.Connection { return w.conns[id] }

// Of returns the detector's memory of the session, made at first use.
func Of[T any](w *Watch, d *Detector) *T {
	if w.memory[d.index] == nil {
		w.memory[d.index] = new(T)
	}
	return w.memory[d.index].(*T)
}

// OfStream returns the detector's memory of a stream, made at first use.
func OfStream[T any](s *Stream, d *Detector) *T {
	if s.mem == nil {
		s.mem = make([]any, len(registered))
	}
	if s.mem[d.index] == nil {
		s.mem[d.index] = new(T)
	}
	return s.mem[d.index].(*T)
}

// Session tells the session's row.
func (w *Watch) Session(r *rtc.Session) { w.row = *r }

// TellConnection tells a connection's row.
func (w *Watch) TellConnection(r *rtc.Connection) {
	was := w.conns[r.ID]
	if was == nil {
		was = new(rtc.Connection)
		w.conns[r.ID] = was
	}
	*was = *r
	for _, d := range registered {
		if d.Connection != nil {
			d.Connection(w, was)
		}
	}
}

// TellStream tells a stream's row.
func (w *Watch) TellStream(r *rtc.Stream) {
	s := w.streams[r.ID]
	if s == nil {
		s = &Stream{w: w, runs: make([]run, len(registered))}
		s.Last.Values = make([]float32, 0, len(quality.Catalogue()))
		w.streams[r.ID] = s
	}
	s.Row = *r
	if r.Kind == rtc.KindTransport {
		w.paths[r.Connection] = s
	}
	for _, d := range registered {
		if d.Stream != nil {
			d.Stream(w, s)
		}
	}
}

// Event tells an event.
func (w *Watch) Event(e *rtc.Event) {
	w.advance(e.Time)
	for _, d := range registered {
		if d.Event != nil {
			d.Event(w, e)
		}
	}
}

// Sample tells a sample of a stream that was told before.
func (w *Watch) Sample(smp *rtc.Sample) {
	w.advance(smp.Time)
	s := w.streams[smp.Stream]
	if s == nil {
		return
	}
	for _, d := range registered {
		if d.Sample == nil || d.Kinds&(1<<smp.Kind) == 0 || d.Dirs&(1<<smp.Direction) == 0 {
			continue
		}
		s.runs[d.index].mark(w, s, d, smp, d.Sample(s, smp))
	}
	values := append(s.Last.Values[:0], smp.Values...)
	s.Last = *smp
	s.Last.Values = values
}

// advance lets detectors see that time has passed.
func (w *Watch) advance(at time.Time) {
	if !at.After(w.now) {
		return
	}
	w.now = at
	for _, d := range registered {
		if d.Advance != nil {
			d.Advance(w, at)
		}
	}
}

// End ends the session: issues that last end with it.
func (w *Watch) End(at time.Time, reason string) {
	w.advance(at)
	for _, d := range registered {
		if d.End != nil {
			d.End(w, at, reason)
		}
	}
	w.Streams(func(s *Stream) {
		for i := range s.runs {
			s.runs[i].close(w, at)
		}
	})
	for _, r := range w.open {
		r.close(w, at)
	}
	w.open = nil
}

func (w *Watch) write(i *rtc.Issue) {
	w.version = max(w.version+1, uint64(max(w.now.UnixMilli(), 0)))
	i.Version = w.version
	i.App, i.Call, i.Session = w.row.App, w.row.Call, w.row.ID
	w.emit(i)
}
