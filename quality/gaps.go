package quality

import (
	"math"

	"github.com/peerglass/peerglass/rtc"
)

// gaps is what is known of the pictures of a received video stream between
// polls. A gap that is going on is followed by pending: what of the time that
// passed the gaps that ended do not account for. It is known up to a constant,
// the age of the newest picture at the first poll; the least that was ever seen
// stands for that, because at some polls a picture has just come.
type gaps struct {
	begun   bool
	pending float64 // s since the newest picture
	excused float64 // s of the pending gap in which nothing was due
	charged float64 // s of the pending gap that was counted
	spacing float64 // usual time between pictures, s; 0 while not known
	jitter  float64 // its variance, s²
	doubt   float64 // s of a gap in the interval before of which the browser's freezes did not know yet
	regular float64 // pictures since the last long gap
	unsent  float64 // s for which no packet came over a path that works
	trouble bool    // packets were missing during the pending gap
}

// longestOf is the most that freezes of this number and sum can have of gaps
// that are at least least long: all of it, or nothing if even one would leave
// too little for the others.
func longestOf(freezes, frozen, spacing, least float64) float64 {
	shortest := max(3*spacing, spacing+0.15) // W3C freezeCount
	if freezes == 0 || frozen-(freezes-1)*shortest < least-0.02 {
		return 0
	}
	return frozen
}

// regularFrames: a browser holds a gap against the mean of so many before.
const regularFrames = 30

// longestFreeze: a gap above that is a pause if no packets came either, and
// some browsers do not count those.
const longestFreeze = 5 // s

// pendingDrift lets the constant follow clocks that run apart, in s per s.
const pendingDrift = 1e-3

