package settings

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/peerglass/peerglass/rtc"
)

// App is a tenant's project.
type App struct {
	ID          rtc.AppID
	Name        string
	Description string
	Enabled     bool
	Created     time.Time
	Thresholds  map[string]float64 // its own, by name; what is not in it is as by default
	// Default configuration for the app's pages, JSON objects; nil: none.
	PeerConnection json.RawMessage // an RTCConfiguration
	Media          json.RawMessage // MediaStreamConstraints
}

// Limits of what people type.
const (
	maxName        = 100
	maxDescription = 1000
)

func checkName(what, name string) (string, error) {
	name = strings.TrimSpace(name)
	if n := utf8.RuneCountInString(name); n == 0 || n > maxName {
		return "", refuse(CodeInvalid, "The name of %s must have 1 to %d characters.", what, maxName)
	}
	return name, nil
}

const appColumns = `id, name, description, enabled, created, thresholds, defaults`

type row interface{ Scan(...any) error }

// scanApp reads the columns of appColumns, and those that follow into more.
func (s *Settings) scanApp(r row, more ...any) (App, error) {
	var a App
	var created int64
	var thresholds, defaults string
	if err := r.Scan(append([]any{&a.ID, &a.Name, &a.Description, &a.Enabled, &created, &thresholds, &defaults}, more...)...); err != nil {
		return a, err
	}
	a.Created = time.UnixMilli(created).UTC()
	if err := json.Unmarshal([]byte(thresholds), &a.Thresholds); err != nil {
		return a, fmt.Errorf("read the thresholds of app %d: %w", a.ID, err)
	}
	return a, s.openDefaults(&a, defaults)
}

func errNoApp(id rtc.AppID) error { return refuse(CodeNotFound, "App %d was not found.", id) }

// Apps returns every app by id.
func (s *Settings) Apps(ctx context.Context) ([]App, error) {
	rows, err := s.db.QueryContext(ctx, `SELECT `+appColumns+` FROM apps ORDER BY id`)
	if err != nil {
		return nil, fmt.Errorf("list apps: %w", err)
	}
	return collect(rows, func(r row) (App, error) { return s.scanApp(r) })
}

// collect reads every row.
func collect[T any](rows *sql.Rows, scan func(row) (T, error)) ([]T, error) {
	defer func() { _ = rows.Close() }() // its error is that of rows.Err
	all := []T{}
	for rows.Next() {
		one, err := scan(rows)
		if err != nil {
			return nil, fmt.Errorf("read a row: %w", err)
		}
		all = append(all, one)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read rows: %w", err)
	}
	return all, nil
}

// App returns one app; CodeNotFound where there is none.
func (s *Settings) App(ctx context.Context, id rtc.AppID) (App, error) {
	app, err := s.scanApp(s.db.QueryRowContext(ctx, `SELECT `+appColumns+` FROM apps WHERE id = $1`, id))
	if errors.Is(err, sql.ErrNoRows) {
		return App{}, errNoApp(id)
	}
	if err != nil {
		return App{}, fmt.Errorf("read app %d: %w", id, err)
	}
	return app, nil
}

func newSecret() string { return randomText(52) } // 260 bits: HS256 wants 256

func secretPlace(id rtc.AppID) string { return fmt.Sprintf("secret of app %d", id) }

// CreateApp makes an enabled app with a secret of its own.
func (s *Settings) CreateApp(ctx context.Context, name, description string) (App, error) {
	name, err := checkName("an app", name)
	if err != nil {
		return App{}, err
	}
	if utf8.RuneCountInString(description) > maxDescription {
		return App{}, refuse(CodeInvalid, "The description of an app must have at most %d characters.", maxDescription)
	}
	app := App{Name: name, Description: description, Enabled: true, Created: s.now().UTC().Truncate(time.Millisecond), Thresholds: map[string]float64{}}
	err = s.change(ctx, func(tx *sql.Tx) error {
		id, err := nextID(ctx, tx, "app")
		if err != nil {
			return err
		}
		app.ID = rtc.AppID(id)
		_, err = tx.ExecContext(ctx, `INSERT INTO apps (id, name, description, enabled, created, secret) VALUES ($1, $2, $3, $4, $5, $6)`,
			app.ID, app.Name, app.Description, 1, app.Created.UnixMilli(), s.sealer.seal(newSecret(), secretPlace(app.ID)))
		return err
	})
	if err != nil {
		return App{}, fmt.Errorf("create app: %w", err)
	}
	return app, s.reload(ctx)
}

