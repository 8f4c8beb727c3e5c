package issue

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/peerglass/peerglass/quality"
	"github.com/peerglass/peerglass/rtc"
)

// Whatever browsers measure, an issue has a beginning before its end, both
// within the call, a severity, and a cause that its detector declares; and the
// same figures give the same issues.
func TestIssuesOfAnything(t *testing.T) {
	found := make(map[string]bool)
	for seed := range uint64(60) {
		all := wild(t, seed)
		if again := wild(t, seed); !reflect.DeepEqual(all, again) {
			t.Fatalf("seed %d: the same rows gave %v and %v", seed, all, again)
		}
		for _, i := range all {
			found[i.Type] = true
			d := Detectors()[slices.IndexFunc(Detectors(), func(d *Detector) bool { return d.Type == i.Type })]
			switch {
			case i.Severity == rtc.Clear || i.Severity > rtc.High:
				t.Errorf("seed %d: no severity: %s", seed, describe(&i))
			case i.End.Before(i.Start) || i.Start.Before(t0.Add(-time.Minute)):
				t.Errorf("seed %d: no time: %s", seed, describe(&i))
			case i.Cause != "" && !slices.Contains(d.Causes, i.Cause):
				t.Errorf("seed %d: a cause that is not declared: %s", seed, describe(&i))
			}
		}
	}
	if len(found) < 15 {
		t.Errorf("only %d types were found: %v", len(found), found)
	}
}

// wild tells a call whose streams change at random, for some seconds at a time.
func wild(t *testing.T, seed uint64) []rtc.Issue {
	random := rand.New(rand.NewPCG(seed, 1))
	p := newPolls(t, time.Second)
	layers(p)
	states := make(map[string]figures)
	metrics := quality.Catalogue()
	for range 120 {
		p.every = time.Duration(1+random.IntN(40)/13) * time.Second
		if random.IntN(50) == 0 {
			p.event([]string{"mute", "unmute"}[random.IntN(2)], `{"kind":"video","track":"video sent"}`)
		}
		p.poll(func(name string, f figures) {
			if random.IntN(12) == 0 { // another state for some time
				states[name] = make(figures)
				for range random.IntN(8) {
					m := metrics[random.IntN(len(metrics))]
					v := f[m] * []float64{0, 0, 0.1, 0.4, 3, 10, 100}[random.IntN(7)]
					if f[m] == 0 {
						v = []float64{0, 0.04, 0.2, 1, 30, 300, 900}[random.IntN(7)]
					}
					if random.IntN(6) == 0 {
						v = nan
					}
					states[name][m] = v
				}
			}
			merge(f, states[name])
		})
	}
	p.watch.End(p.now, "leave")
	return p.found()
}
