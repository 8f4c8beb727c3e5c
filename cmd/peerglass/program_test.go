package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/lxzan/gws"

	"github.com/peerglass/peerglass/dump"
	"github.com/peerglass/peerglass/rtc"
	"github.com/peerglass/peerglass/store/engine"
)

// program is the real program with the real engine, in a process of its own.
type program struct {
	*testing.T
	cmd       *exec.Cmd
	dir       string
	options   []string // of serve, beside where it listens and keeps its data
	listen    string
	url       string
	ingestKey string
	apiKey    string
	printed   *safeBuffer
	exited    chan struct{}
}

type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *safeBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// start starts the program on a free port and logs in as its first user would.
func start(t *testing.T) *program {
	t.Helper()
	return startIn(t, t.TempDir())
}

// startIn is start with a data folder and options.
func startIn(t *testing.T, dir string, options ...string) *program {
	t.Helper()
	if _, err := engine.FindLibrary(""); err != nil {
		t.Skipf("the engine's library is not here (npm ci brings it): %v", err)
	}
	p := &program{T: t, dir: dir, options: options}
	p.launch()
	greeting := p.printed.String()
	password := find(t, greeting, `Password:\s+(\S+)`)
	p.ingestKey = find(t, greeting, `Ingest key:\s+(pgk_\w+)`)

	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	browser := &http.Client{Jar: jar}
	post := func(path, body string) string {
		t.Helper()
		res, err := browser.Post(p.url+"/api/v1"+path, "application/json", strings.NewReader(body))
		return p.text(res, err)
	}
	if me := post("/login", fmt.Sprintf(`{"name":"admin","password":%q}`, password)); !strings.Contains(me, `"mustChangePassword":true`) {
		t.Errorf("first log-in: %s", me)
	}
	post("/password", fmt.Sprintf(`{"current":%q,"new":"a password of the tests"}`, password))
	p.apiKey = find(t, post("/api-keys", `{"name":"test","app":1}`), `"key":"(pga_\w+)"`)
	return p
}

// launch starts a process over p.dir and waits until it says where it is.
func (p *program) launch() {
	p.Helper()
	p.printed, p.exited = &safeBuffer{}, make(chan struct{})
	if p.listen == "" {
		p.listen = freeAddress(p.T)
	}
	p.cmd = exec.Command(os.Args[0], append([]string{"serve", "--listen", p.listen, "--data", p.dir}, p.options...)...)
	p.cmd.Env = append(os.Environ(), asProgram+"=1")
	p.cmd.Stdout, p.cmd.Stderr = p.printed, p.printed
	if err := p.cmd.Start(); err != nil {
		p.Fatal(err)
	}
	go func() {
		_ = p.cmd.Wait() // how it ended is what tests look at in what it printed
		close(p.exited)
	}()
	p.Cleanup(p.stop)
	p.eventually("the program to say where it is", func() bool {
		select {
		case <-p.exited:
			p.Fatalf("the program ended:\n%s", p.printed)
		default:
		}
		return strings.Contains(p.printed.String(), "data-key=")
	})
	p.url = find(p.T, p.printed.String(), `Console:\s+(http://\S+)`)
}

// freeAddress is where a program listens through all its starts: clients come
// back there. It is not of the ports that systems give to connections by
// themselves: while the program is away, one of those could be taken by any
// connection, above all by one of the clients that try to reach it.
func freeAddress(t *testing.T) string {
	t.Helper()
	for range 100 {
		listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", 20_000+rand.IntN(12_000)))
		if err != nil {
			continue // it is taken
		}
		defer func() { _ = listener.Close() }()
		return listener.Addr().String()
	}
	t.Fatal("of a hundred ports none is free")
	return ""
}

// stop ends the program as an operator does.
func (p *program) stop() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // it may have ended
	select {
	case <-p.exited:
	case <-time.After(90 * time.Second):
		p.Errorf("the program did not end:\n%s", p.printed)
		_ = p.cmd.Process.Kill()
		<-p.exited
	}
}

func find(t *testing.T, text, pattern string) string {
	t.Helper()
	m := regexp.MustCompile(pattern).FindStringSubmatch(text)
	if m == nil {
		t.Fatalf("no %s in:\n%s", pattern, text)
	}
	return m[1]
}

// eventually waits for what happens in another process, which no clock of ours
// can move.
func (p *program) eventually(what string, done func() bool) {
	p.Helper()
	deadline := time.NewTimer(90 * time.Second)
	defer deadline.Stop()
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for !done() {
		select {
		case <-deadline.C:
			p.Fatalf("waited in vain for %s; the program printed:\n%s", what, p.printed)
		case <-again.C:
		}
	}
}

