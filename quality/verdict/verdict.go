package verdict

import (
	"slices"

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
	// What an earlier judgement added is said anew.
	i.Evidence = nil
	for _, e := range f.row.Evidence {
		if e.Event != fromOthers {
			i.Evidence = append(i.Evidence, e)
		}
	}
	if len(f.reasons) == 0 && i.Source != f.row.Source && !f.judged() {
		f.reasons = []rtc.Evidence{{Text: "by what the others in the call had"}}
	}
	for _, e := range f.reasons {
		if e.Session == f.row.Session {
			e.Session = 0
		}
		e.Event = fromOthers
		i.Evidence = append(i.Evidence, e)
	}
	same := i.Source == f.row.Source && i.Cause == f.row.Cause && i.RemoteUser == f.row.RemoteUser && slices.EqualFunc(i.Evidence, f.row.Evidence, sameEvidence)
	return i, !same
}

// judged reports whether an earlier judgement is in the issue.
func (f *found) judged() bool {
	return slices.ContainsFunc(f.row.Evidence, func(e rtc.Evidence) bool { return e.Event == fromOthers })
}

// fromOthers marks the evidence that other ends gave: its event is the verdict.
const fromOthers = "verdict"

func sameEvidence(a, b rtc.Evidence) bool {
	number := func(a, b *float64) bool { return a == b || a != nil && b != nil && *a == *b }
	return a.Session == b.Session && a.Stream == b.Stream && a.Metric == b.Metric && a.Event == b.Event &&
		a.At.Equal(b.At) && a.Text == b.Text && number(a.Value, b.Value) && number(a.Limit, b.Limit)
}
