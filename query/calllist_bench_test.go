package query_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/peerglass/peerglass/query"
	"github.com/peerglass/peerglass/rtc"
	"github.com/peerglass/peerglass/store"
	"github.com/peerglass/peerglass/store/clickhouse"
	"github.com/peerglass/peerglass/store/storetest"
)

// manyCalls gives app 1 a million calls over 30 days, with two to five
// sessions each, written by the engine itself: through the store they would
// take a minute. Of the stays two thirds are in Chrome and one in 50,000 in a
// rare browser; every call has a plan and a ticket of its own, one in 10,000 is
// of a trial; all users' names begin alike; one call in five has issues, one in
// 50,000 a rare one.
func manyCalls(b *testing.B, s *store.Store) {
	b.Helper()
	const id = "bitShiftLeft(toUInt64(toUnixTimestamp64Milli(start) - 1577836800000), 21) + n"
	for _, sql := range []string{
		`INSERT INTO calls (app, call, room, start, end, users, sessions, peak, version)
			SELECT 1, ` + id + `, concat('room-', toString(cityHash64(n) % 20000)), start, if(n > 999950, 0, start + toIntervalMillisecond(60000 + n * 7919 % 5400000)),
				2 + n % 4, 2 + n % 4, 2, 1
			FROM (SELECT number AS n, fromUnixTimestamp64Milli({from:Int64} + toInt64(number) * 2592) AS start FROM numbers(1000000))`,
		`INSERT INTO sessions (app, call, session, room, user, user_name, start, end, browser, os, region, keys, sends, receives, version)
			SELECT app, call, call + u AS session, room, concat('user-', toString(cityHash64(call, u) % 100000)) AS user, concat('Person ', substring(user, 6)), start, end,
				multiIf(cityHash64(session, 1) % 50000 = 0, 'Rare', cityHash64(session, 1) % 3 > 0, 'Chrome', cityHash64(session, 1) % 2 = 0, 'Safari', 'Firefox'),
				['Windows', 'macOS', 'Android', 'iOS', 'Linux'][1 + cityHash64(session, 2) % 5],
				['DE, Berlin', 'DE, Munich', 'FR, Paris', 'US, Ohio', 'US, Oregon', 'BR, São Paulo', 'IN, Mumbai', 'JP, Tokyo', 'GB, London', 'IS, Reykjavík'][1 + toUInt64(pow(cityHash64(session, 3) % 1000 / 1000., 3) * 10)],
				mapConcat(map('plan', ['free', 'pro', 'team'][1 + call % 3], 'ticket', toString(bitAnd(call, 2097151))), if(cityHash64(call, 7) % 10000 = 0, map('trial', 'b'), map())), true, true, 1
			FROM calls ARRAY JOIN range(users) AS u`,
		`INSERT INTO issues (app, call, session, issue, type, severity, start, end, version)
			SELECT app, call, call, i + 1, if(cityHash64(call, i) % 100000 = 0, 'desync', ['video_freeze', 'audio_freeze', 'packet_loss', 'lag', 'cpu_high', 'jitter'][1 + cityHash64(call, i) % 6]),
				1 + cityHash64(call, i, 1) % 3, start + toIntervalSecond(5 + i * 7), start + toIntervalSecond(9 + i * 7), 1
			FROM calls ARRAY JOIN range(if(cityHash64(call) % 5 = 0, 1 + cityHash64(call, 2) % 3, 0)) AS i`,
		`INSERT INTO verdicts (app, call, sentences, score, score_version, issues_low, issues_medium, issues_high, version)
			WITH arrayMap(i -> 1 + cityHash64(call, i, 1) % 3, range(if(cityHash64(call) % 5 = 0, 1 + cityHash64(call, 2) % 3, 0))) AS found
			SELECT app, call, if(empty(found), [], ['A sentence about what was wrong with this call, and on whose side it lay.']),
				if(cityHash64(call, 9) % 50 = 0, nan, 10 - length(found) * 2 - (cityHash64(call, 8) % 1000) / 600), 1,
				countEqual(found, 1), countEqual(found, 2), countEqual(found, 3), 1
			FROM calls`,
		// As the store does beside the rows of stays and issues.
		"INSERT INTO traits (app, kind, value, call, session, level) SELECT app, kind, value, call, session, 1 FROM traits_of_stays",
		"INSERT INTO traits (app, kind, value, call, session, level) SELECT app, kind, value, call, session, level FROM traits_of_issues SETTINGS optimize_aggregation_in_order = 1",
		// Merged, as what is older than minutes is.
		"OPTIMIZE TABLE traits FINAL", "OPTIMIZE TABLE calls FINAL", "OPTIMIZE TABLE sessions FINAL", "OPTIMIZE TABLE issues FINAL", "OPTIMIZE TABLE verdicts FINAL",
	} {
		q := clickhouse.Question{SQL: sql, Params: []clickhouse.Param{clickhouse.Int("from", storetest.Start.Add(-30*24*time.Hour).UnixMilli())}, Settings: []string{"workload", "heavy", "max_partitions_per_insert_block", "1000",
			"max_threads", "1", "min_insert_block_size_rows", "250000", "min_insert_block_size_bytes", "0"}}
		if err := s.Client().Exec(b.Context(), q); err != nil {
			b.Fatalf("%.40s: %v", sql, err)
		}
	}
}

