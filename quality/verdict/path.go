package verdict

import (
	"fmt"

	"github.com/peerglass/peerglass/rtc"
)

// way is how media goes from one user to another.
type way uint8

const (
	unknownWay way = iota
	direct         // peer to peer, perhaps over TURN: both ends see the same path
	served         // through a media server: each end sees its own leg
)

// way says how what s receives as r comes from its sender, and what tells so.
func (c *call) way(s *stay, r *rtc.Stream, l *link) (way, string) {
	if !l.looked {
		l.looked = true
		l.way, l.why = c.look(s, r, l)
	}
	return l.way, l.why
}

func (c *call) look(s *stay, r *rtc.Stream, l *link) (way, string) {
	here := s.connections[r.Connection]
	for _, sent := range l.sent {
		there := l.from.connections[sent.Connection]
		if here == nil || there == nil {
			continue
		}
		if faces(here, there) {
			return direct, "peer to peer: each end has the ICE user fragment of the other"
		}
		if here.Peer != "" && c.byPerson[here.Peer] == l.from.who || there.Peer != "" && c.byPerson[there.Peer] == s.who {
			return direct, "peer to peer, as the application told"
		}
		if known(here) && known(there) {
			return served, "through a server: neither end has the ICE user fragment of the other"
		}
	}
	if n := s.crowds[r.Connection]; n > 1 {
		return served, fmt.Sprintf("through a server: one connection brings the streams of %d users", n)
	}
	if w, why := byCounters(r, l); w != unknownWay {
		return w, why
	}
	return unknownWay, ""
}

func faces(a, b *rtc.Connection) bool {
	return a.LocalUfrag != "" && a.LocalUfrag == b.RemoteUfrag || b.LocalUfrag != "" && b.LocalUfrag == a.RemoteUfrag
}

func known(c *rtc.Connection) bool { return c.LocalUfrag != "" && c.RemoteUfrag != "" }

// Two counts of the same lost packets may differ by what was lost since the
// last report; counts of two legs have no reason to be alike.
const (
	enoughLost    = 20 // packets, for their number to tell anything
	sameCount     = 0.25
	sameCountLast = 10 // packets
)

// byCounters compares the packets that the sender was told to be lost with
// those that the receiver missed: peer to peer the one is a report of the
// other.
func byCounters(r *rtc.Stream, l *link) (way, string) {
	if len(l.sent) != 1 || l.sent[0].SSRC != r.SSRC || r.SSRC == 0 {
		return unknownWay, ""
	}
	told, missed := l.sent[0].PacketsLost, r.PacketsLost
	if told < 0 || missed < 0 || max(told, missed) < enoughLost {
		return unknownWay, ""
	}
	if d := told - missed; float64(max(d, -d)) <= sameCountLast+sameCount*float64(max(told, missed)) {
		return direct, fmt.Sprintf("peer to peer: the sender was told of %d lost packets, the receiver missed %d", told, missed)
	}
	return served, fmt.Sprintf("through a server: the sender was told of %d lost packets, the receiver missed %d", told, missed)
}
