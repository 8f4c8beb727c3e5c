package api

import (
	"context"
	"encoding/json"
	"math"
	"net/http"
	"time"

	"github.com/peerglass/peerglass/quality"
	"github.com/peerglass/peerglass/quality/issue"
	"github.com/peerglass/peerglass/quality/verdict"
	"github.com/peerglass/peerglass/query"
	"github.com/peerglass/peerglass/rtc"
)

// Level is how bad an issue is.
type Level string

// Evidence is a figure or an event that an issue or a verdict rests on.
type Evidence struct {
	Session  string     `json:"session" doc:"Whose it is; empty: the issue's own"`
	Stream   uint32     `json:"stream" doc:"0: not about a stream"`
	Metric   string     `json:"metric" doc:"Id in GET /metrics; empty: not about a figure"`
	Event    string     `json:"event" doc:"Name of an event; empty: not about one"`
	At       *time.Time `json:"at" doc:"When it was worst, or happened"`
	Value    *float64   `json:"value" doc:"In the metric's unit"`
	Limit    *float64   `json:"limit" doc:"The threshold that it crossed"`
	Text     string     `json:"text"`
	Sentence uint8      `json:"sentence" doc:"Of a verdict: which of its sentences rests on it, from 1; 0: not told"`
}

// Issue is a detected impairment of one user's stay. docs/issues.md lists the
// types with their causes and thresholds.
type Issue struct {
	Session    string     `json:"session"`
	ID         uint32     `json:"id" doc:"Number within the session"`
	Type       string     `json:"type" example:"video_freeze"`
	Label      string     `json:"label" doc:"What people read of the type"`
	Phase      string     `json:"phase" enum:"call,joining"`
	Cause      string     `json:"cause" doc:"Empty where not known"`
	Source     string     `json:"source" enum:"unknown,local_user,remote_user,network,server" doc:"Whose side it lies on, seen from the session that has it"`
	Severity   Level      `json:"severity" enum:"low,medium,high"`
	Start      time.Time  `json:"start"`
	End        *time.Time `json:"end" doc:"null while it lasts"`
	Connection uint16     `json:"connection" doc:"0: none"`
	Stream     uint32     `json:"stream" doc:"0: not about one stream"`
	RemoteUser string     `json:"remoteUser" doc:"Whose stream it is, for one that was received"`
	Evidence   []Evidence `json:"evidence"`
}

// IssueList holds the issues of a call by their start.
type IssueList struct {
	Items []Issue `json:"items"`
}

// IssueCounts are numbers of issues by severity.
type IssueCounts struct {
	Low    uint32 `json:"low"`
	Medium uint32 `json:"medium"`
	High   uint32 `json:"high"`
}

// Verdict says in words what was wrong with a call.
type Verdict struct {
	Sentences    []string    `json:"sentences" doc:"Up to three; none where nothing was wrong"`
	Side         string      `json:"side" enum:"none,user,user_network,network,server" doc:"Where the main cause lies: with a user, in a user's own network, between users, or at a server"`
	User         string      `json:"user" doc:"Whose, if the side is a user's or a user's network"`
	Cause        string      `json:"cause"`
	Confidence   *float64    `json:"confidence" doc:"0 to 1; null without a sentence"`
	Evidence     []Evidence  `json:"evidence"`
	Score        *float64    `json:"score" doc:"0 to 10; null where nothing was measured"`
	ScoreVersion uint16      `json:"scoreVersion" doc:"Version of the formula, see docs/scores.md; 0 without a score"`
	Issues       IssueCounts `json:"issues"`
}

// Reason is one thing that lowered a score.
type Reason struct {
	ID     string  `json:"id" example:"video_stutter"`
	Points float64 `json:"points" doc:"By how much"`
	Text   string  `json:"text"`
}

