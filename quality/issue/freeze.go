package issue

import (
	"time"

	"github.com/peerglass/peerglass/quality"
	"github.com/peerglass/peerglass/rtc"
)

var freezeCauses = []string{causeLoss, causeJitter, causeBandwidth, causeNoPackets, causeStopped, causeSlow, causeCPU, causeDecoder, causeDevice}

const (
	freezeOver    = 8 * time.Second // without a stutter: several in a row are one issue
	freezeWindow  = 60              // s over which the rate counts
	freezeSlots   = 12
	longStand     = 2000 // ms: a standstill that nobody overlooks
	shortStand    = 600  // ms: less of an episode is no more than low
	veryLongStand = 5000 // ms: what W3C calls a pause
	// At the start a decoder waits for its first key frames.
	startUpStand = 2000 // ms
)

// stutters is what a stream stuttered in the last minute, and why.
type stutters struct {
	slot     int64
	stutter  [freezeSlots]float64 // ms
	time     [freezeSlots]float64
	standing float64 // ms of a gap that may go on
	episode  float64 // ms since it last went well for some time
	last     time.Time
	cause    string
	source   rtc.Source
	stopped  bool // the gap that goes on is one in which the sender sent nothing
}

var stutterMemory = newKey[stutters]()

func frozen(s *Stream, smp *rtc.Sample, stutter, playing *quality.Metric, low, medium, high float64) Mark {
	st := Value(smp, stutter)
	if st != st {
		return Mark{}
	}
	ms := float64(smp.Interval.Milliseconds())
	switch {
	case stands(smp) && s.standby():
		s.rested = smp.Time
		st = 0
	case st > ms+startUpStand && smp.Time.Sub(s.rested) < 2*smp.Interval+time.Second: // it went on from there
		st = 0
	case st > 0 && st < startUpStand && s.Young(smp):
		st = 0
	case st > 0 && s.fewer(smp):
		st = 0
	}
	m := stutterMemory.peek(s)
	if m == nil {
		if st == 0 {
			return Fine
		}
		m = stutterMemory.of(s)
	}
	m.put(smp.Time, st, Value(smp, playing))
	if st == 0 {
		m.standing, m.stopped = 0, false
		return Fine
	}
	if smp.Time.Sub(m.last) > freezeOver+smp.Interval {
		m.episode = 0
	}
	m.last = smp.Time
	m.episode += st
	standing := m.standing + st
	rate := m.rate()
	mark := Mark{Known: true, Metric: stutter, Value: st, Limit: nan}
	switch {
	case rate >= high && m.episode >= longStand || standing >= veryLongStand:
		mark.Level, mark.Limit = rtc.High, high*freezeWindow*1000
	case rate >= medium && m.episode >= shortStand || standing >= longStand:
		mark.Level, mark.Limit = rtc.Medium, medium*freezeWindow*1000
	case rate >= low:
		mark.Level = rtc.Low
	}
	// What ends in this interval may be the end of a gap that began before it.
	m.standing = 0
	if stands(smp) {
		m.standing = standing
	}
	if st > ms {
		mark.Over = time.Duration(st) * time.Millisecond
	}
	mark.Value = m.sum()
	if mark.Cause, mark.Source = why(s, smp); mark.Cause == "" && standing > st {
		mark.Cause, mark.Source = m.cause, m.source // it goes on
	}
	m.cause, m.source = mark.Cause, mark.Source
	if m.stopped && Value(smp, quality.Packets) > 0 { // the end of that gap
		mark.Cause, mark.Source = causeStopped, rtc.RemoteUser
	}
	if m.stopped = mark.Cause == causeStopped; m.stopped {
		mark.Level = min(mark.Level, rtc.Low)
	}
	m.stopped = m.stopped && stands(smp)
	return mark
}

// fewer reports whether a stutter that was concluded from the number of frames
// alone is as likely a lower rate: as many came in the interval before.
func (s *Stream) fewer(smp *rtc.Sample) bool {
	if Value(smp, quality.StutterBasis) != float64(quality.BasisStandstill) || !s.Last.there() {
		return false
	}
	now, last := Value(smp, quality.FpsDecoded), float64(s.Last.Decoded)
	return now > 0 && now < evenly*last && last < evenly*now
}

const evenly = 1.2

// stands reports whether the stream stood still at the end of the interval, as
// far as it shows: nothing came in it.
func stands(smp *rtc.Sample) bool {
	if smp.Kind == rtc.KindAudio {
		return Value(smp, quality.Packets) == 0
	}
	return Value(smp, quality.FpsDecoded) == 0
}

func (m *stutters) put(at time.Time, stutter, playing float64) {
	slot := at.UnixMilli() / (1000 * freezeWindow / freezeSlots)
	if gone := slot - m.slot; gone >= freezeSlots {
		m.stutter, m.time = [freezeSlots]float64{}, [freezeSlots]float64{}
	} else {
		for i := m.slot + 1; i <= slot; i++ {
			m.stutter[i%freezeSlots], m.time[i%freezeSlots] = 0, 0
		}
	}
	if slot > m.slot {
		m.slot = slot
	}
	m.stutter[m.slot%freezeSlots] += stutter
	if playing == playing {
		m.time[m.slot%freezeSlots] += playing
	}
}

func (m *stutters) sum() (ms float64) {
	for _, v := range m.stutter {
		ms += v
	}
	return ms
}

// rate is the share of the window's time; what came before the first stutter
// was fine.
func (m *stutters) rate() float64 {
	time := 0.0
	for _, v := range m.time {
		time += v
	}
	return m.sum() / max(time, 1000*freezeWindow)
}
