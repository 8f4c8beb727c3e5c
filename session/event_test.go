package session

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/peerglass/peerglass/rtc"
)

func TestSeverities(t *testing.T) {
	for _, c := range []struct {
		kind          rtc.Kind
		name, payload string
		want          rtc.Severity
	}{
		{rtc.KindCall, "createOffer", ``, rtc.Info},
		{rtc.KindCall, "setRemoteDescription" + rtc.OnFailure, `"InvalidAccessError"`, rtc.Error},
		{rtc.KindCall, rtc.NameGetUserMedia + rtc.OnFailure, `{"name":"NotAllowedError"}`, rtc.Error},
		{rtc.KindState, rtc.NameICEState, `"checking"`, rtc.Info},
		{rtc.KindState, rtc.NameICEState, `"disconnected"`, rtc.Warning},
		{rtc.KindState, rtc.NameICEState, `"failed"`, rtc.Error},
		{rtc.KindState, rtc.NameConnState, `"failed"`, rtc.Error},
		{rtc.KindState, "ondtlserror", `{}`, rtc.Error},
		{rtc.KindState, rtc.NameICEError, `{"errorCode":701}`, rtc.Warning},
		{rtc.KindLog, "warn", `"x"`, rtc.Warning},
		{rtc.KindLog, "error", `"x"`, rtc.Error},
		{rtc.KindLog, "debug", `"failed"`, rtc.Info},
		{rtc.KindFeedback, "", `{"overall":1}`, rtc.Info},
	} {
		got := severity(&rtc.Record{Kind: c.kind, Name: []byte(c.name), Payload: []byte(c.payload)})
		if got != c.want {
			t.Errorf("%s %s %s: %s, want %s", c.kind, c.name, c.payload, got, c.want)
		}
	}
}

func TestEventsOfTheTrace(t *testing.T) {
	p := newScript(t, nil)
	p.must(p.tell(rtc.KindOpen, "", "", `{"room":"r","user":"u"}`))
	p.must(p.s.Record(&rtc.Record{Kind: rtc.KindCall, Time: p.now, Received: p.now, Conn: []byte("PC_0"), Name: []byte("createOffer"), Corr: []byte("7-1"), Payload: []byte(`{}`)}))
	p.must(p.tell(rtc.KindFeedback, "", "", `{"overall":4}`))
	p.must(p.tell(rtc.KindLog, "", "warn", `"low memory"`))
	p.must(p.tell(rtc.KindState, "PC_1", rtc.NameICEState, `"checking"`))
	p.settle()
	type short struct {
		Index      uint32
		Kind       rtc.Kind
		Connection rtc.ConnectionID
		Name       string
		Corr       string
		Value      string
	}
	var got []short
	for _, e := range p.out.Events {
		if e.App != 7 || e.Session != 1 || e.Call != p.s.Call() {
			t.Errorf("event %+v", e)
		}
		got = append(got, short{e.Index, e.Kind, e.Connection, e.Name, e.Corr, e.Value})
	}
	want := []short{
		{1, rtc.KindOpen, 0, "open", "", `{"room":"r","user":"u"}`},
		{2, rtc.KindCall, 1, "createOffer", "7-1", `{}`},
		{3, rtc.KindFeedback, 0, "feedback", "", `{"overall":4}`},
		{4, rtc.KindLog, 0, "warn", "", `"low memory"`},
		{5, rtc.KindState, 2, rtc.NameICEState, "", `"checking"`},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("events %+v\nwant   %+v", got, want)
	}
}

