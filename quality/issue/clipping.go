package issue

import (
	"time"

	"github.com/peerglass/peerglass/quality"
	"github.com/peerglass/peerglass/rtc"
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
