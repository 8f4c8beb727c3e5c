package issue

import (
	"time"

	"github.com/peerglass/peerglass/quality"
	"github.com/peerglass/peerglass/rtc"
)

var Latency = register(Detector{
	Type: "latency", Label: "High round-trip time",
	Help:   "The round-trip time of the connection, by its own checks or the other end's reports: low above 300 ms (twice the 150 ms one way that ITU-T G.114 takes for good) or where it rose by 100 ms to more than twice what it was, medium above 500 ms (SparkRTC guide, Table 4-2), high above 800 ms (G.114: twice 400 ms), for 3 s. It does not tell the direction.",
	Causes: []string{causeLatency},
	Kinds:  quality.Media | quality.Transport, Dirs: quality.Sent | 1<<rtc.Both, Scope: PerConnection,
	Hold: 3 * time.Second, Clear: 6 * time.Second,
	Sample: func(s *Stream, smp *rtc.Sample) Mark {
		limit := s.w.limits.latency(smp.Kind, rtc.Send)
		v := Value(smp, quality.Rtt)
		if v != v {
			return Mark{}
		}
		low := 0.6 * limit
		if p := s.Path(); p != nil && p.base.rtt > 0 {
			low = min(low, max(2*p.base.rtt, p.base.rtt+rttRise))
		}
		if v <= low {
			return Fine
		}
		m := Above(smp, quality.Rtt, low, limit, 1.6*limit).For(causeLatency, rtc.Network)
		// Checks and reports come every few seconds: it was so since the last.
		if since := smp.Time.Sub(s.conn.far); since < rttStands {
			m.Over = since
		}
		s.conn.far = smp.Time
		return m
	},
})

// rttRise, in ms: as much as the whole way from one continent to the next.
const rttRise = 100

// rttStands: ICE asks every 2.5 s (libwebrtc), audio is reported on every 5 s
// (RFC 3550).
const rttStands = 6 * time.Second
