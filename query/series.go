package query

import (
	"math"
	"strconv"

	"github.com/ClickHouse/ch-go/proto"

	"github.com/peerglass/peerglass/quality"
	"github.com/peerglass/peerglass/rtc"
	"github.com/peerglass/peerglass/store"
)

// figures is a column of values of one metric.
type figures interface {
	result() proto.ColResult
	appendTo(v Values, first, end int) Values
}

// kept are numbers as the store keeps them.
type kept struct {
	metric  *quality.Metric
	numbers proto.ColInt32
}

func (k *kept) result() proto.ColResult { return &k.numbers }

func (k *kept) appendTo(v Values, first, end int) Values {
	for _, n := range k.numbers[first:end] {
		v = append(v, store.MetricValue(k.metric, n))
	}
	return v
}

// steps are means and sums.
type steps struct {
	metric  *quality.Metric
	numbers proto.ColFloat64
}

func (s *steps) result() proto.ColResult { return &s.numbers }

func (s *steps) appendTo(v Values, first, end int) Values {
	for _, n := range s.numbers[first:end] {
		v = append(v, ofSteps(s.metric, n))
	}
	return v
}

// sampleReader gathers rows, which come by session, stream and time, into
// series.
type sampleReader struct {
	metrics  []*quality.Metric
	extremes bool

	sessions    proto.ColUInt64
	streams     proto.ColUInt32
	times       proto.ColInt64
	intervals   proto.ColUInt32
	kinds, dirs proto.ColInt8
	codec       proto.ColStr
	limitation  proto.ColStr
	pair        proto.ColStr
	values      []figures // per metric
	lows, highs []figures // per metric, with extremes

	series []rowSeries
}

// rowSeries is a series under construction: all metrics, measured or not.
type rowSeries struct {
	Series
	values, lows, highs []Values
}

// append adds what comes after.
func (s *rowSeries) append(more *rowSeries) {
	s.Times, s.Intervals = append(s.Times, more.Times...), append(s.Intervals, more.Intervals...)
	for i := range s.values {
		s.values[i] = append(s.values[i], more.values[i]...)
		s.lows[i], s.highs[i] = append(s.lows[i], more.lows[i]...), append(s.highs[i], more.highs[i]...)
	}
	for _, runs := range []struct{ to, from *[]Run }{{&s.Codec, &more.Codec}, {&s.Limitation, &more.Limitation}, {&s.Pair, &more.Pair}} {
		next := *runs.from
		if n := len(*runs.to); n > 0 && len(next) > 0 && (*runs.to)[n-1].Value == next[0].Value {
			next = next[1:]
		}
		*runs.to = append(*runs.to, next...)
	}
}

func newSampleReader(metrics []*quality.Metric, bucketed, extremes bool) *sampleReader {
	r := &sampleReader{metrics: metrics, extremes: bucketed && extremes}
	for _, m := range metrics {
		if bucketed && (m.Agg == quality.Mean || m.Agg == quality.Sum) {
			r.values = append(r.values, &steps{metric: m})
		} else {
			r.values = append(r.values, &kept{metric: m})
		}
		if r.extremes {
			r.lows, r.highs = append(r.lows, &kept{metric: m}), append(r.highs, &kept{metric: m})
		}
	}
	return r
}

func (r *sampleReader) columns() proto.Results {
	c := proto.Results{{Data: &r.sessions}, {Data: &r.streams}, {Data: &r.times}, {Data: &r.intervals}, {Data: &r.kinds}, {Data: &r.dirs},
		{Data: &r.codec}, {Data: &r.limitation}, {Data: &r.pair}}
	for _, v := range r.values {
		c = append(c, proto.ResultColumn{Data: v.result()})
	}
	for i := range r.lows {
		c = append(c, proto.ResultColumn{Data: r.lows[i].result()}, proto.ResultColumn{Data: r.highs[i].result()})
	}
	return c
}

