package issue

import (
	"testing"
	"time"

	"github.com/peerglass/peerglass/quality"
	"github.com/peerglass/peerglass/rtc"
)

var silentPathFigures = figures{quality.Bitrate: 0, quality.Rtt: nan, quality.ICEResponses: 0}

// missingFrom is what a received stream shows while nothing comes.
func missingFrom(stutter *quality.Metric) figures {
	return figures{
		quality.Packets: 0, quality.PacketRate: 0, quality.Bitrate: 0, stutter: 1000, quality.Loss: nan, quality.PacketsLost: 0,
		quality.FpsReceived: 0, quality.FpsDecoded: 0, quality.Delay: nan, quality.JitterBufferDelay: nan, quality.FrameTime: nan, quality.AVOffset: nan,
	}
}

func TestVideoFreeze(t *testing.T) {
	still := figures{quality.VideoStutterTime: 700, quality.FpsDecoded: 12}
	runFaults(t, []fault{
		{name: "one short stutter is low", on: "video received", set: still, seconds: 1, every: []int{1}, also: "low_frame_rate", want: "video_freeze low  unknown"},
		{name: "stutters for five seconds are medium", on: "video received", set: still, seconds: 5, every: []int{1, 5}, also: "low_frame_rate", want: "video_freeze medium  unknown"},
		{name: "stutters for fifteen seconds are high", on: "video received", set: still, also: "low_frame_rate", want: "video_freeze high  unknown"},
		{name: "a standstill with packets is high from 5 s", on: "video received", set: figures{quality.VideoStutterTime: 1000, quality.FpsDecoded: 0, quality.FpsReceived: 0, quality.Pli: 1, quality.AVOffset: nan},
			seconds: 6, every: []int{1}, want: "video_freeze high packet_loss network"},
		{name: "a standstill of 2 s is medium", on: "video received", set: figures{quality.VideoStutterTime: 1000, quality.FpsDecoded: 0, quality.Pli: 1}, seconds: 2, every: []int{1}, want: "video_freeze medium packet_loss network"},
		{name: "nothing comes over the path", on: "video received", set: missingFrom(quality.VideoStutterTime), path: silentPathFigures,
			and: map[string]figures{"audio received": missingFrom(quality.AudioStutterTime)}, also: "audio_freeze no_media_received", want: "video_freeze high no_packets network"},
		{name: "only this stream stopped: low, its sender may have switched it off", on: "video received", set: missingFrom(quality.VideoStutterTime),
			path: figures{quality.Bitrate: 40_000}, want: "video_freeze low sender_stopped remote_user"},
		{name: "lost packets", on: "video received", set: figures{quality.VideoStutterTime: 600, quality.Loss: 0.08, quality.PacketsLost: 8, quality.FpsDecoded: 20},
			also: "packet_loss", want: "video_freeze high packet_loss network"},
		{name: "late packets over a link that brings half", on: "video received", set: figures{quality.VideoStutterTime: 600, quality.Jitter: 150, quality.FpsDecoded: 20, quality.FpsReceived: 20},
			path: figures{quality.Bitrate: 300_000}, also: "jitter bandwidth_drop", want: "video_freeze high bandwidth network"},
		{name: "the machine is too slow to decode", on: "video received", set: figures{quality.VideoStutterTime: 600, quality.FrameTime: 60, quality.FpsDecoded: 16},
			also: "cpu_high low_frame_rate", want: "video_freeze high cpu local_user"},
		{name: "the sender sends few frames", on: "video received", set: figures{quality.VideoStutterTime: 600, quality.FpsDecoded: 9, quality.FpsReceived: 9},
			also: "low_frame_rate", want: "video_freeze high sender_slow remote_user"},
	})
}

func TestAudioFreeze(t *testing.T) {
	runFaults(t, []fault{
		{name: "a gap of 300 ms in a minute is none", on: "audio received", set: figures{quality.AudioStutterTime: 300}, seconds: 1, every: []int{1}},
		{name: "one of 900 ms is low", on: "audio received", set: figures{quality.AudioStutterTime: 900}, seconds: 1, every: []int{1}, want: "audio_freeze low  unknown"},
		{name: "gaps for 15 s are high", on: "audio received", set: figures{quality.AudioStutterTime: 300, quality.Loss: 0.3, quality.PacketsLost: 20}, within: 4 * time.Second,
			also: "packet_loss", want: "audio_freeze high packet_loss network"},
		{name: "the playout device was not served", on: "audio received", set: figures{quality.AudioStutterTime: 400, quality.SynthesizedTime: 400}, within: 2 * time.Second,
			also: "cpu_high", want: "audio_freeze high playout_device local_user"},
		{name: "a second without packets on either stream", on: "audio received", every: []int{1}, seconds: 1,
			set: figures{quality.AudioStutterTime: 800, quality.Packets: 10, quality.Bitrate: 6400},
			and: map[string]figures{"video received": {quality.Bitrate: 200_000, quality.FpsReceived: 20}}, want: "audio_freeze low no_packets network"},
	})
}

