package engine_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/peerglass/peerglass/store/engine"
)

// endless runs until it is cancelled, and gives nothing before.
const endless = "SELECT sum(sipHash64(number)) FROM numbers(1000000000000)"

// crowd is a number of requests that run at the same time.
type crowd struct {
	cancel context.CancelFunc
	ended  chan response
	n      int
}

func gather(e *engine.Engine, n int, sql string, params ...string) *crowd {
	ctx, cancel := context.WithCancel(context.Background())
	c := &crowd{cancel, make(chan response, n), n}
	for range n {
		go func() {
			r, err := send(ctx, e, sql, http.NoBody, params...)
			if err != nil {
				r.body = err.Error()
			}
			c.ended <- r
		}()
	}
	return c
}

// running waits until as many statements that contain the text run.
func running(t *testing.T, e *engine.Engine, text string, n int) {
	t.Helper()
	for {
		r := post(t, e, "SELECT count() FROM system.processes WHERE query LIKE {like:String} AND query NOT LIKE '%system.processes%'", "",
			"param_like", "%"+text+"%", "workload", "cheap")
		if r.status != http.StatusOK {
			t.Fatal(r)
		}
		if strings.TrimSpace(r.body) == fmt.Sprint(n) {
			return
		}
	}
}

// TestLanes fills the heavy lane and its queue: cheap queries and inserts are
// answered while every heavy query is still unanswered.
func TestLanes(t *testing.T) {
	e := start(t)
	want(t, e, "", "CREATE TABLE t (id UInt32) ENGINE = MergeTree ORDER BY id")
	heavy := gather(e, 12, endless)
	defer heavy.cancel()
	running(t, e, "sipHash64", heavyLane)
	for i := range 20 {
		if r := post(t, e, "INSERT INTO t FORMAT TSV", fmt.Sprintln(i)); r.status != http.StatusOK {
			t.Fatal(r)
		}
		want(t, e, fmt.Sprintln(i+1), "SELECT count() FROM t", "workload", "cheap")
	}
	if len(heavy.ended) > 0 {
		t.Fatalf("a heavy query ended: %+v", <-heavy.ended)
	}
	running(t, e, "sipHash64", heavyLane)
}

// heavyLane is how many heavy queries run at once on this machine.
var heavyLane = engine.HeavyConnections()

