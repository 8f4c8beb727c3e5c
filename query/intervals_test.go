package query_test

import (
	"context"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/ClickHouse/ch-go/proto"
	"pgregory.net/rapid"

	"github.com/peerglass/peerglass/quality"
	"github.com/peerglass/peerglass/query"
	"github.com/peerglass/peerglass/rtc"
	"github.com/peerglass/peerglass/store"
	"github.com/peerglass/peerglass/store/clickhouse"
	"github.com/peerglass/peerglass/store/storetest"
)

// clock is one that a test sets.
type clock struct{ now time.Time }

func (c *clock) Now() time.Time { return c.now }

// onEveryEngine is storetest.EveryEngine with a clock.
func onEveryEngine(t *testing.T, c *clock, test func(t *testing.T, s *store.Store)) {
	for name, options := range map[string]func(testing.TB) store.Options{"embedded": storetest.Embedded, "server": storetest.Server} {
		t.Run(name, func(t *testing.T) {
			o := options(t)
			o.Now = c.Now
			test(t, storetest.Open(t, o))
		})
	}
}

// someSamples are those of a few streams over some 20 minutes: with times in
// which nothing is measured, with polls of uneven length, with figures that are
// missing for a poll or always, and with labels that change.
func someSamples(t *rapid.T, call rtc.CallID) []rtc.Sample {
	var all []rtc.Sample
	kinds := []rtc.MediaKind{rtc.KindAudio, rtc.KindVideo, rtc.KindScreen, rtc.KindTransport, rtc.KindClient, rtc.KindUnknown}
	figure := rapid.OneOf(rapid.Just(rtc.Null), rapid.Just(float32(0)), rapid.Float32Range(-3, 90), rapid.Float32Range(1e3, 4e6))
	for n := range rapid.IntRange(1, 3).Draw(t, "streams") {
		x := rtc.Sample{Call: call, Session: rtc.SessionID(1 + n/2), Stream: rtc.StreamID(1 + n), Kind: rapid.SampledFrom(kinds).Draw(t, "kind"), Direction: rtc.Direction(rapid.IntRange(0, 2).Draw(t, "direction"))}
		// A handful of polls, each of which is repeated with some others: drawing
		// every figure of every poll would take longer than the rest of the test.
		polls := rapid.SliceOfN(rapid.SliceOfN(figure, len(quality.Catalogue()), len(quality.Catalogue())), 2, 5).Draw(t, "polls")
		lengths := rapid.SliceOfN(rapid.IntRange(200, 4000), 2, 7).Draw(t, "lengths")
		silent := rapid.IntRange(0, 600).Draw(t, "silent at")
		at := storetest.Start.Add(time.Duration(rapid.IntRange(1, 20_000).Draw(t, "from")) * time.Millisecond)
		for i := 0; at.Before(storetest.Start.Add(20 * time.Minute)); i++ {
			length := time.Duration(lengths[i%len(lengths)]) * time.Millisecond
			if i == silent {
				at = at.Add(95 * time.Second)
			}
			at = at.Add(length)
			x.Time, x.Interval, x.Values = at, length, slices.Clone(polls[i*i%7%len(polls)])
			for m, v := range x.Values {
				if x.Kind != rtc.KindUnknown && !quality.Catalogue()[m].Has(x.Kind, x.Direction) {
					v = rtc.Null
				}
				x.Values[m] = v
			}
			x.Codec = []string{"video/VP8", "video/AV1", ""}[i/200%3]
			x.Limitation = []string{"none", "cpu"}[i/37%2]
			all = append(all, x)
		}
	}
	return all
}

// TestIntervalsAnswerAsSamplesDo writes the same samples for two apps, of which
// one has no call that could be condensed: whatever happens to the other's, both
// get the same answers.
func TestIntervalsAnswerAsSamplesDo(t *testing.T) {
	c := &clock{}
	onEveryEngine(t, c, func(t *testing.T, s *store.Store) {
		generate := rapid.Custom(func(t *rapid.T) testCall {
			call := testCall{goesOn: rapid.Bool().Draw(t, "goes on"), samples: someSamples(t, 0)}
			call.order = rapid.Permutation(call.samples[:min(len(call.samples), 400)]).Draw(t, "order")
			call.from, call.width = rapid.Int64Range(0, 1_200_000).Draw(t, "from"), rapid.IntRange(2, 100).Draw(t, "width")
			return call
		})
		for n := range 3 {
			x := generate.Example(n)
			x.id = storetest.CallID(n)
			x.compare(t, c, s)
		}
	})
}

type testCall struct {
	id      rtc.CallID
	goesOn  bool
	samples []rtc.Sample
	order   []rtc.Sample // some of them, shuffled
	from    int64
	width   int
}

