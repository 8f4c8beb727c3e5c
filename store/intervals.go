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
// numbers of it are answered from intervals as from samples. It is the shortest
// with which samples and intervals together stay well below 12 bytes a sample
// (BenchmarkSampleBytes), and half of the points of a chart of five hours.
const Slot = 30_000

// IntervalColumns are the quoted columns in which intervals keep a metric, made
// for few bytes: what is nearly always the same in a stream, or nothing, takes
// next to none. What a metric's aggregate does not need is empty.
type IntervalColumns struct {
	// Number is what stands for the interval, in the numbers by which samples
	// keep the metric: the sum of its steps, else the mean, smallest, largest or
	// last. 0 is not measured. A mean is rounded to a step, which is the unit in
	// which it is told: of several intervals it is that of the samples or one step
	// beside.
	Number string
	// Measured is in how many ms a mean was measured, 0 for all of the interval.
	Measured string
	// Low is the smallest number: often one of zero steps, all along. High is the
	// largest: of a sum as it is, else how far it is above Number.
	Low, High string
}

// OfIntervals names the columns of a metric.
func OfIntervals(m *quality.Metric) IntervalColumns {
	column := func(prefix string) string { return clickhouse.Quote(prefix + m.ID) }
	x := IntervalColumns{Number: column("n_")}
	if m.Agg == quality.Mean {
		x.Measured = column("d_")
	}
	if m.Agg != quality.Min {
		x.Low = column("lo_")
	}
	if m.Agg != quality.Max {
		x.High = column("hi_")
	}
	return x
}

// NumberType is the type of Number.
func NumberType(m *quality.Metric) string {
	if m.Agg == quality.Sum {
		return "Int64"
	}
	return "Int32"
}

// HighType is the type of High.
func HighType(m *quality.Metric) string {
	if m.Agg == quality.Sum {
		return "Int32"
	}
	return "UInt32"
}

// condensedColumn is a column of intervals and how it comes from samples.
type condensedColumn struct{ name, typ, from string }

// condensedColumns are those of one metric. The engine computes an aggregate
// that stands there several times once.
func condensedColumns(m *quality.Metric) []condensedColumn {
	n, to := MetricColumn(m), OfIntervals(m)
	low, high := "minIf("+n+", "+n+" != 0)", "maxIf("+n+", "+n+" != 0)"
	number := ""
	switch m.Agg {
	case quality.Mean:
		measured := "sumIf(interval, " + n + " != 0)"
		mean := "floor(sum(" + MetricSteps(n) + " * interval) / " + measured + " + 0.5)"
		number = "if(" + measured + " = 0, 0, toInt32(" + mean + " + (" + mean + " >= 0)))"
		return []condensedColumn{
			{to.Number, NumberType(m), number},
			{to.Measured, "UInt32", "if(" + measured + " = sum(interval), 0, " + measured + ")"},
			{to.Low, "Int32", low},
			{to.High, HighType(m), beside(high, number)},
		}
	case quality.Sum:
		sum := "sum(" + MetricSteps(n) + ")"
		return []condensedColumn{
			{to.Number, NumberType(m), "if(" + high + " = 0, 0, " + sum + " + (" + sum + " >= 0))"},
			{to.Low, "Int32", low},
			{to.High, HighType(m), high},
		}
	case quality.Max:
		number = high
	case quality.Min:
		number = low
	case quality.Last:
		number = "argMaxIf(" + n + ", time, " + n + " != 0)"
	}
	columns := []condensedColumn{{to.Number, NumberType(m), number}}
	if to.Low != "" {
		columns = append(columns, condensedColumn{to.Low, "Int32", low})
	}
	if to.High != "" {
		columns = append(columns, condensedColumn{to.High, HighType(m), beside(high, number)})
	}
	return columns
}

// beside is how far a larger number is from a smaller one.
func beside(larger, smaller string) string {
	return "toUInt32(toInt64(" + larger + ") - " + smaller + ")"
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
	names := []string{"app", "call", "session", "stream", "kind", "direction", "slot", "first", "last", "`interval`", "codec", "limitation", "pair", "version"}
	from := []string{"app", "call", "session", "stream", "kind", "direction", inSlot, "min(" + afterSlot + ")", "max(" + afterSlot + ")", "sum(interval)",
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

const (
	inSlot    = "toDateTime(intDiv(toUnixTimestamp64Milli(time), 30000) * 30, 'UTC')"
	afterSlot = "toUInt16(toUnixTimestamp64Milli(time) % 30000)"
)

// floorSlot is the beginning of the interval that an instant lies in.
func floorSlot(t time.Time) time.Time { return t.Truncate(Slot * time.Millisecond) }
