package issue

import (
	"time"

	"github.com/peerglass/peerglass/rtc"
)

// ownTrack is a track that the user's browser captured or sends.
type ownTrack struct {
	kind   string // audio or video
	screen bool
	added  time.Time // to a connection; zero while to none
}

// learnOwn takes from an event which tracks are the user's own.
func (w *Watch) learnOwn(e *rtc.Event) {
	screen := false
	switch e.Name {
	case rtc.NameGetDisplayMedia + rtc.OnSuccess:
		screen = true
	case rtc.NameGetUserMedia + rtc.OnSuccess, "addTrack", "addStream", "addTransceiver", "replaceTrack":
	case rtc.NameScreenShare:
		var p struct{ Track string }
		if unmarshal(e.Value, &p) && w.own[p.Track] != nil {
			w.own[p.Track].screen = true
		}
		return
	default:
		return
	}
	rtc.Tracks(e.Value, func(kind, id string) {
		t := w.own[id]
		if t == nil {
			if w.own == nil {
				w.own = make(map[string]*ownTrack)
			}
			if len(w.own) >= maxTracks || len(id) > maxTrackID {
				return
			}
			t = &ownTrack{kind: kind}
			w.own[id] = t
		}
		t.screen = t.screen || screen
		if e.Connection != 0 && t.added.IsZero() {
			t.added = e.Time
		}
	})
}

// ownOf returns the user's own track that an event is about, and its id; nil if
// it is another's.
func (w *Watch) ownOf(e *rtc.Event) (t *ownTrack, id string) {
	rtc.Tracks(e.Value, func(kind, of string) {
		if id = of; w.own[of] != nil {
			t = w.own[of]
		}
	})
	return t, id
}

// leaving reports whether the user has no open connection any more: what ends
// then ends with the call.
func (w *Watch) leaving() bool {
	return len(w.conns) > 0 && w.opened == 0
}

// device names a kind of track as people do.
func device(kind string) string {
	switch kind {
	case "audio":
		return "microphone"
	case "video":
		return "camera"
	}
	return "device"
}
