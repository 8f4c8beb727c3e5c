package rtcstats

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/peerglass/peerglass/protocol"
	"github.com/peerglass/peerglass/rtc"
)

// EncoderOptions say how to encode.
type EncoderOptions struct {
	// AsClient leaves out what rtcstats-js leaves out: certificates, the
	// obsolete members isRemote, ip, mediaType and writable, and what became of
	// a member that a report no longer has. Otherwise everything is kept, so
	// that a dump can be rewritten without loss.
	AsClient bool
}

// Encoder encodes the records of one session. It keeps the reports of each
// connection, so that only differences are written: below protocol.MaxReports
// and protocol.MaxValues each. Not safe for concurrent use.
type Encoder struct {
	o     EncoderOptions
	conns map[string]*reports
	sdp   descriptions
	now   int64 // of the last frame
	text  []byte
}

// maxEncoded is how many connections of a session may have statistics.
const maxEncoded = 4096

// reports are those of one connection.
type reports struct {
	number map[string]int // of each id that was told or referred to; never used again
	byID   map[string]*report
	values int
}

type report struct {
	typ    string // as written
	values map[string]string
	time   float64
	seen   uint64 // poll that named it last
}

// NewEncoder returns an encoder for one session.
func NewEncoder(o EncoderOptions) *Encoder {
	return &Encoder{o: o, conns: make(map[string]*reports)}
}

// Append appends the frame of rec, without a line break, to dst and returns
// it. A record without a time is given the time at which it was received. An
// error is a *protocol.Error, and dst is returned as it was.
func (e *Encoder) Append(dst []byte, rec *rtc.Record) ([]byte, error) {
	at := rec.Time
	if at == 0 {
		at = rec.Received
	}
	if at == 0 {
		at = e.now
	}
	frame := dst
	switch rec.Kind {
	case rtc.KindStats:
		frame = append(frame, `["`+statsCode+`",`...)
		frame = append(appendLabel(frame, rec.Conn), ',')
		var err error
		if frame, err = e.appendPoll(frame, rec, at); err != nil {
			return dst, err
		}
		frame = appendExtra(frame, rec.Corr)
	case rtc.KindClose:
		frame = appendClose(frame, rec.Payload)
	default:
		frame = e.appendCall(frame, rec)
	}
	delta := at - e.now
	e.now = at
	return append(strconv.AppendInt(append(frame, ','), delta, 10), ']'), nil
}

func appendLabel(dst, conn []byte) []byte {
	if len(conn) == 0 {
		return append(dst, "null"...)
	}
	return appendString(dst, string(conn))
}

func appendPayload(dst, payload []byte) []byte {
	if len(payload) == 0 {
		return append(dst, "null"...)
	}
	return appendJSON(dst, payload)
}

// appendJSON appends a JSON value on one line.
func appendJSON(dst, value []byte) []byte {
	if bytes.ContainsAny(value, "\n\r") {
		var line bytes.Buffer
		if json.Compact(&line, value) == nil {
			value = line.Bytes()
		}
	}
	return append(dst, value...)
}

// appendExtra appends what a record's Corr holds: an id, or two elements where
// it is one of a track and one of a call. More than two have no meaning on the
// wire and stay together.
func appendExtra(dst, corr []byte) []byte {
	if len(corr) == 0 {
		return dst
	}
	track, call, two := strings.Cut(string(corr), " ")
	if !two || strings.Contains(call, " ") || track == "" || call == "" {
		return appendString(append(dst, ','), string(corr))
	}
	return appendString(append(appendString(append(dst, ','), track), ','), call)
}

// appendClose appends the client's goodbye, but its time and closing bracket: as
// rtcstats-server writes it where all that is known is a close code.
func appendClose(dst, payload []byte) []byte {
	if rest, ok := strings.CutPrefix(string(payload), `{"code":`); ok {
		if code, ok := strings.CutSuffix(rest, "}"); ok {
			if _, ok := closeCode([]byte(code)); ok {
				return append(append(dst, `["close",null,`...), code...)
			}
		}
	}
	return appendPayload(append(dst, `[":`+customClose+`",null,`...), payload)
}

// appendCall appends a frame, but its time and closing bracket, of a record
// that is not statistics.
func (e *Encoder) appendCall(dst []byte, rec *rtc.Record) []byte {
	name, corr := string(rec.Name), rec.Corr
	switch rec.Kind {
	case rtc.KindFeedback:
		name = ":" + customFeedback
	case rtc.KindLog:
		name, corr = ":"+customLog, rec.Name
	case rtc.KindOpen:
		if name == "" {
			name = rtc.NameIdentity
		}
	case rtc.KindEvent:
		if name == customFeedback || name == customLog || name == customClose || strings.HasPrefix(name, ":") {
			name = ":" + name // is an event's own name
		}
		name = ":" + name
	}
	dst = append(dst, '[')
	if i, ok := methodByName[name]; ok && !methods[i].readOnly {
		dst = strconv.AppendInt(dst, int64(i), 10)
	} else {
		dst = appendString(dst, name)
	}
	dst = append(appendLabel(append(dst, ','), rec.Conn), ',')
	if rec.Kind == rtc.KindCall && len(rec.Conn) > 0 {
		dst = e.appendNegotiation(dst, name, rec)
	} else {
		dst = appendPayload(dst, rec.Payload)
	}
	return appendExtra(dst, corr)
}

