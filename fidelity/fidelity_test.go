package fidelity

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/peerglass/peerglass/internal/golden"
	"github.com/peerglass/peerglass/rtc"
)

// TestRecordings replays a recording of each condition and holds what has been
// reached: the golden file names each figure that is outside of its target and
// each fault that is not named rightly. A line that goes is progress, a line
// that comes is not; -update rewrites it, and the diff is the review.
func TestRecordings(t *testing.T) {
	recordings, err := OpenAll("testdata")
	if err != nil {
		t.Fatal(err)
	}
	if len(recordings) < len(Conditions) {
		t.Fatalf("there are recordings of %d conditions of %d: make fidelity makes them", len(recordings), len(Conditions))
	}
	var results []Result
	for _, r := range recordings {
		if _, known := Conditions[r.Condition]; !known {
			t.Errorf("nothing is known of what ought to be said of %s", r.Condition)
		}
		result, err := Evaluate(r)
		if err != nil {
			t.Fatal(err)
		}
		results = append(results, result)
	}
	golden.Check(t, filepath.Join("testdata", "reached.golden"), missed(results))
}

// missed lists what is not as it ought to be.
func missed(results []Result) string {
	var b strings.Builder
	for _, r := range results {
		if !r.Right {
			fmt.Fprintf(&b, "%s: wrong\n", r.Condition)
		}
		for _, every := range Polls {
			for _, f := range r.Figures[every] {
				if f.Of.Within > 0 && !f.Reached(every) {
					fmt.Fprintf(&b, "%s: %s %s at %d s, %s to %s\n", r.Condition, f.Of.ID, f.Kind, every, f.From, f.To)
				}
			}
		}
	}
	return b.String()
}

// What a recording's dumps tell when every poll is dropped but one in five is
// what the counters said at those moments: totals must be equal.
func TestThinnedPollsKeepTheCounters(t *testing.T) {
	r, err := Open(filepath.Join("testdata", "loss_up_20"))
	if err != nil {
		t.Fatal(err)
	}
	all, err := r.Replay(1)
	if err != nil {
		t.Fatal(err)
	}
	fifth, err := r.Replay(5)
	if err != nil {
		t.Fatal(err)
	}
	if len(all.Samples) < 4*len(fifth.Samples) {
		t.Errorf("%d samples of all polls, %d of every fifth", len(all.Samples), len(fifth.Samples))
	}
	if len(all.Streams) != len(fifth.Streams) {
		t.Fatalf("%d streams of all polls, %d of every fifth", len(all.Streams), len(fifth.Streams))
	}
	for i := range fifth.Streams {
		got, want := &fifth.Streams[i], &all.Streams[i]
		if got.SSRC != want.SSRC || got.Codec != want.Codec || got.RemoteUser != want.RemoteUser {
			t.Errorf("stream %d: %+v, want %+v", i, got, want)
		}
		// At most the last four polls of some 24 are missing, in which more is sent
		// than at the start.
		if got.Kind < rtc.KindTransport && (got.Packets > want.Packets || got.Packets < want.Packets*2/3) {
			t.Errorf("stream %d has %d packets, with all polls %d", i, got.Packets, want.Packets)
		}
	}
}

// The order of the document and the expectations are of the same conditions.
func TestEachConditionIsKnown(t *testing.T) {
	for name, c := range Conditions {
		if place(name) == len(order) {
			t.Errorf("%s has no place in the document", name)
		}
		if c.Did == "" || !c.Quiet && (len(c.Causes) == 0 || len(c.Sides) == 0) {
			t.Errorf("%s: %+v", name, c)
		}
	}
	if len(order) != len(Conditions) {
		t.Errorf("%d conditions have a place, %d are known", len(order), len(Conditions))
	}
}

// A sender that is starved of its processor sends late and less, and its
// reports come before packets that it had counted: nothing of that is loss.
func TestStarvedSenderLosesNothing(t *testing.T) {
	r, err := Open(filepath.Join("testdata", "cpu_starved"))
	if err != nil {
		t.Fatal(err)
	}
	for _, every := range Polls {
		rows, err := r.Replay(every)
		if err != nil {
			t.Fatal(err)
		}
		figures := 0
		for _, f := range Measure(&r.Truth, rows) {
			if f.Of != Loss {
				continue
			}
			if figures++; f.True == 0 && f.Said != 0 {
				t.Errorf("every %d s: %.1f %% of the %s from %s to %s are said lost, and nothing was", every, 100*f.Said, f.Kind, f.From, f.To)
			}
		}
		if figures == 0 {
			t.Errorf("every %d s: no figure of loss", every)
		}
	}
}
