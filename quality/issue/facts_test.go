package issue

import (
	"strings"
	"testing"
	"time"

	"github.com/peerglass/peerglass/rtc"
)

// What events say of tracks: a line is an event, the last word what is then
// known of the stream whose track is "cam".
func TestFactsOfTracks(t *testing.T) {
	for _, c := range []struct{ name, events, want string }{
		{"nothing told", ``, "on"},
		{"muted by track", `mute {"kind":"video","track":"cam"}`, "off"},
		{"and unmuted", "mute {\"kind\":\"video\",\"track\":\"cam\"}\nunmute {\"kind\":\"video\",\"track\":\"cam\"}", "on"},
		{"muted by kind", `mute {"kind":"video"}`, "off"},
		{"another kind", `mute {"kind":"audio"}`, "on"},
		{"another user's", `mute {"kind":"video","user":"bob"}`, "on"},
		{"another track", `mute {"kind":"video","track":"other"}`, "on"},
		{"by the system", `MediaStreamTrack.onmute {"kind":"video","id":"cam"}`, "off"},
		{"and back", "MediaStreamTrack.onmute {\"id\":\"cam\"}\nMediaStreamTrack.onunmute {\"id\":\"cam\"}", "on"},
		{"both, and one back", "mute {\"kind\":\"video\",\"track\":\"cam\"}\nMediaStreamTrack.onmute {\"id\":\"cam\"}\nMediaStreamTrack.onunmute {\"id\":\"cam\"}", "off"},
		{"ended", `MediaStreamTrack.onended {"id":"cam"}`, "off"},
		{"stopped", `MediaStreamTrack.stop {"id":"cam"}`, "off"},
		{"taken from its sender", `replaceTrack {"from":{"id":"cam"},"to":null}`, "off"},
		{"and given back", "replaceTrack {\"from\":{\"id\":\"cam\"},\"to\":null}\nreplaceTrack {\"from\":null,\"to\":{\"id\":\"cam\"}}", "on"},
		{"removed", `removeTrack {"id":"cam"}`, "off"},
		{"no payload", "mute \nMediaStreamTrack.onmute null\nreplaceTrack []\nremoveTrack \"cam\"", "on"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPolls(t, time.Second)
			row := *p.rows["video sent"]
			row.Track = "cam"
			p.watch.TellStream(&row)
			for line := range strings.Lines(c.events) {
				p.now = p.now.Add(time.Second)
				name, value, _ := strings.Cut(strings.TrimSpace(line), " ")
				p.event(name, value)
			}
			if off := p.watch.Stream(row.ID).Off(); off != (c.want == "off") {
				t.Errorf("off is %v, want %s", off, c.want)
			}
		})
	}
}

func TestFactsOfThePage(t *testing.T) {
	p := newPolls(t, time.Second)
	f := p.watch.Facts()
	p.event(rtc.NameVisibility, `{"hidden":true}`)
	p.event(rtc.NameNetwork, `{"online":false}`)
	p.event("setParameters", `{"encodings":[{"active":false},{"active":false}]}`)
	if !f.Hidden || !f.HiddenSince.Equal(p.now) || !f.Offline || !f.Paused(1) || f.Paused(2) {
		t.Errorf("facts are %+v", f)
	}
	sent := p.watch.Stream(p.rows["video sent"].ID)
	p.event(rtc.NameHold, `{"on":true}`)
	if !f.Held || !sent.Off() || !sent.OffSince().Equal(p.now) {
		t.Errorf("facts of a call on hold are %+v", f)
	}
	p.event(rtc.NameHold, `{}`) // says nothing
	if !sent.Off() {
		t.Error("the call goes on though nobody said so")
	}
	p.event(rtc.NameHold, `{"on":false}`)
	if sent.Off() {
		t.Error("the call is still on hold")
	}
	p.event(rtc.NameVisibility, `{}`) // says nothing
	p.event("setParameters", `{"encodings":[{"active":false},{}]}`)
	if !f.Hidden || f.Paused(1) {
		t.Errorf("facts are %+v", f)
	}
}

// A client cannot make us remember without end.
func TestFactsAreBounded(t *testing.T) {
	p := newPolls(t, time.Second)
	for i := range 2 * maxTracks {
		p.event("mute", `{"kind":"audio","track":"`+strings.Repeat("x", i%50)+string(rune('0'+i%10))+time.Duration(i).String()+`"}`)
	}
	if n := len(p.watch.Facts().tracks); n > maxTracks {
		t.Errorf("%d tracks are remembered", n)
	}
}
