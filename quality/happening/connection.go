package happening

import (
	"fmt"
	"strings"
	"time"

	"github.com/peerglass/peerglass/rtc"
)

const nameDTLSState = "ondtlsstatechange"

// conn is what is known of one connection.
type conn struct {
	row             *rtc.Connection
	sends, receives bool
	told            bool // it tells its connectionState
	began           time.Time
	up, ever        bool
	lost            time.Time
	failed, closed  bool
}

// known is what later events and other rows tell of earlier ones.
type known struct {
	tracks     bool                         // the client tells which tracks it adds
	comes      bool                         // it tells which tracks come
	unmutes    map[string]bool              // received tracks of which the browser tells when they bring something
	streams    map[string]*rtc.Stream       // by track
	byID       map[rtc.StreamID]*rtc.Stream // media only
	described  bool                         // it tells of descriptions
	rejoined   bool                         // an event tells the join
	signalings bool
}

// learn looks ahead: at the rows that are no events, and at what kinds of event
// the client tells.
func (w *watch) learn() {
	k := &w.known
	k.unmutes, k.streams, k.byID = map[string]bool{}, map[string]*rtc.Stream{}, map[rtc.StreamID]*rtc.Stream{}
	for i := range w.stay.Connections {
		c := &w.stay.Connections[i]
		w.conns[c.ID] = &conn{row: c}
	}
	for i := range w.stay.Streams {
		s := &w.stay.Streams[i]
		if s.Kind != rtc.KindAudio && s.Kind != rtc.KindVideo && s.Kind != rtc.KindScreen {
			continue
		}
		k.byID[s.ID] = s
		if s.Track != "" && k.streams[s.Track] == nil {
			k.streams[s.Track] = s
		}
		if c := w.conn(s.Connection); c != nil {
			c.sends, c.receives = c.sends || s.Direction == rtc.Send, c.receives || s.Direction == rtc.Receive
		}
	}
	for i := range w.stay.Events {
		e := &w.stay.Events[i]
		switch e.Name {
		case rtc.NameConnState:
			if c := w.conn(e.Connection); c != nil {
				c.told = true
			}
		case "addTrack", "addStream", "addTransceiver", "replaceTrack":
			tracks := tracksIn(e.Value)
			c := w.conn(e.Connection)
			if c != nil && (len(tracks) > 0 || e.Name == "addTransceiver") {
				only := strings.Contains(e.Value, `"recvonly"`)
				c.sends, c.receives = c.sends || !only && len(tracks) > 0, c.receives || only
			}
			k.tracks = k.tracks || len(tracks) > 0
		case rtc.NameTrack, "onaddstream":
			if c := w.conn(e.Connection); c != nil {
				c.receives = true
			}
			k.comes = true
		case rtc.NameTrackUnmute:
			for _, t := range tracksIn(e.Value) {
				if len(k.unmutes) < maxTracks {
					k.unmutes[t.id] = true
				}
			}
		case "setRemoteDescription":
			k.described = true
		case rtc.NameSignalingState:
			k.described = k.described || needsRemote(e.Value)
		}
	}
}

// needsRemote reports whether a signaling state comes about by the other side's
// description only.
func needsRemote(value string) bool {
	switch text(value) {
	case "have-remote-offer", "have-remote-pranswer", "have-local-pranswer", "stable":
		return true
	}
	return false
}

// conn returns a connection, nil of none.
func (w *watch) conn(id rtc.ConnectionID) *conn {
	if id == 0 {
		return nil
	}
	c := w.conns[id]
	if c == nil && len(w.conns) < maxTracks {
		c = &conn{}
		w.conns[id] = c
	}
	return c
}

// connectionEvent takes an event of a connection's own state, and reports
// whether it was one.
func (w *watch) connectionEvent(e *rtc.Event) bool {
	c := w.conn(e.Connection)
	switch e.Name {
	case rtc.NameCreate:
	case "setLocalDescription":
		w.begins(c)
	case "setRemoteDescription":
		w.signals("the other side's first description")
		w.begins(c)
	case rtc.NameSignalingState:
		if needsRemote(e.Value) {
			w.signals("the other side's first description")
		}
	case rtc.NameICEState:
		state := text(e.Value)
		if state == "checking" {
			w.begins(c)
		}
		if c != nil && !c.told {
			w.state(c, state)
		}
	case rtc.NameConnState:
		if state := text(e.Value); state == "connecting" {
			w.begins(c)
		} else {
			w.state(c, state)
		}
	case nameDTLSState:
		if text(e.Value) == "failed" {
			w.fails(c, "dtls", "DTLS failed")
		}
	case "ondtlserror":
		w.fails(c, "dtls", "DTLS failed: "+failed(e.Value))
	case rtc.NameClose:
		if c == nil {
			return false
		}
		w.closes(c)
	case "restartIce":
		w.add(iceRestarted, Row{})
	case "createOffer":
		if strings.Contains(e.Value, `"iceRestart":true`) {
			w.add(iceRestarted, Row{})
		}
	case rtc.NameICEError:
		w.iceFails(e)
	default:
		return false
	}
	return true
}