// appendNegotiation appends the payload of a connection's call, descriptions
// packed.
func (e *Encoder) appendNegotiation(dst []byte, name string, rec *rtc.Record) []byte {
	if name == rtc.NameClose {
		delete(e.sdp, string(rec.Conn)) // polls may still come: their numbers stay
	}
	if !describes(name) {
		return appendPayload(dst, rec.Payload)
	}
	n := e.sdp.ofConn(rec.Conn)
	if n == nil {
		return appendPayload(dst, rec.Payload)
	}
	desc, plain, ok := parseDescription(rec.Payload)
	if !ok {
		n.note(name, description{})
		return appendPayload(dst, rec.Payload)
	}
	packed, did := pack(n.base(name, desc.typ).sdp, desc.sdp)
	n.note(name, desc)
	if !plain || !did {
		return appendPayload(dst, rec.Payload)
	}
	return appendWithSDP(dst, rec.Payload, packed)
}

// obsolete are the members that rtcstats-js does not send.
var obsolete = map[string]bool{"isRemote": true, "ip": true, "mediaType": true, "writable": true}

// containers are the names of the dictionary's nested objects.
var containers = func() map[string]bool {
	outer := make(map[string]bool)
	for m := rtc.Member(1); int(m) < rtc.Members; m++ {
		if name, _, nested := strings.Cut(m.Info().Name, "."); nested {
			outer[name] = true
		}
	}
	return outer
}()

// isReference reports whether a member's text is the id of another report.
func isReference(name string) bool { return strings.HasSuffix(name, "Id") }

// change is a member of a report that a poll changes.
type change struct{ name, value string }

// appendPoll appends the object of a poll and takes it into the reports of
// its connection. One without a time is dated by its record's, at.
func (e *Encoder) appendPoll(dst []byte, rec *rtc.Record, at int64) ([]byte, error) {
	s := rec.Stats
	now := s.Time
	if now == 0 && len(s.Reports) > 0 {
		now = float64(at)
	}
	c := e.conns[string(rec.Conn)]
	if c == nil {
		if len(e.conns) >= maxEncoded {
			return nil, protocol.Errorf(protocol.CodeLimit, "the session has statistics of more than %d connections", maxEncoded)
		}
		c = &reports{number: make(map[string]int), byID: make(map[string]*report)}
		e.conns[string(rec.Conn)] = c
	}
	dst = append(dst, '{')
	open := len(dst)
	key := func(number int) {
		if len(dst) > open {
			dst = append(dst, ',')
		}
		dst = append(strconv.AppendInt(append(dst, '"'), int64(number), 10), `":`...)
	}
	named := make(map[string]bool, len(s.Reports))
	for i := range s.Reports { // reports are numbered in their order, then what they refer to
		if p := &s.Reports[i]; !p.Removed && !e.leavesOut(c.byID[string(p.ID)], p) {
			c.numberOf(string(p.ID))
		}
	}
	for i := range s.Reports {
		p := &s.Reports[i]
		id := string(p.ID)
		named[id] = true
		r := c.byID[id]
		if p.Removed {
			if r != nil {
				c.drop(id)
				key(c.number[id])
				dst = append(dst, "null"...)
			}
			continue
		}
		if e.leavesOut(r, p) {
			continue
		}
		fresh := r == nil
		if fresh {
			if len(c.byID) >= protocol.MaxReports {
				return nil, protocol.Errorf(protocol.CodeLimit, "a connection has more than %d statistics reports", protocol.MaxReports)
			}
			r = &report{values: make(map[string]string, p.Len)}
			c.byID[id] = r
		}
		number := c.numberOf(id)
		changes, err := e.changes(c, r, s, p, fresh, now)
		if err != nil {
			return nil, err
		}
		if len(changes) == 0 && !fresh {
			continue
		}
		key(number)
		dst = appendChanges(dst, changes)
	}
	if s.MissingRemoved {
		var gone []int
		for id := range c.byID {
			if !named[id] {
				gone = append(gone, c.number[id])
				c.drop(id)
			}
		}
		sort.Ints(gone)
		for _, number := range gone {
			key(number)
			dst = append(dst, "null"...)
		}
	}
	if now != 0 {
		if len(dst) > open {
			dst = append(dst, ',')
		}
		dst = appendNumber(append(dst, `"`+timestampKey+`":`...), now)
	}
	return append(dst, '}'), nil
}

