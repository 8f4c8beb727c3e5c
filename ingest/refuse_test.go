package ingest

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"time"

	"github.com/lxzan/gws"

	"github.com/peerglass/peerglass/protocol"
	"github.com/peerglass/peerglass/protocol/native"
	"github.com/peerglass/peerglass/quality/verdict"
	"github.com/peerglass/peerglass/rtc"
	"github.com/peerglass/peerglass/session"
	"github.com/peerglass/peerglass/settings"
)

// What is refused before the upgrade: the HTTP status and a sentence.
func TestRefusedAtTheDoor(t *testing.T) {
	s := start(t, t.TempDir(), new(memory))
	for _, c := range []struct {
		name, path, subprotocol string
		status                  int
		says                    string
		reason                  string
	}{
		{"unknown key", "/ingest/jitsi/pgk_wrong/room?statsSessionId=a&isReconnect=false", jitsiProtocol, 401, "ingest key is not known", "unknown_key"},
		{"disabled app", "/ingest/jitsi/" + disabledKey + "/room?statsSessionId=a&isReconnect=false", jitsiProtocol, 403, "disabled", "app_disabled"},
		{"origin", "/ingest/rtcstats/" + goodKey + "/room?evil=1", "rtcstats#5.0", 403, "evil.example", "origin_refused"},
		{"unknown protocol", "/ingest/smoke/" + goodKey, "", 404, "no protocol is spoken", "protocol"},
		{"unknown subprotocol", "/ingest/rtcstats/" + goodKey + "/room", "rtcstats#99", 400, "rtcstats#99 is not spoken", "unsupported"},
		{"unknown Jitsi subprotocol", "/ingest/jitsi/" + goodKey + "/room", "77_STANDARD", 400, "77_STANDARD", "unsupported"},
		{"wrong token", "/ingest/rtcstats/" + goodKey + "/room?rtcstats-token=nonsense", "rtcstats#5.0", 401, "token", "token_malformed"},
		{"session id", "/ingest/jitsi/" + goodKey + "/room?statsSessionId=%22%3B&isReconnect=false", jitsiProtocol, 400, "statsSessionId", "malformed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, status, body := s.dial(c.path, c.subprotocol, nil)
			if got != nil || status != c.status || !strings.Contains(body, c.says) {
				t.Errorf("status %d, body %s; want %d and %q", status, body, c.status, c.says)
			}
			if n := s.metric("peerglass_ingest_refused_total", "reason="+c.reason); n == 0 {
				t.Errorf("not counted as %s", c.reason)
			}
		})
	}
	if n := s.metric("peerglass_ingest_connections"); n != 0 {
		t.Errorf("%v connections are left", n)
	}
}

// What is refused later: a close code and a sentence. A good client beside it
// notices nothing.
func TestRefusedLater(t *testing.T) {
	s := start(t, t.TempDir(), new(memory), func(o *Options) { o.Limits.Frame = 1 << 20 })
	good := &jitsiClient{id: "good"}
	good.connect(s)
	at := time.Now().UnixMilli()
	huge := `{"statsSessionId":"x","type":"stats-entry","data":"` + strings.Repeat("x", 1<<20) + `"}`
	for _, c := range []struct {
		name   string
		frames []string
		code   uint16
		says   string
		reason string
	}{
		{"invalid JSON", []string{`{"statsSessionId":"x","type":`}, 3002, "", protocol.CodeMalformed},
		{"invalid entry", []string{jitsiIdentity("x", 1, at), `{"statsSessionId":"x","type":"stats-entry","data":"[\"getstats\",\"PC_0\",{\"a\":{\"bytesSent\":}},1,2]"}`}, 3002, "", protocol.CodeMalformed},
		{"oversized frame", []string{huge}, 1009, "", protocol.CodeTooLarge},
		{"the future at once", []string{jitsiEntry("x", 4_000_000_000, at)}, 3002, "from the future", reasonSequence},
		{"the future", []string{jitsiIdentity("x", 1, at), jitsiEntry("x", 4_000_000_000, at)}, 3002, "2 was expected", reasonSequence},
		{"no text", []string{"\xff\xfe"}, 1007, "", protocol.CodeMalformed},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := s.metric("peerglass_ingest_refused_total", "reason="+c.reason)
			bad, status, body := s.dial(jitsiPath("bad-"+strings.ReplaceAll(c.name, " ", "-"), false), jitsiProtocol, nil)
			if bad == nil {
				t.Fatalf("refused: %d %s", status, body)
			}
			for _, f := range c.frames {
				bad.send(f)
			}
			code, reason := bad.refused()
			if code != c.code || !strings.Contains(reason, c.says) || reason == "" {
				t.Errorf("closed with %d %q; want %d %q", code, reason, c.code, c.says)
			}
			eventually(t, "the count", func() bool {
				return s.metric("peerglass_ingest_refused_total", "reason="+c.reason) == before+1
			})
			good.say()
		})
	}
	eventually(t, "the good client's acknowledgement", good.empty)
	if code, _ := good.current.code, good.current.reason; code != 0 {
		t.Errorf("the good client was closed with %d", code)
	}
}

