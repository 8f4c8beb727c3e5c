package settings

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/peerglass/peerglass/rtc"
)

// clock is a time that only tests move.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

func open(t *testing.T, dir, masterKey string) (*Settings, *clock) {
	t.Helper()
	c := &clock{t: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	s, err := Open(t.Context(), Options{Dir: dir, MasterKey: masterKey, Now: c.now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s, c
}

// must returns v, or ends the test.
func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func wantCode(t *testing.T, err error, code string) {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) || e.Code != code {
		t.Errorf("got %v, want an error with code %s", err, code)
	}
}

func TestFirstStart(t *testing.T) {
	dir := t.TempDir()
	s, _ := open(t, dir, "")
	first := must(s.Bootstrap(t.Context()))(t)
	if first == nil || first.App.Name != "My app" || !first.App.Enabled || !strings.HasPrefix(first.IngestKey.Key, "pgk_") || len(first.Password) < MinPassword {
		t.Fatalf("first start made %+v", first)
	}
	if again := must(s.Bootstrap(t.Context()))(t); again != nil {
		t.Errorf("second start made %+v", again)
	}
	account, _, err := s.Login(t.Context(), " ADMIN ", first.Password)
	if err != nil || !account.Admin || !account.MustChange {
		t.Errorf("first log-in: %+v, %v", account, err)
	}
	for _, name := range []string{"settings.db", "master.key"} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: mode %v, %v; others must not read it", name, info.Mode(), err)
		}
	}
}

// What must not be readable in the database file is not in any of its bytes.
func TestNothingSecretOnDisk(t *testing.T) {
	dir := t.TempDir()
	s, _ := open(t, dir, "")
	first := must(s.Bootstrap(t.Context()))(t)
	secret := must(s.AppSecret(t.Context(), first.App.ID))(t)
	_, apiKey, err := s.CreateAPIKey(t.Context(), 0, "script")
	if err != nil {
		t.Fatal(err)
	}
	_, session, err := s.Login(t.Context(), "admin", first.Password)
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "settings.db*"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, name := range files {
		content := string(must(os.ReadFile(name))(t))
		for what, text := range map[string]string{"password": first.Password, "app secret": secret, "API key": apiKey, "console session": session.ID} {
			if strings.Contains(content, text) {
				t.Errorf("the %s is readable in %s", what, filepath.Base(name))
			}
		}
	}
}

func TestMasterKey(t *testing.T) {
	dir := t.TempDir()
	key := strings.Repeat("0123456789abcdef", 4)
	s, _ := open(t, dir, key)
	app := must(s.CreateApp(t.Context(), "one", ""))(t)
	secret := must(s.AppSecret(t.Context(), app.ID))(t)
	if _, err := os.Stat(filepath.Join(dir, "master.key")); err == nil {
		t.Error("a key file was made although a key was given")
	}
	if again, _ := open(t, dir, key); must(again.AppSecret(t.Context(), app.ID))(t) != secret {
		t.Error("the secret changed over a restart")
	}
	for _, wrong := range []string{strings.Repeat("f", 64), "short"} {
		if s, err := Open(t.Context(), Options{Dir: dir, MasterKey: wrong}); err == nil {
			t.Errorf("opened with master key %q", wrong)
			_ = s.Close()
		} else if !strings.Contains(err.Error(), "PEERGLASS_MASTER_KEY") {
			t.Errorf("error does not say what to do: %v", err)
		}
	}
}