// While the other user is muted, or the page hidden, nothing is due and the
// metrics count no time: a stream that is told to be off raises nothing, nor
// one that comes back.
func TestNothingIsSaidOfWhatIsOff(t *testing.T) {
	dry := figures{quality.Packets: 0, quality.PacketRate: 0, quality.Bitrate: 0, quality.FpsEncoded: 0, quality.Loss: nan, quality.Rtt: nan, quality.Jitter: nan}
	off := func(name, value string) func(*polls) { return func(p *polls) { p.event(name, value) } }
	runFaults(t, []fault{
		{name: "remote mute", on: "video received", set: figures{quality.Packets: 0, quality.FpsDecoded: 0, quality.FpsReceived: 0, quality.VideoTime: 0, quality.Bitrate: 0}},
		{name: "own video muted", on: "video sent", set: merged(dry, figures{quality.FpsCaptured: 0}), before: off("mute", `{"kind":"video","track":"video sent"}`)},
		{name: "own video muted, by kind only", on: "video sent", set: merged(dry, figures{quality.FpsCaptured: 0}), before: off("mute", `{"kind":"video"}`)},
		{name: "own audio muted", on: "audio sent", set: figures{quality.AudioLevel: 0, quality.Bitrate: 1200}, before: off("mute", `{"kind":"audio","track":"audio sent"}`)},
		{name: "track stopped", on: "video sent", set: dry, before: off("MediaStreamTrack.stop", `{"kind":"video","id":"video sent"}`)},
		{name: "track taken away", on: "video sent", set: dry, before: off("replaceTrack", `{"from":{"kind":"video","id":"video sent"},"to":null}`)},
		{name: "the system muted the microphone", on: "audio sent", set: figures{quality.AudioLevel: 0, quality.Bitrate: 1200}, before: off("MediaStreamTrack.onmute", `{"kind":"audio","id":"audio sent"}`),
			also: "device_muted"},
		{name: "page hidden", on: "video sent", set: figures{quality.FpsCaptured: 0, quality.FpsEncoded: 0}, before: off("visibility", `{"hidden":true}`),
			and: map[string]figures{"client": {quality.LoopLag: 1000}}, also: "page_hidden"},
		{name: "layer switched off", on: "video sent", set: merged(dry, figures{quality.Active: 0})},
	})
}

func merged(a, b figures) figures {
	c := make(figures)
	merge(c, a)
	merge(c, b)
	return c
}

// In its first seconds a stream may stutter and be slow.
func TestNothingSlightIsSaidOfAStreamThatBegins(t *testing.T) {
	p := newPolls(t, time.Second)
	for i := range 30 {
		p.poll(func(name string, f figures) {
			if i >= 5 {
				return
			}
			switch name {
			case "video received":
				f[quality.VideoStutterTime], f[quality.FpsDecoded], f[quality.Jitter] = 600, 5, 200
			case "audio received":
				f[quality.AudioStutterTime], f[quality.Jitter], f[quality.Delay] = 400, 200, 600
			case "video sent":
				f[quality.FpsCaptured], f[quality.FpsEncoded], f[quality.LimitedBandwidth], f[quality.Bitrate] = 3, 3, 1000, 100_000
			case "path":
				f[quality.AvailableOutgoing] = 300_000
			}
		})
	}
	p.watch.End(p.now, "leave")
	for _, i := range p.found() {
		t.Errorf("found %s", describe(&i))
	}
}

// A laptop that slept for half a minute tells of all of it in one interval.
func TestNothingIsSaidOfASleep(t *testing.T) {
	p := newPolls(t, time.Second)
	for i := range 60 {
		p.every = time.Second
		if i == 30 {
			p.every = 30 * time.Second
		}
		p.poll(func(name string, f figures) {
			if i == 30 {
				switch name {
				case "video sent":
					f[quality.FpsCaptured], f[quality.FpsEncoded] = 1, 1
				case "video received", "audio received":
					f[quality.FpsDecoded], f[quality.Loss], f[quality.PacketsLost], f[quality.Jitter] = 1, 0.9, 500, 900
				}
			}
		})
	}
	p.watch.End(p.now, "leave")
	for _, i := range p.found() {
		t.Errorf("found %s", describe(&i))
	}
}

