package fidelity

import "math"

// The tone that a page sends: it rises from toneLow to toneHigh hertz and falls
// again, again and again (e2e/rig/page/page.ts). Of early recordings it rises
// only, and leaps back.
const (
	toneLow   = 600.0
	toneHigh  = 2600.0
	earlyTone = 5000.0 // ms that it rises in early recordings
	block     = 512.0 / 48
)

// heard is one block of what was heard.
type heard struct {
	at    float64    // Unix ms, of its begin
	level float64    // −dB of full scale
	may   [2]float64 // ms since it was said, if it was while the tone rose, or fell; NaN where it is no sound of the tone
	delay float64    // that which it is, of a fresh one
	fresh bool       // later content than all before
}

// listen dates what a page heard of a source by its frequency, and finds what is
// new: later content than all before. A sound that is made up, as a jitter
// buffer conceals losses, stays at a frequency that was heard, and fades.
//
// Each frequency is read a little off, and where pieces of sound are joined by a
// lot: two blocks must agree. Sound that goes on undisturbed for long is new
// whatever was taken for later content before.
func listen(seen *Seen, source *Page) []heard {
	out, misread := date(seen, source)
	least := soonest(out)
	latest, delay := math.Inf(-1), least
	reached := math.Inf(-1) // content of the last block that was new
	for i := 0; i+1 < len(out); i++ {
		a, b := &out[i], &out[i+1]
		for k := range a.may {
			if n := goesOn(out[i:], k); n >= beyondDoubt && a.may[k] >= least {
				latest, delay = b.at-b.may[k], b.may[k]
				reached = latest
				a.delay, a.fresh, b.delay, b.fresh = a.may[k], true, delay, true
			}
		}
		if a.fresh && b.fresh {
			continue
		}
		// Of two contents that have this frequency it is the one that was heard
		// before, if either was; else that which came as late as the sound before.
		k := 0
		for j := range a.may {
			if math.Abs(b.may[j]-delay) < math.Abs(b.may[k]-delay) {
				k = j
			}
		}
		later, repeated := math.Inf(1), false
		for _, h := range []*heard{a, b} {
			later = min(later, h.at-h.may[k])
			for j := range h.may {
				repeated = repeated || math.Abs(h.at-h.may[j]-latest) <= misread
			}
		}
		repeated = repeated || stands(out, i, k, reached, misread)
		step := (b.at - b.may[k]) - (a.at - a.may[k])
		if max(a.level, b.level) > soft && !louder(out, i) {
			continue
		}
		if repeated || !(later > latest+misread) || step < -misread || step > 4*block || a.may[k] < least || b.may[k] < least {
			continue
		}
		latest, delay = later, b.may[k]
		a.delay, a.fresh = a.may[k], true
		reached = a.at - a.may[k]
		if step > block/2 { // it may be the first that repeats the other
			b.delay, b.fresh = delay, true
			reached = b.at - b.may[k]
		}
	}
	return out
}

const (
	soft        = 24   // −dB: the tone is at 14; what is made up fades from there by 2 each block
	quiet       = 45.0 // −dB: new sound is let in as softly as what was made up had faded to
	early       = 150  // ms that a sound may seem to come before it was said, as the audio clock is read roughly
	wrong       = 6    // Hz that a frequency may be read off
	beyondDoubt = 6    // blocks
)

// date gives each block the delays that its frequency allows, and tells how
// much a frequency that is read off changes them, ms.
func date(seen *Seen, source *Page) (out []heard, misread float64) {
	period, rise := source.TonePeriod, source.TonePeriod/2
	if period == 0 {
		period, rise = earlyTone, earlyTone
	}
	for batch, at := range seen.Sound.At {
		level, hertz := seen.Sound.Level[batch], seen.Sound.Hertz[batch]
		for i := range level {
			h := heard{at: at + block*float64(i), level: level[i], delay: math.NaN(), may: [2]float64{math.NaN(), math.NaN()}}
			if f := hertz[i]; level[i] < quiet && f > toneLow-50 && f < toneHigh+50 {
				since := (f - toneLow) / (toneHigh - toneLow) * rise
				h.may[0] = wrap(h.at-source.ToneStart-since, period)
				h.may[1] = h.may[0]
				if rise < period {
					h.may[1] = wrap(h.at-source.ToneStart-period+since, period)
				}
			}
			out = append(out, h)
		}
	}
	return out, wrong / (toneHigh - toneLow) * rise
}

