package internals

import (
	"bytes"
	"sort"
	"strings"
	"time"

	"github.com/peerglass/peerglass/protocol"
	"github.com/peerglass/peerglass/protocol/statsjson"
	"github.com/peerglass/peerglass/rtc"
)

// report is one statistics report over time. Its row k was told at times[k].
type report struct {
	id     string
	typ    rtc.StatsType
	typTxt string // where the type is not known
	times  []float64
	lists  []*list

	start, end float64 // of the list of its times
	poll       []int32 // in which poll of its connection each row came
	row        int     // the next one
}

// list is one member of a report over time: a JSON array. Chrome begins it at
// the first poll that had the member, so that it may be shorter than the list
// of times.
type list struct {
	member     rtc.Member
	name       []byte
	values     []byte
	count      int
	from       int // row of its first value
	start, end float64
	in         statsjson.Scanner
	begun      bool
	last       []byte // the value told last
}

// list reads one member of a connection's statistics: {"startTime","endTime",
// "statsType","values":"[…]"} under the name "<report>-<member>".
func (p *parser) list(c *conn, byID map[string]*report, name string) error {
	cut := strings.LastIndexByte(name, '-')
	if strings.HasSuffix(name, "]") { // computed by the browser: "[bytesSent/s]"
		cut = strings.LastIndex(name, "-[")
	}
	if cut <= 0 || name[cut+1:] == "" || name[cut+1:] == "type" || name[cut+1] == '[' {
		p.in.Raw()
		return p.in.Err()
	}
	id, member := name[:cut], name[cut+1:]
	if p.lists++; p.lists > maxLists {
		return protocol.Errorf(protocol.CodeLimit, "the export has more than %d members of statistics", maxLists)
	}
	if len(id) > protocol.MaxName || len(member) > protocol.MaxName {
		return protocol.Errorf(protocol.CodeTooLarge, "the name of a statistics member is longer than %d bytes", protocol.MaxName)
	}
	r := byID[id]
	if r == nil {
		if len(byID) == protocol.MaxReports {
			return protocol.Errorf(protocol.CodeLimit, "a connection has more than %d statistics reports", protocol.MaxReports)
		}
		r = &report{id: id}
		byID[id] = r
		c.reports = append(c.reports, r)
	}
	l := &list{member: rtc.LookupMember([]byte(member))}
	if l.member == 0 {
		l.name = []byte(member)
	}
	if err := p.object(func(name string) error { return p.listMember(r, l, name) }); err != nil {
		return err
	}
	l.in = statsjson.NewScanner(l.values)
	if err := l.measure(); err != nil {
		return err
	}
	if member == "timestamp" {
		r.start, r.end = l.start, l.end
		var err error
		r.times, err = l.dates()
		return err
	}
	if l.count > 0 {
		r.lists = append(r.lists, l)
	}
	return nil
}

func (p *parser) listMember(r *report, l *list, name string) error {
	switch name {
	case "startTime", "endTime":
		text, isText, err := p.textOr()
		if err != nil || !isText {
			return err
		}
		at, err := time.Parse(time.RFC3339Nano, string(text))
		if err != nil {
			return nil // undated
		}
		if name == "startTime" {
			l.start = unixMs(at)
		} else {
			l.end = unixMs(at)
		}
		return nil
	case "statsType":
		text, isText, err := p.textOr()
		if err == nil && isText {
			if r.typ = rtc.LookupStatsType(text); r.typ == 0 {
				r.typTxt = string(text)
			}
		}
		return err
	case "values":
		var err error
		l.values, _, err = p.textOr()
		return err
	}
	p.in.Raw()
	return p.in.Err()
}

// measure counts the values.
func (l *list) measure() error {
	in := statsjson.NewScanner(l.values)
	if len(l.values) == 0 || !in.Want('[') {
		l.values = nil
		return nil
	}
	for first := true; in.More(&first, ']'); l.count++ {
		if _, ok := in.Raw(); !ok {
			break
		}
	}
	return in.Err()
}

// maxTime is the latest time that JavaScript knows, in Unix ms.
const maxTime = 8.64e15

// dates reads all values as times; what is none is the time before it.
func (l *list) dates() ([]float64, error) {
	times := make([]float64, 0, l.count)
	last := 0.0
	for range l.count {
		raw, ok := l.read()
		if !ok {
			break
		}
		in := statsjson.NewScanner(raw)
		if f, _, ok := in.Number(); ok && f > 0 && f < maxTime {
			last = f
		}
		times = append(times, last)
	}
	return times, l.in.Err()
}

// read returns the next value as it stands.
func (l *list) read() ([]byte, bool) {
	first := !l.begun
	if first {
		l.begun = true
		l.in.Want('[')
	}
	if !l.in.More(&first, ']') {
		return nil, false
	}
	return l.in.Raw()
}

// polls are those of one connection.
type polls struct {
	at  []float64
	pos int
}

func (p *polls) left() bool    { return p.pos < len(p.at) }
func (p *polls) next() float64 { return p.at[p.pos] }

// arrange finds out in which poll each row came. The report with the most rows
// was in every poll; a row of another came in the first poll that is not older
// than it, and never in that of its last row.
func (c *conn) arrange() {
	var axis []float64
	for _, r := range c.reports {
		r.date()
		if len(r.times) > len(axis) || len(r.times) == len(axis) && r.typ == rtc.TypePeerConnection {
			axis = r.times
		}
	}
	axis = append([]float64(nil), axis...)
	sort.Float64s(axis) // clocks may have gone backwards
	c.polls.at = axis
	for _, r := range c.reports {
		r.poll = make([]int32, len(r.times))
		at := -1
		for k, t := range r.times {
			at++
			at += sort.Search(len(axis)-at, func(i int) bool { return axis[at+i] >= t-1 })
			at = min(at, len(axis)-(len(r.times)-k))
			r.poll[k] = int32(at)
		}
		for _, l := range r.lists {
			l.align(r)
		}
	}
	// A poll is dated by its newest report.
	for _, r := range c.reports {
		for k, t := range r.times {
			axis[r.poll[k]] = max(axis[r.poll[k]], t)
		}
	}
	for i := 1; i < len(axis); i++ {
		axis[i] = max(axis[i], axis[i-1])
	}
}

