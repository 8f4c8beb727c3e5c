package ingest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/peerglass/peerglass/settings"
)

// restClient is a client of callstats' REST API.
type restClient struct {
	*door
	bearer string
	stay   string // …/conferences/{confID}/{ucID}
}

// ask sends one request and returns its status and its answer.
func (d *door) ask(method, path, bearer, contentType, body string) (int, map[string]any) {
	d.t.Helper()
	r, err := http.NewRequestWithContext(d.t.Context(), method, d.http.URL+"/ingest/callstats/"+path, strings.NewReader(body))
	if err != nil {
		d.t.Fatal(err)
	}
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	if bearer != "" {
		r.Header.Set("Authorization", "Bearer "+bearer)
	}
	got, err := http.DefaultClient.Do(r)
	if err != nil {
		d.t.Fatal(err)
	}
	defer func() { _ = got.Body.Close() }()
	text, err := io.ReadAll(got.Body)
	if err != nil {
		d.t.Fatal(err)
	}
	var answer map[string]any
	if err := json.Unmarshal(text, &answer); err != nil {
		d.t.Fatalf("%s %s: %d %s", method, path, got.StatusCode, text)
	}
	if got.Header.Get("Access-Control-Allow-Origin") != "*" {
		d.t.Errorf("%s %s: a page could not read the answer", method, path)
	}
	return got.StatusCode, answer
}

// authenticate exchanges a token for one of this server's.
func (d *door) authenticate(user, code string) (int, map[string]any) {
	d.t.Helper()
	form := url.Values{"grant_type": {"authorization_code"}, "client_id": {fmt.Sprintf("%s@%d", user, d.app.ID)}, "code": {code}}
	return d.ask(http.MethodPost, "authenticate", "", "application/x-www-form-urlencoded", form.Encode())
}

// signed is a token as callstats' clients sign it themselves, with the secret.
func (d *door) signed(secret string, claims jwt.MapClaims) string {
	d.t.Helper()
	if secret == "" {
		var err error
		if secret, err = d.settings.AppSecret(d.t.Context(), d.app.ID); err != nil {
			d.t.Fatal(err)
		}
	}
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString([]byte(secret))
	if err != nil {
		d.t.Fatal(err)
	}
	return token
}

// joinREST lets a user into a conference.
func (d *door) joinREST(user, conference string) *restClient {
	d.t.Helper()
	status, answer := d.authenticate(user, d.signed("", jwt.MapClaims{"userID": user, "appID": d.app.ID}))
	if status != 200 || answer["token_type"] != "bearer" || answer["expires_in"] != 3600.0 {
		d.t.Fatalf("%d %v", status, answer)
	}
	c := &restClient{door: d, bearer: answer["access_token"].(string)}
	path := fmt.Sprintf("v1/apps/%d/conferences/%s", d.app.ID, url.PathEscape(conference))
	body := fmt.Sprintf(`{"localID":%q,"deviceID":"d","timestamp":%d,"endpointInfo":{"type":"native","os":"iOS","osVersion":"18","name":"Call App","version":"4.2"}}`, user, d.opts.Now().UnixMilli())
	status, answer = d.ask(http.MethodPost, path, c.bearer, "application/json", body)
	id, _ := answer["ucID"].(string)
	if status != 200 || answer["status"] != "success" || id == "" {
		d.t.Fatalf("%d %v", status, answer)
	}
	c.stay = path + "/" + id
	return c
}

// tell sends one event, with what all of them have.
func (c *restClient) tell(what, members string) (int, map[string]any) {
	c.t.Helper()
	body := fmt.Sprintf(`{"localID":"x","deviceID":"d","timestamp":%d,"remoteID":"bo","connectionID":"f1"%s}`, c.opts.Now().UnixMilli(), members)
	return c.ask(http.MethodPost, c.stay+"/"+what, c.bearer, "application/json", body)
}

// told is tell for what has to be taken.
func (c *restClient) told(what, members string) {
	c.t.Helper()
	if status, answer := c.tell(what, members); status != 200 || answer["status"] != "success" {
		c.t.Fatalf("%s: %d %v", what, status, answer)
	}
}

