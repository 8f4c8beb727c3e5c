package ingest

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/peerglass/peerglass/blob"
	"github.com/peerglass/peerglass/session"
	"github.com/peerglass/peerglass/spool"
)

// The environment of the child that is killed: its data folder.
const childDir = "PEERGLASS_INGEST_TEST_CHILD"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		if err := child(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// child is a server in a process of its own: it prints its address and works
// until its standard input ends.
func child(dir string) error {
	sp, err := spool.Open(spool.Options{Dir: dir + "/spool", Reserve: -1, Linger: time.Millisecond})
	if err != nil {
		return err
	}
	blobs, err := blob.OpenFolder(dir + "/blobs")
	if err != nil {
		return err
	}
	s, err := New(Options{
		Spool: sp, Store: Discard{}, Blob: blobs, Access: access{}, Metrics: prometheus.NewRegistry(),
		Rooms: session.NewRooms(Discard{}, rand.Uint64), Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return err
	}
	s.clearEvery = 20 * time.Millisecond
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	go func() { _ = http.Serve(listener, s.Handler()) }()
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	fmt.Println("http://" + listener.Addr().String())
	if err := s.Run(ctx); err != nil {
		return err
	}
	return sp.Close()
}

// victim is a running child.
type victim struct {
	cmd   *exec.Cmd
	stdin io.Closer
	url   string
}

func startChild(t *testing.T, dir string) *victim {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childDir+"="+dir)
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatalf("the child did not start: %v", err)
	}
	return &victim{cmd, stdin, strings.TrimSpace(line)}
}

// The whole program is killed (SIGKILL) at 20 random moments while clients
// send. Every entry of every client, acknowledged ones above all, is in the
// dumps once, in order.
func TestKillLosesNothing(t *testing.T) {
	if testing.Short() {
		t.Skip("starts and kills 20 processes: not with -short")
	}
	dir := t.TempDir()
	v := startChild(t, dir)
	s := &server{t: t, http: &httptest.Server{URL: v.url}}
	const clients = 6
	all := make([]*jitsiClient, clients)
	for i := range all {
		all[i] = &jitsiClient{id: fmt.Sprintf("client-%d", i)}
		all[i].connect(s)
	}
	for range 20 {
		// The moment: somewhere within a stream of frames, their commits and
		// their acknowledgements.
		stop := make(chan struct{})
		var talk sync.WaitGroup
		for _, j := range all {
			talk.Go(func() {
				for {
					select {
					case <-stop:
						return
					default:
						j.say()
						time.Sleep(time.Duration(rand.IntN(1000)) * time.Microsecond)
					}
				}
			})
		}
		time.Sleep(time.Duration(20+rand.IntN(400)) * time.Millisecond)
		if err := v.cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		close(stop)
		talk.Wait()
		_ = v.cmd.Wait()
		v = startChild(t, dir)
		s.http.URL = v.url
		for _, j := range all {
			j.connect(s)
		}
	}
	for _, j := range all {
		eventually(t, "the last acknowledgement of "+j.id, j.empty)
		_ = j.current.socket.WriteClose(3001, nil)
		j.current.refused()
	}
	var err error
	if s.blobs, err = blob.OpenFolder(dir + "/blobs"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the dumps", func() bool {
		n := 0
		for range s.blobs.List(context.Background(), "") {
			n++
		}
		return n == clients
	})
	if err := v.stdin.Close(); err != nil {
		t.Fatal(err)
	}
	if err := v.cmd.Wait(); err != nil {
		t.Errorf("the child's end: %v", err)
	}
	dumps := s.dumps()
	for _, j := range all {
		numbers := j.numbers(dumps)
		if len(numbers) != j.next {
			t.Errorf("%s: %d of %d entries in the dump", j.id, len(numbers), j.next)
			continue
		}
		for i, sn := range numbers {
			if sn != uint64(i+1) {
				t.Errorf("%s: entry %d stands at place %d", j.id, sn, i+1)
				break
			}
		}
	}
}
