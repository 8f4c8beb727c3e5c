package issue

import (
	"time"

	"github.com/peerglass/peerglass/quality"
	"github.com/peerglass/peerglass/rtc"
)

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
	silentPacket  = 300.0 // bits: Opus writes digital silence in 3 bytes, or with noise shaping in some 32; speech takes more
	fewestPackets = 20.0  // per second: with fewer it is discontinuous, and quiet looks like silent
	capturesNone  = 0.1   // share of the interval
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
