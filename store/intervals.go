package store

import (
	"fmt"
	"strings"
	"time"

	"github.com/peerglass/peerglass/quality"
	"github.com/peerglass/peerglass/rtc"
	"github.com/peerglass/peerglass/store/clickhouse"
)

// Slot is the length of an interval, in ms: points of a chart that are whole
// numbers of it are answered from intervals exactly as from samples.
const Slot = 10_000

// Ingredients are the expressions from which a metric is aggregated over rows
// of a table, in the numbers by which it is kept. What its aggregate does not
// need is empty.
type Ingredients struct {
	Low, High string // smallest and largest; 0 where not measured
	Total     string // sum of steps; of a mean of steps × ms
	Measured  string // ms in which it was measured, of a mean
	Last      string // the last; 0 where not measured
}

// OfSamples are a metric's ingredients in samples, each of which is its own
// smallest, largest and last.
func OfSamples(m *quality.Metric) Ingredients {
	n := MetricColumn(m)
	x := Ingredients{Low: n, High: n, Last: n}
	switch m.Agg {
	case quality.Mean:
		x.Total, x.Measured = MetricSteps(n)+" * interval", "if("+n+" != 0, interval, 0)"
	case quality.Sum:
		x.Total = MetricSteps(n)
	}
	return x
}

// OfIntervals are a metric's ingredients in intervals: columns.
func OfIntervals(m *quality.Metric) Ingredients {
	column := func(prefix string) string { return clickhouse.Quote(prefix + m.ID) }
	x := Ingredients{Low: column("lo_"), High: column("hi_")}
	switch m.Agg {
	case quality.Mean:
		x.Total, x.Measured = column("s_"), column("d_")
	case quality.Sum:
		x.Total = column("s_")
	case quality.Last:
		x.Last = column("n_")
	}
	return x
}

// condensedColumn is a column of intervals and how it comes from samples.
type condensedColumn struct{ name, typ, from string }

// condensedColumns are those of one metric.
func condensedColumns(m *quality.Metric) []condensedColumn {
	to, of := OfIntervals(m), OfSamples(m)
	columns := []condensedColumn{
		{to.Low, "Int32", "minIf(" + of.Low + ", " + of.Low + " != 0)"},
		{to.High, "Int32", "maxIf(" + of.High + ", " + of.High + " != 0)"},
	}
	if to.Total != "" {
		columns = append(columns, condensedColumn{to.Total, "Int64", "sum(" + of.Total + ")"})
	}
	if to.Measured != "" {
		columns = append(columns, condensedColumn{to.Measured, "UInt32", "sum(" + of.Measured + ")"})
	}
	if to.Last != "" {
		columns = append(columns, condensedColumn{to.Last, "Int32", "argMaxIf(" + of.Last + ", time, " + of.Last + " != 0)"})
	}
	return columns
}

// addIntervalMetrics gives intervals the columns of each metric.
func addIntervalMetrics() string {
	var b strings.Builder
	for _, m := range quality.Catalogue() {
		for _, c := range condensedColumns(m) {
			if b.Len() > 0 {
				b.WriteByte(',')
			}
			fmt.Fprintf(&b, "\nADD COLUMN IF NOT EXISTS %s %s %s", c.name, c.typ, metricCodec)
		}
	}
	return "ALTER TABLE intervals" + b.String()
}

// condense is the statement that makes intervals of one kind and direction of
// streams out of the samples of a call. It may be repeated.
func condense(kind rtc.MediaKind, direction rtc.Direction) string {
	names := []string{"app", "call", "session", "stream", "kind", "direction", "slot", "first", "time", "`interval`", "codec", "limitation", "pair", "version"}
	from := []string{"app", "call", "session", "stream", "kind", "direction", inSlot, "min(time)", "max(time)", "sum(interval)",
		"argMax(codec, time)", "argMax(limitation, time)", "argMax(pair, time)", "{version:UInt64}"}
	for _, m := range quality.Catalogue() {
		if kind != rtc.KindUnknown && !m.Has(kind, direction) {
			continue
		}
		for _, c := range condensedColumns(m) {
			names, from = append(names, c.name), append(from, c.from)
		}
	}
	return "INSERT INTO intervals (" + strings.Join(names, ", ") + ")\nSELECT " + strings.Join(from, ",\n\t") + `
FROM samples FINAL
PREWHERE app = {app:UInt32} AND call = {call:UInt64} AND session IN {sessions:Array(UInt64)}
	AND time >= fromUnixTimestamp64Milli({from:Int64}) AND time < fromUnixTimestamp64Milli({to:Int64})
	AND toUInt8(kind) = {kind:UInt8} AND toUInt8(direction) = {direction:UInt8}
GROUP BY app, call, session, stream, kind, direction, ` + inSlot
}

const inSlot = "toDateTime(intDiv(toUnixTimestamp64Milli(time), 10000) * 10, 'UTC')"

// floorSlot is the beginning of the interval that an instant lies in.
func floorSlot(t time.Time) time.Time { return t.Truncate(Slot * time.Millisecond) }
