package query

import (
	"cmp"
	"context"
	"fmt"
	"math"
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
// read off a time axis. From 30 on they are whole numbers of the store's
// intervals.
var ladder = [...]int64{2, 5, 10, 30, 60, 120, 300, 600, 900, 1800, 3600}

// closeLook is up to which span, in ms, points may be shorter than 10 s: of
// more than that they stand closer than eyes tell apart.
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
		if span/(seconds*1000) < fit && (seconds >= 10 || span <= closeLook) {
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
	of := narrowed(app, call, f)
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
	// What there is decides how to ask, unless little is asked for.
	var there flavours
	if !bounded || asked.to > until || aggregates(f) >= aggregatesApart {
		var err error
		if there, err = q.flavours(ctx, of, asked, until); err != nil {
			return SampleSet{}, err
		}
		if !bounded && len(there.all) > 0 {
			first, last := there.span()
			if step = resolution(last-first, f.Width); step > 0 && asked.widened(step) != asked {
				asked = asked.widened(step)
				if there, err = q.flavours(ctx, of, asked, until); err != nil {
					return SampleSet{}, err
				}
			}
		}
		if len(there.all) == 0 {
			return SampleSet{Resolution: time.Duration(step) * time.Millisecond}, nil
		}
	}
	cut := int64(0)
	if until > 0 && step > 0 && step%store.Slot == 0 {
		cut = until - until%step
		if !there.rest { // then the point in which until lies is whole as well
			cut = math.MaxInt64
		}
	}
	set := SampleSet{Resolution: time.Duration(step) * time.Millisecond}
	var err error
	set.Series, err = q.read(ctx, f, of, step, there.all, asked.before(cut), asked.after(cut))
	return set, err
}

// read asks for the series: what is condensed from the intervals, the rest from
// the samples.
func (q *Query) read(ctx context.Context, f SampleFilter, of condition, step int64, what []flavour, condensed, rest stretch) ([]Series, error) {
	rows := uint64(0)
	for _, x := range what {
		rows += x.rows
	}
	var readers []*sampleReader
	var intervals []*intervalReader
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(readersAtOnce)
	ask := func(text string, of condition, part stretch, columns proto.Results, block func(int) error) {
		question := clickhouse.Question{SQL: text, Cheap: rows < manyRows, Settings: newestSamples,
			Params: slices.Concat(of.params, part.params(), []clickhouse.Param{clickhouse.Int("step", step)})}
		group.Go(func() error { return q.db.Select(ctx, question, columns, block) })
	}
	for _, p := range apart(what, f, step, rows) {
		of := of.and(p)
		if !condensed.empty() {
			r := newIntervalReader(p.metrics, step, f.Extremes)
			readers, intervals = append(readers, &r.sampleReader), append(intervals, r)
			ask(r.text()+" FROM intervals FINAL"+of.text+inIntervals+intervalOrder, of, condensed, r.results(), r.block)
		}
		if !rest.empty() {
			r := newSampleReader(p.metrics, step > 0, f.Extremes)
			readers = append(readers, r)
			text := rawSamples(p.metrics, of)
			if step > 0 {
				text = bucketedSamples(p.metrics, f.Extremes, of)
			}
			ask(text, of, rest, r.columns(), r.block)
		}
	}
	if err := group.Wait(); err != nil {
		return nil, explain(err)
	}
	for _, r := range intervals {
		r.end()
	}
	return joined(readers), nil
}

const (
	// More aggregates, or figures to aggregate, than these are asked for by
	// flavour: what would be aggregated in vain costs more than the questions, of
	// which the engine takes some 10 ms each to understand.
	aggregatesTogether = 128
	together           = 5_000_000
	// From so many aggregates on pictures are asked for apart from the rest: the
	// two have few metrics in common, and are answered side by side.
	aggregatesApart = 16
	// readersAtOnce leaves connections of the engine to others.
	readersAtOnce = 3
	// manyRows is from where on samples are a heavy question, which waits for its
	// turn: an hour of twelve parties.
	manyRows = 1_000_000
)

// newestSamples is newest, where a copy of a row is equal to it: granules that
// an index leaves out are not read again for copies there. Aggregates are not
// compiled: that makes a chart's question faster by a sixth, but the fourth one
// of its like waits 100 ms for it, and for more the more metrics it asks for.
var newestSamples = append([]string{"use_skip_indexes_if_final_exact_mode", "0", "compile_aggregate_expressions", "0"}, newest...)

// flavour is one kind and direction of streams.
type flavour struct {
	kind        rtc.MediaKind
	direction   rtc.Direction
	rows        uint64
	first, last int64 // Unix ms
}

// has reports whether a metric is measured of the flavour. Of an unknown kind
// anything may be.
func (x *flavour) has(m *quality.Metric) bool {
	return x.kind == rtc.KindUnknown || m.Has(x.kind, x.direction)
}

// portion is what one question asks for: flavours, and the metrics that are
// measured of them.
type portion struct {
	flavours []flavour
	metrics  []*quality.Metric
	all      bool // flavours that there are
}

// aggregates is how many figures a point has.
func aggregates(f SampleFilter) int {
	n := len(f.Metrics)
	if n == 0 {
		n = len(quality.Catalogue())
	}
	if f.Extremes {
		n *= 3
	}
	return n
}

// apart divides what there is into questions; it may be unknown.
func apart(what []flavour, f SampleFilter, step int64, rows uint64) []portion {
	asked := f.Metrics
	if len(asked) == 0 {
		asked = quality.Catalogue()
	}
	aggregates := aggregates(f)
	var portions []portion
	switch {
	case step > 0 && (aggregates > aggregatesTogether || rows*uint64(aggregates) > together):
		for i := range what {
			portions = append(portions, portion{flavours: what[i : i+1]})
		}
	case step > 0 && aggregates >= aggregatesApart:
		var pictures, others portion
		for _, x := range what {
			if x.kind == rtc.KindVideo || x.kind == rtc.KindScreen {
				pictures.flavours = append(pictures.flavours, x)
			} else {
				others.flavours = append(others.flavours, x)
			}
		}
		portions = slices.DeleteFunc([]portion{pictures, others}, func(p portion) bool { return len(p.flavours) == 0 })
	default:
		portions = []portion{{flavours: what}}
	}
	for i := range portions {
		p := &portions[i]
		p.all = len(portions) == 1
		for _, m := range asked {
			if len(what) == 0 || slices.ContainsFunc(p.flavours, func(x flavour) bool { return x.has(m) }) {
				p.metrics = append(p.metrics, m)
			}
		}
	}
	return portions
}

func flavourFields(first, last string) []field[flavour] {
	return []field[flavour]{
		fromInt64("kind", func(r *flavour, v int64) { r.kind = rtc.MediaKind(v) }),
		fromInt64("direction", func(r *flavour, v int64) { r.direction = rtc.Direction(v) }),
		fromUint64("count()", func(r *flavour, v uint64) { r.rows = v }),
		fromInt64("min("+first+")", func(r *flavour, v int64) { r.first = v }),
		fromInt64("max("+last+")", func(r *flavour, v int64) { r.last = v }),
	}
}

// Rows that are written twice are counted twice here, which does no harm.
var (
	flavoursOfSamples   = flavourFields("toUnixTimestamp64Milli(time)", "toUnixTimestamp64Milli(time)")
	flavoursOfIntervals = flavourFields(intervalBegins+" + first", intervalBegins+" + last")
)

// flavours are those of a stretch.
type flavours struct {
	all  []flavour
	rest bool // there are samples that are not condensed
}

// span is the time of the first and the last sample.
func (x flavours) span() (first, last int64) {
	for i, y := range x.all {
		if i == 0 {
			first, last = y.first, y.last
		}
		first, last = min(first, y.first), max(last, y.last)
	}
	return first, last
}

// flavours tells which there are in a stretch, of which the part before until
// is condensed.
func (q *Query) flavours(ctx context.Context, of condition, s stretch, until int64) (flavours, error) {
	var condensed, rest []flavour
	group, ctx := errgroup.WithContext(ctx)
	read := func(into *[]flavour, fields []field[flavour], table, within string, part stretch) {
		if part.empty() {
			return
		}
		question := clickhouse.Question{SQL: "SELECT " + list(fields) + " FROM " + table + of.text + within + " GROUP BY kind, direction",
			Params: slices.Concat(of.params, part.params()), Cheap: true, Settings: newestSamples[:4]}
		group.Go(func() (err error) {
			*into, err = ask(ctx, q.db, question, fields)
			return err
		})
	}
	read(&condensed, flavoursOfIntervals, "intervals", inIntervals, s.before(until))
	read(&rest, flavoursOfSamples, "samples", inSamples, s.after(until))
	if err := group.Wait(); err != nil {
		return flavours{}, err
	}
	for i := range condensed { // those at the edges reach beyond them
		x := &condensed[i]
		x.first, x.last = max(x.first, s.from), min(x.last, s.to-1)
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
	return flavours{condensed, len(rest) > 0}, nil
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

// condition is what rows must meet, with what is bound in it.
type condition struct {
	text   string
	params []clickhouse.Param
}

// narrowed keeps to a call, and to the sessions, streams, kinds and directions
// of a filter. It goes by the primary key: app, call, then session. Copies of a
// row are equal, so it narrows before they are made one. It fits samples and
// intervals. What is not filtered by does not stand in it: the engine's work of
// understanding a question is a large part of answering it.
func narrowed(app rtc.AppID, call rtc.CallID, f SampleFilter) condition {
	c := condition{"\n\tPREWHERE app = {app:UInt32} AND call = {call:UInt64}", ofCall(app, call)}
	and := func(text string, params ...clickhouse.Param) {
		c = condition{c.text + "\n\tAND " + text, append(c.params, params...)}
	}
	switch {
	case len(f.Streams) > 0:
		sessions := append([]rtc.SessionID(nil), f.Sessions...)
		of, number := make([]rtc.SessionID, len(f.Streams)), make([]rtc.StreamID, len(f.Streams))
		for i, ref := range f.Streams {
			of[i], number[i] = ref.Session, ref.Stream
			sessions = append(sessions, ref.Session)
		}
		and("has({sessions:Array(UInt64)}, session) AND (has({whole:Array(UInt64)}, session) OR has(arrayZip({of:Array(UInt64)}, {number:Array(UInt32)}), (session, stream)))",
			clickhouse.Uints("sessions", sessions), clickhouse.Uints("whole", f.Sessions), clickhouse.Uints("of", of), clickhouse.Uints("number", number))
	case len(f.Sessions) > 0:
		and("has({sessions:Array(UInt64)}, session)", clickhouse.Uints("sessions", f.Sessions))
	}
	if len(f.Kinds) > 0 {
		and("has({kinds:Array(UInt8)}, toUInt8(kind))", clickhouse.Uints("kinds", f.Kinds))
	}
	if len(f.Directions) > 0 {
		and("has({directions:Array(UInt8)}, toUInt8(direction))", clickhouse.Uints("directions", f.Directions))
	}
	return c
}

// and keeps to the flavours of a portion.
func (c condition) and(p portion) condition {
	if p.all {
		return c
	}
	flavours := make([]uint8, len(p.flavours))
	for i, x := range p.flavours {
		flavours[i] = uint8(x.kind)<<2 | uint8(x.direction)
	}
	return condition{c.text + "\n\tAND has({flavours:Array(UInt8)}, toUInt8(kind) * 4 + toUInt8(direction))",
		append(c.params[:len(c.params):len(c.params)], clickhouse.Uints("flavours", flavours))}
}

// inSamples keeps to a stretch of time.
const inSamples = `
	AND time >= fromUnixTimestamp64Milli({from:Int64}) AND time < fromUnixTimestamp64Milli({to:Int64})`

// rawSamples is the statement for samples as they were measured.
func rawSamples(metrics []*quality.Metric, of condition) string {
	return rawSelect(metrics) + " FROM samples FINAL" + of.text + inSamples + "\n\tORDER BY session, stream, time"
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
func bucketedSamples(metrics []*quality.Metric, extremes bool, of condition) string {
	var b strings.Builder
	b.WriteString(`SELECT session, stream, toUnixTimestamp64Milli(max(time)), toUInt32(sum(interval)), toInt8(kind), toInt8(direction),
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
	b.WriteString(" FROM samples FINAL" + of.text + inSamples + `
	GROUP BY session, stream, kind, direction, intDiv(toUnixTimestamp64Milli(time), {step:Int64})
	ORDER BY session, stream, kind, direction, 3`)
	return b.String()
}

// aggregate gives a mean and a sum as Float64 steps, NaN where nothing was
// measured, and everything else as it is kept.
func aggregate(m *quality.Metric) string {
	n := store.MetricColumn(m)
	switch m.Agg {
	case quality.Mean:
		return "sum(" + store.MetricSteps(n) + " * interval) / sumIf(interval, " + n + " != 0)"
	case quality.Sum:
		return "if(max(" + n + " != 0), toFloat64(sum(" + store.MetricSteps(n) + ")), nan)"
	case quality.Max:
		return "maxIf(" + n + ", " + n + " != 0)"
	case quality.Min:
		return "minIf(" + n + ", " + n + " != 0)"
	case quality.Last:
		return "argMaxIf(" + n + ", time, " + n + " != 0)"
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
		return cmp.Or(cmp.Compare(a.Session, b.Session), cmp.Compare(a.Stream, b.Stream), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Direction, b.Direction))
	})
	return series
}
