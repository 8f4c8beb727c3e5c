package issue

import (
	"testing"
	"time"

	"github.com/peerglass/peerglass/quality"
	"github.com/peerglass/peerglass/rtc"
)

func TestPacketLoss(t *testing.T) {
	lost := func(share, packets float64) figures {
		return figures{quality.Loss: share, quality.PacketsLost: share * packets, quality.Packets: packets * (1 - share)}
	}
	sent := func(share, packets float64) figures {
		return figures{quality.Loss: share, quality.PacketsLost: share * packets}
	}
	runFaults(t, []fault{
		{name: "downlink 4 %", on: "audio received", set: lost(0.04, 50), within: 2 * time.Second, want: "packet_loss low packet_loss network"},
		{name: "downlink 8 %", on: "video received", set: lost(0.08, 100), want: "packet_loss medium packet_loss network"},
		{name: "downlink 12 % for 15 s", on: "video received", set: lost(0.12, 100), want: "packet_loss high packet_loss network"},
		{name: "downlink 30 %", on: "video received", set: lost(0.3, 100), want: "packet_loss high packet_loss network"},
		{name: "uplink 4 %", on: "video sent", set: sent(0.04, 100), within: 2 * time.Second, want: "packet_loss low packet_loss network"},
		{name: "uplink 8 %", on: "audio sent", set: sent(0.08, 50), want: "packet_loss medium packet_loss network"},
		{name: "half a percent", on: "video received", set: lost(0.005, 100)},
		{name: "one packet of fifty", on: "audio received", set: lost(0.02, 50), seconds: 1, every: []int{1}},
		{name: "late packets take back what was lost", on: "video received", set: figures{quality.Loss: 0, quality.PacketsLost: -5}},
	})
}

// The other end reports on audio every five seconds: the issue begins in the
// middle of the first that tells of loss, which is at most 2.5 s wrong.
func TestPacketLossOfRareReports(t *testing.T) {
	p := newPolls(t, time.Second)
	for i := range 60 {
		p.poll(func(name string, f figures) {
			if name != "audio sent" {
				return
			}
			if i%5 != 4 {
				merge(f, figures{quality.Loss: nan, quality.PacketsLost: nan, quality.Jitter: nan, quality.Rtt: nan})
			} else if i >= 30 && i < 45 {
				f[quality.Loss], f[quality.PacketsLost] = 0.1, 25
			}
		})
	}
	p.watch.End(p.now, "leave")
	all := p.found()
	if len(all) != 1 || all[0].Type != "packet_loss" || all[0].Start != at(32.5) || all[0].End != at(45) {
		t.Errorf("found %+v", all)
	}
}

func TestJitter(t *testing.T) {
	runFaults(t, []fault{
		{name: "audio 80 ms", on: "audio received", set: figures{quality.Jitter: 80}, want: "jitter low jitter network"},
		{name: "audio 300 ms, uplink", on: "audio sent", set: figures{quality.Jitter: 300}, want: "jitter medium jitter network"},
		{name: "video 600 ms", on: "video received", set: figures{quality.Jitter: 600}, want: "jitter high jitter network"},
		{name: "video 80 ms is a frame's burst", on: "video received", set: figures{quality.Jitter: 80}},
		{name: "the buffer grows with it", on: "video received", set: figures{quality.Jitter: 30, quality.JitterBufferDelay: 180}, want: "jitter low jitter network"},
	})
}

func TestReordering(t *testing.T) {
	runFaults(t, []fault{
		{name: "asked for and not lost", on: "video received", set: figures{quality.Nack: 10}, want: "reordering low jitter network"},
		{name: "much", on: "video received", set: figures{quality.Nack: 25}, want: "reordering medium jitter network"},
		{name: "asked for and lost", on: "video received", set: figures{quality.Nack: 10, quality.Loss: 0.05, quality.PacketsLost: 5}, within: 2 * time.Second,
			want: "packet_loss low packet_loss network"},
	})
}

func TestLatency(t *testing.T) {
	runFaults(t, []fault{
		{name: "it rose", on: "path", set: figures{quality.Rtt: 200}, want: "latency low latency network"},
		{name: "350 ms", on: "path", set: figures{quality.Rtt: 350}, want: "latency low latency network"},
		{name: "600 ms", on: "path", set: figures{quality.Rtt: 600}, want: "latency medium latency network"},
		{name: "900 ms, as reports say", on: "video sent", set: figures{quality.Rtt: 900}, path: figures{quality.Rtt: nan}, and: map[string]figures{"audio sent": {quality.Rtt: nan}},
			want: "latency high latency network"},
		{name: "one late answer", on: "path", set: figures{quality.Rtt: 350}, seconds: 1, every: []int{1}},
	})
}

func TestLag(t *testing.T) {
	runFaults(t, []fault{
		{name: "a long way", on: "video received", set: figures{quality.Delay: 450}, want: "lag low latency network"},
		{name: "a full buffer", on: "audio received", set: figures{quality.Delay: 600, quality.JitterBufferDelay: 500}, want: "lag medium jitter network"},
		{name: "300 ms", on: "audio received", set: figures{quality.Delay: 300}},
	})
}

