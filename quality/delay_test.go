package quality

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/peerglass/peerglass/rtc"
)

func TestOneWay(t *testing.T) {
	for _, c := range []struct {
		name string
		way  Way
		want float64
	}{
		{"by the sender's clock, 5 s off", Way{Playout: 5.180, Offset: 5.030, RTT: 0.050, Buffer: 0.1, Device: 0.02}, 0.175},
		{"sum of the parts", Way{Playout: nan, Offset: nan, RTT: 0.050, Buffer: 0.1, Device: 0.02}, 0.145},
		{"no device", Way{Playout: nan, Offset: nan, RTT: 0.050, Buffer: 0.1, Device: nan}, 0.125},
		{"played before it was captured: a clock is wrong", Way{Playout: 4.9, Offset: 5, RTT: 0.05, Buffer: 0.1, Device: nan}, 0.125},
		{"an hour late: a clock is wrong", Way{Playout: 3605, Offset: 5, RTT: 0.05, Buffer: 0.1, Device: nan}, 0.125},
		{"no round trip", Way{Playout: 5.18, Offset: 5.03, RTT: nan, Buffer: 0.1, Device: nan}, nan},
		{"no buffer", Way{Playout: nan, Offset: nan, RTT: 0.05, Buffer: nan, Device: 0.02}, nan},
	} {
		if got := OneWay(c.way); !(math.Abs(got-c.want) < 1e-9) && !(got != got && c.want != c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

// Clocks apart and running apart, a network that queues, reports that queue
// with it: the delay is near the true one.
func TestDelayIsNearTheTruth(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	var worst, sum, n float64
	for range 200 {
		apart := 1000 * (rnd.Float64()*20000 - 10000) // ms: the sender's clock less the receiver's
		drift := (rnd.Float64() - 0.5) * 1e-4
		network := 5 + 95*rnd.Float64()
		r, remote, pair := NewReport(rtc.TypeInboundRTP), NewReport(rtc.TypeRemoteOutboundRTP), NewReport(rtc.TypeCandidatePair)
		w := Window{Kind: rtc.KindAudio, Dir: rtc.Receive, RTP: &r, Remote: &remote, Pair: &pair, Memory: new(Memory), Relay: nan, SentMeanwhile: nan, AudioBehind: nan}
		values := make([]float32, len(Catalogue()))
		var answered, roundTrips float64
		for second := 0.0; second < 60; second++ {
			now := 1.7e12 + 1000*second
			queue := 20 * rnd.ExpFloat64() // ms
			r.Shift()
			pair.Shift()
			r.Time, pair.Time = now, now
			delay := network + 80
			r.Set(rtc.StatEstimatedPlayoutTimestamp, math.Round(now-delay+apart*(1+drift)+ntpEpoch))
			r.Set(rtc.StatPacketsReceived, 50*second)
			r.Set(rtc.StatJitterBufferEmittedCount, 48000*second)
			w.RemoteFresh = int(second)%5 == 2
			if w.RemoteFresh {
				remote.Shift()
				remote.Time = now - 1000*rnd.Float64()
				remote.Set(rtc.StatRemoteTimestamp, remote.Time-network-queue+apart*(1+drift))
			}
			if int(second)%3 == 0 {
				answered++
				roundTrips += (2*network + 5*rnd.ExpFloat64()) / 1000
			}
			pair.Set(rtc.StatResponsesReceived, answered)
			pair.Set(rtc.StatTotalRoundTripTime, roundTrips)
			Derive(&w, values)
			if got := float64(values[Delay.Index()]); second > 30 {
				e := math.Abs(got - delay)
				if e != e {
					t.Fatal("not measured")
				}
				worst, sum, n = max(worst, e), sum+e, n+1
			}
		}
	}
	t.Logf("mean error %.1f ms, worst %.1f ms", sum/n, worst)
	if sum/n > 10 || worst > 80 {
		t.Errorf("mean error %.1f ms, worst %.1f ms; want below 10 and 80", sum/n, worst)
	}
}

func TestDelayRemembersTheRoundTrip(t *testing.T) {
	r, pair := NewReport(rtc.TypeInboundRTP), NewReport(rtc.TypeCandidatePair)
	w := Window{Kind: rtc.KindVideo, Dir: rtc.Receive, RTP: &r, Pair: &pair, Memory: new(Memory), Relay: nan, SentMeanwhile: nan, AudioBehind: nan}
	values := make([]float32, len(Catalogue()))
	for second := 0.0; second < 40; second++ {
		r.Shift()
		pair.Shift()
		r.Time, pair.Time = 1e12+1000*second, 1e12+1000*second
		r.Set(rtc.StatPacketsReceived, 100*second)
		r.Set(rtc.StatFramesDecoded, 30*second)
		r.Set(rtc.StatJitterBufferEmittedCount, 30*second)
		r.Set(rtc.StatTotalProcessingDelay, 30*second*0.45)
		pair.Set(rtc.StatCurrentRoundTripTime, 0.04) // repeated for ever
		pair.Set(rtc.StatResponsesReceived, min(second, 2))
		pair.Set(rtc.StatTotalRoundTripTime, min(second, 2)*0.04)
		Derive(&w, values)
		delay, lag := float64(values[Delay.Index()]), float64(values[LagTime.Index()])
		switch {
		case second == 0, second > 32:
			if delay == delay || lag == lag {
				t.Errorf("at %v s: delay %v, lag %v; want null", second, delay, lag)
			}
		case delay != 470 || lag != 1000:
			t.Errorf("at %v s: delay %v, lag %v; want 470, 1000", second, delay, lag)
		}
	}
}

func TestAudioAheadOfVideo(t *testing.T) {
	window := func(kind rtc.MediaKind, behind float64) *Window {
		before := members{rtc.StatPacketsReceived: 0, rtc.StatFramesDecoded: 0, rtc.StatJitterBufferEmittedCount: 0}
		r := over(rtc.TypeInboundRTP, 1, before, members{rtc.StatPacketsReceived: 50, rtc.StatFramesDecoded: 25, rtc.StatJitterBufferEmittedCount: 25})
		r.Set(rtc.StatEstimatedPlayoutTimestamp, r.Time-1000*behind) // as the standard has it, from 1970
		remote := over(rtc.TypeRemoteOutboundRTP, 1, nil, nil)
		remote.Time = r.Time - 500
		remote.Set(rtc.StatRemoteTimestamp, remote.Time-20)
		return &Window{Kind: kind, Dir: rtc.Receive, RTP: r, Remote: remote, RemoteFresh: true, Memory: new(Memory), Relay: nan, SentMeanwhile: nan, AudioBehind: nan}
	}
	values := make([]float32, len(Catalogue()))
	audio, video := window(rtc.KindAudio, 0.1), window(rtc.KindVideo, 0.25)
	Derive(audio, values)
	video.AudioBehind = audio.Memory.Behind()
	Derive(video, values)
	if got := values[AVOffset.Index()]; got != 150 {
		t.Errorf("audio is %v ms ahead, want 150", got)
	}
	video = window(rtc.KindVideo, 0.25)
	Derive(video, values)
	if got := values[AVOffset.Index()]; !rtc.IsNull(got) {
		t.Errorf("audio is %v ms ahead though there is none", got)
	}
}
