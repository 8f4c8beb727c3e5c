package api

import (
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/klauspost/compress/gzhttp"
	"golang.org/x/sync/errgroup"

	"github.com/peerglass/peerglass/quality"
	"github.com/peerglass/peerglass/query"
	"github.com/peerglass/peerglass/rtc"
	"github.com/peerglass/peerglass/settings"
	"github.com/peerglass/peerglass/store"
	"github.com/peerglass/peerglass/store/clickhouse"
	"github.com/peerglass/peerglass/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

// long is a call of five hours in which twenty users hear and see each other
// through a server; large is one of three hundred.
var (
	long  = storetest.CallID(1)
	large = storetest.CallID(2)
)

const (
	longUsers  = 20
	largeUsers = 300
)

// longSeconds is how long the long call lasts; with -short half an hour, to try
// the benchmark out.
func longSeconds() int {
	if testing.Short() {
		return 1800
	}
	return 5 * 3600
}

// onARealStore is the API over a store, compressed as the program does.
func onARealStore(b *testing.B, s *store.Store) func(path string) (int, error) {
	b.Helper()
	set, err := settings.Open(b.Context(), settings.Options{Dir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = set.Close() })
	if _, err := set.Bootstrap(b.Context()); err != nil {
		b.Fatal(err)
	}
	_, key, err := set.CreateAPIKey(b.Context(), 1, "bench")
	if err != nil {
		b.Fatal(err)
	}
	now := func() time.Time { return storetest.Start.Add(24 * time.Hour) }
	compress, err := gzhttp.NewWrapper(gzhttp.ContentTypes([]string{"application/json"}))
	if err != nil {
		b.Fatal(err)
	}
	handler := compress(New(Options{Settings: set, Query: FromStore(query.New(s.Client(), now)), Version: "bench", Now: now}).Handler())
	return func(path string) (int, error) {
		r := httptest.NewRequestWithContext(b.Context(), http.MethodGet, Prefix+path, nil)
		r.Header.Set("Authorization", "Bearer "+key)
		r.Header.Set("Accept-Encoding", "gzip")
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		if w.Code != http.StatusOK {
			return 0, fmt.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
		return w.Body.Len(), nil
	}
}

// streamsOfLong are how many streams of each kind and direction a user has.
var streamsOfLong = []struct {
	kind      rtc.MediaKind
	direction rtc.Direction
	each      int
}{
	{rtc.KindTransport, rtc.Both, 1}, {rtc.KindClient, rtc.Both, 1}, {rtc.KindAudio, rtc.Send, 1}, {rtc.KindVideo, rtc.Send, 1},
	{rtc.KindAudio, rtc.Receive, longUsers - 1}, {rtc.KindVideo, rtc.Receive, longUsers - 1},
}

// writeLong has the engine itself write the samples, fifteen million with a
// third of all metrics: through the store they would take minutes.
func writeLong(b *testing.B, s *store.Store) {
	b.Helper()
	s.Call(&rtc.Call{App: 1, ID: long, Room: "workshop", Start: storetest.Start, End: storetest.Start.Add(time.Duration(longSeconds()) * time.Second), Users: longUsers, Sessions: longUsers, Peak: longUsers, Version: 1})
	for n := range longUsers {
		s.Session(&rtc.Session{App: 1, Call: long, ID: rtc.SessionID(n + 1), User: fmt.Sprintf("user-%d", n), Start: storetest.Start, End: storetest.Start.Add(time.Duration(longSeconds()) * time.Second), Version: 1})
	}
	storetest.Flush(b, s)
	first := 1
	for _, x := range streamsOfLong {
		var names, values []string
		for _, m := range quality.Catalogue() {
			if m.Has(x.kind, x.direction) && (m.Index()%2 == 0 || slices.Contains(cardMetrics, m.ID)) {
				names = append(names, store.MetricColumn(m))
				values = append(values, fmt.Sprintf("toInt32(if(h %% %d = 0, 0, 1000 + bitShiftRight(h, %d) %% 97))", 5+m.Index()%9, m.Index()%40))
			}
		}
		sql := `INSERT INTO samples (app, call, session, stream, time, interval, kind, direction, codec, ` + strings.Join(names, ", ") + `)
			SELECT 1, {call:UInt64}, 1 + intDiv(number, {each:UInt64} * {seconds:UInt64}), {first:UInt32} + intDiv(number, {seconds:UInt64}) % {each:UInt64},
				fromUnixTimestamp64Milli({start:Int64} + toInt64(1 + number % {seconds:UInt64}) * 1000 + toInt64(h % 9)), 1000, toUInt8({kind:UInt8}), toUInt8({direction:UInt8}), 'audio/opus', ` + strings.Join(values, ", ") + `
			FROM (SELECT number, cityHash64(number, {kind:UInt8}) AS h FROM numbers({users:UInt64} * {each:UInt64} * {seconds:UInt64}))`
		exec(b, s, sql, clickhouse.Uint("call", long), clickhouse.Uint("each", uint64(x.each)), clickhouse.Uint("seconds", uint64(longSeconds())), clickhouse.Uint("first", uint32(first)),
			clickhouse.Int("start", storetest.Start.UnixMilli()), clickhouse.Uint("kind", x.kind), clickhouse.Uint("direction", x.direction), clickhouse.Uint("users", uint64(longUsers)))
		first += x.each
	}
}

func exec(b *testing.B, s *store.Store, sql string, params ...clickhouse.Param) {
	b.Helper()
	if err := s.Client().Exec(b.Context(), clickhouse.Question{SQL: sql, Params: params, Settings: []string{"workload", "heavy", "max_threads", "1", "max_block_size", "65536", "min_insert_block_size_rows", "131072"}}); err != nil {
		b.Fatal(err)
	}
}

// writeLarge writes a call of hundreds: each with a stay, a connection, twelve
// streams and what came of it.
func writeLarge(b *testing.B, s *store.Store) {
	b.Helper()
	start, end := large.Time(), large.Time().Add(20*time.Minute)
	s.Call(&rtc.Call{App: 1, ID: large, Room: "all hands", Start: start, End: end, Users: largeUsers, Sessions: largeUsers, Peak: largeUsers, Version: 1})
	for n := range largeUsers {
		id := rtc.SessionID(rtc.NewID(start.UnixMilli(), uint64(n)))
		s.Session(&rtc.Session{App: 1, Call: large, ID: id, Room: "all hands", User: fmt.Sprintf("user-%d", n), UserName: fmt.Sprintf("User %d", n), Role: "guest", Start: start, End: end, EndReason: "leave",
			Protocol: "native", SDK: "peerglass", SDKVersion: "1.0", Browser: "Chrome", BrowserVersion: "149", OS: "Windows", Device: "PC", Network: "wifi", Region: "DE, Berlin", Sends: true, Receives: true, Version: 1})
		s.Connection(&rtc.Connection{App: 1, Call: large, Session: id, ID: 1, Start: start, End: end, State: "closed", Version: 1})
		s.Outcome(&rtc.Outcome{App: 1, Call: large, Session: id, Tried: true, Joined: true, Join: 800, Score: 8, ScoreVersion: 1, Version: 1,
			Reasons: []rtc.Reason{{ID: "video_stutter", Points: 2, Text: "video stood still for 4 s"}}})
		for i := range 12 {
			s.Stream(&rtc.Stream{App: 1, Call: large, Session: id, ID: rtc.StreamID(i + 1), Connection: 1, Kind: rtc.KindVideo, Direction: rtc.Receive, RemoteUser: fmt.Sprintf("user-%d", i), Start: start, End: end, Version: 1})
		}
	}
	storetest.Flush(b, s)
}

// cardMetrics are what the card of a user draws.
var cardMetrics = []string{quality.Bitrate.ID, quality.VideoStutterTime.ID, quality.AudioStutterTime.ID}

// BenchmarkConsole asks what pages of the console ask, from the request to the
// last compressed byte of the answer.
func BenchmarkConsole(b *testing.B) {
	o := storetest.Embedded(b)
	o.Now = func() time.Time { return storetest.Start.Add(24 * time.Hour) }
	s := storetest.Open(b, o)
	writeLong(b, s)
	writeLarge(b, s)
	began, cpu := time.Now(), storetest.CPU(o.Engine)
	if err := s.Condense(b.Context(), time.Time{}); err != nil {
		b.Fatal(err)
	}
	b.Run("condense", func(b *testing.B) {
		took, cpu := time.Since(began), storetest.CPU(o.Engine)-cpu // once, before
		for b.Loop() {
			b.ReportMetric(took.Seconds(), "s")
			b.ReportMetric(cpu.Seconds(), "engine-s")
			b.ReportMetric(0, "ns/op")
		}
	})
	ask := onARealStore(b, s)

	samples := fmt.Sprintf("/apps/1/calls/%s/samples?", long)
	cards := samples + "kind=audio&kind=video&kind=screen&direction=receive&width=600&metrics=" + strings.Join(cardMetrics, "&metrics=")
	of := func(sessions int) string {
		var path strings.Builder
		for n := range sessions {
			fmt.Fprintf(&path, "&session=%s", rtc.SessionID(n+1))
		}
		return path.String()
	}
	whole := fmt.Sprintf("&from=%d&to=%d", storetest.Start.UnixMilli(), storetest.Start.Add(time.Duration(longSeconds())*time.Second).UnixMilli())
	middle := storetest.Start.Add(time.Duration(longSeconds()/2) * time.Second)
	minutes := fmt.Sprintf("&from=%d&to=%d", middle.UnixMilli(), middle.Add(5*time.Minute).UnixMilli())
	// The quality view asks for each user in sight by itself, and a browser has
	// six questions under way.
	view := samples + "kind=audio&kind=video&kind=screen&kind=transport&direction=receive&direction=both&width=580&extremes=true&metrics=" + strings.Join(cardMetrics, "&metrics=") + whole
	var users []string
	for n := range longUsers {
		users = append(users, view+"&session="+rtc.SessionID(n+1).String())
	}
	for _, page := range []struct {
		name  string
		paths []string
	}{
		{"long-20-users/quality-view", users},
		{"long-20-users/all-cards", []string{cards + whole}},
		{"long-20-users/six-cards", []string{cards + whole + of(6)}},
		{"long-20-users/one-card", []string{cards + whole + of(1)}},
		{"long-20-users/one-user-everything", []string{samples + "width=600&extremes=true" + whole + of(1)}},
		{"long-20-users/five-minutes-of-one-card", []string{cards + minutes + of(1)}},
		{"long-20-users/five-minutes-of-six-cards", []string{cards + minutes + of(6)}},
		{"300-users/call", []string{fmt.Sprintf("/apps/1/calls/%s", large)}},
		{"300-users/streams", []string{fmt.Sprintf("/apps/1/calls/%s/streams", large)}},
	} {
		b.Run(page.name, func(b *testing.B) {
			bytes := int64(0)
			for b.Loop() {
				const runs = 20
				took := make([]time.Duration, 0, runs)
				before := storetest.CPU(o.Engine)
				for range runs {
					began := time.Now()
					var sum atomic.Int64
					var group errgroup.Group
					group.SetLimit(6)
					for _, path := range page.paths {
						group.Go(func() error {
							n, err := ask(path)
							sum.Add(int64(n))
							return err
						})
					}
					if err := group.Wait(); err != nil {
						b.Fatal(err)
					}
					bytes = sum.Load()
					took = append(took, time.Since(began))
				}
				slices.Sort(took)
				b.ReportMetric(float64(took[runs/2].Microseconds())/1000, "p50-ms")
				b.ReportMetric(float64(took[runs*95/100].Microseconds())/1000, "p95-ms")
				b.ReportMetric(float64((storetest.CPU(o.Engine)-before).Milliseconds())/runs, "engine-ms/op")
				b.ReportMetric(0, "ns/op")
			}
			b.ReportMetric(float64(bytes), "bytes")
		})
	}
}

// BenchmarkWriteSamples writes the answer for the cards of twenty users.
func BenchmarkWriteSamples(b *testing.B) {
	set := Samples{StepMs: 60_000}
	for n := range longUsers * (longUsers - 1) * 2 {
		x := Series{Session: rtc.SessionID(n).String(), Stream: uint32(n), Kind: "video", Direction: "receive", Values: map[string]Figures{}}
		for i := range 300 {
			x.Times = append(x.Times, storetest.Start.UnixMilli()+int64(i)*60_000)
			x.Intervals = append(x.Intervals, 60_000)
		}
		for _, id := range cardMetrics[:2] {
			f := make(Figures, 300)
			for i := range f {
				f[i] = float32(1_200_000 + i*n%100_000)
			}
			x.Values[id] = f
		}
		set.Series = append(set.Series, x)
	}
	for _, w := range []struct {
		name string
		to   func() io.Writer
	}{{"plain", func() io.Writer { return io.Discard }}, {"gzip", func() io.Writer { return gzip.NewWriter(io.Discard) }}} {
		b.Run(w.name, func(b *testing.B) {
			for b.Loop() {
				if err := set.writeJSON(w.to()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
