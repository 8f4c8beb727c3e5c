package match

import (
	"cmp"

	"github.com/peerglass/peerglass/rtc"
)

// Basis is what tells who sends a received stream.
type Basis string

// The bases, the surest first. Through a server a stream may get another SSRC
// and another mid; a mid counts only where it is known that the connection
// leads straight to the sender.
const (
	Unmatched  Basis = ""           // nothing tells who sends it
	SSRC       Basis = "ssrc"       // the sender has a stream with the same SSRC
	Track      Basis = "track"      // the sender has a stream of the same track
	MID        Basis = "mid"        // the same mid at both ends of one connection
	Mapping    Basis = "mapping"    // the application, or an adapter, told whose it is
	Connection Basis = "connection" // it comes over a connection between the two
	OnlyOther  Basis = "only_other" // nobody else was there
)

// Match is one received stream and who sends it.
type Match struct {
	Session rtc.SessionID // the receiver's
	Stream  rtc.StreamID
	Kind    rtc.MediaKind
	Sender  rtc.SessionID // 0 where it is not known, or the user told is not in the call
	Sent    []*rtc.Stream // of the sender: its layers, or what may be it; not to be changed
	User    string        // who sends it: id, or the name without one; also of one who is not in the call
	Basis   Basis
	ByTime  bool    // several fitted by the same basis, and when they sent told them apart
	Tried   []Trial // of one without a sender: what did not tell
}

// Trial is what was looked at in vain.
type Trial struct {
	Basis  Basis
	Fits   int             // how many fit: none, or too many; one where it contradicts what else was told
	Who    []rtc.SessionID // the first of them
	Others bool            // it is contradicted by another trial of the same stream
}

// shown bounds the senders that a trial names.
const shown = 4

// slack allows for clocks that were mapped with an error, and for reports that
// come every few seconds. apart is how far two ends of one stream may lie from
// each other in time: clients poll every ten seconds and less often.
const (
	slack = 3_000
	apart = 15_000
)

// Find matches each received stream of audio, video or screen among the rows of
// one call, in the order of session and stream; the order of the rows does not
// matter. Streams must hold all that were sent, and those received that are to
// be matched, of a session all or none.
func Find(sessions []rtc.Session, connections []rtc.Connection, streams []rtc.Stream) []Match {
	x := read(sessions, connections, streams)
	n := 0
	for _, s := range x.stays {
		n += len(s.received)
	}
	all := make([]Match, 0, n)
	for _, s := range x.stays {
		first := len(all)
		var open []int // that nothing told of
		for _, r := range s.received {
			m, told := x.find(s, r)
			if !told {
				open = append(open, len(all))
			}
			all = append(all, m)
		}
		for _, i := range open {
			x.only(s, s.received[i-first], &all[i])
		}
	}
	return all
}

