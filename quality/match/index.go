package match

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/peerglass/peerglass/rtc"
)

// index is who was there and sent what.
type index struct {
	stays   []*stay // by id
	byID    map[rtc.SessionID]*stay
	byUser  map[string][]*stay
	byName  map[string][]*stay
	byOwnID map[string][]*stay // the client's id of its stay
	byStart []*stay
	latest  []int64 // of each in byStart: the latest end up to there
	bySSRC  map[ssrcKey][]*group
	byTrack map[trackKey][]*group

	fits []candidate // used again and again
}

// person is a user with all stays; an anonymous stay is a person of its own.
type person struct {
	user string // id, or the name without one
}

type stay struct {
	row         *rtc.Session
	who         *person
	span        span
	connections map[rtc.ConnectionID]*connection
	sent        [rtc.KindScreen + 1]*group // by kind
	pictures    *group                     // videos and screens
	received    []*rtc.Stream
	knows       bool // that a screen is one: it receives a stream as such
}

// connection is a peer connection with what is sent over it.
type connection struct {
	row    *rtc.Connection
	of     *stay
	span   span
	sent   []*rtc.Stream
	facing *connection // its other end, of a connection straight between two people
}

// group are streams that one stay sends and that have something in common.
type group struct {
	of      *stay
	streams []*rtc.Stream
	span    span // from the first's start to the last's end
}

// A number or a track is that of a sound or of a picture: that a video is a
// screen may be told at one end only.
type (
	ssrcKey struct {
		ssrc    uint32
		picture bool
	}
	trackKey struct {
		track   string
		picture bool
	}
)

func pictureOf(k rtc.MediaKind) bool { return k != rtc.KindAudio }

// alike reports whether two kinds can be the same stream.
func alike(a, b rtc.MediaKind) bool { return pictureOf(a) == pictureOf(b) }

// media reports whether a stream of the kind is seen or heard.
func media(k rtc.MediaKind) bool { return k >= rtc.KindAudio && k <= rtc.KindScreen }

// span is a time in Unix ms.
type span struct{ from, to int64 }

const open = math.MaxInt64 / 4 // of what has not ended

func ms(t time.Time) int64 { return t.UnixMilli() }

func spanOf(r *rtc.Stream) span { return span{ms(r.Start), max(ms(r.End), ms(r.Start))} }

func spanTo(start, end time.Time) span {
	if end.IsZero() {
		return span{ms(start), open}
	}
	return span{ms(start), max(ms(end), ms(start))}
}

// shared is how long two spans have in common; below 0, how far they are apart.
func shared(a, b span) int64 { return min(a.to, b.to) - max(a.from, b.from) }

// near reports whether two spans meet, or all but meet.
func near(a, b span, within int64) bool { return shared(a, b) >= -within }

func read(sessions []rtc.Session, connections []rtc.Connection, streams []rtc.Stream) *index {
	x := &index{byID: make(map[rtc.SessionID]*stay, len(sessions)), byUser: make(map[string][]*stay), byName: make(map[string][]*stay),
		byOwnID: make(map[string][]*stay), bySSRC: make(map[ssrcKey][]*group), byTrack: make(map[trackKey][]*group)}
	people := make(map[string]*person)
	for i := range sessions {
		r := &sessions[i]
		if x.byID[r.ID] != nil {
			continue
		}
		user := cmp.Or(r.User, r.UserName)
		who := people[user]
		if who == nil || user == "" {
			who = &person{user: user}
			people[user] = who
		}
		s := &stay{row: r, who: who, span: spanTo(r.Start, r.End), connections: make(map[rtc.ConnectionID]*connection)}
		x.byID[r.ID] = s
		x.stays = append(x.stays, s)
	}
	slices.SortFunc(x.stays, compareStays)
	for _, s := range x.stays {
		note := func(in map[string][]*stay, name string) {
			if name != "" {
				in[name] = append(in[name], s)
			}
		}
		note(x.byUser, s.row.User)
		note(x.byName, s.row.UserName)
		note(x.byOwnID, s.row.ClientSession)
	}
	x.byStart = slices.Clone(x.stays)
	slices.SortStableFunc(x.byStart, func(a, b *stay) int { return cmp.Compare(a.span.from, b.span.from) })
	latest := int64(math.MinInt64)
	for _, s := range x.byStart {
		latest = max(latest, s.span.to)
		x.latest = append(x.latest, latest)
	}
	for i := range connections {
		r := &connections[i]
		if s := x.byID[r.Session]; s != nil && s.connections[r.ID] == nil {
			s.connections[r.ID] = &connection{row: r, of: s, span: spanTo(r.Start, r.End)}
		}
	}
	x.readStreams(streams)
	x.face()
	return x
}

