package verdict

import (
	"cmp"
	"slices"
	"time"

	"github.com/peerglass/peerglass/quality/match"
	"github.com/peerglass/peerglass/rtc"
)

// call is the rows of a call, so that each finds the others.
type call struct {
	rows     *Rows
	people   []*person
	stays    map[rtc.SessionID]*stay
	all      []*stay  // in a fixed order
	issues   []*found // by their start
	deep     []*found // those of them that are judged from the other ends
	last     time.Time
	byPerson map[string]*person
	peers    map[pair]*peer     // what a stay receives from another
	bad      map[pair]*troubles // with what goes from one stay to another
	slow     map[pair]*troubles // of a stay with another, whichever way
}

// person is a user with all of their stays; an anonymous stay is one of its own.
type person struct {
	user  string // id, or the name without one
	name  string // what people read; "" for an anonymous one
	stays []*stay
}

type stay struct {
	row         *rtc.Session
	who         *person
	connections map[rtc.ConnectionID]*rtc.Connection
	sent        []*rtc.Stream
	received    []*rtc.Stream
	streams     map[rtc.StreamID]*rtc.Stream
	links       map[rtc.StreamID]*link
	sources     []*peer                    // who sends what it receives
	sinks       []*peer                    // who receives what it sends
	only        map[rtc.ConnectionID]*stay // who alone sends over a connection, nil where several do
	crowds      map[rtc.ConnectionID]int   // how many people send over a connection
	found       []*found                   // of call.deep
}

// peer is another stay with the streams that one of the two receives from the
// other.
type peer struct {
	other   *stay
	streams []*rtc.Stream
	links   []*link
}

// link ties a received stream to its sender.
type link struct {
	from  *stay
	sent  []*rtc.Stream // its layers, or what may be it
	basis match.Basis

	looked bool // at the way, which way then keeps
	way    way
	why    string
}

// found is an issue with what the other ends say of it.
type found struct {
	row   *rtc.Issue // as its own session has it
	was   *rtc.Issue // as it came: perhaps judged before
	of    *stay
	start time.Time
	end   time.Time // or the last instant that is known of the call
	from  *stay     // who sends the stream, where that is known
	dir   rtc.Direction
	ends  []*stay // partners, once asked for
	asked bool
	judgement
}

// maxDeep bounds the issues of a call that are judged from the other ends, for
// each is compared with all others: the worst ones. The rest keep the source
// that their own session gave them, and tell nothing of others. A call of 150
// people with a bad network has some hundreds.
const maxDeep = 2000

func open(rows *Rows) *call {
	c := &call{rows: rows, stays: make(map[rtc.SessionID]*stay), byPerson: make(map[string]*person)}
	sessions := make([]*rtc.Session, len(rows.Sessions))
	for i := range rows.Sessions {
		sessions[i] = &rows.Sessions[i]
	}
	slices.SortFunc(sessions, func(a, b *rtc.Session) int { return cmp.Compare(a.ID, b.ID) })
	for _, r := range sessions {
		s := &stay{row: r, who: c.person(r), connections: make(map[rtc.ConnectionID]*rtc.Connection), streams: make(map[rtc.StreamID]*rtc.Stream), links: make(map[rtc.StreamID]*link),
			only: make(map[rtc.ConnectionID]*stay), crowds: make(map[rtc.ConnectionID]int)}
		s.who.stays = append(s.who.stays, s)
		c.stays[r.ID] = s
		c.see(r.Start, r.End)
	}
	for i := range rows.Connections {
		r := &rows.Connections[i]
		if s := c.stays[r.Session]; s != nil {
			s.connections[r.ID] = r
		}
	}
	for i := range rows.Streams {
		r := &rows.Streams[i]
		s := c.stays[r.Session]
		if s == nil {
			continue
		}
		c.see(r.End)
		s.streams[r.ID] = r
		if r.Kind < rtc.KindAudio || r.Kind > rtc.KindScreen {
			continue
		}
		if r.Direction == rtc.Send {
			s.sent = append(s.sent, r)
		} else if r.Direction == rtc.Receive {
			s.received = append(s.received, r)
		}
	}
	for _, r := range sessions {
		s := c.stays[r.ID]
		byID := func(a, b *rtc.Stream) int { return cmp.Compare(a.ID, b.ID) }
		slices.SortFunc(s.sent, byID)
		slices.SortFunc(s.received, byID)
	}
	for i := range rows.Issues {
		c.see(rows.Issues[i].Start, rows.Issues[i].End)
	}
	for _, p := range c.people {
		c.all = append(c.all, p.stays...)
	}
	c.linkAll()
	for i := range rows.Issues {
		was := &rows.Issues[i]
		s := c.stays[was.Session]
		if s == nil || was.Severity == rtc.Clear {
			continue
		}
		r := unjudged(was)
		f := &found{row: r, was: was, of: s, start: r.Start, end: r.End}
		if f.end.IsZero() {
			f.end = c.last
			if !s.row.End.IsZero() {
				f.end = s.row.End
			}
		}
		if f.end.Before(f.start) {
			f.end = f.start
		}
		f.from = s.sender(r)
		f.dir = f.told()
		c.issues = append(c.issues, f)
	}
	slices.SortFunc(c.issues, byStart)
	c.deep = c.issues // so that the order of the rows does not matter
	if len(c.deep) > maxDeep {
		c.deep = slices.Clone(c.issues)
		slices.SortStableFunc(c.deep, func(a, b *found) int { return cmp.Compare(weigh(b), weigh(a)) })
		c.deep = c.deep[:maxDeep]
		slices.SortFunc(c.deep, byStart)
	}
	for _, f := range c.deep {
		f.of.found = append(f.of.found, f)
	}
	c.compare()
	return c
}