// Outcome is what a stay came to. Times are in ms; what was not measured is
// null.
type Outcome struct {
	Session              string   `json:"session"`
	Tried                bool     `json:"tried" doc:"Tried to set up a connection for media"`
	Joined               bool     `json:"joined" doc:"Media flowed in either direction"`
	JoinMs               *float64 `json:"joinMs" doc:"From the join until the first connection was connected"`
	SignallingMs         *float64 `json:"signallingMs"`
	ICEMs                *float64 `json:"iceMs"`
	DTLSMs               *float64 `json:"dtlsMs"`
	FirstAudioSentMs     *float64 `json:"firstAudioSentMs" doc:"From the join until the first packet"`
	FirstVideoSentMs     *float64 `json:"firstVideoSentMs"`
	FirstAudioReceivedMs *float64 `json:"firstAudioReceivedMs"`
	FirstVideoReceivedMs *float64 `json:"firstVideoReceivedMs"`
	PushTried            uint32   `json:"pushTried" doc:"Streams that were to be sent"`
	PushOK               uint32   `json:"pushOk" doc:"Those that carried media"`
	PullTried            uint32   `json:"pullTried" doc:"Streams that were to be received"`
	PullOK               uint32   `json:"pullOk"`
	VideoMs              *float64 `json:"videoMs" doc:"Time of received video that was neither muted nor ended, over all streams"`
	VideoStutterMs       *float64 `json:"videoStutterMs" doc:"Of that, in stutters of 600 ms or longer"`
	AudioMs              *float64 `json:"audioMs"`
	AudioStutterMs       *float64 `json:"audioStutterMs" doc:"In stutters of 200 ms or longer"`
	VideoFreezeRate      *float64 `json:"videoFreezeRate" doc:"videoStutterMs of videoMs, 0 to 1"`
	AudioFreezeRate      *float64 `json:"audioFreezeRate" doc:"audioStutterMs of audioMs, 0 to 1"`
	LagRate              *float64 `json:"lagRate" doc:"lagMs of audioMs and videoMs together, 0 to 1"`
	JoinedInTime         *bool    `json:"joinedInTime" doc:"Joined within 5 s; null for a stay that did not try to"`
	LagMs                *float64 `json:"lagMs" doc:"With more than 400 ms from end to end"`
	BadMs                *float64 `json:"badMs" doc:"Of the stay, in which something received was bad, see docs/scores.md"`
	Score                *float64 `json:"score" doc:"0 to 10"`
	AudioScore           *float64 `json:"audioScore"`
	VideoScore           *float64 `json:"videoScore"`
	ScoreVersion         uint16   `json:"scoreVersion"`
	Reasons              []Reason `json:"reasons" doc:"What lowered the score, worst first; the points add up to 10 less the score"`
}

// OutcomeList holds the outcomes of the sessions of a call.
type OutcomeList struct {
	Items []Outcome `json:"items"`
}

// FeatureGroup holds the features of one connection, one track, or a client.
type FeatureGroup struct {
	Session string                     `json:"session"`
	Set     string                     `json:"set" enum:"jitsi,rtcstats,peerglass" doc:"Whose definition, see docs/features.md"`
	Scope   string                     `json:"scope" enum:"client,connection,track"`
	Subject string                     `json:"subject" doc:"Which connection or track; empty for the client"`
	Values  map[string]json.RawMessage `json:"values" doc:"Numbers and texts by the names of that definition"`
}

// FeatureList holds features by session, set, scope and subject.
type FeatureList struct {
	Items []FeatureGroup `json:"items"`
}

// figureOf is null for what was not measured.
func figureOf(v float32) *float64 {
	if rtc.IsNull(v) {
		return nil
	}
	f := math.Round(float64(v)*1000) / 1000
	return &f
}

func evidenceOf(e *rtc.Evidence) Evidence {
	out := Evidence{Stream: uint32(e.Stream), Metric: e.Metric, Event: e.Event, At: orNull(e.At), Value: e.Value, Limit: e.Limit, Text: e.Text, Sentence: e.Sentence}
	if e.Session != 0 {
		out.Session = e.Session.String()
	}
	if verdict.FromOthers(e) {
		out.Event = "" // a note of the verdict's own
	}
	return out
}

func issueOf(i *rtc.Issue) Issue {
	return Issue{
		Session: i.Session.String(), ID: uint32(i.ID), Type: i.Type, Label: labelOf(i.Type), Phase: i.Phase.String(), Cause: i.Cause,
		Source: i.Source.String(), Severity: Level(i.Severity.String()), Start: i.Start.UTC(), End: orNull(i.End),
		Connection: uint16(i.Connection), Stream: uint32(i.Stream), RemoteUser: i.RemoteUser, Evidence: each(i.Evidence, evidenceOf),
	}
}

// labelOf is the label of a type; one that an older program found may be gone.
func labelOf(of string) string {
	for _, d := range issue.Detectors() {
		if d.Type == of {
			return d.Label
		}
	}
	return of
}

func verdictOf(v *rtc.Verdict) Verdict {
	out := Verdict{
		Sentences: v.Sentences, Side: v.Side.String(), User: v.User, Cause: v.Cause, Confidence: figureOf(v.Confidence),
		Evidence: each(v.Evidence, evidenceOf), Score: figureOf(v.Score), ScoreVersion: v.ScoreVersion,
		Issues: IssueCounts{Low: v.Issues[rtc.Low], Medium: v.Issues[rtc.Medium], High: v.Issues[rtc.High]},
	}
	if out.Sentences == nil {
		out.Sentences = []string{}
	}
	return out
}

