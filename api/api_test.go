package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/peerglass/peerglass/blob"
	"github.com/peerglass/peerglass/dump"
	"github.com/peerglass/peerglass/protocol"
	"github.com/peerglass/peerglass/quality/happening"
	"github.com/peerglass/peerglass/quality/match"
	"github.com/peerglass/peerglass/quality/profile"
	"github.com/peerglass/peerglass/query"
	"github.com/peerglass/peerglass/rtc"
	"github.com/peerglass/peerglass/settings"
)

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// The tests know two apps, each with a call; the store below answers as query
// does: only what belongs to the app that it is asked for.
var (
	mine        = rtc.CallID(rtc.NewID(start.UnixMilli(), 1))
	theirs      = rtc.CallID(rtc.NewID(start.UnixMilli(), 2))
	stay        = rtc.SessionID(rtc.NewID(start.UnixMilli(), 3))
	theirStay   = rtc.SessionID(rtc.NewID(start.UnixMilli(), 4))
	nothingHere = rtc.CallID(rtc.NewID(start.UnixMilli(), 5))
)

const theirRoom = "room of the other tenant"

type answers struct {
	happenings query.HappeningFilter
	err        error // every question fails with it
	filter     query.CallFilter
	samples    query.SampleFilter
	events     query.EventFilter
	issues     query.IssueFilter
	matrix     query.MatrixFilter
	receivers  []rtc.SessionID
	updates    []query.Update
	followed   time.Time
}

var _ Questions = (*answers)(nil)

func (q *answers) call(app rtc.AppID) rtc.Call {
	if app == 1 {
		return rtc.Call{App: 1, ID: mine, Room: "standup", Start: start, End: start.Add(90 * time.Second), Users: 2, Sessions: 3, Peak: 2}
	}
	return rtc.Call{App: app, ID: theirs, Room: theirRoom, Start: start}
}

func (q *answers) session(app rtc.AppID) rtc.Session {
	if app == 1 {
		return rtc.Session{App: 1, Call: mine, ID: stay, User: "ada", UserName: "Ada", Start: start, End: start.Add(time.Minute), EndReason: "leave", Protocol: "rtcstats", Dump: "1/dump"}
	}
	return rtc.Session{App: app, Call: theirs, ID: theirStay, User: "mallory", Start: start, Dump: "2/dump"}
}

func (q *answers) Calls(_ context.Context, app rtc.AppID, f query.CallFilter) (query.CallPage, error) {
	q.filter = f
	return query.CallPage{Calls: []rtc.Call{q.call(app)}, Total: 1, Cursor: "further"}, q.err
}

func (q *answers) Glances(_ context.Context, _ rtc.AppID, calls []rtc.Call, people, slices int) (map[rtc.CallID]query.Glance, error) {
	of := map[rtc.CallID]query.Glance{}
	for _, c := range calls {
		of[c.ID] = query.Glance{
			People: []query.Person{{User: "ada", Name: "Ada"}, {}}[:min(people, 2)],
			Slices: []query.Slice{{}, {Measured: true}, {Measured: true, Worst: rtc.High, Issue: "video_freeze"}}[:min(slices, 3)],
		}
	}
	return of, q.err
}

func (q *answers) CallChoices(context.Context, rtc.AppID, time.Time, time.Time) (query.CallChoices, error) {
	return query.CallChoices{Browsers: []string{"Chrome"}, Regions: []string{"DE, Berlin"}}, q.err
}

func (q *answers) Call(_ context.Context, app rtc.AppID, id rtc.CallID) (rtc.Call, error) {
	if c := q.call(app); q.err != nil || c.ID == id {
		return c, q.err
	}
	return rtc.Call{}, query.ErrNotFound
}

func (q *answers) Counts(_ context.Context, apps []rtc.AppID, _, _ time.Time) ([]query.AppCount, error) {
	var counts []query.AppCount
	for _, app := range apps {
		counts = append(counts, query.AppCount{App: app, Calls: 4})
	}
	return counts, q.err
}

func (q *answers) Users(_ context.Context, app rtc.AppID, _ rtc.CallID) ([]query.User, error) {
	s := q.session(app)
	return []query.User{{User: s.User, Name: s.UserName, FirstIn: s.Start, LastOut: s.End, Stay: time.Minute, Stays: []query.Stay{{Session: s.ID}}}}, q.err
}

func (q *answers) Sessions(_ context.Context, app rtc.AppID, call rtc.CallID) ([]rtc.Session, error) {
	if s := q.session(app); s.Call == call {
		return []rtc.Session{s}, q.err
	}
	return nil, q.err
}

func (q *answers) Session(_ context.Context, app rtc.AppID, id rtc.SessionID) (rtc.Session, error) {
	if s := q.session(app); s.ID == id {
		return s, q.err
	}
	return rtc.Session{}, query.ErrNotFound
}

