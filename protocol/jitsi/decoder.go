package jitsi

import (
	"bytes"
	"sync"
	"unicode/utf8"

	"github.com/peerglass/peerglass/protocol"
	"github.com/peerglass/peerglass/protocol/statsjson"
	"github.com/peerglass/peerglass/rtc"
)

// Options of a decoder.
type Options struct {
	// Version is the one that ParseRequest found; the zero value lets the
	// frames themselves tell (dumps: a connectionInfo line, the shape of the
	// first polls).
	Version Version
}

// Decoder decodes one stay: all its connections, in order. It is small, and
// does not grow with the stay: the last sequence number, what version it is,
// and of legacy statistics a few values per connection and stream (legacy.go).
// What one frame needs is shared by all decoders (scratch).
type Decoder struct {
	missingRemoved bool
	backend        bool
	seq            Sequence
	unknown        uint64
	legacy         *legacy // nil until the first legacy report
}

var _ protocol.Decoder = (*Decoder)(nil)

// NewDecoder returns a decoder for one stay.
func NewDecoder(o Options) *Decoder {
	return &Decoder{missingRemoved: o.Version.MissingRemoved, backend: o.Version.Backend}
}

// Unknown returns how many records had a name, a type or a member that no
// known client sends. They were passed on as events.
func (d *Decoder) Unknown() uint64 { return d.unknown }

// Sequence returns what is known of the sequence numbers that were decoded.
func (d *Decoder) Sequence() Sequence { return d.seq }

// Decode implements protocol.Decoder. A frame is one WebSocket message or one
// line of a dump. A frame whose sequence number was there before is passed
// over.
func (d *Decoder) Decode(frame []byte, received int64, sink rtc.Sink) error {
	s := scratches.Get().(*scratch)
	err := s.decode(d, frame, received, sink)
	if s.worthKeeping() {
		scratches.Put(s)
	}
	return err
}

// scratch is the memory in which one frame is decoded, for the decoder that it
// embeds meanwhile. It grows to what frames need and is used again, so that
// the thousands of stays of a server do not each keep their own.
type scratch struct {
	*Decoder
	reader     *statsjson.Reader
	stats      rtc.Stats
	translator translator
	rec        rtc.Record
	entry      []byte // an entry that came within a JSON string
	inner      []byte // a payload that came within one
	arena      []byte // names and labels with escapes
}

var scratches = sync.Pool{New: func() any { return newScratch() }}

func newScratch() *scratch { return &scratch{reader: statsjson.NewReader(statsjson.Options{})} }

// worthKeeping is false after a frame far larger than calls have.
func (d *scratch) worthKeeping() bool {
	return cap(d.entry)+cap(d.inner)+cap(d.arena) <= 1<<20 && cap(d.stats.Values)+cap(d.translator.out.Values) <= 1<<14
}

func (d *scratch) decode(of *Decoder, frame []byte, received int64, sink rtc.Sink) error {
	d.Decoder = of
	passed := d.reader.Passed()
	err := d.read(frame, received, sink)
	d.unknown += d.reader.Passed() - passed
	// The pool must not hold on to the stay.
	d.Decoder, d.rec, d.translator.legacy = nil, rtc.Record{}, nil
	return err
}

func (d *scratch) read(frame []byte, received int64, sink rtc.Sink) error {
	if len(frame) > protocol.MaxFrame {
		return protocol.Errorf(protocol.CodeTooLarge, "a frame has %d bytes, at most %d are taken", len(frame), protocol.MaxFrame)
	}
	frame = bytes.TrimSpace(frame)
	d.rec = rtc.Record{Received: received}
	d.arena = d.arena[:0]
	switch {
	case string(frame) == ping:
		return nil
	case string(frame) == disconnect:
		d.rec.Kind, d.rec.Name = rtc.KindEvent, frame
		return sink.Record(&d.rec)
	case len(frame) == 0 || frame[0] != '{' && frame[0] != '[':
		return errNotJitsi
	case !utf8.Valid(frame):
		return protocol.Errorf(protocol.CodeMalformed, "the frame is not UTF-8")
	case frame[0] == '[':
		return d.decodeEntry(frame, nil, sink)
	}
	var e envelope
	if err := e.read(frame, &d.entry); err != nil {
		return err
	}
	d.unknown += uint64(e.others)
	return d.decodeEnvelope(&e, sink)
}

func (d *scratch) decodeEnvelope(e *envelope, sink rtc.Sink) error {
	switch string(e.typ) {
	case typeKeepalive:
		return nil
	case typeClose:
		d.rec.Kind, d.rec.Payload = rtc.KindClose, e.data
		return sink.Record(&d.rec)
	case typeEntry, typeIdentity:
		data := e.data
		if e.text != nil {
			data = bytes.TrimSpace(e.text)
		}
		if len(data) > 0 && data[0] == '[' {
			return d.decodeEntry(data, e.session, sink)
		}
		if len(data) > 0 && data[0] == '{' {
			return d.decodeBackend(e, data, sink)
		}
		return protocol.Errorf(protocol.CodeMalformed, "the data of a %s is neither an array nor an object", e.typ)
	}
	d.unknown++
	d.rec.Kind, d.rec.Name, d.rec.Payload = rtc.KindEvent, e.typ, e.data
	return sink.Record(&d.rec)
}

