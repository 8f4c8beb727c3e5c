package quality

import (
	"math"

	"github.com/peerglass/peerglass/rtc"
)

// Thresholds are what the figures of stutter and lag count from, in seconds.
// The zero value of a member stands for its default.
type Thresholds struct {
	VideoStutter float64 // shortest gap between two pictures that counts
	AudioStutter float64 // shortest stretch of missing audio that counts
	Lag          float64 // end-to-end delay above which a call lags
	Unsent       float64 // how long a stream may bring nothing over a path that works before it is taken as switched off
}

// DefaultThresholds are those of the definitions that video services publish:
// Tencent RTC, Huawei SparkRTC and Agora count video stutters from 600 ms and
// audio stutters from 200 ms, and Tencent lag above 400 ms. 15 s is what
// selective forwarding units wait before they take a participant for gone, so
// that until then missing packets are as likely a fault as a camera that was
// switched off without telling.
var DefaultThresholds = Thresholds{VideoStutter: 0.6, AudioStutter: 0.2, Lag: 0.4, Unsent: 15}

func (w *Window) threshold(of func(*Thresholds) float64) float64 {
	if w.Thresholds != nil {
		if v := of(w.Thresholds); v > 0 {
			return v
		}
	}
	return of(&DefaultThresholds)
}

// Memory is what the estimators of one received stream keep between polls. It
// belongs to the stream; its zero value knows nothing. Derive brings it up to
// date once per window.
type Memory struct {
	poll  float64 // usual length of the interval, s; 0 before the first
	video gaps
	audio outages
	delay way
	gone  missing

	// Results for the window that Derive was given last; NaN is not known.
	stutter float64 // s
	playing float64 // s
	credit  float64 // s in which something was due and that the client has not counted as stutter
	basis   Basis
}

// Basis says what a stutter time rests on.
type Basis uint8

// The bases, the best first. The numbers are stored: append, never reorder.
const (
	BasisUnknown    Basis = iota
	BasisExact            // the client measured each gap
	BasisMoments          // video: count, sum and sum of squares of the gaps between frames; audio: length and number of the concealments
	BasisFreezes          // the browser's own freezes and pauses, or interruptions, whose durations are known in sum only
	BasisStandstill       // counters that stood still
)

// step brings the memory up to date with a window.
func (m *Memory) step(w *Window) {
	m.stutter, m.playing, m.basis = math.NaN(), math.NaN(), BasisUnknown
	m.delay.delay, m.delay.behind = math.NaN(), math.NaN()
	m.gone.gone, m.gone.due = math.NaN(), math.NaN()
	seconds := w.Seconds()
	if !(seconds > 0) {
		return
	}
	if Video&(1<<w.Kind) != 0 {
		m.stepVideo(w, seconds)
	} else {
		m.stepAudio(w, seconds)
	}
	m.gone.step(w, seconds)
	m.delay.step(w, seconds, w.Kind == rtc.KindAudio && m.stutter >= 0.5)
	if m.poll == 0 {
		m.poll = seconds
	}
	m.poll = min(seconds, 2*m.poll)
}

// late reports whether a poll came much later than the ones before it: the
// page had no processor, or the machine slept.
func (m *Memory) late(seconds float64) bool {
	return m.poll > 0 && seconds > lateAfter+lateTimes*m.poll
}

// Browsers run the timers of a hidden page once a second, at worst once a
// minute, and then regularly; a poll this much later than usual was not asked
// for.
const (
	lateAfter = 5 // s
	lateTimes = 3
)
