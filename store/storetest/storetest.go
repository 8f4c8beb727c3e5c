package storetest

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/peerglass/peerglass/rtc"
	"github.com/peerglass/peerglass/store"
	"github.com/peerglass/peerglass/store/clickhouse"
	"github.com/peerglass/peerglass/store/engine"
)

// childEnv makes the test binary the engine's child.
const childEnv = "PEERGLASS_TEST_ENGINE_CHILD"

// Main is the TestMain of a package whose tests use an engine: the test binary
// is the embedded engine's child as well.
func Main(m *testing.M) {
	if os.Getenv(childEnv) != "" {
		os.Exit(engine.Main(os.Args[1:]))
	}
	os.Exit(m.Run())
}

// EveryEngine runs a test on an empty store of each engine there is; one that
// is missing is skipped with a reason.
func EveryEngine(t *testing.T, test func(t *testing.T, s *store.Store)) {
	t.Run("embedded", func(t *testing.T) { test(t, Open(t, Embedded(t))) })
	t.Run("server", func(t *testing.T) { test(t, Open(t, Server(t))) })
}

// Open opens a store and closes it after the test.
func Open(t testing.TB, o store.Options) *store.Store {
	t.Helper()
	s, err := store.Open(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return s
}

// Embedded starts an embedded engine on an empty folder, or skips the test.
func Embedded(t testing.TB) store.Options {
	return store.Options{MaxAge: time.Millisecond, Log: quiet, Engine: Engine(t, t.TempDir())}
}

// Engine starts an embedded engine on dir, or skips the test.
func Engine(t testing.TB, dir string) *engine.Engine {
	t.Helper()
	if _, err := engine.FindLibrary(""); err != nil {
		t.Skip(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	e, err := engine.Start(context.Background(), engine.Options{Dir: dir, Command: []string{self}, Env: []string{childEnv + "=1"}, Log: quiet})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return e
}

var quiet = slog.New(slog.DiscardHandler)

// Server makes a database on the ClickHouse that CLICKHOUSE_TEST_DSN names, or
// skips the test.
func Server(t testing.TB) store.Options {
	t.Helper()
	dsn := os.Getenv("CLICKHOUSE_TEST_DSN")
	if dsn == "" {
		t.Skip("CLICKHOUSE_TEST_DSN names no second ClickHouse, as in http://default:@localhost:8123")
	}
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	name := fmt.Sprintf("peerglass_test_%d_%s", os.Getpid(), strings.ToLower(strings.NewReplacer("/", "_", "-", "_").Replace(t.Name())))
	u.Path = "/" + name
	t.Cleanup(func() {
		c, err := clickhouse.New(clickhouse.Options{URL: dsn})
		if err == nil {
			err = c.Exec(context.Background(), clickhouse.Question{SQL: "DROP DATABASE IF EXISTS " + clickhouse.Quote(name)})
		}
		if err != nil {
			t.Errorf("drop the test's database: %v", err)
		}
	})
	return store.Options{MaxAge: time.Millisecond, URL: u.String(), Log: quiet}
}

// Flush waits until every row is stored.
func Flush(t testing.TB, s *store.Store) {
	t.Helper()
	if err := s.Flush(context.Background()); err != nil {
		t.Fatal(err)
	}
}

// Start is when the calls of tests begin.
var Start = time.Date(2026, 3, 4, 10, 0, 0, 0, time.UTC)

// CallID is the id of a call that began n minutes after Start.
func CallID(n int) rtc.CallID {
	return rtc.CallID(rtc.NewID(Start.Add(time.Duration(n)*time.Minute).UnixMilli(), uint64(n)))
}

// CPU returns the processor time that the engine's process has used. Unlike a
// clock it tells the same on a machine that does other things as well. It is 0
// where the system does not tell.
func CPU(e *engine.Engine) time.Duration {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", e.Pid()))
	if err != nil {
		return 0
	}
	// The second field, in brackets, may hold spaces.
	_, rest, _ := strings.Cut(string(stat), ") ")
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0
	}
	user, _ := strconv.ParseInt(fields[11], 10, 64)
	system, _ := strconv.ParseInt(fields[12], 10, 64)
	return time.Duration(user+system) * 10 * time.Millisecond // 100 ticks a second on every Linux we run on
}
