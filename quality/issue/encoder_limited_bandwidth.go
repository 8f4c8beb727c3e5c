package issue

import (
	"time"

	"github.com/peerglass/peerglass/quality"
	"github.com/peerglass/peerglass/rtc"
)

var EncoderBandwidth = register(Detector{
	Type: "encoder_limited_bandwidth", Label: "Encoder limited by bandwidth",
	Help:   "The encoder sent less than it was asked for because the estimated bandwidth was too small (W3C qualityLimitationDurations, or the target bit rate fell by half and the encoder leaves frames out): low from half of the time for 5 s, medium if it lowered the frame rate or the picture to less than 60 % or has less than 250 kbit/s. The first 20 s do not count while it was limited all along: the estimate begins low.",
	Causes: []string{causeBandwidth},
	Kinds:  quality.Video, Dirs: quality.Sent, Scope: PerConnection,
	Hold: 5 * time.Second, Clear: 5 * time.Second,
	Sample: func(s *Stream, smp *rtc.Sample) Mark {
		m := limited(s, smp, quality.LimitedBandwidth, "bandwidth")
		if m.Level == rtc.Low && Value(smp, quality.Bitrate) < littleVideo && smp.Kind == rtc.KindVideo {
			m.Level = rtc.Medium
		}
		return m.For(causeBandwidth, rtc.Network)
	},
})

const (
	// rampUp: libwebrtc begins at 300 kbit/s and was seen to need up to 15 s
	// to the rate of 720p.
	rampUp      = 20 * time.Second
	limitedMost = 0.5
	littleVideo = 250_000 // bit/s: five frames per second of a small picture, as seen over such a link
)

// starvedEncoder reports whether the encoder is asked for much less than it
// was, and gives few frames: small pictures are not scaled down, and then
// libwebrtc names no limitation.
func (s *Stream) starvedEncoder(smp *rtc.Sample) bool {
	return Value(smp, quality.TargetBitrate) < halfShare*s.base.target &&
		Value(smp, quality.FpsEncoded) < slowShare*Value(smp, quality.FpsCaptured)
}

// rampsUp reports whether the encoder may still be limited only because it
// began: it was never free yet.
func (s *Stream) rampsUp(smp *rtc.Sample) bool {
	return !s.free && s.Age(smp) < rampUp || s.back(smp.Time.Add(-smp.Interval), startUp)
}

// limited marks a sent video whose encoder was limited for most of the
// interval; not the lower layers of one whose best is not.
func limited(s *Stream, smp *rtc.Sample, metric *quality.Metric, reason string) Mark {
	ms, whole := Value(smp, metric), float64(smp.Interval.Milliseconds())
	if metric == quality.LimitedBandwidth && !(ms >= limitedMost*whole) && s.starvedEncoder(smp) {
		ms = whole
	}
	if ms != ms {
		switch smp.Limitation { // old browsers tell no durations
		case "":
			return Mark{}
		case reason:
			ms = whole
		default:
			return Fine
		}
	}
	switch {
	case ms < limitedMost*whole:
		return Fine
	case s.rampsUp(smp) || s.pathSilent() || s.Excused(smp) || !s.best(smp):
		return Mark{}
	}
	m := Mark{Known: true, Level: rtc.Low, Metric: metric, Value: min(ms, whole), Limit: limitedMost * whole}
	encoded, captured := Value(smp, quality.FpsEncoded), max(Value(smp, quality.FpsCaptured), s.base.fps)
	if encoded < slowShare*captured || Value(smp, quality.Height) < slowShare*s.base.height {
		m.Level = rtc.Medium
	}
	return m
}