func TestBandwidthDrop(t *testing.T) {
	runFaults(t, []fault{
		{name: "uplink", on: "path", set: figures{quality.AvailableOutgoing: 1_200_000}, and: map[string]figures{"video sent": {quality.LimitedBandwidth: 1000, quality.Bitrate: 500_000}},
			also: "encoder_limited_bandwidth", want: "bandwidth_drop low bandwidth network"},
		{name: "uplink, deep", on: "path", set: figures{quality.AvailableOutgoing: 300_000}, and: map[string]figures{"video sent": {quality.LimitedBandwidth: 1000, quality.Bitrate: 250_000}},
			also: "encoder_limited_bandwidth", want: "bandwidth_drop medium bandwidth network"},
		{name: "an estimate that falls and limits nothing", on: "path", set: figures{quality.AvailableOutgoing: 1_200_000}},
		{name: "downlink", on: "path", set: figures{quality.Bitrate: 300_000}, and: map[string]figures{"video received": {quality.Jitter: 90, quality.Bitrate: 250_000}},
			want: "bandwidth_drop medium bandwidth network"},
		{name: "less to see", on: "path", set: figures{quality.Bitrate: 300_000}, and: map[string]figures{"video received": {quality.Bitrate: 250_000}}},
	})
}

func TestCongestion(t *testing.T) {
	limited := figures{quality.LimitedBandwidth: 1000, quality.Bitrate: 250_000, quality.TargetBitrate: 300_000}
	runFaults(t, []fault{
		{name: "packets wait", on: "path", set: figures{quality.AvailableOutgoing: 300_000, quality.Rtt: 250}, and: map[string]figures{"video sent": limited},
			also: "encoder_limited_bandwidth bandwidth_drop latency", want: "congestion low bandwidth network"},
		{name: "packets wait and are lost", on: "path", set: figures{quality.AvailableOutgoing: 300_000, quality.Rtt: 250},
			and:  map[string]figures{"video sent": merged(limited, figures{quality.Loss: 0.06, quality.PacketsLost: 6})},
			also: "encoder_limited_bandwidth bandwidth_drop latency packet_loss", want: "congestion medium bandwidth network"},
	})
}

func TestNoMedia(t *testing.T) {
	nothing := map[string]figures{"audio received": missingFrom(quality.AudioStutterTime), "video received": missingFrom(quality.VideoStutterTime)}
	dry := figures{quality.Packets: 0, quality.PacketRate: 0, quality.Bitrate: 0}
	runFaults(t, []fault{
		{name: "a silent path", on: "path", set: silentPathFigures, and: nothing, also: "audio_freeze video_freeze", want: "no_media_received high no_packets network"},
		{name: "reports only", on: "path", set: figures{quality.Bitrate: 2000}, and: nothing, also: "audio_freeze video_freeze", want: "no_media_received low sender_stopped remote_user"},
		{name: "nothing sent", on: "audio sent", set: dry, want: "no_media_sent medium encoder local_user"},
		{name: "nobody says that it arrives", on: "path", set: figures{quality.Rtt: nan, quality.ICEResponses: 0}, within: time.Second, every: []int{1, 2}, and: map[string]figures{
			"audio sent": {quality.Loss: nan, quality.Rtt: nan, quality.PacketsLost: nan, quality.Jitter: nan},
			"video sent": {quality.Loss: nan, quality.Rtt: nan, quality.PacketsLost: nan, quality.Jitter: nan},
		}, want: "uplink_lost medium no_packets network"},
	})
}

// An application that keeps a connection for later is not cut off.
func TestStandby(t *testing.T) {
	p := newPolls(t, time.Second)
	p.watch.TellConnection(&rtc.Connection{ID: 2, Start: t0, Connected: t0.Add(time.Millisecond), State: "connected"})
	p.add("video received other", rtc.Stream{ID: 7, Connection: 2, Track: "other"})
	for i := range 60 {
		p.poll(func(name string, f figures) {
			if i < 20 || name == "video received other" || name == "client" {
				return
			}
			f[quality.Packets], f[quality.PacketRate], f[quality.Bitrate], f[quality.BitrateSent] = 0, 0, 0, 0
			switch name {
			case "video received":
				merge(f, missingFrom(quality.VideoStutterTime))
			case "audio received":
				merge(f, missingFrom(quality.AudioStutterTime))
			}
		})
	}
	p.watch.End(p.now, "leave")
	for _, i := range p.found() {
		t.Errorf("found %s", describe(&i))
	}
}

// An app's own thresholds move the levels with them.
func TestThresholds(t *testing.T) {
	p := newPolls(t, time.Second, WithThresholds(Thresholds{DownlinkVideoLoss: 0.05, CPUSystem: 0.25}))
	for range 20 {
		p.poll(func(name string, f figures) {
			if name == "video received" {
				f[quality.Loss], f[quality.PacketsLost] = 0.06, 6
			}
		})
	}
	p.watch.End(p.now, "leave")
	levels := map[string]rtc.Level{}
	for _, i := range p.found() {
		levels[i.Type] = i.Severity
	}
	if levels["packet_loss"] != rtc.High || levels["cpu_high"] != rtc.Medium || len(levels) != 2 {
		t.Errorf("found %v", levels)
	}
}
