package main

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/lxzan/gws"

	"github.com/peerglass/peerglass/protocol"
	"github.com/peerglass/peerglass/protocol/jitsi"
	"github.com/peerglass/peerglass/protocol/native"
	"github.com/peerglass/peerglass/protocol/rtcstats"
	"github.com/peerglass/peerglass/rtc"
	"github.com/peerglass/peerglass/settings"
)

// stranger is a connection that does what it should not, and hears why it is
// closed.
type stranger struct {
	gws.BuiltinEventHandler
	socket *gws.Conn
	words  []string
	code   uint16
	reason string
	closed chan struct{}
}

func (s *stranger) OnPing(socket *gws.Conn, p []byte) { _ = socket.WritePong(p) }

func (s *stranger) OnMessage(_ *gws.Conn, m *gws.Message) {
	defer func() { _ = m.Close() }()
	s.words = append(s.words, m.Data.String())
}

func (s *stranger) OnClose(_ *gws.Conn, err error) {
	var closed *gws.CloseError
	if errors.As(err, &closed) {
		s.code, s.reason = closed.Code, string(closed.Reason)
	}
	close(s.closed)
}

// hostile connects as a stranger. A refusal before the upgrade gives its
// status and sentence.
func (p *program) hostile(path, subprotocol string) (s *stranger, status int, body string) {
	p.Helper()
	s = &stranger{closed: make(chan struct{})}
	header := http.Header{}
	if subprotocol != "" {
		header.Set("Sec-WebSocket-Protocol", subprotocol)
	}
	var err error
	s.socket, _, err = gws.NewClient(s, &gws.ClientOption{Addr: "ws" + strings.TrimPrefix(p.url, "http") + path, RequestHeader: header, Logger: silent{}})
	if err == nil {
		go s.socket.ReadLoop()
		return s, http.StatusSwitchingProtocols, ""
	}
	// The handshake's error has eaten the body: ask again without an upgrade.
	r, err := http.NewRequestWithContext(p.Context(), http.MethodGet, p.url+path, nil)
	if err != nil {
		p.Fatal(err)
	}
	r.Header = header
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		p.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		p.Fatal(err)
	}
	return nil, res.StatusCode, string(text)
}

// hostileCase is one kind of bad behaviour and what it must lead to.
type hostileCase struct {
	path, subprotocol string
	messages          []any  // text as string, binary as []byte, a head of a frame
	status            int    // of a refusal before the upgrade
	code              uint16 // of the close otherwise
	says              string // part of the sentence
	counted           string // protocol and reason in /metrics
}

// head is the head of a binary WebSocket frame of a length, without the rest.
type head uint64

// count reads a counter of /metrics; 0 where it is not there.
func (p *program) count(name string) (value float64) {
	p.Helper()
	for line := range strings.Lines(p.text(http.Get(p.url + "/metrics"))) {
		if rest, ok := strings.CutPrefix(line, name+" "); ok {
			_, _ = fmt.Sscan(rest, &value)
		}
	}
	return value
}

// administrator is a browser that is logged in.
func (p *program) administrator() func(method, path, body string) string {
	p.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		p.Fatal(err)
	}
	browser := &http.Client{Jar: jar}
	ask := func(method, path, body string) string {
		p.Helper()
		r, err := http.NewRequestWithContext(p.Context(), method, p.url+"/api/v1"+path, strings.NewReader(body))
		if err != nil {
			p.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		return p.text(browser.Do(r))
	}
	ask(http.MethodPost, "/login", `{"name":"admin","password":"a password of the tests"}`)
	return ask
}

