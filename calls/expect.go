package calls

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/peerglass/peerglass/quality"
	"github.com/peerglass/peerglass/quality/issue"
	"github.com/peerglass/peerglass/rtc"
)

// expectation is one expect statement. check returns "" if the result has what
// is expected, else what it has instead.
type expectation struct {
	line  *line
	check func(*Result) string
}

// target is the user, stream or path that an expectation is about.
type target struct {
	user   *user
	stream string // flow's or raw stream's name; "" none
	layer  string
	at     bool // the received one, of user
	path   bool
}

func (t target) String() string {
	switch {
	case t.path:
		return t.user.name + " path"
	case t.at:
		return t.stream + " at " + t.user.name
	case t.layer != "":
		return t.stream + "/" + t.layer
	case t.stream != "":
		return t.stream
	case t.user != nil:
		return t.user.name
	}
	return "the call"
}

// expectStatement reads what follows expect.
func (c *Case) expectStatement(r *reader) error {
	kinds := []struct {
		words string
		parse func(*Case, *reader) (func(*Result) string, error)
	}{
		{"nothing", parseNothing},
		{"no verdict", parseNoVerdict},
		{"no other issues", parseNoOther},
		{"no other issue", parseNoOther},
		{"no issues", parseNoIssue},
		{"no issue", parseNoIssue},
		{"issue", parseIssue},
		{"metric", parseMetric},
		{"score", parseScore("score")},
		{"audio score", parseScore("audio")},
		{"video score", parseScore("video")},
		{"reason", parseReason},
		{"outcome", parseOutcome},
		{"verdict", parseVerdict},
		{"event", parseEvent},
		{"count", parseCount},
		{"stream", parseStream},
		{"session", parseSession},
	}
	for _, k := range kinds {
		if !r.takeAll(k.words) {
			continue
		}
		check, err := k.parse(c, r)
		if err != nil {
			return err
		}
		if err := r.end("the end of the line"); err != nil {
			return err
		}
		c.later = append(c.later, expectation{r.line, check})
		return nil
	}
	var known []string
	for _, k := range kinds {
		known = append(known, k.words)
	}
	return r.line.errorf("expected one of %s after expect, got %q", strings.Join(known, ", "), r.peek())
}

// target reads a user, a stream, a stream at a user, or a user's path.
func (c *Case) target(r *reader) (target, error) {
	t, err := r.next("a user or a stream")
	if err != nil {
		return target{}, err
	}
	if raw := c.rawStream(t.text); raw != nil {
		return target{user: raw.user, stream: raw.name, at: raw.receive}, nil
	}
	name, layer, _ := strings.Cut(t.text, "/")
	if f := c.flow(name); f != nil {
		to := target{user: f.from, stream: name, layer: layer}
		if len(r.words) > 1 && r.peek() == "at" && !isDuration(r.words[1].text) {
			r.take("at")
			who, _ := r.next("")
			if to.user, to.at = c.user(who.text), true; to.user == nil || to.user == f.from {
				return to, who.errorf("expected a user who receives %s, got %q", name, who.text)
			}
		}
		return to, nil
	}
	if u := c.user(t.text); u != nil {
		return target{user: u, path: r.take("path")}, nil
	}
	return target{}, t.errorf("expected a user or a stream (%s), got %q", strings.TrimPrefix(c.subjects(), "case, call, expect, "), t.text)
}

// whose reads "of bob".
func (c *Case) whose(r *reader) (*user, error) {
	t, err := r.next("a user")
	if err != nil {
		return nil, err
	}
	if u := c.user(t.text); u != nil {
		return u, nil
	}
	return nil, t.errorf("expected a user, got %q", t.text)
}

// about is a value with what it may differ by.
type about struct{ value, within float64 }

func (a about) has(v float64) bool { return v >= a.value-a.within-1e-9 && v <= a.value+a.within+1e-9 }

// splitTolerance splits 20s±1s and 20s+-1s.
func splitTolerance(word string) (value, within string) {
	for _, sign := range []string{"±", "+-"} {
		if v, w, found := strings.Cut(word, sign); found {
			return v, w
		}
	}
	return word, ""
}

