package jitsi

import (
	"bufio"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/peerglass/peerglass/internal/recordings"
	"github.com/peerglass/peerglass/protocol"
	"github.com/peerglass/peerglass/protocol/protocoltest"
	"github.com/peerglass/peerglass/rtc"
)

// known is what a test keeps of the reports of one connection: the last value
// of each member, also of reports that are gone.
type known map[string]map[string]any

// state lays the patches of a stay over one another.
type state struct {
	conns   map[string]known
	records map[rtc.Kind]int
	open    []rtc.Identity
	removed int
	live    map[string]map[string]bool
}

func newState() *state {
	return &state{conns: map[string]known{}, records: map[rtc.Kind]int{}, live: map[string]map[string]bool{}}
}

func (s *state) Record(r *rtc.Record) error {
	s.records[r.Kind]++
	if err := protocoltest.WellFormed(r); err != nil {
		return err
	}
	switch r.Kind {
	case rtc.KindOpen:
		var id rtc.Identity
		if err := json.Unmarshal(r.Payload, &id); err != nil {
			return err
		}
		s.open = append(s.open, id)
	case rtc.KindStats:
		s.lay(string(r.Conn), r.Stats)
	}
	return nil
}

func (s *state) lay(conn string, stats *rtc.Stats) {
	if s.conns[conn] == nil {
		s.conns[conn], s.live[conn] = known{}, map[string]bool{}
	}
	named := map[string]bool{}
	for i := range stats.Reports {
		p := &stats.Reports[i]
		id := string(p.ID)
		named[id] = true
		report := s.conns[conn][id]
		if report == nil {
			report = map[string]any{}
			s.conns[conn][id] = report
		}
		if p.Type != 0 {
			report["type"] = p.Type.String()
		}
		s.live[conn][id] = !p.Removed
		for _, v := range stats.Of(p) {
			name := v.Member.String()
			if v.Member == 0 {
				name = string(v.Name)
			}
			switch v.Form {
			case rtc.FormNumber:
				report[name] = v.Num
			case rtc.FormText, rtc.FormJSON:
				report[name] = string(v.Text)
			case rtc.FormBool:
				report[name] = v.Num == 1
			case rtc.FormNull:
				delete(report, name)
			}
		}
	}
	if stats.MissingRemoved {
		for id := range s.live[conn] {
			if !named[id] {
				delete(s.live[conn], id)
				s.removed++
			}
		}
	}
}