// find looks at everything but who else was there, and reports whether anything
// tells of the stream.
func (x *index) find(s *stay, r *rtc.Stream) (m Match, told bool) {
	m = Match{Session: s.row.ID, Stream: r.ID, Kind: r.Kind, User: r.RemoteUser}
	named := x.named(r.RemoteUser)
	span := spanOf(r)

	c := s.connections[r.Connection]
	var end *stay // of a connection between two
	var sent []*rtc.Stream
	if c != nil && c.facing != nil && near(c.facing.of.span, span, slack) {
		var basis Basis
		end = c.facing.of
		if basis, sent = c.facing.sends(r); basis != Connection {
			m.take(end, basis, sent)
			x.contradict(&m, s, named, r, c)
			return m, true
		}
	}
	for _, by := range [...]struct {
		basis  Basis
		groups []*group
	}{{SSRC, x.bySSRC[ssrcKey{r.SSRC, pictureOf(r.Kind)}]}, {Track, x.byTrack[trackKey{r.Track, pictureOf(r.Kind)}]}} {
		if by.basis == SSRC && r.SSRC == 0 || by.basis == Track && r.Track == "" {
			continue
		}
		fits := x.fits[:0]
		for _, g := range by.groups {
			if near(g.of.span, span, slack) && shared(g.span, span) >= -apart {
				fits = append(fits, candidate{g.of, g.streams, g.span, shared(g.span, span)})
			}
		}
		x.fits = fits
		best, byTime := decide(fits)
		if best == nil || best.of.who == s.who || end != nil && best.of != end {
			m.tried(by.basis, fits, s)
			if best != nil && end == nil && best.of.who == s.who {
				return m, true // the receiver's own, of another tab or sent back
			}
			continue
		}
		m.take(best.of, by.basis, during(best.sent, span))
		m.ByTime = byTime
		x.contradict(&m, s, named, r, c)
		return m, true
	}
	if end != nil {
		m.take(end, Connection, sent)
		x.contradict(&m, s, named, r, c)
		return m, true
	}
	if r.RemoteUser == "" {
		return m, false
	}
	m.Basis = toldBy(r, c)
	best, byTime := decide(x.sendersAmong(named, s, r))
	if best == nil {
		m.tried(m.Basis, x.fits, s)
		if who, one := onePerson(named); one && who != s.who {
			m.User = who.user
		}
		return m, true
	}
	m.take(best.of, m.Basis, during(best.sent, span))
	m.ByTime = byTime
	return m, true
}

// toldBy says how the user was told. Rows of before that was kept do not say,
// but the user that a connection leads to is kept with the connection.
func toldBy(r *rtc.Stream, c *connection) Basis {
	switch {
	case r.RemoteBasis == rtc.BasisConnection, r.RemoteBasis == "" && c != nil && c.row.Peer == r.RemoteUser:
		return Connection
	}
	return Mapping
}

// take makes s the sender.
func (m *Match) take(s *stay, basis Basis, sent []*rtc.Stream) {
	m.Sender, m.Sent, m.Basis, m.Tried = s.row.ID, sent, basis, nil
	if s.who.user != "" {
		m.User = s.who.user
	}
}

func (m *Match) tried(basis Basis, fits []candidate, s *stay) {
	t := Trial{Basis: basis}
	for i := range fits {
		t.Fits++
		if len(t.Who) < shown && fits[i].of.who != s.who {
			t.Who = append(t.Who, fits[i].of.row.ID)
		}
	}
	m.Tried = append(m.Tried, t)
}

// contradict takes a sender back who is not the one that the application named,
// where that one is in the call: one of the two is wrong, and nothing tells
// which.
func (x *index) contradict(m *Match, s *stay, told []*stay, r *rtc.Stream, c *connection) {
	if len(told) == 0 {
		return
	}
	found := x.byID[m.Sender]
	var others []rtc.SessionID
	for _, o := range told {
		if o.who == found.who {
			return
		}
		if o.who != s.who && near(o.span, spanOf(r), slack) && len(others) < shown {
			others = append(others, o.row.ID)
		}
	}
	if len(others) == 0 {
		return // who bears that name was not there, or is the receiver
	}
	m.Tried = []Trial{
		{Basis: m.Basis, Fits: 1, Who: []rtc.SessionID{m.Sender}, Others: true},
		{Basis: toldBy(r, c), Fits: 1, Who: others, Others: true},
	}
	m.Sender, m.Sent, m.Basis, m.User, m.ByTime = 0, nil, Unmatched, r.RemoteUser, false
}

// candidate is a stay that may be the sender.
type candidate struct {
	of     *stay
	sent   []*rtc.Stream
	span   span
	shared int64 // ms in common with the received stream; below 0 how far apart
}

// decide returns the one that fits, where there is one: the only one, or the one
// that clearly was there at the time, or the longest of one person's that
// follow one another.
func decide(fits []candidate) (best *candidate, byTime bool) {
	for i := range fits {
		if best == nil || fits[i].shared > best.shared || fits[i].shared == best.shared && fits[i].of.row.ID < best.of.row.ID {
			best = &fits[i]
		}
	}
	for i := range fits {
		c := &fits[i]
		if c == best {
			continue
		}
		clear := c.shared <= slack && best.shared-c.shared > slack
		inTurn := c.of.who == best.of.who && shared(c.span, best.span) <= slack
		if !clear && !inTurn {
			return nil, false
		}
		byTime = true
	}
	return best, byTime
}

