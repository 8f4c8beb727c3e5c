package store

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/ClickHouse/ch-go/proto"

	"github.com/peerglass/peerglass/rtc"
	"github.com/peerglass/peerglass/store/clickhouse"
)

// Samples of long calls are condensed into intervals by the engine itself, off
// the way that rows take: of a call that is over all of them, of one in progress
// those of the past as they become many. The table condensed says until when
// that was done, and is written last: what was interrupted is done again, and
// who asks reads samples from that instant on, or all of them where it says
// nothing. Whoever changes samples before that instant takes it back.
const (
	// Long is how long a call lasts at least for its samples to be condensed.
	Long = 15 * time.Minute
	// settled is for how long samples may come that are no exception: later ones
	// are looked at, for they may belong to what is condensed.
	settled = 5 * time.Minute
	// worthwhile is from how many samples on: fewer are read as fast as they are.
	worthwhile = 50_000
	// Of a call in progress the past is condensed when so many samples wait, and
	// so much time of it.
	tailSamples = 500_000
	tailTime    = 10 * time.Minute
	// atOnce bounds the samples that one statement condenses, and so its memory:
	// less than 200 MiB.
	atOnce = 250_000
	// lookEvery is how often is looked for calls of the last days that are due,
	// and lookAgain how often among all: old recordings are imported, or derived
	// again.
	lookEvery = time.Minute
	lookAgain = time.Hour
	recently  = 7 * 24 * time.Hour
)

// condenser is what Store keeps of it.
type condenser struct {
	one sync.Mutex // held by who condenses

	mu      sync.Mutex // held while a call is declared condensed
	busy    dueCall    // the call that is being condensed
	touched bool       // older samples of it were stored meanwhile
}

type dueCall struct {
	app     rtc.AppID
	call    rtc.CallID
	until   int64 // Unix ms: before it all are condensed
	version uint64
}

// dueCalls estimates the samples of a call by its users, each with a transport,
// what they send and what they receive of each other.
const dueCalls = `
SELECT app, call, until, version FROM
	(SELECT app, call, toUnixTimestamp64Milli(start) AS began, toUnixTimestamp64Milli(end) AS ended, toInt64(greatest(peak, 2)) AS p
		FROM calls FINAL WHERE call >= {after:UInt64} AND call < {before:UInt64}) AS c
	LEFT JOIN (SELECT app, call, toUnixTimestamp64Milli(until) AS until, version
		FROM condensed FINAL WHERE call >= {after:UInt64} AND call < {before:UInt64}) AS d USING (app, call)
WHERE if(ended > 0,
	ended < {goal:Int64} AND until <= ended AND ended - began >= {long:Int64} AND (ended - began) * p * (2 * p + 1) >= {worthwhile:Int64} * 1000,
	{goal:Int64} - greatest(until, began) >= {tail:Int64} AND ({goal:Int64} - greatest(until, began)) * p * (2 * p + 1) >= {many:Int64} * 1000)
ORDER BY call DESC LIMIT 100`

// runCondensing condenses what is due until the store is closed.
func (s *Store) runCondensing(ctx context.Context, stop <-chan struct{}) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-stop:
			cancel()
		case <-ctx.Done():
		}
	}()
	again := time.Time{}
	for {
		now := s.o.Now()
		since := now.Add(-recently)
		if now.Sub(again) >= lookAgain {
			again, since = now, time.Time{}
		}
		if err := s.Condense(ctx, since); err != nil && ctx.Err() == nil {
			s.o.Log.Warn("samples of long calls could not be condensed and are read as they are; it is tried again", "reason", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(lookEvery):
		}
	}
}

// Condense makes intervals of what is due in calls that began at an instant or
// later. It may be repeated, and be interrupted.
func (s *Store) Condense(ctx context.Context, since time.Time) error {
	s.condenser.one.Lock()
	defer s.condenser.one.Unlock()
	goal := floorSlot(s.o.Now().Add(-settled)).UnixMilli()
	after := uint64(0)
	if !since.IsZero() {
		after = rtc.FirstID(since.UnixMilli())
	}
	var problems []error
	for before := rtc.FirstID(s.o.Now().Add(24 * time.Hour).UnixMilli()); ; {
		due, err := s.due(ctx, after, before, goal)
		if err != nil {
			return fmt.Errorf("find the calls to condense: %w", err)
		}
		for _, d := range due {
			if err := s.condense(ctx, d, goal); err != nil {
				if ctx.Err() != nil {
					return fmt.Errorf("condense call %s: %w", d.call, ctx.Err())
				}
				problems = append(problems, fmt.Errorf("condense call %s: %w", d.call, err))
			}
			before = uint64(d.call)
		}
		if len(due) == 0 {
			return errors.Join(problems...)
		}
	}
}

