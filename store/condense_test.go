package store_test

import (
	"testing"
	"time"

	"github.com/peerglass/peerglass/rtc"
	"github.com/peerglass/peerglass/store"
	"github.com/peerglass/peerglass/store/clickhouse"
	"github.com/peerglass/peerglass/store/storetest"
)

// untilOf tells until when a call is condensed, in seconds after Start; 0 is not.
func untilOf(t *testing.T, s *store.Store, call rtc.CallID) int64 {
	t.Helper()
	ms := count(t, s, "SELECT toInt64(max(toUnixTimestamp64Milli(until))) FROM (SELECT until FROM condensed FINAL WHERE call = {call:UInt64})", clickhouse.Uint("call", call))
	if ms == 0 {
		return 0
	}
	return (ms - storetest.Start.UnixMilli()) / 1000
}

// TestWhatIsCondensed proves when calls are, and until when.
func TestWhatIsCondensed(t *testing.T) {
	const minute = time.Minute
	for n, test := range []struct {
		name   string
		ended  time.Duration // after Start; 0: goes on
		peak   int
		now    time.Duration
		before time.Duration // condensed before that too
		want   time.Duration
	}{
		{"a long call that is over", 60 * minute, 4, 70 * minute, 0, 65 * minute},
		{"not before late samples may still come", 60 * minute, 4, 64 * minute, 0, 0},
		{"a short call", 14 * minute, 20, 70 * minute, 0, 0},
		{"a call of two with few samples", 60 * minute, 2, 70 * minute, 0, 0},
		{"a small call that goes on", 0, 4, 70 * minute, 0, 0},
		{"a large call that goes on", 0, 20, 40*minute + 3*time.Second, 0, 35 * minute},
		{"a large call that goes on, further", 0, 20, 55 * minute, 40 * minute, 50 * minute},
		{"a large call that goes on, too soon", 0, 20, 48 * minute, 40 * minute, 35 * minute},
		{"a large call that is over now", 50 * minute, 20, 57 * minute, 40 * minute, 52 * minute},
	} {
		t.Run(test.name, func(t *testing.T) {
			o := storetest.Embedded(t)
			now := storetest.Start
			o.Now = func() time.Time { return now }
			s := storetest.Open(t, o)
			call := rtc.Call{App: 1, ID: storetest.CallID(0) + rtc.CallID(n), Start: storetest.Start, Peak: test.peak, Version: 1}
			if test.ended > 0 && test.before == 0 {
				call.End = storetest.Start.Add(test.ended)
			}
			s.Call(&call)
			for i := range 3000 {
				s.Sample(&rtc.Sample{App: 1, Call: call.ID, Session: 1, Stream: 1, Time: storetest.Start.Add(time.Duration(i+1) * time.Second), Interval: time.Second})
			}
			storetest.Flush(t, s)
			condense := func(at time.Duration) {
				t.Helper()
				now = storetest.Start.Add(at)
				if err := s.Condense(t.Context(), storetest.Start.Add(-time.Hour)); err != nil {
					t.Fatal(err)
				}
			}
			if test.before > 0 {
				condense(test.before)
			}
			if test.ended > 0 && test.before > 0 {
				call.End, call.Version = storetest.Start.Add(test.ended), 2
				s.Call(&call)
				storetest.Flush(t, s)
			}
			condense(test.now)
			if got := untilOf(t, s, call.ID); got != int64(test.want.Seconds()) {
				t.Errorf("condensed until %d s, want %v", got, test.want)
			}
			want := test.want.Milliseconds() / store.Slot
			if want > 0 {
				want = min(want, 3000_000/store.Slot+1) // the last sample begins an interval of its own
			}
			if got := count(t, s, "SELECT toInt64(count()) FROM intervals FINAL"); got != want {
				t.Errorf("%d intervals, want %d", got, want)
			}
		})
	}
}