func (p *program) text(res *http.Response, err error) string {
	p.Helper()
	if err != nil {
		p.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode >= 300 {
		p.Fatalf("%s: %s %s %v", res.Request.URL, res.Status, body, err)
	}
	return string(body)
}

// request makes a request of the API with the key.
func (p *program) request(ctx context.Context, path string) *http.Request {
	p.Helper()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, p.url+"/api/v1"+path, nil)
	if err != nil {
		p.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+p.apiKey)
	return r
}

func (p *program) get(path string) string {
	p.Helper()
	return p.text(http.DefaultClient.Do(p.request(p.Context(), path)))
}

func ask[T any](p *program, path string) T {
	p.Helper()
	var v T
	if err := json.Unmarshal([]byte(p.get(path)), &v); err != nil {
		p.Fatal(err)
	}
	return v
}

// What the tests look at in the API's answers.
type (
	callList struct {
		Items []struct {
			ID, Room, Status string
			Users, Sessions  int
		}
		Total int
	}
	callDetail struct {
		Status string
		People []struct {
			User  string
			Stays []struct {
				ID, Protocol string
				HasDump      bool
			}
		}
	}
	streamList struct {
		Items []struct {
			Kind, Direction, ReportID string
			SSRC                      uint32
			Packets                   *int64
		}
	}
	sampleSet struct {
		StepMs int64
		Series []struct {
			Times  []int64
			Values map[string][]*float64
		}
	}
	eventList struct {
		Items []struct {
			Kind, Name string
			Value      any
		}
		Next *string
	}
)

// jitsiClient speaks as @jitsi/rtcstats 9.7 does and notes what is
// acknowledged.
type jitsiClient struct {
	gws.BuiltinEventHandler
	acked atomic.Int64
}

func (c *jitsiClient) OnMessage(_ *gws.Conn, m *gws.Message) {
	defer func() { _ = m.Close() }()
	var told struct {
		Body struct {
			Value int64 `json:"value"`
		} `json:"body"`
	}
	if json.Unmarshal(m.Bytes(), &told) == nil {
		c.acked.Store(told.Body.Value)
	}
}

// jitsiFrames turns a recorded dump, a JSON array a line, back into the frames
// that the client sent. The first line is the server's own.
func jitsiFrames(t *testing.T, path, session string) []string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	var frames []string
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var entry []json.RawMessage
		if err := json.Unmarshal(lines.Bytes(), &entry); err != nil {
			t.Fatal(err)
		}
		if string(entry[0]) == `"connectionInfo"` {
			continue
		}
		entry = append(entry, json.RawMessage(fmt.Sprint(len(frames)+1))) // sn
		array, err := json.Marshal(entry)
		if err != nil {
			t.Fatal(err)
		}
		if string(entry[0]) == `"identity"` {
			frames = append(frames, fmt.Sprintf(`{"statsSessionId":%q,"type":"identity","data":%s}`, session, array))
			continue
		}
		frames = append(frames, fmt.Sprintf(`{"statsSessionId":%q,"type":"stats-entry","data":%q}`, session, array))
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return frames
}

