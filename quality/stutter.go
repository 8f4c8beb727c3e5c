package quality

import (
	"math"

	"github.com/peerglass/peerglass/rtc"
)

var VideoStutterTime = register(Metric{
	ID: "video_stutter_time", Label: "Video stutter", Unit: rtc.UnitMilliseconds, Agg: Sum, Step: 1, Kinds: Video, Dirs: Received,
	From: []rtc.Member{
		rtc.StatFramesDecoded, rtc.StatFramesRendered, rtc.StatTotalInterFrameDelay, rtc.StatTotalSquaredInterFrameDelay,
		rtc.StatFreezeCount, rtc.StatTotalFreezesDuration, rtc.StatPauseCount, rtc.StatTotalPausesDuration, rtc.StatPeerglassVideoStutterDuration,
	},
	Help: "Time of gaps of 600 ms or longer between pictures, as it became known in the interval: one that goes on is counted poll by poll, and what was too short to tell is added when it ends. Not counted are gaps before the first picture, while the track is muted or the page hidden, while the machine slept, and what exceeds 15 s in which the stream alone brought nothing; of a screen only those with missing packets.",
	Fn:   func(w *Window) float64 { return 1000 * w.remembered().stutter },
})

var AudioStutterTime = register(Metric{
	ID: "audio_stutter_time", Label: "Audio stutter", Unit: rtc.UnitMilliseconds, Agg: Sum, Step: 1, Kinds: Audio, Dirs: Received,
	From: []rtc.Member{
		rtc.StatConcealedSamples, rtc.StatSilentConcealedSamples, rtc.StatConcealmentEvents, rtc.StatTotalSamplesReceived, rtc.StatTotalSamplesDuration,
		rtc.StatPacketsReceived, rtc.StatLastPacketReceivedTimestamp, rtc.StatJitterBufferDelay, rtc.StatJitterBufferEmittedCount,
		rtc.StatInterruptionCount, rtc.StatTotalInterruptionDuration, rtc.StatSynthesizedSamplesDuration, rtc.StatSynthesizedSamplesEvents,
		rtc.StatPeerglassAudioStutterDuration,
	},
	Help: "Time of stretches of 200 ms or longer in which audio was made up because it was missing, as it became known in the interval: one that goes on is counted poll by poll. Gaps of the playout device (media-playout) are added. Not counted is what comes before the first packet, while the track is muted, while the machine slept, and what exceeds 15 s in which the stream alone brought nothing.",
	Fn:   func(w *Window) float64 { return 1000 * w.remembered().stutter },
})

var StutterBasis = register(Metric{
	ID: "stutter_basis", Label: "Stutter basis", Unit: rtc.UnitNone, Agg: Max, Step: 1, Kinds: Media, Dirs: Received,
	From: append(append([]rtc.Member{}, VideoStutterTime.From...), AudioStutterTime.From...),
	Help: "What the interval's stutter time rests on: 1 exact, measured by the client; 2 moments: number, sum and sum of squares of the gaps between pictures, or number and length of the concealments; 3 the browser's own freezes, or interruptions; 4 counters that stood still.",
	Fn: func(w *Window) float64 {
		if b := w.remembered().basis; b != BasisUnknown {
			return float64(b)
		}
		return math.NaN()
	},
})

var VideoTime = register(Metric{
	ID: "video_time", Label: "Video time", Unit: rtc.UnitMilliseconds, Agg: Sum, Step: 1, Kinds: Video, Dirs: Received,
	From: []rtc.Member{rtc.StatFramesDecoded, rtc.StatFramesRendered},
	Help: "Time of the interval in which video was to be seen: from the first picture on, not muted, hidden, asleep or switched off. The video freeze rate is video_stutter_time over this.",
	Fn:   func(w *Window) float64 { return 1000 * w.remembered().playing },
})

var AudioTime = register(Metric{
	ID: "audio_time", Label: "Audio time", Unit: rtc.UnitMilliseconds, Agg: Sum, Step: 1, Kinds: Audio, Dirs: Received,
	From: []rtc.Member{rtc.StatPacketsReceived, rtc.StatTotalSamplesReceived},
	Help: "Time of the interval in which audio was to be heard: from the first packet on, played, not muted, asleep or switched off. The audio freeze rate is audio_stutter_time over this.",
	Fn:   func(w *Window) float64 { return 1000 * w.remembered().playing },
})

// remembered is the window's memory after Derive brought it up to date; of a
// window without one, nothing is known.
func (w *Window) remembered() *Memory {
	if w.Memory == nil {
		return &unknown
	}
	return w.Memory
}

var unknown = Memory{stutter: math.NaN(), playing: math.NaN()}
