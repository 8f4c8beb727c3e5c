package issue

import (
	"time"

	"github.com/peerglass/peerglass/quality"
	"github.com/peerglass/peerglass/rtc"
)

var Jitter = register(Detector{
	Type: "jitter", Label: "Jitter",
	Help:   "The inter-arrival jitter (RFC 3550) of the stream, a sent one's as the other end reports it: low above 50 ms (audio) or 100 ms (video, whose frames are sent in bursts), medium above 200 ms (webrtc-issue-detector), high above 500 ms (SparkRTC guide, Table 4-2), for 3 s. Of a received stream also low where it rose to three times what was usual and made the jitter buffer 100 ms longer, medium where 200 ms.",
	Causes: []string{causeJitter},
	Kinds:  quality.Media, Dirs: quality.Either,
	Hold: 3 * time.Second, Clear: 5 * time.Second,
	Sample: func(s *Stream, smp *rtc.Sample) Mark {
		v := Value(smp, quality.Jitter)
		if v != v {
			return Mark{}
		}
		high := s.w.limits.jitter(smp.Kind, smp.Direction)
		low := high / 10
		if smp.Kind != rtc.KindAudio {
			low = high / 5
		}
		grew := smp.Direction == rtc.Receive && s.buffers(smp)
		if v <= low && !grew { // the common case first
			return Fine
		}
		if s.Young(smp) || Value(smp, quality.Packets) == 0 || smp.Direction == rtc.Receive && s.w.strained(smp) {
			return Mark{}
		}
		m := Above(smp, quality.Jitter, low, high*2/5, high)
		if grew && m.Level < rtc.Medium {
			longer := Value(smp, quality.JitterBufferDelay) - s.base.buffer
			m = worse(m, Mark{Known: true, Level: rtc.Low, Metric: quality.JitterBufferDelay, Value: longer + s.base.buffer, Limit: s.base.buffer + bufferRises})
			if longer > 2*bufferRises {
				m.Level, m.Limit = rtc.Medium, s.base.buffer+2*bufferRises
			}
		}
		return m.For(causeJitter, rtc.Network)
	},
})
