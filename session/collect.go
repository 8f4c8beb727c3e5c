package session

import (
	"slices"
	"sync"

	"github.com/peerglass/peerglass/rtc"
)

// Collect is a Sink that keeps everything in memory: for the analysis of a
// file and for tests. Rows that have a version are kept in their newest, in
// the order in which they first came. Read
// the fields once nothing is written any more.
type Collect struct {
	Calls       []rtc.Call
	Sessions    []rtc.Session
	Connections []rtc.Connection
	Streams     []rtc.Stream
	Samples     []rtc.Sample
	Events      []rtc.Event
	Issues      []rtc.Issue
	Outcomes    []rtc.Outcome
	Verdicts    []rtc.Verdict
	FeatureRows []rtc.Feature

	mu    sync.Mutex
	place map[rowKey]int // in its slice
}

var _ Sink = (*Collect)(nil)

// rowKey is what identifies a row that is written again.
type rowKey struct {
	table byte
	app   rtc.AppID
	of    uint64 // call or session
	id    uint64 // within the session
}

// Snapshot returns what was kept so far, while more may come.
func (c *Collect) Snapshot() *Collect {
	c.mu.Lock()
	defer c.mu.Unlock()
	return &Collect{
		Calls: slices.Clone(c.Calls), Sessions: slices.Clone(c.Sessions), Connections: slices.Clone(c.Connections),
		Streams: slices.Clone(c.Streams), Samples: slices.Clone(c.Samples), Events: slices.Clone(c.Events),
		Issues: slices.Clone(c.Issues), Outcomes: slices.Clone(c.Outcomes), Verdicts: slices.Clone(c.Verdicts),
		FeatureRows: slices.Clone(c.FeatureRows),
	}
}

// Call keeps the call's newest row.
func (c *Collect) Call(r *rtc.Call) {
	keep(c, &c.Calls, r, rowKey{'c', r.App, uint64(r.ID), 0}, func(r *rtc.Call) uint64 { return r.Version })
}

// Session keeps the session's newest row.
func (c *Collect) Session(r *rtc.Session) {
	keep(c, &c.Sessions, r, rowKey{'s', r.App, uint64(r.ID), 0}, func(r *rtc.Session) uint64 { return r.Version })
}

// Connection keeps the connection's newest row.
func (c *Collect) Connection(r *rtc.Connection) {
	keep(c, &c.Connections, r, rowKey{'p', r.App, uint64(r.Session), uint64(r.ID)}, func(r *rtc.Connection) uint64 { return r.Version })
}

// Stream keeps the stream's newest row.
func (c *Collect) Stream(r *rtc.Stream) {
	keep(c, &c.Streams, r, rowKey{'m', r.App, uint64(r.Session), uint64(r.ID)}, func(r *rtc.Stream) uint64 { return r.Version })
}

// Issue keeps a copy of the issue's newest row.
func (c *Collect) Issue(r *rtc.Issue) {
	row := *r
	row.Evidence = slices.Clone(r.Evidence)
	keep(c, &c.Issues, &row, rowKey{'i', r.App, uint64(r.Session), uint64(r.ID)}, func(r *rtc.Issue) uint64 { return r.Version })
}

// Outcome keeps the session's newest outcome.
func (c *Collect) Outcome(r *rtc.Outcome) {
	keep(c, &c.Outcomes, r, rowKey{'o', r.App, uint64(r.Session), 0}, func(r *rtc.Outcome) uint64 { return r.Version })
}

// Verdict keeps the call's newest verdict.
func (c *Collect) Verdict(r *rtc.Verdict) {
	keep(c, &c.Verdicts, r, rowKey{'v', r.App, uint64(r.Call), 0}, func(r *rtc.Verdict) uint64 { return r.Version })
}

// Features keeps the features of a session.
func (c *Collect) Features(r []rtc.Feature) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.FeatureRows = append(c.FeatureRows, r...)
}

func keep[R any](c *Collect, rows *[]R, row *R, key rowKey, version func(*R) uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if at, there := c.place[key]; there {
		if version(row) >= version(&(*rows)[at]) {
			(*rows)[at] = *row
		}
		return
	}
	if c.place == nil {
		c.place = make(map[rowKey]int)
	}
	c.place[key] = len(*rows)
	*rows = append(*rows, *row)
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
