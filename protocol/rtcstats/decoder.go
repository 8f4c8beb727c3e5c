package rtcstats

import (
	"bytes"
	"math"
	"unicode/utf8"

	"github.com/peerglass/peerglass/protocol"
	"github.com/peerglass/peerglass/protocol/statsjson"
	"github.com/peerglass/peerglass/rtc"
)

// Subprotocol is what a client asks for in Sec-WebSocket-Protocol.
const Subprotocol = "rtcstats#5.0"

// maxElements bounds a frame: a name, a connection, a value and a time, and
// what methods add (two at most in rtcstats-js).
const maxElements = 12

// absolute is the difference from which a time counts as one of its own and
// not as a difference: three years, in ms.
const absolute = 1e11

// maxTime is the latest time that JavaScript knows, in Unix ms.
const maxTime = 8.64e15

// Decoder decodes the frames of one session. Not safe for concurrent use.
type Decoder struct {
	stats rtc.Stats
	read  *statsjson.Reader
	rec   rtc.Record
	now   float64 // client's clock at the last frame, Unix ms
	begun bool
	sdp   descriptions
	arena []byte // texts of the frame that had escapes
	built []byte // a payload that is not as it came
}

var _ protocol.Decoder = (*Decoder)(nil)

// NewDecoder returns a decoder for one session: the first frame that it is
// given carries an absolute time.
func NewDecoder() *Decoder {
	return &Decoder{read: statsjson.NewReader(statsjson.Options{Member: wireMember, Type: wireType, NullRemoves: true})}
}

// Decode implements protocol.Decoder; a frame is one JSON array. A frame that
// is not understood takes its time difference with it: what follows is dated
// that much too early.
func (d *Decoder) Decode(frame []byte, received int64, sink rtc.Sink) error {
	if len(frame) > protocol.MaxFrame {
		return protocol.Errorf(protocol.CodeTooLarge, "a frame has %d bytes; at most %d are taken", len(frame), protocol.MaxFrame)
	}
	var elements [maxElements][]byte
	n, err := split(frame, &elements)
	if err != nil {
		return err
	}
	// trace(name), trace(name, connection) and trace(name, connection, value,
	// more…), each with the time behind it.
	if err := d.advance(elements[n-1]); err != nil {
		return err
	}
	d.arena = d.arena[:0]
	r := &d.rec
	*r = rtc.Record{Time: int64(math.Round(d.now)), Received: received}
	if n > 2 {
		if r.Conn, err = d.label(elements[1]); err != nil {
			return err
		}
	}
	custom, err := d.name(elements[0])
	if err != nil {
		return err
	}
	if n > 3 {
		r.Payload = elements[2]
		if string(r.Payload) == "null" {
			r.Payload = nil
		}
		if n > 4 {
			if err := d.extra(elements[3 : n-1]); err != nil {
				return err
			}
		}
	}
	if r.Kind == rtc.KindStats {
		return d.poll(sink)
	}
	if !utf8.Valid(frame) {
		return protocol.Errorf(protocol.CodeMalformed, "a frame is not UTF-8")
	}
	switch {
	case custom:
		d.custom()
	case r.Kind == rtc.KindCall && len(r.Conn) == 0:
		d.client()
	case r.Kind == rtc.KindCall:
		d.call()
	}
	return sink.Record(r)
}

// split takes a frame apart into its elements as they stand.
func split(frame []byte, elements *[maxElements][]byte) (n int, err error) {
	s := statsjson.NewScanner(frame)
	if s.Peek() != '[' {
		return 0, protocol.Errorf(protocol.CodeMalformed, "a frame is not a JSON array [method, connection, value, …, time]")
	}
	s.Want('[')
	for first := true; s.More(&first, ']'); n++ {
		if n == maxElements {
			return 0, protocol.Errorf(protocol.CodeLimit, "a frame has more than %d elements", maxElements)
		}
		var ok bool
		if elements[n], ok = s.Raw(); !ok {
			break
		}
	}
	if s.Err() == nil {
		s.End()
	}
	if err := s.Err(); err != nil {
		return 0, err
	}
	if n < 2 {
		return 0, protocol.Errorf(protocol.CodeMalformed, "a frame needs at least a method and a time")
	}
	return n, nil
}

// advance moves the client's clock to a frame's time.
func (d *Decoder) advance(element []byte) error {
	s := statsjson.NewScanner(element)
	t, _, ok := s.Number()
	if !ok {
		return protocol.Errorf(protocol.CodeMalformed, "a frame does not end with its time, a number of milliseconds")
	}
	if d.begun && math.Abs(t) < absolute {
		t += d.now
	}
	if t < 0 || t > maxTime {
		return protocol.Errorf(protocol.CodeMalformed, "the time of a frame is out of range")
	}
	d.now, d.begun = t, true
	return nil
}

// text returns a string element unescaped.
func (d *Decoder) text(element []byte) ([]byte, error) {
	s := statsjson.NewScanner(element)
	t, ok := s.String(&d.arena)
	if !ok {
		return nil, s.Err()
	}
	if len(t) > protocol.MaxName {
		return nil, protocol.Errorf(protocol.CodeTooLarge, "a name, label or id in a frame is longer than %d bytes", protocol.MaxName)
	}
	return t, nil
}

// label reads the element of the connection: its label or null.
func (d *Decoder) label(element []byte) ([]byte, error) {
	switch {
	case element[0] == '"':
		return d.text(element)
	case string(element) == "null":
		return nil, nil
	}
	return nil, protocol.Errorf(protocol.CodeMalformed, "the second element of a frame is neither the label of a connection nor null")
}

