package verdict

import (
	"slices"
	"strings"

	"github.com/peerglass/peerglass/quality/score"
	"github.com/peerglass/peerglass/rtc"
)

// Rows are those of one call, each in its newest version, in any order.
type Rows struct {
	Call        rtc.Call
	Sessions    []rtc.Session
	Connections []rtc.Connection
	Streams     []rtc.Stream // sent ones, and those received
	Issues      []rtc.Issue
	Outcomes    []rtc.Outcome
	Verdict     rtc.Verdict // told before; Judge does not look at it
}

// Judge looks at each issue from the other ends and says what was wrong. It
// returns the issues that it changed, with the version that they came with,
// and the verdict, without a version. The rows are not changed.
func Judge(rows *Rows) (refined []rtc.Issue, v rtc.Verdict) {
	v = rtc.Verdict{App: rows.Call.App, Call: rows.Call.ID, Confidence: rtc.Null, Score: rtc.Null}
	c := open(rows)
	c.judgeAll()
	for _, f := range c.issues {
		v.Issues[f.row.Severity]++
		if i, changed := f.refined(); changed {
			refined = append(refined, i)
		}
	}
	c.tell(&v)
	var parts []score.Part
	for i := range rows.Outcomes {
		o := &rows.Outcomes[i]
		parts = append(parts, score.PartOf(o))
		if o.ScoreVersion > v.ScoreVersion {
			v.ScoreVersion = o.ScoreVersion
		}
	}
	if v.Score = score.Call(parts); rtc.IsNull(v.Score) {
		v.ScoreVersion = 0
	}
	return refined, v
}

// refined is the issue with what the others tell of it, and whether that
// changes it.
func (f *found) refined() (rtc.Issue, bool) {
	i := *f.row
	i.Source, i.Cause = f.source, f.cause
	if i.RemoteUser == "" && f.from != nil {
		i.RemoteUser = f.from.who.user
	}
	i.Evidence = slices.Clone(f.row.Evidence)
	if len(f.reasons) == 0 && (f.source != f.row.Source || f.cause != f.row.Cause) {
		f.reasons = []rtc.Evidence{{Text: "by what the others in the call had"}}
	}
	for _, e := range f.reasons {
		if e.Session == f.row.Session {
			e.Session = 0
		}
		e.Event = judged + "/" + f.row.Source.String() + "/" + f.row.Cause
		i.Evidence = append(i.Evidence, e)
	}
	same := i.Source == f.was.Source && i.Cause == f.was.Cause && i.RemoteUser == f.was.RemoteUser && slices.EqualFunc(i.Evidence, f.was.Evidence, sameEvidence)
	return i, !same
}

// judged is the event of evidence that comes from the other ends. Behind it
// stand source and cause as the issue's own session has them, so that each
// judgement starts from there.
const judged = "verdict"

// FromOthers reports whether a piece of an issue's evidence was added by Judge.
func FromOthers(e *rtc.Evidence) bool { return strings.HasPrefix(e.Event, judged+"/") }

// unjudged is the issue as its own session has it.
func unjudged(i *rtc.Issue) *rtc.Issue {
	r := *i
	r.Evidence = nil
	for _, e := range i.Evidence {
		said, isJudged := strings.CutPrefix(e.Event, judged+"/")
		if !isJudged {
			r.Evidence = append(r.Evidence, e)
			continue
		}
		name, cause, _ := strings.Cut(said, "/")
		r.Cause = cause
		for source := rtc.Unknown; source <= rtc.Server; source++ {
			if source.String() == name {
				r.Source = source
			}
		}
	}
	return &r
}

func sameEvidence(a, b rtc.Evidence) bool {
	number := func(a, b *float64) bool { return a == b || a != nil && b != nil && *a == *b }
	return a.Session == b.Session && a.Stream == b.Stream && a.Metric == b.Metric && a.Event == b.Event &&
		a.At.Equal(b.At) && a.Text == b.Text && number(a.Value, b.Value) && number(a.Limit, b.Limit)
}
