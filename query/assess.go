package query

import (
	"context"
	"fmt"
	"time"

	"github.com/ClickHouse/ch-go/proto"

	"github.com/peerglass/peerglass/rtc"
	"github.com/peerglass/peerglass/store"
	"github.com/peerglass/peerglass/store/clickhouse"
)

// IssueFilter narrows the issues of a call. Zero members do not narrow.
type IssueFilter struct {
	Session     rtc.SessionID
	Type        string
	MinSeverity rtc.Level
}

// A clear issue is none: what was found wrong and is no longer.
var issuesOfCall = "SELECT " + list(issueFields) + ` FROM issues FINAL
	WHERE app = {app:UInt32} AND call = {call:UInt64} AND ({session:UInt64} = 0 OR session = {session:UInt64})
	AND ({type:String} = '' OR type = {type:String}) AND toUInt8(severity) >= {severity:UInt8} AND severity != 'clear'
	ORDER BY start, session, issue LIMIT 10000`

// Issues returns what was found wrong in a call, by its start.
func (q *Query) Issues(ctx context.Context, app rtc.AppID, call rtc.CallID, f IssueFilter) ([]rtc.Issue, error) {
	params := append(underParams(app, call, f.Session), clickhouse.String("type", f.Type), clickhouse.Uint("severity", f.MinSeverity))
	rows, err := ask(ctx, q.db, clickhouse.Question{SQL: issuesOfCall, Params: params, Cheap: true, Settings: newest}, issueFields)
	if err != nil {
		return nil, fmt.Errorf("list the issues of call %s: %w", call, err)
	}
	return rows, nil
}

var outcomesOfCall = "SELECT " + list(outcomeFields) + " FROM outcomes" + underCall

// Outcomes returns what the stays in a call came to, or one of them where
// session is not 0.
func (q *Query) Outcomes(ctx context.Context, app rtc.AppID, call rtc.CallID, session rtc.SessionID) ([]rtc.Outcome, error) {
	rows, err := ask(ctx, q.db, clickhouse.Question{SQL: outcomesOfCall, Params: underParams(app, call, session), Cheap: true, Settings: newest}, outcomeFields)
	if err != nil {
		return nil, fmt.Errorf("list the outcomes of call %s: %w", call, err)
	}
	return rows, nil
}

var verdictsOf = "SELECT " + list(verdictFields) + " FROM verdicts FINAL WHERE app = {app:UInt32} AND call IN {calls:Array(UInt64)}"

// Verdicts returns the verdicts of calls, by call. A call that was not judged
// has none.
func (q *Query) Verdicts(ctx context.Context, app rtc.AppID, calls []rtc.CallID) (map[rtc.CallID]rtc.Verdict, error) {
	of := make(map[rtc.CallID]rtc.Verdict, len(calls))
	if len(calls) == 0 {
		return of, nil
	}
	params := []clickhouse.Param{clickhouse.Uint("app", app), clickhouse.Uints("calls", calls)}
	rows, err := ask(ctx, q.db, clickhouse.Question{SQL: verdictsOf, Params: params, Cheap: true, Settings: newestOfKept}, verdictFields)
	if err != nil {
		return nil, fmt.Errorf("list verdicts: %w", err)
	}
	for _, v := range rows {
		of[v.Call] = v
	}
	return of, nil
}

var featuresOfCall = "SELECT " + list(featureFields) + ` FROM features FINAL
	WHERE app = {app:UInt32} AND call = {call:UInt64} AND ({session:UInt64} = 0 OR session = {session:UInt64})
	AND ({set:String} = '' OR ` + "`set`" + ` = {set:String})
	ORDER BY session, ` + "`set`" + `, scope, subject, name LIMIT 100000`

// Features returns the features of the sessions of a call, or of one where
// session is not 0; of one definition where set is not "".
func (q *Query) Features(ctx context.Context, app rtc.AppID, call rtc.CallID, session rtc.SessionID, set string) ([]rtc.Feature, error) {
	params := append(underParams(app, call, session), clickhouse.String("set", set))
	rows, err := ask(ctx, q.db, clickhouse.Question{SQL: featuresOfCall, Params: params, Settings: newest}, featureFields)
	if err != nil {
		return nil, fmt.Errorf("list the features of call %s: %w", call, err)
	}
	return rows, nil
}