// A length with the highest bit set makes gws panic; it costs only its sender.
func TestNegativeLength(t *testing.T) {
	s := start(t, t.TempDir(), new(memory))
	good := &jitsiClient{id: "good"}
	good.connect(s)
	bad, _, _ := s.dial(jitsiPath("bad", false), jitsiProtocol, nil)
	header := []byte{0x81, 0x80 | 127, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4}
	binary.BigEndian.PutUint64(header[2:], 1<<63|5)
	if _, err := bad.socket.NetConn().Write(header); err != nil {
		t.Fatal(err)
	}
	bad.refused()
	good.say()
	eventually(t, "the good client's acknowledgement", good.empty)
	eventually(t, "the connection to be gone", func() bool { return s.metric("peerglass_ingest_connections") == 1 })
}

// Clocks a year off and counters that go backwards are what clients have: no
// error, rows in the server's time.
func TestOddClocksAndCounters(t *testing.T) {
	store := new(memory)
	s := start(t, t.TempDir(), store)
	now := time.Now()
	for i, off := range []time.Duration{-365 * 24 * time.Hour, 365 * 24 * time.Hour} {
		id := fmt.Sprintf("clock-%d", i)
		c := &jitsiClient{id: id}
		c.connect(s)
		at := now.Add(off).UnixMilli()
		c.add(jitsiIdentity(id, 1, at))
		for k, packets := range []int{100, 200, 300, 10, 110} { // a reset
			stats := fmt.Sprintf(`["getstats","PC_0",{"IT1":{"timestamp":0,"type":"inbound-rtp","kind":"audio","ssrc":5,"packetsReceived":%d},"timestamp":%d},%d,%d]`,
				packets, at+int64(k)*1000, at+int64(k)*1000, k+2)
			text, _ := json.Marshal(stats)
			c.add(fmt.Sprintf(`{"statsSessionId":%q,"type":"stats-entry","data":%s}`, id, text))
		}
		eventually(t, "the acknowledgement", c.empty)
		_ = c.current.socket.WriteClose(3001, nil)
	}
	eventually(t, "both to be all derived", func() bool { return s.metric("peerglass_ingest_dumps_total") == 2 })
	if n := s.metric("peerglass_ingest_frames_faulty_total"); n != 0 {
		t.Errorf("%v frames counted as faulty", n)
	}
	if n := s.metric("peerglass_ingest_corrected_total"); n != 4 {
		t.Errorf("%v corrections counted, want two clocks and two counters", n)
	}
	samples := 0
	for _, r := range store.Snapshot().Samples {
		samples++
		if d := r.Time.Sub(now); d < -time.Minute || d > time.Minute {
			t.Errorf("a sample stands at %v, %v from now", r.Time, d)
		}
	}
	if samples == 0 {
		t.Error("no sample was derived")
	}
}

