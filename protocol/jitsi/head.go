package jitsi

import (
	"bytes"

	"github.com/peerglass/peerglass/protocol"
	"github.com/peerglass/peerglass/protocol/statsjson"
)

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

// Lines that are not JSON.
const (
	ping       = "__ping__"       // rtcstats 6.2 and 7: keepalive
	disconnect = "--disconnect--" // dumps of the server's reconnect branch: the connection was lost here
)

// Envelope members and types.
const (
	typeEntry     = "stats-entry"
	typeIdentity  = "identity"
	typeKeepalive = "keepalive"
	typeClose     = "close"
)

// ParseHead reads a frame's head without decoding the frame and without
// allocating. Whether the rest is well formed, only Decode finds.
func ParseHead(frame []byte) (Head, error) {
	frame = bytes.TrimSpace(frame)
	switch {
	case string(frame) == ping:
		return Head{Type: FrameKeepalive}, nil
	case len(frame) > 0 && frame[0] == '[':
		return Head{Type: FrameEntry, Seq: tailSeq(frame)}, nil
	case string(frame) == disconnect:
		return Head{Type: FrameEntry}, nil
	case len(frame) == 0 || frame[0] != '{':
		return Head{}, errNotJitsi
	}
	var e envelope
	if err := e.read(frame, nil); err != nil {
		return Head{}, err
	}
	h := Head{Type: FrameEntry, Session: e.session}
	switch string(e.typ) {
	case typeKeepalive:
		h.Type = FrameKeepalive
	case typeClose:
		h.Type = FrameClose
	default:
		h.Seq = tailSeq(e.data)
	}
	return h, nil
}

var errNotJitsi = protocol.Errorf(protocol.CodeMalformed, "the frame is neither a JSON object nor a JSON array, which is what Jitsi's rtcstats sends")

// envelope is {"statsSessionId","type","data"}, its texts as they stand.
type envelope struct {
	session, typ []byte
	data         []byte // any JSON value; nil where there is none
	text         []byte // the data unescaped, where they are a string
	stamp        float64
	others       int // members that the protocol does not have
}

// read reads an envelope. Data that are a string are unescaped into *buf. With
// no buf only the head is wanted: data that stand last are taken to be well
// formed.
func (e *envelope) read(frame []byte, buf *[]byte) error {
	in := statsjson.NewScanner(frame)
	in.Want('{')
	for first := true; in.More(&first, '}'); {
		name, ok := in.RawString()
		if !ok || !in.Want(':') {
			break
		}
		switch string(name) {
		case `"statsSessionId"`:
			e.session, ok = bare(&in)
			if ok && !validSession(e.session) {
				return protocol.Errorf(protocol.CodeMalformed, "a frame's statsSessionId has to be 1 to %d letters, digits, '-' and '_'", protocol.MaxName)
			}
		case `"type"`:
			e.typ, ok = bare(&in)
		case `"data"`:
			isText := in.Peek() == '"'
			from := in.Offset()
			e.text = nil
			switch {
			case buf != nil && isText:
				*buf = (*buf)[:0]
				if ok = in.Unescape(buf); ok {
					e.data, e.text = frame[from:in.Offset()], *buf
				}
			case buf == nil && e.typ != nil && frame[len(frame)-1] == '}' && from < len(frame):
				// Every client has the data last: what is before the closing
				// brace is theirs.
				if e.data = bytes.TrimSpace(frame[from : len(frame)-1]); tailSeq(e.data) != 0 {
					return nil
				}
				e.data, ok = in.Raw()
			default:
				e.data, ok = in.Raw()
			}
		case `"timestamp"`: // added by the server that wrote a dump
			e.stamp, _, ok = in.Number()
		default:
			e.others++
			_, ok = in.Raw()
		}
		if !ok {
			break
		}
	}
	if in.Err() == nil {
		in.End()
	}
	switch {
	case in.Err() != nil:
		return in.Err()
	case e.typ == nil:
		return protocol.Errorf(protocol.CodeUnsupported, "the frame is a JSON object without a type, so it is not of Jitsi's rtcstats: that sends {\"statsSessionId\",\"type\",\"data\"}")
	case len(e.typ) > protocol.MaxName:
		return protocol.Errorf(protocol.CodeLimit, "the type of a frame is longer than %d bytes", protocol.MaxName)
	}
	return nil
}

// bare reads a string that has no need of escapes: ids and types.
func bare(in *statsjson.Scanner) ([]byte, bool) {
	text, ok := in.RawString()
	if !ok {
		return nil, false
	}
	return text[1 : len(text)-1], true
}

// maxSeq divides sequence numbers from times in milliseconds: both are the
// last element of an entry, in versions that number and in those that do not.
const maxSeq = 1e11

// tailSeq returns the sequence number at the end of an entry, ,time,seq] or
// the same within a string; 0 where there is none.
func tailSeq(data []byte) uint64 {
	i := len(data) - 1
	if i >= 0 && data[i] == '"' {
		i--
	}
	if i < 0 || data[i] != ']' {
		return 0
	}
	seq, i := digitsBefore(data, i)
	if seq == 0 || seq >= maxSeq || i < 0 || data[i] != ',' {
		return 0
	}
	if time, i := digitsBefore(data, i); time < maxSeq || i < 0 || data[i] != ',' {
		return 0
	}
	return seq
}

// digitsBefore returns the number whose digits end before data[end], and
// where the byte before them stands.
func digitsBefore(data []byte, end int) (uint64, int) {
	n, scale := uint64(0), uint64(1)
	i := end - 1
	for ; i >= 0 && data[i] >= '0' && data[i] <= '9' && end-i <= 15; i-- {
		n += uint64(data[i]-'0') * scale
		scale *= 10
	}
	return n, i
}

// Verdict on a sequence number.
type Verdict uint8

// The verdicts.
const (
	SeqNew   Verdict = iota + 1 // keep the frame
	SeqAgain                    // was here before: drop it, and acknowledge
	SeqAhead                    // so far ahead that it cannot be true: refuse it
)

// maxAhead is how far a number may be ahead of the last one. A client that
// lost its connection drops what it cannot hold and gives up after ten
// minutes: a gap of this length would take more than a thousand records a
// second.
const maxAhead = 1_000_000

// Sequence tells new frames from those that were sent again. The zero value
// has seen nothing. A client counts over identity and stats-entry in one; a
// stay need not begin at 1 (a breakout room goes on counting).
type Sequence struct {
	Last   uint64 // the last number taken; what to acknowledge
	Missed uint64 // numbers that never came: the client's buffer had overflowed
	Again  uint64 // frames that came again
	// Edge is the last number before the newest gap, 0 where there was none.
	// Acknowledge it on its own, before Last: a client whose buffer is full
	// sends on without keeping, and drops what it holds only when it is told a
	// number that it holds.
	Edge uint64
}

// Next judges seq and, where it is new, takes it. 0 (no number) is always new.
func (s *Sequence) Next(seq uint64) Verdict {
	switch {
	case seq == 0:
		return SeqNew
	case seq >= maxSeq || s.Last > 0 && seq > s.Last+maxAhead:
		return SeqAhead
	case seq <= s.Last:
		s.Again++
		return SeqAgain
	}
	if s.Last > 0 && seq > s.Last+1 {
		s.Missed += seq - s.Last - 1
		s.Edge = s.Last
	}
	s.Last = seq
	return SeqNew
}
