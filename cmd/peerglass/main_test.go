package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
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
			e.Setenv("RECORDINGS", recordingsFolder())
			return nil
		},
		Condition: func(name string) (bool, error) {
			_, err := os.Stat(recordingsFolder())
			return name == "recordings" && err == nil, nil
		},
		RequireExplicitExec: true,
	})
}

// recordingsFolder is where the public recordings are, if they are anywhere:
// they are not part of the repository.
func recordingsFolder() string {
	if dir := os.Getenv("PEERGLASS_TESTDATA"); dir != "" {
		return dir
	}
	dir, err := os.Getwd()
	if err != nil {
		return ""
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil || dir == filepath.Dir(dir) {
			return filepath.Join(filepath.Dir(dir), "shared", "testdata")
		}
		dir = filepath.Dir(dir)
	}
}

// recording returns the path of a public recording, or skips the test.
func recording(t *testing.T, name string) string {
	t.Helper()
	path := filepath.Join(recordingsFolder(), name)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("the recordings are not here (%s); PEERGLASS_TESTDATA names another folder", path)
	}
	return path
}
