package engine_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/peerglass/peerglass/store/engine"
)

// TestDiskFull fills the disk: inserts fail with a clear error, reads go on,
// and inserts go on when there is room.
func TestDiskFull(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=64m"); err != nil {
		t.Skipf("needs a small file system of its own, and mounting one failed: %v (run as root)", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	e := start(t, func(o *engine.Options) { o.Dir = dir })
	want(t, e, "", "CREATE TABLE t (id UInt64, noise String) ENGINE = MergeTree ORDER BY id")
	ballast := filepath.Join(dir, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 32<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	acked := 0
	var full response
	for {
		full = post(t, e, fmt.Sprintf("INSERT INTO t SELECT number + %d, randomString(1000) FROM numbers(2000)", acked), "", "workload", "insert")
		if full.status != http.StatusOK {
			break
		}
		if acked += 2000; acked > 1e6 {
			t.Fatal("the disk does not get full")
		}
	}
	if full.status != http.StatusInsufficientStorage || !strings.Contains(full.body, "space") {
		t.Errorf("a full disk: got %+v", full)
	}
	t.Log(full.status, strings.TrimSpace(full.body))
	want(t, e, fmt.Sprintln(acked), "SELECT count() FROM t")
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	want(t, e, "", fmt.Sprintf("INSERT INTO t SELECT number + %d, randomString(1000) FROM numbers(2000)", acked), "workload", "insert")
	want(t, e, fmt.Sprintln(acked+2000), "SELECT uniqExact(id) FROM t")
}