// What clients and files should not do gets an answer that names the cause, is
// counted under its reason, and costs the neighbours nothing.
func TestHostile(t *testing.T) {
	p := start(t)
	fleet := newFleet(p)
	neighbours := newStays(t, fleet)
	neighbours.control()
	crowd := neighbours.crowd(2, func(l *line) { t.Errorf("the neighbour %s lost its connection: %d %s", l.stay.id, l.code, l.reason) })
	defer crowd.end()

	admin := p.administrator()
	var app struct{ ID int }
	var key struct{ Key string }
	if err := json.Unmarshal([]byte(admin(http.MethodPost, "/apps", `{"name":"Closed"}`)), &app); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(admin(http.MethodPost, fmt.Sprintf("/apps/%d/ingest-keys", app.ID), `{"name":"web","origins":["*"]}`)), &key); err != nil {
		t.Fatal(err)
	}
	admin(http.MethodPatch, fmt.Sprintf("/apps/%d", app.ID), `{"enabled":false}`)
	secret := find(t, p.get("/apps/1/secret"), `"secret":"([^"]+)"`)
	hello := func(key, more string) string {
		return fmt.Sprintf(`{"type":"hello","v":1,"key":%q,"session":"hostile-1"%s}`, key, more)
	}
	token := func(secret string, age time.Duration) string {
		now := time.Now()
		text, err := settings.SignToken(secret, settings.Claims{Room: "r", Expires: now.Add(time.Hour - age)}, now.Add(-age))
		if err != nil {
			t.Fatal(err)
		}
		return `,"token":"` + text + `"`
	}
	jitsiPath := func(key, session string) string {
		return "/ingest/jitsi/" + key + "/hostile?statsSessionId=" + session + "&isReconnect=false"
	}
	entry := func(sn uint64, value string) string {
		at := time.Now().UnixMilli()
		return fmt.Sprintf(`{"statsSessionId":"hostile","type":"stats-entry","data":%q}`, fmt.Sprintf(`["getstats","PC_0",%s,%d,%d]`, value, at, sn))
	}
	many := func(from, n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, `,"S%d":{"type":"inbound-rtp","ssrc":%d,"packetsReceived":1}`, from+i, from+i)
		}
		return "{" + b.String()[1:] + "}"
	}
	const v3, browser = "3.1_STANDARD", native.Subprotocol
	whole := strings.Repeat("x", protocol.MaxFrame+1)
	cases := map[string]hostileCase{
		"jitsi: oversized frame":         {path: jitsiPath(p.ingestKey, "big"), subprotocol: v3, messages: []any{whole}, code: 1009, says: "too large", counted: "jitsi too_large"},
		"jitsi: invalid JSON":            {path: jitsiPath(p.ingestKey, "json"), subprotocol: v3, messages: []any{`{"statsSessionId":`}, code: jitsi.CloseDump, says: "JSON", counted: "jitsi malformed"},
		"jitsi: text that is not UTF-8":  {path: jitsiPath(p.ingestKey, "utf8"), subprotocol: v3, messages: []any{"\xff\xfe"}, code: 1007, counted: "jitsi malformed"},
		"jitsi: unknown subprotocol":     {path: jitsiPath(p.ingestKey, "sub"), subprotocol: "9.9_WHAT", status: 400, says: "9.9_WHAT", counted: "jitsi unsupported"},
		"jitsi: unknown key":             {path: jitsiPath("pgk_nobody", "key"), subprotocol: v3, status: 401, says: "key", counted: "jitsi unknown_key"},
		"jitsi: disabled app":            {path: jitsiPath(key.Key, "app"), subprotocol: v3, status: 403, says: "disabled", counted: "jitsi app_disabled"},
		"jitsi: number from the future":  {path: jitsiPath(p.ingestKey, "future"), subprotocol: v3, messages: []any{entry(1, "{}"), entry(5_000_000, "{}")}, code: jitsi.CloseDump, says: "sequence number 5000000 is from the future", counted: "jitsi sequence"},
		"jitsi: a million streams":       {path: jitsiPath(p.ingestKey, "many"), subprotocol: v3, messages: []any{entry(1, many(1, 20_000))}, code: jitsi.CloseDump, says: "at most", counted: "jitsi limit"},
		"rtcstats: invalid JSON":         {path: "/ingest/rtcstats/" + p.ingestKey + "/hostile", subprotocol: rtcstats.Subprotocol, messages: []any{`["create`}, code: 1007, says: "JSON", counted: "rtcstats malformed"},
		"rtcstats: unknown key":          {path: "/ingest/rtcstats/pgk_nobody/hostile", subprotocol: rtcstats.Subprotocol, status: 401, says: "key", counted: "rtcstats unknown_key"},
		"rtcstats: token that is none":   {path: "/ingest/rtcstats/" + p.ingestKey + "/hostile?rtcstats-token=a.b.c", subprotocol: rtcstats.Subprotocol, status: 401, says: "token", counted: "rtcstats token_malformed"},
		"native: oversized frame":        {path: "/ingest/native", subprotocol: browser, messages: []any{hello(p.ingestKey, ""), head(1 << 62)}, code: 1009, says: "too large", counted: "native too_large"},
		"native: no hello":               {path: "/ingest/native", subprotocol: browser, messages: []any{"hi"}, code: 4400, says: "hello", counted: "native malformed"},
		"native: unknown subprotocol":    {path: "/ingest/native", subprotocol: "peerglass.9", status: 400, says: "peerglass.9", counted: "native unsupported"},
		"native: unknown key":            {path: "/ingest/native", subprotocol: browser, messages: []any{hello("pgk_nobody", "")}, code: 4401, says: "key", counted: "native unknown_key"},
		"native: disabled app":           {path: "/ingest/native", subprotocol: browser, messages: []any{hello(key.Key, "")}, code: 4403, says: "disabled", counted: "native app_disabled"},
		"native: forged token":           {path: "/ingest/native", subprotocol: browser, messages: []any{hello(p.ingestKey, token("not the secret of this app at all", 0))}, code: 4401, says: "not signed", counted: "native token_signature"},
		"native: expired token":          {path: "/ingest/native", subprotocol: browser, messages: []any{strings.Replace(hello(p.ingestKey, token(secret, 2*time.Hour)), "hostile-1", "hostile-late", 1)}, code: 4401, says: "expired", counted: "native token_expired"},
		"native: number from the future": {path: "/ingest/native", subprotocol: browser, messages: []any{hello(p.ingestKey, ""), native.AppendHeader(nil, 0, 7, 1)}, code: 4409, says: "from the future", counted: "native sequence"},
		"native: a million streams":      {path: "/ingest/native", subprotocol: browser, messages: append([]any{strings.Replace(hello(p.ingestKey, ""), "hostile-1", "hostile-many", 1)}, streams(t, 1000, 1_000_000)...), code: 4429, says: "more than", counted: "native limit"},
		"a protocol that nobody speaks":  {path: "/ingest/morse", status: 404, says: "no protocol is spoken", counted: "unknown protocol"},
		"HTTP where WebSocket is spoken": {path: "/ingest/jitsi/" + p.ingestKey + "/room", subprotocol: "", status: 400, counted: "jitsi unsupported"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			protocolName, reason, _ := strings.Cut(c.counted, " ")
			counter := fmt.Sprintf(`peerglass_ingest_refused_total{protocol=%q,reason=%q}`, protocolName, reason)
			before := p.count(counter)
			s, status, said := p.hostile(c.path, c.subprotocol)
			if s != nil {
				status = 0
				for _, m := range c.messages {
					var err error
					switch m := m.(type) {
					case string:
						err = s.socket.WriteMessage(gws.OpcodeText, []byte(m))
					case head:
						_, err = s.socket.NetConn().Write(binary.BigEndian.AppendUint64([]byte{0x82, 0x80 | 127}, uint64(m)))
						if err == nil {
							_, err = s.socket.NetConn().Write([]byte("mask"))
						}
					case []byte:
						err = s.socket.WriteMessage(gws.OpcodeBinary, m)
					}
					if err != nil {
						break // closed already: why, is told below
					}
				}
				select {
				case <-s.closed:
				case <-time.After(30 * time.Second):
					t.Fatal("the connection was not closed")
				}
				said = s.reason
				if s.code != c.code {
					t.Errorf("closed with %d %q, want %d", s.code, s.reason, c.code)
				}
			}
			if status != c.status {
				t.Errorf("status %d, want %d: %s", status, c.status, said)
			}
			if !strings.Contains(said, c.says) {
				t.Errorf("the client heard %q, want %q in it", said, c.says)
			}
			// Of a frame that the WebSocket library itself refuses, the client
			// hears before the counter does.
			p.eventually(counter+" counts it", func() bool { return p.count(counter) > before })
		})
	}

	t.Run("clock and counter", func(t *testing.T) { p.oddFigures(t) })
	t.Run("imports", func(t *testing.T) { p.badImports(t) })

	if p.enginePID() == 0 || p.cmd.ProcessState != nil {
		t.Error("the program did not survive")
	}
	frames := crowd.finish()
	t.Logf("neighbours: %d sessions of %d frames, all acknowledged", len(crowd.all), frames)
	crowd.equal()
}

