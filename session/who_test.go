package session

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/peerglass/peerglass/quality"
	"github.com/peerglass/peerglass/rtc"
)

// What an application says of received streams holds for those that are there
// and for those that come, by whatever it names them.
func TestWhoSends(t *testing.T) {
	const both = `A inbound-rtp kind=audio ssrc=1 mid=0 trackIdentifier=mic packetsReceived=%[1]d
		V inbound-rtp kind=video ssrc=2 mid=1 trackIdentifier=cam packetsReceived=%[1]d
		S outbound-rtp kind=video ssrc=3 mid=2 packetsSent=%[1]d
		`
	cases := []struct {
		name   string
		before string // events, a line each: connection, payload
		after  string // events that come after the first poll
		later  string // reports of the last poll
		want   string // remote user and label of each stream in turn
	}{
		{"nobody says", "", "", "", "mic= cam= ="},
		{"a track before it comes", `- {"track":"cam","user":"bob","label":"camera"}`, "", "", "mic= cam=bob/camera ="},
		{"a track after it came", "", `- {"track":"cam","user":"bob","label":"camera"}`, "", "mic= cam=bob/camera ="},
		{"an SSRC", `- {"ssrc":1,"user":"bob"}`, "", "", "mic=bob cam= ="},
		{"a mid", `- {"mid":"1","user":"bob"}`, "", "", "mic= cam=bob ="},
		{"a mid of a connection", `PC_0 {"mid":"1","user":"bob"}`, "", "", "mic= cam=bob ="},
		{"a mid of another connection", `PC_1 {"mid":"1","user":"bob"}`, "", "", "mic= cam= ="},
		{"a connection before its streams", `PC_0 {"user":"bob","label":"peer"}`, "", "", "mic=bob/peer cam=bob/peer ="},
		{"a connection after its streams", "", `PC_0 {"user":"bob"}`, "", "mic=bob cam=bob ="},
		{"a connection, and a stream that comes later", `PC_0 {"user":"bob"}`, "",
			"L inbound-rtp kind=video ssrc=4 mid=3 trackIdentifier=late packetsReceived=1", "mic=bob cam=bob = late=bob"},
		{"another connection", `PC_1 {"user":"bob"}`, "", "", "mic= cam= ="},
		{"no connection and no stream", `- {"user":"bob"}`, "", "", "mic= cam= ="},
		{"a stream says more than its connection", "PC_0 {\"user\":\"bob\"}\nPC_0 {\"track\":\"cam\",\"user\":\"cleo\"}", "", "", "mic=bob cam=cleo ="},
		{"another user takes the place", `PC_0 {"track":"cam","user":"bob"}`, `PC_0 {"track":"cam","user":"cleo"}`, "", "mic= cam=cleo ="},
		{"a track takes another's place", "- {\"track\":\"cam\",\"user\":\"bob\"}\n- {\"track\":\"cam2\",\"user\":\"cleo\"}", "", "V trackIdentifier=cam2 packetsReceived=9", "mic= cam2=cleo ="},
		{"a track of which nothing is said takes another's place", `- {"track":"cam","user":"bob","label":"camera"}`, "", "V trackIdentifier=cam2 packetsReceived=9", "mic= cam2= ="},
		{"a mid whose track is replaced", `- {"mid":"1","user":"bob"}`, "", "V trackIdentifier=cam2 packetsReceived=9", "mic= cam2=bob ="},
		{"a mid whose stream is replaced", `- {"mid":"1","user":"bob"}`, "",
			"V gone\nW inbound-rtp kind=video ssrc=5 mid=1 trackIdentifier=cam packetsReceived=1", "mic= cam=bob = cam=bob"},
		{"no payload", "- []\n- {\"track\":7}\nPC_0 null", "", "", "mic= cam= ="},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			p := newScript(t, nil)
			p.join("r", "alice")
			events := func(lines string) {
				for line := range strings.Lines(lines) {
					conn, payload, _ := strings.Cut(strings.TrimSpace(line), " ")
					p.must(p.tell(rtc.KindEvent, strings.TrimPrefix(conn, "-"), rtc.NameMapStream, payload))
				}
			}
			events(c.before)
			p.must(p.poll(fmt.Sprintf(both, 1)))
			events(c.after)
			p.after(time.Second)
			p.must(p.poll(fmt.Sprintf(both, 5)))
			p.after(time.Second)
			p.must(p.poll(c.later))
			p.s.End(p.now, "leave")
			got := make([]string, len(p.out.Streams))
			for _, st := range p.out.Streams {
				if (st.RemoteBasis == rtc.BasisMapping) != (st.RemoteUser != "") || st.RemoteUser == "" && st.RemoteBasis != "" {
					t.Errorf("%q was told by %q", st.RemoteUser, st.RemoteBasis)
				}
				got[st.ID-1] = strings.TrimSuffix(st.Track+"="+st.RemoteUser+"/"+st.Label, "/")
			}
			if strings.Join(got, " ") != c.want {
				t.Errorf("streams  %q\nwant     %q", strings.Join(got, " "), c.want)
			}
		})
	}
}

