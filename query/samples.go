package query

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ClickHouse/ch-go/proto"
	"golang.org/x/sync/errgroup"

	"github.com/peerglass/peerglass/quality"
	"github.com/peerglass/peerglass/rtc"
	"github.com/peerglass/peerglass/store"
	"github.com/peerglass/peerglass/store/clickhouse"
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
	Width    int               // points that can be shown side by side, at least 2; 0: every sample as it was measured
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

// ladder are the lengths that buckets may have, in seconds: those that people
// read off a time axis.
var ladder = [...]int64{2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1800, 3600}

// resolution chooses the length of a bucket, in ms, so that a span of ms gives
// at most width points, or two; 0 keeps every sample. Clients poll once a
// second, or less often. Buckets lie on the clock, not on the span, so that
// they stay where they are while a call goes on.
func resolution(span int64, width int) int64 {
	if width <= 0 || span < int64(width)*1000 {
		return 0
	}
	fit := int64(max(width, 2)) - 1 // a span may begin and end within a bucket
	for _, seconds := range ladder {
		if span/(seconds*1000) < fit {
			return seconds * 1000
		}
	}
	const hour = 3_600_000
	return (span/(hour*fit) + 1) * hour
}

// Samples returns the measurements of a call's streams, at a resolution chosen
// so that no more points than Width come out per stream. A bucket's value is
// the metric's own aggregate (a mean of means would hide a freeze, a maximum
// of rates would not add up).
func (q *Query) Samples(ctx context.Context, app rtc.AppID, call rtc.CallID, f SampleFilter) (SampleSet, error) {
	from, to := span(f.From, f.To)
	params := append(ofCall(app, call), clickhouse.Int("from", from), clickhouse.Int("to", to))
	params = append(params, whichStreams(f)...)
	what, err := q.flavours(ctx, params)
	if err != nil {
		return SampleSet{}, fmt.Errorf("read the samples of call %s: %w", call, err)
	}
	rows, first, last := uint64(0), to, from
	for _, x := range what {
		rows, first, last = rows+x.rows, min(first, x.first), max(last, x.last)
	}
	if !f.From.IsZero() && !f.To.IsZero() {
		first, last = from, to // a zoom keeps its resolution, whatever lies within
	}
	step := resolution(last-first, f.Width)
	params = append(params, clickhouse.Int("step", step))

	if step == 0 && len(what) > 1 {
		// Rows as they are cost little more than the question itself.
		what = []flavour{{kind: anyKind}}
	}
	readers := make([]*sampleReader, len(what))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(2)
	for i, x := range what {
		metrics := x.metrics(f.Metrics)
		text := rawSamples(metrics)
		if step > 0 {
			text = bucketedSamples(metrics, f.Extremes)
		}
		r := newSampleReader(metrics, step > 0, f.Extremes)
		readers[i] = r
		ask := clickhouse.Question{SQL: text, Cheap: rows < manyRows, Settings: newest,
			Params: append(params[:len(params):len(params)], clickhouse.Int("kind", int(x.kind)), clickhouse.Int("direction", int(x.direction)))}
		group.Go(func() error { return q.db.Select(ctx, ask, r.columns(), r.block) })
	}
	if err := group.Wait(); err != nil {
		return SampleSet{}, fmt.Errorf("read the samples of call %s: %w", call, explain(err))
	}
	set := SampleSet{Resolution: time.Duration(step) * time.Millisecond}
	for _, r := range readers {
		set.Series = append(set.Series, r.finish()...)
	}
	slices.SortFunc(set.Series, func(a, b Series) int {
		return cmp.Or(cmp.Compare(a.Session, b.Session), cmp.Compare(a.Stream, b.Stream))
	})
	return set, nil
}

// manyRows is from where on samples are a heavy question, which waits for its
// turn: an hour of twelve parties.
const manyRows = 1_000_000

// flavour is one kind and direction of streams. For buckets each is asked for
// by itself, for the metrics that are measured of it: that is a third of the
// aggregates that all metrics of all streams would be.
type flavour struct {
	kind        rtc.MediaKind
	direction   rtc.Direction
	rows        uint64
	first, last int64 // Unix ms
}

