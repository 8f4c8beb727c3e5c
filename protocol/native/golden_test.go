package native

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/peerglass/peerglass/internal/golden"
	"github.com/peerglass/peerglass/protocol/protocoltest"
	"github.com/peerglass/peerglass/rtc"
)

// recorded returns the batches that the SDK sent in a call from Chromium 156
// with fake devices: testdata/<name>.hex, one a line.
func recorded(t testing.TB, name string) [][]byte {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", name+".hex"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var frames [][]byte
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		frame, err := hex.DecodeString(lines.Text())
		if err != nil {
			t.Fatal(err)
		}
		frames = append(frames, frame)
	}
	return frames
}

// What real calls decode to: every record, and at the end every member of
// every report.
func TestRecordedCalls(t *testing.T) {
	for _, name := range []string{"two-party", "four-party"} {
		t.Run(name, func(t *testing.T) {
			var out strings.Builder
			all, dec := state{}, NewDecoder()
			for i, frame := range recorded(t, name) {
				h, err := ParseHeader(frame)
				if err != nil || h.Seq != uint64(i+1) {
					t.Fatalf("batch %d: %+v, %v", i+1, h, err)
				}
				fmt.Fprintf(&out, "batch %d, %d bytes\n", h.Seq, len(frame))
				err = dec.Decode(frame, 0, protocoltest.Func(func(r *rtc.Record) error {
					if r.Kind != rtc.KindStats {
						fmt.Fprintf(&out, "  %s\n", clipLine(line(r)))
						return nil
					}
					all.lay(string(r.Conn), r.Stats)
					removed := 0
					for i := range r.Stats.Reports {
						if r.Stats.Reports[i].Removed {
							removed++
						}
					}
					fmt.Fprintf(&out, "  stats %d %s: %d reports, %d removed, %d values, full %t\n", r.Time, r.Conn, len(r.Stats.Reports), removed, len(r.Stats.Values), r.Stats.Full)
					return nil
				}))
				if err != nil {
					t.Fatal(err)
				}
			}
			if dec.Skipped() != 0 {
				t.Errorf("%d polls had no base", dec.Skipped())
			}
			out.WriteString("at the end\n")
			for _, conn := range sorted(all) {
				for _, id := range sorted(all[conn]) {
					fmt.Fprintf(&out, "  %s %s\n", conn, id)
					for _, member := range sorted(all[conn][id]) {
						fmt.Fprintf(&out, "    %s %s\n", member, clipLine(all[conn][id][member]))
					}
				}
			}
			golden.Check(t, filepath.Join("testdata", name+".golden"), out.String())
		})
	}
}

