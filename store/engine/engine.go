package engine

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// ErrUnavailable is wrapped by every error of a request that failed because
// the engine is not there at the moment: it is starting again after a crash,
// or went away while it answered. The request may be repeated; an insert may
// or may not have been stored and should carry a de-duplication token.
var ErrUnavailable = errors.New("the embedded engine is restarting, try again in a moment")

// errClosed is what requests get after Close.
var errClosed = errors.New("the embedded engine is closed")

// Options say how to run the engine. Only Dir is needed.
type Options struct {
	// Dir holds the engine's data, its lock and its socket. It is created if
	// missing and must belong to this engine alone.
	Dir string
	// Lib is the path of libchdb.so; "" looks for it (see FindLibrary).
	Lib string
	// MemoryLimit bounds the child as a whole, in bytes. 0 takes a quarter of
	// the machine's memory, at least 1.5 GiB and at most 8 GiB; less than
	// 768 MiB is raised to that.
	MemoryLimit int64
	// Log receives the supervisor's and the child's messages; nil drops them.
	Log *slog.Logger
	// Command starts the child; its own options are appended. nil runs this
	// program with the argument "engine".
	Command []string
	// Env is added to the child's environment.
	Env []string
}

// Engine is a running, supervised embedded engine.
type Engine struct {
	opts   Options
	wait   patience
	socket string
	log    *slog.Logger
	http   *http.Transport

	stop chan struct{} // closed by Close
	done chan struct{} // closed when the supervisor has ended

	mu     sync.Mutex
	ready  chan struct{} // closed while the engine answers; a new one when it ceases to
	closed bool
	pid    int
}

// URL is the base address of the HTTP interface. Its host means nothing: the
// transport, or DialContext, leads to the socket.
const URL = "http://engine"

// patience is how long the supervisor waits for what.
type patience struct {
	start     time.Duration // for the first answer: it may load the tables of a large store after a crash
	pingEvery time.Duration // between health checks
	ping      time.Duration // for the answer to one
	failures  int           // so many checks in a row without: the child hangs and is killed
	stop      time.Duration // for an orderly end, then it is killed
	backOff   time.Duration // before the first restart; it doubles with each
	backOffTo time.Duration // up to this
	healthy   time.Duration // of life, and the back-off begins anew
}

var patient = patience{
	start:     2 * time.Minute,
	pingEvery: 5 * time.Second,
	ping:      15 * time.Second,
	failures:  3,
	stop:      20 * time.Second,
	backOff:   100 * time.Millisecond,
	backOffTo: 10 * time.Second,
	healthy:   time.Minute,
}

// Start starts the engine and returns when it answers, or ctx ends, which has
// no meaning after that. From then on it is
// started again whenever it ends or hangs, until Close. The errors say what to
// do: a missing library how to install it, a directory in use who has it.
func Start(ctx context.Context, opts Options) (*Engine, error) {
	return start(ctx, opts, patient)
}

func start(ctx context.Context, opts Options, p patience) (*Engine, error) {
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	lib, err := FindLibrary(opts.Lib)
	if err != nil {
		return nil, err
	}
	opts.Lib = lib
	if opts.Dir, err = filepath.Abs(opts.Dir); err != nil {
		return nil, fmt.Errorf("start the embedded engine: %w", err)
	}
	if err := os.MkdirAll(opts.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("start the embedded engine: create its directory: %w", err)
	}
	if opts.Command == nil {
		self, err := os.Executable()
		if err != nil {
			return nil, fmt.Errorf("start the embedded engine: find this program: %w", err)
		}
		opts.Command = []string{self, "engine"}
	}
	socket, err := socketPath(opts.Dir)
	if err != nil {
		return nil, err
	}
	e := &Engine{
		opts:   opts,
		wait:   p,
		socket: socket,
		log:    opts.Log,
		stop:   make(chan struct{}),
		done:   make(chan struct{}),
		ready:  make(chan struct{}),
	}
	e.http = &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return e.DialContext(ctx, "")
		},
		// Compression costs more than a local socket.
		DisableCompression:  true,
		MaxIdleConns:        32,
		MaxIdleConnsPerHost: 32,
		IdleConnTimeout:     time.Minute,
	}
	first := make(chan error, 1)
	go e.supervise(first)
	select {
	case err := <-first:
		if err != nil {
			<-e.done
			return nil, err
		}
		return e, nil
	case <-ctx.Done():
		e.Close()
		return nil, fmt.Errorf("start the embedded engine: %w", ctx.Err())
	}
}

// Socket is the path of the unix socket on which the child serves ClickHouse's
// HTTP interface. Whoever may write to it may read and change everything; it
// is open to this user only.
func (e *Engine) Socket() string { return e.socket }