func (x *index) readStreams(streams []rtc.Stream) {
	sent := make(map[*stay][]*rtc.Stream)
	for i := range streams {
		r := &streams[i]
		s := x.byID[r.Session]
		if s == nil || !media(r.Kind) {
			continue
		}
		switch r.Direction {
		case rtc.Send:
			sent[s] = append(sent[s], r)
		case rtc.Receive:
			s.received = append(s.received, r)
			s.knows = s.knows || r.Kind == rtc.KindScreen
		}
	}
	byID := func(a, b *rtc.Stream) int { return cmp.Compare(a.ID, b.ID) }
	for _, s := range x.stays {
		slices.SortFunc(s.received, byID)
		slices.SortFunc(sent[s], byID)
		for _, r := range sent[s] {
			s.sent[r.Kind] = s.sent[r.Kind].with(s, r)
			if c := s.connections[r.Connection]; c != nil {
				c.sent = append(c.sent, r)
			}
			picture := pictureOf(r.Kind)
			if picture {
				s.pictures = s.pictures.with(s, r)
			}
			if r.SSRC != 0 {
				put(x.bySSRC, ssrcKey{r.SSRC, picture}, s, r)
			}
			if r.Track != "" {
				put(x.byTrack, trackKey{r.Track, picture}, s, r)
			}
		}
	}
}

// put adds a stream to the stay's group under the key; stays come one after
// another.
func put[K comparable](in map[K][]*group, k K, s *stay, r *rtc.Stream) {
	groups := in[k]
	if n := len(groups); n > 0 && groups[n-1].of == s {
		groups[n-1].with(s, r)
		return
	}
	var none *group
	in[k] = append(groups, none.with(s, r))
}

// with adds a stream; of nil it makes a group.
func (g *group) with(s *stay, r *rtc.Stream) *group {
	at := spanOf(r)
	if g == nil {
		g = &group{of: s, span: at}
	}
	g.streams = append(g.streams, r)
	g.span = span{min(g.span.from, at.from), max(g.span.to, at.to)}
	return g
}

// face ties the two ends of connections that lead straight from one person to
// another: each has the ICE user fragment of the other, or was told the other's
// name.
func (x *index) face() {
	byLocal, byRemote := make(map[string][]*connection), make(map[string][]*connection)
	byPeer := make(map[*person][]*connection) // who was told to be at the other end
	var all []*connection
	for _, s := range x.stays {
		for _, c := range s.connections {
			all = append(all, c)
		}
	}
	slices.SortFunc(all, func(a, b *connection) int {
		return cmp.Or(cmp.Compare(a.row.Session, b.row.Session), cmp.Compare(a.row.ID, b.row.ID))
	})
	for _, c := range all {
		if c.row.LocalUfrag != "" {
			byLocal[c.row.LocalUfrag] = append(byLocal[c.row.LocalUfrag], c)
		}
		if c.row.RemoteUfrag != "" {
			byRemote[c.row.RemoteUfrag] = append(byRemote[c.row.RemoteUfrag], c)
		}
		if who, one := onePerson(x.named(c.row.Peer)); one {
			byPeer[who] = append(byPeer[who], c)
		}
	}
	for _, c := range all {
		meets := func(d *connection) bool { return d.of.who != c.of.who && near(c.span, d.span, slack) }
		local, remote := c.row.LocalUfrag, c.row.RemoteUfrag
		if local != "" && remote != "" {
			c.facing = the(byLocal[remote], func(d *connection) bool { return d.row.RemoteUfrag == local && meets(d) })
		}
		// Fragments are short, so that one end alone tells only where the other
		// end knows of none.
		if c.facing == nil && remote != "" {
			c.facing = the(byLocal[remote], func(d *connection) bool { return d.row.RemoteUfrag == "" && meets(d) })
		}
		if c.facing == nil && local != "" && remote == "" {
			c.facing = the(byRemote[local], meets)
		}
		if c.facing == nil && c.row.Peer != "" {
			if who, one := onePerson(x.named(c.row.Peer)); one {
				c.facing = the(byPeer[c.of.who], func(d *connection) bool { return d.of.who == who && meets(d) })
			}
		}
	}
}

