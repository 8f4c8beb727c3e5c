package engine

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// Where the guard acts, as shares of the process's limit.
const (
	guardEvery = 500 * time.Millisecond
	purgeAbove = 0.75 // give back what the allocator keeps for later
	purgeAgain = 0.05 // once so much more is held than after the last time
	endAbove   = 1.5  // the engine's own account has failed: start anew
	endAfter   = 20   // looks in a row, 10 s: a query may be about to end
)

// guard keeps the process near its limit of memory. The engine counts what it
// allocates and not what its allocator keeps: after greedy queries a process
// limited to 1 GiB was seen to hold 1.6 GiB for good. So what is kept is given
// back when the process nears the limit. If it grows far beyond even so, the
// process ends, before the machine has to choose whom to kill.
func guard(ticks <-chan time.Time, limit int64, resident func() int64, purge func(), end func(reason string)) {
	above := 0
	purgeFrom := purgeAbove
	for range ticks {
		share := float64(resident()) / float64(limit)
		if share > purgeFrom {
			purge()
			share = float64(resident()) / float64(limit)
			purgeFrom = max(purgeAbove, share+purgeAgain)
		}
		if share < endAbove {
			above = 0
		} else if above++; above == endAfter {
			end(fmt.Sprintf("the engine uses %.1f times its memory limit of %d MiB and is started anew: give it more, or ask for less at once", share, limit/mib))
			return
		}
	}
}

func (p *pool) purge() {
	p.controlMu.Lock()
	defer p.controlMu.Unlock()
	p.control.run("SYSTEM JEMALLOC PURGE", "Null", nil).close()
}

// residentMemory is this process's in bytes, 0 where /proc does not tell.
func residentMemory() int64 {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(text))
	if len(fields) < 2 {
		return 0
	}
	pages, _ := strconv.ParseInt(fields[1], 10, 64)
	return pages * int64(os.Getpagesize())
}
