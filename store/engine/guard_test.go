package engine

import (
	"strings"
	"testing"
	"time"
)

// TestGuard walks the guard through a process's resident memory, as shares of
// the limit, look by look.
func TestGuard(t *testing.T) {
	for name, c := range map[string]struct {
		looks  []float64 // before a purge
		kept   float64   // what a purge leaves
		purges int
		ends   bool
	}{
		"small":                     {[]float64{0.2, 0.7, 0.75}, 0.2, 0, false},
		"kept by the allocator":     {[]float64{0.8, 0.2, 0.9}, 0.2, 2, false},
		"used, and no more to give": {[]float64{0.8, 0.8, 0.8, 0.84}, 0.8, 1, false},
		"used, and growing":         {[]float64{0.8, 0.86, 0.93}, 1, 1, false},
		"far beyond, for long":      {repeated(2, endAfter), 2, 1, true},
		"far beyond, not for long":  {append(repeated(2, endAfter-1), 0.5), 2, 1, false},
	} {
		t.Run(name, func(t *testing.T) {
			ticks := make(chan time.Time, len(c.looks))
			for range c.looks {
				ticks <- time.Time{}
			}
			close(ticks)
			look, purges, purged, reason := -1, 0, false, ""
			resident := func() int64 {
				if purged {
					purged = false
					return int64(c.kept * 1000 * float64(mib))
				}
				look++
				return int64(c.looks[look] * 1000 * float64(mib))
			}
			guard(ticks, 1000*mib, resident, func() { purges++; purged = true }, func(r string) { reason = r })
			if purges != c.purges || (reason != "") != c.ends {
				t.Errorf("%d purges, ended %q", purges, reason)
			}
			if c.ends && !strings.Contains(reason, "2.0 times its memory limit of 1000 MiB") {
				t.Errorf("the reason is %q", reason)
			}
		})
	}
}

func repeated(share float64, n int) (all []float64) {
	for range n {
		all = append(all, share)
	}
	return all
}
