package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/peerglass/peerglass/rtc"
	"github.com/peerglass/peerglass/store/clickhouse"
	"github.com/peerglass/peerglass/store/engine"
)

// Options say where rows go.
type Options struct {
	// Engine is the embedded engine. It must outlive the store.
	Engine *engine.Engine
	// URL is that of a ClickHouse instead: http://user:password@host:8123/database.
	// The database is created if need be.
	URL string
	// MaxAge is how long a row waits for company before it is inserted; 0 is
	// 500 ms. Under load it waits for the insert before it.
	MaxAge time.Duration
	// Policy returns what is kept how long; it is asked before each pass of
	// retention. nil keeps everything, and leaves it to Condense to be called.
	Policy func(context.Context) (Policy, error)
	Now    func() time.Time // nil: time.Now
	Log    *slog.Logger     // nil: slog.Default()
}

// Store keeps calls and what belongs to them. It is the session.Sink of the
// program, and is safe for concurrent use.
type Store struct {
	o  Options
	db *clickhouse.Client

	calls       *writer[*rowBuffer[rtc.Call]]
	sessions    *writer[*rowBuffer[rtc.Session]]
	connections *writer[*rowBuffer[rtc.Connection]]
	streams     *writer[*rowBuffer[rtc.Stream]]
	events      *writer[*rowBuffer[rtc.Event]]
	samples     *writer[*sampleBuffer]
	issues      *writer[*rowBuffer[rtc.Issue]]
	outcomes    *writer[*rowBuffer[rtc.Outcome]]
	verdicts    *writer[*rowBuffer[rtc.Verdict]]
	features    *writer[*rowBuffer[rtc.Feature]]
	writers     []anyWriter

	condenser condenser
	traits    *traits

	backlog atomic.Int64
	stop    chan struct{}      // closed by Close
	ended   chan struct{}      // closed when the writers have ended
	cancel  context.CancelFunc // of inserts, and of retention
	done    sync.WaitGroup
	close   sync.Once

	trouble struct {
		sync.Mutex
		since  time.Time // of the first failure in a row; zero: all is well
		logged time.Time
		err    error
	}
}

// anyWriter is a writer whatever its rows.
type anyWriter interface {
	run(ctx context.Context, stop <-chan struct{})
	sync(ctx context.Context, stop <-chan struct{}) (<-chan struct{}, error)
	stats() TableStats
}

var errClosed = errors.New("the store is closed")

