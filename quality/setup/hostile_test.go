package setup

import (
	"fmt"
	"testing"
	"time"

	"github.com/peerglass/peerglass/rtc"
)

// Of streams that are forgotten the counts are kept, and little else; a track
// that goes on under another stream stays one attempt.
func TestForgottenStreamsAreCounted(t *testing.T) {
	const all, kept = 100_000, 64
	at := time.Unix(1_780_000_000, 0)
	w := New()
	w.Connection(&rtc.Connection{ID: 1, Start: at, Connected: at})
	for n := rtc.StreamID(1); n <= all; n++ {
		w.Stream(&rtc.Stream{ID: n, Connection: 1, Kind: rtc.KindAudio, Direction: rtc.Receive, Track: fmt.Sprint(n), Packets: int64(n % 2), Start: at})
		if n > kept {
			w.ForgetStream(n - kept)
		}
		if len(w.streams) > kept || len(w.attempts) > kept+maxOver+1 {
			t.Fatalf("%d streams and %d attempts are kept after %d", len(w.streams), len(w.attempts), n)
		}
	}
	var o rtc.Outcome
	if w.Result(&o); o.PullOK != all/2 || o.PullTried != all/2 {
		t.Errorf("%d of %d flowed, want all of %d", o.PullOK, o.PullTried, all/2)
	}

	w = New()
	w.Connection(&rtc.Connection{ID: 1, Start: at, Connected: at})
	for n := rtc.StreamID(1); n <= all; n++ {
		w.Stream(&rtc.Stream{ID: n, Connection: 1, Kind: rtc.KindAudio, Direction: rtc.Send, Track: "a", Packets: 1, Start: at})
		w.ForgetStream(n - 1)
	}
	if w.Result(&o); o.PushOK != 1 || o.PushTried != 1 {
		t.Errorf("one track in many streams counts as %d of %d", o.PushOK, o.PushTried)
	}
}

// The tracks that a client names are bounded over all of its connections, and
// those that are taken away make room.
func TestNamedTracksAreBounded(t *testing.T) {
	at := time.Unix(1_780_000_000, 0)
	w := New()
	tell := func(n int, name string) {
		value := fmt.Sprintf(`{"kind":"audio","id":"%d"}`, n)
		w.Event(&rtc.Event{Time: at, Connection: rtc.ConnectionID(n%100 + 1), Name: name, Value: value})
	}
	named := func() (n int) {
		for _, c := range w.conns {
			n += len(c.sends) + len(c.receives)
		}
		return n
	}
	for n := range 100_000 {
		tell(n, "addTrack")
		tell(n, rtc.NameTrack)
		w.Event(&rtc.Event{Time: at, Name: rtc.NameMute, Value: fmt.Sprintf(`{"track":"%d"}`, n)})
	}
	if named() != maxTracks || w.tracks != maxTracks || len(w.muted) != maxTracks {
		t.Errorf("%d tracks are named (%d counted), %d muted", named(), w.tracks, len(w.muted))
	}
	for n := range 100_000 {
		tell(n, "removeTrack")
	}
	if named() != w.tracks || w.tracks >= maxTracks {
		t.Errorf("%d tracks are named, %d counted after all that are sent were taken away", named(), w.tracks)
	}
}
