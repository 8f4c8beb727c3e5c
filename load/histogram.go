package load

import (
	"math"
	"sync/atomic"
	"time"
)

// histogram counts delays in buckets that grow by a twelfth: quantiles are
// right to 8 %, without a lock.
type histogram struct {
	buckets [256]atomic.Uint64
	total   atomic.Uint64
	longest atomic.Int64
}

const (
	histogramMin  = 0.1 // ms
	histogramGrow = 1.08
)

func (h *histogram) add(d time.Duration) {
	ms := float64(d) / float64(time.Millisecond)
	i := 0
	if ms > histogramMin {
		i = min(int(math.Log(ms/histogramMin)/math.Log(histogramGrow))+1, len(h.buckets)-1)
	}
	h.buckets[i].Add(1)
	h.total.Add(1)
	for {
		longest := h.longest.Load()
		if int64(d) <= longest || h.longest.CompareAndSwap(longest, int64(d)) {
			return
		}
	}
}

// quantile returns the delay in ms below which the share q lies; 0 for none.
func (h *histogram) quantile(q float64) float64 {
	longest := float64(h.longest.Load()) / float64(time.Millisecond)
	if q >= 1 {
		return longest
	}
	want := uint64(math.Ceil(q * float64(h.total.Load())))
	if want == 0 {
		return 0
	}
	sum := uint64(0)
	for i := range h.buckets {
		if sum += h.buckets[i].Load(); sum >= want {
			return min(histogramMin*math.Pow(histogramGrow, float64(i)), longest)
		}
	}
	return longest
}
