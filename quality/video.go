package quality

import (
	"math"

	"github.com/peerglass/peerglass/rtc"
)

var FpsCaptured = register(Metric{
	ID: "fps_captured", Label: "Captured", Unit: rtc.UnitFramesPerSecond, Agg: Mean, Step: 0.1, Kinds: Video, Dirs: Sent,
	From: []rtc.Member{rtc.StatFramesPerSecond, rtc.StatFrames},
	Help: "Frames per second that the source gave over the interval (media-source), or its last framesPerSecond where it does not count them.",
	Fn: func(w *Window) float64 {
		if v := w.Source.Delta(rtc.StatFrames) / w.Source.Seconds(); v == v {
			return v
		}
		return w.Source.Now(rtc.StatFramesPerSecond)
	},
})

var SourceWidth = register(Metric{
	ID: "source_width", Label: "Captured width", Unit: rtc.UnitPixels, Agg: Last, Step: 1, Kinds: Video, Dirs: Sent,
	From: []rtc.Member{rtc.StatWidth},
	Help: "Width of the source's frames (media-source).",
	Fn:   func(w *Window) float64 { return w.Source.Now(rtc.StatWidth) },
})

var SourceHeight = register(Metric{
	ID: "source_height", Label: "Captured height", Unit: rtc.UnitPixels, Agg: Last, Step: 1, Kinds: Video, Dirs: Sent,
	From: []rtc.Member{rtc.StatHeight},
	Help: "Height of the source's frames (media-source).",
	Fn:   func(w *Window) float64 { return w.Source.Now(rtc.StatHeight) },
})

var FpsEncoded = register(Metric{
	ID: "fps_encoded", Label: "Encoded", Unit: rtc.UnitFramesPerSecond, Agg: Mean, Step: 0.1, Kinds: Video, Dirs: Sent,
	From: []rtc.Member{rtc.StatFramesEncoded},
	Help: "Frames encoded per second. Of a stream with spatial layers (SVC) Chrome counts a frame for each layer.",
	Fn:   func(w *Window) float64 { return w.rate(rtc.StatFramesEncoded) },
})

var FpsSent = register(Metric{
	ID: "fps_sent", Label: "Sent", Unit: rtc.UnitFramesPerSecond, Agg: Mean, Step: 0.1, Kinds: Video, Dirs: Sent,
	From: []rtc.Member{rtc.StatFramesSent},
	Help: "Frames sent per second. Of a stream with spatial layers (SVC) Chrome counts a frame for each layer.",
	Fn:   func(w *Window) float64 { return w.rate(rtc.StatFramesSent) },
})

var FpsReceived = register(Metric{
	ID: "fps_received", Label: "Received", Unit: rtc.UnitFramesPerSecond, Agg: Mean, Step: 0.1, Kinds: Video, Dirs: Received,
	From: []rtc.Member{rtc.StatFramesReceived},
	Help: "Complete frames received per second.",
	Fn:   func(w *Window) float64 { return w.rate(rtc.StatFramesReceived) },
})

var FpsDecoded = register(Metric{
	ID: "fps_decoded", Label: "Decoded", Unit: rtc.UnitFramesPerSecond, Agg: Mean, Step: 0.1, Kinds: Video, Dirs: Received,
	From: []rtc.Member{rtc.StatFramesDecoded},
	Help: "Frames decoded per second. 0 while the stream is not muted is a standstill that a browser counts neither as freeze nor as pause until the picture is back.",
	Fn:   func(w *Window) float64 { return w.rate(rtc.StatFramesDecoded) },
})

var FpsRendered = register(Metric{
	ID: "fps_rendered", Label: "Rendered", Unit: rtc.UnitFramesPerSecond, Agg: Mean, Step: 0.1, Kinds: Video, Dirs: Received,
	From: []rtc.Member{rtc.StatPeerglassFramesShown, rtc.StatFramesRendered},
	Help: "Frames shown per second, as the page that shows them counts them; else frames rendered, where the browser tells them.",
	Fn: func(w *Window) float64 {
		if v := w.rate(rtc.StatPeerglassFramesShown); v == v {
			return v
		}
		return w.rate(rtc.StatFramesRendered)
	},
})

var FramesDropped = register(Metric{
	ID: "frames_dropped", Label: "Frames dropped", Unit: rtc.UnitFrames, Agg: Sum, Step: 1, Kinds: Video, Dirs: Received,
	From: []rtc.Member{rtc.StatFramesDropped},
	Help: "Frames dropped before they were shown.",
	Fn:   func(w *Window) float64 { return w.delta(rtc.StatFramesDropped) },
})

