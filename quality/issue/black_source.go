package issue

import (
	"time"

	"github.com/peerglass/peerglass/quality"
	"github.com/peerglass/peerglass/rtc"
)

var BlackSource = register(Detector{
	Type: "black_source", Label: "Black or still picture",
	Help: "Video is sent at a normal frame rate, finely quantised and nearly without content: hardly more than a frame takes in which every block repeats the last, with a quantiser in the lower fifth of its scale, for 5 s. " +
		"That is a picture that does not change at all: black, or a camera program that repeats its last one. It is a conclusion from sizes alone, so that it is never more than low.",
	Causes: []string{causeSource},
	Kinds:  1 << rtc.KindVideo, Dirs: quality.Sent,
	Hold: 5 * time.Second, Clear: 3 * time.Second,
	Sample: func(s *Stream, smp *rtc.Sample) Mark {
		fps, bits := Value(smp, quality.FpsEncoded), Value(smp, quality.Bitrate)
		pixels := Value(smp, quality.Width) * Value(smp, quality.Height)
		each, empty := bits/fps, emptyHead+pixels*emptyPixel
		if each != each || empty != empty || bits == 0 {
			return Mark{}
		}
		if each > empty || fps < hardlyAny {
			return Fine
		}
		qp := Value(smp, quality.Qp)
		if !(qp <= finest(smp.Codec)/5) || smp.Limitation == "bandwidth" || smp.Limitation == "cpu" || s.Young(smp) || s.Excused(smp) || !s.best(smp) {
			return Mark{}
		}
		m := Mark{Known: true, Level: rtc.Low, Metric: quality.Bitrate, Value: bits, Limit: empty * fps, LowWorse: true,
			Text: "frames without content: black or still, by their size (confidence 60 %)"}
		return m.For(causeSource, rtc.LocalUser)
	},
})

// A frame in which every block repeats the last was seen to take 375 bits of
// VP8 at 320×240; a talking head takes ten times as much and more.
const (
	emptyHead  = 256.0     // bits of headers
	emptyPixel = 1.0 / 256 // bits: one for each block of 16×16
)

// finest is the end of the codec's quantiser scale, of which 0 is the finest:
// VP8 counts to 127, VP9 and AV1 to 255, H.264 and H.265 to 51.
func finest(codec string) float64 {
	switch codec {
	case "video/VP9", "video/AV1":
		return 255
	case "video/H264", "video/H265", "video/HEVC":
		return 51
	}
	return 127
}
