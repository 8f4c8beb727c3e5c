package settings

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestAppLog(t *testing.T) {
	ctx := t.Context()
	dir := t.TempDir()
	s, c := open(t, dir, "")
	app := must(s.CreateApp(ctx, "one", ""))(t)
	other := must(s.CreateApp(ctx, "two", ""))(t)
	expired := Fault{Code: CodeTokenExpired, Protocol: "native", Origin: "https://a.example", Message: "The token expired at 12:00.", Network: "192.0.2.0", Session: "s1"}
	begin := c.now()
	for range 3 {
		s.Log(app.ID, expired)
		c.pass(time.Second)
	}
	expired.Message, expired.Session = "The token expired at 12:01.", "s2"
	s.Log(app.ID, expired)
	c.pass(time.Second)
	s.Log(app.ID, Fault{Code: "too_large", Protocol: "jitsi", Message: strings.Repeat("é", maxLogText)})
	s.Log(99, expired) // no such app any more

	list := must(s.AppLog(ctx, app.ID, 100))(t)
	if len(list) != 2 {
		t.Fatalf("the log is %+v", list)
	}
	if got := list[1]; got.Fault != expired || got.Count != 4 || !got.First.Equal(begin) || !got.Last.Equal(begin.Add(3*time.Second)) {
		t.Errorf("a repeated fault is %+v", got)
	}
	if got := list[0]; len(got.Message) > maxLogText+3 {
		t.Errorf("a text of %d bytes is kept", len(got.Message))
	}
	if list := must(s.AppLog(ctx, other.ID, 100))(t); len(list) != 0 {
		t.Errorf("the other app is told %+v", list)
	}

	// It goes on counting after a restart.
	c.pass(time.Hour)
	again, _ := open(t, dir, "")
	again.Log(app.ID, expired)
	if list := must(again.AppLog(ctx, app.ID, 1))(t); len(list) != 1 {
		t.Errorf("asked for one entry: %+v", list)
	}
	if list := must(again.AppLog(ctx, app.ID, 100))(t); list[0].Count+list[1].Count != 6 {
		t.Errorf("after a restart the log is %+v", list)
	}
	if err := again.ClearLog(ctx, app.ID); err != nil {
		t.Fatal(err)
	}
	if list := must(s.AppLog(ctx, app.ID, 100))(t); len(list) != 0 {
		t.Errorf("a cleared log is %+v", list)
	}
}

// A flood costs a bounded memory and a bounded log, and pushes nothing else out
// of it.
func TestAppLogFlood(t *testing.T) {
	ctx := t.Context()
	s, c := open(t, t.TempDir(), "")
	app := must(s.CreateApp(ctx, "one", ""))(t)
	s.Log(app.ID, Fault{Code: CodeTokenReplayed, Protocol: "native"})
	for i := range 10_000 {
		s.Log(app.ID, Fault{Code: CodeOrigin, Protocol: "native", Origin: fmt.Sprintf("https://%d.example", i)})
	}
	if n := len(s.book.entries); n > maxLogWaiting+1 {
		t.Errorf("%d entries wait", n)
	}
	list := must(s.AppLog(ctx, app.ID, maxLog))(t)
	total := int64(0)
	for _, e := range list {
		total += e.Count
	}
	if total != 10_001 {
		t.Errorf("%d faults are counted", total)
	}
	for i := range 2 * maxLog / maxLogWaiting {
		c.pass(time.Second)
		for j := range maxLogWaiting {
			s.Log(app.ID, Fault{Code: CodeOrigin, Protocol: "native", Origin: fmt.Sprintf("https://%d.%d.example", j, i)})
		}
		if err := s.writeLog(ctx); err != nil {
			t.Fatal(err)
		}
	}
	list = must(s.AppLog(ctx, app.ID, maxLog))(t)
	if n := len(list); n > maxLogOrigins+2 {
		t.Errorf("%d entries are kept", n)
	}
	total = 0
	for _, e := range list {
		total += e.Count
	}
	if total != 10_001+2*maxLog {
		t.Errorf("%d faults are counted", total)
	}
	if first := list[len(list)-1]; first.Code != CodeTokenReplayed {
		t.Errorf("the oldest entry is %+v", first)
	}
}

func BenchmarkLog(b *testing.B) {
	s := &Settings{now: time.Now}
	f := Fault{Code: CodeTokenExpired, Protocol: "native", Origin: "https://a.example", Message: "The token expired."}
	b.ReportAllocs()
	for b.Loop() {
		s.Log(1, f)
	}
}

