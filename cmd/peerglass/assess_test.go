package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/peerglass/peerglass/rtc"
	"github.com/peerglass/peerglass/store"
	"github.com/peerglass/peerglass/store/engine"
)

// lossy is a dump of a client that received a video for a minute and lost 30 %
// of it for 20 seconds, in which the picture froze.
func lossy() string {
	var b strings.Builder
	const start = 1_700_000_000_000
	line := func(at int64, text string, values ...any) {
		fmt.Fprintf(&b, text+",%d]\n", append(values, start+at)...)
	}
	line(0, `["connectionInfo",null,{"path":"/fixture","origin":"https://meet.example.org","url":"https://meet.example.org/fixture","userAgent":"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36","clientProtocol":"3.1_STANDARD","statsFormat":"chrome_standard"}`)
	line(1, `["identity",null,{"confName":"fixture","displayName":"Ada"}`)
	line(100, `["create","PC_0",{"iceServers":[]}`)
	line(200, `["oniceconnectionstatechange","PC_0","checking"`)
	line(700, `["oniceconnectionstatechange","PC_0","connected"`)
	line(701, `["onconnectionstatechange","PC_0","connected"`)
	received, lost, decoded, freezes, frozen := 0, 0, 0, 0, 0.0
	for i := range int64(60) {
		gone := 0
		if i >= 20 && i < 40 {
			gone = 30
			freezes++
			frozen += 0.7
			decoded += 8
		} else {
			decoded += 30
		}
		received, lost = received+100-gone, lost+gone
		line(1000*(i+1), `["getstats","PC_0",{"IT1":{"type":"inbound-rtp","kind":"video","ssrc":1234,"mid":"0","packetsReceived":%d,"packetsLost":%d,"bytesReceived":%d,"framesDecoded":%d,"framesReceived":%d,"framesPerSecond":30,"frameWidth":640,"frameHeight":360,"freezeCount":%d,"totalFreezesDuration":%.1f,"jitter":0.005,"timestamp":0},`+
			`"T":{"type":"transport","bytesReceived":%d,"bytesSent":%d,"timestamp":0},"timestamp":%d}`,
			received, lost, received*1000, decoded, decoded, freezes, frozen, received*1100, i*100, start+1000*(i+1))
	}
	line(61_000, `["close","PC_0",null`)
	return b.String()
}

func command(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), asProgram+"=1")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("peerglass %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// What is found in a recording is there for the API, for analyze and, spoilt by
// an older program, after rescore; beside the running program and without it.
func TestAssess(t *testing.T) {
	p := start(t)
	file := filepath.Join(p.dir, "lossy.jsonl")
	if err := os.WriteFile(file, []byte(lossy()), 0o600); err != nil {
		t.Fatal(err)
	}
	id := find(t, command(t, "import", "--url", p.url, "--key", p.apiKey, file), `/calls/(\w{13})\?app=1`)
	place := "/apps/1/calls/" + id

	type verdict struct {
		Sentences  []string
		Cause      string
		Confidence *float64
		Score      *float64
		Issues     struct{ Low, Medium, High int }
	}
	said := ask[verdict](p, place+"/verdict")
	if len(said.Sentences) == 0 || said.Cause != "packet_loss" || said.Confidence == nil || said.Score == nil || said.Issues.High == 0 {
		t.Errorf("the verdict is %+v", said)
	}
	list := ask[struct{ Items []struct{ Verdict *verdict } }](p, "/apps/1/calls")
	if len(list.Items) != 1 || list.Items[0].Verdict == nil || list.Items[0].Verdict.Issues != said.Issues {
		t.Errorf("in the list the call has %+v", list)
	}
	type issue struct{ Type, Session, Severity string }
	issues := ask[struct{ Items []issue }](p, place+"/issues?type=packet_loss&severity=high")
	if len(issues.Items) != 1 || issues.Items[0].Type != "packet_loss" {
		t.Fatalf("the loss is %+v", issues)
	}
	stay := issues.Items[0].Session
	outcomes := ask[struct {
		Items []struct {
			Joined  bool
			Score   *float64
			Reasons []struct{ Points float64 }
		}
	}](p, place+"/outcomes?session="+stay)
	if len(outcomes.Items) != 1 || !outcomes.Items[0].Joined || outcomes.Items[0].Score == nil || len(outcomes.Items[0].Reasons) == 0 {
		t.Errorf("the stay came to %+v", outcomes)
	}
	features := ask[struct{ Items []struct{ Set, Scope string } }](p, place+"/features?session="+stay)
	if len(features.Items) < 4 {
		t.Errorf("features are %+v", features)
	}
	var analyzed struct{ Verdict verdict }
	if err := json.Unmarshal([]byte(command(t, "analyze", "--json", file)), &analyzed); err != nil || fmt.Sprint(analyzed.Verdict.Sentences) != fmt.Sprint(said.Sentences) {
		t.Errorf("analyze says %q, the API %q: %v", analyzed.Verdict.Sentences, said.Sentences, err)
	}
	if text := command(t, "analyze", file); !strings.Contains(text, said.Sentences[0]) || !strings.Contains(text, "Packet loss") || !strings.Contains(text, "score ") {
		t.Errorf("analyze prints\n%s", text)
	}

	all := func() (text string) {
		for _, of := range []string{"/verdict", "/issues", "/outcomes", "/features", "/streams", "/connections", "/samples", "/events?limit=1000"} {
			text += p.get(place+of) + "\n"
		}
		return text
	}
	want := all()
	spoil(t, p, id, stay)
	if all() == want {
		t.Fatal("the call was not spoilt")
	}
	if out := command(t, "rescore", "--data", p.dir, "--app", "1", "--call", id); !strings.Contains(out, "1 calls were derived again") {
		t.Errorf("rescore beside the running program: %s", out)
	}
	if got := all(); got != want {
		t.Errorf("derived again beside the running program\n%s\nwant\n%s", got, want)
	}
	spoil(t, p, id, stay)
	p.stop()
	if out := command(t, "rescore", "--data", p.dir, "--since", "2023-11-14", "--until", "2023-11-15"); !strings.Contains(out, "1 calls were derived again") {
		t.Errorf("rescore without the program: %s", out)
	}
	p.launch()
	if got := all(); got != want {
		t.Errorf("derived again without the program\n%s\nwant\n%s", got, want)
	}
}

// spoil writes what another version might have found.
func spoil(t *testing.T, p *program, call, stay string) {
	t.Helper()
	running, err := engine.Attach(t.Context(), filepath.Join(p.dir, "engine"))
	if err != nil || running == nil {
		t.Fatalf("the running engine: %v %v", running, err)
	}
	defer running.Close()
	st, err := store.Open(t.Context(), store.Options{Engine: running})
	if err != nil {
		t.Fatal(err)
	}
	c, err := rtc.ParseID(call)
	if err != nil {
		t.Fatal(err)
	}
	s, err := rtc.ParseID(stay)
	if err != nil {
		t.Fatal(err)
	}
	st.Issue(&rtc.Issue{App: 1, Call: rtc.CallID(c), Session: rtc.SessionID(s), ID: 900, Type: "gone", Severity: rtc.High, Start: time.UnixMilli(1_700_000_030_000), Version: 1 << 62})
	st.Verdict(&rtc.Verdict{App: 1, Call: rtc.CallID(c), Sentences: []string{"It was the weather."}, Version: 1 << 62})
	if err := st.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
}
