package mos

import (
	"math"
	"strings"
)

// Picture is what a viewer was shown of one video stream over a time.
type Picture struct {
	Codec           string  // mime type or name; an unknown one counts as VP8
	BitsPerSecond   float64 // payload
	Width, Height   float64 // of the frames, px
	Quantiser       float64 // mean over the frames, on the codec's scale; NaN: not told
	FramesPerSecond float64
	Expected        float64 // frames per second that the viewer expects; NaN: 30
	Delay           float64 // one way, ms
	Frozen          float64 // share of the time that the picture stood still, 0–1
}

// Coefficients of the video estimate.
const (
	// Score of the coding: base + slope·ln(bits per pixel and frame), that
	// of github.com/ggarber/rtcscore (src/score.js), fitted to VP8.
	videoBase  = 5.36
	videoSlope = 0.56
	// expectedFPS is the rate that costs nothing: cameras are opened with it.
	expectedFPS = 30
	// A frame rate below the expected costs motion·ln²(expected/rate): G.1070
	// §9 lets quality fall with the square of the logarithm of the frame rate
	// from its best. 15 of 30 costs 0.4, 8 costs 1.4.
	videoMotion = 0.8
	// Delay costs 0.002 a ms (rtcscore) beyond the 100 ms that nobody notices
	// in a conversation (G.107 mT).
	videoDelay, videoDelayFrom = 0.002, 100
	// A picture that stands still for the share f of the time keeps e^(−f/0.2)
	// of its worth: of 4.5 there remain 3.7 at 5 % and 3.1 at 10 %, where
	// stutter is called moderate and high. P.1203.3 (8.1.1.3) has the same
	// form for stalls with other constants, for films.
	videoFrozen = 0.2
)

// MOS returns an estimate of the score of the picture, 1 to 5; NaN if an input
// but Quantiser and Expected is. Few bits are not held against a picture that is
// fine with them, as a still or a dark one. Bits are spread over the expected frames, so that more
// frames are never worse; beyond those they are not better.
func (p Picture) MOS() float64 {
	expected := p.Expected
	if expected != expected {
		expected = expectedFPS
	}
	coding := Coding(p.Codec, p.BitsPerSecond, p.Width*p.Height, expected)
	if fine := Fineness(p.Codec, p.Quantiser); fine > 0 {
		coding += fine * (5 - coding)
	}
	score := coding - Motion(p.FramesPerSecond, expected) - videoDelay*max(p.Delay-videoDelayFrom, 0)
	return 1 + max(score-1, 0)*math.Exp(-p.Frozen/videoFrozen)
}

// Coding returns the score, 1 to 5, of a picture as far as the bits for each
// pixel and frame tell: a still scene needs fewer than they assume.
func Coding(codec string, bitsPerSecond, pixels, framesPerSecond float64) float64 {
	return min(max(videoSlope*math.Log(efficiency(codec)*bitsPerSecond/pixels/framesPerSecond)+videoBase, 1), 5)
}

// Motion returns what a frame rate below the expected costs, in points of the
// score; without any frames all 4.
func Motion(framesPerSecond, expected float64) float64 {
	if framesPerSecond >= expected {
		return 0
	}
	l := math.Log(expected / framesPerSecond)
	return min(videoMotion*l*l, 4)
}

// efficiency is how many bits of VP8 a bit of the codec is worth: VP9 by
// rtcscore; AV1 and H.265 are estimates after it, H.264 in real time equals
// VP8.
func efficiency(codec string) float64 {
	if _, name, cut := strings.Cut(codec, "/"); cut {
		codec = name
	}
	switch {
	case strings.EqualFold(codec, "VP9"), strings.EqualFold(codec, "H265"), strings.EqualFold(codec, "HEVC"):
		return 1.2
	case strings.EqualFold(codec, "AV1"):
		return 1.4
	}
	return 1
}

// Coarseness tells how coarse a picture was encoded from its mean quantiser: 0
// where it is fine, 1 where encoders give up resolution for it, up to 2; NaN for
// a codec whose scale is not known. Half way between the thresholds begins what
// is seen.
func Coarseness(codec string, quantiser float64) float64 {
	low, high := quantisers(codec)
	middle := (low + high) / 2
	return min(max((quantiser-middle)/(high-middle), 0), 2)
}

// Fineness tells how far a picture is from wanting bits: 0 from the quantiser
// on at which encoders would rather keep the size, 1 below half of it; NaN as
// Coarseness.
func Fineness(codec string, quantiser float64) float64 {
	low, _ := quantisers(codec)
	return min(max(2*(low-quantiser)/low, 0), 1)
}

// quantisers are the thresholds between which libwebrtc's encoders leave the
// size of a picture as it is: below low they take it up again, above high they
// scale it down (kLow…QpThreshold and kHigh…QpThreshold). NaN for another codec.
func quantisers(codec string) (low, high float64) {
	if _, name, cut := strings.Cut(codec, "/"); cut {
		codec = name
	}
	switch {
	case strings.EqualFold(codec, "VP8"):
		return 29, 95
	case strings.EqualFold(codec, "VP9"):
		return 149, 205
	case strings.EqualFold(codec, "AV1"):
		return 145, 205
	case strings.EqualFold(codec, "H264"):
		return 24, 37
	}
	return math.NaN(), math.NaN()
}
