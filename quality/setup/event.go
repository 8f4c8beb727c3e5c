package setup

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/peerglass/peerglass/rtc"
)

// Names of events, beside those of package rtc.
const (
	setLocal      = "setLocalDescription"
	setRemote     = "setRemoteDescription"
	nameDTLSState = "ondtlsstatechange"
)

// Event tells an event.
func (w *Watch) Event(e *rtc.Event) {
	w.now = later(w.now, e.Time)
	if e.Connection == 0 {
		w.clientEvent(e)
		return
	}
	switch e.Name {
	case rtc.NameICECandidate, rtc.NameGatheringState:
		return // among the most frequent, and they tell nothing here
	case "addIceCandidate", "addIceCandidateOnSuccess":
		note(&w.conn(e.Connection).offered, e.Time)
	case rtc.NameSignalingState:
		if c := w.conn(e.Connection); !c.described.IsZero() && e.Value == `"stable"` {
			note(&c.stable, e.Time)
		}
	case rtc.NameICEState:
		w.iceState(w.conn(e.Connection), text(e.Value), e.Time)
	case rtc.NameConnState:
		c := w.conn(e.Connection)
		c.told = true
		w.connState(c, text(e.Value), e.Time)
	case nameDTLSState:
		if text(e.Value) == "failed" {
			w.fails(w.conn(e.Connection), e.Time)
		}
	case rtc.NameClose:
		if c := w.conn(e.Connection); c.closed.IsZero() {
			c.closed = e.Time
		}
	case rtc.NameCreate:
		w.steps(e.Time)
		if c := w.conn(e.Connection); c.described.IsZero() {
			c.created = e.Time
		}
	case "createDataChannel", "createOffer", "createAnswer":
		w.steps(e.Time)
	case "addTrack", "addStream":
		w.steps(e.Time)
		w.added(w.conn(e.Connection), e.Value)
	case "removeTrack", "removeStream":
		c := w.conn(e.Connection)
		rtc.Tracks(e.Value, func(_, id string) {
			if c.sends[id] {
				w.tracks--
				delete(c.sends, id)
			}
		})
	case "addTransceiver":
		w.steps(e.Time)
		c := w.conn(e.Connection)
		w.carries(c)
		if !strings.Contains(e.Value, `"recvonly"`) && !strings.Contains(e.Value, `"inactive"`) {
			w.added(c, e.Value)
		}
	case setLocal, setRemote:
		w.described(w.conn(e.Connection), e)
	case setLocal + rtc.OnSuccess:
		note(&w.conn(e.Connection).local, e.Time)
	case setRemote + rtc.OnSuccess:
		note(&w.conn(e.Connection).remote, e.Time)
	case setLocal + rtc.OnFailure, setRemote + rtc.OnFailure, "createOfferOnFailure", "createAnswerOnFailure":
		w.fails(w.conn(e.Connection), e.Time)
	case rtc.NameTrack:
		w.comes(w.conn(e.Connection), e)
	case rtc.NameTrackUnmute:
		w.unmuted(w.conn(e.Connection), e)
	case rtc.NameMute, rtc.NameUnmute:
		w.learnMute(e)
	}
}

// clientEvent takes an event of no connection.
func (w *Watch) clientEvent(e *rtc.Event) {
	switch e.Name {
	case rtc.NameGetUserMedia:
		w.steps(e.Time)
		if w.asking++; w.asking == 1 {
			w.asked = e.Time
		}
	case rtc.NameGetUserMedia + rtc.OnSuccess, rtc.NameGetUserMedia + rtc.OnFailure:
		w.denied = e.Name == rtc.NameGetUserMedia+rtc.OnFailure
		if w.asking > 0 {
			if w.asking--; w.asking == 0 {
				w.device += w.waited(e.Time)
				w.asked = time.Time{}
			}
		}
		w.step = later(w.step, e.Time)
	case rtc.NameMute, rtc.NameUnmute:
		w.learnMute(e)
	case rtc.NameJoin:
		// The app says it itself: what the page did before was a preview.
		if w.tried == nil || !w.tried.media {
			w.begin(e.Time)
		}
	default:
		if e.Kind == rtc.KindOpen && e.Name != rtc.NameConnectionInfo { // the server wrote that
			w.opens(e)
		}
	}
}

// opens takes who and where. The first that names the room is the app's join:
// what the page did before was a preview.
func (w *Watch) opens(e *rtc.Event) {
	if !w.joined && strings.Contains(e.Value, `"room":"`) {
		w.joined = true
		if w.tried == nil || !w.tried.media {
			at := e.Time
			for _, c := range w.conns {
				if c.created.Before(at) && e.Time.Sub(c.created) < time.Second { // told in the same breath
					at = c.created
				}
			}
			w.begin(at)
			return
		}
	}
	w.steps(e.Time)
}

// steps notes a step of the join.
func (w *Watch) steps(at time.Time) {
	if w.tried != nil && w.tried.media {
		return
	}
	if w.began.IsZero() || w.asking == 0 && at.Sub(w.step) > rest {
		w.begin(at)
	}
	w.step = later(w.step, at)
	if at.Before(w.began) && w.began.Sub(at) <= rest { // records of one moment need not be in order
		w.began = at
	}
}

