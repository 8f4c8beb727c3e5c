package spool

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// Errors that Append and Create return; both tell why and what to do.
var (
	ErrBudget   = errors.New("the spool has used up its disk budget: the store is behind or away; frames are taken again when it has caught up")
	ErrDiskFull = errors.New("the disk of the spool is full: free space on it; frames are taken again by themselves")
	ErrClosed   = errors.New("the spool is closed")
)

// Options of a spool.
type Options struct {
	Dir string
	// Budget is the most disk that the spool may use, in bytes; 0 means 20 GiB.
	Budget int64
	// Reserve is the space left free on the disk, in bytes, for the store and
	// for the spool's own housekeeping; 0 means 256 MiB, negative none.
	Reserve int64
	// Linger is how long a group waits for company before its fsync; 0 means
	// 5 ms. It bounds the fsyncs of a busy server to 200 a second.
	Linger time.Duration
	// Queue is the most bytes that wait for their commit; 0 means 32 MiB.
	// Append blocks beyond it, which is the back-pressure on the senders.
	Queue int
	Log   *slog.Logger // nil: slog.Default()
}

// Spool is an open spool. Its methods may be called from many goroutines.
type Spool struct {
	opts Options
	db   *pebble.DB
	fs   *roomFS
	log  *slog.Logger

	mu      sync.Mutex
	wake    sync.Cond     // signalled when filling gets its first entry, or at Close
	room    sync.Cond     // signalled when filling was taken
	filling *pebble.Batch // entries waiting for the next group
	group   uint64        // number of the group that filling will be
	waiters chan struct{} // closed when group is durable; nil while nobody waits
	closed  bool

	durable atomic.Uint64 // number of the newest group that is on disk
	refuse  atomic.Pointer[error]
	disk    atomic.Int64
	frames  atomic.Uint64
	bytes   atomic.Uint64
	groups  atomic.Uint64

	spare    *pebble.Batch // the batch committed before, to be used again
	failed   error         // set with closed, when the log cannot go on
	stop     chan struct{}
	finished sync.WaitGroup
}

const (
	defaultBudget  = 20 << 30
	defaultReserve = 256 << 20
	defaultLinger  = 5 * time.Millisecond
	defaultQueue   = 32 << 20

	// Frames live minutes to hours and are then deleted by range, so they
	// should reach the lower levels as late as possible: a large memtable and
	// a patient L0 keep the write amplification near one.
	memTable     = 64 << 20
	l0Files      = 8
	tableSize    = 64 << 20
	cacheSize    = 32 << 20
	checkEvery   = time.Second
	deleteFlush  = 30 * time.Second
	compactAbove = 0.8 // share of the budget from where dead ranges are compacted at once
)

// Open opens the spool in o.Dir, or makes one. Everything that was durable
// before a crash is there; see Logs.
func Open(o Options) (*Spool, error) {
	if o.Budget == 0 {
		o.Budget = defaultBudget
	}
	if o.Reserve == 0 {
		o.Reserve = defaultReserve
	}
	if o.Linger == 0 {
		o.Linger = defaultLinger
	}
	if o.Queue == 0 {
		o.Queue = defaultQueue
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	s := &Spool{opts: o, log: o.Log, group: 1, stop: make(chan struct{})}
	s.wake.L, s.room.L = &s.mu, &s.mu
	s.fs = newRoomFS(vfs.Default, o.Log)
	cache := pebble.NewCache(cacheSize)
	defer cache.Unref()
	options := &pebble.Options{
		FS:                          s.fs,
		Cache:                       cache,
		FormatMajorVersion:          pebble.FormatNewest,
		MemTableSize:                memTable,
		MemTableStopWritesThreshold: 4,
		L0CompactionThreshold:       l0Files,
		L0StopWritesThreshold:       1000,
		LBaseMaxBytes:               512 << 20,
		MaxOpenFiles:                512,
		FlushDelayDeleteRange:       deleteFlush,
		Logger:                      pebbleLog{o.Log},
		WALBytesPerSync:             1 << 20,
		BytesPerSync:                1 << 20,
	}
	for i := range options.TargetFileSizes {
		options.TargetFileSizes[i] = tableSize
	}
	db, err := pebble.Open(o.Dir, options)
	if err != nil {
		return nil, fmt.Errorf("open the spool in %s: %w", o.Dir, err)
	}
	s.db = db
	s.filling = db.NewBatch()
	s.check()
	s.finished.Add(2)
	go s.commit()
	go s.watch()
	return s, nil
}

// Close commits what is queued and closes the spool. Frames that could not be
// committed because the disk is full are reported; nobody was told that they
// are safe.
func (s *Spool) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	s.wake.Broadcast()
	s.room.Broadcast()
	s.mu.Unlock()
	close(s.stop)
	if s.fs.full() {
		// The committer waits inside a write for room that may never come.
		// The log on disk is whole up to the last acknowledged group.
		return fmt.Errorf("close the spool: %w", ErrDiskFull)
	}
	s.finished.Wait()
	if s.failed != nil {
		return s.failed
	}
	if err := s.db.Close(); err != nil {
		return fmt.Errorf("close the spool: %w", err)
	}
	return nil
}

// Usage is what a spool holds and has done since it was opened.
type Usage struct {
	Disk    int64  // bytes on disk, up to a second old
	Budget  int64  // bytes allowed
	Queued  int    // bytes waiting for their commit
	Frames  uint64 // frames accepted
	Bytes   uint64 // their bytes
	Commits uint64 // groups committed, an fsync each
	Full    error  // why frames are refused now; nil while they are taken
}

