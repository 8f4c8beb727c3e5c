package feature

import (
	"math"

	"github.com/peerglass/peerglass/rtc"
)

// pairEnds is a selected candidate pair as it stood.
type pairEnds struct {
	known                              bool
	id                                 string
	localType, remoteType              string
	localAddress, remoteAddress        string
	localPort, remotePort              float64
	localProtocol, remoteProtocol      string // of a relay as the client reaches it
	transport, relayProtocol, relayURL string // of the local candidate
	networkType                        string
	preference                         float64
	roundTrips, responses              float64
	local, remote                      bool
}

// traffic is what the selected pair carried between two polls.
type traffic struct {
	firstAt, lastAt                                  int64
	firstSent, firstReceived, lastSent, lastReceived float64
}

// mean of what it is given.
type mean struct {
	sum float64
	n   int
}

func (m *mean) add(v float64) {
	m.sum += v
	m.n++
}

func (m *mean) value() float64 {
	if m.n == 0 {
		return math.NaN()
	}
	return m.sum / float64(m.n)
}

// experience is the height and the frame rate of the tallest or the smallest
// received video, over the polls.
type experience struct{ height, rate mean }

// poll takes one getStats result.
func (c *connection) poll(r *rtc.Record, at int64) {
	if r.Stats == nil {
		return
	}
	c.polls++
	if c.firstPoll == 0 {
		c.firstPoll = at
		c.skew(r)
	}
	c.reports.apply(r.Stats, &c.of.reports)
	s := c.reports.selected()
	c.pair(s, at)
	c.roundTrips(s)
	var tallest, smallest *report
	for _, rep := range c.reports.all {
		switch rep.typ {
		case rtc.TypeInboundRTP, rtc.TypeOutboundRTP:
			c.pollTrack(rep, at)
			c.pollStream(rep, at)
			if h := rep.num(rtc.StatFrameHeight); rep.typ == rtc.TypeInboundRTP && h > 0 && rep.kind() != "audio" {
				if tallest == nil || taller(rep, tallest) {
					tallest = rep
				}
				if smallest == nil || taller(smallest, rep) {
					smallest = rep
				}
			}
		case rtc.TypeTransport:
			if v := rep.text(rtc.StatTlsVersion); v != "" && c.dtls.version == "" {
				c.dtls.role, c.dtls.version, c.dtls.cipher = rep.text(rtc.StatDtlsRole), v, rep.text(rtc.StatSrtpCipher)
			}
		}
	}
	c.upper.add(tallest)
	c.lower.add(smallest)
}

// taller compares two received videos by height, then by frame rate.
func taller(a, b *report) bool {
	ha, hb := a.num(rtc.StatFrameHeight), b.num(rtc.StatFrameHeight)
	return ha > hb || ha == hb && a.num(rtc.StatFramesPerSecond) > b.num(rtc.StatFramesPerSecond)
}

func (e *experience) add(r *report) {
	if r == nil {
		return
	}
	e.height.add(r.num(rtc.StatFrameHeight))
	if f := r.num(rtc.StatFramesPerSecond); f == f {
		e.rate.add(f)
	}
}

// skew compares the clock of the first poll with that of its report of the
// connection itself.
func (c *connection) skew(r *rtc.Record) {
	for i := range r.Stats.Reports {
		p := &r.Stats.Reports[i]
		if p.Type != rtc.TypePeerConnection || r.Time == 0 {
			continue
		}
		at := p.Time
		if at == 0 {
			at = r.Stats.Time
		}
		if at > 0 {
			c.clockSkew = float64(r.Time) - at
		}
	}
}

// pair follows the selected candidate pair.
func (c *connection) pair(s selected, at int64) {
	if s.pair == nil {
		return
	}
	if s.pair.id != c.pairID {
		if c.pairID != "" {
			c.pairChanges++
		}
		c.pairID = s.pair.id
	}
	sent, received := s.pair.num(rtc.StatBytesSent), s.pair.num(rtc.StatBytesReceived)
	t := &c.traffic
	if t.firstAt == 0 && sent > 0 && received > 0 {
		t.firstAt, t.firstSent, t.firstReceived = at, sent, received
	}
	t.lastAt, t.lastSent, t.lastReceived = at, sent, received
	// Only what may have changed is laid over the last one: a poll costs little.
	l := &c.lastPair
	l.roundTrips, l.responses = s.pair.num(rtc.StatTotalRoundTripTime), s.pair.num(rtc.StatResponsesReceived)
	if l.id != s.pair.id || !l.local || !l.remote {
		*l = endsOf(s)
	}
	if !c.firstPair.known && (c.connectedAt != 0 || c.iceConnectedAt != 0 && c.connecting == 0) {
		c.firstPair = *l
	}
}

func endsOf(s selected) pairEnds {
	e := pairEnds{known: true, id: s.pair.id, local: s.local != nil, remote: s.remote != nil}
	e.roundTrips, e.responses = s.pair.num(rtc.StatTotalRoundTripTime), s.pair.num(rtc.StatResponsesReceived)
	e.localType, e.remoteType = s.local.text(rtc.StatCandidateType), s.remote.text(rtc.StatCandidateType)
	e.localPort, e.remotePort, e.preference = math.NaN(), math.NaN(), math.NaN()
	protocol := func(r *report) string {
		if r.text(rtc.StatCandidateType) == "relay" {
			return r.text(rtc.StatRelayProtocol)
		}
		return r.text(rtc.StatProtocol)
	}
	if s.local != nil {
		e.localAddress, e.localPort, e.localProtocol = s.local.address(), s.local.num(rtc.StatPort), protocol(s.local)
		e.transport, e.relayProtocol, e.relayURL = s.local.text(rtc.StatProtocol), s.local.text(rtc.StatRelayProtocol), s.local.text(rtc.StatUrl)
		e.networkType = s.local.text(rtc.StatNetworkType)
		if p := s.local.num(rtc.StatPriority); p >= 0 && p < 1<<32 {
			e.preference = float64(uint32(p) >> 24)
		}
	}
	if s.remote != nil {
		e.remoteAddress, e.remotePort, e.remoteProtocol = s.remote.address(), s.remote.num(rtc.StatPort), protocol(s.remote)
	}
	return e
}

// roundTrips takes the round-trip time of a poll: the selected pair's, or,
// where that has none (Firefox), those that the remote end reports of the
// streams that it receives.
func (c *connection) roundTrips(s selected) {
	if rtt := s.pair; rtt != nil {
		if v := rtt.num(rtc.StatCurrentRoundTripTime); v == v {
			if v > 0 {
				c.rtt.add(v)
			}
			return
		}
	}
	for _, r := range c.reports.all {
		if r.typ != rtc.TypeRemoteInboundRTP {
			continue
		}
		if v := r.num(rtc.StatRoundTripTime); v > 0 {
			c.rtt.add(v)
		}
	}
}