// instant reads 20s or 20s±1s; 0.5 s is allowed where nothing is said, since
// polls are a second apart.
func (r *reader) instant() (about, error) {
	t, err := r.next("a time such as 10s or 10s±1s")
	if err != nil {
		return about{}, err
	}
	value, within := splitTolerance(t.text)
	at, err := parseDuration(value)
	if err != nil {
		return about{}, t.errorf("%v", err)
	}
	a := about{float64(at), 500}
	if within != "" {
		w, err := parseDuration(within)
		if err != nil {
			return a, t.errorf("%v", err)
		}
		a.within = float64(w)
	}
	return a, nil
}

// comparison reads = 30 ± 1, < 5, > 3, <= 5, >= 3, null, not null.
type comparison struct {
	op   string
	want about
}

func (r *reader) comparison() (c comparison, err error) {
	switch {
	case r.takeAll("not null"):
		return comparison{op: "not null"}, nil
	case r.take("null"):
		return comparison{op: "null"}, nil
	}
	for _, op := range []string{"=", "<=", ">=", "<", ">"} {
		if r.take(op) {
			c.op = op
		}
	}
	if c.op == "" {
		return c, r.line.errorf("expected =, <, >, <=, >=, null or not null, got %q", r.peek())
	}
	t, err := r.next("a number")
	if err != nil {
		return c, err
	}
	value, within := splitTolerance(t.text)
	if c.want.value, err = parseNumber(value); err != nil {
		return c, t.errorf("%v", err)
	}
	if within == "" && (r.take("±") || r.take("+-")) {
		t, err = r.next("a number")
		if err != nil {
			return c, err
		}
		within = t.text
	}
	if within != "" {
		if c.want.within, err = parseNumber(within); err != nil {
			return c, t.errorf("%v", err)
		}
	}
	return c, nil
}

func (c comparison) String() string {
	switch {
	case c.op == "null" || c.op == "not null":
		return c.op
	case c.want.within != 0:
		return fmt.Sprintf("%s %v ± %v", c.op, c.want.value, c.want.within)
	}
	return fmt.Sprintf("%s %v", c.op, c.want.value)
}

func (c comparison) holds(v float64) bool {
	switch c.op {
	case "null":
		return v != v
	case "not null":
		return v == v
	case "=":
		return about{c.want.value, max(c.want.within, 1e-6*max(c.want.value, -c.want.value))}.has(v)
	case "<":
		return v < c.want.value
	case ">":
		return v > c.want.value
	case "<=":
		return v <= c.want.value
	}
	return v >= c.want.value
}

// issueMatch is what an issue must be.
type issueMatch struct {
	types  []token
	user   *user
	on     *target
	from   *about
	to     *about
	lasts  bool
	level  rtc.Level
	more   bool
	source string
	cause  string
	phase  string
	remote *user
}

var levels = map[string]rtc.Level{"low": rtc.Low, "medium": rtc.Medium, "high": rtc.High}

func (c *Case) issueMatch(r *reader) (m issueMatch, err error) {
	for len(r.words) > 0 {
		switch {
		case r.take("of"):
			m.user, err = c.whose(r)
		case r.take("on"):
			var t target
			t, err = c.target(r)
			m.on = &t
		case r.take("from"):
			var a about
			a, err = r.instant()
			m.from = &a
		case r.take("to"):
			var a about
			a, err = r.instant()
			m.to = &a
		case r.take("lasting"):
			m.lasts = true
		case r.take("severity"):
			t, e := r.next("low, medium or high")
			if err = e; err == nil {
				if m.level = levels[t.text]; m.level == rtc.Clear {
					err = t.errorf("expected low, medium or high, got %q", t.text)
				}
				m.more = r.takeAll("or more")
			}
		case r.take("source"), r.take("cause"), r.take("phase"):
			key := r.line.words[len(r.line.words)-len(r.words)-1].text
			t, e := r.next("a word")
			if err = e; err == nil {
				switch key {
				case "source":
					m.source = t.text
				case "cause":
					m.cause = t.text
				default:
					m.phase = t.text
				}
				if key == "source" && !slices.Contains([]string{"unknown", "local_user", "remote_user", "network", "server"}, t.text) {
					err = t.errorf("expected source unknown, local_user, remote_user, network or server, got %q", t.text)
				}
			}
		case r.take("by"):
			m.remote, err = c.whose(r)
		default:
			return m, r.end("of, on, from, to, lasting, severity, source, cause or phase")
		}
		if err != nil {
			return m, err
		}
	}
	return m, nil
}

