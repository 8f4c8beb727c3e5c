package store

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/ClickHouse/ch-go/proto"

	"github.com/peerglass/peerglass/quality"
	"github.com/peerglass/peerglass/rtc"
	"github.com/peerglass/peerglass/store/clickhouse"
)

// A metric is kept as a whole number of its steps, in a column named after it
// with n_ before, for then T64 cuts off the bits that a stream does not use:
// 40 % fewer bytes than the same rounded figures as Float32, whichever codec
// (BenchmarkSampleBytes; Gorilla and FPC make them larger). 0 is not measured,
// which is also what rows from before the metric have; steps from 0 on are
// shifted up by one, so that the order of numbers is that of values.
//
// Beside it stands an alias with the metric's own name, a Float32 with NaN for
// those who read the tables with SQL of their own.
const metricCodec = "CODEC(T64, ZSTD(1))"

// MetricColumn is the quoted column in which samples keep m.
func MetricColumn(m *quality.Metric) string { return clickhouse.Quote("n_" + m.ID) }

// MetricSteps is the SQL for a kept number as steps, 0 where not measured.
func MetricSteps(column string) string { return "(" + column + " - (" + column + " > 0))" }

// MetricValue reads a kept number.
func MetricValue(m *quality.Metric, n int32) float32 {
	switch {
	case n == 0:
		return rtc.Null
	case n > 0:
		n--
	}
	return float32(float64(n) * m.Step)
}

// metricNumber is what keeps v. Values beyond 2³¹ steps are cut down to that.
func metricNumber(v float32, perStep float64) int32 {
	if v != v {
		return 0
	}
	n := math.RoundToEven(float64(v) * perStep)
	switch {
	case n >= math.MaxInt32:
		return math.MaxInt32
	case n <= math.MinInt32:
		return math.MinInt32
	case n >= 0:
		return int32(n) + 1
	}
	return int32(n)
}

// addMetrics gives samples the columns of each metric.
func addMetrics() string {
	var b strings.Builder
	b.WriteString("ALTER TABLE samples")
	for i, m := range quality.Catalogue() {
		if i > 0 {
			b.WriteByte(',')
		}
		column, step := MetricColumn(m), strconv.FormatFloat(m.Step, 'g', -1, 64)
		fmt.Fprintf(&b, "\nADD COLUMN IF NOT EXISTS %s Int32 COMMENT '%s' %s, ADD COLUMN IF NOT EXISTS %s Float32 ALIAS if(%s = 0, nan, toFloat32(%s * %s))",
			column, stepComment(m), metricCodec, clickhouse.Quote(m.ID), column, MetricSteps(column), step)
	}
	return b.String()
}

func stepComment(m *quality.Metric) string {
	return "in steps of " + strconv.FormatFloat(m.Step, 'g', -1, 64)
}

// checkSteps refuses a metric whose step is not the one that its column was
// made with: the rows that are there would change their value.
func (s *Store) checkSteps(ctx context.Context) error {
	var name, comment proto.ColStr
	made := map[string]string{}
	err := s.db.Select(ctx, clickhouse.Question{Cheap: true,
		SQL: "SELECT name, comment FROM system.columns WHERE database = currentDatabase() AND table = 'samples' AND startsWith(name, 'n_')"},
		proto.Results{{Data: &name}, {Data: &comment}}, func(rows int) error {
			for i := range rows {
				made[name.Row(i)] = comment.Row(i)
			}
			return nil
		})
	if err != nil {
		return err
	}
	for _, m := range quality.Catalogue() {
		if was := made["n_"+m.ID]; was != stepComment(m) {
			return fmt.Errorf("metric %s is kept %q, this program has it %q: a metric with another step needs another ID", m.ID, was, stepComment(m))
		}
	}
	return nil
}
