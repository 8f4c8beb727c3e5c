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
		if s.pathSilent() || s.Young(smp) { // an outage is no want of bandwidth, and estimates begin anyhow
			return Mark{}
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
		if limited(o, smp, quality.LimitedBandwidth, "bandwidth").Level > rtc.Clear || Value(smp, quality.SendDelay) > queueing && !o.rampsUp(smp) {
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
