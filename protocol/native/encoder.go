package native

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"

	"github.com/klauspost/compress/flate"

	"github.com/peerglass/peerglass/rtc"
)

// Encoder writes records as batches: the Go side of what the browser SDK does.
// Load generators, tests and Go clients use it. Not safe for concurrent use.
type Encoder struct {
	seq   uint64
	body  []byte // records of the open batch
	one   []byte // the record being written
	start int64  // time of the open batch's first record
	last  int64  // time of its last
	conns map[string]*sent
	taken map[uint32]bool // numbers of connections
	free  uint32

	z   *flate.Writer
	zip bytes.Buffer
}

// sent is what the encoder remembers of one connection.
type sent struct {
	number  uint32
	started bool // a full poll was sent
	reports []sentReport
	byID    map[string]int
	seen    []bool
	patches []byte
	values  []*rtc.Value // new members of the report being written
}

type sentReport struct {
	id    string // "": free
	slots []sentSlot
}

type sentSlot struct {
	member rtc.Member
	name   string
	form   byte
	last   int64
	text   string // for forms that are not numbers: to tell a change
}

// NewEncoder returns an encoder whose first batch has number 1.
func NewEncoder() *Encoder {
	return &Encoder{conns: make(map[string]*sent), taken: make(map[uint32]bool)}
}

// Empty reports whether the open batch has no record.
func (e *Encoder) Empty() bool { return len(e.body) == 0 }

// Restart makes the next poll of every connection a full one, as a client
// must after the server lost or ended the session. The numbering goes on; a
// new session begins with a new Encoder.
func (e *Encoder) Restart() {
	for _, s := range e.conns {
		s.started = false
	}
}

// Add puts a record into the open batch; what it holds is copied. Records
// should come in the order of their times.
func (e *Encoder) Add(r *rtc.Record) error {
	tag := byte(r.Kind)
	if r.Kind == 0 || r.Kind > rtc.KindClose {
		return fmt.Errorf("native: a record of kind %d cannot be sent", r.Kind)
	}
	if len(e.body) == 0 {
		e.start, e.last = r.Time, r.Time
	}
	e.one = binary.AppendVarint(e.one[:0], r.Time-e.last)
	e.last = r.Time
	if r.Kind == rtc.KindStats {
		if r.Stats == nil || len(r.Conn) == 0 {
			return fmt.Errorf("native: a poll without statistics or connection cannot be sent")
		}
		s := e.conn(r.Conn)
		if !s.started {
			tag |= tagFull
		}
		e.one = s.appendStats(e.one, r.Time, r.Stats)
	} else {
		if len(r.Conn) > 0 {
			tag |= tagConn
			e.one = binary.AppendUvarint(e.one, uint64(e.conn(r.Conn).number))
		}
		for _, part := range [...]struct {
			tag   byte
			bytes []byte
		}{{tagName, r.Name}, {tagCorr, r.Corr}, {tagPayload, r.Payload}} {
			if len(part.bytes) > 0 {
				tag |= part.tag
				e.one = appendBytes(e.one, part.bytes)
			}
		}
		if r.Kind == rtc.KindCall && len(r.Conn) > 0 && string(r.Name) == rtc.NameClose {
			s := e.conn(r.Conn)
			*s = sent{number: s.number}
		}
	}
	e.body = append(e.body, tag)
	e.body = appendBytes(e.body, e.one)
	return nil
}

// Close ends the open batch, appends it to dst and begins the next. now is the
// client's clock, Unix ms, for a batch without records. The body is compressed
// where that makes it smaller.
func (e *Encoder) Close(dst []byte, now int64) []byte {
	e.seq++
	if !e.Empty() {
		now = e.start
	}
	if z := e.deflate(e.body); len(z) < len(e.body) {
		dst = append(AppendHeader(dst, FlagDeflate, e.seq, now), z...)
	} else {
		dst = append(AppendHeader(dst, 0, e.seq, now), e.body...)
	}
	e.body = e.body[:0]
	return dst
}

func (e *Encoder) deflate(raw []byte) []byte {
	e.zip.Reset()
	if e.z == nil {
		e.z, _ = flate.NewWriter(io.Discard, 6) // 6 is a valid level
	}
	e.z.Reset(&e.zip)
	// Writes to a bytes.Buffer do not fail.
	_, _ = e.z.Write(raw)
	_ = e.z.Close()
	return e.zip.Bytes()
}

