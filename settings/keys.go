package settings

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/peerglass/peerglass/rtc"
)

// Prefixes tell people, and scanners for leaked secrets, what a key is.
const (
	IngestKeyPrefix = "pgk_"
	APIKeyPrefix    = "pga_"
)

// IngestKey is public: a page carries it to name its app.
type IngestKey struct {
	ID      int64
	App     rtc.AppID
	Key     string
	Name    string
	Origins []string // that may use it; AnyOrigin: every page
	Created time.Time
	Revoked time.Time // zero while it is good
}

const ingestKeyColumns = `id, app, key, name, origins, created, revoked`

func scanIngestKey(r row) (IngestKey, error) {
	var k IngestKey
	var origins string
	var created int64
	var revoked sql.NullInt64
	if err := r.Scan(&k.ID, &k.App, &k.Key, &k.Name, &origins, &created, &revoked); err != nil {
		return k, err
	}
	k.Created = time.UnixMilli(created).UTC()
	if revoked.Valid {
		k.Revoked = time.UnixMilli(revoked.Int64).UTC()
	}
	return k, json.Unmarshal([]byte(origins), &k.Origins)
}

// IngestKeys returns the ingest keys of an app, the newest first.
func (s *Settings) IngestKeys(ctx context.Context, app rtc.AppID) ([]IngestKey, error) {
	rows, err := s.db.QueryContext(ctx, `SELECT `+ingestKeyColumns+` FROM ingest_keys WHERE app = $1 ORDER BY id DESC`, app)
	if err != nil {
		return nil, fmt.Errorf("list ingest keys: %w", err)
	}
	return collect(rows, scanIngestKey)
}

// maxOrigins bounds what is compared at each connection.
const maxOrigins = 100

// checkOrigins puts origins into the form that browsers send them in.
func checkOrigins(origins []string) ([]string, error) {
	if len(origins) > maxOrigins {
		return nil, refuse(CodeInvalid, "A key can have at most %d origins; use a pattern such as https://*.example.org.", maxOrigins)
	}
	clean := make([]string, 0, len(origins))
	for _, o := range origins {
		o = strings.ToLower(strings.TrimRight(strings.TrimSpace(o), "/"))
		if o != AnyOrigin && o != SelfOrigin && !originForm(o) {
			return nil, refuse(CodeInvalid, "%q is not an origin: write scheme and host, such as https://meet.example.org, https://*.example.org or http://localhost:*.", o)
		}
		if !slices.Contains(clean, o) {
			clean = append(clean, o)
		}
	}
	if len(clean) == 0 {
		return nil, refuse(CodeInvalid, "Say which origins may use the key, such as https://meet.example.org; * lets every page use it.")
	}
	return clean, nil
}

// originForm reports whether o is an origin, or a pattern of them.
func originForm(o string) bool {
	pattern := strings.TrimSuffix(o, ":*")
	u, err := url.Parse(pattern)
	if err != nil || u.Scheme == "" || u.Host == "" || u.Path != "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return false
	}
	if pattern != o && u.Port() != "" {
		return false
	}
	host := strings.TrimPrefix(u.Host, "*.")
	return !strings.Contains(host, "*") && (pattern == o || host == u.Host)
}

// CreateIngestKey makes a public key for an app, that pages of the origins may
// use: at least one, or AnyOrigin.
func (s *Settings) CreateIngestKey(ctx context.Context, app rtc.AppID, name string, origins []string) (IngestKey, error) {
	if name == "" {
		name = "Ingest key"
	}
	name, err := checkName("a key", name)
	if err != nil {
		return IngestKey{}, err
	}
	if origins, err = checkOrigins(origins); err != nil {
		return IngestKey{}, err
	}
	list, err := json.Marshal(origins)
	if err != nil {
		return IngestKey{}, fmt.Errorf("create ingest key: %w", err)
	}
	k := IngestKey{App: app, Key: IngestKeyPrefix + randomText(24), Name: name, Origins: origins, Created: s.now().UTC().Truncate(time.Millisecond)}
	err = s.change(ctx, func(tx *sql.Tx) error {
		if err := appExists(ctx, tx, app); err != nil {
			return err
		}
		if k.ID, err = nextID(ctx, tx, "ingest_key"); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO ingest_keys (id, app, key, name, origins, created) VALUES ($1, $2, $3, $4, $5, $6)`,
			k.ID, k.App, k.Key, k.Name, string(list), k.Created.UnixMilli())
		return err
	})
	if err != nil {
		return IngestKey{}, fmt.Errorf("create ingest key: %w", err)
	}
	return k, s.reload(ctx)
}

func appExists(ctx context.Context, tx *sql.Tx, app rtc.AppID) error {
	var n int
	if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM apps WHERE id = $1`, app).Scan(&n); err != nil {
		return err
	}
	if n == 0 {
		return errNoApp(app)
	}
	return nil
}

// IngestKeyChange has the members of an ingest key to change; nil leaves one
// as it is.
type IngestKeyChange struct {
	Name    *string
	Origins *[]string
}

// ChangeIngestKey changes a key's name or origins.
func (s *Settings) ChangeIngestKey(ctx context.Context, app rtc.AppID, id int64, c IngestKeyChange) (IngestKey, error) {
	var k IngestKey
	err := s.change(ctx, func(tx *sql.Tx) error {
		var err error
		k, err = scanIngestKey(tx.QueryRowContext(ctx, `SELECT `+ingestKeyColumns+` FROM ingest_keys WHERE id = $1 AND app = $2`, id, app))
		if errors.Is(err, sql.ErrNoRows) {
			return refuse(CodeNotFound, "Ingest key %d was not found.", id)
		}
		if err != nil {
			return err
		}
		if c.Name != nil {
			if k.Name, err = checkName("a key", *c.Name); err != nil {
				return err
			}
		}
		if c.Origins != nil {
			if k.Origins, err = checkOrigins(*c.Origins); err != nil {
				return err
			}
		}
		list, err := json.Marshal(k.Origins)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `UPDATE ingest_keys SET name = $1, origins = $2 WHERE id = $3 AND app = $4`, k.Name, string(list), id, app)
		return err
	})
	if err != nil {
		return IngestKey{}, fmt.Errorf("change ingest key: %w", err)
	}
	return k, s.reload(ctx)
}

