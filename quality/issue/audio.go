package issue

import (
	"time"

	"github.com/peerglass/peerglass/quality"
	"github.com/peerglass/peerglass/rtc"
)

var NoAudioCaptured = register(Detector{
	Type: "no_audio_captured", Label: "No audio captured",
	Help:   "The microphone has given nothing but digital silence since its track began to be sent, though it is not muted: low after 10 s, medium after 20 s. Only where the client tells of mutes; a quiet room is not digital silence.",
	Causes: []string{causeSource},
	Kinds:  quality.Audio, Dirs: quality.Sent,
	Hold: 10 * time.Second, Clear: time.Second,
	Sample: func(s *Stream, smp *rtc.Sample) Mark { return silence(s, smp, false) },
})

var SilenceWhileUnmuted = register(Detector{
	Type: "silence_while_unmuted", Label: "Silence though not muted",
	Help:   "A microphone that gave sound gives digital silence, though it is not muted: low after 15 s, medium after 30 s. Only where the client tells of mutes; a quiet room is not digital silence.",
	Causes: []string{causeSource},
	Kinds:  quality.Audio, Dirs: quality.Sent,
	Hold: 15 * time.Second, Clear: time.Second,
	Sample: func(s *Stream, smp *rtc.Sample) Mark { return silence(s, smp, true) },
})

// sound is what is known of a microphone.
type sound struct {
	heard  bool          // it gave sound
	silent time.Duration // since then
	at     time.Time     // of the newest sample
}

var soundMemory = newKey[sound]()

// silence marks digital silence of a microphone that gave sound before, or
// never did.
func silence(s *Stream, smp *rtc.Sample, after bool) Mark {
	level := Value(smp, quality.AudioLevel)
	if level != level || s.w.row.Protocol != "native" {
		return Mark{}
	}
	m := soundMemory.of(s)
	if m.at != smp.Time { // both detectors look at each sample
		m.at = smp.Time
		switch {
		case level > 0:
			m.heard, m.silent = true, 0
		case s.Excused(smp) || s.began.IsZero():
			m.silent = 0
		default:
			m.silent += smp.Interval
		}
	}
	switch {
	case level > 0:
		return Fine
	case m.silent == 0 || m.heard != after:
		return Mark{}
	}
	mark := Mark{Known: true, Level: rtc.Low, Metric: quality.AudioLevel, Limit: 0, LowWorse: true}
	if m.silent >= silentMedium && !after || m.silent >= silentAgainMedium {
		mark.Level = rtc.Medium
	}
	// All of the silence is meant, so that a level is reached when it is.
	mark.Over = m.silent
	return mark.For(causeSource, rtc.LocalUser)
}

const (
	silentMedium      = 20 * time.Second
	silentAgainMedium = 30 * time.Second
)

var Clipping = register(Detector{
	Type: "clipping", Label: "Microphone overdriven",
	Help:   "The microphone's level stayed above 0.9 of full scale for 3 s: speech that loud is cut off at the top. Low.",
	Causes: []string{causeSource},
	Kinds:  quality.Audio, Dirs: quality.Sent,
	Hold: 3 * time.Second, Clear: 3 * time.Second,
	Sample: func(s *Stream, smp *rtc.Sample) Mark {
		return Above(smp, quality.AudioLevel, 0.9, nan, nan).For(causeSource, rtc.LocalUser)
	},
})

var Desync = register(Detector{
	Type: "desync", Label: "Audio and video out of step",
	Help:   "What is heard of a user was captured earlier or later than what is seen, by the timestamps of both: low above 200 ms (ITU-R BT.1359 accepts +90 to −185 ms), medium above 400 ms, high above 1 s, for 5 s.",
	Causes: []string{causeSync},
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
		return m.For(causeSync, rtc.Unknown)
	},
})

const causeSync = "sync"
