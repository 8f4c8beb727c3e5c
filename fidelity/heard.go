package fidelity

import "math"

// The tone that a page sends: it rises from toneLow to toneHigh in tonePeriod,
// again and again (e2e/rig/page/page.ts).
const (
	toneLow    = 600.0
	toneHigh   = 2600.0
	tonePeriod = 5000.0 // ms
	block      = 512.0 / 48
)

// heard is one block of what was heard.
type heard struct {
	at    float64 // Unix ms, of its begin
	delay float64 // ms since it was said; NaN where it is no sound of the tone
	fresh bool    // later content than all before
}

// listen dates what a page heard by its frequency. A sound that is made up
// from what came before, as a jitter buffer conceals losses, repeats
// frequencies that were heard, and is not fresh; nor is silence.
func listen(seen *Seen, toneStart float64) []heard {
	var out []heard
	for batch, at := range seen.Sound.At {
		level, hertz := seen.Sound.Level[batch], seen.Sound.Hertz[batch]
		for i := range level {
			h := heard{at: at + block*float64(i), delay: math.NaN()}
			if f := hertz[i]; level[i] < quiet && f > toneLow-50 && f < toneHigh+50 {
				said := (f - toneLow) / (toneHigh - toneLow) * tonePeriod
				h.delay = math.Mod(h.at-toneStart-said, tonePeriod)
				if h.delay < 0 {
					h.delay += tonePeriod
				}
				if h.delay > tonePeriod-early {
					h.delay -= tonePeriod
				}
			}
			out = append(out, h)
		}
	}
	latest := math.Inf(-1)
	for i := range out {
		h := &out[i]
		said := h.at - h.delay
		if said > latest+3 && (rises(out, i-1) || rises(out, i)) {
			h.fresh = true
			latest = said
		}
	}
	return out
}

const (
	quiet = 60.0 // −dB: the tone is at 14, a concealment has faded away at some 40 more
	early = 150  // ms that a sound may seem to come before it was said, as the audio clock is read roughly
)

// rises reports whether blocks i and i+1 follow each other in the tone.
func rises(list []heard, i int) bool {
	if i < 0 || i+1 >= len(list) {
		return false
	}
	return math.Abs(list[i+1].delay-list[i].delay) < 12 // NaN: no
}

// audioGaps returns the stretches of at least shortest ms between from and to
// in which nothing fresh was heard. What was measured last may lie before to:
// pages tell each half second.
func audioGaps(list []heard, from, to, shortest float64) []gap {
	var gaps []gap
	if len(list) > 0 {
		to = min(to, list[len(list)-1].at+block)
	}
	last := from
	for _, h := range list {
		if !h.fresh || h.at < from || h.at >= to {
			continue
		}
		if h.at-last >= shortest {
			gaps = append(gaps, gap{last, h.at})
		}
		last = h.at + block
	}
	if to-last >= shortest {
		gaps = append(gaps, gap{last, to})
	}
	return gaps
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
