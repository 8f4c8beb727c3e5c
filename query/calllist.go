package query

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
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
	ByScore // those without a score come last, either way
)

// CallFilter narrows and orders the list of an app's calls. Zero members do
// not narrow. What is said of a stay (User to Systems) is said of one and the
// same: a call in which ada came with Firefox, not one in which ada was and
// somebody had Firefox.
type CallFilter struct {
	From, To   time.Time  // calls that were going on at some time in [From, To)
	Call       rtc.CallID // this one alone
	Room       string     // exact room id
	RoomPrefix string     // beginning of the room id

	User       string   // exact id of someone who joined, or the whole name in any case
	UserPrefix string   // beginning of the id, or of the name in any case
	Key        string   // the application attached this key
	Value      string   // and this value to it; "" is any
	Regions    []string // any of them: "DE" is the whole country, "DE, Berlin" that place
	Browsers   []string // any of them
	Systems    []string // any of them: operating systems

	Issues      []string  // an issue of any of these types
	MinSeverity rtc.Level // an issue at least as bad; with Issues, of those
	NoIssues    bool      // looked at, and nothing was found
	MinScore    *float32
	MaxScore    *float32

	Status      Status
	MinDuration time.Duration
	MaxDuration time.Duration

	Sort      CallSort
	Ascending bool // otherwise the largest, the newest first
	Limit     int  // of a page; 0 is 10, at most 5000
	Cursor    string
	NoTotal   bool // leave out the count of all that match
	AllCount  bool // count them all, however long that takes
}

// CallPage is one page of calls.
type CallPage struct {
	Calls  []rtc.Call // End is zero while a call is in progress
	Total  int        // all that matched when the first page was asked for; -1 with NoTotal
	More   bool       // there are more than Total, which were not counted
	Cursor string     // of the next page; "" after the last
}

// duration is how long a call has lasted, in ms, at the time of the question.
const duration = `if(end = 0, {now:Int64}, toUnixTimestamp64Milli(end)) - toUnixTimestamp64Milli(start)`

// country is what stands before the comma of a region; written so that the
// engine works it out once for each region there is, not for each row.
const country = `replaceRegexpOne(region, '(?s), .*', '')`

// conditions are those of a WHERE, with what is bound in them.
type conditions struct {
	texts  []string
	params []clickhouse.Param
}

func (c *conditions) add(text string, params ...clickhouse.Param) {
	c.texts = append(c.texts, text)
	c.params = append(c.params, params...)
}

// and writes the conditions behind others.
func (c *conditions) and() string {
	text := ""
	for _, t := range c.texts {
		text += "\n\tAND " + t
	}
	return text
}

// question is a filter made ready to be asked.
type question struct {
	params []clickhouse.Param
	within string // what bounds the ids of every table's rows: the app, and the time as far as ids tell it
	since  string // the rest of the time range, for tables that do not tell when calls ended
	own    string // what calls' own rows are asked for, the rest of the time range with it
	narrow bool   // that is more than the time range
	steps  []step // what else is asked for; the rarest first once it is known
	told   string // what is asked of the verdict
	scored bool   // only calls with a score match

	search
	few      bool // few calls match, or few need to be looked at
	fewCalls bool // by their own rows
}

// with is the question with one more parameter.
func (q *question) with(p clickhouse.Param) *question {
	more := *q
	more.params = append(q.params[:len(q.params):len(q.params)], p)
	return &more
}

