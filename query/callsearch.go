package query

import (
	"cmp"
	"context"
	"slices"

	"github.com/ClickHouse/ch-go/proto"
	"golang.org/x/sync/errgroup"

	"github.com/peerglass/peerglass/rtc"
	"github.com/peerglass/peerglass/store/clickhouse"
)

// A value that few calls have is found in the table of traits, which is ordered
// by value, and a page is made of all calls that have it. Where each value that
// is asked for is that of many calls, the first calls in the order asked for
// are looked at until the page is full, and calls are counted as far as that
// tells something. What was tried in vain costs little; then all are looked at.

// search says what is few and what is many.
type search struct {
	rows    int64 // so many are read whole, for each thing that is asked for
	calls   int   // so many calls are
	first   int   // so many calls are looked at first for a page, at least
	perCall int   // and for each place on it
	byName  int   // but so many at most where they are named one by one
	window  int   // in so many calls is counted first
	widest  int   // in more than so many: in all
	counted int   // so many calls are counted before others are only "more"
}

var sensible = search{rows: 60_000, calls: 20_000, first: 1000, perCall: 20, byName: 8000, window: 25_000, widest: 500_000, counted: 10_000}

// named is how many calls are looked at one by one for a page.
func (s *search) named(limit int) int {
	return max(limit, min(s.byName, max(s.first, s.perCall*limit)))
}

// step is one thing that is asked of calls and that their own rows do not tell.
type step struct {
	cond   string // of rows of traits
	told   string // of rows of sessions, where these can be read as fast
	ofStay bool   // it is said of a stay: the others must be said of the same
	params []clickhouse.Param
	rows   int64 // about how many traits there are
	prefix bool  // they are not in the order of calls
	stays  bool  // the rows of sessions are asked
}

// matching is the subquery of the calls for which all steps and the verdict
// hold, the rarest innermost; scope narrows the rows of every table. It is ""
// where nothing is asked for.
func (q *question) matching(scope string) string {
	inner, ofStay := "", false
	if q.fewCalls {
		inner = "SELECT call FROM calls FINAL WHERE " + q.within + scope + q.own
	}
	under := func(table, columns, cond string, same bool) {
		text := "SELECT " + columns + " FROM " + table + " FINAL WHERE " + q.within + scope + cond
		switch {
		case inner == "":
		case same && ofStay:
			text += "\n\tAND (call, session) IN (" + inner + ")"
		default:
			text += "\n\tAND call IN (" + inner + ")"
		}
		inner = text
	}
	for i, s := range q.steps {
		columns := "call"
		if s.ofStay && i+1 < len(q.steps) && q.steps[i+1].ofStay {
			columns = "call, session"
		}
		if s.stays {
			under("sessions", columns, "\n\tAND "+s.told, s.ofStay)
		} else {
			under("traits", columns, "\n\tAND level > 0 AND "+s.cond, s.ofStay)
		}
		ofStay = s.ofStay
	}
	if q.told != "" {
		under("verdicts", "call", q.told, false)
	}
	return inner
}

// order puts the rarest step first, and those that are said of one stay
// together. What many stays have is read from their own rows, all at once,
// where few of these are left or more than one thing is asked of them.
func (q *question) order() {
	slices.SortStableFunc(q.steps, func(a, b step) int { return cmp.Compare(a.rows, b.rows) })
	first := len(q.steps) > 0 && q.steps[0].ofStay
	slices.SortStableFunc(q.steps, func(a, b step) int {
		switch {
		case a.ofStay == b.ofStay:
			return 0
		case a.ofStay == first:
			return -1
		}
		return 1
	})
	var together *step
	kept := q.steps[:0]
	for i, s := range q.steps {
		few := i > 0 && q.steps[0].rows <= q.search.rows || q.fewCalls
		switch {
		case s.told == "" || s.rows <= q.search.rows:
		case together != nil:
			together.stays, together.told = true, together.told+" AND "+s.told
			continue
		default:
			s.stays = few || s.prefix
			kept = append(kept, s)
			together = &kept[len(kept)-1]
			continue
		}
		kept = append(kept, s)
	}
	q.steps = kept
}

