package query

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/peerglass/peerglass/quality/happening"
	"github.com/peerglass/peerglass/rtc"
	"github.com/peerglass/peerglass/store/clickhouse"
)

// HappeningFilter narrows what happened in a call. Zero members do not narrow.
type HappeningFilter struct {
	Sessions    []rtc.SessionID
	Types       []string // slugs
	Lanes       []happening.Lane
	Kinds       []rtc.MediaKind
	Directions  []rtc.Direction
	MinSeverity rtc.Severity
	Search      string    // part of what people read, upper and lower case alike
	From, To    time.Time // [From, To)
	Descending  bool
	Values      bool // also what the stored events carry
	Limit       int  // of a page; 0 is 200, at most 10000
	Cursor      string
}

// Happening is one thing that happened, with whose stay it was in and what the
// stored event carries.
type Happening struct {
	happening.Row
	User, UserName string
	Value          string // JSON; "" of what no event tells
}

// HappeningPage is one page of what happened, by time.
type HappeningPage struct {
	Rows     []Happening
	Total    int            // that match, on all pages
	Types    map[string]int // by slug, of all that match but for the filter by type
	Room     happening.Room
	Complete bool   // no event was left out for there being too many
	Cursor   string // of the next page; "" after the last
}

// The bounds of one answer: what is found is found anew for each, so that a
// client that tells a million lines must not cost the others their answers.
const (
	happeningsPerPage = 200
	maxHappenings     = 10_000
	lookedAt          = 100_000 // events of a call
	lookedAtOfStay    = 20_000
)

// Values are cut here: long texts are not needed whole to be understood.
var toldFields = []field[rtc.Event]{
	fromUint64("session", func(r *rtc.Event, v uint64) { r.Session = rtc.SessionID(v) }),
	fromTime("time", func(r *rtc.Event, v time.Time) { r.Time = v }),
	fromUint64("`index`", func(r *rtc.Event, v uint64) { r.Index = uint32(v) }),
	fromInt64("kind", func(r *rtc.Event, v int64) { r.Kind = rtc.Kind(v) }),
	fromUint64("connection", func(r *rtc.Event, v uint64) { r.Connection = rtc.ConnectionID(v) }),
	fromUint64("stream", func(r *rtc.Event, v uint64) { r.Stream = rtc.StreamID(v) }),
	fromInt64("severity", func(r *rtc.Event, v int64) { r.Severity = rtc.Severity(v) }),
	fromText("name", func(r *rtc.Event, v string) { r.Name = v }),
	fromText("corr", func(r *rtc.Event, v string) { r.Corr = v }),
	fromText("multiIf(name IN ("+quoted(happening.Bulky)+"), '', kind = 'log', leftUTF8(value, 1000), substring(value, 1, 8192))",
		func(r *rtc.Event, v string) { r.Value = v }),
}

var toldInCall = "SELECT " + list(toldFields) + ` FROM events FINAL
	PREWHERE app = {app:UInt32} AND call = {call:UInt64}
	AND (empty({sessions:Array(UInt64)}) OR has({sessions:Array(UInt64)}, session))
	AND name NOT IN (` + quoted(happening.Needless) + `)
	ORDER BY session, time, ` + "`index` LIMIT {most:UInt32} BY session LIMIT {all:UInt32}"

// quoted writes names of ours as texts of a statement.
func quoted(names []string) string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = "'" + strings.ReplaceAll(n, "'", "''") + "'"
	}
	return strings.Join(out, ", ")
}

// pathRow is a change of a transport's selected pair.
type pathRow struct {
	session rtc.SessionID
	stream  rtc.StreamID
	path    happening.Path
}

var pathFields = []field[pathRow]{
	fromUint64("session", func(r *pathRow, v uint64) { r.session = rtc.SessionID(v) }),
	fromUint64("stream", func(r *pathRow, v uint64) { r.stream = rtc.StreamID(v) }),
	fromTime("time", func(r *pathRow, v time.Time) { r.path.Time = v }),
	fromText("was", func(r *pathRow, v string) { r.path.From = v }),
	fromText("pair", func(r *pathRow, v string) { r.path.To = v }),
}

