package quality

import (
	"math"
	"testing"

	"github.com/peerglass/peerglass/rtc"
)

// watched is a received stream that a test polls by hand.
type watched struct {
	t *testing.T
	r Report
	w Window

	transport Report
	values    []float32
	counters  members
}

func watch(t *testing.T, kind rtc.MediaKind) *watched {
	x := &watched{t: t, r: NewReport(rtc.TypeInboundRTP), transport: NewReport(rtc.TypeTransport), values: make([]float32, len(Catalogue())), counters: members{}}
	x.w = Window{Kind: kind, Dir: rtc.Receive, RTP: &x.r, Transport: &x.transport, Memory: new(Memory), Relay: nan, SentMeanwhile: nan, AudioBehind: nan}
	return x
}

// poll lets seconds pass and the counters rise; arrived are the bytes of the
// whole path.
func (x *watched) poll(seconds, arrived float64, rise members) *watched {
	x.r.Shift()
	x.transport.Shift()
	x.r.Time = max(x.r.Time, 1e12) + 1000*seconds
	x.transport.Time = x.r.Time
	x.counters[rtc.StatBytesReceived] += arrived
	x.transport.Set(rtc.StatBytesReceived, x.counters[rtc.StatBytesReceived])
	for m, v := range rise {
		x.counters[m] += v
		x.r.Set(m, x.counters[m])
	}
	Derive(&x.w, x.values)
	x.w.Off = 0
	return x
}

func (x *watched) want(stutter, playing float64, basis Basis) *watched {
	x.t.Helper()
	s, p := VideoStutterTime, VideoTime
	if x.w.Kind == rtc.KindAudio {
		s, p = AudioStutterTime, AudioTime
	}
	for _, c := range []struct {
		m    *Metric
		want float64
	}{{s, stutter}, {p, playing}} {
		if got := float64(x.values[c.m.Index()]); !(math.Abs(got-c.want) <= 20) && !(got != got && c.want != c.want) {
			x.t.Errorf("%s %v, want %v", c.m.ID, got, c.want)
		}
	}
	if got := x.values[StutterBasis.Index()]; got != float32(basis) && !(rtc.IsNull(got) && basis == BasisUnknown) {
		x.t.Errorf("stutter_basis %v, want %v", got, basis)
	}
	return x
}

// even are n pictures 40 ms apart, after a gap of first seconds.
func even(n int, first float64) members {
	m := members{rtc.StatFramesDecoded: float64(n), rtc.StatPacketsReceived: 4 * float64(n), rtc.StatTotalInterFrameDelay: 0, rtc.StatTotalSquaredInterFrameDelay: 0}
	if n > 0 {
		m[rtc.StatTotalInterFrameDelay] = first + 0.04*float64(n-1)
		m[rtc.StatTotalSquaredInterFrameDelay] = first*first + 0.0016*float64(n-1)
	}
	return m
}

func still() members { return even(0, 0) }

