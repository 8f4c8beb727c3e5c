package score

import (
	"fmt"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/peerglass/peerglass/internal/golden"
	"github.com/peerglass/peerglass/quality/mos"
	"github.com/peerglass/peerglass/rtc"
)

// The tables of docs/scores.md are what the code computes. Each stands between
// <!-- name --> and <!-- end -->.
func TestTablesInDocs(t *testing.T) {
	const path = "../../docs/scores.md"
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	page := string(text)
	for name, table := range map[string]string{
		"opus": opusTable(), "codecs": codecTable(), "speech": speechTable(), "picture": pictureTable(),
		"costs": costTable(), "examples": exampleTable(), "together": togetherTable(), "version": fmt.Sprintf("The version is %d.\n", Version),
	} {
		before, rest, ok := strings.Cut(page, "<!-- "+name+" -->\n")
		_, after, ended := strings.Cut(rest, "<!-- end -->")
		if !ok || !ended {
			t.Errorf("%s has no place for the table %q", path, name)
			continue
		}
		page = before + "<!-- " + name + " -->\n" + table + "<!-- end -->" + after
	}
	golden.Check(t, path, page)
}

func table(head ...string) *strings.Builder {
	var b strings.Builder
	fmt.Fprintf(&b, "| %s |\n|%s\n", strings.Join(head, " | "), strings.Repeat("---|", len(head)))
	return &b
}

func opusTable() string {
	b := table("bit rate", "Ie,FB", "R without loss", "MOS")
	for _, r := range mos.OpusRates {
		s := mos.Speech{Codec: mos.Opus(r.BitsPerSecond, false)}
		fmt.Fprintf(b, "| %g kbit/s | %g | %.0f | %.2f |\n", r.BitsPerSecond/1000, r.Ie, s.Rating(), s.MOS())
	}
	return b.String()
}

func codecTable() string {
	b := table("codec", "scale", "Ie", "Bpl", "MOS at its best", "figures")
	for _, c := range []mos.Codec{mos.G711, mos.G722, mos.Opus(32_000, false), mos.Opus(32_000, true)} {
		name, figures := c.Name, "published"
		if c.Scale == mos.Fullband {
			name += " at 32 kbit/s"
		}
		if c.Bpl > mos.Opus(32_000, false).Bpl && c.Scale == mos.Fullband {
			name += ", FEC"
		}
		if c.Estimate {
			figures = "estimate"
		}
		fmt.Fprintf(b, "| %s | %s | %g | %g | %.2f | %s |\n", name, c.Scale, c.Ie, c.Bpl, mos.Speech{Codec: c}.MOS(), figures)
	}
	return b.String()
}

func speechTable() string {
	delays := []float64{50, 150, 200, 300, 400, 600, 1000}
	head := []string{"Opus at 32 kbit/s"}
	for _, d := range delays {
		head = append(head, fmt.Sprintf("%g ms", d))
	}
	b := table(head...)
	for _, loss := range []float64{0, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5} {
		fmt.Fprintf(b, "| %g %% missing", 100*loss)
		for _, d := range delays {
			fmt.Fprintf(b, " | %.2f", mos.Speech{Codec: mos.Opus(32_000, false), Loss: loss, Delay: d}.MOS())
		}
		b.WriteString(" |\n")
	}
	return b.String()
}

func pictureTable() string {
	b := table("VP8", "30 fps", "20 fps", "15 fps", "8 fps", "30 fps, 400 ms late", "30 fps, still 5 %", "still 10 %")
	for _, p := range []struct{ bits, width, height float64 }{
		{150_000, 320, 180}, {500_000, 640, 360}, {300_000, 1280, 720}, {1_500_000, 1280, 720}, {3_000_000, 1920, 1080},
	} {
		at := func(fps, delay, frozen float64) float64 {
			return mos.Picture{Codec: "VP8", BitsPerSecond: p.bits, Width: p.width, Height: p.height, Quantiser: math.NaN(), FramesPerSecond: fps, Expected: 30, Delay: delay, Frozen: frozen}.MOS()
		}
		fmt.Fprintf(b, "| %g×%g at %g kbit/s | %.2f | %.2f | %.2f | %.2f | %.2f | %.2f | %.2f |\n", p.width, p.height, p.bits/1000,
			at(30, 0, 0), at(20, 0, 0), at(15, 0, 0), at(8, 0, 0), at(30, 400, 0), at(30, 0, 0.05), at(30, 0, 0.1))
	}
	return b.String()
}