func TestLongValuesAreCut(t *testing.T) {
	p := newScript(t, nil)
	p.join("r", "u")
	sdp := strings.Repeat("é", 40<<10)
	payload, _ := json.Marshal(map[string]string{"type": "offer", "sdp": sdp})
	p.must(p.tell(rtc.KindCall, "PC_0", "setLocalDescription", string(payload)))
	p.must(p.tell(rtc.KindLog, "", "info", `"`+sdp+`"`))
	most, _ := json.Marshal(map[string]string{"type": "offer", "sdp": strings.Repeat("x", 60<<10)})
	p.must(p.tell(rtc.KindCall, "PC_0", "setRemoteDescription", string(most)))
	exact := strings.Repeat("x", MaxLog)
	p.must(p.tell(rtc.KindLog, "", "warn", `"`+exact+`"`))
	p.must(p.tell(rtc.KindEvent, "", "custom", `"`+strings.Repeat(`\n`, 9<<10)+`"`)) // short without its escapes
	p.settle()
	for _, e := range p.out.Events {
		if len(e.Value) > maxCallValue+64 || e.Value != "" && !json.Valid([]byte(e.Value)) {
			t.Errorf("%s: %d bytes, valid %v", e.Name, len(e.Value), json.Valid([]byte(e.Value)))
		}
	}
	var cut struct {
		Truncated bool
		Bytes     int
		Begins    string
	}
	if err := json.Unmarshal([]byte(p.event("setLocalDescription").Value), &cut); err != nil || !cut.Truncated || cut.Bytes != len(payload) || !strings.HasPrefix(cut.Begins, `{"sdp":"éé`) {
		t.Errorf("cut %v: %v %d %.20s", err, cut.Truncated, cut.Bytes, cut.Begins)
	}
	if p.event("setRemoteDescription").Value != string(most) {
		t.Error("a description of the length that is allowed was cut")
	}
	var log string
	if err := json.Unmarshal([]byte(p.event("info").Value), &log); err != nil || len(log) < MaxLog-8 || !strings.HasSuffix(log, "é…") {
		t.Errorf("log %v: %d bytes", err, len(log))
	}
	if p.event("warn").Value != `"`+exact+`"` {
		t.Error("a line of just the length that is allowed was cut")
	}
	if e := p.event("logTruncated"); e.Severity != rtc.Warning {
		t.Errorf("event %+v", e)
	}
}

func TestConnectionStates(t *testing.T) {
	p := newScript(t, nil)
	p.join("r", "u")
	p.must(p.tell(rtc.KindState, "PC_0", rtc.NameICEState, `"checking"`))
	p.after(300 * time.Millisecond)
	p.must(p.tell(rtc.KindState, "PC_0", rtc.NameICEState, `"connected"`))
	p.after(100 * time.Millisecond)
	p.must(p.tell(rtc.KindState, "PC_0", rtc.NameConnState, `"connected"`))
	p.must(p.tell(rtc.KindState, "PC_0", rtc.NameICEState, `"disconnected"`))
	p.after(time.Second)
	p.settle()
	if c := p.out.Connections[0]; c.State != "connected" || c.Connected.UnixMilli() != t0+300 || c.Label != "PC_0" {
		t.Errorf("connection %+v", c)
	}
	p.must(p.tell(rtc.KindCall, "PC_0", rtc.NameClose, ``))
	// The page made another one under the same label.
	p.after(time.Second)
	p.must(p.tell(rtc.KindCall, "PC_0", rtc.NameCreate, `{}`))
	p.must(p.poll("I inbound-rtp kind=audio ssrc=1 packetsReceived=1"))
	if len(p.out.Connections) != 2 || p.out.Connections[0].State != "closed" || p.out.Connections[0].End.UnixMilli() != t0+1400 || !p.out.Connections[1].End.IsZero() {
		t.Errorf("connections %+v", p.out.Connections)
	}
	if p.out.Streams[0].Connection != 2 {
		t.Errorf("stream of connection %d", p.out.Streams[0].Connection)
	}
}

func TestIdentityAddsUp(t *testing.T) {
	p := newScript(t, nil)
	p.must(p.tell(rtc.KindOpen, "", "", `{"userAgent":"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36","keys":{"region":"eu"}}`))
	p.must(p.tell(rtc.KindOpen, "", "", `{"room":"r","user":"alice","sdk":"peerglass","keys":{"plan":"pro"}}`))
	p.must(p.tell(rtc.KindOpen, "", "", `{"user":7}`)) // not what it should be: changes nothing
	p.must(p.tell(rtc.KindEvent, "", "x", ""))
	s := p.out.Sessions[0]
	if s.User != "alice" || s.Room != "r" || s.Browser != "Chrome" || s.BrowserVersion != "126.0.0.0" || s.OS != "Linux" || s.Device != "desktop" ||
		!reflect.DeepEqual(s.Keys, map[string]string{"region": "eu", "plan": "pro"}) {
		t.Errorf("session %+v", s)
	}
	p.after(2 * time.Second)
	p.must(p.tell(rtc.KindOpen, "", "", `{"userName":"Alice","browser":"Firefox"}`))
	if s := p.out.Sessions[0]; s.UserName != "Alice" || s.User != "alice" || s.Browser != "Firefox" {
		t.Errorf("session %+v", s)
	}
}

