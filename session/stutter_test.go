package session

import (
	"fmt"
	"testing"
	"time"

	"github.com/peerglass/peerglass/quality"
	"github.com/peerglass/peerglass/rtc"
)

// player polls a session that receives one video and one audio, with the
// counters that Chromium has.
type player struct {
	*script
	id           string // of the video's report
	ssrc         int
	frames       int
	sum, squares float64
	audio        int // packets
	path         int // bytes of the transport
	played       float64
	concealed    float64
	events       int
}

func newPlayer(t *testing.T) *player {
	p := &player{script: newScript(t, nil), id: "V", ssrc: 7}
	p.join("r", "u")
	p.report("full").play(time.Second).play(time.Second)
	return p
}

// report polls what the counters say by now.
func (p *player) report(flags string) *player {
	p.t.Helper()
	p.must(p.poll(fmt.Sprintf(`%s
		T transport bytesReceived=%d
		%s inbound-rtp kind=video ssrc=%d mid=1 trackIdentifier=cam packetsReceived=%d framesDecoded=%d totalInterFrameDelay=%f totalSquaredInterFrameDelay=%f
		A inbound-rtp kind=audio ssrc=8 mid=0 trackIdentifier=mic packetsReceived=%d totalSamplesReceived=%f totalSamplesDuration=%f concealedSamples=%f silentConcealedSamples=0 concealmentEvents=%d`,
		flags, p.path, p.id, p.ssrc, 4*p.frames, p.frames, p.sum, p.squares, p.audio, 48000*p.played, p.played, 48000*p.concealed, p.events)))
	return p
}

// play lets time pass in which all is well, and polls.
func (p *player) play(d time.Duration) *player {
	p.t.Helper()
	p.pass(d)
	return p.report("")
}

// pass lets time pass in which all is well.
func (p *player) pass(d time.Duration) *player {
	n := int(d / (40 * time.Millisecond))
	p.frames += n
	p.sum += 0.04 * float64(n)
	p.squares += 0.0016 * float64(n)
	p.audio += int(d / (20 * time.Millisecond))
	p.played += d.Seconds()
	p.path += 100_000
	p.after(d)
	return p
}

// silence lets time pass in which nothing arrives, and polls at its end.
func (p *player) silence(d time.Duration) *player {
	p.t.Helper()
	p.played += d.Seconds()
	if p.concealed == 0 || p.events == 0 {
		p.events++
	}
	p.concealed += d.Seconds()
	p.after(d)
	return p.report("")
}

// resume brings the picture that ends a gap.
func (p *player) resume(gap time.Duration) *player {
	p.frames++
	p.sum += gap.Seconds()
	p.squares += gap.Seconds() * gap.Seconds()
	return p
}

func (p *player) expectVideo(stutter, playing float64) *player {
	p.t.Helper()
	v := p.stream(rtc.KindVideo)
	p.expect(v, quality.VideoStutterTime, stutter)
	p.expect(v, quality.VideoTime, playing)
	return p
}

func (p *player) expectAudio(stutter, playing float64) *player {
	p.t.Helper()
	a := p.stream(rtc.KindAudio)
	p.expect(a, quality.AudioStutterTime, stutter)
	p.expect(a, quality.AudioTime, playing)
	return p
}

// stream is the newest of a kind that has samples.
func (p *player) stream(kind rtc.MediaKind) rtc.StreamID {
	p.t.Helper()
	for i := len(p.out.Samples) - 1; i >= 0; i-- {
		if s := &p.out.Samples[i]; s.Kind == kind {
			return s.Stream
		}
	}
	p.t.Fatalf("no sample of %s", kind)
	return 0
}

