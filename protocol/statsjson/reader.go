package statsjson

import (
	"strings"
	"unicode/utf8"

	"github.com/peerglass/peerglass/protocol"
	"github.com/peerglass/peerglass/rtc"
)

// Options fit a Reader to a protocol. The zero value is the standard's
// spelling.
type Options struct {
	// Member resolves a name as it stands on the wire. It returns the
	// dictionary's member; or 0 and the standard's name, which the Reader then
	// looks up itself and treats as if it had stood there ("timestamp" and
	// "type" among them). Nil: the wire has the standard's names.
	Member func(wire []byte) (rtc.Member, []byte)
	// Type resolves the value of a report's type member: text without its
	// quotes, or the digits of a number. Nil: rtc.LookupStatsType.
	Type func(wire []byte) rtc.StatsType
	// NullRemoves: "id":null says that the report is gone. Otherwise null is
	// passed over.
	NullRemoves bool
}

// Reader reads statistics objects. It owns the buffers that escaped strings
// are unescaped into; what Read returns is valid until the next Read and for
// as long as src is. Not safe for concurrent use.
type Reader struct {
	o      Options
	in     Scanner
	arena  []byte
	passed uint64
	listed bool // reports stand in a list and name themselves
}

// NewReader returns a Reader.
func NewReader(o Options) *Reader { return &Reader{o: o} }

// Passed returns how many members of the objects themselves were neither a
// report nor the time, and were passed over.
func (r *Reader) Passed() uint64 { return r.passed }

// Read resets s and fills it from src, which holds one JSON object. Ids,
// texts and names borrow from src. A member "timestamp" of the object itself
// becomes s.Time; a report's own becomes its Time, 0 where it is 0 or equal
// to s.Time. An unknown type is passed on as a value named "type". A fault is a
// *protocol.Error; s then holds what stood before it.
func (r *Reader) Read(src []byte, s *rtc.Stats) error {
	in := Scanner{src: src}
	if !utf8.Valid(src) {
		in.fail("it is not UTF-8")
	}
	if r.ReadFrom(&in, s) {
		in.End()
	}
	return in.Err()
}

// ReadFrom is Read for an object within an envelope: it reads the one at the
// cursor and leaves the cursor behind it. The source has to be UTF-8. It
// returns false at a fault, which in.Err tells.
func (r *Reader) ReadFrom(in *Scanner, s *rtc.Stats) bool {
	s.Reset()
	r.arena = r.arena[:0]
	r.in = *in
	if r.in.Want('{') {
		for first := true; r.in.More(&first, '}'); {
			if !r.top(s) {
				break
			}
		}
	}
	for i := range s.Reports {
		if p := &s.Reports[i]; p.Time == s.Time {
			p.Time = 0
		}
	}
	*in = r.in
	return in.fault == nil
}

// ReadList adds the reports of a list, [{"id","type",…}, …], to s, and leaves
// the cursor behind it; s.Reset is for the caller, as is a report without an
// id, whose ID is empty. A report that names no type is of type typ. The
// memory of texts with escapes is used anew when s is empty. The source has to
// be UTF-8. It returns false at a fault, which in.Err tells.
func (r *Reader) ReadList(in *Scanner, s *rtc.Stats, typ rtc.StatsType) bool {
	if len(s.Reports) == 0 {
		r.arena = r.arena[:0]
	}
	r.in, r.listed = *in, true
	if r.in.Want('[') {
		for first := true; r.in.More(&first, ']'); {
			if r.in.Peek() != '{' {
				r.passed++
				if _, ok := r.in.Raw(); !ok {
					break
				}
				continue
			}
			at := len(s.Reports)
			if !r.report(nil, s) {
				break
			}
			if p := &s.Reports[at]; p.Type == 0 {
				p.Type = typ
			}
		}
	}
	*in, r.listed = r.in, false
	return in.fault == nil
}