// compile turns a filter into conditions. Each condition is one constant text;
// values are bound.
func (f *CallFilter) compile(app rtc.AppID, now int64) *question {
	from, to := span(f.From, f.To)
	q := &question{within: "app = {app:UInt32} AND call < {before:UInt64}"}
	var own conditions
	own.params = []clickhouse.Param{clickhouse.Uint("app", app), clickhouse.Uint("before", rtc.FirstID(to)), clickhouse.Int("now", now)}
	if f.Call != 0 {
		q.within += " AND call = {id:UInt64}"
		own.params = append(own.params, clickhouse.Uint("id", f.Call))
	}
	if f.Room != "" {
		own.add("room = {room:String}", clickhouse.String("room", f.Room))
	}
	if f.RoomPrefix != "" {
		own.add("startsWith(room, {prefix:String})", clickhouse.String("prefix", f.RoomPrefix))
	}
	switch f.Status {
	case InProgress:
		own.add("end = 0")
	case Ended:
		own.add("end != 0")
	case AnyStatus:
	}
	if f.MinDuration > 0 {
		own.add(duration+" >= {shortest:Int64}", clickhouse.Int("shortest", f.MinDuration.Milliseconds()))
	}
	if f.MaxDuration > 0 {
		own.add(duration+" <= {longest:Int64}", clickhouse.Int("longest", f.MaxDuration.Milliseconds()))
	}
	q.narrow = len(own.texts) > 0
	if !f.From.IsZero() {
		// Ids tell when calls began. Only of those that began before the range
		// it must be asked when they ended.
		const goingOn = "(end = 0 OR end > fromUnixTimestamp64Milli({from:Int64}))"
		own.add("(call >= {first:UInt64} OR "+goingOn+")", clickhouse.Int("from", from), clickhouse.Uint("first", rtc.FirstID(from)))
		q.since = "\n\tAND (call >= {first:UInt64} OR call IN (SELECT call FROM calls FINAL WHERE " + q.within + " AND call < {first:UInt64} AND " + goingOn + "))"
	}
	told := f.told()
	q.steps, q.params = f.steps(), own.params
	for _, s := range q.steps {
		q.params = append(q.params, s.params...)
	}
	q.params = append(q.params, told.params...)
	q.own, q.told = own.and(), told.and()
	q.scored = f.MinScore != nil || f.MaxScore != nil
	return q
}

// steps says what is asked of stays and of issues.
func (f *CallFilter) steps() (all []step) {
	stay := func(cond, told string, params ...clickhouse.Param) {
		all = append(all, step{cond: cond, told: told, ofStay: true, params: params})
	}
	if f.User != "" {
		stay("(kind = 'user' AND value = {user:String} OR kind = 'name' AND value = lowerUTF8({user:String}))",
			"(user = {user:String} OR lowerUTF8(user_name) = lowerUTF8({user:String}))", clickhouse.String("user", f.User))
	}
	if f.UserPrefix != "" {
		stay("(kind = 'user' AND startsWith(value, {begin:String}) OR kind = 'name' AND startsWith(value, lowerUTF8({begin:String})))",
			"(startsWith(user, {begin:String}) OR startsWith(lowerUTF8(user_name), lowerUTF8({begin:String})))", clickhouse.String("begin", f.UserPrefix))
		all[len(all)-1].prefix = true
	}
	switch {
	case f.Key == "":
	case f.Value == "":
		stay("kind = 'key' AND value = {key:String}", "", clickhouse.String("key", f.Key))
	default:
		stay("kind = 'value' AND value = concat(toString(length({key:String})), ':', {key:String}, {value:String})", "", clickhouse.String("key", f.Key), clickhouse.String("value", f.Value))
	}
	if len(f.Regions) > 0 {
		stay("(kind = 'region' AND value IN {regions:Array(String)} OR kind = 'country' AND value IN {regions:Array(String)})",
			"(region IN {regions:Array(String)} OR "+country+" IN {regions:Array(String)})", clickhouse.Strings("regions", f.Regions))
	}
	if len(f.Browsers) > 0 {
		stay("kind = 'browser' AND value IN {browsers:Array(String)}", "browser IN {browsers:Array(String)}", clickhouse.Strings("browsers", f.Browsers))
	}
	if len(f.Systems) > 0 {
		stay("kind = 'system' AND value IN {systems:Array(String)}", "os IN {systems:Array(String)}", clickhouse.Strings("systems", f.Systems))
	}
	if len(f.Issues) > 0 {
		all = append(all, step{cond: "kind = 'issue' AND value IN {issues:Array(String)} AND level >= {severity:UInt8}",
			params: []clickhouse.Param{clickhouse.Strings("issues", f.Issues), clickhouse.Uint("severity", max(f.MinSeverity, rtc.Low))}})
	}
	return all
}

