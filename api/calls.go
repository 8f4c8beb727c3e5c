package api

import (
	"context"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/peerglass/peerglass/quality/score"
	"github.com/peerglass/peerglass/query"
	"github.com/peerglass/peerglass/rtc"
)

// callOf shows a call with its verdict, where there is one among those given.
func (a *API) callOf(c rtc.Call, verdicts map[rtc.CallID]rtc.Verdict) Call {
	out := Call{
		ID: c.ID.String(), App: uint32(c.App), Room: c.Room, RoomName: c.RoomName, Status: "ended",
		Start: c.Start.UTC(), End: orNull(c.End), Users: c.Users, Sessions: c.Sessions, Peak: c.Peak,
	}
	if out.RoomName == "" {
		out.RoomName = c.Room
	}
	if c.End.IsZero() {
		out.Status = "active"
	}
	out.DurationMs = a.lasted(c.Start, c.End)
	if v, ok := verdicts[c.ID]; ok {
		told := verdictOf(&v)
		out.Verdict = &told
	}
	return out
}

// lasted is the time between two instants in ms, the second being now where it
// is not known.
func (a *API) lasted(from, to time.Time) int64 {
	if to.IsZero() {
		to = a.Now()
	}
	return max(to.Sub(from).Milliseconds(), 0)
}

func (a *API) sessionOf(s *rtc.Session) Session {
	out := Session{
		ID: s.ID.String(), Call: s.Call.String(), User: s.User, UserName: s.UserName, Role: s.Role,
		Start: s.Start.UTC(), End: orNull(s.End), EndReason: s.EndReason, DurationMs: a.lasted(s.Start, s.End),
		Protocol: s.Protocol, ClientSession: s.ClientSession, SDK: s.SDK, SDKVersion: s.SDKVersion,
		UserAgent: s.UserAgent, Browser: s.Browser, BrowserVersion: s.BrowserVersion, OS: s.OS, Device: s.Device,
		Network: s.Network, Region: s.Region, Carrier: s.Carrier, Address: s.Address, Page: s.Page, Keys: s.Keys,
		Sends: s.Sends, Receives: s.Receives, ClockOffsetMs: s.ClockOffset, Records: s.Records, UnknownMembers: s.UnknownMembers,
		HasDump: s.Dump != "",
	}
	if out.Keys == nil {
		out.Keys = map[string]string{}
	}
	return out
}

// userOf puts a user together with the sessions that their stays name, and
// what those came to.
func (a *API) userOf(u *query.User, sessions map[rtc.SessionID]*rtc.Session, outcomes map[rtc.SessionID]*rtc.Outcome) User {
	out := User{
		User: u.User, UserName: u.Name, Role: u.Role, FirstIn: u.FirstIn.UTC(), LastOut: orNull(u.LastOut), StayMs: u.Stay.Milliseconds(),
		Stays: make([]Session, 0, len(u.Stays)), Sends: u.Sends, Receives: u.Receives, Protocol: u.Protocol,
		SDK: u.SDK, SDKVersion: u.SDKVersion, Browser: u.Browser, BrowserVersion: u.BrowserVersion,
		OS: u.OS, Device: u.Device, Network: u.Network, Region: u.Region, Carrier: u.Carrier, Relay: u.Relay,
	}
	var parts []score.Part
	for _, stay := range u.Stays {
		if o := outcomes[stay.Session]; o != nil {
			parts = append(parts, score.PartOf(o))
		}
		// One that joined between the two questions comes with the next answer.
		if s := sessions[stay.Session]; s != nil {
			out.Stays = append(out.Stays, a.sessionOf(s))
		}
	}
	out.Score = figureOf(score.User(parts))
	return out
}

func connectionOf(c *rtc.Connection) Connection {
	return Connection{
		ID: uint16(c.ID), Session: c.Session.String(), Label: c.Label, Start: c.Start.UTC(), End: orNull(c.End), State: c.State,
		Connected: orNull(c.Connected), LocalType: c.LocalType, RemoteType: c.RemoteType, Transport: c.Transport, Relay: c.Relay,
	}
}

func streamOf(s *rtc.Stream) Stream {
	return Stream{
		ID: uint32(s.ID), Session: s.Session.String(), Connection: uint16(s.Connection),
		Kind: MediaKind(s.Kind.String()), Direction: Direction(s.Direction.String()), ReportID: s.ReportID, SSRC: s.SSRC, MID: s.MID, RID: s.RID,
		Track: s.Track, Label: s.Label, RemoteUser: s.RemoteUser, RemoteBasis: s.RemoteBasis, Codec: s.Codec, Start: s.Start.UTC(), End: s.End.UTC(), Samples: s.Samples,
		Packets: total(s.Packets), PacketsLost: lost(s), Bytes: total(s.Bytes),
	}
}

// total makes a counter that was never reported null.
func total(n int64) *int64 {
	if n < 0 {
		return nil
	}
	return &n
}

// lost is the count of lost packets, which may fall below zero when late ones
// arrive: it is known where packets are.
func lost(s *rtc.Stream) *int64 {
	if s.Packets < 0 && s.PacketsLost < 0 {
		return nil
	}
	n := s.PacketsLost
	return &n
}

func each[T, O any](in []T, f func(*T) O) []O {
	out := make([]O, 0, len(in))
	for i := range in {
		out = append(out, f(&in[i]))
	}
	return out
}