func TestDefaults(t *testing.T) {
	ctx := t.Context()
	s, _ := open(t, t.TempDir(), "")
	app := must(s.CreateApp(ctx, "one", ""))(t)
	pc := `{ "iceServers": [{"urls": ["turn:turn.example.org:3478", "turns:turn.example.org"], "username": "u", "credential": "the TURN password"}, {"urls":"stun:stun.example.org"}], "iceTransportPolicy": "relay", "sdpSemantics": "unified-plan" }`
	media := `{"audio": true, "video": {"width": {"ideal": 1280}}}`
	if _, err := s.SetDefaults(ctx, app.ID, []byte(pc), []byte(media)); err != nil {
		t.Fatal(err)
	}
	got := must(s.IngestApp(ctx, app.ID))(t)
	if strings.Contains(string(got.PeerConnection), " [") || !strings.Contains(string(got.PeerConnection), `"relay"`) || string(got.Media) != `{"audio":true,"video":{"width":{"ideal":1280}}}` {
		t.Errorf("defaults are %s and %s", got.PeerConnection, got.Media)
	}
	var stored string
	if err := s.db.QueryRowContext(ctx, `SELECT defaults FROM apps WHERE id = $1`, app.ID).Scan(&stored); err != nil || stored == "" || strings.Contains(stored, "TURN") {
		t.Errorf("stored as %q, %v", stored, err)
	}
	if renamed := must(s.ChangeApp(ctx, app.ID, AppChange{Name: new("new")}))(t); len(renamed.PeerConnection) == 0 {
		t.Error("renaming the app took its defaults")
	}
	for _, bad := range []struct{ pc, media, says string }{
		{`[]`, ``, "JSON object"},
		{`{"iceServers":{}}`, ``, "iceServers must be a list"},
		{`{"iceServers":[{"url":"stun:a"}]}`, ``, "urls must be"},
		{`{"iceServers":[{"urls":[]}]}`, ``, "empty"},
		{`{"iceServers":[{"urls":"http://a"}]}`, ``, "not an address"},
		{`{"iceServers":[{"urls":"stun://a"}]}`, ``, "not an address"},
		{`{"iceServers":[{"urls":"turn:a"}]}`, ``, "username and credential"},
		{`{"iceTransportPolicy":"public"}`, ``, "all, relay"},
		{`{"iceCandidatePoolSize":256}`, ``, "0 to 255"},
		{`{"certificates":[]}`, ``, "certificates"},
		{`{"x":"` + strings.Repeat("x", maxDefaults) + `"}`, ``, "longer"},
		{``, `{"audio":"yes"}`, "media.audio"},
		{``, `{"video":null,"audio":false}`, "media.video"},
		{``, `{"audio":false}`, "neither"},
		{``, `{`, "JSON object"},
	} {
		_, err := s.SetDefaults(ctx, app.ID, []byte(bad.pc), []byte(bad.media))
		if err == nil || !strings.Contains(err.Error(), bad.says) {
			t.Errorf("%s %s: %v, want %q", bad.pc, bad.media, err, bad.says)
		} else {
			wantCode(t, err, CodeInvalid)
		}
	}
	if none := must(s.SetDefaults(ctx, app.ID, []byte("null"), nil))(t); none.PeerConnection != nil || none.Media != nil {
		t.Errorf("defaults are %+v", none)
	}
	_, err := s.SetDefaults(ctx, 99, nil, nil)
	wantCode(t, err, CodeNotFound)
}

// Keys of before allowed every page by an empty list.
func TestOriginsOfOlderKeys(t *testing.T) {
	ctx := t.Context()
	dir := t.TempDir()
	s, _ := open(t, dir, "")
	app := must(s.CreateApp(ctx, "one", ""))(t)
	k := must(s.CreateIngestKey(ctx, app.ID, "k", []string{AnyOrigin}))(t)
	for _, statement := range []string{
		`UPDATE ingest_keys SET origins = '[]'`, `DELETE FROM migrations WHERE name = '003_tokens.sql'`,
		`DROP TABLE public_keys`, `DROP TABLE spent_tokens`, `DROP TABLE app_log`, `ALTER TABLE apps DROP COLUMN defaults`, `DELETE FROM counters WHERE name = 'public_key'`,
	} {
		if _, err := s.db.ExecContext(ctx, statement); err != nil {
			t.Fatal(err)
		}
	}
	again, _ := open(t, dir, "")
	if got := must(again.IngestKeys(ctx, app.ID))(t); len(got) != 1 || len(got[0].Origins) != 1 || got[0].Origins[0] != AnyOrigin {
		t.Errorf("keys are %+v", got)
	}
	if err := again.CheckOrigin(ctx, k.Key, "https://any.example", ""); err != nil {
		t.Error(err)
	}
}
