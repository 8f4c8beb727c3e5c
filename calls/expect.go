package calls

import (
	"fmt"
	"strings"

	"github.com/peerglass/peerglass/quality"
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
