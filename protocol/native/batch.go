package native

import (
	"bytes"
	"encoding/binary"

	"github.com/peerglass/peerglass/protocol"
)

// FlagDeflate says that a batch's body is compressed: raw deflate (RFC 1951).
const FlagDeflate = 1 << 0

// Header is what stands before a batch's body, never compressed.
type Header struct {
	Flags    uint8
	Seq      uint64 // from 1, without gaps within a session
	Time     int64  // the client's clock, Unix ms: what the first record's time is relative to
	BodyFrom int    // where the body starts in the frame
}

// ParseHeader reads the header of a batch. Its errors are *protocol.Error.
func ParseHeader(frame []byte) (Header, error) {
	var h Header
	if len(frame) == 0 {
		return h, protocol.Errorf(protocol.CodeMalformed, "the batch is empty")
	}
	if len(frame) > protocol.MaxFrame {
		return h, protocol.Errorf(protocol.CodeTooLarge, "the batch is %d bytes long; at most %d are allowed", len(frame), protocol.MaxFrame)
	}
	if v := frame[0] >> 4; v != Version {
		return h, protocol.Errorf(protocol.CodeUnsupported, "the batch has version %d; this server speaks version %d", v, Version)
	}
	h.Flags = frame[0] & 15
	if h.Flags&^FlagDeflate != 0 {
		return h, protocol.Errorf(protocol.CodeUnsupported, "the batch sets flags that version %d does not have", Version)
	}
	at := 1
	seq, n := binary.Uvarint(frame[at:])
	if n <= 0 || seq == 0 {
		return h, protocol.Errorf(protocol.CodeMalformed, "the batch has no valid sequence number")
	}
	at += n
	time, n := binary.Uvarint(frame[at:])
	if n <= 0 || time > maxTime {
		return h, protocol.Errorf(protocol.CodeMalformed, "the batch has no valid time")
	}
	h.Seq, h.Time, h.BodyFrom = seq, int64(time), at+n
	return h, nil
}

// maxTime is the largest time that a header may carry: the year 10889, the
// largest instant of JavaScript's Date is a little before it. It keeps sums of
// times far from overflow.
const maxTime = 1<<48 - 1

// AppendHeader appends the header of a batch.
func AppendHeader(dst []byte, flags uint8, seq uint64, timeMs int64) []byte {
	dst = append(dst, Version<<4|flags)
	dst = binary.AppendUvarint(dst, seq)
	return binary.AppendUvarint(dst, uint64(timeMs))
}

// SplitPost takes the body of a POST apart: the hello on the first line, to be
// read with ParseHello, then batches, each with its length before it (uvarint).
func SplitPost(body []byte) (hello []byte, batches PostBatches) {
	if i := bytes.IndexByte(body, '\n'); i >= 0 {
		return body[:i], PostBatches(body[i+1:])
	}
	return body, nil
}

// PostBatches are the batches of a POST, still in one piece.
type PostBatches []byte

// Next cuts off the first batch. ok is false when none is left; an error is a
// *protocol.Error.
func (p *PostBatches) Next() (frame []byte, ok bool, err error) {
	if len(*p) == 0 {
		return nil, false, nil
	}
	n, w := binary.Uvarint(*p)
	if w <= 0 || n > uint64(len(*p)-w) {
		return nil, false, protocol.Errorf(protocol.CodeMalformed, "the POST ends within a batch")
	}
	frame = (*p)[w : w+int(n) : w+int(n)]
	*p = (*p)[w+int(n):]
	return frame, true, nil
}

// AppendPost appends a batch to the body of a POST, after its hello line.
func AppendPost(dst, batch []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(batch)))
	return append(dst, batch...)
}
