package watchrtc

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/peerglass/peerglass/internal/recordings"
	"github.com/peerglass/peerglass/protocol"
	"github.com/peerglass/peerglass/protocol/protocoltest"
	"github.com/peerglass/peerglass/rtc"
)

// reports is a sink that lays polls over each other, as a session does.
type reports struct {
	records map[string]int
	types   map[string]rtc.StatsType
	values  map[string]float64
	polls   int
	texts   map[string]string // newest payloads, by name
}

func (s *reports) Record(r *rtc.Record) error {
	if s.records == nil {
		s.records, s.texts = make(map[string]int), make(map[string]string)
		s.types, s.values = make(map[string]rtc.StatsType), make(map[string]float64)
	}
	s.records[r.Kind.String()+" "+string(r.Name)]++
	s.texts[string(r.Name)] = string(r.Payload)
	if r.Stats == nil {
		return nil
	}
	s.polls++
	for i := range r.Stats.Reports {
		p := &r.Stats.Reports[i]
		if p.Type != 0 {
			s.types[string(p.ID)] = p.Type
		}
		if s.types[string(p.ID)] == 0 {
			return fmt.Errorf("report %s has no type", p.ID)
		}
		for _, v := range r.Stats.Of(p) {
			if v.Form == rtc.FormNumber {
				s.values[s.types[string(p.ID)].String()+" "+v.Member.String()] = v.Num
			}
		}
	}
	return nil
}

func TestRecordedCallDecodesWhole(t *testing.T) {
	frames := recordings.Frames(t, "watchrtc")
	got, d := new(reports), NewDecoder()
	for i, frame := range frames {
		if err := d.Decode(Clean(frame), 0, got); err != nil {
			t.Fatalf("message %d: %v", i, err)
		}
	}
	if d.Unknown() != 0 {
		t.Errorf("%d names are unknown", d.Unknown())
	}
	for name, least := range map[string]int{
		"open watchrtc": 1, "open keys": 1, "open userAgentData": 1, "feedback feedback": 1, "log error": 1,
		"event breakout": 1, "event layout": 1, "event mapStream": 2, "call create": 1, "call close": 1, "call setParameters": 1,
		"call replaceTrack": 1, "state ontrack": 2, "state onlocaltrack": 2, "state onconnectionstatechange": 2, "stats getstats": 3,
		"call navigator.mediaDevices.getUserMediaOnSuccess": 2,
	} {
		if got.records[name] < least {
			t.Errorf("%d records %s, want %d: %v", got.records[name], name, least, got.records)
		}
	}
	var id rtc.Identity
	if err := json.Unmarshal([]byte(got.texts["watchrtc"]), &id); err != nil || id.Room != "recorded" || id.User != "alice" || id.SDKVersion != "1.43.1" || id.Keys["team"] != "support" {
		t.Errorf("identity %+v, %v", id, err)
	}
	if got.values["outbound-rtp bytesSent"] == 0 || got.values["inbound-rtp packetsReceived"] == 0 || got.values["candidate-pair currentRoundTripTime"] == 0 {
		t.Errorf("values %v", got.values)
	}
}

func TestDecodingTwiceGivesTheSame(t *testing.T) {
	var one, two protocoltest.Printer
	for _, out := range []*protocoltest.Printer{&one, &two} {
		d := NewDecoder()
		for _, frame := range recordings.Frames(t, "watchrtc") {
			if err := d.Decode(frame, 0, out); err != nil {
				t.Fatal(err)
			}
		}
	}
	if !bytes.Equal(one.Bytes(), two.Bytes()) {
		t.Error("two decoders of the same messages differ")
	}
}

func TestPollsDoNotAllocate(t *testing.T) {
	polls := 0
	for _, frame := range recordings.Frames(t, "watchrtc") {
		// The memory is not taken from the pool, which the race detector makes
		// forgetful.
		d, memory, sink := NewDecoder(), newScratch(), &protocoltest.Count{}
		memory.Decoder, memory.sink = d, sink
		if err := memory.decode(frame, 0); err != nil || sink.Values == 0 {
			continue
		}
		polls++
		if n := testing.AllocsPerRun(10, func() {
			if err := memory.decode(frame, 0); err != nil {
				t.Fatal(err)
			}
		}); n != 0 {
			t.Errorf("%v allocations", n)
		}
	}
	if polls < 3 {
		t.Errorf("%d polls", polls)
	}
}

