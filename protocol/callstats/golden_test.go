package callstats

import (
	"bytes"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/peerglass/peerglass/internal/golden"
	"github.com/peerglass/peerglass/internal/recordings"
	"github.com/peerglass/peerglass/protocol"
	"github.com/peerglass/peerglass/protocol/protocoltest"
)

const goldenFiles = "testdata/golden/*.txt"

func TestGolden(t *testing.T) {
	protocoltest.Golden(t, goldenFiles, func(t *testing.T, input []string, out *protocoltest.Printer) {
		d := NewDecoder()
		out.Play(t, d, input)
		fmt.Fprintf(out, "= unknown %d\n", d.Unknown())
	})
}

// recorded are the frames of the recorded call.
func recorded(t testing.TB) [][]byte {
	t.Helper()
	return recordings.Frames(t, "callstats")
}

// TestRecording: what the unmodified client told of a call, with its
// descriptions cut short.
func TestRecording(t *testing.T) {
	var got protocoltest.Printer
	d := NewDecoder()
	for _, frame := range recorded(t) {
		fmt.Fprintf(&got, "> %s,…]\n", frame[:bytes.IndexByte(frame, ',')])
		got.Decode(t, d, frame, 0)
	}
	fmt.Fprintf(&got, "= unknown %d\n", d.Unknown())
	lines := strings.Split(got.String(), "\n")
	for i, line := range lines {
		if len(line) > 1200 {
			lines[i] = strings.ToValidUTF8(line[:1200], "") + "…"
		}
	}
	golden.Check(t, "testdata/recording.txt", strings.Join(lines, "\n"))
}

func FuzzDecode(f *testing.F) {
	for _, frame := range protocoltest.Frames(f, goldenFiles) {
		f.Add(frame, frame)
	}
	for _, frame := range recorded(f) {
		f.Add(frame, []byte(`["events/user/left",{}]`))
	}
	f.Fuzz(func(t *testing.T, one, two []byte) {
		// Records are well formed, and a second decoder gives the same.
		var out [2]protocoltest.Printer
		for i := range out {
			d := NewDecoder()
			for _, frame := range [][]byte{one, two} {
				protocoltest.Fault(t, d.Decode(bytes.Clone(frame), 1, &out[i]))
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
		if bytes.HasPrefix(frame, []byte(`["stats"`)) {
			poll = frame
		}
	}
	d := NewDecoder()
	b.SetBytes(int64(len(poll)))
	b.ReportAllocs()
	for b.Loop() {
		if err := d.Decode(poll, 1, new(protocoltest.Count)); err != nil {
			b.Fatal(err)
		}
	}
}

// A list of empty members must not take many times the memory of its bytes.
func TestListsAreBounded(t *testing.T) {
	for _, list := range []string{`["events/ssrcmap",{"ssrcData":[`, `["events/devices/list",{"mediaDeviceList":[`} {
		frame := []byte(list + strings.Repeat("{},", 1<<20) + `{}]}]`)
		d := NewDecoder()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		err := d.Decode(frame, 1, new(protocoltest.Count))
		runtime.ReadMemStats(&after)
		if fault := protocoltest.Fault(t, err); fault == nil || fault.Code != protocol.CodeLimit {
			t.Errorf("%s: %v, want a limit", list, err)
		}
		if took := after.TotalAlloc - before.TotalAlloc; took > 4*uint64(len(frame)) {
			t.Errorf("%s: %d bytes took %d of memory", list, len(frame), took)
		}
	}
}