// signals notes that the application's signaling works.
func (w *watch) signals(how string) {
	if w.signaling {
		return
	}
	w.signaling = true
	w.add(signalingConnected, Row{Cause: "first_description", Connection: 0, Text: "known from " + how})
}

// begins notes that a connection begins to be set up.
func (w *watch) begins(c *conn) {
	if c == nil || !c.began.IsZero() || w.at == nil {
		return
	}
	c.began = w.at.Time
	if c.sends {
		w.add(upstreamEstablishing, Row{Direction: rtc.Send, Text: w.label(c)})
	}
	if c.receives {
		w.add(downstreamEstablishing, Row{Direction: rtc.Receive, Text: w.label(c)})
	}
}

func (w *watch) label(c *conn) string {
	if c.row == nil || c.row.Label == "" {
		return ""
	}
	return "connection " + c.row.Label
}

// state takes a connection's state.
func (w *watch) state(c *conn, state string) {
	if c == nil || w.at == nil {
		return
	}
	at := w.at.Time
	switch state {
	case "connected", "completed":
		if c.up {
			return
		}
		if !w.known.described {
			w.signals("the first connection")
		}
		c.up, c.failed = true, false
		if c.ever {
			cause := ""
			if !c.lost.IsZero() {
				cause = "after " + length(at.Sub(c.lost))
			}
			w.add(connectionRecovered, Row{Text: strings.TrimPrefix(w.label(c)+" "+cause, " ")})
			return
		}
		c.ever = true
		how := w.path(c, at)
		if c.sends {
			w.add(upstreamEstablished, Row{Direction: rtc.Send, Text: how})
		}
		if c.receives {
			w.add(downstreamEstablished, Row{Direction: rtc.Receive, Text: how})
		}
		if !c.sends && !c.receives {
			w.add(dataEstablished, Row{Text: how})
		}
	case "disconnected":
		if c.up {
			c.up, c.lost = false, at
			w.add(connectionInterrupted, Row{Cause: "no_answer", Text: w.label(c)})
		}
	case "failed":
		cause := "never_connected"
		if c.ever {
			cause = "lost"
		}
		if c.lost.IsZero() {
			c.lost = at
		}
		w.fails(c, cause, w.label(c))
	case "closed":
		w.closes(c)
	}
}

// path says by which path a connection stands, and since how long after it was
// made.
func (w *watch) path(c *conn, at time.Time) string {
	parts := []string{}
	if l := w.label(c); l != "" {
		parts = append(parts, l)
	}
	if c.row != nil && c.row.LocalType != "" {
		way := c.row.LocalType + " → " + c.row.RemoteType
		if c.row.Transport != "" {
			way += " over " + c.row.Transport
		}
		parts = append(parts, way)
	}
	if !c.began.IsZero() && !at.Before(c.began) {
		parts = append(parts, "after "+length(at.Sub(c.began)))
	}
	return strings.Join(parts, ", ")
}

func (w *watch) fails(c *conn, cause, text string) {
	if c != nil {
		if c.failed {
			return
		}
		c.failed, c.up = true, false
	}
	w.add(connectionFailed, Row{Cause: cause, Text: text})
}

func (w *watch) closes(c *conn) {
	if c == nil || c.closed {
		return
	}
	c.closed, c.up = true, false
	w.add(connectionClosed, Row{Text: w.label(c)})
	w.releases(w.at.Connection)
}

