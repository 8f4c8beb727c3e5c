package fidelity

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/peerglass/peerglass/rtc"
)

// Result is what came of one recording.
type Result struct {
	*Truth
	Figures map[int][]Figure // by seconds between polls
	Judgement
}

// Polls are the poll intervals, in seconds, at which recordings are judged.
var Polls = []int{1, 5}

// Evaluate replays a recording, polled each second and each five, measures
// and judges. What the pages measured themselves is held against the truth
// apart: all else is said as of pages that do not.
func Evaluate(r *Recording) (Result, error) {
	out := Result{Truth: &r.Truth, Figures: make(map[int][]Figure)}
	for _, every := range Polls {
		rows, err := r.Replay(every)
		if err != nil {
			return out, err
		}
		own := slices.DeleteFunc(Measure(&r.Truth, rows), func(f Figure) bool { return !f.Of.measured() })
		if len(own) > 0 {
			if rows, err = r.ReplayPlain(every); err != nil {
				return out, err
			}
		}
		out.Figures[every] = append(Measure(&r.Truth, rows), own...)
		if every == 1 {
			out.Judgement = Judge(&r.Truth, rows)
		}
	}
	return out, nil
}

// Total is how a target is met over all recordings.
type Total struct {
	Of      *Target
	Held    int // figures
	Reached int
	Worst   float64 // error
	Where   string  // condition of the worst
}

// Totals counts the figures of each target at a poll interval.
func Totals(results []Result, every int) []Total {
	out := make([]Total, len(Targets))
	for i, target := range Targets {
		total := &out[i]
		total.Of = target
		for _, r := range results {
			for _, f := range r.Figures[every] {
				if f.Of != target {
					continue
				}
				total.Held++
				if f.Reached(every) {
					total.Reached++
				}
				if total.Where == "" || f.Error() > total.Worst {
					total.Worst, total.Where = f.Error(), r.Condition
				}
			}
		}
	}
	return out
}

// Named counts the conditions in which something was wrong, and those of them
// whose fault was named rightly in most runs.
func Named(results []Result) (right, all int) {
	for _, c := range conditions(results) {
		if Conditions[c].Quiet {
			continue
		}
		all++
		if n, of := rights(results, c); 2*n > of {
			right++
		}
	}
	return right, all
}

func rights(results []Result, condition string) (right, all int) {
	for _, r := range results {
		if r.Condition == condition {
			all++
			if r.Right {
				right++
			}
		}
	}
	return right, all
}

func conditions(results []Result) (names []string) {
	for _, r := range results {
		if !slices.Contains(names, r.Condition) {
			names = append(names, r.Condition)
		}
	}
	slices.SortFunc(names, func(a, b string) int { return place(a) - place(b) })
	return names
}

// Write writes the document. machine says where the rig ran and with what.
func Write(w io.Writer, results []Result, machine string) error {
	b := bufio.NewWriter(w)
	p := func(format string, args ...any) { fmt.Fprintf(b, format, args...) }
	p(`# Fidelity

What Peerglass says of a call, held against what is known to be true. Written by %s from recordings of the rig; do not edit.

The rig (%s, %s) puts Chromium pages into calls through a TURN relay of its own, which damages the packets of one user, ada, by a schedule and counts each; cameras number their frames in the picture, microphones send a tone that rises and falls, and the receiving pages note what was shown and heard and when. Every recording is replayed through the program's own decoder, sessions and detectors: once with all of its polls, one a second, and once with every fifth.

%s

`, "`make fidelity`", "`rig/`", "`e2e/rig/`", machine)

	writeTotals(p, results)
	writeFaults(p, results)
	writeFigures(p, results)

	p("%s", limits)
	p("\n## How the truth is known\n\n| figure | truth |\n|---|---|\n")
	for _, t := range Targets {
		p("| %s | %s |\n", t.Label, t.Truth)
	}
	p(`
Figures other than the stutter rates are means over the time of the damage and %g s more, in the very intervals that Peerglass's samples cover, dated by the page's own clock, which is the relay's; of a call without damage, or from which a stream was taken, over all of it. Stutter rates are of the whole recording. Where a picture or a sound was taken away by its user (%s) no stutter is judged: whether that is one is a matter of words.

In a call of two over a relay nobody who sees the ends only can tell the sender's uplink from the receiver's downlink: there "the network between" is the right answer, and a user's network is a wrong one. In a call of three it can be told, and must be. The page, the relay and the program share one machine and one clock.
`, float64(settle)/1000, strings.Join(sortedOff(), ", "))
	return b.Flush()
}

