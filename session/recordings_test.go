package session

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/peerglass/peerglass/dump"
	"github.com/peerglass/peerglass/internal/recordings"
	"github.com/peerglass/peerglass/protocol"
	"github.com/peerglass/peerglass/protocol/jitsi"
	"github.com/peerglass/peerglass/rtc"
)

// dated gives records that a file does not date on arrival their own time, as
// an import does.
type dated struct {
	to   *Session
	last int64
	err  error

	told map[string]float64 // the counters, by connection, report and member
	base map[string]float64 // what they had counted before they began anew
}

func (d *dated) Record(r *rtc.Record) error {
	if r.Time != 0 {
		d.last = max(d.last, r.Time)
	}
	r.Received = d.last
	if r.Time != 0 {
		r.Received = r.Time
	}
	if r.Kind == rtc.KindStats {
		d.watch(r)
	}
	err := d.to.Record(r)
	var limit *protocol.Error
	if errors.As(err, &limit) {
		d.err = err
		return nil
	}
	return err
}

// watch finds the resets of counters with nothing but the values.
func (d *dated) watch(r *rtc.Record) {
	for i := range r.Stats.Reports {
		p := &r.Stats.Reports[i]
		for _, v := range r.Stats.Of(p) {
			switch v.Member {
			case rtc.StatPacketsSent, rtc.StatPacketsReceived, rtc.StatBytesSent, rtc.StatBytesReceived:
				key := fmt.Sprintf("%s %s %s", r.Conn, p.ID, v.Member)
				if v.Num < d.told[key] {
					d.base[key] += d.told[key]
				}
				d.told[key] = v.Num
			}
		}
	}
}

// importJitsi plays a dump of Jitsi's server through a session.
func importJitsi(t testing.TB, path string) (*Collect, *dated) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	out := &Collect{}
	rooms := NewRooms(out, counter())
	s := New(Options{App: 1, ID: 1, Protocol: "jitsi", Rooms: rooms, Sink: out, Import: true})
	sink := &dated{to: s, told: map[string]float64{}, base: map[string]float64{}}
	d := jitsi.NewDecoder(jitsi.Options{})
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, protocol.MaxFrame)
	for n := 1; lines.Scan(); n++ {
		if err := d.Decode(lines.Bytes(), sink.last, sink); err != nil && !errors.Is(err, ErrEnded) && len(lines.Bytes()) > 0 {
			t.Fatalf("%s:%d: %v", path, n, err)
		}
	}
	if sink.err != nil {
		t.Errorf("%s: %v", path, sink.err)
	}
	s.End(sink.last, "import")
	rooms.Flush()
	return out, sink
}

// finalValues are the last values of every report of a recording.
type finalValues struct {
	Source            string
	PerPeerConnection map[string]struct {
		Reports map[string]map[string]any
	}
}

// numberOf reads a value that legacy statistics give as text.
func numberOf(v any) (float64, bool) {
	switch v := v.(type) {
	case float64:
		return v, true
	case string:
		f, err := strconv.ParseFloat(v, 64)
		return f, err == nil
	}
	return 0, false
}

