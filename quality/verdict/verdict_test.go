package verdict

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/peerglass/peerglass/rtc"
)

var start = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// script builds the rows of a call in which everybody sends audio and video to
// everybody for a minute.
type script struct {
	t     *testing.T
	rows  Rows
	users []string
	next  map[string]rtc.StreamID
}

// meet makes a call: users by space, "direct" in a mesh or "served" by a
// server; "untold" is direct between ends that tell nothing of each other.
func meet(t *testing.T, how, users string) *script {
	s := &script{t: t, users: strings.Fields(users), next: map[string]rtc.StreamID{}}
	s.rows.Call = rtc.Call{App: 1, ID: 1}
	for i, u := range s.users {
		s.rows.Sessions = append(s.rows.Sessions, rtc.Session{App: 1, Call: 1, ID: rtc.SessionID(i + 1), User: u, UserName: strings.ToUpper(u[:1]) + u[1:], Start: start, End: start.Add(time.Minute), EndReason: "leave"})
	}
	for a := range s.users {
		for b := range s.users {
			if a == b || how == "served" && b != (a+1)%len(s.users) {
				continue
			}
			c := rtc.Connection{App: 1, Call: 1, Session: rtc.SessionID(a + 1), ID: rtc.ConnectionID(b + 1), Start: start, LocalUfrag: fmt.Sprint("end", a, b), RemoteUfrag: fmt.Sprint("end", b, a)}
			switch how {
			case "served":
				c.ID, c.RemoteUfrag = 1, fmt.Sprint("server", a)
			case "untold":
				c.LocalUfrag, c.RemoteUfrag = "", ""
			}
			s.rows.Connections = append(s.rows.Connections, c)
		}
	}
	for a, from := range s.users {
		for k, kind := range []rtc.MediaKind{rtc.KindAudio, rtc.KindVideo} {
			for b, to := range s.users {
				if a == b {
					continue
				}
				ssrc := uint32(1000*(a+1) + 10*k)
				if how != "served" {
					ssrc += uint32(b)
				}
				if how != "served" || b == (a+1)%len(s.users) {
					s.stream(from, rtc.Send, kind, ssrc, connectionOf(how, b))
				}
				s.stream(to, rtc.Receive, kind, ssrc, connectionOf(how, a))
			}
		}
	}
	return s
}

func connectionOf(how string, other int) rtc.ConnectionID {
	if how == "served" {
		return 1
	}
	return rtc.ConnectionID(other + 1)
}

func (s *script) stream(of string, dir rtc.Direction, kind rtc.MediaKind, ssrc uint32, c rtc.ConnectionID) {
	s.next[of]++
	s.rows.Streams = append(s.rows.Streams, rtc.Stream{App: 1, Call: 1, Session: s.session(of), ID: s.next[of], Connection: c, Direction: dir, Kind: kind,
		SSRC: ssrc, Start: start, End: start.Add(time.Minute), Samples: 60, Packets: 3000, PacketsLost: 0})
}

func (s *script) session(user string) rtc.SessionID {
	return rtc.SessionID(slices.Index(s.users, user) + 1)
}

// issue adds one: "bob packet_loss alice.video 20-40 high packet_loss network".
// A stream of the user's own is sent, of another's received, "-" is none;
// "alice.video>bob" is what alice sends to bob in a mesh.
func (s *script) issue(text string) {
	w := strings.Fields(text)
	if len(w) != 7 {
		s.t.Fatalf("issue %q", text)
	}
	var from, to int
	if _, err := fmt.Sscanf(w[3], "%d-%d", &from, &to); err != nil {
		s.t.Fatal(err)
	}
	i := rtc.Issue{App: 1, Call: 1, Session: s.session(w[0]), ID: rtc.IssueID(len(s.rows.Issues) + 1), Type: w[1], Cause: strings.Trim(w[5], "-"),
		Start: start.Add(time.Duration(from) * time.Second), End: start.Add(time.Duration(to) * time.Second), Version: 7}
	for l := rtc.Low; l <= rtc.High; l++ {
		if l.String() == w[4] {
			i.Severity = l
		}
	}
	for src := rtc.Unknown; src <= rtc.Server; src++ {
		if src.String() == w[6] {
			i.Source = src
		}
	}
	if w[2] != "-" {
		i.Stream, i.Connection = s.find(w[0], w[2])
	}
	if i.Type == "latency" || i.Type == "no_media_received" {
		i.Stream = 0
	}
	s.rows.Issues = append(s.rows.Issues, i)
}

