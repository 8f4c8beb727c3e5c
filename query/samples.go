package query

import (
	"context"
	"time"

	"github.com/peerglass/peerglass/quality"
	"github.com/peerglass/peerglass/rtc"
)

// StreamRef names one stream of a call.
type StreamRef struct {
	Session rtc.SessionID
	Stream  rtc.StreamID
}

// SampleFilter narrows the samples of a call.
type SampleFilter struct {
	Sessions []rtc.SessionID   // empty: all
	Streams  []StreamRef       // empty: all; together with Sessions: either
	From, To time.Time         // [From, To); zero: from the first, to the last
	Width    int               // points that can be shown side by side; 0: every sample as it was measured
	Metrics  []*quality.Metric // empty: all
	Extremes bool              // also the smallest and the largest value of each bucket
}

// Values are one metric's values over a stream's times; NaN is null in JSON:
// not measured.
type Values []float32

// Run says that a label stood from one time until the next run begins.
type Run struct {
	From  int64  `json:"from"` // Unix ms, the first time of the series with it
	Value string `json:"value"`
}

// Series is one stream over time, columnar: Times and every Values have the
// same length.
type Series struct {
	Session    rtc.SessionID
	Stream     rtc.StreamID
	Kind       rtc.MediaKind
	Direction  rtc.Direction
	Times      []int64           // Unix ms, server's clock: end of the last interval in the bucket
	Intervals  []uint32          // ms of measuring that the point stands for
	Metrics    map[string]Values // by metric ID, aggregated as the metric says; a metric never measured here is left out
	Min, Max   map[string]Values // with Extremes, for buckets of several samples
	Codec      []Run
	Limitation []Run
	Pair       []Run
}

// SampleSet answers Samples.
type SampleSet struct {
	Resolution time.Duration // length of a bucket; 0: every sample as it was measured
	Series     []Series      // by session and stream
}

// Samples returns the measurements of a call's streams, at a resolution chosen
// so that no more points than Width come out per stream. A bucket's value is
// the metric's own aggregate (a mean of means would hide a freeze, a maximum
// of rates would not add up).
func (q *Query) Samples(ctx context.Context, app rtc.AppID, call rtc.CallID, f SampleFilter) (SampleSet, error) {
	return SampleSet{}, ErrNotFound
}
