package feature

import (
	"bytes"
	"encoding/json"
	"math"
	"slices"
	"strings"

	"github.com/peerglass/peerglass/rtc"
)

// connection is what is known of one peer connection. A time of 0 is that of
// something that did not happen.
type connection struct {
	of                *Extractor
	label, subject    string
	generation        int
	created, closed   bool // closed: its last record was the call of close
	first, last       int64
	events, polls     int
	config            configuration
	peerToPeer        *bool
	reports           reports
	tracks            []*track
	announced         []*announcement
	streams           []*stream
	bySSRC            map[streamKey]*stream // the newest part of each
	connecting        int64                 // first connectionState connecting
	connectedAt       int64                 // first connected, whatever stood before
	connectionTime    int64                 // from connecting until connected; -1 unless both were told
	checking          int64
	iceConnectedAt    int64
	iceConnectionTime int64
	mediaStart        int64 // first connected or completed connectionState
	connections       int   // times that the state became connected
	failed            bool
	lastICEFailure    int64
	lastICEDisconnect int64
	dtlsErrors        int
	dtlsFailures      int
	createFailures    int
	setFailures       int

	signaling      string
	negotiations   int
	local, remote  description
	offered        int64 // first setLocalDescription with an offer
	signalingDelay int64 // -1 until answered
	restart        restartStep
	iceLite        bool
	addFailure     string
	localFailure   string
	remoteFailure  string
	gathering      gathering
	added          candidates
	gathered       candidates
	tcpPassive     bool
	places         []located // of candidates, by address
	relayPlace     *place
	dtls           struct{ role, version, cipher string }
	firstPair      pairEnds
	lastPair       pairEnds
	pairID         string
	pairChanges    int
	traffic        traffic
	rtt            mean
	upper, lower   experience
	clockSkew      float64
	firstPoll      int64
}

// description is the first call that sets one.
type description struct {
	at    int64
	corr  string
	role  string
	delay int64 // -1 until it succeeded
}

type restartStep uint8

// An ICE restart and how far it came.
const (
	noRestart restartStep = iota
	restarted
	restartOffered
	restartAnswered
)

// gathering is the first gathering of candidates.
type gathering struct {
	start, end int64
	turn       [3]int64 // first relay candidate over UDP, TCP, TLS
}

// candidates are the types of candidates that were seen.
type candidates struct{ host, mdns, srflx, relay, null bool }

type located struct {
	address string
	remote  bool
	place   place
}

// configuration is what a connection was made with.
type configuration struct {
	told                              bool
	servers                           int
	haveServers                       bool
	stun, turns, turnUDP, turnTCP     bool
	relayOnly                         bool
	bundle                            string
	alwaysNegotiate, alwaysNegotiated bool
}

func newConnection(e *Extractor, label, subject string, generation int) *connection {
	c := &connection{of: e, label: label, subject: subject, generation: generation, connectionTime: -1, iceConnectionTime: -1, signalingDelay: -1, clockSkew: math.NaN()}
	c.local.delay, c.remote.delay = -1, -1
	return c
}

