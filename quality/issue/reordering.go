package issue

import (
	"time"

	"github.com/peerglass/peerglass/quality"
	"github.com/peerglass/peerglass/rtc"
)

var Reordering = register(Detector{
	Type: "reordering", Label: "Packets out of order",
	Help:   "Packets of a received video were overtaken by others: they were asked for again although next to none is lost. More than 5 % of the packets were asked for (low) or 15 % (medium) while less than a quarter of that is missing in the end, for 3 s.",
	Causes: []string{causeJitter},
	Kinds:  quality.Video, Dirs: quality.Received,
	Hold: 3 * time.Second, Clear: 4 * time.Second,
	Sample: func(s *Stream, smp *rtc.Sample) Mark {
		asked, packets := Value(smp, quality.Nack), Value(smp, quality.Packets)
		if asked != asked || packets != packets {
			return Mark{}
		}
		m := orderMemory.peek(s)
		if m == nil {
			if asked == 0 {
				return Fine
			}
			m = orderMemory.of(s)
		}
		keep := lossOver / (lossOver + smp.Interval.Seconds())
		m.asked, m.packets = m.asked*keep+asked, m.packets*keep+packets
		m.lost = m.lost*keep + zeroOf(Value(smp, quality.PacketsLost))
		if asked < reorderShows*packets || m.packets == 0 {
			return Fine
		}
		v := m.asked / m.packets
		if v <= reordersLow || m.lost > m.asked/4 || s.Young(smp) || s.jittery(smp) || s.starved() {
			return Fine
		}
		mark := Mark{Known: true, Level: rtc.Low, Metric: quality.Nack, Value: asked, Limit: reordersLow * packets}
		if v > reordersMedium {
			mark.Level, mark.Limit = rtc.Medium, reordersMedium*packets
			s.conn.overtaken = smp.Time
		}
		return mark.For(causeJitter, rtc.Network)
	},
})

// order is what was asked for again over some seconds, and what stayed lost.
type order struct{ asked, lost, packets float64 }

var orderMemory = newKey[order]()

const (
	reorderShows   = 0.02
	reordersLow    = 0.05
	reordersMedium = 0.15
)
