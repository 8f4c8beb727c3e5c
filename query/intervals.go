package query

import (
	"math"
	"strings"

	"github.com/ClickHouse/ch-go/proto"

	"github.com/peerglass/peerglass/quality"
	"github.com/peerglass/peerglass/rtc"
	"github.com/peerglass/peerglass/store"
)

// intervalReader makes points of intervals, which come by stream and time. The
// engine only reads them: to understand the statement that would sum them up
// takes it longer than to read what few there are, and this the same.
type intervalReader struct {
	sampleReader
	step    int64 // ms
	slots   proto.ColUInt32
	last    proto.ColUInt16
	columns []intervalColumns // per metric

	begin  int64 // of the point being made
	open   bool
	length uint32
	labels [3][]byte
	points []point // per metric
}

// intervalColumns are those of one metric, as store.IntervalColumns says.
type intervalColumns struct {
	metric    *quality.Metric
	sums      proto.ColInt64 // of a sum
	numbers   proto.ColInt32 // of anything else
	measured  proto.ColUInt32
	low, high proto.ColInt32  // the latter of a sum
	above     proto.ColUInt32 // of anything else
}

const (
	intervalBegins = "toUnixTimestamp(slot) * 1000"
	// inIntervals keeps to those that lie in a stretch of time, or reach into it.
	inIntervals = `
	AND ` + intervalBegins + ` + last >= {from:Int64} AND ` + intervalBegins + ` < {to:Int64}`
	// intervalOrder is that of the table.
	intervalOrder = `
	ORDER BY app, call, session, stream, kind, direction, slot`
)

// point is what becomes of one metric's intervals.
type point struct {
	any       bool
	total, ms int64 // sum of steps; of a mean of steps × ms
	last      int32 // of what is neither sum nor mean: the last, smallest or largest
	low, high int32
}

func newIntervalReader(metrics []*quality.Metric, step int64, extremes bool) *intervalReader {
	r := &intervalReader{step: step, columns: make([]intervalColumns, len(metrics)), points: make([]point, len(metrics))}
	r.metrics, r.extremes = metrics, extremes
	for i, m := range metrics {
		r.columns[i].metric = m
	}
	return r
}

// text is the statement.
func (r *intervalReader) text() string {
	var b strings.Builder
	b.WriteString("SELECT session, stream, toUnixTimestamp(slot), last, interval, toInt8(kind), toInt8(direction), CAST(codec, 'String'), CAST(limitation, 'String'), CAST(pair, 'String')")
	for _, m := range r.metrics {
		x := store.OfIntervals(m)
		wanted := []string{x.Number, x.Measured}
		if r.extremes {
			wanted = append(wanted, x.Low, x.High)
		}
		for _, column := range wanted {
			if column != "" {
				b.WriteString(", " + column)
			}
		}
	}
	return b.String()
}

// results are the columns of the answer.
func (r *intervalReader) results() proto.Results {
	c := proto.Results{{Data: &r.sessions}, {Data: &r.streams}, {Data: &r.slots}, {Data: &r.last}, {Data: &r.intervals}, {Data: &r.kinds}, {Data: &r.dirs},
		{Data: &r.codec}, {Data: &r.limitation}, {Data: &r.pair}}
	for i := range r.columns {
		x := &r.columns[i]
		sum, of := x.metric.Agg == quality.Sum, store.OfIntervals(x.metric)
		if sum {
			c = append(c, proto.ResultColumn{Data: &x.sums})
		} else {
			c = append(c, proto.ResultColumn{Data: &x.numbers})
		}
		if of.Measured != "" {
			c = append(c, proto.ResultColumn{Data: &x.measured})
		}
		if !r.extremes {
			continue
		}
		if of.Low != "" {
			c = append(c, proto.ResultColumn{Data: &x.low})
		}
		if sum {
			c = append(c, proto.ResultColumn{Data: &x.high})
		} else if of.High != "" {
			c = append(c, proto.ResultColumn{Data: &x.above})
		}
	}
	return c
}

