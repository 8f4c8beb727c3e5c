package ingest

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
)

// linesOf reads a recording, a line a frame.
func linesOf(t *testing.T, path string) []string {
	t.Helper()
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	in, err := gzip.NewReader(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(in)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSpace(string(text)), "\n")
}

// ended counts the stays that ended, by user and reason.
func (m *memory) ended() map[string]string {
	reasons := make(map[string]string)
	for _, row := range m.Snapshot().Sessions {
		if !row.End.IsZero() {
			reasons[row.User] = row.EndReason
		}
	}
	return reasons
}

// What the encoder leaves out is known after a restart as before it.
func TestObserveRTCOverRestart(t *testing.T) {
	dir, store := t.TempDir(), new(memory)
	s := start(t, dir, store)
	frames := linesOf(t, "../protocol/observertc/testdata/session.base64.gz")
	send := func(frames []string) {
		for _, frame := range frames {
			if code, text := s.post("/ingest/observertc/pgk_good/recorded", frame); code != 200 || strings.TrimSpace(text) != `{"samples":1}` {
				t.Fatalf("%d %s", code, text)
			}
		}
	}
	half := len(frames) / 2
	send(frames[:half])
	s.shutdown()
	store = new(memory)
	s = start(t, dir, store)
	send(frames[half:])
	eventually(t, "the stay's end", func() bool { return store.ended()["alice"] == "leave" })
	rows := store.Snapshot()
	if len(rows.Sessions) != 1 || len(rows.Connections) != 1 || rows.Sessions[0].UserName != "Alice Liddell" {
		t.Errorf("%d stays of %q, %d connections", len(rows.Sessions), rows.Sessions[0].UserName, len(rows.Connections))
	}
	received := map[string]int{}
	for _, st := range rows.Streams {
		if st.RemoteUser == "bob" {
			received[st.Kind.String()+" "+st.Codec]++
		}
	}
	if len(received) != 2 {
		t.Errorf("from bob came %v", received)
	}
	joins := 0
	for _, e := range rows.Events {
		if e.Name == "join" {
			joins++
		}
	}
	if joins != 1 {
		t.Errorf("%d events of joining", joins)
	}
}

func TestObserveRTCManyInOne(t *testing.T) {
	s := start(t, t.TempDir(), new(memory))
	sample := sampleOf
	// A back end may hand on the samples of several clients in one request.
	list := "[" + sample("one", "ada", "a") + "," + sample("one", "bob", "b") + "," + sample("one", "ada", "c") + "]"
	if code, text := s.post("/ingest/observertc/pgk_good", list); code != 200 || strings.TrimSpace(text) != `{"samples":3}` {
		t.Fatalf("%d %s", code, text)
	}
	if n := s.metric("peerglass_ingest_sessions", "protocol=observertc"); n != 2 {
		t.Errorf("%v sessions", n)
	}
	// A page with one WebSocket goes from one call to another.
	c, status, body := s.dial("/ingest/observertc/pgk_good", "", nil)
	if c == nil {
		t.Fatalf("refused: %d %s", status, body)
	}
	c.send(sample("one", "carol", "d"))
	c.send(sample("two", "carol", "e"))
	eventually(t, "the first stay's end", func() bool { return s.store.ended()["carol"] == "leave" })
	eventually(t, "the second stay", func() bool {
		rooms := map[string]bool{}
		for _, call := range s.store.Snapshot().Calls {
			rooms[call.Room] = true
		}
		return rooms["one"] && rooms["two"]
	})
	c.send(`{"callId":"two"`)
	if code, _ := c.refused(); code != 1007 {
		t.Errorf("closed with %d", code)
	}
}

