package issue

import (
	"time"

	"github.com/peerglass/peerglass/quality"
	"github.com/peerglass/peerglass/rtc"
)

var NoAudioCaptured = register(Detector{
	Type: "no_audio_captured", Label: "No audio captured",
	Help:   "The microphone has given nothing but digital silence since its track began to be sent, or gives no samples at all, though it is not muted: low after 8 s, medium after 15 s. Digital silence is a level of 0 that Opus writes in at most 37 bytes a packet: a quiet room is not. Only where the client tells of mutes.",
	Causes: []string{causeSource},
	Kinds:  quality.Audio, Dirs: quality.Sent,
	Hold: 8 * time.Second, Clear: time.Second,
	Sample: func(s *Stream, smp *rtc.Sample) Mark { return silence(s, smp, false) },
})
