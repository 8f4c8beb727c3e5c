// Command report judges the recordings of a collection and writes the document.
//
//	go run ./fidelity/report DIR > docs/fidelity.md
//	go run ./fidelity/report -keep fidelity/testdata DIR   one recording of each condition, for the tests
package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/peerglass/peerglass/fidelity"
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
		if err := os.CopyFS(filepath.Join(to, r.Condition), os.DirFS(source)); err != nil {
			return err
		}
	}
	return nil
}
