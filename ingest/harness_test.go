package ingest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lxzan/gws"
	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"github.com/peerglass/peerglass/blob"
	"github.com/peerglass/peerglass/dump"
	"github.com/peerglass/peerglass/rtc"
	"github.com/peerglass/peerglass/session"
	"github.com/peerglass/peerglass/settings"
	"github.com/peerglass/peerglass/spool"
)

const (
	goodKey     = "pgk_good"
	disabledKey = "pgk_disabled"
	testSecret  = "0123456789abcdef0123456789abcdef"
)

// access is Access with two apps.
type access struct{}

func (access) IngestKey(_ context.Context, key string) (settings.App, error) {
	switch key {
	case goodKey:
		return settings.App{ID: 7, Enabled: true}, nil
	case disabledKey:
		return settings.App{}, &settings.Error{Code: settings.CodeDisabled, What: "App 8 is disabled: enable it in the console."}
	}
	return settings.App{}, &settings.Error{Code: settings.CodeUnknownKey, What: "The ingest key is not known: copy it from the app's page in the console."}
}

func (access) CheckOrigin(_ context.Context, _, origin, _ string) error {
	if origin == "https://evil.example" {
		return &settings.Error{Code: settings.CodeOrigin, What: "The ingest key may not be used from https://evil.example: add that origin to the key in the console."}
	}
	return nil
}

func (access) AppSecret(context.Context, rtc.AppID) (string, error) { return testSecret, nil }

func (access) IngestApp(_ context.Context, id rtc.AppID) (settings.App, error) {
	if id == 7 {
		return settings.App{ID: 7, Enabled: true, Media: []byte(`{"audio":true}`)}, nil
	}
	return settings.App{}, &settings.Error{Code: settings.CodeNotFound, What: "There is no app of that id."}
}

func (access) VerifyToken(_ context.Context, app rtc.AppID, token string) (settings.Claims, error) {
	return (&settings.Verifier{App: app, Secret: testSecret}).Verify(token, time.Now())
}

func (access) SpendToken(context.Context, settings.Claims, string) error { return nil }

// memory is a Store that keeps rows, and whose backlog a test sets.
type memory struct {
	session.Collect
	backlog atomic.Int64
	away    atomic.Bool
	flushes atomic.Int64
}

func (m *memory) Flush(context.Context) error {
	if m.away.Load() {
		return errors.New("the store is away")
	}
	m.flushes.Add(1)
	return nil
}

func (m *memory) Durable(context.Context) error { return nil }

func (m *memory) Backlog() int64 { return m.backlog.Load() }

// server is a server under test, with what belongs to it.
type server struct {
	*Server
	t        testing.TB
	dir      string
	store    *memory
	spool    *spool.Spool
	blobs    *blob.Folder
	registry *prometheus.Registry
	http     *httptest.Server
	clock    atomic.Int64 // ms that the clock is ahead of real time
	from     string       // for whom a proxy says that clients speak
	stop     context.CancelFunc
	stopped  chan error
}

type testOption func(*Options)

func start(t testing.TB, dir string, store *memory, options ...testOption) *server {
	t.Helper()
	s := &server{t: t, dir: dir, store: store, registry: prometheus.NewRegistry(), stopped: make(chan error, 1)}
	var err error
	if s.spool, err = spool.Open(spool.Options{Dir: dir + "/spool", Reserve: -1, Linger: time.Millisecond}); err != nil {
		t.Fatal(err)
	}
	if s.blobs, err = blob.OpenFolder(dir + "/blobs"); err != nil {
		t.Fatal(err)
	}
	var random atomic.Uint64
	o := Options{
		Spool: s.spool, Store: store, Blob: s.blobs, Access: access{}, Metrics: s.registry,
		Rooms:  session.NewRooms(store, func() uint64 { return random.Add(1) }),
		Now:    func() time.Time { return time.Now().Add(time.Duration(s.clock.Load()) * time.Millisecond) },
		Random: func() uint64 { return random.Add(1) },
		Log:    slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn})),
	}
	for _, change := range options {
		change(&o)
	}
	if s.Server, err = New(o); err != nil {
		t.Fatal(err)
	}
	s.clearEvery = 20 * time.Millisecond
	s.http = httptest.NewServer(s.Handler())
	ctx, cancel := context.WithCancel(context.Background())
	s.stop = cancel
	go func() { s.stopped <- s.Run(ctx) }()
	eventually(t, "the server to run", func() bool { return s.running.Load() })
	t.Cleanup(s.shutdown)
	return s
}

// shutdown stops the server as a signal would.
func (s *server) shutdown() {
	if s.http == nil {
		return
	}
	s.stop()
	if err := <-s.stopped; err != nil {
		s.t.Error(err)
	}
	s.http.Close()
	s.http = nil
	if err := s.spool.Close(); err != nil {
		s.t.Error(err)
	}
}

// eventually polls for a condition of another goroutine.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", what)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// metric returns the sum of a metric over the series whose labels contain all
// of labels ("reason=…").
func (s *server) metric(name string, labels ...string) float64 {
	families, err := s.registry.Gather()
	if err != nil {
		s.t.Fatal(err)
	}
	sum := 0.0
	for _, f := range families {
		if f.GetName() != name {
			continue
		}
		for _, m := range f.GetMetric() {
			if hasLabels(m, labels) {
				sum += m.GetCounter().GetValue() + m.GetGauge().GetValue()
			}
		}
	}
	return sum
}

func hasLabels(m *dto.Metric, labels []string) bool {
	for _, want := range labels {
		found := false
		for _, l := range m.GetLabel() {
			found = found || l.GetName()+"="+l.GetValue() == want
		}
		if !found {
			return false
		}
	}
	return true
}

