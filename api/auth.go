package api

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"golang.org/x/time/rate"

	"github.com/peerglass/peerglass/rtc"
	"github.com/peerglass/peerglass/settings"
)

const cookieName = "peerglass_session"

// caller is who asks: an account with a console session, or an API key.
type caller struct {
	account settings.Account
	session string           // id of the console session; "" for an API key
	key     *settings.APIKey // nil for an account
	exists  func(rtc.AppID) bool
}

type callerKey struct{}

// callerOf returns who asks; a caller of nothing where nobody was recognised.
func callerOf(ctx context.Context) *caller {
	if c, ok := ctx.Value(callerKey{}).(*caller); ok {
		return c
	}
	return &caller{}
}

// may reports whether there is such an app and the caller sees it.
func (c *caller) may(app rtc.AppID) bool {
	if c.exists != nil && !c.exists(app) {
		return false
	}
	if c.key != nil {
		return c.key.App == 0 || c.key.App == app
	}
	return c.account.May(app)
}

// admin reports whether the caller may change what belongs to no one app.
func (c *caller) admin() bool { return c.key != nil && c.key.App == 0 || c.account.Admin }

func (c *caller) mustAdmin() error {
	if !c.admin() {
		return fail(http.StatusForbidden, codeForbidden, "Only an administrator may do that.")
	}
	return nil
}

// authenticate recognises the caller and refuses nobodies, except where the
// operation is public.
func (a *API) authenticate(ctx huma.Context, next func(huma.Context)) {
	op := ctx.Operation()
	if isPublic(op) {
		next(ctx)
		return
	}
	r, w := humago.Unwrap(ctx)
	c, err := a.recognise(r)
	if err == nil {
		err = c.admitted(op)
		c.exists = func(app rtc.AppID) bool { return a.Settings.Exists(r.Context(), app) }
	}
	if err != nil {
		writeError(w, mapped(r.Context(), a.Log, err))
		return
	}
	next(huma.WithValue(ctx, callerKey{}, c))
}

func (a *API) recognise(r *http.Request) (*caller, error) {
	if header := r.Header.Get("Authorization"); header != "" {
		scheme, key, _ := strings.Cut(header, " ")
		key = strings.TrimSpace(key)
		if !strings.EqualFold(scheme, "Bearer") || !strings.HasPrefix(key, settings.APIKeyPrefix) {
			return nil, fail(http.StatusUnauthorized, codeUnauthentic, "The Authorization header must be: Bearer pga_… (an API key from the console).")
		}
		k, err := a.Settings.CheckAPIKey(r.Context(), key)
		return &caller{key: &k}, err
	}
	cookie, err := r.Cookie(cookieName)
	if err != nil {
		return nil, fail(http.StatusUnauthorized, codeUnauthentic, "Log in, or send an API key: Authorization: Bearer pga_…")
	}
	account, err := a.Settings.CheckSession(r.Context(), cookie.Value)
	return &caller{account: account, session: cookie.Value}, err
}

// admitted refuses a known caller what is not for it.
func (c *caller) admitted(op *huma.Operation) error {
	if consoleOnly(op) {
		if c.key != nil {
			return fail(http.StatusForbidden, codeForbidden, "That is for people who have logged in, not for API keys.")
		}
		return nil // logging out and changing the password go before all else
	}
	if c.account.MustChange && op.OperationID != "me" {
		return fail(http.StatusForbidden, codePassword, "The password was good for one log-in: change it first.")
	}
	return nil
}

// writeError writes an error outside the framework.
func writeError(w http.ResponseWriter, e *Error) {
	w.Header().Set("Content-Type", "application/json")
	if e.status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", "Bearer")
	}
	w.WriteHeader(e.status)
	_ = json.NewEncoder(w).Encode(e) // the caller is gone: nobody to tell
}

// attempts bounds how often one may guess a password: by account, so that many
// addresses cannot share the work, and by address, so that one address cannot
// try many accounts.
type attempts struct {
	mu  sync.Mutex
	who map[string]*rate.Limiter
}

// allowance is how many attempts may be made at once, and how soon after them
// each next one.
type allowance struct {
	burst int
	every time.Duration
}

var (
	// A person who has forgotten which password it was; then 2,880 guesses a
	// day, which are hopeless against 10 characters.
	perAccount = allowance{10, 30 * time.Second}
	// A whole office can come from one address, or everybody through a proxy.
	perAddress = allowance{100, 2 * time.Second}
)

const attemptsKept = 10_000 // accounts and addresses remembered

func newAttempts() *attempts { return &attempts{who: map[string]*rate.Limiter{}} }

// allow reports whether who may make another attempt at now.
func (t *attempts) allow(now time.Time, who string, a allowance) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	l := t.who[who]
	if l == nil {
		if len(t.who) >= attemptsKept {
			t.forget(now)
		}
		l = rate.NewLimiter(rate.Every(a.every), a.burst)
		t.who[who] = l
	}
	return l.AllowN(now, 1)
}

// succeeded forgets the attempts of who has proven to know the password.
func (t *attempts) succeeded(who string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.who, who)
}

// forget drops those that have nothing to be remembered for, and everything
// where that is not enough: memory is bounded before guessing is.
func (t *attempts) forget(now time.Time) {
	for name, l := range t.who {
		if l.TokensAt(now) >= float64(l.Burst()) {
			delete(t.who, name)
		}
	}
	if len(t.who) >= attemptsKept {
		clear(t.who)
	}
}

// address is where a request comes from; a forwarding header could be made up
// by anyone and is not looked at.
func address(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}