// stepVideo estimates the stutter of an interval.
//
// Browsers count pictures n and sum the time between them S and its square Q
// (W3C totalInterFrameDelay, totalSquaredInterFrameDelay). What of the elapsed
// time S leaves over is the gap that goes on. Freezes as browsers count them
// help only to tell several long gaps apart: they are told at another instant
// than S, and a standstill of more than 5 s is none.
func (m *Memory) stepVideo(w *Window, seconds float64) {
	g := &m.video
	frames := w.frames()
	decoded := w.now(rtc.StatFramesDecoded)
	if frames != frames { // first poll, counter reset, or no frame counter at all
		*g = gaps{}
		return
	}
	if !g.begun && decoded-frames > 0 { // before the first poll
		g.begun, g.regular = true, regularFrames
	}
	threshold := w.threshold(func(t *Thresholds) float64 { return t.VideoStutter })
	off := min(max(w.Off, 0), seconds)
	if w.Hidden && frames == 0 {
		off = seconds
	}
	if !g.begun && frames == 0 && !(decoded > 0) {
		m.stutter, m.playing, m.basis = 0, 0, BasisStandstill
		return
	}
	sum, squares := w.delta(rtc.StatTotalInterFrameDelay), w.delta(rtc.StatTotalSquaredInterFrameDelay)
	freezes, frozen := w.delta(rtc.StatFreezeCount), w.delta(rtc.StatTotalFreezesDuration)
	if paused := w.delta(rtc.StatTotalPausesDuration); paused > 0 {
		freezes, frozen = freezes+zeroOf(w.delta(rtc.StatPauseCount), 1), frozen+paused
	}
	playing := seconds - off
	if !g.begun { // begins in this interval: what was before the first picture is none
		g.begun = true
		if sum == sum {
			playing = min(playing, sum)
			frames-- // the first picture ends no gap
		}
		g.pending = 0
		seconds = zeroOf(sum, 0)
	}

	// The first gap of the interval began before it.
	before := *g
	g.follow(w, seconds, frames, sum)

	long, basis := 0.0, BasisStandstill
	switch {
	case !(frames > 0):
	case sum == sum && squares == squares:
		basis = BasisMoments
		long = longGaps(moments{frames, sum, squares}, usual{before.spacing, before.jitter}, freezes, frozen, threshold)
	case freezes == freezes && frozen == frozen:
		basis = BasisFreezes
		long = longFreezes(freezes, frozen, threshold)
	default:
		// Only the number of pictures is known: what is missing at the usual
		// spacing is taken as one gap.
		if before.spacing == 0 {
			long = math.NaN()
			g.spacing = seconds / frames
		} else {
			long = ifLong(seconds-frames*before.spacing, threshold)
			// Pictures that stay fewer are a lower rate, not one gap after the other.
			g.spacing += 0.5 * (seconds/frames - before.spacing)
		}
	}
	g.doubt = 0
	if basis == BasisMoments {
		// Above 5 pictures a second each gap of 600 ms is a freeze, if the mean
		// that a browser holds it against is of regular ones: what was counted
		// is the most that there was. It may be counted a little later, when the
		// picture that ends it is shown.
		known := freezes == freezes && sum < frames*0.2 && before.regular >= regularFrames && before.pending < threshold
		switch {
		case known && long > 0 && long < longestFreeze:
			most := longestOf(freezes, frozen, sum/frames, threshold)
			if freezes == 0 {
				g.doubt = long
			}
			long = min(long, most)
		case freezes > 0 && long == 0 && before.doubt > 0 && frozen > 0.8*before.doubt:
			long = before.doubt
		}
		g.learn(moments{frames, sum, squares}, long)
		if g.regular += frames; long > 0 {
			g.regular = 0
		}
	}

	// Nothing was due while the stream was off, the machine slept, or, for a
	// time, while the other end sent nothing.
	trouble := before.trouble || w.troubled()
	excused := off
	quiet := w.packets() == 0 && w.pathAlive()
	if quiet {
		g.unsent = before.unsent + seconds
		if over := g.unsent - w.threshold(func(t *Thresholds) float64 { return t.Unsent }); over > 0 {
			excused = max(excused, min(over, seconds))
		}
	}
	slept := 0.0 // of a gap that goes on: the poll came before the first picture after it
	if gap := max(long, g.pending); m.late(seconds) && gap > 0.8*seconds {
		excused = max(excused, min(gap, seconds))
		if g.pending > long {
			slept = min(gap, seconds)
		}
	}
	playing = max(min(playing, seconds-excused), 0)

	counted := 0.0
	if frames > 0 {
		if x := before.excused + excused; x > 0 {
			long = ifLong(long-x, threshold)
		}
		if w.Kind != rtc.KindScreen || trouble {
			counted = long - before.charged
		}
		g.excused, g.charged, g.trouble = slept, 0, false
		if !quiet {
			g.unsent = 0
		}
	} else {
		g.excused, g.charged, g.trouble = before.excused+excused, before.charged, trouble
	}
	if going := g.pending - g.excused; going >= threshold && (w.Kind != rtc.KindScreen || trouble) {
		counted += going - g.charged
		g.charged = going
	}
	m.stutter, m.playing, m.basis = max(counted, 0), playing, basis
	if counted != counted {
		m.basis = BasisUnknown
	}
	m.exactly(w, rtc.StatPeerglassVideoStutterDuration, threshold)
}

// exactly puts what the client measured itself in the place of the estimate.
// What was not due it may not know of, such as a mute that only events told or
// a stream that the other end stopped: it has credit for the time in which
// something was due, from the beginning of a gap, which counts once it is long.
func (m *Memory) exactly(w *Window, duration rtc.Member, threshold float64) {
	exact := w.RTP.Delta(duration)
	if exact != exact || w.Kind == rtc.KindScreen { // still pictures are normal of a screen
		return
	}
	m.credit = min(m.credit+m.playing, mostCredit)
	if m.playing == 0 {
		m.credit, threshold = 0, 0
	}
	m.stutter, m.basis = min(exact, m.credit+threshold), BasisExact
	m.credit = max(m.credit-m.stutter, 0)
}

// mostCredit: clients that count a gap when it is over may tell it late.
const mostCredit = 60 // s

