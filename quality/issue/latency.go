package issue

import (
	"time"

	"github.com/peerglass/peerglass/quality"
	"github.com/peerglass/peerglass/rtc"
)

// Latency is the example of a detector that judges samples.
var Latency = register(Detector{
	Type: "latency", Label: "High round-trip time",
	Help:   "The round-trip time of the selected candidate pair lay above 300 ms (low), 500 ms (medium; the latency threshold of the reference's Table 4-2) or 1 s (high) for 3 s.",
	Causes: []string{"network_latency"},
	Kinds:  quality.Transport, Dirs: quality.Either,
	Hold: 3 * time.Second, Clear: 5 * time.Second,
	Sample: func(_ *Stream, smp *rtc.Sample) Mark {
		return Above(smp, quality.Rtt, 300, 500, 1000).For("network_latency", rtc.Network)
	},
})
