package issue

import (
	"time"

	"github.com/peerglass/peerglass/quality"
	"github.com/peerglass/peerglass/rtc"
)

var FrozenSource = register(Detector{
	Type: "frozen_source", Label: "Source frozen",
	Help:   "A camera or canvas that gave pictures gives none any more, though its track is live and not muted and the page is seen: medium after 2 s, high after 10 s. A shared screen is not judged: it gives none while nothing moves.",
	Causes: []string{causeSource},
	Kinds:  1 << rtc.KindVideo, Dirs: quality.Sent,
	Hold: 2 * time.Second, Clear: 2 * time.Second,
	Sample: func(s *Stream, smp *rtc.Sample) Mark {
		v := Value(smp, quality.FpsCaptured)
		switch {
		case v != v:
			return Mark{}
		case v > 0:
			if m := frozenMemory.peek(s); m != nil {
				*m = 0
			}
			return Fine
		case s.base.fps < hardlyAny || s.Excused(smp) || s.hid(smp) || !s.leads():
			return Mark{}
		}
		stood := frozenMemory.of(s)
		*stood += smp.Interval
		m := Mark{Known: true, Level: rtc.Medium, Metric: quality.FpsCaptured, Limit: nan, LowWorse: true}
		if *stood >= frozenLong {
			m.Level = rtc.High
		}
		return m.For(causeSource, rtc.LocalUser)
	},
})

var frozenMemory = newKey[time.Duration]()

const frozenLong = 10 * time.Second

// hid reports whether the page was hidden in the interval, or shortly before:
// its timers and what it draws rest then.
func (s *Stream) hid(smp *rtc.Sample) bool {
	f := &s.w.facts
	return f.Hidden || !f.HiddenSince.IsZero() && smp.Time.Add(-smp.Interval).Sub(f.HiddenSince) < time.Second
}
