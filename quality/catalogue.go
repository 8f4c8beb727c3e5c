package quality

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/peerglass/peerglass/rtc"
)

// Metric declares one figure of a stream over an interval. The store's
// column, the API's field, the console's label and docs/metrics.md follow from
// it: adding a metric is adding one declaration.
type Metric struct {
	ID    string   // column and API field, snake_case; a changed meaning is a new ID
	Label string   // what people read
	Unit  rtc.Unit // of the value
	Agg   Agg      // what stands for several intervals
	Step  float64  // the value is rounded to this: what is finer is noise that costs storage
	Kinds Kinds    // where it is measured
	Dirs  Dirs     //
	From  []rtc.Member
	Help  string // one sentence: what it is and how it is derived
	// Fn derives the value over one interval; NaN means that it was not
	// measured, which is never the same as 0.
	Fn func(*Window) float64

	index   int
	perStep float64 // 1/Step where that is whole: dividing by it gives the shortest decimals
}

// Agg says what stands for several intervals of one stream.
type Agg uint8

// The aggregates.
const (
	Mean Agg = iota // weighted by the length of the interval
	Sum
	Max
	Min
	Last
)

var aggNames = [...]string{"mean", "sum", "max", "min", "last"}

func (a Agg) String() string { return aggNames[a] }

// Kinds is a set of rtc.MediaKind.
type Kinds uint8

// The sets in use.
const (
	Audio     Kinds = 1 << rtc.KindAudio
	Video     Kinds = 1<<rtc.KindVideo | 1<<rtc.KindScreen
	Media           = Audio | Video
	Transport Kinds = 1 << rtc.KindTransport
	Client    Kinds = 1 << rtc.KindClient
)

// Dirs is a set of rtc.Direction.
type Dirs uint8

// The sets in use.
const (
	Sent     Dirs = 1 << rtc.Send
	Received Dirs = 1 << rtc.Receive
	Either        = Sent | Received | 1<<rtc.Both
)

// Has reports whether the metric is measured for kind and direction.
func (m *Metric) Has(kind rtc.MediaKind, dir rtc.Direction) bool {
	return m.Kinds&(1<<kind) != 0 && m.Dirs&(1<<dir) != 0
}

// Index returns the metric's position in Catalogue and in rtc.Sample.Values.
func (m *Metric) Index() int { return m.index }

var registered []*Metric

// register adds m to the catalogue; it is called by the declarations of this
// package and panics on a metric declared twice.
func register(m Metric) *Metric {
	if slices.ContainsFunc(registered, func(o *Metric) bool { return o.ID == m.ID }) {
		panic("quality: metric declared twice: " + m.ID)
	}
	if m.ID == "" || m.ID != strings.ToLower(m.ID) || m.Help == "" || m.Label == "" || m.Step <= 0 || m.Fn == nil || len(m.From) == 0 {
		panic(fmt.Sprintf("quality: incomplete metric %+v", m))
	}
	m.index = len(registered)
	if m.Step < 1 {
		m.perStep = math.Round(1 / m.Step)
	}
	registered = append(registered, &m)
	return &m
}

// Catalogue returns every metric, in the order of rtc.Sample.Values. The
// order may differ between builds: what is stored goes by ID.
func Catalogue() []*Metric { return registered }

// Find returns the metric with that ID, or nil.
func Find(id string) *Metric {
	for _, m := range registered {
		if m.ID == id {
			return m
		}
	}
	return nil
}
