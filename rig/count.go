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
	// have: how far a busy machine bent the truth.
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

// add counts a packet, a TURN message, that was offered at a time and leaves
// at another, or is dropped.
func (c *counter) add(packet []byte, at, leaves time.Duration, passed bool) {
	if at < 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counts.add(at, leaves, passed, len(packet))
	inner := application(packet)
	if id, answer, ok := parseCheck(inner); ok {
		k := Check{ID: id, Answer: answer, At: milliseconds(at), Leaves: -1}
		if passed {
			k.Leaves = milliseconds(leaves)
		}
		c.counts.Checks = append(c.counts.Checks, k)
	}
	if r, ok := parseRTP(inner); ok {
		s := c.streams[r.ssrc]
		if s == nil {
			s = &StreamCounts{SSRC: r.ssrc}
			c.streams[r.ssrc] = s
		}
		s.PT = r.pt
		s.add(at, leaves, passed, r.payload)
	}
}

func (f *Flow) add(at, leaves time.Duration, passed bool, bytes int) {
	plus(&f.Offered, at, 1)
	if !passed {
		plus(&f.Dropped, at, 1)
		return
	}
	plus(&f.Passed, leaves, 1)
	plus(&f.Bytes, leaves, bytes)
	plus(&f.Delay, leaves, milliseconds(leaves-at))
}

func plus[N int | float64](list *[]N, at time.Duration, n N) {
	bin := int(at / Bin)
	for len(*list) <= bin {
		*list = append(*list, 0)
	}
	(*list)[bin] += n
}

func (c *counter) late(by time.Duration) {
	c.mu.Lock()
	c.counts.Late = max(c.counts.Late, milliseconds(by))
	c.mu.Unlock()
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