// A native client's call by callstats' REST API is a call like any other.
func TestCallstatsREST(t *testing.T) {
	d := newDoor(t, settings.AnyOrigin)
	const conference = "https://meet.example/daily stand-up?"
	c := d.joinREST("ann", conference)
	c.told("events/fabric", `,"eventType":"fabricSetup","delay":420,"iceGatheringDelay":100,"iceConnectivityDelay":300`)
	c.told("events/ssrcmap", `,"ssrcData":[{"ssrc":"3333","streamType":"inbound","userID":"cy","usageLabel":"screen"}]`)
	c.told("events/sdp", `,"localSDP":"v=0","remoteSDP":"v=0"`)
	c.told("events/user/alive", "")
	for i := range 3 {
		c.ahead.Add(5000)
		now := c.opts.Now().UnixMilli()
		c.told("stats", fmt.Sprintf(`,"stats":{"timestamp":%d,"tracks":[{"type":"inbound-rtp","id":"I1","ssrc":2222,"kind":"audio","bytesReceived":%d,"packetsReceived":%d,"timestamp":%d},
			{"type":"inbound-rtp","id":"I2","ssrc":3333,"kind":"video","bytesReceived":%d,"packetsReceived":%d,"timestamp":%d}],
			"candidatePairs":[{"id":"P1","state":"succeeded","nominated":true,"currentRoundTripTime":0.05,"timestamp":%d}]}`,
			now, 20_000*i, 250*i, now, 500_000*i, 500*i, now, now))
	}
	c.told("events/media/actions", `,"eventType":"audioMute"`)
	c.told("events/ice/status", `,"eventType":"iceDisruptionStart","currIceConnectionState":"disconnected","prevIceConnectionState":"connected"`)
	c.told("events/app/logs", `,"message":"a line","messageType":"text"`)
	c.told("events/app/logs", `,"messageType":"text","message":"`+strings.Repeat("long ", 6<<10)+`"`)
	c.told("events/feedback", `,"feedback":{"overallRating":4,"audioQualityRating":5,"comments":"good"}`)
	c.told("events/user/left", "")
	if status, answer := c.tell("events/feedback", `,"feedback":{"overallRating":1}`); status != 410 || answer["status"] != "error" {
		t.Errorf("a rating after the goodbye: %d %v", status, answer)
	}

	rows := c.store.Snapshot()
	if len(rows.Calls) != 1 || rows.Calls[0].Room != conference {
		t.Fatalf("calls: %+v", rows.Calls)
	}
	s := rows.Sessions[0]
	if len(rows.Sessions) != 1 || s.User != "ann" || s.EndReason != "leave" || s.OS != "iOS 18" || s.Protocol != "callstats" {
		t.Errorf("sessions: %+v", rows.Sessions)
	}
	if len(rows.Connections) != 1 || rows.Connections[0].Label != "f1" || rows.Connections[0].Connected.IsZero() {
		t.Errorf("connections: %+v", rows.Connections)
	}
	remote := map[string]string{}
	for _, st := range rows.Streams {
		if st.SSRC != 0 {
			remote[st.RemoteUser] = st.Label
		}
	}
	if !maps.Equal(remote, map[string]string{"bo": "", "cy": "screen"}) {
		t.Errorf("whose streams are: %v", remote)
	}
	if len(rows.Samples) < 4 {
		t.Errorf("%d samples", len(rows.Samples))
	}
	if len(rows.Outcomes) != 1 || !rows.Outcomes[0].Joined || rows.Outcomes[0].ICE != 300 {
		t.Errorf("outcomes: %+v", rows.Outcomes)
	}
	values := map[string]string{}
	for _, e := range rows.Events {
		if name := e.Kind.String() + " " + e.Name; values[name] == "" {
			values[name] = e.Value
		}
	}
	for name, want := range map[string]string{
		"event mute": `{"kind":"audio"}`, "log error": `"a line"`, "feedback feedback": `{"overall":4,"audio":5,"comment":"good"}`,
		"event fabricSetup": `{"delay":420,"iceGatheringDelay":100,"iceConnectivityDelay":300}`, "event sdp": `{"local":"v=0","remote":"v=0"}`,
		"event logTruncated": `{"bytes":30722,"kept":20480}`, "state oniceconnectionstatechange": `"checking"`,
	} {
		if values[name] != want {
			t.Errorf("%s is %s, not %s", name, values[name], want)
		}
	}
	eventually(t, "the dump", func() bool { return len(d.dumps()) == 1 })
}