func (q *answers) Connections(context.Context, rtc.AppID, rtc.CallID, rtc.SessionID) ([]rtc.Connection, error) {
	return []rtc.Connection{{Call: mine, Session: stay, ID: 1, Label: "PC_0", Start: start}}, q.err
}

func (q *answers) Streams(context.Context, rtc.AppID, rtc.CallID, rtc.SessionID) ([]rtc.Stream, error) {
	return []rtc.Stream{{Call: mine, Session: stay, ID: 1, Kind: rtc.KindVideo, Direction: rtc.Receive, Start: start, End: start, Packets: 10, PacketsLost: -1, Bytes: -1}}, q.err
}

func (q *answers) Samples(_ context.Context, _ rtc.AppID, _ rtc.CallID, f query.SampleFilter) (query.SampleSet, error) {
	q.samples = f
	nan := float32(math.NaN())
	return query.SampleSet{Resolution: time.Second, Series: []query.Series{{Session: stay, Stream: 1, Kind: rtc.KindVideo, Direction: rtc.Receive,
		Times: []int64{1, 2, 3}, Intervals: []uint32{1000, 1000, 1000}, Metrics: map[string]query.Values{"bitrate": {1e6, nan, 0.1}}}}}, q.err
}

func (q *answers) Events(_ context.Context, _ rtc.AppID, _ rtc.CallID, f query.EventFilter) (query.EventPage, error) {
	q.events = f
	return query.EventPage{Events: []rtc.Event{
		{Session: stay, Index: 1, Time: start, Kind: rtc.KindState, Name: "onconnectionstatechange", Value: `"connected"`},
		{Session: stay, Index: 2, Time: start, Kind: rtc.KindCall, Name: "setLocalDescription", Value: `{"sdp":"v=0 cut of`},
		{Session: stay, Index: 3, Time: start, Kind: rtc.KindLog, Severity: rtc.Error, Name: "error"},
	}}, q.err
}

func (q *answers) Happenings(_ context.Context, _ rtc.AppID, _ rtc.CallID, f query.HappeningFilter) (query.HappeningPage, error) {
	q.happenings = f
	entered, off := happening.Find("entered_room"), happening.Find("audio_disabled")
	return query.HappeningPage{Total: 2, Types: map[string]int{"entered_room": 1, "audio_disabled": 1}, Complete: true, Cursor: "further",
		Room: happening.Room{Created: start, Peak: 2, PeakAt: start}, Rows: []query.Happening{
			{Row: happening.Row{Type: entered, Time: start, Session: stay, Label: entered.Label, Reference: 1, Text: "room standup"}, User: "ada", UserName: "Ada"},
			{Row: happening.Row{Type: off, Time: start, Session: stay, Index: 7, Place: 1, Event: "mute", Label: "Muted", Reference: 5, Cause: "muted", Direction: rtc.Send, Kind: rtc.KindAudio}, User: "ada", UserName: "Ada", Value: `{"kind":"audio"}`},
		}}, q.err
}

func (q *answers) Verdicts(_ context.Context, app rtc.AppID, calls []rtc.CallID) (map[rtc.CallID]rtc.Verdict, error) {
	if app != 1 {
		return nil, q.err
	}
	return map[rtc.CallID]rtc.Verdict{mine: {App: 1, Call: mine, Sentences: []string{"Ada could not be heard."}, Side: rtc.UserSide, User: "ada",
		Cause: "microphone_silent", Confidence: 0.9, Score: 4.25, ScoreVersion: 1, Issues: [rtc.High + 1]uint32{rtc.High: 1}}}, q.err
}

func (q *answers) Issues(_ context.Context, _ rtc.AppID, _ rtc.CallID, f query.IssueFilter) ([]rtc.Issue, error) {
	q.issues = f
	value := 0.002
	return []rtc.Issue{{Call: mine, Session: stay, ID: 1, Type: "latency", Cause: "latency", Source: rtc.Network, Severity: rtc.High, Start: start, Stream: 1,
		Evidence: []rtc.Evidence{{Session: stay, Metric: "rtt", At: start, Value: &value}}}}, q.err
}

func (q *answers) Outcomes(context.Context, rtc.AppID, rtc.CallID, rtc.SessionID) ([]rtc.Outcome, error) {
	return []rtc.Outcome{{Call: mine, Session: stay, Tried: true, Joined: true, Join: 1234, ICE: rtc.Null, VideoTime: 60_000, Score: 4.25, ScoreVersion: 1,
		Reasons: []rtc.Reason{{ID: "audio_loss", Points: 5.75, Text: "one in ten packets of audio was lost"}}}}, q.err
}

func (q *answers) Features(_ context.Context, _ rtc.AppID, _ rtc.CallID, _ rtc.SessionID, set string) ([]rtc.Feature, error) {
	return []rtc.Feature{
		{Session: stay, Set: "jitsi", Scope: "client", Name: "sessionDurationMs", Number: 60_000},
		{Session: stay, Set: "jitsi", Scope: "connection", Subject: "PC_0", Name: "isP2P", Number: math.NaN(), Text: "true"},
		{Session: stay, Set: "jitsi", Scope: "connection", Subject: "PC_0", Name: "iceReconnects", Number: 0},
	}, q.err
}