// AppendFrom reads the report at the cursor, an object that has its id in it,
// and adds it to s: for protocols that tell reports in lists. typ is its type
// where it tells none; a report without an id is left out. What was appended is
// valid until AppendFrom is called with an empty s. It returns false at a
// fault, which in.Err tells.
func (r *Reader) AppendFrom(in *Scanner, s *rtc.Stats, typ rtc.StatsType) bool {
	if len(s.Reports) == 0 {
		r.arena = r.arena[:0]
	}
	at, from := len(s.Reports), len(s.Values)
	r.in = *in
	ok := r.report(nil, s)
	if ok {
		p := &s.Reports[at]
		switch {
		case p.ID == nil:
			s.Reports, s.Values = s.Reports[:at], s.Values[:from]
		case len(p.ID) > protocol.MaxName:
			ok = r.in.limit("the id of a statistics report is too long", protocol.MaxName)
		case p.Type == 0:
			p.Type = typ
		}
	}
	*in = r.in
	return ok
}

// top reads one member of the object: a report, its end, or the time.
func (r *Reader) top(s *rtc.Stats) bool {
	in := &r.in
	id, ok := in.String(&r.arena)
	if !ok || !in.Want(':') {
		return false
	}
	switch c := in.Peek(); {
	case c == '{':
		return r.report(id, s)
	case c == 'n':
		if _, ok := in.Literal(); !ok {
			return false
		}
		if r.o.NullRemoves {
			if !r.room(id, s) {
				return false
			}
			s.Reports = append(s.Reports, rtc.ReportPatch{ID: id, Removed: true, First: len(s.Values)})
		} else if !r.isTime(id) { // no reports at all: the latest time of none is null
			r.passed++
		}
		return true
	case c != '"' && c != '[' && r.isTime(id):
		s.Time, _, ok = in.Number()
		return ok
	default:
		r.passed++
		_, ok := in.Raw()
		return ok
	}
}

func (r *Reader) isTime(name []byte) bool {
	if r.o.Member != nil {
		_, name = r.o.Member(name)
	}
	return string(name) == "timestamp"
}

// room tells whether one more report fits into s, under the given id.
func (r *Reader) room(id []byte, s *rtc.Stats) bool {
	switch {
	case len(s.Reports) >= protocol.MaxReports:
		return r.in.limit("too many statistics reports in one poll", protocol.MaxReports)
	case len(id) > protocol.MaxName:
		return r.in.limit("the id of a statistics report is too long", protocol.MaxName)
	}
	return true
}

func (r *Reader) report(id []byte, s *rtc.Stats) bool {
	in := &r.in
	if !r.room(id, s) || !in.Want('{') {
		return false
	}
	at := len(s.Reports)
	s.Reports = append(s.Reports, rtc.ReportPatch{ID: id, First: len(s.Values)})
	for first := true; in.More(&first, '}'); {
		name, ok := in.String(&r.arena)
		if !ok || !in.Want(':') || !r.member(&s.Reports[at], name, s) {
			break
		}
	}
	p := &s.Reports[at]
	p.Len = len(s.Values) - p.First
	return in.fault == nil
}

// member reads the value of one member of report p.
func (r *Reader) member(p *rtc.ReportPatch, name []byte, s *rtc.Stats) bool {
	var m rtc.Member
	if r.o.Member != nil {
		m, name = r.o.Member(name)
	}
	if m == 0 {
		if m = rtc.LookupMember(name); m == 0 {
			switch string(name) {
			case "timestamp":
				if c := r.in.Peek(); c == '-' || c >= '0' && c <= '9' {
					var ok bool
					p.Time, _, ok = r.in.Number()
					return ok
				}
			case "type":
				return r.typ(p, s)
			case "id":
				return r.id(p, s)
			}
			if len(name) > protocol.MaxName {
				return r.in.limit("the name of a statistics member is too long", protocol.MaxName)
			}
		}
	}
	return r.value(m, name, s, 2)
}

// add appends an empty value.
func (r *Reader) add(m rtc.Member, name []byte, s *rtc.Stats) *rtc.Value {
	n := len(s.Values)
	if n < cap(s.Values) {
		s.Values = s.Values[:n+1]
	} else {
		s.Values = append(s.Values, rtc.Value{})
	}
	v := &s.Values[n]
	v.Member, v.Num, v.Text, v.Name = m, 0, nil, nil
	if m == 0 {
		v.Name = name
	}
	return v
}

