package session

import "github.com/peerglass/peerglass/rtc"

// Sink takes the rows that sessions and rooms derive. Rows of calls, sessions,
// connections and streams, and what is found in them, are written again with a
// higher Version as they change; samples and events are written once, or again
// identically after a replay. A Sink copies what it keeps, but for the slices
// of an outcome, a verdict and features, which are not changed once told.
// Methods are called from many goroutines, do not block on the store, and
// never fail: what cannot be stored yet stays in the spool.
type Sink interface {
	Call(*rtc.Call)
	Session(*rtc.Session)
	Connection(*rtc.Connection)
	Stream(*rtc.Stream)
	Sample(*rtc.Sample)
	Event(*rtc.Event)
	Issue(*rtc.Issue)
	Outcome(*rtc.Outcome)
	Verdict(*rtc.Verdict)
	Features([]rtc.Feature) // all of one session
}
