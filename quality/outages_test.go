package quality

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/peerglass/peerglass/rtc"
)

// speech is a received audio stream in packets of 20 ms, some of which are
// missing. What is played is buffered for held seconds.
type speech struct {
	missing []bool
	held    float64
	fade    float64 // s after which a concealment is silent
}

const packetTime = 0.02 // s

func (a speech) truth(least float64) (sum float64) {
	run := 0.0
	for i := 0; i <= len(a.missing); i++ {
		if i < len(a.missing) && a.missing[i] {
			run += packetTime
			continue
		}
		if run >= least-1e-9 {
			sum += run
		}
		run = 0
	}
	return sum
}

// told are the counters as libwebrtc has them every 20 ms.
func (a speech) told() []members {
	var packets, concealed, silent, events, run, last float64
	last = nan
	buffered := int(a.held / packetTime)
	all := make([]members, 0, len(a.missing))
	for i := range a.missing {
		if !a.missing[i] { // arrives now, is played later
			packets++
			last = 1e12 + 1000*packetTime*float64(i)
		}
		if j := i - buffered; j >= 0 {
			if a.missing[j] {
				if run == 0 {
					events++
				}
				run += packetTime
				concealed += packetTime * 48000
				if run > a.fade {
					silent += packetTime * 48000
				}
			} else {
				run = 0
			}
		}
		played := packetTime * 48000 * float64(i+1)
		all = append(all, members{
			rtc.StatPacketsReceived: packets, rtc.StatConcealedSamples: concealed, rtc.StatSilentConcealedSamples: silent, rtc.StatConcealmentEvents: events,
			rtc.StatTotalSamplesReceived: played, rtc.StatTotalSamplesDuration: played / 48000, rtc.StatLastPacketReceivedTimestamp: last,
			rtc.StatJitterBufferDelay: a.held * played, rtc.StatJitterBufferEmittedCount: played,
		})
	}
	return all
}

func (a speech) estimated(every, phase float64, without ...rtc.Member) (stutter, time float64, basis Basis) {
	r := NewReport(rtc.TypeInboundRTP)
	w := Window{Kind: rtc.KindAudio, Dir: rtc.Receive, RTP: &r, Memory: new(Memory), Relay: nan, SentMeanwhile: nan, AudioBehind: nan}
	values := make([]float32, len(Catalogue()))
	told := a.told()
	length := packetTime * float64(len(told)-1)
	for now := phase; ; now += every {
		now = min(now, length)
		r.Shift()
		r.Time = 1e12 + 1000*now
	members:
		for m, v := range told[int(now/packetTime)] {
			for _, not := range without {
				if m == not {
					continue members
				}
			}
			r.Set(m, v)
		}
		Derive(&w, values)
		if v := float64(values[AudioStutterTime.Index()]); v == v {
			if v < 0 {
				panic("a negative stutter time")
			}
			stutter += v / 1000
			basis = max(basis, w.Memory.basis)
		}
		if v := float64(values[AudioTime.Index()]); v == v {
			time += v / 1000
		}
		if now == length {
			return stutter, time, basis
		}
	}
}

// talk makes 60 s of audio with single packets lost at random, bursts that
// follow Gilbert's model, and outages.
func talk(rnd *rand.Rand, loss, burst float64, outages []float64) speech {
	a := speech{missing: make([]bool, int(60/packetTime)), held: 0.02 + rnd.Float64()*0.2, fade: 0.1 + rnd.Float64()*0.4}
	bad := false
	for i := range a.missing {
		if bad {
			bad = rnd.Float64() < 1-1/burst
		} else {
			bad = rnd.Float64() < loss/burst
		}
		a.missing[i] = bad && i > 50
	}
	for _, o := range outages {
		from := 100 + rnd.IntN(len(a.missing)-200)
		for i := from; i < min(from+int(o/packetTime), len(a.missing)); i++ {
			a.missing[i] = true
		}
	}
	// What is held back is played after the end.
	for i := len(a.missing) - 1 - int(a.held/packetTime) - 1; i < len(a.missing); i++ {
		a.missing[i] = false
	}
	return a
}

func TestAudioStutterIsNearTheTruth(t *testing.T) {
	for _, c := range []struct {
		name        string
		loss, burst float64
		outages     int
		without     []rtc.Member
	}{
		{"outages", 0, 1, 6, nil},
		{"2 % loss", 0.02, 1, 0, nil},
		{"10 % loss", 0.1, 1, 0, nil},
		{"30 % loss", 0.3, 1, 0, nil},
		{"5 % in bursts of 3", 0.05, 3, 0, nil},
		{"10 % in bursts of 6", 0.1, 6, 0, nil},
		{"2 % loss and outages", 0.02, 1, 4, nil},
		{"10 % loss and outages", 0.1, 1, 4, nil},
		{"outages, packets alone", 0, 1, 6, []rtc.Member{rtc.StatConcealedSamples}},
	} {
		for _, every := range []float64{1, 2, 5, 10} {
			var worst, sum, n, bias float64
			rnd := rand.New(rand.NewPCG(1, 2))
			for range 500 {
				var outages []float64
				if c.outages > 0 {
					for range rnd.IntN(c.outages) {
						outages = append(outages, math.Exp(math.Log(0.06)+rnd.Float64()*math.Log(100)))
					}
				}
				a := talk(rnd, c.loss, c.burst, outages)
				got, _, _ := a.estimated(every, min(rnd.Float64()*every, 2), c.without...)
				e := (got - a.truth(0.2)) / 60 * 100
				bias += e
				if math.Abs(e) > 2 && every < 3 && (c.outages > 0) && len(c.without) == 0 {
					var runs []float64
					run := 0.0
					for i, m := range a.missing {
						if m {
							run += packetTime
						} else {
							if run > 0.1 {
								runs = append(runs, float64(i)*packetTime-run, run)
							}
							run = 0
						}
					}
					t.Log(e*.6, got, a.truth(0.2), a.held, a.fade, runs)
				}
				e = math.Abs(e)
				worst, sum, n = max(worst, e), sum+e, n+1
			}
			t.Logf("%-26s every %2v s: mean error %.2f points, bias %+.2f, worst %.2f", c.name, every, sum/n, bias/n, worst)
		}
	}
}
