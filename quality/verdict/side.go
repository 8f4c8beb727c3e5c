package verdict

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/peerglass/peerglass/rtc"
)

// judgement is where the cause of an issue lies.
type judgement struct {
	source     rtc.Source // seen from the session that has the issue
	cause      string
	side       rtc.Side
	who        *person // whose side
	with       *person // the other end, where it lies between two
	confidence float64
	reasons    []rtc.Evidence // what other ends show
}

// networkCauses are causes that a network has, wherever it is.
var networkCauses = map[string]bool{
	"packet_loss": true, "jitter": true, "latency": true, "bandwidth": true, "congestion": true,
	"no_packets": true, "unanswered": true, "reordering": true, "path_lost": true,
}

// class is what kind of trouble of a network a cause is, 0 for one that can be
// of either: what loses packets need not delay them, what has too little room
// does both.
func class(cause string) int {
	switch cause {
	case "packet_loss", "no_packets", "unanswered", "path_lost":
		return 1
	case "jitter", "latency", "reordering":
		return 2
	}
	return 0
}

// seen are causes that only say what arrived: the sender knows why.
func seen(cause string) bool {
	return cause == "" || cause == "sender_stopped" || cause == "sender_slow" || cause == "vanished"
}

// judgeAll finds the side of each issue: first of those that speak for
// themselves, then of those that others explain.
func (c *call) judgeAll() {
	for _, f := range c.issues {
		f.judgement = c.alone(f)
	}
	for _, f := range c.deep {
		if explained(f) {
			f.judgement = c.judge(f)
		}
	}
}

// explained reports whether other ends can say more of the issue than its own.
func explained(f *found) bool {
	if f.source == rtc.LocalUser || f.source == rtc.Server {
		return false
	}
	if f.row.Type == "ice_failed" || f.row.Type == "dtls_failed" {
		return true // what kept one end from connecting kept the other
	}
	return f.source == rtc.Network || f.direction() == rtc.Receive
}

// alone is what an issue says without the others.
func (c *call) alone(f *found) judgement {
	j := judgement{source: f.row.Source, cause: f.row.Cause}
	switch j.source {
	case rtc.LocalUser:
		j.side, j.who, j.confidence = rtc.UserSide, f.of.who, 0.9
	case rtc.RemoteUser:
		j.side, j.who, j.confidence = rtc.UserSide, f.sender(c), 0.6
		if networkCauses[f.row.Cause] {
			j.side = rtc.UserNetwork
		}
		if j.who == nil {
			j.side = rtc.NoSide
		}
	case rtc.Network:
		j.side, j.who, j.confidence = rtc.UserNetwork, f.of.who, 0.5
	case rtc.Server:
		j.side, j.confidence = rtc.ServerSide, 0.8
	default:
		j.confidence = 0.3
	}
	return j
}

// sender is the person whose stream the issue is about, nil if not known.
func (f *found) sender(c *call) *person {
	if f.from != nil {
		return f.from.who
	}
	return c.byPerson[f.row.RemoteUser]
}

// direction is which way media went that the issue is about; Both where it
// does not matter or is not told.
func (f *found) direction() rtc.Direction { return f.dir }

func (f *found) told() rtc.Direction {
	if st := f.of.streams[f.row.Stream]; st != nil && st.Direction != rtc.Both {
		return st.Direction
	}
	if f.row.Type == "no_media_received" {
		return rtc.Receive
	}
	for _, e := range f.row.Evidence {
		switch e.Metric {
		case "available_outgoing":
			return rtc.Send
		case "bitrate":
			return rtc.Receive
		}
	}
	return rtc.Both
}

