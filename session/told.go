package session

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/peerglass/peerglass/rtc"
)

// told is what events said of streams. Streams may come later than the event,
// so that it is kept by what it named; a bound keeps a client from filling it.
type told struct {
	ssrcs  map[uint32]bool // true: screen, false: camera
	tracks map[string]bool
	users  map[streamKey]mapping
	muted  map[muteKey]float64 // since when, client's clock, ms
	held   bool                // the user's call: nothing is received
	hidden bool                // the page
	shown  float64             // when it was seen again last, client's ms: what was due before rests until then
}

// streamKey names a stream in one of three ways, or with conn alone all that a
// connection brings.
type streamKey struct {
	track string
	ssrc  uint32
	mid   string
	conn  rtc.ConnectionID // of mid; 0 where the event named no connection
}

// none reports whether the key names no stream.
func (k streamKey) none() bool { return k.track == "" && k.ssrc == 0 && k.mid == "" }

type mapping struct{ User, Label string }

const maxTold = 4096

// screen says whether the stream is a screen, and whether that was told.
func (t *told) screen(st *rtc.Stream) (screen, known bool) {
	if screen, known = t.ssrcs[st.SSRC]; known {
		return screen, true
	}
	screen, known = t.tracks[st.Track]
	return screen, known && st.Track != ""
}

// mapping returns to whom the stream was said to belong.
func (t *told) mapping(conn rtc.ConnectionID, st *rtc.Stream) (m mapping, known bool) {
	if len(t.users) == 0 {
		return m, false
	}
	for _, k := range [...]streamKey{
		{track: st.Track}, {ssrc: st.SSRC}, {mid: st.MID, conn: conn}, {mid: st.MID},
	} {
		if k.none() {
			continue
		}
		if m, known = t.users[k]; known {
			return m, true
		}
	}
	if st.Direction == rtc.Receive {
		m, known = t.users[streamKey{conn: conn}]
	}
	return m, known
}

// learn takes from an event what it says of the session, a connection or
// streams, and returns the stream that it is about, 0 if none.
func (s *Session) learn(r *rtc.Record, c *connection) rtc.StreamID {
	if r.Kind == rtc.KindOpen {
		if !s.releasing {
			s.identify(r.Payload)
		}
		return 0
	}
	if c != nil {
		s.learnConnection(r, c)
	}
	switch string(r.Name) {
	case rtc.NameConstraints, rtc.NameCreate:
		if !s.releasing {
			s.legacyIdentity(r.Payload)
		}
		if c != nil {
			c.learnPeer(r.Payload)
		}
	case rtc.NameSetVideoType:
		var p struct {
			SSRC      uint32 `json:"ssrc"`
			VideoType string `json:"videoType"`
		}
		if json.Unmarshal(r.Payload, &p) == nil && p.SSRC != 0 && (p.VideoType == "camera" || p.VideoType == "desktop") {
			s.told.isScreen(p.SSRC, "", p.VideoType == "desktop")
			s.relink()
			return s.find(streamKey{ssrc: p.SSRC})
		}
	case rtc.NameScreenShare:
		var p struct {
			On    bool   `json:"on"`
			SSRC  uint32 `json:"ssrc"`
			Track string `json:"track"`
		}
		// A share that ends does not make a camera of the stream.
		if json.Unmarshal(r.Payload, &p) == nil && p.On && (p.SSRC != 0 || p.Track != "") {
			s.told.isScreen(p.SSRC, p.Track, true)
			s.relink()
			return s.find(streamKey{ssrc: p.SSRC, track: p.Track})
		}
	case rtc.NameMapStream:
		return s.mapStream(r.Payload, c)
	case rtc.NameMute, rtc.NameTrackMute:
		return s.learnMute(r, c, true)
	case rtc.NameUnmute, rtc.NameTrackUnmute:
		return s.learnMute(r, c, false)
	case rtc.NameHold:
		s.learnHold(r)
	case rtc.NameVisibility:
		var p struct{ Hidden bool }
		if json.Unmarshal(r.Payload, &p) == nil {
			if s.told.hidden && !p.Hidden {
				s.told.shown = float64(r.Time)
			}
			s.told.hidden = p.Hidden
		}
	case rtc.NameGetDisplayMedia + rtc.OnSuccess:
		for _, track := range tracksIn(r.Payload, "video") {
			s.told.isScreen(0, track, true)
		}
		s.relink()
	}
	return 0
}

// learnConnection follows the states of a peer connection.
func (s *Session) learnConnection(r *rtc.Record, c *connection) {
	was := c.row
	c.learnEnds(r)
	switch string(r.Name) {
	case rtc.NameConnState:
		c.toldState = true
		s.connectionState(c, unquoted(r.Payload))
	case rtc.NameICEState:
		if !c.toldState {
			s.connectionState(c, unquoted(r.Payload))
		}
	case rtc.NameClose:
		c.row.State = "closed"
		s.closeConnection(c)
	}
	if c.row != was {
		c.changed, s.pending = true, true
	}
}

