package ingest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/lxzan/gws"

	"github.com/peerglass/peerglass/protocol/native"
	"github.com/peerglass/peerglass/rtc"
	"github.com/peerglass/peerglass/settings"
)

// nativeClient is a client of the native protocol over one of its connections.
type nativeClient struct {
	*client
	batches *nativeBatches
}

// nativeBatches makes batches of one numbered event each.
type nativeBatches struct {
	t       testing.TB
	encoder *native.Encoder
	n       int
}

func newBatches(t testing.TB) *nativeBatches {
	return &nativeBatches{t: t, encoder: native.NewEncoder()}
}

func (b *nativeBatches) next() []byte {
	b.n++
	return b.one(&rtc.Record{Kind: rtc.KindEvent, Time: time.Now().UnixMilli(), Name: []byte("count"), Payload: fmt.Appendf(nil, "%d", b.n)})
}

func (b *nativeBatches) one(r *rtc.Record) []byte {
	if err := b.encoder.Add(r); err != nil {
		b.t.Fatal(err)
	}
	return b.encoder.Close(nil, r.Time)
}

func nativeHello(session string, more string) string {
	return fmt.Sprintf(`{"type":"hello","v":1,"key":%q,"session":%q%s}`, goodKey, session, more)
}

func (s *server) dialNative(hello string) *nativeClient {
	s.t.Helper()
	c, status, body := s.dial("/ingest/native", native.Subprotocol, nil)
	if c == nil {
		s.t.Fatalf("refused: %d %s", status, body)
	}
	c.send(hello)
	return &nativeClient{client: c}
}

func (c *nativeClient) batch(b []byte) { _ = c.socket.WriteMessage(gws.OpcodeBinary, b) }

type nativeMessage struct {
	Type  string
	Last  int64
	Ended bool
	Seq   int64
	Code  string
}

func (c *nativeClient) find(typ string) (found nativeMessage, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, text := range c.got {
		var m nativeMessage
		if err := json.Unmarshal([]byte(text), &m); err != nil {
			c.t.Errorf("the server said %s", text)
		}
		if m.Type == typ {
			found, ok = m, true
		}
	}
	return found, ok
}

func (c *nativeClient) waitFor(typ string, ready func(nativeMessage) bool) (m nativeMessage) {
	c.t.Helper()
	eventually(c.t, typ, func() bool {
		var ok bool
		m, ok = c.find(typ)
		return ok && (ready == nil || ready(m))
	})
	return m
}

func (c *nativeClient) waitAck(seq int64) {
	c.t.Helper()
	c.waitFor("ack", func(m nativeMessage) bool { return m.Seq >= seq })
}

// counted returns the payloads of the events "count" in a session's dump.
func (s *server) counted(session string) string {
	var all []string
	for _, r := range s.dumps()[session] {
		if string(r.Name) == "count" {
			all = append(all, string(r.Payload))
		}
	}
	return strings.Join(all, " ")
}

func upTo(n int) string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprint(i+1))
	}
	return strings.Join(all, " ")
}

