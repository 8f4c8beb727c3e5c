// Command report judges the recordings of a collection and writes the document.
//
//	go run ./fidelity/report DIR > docs/fidelity.md
//	go run ./fidelity/report -keep fidelity/testdata DIR   one recording of each condition, for the tests
package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/peerglass/peerglass/fidelity"
	"github.com/peerglass/peerglass/rig"
)

func main() {
	keep := flag.String("keep", "", "copy the first recording of each condition to this `folder` and write no document")
	flag.Parse()
	if flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "usage: report [-keep folder] folder")
		os.Exit(2)
	}
	var err error
	if *keep != "" {
		err = keepOne(flag.Arg(0), *keep)
	} else {
		err = report(flag.Arg(0))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "report:", err)
		os.Exit(1)
	}
}

func report(folder string) error {
	recordings, err := fidelity.OpenAll(folder)
	if err != nil {
		return err
	}
	if len(recordings) == 0 {
		return fmt.Errorf("there are no recordings in %s", folder)
	}
	var results []fidelity.Result
	for _, r := range recordings {
		result, err := fidelity.Evaluate(r)
		if err != nil {
			return err
		}
		results = append(results, result)
	}
	return fidelity.Write(os.Stdout, results, machine(recordings[0]))
}

// machine says where the rig ran, so that figures can be compared.
func machine(r *fidelity.Recording) string {
	model := "processor not known"
	if b, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(b)) {
			if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
				model = strings.TrimSpace(value)
				break
			}
		}
	}
	turn := ""
	if b, err := exec.Command("go", "list", "-m", "github.com/pion/turn/v5").Output(); err == nil {
		turn = ", " + strings.TrimSpace(strings.TrimPrefix(string(b), "github.com/"))
	}
	return fmt.Sprintf("Machine: %d processors (%s), %s. Chromium %s, %s%s.", runtime.NumCPU(), model, runtime.GOOS, r.Browser, runtime.Version(), turn)
}

func keepOne(from, to string) error {
	recordings, err := fidelity.OpenAll(from)
	if err != nil {
		return err
	}
	if err := os.RemoveAll(to); err != nil {
		return err
	}
	kept := make(map[string]bool)
	for _, r := range recordings {
		if kept[r.Condition] {
			continue
		}
		kept[r.Condition] = true
		source := filepath.Join(from, fmt.Sprintf("%s-%d", r.Condition, r.Run))
		into := filepath.Join(to, r.Condition)
		if err := os.CopyFS(into, os.DirFS(source)); err != nil {
			return err
		}
		if err := shorten(filepath.Join(into, "truth.json.gz")); err != nil {
			return fmt.Errorf("shorten the truth of %s: %w", r.Condition, err)
		}
	}
	return nil
}

// shorten leaves out of a truth what the relay counted and no judgement reads:
// more than half of it.
func shorten(path string) error {
	packed, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	src, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return err
	}
	var truth map[string]any
	read := json.NewDecoder(src)
	read.UseNumber() // they stay as they are written
	if err := read.Decode(&truth); err != nil {
		return err
	}
	without := func(of any, names ...string) map[string]any {
		counts, _ := of.(map[string]any)
		for _, name := range names {
			delete(counts, name)
		}
		return counts
	}
	legs, _ := truth["relay"].([]any)
	for _, l := range legs {
		leg := without(l, "dropped", "passed", "bytes", "delay")
		streams, _ := leg["streams"].([]any)
		for _, s := range streams {
			stream := without(s, "offered", "delay")
			if leg["dir"] == string(rig.Up) { // what a user gets is counted where it comes down
				without(stream, "bytes", "fineBytes", "passed", "finePassed")
			}
			if stream["fineBytes"] != nil {
				without(stream, "bytes")
			}
			if stream["finePassed"] != nil {
				without(stream, "passed")
			}
		}
	}
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return err
	}
	if err := json.NewEncoder(w).Encode(truth); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	return os.WriteFile(path, out.Bytes(), 0o644)
}