// name reads the element of the method into the record's kind and name. custom
// tells that the page named it.
func (d *Decoder) name(element []byte) (custom bool, err error) {
	r := &d.rec
	if n, ok := smallNumber(element); ok {
		if n >= len(methods) || methods[n].name == "" {
			// A later version's: pass it on under its number.
			r.Name, r.Kind = element, rtc.KindCall
			return false, nil
		}
		r.Name, r.Kind = methodNames[n], methods[n].kind
		return false, nil
	}
	if element[0] != '"' {
		return false, protocol.Errorf(protocol.CodeMalformed, "the first element of a frame is neither a method's number nor its name")
	}
	name, err := d.text(element)
	if err != nil {
		return false, err
	}
	if string(name) == statsCode {
		r.Name, r.Kind = methodNames[1], rtc.KindStats
		return false, nil
	}
	switch {
	case len(name) > 2 && name[0] == ':' && name[1] == ':':
		r.Name, r.Kind = name[2:], rtc.KindEvent
		return false, nil
	case len(name) > 1 && name[0] == ':':
		r.Name, r.Kind = name[1:], rtc.KindEvent
		return true, nil
	}
	r.Name, r.Kind = name, kindOf(name, len(r.Conn) > 0)
	return false, nil
}

// extra takes what stands between the value and the time: what ties a call to
// its outcome ("60-0"), the id of a track, or both. They become the record's
// Corr, parted by a space.
func (d *Decoder) extra(elements [][]byte) error {
	r := &d.rec
	for _, e := range elements {
		text := e
		switch {
		case string(e) == "null":
			continue
		case e[0] == '"':
			var err error
			if text, err = d.text(e); err != nil {
				return err
			}
		}
		if len(r.Corr)+1+len(text) > protocol.MaxName {
			return protocol.Errorf(protocol.CodeTooLarge, "the ids of a frame are longer than %d bytes", protocol.MaxName)
		}
		if len(r.Corr) == 0 {
			r.Corr = text
			continue
		}
		from := len(d.arena)
		d.arena = append(append(append(d.arena, r.Corr...), ' '), text...)
		r.Corr = d.arena[from:]
	}
	return nil
}

// poll decodes statistics.
func (d *Decoder) poll(sink rtc.Sink) error {
	r := &d.rec
	if len(r.Payload) == 0 || r.Payload[0] != '{' {
		return protocol.Errorf(protocol.CodeMalformed, "statistics are not a JSON object")
	}
	if err := d.read.Read(r.Payload, &d.stats); err != nil {
		return err
	}
	r.Stats, r.Name, r.Payload = &d.stats, nil, nil
	return sink.Record(r)
}

// custom takes what the page itself told to the kind that the vocabulary has
// for it.
func (d *Decoder) custom() {
	r := &d.rec
	switch string(r.Name) {
	case customFeedback:
		r.Kind = rtc.KindFeedback
	case customClose:
		r.Kind, r.Name = rtc.KindClose, nil
	case customLog:
		r.Kind, r.Name, r.Corr = rtc.KindLog, r.Corr, nil
	}
}

// client handles calls that belong to no connection, where create and close
// are those of the client itself.
func (d *Decoder) client() {
	r := &d.rec
	switch string(r.Name) {
	case rtc.NameCreate:
		r.Kind = rtc.KindOpen
		d.built = appendIdentity(d.built[:0], r.Payload)
		r.Payload = d.built
	case rtc.NameClose:
		// Written by the server: the value is the close code of the WebSocket.
		if _, ok := closeCode(r.Payload); ok {
			r.Kind, r.Name = rtc.KindClose, nil
			d.built = append(append(append(d.built[:0], `{"code":`...), r.Payload...), '}')
			r.Payload = d.built
		}
	}
}

// closeCode returns payload where it is a bare number.
func closeCode(payload []byte) ([]byte, bool) {
	if len(payload) == 0 || len(payload) > 5 {
		return nil, false
	}
	for _, c := range payload {
		if c < '0' || c > '9' {
			return nil, false
		}
	}
	return payload, true
}

// call handles calls of a connection: descriptions come out whole.
func (d *Decoder) call() {
	r := &d.rec
	name := string(r.Name)
	if name == rtc.NameClose {
		delete(d.sdp, string(r.Conn))
		return
	}
	if !describes(name) {
		return
	}
	n := d.sdp.ofConn(r.Conn)
	if n == nil {
		return
	}
	desc, _, ok := parseDescription(r.Payload)
	if ok && mayBeBare(r.Payload) {
		var expanded bool
		desc.sdp, expanded = expand(n.base(name, desc.typ).sdp, desc.sdp)
		if expanded {
			d.built = appendWithSDP(d.built[:0], r.Payload, desc.sdp)
			r.Payload = d.built
		}
	}
	if !ok {
		desc = description{}
	}
	n.note(name, desc)
}

// mayBeBare reports whether a description may have bare sections.
func mayBeBare(value []byte) bool {
	return bytes.Contains(value, []byte(`"v=\r\n`)) || bytes.Contains(value, []byte(`m=\r\n`)) || bytes.Contains(value, []byte(`m="`))
}

// appendWithSDP appends the object value with the text of its member sdp
// replaced.
func appendWithSDP(dst, value []byte, sdp string) []byte {
	s := statsjson.NewScanner(value)
	var buf []byte
	dst = append(dst, '{')
	open := len(dst)
	s.Want('{')
	for first := true; s.More(&first, '}'); {
		if len(dst) > open {
			dst = append(dst, ',')
		}
		raw, _ := s.RawString()
		dst = append(append(dst, raw...), ':')
		s.Want(':')
		if string(raw) == `"sdp"` && s.Peek() == '"' {
			s.String(&buf)
			dst = appendString(dst, sdp)
			continue
		}
		v, _ := s.Raw()
		dst = append(dst, v...)
	}
	return append(dst, '}')
}
