package issue

import (
	"time"

	"github.com/peerglass/peerglass/quality"
	"github.com/peerglass/peerglass/rtc"
)

var NoAudioCaptured = register(Detector{
	Type: "no_audio_captured", Label: "No audio captured",
	Help:   "The microphone has given nothing but digital silence since its track began to be sent, or gives no samples at all, though it is not muted: low after 8 s, medium after 15 s. Digital silence is a level of 0 that Opus writes in at most 5 bytes a packet: a quiet room is not. Only where the client tells of mutes.",
	Causes: []string{causeSource},
	Kinds:  quality.Audio, Dirs: quality.Sent,
	Hold: 8 * time.Second, Clear: time.Second,
	Sample: func(s *Stream, smp *rtc.Sample) Mark { return silence(s, smp, false) },
})

var SilenceWhileUnmuted = register(Detector{
	Type: "silence_while_unmuted", Label: "Silence though not muted",
	Help:   "A microphone that gave sound gives digital silence (see no_audio_captured), though it is not muted: low after 8 s, medium after 15 s.",
	Causes: []string{causeSource},
	Kinds:  quality.Audio, Dirs: quality.Sent,
	Hold: 8 * time.Second, Clear: time.Second,
	Sample: func(s *Stream, smp *rtc.Sample) Mark { return silence(s, smp, true) },
})

// sound is what is known of a microphone that was silent.
type sound struct {
	silent time.Duration // since it gave sound
	at     time.Time     // of the newest sample
}

var soundMemory = newKey[sound]()

const (
	silentMedium  = 15 * time.Second
	silentPacket  = 40.0 // bits: Opus writes digital silence in 3 bytes
	fewestPackets = 20.0 // per second: with fewer it is discontinuous, and quiet looks like silent
	capturesNone  = 0.1  // share of the interval
)

// silence marks digital silence of a microphone that gave sound before, or
// never did.
func silence(s *Stream, smp *rtc.Sample, after bool) Mark {
	level := Value(smp, quality.AudioLevel)
	m := soundMemory.peek(s)
	if level > 0 {
		s.heard = true
		if m != nil {
			m.silent = 0
		}
		return Fine
	}
	if level != level || s.w.row.Protocol != "native" || s.began.IsZero() {
		return Mark{}
	}
	rate := Value(smp, quality.PacketRate)
	none := Value(smp, quality.CapturedTime) < capturesNone*float64(smp.Interval.Milliseconds())
	if s.Excused(smp) || !none && !(rate >= fewestPackets && Value(smp, quality.Bitrate) <= silentPacket*rate) {
		if m != nil {
			m.silent = 0
		}
		return Mark{}
	}
	if m == nil {
		m = soundMemory.of(s)
	}
	if m.at != smp.Time { // both detectors look at each sample
		m.at, m.silent = smp.Time, m.silent+smp.Interval
	}
	if s.heard != after {
		return Mark{}
	}
	mark := Mark{Known: true, Level: rtc.Low, Metric: quality.AudioLevel, Limit: 0, LowWorse: true, Over: m.silent}
	if m.silent >= silentMedium {
		mark.Level = rtc.Medium
	}
	return mark.For(causeSource, rtc.LocalUser)
}

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
