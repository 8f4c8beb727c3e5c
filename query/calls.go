package query

import (
	"context"
	"time"

	"github.com/peerglass/peerglass/rtc"
)

// Status narrows calls by whether they are over.
type Status uint8

// The states of a call.
const (
	AnyStatus Status = iota
	InProgress
	Ended
)

// CallSort orders calls.
type CallSort uint8

// The orders.
const (
	ByStart CallSort = iota
	ByDuration
	ByUsers
	ByRoom
	ByStatus
)

// CallFilter narrows and orders the list of an app's calls. Zero members do
// not narrow.
type CallFilter struct {
	From, To    time.Time // calls that were going on at some time in [From, To)
	Room        string    // exact room id
	RoomPrefix  string    // beginning of the room id
	User        string    // exact user id of someone who joined
	Status      Status
	MinDuration time.Duration
	MaxDuration time.Duration
	Sort        CallSort
	Ascending   bool // otherwise the largest, the newest first
	Limit       int  // of a page; 0 is 10, at most 1000
	Cursor      string
	NoTotal     bool // leave out the count of all that match
}

// CallPage is one page of calls.
type CallPage struct {
	Calls  []rtc.Call // End is zero while a call is in progress
	Total  int        // all that match, whatever the page; -1 with NoTotal
	Cursor string     // of the next page; "" after the last
}

// Calls lists calls of an app.
func (q *Query) Calls(ctx context.Context, app rtc.AppID, f CallFilter) (CallPage, error) {
	return CallPage{}, ErrNotFound
}

// Call returns one call, or ErrNotFound. Its End is zero while it is in
// progress.
func (q *Query) Call(ctx context.Context, app rtc.AppID, call rtc.CallID) (rtc.Call, error) {
	return rtc.Call{}, ErrNotFound
}

// AppCount says how busy an app is.
type AppCount struct {
	App        rtc.AppID
	Calls      int // that began in the range
	InProgress int // now
	Online     int // sessions now
	Sessions   int // stays that began in the range
	LastCall   time.Time
}

// Counts returns a count per app, in the order of apps, over calls that began
// in [from, to).
func (q *Query) Counts(ctx context.Context, apps []rtc.AppID, from, to time.Time) ([]AppCount, error) {
	return nil, ErrNotFound
}
