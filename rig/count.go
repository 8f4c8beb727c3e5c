package rig

import (
	"slices"
	"sync"
	"time"
)

// Bin is how finely is counted, Fine how finely is what a bit rate rests on: a
// picture comes as packets at once, so that a part of a Bin is not the same part
// of its packets.
const (
	Bin  = 100 * time.Millisecond
	Fine = 10 * time.Millisecond
)

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
	// Stalls are those of the client, on the way up.
	Stalls []Stall `json:"stalls,omitempty"`
	// Late is the longest time, in ms, that a packet left after it should
	// have: how far a busy machine added to the damage. It is in the counts.
	Late float64 `json:"late"`
}

// StreamCounts is one RTP stream on one link.
type StreamCounts struct {
	SSRC uint32 `json:"ssrc"`
	PT   uint8  `json:"pt"` // payload type of the last packet
	Flow
	// Absent are packets that never came to this link, though their sequence
	// numbers were used: of what a client sends those that died in the client.
	// They are spread over the time between those that came before and after.
	Absent []int `json:"absent,omitempty"`
	// FineBytes are Bytes, and FinePassed are Passed, of each Fine.
	FineBytes  []int `json:"fineBytes,omitempty"`
	FinePassed []int `json:"finePassed,omitempty"`
}

// Check is a STUN binding request between the peers, or its answer.
type Check struct {
	ID     uint32  `json:"id"` // end of the transaction id, which request and answer share
	Answer bool    `json:"answer,omitempty"`
	At     float64 `json:"at"`     // ms since the call's start
	Leaves float64 `json:"leaves"` // ms; −1: dropped
	// Client is the client's port: a peer connection has one for each network
	// of its machine. Media tells that audio, video or their reports went
	// through it within the last second: of the paths that are checked that is
	// the one in use.
	Client int  `json:"client,omitempty"`
	Media  bool `json:"media,omitempty"`
}

// Stall is a time in which nothing came from a port of a client's, which sends
// audio every 20 ms: what its browser or its machine did meanwhile is not known.
type Stall struct {
	Client int     `json:"client"`
	From   float64 `json:"from"` // ms since the call's start
	To     float64 `json:"to"`
}

// shortestStall is the shortest that is told.
const shortestStall = 25 * time.Millisecond

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
	streams map[uint32]*stream
}

// stream is what is kept of one RTP stream.
type stream struct {
	StreamCounts
	numbers numbers
}

func newCounter(user string, dir Direction) *counter {
	return &counter{counts: Counts{User: user, Dir: dir}, streams: make(map[uint32]*stream)}
}

// passage is a packet on its way through a link.
type passage struct {
	at     time.Duration
	bytes  int
	stream *stream // nil if it is not RTP
	bare   int     // bytes of RTP payload
	check  int     // index in Checks; −1 if it is none
}

// offer counts a packet, a TURN message, that was offered at a time.
func (c *counter) offer(packet []byte, from *client, at time.Duration, passes bool) passage {
	p := passage{at: at, bytes: len(packet), check: -1}
	if at < 0 {
		return p
	}
	inner := application(packet)
	last, used := from.pass(c.counts.Dir, at, media(inner))
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counts.offer(at, passes)
	if c.counts.Dir == Up && last >= 0 && at-last >= shortestStall {
		c.counts.Stalls = append(c.counts.Stalls, Stall{from.port, milliseconds(last), milliseconds(at)})
	}
	if id, answer, ok := parseCheck(inner); ok {
		p.check = len(c.counts.Checks)
		c.counts.Checks = append(c.counts.Checks, Check{ID: id, Answer: answer, At: milliseconds(at), Leaves: -1, Client: from.port, Media: used})
	}
	r, ok := parseRTP(inner)
	if !ok {
		return p
	}
	s := c.streams[r.ssrc]
	if s == nil {
		if r.padded {
			return p
		}
		s = &stream{StreamCounts: StreamCounts{SSRC: r.ssrc}}
		c.streams[r.ssrc] = s
	}
	s.numbers.take(&s.Absent, r.seq, at)
	if !r.padded {
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
		plusPer(&p.stream.FinePassed, Fine, now, 1)
		plusPer(&p.stream.FineBytes, Fine, now, p.bare)
	}
	if p.check >= 0 {
		c.counts.Checks[p.check].Leaves = milliseconds(now)
	}
}

// client is one port of a client's.
type client struct {
	user string
	port int

	mu     sync.Mutex
	heard  bool
	last   time.Duration // the last packet from it
	served bool
	media  time.Duration // the last that carried media, either way
}

// recent: reports go out every few seconds at the latest where there is
// nothing else, media and transport feedback many times a second.
const recent = time.Second

// pass notes a packet from a client or to it. It returns when the last one came
// from it, −1 for never, and whether media had passed lately.
func (c *client) pass(dir Direction, at time.Duration, media bool) (last time.Duration, used bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	last, used = -1, c.served && at-c.media < recent
	if c.heard {
		last = c.last
	}
	if media {
		c.media, c.served = at, true
	}
	if dir == Up {
		c.last, c.heard = at, true
	}
	return last, used
}

// numbers follows the sequence numbers of a stream.
type numbers struct {
	begun  bool
	last   uint16         // the highest
	at     time.Duration  // when it came
	absent map[uint16]int // where those that did not come are counted
	anew   uint16         // what would follow one that was far off
	far    bool
}

// mostAbsent is the longest gap in the numbers that is one; beyond, two packets
// in sequence are a new beginning (MAX_DROPOUT, RFC 3550 §A.1).
const mostAbsent = 3000

// take takes the number of a packet and brings the list of the absent up to
// date.
func (n *numbers) take(absent *[]int, seq uint16, at time.Duration) {
	ahead := seq - n.last
	switch {
	case !n.begun, ahead >= mostAbsent && -ahead >= mostAbsent && n.far && seq == n.anew:
		*n = numbers{begun: true, last: seq, at: at, absent: make(map[uint16]int)}
	case ahead == 0:
	case ahead < mostAbsent:
		for i := uint16(1); i < ahead; i++ {
			when := n.at + time.Duration(i)*(at-n.at)/time.Duration(ahead)
			plus(absent, when, 1)
			n.absent[n.last+i] = int(when / Bin)
		}
		n.last, n.at, n.far = seq, at, false
	case -ahead < mostAbsent: // late, or again
		if bin, ok := n.absent[seq]; ok {
			(*absent)[bin]--
			delete(n.absent, seq)
		}
	default:
		n.anew, n.far = seq+1, true
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

func plus[N int | float64](list *[]N, at time.Duration, n N) { plusPer(list, Bin, at, n) }

func plusPer[N int | float64](list *[]N, width, at time.Duration, n N) {
	bin := int(at / width)
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
	out.Checks, out.Stalls = slices.Clone(out.Checks), slices.Clone(out.Stalls)
	out.Streams = make([]StreamCounts, 0, len(c.streams))
	for _, s := range c.streams {
		copied := s.StreamCounts
		copied.Flow = s.Flow.clone()
		copied.Absent, copied.FineBytes, copied.FinePassed = slices.Clone(s.Absent), slices.Clone(s.FineBytes), slices.Clone(s.FinePassed)
		out.Streams = append(out.Streams, copied)
	}
	slices.SortFunc(out.Streams, func(a, b StreamCounts) int { return int(int64(a.SSRC) - int64(b.SSRC)) })
	return out
}

func (f Flow) clone() Flow {
	return Flow{slices.Clone(f.Offered), slices.Clone(f.Dropped), slices.Clone(f.Passed), slices.Clone(f.Bytes), slices.Clone(f.Delay)}
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
