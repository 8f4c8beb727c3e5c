package score

import (
	"math"
	"time"

	"github.com/peerglass/peerglass/quality"
	"github.com/peerglass/peerglass/quality/mos"
	"github.com/peerglass/peerglass/rtc"
)

// Watch follows one session: what its user was to see and hear, how much of
// it stood still, and what else impaired it. It keeps sums, so that its size
// does not grow with the call.
type Watch struct {
	audio, video part
	lag          total   // ms
	bad          float64 // ms
	badUntil     time.Time
}

// part is what is kept of audio or of video.
type part struct {
	time, stutter total // ms
	means         [causes]mean
	latest        float64 // greatest delay, ms
}

// cause is what, besides stutter, lowers a score. A session has many of these
// sums and a server many sessions: what only audio knows shares its place with
// what only video does.
type cause uint8

const (
	broken cause = iota // speech or pictures missing in stutters
	delay
	loss    // audio: speech missing here and there
	bitrate // audio
	causes

	frameRate = loss    // video
	picture   = bitrate // video
)

// total is a sum that is Null until something was measured.
type total struct {
	sum   float64
	known bool
}

func (t *total) add(v float64) {
	if v == v {
		t.sum += v
		t.known = true
	}
}

func (t total) value() float32 {
	if !t.known {
		return rtc.Null
	}
	return float32(t.sum)
}

// mean is what one cause cost over the time that it was measured, and the mean
// of its figure.
type mean struct{ points, figure, time float64 } // weighted by time; ms

func (m *mean) add(points, figure, ms float64) {
	if points == points {
		m.points += points * ms
		m.figure += figure * ms
		m.time += ms
	}
}

// cost is what the cause cost, 0 where it was not measured.
func (m *mean) cost() float64 { return m.per(m.points) }

// average is the mean of the figure.
func (m *mean) average() float64 { return m.per(m.figure) }

func (m *mean) per(sum float64) float64 {
	if m.time == 0 {
		return 0
	}
	return sum / m.time
}

// late takes up the delay of an interval and what it cost.
func (p *part) late(ms, points, delayed float64) {
	p.means[delay].add(points, delayed, ms)
	if delayed > p.latest {
		p.latest = delayed
	}
}

// one is the figure of a cause that is told by the share of the time in which
// it cost anything.
func one(points float64) float64 {
	if points > 0 {
		return 1
	}
	return 0
}

// New returns a watch of a session.
func New() *Watch { return &Watch{} }

// Sample tells a sample of any stream of the session; those that were not
// received are passed over.
func (w *Watch) Sample(s *rtc.Sample) {
	if s.Direction != rtc.Receive {
		return
	}
	switch s.Kind {
	case rtc.KindAudio:
		if w.hear(s) {
			w.mark(s, value(s, quality.AudioTime))
		}
	case rtc.KindVideo, rtc.KindScreen:
		if w.see(s) {
			w.mark(s, value(s, quality.VideoTime))
		}
	default:
		return
	}
	w.lag.add(value(s, quality.LagTime))
}

func value(s *rtc.Sample, m *quality.Metric) float64 { return float64(s.Values[m.Index()]) }

// hear takes up a sample of received audio and reports whether it was bad.
func (w *Watch) hear(s *rtc.Sample) bool {
	p := &w.audio
	ms, stutter := value(s, quality.AudioTime), value(s, quality.AudioStutterTime)
	p.time.add(ms)
	p.stutter.add(stutter)
	if !(ms > 0) {
		return false
	}
	concealed, fec := value(s, quality.Concealment), false
	if concealed != concealed {
		// Not told by this browser: what the network lost, which FEC, offered
		// by every browser, helps against.
		concealed, fec = value(s, quality.Loss), true
	}
	share := min(stutter/ms, 1)
	missing := concealed
	if share > missing || missing != missing {
		missing = share // a decoder that gave up calls its silence intended
	}
	codec, ok := mos.FindSpeech(s.Codec, math.NaN(), fec)
	if !ok {
		codec = mos.Opus(math.NaN(), fec) // what browsers take where nothing is told
	}
	// What is missing in stutters is put down to them, the rest to loss;
	// together they cost what all that is missing does.
	scattered := missing
	if share > 0 {
		scattered = max(missing-share, 0)
	}
	points := lossPoints(codec, scattered)
	p.means[loss].add(points, scattered, ms)
	p.means[broken].add(lossPoints(codec, missing)-points, 0, ms)
	late := value(s, quality.Delay)
	p.late(ms, delayPoints(codec, late), late)
	if rate := mos.SpeechRate(value(s, quality.Bitrate), value(s, quality.PacketRate)); ok && codec.Scale == mos.Fullband && rate == rate {
		p.means[bitrate].add(0, rate, ms) // costs by its mean: the rate of one interval is a guess
	}
	return share >= badAudioStutter || value(s, quality.AudioMOS) < badAudioMOS
}

// see takes up a sample of a received picture and reports whether it was bad.
func (w *Watch) see(s *rtc.Sample) bool {
	p := &w.video
	ms, stutter := value(s, quality.VideoTime), value(s, quality.VideoStutterTime)
	p.time.add(ms)
	p.stutter.add(stutter)
	if !(ms > 0) {
		return false
	}
	late := value(s, quality.Delay)
	p.late(ms, videoDelayPoints(late), late)
	share := min(stutter/ms, 1)
	if s.Kind == rtc.KindVideo { // what a screen needs in bits and frames depends on what it shows
		pixels := value(s, quality.Width) * value(s, quality.Height)
		few := frameRatePoints(value(s, quality.FpsDecoded))
		coarse := picturePoints(s.Codec, value(s, quality.Qp), value(s, quality.Bitrate), pixels)
		p.dull(few, coarse, share, ms)
	}
	return share >= badVideoStutter || value(s, quality.VideoMOS) < badVideoMOS
}

// dull takes up what too few frames and too coarse ones cost in an interval, up
// to mostDull. Of both, the share that the picture stood still is put down to
// that: where it stands still, nothing is decoded.
func (p *part) dull(few, coarse, share, ms float64) {
	switch {
	case few != few && coarse != coarse:
		return
	case few != few:
		few = 0
	case coarse != coarse:
		coarse = 0
	}
	coarse = min(coarse, mostDull-few)
	if !(share > 0) {
		share = 0
	}
	p.means[frameRate].add(few*(1-share), one(few*(1-share)), ms)
	p.means[picture].add(coarse*(1-share), one(coarse*(1-share)), ms)
	p.means[broken].add((few+coarse)*share, 0, ms)
}

// mark counts the ms of the interval in which there was something to hear or
// see as bad, once whatever the number of streams. Polls of several connections
// interleave: what lies before the latest bad instant was counted, or belongs
// to the same poll.
func (w *Watch) mark(s *rtc.Sample, ms float64) {
	from := s.Time.Add(-min(s.Interval, time.Duration(ms*float64(time.Millisecond))))
	if from.Before(w.badUntil) {
		from = w.badUntil
	}
	if s.Time.After(from) {
		w.bad += float64(s.Time.Sub(from)) / float64(time.Millisecond)
		w.badUntil = s.Time
	}
}
