package query_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/peerglass/peerglass/quality"
	"github.com/peerglass/peerglass/query"
	"github.com/peerglass/peerglass/rtc"
	"github.com/peerglass/peerglass/store"
	"github.com/peerglass/peerglass/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

// now is the clock of the questions: an hour after the first call began.
var now = storetest.Start.Add(time.Hour)

func questions(s *store.Store) *query.Query {
	return query.New(s.Client(), func() time.Time { return now })
}

// writeCalls gives app 1 forty calls, of which every fifth is in progress, and
// app 2 three calls in rooms of the same names.
func writeCalls(t *testing.T, s *store.Store) []rtc.Call {
	t.Helper()
	var calls []rtc.Call
	for n := range 40 {
		c := rtc.Call{App: 1, ID: storetest.CallID(n), Room: fmt.Sprintf("room-%02d", n%7), Start: storetest.CallID(n).Time(),
			Users: n % 4, Sessions: n % 5, Peak: n % 4, Version: 2}
		if n%5 != 0 {
			c.End = c.Start.Add(time.Duration(n%6*50+1) * time.Second)
		}
		old := c
		old.Version, old.End, old.Users = 1, time.Time{}, 0
		s.Call(&c)
		s.Call(&old) // comes late: the newer version stands
		calls = append(calls, c)
		for u := range c.Users {
			x := rtc.Session{App: 1, Call: c.ID, ID: rtc.SessionID(c.ID) + rtc.SessionID(u), User: fmt.Sprintf("user-%d", u), Start: c.Start, End: c.End, Version: 1}
			s.Session(&x)
		}
	}
	for n := range 3 {
		s.Call(&rtc.Call{App: 2, ID: storetest.CallID(n) + 1, Room: fmt.Sprintf("room-%02d", n), Start: storetest.CallID(n).Time(), Version: 1})
		s.Session(&rtc.Session{App: 2, Call: storetest.CallID(n) + 1, ID: rtc.SessionID(storetest.CallID(n)) + 100, User: "user-1", Start: storetest.Start, Version: 1})
	}
	storetest.Flush(t, s)
	return calls
}

func TestACursorOfAnotherListIsRefused(t *testing.T) {
	storetest.EveryEngine(t, func(t *testing.T, s *store.Store) {
		writeCalls(t, s)
		q := questions(s)
		page, err := q.Calls(t.Context(), 1, query.CallFilter{})
		if err != nil || page.Cursor == "" {
			t.Fatal(err, page.Cursor)
		}
		for _, f := range []query.CallFilter{{Cursor: "x"}, {Cursor: "e30"}, {Cursor: page.Cursor, Sort: query.ByRoom}, {Cursor: page.Cursor, Ascending: true}} {
			if _, err := q.Calls(t.Context(), 1, f); !errors.Is(err, query.ErrCursor) {
				t.Errorf("%+v: %v", f, err)
			}
		}
	})
}

