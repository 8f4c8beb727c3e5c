package issue

import (
	"github.com/peerglass/peerglass/quality"
	"github.com/peerglass/peerglass/rtc"
)

var AudioFreeze = register(Detector{
	Type: "audio_freeze", Label: "Audio freeze",
	Help: "Audio was missing for 200 ms or longer. By the share of the last minute of audio: low from 1 %, medium from 3 % (SparkRTC guide, Table 4-2; Tencent's stutter rate), high from 5 %; one gap of 2 s is medium, of 5 s high. " +
		"Low if the stream stopped over a connection that works.",
	Causes: freezeCauses,
	Kinds:  quality.Audio, Dirs: quality.Received,
	Clear: freezeOver,
	Sample: func(s *Stream, smp *rtc.Sample) Mark {
		l := s.w.limits.AudioFreeze
		return frozen(s, smp, quality.AudioStutterTime, quality.AudioTime, l/3, l, l*5/3)
	},
})