// block appends one block, a run of rows of one point at a time.
func (r *intervalReader) block(rows int) error {
	r.times = r.times[:0]
	for i := range rows {
		r.times = append(r.times, int64(r.slots[i])*1000+int64(r.last[i]))
	}
	for first := 0; first < rows; {
		begin := r.times[first] - r.times[first]%r.step
		end := first + 1
		for end < rows && r.times[end] >= begin && r.times[end] < begin+r.step && r.sameStream(first, end) {
			end++
		}
		r.run(begin, first, end)
		first = end
	}
	return nil
}

// run adds rows of one point, which may have begun in the block before.
func (r *intervalReader) run(begin int64, first, end int) {
	if begin != r.begin || !r.continues(first) {
		r.end()
	}
	s := r.at(first)
	if !r.open {
		r.open, r.begin, r.length = true, begin, 0
		clear(r.points)
		s.Times, s.Intervals = append(s.Times, 0), append(s.Intervals, 0)
	}
	for _, ms := range r.intervals[first:end] {
		r.length += ms
	}
	for i, column := range []*proto.ColStr{&r.codec, &r.limitation, &r.pair} {
		r.labels[i] = append(r.labels[i][:0], column.RowBytes(end-1)...)
	}
	s.Times[len(s.Times)-1], s.Intervals[len(s.Intervals)-1] = r.times[end-1], r.length
	for i := range r.columns {
		r.columns[i].add(&r.points[i], r.intervals, first, end, r.extremes)
	}
}

func (x *intervalColumns) add(p *point, intervals []uint32, first, end int, extremes bool) {
	for i := first; i < end; i++ {
		number, low, high := int32(0), int32(0), int32(0)
		switch {
		case x.metric.Agg == quality.Sum:
			n := x.sums[i]
			if n == 0 {
				continue
			}
			if n > 0 {
				n--
			}
			p.total += n
			if extremes {
				low, high = x.low[i], x.high[i]
			}
		case x.numbers[i] == 0:
			continue
		default:
			number = x.numbers[i]
			low, high = number, number
			if extremes && x.metric.Agg != quality.Min {
				low = x.low[i]
			}
			if extremes && x.metric.Agg != quality.Max {
				high = int32(int64(number) + int64(x.above[i]))
			}
		}
		if x.metric.Agg == quality.Mean {
			ms := int64(x.measured[i])
			if ms == 0 {
				ms = int64(intervals[i])
			}
			steps := int64(number)
			if steps > 0 {
				steps--
			}
			p.total, p.ms = p.total+steps*ms, p.ms+ms
		}
		if !p.any {
			p.any, p.last, p.low, p.high = true, number, low, high
			continue
		}
		p.low, p.high = min(p.low, low), max(p.high, high)
		switch x.metric.Agg {
		case quality.Min:
			p.last = min(p.last, number)
		case quality.Max:
			p.last = max(p.last, number)
		case quality.Last:
			p.last = number
		}
	}
}

// end completes the point being made: its series is the last there is.
func (r *intervalReader) end() {
	if !r.open {
		return
	}
	r.open = false
	s := &r.series[len(r.series)-1]
	at := s.Times[len(s.Times)-1]
	extend(&s.Codec, at, r.labels[0])
	extend(&s.Limitation, at, r.labels[1])
	extend(&s.Pair, at, r.labels[2])
	for i, m := range r.metrics {
		p := &r.points[i]
		value := rtc.Null
		switch {
		case !p.any:
		case m.Agg == quality.Mean:
			value = ofSteps(m, float64(p.total)/float64(p.ms))
		case m.Agg == quality.Sum:
			value = ofSteps(m, float64(p.total))
		default:
			value = store.MetricValue(m, p.last)
		}
		s.values[i] = append(s.values[i], value)
		if r.extremes {
			s.lows[i], s.highs[i] = append(s.lows[i], store.MetricValue(m, p.low)), append(s.highs[i], store.MetricValue(m, p.high))
		}
	}
}

// ofSteps rounds to the metric's step: what is finer says nothing and costs
// digits. NaN stays NaN.
func ofSteps(m *quality.Metric, n float64) float32 { return float32(math.Round(n) * m.Step) }
