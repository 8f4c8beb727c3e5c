package rtc

import (
	"strings"
	"testing"
)

func TestTracks(t *testing.T) {
	for _, c := range []struct{ value, want string }{
		{`{"kind":"audio","id":"a1","label":"Microphone"}`, "audio a1"},
		{`[{"kind":"audio","id":"a1"},{"kind":"video","id":"v1","settings":{"width":640}}]`, "audio a1, video v1"},
		{`{"id":"stream","tracks":[{"id":"a1","kind":"audio"},{"id":"v1","kind":"video"}]}`, "audio a1, video v1"},
		{`[["audio","a1","Fake Default Audio Input","group"],["video","v1","fake_device_0","group"]]`, "audio a1, video v1"},
		{`["audio",{"direction":"recvonly"}]`, ""},
		{`["video","v1","camera","stream"]`, "video v1"},
		{`"mixedmslabel audio:a1,video:v1"`, "audio a1, video v1"},
		{`"video:v1 stream:s"`, "video v1"},
		{`{"from":null,"to":{"kind":"video","id":"v2"}}`, "video v2"},
		{`null`, ""}, {``, ""}, {`{"kind":"data","id":"d"}`, ""}, {`{"truncated":true,"begins":"["}`, ""},
	} {
		var got []string
		Tracks(c.value, func(kind, id string) { got = append(got, kind+" "+id) })
		if s := strings.Join(got, ", "); s != c.want {
			t.Errorf("Tracks(%s) = %q, want %q", c.value, s, c.want)
		}
	}
}