// A client that loses its connection with batches under way goes on with
// nothing lost or doubled, and gets its goodbye acknowledged.
func TestNativeResumes(t *testing.T) {
	s := start(t, t.TempDir(), new(memory))
	const id = "session-1234"
	b := newBatches(t)
	c := s.dialNative(nativeHello(id, ""))
	if m := c.waitFor("welcome", nil); m.Last != 0 || m.Ended {
		t.Fatalf("welcome %+v", m)
	}
	var kept [][]byte
	for range 10 {
		kept = append(kept, b.next())
		c.batch(kept[len(kept)-1])
	}
	c.waitAck(10)
	for range 5 {
		kept = append(kept, b.next())
		c.batch(kept[len(kept)-1])
	}
	c.kill()

	c = s.dialNative(nativeHello(id, `,"resume":true`))
	m := c.waitFor("welcome", nil)
	if m.Last < 10 || m.Last > 15 {
		t.Fatalf("the server has %d, sent were 15 and acknowledged 10", m.Last)
	}
	for _, batch := range kept[5:] { // what is stored already does not matter
		c.batch(batch)
	}
	c.batch(b.next())
	c.batch(b.one(&rtc.Record{Kind: rtc.KindClose, Time: time.Now().UnixMilli(), Payload: []byte(`{"reason":"leave"}`)}))
	c.waitAck(17)
	_ = c.socket.WriteClose(1000, nil)
	eventually(t, "the dump", func() bool { return s.counted(id) != "" })
	if got := s.counted(id); got != upTo(16) {
		t.Fatalf("the dump has %s", got)
	}

	// Who comes back after the end is sent on to a new session.
	c = s.dialNative(nativeHello(id, `,"resume":true`))
	if m := c.waitFor("welcome", nil); !m.Ended || m.Last != 17 {
		t.Fatalf("welcome %+v, want the session ended at 17", m)
	}
}