func TestUserAgents(t *testing.T) {
	for ua, want := range map[string]agent{
		"": {},
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/117.0.0.0 Safari/537.36 Edg/117.0.2045.43":                    {"Edge", "117.0.2045.43", "Windows 10+", "desktop"},
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/117.0.0.0 Safari/537.36":                                {"Chrome", "117.0.0.0", "macOS", "desktop"},
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/16.5 Safari/605.1.15":                                {"Safari", "16.5", "macOS", "desktop"},
		"Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:109.0) Gecko/20100101 Firefox/118.0":                                                                       {"Firefox", "118.0", "Linux", "desktop"},
		"Mozilla/5.0 (iPhone; CPU iPhone OS 17_1_2 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.1 Mobile/15E148 Safari/604.1":            {"Safari", "17.1", "iOS 17.1.2", "phone"},
		"Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/119.0.6045.109 Mobile/15E148 Safari/604.1":      {"Chrome", "119.0.6045.109", "iOS 17.0", "phone"},
		"Mozilla/5.0 (iPad; CPU OS 16_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) FxiOS/118.0 Mobile/15E148 Safari/605.1.15":                     {"Firefox", "118.0", "iOS 16.6", "tablet"},
		"Mozilla/5.0 (Linux; Android 13; Pixel 7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/117.0.0.0 Mobile Safari/537.36":                                {"Chrome", "117.0.0.0", "Android 13", "phone"},
		"Mozilla/5.0 (Linux; Android 12; SM-T510) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/22.0 Chrome/111.0.5563.116 Safari/537.36":              {"Samsung Internet", "22.0", "Android 12", "tablet"},
		"Mozilla/5.0 (Linux; Android 11; Pixel 5 Build/RQ3A; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/90.0.4430.91 Mobile Safari/537.36":  {"WebView", "90.0.4430.91", "Android 11", "phone"},
		"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/119.0.0.0 Safari/537.36":                                       {"Chrome", "119.0.0.0", "ChromeOS", "desktop"},
		"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/156.0.0.0 Safari/537.36":                                        {"Chrome", "156.0.0.0", "Linux", "desktop"},
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) JitsiMeet/2023.9.1 Chrome/116.0 Electron/26.2.1 Safari/537.36": {"Electron", "26.2.1", "macOS", "desktop"},
		"react-native-webrtc/118.0 (iOS 17.0)": {"React Native", "118.0", "", ""},
		"okhttp/4.9.2":                         {Browser: "okhttp", Version: "4.9.2"},
	} {
		if got := parseUserAgent(ua); got != want {
			t.Errorf("%s\n got %+v\nwant %+v", ua, got, want)
		}
	}
}

func FuzzUserAgent(f *testing.F) {
	f.Add("Mozilla/5.0 (iPhone; CPU iPhone OS 17_1_2 like Mac OS X) Safari/604.1")
	f.Fuzz(func(t *testing.T, ua string) {
		if a := parseUserAgent(ua); len(a.Browser) > 256 || len(a.OS) > 300 {
			t.Errorf("%+v", a)
		}
	})
}

func TestVideoTracks(t *testing.T) {
	for payload, want := range map[string][]string{
		`[["audio","a","",""],["video","v","Screen","dev"]]`:                        {"v"},
		`{"id":"s","tracks":[{"kind":"video","id":"v"},{"kind":"audio","id":"a"}]}`: {"v"},
		`"stream:s audio:a,video:v1 video:v2"`:                                      {"v1", "v2"},
		`"video"`:                                                                   nil,
		`{"video":1}`:                                                               nil,
		`nonsense`:                                                                  nil,
	} {
		if got := tracksIn([]byte(payload), "video"); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %q, want %q", payload, got, want)
		}
	}
}
