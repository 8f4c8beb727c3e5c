package internals

import (
	"encoding/json"
	"fmt"
	"io"
	"sort"
	"strings"
	"unicode/utf8"

	"github.com/peerglass/peerglass/protocol"
	"github.com/peerglass/peerglass/protocol/statsjson"
	"github.com/peerglass/peerglass/rtc"
)

// What is read of one export, at most. Chrome itself stops far below all but
// the first: a page that was open for a day makes some 100 MB.
const (
	MaxFile  = 256 << 20 // bytes after decompression
	maxConns = 4096      // peer connections
	maxLists = 1 << 18   // members of reports over time, in all connections
	maxLog   = 1 << 19   // entries of the logs, in all connections
)

// NotExport is the error for a JSON document that is something else.
type NotExport struct {
	Members []string // its first members
}

func (*NotExport) Error() string { return "a JSON document that is not an export" }

// Export is a parsed export.
type Export struct {
	UserAgent string
	Page      string // address of the page; of several, the first
	Start     int64  // earliest time in it, Unix ms; 0 where nothing has one

	brands json.RawMessage
	conns  []*conn
	log    []entry
	lists  int
	stats  rtc.Stats
}

// conn is one peer connection.
type conn struct {
	label   string
	url     string
	config  []byte // JSON as it stands; may be a string of what is no JSON
	limits  []byte // its legacy constraints, so
	reports []*report
	polls   polls
	first   int // of its entries in Export.log
	entries int
}

// Identity returns what the export tells of the client.
func (e *Export) Identity() *rtc.Identity {
	who := &rtc.Identity{UserAgent: e.UserAgent, Page: e.Page}
	var brands []struct{ Brand, Version string }
	if json.Unmarshal(e.brands, &brands) == nil {
		for _, b := range brands { // the engine, the browser and one that is made up
			if !strings.Contains(b.Brand, "Not") && (who.Browser == "" || who.Browser == "Chromium") {
				who.Browser, who.BrowserVersion = strings.TrimPrefix(strings.TrimPrefix(b.Brand, "Google "), "Microsoft "), b.Version
			}
		}
	}
	return who
}

// Read reads an export to its end. Its errors are *protocol.Error, *NotExport,
// and those of r.
func Read(r io.Reader) (*Export, error) {
	data, err := io.ReadAll(io.LimitReader(r, MaxFile+1))
	if err != nil {
		return nil, err
	}
	if len(data) > MaxFile {
		return nil, protocol.Errorf(protocol.CodeTooLarge, "the export is larger than %d MiB unpacked, which is the most that is read at once; record for a shorter time", MaxFile>>20)
	}
	if !utf8.Valid(data) {
		return nil, protocol.Errorf(protocol.CodeMalformed, "the file is not UTF-8")
	}
	e := &Export{}
	p := parser{Export: e, data: data, in: statsjson.NewScanner(data)}
	if err := p.document(); err != nil {
		return nil, err
	}
	p.settle()
	return e, nil
}

// parser reads the document. It changes data in place where strings hold JSON.
type parser struct {
	*Export
	data    []byte
	in      statsjson.Scanner
	buf     []byte
	members []string
	isOne   bool // it has peer connections, or the place for them
}

func (p *parser) document() error {
	err := p.object(func(name string) error {
		if len(p.members) < 8 {
			p.members = append(p.members, name)
		}
		switch c := p.in.Peek(); {
		case (name == "UserAgent" || name == "userAgent") && c == '"':
			return p.string(&p.UserAgent)
		case name == "url" && c == '"':
			return p.string(&p.Page)
		case name == "UserAgentData":
			raw, _ := p.in.Raw()
			p.brands = raw
			return p.in.Err()
		case name == "getUserMedia" && c == '[':
			return p.media()
		case name == "PeerConnections" && c == '{':
			p.isOne = true
			return p.connections(p.connection)
		case name == "peerConnections" && c == '{':
			p.isOne = true
			return p.connections(p.trace)
		}
		p.in.Raw()
		return p.in.Err()
	})
	if err == nil {
		p.in.End()
		err = p.in.Err()
	}
	switch {
	case err != nil && !p.isOne && len(p.conns) == 0:
		return &protocol.Error{Code: protocol.CodeMalformed, What: "the file begins like a JSON document but is not one", Cause: err}
	case err != nil:
		return &protocol.Error{Code: protocol.CodeMalformed, What: "the export of chrome://webrtc-internals is cut off or damaged", Cause: err}
	case !p.isOne:
		return &NotExport{Members: p.members}
	}
	return nil
}

// object calls member for each member of the object that comes.
func (p *parser) object(member func(name string) error) error {
	if !p.in.Want('{') {
		return p.in.Err()
	}
	for first := true; p.in.More(&first, '}'); {
		p.buf = p.buf[:0]
		name, ok := p.in.String(&p.buf)
		if !ok || !p.in.Want(':') {
			return p.in.Err()
		}
		if err := member(string(name)); err != nil {
			return err
		}
	}
	return p.in.Err()
}

// array calls element for each element of the array that comes.
func (p *parser) array(element func() error) error {
	if !p.in.Want('[') {
		return p.in.Err()
	}
	for first := true; p.in.More(&first, ']'); {
		if err := element(); err != nil {
			return err
		}
	}
	return p.in.Err()
}

func (p *parser) string(into *string) error {
	p.buf = p.buf[:0]
	s, _ := p.in.String(&p.buf)
	*into = string(s)
	return p.in.Err()
}