func TestLowFrameRate(t *testing.T) {
	runFaults(t, []fault{
		{name: "capture falls to 12", on: "video sent", set: figures{quality.FpsCaptured: 12, quality.FpsEncoded: 12}, want: "low_frame_rate low source local_user"},
		{name: "capture falls to 8", on: "video sent", set: figures{quality.FpsCaptured: 8, quality.FpsEncoded: 8}, want: "low_frame_rate medium source local_user"},
		{name: "the encoder leaves frames out for want of bandwidth", on: "video sent", set: figures{quality.FpsEncoded: 4, quality.LimitedBandwidth: 1000},
			also: "encoder_limited_bandwidth", want: "low_frame_rate high bandwidth network"},
		{name: "the encoder is too slow", on: "video sent", set: figures{quality.FpsEncoded: 8, quality.FrameTime: 120},
			also: "cpu_high", want: "low_frame_rate medium cpu local_user"},
		{name: "frames come and are not decoded", on: "video received", set: figures{quality.FpsDecoded: 8}, want: "low_frame_rate medium cpu local_user"},
		{name: "the sender sends few", on: "video received", set: figures{quality.FpsDecoded: 12, quality.FpsReceived: 12}, want: "low_frame_rate low sender_slow remote_user"},
		{name: "lost packets", on: "video received", set: figures{quality.FpsDecoded: 7, quality.FpsReceived: 7, quality.Loss: 0.1, quality.PacketsLost: 10},
			also: "packet_loss", want: "low_frame_rate medium packet_loss network"},
		{name: "a screen has few where little moves", on: "screen sent", set: figures{quality.FpsCaptured: 1, quality.FpsEncoded: 1}, before: func(p *polls) {
			p.add("screen sent", rtc.Stream{ID: 9, Connection: 1, Track: "screen"})
			p.add("screen received", rtc.Stream{ID: 10, Connection: 1, Track: "theirs"})
		}, and: map[string]figures{"screen received": {quality.FpsReceived: 1, quality.FpsDecoded: 1}}},
	})
}

func TestFrozenSource(t *testing.T) {
	runFaults(t, []fault{
		{name: "a camera that gives nothing", on: "video sent", set: figures{quality.FpsCaptured: 0, quality.FpsEncoded: 0, quality.Packets: 0, quality.Bitrate: 0}, seconds: 8, every: []int{1, 2},
			want: "frozen_source medium source local_user"},
		{name: "for long", on: "video sent", set: figures{quality.FpsCaptured: 0, quality.FpsEncoded: 0, quality.Packets: 0, quality.Bitrate: 0}, seconds: 20,
			want: "frozen_source high source local_user"},
	})
}

func TestBlackSource(t *testing.T) {
	runFaults(t, []fault{
		{name: "frames without content", on: "video sent", set: figures{quality.Bitrate: 60_000, quality.Qp: 2}, want: "black_source low source local_user"},
		{name: "a still picture coarsely coded is want of bandwidth", on: "video sent", set: figures{quality.Bitrate: 60_000, quality.Qp: 110}},
	})
}

func TestEncoderLimited(t *testing.T) {
	runFaults(t, []fault{
		{name: "by bandwidth", on: "video sent", set: figures{quality.LimitedBandwidth: 1000, quality.Bitrate: 500_000}, want: "encoder_limited_bandwidth low bandwidth network"},
		{name: "by bandwidth, and the picture is smaller", on: "video sent", set: figures{quality.LimitedBandwidth: 1000, quality.Bitrate: 300_000, quality.Height: 360, quality.Width: 640},
			want: "encoder_limited_bandwidth medium bandwidth network"},
		{name: "a small picture is not scaled down: by its target", on: "video sent", set: figures{quality.TargetBitrate: 60_000, quality.FpsEncoded: 12, quality.Bitrate: 60_000, quality.Qp: 100},
			also: "low_frame_rate", want: "encoder_limited_bandwidth medium bandwidth network"},
		{name: "by the processor", on: "video sent", set: figures{quality.LimitedCPU: 1000}, want: "encoder_limited_cpu low cpu local_user"},
		{name: "for a third of the time", on: "video sent", set: figures{quality.LimitedCPU: 300, quality.LimitedBandwidth: 300}},
	})
}

// layers adds two simulcast layers below the video that is sent.
func layers(p *polls) {
	p.rows["video sent"].RID = "f"
	p.watch.TellStream(p.rows["video sent"])
	p.add("video sent h", rtc.Stream{ID: 7, Connection: 1, Track: "video sent", RID: "h"})
}

