package rtcstats

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/peerglass/peerglass/internal/recordings"
	"github.com/peerglass/peerglass/protocol"
	"github.com/peerglass/peerglass/protocol/protocoltest"
	"github.com/peerglass/peerglass/rtc"
)

const goldenFiles = "testdata/golden/*.txt"

func TestGolden(t *testing.T) {
	protocoltest.Golden(t, goldenFiles, func(t *testing.T, input []string, out *protocoltest.Printer) {
		out.Play(t, NewDecoder(), input)
	})
}

// session returns the frames of the recorded call.
func session(t testing.TB) [][]byte {
	t.Helper()
	return recordings.Frames(t, "rtcstats")
}

// What is decoded and encoded again is what was sent, byte for byte.
func TestSessionEncodesAsItWasSent(t *testing.T) {
	d, e := NewDecoder(), NewEncoder(EncoderOptions{AsClient: true})
	total := 0
	for i, frame := range session(t) {
		total += len(frame)
		var again []byte
		err := d.Decode(frame, 0, protocoltest.Func(func(r *rtc.Record) (err error) {
			if err := protocoltest.WellFormed(r); err != nil {
				return err
			}
			if bytes.Contains(r.Payload, []byte(`m=\r\n`)) {
				return fmt.Errorf("a description of %s is not whole", r.Name)
			}
			again, err = e.Append(nil, r)
			return err
		}))
		if err != nil {
			t.Fatalf("frame %d: %v", i, err)
		}
		if i == 0 {
			continue // gains what follows from it
		}
		if !bytes.Equal(again, frame) {
			t.Fatalf("frame %d\n is %s\nwas %s", i, again, frame)
		}
	}
	t.Logf("%d frames, %d bytes each", len(session(t)), total/len(session(t)))
}

func TestPollsAreDecodedWithoutAllocation(t *testing.T) {
	var polls [][]byte
	for _, f := range session(t) {
		if bytes.HasPrefix(f, []byte(`["g"`)) {
			polls = append(polls, f)
		}
	}
	d := NewDecoder()
	var c protocoltest.Count
	decode := func() {
		for _, f := range polls {
			if err := d.Decode(f, 0, &c); err != nil {
				t.Fatal(err)
			}
		}
	}
	decode()
	if n := testing.AllocsPerRun(10, decode); n != 0 {
		t.Errorf("%v allocations for %d polls", n, len(polls))
	}
}

func TestHostileFrames(t *testing.T) {
	many := func(n int, one func(i int) string) string {
		var b strings.Builder
		b.WriteString(`["g","PC_0",{`)
		for i := range n {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(one(i))
		}
		b.WriteString(`},1]`)
		return b.String()
	}
	deep := strings.Repeat("[", 100) + strings.Repeat("]", 100)
	long := strings.Repeat("x", protocol.MaxName+1)
	for name, c := range map[string]struct{ frame, code string }{
		"too large":        {`["` + strings.Repeat("x", protocol.MaxFrame) + `"]`, protocol.CodeTooLarge},
		"a million":        {many(1e6/8, func(i int) string { return fmt.Sprintf(`"%d":{}`, i) }), protocol.CodeLimit},
		"many values":      {many(2000, func(i int) string { return fmt.Sprintf(`"%d":{%s"14":1}`, i, strings.Repeat(`"14":1,`, 40)) }), protocol.CodeLimit},
		"deep":             {`[60,null,` + deep + `,1]`, protocol.CodeLimit},
		"deep statistics":  {`["g","PC_0",{"1":{"14":` + deep + `}},1]`, protocol.CodeLimit},
		"long name":        {`["` + long + `",null,1,1]`, protocol.CodeTooLarge},
		"long label":       {`[39,"` + long + `",1,1]`, protocol.CodeTooLarge},
		"long correlation": {`[39,"PC_0",1,"` + long + `",1]`, protocol.CodeTooLarge},
		"long extra":       {`[39,"PC_0",1,["` + long + `"],1]`, protocol.CodeTooLarge},
		"long report id":   {`["g","PC_0",{"` + long + `":{}},1]`, protocol.CodeLimit},
		"not UTF-8":        {"[60,null,\"\xff\",1]", protocol.CodeMalformed},
		"huge number":      {`["g","PC_0",{"1":{"14":1e309}},1]`, protocol.CodeMalformed},
		"huge time":        {`[60,null,{},1e300]`, protocol.CodeMalformed},
		"no end":           {`[60,null,{"a":"`, protocol.CodeMalformed},
	} {
		t.Run(name, func(t *testing.T) {
			d := NewDecoder()
			var fault *protocol.Error
			if err := d.Decode([]byte(c.frame), 0, &protocoltest.Count{}); !errors.As(err, &fault) || fault.Code != c.code {
				t.Fatalf("error %v, want code %s", err, c.code)
			}
			var after protocoltest.Count
			if err := d.Decode([]byte(`[23,"PC_0","stable",1795219709950]`), 0, &after); err != nil || after.Records != 1 {
				t.Errorf("the next frame gives %d records, %v", after.Records, err)
			}
		})
	}
}

