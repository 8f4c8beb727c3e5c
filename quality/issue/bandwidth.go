package issue

import (
	"time"

	"github.com/peerglass/peerglass/quality"
	"github.com/peerglass/peerglass/rtc"
)

var BandwidthDrop = register(Detector{
	Type: "bandwidth_drop", Label: "Bandwidth drop",
	Help:   "The available uplink, or the bit rate that arrives, fell by more than 30 % of what was usual in the minute before (Tencent guide, \"Priority Metrics\") and it shows: the encoder is limited by bandwidth, or what arrives is lost, late or slow. Low; medium from 60 %; for 3 s.",
	Causes: []string{causeBandwidth},
	Kinds:  quality.Transport, Dirs: quality.Either, Scope: PerConnection,
	Hold: 3 * time.Second, Clear: 5 * time.Second,
	Sample: func(s *Stream, smp *rtc.Sample) Mark {
		if s.pathSilent() {
			return Mark{} // that is no want of bandwidth
		}
		m := dropped(smp, quality.AvailableOutgoing, s.base.uplink).For(causeBandwidth, rtc.Network)
		if m.Level > rtc.Clear && !s.conn.limited() {
			m = Fine
		}
		d := dropped(smp, quality.Bitrate, s.base.bitrate).For(causeBandwidth, rtc.Network)
		if d.Level > rtc.Clear && !s.conn.suffers() {
			d = Fine
		}
		return worse(m, d)
	},
})

const (
	bandwidthFall = 0.3
	deepFall      = 0.6
)

// dropped marks a rate that fell by more than 30 % of what was usual.
func dropped(smp *rtc.Sample, metric *quality.Metric, usual float64) Mark {
	v := Value(smp, metric)
	switch {
	case v != v:
		return Mark{}
	case v >= (1-bandwidthFall)*usual:
		return Fine
	}
	m := Mark{Known: true, Level: rtc.Low, Metric: metric, Value: v, Limit: (1 - bandwidthFall) * usual, LowWorse: true}
	if v < (1-deepFall)*usual {
		m.Level = rtc.Medium
	}
	return m
}

// limited reports whether the encoder of a video that the connection sends was
// limited by bandwidth for most of the interval, after its start, or its
// packets wait to be sent.
func (c *conn) limited() bool {
	for _, o := range c.streams {
		smp := &o.Now
		if o.Row.Direction != rtc.Send || smp.Kind == rtc.KindAudio || !o.recent(c.path) {
			continue
		}
		if limited(o, smp, quality.LimitedBandwidth, "bandwidth").Level > rtc.Clear || Value(smp, quality.SendDelay) > queueing && !o.Young(smp) {
			return true
		}
	}
	return false
}

// suffers reports whether a stream that the connection receives lost packets,
// came late, or came slowly though its sender is not off.
func (c *conn) suffers() bool {
	for _, o := range c.streams {
		smp := &o.Now
		if o.Row.Direction != rtc.Receive || !o.recent(c.path) || Value(smp, quality.Packets) == 0 || o.Young(smp) || o.Excused(smp) {
			continue
		}
		if o.lossy(smp) || o.jittery(smp) {
			return true
		}
	}
	return false
}

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
