package happening

import (
	"strings"

	"github.com/peerglass/peerglass/rtc"
)

// track is what is known of one track.
type track struct {
	kind   rtc.MediaKind
	label  string
	sentOn map[rtc.ConnectionID]bool
	over   bool // stopped or ended
	muted  bool
	system bool // the browser says that it brings nothing
	own    bool // captured or sent
	remote bool
	named  bool // remote: it was announced
	on     bool // remote: it brings something
}

// live reports whether it is sent and not muted.
func (t *track) live() bool { return len(t.sentOn) > 0 && !t.over && !t.muted }

// track returns what is known of a track, nil of one without an id or too many.
func (w *watch) track(id string, kind rtc.MediaKind) *track {
	t := w.tracks[id]
	if t == nil {
		if id == "" || len(w.tracks) >= maxTracks {
			return nil
		}
		t = &track{kind: kind}
		if s := w.known.streams[id]; s != nil {
			if s.Kind == rtc.KindScreen || kind == rtc.KindUnknown {
				t.kind = s.Kind
			}
			t.remote = s.Direction == rtc.Receive
		}
		w.tracks[id] = t
	}
	return t
}

// change changes an own track, and tells what that switches on or off.
func (w *watch) change(t *track, cause string, reference uint8, f func()) {
	was := t.live()
	f()
	if now := t.live(); now != was && t.kind != rtc.KindUnknown {
		if now {
			w.live[t.kind]++
		} else {
			w.live[t.kind]--
		}
		w.switches(t.kind, cause, reference, t.label)
	}
}

var (
	opened   = map[rtc.MediaKind]*Type{rtc.KindAudio: audioOpened, rtc.KindVideo: videoOpened, rtc.KindScreen: screenOpened}
	disabled = map[rtc.MediaKind]*Type{rtc.KindAudio: audioDisabled, rtc.KindVideo: videoDisabled, rtc.KindScreen: screenDisabled}

	remoteOpened = map[rtc.MediaKind]*Type{rtc.KindAudio: remoteAudioOpened, rtc.KindVideo: remoteVideoOpened, rtc.KindScreen: remoteScreenOpened}
	remoteClosed = map[rtc.MediaKind]*Type{rtc.KindAudio: remoteAudioClosed, rtc.KindVideo: remoteVideoClosed, rtc.KindScreen: remoteScreenClosed}

	switchedOn  = map[rtc.MediaKind]string{rtc.KindAudio: "Unmuted", rtc.KindVideo: "Camera on", rtc.KindScreen: "Screen sharing resumed"}
	switchedOff = map[rtc.MediaKind]string{rtc.KindAudio: "Muted", rtc.KindVideo: "Camera off", rtc.KindScreen: "Screen sharing paused"}

	mutedAs      = map[rtc.MediaKind]uint8{rtc.KindAudio: refMute, rtc.KindVideo: refCamera, rtc.KindScreen: refScreen}
	subscribedAs = map[rtc.MediaKind]uint8{rtc.KindAudio: refAudioSubscribe, rtc.KindVideo: refVideoSubscribe, rtc.KindScreen: refVideoSubscribe}
)

// offText says what a cause means for what is sent.
var offText = map[string]string{
	"sent": "a track is sent", "replaced": "another track is sent", "removed": "the track is sent no more", "stopped": "the page stopped the track",
	"ended": "the track ended though the page did not stop it", "closed": "its connection was closed", "ended_by_browser": "ended outside the page",
	"muted": "by the user or the page", "unmuted": "by the user or the page", "captured": "the browser captures it",
}

// switches tells that a kind of the user's own media went on or off, where that
// is so.
func (w *watch) switches(kind rtc.MediaKind, cause string, reference uint8, label string) {
	on := w.live[kind] > 0 && !w.muted[kind]
	if kind == rtc.KindScreen && cause == "sent" || on == w.on[kind] {
		return // of a screen the capture tells
	}
	w.tells(kind, on, cause, reference, label)
}

// tells adds the row of own media that went on or off.
func (w *watch) tells(kind rtc.MediaKind, on bool, cause string, reference uint8, label string) {
	w.on[kind] = on
	t := disabled[kind]
	if on {
		t = opened[kind]
	}
	if t == nil {
		return
	}
	r := Row{Direction: rtc.Send, Kind: kind, Cause: cause, Reference: reference, Text: offText[cause]}
	switch cause {
	case "muted":
		r.Label = switchedOff[kind]
	case "unmuted":
		r.Label = switchedOn[kind]
	default:
		if label != "" {
			r.Text += ": " + label
		}
	}
	w.add(t, r)
}

