package score

import "math"

// Version of the formula. Whoever changes a coefficient raises it: the golden
// scores of a version never change.
const Version = 1

// Part is one of several scores that make up another: a stay of a user, or a
// user's part in a call.
type Part struct {
	Score float32 // 0–10; NaN where nothing was measured: it does not count
	Time  float64 // weight: any unit, the same for all; media time in ms
}

// User returns the score of a user over their sessions, rtc.Null without any.
func User(sessions []Part) float32 { return together(sessions) }

// Call returns the score of a call over its sessions, rtc.Null without any.
func Call(sessions []Part) float32 { return together(sessions) }

// together is 10 minus the quadratic mean, weighted by time, of what each
// lost. What is far off counts more than its share: one user of ten who lost 8
// points costs the call 2.5, not 0.8, for a call in which somebody could not
// take part was not a good one. It still falls when any part falls, and is
// that of its parts when all are equal.
func together(parts []Part) float32 {
	var sum, time float64
	for _, p := range parts {
		if lost := 10 - float64(p.Score); lost == lost && p.Time > 0 {
			sum += p.Time * lost * lost
			time += p.Time
		}
	}
	if time == 0 {
		return float32(math.NaN())
	}
	return float32(10 - math.Sqrt(sum/time))
}