func TestVideoStandstill(t *testing.T) {
	begin := func(t *testing.T, kind rtc.MediaKind) *watched {
		return watch(t, kind).poll(1, 1e4, even(25, 0.04)).want(nan, nan, BasisUnknown).
			poll(1, 1e4, even(25, 0.04)).want(0, 1000, BasisMoments)
	}
	v := rtc.KindVideo
	t.Run("counted as it goes on, once", func(t *testing.T) {
		begin(t, v).poll(1, 0, even(15, 0.04)).want(0, 1000, BasisMoments). // for 400 ms by now: may end
											poll(1, 0, still()).want(1400, 1000, BasisStandstill).
											poll(1, 0, still()).want(1000, 1000, BasisStandstill).
											poll(1, 1e4, even(10, 3)).want(600, 1000, BasisMoments). // 3 s in all
											poll(1, 1e4, even(25, 0.04)).want(0, 1000, BasisMoments)
	})
	t.Run("below the threshold", func(t *testing.T) {
		begin(t, v).poll(1, 1e4, even(11, 0.55)).want(0, 1000, BasisMoments)
	})
	t.Run("another threshold", func(t *testing.T) {
		x := begin(t, v)
		x.w.Thresholds = &Thresholds{VideoStutter: 0.5}
		x.poll(1, 1e4, even(12, 0.56)).want(560, 1000, BasisMoments)
	})
	t.Run("exact ones count", func(t *testing.T) {
		rise := even(10, 0.64)
		rise[rtc.StatPeerglassVideoStutterDuration] = 0
		x := watch(t, v).poll(1, 1e4, rise)
		rise[rtc.StatPeerglassVideoStutterDuration] = 0.7
		x.poll(1, 1e4, rise).want(700, 1000, BasisExact)
		rise[rtc.StatPeerglassVideoStutterDuration] = 1.5 // it began in the interval before
		x.poll(1, 1e4, rise).want(1500, 1000, BasisExact)
		x.w.Off = 1 // as events told, which the client's own count does not know
		x.poll(1, 1e4, rise).want(0, 0, BasisExact)
		rise[rtc.StatPeerglassVideoStutterDuration] = 0
		for range 9 {
			x.poll(1, 1e4, rise).want(0, 1000, BasisExact)
		}
		rise[rtc.StatPeerglassVideoStutterDuration] = 8 // told when it is over
		x.poll(1, 1e4, rise).want(8000, 1000, BasisExact)
		x.poll(1, 1e4, rise).want(3600, 1000, BasisExact) // there was not so much time
	})
	t.Run("exact ones of a screen do not", func(t *testing.T) {
		rise := even(1, 0.9)
		rise[rtc.StatPeerglassVideoStutterDuration] = 0
		x := watch(t, rtc.KindScreen).poll(1, 1e4, rise)
		rise[rtc.StatPeerglassVideoStutterDuration] = 0.9
		x.poll(1, 1e4, rise).want(0, 1000, BasisMoments)
	})
	t.Run("never begun", func(t *testing.T) {
		watch(t, v).poll(1, 1e4, still()).poll(1, 1e4, still()).want(0, 0, BasisStandstill).
			poll(1, 1e4, even(6, 0.04)).want(0, 240, BasisMoments)
	})
	t.Run("told muted", func(t *testing.T) {
		x := begin(t, v)
		for range 30 {
			x.w.Off = 1
			x.poll(1, 100, still()).want(0, 0, BasisStandstill)
		}
		x.poll(1, 1e4, even(25, 30.04)).want(0, 1000, BasisMoments)
	})
	t.Run("unmuted and still nothing", func(t *testing.T) {
		x := begin(t, v)
		x.w.Off = 1
		x.poll(1, 100, still()).want(0, 0, BasisStandstill).
			poll(1, 100, still()).want(1000, 1000, BasisStandstill)
	})
	t.Run("page hidden and the decoder rests", func(t *testing.T) {
		x := begin(t, v)
		x.w.Hidden = true
		x.poll(1, 1e4, still()).want(0, 0, BasisStandstill).poll(1, 1e4, still()).want(0, 0, BasisStandstill)
		x.w.Hidden = false
		x.poll(1, 1e4, even(20, 2.24)).want(0, 1000, BasisMoments)
	})
	t.Run("page hidden and the decoder works", func(t *testing.T) {
		x := begin(t, v)
		x.w.Hidden = true
		x.poll(1, 1e4, even(25, 0.04)).want(0, 1000, BasisMoments)
	})
	t.Run("switched off without telling", func(t *testing.T) {
		x := begin(t, v)
		var sum, time float64
		for range 60 {
			x.poll(1, 5e3, still())
			sum, time = sum+float64(x.values[VideoStutterTime.Index()]), time+float64(x.values[VideoTime.Index()])
		}
		if math.Abs(sum-15000) > 20 || math.Abs(time-15000) > 20 {
			t.Errorf("%v ms of %v are stutter, want 15000 of 15000: then it is taken as switched off", sum, time)
		}
		x.poll(1, 1e4, even(20, 60.2)).want(200, 1000, BasisMoments)
	})
	t.Run("the whole path is silent", func(t *testing.T) {
		x := begin(t, v)
		for range 60 {
			x.poll(1, 0, still()).want(1000, 1000, BasisStandstill)
		}
		x.poll(1, 1e4, even(20, 60.2)).want(200, 1000, BasisMoments)
	})
	t.Run("packets come and no picture", func(t *testing.T) {
		x := begin(t, v)
		for range 60 {
			rise := still()
			rise[rtc.StatPacketsReceived] = 100
			x.poll(1, 1e4, rise).want(1000, 1000, BasisStandstill)
		}
	})
	t.Run("asleep", func(t *testing.T) {
		begin(t, v).poll(1, 1e4, even(25, 0.04)).
			poll(600, 1e4, even(5, 599.84)).want(0, 160, BasisMoments).
			poll(1, 1e4, even(25, 0.04)).want(0, 1000, BasisMoments)
		begin(t, v).poll(1, 1e4, even(25, 0.04)).
			poll(600, 0, still()).want(0, 0, BasisStandstill).
			poll(1, 1e4, even(25, 600.04)).want(0, 1000, BasisMoments)
	})
	t.Run("a late poll of a stream that went on", func(t *testing.T) {
		begin(t, v).poll(60, 1e6, even(1500, 0.04)).want(0, 60_000, BasisMoments)
	})
	t.Run("a static screen", func(t *testing.T) {
		x := begin(t, rtc.KindScreen)
		for range 5 {
			x.poll(1, 1e4, still()).want(0, 1000, BasisStandstill)
		}
		x.poll(1, 1e4, even(1, 5.9)).want(0, 1000, BasisMoments)
	})
	t.Run("a screen that misses packets", func(t *testing.T) {
		rise := still()
		rise[rtc.StatNackCount], rise[rtc.StatPacketsReceived] = 5, 20
		x := begin(t, rtc.KindScreen)
		x.poll(1, 1e4, rise) // the first nackCount says nothing
		x.poll(1, 1e4, rise).want(2000, 1000, BasisStandstill)
	})
	t.Run("counter reset", func(t *testing.T) {
		x := begin(t, v).poll(1, 0, still())
		x.r.Rebase()
		clear(x.counters)
		x.poll(1, 1e4, even(3, 0.04))
		x.r.Rebase()
		Derive(&x.w, x.values)
		x.want(nan, nan, BasisUnknown).poll(1, 1e4, even(25, 0.04)).want(0, 1000, BasisMoments)
	})
	t.Run("no counter of pictures at all", func(t *testing.T) {
		packets := members{rtc.StatPacketsReceived: 100}
		watch(t, v).poll(1, 1e4, packets).poll(1, 1e4, packets).want(nan, nan, BasisUnknown)
	})
	t.Run("freezes alone", func(t *testing.T) {
		rise := func(n, freezes, frozen float64) members {
			return members{rtc.StatFramesDecoded: n, rtc.StatFreezeCount: freezes, rtc.StatTotalFreezesDuration: frozen, rtc.StatPacketsReceived: 4 * n}
		}
		watch(t, v).poll(1, 1e4, rise(25, 0, 0)).poll(1, 1e4, rise(25, 0, 0)).want(0, 1000, BasisFreezes).
			poll(1, 1e4, rise(0, 0, 0)).want(1000, 1000, BasisStandstill).
			poll(1, 1e4, rise(10, 1, 1.9)).want(900, 1000, BasisFreezes).
			poll(1, 1e4, rise(10, 1, 0.5)).want(0, 1000, BasisFreezes).
			poll(1, 1e4, rise(10, 2, 0.9)).want(364, 1000, BasisFreezes) // of two the shortest 183 ms, spread
	})
}

