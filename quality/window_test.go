package quality

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/peerglass/peerglass/rtc"
)

var nan = math.NaN()

// members are the values of one report.
type members map[rtc.Member]float64

// over makes a report with these values before and now, seconds apart.
func over(t rtc.StatsType, seconds float64, before, now members) *Report {
	r := NewReport(t)
	r.Time = 1e12
	for m, v := range before {
		r.Set(m, v)
	}
	r.Shift()
	r.Time += 1000 * seconds
	for m, v := range now {
		r.Set(m, v)
	}
	return &r
}

func TestMetrics(t *testing.T) {
	received := func(kind rtc.MediaKind, before, now members) *Window {
		return &Window{Kind: kind, Dir: rtc.Receive, RTP: over(rtc.TypeInboundRTP, 2, before, now), Relay: nan, SentMeanwhile: nan}
	}
	sent := func(kind rtc.MediaKind, before, now members) *Window {
		return &Window{Kind: kind, Dir: rtc.Send, RTP: over(rtc.TypeOutboundRTP, 2, before, now), Relay: nan, SentMeanwhile: nan}
	}
	with := func(w *Window, change func(*Window)) *Window { change(w); return w }
	a, v := rtc.KindAudio, rtc.KindVideo
	for _, c := range []struct {
		name string
		m    *Metric
		w    *Window
		want float64
	}{
		{"energy", AudioLevel, received(a, members{rtc.StatTotalAudioEnergy: 1, rtc.StatTotalSamplesDuration: 10, rtc.StatAudioLevel: 0.9},
			members{rtc.StatTotalAudioEnergy: 1.5, rtc.StatTotalSamplesDuration: 12}), 0.5},
		{"level only", AudioLevel, received(a, nil, members{rtc.StatAudioLevel: 0.25}), 0.25},
		{"of the source", AudioLevel, with(sent(a, nil, nil), func(w *Window) {
			w.Source = over(rtc.TypeMediaSource, 2, nil, members{rtc.StatAudioLevel: 0.125})
		}), 0.125},
		{"of the track", AudioLevel, with(received(a, nil, nil), func(w *Window) {
			w.Track = over(rtc.TypeTrack, 2, nil, members{rtc.StatAudioLevel: 0.75})
		}), 0.75},
		{"nothing", AudioLevel, received(a, nil, nil), nan},

		{"of what was played", Concealment, received(a, members{rtc.StatConcealedSamples: 0, rtc.StatTotalSamplesReceived: 0, rtc.StatSilentConcealedSamples: 0},
			members{rtc.StatConcealedSamples: 14400, rtc.StatSilentConcealedSamples: 4800, rtc.StatTotalSamplesReceived: 96000}), 0.1},
		{"silence not told", Concealment, received(a, members{rtc.StatConcealedSamples: 0, rtc.StatTotalSamplesReceived: 0},
			members{rtc.StatConcealedSamples: 48000, rtc.StatTotalSamplesReceived: 96000}), 0.5},
		{"nothing played", Concealment, received(a, members{rtc.StatConcealedSamples: 0, rtc.StatTotalSamplesReceived: 0}, nil), nan},
		{"by the interval", Concealed, received(a, members{rtc.StatConcealedSamples: 0, rtc.StatTotalSamplesReceived: 0},
			members{rtc.StatConcealedSamples: 4800, rtc.StatTotalSamplesReceived: 96000}), 100},
		{"old browser", Concealment, with(received(a, nil, nil), func(w *Window) {
			w.Track = over(rtc.TypeTrack, 2, members{rtc.StatConcealedSamples: 0, rtc.StatTotalSamplesReceived: 0}, members{rtc.StatConcealedSamples: 10, rtc.StatTotalSamplesReceived: 100})
		}), 0.1},

		{"per emitted", JitterBufferDelay, received(v, members{rtc.StatJitterBufferDelay: 1, rtc.StatJitterBufferEmittedCount: 10},
			members{rtc.StatJitterBufferDelay: 4, rtc.StatJitterBufferEmittedCount: 60}), 60},
		{"none emitted", JitterBufferDelay, received(v, members{rtc.StatJitterBufferDelay: 1, rtc.StatJitterBufferEmittedCount: 10}, nil), nan},

		{"payload", Bitrate, received(v, members{rtc.StatBytesReceived: 1000}, members{rtc.StatBytesReceived: 251_000}), 1_000_000},
		{"reset", Bitrate, received(v, members{rtc.StatBytesReceived: 1000}, members{rtc.StatBytesReceived: 10}), nan},
		{"sender's", Bitrate, sent(v, members{rtc.StatBytesSent: 0, rtc.StatBytesReceived: 0}, members{rtc.StatBytesSent: 25_000}), 100_000},
		{"late packets", Loss, received(v, members{rtc.StatPacketsLost: 10, rtc.StatPacketsReceived: 0}, members{rtc.StatPacketsLost: 5, rtc.StatPacketsReceived: 100}), 0},
		{"only losses", Loss, received(v, members{rtc.StatPacketsLost: 0, rtc.StatPacketsReceived: 5}, members{rtc.StatPacketsLost: 5}), 1},
		{"no packets at all", Loss, received(v, members{rtc.StatPacketsLost: 0, rtc.StatPacketsReceived: 5}, nil), nan},
		{"retransmitted", Retransmitted, sent(v, members{rtc.StatRetransmittedPacketsSent: 0, rtc.StatPacketsSent: 0}, members{rtc.StatRetransmittedPacketsSent: 5, rtc.StatPacketsSent: 100}), 0.05},

		{"spread of even frames", FrameSpread, received(v, members{rtc.StatTotalInterFrameDelay: 0, rtc.StatTotalSquaredInterFrameDelay: 0, rtc.StatFramesDecoded: 0},
			members{rtc.StatTotalInterFrameDelay: 2, rtc.StatTotalSquaredInterFrameDelay: 0.4, rtc.StatFramesDecoded: 10}), 0},
		{"spread of 0.1 and 0.3 s", FrameSpread, received(v, members{rtc.StatTotalInterFrameDelay: 0, rtc.StatTotalSquaredInterFrameDelay: 0, rtc.StatFramesDecoded: 0},
			members{rtc.StatTotalInterFrameDelay: 2, rtc.StatTotalSquaredInterFrameDelay: 0.5, rtc.StatFramesDecoded: 10}), 100},
		{"freeze", FreezeTime, received(v, members{rtc.StatTotalFreezesDuration: 1.25}, members{rtc.StatTotalFreezesDuration: 1.75}), 500},
		{"not counted", FreezeTime, received(v, nil, nil), nan},
		{"stands still", FpsDecoded, received(v, members{rtc.StatFramesDecoded: 7}, nil), 0},
		{"decode", FrameTime, received(v, members{rtc.StatTotalDecodeTime: 0, rtc.StatFramesDecoded: 0}, members{rtc.StatTotalDecodeTime: 0.3, rtc.StatFramesDecoded: 60}), 5},
		{"encode", FrameTime, sent(v, members{rtc.StatTotalEncodeTime: 0, rtc.StatFramesEncoded: 0}, members{rtc.StatTotalEncodeTime: 0.6, rtc.StatFramesEncoded: 60}), 10},
		{"captured, counted", FpsCaptured, with(sent(v, nil, nil), func(w *Window) {
			w.Source = over(rtc.TypeMediaSource, 2, members{rtc.StatFrames: 0}, members{rtc.StatFrames: 50, rtc.StatFramesPerSecond: 30})
		}), 25},
		{"captured, told", FpsCaptured, with(sent(v, nil, nil), func(w *Window) {
			w.Source = over(rtc.TypeMediaSource, 2, nil, members{rtc.StatFramesPerSecond: 30})
		}), 30},
		{"limited", LimitedCPU, sent(v, members{rtc.StatQualityLimitationDurationsCpu: 1}, members{rtc.StatQualityLimitationDurationsCpu: 2.5}), 1500},

		{"stale", Rtt, with(sent(v, nil, nil), func(w *Window) {
			w.Remote = over(rtc.TypeRemoteInboundRTP, 2, nil, members{rtc.StatRoundTripTime: 0.1})
		}), nan},
		{"fresh", Rtt, with(sent(v, nil, nil), func(w *Window) {
			w.RemoteFresh, w.Remote = true, over(rtc.TypeRemoteInboundRTP, 2, nil, members{rtc.StatRoundTripTime: 0.1})
		}), 100},
		{"not measured yet", Rtt, with(received(v, nil, nil), func(w *Window) {
			w.RemoteFresh, w.Remote = true, over(rtc.TypeRemoteOutboundRTP, 2, nil, members{rtc.StatRoundTripTime: 0, rtc.StatRoundTripTimeMeasurements: 0})
		}), nan},
		{"path without counters", Rtt, &Window{Kind: rtc.KindTransport, Pair: over(rtc.TypeCandidatePair, 2, nil, members{rtc.StatCurrentRoundTripTime: 0.05})}, 50},
		{"path without reports", Rtt, &Window{Kind: rtc.KindTransport}, nan},
		{"path", Bitrate, &Window{Kind: rtc.KindTransport, Pair: over(rtc.TypeCandidatePair, 2, members{rtc.StatBytesReceived: 0}, members{rtc.StatBytesReceived: 1000})}, 4000},
	} {
		t.Run(c.m.ID+" "+c.name, func(t *testing.T) {
			values := make([]float32, len(Catalogue()))
			Derive(c.w, values)
			got := float64(values[c.m.Index()])
			if want := c.want; !(math.Abs(got-want) < 1e-4*max(1, want)) && !(want != want && got != got) {
				t.Errorf("%v, want %v", got, want)
			}
		})
	}
}