func (x *testCall) compare(t *testing.T, c *clock, s *store.Store) {
	write := func(samples []rtc.Sample) {
		for i := range samples {
			for app := rtc.AppID(1); app <= 2; app++ {
				row := samples[i]
				row.App, row.Call = app, x.id
				s.Sample(&row)
			}
		}
		storetest.Flush(t, s)
	}
	call := rtc.Call{App: 1, ID: x.id, Start: storetest.Start, End: storetest.Start.Add(21 * time.Minute), Peak: 500, Version: 1}
	c.now = storetest.Start.Add(2 * time.Hour)
	if x.goesOn {
		call.End, c.now = time.Time{}, storetest.Start.Add(9*time.Minute+7*time.Second)
	}
	s.Call(&call)
	late := x.samples[len(x.samples)/3 : len(x.samples)/3+9]
	write(slices.Concat(x.samples[:len(x.samples)/3], x.samples[len(x.samples)/3+9:]))
	condense := func() {
		t.Helper()
		if x.goesOn {
			c.now = c.now.Add(11 * time.Minute) // enough waits
		}
		if err := s.Condense(t.Context(), time.Time{}); err != nil {
			t.Fatal(err)
		}
	}
	condense()
	x.same(t, s, "from intervals", true)
	condense() // there is nothing to do

	write(x.order) // copies
	condense()
	x.same(t, s, "with copies, condensed again", true)

	write(late)
	x.same(t, s, "with late samples", false)
	condense()
	x.same(t, s, "with late samples, condensed again", true)

	for app := rtc.AppID(1); app <= 2; app++ {
		if err := s.Forget(t.Context(), app, x.id, []rtc.SessionID{1}); err != nil {
			t.Fatal(err)
		}
	}
	x.same(t, s, "with a session that is forgotten", false)
	again := slices.DeleteFunc(slices.Clone(x.samples), func(r rtc.Sample) bool { return r.Session != 1 || r.Time.UnixMilli()%3 == 0 })
	write(again)
	condense()
	x.same(t, s, "with a session that was derived again", true)
}

// same compares the answers of both apps, and whether there are intervals.
func (x *testCall) same(t *testing.T, s *store.Store, when string, condensed bool) {
	t.Helper()
	until := intervalsUntil(t, s, x.id)
	if condensed && (until.IsZero() || until.Before(storetest.Start.Add(14*time.Minute))) {
		t.Fatalf("call %s, %s: condensed until %v", x.id, when, until)
	}
	q := questions(s)
	from := storetest.Start.Add(time.Duration(x.from) * time.Millisecond)
	each := []*quality.Metric{quality.Bitrate, quality.PacketsLost, quality.Loss, quality.AvailableOutgoing, quality.Height} // of each aggregate one
	for _, f := range []query.SampleFilter{
		{Width: 2, Extremes: true, Metrics: each},
		{Width: 61, Metrics: each},
		{Width: x.width, Extremes: true, From: storetest.Start, To: storetest.Start.Add(20 * time.Minute)},
		{Width: x.width, From: from, Metrics: each},
		{Width: 100, Extremes: true, To: from, Metrics: each},
		{Width: 50, From: from, To: from.Add(10 * time.Minute), Sessions: []rtc.SessionID{1}, Metrics: each},
		{Width: 100, Kinds: []rtc.MediaKind{rtc.KindVideo, rtc.KindAudio}, Directions: []rtc.Direction{rtc.Receive}},
		{Metrics: each},
	} {
		var sets [2]query.SampleSet
		for app := range sets {
			var err error
			if sets[app], err = q.Samples(context.Background(), rtc.AppID(app+1), x.id, f); err != nil {
				t.Fatal(err)
			}
		}
		meansWithinAStep(sets[0], sets[1])
		if got, want := fmt.Sprint(sets[0]), fmt.Sprint(sets[1]); got != want { // as text, NaN is equal to itself
			t.Fatalf("call %s, %s, width %d, range %v–%v:\n%s", x.id, when, f.Width, f.From, f.To, firstDifference(sets[0], sets[1]))
		}
		for _, series := range sets[0].Series {
			if len(f.Kinds) > 0 && (!slices.Contains(f.Kinds, series.Kind) || series.Direction != rtc.Receive) {
				t.Fatalf("asked for %v received, got %v %v", f.Kinds, series.Kind, series.Direction)
			}
		}
	}
}

// meansWithinAStep makes means of a that lie no more than one step, the unit in
// which they are told, beside those of b equal to them. Everything else is to be
// the same to the last digit.
func meansWithinAStep(a, b query.SampleSet) {
	if len(a.Series) != len(b.Series) {
		return
	}
	for i := range a.Series {
		for id, values := range a.Series[i].Metrics {
			m, want := quality.Find(id), b.Series[i].Metrics[id]
			if m.Agg != quality.Mean || len(values) != len(want) {
				continue
			}
			for n, v := range values {
				// Float32 has 24 bits: the difference of two neighbours is told that exactly.
				if off := math.Abs(float64(v) - float64(want[n])); off <= m.Step+math.Abs(float64(v))/(1<<22) {
					values[n] = want[n]
				}
			}
		}
	}
}

