package mos

import (
	"math"
	"strings"
)

// Codec is what the E-model asks of a speech codec.
type Codec struct {
	Name     string
	Scale    Scale
	Ie       float64 // equipment impairment without loss, on the scale
	Bpl      float64 // robustness to loss
	Estimate bool    // Ie or Bpl is ours; otherwise both are published
}

// The codecs with published figures. G.711: ITU-T G.113 Appendix I, Tables I.1
// and I.2, with packet loss concealment (every browser conceals). G.722 at
// 64 kbit/s: Ie,WB by G.113 Table IV.1; no robustness is published, so it is
// that of EVS (below).
var (
	G711 = Codec{Name: "G.711", Scale: Narrowband, Ie: 0, Bpl: 25.1}
	G722 = Codec{Name: "G.722", Scale: Wideband, Ie: 13, Bpl: 10, Estimate: true}
)

// OpusRate is one row of the table for Opus.
type OpusRate struct {
	BitsPerSecond float64
	Ie            float64 // on the fullband scale
}

// OpusRates is Ie,FB of Opus by its bit rate. It is an estimate: no
// Recommendation has Opus. The band that speech has at a rate is that of
// RFC 7587 §3.1.1 (narrowband at 8–12 kbit/s, wideband at 16–20, fullband at
// 28–40); narrowband costs 148 − 93.2 = 55 on this scale and wideband
// 148 − 129 = 19 (also G.113 Appendix V). From 24 kbit/s it follows what G.113
// Appendix V measured for EVS, a codec of the same class: 7.2 at 24.4 kbit/s
// and 8.7 at 32, allowing Opus more bits for the same quality.
var OpusRates = []OpusRate{
	{6_000, 62}, {8_000, 55}, {12_000, 40}, {16_000, 27}, {20_000, 19}, {24_000, 13},
	{32_000, 9}, {48_000, 6}, {64_000, 4}, {96_000, 2}, {128_000, 1},
}

const (
	// opusUsual is the rate assumed where none is known: what Chrome asks of
	// Opus for mono speech unless told otherwise.
	opusUsual = 32_000
	// Robustness of Opus, an estimate: EVS has 9.3–13 (G.113 Appendix V).
	opusBpl = 10
	// With in-band FEC a lost packet that is followed by one that arrives is
	// repaired at a lower rate, so not all is won. Peers have 15 to 20.
	opusFECBpl = 15
)

// Opus returns Opus at a bit rate: of its speech, without headers. NaN stands
// for the usual 32 kbit/s. fec says that in-band FEC is sent and that the loss
// is what it was before repair.
func Opus(bitsPerSecond float64, fec bool) Codec {
	c := Codec{Name: "Opus", Scale: Fullband, Ie: usualImpairment, Bpl: opusBpl, Estimate: true}
	if bitsPerSecond == bitsPerSecond {
		c.Ie = opusImpairment(bitsPerSecond)
	}
	if fec {
		c.Bpl = opusFECBpl
	}
	return c
}

// opusImpairment lies between the rows of the table on the line over the
// logarithm of the rate.
func opusImpairment(rate float64) float64 {
	if rate <= OpusRates[0].BitsPerSecond {
		return OpusRates[0].Ie
	}
	for i := 1; i < len(OpusRates); i++ {
		if high := OpusRates[i]; rate <= high.BitsPerSecond {
			low := OpusRates[i-1]
			return low.Ie + (high.Ie-low.Ie)*math.Log(rate/low.BitsPerSecond)/math.Log(high.BitsPerSecond/low.BitsPerSecond)
		}
	}
	return OpusRates[len(OpusRates)-1].Ie
}

// SpeechRate estimates the bit rate that a codec has while somebody speaks,
// from what came over an interval in all. Somebody speaks 39 % of a
// conversation (ITU-T P.59) and a codec of variable rate sends little in the
// pauses, so that speech has about twice the mean; where packets are left out
// too (DTX), the mean of 50 packets of 20 ms a second if that is more. The guess
// goes up to the usual 32 kbit/s. NaN, not known, where less came than the 6
// kbit/s of the slowest speech (RFC 6716 §2.1.1): then there was none.
func SpeechRate(bitsPerSecond, packetsPerSecond float64) float64 {
	const packets, pauses, least = 50, 2, 6000
	if !(bitsPerSecond >= least) || !(packetsPerSecond > 0) {
		return math.NaN()
	}
	return max(bitsPerSecond, min(bitsPerSecond*max(packets/packetsPerSecond, pauses), opusUsual))
}

var usualImpairment = opusImpairment(opusUsual)

// FindSpeech returns the codec with a mime type, "audio/opus", at a bit rate; not ok
// for one that the model has no figures for.
func FindSpeech(mime string, bitsPerSecond float64, fec bool) (c Codec, ok bool) {
	name := mime
	if _, after, cut := strings.Cut(mime, "/"); cut {
		name = after
	}
	switch {
	case strings.EqualFold(name, "opus"), strings.EqualFold(name, "red"): // Chrome's red carries Opus
		return Opus(bitsPerSecond, fec), true
	case strings.EqualFold(name, "PCMU"), strings.EqualFold(name, "PCMA"):
		return G711, true
	case strings.EqualFold(name, "G722"):
		return G722, true
	}
	return Codec{}, false
}