func (s *Store) due(ctx context.Context, after, before uint64, goal int64) ([]dueCall, error) {
	var app proto.ColUInt32
	var call, version proto.ColUInt64
	var until proto.ColInt64
	var due []dueCall
	q := clickhouse.Question{SQL: dueCalls, Params: []clickhouse.Param{
		clickhouse.Uint("after", after), clickhouse.Uint("before", before), clickhouse.Int("goal", goal),
		clickhouse.Int("long", Long.Milliseconds()), clickhouse.Int("worthwhile", worthwhile),
		clickhouse.Int("tail", tailTime.Milliseconds()), clickhouse.Int("many", tailSamples),
	}}
	err := s.db.Select(ctx, q, proto.Results{{Data: &app}, {Data: &call}, {Data: &until}, {Data: &version}}, func(rows int) error {
		for i := range rows {
			due = append(due, dueCall{rtc.AppID(app[i]), rtc.CallID(call[i]), until[i], version[i]})
		}
		return nil
	})
	return due, err
}

// condense makes intervals of a call's samples from where that ended until
// goal.
func (s *Store) condense(ctx context.Context, d dueCall, goal int64) error {
	c := &s.condenser
	c.mu.Lock()
	c.busy, c.touched = d, false
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		c.busy = dueCall{}
		c.mu.Unlock()
	}()
	params := []clickhouse.Param{clickhouse.Uint("app", d.app), clickhouse.Uint("call", d.call),
		clickhouse.Int("from", d.until-d.until%Slot), clickhouse.Int("to", goal), clickhouse.Uint("version", d.version+1)}
	parts, err := s.partsOf(ctx, params)
	if err != nil {
		return err
	}
	for len(parts) > 0 {
		first := parts[0]
		var sessions []rtc.SessionID
		rows, n := uint64(0), 0
		for ; n < len(parts) && parts[n].kind == first.kind && parts[n].direction == first.direction && (n == 0 || rows+parts[n].rows <= atOnce); n++ {
			sessions, rows = append(sessions, parts[n].session), rows+parts[n].rows
		}
		parts = parts[n:]
		q := clickhouse.Question{SQL: condense(first.kind, first.direction), Settings: condensing,
			Params: append(params[:len(params):len(params)], clickhouse.Uints("sessions", sessions), clickhouse.Uint("kind", first.kind), clickhouse.Uint("direction", first.direction))}
		if err := s.db.Exec(ctx, q); err != nil {
			return err
		}
	}

	c.mu.Lock()
	defer c.mu.Unlock()
	if c.touched {
		return nil // what came meanwhile may be missing: it is due still
	}
	return s.db.Exec(ctx, clickhouse.Question{SQL: declareCondensed, Cheap: true,
		Params: append(params[:2:2], clickhouse.Int("until", goal), clickhouse.Uint("version", d.version))})
}

// condensing leaves processors to others, and holds few rows at a time: they
// are wide, and samples come in the order that they are grouped by.
var condensing = append([]string{"workload", "heavy", "max_threads", "1", "optimize_aggregation_in_order", "1", "max_block_size", "8192",
	"min_insert_block_size_rows", "16384", "min_insert_block_size_bytes", "67108864"}, newestOnly...)

// newestOnly makes the last version of a row stand for all. A key lies in one
// partition, so partitions need not be merged with each other.
var newestOnly = []string{"do_not_merge_across_partitions_select_final", "1", "use_skip_indexes_if_final_exact_mode", "0"}

