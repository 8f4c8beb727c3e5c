package issue

import (
	"github.com/peerglass/peerglass/quality"
	"github.com/peerglass/peerglass/rtc"
)

var VideoFreeze = register(Detector{
	Type: "video_freeze", Label: "Video freeze",
	Help: "The picture stood still for 600 ms or longer. By the share of the last minute of video: low below 5 %, medium from 5 % (SparkRTC guide, Table 4-2; Tencent's stutter rate), high from 10 %; one standstill of 2 s is medium, of 5 s high. " +
		"Low if the stream stopped over a connection that works: the other user may have left, or switched the camera off, without telling.",
	Causes: freezeCauses,
	Kinds:  quality.Video, Dirs: quality.Received,
	Clear: freezeOver,
	Sample: func(s *Stream, smp *rtc.Sample) Mark {
		l := s.w.limits.VideoFreeze
		return frozen(s, smp, quality.VideoStutterTime, quality.VideoTime, 0, l, 2*l)
	},
})
