package fidelity

import (
	"slices"

	"github.com/peerglass/peerglass/quality"
	"github.com/peerglass/peerglass/rig"
)

func (t *Truth) rtt(f *flow, from, to float64) Figure {
	out := f.figure(RTT)
	if starved[t.Condition] && f.to == "ada" { // when it asked and took the answer is not known
		return out
	}
	trips := t.trips(f.to, f.from)
	f.over(from, to, quality.Rtt, func(s *sampled, v float64) {
		var sum, n, vague float64
		for _, trip := range trips {
			if trip.at > s.from && trip.at <= s.to {
				sum += trip.took
				vague += trip.vague
				n++
			}
		}
		if n > 0 && vague <= max(RTT.Within*n, RTT.OrShare*sum) {
			out.True += sum / n
			out.Said += v
			out.Samples++
		}
	})
	out.True, out.Said = out.True/float64(out.Samples), out.Said/float64(out.Samples)
	return out
}

// trip is a connectivity check that was answered: when (Unix ms), how long it
// was from the relay on and back to it, and how much longer it may have been for
// a browser that stood still, ms.
type trip struct{ at, took, vague float64 }

// voice is how often a browser sends a packet of audio, ms.
const voice = 20

// trips are those that a user asked another for, over the path in use.
func (t *Truth) trips(asks, answers string) []trip {
	there, back := t.leg(asks, rig.Up), t.leg(asks, rig.Down)
	farDown, farUp := t.leg(answers, rig.Down), t.leg(answers, rig.Up)
	if there == nil || back == nil || farDown == nil || farUp == nil {
		return nil
	}
	var out []trip
	for _, first := range there.Checks {
		legs := []*rig.Check{&first, check(farDown, first.ID, false), check(farUp, first.ID, true), check(back, first.ID, true)}
		if first.Answer || slices.Contains(legs, nil) {
			continue
		}
		last := legs[3]
		one := trip{at: t.Start + last.Leaves, took: last.Leaves - first.At}
		if first.Client != 0 { // else an old recording
			if !first.Media || !legs[1].Media {
				continue
			}
			if sent := counted(t, there.Offered, t.Start+first.At-1000, t.Start+first.At); sent >= 1000/voice/2 {
				one.vague = vague(there.Stalls, &first, last)
			}
		}
		out = append(out, one)
	}
	return out
}

// near is how near to a check a stall is of the same moment, ms: what a browser
// had handed to its machine before still comes.
const near = 30

// vague is how much longer a trip may have been for a browser that sends audio
// all the time and sent nothing when it asked, or when the answer came to it.
func vague(stalls []rig.Stall, ask, answer *rig.Check) (ms float64) {
	for _, s := range stalls {
		if s.Client != ask.Client {
			continue
		}
		if s.To > ask.At-near/3 && s.To < ask.At+near/3 {
			ms += s.To - s.From - voice
		}
		if s.From < answer.Leaves+near && s.To > answer.Leaves {
			ms += min(s.To-s.From-voice, s.To-answer.Leaves)
		}
	}
	return ms
}

// check finds a check that passed a leg.
func check(c *rig.Counts, id uint32, answer bool) *rig.Check {
	for i := range c.Checks {
		if k := &c.Checks[i]; k.ID == id && k.Answer == answer && k.Leaves >= 0 {
			return k
		}
	}
	return nil
}
