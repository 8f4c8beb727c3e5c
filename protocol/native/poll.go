package native

import (
	"encoding/binary"
	"math"
	"strconv"
	"unicode/utf8"

	"github.com/peerglass/peerglass/protocol"
	"github.com/peerglass/peerglass/rtc"
)

// The bits of a report's head; its number stands above them.
const (
	headDefine = 1 << iota // type and id follow: a new report under this number
	headTime               // a time of its own follows
	headSlots              // new members follow the changed ones
	headBits   = iota
)

// The forms of a value on the wire.
const (
	formAbsent = iota // the member is gone
	formNumber        // zigzag varint, in steps of the dictionary; of 1 where a name stands in place of a number
	formMicro         // zigzag varint, in millionths
	formDouble        // IEEE 754, 8 bytes, little endian
	formText
	formBool // 0 or 1
	formJSON
	forms
)

// base is what the decoder remembers of one connection: what the next
// differences are added to.
type base struct {
	lost    bool // a fault came between: wait for a full poll
	reports []report
}

type report struct {
	id    []byte // nil: the number is free
	typ   rtc.StatsType
	slots []slot
}

// slot is one member of one report. Its place is its number on the wire.
type slot struct {
	last   int64 // in steps; only for formNumber and formMicro
	member uint16
	form   uint8
	named  bool // told by its name: the client does not know the dictionary's steps
}

// nameSkipped is the event in a poll's place that has no base to stand on.
var nameSkipped = []byte("pollWithoutBase")

// decodeStats reads one poll into d.stats and d.rec.
func (d *Decoder) decodeStats(in *reader, tag byte, now int64) error {
	conn := in.uvarint()
	at := now*1000 + in.zigzag()
	if in.bad || conn == 0 || conn > maxConn || at < 0 || at > maxTime*1000 {
		return d.malformed("a poll has no valid connection or time")
	}
	s := d.stats
	s.Reset()
	d.rec.Stats, d.rec.Conn = s, d.labelOf(conn)
	s.Time = float64(at) / 1000
	b := d.conns[uint32(conn)]
	if tag&tagFull != 0 {
		d.forget(uint32(conn))
		if len(d.conns) >= maxConns {
			return protocol.Errorf(protocol.CodeLimit, "the session has statistics of more than %d open connections; close those that are done", maxConns)
		}
		if d.conns == nil {
			d.conns = make(map[uint32]*base, 2)
		}
		b = &base{}
		d.conns[uint32(conn)] = b
		s.Full, s.MissingRemoved = true, true
	} else if b == nil || b.lost {
		d.skipped++
		d.rec.Kind, d.rec.Stats, d.rec.Name = rtc.KindEvent, nil, nameSkipped
		return nil
	}

	if err := d.readRemoved(in, b); err != nil {
		return err
	}
	number := -1
	for left := in.count(protocol.MaxReports); left > 0; left-- {
		head := in.uvarint()
		gap := head >> headBits
		if gap >= protocol.MaxReports {
			in.bad = true
		}
		if in.bad {
			break
		}
		number += 1 + int(gap)
		if err := d.readPatch(in, b, number, head, at); err != nil {
			return err
		}
	}
	if in.bad || len(in.b) > 0 {
		return d.malformed("a poll is not well formed")
	}
	return nil
}

func (d *Decoder) malformed(what string) error {
	return protocol.Errorf(protocol.CodeMalformed, "%s (batch %d)", what, d.rec.Seq)
}

func (d *Decoder) readRemoved(in *reader, b *base) error {
	number := -1
	for left := in.count(protocol.MaxReports); left > 0; left-- {
		gap := in.uvarint()
		if in.bad || gap >= uint64(len(b.reports)) {
			return d.malformed("a poll removes a report that it does not have")
		}
		number += 1 + int(gap)
		if number >= len(b.reports) || b.reports[number].id == nil {
			return d.malformed("a poll removes a report that it does not have")
		}
		r := &b.reports[number]
		d.stats.Reports = append(d.stats.Reports, rtc.ReportPatch{ID: r.id, Type: r.typ, Removed: true, First: len(d.stats.Values)})
		d.slots -= len(r.slots)
		*r = report{}
	}
	return nil
}