// frames counts the pictures of the interval as the sums do that go with them:
// the standard's are rendered ones, Chromium's decoded ones.
func (w *Window) frames() float64 {
	if n := w.delta(rtc.StatFramesRendered); n == n {
		return n
	}
	return w.delta(rtc.StatFramesDecoded)
}

// follow brings the pending gap up to the end of an interval.
func (g *gaps) follow(w *Window, seconds, frames, sum float64) {
	if sum != sum {
		// When the newest picture came is not told: it may have been just now.
		if g.pending += seconds; frames > 0 {
			g.pending = 0
		}
		return
	}
	g.pending += seconds - sum
	if frames > 0 {
		g.pending -= pendingDrift * seconds
	}
	g.pending = max(g.pending, 0)
}

// learn keeps the usual spacing of the pictures and how much it varies.
func (g *gaps) learn(a moments, long float64) {
	spacing, jitter := a.sum/a.n, g.jitter
	if long > 0 {
		spacing = (a.sum - long) / max(a.n-1, 1)
	} else {
		jitter = max(a.squares/a.n-spacing*spacing, 0)
	}
	switch {
	case !(spacing > 0):
	case g.spacing == 0:
		g.spacing, g.jitter = spacing, jitter
	default: // of some polls: an interval may have had a short freeze
		g.spacing += 0.3 * (spacing - g.spacing)
		g.jitter = min(g.jitter+0.3*(jitter-g.jitter), spacing*spacing)
	}
}

// troubled reports whether packets of the stream went missing in the interval,
// or all of the path's did.
func (w *Window) troubled() bool {
	return w.RTP.Change(rtc.StatPacketsLost) > 0 || w.delta(rtc.StatNackCount) > 0 || w.pathSilent()
}

func (w *Window) arrived() float64 {
	if d := w.Transport.Delta(rtc.StatBytesReceived); d == d {
		return d
	}
	return w.Pair.Delta(rtc.StatBytesReceived)
}

// pathAlive reports whether anything arrived over the stream's path,
// pathSilent that nothing did; neither where that is not known.
func (w *Window) pathAlive() bool  { return w.arrived() > 0 }
func (w *Window) pathSilent() bool { return w.arrived() == 0 }

// moments are the count, the sum and the sum of squares of the gaps between
// pictures, in s and s².
type moments struct{ n, sum, squares float64 }

// usual is the spacing of a stream's pictures in other intervals and its
// variance.
type usual struct{ spacing, jitter float64 }

// largest is the upper bound of the largest of the gaps: that which it has if
// the others are equal (Samuelson's inequality).
func (a moments) largest() float64 {
	mean := a.sum / a.n
	return mean + math.Sqrt(max((a.n-1)/a.n*(a.squares-a.sum*mean), 0))
}

