package rig

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// Direction of a packet on the leg between a client and the relay.
type Direction string

// The directions, as the client sees them.
const (
	Up   Direction = "up"   // client to relay
	Down Direction = "down" // relay to client
)

// Rule damages what passes while it lasts. Where several apply to a packet the
// last one in the schedule does. The zero value lets all pass untouched.
type Rule struct {
	User string    `json:"user,omitempty"` // TURN user name; "" is everyone
	Dir  Direction `json:"dir,omitempty"`  // "" is both
	From int64     `json:"from"`           // ms since the start of the call
	To   int64     `json:"to,omitempty"`   // ms; 0: for good

	Loss      float64 `json:"loss,omitempty"`      // share of packets that are dropped
	Burst     float64 `json:"burst,omitempty"`     // mean number of packets lost in a row; up to 1: each by itself
	Delay     float64 `json:"delay,omitempty"`     // ms
	Jitter    float64 `json:"jitter,omitempty"`    // ms: 0 to twice as much is added, evenly spread; order is kept, as a queue keeps it
	Reorder   float64 `json:"reorder,omitempty"`   // share of packets that are held back and overtaken
	ReorderBy float64 `json:"reorderBy,omitempty"` // ms that they are held back
	Rate      float64 `json:"rate,omitempty"`      // bit/s, headers of IP and UDP included; 0: no cap
	Queue     float64 `json:"queue,omitempty"`     // ms that a packet waits at most for the cap, else it is dropped; 0: 300
	Black     bool    `json:"black,omitempty"`     // nothing passes
}

func (r *Rule) check() error {
	switch {
	case r.Dir != "" && r.Dir != Up && r.Dir != Down:
		return fmt.Errorf("dir is %q: up, down or nothing", r.Dir)
	case r.To != 0 && r.To <= r.From:
		return fmt.Errorf("a rule from %d ms to %d ms never applies", r.From, r.To)
	case r.Loss < 0 || r.Loss > 1 || r.Reorder < 0 || r.Reorder > 1:
		return fmt.Errorf("loss %v and reorder %v are shares from 0 to 1", r.Loss, r.Reorder)
	case r.Delay < 0 || r.Jitter < 0 || r.ReorderBy < 0 || r.Rate < 0 || r.Queue < 0 || r.Burst < 0:
		return fmt.Errorf("nothing in a rule is negative: %+v", *r)
	}
	return nil
}

const (
	defaultQueue = 300 // ms: a home router's buffer, between the 100 ms of a good and the seconds of a bloated one
	headers      = 28  // bytes of IPv4 and UDP before the payload, which a capped line carries too
)

// Link is one direction of one user's leg. It is pure: the same offers in the
// same order give the same answers. It is not safe for concurrent use.
type Link struct {
	rules  []Rule
	random *rand.Rand
	in     *Rule         // the rule that the last packet fell under
	bad    bool          // within a burst of losses
	free   time.Duration // when the capped line has sent all it took
	last   time.Duration // when the last packet in order left
}

// NewLink returns the link of a user and direction under a schedule.
func NewLink(user string, dir Direction, schedule []Rule, seed uint64) *Link {
	h := seed
	for _, b := range []byte(user + string(dir)) {
		h = (h ^ uint64(b)) * 1099511628211 // FNV: users and directions have different luck
	}
	l := &Link{random: rand.New(rand.NewPCG(seed, h))}
	for _, r := range schedule {
		if (r.User == "" || r.User == user) && (r.Dir == "" || r.Dir == dir) {
			l.rules = append(l.rules, r)
		}
	}
	return l
}

// Offer gives the link a packet of size bytes (UDP payload) at a time since
// the call's start. It returns when the packet leaves the link, or false if it
// never does.
func (l *Link) Offer(at time.Duration, size int) (leaves time.Duration, ok bool) {
	if at < 0 {
		return at, true // the call has not begun
	}
	r := l.rule(at)
	if r != l.in {
		l.in, l.bad = r, false
	}
	if r == nil {
		l.last = max(at, l.last)
		return l.last, true
	}
	if r.Black || l.loses(r) {
		return 0, false
	}
	leaves = at
	if r.Rate > 0 {
		queue := r.Queue
		if queue == 0 {
			queue = defaultQueue
		}
		begins := max(at, l.free)
		if begins-at > ms(queue) {
			return 0, false
		}
		l.free = begins + time.Duration(float64(8*(size+headers))/r.Rate*float64(time.Second))
		leaves = l.free
	}
	leaves += ms(r.Delay)
	if r.Jitter > 0 {
		leaves += ms(2 * r.Jitter * l.random.Float64())
	}
	if r.Reorder > 0 && l.random.Float64() < r.Reorder {
		return max(leaves, l.last) + ms(r.ReorderBy), true
	}
	l.last = max(leaves, l.last)
	return l.last, true
}

// rule returns the rule that applies at a time, nil for none.
func (l *Link) rule(at time.Duration) *Rule {
	now := at.Milliseconds()
	for i := len(l.rules) - 1; i >= 0; i-- {
		if r := &l.rules[i]; now >= r.From && (r.To == 0 || now < r.To) {
			return r
		}
	}
	return nil
}

// loses draws whether a packet is lost: each by itself, or in bursts by the
// two-state chain of Gilbert, whose share of time in the bad state is Loss and
// whose mean stay there is Burst packets.
func (l *Link) loses(r *Rule) bool {
	if r.Loss == 0 {
		return false
	}
	draw := l.random.Float64()
	if r.Burst <= 1 || r.Loss == 1 {
		return draw < r.Loss
	}
	if l.bad {
		l.bad = draw >= 1/r.Burst
	} else {
		l.bad = draw < r.Loss/(r.Burst*(1-r.Loss))
	}
	return l.bad
}

func ms(v float64) time.Duration { return time.Duration(v * float64(time.Millisecond)) }