// streams are batches of n streams each that no batch before had.
func streams(t *testing.T, n, all int) (batches []any) {
	e := native.NewEncoder()
	for from := 1; from < all && from < 40*n; from += n { // beyond, the connection is long closed
		at := time.Now().UnixMilli()
		st := &rtc.Stats{Time: float64(at)}
		for i := range n {
			ssrc := from + i
			st.Reports = append(st.Reports, rtc.ReportPatch{ID: fmt.Appendf(nil, "S%d", ssrc), Type: rtc.TypeInboundRTP, First: len(st.Values), Len: 2})
			st.Values = append(st.Values, rtc.Value{Member: rtc.StatSsrc, Form: rtc.FormNumber, Num: float64(ssrc)},
				rtc.Value{Member: rtc.StatPacketsReceived, Form: rtc.FormNumber, Num: 1})
		}
		if err := e.Add(&rtc.Record{Kind: rtc.KindStats, Time: at, Conn: []byte("PC_0"), Stats: st}); err != nil {
			t.Fatal(err)
		}
		batches = append(batches, e.Close(nil, at))
	}
	return batches
}

// oddFigures sends a session whose clock is a year behind and whose counter
// goes backwards: the rows are in the server's time, and nothing is negative.
func (p *program) oddFigures(t *testing.T) {
	t.Helper()
	const id, polls = "odd-figures", 6
	fleet := newFleet(p)
	s := &stay{fleet: fleet, id: id}
	year := time.Now().AddDate(-1, 0, 0)
	received := []int{100, 200, 300, 50, 150, 250}
	at := func(i int) int64 { return year.Add(time.Duration(i) * frameStep).UnixMilli() }
	add := func(data string) {
		s.frames = append(s.frames, fmt.Appendf(nil, `{"statsSessionId":%q,"type":"stats-entry","data":%q}`, id, data))
	}
	s.frames = append(s.frames, fmt.Appendf(nil, `{"statsSessionId":%q,"type":"identity","data":["identity",null,{"confName":%q,"displayName":"Ada"},%d,1]}`, id, id, at(0)))
	add(fmt.Sprintf(`["create","PC_0",{},%d,2]`, at(0)))
	for i := range polls {
		add(fmt.Sprintf(`["getstats","PC_0",{"IN":{"type":"inbound-rtp","kind":"video","ssrc":7,"packetsReceived":%d,"bytesReceived":%d,"timestamp":%d}},%d,%d]`,
			received[i], 1000*received[i], at(i), at(i), i+3))
	}
	s.date() // as fast as its clock says, which is only wrong
	begin := time.Now().Add(-time.Minute).UnixMilli()
	s.run(t.Context(), nil)
	var a account
	p.eventually("the odd session in the store", func() bool {
		var err error
		a, _, err = s.account()
		return err == nil && a.points() > 0
	})
	calls := ask[callList](p, "/apps/1/calls?room="+id)
	place := "/apps/1/calls/" + calls.Items[0].ID
	var set sampleSet
	p.eventually("its samples", func() bool {
		set = ask[sampleSet](p, place+"/samples")
		n := 0
		for _, series := range set.Series {
			n += len(series.Times)
		}
		return n >= polls-2
	})
	for _, series := range set.Series {
		for _, at := range series.Times {
			if at < begin || at > time.Now().UnixMilli() {
				t.Errorf("a sample is dated %s", time.UnixMilli(at))
			}
		}
		for metric, values := range series.Values {
			for _, v := range values {
				if v != nil && *v < 0 {
					t.Errorf("%s is %v", metric, *v)
				}
			}
		}
	}
	for _, what := range []string{"clock", "counter"} {
		if counter := fmt.Sprintf(`peerglass_ingest_corrected_total{protocol="jitsi",what=%q}`, what); p.count(counter) < 1 {
			t.Errorf("%s does not count it", counter)
		}
	}
}

