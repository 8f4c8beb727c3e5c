package query

import (
	"context"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/peerglass/peerglass/quality"
	"github.com/peerglass/peerglass/rtc"
	"github.com/peerglass/peerglass/store/clickhouse"
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
	since int64 // Unix ms: what is older was told before

	version     uint64 // of the call's row, as it was told; so below
	sessions    map[rtc.SessionID]uint64
	connections map[connectionRef]uint64
	streams     map[StreamRef]uint64
	read        map[StreamRef]int64       // time of the last sample told
	sampled     map[rtc.SessionID]int64   // of the newest of all its streams
	happened    map[rtc.SessionID]eventAt // the last event told
	lasting     map[rtc.SessionID]int64   // sessions that have not ended, and when they began
}

type connectionRef struct {
	session    rtc.SessionID
	connection rtc.ConnectionID
}

type eventAt struct {
	time  int64
	index uint32
}

// overtaking is by how many ms samples of one session may come out of order:
// those of one stream do not, but each connection is polled for itself.
const overtaking = 10_000

// Follow begins to watch a call: the first update tells its rows as they are,
// and samples and events after since.
func (q *Query) Follow(app rtc.AppID, call rtc.CallID, since time.Time) *Follower {
	first, _ := span(since, time.Time{})
	return &Follower{q: q, app: app, call: call, since: first,
		sessions: map[rtc.SessionID]uint64{}, connections: map[connectionRef]uint64{}, streams: map[StreamRef]uint64{},
		read: map[StreamRef]int64{}, sampled: map[rtc.SessionID]int64{}, happened: map[rtc.SessionID]eventAt{}, lasting: map[rtc.SessionID]int64{}}
}

// What is new is asked per session: one that was cut off for a minute is read
// from there on when it returns, the others are not. Of a session not heard of
// yet everything after since is new.
var (
	newEvents = "SELECT " + list(eventFields) + " FROM events FINAL" + `
	PREWHERE app = {app:UInt32} AND call = {call:UInt64}
	AND if(has({sessions:Array(UInt64)}, session), toInt64(` + "`index`" + `) > {bounds:Array(Int64)}[indexOf({sessions:Array(UInt64)}, session)],
		toUnixTimestamp64Milli(time) > {since:Int64})
	ORDER BY time, session, ` + "`index`"

	newSamples = rawSelect(quality.Catalogue()) + ` FROM samples FINAL
	PREWHERE app = {app:UInt32} AND call = {call:UInt64}
	AND toUnixTimestamp64Milli(time) > if(has({sessions:Array(UInt64)}, session), {bounds:Array(Int64)}[indexOf({sessions:Array(UInt64)}, session)], {since:Int64})
	ORDER BY session, stream, time`
)

// after binds the bound of each session.
func after[T any](f *Follower, bounds map[rtc.SessionID]T, of func(T) int64) []clickhouse.Param {
	ids, values := make([]rtc.SessionID, 0, len(bounds)), make([]int64, 0, len(bounds))
	for id, b := range bounds {
		ids, values = append(ids, id), append(values, of(b))
	}
	return append(ofCall(f.app, f.call), clickhouse.Uints("sessions", ids), clickhouse.Ints("bounds", values), clickhouse.Int("since", f.since))
}