// readPatch reads what a poll says of one report.
func (d *Decoder) readPatch(in *reader, b *base, number int, head uint64, at int64) error {
	s := d.stats
	define := head&headDefine != 0
	p := rtc.ReportPatch{First: len(s.Values)}
	if define {
		if number >= protocol.MaxReports {
			return protocol.Errorf(protocol.CodeLimit, "a connection has more than %d statistics reports", protocol.MaxReports)
		}
		typ, id := in.byte(), in.string()
		if int(typ) >= rtc.StatsTypes {
			typ = 0 // a newer client's
		}
		if in.bad || len(id) == 0 || len(id) > protocol.MaxName || !utf8.Valid(id) {
			return d.malformed("a report is not well defined")
		}
		if number > len(b.reports) {
			return d.malformed("a report's number leaves a hole")
		}
		if number == len(b.reports) {
			b.reports = append(b.reports, report{})
		}
		r := &b.reports[number]
		if r.id != nil {
			return d.malformed("a report is defined under a number that is taken")
		}
		r.id, r.typ = append(make([]byte, 0, len(id)), id...), rtc.StatsType(typ)
		p.Type = r.typ
	} else if number >= len(b.reports) || b.reports[number].id == nil {
		return d.malformed("a poll changes a report that it does not have")
	}
	r := &b.reports[number]
	p.ID = r.id
	if head&headTime != 0 {
		own := at + in.zigzag()
		if own < 0 || own > maxTime*1000 {
			return d.malformed("a report's time is not one")
		}
		p.Time = float64(own) / 1000
	}
	if !define {
		if err := d.readChanges(in, r); err != nil {
			return err
		}
	}
	if define || head&headSlots != 0 {
		if err := d.readSlots(in, r); err != nil {
			return err
		}
	}
	p.Len = len(s.Values) - p.First
	s.Reports = append(s.Reports, p)
	return nil
}

// readChanges reads the mask of changed members, lowest first and seven to a
// byte, the values after it.
func (d *Decoder) readChanges(in *reader, r *report) error {
	mask, first := in.mask(), 0
	if in.bad || (len(mask)-1)*7 >= max(len(r.slots), 1) {
		return d.malformed("a mask is longer than its report")
	}
	for _, m := range mask {
		for i := first; m&0x7f != 0; i, m = i+1, (m&0x7f)>>1 {
			if m&1 == 0 {
				continue
			}
			if i >= len(r.slots) {
				return d.malformed("a poll changes a member that its report does not have")
			}
			sl := &r.slots[i]
			// The busy path: a number and its difference.
			if sl.form == formNumber {
				if n := in.zigzag(); n != 0 {
					sl.last += n
					if sl.last > maxStep || sl.last < -maxStep {
						return d.malformed("a number is too large")
					}
					d.number(sl)
					continue
				}
			} else if done := d.changeOther(in, sl); done {
				continue
			}
			if err := d.readValue(in, sl, in.byte()); err != nil {
				return err
			}
		}
		first += 7
	}
	if in.bad {
		return d.malformed("a poll ends within a report")
	}
	return nil
}

// changeOther reads the new value of a member that is not a plain number. It
// returns false where an escape stands in its place, and a form and a whole
// value follow.
func (d *Decoder) changeOther(in *reader, sl *slot) bool {
	switch sl.form {
	case formMicro:
		n := in.zigzag()
		if n == 0 {
			return false
		}
		if sl.last += n; sl.last > maxStep || sl.last < -maxStep {
			in.bad = true
			return true
		}
		d.number(sl)
	case formText, formJSON:
		n := in.uvarint()
		if n == 0 {
			return false
		}
		d.text(in, sl, in.take(n-1))
	default:
		if n := in.byte(); n != 0 {
			in.bad = true
			return true
		}
		return false
	}
	return true
}

// maxStep is the largest whole number that a double holds exactly; JavaScript
// cannot tell larger ones apart.
const maxStep = 1 << 53

func (d *Decoder) readSlots(in *reader, r *report) error {
	left := in.count(protocol.MaxValues)
	if d.slots+left > maxSlots {
		return protocol.Errorf(protocol.CodeLimit, "the session's statistics have more than %d members at one time", maxSlots)
	}
	if left > len(in.b) { // each takes more than a byte
		in.bad = true
	}
	if in.bad {
		return d.malformed("a report's members are not well formed")
	}
	if free := cap(r.slots) - len(r.slots); free < left {
		r.slots = append(make([]slot, 0, len(r.slots)+left), r.slots...)
	}
	for ; left > 0; left-- {
		member := in.uvarint()
		named := member == 0
		if named {
			var err error
			if member, err = d.nameUnknown(in.string()); err != nil {
				return err
			}
		} else if member >= uint64(rtc.Members) {
			// A client with a newer dictionary. The name is lost to us, not to a
			// later version that reads the dump.
			if member > maxMember {
				return d.malformed("a member's number is larger than any dictionary's")
			}
			var err error
			if member, err = d.nameUnknown(strconv.AppendUint([]byte{'#'}, member, 10)); err != nil {
				return err
			}
		}
		sl := slot{member: uint16(member), named: named}
		form := in.byte()
		if in.bad || form == formAbsent {
			return d.malformed("a new member has no value")
		}
		if err := d.readValue(in, &sl, form); err != nil {
			return err
		}
		r.slots = append(r.slots, sl)
		d.slots++
	}
	return nil
}

