package query

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/peerglass/peerglass/rtc"
	"github.com/peerglass/peerglass/store/clickhouse"
)

const underCall = ` FINAL WHERE app = {app:UInt32} AND call = {call:UInt64} AND ({session:UInt64} = 0 OR session = {session:UInt64}) ORDER BY session`

var (
	sessionsOfCall    = "SELECT " + list(sessionFields) + " FROM sessions" + underCall
	connectionsOfCall = "SELECT " + list(connectionFields) + " FROM connections" + underCall + ", connection"
	streamsOfCall     = "SELECT " + list(streamFields) + " FROM streams" + underCall + ", stream"

	// The id of a session carries when it began, and its call began no later.
	oneSession = "SELECT " + list(sessionFields) + ` FROM sessions FINAL
		WHERE app = {app:UInt32} AND session = {session:UInt64} AND call < {before:UInt64} LIMIT 1`
)

func underParams(app rtc.AppID, call rtc.CallID, session rtc.SessionID) []clickhouse.Param {
	return append(ofCall(app, call), clickhouse.Uint("session", session))
}

// Sessions returns the stays in a call, in the order in which they began. A
// call without any, or of another app, has none.
func (q *Query) Sessions(ctx context.Context, app rtc.AppID, call rtc.CallID) ([]rtc.Session, error) {
	rows, err := ask(ctx, q.db, clickhouse.Question{SQL: sessionsOfCall, Params: underParams(app, call, 0), Cheap: true, Settings: newest}, sessionFields)
	if err != nil {
		return nil, fmt.Errorf("list the sessions of call %s: %w", call, err)
	}
	return rows, nil
}

// Session returns one stay, whichever call it is in, or ErrNotFound.
func (q *Query) Session(ctx context.Context, app rtc.AppID, session rtc.SessionID) (rtc.Session, error) {
	params := []clickhouse.Param{clickhouse.Uint("app", app), clickhouse.Uint("session", session),
		clickhouse.Uint("before", rtc.FirstID(session.Time().UnixMilli()+clockSlack.Milliseconds()))}
	rows, err := ask(ctx, q.db, clickhouse.Question{SQL: oneSession, Params: params, Cheap: true, Settings: newest}, sessionFields)
	switch {
	case err != nil:
		return rtc.Session{}, fmt.Errorf("find session %s: %w", session, err)
	case len(rows) == 0:
		return rtc.Session{}, ErrNotFound
	}
	return rows[0], nil
}

// Connections returns the peer connections of a call, or of one of its
// sessions where session is not 0, by session and number.
func (q *Query) Connections(ctx context.Context, app rtc.AppID, call rtc.CallID, session rtc.SessionID) ([]rtc.Connection, error) {
	rows, err := ask(ctx, q.db, clickhouse.Question{SQL: connectionsOfCall, Params: underParams(app, call, session), Cheap: true, Settings: newest}, connectionFields)
	if err != nil {
		return nil, fmt.Errorf("list the connections of call %s: %w", call, err)
	}
	return rows, nil
}

// Streams returns the streams of a call, or of one of its sessions where
// session is not 0, by session and number.
func (q *Query) Streams(ctx context.Context, app rtc.AppID, call rtc.CallID, session rtc.SessionID) ([]rtc.Stream, error) {
	rows, err := ask(ctx, q.db, clickhouse.Question{SQL: streamsOfCall, Params: underParams(app, call, session), Cheap: true, Settings: newest}, streamFields)
	if err != nil {
		return nil, fmt.Errorf("list the streams of call %s: %w", call, err)
	}
	return rows, nil
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
	Carrier        string
	Relay          bool // a connection of the user's goes through a TURN relay
}

// Users returns who took part in a call, in the order of their first join.
func (q *Query) Users(ctx context.Context, app rtc.AppID, call rtc.CallID) ([]User, error) {
	var sessions []rtc.Session
	var connections []rtc.Connection
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		sessions, err = q.Sessions(ctx, app, call)
		return err
	})
	group.Go(func() (err error) {
		connections, err = q.Connections(ctx, app, call, 0)
		return err
	})
	if err := group.Wait(); err != nil {
		return nil, fmt.Errorf("list users: %w", err)
	}
	return usersOf(sessions, connections, q.now()), nil
}

// usersOf puts the stays of each user together.
func usersOf(sessions []rtc.Session, connections []rtc.Connection, now time.Time) []User {
	relayed := map[rtc.SessionID]bool{}
	for _, c := range connections {
		relayed[c.Session] = relayed[c.Session] || c.Relay
	}
	slices.SortStableFunc(sessions, func(a, b rtc.Session) int { return a.Start.Compare(b.Start) })
	var users []User
	byName := map[string]int{}
	for i := range sessions {
		s := &sessions[i]
		at, known := byName[s.User]
		if !known || s.User == "" {
			at = len(users)
			users = append(users, User{User: s.User, FirstIn: s.Start, LastOut: s.Start})
			byName[s.User] = at
		}
		u := &users[at]
		u.Stays = append(u.Stays, Stay{Session: s.ID, From: s.Start, To: s.End, Reason: s.EndReason})
		switch {
		case s.End.IsZero():
			u.LastOut = time.Time{}
		case !u.LastOut.IsZero() && s.End.After(u.LastOut):
			u.LastOut = s.End
		}
		u.Sends, u.Receives, u.Relay = u.Sends || s.Sends, u.Receives || s.Receives, u.Relay || relayed[s.ID]
		// What a later stay does not tell, an earlier one may have.
		u.Name, u.Role = cmp.Or(s.UserName, u.Name), cmp.Or(s.Role, u.Role)
		u.SDK, u.SDKVersion, u.Protocol = cmp.Or(s.SDK, u.SDK), cmp.Or(s.SDKVersion, u.SDKVersion), cmp.Or(s.Protocol, u.Protocol)
		u.Browser, u.BrowserVersion = cmp.Or(s.Browser, u.Browser), cmp.Or(s.BrowserVersion, u.BrowserVersion)
		u.OS, u.Device = cmp.Or(s.OS, u.OS), cmp.Or(s.Device, u.Device)
		u.Network, u.Region, u.Carrier = cmp.Or(s.Network, u.Network), cmp.Or(s.Region, u.Region), cmp.Or(s.Carrier, u.Carrier)
	}
	for i := range users {
		users[i].Stay = present(users[i].Stays, now)
	}
	return users
}

// present is the time covered by stays, which begin in order; stays that
// overlap, as those of two tabs, count once.
func present(stays []Stay, now time.Time) time.Duration {
	var sum time.Duration
	var until time.Time
	for _, s := range stays {
		from, to := s.From, s.To
		if to.IsZero() {
			to = now
		}
		if from.Before(until) {
			from = until
		}
		if to.After(from) {
			sum += to.Sub(from)
			until = to
		}
	}
	return sum
}

// clockSlack allows for nodes whose clocks differ.
const clockSlack = time.Minute
