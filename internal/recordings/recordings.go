// Package recordings finds recorded calls for tests: those that this
// repository ships as fixtures, and those that others made, which it does not
// contain. It knows nothing of what is in them.
package recordings

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"testing"
)

// Folder returns where the recordings of others are, if they are anywhere:
// PEERGLASS_TESTDATA, or shared/testdata beside the repository.
func Folder() string {
	if dir := os.Getenv("PEERGLASS_TESTDATA"); dir != "" {
		return dir
	}
	return filepath.Join(root(), "..", "shared", "testdata")
}

// Dir returns Folder, or skips the test where it does not exist.
func Dir(t testing.TB) string {
	t.Helper()
	dir := Folder()
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("the recordings are not here (%s); PEERGLASS_TESTDATA names another folder", dir)
	}
	return dir
}

// Frames returns the frames of the recorded call that a protocol's package
// ships: callstats, jitsi, observertc, peermetrics, rtcstats or watchrtc.
func Frames(t testing.TB, protocol string) [][]byte {
	t.Helper()
	return Lines(t, protocol, "session.jsonl.gz")
}

// Lines returns the lines of a compressed file that a protocol's package ships.
func Lines(t testing.TB, protocol, name string) [][]byte {
	t.Helper()
	f, err := os.Open(filepath.Join(root(), "protocol", protocol, "testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	gz, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var lines [][]byte
	in := bufio.NewScanner(gz)
	in.Buffer(nil, 4<<20)
	for in.Scan() {
		lines = append(lines, bytes.Clone(in.Bytes()))
	}
	if err := in.Err(); err != nil {
		t.Fatal(err)
	}
	return lines
}

// root is the folder of go.mod above the test.
func root() string {
	dir, err := os.Getwd()
	if err != nil {
		return ""
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil || dir == filepath.Dir(dir) {
			return dir
		}
		dir = filepath.Dir(dir)
	}
}
