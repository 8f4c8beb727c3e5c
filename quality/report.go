package quality

import (
	"fmt"
	"math"
	"sync"

	"github.com/peerglass/peerglass/rtc"
)

// Report is what is kept of one statistics report: its numbers now and at the
// previous poll. Members that no metric and no bookkeeping reads are not kept.
// A nil *Report answers NaN to every question, so that metrics need not ask
// whether a report is there.
type Report struct {
	Type   rtc.StatsType
	Time   float64 // client's clock, Unix ms, of the newest values
	Before float64 // the same of the previous poll; 0 if there was none

	kept  *keptMembers
	place [maxKept]uint8 // by the member's number among those kept: its position in now, from 1; 0 if it never came
	now   []float64
	prev  []float64
}

// maxKept bounds how many members are kept in all reports together: a table of
// that many bytes in each report makes every access two loads.
const maxKept = 96

type keptMembers [rtc.Members]uint8 // number from 1, 0 if not kept

// Members that are kept although no metric derives from them: identity,
// totals, and what tells which candidate pair is in use.
var bookkeeping = []rtc.Member{
	rtc.StatSsrc, rtc.StatIsRemote, rtc.StatActive,
	rtc.StatNominated, rtc.StatSelected, rtc.StatBytesSent, rtc.StatBytesReceived,
	rtc.StatPacketsSent, rtc.StatPacketsReceived, rtc.StatPacketsLost,
}

var keptTable = sync.OnceValue(func() *keptMembers {
	var t keptMembers
	n := uint8(0)
	keep := func(m rtc.Member) {
		if form := m.Info().Form; form == rtc.Text || t[m] != 0 {
			return
		}
		if n++; n >= maxKept {
			panic(fmt.Sprintf("quality: more than %d members are read by metrics: raise maxKept", maxKept-1))
		}
		t[m] = n
	}
	for _, m := range bookkeeping {
		keep(m)
	}
	for _, metric := range registered {
		for _, m := range metric.From {
			keep(m)
		}
	}
	return &t
})

// NewReport returns an empty report.
func NewReport(t rtc.StatsType) Report { return Report{Type: t, kept: keptTable()} }

// Set lays a value over the report; NaN says that the member is gone. Members
// that are not kept are ignored. It reports whether the value changed.
func (r *Report) Set(m rtc.Member, v float64) bool {
	n := r.kept[m]
	if n == 0 {
		return false
	}
	at := r.place[n]
	if at == 0 {
		if v != v {
			return false
		}
		r.now = append(r.now, v)
		r.prev = append(r.prev, math.NaN())
		r.place[n] = uint8(len(r.now))
		return true
	}
	was := r.now[at-1]
	r.now[at-1] = v
	return was != v && (was == was || v == v)
}

// Shift makes what is now what was before; call it when a poll begins.
func (r *Report) Shift() {
	copy(r.prev, r.now)
	r.Before = r.Time
}

// Only forgets the members that told does not name: the poll told the whole
// report.
func (r *Report) Only(told []rtc.Value) {
	var named [maxKept]bool
	for i := range told {
		named[r.kept[told[i].Member]] = true
	}
	for n, at := range &r.place {
		if at != 0 && !named[n] {
			r.now[at-1] = math.NaN()
		}
	}
}

// Rebase forgets what was before: nothing can be derived of this interval.
func (r *Report) Rebase() {
	for i := range r.prev {
		r.prev[i] = math.NaN()
	}
}

// Restart forgets that there was an earlier poll: the id now names something
// else.
func (r *Report) Restart() {
	r.Rebase()
	r.Before = 0
}

// Now returns the member's value, NaN if it was not told.
func (r *Report) Now(m rtc.Member) float64 {
	if r == nil {
		return math.NaN()
	}
	if at := r.place[r.kept[m]]; at != 0 {
		return r.now[at-1]
	}
	return math.NaN()
}

// Prev returns the member's value at the previous poll, NaN if there was none.
func (r *Report) Prev(m rtc.Member) float64 {
	if r == nil {
		return math.NaN()
	}
	if at := r.place[r.kept[m]]; at != 0 {
		return r.prev[at-1]
	}
	return math.NaN()
}

// Change returns how much the member rose since the previous poll, negative
// if it fell, NaN if either value is missing.
func (r *Report) Change(m rtc.Member) float64 {
	if r == nil {
		return math.NaN()
	}
	if at := r.place[r.kept[m]]; at != 0 {
		return r.now[at-1] - r.prev[at-1]
	}
	return math.NaN()
}

// Delta is Change of a counter: NaN also if it fell, which is a reset.
func (r *Report) Delta(m rtc.Member) float64 {
	if d := r.Change(m); d >= 0 {
		return d
	}
	return math.NaN()
}

// Fell reports whether the counter was reset since the previous poll.
func (r *Report) Fell(m rtc.Member) bool { return r.Change(m) < 0 }

// Seconds returns the time between the two polls by the report's own
// timestamps; NaN if there was no earlier poll or time did not pass.
func (r *Report) Seconds() float64 {
	if r == nil || r.Before == 0 || r.Time <= r.Before {
		return math.NaN()
	}
	return (r.Time - r.Before) / 1000
}
