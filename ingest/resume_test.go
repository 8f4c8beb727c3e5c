package ingest

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/peerglass/peerglass/rtc"
)

// jitsiClient does what @jitsi/rtcstats 9.7.1 does: it numbers its entries,
// sends nothing before the initial number, keeps what is not acknowledged, and
// after a lost connection sends all of that again.
type jitsiClient struct {
	id string

	mu      sync.Mutex
	buffer  []buffered
	sent    int // of buffer, on the current connection
	next    int
	ready   bool
	current *client
	acked   int64

	generation int // of the connection
}

type buffered struct {
	sn    int
	frame string
}

func (j *jitsiClient) connect(s *server) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.generation++
	mine := j.generation
	j.ready, j.sent = false, 0
	hear := func(text string) { j.heard(text, mine) }
	c, status, body := s.dial(jitsiPath(j.id, j.next > 1), jitsiProtocol, hear)
	for i := 0; c == nil && (status == 0 || status == 503) && i < 3000; i++ { // it is not up yet
		time.Sleep(10 * time.Millisecond)
		c, status, body = s.dial(jitsiPath(j.id, j.next > 1), jitsiProtocol, hear)
	}
	if c == nil {
		s.t.Errorf("refused: %d %s", status, body)
		return
	}
	j.current = c
}

func (j *jitsiClient) heard(text string, generation int) {
	var m struct {
		Type string
		Body struct {
			Value int64
			State string
		}
	}
	if json.Unmarshal([]byte(text), &m) != nil || m.Type != "sn" {
		return
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if generation != j.generation {
		return // of a connection that was given up
	}
	j.acked = max(j.acked, m.Body.Value)
	for len(j.buffer) > 0 && int64(j.buffer[0].sn) <= m.Body.Value {
		j.buffer = j.buffer[1:]
		j.sent = max(0, j.sent-1)
	}
	if m.Body.State == "initial" {
		j.ready, j.sent = true, 0
	}
	j.flush()
}

func (j *jitsiClient) say() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.next++
	at := time.Now().UnixMilli()
	frame := jitsiEntry(j.id, j.next, at)
	if j.next == 1 {
		frame = jitsiIdentity(j.id, 1, at)
	}
	j.buffer = append(j.buffer, buffered{j.next, frame})
	j.flush()
}

func (j *jitsiClient) flush() {
	if !j.ready || j.current == nil {
		return
	}
	for ; j.sent < len(j.buffer); j.sent++ {
		j.current.send(j.buffer[j.sent].frame)
	}
}

func (j *jitsiClient) empty() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return len(j.buffer) == 0
}

// Whatever connection is lost and whenever: after the session's end its dump
// holds each entry once, in order. Now and then the old connection looks alive
// when the new one comes, and now and then the server itself goes away.
func TestResumeLosesAndDoublesNothing(t *testing.T) {
	dir := t.TempDir()
	store := new(memory)
	s := start(t, dir, store)
	random := rand.New(rand.NewPCG(7, uint64(time.Now().UnixNano())))
	const clients, entries = 8, 400
	all := make([]*jitsiClient, clients)
	for i := range all {
		all[i] = &jitsiClient{id: fmt.Sprintf("client-%d", i)}
		all[i].connect(s)
	}
	for n := range entries {
		for _, j := range all {
			j.say()
			switch random.IntN(60) {
			case 0:
				j.current.kill()
				j.connect(s)
			case 1:
				j.connect(s) // the old one still looks alive
			}
		}
		if n == entries/2 {
			s.shutdown()
			s = start(t, dir, store)
			for _, j := range all {
				j.connect(s)
			}
		}
	}
	for _, j := range all {
		eventually(t, "the last acknowledgement of "+j.id, j.empty)
		_ = j.current.socket.WriteClose(3001, nil)
	}
	eventually(t, "the spool to be empty", func() bool {
		logs, err := s.spool.Logs()
		return err == nil && len(logs) == 0
	})
	dumps := s.dumps()
	for _, j := range all {
		numbers := j.numbers(dumps)
		if len(numbers) != entries {
			t.Errorf("%s: %d of %d entries in the dump", j.id, len(numbers), entries)
			continue
		}
		for i, sn := range numbers {
			if sn != uint64(i+1) {
				t.Errorf("%s: entry %d stands at place %d", j.id, sn, i+1)
				break
			}
		}
	}
	if n := len(store.Sessions); n != clients {
		t.Errorf("%d session rows for %d clients", n, clients)
	}
}

// numbers are those of the client's entries in the dumps, in order.
func (j *jitsiClient) numbers(dumps map[string][]*rtc.Record) []uint64 {
	var numbers []uint64
	for _, r := range dumps[j.id] {
		if r.Seq != 0 && (len(numbers) == 0 || numbers[len(numbers)-1] != r.Seq) { // an entry may be several records
			numbers = append(numbers, r.Seq)
		}
	}
	return numbers
}