func TestApps(t *testing.T) {
	ctx := t.Context()
	s, _ := open(t, t.TempDir(), "")
	a := must(s.CreateApp(ctx, "  Meet  ", "for tests"))(t)
	b := must(s.CreateApp(ctx, "Other", ""))(t)
	if a.Name != "Meet" || a.ID == b.ID {
		t.Errorf("made %+v and %+v", a, b)
	}
	_, err := s.CreateApp(ctx, "   ", "")
	wantCode(t, err, CodeInvalid)

	name, off := "Meeting", false
	if got := must(s.ChangeApp(ctx, a.ID, AppChange{Name: &name}))(t); got.Name != name || !got.Enabled || got.Description != "for tests" {
		t.Errorf("renamed to %+v", got)
	}
	wantCode(t, s.DeleteApp(ctx, a.ID), CodeConflict)
	key := must(s.CreateIngestKey(ctx, a.ID, "k", []string{AnyOrigin}))(t)
	must(s.ChangeApp(ctx, a.ID, AppChange{Enabled: &off}))(t)
	_, err = s.IngestKey(ctx, key.Key)
	wantCode(t, err, CodeDisabled)
	if err := s.DeleteApp(ctx, a.ID); err != nil {
		t.Fatal(err)
	}
	_, err = s.App(ctx, a.ID)
	wantCode(t, err, CodeNotFound)
	_, err = s.IngestKey(ctx, key.Key)
	wantCode(t, err, CodeUnknownKey)
	wantCode(t, s.DeleteApp(ctx, a.ID), CodeNotFound)

	// The newest app is deleted: the next one must not get its id, under which
	// the store still has its calls.
	must(s.ChangeApp(ctx, b.ID, AppChange{Enabled: &off}))(t)
	if err := s.DeleteApp(ctx, b.ID); err != nil {
		t.Fatal(err)
	}
	if c := must(s.CreateApp(ctx, "Third", ""))(t); c.ID <= b.ID {
		t.Errorf("id %d was given again", c.ID)
	}
}

func TestIngestKeys(t *testing.T) {
	ctx := t.Context()
	s, _ := open(t, t.TempDir(), "")
	app := must(s.CreateApp(ctx, "one", ""))(t)
	other := must(s.CreateApp(ctx, "two", ""))(t)
	k := must(s.CreateIngestKey(ctx, app.ID, "", []string{"https://Meet.example.org/", "https://*.example.com", "http://localhost:3000", "http://127.0.0.1:*", "https://Meet.example.org", SelfOrigin}))(t)
	if got := must(s.IngestKey(ctx, k.Key))(t); got.ID != app.ID {
		t.Errorf("key opens app %d", got.ID)
	}
	for origin, ok := range map[string]bool{
		"":                             true, // not a browser
		"https://meet.example.org":     true,
		"https://MEET.example.org":     true,
		"http://meet.example.org":      false,
		"https://evil-meet.example.or": false,
		"https://a.example.com":        true,
		"https://a.b.example.com":      true,
		"https://example.com":          false,
		"https://evilexample.com":      false,
		"https://example.com.evil.org": false,
		"http://localhost:3000":        true,
		"http://localhost:3001":        false,
		"http://127.0.0.1:4321":        true,
		"https://127.0.0.1:4321":       false,
		"http://127.0.0.10:4321":       false,
		"http://calls.local:8080":      true, // of this server
		"http://calls.local":           false,
		"null":                         false, // a sandboxed frame or a file
		"*":                            false,
		"self":                         false,
		"://":                          false,
	} {
		if err := s.CheckOrigin(ctx, k.Key, origin, "Calls.local:8080"); (err == nil) != ok {
			t.Errorf("origin %q: %v, want ok %v", origin, err, ok)
		}
	}
	for _, bad := range []string{"meet.example.org", "https://", "https://a.org/path", "https://a*.org", "https://*.*.org", "https://u@a.org", "https://a.org:80:*", "https://*.a.org:*", "https://*", "**"} {
		_, err := s.CreateIngestKey(ctx, app.ID, "x", []string{bad})
		wantCode(t, err, CodeInvalid)
	}

	_, err := s.CreateIngestKey(ctx, app.ID, "x", nil) // which pages may use it is to be said
	wantCode(t, err, CodeInvalid)
	if len(k.Origins) != 5 {
		t.Errorf("origins are %q, want each once", k.Origins)
	}

	wantCode(t, s.RevokeIngestKey(ctx, other.ID, k.ID), CodeNotFound) // another app's
	_, err = s.ChangeIngestKey(ctx, other.ID, k.ID, IngestKeyChange{Origins: &[]string{}})
	wantCode(t, err, CodeNotFound)
	_, err = s.ChangeIngestKey(ctx, app.ID, k.ID, IngestKeyChange{Origins: &[]string{}})
	wantCode(t, err, CodeInvalid)
	if got := must(s.ChangeIngestKey(ctx, app.ID, k.ID, IngestKeyChange{Origins: &[]string{"*"}}))(t); len(got.Origins) != 1 || s.CheckOrigin(ctx, k.Key, "https://any.org", "") != nil || s.CheckOrigin(ctx, k.Key, "null", "") != nil {
		t.Errorf("origins were not lifted: %+v", got)
	}
	if err := s.RevokeIngestKey(ctx, app.ID, k.ID); err != nil {
		t.Fatal(err)
	}
	_, err = s.IngestKey(ctx, k.Key)
	wantCode(t, err, CodeRevokedKey)
	if keys := must(s.IngestKeys(ctx, app.ID))(t); len(keys) != 1 || keys[0].Revoked.IsZero() {
		t.Errorf("keys are %+v; a revoked one stays listed", keys)
	}
}

