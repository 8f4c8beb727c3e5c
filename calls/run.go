package calls

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/peerglass/peerglass/quality/verdict"
	"github.com/peerglass/peerglass/rtc"
	"github.com/peerglass/peerglass/session"
)

// Result is what came of a case.
type Result struct {
	Case    *Case
	Rows    session.Collect // issues refined with what the other ends tell
	Verdict *rtc.Verdict    // of the call; nil where none was made

	expected []bool // of Rows.Issues: an expectation names it
}

const (
	appID   = rtc.AppID(1)
	linger  = 90 * second // after the call, so that what is silent ends
	tickFor = second
)

// Run plays the case: the model's records go through session and all that
// stands on it, as the records of any client do.
func (c *Case) Run() (*Result, error) {
	w := newWorld(c)
	w.trace()
	w.run()
	records := w.inOrder()
	res := &Result{Case: c}
	sink := &res.Rows
	n := uint64(0)
	rooms := session.NewRooms(sink, func() uint64 { n++; return n })
	sessions := make(map[*presence]*session.Session)
	next := 0
	for now := ms(0); now <= c.length+linger; now += tickFor {
		for ; next < len(records) && records[next].received < now+tickFor; next++ {
			r := &records[next]
			s := sessions[r.p]
			if s == nil {
				s = session.New(session.Options{
					App: appID, ID: rtc.SessionID(rtc.NewID(start+int64(r.p.from), uint64(r.p.id)+1)), Protocol: "native",
					Start: start + int64(r.p.from), Rooms: rooms, Sink: sink,
				})
				sessions[r.p] = s
			}
			if s.Ended() {
				continue // what comes after silence ended the session is another's concern
			}
			if err := s.Record(&r.Record); err != nil {
				return nil, fmt.Errorf("%s:%d: record at %s: %w", c.File, c.Line, r.received, err)
			}
		}
		for _, p := range w.presences {
			if s := sessions[p]; s != nil {
				s.Tick(start + int64(now+tickFor))
			}
		}
		rooms.Tick(start + int64(now+tickFor))
	}
	rooms.Flush()
	res.judge()
	return res, nil
}

// judge looks at the issues from the other ends, as is done when a call is
// over. Of several calls in the room, the verdict is that of the last.
func (r *Result) judge() {
	for i := range r.Rows.Calls {
		call := &r.Rows.Calls[i]
		in := &verdict.Rows{Call: *call, Connections: r.Rows.Connections, Streams: r.Rows.Streams}
		for _, s := range r.Rows.Sessions {
			if s.Call == call.ID {
				in.Sessions = append(in.Sessions, s)
			}
		}
		for _, issue := range r.Rows.Issues {
			if issue.Call == call.ID {
				in.Issues = append(in.Issues, issue)
			}
		}
		for _, o := range r.Rows.Outcomes {
			if o.Call == call.ID {
				in.Outcomes = append(in.Outcomes, o)
			}
		}
		refined, v := verdict.Judge(in)
		r.Verdict = &v
		for _, changed := range refined {
			for n := range r.Rows.Issues {
				if o := &r.Rows.Issues[n]; o.Session == changed.Session && o.ID == changed.ID {
					*o = changed
				}
			}
		}
	}
}

// Failure is an expectation that the result does not meet.
type Failure struct {
	File     string
	Line     int
	Expected string // the statement, without "expect"
	Got      string
}

func (f *Failure) Error() string {
	return fmt.Sprintf("%s:%d: expected %s\n\tgot  %s", f.File, f.Line, f.Expected, f.Got)
}

// Check compares the result with what the case expects.
func (r *Result) Check() []*Failure {
	r.expected = make([]bool, len(r.Rows.Issues))
	got := make([]string, len(r.Case.later))
	// Those that say "no other" come last: they need to know what was named.
	for _, other := range []bool{false, true} {
		for i, e := range r.Case.later {
			if strings.HasPrefix(strings.TrimSpace(e.line.text), "expect no other") == other {
				got[i] = e.check(r)
			}
		}
	}
	var failures []*Failure
	for i, g := range got {
		if g != "" {
			l := r.Case.later[i].line
			text, _ := strings.CutPrefix(strings.TrimSpace(l.text), "expect ")
			failures = append(failures, &Failure{l.file, l.number, text, g})
		}
	}
	return failures
}

// at is a row's time in the case.
func (r *Result) at(t time.Time) float64 { return float64(t.UnixMilli() - start) }

func (r *Result) time(t time.Time) string {
	if t.IsZero() {
		return "the end"
	}
	return ms(r.at(t)).String()
}

func (r *Result) session(id rtc.SessionID) *rtc.Session {
	for i := range r.Rows.Sessions {
		if r.Rows.Sessions[i].ID == id {
			return &r.Rows.Sessions[i]
		}
	}
	return &rtc.Session{}
}

func (r *Result) userOf(id rtc.SessionID) string { return r.session(id).User }

// is reports whether a stream's row is of the target.
func (r *Result) is(s *rtc.Stream, on target) bool {
	if r.userOf(s.Session) != on.user.name {
		return false
	}
	if on.path {
		return s.Kind == rtc.KindTransport
	}
	if raw := r.Case.rawStream(on.stream); raw != nil {
		return s.ReportID == raw.name
	}
	f := r.Case.flow(on.stream)
	if f == nil {
		return s.Kind == rtc.KindClient
	}
	if s.Kind != f.kind || on.layer != "" && s.RID != on.layer {
		return false
	}
	if on.at {
		return s.Direction == rtc.Receive && s.RemoteUser == f.from.name
	}
	return s.Direction == rtc.Send
}