func (c *connection) record(r *rtc.Record, at int64) {
	c.events++
	if c.first == 0 {
		c.first = at
	}
	if at != 0 {
		c.last = at
	}
	c.closed = false
	if r.Kind == rtc.KindStats {
		c.poll(r, at)
		return
	}
	switch string(r.Name) {
	case rtc.NameCreate:
		c.created = true
		c.configure(r.Payload)
	case rtc.NameConstraints:
		var v struct {
			Optional []struct {
				P2P *bool `json:"rtcStatsSFUP2P"`
			}
		}
		if json.Unmarshal(r.Payload, &v) == nil {
			for _, o := range v.Optional {
				if o.P2P != nil {
					c.peerToPeer = o.P2P
				}
			}
		}
	case rtc.NameClose:
		c.closed = true
	case rtc.NameConnState:
		c.connectionState(r.Payload, at)
	case rtc.NameICEState:
		c.iceState(r.Payload, at)
	case rtc.NameSignalingState:
		was := c.signaling
		if s := textOf(r.Payload); s != "closed" {
			c.signaling = clip(s, 64)
		}
		if c.signaling == "stable" && was != "stable" || isState(r.Payload, "stable") && was == "stable" {
			c.negotiations++
		}
	case rtc.NameGatheringState:
		switch {
		case isState(r.Payload, "gathering") && c.gathering.start == 0:
			c.gathering.start = at
		case isState(r.Payload, "complete") && c.gathering.start != 0 && c.gathering.end == 0:
			c.gathering.end = at
		}
	case "ondtlserror":
		c.dtlsErrors++
	case "ondtlsstatechange":
		// Firefox that loses its transport tells first that ICE is disconnected,
		// then that DTLS failed: nothing of DTLS did.
		if isState(r.Payload, "failed") && !(c.lastICEDisconnect != 0 && strings.Contains(c.of.client.agent, "Firefox/")) {
			c.dtlsFailures++
		}
	case "createOfferOnFailure", "createAnswerOnFailure":
		c.createFailures++
	case "createOffer":
		if c.restart == noRestart && isTrue(r.Payload, "iceRestart") {
			c.restart = restarted
		}
	case "restartIce":
		c.restart = max(c.restart, restarted)
	case "setLocalDescription", "setLocalDescriptionOnSuccess", "setLocalDescriptionOnFailure",
		"setRemoteDescription", "setRemoteDescriptionOnSuccess", "setRemoteDescriptionOnFailure":
		c.describe(r, at)
	case "addIceCandidate":
		c.candidate(r, &c.added, true, at)
	case "addIceCandidateOnFailure":
		if c.addFailure == "" {
			c.addFailure = textOf(r.Payload)
		}
	case rtc.NameICECandidate:
		c.candidate(r, &c.gathered, false, at)
	case "addTrack", "addTransceiver", "addStream":
		c.announce(tracksOf(r.Payload), true, at)
	case rtc.NameTrack, "onaddstream":
		c.announce(tracksOf(r.Payload), false, at)
	case "replaceTrack":
		c.replace(r.Payload, at)
	case "transceiverAdded", "transceiverModified":
		c.transceiver(r, at)
	case "MediaStreamTrack.onunmute":
		id := textOf(r.Payload)
		if ts := tracksOf(r.Payload); len(ts) == 1 {
			id = ts[0].id
		}
		for _, a := range c.announced {
			if a.id == id && !a.sends && a.unmuted == 0 && at >= a.at {
				a.unmuted = at
			}
		}
	}
}

func (c *connection) configure(payload []byte) {
	var v struct {
		IceServers                  []struct{ URLs, URL any }
		ICETransportPolicy          string `json:"iceTransportPolicy"`
		BundlePolicy                string
		AlwaysNegotiateDataChannels *bool
	}
	if c.config.told || len(payload) > 64<<10 || json.Unmarshal(payload, &v) != nil {
		return
	}
	f := &c.config
	f.told, f.haveServers, f.servers = true, v.IceServers != nil, len(v.IceServers)
	f.relayOnly = v.ICETransportPolicy == "relay"
	f.bundle = clip(v.BundlePolicy, 64)
	if v.AlwaysNegotiateDataChannels != nil {
		f.alwaysNegotiated, f.alwaysNegotiate = true, *v.AlwaysNegotiateDataChannels
	}
	server := func(url any) {
		u, _ := url.(string)
		switch {
		case strings.HasPrefix(u, "stun:"):
			f.stun = true
		case strings.HasPrefix(u, "turns:"):
			f.turns = true
		case strings.HasPrefix(u, "turn:"):
			f.turnUDP = f.turnUDP || strings.HasSuffix(u, "?transport=udp")
			f.turnTCP = f.turnTCP || strings.HasSuffix(u, "?transport=tcp")
		}
	}
	for _, s := range v.IceServers {
		for _, urls := range []any{s.URLs, s.URL} {
			if several, ok := urls.([]any); ok {
				for _, u := range several {
					server(u)
				}
				continue
			}
			server(urls)
		}
	}
}

