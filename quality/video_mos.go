package quality

import (
	"math"

	"github.com/peerglass/peerglass/quality/mos"
	"github.com/peerglass/peerglass/rtc"
)

var VideoMOS = register(Metric{
	ID: "video_mos", Label: "Video MOS, estimate", Unit: rtc.UnitNone, Agg: Mean, Step: 0.01, Kinds: Video, Dirs: Received,
	From: []rtc.Member{rtc.StatBytesReceived, rtc.StatFrameWidth, rtc.StatFrameHeight, rtc.StatFramesDecoded, rtc.StatQpSum},
	Help: "Estimate of the score of the picture from 1 to 5, from bit rate (which may be low where the quantiser is), resolution, frame rate against 30 a second, codec, delay and the time that it stood still. Null where nothing was to be seen, and for a shared screen, whose bits and frames say nothing of its quality. See docs/scores.md.",
	Fn: func(w *Window) float64 {
		if w.Kind != rtc.KindVideo || VideoTime.Fn(w) == 0 {
			return math.NaN()
		}
		return mos.Picture{
			Codec: w.Codec, BitsPerSecond: 8 * w.rate(rtc.StatBytesReceived),
			Width: w.now(rtc.StatFrameWidth), Height: w.now(rtc.StatFrameHeight),
			Quantiser:       w.mean(rtc.StatQpSum, rtc.StatFramesDecoded),
			FramesPerSecond: w.rate(rtc.StatFramesDecoded), Expected: math.NaN(),
			Delay: w.nearDelay(), Frozen: min(VideoStutterTime.Fn(w)/VideoTime.Fn(w), 1),
		}.MOS()
	},
})