func (s *script) find(at, stream string) (rtc.StreamID, rtc.ConnectionID) {
	name, towards, _ := strings.Cut(stream, ">")
	owner, kind, _ := strings.Cut(name, ".")
	for _, r := range s.rows.Streams {
		sender := int(r.SSRC/1000) - 1
		if r.Session != s.session(at) || r.Kind.String() != kind || s.users[sender] != owner {
			continue
		}
		if towards != "" && int(r.SSRC%10) != slices.Index(s.users, towards) {
			continue
		}
		return r.ID, r.Connection
	}
	s.t.Fatalf("%s has no stream %s", at, stream)
	return 0, 0
}

// said is the verdict in short: side, whose, cause; and the sources of the
// issues after it.
func said(v *rtc.Verdict, rows *Rows, refined []rtc.Issue) string {
	if len(v.Sentences) == 0 {
		return "nothing"
	}
	sources := make([]string, 0, len(rows.Issues))
	for _, i := range rows.Issues {
		for _, r := range refined {
			if r.Session == i.Session && r.ID == i.ID {
				i = r
			}
		}
		sources = append(sources, i.Source.String())
	}
	return strings.Join(strings.Fields(fmt.Sprintf("%s %s %s (%s)", v.Side, v.User, v.Cause, strings.Join(sources, " "))), " ")
}

