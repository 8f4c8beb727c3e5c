package calls

import (
	"slices"

	"github.com/peerglass/peerglass/quality/issue"
	"github.com/peerglass/peerglass/quality/score"
	"github.com/peerglass/peerglass/rtc"
	"github.com/peerglass/peerglass/session"
)

// assessor is a session.Sink that keeps rows and lets the watchers see them in
// their order.
type assessor struct {
	*session.Collect
	res     *Result
	watches map[rtc.SessionID]*watches
}

type watches struct {
	issue *issue.Watch
	score *score.Watch
	ended bool
}

var _ session.Sink = (*assessor)(nil)

func newAssessor(res *Result) *assessor {
	return &assessor{Collect: &res.Rows, res: res, watches: make(map[rtc.SessionID]*watches)}
}

func (a *assessor) of(id rtc.SessionID) *watches {
	w := a.watches[id]
	if w == nil {
		w = &watches{issue: issue.New(a.issue), score: score.New()}
		a.watches[id] = w
	}
	return w
}

func (a *assessor) issue(i *rtc.Issue) {
	copied := *i
	copied.Evidence = slices.Clone(i.Evidence)
	for n := range a.res.Issues {
		if o := &a.res.Issues[n]; o.Session == i.Session && o.ID == i.ID {
			*o = copied
			return
		}
	}
	a.res.Issues = append(a.res.Issues, copied)
}

func (a *assessor) Session(r *rtc.Session) {
	w := a.of(r.ID)
	w.issue.Session(r)
	if !r.End.IsZero() && !w.ended {
		w.ended = true
		w.issue.End(r.End, r.EndReason)
		o := rtc.Outcome{App: r.App, Call: r.Call, Session: r.ID}
		w.score.Result(&o)
		a.res.Outcomes = append(a.res.Outcomes, o)
	}
	a.Collect.Session(r)
}

func (a *assessor) Connection(r *rtc.Connection) {
	a.of(r.Session).issue.TellConnection(r)
	a.Collect.Connection(r)
}

func (a *assessor) Stream(r *rtc.Stream) {
	a.of(r.Session).issue.TellStream(r)
	a.Collect.Stream(r)
}

func (a *assessor) Sample(r *rtc.Sample) {
	w := a.of(r.Session)
	w.issue.Sample(r)
	w.score.Sample(r)
	a.Collect.Sample(r)
}

func (a *assessor) Event(r *rtc.Event) {
	a.of(r.Session).issue.Event(r)
	a.Collect.Event(r)
}

func (a *assessor) finish() {}
