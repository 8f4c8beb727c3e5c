package issue

import (
	"time"

	"github.com/peerglass/peerglass/quality"
	"github.com/peerglass/peerglass/rtc"
)

var EncoderCPU = register(Detector{
	Type: "encoder_limited_cpu", Label: "Encoder limited by CPU",
	Help:   "The encoder sent less than it was asked for because the processor could not keep up (W3C qualityLimitationDurations): low from half of the time for 5 s, medium if it lowered the frame rate or the picture to less than 60 %.",
	Causes: []string{causeCPU},
	Kinds:  quality.Video, Dirs: quality.Sent, Scope: PerConnection,
	Hold: 5 * time.Second, Clear: 5 * time.Second,
	Sample: func(s *Stream, smp *rtc.Sample) Mark {
		return limited(s, smp, quality.LimitedCPU, "cpu").For(causeCPU, rtc.LocalUser)
	},
})
