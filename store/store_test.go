package store_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ClickHouse/ch-go/proto"

	"github.com/peerglass/peerglass/quality"
	"github.com/peerglass/peerglass/rtc"
	"github.com/peerglass/peerglass/session"
	"github.com/peerglass/peerglass/store"
	"github.com/peerglass/peerglass/store/clickhouse"
	"github.com/peerglass/peerglass/store/storetest"
)

var _ session.Sink = (*store.Store)(nil)

func TestMain(m *testing.M) { storetest.Main(m) }

// count asks for one number.
func count(t testing.TB, s *store.Store, sql string, params ...clickhouse.Param) int64 {
	t.Helper()
	var n proto.ColInt64
	var got int64
	err := s.Client().Select(t.Context(), clickhouse.Question{SQL: sql, Params: params}, proto.Results{{Data: &n}}, func(int) error { got = n[0]; return nil })
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestWritingTwiceChangesNothing(t *testing.T) {
	storetest.EveryEngine(t, func(t *testing.T, s *store.Store) {
		call := storetest.CallID(1)
		write := func() int64 {
			rows := int64(0)
			storetest.NewGenerator(1, 1, call).Each(3, 40, func(x *rtc.Sample) { s.Sample(x); rows++ })
			for i := range uint32(50) {
				s.Event(&rtc.Event{App: 1, Call: call, Session: 7, Time: storetest.Start, Index: i + 1, Kind: rtc.KindCall, Name: "createOffer", Value: `{"a":1}`})
			}
			storetest.Flush(t, s)
			return rows
		}
		write()
		rows := write()
		if got := count(t, s, "SELECT toInt64(count()) FROM samples FINAL"); got != rows {
			t.Errorf("%d samples after writing %d twice", got, rows)
		}
		if got := count(t, s, "SELECT toInt64(count()) FROM events FINAL"); got != 50 {
			t.Errorf("%d events after writing 50 twice", got)
		}
		if got := s.Backlog(); got != 0 {
			t.Errorf("backlog %d after everything is stored", got)
		}
	})
}

func TestAnEngineThatDiesLosesNothing(t *testing.T) {
	o := storetest.Embedded(t)
	s := storetest.Open(t, o)
	rows := int64(0)
	g := storetest.NewGenerator(1, 1, storetest.CallID(1))
	g.Each(4, 60, func(x *rtc.Sample) {
		s.Sample(x)
		if rows++; rows%300 == 0 {
			kill(t, o.Engine.Pid())
		}
	})
	storetest.Flush(t, s)
	if got := count(t, s, "SELECT toInt64(count()) FROM samples FINAL"); got != rows {
		t.Errorf("%d samples stored, want %d", got, rows)
	}
	if _, err := s.Trouble(); err != nil {
		t.Errorf("all is well again, but the store says %v", err)
	}
}

func kill(t *testing.T, pid int) {
	t.Helper()
	if pid == 0 {
		return // it is just being started again
	}
	p, err := os.FindProcess(pid)
	if err == nil {
		err = p.Kill()
	}
	if err != nil && !errors.Is(err, os.ErrProcessDone) {
		t.Fatal(err)
	}
}

// TestReopening proves that a start on an existing store changes nothing, and
// that calls in progress are found.
func TestReopening(t *testing.T) {
	dir := t.TempDir()
	open := rtc.Call{App: 3, ID: storetest.CallID(2), Room: "r", RoomName: "Room", Start: storetest.Start, Users: 2, Sessions: 3, Peak: 2, Version: 4}
	ended := rtc.Call{App: 3, ID: storetest.CallID(1), Room: "r", Start: storetest.Start, Version: 1}
	func() {
		e := storetest.Engine(t, dir)
		s := storetest.Open(t, store.Options{Engine: e, MaxAge: time.Millisecond})
		s.Call(&open)
		s.Call(&ended)
		storetest.Flush(t, s)
		ended.End, ended.Version = storetest.Start.Add(time.Minute), 2
		s.Call(&ended)
		storetest.NewGenerator(1, 3, storetest.CallID(2)).Each(2, 10, s.Sample)
		// Not flushed: Close does it.
		if err := s.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		e.Close()
	}()
	s := storetest.Open(t, store.Options{Engine: storetest.Engine(t, dir), MaxAge: time.Millisecond})
	got, err := s.OpenCalls(t.Context())
	if err != nil || len(got) != 1 || got[0] != open {
		t.Errorf("calls in progress %+v, want %+v: %v", got, open, err)
	}
	if n := count(t, s, "SELECT toInt64(count()) FROM samples FINAL"); n != 100 {
		t.Errorf("%d samples, want 100", n)
	}
	if err := s.Durable(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestValuesComeBackAsTheyWere writes what is at the edges of a metric's range.
func TestValuesComeBackAsTheyWere(t *testing.T) {
	storetest.EveryEngine(t, func(t *testing.T, s *store.Store) {
		x := rtc.Sample{App: 1, Call: storetest.CallID(0), Session: 1, Stream: 1, Time: storetest.Start, Interval: time.Second, Kind: rtc.KindVideo, Direction: rtc.Receive}
		lost := quality.PacketsLost
		for i, v := range []float32{rtc.Null, 0, 1, -1, -7, 65535, 1e12, -1e12} {
			x.Values = make([]float32, len(quality.Catalogue()))
			for m := range x.Values {
				x.Values[m] = rtc.Null
			}
			x.Values[lost.Index()] = v
			x.Time = storetest.Start.Add(time.Duration(i) * time.Second)
			s.Sample(&x)
		}
		x.Values, x.Time = nil, storetest.Start.Add(time.Minute) // too few values are as good as none
		s.Sample(&x)
		storetest.Flush(t, s)
		var got []float32
		var column proto.ColFloat32
		err := s.Client().Select(t.Context(), clickhouse.Question{SQL: "SELECT packets_lost FROM measurements ORDER BY time"}, proto.Results{{Data: &column}}, func(int) error {
			got = append(got, column...)
			return nil
		})
		want := []float32{rtc.Null, 0, 1, -1, -7, 65535, 1 << 31, -1 << 31, rtc.Null}
		if err != nil || !slices.EqualFunc(got, want, func(a, b float32) bool { return a == b || rtc.IsNull(a) && rtc.IsNull(b) }) {
			t.Errorf("got %v, want %v: %v", got, want, err)
		}
	})
}

func TestRetention(t *testing.T) {
	const day = 24 * time.Hour
	now := storetest.Start.Add(16 * day)
	fill := func(t *testing.T, s *store.Store) {
		for ago := range 16 {
			for app := rtc.AppID(1); app <= 2; app++ {
				start := now.Add(-time.Duration(ago) * day)
				call := rtc.CallID(rtc.NewID(start.UnixMilli(), uint64(app)))
				s.Call(&rtc.Call{App: app, ID: call, Start: start, End: start.Add(time.Minute), Version: 1})
				s.Sample(&rtc.Sample{App: app, Call: call, Session: 1, Stream: 1, Time: start, Interval: time.Second})
				s.Event(&rtc.Event{App: app, Call: call, Session: 1, Time: start, Index: 1, Kind: rtc.KindOpen})
			}
		}
		storetest.Flush(t, s)
	}
	rows := func(t *testing.T, s *store.Store, table string, app rtc.AppID) int64 {
		return count(t, s, "SELECT toInt64(count()) FROM "+table+" WHERE app = {app:UInt32}", clickhouse.Uint("app", app))
	}
	for _, test := range []struct {
		name   string
		policy store.Policy
		want   [2][3]int64 // app 1 and 2: samples, events, calls; days are dropped whole
	}{
		{"all is kept", store.Policy{}, [2][3]int64{{16, 16, 16}, {16, 16, 16}}},
		{"by table", store.Policy{Default: store.Keep{Samples: 3 * day, Events: 6 * day}}, [2][3]int64{{4, 7, 16}, {4, 7, 16}}},
		{"an app keeps less", store.Policy{Default: store.Keep{Samples: 8 * day}, Apps: map[rtc.AppID]store.Keep{2: {Samples: 2 * day, Calls: 3 * day}}}, [2][3]int64{{9, 16, 16}, {3, 16, 4}}},
		{"an app keeps more", store.Policy{Default: store.Keep{Events: 2 * day}, Apps: map[rtc.AppID]store.Keep{2: {Events: 9 * day}}}, [2][3]int64{{16, 3, 16}, {16, 10, 16}}},
		{"an app keeps all", store.Policy{Default: store.Keep{Events: 2 * day}, Apps: map[rtc.AppID]store.Keep{2: {}}}, [2][3]int64{{16, 3, 16}, {16, 16, 16}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			o := storetest.Embedded(t)
			o.Now = func() time.Time { return now }
			s := storetest.Open(t, o)
			fill(t, s)
			for range 2 { // the second pass finds nothing to do
				if err := s.Retain(t.Context(), test.policy); err != nil {
					t.Fatal(err)
				}
				for app := rtc.AppID(1); app <= 2; app++ {
					got := [3]int64{rows(t, s, "samples", app), rows(t, s, "events", app), rows(t, s, "calls", app)}
					if got != test.want[app-1] {
						t.Errorf("app %d keeps %v, want %v", app, got, test.want[app-1])
					}
				}
			}
		})
	}
	t.Run("the oldest samples go first when the disk is full", func(t *testing.T) {
		o := storetest.Embedded(t)
		o.Now = func() time.Time { return now }
		s := storetest.Open(t, o)
		fill(t, s)
		bytes := count(t, s, "SELECT toInt64(sum(bytes_on_disk)) FROM system.parts WHERE active AND database = currentDatabase() AND match(partition_id, '^[0-9]{6,8}$')")
		if err := s.Retain(t.Context(), store.Policy{DiskCap: bytes * 9 / 10}); err != nil {
			t.Fatal(err)
		}
		left := rows(t, s, "samples", 1)
		oldest := count(t, s, "SELECT toInt64(toUnixTimestamp64Milli(min(time))) FROM samples")
		if left < 8 || left > 15 || oldest != now.Add(-time.Duration(left-1)*day).UnixMilli() || rows(t, s, "events", 1) != 16 || rows(t, s, "calls", 1) != 16 {
			t.Errorf("%d samples left, the oldest of %v; %d events", left, time.UnixMilli(oldest).UTC(), rows(t, s, "events", 1))
		}
		if err := s.Retain(t.Context(), store.Policy{DiskCap: 1}); err == nil {
			t.Error("a cap that cannot be kept is not an error")
		}
		if rows(t, s, "samples", 1) != 1 || rows(t, s, "calls", 1) != 16 {
			t.Error("today's samples, or calls, were dropped")
		}
	})
}

// TestAStoreThatIsAway proves that callers do not wait for the engine, and that
// the reason is told.
func TestAStoreThatIsAway(t *testing.T) {
	var refuse atomic.Bool
	var inserted atomic.Int64
	tokens := map[string]int{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if token := r.URL.Query().Get("insert_deduplication_token"); token != "" {
			tokens[token]++ // one table's inserts come one after the other
			if refuse.Load() {
				http.Error(w, "Code: 243. DB::Exception: Cannot reserve 1.00 MiB, not enough space. (NOT_ENOUGH_SPACE)", http.StatusInternalServerError)
				return
			}
			inserted.Add(1)
		}
		if strings.Contains(r.URL.Query().Get("query")+body(r), "system.columns") {
			w.Write(stepsAnswer())
		}
	}))
	defer server.Close()
	s := storetest.Open(t, store.Options{URL: server.URL, MaxAge: time.Millisecond, Log: slog.New(slog.DiscardHandler)})
	refuse.Store(true)
	for range 1000 {
		s.Event(&rtc.Event{App: 1, Call: storetest.CallID(0), Session: 1, Time: storetest.Start, Kind: rtc.KindLog, Name: "n"})
	}
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		for {
			if _, err := s.Trouble(); err != nil {
				cancel() // the insert has failed: that is when we lose patience
				return
			}
			runtime.Gosched()
		}
	}()
	err := s.Flush(ctx)
	if err == nil || !strings.Contains(err.Error(), "not enough space") || !errors.Is(err, context.Canceled) {
		t.Errorf("a flush that could not be done says %v", err)
	}
	if s.Backlog() <= 0 {
		t.Error("nothing waits")
	}
	refuse.Store(false)
	storetest.Flush(t, s)
	if s.Backlog() != 0 || inserted.Load() != int64(len(tokens)) {
		t.Errorf("backlog %d; %d inserts acknowledged with %d tokens", s.Backlog(), inserted.Load(), len(tokens))
	}
}

func body(r *http.Request) string {
	b, _ := io.ReadAll(r.Body)
	return string(b)
}

// stepsAnswer is what a server says of the columns of metrics, as a block of
// the Native format.
func stepsAnswer() []byte {
	var name, comment proto.ColStr
	for _, m := range quality.Catalogue() {
		name.Append("n_" + m.ID)
		comment.Append("in steps of " + strconv.FormatFloat(m.Step, 'g', -1, 64))
	}
	var b proto.Buffer
	block := proto.Block{Columns: 2, Rows: name.Rows()}
	if err := block.EncodeRawBlock(&b, 0, []proto.InputColumn{{Name: "name", Data: &name}, {Name: "comment", Data: &comment}}); err != nil {
		panic(err)
	}
	return b.Buf
}