func (c *connection) connectionState(payload []byte, at int64) {
	switch {
	case isState(payload, "connecting"):
		if c.connecting == 0 {
			c.connecting = at
		}
	case isState(payload, "connected"), isState(payload, "completed"): // Jitsi sends the ICE state too
		if c.mediaStart == 0 {
			c.mediaStart = at
		}
		if !isState(payload, "connected") {
			return
		}
		c.connections++
		if c.connectedAt == 0 {
			c.connectedAt = at
		}
		if c.connecting != 0 && c.connectionTime < 0 {
			c.connectionTime = at - c.connecting
		}
	case isState(payload, "failed"):
		c.failed = true
	}
}

func (c *connection) iceState(payload []byte, at int64) {
	switch {
	case isState(payload, "checking"):
		if c.checking == 0 {
			c.checking = at
		}
	case isState(payload, "connected"):
		if c.iceConnectedAt == 0 {
			c.iceConnectedAt = at
		}
		if c.checking != 0 && c.iceConnectionTime < 0 {
			c.iceConnectionTime = at - c.checking
		}
	case isState(payload, "disconnected"):
		c.lastICEDisconnect = at
	case isState(payload, "failed"):
		c.lastICEFailure = at
	}
}

// describe follows the calls that set descriptions.
func (c *connection) describe(r *rtc.Record, at int64) {
	name := string(r.Name)
	local := strings.HasPrefix(name, "setLocal")
	d := &c.remote
	if local {
		d = &c.local
	}
	switch {
	case strings.HasSuffix(name, rtc.OnFailure):
		c.setFailures++
		failure := &c.remoteFailure
		if local {
			failure = &c.localFailure
		}
		if *failure == "" {
			*failure = textOf(r.Payload)
		}
	case strings.HasSuffix(name, rtc.OnSuccess):
		if d.at != 0 && d.delay < 0 && d.corr == string(r.Corr) {
			d.delay = at - d.at
		}
	default:
		role := typeOf(r.Payload)
		if d.at == 0 {
			d.at, d.corr, d.role = at, string(r.Corr), role
		}
		switch {
		case local && role == "offer":
			if c.offered == 0 {
				c.offered = at
			}
			if c.restart == restarted {
				c.restart = restartOffered
			}
		case !local && role == "answer":
			if c.offered != 0 && c.signalingDelay < 0 {
				c.signalingDelay = at - c.offered
			}
			if c.restart == restartOffered {
				c.restart = restartAnswered
			}
		}
		if !local {
			c.iceLite = c.iceLite || bytes.Contains(r.Payload, []byte("a=ice-lite"))
			c.tcpPassive = c.tcpPassive || bytes.Contains(r.Payload, []byte("tcptype passive"))
		}
	}
}

// candidate follows the candidates that were gathered or added.
func (c *connection) candidate(r *rtc.Record, seen *candidates, remote bool, at int64) {
	if len(r.Payload) == 0 {
		seen.null = true
		return
	}
	cand, ok := candidateOf(r.Payload)
	if !ok {
		return
	}
	switch cand.typ {
	case "host":
		seen.host = true
		seen.mdns = seen.mdns || strings.HasSuffix(cand.address, ".local")
	case "srflx":
		seen.srflx = true
	case "relay":
		seen.relay = true
	}
	if remote {
		c.tcpPassive = c.tcpPassive || cand.passiveTCP
	} else if g := &c.gathering; cand.typ == "relay" && g.start != 0 && g.end == 0 {
		if i := slices.Index([]string{"udp", "tcp", "tls"}, cand.relayProtocol); i >= 0 && g.turn[i] == 0 {
			g.turn[i] = at
		}
	}
	if p := placeOf(r.Corr); p != nil && c.polls == 0 {
		if !remote && cand.typ == "relay" {
			c.relayPlace = p
		}
		if len(c.places) < maxListed {
			c.places = append(c.places, located{clip(cand.address, 256), remote, *p})
		}
	}
}

// placeOf is where the chosen candidate of one side is.
func (c *connection) placeOf(remote bool) *place {
	address := c.firstPair.localAddress
	if remote {
		address = c.firstPair.remoteAddress
	}
	for i := range c.places {
		if l := &c.places[i]; address != "" && l.address == address && l.remote == remote {
			return &l.place
		}
	}
	return nil
}

// forget lets go of what only later records would need.
func (c *connection) forget() { c.reports.forget(&c.of.reports) }
