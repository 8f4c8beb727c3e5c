package quality

import (
	"math"

	"github.com/peerglass/peerglass/rtc"
)

var AudioLevel = register(Metric{
	ID: "audio_level", Label: "Audio level", Unit: rtc.UnitRatio, Agg: Max, Step: 0.0001, Kinds: Audio, Dirs: Either,
	From: []rtc.Member{rtc.StatAudioLevel, rtc.StatTotalAudioEnergy, rtc.StatTotalSamplesDuration},
	Help: "Level from 0 to 1 over the interval: root mean square from the energy where it is counted (W3C totalAudioEnergy), else the last level; of a sent stream that of its source.",
	Fn: func(w *Window) float64 {
		if w.Dir == rtc.Send {
			if v := level(w.Source); v == v {
				return v
			}
		} else if v := level(w.RTP); v == v {
			return v
		}
		return level(w.Track)
	},
})

// level is the root mean square of the samples of the interval: W3C defines
// totalAudioEnergy so that its rise over that of totalSamplesDuration is the
// mean square.
func level(r *Report) float64 {
	if square := ratio(r.Delta(rtc.StatTotalAudioEnergy), r.Delta(rtc.StatTotalSamplesDuration)); square == square {
		return min(math.Sqrt(square), 1)
	}
	return r.Now(rtc.StatAudioLevel)
}

var Concealment = register(Metric{
	ID: "concealment", Label: "Concealment", Unit: rtc.UnitRatio, Agg: Max, Step: 0.0001, Kinds: Audio, Dirs: Received,
	From: []rtc.Member{rtc.StatConcealedSamples, rtc.StatSilentConcealedSamples, rtc.StatTotalSamplesReceived},
	Help: "Share of played samples that were made up to hide missing audio, silence inserted on purpose not counted.",
	Fn:   (*Window).concealment,
})

func (w *Window) concealment() float64 {
	concealed := w.delta(rtc.StatConcealedSamples)
	if silent := w.delta(rtc.StatSilentConcealedSamples); silent > 0 {
		concealed -= silent
	}
	return share(concealed, w.delta(rtc.StatTotalSamplesReceived))
}

var ConcealmentTotal = register(Metric{
	ID: "concealment_total", Label: "Concealment with silence", Unit: rtc.UnitRatio, Agg: Max, Step: 0.0001, Kinds: Audio, Dirs: Received,
	From: []rtc.Member{rtc.StatConcealedSamples, rtc.StatTotalSamplesReceived},
	Help: "Share of played samples that were made up, also those that are silent because an outage went on until nothing could be made up any more.",
	Fn: func(w *Window) float64 {
		return share(w.delta(rtc.StatConcealedSamples), w.delta(rtc.StatTotalSamplesReceived))
	},
})

var Stretched = register(Metric{
	ID: "stretched", Label: "Stretched audio", Unit: rtc.UnitRatio, Agg: Max, Step: 0.0001, Kinds: Audio, Dirs: Received,
	From: []rtc.Member{rtc.StatInsertedSamplesForDeceleration, rtc.StatRemovedSamplesForAcceleration, rtc.StatTotalSamplesReceived},
	Help: "Share of samples put in or taken out to play slower or faster: the jitter buffer follows a delay that changes.",
	Fn: func(w *Window) float64 {
		return share(w.delta(rtc.StatInsertedSamplesForDeceleration)+w.delta(rtc.StatRemovedSamplesForAcceleration), w.delta(rtc.StatTotalSamplesReceived))
	},
})

var CapturedTime = register(Metric{
	ID: "captured_time", Label: "Captured audio", Unit: rtc.UnitMilliseconds, Agg: Sum, Step: 1, Kinds: Audio, Dirs: Sent,
	From: []rtc.Member{rtc.StatTotalSamplesDuration},
	Help: "Audio that the source gave in the interval (media-source): less than the interval where the device gives nothing.",
	Fn:   func(w *Window) float64 { return 1000 * w.Source.Delta(rtc.StatTotalSamplesDuration) },
})

var CaptureDropped = register(Metric{
	ID: "capture_dropped", Label: "Capture gaps", Unit: rtc.UnitMilliseconds, Agg: Sum, Step: 1, Kinds: Audio, Dirs: Sent,
	From: []rtc.Member{rtc.StatDroppedSamplesDuration},
	Help: "Audio that the capture device lost in the interval before it came to the browser (media-source).",
	Fn:   func(w *Window) float64 { return 1000 * w.Source.Delta(rtc.StatDroppedSamplesDuration) },
})