func (q *answers) Matches(_ context.Context, app rtc.AppID, _ rtc.CallID, receivers []rtc.SessionID) ([]match.Match, error) {
	q.receivers = receivers
	return []match.Match{
		{Session: stay, Stream: 1, Kind: rtc.KindVideo, Sender: stay, Sent: []*rtc.Stream{{ID: 7}}, User: "ada", Basis: match.SSRC},
		{Session: stay, Stream: 2, Kind: rtc.KindAudio, Tried: []match.Trial{{Basis: match.SSRC}}},
	}, q.err
}

func (q *answers) Matrix(_ context.Context, app rtc.AppID, _ rtc.CallID, f query.MatrixFilter) (query.Matrix, error) {
	q.matrix = f
	s := q.session(app)
	part := &query.MatrixPart{Reception: match.Reception{Measured: 1000, Packets: 10, Missing: 1, Expected: 10, Playing: math.NaN(), Bitrate: math.NaN(), Delay: 80},
		Level: match.Fair, Why: "10 % of the packets lost", Basis: match.Mapping, Streams: []query.StreamRef{{Session: stay, Stream: 1}}}
	return query.Matrix{Users: []query.MatrixUser{{User: s.User, Name: s.UserName, Sessions: []rtc.SessionID{s.ID}}, {User: "carol"}}, Total: 1,
		Cells: []query.MatrixCell{{Sender: 1, ReceiverSession: s.ID, Parts: [rtc.KindScreen + 1]*query.MatrixPart{rtc.KindVideo: part}}}}, q.err
}

func (q *answers) Profile(ctx context.Context, app rtc.AppID, call rtc.CallID) (*profile.Rows, error) {
	c, err := q.Call(ctx, app, call)
	outcomes, _ := q.Outcomes(ctx, app, call, 0)
	return &profile.Rows{Call: c, Sessions: []rtc.Session{q.session(app)}, Outcomes: outcomes, Troubled: []rtc.SessionID{stay},
		Media: []profile.Media{{Kind: rtc.KindVideo, Direction: rtc.Receive, Measured: 1, Carried: 1, HighQuality: 1, Remote: []string{"carol"}}}}, err
}

func (q *answers) Follow(app rtc.AppID, call rtc.CallID, since time.Time) Follower {
	q.followed = since
	return &follower{q: q, found: q.call(app).ID == call}
}

type follower struct {
	q     *answers
	found bool
}

func (f *follower) Next(context.Context) (query.Update, error) {
	if !f.found {
		return query.Update{}, query.ErrNotFound
	}
	if len(f.q.updates) == 0 {
		return query.Update{}, errors.New("the script of the test is over")
	}
	u := f.q.updates[0]
	f.q.updates = f.q.updates[1:]
	return u, nil
}

// bench is an API over made-up answers and real settings.
type bench struct {
	*testing.T
	api      *API
	settings *settings.Settings
	query    *answers
	log      bytes.Buffer
	now      time.Time
	imported string
	password string
	keys     map[string]string // API keys: one, two (of those apps), all
	cookie   *http.Cookie
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{T: t, query: &answers{}, now: start, keys: map[string]string{}}
	var err error
	if b.settings, err = settings.Open(t.Context(), settings.Options{Dir: t.TempDir(), Now: func() time.Time { return b.now }}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.settings.Close() })
	first, err := b.settings.Bootstrap(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	b.password = first.Password
	if _, err := b.settings.CreateApp(t.Context(), "the other tenant", ""); err != nil {
		t.Fatal(err)
	}
	for name, app := range map[string]rtc.AppID{"one": 1, "two": 2, "all": 0} {
		if _, b.keys[name], err = b.settings.CreateAPIKey(t.Context(), app, name); err != nil {
			t.Fatal(err)
		}
	}
	folder, err := blob.OpenFolder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := folder.Put(t.Context(), "1/dump", rawDump(t)); err != nil {
		t.Fatal(err)
	}
	b.api = New(Options{
		Settings: b.settings, Query: b.query, Blob: folder, Version: "test", Now: func() time.Time { return b.now },
		Log: slog.New(slog.NewTextHandler(&b.log, nil)),
		Import: func(_ context.Context, app rtc.AppID, name string, r io.Reader, _ func(int64)) (rtc.CallID, error) {
			content, err := io.ReadAll(r)
			b.imported = string(content)
			if b.imported == "not a dump" {
				err = protocol.Errorf(protocol.CodeUnsupported, "%s is no dump that Peerglass knows.", name)
			}
			return mine, err
		},
		Health: map[string]func(context.Context) error{"store": func(context.Context) error { return b.query.err }},
		Ticks: func(time.Duration) (<-chan time.Time, func()) {
			c := make(chan time.Time)
			close(c) // time passes as fast as it is asked for
			return c, func() {}
		},
	})
	return b
}