// add sends a frame as it is.
func (j *jitsiClient) add(frame string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.next++
	j.buffer = append(j.buffer, buffered{j.next, frame})
	j.flush()
}

// A session with more and more streams meets its limit, is told so, and costs
// a bounded amount.
func TestMillionStreams(t *testing.T) {
	s := start(t, t.TempDir(), new(memory))
	c, _, _ := s.dial(jitsiPath("many", false), jitsiProtocol, nil)
	eventually(t, "the initial number", func() bool { return c.acked() == 0 })
	at := time.Now().UnixMilli()
	c.send(jitsiIdentity("many", 1, at))
	for sn := 2; sn < 1000; sn++ {
		var b strings.Builder
		fmt.Fprintf(&b, `["getstats","PC_0",{`)
		for stream := range sn * 500 { // each poll has more than the last, up to a million in all
			fmt.Fprintf(&b, `"S%d":{"timestamp":0,"type":"inbound-rtp","kind":"audio","ssrc":%d,"packetsReceived":1},`, stream, stream)
		}
		fmt.Fprintf(&b, `"timestamp":%d},%d,%d]`, at, at, sn)
		text, _ := json.Marshal(b.String())
		if err := c.socket.WriteMessage(gws.OpcodeText, fmt.Appendf(nil, `{"statsSessionId":"many","type":"stats-entry","data":%s}`, text)); err != nil {
			break
		}
	}
	code, reason := c.refused()
	if code != 3002 || reason == "" {
		t.Errorf("closed with %d %q", code, reason)
	}
	if n := s.metric("peerglass_ingest_refused_total", "reason="+protocol.CodeLimit); n != 1 {
		t.Errorf("counted %v times as limit", n)
	}
}

func TestImportRefuses(t *testing.T) {
	s := start(t, t.TempDir(), new(memory))
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	for i := range 1000 {
		fmt.Fprintf(z, "[\"onconnectionstatechange\",\"PC_0\",\"state-%d\",%d]\n", i, 1_700_000_000_000+i)
	}
	z.Close()
	for name, data := range map[string]string{
		"truncated gzip":   packed.String()[:packed.Len()/2],
		"no dump":          "hello, I am a letter\nand nothing else\n",
		"empty":            "",
		"JSON of no kind":  `{"a":1}`,
		"a picture, maybe": "\x89PNG\r\n\x1a\n\x00\x00",
	} {
		call, err := s.Import(context.Background(), 7, name, strings.NewReader(data), nil)
		var fault *protocol.Error
		if call != 0 || !errors.As(err, &fault) || fault.What == "" {
			t.Errorf("%s: call %v, error %v", name, call, err)
			continue
		}
		t.Logf("%s: %v", name, err)
	}
	malformed, unsupported := s.metric("peerglass_ingest_imports_total", "result=malformed"), s.metric("peerglass_ingest_imports_total", "result=unsupported")
	if malformed == 0 || unsupported == 0 || malformed+unsupported != 5 {
		t.Errorf("%v refusals counted as malformed and %v as unsupported, of 5", malformed, unsupported)
	}
	// What could be read of it before the damage is no call: it would have no end.
	if rows := s.store.Snapshot(); len(rows.Calls) != 0 || len(rows.Sessions) != 0 || len(rows.Events) != 0 {
		t.Errorf("refused files left %d calls, %d sessions and %d events", len(rows.Calls), len(rows.Sessions), len(rows.Events))
	}
}