// Without a goodbye a stay is over 30 s after its last measurement; one whose
// last fabric was terminated ended with it.
func TestCallstatsEnds(t *testing.T) {
	d := newDoor(t, settings.AnyOrigin)
	silent, parted := d.joinREST("silent", "r"), d.joinREST("parted", "r")
	silent.told("events/user/alive", "")
	parted.told("events/fabric/setup", `,"eventType":"fabricSetup"`)
	parted.told("events/fabric/terminated", `,"eventType":"fabricTerminated"`)
	parted.told("events/feedback", `,"feedback":{"overallRating":3}`)
	reasons := func() map[string]string {
		ended := map[string]string{}
		for _, s := range d.store.Snapshot().Sessions {
			if !s.End.IsZero() {
				ended[s.User] = s.EndReason
			}
		}
		return ended
	}
	tick := func(ms int64) {
		d.ahead.Add(ms)
		for n := range 4 {
			d.Tick(d.now(), n)
		}
	}
	tick(28_000)
	if got := reasons(); len(got) > 0 {
		t.Errorf("ended early: %v", got)
	}
	tick(2_000)
	eventually(t, "both to end", func() bool {
		tick(0)
		return maps.Equal(reasons(), map[string]string{"silent": "timeout", "parted": "leave"})
	})
	// A client that slept goes on, with the same name for its stay.
	silent.told("events/user/alive", "")
}

// A stay outlives the program: what came before is derived again, and the
// client goes on with the token and the name that it has.
func TestCallstatsOverRestart(t *testing.T) {
	d := newDoor(t, settings.AnyOrigin)
	c := d.joinREST("ann", "r")
	c.told("events/fabric/setup", `,"eventType":"fabricSetup"`)
	d.shutdown()
	store := new(memory)
	d.server = start(t, d.dir, store, func(o *Options) { o.Access, o.Fault, o.Now = d.settings, d.settings.Log, d.opts.Now })
	c.told("events/media/actions", `,"eventType":"audioMute"`)
	c.told("events/user/left", "")
	eventually(t, "the stay", func() bool { s := store.Snapshot().Sessions; return len(s) > 0 && !s[0].End.IsZero() })
	rows := store.Snapshot()
	var names []string
	for _, e := range rows.Events {
		names = append(names, e.Name)
	}
	if len(rows.Sessions) != 1 || len(rows.Connections) != 1 || !slices.Contains(names, "userJoined") || !slices.Contains(names, "mute") {
		t.Errorf("%d stays, %d connections, events %v", len(rows.Sessions), len(rows.Connections), names)
	}
}