// leavesOut reports whether a report is not written at all.
func (e *Encoder) leavesOut(known *report, p *rtc.ReportPatch) bool {
	return e.o.AsClient && (p.Type == rtc.TypeCertificate || known == nil && p.Type == 0 && p.Len == 0)
}

// numberOf returns the number of a report, which may yet have to come.
func (c *reports) numberOf(id string) int {
	n, ok := c.number[id]
	if !ok {
		n = len(c.number)
		c.number[id] = n
	}
	return n
}

func (c *reports) drop(id string) {
	c.values -= len(c.byID[id].values)
	delete(c.byID, id)
}

// changes lays a patch over a report and returns what it changes, as it is
// written.
func (e *Encoder) changes(c *reports, r *report, s *rtc.Stats, p *rtc.ReportPatch, fresh bool, now float64) ([]change, error) {
	var out []change
	if p.Type != 0 {
		typ := `"` + p.Type.String() + `"`
		if n := typeNumber[p.Type]; n != 0 {
			typ = strconv.Itoa(n)
		}
		if typ != r.typ {
			r.typ = typ
			out = append(out, change{"type", typ})
		}
	}
	var named map[string]bool
	if s.Full && !fresh {
		named = make(map[string]bool, p.Len)
	}
	for _, v := range s.Of(p) {
		name := string(v.Name)
		if v.Member != 0 {
			name = v.Member.String()
		}
		if e.o.AsClient && (obsolete[name] || v.Member == rtc.StatLocalCertificateId || v.Member == rtc.StatRemoteCertificateId) {
			continue
		}
		if named != nil {
			named[name] = true
		}
		value, err := e.value(c, name, &v)
		if err != nil {
			return nil, err
		}
		old, had := r.values[name]
		if value == "null" {
			if had && !e.o.AsClient {
				delete(r.values, name)
				c.values--
				out = append(out, change{name, value})
			}
			continue
		}
		if had && old == value {
			continue
		}
		if !had {
			if c.values++; c.values > protocol.MaxValues {
				return nil, protocol.Errorf(protocol.CodeLimit, "the statistics of a connection have more than %d values", protocol.MaxValues)
			}
		}
		r.values[name] = value
		out = append(out, change{name, value})
	}
	if named != nil && !e.o.AsClient {
		var gone []string
		for name := range r.values {
			if !named[name] {
				gone = append(gone, name)
			}
		}
		sort.Strings(gone)
		for _, name := range gone {
			delete(r.values, name)
			c.values--
			out = append(out, change{name, "null"})
		}
	}
	at := p.Time
	if at == 0 {
		at = now
	}
	if at != now && (!e.o.AsClient || at != r.time) {
		out = append(out, change{timestampKey, string(appendNumber(nil, at))})
	}
	r.time = at
	return out, nil
}

// value returns a value as it is written.
func (e *Encoder) value(c *reports, name string, v *rtc.Value) (string, error) {
	b := e.text[:0]
	switch v.Form {
	case rtc.FormNumber:
		b = appendNumber(b, v.Num)
	case rtc.FormText:
		if isReference(name) {
			b = append(strconv.AppendInt(append(b, '"'), int64(c.numberOf(string(v.Text))), 10), '"')
		} else {
			b = appendString(b, string(v.Text))
		}
	case rtc.FormBool:
		b = strconv.AppendBool(b, v.Num != 0)
	case rtc.FormNull:
		b = append(b, "null"...)
	case rtc.FormJSON:
		b = appendJSON(b, v.Text)
	default:
		return "", fmt.Errorf("rtcstats: encode %s: form %d is not known", name, v.Form)
	}
	e.text = b
	return string(b), nil
}

// appendChanges appends the object of a report; nested members are gathered in
// the object that they belong to.
func appendChanges(dst []byte, changes []change) []byte {
	dst = append(dst, '{')
	first := true
	comma := func() {
		if !first {
			dst = append(dst, ',')
		}
		first = false
	}
	var nested []string
	for _, ch := range changes {
		if outer, _, ok := strings.Cut(ch.name, "."); ok && containers[outer] {
			if !slices.Contains(nested, outer) {
				nested = append(nested, outer)
			}
			continue
		}
		comma()
		dst = append(append(appendKey(dst, ch.name), ':'), ch.value...)
	}
	for _, outer := range nested {
		comma()
		dst = append(appendKey(dst, outer), ':', '{')
		inner := true
		for _, ch := range changes {
			leaf, ok := strings.CutPrefix(ch.name, outer+".")
			if !ok {
				continue
			}
			if !inner {
				dst = append(dst, ',')
			}
			inner = false
			dst = append(append(appendString(dst, leaf), ':'), ch.value...)
		}
		dst = append(dst, '}')
	}
	return append(dst, '}')
}

// appendKey appends a member's name as the key that stands for it.
func appendKey(dst []byte, name string) []byte {
	if key, ok := propertyKeys[name]; ok {
		return append(append(append(dst, '"'), key...), '"')
	}
	return appendString(dst, name)
}
