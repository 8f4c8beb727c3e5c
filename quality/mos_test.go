package quality

import (
	"math"
	"testing"

	"github.com/peerglass/peerglass/rtc"
)

// mosOf derives the score of a stream's second poll, 2 s after the first, at
// which all of its counters were 0.
func mosOf(w *Window) float64 {
	values := make([]float32, len(Catalogue()))
	Derive(w, values)
	if w.Kind == rtc.KindAudio {
		return float64(values[AudioMOS.Index()])
	}
	return float64(values[VideoMOS.Index()])
}

// polled makes the window between two polls of a stream.
func polled(kind rtc.MediaKind, dir rtc.Direction, codec string, counters, gauges members) *Window {
	before, now := members{}, members{}
	for m, v := range counters {
		before[m], now[m] = 0, v
	}
	for m, v := range gauges {
		before[m], now[m] = v, v
	}
	typ := rtc.TypeInboundRTP
	if dir == rtc.Send {
		typ = rtc.TypeOutboundRTP
	}
	return &Window{
		Kind: kind, Dir: dir, Codec: codec, RTP: over(typ, 2, before, now), SentMeanwhile: nan, Relay: nan, Memory: new(Memory),
		Pair: over(rtc.TypeCandidatePair, 2, members{rtc.StatTotalRoundTripTime: 0, rtc.StatResponsesReceived: 0, rtc.StatBytesReceived: 0},
			members{rtc.StatTotalRoundTripTime: 0.05, rtc.StatResponsesReceived: 1, rtc.StatBytesReceived: 1e6}),
	}
}

// talking are the counters of 2 s of Opus at 32 kbit/s, 50 ms in the buffer.
func talking(change members) members {
	m := members{
		rtc.StatPacketsReceived: 100, rtc.StatPacketsLost: 0, rtc.StatBytesReceived: 8000, rtc.StatConcealedSamples: 0, rtc.StatSilentConcealedSamples: 0,
		rtc.StatTotalSamplesReceived: 96000, rtc.StatTotalSamplesDuration: 2, rtc.StatJitterBufferDelay: 4800, rtc.StatJitterBufferEmittedCount: 96000,
	}
	for k, v := range change {
		if m[k] = v; v != v {
			delete(m, k)
		}
	}
	return m
}

// showing are the counters and the size of 2 s of 640×480 at 30 frames.
func showing(change members) (counters, gauges members) {
	counters = members{
		rtc.StatPacketsReceived: 300, rtc.StatPacketsLost: 0, rtc.StatBytesReceived: 250_000, rtc.StatFramesDecoded: 60,
		rtc.StatTotalInterFrameDelay: 2, rtc.StatTotalSquaredInterFrameDelay: 2. / 30, rtc.StatJitterBufferDelay: 3, rtc.StatJitterBufferEmittedCount: 60,
	}
	gauges = members{rtc.StatFrameWidth: 640, rtc.StatFrameHeight: 480}
	for k, v := range change {
		to := counters
		if _, ok := gauges[k]; ok {
			to = gauges
		}
		if to[k] = v; v != v {
			delete(to, k)
		}
	}
	return counters, gauges
}