func fromFloat32[T any](column string, set func(*T, float32)) field[T] {
	return field[T]{"toFloat32(" + column + ")", func() (proto.ColResult, func(int, *T)) {
		c := new(proto.ColFloat32)
		return c, func(i int, t *T) { set(t, (*c)[i]) }
	}}
}

func fromFloat64[T any](column string, set func(*T, float64)) field[T] {
	return field[T]{"toFloat64(" + column + ")", func() (proto.ColResult, func(int, *T)) {
		c := new(proto.ColFloat64)
		return c, func(i int, t *T) { set(t, (*c)[i]) }
	}}
}

func fromTexts[T any](column string, set func(*T, []string)) field[T] {
	return field[T]{column, func() (proto.ColResult, func(int, *T)) {
		c := new(proto.ColStr).Array()
		return c, func(i int, t *T) { set(t, c.Row(i)) }
	}}
}

// fromDecoded reads a list that the store wrote as text; one that does not
// parse is left out.
func fromDecoded[T, V any](column string, decode func(string) ([]V, error), set func(*T, []V)) field[T] {
	return fromText(column, func(t *T, text string) {
		if v, err := decode(text); err == nil {
			set(t, v)
		}
	})
}

var issueFields = []field[rtc.Issue]{
	fromUint64("app", func(r *rtc.Issue, v uint64) { r.App = rtc.AppID(v) }),
	fromUint64("call", func(r *rtc.Issue, v uint64) { r.Call = rtc.CallID(v) }),
	fromUint64("session", func(r *rtc.Issue, v uint64) { r.Session = rtc.SessionID(v) }),
	fromUint64("issue", func(r *rtc.Issue, v uint64) { r.ID = rtc.IssueID(v) }),
	fromText("type", func(r *rtc.Issue, v string) { r.Type = v }),
	fromInt64("phase", func(r *rtc.Issue, v int64) { r.Phase = rtc.Phase(v) }),
	fromText("cause", func(r *rtc.Issue, v string) { r.Cause = v }),
	fromInt64("source", func(r *rtc.Issue, v int64) { r.Source = rtc.Source(v) }),
	fromInt64("severity", func(r *rtc.Issue, v int64) { r.Severity = rtc.Level(v) }),
	fromTime("start", func(r *rtc.Issue, v time.Time) { r.Start = v }),
	fromTime("end", func(r *rtc.Issue, v time.Time) { r.End = v }),
	fromUint64("connection", func(r *rtc.Issue, v uint64) { r.Connection = rtc.ConnectionID(v) }),
	fromUint64("stream", func(r *rtc.Issue, v uint64) { r.Stream = rtc.StreamID(v) }),
	fromText("remote_user", func(r *rtc.Issue, v string) { r.RemoteUser = v }),
	fromDecoded("evidence", store.DecodeEvidence, func(r *rtc.Issue, v []rtc.Evidence) { r.Evidence = v }),
	fromUint64("version", func(r *rtc.Issue, v uint64) { r.Version = v }),
}

