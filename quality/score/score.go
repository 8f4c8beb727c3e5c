package score

import (
	"math"

	"github.com/peerglass/peerglass/rtc"
)

// Part is one of several scores that make up another.
type Part struct {
	Score float32 // 0–10; Null where nothing was measured: it does not count
	Time  float64 // weight: any unit, the same for all; media time in ms
}

// PartOf returns what a stay weighs in the score of its user and its call: the
// time of the media that it received.
func PartOf(o *rtc.Outcome) Part {
	var time float64
	for _, t := range [...]float32{o.AudioTime, o.VideoTime} {
		if t > 0 {
			time += float64(t)
		}
	}
	return Part{Score: o.Score, Time: time}
}

// User returns the score of a user over their stays, Null without any.
func User(stays []Part) float32 { return together(stays) }

// Call returns the score of a call over the stays in it, Null without any.
func Call(stays []Part) float32 { return together(stays) }

// together is 10 minus the quadratic mean, weighted by time, of what each
// lost, rounded to 0.1. What is far off counts more than its share: one user of ten who
// lost 8 points costs the call 2.5, not 0.8, for a call in which somebody could
// not take part was not a good one. It still falls when any part falls, and is
// that of its parts when all are equal.
func together(parts []Part) float32 {
	var sum, time float64
	for _, p := range parts {
		if lost := most - float64(p.Score); lost == lost && p.Time > 0 {
			sum += p.Time * lost * lost
			time += p.Time
		}
	}
	if time == 0 {
		return rtc.Null
	}
	return float32(tenths(most-math.Sqrt(sum/time))) / 10
}

// tenths rounds a score to tenths.
func tenths(score float64) int { return int(math.Round(10 * score)) }
