package ingest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/peerglass/peerglass/protocol/watchrtc"
	"github.com/peerglass/peerglass/rtc"
	"github.com/peerglass/peerglass/settings"
)

// watchrtcPath is the address of a session of the watchRTC SDK.
func watchrtcPath(session string, fresh bool) string {
	return fmt.Sprintf("/ingest/watchrtc?apiKey=%s&timestamp=1&apiVersion=v1&sessionId=%s&newConnection=%t", goodKey, session, fresh)
}

// watchrtcDial connects and returns the server's first message.
func (s *server) watchrtcDial(path string) (*client, map[string]any) {
	s.t.Helper()
	c, status, body := s.dial(path, watchrtc.Subprotocol, nil)
	if c == nil {
		s.t.Fatalf("refused: %d %s", status, body)
	}
	eventually(s.t, "the first message", func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		return len(c.got) > 0
	})
	var first map[string]any
	if err := json.Unmarshal([]byte(c.got[0]), &first); err != nil {
		s.t.Fatal(err)
	}
	return c, first
}

// watchrtcHello is the client's own first message.
func watchrtcHello(room, peer string) string {
	return fmt.Sprintf(`["watchrtc","PC_0",{"rtcApiKey":%q,"rtcRoomId":%q,"rtcPeerId":%q,"projectId":%q,"sdkVersion":"1.43.1"},%d]`, goodKey, room, peer, goodKey, time.Now().UnixMilli())
}

func (s *server) framesOf(n float64) {
	s.t.Helper()
	eventually(s.t, "the frames", func() bool {
		return s.metric("peerglass_ingest_frames_total", "protocol=watchrtc") == n
	})
}

