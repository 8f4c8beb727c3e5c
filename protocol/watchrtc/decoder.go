package watchrtc

import (
	"bytes"
	"math"
	"sync"
	"unicode/utf8"

	"github.com/peerglass/peerglass/protocol"
	"github.com/peerglass/peerglass/protocol/statsjson"
	"github.com/peerglass/peerglass/rtc"
)

// sdk is what the client is called in rows.
const sdk = "@testrtc/watchrtc-sdk"

// Decoder decodes the messages of one session, in order. It keeps two numbers;
// what one message needs is shared by all decoders (scratch).
type Decoder struct {
	unknown uint64
	cpu     float64 // use of the processor that no poll has taken yet; NaN: none
}

var _ protocol.Decoder = (*Decoder)(nil)

// NewDecoder returns a decoder for one session.
func NewDecoder() *Decoder { return &Decoder{cpu: math.NaN()} }

// Unknown returns how many entries had a name that the client does not send,
// or more elements than it sends. They were passed on as events.
func (d *Decoder) Unknown() uint64 { return d.unknown }

// Decode implements protocol.Decoder. A frame is one WebSocket message, or
// what ParsePost made of a request.
func (d *Decoder) Decode(frame []byte, received int64, sink rtc.Sink) error {
	s := scratches.Get().(*scratch)
	s.Decoder, s.sink = d, sink
	err := s.decode(frame, received)
	s.Decoder, s.sink, s.rec = nil, nil, rtc.Record{}
	if s.worthKeeping() {
		scratches.Put(s)
	}
	return err
}

// scratch is the memory in which one frame is decoded, for the decoder that it
// embeds meanwhile.
type scratch struct {
	*Decoder
	sink     rtc.Sink
	unpacker unpacker
	reader   *statsjson.Reader
	stats    rtc.Stats
	rec      rtc.Record
	arena    []byte // names and labels with escapes
	made     []byte // a payload of our own
}

var scratches = sync.Pool{New: func() any { return newScratch() }}

func newScratch() *scratch { return &scratch{reader: statsjson.NewReader(statsjson.Options{})} }

// worthKeeping is false after a frame far larger than calls have.
func (d *scratch) worthKeeping() bool {
	return cap(d.unpacker.out) <= 1<<20 && cap(d.unpacker.phrases) <= 1<<17 && cap(d.arena)+cap(d.made) <= 1<<18 && cap(d.stats.Values) <= 1<<14
}

func (d *scratch) decode(frame []byte, received int64) error {
	if len(frame) > protocol.MaxFrame {
		return protocol.Errorf(protocol.CodeTooLarge, "a message has %d bytes, at most %d are taken", len(frame), protocol.MaxFrame)
	}
	d.rec = rtc.Record{Received: received}
	d.arena = d.arena[:0]
	if len(frame) == 0 {
		return errPacked
	}
	if c := frame[0]; c != '[' && c != '{' {
		text, err := d.unpacker.unpack(frame)
		if err != nil {
			return err
		}
		frame = text
	}
	if !utf8.Valid(frame) {
		return protocol.Errorf(protocol.CodeMalformed, "the message is not UTF-8")
	}
	in := statsjson.NewScanner(frame)
	switch in.Peek() {
	case '[':
		return d.finish(&in, d.list(&in, 0))
	case '{':
		return d.request(&in)
	}
	return errPacked
}

// finish makes sure that nothing follows a message.
func (d *scratch) finish(in *statsjson.Scanner, err error) error {
	if err == nil && in.Err() == nil {
		in.End()
	}
	if in.Err() != nil {
		return in.Err()
	}
	return err
}

// maxNesting is how deep entries stand in lists: a reported error of the client
// may hold its whole buffer.
const maxNesting = 3

// list reads an entry, or a list of them. What a list holds beside lists is
// the time at which it was sent, which its entries have themselves.
func (d *scratch) list(in *statsjson.Scanner, depth int) error {
	if !in.Want('[') {
		return in.Err()
	}
	first := true
	for in.More(&first, ']') {
		switch c := in.Peek(); {
		case c == '"':
			return d.entry(in)
		case c == '[' && depth < maxNesting:
			if err := d.list(in, depth+1); err != nil {
				return err
			}
		case c == '[':
			return protocol.Errorf(protocol.CodeLimit, "the entries of a message stand in more than %d lists", maxNesting)
		default:
			if c < '0' || c > '9' {
				d.unknown++
			}
			if _, ok := in.Raw(); !ok {
				return in.Err()
			}
		}
	}
	return in.Err()
}

