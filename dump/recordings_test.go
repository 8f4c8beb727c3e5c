package dump

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/peerglass/peerglass/internal/recordings"
	"github.com/peerglass/peerglass/protocol"
	"github.com/peerglass/peerglass/rtc"
)

// files returns the recordings by their path below dir.
func files(t testing.TB, dir string) (paths []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		paths = append(paths, filepath.ToSlash(rel))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

// expect is what Open should do with a recording.
type expect struct {
	format Format
	polls  bool
	refuse string // part of the sentence
}

// expected tells it by the file's place.
func expected(path string) expect {
	name := path[strings.LastIndexByte(path, '/')+1:]
	switch {
	case strings.HasPrefix(name, "LICENSE"):
		return expect{refuse: "text that begins with"}
	case strings.HasPrefix(path, "derived/"), strings.HasSuffix(name, "-result.json") && strings.Contains(path, "integration-results"):
		return expect{refuse: "a JSON document with the members"}
	case strings.Contains(path, "/test/results/"):
		return expect{refuse: "a JSON list of objects with the members"}
	case strings.HasPrefix(path, "ObserveRTC__"):
		return expect{refuse: `a JSON document with the members "Chrome-90"`}
	case strings.HasPrefix(path, "MyPureCloud__"):
		return expect{refuse: "one result of getStats"}
	case strings.HasPrefix(path, "jitsi__"):
		return expect{format: FormatJitsi, polls: !strings.HasPrefix(name, "jicofo") && !strings.HasPrefix(name, "jigasi")}
	case strings.HasPrefix(path, "fippo__"), strings.HasPrefix(path, "jellyfish"):
		return expect{format: FormatInternals, polls: true}
	case strings.HasSuffix(path, "internals/gumonly.gz"):
		return expect{format: FormatInternals}
	case strings.HasSuffix(path, "rtcstats/gumonly.jsonl"):
		return expect{format: FormatRTCStats}
	}
	return expect{refuse: "(no expectation: add the file to expected)"}
}

func TestEveryRecordingOpensOrIsRefusedForItsReason(t *testing.T) {
	dir := recordings.Dir(t)
	for _, path := range files(t, dir) {
		t.Run(path, func(t *testing.T) {
			data, err := os.ReadFile(filepath.Join(dir, path))
			if err != nil {
				t.Fatal(err)
			}
			want := expected(path)
			src, err := Open(bytes.NewReader(data))
			if want.refuse != "" {
				var fault *protocol.Error
				if !errors.As(err, &fault) || fault.Code != protocol.CodeUnsupported || !strings.Contains(fault.What, want.refuse) {
					t.Fatalf("error %v, want one that says %q", err, want.refuse)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if src.Format() != want.format {
				t.Errorf("format %s, want %s", src.Format(), want.format)
			}
			if err := src.Replay(discard{}); err != nil {
				t.Fatal(err)
			}
			sum := src.Summary()
			if sum.Records == 0 || sum.Faults != 0 {
				t.Errorf("%d records, %d faults (%v)", sum.Records, sum.Faults, sum.Fault)
			}
			if (sum.Polls > 0) != want.polls {
				t.Errorf("%d polls, want some: %v", sum.Polls, want.polls)
			}
			if notes := strings.Join(src.Notes(), " "); strings.Contains(notes, "no statistics") == want.polls {
				t.Errorf("notes %q, polls %d", notes, sum.Polls)
			}
		})
	}
}

// told is a record as it is compared.
type told struct {
	Kind       rtc.Kind
	Time       int64
	Conn, Name string
	Corr       string
	Payload    string // JSON in one spelling
	Polled     float64
	Reports    map[string]reportState // after a poll
}

type reportState struct {
	Type   rtc.StatsType
	Time   float64
	Values map[string]string
}

// keeper keeps what it is told, with the reports that the polls make.
type keeper struct {
	records []told
	conns   map[string]map[string]reportState
	number  map[string]map[string]int // nil: ids stay as they are
	header  string                    // payload of the record that the header makes
	last    map[string]map[string]reportState
}

func newKeeper(numbered bool) *keeper {
	k := &keeper{conns: make(map[string]map[string]reportState), last: make(map[string]map[string]reportState)}
	if numbered {
		k.number = make(map[string]map[string]int)
	}
	return k
}

// id gives a report the number that the encoder gives it: by first mention,
// reports before what they refer to.
func (k *keeper) id(conn, id string) string {
	if k.number == nil {
		return id
	}
	numbers := k.number[conn]
	if numbers == nil {
		numbers = make(map[string]int)
		k.number[conn] = numbers
	}
	n, ok := numbers[id]
	if !ok {
		n = len(numbers)
		numbers[id] = n
	}
	return strconv.Itoa(n)
}

func (k *keeper) Record(r *rtc.Record) error {
	if r.Kind == rtc.KindOpen && len(r.Name) == 0 && r.Time == 0 {
		k.header = string(r.Payload)
		return nil
	}
	w := told{Kind: r.Kind, Time: r.Time, Conn: string(r.Conn), Name: string(r.Name), Corr: string(r.Corr)}
	if w.Time == 0 {
		w.Time = r.Received
	}
	if len(r.Payload) > 0 {
		var v any
		if err := json.Unmarshal(r.Payload, &v); err != nil {
			return fmt.Errorf("payload of %s: %w: %.200s", r.Name, err, r.Payload)
		}
		if v != nil {
			b, _ := json.Marshal(v)
			w.Payload = string(b)
		}
	}
	if r.Kind == rtc.KindStats {
		w.Name = ""
		w.Polled = r.Stats.Time
		k.lay(w.Conn, r.Stats)
		w.Reports = make(map[string]reportState)
		for id, rep := range k.conns[w.Conn] {
			values := make(map[string]string, len(rep.Values))
			for n, v := range rep.Values {
				values[n] = v
			}
			w.Reports[id] = reportState{rep.Type, rep.Time, values}
		}
	}
	k.records = append(k.records, w)
	return nil
}

// lay lays a patch over the reports of a connection.
func (k *keeper) lay(conn string, s *rtc.Stats) {
	reports := k.conns[conn]
	if reports == nil {
		reports = make(map[string]reportState)
		k.conns[conn], k.last[conn] = reports, make(map[string]reportState)
	}
	for i := range s.Reports {
		if p := &s.Reports[i]; !p.Removed {
			k.id(conn, string(p.ID))
		}
	}
	named := make(map[string]bool)
	for i := range s.Reports {
		p := &s.Reports[i]
		if p.Removed {
			delete(reports, k.id(conn, string(p.ID)))
			continue
		}
		id := k.id(conn, string(p.ID))
		named[id] = true
		rep, ok := reports[id]
		if !ok || s.Full {
			rep = reportState{Type: rep.Type, Values: make(map[string]string)}
		}
		if p.Type != 0 {
			rep.Type = p.Type
		}
		if rep.Time = p.Time; rep.Time == 0 {
			rep.Time = s.Time
		}
		for _, v := range s.Of(p) {
			name := string(v.Name)
			if v.Member != 0 {
				name = v.Member.String()
			}
			switch v.Form {
			case rtc.FormNull:
				delete(rep.Values, name)
			case rtc.FormNumber:
				rep.Values[name] = strconv.FormatFloat(v.Num, 'g', -1, 64)
			case rtc.FormBool:
				rep.Values[name] = strconv.FormatBool(v.Num != 0)
			case rtc.FormText:
				text := string(v.Text)
				if strings.HasSuffix(name, "Id") {
					text = k.id(conn, text)
				}
				rep.Values[name] = strconv.Quote(text)
			case rtc.FormJSON:
				var one bytes.Buffer
				json.Compact(&one, v.Text)
				rep.Values[name] = one.String()
			}
		}
		reports[id] = rep
		k.last[conn][id] = rep
	}
	if s.MissingRemoved {
		for id := range reports {
			if !named[id] {
				delete(reports, id)
			}
		}
	}
}

// What a session rewritten as RTCStatsDump says when it is read again is what
// it said before: names, payloads, and the reports after every poll.
func TestRoundTripThroughV3(t *testing.T) {
	dir := recordings.Dir(t)
	for _, path := range files(t, dir) {
		if expected(path).refuse != "" {
			continue
		}
		t.Run(path, func(t *testing.T) {
			data, err := os.ReadFile(filepath.Join(dir, path))
			if err != nil {
				t.Fatal(err)
			}
			roundTrip(t, data)
		})
	}
}

func roundTrip(t *testing.T, data []byte) {
	t.Helper()
	src, err := Open(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	before := newKeeper(src.Header().Protocol != ProtocolRTCStats)
	if err := src.Replay(before); err != nil {
		t.Fatal(err)
	}
	if src, err = Open(bytes.NewReader(data)); err != nil {
		t.Fatal(err)
	}
	var v3 bytes.Buffer
	if err := WriteV3(&v3, src); err != nil {
		t.Fatal(err)
	}
	again, err := Open(&v3)
	if err != nil {
		t.Fatal(err)
	}
	if again.Format() != FormatRTCStats {
		t.Errorf("written as %s", again.Format())
	}
	after := newKeeper(false)
	if err := again.Replay(after); err != nil {
		t.Fatal(err)
	}
	if f := again.Summary().Fault; f != nil {
		t.Error(f)
	}
	if before.header != after.header {
		t.Errorf("the header tells %s, before %s", after.header, before.header)
	}
	if len(before.records) != len(after.records) {
		t.Fatalf("%d records, before %d", len(after.records), len(before.records))
	}
	for i, a := range before.records {
		b := after.records[i]
		if a.Time == 0 {
			b.Time = 0 // undated: takes the time of what stands beside it
		}
		reportsA, reportsB := a.Reports, b.Reports
		a.Reports, b.Reports = nil, nil
		if !reflect.DeepEqual(a, b) {
			t.Fatalf("record %d\n is %+v\nwas %+v", i, b, a)
		}
		compareReports(t, i, reportsA, reportsB)
		if t.Failed() {
			return
		}
	}
}

func compareReports(t *testing.T, i int, want, got map[string]reportState) {
	t.Helper()
	for id, a := range want {
		b, ok := got[id]
		if !ok {
			t.Fatalf("record %d: report %s is gone", i, id)
		}
		if a.Type != b.Type {
			t.Fatalf("record %d: report %s is of type %v, before %v", i, id, b.Type, a.Type)
		}
		if !reflect.DeepEqual(a.Values, b.Values) {
			t.Fatalf("record %d: report %s\n is %v\nwas %v", i, id, b.Values, a.Values)
		}
	}
	if len(got) != len(want) {
		t.Fatalf("record %d: %d reports, before %d", i, len(got), len(want))
	}
}

// The last packet counters equal those that were taken from the files by other
// means.
func TestLastCountersEqualFinalValues(t *testing.T) {
	dir := recordings.Dir(t)
	expectations, err := filepath.Glob(filepath.Join(dir, "derived", "final-values", "*.json"))
	if err != nil || len(expectations) == 0 {
		t.Fatalf("no expectations: %v", err)
	}
	for _, path := range expectations {
		var final struct {
			Source            string
			PerPeerConnection map[string]struct {
				Reports map[string]map[string]any
			}
		}
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(data, &final); err != nil {
			t.Fatal(err)
		}
		t.Run(final.Source, func(t *testing.T) {
			data, err := os.ReadFile(filepath.Join(dir, final.Source))
			if err != nil {
				t.Fatal(err)
			}
			src, err := Open(bytes.NewReader(data))
			if err != nil {
				t.Fatal(err)
			}
			k := newKeeper(false)
			if err := src.Replay(k); err != nil {
				t.Fatal(err)
			}
			checked := 0
			for conn, pc := range final.PerPeerConnection {
				for id, want := range pc.Reports {
					got, ok := k.last[conn][id]
					if !ok {
						continue // computed by the browser, or a legacy report that became several
					}
					for name, v := range want {
						text, has := got.Values[name]
						if !has || !strings.HasPrefix(name, "packets") {
							continue
						}
						f, isNumber := v.(float64)
						if !isNumber { // legacy statistics are texts
							f, _ = strconv.ParseFloat(fmt.Sprint(v), 64)
						}
						if g, err := strconv.ParseFloat(text, 64); err != nil || math.Abs(g-f) > 1e-9 {
							t.Errorf("%s %s %s is %s, want %v", conn, id, name, text, f)
						}
						checked++
					}
				}
			}
			if checked == 0 && !strings.Contains(final.Source, "0bad2cf1") {
				t.Error("nothing was compared")
			}
		})
	}
}

// Packed or not, a file is the same file.
func TestGzipIsTakenOff(t *testing.T) {
	dir := recordings.Dir(t)
	data, err := os.ReadFile(filepath.Join(dir, "jitsi__rtcstats-server/src/test/dumps/safari-relay"))
	if err != nil {
		t.Fatal(err)
	}
	var packed bytes.Buffer
	gz := gzip.NewWriter(&packed)
	gz.Write(data)
	gz.Close()
	var sums [2]Summary
	for i, d := range [][]byte{data, packed.Bytes()} {
		src, err := Open(bytes.NewReader(d))
		if err != nil {
			t.Fatal(err)
		}
		var read int64
		src.Progress(func(n int64) { read = n })
		if err := src.Replay(discard{}); err != nil {
			t.Fatal(err)
		}
		if read != int64(len(d)) {
			t.Errorf("progress ended at %d of %d bytes", read, len(d))
		}
		sums[i] = src.Summary()
	}
	if sums[0] != sums[1] {
		t.Errorf("packed %+v, plain %+v", sums[1], sums[0])
	}
}