func TestHostileInputIsRefused(t *testing.T) {
	deep := strings.Repeat("[", 1_000_000)
	long := strings.Repeat("x", protocol.MaxName+1)
	many := strings.Repeat(`"a":{"type":"codec"},`, protocol.MaxReports+1)
	for name, c := range map[string]struct{ frame, code string }{
		"a message too large": {"[" + strings.Repeat(" ", protocol.MaxFrame) + "]", protocol.CodeTooLarge},
		"a bomb":              {string(bomb(10_000)), protocol.CodeTooLarge},
		"deep lists":          {deep, protocol.CodeLimit},
		"a deep payload":      {`["x",null,` + deep, protocol.CodeLimit},
		"a deep request":      {`{"data":` + deep, protocol.CodeLimit},
		"a long name":         {`["` + long + `",null,null,1]`, protocol.CodeLimit},
		"a long event":        {`["event",null,{"name":"` + long + `"},1]`, protocol.CodeLimit},
		"a long connection":   {`["x","` + long + `",null,1]`, protocol.CodeLimit},
		"too many reports":    {`["getstats","PC_0",{` + many + `"timestamp":1},1]`, protocol.CodeLimit},
		"not UTF-8":           {"[\"\xff\"]", protocol.CodeMalformed},
		"nothing":             {"", protocol.CodeMalformed},
	} {
		var fault *protocol.Error
		if err := NewDecoder().Decode([]byte(c.frame), 0, new(protocoltest.Count)); !errors.As(err, &fault) || fault.Code != c.code {
			t.Errorf("%s: %v, want %s", name, err, c.code)
		}
	}
}

func TestRequests(t *testing.T) {
	query, _ := url.ParseQuery("apiKey=mykey&timestamp=1795219724592&apiVersion=v1&sessionId=mnje2mfavtldcj6adapmz&newConnection=true")
	want := Request{Key: "mykey", Session: "mnje2mfavtldcj6adapmz", Fresh: true}
	if got, err := ParseRequest(query); err != nil || got != want {
		t.Errorf("%+v, %v", got, err)
	}
	query, _ = url.ParseQuery("token=a.b.c&sessionId=x&newConnection=false")
	if got, err := ParseRequest(query); err != nil || got != (Request{Token: "a.b.c", Session: "x"}) {
		t.Errorf("%+v, %v", got, err)
	}
	for _, id := range []string{"", "a/b", strings.Repeat("a", 65)} {
		if _, err := ParseRequest(url.Values{"sessionId": {id}}); err == nil {
			t.Errorf("session %q is taken", id)
		}
	}

	got, err := ParsePost([]byte(`{"sessionId":"s1","projectId":"pgk_secret","rtcRoomId":"r","rtcPeerId":"p","data":["userRating",null,{"rating":5},1]}`))
	if err != nil || got.Session != "s1" || got.Project != "pgk_secret" || string(got.Frame) != `{"rtcRoomId":"r","rtcPeerId":"p","data":["userRating",null,{"rating":5},1]}` {
		t.Errorf("%+v, %s, %v", got, got.Frame, err)
	}
	for _, body := range []string{"", "[]", `{"sessionId":"s1"}`, `{"sessionId":"s1","data":{}}`, `{"sessionId":"/","data":[]}`, `{"data":[]}`} {
		var fault *protocol.Error
		if _, err := ParsePost([]byte(body)); !errors.As(err, &fault) {
			t.Errorf("%s: %v", body, err)
		}
	}
}

func TestAnswers(t *testing.T) {
	welcome := `{"connectionId":"c","projectId":"p","interval":2000,"sendInterval":1,"collectConsoleLogEnabled":true}`
	if got := string(AppendWelcome(nil, Welcome{"c", "p", 2000, 1, true})); got != welcome {
		t.Error(got)
	}
	if got := string(AppendError(nil, `no "key"`)); got != `{"error":"no \"key\""}` {
		t.Error(got)
	}
}

func TestClean(t *testing.T) {
	frame := `["watchrtc","PC_0",{"rtcApiKey":"pgk_secret","rtcToken":"a.b.secret","rtcRoomId":"r","projectId":"pgk_secret"},1795219724600]`
	if got := string(Clean([]byte(frame))); got != `["watchrtc","PC_0",{"rtcRoomId":"r"},1795219724600]` {
		t.Error(got)
	}
	for _, frame := range []string{`["keys",null,{},1]`, `["watchrtc"`, `["watchrtc",null]`, `["watchrtc",null,5,1]`, "NoXQ", ""} {
		if got := string(Clean([]byte(frame))); got != frame {
			t.Errorf("%q becomes %q", frame, got)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, frame := range recordings.Frames(f, "watchrtc") {
		f.Add(frame)
	}
	for _, frame := range protocoltest.Frames(f, goldenFiles) {
		f.Add(frame)
	}
	f.Fuzz(func(t *testing.T, frame []byte) {
		var one, two protocoltest.Printer
		d, again := NewDecoder(), NewDecoder()
		_ = d.Decode([]byte(`["hardwareStats",null,{"percentageUsedCpu":1},1]`), 1, &one)
		_ = again.Decode([]byte(`["hardwareStats",null,{"percentageUsedCpu":1},1]`), 1, &two)
		err, same := d.Decode(frame, 1, &one), again.Decode(Clean(frame), 1, &two)
		protocoltest.Fault(t, err)
		if !bytes.HasPrefix(frame, []byte(`["watchrtc"`)) && ((err == nil) != (same == nil) || !bytes.Equal(one.Bytes(), two.Bytes())) {
			t.Error("the same message gives something else")
		}
		if post, err := ParsePost(frame); err == nil {
			_ = d.Decode(post.Frame, 1, &one)
		}
	})
}
