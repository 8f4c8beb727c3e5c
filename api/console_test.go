package api

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/peerglass/peerglass/query"
	"github.com/peerglass/peerglass/rtc"
)

func TestLogin(t *testing.T) {
	b := newBench(t)
	run(t, b, []scenario{
		{name: "wrong password", method: "POST", path: "/login", body: `{"name":"admin","password":"guess"}`, status: 401, has: []string{"unauthenticated"}},
		{name: "nobody", method: "POST", path: "/login", body: `{"name":"nobody","password":"guess"}`, status: 401, has: []string{"The account or the password is wrong."}},
		{name: "not logged in", path: "/me", status: 401},
	})
	b.logIn()
	if c := b.cookie; !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Secure || c.Expires.IsZero() {
		t.Errorf("cookie is %v", c)
	}
	run(t, b, []scenario{
		{name: "me", as: "console", path: "/me", status: 200, has: []string{`"mustChangePassword":true`, `"account":"admin"`, `"apps":[1,2]`}},
		{name: "nothing before the change", as: "console", path: "/apps", status: 403, has: []string{"password_change_required"}},
		{name: "no key may change it", as: "all", method: "POST", path: "/password", body: `{"current":"x","new":"y"}`, status: 403},
		{name: "wrong current one", as: "console", method: "POST", path: "/password", body: `{"current":"wrong","new":"long enough, surely"}`, status: 422, has: []string{"old password"}},
		{name: "too short", as: "console", method: "POST", path: "/password", body: `{"current":"` + b.password + `","new":"short"}`, status: 422, has: []string{"10"}},
		{name: "change", as: "console", method: "POST", path: "/password", body: `{"current":"` + b.password + `","new":"long enough, surely"}`, status: 204},
		{name: "everything after it", as: "console", path: "/apps", status: 200},
		{name: "log out", as: "console", method: "POST", path: "/logout", status: 204},
		{name: "no more", as: "console", path: "/apps", status: 401, has: []string{"log in again"}},
	})
}

func TestSecureCookie(t *testing.T) {
	b := newBench(t)
	r := httptest.NewRequestWithContext(t.Context(), "POST", Prefix+"/login", strings.NewReader(`{"name":"admin","password":"`+b.password+`"}`))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-Forwarded-Proto", "https")
	w := httptest.NewRecorder()
	b.api.Handler().ServeHTTP(w, r)
	if c := w.Result().Cookies(); len(c) != 1 || !c[0].Secure {
		t.Errorf("behind TLS the cookie is %v", c)
	}
}

func TestGuessing(t *testing.T) {
	b := newBench(t)
	guess := func() int {
		return b.do("", "POST", "/login", `{"name":"admin","password":"guess"}`).Code
	}
	for range perAccount.burst {
		if code := guess(); code != http.StatusUnauthorized {
			t.Fatalf("status %d", code)
		}
	}
	run(t, b, []scenario{{name: "too many", method: "POST", path: "/login", body: `{"name":"ADMIN","password":"` + b.password + `"}`, status: 429, has: []string{"too_many_requests", "wait"}}})
	b.now = b.now.Add(perAccount.every)
	if code := guess(); code != http.StatusUnauthorized {
		t.Errorf("after a while: %d", code)
	}
	// Who knows the password may come as often as they like.
	b.now = b.now.Add(time.Hour)
	for range 2 * perAccount.burst {
		b.logIn()
	}
	// One address cannot go through many accounts.
	last := 0
	for i := range perAddress.burst {
		last = b.do("", "POST", "/login", fmt.Sprintf(`{"name":"account%d","password":"guess"}`, i)).Code
		if last != http.StatusUnauthorized {
			break
		}
	}
	if last != http.StatusTooManyRequests {
		t.Errorf("many accounts from one address: %d", last)
	}
}

func TestAttemptsAreBounded(t *testing.T) {
	a := newAttempts()
	for i := range attemptsKept + 10 {
		a.allow(start, accountOf(time.Duration(i).String()), perAccount)
	}
	if len(a.who) > attemptsKept {
		t.Errorf("%d names are remembered", len(a.who))
	}
}

// A page elsewhere cannot make a browser that is logged in change anything.
func TestCrossOrigin(t *testing.T) {
	b := newBench(t)
	b.logIn()
	for name, header := range map[string][2]string{
		"fetch metadata": {"Sec-Fetch-Site", "cross-site"},
		"origin":         {"Origin", "https://evil.example"},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequestWithContext(t.Context(), "POST", Prefix+"/logout", nil)
			r.AddCookie(b.cookie)
			r.Header.Set(header[0], header[1])
			w := httptest.NewRecorder()
			b.api.Handler().ServeHTTP(w, r)
			if w.Code != http.StatusForbidden || !strings.Contains(w.Body.String(), "cross_origin") {
				t.Errorf("%d %s", w.Code, w.Body)
			}
		})
	}
	run(t, b, []scenario{{name: "still logged in", as: "console", path: "/me", status: 200}})
}

func TestHeaders(t *testing.T) {
	b := newBench(t)
	for _, path := range []string{"/version", "/apps", "/nope"} {
		h := b.do("", "GET", path, "").Header()
		if h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Cache-Control") != "no-store" || !strings.Contains(h.Get("Content-Security-Policy"), "default-src 'none'") || h.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: %v", path, h)
		}
	}
	w := httptest.NewRecorder()
	Secure(http.NotFoundHandler()).ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", "/", nil))
	if csp := w.Header().Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'self'") || !strings.Contains(csp, "frame-ancestors 'none'") || strings.Contains(csp, "unsafe-eval") {
		t.Errorf("console: %s", csp)
	}
}