// text reads a string, unescapes it where it stands, and returns it.
func (p *parser) text() ([]byte, error) {
	p.in.Peek()
	from := p.in.Offset()
	p.buf = p.buf[:0]
	s, ok := p.in.String(&p.buf)
	if !ok {
		return nil, p.in.Err()
	}
	// What is escaped is never shorter than what it stands for, and the
	// scanner is past it.
	n := copy(p.data[from:p.in.Offset()], s)
	return p.data[from : from+n : from+n], nil
}

// textOr reads a string as text does, and anything else as it stands.
func (p *parser) textOr() (text []byte, isText bool, err error) {
	if p.in.Peek() == '"' {
		text, err = p.text()
		return text, true, err
	}
	text, _ = p.in.Raw()
	return text, false, p.in.Err()
}

// connections reads the object of the peer connections, each with read.
func (p *parser) connections(read func(*conn) error) error {
	return p.object(func(label string) error {
		if len(p.conns) == maxConns {
			return protocol.Errorf(protocol.CodeLimit, "the export has more than %d peer connections", maxConns)
		}
		if len(label) > protocol.MaxName {
			return protocol.Errorf(protocol.CodeTooLarge, "the label of a peer connection is longer than %d bytes", protocol.MaxName)
		}
		c := &conn{label: label, first: len(p.log)}
		p.conns = append(p.conns, c)
		err := read(c)
		c.entries = len(p.log) - c.first
		return err
	})
}

// connection reads a peer connection of a new export.
func (p *parser) connection(c *conn) error {
	byID := make(map[string]*report)
	return p.object(func(name string) error {
		k := p.in.Peek()
		var err error
		switch {
		case name == "url" && k == '"':
			err = p.string(&c.url)
			if p.Page == "" {
				p.Page = c.url
			}
		case name == "rtcConfiguration":
			c.config, err = p.jsonOf()
		case name == "constraints":
			c.limits, err = p.jsonOf()
		case name == "updateLog" && k == '[':
			err = p.array(func() error { return p.update(c) })
		case name == "stats" && k == '{':
			err = p.object(func(name string) error { return p.list(c, byID, name) })
		default:
			p.in.Raw()
			err = p.in.Err()
		}
		return err
	})
}

// jsonOf reads a value that may be JSON within a string.
func (p *parser) jsonOf() ([]byte, error) {
	text, isText, err := p.textOr()
	if err != nil || !isText {
		return text, err
	}
	return asJSON(text), nil
}

// asJSON returns text where it is JSON and a JSON string of it where not; nil
// for nothing.
func asJSON(text []byte) []byte {
	if len(text) == 0 {
		return nil
	}
	s := statsjson.NewScanner(text)
	if c := text[0]; c == '{' || c == '[' || c == '"' {
		if _, ok := s.Raw(); ok && s.End() {
			return text
		}
	}
	b, err := json.Marshal(string(text))
	if err != nil {
		return nil
	}
	return b
}

// settle dates what the document left undated and puts everything in order.
func (p *parser) settle() {
	e := p.Export
	for _, c := range e.conns {
		c.arrange()
	}
	e.dateLog()
	earlier := func(t float64) {
		if t > 0 && (e.Start == 0 || int64(t) < e.Start) {
			e.Start = int64(t)
		}
	}
	for i := range e.log {
		earlier(e.log[i].at)
	}
	for _, c := range e.conns {
		if len(c.polls.at) > 0 {
			earlier(c.polls.at[0])
		}
	}
	for i := range e.log {
		if e.log[i].at <= 0 {
			e.log[i].at = float64(e.Start)
		}
	}
	sort.SliceStable(e.log, func(i, j int) bool { return e.log[i].at < e.log[j].at })
}

// Replay passes the records to sink, ordered by time. It can be called once.
func (e *Export) Replay(sink rtc.Sink) error {
	next := 0
	for {
		var c *conn
		for _, other := range e.conns {
			if other.polls.left() && (c == nil || other.polls.next() < c.polls.next()) {
				c = other
			}
		}
		switch {
		case next < len(e.log) && (c == nil || e.log[next].at <= c.polls.next()):
			if err := e.entry(&e.log[next], sink); err != nil {
				return err
			}
			next++
		case c != nil:
			if err := e.poll(c, sink); err != nil {
				return err
			}
		default:
			return nil
		}
	}
}

// entry passes one entry of a log on.
func (e *Export) entry(en *entry, sink rtc.Sink) error {
	r := rtc.Record{Kind: en.kind, Time: int64(en.at), Name: []byte(en.name), Corr: []byte(en.corr), Payload: en.payload}
	if en.conn != nil {
		r.Conn = []byte(en.conn.label)
	}
	if en.kind != rtc.KindStats {
		return sink.Record(&r)
	}
	// Only old exports have these: whole reports.
	if err := statsjson.NewReader(statsjson.Options{}).Read(en.payload, &e.stats); err != nil {
		return fmt.Errorf("statistics of %s: %w", en.conn.label, err)
	}
	s := &e.stats
	s.Full, s.MissingRemoved = true, true
	for i := range s.Reports {
		s.Time = max(s.Time, s.Reports[i].Time)
	}
	for i := range s.Reports {
		if p := &s.Reports[i]; p.Time == s.Time {
			p.Time = 0
		}
	}
	r.Name, r.Payload, r.Stats = nil, nil, s
	return sink.Record(&r)
}