// Who may send what is in the token, whatever the request says.
func TestCallstatsRefusals(t *testing.T) {
	d := newDoor(t, settings.AnyOrigin)
	other, err := d.settings.CreateApp(t.Context(), "two", "")
	if err != nil {
		t.Fatal(err)
	}
	now := d.opts.Now()
	for name, refused := range map[string]struct {
		code   string
		reason string
		then   string // what the JavaScript client is to do
	}{
		"wrong secret": {d.signed("not the secret of this app at all", jwt.MapClaims{"userID": "ann", "appID": d.app.ID}), settings.CodeTokenSignature, "[2]"},
		"expired":      {d.signed("", jwt.MapClaims{"userID": "ann", "exp": now.Add(-time.Hour).Unix()}), settings.CodeTokenExpired, "[1 0 2]"},
		"other app":    {d.signed("", jwt.MapClaims{"userID": "ann", "appID": other.ID}), settings.CodeTokenApp, "[2]"},
		"other user":   {d.signed("", jwt.MapClaims{"userID": "bo", "appID": d.app.ID}), settings.CodeTokenMalformed, "[2]"},
		"nonsense":     {"nonsense", settings.CodeTokenMalformed, "[2]"},
	} {
		status, answer := d.authenticate("ann", refused.code)
		var actions []int
		list, _ := answer["urn:x-callstats:auth:errorActions"].([]any)
		for _, a := range list {
			actions = append(actions, int(a.(map[string]any)["action"].(float64)))
		}
		if status != 400 || answer["code"] != refused.reason || fmt.Sprint(actions) != refused.then || answer["access_token"] != nil || answer["errorReason"] == "" {
			t.Errorf("%s: %d %v", name, status, answer)
		}
	}

	ann, bo := d.joinREST("ann", "r"), d.joinREST("bo", "r")
	theirs := strings.Replace(ann.stay, fmt.Sprintf("apps/%d/", d.app.ID), fmt.Sprintf("apps/%d/", other.ID), 1)
	oneTime := d.token(settings.Claims{User: "ann", ID: settings.NewTokenID()}, time.Minute)
	for name, r := range map[string]struct {
		path, bearer, body string
		status             int
	}{
		"no token":             {ann.stay + "/events/user/alive", "", "{}", 401},
		"another user's stay":  {ann.stay + "/events/user/alive", bo.bearer, "{}", 403},
		"another app":          {theirs + "/events/user/alive", ann.bearer, "{}", 401},
		"a token for one use":  {ann.stay + "/events/user/alive", oneTime, "{}", 401},
		"no JSON":              {ann.stay + "/events/user/alive", ann.bearer, "{", 422},
		"no object":            {ann.stay + "/events/user/alive", ann.bearer, "[]", 422},
		"no such address":      {"v1/apps/x/conferences", ann.bearer, "{}", 400},
		"a conference too few": {fmt.Sprintf("v1/apps/%d", d.app.ID), ann.bearer, "{}", 400},
		"a long name":          {fmt.Sprintf("v1/apps/%d/conferences/", d.app.ID) + strings.Repeat("r", 300), ann.bearer, "{}", 400},
	} {
		status, answer := d.ask(http.MethodPost, r.path, r.bearer, "application/json", r.body)
		if status != r.status || answer["status"] != "error" || answer["msg"] == "" {
			t.Errorf("%s: %d %v", name, status, answer)
		}
	}
	if status, answer := d.ask(http.MethodGet, ann.stay+"/stats", ann.bearer, "", ""); status != 405 {
		t.Errorf("GET: %d %v", status, answer)
	}
	d.ahead.Add(2 * 3600_000)
	if status, answer := ann.tell("events/fabric/setup", `,"eventType":"fabricSetup"`); status != 200 {
		t.Errorf("a token that expired within a stay: %d %v", status, answer)
	}
	path := fmt.Sprintf("v1/apps/%d/conferences/other", d.app.ID)
	if status, answer := d.ask(http.MethodPost, path, ann.bearer, "application/json", "{}"); status != 401 || answer["msg"] != "Token has expired" {
		t.Errorf("a token that expired before a stay: %d %v", status, answer)
	}
	eventually(t, "the app's log", func() bool { return d.log()[settings.CodeTokenSignature] == 1 })
}

// A back end's own token, ES256, with the claims of callstats' third-party
// authentication; good once, for its user and its conference.
func TestCallstatsThirdParty(t *testing.T) {
	d := newDoor(t, settings.AnyOrigin)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.settings.AddPublicKey(t.Context(), d.app.ID, "back end", "k1", string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))); err != nil {
		t.Fatal(err)
	}
	user := "zoë ~ ?"
	now := d.opts.Now()
	token, err := jwt.NewWithClaims(jwt.SigningMethodES256, jwt.MapClaims{
		"userID": user, "appID": fmt.Sprint(d.app.ID), "keyID": "k1", "room": "blue",
		"iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(5 * time.Minute).Unix(), "jti": "only-once",
	}).SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	status, answer := d.authenticate(user, token)
	if status != 200 {
		t.Fatalf("%d %v", status, answer)
	}
	bearer := answer["access_token"].(string)
	// The JavaScript client reads it with window.atob.
	payload, err := base64.StdEncoding.WithPadding(base64.NoPadding).DecodeString(strings.Split(bearer, ".")[1])
	if err != nil {
		t.Fatal(err)
	}
	var claims struct {
		AppID              int      `json:"appID"`
		UserID             string   `json:"userID"`
		SubmissionInterval int      `json:"submissionInterval"`
		CollectSDP         bool     `json:"collectSDP"`
		IngestedEvents     []string `json:"ingestedEvents"`
		Expiry             string   `json:"expiry"`
	}
	if err := json.Unmarshal(payload, &claims); err != nil {
		t.Fatal(err)
	}
	expiry, err := time.Parse(time.RFC3339, claims.Expiry)
	if claims.AppID != int(d.app.ID) || claims.UserID != "zo%C3%AB%20~%20%3F" || claims.SubmissionInterval <= 0 || !claims.CollectSDP ||
		!slices.Contains(claims.IngestedEvents, "userFeedback") || err != nil || expiry.Before(now) {
		t.Errorf("the client is told %s", payload)
	}

	if status, answer := d.authenticate(user, token); status != 400 || answer["code"] != settings.CodeTokenReplayed {
		t.Errorf("the token again: %d %v", status, answer)
	}
	join := func(room string) (int, map[string]any) {
		return d.ask(http.MethodPost, fmt.Sprintf("%d/conferences/%s", d.app.ID, room), bearer, "application/json", `{"localID":"somebody else"}`)
	}
	if status, answer := join("green"); status != 403 {
		t.Errorf("another conference: %d %v", status, answer)
	}
	status, answer = join("blue")
	if status != 200 {
		t.Errorf("the conference: %d %v", status, answer)
	}
	if status, answer := d.ask(http.MethodPost, fmt.Sprintf("%d/conferences/blue/%s/events/user/left", d.app.ID, answer["ucID"]), bearer, "", "{}"); status != 200 {
		t.Errorf("the goodbye: %d %v", status, answer)
	}
	if s := d.store.Snapshot().Sessions; len(s) != 1 || s[0].User != user {
		t.Errorf("sessions: %+v", s)
	}
}