// limits are the reasons that were found for figures outside of their target.
const limits = `
## What browsers do not tell

Where figures above miss their target, these are the reasons that were found.

- **Lost audio of an outage.** When 50 packets of audio and more are lost in a row, Chromium takes the jump of the sequence number for a new beginning: packetsLost does not move. They are estimated from the usual packet rate where the whole path was silent; else, and to set the estimate right, the sender's next report is waited for, which comes every 2 to 6 s. Figures of loss therefore last 8 s beyond the damage.
- **Frames decoded and never shown.** After an outage, and where frames come at once over a narrow path, Chromium decodes what had waited, and shows the last: framesDecoded and the sums of the gaps count them all, and no counter says how many were seen, nor how long the gaps were between those that were. A page that names its video elements tells both.
- **Gaps around the threshold.** Of the gaps between frames a poll tells the number, the sum and the sum of squares. Where many lie near 600 ms, as at two or three frames a second, which of them are longer is an estimate; so it is of concealed audio near 200 ms.
- **A packet that is late counts as lost until it comes.** It is taken back in a later interval: the loss of one interval, which is never below 0, does not show that, the sum of several does.
`

func sortedOff() (names []string) {
	for _, c := range order {
		if switchedOff[c] {
			names = append(names, c)
		}
	}
	return names
}

func writeTotals(p func(string, ...any), results []Result) {
	right, all := Named(results)
	clean, alarms, blamed := 0, 0, 0
	for _, r := range results {
		if r.Condition == "clean" {
			clean++
			if !r.Right {
				blamed++
			}
			if len(r.Issues) > 0 && r.Issues[0].Severity >= rtc.Medium { // the worst is first
				alarms++
			}
		}
	}
	p("## In all\n\n%d recordings of %d conditions.\n\n", len(results), len(conditions(results)))
	p("- Faults named with the right cause and side, in most runs: **%d of %d** conditions.\n", right, all)
	p("- Clean calls with an issue of severity medium or higher: **%d of %d**; with a sentence of any kind: **%d**.\n\n", alarms, clean, blamed)
	p("| figure | target | polls | figures | within | worst error | in |\n|---|---|---|---:|---:|---:|---|\n")
	for _, every := range Polls {
		for _, t := range Totals(results, every) {
			if t.Held == 0 && t.Of.measured() {
				continue // these pages measure nothing
			}
			within := "–"
			if t.Of.Within > 0 {
				within = fmt.Sprintf("%d (%.1f %%)", t.Reached, 100*float64(t.Reached)/float64(max(t.Held, 1)))
			}
			p("| %s | %s | %d s | %d | %s | %s | %s |\n", t.Of.Label, t.Of.target(every), every, t.Held, within, t.Of.off(t.Worst), t.Where)
		}
	}
	p("\n")
}

// target is the target in words.
func (t *Target) target(every int) string {
	limit := t.Within
	if every >= 5 && t.WithinSlow > 0 {
		limit = t.WithinSlow
	}
	switch {
	case limit == 0:
		return "none"
	case t.OrShare > 0:
		return fmt.Sprintf("%s or %g %%", t.off(limit), 100*t.OrShare)
	}
	return t.off(limit)
}

