package store

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ClickHouse/ch-go/proto"

	"github.com/peerglass/peerglass/store/clickhouse"
)

const (
	// shards of a writer: callers of different sessions rarely meet at one lock.
	shardCount = 16
	// chunkRows is how many rows a shard gathers before it begins a new chunk:
	// chunks are what a batch is put together from.
	chunkRows = 4096
	// batchRows and batchBytes bound one insert. The engine takes 390 thousand
	// rows/s in batches of 100,000 and 32 thousand in batches of 1,000.
	batchRows  = 100_000
	batchBytes = 48 << 20
)

// buffer holds rows of one table on their way to the engine.
type buffer interface {
	len() int
	reset()
}

// writer gathers the rows of one table and inserts them. Rows of one session
// stay in order.
type writer[B buffer] struct {
	table   string
	insert  string // the statement
	fresh   func() B
	encode  func(*proto.Buffer, []B)
	before  func(context.Context, []B) bool // if not nil: what is to be done about rows that are about to be stored
	after   func(context.Context, []B) bool // if not nil: what is to be done about rows that are stored
	store   *Store
	spare   sync.Pool
	shards  [shardCount]shard[B]
	waiting atomic.Int64  // rows not yet taken
	wake    chan struct{} // there are rows
	full    chan struct{} // there are enough for a batch
	flush   chan chan struct{}
	out     proto.Buffer

	stored  atomic.Uint64
	repeats atomic.Uint64
}

type shard[B buffer] struct {
	mu     sync.Mutex
	open   B
	has    bool
	size   int // bytes of open
	chunks []chunk[B]
	_      [64]byte // shards do not share a cache line
}

type chunk[B buffer] struct {
	rows B
	size int
}

func newWriter[B buffer](s *Store, table string, columns []string, fresh func() B, encode func(*proto.Buffer, []B)) *writer[B] {
	quoted := make([]string, len(columns))
	for i, c := range columns {
		quoted[i] = clickhouse.Quote(c)
	}
	return &writer[B]{
		table: table, insert: "INSERT INTO " + clickhouse.Quote(table) + " (" + strings.Join(quoted, ", ") + ") FORMAT Native", fresh: fresh, encode: encode, store: s,
		wake: make(chan struct{}, 1), full: make(chan struct{}, 1), flush: make(chan chan struct{}),
	}
}

