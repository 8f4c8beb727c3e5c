package calls

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/peerglass/peerglass/quality/issue"
	"github.com/peerglass/peerglass/rtc"
)

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
