package quality

import (
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"github.com/peerglass/peerglass/rtc"
)

// pictures is a received video stream whose pictures come at known times, s.
type pictures struct {
	at     []float64
	length float64 // s
}

// truth is the time of the gaps that are at least least long; one that goes on
// at the end counts.
func (p pictures) truth(least float64) (sum float64) {
	last := p.at[0]
	for _, t := range append(p.at[1:len(p.at):len(p.at)], p.length) {
		if t-last >= least {
			sum += t - last
		}
		last = t
	}
	return sum
}

// told are the counters as libwebrtc has them at an instant: the sums are of
// whole milliseconds; a freeze is a gap above the mean of the last 30 by a
// factor of 3 and by 150 ms; one of more than 5 s is a pause.
func (p pictures) told() []members {
	ms := func(t float64) float64 { return math.Floor(t * 1000) }
	var sum, squares, freezes, frozen, pauses, paused, total float64
	var recent []float64
	all := make([]members, 0, len(p.at))
	for i, t := range p.at {
		if i > 0 {
			gap := (ms(t) - ms(p.at[i-1])) / 1000
			sum += gap
			squares += gap * gap
			mean := total / float64(len(recent))
			switch {
			case gap > 5:
				pauses++
				paused += gap
			case len(recent) >= 5 && gap >= max(3*mean, mean+0.15):
				freezes++
				frozen += gap
			}
			total += gap
			if recent = append(recent, gap); len(recent) > 30 {
				total -= recent[0]
				recent = recent[1:]
			}
		}
		frames := float64(i + 1)
		all = append(all, members{
			rtc.StatFramesDecoded: frames, rtc.StatTotalInterFrameDelay: sum, rtc.StatTotalSquaredInterFrameDelay: squares,
			rtc.StatFreezeCount: freezes, rtc.StatTotalFreezesDuration: frozen, rtc.StatPauseCount: pauses, rtc.StatTotalPausesDuration: paused,
			rtc.StatPacketsReceived: 4 * frames,
		})
	}
	return all
}

// estimated polls the stream every so many seconds from phase on and adds up
// what is made of it. Members that without names are not told.
func (p pictures) estimated(every, phase float64, without ...rtc.Member) (stutter, time float64, basis Basis) {
	r := NewReport(rtc.TypeInboundRTP)
	w := Window{Kind: rtc.KindVideo, Dir: rtc.Receive, RTP: &r, Memory: new(Memory), Relay: nan, SentMeanwhile: nan, AudioBehind: nan}
	values := make([]float32, len(Catalogue()))
	told, frames := p.told(), 0
	for now := phase; ; now += every {
		now = min(now, p.length)
		for frames < len(p.at) && p.at[frames] <= now {
			frames++
		}
		r.Shift()
		r.Time = 1e12 + 1000*now
	members:
		for m, v := range told[max(frames, 1)-1] {
			for _, not := range without {
				if m == not {
					continue members
				}
			}
			r.Set(m, v)
		}
		Derive(&w, values)
		if v := float64(values[VideoStutterTime.Index()]); v == v {
			if v < 0 {
				panic("a negative stutter time")
			}
			stutter += v / 1000
			basis = max(basis, w.Memory.basis)
		}
		if v := float64(values[VideoTime.Index()]); v == v {
			time += v / 1000
		}
		if now == p.length {
			return stutter, time, basis
		}
	}
}

// film makes a stream of so many pictures a second whose spacing varies by
// jitter (a share of it), with gaps that begin at random. After a gap pictures
// that had queued may come at once.
func film(rnd *rand.Rand, length, fps, jitter float64, gaps []float64, burst bool) pictures {
	p := pictures{length: length}
	begins := make([]float64, len(gaps))
	for i := range gaps {
		begins[i] = 2 + rnd.Float64()*(length-4)
	}
	for now, i := 0.05, 0; now < length; i++ {
		p.at = append(p.at, now)
		next := now + max(1/fps*(1+jitter*rnd.NormFloat64()), 0.004)
		for j, b := range begins {
			if gaps[j] > 0 && b <= next {
				next = max(next, now+gaps[j])
				gaps[j] = 0
				if burst {
					for q := 0; q < 5 && next+0.012 < length; q++ {
						p.at = append(p.at, next+0.003*float64(q))
					}
					next += 0.015
				}
				break
			}
		}
		now = next
	}
	return p
}

