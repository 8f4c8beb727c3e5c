package calls

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var show = flag.Bool("show", false, "print what came of each case")

// TestCalls plays every case of testdata. One of them:
//
//	go test ./calls -run 'Calls/<file>/<case>'
//
// With -show each tells what came of it.
func TestCalls(t *testing.T) {
	files, err := filepath.Glob("testdata/*.call")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	total := 0
	for _, file := range files {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		cases, err := Parse(filepath.ToSlash(file), src)
		if err != nil {
			t.Errorf("%v", err)
			continue
		}
		total += len(cases)
		t.Run(strings.TrimSuffix(filepath.Base(file), ".call"), func(t *testing.T) {
			for _, c := range cases {
				t.Run(c.Name, func(t *testing.T) {
					t.Parallel()
					play(t, c)
				})
			}
		})
	}
	t.Logf("%d cases in %d files", total, len(files))
}

func play(t *testing.T, c *Case) {
	t.Helper()
	res, err := c.Run()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range res.Check() {
		t.Errorf("%v", f)
	}
	if *show {
		t.Log(res)
	}
}