func sorted[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func clipLine(s string) string {
	if len(s) > 160 {
		s = fmt.Sprintf("%s… (%d bytes)", s[:140], len(s))
	}
	return strings.NewReplacer("\r", `\r`, "\n", `\n`).Replace(s)
}

// The aim of the coding: a poll of a four-party call in at most 600 bytes.
func TestPollOfFourPartiesIsSmall(t *testing.T) {
	var sizes []int
	dec := NewDecoder()
	for _, frame := range recorded(t, "four-party") {
		stats := 0
		if err := dec.Decode(frame, 0, protocoltest.Func(func(r *rtc.Record) error {
			if r.Kind == rtc.KindStats && !r.Stats.Full {
				stats++
			}
			return nil
		})); err != nil {
			t.Fatal(err)
		}
		if stats == 1 {
			sizes = append(sizes, len(frame))
		}
	}
	slices.Sort(sizes)
	if median := sizes[len(sizes)/2]; median > 600 {
		t.Fatalf("the median of %d polls is %d bytes", len(sizes), median)
	} else {
		t.Logf("the median of %d polls is %d bytes, the largest %d", len(sizes), median, sizes[len(sizes)-1])
	}
}

var discard = new(protocoltest.Count)

func TestDecodingAPollDoesNotAllocate(t *testing.T) {
	dec, poll := midCall(t)
	body := inflated(t, poll)
	zipped := NewEncoder().deflate(body)
	h, err := ParseHeader(poll)
	if err != nil {
		t.Fatal(err)
	}
	// Past the pools, which the race detector empties at random.
	dec.stats = new(rtc.Stats)
	inf := inflaters.New().(*inflater)
	decode := func() {
		// The differences are added again and again, which harms nothing.
		if err := dec.decodeRecords(body, h, 0, discard); err != nil {
			t.Fatal(err)
		}
	}
	inflate := func() {
		if _, err := inf.inflate(zipped); err != nil {
			t.Fatal(err)
		}
	}
	for name, f := range map[string]func(){"decode": decode, "inflate": inflate} {
		f() // buffers grow once
		if n := testing.AllocsPerRun(100, f); n > 0 {
			t.Errorf("%s: %v allocations per poll", name, n)
		}
	}
}

// midCall returns a decoder in the middle of the four-party call, and a batch
// with one poll that changes only what is there.
func midCall(t testing.TB) (*Decoder, []byte) {
	dec := NewDecoder()
	for i, frame := range recorded(t, "four-party") {
		records, steady, held := 0, false, dec.slots
		if err := dec.Decode(frame, 0, protocoltest.Func(func(r *rtc.Record) error {
			records++
			steady = r.Stats != nil && !slices.ContainsFunc(r.Stats.Reports, func(p rtc.ReportPatch) bool { return p.Type != 0 || p.Removed })
			return nil
		})); err != nil {
			t.Fatal(err)
		}
		if i > 20 && records == 1 && steady && dec.slots == held {
			return dec, frame
		}
	}
	t.Fatal("the recorded call has no steady poll")
	return nil, nil
}

func inflated(t testing.TB, frame []byte) []byte {
	h, err := ParseHeader(frame)
	if err != nil {
		t.Fatal(err)
	}
	if h.Flags&FlagDeflate == 0 {
		return frame[h.BodyFrom:]
	}
	inf := inflaters.Get().(*inflater)
	defer inf.release()
	body, err := inf.inflate(frame[h.BodyFrom:])
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Clone(body)
}

func BenchmarkDecodePoll(b *testing.B) {
	for _, name := range []string{"two-party", "four-party"} {
		b.Run(name, func(b *testing.B) {
			frames := recorded(b, name)
			dec := NewDecoder()
			polls, bytes := 0, 0
			count := protocoltest.Func(func(r *rtc.Record) error {
				if r.Kind == rtc.KindStats {
					polls++
				}
				return nil
			})
			b.ReportAllocs()
			for b.Loop() {
				// A whole call: later batches stand on earlier ones.
				dec.lose()
				for _, frame := range frames {
					bytes += len(frame)
					if err := dec.Decode(frame, 0, count); err != nil {
						b.Fatal(err)
					}
				}
			}
			b.ReportMetric(float64(polls)/b.Elapsed().Seconds(), "polls/s")
			b.ReportMetric(float64(bytes)/float64(polls), "B/poll")
		})
	}
}

func BenchmarkSteadyPoll(b *testing.B) {
	dec, poll := midCall(b)
	h, _ := ParseHeader(poll)
	body := inflated(b, poll)
	b.Run("compressed", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if err := dec.Decode(poll, 0, discard); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("plain", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if err := dec.decodeBody(body, h, 0, discard); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// No input makes the decoder panic, hold more than its bounds, or pass on a
// record that is not well formed.
func FuzzDecode(f *testing.F) {
	for _, name := range []string{"two-party", "four-party"} {
		for _, frame := range recorded(f, name) {
			body := inflated(f, frame)
			f.Add(body, body)
		}
	}
	f.Fuzz(func(t *testing.T, first, second []byte) {
		dec := NewDecoder()
		check := protocoltest.Func(func(r *rtc.Record) error {
			if err := protocoltest.WellFormed(r); err != nil || r.Time < 0 {
				t.Fatalf("%v: %+v", err, r)
			}
			if r.Stats != nil {
				for i := range r.Stats.Reports {
					p := &r.Stats.Reports[i]
					if len(p.ID) == 0 {
						t.Fatalf("a report has no id: %+v", p)
					}
				}
			}
			return nil
		})
		for _, body := range [][]byte{first, second, first} {
			frame := append(AppendHeader(nil, 0, 1, 1_795_000_000_000), body...)
			_ = dec.Decode(frame, 0, check)
			_ = dec.Decode(body, 0, check)
			slots := 0
			for _, b := range dec.conns {
				for i := range b.reports {
					slots += len(b.reports[i].slots)
				}
			}
			if slots != dec.slots || slots > maxSlots || len(dec.conns) > maxConns || len(dec.unknown) > maxUnknown {
				t.Fatalf("%d members are held, %d counted, of %d connections", slots, dec.slots, len(dec.conns))
			}
		}
	})
}
