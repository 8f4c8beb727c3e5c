package issue

import (
	"github.com/peerglass/peerglass/quality"
	"github.com/peerglass/peerglass/rtc"
)

// baseline is what was usual of a stream lately, at its best.
type baseline struct {
	fps     float64 // captured, or decoded, frames per second
	bitrate float64 // bit/s; of a transport what it received
	sent    float64 // bit/s that a transport sent
	uplink  float64 // bit/s that were available to a transport
	target  float64 // bit/s that a sent stream's encoder was asked for
	height  float64 // pixels of the picture
	ratio   float64 // of width to height, so that a turned phone is not taken for a loss
	rtt     float64 // ms, at its least
	jitter  float64 // ms, so
	buffer  float64 // ms in the jitter buffer, so
	coding  float64 // ms to encode or decode a frame, so
}

const (
	riseOver = 5   // s: one burst does not make what comes after it look bad
	fallOver = 120 // s: what has gone on for minutes is usual
	// doubleOver, s: in no less time does many times what was usual become twice
	// as usual.
	doubleOver = 60
	sinkOver   = 60 // s, of bit rates, which depend on what there is to see
)

// least lets a usual value fall fast and rise slowly.
func least(usual *float64, v, seconds float64) {
	switch {
	case !(v > 0):
	case *usual == 0 || v < *usual:
		*usual = v
	default:
		*usual += min((v-*usual)*min(seconds/fallOver, 1), *usual*seconds/doubleOver)
	}
}

func known(v float64) bool { return v == v }

// follow lets a usual value rise fast and fall slowly.
func follow(usual *float64, v, seconds, fall float64) {
	switch {
	case *usual == 0 && v > 0:
		*usual = v
	case v > *usual:
		*usual += (v - *usual) * min(seconds/riseOver, 1)
	case v == v:
		*usual += (v - *usual) * min(seconds/fall, 1)
	}
}

// settle brings what is usual of the stream up to date with a sample that is
// about to be judged.
func (s *Stream) settle() {
	if s.late() {
		return
	}
	s.strained = false
	smp := &s.Now
	seconds := smp.Interval.Seconds()
	b := &s.base
	if smp.Direction != rtc.Receive && (known(Value(smp, quality.Rtt)) || known(Value(smp, quality.Loss)) || Value(smp, quality.ICEResponses) > 0) {
		s.conn.answered = smp.Time
		if known(Value(smp, quality.Loss)) {
			s.reportedLast, s.reported = s.reported, smp.Time
		}
	}
	switch smp.Kind {
	case rtc.KindTransport:
		// Answers to checks without a byte of media or reports: the path works and
		// nobody sends.
		c := s.conn
		switch rate := Value(smp, quality.Bitrate); {
		case rate >= silentPath:
			c.quiet = false
			if s.began.IsZero() {
				s.began = smp.Time.Add(-smp.Interval)
			}
		case Value(smp, quality.ICEResponses) > 0:
			c.quiet = true
		}
		if Value(smp, quality.Bitrate) < silentPath && !c.quiet {
			c.silent = smp.Time
		}
		if v := Value(smp, quality.Rtt); v == v {
			if s.conn.rtt, s.conn.rttAt = v, smp.Time; v >= 2*farAway {
				s.conn.farAt = smp.Time
			}
		}
		follow(&b.bitrate, Value(smp, quality.Bitrate), seconds, sinkOver)
		follow(&b.sent, Value(smp, quality.BitrateSent), seconds, sinkOver)
		follow(&b.uplink, Value(smp, quality.AvailableOutgoing), seconds, sinkOver)
		least(&b.rtt, Value(smp, quality.Rtt), seconds)
		return
	case rtc.KindClient:
		return
	}
	if s.began.IsZero() {
		if !(Value(smp, quality.Packets) > 0 || Value(smp, quality.FpsCaptured) > 0) {
			return
		}
		s.began = smp.Time.Add(-smp.Interval)
	}
	if v := Value(smp, quality.Bitrate); v > 0 {
		follow(&b.bitrate, v, seconds, sinkOver)
	}
	least(&b.jitter, Value(smp, quality.Jitter), seconds)
	if smp.Direction == rtc.Receive {
		least(&b.buffer, Value(smp, quality.JitterBufferDelay), seconds)
	}
	if smp.Kind == rtc.KindAudio || s.Excused(smp) || s.w.facts.Hidden {
		return
	}
	fps := Value(smp, quality.FpsDecoded)
	if smp.Direction == rtc.Send {
		fps = Value(smp, quality.FpsCaptured)
	}
	if fps > 0 { // a standstill is no rate
		follow(&b.fps, fps, seconds, fallOver)
	}
	if smp.Direction == rtc.Send && fps > 0 && (smp.Limitation == "none" || Value(smp, quality.LimitedBandwidth) == 0) {
		s.free = true
	}
	s.strained = s.overrun(smp) // by what was usual before
	least(&b.coding, Value(smp, quality.FrameTime), seconds)
	follow(&b.target, Value(smp, quality.TargetBitrate), seconds, sinkOver)
	if s.strained && !s.Young(smp) {
		s.w.strain = smp.Time
	}
	if h := Value(smp, quality.Height); h > 0 {
		ratio := Value(smp, quality.Width) / h
		if r := ratio / b.ratio; !(r > 0.8 && r < 1.25) || h > 1.3*b.height { // another picture: a screen for a camera
			b.height, b.ratio, b.fps, b.coding = h, ratio, zeroOf(fps), zeroOf(Value(smp, quality.FrameTime))
		}
		b.height = max(b.height, h)
	}
}