// An upload that breaks off is the client's, and told as such. One whose
// client is gone when all of it has come becomes its call.
func TestImportAlone(t *testing.T) {
	s := start(t, t.TempDir(), new(memory))
	var fault *protocol.Error
	if _, err := s.Import(t.Context(), 7, "half", io.MultiReader(strings.NewReader("[\"a"), iotest.ErrReader(io.ErrUnexpectedEOF)), nil); !errors.As(err, &fault) || !strings.Contains(fault.What, "broke off after 3 bytes") {
		t.Errorf("half an upload: %v", err)
	}
	var whole strings.Builder
	for i := range 100 {
		fmt.Fprintf(&whole, "[\"onconnectionstatechange\",\"PC_0\",\"state-%d\",%d]\n", i, 1_700_000_000_000+i)
	}
	ctx, hangUp := context.WithCancel(t.Context())
	left := false
	call, err := s.Import(ctx, 7, "whole", strings.NewReader(whole.String()), func(int64) {
		left = true
		hangUp()
	})
	if err != nil || !left {
		t.Fatalf("%v (hung up: %t)", err, left)
	}
	rows := s.store.Snapshot()
	if n := len(rows.Events); n != 100 {
		t.Errorf("%d events, want 100", n)
	}
	if last := rows.Sessions[len(rows.Sessions)-1]; last.Call != call || last.End.IsZero() {
		t.Errorf("the stay is %+v", last)
	}
}

// Frames are spooled while the store is behind, derived when it has caught
// up, and leave the spool only when it has their rows.
func TestStoreAway(t *testing.T) {
	store := new(memory)
	s := start(t, t.TempDir(), store)
	store.backlog.Store(1 << 40)
	store.away.Store(true)
	eventually(t, "frames to be only spooled", func() bool { return s.lagging.Load() })
	c := &jitsiClient{id: "patient"}
	c.connect(s)
	for range 50 {
		c.say()
	}
	eventually(t, "the acknowledgement", c.empty)
	_ = c.current.socket.WriteClose(3001, nil)
	eventually(t, "the end", func() bool { return s.metric("peerglass_ingest_sessions_ended_total") == 1 })
	if n := s.metric("peerglass_ingest_records_total"); n != 0 {
		t.Errorf("%v records were derived while the store was behind", n)
	}
	store.backlog.Store(0)
	eventually(t, "the frames to be derived", func() bool { return s.metric("peerglass_ingest_replayed_frames_total") == 50 })
	eventually(t, "a failed flush", func() bool {
		return s.metric("peerglass_ingest_failures_total", "step=flush") > 0
	})
	if logs, err := s.spool.Logs(); err != nil || len(logs) != 1 {
		t.Errorf("%d sessions in the spool, %v: it must stay until the store has its rows", len(logs), err)
	}
	store.away.Store(false)
	eventually(t, "the spool to be empty", func() bool {
		logs, err := s.spool.Logs()
		return err == nil && len(logs) == 0
	})
}

// A session whose call cannot be judged stays in the spool until it can; the
// others leave it.
func TestCallNotJudged(t *testing.T) {
	store := new(memory)
	var sick atomic.Uint64 // the first call that is asked for
	var well atomic.Bool
	judge := session.NewJudge(store, session.JudgeOptions{
		Earlier: func(_ context.Context, _ rtc.AppID, call rtc.CallID) (*verdict.Rows, error) {
			sick.CompareAndSwap(0, uint64(call))
			if sick.Load() == uint64(call) && !well.Load() {
				return nil, errors.New("too busy")
			}
			return nil, nil
		},
		Now: func() time.Time { return time.Now().Add(time.Hour) }, // every call began before it
	})
	s := start(t, t.TempDir(), store, func(o *Options) {
		o.Judge, o.Rooms = judge, session.NewRooms(judge, o.Random)
	})
	const clients = 3
	for i := range clients {
		c := &jitsiClient{id: fmt.Sprintf("client-%d", i)}
		c.connect(s)
		c.say()
		eventually(t, "the acknowledgement", c.empty)
		_ = c.current.socket.WriteClose(3001, nil)
		c.current.refused()
	}
	spooled := func(want int) func() bool {
		return func() bool {
			logs, err := s.spool.Logs()
			return err == nil && len(logs) == want
		}
	}
	eventually(t, "all sessions to be dumped", func() bool { return s.metric("peerglass_ingest_dumps_total") == clients })
	eventually(t, "the sessions of other calls to leave the spool", spooled(1))
	failed := s.metric("peerglass_ingest_failures_total", "step=judge")
	eventually(t, "another attempt", func() bool { return s.metric("peerglass_ingest_failures_total", "step=judge") > failed })
	if !spooled(1)() {
		t.Error("a session left the spool before its call was judged")
	}
	well.Store(true)
	eventually(t, "the spool to be empty", spooled(0))
}