// metrics narrows those asked for to those measured of the flavour. Of an
// unknown kind anything may be.
func (x *flavour) metrics(asked []*quality.Metric) []*quality.Metric {
	if len(asked) == 0 {
		asked = quality.Catalogue()
	}
	if x.kind == rtc.KindUnknown || x.kind == anyKind {
		return asked
	}
	var measured []*quality.Metric
	for _, m := range asked {
		if m.Has(x.kind, x.direction) {
			measured = append(measured, m)
		}
	}
	return measured
}

var flavourFields = []field[flavour]{
	fromInt64("kind", func(r *flavour, v int64) { r.kind = rtc.MediaKind(v) }),
	fromInt64("direction", func(r *flavour, v int64) { r.direction = rtc.Direction(v) }),
	fromUint64("count()", func(r *flavour, v uint64) { r.rows = v }),
	fromInt64("toUnixTimestamp64Milli(min(time))", func(r *flavour, v int64) { r.first = v }),
	fromInt64("toUnixTimestamp64Milli(max(time))", func(r *flavour, v int64) { r.last = v }),
}

// Rows that are written twice are counted twice here, which does no harm.
var flavoursOfCall = "SELECT " + list(flavourFields) + " FROM samples" + samplesWhere + " GROUP BY kind, direction"

// flavours tells which there are among the samples asked for.
func (q *Query) flavours(ctx context.Context, params []clickhouse.Param) ([]flavour, error) {
	return ask(ctx, q.db, clickhouse.Question{SQL: flavoursOfCall, Params: params, Cheap: true}, flavourFields)
}

// whichStreams binds the filter by sessions and streams.
func whichStreams(f SampleFilter) []clickhouse.Param {
	any := append([]rtc.SessionID(nil), f.Sessions...) // sessions to read at all
	of, number := make([]rtc.SessionID, len(f.Streams)), make([]rtc.StreamID, len(f.Streams))
	for i, ref := range f.Streams {
		of[i], number[i] = ref.Session, ref.Stream
		any = append(any, ref.Session)
	}
	return []clickhouse.Param{
		clickhouse.Uints("any", any), clickhouse.Uints("whole", f.Sessions),
		clickhouse.Uints("of", of), clickhouse.Uints("number", number),
	}
}

// samplesWhere keeps to the primary key: app, call, then session. Copies of a
// row are equal, so it narrows before they are made one.
const samplesWhere = `
	PREWHERE app = {app:UInt32} AND call = {call:UInt64}
	AND (empty({any:Array(UInt64)}) OR has({any:Array(UInt64)}, session))
	AND (empty({of:Array(UInt64)}) OR has({whole:Array(UInt64)}, session)
		OR has(arrayZip({of:Array(UInt64)}, {number:Array(UInt32)}), (session, stream)))
	AND time >= fromUnixTimestamp64Milli({from:Int64}) AND time < fromUnixTimestamp64Milli({to:Int64})`

const ofFlavour = `
	AND ({kind:Int16} = 255 OR toInt16(kind) = {kind:Int16} AND toInt16(direction) = {direction:Int16})`

// anyKind stands for every flavour at once.
const anyKind rtc.MediaKind = 255

// rawSamples is the statement for samples as they were measured.
func rawSamples(metrics []*quality.Metric) string {
	return rawSelect(metrics) + " FROM samples FINAL" + samplesWhere + ofFlavour + "\n\tORDER BY session, stream, time"
}

func rawSelect(metrics []*quality.Metric) string {
	var b strings.Builder
	b.WriteString("SELECT session, stream, toUnixTimestamp64Milli(time), interval, toInt8(kind), toInt8(direction), CAST(codec, 'String'), CAST(limitation, 'String'), CAST(pair, 'String')")
	for _, m := range metrics {
		b.WriteString(", " + store.MetricColumn(m))
	}
	return b.String()
}

