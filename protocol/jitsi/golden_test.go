package jitsi

import (
	"fmt"
	"testing"

	"github.com/peerglass/peerglass/protocol/protocoltest"
)

const goldenFiles = "testdata/golden/*.txt"

func TestGolden(t *testing.T) {
	protocoltest.Golden(t, goldenFiles, func(t *testing.T, input []string, out *protocoltest.Printer) {
		d := NewDecoder(Options{})
		out.Play(t, d, input)
		fmt.Fprintf(out, "= unknown %d, last %d, missed %d, again %d\n", d.Unknown(), d.Sequence().Last, d.Sequence().Missed, d.Sequence().Again)
	})
}