var pathsOfCall = "SELECT " + list(pathFields) + ` FROM (
		SELECT session, stream, time, pair, lagInFrame(pair) OVER (PARTITION BY session, stream ORDER BY time) AS was
		FROM samples
		WHERE app = {app:UInt32} AND call = {call:UInt64} AND kind = 'transport' AND pair != ''
		AND (empty({sessions:Array(UInt64)}) OR has({sessions:Array(UInt64)}, session)))
	WHERE was != '' AND was != pair ORDER BY session, time LIMIT 10000`

var carriedFields = []field[rtc.Event]{
	fromUint64("session", func(r *rtc.Event, v uint64) { r.Session = rtc.SessionID(v) }),
	fromUint64("`index`", func(r *rtc.Event, v uint64) { r.Index = uint32(v) }),
	fromText("value", func(r *rtc.Event, v string) { r.Value = v }),
}

var valuesOfEvents = "SELECT " + list(carriedFields) + ` FROM events FINAL
	PREWHERE app = {app:UInt32} AND call = {call:UInt64}
	AND time >= fromUnixTimestamp64Milli({from:Int64}) AND time <= fromUnixTimestamp64Milli({to:Int64})
	AND (session, ` + "`index`" + `) IN (SELECT arrayJoin(arrayZip({sessions:Array(UInt64)}, {indexes:Array(UInt32)})))`

// callStays is what the store has of a call, by stay.
type callStays struct {
	sessions []rtc.Session
	stays    []*happening.Stay
	complete bool
}

// Happenings says what happened in a call in the words of package happening. It
// is worked out of the stored rows for each answer, so that a better
// understanding holds for old calls, too.
func (q *Query) Happenings(ctx context.Context, app rtc.AppID, call rtc.CallID, f HappeningFilter) (HappeningPage, error) {
	var after happeningCursor
	if f.Cursor != "" {
		if err := decodeCursor(f.Cursor, &after); err != nil || after.Descending != f.Descending {
			return HappeningPage{}, ErrCursor
		}
	}
	t, err := q.toldOf(ctx, app, call, f.Sessions)
	if err != nil {
		return HappeningPage{}, fmt.Errorf("find what happened in call %s: %w", call, err)
	}
	page := HappeningPage{Types: map[string]int{}, Room: happening.Whole(t.sessions), Complete: t.complete}
	rows := t.rows(&page.Room, f.Sessions)
	matching := rows[:0]
	for i := range rows {
		if r := &rows[i]; f.matches(r) {
			page.Types[r.Type.Slug]++
			if len(f.Types) == 0 || slices.Contains(f.Types, r.Type.Slug) {
				matching = append(matching, *r)
			}
		}
	}
	slices.SortFunc(matching, func(a, b Happening) int { return happening.Compare(&a.Row, &b.Row) })
	if f.Descending {
		slices.Reverse(matching)
	}
	page.Total = len(matching)
	if f.Cursor != "" {
		matching = after.further(matching)
	}
	limit := cmp.Or(max(f.Limit, 0), happeningsPerPage)
	limit = min(limit, maxHappenings)
	if len(matching) > limit {
		matching = matching[:limit]
		page.Cursor = encodeCursor(cursorAt(&matching[limit-1], f.Descending))
	}
	page.Rows = slices.Clone(matching)
	if f.Values {
		for some := range slices.Chunk(page.Rows, 500) { // the names of the events go into an address
			if err := q.values(ctx, app, call, some); err != nil {
				return HappeningPage{}, fmt.Errorf("read the values of what happened in call %s: %w", call, err)
			}
		}
	}
	return page, nil
}

