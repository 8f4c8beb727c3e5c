package issue

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/peerglass/peerglass/rtc"
)

// run is one issue from its first mark to its end.
type run struct {
	issue  rtc.Issue
	det    *Detector
	from   *Stream // whose marks, the latest
	found  bool    // it has been emitted
	marked [rtc.High + 1]time.Duration
	first  time.Time // begin of the first marked interval; zero while there is none
	last   time.Time // end of the latest marked one
	worst  Mark
	at     time.Time // of the worst
	stream rtc.StreamID
	tally  tally
}

// openKey is what an issue of Open is about.
type openKey struct {
	det    *Detector
	conn   rtc.ConnectionID
	stream rtc.StreamID
}

// maxIssues bounds the issues of one session: the worst recording of a day has
// some hundreds. Those beyond are not told.
const maxIssues = 10_000

// slot returns where the run of a detector that judges samples is kept.
func (w *Watch) slot(s *Stream, d *Detector) **run {
	runs := &s.runs
	switch d.Scope {
	case PerConnection:
		runs = &s.conn.runs
	case PerSession:
		runs = &w.runs
	}
	if *runs == nil {
		*runs = make([]*run, len(registered))
	}
	return &(*runs)[d.index]
}

// mark takes what a detector says of a sample.
func (w *Watch) mark(s *Stream, d *Detector, smp *rtc.Sample, m *Mark) {
	if m.Level == rtc.Clear && d.Scope == PerStream && s.runs == nil {
		return
	}
	slot := w.slot(s, d)
	r := *slot
	if m.Level == rtc.Clear {
		if r == nil || r.first.IsZero() || smp.Time.Sub(r.last) < d.Clear {
			return
		}
		if r.found {
			r.finish(w)
			w.lasting = slices.DeleteFunc(w.lasting, func(o *run) bool { return o == r })
		} else {
			r.reset()
		}
		return
	}
	if r == nil {
		r = &run{det: d}
		*slot = r
	}
	r.from = s
	begin := smp.Time.Add(-max(smp.Interval, m.Over))
	if r.first.IsZero() {
		r.first = begin
	}
	covered := smp.Time.Sub(begin)
	if begin.Before(r.last) {
		covered = max(smp.Time.Sub(r.last), 0)
	}
	if smp.Time.After(r.last) {
		r.last = smp.Time
	}
	for l := rtc.Low; l <= m.Level; l++ {
		r.marked[l] += covered
	}
	// What made it the longest is its cause, not what happened to be seen last.
	cause, source := r.tally.add(m.Cause, m.Source, covered.Seconds())
	if m.Level > r.worst.Level || m.Level == r.worst.Level && (m.LowWorse && m.Value < r.worst.Value || !m.LowWorse && m.Value > r.worst.Value) {
		r.worst, r.at, r.stream = *m, smp.Time, smp.Stream
	}
	level := rtc.Clear
	for l := rtc.Low; l <= rtc.High; l++ {
		if r.marked[l] > 0 && r.marked[l] >= d.Hold {
			level = l
		}
	}
	if level == rtc.Clear || r.found && level <= r.issue.Severity && cause == r.issue.Cause {
		return
	}
	if !r.found {
		if w.last >= maxIssues {
			return
		}
		w.last++
		r.found = true
		r.issue = rtc.Issue{ID: w.last, Type: d.Type, Phase: d.Phase, Start: r.first, Evidence: r.issue.Evidence[:0]}
		switch d.Scope {
		case PerStream:
			r.issue.Stream, r.issue.RemoteUser = s.Row.ID, s.Row.RemoteUser
			r.issue.Connection = s.Row.Connection
		case PerConnection:
			r.issue.Connection = s.Row.Connection
		}
		w.lasting = append(w.lasting, r)
	}
	r.issue.Severity = max(level, r.issue.Severity)
	r.issue.Cause, r.issue.Source = cause, source
	r.tell(w)
}

// tell emits the issue as it now stands.
func (r *run) tell(w *Watch) {
	m := &r.worst
	if m.Metric != nil || m.Text != "" {
		e := rtc.Evidence{Stream: r.stream, At: r.at, Text: m.Text}
		if m.Metric != nil {
			e.Metric, e.Value, e.Limit = m.Metric.ID, number(m.Value), number(m.Limit)
		}
		r.issue.Evidence = append(r.issue.Evidence[:0], e)
	}
	w.write(&r.issue)
}

// finish ends the issue with its latest mark and makes room for the next.
func (r *run) finish(w *Watch) {
	r.issue.End = r.last
	r.tell(w)
	r.reset()
}

func (r *run) reset() {
	*r = run{issue: rtc.Issue{Evidence: r.issue.Evidence[:0]}, det: r.det}
}

// nan stands for a level or a limit that there is not.
var nan = math.NaN()

func number(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}

// Open begins an issue of a detector that follows events, and emits it. What
// is not set in i is set: the id, type, phase, and the start, if zero, to now.
// One issue of a detector, connection and stream lasts at a time: a second Open
// raises its severity, replaces cause, source and evidence if the severity is
// not lower, and returns the same. With End set it is emitted as already over.
func (w *Watch) Open(d *Detector, i rtc.Issue) {
	r := w.find(d, i.Connection, i.Stream)
	if r == nil {
		if w.last >= maxIssues {
			return
		}
		w.last++
		i.ID, i.Type, i.Phase = w.last, d.Type, d.Phase
		if i.Start.IsZero() {
			i.Start = w.now
		}
		if !i.End.IsZero() {
			w.write(&i)
			return
		}
		r = &run{issue: i, det: d}
		if w.open == nil {
			w.open = make(map[openKey]*run)
		}
		w.open[openKey{d, i.Connection, i.Stream}] = r
		w.write(&r.issue)
		return
	}
	if i.Severity < r.issue.Severity || i.Severity == r.issue.Severity && i.Cause == r.issue.Cause {
		return
	}
	r.issue.Severity, r.issue.Cause, r.issue.Source, r.issue.Evidence = i.Severity, i.Cause, i.Source, i.Evidence
	w.write(&r.issue)
}

// Lasting reports whether an issue that Open began still lasts.
func (w *Watch) Lasting(d *Detector, c rtc.ConnectionID, s rtc.StreamID) bool {
	return w.find(d, c, s) != nil
}

// Close ends what Open began; nothing happens if there is none.
func (w *Watch) Close(d *Detector, c rtc.ConnectionID, s rtc.StreamID, at time.Time) {
	if r := w.find(d, c, s); r != nil {
		delete(w.open, openKey{d, c, s})
		r.issue.End = at
		w.write(&r.issue)
	}
}

func (w *Watch) find(d *Detector, c rtc.ConnectionID, s rtc.StreamID) *run {
	return w.open[openKey{d, c, s}]
}

// closeAll closes what Open began and is chosen, in the order in which it was.
func (w *Watch) closeAll(at time.Time, chosen func(openKey) bool) {
	var over []*run
	for key, r := range w.open {
		if chosen(key) {
			over = append(over, r)
			delete(w.open, key)
		}
	}
	slices.SortFunc(over, func(a, b *run) int { return cmp.Compare(a.issue.ID, b.issue.ID) })
	for _, r := range over {
		r.issue.End = at
		w.write(&r.issue)
	}
}
