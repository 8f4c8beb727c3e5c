package issue

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/peerglass/peerglass/quality"
	"github.com/peerglass/peerglass/rtc"
)

// told is a session of which a test tells rows, written as lines:
//
//	1.5 pc1 onconnectionstatechange "connected"   an event of connection 1
//	2.0 - getUserMedia#1 {"audio":true}           an event of none; #1 is its Corr
//	3.0 log error "it broke"                      a log line
//	4.0 path pc1 relay tcp                        the connection's row
//	4.0 stream 1 pc1 send video v1                a stream's row
//	5.0 tick                                      time passes
//	9.0 end leave                                 the session ends
//
// Times are seconds.
type told struct {
	t      *testing.T
	watch  *Watch
	issues map[rtc.IssueID]rtc.Issue
	count  int
	conns  map[rtc.ConnectionID]*rtc.Connection
}

var t0 = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

// shortNames are those of events that tests name often.
var shortNames = map[string]string{
	"getUserMedia": rtc.NameGetUserMedia, "getUserMediaOnSuccess": rtc.NameGetUserMedia + rtc.OnSuccess,
	"getUserMediaOnFailure": rtc.NameGetUserMedia + rtc.OnFailure, "getDisplayMediaOnSuccess": rtc.NameGetDisplayMedia + rtc.OnSuccess,
	"conn": rtc.NameConnState, "ice": rtc.NameICEState, "gathering": rtc.NameGatheringState, "signalling": rtc.NameSignalingState,
	"candidate": rtc.NameICECandidate, "error": rtc.NameICEError, "devicechange": rtc.NameDeviceChange,
	"onended": "MediaStreamTrack.onended", "onmute": rtc.NameTrackMute, "onunmute": rtc.NameTrackUnmute, "stop": "MediaStreamTrack.stop",
	"sld": "setLocalDescription", "sldOK": "setLocalDescriptionOnSuccess", "srd": "setRemoteDescription", "srdOK": "setRemoteDescriptionOnSuccess",
}

func tell(t *testing.T, script string) *told {
	t.Helper()
	s := &told{t: t, issues: map[rtc.IssueID]rtc.Issue{}, conns: map[rtc.ConnectionID]*rtc.Connection{}}
	s.watch = New(func(i *rtc.Issue) {
		c := *i
		c.Evidence = slices.Clone(i.Evidence)
		if was, there := s.issues[i.ID]; there && (was.Version >= i.Version || was.Severity > i.Severity || was.Type != i.Type) {
			t.Errorf("issue %d goes from %+v to %+v", i.ID, was, c)
		}
		s.issues[i.ID] = c
	})
	s.watch.Session(&rtc.Session{App: 1, Call: 2, ID: 3, Start: t0, Network: "wifi"})
	for line := range strings.Lines(script) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			s.line(line)
		}
	}
	return s
}

func (s *told) line(line string) {
	s.t.Helper()
	time, rest, _ := strings.Cut(line, " ")
	seconds, err := strconv.ParseFloat(time, 64)
	if err != nil {
		s.t.Fatalf("%s: %v", line, err)
	}
	at := at(seconds)
	word, rest, _ := strings.Cut(strings.TrimSpace(rest), " ")
	switch {
	case word == "tick":
		s.event(&rtc.Event{Kind: rtc.KindEvent, Name: "tick", Time: at})
	case word == "end":
		s.watch.End(at, rest)
	case word == "path":
		f := strings.Fields(rest)
		c := s.conn(f[0])
		c.LocalType, c.Transport, c.Relay = f[1], f[2], f[1] == "relay"
		s.watch.advance(at)
		s.watch.TellConnection(c)
	case word == "stream":
		f := strings.Fields(rest)
		id, _ := strconv.Atoi(f[0])
		kind := map[string]rtc.MediaKind{"audio": rtc.KindAudio, "video": rtc.KindVideo, "screen": rtc.KindScreen}[f[3]]
		dir := map[string]rtc.Direction{"send": rtc.Send, "receive": rtc.Receive}[f[2]]
		s.watch.TellStream(&rtc.Stream{ID: rtc.StreamID(id), Connection: s.conn(f[1]).ID, Direction: dir, Kind: kind, Track: f[4], Start: at, End: at, Packets: -1})
	case word == "transport": // transport 9 pc1: the stream of the connection's path
		f := strings.Fields(rest)
		id, _ := strconv.Atoi(f[0])
		s.watch.TellStream(&rtc.Stream{ID: rtc.StreamID(id), Connection: s.conn(f[1]).ID, Kind: rtc.KindTransport, Start: at, End: at})
	case word == "flows", word == "switches": // a sample with packets, or with a change of path
		id, _ := strconv.Atoi(rest)
		st := s.watch.Stream(rtc.StreamID(id))
		smp := rtc.Sample{Stream: st.Row.ID, Kind: st.Row.Kind, Direction: st.Row.Direction, Time: at, Interval: secondLong, Values: make([]float32, len(quality.Catalogue()))}
		for i := range smp.Values {
			smp.Values[i] = rtc.Null
		}
		if word == "switches" {
			smp.Values[quality.PairChanges.Index()] = 1
		} else {
			smp.Values[quality.Packets.Index()] = 50
		}
		s.watch.Sample(&smp)
	default:
		e := rtc.Event{Kind: rtc.KindState, Time: at}
		name, value, _ := strings.Cut(rest, " ")
		switch {
		case word == "log":
			e.Kind = rtc.KindLog
			if name == "error" {
				e.Severity = rtc.Error
			}
		case word != "-":
			e.Connection = s.conn(word).ID
		}
		e.Name, e.Corr, _ = strings.Cut(name, "#")
		if long := shortNames[e.Name]; long != "" && word != "log" {
			e.Name = long
		}
		if e.Name == "clock" {
			e.Kind = rtc.KindEvent
		}
		e.Value = value
		s.event(&e)
	}
}

