package store_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/ClickHouse/ch-go/proto"
	"pgregory.net/rapid"

	"github.com/peerglass/peerglass/rtc"
	"github.com/peerglass/peerglass/store"
	"github.com/peerglass/peerglass/store/clickhouse"
	"github.com/peerglass/peerglass/store/storetest"
)

// told reads what calls of an app are found by.
func told(s *store.Store, app rtc.AppID) (all []string, err error) {
	const ask = `SELECT concat(toString(session), ' ', toString(kind), ' ', value, if(kind = 'issue', concat(' ', toString(level)), ''))
		FROM traits FINAL WHERE app = {app:UInt32} AND level > 0`
	var text proto.ColStr
	err = s.Client().Select(context.Background(), clickhouse.Question{SQL: ask, Params: []clickhouse.Param{clickhouse.Uint("app", app)}},
		proto.Results{{Data: &text}}, func(rows int) error {
			for i := range rows {
				all = append(all, text.Row(i))
			}
			return nil
		})
	slices.Sort(all)
	return all, err
}

// tells says the same of rows.
func tells(stays map[rtc.SessionID]rtc.Session, issues map[rtc.IssueID]rtc.Issue) (all []string) {
	for id, x := range stays {
		tell := func(kind, value string) { all = append(all, fmt.Sprintf("%d %s %s", id, kind, value)) }
		if x.User != "" {
			tell("user", x.User)
		}
		if x.UserName != "" {
			tell("name", strings.ToLower(x.UserName))
		}
		country, _, _ := strings.Cut(x.Region, ", ")
		tell("browser", x.Browser)
		tell("system", x.OS)
		tell("region", x.Region)
		tell("country", country)
		for k, v := range x.Keys {
			tell("key", k)
			tell("value", fmt.Sprintf("%d:%s%s", len(k), k, v))
		}
	}
	worst := map[string]rtc.Level{}
	for _, i := range issues {
		of := fmt.Sprintf("%d issue %s", i.Session, i.Type)
		worst[of] = max(worst[of], i.Severity)
	}
	for of, level := range worst {
		if level > rtc.Clear {
			all = append(all, fmt.Sprintf("%s %d", of, level))
		}
	}
	slices.Sort(all)
	return all
}

// TestTraits compares what calls are found by with the newest rows, in
// that was started again.
func TestTraits(t *testing.T) {
	o := storetest.Embedded(t)
	ctx, app := context.Background(), rtc.AppID(0)
	s, err := store.Open(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { s.Close(ctx) }()
	rapid.Check(t, func(t *rapid.T) {
		app++
		call := storetest.CallID(1)
		stays, issues := map[rtc.SessionID]rtc.Session{}, map[rtc.IssueID]rtc.Issue{}
		flush := func() {
			if err := s.Flush(ctx); err != nil {
				t.Fatal(err)
			}
		}
		for range rapid.IntRange(1, 12).Draw(t, "steps") {
			switch rapid.IntRange(0, 20).Draw(t, "step") {
			case 0, 1, 2, 3, 4, 5, 6, 7:
				x := rtc.Session{
					App: app, Call: call, ID: rtc.SessionID(rapid.IntRange(1, 3).Draw(t, "stay")), Version: rapid.Uint64Range(1, 8).Draw(t, "version"),
					User: rapid.SampledFrom([]string{"", "guest", "ada"}).Draw(t, "user"), UserName: rapid.SampledFrom([]string{"", "Ada"}).Draw(t, "name"),
					Browser: rapid.SampledFrom([]string{"", "Chrome"}).Draw(t, "browser"), OS: "macOS", Region: rapid.SampledFrom([]string{"", "DE", "DE, Berlin"}).Draw(t, "region"),
					Keys: map[string]string{rapid.SampledFrom([]string{"plan", "pla"}).Draw(t, "key"): rapid.SampledFrom([]string{"", "free", "nfree"}).Draw(t, "value")},
				}
				if old, ok := stays[x.ID]; ok && old.Version == x.Version {
					continue // a version is one row
				} else if !ok || old.Version < x.Version {
					stays[x.ID] = x
				}
				s.Session(&x)
			case 8, 9, 10, 11, 12, 13:
				x := rtc.Issue{
					App: app, Call: call, Session: 1, ID: rtc.IssueID(rapid.IntRange(1, 3).Draw(t, "issue")), Version: rapid.Uint64Range(1, 8).Draw(t, "version"),
					Type: rapid.SampledFrom([]string{"lag", "jitter"}).Draw(t, "type"), Severity: rtc.Level(rapid.IntRange(0, 3).Draw(t, "severity")),
				}
				if old, ok := issues[x.ID]; ok { // its type stays
					x.Type = old.Type
				}
				if old, ok := issues[x.ID]; ok && old.Version == x.Version {
					continue
				} else if !ok || old.Version < x.Version {
					issues[x.ID] = x
				}
				s.Issue(&x)
			case 14, 15, 16, 17:
				flush()
			case 18, 19:
				flush()
				if err := s.Forget(ctx, app, call, []rtc.SessionID{1}); err != nil {
					t.Fatal(err)
				}
				clear(issues)
			case 20:
				if err := s.Close(ctx); err != nil {
					t.Fatal(err)
				}
				if s, err = store.Open(ctx, o); err != nil {
					t.Fatal(err)
				}
			}
		}
		flush()
		if got, err := told(s, app); err != nil || !slices.Equal(got, tells(stays, issues)) {
			t.Fatalf("told\n%q\nwant\n%q\n%v", got, tells(stays, issues), err)
		}
	})
}

// TestTraitsOfEarlierRows opens a folder from before there were traits.
func TestTraitsOfEarlierRows(t *testing.T) {
	o := storetest.Embedded(t)
	ctx, call := t.Context(), storetest.CallID(1)
	s, err := store.Open(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	stays, issues := map[rtc.SessionID]rtc.Session{}, map[rtc.IssueID]rtc.Issue{}
	for version := range uint64(3) {
		for n := range 5 {
			x := rtc.Session{App: 1, Call: call, ID: rtc.SessionID(n + 1), User: fmt.Sprint("user-", n, version), Region: "FR, Paris", Keys: map[string]string{"plan": "pro"}, Version: version + 1}
			i := rtc.Issue{App: 1, Call: call, Session: x.ID, ID: rtc.IssueID(n + 1), Type: "lag", Severity: rtc.Level(version), Version: version + 1}
			stays[x.ID], issues[i.ID] = x, i
			s.Session(&x)
			s.Issue(&i)
		}
		storetest.Flush(t, s)
	}
	for _, sql := range []string{"DROP TABLE traits", "DROP VIEW traits_of_stays", "DROP VIEW traits_of_issues", "DELETE FROM schema_versions WHERE version = 12"} {
		if err := s.Client().Exec(ctx, clickhouse.Question{SQL: sql}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(ctx); err != nil {
		t.Fatal(err)
	}
	s = storetest.Open(t, o)
	if got, err := told(s, 1); err != nil || !slices.Equal(got, tells(stays, issues)) {
		t.Fatalf("told\n%q\nwant\n%q\n%v", got, tells(stays, issues), err)
	}
}
