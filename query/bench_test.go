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

// drawn are the metrics that the pages of a call draw (console/src/user/panels.ts).
var drawn = []string{"bitrate", "target_bitrate", "loss", "fps_decoded", "fps_received", "fps_rendered", "fps_sent", "fps_captured",
	"fps_encoded", "video_stutter_time", "freeze_time", "height", "width", "limited_bandwidth", "limited_cpu", "concealment", "audio_stutter_time", "delay", "audio_mos", "video_mos", "audio_level",
	"rtt", "jitter", "jitter_buffer_delay", "frame_time", "nack", "pli", "available_outgoing", "available_incoming",
	"cpu_app", "cpu_system", "cpu_pressure", "loop_lag", "memory_used", "battery"}

// BenchmarkCharts asks what the page of a 60-minute four-party call shows, among
// the samples of five such calls: of one that is over, and so condensed, and of
// one that was over just now, whose samples are all there is.
func BenchmarkCharts(b *testing.B) {
	o := storetest.Embedded(b)
	o.Now = func() time.Time { return storetest.Start.Add(70 * time.Minute) }
	s := storetest.Open(b, o)
	over, justOver := storetest.CallID(0), storetest.CallID(1)
	sessions := map[rtc.CallID]rtc.SessionID{}
	for n := range 5 {
		storetest.NewGenerator(uint64(n), 1, storetest.CallID(n)).Each(4, 3600, func(x *rtc.Sample) {
			sessions[x.Call] = x.Session
			s.Sample(x)
		})
	}
	s.Call(&rtc.Call{App: 1, ID: over, Start: storetest.Start, End: storetest.Start.Add(time.Hour), Peak: 4, Version: 1})
	s.Call(&rtc.Call{App: 1, ID: justOver, Start: justOver.Time(), End: storetest.Start.Add(69 * time.Minute), Peak: 4, Version: 1})
	storetest.Flush(b, s)
	if err := s.Client().Exec(b.Context(), clickhouse.Question{SQL: "OPTIMIZE TABLE samples FINAL"}); err != nil {
		b.Fatal(err)
	}
	if err := s.Condense(b.Context(), time.Time{}); err != nil {
		b.Fatal(err)
	}
	q := query.New(s.Client(), o.Now)
	metrics, flow := named(b, drawn), named(b, flows)
	for _, call := range []struct {
		name string
		id   rtc.CallID
	}{{"", over}, {"just-over/", justOver}} {
		one := []rtc.SessionID{sessions[call.id]}
		for _, chart := range []struct {
			name   string
			filter query.SampleFilter
		}{
			// What the call's page asks for the cards of all four users.
			{"call-page", query.SampleFilter{Width: 580, Metrics: flow, Extremes: true, From: call.id.Time().Add(-6 * time.Second), To: call.id.Time().Add(time.Hour + 6*time.Second),
				Kinds: []rtc.MediaKind{rtc.KindAudio, rtc.KindVideo, rtc.KindScreen, rtc.KindTransport}, Directions: []rtc.Direction{rtc.Receive, rtc.Both}}},
			// Everything that the page of one user draws of all that was sent and
			// received, and more than it asks for at once.
			{"user-page", query.SampleFilter{Width: 580, Metrics: metrics, Extremes: true, Sessions: one}},
			// The same without extremes, and of all four users, which no page asks.
			{"user-means", query.SampleFilter{Width: 580, Metrics: metrics, Sessions: one}},
			{"users-means", query.SampleFilter{Width: 580, Metrics: metrics}},
			{"all", query.SampleFilter{Width: 900}},
			{"all-extremes", query.SampleFilter{Width: 900, Extremes: true}},
			{"one-user", query.SampleFilter{Width: 900, Sessions: one}},
			{"zoomed", query.SampleFilter{Width: 900, From: storetest.Start.Add(20 * time.Minute), To: storetest.Start.Add(25 * time.Minute)}},
		} {
			b.Run(call.name+chart.name, func(b *testing.B) {
				points := 0
				for b.Loop() {
					quantiles(b, o.Engine, 40, func(int) error {
						set, err := q.Samples(context.Background(), 1, call.id, chart.filter)
						points = 0
						for _, x := range set.Series {
							points += len(x.Times)
						}
						return err
					})
				}
				b.ReportMetric(float64(points), "points")
			})
		}
	}
}

// flows are the metrics of the call page's cards (console/src/api/quality.ts).
var flows = []string{"bitrate", "video_stutter_time", "audio_stutter_time"}

func named(b *testing.B, ids []string) (metrics []*quality.Metric) {
	b.Helper()
	for _, id := range ids {
		m := quality.Find(id)
		if m == nil {
			b.Fatalf("there is no metric %s any more", id)
		}
		metrics = append(metrics, m)
	}
	return metrics
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
