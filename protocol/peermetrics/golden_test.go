package peermetrics

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/peerglass/peerglass/internal/golden"
	"github.com/peerglass/peerglass/internal/recordings"
	"github.com/peerglass/peerglass/protocol"
	"github.com/peerglass/peerglass/protocol/protocoltest"
)

// recorded returns the frames of the recorded call.
func recorded(t testing.TB) [][]byte {
	t.Helper()
	return recordings.Frames(t, "peermetrics")
}

// TestGolden holds the records of the recorded call, with the statistics of
// its last poll.
func TestGolden(t *testing.T) {
	d := NewDecoder()
	var out protocoltest.Printer
	for i, frame := range recorded(t) {
		if err := d.Decode(frame, 1795273930000+int64(i), &out); err != nil {
			t.Fatal(err)
		}
	}
	if polls := strings.Count(out.String(), "\nstats "); polls < 2 || d.Unknown() != 0 {
		t.Errorf("%d polls, %d requests without a name", polls, d.Unknown())
	}
	lines := strings.SplitAfter(out.String(), "\n")
	last := strings.Count(out.String()[:strings.LastIndex(out.String(), "\nstats ")+1], "\n")
	var got strings.Builder
	for i, line := range lines {
		if !strings.HasPrefix(line, "  ") || i > last {
			got.WriteString(line)
		}
	}
	golden.Check(t, "testdata/session.golden", got.String())
}

// TestCases holds what frames of any kind give; "@ path body" is a request that
// NewFrame reads.
func TestCases(t *testing.T) {
	protocoltest.Golden(t, "testdata/cases.txt", func(t *testing.T, input []string, out *protocoltest.Printer) {
		d := NewDecoder()
		for _, line := range input {
			out.WriteString(line + "\n")
			var frame []byte
			switch line[0] {
			case '#': // each case begins anew
				d = NewDecoder()
				continue
			case '@':
				path, body, _ := strings.Cut(line[2:], " ")
				token, made, err := NewFrame(path, []byte(body), "")
				fmt.Fprintf(out, "token %q, frame %s\n", token, made)
				if err != nil {
					out.Fault(t, err)
					continue
				}
				frame = made
			case '>':
				frame = []byte(line[2:])
			}
			out.Decode(t, d, frame, 5000)
		}
	})
}

func TestInitialize(t *testing.T) {
	told, err := ParseInitialize([]byte(`{"conferenceId":"standup","conferenceName":"Stand-up","userId":7,"apiKey":"pgk_1"}`))
	if want := (Initialize{Key: "pgk_1", Conference: "standup", ConferenceName: "Stand-up", User: "7"}); err != nil || told != want {
		t.Errorf("%+v, %v", told, err)
	}
	for _, body := range []string{"", "[]", `{"conferenceId":"standup"}`, `{"userId":"ada"}`} {
		var fault *protocol.Error
		if _, err := ParseInitialize([]byte(body)); !errors.As(err, &fault) {
			t.Errorf("%q: %v", body, err)
		}
	}
}

func TestTokenOf(t *testing.T) {
	token := func(claims string) string {
		return "e30." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + ".c2ln"
	}
	if app, session, ok := TokenOf(token(`{"app":"3","session":"s1"}`)); !ok || app != 3 || session != "s1" {
		t.Errorf("%d %q %v", app, session, ok)
	}
	for _, text := range []string{"", "a.b", "a.b.c", token(`{"app":"3"}`), token(`{"session":"s1"}`), token(`{"app":"-1","session":"s"}`), token(`[]`)} {
		if app, session, ok := TokenOf(text); ok {
			t.Errorf("%q names %d %q", text, app, session)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for i, frame := range recorded(f) {
		if i%4 == 0 || bytes.HasPrefix(frame, []byte(`["stats"`)) {
			f.Add(frame)
		}
	}
	f.Fuzz(func(t *testing.T, frame []byte) {
		d := NewDecoder()
		protocoltest.Fault(t, d.Decode(frame, 1, protocoltest.Func(protocoltest.WellFormed)))
		// What NewFrame makes of a body can be decoded.
		if _, made, err := NewFrame(PathConnection, frame, "c-1"); err == nil && d.Decode(made, 1, protocoltest.Func(protocoltest.WellFormed)) != nil {
			t.Errorf("%q cannot be decoded", made)
		}
		AddsConnection(frame)
		_, _, _ = TokenOf(string(frame))
	})
}

func BenchmarkDecode(b *testing.B) {
	var polls [][]byte
	for _, frame := range recorded(b) {
		if bytes.HasPrefix(frame, []byte(`["stats"`)) {
			polls = append(polls, frame)
		}
	}
	d := NewDecoder()
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if err := d.Decode(polls[i%len(polls)], 1, new(protocoltest.Count)); err != nil {
			b.Fatal(err)
		}
	}
}

// A list of empty events must not take many times the memory of its bytes.
func TestBatchIsBounded(t *testing.T) {
	frame := []byte(`["connection/batch",{"data":[` + strings.Repeat("{},", 1<<20) + `{}]}]`)
	d := NewDecoder()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	err := d.Decode(frame, 1, new(protocoltest.Count))
	runtime.ReadMemStats(&after)
	if fault := protocoltest.Fault(t, err); fault == nil || fault.Code != protocol.CodeLimit {
		t.Errorf("%v, want a limit", err)
	}
	if took := after.TotalAlloc - before.TotalAlloc; took > 4*uint64(len(frame)) {
		t.Errorf("%d bytes took %d of memory", len(frame), took)
	}
}