// searched says whether more than the calls' own rows is asked for.
func (q *question) searched() bool { return len(q.steps) > 0 || q.told != "" }

// where narrows calls, within a scope.
func (q *question) where(scope string) string {
	text := "\n\tWHERE " + q.within + scope + q.own
	if q.searched() {
		text += "\n\tAND call IN (" + q.matching(scope) + ")"
	}
	return text
}

// nextCalls is the scope of so many calls from the newest or the oldest on, or
// behind those of the pages before.
func (q *question) nextCalls(ascending, behind bool, n int) (string, clickhouse.Param) {
	end, word, sign, from := "min", "DESC", ">=", " AND call < {call:UInt64}"
	if ascending {
		end, word, sign, from = "max", "ASC", "<=", " AND call > {call:UInt64}"
	}
	if !behind {
		from = ""
	}
	return "\n\tAND call " + sign + " (SELECT " + end + "(call) FROM (SELECT call FROM calls WHERE " + q.within + from +
		" ORDER BY app " + word + ", call " + word + " LIMIT {window:UInt32}))" + from, clickhouse.Uint("window", uint32(n))
}

var numberFields = []field[int64]{fromInt64("n", func(r *int64, v int64) { *r = v })}

// weigh learns how many have what is asked for, and puts the rarest first.
func (q *Query) weigh(ctx context.Context, asked *question, since bool) error {
	asked.search = q.search
	if !asked.searched() {
		return nil
	}
	var narrowed, oldest int
	group, ctx := errgroup.WithContext(ctx)
	recent := asked.within
	if since {
		recent += " AND call >= {first:UInt64}"
		group.Go(func() (err error) {
			oldest, err = q.count(ctx, "SELECT toInt64(if(count() = 0, {first:UInt64}, min(call))) FROM calls FINAL WHERE "+asked.within+
				" AND call < {first:UInt64} AND (end = 0 OR end > fromUnixTimestamp64Milli({from:Int64}))", asked.params)
			return err
		})
	}
	if asked.narrow {
		group.Go(func() (err error) {
			narrowed, err = q.count(ctx, "SELECT toInt64(count()) FROM calls FINAL WHERE "+asked.within+asked.own, asked.params)
			return err
		})
	}
	var rows []int64
	group.Go(func() (err error) {
		text := ""
		rowsOf := func(from string) {
			if text != "" {
				text += ", "
			}
			text += "(SELECT sum(rows) FROM (EXPLAIN ESTIMATE SELECT call FROM " + from + "))"
		}
		for _, s := range asked.steps {
			rowsOf("traits WHERE " + recent + " AND " + s.cond)
		}
		if asked.told != "" {
			rowsOf("verdicts WHERE " + recent)
		}
		rows, err = ask(ctx, q.db, clickhouse.Question{SQL: "SELECT " + list(numberFields) + " FROM (SELECT arrayJoin(arrayMap(r -> ifNull(r, 0), [" + text + "])) AS n)", Params: asked.params, Cheap: true}, numberFields)
		return err
	})
	if err := group.Wait(); err != nil {
		return err
	}
	for i := range asked.steps {
		asked.steps[i].rows = rows[i]
	}
	asked.fewCalls = asked.narrow && narrowed <= q.search.calls
	asked.few = slices.Min(rows) <= q.search.rows*int64(len(rows)) || asked.fewCalls
	asked.order()
	if since {
		asked.within += " AND call >= {oldest:UInt64}"
		asked.params = append(asked.params, clickhouse.Uint("oldest", uint64(oldest)))
	}
	return nil
}

// total counts the calls that match: all of them, or where that takes long so
// many that it does not matter how many more there are.
func (q *Query) total(ctx context.Context, asked *question, all bool) (n int, more bool, err error) {
	const counted = "SELECT toInt64(count()) FROM calls FINAL"
	if all || asked.few || !asked.searched() {
		n, err = q.count(ctx, counted+asked.where(""), asked.params)
		return n, false, err
	}
	limit := q.search.counted
	for window := q.search.window; window < q.search.widest; {
		scope, size := asked.nextCalls(false, false, window)
		n, err = q.count(ctx, counted+asked.where(scope), append(asked.params[:len(asked.params):len(asked.params)], size))
		if err != nil || n > limit {
			return min(n, limit), n > limit, err
		}
		// As many again as it takes, if they go on like that.
		window *= max(2, 2*limit/max(n, 1))
	}
	n, err = q.count(ctx, counted+asked.where(""), asked.params)
	return n, false, err
}