// post sends what the SDK tells without a WebSocket.
func (s *server) post(path, body string) (int, string) {
	s.t.Helper()
	response, err := http.Post(s.http.URL+path, "application/json", strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	defer response.Body.Close()
	text, _ := io.ReadAll(response.Body)
	return response.StatusCode, string(text)
}

func TestWatchRTCGoesOnAfterACut(t *testing.T) {
	s := start(t, t.TempDir(), new(memory))
	c, first := s.watchrtcDial(watchrtcPath("abc", true))
	if first["projectId"] != goodKey || first["sendInterval"] != 1.0 || first["collectConsoleLogEnabled"] != true || first["interval"].(float64) < 2000 || first["interval"].(float64) >= 2100 {
		t.Errorf("first message %v", first)
	}
	c.send(watchrtcHello("standup", "alice"))
	s.framesOf(1)
	c.kill()
	eventually(t, "the server to notice", func() bool { return s.metric("peerglass_ingest_connections") == 0 })

	// A client that is told another interval begins its statistics anew: the
	// session is the same, and so must the interval be.
	c, again := s.watchrtcDial(watchrtcPath("abc", false))
	if again["interval"] != first["interval"] {
		t.Errorf("interval %v, was %v", again["interval"], first["interval"])
	}
	c.send(`["reconnect",null,null,1]`)
	s.framesOf(2)
	if n := s.metric("peerglass_ingest_sessions", "protocol=watchrtc"); n != 1 {
		t.Errorf("%v sessions", n)
	}

	// While the WebSocket stands the session does, however silent it is.
	s.clock.Store(watchrtcTraits.graceMs - 1000)
	s.Tick(s.now(), 0)
	c.send(`["reconnectDuration",null,1,1]`)
	s.framesOf(3)

	// What the user thinks of the call may come when the client has closed it.
	_ = c.socket.WriteClose(1000, nil)
	eventually(t, "the server to notice", func() bool { return s.metric("peerglass_ingest_connections") == 0 })
	if code, text := s.post("/ingest/watchrtc/trace", fmt.Sprintf(`{"sessionId":"abc","projectId":%q,"rtcRoomId":"standup","rtcPeerId":"alice","data":["userRating",null,{"rating":4},1]}`, goodKey)); code != 200 || text != "{}" {
		t.Errorf("%d %s", code, text)
	}
	s.framesOf(4)
	s.clock.Add(watchrtcTraits.partedMs + 2000)
	eventually(t, "the session's end", func() bool {
		return s.metric("peerglass_ingest_sessions_ended_total", "reason=leave") == 1
	})
	eventually(t, "the dump", func() bool { return len(s.dumps()["abc"]) > 0 })
	told := map[string]int{}
	for _, r := range s.dumps()["abc"] {
		told[r.Kind.String()+" "+string(r.Name)]++
		if strings.Contains(string(r.Payload), goodKey) {
			t.Errorf("the dump has the key: %s", r.Payload)
		}
	}
	if told["feedback feedback"] != 1 || told["event reconnect"] != 1 || told["open watchrtc"] != 2 {
		t.Errorf("the dump has %v", told)
	}
	var ends []time.Time
	for _, row := range s.store.Snapshot().Sessions {
		if row.User != "alice" {
			t.Errorf("user %q", row.User)
		}
		ends = append(ends, row.End)
	}
	// The rating is no part of the stay.
	if last := ends[len(ends)-1]; last.IsZero() || last.After(time.Now().Add(time.Duration(watchrtcTraits.graceMs)*time.Millisecond)) {
		t.Errorf("the stay ended at %v", last)
	}
}

func TestWatchRTCBeginsAnotherStay(t *testing.T) {
	s := start(t, t.TempDir(), new(memory))
	c, first := s.watchrtcDial(watchrtcPath("abc", true))
	c.send(watchrtcHello("one", "alice"))
	s.framesOf(1)
	_ = c.socket.WriteClose(1000, nil)
	eventually(t, "the server to notice", func() bool { return s.metric("peerglass_ingest_connections") == 0 })
	s.clock.Add(150) // another interval for certain, but for one in a hundred
	c, again := s.watchrtcDial(watchrtcPath("abc", true))
	if again["interval"] == first["interval"] {
		t.Logf("the interval is %v again, by chance", again["interval"])
	}
	eventually(t, "the end of the first", func() bool {
		return s.metric("peerglass_ingest_sessions_ended_total", "reason=leave") == 1
	})
	c.send(watchrtcHello("two", "alice"))
	s.framesOf(2)

	// The page goes, and so does the user.
	_ = c.socket.WriteClose(1001, nil)
	eventually(t, "the end of the second", func() bool {
		return s.metric("peerglass_ingest_sessions_ended_total", "reason=leave") == 2
	})
}

func TestWatchRTCRefuses(t *testing.T) {
	s := start(t, t.TempDir(), new(memory))
	wrong := strings.Replace(watchrtcPath("abc", true), goodKey, "pgk_wrong", 1)
	for name, c := range map[string]struct{ path, says string }{
		"unknown key":        {wrong, "ingest key is not known"},
		"disabled app":       {strings.Replace(wrong, "pgk_wrong", disabledKey, 1), "disabled"},
		"origin":             {watchrtcPath("abc", true) + "&evil=1", "evil.example"},
		"token without app":  {"/ingest/watchrtc?token=a.b.c&sessionId=abc", "app's id in the address"},
		"token of an app":    {"/ingest/watchrtc/7?token=a.b.c&sessionId=abc", "token"},
		"token of no app":    {"/ingest/watchrtc/8?token=a.b.c&sessionId=abc", "not known here"},
		"nothing to tell by": {"/ingest/watchrtc?sessionId=abc", "ingest key"},
	} {
		got, first := s.watchrtcDial(c.path)
		if text, _ := first["error"].(string); !strings.Contains(text, c.says) {
			t.Errorf("%s: %v, want %q", name, first, c.says)
		}
		if code, _ := got.refused(); code != 1008 {
			t.Errorf("%s: closed with %d", name, code)
		}
	}
	if c, status, _ := s.dial("/ingest/watchrtc?apiKey="+goodKey+"&sessionId=a/b", watchrtc.Subprotocol, nil); c != nil || status != 400 {
		t.Errorf("a session called a/b: %d", status)
	}
	rating := `{"sessionId":"abc","projectId":"%s","data":["userRating",null,{"rating":4},1]}`
	for name, c := range map[string]struct {
		path, body string
		code       int
	}{
		"unknown key":  {"/ingest/watchrtc/trace", fmt.Sprintf(rating, "pgk_wrong"), 401},
		"wrong token":  {"/ingest/watchrtc/7/trace", fmt.Sprintf(rating, "a.b.c"), 401},
		"no body":      {"/ingest/watchrtc/error", "", 400},
		"no such path": {"/ingest/watchrtc/other", "{}", 426},
		"qualityRTC":   {"/ingest/watchrtc/get-qualityrtc-config", "{}", 404},
	} {
		if code, text := s.post(c.path, c.body); code != c.code {
			t.Errorf("%s: %d %s, want %d", name, code, text, c.code)
		}
	}
	eventually(t, "all connections to be gone", func() bool { return s.metric("peerglass_ingest_connections") == 0 })
	s.framesOf(0)
}

func TestWatchRTCByToken(t *testing.T) {
	s := start(t, t.TempDir(), new(memory))
	token, err := settings.SignToken(testSecret, settings.Claims{App: 7, Room: "vouched", User: "carol", Expires: time.Now().Add(time.Hour)}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	c, first := s.watchrtcDial("/ingest/watchrtc/7?sessionId=abc&newConnection=true&token=" + token)
	if first["projectId"] != token {
		t.Errorf("project %v, want the token: it is all that the client's requests bring", first["projectId"])
	}
	c.send(watchrtcHello("any", "mallory"))
	s.framesOf(1)
	if code, text := s.post("/ingest/watchrtc/7/trace", fmt.Sprintf(`{"sessionId":"abc","projectId":%q,"rtcRoomId":"any","rtcPeerId":"mallory","data":["userRating",null,{"rating":4},1]}`, token)); code != 200 {
		t.Errorf("%d %s", code, text)
	}
	_ = c.socket.WriteClose(1001, nil)
	var row rtc.Session
	eventually(t, "the end", func() bool {
		rows := s.store.Snapshot().Sessions
		if len(rows) > 0 {
			row = rows[len(rows)-1]
		}
		return !row.End.IsZero()
	})
	if row.User != "carol" || row.Room != "vouched" {
		t.Errorf("%q in %q, but the token says carol in vouched", row.User, row.Room)
	}
}