// Of a call on hold nothing is missing.
func TestHold(t *testing.T) {
	p := newPlayer(t).expectVideo(0, 1000).expectAudio(0, 1000)
	p.must(p.tell(rtc.KindEvent, "", rtc.NameHold, `{"on":true}`))
	p.silence(time.Second).expectVideo(0, 0).expectAudio(0, 0)
	p.must(p.tell(rtc.KindEvent, "", rtc.NameHold, `{"on":true}`))
	p.must(p.tell(rtc.KindState, "PC_0", rtc.NameTrackUnmute, `{"kind":"video","id":"cam"}`))
	p.silence(time.Second).expectVideo(0, 0).expectAudio(0, 0)
	p.must(p.tell(rtc.KindEvent, "", rtc.NameHold, `{"on":false}`))
	p.silence(time.Second).expectVideo(1000, 1000).expectAudio(1000, 1000)
}

// Where the client measures what it shows, that counts; not while it says that
// nothing was due.
func TestWhatTheClientMeasures(t *testing.T) {
	p := newScript(t, nil)
	p.join("r", "alice")
	poll := func(frames, shown int, stutter float64) {
		p.after(time.Second)
		p.must(p.poll(fmt.Sprintf(`V inbound-rtp kind=video ssrc=2 trackIdentifier=cam packetsReceived=%d framesDecoded=%d peerglassFramesShown=%d peerglassVideoStutterDuration=%g`,
			10*frames, frames, shown, stutter)))
	}
	poll(20, 18, 0.7)
	poll(40, 33, 1.5)
	p.expect(1, quality.FpsDecoded, 20)
	p.expect(1, quality.FpsRendered, 15)
	p.expect(1, quality.VideoStutterTime, 800)
	p.must(p.tell(rtc.KindEvent, "", rtc.NameHold, `{"on":true}`))
	poll(40, 33, 2.5)
	p.expect(1, quality.VideoStutterTime, 0)
	p.expect(1, quality.FpsRendered, 0)
}

func TestApplicationErrorsAreErrors(t *testing.T) {
	p := newScript(t, nil)
	p.join("r", "alice")
	p.must(p.tell(rtc.KindEvent, "", rtc.NameError, `{"function":"openChat","name":"TypeError","message":"x is undefined"}`))
	p.s.End(p.now, "leave")
	if e := p.out.Events[len(p.out.Events)-1]; e.Severity != rtc.Error || e.Value != `{"function":"openChat","name":"TypeError","message":"x is undefined"}` {
		t.Errorf("event %+v", e)
	}
	for _, i := range p.out.Issues {
		if i.Type == "app_error" && i.Evidence[0].Text == "openChat: TypeError: x is undefined" {
			return
		}
	}
	t.Errorf("issues %+v", p.out.Issues)
}