// What the JavaScript client asks for beside.
func TestCallstatsConfiguration(t *testing.T) {
	d := newDoor(t, settings.AnyOrigin)
	if _, err := d.settings.SetDefaults(t.Context(), d.app.ID, []byte(`{"iceServers":[]}`), []byte(`{"audio":true}`)); err != nil {
		t.Fatal(err)
	}
	c := d.joinREST("ann", "r")
	app := fmt.Sprint(d.app.ID)
	for _, r := range []struct{ method, path, bearer, want string }{
		{"GET", app + "/configurations", c.bearer, `map[default:map[media:map[audio:true] peerConnection:map[iceServers:[]]]]`},
		{"GET", app + "/configurations/internal", c.bearer, `map[]`},
		{"POST", app + "/configurations", c.bearer, `map[default:map[]]`},
		{"POST", app + "/events/precall", c.bearer, `map[msg: status:success]`},
		{"POST", "generics", "", `map[msg: status:success]`},
	} {
		if status, answer := d.ask(r.method, r.path, r.bearer, "application/json", "{}"); status != 200 || fmt.Sprint(answer) != r.want {
			t.Errorf("%s %s: %d %v", r.method, r.path, status, answer)
		}
	}
	if status, answer := d.ask("GET", app+"/configurations", "", "", ""); status != 401 {
		t.Errorf("anybody's question: %d %v", status, answer)
	}
	before := float64(d.opts.Now().UnixMilli())
	if status, answer := d.ask("GET", "clockSync", "", "", ""); status != 200 || answer["now"].(float64) < before {
		t.Errorf("clockSync: %d %v", status, answer)
	}
}

// The script's requests go side by side: statistics that the end of their
// fabric, or the goodbye, overtook bring nobody back.
func TestCallstatsEndOvertakes(t *testing.T) {
	for what, members := range map[string]string{"events/user/left": "", "events/fabric/terminated": `,"eventType":"fabricTerminated"`} {
		d := newDoor(t, settings.AnyOrigin)
		c := d.joinREST("ann", "standup")
		c.told("events/fabric", `,"eventType":"fabricSetup","delay":420`)
		c.ahead.Add(5000)
		late := fmt.Sprintf(`{"timestamp":%d,"connectionID":"f1","stats":[]}`, c.opts.Now().UnixMilli())
		c.ahead.Add(1000)
		c.told(what, members)
		c.ahead.Add(1000)
		if status, answer := c.ask(http.MethodPost, c.stay+"/stats", c.bearer, "application/json", late); status != 200 && status != http.StatusGone {
			t.Errorf("%s: %d %v", what, status, answer)
		}
		c.ahead.Add(2 * callstatsTraits.graceMs)
		eventually(t, "the stay's end", func() bool { return c.metric("peerglass_ingest_sessions", "protocol=callstats") == 0 })
		if rows := c.store.Snapshot().Sessions; len(rows) != 1 || rows[0].EndReason != "leave" {
			t.Errorf("%s: %+v", what, rows)
		}
	}
}