// Usage returns the current figures.
func (s *Spool) Usage() Usage {
	u := Usage{
		Disk: s.disk.Load(), Budget: s.opts.Budget, Frames: s.frames.Load(),
		Bytes: s.bytes.Load(), Commits: s.groups.Load(), Full: s.refused(),
	}
	s.mu.Lock()
	if s.filling != nil {
		u.Queued = s.filling.Len()
	}
	s.mu.Unlock()
	return u
}

// refused returns why new frames are not taken, or nil.
func (s *Spool) refused() error {
	if p := s.refuse.Load(); p != nil {
		return *p
	}
	if s.fs.full() {
		return ErrDiskFull
	}
	return nil
}

// enqueue adds entries to the filling group and returns the group's number.
// It blocks while the queue is full, and refuses only when must is false.
func (s *Spool) enqueue(must bool, add func(*pebble.Batch) error) (uint64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		if s.closed {
			return 0, ErrClosed
		}
		if !must {
			if err := s.refused(); err != nil {
				return 0, err
			}
		}
		if s.filling.Len() < s.opts.Queue {
			break
		}
		s.room.Wait()
	}
	first := s.filling.Empty()
	if err := add(s.filling); err != nil {
		return 0, fmt.Errorf("queue for the spool: %w", err)
	}
	if first {
		s.wake.Signal()
	}
	return s.group, nil
}

// wait blocks until group g is durable.
func (s *Spool) wait(ctx context.Context, g uint64) error {
	for s.durable.Load() < g {
		s.mu.Lock()
		if s.durable.Load() >= g {
			s.mu.Unlock()
			return nil
		}
		if s.failed != nil {
			s.mu.Unlock()
			return s.failed
		}
		if s.waiters == nil {
			s.waiters = make(chan struct{})
		}
		done := s.waiters
		s.mu.Unlock()
		select {
		case <-done:
		case <-ctx.Done():
			if err := s.refused(); err != nil {
				return err
			}
			return ctx.Err()
		}
	}
	return nil
}

// commit is the goroutine that makes groups durable, one after the other.
func (s *Spool) commit() {
	defer s.finished.Done()
	linger := time.NewTimer(0)
	<-linger.C
	for {
		s.mu.Lock()
		for s.filling.Empty() && !s.closed {
			s.wake.Wait()
		}
		closed := s.closed
		s.mu.Unlock()
		if !closed {
			linger.Reset(s.opts.Linger)
			select {
			case <-linger.C:
			case <-s.stop:
			}
		}

		s.mu.Lock()
		batch, group := s.filling, s.group
		if batch.Empty() {
			s.mu.Unlock()
			return // closed and nothing left
		}
		if s.spare == nil {
			s.spare = s.db.NewBatch()
		}
		s.filling, s.spare = s.spare, nil
		s.group++
		s.room.Broadcast()
		s.mu.Unlock()

		err := s.db.Apply(batch, pebble.Sync)
		s.mu.Lock()
		if err != nil {
			s.failed = fmt.Errorf("commit to the spool: %w", err)
			s.closed = true
			s.log.Error("the spool cannot go on", "error", err)
			s.room.Broadcast()
		} else {
			s.durable.Store(group)
			s.groups.Add(1)
			batch.Reset()
			s.spare = batch
		}
		if s.waiters != nil {
			close(s.waiters)
			s.waiters = nil
		}
		s.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// watch measures the disk once a second.
func (s *Spool) watch() {
	defer s.finished.Done()
	tick := time.NewTicker(checkEvery)
	defer tick.Stop()
	for {
		select {
		case <-s.stop:
			return
		case <-tick.C:
			s.check()
		}
	}
}

// check decides whether frames are taken.
func (s *Spool) check() {
	used := int64(s.db.Metrics().DiskSpaceUsage())
	s.disk.Store(used)
	var refuse *error
	switch {
	case used > s.opts.Budget:
		refuse = &errBudget
	case s.opts.Reserve > 0:
		if du, err := s.fs.GetDiskUsage(s.opts.Dir); err == nil && du.AvailBytes < uint64(s.opts.Reserve) {
			refuse = &errDiskFull
		}
	}
	before := s.refuse.Swap(refuse)
	switch {
	case refuse != nil && before == nil:
		s.log.Error("frames are refused", "reason", *refuse, "disk_used", used, "budget", s.opts.Budget)
	case refuse == nil && before != nil:
		s.log.Info("frames are taken again", "disk_used", used)
	}
	if refuse != nil {
		s.room.Broadcast() // those who block on a full queue hear of it
	}
}

var errBudget, errDiskFull = ErrBudget, ErrDiskFull

// pebbleLog passes on what Pebble has to say.
type pebbleLog struct{ log *slog.Logger }

func (l pebbleLog) Infof(string, ...any) {} // flushes and compactions: no news
func (l pebbleLog) Errorf(format string, args ...any) {
	l.log.Error("spool: " + fmt.Sprintf(format, args...))
}

// Fatalf must not return: Pebble calls it when the log on disk can no longer
// be trusted to grow. What was acknowledged is on disk and is replayed by the
// next start.
func (l pebbleLog) Fatalf(format string, args ...any) {
	panic("spool: " + fmt.Sprintf(format, args...))
}
