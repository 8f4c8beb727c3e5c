package happening

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/peerglass/peerglass/internal/golden"
)

// docs/events.md says of each type what its declaration says.
func TestDocsOfTheTypes(t *testing.T) {
	golden.Check(t, "../../docs/events.md", document())
}

func document() string {
	var b strings.Builder
	cell := func(s string) string { return strings.ReplaceAll(s, "|", "\\|") }
	b.WriteString(`# Events

Written from the types in package quality/happening by ` + "`go test ./quality/happening -update`" + `; do not edit.

What the stored events of a stay mean in the words of people, as the event list
and the time line of a call show it, and ` + "`GET /apps/{app}/calls/{call}/happenings`" + `
answers. It is worked out of the stored rows for each answer: nothing is said
that no row tells. The ids are those of Table 4-1 of the SparkRTC guide, the
names those of the event types in Tencent's end-to-end details.

`)
	for _, l := range Lanes() {
		fmt.Fprintf(&b, "## %s\n\n| type | name | id | Tencent's name | what it says | what tells it | where the browser does not |\n|---|---|---|---|---|---|---|\n", l.Label)
		for _, t := range Types() {
			if t.Lane != l.Lane {
				continue
			}
			ids := make([]string, len(t.References))
			for i, id := range t.References {
				ids[i] = fmt.Sprint(id)
			}
			fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s | %s | %s |\n", t.Slug, t.Label, strings.Join(ids, " "), t.View, cell(t.Help), cell(t.From), cell(t.Tell))
		}
		b.WriteString("\n")
	}
	b.WriteString("## Table 4-1\n\nEach line of the guide's table, and the types that have its id. It has no 4, 8 and 15.\n\n| id | event | types |\n|---|---|---|\n")
	for _, r := range References() {
		slugs := make([]string, len(r.Types))
		for i, t := range r.Types {
			slugs[i] = "`" + t.Slug + "`"
		}
		fmt.Fprintf(&b, "| %d | %s | %s |\n", r.ID, r.Name, strings.Join(slugs, " "))
	}
	return b.String()
}

// Every declaration is whole, and every line of Table 4-1 has its type.
func TestDeclarations(t *testing.T) {
	var lanes []Lane
	for _, l := range Lanes() {
		lanes = append(lanes, l.Lane)
	}
	for _, d := range Types() {
		if d.Label == "" || d.Help == "" || d.From == "" || d.Color == "" || d.Shape == "" || !slices.Contains(lanes, d.Lane) {
			t.Errorf("%s is not declared whole: %+v", d.Slug, d)
		}
		if Find(d.Slug) != d {
			t.Errorf("%s is not found", d.Slug)
		}
		if strings.Trim(d.Slug, "abcdefghijklmnopqrstuvwxyz_") != "" {
			t.Errorf("%s is no slug", d.Slug)
		}
	}
	for _, r := range References() {
		if len(r.Types) == 0 {
			t.Errorf("no type has id %d of Table 4-1, %s", r.ID, r.Name)
		}
	}
	// Of one lane no two types look alike: shapes and colours are all that tells
	// them apart from afar.
	looks := map[string]string{}
	for _, d := range Types() {
		key := fmt.Sprint(d.Lane, d.Color, d.Shape)
		if other := looks[key]; other != "" {
			t.Errorf("%s and %s are both a %s %s in the lane %s", other, d.Slug, d.Color, d.Shape, d.Lane)
		}
		looks[key] = d.Slug
	}
}