// nameUnknown returns the number under which the decoder keeps a name that the
// dictionary does not have: the first after the dictionary's last.
func (d *Decoder) nameUnknown(name []byte) (uint64, error) {
	if m := rtc.LookupMember(name); m != 0 {
		return uint64(m), nil // the client has an older dictionary, or left out what hardly any browser says
	}
	if n, ok := d.byName[string(name)]; ok {
		return uint64(n), nil
	}
	if len(name) == 0 || len(name) > protocol.MaxName || !utf8.Valid(name) {
		return 0, d.malformed("a member's name is empty, too long or not UTF-8")
	}
	if len(d.unknown) >= maxUnknown {
		return 0, protocol.Errorf(protocol.CodeLimit, "the session's statistics have more than %d names that the standard does not know", maxUnknown)
	}
	if d.byName == nil {
		d.byName = make(map[string]uint16, 8)
	}
	n := uint16(rtc.Members + len(d.unknown))
	d.unknown = append(d.unknown, []byte(string(name)))
	d.byName[string(name)] = n
	return uint64(n), nil
}

// readValue reads a whole value of the given form into sl.
func (d *Decoder) readValue(in *reader, sl *slot, form byte) error {
	sl.form, sl.last = form, 0
	switch form {
	case formNumber, formMicro:
		sl.last = in.zigzag()
		if sl.last > maxStep || sl.last < -maxStep {
			return d.malformed("a number is too large")
		}
		d.number(sl)
	case formDouble:
		if b := in.take(8); len(b) == 8 {
			f := math.Float64frombits(binary.LittleEndian.Uint64(b))
			if math.IsNaN(f) || math.IsInf(f, 0) {
				return d.malformed("a value is not a number")
			}
			v := d.value(sl)
			v.Form, v.Num = rtc.FormNumber, f
		}
	case formText, formJSON:
		d.text(in, sl, in.take(in.uvarint()))
	case formBool:
		v := d.value(sl)
		v.Form, v.Num = rtc.FormBool, float64(in.byte()&1)
	case formAbsent:
		d.value(sl).Form = rtc.FormNull
	default:
		return d.malformed("a value has a form that version 1 does not have")
	}
	if in.bad {
		return d.malformed("a poll ends within a value")
	}
	return nil
}

// value appends an empty value for sl and returns it.
func (d *Decoder) value(sl *slot) *rtc.Value {
	s := d.stats
	s.Values = append(s.Values, rtc.Value{})
	v := &s.Values[len(s.Values)-1]
	if int(sl.member) < rtc.Members {
		v.Member = rtc.Member(sl.member)
	} else {
		v.Name = d.unknown[int(sl.member)-rtc.Members]
	}
	return v
}

func (d *Decoder) number(sl *slot) {
	v := d.value(sl)
	v.Form = rtc.FormNumber
	switch {
	case sl.form == formMicro:
		v.Num = float64(sl.last) / 1e6
	case v.Member != 0 && !sl.named:
		v.Num = float64(sl.last) / scales[v.Member]
	default:
		v.Num = float64(sl.last)
	}
}

func (d *Decoder) text(in *reader, sl *slot, text []byte) {
	if in.bad || !utf8.Valid(text) || sl.form == formJSON && !validJSON(text) {
		in.bad = true
		return
	}
	v := d.value(sl)
	v.Form, v.Text = rtc.FormText, text
	if sl.form == formJSON {
		v.Form = rtc.FormJSON
	}
}

// scales holds how many steps make one unit of each member. Dividing by a
// whole number gives the double that is nearest to the decimal that was sent.
var scales = func() (s [rtc.Members]float64) {
	for m := 1; m < rtc.Members; m++ {
		s[m] = math.Round(1 / rtc.Member(m).Info().Unit.Step())
	}
	return s
}()
