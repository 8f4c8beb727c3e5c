package rig

import (
	"math"
	"testing"
	"time"
)

// offered is a second of packets every 10 ms, or as many as wanted.
func offer(l *Link, n int, from, every time.Duration, size int) (leaves []time.Duration, passed []bool) {
	for i := range n {
		at, ok := l.Offer(from+time.Duration(i)*every, size)
		leaves, passed = append(leaves, at), append(passed, ok)
	}
	return leaves, passed
}

func share(list []bool) float64 {
	n := 0
	for _, b := range list {
		if b {
			n++
		}
	}
	return float64(n) / float64(len(list))
}

func near(t *testing.T, what string, got, want, within float64) {
	t.Helper()
	if math.Abs(got-want) > within {
		t.Errorf("%s is %.4f, want %.4f ± %.4f", what, got, want, within)
	}
}

func TestLoss(t *testing.T) {
	for _, want := range []float64{0.02, 0.05, 0.2, 1} {
		_, passed := offer(NewLink("a", Up, []Rule{{Loss: want}}, 1), 100_000, 0, time.Millisecond, 100)
		near(t, "loss", 1-share(passed), want, 0.003)
	}
}

func TestBurstLoss(t *testing.T) {
	_, passed := offer(NewLink("a", Up, []Rule{{Loss: 0.1, Burst: 4}}, 1), 400_000, 0, time.Millisecond, 100)
	near(t, "loss", 1-share(passed), 0.1, 0.005)
	bursts, lost := 0, 0
	for i, ok := range passed {
		if !ok {
			lost++
			if i == 0 || passed[i-1] {
				bursts++
			}
		}
	}
	near(t, "mean burst", float64(lost)/float64(bursts), 4, 0.15)
}

func TestDelayAndJitterKeepOrder(t *testing.T) {
	leaves, passed := offer(NewLink("a", Up, []Rule{{Delay: 200, Jitter: 50}}, 1), 10_000, 0, 200*time.Millisecond, 100)
	near(t, "passed", share(passed), 1, 0)
	var sum time.Duration
	for i, at := range leaves {
		d := at - time.Duration(i)*200*time.Millisecond
		if d < 200*time.Millisecond || d > 300*time.Millisecond {
			t.Fatalf("packet %d was delayed by %v, want 200 ms to 300 ms", i, d)
		}
		sum += d
	}
	near(t, "mean delay in ms", float64(sum.Milliseconds())/10_000, 250, 2)

	leaves, _ = offer(NewLink("a", Up, []Rule{{Jitter: 100}}, 1), 10_000, 0, 5*time.Millisecond, 100)
	for i := range leaves[1:] {
		if leaves[i+1] < leaves[i] {
			t.Fatalf("packet %d overtook the one before", i+1)
		}
	}
}

func TestReorder(t *testing.T) {
	leaves, passed := offer(NewLink("a", Up, []Rule{{Reorder: 0.2, ReorderBy: 80}}, 1), 50_000, 0, 10*time.Millisecond, 100)
	near(t, "passed", share(passed), 1, 0)
	held := 0
	for i, at := range leaves {
		switch at - time.Duration(i)*10*time.Millisecond {
		case 0:
		case 80 * time.Millisecond:
			held++
		default:
			t.Fatalf("packet %d left at %v", i, at)
		}
	}
	near(t, "share held back", float64(held)/50_000, 0.2, 0.01)
}

func TestRateIsACongestedQueue(t *testing.T) {
	// 1172 + 28 bytes every 32 ms are 300 kbit/s, twice what passes.
	leaves, passed := offer(NewLink("a", Up, []Rule{{Rate: 150_000, Queue: 400}}, 1), 1000, 0, 32*time.Millisecond, 1172)
	near(t, "passed", share(passed), 0.5, 0.02)
	longest := time.Duration(0)
	for i, ok := range passed {
		if ok {
			longest = max(longest, leaves[i]-time.Duration(i)*32*time.Millisecond)
		}
	}
	near(t, "longest delay in ms", float64(longest.Milliseconds()), 400+64, 34)
	// Below the cap nothing waits longer than it takes to send.
	leaves, passed = offer(NewLink("a", Up, []Rule{{Rate: 150_000}}, 1), 100, 0, 100*time.Millisecond, 1172)
	near(t, "passed", share(passed), 1, 0)
	near(t, "delay in ms", float64((leaves[99] - 9900*time.Millisecond).Milliseconds()), 64, 1)
}

func TestSchedule(t *testing.T) {
	rules := []Rule{{From: 5000, To: 8000, User: "a", Dir: Up, Black: true}, {From: 6000, To: 7000, Delay: 50}}
	at := func(user string, dir Direction, ms time.Duration) (time.Duration, bool) {
		leaves, ok := NewLink(user, dir, rules, 1).Offer(ms*time.Millisecond, 100)
		return leaves - ms*time.Millisecond, ok
	}
	for _, c := range []struct {
		user  string
		dir   Direction
		ms    time.Duration
		ok    bool
		delay time.Duration
	}{
		{"a", Up, -500, true, 0}, {"a", Up, 4999, true, 0}, {"a", Up, 5000, false, 0}, {"a", Down, 5000, true, 0}, {"b", Up, 5000, true, 0},
		{"a", Up, 6500, true, 50 * time.Millisecond}, // the later rule
		{"b", Down, 6500, true, 50 * time.Millisecond}, {"a", Up, 7500, false, 0}, {"a", Up, 8000, true, 0},
	} {
		if delay, ok := at(c.user, c.dir, c.ms); ok != c.ok || ok && delay != c.delay {
			t.Errorf("%s %s at %d ms: passed %v after %v, want %v after %v", c.user, c.dir, c.ms, ok, delay, c.ok, c.delay)
		}
	}
}

func TestSameSeedSameLuck(t *testing.T) {
	rules := []Rule{{Loss: 0.3, Burst: 3, Jitter: 40, Reorder: 0.1, ReorderBy: 20}}
	a, aPassed := offer(NewLink("a", Up, rules, 7), 1000, 0, time.Millisecond, 100)
	again, againPassed := offer(NewLink("a", Up, rules, 7), 1000, 0, time.Millisecond, 100)
	differs := false
	b, bPassed := offer(NewLink("b", Up, rules, 7), 1000, 0, time.Millisecond, 100)
	for i := range a {
		if a[i] != again[i] || aPassed[i] != againPassed[i] {
			t.Fatalf("packet %d: the same seed had other luck", i)
		}
		differs = differs || a[i] != b[i] || aPassed[i] != bPassed[i]
	}
	if !differs {
		t.Error("two users have the same luck")
	}
}

func TestRulesAreChecked(t *testing.T) {
	for _, r := range []Rule{{Dir: "left"}, {From: 5, To: 5}, {Loss: 1.1}, {Reorder: -1}, {Delay: -1}} {
		if _, err := NewRelay(Options{Schedule: []Rule{r}}); err == nil {
			t.Errorf("%+v was taken", r)
		}
	}
}
