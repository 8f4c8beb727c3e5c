package engine_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/peerglass/peerglass/store/engine"
)

// childEnv makes the test binary the engine's child.
const childEnv = "PEERGLASS_TEST_ENGINE_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(childEnv) != "" {
		os.Exit(engine.Main(os.Args[1:]))
	}
	if dir := os.Getenv(holderEnv); dir != "" {
		hold(dir)
	}
	os.Exit(m.Run())
}

// start runs an engine for the test, or skips it where the library is absent.
func start(t *testing.T, change ...func(*engine.Options)) *engine.Engine {
	t.Helper()
	if _, err := engine.FindLibrary(""); err != nil {
		t.Skip(err)
	}
	opts := options(t)
	for _, c := range change {
		c(&opts)
	}
	e, err := engine.Start(context.Background(), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return e
}

func options(t *testing.T) engine.Options {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return engine.Options{
		Dir:     t.TempDir(),
		Command: []string{self},
		Env:     []string{childEnv + "=1"},
		Log:     slog.New(slog.NewTextHandler(t.Output(), nil)),
	}
}

// response is what the engine answered.
type response struct {
	status int
	header http.Header
	body   string
}

// post sends a statement in the URL, with data in the body and further URL
// parameters as name, value, ….
func post(t *testing.T, e *engine.Engine, sql, data string, params ...string) response {
	t.Helper()
	r, err := send(context.Background(), e, sql, strings.NewReader(data), params...)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return r
}

func send(ctx context.Context, e *engine.Engine, sql string, body io.Reader, params ...string) (response, error) {
	q := url.Values{"query": {sql}}
	for i := 0; i < len(params); i += 2 {
		q.Set(params[i], params[i+1])
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, engine.URL+"/?"+q.Encode(), body)
	if err != nil {
		return response{}, err
	}
	res, err := e.HTTPClient().Do(req)
	if err != nil {
		return response{}, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	return response{res.StatusCode, res.Header, string(text)}, err
}

// want fails unless the statement succeeds with that answer.
func want(t *testing.T, e *engine.Engine, answer, sql string, params ...string) {
	t.Helper()
	if r := post(t, e, sql, "", params...); r.status != http.StatusOK || r.body != answer {
		t.Fatalf("%s: got %d %q, want %q", sql, r.status, r.body, answer)
	}
}

func TestQueriesAndInserts(t *testing.T) {
	e := start(t)
	want(t, e, "1\n", "SELECT 1")
	want(t, e, "{\"a\":1}\n", "SELECT 1 AS a FORMAT JSONEachRow")
	want(t, e, "", "CREATE TABLE t (id UInt32, name String) ENGINE = MergeTree ORDER BY id")
	if r := post(t, e, "INSERT INTO t FORMAT JSONEachRow", `{"id":1,"name":"a"}{"id":2,"name":"b"}`); r.status != http.StatusOK {
		t.Fatal(r)
	}
	want(t, e, "1\ta\n2\tb\n", "SELECT * FROM t ORDER BY id")
	want(t, e, "b\n", "SELECT name FROM t WHERE id = {id:UInt32}", "param_id", "2")
}
