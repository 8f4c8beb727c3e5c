package issue

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/peerglass/peerglass/rtc"
)

// link is what events told of how a connection came about and what became of
// it. It is brought up to date before detectors see the event.
type link struct {
	relays    relays // that the page configured
	turn      string // the first of them
	relayOnly bool   // iceTransportPolicy

	local, remote candidates
	udpAnswers    bool // a relay over UDP gave a candidate
	offered       bool // the other end's description was told, and with it its candidates
	masked        bool // the client does not tell those that come later
	media         bool // it is for audio or video
	data          bool

	gathering time.Time // since; zero while it does not
	complete  time.Time // gathering was
	refused   int       // errors of a relay
	code      int       // of the first of them
	answer    string    // and its text

	described time.Time // a description was set
	localSet  bool
	remoteSet bool
	agreed    time.Time // both were

	ice, state string // latest
	told       bool   // connectionState is told
	wasUp      bool   // and was connected
	connected  time.Time
	iceUp      time.Time // ICE was connected
	closed     bool
}

// relays is a set of kinds of TURN server.
type relays uint8

const (
	turnUDP relays = 1 << iota
	turnTCP        // over TCP or TLS
)

// candidates counts candidates by type.
type candidates struct{ host, srflx, relay, other int }

func (c candidates) any() bool { return c != candidates{} }

func (c candidates) String() string {
	return fmt.Sprintf("%d host, %d server reflexive, %d relay", c.host+c.other, c.srflx, c.relay)
}

func (c *candidates) add(value string) {
	switch {
	case strings.Contains(value, " typ host"):
		c.host++
	case strings.Contains(value, " typ srflx"):
		c.srflx++
	case strings.Contains(value, " typ relay"):
		c.relay++
	case strings.Contains(value, " typ "):
		c.other++
	}
}

// relayedOverUDP reports whether a candidate is of a relay that is reached over
// UDP. The candidate does not say so, but its priority does: its highest byte,
// the type preference, is 2 or more in libwebrtc (1 over TCP, 0 over TLS) and 5
// in Firefox (0 over TCP).
func relayedOverUDP(value string) bool {
	if !strings.Contains(value, " typ relay") {
		return false
	}
	_, line, _ := strings.Cut(value, "candidate:")
	fields := strings.Fields(line) // foundation, component, protocol, priority
	if len(fields) < 4 {
		return false
	}
	priority, err := strconv.ParseUint(fields[3], 10, 32)
	return err == nil && priority>>24 >= 2
}

// now returns the state of the connection: connectionState, or of browsers that
// have none iceConnectionState.
func (l *link) now() string {
	if l.told {
		return l.state
	}
	return l.ice
}

// up reports whether the connection is connected.
func (l *link) up() bool { return !l.closed && isUp(l.now()) }

func isUp(state string) bool { return state == "connected" || state == "completed" }

// link returns what is known of a connection.
func (w *Watch) link(id rtc.ConnectionID) *link { return &w.conn(id).link }

// working reports whether another connection than id, for media, is connected.
func (w *Watch) working(id rtc.ConnectionID) bool {
	others := w.works
	if c := w.conns[id]; c != nil && c.works {
		others--
	}
	return others > 0
}

// count keeps how many connections are open and how many work, as a client may
// have many and ask at each event.
func (w *Watch) count(c *conn) {
	open := !c.link.closed && (!c.told || c.row.End.IsZero())
	works := c.link.media && c.link.up()
	if open != c.open {
		w.opened += one(open) - one(c.open)
	}
	if works != c.works {
		w.works += one(works) - one(c.works)
	}
	c.open, c.works = open, works
}

func one(is bool) int {
	if is {
		return 1
	}
	return 0
}

