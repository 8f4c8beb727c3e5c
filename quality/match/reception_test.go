package match

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/peerglass/peerglass/rtc"
)

// of is a reception of a minute in which everything was measured.
func of(change func(*Reception)) *Reception {
	r := &Reception{Measured: 60_000, Packets: 3000, Missing: 0, Expected: 3000, Playing: 60_000, Stuttered: 0, Bitrate: 40_000, Delay: 90, Sent: 3000}
	if change != nil {
		change(r)
	}
	return r
}

func TestLevels(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		name  string
		kind  rtc.MediaKind
		of    *Reception
		level Level
		why   string
	}{
		{"clean", rtc.KindAudio, of(nil), Good, ""},
		{"audio just below 3 %", rtc.KindAudio, of(func(r *Reception) { r.Stuttered = 1799 }), Good, ""},
		{"audio at 3 %", rtc.KindAudio, of(func(r *Reception) { r.Stuttered = 1800 }), Fair, "3.0 % of the time in stutters"},
		{"audio at 5 %", rtc.KindAudio, of(func(r *Reception) { r.Stuttered = 3000 }), Poor, "5.0 % of the time in stutters"},
		{"video at 4.9 %", rtc.KindVideo, of(func(r *Reception) { r.Stuttered = 2940 }), Good, ""},
		{"video at 5 %", rtc.KindVideo, of(func(r *Reception) { r.Stuttered = 3000 }), Fair, "5.0 % of the time in stutters"},
		{"screen at 10 %", rtc.KindScreen, of(func(r *Reception) { r.Stuttered = 6000 }), Poor, "10 % of the time in stutters"},
		{"loss of 5 % is still good", rtc.KindAudio, of(func(r *Reception) { r.Missing = 150 }), Good, ""},
		{"loss above 5 %", rtc.KindAudio, of(func(r *Reception) { r.Missing = 180 }), Fair, "6.0 % of the packets lost"},
		{"loss of 20 %", rtc.KindAudio, of(func(r *Reception) { r.Missing = 600 }), Poor, "20 % of the packets lost"},
		{"late", rtc.KindAudio, of(func(r *Reception) { r.Delay = 700 }), Fair, "700 ms late"},
		{"late packets make a loss negative", rtc.KindAudio, of(func(r *Reception) { r.Missing = -7 }), Good, ""},
		{"stutters not measured, loss is", rtc.KindVideo, of(func(r *Reception) { r.Playing, r.Stuttered = nan, nan }), Good, ""},
		{"neither measured", rtc.KindVideo, of(func(r *Reception) { r.Playing, r.Expected = nan, nan }), Unknown, "neither stutters nor loss were measured"},
		{"nothing measured", rtc.KindVideo, &Reception{}, Unknown, "nothing was measured"},
		{"sent, and nothing came", rtc.KindVideo, of(func(r *Reception) { r.Packets = 0 }), None, "nothing came, though 3000 packets were sent"},
		{"nothing came, and not known what was sent", rtc.KindVideo, of(func(r *Reception) { r.Packets, r.Sent = 0, nan }), None, "nothing came; whether anything was sent is not known"},
		{"nothing was sent", rtc.KindVideo, of(func(r *Reception) { r.Packets, r.Sent = 0, 0 }), Muted, "nothing was sent"},
		{"muted", rtc.KindAudio, of(func(r *Reception) { r.Playing = 0 }), Muted, "it came and was not to be played: muted, held, or the page hidden"},
	} {
		if level, why := c.of.Judge(c.kind); level != c.level || why != c.why {
			t.Errorf("%s: %s, %q; want %s, %q", c.name, level, why, c.level, c.why)
		}
	}
}

// More loss, stutter or delay never makes a level better.
func TestWorseFiguresAreNeverBetter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		kind := rapid.SampledFrom([]rtc.MediaKind{rtc.KindAudio, rtc.KindVideo, rtc.KindScreen}).Draw(t, "kind")
		r := of(func(r *Reception) {
			r.Missing = rapid.Float64Range(0, 3000).Draw(t, "missing")
			r.Stuttered = rapid.Float64Range(0, 60_000).Draw(t, "stuttered")
			r.Delay = rapid.Float64Range(0, 2000).Draw(t, "delay")
		})
		before, _ := r.Judge(kind)
		switch rapid.IntRange(0, 2).Draw(t, "worse") {
		case 0:
			r.Missing += rapid.Float64Range(0, 500).Draw(t, "more")
		case 1:
			r.Stuttered += rapid.Float64Range(0, 5000).Draw(t, "more")
		case 2:
			r.Delay += rapid.Float64Range(0, 500).Draw(t, "more")
		}
		if after, _ := r.Judge(kind); Worse(before, after) {
			t.Fatalf("%s became %s", before, after)
		}
	})
}

func TestReceptionsAddUp(t *testing.T) {
	nan := math.NaN()
	r := of(func(r *Reception) { r.Missing, r.Delay, r.Sent = 30, nan, nan })
	r.Add(of(func(r *Reception) { r.Measured, r.Missing, r.Bitrate, r.Delay = 20_000, nan, 80_000, 100 }))
	if r.Measured != 80_000 || r.Packets != 6000 || r.Missing != 30 || r.Bitrate != 50_000 || r.Delay != 100 || r.Sent != 3000 {
		t.Errorf("%+v", r)
	}
}
