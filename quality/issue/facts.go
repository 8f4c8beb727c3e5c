package issue

import (
	"encoding/json"
	"time"

	"github.com/peerglass/peerglass/rtc"
)

// Facts are what events told of a session so far. They are brought up to date
// before detectors see the event.
type Facts struct {
	Hidden      bool      // the page is not seen: its timers and its pictures rest
	HiddenSince time.Time // or seen since; zero while nothing was told
	Offline     bool      // the browser says that there is no network
	Held        bool      // the user's call: nothing is sent or played
	HeldSince   time.Time // or goes on since; zero while nothing was told

	tracks    map[string]*Track
	muted     [rtc.KindScreen + 1]Track // what the user sends, told by kind only
	announced map[rtc.ConnectionID]bool // the other end said what it would send
	paused    map[rtc.ConnectionID]bool // a sender's encodings were all switched off last; which sender is not told
}

// Track is what was told of a media track. The zero value is a track of which
// nothing was told: it is live.
type Track struct {
	Muted    bool      // the application switched it off, or the other user did
	Silent   bool      // the browser says that it brings nothing: the system or the device muted it
	Stopped  bool      // the application stopped it
	Ended    bool      // it ended by itself: its device is gone, or sharing was ended
	Detached bool      // its sender was given another or none
	Changed  time.Time // when one of these last changed; zero if never
}

// Off reports whether the track brings nothing, for whatever reason.
func (t *Track) Off() bool {
	return t != nil && (t.Muted || t.Silent || t.Stopped || t.Ended || t.Detached)
}

// These bound what a client can make us remember. Browsers' own ids have some
// 40 bytes.
const (
	maxTracks  = 4096
	maxTrackID = 256
)

// Facts returns what events told of the session.
func (w *Watch) Facts() *Facts { return &w.facts }

// Track returns what was told of a track, by its identifier; nil if nothing.
func (f *Facts) Track(id string) *Track { return f.tracks[id] }

// Off reports whether the stream's track brings nothing, as was told, or the
// call is held.
func (s *Stream) Off() bool {
	return s.w.facts.Held || s.track.Off() || s.Row.Direction == rtc.Send && int(s.Row.Kind) < len(s.w.facts.muted) && s.w.facts.muted[s.Row.Kind].Muted
}

// Paused reports whether the application last switched off all encodings of
// some sender of the connection; which one is not told.
func (f *Facts) Paused(c rtc.ConnectionID) bool { return f.paused[c] }

// OffSince returns when the stream's track last went off or came back; zero if
// it never did.
func (s *Stream) OffSince() time.Time {
	at := s.w.facts.HeldSince
	if s.track != nil && s.track.Changed.After(at) {
		at = s.track.Changed
	}
	if s.Row.Direction == rtc.Send && int(s.Row.Kind) < len(s.w.facts.muted) {
		if t := s.w.facts.muted[s.Row.Kind].Changed; t.After(at) {
			at = t
		}
	}
	return at
}

// track returns what is known of a track, made at first use; nil if there are
// too many.
func (w *Watch) track(id string) *Track {
	f := &w.facts
	if t := f.tracks[id]; t != nil {
		return t
	}
	if id == "" || len(id) > maxTrackID || len(f.tracks) >= maxTracks {
		return nil
	}
	if f.tracks == nil {
		f.tracks = make(map[string]*Track)
	}
	t := new(Track)
	f.tracks[id] = t
	for _, s := range w.streams {
		if s.Row.Track == id {
			s.track = t
		}
	}
	return t
}