// mediaEvent takes an event of tracks, and reports whether it was one.
func (w *watch) mediaEvent(e *rtc.Event) bool {
	switch e.Name {
	case "addTrack", "addStream", "addTransceiver":
		for _, n := range tracksIn(e.Value) {
			w.sends(n, e.Connection, "sent")
		}
	case "replaceTrack":
		w.replaces(e)
	case "removeTrack", "removeStream":
		for _, n := range tracksIn(e.Value) {
			if t := w.tracks[n.id]; t != nil {
				w.change(t, "removed", refSend, func() { delete(t.sentOn, e.Connection) })
			}
		}
	case rtc.NameTrack, "onaddstream":
		for _, n := range tracksIn(e.Value) {
			w.comes(n.id, n.kind)
		}
	case "onremovestream":
		for _, n := range tracksIn(e.Value) {
			w.goes(w.track(n.id, n.kind), n.id, "removed")
		}
	case rtc.NameMute, rtc.NameUnmute:
		w.mutes(e, e.Name == rtc.NameMute)
	case rtc.NameTrackMute, rtc.NameTrackUnmute:
		for _, n := range tracksIn(e.Value) {
			w.systemMutes(n, e, e.Name == rtc.NameTrackMute)
		}
	case "MediaStreamTrack.stop", "stop":
		for _, n := range tracksIn(e.Value) {
			w.stops(n)
		}
	case "MediaStreamTrack.onended":
		for _, n := range tracksIn(e.Value) {
			w.ends(n, e)
		}
	case rtc.NameScreenShare:
		w.shares(e)
	case rtc.NameSetVideoType:
		var p struct{ VideoType string }
		if read(e.Value, &p) {
			w.screen(e, p.VideoType == "desktop", "", "")
		}
	case rtc.NameDominantSpeaker:
		var p struct {
			User     any
			Endpoint any `json:"dominantSpeakerEndpoint"` // of Jitsi, which does not say whose it is
		}
		read(e.Value, &p)
		w.add(dominantSpeaker, Row{RemoteUser: textOf(p.User), Text: strings.TrimSuffix("endpoint "+textOf(p.Endpoint), "endpoint ")})
	case rtc.NameHold:
		var p struct{ On bool }
		read(e.Value, &p)
		if p.On {
			w.add(downlinkAudioSet, Row{Label: "Held", Cause: "held", Direction: rtc.Receive, Text: "nothing of what others send is played"})
		} else {
			w.add(downlinkAudioSet, Row{Label: "Resumed", Cause: "resumed", Direction: rtc.Receive, Text: "what others send is played again"})
		}
	case "setParameters", "setCodecPreferences":
		w.sets(e)
	default:
		return false
	}
	return true
}

// sends notes that a track is sent.
func (w *watch) sends(n named, on rtc.ConnectionID, cause string) {
	t := w.track(n.id, n.kind)
	if t == nil {
		return
	}
	t.own, t.remote = true, false
	if n.label != "" {
		t.label = n.label
	}
	w.change(t, cause, refSend, func() {
		if t.sentOn == nil {
			t.sentOn = map[rtc.ConnectionID]bool{}
		}
		t.sentOn[on], t.over = true, false
	})
}

// releases takes all tracks from a connection that is gone.
func (w *watch) releases(connection rtc.ConnectionID) {
	for _, kind := range [...]rtc.MediaKind{rtc.KindAudio, rtc.KindVideo} {
		lost := false
		label := ""
		for _, t := range w.tracks {
			if t.kind != kind || !t.sentOn[connection] {
				continue
			}
			was := t.live()
			delete(t.sentOn, connection)
			if was && !t.live() {
				w.live[kind]--
				lost, label = true, t.label
			}
		}
		if lost {
			w.switches(kind, "closed", refSend, label)
		}
	}
}

// replaces takes a sender's other track: another device, or none.
func (w *watch) replaces(e *rtc.Event) {
	var p struct {
		From, To *struct{ Kind, ID, Label string }
	}
	if !read(e.Value, &p) {
		for _, n := range tracksIn(e.Value) {
			w.sends(n, e.Connection, "sent")
		}
		return
	}
	if p.From != nil && p.To != nil && p.From.ID == p.To.ID {
		return
	}
	if p.To != nil {
		n := named{kind: mediaOf(p.To.Kind), id: p.To.ID, label: labelOf(p.To.Label)}
		t := w.track(n.id, n.kind)
		if t == nil {
			return
		}
		if p.From != nil && labelOf(p.From.Label) != "" && n.label != "" && p.From.Label != n.label && t.kind != rtc.KindScreen && n.kind != rtc.KindUnknown {
			was := w.tracks[p.From.ID]
			input := p.To.Kind + "input"
			if (was == nil || was.kind != rtc.KindScreen) && w.used[input] != n.label {
				w.add(deviceSwitched, Row{Kind: n.kind, Direction: rtc.Send, Text: p.From.Label + " → " + n.label})
				w.used[input] = n.label
			}
		}
		w.sends(n, e.Connection, "replaced")
	}
	if p.From != nil {
		if t := w.tracks[p.From.ID]; t != nil {
			w.change(t, "removed", refSend, func() { delete(t.sentOn, e.Connection) })
		}
	}
}

