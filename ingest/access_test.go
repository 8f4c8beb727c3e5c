package ingest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/peerglass/peerglass/protocol/native"
	"github.com/peerglass/peerglass/protocol/observertc"
	"github.com/peerglass/peerglass/rtc"
	"github.com/peerglass/peerglass/session"
	"github.com/peerglass/peerglass/settings"
)

// door is a server whose access is real settings, on one clock with it.
type door struct {
	*server
	settings *settings.Settings
	app      settings.App
	key      string
	ahead    atomic.Int64 // ms that its clock is ahead
}

func newDoor(t *testing.T, origins ...string) *door {
	t.Helper()
	d := &door{}
	now := func() time.Time { return time.Now().Add(time.Duration(d.ahead.Load()) * time.Millisecond) }
	var err error
	if d.settings, err = settings.Open(t.Context(), settings.Options{Dir: t.TempDir(), Now: now}); err != nil {
		t.Fatal(err)
	}
	if d.app, err = d.settings.CreateApp(t.Context(), "one", ""); err != nil {
		t.Fatal(err)
	}
	k, err := d.settings.CreateIngestKey(t.Context(), d.app.ID, "k", origins)
	if err != nil {
		t.Fatal(err)
	}
	d.key = k.Key
	d.server = start(t, t.TempDir(), new(memory), func(o *Options) { o.Access, o.Fault, o.Now = d.settings, d.settings.Log, now })
	t.Cleanup(func() {
		d.shutdown()
		_ = d.settings.Close()
	})
	return d
}

// token issues a token of the app.
func (d *door) token(claims settings.Claims, life time.Duration) string {
	d.t.Helper()
	secret, err := d.settings.AppSecret(d.t.Context(), d.app.ID)
	if err != nil {
		d.t.Fatal(err)
	}
	now := d.opts.Now()
	claims.Expires = now.Add(life)
	text, err := settings.SignToken(secret, claims, now)
	if err != nil {
		d.t.Fatal(err)
	}
	return text
}

// log returns how often each fault is in the app's log.
func (d *door) log() map[string]int64 {
	d.t.Helper()
	entries, err := d.settings.AppLog(d.t.Context(), d.app.ID, 1000)
	if err != nil {
		d.t.Fatal(err)
	}
	counts := map[string]int64{}
	for _, e := range entries {
		counts[e.Code] += e.Count
	}
	return counts
}

// appHello is a hello with a token in place of a key.
func appHello(session, token string) string {
	return `{"type":"hello","v":1,"app":1,"token":"` + token + `","session":"` + session + `"}`
}

// A token limits when a client may join. Who is in comes back with the same
// one when it has expired, also where it was for one use; nobody else does.
func TestTokenOfSessionInProgress(t *testing.T) {
	d := newDoor(t, settings.AnyOrigin)
	token := d.token(settings.Claims{Room: "blue", User: "alice", ID: settings.NewTokenID()}, time.Minute)
	first := d.dialNative(appHello("session-one", token))
	first.waitFor("welcome", nil)
	b := newBatches(t)
	first.batch(b.next())
	first.waitAck(1)
	second := d.dialNative(appHello("session-one", token))
	second.waitFor("welcome", func(m nativeMessage) bool { return m.Last == 1 })
	thief := d.dialNative(appHello("session-two", token))
	if code, reason := thief.refused(); code != 4401 || !strings.Contains(reason, "one use") {
		t.Errorf("another session: %d %s", code, reason)
	}

	d.ahead.Add(5 * 60_000)
	second.batch(b.next())
	second.waitAck(2)
	third := d.dialNative(appHello("session-one", token))
	third.waitFor("welcome", func(m nativeMessage) bool { return m.Last == 2 })
	late := d.dialNative(appHello("session-three", token))
	if code, reason := late.refused(); code != 4401 || !strings.Contains(reason, "expired") {
		t.Errorf("a new session: %d %s", code, reason)
	}
	for hello, want := range map[string]string{
		appHello("session-four", "nonsense"):                                      "neither",
		strings.Replace(appHello("session-four", token), `"app":1`, `"app":9`, 1): "App 9 is not known",
		strings.Replace(appHello("session-four", token), token, "", 1):            "add a token",
	} {
		if code, reason := d.dialNative(hello).refused(); code/100 != 44 || !strings.Contains(reason, want) {
			t.Errorf("%s: %d %s", hello, code, reason)
		}
	}
	eventually(t, "the log", func() bool {
		counts := d.log()
		return counts[settings.CodeTokenReplayed] == 1 && counts[settings.CodeTokenExpired] == 1 && counts[settings.CodeTokenMalformed] == 1
	})
	// Of those that were turned away, clients hear before the count does.
	eventually(t, "all connections but the last to be gone", func() bool { return d.metric("peerglass_ingest_connections") == 1 })
}

