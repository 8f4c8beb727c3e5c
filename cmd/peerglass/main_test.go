package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/peerglass/peerglass/internal/recordings"
)

// asProgram makes the test binary be the program: what it starts as a child
// of itself, the engine, is then the real thing too.
const asProgram = "PEERGLASS_TEST_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		os.Exit(run(os.Args[1:]))
	}
	testscript.Main(m, map[string]func(){
		"peerglass": func() { os.Exit(run(os.Args[1:])) },
	})
}

// The command line as people use it; each script says what it is about.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(e *testscript.Env) error {
			e.Setenv("RECORDINGS", recordings.Folder())
			return nil
		},
		Condition: func(name string) (bool, error) {
			_, err := os.Stat(recordings.Folder())
			return name == "recordings" && err == nil, nil
		},
		RequireExplicitExec: true,
	})
}

// recording returns the path of a public recording, or skips the test.
func recording(t *testing.T, name string) string {
	t.Helper()
	return filepath.Join(recordings.Dir(t), name)
}
