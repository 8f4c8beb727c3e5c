package callstats

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/peerglass/peerglass/protocol"
	"github.com/peerglass/peerglass/rtc"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// printer writes records as the golden files have them, and checks that they
// are well formed.
type printer struct {
	bytes.Buffer
	faults []string
}

func (p *printer) Record(r *rtc.Record) error {
	fmt.Fprintf(p, "%s", r.Kind)
	for _, part := range [][]byte{r.Name, r.Conn} {
		if len(part) > 0 {
			fmt.Fprintf(p, " %s", part)
		}
		if len(part) > protocol.MaxName {
			p.faults = append(p.faults, "a name or label is too long")
		}
	}
	if r.Time != 0 {
		fmt.Fprintf(p, " at %d", r.Time)
	}
	if len(r.Payload) > 0 {
		fmt.Fprintf(p, " %s", r.Payload)
		if !json.Valid(r.Payload) {
			p.faults = append(p.faults, fmt.Sprintf("the payload of %s is no JSON: %s", r.Name, r.Payload))
		}
	}
	if s := r.Stats; s != nil {
		fmt.Fprintf(p, " polled at %.2f, full %t, missing are removed %t", s.Time, s.Full, s.MissingRemoved)
		for i := range s.Reports {
			report := &s.Reports[i]
			fmt.Fprintf(p, "\n  %s (%s)", report.ID, report.Type)
			if report.Time != 0 {
				fmt.Fprintf(p, " at %.2f", report.Time)
			}
			for _, v := range s.Of(report) {
				p.value(v)
			}
		}
	}
	p.WriteByte('\n')
	return nil
}

func (p *printer) value(v rtc.Value) {
	if v.Member != 0 {
		fmt.Fprintf(p, " %s=", v.Member)
	} else {
		fmt.Fprintf(p, " ?%s=", v.Name)
	}
	switch v.Form {
	case rtc.FormNumber:
		fmt.Fprintf(p, "%v", v.Num)
		if math.IsNaN(v.Num) {
			p.faults = append(p.faults, "a value is no number")
		}
	case rtc.FormText:
		fmt.Fprintf(p, "%q", v.Text)
	case rtc.FormBool:
		fmt.Fprintf(p, "%v", v.Num == 1)
	case rtc.FormNull:
		p.WriteString("null")
	case rtc.FormJSON:
		fmt.Fprintf(p, "%s", v.Text)
	}
}

// decode decodes frames and returns what they give, each frame before it.
func decode(t *testing.T, frames []string, shown func(string) string) string {
	var out printer
	d := NewDecoder()
	for _, frame := range frames {
		if strings.HasPrefix(frame, "# ") {
			out.WriteString(frame + "\n")
			continue
		}
		out.WriteString(shown(frame) + "\n")
		if err := d.Decode([]byte(frame), 0, &out); err != nil {
			var fault *protocol.Error
			if !errors.As(err, &fault) {
				t.Fatalf("%v is not a protocol.Error", err)
			}
			fmt.Fprintf(&out, "! %s: %v\n", fault.Code, err)
		}
	}
	if len(out.faults) > 0 {
		t.Error(out.faults)
	}
	fmt.Fprintf(&out, "= unknown %d\n", d.Unknown())
	return out.String()
}

// compare holds got against a file.
func compare(t *testing.T, file, got string) {
	want, err := os.ReadFile(file)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("differs from %s; -update rewrites it. Got:\n%s", file, got)
	}
}

func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/golden/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no golden files", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			compare(t, file, decode(t, framesOf(t, file), func(frame string) string { return "> " + frame }))
		})
	}
}

// framesOf reads the frames of a golden file, and its comments.
func framesOf(t testing.TB, file string) (frames []string) {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSuffix(line, "\n")
		if frame, ok := strings.CutPrefix(line, "> "); ok {
			frames = append(frames, frame)
		} else if strings.HasPrefix(line, "# ") {
			frames = append(frames, line)
		}
	}
	return frames
}

// recorded are the frames of the recorded call.
func recorded(t testing.TB) (frames []string) {
	file, err := os.Open("testdata/session.jsonl.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	unzipped, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(unzipped)
	lines.Buffer(nil, protocol.MaxFrame)
	for lines.Scan() {
		frames = append(frames, lines.Text())
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return frames
}

// TestRecording: what the unmodified client told of a call, with its
// descriptions cut short.
func TestRecording(t *testing.T) {
	got := decode(t, recorded(t), func(frame string) string { return "> " + frame[:strings.IndexByte(frame, ',')] + ",…]" })
	lines := strings.Split(got, "\n")
	for i, line := range lines {
		if len(line) > 1200 {
			lines[i] = strings.ToValidUTF8(line[:1200], "") + "…"
		}
	}
	compare(t, "testdata/recording.txt", strings.Join(lines, "\n"))
}

func FuzzDecode(f *testing.F) {
	files, _ := filepath.Glob("testdata/golden/*.txt")
	for _, file := range files {
		for _, frame := range framesOf(f, file) {
			f.Add([]byte(frame), []byte(frame))
		}
	}
	for _, frame := range recorded(f) {
		f.Add([]byte(frame), []byte(`["events/user/left",{}]`))
	}
	f.Fuzz(func(t *testing.T, one, two []byte) {
		// Records are well formed, and a second decoder gives the same.
		var out [2]printer
		for i := range out {
			d := NewDecoder()
			for _, frame := range [][]byte{one, two} {
				err := d.Decode(bytes.Clone(frame), 1, &out[i])
				var fault *protocol.Error
				if err != nil && !errors.As(err, &fault) {
					t.Fatalf("%v is not a protocol.Error", err)
				}
			}
			if len(out[i].faults) > 0 {
				t.Fatal(out[i].faults)
			}
		}
		if out[0].String() != out[1].String() {
			t.Fatalf("%s\nis not\n%s", out[0].String(), out[1].String())
		}
	})
}

// BenchmarkPoll decodes a poll of the recorded call: two streams each way.
func BenchmarkPoll(b *testing.B) {
	var poll []byte
	for _, frame := range recorded(b) {
		if strings.HasPrefix(frame, `["stats"`) {
			poll = []byte(frame)
		}
	}
	d := NewDecoder()
	b.SetBytes(int64(len(poll)))
	b.ReportAllocs()
	for b.Loop() {
		if err := d.Decode(poll, 1, nowhere{}); err != nil {
			b.Fatal(err)
		}
	}
}

type nowhere struct{}

func (nowhere) Record(*rtc.Record) error { return nil }

// A list of empty members must not take many times the memory of its bytes.
func TestListsAreBounded(t *testing.T) {
	for _, list := range []string{`["events/ssrcmap",{"ssrcData":[`, `["events/devices/list",{"mediaDeviceList":[`} {
		frame := []byte(list + strings.Repeat("{},", 1<<20) + `{}]}]`)
		d := NewDecoder()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		err := d.Decode(frame, 1, nowhere{})
		runtime.ReadMemStats(&after)
		if fault := (*protocol.Error)(nil); !errors.As(err, &fault) || fault.Code != protocol.CodeLimit {
			t.Errorf("%s: %v, want a limit", list, err)
		}
		if took := after.TotalAlloc - before.TotalAlloc; took > 4*uint64(len(frame)) {
			t.Errorf("%s: %d bytes took %d of memory", list, len(frame), took)
		}
	}
}
