package query_test

import (
	"math"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/peerglass/peerglass/query"
	"github.com/peerglass/peerglass/rtc"
	"github.com/peerglass/peerglass/store"
	"github.com/peerglass/peerglass/store/storetest"
)

// What was found in a call comes back as it was written, in its newest version,
// and only to the app that it belongs to, though the ids of another app's are
// the same.
func TestAssessment(t *testing.T) {
	storetest.EveryEngine(t, func(t *testing.T, s *store.Store) {
		q := questions(s)
		call := storetest.CallID(3)
		start := storetest.Start
		value, limit := 0.31, 0.2
		issue := func(app rtc.AppID, session rtc.SessionID, id rtc.IssueID, kind string, level rtc.Level, version uint64) rtc.Issue {
			return rtc.Issue{App: app, Call: call, Session: session, ID: id, Type: kind, Phase: rtc.Joining, Cause: "packet_loss", Source: rtc.RemoteUser, Severity: level,
				Start: start.Add(time.Duration(id) * time.Second), End: start.Add(time.Minute), Connection: 2, Stream: 5, RemoteUser: "ben",
				Evidence: []rtc.Evidence{{Stream: 5, Metric: "loss", At: start, Value: &value, Limit: &limit}, {Session: 9, Event: "x", Text: "the other end"}}, Version: version}
		}
		issues := []rtc.Issue{issue(1, 7, 1, "packet_loss", rtc.Medium, 512), issue(1, 7, 2, "video_freeze", rtc.High, 256), issue(1, 8, 1, "packet_loss", rtc.Low, 256)}
		old := issue(1, 7, 1, "packet_loss", rtc.Low, 511)
		open := issue(1, 8, 3, "cpu_high", rtc.Low, 256)
		open.End, open.Evidence = time.Time{}, nil
		issues = append(issues, open)
		gone := issue(1, 8, 4, "gone", rtc.Clear, 300)
		foreign := issue(2, 7, 1, "packet_loss", rtc.High, 900)
		for _, i := range append(slices.Clone(issues), old, gone, foreign) {
			s.Issue(&i)
		}
		outcome := rtc.Outcome{App: 1, Call: call, Session: 7, Tried: true, Joined: true, Join: 420, Signalling: 100.5, ICE: 20, DTLS: rtc.Null,
			FirstAudioSent: 1, FirstVideoSent: 2, FirstAudioReceived: 3, FirstVideoReceived: rtc.Null, PushTried: 2, PushOK: 1, PullTried: 4, PullOK: 3,
			VideoTime: 60_000, VideoStutter: 1200, AudioTime: 59_000, AudioStutter: rtc.Null, LagTime: 5, BadTime: 6, Score: 7.5, AudioScore: 9, VideoScore: rtc.Null,
			ScoreVersion: 3, Reasons: []rtc.Reason{{ID: "video_stutter", Points: 2.5, Text: "picture stood still"}}, Version: 2}
		s.Outcome(&outcome)
		s.Outcome(&rtc.Outcome{App: 1, Call: call, Session: 7, Version: 1})
		s.Outcome(&rtc.Outcome{App: 2, Call: call, Session: 7, Score: 1, Version: 9})
		verdict := rtc.Verdict{App: 1, Call: call, Sentences: []string{"One.", "Two – ü."}, Side: rtc.UserNetwork, User: "ben", Cause: "packet_loss", Confidence: 0.85,
			Evidence: []rtc.Evidence{{Session: 7, Metric: "loss", Value: &value}}, Score: rtc.Null, Issues: [4]uint32{0, 2, 1, 1}, Version: 5}
		s.Verdict(&rtc.Verdict{App: 1, Call: call, Sentences: []string{"Old."}, Version: 4})
		s.Verdict(&verdict)
		s.Verdict(&rtc.Verdict{App: 2, Call: call, Sentences: []string{"Foreign."}, Version: 9})
		features := []rtc.Feature{
			{App: 1, Call: call, Session: 7, Set: "jitsi", Scope: "client", Name: "a", Number: 1.25},
			{App: 1, Call: call, Session: 7, Set: "rtcstats", Scope: "track", Subject: "PC_0/1", Name: "b", Number: math.NaN(), Text: "text"},
		}
		s.Features(features)
		s.Features(features) // twice changes nothing
		s.Features([]rtc.Feature{{App: 2, Call: call, Session: 7, Set: "jitsi", Scope: "client", Name: "a", Number: 7}})
		storetest.Flush(t, s)

		list := func(app rtc.AppID, f query.IssueFilter) []rtc.Issue {
			t.Helper()
			rows, err := q.Issues(t.Context(), app, call, f)
			if err != nil {
				t.Fatal(err)
			}
			return rows
		}
		want := []rtc.Issue{issues[0], issues[2], issues[1], issues[3]} // by start, then session
		if got := list(1, query.IssueFilter{}); !reflect.DeepEqual(got, want) {
			t.Errorf("issues\n%+v\nwant\n%+v", got, want)
		}
		for name, f := range map[string]query.IssueFilter{"session": {Session: 7}, "type": {Type: "packet_loss"}, "severity": {MinSeverity: rtc.Medium}} {
			got := list(1, f)
			filtered := slices.DeleteFunc(slices.Clone(want), func(i rtc.Issue) bool {
				return f.Session != 0 && i.Session != f.Session || f.Type != "" && i.Type != f.Type || i.Severity < f.MinSeverity
			})
			if !reflect.DeepEqual(got, filtered) {
				t.Errorf("issues by %s\n%+v\nwant\n%+v", name, got, filtered)
			}
		}
		if got := list(2, query.IssueFilter{}); len(got) != 1 || got[0].App != 2 {
			t.Errorf("app 2 sees %+v", got)
		}
		if got := list(3, query.IssueFilter{}); len(got) != 0 {
			t.Errorf("app 3 sees %+v", got)
		}

		outcomes, err := q.Outcomes(t.Context(), 1, call, 0)
		if err != nil || len(outcomes) != 1 || !reflect.DeepEqual(measured(outcomes[0]), measured(outcome)) {
			t.Errorf("outcomes %+v %v\nwant %+v", outcomes, err, outcome)
		}
		if other, err := q.Outcomes(t.Context(), 2, call, 7); err != nil || len(other) != 1 || other[0].Score != 1 {
			t.Errorf("app 2 sees the outcomes %+v %v", other, err)
		}
		told, err := q.Verdicts(t.Context(), 1, []rtc.CallID{call, call + 1})
		got := told[call]
		if !rtc.IsNull(got.Score) {
			t.Errorf("a score that was not measured is %v", got.Score)
		}
		expected := verdict
		got.Score, expected.Score = 0, 0
		if err != nil || len(told) != 1 || !reflect.DeepEqual(got, expected) {
			t.Errorf("verdicts %+v %v\nwant %+v", told, err, verdict)
		}
		if other, err := q.Verdicts(t.Context(), 3, []rtc.CallID{call}); err != nil || len(other) != 0 {
			t.Errorf("app 3 sees %+v %v", other, err)
		}
		found, err := q.Features(t.Context(), 1, call, 0, "")
		if err != nil || len(found) != 2 || found[0] != features[0] || found[1].Text != "text" || !math.IsNaN(found[1].Number) {
			t.Errorf("features %+v %v", found, err)
		}
		if some, err := q.Features(t.Context(), 1, call, 7, "rtcstats"); err != nil || len(some) != 1 || some[0].Name != "b" {
			t.Errorf("features of one definition: %+v %v", some, err)
		}

		rows, err := q.Judged(t.Context(), 1, call)
		if err != nil || len(rows.Issues) != 4 || len(rows.Outcomes) != 1 || rows.Verdict.Version != 5 {
			t.Errorf("to be judged: %+v %v", rows, err)
		}

		// What is written anew is forgotten before, of this call's sessions only.
		if err := s.Forget(t.Context(), 1, call, []rtc.SessionID{7}); err != nil {
			t.Fatal(err)
		}
		if got := list(1, query.IssueFilter{}); len(got) != 2 || got[0].Session != 8 || got[1].Session != 8 {
			t.Errorf("after forgetting one session: %+v", got)
		}
		if got := list(2, query.IssueFilter{}); len(got) != 1 {
			t.Errorf("app 2 lost what app 1 forgot: %+v", got)
		}
		if told, err := q.Verdicts(t.Context(), 1, []rtc.CallID{call}); err != nil || len(told) != 0 {
			t.Errorf("the verdict is still there: %+v %v", told, err)
		}
	})
}

// measured is an outcome whose missing figures are equal to each other.
func measured(o rtc.Outcome) rtc.Outcome {
	v := reflect.ValueOf(&o).Elem()
	for i := range v.NumField() {
		if f := v.Field(i); f.Kind() == reflect.Float32 && math.IsNaN(f.Float()) {
			f.SetFloat(-1)
		}
	}
	return o
}
