package query

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/peerglass/peerglass/rtc"
	"github.com/peerglass/peerglass/store/clickhouse"
)

// Glance is what a list shows of a call besides its own row.
type Glance struct {
	People []Person // the first by join
	Slices []Slice  // the call's time in equal parts; none where none were asked for
}

// Person is a user as a list names them.
type Person struct {
	User string // "" for an anonymous one
	Name string
}

// Slice is one part of a call's time.
type Slice struct {
	Measured bool      // somebody who sent or received was there
	Worst    rtc.Level // of the issues at that time
	Issue    string    // type of the worst
}

// sliced says which slices of its call a row covers that begins at start and
// ends at end; one that has no end goes on until the call's. A row without
// length lies in one slice.
const sliced = `
	WITH indexOf({calls:Array(UInt64)}, call) AS place, {starts:Array(Int64)}[place] AS began, {lengths:Array(Int64)}[place] AS lasted,
		toInt64({slices:UInt32}) AS parts,
		greatest(0, least(parts - 1, intDiv((toUnixTimestamp64Milli(start) - began) * parts, lasted))) AS first_part,
		greatest(first_part, least(parts - 1, intDiv((if(end = 0, began + lasted, toUnixTimestamp64Milli(end)) - began) * parts - 1, lasted))) AS last_part`

const ofCalls = ` WHERE app = {app:UInt32} AND call IN {calls:Array(UInt64)}`

type slicedRow struct {
	call  rtc.CallID
	part  int
	level rtc.Level
	issue string
}

var presentFields = []field[slicedRow]{
	fromUint64("call", func(r *slicedRow, v uint64) { r.call = rtc.CallID(v) }),
	fromInt64("part", func(r *slicedRow, v int64) { r.part = int(v) }),
}

var worstFields = append(presentFields[:2:2],
	fromInt64("max(toUInt8(severity))", func(r *slicedRow, v int64) { r.level = rtc.Level(v) }),
	// Of equals the one that began first: the same each time it is asked.
	fromText("argMax(type, (toUInt8(severity), -toUnixTimestamp64Milli(start)))", func(r *slicedRow, v string) { r.issue = v }),
)

var (
	slicesPresent = sliced + " SELECT " + list(presentFields) + " FROM sessions FINAL ARRAY JOIN range(toUInt64(first_part), toUInt64(last_part) + 1) AS part" +
		ofCalls + " AND (sends OR receives) GROUP BY call, part"
	slicesWorst = sliced + " SELECT " + list(worstFields) + " FROM issues FINAL ARRAY JOIN range(toUInt64(first_part), toUInt64(last_part) + 1) AS part" +
		ofCalls + " AND severity != 'clear' GROUP BY call, part"
)

type personRow struct {
	call rtc.CallID
	Person
}

var personFields = []field[personRow]{
	fromUint64("call", func(r *personRow, v uint64) { r.call = rtc.CallID(v) }),
	fromText("user", func(r *personRow, v string) { r.User = v }),
	fromText("name", func(r *personRow, v string) { r.Name = v }),
}

// Each anonymous session is a person of its own.
var peopleOfCalls = "SELECT " + list(personFields) + ` FROM (
		SELECT call, user, argMaxIf(user_name, start, user_name != '') AS name, min(start) AS joined, min(session) AS session_first
		FROM sessions FINAL` + ofCalls + ` GROUP BY call, user, if(user = '', session, 0))
	ORDER BY call, joined, session_first LIMIT {people:UInt32} BY call`

// Glances returns what a list shows of calls: up to so many people of each, and
// its time in so many slices. 0 leaves either out.
func (q *Query) Glances(ctx context.Context, app rtc.AppID, calls []rtc.Call, people, slices int) (map[rtc.CallID]Glance, error) {
	of := make(map[rtc.CallID]Glance, len(calls))
	if len(calls) == 0 || people <= 0 && slices <= 0 {
		return of, nil
	}
	ids, starts, lengths := make([]rtc.CallID, len(calls)), make([]int64, len(calls)), make([]int64, len(calls))
	now := q.now()
	for i := range calls {
		c := &calls[i]
		end := c.End
		if end.IsZero() {
			end = now
		}
		ids[i], starts[i], lengths[i] = c.ID, c.Start.UnixMilli(), max(end.Sub(c.Start), time.Millisecond).Milliseconds()
		if slices > 0 {
			of[c.ID] = Glance{Slices: make([]Slice, slices)}
		}
	}
	params := []clickhouse.Param{clickhouse.Uint("app", app), clickhouse.Uints("calls", ids), clickhouse.Ints("starts", starts), clickhouse.Ints("lengths", lengths),
		clickhouse.Uint("slices", uint32(max(slices, 0))), clickhouse.Uint("people", uint32(max(people, 0)))}
	var persons []personRow
	var present, worst []slicedRow
	group, ctx := errgroup.WithContext(ctx)
	if people > 0 {
		group.Go(func() (err error) {
			persons, err = ask(ctx, q.db, clickhouse.Question{SQL: peopleOfCalls, Params: params, Cheap: true, Settings: newest}, personFields)
			return err
		})
	}
	if slices > 0 {
		group.Go(func() (err error) {
			present, err = ask(ctx, q.db, clickhouse.Question{SQL: slicesPresent, Params: params, Cheap: true, Settings: newest}, presentFields)
			return err
		})
		group.Go(func() (err error) {
			worst, err = ask(ctx, q.db, clickhouse.Question{SQL: slicesWorst, Params: params, Cheap: true, Settings: newest}, worstFields)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, fmt.Errorf("look at calls: %w", err)
	}
	for _, p := range persons {
		g := of[p.call]
		g.People = append(g.People, p.Person)
		of[p.call] = g
	}
	for _, p := range present {
		of[p.call].Slices[p.part].Measured = true
	}
	for _, w := range worst {
		s := &of[w.call].Slices[w.part]
		s.Worst, s.Issue = w.level, w.issue
	}
	return of, nil
}

// CallChoices are values that calls can be narrowed by, the most frequent
// first.
type CallChoices struct {
	Browsers []string
	Systems  []string
	Regions  []string
	Keys     []string
}

var choiceFields = []field[string]{fromText("value", func(r *string, v string) { *r = v })}

// choicesOf counts stays by a value. Versions of a row are not told apart: it is
// the order alone that they could change.
func choicesOf(value string) string {
	return "SELECT " + list(choiceFields) + " FROM (SELECT " + value + ` AS value, count() AS n FROM sessions
		WHERE app = {app:UInt32} AND call >= {first:UInt64} AND call < {before:UInt64} GROUP BY value)
		WHERE value != '' ORDER BY n DESC, value LIMIT 200`
}

// CallChoices returns the values that stays in calls which began in [from, to)
// have, at most 200 of each.
func (q *Query) CallChoices(ctx context.Context, app rtc.AppID, from, to time.Time) (CallChoices, error) {
	first, last := span(from, to)
	params := []clickhouse.Param{clickhouse.Uint("app", app), clickhouse.Uint("first", rtc.FirstID(first)), clickhouse.Uint("before", rtc.FirstID(last))}
	var found CallChoices
	group, ctx := errgroup.WithContext(ctx)
	for value, into := range map[string]*[]string{"browser": &found.Browsers, "os": &found.Systems, "region": &found.Regions, "arrayJoin(mapKeys(keys))": &found.Keys} {
		group.Go(func() (err error) {
			*into, err = ask(ctx, q.db, clickhouse.Question{SQL: choicesOf(value), Params: params}, choiceFields)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return CallChoices{}, fmt.Errorf("list what calls can be narrowed by: %w", err)
	}
	return found, nil
}
