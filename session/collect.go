package session

import (
	"sync"

	"github.com/peerglass/peerglass/rtc"
)

// Collect is a Sink that keeps everything in memory: for the analysis of a
// file and for tests. Rows of calls, sessions, connections and streams are
// kept in their newest version, in the order in which they first came.
type Collect struct {
	mu          sync.Mutex
	Calls       []rtc.Call
	Sessions    []rtc.Session
	Connections []rtc.Connection
	Streams     []rtc.Stream
	Samples     []rtc.Sample
	Events      []rtc.Event
}

var _ Sink = (*Collect)(nil)

// Call keeps the call's newest row.
func (c *Collect) Call(r *rtc.Call) {
	c.Calls = newest(&c.mu, c.Calls, r, func(o *rtc.Call) bool { return o.App == r.App && o.ID == r.ID && o.Version <= r.Version })
}

// Session keeps the session's newest row.
func (c *Collect) Session(r *rtc.Session) {
	c.Sessions = newest(&c.mu, c.Sessions, r, func(o *rtc.Session) bool { return o.App == r.App && o.ID == r.ID && o.Version <= r.Version })
}

// Connection keeps the connection's newest row.
func (c *Collect) Connection(r *rtc.Connection) {
	c.Connections = newest(&c.mu, c.Connections, r, func(o *rtc.Connection) bool {
		return o.App == r.App && o.Session == r.Session && o.ID == r.ID && o.Version <= r.Version
	})
}

// Stream keeps the stream's newest row.
func (c *Collect) Stream(r *rtc.Stream) {
	c.Streams = newest(&c.mu, c.Streams, r, func(o *rtc.Stream) bool {
		return o.App == r.App && o.Session == r.Session && o.ID == r.ID && o.Version <= r.Version
	})
}

func newest[R any](mu *sync.Mutex, rows []R, row *R, replaces func(*R) bool) []R {
	mu.Lock()
	defer mu.Unlock()
	for i := range rows {
		if replaces(&rows[i]) {
			rows[i] = *row
			return rows
		}
	}
	return append(rows, *row)
}

// Sample keeps a copy of the sample.
func (c *Collect) Sample(r *rtc.Sample) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := *r
	s.Values = append([]float32(nil), r.Values...)
	c.Samples = append(c.Samples, s)
}

// Event keeps the event.
func (c *Collect) Event(r *rtc.Event) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.Events = append(c.Events, *r)
}