// begin lets the join begin at at.
func (w *Watch) begin(at time.Time) {
	w.began, w.step, w.device = at, at, 0
	if w.asking > 0 {
		w.asked = at
	}
}

// waited is how long getUserMedia is under way at at, as far as that kept the
// join waiting: a connection that is being set up meanwhile does not wait.
func (w *Watch) waited(at time.Time) time.Duration {
	if w.asked.IsZero() {
		return 0
	}
	if w.tried != nil && at.After(w.tried.described) {
		at = w.tried.described
	}
	return max(at.Sub(w.asked), 0)
}

// described takes the first description of a connection: from then on it tries.
func (w *Watch) described(c *conn, e *rtc.Event) {
	w.steps(e.Time)
	c.seen = true
	if e.Name == setRemote && !c.answered {
		c.answered = true
		if c == w.tried && w.up == nil && e.Time.Sub(c.described) > alone {
			w.begin(e.Time) // nobody was there before
			c.described = e.Time
		}
	}
	note(&c.described, e.Time)
	if strings.Contains(e.Value, "m=audio") || strings.Contains(e.Value, "m=video") {
		w.carries(c)
	}
	if e.Name == setRemote && strings.Contains(e.Value, "a=candidate:") {
		note(&c.offered, e.Time)
	}
	w.prefer(c)
}

func (w *Watch) iceState(c *conn, state string, at time.Time) {
	switch state {
	case "checking":
		c.seen = true
		note(&c.checking, at)
		w.tries(c, at)
	case "connected", "completed":
		note(&c.ice, at)
		w.tries(c, at)
	case "failed":
		w.fails(c, at)
	case "closed":
		note(&c.closed, at)
	}
	w.prefer(c)
}

func (w *Watch) connState(c *conn, state string, at time.Time) {
	switch state {
	case "connecting":
		c.seen = true
		w.tries(c, at)
	case "connected":
		note(&c.up, at)
		w.tries(c, at)
	case "failed":
		w.fails(c, at)
	case "closed":
		note(&c.closed, at)
	}
	w.prefer(c)
}

// tries notes that a connection tries of which no description was told.
func (w *Watch) tries(c *conn, at time.Time) {
	if c.described.IsZero() {
		w.steps(at)
		c.described = at
	}
	w.prefer(c)
}

func (w *Watch) fails(c *conn, at time.Time) {
	w.tries(c, at)
	note(&c.failed, at)
}

// added takes tracks that are to be sent.
func (w *Watch) added(c *conn, value string) {
	w.carries(c)
	if !c.connected().IsZero() {
		return // the statistics tell of it
	}
	rtc.Tracks(value, func(_, id string) {
		if c.sends == nil {
			c.sends = make(map[string]bool)
		}
		w.name(c.sends, id)
	})
}

// comes takes a track that is to be received.
func (w *Watch) comes(c *conn, e *rtc.Event) {
	w.carries(c)
	if !c.connected().IsZero() {
		return
	}
	rtc.Tracks(e.Value, func(_, id string) {
		if c.receives == nil {
			c.receives = make(map[string]bool)
		}
		if !strings.HasPrefix(id, "mixedlabel") { // Jitsi's bridge announces one that it never sends
			w.name(c.receives, id)
		}
	})
}

// unmuted takes a received track that brings something: browsers say so at its
// first packet, which no poll dates as well.
func (w *Watch) unmuted(c *conn, e *rtc.Event) {
	if c.connected().IsZero() {
		return
	}
	rtc.Tracks(e.Value, func(kind, _ string) {
		k := rtc.KindAudio
		if kind == "video" {
			k = rtc.KindVideo
		}
		if f := &w.first[rtc.Receive][k]; f.at.IsZero() || !f.exact && e.Time.Before(f.at) {
			*f = arrival{at: e.Time, least: e.Time, exact: true}
		}
	})
}

// learnMute keeps who is muted, of those that name a track or a kind of the
// user's own.
func (w *Watch) learnMute(e *rtc.Event) {
	var p struct {
		Kind, Track, User, Mid string
		SSRC                   uint32
	}
	if json.Unmarshal([]byte(e.Value), &p) != nil {
		return
	}
	name := p.Track
	if name == "" && p.User == "" && p.Mid == "" && p.SSRC == 0 { // else it is about one stream, perhaps another's
		name = p.Kind
	}
	if _, known := w.muted[name]; name == "" || !known && (len(w.muted) >= maxTracks || len(name) > maxTrackID) {
		return
	}
	w.muted[name] = e.Name == rtc.NameMute
}

// These bound what a client can make us remember: the tracks of all connections,
// and the length of their ids. Browsers' own have some 40 bytes.
const (
	maxTracks  = 4096
	maxTrackID = 256
)

// name adds a track to those of a connection.
func (w *Watch) name(tracks map[string]bool, id string) {
	if !tracks[id] && w.tracks < maxTracks && len(id) <= maxTrackID {
		w.tracks++
		tracks[id] = true
	}
}

func note(at *time.Time, t time.Time) {
	if at.IsZero() {
		*at = t
	}
}

// text reads a JSON string without escapes, "" of anything else.
func text(value string) string {
	if len(value) >= 2 && value[0] == '"' && value[len(value)-1] == '"' {
		return value[1 : len(value)-1]
	}
	return ""
}