// conn returns the state of the connection with this label; "PC_n" gets the
// number that the decoder turns back into "PC_n", if it is free.
func (e *Encoder) conn(label []byte) *sent {
	if s := e.conns[string(label)]; s != nil {
		return s
	}
	var number uint32
	if n, err := strconv.ParseUint(string(bytes.TrimPrefix(label, []byte("PC_"))), 10, 19); err == nil {
		number = uint32(n) + 1
	}
	for number == 0 || e.taken[number] {
		e.free++
		number = e.free
	}
	s := &sent{number: number}
	e.taken[number] = true
	e.conns[string(label)] = s
	return s
}

// appendStats writes a poll as what changed since the last one.
func (s *sent) appendStats(dst []byte, at int64, st *rtc.Stats) []byte {
	if !s.started {
		s.started, s.reports, s.byID = true, nil, make(map[string]int)
	}
	time := micros(st.Time)
	if st.Time == 0 {
		time = at * 1000
	}
	dst = binary.AppendUvarint(dst, uint64(s.number))
	dst = binary.AppendVarint(dst, time-at*1000)

	// What is gone.
	s.seen = append(s.seen[:0], make([]bool, len(s.reports))...)
	var removed []int
	for i := range st.Reports {
		if n, ok := s.byID[string(st.Reports[i].ID)]; ok {
			s.seen[n] = true
			if st.Reports[i].Removed {
				removed = append(removed, n)
			}
		}
	}
	if st.MissingRemoved {
		for n := range s.reports {
			if s.reports[n].id != "" && !s.seen[n] {
				removed = append(removed, n)
			}
		}
	}
	slices.Sort(removed)
	dst = binary.AppendUvarint(dst, uint64(len(removed)))
	last := -1
	for _, n := range removed {
		dst = binary.AppendUvarint(dst, uint64(n-last-1))
		last = n
		delete(s.byID, s.reports[n].id)
		s.reports[n] = sentReport{}
	}

	// The rest, in the order of their numbers.
	type patch struct{ number, index int }
	patches := make([]patch, 0, len(st.Reports))
	for i := range st.Reports {
		p := &st.Reports[i]
		if p.Removed {
			continue
		}
		n, ok := s.byID[string(p.ID)]
		if !ok {
			n = slices.IndexFunc(s.reports, func(r sentReport) bool { return r.id == "" })
			if n < 0 {
				n = len(s.reports)
				s.reports = append(s.reports, sentReport{})
			}
			s.byID[string(p.ID)] = n
			s.reports[n].id = string(p.ID)
		}
		patches = append(patches, patch{n, i})
	}
	slices.SortFunc(patches, func(a, b patch) int { return cmp.Compare(a.number, b.number) })
	s.patches = s.patches[:0]
	written := 0
	last = -1
	for _, p := range patches {
		before := len(s.patches)
		if s.patches = s.appendPatch(s.patches, p.number, last, time, st, &st.Reports[p.index]); len(s.patches) > before {
			written, last = written+1, p.number
		}
	}
	dst = binary.AppendUvarint(dst, uint64(written))
	return append(dst, s.patches...)
}

func micros(ms float64) int64 { return int64(math.Round(ms * 1000)) }

// appendPatch writes what changed in one report, or nothing.
func (s *sent) appendPatch(dst []byte, number, last int, time int64, st *rtc.Stats, p *rtc.ReportPatch) []byte {
	r := &s.reports[number]
	define := r.slots == nil
	values := st.Of(p)
	s.values = s.values[:0]
	var mask []byte
	var changes []byte
	touched := make(map[int]*rtc.Value, len(values))
	for i := range values {
		v := &values[i]
		if n := r.find(v); n >= 0 {
			touched[n] = v
		} else if v.Form != rtc.FormNull {
			s.values = append(s.values, v)
		}
	}
	for n := range r.slots {
		v := touched[n]
		if v == nil {
			if !st.Full {
				continue
			}
			v = &rtc.Value{Form: rtc.FormNull} // a full report replaces: what it lacks is gone
		}
		before := len(changes)
		if changes = r.slots[n].appendChange(changes, v); len(changes) > before {
			for len(mask) <= n/7 {
				mask = append(mask, 0)
			}
			mask[n/7] |= 1 << (n % 7)
		}
	}
	var bits uint64
	if define {
		bits |= headDefine
	}
	own := micros(p.Time)
	if p.Time != 0 && own != time {
		bits |= headTime
	}
	if len(s.values) > 0 {
		bits |= headSlots
	}
	if bits == 0 && len(mask) == 0 {
		return dst
	}
	dst = binary.AppendUvarint(dst, uint64(number-last-1)<<headBits|bits)
	if define {
		r.slots = []sentSlot{}
		dst = append(dst, byte(p.Type))
		dst = appendBytes(dst, p.ID)
	}
	if bits&headTime != 0 {
		dst = binary.AppendVarint(dst, own-time)
	}
	if !define {
		if len(mask) == 0 {
			mask = append(mask, 0)
		}
		for i := range mask[:len(mask)-1] {
			mask[i] |= 0x80
		}
		dst = append(append(dst, mask...), changes...)
	}
	if bits&(headDefine|headSlots) != 0 {
		// The busiest members first: masks then end early.
		slices.SortStableFunc(s.values, func(a, b *rtc.Value) int { return cmp.Compare(order(a), order(b)) })
		dst = binary.AppendUvarint(dst, uint64(len(s.values)))
		for _, v := range s.values {
			dst = binary.AppendUvarint(dst, uint64(v.Member))
			sl := sentSlot{member: v.Member}
			if v.Member == 0 {
				sl.name = string(v.Name)
				dst = appendBytes(dst, v.Name)
			}
			dst = sl.appendWhole(dst, v)
			r.slots = append(r.slots, sl)
		}
	}
	return dst
}