func TestAudioMOS(t *testing.T) {
	heard := func(codec string, change members) float64 {
		return mosOf(polled(rtc.KindAudio, rtc.Receive, codec, talking(change), nil))
	}
	sent := func(change func(*Window)) float64 {
		w := polled(rtc.KindAudio, rtc.Send, "audio/opus", members{rtc.StatPacketsSent: 100, rtc.StatBytesSent: 8000}, nil)
		w.RemoteFresh = true
		w.Remote = over(rtc.TypeRemoteInboundRTP, 2, nil, members{
			rtc.StatFractionLost: 0.05, rtc.StatRoundTripTime: 0.1, rtc.StatRoundTripTimeMeasurements: 3, rtc.StatJitter: 0.01})
		change(w)
		return mosOf(w)
	}
	for _, c := range []struct {
		name      string
		got, want float64
	}{
		{"clean Opus", heard("audio/opus", nil), 4.42},
		{"clean G.711", heard("audio/PCMU", nil), 4.41},
		{"clean G.722", heard("audio/G722", nil), 4.34},
		{"5 % concealed", heard("audio/opus", members{rtc.StatConcealedSamples: 4800}), 3.41},
		{"lost but repaired", heard("audio/opus", members{rtc.StatPacketsLost: 10, rtc.StatFecPacketsReceived: 90}), 4.42},
		{"concealment not told", heard("audio/opus", members{rtc.StatConcealedSamples: nan, rtc.StatPacketsLost: 10}), 2.80},
		{"and FEC", heard("audio/opus", members{rtc.StatConcealedSamples: nan, rtc.StatPacketsLost: 10, rtc.StatFecPacketsReceived: 90}), 3.23},
		{"and late ones", heard("audio/opus", members{rtc.StatConcealedSamples: nan, rtc.StatPacketsDiscarded: 10}), 2.70},
		{"half a second in the buffer", heard("audio/opus", members{rtc.StatJitterBufferDelay: 48000}), 3.20},
		{"6 kbit/s with pauses", heard("audio/opus", members{rtc.StatBytesReceived: 1500}), 3.73},
		{"codec without figures", heard("audio/ilbc", nil), nan},
		{"codec not told", heard("", nil), nan},
		{"nobody speaks", heard("audio/opus", members{rtc.StatPacketsReceived: 0, rtc.StatBytesReceived: 0}), nan},
		{"sent", sent(func(*Window) {}), 3.74},
		{"sent, no report", sent(func(w *Window) { w.RemoteFresh = false }), nan},
		{"sent, delay not measured", sent(func(w *Window) {
			w.Remote = over(rtc.TypeRemoteInboundRTP, 2, nil, members{rtc.StatFractionLost: 0.05})
		}), nan},
	} {
		if !(math.Abs(c.got-c.want) <= 0.005) && !(c.want != c.want && c.got != c.got) {
			t.Errorf("%s: %.2f, want %.2f", c.name, c.got, c.want)
		}
	}
}

func TestVideoMOS(t *testing.T) {
	seen := func(kind rtc.MediaKind, codec string, change members) float64 {
		counters, gauges := showing(change)
		return mosOf(polled(kind, rtc.Receive, codec, counters, gauges))
	}
	for _, c := range []struct {
		name      string
		got, want float64
	}{
		{"1 Mbit/s", seen(rtc.KindVideo, "video/VP8", nil), 4.12},
		{"better codec", seen(rtc.KindVideo, "video/VP9", nil), 4.22},
		{"more bits than it needs", seen(rtc.KindVideo, "video/VP8", members{rtc.StatBytesReceived: 2.5e6}), 5},
		{"8 frames", seen(rtc.KindVideo, "video/VP8", members{rtc.StatFramesDecoded: 16, rtc.StatTotalSquaredInterFrameDelay: 0.25}), 2.72},
		{"no delay known", seen(rtc.KindVideo, "video/VP8", members{rtc.StatJitterBufferDelay: nan}), nan},
		{"packets but no picture", seen(rtc.KindVideo, "video/VP8", members{rtc.StatFramesDecoded: 0, rtc.StatTotalInterFrameDelay: 0, rtc.StatTotalSquaredInterFrameDelay: 0, rtc.StatJitterBufferEmittedCount: 0}), nan},
		{"no size told", seen(rtc.KindVideo, "video/VP8", members{rtc.StatFrameWidth: nan}), nan},
		{"no frames counted", seen(rtc.KindVideo, "video/VP8", members{rtc.StatFramesDecoded: nan}), nan},
		{"a screen", seen(rtc.KindScreen, "video/VP8", nil), nan},
	} {
		if !(math.Abs(c.got-c.want) <= 0.01) && !(c.want != c.want && c.got != c.got) {
			t.Errorf("%s: %.2f, want %.2f", c.name, c.got, c.want)
		}
	}
}

// A network that goes away is heard and seen: it must not end in "not
// measured".
func TestMOSOfABlackout(t *testing.T) {
	counters, gauges := showing(nil)
	for _, w := range []*Window{
		polled(rtc.KindAudio, rtc.Receive, "audio/opus", talking(nil), nil),
		polled(rtc.KindVideo, rtc.Receive, "video/VP8", counters, gauges),
	} {
		if v := mosOf(w); !(v > 3) {
			t.Fatalf("%s before: %v", w.Kind, v)
		}
		// Two seconds in which nothing arrives and everything played is made up.
		w.RTP.Shift()
		w.RTP.Time += 2000
		w.Pair.Shift()
		w.Pair.Time += 2000
		if w.Kind == rtc.KindAudio {
			for _, m := range []rtc.Member{rtc.StatConcealedSamples, rtc.StatTotalSamplesReceived} {
				w.RTP.Set(m, w.RTP.Now(m)+96000)
			}
			w.RTP.Set(rtc.StatTotalSamplesDuration, w.RTP.Now(rtc.StatTotalSamplesDuration)+2)
		}
		if v := mosOf(w); !(v < 1.2) {
			t.Errorf("%s in a blackout: %v", w.Kind, v)
		}
	}
}