// judge looks at an issue of the network, or of something received, from the
// other ends.
func (c *call) judge(f *found) judgement {
	switch f.row.Type {
	case "turn_unreachable":
		return c.turn(f)
	case "ice_failed", "dtls_failed":
		return c.failed(f)
	}
	if f.row.Phase == rtc.Joining || f.row.Type == "relay_tcp" {
		return f.judgement
	}
	partners := c.partners(f)
	if len(partners) == 1 {
		if j, gone := f.after(partners[0]); gone {
			return j
		}
		if f.direction() == rtc.Receive {
			if j, sure := c.bySender(f, partners[0]); sure {
				return j
			}
		}
	}
	if f.source != rtc.Network && !networkCauses[f.row.Cause] {
		return f.judgement
	}
	if len(partners) == 0 {
		j := f.judgement
		j.side, j.who, j.confidence = rtc.BetweenSide, f.of.who, 0.5
		j.reasons = []rtc.Evidence{{Text: "nobody at the other end told anything"}}
		return j
	}
	return c.split(f, partners)
}

// partners are the stays at the other end of what the issue is about: the
// sender of the stream, the receivers of a sent one, all who are on the
// connection.
func (c *call) partners(f *found) []*stay {
	if !f.asked {
		f.asked, f.ends = true, f.otherEnds()
	}
	return f.ends
}

func (f *found) otherEnds() []*stay {
	if f.from != nil {
		return []*stay{f.from}
	}
	var all []*stay
	known := make(map[*stay]bool)
	add := func(s *stay) {
		if s != f.of && !known[s] {
			known[s] = true
			all = append(all, s)
		}
	}
	if f.direction() != rtc.Send {
		type source struct {
			first rtc.StreamID
			of    *stay
		}
		var sources []source
		for _, p := range f.of.sources {
			for _, r := range p.streams {
				if (f.row.Connection == 0 || r.Connection == f.row.Connection) && f.during(r) {
					sources = append(sources, source{r.ID, p.other})
					break
				}
			}
		}
		slices.SortStableFunc(sources, func(a, b source) int { return cmp.Compare(a.first, b.first) })
		for _, s := range sources {
			add(s.of)
		}
	}
	if f.direction() != rtc.Receive {
		for _, p := range f.of.sinks {
			for i, r := range p.streams {
				if f.during(r) && f.sends(p.links[i]) {
					add(p.other)
					break
				}
			}
		}
	}
	return all
}

// sends reports whether what the issue is about can be the sent end of a link.
func (f *found) sends(l *link) bool {
	return slices.ContainsFunc(l.sent, func(o *rtc.Stream) bool {
		return (f.row.Stream == 0 || o.ID == f.row.Stream) && (f.row.Connection == 0 || o.Connection == f.row.Connection)
	})
}

// during reports whether the stream was there while the issue lasted.
func (f *found) during(r *rtc.Stream) bool {
	return r.Start.Before(f.end.Add(slack)) && !r.End.Before(f.start.Add(-slack))
}

// near reports whether two issues lasted at the same time.
func near(a, b *found) bool {
	return a.start.Before(b.end.Add(slack)) && b.start.Before(a.end.Add(slack))
}

// evidence is what an issue rests on, told of the session that has it.
func (f *found) evidence(text string) rtc.Evidence {
	e := rtc.Evidence{At: f.start}
	if len(f.row.Evidence) > 0 {
		e = f.row.Evidence[0]
	}
	e.Session, e.Text = f.of.row.ID, text
	return e
}

// share is how many there are and how many of them had trouble.
type share struct{ all, bad int }

func (s share) most() bool  { return s.bad > 0 && 2*s.bad >= s.all }
func (s share) clean() bool { return s.all > 0 && s.bad == 0 }

