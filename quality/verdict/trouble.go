package verdict

import (
	"github.com/peerglass/peerglass/rtc"
)

// pair is one stay as seen from another.
type pair struct{ of, other *stay }

// troubles are issues of the network between two stays by the class of their
// cause, so that whether one lasted at a given time is found without a look at
// each.
type troubles [3]timeline

// timeline is issues by their start. latest tells of each place in it which of
// those up to there ends last, and which does but for that one.
type timeline struct {
	issues []*found
	latest [][2]*found
}

// add expects issues by their start.
func (t *timeline) add(f *found) {
	last := [2]*found{f}
	if n := len(t.latest); n > 0 {
		last = t.latest[n-1]
		switch {
		case f.end.After(last[0].end):
			last = [2]*found{f, last[0]}
		case last[1] == nil || f.end.After(last[1].end):
			last[1] = f
		}
	}
	t.issues, t.latest = append(t.issues, f), append(t.latest, last)
}

// near reports whether an issue other than but lasted at the time of f.
func (t *timeline) near(f, but *found) bool {
	// How many begin before the end of f.
	before, n := f.end.Add(slack), 0
	for low, high := 0, len(t.issues); low < high; {
		mid := (low + high) / 2
		if t.issues[mid].start.Before(before) {
			low, n = mid+1, mid+1
		} else {
			high = mid
		}
	}
	if n == 0 {
		return false
	}
	g := t.latest[n-1][0]
	if g == but {
		g = t.latest[n-1][1]
	}
	return g != nil && f.start.Before(g.end.Add(slack))
}

// near reports whether trouble other than but, that can be one with f, lasted at
// the time of f.
func (t *troubles) near(f, but *found) bool {
	if t == nil {
		return false
	}
	k := class(f.row.Cause)
	for i := range t {
		if (k == 0 || i == 0 || i == k) && t[i].near(f, but) {
			return true
		}
	}
	return false
}

// compare lists the trouble of the network between each two stays.
func (c *call) compare() {
	c.bad, c.slow = make(map[pair]*troubles), make(map[pair]*troubles)
	for _, g := range c.deep {
		if !troubled(g) {
			continue
		}
		note := func(in map[pair]*troubles, of, other *stay) {
			k := pair{of, other}
			if in[k] == nil {
				in[k] = new(troubles)
			}
			in[k][class(g.row.Cause)].add(g)
		}
		switch g.direction() {
		case rtc.Receive:
			if g.from != nil {
				note(c.bad, g.of, g.from)
			}
		case rtc.Send:
			for _, p := range g.of.sinks {
				for _, l := range p.links {
					if g.sends(l) {
						note(c.bad, p.other, g.of)
						break
					}
				}
			}
		default:
			for _, o := range c.partners(g) {
				note(c.slow, g.of, o)
			}
		}
	}
}
