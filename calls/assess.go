package calls

import (
	"github.com/peerglass/peerglass/quality/issue"
	"github.com/peerglass/peerglass/quality/score"
	"github.com/peerglass/peerglass/quality/setup"
	"github.com/peerglass/peerglass/rtc"
	"github.com/peerglass/peerglass/session"
)

// assessor is a session.Sink that keeps rows and lets the watchers see them in
// their order.
type assessor struct {
	*session.Collect
	watches map[rtc.SessionID]*watches
}

type watches struct {
	issue *issue.Watch
	score *score.Watch
	setup *setup.Watch
	ended bool
}

var _ session.Sink = (*assessor)(nil)

func newAssessor(rows *session.Collect) *assessor {
	return &assessor{Collect: rows, watches: make(map[rtc.SessionID]*watches)}
}

func (a *assessor) of(id rtc.SessionID) *watches {
	w := a.watches[id]
	if w == nil {
		w = &watches{issue: issue.New(a.Collect.Issue), score: score.New(), setup: setup.New()}
		a.watches[id] = w
	}
	return w
}

func (a *assessor) Session(r *rtc.Session) {
	w := a.of(r.ID)
	w.issue.Session(r)
	w.setup.Session(r)
	if !r.End.IsZero() && !w.ended {
		w.ended = true
		w.issue.End(r.End, r.EndReason)
		o := rtc.Outcome{App: r.App, Call: r.Call, Session: r.ID}
		w.setup.Result(&o)
		w.score.Result(&o)
		a.Collect.Outcome(&o)
	}
	a.Collect.Session(r)
}

func (a *assessor) Connection(r *rtc.Connection) {
	w := a.of(r.Session)
	w.issue.TellConnection(r)
	w.setup.Connection(r)
	a.Collect.Connection(r)
}

func (a *assessor) Stream(r *rtc.Stream) {
	w := a.of(r.Session)
	w.issue.TellStream(r)
	w.setup.Stream(r)
	a.Collect.Stream(r)
}

func (a *assessor) Sample(r *rtc.Sample) {
	w := a.of(r.Session)
	w.issue.Sample(r)
	w.setup.Sample(r)
	w.score.Sample(r)
	a.Collect.Sample(r)
}

func (a *assessor) Event(r *rtc.Event) {
	w := a.of(r.Session)
	w.issue.Event(r)
	w.setup.Event(r)
	a.Collect.Event(r)
}