func TestStutter(t *testing.T) {
	const s = time.Second
	run := func(name string, test func(t *testing.T, p *player)) {
		t.Run(name, func(t *testing.T) { test(t, newPlayer(t).expectVideo(0, 1000).expectAudio(0, 1000)) })
	}
	run("a blackout", func(t *testing.T, p *player) {
		p.silence(s).expectVideo(1000, 1000).expectAudio(1000, 1000)
		p.silence(s).expectVideo(1000, 1000).expectAudio(1000, 1000)
		p.resume(2040*time.Millisecond).play(s).expectVideo(40, 1000).expectAudio(0, 1000)
		p.play(s).expectVideo(0, 1000).expectAudio(0, 1000)
	})
	run("counter reset", func(t *testing.T, p *player) {
		p.frames, p.sum, p.squares = 0, 0, 0
		p.play(s).expectVideo(nan, nan).expectAudio(0, 1000)
		p.play(s).expectVideo(0, 1000)
	})
	run("a renamed stream goes on", func(t *testing.T, p *player) {
		was := p.stream(rtc.KindVideo)
		p.id = "W"
		p.pass(s).report("missing-removed")
		p.play(s).expectVideo(0, 1000)
		if now := p.stream(rtc.KindVideo); now != was {
			t.Errorf("stream %d became %d", was, now)
		}
		p.silence(s).expectVideo(1000, 1000)
	})
	run("another SSRC is another stream", func(t *testing.T, p *player) {
		was := p.stream(rtc.KindVideo)
		p.silence(s).expectVideo(1000, 1000)
		p.ssrc, p.frames, p.sum, p.squares = 9, 3, 0.1, 0.01
		p.play(s)
		p.play(s).expectVideo(0, 1000)
		if now := p.stream(rtc.KindVideo); now == was {
			t.Error("one stream has two SSRCs")
		}
	})
	run("a replaced track", func(t *testing.T, p *player) {
		// The receiver sees a short gap, another size, and the same stream.
		p.pass(680 * time.Millisecond).resume(320 * time.Millisecond).after(320 * time.Millisecond)
		p.must(p.poll("V frameWidth=640 frameHeight=480"))
		p.play(s).expectVideo(0, 1000)
	})
	run("renegotiation: the track is muted and comes back", func(t *testing.T, p *player) {
		p.must(p.tell(rtc.KindState, "PC_0", rtc.NameTrackMute, `{"kind":"video","id":"cam"}`))
		p.must(p.tell(rtc.KindState, "PC_0", rtc.NameTrackMute, `{"kind":"audio","id":"mic"}`))
		p.silence(s).expectVideo(0, 0).expectAudio(0, 0)
		p.silence(s).expectVideo(0, 0).expectAudio(0, 0)
		p.after(s / 2)
		p.must(p.tell(rtc.KindState, "PC_0", rtc.NameTrackUnmute, `{"kind":"video","id":"cam"}`))
		p.must(p.tell(rtc.KindState, "PC_0", rtc.NameTrackUnmute, `{"kind":"audio","id":"mic"}`))
		p.resume(2540*time.Millisecond).play(s/2).expectVideo(0, 500)
		p.play(s).expectVideo(0, 1000).expectAudio(0, 1000)
	})
	run("the application says that another user muted", func(t *testing.T, p *player) {
		p.must(p.tell(rtc.KindEvent, "PC_0", rtc.NameMapStream, `{"mid":"1","user":"bob"}`))
		p.must(p.tell(rtc.KindEvent, "PC_0", rtc.NameMute, `{"kind":"video","user":"bob"}`))
		p.silence(s).expectVideo(0, 0).expectAudio(1000, 1000)
		p.must(p.tell(rtc.KindEvent, "PC_0", rtc.NameUnmute, `{"kind":"video","user":"bob"}`))
		p.silence(s).expectVideo(1000, 1000)
	})
	run("the user's own mute is not the other's", func(t *testing.T, p *player) {
		p.must(p.tell(rtc.KindEvent, "PC_0", rtc.NameMute, `{"kind":"video"}`))
		p.silence(s).expectVideo(1000, 1000)
	})
	run("a laptop sleeps", func(t *testing.T, p *player) {
		p.play(s)
		p.after(time.Hour)
		p.resume(time.Hour).play(s).expectVideo(0, 1000)
		if got := p.last(p.stream(rtc.KindAudio), quality.AudioTime); got > 1000 {
			t.Errorf("audio_time %v though it slept", got)
		}
		p.play(s).expectVideo(0, 1000).expectAudio(0, 1000)
	})
	run("a page in the background", func(t *testing.T, p *player) {
		p.must(p.tell(rtc.KindEvent, "", rtc.NameVisibility, `{"hidden":true}`))
		p.play(s).expectVideo(0, 1000) // decodes nevertheless
		p.silence(s).expectVideo(0, 0)
		p.must(p.tell(rtc.KindEvent, "", rtc.NameVisibility, `{"hidden":false}`))
		p.resume(s).play(s).expectVideo(0, 1000)
	})
	run("a poll that came late", func(t *testing.T, p *player) {
		p.play(40*s).expectVideo(0, 40_000).expectAudio(0, 40_000)
	})
	run("a connection that failed plays nothing", func(t *testing.T, p *player) {
		p.silence(s).expectVideo(1000, 1000)
		p.must(p.tell(rtc.KindState, "PC_0", rtc.NameConnState, `"failed"`))
		p.silence(s).expectVideo(0, 0).expectAudio(0, 0)
	})
}