func (s *Session) connectionState(c *connection, state string) {
	if state == "" {
		return
	}
	c.row.State = state
	// The iceConnectionState, too, says "completed" only after "connected".
	if c.row.Connected.IsZero() && (state == "connected" || state == "completed") {
		c.row.Connected = milli(s.at)
	}
	if state == "closed" {
		s.closeConnection(c)
	}
}

func (s *Session) mapStream(payload []byte, c *connection) rtc.StreamID {
	var p struct {
		Track, Mid, User, Label string
		SSRC                    uint32
		Kind                    string // screen, where the application knows
	}
	if json.Unmarshal(payload, &p) != nil {
		return 0
	}
	key := streamKey{track: p.Track, ssrc: p.SSRC, mid: p.Mid}
	switch {
	case p.Track != "":
		key = streamKey{track: p.Track}
	case p.SSRC != 0:
		key = streamKey{ssrc: p.SSRC}
	case c != nil:
		key.conn = c.row.ID
	case p.Mid == "":
		return 0
	}
	if s.told.users == nil {
		s.told.users = make(map[streamKey]mapping)
	}
	if _, there := s.told.users[key]; there || len(s.told.users) < maxTold {
		s.told.users[key] = mapping{cutName(p.User), cutName(p.Label)}
	}
	if p.Kind == "screen" {
		s.told.isScreen(p.SSRC, p.Track, true)
	}
	s.relink()
	if key.none() {
		return 0
	}
	return s.find(key)
}

func (t *told) isScreen(ssrc uint32, track string, screen bool) {
	if t.ssrcs == nil {
		t.ssrcs, t.tracks = make(map[uint32]bool), make(map[string]bool)
	}
	if _, there := t.ssrcs[ssrc]; ssrc != 0 && (there || len(t.ssrcs) < maxTold) {
		t.ssrcs[ssrc] = screen
	}
	if _, there := t.tracks[track]; track != "" && (there || len(t.tracks) < maxTold) {
		t.tracks[track] = screen
	}
}

// relink lets the next poll describe all streams anew.
func (s *Session) relink() {
	for _, c := range s.connections {
		c.reports.stale = true
	}
}

// settle describes the streams of a connection that ends: what was told of them
// since the last poll waits for none.
func (s *Session) settle(c *connection) {
	if c.reports.stale {
		_ = s.link(c) // it brings no stream: those of the last poll are linked
	}
}

// find returns the stream that a key names, 0 if there is none yet.
func (s *Session) find(k streamKey) rtc.StreamID {
	for _, c := range s.connections {
		for _, st := range c.streams {
			row := &st.row
			if k.ssrc != 0 && row.SSRC == k.ssrc || k.track != "" && row.Track == k.track ||
				k.mid != "" && row.MID == k.mid && (k.conn == 0 || k.conn == row.Connection) {
				return row.ID
			}
		}
	}
	return 0
}

// tracksIn reads the ids of the tracks of these kinds from what a client tells
// of a track or MediaStream: {"kind":"video","id":"…"}, ["video","id","label"],
// a list or object of such, or a text of "video:id" words.
func tracksIn(payload []byte, kinds ...string) []string {
	var value any
	if json.Unmarshal(payload, &value) != nil {
		return nil
	}
	var ids []string
	add := func(id string) {
		if id != "" && len(ids) < 16 {
			ids = append(ids, cutName(id))
		}
	}
	wanted := func(kind any) bool {
		name, ok := kind.(string)
		return ok && slices.Contains(kinds, name)
	}
	var visit func(value any, depth int)
	visit = func(value any, depth int) {
		if depth == 0 {
			return
		}
		switch v := value.(type) {
		case []any:
			if len(v) >= 2 && wanted(v[0]) {
				if id, ok := v[1].(string); ok {
					add(id)
					return
				}
			}
			for _, e := range v {
				visit(e, depth-1)
			}
		case map[string]any:
			if id, ok := v["id"].(string); ok && wanted(v["kind"]) {
				add(id)
				return
			}
			for _, k := range sortedKeys(v) {
				visit(v[k], depth-1)
			}
		case string:
			for _, word := range strings.FieldsFunc(v, func(r rune) bool { return r == ' ' || r == ',' }) {
				if kind, id, ok := strings.Cut(word, ":"); ok && wanted(kind) {
					add(id)
				}
			}
		}
	}
	visit(value, 5)
	return ids
}

func cutName(s string) string { return bounded([]byte(s)) }
