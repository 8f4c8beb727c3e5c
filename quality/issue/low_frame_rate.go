package issue

import (
	"time"

	"github.com/peerglass/peerglass/quality"
	"github.com/peerglass/peerglass/rtc"
)

var LowFrameRate = register(Detector{
	Type: "low_frame_rate", Label: "Low frame rate",
	Help: "A camera's video had few frames, none lost to a standstill: below 15 per second and 60 % of what was usual in the minutes before is low, below 10 (Tencent guide, \"Priority Metrics\") and half of it medium, below 5 high; a camera that never gave 8 is low. " +
		"Of a sent stream the frames captured, or, where the encoder gives fewer than 60 % of those, encoded; of a received one the frames decoded. A shared screen is not judged: it has few frames where little moves.",
	Causes: []string{causeSource, causeEncoder, causeCPU, causeBandwidth, causeLoss, causeJitter, causeSlow},
	Kinds:  1 << rtc.KindVideo, Dirs: quality.Either,
	Hold: 3 * time.Second, Clear: 5 * time.Second,
	Sample: func(s *Stream, smp *rtc.Sample) Mark {
		if smp.Direction == rtc.Send {
			return fewSent(s, smp)
		}
		return fewDecoded(s, smp)
	},
})

const (
	fewFrames, veryFewFrames, hardlyAny = 15, 10, 5 // per second
	slowShare, halfShare                = 0.6, 0.5  // of what is usual
	neverMany                           = 8         // per second
)

// few says how bad fps is where usual was to be expected.
func few(fps, usual float64) (l rtc.Level, limit float64) {
	switch {
	case fps < hardlyAny && fps < halfShare*usual:
		return rtc.High, hardlyAny
	case fps < veryFewFrames && fps < halfShare*usual:
		return rtc.Medium, veryFewFrames
	case fps < fewFrames && fps < slowShare*usual:
		return rtc.Low, fewFrames
	}
	return rtc.Clear, nan
}

func fewSent(s *Stream, smp *rtc.Sample) Mark {
	captured, encoded := Value(smp, quality.FpsCaptured), Value(smp, quality.FpsEncoded)
	level, limit := few(captured, s.base.fps)
	metric, value, cause, source := quality.FpsCaptured, captured, causeSource, rtc.LocalUser
	if level == rtc.Clear && captured > 0 && captured < neverMany && s.base.fps < neverMany && s.Age(smp) > 2*startUp {
		level, limit = rtc.Low, neverMany
	}
	if l, at := few(encoded, captured); l > level && encoded > 0 && s.best(smp) {
		level, limit, metric, value = l, at, quality.FpsEncoded, encoded
		switch {
		case Value(smp, quality.LimitedCPU) > 0 || smp.Limitation == "cpu" || s.strained:
			cause = causeCPU
		case Value(smp, quality.LimitedBandwidth) > 0 || smp.Limitation == "bandwidth" || s.starvedEncoder(smp):
			cause, source = causeBandwidth, rtc.Network
		default:
			cause = causeEncoder
		}
	}
	if metric == quality.FpsCaptured && s.w.strained(smp) {
		cause = causeCPU
	}
	switch {
	case level == rtc.Clear:
		if captured != captured && encoded != encoded {
			return Mark{}
		}
		return Fine
	case captured == 0 || s.Young(smp) || s.Excused(smp) || s.w.facts.Hidden:
		return Mark{} // a standstill is a source that froze
	case metric == quality.FpsEncoded && s.pathSilent():
		return Mark{} // nobody listens: the connection is gone
	case metric == quality.FpsCaptured && !s.leads():
		return Mark{}
	}
	return Mark{Known: true, Level: level, Metric: metric, Value: value, Limit: limit, LowWorse: true}.For(cause, source)
}

func fewDecoded(s *Stream, smp *rtc.Sample) Mark {
	decoded, ms := Value(smp, quality.FpsDecoded), float64(smp.Interval.Milliseconds())
	level, limit := few(decoded, s.base.fps)
	switch {
	case decoded != decoded || decoded == 0: // a standstill is a freeze
		return Mark{}
	case level == rtc.Clear:
		return Fine
	case s.Young(smp) || s.Excused(smp) || s.w.facts.Hidden || Value(smp, quality.VideoTime) < 0.9*ms:
		return Mark{}
	case Value(smp, quality.VideoStutterTime) > halfShare*ms: // so it is for the most part
		return Mark{}
	}
	m := Mark{Known: true, Level: level, Metric: quality.FpsDecoded, Value: decoded, Limit: limit, LowWorse: true}
	// Frames came and were not shown: the fault is here.
	if r := Value(smp, quality.FpsReceived); r*slowShare > decoded && r > decoded+2 && (s.strained || !s.lossy(smp) && !s.jittery(smp)) {
		return m.For(causeCPU, rtc.LocalUser)
	}
	return m.For(why(s, smp))
}

// leads reports whether the sent stream is the first of those that send its
// track: what is said of the source is said once.
func (s *Stream) leads() bool {
	for _, o := range s.conn.streams {
		if o == s {
			return true
		}
		if o.sends(s) {
			return false
		}
	}
	return true
}

// best reports whether no other layer of the sent stream's track has more
// frames or a larger picture.
func (s *Stream) best(smp *rtc.Sample) bool {
	for _, o := range s.conn.streams {
		if o != s && o.sends(s) && (Value(&o.Now, quality.FpsEncoded) > Value(smp, quality.FpsEncoded)*1.1 || Value(&o.Now, quality.Height) > Value(smp, quality.Height)) {
			return false
		}
	}
	return true
}

// sends reports whether the stream, too, sends o's track now.
func (s *Stream) sends(o *Stream) bool {
	return s.Row.Direction == rtc.Send && s.Row.Kind == o.Row.Kind && s.Row.Track == o.Row.Track && s.Row.Track != "" && s.recent(o)
}
