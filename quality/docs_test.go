package quality

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/peerglass/peerglass/rtc"
)

var update = flag.Bool("update", false, "write the golden files anew")

// docs/metrics.md says of each metric what its declaration says.
func TestDocsOfTheCatalogue(t *testing.T) {
	const path = "../docs/metrics.md"
	want := document()
	if *update {
		if err := os.MkdirAll("../docs", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, want, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v: write it with go test ./quality -update", err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not what the catalogue says: write it anew with go test ./quality -update", path)
	}
}

func document() []byte {
	var b bytes.Buffer
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
	return b.Bytes()
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
