package settings

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/peerglass/peerglass/rtc"
)

// spending is one use of a one-time token that waits to be written.
type spending struct {
	claims  Claims
	session string
	done    bool
	err     error
}

// spender writes uses of one-time tokens in groups: while one is committed,
// those that come meanwhile gather for the next, so that a thousand clients
// which join at once wait for a few commits and not for a thousand.
type spender struct {
	mu      sync.Mutex // of waiting
	waiting []*spending
	turn    sync.Mutex // who holds it commits
	swept   time.Time  // when expired ones were last deleted; under turn
}

// SpendToken binds a one-time token (claims.ID) to the session that brings it
// first, until it expires and over restarts, and refuses it to every other
// with CodeTokenReplayed. A session without a name gets a token that nobody can
// bring again. Tokens that are not one-time pass.
func (s *Settings) SpendToken(ctx context.Context, claims Claims, session string) error {
	if claims.ID == "" || claims.Expires.IsZero() {
		return nil
	}
	if session == "" {
		session = namelessSession + randomText(26)
	}
	// Each connection of a session brings its token: most uses write nothing.
	owner, err := s.TokenSession(ctx, claims)
	if err != nil {
		return err
	}
	if owner != "" {
		return spent(owner, session)
	}
	use := &spending{claims: claims, session: session}
	s.spender.mu.Lock()
	s.spender.waiting = append(s.spender.waiting, use)
	s.spender.mu.Unlock()
	s.spender.turn.Lock()
	defer s.spender.turn.Unlock()
	if !use.done {
		s.spendWaiting()
	}
	return use.err
}

// namelessSession begins the name that a session without one is kept under: no
// client can send it.
const namelessSession = "\x00"

func spent(owner, session string) error {
	if owner == session {
		return nil
	}
	return refuse(CodeTokenReplayed, "The token is for one use, and another session has used it: let the back end issue one for each.")
}

// TokenSession returns the session that has used a one-time token, "" for none.
func (s *Settings) TokenSession(ctx context.Context, claims Claims) (string, error) {
	var owner string
	err := s.db.QueryRowContext(ctx, `SELECT session FROM spent_tokens WHERE app = $1 AND id = $2`, claims.App, claims.ID).Scan(&owner)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", fmt.Errorf("look up a one-time token: %w", err)
	}
	return owner, nil
}

// sweepEvery is how often uses of expired tokens are forgotten.
const sweepEvery = time.Minute

// spendWaiting commits every use that waits, whose turn it is. It has no
// caller's context: the others' uses are in it as well.
func (s *Settings) spendWaiting() {
	s.spender.mu.Lock()
	uses := s.spender.waiting
	s.spender.waiting = nil
	s.spender.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	now := s.now()
	err := s.change(ctx, func(tx *sql.Tx) error {
		if now.Sub(s.spender.swept).Abs() >= sweepEvery {
			if _, err := tx.ExecContext(ctx, `DELETE FROM spent_tokens WHERE expires < $1`, now.Add(-2*clockLeeway).UnixMilli()); err != nil {
				return err
			}
			s.spender.swept = now
		}
		for _, use := range uses {
			owner, err := s.spendOne(ctx, tx, use.claims.App, use)
			if err != nil {
				return err
			}
			use.err = spent(owner, use.session)
		}
		return nil
	})
	for _, use := range uses {
		use.done = true
		if err != nil {
			use.err = fmt.Errorf("keep the use of a one-time token: %w", err)
		}
	}
}

// spendOne returns the session that the token belongs to then.
func (s *Settings) spendOne(ctx context.Context, tx *sql.Tx, app rtc.AppID, use *spending) (owner string, err error) {
	err = tx.QueryRowContext(ctx, `INSERT INTO spent_tokens (app, id, session, expires) VALUES ($1, $2, $3, $4)
		ON CONFLICT (app, id) DO UPDATE SET expires = excluded.expires RETURNING session`,
		app, use.claims.ID, use.session, use.claims.Expires.UnixMilli()).Scan(&owner)
	return owner, err
}
