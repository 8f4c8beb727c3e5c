package issue

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/peerglass/peerglass/internal/golden"
)

// docs/issues.md says of each issue what its detector's declaration says.
func TestDocsOfTheDetectors(t *testing.T) {
	golden.Check(t, "../../docs/issues.md", document())
}

func document() string {
	var b strings.Builder
	b.WriteString(`# Issues

Written from the detectors in package quality/issue by ` + "`go test ./quality/issue -update`" + `; do not edit.

An issue is an impairment of one user's stay, with a beginning, an end, a
severity, a cause, and whose side it lies on as far as that user's browser can
tell. What the other end of a stream knows is added when the call's rows are
looked at together. Nothing is said of a stream that is muted, paused, or has
just begun.

| type | name | phase | about | causes | what it is |
|---|---|---|---|---|---|
`)
	all := slices.Clone(Detectors())
	slices.SortFunc(all, func(a, b *Detector) int { return strings.Compare(a.Type, b.Type) })
	for _, d := range all {
		causes := make([]string, len(d.Causes))
		for i, c := range d.Causes {
			causes[i] = "`" + c + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s | %s |\n", d.Type, d.Label, d.Phase, about(d), strings.Join(causes, " "), strings.ReplaceAll(d.Help, "|", "\\|"))
	}
	b.WriteString("\n## Thresholds\n\nWhat an app may set for itself; the other levels of an issue keep their proportion.\n\n| name | default |\n|---|---|\n")
	v := reflect.ValueOf(DefaultThresholds)
	for i := range v.NumField() {
		fmt.Fprintf(&b, "| `%s` | %v |\n", v.Type().Field(i).Tag.Get("json"), v.Field(i).Float())
	}
	return b.String()
}

// about says what one issue of the detector is about.
func about(d *Detector) string {
	if d.Sample == nil {
		return "what happened"
	}
	return [...]string{PerStream: "a stream", PerConnection: "a connection", PerSession: "the stay"}[d.Scope]
}