// An ingest key lets the pages in that it names, this server's own where it
// says so, and clients that are no browsers.
func TestOriginsOfKeys(t *testing.T) {
	d := newDoor(t, settings.SelfOrigin, "https://meet.example.org")
	for origin, status := range map[string]int{"": 200, d.http.URL: 200, "https://meet.example.org": 200, "https://evil.example": 403, "null": 403} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, d.http.URL+"/ingest/native", strings.NewReader(strings.Replace(nativeHello("session-of-page", ""), goodKey, d.key, 1)+"\n"))
		if err != nil {
			t.Fatal(err)
		}
		if origin != "" {
			r.Header.Set("Origin", origin)
		}
		got, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		got.Body.Close()
		if got.StatusCode != status {
			t.Errorf("origin %q: %d, want %d", origin, got.StatusCode, status)
		}
	}
	if n := d.log()[settings.CodeOrigin]; n != 2 {
		t.Errorf("%d refusals are in the log", n)
	}
}

// What goes wrong for clients whose app is known stands in its log: by the
// credentials, or by the key in what was not understood.
func TestAppLog(t *testing.T) {
	d := newDoor(t, settings.AnyOrigin)
	hello := strings.Replace(nativeHello("session-of-logs", ""), goodKey, d.key, 1)
	d.dialNative(strings.Replace(hello, `"v":1`, `"v":2`, 1)).refused()
	d.dialNative(strings.Replace(hello, d.key, "pgk_nobody", 1)).refused()
	if c, _, _ := d.dial("/ingest/rtcstats/"+d.key+"/room", "rtcstats#99", nil); c != nil {
		t.Error("an unknown version was let in")
	}
	c := d.dialNative(hello)
	c.waitFor("welcome", nil)
	b := newBatches(t)
	c.batch(b.one(&rtc.Record{Kind: rtc.KindLog, Time: time.Now().UnixMilli(), Name: []byte("info"), Payload: []byte(`"` + strings.Repeat("x", session.MaxLog) + `"`)}))
	c.waitAck(1)
	c.batch(native.AppendHeader(nil, 0, 7, 1)) // a gap: the client will come back, nobody has to mend it
	c.refused()
	if err := d.settings.RevokeIngestKey(t.Context(), d.app.ID, 1); err != nil {
		t.Fatal(err)
	}
	d.dialNative(hello).refused()
	// dial asks a refused address twice.
	want := map[string]int64{"unsupported": 3, faultLogTruncated: 1, settings.CodeRevokedKey: 1}
	eventually(t, "the log", func() bool { return len(d.log()) == len(want) })
	for code, n := range d.log() {
		if want[code] != n {
			t.Errorf("%s is in the log %d times, want %d", code, n, want[code])
		}
	}
}

// What this server gives out itself is good for the protocol of the client that
// got it, and for nothing else: peermetrics' clients get theirs for a public
// key, as the user that they name themselves.
func TestTokensOfOneProtocol(t *testing.T) {
	d := newDoor(t, settings.AnyOrigin)
	code, text := d.post("/ingest/peermetrics/v1/initialize", fmt.Sprintf(`{"apiKey":%q,"conferenceId":"board","userId":"ceo"}`, d.key))
	var told struct{ Token string }
	if err := json.Unmarshal([]byte(text), &told); err != nil || code != 200 {
		t.Fatalf("%d %s", code, text)
	}
	if status, answer := d.authenticate("ceo", told.Token); status != 400 || !strings.Contains(answer["msg"].(string), "given out for the protocol peermetrics") {
		t.Errorf("callstats: %d %v", status, answer)
	}
	native := appHello("session-one", told.Token)
	if code, reason := d.dialNative(native).refused(); code != 4401 || !strings.Contains(reason, "peermetrics") {
		t.Errorf("native: %d %s", code, reason)
	}
	if code, text := d.post("/ingest/peermetrics/v1/events/browser", fmt.Sprintf(`{"token":%q,"eventName":"hi"}`, told.Token)); code != 200 {
		t.Errorf("its own: %d %s", code, text)
	}

	c := d.joinREST("ann", "room")
	native = appHello("session-two", c.bearer)
	if code, reason := d.dialNative(native).refused(); code != 4401 || !strings.Contains(reason, "callstats") {
		t.Errorf("native: %d %s", code, reason)
	}
	if status, answer := d.authenticate("ann", c.bearer); status != 400 || !strings.Contains(answer["msg"].(string), "cannot be exchanged") {
		t.Errorf("a token for itself: %d %v", status, answer)
	}
	c.told("events/user/alive", "")
}