func TestDeriveFillsOnlyWhatIsMeasuredThere(t *testing.T) {
	values := make([]float32, len(Catalogue()))
	Derive(&Window{Kind: rtc.KindAudio, Dir: rtc.Send, RTP: over(rtc.TypeOutboundRTP, 1, members{rtc.StatPacketsSent: 0, rtc.StatFramesSent: 0}, members{rtc.StatPacketsSent: 5, rtc.StatFramesSent: 5})}, values)
	for i, v := range values {
		m := Catalogue()[i]
		if measured := !rtc.IsNull(v); measured != (m == Packets || m == PacketRate) {
			t.Errorf("%s = %v", m.ID, v)
		}
	}
	for kind := range rtc.KindClient + 1 {
		for dir := range rtc.Receive + 1 {
			for _, m := range For(kind, dir) {
				if !m.Has(kind, dir) {
					t.Errorf("%s is not measured for %s %s", m.ID, kind, dir)
				}
			}
		}
	}
}

// Whatever a browser reports: no metric is infinite, and shares are shares.
func TestValuesAreSound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		number := rapid.SampledFrom([]float64{0, 1, 2, 0.5, -3, 1e9, 1e300, nan})
		draw := func(typ rtc.StatsType, name string) *Report {
			before, now := members{}, members{}
			for _, m := range Catalogue() {
				for _, from := range m.From {
					if rapid.Bool().Draw(t, name) {
						before[from], now[from] = number.Draw(t, "before"), number.Draw(t, "now")
					}
				}
			}
			return over(typ, rapid.SampledFrom([]float64{0, 0.05, 1, 60}).Draw(t, "seconds"), before, now)
		}
		w := &Window{
			Kind: rapid.SampledFrom([]rtc.MediaKind{rtc.KindAudio, rtc.KindVideo, rtc.KindScreen}).Draw(t, "kind"),
			Dir:  rapid.SampledFrom([]rtc.Direction{rtc.Send, rtc.Receive}).Draw(t, "dir"),
			RTP:  draw(rtc.TypeInboundRTP, "rtp"), Remote: draw(rtc.TypeRemoteInboundRTP, "remote"), Source: draw(rtc.TypeMediaSource, "source"),
			RemoteFresh: rapid.Bool().Draw(t, "fresh"), SentMeanwhile: number.Draw(t, "meanwhile"),
		}
		values := make([]float32, len(Catalogue()))
		Derive(w, values)
		for i, v := range values {
			m := Catalogue()[i]
			if math.IsInf(float64(v), 0) || m.Unit == rtc.UnitRatio && m != AudioLevel && m != Corruption && (v < 0 || v > 1) {
				t.Fatalf("%s = %v", m.ID, v)
			}
		}
	})
}