func TestDump(t *testing.T) {
	b := newBench(t)
	path := "/apps/1/calls/" + mine.String() + "/sessions/" + stay.String() + "/dump"
	unpack := func(w *httptest.ResponseRecorder) string {
		t.Helper()
		if w.Code != http.StatusOK {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		z, err := gzip.NewReader(bytes.NewReader(w.Body.Bytes()))
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(z)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	plain := b.do("one", "GET", path+"?gzip=false", "")
	if plain.Code != http.StatusOK || !strings.HasPrefix(plain.Body.String(), "RTCStatsDump\n") || !strings.Contains(plain.Body.String(), "iceServers") {
		t.Errorf("%d %s", plain.Code, plain.Body)
	}
	packed := b.do("one", "GET", path, "")
	if unpack(packed) != plain.Body.String() {
		t.Error("packed and plain differ")
	}
	if h := packed.Header(); h.Get("Content-Type") != "application/gzip" || !strings.Contains(h.Get("Content-Disposition"), stay.String()+".rtcstats.gz") {
		t.Errorf("headers %v", h)
	}
	if raw := unpack(b.do("one", "GET", path+"?format=raw", "")); !strings.Contains(raw, "iceServers") {
		t.Errorf("raw dump is %q", raw)
	}
	run(t, b, []scenario{
		{name: "lost file", as: "two", path: "/apps/2/calls/" + theirs.String() + "/sessions/" + theirStay.String() + "/dump", status: 404, has: []string{"The dump"}},
		{name: "no such form", as: "one", path: path + "?format=xml", status: 422},
	})
}

func TestImport(t *testing.T) {
	b := newBench(t)
	run(t, b, []scenario{
		{name: "a dump", as: "one", method: "POST", path: "/apps/1/import?name=a.gz", body: "some bytes", status: 201,
			has: []string{`"call":"` + mine.String(), `"url":"/calls/` + mine.String() + `?app=1"`, `"bytes":10`, `"protocol":"rtcstats"`}},
		{name: "no dump", as: "one", method: "POST", path: "/apps/1/import?name=a.gz", body: "not a dump", status: 422, has: []string{`"code":"unsupported"`, "a.gz is no dump"}},
	})
}

func TestLive(t *testing.T) {
	b := newBench(t)
	call := b.query.call(1)
	call.End = time.Time{}
	over := b.query.call(1)
	b.query.updates = []query.Update{
		{Call: &call, Sessions: []rtc.Session{b.query.session(1)}, Since: start.Add(time.Second)},
		{Since: start.Add(time.Second)},
		{Samples: []query.Series{{Session: stay, Stream: 1, Times: []int64{5}, Intervals: []uint32{1000}, Metrics: map[string]query.Values{"bitrate": {7}}}}, Since: start.Add(2 * time.Second)},
		{Events: []rtc.Event{{Session: stay, Index: 9, Time: start, Kind: rtc.KindEvent, Name: "mute", Value: "{\n}"}}, Since: start.Add(3 * time.Second)},
		{Call: &over, Since: start.Add(4 * time.Second)},
		{Events: []rtc.Event{{Name: "after the end"}}},
	}
	w := b.do("one", "GET", "/apps/1/calls/"+mine.String()+"/live", "")
	if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "text/event-stream" {
		t.Fatalf("%d %v", w.Code, w.Header())
	}
	var names, ids []string
	for scan := bufio.NewScanner(w.Body); scan.Scan(); {
		line := scan.Text()
		if name, ok := strings.CutPrefix(line, "event: "); ok {
			names = append(names, name)
		}
		if id, ok := strings.CutPrefix(line, "id: "); ok {
			ids = append(ids, id)
		}
		if strings.Contains(line, "after the end") {
			t.Error("told after the end")
		}
	}
	if got := strings.Join(names, " "); got != "sessions call samples events end" {
		t.Errorf("messages: %s", got)
	}
	if !b.query.followed.Equal(b.now) {
		t.Errorf("followed since %v, want from now on", b.query.followed)
	}

	if len(b.api.live) != 0 {
		t.Error("the place of a follower who left is not free")
	}
	for range maxFollowers {
		b.api.live <- struct{}{}
	}
	b.query.updates = []query.Update{{Call: &over}}
	run(t, b, []scenario{{name: "too many", as: "one", path: "/apps/1/calls/" + mine.String() + "/live", status: 429, has: []string{"too_many_requests"}}})
	<-b.api.live

	// A client that comes back goes on where it was.
	b.query.updates = []query.Update{{Call: &over}}
	r := httptest.NewRequestWithContext(t.Context(), "GET", Prefix+"/apps/1/calls/"+mine.String()+"/live", nil)
	r.Header.Set("Authorization", "Bearer "+b.keys["one"])
	r.Header.Set("Last-Event-ID", ids[len(ids)-1])
	b.api.Handler().ServeHTTP(httptest.NewRecorder(), r)
	if want := start.Add(4 * time.Second); !b.query.followed.Equal(want) {
		t.Errorf("followed since %v, want %v", b.query.followed, want)
	}
}

// A call in which nothing happens says that it is still there, and a store that
// fails ends the stream, so that the client comes back.
func TestLiveSilence(t *testing.T) {
	b := newBench(t)
	call := b.query.call(1)
	call.End = time.Time{}
	b.query.updates = append([]query.Update{{Call: &call}}, make([]query.Update, int(heartbeat/followEvery)+1)...)
	text := b.do("one", "GET", "/apps/1/calls/"+mine.String()+"/live", "").Body.String()
	if strings.Count(text, ": still here") != 1 {
		t.Errorf("told %q", text)
	}
	if !strings.Contains(b.log.String(), "script of the test is over") {
		t.Error("the log does not say why the stream ended")
	}
}