// TestCancellation: when clients go away their statements are killed, before
// the first block of an answer, in the middle of one, and in the queue; and
// the lane is free again.
func TestCancellation(t *testing.T) {
	e := start(t)
	for range 3 {
		c := gather(e, 2*heavyLane, endless)
		running(t, e, "sipHash64", heavyLane)
		c.cancel()
		for range c.n {
			<-c.ended
		}
		running(t, e, "sipHash64", 0)
		want(t, e, "10\n", "SELECT count() FROM numbers(10)", "workload", "heavy")
	}

	// In the middle: read a little of an endless answer, then close.
	for range 2 * heavyLane {
		res, err := e.HTTPClient().Post(engine.URL, "text/plain", strings.NewReader("SELECT number FROM system.numbers"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.CopyN(io.Discard, res.Body, 1<<20); err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
	}
	running(t, e, "system.numbers", 0)

	// An insert whose client dies leaves nothing.
	want(t, e, "", "CREATE TABLE t (id UInt32) ENGINE = MergeTree ORDER BY id")
	body, w := io.Pipe()
	sent := make(chan error, 1)
	go func() {
		_, err := send(context.Background(), e, "INSERT INTO t FORMAT TSV", body)
		sent <- err
	}()
	if _, err := io.WriteString(w, "1\n2\n3\n"); err != nil {
		t.Fatal(err)
	}
	w.CloseWithError(fmt.Errorf("the client died"))
	if err := <-sent; err == nil {
		t.Fatal("half an insert was acknowledged")
	}
	running(t, e, "INSERT INTO t", 0)
	want(t, e, "0\n", "SELECT count() FROM t", "workload", "cheap")
}

// TestMemory: a query that cannot do with its share fails with a clear error
// while others, also greedy ones, go on; one that can sort and group on disk
// does so.
func TestMemory(t *testing.T) {
	e := start(t, func(o *engine.Options) { o.MemoryLimit = 1 << 30 })
	greedy := gather(e, 8, "SELECT length(groupArray(number)) FROM numbers(1000000000)")
	cheap := gather(e, 40, "SELECT count() FROM numbers(1000)", "workload", "cheap")
	for range cheap.n {
		if r := <-cheap.ended; r.status != http.StatusOK || r.body != "1000\n" {
			t.Errorf("a cheap query beside greedy ones: %+v", r)
		}
	}
	for range greedy.n {
		r := <-greedy.ended
		if r.header.Get("X-ClickHouse-Exception-Code") != "241" || !strings.Contains(r.body, "MEMORY_LIMIT_EXCEEDED") || strings.Contains(r.body, "total") {
			t.Errorf("a greedy query: got %+v, want its own memory limit", r)
		}
	}
	// Each needs several times its share.
	want(t, e, "10000000\n", "SELECT count() FROM (SELECT number FROM numbers(10000000) GROUP BY number)")
	want(t, e, "9999998\n", "SELECT toString(number) AS s FROM numbers(10000000) ORDER BY s LIMIT 9999998, 1")
}

// TestMemoryOfTheWhole lets queries raise their own limits, so that they meet
// the one of the process: it holds, others are answered, and what the process
// took is given back.
func TestMemoryOfTheWhole(t *testing.T) {
	const limit = 1 << 30
	e := start(t, func(o *engine.Options) { o.MemoryLimit = limit })
	child := e.Pid()
	greedy := gather(e, 6, "SELECT length(groupArray(number)) FROM numbers(1000000000)", "max_memory_usage", "0")
	for range greedy.n {
		r := <-greedy.ended
		if r.header.Get("X-ClickHouse-Exception-Code") != "241" {
			t.Errorf("a greedy query: got %+v", r)
		}
	}
	for resident(child) > limit*3/4>>20 {
		want(t, e, "1000\n", "SELECT count() FROM numbers(1000)", "workload", "cheap")
	}
	if e.Pid() != child {
		t.Error("the child ended")
	}
}

// TestSettingsDoNotLeak keeps connections busy with errors, databases and
// settings that must not leak from one request to the next on the same connection.
func TestSettingsDoNotLeak(t *testing.T) {
	e := start(t)
	want(t, e, "", "CREATE DATABASE other")
	want(t, e, "", "CREATE TABLE other.only (a Int8) ENGINE = Memory")
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			for j := range 25 {
				switch (i + j) % 4 {
				case 0:
					want(t, e, "777\n", "SELECT getSetting('max_block_size')", "max_block_size", "777")
				case 1:
					if r := post(t, e, "SELECT 1", "", "no_such_setting", "1", "max_block_size", "778"); r.header.Get("X-ClickHouse-Exception-Code") != "115" {
						t.Errorf("an unknown setting: %+v", r)
					}
				case 2:
					want(t, e, "0\n", "SELECT count() FROM only", "database", "other", "workload", "cheap")
				case 3:
					want(t, e, "65409\tdefault\n", "SELECT getSetting('max_block_size'), currentDatabase()")
				}
			}
		})
	}
	group.Wait()
	first := post(t, e, "SELECT getSetting('max_memory_usage')", "").body
	want(t, e, "1000000\n", "SELECT getSetting('max_memory_usage')", "max_memory_usage", "1000000")
	for range 20 {
		want(t, e, first, "SELECT getSetting('max_memory_usage')")
	}
	if r := post(t, e, "SELECT 1; SELECT 2", ""); r.status != http.StatusBadRequest {
		t.Errorf("two statements: %+v", r)
	}
	if r := post(t, e, "SELECT count() FROM only", ""); r.status != http.StatusNotFound {
		t.Errorf("a table of another database: %+v", r)
	}
}