func TestReportLaysPatchOnPatch(t *testing.T) {
	r := NewReport(rtc.TypeInboundRTP)
	m := rtc.StatPacketsReceived
	if r.Set(rtc.StatVpn, 1); r.Now(rtc.StatVpn) == 1 {
		t.Error("a member that nothing reads is kept")
	}
	if !r.Set(m, 5) || r.Set(m, 5) || !r.Set(m, 6) || !r.Set(m, nan) || r.Set(m, nan) {
		t.Error("Set does not tell what changed")
	}
	r.Set(m, 7)
	r.Set(rtc.StatJitter, 1)
	r.Only([]rtc.Value{{Member: m}})
	if r.Now(m) != 7 || r.Now(rtc.StatJitter) == 1 {
		t.Error("Only keeps what was not told")
	}
	var none *Report
	if v := none.Now(m) + none.Prev(m) + none.Delta(m) + none.Seconds(); v == v {
		t.Error("a report that is not there has values")
	}
}

// Aggregates, units and steps that a chart and a column rely on.
func TestCatalogueIsSound(t *testing.T) {
	for i, m := range Catalogue() {
		if m.Index() != i || Find(m.ID) != m {
			t.Errorf("%s does not find itself", m.ID)
		}
		if m.Agg == Sum && (m.Unit == rtc.UnitRatio || m.Unit == rtc.UnitBitsPerSecond || m.Unit == rtc.UnitFramesPerSecond) {
			t.Errorf("%s: rates and shares do not add up", m.ID)
		}
	}
	if Find("no_such_metric") != nil {
		t.Error("a metric was found that does not exist")
	}
}