// decodeFile decodes a dump line by line.
func decodeFile(t *testing.T, path string, sink rtc.Sink) *Decoder {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	d := NewDecoder(Options{})
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, protocol.MaxFrame)
	for n := 1; lines.Scan(); n++ {
		if len(lines.Bytes()) == 0 {
			continue
		}
		if err := d.Decode(lines.Bytes(), 0, sink); err != nil {
			t.Fatalf("%s:%d: %v", filepath.Base(path), n, err)
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return d
}

// legacyValue finds where a legacy member went.
func legacyValue(k known, id, name string) (any, float64) {
	at := func(id, name string, factor float64) (any, float64) { return k[id][name], factor }
	send := strings.HasSuffix(id, "_send")
	switch {
	case name == "type":
		return nil, 0
	case name == "packetsLost" && send:
		return at(id+"#remote", name, 1)
	case name == "googRtt" && send:
		return at(id+"#remote", "roundTripTime", 1000)
	case name == "googRtt":
		return at(id, "currentRoundTripTime", 1000)
	case name == "googJitterReceived" && send:
		return at(id+"#remote", "jitter", 1000)
	case name == "googJitterReceived":
		return at(id, "jitter", 1000)
	case name == "googFrameRateSent":
		return at(id, "framesPerSecond", 1)
	case name == "googFrameHeightSent", name == "googFrameHeightReceived":
		return at(id, "frameHeight", 1)
	}
	return at(id, name, 1)
}

func TestRecordingsGiveTheirLastValues(t *testing.T) {
	dir := recordings.Dir(t)
	files, err := filepath.Glob(filepath.Join(dir, "derived", "final-values", "jitsi__rtcstats-server__*.json"))
	if err != nil || len(files) == 0 {
		t.Fatal("no expected values in ", dir, err)
	}
	compared := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var want struct {
			Source            string
			PerPeerConnection map[string]struct {
				Samples int
				Reports map[string]map[string]any
			}
		}
		if err := json.Unmarshal(text, &want); err != nil {
			t.Fatal(err)
		}
		t.Run(filepath.Base(want.Source), func(t *testing.T) {
			got := newState()
			d := decodeFile(t, filepath.Join(dir, want.Source), got)
			if d.Unknown() != 0 {
				t.Errorf("%d names are unknown", d.Unknown())
			}
			for conn, c := range want.PerPeerConnection {
				for id, report := range c.Reports {
					for name, value := range report {
						v, factor := got.conns[conn][id][name], 1.0
						text, isText := value.(string)
						number, isNumber := value.(float64)
						if strings.HasPrefix(id, "ssrc_") || strings.HasPrefix(id, "Conn-") {
							v, factor = legacyValue(got.conns[conn], id, name)
							if factor == 0 || name == "googCodecName" || name == "mediaType" {
								continue
							}
							if f, err := strconv.ParseFloat(text, 64); err == nil && isText {
								number, isNumber = f, true
							}
						}
						compared++
						f, ok := v.(float64)
						switch {
						case isText && v == text: // legacy: no member of the standard's
						case isNumber && v == nil && (number < 0 || number == 0 && strings.HasPrefix(name, "googFrameHeight")): // legacy: not measured
						case isNumber && (!ok || math.Abs(f*factor-number) > 1e-9*math.Abs(number)):
							t.Errorf("%s %s %s is %v, want %v", conn, id, name, v, value)
						case !isNumber && v != value:
							t.Errorf("%s %s %s is %v, want %v", conn, id, name, v, value)
						}
					}
				}
			}
			if got.records[rtc.KindOpen] == 0 {
				t.Error("nobody is named")
			}
		})
	}
	t.Logf("%d values compared", compared)
}

func TestEveryRecordingDecodesOrIsRefusedForItsReason(t *testing.T) {
	dir := recordings.Dir(t)
	var files []string
	for _, pattern := range []string{"src/test/dumps/*", "history/*/src/test/dumps/*", "history/*/src/test/jest/*"} {
		found, err := filepath.Glob(filepath.Join(dir, "jitsi__rtcstats-server", pattern))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	if len(files) < 16 {
		t.Fatalf("only %d recordings found", len(files))
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			got := newState()
			d := decodeFile(t, file, got)
			if d.Unknown() != 0 {
				t.Errorf("%d names are unknown", d.Unknown())
			}
			if got.records[rtc.KindOpen] == 0 {
				t.Error("nobody is named")
			}
			if strings.HasPrefix(filepath.Base(file), "ji") { // Jicofo, Jigasi
				if id := got.open[0]; id.Room == "" || id.Role != strings.TrimSuffix(filepath.Base(file), "-sample") {
					t.Errorf("identity is %+v", id)
				}
			} else if got.records[rtc.KindStats] == 0 {
				t.Error("no polls")
			}
		})
	}

	// A recording of the server that this one descends from is one object, an
	// export rather than what a client sends.
	export, err := os.ReadFile(filepath.Join(dir, "fippo__rtcstats-server", "test", "clienttest.json"))
	if err != nil {
		t.Fatal(err)
	}
	var fault *protocol.Error
	if err := NewDecoder(Options{}).Decode(export, 0, newState()); !errors.As(err, &fault) || fault.Code != protocol.CodeUnsupported {
		t.Errorf("clienttest.json: %v, want code %s", err, protocol.CodeUnsupported)
	}
}