// OfSession is the path of a call, and perhaps one of its sessions.
type OfSession struct {
	CallPath
	Session string `query:"session" doc:"Only those of this session"`
}

func (in *OfSession) scope(ctx context.Context) (rtc.AppID, rtc.CallID, rtc.SessionID, error) {
	app, call, err := in.CallPath.scope(ctx)
	if err != nil || in.Session == "" {
		return app, call, 0, err
	}
	id, err := rtc.ParseID(in.Session)
	if err != nil {
		return 0, 0, 0, errNotFound("The session")
	}
	return app, call, rtc.SessionID(id), nil
}

func (a *API) callRoutes() {
	const tag = "calls"
	a.callListRoutes(tag)
	answer(a, route(http.MethodGet, "/apps/{app}/calls/{call}", "getCall", tag, "One call with its users and their stays"), a.call)
	answer(a, route(http.MethodGet, "/apps/{app}/calls/{call}/sessions", "listSessions", tag, "The sessions of a call, in the order of joining"), func(ctx context.Context, in *CallPath) (SessionList, error) {
		app, id, err := in.scope(ctx)
		if err != nil {
			return SessionList{}, err
		}
		sessions, err := a.Query.Sessions(ctx, app, id)
		if err == nil && len(sessions) == 0 {
			// A call may be stored a moment before its first session.
			_, err = a.Query.Call(ctx, app, id)
		}
		return SessionList{each(sessions, a.sessionOf)}, err
	})
	answer(a, route(http.MethodGet, "/apps/{app}/calls/{call}/sessions/{session}", "getSession", tag, "One session with its connections and streams"), a.session)
	answer(a, route(http.MethodGet, "/apps/{app}/calls/{call}/connections", "listConnections", tag, "Peer connections, by session and number"), func(ctx context.Context, in *OfSession) (ConnectionList, error) {
		app, call, session, err := in.scope(ctx)
		if err == nil {
			_, err = a.Query.Call(ctx, app, call)
		}
		if err != nil {
			return ConnectionList{}, err
		}
		connections, err := a.Query.Connections(ctx, app, call, session)
		return ConnectionList{each(connections, connectionOf)}, err
	})
	answer(a, route(http.MethodGet, "/apps/{app}/calls/{call}/streams", "listStreams", tag, "Streams with their totals, by session and number"), func(ctx context.Context, in *OfSession) (StreamList, error) {
		app, call, session, err := in.scope(ctx)
		if err == nil {
			_, err = a.Query.Call(ctx, app, call)
		}
		if err != nil {
			return StreamList{}, err
		}
		streams, err := a.Query.Streams(ctx, app, call, session)
		return StreamList{each(streams, streamOf)}, err
	})
}

// next is the cursor of an answer; "" is the last page.
func next(cursor string) *string {
	if cursor == "" {
		return nil
	}
	return &cursor
}

func (a *API) call(ctx context.Context, in *CallPath) (CallDetail, error) {
	app, id, err := in.scope(ctx)
	if err != nil {
		return CallDetail{}, err
	}
	var (
		call     rtc.Call
		users    []query.User
		sessions []rtc.Session
		verdicts map[rtc.CallID]rtc.Verdict
		outcomes []rtc.Outcome
	)
	group, asking := errgroup.WithContext(ctx)
	group.Go(func() (err error) { call, err = a.Query.Call(asking, app, id); return err })
	group.Go(func() (err error) { users, err = a.Query.Users(asking, app, id); return err })
	group.Go(func() (err error) { sessions, err = a.Query.Sessions(asking, app, id); return err })
	group.Go(func() (err error) { verdicts, err = a.Query.Verdicts(asking, app, []rtc.CallID{id}); return err })
	group.Go(func() (err error) { outcomes, err = a.Query.Outcomes(asking, app, id, 0); return err })
	if err := group.Wait(); err != nil {
		return CallDetail{}, err
	}
	byID := make(map[rtc.SessionID]*rtc.Session, len(sessions))
	for i := range sessions {
		byID[sessions[i].ID] = &sessions[i]
	}
	cameTo := make(map[rtc.SessionID]*rtc.Outcome, len(outcomes))
	for i := range outcomes {
		cameTo[outcomes[i].Session] = &outcomes[i]
	}
	return CallDetail{Call: a.callOf(call, verdicts), People: each(users, func(u *query.User) User { return a.userOf(u, byID, cameTo) })}, nil
}

func (a *API) session(ctx context.Context, in *SessionPath) (SessionDetail, error) {
	session, err := a.oneSession(ctx, in)
	if err != nil {
		return SessionDetail{}, err
	}
	connections, err := a.Query.Connections(ctx, session.App, session.Call, session.ID)
	if err != nil {
		return SessionDetail{}, err
	}
	streams, err := a.Query.Streams(ctx, session.App, session.Call, session.ID)
	return SessionDetail{Session: a.sessionOf(&session), Connections: each(connections, connectionOf), Streams: each(streams, streamOf)}, err
}

// oneSession returns the session of a path; one of another call is not found.
func (a *API) oneSession(ctx context.Context, in *SessionPath) (rtc.Session, error) {
	app, call, id, err := in.scope(ctx)
	if err != nil {
		return rtc.Session{}, err
	}
	session, err := a.Query.Session(ctx, app, id)
	if err == nil && session.Call != call {
		err = query.ErrNotFound
	}
	return session, err
}