func TestStutterThresholds(t *testing.T) {
	p := &player{script: newScript(t, func(o *Options) { o.Thresholds = &Thresholds{Figures: quality.Thresholds{VideoStutter: 0.25}} }), id: "V", ssrc: 7}
	p.join("r", "u")
	p.report("full").play(time.Second).expectVideo(0, 1000)
	p.pass(680 * time.Millisecond).resume(320 * time.Millisecond).after(320 * time.Millisecond)
	p.report("").expectVideo(320, 1000)
}

func TestMachineOfTheClient(t *testing.T) {
	p := newScript(t, nil)
	p.join("r", "u")
	p.must(p.poll("full\nM client cpuSystem=0.5 loopLag=0.02"))
	p.after(time.Second)
	p.must(p.poll("M cpuSystem=0.875 loopLag=0.2 cpuApp=0.4"))
	p.expect(1, quality.CPUSystem, 0.875)
	p.expect(1, quality.CPUApp, 0.4)
	p.expect(1, quality.LoopLag, 200)
	p.expect(1, quality.Battery, nan)
	p.after(time.Second)
	p.must(p.poll("M gone"))
	if n := p.samples(1); n != 1 {
		t.Errorf("%d samples, want 1: the machine says nothing any more", n)
	}
	p.s.End(p.now, "leave")
	if st := p.out.Streams[0]; st.Kind != rtc.KindClient || st.Direction != rtc.Both || st.Packets != -1 {
		t.Errorf("stream %+v", st)
	}
}

func TestAudioOfTheSameUser(t *testing.T) {
	p := newScript(t, nil)
	p.join("r", "u")
	report := "%s inbound-rtp kind=%s ssrc=%d mid=%d packetsReceived=%d framesDecoded=%[5]d jitterBufferEmittedCount=%[5]d estimatedPlayoutTimestamp=%[6]f remoteId=R%[1]s\nR%[1]s remote-outbound-rtp localId=%[1]s @-100 remoteTimestamp=%[7]f\n"
	var last string
	for i := range 3 {
		last = ""
		for j, behind := range []float64{80, 120, 200, 500} { // a1 v1 a2 v2
			now := float64(p.now)
			last += fmt.Sprintf(report, fmt.Sprintf("S%d", j), []string{"audio", "video"}[j%2], 100+j, j, 50*(i+1), now-behind, now-100)
		}
		p.must(p.poll(last))
		if i == 0 {
			for mid, user := range []string{"bob", "bob", "eve", "eve"} {
				p.must(p.tell(rtc.KindEvent, "PC_0", rtc.NameMapStream, fmt.Sprintf(`{"mid":"%d","user":%q}`, mid, user)))
			}
		}
		p.after(time.Second)
	}
	p.expect(2, quality.AVOffset, 40)
	p.expect(4, quality.AVOffset, 300)
}
