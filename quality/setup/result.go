package setup

import (
	"time"

	"github.com/peerglass/peerglass/rtc"
)

// Progress says how far a session has come with its join, and how long each
// part took; of the part that it is in, how long it takes already.
type Progress struct {
	Tries      bool // a connection is set up, or was
	Answered   bool // the other end's description came
	Connection rtc.ConnectionID
	Began      time.Time
	Connected  time.Time // zero while it is not
	Flowing    time.Time // the earliest that media can have flowed, either way; zero while none did
	Failed     time.Time // before it was ever connected; zero if it did not
	Closed     time.Time // the page closed the connection before

	// Device is the time of getUserMedia: a prompt, a camera that starts. It is
	// none of the others, and not between Began and Connected for Total.
	Device     time.Duration
	Signalling time.Duration // until both descriptions were set and the other end's first candidate was there
	ICE        time.Duration // from there until ICE was connected
	DTLS       time.Duration // from there until the connection was
	Media      time.Duration // from there until media flowed
}

// Total is how long the join took, without the device part.
func (p *Progress) Total() time.Duration { return p.Signalling + p.ICE + p.DTLS + p.Media }

// Progress returns how far the session has come at now.
func (w *Watch) Progress(now time.Time) Progress {
	p := Progress{Began: w.began, Device: w.device}
	if w.asking > 0 {
		p.Device += w.waited(now)
	}
	c := w.up
	if c == nil {
		c = w.tried
	}
	if c == nil || c == w.up && c.connected().Before(w.began) { // it stands for another step
		return p
	}
	p.Tries, p.Answered, p.Connection, p.Connected, p.Failed, p.Closed = true, c.answered || !c.checking.IsZero(), c.id, c.connected(), c.failed, c.closed
	for _, other := range w.conns { // another may still try
		if c != w.tried || w.up != nil || p.Failed.IsZero() && p.Closed.IsZero() {
			break
		}
		if other != c && !other.described.IsZero() {
			if other.failed.IsZero() {
				p.Failed = time.Time{}
			}
			if other.closed.IsZero() {
				p.Closed = time.Time{}
			}
		}
	}
	if !p.Connected.IsZero() {
		if p.Flowing = w.flowing(); !p.Flowing.IsZero() && p.Flowing.Sub(p.Connected) > rest {
			p.Flowing = time.Time{}
		}
		if !p.Failed.IsZero() && p.Failed.After(p.Connected) {
			p.Failed = time.Time{}
		}
	}
	// Each part begins where the one before ended, and goes on to the first
	// moment that is known of a later one.
	at := w.began.Add(p.Device)
	for _, part := range []struct {
		took *time.Duration
		ends []time.Time
	}{
		{&p.Signalling, []time.Time{c.ready(), c.ice, p.Connected}},
		{&p.ICE, []time.Time{c.ice, p.Connected}},
		{&p.DTLS, []time.Time{p.Connected}},
		{&p.Media, []time.Time{p.Flowing}},
	} {
		var end time.Time
		for _, t := range part.ends {
			if !t.IsZero() {
				end = t
				break
			}
		}
		if end.IsZero() {
			if part.took != &p.Media {
				*part.took = max(now.Sub(at), 0)
			}
			break
		}
		*part.took = max(end.Sub(at), 0)
		at = later(at, end)
	}
	return p
}

// ready returns when checks could begin: both descriptions were set, and a
// candidate of the other end was there where any was told of; zero if not yet.
func (c *conn) ready() time.Time {
	agreed := c.agreed()
	switch {
	case agreed.IsZero():
		return c.checking
	case c.ice.IsZero() || c.offered.Before(c.ice): // else its own checks made it known
		return later(agreed, c.offered)
	}
	return agreed
}

// flowing returns the earliest that media can have flowed, either way.
func (w *Watch) flowing() (at time.Time) {
	for dir := rtc.Send; dir <= rtc.Receive; dir++ {
		for kind := rtc.KindAudio; kind <= rtc.KindVideo; kind++ {
			if f := w.first[dir][kind].least; !f.IsZero() && (at.IsZero() || f.Before(at)) {
				at = f
			}
		}
	}
	return at
}