// append hands a row over: put adds it to the buffer. key chooses the shard,
// size is what the row takes in memory.
func (w *writer[B]) append(key uint64, size int, put func(B)) {
	sh := &w.shards[(key*0x9e3779b97f4a7c15)>>60%shardCount]
	sh.mu.Lock()
	if !sh.has {
		sh.open, sh.has, sh.size = w.buffer(), true, 0
	}
	put(sh.open)
	sh.size += size
	if sh.open.len() >= chunkRows {
		sh.chunks = append(sh.chunks, chunk[B]{sh.open, sh.size})
		sh.has = false
	}
	sh.mu.Unlock()
	w.store.backlog.Add(int64(size))
	switch n := w.waiting.Add(1); {
	case n == 1:
		signal(w.wake)
	case n == batchRows:
		signal(w.full)
	}
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

func (w *writer[B]) buffer() B {
	if b, ok := w.spare.Get().(B); ok {
		return b
	}
	return w.fresh()
}

// take empties the shards.
func (w *writer[B]) take() []chunk[B] {
	var all []chunk[B]
	rows := 0
	for i := range w.shards {
		sh := &w.shards[i]
		sh.mu.Lock()
		if sh.has {
			sh.chunks = append(sh.chunks, chunk[B]{sh.open, sh.size})
			sh.has = false
		}
		all = append(all, sh.chunks...)
		clear(sh.chunks)
		sh.chunks = sh.chunks[:0]
		sh.mu.Unlock()
	}
	for i := range all {
		rows += all[i].rows.len()
	}
	w.waiting.Add(-int64(rows))
	return all
}

// run inserts until stop is closed, then once more what is there, for as long
// as ctx lasts. Rows that it could not store then are in the spool.
func (w *writer[B]) run(ctx context.Context, stop <-chan struct{}) {
	var waiters []chan struct{}
	for stopped := false; !stopped; {
		select {
		case <-w.wake:
			timer := time.NewTimer(w.store.o.MaxAge)
			select {
			case <-timer.C:
			case <-w.full:
			case c := <-w.flush:
				waiters = append(waiters, c)
			case <-stop:
				stopped = true
			}
			timer.Stop()
		case <-w.full:
		case c := <-w.flush:
			waiters = append(waiters, c)
		case <-stop:
			stopped = true
		}
		// Whoever waits for rows that were handed over before now can be
		// served by the same pass.
		for more := true; more; {
			select {
			case c := <-w.flush:
				waiters = append(waiters, c)
			default:
				more = false
			}
		}
		if !w.drain(ctx) {
			return
		}
		for _, c := range waiters {
			close(c)
		}
		waiters = waiters[:0]
		if w.waiting.Load() > 0 {
			signal(w.wake)
		}
	}
}

// drain stores every row that is there now. It returns false where ctx ended
// first.
func (w *writer[B]) drain(ctx context.Context) bool {
	all := w.take()
	var batch []B
	for len(all) > 0 {
		batch = batch[:0]
		rows, size, n := 0, 0, 0
		for ; n < len(all) && (n == 0 || rows+all[n].rows.len() <= batchRows && size+all[n].size <= batchBytes); n++ {
			rows += all[n].rows.len()
			size += all[n].size
			batch = append(batch, all[n].rows)
		}
		w.out.Reset()
		w.encode(&w.out, batch)
		if w.before != nil && !w.before(ctx, batch) || !w.send(ctx) || w.after != nil && !w.after(ctx, batch) {
			return false
		}
		w.stored.Add(uint64(rows))
		w.store.backlog.Add(-int64(size))
		for _, b := range batch {
			b.reset()
			w.spare.Put(b)
		}
		clear(all[:n])
		all = all[n:]
	}
	if cap(w.out.Buf) > batchBytes {
		w.out.Buf = nil // after a rush, do not keep its memory
	}
	return true
}

// send inserts the encoded batch, again and again until it is acknowledged:
// the token makes the server store it once.
func (w *writer[B]) send(ctx context.Context) bool {
	token := w.table + newToken()
	again := false
	return w.store.insist(ctx, w.table, func() error {
		if again {
			w.repeats.Add(1)
		}
		again = true
		return w.store.db.Insert(ctx, w.insert, w.out.Buf, token)
	})
}

// insist does something about a table again and again until it succeeds. It is
// false where ctx ended first.
func (s *Store) insist(ctx context.Context, table string, do func() error) bool {
	for wait := 50 * time.Millisecond; ; wait = min(2*wait, 5*time.Second) {
		err := do()
		if err == nil {
			s.stored()
			return true
		}
		if ctx.Err() != nil {
			return false
		}
		s.failed(table, err)
		select {
		case <-ctx.Done():
			return false
		case <-time.After(wait):
		}
	}
}

// sync asks for a pass and returns a channel that is closed when it is done.
func (w *writer[B]) sync(ctx context.Context, stop <-chan struct{}) (<-chan struct{}, error) {
	done := make(chan struct{})
	select {
	case w.flush <- done:
		return done, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-stop:
		return nil, errClosed
	}
}

func (w *writer[B]) stats() TableStats {
	return TableStats{Table: w.table, Waiting: max(w.waiting.Load(), 0), Stored: w.stored.Load(), Repeats: w.repeats.Load()}
}

func newToken() string {
	var b [16]byte
	rand.Read(b[:])
	return "-" + hex.EncodeToString(b[:])
}

// rowBuffer holds whole rows.
type rowBuffer[T any] struct{ rows []T }

func newRowBuffer[T any]() *rowBuffer[T] { return &rowBuffer[T]{} }

func (b *rowBuffer[T]) len() int { return len(b.rows) }

func (b *rowBuffer[T]) reset() {
	clear(b.rows) // let go of their texts
	b.rows = b.rows[:0]
}

// encodeRows writes one block of the Native format (revision 0: number of
// columns, of rows, then each column's name, type and values) from several
// buffers.
func encodeRows[T any](columns []column[T]) func(*proto.Buffer, []*rowBuffer[T]) {
	var parts [][]T // a writer encodes one batch at a time
	return func(out *proto.Buffer, batch []*rowBuffer[T]) {
		rows := 0
		parts = parts[:0]
		for _, b := range batch {
			parts = append(parts, b.rows)
			rows += len(b.rows)
		}
		out.PutInt(len(columns))
		out.PutInt(rows)
		for _, c := range columns {
			out.PutString(c.name)
			out.PutString(c.typ)
			c.write(out, parts)
		}
		clear(parts)
	}
}