// longGaps estimates the time of the gaps that are at least least long.
//
// With one long gap g among n-1 of spacing d, sum = (n-1)d + g and squares =
// (n-1)d² + g² give g; no gap can be longer, so that where this g is too short
// there was none. With several, the rest's spacing d (from the freezes, else
// the usual one) leaves the excesses of the long ones over d: their sum and
// their sum of squares are known, which two gaps solve exactly and which three
// and more are spread over by a gamma distribution.
func longGaps(a moments, u usual, freezes, frozen, least float64) float64 {
	if a.n <= 1 {
		return ifLong(a.sum, least)
	}
	one := a.largest()
	switch rest := (a.sum - one) / (a.n - 1); {
	case one < least:
		return 0
	case a.n == 2: // both are known
		return ifLong(one, least) + ifLong(rest, least)
	case a.n > 3 && freezes > 0 && freezes < a.n && frozen < a.sum && frozen/freezes >= least:
		// Browsers hold a gap against the mean of those before: where few pictures
		// come not each long one is a freeze.
		if others := (moments{a.n - freezes, a.sum - frozen, a.squares - frozen*frozen/freezes}); others.sum > others.n*least/3 {
			return min(frozen+longTail(others.n, others.sum, others.squares, least), a.sum)
		}
	case a.n > 3 && rest > least/2:
		return longTail(a.n, a.sum, a.squares, least)
	}
	if a.squares -= (a.n - 1) * u.jitter; a.squares < a.sum*a.sum/a.n {
		a.squares = a.sum * a.sum / a.n
	}
	if one = a.largest(); one < least {
		one = 0
	}
	rest := (a.sum - one) / (a.n - 1)
	d := u.spacing
	switch {
	case freezes >= 2 && frozen < a.sum && freezes < a.n:
		d = (a.sum - frozen) / (a.n - freezes)
	case freezes >= 2:
		d = 0 // all of them froze
	case freezes == 1 && frozen <= one && (one-frozen > 0.05+0.03*one || rest > 1.5*u.spacing):
		// That one is known, and is not all that was not regular.
		return ifLong(frozen, least) + longGaps(moments{a.n - 1, a.sum - frozen, a.squares - frozen*frozen}, usual{u.spacing, 0}, 0, 0, least)
	case freezes == 0 && rest > least/slowShare:
		// So few pictures have no usual spacing: all gaps are of one kind.
		return longTail(a.n, a.sum, a.squares, least)
	case one == 0 || freezes == 1 || u.spacing == 0 || rest < 1.25*u.spacing+0.002:
		return one
	}
	excess := a.sum - a.n*d
	spread := a.squares - 2*d*a.sum + a.n*d*d
	if !(excess > 0) || !(spread > 0) {
		return one
	}
	count := excess * excess / spread // of equal gaps that have these sums
	if freezes >= 2 {
		count = max(count, min(freezes, a.n))
	}
	if count <= 2 {
		half := excess / 2
		apart := math.Sqrt(max(spread/2-half*half, 0))
		return min(ifLong(half+apart+d, least)+ifLong(half-apart+d, least), a.sum)
	}
	count = math.Ceil(count - 0.2)
	return min(longTail(count, excess+count*d, spread+2*d*excess+count*d*d, least), a.sum)
}

// slowShare: below some 7 pictures a second a gap of 600 ms is not far from the
// others.
const slowShare = 1.5

// longTail is the sum of those among count lengths that are at least least
// long, if they have this sum and these squares and are spread as a gamma distribution.
func longTail(count, sum, squares, least float64) float64 {
	mean := sum / count
	variance := max(squares/count-mean*mean, 0)
	reach := math.Sqrt(variance * (count - 1))
	switch {
	case mean+reach < least:
		return 0
	case mean-reach >= least || variance == 0:
		return sum
	}
	// Of a gamma distribution with shape a and scale s the part of the sum
	// above x is the tail of shape a+1; Wilson and Hilferty (1931) for that.
	shape := mean*mean/variance + 1
	x := least / (variance / mean * shape)
	z := 3 * math.Sqrt(shape) * (1 - 1/(9*shape) - math.Cbrt(x))
	return sum * 0.5 * math.Erfc(-z/math.Sqrt2)
}

// longFreezes estimates the time of the freezes that are at least least long
// from their number and sum alone. One is known; several are taken to be spread
// exponentially above the shortest that a browser counts.
func longFreezes(count, sum, least float64) float64 {
	return exponentialTail(count, sum, min(shortestFreeze, sum/count), least)
}

// shortestFreeze: 150 ms more than the mean of the last 30 gaps (W3C
// freezeCount), at 30 pictures a second.
const shortestFreeze = 0.183

// exponentialTail is the sum of those among count lengths that are at least
// least long, if they are spread exponentially above from.
func exponentialTail(count, sum, from, least float64) float64 {
	mean := sum/count - from
	switch {
	case count <= 1 && sum >= least:
		return sum
	case sum-(count-1)*from < least:
		return 0
	case from >= least:
		return sum
	case !(mean > 0):
		return 0
	}
	over := least - from
	return min(count*(least+mean)*math.Exp(-over/mean), sum)
}

// ifLong is a length that is long enough to count, else 0.
func ifLong(length, least float64) float64 {
	if length < least {
		return 0
	}
	return length
}

func zeroOf(v, otherwise float64) float64 {
	if v == v {
		return v
	}
	return otherwise
}