// TestAppsAreApart asks for everything of app 1 in the name of app 2.
func TestAppsAreApart(t *testing.T) {
	storetest.EveryEngine(t, func(t *testing.T, s *store.Store) {
		writeCalls(t, s)
		call := storetest.CallID(1)
		storetest.NewGenerator(1, 1, call).Each(2, 10, s.Sample)
		s.Event(&rtc.Event{App: 1, Call: call, Session: 5, Time: storetest.Start, Index: 1, Kind: rtc.KindCall, Name: "x"})
		s.Stream(&rtc.Stream{App: 1, Call: call, Session: 5, ID: 1, Start: storetest.Start, End: storetest.Start, Version: 1})
		s.Connection(&rtc.Connection{App: 1, Call: call, Session: 5, ID: 1, Start: storetest.Start, Version: 1})
		storetest.Flush(t, s)
		q := questions(s)
		ctx := t.Context()
		for _, app := range []rtc.AppID{1, 2} {
			found := 0
			tell := func(n int, err error) {
				t.Helper()
				if err != nil {
					t.Error(err)
				}
				if (n > 0) != (app == 1) {
					t.Errorf("app %d gets %d rows of app 1's call", app, n)
				}
				found++
			}
			sessions, err := q.Sessions(ctx, app, call)
			tell(len(sessions), err)
			connections, err := q.Connections(ctx, app, call, 0)
			tell(len(connections), err)
			streams, err := q.Streams(ctx, app, call, 0)
			tell(len(streams), err)
			samples, err := q.Samples(ctx, app, call, query.SampleFilter{})
			tell(len(samples.Series), err)
			events, err := q.Events(ctx, app, call, query.EventFilter{})
			tell(len(events.Events), err)
			users, err := q.Users(ctx, app, call)
			tell(len(users), err)
		}
		if _, err := q.Call(ctx, 2, call); !errors.Is(err, query.ErrNotFound) {
			t.Errorf("app 2 finds app 1's call: %v", err)
		}
		if _, err := q.Session(ctx, 2, rtc.SessionID(call)); !errors.Is(err, query.ErrNotFound) {
			t.Errorf("app 2 finds app 1's session: %v", err)
		}
		if _, err := q.Session(ctx, 1, rtc.SessionID(call)); err != nil {
			t.Errorf("app 1 does not find its session: %v", err)
		}
		if _, err := q.Follow(2, call, time.Time{}).Next(ctx); !errors.Is(err, query.ErrNotFound) {
			t.Errorf("app 2 follows app 1's call: %v", err)
		}
		page, err := q.Calls(ctx, 2, query.CallFilter{User: "user-1", Limit: 100})
		if err != nil || len(page.Calls) != 3 {
			t.Errorf("app 2 has %d calls of user-1, want its own 3: %v", len(page.Calls), err)
		}
		counts, err := q.Counts(ctx, []rtc.AppID{2, 1, 9}, time.Time{}, time.Time{})
		if err != nil || counts[0].Calls != 3 || counts[1].Calls != 40 || counts[1].InProgress != 8 || counts[2].Calls != 0 {
			t.Errorf("counts %+v: %v", counts, err)
		}
	})
}

// TestSamples compares buckets of every width with the samples themselves.
func TestSamples(t *testing.T) {
	storetest.EveryEngine(t, func(t *testing.T, s *store.Store) {
		call := storetest.CallID(0)
		s.Call(&rtc.Call{App: 1, ID: call, Room: "r", Start: storetest.Start, End: storetest.Start.Add(301 * time.Second), Version: 1})
		type key struct {
			query.StreamRef
			ms int64
		}
		written := map[key][]float32{}
		for range 2 { // twice: a rewrite must not count double
			storetest.NewGenerator(3, 1, call).Each(2, 300, func(x *rtc.Sample) {
				s.Sample(x)
				written[key{query.StreamRef{Session: x.Session, Stream: x.Stream}, x.Time.UnixMilli()}] = slices.Clone(x.Values)
			})
			storetest.Flush(t, s)
		}
		q := questions(s)

		raw, err := q.Samples(t.Context(), 1, call, query.SampleFilter{})
		if err != nil {
			t.Fatal(err)
		}
		points := 0
		for _, series := range raw.Series {
			for i, ms := range series.Times {
				points++
				want := written[key{query.StreamRef{Session: series.Session, Stream: series.Stream}, ms}]
				for _, m := range quality.Catalogue() {
					got := rtc.Null
					if v, ok := series.Metrics[m.ID]; ok {
						got = v[i]
					}
					if got != want[m.Index()] && !(rtc.IsNull(got) && rtc.IsNull(want[m.Index()])) {
						t.Fatalf("%s at %d is %v, want %v", m.ID, ms, got, want[m.Index()])
					}
				}
			}
		}
		if points != len(written) || raw.Resolution != 0 {
			t.Errorf("%d points at %v, want the %d written", points, raw.Resolution, len(written))
		}

		for _, width := range []int{2, 7, 40, 100, 299, 300, 1000} {
			set, err := q.Samples(t.Context(), 1, call, query.SampleFilter{Width: width, Extremes: true})
			if err != nil {
				t.Fatal(err)
			}
			for i, series := range set.Series {
				if n := len(series.Times); n > width || n == 0 {
					t.Fatalf("%d points at width %d", n, width)
				}
				for _, m := range quality.Catalogue() {
					all := raw.Series[i].Metrics[m.ID]
					if all == nil {
						continue
					}
					low, high, sum := limits(all)
					gotLow, gotHigh, gotSum := limits(series.Metrics[m.ID])
					if set.Resolution > 0 {
						l, _, _ := limits(series.Min[m.ID])
						_, h, _ := limits(series.Max[m.ID])
						if l != low || h != high {
							t.Fatalf("%s at width %d: extremes %v–%v, want %v–%v", m.ID, width, l, h, low, high)
						}
					}
					switch {
					case m.Agg == quality.Max && gotHigh != high, m.Agg == quality.Min && gotLow != low,
						m.Agg == quality.Sum && math.Abs(gotSum-sum) > 1e-4*math.Abs(sum)+1e-6,
						gotLow < low-1e-3 && m.Agg != quality.Sum, gotHigh > high+1e-3*high && m.Agg != quality.Sum:
						t.Fatalf("%s (%s) at width %d: %v–%v sum %v, samples %v–%v sum %v", m.ID, m.Agg, width, gotLow, gotHigh, gotSum, low, high, sum)
					}
				}
			}
		}

		ref := query.StreamRef{Session: raw.Series[1].Session, Stream: raw.Series[1].Stream}
		one, err := q.Samples(t.Context(), 1, call, query.SampleFilter{Streams: []query.StreamRef{ref}, Metrics: []*quality.Metric{quality.Jitter},
			From: storetest.Start.Add(10 * time.Second), To: storetest.Start.Add(20 * time.Second)})
		if err != nil || len(one.Series) != 1 || one.Series[0].Stream != ref.Stream || len(one.Series[0].Metrics) != 1 || len(one.Series[0].Times) > 11 {
			t.Errorf("one stream's ten seconds: %+v, %v", one, err)
		}
		both, err := q.Samples(t.Context(), 1, call, query.SampleFilter{Streams: []query.StreamRef{ref}, Sessions: []rtc.SessionID{raw.Series[len(raw.Series)-1].Session}})
		if err != nil || len(both.Series) != 6 {
			t.Errorf("a stream and another session: %d series, want 6: %v", len(both.Series), err)
		}
	})
}