func order(v *rtc.Value) int {
	if v.Member == 0 {
		return rtc.Members
	}
	return int(v.Member)
}

func (r *sentReport) find(v *rtc.Value) int {
	return slices.IndexFunc(r.slots, func(sl sentSlot) bool {
		return sl.member == v.Member && (v.Member != 0 || sl.name == string(v.Name))
	})
}

// steps returns v as a whole number and the form that carries it; for a double
// that is its bits.
func steps(v *rtc.Value) (n int64, form byte) {
	scale := 1.0
	if v.Member != 0 {
		scale = scales[v.Member]
	}
	// A member with whole steps that has a fraction after all is sent finer.
	if f := math.Round(v.Num * scale); math.Abs(f) <= maxStep && (scale != 1 || f == v.Num) {
		return int64(f), formNumber
	}
	if f := math.Round(v.Num * 1e6); math.Abs(f) <= maxStep {
		return int64(f), formMicro
	}
	return int64(math.Float64bits(v.Num)), formDouble
}

// appendChange writes the difference from what was sent, or nothing where
// there is none.
func (sl *sentSlot) appendChange(dst []byte, v *rtc.Value) []byte {
	switch v.Form {
	case rtc.FormNumber:
		n, form := steps(v)
		if form == sl.form {
			if n == sl.last {
				return dst
			}
			if form == formDouble {
				break
			}
			dst = binary.AppendVarint(dst, n-sl.last)
			sl.last = n
			return dst
		}
	case rtc.FormText, rtc.FormJSON:
		form := byte(formText)
		if v.Form == rtc.FormJSON {
			form = formJSON
		}
		if form == sl.form {
			if string(v.Text) == sl.text {
				return dst
			}
			sl.text = string(v.Text)
			dst = binary.AppendUvarint(dst, uint64(len(v.Text))+1)
			return append(dst, v.Text...)
		}
	case rtc.FormBool:
		if sl.form == formBool && sl.last == int64(v.Num) {
			return dst
		}
	case rtc.FormNull:
		if sl.form == formAbsent {
			return dst
		}
	}
	return sl.appendWhole(append(dst, 0), v)
}

// appendWhole writes form and value.
func (sl *sentSlot) appendWhole(dst []byte, v *rtc.Value) []byte {
	sl.last, sl.text = 0, ""
	switch v.Form {
	case rtc.FormNumber:
		sl.last, sl.form = steps(v)
		dst = append(dst, sl.form)
		if sl.form == formDouble {
			return binary.LittleEndian.AppendUint64(dst, math.Float64bits(v.Num))
		}
		return binary.AppendVarint(dst, sl.last)
	case rtc.FormText:
		sl.form, sl.text = formText, string(v.Text)
		return appendBytes(append(dst, formText), v.Text)
	case rtc.FormJSON:
		sl.form, sl.text = formJSON, string(v.Text)
		return appendBytes(append(dst, formJSON), v.Text)
	case rtc.FormBool:
		sl.form, sl.last = formBool, int64(v.Num)
		return append(dst, formBool, byte(sl.last))
	}
	sl.form = formAbsent
	return append(dst, formAbsent)
}

func appendBytes(dst, b []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(b)))
	return append(dst, b...)
}
