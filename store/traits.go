package store

import (
	"context"
	"hash/maphash"
	"sync"

	"github.com/peerglass/peerglass/rtc"
	"github.com/peerglass/peerglass/store/clickhouse"
)

// Traits are what calls are found by: written beside the rows of stays and
// issues, from these as they stand in the store. Before a stay's row is
// replaced its traits are taken back, after it they are told anew, so that
// whatever ends in between is put right when the row is derived again. Most new
// rows of a stay tell nothing new, which is known of the last ones.
type traits struct {
	s    *Store
	seed maphash.Seed

	stays map[stayKey]stayTold
	due   []stayKey // of the batch that is being stored

	mu     sync.Mutex // Forget is called by others
	issues map[issueKey]issueTold
}

type stayKey struct {
	app     rtc.AppID
	call    rtc.CallID
	session rtc.SessionID
}

// stayTold is what the newest row of a stay says.
type stayTold struct{ version, hash uint64 }

type issueKey struct {
	stay  stayKey
	issue rtc.IssueID
}

// issueTold is what the newest row of an issue says.
type issueTold struct {
	version  uint64
	kind     string
	severity rtc.Level
}

const (
	// remembered bounds of how many rows is known what they told: those of a
	// stay that was forgotten are written once more, to the same effect.
	remembered = 1 << 16
	// staysAtOnce bounds the stays that one statement names.
	staysAtOnce = 1000
)

func newTraits(s *Store) *traits {
	return &traits{s: s, seed: maphash.MakeSeed(), stays: map[stayKey]stayTold{}, issues: map[issueKey]issueTold{}}
}

func (t *traits) hash(r *rtc.Session) uint64 {
	sum := maphash.Comparable(t.seed, [...]string{r.User, r.UserName, r.Browser, r.OS, r.Region})
	for k, v := range r.Keys {
		sum += maphash.Comparable(t.seed, [...]string{k, v})
	}
	return sum
}

const (
	theseStays = " WHERE app IN {apps:Array(UInt32)} AND call IN {calls:Array(UInt64)} AND session IN {sessions:Array(UInt64)}"
	tellStays  = "INSERT INTO traits (app, kind, value, call, session, level) SELECT app, kind, value, call, session, {level:UInt8} FROM traits_of_stays" + theseStays
	tellIssues = "INSERT INTO traits (app, kind, value, call, session, level) SELECT app, kind, value, call, session, level FROM traits_of_issues" + theseStays
	// takeIssuesBack is for issues that are about to be deleted and written anew.
	takeIssuesBack = "INSERT INTO traits (app, kind, value, call, session, level) SELECT app, kind, value, call, session, 0 FROM traits_of_issues" + theseStays
)

// before takes back what is about to be told differently.
func (t *traits) before(ctx context.Context, batch []*rowBuffer[rtc.Session]) bool {
	t.due = t.due[:0]
	known := map[stayKey]bool{}
	for _, b := range batch {
		for i := range b.rows {
			r := &b.rows[i]
			k := stayKey{r.App, r.Call, r.ID}
			if told, ok := t.stays[k]; ok && told.hash == t.hash(r) || known[k] {
				continue
			}
			known[k] = true
			t.due = append(t.due, k)
		}
	}
	return t.write(ctx, tellStays, 0, t.due)
}

// after tells what is stored now.
func (t *traits) after(ctx context.Context, batch []*rowBuffer[rtc.Session]) bool {
	if !t.write(ctx, tellStays, 1, t.due) {
		return false
	}
	if len(t.stays) > remembered {
		clear(t.stays)
	}
	for _, b := range batch {
		for i := range b.rows {
			r := &b.rows[i]
			k := stayKey{r.App, r.Call, r.ID}
			if told, ok := t.stays[k]; !ok || r.Version >= told.version {
				t.stays[k] = stayTold{r.Version, t.hash(r)}
			}
		}
	}
	return true
}

// found tells of issues that were just stored. One whose severity is clear is
// told so too: it is there no longer.
func (t *traits) found(ctx context.Context, batch []*rowBuffer[rtc.Issue]) bool {
	var due []stayKey
	known := map[stayKey]bool{}
	each := func(do func(k issueKey, told, old issueTold)) {
		t.mu.Lock()
		defer t.mu.Unlock()
		if len(t.issues) > remembered {
			clear(t.issues)
		}
		for _, b := range batch {
			for i := range b.rows {
				r := &b.rows[i]
				k := issueKey{stayKey{r.App, r.Call, r.Session}, r.ID}
				do(k, issueTold{r.Version, r.Type, r.Severity}, t.issues[k])
			}
		}
	}
	each(func(k issueKey, told, old issueTold) {
		if (old.kind != told.kind || old.severity != told.severity) && !known[k.stay] {
			known[k.stay] = true
			due = append(due, k.stay)
		}
	})
	if !t.write(ctx, tellIssues, 0, due) {
		return false
	}
	each(func(k issueKey, told, old issueTold) {
		if told.version >= old.version {
			t.issues[k] = told
		}
	})
	return true
}

// forget lets go of what is known of issues, which are about to be deleted.
func (t *traits) forget() {
	t.mu.Lock()
	defer t.mu.Unlock()
	clear(t.issues)
}

func (t *traits) write(ctx context.Context, sql string, level uint8, stays []stayKey) bool {
	for len(stays) > 0 {
		some := stays[:min(staysAtOnce, len(stays))]
		stays = stays[len(some):]
		var apps []rtc.AppID
		var calls []rtc.CallID
		sessions := make([]rtc.SessionID, len(some))
		for i, k := range some {
			if i == 0 || k.app != some[i-1].app {
				apps = append(apps, k.app)
			}
			if i == 0 || k.call != some[i-1].call {
				calls = append(calls, k.call)
			}
			sessions[i] = k.session
		}
		q := clickhouse.Question{SQL: sql, Cheap: true, Settings: newestOnly, Params: []clickhouse.Param{
			clickhouse.Uints("apps", apps), clickhouse.Uints("calls", calls), clickhouse.Uints("sessions", sessions), clickhouse.Uint("level", level)}}
		if !t.s.insist(ctx, "traits", func() error { return t.s.db.Exec(ctx, q) }) {
			return false
		}
	}
	return true
}