var Width = register(Metric{
	ID: "width", Label: "Width", Unit: rtc.UnitPixels, Agg: Last, Step: 1, Kinds: Video, Dirs: Either,
	From: []rtc.Member{rtc.StatFrameWidth},
	Help: "Width of the frame.",
	Fn:   func(w *Window) float64 { return w.now(rtc.StatFrameWidth) },
})

var Height = register(Metric{
	ID: "height", Label: "Height", Unit: rtc.UnitPixels, Agg: Last, Step: 1, Kinds: Video, Dirs: Either,
	From: []rtc.Member{rtc.StatFrameHeight},
	Help: "Height of the frame.",
	Fn:   func(w *Window) float64 { return w.now(rtc.StatFrameHeight) },
})

var FreezeTime = register(Metric{
	ID: "freeze_time", Label: "Freeze time", Unit: rtc.UnitMilliseconds, Agg: Sum, Step: 1, Kinds: Video, Dirs: Received,
	From: []rtc.Member{rtc.StatTotalFreezesDuration},
	Help: "Time of the freezes that ended in the interval (W3C totalFreezesDuration); can be longer than the interval.",
	Fn:   func(w *Window) float64 { return 1000 * w.delta(rtc.StatTotalFreezesDuration) },
})

var FreezeCount = register(Metric{
	ID: "freeze_count", Label: "Freezes", Unit: rtc.UnitCount, Agg: Sum, Step: 1, Kinds: Video, Dirs: Received,
	From: []rtc.Member{rtc.StatFreezeCount},
	Help: "Freezes that ended in the interval (W3C freezeCount).",
	Fn:   func(w *Window) float64 { return w.delta(rtc.StatFreezeCount) },
})

var PauseTime = register(Metric{
	ID: "pause_time", Label: "Pause time", Unit: rtc.UnitMilliseconds, Agg: Sum, Step: 1, Kinds: Video, Dirs: Received,
	From: []rtc.Member{rtc.StatTotalPausesDuration},
	Help: "Time of the pauses (no frame for more than 5 s) that ended in the interval: a blackout is counted here, not as a freeze, and only once it is over.",
	Fn:   func(w *Window) float64 { return 1000 * w.delta(rtc.StatTotalPausesDuration) },
})

var PauseCount = register(Metric{
	ID: "pause_count", Label: "Pauses", Unit: rtc.UnitCount, Agg: Sum, Step: 1, Kinds: Video, Dirs: Received,
	From: []rtc.Member{rtc.StatPauseCount},
	Help: "Pauses (no frame for more than 5 s) that ended in the interval.",
	Fn:   func(w *Window) float64 { return w.delta(rtc.StatPauseCount) },
})

var FrameSpread = register(Metric{
	ID: "frame_spread", Label: "Frame spacing deviation", Unit: rtc.UnitMilliseconds, Agg: Max, Step: 0.1, Kinds: Video, Dirs: Received,
	From: []rtc.Member{rtc.StatTotalInterFrameDelay, rtc.StatTotalSquaredInterFrameDelay, rtc.StatFramesDecoded, rtc.StatFramesRendered},
	Help: "Standard deviation of the time between frames in the interval (W3C: √((Σd² − (Σd)²/n)/n)): what is seen as jerky.",
	Fn: func(w *Window) float64 {
		frames := w.delta(rtc.StatFramesRendered) // the standard's count; Chrome has only those decoded
		if frames != frames {
			frames = w.delta(rtc.StatFramesDecoded)
		}
		sum := w.delta(rtc.StatTotalInterFrameDelay)
		return 1000 * math.Sqrt(max(ratio(w.delta(rtc.StatTotalSquaredInterFrameDelay)-ratio(sum*sum, frames), frames), 0))
	},
})

var KeyFrames = register(Metric{
	ID: "key_frames", Label: "Key frames", Unit: rtc.UnitFrames, Agg: Sum, Step: 1, Kinds: Video, Dirs: Either,
	From: []rtc.Member{rtc.StatKeyFramesEncoded, rtc.StatKeyFramesDecoded},
	Help: "Key frames encoded or decoded in the interval.",
	Fn: func(w *Window) float64 {
		return w.delta(w.sentOr(rtc.StatKeyFramesEncoded, rtc.StatKeyFramesDecoded))
	},
})