// A client that is silent for too long loses its session; one that comes back
// in time has it again.
func TestSilence(t *testing.T) {
	s := start(t, t.TempDir(), new(memory))
	gone, back := &jitsiClient{id: "gone"}, &jitsiClient{id: "back"}
	for _, c := range []*jitsiClient{gone, back} {
		c.connect(s)
		c.say()
		eventually(t, "the acknowledgement", c.empty)
		c.current.kill()
	}
	eventually(t, "both to be away", func() bool { return s.metric("peerglass_ingest_connections") == 0 })
	s.clock.Store(45_000)
	back.connect(s)
	back.say()
	eventually(t, "the acknowledgement", back.empty)
	s.clock.Store(75_000)
	eventually(t, "the end of the silent one", func() bool {
		return s.metric("peerglass_ingest_sessions_ended_total", "reason=timeout") == 1
	})
	if n := s.metric("peerglass_ingest_sessions"); n != 1 {
		t.Errorf("%v sessions in progress", n)
	}
	// Coming back too late is a new session that does not ask for what is there.
	gone.connect(s)
	gone.say()
	eventually(t, "the acknowledgement", gone.empty)
	if n := s.metric("peerglass_ingest_frames_again_total"); n != 0 {
		t.Errorf("%v frames were sent again", n)
	}
}

// sampleOf is a request of ObserveRTC's client.
func sampleOf(call, client, event string) string {
	return fmt.Sprintf(`{"timestamp":%d,"callId":%q,"clientId":%q,"clientEvents":[{"type":%q,"payload":"{}"}]}`, time.Now().UnixMilli(), call, client, event)
}

// Who sends each frame by a request of its own, and names another session each
// time, meets the limits that a connection has.
func TestRequestsAreLimited(t *testing.T) {
	s := start(t, t.TempDir(), new(memory), func(o *Options) {
		o.Limits.FramesBurst, o.Limits.FramesPerSecond, o.Limits.Sessions = 4, 0.01, 2 // the first tells who it is, too
	})
	const path = "/ingest/observertc/pgk_good"
	for range 3 {
		if code, text := s.post(path, sampleOf("one", "ada", "a")); code != 200 {
			t.Fatalf("%d %s", code, text)
		}
	}
	if code, text := s.post(path, sampleOf("one", "ada", "a")); code != 429 || !strings.Contains(text, "more than") {
		t.Errorf("one frame too many: %d %s", code, text)
	}
	if code, text := s.post(path, sampleOf("one", "bob", "a")); code != 200 {
		t.Errorf("another session: %d %s", code, text)
	}
	if code, text := s.post(path, sampleOf("one", "cy", "a")); code != 429 || !strings.Contains(text, "2 sessions") {
		t.Errorf("one session too many: %d %s", code, text)
	}
	if code, text := s.post(path, sampleOf("one", "bob", "CLIENT_LEFT")); code != 200 {
		t.Errorf("goodbye: %d %s", code, text)
	}
	if code, text := s.post(path, sampleOf("one", "cy", "a")); code != 200 {
		t.Errorf("when one had ended: %d %s", code, text)
	}
	if n := s.staysOf(7).Load(); n != 2 {
		t.Errorf("%d sessions are counted", n)
	}
}