var outcomeFields = []field[rtc.Outcome]{
	fromUint64("app", func(r *rtc.Outcome, v uint64) { r.App = rtc.AppID(v) }),
	fromUint64("call", func(r *rtc.Outcome, v uint64) { r.Call = rtc.CallID(v) }),
	fromUint64("session", func(r *rtc.Outcome, v uint64) { r.Session = rtc.SessionID(v) }),
	fromBool("tried", func(r *rtc.Outcome, v bool) { r.Tried = v }),
	fromBool("joined", func(r *rtc.Outcome, v bool) { r.Joined = v }),
	fromFloat32("`join`", func(r *rtc.Outcome, v float32) { r.Join = v }),
	fromFloat32("signalling", func(r *rtc.Outcome, v float32) { r.Signalling = v }),
	fromFloat32("ice", func(r *rtc.Outcome, v float32) { r.ICE = v }),
	fromFloat32("dtls", func(r *rtc.Outcome, v float32) { r.DTLS = v }),
	fromFloat32("first_audio_sent", func(r *rtc.Outcome, v float32) { r.FirstAudioSent = v }),
	fromFloat32("first_video_sent", func(r *rtc.Outcome, v float32) { r.FirstVideoSent = v }),
	fromFloat32("first_audio_received", func(r *rtc.Outcome, v float32) { r.FirstAudioReceived = v }),
	fromFloat32("first_video_received", func(r *rtc.Outcome, v float32) { r.FirstVideoReceived = v }),
	fromUint64("push_tried", func(r *rtc.Outcome, v uint64) { r.PushTried = uint32(v) }),
	fromUint64("push_ok", func(r *rtc.Outcome, v uint64) { r.PushOK = uint32(v) }),
	fromUint64("pull_tried", func(r *rtc.Outcome, v uint64) { r.PullTried = uint32(v) }),
	fromUint64("pull_ok", func(r *rtc.Outcome, v uint64) { r.PullOK = uint32(v) }),
	fromFloat32("video_time", func(r *rtc.Outcome, v float32) { r.VideoTime = v }),
	fromFloat32("video_stutter", func(r *rtc.Outcome, v float32) { r.VideoStutter = v }),
	fromFloat32("audio_time", func(r *rtc.Outcome, v float32) { r.AudioTime = v }),
	fromFloat32("audio_stutter", func(r *rtc.Outcome, v float32) { r.AudioStutter = v }),
	fromFloat32("lag_time", func(r *rtc.Outcome, v float32) { r.LagTime = v }),
	fromFloat32("bad_time", func(r *rtc.Outcome, v float32) { r.BadTime = v }),
	fromFloat32("score", func(r *rtc.Outcome, v float32) { r.Score = v }),
	fromFloat32("audio_score", func(r *rtc.Outcome, v float32) { r.AudioScore = v }),
	fromFloat32("video_score", func(r *rtc.Outcome, v float32) { r.VideoScore = v }),
	fromUint64("score_version", func(r *rtc.Outcome, v uint64) { r.ScoreVersion = uint16(v) }),
	fromDecoded("reasons", store.DecodeReasons, func(r *rtc.Outcome, v []rtc.Reason) { r.Reasons = v }),
	fromUint64("version", func(r *rtc.Outcome, v uint64) { r.Version = v }),
}

var verdictFields = []field[rtc.Verdict]{
	fromUint64("app", func(r *rtc.Verdict, v uint64) { r.App = rtc.AppID(v) }),
	fromUint64("call", func(r *rtc.Verdict, v uint64) { r.Call = rtc.CallID(v) }),
	fromTexts("sentences", func(r *rtc.Verdict, v []string) { r.Sentences = v }),
	fromInt64("side", func(r *rtc.Verdict, v int64) { r.Side = rtc.Side(v) }),
	fromText("user", func(r *rtc.Verdict, v string) { r.User = v }),
	fromText("cause", func(r *rtc.Verdict, v string) { r.Cause = v }),
	fromFloat32("confidence", func(r *rtc.Verdict, v float32) { r.Confidence = v }),
	fromDecoded("evidence", store.DecodeEvidence, func(r *rtc.Verdict, v []rtc.Evidence) { r.Evidence = v }),
	fromFloat32("score", func(r *rtc.Verdict, v float32) { r.Score = v }),
	fromUint64("score_version", func(r *rtc.Verdict, v uint64) { r.ScoreVersion = uint16(v) }),
	fromUint64("issues_low", func(r *rtc.Verdict, v uint64) { r.Issues[rtc.Low] = uint32(v) }),
	fromUint64("issues_medium", func(r *rtc.Verdict, v uint64) { r.Issues[rtc.Medium] = uint32(v) }),
	fromUint64("issues_high", func(r *rtc.Verdict, v uint64) { r.Issues[rtc.High] = uint32(v) }),
	fromUint64("version", func(r *rtc.Verdict, v uint64) { r.Version = v }),
}

var featureFields = []field[rtc.Feature]{
	fromUint64("app", func(r *rtc.Feature, v uint64) { r.App = rtc.AppID(v) }),
	fromUint64("call", func(r *rtc.Feature, v uint64) { r.Call = rtc.CallID(v) }),
	fromUint64("session", func(r *rtc.Feature, v uint64) { r.Session = rtc.SessionID(v) }),
	fromText("`set`", func(r *rtc.Feature, v string) { r.Set = v }),
	fromText("scope", func(r *rtc.Feature, v string) { r.Scope = v }),
	fromText("subject", func(r *rtc.Feature, v string) { r.Subject = v }),
	fromText("name", func(r *rtc.Feature, v string) { r.Name = v }),
	fromFloat64("number", func(r *rtc.Feature, v float64) { r.Number = v }),
	fromText("text", func(r *rtc.Feature, v string) { r.Text = v }),
}
