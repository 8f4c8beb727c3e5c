package session

import (
	"cmp"
	"encoding/json"

	"github.com/peerglass/peerglass/rtc"
)

// off is when a received stream had nothing to bring, as was told. Times are
// the client's, in ms.
type off struct {
	now  bool
	from float64 // what was not asked for yet began here
	past float64 // ms of spans that ended since during was asked
}

// set notes that the stream went off or came back.
func (o *off) set(now bool, at float64) {
	if o.now && !now {
		o.past += max(at-o.from, 0)
	}
	if now && !o.now {
		o.from = at
	}
	o.now = now
}

// during returns for how many seconds the stream was off from one poll to the
// next.
func (o *off) during(from, to float64) float64 {
	ms := o.past
	o.past = 0
	if o.now {
		ms += max(to-max(o.from, from), 0)
		o.from = max(o.from, to)
	}
	return min(ms, max(to-from, 0)) / 1000
}

// muteKey names received streams that are muted: one stream, or what one user
// sends of a kind.
type muteKey struct {
	stream streamKey
	user   string
	kind   rtc.MediaKind
}

// mutedSince returns whether the stream was told to be muted, and since when.
func (t *told) mutedSince(st *rtc.Stream) (since float64, muted bool) {
	if len(t.muted) == 0 {
		return 0, false
	}
	for _, k := range [...]muteKey{
		{stream: streamKey{track: st.Track}}, {stream: streamKey{ssrc: st.SSRC}}, {stream: streamKey{mid: st.MID, conn: st.Connection}},
		{user: st.RemoteUser, kind: st.Kind},
	} {
		if k.user == "" && k.stream.none() {
			continue
		}
		if since, muted = t.muted[k]; muted {
			return since, true
		}
	}
	return 0, false
}

// learnMute takes an event that says of a stream, or of what another user
// sends, that it is muted or no more. What a user mutes of his own names
// neither user nor a received stream.
func (s *Session) learnMute(r *rtc.Record, c *connection, muted bool) rtc.StreamID {
	at := float64(cmp.Or(r.Time, s.received-s.clock.offset))
	var key muteKey
	if name := string(r.Name); name == rtc.NameTrackMute || name == rtc.NameTrackUnmute {
		ids := tracksIn(r.Payload, "audio", "video")
		if len(ids) == 0 {
			return 0
		}
		key.stream.track = ids[0]
	} else {
		var p struct {
			Kind, User, Track, Mid string
			SSRC                   uint32
		}
		if json.Unmarshal(r.Payload, &p) != nil {
			return 0
		}
		switch {
		case p.Track != "":
			key.stream.track = cutName(p.Track)
		case p.SSRC != 0:
			key.stream.ssrc = p.SSRC
		case p.Mid != "" && c != nil:
			key.stream.mid, key.stream.conn = cutName(p.Mid), c.row.ID
		case p.User != "":
			key.user = cutName(p.User)
			if key.kind = mediaKind(p.Kind); key.kind == rtc.KindUnknown {
				return 0
			}
		default:
			return 0
		}
	}
	if s.told.muted == nil {
		s.told.muted = make(map[muteKey]float64)
	}
	if !muted {
		delete(s.told.muted, key)
	} else if _, there := s.told.muted[key]; !there && len(s.told.muted) < maxTold {
		s.told.muted[key] = at
	}
	s.setOff(at)
	if key.user != "" {
		return 0
	}
	return s.find(key.stream)
}

// learnHold takes an event that says that the user's call is held, or goes on:
// of what others send nothing is played meanwhile.
func (s *Session) learnHold(r *rtc.Record) {
	var p struct{ On bool }
	if json.Unmarshal(r.Payload, &p) == nil && p.On != s.told.held {
		s.told.held = p.On
		s.setOff(float64(cmp.Or(r.Time, s.received-s.clock.offset)))
	}
}

// setOff notes of each received stream whether it is off since at.
func (s *Session) setOff(at float64) {
	for _, c := range s.connections {
		for _, st := range c.streams {
			if st.row.Direction == rtc.Receive && !st.pseudo() {
				_, now := s.told.mutedSince(&st.row)
				st.off.set(now || s.told.held, at)
			}
		}
	}
}

func mediaKind(kind string) rtc.MediaKind {
	for k := rtc.KindAudio; k <= rtc.KindScreen; k++ {
		if k.String() == kind {
			return k
		}
	}
	return rtc.KindUnknown
}
