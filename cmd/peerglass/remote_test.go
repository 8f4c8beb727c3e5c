package main

import (
	"bytes"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"github.com/peerglass/peerglass/store/engine"
)

// remote is a ClickHouse at an address: the engine's own HTTP interface behind
// a listener that asks for user and password as a server does, and that can go
// away and come back. The machine of such a server has its own time zone.
type remote struct {
	*testing.T
	engine         *engine.Engine
	user, password string
	denied         string // a statement that begins so is not granted

	mu      sync.Mutex
	address string // of the listener, which goes away and comes back there
	server  *http.Server
	asked   map[string]int // statements by their database
}

func newRemote(t *testing.T) *remote {
	t.Helper()
	if _, err := engine.FindLibrary(""); err != nil {
		t.Skipf("the engine's library is not here (npm ci brings it): %v", err)
	}
	e, err := engine.Start(t.Context(), engine.Options{
		Dir: t.TempDir(), Command: []string{os.Args[0], "engine"}, Env: []string{asProgram + "=1", "TZ=America/New_York"},
		Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	r := &remote{T: t, engine: e, user: "peer glass", password: "p@ss/w%rd:", address: freeAddress(t), asked: map[string]int{}}
	r.comeBack()
	t.Cleanup(r.goAway)
	return r
}

// url is the server's address as an operator writes it.
func (r *remote) url(password, database string) string {
	u := url.URL{Scheme: "http", User: url.UserPassword(r.user, password), Host: r.address, Path: "/" + database}
	return u.String()
}

func (r *remote) comeBack() {
	r.Helper()
	listener, err := net.Listen("tcp", r.address)
	if err != nil {
		r.Fatal(err)
	}
	to, err := url.Parse(engine.URL)
	if err != nil {
		r.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{
		Rewrite:       func(p *httputil.ProxyRequest) { p.SetURL(to) },
		Transport:     r.engine.Transport(),
		FlushInterval: -1,
		ErrorLog:      slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug), // questions that were broken off
	}
	refuse := func(w http.ResponseWriter, status, code int, sentence, name string) {
		w.Header().Set("X-ClickHouse-Exception-Code", fmt.Sprint(code))
		w.WriteHeader(status)
		fmt.Fprintf(w, "Code: %d. DB::Exception: %s (%s) (version 26.7.2.1)\n", code, sentence, name)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.server = &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if q.Header.Get("X-ClickHouse-User") != r.user || q.Header.Get("X-ClickHouse-Key") != r.password {
			refuse(w, http.StatusForbidden, 516, q.Header.Get("X-ClickHouse-User")+": Authentication failed: password is incorrect, or there is no user with such name.", "AUTHENTICATION_FAILED")
			return
		}
		r.mu.Lock()
		r.asked[q.URL.Query().Get("database")]++
		denied := r.denied
		r.mu.Unlock()
		if denied != "" {
			var body bytes.Buffer
			if _, err := body.ReadFrom(q.Body); err != nil {
				return
			}
			if strings.HasPrefix(body.String(), denied) {
				refuse(w, http.StatusForbidden, 497, r.user+": Not enough privileges. To execute this query, it's necessary to have the grant CREATE DATABASE ON calls.*.", "ACCESS_DENIED")
				return
			}
			q.Body = http.NoBody
			if body.Len() > 0 {
				q.Body = readCloser{&body}
			}
		}
		proxy.ServeHTTP(w, q)
	})}
	go func(s *http.Server) { _ = s.Serve(listener) }(r.server) // until it is closed
}

type readCloser struct{ *bytes.Buffer }

func (readCloser) Close() error { return nil }

// deny refuses the statements that begin so from now on; "" refuses none.
func (r *remote) deny(statements string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.denied = statements
}

// goAway cuts every connection.
func (r *remote) goAway() {
	r.mu.Lock()
	defer r.mu.Unlock()
	_ = r.server.Close()
}

