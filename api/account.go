package api

import (
	"context"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// Request hands the HTTP request to a handler that needs more of it than its
// input says.
type Request struct{ r *http.Request }

// Resolve implements huma.Resolver.
func (q *Request) Resolve(ctx huma.Context) []error {
	q.r, _ = humago.Unwrap(ctx)
	return nil
}

type loginInput struct {
	Request
	Body struct {
		Name     string `json:"name" maxLength:"100"`
		Password string `json:"password" maxLength:"1000"`
	}
}

type loginOutput struct {
	Cookie http.Cookie `header:"Set-Cookie"`
	Body   Me
}

type passwordInput struct {
	Body struct {
		Current string `json:"current" maxLength:"1000"`
		New     string `json:"new" maxLength:"1000" doc:"At least 10 characters"`
	}
}

func (a *API) accountRoutes() {
	huma.Register(a.huma, public(route(http.MethodPost, "/login", "login", "account", "Log in to the console")),
		func(ctx context.Context, in *loginInput) (*loginOutput, error) {
			out, err := a.login(ctx, in)
			if err != nil {
				return nil, mapped(ctx, a.Log, err)
			}
			return out, nil
		})
	op := console(route(http.MethodPost, "/logout", "logout", "account", "Log out"))
	op.DefaultStatus = http.StatusNoContent
	huma.Register(a.huma, op, func(ctx context.Context, in *struct{ Request }) (*struct {
		Cookie http.Cookie `header:"Set-Cookie"`
	}, error) {
		if err := a.Settings.Logout(ctx, callerOf(ctx).session); err != nil {
			return nil, mapped(ctx, a.Log, err)
		}
		out := &struct {
			Cookie http.Cookie `header:"Set-Cookie"`
		}{sessionCookie(in.r, "")}
		out.Cookie.MaxAge = -1
		return out, nil
	})
	answer(a, route(http.MethodGet, "/me", "me", "account", "Who asks, and what they may see"), func(ctx context.Context, _ *nothing) (Me, error) {
		return a.me(ctx, callerOf(ctx))
	})
	act(a, console(route(http.MethodPost, "/password", "changePassword", "account", "Change one's own password; other log-ins of the account end")), func(ctx context.Context, in *passwordInput) error {
		c := callerOf(ctx)
		if !a.logins.allow(a.Now(), accountOf(c.account.Name), perAccount) {
			return errTooManyLogins
		}
		return a.Settings.ChangePassword(ctx, c.account.ID, c.session, in.Body.Current, in.Body.New)
	})
}

var errTooManyLogins = fail(http.StatusTooManyRequests, codeTooMany, "Too many attempts: wait a minute and try again.")

func (a *API) login(ctx context.Context, in *loginInput) (*loginOutput, error) {
	who := accountOf(in.Body.Name)
	if !a.logins.allow(a.Now(), "address "+address(in.r), perAddress) || !a.logins.allow(a.Now(), who, perAccount) {
		return nil, errTooManyLogins
	}
	account, session, err := a.Settings.Login(ctx, in.Body.Name, in.Body.Password)
	if err != nil {
		return nil, err
	}
	a.logins.succeeded(who)
	me, err := a.me(ctx, &caller{account: account})
	if err != nil {
		return nil, err
	}
	out := &loginOutput{Cookie: sessionCookie(in.r, session.ID), Body: me}
	out.Cookie.Expires = session.Expires
	return out, nil
}

// accountOf is how attempts at an account are remembered, however its name is
// written.
func accountOf(name string) string { return "account " + strings.ToLower(strings.TrimSpace(name)) }

// sessionCookie cannot be read by scripts and does not travel with requests
// that other sites cause, except with links that are followed.
func sessionCookie(r *http.Request, id string) http.Cookie {
	return http.Cookie{Name: cookieName, Value: id, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: secure(r)}
}

func (a *API) me(ctx context.Context, c *caller) (Me, error) {
	me := Me{Account: c.account.Name, Admin: c.admin(), MustChangePassword: c.account.MustChange, Apps: []uint32{}}
	apps, err := a.Settings.Apps(ctx)
	if err != nil {
		return me, err
	}
	for _, app := range apps {
		if c.may(app.ID) {
			me.Apps = append(me.Apps, uint32(app.ID))
		}
	}
	return me, nil
}