// issueTypes reads the types of issues, one or several with "or" between.
func issueTypes(r *reader) (types []token, err error) {
	for {
		t, err := r.next("the type of an issue")
		if err != nil {
			return nil, err
		}
		types = append(types, t)
		if !r.take("or") {
			return types, nil
		}
	}
}

// unknownType returns what is wrong with the types that a match names, "" if
// detectors find them all: a mistyped one would be absent for ever.
func (m *issueMatch) unknownType() string {
	for _, t := range m.types {
		if slices.ContainsFunc(issue.Detectors(), func(d *issue.Detector) bool { return d.Type == t.text }) {
			continue
		}
		var known []string
		for _, d := range issue.Detectors() {
			known = append(known, d.Type)
		}
		slices.Sort(known)
		return fmt.Sprintf("no detector of %q; there are %s", t.text, strings.Join(known, ", "))
	}
	return ""
}

func (m *issueMatch) hasType(name string) bool {
	return len(m.types) == 0 || slices.ContainsFunc(m.types, func(t token) bool { return t.text == name })
}

// misses returns "" if the issue is what m says, else what differs.
func (m *issueMatch) misses(res *Result, i *rtc.Issue) string {
	var differs []string
	note := func(wrong bool, what string) {
		if wrong {
			differs = append(differs, what)
		}
	}
	note(!m.hasType(i.Type), "type")
	note(m.user != nil && res.userOf(i.Session) != m.user.name, "user")
	note(m.on != nil && !res.about(i, *m.on), "stream")
	note(m.from != nil && !m.from.has(res.at(i.Start)), "from")
	note(m.to != nil && (i.End.IsZero() || !m.to.has(res.at(i.End))), "to")
	note(m.lasts && !i.End.IsZero() && !res.endsWithSession(i), "to")
	note(m.level != rtc.Clear && i.Severity != m.level && (!m.more || i.Severity < m.level), "severity")
	note(m.source != "" && i.Source.String() != m.source, "source")
	note(m.cause != "" && i.Cause != m.cause, "cause")
	note(m.phase != "" && i.Phase.String() != m.phase, "phase")
	note(m.remote != nil && i.RemoteUser != m.remote.name, "remote user")
	return strings.Join(differs, ", ")
}

func parseIssue(c *Case, r *reader) (func(*Result) string, error) {
	types, err := issueTypes(r)
	if err != nil {
		return nil, err
	}
	m, err := c.issueMatch(r)
	m.types = types
	return func(res *Result) string {
		if unknown := m.unknownType(); unknown != "" {
			return unknown
		}
		var near []string
		for n := range res.Rows.Issues {
			i := &res.Rows.Issues[n]
			differs := m.misses(res, i)
			if differs == "" {
				res.expected[n] = true
				return ""
			}
			if !strings.HasPrefix(differs, "type") {
				near = append(near, fmt.Sprintf("%s (differs in %s)", res.describe(i), differs))
			}
		}
		if len(near) > 0 {
			return strings.Join(near, "\n\t     ")
		}
		return res.describeIssues()
	}, err
}

func parseNoIssue(c *Case, r *reader) (func(*Result) string, error) {
	var types []token
	var err error
	if p := r.peek(); p != "" && !slices.Contains([]string{"of", "on", "from", "to", "severity", "source", "cause", "phase", "by"}, p) {
		if types, err = issueTypes(r); err != nil {
			return nil, err
		}
	}
	m, err := c.issueMatch(r)
	m.types = types
	return func(res *Result) string { return cmp.Or(m.unknownType(), res.listed(&m, false)) }, err
}

