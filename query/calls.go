package query

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"time"

	"github.com/ClickHouse/ch-go/proto"
	"golang.org/x/sync/errgroup"

	"github.com/peerglass/peerglass/rtc"
	"github.com/peerglass/peerglass/store/clickhouse"
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

// duration is how long a call has lasted, in ms, at the time of the question.
const duration = `if(end = 0, {now:Int64}, toUnixTimestamp64Milli(end)) - toUnixTimestamp64Milli(start)`

// callsWhere narrows the list. A filter that is not set is a constant truth,
// which the engine folds away before it looks at the indexes.
const callsWhere = `
	WHERE app = {app:UInt32}
	AND call < {before:UInt64} AND (end = 0 OR end > fromUnixTimestamp64Milli({from:Int64}))
	AND ({room:String} = '' OR room = {room:String})
	AND ({prefix:String} = '' OR startsWith(room, {prefix:String}))
	AND ({user:String} = '' OR call IN (
		SELECT call FROM sessions FINAL
		WHERE app = {app:UInt32} AND user = {user:String} AND {user:String} != '' AND call < {before:UInt64}))
	AND ({status:UInt8} = 0 OR ({status:UInt8} = 1) = (end = 0))
	AND ({shortest:Int64} = 0 OR ` + duration + ` >= {shortest:Int64})
	AND ({longest:Int64} = 0 OR ` + duration + ` <= {longest:Int64})`

const callsTotal = `SELECT toInt64(count()) FROM calls FINAL` + callsWhere

// callOrders are the expressions that each order goes by; the id, which is the
// time of the start, decides between equals.
var callOrders = [...]struct{ expr, typ string }{
	ByStart:    {"call", "UInt64"},
	ByDuration: {duration, "Int64"},
	ByUsers:    {"users", "UInt32"},
	ByRoom:     {"room", "String"},
	ByStatus:   {"end = 0", "UInt8"},
}

// callsPage holds the statement of each order, descending and ascending, for
// the first page and for those after a cursor.
var callsPage = func() (texts [len(callOrders)][2][2]string) {
	for sort, o := range callOrders {
		for ascending := range 2 {
			sign, word := "<", "DESC"
			if ascending == 1 {
				sign, word = ">", "ASC"
			}
			order := o.expr + " " + word + ", call " + word
			after := "\n\tAND (" + o.expr + ", call) " + sign + " ({key:" + o.typ + "}, {call:UInt64})"
			if CallSort(sort) == ByStart { // the table's own order: read from its end until the page is full
				order = "app " + word + ", call " + word
				after = "\n\tAND call " + sign + " {call:UInt64}"
			}
			for further, where := range []string{"", after} {
				texts[sort][ascending][further] = "SELECT " + list(callFields) + " FROM calls FINAL" + callsWhere + where +
					"\n\tORDER BY " + order + " LIMIT {limit:UInt32}"
			}
		}
	}
	return texts
}()

// callCursor is where a page ended. It carries the clock of the first page:
// the durations of calls in progress must not move while someone turns pages.
type callCursor struct {
	Sort      CallSort `json:"s"`
	Ascending bool     `json:"a,omitempty"`
	Number    int64    `json:"n,omitempty"`
	Text      string   `json:"t,omitempty"`
	Call      string   `json:"c"`
	Now       int64    `json:"w"`
}

const (
	callsPerPage = 10
	maxCalls     = 1000
)

// Calls lists calls of an app.
func (q *Query) Calls(ctx context.Context, app rtc.AppID, f CallFilter) (CallPage, error) {
	if int(f.Sort) >= len(callOrders) {
		return CallPage{}, fmt.Errorf("list calls: no order %d", f.Sort)
	}
	limit := f.Limit
	if limit <= 0 {
		limit = callsPerPage
	}
	limit = min(limit, maxCalls)
	cursor := callCursor{Sort: f.Sort, Ascending: f.Ascending, Now: q.now().UnixMilli()}
	var after uint64
	if f.Cursor != "" {
		cursor = callCursor{}
		err := decodeCursor(f.Cursor, &cursor)
		if err == nil {
			after, err = rtc.ParseID(cursor.Call)
		}
		if err != nil || cursor.Sort != f.Sort || cursor.Ascending != f.Ascending {
			return CallPage{}, ErrCursor
		}
	}
	from, to := span(f.From, f.To)
	params := []clickhouse.Param{
		clickhouse.Uint("app", app), clickhouse.Uint("before", rtc.FirstID(to)), clickhouse.Int("from", from),
		clickhouse.String("room", f.Room), clickhouse.String("prefix", f.RoomPrefix), clickhouse.String("user", f.User),
		clickhouse.Uint("status", f.Status), clickhouse.Int("now", cursor.Now),
		clickhouse.Int("shortest", f.MinDuration.Milliseconds()), clickhouse.Int("longest", f.MaxDuration.Milliseconds()),
	}
	page := CallPage{Total: -1}
	group, ctx := errgroup.WithContext(ctx)
	if !f.NoTotal {
		group.Go(func() (err error) {
			page.Total, err = q.count(ctx, callsTotal, params)
			return err
		})
	}
	group.Go(func() (err error) {
		further := 0
		params := append([]clickhouse.Param(nil), params...)
		params = append(params, clickhouse.Uint("limit", uint32(limit+1)))
		if f.Cursor != "" {
			further = 1
			params = append(params, clickhouse.Uint("call", after))
			if f.Sort == ByRoom {
				params = append(params, clickhouse.String("key", cursor.Text))
			} else if f.Sort != ByStart {
				params = append(params, clickhouse.Int("key", cursor.Number))
			}
		}
		ascending := 0
		if f.Ascending {
			ascending = 1
		}
		page.Calls, err = ask(ctx, q.db, clickhouse.Question{SQL: callsPage[f.Sort][ascending][further], Params: params, Cheap: true, Settings: newestOfKept}, callFields)
		return err
	})
	if err := group.Wait(); err != nil {
		return CallPage{}, fmt.Errorf("list calls: %w", err)
	}
	if len(page.Calls) > limit {
		page.Calls = page.Calls[:limit]
		last := &page.Calls[limit-1]
		cursor.Call, cursor.Number, cursor.Text = last.ID.String(), 0, ""
		switch f.Sort {
		case ByDuration:
			end := cursor.Now
			if !last.End.IsZero() {
				end = last.End.UnixMilli()
			}
			cursor.Number = end - last.Start.UnixMilli()
		case ByUsers:
			cursor.Number = int64(last.Users)
		case ByRoom:
			cursor.Text = last.Room
		case ByStatus:
			if last.End.IsZero() {
				cursor.Number = 1
			}
		}
		page.Cursor = encodeCursor(cursor)
	}
	return page, nil
}

