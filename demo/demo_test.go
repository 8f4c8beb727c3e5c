package demo

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/lxzan/gws"
)

func TestPageCarriesTheKey(t *testing.T) {
	key := `pgk_"><script>`
	h := Handler(Options{Key: func() string { return key }})
	get := func(path string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		return w
	}
	page := get("/demo")
	if page.Code != http.StatusOK || !strings.Contains(page.Body.String(), `src="/sdk.js" data-key="pgk_`) {
		t.Fatalf("%d %s", page.Code, page.Body)
	}
	if strings.Contains(page.Body.String(), key) {
		t.Error("the key went into the page as it is")
	}
	if policy := page.Header().Get("Content-Security-Policy"); !strings.Contains(policy, "script-src 'self'") {
		t.Errorf("the page's policy is %q", policy)
	}
	for path, want := range map[string]int{"/demo/demo.js": 200, "/demo/demo.css": 200, "/demo/icon.svg": 200, "/demo/index.html": 404, "/demo/demo.go": 404, "/demo/..%2fdemo.go": 400} {
		if w := get(path); w.Code != want {
			t.Errorf("%s: %d, want %d", path, w.Code, want)
		}
	}
	key = ""
	if body := get("/demo/").Body.String(); strings.Contains(body, "sdk.js") {
		t.Error("the page loads the SDK without a key")
	}
}

// tab is one side of a call.
type tab struct {
	gws.BuiltinEventHandler
	t      *testing.T
	socket *gws.Conn
	heard  chan string
	closed chan uint16
}

func (p *tab) OnMessage(_ *gws.Conn, m *gws.Message) {
	p.heard <- string(m.Bytes())
	m.Close()
}

func (p *tab) OnClose(_ *gws.Conn, err error) {
	code := uint16(0)
	if e, ok := err.(*gws.CloseError); ok {
		code = e.Code
	}
	p.closed <- code
}

func (p *tab) hear() string {
	p.t.Helper()
	select {
	case text := <-p.heard:
		return text
	case <-time.After(20 * time.Second):
		p.t.Fatal("nothing was said")
		return ""
	}
}

func (p *tab) notice() (n notice) {
	p.t.Helper()
	if err := json.Unmarshal([]byte(p.hear()), &n); err != nil {
		p.t.Fatal(err)
	}
	return n
}

func open(t *testing.T, server *httptest.Server, query string, header http.Header) (*tab, int) {
	t.Helper()
	p := &tab{t: t, heard: make(chan string, 100), closed: make(chan uint16, 1)}
	socket, response, err := gws.NewClient(p, &gws.ClientOption{Addr: "ws" + strings.TrimPrefix(server.URL, "http") + "/demo/signal?" + query, RequestHeader: header, Logger: quiet{}})
	if err != nil {
		if response == nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, response.Body)
		return nil, response.StatusCode
	}
	p.socket = socket
	t.Cleanup(func() { _ = socket.NetConn().Close() })
	go socket.ReadLoop()
	return p, response.StatusCode
}

type quiet struct{}

func (quiet) Error(...any) {}

func TestTabsFindEachOther(t *testing.T) {
	server := httptest.NewServer(Handler(Options{}))
	defer server.Close()
	a, _ := open(t, server, "room=blue&user=ada", nil)
	if n := a.notice(); n.Type != "welcome" || n.Polite {
		t.Fatalf("the first was told %+v", n)
	}
	b, _ := open(t, server, "room=blue&user=grace", nil)
	if n := b.notice(); n.Type != "welcome" || !n.Polite || n.User != "ada" {
		t.Fatalf("the second was told %+v", n)
	}
	if n := a.notice(); n.Type != "joined" || n.User != "grace" {
		t.Fatalf("the first was told %+v", n)
	}
	_ = b.socket.WriteMessage(gws.OpcodeText, []byte(`not JSON`)) // is not passed on
	_ = b.socket.WriteMessage(gws.OpcodeText, []byte(`{"candidate":null}`))
	if got := a.hear(); got != `{"candidate":null}` {
		t.Fatalf("the first heard %s", got)
	}
	third, _ := open(t, server, "room=blue&user=alan", nil)
	if code := <-third.closed; code != 4001 {
		t.Fatalf("a third was closed with %d", code)
	}
	_ = b.socket.WriteClose(1000, nil)
	if n := a.notice(); n.Type != "left" || n.User != "grace" {
		t.Fatalf("the first was told %+v", n)
	}
}

func TestSignallingIsBounded(t *testing.T) {
	server := httptest.NewServer(Handler(Options{}))
	defer server.Close()
	if _, status := open(t, server, "room=blue&user=ada", http.Header{"Origin": {"https://evil.example"}}); status != http.StatusForbidden {
		t.Errorf("another origin: %d", status)
	}
	for _, query := range []string{"", "room=blue", "user=ada", "user=ada&room=" + strings.Repeat("x", 65)} {
		if _, status := open(t, server, query, nil); status != http.StatusBadRequest {
			t.Errorf("%q: %d", query, status)
		}
	}
	p, _ := open(t, server, "room=red&user=ada", nil)
	_ = p.socket.WriteMessage(gws.OpcodeText, []byte(strings.Repeat(" ", maxMessage+1)))
	<-p.closed
	rooms := newRooms()
	for i := range maxRooms {
		rooms.byName[string(rune('a'+i))] = []*peer{{}}
	}
	crowded := httptest.NewServer(http.HandlerFunc(rooms.serve))
	defer crowded.Close()
	q, _ := open(t, crowded, "room=new&user=ada", nil)
	if code := <-q.closed; code != 4002 {
		t.Errorf("one room too many was closed with %d", code)
	}
}