func limits(v query.Values) (low, high float32, sum float64) {
	low, high = float32(math.Inf(1)), float32(math.Inf(-1))
	for _, x := range v {
		if !rtc.IsNull(x) {
			low, high, sum = min(low, x), max(high, x), sum+float64(x)
		}
	}
	return low, high, sum
}

func TestWhatWasNotMeasuredIsNullInJSON(t *testing.T) {
	b, err := json.Marshal(query.Values{1, rtc.Null, 0.25, -3})
	if err != nil || string(b) != "[1,null,0.25,-3]" {
		t.Errorf("%s, %v", b, err)
	}
}

func TestLabelsComeAsRuns(t *testing.T) {
	storetest.EveryEngine(t, func(t *testing.T, s *store.Store) {
		call := storetest.CallID(0)
		for i := range 60 {
			x := rtc.Sample{App: 1, Call: call, Session: 1, Stream: 1, Time: storetest.Start.Add(time.Duration(i+1) * time.Second), Interval: time.Second, Kind: rtc.KindVideo, Direction: rtc.Send, Codec: "video/VP8"}
			if i >= 30 {
				x.Codec, x.Limitation = "video/VP9", "cpu"
			}
			s.Sample(&x)
		}
		storetest.Flush(t, s)
		set, err := questions(s).Samples(t.Context(), 1, call, query.SampleFilter{})
		if err != nil || len(set.Series) != 1 {
			t.Fatal(err, set)
		}
		x := set.Series[0]
		at := storetest.Start.UnixMilli()
		want := []query.Run{{From: at + 1000, Value: "video/VP8"}, {From: at + 31000, Value: "video/VP9"}}
		if !slices.Equal(x.Codec, want) || len(x.Limitation) != 2 || x.Pair != nil || x.Kind != rtc.KindVideo || x.Direction != rtc.Send {
			t.Errorf("%+v", x)
		}
	})
}

