package settings

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"

	"github.com/peerglass/peerglass/rtc"
)

// Account is a person who may look at the console.
type Account struct {
	ID         int64
	Name       string
	Admin      bool // may see and change everything
	MustChange bool // the password is good for one log-in
	Apps       []rtc.AppID
	Created    time.Time
}

// May reports whether the account sees an app.
func (a *Account) May(app rtc.AppID) bool { return a.Admin || slices.Contains(a.Apps, app) }

// NewAccount is an account to make.
type NewAccount struct {
	Name       string
	Password   string
	Admin      bool
	MustChange bool
	Apps       []rtc.AppID
}

// MinPassword is the length below which a password is refused (NIST SP
// 800-63B asks for 8 at least, and for no rules about characters).
const (
	MinPassword = 10
	maxPassword = 256
)

func checkPassword(password string) error {
	if n := utf8.RuneCountInString(password); n < MinPassword || n > maxPassword {
		return refuse(CodeInvalid, "A password must have %d to %d characters.", MinPassword, maxPassword)
	}
	return nil
}

func accountName(name string) string { return strings.ToLower(strings.TrimSpace(name)) }

// CreateAccount makes an account; CodeConflict where the name is taken.
func (s *Settings) CreateAccount(ctx context.Context, n NewAccount) (Account, error) {
	name, err := checkName("an account", accountName(n.Name))
	if err != nil {
		return Account{}, err
	}
	if err := checkPassword(n.Password); err != nil {
		return Account{}, err
	}
	hash, err := s.hashPassword(ctx, n.Password)
	if err != nil {
		return Account{}, err
	}
	a := Account{Name: name, Admin: n.Admin, MustChange: n.MustChange, Apps: n.Apps, Created: s.now().UTC().Truncate(time.Millisecond)}
	err = s.change(ctx, func(tx *sql.Tx) error {
		var taken int
		if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM accounts WHERE name = $1`, name).Scan(&taken); err != nil {
			return err
		}
		if taken > 0 {
			return refuse(CodeConflict, "There already is an account %q.", name)
		}
		if a.ID, err = nextID(ctx, tx, "account"); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO accounts (id, name, password, must_change, admin, created) VALUES ($1, $2, $3, $4, $5, $6)`,
			a.ID, a.Name, hash, truth(a.MustChange), truth(a.Admin), a.Created.UnixMilli()); err != nil {
			return err
		}
		for _, app := range n.Apps {
			if err := appExists(ctx, tx, app); err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, `INSERT INTO account_apps (account, app) VALUES ($1, $2)`, a.ID, app); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return Account{}, fmt.Errorf("create account: %w", err)
	}
	return a, nil
}

var errLogin = refuse(CodeCredentials, "The account or the password is wrong.")

// Session is a console session as its owner's browser gets it.
type Session struct {
	ID      string // goes into the cookie; the database has its hash
	Expires time.Time
}

// SessionLife is how long a log-in lasts without being renewed.
const SessionLife = 7 * 24 * time.Hour

// Login checks a password and opens a console session; CodeCredentials where
// either is wrong, which of them is not told.
func (s *Settings) Login(ctx context.Context, name, password string) (Account, Session, error) {
	var id int64
	var hash string
	err := s.db.QueryRowContext(ctx, `SELECT id, password FROM accounts WHERE name = $1`, accountName(name)).Scan(&id, &hash)
	known := err == nil
	if errors.Is(err, sql.ErrNoRows) {
		hash, err = s.dummy, nil // as slow as for a known account: time must not tell
	}
	if err != nil {
		return Account{}, Session{}, fmt.Errorf("log in: %w", err)
	}
	fits, err := s.passwordFits(ctx, hash, password)
	if err != nil {
		return Account{}, Session{}, fmt.Errorf("log in: %w", err)
	}
	if !known || !fits {
		return Account{}, Session{}, errLogin
	}
	account, err := s.account(ctx, id)
	if err != nil {
		return Account{}, Session{}, fmt.Errorf("log in: %w", err)
	}
	now := s.now()
	session := Session{ID: randomText(52), Expires: now.Add(SessionLife).UTC().Truncate(time.Second)}
	err = s.change(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM console_sessions WHERE expires <= $1`, now.UnixMilli()); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO console_sessions (hash, account, created, expires) VALUES ($1, $2, $3, $4)`,
			hashOf(session.ID), id, now.UnixMilli(), session.Expires.UnixMilli())
		return err
	})
	if err != nil {
		return Account{}, Session{}, fmt.Errorf("log in: %w", err)
	}
	return account, session, nil
}

// CheckSession returns whose a console session is; CodeCredentials where it is
// over or was never opened.
func (s *Settings) CheckSession(ctx context.Context, session string) (Account, error) {
	var id int64
	err := s.db.QueryRowContext(ctx, `SELECT account FROM console_sessions WHERE hash = $1 AND expires > $2`, hashOf(session), s.now().UnixMilli()).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return Account{}, refuse(CodeCredentials, "The log-in has expired: log in again.")
	}
	if err != nil {
		return Account{}, fmt.Errorf("check console session: %w", err)
	}
	return s.account(ctx, id)
}

// Logout ends a console session; one that is over already is fine.
func (s *Settings) Logout(ctx context.Context, session string) error {
	if _, err := s.db.ExecContext(ctx, `DELETE FROM console_sessions WHERE hash = $1`, hashOf(session)); err != nil {
		return fmt.Errorf("log out: %w", err)
	}
	return nil
}

