package query

import (
	"context"
	"time"

	"github.com/peerglass/peerglass/rtc"
)

// Sessions returns the stays in a call, in the order in which they began. A
// call without any, or of another app, has none.
func (q *Query) Sessions(ctx context.Context, app rtc.AppID, call rtc.CallID) ([]rtc.Session, error) {
	return nil, ErrNotFound
}

// Session returns one stay, whichever call it is in, or ErrNotFound.
func (q *Query) Session(ctx context.Context, app rtc.AppID, session rtc.SessionID) (rtc.Session, error) {
	return rtc.Session{}, ErrNotFound
}

// Connections returns the peer connections of a call, or of one of its
// sessions where session is not 0, by session and number.
func (q *Query) Connections(ctx context.Context, app rtc.AppID, call rtc.CallID, session rtc.SessionID) ([]rtc.Connection, error) {
	return nil, ErrNotFound
}

// Streams returns the streams of a call, or of one of its sessions where
// session is not 0, by session and number.
func (q *Query) Streams(ctx context.Context, app rtc.AppID, call rtc.CallID, session rtc.SessionID) ([]rtc.Stream, error) {
	return nil, ErrNotFound
}

// Stay is one session of a user, as a segment of the stay bar.
type Stay struct {
	Session rtc.SessionID
	From    time.Time
	To      time.Time // zero while it lasts
	Reason  string    // why it ended
}

// User is what a call's user list shows of one person: all of that user's
// stays put together. Facts that differ between stays are those of the last.
type User struct {
	User           string // "" for an anonymous one: each anonymous session is a user of its own
	Name           string
	Role           string
	FirstIn        time.Time
	LastOut        time.Time // zero while the user is in the call
	Stay           time.Duration
	Stays          []Stay
	Sends          bool
	Receives       bool
	SDK            string
	SDKVersion     string
	Protocol       string
	Browser        string
	BrowserVersion string
	OS             string
	Device         string
	Network        string
	Region         string
	Relay          bool // a connection of the user's goes through a TURN relay
}

// Users returns who took part in a call, in the order of their first join.
func (q *Query) Users(ctx context.Context, app rtc.AppID, call rtc.CallID) ([]User, error) {
	return nil, ErrNotFound
}
