package rig

import (
	"slices"
	"sync"
	"time"
)

// Bin is how finely is counted.
const Bin = 100 * time.Millisecond

// Counts is what passed one link since the call's start. The lists have an
// entry per Bin; what came before the start is not counted.
type Counts struct {
	User string    `json:"user"`
	Dir  Direction `json:"dir"`
	Flow           // all packets of the link, whatever they carry
	// Streams are the RTP packets among them, by SSRC. Their Bytes are those
	// behind the RTP header, with the SRTP tag.
	Streams []StreamCounts `json:"streams"`
	// Checks are the connectivity checks among them (RFC 8445), by which
	// browsers measure the round trip.
	Checks []Check `json:"checks"`
	// Late is the longest time, in ms, that a packet left after it should
	// have: how far a busy machine added to the damage. It is in the counts.
	Late float64 `json:"late"`
}

// StreamCounts is one RTP stream on one link.
type StreamCounts struct {
	SSRC uint32 `json:"ssrc"`
	PT   uint8  `json:"pt"` // payload type of the last packet
	Flow
}

// Check is a STUN binding request between the peers, or its answer.
type Check struct {
	ID     uint32  `json:"id"` // end of the transaction id, which request and answer share
	Answer bool    `json:"answer,omitempty"`
	At     float64 `json:"at"`     // ms since the call's start
	Leaves float64 `json:"leaves"` // ms; −1: dropped
}

// Flow counts packets in bins. Those offered and those dropped count when they
// came, those passed and their bytes when they left.
type Flow struct {
	Offered []int     `json:"offered"`
	Dropped []int     `json:"dropped"`
	Passed  []int     `json:"passed"`
	Bytes   []int     `json:"bytes"` // of UDP payload that passed
	Delay   []float64 `json:"delay"` // ms that those passed spent in the link, summed
}

// counter counts one link.
type counter struct {
	mu      sync.Mutex
	counts  Counts
	streams map[uint32]*StreamCounts
}

func newCounter(user string, dir Direction) *counter {
	return &counter{counts: Counts{User: user, Dir: dir}, streams: make(map[uint32]*StreamCounts)}
}

// passage is a packet on its way through a link.
type passage struct {
	at     time.Duration
	bytes  int
	stream *StreamCounts // nil if it is not RTP
	bare   int           // bytes of RTP payload
	check  int           // index in Checks; −1 if it is none
}

// offer counts a packet, a TURN message, that was offered at a time.
func (c *counter) offer(packet []byte, at time.Duration, passes bool) passage {
	c.mu.Lock()
	defer c.mu.Unlock()
	p := passage{at: at, bytes: len(packet), check: -1}
	if at < 0 {
		return p
	}
	c.counts.offer(at, passes)
	inner := application(packet)
	if id, answer, ok := parseCheck(inner); ok {
		p.check = len(c.counts.Checks)
		c.counts.Checks = append(c.counts.Checks, Check{ID: id, Answer: answer, At: milliseconds(at), Leaves: -1})
	}
	if r, ok := parseRTP(inner); ok {
		s := c.streams[r.ssrc]
		if s == nil {
			s = &StreamCounts{SSRC: r.ssrc}
			c.streams[r.ssrc] = s
		}
		s.PT = r.pt
		s.offer(at, passes)
		p.stream, p.bare = s, r.payload
	}
	return p
}

// leave counts that a packet left, at the time at which it did.
func (c *counter) leave(p passage, now, due time.Duration) {
	if p.at < 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counts.Late = max(c.counts.Late, milliseconds(now-due))
	c.counts.leave(p.at, now, p.bytes)
	if p.stream != nil {
		p.stream.leave(p.at, now, p.bare)
	}
	if p.check >= 0 {
		c.counts.Checks[p.check].Leaves = milliseconds(now)
	}
}

func (f *Flow) offer(at time.Duration, passes bool) {
	plus(&f.Offered, at, 1)
	if !passes {
		plus(&f.Dropped, at, 1)
	}
}

func (f *Flow) leave(at, now time.Duration, bytes int) {
	plus(&f.Passed, now, 1)
	plus(&f.Bytes, now, bytes)
	plus(&f.Delay, now, milliseconds(now-at))
}

func plus[N int | float64](list *[]N, at time.Duration, n N) {
	bin := int(at / Bin)
	for len(*list) <= bin {
		*list = append(*list, 0)
	}
	(*list)[bin] += n
}

// snapshot returns a copy of the counts.
func (c *counter) snapshot() Counts {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := c.counts
	out.Flow = out.Flow.clone()
	out.Checks = slices.Clone(out.Checks)
	out.Streams = make([]StreamCounts, 0, len(c.streams))
	for _, s := range c.streams {
		copied := *s
		copied.Flow = s.Flow.clone()
		out.Streams = append(out.Streams, copied)
	}
	slices.SortFunc(out.Streams, func(a, b StreamCounts) int { return int(int64(a.SSRC) - int64(b.SSRC)) })
	return out
}

func (f Flow) clone() Flow {
	return Flow{slices.Clone(f.Offered), slices.Clone(f.Dropped), slices.Clone(f.Passed), slices.Clone(f.Bytes), slices.Clone(f.Delay)}
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
