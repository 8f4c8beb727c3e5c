package calls

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/peerglass/peerglass/quality"
	"github.com/peerglass/peerglass/quality/issue"
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

// Every detector has a case in which it finds something and one in which it
// must not, and every metric has a case.
func TestEverythingHasCases(t *testing.T) {
	found, absent, measured := make(map[string]bool), make(map[string]bool), make(map[string]bool)
	files, _ := filepath.Glob("testdata/*.call")
	for _, file := range files {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		lines, err := scan(file, src)
		if err != nil {
			t.Fatal(err)
		}
		for i := range lines {
			r := &reader{line: &lines[i], words: lines[i].words}
			switch {
			case !r.take("expect"):
			case r.take("metric"):
				measured[r.peek()] = true
			case r.takeAll("no issue") && r.peek() != "of":
				each(r, absent)
			case r.take("issue"):
				each(r, found)
			}
		}
	}
	for _, d := range issue.Detectors() {
		if !found[d.Type] {
			t.Errorf("no case expects an issue %s", d.Type)
		}
		if !absent[d.Type] {
			t.Errorf("no case expects no issue %s", d.Type)
		}
	}
	for _, m := range quality.Catalogue() {
		if !measured[m.ID] {
			t.Errorf("no case expects a metric %s", m.ID)
		}
	}
}

// each notes the types of issues that a statement names.
func each(r *reader, into map[string]bool) {
	types, err := issueTypes(r)
	if err != nil {
		return
	}
	for _, t := range types {
		into[t.text] = true
	}
}
