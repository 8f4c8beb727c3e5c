package engine_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
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
				case errors.Is(err, engine.ErrUnavailable):
					_ = e.Wait(ctx)
				case err != nil:
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
	for first == 0 { // a busy machine was silent for too long already
		if err := e.Wait(context.Background()); err != nil {
			t.Fatal(err)
		}
		first = e.Pid()
	}
	if err := syscall.Kill(first, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	for {
		r, err := send(context.Background(), e, "SELECT 1", http.NoBody)
		if err == nil && r.body == "1\n" {
			break
		}
		if !errors.Is(err, engine.ErrUnavailable) {
			t.Fatal(r, err)
		}
		if err := e.Wait(context.Background()); err != nil {
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

// TestCloseDrains closes the engine while a query and an insert run: the query
// is cancelled, the insert is finished.
func TestCloseDrains(t *testing.T) {
	dir := t.TempDir()
	e := start(t, func(o *engine.Options) { o.Dir = dir })
	want(t, e, "", "CREATE TABLE t (id UInt32) ENGINE = MergeTree ORDER BY id")
	query := gather(e, 1, endless)
	running(t, e, "sipHash64", 1)
	body, w := io.Pipe()
	inserted := make(chan response, 1)
	go func() {
		r, err := send(context.Background(), e, "INSERT INTO t FORMAT TSV", body)
		if err != nil {
			r.body = err.Error()
		}
		inserted <- r
	}()
	if _, err := io.WriteString(w, strings.Repeat("1\n", 1<<20)); err != nil {
		t.Fatal(err)
	}
	running(t, e, "INSERT INTO t", 1)
	closed := make(chan error, 1)
	go func() { closed <- e.Close() }()
	if r := <-query.ended; r.header.Get("X-ClickHouse-Exception-Code") != "394" {
		t.Errorf("the query: got %+v", r)
	}
	if _, err := io.WriteString(w, "2\n"); err != nil {
		t.Fatal(err)
	}
	w.Close()
	if r := <-inserted; r.status != http.StatusOK {
		t.Errorf("the insert: got %+v", r)
	}
	<-closed
	e = start(t, func(o *engine.Options) { o.Dir = dir })
	want(t, e, fmt.Sprintln(1<<20+1), "SELECT count() FROM t")
}

// TestCrashInAnswer kills the child in the middle of an answer.
func TestCrashInAnswer(t *testing.T) {
	e := start(t)
	res, err := e.HTTPClient().Post(engine.URL, "text/plain", strings.NewReader("SELECT number FROM system.numbers"))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if err := syscall.Kill(e.Pid(), syscall.SIGSEGV); err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, res.Body); !errors.Is(err, engine.ErrUnavailable) {
		t.Errorf("got %v, want an error for repeating", err)
	}
}