// RevokeIngestKey makes a key refused from now on. It stays in the list, so
// that pages which still carry it can be found.
func (s *Settings) RevokeIngestKey(ctx context.Context, app rtc.AppID, id int64) error {
	result, err := s.db.ExecContext(ctx, `UPDATE ingest_keys SET revoked = COALESCE(revoked, $1) WHERE id = $2 AND app = $3`, s.now().UnixMilli(), id, app)
	if err != nil {
		return fmt.Errorf("revoke ingest key: %w", err)
	}
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		return errors.Join(err, refuse(CodeNotFound, "Ingest key %d was not found.", id))
	}
	return s.reload(ctx)
}

// APIKey opens the API to a script. Only its hash is stored.
type APIKey struct {
	ID       int64
	App      rtc.AppID // 0: every app
	Hint     string
	Name     string
	Created  time.Time
	LastUsed time.Time // to the minute; zero: never
}

const apiKeyColumns = `id, app, hint, name, created, last_used`

func scanAPIKey(r row) (APIKey, error) {
	var k APIKey
	var app, lastUsed sql.NullInt64
	var created int64
	err := r.Scan(&k.ID, &app, &k.Hint, &k.Name, &created, &lastUsed)
	k.App, k.Created = rtc.AppID(app.Int64), time.UnixMilli(created).UTC()
	if lastUsed.Valid {
		k.LastUsed = time.UnixMilli(lastUsed.Int64).UTC()
	}
	return k, err
}

// APIKeys returns every API key, the newest first.
func (s *Settings) APIKeys(ctx context.Context) ([]APIKey, error) {
	rows, err := s.db.QueryContext(ctx, `SELECT `+apiKeyColumns+` FROM api_keys ORDER BY id DESC`)
	if err != nil {
		return nil, fmt.Errorf("list API keys: %w", err)
	}
	return collect(rows, scanAPIKey)
}

// CreateAPIKey makes a key for one app or, with app 0, for every app. The
// second result is the key itself, which cannot be read again.
func (s *Settings) CreateAPIKey(ctx context.Context, app rtc.AppID, name string) (APIKey, string, error) {
	name, err := checkName("a key", name)
	if err != nil {
		return APIKey{}, "", err
	}
	key := APIKeyPrefix + randomText(40)
	k := APIKey{App: app, Hint: key[:len(APIKeyPrefix)+4], Name: name, Created: s.now().UTC().Truncate(time.Millisecond)}
	err = s.change(ctx, func(tx *sql.Tx) error {
		if app != 0 {
			if err := appExists(ctx, tx, app); err != nil {
				return err
			}
		}
		if k.ID, err = nextID(ctx, tx, "api_key"); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO api_keys (id, app, hash, hint, name, created) VALUES ($1, $2, $3, $4, $5, $6)`,
			k.ID, sql.NullInt64{Int64: int64(app), Valid: app != 0}, hashOf(key), k.Hint, k.Name, k.Created.UnixMilli())
		return err
	})
	if err != nil {
		return APIKey{}, "", fmt.Errorf("create API key: %w", err)
	}
	return k, key, nil
}

// DeleteAPIKey makes a key refused from now on.
func (s *Settings) DeleteAPIKey(ctx context.Context, id int64) error {
	result, err := s.db.ExecContext(ctx, `DELETE FROM api_keys WHERE id = $1`, id)
	if err != nil {
		return fmt.Errorf("delete API key: %w", err)
	}
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		return errors.Join(err, refuse(CodeNotFound, "API key %d was not found.", id))
	}
	return nil
}

// CheckAPIKey returns what a key opens; CodeCredentials where it is none.
func (s *Settings) CheckAPIKey(ctx context.Context, key string) (APIKey, error) {
	k, err := scanAPIKey(s.db.QueryRowContext(ctx, `SELECT `+apiKeyColumns+` FROM api_keys WHERE hash = $1`, hashOf(key)))
	if errors.Is(err, sql.ErrNoRows) {
		return APIKey{}, refuse(CodeCredentials, "The API key is not known, or was deleted.")
	}
	if err != nil {
		return APIKey{}, fmt.Errorf("check API key: %w", err)
	}
	// To the minute: a busy script must not turn every read into a write.
	if now := s.now(); now.Sub(k.LastUsed) >= time.Minute {
		if _, err := s.db.ExecContext(ctx, `UPDATE api_keys SET last_used = $1 WHERE id = $2`, now.Truncate(time.Minute).UnixMilli(), k.ID); err != nil {
			return APIKey{}, fmt.Errorf("check API key: %w", err)
		}
	}
	return k, nil
}

// hashOf stands for a long random key in the database: it needs no salt and
// no slow hash, because nobody can try 2^200 of them.
func hashOf(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:])
}
