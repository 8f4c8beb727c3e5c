package calls

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/peerglass/peerglass/rtc"
)

// trace tells what the pages call and what their connections fire: the join,
// the set-up of each connection, what breaks, the goodbye, and what the case
// itself tells.
func (w *world) trace() {
	for _, p := range w.presences {
		w.tell(p, p.from, rtc.KindOpen, "", "", w.identity(p))
		if !p.asked && w.captures(p) {
			w.tell(p, p.from+20, rtc.KindCall, "", rtc.NameGetUserMedia, w.wanted(p))
			w.tell(p, p.from+80, rtc.KindCall, "", rtc.NameGetUserMedia+rtc.OnSuccess, w.granted(p))
		}
		w.shares(p)
		for _, c := range p.conns {
			w.setUp(c)
			w.breaks(c)
		}
		if !p.vanishes {
			reason, _ := json.Marshal(map[string]string{"reason": orLeave(p.reason)})
			w.tell(p, p.to, rtc.KindClose, "", "", string(reason))
		}
	}
	for _, t := range w.c.told {
		if p := w.present(t.user, t.at); p != nil {
			w.tell(p, t.at, t.kind, t.conn, t.name, t.payload)
		}
	}
}

// shares tells how the stay's screens were captured.
func (w *world) shares(p *presence) {
	for _, f := range w.c.flows {
		if at := max(f.on.from, p.from+20); f.from == p.user && f.kind == rtc.KindScreen && at < p.to {
			w.tell(p, at, rtc.KindCall, "", rtc.NameGetDisplayMedia, `{"video":true}`)
			w.tell(p, at+10, rtc.KindCall, "", rtc.NameGetDisplayMedia+rtc.OnSuccess, fmt.Sprintf(`{"id":"screen","tracks":[%s]}`, f.trackJSON(at)))
		}
	}
}

func orLeave(reason string) string {
	if reason == "" {
		return "leave"
	}
	return reason
}

// present is the user's stay at a time, nil if he is not there.
func (w *world) present(u *user, t ms) *presence {
	for _, p := range w.presences {
		if p.user == u && t >= p.from && t < p.to {
			return p
		}
	}
	return nil
}

func (w *world) identity(p *presence) string {
	b, _ := json.Marshal(rtc.Identity{Room: w.c.room, User: p.user.name, UserAgent: p.user.browser.agent, SDK: "peerglass", SDKVersion: "1"})
	return string(b)
}

// captures reports whether the stay has a camera or a microphone.
func (w *world) captures(p *presence) bool {
	for _, f := range w.c.flows {
		if f.from == p.user && f.kind != rtc.KindScreen && f.on.from < never {
			return true
		}
	}
	return false
}

func (w *world) wanted(p *presence) string {
	wanted := make(map[string]bool)
	for _, f := range w.c.flows {
		if f.from == p.user && f.kind != rtc.KindScreen && f.on.from < never {
			wanted[mediaKind(f.kind)] = true
		}
	}
	b, _ := json.Marshal(wanted)
	return string(b)
}

// granted is what the SDK tells of the stream that a page was given.
func (w *world) granted(p *presence) string {
	type track struct {
		Kind string `json:"kind"`
		ID   string `json:"id"`
	}
	var tracks []track
	for _, f := range w.c.flows {
		if f.from == p.user && f.kind != rtc.KindScreen && f.on.from < never {
			tracks = append(tracks, track{mediaKind(f.kind), f.trackAt(p.from)})
		}
	}
	b, _ := json.Marshal(map[string]any{"id": "stream-" + p.user.name, "tracks": tracks})
	return string(b)
}

// ufrag is the ICE user fragment of this end of the connection, farUfrag that
// of the other: they tell who is connected to whom.
func (c *conn) ufrag() string { return fmt.Sprintf("u%02d%s", c.p.id, c.name[len("PC_"):]) }

func (c *conn) farUfrag() string {
	if c.twin != nil {
		return c.twin.ufrag()
	}
	return "sfu" + c.ufrag()
}

func description(kind, ufrag string) string {
	sdp := "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=ice-ufrag:" + ufrag +
		"\r\na=ice-pwd:***\r\na=mid:0\r\na=rtpmap:111 opus/48000/2\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:1\r\na=rtpmap:96 VP8/90000\r\n"
	b, _ := json.Marshal(map[string]string{"type": kind, "sdp": sdp})
	return string(b)
}

// iceServers is what pages configure.
const iceServers = `{"iceServers":[{"urls":["stun:stun.example.com:3478"]},{"urls":["turn:turn.example.com:3478?transport=udp","turn:turn.example.com:3478?transport=tcp"],"username":"***","credential":"***"}]}`

