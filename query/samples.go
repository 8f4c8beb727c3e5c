package query

import (
	"cmp"
	"context"
	"fmt"
	"slices"
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
	Sessions   []rtc.SessionID   // empty: all
	Streams    []StreamRef       // empty: all; together with Sessions: either
	Kinds      []rtc.MediaKind   // empty: all
	Directions []rtc.Direction   // empty: all
	From, To   time.Time         // [From, To), widened to whole points; zero: from the first, to the last
	Width      int               // points that can be shown side by side, at least 2; 0: every sample as it was measured
	Metrics    []*quality.Metric // empty: all
	Extremes   bool              // also the smallest and the largest value of each bucket
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
// read off a time axis. From 10 on they are whole numbers of the store's
// intervals.
var ladder = [...]int64{2, 5, 10, 20, 30, 60, 120, 300, 600, 900, 1800, 3600}

// closeLook is up to which span, in ms, points may be shorter than the store's
// intervals: of more than that they stand closer than eyes tell apart.
const closeLook = 30 * 60 * 1000

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
		if span/(seconds*1000) < fit && (seconds*1000 >= store.Slot || span <= closeLook) {
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
//
// What the store has condensed into intervals is read from there where buckets
// are whole numbers of them, and the rest from the samples: the answer is the
// same.
func (q *Query) Samples(ctx context.Context, app rtc.AppID, call rtc.CallID, f SampleFilter) (SampleSet, error) {
	set, err := q.samples(ctx, app, call, f)
	if err != nil {
		return SampleSet{}, fmt.Errorf("read the samples of call %s: %w", call, err)
	}
	return set, nil
}

// stretch is a part of the time asked for, [from, to) in Unix ms.
type stretch struct{ from, to int64 }

func (s stretch) empty() bool { return s.from >= s.to }

func (s stretch) params() []clickhouse.Param {
	return []clickhouse.Param{clickhouse.Int("from", s.from), clickhouse.Int("to", s.to)}
}

// widened reaches from a whole bucket to a whole bucket.
func (s stretch) widened(step int64) stretch {
	return stretch{s.from - s.from%step, s.to + (step-s.to%step)%step}
}

// before and after cut at an instant.
func (s stretch) before(at int64) stretch { return stretch{s.from, min(s.to, at)} }
func (s stretch) after(at int64) stretch  { return stretch{max(s.from, at), s.to} }

func (q *Query) samples(ctx context.Context, app rtc.AppID, call rtc.CallID, f SampleFilter) (SampleSet, error) {
	params := append(ofCall(app, call), whichStreams(f)...)
	from, to := span(f.From, f.To)
	asked := stretch{from, to}
	bounded := !f.From.IsZero() && !f.To.IsZero() // then the resolution is that of the range, whatever lies within
	step := int64(0)
	if bounded {
		if step = resolution(to-from, f.Width); step > 0 {
			asked = asked.widened(step)
		}
	}
	until := int64(0)
	if f.Width > 0 && (!bounded || step > 0 && step%store.Slot == 0) {
		var err error
		if until, err = q.condensedUntil(ctx, app, call); err != nil {
			return SampleSet{}, err
		}
	}
	what, err := q.flavours(ctx, params, asked, until)
	if err != nil {
		return SampleSet{}, err
	}
	if !bounded && len(what) > 0 {
		first, last := what[0].first, what[0].last
		for _, x := range what {
			first, last = min(first, x.first), max(last, x.last)
		}
		if step = resolution(last-first, f.Width); step > 0 && asked.widened(step) != asked {
			asked = asked.widened(step)
			if what, err = q.flavours(ctx, params, asked, until); err != nil {
				return SampleSet{}, err
			}
		}
	}
	if step == 0 || step%store.Slot != 0 {
		until = 0
	}
	cut := int64(0)
	if until > 0 {
		cut = until - until%step
	}
	set := SampleSet{Resolution: time.Duration(step) * time.Millisecond}
	set.Series, err = q.read(ctx, f, append(params, clickhouse.Int("step", step)), step, what, asked.before(cut), asked.after(cut))
	return set, err
}

// read asks for the series of every flavour: what is condensed from the
// intervals, the rest from the samples.
func (q *Query) read(ctx context.Context, f SampleFilter, params []clickhouse.Param, step int64, what []flavour, condensed, rest stretch) ([]Series, error) {
	rows := uint64(0)
	for _, x := range what {
		rows += x.rows
	}
	aggregates := len(f.Metrics)
	if aggregates == 0 {
		aggregates = len(quality.Catalogue())
	}
	if f.Extremes {
		aggregates *= 3
	}
	if len(what) > 1 && (step == 0 || aggregates <= aggregatesTogether && rows*uint64(aggregates) <= together) {
		what = []flavour{{kind: anyKind}}
	}
	var readers []*sampleReader
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(readersAtOnce)
	for _, x := range what {
		metrics := x.metrics(f.Metrics)
		for _, part := range []struct {
			stretch
			text func([]*quality.Metric, bool) string
		}{{condensed, condensedSamples}, {rest, samplesText(step)}} {
			if part.empty() {
				continue
			}
			r := newSampleReader(metrics, step > 0, f.Extremes)
			readers = append(readers, r)
			ask := clickhouse.Question{SQL: part.text(metrics, f.Extremes), Cheap: rows < manyRows, Settings: newestSamples,
				Params: slices.Concat(params, part.params(), []clickhouse.Param{clickhouse.Int("kind", int(x.kind)), clickhouse.Int("direction", int(x.direction))})}
			group.Go(func() error { return q.db.Select(ctx, ask, r.columns(), r.block) })
		}
	}
	if err := group.Wait(); err != nil {
		return nil, explain(err)
	}
	return joined(readers), nil
}

const (
	// All flavours are asked for at once up to so many aggregates, and figures to
	// aggregate: what is aggregated in vain then costs less than more questions, of
	// which the engine takes some 10 ms each to understand.
	aggregatesTogether = 128
	together           = 5_000_000
	// readersAtOnce leaves connections of the engine to others.
	readersAtOnce = 3
	// manyRows is from where on samples are a heavy question, which waits for its
	// turn: an hour of twelve parties.
	manyRows = 1_000_000
)

// newestSamples is newest, where a copy of a row is equal to it: granules that
// an index leaves out are not read again for copies there.
var newestSamples = append([]string{"use_skip_indexes_if_final_exact_mode", "0"}, newest...)

// flavour is one kind and direction of streams. Where there is much, each is
// asked for by itself, for the metrics that are measured of it: that is a third
// of the aggregates that all metrics of all streams would be.
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
var (
	flavoursOfSamples   = "SELECT " + list(flavourFields) + " FROM samples" + samplesWhere + " GROUP BY kind, direction"
	flavoursOfIntervals = "SELECT " + strings.Replace(list(flavourFields), "min(time)", "min(first)", 1) + " FROM intervals" + samplesWhere + " GROUP BY kind, direction"
)

// flavours tells which there are in a stretch, of which the part before until
// is condensed.
func (q *Query) flavours(ctx context.Context, params []clickhouse.Param, s stretch, until int64) ([]flavour, error) {
	var condensed, rest []flavour
	group, ctx := errgroup.WithContext(ctx)
	read := func(into *[]flavour, text string, part stretch) {
		if part.empty() {
			return
		}
		group.Go(func() (err error) {
			*into, err = ask(ctx, q.db, clickhouse.Question{SQL: text, Params: slices.Concat(params, part.params()), Cheap: true, Settings: newestSamples[:2]}, flavourFields)
			return err
		})
	}
	read(&condensed, flavoursOfIntervals, s.before(until))
	read(&rest, flavoursOfSamples, s.after(until))
	if err := group.Wait(); err != nil {
		return nil, err
	}
	for _, x := range rest {
		i := slices.IndexFunc(condensed, func(y flavour) bool { return x.kind == y.kind && x.direction == y.direction })
		if i < 0 {
			condensed = append(condensed, x)
			continue
		}
		y := &condensed[i]
		y.rows, y.first, y.last = y.rows+x.rows, min(y.first, x.first), max(y.last, x.last)
	}
	return condensed, nil
}

// condensedUntil is the instant (Unix ms) before which the store has condensed
// all samples of the call into intervals; 0 where it has not.
func (q *Query) condensedUntil(ctx context.Context, app rtc.AppID, call rtc.CallID) (int64, error) {
	if q.now().Sub(call.Time()) < store.Long {
		return 0, nil
	}
	var until proto.ColInt64
	at := int64(0)
	err := q.db.Select(ctx, clickhouse.Question{SQL: condensedUntil, Params: ofCall(app, call), Cheap: true, Settings: newest},
		proto.Results{{Data: &until}}, func(int) error { at = until[0]; return nil })
	return at, explain(err)
}

const condensedUntil = "SELECT toUnixTimestamp64Milli(until) FROM condensed FINAL WHERE app = {app:UInt32} AND call = {call:UInt64}"

// whichStreams binds the filter by sessions, streams, kinds and directions.
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
		clickhouse.Uints("kinds", f.Kinds), clickhouse.Uints("directions", f.Directions),
	}
}