func TestEvents(t *testing.T) {
	storetest.EveryEngine(t, func(t *testing.T, s *store.Store) {
		call := storetest.CallID(0)
		names := []string{"createOffer", "setLocalDescription", "onicecandidate", "Überraschung's \\ \t end"}
		kinds := []rtc.Kind{rtc.KindCall, rtc.KindState, rtc.KindEvent, rtc.KindLog}
		for i := range 200 {
			s.Event(&rtc.Event{App: 1, Call: call, Session: rtc.SessionID(1 + i%3), Time: storetest.Start.Add(time.Duration(i/10) * time.Second), Index: uint32(i/3 + 1),
				Kind: kinds[i%4], Severity: rtc.Severity(i % 3), Name: names[i%4], Value: `{"n":1}`, Corr: "7"})
		}
		storetest.Flush(t, s)
		q := questions(s)
		rapid.Check(t, func(t *rapid.T) {
			f := query.EventFilter{Limit: rapid.IntRange(20, 250).Draw(t, "limit"), Descending: rapid.Bool().Draw(t, "descending"), MinSeverity: rtc.Severity(rapid.IntRange(0, 2).Draw(t, "severity"))}
			if rapid.Bool().Draw(t, "session?") {
				f.Session = rtc.SessionID(rapid.IntRange(1, 4).Draw(t, "session"))
			}
			if rapid.Bool().Draw(t, "kinds?") {
				f.Kinds = []rtc.Kind{rtc.KindCall, rtc.KindLog}
			}
			f.Search = rapid.SampledFrom([]string{"", "OFFER", "description", "über", "'s \\ \t", "%"}).Draw(t, "search")
			if rapid.Bool().Draw(t, "range?") {
				f.From, f.To = storetest.Start.Add(3*time.Second), storetest.Start.Add(9*time.Second)
			}
			want := 0
			for i := range 200 {
				at := storetest.Start.Add(time.Duration(i/10) * time.Second)
				found := map[string][]int{"": {0, 1, 2, 3}, "OFFER": {0}, "description": {1}, "über": {3}, "'s \\ \t": {3}}[f.Search]
				if (f.Session == 0 || f.Session == rtc.SessionID(1+i%3)) && (f.Kinds == nil || i%4 == 0 || i%4 == 3) && rtc.Severity(i%3) >= f.MinSeverity &&
					slices.Contains(found, i%4) && (f.From.IsZero() || !at.Before(f.From) && at.Before(f.To)) {
					want++
				}
			}
			var all []rtc.Event
			for {
				page, err := q.Events(context.Background(), 1, call, f)
				if err != nil {
					t.Fatal(err)
				}
				all = append(all, page.Events...)
				if f.Cursor = page.Cursor; f.Cursor == "" {
					break
				}
			}
			if len(all) != want {
				t.Fatalf("%d events, want %d", len(all), want)
			}
			if !slices.IsSortedFunc(all, func(a, b rtc.Event) int {
				if f.Descending {
					a, b = b, a
				}
				return a.Time.Compare(b.Time)
			}) {
				t.Fatal("not in the order of time")
			}
		})
	})
}

func TestUsers(t *testing.T) {
	storetest.EveryEngine(t, func(t *testing.T, s *store.Store) {
		call := storetest.CallID(0)
		at := func(seconds int) time.Time { return storetest.Start.Add(time.Duration(seconds) * time.Second) }
		for i, x := range []rtc.Session{
			{ID: 1, User: "ann", Start: at(0), End: at(60), EndReason: "leave", Sends: true, Browser: "Chrome", Network: "wifi"},
			{ID: 2, User: "bob", Start: at(10), Receives: true, Keys: map[string]string{"b": "2", "a": "1"}},
			{ID: 3, User: "ann", Start: at(50), End: at(100), EndReason: "timeout", Network: "cellular"},
			{ID: 4, Start: at(20), End: at(30)},
			{ID: 5, Start: at(21), End: at(30)},
		} {
			x.App, x.Call, x.Version = 1, call, uint64(i+1)
			s.Session(&x)
		}
		s.Connection(&rtc.Connection{App: 1, Call: call, Session: 3, ID: 1, Start: at(50), Relay: true, Version: 1})
		storetest.Flush(t, s)
		q := questions(s)
		users, err := q.Users(t.Context(), 1, call)
		if err != nil || len(users) != 4 {
			t.Fatalf("%d users, want 4: %v", len(users), err)
		}
		ann, bob := users[0], users[1]
		if ann.User != "ann" || !ann.FirstIn.Equal(at(0)) || !ann.LastOut.Equal(at(100)) || ann.Stay != 100*time.Second || len(ann.Stays) != 2 ||
			!ann.Sends || ann.Browser != "Chrome" || ann.Network != "cellular" || !ann.Relay {
			t.Errorf("ann %+v", ann)
		}
		if bob.User != "bob" || !bob.LastOut.IsZero() || bob.Stay != now.Sub(at(10)) || !bob.Receives || bob.Relay {
			t.Errorf("bob %+v", bob)
		}
		sessions, err := q.Sessions(t.Context(), 1, call)
		if err != nil || sessions[1].Keys["a"] != "1" || sessions[1].Keys["b"] != "2" || !sessions[1].End.IsZero() {
			t.Errorf("bob's session %+v: %v", sessions[1], err)
		}
	})
}