var ConcealmentEvents = register(Metric{
	ID: "concealment_events", Label: "Concealment events", Unit: rtc.UnitCount, Agg: Sum, Step: 1, Kinds: Audio, Dirs: Received,
	From: []rtc.Member{rtc.StatConcealmentEvents},
	Help: "Times that concealment began in the interval.",
	Fn:   func(w *Window) float64 { return w.delta(rtc.StatConcealmentEvents) },
})

var Concealed = register(Metric{
	ID: "concealed_time", Label: "Concealed time", Unit: rtc.UnitMilliseconds, Agg: Sum, Step: 1, Kinds: Audio, Dirs: Received,
	From: []rtc.Member{rtc.StatConcealedSamples, rtc.StatSilentConcealedSamples, rtc.StatTotalSamplesReceived, rtc.StatTotalSamplesDuration},
	Help: "Concealed audio in the interval, silence inserted on purpose not counted: the concealment of the audio played, whose length is totalSamplesDuration or, where that is not told, the interval's.",
	Fn: func(w *Window) float64 {
		played := w.delta(rtc.StatTotalSamplesDuration)
		if played != played {
			played = w.Seconds()
		}
		return 1000 * w.concealment() * played
	},
})

var JitterBufferDelay = register(Metric{
	ID: "jitter_buffer_delay", Label: "Jitter buffer delay", Unit: rtc.UnitMilliseconds, Agg: Max, Step: 0.1, Kinds: Media, Dirs: Received,
	From: []rtc.Member{rtc.StatJitterBufferDelay, rtc.StatJitterBufferEmittedCount},
	Help: "Mean time that what was emitted in the interval had spent in the jitter buffer.",
	Fn: func(w *Window) float64 {
		return 1000 * w.mean(rtc.StatJitterBufferDelay, rtc.StatJitterBufferEmittedCount)
	},
})

var JitterBufferTarget = register(Metric{
	ID: "jitter_buffer_target", Label: "Jitter buffer target", Unit: rtc.UnitMilliseconds, Agg: Max, Step: 0.1, Kinds: Media, Dirs: Received,
	From: []rtc.Member{rtc.StatJitterBufferTargetDelay, rtc.StatJitterBufferEmittedCount},
	Help: "Mean delay that the jitter buffer aimed at in the interval.",
	Fn: func(w *Window) float64 {
		return 1000 * w.mean(rtc.StatJitterBufferTargetDelay, rtc.StatJitterBufferEmittedCount)
	},
})

var PlayoutDelay = register(Metric{
	ID: "playout_delay", Label: "Playout delay", Unit: rtc.UnitMilliseconds, Agg: Max, Step: 0.1, Kinds: Audio, Dirs: Received,
	From: []rtc.Member{rtc.StatTotalPlayoutDelay, rtc.StatTotalSamplesCount},
	Help: "Mean delay of the audio device for what was played in the interval (media-playout).",
	Fn: func(w *Window) float64 {
		return 1000 * ratio(w.Playout.Delta(rtc.StatTotalPlayoutDelay), w.Playout.Delta(rtc.StatTotalSamplesCount))
	},
})

var SynthesizedTime = register(Metric{
	ID: "synthesized_time", Label: "Playout gaps", Unit: rtc.UnitMilliseconds, Agg: Sum, Step: 1, Kinds: Audio, Dirs: Received,
	From: []rtc.Member{rtc.StatSynthesizedSamplesDuration},
	Help: "Audio made up in the interval because the playout device was not served in time (media-playout): the computer's fault, not the network's.",
	Fn:   func(w *Window) float64 { return 1000 * w.Playout.Delta(rtc.StatSynthesizedSamplesDuration) },
})

var InterruptionTime = register(Metric{
	ID: "interruption_time", Label: "Interruption time", Unit: rtc.UnitMilliseconds, Agg: Sum, Step: 1, Kinds: Audio, Dirs: Received,
	From: []rtc.Member{rtc.StatTotalInterruptionDuration},
	Help: "Concealments of 150 ms or longer that ended in the interval, where the client counts them (native libwebrtc).",
	Fn:   func(w *Window) float64 { return 1000 * w.delta(rtc.StatTotalInterruptionDuration) },
})

var EchoReturnLoss = register(Metric{
	ID: "echo_return_loss", Label: "Echo return loss", Unit: rtc.UnitDecibels, Agg: Min, Step: 0.1, Kinds: Audio, Dirs: Sent,
	From: []rtc.Member{rtc.StatEchoReturnLoss},
	Help: "How much weaker the echo is than what was played, where the echo canceller says so: the lower, the more echo.",
	Fn:   func(w *Window) float64 { return w.Source.Now(rtc.StatEchoReturnLoss) },
})