// dumps returns the frames of every raw dump in the blob store, by the
// client's id of the session.
func (s *server) dumps() map[string][]*rtc.Record {
	all := make(map[string][]*rtc.Record)
	for info, err := range s.blobs.List(context.Background(), "") {
		if err != nil {
			s.t.Fatal(err)
		}
		r, _, err := s.blobs.Get(context.Background(), info.Key)
		if err != nil {
			s.t.Fatal(err)
		}
		src, err := dump.Open(r)
		if err != nil {
			s.t.Fatal(err)
		}
		var records recordList
		if err := src.Replay(&records); err != nil {
			s.t.Fatal(err)
		}
		r.Close()
		id := src.Header().ClientSession
		all[id] = append(all[id], records...)
	}
	return all
}

type recordList []*rtc.Record

func (l *recordList) Record(r *rtc.Record) error {
	c := *r
	c.Name, c.Payload, c.Conn, c.Stats = bytes.Clone(r.Name), bytes.Clone(r.Payload), bytes.Clone(r.Conn), nil
	*l = append(*l, &c)
	return nil
}

// client is a WebSocket client that keeps what it gets.
type client struct {
	t      testing.TB
	socket *gws.Conn
	mu     sync.Mutex
	got    []string
	code   uint16
	reason string
	closed chan struct{}
	onText func(string)
}

// dial connects, or returns the HTTP status and body of the refusal.
func (s *server) dial(path, subprotocol string, onText func(string)) (*client, int, string) {
	s.t.Helper()
	c := &client{t: s.t, closed: make(chan struct{}), onText: onText}
	header := http.Header{}
	if subprotocol != "" {
		header.Set("Sec-WebSocket-Protocol", subprotocol)
	}
	if s.from != "" {
		header.Set("X-Forwarded-For", s.from)
	}
	if strings.Contains(path, "evil=1") {
		header.Set("Origin", "https://evil.example")
	}
	socket, response, err := gws.NewClient(c, &gws.ClientOption{
		Addr: "ws" + strings.TrimPrefix(s.http.URL, "http") + path, RequestHeader: header, Logger: quiet{},
	})
	if err != nil {
		if response == nil {
			return nil, 0, err.Error()
		}
		// The handshake's error has eaten the body; ask again without upgrade.
		request, _ := http.NewRequest(http.MethodGet, s.http.URL+path, nil)
		request.Header = header
		plain, err := http.DefaultClient.Do(request)
		if err != nil {
			s.t.Fatal(err)
		}
		defer plain.Body.Close()
		body, _ := io.ReadAll(plain.Body)
		return nil, response.StatusCode, string(body)
	}
	c.socket = socket
	go socket.ReadLoop()
	return c, http.StatusSwitchingProtocols, ""
}

type quiet struct{}

func (quiet) Error(...any) {}

func (c *client) OnOpen(*gws.Conn)                  {}
func (c *client) OnPing(socket *gws.Conn, p []byte) { _ = socket.WritePong(p) }
func (c *client) OnPong(*gws.Conn, []byte)          {}
func (c *client) OnMessage(_ *gws.Conn, m *gws.Message) {
	text := string(m.Bytes())
	m.Close()
	c.mu.Lock()
	c.got = append(c.got, text)
	c.mu.Unlock()
	if c.onText != nil {
		c.onText(text)
	}
}

func (c *client) OnClose(_ *gws.Conn, err error) {
	var closed *gws.CloseError
	c.mu.Lock()
	if errors.As(err, &closed) {
		c.code, c.reason = closed.Code, string(closed.Reason)
	}
	c.mu.Unlock()
	close(c.closed)
}

func (c *client) send(text string) {
	_ = c.socket.WriteMessage(gws.OpcodeText, []byte(text))
}

// kill cuts the line as a broken network does.
func (c *client) kill() { _ = c.socket.NetConn().Close() }

// refused waits for the close and returns its code and reason.
func (c *client) refused() (uint16, string) {
	c.t.Helper()
	select {
	case <-c.closed:
	case <-time.After(30 * time.Second):
		c.t.Fatal("the connection was not closed")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.code, c.reason
}

// acked returns the highest number that the server acknowledged, -1 for none.
func (c *client) acked() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	highest := int64(-1)
	for _, text := range c.got {
		var m struct {
			Type string
			Body struct{ Value int64 }
		}
		if json.Unmarshal([]byte(text), &m) == nil && m.Type == "sn" {
			highest = max(highest, m.Body.Value)
		}
	}
	return highest
}

// jitsiPath is the address of a Jitsi client's session.
func jitsiPath(client string, reconnect bool) string {
	return fmt.Sprintf("/ingest/jitsi/%s/tenant/room-%s?statsSessionId=%s&isReconnect=%t", goodKey, client, client, reconnect)
}

const jitsiProtocol = "3.1_STANDARD"

// jitsiEntry is one stats-entry frame.
func jitsiEntry(client string, sn int, at int64) string {
	data := fmt.Sprintf(`["onconnectionstatechange","PC_0","state-%d",%d,%d]`, sn, at, sn)
	text, _ := json.Marshal(data)
	return fmt.Sprintf(`{"statsSessionId":%q,"type":"stats-entry","data":%s}`, client, text)
}

func jitsiIdentity(client string, sn int, at int64) string {
	return fmt.Sprintf(`{"statsSessionId":%q,"type":"identity","data":["identity",null,{"confName":"room-%s","displayName":"alice"},%d,%d]}`, client, client, at, sn)
}
