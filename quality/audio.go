package quality

import "github.com/peerglass/peerglass/rtc"

var AudioLevel = register(Metric{
	ID: "audio_level", Label: "Audio level", Unit: rtc.UnitRatio, Agg: Max, Step: 0.001, Kinds: Audio, Dirs: Either,
	From: []rtc.Member{rtc.StatAudioLevel, rtc.StatTotalAudioEnergy},
	Help: "Level from 0 to 1 over the interval: from the energy where it is counted, else the last level; of a sent stream that of its source.",
})

var Concealment = register(Metric{
	ID: "concealment", Label: "Concealment", Unit: rtc.UnitRatio, Agg: Max, Step: 0.0001, Kinds: Audio, Dirs: Received,
	From: []rtc.Member{rtc.StatConcealedSamples, rtc.StatSilentConcealedSamples, rtc.StatTotalSamplesReceived},
	Help: "Share of played samples that were made up to hide missing audio, silence inserted on purpose not counted.",
})

var ConcealmentEvents = register(Metric{
	ID: "concealment_events", Label: "Concealment events", Unit: rtc.UnitCount, Agg: Sum, Step: 1, Kinds: Audio, Dirs: Received,
	From: []rtc.Member{rtc.StatConcealmentEvents},
	Help: "Times that concealment began in the interval.",
})

var Concealed = register(Metric{
	ID: "concealed_time", Label: "Concealed time", Unit: rtc.UnitMilliseconds, Agg: Sum, Step: 1, Kinds: Audio, Dirs: Received,
	From: []rtc.Member{rtc.StatConcealedSamples},
	Help: "Concealed audio in the interval, silence inserted on purpose not counted.",
})

var JitterBufferDelay = register(Metric{
	ID: "jitter_buffer_delay", Label: "Jitter buffer delay", Unit: rtc.UnitMilliseconds, Agg: Max, Step: 0.1, Kinds: Media, Dirs: Received,
	From: []rtc.Member{rtc.StatJitterBufferDelay, rtc.StatJitterBufferEmittedCount},
	Help: "Mean time that what was emitted in the interval had spent in the jitter buffer.",
})