func outcomeOf(o *rtc.Outcome) Outcome {
	var inTime *bool
	if o.Tried {
		in := o.Joined && quality.JoinedInTime(float64(o.Join))
		inTime = &in
	}
	return Outcome{
		VideoFreezeRate: figureOf(float32(quality.FreezeRate(float64(o.VideoStutter), float64(o.VideoTime)))),
		AudioFreezeRate: figureOf(float32(quality.FreezeRate(float64(o.AudioStutter), float64(o.AudioTime)))),
		LagRate:         figureOf(float32(quality.LagRate(float64(o.LagTime), float64(o.AudioTime), float64(o.VideoTime)))),
		JoinedInTime:    inTime,

		Session: o.Session.String(), Tried: o.Tried, Joined: o.Joined,
		JoinMs: figureOf(o.Join), SignallingMs: figureOf(o.Signalling), ICEMs: figureOf(o.ICE), DTLSMs: figureOf(o.DTLS),
		FirstAudioSentMs: figureOf(o.FirstAudioSent), FirstVideoSentMs: figureOf(o.FirstVideoSent),
		FirstAudioReceivedMs: figureOf(o.FirstAudioReceived), FirstVideoReceivedMs: figureOf(o.FirstVideoReceived),
		PushTried: o.PushTried, PushOK: o.PushOK, PullTried: o.PullTried, PullOK: o.PullOK,
		VideoMs: figureOf(o.VideoTime), VideoStutterMs: figureOf(o.VideoStutter), AudioMs: figureOf(o.AudioTime), AudioStutterMs: figureOf(o.AudioStutter),
		LagMs: figureOf(o.LagTime), BadMs: figureOf(o.BadTime),
		Score: figureOf(o.Score), AudioScore: figureOf(o.AudioScore), VideoScore: figureOf(o.VideoScore), ScoreVersion: o.ScoreVersion,
		Reasons: each(o.Reasons, func(r *rtc.Reason) Reason { return Reason{r.ID, r.Points, r.Text} }),
	}
}

// groupFeatures puts the features of one subject together; rows come in that
// order.
func groupFeatures(rows []rtc.Feature) []FeatureGroup {
	groups := []FeatureGroup{}
	for i := range rows {
		f := &rows[i]
		session := f.Session.String()
		last := len(groups) - 1
		if last < 0 || groups[last].Session != session || groups[last].Set != f.Set || groups[last].Scope != f.Scope || groups[last].Subject != f.Subject {
			groups = append(groups, FeatureGroup{Session: session, Set: f.Set, Scope: f.Scope, Subject: f.Subject, Values: map[string]json.RawMessage{}})
			last++
		}
		var value any = f.Text
		if f.Number == f.Number {
			value = f.Number
		}
		if text, err := json.Marshal(value); err == nil {
			groups[last].Values[f.Name] = text
		}
	}
	return groups
}

type issuesInput struct {
	OfSession
	Type     string `query:"type" maxLength:"64" doc:"Only this type, see docs/issues.md"`
	Severity Level  `query:"severity" enum:"low,medium,high" default:"low" doc:"Only these and worse"`
}

var levels = map[Level]rtc.Level{"low": rtc.Low, "medium": rtc.Medium, "high": rtc.High}

type featuresInput struct {
	OfSession
	Set string `query:"set" enum:"jitsi,rtcstats,peerglass" doc:"Only those of this definition"`
}

func (a *API) assessRoutes() {
	const tag = "quality"
	answer(a, route(http.MethodGet, "/apps/{app}/calls/{call}/verdict", "getVerdict", tag, "What was wrong with a call, in words, and on whose side"), func(ctx context.Context, in *CallPath) (Verdict, error) {
		app, call, err := in.scope(ctx)
		if err == nil {
			_, err = a.Query.Call(ctx, app, call)
		}
		if err != nil {
			return Verdict{}, err
		}
		verdicts, err := a.Query.Verdicts(ctx, app, []rtc.CallID{call})
		v, ok := verdicts[call]
		if err == nil && !ok {
			err = fail(http.StatusNotFound, codeNotFound, "The call has no verdict yet: it is looked at a few seconds after something changed.")
		}
		return verdictOf(&v), err
	})
	answer(a, route(http.MethodGet, "/apps/{app}/calls/{call}/issues", "listIssues", tag, "What was found wrong in a call, by its start"), func(ctx context.Context, in *issuesInput) (IssueList, error) {
		app, call, session, err := in.scope(ctx)
		if err == nil {
			_, err = a.Query.Call(ctx, app, call)
		}
		if err != nil {
			return IssueList{}, err
		}
		issues, err := a.Query.Issues(ctx, app, call, query.IssueFilter{Session: session, Type: in.Type, MinSeverity: levels[in.Severity]})
		return IssueList{each(issues, issueOf)}, err
	})
	answer(a, route(http.MethodGet, "/apps/{app}/calls/{call}/outcomes", "listOutcomes", tag, "What each stay came to: set-up, stutter, score with its reasons"), func(ctx context.Context, in *OfSession) (OutcomeList, error) {
		app, call, session, err := in.scope(ctx)
		if err == nil {
			_, err = a.Query.Call(ctx, app, call)
		}
		if err != nil {
			return OutcomeList{}, err
		}
		outcomes, err := a.Query.Outcomes(ctx, app, call, session)
		return OutcomeList{each(outcomes, outcomeOf)}, err
	})
	answer(a, route(http.MethodGet, "/apps/{app}/calls/{call}/features", "listFeatures", tag, "The feature sets of the sessions that are over"), func(ctx context.Context, in *featuresInput) (FeatureList, error) {
		app, call, session, err := in.scope(ctx)
		if err == nil {
			_, err = a.Query.Call(ctx, app, call)
		}
		if err != nil {
			return FeatureList{}, err
		}
		features, err := a.Query.Features(ctx, app, call, session, in.Set)
		return FeatureList{groupFeatures(features)}, err
	})
}
