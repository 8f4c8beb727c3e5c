package setup

import "github.com/peerglass/peerglass/rtc"

// Watch follows one session. It is told each row in the order in which it is
// stored. Its size does not grow with the length of the call.
type Watch struct{}

// New returns a watch of a session that has told nothing yet.
func New() *Watch { return &Watch{} }

// Session tells the session's row.
func (w *Watch) Session(r *rtc.Session) {}

// Connection tells a connection's row.
func (w *Watch) Connection(r *rtc.Connection) {}

// Stream tells a stream's row.
func (w *Watch) Stream(r *rtc.Stream) {}

// Event tells an event.
func (w *Watch) Event(e *rtc.Event) {}

// Sample tells a sample of a stream that was told before.
func (w *Watch) Sample(s *rtc.Sample) {}

// Result fills the set-up part of o; what was not measured is rtc.Null.
func (w *Watch) Result(o *rtc.Outcome) {}
