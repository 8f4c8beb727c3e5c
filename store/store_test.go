package store_test

import (
	"testing"

	"github.com/ClickHouse/ch-go/proto"

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
