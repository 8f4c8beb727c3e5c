package calls

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/peerglass/peerglass/rtc"
)

var nan = math.NaN()

// Parse reads the cases of a file; name is what errors call it. Errors are of
// type *Error and name the file and the line.
func Parse(name string, src []byte) ([]*Case, error) {
	lines, err := scan(name, src)
	if err != nil {
		return nil, err
	}
	var cases []*Case
	for i := 0; i < len(lines); {
		l := &lines[i]
		if l.indented || l.words[0].text != "case" {
			return nil, l.errorf("expected case and its name, got %q", l.text)
		}
		c := &Case{File: name, Line: l.number, Name: caseName(l), room: "room"}
		if c.Name == "" {
			return nil, l.errorf("expected the name of the case, got the end of the line")
		}
		if slices.ContainsFunc(cases, func(o *Case) bool { return o.Name == c.Name }) {
			return nil, l.errorf("expected a name that no other case of the file has, got %q again", c.Name)
		}
		i++
		for i < len(lines) && (lines[i].indented || lines[i].words[0].text != "case") {
			below := i + 1
			for below < len(lines) && lines[below].indented {
				below++
			}
			if lines[i].indented {
				return nil, lines[i].errorf("expected a statement that begins its line, got %q indented below nothing", lines[i].text)
			}
			if err := c.statement(&lines[i], lines[i+1:below]); err != nil {
				return nil, err
			}
			i = below
		}
		if len(c.users) == 0 {
			return nil, l.errorf("expected a call statement in case %q, got none", c.Name)
		}
		if len(c.later) == 0 {
			return nil, l.errorf("expected an expect statement in case %q, got none: it would prove nothing", c.Name)
		}
		cases = append(cases, c)
	}
	return cases, nil
}

// caseName is the rest of the line, without a remark.
func caseName(l *line) string {
	var words []string
	for _, w := range l.words[1:] {
		words = append(words, w.text)
	}
	return strings.Join(words, " ")
}

// statement takes one line and those indented below it.
func (c *Case) statement(l *line, below []line) error {
	r := &reader{line: l, words: l.words}
	if len(c.users) == 0 && r.peek() != "call" {
		return l.errorf("expected call and its users before anything else, got %q", l.text)
	}
	switch {
	case r.take("call"):
		if len(below) > 0 {
			return below[0].errorf("expected nothing indented below call, got %q", below[0].text)
		}
		return c.callStatement(r)
	case r.take("expect"):
		if len(below) > 0 {
			return below[0].errorf("expected nothing indented below expect, got %q", below[0].text)
		}
		return c.expectStatement(r)
	}
	on, err := c.subject(r)
	if err != nil {
		return err
	}
	if err := c.verbStatement(r, on); err != nil {
		return err
	}
	return on.overrides(below)
}

// maxUsers of a case: each is simulated with all its streams.
const maxUsers = 8

// callStatement reads: call alice bob … [for D] [through sfu] [in "room"]
// [with audio video screen | with nothing].
func (c *Case) callStatement(r *reader) error {
	if len(c.users) > 0 {
		return r.line.errorf("expected one call statement in a case, got a second")
	}
	var names []token
	for len(r.words) > 0 && !slices.Contains([]string{"for", "through", "in", "with"}, r.peek()) {
		t, _ := r.next("")
		if !isName(t.text) {
			return t.errorf("expected a user's name (letters and digits), got %q", t.text)
		}
		names = append(names, t)
	}
	if len(names) == 0 || len(names) > maxUsers {
		return r.line.errorf("expected 1 to %d users, got %d", maxUsers, len(names))
	}
	c.length = 60 * second
	kinds := []rtc.MediaKind{rtc.KindAudio, rtc.KindVideo}
	for len(r.words) > 0 {
		var err error
		switch {
		case r.take("for"):
			if c.length, err = r.duration(); err != nil {
				return err
			}
			if c.length == 0 || c.length > maxLength {
				return r.line.errorf("expected a call of at most %s, got %s", maxLength, c.length)
			}
		case r.takeAll("through sfu"):
			c.sfu = true
		case r.take("in"):
			t, err := r.next("the room's name")
			if err != nil {
				return err
			}
			c.room = t.text
		case r.takeAll("with nothing"):
			kinds = nil
		case r.take("with"):
			kinds = nil
			for kindNames[r.peek()] != rtc.KindUnknown {
				t, _ := r.next("")
				kinds = append(kinds, kindNames[t.text])
			}
			if len(kinds) == 0 {
				return r.line.errorf("expected with audio, video, screen or nothing, got %q", r.peek())
			}
		default:
			return r.end("for, through sfu, in or with")
		}
	}
	for _, n := range names {
		if c.user(n.text) != nil {
			return n.errorf("expected each user once, got %q again", n.text)
		}
		u := c.newUser(n.text)
		for _, k := range kinds {
			if k != rtc.KindScreen || u.index == 0 { // one shares, the others watch
				c.newFlow(u, k)
			}
		}
	}
	return nil
}

