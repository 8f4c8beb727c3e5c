package main

import (
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// A folder is one program's; the next hears whose, and has it when that one
// has ended.
func TestClaimFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "not", "there", "yet")
	first, err := claimFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	_, err = claimFolder(dir)
	if err == nil || !strings.Contains(err.Error(), dir) || !strings.Contains(err.Error(), "process "+strconv.Itoa(os.Getpid())+")") || !strings.Contains(err.Error(), "--data") {
		t.Errorf("a second program: %v", err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	next, err := claimFolder(dir)
	if err != nil {
		t.Fatalf("when the first has ended: %v", err)
	}
	_ = next.Close()

	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := claimFolder(file); err == nil || !strings.Contains(err.Error(), "--data") {
		t.Errorf("a file: %v", err)
	}
}

// What is wrong with the data folder or the address is one sentence with a way
// out, said before anything else is begun.
func TestRefusedStarts(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	for name, c := range map[string]struct{ listen, says string }{
		"a port in use":      {taken.Addr().String(), "another program listens on " + taken.Addr().String()},
		"a port alone":       {"8080", "a port such as :8080"},
		"no port":            {":99999", "a port such as :8080"},
		"a foreign address":  {"192.0.2.1:8080", "an address of this machine"},
		"nothing wrong here": {"127.0.0.1:0", "in use by another Peerglass"},
	} {
		t.Run(name, func(t *testing.T) {
			p := &program{T: t, dir: t.TempDir()}
			claimed, err := claimFolder(p.dir)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = claimed.Close() }()
			if said := p.refuses("--listen", c.listen); !strings.Contains(said, c.says) {
				t.Error(said)
			}
		})
	}
}
