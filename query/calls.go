package query

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/peerglass/peerglass/rtc"
	"github.com/peerglass/peerglass/store/clickhouse"
)

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