var FrameTime = register(Metric{
	ID: "frame_time", Label: "Encode or decode time", Unit: rtc.UnitMilliseconds, Agg: Mean, Step: 0.01, Kinds: Video, Dirs: Either,
	From: []rtc.Member{rtc.StatTotalEncodeTime, rtc.StatTotalDecodeTime, rtc.StatFramesEncoded, rtc.StatFramesDecoded},
	Help: "Mean time to encode or decode a frame.",
	Fn: func(w *Window) float64 {
		return 1000 * w.mean(w.sentOr(rtc.StatTotalEncodeTime, rtc.StatTotalDecodeTime), w.coded())
	},
})

var ProcessingDelay = register(Metric{
	ID: "processing_delay", Label: "Processing delay", Unit: rtc.UnitMilliseconds, Agg: Max, Step: 0.1, Kinds: Video, Dirs: Received,
	From: []rtc.Member{rtc.StatTotalProcessingDelay, rtc.StatFramesDecoded},
	Help: "Mean time from a frame's first packet to its decoded picture.",
	Fn:   func(w *Window) float64 { return 1000 * w.mean(rtc.StatTotalProcessingDelay, rtc.StatFramesDecoded) },
})

var AssemblyTime = register(Metric{
	ID: "assembly_time", Label: "Assembly time", Unit: rtc.UnitMilliseconds, Agg: Max, Step: 0.1, Kinds: Video, Dirs: Received,
	From: []rtc.Member{rtc.StatTotalAssemblyTime, rtc.StatFramesAssembledFromMultiplePackets},
	Help: "Mean time from the first to the last packet of a frame that came in several: long where packets queue or are sent again.",
	Fn: func(w *Window) float64 {
		return 1000 * w.mean(rtc.StatTotalAssemblyTime, rtc.StatFramesAssembledFromMultiplePackets)
	},
})

var Qp = register(Metric{
	ID: "qp", Label: "Quantiser", Unit: rtc.UnitNone, Agg: Mean, Step: 0.1, Kinds: Video, Dirs: Either,
	From: []rtc.Member{rtc.StatQpSum, rtc.StatFramesEncoded, rtc.StatFramesDecoded},
	Help: "Mean quantisation parameter of the frames; its scale depends on the codec.",
	Fn:   func(w *Window) float64 { return w.mean(rtc.StatQpSum, w.coded()) },
})

// coded is the counter of frames encoded or decoded.
func (w *Window) coded() rtc.Member { return w.sentOr(rtc.StatFramesEncoded, rtc.StatFramesDecoded) }

var LimitedCPU = register(Metric{
	ID: "limited_cpu", Label: "Limited by CPU", Unit: rtc.UnitMilliseconds, Agg: Sum, Step: 1, Kinds: Video, Dirs: Sent,
	From: []rtc.Member{rtc.StatQualityLimitationDurationsCpu},
	Help: "Time of the interval in which the encoder sent less for want of processor time.",
	Fn:   func(w *Window) float64 { return 1000 * w.delta(rtc.StatQualityLimitationDurationsCpu) },
})

var LimitedBandwidth = register(Metric{
	ID: "limited_bandwidth", Label: "Limited by bandwidth", Unit: rtc.UnitMilliseconds, Agg: Sum, Step: 1, Kinds: Video, Dirs: Sent,
	From: []rtc.Member{rtc.StatQualityLimitationDurationsBandwidth},
	Help: "Time of the interval in which the encoder sent less for want of bandwidth.",
	Fn:   func(w *Window) float64 { return 1000 * w.delta(rtc.StatQualityLimitationDurationsBandwidth) },
})

var ResolutionChanges = register(Metric{
	ID: "resolution_changes", Label: "Resolution changes", Unit: rtc.UnitCount, Agg: Sum, Step: 1, Kinds: Video, Dirs: Sent,
	From: []rtc.Member{rtc.StatQualityLimitationResolutionChanges},
	Help: "Times that the encoder's limitation changed the resolution in the interval.",
	Fn:   func(w *Window) float64 { return w.delta(rtc.StatQualityLimitationResolutionChanges) },
})

var Corruption = register(Metric{
	ID: "corruption", Label: "Picture corruption", Unit: rtc.UnitRatio, Agg: Max, Step: 0.001, Kinds: Video, Dirs: Received,
	From: []rtc.Member{rtc.StatTotalCorruptionProbability, rtc.StatCorruptionMeasurements},
	Help: "Mean probability that a picture was damaged, where the sender and the browser measure it.",
	Fn: func(w *Window) float64 {
		return w.mean(rtc.StatTotalCorruptionProbability, rtc.StatCorruptionMeasurements)
	},
})