func TestPeermetricsOverRestart(t *testing.T) {
	dir, store := t.TempDir(), new(memory)
	s := start(t, dir, store)
	_, text := s.post("/ingest/peermetrics/v1/initialize", `{"apiKey":"pgk_good","conferenceId":"standup","userId":"alice"}`)
	var told struct{ Token string }
	if err := json.Unmarshal([]byte(text), &told); err != nil || told.Token == "" {
		t.Fatalf("%v: %s", err, text)
	}
	send := func(frame string) {
		var parts []json.RawMessage
		var path string
		if json.Unmarshal([]byte(frame), &parts) != nil || json.Unmarshal(parts[0], &path) != nil {
			t.Fatal(frame)
		}
		body := strings.TrimSuffix(string(parts[1]), "}") + fmt.Sprintf(`,"token":%q}`, told.Token)
		if code, text := s.post("/ingest/peermetrics/v1/"+path, body); code != 200 {
			t.Fatalf("%s: %d %s", path, code, text)
		}
	}
	frames := linesOf(t, "../protocol/peermetrics/testdata/session.jsonl.gz")
	half := len(frames) / 2
	for _, frame := range frames[:half] {
		send(frame)
	}
	s.shutdown()
	store = new(memory)
	s = start(t, dir, store)
	for _, frame := range frames[half:] {
		send(frame)
	}
	eventually(t, "the stay's end", func() bool { return store.ended()["alice"] == "leave" })
	if rows := store.Snapshot(); len(rows.Sessions) != 1 || len(rows.Streams) == 0 || len(rows.Samples) == 0 {
		t.Errorf("%d stays, %d streams, %d samples", len(rows.Sessions), len(rows.Streams), len(rows.Samples))
	}
	eventually(t, "the dump", func() bool { return len(s.dumps()) == 1 })
	for _, records := range s.dumps() {
		for _, r := range records {
			if bytes.Contains(r.Payload, []byte(told.Token)) {
				t.Errorf("the dump has the token: %s", r.Name)
			}
		}
	}
}

// A stay that was only silent for too long goes on as another, as without a
// restart in between; one whose client has left does not.
func TestPeermetricsComesBackAfterRestart(t *testing.T) {
	dir, store := t.TempDir(), new(memory)
	store.away.Store(true) // what ended stays in the spool
	s := start(t, dir, store)
	stay := func(user string) string {
		_, text := s.post("/ingest/peermetrics/v1/initialize", fmt.Sprintf(`{"apiKey":"pgk_good","conferenceId":"standup","userId":%q}`, user))
		var told struct{ Token string }
		if err := json.Unmarshal([]byte(text), &told); err != nil || told.Token == "" {
			t.Fatalf("%v: %s", err, text)
		}
		return told.Token
	}
	send := func(token, event string, sessions float64) {
		t.Helper()
		if code, text := s.post("/ingest/peermetrics/v1/events/browser", fmt.Sprintf(`{"token":%q,"eventName":%q}`, token, event)); code != 200 {
			t.Errorf("%s: %d %s", event, code, text)
		}
		if n := s.metric("peerglass_ingest_sessions", "protocol=peermetrics"); n != sessions {
			t.Errorf("%s: %v sessions are in progress, want %v", event, n, sessions)
		}
	}
	silent, gone := stay("ann"), stay("bob")
	send(silent, "hi", 1)
	send(gone, "unload", 1)
	s.clock.Add(peermetricsTraits.graceMs + 2000)
	eventually(t, "both ends", func() bool {
		ended := store.ended()
		return ended["ann"] == reasonTimeout && ended["bob"] == "leave"
	})
	s.shutdown()
	s = start(t, dir, new(memory))
	send(silent, "back", 1)
	send(gone, "late", 1)
}

// Requests go side by side: what was under way when the goodbye overtook it
// begins no stay of its own, and what comes after it by the client's clock does.
func TestObserveRTCGoodbyeOvertakes(t *testing.T) {
	s := start(t, t.TempDir(), new(memory))
	send := func(at int, events string) {
		t.Helper()
		body := fmt.Sprintf(`{"clientId":"ada","timestamp":%d,"callId":"one","peerConnections":[],"clientEvents":[%s]}`, at, events)
		if code, text := s.post("/ingest/observertc/pgk_good", body); code != 200 {
			t.Fatalf("%d %s", code, text)
		}
	}
	const now = 1_795_274_090_000
	send(now, `{"type":"CLIENT_JOINED","timestamp":1}`)
	send(now+4000, `{"type":"CLIENT_LEFT","timestamp":1}`)
	send(now+2000, "")
	if n := s.metric("peerglass_ingest_sessions", "protocol=observertc"); n != 0 || s.store.ended()["ada"] != "leave" {
		t.Errorf("%v sessions are in progress, %v", n, s.store.ended())
	}
	send(now+6000, "")
	if n := s.metric("peerglass_ingest_sessions", "protocol=observertc"); n != 1 {
		t.Errorf("%v sessions are in progress after another began", n)
	}
}