// parseNoOther reads: no issues but those that an expect issue names, before
// or after.
func parseNoOther(c *Case, r *reader) (func(*Result) string, error) {
	m, err := c.issueMatch(r)
	return func(res *Result) string { return res.listed(&m, true) }, err
}

func parseNothing(*Case, *reader) (func(*Result) string, error) {
	return func(res *Result) string {
		if got := res.listed(&issueMatch{}, false); got != "" {
			return got
		}
		return res.describeVerdict(true)
	}, nil
}

func parseMetric(c *Case, r *reader) (func(*Result) string, error) {
	t, err := r.next("a metric")
	if err != nil {
		return nil, err
	}
	m := quality.Find(t.text)
	if m == nil {
		return nil, t.errorf("expected the id of a metric (docs/metrics.md), got %q", t.text)
	}
	if !r.take("on") {
		return nil, r.line.errorf("expected on and a stream after %s, got %q", m.ID, r.peek())
	}
	on, err := c.target(r)
	if err != nil {
		return nil, err
	}
	agg := ""
	for _, a := range []string{"sum", "mean", "max", "min", "last"} {
		if r.take(a) {
			agg = a
		}
	}
	w, instant, err := r.when(c)
	if err != nil {
		return nil, err
	}
	want, err := r.comparison()
	if err != nil {
		return nil, err
	}
	if !r.take("at") && len(r.words) == 0 {
		return metricCheck(m, on, agg, w, instant, want), nil
	}
	return nil, r.end("the end of the line (times stand before the value)")
}

func metricCheck(m *quality.Metric, on target, agg string, w span, instant bool, want comparison) func(*Result) string {
	return func(res *Result) string {
		samples := res.samples(on, w, instant)
		if len(samples) == 0 {
			if want.op == "null" {
				return ""
			}
			return "no sample of " + on.String() + " there; " + res.describeStreams()
		}
		if agg == "" && !instant { // each must hold
			for _, s := range samples {
				if v := float64(s.Values[m.Index()]); !want.holds(v) {
					return fmt.Sprintf("%s at %s (each sample must hold)", figure(v), res.time(s.Time))
				}
			}
			return ""
		}
		v := aggregate(samples, m, agg)
		if want.holds(v) {
			return ""
		}
		return figure(v)
	}
}

func figure(v float64) string {
	if v != v {
		return "null"
	}
	return fmt.Sprintf("%.6g", v)
}

func aggregate(samples []*rtc.Sample, m *quality.Metric, agg string) float64 {
	var sum, weighted, seconds float64
	lowest, highest, last := nan, nan, nan
	for _, s := range samples {
		v := float64(s.Values[m.Index()])
		if v != v {
			continue
		}
		sum += v
		weighted += v * s.Interval.Seconds()
		seconds += s.Interval.Seconds()
		if !(lowest <= v) {
			lowest = v
		}
		if !(highest >= v) {
			highest = v
		}
		last = v
	}
	if seconds == 0 {
		return nan
	}
	switch agg {
	case "sum":
		return sum
	case "mean":
		return weighted / seconds
	case "min":
		return lowest
	case "max":
		return highest
	}
	return last
}

func parseEvent(c *Case, r *reader) (func(*Result) string, error) {
	t, err := r.next("an event's name")
	if err != nil {
		return nil, err
	}
	var u *user
	if r.take("of") {
		if u, err = c.whose(r); err != nil {
			return nil, err
		}
	}
	var at *about
	if r.take("at") {
		a, err := r.instant()
		if err != nil {
			return nil, err
		}
		at = &a
	}
	return func(res *Result) string {
		var seen []string
		for i := range res.Rows.Events {
			e := &res.Rows.Events[i]
			if u != nil && res.userOf(e.Session) != u.name {
				continue
			}
			if e.Name == t.text && (at == nil || at.has(res.at(e.Time))) {
				return ""
			}
			seen = append(seen, e.Name+" at "+res.time(e.Time))
		}
		return "events " + strings.Join(seen, ", ")
	}, nil
}