// maxLength of a call: the model steps through it in hundredths of seconds.
const maxLength = 3600 * second

func isName(s string) bool {
	for i, r := range s {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		if !letter && (i == 0 || r < '0' || r > '9') && r != '_' {
			return false
		}
	}
	return s != "" && s != "server"
}

// subjectKind says what a statement is about.
type subjectKind uint8

const (
	onUser subjectKind = iota
	onLink
	onStream
	onReception
	onConnection
	onMachine
	onRaw
)

var subjectNames = [...]string{"a user", "a link", "a sent stream", "a received stream", "a path", "a machine", "a stream of one's own"}

// subject is what a statement is about.
type subject struct {
	kind      subjectKind
	c         *Case
	user      *user
	links     []*link // uplink, downlink, both, or the server's
	flow      *flow
	layer     string
	reception *reception
	raw       *raw
}

// subject reads what a statement is about.
func (c *Case) subject(r *reader) (*subject, error) {
	t, err := r.next("a user, a stream or the server")
	if err != nil {
		return nil, err
	}
	s := &subject{c: c}
	if t.text == "server" {
		if !c.sfu {
			return nil, t.errorf("expected a call through sfu where the server is named, got one without")
		}
		s.kind, s.links = onLink, []*link{&c.server}
		return s, nil
	}
	if s.raw = c.rawStream(t.text); s.raw != nil {
		s.kind, s.user = onRaw, s.raw.user
		return s, nil
	}
	name, layer, _ := strings.Cut(t.text, "/")
	if s.flow = c.flow(name); s.flow != nil {
		s.kind, s.user, s.layer = onStream, s.flow.from, layer
		if layer != "" && !slices.Contains(s.flow.layers, layer) {
			return nil, t.errorf("expected a layer of %s (%s), got %q", name, strings.Join(s.flow.layers, " "), layer)
		}
		if len(r.words) > 1 && r.peek() == "at" && !isDuration(r.words[1].text) {
			r.take("at")
			who, _ := r.next("")
			u := c.user(who.text)
			if u == nil || u == s.flow.from {
				return nil, who.errorf("expected a user who receives %s, got %q", name, who.text)
			}
			s.kind, s.reception, s.user = onReception, s.flow.reception(u), u
		}
		return s, nil
	}
	if s.user = c.user(t.text); s.user == nil {
		return nil, t.errorf("expected %s, got %q", c.subjects(), t.text)
	}
	switch {
	case r.take("uplink"):
		s.kind, s.links = onLink, []*link{&s.user.up}
	case r.take("downlink"):
		s.kind, s.links = onLink, []*link{&s.user.down}
	case r.peek() == "network" && len(r.words) > 1 && r.words[1].text == "is": // what kind it is: of the user
	case r.take("network"):
		s.kind, s.links = onLink, []*link{&s.user.up, &s.user.down}
	case r.take("path"):
		s.kind = onConnection
	case r.take("machine"):
		s.kind = onMachine
	}
	return s, nil
}

// subjects lists what a statement can begin with.
func (c *Case) subjects() string {
	words := []string{"case, call, expect"}
	for _, u := range c.users {
		words = append(words, u.name)
	}
	for _, f := range c.flows {
		words = append(words, f.name)
	}
	for _, r := range c.raws {
		words = append(words, r.name)
	}
	if c.sfu {
		words = append(words, "server")
	}
	return strings.Join(words, ", ")
}

// reports that members of each subject can be of: "source.frames".
var overridable = map[subjectKind][]string{
	onStream:     {"remote", "source", "codec"},
	onReception:  {"remote", "playout", "codec"},
	onRaw:        {"remote", "source", "playout", "track", "codec"},
	onConnection: {"transport", "pair", "local", "far"},
}

// overrides reads the series indented below a statement.
func (s *subject) overrides(below []line) error {
	var into *[]*override
	switch s.kind {
	case onStream:
		into = &s.flow.raw
	case onReception:
		into = &s.reception.raw
	case onConnection:
		into = &s.user.raw
	case onMachine:
		into = &s.user.machine
	case onRaw:
		into = &s.raw.raw
	}
	for i := range below {
		l := &below[i]
		if into == nil {
			return l.errorf("expected nothing indented below a statement about %s, got %q", subjectNames[s.kind], l.text)
		}
		for _, words := range splitAt(l.words, ";") {
			if len(words) == 0 {
				continue
			}
			o, err := s.override(l, words)
			if err != nil {
				return err
			}
			*into = append(*into, o)
		}
	}
	return nil
}

