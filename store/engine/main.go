package engine

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"strings"
	"syscall"
	"time"
)

// How long the child waits.
const (
	lockLimit  = 5 * time.Second  // for another child, just about to end, to let the directory go
	drainLimit = 10 * time.Second // for inserts in progress when told to end
)

// Main is the child, `peerglass engine`: it serves the library on a unix
// socket until it is told to end (SIGTERM or interrupt) or its parent dies.
// args are the command line behind "engine"; the result is the exit code.
// What it has to say goes to standard error, the reason of a failure last.
func Main(args []string) int {
	flags := flag.NewFlagSet("peerglass engine", flag.ContinueOnError)
	dir := flags.String("dir", "", "directory of the data, the lock and the socket")
	lib := flags.String("lib", "", "path of libchdb.so (default: looked for)")
	socket := flags.String("socket", "", "path of the socket (default: engine.sock in the directory)")
	memory := flags.Int64("memory", 0, "bytes of memory for the whole process (default: a quarter of the machine's)")
	withStdin := flags.Bool("stop-with-stdin", false, "end when standard input does, so that no parent leaves it behind")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil {
		return 2
	}
	if err := run(*dir, *lib, *socket, *memory, *withStdin); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func run(dir, lib, socket string, memory int64, withStdin bool) error {
	if dir == "" {
		return errors.New("--dir is missing: say where the engine's data is")
	}
	// The library takes a relative path for one below its own idea of a
	// working directory.
	dir, err := filepath.Abs(dir)
	if err != nil {
		return fmt.Errorf("find the directory %s: %w", dir, err)
	}
	if err := os.MkdirAll(filepath.Join(dir, "data"), 0o700); err != nil {
		return fmt.Errorf("create the engine's directory: %w", err)
	}
	if socket == "" {
		socket = filepath.Join(dir, "engine.sock")
	}
	sacrifice()
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer cancel()
	if withStdin {
		go endWithStdin(socket)
	}
	lock, err := lockDirectory(dir, lockLimit)
	if err != nil {
		return err
	}
	defer lock.Close()
	// Only who has the lock may remove the socket: it is nobody's.
	if err := os.Remove(socket); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("remove the former socket: %w", err)
	}
	// The socket is for this user alone from the start. The mask is the whole
	// process's: the library, which makes folders, must not run yet.
	mask := syscall.Umask(0o177)
	listener, err := net.Listen("unix", socket)
	syscall.Umask(mask)
	if err != nil {
		return fmt.Errorf("open the engine's socket: %w", err)
	}
	defer listener.Close()

	path, err := FindLibrary(lib)
	if err != nil {
		return err
	}
	// What Go holds here is small: statements and pieces of data on their way.
	debug.SetMemoryLimit(192 * mib)
	opened, err := openLibrary(path)
	if err != nil {
		return err
	}
	// What queries of a killed process had laid aside; the lock says that
	// nobody uses it.
	if err := os.RemoveAll(filepath.Join(dir, "data", "tmp")); err != nil {
		return fmt.Errorf("remove former temporary data: %w", err)
	}
	plan := newPlan(memory)
	pool, err := openPool(opened, filepath.Join(dir, "data"), plan)
	if err != nil {
		return fmt.Errorf("open the engine's data in %s: %w", dir, err)
	}
	go guard(time.Tick(guardEvery), plan.total, residentMemory, pool.purge, func(reason string) {
		fmt.Fprintln(os.Stderr, reason)
		os.Exit(1)
	})

	return serve(ctx, listener, pool)
}

// serve answers until ctx ends; then it cancels queries and lets what writes
// finish.
func serve(ctx context.Context, listener net.Listener, pool *pool) error {
	srv := &http.Server{Handler: &server{pool: pool, closing: ctx}}
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(listener) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serve the engine's socket: %w", err)
	case <-ctx.Done():
	}
	limit, cancel := context.WithTimeout(context.Background(), drainLimit)
	defer cancel()
	if err := srv.Shutdown(limit); err != nil {
		_ = srv.Close() // cancels what still runs
	}
	return nil
}

// endWithStdin ends the process when standard input ends, which it does when
// the parent dies, however it dies. An abrupt end is as safe as any: whoever
// is owed an answer is gone.
func endWithStdin(socket string) {
	_, _ = io.Copy(io.Discard, os.Stdin)
	_ = os.Remove(socket)
	os.Exit(0)
}

// lockDirectory takes the directory for this process. Another one that is
// about to end gets the time to.
func lockDirectory(dir string, limit time.Duration) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, "engine.lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock the engine's directory: %w", err)
	}
	for deadline := time.Now().Add(limit); ; time.Sleep(20 * time.Millisecond) {
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			break
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) || time.Now().After(deadline) {
			holder, _ := io.ReadAll(io.LimitReader(f, 20))
			f.Close()
			if !errors.Is(err, syscall.EWOULDBLOCK) {
				return nil, fmt.Errorf("lock the engine's directory: %w", err)
			}
			return nil, fmt.Errorf("the directory %s is in use by another engine (process %s): end that one, or use another directory", dir, strings.TrimSpace(string(holder)))
		}
	}
	if err := f.Truncate(0); err == nil {
		_, _ = fmt.Fprintf(f, "%d\n", os.Getpid())
	}
	return f, nil
}
