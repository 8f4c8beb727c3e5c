package pion

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/peerglass/peerglass/rtc"
)

// What docs/collect.md shows is built as a program of its own, and run.
func TestSnippet(t *testing.T) {
	o := startObservatory(t)
	doc, err := os.ReadFile("../docs/collect.md")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile("(?s)<!-- snippet: pion -->\\s*```go\n(.*?)```").FindSubmatch(doc)
	if found == nil {
		t.Fatal("docs/collect.md has no snippet pion")
	}
	code := strings.NewReplacer("https://peerglass.example", o.url, "pgk_…", o.key).Replace(string(found[1]))
	source := `package main

import (
	"context"
	"log"

	"github.com/pion/webrtc/v4"

	"github.com/peerglass/peerglass/pion"
)

func run() error {
` + code + `
	if _, err := pc.CreateOffer(nil); err != nil {
		return err
	}
	if err := pc.Close(); err != nil {
		return err
	}
	return session.Leave(context.Background())
}

func main() {
	if err := run(); err != nil {
		log.Fatal(err)
	}
}
`
	dir := t.TempDir()
	write := func(name string, content []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	// An overlay makes the program a package of this module without writing
	// into it.
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	overlay, err := json.Marshal(map[string]map[string]string{"Replace": {filepath.Join(here, "snippet", "main.go"): write("main.go", []byte(source))}})
	if err != nil {
		t.Fatal(err)
	}
	program := exec.Command("go", "run", "-overlay", write("overlay.json", overlay), "./snippet")
	program.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := program.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s\n%s", err, out, source)
	}
	o.shut()
	rows := o.rows.Snapshot()
	if len(rows.Sessions) != 1 || rows.Sessions[0].User != "recorder" || rows.Sessions[0].EndReason != "leave" {
		t.Errorf("sessions %+v, want one of the recorder that left", rows.Sessions)
	}
	offers := 0
	for _, e := range rows.Events {
		if e.Kind == rtc.KindCall && e.Name == "createOffer" {
			offers++
		}
	}
	if offers != 1 {
		t.Errorf("%d offers, want 1", offers)
	}
}
