package quality

import "github.com/peerglass/peerglass/rtc"

var FpsCaptured = register(Metric{
	ID: "fps_captured", Label: "Captured", Unit: rtc.UnitFramesPerSecond, Agg: Mean, Step: 0.1, Kinds: Video, Dirs: Sent,
	From: []rtc.Member{rtc.StatFramesPerSecond, rtc.StatFrames},
	Help: "Frames per second that the source gave (media-source).",
})

var FpsEncoded = register(Metric{
	ID: "fps_encoded", Label: "Encoded", Unit: rtc.UnitFramesPerSecond, Agg: Mean, Step: 0.1, Kinds: Video, Dirs: Sent,
	From: []rtc.Member{rtc.StatFramesEncoded},
	Help: "Frames encoded per second.",
})

var FpsSent = register(Metric{
	ID: "fps_sent", Label: "Sent", Unit: rtc.UnitFramesPerSecond, Agg: Mean, Step: 0.1, Kinds: Video, Dirs: Sent,
	From: []rtc.Member{rtc.StatFramesSent},
	Help: "Frames sent per second.",
})

var FpsReceived = register(Metric{
	ID: "fps_received", Label: "Received", Unit: rtc.UnitFramesPerSecond, Agg: Mean, Step: 0.1, Kinds: Video, Dirs: Received,
	From: []rtc.Member{rtc.StatFramesReceived},
	Help: "Complete frames received per second.",
})

var FpsDecoded = register(Metric{
	ID: "fps_decoded", Label: "Decoded", Unit: rtc.UnitFramesPerSecond, Agg: Mean, Step: 0.1, Kinds: Video, Dirs: Received,
	From: []rtc.Member{rtc.StatFramesDecoded},
	Help: "Frames decoded per second.",
})

var FpsRendered = register(Metric{
	ID: "fps_rendered", Label: "Rendered", Unit: rtc.UnitFramesPerSecond, Agg: Mean, Step: 0.1, Kinds: Video, Dirs: Received,
	From: []rtc.Member{rtc.StatFramesRendered, rtc.StatFramesDropped},
	Help: "Frames rendered per second, where the browser counts them.",
})

var FramesDropped = register(Metric{
	ID: "frames_dropped", Label: "Frames dropped", Unit: rtc.UnitFrames, Agg: Sum, Step: 1, Kinds: Video, Dirs: Received,
	From: []rtc.Member{rtc.StatFramesDropped},
	Help: "Frames dropped before they were shown.",
})

var Width = register(Metric{
	ID: "width", Label: "Width", Unit: rtc.UnitPixels, Agg: Last, Step: 1, Kinds: Video, Dirs: Either,
	From: []rtc.Member{rtc.StatFrameWidth},
	Help: "Width of the frame.",
})

var Height = register(Metric{
	ID: "height", Label: "Height", Unit: rtc.UnitPixels, Agg: Last, Step: 1, Kinds: Video, Dirs: Either,
	From: []rtc.Member{rtc.StatFrameHeight},
	Help: "Height of the frame.",
})

var FreezeTime = register(Metric{
	ID: "freeze_time", Label: "Freeze time", Unit: rtc.UnitMilliseconds, Agg: Sum, Step: 1, Kinds: Video, Dirs: Received,
	From: []rtc.Member{rtc.StatTotalFreezesDuration},
	Help: "Time within the interval that the browser counted as frozen (W3C totalFreezesDuration).",
})

var FreezeCount = register(Metric{
	ID: "freeze_count", Label: "Freezes", Unit: rtc.UnitCount, Agg: Sum, Step: 1, Kinds: Video, Dirs: Received,
	From: []rtc.Member{rtc.StatFreezeCount},
	Help: "Freezes that ended in the interval (W3C freezeCount).",
})

var KeyFrames = register(Metric{
	ID: "key_frames", Label: "Key frames", Unit: rtc.UnitFrames, Agg: Sum, Step: 1, Kinds: Video, Dirs: Either,
	From: []rtc.Member{rtc.StatKeyFramesEncoded, rtc.StatKeyFramesDecoded},
	Help: "Key frames encoded or decoded in the interval.",
})

var FrameTime = register(Metric{
	ID: "frame_time", Label: "Encode or decode time", Unit: rtc.UnitMilliseconds, Agg: Mean, Step: 0.01, Kinds: Video, Dirs: Either,
	From: []rtc.Member{rtc.StatTotalEncodeTime, rtc.StatTotalDecodeTime},
	Help: "Mean time to encode or decode a frame.",
})

var Qp = register(Metric{
	ID: "qp", Label: "Quantiser", Unit: rtc.UnitNone, Agg: Mean, Step: 0.1, Kinds: Video, Dirs: Either,
	From: []rtc.Member{rtc.StatQpSum},
	Help: "Mean quantisation parameter of the frames; its scale depends on the codec.",
})

var TargetBitrate = register(Metric{
	ID: "target_bitrate", Label: "Target bit rate", Unit: rtc.UnitBitsPerSecond, Agg: Mean, Step: 100, Kinds: Media, Dirs: Sent,
	From: []rtc.Member{rtc.StatTargetBitrate},
	Help: "What the encoder was asked for.",
})