// block appends one block, a run of rows of one stream at a time.
func (r *sampleReader) block(rows int) error {
	for first := 0; first < rows; {
		end := first + 1
		for end < rows && r.sameStream(first, end) {
			end++
		}
		s := r.at(first)
		labels(&s.Codec, &r.codec, r.times, first, end)
		labels(&s.Limitation, &r.limitation, r.times, first, end)
		labels(&s.Pair, &r.pair, r.times, first, end)
		s.Times = append(s.Times, r.times[first:end]...)
		s.Intervals = append(s.Intervals, r.intervals[first:end]...)
		for i := range r.metrics {
			s.values[i] = r.values[i].appendTo(s.values[i], first, end)
			if r.extremes {
				s.lows[i] = r.lows[i].appendTo(s.lows[i], first, end)
				s.highs[i] = r.highs[i].appendTo(s.highs[i], first, end)
			}
		}
		first = end
	}
	return nil
}

// sameStream compares two rows of a block.
func (r *sampleReader) sameStream(a, b int) bool {
	return r.streams[a] == r.streams[b] && r.sessions[a] == r.sessions[b] && r.kinds[a] == r.kinds[b] && r.dirs[a] == r.dirs[b]
}

// continues reports whether a row belongs to the last series.
func (r *sampleReader) continues(row int) bool {
	if len(r.series) == 0 {
		return false
	}
	s := &r.series[len(r.series)-1]
	return s.Stream == rtc.StreamID(r.streams[row]) && s.Session == rtc.SessionID(r.sessions[row]) &&
		s.Kind == rtc.MediaKind(r.kinds[row]) && s.Direction == rtc.Direction(r.dirs[row])
}

// at returns the series that row belongs to.
func (r *sampleReader) at(row int) *rowSeries {
	if r.continues(row) {
		return &r.series[len(r.series)-1]
	}
	r.series = append(r.series, rowSeries{
		Series: Series{Session: rtc.SessionID(r.sessions[row]), Stream: rtc.StreamID(r.streams[row]), Kind: rtc.MediaKind(r.kinds[row]), Direction: rtc.Direction(r.dirs[row])},
		values: make([]Values, len(r.metrics)), lows: make([]Values, len(r.metrics)), highs: make([]Values, len(r.metrics)),
	})
	return &r.series[len(r.series)-1]
}

// labels extends runs by the rows [first, end).
func labels(runs *[]Run, column *proto.ColStr, times []int64, first, end int) {
	for i := first; i < end; i++ {
		extend(runs, times[i], column.RowBytes(i))
	}
}

// extend extends runs by a label at a time.
func extend(runs *[]Run, at int64, label []byte) {
	if n := len(*runs); n == 0 || (*runs)[n-1].Value != string(label) {
		*runs = append(*runs, Run{From: at, Value: string(label)})
	}
}

// finish leaves out what was never measured.
func (r *sampleReader) finish() []Series {
	all := make([]Series, len(r.series))
	for n := range r.series {
		s := &r.series[n]
		s.Metrics = map[string]Values{}
		for i, m := range r.metrics {
			if !measured(s.values[i]) {
				continue
			}
			s.Metrics[m.ID] = s.values[i]
			if r.extremes {
				if s.Min == nil {
					s.Min, s.Max = map[string]Values{}, map[string]Values{}
				}
				s.Min[m.ID], s.Max[m.ID] = s.lows[i], s.highs[i]
			}
		}
		s.Codec, s.Limitation, s.Pair = meant(s.Codec), meant(s.Limitation), meant(s.Pair)
		all[n] = s.Series
	}
	return all
}

func measured(v Values) bool {
	for _, x := range v {
		if !rtc.IsNull(x) {
			return true
		}
	}
	return false
}

// meant drops the runs of a label that never said anything.
func meant(runs []Run) []Run {
	if len(runs) == 1 && runs[0].Value == "" {
		return nil
	}
	return runs
}

// AppendJSON writes the values as a JSON array, null for what was not
// measured, each in the fewest digits that read back as the same float32.
func (v Values) AppendJSON(b []byte) []byte {
	b = append(b, '[')
	for i, x := range v {
		if i > 0 {
			b = append(b, ',')
		}
		if rtc.IsNull(x) || math.IsInf(float64(x), 0) {
			b = append(b, "null"...)
		} else {
			b = strconv.AppendFloat(b, float64(x), 'f', -1, 32)
		}
	}
	return append(b, ']')
}

// MarshalJSON is AppendJSON for encoding/json.
func (v Values) MarshalJSON() ([]byte, error) {
	if v == nil {
		return []byte("null"), nil
	}
	return v.AppendJSON(make([]byte, 0, 6*len(v)+2)), nil
}
