package query_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/peerglass/peerglass/query"
	"github.com/peerglass/peerglass/rtc"
	"github.com/peerglass/peerglass/store"
	"github.com/peerglass/peerglass/store/storetest"
)

// known is a call with all that a list is narrowed by, as it was written.
type known struct {
	rtc.Call
	stays   []rtc.Session
	issues  []rtc.Issue
	verdict *rtc.Verdict
}

// The values that the calls of knownCalls have, and some that none has.
var (
	userIDs    = []string{"ada", "user-1", "user-2", "ADA", ""}
	userNames  = []string{"Ada Lovelace", "ada", "Grace", ""}
	browsers   = []string{"Chrome", "Firefox", "Safari", ""}
	systems    = []string{"macOS", "Windows", ""}
	places     = []string{"DE", "DE, Berlin", "FR, Paris", "DEX", ""}
	attached   = []map[string]string{{"plan": "pro"}, {"plan": "free", "ticket": "4711"}, {`it's\`: "a=b\n'"}, nil}
	issueTypes = []string{"video_freeze", "packet_loss", "lag"}
)

func pick[T any](from []T, n int) T { return from[n%len(from)] }

// knownCalls writes sixty calls of app 1 with their stays, issues and verdicts,
// of which some are in progress, some were not judged and some have no score;
// older versions of the rows come later. App 2 has the same, under its own ids.
func knownCalls(t *testing.T, s *store.Store) []known {
	t.Helper()
	var all []known
	for n := range 60 {
		k := known{Call: rtc.Call{App: 1, ID: storetest.CallID(n), Room: fmt.Sprintf("room-%02d", n%17), Start: storetest.CallID(n).Time(), Users: n % 4, Sessions: n % 5, Peak: n % 4, Version: 2}}
		if n%5 != 0 {
			k.End = k.Start.Add(time.Duration(n%6*150+1) * time.Second)
		}
		for u := range n % 4 {
			x := n*7 + u*5
			k.stays = append(k.stays, rtc.Session{App: 1, Call: k.ID, ID: rtc.SessionID(k.ID) + rtc.SessionID(u), User: pick(userIDs, x), UserName: pick(userNames, x/2), Start: k.Start, End: k.End,
				Browser: pick(browsers, x/3), OS: pick(systems, n+u), Region: pick(places, x/2+u), Keys: pick(attached, n+u*3), Version: 2})
		}
		var counts [rtc.High + 1]uint32
		for i := range n % 3 {
			found := rtc.Issue{App: 1, Call: k.ID, Session: rtc.SessionID(k.ID), ID: rtc.IssueID(i + 1), Type: pick(issueTypes, n+i), Severity: rtc.Level((n/3 + i) % 4), Start: k.Start, Version: 2}
			k.issues = append(k.issues, found) // a clear one is no longer there
			if found.Severity != rtc.Clear {
				counts[found.Severity]++
			}
		}
		if n%7 != 0 {
			k.verdict = &rtc.Verdict{App: 1, Call: k.ID, Score: float32(n*3%21) / 2, Issues: counts, Version: 2}
			if n%5 == 1 {
				k.verdict.Score = rtc.Null
			}
		}
		all = append(all, k)
		for app := rtc.AppID(1); app <= 2; app++ {
			k.write(s, app)
		}
	}
	storetest.Flush(t, s)
	return all
}

// write writes the newest version of the rows and then one from before
// anything was known.
func (k *known) write(s *store.Store, app rtc.AppID) {
	call := k.Call
	call.App = app
	s.Call(&call)
	call.End, call.Users, call.Version = time.Time{}, 0, 1
	s.Call(&call)
	for _, stay := range k.stays {
		stay.App = app
		s.Session(&stay)
		stay.Browser, stay.OS, stay.Region, stay.Keys, stay.Version = "", "", "", nil, 1
		s.Session(&stay)
	}
	for _, i := range k.issues {
		i.App = app
		s.Issue(&i)
		i.Severity, i.Version = rtc.High, 1
		s.Issue(&i)
	}
	if k.verdict != nil {
		v := *k.verdict
		v.App = app
		s.Verdict(&v)
		v.Score, v.Issues, v.Version = 5, [rtc.High + 1]uint32{0, 1, 1, 1}, 1
		s.Verdict(&v)
	}
}

func lasted(c *rtc.Call) time.Duration {
	if c.End.IsZero() {
		return now.Sub(c.Start)
	}
	return c.End.Sub(c.Start)
}

// matches is the filter in plain words.
func (k *known) matches(f query.CallFilter) bool {
	stay := func(s rtc.Session) bool {
		name := strings.ToLower(s.UserName)
		value, has := s.Keys[f.Key]
		country, _, _ := strings.Cut(s.Region, ", ")
		return (f.User == "" || s.User == f.User || name == strings.ToLower(f.User)) &&
			(f.UserPrefix == "" || strings.HasPrefix(s.User, f.UserPrefix) || strings.HasPrefix(name, strings.ToLower(f.UserPrefix))) &&
			(f.Key == "" || has && (f.Value == "" || value == f.Value)) &&
			(f.Regions == nil || slices.Contains(f.Regions, s.Region) || slices.Contains(f.Regions, country)) &&
			(f.Browsers == nil || slices.Contains(f.Browsers, s.Browser)) &&
			(f.Systems == nil || slices.Contains(f.Systems, s.OS))
	}
	ofStay := f.User != "" || f.UserPrefix != "" || f.Key != "" || f.Regions != nil || f.Browsers != nil || f.Systems != nil
	found := func(i rtc.Issue) bool {
		return slices.Contains(f.Issues, i.Type) && i.Severity >= max(f.MinSeverity, rtc.Low)
	}
	v := k.verdict
	count := func(from rtc.Level) (n uint32) {
		for l := from; v != nil && l <= rtc.High; l++ {
			n += v.Issues[l]
		}
		return n
	}
	return (!ofStay || slices.ContainsFunc(k.stays, stay)) &&
		(f.Issues == nil || slices.ContainsFunc(k.issues, found)) &&
		(f.Issues != nil || f.MinSeverity == rtc.Clear || count(f.MinSeverity) > 0) &&
		(!f.NoIssues || v != nil && count(rtc.Low) == 0) &&
		(f.MinScore == nil || v != nil && v.Score >= *f.MinScore) && (f.MaxScore == nil || v != nil && v.Score <= *f.MaxScore) &&
		(f.To.IsZero() || k.Start.Before(f.To)) && (f.From.IsZero() || k.End.IsZero() || k.End.After(f.From)) &&
		(f.Call == 0 || f.Call == k.ID) && (f.Room == "" || f.Room == k.Room) && strings.HasPrefix(k.Room, f.RoomPrefix) &&
		(f.Status == query.AnyStatus || (f.Status == query.InProgress) == k.End.IsZero()) &&
		(f.MinDuration == 0 || lasted(&k.Call) >= f.MinDuration) && (f.MaxDuration == 0 || lasted(&k.Call) <= f.MaxDuration)
}

func scoreOf(k *known) (float32, bool) {
	if k.verdict == nil || rtc.IsNull(k.verdict.Score) {
		return 0, false
	}
	return k.verdict.Score, true
}

// want lists the ids of what matches, in the order asked for.
func want(all []known, f query.CallFilter) []rtc.CallID {
	sorted := slices.Clone(all)
	slices.SortFunc(sorted, func(a, b known) int {
		order := 0
		switch f.Sort {
		case query.ByStart:
		case query.ByDuration:
			order = cmp.Compare(lasted(&a.Call), lasted(&b.Call))
		case query.ByUsers:
			order = cmp.Compare(a.Users, b.Users)
		case query.ByRoom:
			order = cmp.Compare(a.Room, b.Room)
		case query.ByStatus:
			order = cmp.Compare(b2i(a.End.IsZero()), b2i(b.End.IsZero()))
		case query.ByScore:
			as, aok := scoreOf(&a)
			bs, bok := scoreOf(&b)
			if aok != bok { // without a score: last, whatever the direction
				return b2i(bok) - b2i(aok)
			}
			order = cmp.Compare(as, bs)
		}
		if order = cmp.Or(order, cmp.Compare(a.ID, b.ID)); !f.Ascending {
			order = -order
		}
		return order
	})
	var ids []rtc.CallID
	for i := range sorted {
		if sorted[i].matches(f) {
			ids = append(ids, sorted[i].ID)
		}
	}
	return ids
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// pages turns the pages of a list to its end. Where there are more calls than
// were counted, at least so many must have come.
func pages(q *query.Query, f query.CallFilter) (ids []rtc.CallID, err error) {
	total := -1
	for {
		page, err := q.Calls(context.Background(), 1, f)
		if err != nil {
			return nil, err
		}
		if total >= 0 && page.Total != total || len(page.Calls) > f.Limit || page.More && f.AllCount {
			return nil, fmt.Errorf("a page of %d, of %d in all, once %d", len(page.Calls), page.Total, total)
		}
		total = page.Total
		for _, c := range page.Calls {
			if c.App != 1 {
				return nil, fmt.Errorf("call %s is of app %d", c.ID, c.App)
			}
			ids = append(ids, c.ID)
		}
		if f.Cursor = page.Cursor; f.Cursor == "" {
			if total != len(ids) && !(page.More && total < len(ids)) {
				return nil, fmt.Errorf("%d calls on all pages, %d were promised", len(ids), total)
			}
			return ids, nil
		}
	}
}

// TestCalls compares every filter, alone and with others, in every order, on
// all pages, with a plain reading of the rows.
func TestCalls(t *testing.T) {
	storetest.EveryEngine(t, func(t *testing.T, s *store.Store) {
		all := knownCalls(t, s)
		sensible := questions(s)
		ways := []*query.Query{sensible, sensible.Hasty()}
		f32 := func(v float32) *float32 { return &v }
		for name, f := range map[string]query.CallFilter{
			"all":                  {},
			"one call":             {Call: storetest.CallID(8)},
			"no such call":         {Call: storetest.CallID(8) + 1},
			"room":                 {Room: "room-03"},
			"beginning of rooms":   {RoomPrefix: "room-1"},
			"user":                 {User: "user-1"},
			"user by name":         {User: "aDA lovelace"},
			"beginning of users":   {UserPrefix: "user-"},
			"beginning of names":   {UserPrefix: "gR"},
			"key":                  {Key: "plan"},
			"key and value":        {Key: "plan", Value: "free"},
			"value of another key": {Key: "plan", Value: "4711"},
			"hostile key":          {Key: `it's\`, Value: "a=b\n'"},
			"country":              {Regions: []string{"DE"}},
			"place":                {Regions: []string{"DE, Berlin", "FR, Paris"}},
			"browser":              {Browsers: []string{"Firefox"}},
			"browsers":             {Browsers: []string{"Firefox", "Safari", `'],['\`}},
			"system":               {Systems: []string{"macOS"}},
			"of one stay":          {User: "user-2", Browsers: []string{"Chrome"}, Regions: []string{"DE"}},
			"issue":                {Issues: []string{"lag"}},
			"issues":               {Issues: []string{"lag", "video_freeze"}},
			"issue of severity":    {Issues: []string{"lag"}, MinSeverity: rtc.High},
			"any issue":            {MinSeverity: rtc.Low},
			"medium issue":         {MinSeverity: rtc.Medium},
			"high issue":           {MinSeverity: rtc.High},
			"no issue":             {NoIssues: true},
			"score from":           {MinScore: f32(4.5)},
			"score to":             {MaxScore: f32(6)},
			"score between":        {MinScore: f32(2), MaxScore: f32(7)},
			"in progress":          {Status: query.InProgress},
			"ended":                {Status: query.Ended},
			"range":                {From: storetest.CallID(20).Time(), To: storetest.CallID(30).Time()},
			"since":                {From: storetest.CallID(33).Time().Add(time.Millisecond)},
			"long":                 {MinDuration: 5 * time.Minute},
			"short":                {MaxDuration: 5 * time.Minute},
			"room and browser":     {Room: "room-03", Browsers: []string{"Chrome", "Firefox", "Safari"}},
			"issue of a stay":      {Issues: []string{"video_freeze", "lag"}, Browsers: []string{"Chrome", "Firefox"}},
			"scored without issue": {NoIssues: true, MinScore: f32(2), UserPrefix: "user-"},
		} {
			t.Run(name, func(t *testing.T) {
				for sort := range query.ByScore + 1 {
					f.Sort, f.Limit, f.Ascending = sort, 7, sort%2 == 0
					wanted := want(all, f)
					if len(wanted) == len(all) && name != "all" || len(wanted) == 0 && name != "no such call" && name != "value of another key" {
						t.Fatalf("%d of %d calls match: this tests nothing", len(wanted), len(all))
					}
					for way, q := range ways {
						if q == sensible && sort != query.ByStart && sort != query.ByScore {
							continue // of the others it is one question with another order
						}
						if got, err := pages(q, f); err != nil || !slices.Equal(got, wanted) {
							t.Errorf("sort %d, way %d: got %v, want %v: %v", sort, way, got, wanted, err)
						}
					}
				}
			})
		}
		t.Run("together", func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				q := rapid.SampledFrom(ways).Draw(t, "way")
				f := query.CallFilter{
					AllCount:  rapid.Bool().Draw(t, "all"),
					Sort:      query.CallSort(rapid.IntRange(0, int(query.ByScore)).Draw(t, "sort")),
					Ascending: rapid.Bool().Draw(t, "ascending"),
					Limit:     rapid.IntRange(4, 50).Draw(t, "limit"),
				}
				// Each filter is off more often than on: all together match nothing.
				maybe := func(what string, set func()) {
					if rapid.IntRange(0, 4).Draw(t, what+"?") == 0 {
						set()
					}
				}
				maybe("status", func() { f.Status = query.Status(rapid.IntRange(0, 2).Draw(t, "status")) })
				maybe("room", func() { f.Room = fmt.Sprintf("room-%02d", rapid.IntRange(0, 8).Draw(t, "room")) })
				maybe("prefix", func() {
					f.RoomPrefix = rapid.SampledFrom([]string{"room", "room-01", "oom", `x'\`, "ROOM"}).Draw(t, "prefix")
				})
				maybe("user", func() {
					f.User = rapid.SampledFrom(append(userIDs[:4:4], "GRACE", "grac", `'\`)).Draw(t, "user")
				})
				maybe("begin", func() { f.UserPrefix = rapid.SampledFrom([]string{"a", "A", "user-", "G", `'`}).Draw(t, "begin") })
				maybe("key", func() {
					f.Key = rapid.SampledFrom([]string{"plan", "ticket", `it's\`, "none"}).Draw(t, "key")
					f.Value = rapid.SampledFrom([]string{"", "pro", "4711", "a=b\n'"}).Draw(t, "value")
				})
				maybe("regions", func() { f.Regions = rapid.SliceOfN(rapid.SampledFrom(places[:4]), 1, 2).Draw(t, "regions") })
				maybe("browsers", func() { f.Browsers = rapid.SliceOfN(rapid.SampledFrom(browsers[:3]), 1, 2).Draw(t, "browsers") })
				maybe("systems", func() { f.Systems = rapid.SliceOfN(rapid.SampledFrom(systems[:2]), 1, 2).Draw(t, "systems") })
				maybe("issues", func() { f.Issues = rapid.SliceOfN(rapid.SampledFrom(issueTypes), 1, 2).Draw(t, "issues") })
				maybe("severity", func() { f.MinSeverity = rtc.Level(rapid.IntRange(0, 3).Draw(t, "severity")) })
				maybe("none", func() { f.NoIssues = true })
				maybe("min", func() { v := rapid.Float32Range(0, 10).Draw(t, "min"); f.MinScore = &v })
				maybe("max", func() { v := rapid.Float32Range(0, 10).Draw(t, "max"); f.MaxScore = &v })
				maybe("range", func() {
					f.From = storetest.Start.Add(time.Duration(rapid.IntRange(0, 60).Draw(t, "from")) * time.Minute)
					f.To = f.From.Add(time.Duration(rapid.IntRange(0, 20).Draw(t, "for")) * time.Minute)
				})
				maybe("duration", func() {
					f.MinDuration = time.Duration(rapid.IntRange(0, 500).Draw(t, "shortest")) * time.Second
					f.MaxDuration = time.Duration(rapid.IntRange(0, 900).Draw(t, "longest")) * time.Second
				})
				wanted := want(all, f)
				if got, err := pages(q, f); err != nil || !slices.Equal(got, wanted) {
					t.Fatalf("got %v, want %v: %v", got, wanted, err)
				}
			})
		})
	})
}

// A verdict whose call is gone takes no place on a page, and the list goes on
// behind it.
func TestScoresOfCallsThatAreGone(t *testing.T) {
	storetest.EveryEngine(t, func(t *testing.T, s *store.Store) {
		all := knownCalls(t, s)
		for n := range 20 {
			s.Verdict(&rtc.Verdict{App: 1, Call: storetest.CallID(n) + 1, Score: 10, Version: 1})
		}
		storetest.Flush(t, s)
		f := query.CallFilter{Sort: query.ByScore, Limit: 5}
		if got, err := pages(questions(s), f); err != nil || !slices.Equal(got, want(all, f)) {
			t.Errorf("got %v, want %v: %v", got, want(all, f), err)
		}
	})
}

func TestNoSuchOrder(t *testing.T) {
	storetest.EveryEngine(t, func(t *testing.T, s *store.Store) {
		q := questions(s)
		if _, err := q.Calls(t.Context(), 1, query.CallFilter{Sort: 99}); err == nil {
			t.Error("order 99 is taken")
		}
		knownCalls(t, s)
		page, err := q.Calls(t.Context(), 1, query.CallFilter{Sort: query.ByScore})
		if err != nil || page.Cursor == "" {
			t.Fatal(err, page.Cursor)
		}
		if _, err := q.Calls(t.Context(), 1, query.CallFilter{Cursor: page.Cursor}); !errors.Is(err, query.ErrCursor) {
			t.Errorf("a cursor by score goes on by start: %v", err)
		}
	})
}

// TestGlances compares the slices of calls with the stays and issues that
// overlap them.
func TestGlances(t *testing.T) {
	storetest.EveryEngine(t, func(t *testing.T, s *store.Store) {
		at := func(seconds int) time.Time { return storetest.Start.Add(time.Duration(seconds) * time.Second) }
		stay := func(call rtc.CallID, n int, user, name string, from, to int, media bool) rtc.Session {
			x := rtc.Session{App: 1, Call: call, ID: rtc.SessionID(n), User: user, UserName: name, Start: at(from), Receives: media, Version: 1}
			if to >= 0 {
				x.End = at(to)
			}
			return x
		}
		trouble := func(call rtc.CallID, n int, kind string, level rtc.Level, from, to int) rtc.Issue {
			x := rtc.Issue{App: 1, Call: call, Session: 1, ID: rtc.IssueID(n), Type: kind, Severity: level, Start: at(from), Version: 1}
			if to >= 0 {
				x.End = at(to)
			}
			return x
		}
		over, live, empty := storetest.CallID(0), storetest.CallID(1), storetest.CallID(2)
		calls := []rtc.Call{{App: 1, ID: over, Start: at(0), End: at(240)}, {App: 1, ID: live, Start: at(60)}, {App: 1, ID: empty, Start: at(120), End: at(120)}}
		stays := []rtc.Session{
			stay(over, 1, "ada", "", 0, 100, true), stay(over, 2, "ben", "Ben", 5, 50, true), stay(over, 3, "ada", "Ada", 150, 200, true), stay(over, 4, "", "", 60, 61, false),
			stay(over, 5, "", "", 62, 240, false), stay(live, 6, "cy", "Cy", 60, -1, true), stay(empty, 7, "dan", "", 120, 120, true),
		}
		issues := []rtc.Issue{
			trouble(over, 1, "video_freeze", rtc.High, 10, 30), trouble(over, 2, "packet_loss", rtc.Low, 0, 60), trouble(over, 3, "lag", rtc.Medium, 230, -1),
			trouble(over, 4, "lag", rtc.Medium, 210, 210), trouble(over, 5, "early", rtc.Low, -500, -400), trouble(over, 6, "late", rtc.Low, 900, 1000),
			trouble(live, 7, "lag", rtc.Low, 1000, -1), trouble(over, 8, "gone", rtc.Clear, 0, 240),
		}
		for i := range stays {
			s.Session(&stays[i])
			foreign := stays[i]
			foreign.App, foreign.User = 2, "mallory"
			s.Session(&foreign)
		}
		for i := range issues {
			s.Issue(&issues[i])
			foreign := issues[i]
			foreign.App, foreign.Severity, foreign.End = 2, rtc.High, time.Time{}
			s.Issue(&foreign)
		}
		storetest.Flush(t, s)
		// Of equal ones the first that began is told.
		slices.SortStableFunc(issues, func(a, b rtc.Issue) int { return a.Start.Compare(b.Start) })
		q := questions(s)
		for _, parts := range []int{1, 7, 24} {
			got, err := q.Glances(t.Context(), 1, calls, 2, parts)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range calls {
				wanted := make([]query.Slice, parts)
				length := max(lasted(&c), time.Millisecond)
				covers := func(i int, from, to time.Time) bool {
					if to.IsZero() {
						to = c.Start.Add(length)
					}
					low, high := c.Start.Add(length*time.Duration(i)/time.Duration(parts)), c.Start.Add(length*time.Duration(i+1)/time.Duration(parts))
					switch { // what lies outside of the call is drawn at its edge
					case i == parts-1 && !from.Before(high), i == 0 && !to.After(low):
						return true
					}
					return from.Before(high) && (to.After(low) || !from.Before(low))
				}
				for i := range wanted {
					for _, x := range stays {
						wanted[i].Measured = wanted[i].Measured || x.Call == c.ID && x.Receives && covers(i, x.Start, x.End)
					}
					for _, x := range issues {
						if x.Call == c.ID && x.Severity > wanted[i].Worst && covers(i, x.Start, x.End) {
							wanted[i].Worst, wanted[i].Issue = x.Severity, x.Type
						}
					}
				}
				if !slices.Equal(got[c.ID].Slices, wanted) {
					t.Errorf("%d slices of call %s\n%+v\nwant\n%+v", parts, c.ID, got[c.ID].Slices, wanted)
				}
			}
			people := map[rtc.CallID][]query.Person{over: {{User: "ada", Name: "Ada"}, {User: "ben", Name: "Ben"}}, live: {{User: "cy", Name: "Cy"}}, empty: {{User: "dan"}}}
			for id, wanted := range people {
				if !slices.Equal(got[id].People, wanted) {
					t.Errorf("people of %s: %+v, want %+v", id, got[id].People, wanted)
				}
			}
		}
		many, err := q.Glances(t.Context(), 1, calls, 50, 0)
		if err != nil || len(many[over].People) != 4 || many[over].Slices != nil {
			t.Errorf("each anonymous session is a person of its own: %+v, %v", many[over], err)
		}
		if none, err := q.Glances(t.Context(), 1, calls, 0, 0); err != nil || len(none) != 0 {
			t.Errorf("nothing was asked for: %+v, %v", none, err)
		}
		if foreign, err := q.Glances(t.Context(), 3, calls, 5, 5); err != nil || len(foreign[over].People) > 0 || foreign[over].Slices[0].Measured {
			t.Errorf("app 3 sees %+v, %v", foreign[over], err)
		}
	})
}

func TestCallChoices(t *testing.T) {
	storetest.EveryEngine(t, func(t *testing.T, s *store.Store) {
		for n, browser := range []string{"Safari", "Chrome", "Chrome", "Firefox", "Chrome", "Firefox", ""} {
			s.Session(&rtc.Session{App: 1, Call: storetest.CallID(n), ID: rtc.SessionID(n), Browser: browser, OS: "macOS", Region: "DE, Berlin", Keys: map[string]string{"plan": "pro", "ticket": fmt.Sprint(n)}, Version: 1})
			s.Session(&rtc.Session{App: 2, Call: storetest.CallID(n), ID: rtc.SessionID(n), Browser: "Foreign", Keys: map[string]string{"secret": "x"}, Version: 1})
		}
		storetest.Flush(t, s)
		got, err := questions(s).CallChoices(t.Context(), 1, time.Time{}, time.Time{})
		wanted := query.CallChoices{Browsers: []string{"Chrome", "Firefox", "Safari"}, Systems: []string{"macOS"}, Regions: []string{"DE, Berlin"}, Keys: []string{"plan", "ticket"}}
		if err != nil || !reflect.DeepEqual(got, wanted) {
			t.Errorf("%+v, want %+v: %v", got, wanted, err)
		}
		if got, err = questions(s).CallChoices(t.Context(), 1, storetest.CallID(0).Time(), storetest.CallID(1).Time()); err != nil || !slices.Equal(got.Browsers, []string{"Safari"}) {
			t.Errorf("of the first minute: %+v, %v", got, err)
		}
	})
}
