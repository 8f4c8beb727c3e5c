package jitsi

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/peerglass/peerglass/internal/recordings"
	"github.com/peerglass/peerglass/protocol"
	"github.com/peerglass/peerglass/protocol/protocoltest"
	"github.com/peerglass/peerglass/rtc"
)

// session returns the frames of the recorded call.
func session(t testing.TB) [][]byte {
	return recordings.Frames(t, "jitsi")
}

// getstats returns the frames of it that hold a poll.
func getstats(t testing.TB) [][]byte {
	var polls [][]byte
	for _, frame := range session(t) {
		if bytes.Contains(frame, []byte(`"[\"getstats`)) {
			polls = append(polls, frame)
		}
	}
	return polls
}

func TestRecordedCallDecodesWhole(t *testing.T) {
	got := newState()
	d := NewDecoder(Options{})
	last, keepalives := uint64(0), 0
	for i, frame := range session(t) {
		head, err := ParseHead(frame)
		if err != nil || len(head.Session) == 0 {
			t.Fatalf("frame %d: head %+v, %v", i, head, err)
		}
		if err := d.Decode(frame, 0, got); err != nil {
			t.Fatalf("frame %d: %v", i, err)
		}
		if head.Type == FrameKeepalive {
			keepalives++
			continue
		}
		last++
		if head.Seq != d.Sequence().Last || head.Seq != last {
			t.Fatalf("frame %d: the head says %d, the entry %d, want %d", i, head.Seq, d.Sequence().Last, last)
		}
	}
	if keepalives != 1 { // one each 30 s
		t.Errorf("%d frames keep alive", keepalives)
	}
	if d.Unknown() != 0 {
		t.Errorf("%d names are unknown", d.Unknown())
	}
	if got.open[0].Room != "recorded" || got.open[0].User != "alice" {
		t.Errorf("identity is %+v", got.open[0])
	}
	types := map[any]int{}
	for _, report := range got.conns["PC_0"] {
		types[report["type"]]++
	}
	for _, want := range []string{"inbound-rtp", "outbound-rtp", "remote-inbound-rtp", "media-source", "candidate-pair", "codec", "transport"} {
		if types[want] == 0 {
			t.Errorf("no %s report: %v", want, types)
		}
	}
}

func TestDecodingTheRecordedCallTwiceGivesTheSame(t *testing.T) {
	var one, two protocoltest.Printer
	for _, out := range []*protocoltest.Printer{&one, &two} {
		d := NewDecoder(Options{})
		for _, frame := range session(t) {
			if err := d.Decode(frame, 0, out); err != nil {
				t.Fatal(err)
			}
		}
	}
	if !bytes.Equal(one.Bytes(), two.Bytes()) {
		t.Error("two decoders of the same frames differ")
	}
}

func TestPollsDoNotAllocate(t *testing.T) {
	polls := getstats(t)
	legacy, err := os.ReadFile("testdata/golden/legacy.txt")
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(legacy[bytes.Index(legacy, []byte("> "))+2:]), "\n")
	for name, frame := range map[string][]byte{
		"first":   polls[0],
		"later":   polls[len(polls)-1],
		"1000":    poll(1000, 1),
		"members": poll(100, 100),
		"legacy":  []byte(first),
	} {
		// The memory is not taken from the pool, which the race detector
		// makes forgetful.
		d, memory, sink := NewDecoder(Options{}), newScratch(), &protocoltest.Count{}
		frame = unnumbered(frame)
		if n := testing.AllocsPerRun(20, func() {
			if err := memory.decode(d, frame, 0, sink); err != nil {
				t.Fatal(err)
			}
		}); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
		if sink.Records == 0 || sink.Values == 0 {
			t.Errorf("%s: nothing was decoded", name)
		}
	}
}

// unnumbered returns a frame without its sequence number, so that it can be
// decoded again and again.
func unnumbered(frame []byte) []byte {
	seq := tailSeq(bytes.TrimSuffix(frame, []byte("}")))
	if seq == 0 {
		return frame
	}
	return bytes.Replace(frame, fmt.Appendf(nil, ",%d]\"}", seq), []byte("]\"}"), 1)
}

// poll returns a frame of so many reports with so many members each.
func poll(reports, members int) []byte {
	var b bytes.Buffer
	b.WriteString(`["getstats","PC_0",{`)
	for i := range reports {
		fmt.Fprintf(&b, `"R%d":{"timestamp":0,"type":"inbound-rtp"`, i)
		for j := range members {
			fmt.Fprintf(&b, `,"member%d":%d.5`, j, j)
		}
		b.WriteString("},")
	}
	b.WriteString(`"timestamp":1795219661439.5},1795219661441]`)
	return b.Bytes()
}