// toldOf reads what the stays of a call tell; only those wanted where some are.
func (q *Query) toldOf(ctx context.Context, app rtc.AppID, call rtc.CallID, wanted []rtc.SessionID) (callStays, error) {
	var (
		t           callStays
		connections []rtc.Connection
		streams     []rtc.Stream
		outcomes    []rtc.Outcome
		issues      []rtc.Issue
		paths       []pathRow
		events      []rtc.Event
	)
	one := rtc.SessionID(0)
	if len(wanted) == 1 {
		one = wanted[0]
	}
	params := append(ofCall(app, call), clickhouse.Uints("sessions", wanted))
	group, asking := errgroup.WithContext(ctx)
	group.Go(func() (err error) { t.sessions, err = q.Sessions(asking, app, call); return err })
	group.Go(func() (err error) { connections, err = q.Connections(asking, app, call, one); return err })
	group.Go(func() (err error) { streams, err = q.Streams(asking, app, call, one); return err })
	group.Go(func() (err error) { outcomes, err = q.Outcomes(asking, app, call, one); return err })
	group.Go(func() (err error) {
		issues, err = q.Issues(asking, app, call, IssueFilter{Session: one, Type: "clock_trouble"})
		return err
	})
	group.Go(func() (err error) {
		paths, err = ask(asking, q.db, clickhouse.Question{SQL: pathsOfCall, Params: params, Cheap: true}, pathFields)
		return err
	})
	group.Go(func() (err error) {
		most := append(slices.Clone(params), clickhouse.Uint("most", uint32(lookedAtOfStay)), clickhouse.Uint("all", uint32(lookedAt)))
		events, err = ask(asking, q.db, clickhouse.Question{SQL: toldInCall, Params: most, Cheap: true, Settings: newest}, toldFields)
		return err
	})
	if err := group.Wait(); err != nil {
		return t, err
	}

	stays := make(map[rtc.SessionID]*happening.Stay, len(t.sessions))
	for i := range t.sessions {
		s := &t.sessions[i]
		stays[s.ID] = &happening.Stay{Session: *s}
		if len(wanted) == 0 || slices.Contains(wanted, s.ID) {
			t.stays = append(t.stays, stays[s.ID])
		}
	}
	of := func(session rtc.SessionID) *happening.Stay {
		if s := stays[session]; s != nil {
			return s
		}
		return &happening.Stay{} // one that began between the questions
	}
	for i := range connections {
		s := of(connections[i].Session)
		s.Connections = append(s.Connections, connections[i])
	}
	carries := map[rtc.SessionID]map[rtc.StreamID]rtc.ConnectionID{}
	for i := range streams {
		s := of(streams[i].Session)
		s.Streams = append(s.Streams, streams[i])
		if streams[i].Kind == rtc.KindTransport {
			if carries[streams[i].Session] == nil {
				carries[streams[i].Session] = map[rtc.StreamID]rtc.ConnectionID{}
			}
			carries[streams[i].Session][streams[i].ID] = streams[i].Connection
		}
	}
	for i := range outcomes {
		of(outcomes[i].Session).Outcome = &outcomes[i]
	}
	for i := range issues {
		s := of(issues[i].Session)
		s.Issues = append(s.Issues, issues[i])
	}
	for i := range paths {
		s, p := of(paths[i].session), paths[i].path
		p.Connection = carries[paths[i].session][paths[i].stream]
		s.Paths = append(s.Paths, p)
	}
	t.complete = len(events) < lookedAt
	for from := 0; from < len(events); {
		to := from
		for to < len(events) && events[to].Session == events[from].Session {
			to++
		}
		of(events[from].Session).Events = events[from:to]
		t.complete = t.complete && to-from < lookedAtOfStay
		from = to
	}
	return t, nil
}