// bucketedSamples is the statement for one row per stream and bucket. Each
// metric is aggregated as it says, in the numbers by which it is kept: their
// order is that of values, and 0, which every -If gives for nothing, is not
// measured.
func bucketedSamples(metrics []*quality.Metric, extremes bool) string {
	var b strings.Builder
	b.WriteString(`SELECT session, stream, toUnixTimestamp64Milli(max(time)), toUInt32(sum(interval)), toInt8(any(kind)), toInt8(any(direction)),
	CAST(argMax(codec, time), 'String'), CAST(argMax(limitation, time), 'String'), CAST(argMax(pair, time), 'String')`)
	for _, m := range metrics {
		b.WriteString(",\n\t" + aggregate(m))
	}
	if extremes {
		for _, m := range metrics {
			n := store.MetricColumn(m)
			b.WriteString(",\n\tminIf(" + n + ", " + n + " != 0), maxIf(" + n + ", " + n + " != 0)")
		}
	}
	b.WriteString(" FROM samples FINAL" + samplesWhere + ofFlavour + `
	GROUP BY session, stream, intDiv(toUnixTimestamp64Milli(time), {step:Int64})
	ORDER BY session, stream, 3`)
	return b.String()
}

// aggregate gives a mean and a sum as Float64 steps, NaN where nothing was
// measured, and everything else as it is kept.
func aggregate(m *quality.Metric) string {
	n := store.MetricColumn(m)
	steps := store.MetricSteps(n)
	switch m.Agg {
	case quality.Mean:
		return "sum(" + steps + " * interval) / sumIf(interval, " + n + " != 0)"
	case quality.Sum:
		return "if(max(" + n + " != 0), toFloat64(sum(" + steps + ")), nan)"
	case quality.Max:
		return "maxIf(" + n + ", " + n + " != 0)"
	case quality.Min:
		return "minIf(" + n + ", " + n + " != 0)"
	case quality.Last:
		return "argMaxIf(" + n + ", time, " + n + " != 0)"
	}
	panic("query: no aggregate " + m.Agg.String())
}

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

// steps are means and sums. A mean is rounded to the metric's step: what is
// finer says nothing and costs digits.
type steps struct {
	metric  *quality.Metric
	numbers proto.ColFloat64
}

func (s *steps) result() proto.ColResult { return &s.numbers }

func (s *steps) appendTo(v Values, first, end int) Values {
	for _, n := range s.numbers[first:end] {
		v = append(v, float32(math.Round(n)*s.metric.Step)) // NaN stays NaN
	}
	return v
}

// sampleReader gathers rows, which come by session, stream and time, into
// series.
type sampleReader struct {
	metrics []*quality.Metric

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

func newSampleReader(metrics []*quality.Metric, bucketed, extremes bool) *sampleReader {
	r := &sampleReader{metrics: metrics}
	for _, m := range metrics {
		if bucketed && (m.Agg == quality.Mean || m.Agg == quality.Sum) {
			r.values = append(r.values, &steps{metric: m})
		} else {
			r.values = append(r.values, &kept{metric: m})
		}
		if bucketed && extremes {
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
		for end < rows && r.sessions[end] == r.sessions[first] && r.streams[end] == r.streams[first] {
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
			if r.lows != nil {
				s.lows[i] = r.lows[i].appendTo(s.lows[i], first, end)
				s.highs[i] = r.highs[i].appendTo(s.highs[i], first, end)
			}
		}
		first = end
	}
	return nil
}

// at returns the series that row belongs to.
func (r *sampleReader) at(row int) *rowSeries {
	session, stream := rtc.SessionID(r.sessions[row]), rtc.StreamID(r.streams[row])
	if n := len(r.series); n > 0 && r.series[n-1].Session == session && r.series[n-1].Stream == stream {
		return &r.series[n-1]
	}
	r.series = append(r.series, rowSeries{
		Series: Series{Session: session, Stream: stream, Kind: rtc.MediaKind(r.kinds[row]), Direction: rtc.Direction(r.dirs[row])},
		values: make([]Values, len(r.metrics)), lows: make([]Values, len(r.metrics)), highs: make([]Values, len(r.metrics)),
	})
	return &r.series[len(r.series)-1]
}

// labels extends runs by the rows [first, end).
func labels(runs *[]Run, column *proto.ColStr, times []int64, first, end int) {
	for i := first; i < end; i++ {
		label := column.RowBytes(i)
		if n := len(*runs); n == 0 || (*runs)[n-1].Value != string(label) {
			*runs = append(*runs, Run{From: times[i], Value: string(label)})
		}
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
			if r.lows != nil {
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