// split decides whose network it is: of those at the two ends of a path, the
// one whose other paths suffer too. Where nothing tells, it lies between them.
func (c *call) split(f *found, partners []*stay) judgement {
	j := f.judgement
	j.source = rtc.Network
	here := f.of
	w, why := c.wayOf(f, partners)
	there := partners[0]
	if w == served && f.direction() != rtc.Receive {
		return c.ownLeg(f, why)
	}
	if len(partners) > 1 && w != served {
		w = served // one connection to several: a server
	}
	// What else the two have to do with others at the same time.
	var mine, theirs share
	switch f.direction() {
	case rtc.Receive:
		mine, theirs = c.arriving(f, here, there), c.leaving(f, there, here)
	case rtc.Send:
		mine, theirs = c.leaving(f, here, there), c.arriving(f, there, here)
	default:
		mine, theirs = c.besides(f, here, there), c.besides(f, there, here)
	}
	tell := func(conf float64, texts ...string) judgement {
		j.confidence = conf
		j.reasons = nil
		for _, t := range texts {
			if t != "" {
				j.reasons = append(j.reasons, rtc.Evidence{Text: t})
			}
		}
		return j
	}
	lays := func(p *person) {
		j.side, j.who = rtc.UserNetwork, p
		if p != here.who {
			j.source = rtc.RemoteUser
		}
	}
	if w == served {
		uplink := c.uplink(f, partners)
		switch {
		case c.everybody(f) && uplink == nil:
			j.side, j.who, j.source = rtc.ServerSide, nil, rtc.Server
			return tell(0.6, why, "everybody in the call had it at the same time")
		case uplink != nil:
			lays(uplink.of.who)
			tell(0.9, why)
			j.reasons = append(j.reasons, uplink.evidence("the server's reports show it on "+uplink.of.who.called()+"'s way to the server"))
			return j
		case len(partners) == 1 && theirs.most() && mine.bad == 0:
			lays(there.who)
			return tell(0.8, why, fmt.Sprintf("%s received it badly, too, and what comes from others was well", others(theirs)))
		case mine.bad > 0 || len(partners) > 1:
			lays(here.who)
			return tell(0.9, why, "what came from others suffered, too")
		case theirs.clean():
			lays(here.who)
			return tell(0.9, why, others(theirs)+" received the same well")
		}
		lays(here.who)
		return tell(0.75, why, "the server's reports show nothing on "+there.who.called()+"'s way to the server")
	}
	j.with = there.who
	switch {
	case mine.bad > 0 && theirs.bad == 0:
		lays(here.who)
		return tell(0.85, why, "with others "+here.who.called()+" had it, too", cleanly(theirs, there))
	case theirs.bad > 0 && mine.bad == 0:
		lays(there.who)
		return tell(0.85, why, "with others "+there.who.called()+" had it, too", cleanly(mine, here))
	case mine.bad > 0 && mine.all > 0 && theirs.all > 0 && mine.bad*theirs.all > theirs.bad*mine.all:
		lays(here.who)
		return tell(0.6, why, "with others "+here.who.called()+" had it more often")
	case theirs.bad > 0 && mine.all > 0 && theirs.all > 0 && theirs.bad*mine.all > mine.bad*theirs.all:
		lays(there.who)
		return tell(0.6, why, "with others "+there.who.called()+" had it more often")
	}
	j.side, j.who = rtc.BetweenSide, here.who
	conf := 0.6
	if w == direct {
		conf = 0.85
	}
	if mine.clean() && theirs.clean() {
		return tell(conf, why, "both were well connected with everybody else")
	}
	return tell(conf, cmp.Or(why, "it is not known whether a server was between them"), "nobody else was there to compare with")
}

func others(s share) string {
	if s.all == 1 {
		return "another user"
	}
	return fmt.Sprintf("%d other users", s.all)
}

func cleanly(s share, at *stay) string {
	if s.clean() {
		return at.who.called() + " was well connected with others"
	}
	return ""
}

// wayOf is the way between the ends of an issue.
func (c *call) wayOf(f *found, partners []*stay) (way, string) {
	ask := func(s, from *stay) (way, string) {
		p := c.peers[pair{s, from}]
		if p == nil {
			return unknownWay, ""
		}
		for i, r := range p.streams {
			if s == f.of && f.row.Connection != 0 && r.Connection != f.row.Connection {
				continue
			}
			if w, why := c.way(s, r, p.links[i]); w != unknownWay {
				return w, why
			}
		}
		return unknownWay, ""
	}
	for _, p := range partners {
		if w, why := ask(f.of, p); w != unknownWay {
			return w, why
		}
		if w, why := ask(p, f.of); w != unknownWay {
			return w, why
		}
	}
	return unknownWay, ""
}

