package issue

import (
	"time"

	"github.com/peerglass/peerglass/quality"
	"github.com/peerglass/peerglass/rtc"
)

var CPUHigh = register(Detector{
	Type: "cpu_high", Label: "High CPU",
	Help: "The user's machine has too little processor time. Where the client tells it: more than 80 % of the system's or 70 % of it used by the application (SparkRTC guide, Table 4-2) is medium, 95 % high. " +
		"Else by its marks: timers of the page that run 200 ms late (low), 500 ms (medium) or 1.5 s (high; a Compute Pressure state of critical makes low medium, and is none by itself: a processor in full use may keep up), and video whose coding takes 80 % of the time that a frame has or five times as long as usual, or playout that was not served in time for 5 % of it (low each; medium if frames are left out for it, or the encoder says so), for 5 s.",
	Causes: []string{causeCPU},
	Kinds:  quality.Client | quality.Media, Dirs: quality.Either, Scope: PerSession,
	Hold: 5 * time.Second, Clear: 6 * time.Second,
	Sample: func(s *Stream, smp *rtc.Sample) Mark {
		var m Mark
		switch smp.Kind {
		case rtc.KindClient:
			m = machine(s, smp)
		case rtc.KindAudio:
			if smp.Direction != rtc.Send {
				limit := playoutGaps * float64(smp.Interval.Milliseconds())
				m = Above(smp, quality.SynthesizedTime, limit, nan, nan)
			}
		default:
			m = coding(s, smp)
		}
		if m.Level > rtc.Clear && smp.Kind != rtc.KindClient && s.Young(smp) {
			return Mark{}
		}
		return m.For(causeCPU, rtc.LocalUser)
	},
})

const (
	playoutGaps = 0.05 // share of the interval
	// Late timers, in ms: what a person notices (200), what drops frames and
	// audio of common buffers (500), what looks dead (1500).
	lagLow, lagMedium, lagHigh = 200, 500, 1500
	cpuFull                    = 0.95
	criticalPressure           = 3
)

// machine judges what a client measures about its own machine.
func machine(s *Stream, smp *rtc.Sample) Mark {
	l := &s.w.limits
	m := Above(smp, quality.CPUSystem, nan, l.CPUSystem, max(cpuFull, l.CPUSystem))
	m = worse(m, Above(smp, quality.CPUApp, nan, l.CPUApp, max(cpuFull, l.CPUApp)))
	if !s.hid(smp) { // browsers run a hidden page's timers late on purpose
		late := Above(smp, quality.LoopLag, lagLow, lagMedium, lagHigh)
		if late.Level == rtc.Low && Value(smp, quality.CPUPressure) >= criticalPressure {
			late.Level = rtc.Medium
		}
		m = worse(m, late)
	}
	return m
}

// coding judges the time that a video takes to encode or decode.
func coding(s *Stream, smp *rtc.Sample) Mark {
	each := Value(smp, quality.FrameTime)
	if each != each {
		return Mark{}
	}
	if !s.strained {
		return Fine
	}
	m := Mark{Known: true, Level: rtc.Low, Metric: quality.FrameTime, Value: each, Limit: nan}
	few := Value(smp, quality.FpsCaptured) < slowShare*s.base.fps
	if smp.Direction == rtc.Receive {
		few = Value(smp, quality.FpsDecoded) < slowShare*Value(smp, quality.FpsReceived)
	}
	if few || Value(smp, quality.LimitedCPU) > limitedMost*float64(smp.Interval.Milliseconds()) {
		m.Level = rtc.Medium
	}
	return m
}

// worse returns the worse of two marks; a known one over one that is not.
func worse(a, b Mark) Mark {
	if !b.Known || a.Known && a.Level >= b.Level {
		return a
	}
	return b
}
