package query

import (
	"context"
	"time"

	"github.com/peerglass/peerglass/rtc"
)

// EventFilter narrows the events of a call. Zero members do not narrow.
type EventFilter struct {
	Session     rtc.SessionID
	Kinds       []rtc.Kind
	MinSeverity rtc.Severity
	Search      string    // part of the name, upper and lower case alike
	From, To    time.Time // [From, To)
	Descending  bool
	Limit       int // of a page; 0 is 100, at most 10000
	Cursor      string
}

// EventPage is one page of events, by time.
type EventPage struct {
	Events []rtc.Event
	Cursor string // of the next page; "" after the last
}

// Events lists what happened in a call.
func (q *Query) Events(ctx context.Context, app rtc.AppID, call rtc.CallID, f EventFilter) (EventPage, error) {
	return EventPage{}, ErrNotFound
}