func TestNativeOverHTTP(t *testing.T) {
	s := start(t, t.TempDir(), new(memory))
	const id = "session-http"
	post := func(hello string, batches ...[]byte) (int, nativeMessage) {
		t.Helper()
		body := []byte(hello + "\n")
		for _, b := range batches {
			body = native.AppendPost(body, b)
		}
		r, err := http.Post(s.http.URL+"/ingest/native", "text/plain", bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		defer r.Body.Close()
		text, _ := io.ReadAll(r.Body)
		var m nativeMessage
		if err := json.Unmarshal(text, &m); err != nil {
			t.Fatalf("%d %s", r.StatusCode, text)
		}
		if r.Header.Get("Access-Control-Allow-Origin") != "*" {
			t.Error("a page of another origin cannot read the answer")
		}
		return r.StatusCode, m
	}
	b := newBatches(t)
	one, two, three := b.next(), b.next(), b.next()
	if status, m := post(nativeHello(id, "")); status != 200 || m.Type != "welcome" || m.Last != 0 {
		t.Fatalf("%d %+v", status, m)
	}
	if status, m := post(nativeHello(id, ""), one, two); status != 200 || m.Last != 2 {
		t.Fatalf("%d %+v", status, m)
	}
	// Its answer was lost: it comes again, over a WebSocket this time.
	c := s.dialNative(nativeHello(id, `,"resume":true`))
	if m := c.waitFor("welcome", nil); m.Last != 2 {
		t.Fatalf("welcome %+v", m)
	}
	c.batch(two)
	c.batch(three)
	c.waitAck(3)
	if status, m := post(nativeHello(id, `,"resume":true`), three, b.one(&rtc.Record{Kind: rtc.KindClose, Time: 1})); status != 200 || m.Last != 4 {
		t.Fatalf("%d %+v", status, m)
	}
	eventually(t, "the dump", func() bool { return s.counted(id) != "" })
	if got := s.counted(id); got != upTo(3) {
		t.Fatalf("the dump has %s", got)
	}
	if status, m := post(nativeHello("session-gap1", ""), three); status != 409 || m.Code != native.CodeSequence {
		t.Fatalf("a number from the future: %d %+v", status, m)
	}
	begun := func() (n int) {
		for i := range s.shards {
			s.shards[i].mu.Lock()
			n += len(s.shards[i].lives)
			s.shards[i].mu.Unlock()
		}
		return n
	}
	before := begun()
	if status, m := post(nativeHello("session-chk1", `,"check":true`), three); status != 200 || m.Type != "welcome" || begun() != before {
		t.Fatalf("a check must begin no session: %d %+v", status, m)
	}
	if status, m := post("nonsense"); status != 400 || m.Code != "malformed" {
		t.Fatalf("no hello: %d %+v", status, m)
	}
	if status, m := post(strings.Replace(nativeHello("session-key1", ""), goodKey, "pgk_bad", 1)); status != 401 || m.Code != native.CodeKey {
		t.Fatalf("a wrong key: %d %+v", status, m)
	}
}

func TestNativeRefusals(t *testing.T) {
	s := start(t, t.TempDir(), new(memory))
	token := func(secret string, claims settings.Claims, at time.Time) string {
		text, err := settings.SignToken(secret, claims, at)
		if err != nil {
			t.Fatal(err)
		}
		return `,"token":"` + text + `"`
	}
	now := time.Now()
	hour := settings.Claims{Room: "blue", User: "alice", Expires: now.Add(time.Hour)}
	old := settings.Claims{Expires: now.Add(-time.Hour)}
	tests := map[string]struct {
		hello string
		batch []byte
		close uint16
	}{
		"no hello":        {hello: "hi", close: 4400},
		"a batch first":   {batch: newBatches(t).next(), close: 4400},
		"another version": {hello: `{"type":"hello","v":2,"session":"12345678"}`, close: 4415},
		"no session":      {hello: nativeHello("", ""), close: 4400},
		"unknown key":     {hello: strings.Replace(nativeHello("12345678", ""), goodKey, "pgk_bad", 1), close: 4401},
		"disabled app":    {hello: strings.Replace(nativeHello("12345678", ""), goodKey, disabledKey, 1), close: 4403},
		"forged token":    {hello: nativeHello("12345678", token("another secret", hour, now)), close: 4401},
		"expired token":   {hello: nativeHello("12345679", token(testSecret, old, now.Add(-2*time.Hour))), close: 4401},
		"the future":      {hello: nativeHello("12345678", ""), batch: native.AppendHeader(nil, 0, 2, 1), close: 4409},
		"not a batch":     {hello: nativeHello("12345678", ""), batch: []byte("{}"), close: 4415},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			c, status, body := s.dial("/ingest/native", native.Subprotocol, nil)
			if c == nil {
				t.Fatalf("refused: %d %s", status, body)
			}
			c.t = t
			if test.hello != "" {
				c.send(test.hello)
			}
			n := &nativeClient{client: c}
			if test.batch != nil {
				n.batch(test.batch)
			}
			if code, reason := c.refused(); code != test.close || reason == "" {
				t.Fatalf("closed with %d %q, want %d", code, reason, test.close)
			}
			if m, ok := n.find("error"); !ok || m.Code == "" {
				t.Error("no error message came before the close")
			}
		})
	}
	if c, status, body := s.dial("/ingest/native", "peerglass.9", nil); c != nil || status != 400 {
		t.Errorf("an unknown subprotocol: %d %s", status, body)
	}

	// Who has a token is who the token says.
	good := s.dialNative(nativeHello("session-token", token(testSecret, hour, now)))
	good.waitFor("welcome", nil)
	b := newBatches(t)
	good.batch(b.one(&rtc.Record{Kind: rtc.KindOpen, Time: now.UnixMilli(), Payload: []byte(`{"room":"vault","user":"root","page":"p"}`)}))
	good.batch(b.one(&rtc.Record{Kind: rtc.KindClose, Time: now.UnixMilli()}))
	good.waitAck(2)
	eventually(t, "the end", func() bool { return s.metric("peerglass_ingest_dumps_total") == 1 })
	s.shutdown()
	for _, row := range s.store.Sessions {
		if row.ClientSession == "session-token" {
			if row.User != "alice" || row.Page != "p" {
				t.Errorf("the client is taken for %q at %q", row.User, row.Page)
			}
			return
		}
	}
	t.Error("the client's session is missing")
}