// Another node changes the same database: ingest learns of it in a bounded
// time without being told.
func TestChangesOfAnotherNode(t *testing.T) {
	ctx := t.Context()
	dir := t.TempDir()
	here, c := open(t, dir, "")
	there, _ := open(t, dir, "")
	app := must(there.CreateApp(ctx, "one", ""))(t)
	k := must(there.CreateIngestKey(ctx, app.ID, "k", []string{AnyOrigin}))(t)
	c.pass(staleAfter)
	if _, err := here.IngestKey(ctx, k.Key); err != nil {
		t.Error(err)
	}
}

func TestAPIKeys(t *testing.T) {
	ctx := t.Context()
	s, c := open(t, t.TempDir(), "")
	app := must(s.CreateApp(ctx, "one", ""))(t)
	k, text, err := s.CreateAPIKey(ctx, app.ID, "script")
	if err != nil || !strings.HasPrefix(text, "pga_") || !strings.HasPrefix(text, k.Hint) {
		t.Fatalf("%+v %q %v", k, text, err)
	}
	if got := must(s.CheckAPIKey(ctx, text))(t); got.App != app.ID {
		t.Errorf("key opens app %d", got.App)
	}
	c.pass(time.Hour)
	must(s.CheckAPIKey(ctx, text))(t)
	if keys := must(s.APIKeys(ctx))(t); len(keys) != 1 || !keys[0].LastUsed.Equal(c.now()) {
		t.Errorf("keys are %+v, want last use at %v", keys, c.now())
	}
	_, err = s.CheckAPIKey(ctx, text[:len(text)-1]+"!")
	wantCode(t, err, CodeCredentials)
	_, _, err = s.CreateAPIKey(ctx, 99, "script")
	wantCode(t, err, CodeNotFound)
	if err := s.DeleteAPIKey(ctx, k.ID); err != nil {
		t.Fatal(err)
	}
	_, err = s.CheckAPIKey(ctx, text)
	wantCode(t, err, CodeCredentials)
}