func TestAudioOutage(t *testing.T) {
	// plays is an interval of a second with so much of it concealed.
	plays := func(packets, concealed, events float64) members {
		return members{
			rtc.StatPacketsReceived: packets, rtc.StatTotalSamplesReceived: 48000, rtc.StatTotalSamplesDuration: 1,
			rtc.StatConcealedSamples: 48000 * concealed, rtc.StatSilentConcealedSamples: 48000 * max(concealed-0.4, 0), rtc.StatConcealmentEvents: events,
		}
	}
	begin := func(t *testing.T) *watched {
		return watch(t, rtc.KindAudio).poll(1, 1e4, plays(50, 0, 0)).want(nan, nan, BasisUnknown).
			poll(1, 1e4, plays(50, 0, 0)).want(0, 1000, BasisMoments)
	}
	t.Run("counted as it goes on, once", func(t *testing.T) {
		begin(t).poll(1, 0, plays(0, 0.9, 1)).want(900, 1000, BasisMoments).
			poll(1, 0, plays(0, 1, 0)).want(1000, 1000, BasisMoments).
			poll(1, 1e4, plays(20, 0.5, 0)).want(500, 1000, BasisMoments).
			poll(1, 1e4, plays(50, 0, 0)).want(0, 1000, BasisMoments)
	})
	t.Run("below the threshold", func(t *testing.T) {
		begin(t).poll(1, 1e4, plays(45, 0.1, 1)).want(0, 1000, BasisMoments).
			poll(1, 1e4, plays(30, 0.3, 12)).want(0, 1000, BasisMoments) // steady loss
	})
	t.Run("one long among short ones", func(t *testing.T) {
		begin(t).poll(1, 1e4, plays(20, 0.6, 4)).want(510, 1000, BasisMoments)
	})
	t.Run("told muted", func(t *testing.T) {
		x := begin(t)
		for i := range 10 {
			x.w.Off = 1
			x.poll(1, 100, plays(0, 1, float64(max(1-i, 0)))).want(0, 0, BasisMoments)
		}
		x.poll(1, 1e4, plays(50, 0, 0)).want(0, 1000, BasisMoments)
	})
	t.Run("switched off without telling", func(t *testing.T) {
		x := begin(t)
		var sum float64
		for i := range 60 {
			x.poll(1, 100, plays(0, 1, float64(max(1-i, 0))))
			sum += float64(x.values[AudioStutterTime.Index()])
		}
		if math.Abs(sum-15000) > 20 {
			t.Errorf("%v ms are stutter, want 15000: then it is taken as switched off", sum)
		}
	})
	t.Run("nobody listens", func(t *testing.T) {
		begin(t).poll(1, 1e4, members{rtc.StatPacketsReceived: 50}).want(0, 0, BasisMoments)
	})
	t.Run("discontinuous transmission", func(t *testing.T) {
		begin(t).poll(1, 1e3, plays(2, 0, 0)).want(0, 1000, BasisMoments)
	})
	t.Run("asleep", func(t *testing.T) {
		begin(t).poll(1, 1e4, plays(50, 0, 0)).poll(600, 0, plays(0, 0, 0)).want(0, 1000, BasisMoments).
			poll(600, 0, plays(0, 590, 1)).want(0, 1000, BasisMoments)
	})
	t.Run("interruptions counted", func(t *testing.T) {
		rise := plays(20, 0.6, 4)
		rise[rtc.StatInterruptionCount], rise[rtc.StatTotalInterruptionDuration] = 0, 0
		x := watch(t, rtc.KindAudio).poll(1, 1e4, rise)
		rise[rtc.StatInterruptionCount], rise[rtc.StatTotalInterruptionDuration] = 1, 0.45
		x.poll(1, 1e4, rise).want(450, 1000, BasisFreezes)
	})
	t.Run("gaps of the playout device", func(t *testing.T) {
		x := begin(t)
		x.w.Playout = over(rtc.TypeMediaPlayout, 1, members{rtc.StatSynthesizedSamplesDuration: 1, rtc.StatSynthesizedSamplesEvents: 3},
			members{rtc.StatSynthesizedSamplesDuration: 1.3, rtc.StatSynthesizedSamplesEvents: 4})
		x.poll(1, 1e4, plays(50, 0, 0)).want(300, 1000, BasisMoments)
	})
	t.Run("packets alone", func(t *testing.T) {
		packets := func(n float64) members { return members{rtc.StatPacketsReceived: n} }
		watch(t, rtc.KindAudio).poll(1, 1e4, packets(50)).poll(1, 1e4, packets(50)).want(nan, 1000, BasisUnknown).
			poll(1, 0, packets(0)).want(1000, 1000, BasisStandstill).
			poll(1, 1e4, packets(50)).want(0, 1000, BasisStandstill)
	})
	t.Run("exact ones count", func(t *testing.T) {
		rise := plays(50, 0, 0)
		rise[rtc.StatPeerglassAudioStutterDuration] = 0
		x := watch(t, rtc.KindAudio).poll(1, 1e4, rise)
		rise[rtc.StatPeerglassAudioStutterDuration] = 0.25
		x.poll(1, 1e4, rise).want(250, 1000, BasisExact)
	})
}

// Firefox and old browsers tell the number of pictures alone. A rate that stays
// lower is not one gap after the other.
func TestLowerRateOfPicturesThatAreOnlyCounted(t *testing.T) {
	only := func(n int) members {
		return members{rtc.StatFramesDecoded: float64(n), rtc.StatPacketsReceived: 4 * float64(n)}
	}
	x := watch(t, rtc.KindVideo).poll(2, 1e4, only(60)).poll(2, 1e4, only(60)).poll(2, 1e4, only(60))
	counted := 0.0
	for range 20 {
		x.poll(2, 1e4, only(30))
		if v := x.values[VideoStutterTime.Index()]; !rtc.IsNull(v) {
			counted += float64(v)
		}
	}
	if counted > 1500 {
		t.Errorf("%v ms of stutter in 40 s at half the rate, want no more than the first drop of it", counted)
	}
	x.poll(2, 1e4, only(0)).want(2000, 2000, BasisStandstill)
}