// A client that makes connections for ever costs a bounded amount of memory.
func TestDescriptionsAreBounded(t *testing.T) {
	d := NewDecoder()
	for i := range 10_000 {
		frame := fmt.Sprintf(`[6,"PC_%d",{"type":"offer","sdp":"v=0\r\nm=audio\r\n"},"6-0",1]`, i)
		if err := d.Decode([]byte(frame), 0, &protocoltest.Count{}); err != nil {
			t.Fatal(err)
		}
	}
	if len(d.sdp) > maxDescribed {
		t.Errorf("descriptions of %d connections are kept", len(d.sdp))
	}
}

func BenchmarkDecodePoll(b *testing.B) {
	var polls [][]byte
	size := 0
	for _, f := range session(b) {
		if bytes.HasPrefix(f, []byte(`["g"`)) {
			polls, size = append(polls, f), size+len(f)
		}
	}
	d := NewDecoder()
	var c protocoltest.Count
	b.SetBytes(int64(size / len(polls)))
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if err := d.Decode(polls[i%len(polls)], 0, &c); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(c.Values)/float64(c.Polls), "values/frame")
}

func BenchmarkDecodeSession(b *testing.B) {
	frames := session(b)
	size := 0
	for _, f := range frames {
		size += len(f)
	}
	b.SetBytes(int64(size))
	b.ReportAllocs()
	for b.Loop() {
		d := NewDecoder()
		var c protocoltest.Count
		for _, f := range frames {
			if err := d.Decode(f, 0, &c); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(frames)), "ns/frame")
}

func FuzzDecode(f *testing.F) {
	for _, frame := range session(f) {
		f.Add(frame, []byte(`["g","PC_0",{},1]`))
	}
	golden := protocoltest.Frames(f, goldenFiles)
	for i, frame := range golden[1:] {
		f.Add(golden[i], frame)
	}
	f.Fuzz(func(t *testing.T, first, second []byte) {
		d, e, again := NewDecoder(), NewEncoder(EncoderOptions{}), NewDecoder()
		for _, frame := range [][]byte{first, second} {
			err := d.Decode(frame, 1, protocoltest.Func(func(r *rtc.Record) error {
				if err := protocoltest.WellFormed(r); err != nil {
					t.Fatal(err)
				}
				// What was understood can be written, and is understood again.
				b, err := e.Append(nil, r)
				if err != nil {
					return err
				}
				if bytes.ContainsAny(b, "\n\r") {
					t.Fatalf("%q is more than one line", b)
				}
				kind := r.Kind
				if err := again.Decode(b, 1, protocoltest.Func(func(r *rtc.Record) error {
					if r.Kind != kind && kind != rtc.KindCall && kind != rtc.KindState {
						t.Fatalf("%q: a record of kind %v became one of kind %v", frame, kind, r.Kind)
					}
					return nil
				})); err != nil {
					t.Fatalf("%q was written as %q: %v", frame, b, err)
				}
				return nil
			}))
			protocoltest.Fault(t, err)
		}
	})
}
