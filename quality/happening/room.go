package happening

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/peerglass/peerglass/rtc"
)

// Room is what the stays of a call say together.
type Room struct {
	Created   time.Time
	Dissolved time.Time // zero while somebody is there
	Peak      int       // most users at one time
	PeakAt    time.Time
	Rows      []Row                    // of the room as a whole
	Entered   map[rtc.SessionID]string // of each join: its place in the order, and how many were there
	Left      map[rtc.SessionID]string // of each leave: how many stayed
}

// Whole looks at all stays of a call. A user with several stays at one time is
// one user.
func Whole(sessions []rtc.Session) Room {
	r := Room{Entered: map[rtc.SessionID]string{}, Left: map[rtc.SessionID]string{}}
	if len(sessions) == 0 {
		return r
	}
	type turn struct {
		at    time.Time
		leave bool
		s     *rtc.Session
	}
	var turns []turn
	goingOn := false
	for i := range sessions {
		s := &sessions[i]
		turns = append(turns, turn{s.Start, false, s})
		if s.End.IsZero() {
			goingOn = true
		} else {
			turns = append(turns, turn{later(s.Start, s.End), true, s})
		}
	}
	slices.SortStableFunc(turns, func(a, b turn) int {
		return cmp.Or(a.at.Compare(b.at), cmp.Compare(order(a.leave), order(b.leave)), cmp.Compare(a.s.ID, b.s.ID))
	})
	there, came := map[string]int{}, map[string]bool{}
	var first, last, most *rtc.Session
	for _, t := range turns {
		user := cmp.Or(t.s.User, "\x00"+t.s.ID.String()) // an anonymous one is a user of its own
		if t.leave {
			if there[user]--; there[user] == 0 {
				delete(there, user)
			}
			r.Left[t.s.ID] = fmt.Sprintf("%s in the room", users(len(there)))
			last = t.s
			continue
		}
		if first == nil {
			first, r.Created = t.s, t.at
		}
		again := came[user]
		came[user] = true
		there[user]++
		place := fmt.Sprintf("%s to join", ordinal(len(came)))
		if again {
			place = "joined again"
		}
		r.Entered[t.s.ID] = fmt.Sprintf("%s, %s in the room", place, users(len(there)))
		if len(there) > r.Peak {
			r.Peak, r.PeakAt, most = len(there), t.at, t.s
		}
	}
	row := func(t *Type, s *rtc.Session, at time.Time, text string) {
		r.Rows = append(r.Rows, Row{Type: t, Time: at, Session: s.ID, Label: t.Label, Severity: t.Severity, Text: text})
	}
	row(roomCreated, first, r.Created, "the first user joined")
	if r.Peak > 1 {
		row(roomPeak, most, r.PeakAt, users(r.Peak)+" at once")
	}
	if !goingOn && last != nil {
		r.Dissolved = turns[len(turns)-1].at
		row(roomDissolved, last, r.Dissolved, "the last user left"+after(r.Created, r.Dissolved))
	}
	return r
}

// Joined adds to the rows of a stay what the room knows of its join and leave.
func (r *Room) Joined(rows []Row) {
	for i := range rows {
		switch row := &rows[i]; row.Type {
		case enteredRoom:
			row.Text = strings.TrimPrefix(row.Text+"; "+r.Entered[row.Session], "; ")
		case exited:
			if left := r.Left[row.Session]; left != "" {
				row.Text += "; " + left
			}
		}
	}
}

func order(leave bool) int {
	if leave {
		return 1
	}
	return 0
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func users(n int) string {
	switch n {
	case 0:
		return "nobody"
	case 1:
		return "1 user"
	}
	return fmt.Sprintf("%d users", n)
}

func ordinal(n int) string {
	suffix := "th"
	if n%100 < 11 || n%100 > 13 {
		switch n % 10 {
		case 1:
			suffix = "st"
		case 2:
			suffix = "nd"
		case 3:
			suffix = "rd"
		}
	}
	return fmt.Sprintf("%d%s", n, suffix)
}
