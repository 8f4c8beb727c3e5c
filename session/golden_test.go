package session

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/peerglass/peerglass/internal/golden"
	"github.com/peerglass/peerglass/quality"
	"github.com/peerglass/peerglass/rtc"
)

// A golden file holds what a client tells and, after a line of ---, all that
// is derived from it. A step begins with the time since the one before:
//
//	+1s poll             reports follow, indented, as script.poll reads them
//	+0s open {"room":…}
//	+0s call PC_0 create {…}
//	+0s state PC_0 onconnectionstatechange "connected"
//	+0s event setVideoType {…}
//	+0s log warn "…"
//	+0s close
//
// Lines that begin with # say what the case is about.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no golden files", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			input, _, _ := strings.Cut(string(text), "---\n")
			golden.Check(t, file, input+"---\n"+derived(runGolden(t, input)))
		})
	}
}

func runGolden(t *testing.T, input string) *Collect {
	t.Helper()
	p := newScript(t, nil)
	var poll strings.Builder
	polling := false
	finish := func() {
		if polling {
			p.must(p.poll(poll.String()))
		}
		polling = false
		poll.Reset()
	}
	for line := range strings.Lines(input) {
		line = strings.TrimRight(line, "\n")
		switch {
		case line == "" || line[0] == '#':
		case line[0] == ' ':
			poll.WriteString(line + "\n")
		default:
			finish()
			after, step, _ := strings.Cut(line, " ")
			d, err := time.ParseDuration(strings.TrimPrefix(after, "+"))
			if err != nil {
				t.Fatalf("%q: %v", line, err)
			}
			p.after(d)
			verb, rest, _ := strings.Cut(step, " ")
			first, second, _ := strings.Cut(rest, " ")
			name, payload, _ := strings.Cut(second, " ")
			switch verb {
			case "poll":
				polling = true
			case "open":
				p.must(p.tell(rtc.KindOpen, "", "", rest))
			case "call":
				p.must(p.tell(rtc.KindCall, first, name, payload))
			case "state":
				p.must(p.tell(rtc.KindState, first, name, payload))
			case "event":
				p.must(p.tell(rtc.KindEvent, "", first, second))
			case "log":
				p.must(p.tell(rtc.KindLog, "", first, second))
			case "close":
				p.must(p.tell(rtc.KindClose, "", "", rest))
			default:
				t.Fatalf("%q: no such step", line)
			}
		}
	}
	finish()
	p.s.End(p.now, "leave")
	p.rooms.Tick(p.now + Silence.Milliseconds() + 1)
	return p.out
}

// derived writes rows as text, times relative to the beginning.
func derived(out *Collect) string {
	var b strings.Builder
	at := func(t time.Time) string {
		if t.IsZero() {
			return "–"
		}
		return t.Sub(milli(t0)).String()
	}
	for _, c := range out.Calls {
		fmt.Fprintf(&b, "call %q %s–%s users=%d sessions=%d peak=%d\n", c.Room, at(c.Start), at(c.End), c.Users, c.Sessions, c.Peak)
	}
	for _, s := range out.Sessions {
		fmt.Fprintf(&b, "session %q %s–%s %s sends=%v receives=%v records=%d unknown=%d\n", s.User, at(s.Start), at(s.End), s.EndReason, s.Sends, s.Receives, s.Records, s.UnknownMembers)
	}
	for _, c := range out.Connections {
		fmt.Fprintf(&b, "connection %d %s %s–%s %s connected=%s local=%s remote=%s transport=%s relay=%v\n", c.ID, c.Label, at(c.Start), at(c.End), c.State, at(c.Connected), c.LocalType, c.RemoteType, c.Transport, c.Relay)
	}
	for _, s := range out.Streams {
		fmt.Fprintf(&b, "stream %d %s %s %s %s–%s ssrc=%d mid=%s rid=%s track=%s user=%s codec=%s samples=%d packets=%d lost=%d bytes=%d\n",
			s.ID, s.ReportID, s.Direction, s.Kind, at(s.Start), at(s.End), s.SSRC, s.MID, s.RID, s.Track, s.RemoteUser, s.Codec, s.Samples, s.Packets, s.PacketsLost, s.Bytes)
	}
	for _, e := range out.Events {
		fmt.Fprintf(&b, "event %d %s %s %s %s %s\n", e.Index, at(e.Time), e.Severity, e.Kind, e.Name, e.Value)
	}
	for i := range out.Samples {
		s := &out.Samples[i]
		fmt.Fprintf(&b, "sample %s %d %s over %s", at(s.Time), s.Stream, s.Kind, s.Interval)
		if s.Limitation != "" {
			fmt.Fprintf(&b, " limitation=%s", s.Limitation)
		}
		if s.Kind == rtc.KindTransport {
			fmt.Fprintf(&b, " pair=%q", s.Pair)
		}
		for j, v := range s.Values {
			if !rtc.IsNull(v) {
				fmt.Fprintf(&b, " %s=%v", quality.Catalogue()[j].ID, v)
			}
		}
		b.WriteByte('\n')
	}
	return strings.ReplaceAll(b.String(), " \n", "\n")
}