// ChangePassword sets a new password and ends every other console session of
// the account.
func (s *Settings) ChangePassword(ctx context.Context, account int64, session, old, password string) error {
	if err := checkPassword(password); err != nil {
		return err
	}
	if old == password {
		return refuse(CodeInvalid, "The new password must differ from the old one.")
	}
	var hash string
	if err := s.db.QueryRowContext(ctx, `SELECT password FROM accounts WHERE id = $1`, account).Scan(&hash); err != nil {
		return fmt.Errorf("change password: %w", err)
	}
	fits, err := s.passwordFits(ctx, hash, old)
	if err != nil {
		return fmt.Errorf("change password: %w", err)
	}
	if !fits {
		return refuse(CodeInvalid, "The old password is wrong.")
	}
	if hash, err = s.hashPassword(ctx, password); err != nil {
		return fmt.Errorf("change password: %w", err)
	}
	err = s.change(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `UPDATE accounts SET password = $1, must_change = 0 WHERE id = $2`, hash, account); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `DELETE FROM console_sessions WHERE account = $1 AND hash <> $2`, account, hashOf(session))
		return err
	})
	if err != nil {
		return fmt.Errorf("change password: %w", err)
	}
	return nil
}

// ResetPassword gives an account a new one-time password, ends its console
// sessions and returns the password; CodeNotFound where there is no such
// account.
func (s *Settings) ResetPassword(ctx context.Context, name string) (string, error) {
	password := randomText(16)
	hash, err := s.hashPassword(ctx, password)
	if err != nil {
		return "", fmt.Errorf("reset password: %w", err)
	}
	err = s.change(ctx, func(tx *sql.Tx) error {
		var id int64
		err := tx.QueryRowContext(ctx, `UPDATE accounts SET password = $1, must_change = 1 WHERE name = $2 RETURNING id`, hash, accountName(name)).Scan(&id)
		if errors.Is(err, sql.ErrNoRows) {
			return refuse(CodeNotFound, "There is no account %q.", accountName(name))
		}
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `DELETE FROM console_sessions WHERE account = $1`, id)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("reset password: %w", err)
	}
	return password, nil
}

func (s *Settings) account(ctx context.Context, id int64) (Account, error) {
	var a Account
	var created int64
	err := s.db.QueryRowContext(ctx, `SELECT id, name, admin, must_change, created FROM accounts WHERE id = $1`, id).Scan(&a.ID, &a.Name, &a.Admin, &a.MustChange, &created)
	if err != nil {
		return a, fmt.Errorf("read account: %w", err)
	}
	a.Created = time.UnixMilli(created).UTC()
	rows, err := s.db.QueryContext(ctx, `SELECT app FROM account_apps WHERE account = $1 ORDER BY app`, id)
	if err != nil {
		return a, fmt.Errorf("read account: %w", err)
	}
	a.Apps, err = collect(rows, func(r row) (id rtc.AppID, err error) { return id, r.Scan(&id) })
	return a, err
}

// argon2id with the parameters that OWASP's Password Storage Cheat Sheet names
// first: 19 MiB, 2 passes, 1 lane.
const (
	argonMemory = 19 * 1024 // KiB
	argonPasses = 2
	argonLanes  = 1
	argonSalt   = 16
	argonHash   = 32
)

// hashPassword returns the PHC form of argon2id.
func (s *Settings) hashPassword(ctx context.Context, password string) (string, error) {
	salt := make([]byte, argonSalt)
	_, _ = rand.Read(salt) // never fails: crypto/rand ends the program instead
	if err := s.enterHashing(ctx); err != nil {
		return "", err
	}
	defer s.leaveHashing()
	hash := argon2.IDKey([]byte(password), salt, argonPasses, argonMemory, argonLanes, argonHash)
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, argonMemory, argonPasses, argonLanes,
		base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(hash)), nil
}

// passwordFits compares with a hash of whatever parameters it was made with.
func (s *Settings) passwordFits(ctx context.Context, phc, password string) (bool, error) {
	part := strings.Split(phc, "$")
	if len(part) != 6 || part[1] != "argon2id" {
		return false, errors.New("the stored password is not an argon2id hash")
	}
	var memory, passes uint32
	var lanes uint8
	if _, err := fmt.Sscanf(part[3], "m=%d,t=%d,p=%d", &memory, &passes, &lanes); err != nil {
		return false, fmt.Errorf("stored password: %w", err)
	}
	salt, err := base64.RawStdEncoding.DecodeString(part[4])
	if err != nil {
		return false, fmt.Errorf("stored password: %w", err)
	}
	want, err := base64.RawStdEncoding.DecodeString(part[5])
	if err != nil {
		return false, fmt.Errorf("stored password: %w", err)
	}
	if err := s.enterHashing(ctx); err != nil {
		return false, err
	}
	defer s.leaveHashing()
	got := argon2.IDKey([]byte(password), salt, passes, memory, lanes, uint32(len(want)))
	return subtle.ConstantTimeCompare(got, want) == 1, nil
}

func (s *Settings) enterHashing(ctx context.Context) error {
	select {
	case s.hashing <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *Settings) leaveHashing() { <-s.hashing }