// BenchmarkCallList pages and filters one app's list among a million calls:
// each filter over all of the 30 days and, where many calls match, over the
// week that the console shows at first, then some in pairs and in other orders.
// Pages have 50 calls; -next is the page behind the first.
func BenchmarkCallList(b *testing.B) {
	o := storetest.Embedded(b)
	s := storetest.Open(b, o)
	manyCalls(b, s)
	q := questions(s)
	day := storetest.Start.Add(-10 * 24 * time.Hour)
	week := func(f query.CallFilter) query.CallFilter {
		f.From = storetest.Start.Add(-7 * 24 * time.Hour)
		return f
	}
	score := func(v float32) *float32 { return &v }
	turned := []string{"newest", "user-prefix", "key", "key-value-common-week", "browser-common", "browser-severity", "severity-none", "browser-worst", "key-longest", "worst"}
	for _, list := range []struct {
		name   string
		filter func(i int) query.CallFilter
	}{
		{"newest", func(int) query.CallFilter { return query.CallFilter{} }},
		{"week", func(int) query.CallFilter { return week(query.CallFilter{}) }},
		{"day", func(i int) query.CallFilter { return query.CallFilter{From: day, To: day.Add(24 * time.Hour)} }},
		{"call", func(i int) query.CallFilter {
			return query.CallFilter{Call: rtc.CallID(rtc.NewID(day.UnixMilli(), uint64(i)))}
		}},
		{"room", func(i int) query.CallFilter { return query.CallFilter{Room: fmt.Sprintf("room-%d", i)} }},
		{"prefix", func(i int) query.CallFilter { return query.CallFilter{RoomPrefix: fmt.Sprintf("room-%d", 100+i)} }},
		{"user", func(i int) query.CallFilter { return query.CallFilter{User: fmt.Sprintf("user-%d", i)} }},
		{"user-name", func(i int) query.CallFilter { return query.CallFilter{User: fmt.Sprintf("PERSON %d", i)} }},
		{"user-prefix", func(i int) query.CallFilter { return query.CallFilter{UserPrefix: fmt.Sprintf("user-%d", 100+i)} }},
		{"user-prefix-week", func(i int) query.CallFilter {
			return week(query.CallFilter{UserPrefix: fmt.Sprintf("user-%d", 100+i)})
		}},
		{"key", func(int) query.CallFilter { return query.CallFilter{Key: "plan"} }},
		{"key-week", func(int) query.CallFilter { return week(query.CallFilter{Key: "plan"}) }},
		{"key-value-common", func(int) query.CallFilter { return query.CallFilter{Key: "plan", Value: "pro"} }},
		{"key-value-common-week", func(int) query.CallFilter { return week(query.CallFilter{Key: "plan", Value: "pro"}) }},
		{"key-value-rare", func(i int) query.CallFilter { return query.CallFilter{Key: "ticket", Value: fmt.Sprint(500_000 + i*7)} }},
		{"browser-common", func(int) query.CallFilter { return query.CallFilter{Browsers: []string{"Chrome"}} }},
		{"browser-common-week", func(int) query.CallFilter { return week(query.CallFilter{Browsers: []string{"Chrome"}}) }},
		{"browser-rare", func(int) query.CallFilter { return query.CallFilter{Browsers: []string{"Rare"}} }},
		{"system-week", func(int) query.CallFilter { return week(query.CallFilter{Systems: []string{"Linux"}}) }},
		{"key-value-trial", func(int) query.CallFilter { return query.CallFilter{Key: "trial", Value: "b"} }},
		{"user-prefix-all", func(int) query.CallFilter { return query.CallFilter{UserPrefix: "user-"} }},
		{"user-prefix-tenth", func(i int) query.CallFilter { return query.CallFilter{UserPrefix: fmt.Sprintf("user-%d", 1+i%9)} }},
		{"country-common", func(int) query.CallFilter { return query.CallFilter{Regions: []string{"DE"}} }},
		{"country", func(int) query.CallFilter { return query.CallFilter{Regions: []string{"IS"}} }},
		{"country-week", func(int) query.CallFilter { return week(query.CallFilter{Regions: []string{"IS"}}) }},
		{"stay", func(i int) query.CallFilter {
			return query.CallFilter{User: fmt.Sprintf("user-%d", i), Browsers: []string{"Chrome"}, Regions: []string{"DE"}}
		}},
		{"issue", func(int) query.CallFilter { return query.CallFilter{Issues: []string{"lag"}} }},
		{"issue-high", func(int) query.CallFilter { return query.CallFilter{Issues: []string{"lag"}, MinSeverity: rtc.High} }},
		{"issue-rare", func(int) query.CallFilter { return query.CallFilter{Issues: []string{"desync"}} }},
		{"severity-high", func(int) query.CallFilter { return query.CallFilter{MinSeverity: rtc.High} }},
		{"severity-none", func(int) query.CallFilter { return query.CallFilter{NoIssues: true} }},
		{"severity-none-week", func(int) query.CallFilter { return week(query.CallFilter{NoIssues: true}) }},
		{"score-poor", func(int) query.CallFilter { return query.CallFilter{MaxScore: score(6)} }},
		{"score-good-week", func(int) query.CallFilter { return week(query.CallFilter{MinScore: score(6)}) }},
		{"browser-severity", func(int) query.CallFilter {
			return query.CallFilter{Browsers: []string{"Chrome"}, MinSeverity: rtc.High}
		}},
		{"browser-none", func(int) query.CallFilter { return query.CallFilter{Browsers: []string{"Firefox"}, NoIssues: true} }},
		{"browser-country-system", func(int) query.CallFilter {
			return query.CallFilter{Browsers: []string{"Firefox"}, Regions: []string{"BR"}, Systems: []string{"Linux"}}
		}},
		{"key-value-score-week", func(int) query.CallFilter {
			return week(query.CallFilter{Key: "plan", Value: "pro", MaxScore: score(6)})
		}},
		{"key-issue", func(int) query.CallFilter {
			return query.CallFilter{Key: "plan", Value: "free", Issues: []string{"lag"}}
		}},
		{"room-browser", func(i int) query.CallFilter {
			return query.CallFilter{RoomPrefix: fmt.Sprintf("room-%d", 100+i), Browsers: []string{"Chrome"}}
		}},
		{"user-prefix-none", func(i int) query.CallFilter {
			return query.CallFilter{UserPrefix: fmt.Sprintf("user-%d", 100+i), NoIssues: true}
		}},
		{"user-prefix-worst", func(i int) query.CallFilter {
			return query.CallFilter{UserPrefix: fmt.Sprintf("user-%d", 100+i), Sort: query.ByScore, Ascending: true}
		}},
		{"browser-worst", func(int) query.CallFilter {
			return query.CallFilter{Browsers: []string{"Firefox"}, Sort: query.ByScore, Ascending: true}
		}},
		{"key-longest", func(int) query.CallFilter { return query.CallFilter{Key: "plan", Value: "pro", Sort: query.ByDuration} }},
		{"browser-oldest", func(int) query.CallFilter { return query.CallFilter{Browsers: []string{"Safari"}, Ascending: true} }},
		{"severity-most-users", func(int) query.CallFilter { return query.CallFilter{MinSeverity: rtc.High, Sort: query.ByUsers} }},
		{"in-progress", func(int) query.CallFilter { return query.CallFilter{Status: query.InProgress} }},
		{"longest", func(int) query.CallFilter { return query.CallFilter{Sort: query.ByDuration} }},
		{"worst", func(int) query.CallFilter { return query.CallFilter{Sort: query.ByScore, Ascending: true} }},
		{"worst-week", func(int) query.CallFilter { return week(query.CallFilter{Sort: query.ByScore, Ascending: true}) }},
		{"worst-of-browser-week", func(int) query.CallFilter {
			return week(query.CallFilter{Sort: query.ByScore, Ascending: true, Browsers: []string{"Firefox"}})
		}},
		{"day-by-users", func(int) query.CallFilter {
			return query.CallFilter{Sort: query.ByUsers, From: day, To: day.Add(24 * time.Hour)}
		}},
	} {
		ask := func(b *testing.B, next bool) {
			for b.Loop() {
				total, cursors := 0, make([]string, 40)
				if next {
					for i := range cursors {
						f := list.filter(i)
						f.Limit = 50
						page, err := q.Calls(context.Background(), 1, f)
						if err != nil {
							b.Fatal(err)
						}
						cursors[i] = page.Cursor
					}
				}
				quantiles(b, o.Engine, len(cursors), func(i int) error {
					f := list.filter(i)
					f.Limit, f.Cursor = 50, cursors[i]
					page, err := q.Calls(context.Background(), 1, f)
					total = page.Total
					return err
				})
				b.ReportMetric(float64(total), "calls")
			}
		}
		b.Run(list.name, func(b *testing.B) { ask(b, false) })
		if slices.Contains(turned, list.name) {
			b.Run(list.name+"-next", func(b *testing.B) { ask(b, true) })
		}
	}
	b.Run("glances", func(b *testing.B) {
		page, err := q.Calls(context.Background(), 1, query.CallFilter{To: day})
		if err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			quantiles(b, o.Engine, 60, func(int) error {
				_, err := q.Glances(context.Background(), 1, page.Calls, 4, 24)
				return err
			})
		}
	})
	b.Run("choices-week", func(b *testing.B) {
		for b.Loop() {
			quantiles(b, o.Engine, 20, func(int) error {
				_, err := q.CallChoices(context.Background(), 1, week(query.CallFilter{}).From, time.Time{})
				return err
			})
		}
	})
	b.Run("counts", func(b *testing.B) {
		for b.Loop() {
			quantiles(b, o.Engine, 60, func(int) error {
				_, err := q.Counts(context.Background(), []rtc.AppID{1}, day, time.Time{})
				return err
			})
		}
	})
}
