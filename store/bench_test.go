package store_test

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/peerglass/peerglass/rtc"
	"github.com/peerglass/peerglass/store"
	"github.com/peerglass/peerglass/store/clickhouse"
	"github.com/peerglass/peerglass/store/storetest"
)

// BenchmarkSampleBytes reports how many bytes a sample takes on disk after
// merging: 20 calls of four parties and ten minutes.
func BenchmarkSampleBytes(b *testing.B) {
	for b.Loop() {
		s := storetest.Open(b, storetest.Embedded(b))
		for n := range 20 {
			storetest.NewGenerator(7, 1, storetest.CallID(n)).Each(4, 600, s.Sample)
		}
		storetest.Flush(b, s)
		if err := s.Client().Exec(b.Context(), clickhouse.Question{SQL: "OPTIMIZE TABLE samples FINAL"}); err != nil {
			b.Fatal(err)
		}
		rows := count(b, s, "SELECT toInt64(sum(rows)) FROM system.parts WHERE active AND table = 'samples'")
		bytes := count(b, s, "SELECT toInt64(sum(bytes_on_disk)) FROM system.parts WHERE active AND table = 'samples'")
		b.ReportMetric(float64(bytes)/float64(rows), "B/row")
		b.ReportMetric(float64(rows), "rows")
		if testing.Verbose() {
			columns(b, s, rows)
		}
	}
}

// columns prints what each column takes.
func columns(b *testing.B, s *store.Store, rows int64) {
	for _, name := range store.SampleColumns() {
		bytes := count(b, s, "SELECT toInt64(sum(column_data_compressed_bytes)) FROM system.parts_columns WHERE active AND table = 'samples' AND column = {c:String}", clickhouse.String("c", name))
		fmt.Printf("%8.3f B/row  %s\n", float64(bytes)/float64(rows), name)
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
