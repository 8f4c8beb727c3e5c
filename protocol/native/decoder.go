package native

import (
	"strconv"
	"sync"
	"unicode/utf8"

	"github.com/peerglass/peerglass/protocol"
	"github.com/peerglass/peerglass/rtc"
)

// What one session may hold. A call with 300 received streams stays below.
const (
	maxConns   = 256       // connections with a base at one time
	maxConn    = 1 << 20   // largest number of a connection
	maxSlots   = 32 * 1024 // members with a base, over all reports of the session
	maxMember  = 1 << 14   // largest number of a member, in any dictionary to come
	maxUnknown = 1024      // different member names that the dictionary does not have
)

// The layout of a record's first byte: its kind in the low half, what it
// carries in the high half.
const (
	tagKind    = 0x0f
	tagConn    = 0x10 // JSON records: the connection's number follows
	tagName    = 0x20
	tagCorr    = 0x40
	tagPayload = 0x80
	tagFull    = 0x10 // statistics: a full poll, nothing from before holds
)

// Decoder decodes the batches of one session, in the order of their sequence
// numbers, each once (the caller de-duplicates by ParseHeader). It lives as
// long as the session, over all its connections. Not safe for concurrent use.
type Decoder struct {
	conns   map[uint32]*base
	slots   int // over all of conns
	unknown [][]byte
	byName  map[string]uint16
	skipped uint64

	label [16]byte
	rec   rtc.Record
	stats *rtc.Stats // only while a batch is decoded
}

// scratch shares the buffers that polls are decoded into between sessions: one
// holds more bytes than a session's base.
var scratch = sync.Pool{New: func() any { return new(rtc.Stats) }}

var _ protocol.Decoder = (*Decoder)(nil)

// NewDecoder returns a decoder for one session.
func NewDecoder() *Decoder { return &Decoder{} }

// Skipped returns how many polls were passed over because the differences in
// them had no base: the first after a fault, until the client sends a full one.
// In the place of each stands an event, pollWithoutBase.
func (d *Decoder) Skipped() uint64 { return d.skipped }

// Decode implements protocol.Decoder; a frame is one batch. After a fault,
// polls without a base are passed over (Skipped) until a full one comes.
func (d *Decoder) Decode(frame []byte, received int64, sink rtc.Sink) error {
	h, err := ParseHeader(frame)
	if err != nil {
		d.lose()
		return err
	}
	body := frame[h.BodyFrom:]
	if h.Flags&FlagDeflate != 0 {
		inf := inflaters.Get().(*inflater)
		defer inf.release()
		if body, err = inf.inflate(body); err != nil {
			d.lose()
			return err
		}
	}
	return d.decodeBody(body, h, received, sink)
}

// lastTime returns the time of the last record of a batch, which is when the
// batch was closed to be sent: what it took to arrive is counted from there,
// not from when its first record began to wait for company. It stops at what
// it cannot read; decodeBody says what is wrong.
func lastTime(body []byte, now int64) int64 {
	in := reader{b: body}
	for len(in.b) > 0 {
		in.byte()
		one := reader{b: in.take(in.uvarint())}
		step := one.zigzag()
		if in.bad || one.bad || now+step < 0 || now+step > maxTime {
			break
		}
		now += step
	}
	return now
}

func (d *Decoder) decodeBody(body []byte, h Header, received int64, sink rtc.Sink) error {
	d.stats = scratch.Get().(*rtc.Stats)
	defer func() {
		if cap(d.stats.Values) <= 16*1024 { // a giant poll's buffer is not kept
			scratch.Put(d.stats)
		}
		d.stats, d.rec = nil, rtc.Record{}
	}()
	return d.decodeRecords(body, h, received, sink)
}

func (d *Decoder) decodeRecords(body []byte, h Header, received int64, sink rtc.Sink) error {
	in := reader{b: body}
	now, sent := h.Time, lastTime(body, h.Time)
	for len(in.b) > 0 {
		tag := in.byte()
		one := reader{b: in.take(in.uvarint())}
		if in.bad {
			d.lose()
			return protocol.Errorf(protocol.CodeMalformed, "batch %d ends within a record", h.Seq)
		}
		kind := rtc.Kind(tag & tagKind)
		if kind == 0 || kind > rtc.KindClose {
			continue // a later version's record; its length lets us pass over it
		}
		now += one.zigzag()
		if now < 0 || now > maxTime {
			d.lose()
			return protocol.Errorf(protocol.CodeMalformed, "a record of batch %d has a time that is not one", h.Seq)
		}
		d.rec = rtc.Record{Kind: kind, Seq: h.Seq, Time: now, Sent: sent, Received: received}
		var err error
		if kind == rtc.KindStats {
			err = d.decodeStats(&one, tag, now)
		} else {
			err = d.decodeJSON(&one, tag)
		}
		if err != nil {
			d.lose()
			return err
		}
		if err := sink.Record(&d.rec); err != nil {
			d.lose()
			return err
		}
	}
	return nil
}

// lose marks every base as unusable: differences that came after the fault are
// not added to what stood before it.
func (d *Decoder) lose() {
	for _, b := range d.conns {
		b.lost = true
	}
}

func (d *Decoder) decodeJSON(in *reader, tag byte) error {
	r := &d.rec
	var conn uint64
	if tag&tagConn != 0 {
		conn = in.uvarint()
		r.Conn = d.labelOf(conn)
	}
	if tag&tagName != 0 {
		r.Name = in.string()
	}
	if tag&tagCorr != 0 {
		r.Corr = in.string()
	}
	if tag&tagPayload != 0 {
		r.Payload = in.take(in.uvarint())
	}
	switch {
	case in.bad || len(in.b) > 0 || conn > maxConn || (tag&tagConn != 0 && conn == 0):
		return protocol.Errorf(protocol.CodeMalformed, "a record of batch %d is not well formed", r.Seq)
	case len(r.Name) > protocol.MaxName || len(r.Corr) > protocol.MaxName:
		return protocol.Errorf(protocol.CodeTooLarge, "a name in batch %d is longer than %d bytes", r.Seq, protocol.MaxName)
	case !utf8.Valid(r.Name) || !utf8.Valid(r.Corr):
		return protocol.Errorf(protocol.CodeMalformed, "a name in batch %d is not UTF-8", r.Seq)
	case len(r.Payload) > 0 && !(utf8.Valid(r.Payload) && validJSON(r.Payload)):
		return protocol.Errorf(protocol.CodeMalformed, "the payload of %q in batch %d is not JSON, or nested deeper than %d", r.Name, r.Seq, protocol.MaxDepth)
	}
	if r.Kind == rtc.KindCall && conn != 0 && string(r.Name) == rtc.NameClose {
		d.forget(uint32(conn))
	}
	return nil
}

func (d *Decoder) labelOf(conn uint64) []byte {
	if conn == 0 || conn > maxConn {
		return nil
	}
	return strconv.AppendUint(append(d.label[:0], "PC_"...), conn-1, 10)
}

func (d *Decoder) forget(conn uint32) {
	b := d.conns[conn]
	if b == nil {
		return
	}
	for i := range b.reports {
		d.slots -= len(b.reports[i].slots)
	}
	delete(d.conns, conn)
}
