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
func listen(sound []Sound, toneStart float64) []heard {
	var out []heard
	for _, s := range sound {
		for i := range s.Level {
			h := heard{at: s.At + block*float64(i), delay: math.NaN()}
			if f := s.Hertz[i]; s.Level[i] < quiet && f > toneLow-50 && f < toneHigh+50 {
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
// in which nothing fresh was heard.
func audioGaps(list []heard, from, to, shortest float64) []gap {
	var gaps []gap
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

// videoGaps returns the gaps of at least shortest ms between frames shown.
// Where the page was not called for each frame, those between count as evenly
// spread.
func videoGaps(frames []Frame, from, to, shortest float64) []gap {
	var gaps []gap
	last, before := from, 0.0
	for i, f := range frames {
		if f.at() >= to {
			break
		}
		shown := 1.0
		if i > 0 {
			shown = max(f.presented()-before, 1)
		}
		before = f.presented()
		if f.at() < from {
			continue
		}
		if f.at()-last >= shortest*shown {
			gaps = append(gaps, gap{last, f.at()})
		}
		last = f.at()
	}
	if to-last >= shortest {
		gaps = append(gaps, gap{last, to})
	}
	return gaps
}

// shown counts the frames presented in an interval.
func shown(frames []Frame, from, to float64) float64 {
	var first, last float64
	for _, f := range frames {
		if f.at() <= from {
			first = f.presented()
		}
		if f.at() <= to {
			last = f.presented()
		}
	}
	return last - first
}
