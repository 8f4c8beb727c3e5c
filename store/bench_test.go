package store_test

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/ClickHouse/ch-go/proto"

	"github.com/peerglass/peerglass/rtc"
	"github.com/peerglass/peerglass/store"
	"github.com/peerglass/peerglass/store/clickhouse"
	"github.com/peerglass/peerglass/store/storetest"
)

// BenchmarkSampleBytes reports how many bytes a sample takes on disk after
// merging: 8 calls of four parties and 25 minutes, all of which is
// condensed, so that the share of the intervals is what it is in long calls.
func BenchmarkSampleBytes(b *testing.B) {
	const calls, seconds = 8, 1500
	for b.Loop() {
		o := storetest.Embedded(b)
		o.Now = func() time.Time { return storetest.Start.Add(24 * time.Hour) }
		s := storetest.Open(b, o)
		for n := range calls {
			id := storetest.CallID(n)
			s.Call(&rtc.Call{App: 1, ID: id, Start: id.Time(), End: id.Time().Add(seconds * time.Second), Peak: 4, Version: 1})
			storetest.NewGenerator(7, 1, id).Each(4, seconds, s.Sample)
		}
		storetest.Flush(b, s)
		if err := s.Condense(b.Context(), time.Time{}); err != nil {
			b.Fatal(err)
		}
		rows, together := float64(0), float64(0)
		for _, table := range []string{"samples", "intervals"} {
			if err := s.Client().Exec(b.Context(), clickhouse.Question{SQL: "OPTIMIZE TABLE " + table + " FINAL"}); err != nil {
				b.Fatal(err)
			}
			of := clickhouse.String("table", table)
			if n := float64(count(b, s, "SELECT toInt64(sum(rows)) FROM system.parts WHERE active AND table = {table:String}", of)); table == "samples" {
				rows = n
			} else if least := rows / 40; n < least {
				b.Fatalf("%v intervals of %v samples: not all is condensed", n, rows)
			}
			bytes := float64(count(b, s, "SELECT toInt64(sum(bytes_on_disk)) FROM system.parts WHERE active AND table = {table:String}", of))
			together += bytes
			b.ReportMetric(bytes/rows, "B/row-"+table)
			if testing.Verbose() {
				columns(b, s, table, rows)
			}
		}
		b.ReportMetric(together/rows, "B/row")
		b.ReportMetric(rows, "rows")
	}
}

// columns prints what each column of a table takes for a sample, the largest
// first.
func columns(b *testing.B, s *store.Store, table string, rows float64) {
	b.Helper()
	var name proto.ColStr
	var bytes proto.ColUInt64
	q := clickhouse.Question{Params: []clickhouse.Param{clickhouse.String("table", table)},
		SQL: "SELECT column, sum(column_data_compressed_bytes + column_marks_bytes) AS n FROM system.parts_columns WHERE active AND table = {table:String} GROUP BY column HAVING n > 0 ORDER BY n DESC"}
	err := s.Client().Select(b.Context(), q, proto.Results{{Data: &name}, {Data: &bytes}}, func(n int) error {
		for i := range n {
			fmt.Printf("%8.3f B/row  %s.%s\n", float64(bytes[i])/rows, table, name.Row(i))
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
}

// BenchmarkAppend measures handing over, encoding and inserting of samples;
// the engine's part runs in its own process, beside.
func BenchmarkAppend(b *testing.B) {
	o := storetest.Embedded(b)
	s := storetest.Open(b, o)
	var samples []rtc.Sample
	storetest.NewGenerator(7, 1, storetest.CallID(1)).Each(4, 600, func(x *rtc.Sample) {
		row := *x
		row.Values = append([]float32(nil), x.Values...)
		samples = append(samples, row)
	})
	b.ReportAllocs()
	b.ResetTimer()
	engine, own := storetest.CPU(o.Engine), ownCPU(b)
	for i := range b.N {
		x := &samples[i%len(samples)]
		x.Call = storetest.CallID(i / len(samples))
		s.Sample(x)
		if s.Backlog() > 256<<20 {
			storetest.Flush(b, s)
		}
	}
	storetest.Flush(b, s)
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "rows/s")
	b.ReportMetric(float64((ownCPU(b)-own).Nanoseconds())/float64(b.N), "cpu-ns/row")
	b.ReportMetric(float64((storetest.CPU(o.Engine)-engine).Nanoseconds())/float64(b.N), "engine-cpu-ns/row")
}

// ownCPU is the processor time that this process has used.
func ownCPU(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