// value reads a value of any form.
func (r *Reader) value(m rtc.Member, name []byte, s *rtc.Stats, depth int) bool {
	in := &r.in
	if len(s.Values) >= protocol.MaxValues {
		return in.limit("too many values in one poll", protocol.MaxValues)
	}
	var ok bool
	switch c := in.Peek(); c {
	case '"':
		v := r.add(m, name, s)
		v.Form = rtc.FormText
		v.Text, ok = in.String(&r.arena)
		return ok
	case '{':
		if m == 0 && depth == 2 && isContainer(name) {
			return r.container(name, s)
		}
		fallthrough
	case '[':
		from := in.pos
		if !in.skip(depth) {
			return false
		}
		v := r.add(m, name, s)
		v.Form, v.Text = rtc.FormJSON, in.src[from:in.pos:in.pos]
		return true
	case 't', 'f', 'n':
		v := r.add(m, name, s)
		switch c, ok = in.Literal(); c {
		case 't':
			v.Form, v.Num = rtc.FormBool, 1
		case 'f':
			v.Form = rtc.FormBool
		default:
			v.Form = rtc.FormNull
		}
		return ok
	default:
		f, _, ok := in.Number()
		if ok {
			v := r.add(m, name, s)
			v.Form, v.Num = rtc.FormNumber, f
		}
		return ok
	}
}

// typ reads the type of p.
func (r *Reader) typ(p *rtc.ReportPatch, s *rtc.Stats) bool {
	in := &r.in
	var text []byte
	var ok bool
	switch c := in.Peek(); {
	case c == '"':
		text, ok = in.String(&r.arena)
	case c >= '0' && c <= '9':
		_, text, ok = in.Number()
	default:
		return r.value(0, typeName, s, 2)
	}
	if !ok {
		return false
	}
	if r.o.Type != nil {
		p.Type = r.o.Type(text)
	} else {
		p.Type = rtc.LookupStatsType(text)
	}
	if p.Type == 0 {
		v := r.add(0, typeName, s)
		v.Form, v.Text = rtc.FormText, text
	}
	return true
}

// id reads a member named id, which only says again what the report is called;
// where it says something else it is a value. In a list it is what the report
// is called.
func (r *Reader) id(p *rtc.ReportPatch, s *rtc.Stats) bool {
	if r.listed && r.in.Peek() == '"' {
		var ok bool
		if p.ID, ok = r.in.String(&r.arena); ok && len(p.ID) > protocol.MaxName {
			return r.in.limit("the id of a statistics report is too long", protocol.MaxName)
		}
		return ok
	}
	if !r.value(0, idName, s, 2) {
		return false
	}
	last := len(s.Values) - 1
	v := &s.Values[last]
	if p.ID == nil && v.Form == rtc.FormText {
		p.ID = v.Text
	}
	if v.Form == rtc.FormText && string(v.Text) == string(p.ID) {
		s.Values = s.Values[:last]
	}
	return true
}

var typeName, idName = []byte("type"), []byte("id")

// container reads a nested object of the dictionary, a value a leaf.
func (r *Reader) container(name []byte, s *rtc.Stats) bool {
	in := &r.in
	in.Want('{')
	for first := true; in.More(&first, '}'); {
		leaf, ok := in.String(&r.arena)
		if !ok || !in.Want(':') {
			return false
		}
		if len(name)+1+len(leaf) > protocol.MaxName {
			return in.limit("the name of a statistics member is too long", protocol.MaxName)
		}
		from := len(r.arena)
		r.arena = append(append(append(r.arena, name...), '.'), leaf...)
		full := r.arena[from:len(r.arena):len(r.arena)]
		m := rtc.LookupMember(full)
		if m != 0 {
			r.arena = r.arena[:from]
		}
		if !r.value(m, full, s, 3) {
			return false
		}
	}
	return in.fault == nil
}

// containers are the names of the dictionary's nested objects.
var containers = func() (names []string) {
	for m := rtc.Member(1); int(m) < rtc.Members; m++ {
		if outer, _, nested := strings.Cut(m.Info().Name, "."); nested && (len(names) == 0 || names[len(names)-1] != outer) {
			names = append(names, outer)
		}
	}
	return names
}()

func isContainer(name []byte) bool {
	for _, c := range containers {
		if string(name) == c {
			return true
		}
	}
	return false
}
