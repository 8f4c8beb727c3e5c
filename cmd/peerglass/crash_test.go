package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/peerglass/peerglass/store/clickhouse"
)

// Program and engine are killed in turn, 20 times, at random moments, while
// clients of two protocols send recorded sessions and come back with what was
// not acknowledged. In the end each session is in its dump frame by frame, and
// its rows are those of a session that nothing disturbed.
func TestKillsLoseNothing(t *testing.T) {
	const kills, clients = 20, 6
	p := start(t)
	fleet := newFleet(p)
	stays := newStays(t, fleet)
	stays.control()

	crowd := stays.crowd(clients, nil)
	defer crowd.end()

	seed := uint64(time.Now().UnixNano())
	if text := os.Getenv("PEERGLASS_SEED"); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("seed %d (PEERGLASS_SEED repeats it)", seed)
	random := rand.New(rand.NewPCG(seed, 1))
	for kill := range kills {
		// Some kills follow at once, while the one before is being replayed.
		until := fleet.written.Load()
		if random.IntN(4) > 0 {
			until += random.Int64N(150)
		}
		p.eventually("frames to be sent", func() bool { return fleet.written.Load() >= until })
		if kill%2 == 1 {
			pid := 0
			p.eventually("the engine", func() bool { pid = p.enginePID(); return pid != 0 })
			if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
				t.Fatal(err)
			}
			continue
		}
		fleet.fell()
		if err := p.cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		<-p.exited
		p.launch()
		fleet.raise()
	}
	frames := crowd.finish()
	t.Logf("%d kills; %d sessions of %d frames, all acknowledged; %d sent, %d acknowledgements, %d connections lost, %d closed by the server",
		kills, len(crowd.all), frames, fleet.written.Load(), fleet.acks.Load(), fleet.lost.Load(), fleet.refused.Load())
	p.eventually("a healthy program", p.healthy) // the engine may be on its way up
	crowd.equal()
}

// healthy reports whether every part of the program works.
func (p *program) healthy() bool { return p.health() == http.StatusOK }

// health is the status with which the program tells how it is.
func (p *program) health() int {
	p.Helper()
	res, err := http.Get(p.url + "/api/v1/health")
	if err != nil {
		p.Fatal(err)
	}
	_ = res.Body.Close()
	return res.StatusCode
}

// whatIs gives the part of text that a pattern finds, or nothing.
func whatIs(text, pattern string) string { return regexp.MustCompile(pattern).FindString(text) }

