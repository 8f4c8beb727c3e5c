package jitsi

// FrameType says what a frame is.
type FrameType uint8

// The types of frame.
const (
	FrameEntry     FrameType = iota + 1 // stats-entry, identity, a bare array, a line of a dump: holds a record
	FrameKeepalive                      // keepalive, __ping__: holds nothing; need not be kept
	FrameClose                          // the client says goodbye
)

// Head is what a server must know of a frame before it is decoded.
type Head struct {
	Type    FrameType
	Session []byte // statsSessionId as the frame has it; nil in a bare array
	Seq     uint64 // 0 where the frame has none
}

// ParseHead reads a frame's head without decoding the frame and without
// allocating. Whether the rest is well formed, only Decode finds.
func ParseHead(frame []byte) (Head, error) { return Head{}, nil }

// Verdict on a sequence number.
type Verdict uint8

// The verdicts.
const (
	SeqNew   Verdict = iota + 1 // keep the frame
	SeqAgain                    // was here before: drop it, and acknowledge
	SeqAhead                    // so far ahead that it cannot be true: refuse it
)

// Sequence tells new frames from those that were sent again. The zero value
// has seen nothing. A client counts over identity and stats-entry in one; a
// stay need not begin at 1 (a breakout room goes on counting).
type Sequence struct {
	Last   uint64 // the last number taken; what to acknowledge
	Missed uint64 // numbers that never came: the client's buffer had overflowed
	Again  uint64 // frames that came again
}

// Next judges seq and, where it is new, takes it. 0 (no number) is always new.
func (s *Sequence) Next(seq uint64) Verdict { return SeqNew }