// TestLateSamplesTakeBack proves that what comes late is not missing: it is not
// condensed any more from there on, and then again.
func TestLateSamplesTakeBack(t *testing.T) {
	o := storetest.Embedded(t)
	now := storetest.Start.Add(70 * time.Minute)
	o.Now = func() time.Time { return now }
	s := storetest.Open(t, o)
	call, other := storetest.CallID(0), storetest.CallID(0)+1
	for _, id := range []rtc.CallID{call, other} {
		s.Call(&rtc.Call{App: 1, ID: id, Start: storetest.Start, End: storetest.Start.Add(time.Hour), Peak: 10, Version: 1})
		s.Sample(&rtc.Sample{App: 1, Call: id, Session: 1, Stream: 1, Time: storetest.Start.Add(time.Minute), Interval: time.Second})
	}
	condense := func() {
		t.Helper()
		storetest.Flush(t, s)
		if err := s.Condense(t.Context(), time.Time{}); err != nil {
			t.Fatal(err)
		}
	}
	condense()
	if untilOf(t, s, call) != 65*60 || untilOf(t, s, other) != 65*60 {
		t.Fatalf("condensed until %d and %d s", untilOf(t, s, call), untilOf(t, s, other))
	}
	for _, at := range []time.Duration{50*time.Minute + 3*time.Second, 40*time.Minute + 14*time.Second, 69 * time.Minute} {
		s.Sample(&rtc.Sample{App: 1, Call: call, Session: 1, Stream: 1, Time: storetest.Start.Add(at), Interval: time.Second})
	}
	s.Sample(&rtc.Sample{App: 2, Call: other, Session: 1, Stream: 1, Time: storetest.Start.Add(time.Minute), Interval: time.Second})
	storetest.Flush(t, s)
	if got := untilOf(t, s, call); got != 40*60 {
		t.Errorf("with late samples it is condensed until %d s, want 2400", got)
	}
	if got := untilOf(t, s, other); got != 65*60 {
		t.Errorf("another app's late samples take this one's back to %d s", got)
	}
	condense()
	if got := untilOf(t, s, call); got != 65*60 {
		t.Errorf("condensed again until %d s", got)
	}
	if got := count(t, s, "SELECT toInt64(count()) FROM intervals FINAL WHERE call = {call:UInt64}", clickhouse.Uint("call", call)); got != 3 {
		t.Errorf("%d intervals, want 3", got)
	}
	if err := s.Forget(t.Context(), 1, call, []rtc.SessionID{1}); err != nil {
		t.Fatal(err)
	}
	if left := count(t, s, "SELECT toInt64(count()) FROM intervals FINAL WHERE call = {call:UInt64}", clickhouse.Uint("call", call)); left != 0 || untilOf(t, s, call) > 0 {
		t.Errorf("forgotten: %d intervals left, condensed until %d s", left, untilOf(t, s, call))
	}
}