// rows are those of all stays and of the room.
func (t *callStays) rows(room *happening.Room, wanted []rtc.SessionID) []Happening {
	who := make(map[rtc.SessionID]*rtc.Session, len(t.sessions))
	for i := range t.sessions {
		who[t.sessions[i].ID] = &t.sessions[i]
	}
	var all []Happening
	add := func(rows []happening.Row) {
		for i := range rows {
			if s := who[rows[i].Session]; s != nil {
				all = append(all, Happening{Row: rows[i], User: s.User, UserName: s.UserName})
			}
		}
	}
	for _, s := range t.stays {
		rows := happening.Of(s)
		room.Joined(rows)
		add(rows)
	}
	if len(wanted) == 0 {
		add(room.Rows)
	}
	return all
}

// matches reports whether a row passes all filters but the one by type.
func (f *HappeningFilter) matches(r *Happening) bool {
	switch {
	case !f.From.IsZero() && r.Time.Before(f.From), !f.To.IsZero() && !r.Time.Before(f.To):
		return false
	case r.Severity < f.MinSeverity:
		return false
	case len(f.Lanes) > 0 && !slices.Contains(f.Lanes, r.Type.Lane):
		return false
	case len(f.Kinds) > 0 && !slices.Contains(f.Kinds, r.Kind):
		return false
	case len(f.Directions) > 0 && !slices.Contains(f.Directions, r.Direction):
		return false
	}
	if f.Search == "" {
		return true
	}
	part := strings.ToLower(f.Search)
	for _, text := range [...]string{r.Label, r.Type.Label, r.Text, r.Cause, r.Event, r.User, r.UserName, r.RemoteUser} {
		if strings.Contains(strings.ToLower(text), part) {
			return true
		}
	}
	return false
}

// happeningCursor is the row with which a page ended.
type happeningCursor struct {
	Time       int64         `json:"t"`
	Session    rtc.SessionID `json:"s,string"`
	Index      uint32        `json:"i"`
	Place      uint16        `json:"p"`
	Type       string        `json:"y"`
	Descending bool          `json:"d,omitempty"`
}

func cursorAt(r *Happening, descending bool) happeningCursor {
	return happeningCursor{r.Time.UnixMilli(), r.Session, r.Index, r.Place, r.Type.Slug, descending}
}

// further returns what comes after the cursor's row.
func (c *happeningCursor) further(rows []Happening) []Happening {
	kind := happening.Find(c.Type)
	if kind == nil {
		return nil
	}
	last := happening.Row{Type: kind, Time: time.UnixMilli(c.Time), Session: c.Session, Index: c.Index, Place: c.Place}
	for i := range rows {
		at := rows[i].Row
		at.Time = time.UnixMilli(at.Time.UnixMilli())
		if order := happening.Compare(&at, &last); order > 0 && !c.Descending || order < 0 && c.Descending {
			return rows[i:]
		}
	}
	return nil
}

// values reads what the events of rows carry, as it is stored.
func (q *Query) values(ctx context.Context, app rtc.AppID, call rtc.CallID, rows []Happening) error {
	type key struct {
		session rtc.SessionID
		index   uint32
	}
	of := map[key][]int{}
	var sessions []rtc.SessionID
	var indexes []uint32
	from, to := largest, int64(0)
	for i := range rows {
		r := &rows[i]
		k := key{r.Session, r.Index}
		if r.Index == 0 {
			continue
		}
		if of[k] == nil {
			sessions, indexes = append(sessions, r.Session), append(indexes, r.Index)
		}
		of[k] = append(of[k], i)
		from, to = min(from, r.Time.UnixMilli()), max(to, r.Time.UnixMilli())
	}
	if len(of) == 0 {
		return nil
	}
	params := append(ofCall(app, call), clickhouse.Int("from", from), clickhouse.Int("to", to), clickhouse.Uints("sessions", sessions), clickhouse.Uints("indexes", indexes))
	events, err := ask(ctx, q.db, clickhouse.Question{SQL: valuesOfEvents, Params: params, Cheap: true, Settings: newest}, carriedFields)
	for i := range events {
		for _, at := range of[key{events[i].Session, events[i].Index}] {
			rows[at].Value = events[i].Value
		}
	}
	return err
}