// about reports whether an issue is about the target.
func (r *Result) about(i *rtc.Issue, on target) bool {
	if on.stream == "" && !on.path {
		return r.userOf(i.Session) == on.user.name
	}
	for n := range r.Rows.Streams {
		s := &r.Rows.Streams[n]
		if s.Session == i.Session && s.ID == i.Stream {
			return r.is(s, on)
		}
	}
	return false
}

func (r *Result) endsWithSession(i *rtc.Issue) bool {
	s := r.session(i.Session)
	return !s.End.IsZero() && s.End.Sub(i.End) < 2*time.Second
}

// samples are those of a target within a span: each whose interval ends in it,
// or the one that ends nearest to an instant.
func (r *Result) samples(on target, w span, instant bool) (found []*rtc.Sample) {
	streams := make(map[rtc.SessionID]map[rtc.StreamID]bool)
	for i := range r.Rows.Streams {
		if s := &r.Rows.Streams[i]; r.is(s, on) {
			if streams[s.Session] == nil {
				streams[s.Session] = make(map[rtc.StreamID]bool)
			}
			streams[s.Session][s.ID] = true
		}
	}
	best := 500.0 // ms: half of a poll's distance
	for i := range r.Rows.Samples {
		s := &r.Rows.Samples[i]
		if !streams[s.Session][s.Stream] {
			continue
		}
		at := r.at(s.Time)
		switch {
		case instant:
			if d := max(at-float64(w.from), float64(w.from)-at); d <= best {
				best = d
				found = []*rtc.Sample{s}
			}
		case at > float64(w.from) && at <= float64(w.to):
			found = append(found, s)
		}
	}
	return found
}

// name is what a case calls a stream.
func (r *Result) name(s *rtc.Stream) string {
	user := r.userOf(s.Session)
	if raw := r.Case.rawStream(s.ReportID); raw != nil {
		return raw.name
	}
	switch {
	case s.Kind == rtc.KindTransport:
		return user + " path"
	case s.Kind == rtc.KindClient:
		return user
	case s.Direction == rtc.Receive:
		return s.RemoteUser + "." + s.Kind.String() + " at " + user
	case s.RID != "":
		return user + "." + s.Kind.String() + "/" + s.RID
	}
	return user + "." + s.Kind.String()
}

func (r *Result) describeStreams() string {
	var all []string
	for i := range r.Rows.Streams {
		s := &r.Rows.Streams[i]
		all = append(all, fmt.Sprintf("%s (%d samples, %s to %s)", r.name(s), s.Samples, r.time(s.Start), r.time(s.End)))
	}
	if len(all) == 0 {
		return "no streams"
	}
	return "streams " + strings.Join(all, ", ")
}

// describe prints an issue as a case would expect it.
func (r *Result) describe(i *rtc.Issue) string {
	var b strings.Builder
	fmt.Fprintf(&b, "issue %s of %s", i.Type, r.userOf(i.Session))
	for n := range r.Rows.Streams {
		if s := &r.Rows.Streams[n]; s.Session == i.Session && s.ID == i.Stream {
			fmt.Fprintf(&b, " on %s", r.name(s))
		}
	}
	fmt.Fprintf(&b, " from %s to %s severity %s source %s", r.time(i.Start), r.time(i.End), i.Severity, i.Source)
	if i.Cause != "" {
		fmt.Fprintf(&b, " cause %s", i.Cause)
	}
	if i.Phase == rtc.Joining {
		b.WriteString(" phase joining")
	}
	return b.String()
}

func (r *Result) describeIssues() string {
	var all []string
	for i := range r.Rows.Issues {
		all = append(all, r.describe(&r.Rows.Issues[i]))
	}
	if len(all) == 0 {
		return "no issues"
	}
	return strings.Join(all, "\n\t     ")
}

// listed describes the issues that m fits, "" if there are none; others leaves
// out those that an expectation names.
func (r *Result) listed(m *issueMatch, others bool) string {
	var all []string
	for i := range r.Rows.Issues {
		if others && r.expected[i] || m.misses(r, &r.Rows.Issues[i]) != "" {
			continue
		}
		all = append(all, r.describe(&r.Rows.Issues[i]))
	}
	return strings.Join(all, "\n\t     ")
}

// describeVerdict describes the verdict; with only, "" where nothing is said.
func (r *Result) describeVerdict(only bool) string {
	v := r.Verdict
	if v == nil || len(v.Sentences) == 0 && v.Side == rtc.NoSide {
		if only {
			return ""
		}
		return "no verdict"
	}
	of := ""
	if v.User != "" {
		of = " of " + v.User
	}
	return fmt.Sprintf("verdict side %s%s cause %s says %q", v.Side, of, v.Cause, strings.Join(v.Sentences, " "))
}

// String tells what came of the case: issues, outcomes, the verdict.
func (r *Result) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\t     %s\n", r.Case.Name, r.describeIssues())
	for i := range r.Rows.Outcomes {
		o := &r.Rows.Outcomes[i]
		fmt.Fprintf(&b, "\t     outcome of %s: score %s audio %s video %s%s\n\t     ", r.userOf(o.Session),
			figure(float64(o.Score)), figure(float64(o.AudioScore)), figure(float64(o.VideoScore)), describeReasons(o))
		for _, name := range slices.Sorted(maps.Keys(outcomeFigures)) {
			fmt.Fprintf(&b, " %s %s", name, figure(outcomeFigures[name](o)))
		}
		b.WriteByte('\n')
	}
	fmt.Fprintf(&b, "\t     %s; %s", r.describeVerdict(false), r.describeStreams())
	return b.String()
}
