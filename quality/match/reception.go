package match

import (
	"fmt"
	"math"

	"github.com/peerglass/peerglass/rtc"
)

// Reception is what came of one received stream, or of several, over a time.
// A figure that was not measured is NaN.
type Reception struct {
	Measured  float64 // ms of measuring
	Packets   float64 // received
	Missing   float64 // packets that were sent and did not come
	Expected  float64 // packets that were due
	Playing   float64 // ms in which it was to be seen or heard
	Stuttered float64 // ms of these in stutters
	Bitrate   float64 // bit/s, mean
	Delay     float64 // ms, mean
	Sent      float64 // packets that the sender sent meanwhile
}

// StutterShare is the share of its time that was in stutters, NaN if unknown.
func (r *Reception) StutterShare() float64 { return share(r.Stuttered, r.Playing) }

// Loss is the share of packets that did not come, NaN if unknown.
func (r *Reception) Loss() float64 { return share(r.Missing, r.Expected) }

func share(part, whole float64) float64 {
	if !(whole > 0) {
		return math.NaN()
	}
	return min(max(part/whole, 0), 1)
}

// Level is how well a stream came.
type Level string

// The levels. Muted is neither good nor bad: nothing was due.
const (
	Good    Level = "good"
	Fair    Level = "fair"
	Poor    Level = "poor"
	None    Level = "none"    // due, and nothing came
	Muted   Level = "muted"   // not sent, muted, or not shown all the time
	Unknown Level = "unknown" // not measured
)

// rank orders levels by how bad they are.
var rank = map[Level]int{None: 5, Poor: 4, Fair: 3, Good: 2, Unknown: 1, Muted: 0}

// Worse reports whether a is worse than b.
func Worse(a, b Level) bool { return rank[a] > rank[b] }

// Limits are from where on a stream is no longer good, and from where it is
// poor.
type Limits struct {
	Fair, Poor float64
	Above      bool // fair only above its limit, not at it
}

// The limits: stutters as PRODUCT.md has their severity; loss up to 5 % is what
// is called high-quality transmission, 20 % its alarm; lag is a delay above
// 400 ms, and 500 ms its alarm. The bounds of a delay make nothing poor by
// themselves: what is late is there.
var (
	AudioStutter = Limits{Fair: 0.03, Poor: 0.05}
	VideoStutter = Limits{Fair: 0.05, Poor: 0.10}
	LossLimits   = Limits{Fair: 0.05, Poor: 0.20, Above: true}
	DelayLimits  = Limits{Fair: 400, Poor: math.Inf(1), Above: true}
)

func (l Limits) level(v float64) Level {
	switch {
	case v != v:
		return Unknown
	case v >= l.Poor:
		return Poor
	case v > l.Fair, v == l.Fair && !l.Above:
		return Fair
	}
	return Good
}

// Judge says how well streams of a kind came, and why where it is not good.
func (r *Reception) Judge(kind rtc.MediaKind) (Level, string) {
	if !(r.Measured > 0) {
		return Unknown, "nothing was measured"
	}
	if r.Packets == 0 {
		switch {
		case r.Sent == 0:
			return Muted, "nothing was sent"
		case r.Sent > 0:
			return None, fmt.Sprintf("nothing came, though %.0f packets were sent", r.Sent)
		}
		return None, "nothing came; whether anything was sent is not known"
	}
	if r.Playing == 0 {
		return Muted, "it came and was not to be played: muted, held, or the page hidden"
	}
	stutter := VideoStutter
	if kind == rtc.KindAudio {
		stutter = AudioStutter
	}
	worst, why := Unknown, "neither stutters nor loss were measured"
	note := func(level Level, text string) {
		if Worse(level, worst) {
			worst, why = level, text
		}
	}
	note(stutter.level(r.StutterShare()), fmt.Sprintf("%s of the time in stutters", percent(r.StutterShare())))
	note(LossLimits.level(r.Loss()), fmt.Sprintf("%s of the packets lost", percent(r.Loss())))
	if worst != Unknown {
		note(DelayLimits.level(r.Delay), fmt.Sprintf("%.0f ms late", r.Delay))
	}
	if worst == Good {
		why = ""
	}
	return worst, why
}

func percent(v float64) string {
	if 100*v < 9.95 {
		return fmt.Sprintf("%.1f %%", 100*v)
	}
	return fmt.Sprintf("%.0f %%", 100*v)
}

// Add puts two receptions together: of one kind, from one person to another.
func (r *Reception) Add(o *Reception) {
	weighted := func(a, b float64) float64 {
		switch {
		case a != a || !(r.Measured > 0):
			return b
		case b != b || !(o.Measured > 0):
			return a
		}
		return (a*r.Measured + b*o.Measured) / (r.Measured + o.Measured)
	}
	sum := func(a, b float64) float64 {
		switch {
		case a != a:
			return b
		case b != b:
			return a
		}
		return a + b
	}
	r.Bitrate, r.Delay = weighted(r.Bitrate, o.Bitrate), weighted(r.Delay, o.Delay)
	r.Measured, r.Packets = sum(r.Measured, o.Measured), sum(r.Packets, o.Packets)
	r.Missing, r.Expected = sum(r.Missing, o.Missing), sum(r.Expected, o.Expected)
	r.Playing, r.Stuttered, r.Sent = sum(r.Playing, o.Playing), sum(r.Stuttered, o.Stuttered), sum(r.Sent, o.Sent)
}