// ownLeg judges what a client saw on its own leg to a server.
func (c *call) ownLeg(f *found, why string) judgement {
	j := f.judgement
	j.source, j.side, j.who, j.confidence = rtc.Network, rtc.UserNetwork, f.of.who, 0.9
	j.reasons = []rtc.Evidence{{Text: why}}
	if c.everybody(f) {
		j.source, j.side, j.who, j.confidence = rtc.Server, rtc.ServerSide, nil, 0.6
		j.reasons = append(j.reasons, rtc.Evidence{Text: "everybody in the call had it at the same time"})
	}
	return j
}

// troubled reports whether an issue speaks of the network.
func troubled(f *found) bool {
	return networkCauses[f.row.Cause] || f.row.Source == rtc.Network
}

// badFrom reports whether to had trouble of the network with what came from
// from at the time of f.
func (c *call) badFrom(f *found, to, from *stay) bool {
	return c.bad[pair{to, from}].near(f, nil)
}

// arriving counts the other people that s receives from.
func (c *call) arriving(f *found, s, but *stay) share {
	return count(s, but, func(add func(*person, bool)) {
		for _, p := range s.sources {
			if slices.ContainsFunc(p.streams, f.during) {
				add(p.other.who, c.badFrom(f, s, p.other))
			}
		}
	})
}

// leaving counts the other people who receive from s.
func (c *call) leaving(f *found, s, but *stay) share {
	return count(s, but, func(add func(*person, bool)) {
		for _, p := range s.sinks {
			if slices.ContainsFunc(p.streams, f.during) {
				add(p.other.who, c.badFrom(f, p.other, s))
			}
		}
	})
}

// besides counts the other people that s is connected with, whichever way.
func (c *call) besides(f *found, s, but *stay) share {
	return count(s, but, func(add func(*person, bool)) {
		for _, peers := range [][]*peer{s.sources, s.sinks} {
			for _, p := range peers {
				if o := p.other; slices.ContainsFunc(p.streams, f.during) {
					add(o.who, c.badFrom(f, s, o) || c.badFrom(f, o, s) || c.slow[pair{s, o}].near(f, f))
				}
			}
		}
	})
}

func count(s, but *stay, visit func(add func(*person, bool))) share {
	bad := make(map[*person]bool)
	visit(func(p *person, was bool) {
		if p != s.who && p != but.who {
			bad[p] = bad[p] || was
		}
	})
	n := share{all: len(bad)}
	for _, was := range bad {
		if was {
			n.bad++
		}
	}
	return n
}

// uplink returns an issue that one of the senders had on the way to the server.
func (c *call) uplink(f *found, senders []*stay) *found {
	if len(senders) != 1 {
		return nil
	}
	for _, g := range senders[0].found {
		if g.direction() == rtc.Send && troubled(g) && near(f, g) && g.row.Type != "encoder_limited_bandwidth" {
			return g
		}
	}
	for _, g := range senders[0].found { // the estimate falls with the uplink, or with what the receivers ask for
		if g.direction() == rtc.Send && troubled(g) && near(f, g) {
			return g
		}
	}
	return nil
}

// everybody reports whether all of three people or more had trouble of the
// network at the time.
func (c *call) everybody(f *found) bool {
	there, bad := 0, 0
	for _, p := range c.people {
		present, hurt := false, false
		for _, s := range p.stays {
			if s.row.Start.Before(f.end) && (s.row.End.IsZero() || s.row.End.After(f.start)) {
				present = true
				hurt = hurt || slices.ContainsFunc(s.found, func(g *found) bool { return troubled(g) && g.direction() != rtc.Send && near(f, g) })
			}
		}
		if present {
			there++
		}
		if hurt {
			bad++
		}
	}
	if there < 3 || bad < there {
		return false
	}
	// One bad uplink reaches everybody, too: what all have must come from several.
	senders := make(map[*person]bool)
	for _, s := range c.all {
		for _, g := range s.found {
			if troubled(g) && near(f, g) && g.from != nil {
				senders[g.from.who] = true
			}
		}
	}
	return len(senders) == 0 || len(senders) >= 3
}
