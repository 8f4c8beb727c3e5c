package issue

import (
	"fmt"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/peerglass/peerglass/quality"
	"github.com/peerglass/peerglass/rtc"
)

// Detector declares one type of issue. It tells what it found in one of two
// ways: Sample judges each sample of the streams it is about, and Watch opens,
// prolongs and closes the issue; or Event, Connection, Advance and End follow
// what happens and call Watch.Open and Watch.Close themselves.
type Detector struct {
	Type   string // stored and shown: snake_case; a changed meaning is a new type
	Label  string // what people read
	Phase  rtc.Phase
	Help   string   // one or two sentences: what it is, its thresholds and their source
	Causes []string // the causes that it can name

	// Sample judges one sample of a stream of Kinds and Dirs. All streams of a
	// connection are looked at after the poll is complete: the others' samples
	// of the same poll are their Now.
	Kinds  quality.Kinds
	Dirs   quality.Dirs
	Sample func(*Stream, *rtc.Sample) Mark
	Scope  Scope         // what the issue is about
	Hold   time.Duration // marked time before there is an issue; 0: one marked sample will do
	Clear  time.Duration // time without a mark before it is over

	Event      func(*Watch, *rtc.Event)
	Connection func(*Watch, *rtc.Connection)
	Stream     func(*Watch, *Stream)      // the stream is new or its row changed
	Forget     func(*Watch, rtc.StreamID) // no row of the stream comes any more
	// Advance is called once for each time that rows carry, before them: for
	// what is missing after a while.
	Advance func(*Watch, time.Time)
	End     func(*Watch, time.Time, string) // at the session's end, with its reason

	index int
}

// Scope is what an issue of a detector that judges samples is about: marks of
// all streams within it make one issue.
type Scope uint8

// The scopes.
const (
	PerStream Scope = iota
	PerConnection
	PerSession
)

// Mark is what a detector says of one sample. The zero Mark says nothing: the
// figure was not measured in this interval, which neither prolongs an issue nor
// ends it.
type Mark struct {
	Known    bool      // the figure was measured
	Level    rtc.Level // Clear, or how bad
	Cause    string
	Source   rtc.Source
	Metric   *quality.Metric // that Value is of
	Value    float64
	Limit    float64 // the threshold; NaN if there is none
	LowWorse bool    // the lower the value, the worse
	// Over is the time up to the sample's for which the mark stands, where that
	// is longer than its interval: the remote end reports every few seconds.
	Over time.Duration
	Text string // what a person reads, where the value does not say it
}

// Fine says that the figure was measured and nothing is wrong.
var Fine = Mark{Known: true}

// Above marks a sample whose metric lies above limits, those of low, medium and
// high; NaN leaves a level out. Null gives the zero Mark.
func Above(s *rtc.Sample, m *quality.Metric, low, medium, high float64) Mark {
	v := Value(s, m)
	if v != v {
		return Mark{}
	}
	mark := Mark{Known: true, Metric: m, Value: v}
	for l, limit := range [...]float64{low, medium, high} {
		if v > limit {
			mark.Level, mark.Limit = rtc.Level(l+1), limit
		}
	}
	return mark
}

// For names the cause and the source of a mark.
func (m Mark) For(cause string, source rtc.Source) Mark {
	m.Cause, m.Source = cause, source
	return m
}

// Value returns a metric of a sample, NaN if it was not measured.
func Value(s *rtc.Sample, m *quality.Metric) float64 {
	if len(s.Values) == 0 {
		return math.NaN()
	}
	return float64(s.Values[m.Index()])
}

var registered []*Detector

// register adds d to the detectors; it is called by the declarations of this
// package and panics on a type declared twice.
func register(d Detector) *Detector {
	if slices.ContainsFunc(registered, func(o *Detector) bool { return o.Type == d.Type }) {
		panic("issue: detector declared twice: " + d.Type)
	}
	if d.Type == "" || d.Label == "" || d.Help == "" {
		panic(fmt.Sprintf("issue: incomplete detector %+v", d))
	}
	d.index = len(registered)
	registered = append(registered, &d)
	return &d
}

// Detectors returns all of them.
func Detectors() []*Detector { return registered }

// wired lists who is to be called for what, so that a row costs no search.
type wired struct {
	samples    [rtc.KindClient + 1][rtc.Receive + 1][]*Detector
	event      []*Detector
	connection []*Detector
	stream     []*Detector
	forget     []*Detector
	opens      []*Detector // those that follow events
	advance    []*Detector
	end        []*Detector
}

var wiring = sync.OnceValue(func() *wired {
	var w wired
	for _, d := range registered {
		for kind := range w.samples {
			for dir := range w.samples[kind] {
				if d.Sample != nil && d.Kinds&(1<<kind) != 0 && d.Dirs&(1<<dir) != 0 {
					w.samples[kind][dir] = append(w.samples[kind][dir], d)
				}
			}
		}
		for list, there := range map[*[]*Detector]bool{
			&w.event: d.Event != nil, &w.connection: d.Connection != nil, &w.stream: d.Stream != nil,
			&w.forget: d.Forget != nil, &w.opens: d.Sample == nil, &w.advance: d.Advance != nil, &w.end: d.End != nil,
		} {
			if there {
				*list = append(*list, d)
			}
		}
	}
	return &w
})