// badImports sends what is not a dump, or a spoiled one.
func (p *program) badImports(t *testing.T) {
	whole, err := os.ReadFile(recording(t, "jitsi__rtcstats-server/src/test/dumps/chrome-relay"))
	if err != nil {
		t.Fatal(err)
	}
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err = z.Write(whole); err == nil {
		err = z.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		file   []byte
		status int
		code   string
		says   string
	}{
		"truncated gzip":         {packed.Bytes()[:packed.Len()/2], 422, protocol.CodeMalformed, "cut off"},
		"not a dump":             {[]byte("Dear Sir or Madam,\n"), 422, protocol.CodeUnsupported, "not a recording"},
		"a picture":              {[]byte("\x89PNG\r\n\x1a\n\x00\x00"), 422, protocol.CodeUnsupported, "not a recording"},
		"nothing":                {nil, 422, protocol.CodeMalformed, "empty"},
		"a dump without figures": {[]byte(`["connectionInfo",null,{"path":"/x?statsSessionId=1","clientProtocol":"3.1_STANDARD"},1697705722151]` + "\n"), 201, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			counter := fmt.Sprintf(`peerglass_ingest_imports_total{result=%q}`, c.code)
			if c.status == 201 { // events alone are worth keeping
				counter = `peerglass_ingest_imports_total{result="done"}`
			}
			before := p.count(counter)
			r := p.request(t.Context(), "/apps/1/import?name="+url.QueryEscape(name))
			r.Method, r.Body = http.MethodPost, io.NopCloser(bytes.NewReader(c.file))
			r.Header.Set("Content-Type", "application/octet-stream")
			res, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = res.Body.Close() }()
			body, err := io.ReadAll(res.Body)
			if err != nil {
				t.Fatal(err)
			}
			if res.StatusCode != c.status || !strings.Contains(string(body), c.says) || !strings.Contains(string(body), c.code) {
				t.Errorf("%d %s; want %d, %s and %q", res.StatusCode, body, c.status, c.code, c.says)
			}
			// Of a frame that the WebSocket library itself refuses, the client
			// hears before the counter does.
			p.eventually(counter+" counts it", func() bool { return p.count(counter) > before })
		})
	}
}