const secondLong = time.Second

func (s *told) event(e *rtc.Event) {
	s.count++
	e.Index = uint32(s.count)
	s.watch.Event(e)
	if c := s.conns[e.Connection]; c != nil && (e.Name == rtc.NameConnState || e.Name == rtc.NameICEState) {
		if c.State = stateOf(e.Value); isUp(c.State) && c.Connected.IsZero() {
			c.Connected = e.Time
		}
	}
}

func (s *told) conn(word string) *rtc.Connection {
	id, err := strconv.Atoi(strings.TrimPrefix(word, "pc"))
	if err != nil {
		s.t.Fatalf("%q is no connection", word)
	}
	c := s.conns[rtc.ConnectionID(id)]
	if c == nil {
		c = &rtc.Connection{ID: rtc.ConnectionID(id), Start: t0}
		s.conns[c.ID] = c
	}
	return c
}

func at(seconds float64) time.Time {
	return t0.Add(time.Duration(seconds * float64(time.Second)).Round(time.Millisecond))
}

// String writes the issues of the types as lines: type, cause, source, severity,
// from and to in seconds.
func (s *told) String() string {
	var lines []string
	for id := rtc.IssueID(1); int(id) <= len(s.issues); id++ {
		i, there := s.issues[id]
		if !there {
			s.t.Errorf("issue %d was not told", id)
			continue
		}
		if len(i.Evidence) == 0 || i.Evidence[0].Text == "" || i.Evidence[0].Event == "" || i.Evidence[0].At.IsZero() {
			s.t.Errorf("%s has no evidence that a person can read: %+v", i.Type, i.Evidence)
		}
		if i.App != 1 || i.Call != 2 || i.Session != 3 {
			s.t.Errorf("%s is of nobody", i.Type)
		}
		end := "…"
		if !i.End.IsZero() {
			end = fmt.Sprintf("%g", i.End.Sub(t0).Seconds())
		}
		lines = append(lines, fmt.Sprintf("%s %s %s %s %g–%s", i.Type, i.Cause, i.Source, i.Severity, i.Start.Sub(t0).Seconds(), end))
	}
	return strings.Join(lines, "\n")
}

// eventCase is a script and the issues that it makes, a line each.
type eventCase struct{ name, script, want string }

func runEventCases(t *testing.T, cases []eventCase) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var want []string
			for line := range strings.Lines(c.want) {
				if line = strings.TrimSpace(line); line != "" {
					want = append(want, line)
				}
			}
			s := tell(t, c.script)
			if got := s.String(); got != strings.Join(want, "\n") {
				t.Errorf("issues:\n%s\nwant:\n%s", got, strings.Join(want, "\n"))
			}
			for _, i := range s.issues {
				d := registered[slices.IndexFunc(registered, func(d *Detector) bool { return d.Type == i.Type })]
				if !slices.Contains(d.Causes, i.Cause) {
					t.Errorf("%s names a cause that it does not declare: %s", i.Type, i.Cause)
				}
			}
		})
	}
}

// shifted lets a script begin later.
func shifted(script string, by float64) string {
	var b strings.Builder
	for line := range strings.Lines(script) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		time, rest, _ := strings.Cut(line, " ")
		seconds, err := strconv.ParseFloat(time, 64)
		if err != nil {
			panic(err)
		}
		fmt.Fprintf(&b, "%g %s\n", seconds+by, rest)
	}
	return b.String()
}
