package peermetrics

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/peerglass/peerglass/protocol"
	"github.com/peerglass/peerglass/rtc"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// recorded returns the frames of the recorded call.
func recorded(t testing.TB) [][]byte {
	t.Helper()
	file, err := os.Open("testdata/session.jsonl.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	in, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(in)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Split(bytes.TrimSpace(text), []byte("\n"))
}

// printer writes records as the golden files have them.
type printer struct {
	bytes.Buffer
	polls int
}

func (p *printer) Record(r *rtc.Record) error {
	fmt.Fprintf(p, "%s", r.Kind)
	for _, part := range [][]byte{r.Name, r.Conn} {
		if len(part) > 0 {
			fmt.Fprintf(p, " %s", part)
		}
	}
	if r.Time != 0 {
		fmt.Fprintf(p, " at %d", r.Time)
	}
	if len(r.Payload) > 0 {
		fmt.Fprintf(p, " %s", r.Payload)
	}
	p.WriteByte('\n')
	if r.Stats != nil {
		p.polls++
		p.stats(r.Stats)
	}
	return nil
}

func (p *printer) stats(s *rtc.Stats) {
	for i := range s.Reports {
		r := &s.Reports[i]
		fmt.Fprintf(p, "  %s (%s)", r.ID, r.Type)
		if r.Time != 0 {
			fmt.Fprintf(p, " at %.2f", r.Time)
		}
		for _, v := range s.Of(r) {
			if v.Member != 0 {
				fmt.Fprintf(p, " %s=", v.Member)
			} else {
				fmt.Fprintf(p, " ?%s=", v.Name)
			}
			switch v.Form {
			case rtc.FormNumber:
				fmt.Fprintf(p, "%v", v.Num)
			case rtc.FormBool:
				fmt.Fprintf(p, "%v", v.Num == 1)
			case rtc.FormNull:
				p.WriteString("null")
			default:
				fmt.Fprintf(p, "%q", v.Text)
			}
		}
		p.WriteByte('\n')
	}
}

// TestGolden holds the records of the recorded call, with the statistics of
// its last poll.
func TestGolden(t *testing.T) {
	d := NewDecoder()
	var out printer
	for i, frame := range recorded(t) {
		if err := d.Decode(frame, 1795273930000+int64(i), &out); err != nil {
			t.Fatal(err)
		}
	}
	if out.polls < 2 || d.Unknown() != 0 {
		t.Errorf("%d polls with reports, %d requests without a name", out.polls, d.Unknown())
	}
	lines := strings.SplitAfter(out.String(), "\n")
	last := strings.Count(out.String()[:strings.LastIndex(out.String(), "\nstats ")+1], "\n")
	var got strings.Builder
	for i, line := range lines {
		if !strings.HasPrefix(line, "  ") || i > last {
			got.WriteString(line)
		}
	}
	check(t, "testdata/session.golden", got.String())
}

// TestCases holds what frames of any kind give; "@ path body" is a request that
// NewFrame reads.
func TestCases(t *testing.T) {
	want, err := os.ReadFile("testdata/cases.txt")
	if err != nil {
		t.Fatal(err)
	}
	var out printer
	d := NewDecoder()
	for line := range strings.Lines(string(want)) {
		line = strings.TrimSuffix(line, "\n")
		var frame []byte
		err = nil
		switch {
		case strings.HasPrefix(line, "# "): // each case begins anew
			d = NewDecoder()
			out.WriteString(line + "\n")
			continue
		case strings.HasPrefix(line, "@ "):
			path, body, _ := strings.Cut(line[2:], " ")
			var token string
			token, frame, err = NewFrame(path, []byte(body), "")
			fmt.Fprintf(&out, "%s\ntoken %q, frame %s\n", line, token, frame)
		case strings.HasPrefix(line, "> "):
			frame = []byte(line[2:])
			out.WriteString(line + "\n")
		default:
			continue
		}
		if err == nil {
			err = d.Decode(frame, 5000, &out)
		}
		if err != nil {
			var fault *protocol.Error
			if !errors.As(err, &fault) {
				t.Fatalf("%v is not a protocol.Error", err)
			}
			fmt.Fprintf(&out, "! %s: %v\n", fault.Code, err)
		}
	}
	check(t, "testdata/cases.txt", out.String())
}

func check(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("differs from %s; -update rewrites it. Got:\n%s", file, got)
	}
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

type discard struct{ t *testing.T }

func (d discard) Record(r *rtc.Record) error {
	if len(r.Name) > protocol.MaxName || len(r.Conn) > protocol.MaxName {
		d.t.Errorf("a name is too long: %s %s", r.Name, r.Conn)
	}
	if r.Stats != nil {
		if len(r.Stats.Reports) > protocol.MaxReports || len(r.Stats.Values) > protocol.MaxValues {
			d.t.Errorf("%d reports, %d values", len(r.Stats.Reports), len(r.Stats.Values))
		}
		for i := range r.Stats.Reports {
			_ = r.Stats.Of(&r.Stats.Reports[i])
		}
	}
	return nil
}

func FuzzDecode(f *testing.F) {
	for i, frame := range recorded(f) {
		if i%4 == 0 || bytes.HasPrefix(frame, []byte(`["stats"`)) {
			f.Add(frame)
		}
	}
	f.Fuzz(func(t *testing.T, frame []byte) {
		d := NewDecoder()
		err := d.Decode(frame, 1, discard{t})
		if fault := (*protocol.Error)(nil); err != nil && !errors.As(err, &fault) {
			t.Errorf("%v is no protocol.Error", err)
		}
		// What NewFrame makes of a body can be decoded.
		if _, made, err := NewFrame(PathConnection, frame, "c-1"); err == nil && d.Decode(made, 1, discard{t}) != nil {
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
		if err := d.Decode(polls[i%len(polls)], 1, nothing{}); err != nil {
			b.Fatal(err)
		}
	}
}

type nothing struct{}

func (nothing) Record(*rtc.Record) error { return nil }

// A list of empty events must not take many times the memory of its bytes.
func TestBatchIsBounded(t *testing.T) {
	frame := []byte(`["connection/batch",{"data":[` + strings.Repeat("{},", 1<<20) + `{}]}]`)
	d := NewDecoder()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	err := d.Decode(frame, 1, nothing{})
	runtime.ReadMemStats(&after)
	if fault := (*protocol.Error)(nil); !errors.As(err, &fault) || fault.Code != protocol.CodeLimit {
		t.Errorf("%v, want a limit", err)
	}
	if took := after.TotalAlloc - before.TotalAlloc; took > 4*uint64(len(frame)) {
		t.Errorf("%d bytes took %d of memory", len(frame), took)
	}
}