// Result fills the set-up part of o; what was not measured is rtc.Null.
func (w *Watch) Result(o *rtc.Outcome) {
	o.Join, o.Signalling, o.ICE, o.DTLS = rtc.Null, rtc.Null, rtc.Null, rtc.Null
	o.FirstAudioSent, o.FirstVideoSent = w.since(rtc.Send, rtc.KindAudio), w.since(rtc.Send, rtc.KindVideo)
	o.FirstAudioReceived, o.FirstVideoReceived = w.since(rtc.Receive, rtc.KindAudio), w.since(rtc.Receive, rtc.KindVideo)
	dry := w.count(o)
	o.Joined = o.PushOK+o.PullOK > 0 || w.up != nil && !dry
	o.Tried = o.Joined || w.up != nil || w.denied && len(w.conns) == 0
	for _, c := range w.conns {
		o.Tried = o.Tried || w.counts(c)
	}
	c := w.up
	if c == nil {
		return
	}
	at := c.connected()
	if !w.began.IsZero() && c.seen && !at.Before(w.began) {
		o.Join = ms(at.Sub(w.began) - w.device)
	}
	if agreed := c.agreed(); !agreed.IsZero() && !c.created.IsZero() {
		o.Signalling = ms(agreed.Sub(later(c.created, w.began)))
	}
	if !c.checking.IsZero() && !c.ice.IsZero() {
		// Browsers say "checking" before there is anything to check.
		from := c.checking
		if c.offered.Before(c.ice) {
			from = later(from, c.offered)
		}
		o.ICE = ms(c.ice.Sub(from))
	}
	if c.seen && !c.up.IsZero() && !c.ice.IsZero() {
		o.DTLS = ms(c.up.Sub(c.ice))
	}
}

// Denied reports whether the user's devices were asked for, for the last time in
// vain: denied, missing, in use.
func (w *Watch) Denied() bool { return w.denied }

// counts reports whether what a connection came to counts: it was connected, or
// it failed, or it was given time. A connection without media counts once it
// has checked paths: pages make others to look for addresses. An offer that
// nobody answered does not: its user may have been alone.
func (w *Watch) counts(c *conn) bool {
	if !c.connected().IsZero() {
		return true
	}
	if c.described.IsZero() || !c.media && c.checking.IsZero() {
		return false
	}
	if !c.answered && c.checking.IsZero() && c.failed.IsZero() {
		return false
	}
	end := w.now
	if !c.closed.IsZero() {
		end = c.closed
	}
	return !c.failed.IsZero() || end.Sub(c.described) >= patience
}

// count counts what was to be sent and received, and what was. It reports
// whether something that was to flow over a connected connection did not.
func (w *Watch) count(o *rtc.Outcome) (dry bool) {
	var of map[rtc.ConnectionID]*[rtc.Receive + 1]tally
	for _, a := range w.attempts {
		if of == nil {
			of = make(map[rtc.ConnectionID]*[rtc.Receive + 1]tally)
		}
		if of[a.conn] == nil {
			of[a.conn] = new([rtc.Receive + 1]tally)
		}
		of[a.conn][a.dir].add(a)
	}
	for id, c := range w.conns {
		var t [rtc.Receive + 1]tally
		if of[id] != nil {
			t = *of[id]
		}
		for dir, over := range c.over {
			t[dir].ok, t[dir].dry, t[dir].idle = t[dir].ok+over.ok, t[dir].dry+over.dry, t[dir].idle+over.idle
		}
		if c.connected().IsZero() && w.counts(c) {
			// All that was added or announced failed with the connection.
			t[rtc.Send].dry = max(t[rtc.Send].dry+t[rtc.Send].idle, uint32(len(c.sends)))
			t[rtc.Receive].dry = max(t[rtc.Receive].dry+t[rtc.Receive].idle, uint32(len(c.receives)))
		} else if t[rtc.Send].dry+t[rtc.Receive].dry > 0 {
			dry = true
		}
		o.PushOK += t[rtc.Send].ok
		o.PushTried += t[rtc.Send].ok + t[rtc.Send].dry
		o.PullOK += t[rtc.Receive].ok
		o.PullTried += t[rtc.Receive].ok + t[rtc.Receive].dry
	}
	return dry
}

// since returns the ms from the join until media of a kind flowed in a
// direction. What came long after the connection is none of the join: the other
// user came later, or a camera was switched on.
func (w *Watch) since(dir rtc.Direction, kind rtc.MediaKind) float32 {
	f := w.first[dir][kind]
	if f.at.IsZero() || w.up == nil || !w.up.seen || w.began.IsZero() || f.at.Before(w.began) || f.at.Sub(w.up.connected()) > rest {
		return rtc.Null
	}
	return ms(f.at.Sub(w.began) - w.device)
}

func ms(d time.Duration) float32 { return float32(max(d, 0)) / float32(time.Millisecond) }