// parseCount reads: count sessions [of bob] = 2; calls, streams, connections,
// samples, issues.
func parseCount(c *Case, r *reader) (func(*Result) string, error) {
	t, err := r.next("calls, sessions, connections or streams")
	if err != nil {
		return nil, err
	}
	if !slices.Contains([]string{"calls", "sessions", "connections", "streams"}, t.text) {
		return nil, t.errorf("expected calls, sessions, connections or streams, got %q", t.text)
	}
	var u *user
	if r.take("of") {
		if u, err = c.whose(r); err != nil {
			return nil, err
		}
	}
	want, err := r.comparison()
	return func(res *Result) string {
		n := 0
		mine := func(id rtc.SessionID) bool { return u == nil || res.userOf(id) == u.name }
		switch t.text {
		case "calls":
			n = len(res.Rows.Calls)
		case "sessions":
			for i := range res.Rows.Sessions {
				if mine(res.Rows.Sessions[i].ID) {
					n++
				}
			}
		case "connections":
			for i := range res.Rows.Connections {
				if mine(res.Rows.Connections[i].Session) {
					n++
				}
			}
		case "streams":
			for i := range res.Rows.Streams {
				if s := &res.Rows.Streams[i]; mine(s.Session) && s.Kind != rtc.KindTransport && s.Kind != rtc.KindClient {
					n++
				}
			}
		}
		if want.holds(float64(n)) {
			return ""
		}
		return fmt.Sprint(n)
	}, err
}

// parseStream reads: stream alice.video packets = 5; packets, lost, bytes and
// samples of all its rows together, rows how many there are, and gaps.
func parseStream(c *Case, r *reader) (func(*Result) string, error) {
	on, err := c.target(r)
	if err != nil {
		return nil, err
	}
	t, err := r.next("packets, lost, bytes, samples, rows")
	if err != nil {
		return nil, err
	}
	if !slices.Contains([]string{"packets", "lost", "bytes", "samples", "rows"}, t.text) {
		return nil, t.errorf("expected packets, lost, bytes, samples or rows, got %q", t.text)
	}
	want, err := r.comparison()
	return func(res *Result) string {
		v := nan
		n := 0
		for i := range res.Rows.Streams {
			s := &res.Rows.Streams[i]
			if !res.is(s, on) {
				continue
			}
			n++
			add := map[string]int64{"packets": s.Packets, "lost": s.PacketsLost, "bytes": s.Bytes, "samples": int64(s.Samples)}[t.text]
			if add < 0 {
				continue
			}
			if v != v {
				v = 0
			}
			v += float64(add)
		}
		if t.text == "rows" {
			v = float64(n)
		}
		if want.holds(v) {
			return ""
		}
		return figure(v) + "; " + res.describeStreams()
	}, err
}

// parseSession reads: session of bob ends at 30s [reason timeout].
func parseSession(c *Case, r *reader) (func(*Result) string, error) {
	if !r.take("of") {
		return nil, r.line.errorf("expected of and a user, got %q", r.peek())
	}
	u, err := c.whose(r)
	if err != nil {
		return nil, err
	}
	var ends *about
	reason := ""
	if r.takeAll("ends at") {
		a, err := r.instant()
		if err != nil {
			return nil, err
		}
		ends = &a
	}
	if r.take("reason") {
		t, err := r.next("a reason")
		if err != nil {
			return nil, err
		}
		reason = t.text
	}
	if ends == nil && reason == "" {
		return nil, r.line.errorf("expected ends at or reason, got %q", r.peek())
	}
	return func(res *Result) string {
		var got []string
		for i := range res.Rows.Sessions {
			s := &res.Rows.Sessions[i]
			if s.User != u.name {
				continue
			}
			if (ends == nil || ends.has(res.at(s.End))) && (reason == "" || s.EndReason == reason) {
				return ""
			}
			got = append(got, fmt.Sprintf("%s to %s, reason %s", res.time(s.Start), res.time(s.End), s.EndReason))
		}
		return "sessions " + strings.Join(got, "; ")
	}, nil
}