// date gives times to a report that has none: Chrome up to 116 told only the
// first and the last time of each member. Its polls were evenly spread.
func (r *report) date() {
	if len(r.times) > 0 {
		return
	}
	var longest *list
	for _, l := range r.lists {
		if longest == nil || l.count > longest.count {
			longest = l
		}
	}
	if longest == nil || longest.start == 0 {
		return
	}
	r.start, r.end = longest.start, longest.end
	step := 0.0
	if longest.count > 1 {
		step = (longest.end - longest.start) / float64(longest.count-1)
	}
	for i := range longest.count {
		r.times = append(r.times, longest.start+float64(i)*step)
	}
}

// align finds the row of a list's first value.
func (l *list) align(r *report) {
	spare := len(r.times) - l.count
	switch {
	case spare == 0:
	case spare < 0: // more values than times: the newest count
		for range -spare {
			l.read()
			l.count--
		}
	case l.start > r.start && l.end == r.end:
		l.from = spare
	case l.start > r.start:
		l.from = min(spare, sort.Search(len(r.times), func(i int) bool { return r.times[i] >= l.start-1 }))
	}
}

// poll passes the next poll of c on.
func (e *Export) poll(c *conn, sink rtc.Sink) error {
	s := &e.stats
	s.Reset()
	n := int32(c.polls.pos)
	s.Time, s.MissingRemoved = c.polls.next(), true
	c.polls.pos++
	for _, r := range c.reports {
		if r.row >= len(r.poll) || r.poll[r.row] != n {
			continue
		}
		p := rtc.ReportPatch{ID: []byte(r.id), Type: r.typ, Time: r.times[r.row], First: len(s.Values)}
		if p.Time == s.Time {
			p.Time = 0
		}
		again := r.row > 0 && r.poll[r.row-1] == n-1
		if r.typTxt != "" && !again {
			s.Values = append(s.Values, rtc.Value{Form: rtc.FormText, Name: []byte("type"), Text: []byte(r.typTxt)})
		}
		for _, l := range r.lists {
			if err := l.step(r.row, again, s); err != nil {
				return err
			}
		}
		p.Len = len(s.Values) - p.First
		s.Reports = append(s.Reports, p)
		r.row++
	}
	rec := rtc.Record{Kind: rtc.KindStats, Time: int64(s.Time + 0.5), Conn: []byte(c.label), Stats: s}
	return sink.Record(&rec)
}

// step adds a list's value of the given row to s where it changed. again tells
// that the poll before had the report as well, so that it is known.
func (l *list) step(row int, again bool, s *rtc.Stats) error {
	raw := l.last
	if row >= l.from && row < l.from+l.count {
		var ok bool
		if raw, ok = l.read(); !ok {
			return l.in.Err()
		}
	}
	if raw == nil || again && l.last != nil && bytes.Equal(raw, l.last) {
		return nil
	}
	l.last = raw
	if len(s.Values) >= protocol.MaxValues {
		return protocol.Errorf(protocol.CodeLimit, "a poll has more than %d values", protocol.MaxValues)
	}
	return l.append(raw, s)
}

// append adds a value; nested members of the dictionary one by one.
func (l *list) append(raw []byte, s *rtc.Stats) error {
	v := rtc.Value{Member: l.member, Name: l.name}
	in := statsjson.NewScanner(raw)
	switch raw[0] {
	case '"':
		v.Form = rtc.FormText
		v.Text, _ = in.String(new([]byte))
		if l.member == 0 && len(v.Text) > 1 && v.Text[0] == '{' { // an object that was made text
			if nested(string(l.name), v.Text, s) {
				return nil
			}
		}
	case '{':
		if l.member == 0 && nested(string(l.name), raw, s) {
			return nil
		}
		v.Form, v.Text = rtc.FormJSON, raw
	case '[':
		v.Form, v.Text = rtc.FormJSON, raw
	case 't', 'f', 'n':
		switch c, _ := in.Literal(); c {
		case 't':
			v.Form, v.Num = rtc.FormBool, 1
		case 'f':
			v.Form = rtc.FormBool
		default:
			v.Form = rtc.FormNull
		}
	default:
		v.Form = rtc.FormNumber
		v.Num, _, _ = in.Number()
	}
	s.Values = append(s.Values, v)
	return in.Err()
}

// nested adds the members of an object as those of the dictionary, and reports
// whether all of them are.
func nested(outer string, object []byte, s *rtc.Stats) bool {
	in := statsjson.NewScanner(object)
	from := len(s.Values)
	in.Want('{')
	var buf []byte
	for first := true; in.More(&first, '}'); {
		name, ok := in.String(&buf)
		if !ok || !in.Want(':') {
			break
		}
		f, _, ok := in.Number()
		m := rtc.LookupMember([]byte(outer + "." + string(name)))
		if !ok || m == 0 {
			s.Values = s.Values[:from]
			return false
		}
		s.Values = append(s.Values, rtc.Value{Member: m, Form: rtc.FormNumber, Num: f})
	}
	if in.Err() != nil {
		s.Values = s.Values[:from]
		return false
	}
	return true
}

func unixMs(t time.Time) float64 { return float64(t.UnixMicro()) / 1000 }