// Next returns what is new; it may be empty. Ask about once a second. It
// returns ErrNotFound where the app has no such call.
func (f *Follower) Next(ctx context.Context) (Update, error) {
	var (
		u           Update
		call        rtc.Call
		sessions    []rtc.Session
		connections []rtc.Connection
		streams     []rtc.Stream
		samples     []Series
		events      []rtc.Event
	)
	group, asking := errgroup.WithContext(ctx)
	group.Go(func() (err error) { call, err = f.q.Call(asking, f.app, f.call); return err })
	group.Go(func() (err error) { sessions, err = f.q.Sessions(asking, f.app, f.call); return err })
	group.Go(func() (err error) { connections, err = f.q.Connections(asking, f.app, f.call, 0); return err })
	group.Go(func() (err error) { streams, err = f.q.Streams(asking, f.app, f.call, 0); return err })
	group.Go(func() (err error) {
		events, err = ask(asking, f.q.db, clickhouse.Question{SQL: newEvents, Params: after(f, f.happened, func(e eventAt) int64 { return int64(e.index) }), Cheap: true, Settings: newest}, eventFields)
		return err
	})
	group.Go(func() error {
		r := newSampleReader(quality.Catalogue(), false, false)
		err := f.q.db.Select(asking, clickhouse.Question{SQL: newSamples, Params: after(f, f.sampled, func(ms int64) int64 { return max(ms-overtaking, f.since) }), Cheap: true, Settings: newest}, r.columns(), r.block)
		samples = r.finish()
		return explain(err)
	})
	if err := group.Wait(); err != nil {
		return Update{}, fmt.Errorf("follow call %s: %w", f.call, err)
	}

	if call.Version != f.version {
		f.version, u.Call = call.Version, &call
	}
	clear(f.lasting)
	for i := range sessions {
		if sessions[i].End.IsZero() {
			f.lasting[sessions[i].ID] = sessions[i].Start.UnixMilli()
		}
	}
	u.Sessions = slices.DeleteFunc(sessions, func(r rtc.Session) bool { return told(f.sessions, r.ID, r.Version) })
	u.Connections = slices.DeleteFunc(connections, func(r rtc.Connection) bool {
		return told(f.connections, connectionRef{r.Session, r.ID}, r.Version)
	})
	u.Streams = slices.DeleteFunc(streams, func(r rtc.Stream) bool { return told(f.streams, StreamRef{r.Session, r.ID}, r.Version) })
	u.Samples = f.untold(samples)
	u.Events = events
	for i := range events {
		e := &events[i]
		if e.Index >= f.happened[e.Session].index {
			f.happened[e.Session] = eventAt{e.Time.UnixMilli(), e.Index}
		}
	}
	u.Since = time.UnixMilli(f.resume()).UTC()
	return u, nil
}

// told notes the version of a row and reports whether that one was told before.
func told[K comparable](versions map[K]uint64, key K, version uint64) bool {
	last, known := versions[key]
	versions[key] = version
	return known && last == version
}

// untold cuts off what was told before, and notes what is told now.
func (f *Follower) untold(all []Series) []Series {
	kept := all[:0]
	for i := range all {
		s := &all[i]
		ref := StreamRef{s.Session, s.Stream}
		first, _ := slices.BinarySearch(s.Times, f.read[ref]+1)
		if first == len(s.Times) {
			continue
		}
		s.from(first)
		last := s.Times[len(s.Times)-1]
		f.read[ref] = last
		f.sampled[s.Session] = max(f.sampled[s.Session], last)
		kept = append(kept, *s)
	}
	return kept
}

// from drops the first n points.
func (s *Series) from(n int) {
	if n == 0 {
		return
	}
	s.Times, s.Intervals = s.Times[n:], s.Intervals[n:]
	for id, v := range s.Metrics {
		s.Metrics[id] = v[n:]
	}
	for _, runs := range []*[]Run{&s.Codec, &s.Limitation, &s.Pair} {
		for len(*runs) > 1 && (*runs)[1].From <= s.Times[0] {
			*runs = (*runs)[1:]
		}
		if len(*runs) > 0 {
			(*runs)[0].From = max((*runs)[0].From, s.Times[0])
		}
	}
}

// resume is a time by which no session that may still send has been told
// everything: the least of how far each has come.
func (f *Follower) resume() int64 {
	least, newest := int64(0), f.since
	for id, start := range f.lasting {
		at := max(f.sampled[id]-overtaking, f.happened[id].time-overtaking, start-overtaking, f.since)
		if least == 0 || at < least {
			least = at
		}
	}
	for _, ms := range f.sampled {
		newest = max(newest, ms-overtaking)
	}
	if least == 0 {
		return newest
	}
	return least
}