// samplesWhere keeps to the primary key: app, call, then session. Copies of a
// row are equal, so it narrows before they are made one. It fits samples and
// intervals, whose time is that of the last sample in them.
const samplesWhere = `
	PREWHERE app = {app:UInt32} AND call = {call:UInt64}
	AND (empty({any:Array(UInt64)}) OR has({any:Array(UInt64)}, session))
	AND (empty({of:Array(UInt64)}) OR has({whole:Array(UInt64)}, session)
		OR has(arrayZip({of:Array(UInt64)}, {number:Array(UInt32)}), (session, stream)))
	AND (empty({kinds:Array(UInt8)}) OR has({kinds:Array(UInt8)}, toUInt8(kind)))
	AND (empty({directions:Array(UInt8)}) OR has({directions:Array(UInt8)}, toUInt8(direction)))
	AND time >= fromUnixTimestamp64Milli({from:Int64}) AND time < fromUnixTimestamp64Milli({to:Int64})`

const ofFlavour = `
	AND ({kind:Int16} = 255 OR toInt16(kind) = {kind:Int16} AND toInt16(direction) = {direction:Int16})`

// anyKind stands for every flavour at once.
const anyKind rtc.MediaKind = 255

// samplesText returns what makes the statement for samples at a resolution.
func samplesText(step int64) func([]*quality.Metric, bool) string {
	if step == 0 {
		return rawSamples
	}
	return bucketedSamples
}

