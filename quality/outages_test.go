package quality

import (
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

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

// heard are the counters at one instant.
type heard struct{ packets, concealed, silent, events, played, last, delay float64 }

func (h heard) members() members {
	return members{
		rtc.StatPacketsReceived: h.packets, rtc.StatConcealedSamples: h.concealed, rtc.StatSilentConcealedSamples: h.silent, rtc.StatConcealmentEvents: h.events,
		rtc.StatTotalSamplesReceived: h.played, rtc.StatTotalSamplesDuration: h.played / 48000, rtc.StatLastPacketReceivedTimestamp: h.last,
		rtc.StatJitterBufferDelay: h.delay, rtc.StatJitterBufferEmittedCount: h.played,
	}
}

// told are the counters as libwebrtc has them every 20 ms.
func (a speech) told() []heard {
	var packets, concealed, silent, events, run, last float64
	last = nan
	buffered := int(a.held / packetTime)
	all := make([]heard, 0, len(a.missing))
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
		all = append(all, heard{packets, concealed, silent, events, played, last, a.held * played})
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
		for m, v := range told[int(now/packetTime)].members() {
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

// Minutes of audio with random loss, bursts of loss and up to 5 outages of 60 ms to 6 s.
var audioErrors = []struct {
	stutterError
	loss, burst float64
	outages     int
}{
	{stutterError{"audio, outages", 1, 0.02, 0.2}, 0, 1, 6},
	{stutterError{"audio, outages", 5, 0.05, 0.5}, 0, 1, 6},
	{stutterError{"audio, 30 % of packets lost at random", 1, 0.02, 0.1}, 0.3, 1, 0},
	{stutterError{"audio, 30 % of packets lost at random", 5, 0.02, 0.1}, 0.3, 1, 0},
	{stutterError{"audio, 10 % lost at random, and outages", 1, 0.1, 0.8}, 0.1, 1, 4},
	{stutterError{"audio, 10 % lost at random, and outages", 5, 0.3, 1.5}, 0.1, 1, 4},
	{stutterError{"audio, 5 % lost in bursts of 3 packets", 1, 0.25, 1}, 0.05, 3, 0},
	{stutterError{"audio, 5 % lost in bursts of 3 packets", 5, 0.6, 3}, 0.05, 3, 0},
	{stutterError{"audio, 10 % lost in bursts of 6 packets", 1, 0.5, 2.5}, 0.1, 6, 0},
	{stutterError{"audio, 10 % lost in bursts of 6 packets", 5, 1.5, 5}, 0.1, 6, 0},
}

func TestAudioStutterIsNearTheTruth(t *testing.T) {
	for _, c := range audioErrors {
		c.measured(t, func(rnd *rand.Rand) (got, truth float64) {
			var outages []float64
			if c.outages > 0 {
				for range rnd.IntN(c.outages) {
					outages = append(outages, 0.06*math.Pow(100, rnd.Float64()))
				}
			}
			a := talk(rnd, c.loss, c.burst, outages)
			got, _, _ = a.estimated(c.every, min(rnd.Float64()*c.every, 2))
			return got, a.truth(0.2)
		})
	}
}

// Whatever is lost: a stutter time is never negative (estimated panics), never
// more than was concealed, and one of an outage alone is near the truth.
func TestAudioStutterProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rnd := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		outage := rapid.Float64Range(0.02, 20).Draw(t, "outage")
		loss := rapid.SampledFrom([]float64{0, 0, 0.02, 0.2}).Draw(t, "loss")
		a := talk(rnd, loss, 1, []float64{outage})
		every := rapid.SampledFrom([]float64{0.5, 1, 3}).Draw(t, "every")
		got, _, _ := a.estimated(every, rapid.Float64Range(0.1, 0.5).Draw(t, "phase"))
		told := a.told()
		if concealed := told[len(told)-1].concealed / 48000; got > concealed+0.001 {
			t.Errorf("%v s of stutter of %v s concealed", got, concealed)
		}
		if off := math.Abs(got - a.truth(0.2)); off > 0.25+loss*every && outage > 0.3 {
			t.Errorf("%v s of stutter, in truth %v s", got, a.truth(0.2))
		}
	})
}

// Of a few lengths whose sum alone is known every way to share it is tried: the
// mean of what is long in it is what is said.
func TestBrokenTailIsTheMeanOfAllWays(t *testing.T) {
	const shortest, least, steps = 0.01, 0.2, 400
	long := func(lengths ...float64) (sum float64) {
		for _, l := range lengths {
			sum += ifLong(l, least)
		}
		return sum
	}
	for _, sum := range []float64{0.25, 0.312, 0.431, 0.6} {
		for _, count := range []int{2, 3} {
			rest := sum - float64(count)*shortest
			var total, ways float64
			for i := range steps {
				x := (float64(i) + 0.5) / steps
				if count == 2 {
					total += long(shortest+x*rest, shortest+(1-x)*rest)
					ways++
					continue
				}
				for j := range steps {
					if y := (float64(j) + 0.5) / steps; x+y < 1 {
						total += long(shortest+x*rest, shortest+y*rest, shortest+(1-x-y)*rest)
						ways++
					}
				}
			}
			if got, want := brokenTail(float64(count), sum, shortest, least), total/ways; math.Abs(got-want) > 0.004 {
				t.Errorf("%d of %.0f ms: %.0f ms are long, want %.0f", count, 1000*sum, 1000*got, 1000*want)
			}
		}
	}
}