// the returns the only connection that fits, nil where there are several.
func the(among []*connection, fits func(*connection) bool) *connection {
	var one *connection
	for _, c := range among {
		if !fits(c) {
			continue
		}
		if one != nil {
			return nil
		}
		one = c
	}
	return one
}

// sends finds what r is at the end that sends it.
func (c *connection) sends(r *rtc.Stream) (Basis, []*rtc.Stream) {
	at := spanOf(r)
	pick := func(fits func(*rtc.Stream) bool) (found []*rtc.Stream) {
		for _, o := range c.sent {
			if alike(o.Kind, r.Kind) && fits(o) {
				found = append(found, o)
			}
		}
		return during(found, at)
	}
	if r.SSRC != 0 {
		if found := pick(func(o *rtc.Stream) bool { return o.SSRC == r.SSRC }); found != nil {
			return SSRC, found
		}
	}
	if r.Track != "" {
		if found := pick(func(o *rtc.Stream) bool { return o.Track == r.Track }); found != nil {
			return Track, found
		}
	}
	if r.MID != "" {
		if found := pick(func(o *rtc.Stream) bool { return o.MID == r.MID }); found != nil {
			return MID, found
		}
	}
	return Connection, pick(func(o *rtc.Stream) bool { return r.MID == "" || o.MID == "" })
}

// named are the stays that a user's id stands for; else a client's id of its
// stay, else a name.
func (x *index) named(user string) []*stay {
	if user == "" {
		return nil
	}
	for _, by := range [...]map[string][]*stay{x.byUser, x.byOwnID, x.byName} {
		if found := by[user]; len(found) > 0 {
			return found
		}
	}
	return nil
}

// sendsLike is what o sends that can be what s receives as of that kind, at the
// time. A video may be a screen, unless s tells the two apart.
func (s *stay) sendsLike(o *stay, k rtc.MediaKind, at span) *group {
	from := []*group{o.sent[k], o.like(k)}
	if k == rtc.KindVideo && !s.knows {
		from = from[1:]
	}
	for _, g := range from {
		if g != nil && shared(g.span, at) >= -apart {
			return g
		}
	}
	return nil
}

// like is all that a stay sends to be heard, or to be seen.
func (s *stay) like(k rtc.MediaKind) *group {
	if pictureOf(k) {
		return s.pictures
	}
	return s.sent[rtc.KindAudio]
}

func (s *stay) sendsAny() bool { return s.sent[rtc.KindAudio] != nil || s.pictures != nil }

// beside are the stays of others at a time, and whether they are of one person.
// It stops at the second person.
func (x *index) beside(s *stay, at span) (found []*stay, one bool) {
	last, _ := slices.BinarySearchFunc(x.byStart, at.to+slack+1, func(o *stay, t int64) int { return cmp.Compare(o.span.from, t) })
	for i := last - 1; i >= 0 && x.latest[i] >= at.from-slack; i-- {
		o := x.byStart[i]
		if o.who == s.who || !near(o.span, at, slack) {
			continue
		}
		found = append(found, o)
		if o.who != found[0].who {
			return found, false
		}
	}
	slices.SortFunc(found, compareStays)
	return found, len(found) > 0
}