func costTable() string {
	b := table("reason", "what", "points")
	row := func(id, what string, points float64) { fmt.Fprintf(b, "| `%s` | %s | %.1f |\n", id, what, points) }
	for _, share := range []float64{0.01, 0.03, 0.05, 0.1, 0.25} {
		row("audio_stutter", fmt.Sprintf("%g %% of the time, without what its missing speech costs", 100*share), stutterPoints(share, audioStutterScale))
	}
	opus := mos.Opus(32_000, false)
	for _, loss := range []float64{0.005, 0.01, 0.02, 0.05, 0.1, 0.2} {
		row("audio_loss", fmt.Sprintf("%g %% of the speech, Opus", 100*loss), lossPoints(opus, loss))
	}
	for _, late := range []float64{150, 200, 300, 400, 600, 1000} {
		row("audio_delay", fmt.Sprintf("%g ms", late), delayPoints(opus, late))
	}
	for _, rate := range []float64{24_000, 16_000, 12_000, 8_000, 6_000} {
		row("audio_bitrate", fmt.Sprintf("Opus at %g kbit/s", rate/1000), bitratePoints(rate))
	}
	for _, share := range []float64{0.01, 0.05, 0.1, 0.25, 0.5} {
		row("video_stutter", fmt.Sprintf("%g %% of the time, without what its missing frames cost", 100*share), stutterPoints(share, videoStutterScale))
	}
	for _, fps := range []float64{14, 12, 10, 8, 5} {
		row("video_frame_rate", fmt.Sprintf("%g frames a second", fps), frameRatePoints(fps))
	}
	for _, qp := range []float64{62, 80, 95, 110, 127} {
		row("video_picture", fmt.Sprintf("VP8 with a mean quantiser of %g", qp), picturePoints("VP8", qp, 0, 0))
	}
	for _, late := range []float64{200, 400, 1000} {
		row("video_delay", fmt.Sprintf("%g ms", late), videoDelayPoints(late))
	}
	return b.String()
}

func exampleTable() string {
	b := table("stay", "score", "audio", "video", "reasons")
	of := func(v float32) string {
		if rtc.IsNull(v) {
			return "null"
		}
		return fmt.Sprintf("%.1f", v)
	}
	for _, c := range cases {
		o := outcome(c.phases...)
		var reasons []string
		for _, r := range o.Reasons {
			reasons = append(reasons, fmt.Sprintf("−%.1f %s", r.Points, r.Text))
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s | %s |\n", c.name, of(o.Score), of(o.AudioScore), of(o.VideoScore), strings.Join(reasons, "; "))
	}
	return b.String()
}

func togetherTable() string {
	b := table("parts", "mean", "score")
	for _, c := range []struct {
		what  string
		parts []Part
	}{
		{"ten users, one at 2", []Part{{10, 9}, {2, 1}}},
		{"two users, one at 2", []Part{{10, 1}, {2, 1}}},
		{"an hour at 10, a minute at 0", []Part{{10, 3600}, {0, 60}}},
		{"all at 7", []Part{{7, 5}}},
	} {
		var sum, time float64
		for _, p := range c.parts {
			sum += float64(p.Score) * p.Time
			time += p.Time
		}
		fmt.Fprintf(b, "| %s | %.1f | %.1f |\n", c.what, sum/time, Call(c.parts))
	}
	return b.String()
}
