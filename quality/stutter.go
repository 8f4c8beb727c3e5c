package quality

import "github.com/peerglass/peerglass/rtc"

var VideoStutterTime = register(Metric{
	ID: "video_stutter_time", Label: "Video stutter", Unit: rtc.UnitMilliseconds, Agg: Sum, Step: 1, Kinds: Video, Dirs: Received,
	From: []rtc.Member{rtc.StatTotalFreezesDuration},
	Help: "Time of video stutters of 600 ms or longer, as it became known in the interval.",
	Fn:   func(w *Window) float64 { return 1000 * w.delta(rtc.StatTotalFreezesDuration) },
})

var AudioStutterTime = register(Metric{
	ID: "audio_stutter_time", Label: "Audio stutter", Unit: rtc.UnitMilliseconds, Agg: Sum, Step: 1, Kinds: Audio, Dirs: Received,
	From: []rtc.Member{rtc.StatConcealedSamples, rtc.StatConcealmentEvents},
	Help: "Time of audio stutters of 200 ms or longer, as it became known in the interval.",
	Fn:   func(w *Window) float64 { return 1000 * w.delta(rtc.StatTotalInterruptionDuration) },
})

var StutterBasis = register(Metric{
	ID: "stutter_basis", Label: "Stutter basis", Unit: rtc.UnitNone, Agg: Max, Step: 1, Kinds: Media, Dirs: Received,
	From: []rtc.Member{rtc.StatPeerglassVideoStutterDuration, rtc.StatPeerglassAudioStutterDuration},
	Help: "What the stutter time of the interval rests on.",
	Fn:   func(w *Window) float64 { return w.RTP.Change(rtc.StatPeerglassVideoStutterDuration) },
})

var VideoTime = register(Metric{
	ID: "video_time", Label: "Video time", Unit: rtc.UnitMilliseconds, Agg: Sum, Step: 1, Kinds: Video, Dirs: Received,
	From: []rtc.Member{rtc.StatFramesDecoded},
	Help: "Time of the interval in which video was to be seen: begun and not muted.",
	Fn:   func(w *Window) float64 { return playing(w, w.now(rtc.StatFramesDecoded)) },
})

var AudioTime = register(Metric{
	ID: "audio_time", Label: "Audio time", Unit: rtc.UnitMilliseconds, Agg: Sum, Step: 1, Kinds: Audio, Dirs: Received,
	From: []rtc.Member{rtc.StatPacketsReceived},
	Help: "Time of the interval in which audio was to be heard: begun and not muted.",
	Fn:   func(w *Window) float64 { return playing(w, w.RTP.Now(rtc.StatPacketsReceived)) },
})

func playing(w *Window, begun float64) float64 {
	if begun != begun {
		return begun
	}
	if begun > 0 {
		return 1000 * w.Seconds()
	}
	return 0
}
