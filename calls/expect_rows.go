package calls

import (
	"fmt"
	"slices"
	"strings"

	"github.com/peerglass/peerglass/rtc"
)

// parseEvent reads: event clock of alice [at 30s].
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
