package api

import (
	"bytes"
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/peerglass/peerglass/internal/golden"
)

// The golden file is the contract: the console's types come from it, and its
// diff is the review of an API change.
func TestOpenAPIGolden(t *testing.T) {
	document, err := New(Options{}).OpenAPI()
	if err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	if err := json.Indent(&got, document, "", "  "); err != nil {
		t.Fatal(err)
	}
	got.WriteByte('\n')
	golden.Check(t, "openapi.json", got.String())
}

// A route that the document does not have would be one that no client's types
// know and nobody reviews.
func TestOpenAPIHasEveryRoute(t *testing.T) {
	a := New(Options{})
	golden, err := os.ReadFile("openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	var document struct {
		Paths map[string]map[string]struct {
			OperationID string
			Summary     string
		}
	}
	if err := json.Unmarshal(golden, &document); err != nil {
		t.Fatal(err)
	}
	routes, operations := 0, map[string]string{}
	for _, pattern := range a.mux.patterns {
		method, path, _ := strings.Cut(pattern, " ")
		path = strings.TrimPrefix(path, Prefix)
		if pattern == "/" || strings.HasPrefix(path, "/openapi") {
			continue // says that there is nothing; the document itself
		}
		routes++
		op, ok := document.Paths[path][strings.ToLower(method)]
		if !ok {
			t.Errorf("%s is not in openapi.json", pattern)
			continue
		}
		if op.OperationID == "" || op.Summary == "" {
			t.Errorf("%s has no operation id or no summary", pattern)
		}
		if other, twice := operations[op.OperationID]; twice {
			t.Errorf("%s and %s have the same operation id", pattern, other)
		}
		operations[op.OperationID] = pattern
	}
	if routes < 20 {
		t.Errorf("only %d routes were seen: the test looks at the wrong mux", routes)
	}
}

// docs/api.md has a line for each path.
func TestDocsHaveEveryPath(t *testing.T) {
	text, err := os.ReadFile("../docs/api.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, pattern := range New(Options{}).mux.patterns {
		_, path, _ := strings.Cut(pattern, " ")
		path = strings.TrimPrefix(path, Prefix)
		if pattern == "/" || strings.HasPrefix(path, "/openapi") {
			continue
		}
		segments := strings.Split(path, "/")
		for i, s := range segments {
			if strings.HasPrefix(s, "{") {
				segments[i] = `[^/\s?"]+`
			}
		}
		if !regexp.MustCompile(`\$B` + strings.Join(segments, "/") + `["\s?]`).Match(text) {
			t.Errorf("docs/api.md has no line for %s", path)
		}
	}
}