func firstDifference(a, b query.SampleSet) string {
	if a.Resolution != b.Resolution || len(a.Series) != len(b.Series) {
		return fmt.Sprintf("%d series at %v, and %d at %v", len(a.Series), a.Resolution, len(b.Series), b.Resolution)
	}
	for i := range a.Series {
		x, y := a.Series[i], b.Series[i]
		if fmt.Sprint(x) == fmt.Sprint(y) {
			continue
		}
		for id := range y.Metrics {
			if fmt.Sprint(x.Metrics[id], x.Min[id], x.Max[id]) != fmt.Sprint(y.Metrics[id], y.Min[id], y.Max[id]) {
				return fmt.Sprintf("%v %v %s:\n%v\n%v", y.Kind, y.Direction, id, x.Metrics[id], y.Metrics[id])
			}
		}
		return fmt.Sprintf("%v %v at %v\n%v %v\n%v\n%v", y.Kind, y.Direction, a.Resolution, len(x.Times), len(y.Times), x, y)
	}
	return ""
}

// intervalsUntil is until when a call of app 1 is condensed.
func intervalsUntil(t *testing.T, s *store.Store, call rtc.CallID) time.Time {
	t.Helper()
	var until proto.ColInt64
	at := int64(0)
	err := s.Client().Select(t.Context(), clickhouse.Question{SQL: "SELECT toUnixTimestamp64Milli(until) FROM condensed FINAL WHERE app = 1 AND call = {call:UInt64}",
		Params: []clickhouse.Param{clickhouse.Uint("call", call)}}, proto.Results{{Data: &until}}, func(int) error { at = until[0]; return nil })
	if err != nil {
		t.Fatal(err)
	}
	if at == 0 {
		return time.Time{}
	}
	return time.UnixMilli(at)
}

// TestASecondsFreezeIsSeenInFiveHours asks for five hours in the width of a
// chart, condensed and not.
func TestASecondsFreezeIsSeenInFiveHours(t *testing.T) {
	c := &clock{now: storetest.Start.Add(6 * time.Hour)}
	onEveryEngine(t, c, func(t *testing.T, s *store.Store) {
		call := storetest.CallID(0)
		s.Call(&rtc.Call{App: 1, ID: call, Start: storetest.Start, End: storetest.Start.Add(5 * time.Hour), Peak: 20, Version: 1})
		frozen := storetest.Start.Add(3*time.Hour + 17*time.Minute + 4*time.Second)
		values := make([]float32, len(quality.Catalogue()))
		for i := range values {
			values[i] = rtc.Null
		}
		for i := range 5 * 3600 {
			at := storetest.Start.Add(time.Duration(i+1) * time.Second)
			values[quality.VideoTime.Index()], values[quality.VideoStutterTime.Index()], values[quality.FpsDecoded.Index()] = 1000, 0, 30
			if at.Equal(frozen) {
				values[quality.VideoStutterTime.Index()], values[quality.FpsDecoded.Index()] = 1000, 0
			}
			s.Sample(&rtc.Sample{App: 1, Call: call, Session: 1, Stream: 1, Time: at, Interval: time.Second, Kind: rtc.KindVideo, Direction: rtc.Receive, Values: values})
		}
		storetest.Flush(t, s)
		q := questions(s)
		for _, condensed := range []bool{false, true} {
			if condensed {
				if err := s.Condense(t.Context(), time.Time{}); err != nil {
					t.Fatal(err)
				}
			}
			if got := !intervalsUntil(t, s, call).IsZero(); got != condensed {
				t.Fatalf("condensed is %v", got)
			}
			set, err := q.Samples(t.Context(), 1, call, query.SampleFilter{Width: 400, Extremes: true})
			if err != nil || len(set.Series) != 1 || len(set.Series[0].Times) > 400 {
				t.Fatalf("%d series: %v", len(set.Series), err)
			}
			x := set.Series[0]
			sum, points := float32(0), 0
			for i, v := range x.Metrics[quality.VideoStutterTime.ID] {
				sum += v
				if v > 0 {
					points++
					began := x.Times[i] - set.Resolution.Milliseconds()
					if most := x.Max[quality.VideoStutterTime.ID][i]; most != 1000 || frozen.UnixMilli() <= began || frozen.UnixMilli() > x.Times[i] {
						t.Errorf("condensed %v: the freeze at %v is shown at %v with at most %v ms", condensed, frozen, time.UnixMilli(x.Times[i]).UTC(), most)
					}
					if least := x.Min[quality.FpsDecoded.ID][i]; least != 0 {
						t.Errorf("condensed %v: the least frame rate is %v", condensed, least)
					}
				}
			}
			if sum != 1000 || points != 1 || math.IsNaN(float64(sum)) {
				t.Errorf("condensed %v: %v ms in %d points, want 1000 in one", condensed, sum, points)
			}
		}
	})
}
