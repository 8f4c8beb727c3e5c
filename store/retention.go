package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/ClickHouse/ch-go/proto"

	"github.com/peerglass/peerglass/rtc"
	"github.com/peerglass/peerglass/store/clickhouse"
)

// Keep says for how long after a call's start its rows are kept; 0 is for
// ever. Days are dropped whole where every app lets them go, so rows may stay
// up to a day longer (calls and what is listed with them: a month).
type Keep struct {
	Samples time.Duration
	Events  time.Duration
	Calls   time.Duration // calls, sessions, connections, streams, and what was found in them
}

// Policy is what is kept how long.
type Policy struct {
	Default Keep
	Apps    map[rtc.AppID]Keep // apps that differ
	// DiskCap bounds the bytes of all tables; 0 does not. Beyond it the oldest
	// days of samples are dropped with what was condensed from them, then those of events; never today's, and
	// never calls.
	DiskCap int64
}

// retained names the tables, how much of the clock a partition covers, and
// which member of Keep is theirs.
var retained = []struct {
	table   string
	monthly bool
	keep    func(Keep) time.Duration
}{
	{"samples", false, func(k Keep) time.Duration { return k.Samples }},
	{"intervals", false, func(k Keep) time.Duration { return k.Samples }}, // after samples: what is condensed is looked for nowhere else
	{"events", false, func(k Keep) time.Duration { return k.Events }},
	{"features", true, func(k Keep) time.Duration { return k.Calls }},
	{"verdicts", true, func(k Keep) time.Duration { return k.Calls }},
	{"outcomes", true, func(k Keep) time.Duration { return k.Calls }},
	{"issues", true, func(k Keep) time.Duration { return k.Calls }},
	{"streams", true, func(k Keep) time.Duration { return k.Calls }},
	{"connections", true, func(k Keep) time.Duration { return k.Calls }},
	{"traits", true, func(k Keep) time.Duration { return k.Calls }},
	{"sessions", true, func(k Keep) time.Duration { return k.Calls }},
	{"condensed", true, func(k Keep) time.Duration { return k.Calls }},
	{"calls", true, func(k Keep) time.Duration { return k.Calls }},
}

// retentionEvery is how often retention is looked after: a pass with nothing
// to do costs one question.
const retentionEvery = 10 * time.Minute

func (s *Store) runRetention(ctx context.Context, stop <-chan struct{}) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-stop:
			cancel()
		case <-ctx.Done():
		}
	}()
	for {
		if policy, err := s.o.Policy(ctx); err != nil {
			s.o.Log.Warn("the policy of retention cannot be read; nothing is dropped", "reason", err)
		} else if err := s.Retain(ctx, policy); err != nil && ctx.Err() == nil {
			s.o.Log.Warn("retention could not be finished and is tried again", "reason", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(retentionEvery):
		}
	}
}

// Retain drops what the policy lets go.
func (s *Store) Retain(ctx context.Context, p Policy) error {
	parts, err := s.partitions(ctx)
	if err != nil {
		return fmt.Errorf("retention: %w", err)
	}
	now := s.o.Now()
	var problems []error
	for _, r := range retained {
		longest := r.keep(p.Default)
		for _, k := range p.Apps {
			if keep := r.keep(k); keep == 0 || longest != 0 && keep > longest {
				longest = keep
			}
		}
		var left []partition
		for _, part := range parts[r.table] {
			if longest != 0 && part.end(r.monthly).Add(longest).Before(now) {
				problems = append(problems, s.drop(ctx, r.table, part))
			} else {
				left = append(left, part)
			}
		}
		parts[r.table] = left
		for app, k := range p.Apps {
			if keep := r.keep(k); keep != 0 && keep != longest {
				problems = append(problems, s.forget(ctx, r.table, app, now.Add(-keep), left))
			}
		}
		if keep := r.keep(p.Default); keep != longest && keep != 0 {
			problems = append(problems, s.forgetOthers(ctx, r.table, p, now.Add(-keep), left))
		}
	}
	problems = append(problems, s.shrink(ctx, parts, p.DiskCap, now))
	if err := errors.Join(problems...); err != nil {
		return fmt.Errorf("retention: %w", err)
	}
	return nil
}

// partition is a day or a month of one table.
type partition struct {
	id    string // 20261121 or 202611
	bytes int64
}

// end returns the first instant after the partition.
func (p partition) end(monthly bool) time.Time {
	if monthly {
		t, _ := time.Parse("200601", p.id)
		return t.AddDate(0, 1, 0)
	}
	t, _ := time.Parse("20060102", p.id)
	return t.AddDate(0, 0, 1)
}

