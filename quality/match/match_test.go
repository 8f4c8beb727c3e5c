package match

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/peerglass/peerglass/rtc"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

func at(seconds int) time.Time { return noon.Add(time.Duration(seconds) * time.Second) }

// scene is the rows of a call, made line by line:
//
//	stay ada1 ada 0-60        a session by its name, whose user it is
//	link ada1.1 x y           a connection with its ICE user fragments, "-" for none
//	peer ada1.1 ben           who was told to be at the connection's other end
//	send ben1 audio 0-60 ssrc=7 track=t mid=0 conn=1 packets=0
//	get ada1 audio 0-60 ssrc=7 user=ben by=mapping
type scene struct {
	t           *testing.T
	names       []string // of sessions
	sessions    []rtc.Session
	connections []rtc.Connection
	streams     []rtc.Stream
}

func play(t *testing.T, script string) *scene {
	s := &scene{t: t}
	for line := range strings.Lines(script) {
		if w := strings.Fields(line); len(w) > 0 {
			s.line(w)
		}
	}
	return s
}

func (s *scene) line(w []string) {
	switch w[0] {
	case "stay":
		from, to := s.span(w[3])
		s.names = append(s.names, w[1])
		r := rtc.Session{App: 1, Call: 1, ID: rtc.SessionID(len(s.names)), User: strings.Trim(w[2], "-"), Start: from, End: to}
		for _, o := range w[4:] {
			switch k, v, _ := strings.Cut(o, "="); k {
			case "name":
				r.UserName = v
			case "id":
				r.ClientSession = v
			}
		}
		s.sessions = append(s.sessions, r)
	case "link":
		c := s.connection(w[1])
		c.LocalUfrag, c.RemoteUfrag = strings.Trim(w[2], "-"), strings.Trim(w[3], "-")
	case "peer":
		s.connection(w[1]).Peer = w[2]
	case "send", "get":
		from, to := s.span(w[3])
		r := rtc.Stream{App: 1, Call: 1, Session: s.session(w[1]), ID: rtc.StreamID(len(s.streams) + 1), Direction: rtc.Send, Start: from, End: to, Packets: 100}
		if w[0] == "get" {
			r.Direction = rtc.Receive
		}
		r.Kind = map[string]rtc.MediaKind{"audio": rtc.KindAudio, "video": rtc.KindVideo, "screen": rtc.KindScreen}[w[2]]
		for _, o := range w[4:] {
			k, v, _ := strings.Cut(o, "=")
			n := 0
			fmt.Sscan(v, &n)
			switch k {
			case "ssrc":
				r.SSRC = uint32(n)
			case "conn":
				r.Connection = rtc.ConnectionID(n)
			case "packets":
				r.Packets = int64(n)
			case "track":
				r.Track = v
			case "mid":
				r.MID = v
			case "user":
				r.RemoteUser = v
			case "by":
				r.RemoteBasis = v
			default:
				s.t.Fatalf("%q", w)
			}
		}
		s.streams = append(s.streams, r)
	default:
		s.t.Fatalf("%q", w)
	}
}

func (s *scene) span(text string) (from, to time.Time) {
	var a, b int
	if n, _ := fmt.Sscanf(text, "%d-%d", &a, &b); n == 1 {
		return at(a), time.Time{} // it goes on
	}
	return at(a), at(b)
}

func (s *scene) session(name string) rtc.SessionID {
	i := slices.Index(s.names, name)
	if i < 0 {
		s.t.Fatalf("there is no stay %s", name)
	}
	return rtc.SessionID(i + 1)
}

func (s *scene) connection(name string) *rtc.Connection {
	of, number, _ := strings.Cut(name, ".")
	id, n := s.session(of), 0
	fmt.Sscan(number, &n)
	for i := range s.connections {
		if c := &s.connections[i]; c.Session == id && c.ID == rtc.ConnectionID(n) {
			return c
		}
	}
	s.connections = append(s.connections, rtc.Connection{App: 1, Call: 1, Session: id, ID: rtc.ConnectionID(n), Start: s.sessions[id-1].Start, End: s.sessions[id-1].End})
	return &s.connections[len(s.connections)-1]
}

