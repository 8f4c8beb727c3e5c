package query

import (
	"context"
	"fmt"
	"time"

	"github.com/peerglass/peerglass/rtc"
	"github.com/peerglass/peerglass/store/clickhouse"
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

// eventsPage holds the statement ascending and descending.
var eventsPage = func() (texts [2]string) {
	for i, d := range []struct{ sign, word string }{{">", "ASC"}, {"<", "DESC"}} {
		texts[i] = "SELECT " + list(eventFields) + ` FROM events FINAL
			PREWHERE app = {app:UInt32} AND call = {call:UInt64}
			AND time >= fromUnixTimestamp64Milli({from:Int64}) AND time < fromUnixTimestamp64Milli({to:Int64})
			AND ({session:UInt64} = 0 OR session = {session:UInt64})
			AND (empty({kinds:Array(UInt8)}) OR has({kinds:Array(UInt8)}, toUInt8(kind)))
			AND toUInt8(severity) >= {severity:UInt8}
			AND ({search:String} = '' OR positionCaseInsensitiveUTF8(name, {search:String}) > 0)
			AND ({further:UInt8} = 0 OR (toUnixTimestamp64Milli(time), session, ` + "`index`) " + d.sign + ` ({at:Int64}, {of:UInt64}, {index:UInt32}))
			ORDER BY time ` + d.word + ", session " + d.word + ", `index` " + d.word + " LIMIT {limit:UInt32}"
	}
	return texts
}()

// eventCursor is where a page ended.
type eventCursor struct {
	Time       int64         `json:"t"`
	Session    rtc.SessionID `json:"s,string"`
	Index      uint32        `json:"i"`
	Descending bool          `json:"d,omitempty"`
}

const (
	eventsPerPage = 100
	maxEvents     = 10_000
)

// Events lists what happened in a call.
func (q *Query) Events(ctx context.Context, app rtc.AppID, call rtc.CallID, f EventFilter) (EventPage, error) {
	limit := f.Limit
	if limit <= 0 {
		limit = eventsPerPage
	}
	limit = min(limit, maxEvents)
	var after eventCursor
	if f.Cursor != "" {
		if err := decodeCursor(f.Cursor, &after); err != nil || after.Descending != f.Descending {
			return EventPage{}, ErrCursor
		}
	}
	from, to := span(f.From, f.To)
	params := append(ofCall(app, call),
		clickhouse.Int("from", from), clickhouse.Int("to", to), clickhouse.Uint("session", f.Session),
		clickhouse.Uints("kinds", f.Kinds), clickhouse.Uint("severity", f.MinSeverity), clickhouse.String("search", f.Search),
		clickhouse.Bool("further", f.Cursor != ""), clickhouse.Int("at", after.Time), clickhouse.Uint("of", after.Session),
		clickhouse.Uint("index", after.Index), clickhouse.Uint("limit", uint32(limit+1)))
	text := eventsPage[0]
	if f.Descending {
		text = eventsPage[1]
	}
	rows, err := ask(ctx, q.db, clickhouse.Question{SQL: text, Params: params, Cheap: true, Settings: newest}, eventFields)
	if err != nil {
		return EventPage{}, fmt.Errorf("list the events of call %s: %w", call, err)
	}
	page := EventPage{Events: rows}
	if len(rows) > limit {
		page.Events = rows[:limit]
		last := &rows[limit-1]
		page.Cursor = encodeCursor(eventCursor{last.Time.UnixMilli(), last.Session, last.Index, f.Descending})
	}
	return page, nil
}