// A client that begins sessions without end is turned away, and with it its
// network only; who is in a session may come back to it.
func TestBeginningsAreLimited(t *testing.T) {
	s := start(t, t.TempDir(), new(memory), func(o *Options) {
		o.Limits.BeginPerSecond, o.Limits.BeginBurst = 0.01, 3
		o.Proxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	})
	begin := func(from, session string) (greeted bool, code uint16, reason string) {
		t.Helper()
		s.from = from
		c, status, body := s.dial("/ingest/jitsi/"+goodKey+"/room?isReconnect=false&statsSessionId="+session, jitsiProtocol, nil)
		if c == nil {
			t.Fatalf("%d %s", status, body)
		}
		eventually(t, "a greeting or a refusal", func() bool {
			c.mu.Lock()
			defer c.mu.Unlock()
			greeted, code, reason = len(c.got) > 0, c.code, c.reason
			return greeted || code != 0
		})
		c.kill()
		return greeted, code, reason
	}
	for _, session := range []string{"a", "b", "c"} {
		if greeted, code, reason := begin("203.0.113.9", session); !greeted {
			t.Fatalf("%s: %d %s", session, code, reason)
		}
	}
	if _, code, reason := begin("203.0.113.77", "d"); code != 1013 || !strings.Contains(reason, "network 203.0.113.0 begin more than") {
		t.Errorf("one too many: %d %s", code, reason)
	}
	if n := s.metric("peerglass_ingest_refused_total", "reason="+reasonConnections); n != 1 {
		t.Errorf("%v are counted", n)
	}
	if greeted, code, reason := begin("203.0.113.9", "b"); !greeted {
		t.Errorf("back in its session: %d %s", code, reason)
	}
	for _, from := range []string{"198.51.100.1", "10.1.2.3", "10.1.2.3", "10.1.2.3", "10.1.2.3"} {
		if greeted, code, reason := begin(from, fmt.Sprint("other-", s.arrivals.Load())); !greeted {
			t.Errorf("%s: %d %s", from, code, reason)
		}
	}
	s.clock.Add(110_000)
	if greeted, code, reason := begin("203.0.113.9", "e"); !greeted {
		t.Errorf("when time has passed: %d %s", code, reason)
	}
	s.clock.Add(10 * sweepMs)
	begin("198.51.100.1", "f")
	if n := len(s.begun.by); n != 1 {
		t.Errorf("%d networks are remembered", n)
	}
}