// TestFollow tells each row once, however late it comes.
func TestFollow(t *testing.T) {
	storetest.EveryEngine(t, func(t *testing.T, s *store.Store) {
		call := storetest.CallID(0)
		c := rtc.Call{App: 1, ID: call, Start: storetest.Start, Version: 1}
		x := rtc.Session{App: 1, Call: call, ID: 1, Start: storetest.Start, Version: 1}
		s.Call(&c)
		s.Session(&x)
		var all []rtc.Sample
		storetest.NewGenerator(5, 1, call).Each(3, 60, func(x *rtc.Sample) {
			row := *x
			row.Values = slices.Clone(x.Values)
			all = append(all, row)
		})
		// The second client is cut off for half a minute and then sends what it kept.
		var late []rtc.Sample
		second := all[len(all)/60/3+1].Session
		f := questions(s).Follow(1, call, time.Time{})
		told := map[string]int{}
		next := func() query.Update {
			t.Helper()
			storetest.Flush(t, s)
			u, err := f.Next(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, series := range u.Samples {
				for i, ms := range series.Times {
					told[fmt.Sprint(series.Session, series.Stream, ms)]++
					for _, v := range series.Metrics {
						if len(v) != len(series.Times) {
							t.Fatalf("%d values at %d times, point %d", len(v), len(series.Times), i)
						}
					}
				}
			}
			for _, e := range u.Events {
				told[fmt.Sprint("event", e.Session, e.Index)]++
			}
			return u
		}
		if u := next(); u.Call == nil || len(u.Sessions) != 1 {
			t.Errorf("the first update does not tell the rows as they are: %+v", u)
		}
		for i, row := range all {
			second := row.Session == second
			at := row.Time.Sub(storetest.Start)
			switch {
			case second && at > 15*time.Second && at < 45*time.Second:
				late = append(late, row)
			default:
				if second && late != nil {
					for _, l := range late {
						s.Sample(&l)
					}
					late = nil
				}
				s.Sample(&row)
			}
			s.Event(&rtc.Event{App: 1, Call: call, Session: row.Session, Time: row.Time.Add(-20 * time.Second), Index: uint32(i + 1), Kind: rtc.KindEvent, Name: "e"})
			if i%101 == 0 {
				next()
			}
		}
		x.Version, x.End = 2, storetest.Start.Add(time.Minute)
		s.Session(&x)
		u := next()
		if len(u.Sessions) != 1 || u.Sessions[0].End.IsZero() || u.Call != nil {
			t.Errorf("the last update does not tell what changed: %+v", u)
		}
		if u := next(); !u.Empty() {
			t.Errorf("nothing happened, and this is told: %+v", u)
		}
		for _, row := range all {
			if n := told[fmt.Sprint(row.Session, row.Stream, row.Time.UnixMilli())]; n != 1 {
				t.Fatalf("a sample of %v at %v was told %d times", row.Session, row.Time, n)
			}
		}
		for i, row := range all {
			if n := told[fmt.Sprint("event", row.Session, i+1)]; n != 1 {
				t.Fatalf("event %d was told %d times", i+1, n)
			}
		}
	})
}
