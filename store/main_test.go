package store

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/peerglass/peerglass/rtc"
	"github.com/peerglass/peerglass/store/clickhouse"
	"github.com/peerglass/peerglass/store/engine"
)

// childEnv makes the test binary the engine's child.
const childEnv = "PEERGLASS_TEST_ENGINE_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(childEnv) != "" {
		os.Exit(engine.Main(os.Args[1:]))
	}
	os.Exit(m.Run())
}

// everyEngine runs a test on each engine there is, on an empty store each
// time; one that is missing is skipped with a reason.
func everyEngine(t *testing.T, test func(t *testing.T, s *Store)) {
	for _, e := range []struct {
		name string
		open func(t testing.TB) Options
	}{{"embedded", embedded}, {"server", server}} {
		t.Run(e.name, func(t *testing.T) {
			s, err := Open(t.Context(), e.open(t))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := s.Close(context.Background()); err != nil {
					t.Error(err)
				}
			})
			test(t, s)
		})
	}
}

func embedded(t testing.TB) Options {
	if _, err := engine.FindLibrary(""); err != nil {
		t.Skip(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	e, err := engine.Start(context.Background(), engine.Options{
		Dir: t.TempDir(), Command: []string{self}, Env: []string{childEnv + "=1"}, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return Options{MaxAge: time.Millisecond, Log: log, Engine: e}
}

func server(t testing.TB) Options {
	dsn := os.Getenv("CLICKHOUSE_TEST_DSN")
	if dsn == "" {
		t.Skip("CLICKHOUSE_TEST_DSN names no second ClickHouse, as in http://default:@localhost:8123")
	}
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = fmt.Sprintf("peerglass_test_%d", os.Getpid()) + strings.ToLower(strings.NewReplacer("/", "_", "-", "_").Replace(t.Name()))
	o := Options{MaxAge: time.Millisecond, URL: u.String(), Log: slog.New(slog.DiscardHandler)}
	t.Cleanup(func() {
		c, err := clickhouse.New(clickhouse.Options{URL: dsn})
		if err == nil {
			c.Exec(context.Background(), clickhouse.Question{SQL: "DROP DATABASE IF EXISTS " + clickhouse.Quote(strings.Trim(u.Path, "/"))})
		}
	})
	return o
}

// flush waits until every row is stored.
func flush(t testing.TB, s *Store) {
	t.Helper()
	if err := s.Flush(context.Background()); err != nil {
		t.Fatal(err)
	}
}

var testStart = time.Date(2026, 3, 4, 10, 0, 0, 0, time.UTC)

func callID(n int) rtc.CallID {
	return rtc.CallID(rtc.NewID(testStart.Add(time.Duration(n)*time.Minute).UnixMilli(), uint64(n)))
}
