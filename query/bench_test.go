package query_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/peerglass/peerglass/quality"
	"github.com/peerglass/peerglass/query"
	"github.com/peerglass/peerglass/rtc"
	"github.com/peerglass/peerglass/store/clickhouse"
	"github.com/peerglass/peerglass/store/engine"
	"github.com/peerglass/peerglass/store/storetest"
)

// quantiles reports the median and the 95th percentile of runs, and the
// engine's processor time for one.
func quantiles(b *testing.B, e *engine.Engine, runs int, f func(i int) error) {
	b.Helper()
	before := storetest.CPU(e)
	took := make([]time.Duration, 0, runs)
	for i := range runs {
		began := time.Now()
		if err := f(i); err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[runs/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(took[runs*95/100].Microseconds())/1000, "p95-ms")
	b.ReportMetric(float64((storetest.CPU(e)-before).Milliseconds())/float64(runs), "engine-ms/op")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkCharts asks what the page of a 60-minute four-party call shows,
// among the samples of a hundred such calls' minutes.
func BenchmarkCharts(b *testing.B) {
	o := storetest.Embedded(b)
	s := storetest.Open(b, o)
	call := storetest.CallID(0)
	for n := range 5 {
		storetest.NewGenerator(uint64(n), 1, storetest.CallID(n)).Each(4, 3600, s.Sample)
	}
	s.Call(&rtc.Call{App: 1, ID: call, Start: storetest.Start, End: storetest.Start.Add(time.Hour), Version: 1})
	storetest.Flush(b, s)
	if err := s.Client().Exec(b.Context(), clickhouse.Question{SQL: "OPTIMIZE TABLE samples FINAL"}); err != nil {
		b.Fatal(err)
	}
	q := questions(s)
	session := rtc.SessionID(0)
	for _, chart := range []struct {
		name   string
		filter func() query.SampleFilter
	}{
		// The metrics that the call page draws (console/src/call/panels.ts), at
		// the width of a chart on a desk, of all four users at once; the page
		// itself asks for one user at a time.
		{"page", func() query.SampleFilter {
			f := query.SampleFilter{Width: 580}
			for _, id := range []string{"bitrate", "target_bitrate", "loss", "fps_decoded", "fps_received", "fps_rendered", "fps_sent", "fps_captured",
				"fps_encoded", "freeze_time", "height", "concealment", "audio_level", "rtt", "jitter", "jitter_buffer_delay", "frame_time", "nack", "pli", "available_outgoing", "available_incoming"} {
				m := quality.Find(id)
				if m == nil {
					b.Fatalf("there is no metric %s any more", id)
				}
				f.Metrics = append(f.Metrics, m)
			}
			return f
		}},
		{"all", func() query.SampleFilter { return query.SampleFilter{Width: 900} }},
		{"all-extremes", func() query.SampleFilter { return query.SampleFilter{Width: 900, Extremes: true} }},
		{"one-user", func() query.SampleFilter { return query.SampleFilter{Width: 900, Sessions: []rtc.SessionID{session}} }},
		{"zoomed", func() query.SampleFilter {
			return query.SampleFilter{Width: 900, From: storetest.Start.Add(20 * time.Minute), To: storetest.Start.Add(25 * time.Minute)}
		}},
	} {
		b.Run(chart.name, func(b *testing.B) {
			points := 0
			for b.Loop() {
				quantiles(b, o.Engine, 40, func(int) error {
					set, err := q.Samples(context.Background(), 1, call, chart.filter())
					if err == nil {
						session, points = set.Series[0].Session, 0
						for _, x := range set.Series {
							points += len(x.Times)
						}
					}
					return err
				})
			}
			b.ReportMetric(float64(points), "points")
		})
	}
}

// BenchmarkFollow asks for what is new in the call, as one reader of a call in
// progress does once a second.
func BenchmarkFollow(b *testing.B) {
	o := storetest.Embedded(b)
	s := storetest.Open(b, o)
	call := storetest.CallID(0)
	s.Call(&rtc.Call{App: 1, ID: call, Start: storetest.Start, Version: 1})
	storetest.NewGenerator(1, 1, call).Each(4, 3600, s.Sample)
	storetest.Flush(b, s)
	f := questions(s).Follow(1, call, storetest.Start.Add(59*time.Minute))
	for b.Loop() {
		quantiles(b, o.Engine, 40, func(int) error {
			_, err := f.Next(context.Background())
			return err
		})
	}
}
