package spool

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/peerglass/peerglass/rtc"
)

func open(t testing.TB, dir string) *Spool {
	t.Helper()
	s, err := Open(Options{Dir: dir, Reserve: -1})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func create(t testing.TB, s *Spool, id rtc.SessionID) *Log {
	t.Helper()
	l, err := s.Create(Meta{App: 1, Session: id, Protocol: "jitsi", Start: 1_700_000_000_000})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func readAll(t testing.TB, l *Log, from uint64) (frames []string, seqs []uint64) {
	t.Helper()
	_, err := l.Read(from, func(f *Frame) error {
		if f.Received != 1000+int64(f.Index) {
			return fmt.Errorf("frame %d received at %d", f.Index, f.Received)
		}
		frames, seqs = append(frames, string(f.Data)), append(seqs, f.Seq)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return frames, seqs
}

func TestRoundTrip(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	var wg sync.WaitGroup
	const sessions, frames = 20, 200
	for id := range sessions {
		wg.Go(func() {
			l := create(t, s, rtc.SessionID(id+1))
			for i := range frames {
				if err := l.Append(1000+int64(i), uint64(i+1), fmt.Appendf(nil, "s%d f%d", id, i)); err != nil {
					t.Error(err)
				}
			}
			if err := l.Wait(context.Background()); err != nil {
				t.Error(err)
			}
			if n, seq := l.Durable(); n != frames || seq != frames {
				t.Errorf("durable %d frames up to %d after Wait", n, seq)
			}
		})
	}
	wg.Wait()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}

	s = open(t, dir)
	defer s.Close()
	logs, err := s.Logs()
	if err != nil || len(logs) != sessions {
		t.Fatalf("%d sessions, error %v", len(logs), err)
	}
	for i, l := range logs {
		if m := l.Meta(); m.Session != rtc.SessionID(i+1) || m.Protocol != "jitsi" {
			t.Errorf("meta %+v", m)
		}
		got, seqs := readAll(t, l, 0)
		if len(got) != frames || got[7] != fmt.Sprintf("s%d f7", i) || seqs[7] != 8 {
			t.Errorf("session %d: %d frames", i, len(got))
		}
		if n, seq := l.Durable(); n != frames || seq != frames {
			t.Errorf("durable %d frames up to %d after opening", n, seq)
		}
		if got, _ := readAll(t, l, frames-1); len(got) != 1 {
			t.Errorf("%d frames from the last one on", len(got))
		}
		// A restored log goes on where it was.
		if err := l.Append(1000+frames, frames+1, []byte("later")); err != nil {
			t.Error(err)
		}
		if err := l.Wait(context.Background()); err != nil {
			t.Error(err)
		}
		if got, _ := readAll(t, l, frames); len(got) != 1 || got[0] != "later" {
			t.Errorf("after going on: %q", got)
		}
	}
}

func TestDeleteTakesOneSessionOnly(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	var logs []*Log
	for id := range 3 {
		l := create(t, s, rtc.SessionID(id+1))
		if err := l.Append(1000, 1, []byte("x")); err != nil {
			t.Fatal(err)
		}
		logs = append(logs, l)
	}
	if err := logs[1].Delete(); err != nil {
		t.Fatal(err)
	}
	if err := logs[1].Append(1001, 2, []byte("y")); !errors.Is(err, ErrClosed) {
		t.Errorf("append after delete: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir)
	defer s.Close()
	left, err := s.Logs()
	if err != nil {
		t.Fatal(err)
	}
	if len(left) != 2 || left[0].Meta().Session != 1 || left[1].Meta().Session != 3 {
		t.Errorf("left: %d sessions", len(left))
	}
}

func TestMetaIsReplaced(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	l := create(t, s, 5)
	err := l.Update(func(m *Meta) { m.Call, m.Room, m.Ended = 77, "room", 12 })
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir)
	defer s.Close()
	logs, err := s.Logs()
	if err != nil || len(logs) != 1 {
		t.Fatalf("%d sessions, error %v", len(logs), err)
	}
	if got := logs[0].Meta(); got.Call != 77 || got.Room != "room" || got.Ended != 12 {
		t.Errorf("meta %+v", got)
	}
}

// What Durable reports was committed is there when the process goes away
// without closing: a second spool on a copy of the files must hold it.
func TestDurableNeverRunsAhead(t *testing.T) {
	s := open(t, t.TempDir())
	defer s.Close()
	l := create(t, s, 9)
	random := rand.New(rand.NewPCG(1, 2))
	for i := range uint64(2000) {
		if err := l.Append(1000+int64(i), i+1, bytes.Repeat([]byte{'a'}, random.IntN(2000))); err != nil {
			t.Fatal(err)
		}
		if random.IntN(50) != 0 {
			continue
		}
		n, seq := l.Durable()
		if n != seq || n > i+1 {
			t.Fatalf("durable %d frames up to %d after %d", n, seq, i+1)
		}
		got, _ := readAll(t, l, 0)
		if uint64(len(got)) < n {
			t.Fatalf("durable says %d frames, %d can be read", n, len(got))
		}
	}
}

func TestBudget(t *testing.T) {
	s, err := Open(Options{Dir: t.TempDir(), Budget: 1, Reserve: -1})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.Create(Meta{Session: 1}); !errors.Is(err, ErrBudget) {
		t.Errorf("beyond the budget: %v", err)
	}
	if u := s.Usage(); u.Full == nil || u.Budget != 1 || u.Disk == 0 {
		t.Errorf("usage %+v", u)
	}
}

func TestReserve(t *testing.T) {
	s, err := Open(Options{Dir: t.TempDir(), Reserve: 1 << 62})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	_, err = s.Create(Meta{Session: 1})
	if !errors.Is(err, ErrDiskFull) || !strings.Contains(err.Error(), "free space") {
		t.Errorf("below the reserve: %v", err)
	}
}

// The cost of the spool alone: frames of a Jitsi client (3 KB) and of an
// rtcstats client (485 B) over 200 sessions.
func BenchmarkAppend(b *testing.B) {
	for _, size := range []int{485, 3072} {
		b.Run(fmt.Sprintf("%dB", size), func(b *testing.B) {
			s := open(b, b.TempDir())
			defer s.Close()
			var logs []*Log
			for id := range 200 {
				logs = append(logs, create(b, s, rtc.SessionID(id+1)))
			}
			frame := bytes.Repeat([]byte(`{"bytesReceived":123456,`), size/24+1)[:size]
			b.SetBytes(int64(size))
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				i++
				if err := logs[i%len(logs)].Append(int64(i), uint64(i), frame); err != nil {
					b.Fatal(err)
				}
			}
			if err := logs[i%len(logs)].Wait(context.Background()); err != nil {
				b.Fatal(err)
			}
		})
	}
}