func (s *subject) override(l *line, words []token) (*override, error) {
	o := &override{line: l, member: words[0].text}
	if report, member, dotted := strings.Cut(o.member, "."); dotted && slices.Contains(overridable[s.kind], report) {
		o.report, o.member = report, member
	} else if s.kind == onConnection {
		return nil, words[0].errorf("expected transport., pair., local. or far. and a member, got %q", o.member)
	}
	if rtc.LookupMember([]byte(o.member)) == 0 {
		return nil, words[0].errorf("expected a member of the W3C statistics, got %q", o.member)
	}
	if len(words) == 1 {
		return nil, words[0].errorf("expected values after %s, got the end of the line", o.member)
	}
	var err error
	o.series, err = parseSeries(words[1:])
	return o, err
}

func splitAt(words []token, separator string) (parts [][]token) {
	from := 0
	for i, w := range words {
		if w.text == separator && !w.quoted {
			parts = append(parts, words[from:i])
			from = i + 1
		}
	}
	return append(parts, words[from:])
}

// when reads at T, or from T [to T], or nothing: the whole call.
func (r *reader) when(c *Case) (w span, instant bool, err error) {
	w = span{0, never}
	switch {
	case r.take("at"):
		w.from, err = r.duration()
		return w, true, err
	case r.take("from"):
		if w.from, err = r.duration(); err == nil && r.take("to") {
			w.to, err = r.duration()
		}
		if err == nil && w.to <= w.from {
			err = r.line.errorf("expected an end after %s, got %s", w.from, w.to)
		}
	}
	return w, false, err
}

// verbStatement reads what happens to the subject.
func (c *Case) verbStatement(r *reader, on *subject) error {
	if len(r.words) == 0 {
		return nil // only series below
	}
	for i := range verbs {
		v := &verbs[i]
		if v.on != on.kind || !r.takeAll(v.words) {
			continue
		}
		a, err := v.arguments(r)
		if err != nil {
			return err
		}
		at := r.peek()
		w, instant, err := r.when(c)
		if err != nil {
			return err
		}
		switch {
		case v.when == anInstant && !instant:
			return r.line.errorf("expected at and a time after %q, got %q", v.words, at)
		case v.when == aSpan && instant:
			return r.line.errorf("expected from and to, or no time, after %q, got at", v.words)
		case v.when == noTime && at != "":
			return r.end("the end of the line")
		}
		if err := r.end("the end of the line"); err != nil {
			return err
		}
		if err := v.apply(on, a, w); err != nil {
			return r.line.errorf("%v", err)
		}
		return nil
	}
	var known []string
	for _, v := range verbs {
		if v.on == on.kind {
			known = append(known, v.words)
		}
	}
	return r.line.errorf("expected what happens to %s: %s; got %q", subjectNames[on.kind], strings.Join(known, ", "), r.peek())
}

// arguments reads what a verb needs.
func (v *verb) arguments(r *reader) (arguments, error) {
	var a arguments
	for _, kind := range strings.Fields(v.args) {
		if optional, found := strings.CutSuffix(kind, "?"); found {
			if p := r.peek(); p == "" && len(r.words) == 0 || p == "at" || p == "from" || p == "on" && optional != "on" {
				continue
			}
			kind = optional
		}
		var err error
		switch kind {
		case "number", "share", "rate", "fps", "level", "dB":
			a.number, err = r.number()
			if err == nil && kind != "dB" && a.number < 0 {
				err = r.line.errorf("expected a number that is not negative, got %v", a.number)
			}
		case "time":
			a.time, err = r.duration()
		case "size":
			var t token
			if t, err = r.next("a size such as 640x360"); err == nil {
				if _, e := fmt.Sscanf(t.text, "%dx%d", &a.width, &a.height); e != nil || a.width <= 0 || a.height <= 0 {
					err = t.errorf("expected a size such as 640x360, got %q", t.text)
				}
			}
		case "word":
			var t token
			if t, err = r.next("a word"); err == nil {
				a.words = append(a.words, t.text)
			}
		case "words":
			for len(r.words) > 0 && r.peek() != "at" && r.peek() != "from" {
				t, _ := r.next("")
				a.words = append(a.words, t.text)
			}
		case "text":
			var t token
			if t, err = r.next("a text"); err == nil {
				a.text, a.quoted = t.text, t.quoted
			}
		}
		if err != nil {
			return a, err
		}
	}
	return a, nil
}
