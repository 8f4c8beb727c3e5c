package settings

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"strings"
	"sync"
	"time"

	"github.com/peerglass/peerglass/rtc"
)

// Fault is something that went wrong for a client of an app, as ingest tells it.
type Fault struct {
	Code     string // of the refusal
	Protocol string
	Origin   string // of the page; "" where the client sent none
	Message  string // cause and way out, as the client got it
	Network  string // the client's address without its host
	Session  string // the client's own id of its stay
}

// LogEntry is a line of an app's log: one fault of one protocol and origin,
// however often it came. Message, Network and Session are of the last time.
type LogEntry struct {
	Fault
	Count       int64
	First, Last time.Time
}

// Limits of the log.
const (
	maxLog        = 1000 // entries of an app that are kept, the newest
	maxLogWaiting = 50   // different ones of an app that wait to be written
	maxLogOrigins = 100  // origins of one kind of fault that are told apart
	maxLogText    = 500  // bytes of a text
	logEvery      = 2 * time.Second
)

// logOthers stands for the origins beyond maxLogWaiting and maxLogOrigins: who
// makes up an origin for each request must not push the rest out of the log.
const logOthers = "(others)"

type logKey struct {
	app                    rtc.AppID
	code, protocol, origin string
}

// logBook gathers faults until they are written. Its size is bounded by the
// number of apps; a fault that is in it already costs a look-up.
type logBook struct {
	mu      sync.Mutex
	entries map[logKey]*LogEntry
	perApp  map[rtc.AppID]int
}

// Log adds a fault to the log of an app. It never waits for the disk.
func (s *Settings) Log(app rtc.AppID, f Fault) {
	now := s.now().UTC()
	f.Origin, f.Message, f.Session = clipText(f.Origin, maxLogText), clipText(f.Message, maxLogText), clipText(f.Session, maxLogText)
	b := &s.book
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.entries == nil {
		b.entries, b.perApp = map[logKey]*LogEntry{}, map[rtc.AppID]int{}
	}
	key := logKey{app, f.Code, f.Protocol, f.Origin}
	e := b.entries[key]
	if e == nil && b.perApp[app] >= maxLogWaiting {
		f.Origin = logOthers
		key.origin = logOthers
		e = b.entries[key]
	}
	if e == nil {
		e = &LogEntry{First: now}
		b.entries[key] = e
		b.perApp[app]++
	}
	e.Fault, e.Last = f, now
	e.Count++
}

// Run writes the apps' logs until ctx ends, in batches: what a flood of
// refusals costs is one row for each kind of them every other second.
func (s *Settings) Run(ctx context.Context) error {
	ticker := time.NewTicker(logEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
			defer cancel()
			return s.writeLog(end)
		case <-ticker.C:
			_ = s.writeLog(ctx) // what could not be written stays for the next time
		}
	}
}

// writeLog writes what waits. Where that fails it waits on, as far as there is
// room.
func (s *Settings) writeLog(ctx context.Context) error {
	b := &s.book
	b.mu.Lock()
	entries := b.entries
	b.entries, b.perApp = nil, nil
	b.mu.Unlock()
	if len(entries) == 0 {
		return nil
	}
	err := s.change(ctx, func(tx *sql.Tx) error {
		apps := map[rtc.AppID]bool{}
		for key, e := range entries {
			if !apps[key.app] && appExists(ctx, tx, key.app) != nil {
				continue // deleted meanwhile
			}
			apps[key.app] = true
			var known int
			err := tx.QueryRowContext(ctx, `SELECT count(*) FROM app_log WHERE app = $1 AND code = $2 AND protocol = $3
				AND NOT EXISTS (SELECT 1 FROM app_log WHERE app = $1 AND code = $2 AND protocol = $3 AND origin = $4)`, key.app, e.Code, e.Protocol, e.Origin).Scan(&known)
			if err != nil {
				return err
			}
			origin := e.Origin
			if known >= maxLogOrigins {
				origin = logOthers
			}
			_, err = tx.ExecContext(ctx, `INSERT INTO app_log (app, code, protocol, origin, message, network, session, count, first, last)
				VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
				ON CONFLICT (app, code, protocol, origin) DO UPDATE SET message = excluded.message, network = excluded.network,
				session = excluded.session, count = app_log.count + excluded.count, last = excluded.last`,
				key.app, e.Code, e.Protocol, origin, e.Message, e.Network, e.Session, e.Count, e.First.UnixMilli(), e.Last.UnixMilli())
			if err != nil {
				return err
			}
		}
		for app := range apps {
			if _, err := tx.ExecContext(ctx, `DELETE FROM app_log WHERE app = $1 AND last < (SELECT last FROM app_log WHERE app = $1 ORDER BY last DESC LIMIT 1 OFFSET $2)`, app, maxLog-1); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.mu.Lock()
		defer b.mu.Unlock()
		if b.entries == nil {
			b.entries, b.perApp = entries, map[rtc.AppID]int{}
			for key := range maps.Keys(entries) {
				b.perApp[key.app]++
			}
		}
		return fmt.Errorf("write the apps' logs: %w", err)
	}
	return nil
}

// AppLog returns the newest entries of an app's log, at most limit, with what
// waits to be written.
func (s *Settings) AppLog(ctx context.Context, app rtc.AppID, limit int) ([]LogEntry, error) {
	if err := s.writeLog(ctx); err != nil {
		return nil, err
	}
	rows, err := s.db.QueryContext(ctx, `SELECT code, protocol, origin, message, network, session, count, first, last FROM app_log WHERE app = $1 ORDER BY last DESC, code, protocol, origin LIMIT $2`, app, min(limit, maxLog))
	if err != nil {
		return nil, fmt.Errorf("read the log of app %d: %w", app, err)
	}
	return collect(rows, func(r row) (e LogEntry, err error) {
		var first, last int64
		err = r.Scan(&e.Code, &e.Protocol, &e.Origin, &e.Message, &e.Network, &e.Session, &e.Count, &first, &last)
		e.First, e.Last = time.UnixMilli(first).UTC(), time.UnixMilli(last).UTC()
		return e, err
	})
}

// ClearLog empties an app's log.
func (s *Settings) ClearLog(ctx context.Context, app rtc.AppID) error {
	if err := s.writeLog(ctx); err != nil {
		return err
	}
	if _, err := s.db.ExecContext(ctx, `DELETE FROM app_log WHERE app = $1`, app); err != nil {
		return fmt.Errorf("clear the log of app %d: %w", app, err)
	}
	return nil
}

// clipText shortens s to n bytes, without half a character at its end.
func clipText(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "") + "…"
}