// sendersAmong are those of the stays that send what may be r; where none tells
// what it sends, all that were there.
func (x *index) sendersAmong(stays []*stay, s *stay, r *rtc.Stream) []candidate {
	at := spanOf(r)
	fits := x.fits[:0]
	for _, o := range stays {
		if o.who == s.who || !near(o.span, at, slack) {
			continue
		}
		if g := s.sendsLike(o, r.Kind, at); g != nil {
			fits = append(fits, candidate{o, g.streams, g.span, shared(g.span, at)})
		}
	}
	if len(fits) == 0 {
		for _, o := range stays {
			if o.who != s.who && near(o.span, at, slack) {
				fits = append(fits, candidate{o, nil, o.span, shared(o.span, at)})
			}
		}
	}
	x.fits = fits
	return fits
}

// only matches a stream of which nothing tells anything, where one other person
// was there at its time and what came is no more than that person can have
// sent.
func (x *index) only(s *stay, r *rtc.Stream, m *Match) {
	at := spanOf(r)
	stays, one := x.beside(s, at)
	if !one {
		t := Trial{Basis: OnlyOther, Fits: len(stays)}
		for _, o := range stays {
			t.Who = append(t.Who, o.row.ID)
		}
		m.Tried = append(m.Tried, t)
		return
	}
	best, byTime := decide(x.sendersAmong(stays, s, r))
	if best == nil || len(best.sent) == 0 && best.of.sendsAny() || !s.room(r, best) {
		m.tried(OnlyOther, x.fits, s)
		return
	}
	m.take(best.of, OnlyOther, during(best.sent, at))
	m.ByTime = byTime
}

// room reports whether all that s received of that kind at the time of r can be
// from one sender. What brought nothing, as servers announce it ahead, comes
// last.
func (s *stay) room(r *rtc.Stream, from *candidate) bool {
	at := spanOf(r)
	came, all := 0, 0
	for _, o := range s.received {
		if o == r || alike(o.Kind, r.Kind) && shared(spanOf(o), at) > slack {
			all++
			if o.Packets != 0 {
				came++
			}
		}
	}
	if r.Packets != 0 {
		all = came
	}
	can := 1 // where it tells nothing of what it sends
	if g := from.of.like(r.Kind); g != nil {
		can = max(tracks(g.streams, at), 1)
	}
	return all <= can
}

// tracks counts what was sent at the time, layers of one track once.
func tracks(sent []*rtc.Stream, at span) int {
	type key struct {
		track, mid string
		of         rtc.ConnectionID
		id         rtc.StreamID
	}
	seen := make(map[key]bool)
	for _, o := range sent {
		if shared(spanOf(o), at) < -apart {
			continue
		}
		k := key{track: o.Track}
		if o.Track == "" {
			k = key{mid: o.MID, of: o.Connection}
			if o.MID == "" {
				k.id = o.ID
			}
		}
		seen[k] = true
	}
	return len(seen)
}

// during leaves out what was sent at another time.
func during(sent []*rtc.Stream, at span) []*rtc.Stream {
	off := func(o *rtc.Stream) bool { return shared(spanOf(o), at) < -slack }
	n := 0
	for _, o := range sent {
		if !off(o) {
			n++
		}
	}
	if n == len(sent) || n == 0 {
		return sent
	}
	kept := make([]*rtc.Stream, 0, n)
	for _, o := range sent {
		if !off(o) {
			kept = append(kept, o)
		}
	}
	return kept
}

// onePerson is the person that all stays are of.
func onePerson(stays []*stay) (who *person, one bool) {
	for _, s := range stays {
		if who != nil && who != s.who {
			return nil, false
		}
		who = s.who
	}
	return who, who != nil
}

func compareStays(a, b *stay) int { return cmp.Compare(a.row.ID, b.row.ID) }
