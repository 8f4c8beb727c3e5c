package score

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/peerglass/peerglass/rtc"
)

// Result fills the part of an outcome that is about media: times, scores,
// version and reasons; nothing else is touched. Scores are rounded to tenths,
// and the points of the reasons are tenths that add up to what is missing from
// 10.
//
// What was tried stands in o already, as setup.Watch tells it. A user who was to
// send and of whom nothing went out, or who was denied devices and sends nothing,
// has no score: that they could not be heard or seen nobody measured, and what
// they received does not make up for it.
//
// BadTime is the time of the intervals in which a stream stuttered as much as
// is called high, or its MOS told that many users are dissatisfied.
func (w *Watch) Result(o *rtc.Outcome, denied bool) {
	o.VideoTime, o.VideoStutter = w.video.time.value(), w.video.stuttered()
	o.AudioTime, o.AudioStutter = w.audio.time.value(), w.audio.stuttered()
	o.LagTime, o.BadTime = w.lag.value(), rtc.Null
	if w.audio.time.known || w.video.time.known {
		o.BadTime = float32(w.bad)
	}

	heard, seen := w.heard(), w.seen()
	o.AudioScore, o.VideoScore = heard.score(), seen.score()
	o.Score, o.ScoreVersion, o.Reasons = rtc.Null, 0, nil
	squares, time := heard.squares()+seen.squares(), heard.time+seen.time
	if time == 0 || o.PushOK == 0 && (denied || o.PushTried > 0) {
		return
	}
	lost := math.Sqrt(squares / time) // as together does with stays
	score := tenths(most - lost)
	o.Score, o.ScoreVersion = float32(score)/10, Version
	o.Reasons = apportion(append(heard.of(lost/squares), seen.of(lost/squares)...), 10*most-score)
}

// losses is what audio or video lost, and of what.
type losses struct {
	time    float64 // ms; 0 where nothing was measured
	reasons []reason
}

type reason struct {
	id, text string
	points   float64
}

func (l *losses) add(points float64, id, text string, figures ...any) {
	if points > 0 {
		l.reasons = append(l.reasons, reason{id, fmt.Sprintf(text, figures...), points})
	}
}

// all is the sum of the reasons, which can be more than there is to lose.
func (l *losses) all() (sum float64) {
	for _, r := range l.reasons {
		sum += r.points
	}
	return sum
}

func (l *losses) points() float64 { return min(l.all(), most) }

func (l *losses) score() float32 {
	if l.time == 0 {
		return rtc.Null
	}
	return float32(tenths(most-l.points())) / 10
}

// squares is what the kind adds to the quadratic mean.
func (l *losses) squares() float64 { return l.time * l.points() * l.points() }

// of returns the reasons with the points that they have of what was lost in
// all: first the kind's, by its squares, then each by its own.
func (l *losses) of(each float64) []reason {
	share := each * l.squares() / l.all()
	for i := range l.reasons {
		l.reasons[i].points *= share
	}
	return l.reasons
}

// apportion turns points into tenths that add up to whole, the worst first:
// each has the whole tenths in it, and those that are left over go where most
// of one remains. What comes to none is left out.
func apportion(reasons []reason, whole int) []rtc.Reason {
	tenth := make([]int, len(reasons))
	order := make([]int, len(reasons))
	rest := whole
	for i, r := range reasons {
		tenth[i], order[i] = int(10*r.points), i
		rest -= tenth[i]
	}
	remains := func(i int) float64 { return 10*reasons[i].points - float64(tenth[i]) }
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(remains(b), remains(a)) })
	for _, i := range order[:min(max(rest, 0), len(order))] {
		tenth[i]++
	}
	var told []rtc.Reason
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(reasons[b].points, reasons[a].points) })
	for _, i := range order {
		if tenth[i] > 0 {
			told = append(told, rtc.Reason{ID: reasons[i].id, Points: float64(tenth[i]) / 10, Text: reasons[i].text})
		}
	}
	return told
}

// measured returns the time of the part if anything of it was measured that
// could lower a score, else 0.
func (p *part) measured() float64 {
	if p.stutter.known {
		return p.time.sum
	}
	for i := range p.means {
		if p.means[i].time > 0 {
			return p.time.sum
		}
	}
	return 0
}

// stuttered is the time in stutters. Each is an estimate; together they are not
// longer than the time in which there was anything to stutter.
func (p *part) stuttered() float32 {
	if t := p.time.value(); float64(t) < p.stutter.sum {
		return t
	}
	return p.stutter.value()
}

func (p *part) stutterShare() float64 {
	if !(p.time.sum > 0) {
		return 0
	}
	return min(p.stutter.sum/p.time.sum, 1)
}

// heard is what the audio lost.
func (w *Watch) heard() losses {
	l := losses{time: w.audio.measured()}
	share, m := w.audio.stutterShare(), &w.audio.means
	l.add(stutterPoints(share, audioStutterScale)+m[broken].cost(), "audio_stutter", "speech broke off for %.1f %% of the time", 100*share)
	l.add(m[loss].cost(), "audio_loss", "%.1f %% of the speech was missing here and there", 100*m[loss].average())
	l.add(m[delay].cost(), "audio_delay", "speech came %.0f ms late on average, %.0f at worst", m[delay].average(), w.audio.latest)
	if rate := m[bitrate].average(); rate > 0 {
		l.add(bitratePoints(rate), "audio_bitrate", "speech had about %.0f kbit/s", rate/1000)
	}
	return l
}

// seen is what the video lost.
func (w *Watch) seen() losses {
	l := losses{time: w.video.measured()}
	share, m := w.video.stutterShare(), &w.video.means
	l.add(stutterPoints(share, videoStutterScale)+m[broken].cost(), "video_stutter", "picture stood still for %.1f %% of the time", 100*share)
	l.add(m[frameRate].cost(), "video_frame_rate", "fewer than %d frames a second for %.0f %% of the time", enoughFPS, 100*m[frameRate].average())
	l.add(m[picture].cost(), "video_picture", "picture was coarse for %.0f %% of the time", 100*m[picture].average())
	l.add(m[delay].cost(), "video_delay", "picture came %.0f ms late on average, %.0f at worst", m[delay].average(), w.video.latest)
	return l
}