// Dir is where the engine keeps its data.
func (e *Engine) Dir() string { return e.opts.Dir }

// Pid is the child's process id, 0 while there is none.
func (e *Engine) Pid() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.pid
}

// Wait returns when the engine answers, or with an error when ctx ends or the
// engine is closed. It is for what would otherwise ask again and again after
// ErrUnavailable.
func (e *Engine) Wait(ctx context.Context) error {
	e.mu.Lock()
	ready := e.ready
	e.mu.Unlock()
	select {
	case <-e.stop:
		return errClosed
	default:
	}
	select {
	case <-ready:
		return nil
	case <-e.stop:
		return errClosed
	case <-ctx.Done():
		return ctx.Err()
	}
}

// DialContext connects to the engine, whatever the address. It has the shape
// that clickhouse-go's Options.DialContext wants.
func (e *Engine) DialContext(ctx context.Context, _ string) (net.Conn, error) {
	e.mu.Lock()
	ready := e.ready
	e.mu.Unlock()
	select {
	case <-e.stop:
		return nil, errClosed
	case <-ready:
	default:
		return nil, ErrUnavailable
	}
	var d net.Dialer
	c, err := d.DialContext(ctx, "unix", e.socket)
	if err != nil {
		return nil, unavailable(ctx, err)
	}
	return c, nil
}

// Transport sends requests to the engine, whatever host they name. Failures of
// the connection wrap ErrUnavailable.
func (e *Engine) Transport() http.RoundTripper { return (*transport)(e) }

// HTTPClient is a client on Transport; use it with URL.
func (e *Engine) HTTPClient() *http.Client { return &http.Client{Transport: e.Transport()} }

type transport Engine

func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := t.http.RoundTrip(r)
	if err != nil {
		return nil, unavailable(r.Context(), err)
	}
	res.Body = &answerBody{res.Body, r.Context()}
	return res, nil
}

// answerBody is an answer that may break off because the child ends.
type answerBody struct {
	io.ReadCloser
	ctx context.Context
}

func (b *answerBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil && err != io.EOF {
		err = unavailable(b.ctx, err)
	}
	return n, err
}

// unavailable makes a failure of the connection one that wraps ErrUnavailable,
// unless the caller ended it.
func unavailable(ctx context.Context, err error) error {
	if ctx.Err() != nil || errors.Is(err, ErrUnavailable) || errors.Is(err, errClosed) {
		return err
	}
	return fmt.Errorf("%w (%w)", ErrUnavailable, err)
}

// Close ends the child in order: inserts in progress are finished, queries are
// cancelled. It returns when the child is gone. Closing twice is no error.
func (e *Engine) Close() error {
	e.mu.Lock()
	if !e.closed {
		e.closed = true
		close(e.stop)
	}
	e.mu.Unlock()
	<-e.done
	e.http.CloseIdleConnections()
	return nil
}

// supervise runs children one after the other. first hears how the first start
// went; if it failed the supervisor has ended.
func (e *Engine) supervise(first chan<- error) {
	defer close(e.done)
	backOff := e.wait.backOff
	for started := false; ; {
		began := time.Now()
		err := e.runChild(func() {
			if !started {
				started = true
				first <- nil
			}
		})
		if e.stopping() {
			if !started {
				first <- errClosed
			}
			return
		}
		if !started {
			first <- err
			return
		}
		if time.Since(began) > e.wait.healthy {
			backOff = e.wait.backOff
		}
		e.log.Error("the embedded engine ended and is started again", "reason", err, "in", backOff)
		select {
		case <-time.After(backOff):
		case <-e.stop:
			return
		}
		backOff = min(2*backOff, e.wait.backOffTo)
	}
}

func (e *Engine) stopping() bool {
	select {
	case <-e.stop:
		return true
	default:
		return false
	}
}

