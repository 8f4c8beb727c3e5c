package verdict

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/peerglass/peerglass/rtc"
)

// crowd is a call through a server, with every user receiving every other one:
// user0 has a bad downlink, that shows on what comes from everybody and on the
// connection; half of the issues are the others'. Each lasts a quarter of the
// call's hour, so that many are at the same time.
func crowd(users, issues int) *script {
	names := make([]string, users)
	for i := range names {
		names[i] = fmt.Sprintf("user%d", i)
	}
	s := &script{users: names, next: map[string]rtc.StreamID{}}
	s.rows.Call = rtc.Call{App: 1, ID: 1}
	received := make([][]rtc.StreamID, users)
	for a, u := range names {
		id := rtc.SessionID(a + 1)
		s.rows.Sessions = append(s.rows.Sessions, rtc.Session{App: 1, Call: 1, ID: id, User: u, UserName: strings.ToUpper(u[:1]) + u[1:], Start: start, End: start.Add(time.Hour), EndReason: "leave"})
		s.rows.Connections = append(s.rows.Connections, rtc.Connection{App: 1, Call: 1, Session: id, ID: 1, Start: start, LocalUfrag: fmt.Sprint("end", a), RemoteUfrag: fmt.Sprint("server", a)})
		for b := range names {
			for k, kind := range []rtc.MediaKind{rtc.KindAudio, rtc.KindVideo} {
				s.next[u]++
				r := rtc.Stream{App: 1, Call: 1, Session: id, ID: s.next[u], Connection: 1, Direction: rtc.Receive, Kind: kind,
					SSRC: uint32(1000*(b+1) + 10*k), Start: start, End: start.Add(time.Hour), Samples: 60, Packets: 3000}
				if a == b {
					r.Direction = rtc.Send
				} else if kind == rtc.KindVideo {
					received[a] = append(received[a], r.ID)
				}
				s.rows.Streams = append(s.rows.Streams, r)
			}
		}
	}
	for i := range issues {
		a := 0
		if i%2 == 1 {
			a = i / 2 % users
		}
		from := start.Add(time.Duration(i*3600/issues) * time.Second)
		r := rtc.Issue{App: 1, Call: 1, Session: rtc.SessionID(a + 1), ID: rtc.IssueID(i + 1), Type: "packet_loss", Cause: "packet_loss", Source: rtc.Network, Severity: rtc.High,
			Start: from, End: from.Add(15 * time.Minute), Connection: 1, Version: 7}
		if i%5 == 4 {
			r.Type, r.Cause = "congestion", "congestion" // of the whole connection, and as well of each stream
		} else {
			r.Stream = received[a][i/2%len(received[a])]
		}
		s.rows.Issues = append(s.rows.Issues, r)
	}
	return s
}

// A large meeting with trouble everywhere must not hold the judge up; the last
// one is as large as the judge is ever given.
func BenchmarkJudge(b *testing.B) {
	for _, test := range []struct {
		name          string
		users, issues int
	}{
		{"2", 2, 10}, {"10", 10, 50}, {"50", 50, 150}, {"150", 150, 300}, {"hostile", 157, 20_000},
	} {
		b.Run(test.name, func(b *testing.B) {
			s := crowd(test.users, test.issues)
			b.ReportAllocs()
			for b.Loop() {
				Judge(&s.rows)
			}
		})
	}
}

// Of more issues than are judged in depth the others stay as they were, and
// judging what was judged changes nothing.
func TestManyIssues(t *testing.T) {
	s := crowd(12, maxDeep+500)
	mild := 0
	for i := range s.rows.Issues {
		if i%5 == 0 { // a fifth of 2,500, so that what is left is maxDeep
			s.rows.Issues[i].Severity = rtc.Low
			mild++
		}
	}
	refined, first := Judge(&s.rows)
	if n := int(first.Issues[rtc.Low]); n != mild {
		t.Errorf("%d low issues counted, want %d", n, mild)
	}
	told := 0
	for _, r := range refined {
		if slices.ContainsFunc(r.Evidence, func(e rtc.Evidence) bool { return FromOthers(&e) }) {
			told++
			if r.Severity == rtc.Low {
				t.Errorf("issue %d is low and was judged in depth, unlike worse ones", r.ID)
			}
		}
	}
	if told != maxDeep {
		t.Errorf("%d issues judged in depth, want %d", told, maxDeep)
	}
	for _, r := range refined {
		s.rows.Issues[r.ID-1] = r
	}
	again, second := Judge(&s.rows)
	if len(again) > 0 || !slices.Equal(first.Sentences, second.Sentences) {
		t.Errorf("again %d issues and %q, at first %q", len(again), second.Sentences, first.Sentences)
	}
}