// told is each match in a line: "ada1 audio: ben1 ssrc 3"; streams by their
// place in the script.
func (s *scene) told() string {
	var lines []string
	for _, m := range Find(s.sessions, s.connections, s.streams) {
		who := "?"
		if m.Sender != 0 {
			who = s.names[m.Sender-1]
		} else if m.User != "" {
			who = m.User + "?"
		}
		line := fmt.Sprintf("%s %s: %s", s.names[m.Session-1], m.Kind, who)
		if m.Basis != Unmatched {
			line += " " + string(m.Basis)
		}
		if m.ByTime {
			line += " by time"
		}
		for _, o := range m.Sent {
			line += fmt.Sprintf(" %d", o.ID)
		}
		for _, t := range m.Tried {
			line += fmt.Sprintf(" (%s %d", t.Basis, t.Fits)
			for _, id := range t.Who {
				line += " " + s.names[id-1]
			}
			if t.Others {
				line += " against"
			}
			line += ")"
		}
		lines = append(lines, strings.TrimSpace(line))
	}
	return strings.Join(lines, "\n")
}

const three = `
	stay ada ada 0-60
	stay ben ben 0-60
	stay cleo cleo 0-60
`

const two = `
	stay ada ada 0-60
	stay ben ben 0-60
`

func TestMatches(t *testing.T) {
	for _, c := range []struct{ name, script, want string }{
		{"the same SSRC", three + `
			send ben audio 0-60 ssrc=7
			send cleo audio 0-60 ssrc=8
			get ada audio 1-60 ssrc=7`, "ada audio: ben ssrc 1"},
		{"an SSRC of a sound is none of a picture", three + `
			send ben audio 0-60 ssrc=7
			get ada video 0-60 ssrc=7`, "ada video: ? (ssrc 0) (only_other 2 cleo ben)"},
		{"a screen that only its sender knows to be one", three + `
			send ben screen 0-60 ssrc=7
			get ada video 0-60 ssrc=7`, "ada video: ben ssrc 1"},
		{"two send the same SSRC at the same time", three + `
			send ben audio 0-60 ssrc=7
			send cleo audio 0-60 ssrc=7
			get ada audio 0-60 ssrc=7`, "ada audio: ? (ssrc 2 ben cleo) (only_other 2 cleo ben)"},
		{"two send the same SSRC one after the other", three + `
			send ben audio 0-29 ssrc=7
			send cleo audio 31-60 ssrc=7
			get ada audio 2-28 ssrc=7`, "ada audio: ben ssrc by time 1"},
		{"two send the same SSRC, one of them for half of the time", three + `
			send ben audio 0-60 ssrc=7
			send cleo audio 30-60 ssrc=7
			get ada audio 0-60 ssrc=7`, "ada audio: ? (ssrc 2 ben cleo) (only_other 2 cleo ben)"},
		{"the receiver sends the same SSRC: numbers collide, so they tell nothing", three + `
			send ben audio 0-60 ssrc=7
			send ada audio 0-60 ssrc=7
			get ada audio 0-60 ssrc=7`, "ada audio: ? (ssrc 2 ben) (only_other 2 cleo ben)"},
		{"colliding SSRCs, and the track tells", three + `
			send ben audio 0-60 ssrc=7 track=b
			send cleo audio 0-60 ssrc=7 track=c
			get ada audio 0-60 ssrc=7 track=c`, "ada audio: cleo track 2"},
		{"colliding SSRCs, and the application tells", three + `
			send ben audio 0-60 ssrc=7
			send cleo audio 0-60 ssrc=7
			get ada audio 0-60 ssrc=7 user=cleo by=mapping`, "ada audio: cleo mapping 2"},
		{"an SSRC that a server made up, and the same track", three + `
			send ben video 0-60 ssrc=7 track=cam
			get ada video 0-60 ssrc=99 track=cam`, "ada video: ben track 1"},
		{"layers of one track", three + `
			send ben video 0-60 ssrc=7 track=cam
			send ben video 0-60 ssrc=8 track=cam
			get ada video 0-60 ssrc=99 track=cam`, "ada video: ben track 1 2"},
		{"a track's name that two use", three + `
			send ben video 0-60 track=video0
			send cleo video 0-60 track=video0
			get ada video 0-60 track=video0`, "ada video: ? (track 2 ben cleo) (only_other 2 cleo ben)"},
		{"a mid between servers and clients says nothing", three + `
			link ben.1 b s
			link cleo.1 c s
			link ada.1 a s
			send ben video 0-60 mid=1 conn=1
			get ada video 0-60 mid=1 conn=1`, "ada video: ? (only_other 2 cleo ben)"},
		{"a mid peer to peer", three + `
			link ada.1 ab ba
			link ben.1 ba ab
			link cleo.1 ca ac
			send ben video 0-60 mid=1 conn=1
			send ben audio 0-60 mid=0 conn=1
			send cleo video 0-60 mid=1 conn=1
			get ada video 0-60 mid=1 conn=1`, "ada video: ben mid 1"},
		{"peer to peer, an SSRC that collides with that of another connection", three + `
			link ada.1 ab ba
			link ben.1 ba ab
			send ben video 0-60 ssrc=7 conn=1
			send cleo video 0-60 ssrc=7 conn=1
			get ada video 0-60 ssrc=7 conn=1`, "ada video: ben ssrc 1"},
		{"peer to peer, and nothing tells which of two cameras", three + `
			link ada.1 ab ba
			link ben.1 ba ab
			send ben video 0-60 ssrc=7 mid=1 conn=1
			send ben video 0-60 ssrc=8 mid=2 conn=1
			get ada video 0-60 conn=1`, "ada video: ben connection 1 2"},
		{"only one end knows its fragments", three + `
			link ada.1 ab ba
			link ben.1 ba -
			send ben video 0-60 conn=1
			get ada video 0-60 conn=1`, "ada video: ben connection 1"},
		{"short fragments that collide tell nothing", three + `
			link ada.1 ab x
			link ben.1 x -
			link cleo.1 x -
			send ben video 0-60 conn=1
			get ada video 0-60 conn=1`, "ada video: ? (only_other 2 cleo ben)"},
		{"a server's fragment that is by chance that of a client", three + `
			link ada.1 ab x
			link ben.1 x sfu
			send ben video 0-60 conn=1
			get ada video 0-60 conn=1`, "ada video: ? (only_other 2 cleo ben)"},
		{"a connection that was told to lead to one", three + `
			peer ada.1 ben
			peer ben.1 ada
			send ben video 0-60 conn=1 mid=1
			get ada video 0-60 conn=1 mid=1 user=ben by=connection`, "ada video: ben mid 1"},
		{"the same, and the other end tells nothing of its connections", three + `
			peer ada.1 ben
			send ben video 0-60 conn=1
			get ada video 0-60 conn=1 user=ben by=connection`, "ada video: ben connection 1"},
		{"rows of before it was kept what told it", three + `
			peer ada.1 ben
			send ben video 0-60
			get ada video 0-60 conn=1 user=ben
			get ada video 0-60 conn=2 user=ben`, "ada video: ben connection 1\nada video: ben mapping 1"},
		{"the application tells, through a server", three + `
			send ben video 0-60 ssrc=7
			send ben screen 0-60 ssrc=8
			send ben audio 0-60 ssrc=9
			get ada video 0-60 ssrc=70 user=ben by=mapping
			get ada screen 0-60 ssrc=71 user=ben by=mapping`, "ada video: ben mapping 1\nada screen: ben mapping 2"},
		{"the application names the client's own id of the stay, or a name", `
			stay ada ada 0-60
			stay ben u1 0-60 id=endpoint7
			stay cleo u2 0-60 name=Cleo
			send ben video 0-60
			send cleo video 0-60
			get ada video 0-60 user=endpoint7 by=mapping
			get ada video 0-60 user=Cleo by=mapping`, "ada video: ben mapping 1\nada video: cleo mapping 2"},
		{"a name that two bear", `
			stay ada ada 0-60
			stay ben u1 0-60 name=Alex
			stay cleo u2 0-60 name=Alex
			send ben video 0-60
			send cleo video 0-60
			get ada video 0-60 user=Alex by=mapping`, "ada video: Alex? mapping (mapping 2 ben cleo)"},
		{"the application names somebody who is not in the call", two + `
			send ben video 0-60
			get ada video 0-60 user=dora by=mapping`, "ada video: dora? mapping (mapping 0)"},
		{"the application names the receiver", three + `
			send ada video 0-60
			get ada video 0-60 user=ada by=mapping`, "ada video: ada? mapping (mapping 0)"},
		{"the application names one, the SSRC another", three + `
			send ben video 0-60 ssrc=7
			send cleo video 0-60 ssrc=8
			get ada video 0-60 ssrc=7 user=cleo by=mapping`, "ada video: cleo? (ssrc 1 ben against) (mapping 1 cleo against)"},
		{"the application uses names of its own, and the SSRC tells", three + `
			send ben video 0-60 ssrc=7
			get ada video 0-60 ssrc=7 user=participant-2 by=mapping`, "ada video: ben ssrc 1"},
		{"a sender who came back: the stay that was there", `
			stay ada ada 0-120
			stay ben1 ben 0-50
			stay ben2 ben 60-120
			stay cleo cleo 0-120
			send ben1 video 0-50
			send ben2 video 61-120
			get ada video 0-49 user=ben by=mapping
			get ada video 62-120 user=ben by=mapping`, "ada video: ben1 mapping 1\nada video: ben2 mapping 2"},
		{"one stream of a server through both stays of a sender: the longer one", `
			stay ada ada 0-120
			stay ben1 ben 0-50
			stay ben2 ben 60-120
			stay cleo cleo 0-120
			send ben1 video 0-50
			send ben2 video 61-120
			get ada video 0-120 user=ben by=mapping`, "ada video: ben2 mapping by time 2"},
		{"a user in two tabs, of which one sends", `
			stay ada ada 0-60
			stay ben1 ben 0-60
			stay ben2 ben 0-60
			stay cleo cleo 0-60
			send ben1 audio 0-60
			send ben2 video 0-60
			get ada video 0-60 user=ben by=mapping`, "ada video: ben2 mapping 2"},
		{"a user in two tabs that both send: the user is known, the tab is not", `
			stay ada ada 0-60
			stay ben1 ben 0-60
			stay ben2 ben 0-60
			send ben1 video 0-60
			send ben2 video 0-60
			get ada video 0-60 user=ben by=mapping`, "ada video: ben? mapping (mapping 2 ben1 ben2)"},
		{"a user in two tabs, and the SSRC tells which", `
			stay ada ada 0-60
			stay ben1 ben 0-60
			stay ben2 ben 0-60
			send ben1 video 0-60 ssrc=7
			send ben2 video 0-60 ssrc=8
			get ada video 0-60 ssrc=8 user=ben by=mapping`, "ada video: ben2 ssrc 2"},
		{"what another tab of the receiver sends is nobody else's", `
			stay ada1 ada 0-60
			stay ada2 ada 0-60
			stay ben ben 0-60
			send ada2 audio 0-60 ssrc=7
			send ben audio 0-60 ssrc=8
			get ada1 audio 0-60 ssrc=7`, "ada1 audio: ? (ssrc 1)"},
		{"nobody else was there", two + `
			send ben audio 0-60
			get ada audio 0-60`, "ada audio: ben only_other 1"},
		{"nobody else was there, and that one tells nothing of what it sends", two + `
			get ada audio 0-60`, "ada audio: ben only_other"},
		{"nobody else was there, but that one sends no video", two + `
			send ben audio 0-60
			get ada video 0-60`, "ada video: ? (only_other 1 ben)"},
		{"nobody else was there at that time", `
			stay ada ada 0-120
			stay ben ben 0-50
			stay cleo cleo 60-120
			send ben audio 0-50
			send cleo audio 60-120
			get ada audio 1-50
			get ada audio 61-120`, "ada audio: ben only_other 1\nada audio: cleo only_other 2"},
		{"more came than the only other one can have sent", two + `
			send ben audio 0-60
			get ada audio 0-60
			get ada audio 0-60`, "ada audio: ? (only_other 1 ben)\nada audio: ? (only_other 1 ben)"},
		{"what a server announced and never brought does not count", two + `
			send ben audio 0-60
			get ada audio 0-60
			get ada audio 0-60 packets=0`, "ada audio: ben only_other 1\nada audio: ? (only_other 1 ben)"},
		{"camera and screen of the only other one", two + `
			send ben video 0-60 track=cam
			send ben screen 0-60 track=desk
			get ada video 0-60
			get ada screen 0-60`, "ada video: ben only_other 1\nada screen: ben only_other 2"},
		{"the same, and the receiver knows of no screen: both may be either", two + `
			send ben video 0-60 track=cam
			send ben screen 0-60 track=desk
			get ada video 0-60
			get ada video 0-60`, "ada video: ben only_other 1 2\nada video: ben only_other 1 2"},
		{"anonymous users are people of their own", `
			stay a - 0-60
			stay b - 0-60
			send b audio 0-60
			get a audio 0-60`, "a audio: b only_other 1"},
		{"a dump by itself", `
			stay ada ada 0-60
			send ada audio 0-60 ssrc=1
			get ada audio 0-60 ssrc=7`, "ada audio: ? (ssrc 0) (only_other 0)"},
		{"a call that goes on", `
			stay ada ada 0
			stay ben ben 30
			send ben audio 31-33 ssrc=7
			get ada audio 32-40 ssrc=7`, "ada audio: ben ssrc 1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := play(t, c.script).told(); got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}