// rawSamples is the statement for samples as they were measured.
func rawSamples(metrics []*quality.Metric, _ bool) string {
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
	return bucketed("samples", metrics, extremes, store.OfSamples)
}

// condensedSamples is the same of intervals, from what they are made of.
func condensedSamples(metrics []*quality.Metric, extremes bool) string {
	return bucketed("intervals", metrics, extremes, store.OfIntervals)
}

func bucketed(table string, metrics []*quality.Metric, extremes bool, of func(*quality.Metric) store.Ingredients) string {
	var b strings.Builder
	b.WriteString(`SELECT session, stream, toUnixTimestamp64Milli(max(time)), toUInt32(sum(interval)), toInt8(kind), toInt8(direction),
	CAST(argMax(codec, time), 'String'), CAST(argMax(limitation, time), 'String'), CAST(argMax(pair, time), 'String')`)
	for _, m := range metrics {
		b.WriteString(",\n\t" + aggregate(m, of(m)))
	}
	if extremes {
		for _, m := range metrics {
			x := of(m)
			b.WriteString(",\n\tminIf(" + x.Low + ", " + x.Low + " != 0), maxIf(" + x.High + ", " + x.High + " != 0)")
		}
	}
	b.WriteString(" FROM " + table + " FINAL" + samplesWhere + ofFlavour + `
	GROUP BY session, stream, kind, direction, intDiv(toUnixTimestamp64Milli(time), {step:Int64})
	ORDER BY session, stream, kind, direction, 3`)
	return b.String()
}

// aggregate gives a mean and a sum as Float64 steps, NaN where nothing was
// measured, and everything else as it is kept.
func aggregate(m *quality.Metric, x store.Ingredients) string {
	switch m.Agg {
	case quality.Mean:
		return "sum(" + x.Total + ") / sum(" + x.Measured + ")"
	case quality.Sum:
		return "if(max(" + x.High + " != 0), toFloat64(sum(" + x.Total + ")), nan)"
	case quality.Max:
		return "maxIf(" + x.High + ", " + x.High + " != 0)"
	case quality.Min:
		return "minIf(" + x.Low + ", " + x.Low + " != 0)"
	case quality.Last:
		return "argMaxIf(" + x.Last + ", time, " + x.Last + " != 0)"
	}
	panic("query: no aggregate " + m.Agg.String())
}

// joined puts together what the readers gathered: of a stream that several have
// read, the earlier part comes from the reader before.
func joined(readers []*sampleReader) []Series {
	type key struct {
		StreamRef
		kind      rtc.MediaKind
		direction rtc.Direction
	}
	at := map[key]*rowSeries{}
	var all []*sampleReader
	for _, r := range readers {
		kept := r.series[:0]
		for i := range r.series {
			s := &r.series[i]
			k := key{StreamRef{s.Session, s.Stream}, s.Kind, s.Direction}
			if before := at[k]; before != nil {
				before.append(s)
				continue
			}
			kept = append(kept, *s)
			at[k] = &kept[len(kept)-1]
		}
		r.series = kept
		all = append(all, r)
	}
	var series []Series
	for _, r := range all {
		series = append(series, r.finish()...)
	}
	slices.SortStableFunc(series, func(a, b Series) int {
		return cmp.Or(cmp.Compare(a.Session, b.Session), cmp.Compare(a.Stream, b.Stream))
	})
	return series
}