func rawDump(t *testing.T) io.Reader {
	t.Helper()
	var buffer bytes.Buffer
	w, err := dump.NewWriter(&buffer, dump.Header{Protocol: "rtcstats", Subprotocol: "rtcstats#5.0", App: 1, Session: stay, Start: start.UnixMilli()})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Frame(start.UnixMilli(), []byte(`["create","PC_0",{"iceServers":[]},1772366400000]`)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return &buffer
}

// as says who asks: a name of a key, "console", or nobody.
func (b *bench) do(as, method, path, body string) *httptest.ResponseRecorder {
	b.Helper()
	r := httptest.NewRequestWithContext(b.Context(), method, Prefix+path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	switch {
	case as == "console":
		r.AddCookie(b.cookie)
	case b.keys[as] != "":
		r.Header.Set("Authorization", "Bearer "+b.keys[as])
	case as != "":
		r.Header.Set("Authorization", as)
	}
	w := httptest.NewRecorder()
	b.api.Handler().ServeHTTP(w, r)
	return w
}

// logIn opens a console session for the first administrator.
func (b *bench) logIn() {
	b.Helper()
	w := b.do("", "POST", "/login", `{"name":"admin","password":"`+b.password+`"}`)
	if w.Code != http.StatusOK || len(w.Result().Cookies()) != 1 {
		b.Fatalf("log-in: %d %s", w.Code, w.Body)
	}
	b.cookie = w.Result().Cookies()[0]
}

// scenario is one request and what its answer must and must not have.
type scenario struct {
	name   string
	as     string
	method string // "": GET
	path   string
	body   string
	status int
	has    []string
	lacks  []string
}

func run(t *testing.T, b *bench, tests []scenario) {
	for _, s := range tests {
		t.Run(s.name, func(t *testing.T) {
			method := s.method
			if method == "" {
				method = http.MethodGet
			}
			w := b.do(s.as, method, s.path, s.body)
			if w.Code != s.status {
				t.Errorf("status %d, want %d", w.Code, s.status)
			}
			text := w.Body.String()
			for _, has := range s.has {
				if !strings.Contains(text, has) {
					t.Errorf("the answer lacks %q", has)
				}
			}
			for _, lacks := range append(s.lacks, "goroutine", "SELECT") {
				if strings.Contains(text, lacks) {
					t.Errorf("the answer has %q", lacks)
				}
			}
			if w.Code >= 400 {
				var e map[string]any
				if err := json.Unmarshal(w.Body.Bytes(), &e); err != nil || e["code"] == "" || e["message"] == "" || len(e) > 3 {
					t.Errorf("not the shape of an error: %v", err)
				}
			}
			if t.Failed() {
				t.Logf("%s %s as %q: %s", method, s.path, s.as, text)
			}
		})
	}
}

// What an app's key must never show of another app.
var foreign = []string{theirRoom, "mallory", "the other tenant", theirs.String()}

func TestAnswers(t *testing.T) {
	b := newBench(t)
	call := "/apps/1/calls/" + mine.String()
	run(t, b, []scenario{
		{name: "calls", as: "one", path: "/apps/1/calls", status: 200, lacks: foreign,
			has: []string{`"room":"standup"`, `"status":"ended"`, `"durationMs":90000`, `"total":1`, `"next":"further"`, `"roomName":"standup"`}},
		{name: "call", as: "one", path: call, status: 200, lacks: foreign,
			has: []string{`"relay":false,"score":4.3`, `"people":[{"user":"ada"`, `"stays":[{"id":"` + stay.String(), `"endReason":"leave"`, `"end":"2026-03-01T12:01:30Z"`}},
		{name: "sessions", as: "one", path: call + "/sessions", status: 200, lacks: foreign, has: []string{`"hasDump":true`, `"keys":{}`}},
		{name: "session", as: "one", path: call + "/sessions/" + stay.String(), status: 200, lacks: append(foreign, "1/dump"),
			has: []string{`"connections":[{"id":1`, `"streams":[{"id":1`, `"packets":10`, `"bytes":null`}},
		{name: "connections", as: "one", path: call + "/connections", status: 200, has: []string{`"label":"PC_0"`, `"connected":null`}},
		{name: "streams", as: "one", path: call + "/streams?session=" + stay.String(), status: 200, has: []string{`"kind":"video"`, `"direction":"receive"`, `"packetsLost":-1`}},
		{name: "samples", as: "one", path: call + "/samples?width=500", status: 200, has: []string{`"bitrate":[1000000,null,0.1]`, `"stepMs":1000`, `"codec":[]`}},
		{name: "verdict", as: "one", path: call + "/verdict", status: 200, has: []string{`"sentences":["Ada could not be heard."]`, `"side":"user"`, `"user":"ada"`, `"confidence":0.9`, `"score":4.25`, `"issues":{"low":0,"medium":0,"high":1}`}},
		{name: "call with its verdict", as: "one", path: "/apps/1/calls", status: 200, has: []string{`"verdict":{"sentences":["Ada could not be heard."]`}},
		{name: "issues", as: "one", path: call + "/issues", status: 200, has: []string{`"type":"latency"`, `"label":"High round-trip time"`, `"severity":"high"`, `"source":"network"`, `"end":null`, `"value":0.002`, `"limit":null`}},
		{name: "outcomes", as: "one", path: call + "/outcomes", status: 200, has: []string{`"joinMs":1234`, `"joinedInTime":true`, `"videoFreezeRate":0,`, `"audioFreezeRate":null`, `"iceMs":null`, `"reasons":[{"id":"audio_loss","points":5.75`}},
		{name: "profile", as: "one", path: call + "/profile", status: 200, lacks: foreign, has: []string{
			`{"id":"join_success","label":"Join success","unit":"ratio","value":1,"count":1,"of":1,"ofUnit":"users","grade":"good"`,
			`"id":"video_freeze","label":"Video freeze","unit":"ratio","value":0,"count":0,"of":60000,"ofUnit":"ms","grade":"good"`,
			`"id":"audio_freeze","label":"Audio freeze","unit":"ratio","value":null,"count":null,"of":null,"ofUnit":"ms","grade":""`,
			`"media":[{"kind":"video","direction":"receive","measured":1,"carried":1}],"missing":["carol"]`}},
		{name: "matches", as: "one", path: call + "/matches", status: 200, lacks: foreign, has: []string{
			`{"receiver":{"session":"` + stay.String() + `","stream":1},"kind":"video","sender":{"session":"` + stay.String() + `","streams":[7]},"user":"ada","basis":"ssrc","byTime":false,"tried":[]}`,
			`"sender":null,"user":"","basis":"","byTime":false,"tried":[{"basis":"ssrc","fits":0,"sessions":[],"contradicts":false}]`, `"next":null`}},
		{name: "page of matches", as: "one", path: call + "/matches?limit=1", status: 200, has: []string{`"stream":1`, `"next":"` + stay.String() + `.1"`}, lacks: []string{`"stream":2`}},
		{name: "next page of matches", as: "one", path: call + "/matches?limit=1&cursor=" + stay.String() + ".1", status: 200, has: []string{`"stream":2`, `"next":null`}, lacks: []string{`"stream":1`}},
		{name: "no page of matches", as: "one", path: call + "/matches?cursor=7", status: 422},
		{name: "matrix", as: "one", path: call + "/matrix", status: 200, lacks: foreign, has: []string{
			`"users":[{"user":"ada","userName":"Ada","sessions":["` + stay.String() + `"]},{"user":"carol","userName":"","sessions":[]}]`,
			`{"receiver":0,"sender":1,"receiverSession":"` + stay.String() + `","senderSession":"","audio":null,"video":{"level":"fair","reason":"10 % of the packets lost","stutterShare":null,"loss":0.1,"bitrate":null,"delay":80`,
			`"thresholds":{"audioStutterShare":{"fair":0.03,"poor":0.05},"videoStutterShare":{"fair":0.05,"poor":0.1},"loss":{"fair":0.05,"poor":0.2},"delay":{"fair":400,"poor":null}}`, `"unmatched":[]`, `"worst":[]`}},
		{name: "features", as: "one", path: call + "/features?set=jitsi", status: 200, has: []string{
			`{"session":"` + stay.String() + `","set":"jitsi","scope":"connection","subject":"PC_0","values":{"iceReconnects":0,"isP2P":"true"}}`}},
		{name: "events", as: "one", path: call + "/events", status: 200,
			has: []string{`"value":"connected"`, `"value":"{\"sdp\":\"v=0 cut of"`, `"severity":"error"`, `"value":null`, `"next":null`}},
		{name: "metrics", as: "one", path: "/metrics", status: 200, has: []string{`"id":"bitrate"`, `"unit":"bit/s"`, `"from":["bytesSent","bytesReceived"]`}},
		{name: "activity of one app", as: "one", path: "/apps/activity", status: 200, has: []string{`"app":1,"calls":4`, `"lastCall":null`}, lacks: []string{`"app":2`}},
		{name: "activity of all", as: "all", path: "/apps/activity", status: 200, has: []string{`"app":1`, `"app":2`}},
		{name: "version", path: "/version", status: 200, has: []string{`"version":"test"`}},
		{name: "health", path: "/health", status: 200, has: []string{`"ok":true`, `"store":"ok"`}},
		{name: "document", path: "/openapi.json", status: 200, has: []string{`"openapi":"3.1.0"`}},
		{name: "no such route", as: "all", path: "/nope", status: 404, has: []string{"not_found", "openapi.json"}},
		{name: "no such method", as: "all", method: "PUT", path: "/apps/1", status: 404},
	})
}

func TestFilters(t *testing.T) {
	b := newBench(t)
	run(t, b, []scenario{
		{name: "calls", as: "one", path: "/apps/1/calls?from=2026-03-01T00:00:00Z&to=1772409600000&room=team-*&user=ada&status=active&sort=duration&order=asc&limit=50&minDurationMs=1000&cursor=c", status: 200},
		{name: "samples", as: "one", path: "/apps/1/calls/" + mine.String() + "/samples?session=" + stay.String() + "&stream=" + stay.String() + ".7&metrics=bitrate&metrics=loss&from=1&to=2&width=300&extremes=true", status: 200},
		{name: "events", as: "one", path: "/apps/1/calls/" + mine.String() + "/events?session=" + stay.String() + "&kind=state&kind=log&severity=warning&search=ice&order=desc&limit=5&cursor=c", status: 200},
	})
	f := b.query.filter
	if !f.From.Equal(time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)) || f.To.UnixMilli() != 1772409600000 || f.RoomPrefix != "team-" || f.Room != "" || f.User != "ada" ||
		f.Status != query.InProgress || f.Sort != query.ByDuration || !f.Ascending || f.Limit != 50 || f.MinDuration != time.Second || f.Cursor != "c" {
		t.Errorf("calls were asked with %+v", f)
	}
	s := b.query.samples
	if len(s.Sessions) != 1 || s.Sessions[0] != stay || len(s.Streams) != 1 || s.Streams[0] != (query.StreamRef{Session: stay, Stream: 7}) ||
		len(s.Metrics) != 2 || s.Metrics[1].ID != "loss" || s.From.UnixMilli() != 1 || s.Width != 300 || !s.Extremes {
		t.Errorf("samples were asked with %+v", s)
	}
	e := b.query.events
	if e.Session != stay || len(e.Kinds) != 2 || e.Kinds[1] != rtc.KindLog || e.MinSeverity != rtc.Warning || e.Search != "ice" || !e.Descending || e.Limit != 5 || e.Cursor != "c" {
		t.Errorf("events were asked with %+v", e)
	}
	call := "/apps/1/calls/" + mine.String()
	run(t, b, []scenario{
		{name: "limit", as: "one", path: "/apps/1/calls?limit=100000", status: 422, has: []string{`"code":"invalid"`, `"location":"query.limit"`}},
		{name: "status", as: "one", path: "/apps/1/calls?status=paused", status: 422, has: []string{"query.status"}},
		{name: "time", as: "one", path: "/apps/1/calls?from=yesterday", status: 422, has: []string{"query.from", "2026-01-31T12:00:00Z"}},
		{name: "metric", as: "one", path: call + "/samples?metrics=mood", status: 422, has: []string{"mood", "query.metrics"}},
		{name: "stream", as: "one", path: call + "/samples?stream=7", status: 422, has: []string{"query.stream"}},
		{name: "kind", as: "one", path: call + "/events?kind=party", status: 422},
		{name: "severity of issues", as: "one", path: call + "/issues?severity=awful", status: 422},
		{name: "set of features", as: "one", path: call + "/features?set=mine", status: 422},
		{name: "session", as: "one", path: call + "/events?session=zzz", status: 404},
	})
}

// Whatever belongs to another app, or to nobody, is not found in the same
// words.
func TestTenants(t *testing.T) {
	b := newBench(t)
	var tests []scenario
	for _, path := range []string{
		"", "/secret", "/ingest-keys", "/public-keys", "/log", "/default-config", "/thresholds", "/calls", "/calls/" + theirs.String(), "/calls/" + theirs.String() + "/sessions", "/calls/" + theirs.String() + "/sessions/" + theirStay.String(),
		"/calls/" + theirs.String() + "/sessions/" + theirStay.String() + "/dump", "/calls/" + theirs.String() + "/connections", "/calls/" + theirs.String() + "/streams",
		"/calls/" + theirs.String() + "/samples", "/calls/" + theirs.String() + "/events",
		"/calls/" + theirs.String() + "/verdict", "/calls/" + theirs.String() + "/issues", "/calls/" + theirs.String() + "/outcomes", "/calls/" + theirs.String() + "/features", "/calls/" + theirs.String() + "/profile", "/calls/" + theirs.String() + "/matches", "/calls/" + theirs.String() + "/matrix",
		"/calls/" + theirs.String() + "/live",
	} {
		tests = append(tests,
			scenario{name: "their app" + path, as: "one", path: "/apps/2" + path, status: 404, has: []string{"The app was not found."}, lacks: foreign},
			scenario{name: "no app" + path, as: "all", path: "/apps/77" + path, status: 404, has: []string{"The app was not found."}, lacks: foreign},
			scenario{name: "nobody" + path, path: "/apps/2" + path, status: 401, has: []string{"unauthenticated"}, lacks: foreign},
		)
		if strings.HasPrefix(path, "/calls/") {
			tests = append(tests, scenario{name: "their call in my app" + path, as: "one", path: "/apps/1" + path, status: 404, lacks: append(foreign, "ada")})
		}
	}
	tests = append(tests,
		scenario{name: "my session in no call", as: "one", path: "/apps/1/calls/" + nothingHere.String() + "/sessions/" + stay.String(), status: 404, lacks: []string{"ada"}},
		scenario{name: "no id", as: "one", path: "/apps/1/calls/x", status: 404},
		scenario{name: "apps of a key", as: "one", path: "/apps", status: 200, has: []string{"My app"}, lacks: foreign},
		scenario{name: "apps of all", as: "all", path: "/apps", status: 200, has: []string{"My app", "the other tenant"}},
		scenario{name: "keys of a key", as: "one", path: "/api-keys", status: 200, has: []string{`"name":"one"`}, lacks: []string{`"name":"two"`, `"name":"all"`, `"key"`}},
		scenario{name: "who is a key", as: "one", path: "/me", status: 200, has: []string{`"apps":[1]`, `"admin":false`}},
		scenario{name: "rename theirs", as: "one", method: "PATCH", path: "/apps/2", body: `{"name":"mine"}`, status: 404},
		scenario{name: "rotate theirs", as: "one", method: "POST", path: "/apps/2/secret/rotate", status: 404, lacks: []string{"secret"}},
		scenario{name: "token of theirs", as: "one", method: "POST", path: "/apps/2/tokens", body: `{"user":"root"}`, status: 404, lacks: []string{"eyJ"}},
		scenario{name: "check against theirs", as: "one", method: "POST", path: "/apps/2/tokens/check", body: `{"token":"x"}`, status: 404},
		scenario{name: "public key for theirs", as: "one", method: "POST", path: "/apps/2/public-keys", body: `{"key":"x"}`, status: 404},
		scenario{name: "revoke public key of theirs", as: "one", method: "DELETE", path: "/apps/2/public-keys/1", status: 404},
		scenario{name: "default configuration of theirs", as: "one", method: "PUT", path: "/apps/2/default-config", body: `{"peerConnection":null,"media":null}`, status: 404},
		scenario{name: "clear their log", as: "one", method: "DELETE", path: "/apps/2/log", status: 404},
		scenario{name: "delete theirs", as: "one", method: "DELETE", path: "/apps/2", status: 404},
		scenario{name: "import into theirs", as: "one", method: "POST", path: "/apps/2/import", body: "x", status: 404},
		scenario{name: "key for theirs", as: "one", method: "POST", path: "/api-keys", body: `{"name":"x","app":2}`, status: 404, lacks: []string{"pga_"}},
		scenario{name: "key for all", as: "one", method: "POST", path: "/api-keys", body: `{"name":"x"}`, status: 403, lacks: []string{"pga_"}},
		scenario{name: "new app", as: "one", method: "POST", path: "/apps", body: `{"name":"x"}`, status: 403},
		scenario{name: "delete mine without being administrator", as: "one", method: "DELETE", path: "/apps/1", status: 403},
		scenario{name: "no key", as: "Bearer pga_nope", path: "/apps", status: 401},
		scenario{name: "ingest key", as: "Bearer pgk_nope", path: "/apps", status: 401, has: []string{"pga_"}},
		scenario{name: "no scheme", as: "Basic YTpi", path: "/apps", status: 401},
	)
	run(t, b, tests)
	if b.imported != "" {
		t.Error("a file was imported into another tenant's app")
	}
}

func TestApps(t *testing.T) {
	b := newBench(t)
	run(t, b, []scenario{
		{name: "create", as: "all", method: "POST", path: "/apps", body: `{"name":"Third"}`, status: 201, has: []string{`"id":3`, `"enabled":true`}, lacks: []string{"secret"}},
		{name: "create without a name", as: "all", method: "POST", path: "/apps", body: `{"name":""}`, status: 422, has: []string{"body.name"}},
		{name: "create with blanks", as: "all", method: "POST", path: "/apps", body: `{"name":"  "}`, status: 422, has: []string{"1 to 100 characters"}},
		{name: "not JSON", as: "all", method: "POST", path: "/apps", body: `{`, status: 400, has: []string{"invalid"}},
		{name: "get", as: "all", path: "/apps/3", status: 200, has: []string{`"name":"Third"`}, lacks: []string{"secret"}},
		{name: "secret", as: "all", path: "/apps/3/secret", status: 200, has: []string{`"secret":"`}},
		{name: "rotate", as: "all", method: "POST", path: "/apps/3/secret/rotate", status: 200, has: []string{`"secret":"`}},
		{name: "delete enabled", as: "all", method: "DELETE", path: "/apps/3", status: 409, has: []string{"conflict", "disable it"}},
		{name: "disable", as: "all", method: "PATCH", path: "/apps/3", body: `{"enabled":false}`, status: 200, has: []string{`"enabled":false`, `"name":"Third"`}},
		{name: "import into a disabled one", as: "all", method: "POST", path: "/apps/3/import", body: "x", status: 403, has: []string{"app_disabled", "enable it"}},
		{name: "delete", as: "all", method: "DELETE", path: "/apps/3", status: 204},
		{name: "gone", as: "all", path: "/apps/3", status: 404},
		{name: "ingest key", as: "one", method: "POST", path: "/apps/1/ingest-keys", body: `{"origins":["https://meet.example.org"]}`, status: 201, has: []string{`"key":"pgk_`, `"revoked":null`}},
		{name: "no origin", as: "one", method: "POST", path: "/apps/1/ingest-keys", body: `{"origins":["meet"]}`, status: 422, has: []string{"https://*.example.org"}},
		{name: "origins not said", as: "one", method: "POST", path: "/apps/1/ingest-keys", body: `{"name":"page"}`, status: 422, has: []string{"Say which origins", "* lets every page"}},
		{name: "change it", as: "one", method: "PATCH", path: "/apps/1/ingest-keys/2", body: `{"name":"page"}`, status: 200, has: []string{`"name":"page"`, "meet.example.org"}},
		{name: "change it from another app", as: "two", method: "PATCH", path: "/apps/2/ingest-keys/2", body: `{"name":"page"}`, status: 404},
		{name: "thresholds", as: "one", path: "/apps/1/thresholds", status: 200, has: []string{`{"name":"video_stutter","label":"Shortest video stutter that counts","unit":"ms","default":600,"min":100,"max":10000,"value":null}`, `"name":"downlink_audio_loss"`}},
		{name: "set one", as: "one", method: "PATCH", path: "/apps/1/thresholds", body: `{"values":{"video_stutter":500,"cpu_app":0.6}}`, status: 200, has: []string{`"default":600,"min":100,"max":10000,"value":500`, `"value":0.6`}},
		{name: "unset one", as: "one", method: "PATCH", path: "/apps/1/thresholds", body: `{"values":{"video_stutter":null}}`, status: 200, has: []string{`"max":10000,"value":null`, `"value":0.6`}, lacks: []string{`"value":500`}},
		{name: "no such threshold", as: "one", method: "PATCH", path: "/apps/1/thresholds", body: `{"values":{"beauty":1}}`, status: 422, has: []string{"there is no threshold \\\"beauty\\\""}},
		{name: "threshold out of bounds", as: "one", method: "PATCH", path: "/apps/1/thresholds", body: `{"values":{"cpu_app":7}}`, status: 422, has: []string{"body.values.cpu_app", "outside of 0.001 to 1"}},
		{name: "thresholds of another app", as: "two", method: "PATCH", path: "/apps/1/thresholds", body: `{"values":{"cpu_app":0.5}}`, status: 404},
		{name: "revoke it", as: "one", method: "DELETE", path: "/apps/1/ingest-keys/2", status: 204},
		{name: "keys", as: "one", path: "/apps/1/ingest-keys", status: 200, has: []string{`"revoked":"2026-03-01T12:00:00Z"`}},
		{name: "API key", as: "one", method: "POST", path: "/api-keys", body: `{"name":"ci","app":1}`, status: 201, has: []string{`"key":"pga_`, `"app":1`}},
		{name: "delete another's API key", as: "two", method: "DELETE", path: "/api-keys/4", status: 404},
		{name: "delete it", as: "one", method: "DELETE", path: "/api-keys/4", status: 204},
	})
}

func TestErrors(t *testing.T) {
	b := newBench(t)
	b.query.err = errors.New("dial unix /data/engine.sock: SELECT secret FROM calls")
	secretCause := []string{"engine.sock", "secret"}
	run(t, b, []scenario{
		{name: "unknown cause", as: "one", path: "/apps/1/calls", status: 500, has: []string{`"code":"internal"`}, lacks: secretCause},
		{name: "ill part", path: "/health", status: 503, has: []string{`"ok":false`}, lacks: secretCause},
	})
	if !strings.Contains(b.log.String(), "engine.sock") {
		t.Error("the log does not have the cause")
	}
	b.query.err = errors.Join(Ill("the disk is full"), b.query.err)
	run(t, b, []scenario{{name: "ill part in words for everybody", path: "/health", status: 503, has: []string{`"store":"the disk is full"`}, lacks: secretCause}})
	b.query.err = fmt.Errorf("%w (dial unix /data/engine.sock)", query.ErrAway)
	run(t, b, []scenario{{name: "store away", as: "one", path: "/apps/1/calls", status: 503, has: []string{`"code":"unavailable"`, "ask again"}, lacks: secretCause}})
	b.query.err = query.ErrTooBusy
	run(t, b, []scenario{{name: "too heavy", as: "one", path: "/apps/1/calls", status: 503, has: []string{"too_heavy", "shorter time range"}}})
	b.query.err = query.ErrCursor
	run(t, b, []scenario{{name: "cursor", as: "one", path: "/apps/1/calls?cursor=x", status: 422, has: []string{"query.cursor"}}})
	b.query.err = context.DeadlineExceeded
	run(t, b, []scenario{{name: "slow", as: "one", path: "/apps/1/calls", status: 504, has: []string{"unavailable"}}})
}