// The totals of every stream of every recording are what its counters said
// last, and before they began anew.
func TestTotalsOfRecordings(t *testing.T) {
	dir := recordings.Dir(t)
	files, err := filepath.Glob(filepath.Join(dir, "derived", "final-values", "jitsi__*.json"))
	if err != nil || len(files) == 0 {
		t.Fatal("no expected values in ", dir, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var want finalValues
		if err := json.Unmarshal(text, &want); err != nil {
			t.Fatal(err)
		}
		t.Run(filepath.Base(want.Source), func(t *testing.T) {
			out, seen := importJitsi(t, filepath.Join(dir, want.Source))
			labels := map[rtc.ConnectionID]string{}
			for _, c := range out.Connections {
				labels[c.ID] = c.Label
			}
			streams := map[string]rtc.Stream{}
			for _, st := range out.Streams {
				key := labels[st.Connection] + " " + st.ReportID
				if _, twice := streams[key]; twice {
					t.Errorf("two streams of %s", key)
				}
				streams[key] = st
			}
			compared := 0
			for label, pc := range want.PerPeerConnection {
				for id, report := range pc.Reports {
					sent := false
					switch typ := report["type"]; {
					case typ == "outbound-rtp", typ == "ssrc" && strings.HasSuffix(id, "_send"):
						sent = true
					case typ == "inbound-rtp", typ == "ssrc":
					default:
						continue
					}
					if remote, _ := report["isRemote"].(bool); remote {
						continue
					}
					st, found := streams[label+" "+id]
					if !found {
						t.Errorf("%s %s has no stream", label, id)
						continue
					}
					check := func(name string, got int64) {
						if v, told := numberOf(report[name]); told {
							compared++
							base := seen.base[label+" "+id+" "+name]
							if got != int64(max(v, 0)+base) {
								t.Errorf("%s %s %s = %d, want %v + %v before it began anew", label, id, name, got, report[name], base)
							}
						}
					}
					if sent {
						check("packetsSent", st.Packets)
						check("bytesSent", st.Bytes)
					} else {
						check("packetsReceived", st.Packets)
						check("bytesReceived", st.Bytes)
						check("packetsLost", st.PacketsLost)
					}
				}
			}
			if compared == 0 {
				t.Error("nothing was compared")
			}
			t.Logf("%d totals of %d streams compared, %d samples, %d events, %d unknown members", compared, len(out.Streams), len(out.Samples), len(out.Events), out.Sessions[0].UnknownMembers)
			checkSamples(t, out)
		})
	}
}

// checkSamples holds what is true of any sample.
func checkSamples(t *testing.T, out *Collect) {
	t.Helper()
	last := map[rtc.StreamID]rtc.Sample{}
	for _, s := range out.Samples {
		if before, ok := last[s.Stream]; ok && !s.Time.After(before.Time) {
			t.Errorf("stream %d: sample at %v after one at %v", s.Stream, s.Time, before.Time)
		}
		last[s.Stream] = s
	}
	for i := range out.Streams {
		if st := &out.Streams[i]; st.Kind == rtc.KindUnknown {
			t.Errorf("stream %s is of no kind", fmt.Sprint(st.ReportID))
		}
	}
}

// Which path a connection took, as the extractor of Jitsi's server found.
func TestPathsOfRecordings(t *testing.T) {
	dir := recordings.Dir(t)
	for _, name := range []string{"chrome-relay", "safari-relay", "google-standard-stats-relay-p2p"} {
		t.Run(name, func(t *testing.T) {
			text, err := os.ReadFile(filepath.Join(dir, "derived", "jitsi-turn-expected", name+".json"))
			if err != nil {
				t.Fatal(err)
			}
			var want map[string]struct {
				CandidatePairData struct {
					IsUsingRelay                                           bool
					LocalCandidateType, LocalProtocol, RemoteCandidateType string
				}
			}
			if err := json.Unmarshal(text, &want); err != nil {
				t.Fatal(err)
			}
			out, _ := importJitsi(t, filepath.Join(dir, "jitsi__rtcstats-server", "src", "test", "dumps", name))
			found := 0
			for _, c := range out.Connections {
				w, ok := want[c.Label]
				if !ok {
					continue
				}
				found++
				p := w.CandidatePairData
				if c.LocalType != p.LocalCandidateType || c.RemoteType != p.RemoteCandidateType || c.Relay != p.IsUsingRelay || p.LocalProtocol != "" && c.Transport != p.LocalProtocol {
					t.Errorf("%s goes %s→%s over %q, relay %v; want %+v", c.Label, c.LocalType, c.RemoteType, c.Transport, c.Relay, p)
				}
			}
			if found != len(want) {
				t.Errorf("%d of %d connections", found, len(want))
			}
		})
	}
}

// Everything in the folder of recordings, through the way of an import: it is
// refused with a reason, or gives sound rows.
func TestAnyRecordingGivesSoundRows(t *testing.T) {
	dir := recordings.Dir(t)
	imported := 0
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.Contains(path, "derived") {
			return err
		}
		out, _, err := importAny(t, path)
		var refused *protocol.Error
		if errors.As(err, &refused) {
			return nil
		}
		if err != nil {
			t.Errorf("%s: %v", path, err)
			return nil
		}
		imported++
		checkSamples(t, out)
		for _, s := range out.Sessions {
			if s.End.Before(s.Start) || s.End.Sub(s.Start) > 24*time.Hour {
				t.Errorf("%s: session from %v to %v", path, s.Start, s.End)
			}
			for _, c := range out.Calls {
				if c.End.Before(c.Start) {
					t.Errorf("%s: call from %v to %v", path, c.Start, c.End)
				}
			}
		}
		for _, c := range out.Connections {
			if !c.Connected.IsZero() && c.Connected.Before(c.Start) {
				t.Errorf("%s: connection from %v, connected at %v", path, c.Start, c.Connected)
			}
		}
		if len(Summarise(out)) != 1 {
			t.Errorf("%s: no summary", path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if imported < 14 {
		t.Errorf("only %d recordings could be imported", imported)
	}
	t.Logf("%d recordings imported", imported)
}

// importAny plays any file that can be imported.
func importAny(t *testing.T, path string) (*Collect, *dump.Source, error) {
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	src, err := dump.Open(f)
	if err != nil {
		return nil, nil, err
	}
	out := &Collect{}
	rooms := NewRooms(out, counter())
	s := New(Options{App: 1, ID: 1, Protocol: src.Header().Protocol, Rooms: rooms, Sink: out, Import: true})
	if err := src.Replay(s); err != nil && !errors.Is(err, ErrEnded) {
		return nil, nil, err
	}
	s.End(t0, "import")
	rooms.Flush()
	return out, src, nil
}

// An export of chrome://webrtc-internals.
func TestTotalsOfAnExport(t *testing.T) {
	dir := recordings.Dir(t)
	text, err := os.ReadFile(filepath.Join(dir, "derived", "final-values", "jellyfish-dev__ex_rtcscore__test__fixtures__sample-webrtc-internals-dump.txt.json"))
	if err != nil {
		t.Fatal(err)
	}
	var want finalValues
	if err := json.Unmarshal(text, &want); err != nil {
		t.Fatal(err)
	}
	out, _, err := importAny(t, filepath.Join(dir, want.Source))
	if err != nil {
		t.Fatal(err)
	}
	streams := map[string]rtc.Stream{}
	for _, st := range out.Streams {
		streams[st.ReportID] = st
	}
	compared := 0
	for _, pc := range want.PerPeerConnection {
		for id, report := range pc.Reports {
			for name, total := range map[string]int64{"packetsReceived": streams[id].Packets, "packetsSent": streams[id].Packets, "bytesReceived": streams[id].Bytes, "bytesSent": streams[id].Bytes} {
				if v, told := numberOf(report[name]); told && strings.HasSuffix(fmt.Sprint(report["type"]), "bound-rtp") {
					compared++
					if total != int64(v) {
						t.Errorf("%s %s = %d, want %v", id, name, total, v)
					}
				}
			}
		}
	}
	if compared == 0 {
		t.Error("nothing was compared")
	}
	t.Logf("%d totals compared, %d samples", compared, len(out.Samples))
}
