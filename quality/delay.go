package quality

import "github.com/peerglass/peerglass/rtc"

var Delay = register(Metric{
	ID: "delay", Label: "Delay", Unit: rtc.UnitMilliseconds, Agg: Max, Step: 1, Kinds: Media, Dirs: Received,
	From: []rtc.Member{rtc.StatCurrentRoundTripTime, rtc.StatJitterBufferDelay, rtc.StatJitterBufferEmittedCount, rtc.StatTotalPlayoutDelay, rtc.StatTotalSamplesCount},
	Help: "One-way delay from capture to playout, estimated.",
	Fn: func(w *Window) float64 {
		return 500*w.Pair.Now(rtc.StatCurrentRoundTripTime) + 1000*w.mean(rtc.StatJitterBufferDelay, rtc.StatJitterBufferEmittedCount)
	},
})

var LagTime = register(Metric{
	ID: "lag_time", Label: "Lag", Unit: rtc.UnitMilliseconds, Agg: Sum, Step: 1, Kinds: Media, Dirs: Received,
	From: Delay.From,
	Help: "Time of the interval with a delay above 400 ms.",
	Fn: func(w *Window) float64 {
		switch d := Delay.Fn(w); {
		case d > 400:
			return 1000 * w.Seconds()
		case d == d:
			return 0
		default:
			return d
		}
	},
})

var AVOffset = register(Metric{
	ID: "av_offset", Label: "Audio ahead of video", Unit: rtc.UnitMilliseconds, Agg: Mean, Step: 1, Kinds: Video, Dirs: Received,
	From: []rtc.Member{rtc.StatEstimatedPlayoutTimestamp},
	Help: "How much earlier the audio of the same sender is played than its video.",
	Fn:   func(w *Window) float64 { return w.RTP.Change(rtc.StatEstimatedPlayoutTimestamp) * 0 },
})