// setUp tells how a connection came about.
func (w *world) setUp(c *conn) {
	p := c.p
	if !w.modelled() { // raw streams: a connection that stands from the beginning
		w.tell(p, p.from, rtc.KindCall, c.name, rtc.NameCreate, `{}`)
		return
	}
	end := min(c.closed, p.to)
	tell := func(at ms, kind rtc.Kind, name, payload string) {
		if at < end {
			w.tell(p, at, kind, c.name, name, payload)
		}
	}
	quoted := func(s string) string { return `"` + s + `"` }
	tell(c.made, rtc.KindCall, rtc.NameCreate, iceServers)
	if c.peer != nil {
		tell(c.made, rtc.KindCall, rtc.NameConstraints, fmt.Sprintf(`{"optional":[{"rtcStatsPeerId":%q}]}`, c.peer.user.name))
	}
	for _, f := range w.c.flows {
		if f.from == p.user && f.on.from < end {
			tell(max(c.made+2, f.on.from), rtc.KindCall, "addTrack", f.trackJSON(max(c.made, f.on.from)))
		}
	}
	tell(c.made+5, rtc.KindCall, "createOffer", "")
	tell(c.made+10, rtc.KindCall, "createOffer"+rtc.OnSuccess, description("offer", c.ufrag()))
	tell(c.made+10, rtc.KindCall, "setLocalDescription", description("offer", c.ufrag()))
	tell(c.made+15, rtc.KindState, rtc.NameSignalingState, quoted("have-local-offer"))
	tell(c.made+15, rtc.KindCall, "setLocalDescription"+rtc.OnSuccess, "")
	tell(c.made+20, rtc.KindState, rtc.NameGatheringState, quoted("gathering"))
	candidate := func(at ms, priority, address, typ string) {
		tell(at, rtc.KindState, rtc.NameICECandidate, fmt.Sprintf(`{"candidate":"candidate:%d 1 udp %s %s 50000 typ %s generation 0 ufrag %s","sdpMid":"0","sdpMLineIndex":0,"usernameFragment":%q}`, at, priority, address, typ, c.ufrag(), c.ufrag()))
	}
	candidate(c.made+20, "2122194687", fmt.Sprintf("192.0.2.%d", p.user.index+1), "host")
	candidate(c.made+30, "1685987071", fmt.Sprintf("198.51.100.%d", p.user.index+1), fmt.Sprintf("srflx raddr 192.0.2.%d rport 50000", p.user.index+1))
	overTCP := p.user.noRelay || strings.HasPrefix(paths[c.path].name, "relay/t") // what is left where UDP does not get through
	if overTCP {
		tell(c.made+35, rtc.KindState, rtc.NameICEError, `{"url":"turn:turn.example.com:3478?transport=udp","errorCode":701,"errorText":"TURN allocate request timed out."}`)
	}
	if p.user.noRelay {
		tell(c.made+36, rtc.KindState, rtc.NameICEError, `{"url":"turn:turn.example.com:3478?transport=tcp","errorCode":701,"errorText":"Failed to establish connection"}`)
	} else {
		priority := map[bool]string{false: "41820415", true: "25043199"}[overTCP]
		candidate(c.made+40, priority, "203.0.113.9", fmt.Sprintf("relay raddr 198.51.100.%d rport 50000", p.user.index+1))
	}
	tell(c.described-5, rtc.KindCall, "setRemoteDescription", description("answer", c.farUfrag()))
	tell(c.described, rtc.KindState, rtc.NameSignalingState, quoted("stable"))
	tell(c.described, rtc.KindCall, "setRemoteDescription"+rtc.OnSuccess, "")
	far := fmt.Sprintf(`{"candidate":"candidate:9 1 udp 2122194687 192.0.2.100 50000 typ host generation 0 ufrag %s","sdpMid":"0","sdpMLineIndex":0,"usernameFragment":%q}`, c.farUfrag(), c.farUfrag())
	tell(c.described, rtc.KindCall, "addIceCandidate", far)
	tell(c.described+1, rtc.KindCall, "addIceCandidate"+rtc.OnSuccess, "")
	tell(c.described, rtc.KindState, rtc.NameICEState, quoted("checking"))
	tell(c.described, rtc.KindState, rtc.NameConnState, quoted("connecting"))
	tell(c.described+40, rtc.KindState, rtc.NameGatheringState, quoted("complete"))
	switch {
	case c.checked == never: // Chrome gives up after 15 s without an answer
		tell(c.described+15*second, rtc.KindState, rtc.NameICEState, quoted("failed"))
		tell(c.described+15*second, rtc.KindState, rtc.NameConnState, quoted("failed"))
	case c.connected == never:
		tell(c.checked, rtc.KindState, rtc.NameICEState, quoted("connected"))
		tell(c.checked+5*second, rtc.KindState, "ondtlserror", `{"message":"handshake failed"}`)
		tell(c.checked+5*second, rtc.KindState, rtc.NameConnState, quoted("failed"))
	default:
		tell(c.checked, rtc.KindState, rtc.NameICEState, quoted("connected"))
		tell(c.connected, rtc.KindState, rtc.NameConnState, quoted("connected"))
	}
	if c.peer != nil || !p.vanishes {
		if c.closed < p.to {
			w.tell(p, c.closed, rtc.KindCall, c.name, rtc.NameClose, "")
		}
	}
}

// ICE gives a connection up some seconds after it heard the last answer, and
// calls it failed much later (libwebrtc).
const (
	disconnectedAfter = 5 * second
	failedAfter       = 25 * second
)

// breaks tells which states a connection fires when its other end goes away.
func (w *world) breaks(c *conn) {
	state := func(at ms, ice, conn string) {
		if at < min(c.closed, c.p.to) && at < w.c.length {
			w.tell(c.p, at, rtc.KindState, c.name, rtc.NameICEState, `"`+ice+`"`)
			w.tell(c.p, at, rtc.KindState, c.name, rtc.NameConnState, `"`+conn+`"`)
		}
	}
	broken := append([]span(nil), c.p.user.broken...)
	if c.peer != nil {
		broken = append(broken, c.peer.user.broken...)
		if c.peer.vanishes {
			state(c.peer.to+disconnectedAfter, "disconnected", "disconnected")
			state(c.peer.to+failedAfter, "failed", "failed")
		}
	}
	for _, s := range broken {
		if s.from > c.connected {
			state(s.from, "disconnected", "disconnected")
			if s.to-s.from > failedAfter {
				state(s.from+failedAfter, "failed", "failed")
			} else if s.to < never {
				state(s.to, "connected", "connected")
			}
		}
	}
}