// mutes takes a mute or unmute: of the user's own media, or of another's.
func (w *watch) mutes(e *rtc.Event, muted bool) {
	var p struct {
		Kind, User, Track string
		Mid               any
		SSRC              float64
	}
	if !read(e.Value, &p) {
		return
	}
	kind := kindOf(p.Kind)
	stream := w.known.byID[e.Stream]
	t := w.tracks[p.Track]
	if p.User != "" || stream != nil && stream.Direction == rtc.Receive || t != nil && t.remote {
		w.othersMute(e, p.User, p.Track, kind, stream, muted)
		return
	}
	if kind == rtc.KindUnknown {
		switch {
		case t != nil:
			kind = t.kind
		case stream != nil:
			kind = stream.Kind
		default:
			return // of a stream that nobody knows
		}
	}
	cause, reference := "muted", mutedAs[kind]
	if !muted {
		cause = "unmuted"
	}
	if t != nil {
		if t.muted == muted {
			return
		}
		was := t.live()
		t.muted = muted
		if now := t.live(); now != was && t.kind != rtc.KindUnknown {
			if now {
				w.live[t.kind]++
			} else {
				w.live[t.kind]--
			}
		}
	} else {
		if w.muted[kind] == muted && (muted || w.on[kind]) {
			return
		}
		w.muted[kind] = muted
	}
	if !muted {
		w.muted[kind] = false
	}
	w.tells(kind, !muted, cause, reference, "")
	if w.known.tracks {
		w.on[kind] = w.live[kind] > 0 && !w.muted[kind] // what is not sent yet is told when it is
	}
}

// othersMute takes a mute of what another user sends.
func (w *watch) othersMute(e *rtc.Event, user, id string, kind rtc.MediaKind, stream *rtc.Stream, muted bool) {
	if stream == nil {
		stream = w.known.streams[id]
	}
	if stream != nil {
		if kind == rtc.KindUnknown || stream.Kind == rtc.KindScreen {
			kind = stream.Kind
		}
		if user == "" {
			user = stream.RemoteUser
		}
	}
	t := w.tracks[id]
	if t != nil && kind == rtc.KindUnknown {
		kind = t.kind
	}
	key := user + "\x00" + kind.String() + "\x00" + id
	if was, known := w.others[key]; known && was == muted || !known && len(w.others) >= maxTracks {
		return
	}
	w.others[key] = muted
	if t != nil {
		t.on = !muted
	}
	cause, types := "unmuted", remoteOpened
	if muted {
		cause, types = "muted", remoteClosed
	}
	if typ := types[kind]; typ != nil {
		w.add(typ, Row{Kind: kind, Direction: rtc.Receive, RemoteUser: user, Cause: cause, Text: cause + " by the other user"})
	}
}

// systemMutes takes what the browser says of a track: of an own one that its
// device brings nothing, of a received one that nothing arrives.
func (w *watch) systemMutes(n named, e *rtc.Event, muted bool) {
	t := w.track(n.id, n.kind)
	if t == nil {
		return
	}
	if !t.own && (t.remote || e.Connection != 0) {
		t.remote = true
		if muted {
			w.silences(t, n.id, "no_media", "nothing arrives")
		} else {
			w.opens(t, n.id, "media", "it arrives")
		}
		return
	}
	if t.system == muted {
		return
	}
	t.system = muted
	typ, text := deviceUnmuted, "the "+deviceOf(t.kind)+" brings something again"
	if muted {
		typ, text = deviceMuted, "the "+deviceOf(t.kind)+" brings nothing, and the page did not mute it"
	}
	w.add(typ, Row{Kind: t.kind, Direction: rtc.Send, Cause: "system", Text: text})
}

// stops takes an own track that the page stopped.
func (w *watch) stops(n named) {
	t := w.track(n.id, n.kind)
	if t == nil || t.remote || t.over {
		return
	}
	if t.kind == rtc.KindScreen {
		w.screenEnds(t, "stopped")
		return
	}
	w.change(t, "stopped", refSend, func() { t.over = true })
	r := Row{Kind: t.kind, Cause: "stopped", Text: strings.TrimSuffix(deviceOf(t.kind)+": "+t.label, ": ")}
	if t.kind == rtc.KindVideo {
		r.Reference = refCamera
	} else {
		r.Reference = noReference
	}
	w.add(deviceClosed, r)
}