func wrap(delay, period float64) float64 {
	if delay = math.Mod(delay, period); delay < 0 {
		delay += period
	}
	if delay > period-early {
		delay -= period
	}
	return delay
}

// stands reports whether blocks i and i+1 are neither new nor the first of what
// is made up, but in the midst of it: they and the one before, none of them new
// yet, have the content that was the newest, and fade.
func stands(list []heard, i, k int, newest, misread float64) bool {
	for j := i - 1; j <= i+1; j++ {
		if j < 0 || j >= i && list[j].level <= list[j-1].level || list[j].fresh || !(math.Abs(list[j].at-list[j].may[k]-newest) <= misread) {
			return false
		}
	}
	return true
}

// louder reports whether a sound became louder with blocks i and i+1, as what is
// made up never does.
func louder(list []heard, i int) bool {
	for j := i; j <= i+1; j++ {
		if j >= 2 && list[j].level < list[j-2].level-6 {
			return true
		}
	}
	return false
}

// goesOn counts the blocks of a list up to where its content, read as may[k],
// does not go on as time does.
func goesOn(list []heard, k int) int {
	n := 1
	for n < len(list) && math.Abs(list[n].may[k]-list[n-1].may[k]) < block/2 { // NaN: no
		n++
	}
	return n
}

// soonest is the least delay of sound that went on undisturbed, less some for a
// clock that is read roughly: what seems to be sooner is no tone of the source.
func soonest(list []heard) float64 {
	least := math.Inf(1)
	for k := range 2 {
		for i := 0; i < len(list); {
			n := goesOn(list[i:], k)
			if n >= beyondDoubt {
				for _, h := range list[i : i+n] {
					least = min(least, h.may[k])
				}
			}
			i += n
		}
	}
	if math.IsInf(least, 1) {
		return -early
	}
	return least - 30
}

// audioGaps returns the stretches of at least shortest ms between from and to
// in which nothing new was heard, and those that may have been: where one begins
// and ends within a block is not known, so that their lengths are good to one
// block. What was measured last may lie before to: pages tell each half second.
func audioGaps(list []heard, from, to, shortest float64) (gaps, perhaps []gap) {
	if len(list) > 0 {
		to = min(to, list[len(list)-1].at+block)
	}
	last := from
	add := func(until float64) {
		switch took := until - last; {
		case math.Abs(took-shortest) <= block:
			perhaps = append(perhaps, gap{last, until})
		case took > shortest:
			gaps = append(gaps, gap{last, until})
		}
	}
	for _, h := range list {
		if h.fresh && h.at >= from && h.at < to {
			add(h.at)
			last = h.at + block
		}
	}
	add(to)
	return gaps, perhaps
}

// gap is a stretch of time, Unix ms.
type gap struct{ from, to float64 }

func length(gaps []gap) (ms float64) {
	for _, g := range gaps {
		ms += g.to - g.from
	}
	return ms
}

// burst is how many frames a second there are at most before a stall's end: a
// page that is called once for more than that was busy while they were shown.
const burst = 10

// videoGaps returns the gaps of at least shortest ms between frames shown, and
// those that may have been: where the page was called once for a few frames,
// they came evenly spread (a busy page) or all at the end (the stall is over,
// and what waited is shown at once). Of many frames it was the page. Pages
// note whole ms: one that is shortest to the ms may have been less.
func videoGaps(seen *Seen, from, to, shortest float64) (gaps, perhaps []gap) {
	last, before := from, 0.0
	for i, at := range seen.Frames.At {
		if at >= to {
			break
		}
		shown := 1.0
		if i > 0 {
			shown = max(seen.Frames.Presented[i]-before, 1)
		}
		before = seen.Frames.Presented[i]
		if at < from {
			continue
		}
		switch took := at - last; {
		case math.Abs(took-shortest) <= 1:
			perhaps = append(perhaps, gap{last, at})
		case took >= shortest*shown:
			gaps = append(gaps, gap{last, at})
		case took >= shortest && shown <= burst*took/1000:
			perhaps = append(perhaps, gap{last, at})
		}
		last = at
	}
	if to-last >= shortest {
		gaps = append(gaps, gap{last, to})
	}
	return gaps, perhaps
}

// shown counts the frames presented in an interval.
func shown(seen *Seen, from, to float64) float64 {
	var first, last float64
	for i, at := range seen.Frames.At {
		if at <= from {
			first = seen.Frames.Presented[i]
		}
		if at <= to {
			last = seen.Frames.Presented[i]
		}
	}
	return last - first
}