// learnLink takes from an event what it says of its connection.
func (w *Watch) learnLink(e *rtc.Event) {
	if e.Connection == 0 {
		return
	}
	l := w.link(e.Connection)
	switch e.Name {
	case rtc.NameCreate, "setConfiguration":
		l.configure(e.Value)
	case rtc.NameICECandidate:
		l.local.add(e.Value)
		l.udpAnswers = l.udpAnswers || relayedOverUDP(e.Value)
	case "addIceCandidate":
		if e.Value == `""` {
			l.masked = true
		}
		l.remote.add(e.Value)
	case rtc.NameICEError:
		l.learnError(e.Value)
	case rtc.NameGatheringState:
		switch stateOf(e.Value) {
		case "gathering":
			l.gathering, l.complete = e.Time, time.Time{}
		case "complete":
			l.complete = e.Time
		}
	case "setLocalDescription", "setRemoteDescription":
		if l.described.IsZero() {
			l.described = e.Time
		}
		l.learnDescription(e)
	case "setLocalDescriptionOnSuccess":
		l.localSet = true
		l.agree(e.Time)
	case "setRemoteDescriptionOnSuccess":
		l.remoteSet = true
		l.agree(e.Time)
	case rtc.NameSignalingState:
		if stateOf(e.Value) == "stable" && !l.described.IsZero() {
			l.localSet, l.remoteSet = true, true
			l.agree(e.Time)
		}
	case "addTrack", "addStream", "addTransceiver", rtc.NameTrack:
		l.media = true
	case "createDataChannel":
		l.data = true
	case rtc.NameICEState:
		l.ice = stateOf(e.Value)
		if isUp(l.ice) && l.iceUp.IsZero() {
			l.iceUp = e.Time
		}
	case rtc.NameConnState:
		l.state, l.told = stateOf(e.Value), true
		if !l.wasUp { // ICE may have been connected, and DTLS was not
			l.wasUp, l.connected = isUp(l.state), time.Time{}
		}
	case rtc.NameClose:
		l.closed = true
	}
	if now := l.now(); isUp(now) && l.connected.IsZero() {
		l.connected = e.Time
	} else if now == "closed" {
		l.closed = true
	}
	w.count(w.conn(e.Connection))
}

func (l *link) agree(at time.Time) {
	if l.localSet && l.remoteSet && l.agreed.IsZero() {
		l.agreed = at
	}
}

// learnDescription reads from an SDP, where the client tells it, the media and
// the other end's candidates.
func (l *link) learnDescription(e *rtc.Event) {
	if strings.Contains(e.Value, "m=audio") || strings.Contains(e.Value, "m=video") {
		l.media = true
	}
	if e.Name != "setRemoteDescription" || !strings.Contains(e.Value, "m=") {
		return
	}
	l.offered = true
	for rest := e.Value; ; {
		_, after, found := strings.Cut(rest, "a=candidate:")
		if !found {
			return
		}
		line, _, _ := strings.Cut(after, `\r`)
		l.remote.add(line)
		rest = after
	}
}

// configure reads the relays from a configuration: its JSON, or what
// chrome://webrtc-internals makes of it.
func (l *link) configure(value string) {
	if strings.Contains(value, `"iceTransportPolicy":"relay"`) || strings.Contains(value, "iceTransportPolicy: relay") {
		l.relayOnly = true
	}
	for rest := value; ; {
		i := strings.Index(rest, "turn")
		if i < 0 {
			return
		}
		rest = rest[i:]
		url := rest
		if end := strings.IndexAny(url, `",] `); end >= 0 {
			url = url[:end]
		}
		rest = rest[4:]
		secure := strings.HasPrefix(url, "turns:")
		if !secure && !strings.HasPrefix(url, "turn:") {
			continue
		}
		if l.turn == "" {
			l.turn = url
		}
		if secure || strings.Contains(url, "transport=tcp") {
			l.relays |= turnTCP
		} else {
			l.relays |= turnUDP
		}
	}
}

// learnError takes an error of a relay. Errors of STUN servers are common where
// a host has several interfaces, and seldom the cause of anything.
func (l *link) learnError(value string) {
	var p struct {
		URL, ErrorText string
		ErrorCode      int
	}
	if !unmarshal(value, &p) || p.URL != "" && !strings.HasPrefix(p.URL, "turn") {
		return
	}
	if l.refused == 0 {
		l.code, l.answer = p.ErrorCode, p.ErrorText
	}
	l.refused++
}

// stateOf reads a state, which is a JSON string without escapes.
func stateOf(value string) string {
	if len(value) < 2 || value[0] != '"' || value[len(value)-1] != '"' {
		return ""
	}
	return value[1 : len(value)-1]
}

func unmarshal(value string, to any) bool { return json.Unmarshal([]byte(value), to) == nil }
