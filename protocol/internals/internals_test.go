package internals

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/peerglass/peerglass/internal/golden"
	"github.com/peerglass/peerglass/protocol"
	"github.com/peerglass/peerglass/protocol/protocoltest"
	"github.com/peerglass/peerglass/rtc"
)

// printer holds besides that records come in the order of their times.
type printer struct {
	protocoltest.Printer
	last int64
}

func (p *printer) Record(r *rtc.Record) error {
	if r.Time < p.last {
		return fmt.Errorf("a record of %d after one of %d", r.Time, p.last)
	}
	p.last = r.Time
	return p.Printer.Record(r)
}

// Each export of testdata gives the records that stand beside it.
func TestGolden(t *testing.T) {
	paths, err := filepath.Glob("testdata/*.json")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no exports: %v", err)
	}
	for _, path := range paths {
		t.Run(filepath.Base(path), func(t *testing.T) {
			f, err := os.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			e, err := Read(f)
			if err != nil {
				t.Fatal(err)
			}
			var got printer
			who, err := json.Marshal(e.Identity())
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&got, "start %d, %s\n", e.Start, who)
			if err := e.Replay(&got); err != nil {
				t.Fatal(err)
			}
			golden.Check(t, strings.TrimSuffix(path, ".json")+".txt", got.String())
		})
	}
}

func TestFaultyExports(t *testing.T) {
	members := func(n int, format string) string {
		var b strings.Builder
		for i := range n {
			if i > 0 {
				b.WriteByte(',')
			}
			fmt.Fprintf(&b, format, i)
		}
		return b.String()
	}
	deep := strings.Repeat("[", 100) + strings.Repeat("]", 100)
	long := strings.Repeat("x", protocol.MaxName+1)
	for name, c := range map[string]struct{ file, what string }{
		"another document":   {`{"a":1,"b":{}}`, "not an export"},
		"only devices":       {`{"getUserMedia":[]}`, "not an export"},
		"cut off":            {`{"PeerConnections":{"1-1":{"stats":{"a-b":{"values":"[1,`, "cut off or damaged"},
		"no JSON":            {`{"a":1,}`, "is not one"},
		"more follows":       {`{"PeerConnections":{}} {}`, "cut off or damaged"},
		"not UTF-8":          {"{\"PeerConnections\":{\"\xff\":{}}}", "UTF-8"},
		"a broken list":      {`{"PeerConnections":{"1":{"stats":{"a-b":{"values":"[1,}"}}}}}`, "cut off or damaged"},
		"deep":               {`{"PeerConnections":{"1":{"stats":{"a-b":{"values":"` + deep + `"}}}}}`, "nested too deeply"},
		"many connections":   {`{"PeerConnections":{` + members(maxConns+1, `"%d":{}`) + `}}`, "more than 4096 peer connections"},
		"many reports":       {`{"PeerConnections":{"1":{"stats":{` + members(protocol.MaxReports+1, `"r%d-b":{}`) + `}}}}`, "more than 4096 statistics reports"},
		"a million members":  {`{"PeerConnections":{"1":{"stats":{` + members(maxLists+1, `"r-%d":{}`) + `}}}}`, "more than 262144 members"},
		"a million entries":  {`{"PeerConnections":{"1":{"updateLog":[` + strings.Repeat(`{},`, maxLog) + `{}]}}}`, "more than 524288 entries"},
		"a long label":       {`{"PeerConnections":{"` + long + `":{}}}`, "longer than"},
		"a long report id":   {`{"PeerConnections":{"1":{"stats":{"` + long + `-b":{}}}}}`, "longer than"},
		"a long entry":       {`{"PeerConnections":{"1":{"updateLog":[{"type":"` + long + `"}]}}}`, "longer than"},
		"statistics, no end": {`{"peerConnections":{"1":[{"type":"getStats","value":{"a":{"b":1e999}}}]}}`, "too large"},
	} {
		t.Run(name, func(t *testing.T) {
			e, err := Read(strings.NewReader(c.file))
			if err == nil {
				err = e.Replay(&printer{})
			}
			var fault *protocol.Error
			var other *NotExport
			if err == nil || !errors.As(err, &fault) && !errors.As(err, &other) || !strings.Contains(err.Error(), c.what) {
				t.Fatalf("error %v, want one that says %q", err, c.what)
			}
		})
	}
}