func TestHostileInputIsRefused(t *testing.T) {
	deep := strings.Repeat("[", 1_000_000)
	long := strings.Repeat("x", protocol.MaxName+1)
	for name, c := range map[string]struct {
		frame string
		code  string
	}{
		"a million reports":      {string(poll(1_000_000, 0)), protocol.CodeTooLarge},
		"too many reports":       {string(poll(protocol.MaxReports+1, 0)), protocol.CodeLimit},
		"too many values":        {string(poll(100, 1000)), protocol.CodeLimit},
		"a frame too large":      {"[" + strings.Repeat(" ", protocol.MaxFrame) + "]", protocol.CodeTooLarge},
		"a deep payload":         {`["x",null,` + deep, protocol.CodeLimit},
		"a deep value":           {`["getstats","PC_0",{"a":{"b":` + deep, protocol.CodeLimit},
		"a deep envelope":        {`{"type":"x","data":` + deep, protocol.CodeLimit},
		"a deep entry element":   {deep, protocol.CodeMalformed},
		"a long name":            {`["` + long + `",null,null,1]`, protocol.CodeLimit},
		"a long connection":      {`["x","` + long + `",null,1]`, protocol.CodeLimit},
		"a long report id":       {`["getstats","PC_0",{"` + long + `":{}},1]`, protocol.CodeLimit},
		"a long member":          {`["getstats","PC_0",{"a":{"` + long + `":1}},1]`, protocol.CodeLimit},
		"a long nested member":   {`["getstats","PC_0",{"a":{"qualityLimitationDurations":{"` + long + `":1}}},1]`, protocol.CodeLimit},
		"a long type":            {`{"type":"` + long + `"}`, protocol.CodeLimit},
		"not UTF-8":              {"[\"x\",null,\"\xff\",1]", protocol.CodeMalformed},
		"a huge number":          {`["getstats","PC_0",{"a":{"b":1e999}},1]`, protocol.CodeMalformed},
		"a huge sequence number": {`["x",null,null,1795219661441,1e12]`, protocol.CodeMalformed},
	} {
		t.Run(name, func(t *testing.T) {
			d := NewDecoder(Options{})
			err := d.Decode([]byte(c.frame), 0, &protocoltest.Count{})
			var fault *protocol.Error
			if !errors.As(err, &fault) || fault.Code != c.code {
				t.Fatalf("error %v, want one with code %s", err, c.code)
			}
			if len(err.Error()) > 400 {
				t.Errorf("the error repeats the input: %.500s", err)
			}
			sink := &protocoltest.Count{}
			if err := d.Decode([]byte(`["dominantSpeaker",null,{},1]`), 0, sink); err != nil || sink.Records != 1 {
				t.Errorf("the decoder cannot be used any more: %v", err)
			}
		})
	}
}

func TestErrorsOfTheSinkComeBack(t *testing.T) {
	full := errors.New("full")
	for _, frame := range []string{`["x",null,null,1]`, `["identity",null,{},1]`, `["logs",null,[{}],1]`, `["getstats","P",{"a":{}},1]`, `{"type":"close"}`, disconnect} {
		if err := NewDecoder(Options{}).Decode([]byte(frame), 0, refuse{full}); !errors.Is(err, full) {
			t.Errorf("%s: %v", frame, err)
		}
	}
}

type refuse struct{ err error }

func (r refuse) Record(*rtc.Record) error { return r.err }

func FuzzDecode(f *testing.F) {
	for _, frame := range protocoltest.Frames(f, goldenFiles) {
		f.Add(frame, frame)
	}
	f.Fuzz(func(t *testing.T, one, two []byte) {
		// A head that can be read tells the number that the decoder finds;
		// records are well formed; a second decoder gives the same.
		var out [2]protocoltest.Printer
		for i := range out {
			d := NewDecoder(Options{})
			for _, frame := range [][]byte{one, two} {
				check := newState()
				if fault := protocoltest.Fault(t, d.Decode(frame, 0, both{&out[i], check})); fault == nil {
					if _, err := ParseHead(frame); err != nil {
						t.Fatalf("decoded, but the head is refused: %v", err)
					}
				}
			}
		}
		if !bytes.Equal(out[0].Bytes(), out[1].Bytes()) {
			t.Fatal("two decoders of the same frames differ")
		}
	})
}

// both passes records on to two sinks.
type both [2]rtc.Sink

func (b both) Record(r *rtc.Record) error {
	if err := b[0].Record(r); err != nil {
		return err
	}
	return b[1].Record(r)
}

func BenchmarkDecodeGetstats(b *testing.B) {
	polls := getstats(b)
	size := 0
	for i := range polls {
		polls[i] = unnumbered(polls[i])
		size += len(polls[i])
	}
	d, sink := NewDecoder(Options{}), &protocoltest.Count{}
	b.SetBytes(int64(size / len(polls)))
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		// The first ones, which are larger, are the beginning of a call.
		if err := d.Decode(polls[i%len(polls)], 0, sink); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "frames/s")
	b.ReportMetric(float64(sink.Values)/float64(sink.Records), "values/frame")
}

func BenchmarkDecodeSession(b *testing.B) {
	frames := session(b)
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		d, sink := NewDecoder(Options{}), &protocoltest.Count{}
		for _, frame := range frames {
			if err := d.Decode(frame, 0, sink); err != nil {
				b.Fatal(err)
			}
			n++
		}
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "frames/s")
}

func BenchmarkParseHead(b *testing.B) {
	frame := getstats(b)[5]
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ParseHead(frame); err != nil {
			b.Fatal(err)
		}
	}
}