// A ClickHouse at an address takes the place of the embedded engine: the
// schema, what comes in, lists and charts, a restart, and a server that is
// away for a while.
func TestClickHouseByURL(t *testing.T) {
	r := newRemote(t)
	const database = "calls-of `tests`"
	p := startIn(t, t.TempDir(), "--clickhouse", r.url(r.password, database))
	if p.enginePID() != 0 {
		t.Error("the embedded engine runs all the same")
	}
	if _, err := os.Stat(p.dir + "/engine"); err == nil {
		t.Error("there is a folder of an embedded engine")
	}

	m := startMarker(p)
	defer m.end()
	m.waitAcked(100)
	p.eventually("the call in the list", func() bool { return ask[callList](p, "/apps/1/calls?status=active").Total == 1 })

	r.goAway()
	p.eventually("the health to tell of it", func() bool { return p.health() == http.StatusServiceUnavailable })
	m.waitAcked(500) // clients do not notice
	r.comeBack()
	m.waitAcked(500)
	total := m.finish()

	calls := ask[callList](p, "/apps/1/calls")
	if calls.Total != 1 || calls.Items[0].Sessions != 1 {
		t.Fatalf("calls are %+v", calls)
	}
	place := "/apps/1/calls/" + calls.Items[0].ID
	p.marks(place, total)
	p.eventually("the health to be well again", p.healthy)

	// A recording: its charts, and the time of day in a server of another zone.
	fixture := p.dir + "/fixture.jsonl"
	if err := os.WriteFile(fixture, []byte(fixtureOf(t, "testdata/script/analyze.txtar", "dump.jsonl")), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := p.command("import", "--url", p.url, "--key", p.apiKey, fixture)
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	imported := "/apps/1/calls/" + find(t, out, `/calls/(\w{13})\?app=1`)
	charts := func() (points int) {
		for _, s := range ask[sampleSet](p, imported+"/samples?width=100").Series {
			for _, at := range s.Times {
				if at < 1_700_000_000_000 || at > 1_700_000_010_000 {
					t.Errorf("a sample of the recording is dated %d", at)
				}
				points++
			}
		}
		return points
	}
	p.eventually("the recording's charts", func() bool { return charts() > 0 })
	before := charts()

	p.stop()
	r.goAway()
	if says := p.refuses("--clickhouse", r.url(r.password, database)); !strings.Contains(says, "refused") || !strings.Contains(says, "is it running") {
		t.Errorf("a start without the server says: %s", says)
	}
	r.comeBack()
	p.launch()
	if after := charts(); after != before {
		t.Errorf("after a restart the charts have %d points, before it %d", after, before)
	}
	if again := ask[callList](p, "/apps/1/calls"); again.Total != 2 {
		t.Errorf("after a restart there are %+v", again)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for name, n := range r.asked {
		if name != database && n > 4 { // of two starts: whether it answers, and that it makes the database
			t.Errorf("%d statements ran in database %q", n, name)
		}
	}
}

// command runs another command of the program.
func (p *program) command(args ...string) (string, error) {
	cmd := exec.CommandContext(p.Context(), os.Args[0], args...)
	cmd.Env = append(os.Environ(), asProgram+"=1")
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// refuses starts the program with options with which it must not start, and
// returns the one sentence that it says.
func (p *program) refuses(options ...string) string {
	p.Helper()
	said, err := p.command(append([]string{"serve", "--listen", "127.0.0.1:0", "--data", p.dir}, options...)...)
	if err == nil || !strings.HasPrefix(said, "peerglass: ") || strings.Count(said, "\n") != 1 {
		p.Errorf("%q: %v, it says:\n%s", options, err, said)
	}
	return said
}

// What is wrong with an address is said in one sentence that names it, before
// anything is taken in; and no sentence has the password.
func TestClickHouseRefusals(t *testing.T) {
	r := newRemote(t)
	p := &program{T: t, dir: t.TempDir()}
	stranger := http.Server{Handler: http.NotFoundHandler()}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = stranger.Serve(listener) }()
	defer func() { _ = stranger.Close() }()
	for name, c := range map[string]struct {
		url  string
		says []string
	}{
		"wrong password":    {r.url("secret-guess", "calls"), []string{r.address, "peer glass", "password is incorrect", "--clickhouse"}},
		"nobody there":      {"http://u:secret-guess@127.0.0.1:1/calls", []string{"127.0.0.1:1", "refused", "is it running"}},
		"no such host":      {"http://u:secret-guess@clickhouse.invalid:8123/calls", []string{"clickhouse.invalid", "is it running"}},
		"no ClickHouse":     {"http://u:secret-guess@" + listener.Addr().String() + "/calls", []string{listener.Addr().String(), "404", "no ClickHouse"}},
		"another interface": {"tcp://u:secret-guess@127.0.0.1:9000/calls", []string{"http://", "8123"}},
		"no address":        {"u:secret-guess@host:8123", []string{"http://", "8123"}},
	} {
		t.Run(name, func(t *testing.T) {
			p := &program{T: t, dir: p.dir}
			said := p.refuses("--clickhouse", c.url)
			for _, part := range c.says {
				if !strings.Contains(said, part) {
					t.Errorf("%s\nwants %q in it", said, part)
				}
			}
			if strings.Contains(said, "secret-guess") {
				t.Errorf("the password is in it: %s", said)
			}
			t.Log(said)
		})
	}

	// Who may not make databases, but has one, is let in; who has none hears how.
	t.Run("a database that is not there and cannot be made", func(t *testing.T) {
		r.deny("CREATE DATABASE")
		defer r.deny("")
		p := &program{T: t, dir: t.TempDir()}
		said := p.refuses("--clickhouse", r.url(r.password, "calls"))
		if !strings.Contains(said, "CREATE DATABASE") || !strings.Contains(said, "calls") {
			t.Error(said)
		}
		t.Log(said)
	})
	t.Run("a database that is there", func(t *testing.T) {
		startIn(t, p.dir, "--clickhouse", r.url(r.password, "calls")).stop() // prints the password, for all the starts that failed
		r.deny("CREATE DATABASE")
		defer r.deny("")
		startIn(t, t.TempDir(), "--clickhouse", r.url(r.password, "calls"))
	})
}