// Who keeps a place in memory without saying whose it is loses it.
func TestNamelessClientsAreCutOff(t *testing.T) {
	s := start(t, t.TempDir(), new(memory))
	c, status, body := s.dial("/ingest/native", native.Subprotocol, nil)
	if c == nil {
		t.Fatalf("refused: %d %s", status, body)
	}
	s.clock.Add(helloMs / 2)
	_ = c.socket.WritePong(nil) // as browsers answer pings
	s.clock.Add(helloMs/2 + 1000)
	_ = c.socket.WritePong(nil)
	if code, reason := c.refused(); code != 4408 || !strings.Contains(reason, "hello") {
		t.Errorf("closed with %d %s", code, reason)
	}

	s.bodyFor = 20 * time.Millisecond
	line, err := net.Dial("tcp", s.http.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer line.Close()
	if _, err := fmt.Fprintf(line, "POST /ingest/peermetrics/v1/stats HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{"); err != nil {
		t.Fatal(err)
	}
	answer, err := http.ReadResponse(bufio.NewReader(line), nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	if answer.StatusCode != 400 {
		t.Errorf("a body that does not end: %d", answer.StatusCode)
	}

	// One that the client itself broke off is no fault of the server's.
	if r := refusalOf(refuseBusy(context.Canceled)); r.Status != 503 || r.Reason != reasonShutdown {
		t.Errorf("%d %s", r.Status, r.Reason)
	}
}

// A request that is repeated because its answer was lost counts once.
func TestRepeatedRequests(t *testing.T) {
	s := start(t, t.TempDir(), new(memory))
	first, second := sampleOf("one", "ada", "first"), sampleOf("one", "ada", "second")
	for _, body := range []string{first, "[" + second + "," + second + "]", first, second, sampleOf("one", "ada", "CLIENT_LEFT")} {
		if code, text := s.post("/ingest/observertc/pgk_good", body); code != 200 {
			t.Fatalf("%d %s", code, text)
		}
	}
	eventually(t, "the stay's end", func() bool { return s.store.ended()["ada"] == "leave" })
	told := map[string]int{}
	for _, e := range s.store.Snapshot().Events {
		told[e.Name]++
	}
	if told["first"] != 1 || told["second"] != 2 { // what is twice in one request is meant so
		t.Errorf("events %v", told)
	}
	if n := s.metric("peerglass_ingest_frames_again_total", "protocol=observertc"); n != 2 {
		t.Errorf("%v are counted as sent again", n)
	}

	// Without a time in it a request may mean what it says each time.
	d := newDoor(t, settings.AnyOrigin)
	c := d.joinREST("ann", "room")
	for _, dated := range []string{"", `"timestamp":1,`} {
		for _, event := range []string{"audioMute", "audioUnmute", "audioMute"} {
			body := `{` + dated + `"localID":"ann","eventType":"` + event + `"}`
			if status, answer := d.ask(http.MethodPost, c.stay+"/events/media/actions", c.bearer, "application/json", body); status != 200 {
				t.Errorf("%s: %d %v", body, status, answer)
			}
		}
	}
	if n := d.metric("peerglass_ingest_frames_again_total", "protocol=callstats"); n != 1 {
		t.Errorf("%v are counted as sent again", n)
	}
}

// An address that was set with a slash at its end is as good as one without.
func TestDoubleSlashes(t *testing.T) {
	d := newDoor(t, settings.AnyOrigin)
	if code, text := d.post("/ingest/peermetrics/v1//initialize", fmt.Sprintf(`{"apiKey":%q,"conferenceId":"board","userId":"ann"}`, d.key)); code != 200 {
		t.Errorf("%d %s", code, text)
	}
	// What stands double in a name stays so.
	c := d.joinREST("ann", "https://meet.example//standup")
	c.stay = "/" + c.stay
	c.told("events/user/alive", "")
	for _, call := range d.store.Snapshot().Calls {
		if call.Room != "https://meet.example//standup" {
			t.Errorf("room %q", call.Room)
		}
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodOptions, d.http.URL+"/ingest/callstats//v1/apps/1/conferences/x", nil)
	if err != nil {
		t.Fatal(err)
	}
	got, err := (&http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = got.Body.Close()
	if got.StatusCode != http.StatusNoContent || got.Header.Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("a page that asks before it sends is told %d", got.StatusCode)
	}
}

// Many records in one frame cost what they cost in frames of their own.
func TestManyRecordsInOneFrame(t *testing.T) {
	s := start(t, t.TempDir(), new(memory), func(o *Options) { o.Limits.FramesPerSecond = 0.01 })
	send := func(session string, records int) (int, string) {
		list := strings.Repeat(`["custom",null,null,1],`, records)
		return s.post("/ingest/watchrtc/trace", fmt.Sprintf(`{"sessionId":%q,"projectId":%q,"rtcRoomId":"r","rtcPeerId":"ann","data":[%s["last",null,null,%d]]}`, session, goodKey, list, time.Now().UnixNano()))
	}
	if code, text := send("a", 3*maxRecords); code != 400 || !strings.Contains(text, "more than 20000 records") {
		t.Errorf("%d %s", code, text)
	}
	rows := 0
	for _, e := range s.store.Snapshot().Events {
		if e.Name == "custom" {
			rows++
		}
	}
	if rows > maxRecords {
		t.Errorf("%d rows of one frame", rows)
	}
	for _, want := range []int{200, 200, 429} { // the burst is 10,000
		if code, text := send("b", 6000); code != want {
			t.Errorf("%d %s, want %d", code, text, want)
		}
	}
}
