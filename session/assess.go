package session

import (
	"github.com/peerglass/peerglass/quality/issue"
	"github.com/peerglass/peerglass/quality/score"
	"github.com/peerglass/peerglass/quality/setup"
	"github.com/peerglass/peerglass/rtc"
)

// IssueVersions is how far apart the versions of an issue are that its session
// writes: what is found out about it from the other ends lies between. That is
// room for 91 hours of a judgement every judgeEvery, and Unix ms times it fit
// into 63 bits until the year 6429.
const IssueVersions = 1 << 16

// assessor lets the watchers see each row of a session on its way to the sink.
//
// They are told when a record changed something, not when a row is written:
// timers decide that, too, and do not run in a replay, which must find the
// same.
type assessor struct {
	issues *issue.Watch
	score  *score.Watch
	setup  *setup.Watch

	told  int64 // server's clock: when all streams were told last
	news  bool  // a stream is there or describes itself otherwise, and was not told
	fresh bool  // something was told since the outcome was written
}

func newAssessor(s *Session) assessor {
	return assessor{issues: issue.New(s.found, issue.WithThresholds(s.opt.Thresholds.Issues)), score: score.New(), setup: setup.New()}
}

// found writes an issue as it now stands.
func (s *Session) found(i *rtc.Issue) {
	i.Version *= IssueVersions
	s.opt.Sink.Issue(i)
}

// inform tells the watchers which rows changed: the session, connections and
// new streams at once, other streams seldom.
func (s *Session) inform() {
	a := &s.assessor
	if s.changed || a.told == 0 {
		a.issues.Session(&s.row)
		a.setup.Session(&s.row)
	}
	all := s.received >= a.told+rowsEvery || s.received < a.told-rowsEvery
	if all {
		a.told = s.received
	}
	if !all && !a.news && !s.pending {
		return
	}
	a.news = false
	for _, c := range s.connections {
		s.informConnection(c)
		for _, st := range c.streams {
			if all || !st.told {
				s.informStream(st)
			}
		}
	}
}

func (s *Session) informConnection(c *connection) {
	row := c.row
	row.Call, row.Version = s.row.Call, 0
	if row == c.told {
		return
	}
	c.told = row
	s.assessor.issues.TellConnection(&c.told)
	s.assessor.setup.Connection(&c.told)
}

func (s *Session) informStream(st *stream) {
	if st.nothing() {
		return
	}
	st.told = true
	s.total(st)
	s.assessor.issues.TellStream(&st.row)
	s.assessor.setup.Stream(&st.row)
}

// forgetStream tells the watchers that nothing more comes of a stream: its row
// was written for the last time, and it does not come back.
func (s *Session) forgetStream(st *stream) {
	s.assessor.issues.ForgetStream(st.row.ID)
	s.assessor.setup.ForgetStream(st.row.ID)
}

// tellEvent passes an event to the watchers and the sink.
func (s *Session) tellEvent(e *rtc.Event) {
	s.inform()
	a := &s.assessor
	a.fresh = true
	a.issues.Event(e)
	a.setup.Event(e)
	s.opt.Sink.Event(e)
}

// tellSample passes a sample to the watchers and the sink.
func (s *Session) tellSample(smp *rtc.Sample) {
	a := &s.assessor
	a.fresh = true
	a.issues.Sample(smp)
	a.score.Sample(smp)
	a.setup.Sample(smp)
	s.opt.Sink.Sample(smp)
}

// conclude ends the watchers with the session, whose row has its end.
func (s *Session) conclude() {
	a := &s.assessor
	a.told, a.fresh = 0, true
	s.inform()
	a.issues.End(s.row.End, s.row.EndReason)
	s.writeOutcome()
	s.assessor = assessor{}
}

// writeOutcome writes what the stay came to by now, if anything was told since
// it was written.
func (s *Session) writeOutcome() {
	a := &s.assessor
	if !a.fresh {
		return
	}
	a.fresh = false
	o := rtc.Outcome{App: s.opt.App, Call: s.row.Call, Session: s.opt.ID}
	a.setup.Result(&o)
	a.score.Result(&o, a.setup.Denied()) // by what was tried
	o.Version = s.nextVersion()
	s.opt.Sink.Outcome(&o)
}
