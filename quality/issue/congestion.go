package issue

import (
	"time"

	"github.com/peerglass/peerglass/quality"
	"github.com/peerglass/peerglass/rtc"
)

var Congestion = register(Detector{
	Type: "congestion", Label: "Congestion",
	Help:   "The network is fuller than it can carry: what is sent or received waits and is lost at the same time. Bandwidth limits the encoder or what arrives fell by more than 30 %, and the round-trip time lies 100 ms and half above what was usual, or packets wait in the sender's pacer for 100 ms, or more than 2 % are lost: low with one of these, medium with two, for 3 s.",
	Causes: []string{causeBandwidth},
	Kinds:  quality.Transport, Dirs: quality.Either, Scope: PerConnection,
	Hold: 3 * time.Second, Clear: 5 * time.Second,
	Sample: congested,
})

const (
	queueing   = 100 // ms more than usual: a buffer that fills
	queueShare = 1.5
)

func congested(s *Stream, smp *rtc.Sample) Mark {
	rate := Value(smp, quality.Bitrate)
	if rate != rate || s.pathSilent() {
		return Mark{}
	}
	rtt := Value(smp, quality.Rtt)
	fell := rate < (1-bandwidthFall)*s.base.bitrate
	limits := false
	var up, down struct{ loss, delay bool }
	for _, o := range s.conn.streams {
		n := &o.Now
		if o == s || !o.recent(s) || n.Kind >= rtc.KindTransport {
			continue
		}
		if n.Direction == rtc.Send {
			limits = limits || n.Kind != rtc.KindAudio && limited(o, n, quality.LimitedBandwidth, "bandwidth").Level > rtc.Clear
			up.loss = up.loss || Value(n, quality.Loss) >= lossMatters
			up.delay = up.delay || Value(n, quality.SendDelay) > queueing
			if v := Value(n, quality.Rtt); v == v {
				rtt = max(v, zeroOf(rtt))
			}
		} else if fell && !o.Young(n) && !o.Excused(n) && Value(n, quality.Packets) > 0 {
			down.loss = down.loss || Value(n, quality.Loss) >= lossMatters
			down.delay = down.delay || o.jittery(n)
		}
	}
	if rtt > queueShare*s.base.rtt && rtt > s.base.rtt+queueing && s.base.rtt > 0 {
		up.delay, down.delay = true, down.delay || fell
	}
	m := Fine
	switch {
	case limits && (up.loss || up.delay):
		m = Mark{Known: true, Level: rtc.Low, Metric: quality.AvailableOutgoing, Value: Value(smp, quality.AvailableOutgoing), Limit: nan, LowWorse: true}.For(causeBandwidth, rtc.Network)
		if up.loss && up.delay {
			m.Level = rtc.Medium
		}
	case fell && (down.loss && down.delay):
		m = Mark{Known: true, Level: rtc.Medium, Metric: quality.Bitrate, Value: rate, Limit: nan, LowWorse: true}.For(causeBandwidth, rtc.Network)
	}
	return m
}

func zeroOf(v float64) float64 {
	if v == v {
		return v
	}
	return 0
}