// countedCall is a call with how many there are of its like.
type countedCall struct {
	rtc.Call
	all int64
}

var countedFields = func() (all []field[countedCall]) {
	for _, f := range callFields {
		all = append(all, field[countedCall]{f.expr, func() (proto.ColResult, func(int, *countedCall)) {
			column, set := f.bind()
			return column, func(i int, t *countedCall) { set(i, &t.Call) }
		}})
	}
	return append(all, fromInt64("count() OVER ()", func(r *countedCall, v int64) { r.all = v }))
}()

// pageOfFew asks for the first page and the total at once.
func (q *Query) pageOfFew(ctx context.Context, asked *question, at callCursor, limit int) ([]rtc.Call, int, error) {
	word, _ := at.direction()
	sql := "SELECT " + list(countedFields) + " FROM calls FINAL" + asked.where("") + "\n\tORDER BY " + callOrders[at.Sort].expr + " " + word + ", call " + word + " LIMIT {limit:UInt32}"
	rows, err := ask(ctx, q.db, clickhouse.Question{SQL: sql, Params: append([]clickhouse.Param{clickhouse.Uint("limit", uint32(limit))}, asked.params...), Cheap: true, Settings: newestOfKept}, countedFields)
	if err != nil || len(rows) == 0 {
		return nil, 0, err
	}
	calls := make([]rtc.Call, len(rows))
	for i := range rows {
		calls[i] = rows[i].Call
	}
	return calls, int(rows[0].all), nil
}

// page asks for the calls of a page in an order that their own rows tell;
// after is 0 for the first.
func (q *Query) page(ctx context.Context, asked *question, at callCursor, after rtc.CallID, limit int) ([]rtc.Call, error) {
	switch {
	case !asked.searched() || asked.few:
	case at.Sort == ByStart:
		look := max(q.search.first, q.search.perCall*limit)
		for range 2 {
			scope, size := asked.nextCalls(at.Ascending, after != 0, look)
			calls, err := q.callsBy(ctx, asked.with(size), asked.where(scope), at, after, limit)
			if err != nil || len(calls) == limit {
				return calls, err
			}
			look *= 10
		}
	default:
		look := q.search.named(limit)
		first, err := q.callsBy(ctx, asked, "\n\tWHERE "+asked.within+asked.own, at, after, look)
		if err != nil {
			return nil, err
		}
		calls, err := q.matches(ctx, asked, first, limit)
		if err != nil || len(calls) == limit || len(first) < look {
			return calls, err
		}
	}
	return q.callsBy(ctx, asked, asked.where(""), at, after, limit)
}

// matches returns those of calls that match, up to so many.
func (q *Query) matches(ctx context.Context, asked *question, calls []rtc.Call, limit int) ([]rtc.Call, error) {
	if len(calls) == 0 {
		return nil, nil
	}
	ids := make([]rtc.CallID, len(calls))
	for i := range calls {
		ids[i] = calls[i].ID
	}
	found, err := ask(ctx, q.db, clickhouse.Question{SQL: "SELECT DISTINCT " + list(scoredFields[:1]) + " FROM (" + asked.matching(" AND call IN {ids:Array(UInt64)}") + ")",
		Params: append([]clickhouse.Param{clickhouse.Uints("ids", ids)}, asked.params...), Cheap: true, Settings: newest}, scoredFields[:1])
	if err != nil {
		return nil, err
	}
	known := make(map[rtc.CallID]bool, len(found))
	for _, f := range found {
		known[f.call] = true
	}
	calls = slices.DeleteFunc(calls, func(c rtc.Call) bool { return !known[c.ID] })
	return calls[:min(limit, len(calls))], nil
}
