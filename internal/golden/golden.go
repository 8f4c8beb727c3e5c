// Package golden holds what a test got against a file that says what it ought
// to be. go test -update writes the file anew, and its diff is the review. It
// is for tests alone.
package golden

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files anew")

// Update reports whether golden files are to be written anew.
func Update() bool { return *update }

// Check holds got against a file, or makes it the file with -update.
func Check(t testing.TB, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v: go test -update writes it", err)
	}
	if got != string(want) {
		t.Errorf("%s is another now (go test -update writes it anew; look at the diff):\n%s", file, diff(string(want), got))
	}
}

// maxDiff bounds the lines that are shown of a difference; git diff has all.
const maxDiff = 60

// diff lists the lines that are gone and those that came.
func diff(want, got string) string {
	var b strings.Builder
	shown := 0
	for _, side := range [...]struct{ sign, of, other string }{{"-", want, got}, {"+", got, want}} {
		there := make(map[string]bool)
		for line := range strings.Lines(side.other) {
			there[line] = true
		}
		for line := range strings.Lines(side.of) {
			if !there[line] {
				if shown++; shown <= maxDiff {
					fmt.Fprintf(&b, "%s %s\n", side.sign, strings.TrimSuffix(line, "\n"))
				}
			}
		}
	}
	switch {
	case shown == 0:
		return "the same lines in another order or number"
	case shown > maxDiff:
		fmt.Fprintf(&b, "and %d lines more", shown-maxDiff)
	}
	return b.String()
}