func TestAccounts(t *testing.T) {
	ctx := t.Context()
	s, c := open(t, t.TempDir(), "")
	one := must(s.CreateApp(ctx, "one", ""))(t)
	two := must(s.CreateApp(ctx, "two", ""))(t)
	account := must(s.CreateAccount(ctx, NewAccount{Name: "Eve", Password: "long enough", MustChange: true, Apps: []rtc.AppID{one.ID}}))(t)
	if !account.May(one.ID) || account.May(two.ID) {
		t.Error("the account sees other apps than its own")
	}
	_, err := s.CreateAccount(ctx, NewAccount{Name: "EVE", Password: "long enough"})
	wantCode(t, err, CodeConflict)
	_, err = s.CreateAccount(ctx, NewAccount{Name: "mallory", Password: "short"})
	wantCode(t, err, CodeInvalid)

	for _, try := range [][2]string{{"eve", "wrong"}, {"nobody", "long enough"}, {"", ""}} {
		_, _, err := s.Login(ctx, try[0], try[1])
		wantCode(t, err, CodeCredentials)
	}
	_, first, err := s.Login(ctx, "eve", "long enough")
	if err != nil {
		t.Fatal(err)
	}
	_, second, err := s.Login(ctx, "eve", "long enough")
	if err != nil {
		t.Fatal(err)
	}
	if got := must(s.CheckSession(ctx, first.ID))(t); got.ID != account.ID || !got.MustChange || !got.May(one.ID) || got.May(two.ID) {
		t.Errorf("the session is of %+v", got)
	}
	wantCode(t, s.ChangePassword(ctx, account.ID, first.ID, "wrong password", "another password"), CodeInvalid)
	wantCode(t, s.ChangePassword(ctx, account.ID, first.ID, "long enough", "long enough"), CodeInvalid)
	wantCode(t, s.ChangePassword(ctx, account.ID, first.ID, "long enough", "short"), CodeInvalid)
	if err := s.ChangePassword(ctx, account.ID, first.ID, "long enough", "another password"); err != nil {
		t.Fatal(err)
	}
	if got := must(s.CheckSession(ctx, first.ID))(t); got.MustChange {
		t.Error("the password must still be changed")
	}
	_, err = s.CheckSession(ctx, second.ID) // who knew the old password is out
	wantCode(t, err, CodeCredentials)
	_, _, err = s.Login(ctx, "eve", "long enough")
	wantCode(t, err, CodeCredentials)

	_, err = s.ResetPassword(ctx, "nobody")
	wantCode(t, err, CodeNotFound)
	lost := must(s.ResetPassword(ctx, "Eve"))(t)
	_, err = s.CheckSession(ctx, first.ID)
	wantCode(t, err, CodeCredentials)
	again, first, err := s.Login(ctx, "eve", lost)
	if err != nil || !again.MustChange {
		t.Fatalf("with the new one-time password: %+v, %v", again, err)
	}
	if err := s.ChangePassword(ctx, account.ID, first.ID, lost, "another password"); err != nil {
		t.Fatal(err)
	}

	c.pass(SessionLife)
	_, err = s.CheckSession(ctx, first.ID)
	wantCode(t, err, CodeCredentials)
	_, third, err := s.Login(ctx, "eve", "another password")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Logout(ctx, third.ID); err != nil {
		t.Fatal(err)
	}
	_, err = s.CheckSession(ctx, third.ID)
	wantCode(t, err, CodeCredentials)
}

// Lookups and changes at the same time neither race nor see half a change.
func TestConcurrentLookups(t *testing.T) {
	ctx := t.Context()
	s, c := open(t, t.TempDir(), "")
	app := must(s.CreateApp(ctx, "one", ""))(t)
	k := must(s.CreateIngestKey(ctx, app.ID, "k", []string{AnyOrigin}))(t)
	var g sync.WaitGroup
	for range 4 {
		g.Go(func() {
			for range 500 {
				if _, err := s.IngestKey(ctx, k.Key); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	g.Go(func() {
		for range 20 {
			c.pass(time.Second)
			if _, err := s.CreateIngestKey(ctx, app.ID, "k", []string{AnyOrigin}); err != nil {
				t.Error(err)
				return
			}
		}
	})
	g.Wait()
}

func BenchmarkIngestKey(b *testing.B) {
	s, err := Open(context.Background(), Options{Dir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	first := must(s.Bootstrap(b.Context()))(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.IngestKey(b.Context(), first.IngestKey.Key); err != nil {
			b.Fatal(err)
		}
	}
}
