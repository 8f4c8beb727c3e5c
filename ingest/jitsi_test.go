package ingest

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/peerglass/peerglass/protocol/jitsi"
)

func TestJitsiAcknowledges(t *testing.T) {
	s := start(t, t.TempDir(), new(memory))
	c, status, body := s.dial(jitsiPath("abc", false), jitsiProtocol, nil)
	if c == nil {
		t.Fatalf("refused: %d %s", status, body)
	}
	eventually(t, "the initial number", func() bool { return c.acked() == 0 })
	at := time.Now().UnixMilli()
	c.send(jitsiIdentity("abc", 1, at))
	for sn := 2; sn <= 100; sn++ {
		c.send(jitsiEntry("abc", sn, at+int64(sn)))
	}
	eventually(t, "the acknowledgement", func() bool { return c.acked() == 100 })
	if n := s.metric("peerglass_ingest_frames_total"); n != 100 {
		t.Errorf("%v frames counted", n)
	}
	if n := s.metric("peerglass_ingest_connections"); n != 1 {
		t.Errorf("%v connections", n)
	}
	c.send(`{"statsSessionId":"abc","type":"keepalive"}`)
	_ = c.socket.WriteClose(3001, []byte("left"))
	eventually(t, "the session's end", func() bool {
		return s.metric("peerglass_ingest_sessions_ended_total", "reason=leave") == 1
	})
	eventually(t, "the spool to be empty", func() bool {
		logs, err := s.spool.Logs()
		return err == nil && len(logs) == 0
	})
	records := s.dumps()["abc"]
	states := 0
	for _, r := range records {
		if strings.HasPrefix(string(r.Payload), `"state-`) {
			states++
		}
	}
	if states != 99 {
		t.Errorf("%d of 99 states in the dump", states)
	}
}

func TestJitsiAcknowledgesBeforeAGap(t *testing.T) {
	s := start(t, t.TempDir(), new(memory))
	c, status, body := s.dial(jitsiPath("abc", false), jitsiProtocol, nil)
	if c == nil {
		t.Fatalf("refused: %d %s", status, body)
	}
	at := time.Now().UnixMilli()
	for _, sn := range []int{1, 2, 3, 50, 51} { // 4 to 49 did not fit into the client's buffer
		c.send(jitsiEntry("abc", sn, at+int64(sn)))
	}
	eventually(t, "the acknowledgement", func() bool { return c.acked() == 51 })
	c.mu.Lock()
	defer c.mu.Unlock()
	if !slices.Contains(c.got, string(jitsi.AppendAck(nil, 3))) {
		t.Errorf("3 was not acknowledged on its own: %q", c.got)
	}
}

func TestJitsiBeforeNumbersEndsWithItsConnection(t *testing.T) {
	s := start(t, t.TempDir(), new(memory))
	path, _, _ := strings.Cut(jitsiPath("abc", false), "?")
	c, status, body := s.dial(path, jitsiProtocol, nil)
	if c == nil {
		t.Fatalf("refused: %d %s", status, body)
	}
	c.send(`{"statsSessionId":"abc","type":"stats-entry","data":"[\"create\",\"PC_0\",{},1795219658448]"}`)
	eventually(t, "the frame", func() bool { return s.metric("peerglass_ingest_frames_total") == 1 })
	c.kill()
	eventually(t, "the session's end", func() bool {
		return s.metric("peerglass_ingest_sessions_ended_total") == 1
	})
}