// iceFails takes an error of a STUN or TURN server: once of each server.
func (w *watch) iceFails(e *rtc.Event) {
	var p struct {
		URL       string
		ErrorCode float64
		ErrorText string
	}
	read(e.Value, &p)
	key := fmt.Sprint(p.URL, p.ErrorCode)
	if w.iceError[key] || len(w.iceError) >= maxNames {
		return
	}
	w.iceError[key] = true
	text := p.ErrorText
	if p.ErrorCode != 0 {
		text = fmt.Sprintf("%.0f %s", p.ErrorCode, p.ErrorText)
	}
	cause := "refused"
	if p.ErrorCode == 701 {
		cause = "no_answer"
	}
	w.add(iceServerError, Row{Cause: cause, Text: strings.Trim(p.URL+": "+strings.TrimSpace(text), ": ")})
}

// networkEvent takes what the browser says of the machine's network.
func (w *watch) networkEvent(e *rtc.Event) {
	var p struct {
		Type   any
		Online *bool
	}
	if !read(e.Value, &p) {
		return
	}
	n := &w.network
	kind := textOf(p.Type)
	if p.Online != nil && !*p.Online && !n.offline {
		n.offline, n.since = true, e.Time
		w.add(networkOffline, Row{Cause: "offline", Text: kindText("was on ", n.kind)})
		return
	}
	if p.Online != nil && *p.Online && n.offline {
		n.offline = false
		w.add(networkOnline, Row{Cause: "online", Text: "after " + length(e.Time.Sub(n.since)) + kindText(", on ", kind)})
	}
	if kind == "" || kind == "none" || kind == "unknown" {
		return
	}
	if n.known && kind != n.kind {
		w.add(networkSwitched, Row{Cause: word(kind), Text: n.kind + " → " + kind})
	}
	n.known, n.kind = true, kind
}

func kindText(before, kind string) string {
	if kind == "" {
		return ""
	}
	return before + kind
}

// outcomeMoments are what the stay's outcome tells.
func (w *watch) outcomeMoments() (all []moment) {
	o := w.stay.Outcome
	if o == nil {
		return nil
	}
	var up time.Time
	for i := range w.stay.Connections {
		if c := w.stay.Connections[i].Connected; !c.IsZero() && (up.IsZero() || c.Before(up)) {
			up = c
		}
	}
	if !up.IsZero() {
		var parts []string
		for _, p := range [...]struct {
			name string
			ms   float32
		}{{"signaling", o.Signalling}, {"ICE", o.ICE}, {"DTLS", o.DTLS}, {"from the join", o.Join}} {
			if !rtc.IsNull(p.ms) {
				parts = append(parts, fmt.Sprintf("%s %.0f ms", p.name, p.ms))
			}
		}
		if len(parts) > 0 {
			all = append(all, moment{up, func() { w.add(linkSetup, Row{Text: strings.Join(parts, ", ")}) }})
		}
	}
	if !up.IsZero() && !rtc.IsNull(o.Join) {
		began := up.Add(-milliseconds(o.Join))
		for _, f := range [...]struct {
			ms   float32
			kind rtc.MediaKind
			dir  rtc.Direction
			text string
		}{
			{o.FirstAudioSent, rtc.KindAudio, rtc.Send, "first audio sent"}, {o.FirstVideoSent, rtc.KindVideo, rtc.Send, "first video sent"},
			{o.FirstAudioReceived, rtc.KindAudio, rtc.Receive, "first audio received"}, {o.FirstVideoReceived, rtc.KindVideo, rtc.Receive, "first video received"},
		} {
			if !rtc.IsNull(f.ms) {
				all = append(all, moment{began.Add(milliseconds(f.ms)), func() {
					w.add(firstFrame, Row{Kind: f.kind, Direction: f.dir, Text: fmt.Sprintf("%s %.0f ms after the join", f.text, f.ms)})
				}})
			}
		}
	}
	if end := w.stay.Session.End; !end.IsZero() {
		if n := int(o.PushTried) - int(o.PushOK); n > 0 {
			all = append(all, moment{end, func() {
				w.add(pushFailed, Row{Direction: rtc.Send, Text: fmt.Sprintf("%d of %d sent streams never carried a packet", n, o.PushTried)})
			}})
		}
		if n := int(o.PullTried) - int(o.PullOK); n > 0 {
			all = append(all, moment{end, func() {
				w.add(pullFailed, Row{Direction: rtc.Receive, Text: fmt.Sprintf("%d of %d received streams never carried a packet", n, o.PullTried)})
			}})
		}
	}
	return all
}

func milliseconds(ms float32) time.Duration {
	return time.Duration(float64(ms) * float64(time.Millisecond))
}
