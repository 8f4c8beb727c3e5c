package spool

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// small mounts a file system of size bytes for the test.
func small(t *testing.T, size string) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+size); err != nil {
		t.Skipf("a small file system cannot be mounted (needs root on Linux): %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// A disk that runs full refuses frames by name, keeps what it said was safe,
// and goes on by itself when there is room.
func TestFullDisk(t *testing.T) {
	dir := small(t, "120m")
	ballast := filepath.Join(dir, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 96<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := Open(Options{Dir: filepath.Join(dir, "spool"), Reserve: -1, Linger: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	l := create(t, s, 1)
	frame := make([]byte, 16<<10)
	_, _ = rand.Read(frame) // nothing that compression could make room of
	taken := 0
	var refused error
	for refused == nil && taken < 100_000 {
		if refused = l.Append(1000+int64(taken), uint64(taken+1), frame); refused == nil {
			taken++
			if taken%64 == 0 {
				// Not faster than the disk: the queue in memory is not at test.
				short, cancel := context.WithTimeout(context.Background(), 2*time.Second)
				_ = l.Wait(short)
				cancel()
			}
		}
	}
	if !errors.Is(refused, ErrDiskFull) {
		t.Fatalf("after %d frames: %v", taken, refused)
	}
	if u := s.Usage(); !errors.Is(u.Full, ErrDiskFull) {
		t.Errorf("usage says %v", u.Full)
	}
	safe, seq := l.Durable()
	if safe == 0 || safe > uint64(taken) || seq != safe {
		t.Fatalf("%d of %d frames durable, up to %d", safe, taken, seq)
	}
	if got, _ := readAll(t, l, 0); uint64(len(got)) < safe {
		t.Errorf("%d of %d durable frames can be read while the disk is full", len(got), safe)
	}

	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	if err := l.Wait(t.Context()); err != nil {
		t.Fatalf("with room again: %v", err)
	}
	deadline := time.Now().Add(time.Minute)
	for l.Append(1000+int64(taken), uint64(taken+1), frame) != nil {
		if time.Now().After(deadline) {
			t.Fatalf("frames are not taken again: %v", s.Usage().Full)
		}
		time.Sleep(10 * time.Millisecond)
	}
	taken++
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if s, err = Open(Options{Dir: filepath.Join(dir, "spool"), Reserve: -1}); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	logs, err := s.Logs()
	if err != nil || len(logs) != 1 {
		t.Fatalf("%d sessions, error %v", len(logs), err)
	}
	got, _ := readAll(t, logs[0], 0)
	if len(got) != taken {
		t.Errorf("%d of %d frames after reopening", len(got), taken)
	}
	for i := range got {
		if !bytes.Equal([]byte(got[i]), frame) {
			t.Fatalf("frame %d is not what was appended", i)
		}
	}
}