// told says what is asked of the verdict. Not measured is NaN, which lies in no
// range.
func (f *CallFilter) told() (c conditions) {
	if f.MinScore != nil {
		c.add("score >= {lowest:Float32}", clickhouse.Float("lowest", float64(*f.MinScore)))
	}
	if f.MaxScore != nil {
		c.add("score <= {highest:Float32}", clickhouse.Float("highest", float64(*f.MaxScore)))
	}
	if f.NoIssues {
		c.add("issues_low = 0 AND issues_medium = 0 AND issues_high = 0")
	}
	if len(f.Issues) == 0 {
		switch f.MinSeverity {
		case rtc.Low:
			c.add("(issues_low > 0 OR issues_medium > 0 OR issues_high > 0)")
		case rtc.Medium:
			c.add("(issues_medium > 0 OR issues_high > 0)")
		case rtc.High:
			c.add("issues_high > 0")
		case rtc.Clear:
		}
	}
	return c
}

// callOrders are the expressions that each order goes by; the id, which is the
// time of the start, decides between equals. A score is not the call's own: it
// has statements of its own, below.
var callOrders = [...]struct{ expr, typ string }{
	ByStart:    {"call", "UInt64"},
	ByDuration: {duration, "Int64"},
	ByUsers:    {"users", "UInt32"},
	ByRoom:     {"room", "String"},
	ByStatus:   {"end = 0", "UInt8"},
	ByScore:    {},
}

// callCursor is where a page ended. It carries the clock of the first page:
// the durations of calls in progress must not move while someone turns pages;
// and what was counted then.
type callCursor struct {
	Sort      CallSort `json:"s"`
	Ascending bool     `json:"a,omitempty"`
	Number    int64    `json:"n,omitempty"`
	Text      string   `json:"t,omitempty"`
	Unscored  bool     `json:"u,omitempty"` // by score: it was among the calls without one
	Call      string   `json:"c"`
	Now       int64    `json:"w"`
	Total     int      `json:"m,omitempty"` // calls that match, and one; 0: they were not counted
	More      bool     `json:"o,omitempty"` // than those
}

const (
	callsPerPage = 10
	maxCalls     = 5000
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
	at := callCursor{Sort: f.Sort, Ascending: f.Ascending, Now: q.now().UnixMilli()}
	var after rtc.CallID
	if f.Cursor != "" {
		at = callCursor{}
		err := decodeCursor(f.Cursor, &at)
		if err == nil {
			var id uint64
			id, err = rtc.ParseID(at.Call)
			after = rtc.CallID(id)
		}
		if err != nil || at.Sort != f.Sort || at.Ascending != f.Ascending {
			return CallPage{}, ErrCursor
		}
	}
	asked := f.compile(app, at.Now)
	if err := q.weigh(ctx, asked, !f.From.IsZero()); err != nil {
		return CallPage{}, fmt.Errorf("list calls: %w", err)
	}
	page := CallPage{Total: -1}
	scores := map[rtc.CallID]float32{}
	counting := !f.NoTotal && (at.Total == 0 || at.More && f.AllCount)
	both := counting && asked.searched() && asked.few && after == 0 && f.Sort != ByScore
	group, ctx := errgroup.WithContext(ctx)
	switch {
	case f.NoTotal || both:
	case !counting:
		page.Total, page.More = at.Total-1, at.More
	default:
		group.Go(func() (err error) {
			page.Total, page.More, err = q.total(ctx, asked, f.AllCount)
			return err
		})
	}
	group.Go(func() (err error) {
		switch {
		case both:
			page.Calls, page.Total, err = q.pageOfFew(ctx, asked, at, limit+1)
		case f.Sort == ByScore:
			page.Calls, err = q.callsByScore(ctx, asked, at, after, limit+1, scores)
		default:
			page.Calls, err = q.page(ctx, asked, at, after, limit+1)
		}
		return err
	})
	if err := group.Wait(); err != nil {
		return CallPage{}, fmt.Errorf("list calls: %w", err)
	}
	if len(page.Calls) > limit {
		page.Calls = page.Calls[:limit]
		at.Total, at.More = page.Total+1, page.More
		page.Cursor = encodeCursor(at.behind(&page.Calls[limit-1], scores))
	}
	return page, nil
}

