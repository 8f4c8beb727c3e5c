package observertc

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/peerglass/peerglass/internal/golden"
	"github.com/peerglass/peerglass/internal/recordings"
	"github.com/peerglass/peerglass/protocol"
	"github.com/peerglass/peerglass/protocol/protocoltest"
	"github.com/peerglass/peerglass/rtc"
)

// recorded returns the frames of a recording.
func recorded(t testing.TB, name string) [][]byte {
	t.Helper()
	var frames [][]byte
	for _, line := range recordings.Lines(t, "observertc", name) {
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
	protocoltest.Printer
	known map[string]map[string]string // by connection and report, then by member
	polls int
}

func (f *folded) Record(r *rtc.Record) error {
	f.Head(r)
	f.WriteByte('\n')
	if r.Stats != nil {
		f.fold(string(r.Conn), r.Stats)
	}
	return protocoltest.WellFormed(r)
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
	golden.Check(t, "testdata/session.golden", got.String())
}

// TestCases holds what frames of any kind give.
func TestCases(t *testing.T) {
	protocoltest.Golden(t, "testdata/cases.txt", func(t *testing.T, input []string, out *protocoltest.Printer) {
		d := NewDecoder()
		for _, line := range input {
			out.WriteString(line + "\n")
			if line[0] == '#' { // each case begins anew
				d = NewDecoder()
				continue
			}
			body, media := []byte(line[2:]), ""
			if packed, ok := strings.CutPrefix(line, "> base64 "); ok {
				body, _ = base64.StdEncoding.DecodeString(packed)
				media = "application/x-protobuf"
			}
			frames, err := Split(body, media)
			for _, frame := range frames {
				var records folded
				err = d.Decode(frame, 0, &records)
				out.WriteString(records.String())
			}
			out.Fault(t, err)
		}
	})
}

func TestPeek(t *testing.T) {
	for _, name := range []string{"session.jsonl.gz", "session.base64.gz"} {
		frames := recorded(t, name)
		if names, at, err := Peek(frames[0]); err != nil || names != (Names{"recorded", "alice"}) || at == 0 {
			t.Errorf("%s: %v, %v", name, names, err)
		}
		names, _, err := Peek(frames[1])
		if want := (Names{"recorded", "alice"}); name == "session.base64.gz" {
			want.Call = "" // told once
			if err != nil || names != want {
				t.Errorf("%s: %v, %v", name, names, err)
			}
		}
	}
	uuid := append([]byte{0x4a, 16}, 0x41, 0xd3, 0x0a, 0xea, 0x8e, 0x71, 0x4d, 0x6f, 0x89, 0x6e, 0x97, 0x61, 0x4b, 0xb5, 0x71, 0x1b)
	if names, _, err := Peek(uuid); err != nil || names.Client != "41d30aea-8e71-4d6f-896e-97614bb5711b" {
		t.Errorf("%v, %v", names, err)
	}
}

func FuzzDecode(f *testing.F) {
	// Whole samples are long for a fuzzer: of them only what the encoder made.
	packed := recorded(f, "session.base64.gz")
	f.Add(packed[1], packed[2])
	f.Add(packed[0], packed[len(packed)-1])
	for _, frame := range protocoltest.Frames(f, "testdata/cases.txt") {
		f.Add(bytes.TrimSpace(frame), packed[2])
	}
	f.Fuzz(func(t *testing.T, one, two []byte) {
		d := NewDecoder()
		for _, body := range [][]byte{one, two} {
			frames, err := Split(body, "")
			if err != nil {
				frames = [][]byte{body}
			}
			for _, frame := range frames {
				_, _, _ = Peek(frame)
				protocoltest.Fault(t, d.Decode(frame, 1, protocoltest.Func(protocoltest.WellFormed)))
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
				if err := d.Decode(frames[i%(len(frames)-1)], 1, new(protocoltest.Count)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

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
		return protocoltest.Fault(t, d.Decode(frame, 1, new(protocoltest.Count)))
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
