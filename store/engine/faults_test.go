package engine_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/peerglass/peerglass/store/engine"
)

// TestKill ends the child with kill -9 at random moments during inserts: it is
// started again each time, and every acknowledged row is there.
func TestKill(t *testing.T) {
	const kills, writers = 10, 3
	if _, err := engine.FindLibrary(""); err != nil {
		t.Skip(err)
	}
	e, err := engine.StartEager(context.Background(), options(t))
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	want(t, e, "", "CREATE TABLE t (writer UInt8, id UInt32) ENGINE = MergeTree ORDER BY (writer, id)")
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	var acked [writers]int // rows 1…n of each writer
	progress := make(chan struct{}, 1)
	done := make(chan error, writers)
	for w := range acked {
		go func() {
			for id := 1; ctx.Err() == nil; {
				r, err := send(context.Background(), e, "INSERT INTO t FORMAT TSV", strings.NewReader(fmt.Sprintf("%d\t%d\n", w, id)))
				switch {
				case err != nil && !errors.Is(err, engine.ErrUnavailable):
					done <- fmt.Errorf("an error that is not for repeating: %w", err)
					return
				case err == nil && r.status == http.StatusOK:
					acked[w] = id
					id++
					select {
					case progress <- struct{}{}:
					default:
					}
				}
			}
			done <- nil
		}()
	}
	killed := map[int]bool{}
	for range kills {
		for range 5 + rand.IntN(60) {
			select {
			case <-progress:
			case err := <-done:
				t.Fatal(err)
			}
		}
		pid := e.Pid()
		if pid == 0 || killed[pid] {
			t.Fatalf("pid %d answered but is not there", pid)
		}
		killed[pid] = true
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		<-progress // one acknowledgement may have been under way
	}
	<-progress
	stop()
	for range writers {
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	for w, n := range acked {
		// A repeated insert may be there twice, an acknowledged one never not.
		want(t, e, fmt.Sprintln(n), fmt.Sprintf("SELECT uniqExact(id) FROM t WHERE writer = %d AND id <= %d", w, n))
	}
	t.Logf("%d kills, acknowledged rows %v", len(killed), acked)
}

// TestHang stops the child without ending it: the supervisor kills it and
// starts another.
func TestHang(t *testing.T) {
	if _, err := engine.FindLibrary(""); err != nil {
		t.Skip(err)
	}
	e, err := engine.StartImpatient(context.Background(), options(t))
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	first := e.Pid()
	if err := syscall.Kill(first, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	for {
		r, err := send(context.Background(), e, "SELECT 1", http.NoBody)
		if err == nil && r.body == "1\n" {
			break
		}
		if err != nil && !errors.Is(err, engine.ErrUnavailable) {
			t.Fatal(err)
		}
	}
	if e.Pid() == first {
		t.Error("the stopped child answered")
	}
}

// holderEnv makes the test binary a program that starts an engine in the
// directory it names, prints "ready" and waits to be killed.
const holderEnv = "PEERGLASS_TEST_ENGINE_HOLDER"

func hold(dir string) {
	self, _ := os.Executable()
	e, err := engine.Start(context.Background(), engine.Options{Dir: dir, Command: []string{self}, Env: []string{childEnv + "=1"}})
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println("ready", e.Pid())
	select {}
}

// TestParentDeath kills the program: its child ends too and lets the directory
// go, with everything that was acknowledged.
func TestParentDeath(t *testing.T) {
	t.Parallel()
	if _, err := engine.FindLibrary(""); err != nil {
		t.Skip(err)
	}
	opts := options(t)
	parent := exec.Command(opts.Command[0])
	parent.Env = append(os.Environ(), holderEnv+"="+opts.Dir)
	out, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	line, _ := bufio.NewReader(out).ReadString('\n')
	childPid, found := strings.CutPrefix(strings.TrimSpace(line), "ready ")
	if !found {
		t.Fatalf("the program said %q", line)
	}
	child, _ := strconv.Atoi(childPid)

	// A second engine is refused while the first lives.
	_, err = engine.Start(context.Background(), opts)
	if err == nil || !strings.Contains(err.Error(), "in use by another engine (process "+childPid+")") {
		t.Errorf("a second engine on the directory: got %v", err)
	}
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = parent.Wait()
	// Starting waits for the directory: that it succeeds shows the child gone.
	e, err := engine.Start(context.Background(), opts)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	if e.Pid() == child {
		t.Error("the child outlived its parent")
	}
}

func TestMissingLibrary(t *testing.T) {
	opts := options(t)
	opts.Lib = filepath.Join(t.TempDir(), "libchdb.so")
	_, err := engine.Start(context.Background(), opts)
	if err == nil || !strings.Contains(err.Error(), "npm ci") || !strings.Contains(err.Error(), opts.Lib) {
		t.Errorf("a library that is not there: got %v", err)
	}
	t.Chdir(t.TempDir())
	t.Setenv(engine.LibraryEnv, "")
	if path, err := engine.FindLibrary(""); err == nil {
		t.Logf("a library is installed at %s", path)
	} else if !strings.Contains(err.Error(), "npm ci") {
		t.Errorf("no library: got %v", err)
	}
	// A file that is not a library ends the first start, with the reason.
	if err := os.WriteFile(opts.Lib, []byte("no library"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := engine.Start(context.Background(), opts); err == nil || !strings.Contains(err.Error(), opts.Lib) {
		t.Errorf("a file that is no library: got %v", err)
	}
}

func TestCloseTwice(t *testing.T) {
	e := start(t)
	pid := e.Pid()
	e.Close()
	e.Close()
	if err := syscall.Kill(pid, 0); err == nil {
		t.Error("the child is there after Close")
	}
	if _, err := os.Stat(e.Socket()); err == nil {
		t.Error("the socket is there after Close")
	}
	if _, err := send(context.Background(), e, "SELECT 1", http.NoBody); err == nil || errors.Is(err, engine.ErrUnavailable) {
		t.Errorf("a closed engine: got %v, want an error that is not for repeating", err)
	}
}

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