// off is an error in words.
func (t *Target) off(v float64) string {
	switch {
	case t.Relative:
		return fmt.Sprintf("%.3g %%", 100*v)
	case t.Unit == "%":
		return fmt.Sprintf("%.3g points", v*t.Scale)
	}
	return fmt.Sprintf("%.3g %s", v*t.Scale, t.Unit)
}

func writeFaults(p func(string, ...any), results []Result) {
	p("## Faults\n\n| condition | what was done | verdict of the first run | issues of the first run | right |\n|---|---|---|---|---|\n")
	for _, c := range conditions(results) {
		right, all := rights(results, c)
		for _, r := range results {
			if r.Condition != c {
				continue
			}
			p("| %s | %s | %s | %s | %d of %d |\n", c, Conditions[c].Did, cell(r.Said()), cell(r.summary()), right, all)
			break
		}
	}
	p("\n")
}

// summary lists the issues of severity low and above by type, cause and source.
func (r *Result) summary() string {
	var words []string
	for _, i := range r.Issues {
		word := fmt.Sprintf("%s %s", i.Severity, i.Type)
		if i.Cause != "" {
			word += " (" + i.Cause + ", " + i.Source.String() + ")"
		}
		if !slices.Contains(words, word) {
			words = append(words, word)
		}
	}
	return cmp.Or(strings.Join(words, "; "), "none")
}

func cell(s string) string { return strings.ReplaceAll(s, "|", "\\|") }

func writeFigures(p func(string, ...any), results []Result) {
	p("## Figures\n\nBy condition, at one poll a second: mean of the runs, and the worst error of a single one. An error outside of the target is bold.\n")
	for _, target := range Targets {
		for _, kind := range []rtc.MediaKind{rtc.KindTransport, rtc.KindVideo, rtc.KindAudio} {
			writeTable(p, results, target, kind)
		}
	}
}

// writeTable writes one figure of all conditions: of what ada sends and of
// what she receives.
func writeTable(p func(string, ...any), results []Result, target *Target, kind rtc.MediaKind) {
	sides := []struct {
		title string
		is    func(*Figure) bool
	}{
		{"from ada", func(f *Figure) bool { return f.From == "ada" }},
		{"to ada", func(f *Figure) bool { return f.To == "ada" }},
	}
	var lines []string
	for _, c := range conditions(results) {
		line, any := "| "+c+" |", false
		for _, side := range sides {
			var truth, said, worst float64
			n, missed := 0, false
			for _, r := range results {
				if r.Condition != c {
					continue
				}
				for i := range r.Figures[1] {
					if f := &r.Figures[1][i]; f.Of == target && f.Kind == kind && side.is(f) {
						truth += f.True
						said += f.Said
						worst = max(worst, f.Error())
						missed = missed || target.Within > 0 && !f.Reached(1)
						n++
					}
				}
			}
			if n == 0 {
				line += " | | |"
				continue
			}
			any = true
			mark := ""
			if missed {
				mark = "**"
			}
			line += fmt.Sprintf(" %s | %s | %s%s%s |", target.value(truth/float64(n)), target.value(said/float64(n)), mark, target.off(worst), mark)
		}
		if any {
			lines = append(lines, line)
		}
	}
	if len(lines) == 0 {
		return
	}
	title := target.Label
	if kind != rtc.KindTransport && !strings.Contains(strings.ToLower(title), kind.String()) {
		title += ", " + kind.String()
	}
	p("\n### %s (%s)\n\n| condition | from ada: true | said | error | to ada: true | said | error |\n|---|---:|---:|---:|---:|---:|---:|\n%s\n", title, target.Unit, strings.Join(lines, "\n"))
}

func (t *Target) value(v float64) string {
	v *= t.Scale
	if math.Abs(v) >= 100 {
		return fmt.Sprintf("%.0f", v)
	}
	return fmt.Sprintf("%.2f", v)
}