// behind is the cursor of what follows the call.
func (at callCursor) behind(last *rtc.Call, scores map[rtc.CallID]float32) callCursor {
	at.Call, at.Number, at.Text, at.Unscored = last.ID.String(), 0, "", false
	switch at.Sort {
	case ByStart:
	case ByDuration:
		end := at.Now
		if !last.End.IsZero() {
			end = last.End.UnixMilli()
		}
		at.Number = end - last.Start.UnixMilli()
	case ByUsers:
		at.Number = int64(last.Users)
	case ByRoom:
		at.Text = last.Room
	case ByStatus:
		if last.End.IsZero() {
			at.Number = 1
		}
	case ByScore:
		score, ok := scores[last.ID]
		at.Number, at.Unscored = int64(math.Float32bits(score)), !ok
	}
	return at
}

// direction returns how an order is written, and what comes after in it.
func (at *callCursor) direction() (word, after string) {
	if at.Ascending {
		return "ASC", ">"
	}
	return "DESC", "<"
}

// callsBy asks for calls in an order that their own rows tell; after is 0 for
// the first.
func (q *Query) callsBy(ctx context.Context, asked *question, where string, at callCursor, after rtc.CallID, limit int) ([]rtc.Call, error) {
	word, sign := at.direction()
	by := callOrders[at.Sort]
	order := by.expr + " " + word + ", call " + word
	params := append([]clickhouse.Param{clickhouse.Uint("limit", uint32(limit))}, asked.params...)
	if at.Sort == ByStart { // the table's own order: read from its end until the page is full
		order = "app " + word + ", call " + word
	}
	if after != 0 {
		params = append(params, clickhouse.Uint("call", after))
		switch at.Sort {
		case ByStart:
			where += "\n\tAND call " + sign + " {call:UInt64}"
		case ByRoom:
			params = append(params, clickhouse.String("key_of_order", at.Text))
		default:
			params = append(params, clickhouse.Int("key_of_order", at.Number))
		}
		if at.Sort != ByStart {
			where += "\n\tAND (" + by.expr + ", call) " + sign + " ({key_of_order:" + by.typ + "}, {call:UInt64})"
		}
	}
	sql := "SELECT " + list(callFields) + " FROM calls FINAL" + where + "\n\tORDER BY " + order + " LIMIT {limit:UInt32}"
	return ask(ctx, q.db, clickhouse.Question{SQL: sql, Params: params, Cheap: true, Settings: newestOfKept}, callFields)
}

type scoredCall struct {
	call  rtc.CallID
	score float32
}

var scoredFields = []field[scoredCall]{
	fromUint64("call", func(r *scoredCall, v uint64) { r.call = rtc.CallID(v) }),
	fromFloat32("score", func(r *scoredCall, v float32) { r.score = v }),
}

// callsByScore asks the verdicts first, whose order it is, and joins nothing: a
// million calls are not put beside a million verdicts for a page of ten. It
// fills scores. Calls without a score follow by their start.
func (q *Query) callsByScore(ctx context.Context, asked *question, at callCursor, after rtc.CallID, limit int, scores map[rtc.CallID]float32) ([]rtc.Call, error) {
	word, sign := at.direction()
	var page []rtc.Call
	if !at.Unscored {
		var err error
		if page, err = q.scoredCalls(ctx, asked, at, after, limit, scores); err != nil || len(page) == limit {
			return page, err
		}
		after = 0 // from the first call without a score on
	}
	if asked.scored {
		return page, nil
	}
	scored := "SELECT call FROM verdicts FINAL WHERE " + asked.within + " AND NOT isNaN(score)"
	if asked.few {
		scored += "\n\tAND call IN (" + asked.matching("") + ")"
	}
	where := asked.where("") + "\n\tAND call NOT IN (" + scored + ")"
	params := append([]clickhouse.Param{clickhouse.Uint("limit", uint32(limit-len(page)))}, asked.params...)
	if after != 0 {
		where += "\n\tAND call " + sign + " {call:UInt64}"
		params = append(params, clickhouse.Uint("call", after))
	}
	sql := "SELECT " + list(callFields) + " FROM calls FINAL" + where + "\n\tORDER BY app " + word + ", call " + word + " LIMIT {limit:UInt32}"
	unscored, err := ask(ctx, q.db, clickhouse.Question{SQL: sql, Params: params, Cheap: true, Settings: newestOfKept}, callFields)
	return append(page, unscored...), err
}