// runChild starts one child and returns when it has ended, with the reason.
func (e *Engine) runChild(onReady func()) error {
	args := append(e.opts.Command[1:len(e.opts.Command):len(e.opts.Command)],
		"--dir="+e.opts.Dir, "--lib="+e.opts.Lib, "--socket="+e.socket, "--stop-with-stdin",
		"--memory="+strconv.FormatInt(e.opts.MemoryLimit, 10))
	cmd := exec.Command(e.opts.Command[0], args...)
	// Times without a zone mean the same on every machine.
	cmd.Env = append(append(os.Environ(), "TZ=UTC"), e.opts.Env...)
	// An interrupt typed at the terminal goes to the whole group; the child
	// must outlive it until the program has flushed and calls Close.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	// The child ends when this pipe does: however we die, the kernel closes it.
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return fmt.Errorf("start the embedded engine: %w", err)
	}
	defer stdin.Close()
	stderr, err := cmd.StderrPipe()
	if err != nil {
		return fmt.Errorf("start the embedded engine: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start the embedded engine: %w", err)
	}
	e.setChild(cmd.Process.Pid, false)
	defer e.setChild(0, false)

	last := make(chan string, 1)
	go func() { last <- e.relay(stderr) }()
	exited := make(chan error, 1)
	go func() {
		said := <-last // the pipe must be read to its end before Wait
		exited <- exitReason(cmd.Wait(), said)
	}()

	if err := e.awaitReady(cmd, exited); err != nil {
		return e.end(cmd, exited, err)
	}
	e.setChild(cmd.Process.Pid, true)
	e.log.Info("the embedded engine is ready", "pid", cmd.Process.Pid, "socket", e.socket)
	onReady()
	for failures := 0; ; {
		select {
		case err := <-exited:
			return err
		case <-e.stop:
			return e.end(cmd, exited, errClosed)
		case <-time.After(e.wait.pingEvery):
		}
		if err := e.ping(cmd.Process.Pid); err == nil {
			failures = 0
		} else if failures++; failures == e.wait.failures {
			return e.end(cmd, exited, fmt.Errorf("it does not answer: %w", err))
		}
	}
}

func (e *Engine) setChild(pid int, ready bool) {
	e.mu.Lock()
	e.pid = pid
	if ready {
		close(e.ready)
	} else {
		select {
		case <-e.ready:
			e.ready = make(chan struct{})
		default:
		}
	}
	e.mu.Unlock()
}

// awaitReady waits until the child answers.
func (e *Engine) awaitReady(cmd *exec.Cmd, exited chan error) error {
	limit := time.After(e.wait.start)
	for {
		if e.ping(cmd.Process.Pid) == nil {
			return nil
		}
		select {
		case err := <-exited:
			exited <- err
			return err
		case <-e.stop:
			return errClosed
		case <-limit:
			return fmt.Errorf("start the embedded engine: it did not answer within %v", e.wait.start)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// end asks the child to end, kills it if it does not, and returns the reason
// for which it was ended.
func (e *Engine) end(cmd *exec.Cmd, exited chan error, reason error) error {
	e.setChild(cmd.Process.Pid, false)
	select {
	case <-exited:
		return reason
	default:
	}
	if e.stopping() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-exited:
			return reason
		case <-time.After(e.wait.stop):
			e.log.Warn("the embedded engine did not end in time and is killed", "pid", cmd.Process.Pid)
		}
	}
	_ = cmd.Process.Kill()
	<-exited
	return reason
}

// ping asks the child for /ping on a connection of its own, past the state of
// Ready.
func (e *Engine) ping(pid int) error {
	ctx, cancel := context.WithTimeout(context.Background(), e.wait.ping)
	defer cancel()
	var d net.Dialer
	c, err := d.DialContext(ctx, "unix", e.socket)
	if err != nil {
		return err
	}
	defer c.Close()
	deadline, _ := ctx.Deadline()
	_ = c.SetDeadline(deadline)
	if _, err := io.WriteString(c, "GET /ping HTTP/1.1\r\nHost: engine\r\nConnection: close\r\n\r\n"); err != nil {
		return err
	}
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("the ping was answered %s", res.Status)
	}
	if who := res.Header.Get(pidHeader); who != strconv.Itoa(pid) {
		return fmt.Errorf("the ping was answered by process %s, not by %d", who, pid)
	}
	return nil
}

// relay logs the child's messages and returns the last one.
func (e *Engine) relay(r io.Reader) (last string) {
	lines := bufio.NewReaderSize(r, 16<<10)
	for {
		line, err := lines.ReadSlice('\n')
		if text := strings.TrimSpace(string(line)); text != "" {
			last = text
			e.log.Warn("engine: " + text)
		}
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return last
		}
	}
}

// exitReason makes one sentence of how the child ended and what it said last.
func exitReason(err error, said string) error {
	if err == nil {
		err = errors.New("it ended by itself")
	}
	if said == "" {
		return fmt.Errorf("the embedded engine: %w", err)
	}
	return fmt.Errorf("the embedded engine: %s (%w)", said, err)
}

// socketPath is the socket's place. A path of a unix socket has at most 107
// bytes; for a directory with a longer one it stands in the temporary folder.
func socketPath(dir string) (string, error) {
	path := filepath.Join(dir, "engine.sock")
	if len(path) < 104 {
		return path, nil
	}
	tmp, err := os.MkdirTemp("", "peerglass-")
	if err != nil {
		return "", fmt.Errorf("start the embedded engine: a folder for its socket: %w", err)
	}
	return filepath.Join(tmp, "engine.sock"), nil
}
