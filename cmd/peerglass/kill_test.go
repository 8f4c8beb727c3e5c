package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/lxzan/gws"

	"github.com/peerglass/peerglass/dump"
	"github.com/peerglass/peerglass/rtc"
)

// marker is a client that keeps what is not acknowledged, and comes back with
// it when the connection is lost, as @jitsi/rtcstats 9.7 does. What it sends
// are numbered marks.
type marker struct {
	gws.BuiltinEventHandler
	t       *testing.T
	ctx     context.Context
	cancel  context.CancelFunc
	running sync.WaitGroup
	address string
	mu      sync.Mutex
	changed *sync.Cond
	made    int  // marks made; a mark's number is its sequence number
	acked   int  // the server has on disk
	limit   int  // make no more marks than these
	greeted bool // the connection's first number is there
	lost    bool // the connection is
	down    bool // the program is: who dials a dead port of this machine again and again may reach themselves
}

// startMarker lets a marker send until it is told to finish, or to end.
func startMarker(p *program) *marker {
	m := &marker{t: p.T, limit: 1 << 30, address: "ws" + strings.TrimPrefix(p.url, "http") + "/ingest/jitsi/" + p.ingestKey + "/killed?statsSessionId=marker&isReconnect="}
	m.changed = sync.NewCond(&m.mu)
	m.ctx, m.cancel = context.WithCancel(p.Context())
	m.running.Go(m.run)
	return m
}

// inFlight is how many marks may wait for their acknowledgement: below the
// 1,000 that the real client keeps.
const inFlight = 300

func (m *marker) OnMessage(_ *gws.Conn, message *gws.Message) {
	defer func() { _ = message.Close() }()
	var told struct {
		Body struct {
			Value int    `json:"value"`
			State string `json:"state"`
		} `json:"body"`
	}
	if json.Unmarshal(message.Bytes(), &told) != nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.acked = max(m.acked, told.Body.Value)
	m.greeted = m.greeted || told.Body.State == "initial"
	m.changed.Broadcast()
}

func (m *marker) OnClose(*gws.Conn, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.lost = true
	m.changed.Broadcast()
}

// run sends until its end or, after finish, everything is acknowledged.
func (m *marker) run() {
	defer context.AfterFunc(m.ctx, m.wake)()
	for again := false; m.ctx.Err() == nil; again = true {
		m.mu.Lock()
		for m.down && m.ctx.Err() == nil {
			m.changed.Wait()
		}
		m.greeted, m.lost = false, false
		m.mu.Unlock()
		socket, _, err := gws.NewClient(m, &gws.ClientOption{Addr: m.address + strconv.FormatBool(again), RequestHeader: http.Header{"Sec-WebSocket-Protocol": {"3.1_STANDARD"}}})
		if err != nil {
			continue // it was killed meanwhile
		}
		go socket.ReadLoop()
		if m.feed(socket) {
			_ = socket.WriteClose(3001, []byte("left"))
			return
		}
		_ = socket.WriteClose(1006, nil) // it is lost already
	}
}

// feed sends on one connection; it reports whether all is done.
func (m *marker) feed(socket *gws.Conn) bool {
	m.mu.Lock()
	for !m.greeted && !m.lost && m.ctx.Err() == nil {
		m.changed.Wait()
	}
	next := m.acked + 1
	for {
		switch {
		case m.ctx.Err() != nil || m.lost:
			m.mu.Unlock()
			return false
		case m.acked >= m.limit:
			m.mu.Unlock()
			return true
		case next <= m.limit && next <= m.acked+inFlight:
			m.made = max(m.made, next)
			m.mu.Unlock()
			entry := fmt.Sprintf(`["mark",null,{"i":%d},%d,%d]`, next, 1_770_000_000_000+next, next)
			_ = socket.WriteString(fmt.Sprintf(`{"statsSessionId":"marker","type":"stats-entry","data":%q}`, entry)) // OnClose tells of a failure
			next++
			m.mu.Lock()
		default:
			m.changed.Wait()
		}
	}
}

// waitAcked waits for n more acknowledged marks than there are.
func (m *marker) waitAcked(n int) {
	defer context.AfterFunc(m.ctx, m.wake)()
	m.mu.Lock()
	defer m.mu.Unlock()
	for until := m.acked + n; m.acked < until && m.ctx.Err() == nil; {
		m.changed.Wait()
	}
}