// Who names another client's session does not get into it where a token opened
// that one, also when the server has started again.
func TestSessionsBelongToTheirTokens(t *testing.T) {
	dir, store := t.TempDir(), new(memory)
	s := start(t, dir, store)
	token := func(user string, life time.Duration) string {
		now := time.Now()
		text, err := settings.SignToken(testSecret, settings.Claims{App: 7, Room: "one", User: user, Expires: now.Add(life)}, now.Add(life-time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	send := func(token, event string, want int) {
		t.Helper()
		path := "/ingest/observertc/pgk_good"
		if token != "" {
			path += "?token=" + token
		}
		if code, text := s.post(path, sampleOf("one", "device", event)); code != want {
			t.Errorf("%s: %d %s", event, code, text)
		}
	}
	alice := token("alice", time.Minute)
	send(alice, "first", 200)
	send("", "CLIENT_LEFT", 200)
	send(token("mallory", time.Minute), "CLIENT_LEFT", 200)
	s.shutdown()
	store = new(memory)
	s = start(t, dir, store)
	send("", "CLIENT_LEFT", 200)
	send(token("mallory", time.Minute), "CLIENT_LEFT", 200)
	send(token("mallory", -time.Minute), "late", 401)
	send(token("alice", -2*time.Minute), "second", 200) // her session goes on
	send(alice, "CLIENT_LEFT", 200)
	eventually(t, "the stay's end", func() bool { return store.ended()["alice"] == "leave" })
	stays := map[rtc.SessionID]string{}
	for _, row := range store.Snapshot().Sessions {
		stays[row.ID] = row.User
	}
	told := map[string]string{}
	for _, e := range store.Snapshot().Events {
		told[e.Name] += stays[e.Session]
	}
	if told["first"] != "alice" || told["second"] != "alice" || told["late"] != "" {
		t.Errorf("events by user: %v", told)
	}
	// Without a token names are all there is: those of two clients differ.
	names := map[string]bool{}
	long := strings.Repeat("x", 120)
	for _, n := range []observertc.Names{{Call: "a/b", Client: "c"}, {Call: "a", Client: "b/c"}, {Call: long + "1", Client: "c"}, {Call: long + "2", Client: "c"}} {
		names[stayOf(n)] = true
	}
	if len(names) != 4 {
		t.Errorf("names %v", names)
	}
}

// A key that is revoked lets nobody in any more, whatever was given for it.
func TestRevokedKeyOfPeermetrics(t *testing.T) {
	d := newDoor(t, settings.AnyOrigin)
	initialize := func() string {
		_, text := d.post("/ingest/peermetrics/v1/initialize", fmt.Sprintf(`{"apiKey":%q,"conferenceId":"board","userId":"ann"}`, d.key))
		var told struct{ Token string }
		if err := json.Unmarshal([]byte(text), &told); err != nil || told.Token == "" {
			t.Fatalf("%v: %s", err, text)
		}
		return told.Token
	}
	send := func(token string) (int, string) {
		return d.post("/ingest/peermetrics/v1/events/browser", fmt.Sprintf(`{"token":%q,"eventName":"hi"}`, token))
	}
	there, kept := initialize(), initialize()
	if code, text := send(there); code != 200 {
		t.Fatalf("%d %s", code, text)
	}
	keys, err := d.settings.IngestKeys(t.Context(), d.app.ID)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.settings.RevokeIngestKey(t.Context(), d.app.ID, keys[0].ID); err != nil {
		t.Fatal(err)
	}
	if code, text := send(there); code != 200 {
		t.Errorf("who is in the call: %d %s", code, text)
	}
	if code, text := send(kept); code != 401 || !strings.Contains(text, "revoked") {
		t.Errorf("who comes later: %d %s", code, text)
	}
}