// TestIntervalsGoWithTheirSamples proves that what is condensed is not kept
// longer than what it comes from.
func TestIntervalsGoWithTheirSamples(t *testing.T) {
	const day = 24 * time.Hour
	for _, test := range []struct {
		name   string
		policy func(bytes int64) store.Policy
		left   int64
	}{
		{"by age", func(int64) store.Policy { return store.Policy{Default: store.Keep{Samples: 2 * day}} }, 3},
		{"of an app", func(int64) store.Policy {
			return store.Policy{Apps: map[rtc.AppID]store.Keep{1: {Samples: 2 * day}}}
		}, 2}, // to the hour
		{"by size", func(bytes int64) store.Policy { return store.Policy{DiskCap: bytes * 3 / 4} }, -1},
	} {
		t.Run(test.name, func(t *testing.T) {
			o := storetest.Embedded(t)
			now := storetest.Start.Add(8 * day)
			o.Now = func() time.Time { return now }
			s := storetest.Open(t, o)
			for ago := range 8 {
				start := now.Add(-time.Duration(ago)*day - time.Hour)
				call := rtc.CallID(rtc.NewID(start.UnixMilli(), 1))
				s.Call(&rtc.Call{App: 1, ID: call, Start: start, End: start.Add(30 * time.Minute), Peak: 20, Version: 1})
				s.Sample(&rtc.Sample{App: 1, Call: call, Session: 1, Stream: 1, Time: start.Add(time.Second), Interval: time.Second})
			}
			storetest.Flush(t, s)
			if err := s.Condense(t.Context(), time.Time{}); err != nil {
				t.Fatal(err)
			}
			if got := count(t, s, "SELECT toInt64(count()) FROM intervals FINAL"); got != 8 {
				t.Fatalf("%d intervals, want 8", got)
			}
			bytes := count(t, s, "SELECT toInt64(sum(bytes_on_disk)) FROM system.parts WHERE active AND database = currentDatabase() AND match(partition_id, '^[0-9]{6,8}$')")
			if err := s.Retain(t.Context(), test.policy(bytes)); err != nil {
				t.Fatal(err)
			}
			samples, intervals := count(t, s, "SELECT toInt64(count()) FROM samples FINAL"), count(t, s, "SELECT toInt64(count()) FROM intervals FINAL")
			if samples != intervals || test.left >= 0 && samples != test.left || samples == 8 || samples == 0 {
				t.Errorf("%d samples and %d intervals are left, want %d", samples, intervals, test.left)
			}
			if err := s.Condense(t.Context(), time.Time{}); err != nil { // nothing comes back, nothing is looked for again
				t.Fatal(err)
			}
			if got := count(t, s, "SELECT toInt64(count()) FROM intervals FINAL"); got != intervals {
				t.Errorf("%d intervals, want %d", got, intervals)
			}
		})
	}
}

// TestFormerIntervalsAreMadeAnew opens a store whose intervals are as they were
// before schema 13: none of them is left or answered from, and the call is
// condensed again.
func TestFormerIntervalsAreMadeAnew(t *testing.T) {
	o := storetest.Embedded(t)
	o.Now = func() time.Time { return storetest.Start.Add(70 * time.Minute) }
	s := storetest.Open(t, o)
	call := storetest.CallID(0)
	s.Call(&rtc.Call{App: 1, ID: call, Start: storetest.Start, End: storetest.Start.Add(time.Hour), Peak: 10, Version: 1})
	s.Sample(&rtc.Sample{App: 1, Call: call, Session: 1, Stream: 1, Time: storetest.Start.Add(time.Minute), Interval: time.Second})
	storetest.Flush(t, s)
	for _, sql := range []string{
		"DROP TABLE intervals",
		"CREATE TABLE intervals (app UInt32, call UInt64, session UInt64, stream UInt32, slot DateTime('UTC'), time DateTime64(3, 'UTC'), s_bitrate Int64, version UInt64) ENGINE = ReplacingMergeTree(version) ORDER BY (app, call, session, stream, slot)",
		"INSERT INTO intervals (app, call, session, stream, version) VALUES (1, 7, 1, 1, 1)",
		"INSERT INTO condensed SELECT 1, call, now64(3), 5 FROM calls",
		"ALTER TABLE schema_versions DELETE WHERE version = 13 SETTINGS mutations_sync = 1",
	} {
		if err := s.Client().Exec(t.Context(), clickhouse.Question{SQL: sql}); err != nil {
			t.Fatal(err)
		}
	}
	s = storetest.Open(t, o)
	if left := count(t, s, "SELECT toInt64(count()) FROM intervals"); left != 0 || untilOf(t, s, call) != 0 {
		t.Fatalf("%d former intervals are left, condensed until %d s", left, untilOf(t, s, call))
	}
	if err := s.Condense(t.Context(), time.Time{}); err != nil {
		t.Fatal(err)
	}
	if made := count(t, s, "SELECT toInt64(count()) FROM intervals FINAL"); made != 1 || untilOf(t, s, call) != 65*60 {
		t.Errorf("%d intervals are made, condensed until %d s", made, untilOf(t, s, call))
	}
}