// AppChange has the members of an app to change; nil leaves one as it is.
type AppChange struct {
	Name        *string
	Description *string
	Enabled     *bool
	// Thresholds to set, by name; null goes back to the default. Whether there
	// is such a threshold, and whether it may have that value, is for the
	// caller to know.
	Thresholds map[string]*float64
}

// ChangeApp changes an app and returns it as it is then.
func (s *Settings) ChangeApp(ctx context.Context, id rtc.AppID, c AppChange) (App, error) {
	var app App
	err := s.change(ctx, func(tx *sql.Tx) error {
		var err error
		app, err = s.scanApp(tx.QueryRowContext(ctx, `SELECT `+appColumns+` FROM apps WHERE id = $1`, id))
		if errors.Is(err, sql.ErrNoRows) {
			return errNoApp(id)
		}
		if err != nil {
			return err
		}
		if c.Name != nil {
			if app.Name, err = checkName("an app", *c.Name); err != nil {
				return err
			}
		}
		if c.Description != nil {
			if utf8.RuneCountInString(*c.Description) > maxDescription {
				return refuse(CodeInvalid, "The description of an app must have at most %d characters.", maxDescription)
			}
			app.Description = *c.Description
		}
		if c.Enabled != nil {
			app.Enabled = *c.Enabled
		}
		for name, v := range c.Thresholds {
			if v == nil {
				delete(app.Thresholds, name)
			} else {
				app.Thresholds[name] = *v
			}
		}
		thresholds, err := json.Marshal(app.Thresholds)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `UPDATE apps SET name = $1, description = $2, enabled = $3, thresholds = $4 WHERE id = $5`, app.Name, app.Description, truth(app.Enabled), string(thresholds), id)
		return err
	})
	if err != nil {
		return App{}, fmt.Errorf("change app %d: %w", id, err)
	}
	return app, s.reload(ctx)
}

func truth(b bool) int {
	if b {
		return 1
	}
	return 0
}

// DeleteApp deletes an app with its keys; only a disabled one, so that nobody
// deletes what is in use with one click.
func (s *Settings) DeleteApp(ctx context.Context, id rtc.AppID) error {
	err := s.change(ctx, func(tx *sql.Tx) error {
		app, err := s.scanApp(tx.QueryRowContext(ctx, `SELECT `+appColumns+` FROM apps WHERE id = $1`, id))
		switch {
		case errors.Is(err, sql.ErrNoRows):
			return errNoApp(id)
		case err != nil:
			return err
		case app.Enabled:
			return refuse(CodeConflict, "App %d is enabled: disable it before deleting it.", id)
		}
		_, err = tx.ExecContext(ctx, `DELETE FROM apps WHERE id = $1`, id)
		return err
	})
	if err != nil {
		return fmt.Errorf("delete app %d: %w", id, err)
	}
	return s.reload(ctx)
}

// RotateSecret gives an app a new secret. Tokens signed with the old one are
// refused from now on.
func (s *Settings) RotateSecret(ctx context.Context, id rtc.AppID) (string, error) {
	secret := newSecret()
	result, err := s.db.ExecContext(ctx, `UPDATE apps SET secret = $1 WHERE id = $2`, s.sealer.seal(secret, secretPlace(id)), id)
	if err != nil {
		return "", fmt.Errorf("rotate the secret of app %d: %w", id, err)
	}
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		return "", errors.Join(err, errNoApp(id))
	}
	return secret, s.reload(ctx)
}
