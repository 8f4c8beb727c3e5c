package issue

import (
	"time"

	"github.com/peerglass/peerglass/quality"
	"github.com/peerglass/peerglass/rtc"
)

var Desync = register(Detector{
	Type: "desync", Label: "Audio and video out of step",
	Help:   "What is heard of a user was captured earlier or later than what is seen, by the timestamps of both: low above 200 ms (ITU-R BT.1359 accepts +90 to −185 ms), medium above 400 ms, high above 1 s, for 5 s.",
	Causes: []string{causeSync, causeLoss, causeJitter, causeBandwidth, causeSlow, causeCPU},
	Kinds:  1 << rtc.KindVideo, Dirs: quality.Received,
	Hold: 5 * time.Second, Clear: 5 * time.Second,
	Sample: func(s *Stream, smp *rtc.Sample) Mark {
		v := Value(smp, quality.AVOffset)
		if v != v {
			return Mark{}
		}
		if v <= 200 && v >= -200 {
			return Fine
		}
		if s.Young(smp) || s.Excused(smp) || Value(smp, quality.FpsDecoded) == 0 {
			return Mark{}
		}
		m := Mark{Known: true, Metric: quality.AVOffset, Value: v, LowWorse: v < 0}
		for l, limit := range [...]float64{200, 400, 1000} {
			if v > limit || v < -limit {
				m.Level, m.Limit = rtc.Level(l+1), limit
			}
		}
		if cause, source := why(s, smp); cause != "" {
			return m.For(cause, source)
		}
		return m.For(causeSync, rtc.Unknown)
	},
})

const causeSync = "sync"
