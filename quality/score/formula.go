package score

import (
	"math"

	"github.com/peerglass/peerglass/quality/mos"
)

// Version of the formula. Whoever changes a coefficient raises it: the golden
// scores of a version never change.
const Version = 2

// most is the best score, and what can be lost of it.
const most = 10

// The coefficients of versions 1 and 2: points of 10. Version 2
// gives no score to who could not be heard or seen.
const (
	// A share s of the time in stutters costs 10·(1 − e^(−s/scale)): of video
	// 1.5 at the onset of what is called moderate (5 %) and 2.8 at that of high
	// (10 %), of audio 1.4 and 2.2 at its 3 % and 5 %, besides what the missing
	// speech costs in itself.
	videoStutterScale, audioStutterScale = 0.3, 0.2
	// A point of the narrowband rating scale of the E-model, 0–100, is a tenth
	// of ours: that impairments add up on it is the model's first principle
	// (ITU-T G.107 §1).
	ratingPoint = 0.1
	// Opus is fullband from 24 kbit/s (Ie 13 in mos.OpusRates): what it lacks
	// there is not held against a call. G.711 and G.722 count as what they are.
	freeIe = 13
	// A point of the video score, 1–5, is 2.5 of ours.
	videoPoint = 2.5
	// A camera that is shown at less than 14 frames a second looks jerky:
	// services send 15 as a rule, and the edges of a poll take one off. What is
	// missing costs 1.9·ln(14/rate) of the video score (rtcscore, src/score.js).
	enoughFPS, jerky = 14, videoPoint * 1.9
	// Delay of the picture: as in mos.Picture, 0.002 of its score for each ms
	// beyond 100.
	videoDelayPoint, freeDelay = videoPoint * 0.002, 100
	// A picture as coarse as where encoders give up the resolution costs 2.
	coarsePoint = 2
	// Where the quantiser is not told, too few bits for each pixel of so many
	// frames: a score of the coding below 3. A still scene needs few, so that
	// more is not asked.
	enoughCoding = 3
	// Few and coarse frames together do not make a picture worthless.
	mostDull = 4
)

// When an interval is bad; see Watch.Result.
const (
	badAudioStutter = 0.05 // share: "high"
	badVideoStutter = 0.10 // share: "high"
	badAudioMOS     = 3.1  // R = 60: below it many users are dissatisfied (ITU-T G.109)
	badVideoMOS     = 2.5  // between fair and poor
)

// stutterPoints is what a share of the time in stutters costs.
func stutterPoints(share, scale float64) float64 {
	return most * (1 - math.Exp(-min(share, 1)/scale))
}

// lossPoints is what missing speech costs. It costs less of a codec that is
// worse to begin with; Opus counts as at 24 kbit/s, so that fewer bits do not
// make up for loss.
func lossPoints(c mos.Codec, loss float64) float64 {
	if c.Scale == mos.Fullband {
		c.Ie = freeIe
	}
	return ratingPoint * narrow(c, c.Scale.Equipment(c.Ie, c.Bpl, 100*loss, 1)-c.Ie)
}

// delayPoints is what the delay of speech costs.
func delayPoints(c mos.Codec, delay float64) float64 {
	return ratingPoint * narrow(c, c.Scale.Delay(delay))
}

// bitratePoints is what Opus costs at the mean rate of its speech.
func bitratePoints(bitsPerSecond float64) float64 {
	c := mos.Opus(bitsPerSecond, false)
	return ratingPoint * narrow(c, max(c.Ie-freeIe, 0))
}

// narrow is a difference of ratings of the codec's scale on the narrowband one.
func narrow(c mos.Codec, difference float64) float64 { return difference / c.Scale.Stretch() }

// frameRatePoints is what too few frames of a camera cost.
func frameRatePoints(fps float64) float64 {
	return min(max(jerky*math.Log(enoughFPS/fps), 0), mostDull)
}

// picturePoints is what coarse encoding costs: by the quantiser, or by the
// bits where that is not told.
func picturePoints(codec string, quantiser, bitsPerSecond, pixels float64) float64 {
	points := coarsePoint * mos.Coarseness(codec, quantiser)
	if points != points {
		points = videoPoint * max(enoughCoding-mos.Coding(codec, bitsPerSecond, pixels, enoughFPS), 0)
	}
	return min(points, mostDull)
}

// videoDelayPoints is what the delay of the picture costs.
func videoDelayPoints(delay float64) float64 { return videoDelayPoint * max(delay-freeDelay, 0) }
