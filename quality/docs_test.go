package quality

import (
	"fmt"
	"strings"
	"testing"

	"github.com/peerglass/peerglass/internal/golden"
	"github.com/peerglass/peerglass/rtc"
)

// docs/metrics.md says of each metric what its declaration says.
func TestDocsOfTheCatalogue(t *testing.T) {
	golden.Check(t, "../docs/metrics.md", document())
}

func document() string {
	var b strings.Builder
	b.WriteString(`# Metrics

Written from the catalogue in package quality by ` + "`go test ./quality -update`" + `; do not edit.

A sample is one stream over one polling interval. Its values are derived from
the rise of counters over the time that passed by the statistics' own
timestamps. A value is null, never 0, where it was not measured: in the first
poll of a stream, where the browser does not tell a member, after a counter
began anew, and for what the remote end tells in an interval in which it told
nothing. Values are rounded to the step; "over time" says what stands for
several intervals of one stream.
`)
	for _, part := range []struct {
		title string
		kinds Kinds
	}{{"Audio and video", Media}, {"Audio", Audio}, {"Video and screen", Video}, {"Transport", Transport}, {"Client", Client}} {
		fmt.Fprintf(&b, "\n## %s\n\n| id | name | unit | step | streams | over time | what it is | from |\n|---|---|---|---|---|---|---|---|\n", part.title)
		for _, m := range Catalogue() {
			kinds := m.Kinds
			if kinds&Media == Media {
				kinds = Media // those that a transport has too stand with the streams
			}
			if kinds != part.kinds {
				continue
			}
			from := make([]string, len(m.From))
			for i, member := range m.From {
				from[i] = "`" + member.String() + "`"
			}
			fmt.Fprintf(&b, "| `%s` | %s | %s | %v | %s | %s | %s | %s |\n", m.ID, m.Label, m.Unit.Symbol(), m.Step, streams(m), m.Agg, strings.ReplaceAll(m.Help, "|", "\\|"), strings.Join(from, " "))
		}
	}
	b.WriteString(`
## How far stutter and delay may be off

A browser does not tell its gaps one by one. Video: the number of pictures, the
sum of the gaps between them and the sum of their squares give a single long gap
among regular ones; freezes and pauses help to tell several apart; what the sum
leaves over of the time that passed is the gap that goes on, so that a
standstill is counted while it lasts. Audio: length and number of the
concealments. ` + "`stutter_basis`" + ` says what an interval rests on. Thresholds are 600
ms and 200 ms unless set otherwise (` + "`quality.Thresholds`" + `).

The tests of package quality make minutes of pictures and packets whose gaps are
known, derive a browser's counters from them, poll, and hold the rate of stutter
to these bounds, in percentage points. Video has 7 to 60 pictures a second, with
jitter, and up to 7 gaps of 0.1 to 6 s; most of the error is from gaps that are
near the threshold.

| what is told, what is lost | poll every | mean error at most | worst at most |
|---|---|---|---|
`)
	for _, e := range videoErrors {
		fmt.Fprintf(&b, "| %s | %v s | %v | %v |\n", e.what, e.every, e.mean, e.worst)
	}
	for _, e := range audioErrors {
		fmt.Fprintf(&b, "| %s | %v s | %v | %v |\n", e.what, e.every, e.mean, e.worst)
	}
	b.WriteString(`
Gaps are between pictures as they are decoded. They are shown some tens of
milliseconds later or earlier, which decides about gaps near the threshold, as
in a call that is starved to two pictures a second. [fidelity.md](fidelity.md)
has the errors on real calls whose truth is known.

A receiver cannot know a muted camera from a dead one unless somebody says so.
The browser does when a track is renegotiated away (` + "`MediaStreamTrack.onmute`" + `),
an application can (` + "`mute`" + ` with the user or the track, see protocol.md). Otherwise a
stream that alone brings nothing, over a path that works, stutters for 15 s and
is taken as switched off from then on. A path that brings nothing at all
stutters until the connection fails or the picture is back.

Delay: with clocks hours apart, reports that queue for 20 ms on average and
round trips measured every 3 s, the mean error is below 10 ms. Half the round
trip stands for the way; where the two directions differ, the delay is off by
half the difference. What is measured ends at the browser: the camera's and the
screen's own delay are not in it.
`)
	return b.String()
}

// streams says of which streams the metric is measured.
func streams(m *Metric) string {
	var words []string
	switch m.Dirs {
	case Sent:
		words = append(words, "sent")
	case Received:
		words = append(words, "received")
	default:
		if m.Kinds&Media != 0 {
			words = append(words, "sent", "received")
		}
	}
	if m.Has(rtc.KindTransport, rtc.Both) {
		words = append(words, "transport")
	}
	if m.Has(rtc.KindClient, rtc.Both) {
		words = append(words, "client")
	}
	return strings.Join(words, ", ")
}