// ends takes a track that ended without the page stopping it.
func (w *watch) ends(n named, e *rtc.Event) {
	t := w.track(n.id, n.kind)
	if t == nil || t.over {
		return
	}
	if !t.own && (t.remote || e.Connection != 0) {
		w.goes(t, n.id, "ended")
		return
	}
	if t.kind == rtc.KindScreen {
		w.screenEnds(t, "ended_by_browser")
		return
	}
	w.add(deviceLost, Row{Kind: t.kind, Direction: rtc.Send, Cause: "ended", Text: strings.TrimSuffix("the "+deviceOf(t.kind)+" is gone, or its permission: "+t.label, ": ")})
	w.change(t, "ended", refSend, func() { t.over = true })
}

// comes notes that a track of another user comes.
func (w *watch) comes(id string, kind rtc.MediaKind) {
	if strings.HasPrefix(id, "mixedlabel") { // Jitsi's bridge announces one that it never sends
		return
	}
	t := w.track(id, kind)
	if t == nil || t.named {
		return
	}
	t.remote, t.own, t.named = true, false, true
	w.add(subscribed, Row{Kind: t.kind, Direction: rtc.Receive, Reference: subscribedAs[t.kind], RemoteUser: w.userOf(id), Text: nameOf(t.kind) + " of another user"})
}

// goes notes that a track of another user is over.
func (w *watch) goes(t *track, id, cause string) {
	if t == nil || t.over {
		return
	}
	t.over, t.on = true, false
	w.add(unsubscribed, Row{Kind: t.kind, Direction: rtc.Receive, Reference: subscribedAs[t.kind], RemoteUser: w.userOf(id), Cause: cause, Text: nameOf(t.kind) + " is over"})
}

func (w *watch) opens(t *track, id, cause, text string) {
	if typ := remoteOpened[t.kind]; typ != nil && !t.on {
		t.on = true
		w.add(typ, Row{Kind: t.kind, Direction: rtc.Receive, RemoteUser: w.userOf(id), Cause: cause, Text: text})
	}
}

func (w *watch) silences(t *track, id, cause, text string) {
	if typ := remoteClosed[t.kind]; typ != nil && t.on {
		t.on = false
		w.add(typ, Row{Kind: t.kind, Direction: rtc.Receive, RemoteUser: w.userOf(id), Cause: cause, Text: text})
	}
}

// userOf is who sends a received track.
func (w *watch) userOf(id string) string {
	if s := w.known.streams[id]; s != nil {
		return s.RemoteUser
	}
	return ""
}

// shares takes the beginning or end of a screen share.
func (w *watch) shares(e *rtc.Event) {
	var p struct {
		On          bool
		Track, User string
	}
	if read(e.Value, &p) {
		w.screen(e, p.On, p.Track, p.User)
	}
}

func (w *watch) screen(e *rtc.Event, on bool, id, user string) {
	stream := w.known.byID[e.Stream]
	t := w.tracks[id]
	if user != "" || stream != nil && stream.Direction == rtc.Receive || t != nil && t.remote {
		if user == "" && stream != nil {
			user = stream.RemoteUser
		}
		key := user + "\x00shares"
		if w.others[key] == on || len(w.others) >= maxTracks {
			return
		}
		w.others[key] = on
		typ, text := remoteScreenClosed, "the other user ends the sharing"
		if on {
			typ, text = remoteScreenOpened, "the other user shares a screen"
		}
		if t != nil {
			t.kind, t.on = rtc.KindScreen, on
		}
		w.add(typ, Row{Kind: rtc.KindScreen, Direction: rtc.Receive, RemoteUser: user, Cause: "told", Text: text})
		return
	}
	if on {
		if t = w.track(id, rtc.KindVideo); t != nil {
			w.becomesScreen(t)
		}
	} else if t != nil && !t.over {
		w.screenEnds(t, "stopped")
		return
	}
	if on == w.on[rtc.KindScreen] {
		return
	}
	cause := "captured"
	if !on {
		cause = "stopped"
	}
	w.tells(rtc.KindScreen, on, cause, refScreen, "")
}

// becomesScreen notes that a track shows a screen: what it counted for as a
// camera it counts for no more.
func (w *watch) becomesScreen(t *track) {
	if t.kind != rtc.KindScreen {
		if t.live() {
			w.live[t.kind]--
			w.live[rtc.KindScreen]++
		}
		t.kind = rtc.KindScreen
	}
	t.own = true
}

// screenEnds takes a screen's track that is over.
func (w *watch) screenEnds(t *track, cause string) {
	if t.live() {
		w.live[rtc.KindScreen]--
	}
	t.over = true
	if w.on[rtc.KindScreen] {
		w.tells(rtc.KindScreen, false, cause, refScreen, "")
	}
}