// learn takes from an event what it says of the session and its tracks.
func (w *Watch) learn(e *rtc.Event) {
	switch e.Name {
	case rtc.NameVisibility:
		var p struct{ Hidden *bool }
		if json.Unmarshal([]byte(e.Value), &p) == nil && p.Hidden != nil && *p.Hidden != w.facts.Hidden {
			w.facts.Hidden, w.facts.HiddenSince = *p.Hidden, e.Time
		}
	case rtc.NameNetwork:
		var p struct{ Online *bool }
		if json.Unmarshal([]byte(e.Value), &p) == nil && p.Online != nil {
			w.facts.Offline = !*p.Online
		}
	case rtc.NameHold:
		var p struct{ On *bool }
		if json.Unmarshal([]byte(e.Value), &p) == nil && p.On != nil && *p.On != w.facts.Held {
			w.facts.Held, w.facts.HeldSince = *p.On, e.Time
		}
	case rtc.NameMute, rtc.NameUnmute:
		w.learnMute(e, e.Name == rtc.NameMute)
	case rtc.NameTrackMute, rtc.NameTrackUnmute:
		w.tell(e, trackID(e.Value), func(t *Track) { t.Silent = e.Name == rtc.NameTrackMute })
	case "MediaStreamTrack.onended":
		w.tell(e, trackID(e.Value), func(t *Track) { t.Ended = true })
	case "MediaStreamTrack.stop":
		w.tell(e, trackID(e.Value), func(t *Track) { t.Stopped = true })
	case "replaceTrack":
		var p struct{ From, To *struct{ ID string } }
		if json.Unmarshal([]byte(e.Value), &p) != nil {
			return
		}
		if p.From != nil {
			w.tell(e, p.From.ID, func(t *Track) { t.Detached = true })
		}
		if p.To != nil && w.facts.tracks[p.To.ID] != nil {
			w.tell(e, p.To.ID, func(t *Track) { t.Detached = false })
		}
	case rtc.NameTrack:
		if w.facts.announced == nil {
			w.facts.announced = make(map[rtc.ConnectionID]bool)
		}
		w.facts.announced[e.Connection] = true
	case "setParameters":
		var p struct{ Encodings []struct{ Active *bool } }
		if json.Unmarshal([]byte(e.Value), &p) != nil || len(p.Encodings) == 0 {
			return
		}
		paused := true
		for _, enc := range p.Encodings {
			paused = paused && enc.Active != nil && !*enc.Active
		}
		if w.facts.paused == nil {
			w.facts.paused = make(map[rtc.ConnectionID]bool)
		}
		w.facts.paused[e.Connection] = paused
	case "removeTrack":
		w.tell(e, trackID(e.Value), func(t *Track) { t.Detached = true })
	case "addTrack":
		if id := trackID(e.Value); w.facts.tracks[id] != nil {
			w.tell(e, id, func(t *Track) { t.Detached = false })
		}
	}
}

// learnMute takes a mute that names a track, a stream, or only the kind of what
// the user sends himself. What another user mutes is measured by the metrics of
// the time in which something was to be played.
func (w *Watch) learnMute(e *rtc.Event, muted bool) {
	var p struct {
		Kind, Track, User, Mid string
		SSRC                   uint32
	}
	if json.Unmarshal([]byte(e.Value), &p) != nil {
		return
	}
	id := p.Track
	if s := w.Stream(e.Stream); id == "" && s != nil {
		id = s.Row.Track
	}
	if id != "" {
		w.tell(e, id, func(t *Track) { t.Muted = muted })
		return
	}
	if p.User != "" || p.Mid != "" || p.SSRC != 0 {
		return
	}
	for k := rtc.KindAudio; k <= rtc.KindScreen; k++ {
		if k.String() == p.Kind && w.facts.muted[k].Muted != muted {
			w.facts.muted[k] = Track{Muted: muted, Changed: e.Time}
		}
	}
}

// tell changes what is known of a track.
func (w *Watch) tell(e *rtc.Event, id string, change func(*Track)) {
	t := w.track(id)
	if t == nil {
		return
	}
	was := *t
	change(t)
	if *t != was {
		t.Changed = e.Time
	}
}

// trackID reads the track that an event is about: {"id"}, or as rtc.Tracks
// finds it.
func trackID(value string) (id string) {
	var p struct{ ID string }
	if json.Unmarshal([]byte(value), &p) == nil && p.ID != "" {
		return p.ID
	}
	rtc.Tracks(value, func(_, found string) {
		if id == "" {
			id = found
		}
	})
	return id
}