// Open connects to the engine or to the ClickHouse at the URL, brings the
// schema up to date, and is then ready to take rows.
func Open(ctx context.Context, o Options) (*Store, error) {
	if o.MaxAge <= 0 {
		o.MaxAge = 500 * time.Millisecond
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	s := &Store{o: o, stop: make(chan struct{}), ended: make(chan struct{})}
	if err := s.connect(ctx); err != nil {
		return nil, err
	}
	if err := s.migrate(ctx); err != nil {
		s.db.Close()
		return nil, err
	}
	s.calls = rowWriter(s, "calls", callColumns)
	s.sessions = rowWriter(s, "sessions", sessionColumns)
	s.connections = rowWriter(s, "connections", connectionColumns)
	s.streams = rowWriter(s, "streams", streamColumns)
	s.events = rowWriter(s, "events", eventColumns)
	s.samples = newWriter(s, "samples", SampleColumns(), newSampleBuffer, newSamplesEncoder().encode)
	s.samples.after = s.late
	s.issues = rowWriter(s, "issues", issueColumns)
	s.outcomes = rowWriter(s, "outcomes", outcomeColumns)
	s.verdicts = rowWriter(s, "verdicts", verdictColumns)
	s.features = rowWriter(s, "features", featureColumns)
	s.traits = newTraits(s)
	s.sessions.before, s.sessions.after, s.issues.after = s.traits.before, s.traits.after, s.traits.found
	s.writers = []anyWriter{s.calls, s.sessions, s.connections, s.streams, s.events, s.samples, s.issues, s.outcomes, s.verdicts, s.features}

	running, cancel := context.WithCancel(context.Background())
	s.cancel = cancel
	for _, w := range s.writers {
		s.done.Go(func() { w.run(running, s.stop) })
	}
	if o.Policy != nil {
		s.done.Go(func() { s.runRetention(running, s.stop) })
		s.done.Go(func() { s.runCondensing(running, s.stop) })
	}
	return s, nil
}

func (s *Store) connect(ctx context.Context) (err error) {
	switch {
	case s.o.Engine != nil && s.o.URL != "":
		return errors.New("open the store: either an embedded engine or a ClickHouse address can be used, not both")
	case s.o.Engine != nil:
		s.db, err = clickhouse.New(clickhouse.Options{URL: engine.URL, Transport: s.o.Engine.Transport()})
	case s.o.URL != "":
		s.db, err = clickhouse.New(clickhouse.Options{URL: s.o.URL})
		if err == nil {
			err = s.db.CreateDatabase(ctx)
		}
	default:
		return errors.New("open the store: neither an embedded engine nor a ClickHouse address is given")
	}
	if err != nil {
		return fmt.Errorf("open the store: %w", err)
	}
	return nil
}

// Client is for asking: query.New(s.Client(), …).
func (s *Store) Client() *clickhouse.Client { return s.db }

// Backlog is how many bytes of rows wait in memory to be stored.
func (s *Store) Backlog() int64 { return s.backlog.Load() }

// Flush returns when every row that was handed over before is stored, or with
// the error of ctx.
func (s *Store) Flush(ctx context.Context) error {
	passes := make([]<-chan struct{}, len(s.writers))
	for i, w := range s.writers {
		pass, err := w.sync(ctx, s.stop)
		if err != nil {
			return fmt.Errorf("flush the store: %w", s.because(err))
		}
		passes[i] = pass
	}
	for _, pass := range passes {
		select {
		case <-pass:
		case <-ctx.Done():
			return fmt.Errorf("flush the store: %w", s.because(ctx.Err()))
		case <-s.ended:
			return fmt.Errorf("flush the store: %w", s.because(errClosed))
		}
	}
	return nil
}

// Durable returns when what has been flushed survives a loss of power. The
// embedded engine leaves its files to the operating system, which is what
// makes small inserts cheap; this writes them to the disk, all at once. Of a
// server its acknowledgement is the word.
func (s *Store) Durable(ctx context.Context) error {
	if s.o.Engine == nil {
		return nil
	}
	done := make(chan error, 1)
	go func() { done <- syncFilesystem(s.o.Engine.Dir()) }()
	select {
	case err := <-done:
		if err != nil {
			return fmt.Errorf("write the store to disk: %w", err)
		}
		return nil
	case <-ctx.Done():
		return fmt.Errorf("write the store to disk: %w", ctx.Err())
	}
}

// Close stores what waits, for as long as ctx lasts. What it could not store
// then is an error, and is derived again from the spool.
func (s *Store) Close(ctx context.Context) error {
	var err error
	s.close.Do(func() {
		close(s.stop)
		defer context.AfterFunc(ctx, s.cancel)()
		s.done.Wait()
		s.cancel()
		close(s.ended)
		if n := s.backlog.Load(); n > 0 {
			err = fmt.Errorf("close the store: %d bytes of rows were not stored and will be derived again from the spool: %w", n, s.because(context.Cause(ctx)))
		}
		s.db.Close()
	})
	return err
}

// TableStats counts what was done for a table.
type TableStats struct {
	Table   string
	Waiting int64  // rows in memory
	Stored  uint64 // rows acknowledged
	Repeats uint64 // inserts that had to be repeated
}

// Stats returns the counts of every table.
func (s *Store) Stats() []TableStats {
	all := make([]TableStats, len(s.writers))
	for i, w := range s.writers {
		all[i] = w.stats()
	}
	return all
}

// Trouble returns why inserts are failing now, and since when; nil when all is
// well.
func (s *Store) Trouble() (since time.Time, err error) {
	s.trouble.Lock()
	defer s.trouble.Unlock()
	return s.trouble.since, s.trouble.err
}

// because prefers the engine's reason to the context's.
func (s *Store) because(err error) error {
	if _, cause := s.Trouble(); cause != nil {
		return fmt.Errorf("%w (%w)", cause, err)
	}
	return err
}

// failed notes a failed insert; the log tells of it once, then every half
// minute.
func (s *Store) failed(table string, err error) {
	now := s.o.Now()
	s.trouble.Lock()
	defer s.trouble.Unlock()
	if s.trouble.err == nil {
		s.trouble.since = now
	}
	s.trouble.err = err
	if now.Sub(s.trouble.logged) >= 30*time.Second {
		s.trouble.logged = now
		s.o.Log.Warn("rows cannot be stored at the moment and are kept for a repetition",
			"table", table, "since", s.trouble.since, "waiting_bytes", s.backlog.Load(), "reason", err)
	}
}

func (s *Store) stored() {
	s.trouble.Lock()
	defer s.trouble.Unlock()
	if s.trouble.err != nil {
		s.o.Log.Info("rows are stored again", "since", s.trouble.since)
	}
	s.trouble.err, s.trouble.since, s.trouble.logged = nil, time.Time{}, time.Time{}
}

func syncFilesystem(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer f.Close()
	return syncfs(f)
}
