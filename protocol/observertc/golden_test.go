package observertc

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/peerglass/peerglass/protocol"
	"github.com/peerglass/peerglass/rtc"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// recorded returns the frames of a recording, a line each.
func recorded(t testing.TB, name string) [][]byte {
	t.Helper()
	file, err := os.Open("testdata/" + name)
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
	var frames [][]byte
	for line := range bytes.Lines(text) {
		split, err := Split(line, "")
		if err != nil {
			t.Fatal(err)
		}
		frames = append(frames, split...)
	}
	return frames
}

// folded lays the patches of statistics over each other, as sessions do, and
// prints each record with what is known after it.
type folded struct {
	bytes.Buffer
	known map[string]map[string]string // by connection and report, then by member
	polls int
}

func (f *folded) Record(r *rtc.Record) error {
	fmt.Fprintf(f, "%s", r.Kind)
	for _, part := range [][]byte{r.Name, r.Conn} {
		if len(part) > 0 {
			fmt.Fprintf(f, " %s", part)
		}
	}
	if r.Time != 0 {
		fmt.Fprintf(f, " at %d", r.Time)
	}
	if len(r.Payload) > 0 {
		fmt.Fprintf(f, " %s", r.Payload)
	}
	f.WriteByte('\n')
	if r.Stats != nil {
		f.fold(string(r.Conn), r.Stats)
	}
	return nil
}

func (f *folded) fold(conn string, s *rtc.Stats) {
	if f.known == nil {
		f.known = make(map[string]map[string]string)
	}
	named := make(map[string]bool)
	for i := range s.Reports {
		p := &s.Reports[i]
		key := conn + " " + string(p.ID)
		named[key] = true
		if f.known[key] == nil || s.Full {
			f.known[key] = make(map[string]string)
		}
		at := p.Time
		if at == 0 {
			at = s.Time
		}
		f.known[key]["(type, time)"] = fmt.Sprintf("%s %.3f", p.Type, at)
		for _, v := range s.Of(p) {
			name := string(v.Name)
			if v.Member != 0 {
				name = v.Member.String()
			}
			f.known[key][name] = fmt.Sprintf("%v%s", v.Num, v.Text)
		}
	}
	if s.MissingRemoved {
		maps.DeleteFunc(f.known, func(key string, _ map[string]string) bool { return strings.HasPrefix(key, conn+" ") && !named[key] })
	}
	f.polls++
	for _, key := range slices.Sorted(maps.Keys(f.known)) {
		fmt.Fprintf(f, "  %s", strings.TrimPrefix(key, conn+" "))
		for _, name := range slices.Sorted(maps.Keys(f.known[key])) {
			if value := f.known[key][name]; value != "0" { // the encoder does not send false
				fmt.Fprintf(f, " %s=%s", name, value)
			}
		}
		f.WriteByte('\n')
	}
}

func decodeAll(t testing.TB, frames [][]byte) *folded {
	t.Helper()
	d := NewDecoder()
	out := new(folded)
	for _, frame := range frames {
		if err := d.Decode(frame, 0, out); err != nil {
			t.Fatal(err)
		}
	}
	if d.Unknown() != 0 {
		t.Errorf("%d fields are not known", d.Unknown())
	}
	return out
}

// TestBothEncodingsSayTheSame decodes the samples of one call in JSON and as
// the encoder sent them, which leaves out what did not change.
func TestBothEncodingsSayTheSame(t *testing.T) {
	text := decodeAll(t, recorded(t, "session.jsonl.gz"))
	wire := decodeAll(t, recorded(t, "session.base64.gz"))
	if text.polls < 5 {
		t.Errorf("only %d polls", text.polls)
	}
	// The encoder tells no times of meta data.
	a, b := strings.Split(text.String(), "\n"), strings.Split(wire.String(), "\n")
	if len(a) != len(b) {
		t.Fatalf("%d lines of JSON, %d of the encoder", len(a), len(b))
	}
	for i := range a {
		if x, y := withoutMetaTime(a[i]), withoutMetaTime(b[i]); x != y {
			t.Fatalf("line %d\nJSON    %s\nencoder %s", i, x, y)
		}
	}
}