// scoredCalls asks for the calls with a score. Where many match the first by
// score are looked at, and all only if those do not fill the page.
func (q *Query) scoredCalls(ctx context.Context, asked *question, at callCursor, after rtc.CallID, limit int, scores map[rtc.CallID]float32) ([]rtc.Call, error) {
	match, look := asked.narrow || asked.few, limit
	if asked.searched() && !asked.few {
		match, look = false, q.search.named(limit)
	}
	for {
		best, err := q.bestCalls(ctx, asked, at, after, look, match)
		if err != nil {
			return nil, err
		}
		calls, err := q.callsOf(ctx, asked, best)
		// Retention may have taken calls and come to their verdicts yet: those
		// must not make the page look like the last.
		last := match || len(best) < look
		if err == nil && !match && asked.searched() {
			calls, err = q.matches(ctx, asked, calls, limit)
		}
		if err != nil {
			return nil, err
		}
		if last || len(calls) >= limit {
			for _, b := range best {
				scores[b.call] = b.score
			}
			return calls[:min(limit, len(calls))], nil
		}
		match, look = true, limit
	}
}

// bestCalls asks the verdicts for calls; only for such that match all of the
// filter where that is to be looked at.
func (q *Query) bestCalls(ctx context.Context, asked *question, at callCursor, after rtc.CallID, limit int, match bool) ([]scoredCall, error) {
	word, sign := at.direction()
	where := "\n\tWHERE " + asked.within + asked.since + "\n\tAND NOT isNaN(score)" + asked.told
	if match {
		where += "\n\tAND call IN (SELECT call FROM calls FINAL" + asked.where("") + ")"
	}
	params := append([]clickhouse.Param{clickhouse.Uint("limit", uint32(limit))}, asked.params...)
	if after != 0 {
		where += "\n\tAND (score, call) " + sign + " ({key_of_order:Float32}, {call:UInt64})"
		params = append(params, clickhouse.Uint("call", after), clickhouse.Float("key_of_order", float64(math.Float32frombits(uint32(at.Number)))))
	}
	sql := "SELECT " + list(scoredFields) + " FROM verdicts FINAL" + where + "\n\tORDER BY score " + word + ", call " + word + " LIMIT {limit:UInt32}"
	return ask(ctx, q.db, clickhouse.Question{SQL: sql, Params: params, Cheap: true, Settings: newestOfKept}, scoredFields)
}

// callsOf reads the calls of a page in its order.
func (q *Query) callsOf(ctx context.Context, asked *question, page []scoredCall) ([]rtc.Call, error) {
	if len(page) == 0 {
		return nil, nil
	}
	ids := make([]rtc.CallID, len(page))
	for i := range page {
		ids[i] = page[i].call
	}
	sql := "SELECT " + list(callFields) + " FROM calls FINAL WHERE " + asked.within + " AND call IN {ids:Array(UInt64)}" + asked.own
	rows, err := ask(ctx, q.db, clickhouse.Question{SQL: sql, Params: append([]clickhouse.Param{clickhouse.Uints("ids", ids)}, asked.params...), Cheap: true, Settings: newestOfKept}, callFields)
	if err != nil {
		return nil, err
	}
	byID := make(map[rtc.CallID]rtc.Call, len(rows))
	for _, c := range rows {
		byID[c.ID] = c
	}
	calls := make([]rtc.Call, 0, len(page))
	for _, id := range ids {
		if c, ok := byID[id]; ok {
			calls = append(calls, c)
		}
	}
	return calls, nil
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