// stutterError is how far the stutter rate over a minute may be from the
// truth, in points of a hundred. docs/metrics.md prints the table.
type stutterError struct {
	what        string
	every       float64 // s between polls
	mean, worst float64
}

// measured compares a minute's stutter with the truth, many times over.
func (e stutterError) measured(t *testing.T, minute func(rnd *rand.Rand) (got, truth float64)) {
	var worst, sum float64
	rnd := rand.New(rand.NewPCG(1, 2))
	const minutes = 200
	for range minutes {
		got, truth := minute(rnd)
		off := math.Abs(got-truth) / 60 * 100
		worst, sum = max(worst, off), sum+off
	}
	t.Logf("%s, every %v s: mean %.2f, worst %.2f points", e.what, e.every, sum/minutes, worst)
	if sum/minutes > e.mean || worst > e.worst {
		t.Errorf("%s, every %v s: mean %.2f, worst %.2f points off; want at most %v and %v", e.what, e.every, sum/minutes, worst, e.mean, e.worst)
	}
}

var (
	withoutFreezes = []rtc.Member{rtc.StatFreezeCount, rtc.StatTotalFreezesDuration, rtc.StatPauseCount, rtc.StatTotalPausesDuration}
	withoutMoments = []rtc.Member{rtc.StatTotalInterFrameDelay, rtc.StatTotalSquaredInterFrameDelay}
)

// Minutes of video of 7 to 60 pictures a second with up to 7 gaps of 0.1 to 6 s.
var videoErrors = []struct {
	stutterError
	without []rtc.Member
}{
	{stutterError{"video, all counters (Chromium, Safari)", 1, 0.05, 1}, nil},
	{stutterError{"video, all counters (Chromium, Safari)", 5, 0.1, 2}, nil},
	{stutterError{"video, all counters (Chromium, Safari)", 10, 0.2, 2.5}, nil},
	{stutterError{"video without freezeCount (Firefox)", 1, 0.05, 1.5}, withoutFreezes},
	{stutterError{"video without freezeCount (Firefox)", 5, 0.25, 3}, withoutFreezes},
	{stutterError{"video without the sums of gaps", 1, 0.1, 2.5}, withoutMoments},
	{stutterError{"video without the sums of gaps", 5, 0.25, 6}, withoutMoments},
	{stutterError{"video, frames alone", 1, 2.5, 10}, append(withoutMoments[:2:2], withoutFreezes...)},
}

func TestVideoStutterIsNearTheTruth(t *testing.T) {
	for _, c := range videoErrors {
		c.measured(t, func(rnd *rand.Rand) (got, truth float64) {
			var gaps []float64
			for range rnd.IntN(8) {
				gaps = append(gaps, 0.1*math.Pow(60, rnd.Float64()))
			}
			fps := []float64{7, 15, 24, 30, 60}[rnd.IntN(5)]
			p := film(rnd, 60, fps, rnd.Float64()*0.3, gaps, rnd.IntN(2) == 0)
			got, _, _ = p.estimated(c.every, min(rnd.Float64()*c.every, 2), c.without...)
			return got, p.truth(0.6)
		})
	}
}

// Whatever the pictures: at one poll a second only gaps near the threshold may
// be mistaken, and all the time is video time.
func TestVideoStutterProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		gaps := rapid.SliceOfN(rapid.Float64Range(0.05, 12), 0, 6).Draw(t, "gaps")
		rnd := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		fps := rapid.Float64Range(10, 60).Draw(t, "fps")
		p := film(rnd, 60, fps, rapid.Float64Range(0, 0.25).Draw(t, "jitter"), gaps, rapid.Bool().Draw(t, "burst"))
		phase := rapid.Float64Range(0.1, 1).Draw(t, "phase")
		got, time, basis := p.estimated(1, phase)
		unsure := 0.5 + 0.03*p.truth(0.6)
		for i := 1; i < len(p.at); i++ {
			if gap := p.at[i] - p.at[i-1]; gap > 0.45 && gap < 0.75 {
				unsure += gap
			}
		}
		if off := math.Abs(got - p.truth(0.6)); off > unsure {
			t.Errorf("%v s of stutter, in truth %v s", got, p.truth(0.6))
		}
		if math.Abs(time-(60-phase)) > 0.05 {
			t.Errorf("%v s of video time, want %v", time, 60-phase)
		}
		if basis == BasisUnknown || basis == BasisFreezes {
			t.Errorf("basis %v", basis)
		}
	})
}