func TestVerdicts(t *testing.T) {
	tests := []struct {
		name, how, users string
		issues           []string
		change           func(*Rows)
		want             string
		sentence         string // the first
	}{
		{name: "nothing is wrong", how: "direct", users: "alice bob", want: "nothing"},
		{name: "two users, peer to peer: whose leg lost the packets cannot be told",
			how: "direct", users: "alice bob",
			issues: []string{
				"bob packet_loss alice.video 20-40 high packet_loss network",
				"bob video_freeze alice.video 21-39 high packet_loss network",
				"alice packet_loss alice.video 20-40 medium packet_loss network",
			},
			want:     "network packet_loss (network network network)",
			sentence: "Bob could at times not see Alice for 20 s (12:00:20–12:00:40 UTC): the network between them lost packets."},
		{name: "the same, where nothing tells whether a server is between", how: "untold", users: "alice bob",
			issues: []string{"bob packet_loss alice.video 20-40 high packet_loss network"},
			want:   "network packet_loss (network)"},
		{name: "a blackout of nine seconds", how: "direct", users: "alice bob",
			issues: []string{
				"bob video_freeze alice.video 20-29 high no_packets network",
				"bob audio_freeze alice.audio 20-29 high no_packets network",
				"bob no_media_received alice.audio 23-29 high no_packets network",
			},
			want:     "network no_packets (network network network)",
			sentence: "Bob could not see or hear Alice for 9 s (12:00:20–12:00:29 UTC): the network between them let nothing through."},
		{name: "a blackout of a second, and what followed from it", how: "direct", users: "alice bob",
			issues: []string{
				"bob video_freeze alice.video 20-22 low no_packets network",
				"alice packet_loss alice.video 19-24 medium packet_loss network",
				"bob jitter alice.video 21-28 medium jitter network",
			},
			want: "network no_packets (network network network)"},
		{name: "a path with too little room stops at times as well", how: "direct", users: "alice bob",
			issues: []string{
				"bob low_frame_rate alice.video 18-38 high bandwidth network",
				"bob audio_freeze alice.audio 22-23 low no_packets network",
			},
			want: "network bandwidth (network network)"},
		{name: "through a server, the reports of the uplink show it", how: "served", users: "alice bob",
			issues: []string{
				"bob video_freeze alice.video 20-40 high packet_loss network",
				"alice packet_loss alice.video 20-40 medium packet_loss network",
			},
			want:     "user_network alice packet_loss (remote_user network)",
			sentence: "Bob could at times not see Alice for 20 s (12:00:20–12:00:40 UTC): Alice's network lost packets."},
		{name: "through a server, the uplink is clean", how: "served", users: "alice bob",
			issues: []string{"bob video_freeze alice.video 20-40 high packet_loss network"},
			want:   "user_network bob packet_loss (network)"},
		{name: "through a server, others receive the same well", how: "served", users: "alice bob carol",
			issues: []string{"bob packet_loss alice.video 20-40 high packet_loss network"},
			want:   "user_network bob packet_loss (network)"},
		{name: "through a server, two who receive one sender badly", how: "served", users: "alice bob carol",
			issues: []string{
				"bob packet_loss alice.video 20-40 high packet_loss network",
				"carol packet_loss alice.video 20-40 high packet_loss network",
			},
			want: "user_network alice packet_loss (remote_user remote_user)"},
		{name: "through a server, one who receives all badly", how: "served", users: "alice bob carol",
			issues: []string{
				"bob packet_loss alice.video 20-40 high packet_loss network",
				"bob packet_loss carol.video 20-40 high packet_loss network",
			},
			want: "user_network bob packet_loss (network network)"},
		{name: "through a server, all at once", how: "served", users: "alice bob carol",
			issues: []string{
				"alice packet_loss bob.video 20-40 high packet_loss network",
				"alice packet_loss carol.video 20-40 high packet_loss network",
				"bob packet_loss alice.video 20-40 high packet_loss network",
				"bob packet_loss carol.video 20-40 high packet_loss network",
				"carol packet_loss alice.video 20-40 high packet_loss network",
				"carol packet_loss bob.video 20-40 high packet_loss network",
			},
			want:     "server packet_loss (server server server server server server)",
			sentence: "Packets from Bob to Alice and Carol were lost for 20 s (12:00:20–12:00:40 UTC): the media server or its network lost packets."},
		{name: "in a mesh of three, what one sends is lost everywhere", how: "direct", users: "alice bob carol",
			issues: []string{
				"bob packet_loss alice.video 20-40 high packet_loss network",
				"carol packet_loss alice.video 20-40 high packet_loss network",
				"alice packet_loss alice.video>bob 20-40 medium packet_loss network",
			},
			want: "user_network alice packet_loss (remote_user remote_user network)"},
		{name: "in a mesh of three, what comes to one is lost", how: "direct", users: "alice bob carol",
			issues: []string{
				"alice packet_loss bob.video 20-40 high packet_loss network",
				"alice packet_loss carol.video 20-40 high packet_loss network",
			},
			want: "user_network alice packet_loss (network network)"},
		{name: "in a mesh of three, one path only", how: "direct", users: "alice bob carol",
			issues: []string{"bob packet_loss alice.video 20-40 high packet_loss network"},
			want:   "network packet_loss (network)"},
		{name: "slow answers to one in a mesh of three", how: "direct", users: "alice bob carol",
			issues: []string{
				"alice latency bob.audio 20-40 high latency network",
				"alice latency carol.audio 20-40 high latency network",
				"bob latency alice.audio 20-40 high latency network",
				"carol latency alice.audio 20-40 high latency network",
			},
			want: "user_network alice latency (network network remote_user remote_user)"},
		{name: "slow answers between two", how: "direct", users: "alice bob",
			issues: []string{
				"alice latency bob.audio 20-40 medium latency network",
				"bob latency alice.audio 20-40 medium latency network",
			},
			want: "network latency (network network)"},
		{name: "slow answers of the server to one", how: "served", users: "alice bob",
			issues: []string{"alice latency bob.audio 20-40 medium latency network"},
			want:   "user_network alice latency (network)"},
		{name: "the sender's camera stood still", how: "direct", users: "alice bob",
			issues: []string{
				"bob video_freeze alice.video 20-30 high sender_slow remote_user",
				"alice frozen_source alice.video 20-30 high capture local_user",
			},
			want:     "user alice capture (remote_user local_user)",
			sentence: "Bob could not see Alice for 10 s (12:00:20–12:00:30 UTC): Alice's camera or microphone gave nothing."},
		{name: "the sender's machine was busy", how: "served", users: "alice bob",
			issues: []string{
				"bob low_frame_rate alice.video 20-30 medium sender_slow remote_user",
				"alice cpu_high - 20-30 medium cpu local_user",
			},
			want: "user alice cpu (remote_user local_user)"},
		{name: "the receiver's own machine", how: "served", users: "alice bob",
			issues: []string{"bob low_frame_rate alice.video 20-30 medium cpu local_user"},
			want:   "user bob cpu (local_user)"},
		{name: "the sender was gone", how: "direct", users: "alice bob",
			issues: []string{"bob no_media_received alice.audio 31-50 high no_packets network"},
			change: func(r *Rows) {
				r.Sessions[0].End, r.Sessions[0].EndReason = start.Add(30*time.Second), "timeout"
			},
			want: "user alice vanished (remote_user)"},
		{name: "one low issue that did not last", how: "direct", users: "alice bob",
			issues: []string{"bob packet_loss alice.video 20-23 low packet_loss network"},
			want:   "nothing"},
		{name: "a low issue that lasted", how: "direct", users: "alice bob",
			issues: []string{"bob packet_loss alice.video 20-40 low packet_loss network"},
			want:   "network packet_loss (network)"},
		{name: "TURN is out of reach for one", how: "direct", users: "alice bob",
			issues: []string{
				"alice turn_unreachable - 1-11 medium turn_unreachable network",
				"alice ice_failed - 1-16 high ice_failed network",
				"bob ice_failed - 1-16 high ice_failed network",
			},
			want:     "user_network alice turn_unreachable (network network remote_user)",
			sentence: "Alice could not connect for 15 s (12:00:01–12:00:16 UTC): others reached the TURN server, so that Alice's network is in the way."},
		{name: "TURN is out of reach for all", how: "direct", users: "alice bob",
			issues: []string{
				"alice turn_unreachable - 1-11 medium turn_unreachable network",
				"bob turn_unreachable - 1-11 medium turn_unreachable network",
				"alice ice_failed - 1-16 high ice_failed network",
			},
			want: "server turn_unreachable (server server server)"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := meet(t, test.how, test.users)
			for _, i := range test.issues {
				s.issue(i)
			}
			if test.change != nil {
				test.change(&s.rows)
			}
			refined, v := Judge(&s.rows)
			if got := said(&v, &s.rows, refined); got != test.want {
				t.Errorf("said %s\nwant %s\nin words %q, evidence %+v", got, test.want, v.Sentences, v.Evidence)
			}
			if test.sentence != "" && (len(v.Sentences) == 0 || v.Sentences[0] != test.sentence) {
				t.Errorf("in words %q\nwant     %q", v.Sentences, test.sentence)
			}
			if (len(v.Sentences) == 0) != rtc.IsNull(v.Confidence) {
				t.Errorf("confidence %v with %d sentences", v.Confidence, len(v.Sentences))
			}
		})
	}
}