// wake makes those who wait look again; with the lock, so that nobody is
// missed who has looked and is about to wait.
func (m *marker) wake() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.changed.Broadcast()
}

// program tells whether the program is down.
func (m *marker) program(down bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.down = down
	m.changed.Broadcast()
}

// finish makes no further marks, waits until all are acknowledged, and returns
// how many there are.
func (m *marker) finish() int {
	m.mu.Lock()
	m.limit = m.made
	m.changed.Broadcast()
	m.mu.Unlock()
	m.running.Wait()
	m.t.Logf("%d marks were sent and acknowledged", m.limit)
	return m.limit
}

// end is for a test that failed.
func (m *marker) end() {
	m.cancel()
	m.running.Wait()
}

// The program and its engine are killed 20 times while a client sends. What
// was acknowledged, and in the end everything, is there once.
func TestKills(t *testing.T) {
	p := start(t)
	m := startMarker(p)
	defer m.end()

	random := rand.New(rand.NewPCG(2, 2026)) // the same moments in each run, as far as machines allow
	for i := range 20 {
		m.waitAcked(1 + random.IntN(400))
		if i%2 == 1 {
			pids := regexp.MustCompile(`embedded engine is ready" pid=(\d+)`).FindAllStringSubmatch(p.printed.String(), -1)
			pid, err := strconv.Atoi(pids[len(pids)-1][1])
			if err != nil {
				t.Fatal(err)
			}
			_ = syscall.Kill(pid, syscall.SIGKILL) // it may be on its way up from the kill before
			p.eventually("the engine to be back", func() bool {
				return strings.Count(p.printed.String(), "embedded engine is ready") > len(pids)
			})
			continue
		}
		m.program(true)
		if err := p.cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		<-p.exited
		p.launch()
		m.program(false)
	}
	total := m.finish()

	var calls callList
	p.eventually("one call, without anybody in it", func() bool {
		calls = ask[callList](p, "/apps/1/calls")
		if calls.Total == 0 {
			return false // it is on its way into the store
		}
		if calls.Total != 1 || calls.Items[0].Sessions != 1 {
			t.Fatalf("the kills made of one session %+v", calls)
		}
		detail := ask[callDetail](p, "/apps/1/calls/"+calls.Items[0].ID)
		return len(detail.People) == 1 && detail.People[0].Stays[0].HasDump
	})
	place := "/apps/1/calls/" + calls.Items[0].ID
	p.marks(place, total)

	detail := ask[callDetail](p, place)
	text := p.get(place + "/sessions/" + detail.People[0].Stays[0].ID + "/dump?gzip=false")
	source, err := dump.Open(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	dumped := marks{}
	if err := source.Replay(dumped); err != nil {
		t.Fatal(err)
	}
	onlyOnce(t, "dump", dumped, total)
}

// marks counts the marks in a dump by their number.
type marks map[int]int

func (m marks) Record(r *rtc.Record) error {
	if string(r.Name) == "mark" {
		var v struct{ I int }
		if err := json.Unmarshal(r.Payload, &v); err != nil {
			return err
		}
		m[v.I]++
	}
	return nil
}

// marks waits until every mark is in the store, and looks whether each is there
// once.
func (p *program) marks(place string, total int) {
	p.Helper()
	stored := map[int]int{}
	p.eventually("every mark in the store", func() bool {
		clear(stored)
		for cursor := ""; ; {
			page := ask[struct {
				Items []struct{ Value struct{ I int } }
				Next  *string
			}](p, place+"/events?search=mark&limit=10000&cursor="+url.QueryEscape(cursor))
			for _, e := range page.Items {
				stored[e.Value.I]++
			}
			if page.Next == nil {
				break
			}
			cursor = *page.Next
		}
		return len(stored) >= total
	})
	onlyOnce(p.T, "store", stored, total)
}

func onlyOnce(t *testing.T, where string, seen map[int]int, total int) {
	t.Helper()
	for i := 1; i <= total; i++ {
		if seen[i] != 1 {
			t.Errorf("mark %d of %d is %d times in the %s", i, total, seen[i], where)
			return
		}
	}
	if len(seen) != total {
		t.Errorf("the %s has %d marks, %d were sent", where, len(seen), total)
	}
}
