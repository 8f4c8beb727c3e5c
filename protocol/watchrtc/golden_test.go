package watchrtc

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/peerglass/peerglass/protocol/protocoltest"
)

const goldenFiles = "testdata/golden/*.txt"

// Messages give the same as they stand and packed.
func TestGolden(t *testing.T) {
	protocoltest.Golden(t, goldenFiles, func(t *testing.T, input []string, out *protocoltest.Printer) {
		d := NewDecoder()
		for _, line := range input {
			var packed protocoltest.Printer
			again := *d
			frame, list := strings.CutPrefix(line, "> [")
			if list {
				packed.WriteString(line + "\n")
				packed.Decode(t, &again, []byte(pack("["+frame)), 0)
			}
			from := out.Len()
			out.Play(t, d, []string{line})
			if list && !bytes.Equal(packed.Bytes(), out.Bytes()[from:]) {
				t.Errorf("packed, %s gives %s", frame, packed.Bytes())
			}
		}
		fmt.Fprintf(out, "= unknown %d\n", d.Unknown())
	})
}
