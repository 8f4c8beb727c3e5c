package fidelity

import (
	"slices"
	"strings"

	"github.com/peerglass/peerglass/quality/verdict"
	"github.com/peerglass/peerglass/rtc"
	"github.com/peerglass/peerglass/session"
)

// Expected is what Peerglass ought to say of a condition.
type Expected struct {
	Did    string     // what was done to the call, for the document
	Quiet  bool       // nothing is wrong: no issue of severity medium or higher, and no blame of a network or server
	Causes []string   // any of them names the cause
	Types  []string   // types of issue of which one must be there; nil asks for none
	Sides  []rtc.Side // any of them is right: two where the ends cannot tell
	User   string     // whose side, where it is a user's
}

// Judgement is what Peerglass said of a call, and whether that is right.
type Judgement struct {
	Right   bool
	Verdict rtc.Verdict
	Issues  []rtc.Issue // refined, worst first
}

// Judge looks at the issues and the verdict of a call that Replay gave.
func Judge(t *Truth, rows *session.Collect) Judgement {
	in := &verdict.Rows{
		Sessions: rows.Sessions, Connections: rows.Connections, Streams: rows.Streams, Issues: rows.Issues, Outcomes: rows.Outcomes,
	}
	if len(rows.Calls) > 0 {
		in.Call = rows.Calls[0]
	}
	refined, v := verdict.Judge(in)
	j := Judgement{Verdict: v, Issues: slices.Clone(rows.Issues)}
	for _, r := range refined {
		for i := range j.Issues {
			if o := &j.Issues[i]; o.Session == r.Session && o.ID == r.ID {
				*o = r
			}
		}
	}
	slices.SortStableFunc(j.Issues, func(a, b rtc.Issue) int { return int(b.Severity) - int(a.Severity) })
	want := Conditions[t.Condition]
	if want.Quiet {
		own := v.Side == rtc.UserSide && v.User == "ada" // that she sends nothing is true
		j.Right = (len(v.Sentences) == 0 || own) && !slices.ContainsFunc(j.Issues, func(i rtc.Issue) bool { return i.Severity >= rtc.Medium })
		return j
	}
	atUser := v.Side == rtc.UserSide || v.Side == rtc.UserNetwork
	j.Right = len(v.Sentences) > 0 && slices.Contains(want.Causes, v.Cause) && slices.Contains(want.Sides, v.Side) &&
		(!atUser || v.User == want.User) &&
		(want.Types == nil || slices.ContainsFunc(j.Issues, func(i rtc.Issue) bool { return slices.Contains(want.Types, i.Type) }))
	return j
}

// Said is the verdict in one line.
func (j *Judgement) Said() string {
	if len(j.Verdict.Sentences) == 0 {
		return "nothing"
	}
	return strings.Join(j.Verdict.Sentences, " ")
}