// declareCondensed does nothing where somebody took it back meanwhile, from
// another program perhaps.
const declareCondensed = `INSERT INTO condensed (app, call, until, version)
SELECT {app:UInt32}, {call:UInt64}, fromUnixTimestamp64Milli({until:Int64}, 'UTC'), {version:UInt64} + 1
WHERE {version:UInt64} = (SELECT max(version) FROM condensed WHERE app = {app:UInt32} AND call = {call:UInt64})`

// callPart is what one session has of one kind and direction.
type callPart struct {
	session   rtc.SessionID
	kind      rtc.MediaKind
	direction rtc.Direction
	rows      uint64
}

const partsOfCall = `SELECT session, toUInt8(kind), toUInt8(direction), count() FROM samples
PREWHERE app = {app:UInt32} AND call = {call:UInt64} AND time >= fromUnixTimestamp64Milli({from:Int64}) AND time < fromUnixTimestamp64Milli({to:Int64})
GROUP BY session, kind, direction ORDER BY kind, direction, session`

func (s *Store) partsOf(ctx context.Context, params []clickhouse.Param) ([]callPart, error) {
	var session, rows proto.ColUInt64
	var kind, direction proto.ColUInt8
	var parts []callPart
	err := s.db.Select(ctx, clickhouse.Question{SQL: partsOfCall, Params: params, Settings: []string{"max_threads", "1"}},
		proto.Results{{Data: &session}, {Data: &kind}, {Data: &direction}, {Data: &rows}}, func(n int) error {
			for i := range n {
				parts = append(parts, callPart{rtc.SessionID(session[i]), rtc.MediaKind(kind[i]), rtc.Direction(direction[i]), rows[i]})
			}
			return nil
		})
	return parts, err
}

// late looks at samples that were just stored: from the oldest of those that
// come so late that they may belong to what is condensed, a call is condensed
// no longer. Samples that the calls' readers would miss come back from the
// spool where the program ends before. It is false where ctx ended first.
func (s *Store) late(ctx context.Context, batch []*sampleBuffer) bool {
	limit := s.o.Now().Add(-settled).UnixMilli()
	type key struct {
		app  rtc.AppID
		call rtc.CallID
	}
	var oldest map[key]int64
	for _, b := range batch {
		for i := range b.rows {
			r := &b.rows[i]
			if r.time >= limit {
				continue
			}
			if oldest == nil {
				oldest = make(map[key]int64)
			}
			k := key{r.app, r.call}
			if at, known := oldest[k]; !known || r.time < at {
				oldest[k] = r.time
			}
		}
	}
	if oldest == nil {
		return true
	}
	var apps []rtc.AppID
	var calls []rtc.CallID
	var times []int64
	s.condenser.mu.Lock()
	for k, at := range oldest {
		if s.condenser.busy.app == k.app && s.condenser.busy.call == k.call {
			s.condenser.touched = true
		}
		apps, calls, times = append(apps, k.app), append(calls, k.call), append(times, max(at-at%Slot, 0))
	}
	s.condenser.mu.Unlock()
	return s.insist(ctx, "condensed", func() error {
		return s.db.Exec(ctx, clickhouse.Question{SQL: takeBack, Cheap: true,
			Params: []clickhouse.Param{clickhouse.Uints("apps", apps), clickhouse.Uints("calls", calls), clickhouse.Ints("times", times)}})
	})
}

const takeBack = `INSERT INTO condensed (app, call, until, version)
SELECT app, call, fromUnixTimestamp64Milli(at, 'UTC'), version + 1 FROM
	(SELECT app, call, until, version, {times:Array(Int64)}[arrayFirstIndex((a, c) -> a = app AND c = call, {apps:Array(UInt32)}, {calls:Array(UInt64)})] AS at
		FROM condensed FINAL
		WHERE app IN {apps:Array(UInt32)} AND call IN {calls:Array(UInt64)} AND has(arrayZip({apps:Array(UInt32)}, {calls:Array(UInt64)}), (app, call)))
WHERE toUnixTimestamp64Milli(until) > at`

// takeAllBack is for samples that are about to be deleted and written anew.
const takeAllBack = `INSERT INTO condensed (app, call, until, version)
SELECT {app:UInt32}, {call:UInt64}, fromUnixTimestamp64Milli(0, 'UTC'), max(version) + 1 FROM condensed WHERE app = {app:UInt32} AND call = {call:UInt64}`
