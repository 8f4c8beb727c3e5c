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
// For those who read the tables with SQL of their own, the view measurements
// has each metric under its own name, as a Float32 with NaN. (As aliases in the
// table itself they cost every question 4 ms of the engine's analysis.)
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

// addMetrics gives samples the column of each metric.
func addMetrics() string {
	var b strings.Builder
	b.WriteString("ALTER TABLE samples")
	for i, m := range quality.Catalogue() {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "\nADD COLUMN IF NOT EXISTS %s Int32 COMMENT '%s' %s", MetricColumn(m), stepComment(m), metricCodec)
	}
	return b.String()
}

// measurements is the view with values instead of numbers.
func measurements() string {
	var b strings.Builder
	b.WriteString("CREATE OR REPLACE VIEW measurements AS SELECT " + strings.Join(fixedSampleColumns, ", "))
	for _, m := range quality.Catalogue() {
		n := MetricColumn(m)
		fmt.Fprintf(&b, ",\n\ttoFloat32(if(%s = 0, nan, %s * %s)) AS %s", n, MetricSteps(n), strconv.FormatFloat(m.Step, 'g', -1, 64), clickhouse.Quote(m.ID))
	}
	b.WriteString("\nFROM samples FINAL")
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
