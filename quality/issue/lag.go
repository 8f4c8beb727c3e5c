package issue

import (
	"time"

	"github.com/peerglass/peerglass/quality"
	"github.com/peerglass/peerglass/rtc"
)

// farAway reports whether the connection's round trip alone makes for half of
// the delay that counts as lag, or did just now: buffers that grew with it take
// their time to come down.
func (c *conn) farAway(smp *rtc.Sample) bool {
	return c.rtt >= 2*farAway && smp.Time.Sub(c.rttAt) < longestReports || smp.Time.Sub(c.farAt) < buffersFall
}

// buffersFall is how long Chromium's buffers stayed up after a round trip of
// 400 ms was over, on real calls with known damage.
const buffersFall = 12 * time.Second

const farAway = 150 // ms one way: ITU-T G.114

var Lag = register(Detector{
	Type: "lag", Label: "Lag",
	Help:   "The delay from capture to playout of a received stream, as estimated: low above 400 ms (Tencent's lag), medium above 500 ms (SparkRTC guide, Table 4-2), high above 1 s, for 3 s.",
	Causes: []string{causeLatency, causeJitter, causeBandwidth, causeLoss, causeCPU},
	Kinds:  quality.Media, Dirs: quality.Received,
	Hold: 3 * time.Second, Clear: 6 * time.Second,
	Sample: func(s *Stream, smp *rtc.Sample) Mark {
		v := Value(smp, quality.Delay)
		if v != v {
			return Mark{}
		}
		limit := s.w.limits.latency(smp.Kind, rtc.Receive)
		if v <= 0.8*limit {
			return Fine
		}
		if s.Young(smp) {
			return Mark{}
		}
		m := Above(smp, quality.Delay, 0.8*limit, limit, 2*limit)
		buffer := Value(smp, quality.JitterBufferDelay)
		switch {
		case s.w.strained(smp):
			return m.For(causeCPU, rtc.LocalUser)
		case s.buffers(smp) && !s.starved():
			return m.For(causeJitter, rtc.Network)
		case smp.Time.Sub(s.conn.overtaken) < buffersFall: // a round trip is long where its own packets were held back
			return m.For(causeJitter, rtc.Network)
		case !(buffer > v/2), s.conn.farAway(smp): // the way itself is long
			return m.For(causeLatency, rtc.Network)
		case s.lossy(smp):
			return m.For(causeLoss, rtc.Network)
		case s.starved():
			return m.For(causeBandwidth, rtc.Network)
		}
		return m.For(causeJitter, rtc.Network)
	},
})