// The disk of the data folder runs full while clients send, first so that the
// reserve is touched, then to the last byte. Clients and operators are told
// why; with room again everything goes on by itself, and nothing is missing.
func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=700m"); err != nil {
		t.Skipf("needs a small file system of its own, and mounting one failed: %v (run as root)", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	p := startIn(t, dir)
	fleet := newFleet(p)
	stays := newStays(t, fleet)
	stays.control()

	var mu sync.Mutex
	told := map[string]int{}
	crowd := stays.crowd(4, func(l *line) {
		mu.Lock()
		defer mu.Unlock()
		told[fmt.Sprintf("%t %d %s", l.stay.native, l.code, l.reason)]++
	})
	defer crowd.end()
	refused := func(n int) bool {
		mu.Lock()
		defer mu.Unlock()
		jitsi, native := 0, 0
		for what, times := range told {
			if strings.Contains(what, "disk of the spool is full") {
				if strings.HasPrefix(what, "true 4503") {
					native += times
				} else if strings.HasPrefix(what, "false 1013") {
					jitsi += times
				}
			}
		}
		return jitsi >= n && native >= n
	}
	p.eventually("frames", func() bool { return fleet.written.Load() > 100+2*60 })

	ballast, err := os.Create(filepath.Join(dir, "ballast"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = ballast.Close() }()
	fill := func(leave uint64) {
		t.Helper()
		block := make([]byte, 1<<20)
		for {
			var fs syscall.Statfs_t
			if err := syscall.Statfs(dir, &fs); err != nil {
				t.Fatal(err)
			}
			room := fs.Bavail * uint64(fs.Bsize)
			if room <= leave {
				return
			}
			if _, err := ballast.Write(block[:min(uint64(len(block)), room-leave)]); err != nil && !errors.Is(err, syscall.ENOSPC) {
				t.Fatal(err)
			}
		}
	}
	look := func() {
		t.Helper()
		res, err := http.Get(p.url + "/api/v1/health")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = res.Body.Close() }()
		health, _ := io.ReadAll(res.Body)
		if res.StatusCode != http.StatusServiceUnavailable || !bytes.Contains(health, []byte("the disk of the spool is full: free space on it")) {
			t.Errorf("health: %d %s", res.StatusCode, health)
		}
		metrics := p.text(http.Get(p.url + "/metrics"))
		if !strings.Contains(metrics, "peerglass_spool_full 1") {
			t.Errorf("metrics: %s", whatIs(metrics, `peerglass_spool_full.*`))
		}
		for _, protocol := range []string{"jitsi", "native"} {
			if whatIs(metrics, `refused_total{protocol="`+protocol+`",reason="busy"} [1-9]`) == "" {
				t.Errorf("metrics count no refusal of %s", protocol)
			}
		}
		if calls := ask[callList](p, "/apps/1/calls"); calls.Total == 0 {
			t.Error("what is stored cannot be read")
		}
	}
	fill(64 << 20)
	p.eventually("clients to be refused", func() bool { return refused(2) })
	look()
	fill(0)
	acked := fleet.acks.Load()
	p.eventually("clients to be refused again", func() bool { return refused(12) })
	look()
	if now := fleet.acks.Load(); now != acked {
		t.Logf("%d acknowledgements on the full disk", now-acked) // of frames that were on it already
	}
	if err := os.Remove(ballast.Name()); err != nil {
		t.Fatal(err)
	}
	if err := ballast.Close(); err != nil {
		t.Fatal(err)
	}
	more := fleet.acks.Load() + 8
	p.eventually("acknowledgements with room again", func() bool { return fleet.acks.Load() >= more })
	frames := crowd.finish()
	mu.Lock()
	t.Logf("%d sessions of %d frames, all acknowledged; clients were told: %v", len(crowd.all), frames, told)
	mu.Unlock()
	crowd.equal()
	p.eventually("a healthy program", p.healthy)
}

// Questions that need more memory than they may have get an error that says
// so. Others are answered meanwhile, and clients send on as if nothing were.
func TestGreedyQuery(t *testing.T) {
	p := startIn(t, t.TempDir(), "--memory", "1024")
	fleet := newFleet(p)
	stays := newStays(t, fleet)
	stays.control()
	crowd := stays.crowd(4, func(l *line) { t.Errorf("%s lost its connection: %d %s", l.stay.id, l.code, l.reason) })
	defer crowd.end()

	engine := filepath.Join(p.dir, "engine", "engine.sock")
	pid := p.enginePID()
	client, err := clickhouse.New(clickhouse.Options{URL: "http://engine", Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", engine)
		},
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	const greedy = 8
	failed := make(chan error, greedy)
	for range greedy {
		go func() {
			failed <- client.Exec(crowd.ctx, clickhouse.Question{SQL: "SELECT length(groupArray(randomString(1000))) FROM numbers(100000000)"})
		}()
	}
	answered := 0
	for got := 0; got < greedy; {
		select {
		case err := <-failed:
			got++
			if !clickhouse.IsCode(err, clickhouse.CodeMemoryLimit) {
				t.Errorf("a greedy question: %v", err)
			} else if got == 1 {
				t.Logf("a greedy question: %.300v", err)
			}
		default:
			if calls := ask[callList](p, "/apps/1/calls"); calls.Total < 2 {
				t.Errorf("beside greedy questions the list has %d calls", calls.Total)
			}
			answered++
		}
	}
	if now := p.enginePID(); now != pid {
		t.Errorf("the engine was started anew: %d, then %d", pid, now)
	}
	frames := crowd.finish()
	t.Logf("%d greedy questions failed, %d others were answered meanwhile; %d sessions of %d frames, all acknowledged", greedy, answered, len(crowd.all), frames)
	crowd.equal()
}