// What an export leaves open is taken as it is: nothing fails.
func TestPoorExports(t *testing.T) {
	for name, file := range map[string]string{
		"nothing":             `{"PeerConnections":{}}`,
		"no statistics":       `{"PeerConnections":{"1":{"url":"x","rtcConfiguration":null,"updateLog":[{"time":"whenever","type":"createOffer","value":""},{}]}}}`,
		"no times":            `{"PeerConnections":{"1":{"stats":{"a-b":{"values":"[1,2]"}}}}}`,
		"more values":         `{"PeerConnections":{"1":{"stats":{"a-timestamp":{"values":"[1e12]"},"a-b":{"values":"[1,2,3]"}}}}}`,
		"no lists":            `{"PeerConnections":{"1":{"stats":{"a-timestamp":{"values":"x"},"a-b":{"values":7},"a":{},"-b":{}}}}}`,
		"clocks backwards":    `{"PeerConnections":{"1":{"stats":{"a-timestamp":{"values":"[1700000003000,1700000002000,1700000001000]"},"a-b":{"values":"[1,2,3]"}}}}}`,
		"all at once":         `{"PeerConnections":{"1":{"stats":{"a-timestamp":{"values":"[5e12,5e12,5e12]"},"a-b":{"values":"[1,2,3]"},"c-timestamp":{"values":"[9e12,9e12]"},"c-d":{"values":"[1,2]"}}}}}`,
		"times of no kind":    `{"PeerConnections":{"1":{"stats":{"a-timestamp":{"values":"[null,\"x\",-1e300,1e300]"},"a-b":{"values":"[1,2,3,4]"}}}}}`,
		"devices of no kind":  `{"getUserMedia":[7,"x",{},{"rid":{},"audio":7}],"PeerConnections":{}}`,
		"entries of no kind":  `{"peerConnections":{"1":[{},{"time":7,"type":"getStats","value":null},{"type":"x","value":null}]}}`,
		"a member of no name": `{"PeerConnections":{"1":{"stats":{"a-":{"values":"[1]"}}}}}`,
	} {
		t.Run(name, func(t *testing.T) {
			e, err := Read(strings.NewReader(file))
			if err != nil {
				t.Fatal(err)
			}
			if err := e.Replay(&printer{}); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestLocalTimes(t *testing.T) {
	const want = 1710254241000 // 2024-03-12T14:37:21Z
	for text, m := range map[string]manners{
		"12/03/2024, 14:37:21":       dayFirst,
		"3/12/2024, 2:37:21 PM":      monthFirst,
		"3/12/2024, 2:37:21 p.m.":    monthFirst,
		"12.3.2024, 14:37:21":        dayFirst,
		"2024-03-12 14:37:21":        monthFirst,
		"2024/3/12 14:37:21":         dayFirst,
		"12. 3. 2024 14:37:21":       dayFirst,
		"12-03-2024 14.37.21":        dayFirst,
		"3/12/2024, 2:37:21\u202fPM": monthFirst,
	} {
		if got, ok := local(text, m); !ok && !strings.Contains(text, "p.m.") || ok && got != want && !strings.Contains(text, "p.m.") {
			t.Errorf("%q is %v, want %v", text, got, float64(want))
		}
	}
	for _, text := range []string{"", "yesterday", "1/2/3", "99/99/2024, 14:37:21", "12/03/2024, 25:00:00", "123456789012345678901234567890"} {
		if got, ok := local(text, dayFirst); ok {
			t.Errorf("%q is %v", text, got)
		}
	}
}

func FuzzRead(f *testing.F) {
	paths, err := filepath.Glob("testdata/*.json")
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		e, err := Read(strings.NewReader(string(data)))
		var fault *protocol.Error
		if err == nil {
			err = e.Replay(&printer{last: -1 << 62})
		}
		var other *NotExport
		if err != nil && !errors.As(err, &fault) && !errors.As(err, &other) {
			t.Fatal(err)
		}
	})
}
