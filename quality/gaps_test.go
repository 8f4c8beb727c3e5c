package quality

import (
	"fmt"
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

func (p pictures) long() (l []float64) {
	for i := 1; i < len(p.at); i++ {
		if g := p.at[i] - p.at[i-1]; g > 0.3 {
			l = append(l, p.at[i-1], g)
		}
	}
	return l
}

func TestVideoStutterIsNearTheTruth(t *testing.T) {
	moments := []rtc.Member{rtc.StatTotalInterFrameDelay, rtc.StatTotalSquaredInterFrameDelay}
	freezes := []rtc.Member{rtc.StatFreezeCount, rtc.StatTotalFreezesDuration, rtc.StatPauseCount, rtc.StatTotalPausesDuration}
	for _, c := range []struct {
		name    string
		without []rtc.Member
	}{{"all counters", nil}, {"no freezes", freezes}, {"no moments", moments}, {"frames only", append(moments, freezes...)}} {
		for _, every := range []float64{1, 2, 5, 10} {
			var worst, sum, n float64
			rnd := rand.New(rand.NewPCG(1, 2))
			for range 2000 {
				var gaps []float64
				for range rnd.IntN(8) {
					gaps = append(gaps, math.Exp(math.Log(0.1)+rnd.Float64()*math.Log(60)))
				}
				fps := []float64{7, 15, 24, 30, 60}[rnd.IntN(5)]
				p := film(rnd, 60, fps, rnd.Float64()*0.3, gaps, rnd.IntN(2) == 0)
				got, _, _ := p.estimated(every, min(rnd.Float64()*every, 2), c.without...)
				e := math.Abs(got-p.truth(0.6)) / 60 * 100
				if e > 2.0 && every == 5 && c.name == "all counters" {
					t.Log(e, got, p.truth(0.6), fps, p.long())
				}
				worst, sum, n = max(worst, e), sum+e, n+1
			}
			t.Logf("%s, every %v s: mean error %.2f points, worst %.2f", c.name, every, sum/n, worst)
		}
	}
	_ = rapid.Check
	_ = fmt.Sprint
}