func TestSimulcastLayerLost(t *testing.T) {
	for _, c := range []struct {
		limitation string
		want       int
	}{{"bandwidth", 1}, {"none", 0}} {
		p := newPolls(t, time.Second)
		layers(p)
		for i := range 60 {
			p.poll(func(name string, f figures) {
				if name == "video sent h" {
					f[quality.Height], f[quality.Width] = 360, 640
					if c.limitation == "bandwidth" && i >= 30 {
						f[quality.LimitedBandwidth] = 1000
					}
				}
				if name == "video sent" && i >= 30 {
					f[quality.FpsEncoded], f[quality.Packets], f[quality.Bitrate] = 0, 0, 0
				}
			})
		}
		_ = c.limitation
		n := 0
		for _, i := range p.found() {
			if i.Type == "simulcast_layer_lost" {
				n++
			}
		}
		if n != c.want {
			t.Errorf("limited by %s: %d layers lost, want %d", c.limitation, n, c.want)
		}
	}
}

func TestCPUHigh(t *testing.T) {
	runFaults(t, []fault{
		{name: "system", on: "client", set: figures{quality.CPUSystem: 0.85}, want: "cpu_high medium cpu local_user"},
		{name: "system, full", on: "client", set: figures{quality.CPUSystem: 0.99}, want: "cpu_high high cpu local_user"},
		{name: "app", on: "client", set: figures{quality.CPUApp: 0.75}, want: "cpu_high medium cpu local_user"},
		{name: "pressure alone", on: "client", set: figures{quality.CPUPressure: 3}},
		{name: "late timers under pressure", on: "client", set: figures{quality.LoopLag: 300, quality.CPUPressure: 3}, want: "cpu_high medium cpu local_user"},
		{name: "late timers without", on: "client", set: figures{quality.LoopLag: 300, quality.CPUPressure: 1}, want: "cpu_high low cpu local_user"},
		{name: "late timers", on: "client", set: figures{quality.LoopLag: 800}, want: "cpu_high medium cpu local_user"},
		{name: "encoding takes as long as a frame lasts", on: "video sent", set: figures{quality.FrameTime: 31}, want: "cpu_high low cpu local_user"},
		{name: "and the encoder says so", on: "video sent", set: figures{quality.FrameTime: 31, quality.LimitedCPU: 1000}, also: "encoder_limited_cpu", want: "cpu_high medium cpu local_user"},
		{name: "decoding takes many times as long as usual and half of the frames are left", on: "video received", set: figures{quality.FrameTime: 20, quality.FpsDecoded: 16},
			want: "cpu_high medium cpu local_user"},
		{name: "one busy second", on: "client", set: figures{quality.CPUSystem: 0.99}, seconds: 1, every: []int{1}},
	})
}

func TestSilence(t *testing.T) {
	silent := figures{quality.AudioLevel: 0, quality.Bitrate: 1200}
	runFaults(t, []fault{
		{name: "digital silence", on: "audio sent", set: silent, seconds: 12, want: "silence_while_unmuted low source local_user"},
		{name: "for long", on: "audio sent", set: silent, seconds: 40, want: "silence_while_unmuted medium source local_user"},
		{name: "a quiet room is none", on: "audio sent", set: figures{quality.AudioLevel: 0, quality.Bitrate: 20_000}, seconds: 60},
		{name: "a pause", on: "audio sent", set: silent, seconds: 5, every: []int{1}},
		{name: "nothing captured", on: "audio sent", set: figures{quality.AudioLevel: 0, quality.CapturedTime: 0, quality.Packets: 0, quality.PacketRate: 0, quality.Bitrate: 0}, seconds: 40,
			want: "silence_while_unmuted medium source local_user"},
		{name: "clipping", on: "audio sent", set: figures{quality.AudioLevel: 0.95}, want: "clipping low source local_user"},
	})

	p := newPolls(t, time.Second)
	for range 30 {
		p.poll(func(name string, f figures) {
			if name == "audio sent" {
				merge(f, silent)
			}
		})
	}
	p.watch.End(p.now, "leave")
	if all := p.found(); len(all) != 1 || all[0].Type != "no_audio_captured" || all[0].Severity != rtc.Medium || all[0].Start.Sub(t0) > 2*time.Second {
		t.Errorf("silent from the first: %+v", all)
	}
}

func TestDesync(t *testing.T) {
	runFaults(t, []fault{
		{name: "audio late", on: "video received", set: figures{quality.AVOffset: -300}, want: "desync low sync unknown"},
		{name: "audio early", on: "video received", set: figures{quality.AVOffset: 600}, want: "desync medium sync unknown"},
		{name: "within what is accepted", on: "video received", set: figures{quality.AVOffset: -150}},
	})
}
