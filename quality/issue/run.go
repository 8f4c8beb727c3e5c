package issue

import (
	"math"
	"time"

	"github.com/peerglass/peerglass/rtc"
)

// run is one issue from its first mark to its end.
type run struct {
	issue  rtc.Issue
	found  bool // it has been emitted
	marked [rtc.High + 1]time.Duration
	first  time.Time // begin of the first marked interval
	last   time.Time // end of the latest marked one
	worst  Mark
	at     time.Time // of the worst
	sum    float64
	n      int
	open   bool // opened by Watch.Open
	det    *Detector
}

// mark takes what a detector says of a sample.
func (r *run) mark(w *Watch, s *Stream, d *Detector, smp *rtc.Sample, m Mark) {
	if !m.Known {
		return
	}
	if m.Level == rtc.Clear {
		if !r.first.IsZero() && smp.Time.Sub(r.last) >= d.Clear {
			r.finish(w, r.last)
		}
		return
	}
	if r.first.IsZero() {
		r.first = smp.Time.Add(-smp.Interval)
		r.det = d
	}
	r.last = smp.Time
	for l := rtc.Low; l <= m.Level; l++ {
		r.marked[l] += smp.Interval
	}
	r.sum += m.Value
	r.n++
	if r.n == 1 || m.Level > r.worst.Level || m.LowWorse && m.Value < r.worst.Value || !m.LowWorse && m.Value > r.worst.Value {
		level := max(m.Level, r.worst.Level)
		r.worst, r.at = m, smp.Time
		r.worst.Level = level
	}
	level := rtc.Clear
	for l := rtc.Low; l <= rtc.High; l++ {
		if r.marked[l] > 0 && r.marked[l] >= d.Hold {
			level = l
		}
	}
	if level == rtc.Clear || r.found && level <= r.issue.Severity && r.worst.Cause == r.issue.Cause {
		return
	}
	if !r.found {
		w.last++
		r.found = true
		r.issue = rtc.Issue{
			ID: w.last, Type: d.Type, Phase: d.Phase, Start: r.first,
			Connection: s.Row.Connection, Stream: s.Row.ID, RemoteUser: s.Row.RemoteUser,
		}
	}
	r.issue.Severity = max(level, r.issue.Severity)
	r.tell(w, s.Row.ID)
}

// tell emits the issue as it now stands.
func (r *run) tell(w *Watch, stream rtc.StreamID) {
	m := &r.worst
	r.issue.Cause, r.issue.Source = m.Cause, m.Source
	if m.Metric != nil {
		e := rtc.Evidence{Stream: stream, Metric: m.Metric.ID, At: r.at, Value: number(m.Value), Limit: number(m.Limit)}
		r.issue.Evidence = append(r.issue.Evidence[:0], e)
	}
	w.write(&r.issue)
}

// finish ends the issue, if it was found, and makes room for the next.
func (r *run) finish(w *Watch, at time.Time) {
	if r.found {
		r.issue.End = at
		r.tell(w, r.issue.Stream)
	}
	*r = run{issue: rtc.Issue{Evidence: r.issue.Evidence[:0]}}
}

// close ends the run with the session or its stream.
func (r *run) close(w *Watch, at time.Time) {
	switch {
	case r.open:
		r.issue.End = at
		w.write(&r.issue)
		r.open = false
	case !r.first.IsZero():
		r.finish(w, r.last)
	}
}

func number(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}

// Open begins an issue of a detector that follows events, and emits it. What
// is not set in i is set: the id, type, phase, and the start, if zero, to now.
// One issue of a detector, connection and stream lasts at a time: a second Open
// raises its severity, replaces cause, source and evidence if the severity is not lower, and
// returns the same. With End set it is emitted as already over.
func (w *Watch) Open(d *Detector, i rtc.Issue) {
	r := w.find(d, i.Connection, i.Stream)
	if r == nil {
		w.last++
		i.ID, i.Type, i.Phase = w.last, d.Type, d.Phase
		if i.Start.IsZero() {
			i.Start = w.now
		}
		if !i.End.IsZero() {
			w.write(&i)
			return
		}
		r = &run{issue: i, open: true, det: d}
		w.open = append(w.open, r)
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
	for i, r := range w.open {
		if r.det == d && r.issue.Connection == c && r.issue.Stream == s {
			r.close(w, at)
			w.open = append(w.open[:i], w.open[i+1:]...)
			return
		}
	}
}

func (w *Watch) find(d *Detector, c rtc.ConnectionID, s rtc.StreamID) *run {
	for _, r := range w.open {
		if r.det == d && r.issue.Connection == c && r.issue.Stream == s {
			return r
		}
	}
	return nil
}