// A recorded session arrives over a WebSocket, is seen while it lasts, and is
// all there when it is over.
func TestRecordedSession(t *testing.T) {
	const name = "jitsi__rtcstats-server/src/test/dumps/chrome-relay"
	frames := jitsiFrames(t, recording(t, name), "e2e-session")
	p := start(t)

	client := &jitsiClient{}
	client.acked.Store(-1)
	socket, _, err := gws.NewClient(client, &gws.ClientOption{
		Addr:          "ws" + strings.TrimPrefix(p.url, "http") + "/ingest/jitsi/" + p.ingestKey + "/e2e-room?statsSessionId=e2e-session&isReconnect=false",
		RequestHeader: http.Header{"Sec-WebSocket-Protocol": {"3.1_STANDARD"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	go socket.ReadLoop()
	p.eventually("the server's greeting", func() bool { return client.acked.Load() == 0 })
	half := len(frames) / 2
	for _, frame := range frames[:half] {
		if err := socket.WriteString(frame); err != nil {
			t.Fatal(err)
		}
	}
	p.eventually("half of the acknowledgements", func() bool { return client.acked.Load() == int64(half) })

	// The call stands in the list while it goes on, and can be followed.
	var calls callList
	p.eventually("the call in the list", func() bool {
		calls = ask[callList](p, "/apps/1/calls?status=active")
		return calls.Total == 1
	})
	call := calls.Items[0]
	if call.Users != 1 || call.Status != "active" {
		t.Errorf("call in progress: %+v", call)
	}
	place := "/apps/1/calls/" + call.ID
	told := p.follow(place)

	for _, frame := range frames[half:] {
		if err := socket.WriteString(frame); err != nil {
			t.Fatal(err)
		}
	}
	p.eventually("all acknowledgements", func() bool { return client.acked.Load() == int64(len(frames)) })
	p.eventually("samples told to the follower", func() bool { return told.has("samples") && told.has("call") })
	_ = socket.WriteClose(3001, []byte("left")) // as a Jitsi client leaves

	// Tables are written apart, each within a second.
	var detail callDetail
	p.eventually("user and dump", func() bool {
		detail = ask[callDetail](p, place)
		return len(detail.People) == 1 && detail.People[0].User == "Annabel-7gE" && detail.People[0].Stays[0].HasDump
	})
	stay := detail.People[0].Stays[0]
	if len(detail.People[0].Stays) != 1 || stay.Protocol != "jitsi" {
		t.Errorf("user is %+v", detail.People[0])
	}

	p.eventually("the recording's own totals", func() bool {
		differences := p.differentTotals(place, name)
		if len(differences) > 0 {
			t.Log("not yet: ", differences)
		}
		return len(differences) == 0
	})
	samples := ask[sampleSet](p, place+"/samples?width=100&session="+stay.ID)
	points, rates := 0, 0
	for _, s := range samples.Series {
		points += len(s.Times)
		for _, v := range s.Values["bitrate"] {
			if v != nil && *v > 0 {
				rates++
			}
		}
	}
	if points == 0 || rates == 0 {
		t.Errorf("%d points in %d series, %d of them with a bit rate", points, len(samples.Series), rates)
	}

	var events []string
	for cursor := ""; ; {
		page := ask[eventList](p, place+"/events?limit=7&search=connectionstate&cursor="+url.QueryEscape(cursor))
		for _, e := range page.Items {
			events = append(events, fmt.Sprintf("%s %s %v", e.Kind, e.Name, e.Value))
		}
		if page.Next == nil {
			break
		}
		cursor = *page.Next
	}
	if !strings.Contains(strings.Join(events, "\n"), "state oniceconnectionstatechange connected") {
		t.Errorf("events: %q", events)
	}

	text := p.get(place + "/sessions/" + stay.ID + "/dump?gzip=false")
	if !strings.HasPrefix(text, "RTCStatsDump\n") {
		t.Fatalf("the dump begins with %.100q", text)
	}
	source, err := dump.Open(strings.NewReader(text))
	if err != nil {
		t.Fatalf("the dump does not open: %v", err)
	}
	if err := source.Replay(ignore{}); err != nil {
		t.Errorf("the dump does not replay: %v", err)
	}
	if got, want := source.Summary().Polls, int64(strings.Count(strings.Join(frames, ""), `[\"getstats\"`)); got != want || want == 0 {
		t.Errorf("the dump has %d polls, %d were sent", got, want)
	}
	if other := p.text(http.Get(p.url + "/metrics")); !strings.Contains(other, "peerglass_ingest_") || !strings.Contains(other, `peerglass_store_rows_total{table="samples"}`) {
		t.Error("/metrics has nothing of ingest or of the store")
	}
	for path, has := range map[string]string{"/": "<html", "/calls/" + call.ID: "<html", "/demo": "<html", "/sdk.js": ""} {
		if page := p.text(http.Get(p.url + path)); !strings.Contains(page, has) {
			t.Errorf("%s is %.100q", path, page)
		}
	}
}

type ignore struct{}

func (ignore) Record(*rtc.Record) error { return nil }

// differentTotals compares the packets of each stream with the last values
// that the recording itself has, and says where they differ.
func (p *program) differentTotals(place, name string) (differences []string) {
	p.Helper()
	content, err := os.ReadFile(recording(p.T, "derived/final-values/"+strings.ReplaceAll(name, "/", "__")+".json"))
	if err != nil {
		p.Fatal(err)
	}
	var final struct {
		PerPeerConnection map[string]struct {
			Reports map[string]struct {
				Type            string
				PacketsReceived *int64
				PacketsSent     *int64
			}
		}
	}
	if err := json.Unmarshal(content, &final); err != nil {
		p.Fatal(err)
	}
	packets := map[string]int64{}
	for _, s := range ask[streamList](p, place+"/streams").Items {
		if s.Packets != nil {
			packets[s.ReportID] = *s.Packets
		}
	}
	compared := 0
	for _, pc := range final.PerPeerConnection {
		for id, report := range pc.Reports {
			want := report.PacketsReceived
			if report.Type == "outbound-rtp" {
				want = report.PacketsSent
			} else if report.Type != "inbound-rtp" {
				continue
			}
			if want == nil {
				continue
			}
			compared++
			if got, ok := packets[id]; !ok || got != *want {
				differences = append(differences, fmt.Sprintf("%s has %d packets, want %d", id, got, *want))
			}
		}
	}
	if compared < 2 {
		p.Fatalf("only %d streams can be compared", compared)
	}
	return differences
}

// messages are the names of what a follower of a call was told.
type messages struct {
	mu    sync.Mutex
	names map[string]int
}

func (m *messages) has(name string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.names[name] > 0
}

func (p *program) follow(place string) *messages {
	p.Helper()
	res, err := http.DefaultClient.Do(p.request(p.Context(), place+"/live"))
	if err != nil {
		p.Fatal(err)
	}
	m := &messages{names: map[string]int{}}
	go func() {
		defer func() { _ = res.Body.Close() }()
		lines := bufio.NewScanner(res.Body)
		lines.Buffer(nil, 16<<20)
		for lines.Scan() {
			if name, ok := strings.CutPrefix(lines.Text(), "event: "); ok {
				m.mu.Lock()
				m.names[name]++
				m.mu.Unlock()
			}
		}
	}()
	return m
}

// A file is imported with the command that people use; then the program is
// started again and still has it, and nothing asks for a first password twice.
func TestImportAndRestart(t *testing.T) {
	p := start(t)
	fixture := p.dir + "/fixture.jsonl"
	if err := os.WriteFile(fixture, []byte(fixtureOf(t, "testdata/script/analyze.txtar", "dump.jsonl")), 0o600); err != nil {
		t.Fatal(err)
	}
	command := func(args ...string) (string, error) {
		cmd := exec.Command(os.Args[0], args...)
		cmd.Env = append(os.Environ(), asProgram+"=1")
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	out, err := command("import", "--url", p.url, "--key", p.apiKey, fixture) // the key says which app
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	id := find(t, out, `fixture.jsonl: `+regexp.QuoteMeta(p.url)+`/calls/(\w{13})\?app=1`)
	if out, err := command("import", "--url", p.url, "--app", "1", "--key", "pga_wrong", fixture); err == nil || !strings.Contains(out, "API key") {
		t.Errorf("with a wrong key: %v %s", err, out)
	}
	if err := os.WriteFile(fixture, []byte("no dump at all"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := command("import", "--url", p.url, "--app", "1", "--key", p.apiKey, fixture); err == nil || !strings.Contains(out, "not a recording") {
		t.Errorf("with a file that is no dump: %v %s", err, out)
	}
	if token, err := command("token", "--data", p.dir, "--app", "1", "--room", "r"); err != nil || !strings.HasPrefix(token, "eyJ") {
		t.Errorf("token from the data folder: %v %s", err, token)
	} else if says, err := command("token", "--data", p.dir, "--app", "1", "--check", strings.TrimSpace(token)); err != nil || !strings.Contains(says, "room         r\n") || !strings.Contains(says, "It would be accepted.") {
		t.Errorf("its check: %v %s", err, says)
	}
	if token, err := command("token", "--secret", "another", "--app", "1", "--user", "ada", "--usersig"); err != nil || !strings.HasPrefix(token, "eJ") {
		t.Errorf("UserSig: %v %s", err, token)
	} else if says, err := command("token", "--data", p.dir, "--app", "1", "--check", strings.TrimSpace(token)); err == nil || !strings.Contains(says, "not signed with this app's secret") {
		t.Errorf("the check of another's: %v %s", err, says)
	}
	if password, err := command("password", "--data", p.dir); err != nil || !regexp.MustCompile(`^One-time password of admin: \w{16}\n$`).MatchString(password) {
		t.Errorf("new one-time password: %v %s", err, password)
	}

	p.stop()
	if printed := p.printed.String(); !strings.Contains(printed, "stopped") || strings.Contains(printed, "panic") {
		t.Errorf("the program ended with:\n%s", printed)
	}
	p.launch()
	if printed := p.printed.String(); strings.Contains(printed, "Password:") {
		t.Errorf("a second start printed a password:\n%s", printed)
	}
	detail := ask[callDetail](p, "/apps/1/calls/"+id)
	if detail.Status != "ended" || len(detail.People) != 1 || detail.People[0].User != "Ada" {
		t.Errorf("after a restart the call is %+v", detail)
	}
}

// fixtureOf returns one file of a script.
func fixtureOf(t *testing.T, script, name string) string {
	t.Helper()
	content, err := os.ReadFile(script)
	if err != nil {
		t.Fatal(err)
	}
	_, file, ok := strings.Cut(string(content), "-- "+name+" --\n")
	if !ok {
		t.Fatalf("%s has no %s", script, name)
	}
	file, _, _ = strings.Cut(file, "\n-- ")
	return file
}
