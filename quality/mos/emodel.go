package mos

import "math"

// Scale is the rating scale of an E-model: that of the widest speech which the
// connection could carry. Ratings, and scores derived from them, of different
// scales are not the same thing: each puts the best of its band at 4.5.
type Scale uint8

// The scales.
const (
	Narrowband Scale = iota // ITU-T G.107, 300–3400 Hz
	Wideband                // ITU-T G.107.1, 50–7000 Hz
	Fullband                // ITU-T G.107.2, 20–20 000 Hz
)

var scaleNames = [...]string{"narrowband", "wideband", "fullband"}

func (s Scale) String() string { return scaleNames[s] }

// Stretch is how much longer the scale is than the narrowband one; its rating
// divided by it goes through the same map to a score (G.107.1 eq. A-1,
// G.107.2 Annex A).
func (s Scale) Stretch() float64 { return [...]float64{1, 1.29, 1.48}[s] }

// Clear returns the rating of the scale with nothing wrong but the defaults:
// 93.2 by the full narrowband model (G.107 §7.7), Ro = 129 (G.107.1 eq. 7-2)
// and Ro = 148 (G.107.2 §7.2).
func (s Scale) Clear() float64 { return [...]float64{clearNarrowband, 129, 148}[s] }

var clearNarrowband = DefaultLine().Rating()

// MOS maps a rating to a mean opinion score from 1 to 4.5 (G.107 Annex B, eq.
// B-4). The published cubic falls to 0.99 between R = 0 and 6.5, where the
// definition of the scale ends at 1: there it is 1, so that a better rating is
// never a lower score.
func (s Scale) MOS(r float64) float64 {
	r /= s.Stretch()
	switch {
	case r <= 0:
		return 1
	case r >= 100:
		return 4.5
	}
	return max(1+0.035*r+r*(r-60)*(100-r)*7e-6, 1)
}

// Delay returns Idd, the impairment by a delay of ta ms from mouth to ear
// without echo: none up to the mT = 100 ms that users begin to notice, with the
// sensitivity sT = 1 of the default class (G.107 eq. 7-27 and 7-28; the other
// scales stretch it: G.107.1 eq. 7-13, G.107.2 §7.4).
func (s Scale) Delay(ta float64) float64 {
	const mT = 100
	if ta <= mT {
		return 0
	}
	x := math.Log2(ta / mT)
	x6 := x * x * x * x * x * x
	return s.Stretch() * 25 * (math.Pow(1+x6, 1./6) - 3*math.Pow(1+x6/729, 1./6) + 2) // 729 = 3⁶
}

// validLoss is the greatest loss in percent for which the model was validated
// (G.107 Table 3).
const validLoss = 20

// Equipment returns Ie,eff: the impairment by a codec of impairment ie and
// loss robustness bpl when ppl percent of its packets are lost, in bursts
// burstR times as long as random loss would make them (G.107 eq. 7-29). The
// constant to which it grows is 95, on the fullband scale 132 (G.107.2 §7.5).
// Beyond the validated 20 % the formula stays short of the end of the scale
// even when nothing arrives: there it is held above the straight line to it.
func (s Scale) Equipment(ie, bpl, ppl, burstR float64) float64 {
	eff := s.equipment(ie, bpl, ppl, burstR)
	if ppl > validLoss {
		at := s.equipment(ie, bpl, validLoss, burstR)
		eff = max(eff, at+(s.Clear()-at)*(ppl-validLoss)/(100-validLoss))
	}
	return eff
}

func (s Scale) equipment(ie, bpl, ppl, burstR float64) float64 {
	most := 95.0
	if s == Fullband {
		most = 132
	}
	return ie + (most-ie)*min(ppl/(ppl/max(burstR, 1)+bpl), 1) // bursts would carry it past what it grows to
}

// Speech is one direction of a conversation.
type Speech struct {
	Codec  Codec
	Loss   float64 // share of packets that were not there to be played, 0–1, late ones with them
	BurstR float64 // length of bursts against random loss; 0 and 1: random
	Delay  float64 // from mouth to ear, ms
}

// Rating returns R = Ro − Is − Id − Ie,eff on the codec's scale, without the
// advantage factor (G.107 eq. 7-1; A = 0: what is measured is not excused).
// Echo is left out, as after an echo canceller; NaN if an input is.
func (s Speech) Rating() float64 {
	scale := s.Codec.Scale
	return scale.Clear() - scale.Delay(s.Delay) - scale.Equipment(s.Codec.Ie, s.Codec.Bpl, 100*s.Loss, s.BurstR)
}

// MOS returns the conversational score, 1 to 4.5; NaN if an input is.
func (s Speech) MOS() float64 { return s.Codec.Scale.MOS(s.Rating()) }