// entry reads [name, connection, payload, time] from its name on.
func (d *scratch) entry(in *statsjson.Scanner) error {
	r := &d.rec
	*r = rtc.Record{Received: r.Received}
	d.arena = d.arena[:0]
	var what named
	var polled bool
	name, ok := in.String(&d.arena)
	if !ok {
		return in.Err()
	}
	what, known := lookupName(name)
	if !known {
		d.unknown++
	}
	r.Name = name
	if what.name != nil {
		r.Name = what.name
	}
	elements := 1
	for first := false; in.More(&first, ']'); elements++ {
		ok := true
		switch elements {
		case 1:
			switch in.Peek() {
			case '"':
				r.Conn, ok = in.String(&d.arena)
			default: // null; of a track that ended, whatever the client called this
				_, ok = in.Raw()
			}
		case 2:
			if polled = what.kind == kindStats && in.Peek() == '{'; polled {
				passed := d.reader.Passed()
				ok = d.reader.ReadFrom(in, &d.stats)
				// getStatsId numbers the polls of the page; anything more is news.
				if n := d.reader.Passed() - passed; n > 1 {
					d.unknown += n - 1
				}
			} else if r.Payload, ok = in.Raw(); string(r.Payload) == "null" {
				r.Payload = nil
			}
		case 3:
			var at float64
			if c := in.Peek(); c >= '0' && c <= '9' {
				at, _, ok = in.Number()
			} else {
				_, ok = in.Raw()
			}
			if at < 1e14 { // later than any clock shows
				r.Time = int64(at)
			}
		default:
			d.unknown++
			_, ok = in.Raw()
		}
		if !ok {
			return in.Err()
		}
	}
	switch {
	case in.Err() != nil:
		return in.Err()
	case len(r.Name) == 0:
		return protocol.Errorf(protocol.CodeMalformed, "an entry has an empty name")
	case len(r.Name) > protocol.MaxName || len(r.Conn) > protocol.MaxName:
		return protocol.Errorf(protocol.CodeLimit, "the name or the connection of an entry is longer than %d bytes", protocol.MaxName)
	}
	return d.emit(what, polled)
}

// emit passes on what an entry holds.
func (d *scratch) emit(what named, polled bool) error {
	r := &d.rec
	switch what.kind {
	case kindStats:
		if polled {
			return d.emitStats()
		}
	case kindCall:
		r.Kind = rtc.KindCall
		return d.sink.Record(r)
	case kindState:
		r.Kind = rtc.KindState
		return d.sink.Record(r)
	case kindLocal:
		// Where the client means to tell later that tracks have ended, it tells
		// at once of a track that is none.
		if bytes.HasPrefix(r.Payload, []byte(`"undefined:`)) {
			return nil
		}
		r.Kind = rtc.KindState
		return d.sink.Record(r)
	case kindNothing:
		return nil
	case kindSession, kindKeys, kindAgent:
		return d.emitIdentity(what.kind)
	case kindLog:
		return d.emitLog()
	case kindApp:
		return d.emitApp()
	case kindRating:
		return d.emitRating()
	case kindTrack:
		return d.emitTrack()
	case kindLabel:
		return d.emitLabel(what.name)
	case kindHardware:
		d.learnHardware()
		return nil
	}
	r.Kind = rtc.KindEvent
	return d.sink.Record(r)
}

// emitStats passes a poll on. The client tells what changed since the poll
// before; what it does not name is as it was.
func (d *scratch) emitStats() error {
	s := &d.stats
	reports := s.Reports[:0]
	for _, p := range s.Reports {
		p.ID = plainID(p.ID)
		// A null is no value that changed: the client cannot tell that a member
		// is gone. It writes one in place of a round trip that was not measured
		// anew, which is still what the browser says.
		values, n := s.Of(&p), 0
		for _, v := range values {
			if v.Form != rtc.FormNull {
				values[n] = v
				n++
			}
		}
		if p.Len > 0 && n == 0 && p.Type == 0 {
			continue
		}
		p.Len = n
		reports = append(reports, p)
	}
	s.Reports = reports
	if !math.IsNaN(d.cpu) && len(s.Reports) < protocol.MaxReports {
		s.Reports = append(s.Reports, rtc.ReportPatch{ID: machineID, Type: rtc.TypeClient, First: len(s.Values), Len: 1})
		s.Values = append(s.Values, rtc.Value{Member: rtc.StatCpuSystem, Form: rtc.FormNumber, Num: d.cpu})
		d.cpu = math.NaN()
	}
	d.rec.Kind, d.rec.Stats = rtc.KindStats, s
	return d.sink.Record(&d.rec)
}

var machineID = []byte("client")

// plainID returns a report's id as its browser gave it. In Firefox the client
// puts the type before it, but not where other reports refer to it.
func plainID(id []byte) []byte {
	if i := bytes.IndexByte(id, '_'); i > 0 && rtc.LookupStatsType(id[:i]) != 0 {
		return id[i+1:]
	}
	return id
}
