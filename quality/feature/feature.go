package feature

import (
	"math"
	"strconv"

	"github.com/peerglass/peerglass/rtc"
)

// What an extractor keeps at most. A dump that holds more loses what is beyond,
// never memory.
const (
	maxConnections = 256  // peer connections of a session
	maxReports     = 4096 // statistics reports of all connections at one time; decoders take no more in one poll
	maxTracks      = 1024 // RTP streams of all connections: fifty users whose camera and microphone come back ten times
	maxAnnounced   = 2048 // tracks that calls and events name
	maxText        = 1024 // bytes of a text
	maxJSON        = 4096 // bytes of a JSON value
	maxListed      = 100  // entries of a list
	maxSizes       = 64   // widths or heights of a track that are told apart
)

// Extractor takes the records of one session in order and knows its features
// at the end. Not safe for concurrent use.
type Extractor struct {
	client      client
	connections []*connection
	byLabel     map[string]*connection // the newest of each label
	reports     int                    // of all connections at this time
	tracks      int                    // of all connections; so streams and announced
	streams     int
	leftOut     int // streams beyond maxTracks
	announced   int

	pending [frameKinds]int // records since the last Frame
}

var _ rtc.Sink = (*Extractor)(nil)

// New returns an extractor for one session.
func New() *Extractor {
	return &Extractor{byLabel: make(map[string]*connection), client: newClient()}
}

// Record implements rtc.Sink. It never fails.
func (e *Extractor) Record(r *rtc.Record) error {
	at := r.Time
	if at == 0 {
		at = r.Received
	}
	if len(r.Conn) == 0 {
		e.client.record(e, r, at)
		return nil
	}
	e.client.see(e, r, at)
	if c := e.connection(r); c != nil {
		c.record(r, at)
	}
	return nil
}

// Frame tells how many bytes the frame had whose records came last; see
// dump.Source.Sizes. Without it the features that count bytes are left out.
func (e *Extractor) Frame(size int) { e.client.frame(&e.pending, size) }

// connection returns the connection that a record is of; nil where there are
// too many. A label that is created again is another connection.
func (e *Extractor) connection(r *rtc.Record) *connection {
	c := e.byLabel[string(r.Conn)]
	again := c != nil && r.Kind == rtc.KindCall && string(r.Name) == rtc.NameCreate && (c.created || c.closed)
	if c != nil && !again {
		return c
	}
	if len(e.connections) >= maxConnections {
		return c
	}
	n := 1
	if c != nil {
		n = c.generation + 1
		c.forget()
	}
	label := clip(string(r.Conn), 256)
	subject := label
	if n > 1 {
		subject += "#" + strconv.Itoa(n)
	}
	c = newConnection(e, label, subject, n)
	e.connections = append(e.connections, c)
	e.byLabel[label] = c
	return c
}

// Features returns what is known, in the order of the catalogue: the client's,
// then those of each connection in the order in which they came, and of each
// of its tracks. App, Call and Session are left for the caller. A feature that
// was not measured is left out.
func (e *Extractor) Features() []rtc.Feature {
	var all []rtc.Feature
	emit := func(d *Declaration, subject string, v value) {
		if !v.known {
			return
		}
		f := rtc.Feature{Set: d.Set, Scope: d.Scope, Subject: subject, Name: d.Name, Number: v.number}
		if d.Form == Text || d.Form == JSON {
			f.Number, f.Text = math.NaN(), v.text
		}
		all = append(all, f)
	}
	e.client.finish(e)
	for i := range Catalogue() {
		if d := &catalogue()[i]; d.client != nil {
			emit(d, "", d.client(&e.client))
		}
	}
	for _, c := range e.connections {
		for i := range Catalogue() {
			if d := &catalogue()[i]; d.connection != nil {
				emit(d, c.subject, d.connection(c))
			}
		}
		for _, s := range c.streams {
			if s.polls == 0 {
				continue // the session ended before anything was known of this part
			}
			for i := range Catalogue() {
				if d := &catalogue()[i]; d.stream != nil {
					emit(d, s.subject(), d.stream(s))
				}
			}
		}
		for _, t := range c.allTracks() {
			for i := range Catalogue() {
				if d := &catalogue()[i]; d.track != nil {
					emit(d, t.subject(), d.track(t))
				}
			}
		}
	}
	return all
}

func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && s[n]&0xc0 == 0x80 { // not within a character
		n--
	}
	return s[:n]
}