// count asks for one number.
func (q *Query) count(ctx context.Context, sql string, params []clickhouse.Param) (int, error) {
	var column proto.ColInt64
	n := 0
	err := q.db.Select(ctx, clickhouse.Question{SQL: sql, Params: params, Cheap: true, Settings: newestOfKept},
		proto.Results{{Data: &column}}, func(int) error { n = int(column[0]); return nil })
	return n, explain(err)
}

func encodeCursor(c any) string {
	b, err := json.Marshal(c)
	if err != nil {
		panic(err) // numbers and texts only
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

func decodeCursor(s string, c any) error {
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		return err
	}
	return json.Unmarshal(b, c)
}

var oneCall = "SELECT " + list(callFields) + " FROM calls FINAL WHERE app = {app:UInt32} AND call = {call:UInt64}"

// Call returns one call, or ErrNotFound. Its End is zero while it is in
// progress.
func (q *Query) Call(ctx context.Context, app rtc.AppID, call rtc.CallID) (rtc.Call, error) {
	calls, err := ask(ctx, q.db, clickhouse.Question{SQL: oneCall, Params: ofCall(app, call), Cheap: true, Settings: newest}, callFields)
	switch {
	case err != nil:
		return rtc.Call{}, fmt.Errorf("find call %s: %w", call, err)
	case len(calls) == 0:
		return rtc.Call{}, ErrNotFound
	}
	return calls[0], nil
}

func ofCall(app rtc.AppID, call rtc.CallID) []clickhouse.Param {
	return []clickhouse.Param{clickhouse.Uint("app", app), clickhouse.Uint("call", call)}
}

// AppCount says how busy an app is.
type AppCount struct {
	App        rtc.AppID
	Calls      int       // that began in the range
	InProgress int       // now
	Online     int       // sessions now
	Sessions   int       // stays in the calls that began in the range
	LastCall   time.Time // start of the newest call that began before the end of the range
}

var appCountFields = []field[AppCount]{
	fromUint64("app", func(r *AppCount, v uint64) { r.App = rtc.AppID(v) }),
	fromInt64("countIf(call >= {from:UInt64} AND call < {to:UInt64})", func(r *AppCount, v int64) { r.Calls = int(v) }),
	fromInt64("countIf(end = 0)", func(r *AppCount, v int64) { r.InProgress = int(v) }),
	fromInt64("sumIf(sessions, call >= {from:UInt64} AND call < {to:UInt64})", func(r *AppCount, v int64) { r.Sessions = int(v) }),
	fromTime("maxIf(start, call < {to:UInt64})", func(r *AppCount, v time.Time) { r.LastCall = v }),
}

var appCounts = "SELECT " + list(appCountFields) + " FROM calls FINAL WHERE app IN {apps:Array(UInt32)} GROUP BY app"

var onlineFields = []field[AppCount]{
	fromUint64("app", func(r *AppCount, v uint64) { r.App = rtc.AppID(v) }),
	fromInt64("count()", func(r *AppCount, v int64) { r.Online = int(v) }),
}

// A session without an end counts only while its call goes on: that of a node
// that died may never get one.
var appsOnline = "SELECT " + list(onlineFields) + ` FROM sessions FINAL
	WHERE app IN {apps:Array(UInt32)} AND end = 0
	AND (app, call) IN (SELECT app, call FROM calls FINAL WHERE app IN {apps:Array(UInt32)} AND end = 0)
	GROUP BY app`

// Counts returns a count per app, in the order of apps, over calls that began
// in [from, to).
func (q *Query) Counts(ctx context.Context, apps []rtc.AppID, from, to time.Time) ([]AppCount, error) {
	if len(apps) == 0 {
		return nil, nil
	}
	first, last := span(from, to)
	params := []clickhouse.Param{clickhouse.Uints("apps", apps), clickhouse.Uint("from", rtc.FirstID(first)), clickhouse.Uint("to", rtc.FirstID(last))}
	var counted, online []AppCount
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		counted, err = ask(ctx, q.db, clickhouse.Question{SQL: appCounts, Params: params, Cheap: true, Settings: newest}, appCountFields)
		return err
	})
	group.Go(func() (err error) {
		online, err = ask(ctx, q.db, clickhouse.Question{SQL: appsOnline, Params: params[:1], Cheap: true, Settings: newest}, onlineFields)
		return err
	})
	if err := group.Wait(); err != nil {
		return nil, fmt.Errorf("count calls: %w", err)
	}
	all := make([]AppCount, len(apps))
	for i, app := range apps {
		all[i].App = app
		for _, c := range counted {
			if c.App == app {
				all[i] = c
			}
		}
		for _, c := range online {
			if c.App == app {
				all[i].Online = c.Online
			}
		}
	}
	return all, nil
}