// partitions returns what there is of each table, oldest first.
func (s *Store) partitions(ctx context.Context) (map[string][]partition, error) {
	const ask = `SELECT table, partition_id, toInt64(sum(bytes_on_disk)) FROM system.parts
		WHERE active AND database = currentDatabase() AND match(partition_id, '^[0-9]{6,8}$')
		GROUP BY table, partition_id ORDER BY table, partition_id`
	var table, id proto.ColStr
	var bytes proto.ColInt64
	found := map[string][]partition{}
	err := s.db.Select(ctx, clickhouse.Question{SQL: ask, Cheap: true}, proto.Results{{Data: &table}, {Data: &id}, {Data: &bytes}}, func(rows int) error {
		for i := range rows {
			found[table.Row(i)] = append(found[table.Row(i)], partition{id: id.Row(i), bytes: bytes[i]})
		}
		return nil
	})
	return found, err
}

// drop lets a whole partition go: milliseconds, and its space is free at once.
func (s *Store) drop(ctx context.Context, table string, p partition) error {
	// The name is one that partitions has just read, digits only.
	if err := s.db.Exec(ctx, clickhouse.Question{SQL: "ALTER TABLE " + clickhouse.Quote(table) + " DROP PARTITION ID '" + p.id + "'", Cheap: true}); err != nil {
		return fmt.Errorf("drop %s of %s: %w", p.id, table, err)
	}
	s.o.Log.Info("retention dropped a partition", "table", table, "partition", p.id, "bytes", p.bytes)
	return nil
}

// forget deletes the rows of one app whose calls began before a time, from
// partitions that others still need.
func (s *Store) forget(ctx context.Context, table string, app rtc.AppID, before time.Time, parts []partition) error {
	return s.delete(ctx, table, "app = {app:UInt32}", []clickhouse.Param{clickhouse.Uint("app", app)}, before, parts)
}

// forgetOthers deletes those of the apps without a word of their own.
func (s *Store) forgetOthers(ctx context.Context, table string, p Policy, before time.Time, parts []partition) error {
	apps := make([]rtc.AppID, 0, len(p.Apps))
	for app := range p.Apps {
		apps = append(apps, app)
	}
	slices.Sort(apps)
	return s.delete(ctx, table, "NOT has({apps:Array(UInt32)}, app)", []clickhouse.Param{clickhouse.Uints("apps", apps)}, before, parts)
}

// delete removes rows, if there are any: a deletion rewrites parts, so it is
// not done for nothing.
func (s *Store) delete(ctx context.Context, table, which string, params []clickhouse.Param, before time.Time, parts []partition) error {
	if len(parts) == 0 {
		return nil
	}
	where := which + " AND call < {before:UInt64}"
	params = append(params, clickhouse.Uint("before", rtc.FirstID(before.UnixMilli())))
	var any proto.ColUInt8
	found := false
	err := s.db.Select(ctx, clickhouse.Question{SQL: "SELECT toUInt8(1) FROM " + clickhouse.Quote(table) + " WHERE " + where + " LIMIT 1", Params: params},
		proto.Results{{Data: &any}}, func(int) error { found = true; return nil })
	if err == nil && found {
		err = s.db.Exec(ctx, clickhouse.Question{SQL: "DELETE FROM " + clickhouse.Quote(table) + " WHERE " + where, Params: params, Settings: []string{"workload", "heavy"}})
	}
	if err != nil {
		return fmt.Errorf("delete old rows of %s: %w", table, err)
	}
	return nil
}

// shrink drops the oldest days until the tables fit under the cap.
func (s *Store) shrink(ctx context.Context, parts map[string][]partition, limit int64, now time.Time) error {
	if limit <= 0 {
		return nil
	}
	var total int64
	for _, list := range parts {
		for _, p := range list {
			total += p.bytes
		}
	}
	today, _ := strconv.Atoi(now.UTC().Format("20060102"))
	for _, table := range []string{"samples", "events"} {
		for _, p := range parts[table] {
			if day, err := strconv.Atoi(p.id); total <= limit || err != nil || day >= today {
				break
			}
			if err := s.drop(ctx, table, p); err != nil {
				return err
			}
			total -= p.bytes
			if table != "samples" {
				continue
			}
			for _, condensed := range parts["intervals"] { // of the same day
				if condensed.id != p.id {
					continue
				}
				if err := s.drop(ctx, "intervals", condensed); err != nil {
					return err
				}
				total -= condensed.bytes
			}
		}
	}
	if total > limit {
		return fmt.Errorf("the store holds %d bytes, more than its cap of %d, with nothing older than today left to drop: raise the cap", total, limit)
	}
	return nil
}

func unixTime(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}