// decodeEntry reads [name, connection, payload, time, sequence number].
func (d *scratch) decodeEntry(data, session []byte, sink rtc.Sink) error {
	r := &d.rec
	in := statsjson.NewScanner(data)
	in.Want('[')
	var isStats bool
	var what named
	elements := 0
	for first := true; in.More(&first, ']'); elements++ {
		ok := true
		switch elements {
		case 0:
			if r.Name, ok = in.String(&d.arena); ok {
				var known bool
				if what, known = lookupName(r.Name); !known {
					d.unknown++
				}
				if what.name != nil {
					r.Name = what.name
				}
			}
		case 1:
			switch c := in.Peek(); c {
			case '"':
				r.Conn, ok = in.String(&d.arena)
			case 'n':
				_, ok = in.Literal()
			default: // a number
				_, r.Conn, ok = in.Number()
			}
		case 2:
			if what.kind == rtc.KindStats && in.Peek() == '{' {
				isStats = true
				ok = d.reader.ReadFrom(&in, &d.stats)
			} else {
				r.Payload, ok = in.Raw()
			}
		case 3:
			r.Time, ok = readTime(&in)
		case 4:
			var seq float64
			if in.Peek() == 'n' {
				_, ok = in.Literal()
			} else if seq, _, ok = in.Number(); ok && seq >= 0 && seq <= 1<<53 {
				r.Seq = uint64(seq)
			}
		default:
			d.unknown++
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
	case elements < 3:
		return protocol.Errorf(protocol.CodeMalformed, "an entry has %d elements; it has to be [name, connection, payload, time]", elements)
	case len(r.Name) == 0:
		return protocol.Errorf(protocol.CodeMalformed, "an entry has an empty name")
	case len(r.Name) > protocol.MaxName || len(r.Conn) > protocol.MaxName:
		return protocol.Errorf(protocol.CodeLimit, "the name or the connection of an entry is longer than %d bytes", protocol.MaxName)
	}
	switch d.seq.Next(r.Seq) {
	case SeqAgain:
		return nil
	case SeqAhead:
		return protocol.Errorf(protocol.CodeMalformed, "sequence number %d cannot follow %d", r.Seq, d.seq.Last)
	}
	if string(r.Payload) == "null" {
		r.Payload = nil
	}
	return d.emit(what, isStats, session, sink)
}

// readTime reads a time in milliseconds; one that is not a number, or that no
// clock shows, is unknown.
func readTime(in *statsjson.Scanner) (int64, bool) {
	if c := in.Peek(); c != '-' && (c < '0' || c > '9') {
		_, ok := in.Raw()
		return 0, ok
	}
	f, _, ok := in.Number()
	if f < 0 || f > 1e14 {
		f = 0
	}
	return int64(f), ok
}

// emit passes on the record that an entry holds.
func (d *scratch) emit(what named, isStats bool, session []byte, sink rtc.Sink) error {
	r := &d.rec
	r.Kind = what.kind
	switch what.kind {
	case rtc.KindStats:
		if isStats {
			return d.emitStats(sink)
		}
		if err := d.unwrap(); err != nil {
			return err
		}
		if len(r.Payload) == 0 || r.Payload[0] != '{' { // the client could not get any
			r.Kind = rtc.KindEvent
			return sink.Record(r)
		}
		payload := r.Payload
		r.Payload = nil
		if err := d.reader.Read(payload, &d.stats); err != nil {
			return err
		}
		return d.emitStats(sink)
	case rtc.KindOpen:
		return d.emitIdentity(session, sink)
	case rtc.KindLog:
		return d.emitLogs(sink)
	case rtc.KindEvent:
		if string(r.Name) == rtc.NameConnectionInfo {
			return d.emitConnectionInfo(sink)
		}
	}
	// A "close" without a connection is the page closing a connection that it
	// had not told of (a pre-call test), not the end of the session.
	return sink.Record(r)
}

// unwrap replaces a payload that is JSON within a JSON string by that JSON;
// any other string stays.
func (d *scratch) unwrap() error {
	p := d.rec.Payload
	if len(p) < 2 || p[0] != '"' || p[1] != '{' && p[1] != '[' {
		return nil
	}
	d.inner = d.inner[:0]
	in := statsjson.NewScanner(p)
	if !in.Unescape(&d.inner) {
		return in.Err()
	}
	in = statsjson.NewScanner(d.inner)
	if _, ok := in.Raw(); ok && in.End() {
		d.rec.Payload = bytes.TrimSpace(d.inner)
	}
	return nil
}

func (d *scratch) emitStats(sink rtc.Sink) error {
	s := &d.stats
	if !d.missingRemoved {
		d.missingRemoved = namesAll(s)
	}
	d.rec.Stats = s
	if isLegacy(s) {
		if d.legacy == nil {
			d.legacy = &legacy{}
		}
		d.rec.Stats = d.translator.translate(d.legacy, s, d.rec.Conn)
	} else {
		translateRemote(s)
	}
	d.rec.Stats.MissingRemoved = d.missingRemoved
	return sink.Record(&d.rec)
}

// namesAll reports whether a poll is of a client that names every report in
// every poll: one of which nothing has changed shows it. Those before 8.0 left
// such a report out, so there a missing one is unchanged.
func namesAll(s *rtc.Stats) bool {
	for i := range s.Reports {
		if s.Reports[i].Len == 0 && s.Reports[i].Type == 0 {
			return true
		}
	}
	return false
}

// emitLogs passes on a batch of log lines one by one.
func (d *scratch) emitLogs(sink rtc.Sink) error {
	r := &d.rec
	if len(r.Payload) == 0 || r.Payload[0] != '[' {
		r.Name = logLevel
		return sink.Record(r)
	}
	in := statsjson.NewScanner(r.Payload)
	in.Want('[')
	r.Name = logLevel
	for first := true; in.More(&first, ']'); {
		line, ok := in.Raw()
		if !ok {
			break
		}
		r.Payload = line
		if err := sink.Record(r); err != nil {
			return err
		}
	}
	return in.Err()
}

var (
	logLevel     = []byte("info") // the name of log records: Jitsi's lines do not tell their level
	nameIdentity = []byte(rtc.NameIdentity)
)
