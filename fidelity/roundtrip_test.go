package fidelity

import (
	"testing"

	"github.com/peerglass/peerglass/rig"
)

// checked is what the relay saw of one direction of a user's leg.
func checked(user string, dir rig.Direction, checks ...rig.Check) rig.Counts {
	return rig.Counts{User: user, Dir: dir, Checks: checks}
}

// A trip is from the relay on and back to it, with the time that the other
// browser took.
func TestTrips(t *testing.T) {
	truth := &Truth{Start: 5000, Relay: []rig.Counts{
		checked("ada", rig.Up, rig.Check{ID: 1, At: 100, Leaves: 110}, rig.Check{ID: 2, At: 200, Leaves: -1}, rig.Check{ID: 9, Answer: true, At: 131, Leaves: 131}),
		checked("ben", rig.Down, rig.Check{ID: 1, At: 111, Leaves: 131}),
		checked("ben", rig.Up, rig.Check{ID: 1, Answer: true, At: 132, Leaves: 132}, rig.Check{ID: 9, At: 1, Leaves: 1}),
		checked("ada", rig.Down, rig.Check{ID: 1, Answer: true, At: 133, Leaves: 136}),
	}}
	got := truth.trips("ada", "ben")
	if len(got) != 1 || got[0] != (trip{at: 5136, took: 36}) {
		t.Errorf("trips %v, want one of 36 ms", got)
	}
	if got := truth.trips("ada", "cleo"); got != nil {
		t.Errorf("trips to nobody: %v", got)
	}
}

// Of several paths the one in use counts, and of a browser that stood still it
// is told how long.
func TestTripsOfThePathInUse(t *testing.T) {
	flow := rig.Flow{Offered: []int{5, 5, 5, 5, 5, 5, 5, 5, 5, 5}}
	up := checked("ada", rig.Up,
		rig.Check{ID: 1, At: 1000, Leaves: 1000, Client: 7, Media: true},
		rig.Check{ID: 2, At: 1000, Leaves: 1000, Client: 8},
		rig.Check{ID: 3, At: 1000, Leaves: 1000, Client: 7, Media: true})
	up.Flow = flow
	up.Stalls = []rig.Stall{{Client: 7, From: 800, To: 830}, {Client: 7, From: 975, To: 1001}, {Client: 8, From: 970, To: 1001}, {Client: 7, From: 1012, To: 1092}, {Client: 7, From: 1040, To: 1090}}
	answers := func(at float64, more ...rig.Check) []rig.Check {
		for id := range uint32(3) {
			more = append(more, rig.Check{ID: id + 1, Answer: true, At: at, Leaves: at, Client: 9, Media: true})
		}
		return more
	}
	truth := &Truth{Relay: []rig.Counts{
		up,
		checked("ben", rig.Down, rig.Check{ID: 1, At: 1000, Leaves: 1000, Client: 9, Media: true}, rig.Check{ID: 2, At: 1000, Leaves: 1000, Client: 9, Media: true}, rig.Check{ID: 3, At: 1000, Leaves: 1000, Client: 10}),
		checked("ben", rig.Up, answers(1001)...),
		checked("ada", rig.Down, answers(1002)...),
	}}
	got := truth.trips("ada", "ben")
	if len(got) != 1 || got[0] != (trip{at: 1002, took: 2, vague: 66}) {
		t.Errorf("trips %v, want the first alone, 66 ms of it unknown", got)
	}
	truth.Relay[0].Flow = rig.Flow{} // it sends no audio: that nothing came says nothing
	if got := truth.trips("ada", "ben"); len(got) != 1 || got[0].vague != 0 {
		t.Errorf("trips %v of a browser without audio, want one that is known", got)
	}
}
