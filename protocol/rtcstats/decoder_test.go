package rtcstats

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/peerglass/peerglass/internal/recordings"
	"github.com/peerglass/peerglass/protocol"
	"github.com/peerglass/peerglass/rtc"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// printer writes records for people.
type printer struct{ strings.Builder }

func (p *printer) Record(r *rtc.Record) error {
	fmt.Fprintf(p, "%s %d", r.Kind, r.Time)
	for _, f := range []struct {
		name string
		text []byte
	}{{"conn", r.Conn}, {"name", r.Name}, {"corr", r.Corr}, {"payload", r.Payload}} {
		if len(f.text) > 0 {
			fmt.Fprintf(p, " %s=%s", f.name, f.text)
		}
	}
	p.WriteByte('\n')
	if r.Stats == nil {
		return nil
	}
	s := r.Stats
	fmt.Fprintf(p, "  at %.3f full=%v missingRemoved=%v\n", s.Time, s.Full, s.MissingRemoved)
	for i := range s.Reports {
		rep := &s.Reports[i]
		fmt.Fprintf(p, "  %s %s", rep.ID, rep.Type)
		if rep.Removed {
			p.WriteString(" removed")
		}
		if rep.Time != 0 {
			fmt.Fprintf(p, " at %.3f", rep.Time)
		}
		for _, v := range s.Of(rep) {
			name := string(v.Name) + "?"
			if v.Member != 0 {
				name = v.Member.String()
			}
			switch v.Form {
			case rtc.FormNumber:
				fmt.Fprintf(p, " %s=%v", name, v.Num)
			case rtc.FormBool:
				fmt.Fprintf(p, " %s=%v", name, v.Num == 1)
			case rtc.FormNull:
				fmt.Fprintf(p, " %s=null", name)
			case rtc.FormText:
				fmt.Fprintf(p, " %s=%q", name, v.Text)
			case rtc.FormJSON:
				fmt.Fprintf(p, " %s=%s", name, v.Text)
			}
		}
		p.WriteByte('\n')
	}
	return nil
}

// A golden file has frames, "> …", and what each of them gives.
func TestGolden(t *testing.T) {
	paths, err := filepath.Glob("testdata/golden/*.txt")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no golden files: %v", err)
	}
	for _, path := range paths {
		t.Run(filepath.Base(path), func(t *testing.T) {
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			d := NewDecoder(Options{})
			var got printer
			for line := range strings.Lines(string(want)) {
				switch {
				case strings.HasPrefix(line, "#"):
					got.WriteString(line)
				case strings.HasPrefix(line, "> "):
					got.WriteString(line)
					if err := d.Decode([]byte(strings.TrimSuffix(line[2:], "\n")), 0, &got); err != nil {
						var fault *protocol.Error
						if !errors.As(err, &fault) {
							t.Fatalf("%v is not a *protocol.Error", err)
						}
						fmt.Fprintf(&got, "fault %s: %v\n", fault.Code, err)
					}
				}
			}
			if *update {
				if err := os.WriteFile(path, []byte(got.String()), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if got.String() != string(want) {
				t.Errorf("differs from %s; go test -update and look at the difference\n%s", path, got.String())
			}
		})
	}
}

// session returns the frames of the recorded call.
func session(t testing.TB) [][]byte {
	t.Helper()
	return recordings.Frames(t, "rtcstats")
}

type count struct{ records, polls, values int }

func (c *count) Record(r *rtc.Record) error {
	c.records++
	if r.Stats != nil {
		c.polls++
		c.values += len(r.Stats.Values)
	}
	return nil
}

// What is decoded and encoded again is what was sent, byte for byte.
func TestSessionEncodesAsItWasSent(t *testing.T) {
	d, e := NewDecoder(Options{}), NewEncoder(EncoderOptions{AsClient: true})
	total := 0
	for i, frame := range session(t) {
		total += len(frame)
		var again []byte
		err := d.Decode(frame, 0, sinkFunc(func(r *rtc.Record) (err error) {
			if len(r.Payload) > 0 && !json.Valid(r.Payload) {
				return fmt.Errorf("payload of %s is not JSON: %s", r.Name, r.Payload)
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

type sinkFunc func(*rtc.Record) error

func (f sinkFunc) Record(r *rtc.Record) error { return f(r) }

func TestPollsAreDecodedWithoutAllocation(t *testing.T) {
	var polls [][]byte
	for _, f := range session(t) {
		if bytes.HasPrefix(f, []byte(`["g"`)) {
			polls = append(polls, f)
		}
	}
	d := NewDecoder(Options{})
	var c count
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
			d := NewDecoder(Options{})
			var fault *protocol.Error
			if err := d.Decode([]byte(c.frame), 0, &count{}); !errors.As(err, &fault) || fault.Code != c.code {
				t.Fatalf("error %v, want code %s", err, c.code)
			}
			var after count
			if err := d.Decode([]byte(`[23,"PC_0","stable",1795219709950]`), 0, &after); err != nil || after.records != 1 {
				t.Errorf("the next frame gives %d records, %v", after.records, err)
			}
		})
	}
}

// A client that makes connections for ever costs a bounded amount of memory.
func TestDescriptionsAreBounded(t *testing.T) {
	d := NewDecoder(Options{})
	for i := range 10_000 {
		frame := fmt.Sprintf(`[6,"PC_%d",{"type":"offer","sdp":"v=0\r\nm=audio\r\n"},"6-0",1]`, i)
		if err := d.Decode([]byte(frame), 0, &count{}); err != nil {
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
	d := NewDecoder(Options{})
	var c count
	b.SetBytes(int64(size / len(polls)))
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if err := d.Decode(polls[i%len(polls)], 0, &c); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(c.values)/float64(c.polls), "values/frame")
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
		d := NewDecoder(Options{})
		var c count
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
	paths, _ := filepath.Glob("testdata/golden/*.txt")
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		var before []byte
		for line := range bytes.Lines(data) {
			if frame, ok := bytes.CutPrefix(bytes.TrimSpace(line), []byte("> ")); ok {
				if before != nil {
					f.Add(bytes.Clone(before), bytes.Clone(frame))
				}
				before = frame
			}
		}
	}
	f.Fuzz(func(t *testing.T, first, second []byte) {
		d, e, again := NewDecoder(Options{}), NewEncoder(EncoderOptions{}), NewDecoder(Options{})
		for _, frame := range [][]byte{first, second} {
			var fault *protocol.Error
			err := d.Decode(frame, 1, sinkFunc(func(r *rtc.Record) error {
				if len(r.Payload) > 0 && !json.Valid(r.Payload) {
					t.Fatalf("payload is not JSON: %q", r.Payload)
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
				if err := again.Decode(b, 1, sinkFunc(func(r *rtc.Record) error {
					if r.Kind != kind && kind != rtc.KindCall && kind != rtc.KindState {
						t.Fatalf("%q: a record of kind %v became one of kind %v", frame, kind, r.Kind)
					}
					return nil
				})); err != nil {
					t.Fatalf("%q was written as %q: %v", frame, b, err)
				}
				return nil
			}))
			if err != nil && !errors.As(err, &fault) {
				t.Fatal(err)
			}
		}
	})
}
