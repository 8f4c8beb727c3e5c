package quality

import (
	"slices"
	"testing"

	"github.com/peerglass/peerglass/rtc"
)

// full is a window in which everything is told and moves, but for some members.
func full(kind rtc.MediaKind, dir rtc.Direction, without ...rtc.Member) *Window {
	before, now := members{}, members{}
	for _, m := range Catalogue() {
		for _, from := range m.From {
			if slices.Contains(without, from) {
				continue
			}
			before[from], now[from] = 100, 103
			switch info := from.Info(); {
			case from == rtc.StatSilentConcealedSamples:
				now[from] = 101
			case from == rtc.StatTotalSquaredInterFrameDelay:
				now[from] = 110
			case info.Unit == rtc.UnitBytes || info.Unit == rtc.UnitBitsPerSecond:
				before[from], now[from] = 1e6, 2e6
			case info.Form == rtc.Gauge:
				before[from], now[from] = 0.5, 0.6
			}
		}
	}
	report := func(t rtc.StatsType) *Report { return over(t, 2, before, now) }
	w := &Window{
		Kind: kind, Dir: dir, RTP: report(rtc.TypeInboundRTP), Remote: report(rtc.TypeRemoteInboundRTP), RemoteFresh: true,
		Source: report(rtc.TypeMediaSource), Playout: report(rtc.TypeMediaPlayout),
		Transport: report(rtc.TypeTransport), Pair: report(rtc.TypeCandidatePair), Machine: report(rtc.TypeClient),
		SentMeanwhile: 100, Relay: 1, Codec: "audio/opus", Memory: new(Memory), AudioBehind: nan,
	}
	if kind != rtc.KindAudio {
		w.Codec = "video/VP8"
	}
	if slices.Contains(without, rtc.StatCandidateType) {
		w.Relay = nan
	}
	if w.Remote.Set(rtc.StatRemoteTimestamp, w.Remote.Time-500); slices.Contains(without, rtc.StatRemoteTimestamp) {
		w.Remote.Set(rtc.StatRemoteTimestamp, nan)
	}
	w.Remote.Time -= 300
	if !slices.Contains(without, rtc.StatEstimatedPlayoutTimestamp) {
		w.RTP.Set(rtc.StatEstimatedPlayoutTimestamp, w.RTP.Time+ntpEpoch-1000)
		w.AudioBehind = 0.1
	}
	return w
}

// What was not told is null. A metric without all of its members is null;
// without one of them it is null or what the others say, but never 0.
func TestWhatIsNotToldIsNull(t *testing.T) {
	derived := func(w *Window, m *Metric) float32 {
		values := make([]float32, len(Catalogue()))
		Derive(w, values)
		return values[m.Index()]
	}
	for _, m := range Catalogue() {
		for kind := rtc.KindAudio; kind <= rtc.KindClient; kind++ {
			for dir := rtc.Both; dir <= rtc.Receive; dir++ {
				if !m.Has(kind, dir) || (dir == rtc.Both) != (kind >= rtc.KindTransport) {
					continue
				}
				name := m.ID + " of " + kind.String() + " " + dir.String()
				if v := derived(full(kind, dir), m); (rtc.IsNull(v) || v == 0) && (m != VideoMOS || kind != rtc.KindScreen) {
					t.Errorf("%s is %v though all is told and moves", name, v)
				}
				if v := derived(full(kind, dir, m.From...), m); !rtc.IsNull(v) {
					t.Errorf("%s is %v without any of its members, want null", name, v)
				}
				for _, from := range m.From {
					if v := derived(full(kind, dir, from), m); v == 0 {
						t.Errorf("%s is 0 without %s, want null or a value", name, from)
					}
				}
				w := full(kind, dir)
				for _, r := range []*Report{w.RTP, w.Remote, w.Source, w.Playout, w.Transport, w.Pair, w.Machine} {
					r.Restart()
				}
				if v := derived(w, m); v == 0 {
					t.Errorf("%s is 0 in the first poll, want null or a value", name)
				}
			}
		}
	}
}
