package fidelity

import (
	"github.com/peerglass/peerglass/quality"
	"github.com/peerglass/peerglass/rig"
)

// offDate is how far the moment of a browser's counters is from the date of
// their poll, ms: of 6000 polls of the rig's browsers, two calls at a time on
// two processors, all but one of a thousand are within it. A busy browser takes
// packets late, and counts on after it has dated what it counts.
const offDate = 100

// bitrate compares over the time of the damage, and over as many polls after
// and before it as it takes to know the truth as well as the target asks.
func (t *Truth) bitrate(f *flow, from, to float64) Figure {
	out := f.figure(Bitrate)
	if starved[t.Condition] { // dates are off by seconds meanwhile
		from, to = t.Start, t.End
	}
	var polls []*sampled
	first, last := 0, 0 // those of the damage, last not included
	f.over(t.Start, t.End, quality.Bitrate, func(s *sampled, _ float64) {
		polls = append(polls, s)
		if s.to <= from {
			first = len(polls)
		}
		if s.from < to {
			last = len(polls)
		}
	})
	for first < last && t.doubt(f, polls[first].from, polls[last-1].to) > Bitrate.Within {
		switch {
		case last < len(polls):
			last++
		case first > 0:
			first--
		default:
			return out
		}
	}
	var seconds, bits float64
	for _, s := range polls[min(first, last):last] {
		seconds += (s.to - s.from) / 1000
		out.Said += s.of(quality.Bitrate) * (s.to - s.from) / 1000
		bits += t.bits(f, s.from, s.to)
		out.Samples++
	}
	out.True, out.Said = bits/seconds, out.Said/seconds
	return out
}

// bits is what the relay passed of a stream's payload and its retransmissions'.
func (t *Truth) bits(f *flow, from, to float64) float64 {
	cut := tag(t.page(f.to).SRTP[f.from])
	sum := t.payload(f.down, cut, from, to)
	if f.again != nil {
		sum += t.payload(f.again, cut+rtxHeader, from, to)
	}
	return 8 * sum
}

// payload is the bytes of a stream without so many of each packet.
func (t *Truth) payload(s *rig.StreamCounts, cut, from, to float64) float64 {
	bytes := counted(t, s.Bytes, from, to)
	if s.FineBytes != nil { // not an early recording
		bytes = countedBy(t, rig.Fine, s.FineBytes, from, to)
	}
	return bytes - cut*t.passed(s, from, to)
}

// passed is the packets of a stream that passed a leg.
func (t *Truth) passed(s *rig.StreamCounts, from, to float64) float64 {
	if s.FinePassed == nil {
		return counted(t, s.Passed, from, to)
	}
	return countedBy(t, rig.Fine, s.FinePassed, from, to)
}

// doubt is what share of a time's bits may belong to it or not, as one of its
// ends is known.
func (t *Truth) doubt(f *flow, from, to float64) float64 {
	edge := func(at float64) float64 { return t.bits(f, at-offDate, at+offDate) / 2 }
	if all := t.bits(f, from, to); all > 0 {
		return max(edge(from), edge(to)) / all // at both at once it is rare
	}
	return 0 // nothing passed, or nothing that counts: that is known
}