// The user's own network is told by the stream's packets where nothing else
// tells peer to peer from through a server.
func TestWayByCounters(t *testing.T) {
	for _, test := range []struct {
		told, missed int64
		want         rtc.Side
	}{{200, 190, rtc.BetweenSide}, {0, 200, rtc.UserNetwork}, {3, 2, rtc.BetweenSide}} {
		s := meet(t, "untold", "alice bob")
		s.issue("bob packet_loss alice.video 20-40 high packet_loss network")
		for i := range s.rows.Streams {
			if r := &s.rows.Streams[i]; r.Session == 1 {
				r.PacketsLost = test.told
			} else {
				r.PacketsLost = test.missed
			}
		}
		if _, v := Judge(&s.rows); v.Side != test.want {
			t.Errorf("told %d, missed %d: %s, want %s (%+v)", test.told, test.missed, v.Side, test.want, v.Evidence)
		}
	}
}

// Judging what was judged changes nothing, whatever the call and the order of
// its rows; and what is said is sound.
func TestJudgingTwiceChangesNothing(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	pick := func(words ...string) string { return words[random.IntN(len(words))] }
	for range 2000 {
		users := pick("alice bob", "alice bob carol", "alice bob carol dora")
		s := meet(t, pick("direct", "served", "untold"), users)
		for range random.IntN(12) {
			at, of := pick(s.users...), pick(s.users...)
			kind := pick("packet_loss", "video_freeze", "low_frame_rate", "latency", "cpu_high", "turn_unreachable", "ice_failed", "no_media_received")
			from := random.IntN(50)
			stream := of + "." + pick("audio", "video")
			if kind == "cpu_high" || strings.HasSuffix(kind, "e_failed") || kind == "turn_unreachable" {
				stream = "-"
			}
			s.issue(fmt.Sprintf("%s %s %s %d-%d %s %s %s", at, kind, stream, from, from+random.IntN(10), pick("low", "medium", "high"),
				pick("packet_loss", "cpu", "sender_stopped", "no_packets", "-"), pick("network", "local_user", "remote_user", "server", "unknown")))
		}
		refined, first := Judge(&s.rows)
		for _, r := range refined {
			for i := range s.rows.Issues {
				if o := &s.rows.Issues[i]; o.Session == r.Session && o.ID == r.ID {
					*o = r
				}
			}
		}
		random.Shuffle(len(s.rows.Issues), func(i, j int) { s.rows.Issues[i], s.rows.Issues[j] = s.rows.Issues[j], s.rows.Issues[i] })
		random.Shuffle(len(s.rows.Streams), func(i, j int) { s.rows.Streams[i], s.rows.Streams[j] = s.rows.Streams[j], s.rows.Streams[i] })
		again, second := Judge(&s.rows)
		if len(again) > 0 {
			t.Fatalf("judged again: %+v\nafter %+v", again, s.rows.Issues)
		}
		if !slices.Equal(first.Sentences, second.Sentences) || first.Side != second.Side || first.User != second.User || first.Cause != second.Cause {
			t.Fatalf("at first %q %s\nagain %q %s", first.Sentences, first.Side, second.Sentences, second.Side)
		}
		if c := float64(second.Confidence); len(second.Sentences) > 0 && !(c > 0 && c <= 1) || len(second.Sentences) > maxSentences || math.IsInf(c, 0) {
			t.Fatalf("confidence %v of %q", c, second.Sentences)
		}
	}
}
