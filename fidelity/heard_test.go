package fidelity

import (
	"math"
	"testing"
)

// said makes what a page hears of the tone from 10 s on, with what happens to
// each block: its delay in ms; NaN is silence.
func said(blocks int, source *Page, delay func(i int) float64) *Seen {
	var levels, tones Steps
	for i := range blocks {
		level, hertz := 120.0, 0.0
		if d := delay(i); d == d {
			level = 14
			since := 10_000 + block*float64(i) - d - source.ToneStart
			if source.TonePeriod == 0 {
				since = math.Mod(since, earlyTone) / earlyTone
			} else if since = math.Mod(since, source.TonePeriod) / (source.TonePeriod / 2); since > 1 {
				since = 2 - since
			}
			hertz = math.Round(toneLow + since*(toneHigh-toneLow))
		}
		levels, tones = append(levels, level), append(tones, hertz)
	}
	seen := new(Seen)
	seen.Sound.At, seen.Sound.Level, seen.Sound.Hertz = []float64{10_000}, []Steps{levels}, []Steps{tones}
	return seen
}

func TestAudioGaps(t *testing.T) {
	const n = 1400 // 15 s, some turns of the tone
	at := func(i int) float64 { return 10_000 + block*float64(i) }
	for _, c := range []struct {
		name  string
		delay func(i int) float64
		want  []gap
	}{
		{"clean", func(int) float64 { return 80 }, nil},
		{"a delay that changes", func(i int) float64 { return 80 + 100*math.Sin(float64(i)/200) }, nil},
		{"silence of 500 ms", func(i int) float64 {
			if i >= 400 && i < 447 {
				return math.NaN()
			}
			return 80
		}, []gap{{at(400), at(447)}}},
		{"what was heard before, again and again, for 320 ms", func(i int) float64 {
			if i >= 400 && i < 430 {
				return 80 + block*float64(i-399)
			}
			return 80
		}, []gap{{at(400), at(430)}}},
		{"made up for 150 ms: too short to count", func(i int) float64 {
			if i >= 400 && i < 414 {
				return 80 + block*float64(i-399)
			}
			return 80
		}, nil},
		{"silence to the end", func(i int) float64 {
			if i >= 1300 {
				return math.NaN()
			}
			return 80
		}, []gap{{at(1300), at(n)}}},
		{"of what is made up, 20 ms are new: two that are too short", func(i int) float64 {
			switch {
			case i >= 400 && i < 415:
				return 80 + block*float64(i-399)
			case i >= 417 && i < 432:
				return 80 + block*float64(i-416)
			}
			return 80
		}, nil},
		{"what comes late", func(i int) float64 {
			if i >= 400 {
				return 80 + 700*math.Min(float64(i-400)/100, 1)
			}
			return 80
		}, nil},
	} {
		for _, period := range []float64{0, 4000} {
			source := &Page{ToneStart: 1000, TonePeriod: period}
			got, perhaps := audioGaps(listen(said(n, source, c.delay), source), 10_000, at(n), shortestAudio)
			if len(got) != len(c.want) || len(perhaps) > 0 {
				t.Errorf("%s, tone of %v ms: gaps %v, want %v; in doubt %v", c.name, period, got, c.want, perhaps)
				continue
			}
			for i := range got {
				// A block on either side may be taken for another.
				if math.Abs(got[i].from-c.want[i].from) > 2*block || math.Abs(got[i].to-c.want[i].to) > 2*block {
					t.Errorf("%s, tone of %v ms: gap %v, want %v", c.name, period, got[i], c.want[i])
				}
			}
		}
	}
}

// A gap as long as the shortest that counts, to a block, is in doubt.
func TestAudioGapsAroundTheThreshold(t *testing.T) {
	source := &Page{ToneStart: 1000, TonePeriod: 4000}
	for blocks, doubt := range map[int]bool{17: false, 18: true, 19: true, 20: false} {
		list := listen(said(600, source, func(i int) float64 {
			if i >= 300 && i < 300+blocks {
				return math.NaN()
			}
			return 80
		}), source)
		gaps, perhaps := audioGaps(list, 10_000, 10_000+600*block, shortestAudio)
		if len(perhaps) == 1 != doubt || len(gaps) == 1 != (blocks == 20) {
			t.Errorf("%d blocks: gaps %v, in doubt %v", blocks, gaps, perhaps)
		}
	}
}

func TestVideoGaps(t *testing.T) {
	seen := new(Seen)
	seen.Frames.At = Steps{900, 1000, 1050, 1700, 1750, 3750, 3800}
	seen.Frames.Presented = Steps{1, 2, 3, 4, 5, 45, 46}
	got, perhaps := videoGaps(seen, 1000, 5000, shortestVideo)
	// 1050 to 1700; not 1750 to 3750, when the page was busy and 40 were shown.
	if len(got) != 2 || got[0] != (gap{1050, 1700}) || got[1] != (gap{3800, 5000}) {
		t.Errorf("gaps %v", got)
	}
	if len(perhaps) != 0 {
		t.Errorf("in doubt: %v", perhaps)
	}
	// Three frames at the end of a second: spread, or what waited for it.
	seen.Frames.At = Steps{900, 1000, 2000, 2050}
	seen.Frames.Presented = Steps{1, 2, 5, 6}
	if got, perhaps := videoGaps(seen, 1000, 2100, shortestVideo); len(got) != 0 || len(perhaps) != 1 || perhaps[0] != (gap{1000, 2000}) {
		t.Errorf("gaps %v, in doubt %v", got, perhaps)
	}
	seen.Frames.At = Steps{900, 1000, 1050, 1700, 1750, 3750, 3800}
	seen.Frames.Presented = Steps{1, 2, 3, 4, 5, 45, 46}
	if n := shown(seen, 1000, 3750); n != 43 {
		t.Errorf("%v frames shown, want 43", n)
	}
}

func TestCountedCutsBins(t *testing.T) {
	truth := &Truth{Start: 1_000_000}
	list := []int{10, 20, 30} // of 100 ms each
	for _, c := range []struct{ from, to, want float64 }{{0, 300, 60}, {50, 150, 15}, {250, 900, 15}, {-500, 0, 0}, {110, 120, 2}} {
		if got := counted(truth, list, truth.Start+c.from, truth.Start+c.to); math.Abs(got-c.want) > 1e-9 {
			t.Errorf("from %v to %v: %v, want %v", c.from, c.to, got, c.want)
		}
	}
}

// What is made up stays at a frequency and fades. One block of it that is read a
// little off is not new sound.
func TestAMisreadBlockOfWhatFadesIsNotNew(t *testing.T) {
	source := &Page{TonePeriod: 4000}
	seen := said(800, source, func(i int) float64 {
		if i < 400 || i >= 421 {
			return 80
		}
		late := 85 + block*float64(i-399)
		switch i {
		case 404:
			late -= 3
		case 405:
			late--
		}
		return late
	})
	for i := 400; i < 421; i++ {
		seen.Sound.Level[0][i] = 14 + 2*float64(i-400)
	}
	gaps, perhaps := audioGaps(listen(seen, source), 10_000, 10_000+block*800, shortestAudio)
	if len(gaps) != 1 || len(perhaps) != 0 || math.Abs(length(gaps)-21*block) > 0.001 {
		t.Errorf("gaps %v and perhaps %v, want one of 21 blocks", gaps, perhaps)
	}
}