// A goodbye was stored, and the program ended before its client heard so: the
// next start knows the session, though it is over.
func TestNativeGoodbyeBeforeRestart(t *testing.T) {
	dir, store := t.TempDir(), new(memory)
	store.away.Store(true) // the session stays in the spool
	s := start(t, dir, store)
	const id = "session-goodbye"
	b := newBatches(t)
	c := s.dialNative(nativeHello(id, ""))
	c.waitFor("welcome", nil)
	c.batch(b.next())
	goodbye := b.one(&rtc.Record{Kind: rtc.KindClose, Time: time.Now().UnixMilli(), Payload: []byte(`{"reason":"leave"}`)})
	c.batch(goodbye)
	c.waitAck(2) // which the client of this test makes as if it had not heard
	s.shutdown()

	s = start(t, dir, store)
	c = s.dialNative(nativeHello(id, `,"resume":true`))
	if m := c.waitFor("welcome", nil); m.Last != 2 || !m.Ended {
		t.Fatalf("welcome %+v, want the session ended at 2", m)
	}
}

// A goodbye that is only spooled when it comes, and derived by the catch-up, is
// acknowledged all the same: the client waits for that before it goes.
func TestNativeGoodbyeWhileBehind(t *testing.T) {
	s := start(t, t.TempDir(), new(memory))
	const id = "session-behind"
	b := newBatches(t)
	c := s.dialNative(nativeHello(id, ""))
	c.waitFor("welcome", nil)
	c.batch(b.next())
	c.waitAck(1)
	key := liveKey{app: 7, wire: "native", client: id}
	sh := s.shard(id)
	sh.mu.Lock()
	l := sh.byKey[key]
	sh.mu.Unlock()
	l.mu.Lock()
	l.behind = true
	s.metrics.behind.Inc()
	l.mu.Unlock()
	c.batch(b.one(&rtc.Record{Kind: rtc.KindClose, Time: time.Now().UnixMilli(), Payload: []byte(`{"reason":"leave"}`)}))
	eventually(t, "the goodbye in the spool", func() bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		return l.seq == 2
	})
	s.behind.push(l)
	c.waitAck(2)
}

// A page that goes and does not come back has left when it was heard last; one
// that is loaded again goes on.
func TestNativePageGoes(t *testing.T) {
	store := new(memory)
	s := start(t, t.TempDir(), store)
	goes := &rtc.Record{Kind: rtc.KindEvent, Name: []byte(rtc.NamePageHide)}
	clients := map[string]*nativeBatches{"closed-1234": newBatches(t), "reloads-1234": newBatches(t), "cut-12345678": newBatches(t)}
	for id, b := range clients {
		c := s.dialNative(nativeHello(id, ""))
		c.batch(b.one(&rtc.Record{Kind: rtc.KindOpen, Payload: []byte(`{"room":"r","user":"` + id + `"}`)}))
		last := int64(1)
		if id != "cut-12345678" {
			c.batch(b.one(goes))
			last++
		}
		c.waitAck(last)
		_ = c.socket.NetConn().Close()
	}
	eventually(t, "the connections to be closed", func() bool { return s.metric("peerglass_ingest_connections") == 0 })
	s.clock.Add(nativeTraits.partedMs / 2)
	back := s.dialNative(nativeHello("reloads-1234", `,"resume":true`))
	back.waitFor("welcome", func(m nativeMessage) bool { return m.Last == 2 && !m.Ended })
	back.batch(clients["reloads-1234"].next())
	back.waitAck(3)
	s.clock.Add(nativeTraits.partedMs/2 + 2000)
	reasons := func() map[string]string {
		ended := map[string]string{}
		for _, row := range store.Snapshot().Sessions {
			if row.EndReason != "" {
				ended[row.User] = row.EndReason
			}
		}
		return ended
	}
	eventually(t, "the page that was closed to have left", func() bool {
		return maps.Equal(reasons(), map[string]string{"closed-1234": "page closed"})
	})
	s.clock.Add(nativeTraits.graceMs)
	eventually(t, "the one that was cut to be given up", func() bool { return reasons()["cut-12345678"] == "timeout" })
}
