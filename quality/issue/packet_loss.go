package issue

import (
	"time"

	"github.com/peerglass/peerglass/quality"
	"github.com/peerglass/peerglass/rtc"
)

var PacketLoss = register(Detector{
	Type: "packet_loss", Label: "Packet loss",
	Help:   "Packets of the stream were lost: on a sent stream as the other end reports (uplink), on a received one as counted here (downlink, or the sender's uplink: the other end tells). Over some seconds: low above 2 %, medium above 5 % (Tencent guide, \"Priority Metrics\"), high from 20 % (SparkRTC guide, Table 4-2) or above 10 % for 5 s.",
	Causes: []string{causeLoss},
	Kinds:  quality.Media, Dirs: quality.Either,
	Hold: 2 * time.Second, Clear: 5 * time.Second,
	Sample: lost,
})

const (
	lossOver       = 5.0  // s: what is lost and what was expected decays with this, against the noise of single packets
	lossShows      = 0.01 // an interval without even this ends a stretch of loss
	lossSustained  = 5 * time.Second
	lossPause      = 3 * time.Second // a stretch goes on over this much without loss
	fewestLost     = 3               // packets: fewer are no share
	longestReports = 15 * time.Second
)

// lossWindow is the loss of a stream over some seconds.
type lossWindow struct {
	lost, expected float64 // packets, decaying
	at             time.Time
	sent           float64   // packets since the other end last reported
	since          time.Time // the stretch of loss began; zero while there is none
	last           time.Time // end of the latest interval with loss
	severe         time.Duration
	share          float64 // of the latest such interval
}

var lossMemory = newKey[lossWindow]()

func lost(s *Stream, smp *rtc.Sample) Mark {
	share := Value(smp, quality.Loss)
	m := lossMemory.peek(s)
	if m == nil {
		switch {
		case share != share && smp.Direction != rtc.Send:
			return Mark{}
		case share == 0:
			return Fine
		case share != share:
			return Mark{}
		}
		m = lossMemory.of(s)
		m.at = smp.Time.Add(-smp.Interval)
		rate := zeroOf(Value(smp, quality.PacketRate))
		if at := s.reportedLast; smp.Direction == rtc.Send && at.Before(m.at) && smp.Time.Sub(at) < longestReports {
			m.sent = rate * m.at.Sub(at).Seconds()
			m.at = at
		}
		m.expected = lossOver * rate // what came before was complete
	}
	packets := Value(smp, quality.Packets)
	if packets == packets {
		m.sent += packets
	}
	if share != share {
		if smp.Time.Sub(m.at) > longestReports {
			m.forget(smp.Time)
		}
		return Mark{}
	}
	over := min(smp.Time.Sub(m.at), longestReports)
	if over <= 0 {
		return Mark{}
	}
	m.at = smp.Time
	gone := Value(smp, quality.PacketsLost)
	expected := m.sent
	if smp.Direction != rtc.Send && gone == gone {
		expected += max(gone, 0)
	}
	m.sent = 0
	if gone != gone {
		gone = share * expected
	}
	keep := lossOver / (lossOver + over.Seconds())
	m.lost = max(m.lost*keep+gone, 0)
	m.expected = m.expected*keep + expected
	if share < lossShows {
		if !m.since.IsZero() && smp.Time.Sub(m.last) > lossPause {
			m.since, m.severe, m.share = time.Time{}, 0, 0
		}
		return Fine
	}
	if from := smp.Time.Add(-over - smp.Interval); !s.conn.silent.Before(from) || smp.Direction == rtc.Receive && s.dark(smp) {
		m.forget(smp.Time) // an outage is no loss
		return Mark{}
	}
	if m.since.IsZero() {
		m.since = smp.Time.Add(-over)
		if over > 2*smp.Interval { // it began somewhere in between
			m.since = smp.Time.Add(-over / 2)
		}
	}
	if over > 2*smp.Interval && share < m.share/2 {
		return Fine // of a report over several seconds this is the tail
	}
	m.last, m.share = smp.Time, share
	if m.lost < fewestLost || m.expected <= 0 {
		return Fine
	}
	v := min(m.lost/m.expected, 1)
	high := s.w.limits.loss(smp.Kind, smp.Direction)
	mark := Mark{Known: true, Metric: quality.Loss, Value: v}
	for l, limit := range [...]float64{high / 10, high / 4, high} {
		if v > limit || l == 2 && v == limit {
			mark.Level, mark.Limit = rtc.Level(l+1), limit
		}
	}
	if mark.Level == rtc.Clear {
		return Fine
	}
	if v > high/2 {
		if m.severe += over; m.severe >= lossSustained {
			mark.Level, mark.Limit = rtc.High, high/2
		}
	} else {
		m.severe = 0
	}
	mark.Over = smp.Time.Sub(m.since)
	return mark.For(causeLoss, rtc.Network)
}

func (m *lossWindow) forget(at time.Time) { *m = lossWindow{at: at} }