func byStart(a, b *found) int {
	return cmp.Or(a.start.Compare(b.start), cmp.Compare(a.row.Session, b.row.Session), cmp.Compare(a.row.ID, b.row.ID))
}

// sender is who sends what an issue of s is about: of its stream, or of all
// that came over its connection, if that was one.
func (s *stay) sender(i *rtc.Issue) *stay {
	if i.Stream != 0 {
		if l := s.links[i.Stream]; l != nil {
			return l.from
		}
		return nil
	}
	if i.Connection == 0 {
		return nil
	}
	return s.only[i.Connection]
}

func (c *call) see(times ...time.Time) {
	for _, t := range times {
		if t.After(c.last) {
			c.last = t
		}
	}
}

func (c *call) person(r *rtc.Session) *person {
	user := cmp.Or(r.User, r.UserName)
	p := c.byPerson[user]
	if user == "" || p == nil {
		p = &person{user: user}
		c.people = append(c.people, p)
		if user != "" {
			c.byPerson[user] = p
		}
	}
	if name := cmp.Or(r.UserName, r.User); name != "" {
		p.name = name
	}
	return p
}

// alike reports whether two kinds can be the same stream: that a video is a
// screen may be told at one end only.
func alike(a, b rtc.MediaKind) bool {
	return a == b || a != rtc.KindAudio && b != rtc.KindAudio
}

// slack allows for clocks that were mapped with an error, and for reports that
// come every few seconds.
const slack = 3 * time.Second

// linkAll finds the sender of each received stream, and lists who receives from
// whom.
func (c *call) linkAll() {
	for _, m := range match.Find(c.rows.Sessions, c.rows.Connections, c.rows.Streams) {
		if m.Sender != 0 {
			c.stays[m.Session].links[m.Stream] = &link{from: c.stays[m.Sender], sent: m.Sent, basis: m.Basis}
		}
	}
	type over struct {
		connection rtc.ConnectionID
		who        *person
	}
	c.peers = make(map[pair]*peer)
	for _, s := range c.all {
		counted := make(map[over]bool)
		for _, r := range s.received {
			l := s.links[r.ID]
			if l == nil {
				continue
			}
			k := pair{s, l.from}
			p := c.peers[k]
			if p == nil {
				p = &peer{other: l.from}
				c.peers[k] = p
				s.sources = append(s.sources, p)
			}
			p.streams, p.links = append(p.streams, r), append(p.links, l)
			if was, known := s.only[r.Connection]; !known {
				s.only[r.Connection] = l.from
			} else if was != l.from {
				s.only[r.Connection] = nil
			}
			if o := (over{r.Connection, l.from.who}); l.basis != match.OnlyOther && !counted[o] {
				counted[o] = true
				s.crowds[r.Connection]++
			}
		}
		for _, p := range s.sources {
			p.other.sinks = append(p.other.sinks, &peer{other: s, streams: p.streams, links: p.links})
		}
	}
}
