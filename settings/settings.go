package settings

import (
	"context"
	"crypto/rand"
	"database/sql"
	"embed"
	"encoding/base32"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	_ "modernc.org/sqlite" // the database/sql driver "sqlite", without cgo
)

// Options say where settings are and what they need from outside.
type Options struct {
	Dir       string           // data folder: settings.db, and master.key where MasterKey is empty
	MasterKey string           // 32 bytes as 64 hex digits or base64; empty: the key file in Dir, made when absent
	Now       func() time.Time // nil: time.Now
}

// Settings is the open database. It is safe for concurrent use.
type Settings struct {
	db     *sql.DB
	sealer sealer
	now    func() time.Time

	index     atomic.Pointer[index] // what ingest asks, in memory
	spender   spender
	book      logBook
	reloading sync.Mutex
	hashing   chan struct{} // bounds the memory that argon2id takes
	dummy     string        // hash that an unknown account's password is compared to
}

//go:embed schema/*.sql
var schema embed.FS

// Open opens the settings in a data folder, makes them where there are none,
// and brings their schema up to date.
func Open(ctx context.Context, o Options) (*Settings, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the data folder: %w", err)
	}
	path := filepath.Join(o.Dir, "settings.db")
	// WAL lets lookups go on beside a write; immediate transactions wait for
	// their turn instead of failing when two of them write.
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=foreign_keys(1)&_pragma=synchronous(FULL)&_txlock=immediate")
	if err != nil {
		return nil, fmt.Errorf("open the settings %s: %w", path, err)
	}
	s := &Settings{db: db, now: o.Now, hashing: make(chan struct{}, 2)}
	if err := s.open(ctx, o); err != nil {
		return nil, errors.Join(fmt.Errorf("open the settings %s: %w", path, err), db.Close())
	}
	return s, nil
}

func (s *Settings) open(ctx context.Context, o Options) error {
	if err := s.migrate(ctx); err != nil {
		return err
	}
	if err := os.Chmod(filepath.Join(o.Dir, "settings.db"), 0o600); err != nil {
		return err
	}
	key, err := masterKey(o.MasterKey, filepath.Join(o.Dir, "master.key"))
	if err != nil {
		return err
	}
	if s.sealer, err = newSealer(key); err != nil {
		return err
	}
	if err := s.checkMasterKey(ctx); err != nil {
		return err
	}
	if s.dummy, err = s.hashPassword(ctx, randomText(20)); err != nil {
		return err
	}
	return s.reload(ctx)
}

// Close closes the database.
func (s *Settings) Close() error { return s.db.Close() }

// Ping reports whether the database answers.
func (s *Settings) Ping(ctx context.Context) error {
	if err := s.db.PingContext(ctx); err != nil {
		return fmt.Errorf("settings: %w", err)
	}
	return nil
}

// migrate applies the numbered files that the database has not seen, each in
// a transaction of its own.
func (s *Settings) migrate(ctx context.Context) error {
	if _, err := s.db.ExecContext(ctx, `CREATE TABLE IF NOT EXISTS migrations (name TEXT PRIMARY KEY, applied BIGINT NOT NULL)`); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	names, err := fs.Glob(schema, "schema/*.sql") // sorted
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	for _, name := range names {
		statements, err := schema.ReadFile(name)
		if err != nil {
			return fmt.Errorf("migrate: %w", err)
		}
		err = s.change(ctx, func(tx *sql.Tx) error {
			result, err := tx.ExecContext(ctx, `INSERT INTO migrations (name, applied) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING`, filepath.Base(name), s.now().UnixMilli())
			if err != nil {
				return err
			}
			if n, err := result.RowsAffected(); err != nil || n == 0 {
				return err
			}
			_, err = tx.ExecContext(ctx, string(statements))
			return err
		})
		if err != nil {
			return fmt.Errorf("migrate %s: %w", name, err)
		}
	}
	return nil
}

// change runs do in a transaction.
func (s *Settings) change(ctx context.Context, do func(*sql.Tx) error) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	if err := do(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// nextID returns an id that was never given before.
func nextID(ctx context.Context, tx *sql.Tx, counter string) (int64, error) {
	var id int64
	err := tx.QueryRowContext(ctx, `UPDATE counters SET value = value + 1 WHERE name = $1 RETURNING value`, counter).Scan(&id)
	if err != nil {
		return 0, fmt.Errorf("take an id: %w", err)
	}
	return id, nil
}

// First is what the first start made.
type First struct {
	App       App
	IngestKey IngestKey
	Account   string
	Password  string // good once: it must be changed at the first log-in
}

// firstOrigins let a newcomer try the demo and a page on the own machine.
var firstOrigins = []string{SelfOrigin, "http://localhost:*", "https://localhost:*", "http://127.0.0.1:*"}

// Bootstrap makes a first app with an ingest key and a first administrator
// with a one-time password. Where there already is an account it does nothing
// and returns nil.
func (s *Settings) Bootstrap(ctx context.Context) (*First, error) {
	var accounts int
	if err := s.db.QueryRowContext(ctx, `SELECT count(*) FROM accounts`).Scan(&accounts); err != nil {
		return nil, fmt.Errorf("count accounts: %w", err)
	}
	if accounts > 0 {
		return nil, nil
	}
	app, err := s.CreateApp(ctx, "My app", "")
	if err != nil {
		return nil, err
	}
	key, err := s.CreateIngestKey(ctx, app.ID, "First key", firstOrigins)
	if err != nil {
		return nil, err
	}
	first := &First{App: app, IngestKey: key, Account: "admin", Password: randomText(16)}
	if _, err := s.CreateAccount(ctx, NewAccount{Name: first.Account, Password: first.Password, Admin: true, MustChange: true}); err != nil {
		return nil, err
	}
	return first, nil
}

// randomText returns n characters of 5 random bits each, that cannot be
// mistaken for one another when read aloud.
func randomText(n int) string {
	b := make([]byte, (n*5+7)/8)
	_, _ = rand.Read(b) // never fails: crypto/rand ends the program instead
	return strings.ToLower(readable.EncodeToString(b))[:n]
}

var readable = base32.NewEncoding("0123456789ABCDEFGHJKMNPQRSTVWXYZ").WithPadding(base32.NoPadding)