func withoutMetaTime(line string) string {
	if strings.HasPrefix(line, "event MEDIA_DEVICE") || strings.HasPrefix(line, "open at") {
		before, after, _ := strings.Cut(line, " at ")
		_, after, _ = strings.Cut(after, " ")
		return before + after
	}
	return line
}

// TestGolden holds the records of the recorded call, with the statistics of
// its first poll and of its last.
func TestGolden(t *testing.T) {
	var got strings.Builder
	all := strings.SplitAfter(decodeAll(t, recorded(t, "session.jsonl.gz")).String(), "\n")
	first, last := -1, -1
	for i, line := range all {
		if strings.HasPrefix(line, "stats ") {
			last = i
			if first < 0 {
				first = i
			}
		}
	}
	at := 0
	for i, line := range all {
		if strings.HasPrefix(line, "stats ") {
			at = i
		}
		if !strings.HasPrefix(line, "  ") || at == first || at == last {
			got.WriteString(line)
		}
	}
	check(t, "testdata/session.golden", got.String())
}

// TestCases holds what frames of any kind give.
func TestCases(t *testing.T) {
	want, err := os.ReadFile("testdata/cases.txt")
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	d := NewDecoder()
	for line := range strings.Lines(string(want)) {
		switch line = strings.TrimSuffix(line, "\n"); {
		case strings.HasPrefix(line, "# "): // each case begins anew
			d = NewDecoder()
			got.WriteString(line + "\n")
		case strings.HasPrefix(line, "> "):
			got.WriteString(line + "\n")
			body, media := []byte(line[2:]), ""
			if packed, ok := strings.CutPrefix(line, "> base64 "); ok {
				body, _ = base64.StdEncoding.DecodeString(packed)
				media = "application/x-protobuf"
			}
			frames, err := Split(body, media)
			for _, frame := range frames {
				var out folded
				err = d.Decode(frame, 0, &out)
				got.WriteString(out.String())
			}
			if err != nil {
				var fault *protocol.Error
				if !errors.As(err, &fault) {
					t.Fatalf("%v is not a protocol.Error", err)
				}
				fmt.Fprintf(&got, "! %s: %v\n", fault.Code, err)
			}
		}
	}
	check(t, "testdata/cases.txt", got.String())
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

func TestPeek(t *testing.T) {
	for _, name := range []string{"session.jsonl.gz", "session.base64.gz"} {
		frames := recorded(t, name)
		if names, err := Peek(frames[0]); err != nil || names != (Names{"recorded", "alice"}) {
			t.Errorf("%s: %v, %v", name, names, err)
		}
		names, err := Peek(frames[1])
		if want := (Names{"recorded", "alice"}); name == "session.base64.gz" {
			want.Call = "" // told once
			if err != nil || names != want {
				t.Errorf("%s: %v, %v", name, names, err)
			}
		}
	}
	uuid := append([]byte{0x4a, 16}, 0x41, 0xd3, 0x0a, 0xea, 0x8e, 0x71, 0x4d, 0x6f, 0x89, 0x6e, 0x97, 0x61, 0x4b, 0xb5, 0x71, 0x1b)
	if names, err := Peek(uuid); err != nil || names.Client != "41d30aea-8e71-4d6f-896e-97614bb5711b" {
		t.Errorf("%v, %v", names, err)
	}
}

// discard checks what every record has to keep.
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
	// Whole samples are long for a fuzzer: of them only what the encoder made.
	packed := recorded(f, "session.base64.gz")
	f.Add(packed[1], packed[2])
	f.Add(packed[0], packed[len(packed)-1])
	cases, err := os.ReadFile("testdata/cases.txt")
	if err != nil {
		f.Fatal(err)
	}
	for line := range bytes.Lines(cases) {
		if frame, ok := bytes.CutPrefix(line, []byte("> ")); ok {
			f.Add(bytes.TrimSpace(frame), packed[2])
		}
	}
	f.Fuzz(func(t *testing.T, one, two []byte) {
		d := NewDecoder()
		for _, body := range [][]byte{one, two} {
			frames, err := Split(body, "")
			if err != nil {
				frames = [][]byte{body}
			}
			for _, frame := range frames {
				_, _ = Peek(frame)
				err := d.Decode(frame, 1, discard{t})
				if fault := (*protocol.Error)(nil); err != nil && !errors.As(err, &fault) {
					t.Errorf("%v is no protocol.Error", err)
				}
			}
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	for _, name := range []string{"session.jsonl.gz", "session.base64.gz"} {
		b.Run(strings.Split(name, ".")[1], func(b *testing.B) {
			frames := recorded(b, name)
			d := NewDecoder()
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if err := d.Decode(frames[i%(len(frames)-1)], 1, nothing{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

type nothing struct{}

func (nothing) Record(*rtc.Record) error { return nil }

// packed is a field of a protobuf message whose value has a length.
func packed(number protowire.Number, value []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(nil, number, protowire.BytesType), value)
}

// What is kept of a client between its samples is bounded, whatever is in them
// and whether they are at fault or not.
func TestKeepsLittle(t *testing.T) {
	d := NewDecoder()
	fault := func(frame []byte) *protocol.Error {
		t.Helper()
		var fault *protocol.Error
		if err := d.Decode(frame, 1, nothing{}); err != nil && !errors.As(err, &fault) {
			t.Fatal(err)
		}
		return fault
	}
	// Many codecs of made-up names, in connections of made-up names.
	sample := func(round int, bad bool) []byte {
		frame := slices.Concat(packed(8, []byte("call")), packed(9, []byte("ada")))
		for c := range 200 {
			var inner []byte
			for i := range 100 {
				inner = append(inner, packed(2, packed(1, fmt.Append(nil, round, "-", c, "-", i)))...)
			}
			frame = append(frame, packed(5, append(inner, packed(16, fmt.Append(nil, "pc", round, "-", c))...))...)
		}
		if bad {
			frame = append(frame, packed(5, packed(16, bytes.Repeat([]byte("x"), protocol.MaxName+1)))...)
		}
		return frame
	}
	for round := range 5 {
		if f := fault(sample(round, true)); f == nil || f.Code != protocol.CodeLimit {
			t.Errorf("%v, want a limit", f)
		}
		if len(d.connections) > maxConnections || d.reports > maxKept {
			t.Errorf("%d connections and %d reports are kept", len(d.connections), d.reports)
		}
	}
	// A large payload is passed on, but not kept for the next event.
	large := packed(1, slices.Concat(packed(1, []byte("CUSTOM")), packed(2, []byte(`"`+strings.Repeat("x", 1<<20)+`"`))))
	if f := fault(large); f != nil {
		t.Error(f)
	}
	if n := cap(d.last[toldEvent].payload); n > maxKeptBytes {
		t.Errorf("%d bytes of a payload are kept", n)
	}
	// Whom the application named is counted over all connections.
	for round := range 3 {
		frame := []byte(`{"callId":"call","clientId":"ada","peerConnections":[`)
		for c := range 4 {
			frame = fmt.Appendf(frame, `{"peerConnectionId":"pc-%d","inboundTracks":[`, c)
			for i := range 1000 {
				frame = fmt.Appendf(frame, `{"id":"%d-%d","attachments":{"userId":"bob"}},`, round, i)
			}
			frame = append(frame[:len(frame)-1], `]},`...)
		}
		if f := fault(append(frame[:len(frame)-1], `]}`...)); f != nil {
			t.Error(f)
		}
	}
	users := 0
	for _, c := range d.connections {
		users += len(c.users)
	}
	if users > maxUsers || users != d.users {
		t.Errorf("%d users are kept, counted %d", users, d.users)
	}
	// Connections that are gone are forgotten.
	if f := fault([]byte(`{"callId":"call","clientId":"ada"}`)); f != nil || d.reports != 0 || d.users != 0 || len(d.connections) != 0 {
		t.Errorf("%v: %d reports and %d users of %d connections are kept", f, d.reports, d.users, len(d.connections))
	}
}
