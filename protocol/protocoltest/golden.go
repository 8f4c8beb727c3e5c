package protocoltest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/peerglass/peerglass/internal/golden"
	"github.com/peerglass/peerglass/protocol"
)

// Golden holds each file of a pattern against what its own input gives. Input
// are the lines that begin with one sign and a space: "# " says what the case
// is about, "> " is a frame, others are the protocol's. play writes each line
// of input to out, and below it what it gives; Printer.Play is what most do.
func Golden(t *testing.T, pattern string, play func(t *testing.T, input []string, out *Printer)) {
	t.Helper()
	for _, file := range files(t, pattern) {
		t.Run(strings.TrimSuffix(filepath.Base(file), filepath.Ext(file)), func(t *testing.T) {
			var out Printer
			play(t, input(t, file), &out)
			golden.Check(t, file, out.String())
		})
	}
}

// Frames returns the frames that stand in golden files, for a fuzzer to begin
// with.
func Frames(t testing.TB, pattern string) (frames [][]byte) {
	t.Helper()
	for _, file := range files(t, pattern) {
		for _, line := range input(t, file) {
			if frame, ok := strings.CutPrefix(line, "> "); ok {
				frames = append(frames, []byte(frame))
			}
		}
	}
	return frames
}

func files(t testing.TB, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("no golden files are %s: %v", pattern, err)
	}
	return files
}

func input(t testing.TB, file string) (input []string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if len(line) > 1 && line[1] == ' ' && strings.IndexByte("#>@", line[0]) >= 0 {
			input = append(input, strings.TrimSuffix(line, "\n"))
		}
	}
	return input
}

// Play writes each line of input, and below a frame what the decoder makes of it.
func (p *Printer) Play(t testing.TB, d protocol.Decoder, input []string) {
	t.Helper()
	for _, line := range input {
		p.WriteString(line + "\n")
		if frame, ok := strings.CutPrefix(line, "> "); ok {
			p.Decode(t, d, []byte(frame), 0)
		}
	}
}

// Decode writes what a decoder makes of a frame that arrived at received, or
// the fault that it finds.
func (p *Printer) Decode(t testing.TB, d protocol.Decoder, frame []byte, received int64) {
	t.Helper()
	p.Fault(t, d.Decode(frame, received, p))
}

// Fault writes the fault that was found, if there is one.
func (p *Printer) Fault(t testing.TB, err error) {
	t.Helper()
	if fault := Fault(t, err); fault != nil {
		fmt.Fprintf(p, "! %s: %v\n", fault.Code, err)
	}
}
