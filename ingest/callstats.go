package ingest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/peerglass/peerglass/protocol"
	"github.com/peerglass/peerglass/protocol/callstats"
	"github.com/peerglass/peerglass/rtc"
	"github.com/peerglass/peerglass/settings"
	"github.com/peerglass/peerglass/spool"
)

// callstatsWire is the protocol of callstats: requests of callstats-js, whose
// proxy settings lead here, and of native clients.
type callstatsWire struct{}

var (
	_ wire   = callstatsWire{}
	_ poster = callstatsWire{}
)

func (callstatsWire) name() string { return "callstats" }

func (callstatsWire) traits() *traits { return &callstatsTraits }

const callstatsPrefix = "/ingest/callstats"

var callstatsTraits = traits{
	patterns: []string{callstatsPrefix, callstatsPrefix + "/{rest...}"},
	shared:   true,
	dated:    true,
	graceMs:  30_000, // without a goodbye a stay is over 30 s after its last measurement
}

const (
	// callstatsTokenFor is how long the token is good that a client gets for its
	// own. The JavaScript client asks for another after nine tenths of it.
	callstatsTokenFor = time.Hour
	// callstatsInterval is how long the JavaScript client is to wait before it
	// sends statistics again, in ms. It polls every 5 s, and sends all that a poll
	// gives: some 17 KB for a connection with two streams each way.
	callstatsInterval = 4000
	// maxCallstatsForm bounds a request that asks for a token.
	maxCallstatsForm = settings.MaxToken + 4<<10
)

func (callstatsWire) decoder(*spool.Meta) protocol.Decoder { return callstats.NewDecoder() }

// admit lets every request through to post, which answers in the protocol's
// own words.
func (callstatsWire) admit(_ *conn, r *http.Request) error {
	if strings.EqualFold(r.Header.Get("Upgrade"), "websocket") {
		return &Refusal{Reason: protocol.CodeUnsupported, Status: http.StatusBadRequest, Sentence: "callstats' clients speak plain HTTP here: leave out ws:// and wss://"}
	}
	return nil
}

// callstatsAnswer is what requests are answered with; members of each.
type callstatsAnswer struct {
	Status string `json:"status"` // success, error
	Msg    string `json:"msg"`
	Stay   string `json:"ucID,omitempty"`

	// Of a refusal.
	Code    string               `json:"code,omitempty"`
	Message string               `json:"message,omitempty"`
	Error   string               `json:"error,omitempty"`
	Reason  string               `json:"errorReason,omitempty"`
	Actions []callstatsDirection `json:"urn:x-callstats:auth:errorActions,omitempty"`
}

// callstatsDirection tells the JavaScript client what to do about a token that
// was refused.
type callstatsDirection struct {
	Action     int            `json:"action"`
	Parameters map[string]any `json:"params"`
}

// What the JavaScript client can be told to do.
const (
	callstatsRetry    = 0 // after timeout ms
	callstatsNewToken = 1 // ask the page for another token
	callstatsReport   = 2 // tell the page: csError authError and errorReason
)

// callstatsExpired is upon which the JavaScript client asks for another token.
const callstatsExpired = "Token has expired"

func (callstatsWire) post(c *conn, w http.ResponseWriter, r *http.Request) error {
	request, err := callstats.ParsePath(strings.TrimPrefix(r.URL.EscapedPath(), callstatsPrefix))
	if err != nil {
		return c.refuseCallstats(w, 0, err)
	}
	if reads := request.Call == callstats.CallClock || request.Call == callstats.CallInternal; r.Method != http.MethodPost && (r.Method != http.MethodGet || !reads && request.Call != callstats.CallConfig) {
		return c.refuseCallstats(w, 0, &Refusal{Reason: protocol.CodeUnsupported, Status: http.StatusMethodNotAllowed, Sentence: "this address takes a POST"})
	}
	switch request.Call {
	case callstats.CallClock:
		answerJSON(w, http.StatusOK, map[string]int64{"now": c.server.now()})
		return nil
	case callstats.CallGenerics: // of the client itself, by anybody: not kept
		answerJSON(w, http.StatusOK, callstatsAnswer{Status: "success"})
		return nil
	case callstats.CallAuthenticate:
		return c.callstatsToken(w, r)
	}
	_, bearer, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if request.Stay != "" {
		c.meta.ClientSession = request.Stay
	}
	claims, err := c.admitToken(request.App, strings.TrimSpace(bearer))
	if err == nil {
		err = checkCallstats(&request, claims)
	}
	if err != nil {
		return c.refuseCallstats(w, 0, err)
	}
	switch request.Call {
	case callstats.CallConfig:
		return c.callstatsConfig(w, r.Method, request.App)
	case callstats.CallInternal:
		answerJSON(w, http.StatusOK, struct{}{})
		return nil
	case callstats.CallApp: // tests before a call: of no conference, and not kept
		answerJSON(w, http.StatusOK, callstatsAnswer{Status: "success"})
		return nil
	}
	body, err := readCallstats(w, r, int64(c.server.opts.Limits.Frame))
	if err == nil && !json.Valid(body) {
		err = protocol.Errorf(protocol.CodeMalformed, "the body of a request has to be a JSON object")
	}
	if err == nil {
		err = c.takeCallstats(r.Context(), &request, claims, body)
	}
	if err != nil {
		status := 0
		if refusalOf(err).Status == http.StatusBadRequest {
			status = http.StatusUnprocessableEntity
		}
		return c.refuseCallstats(w, status, err)
	}
	done := callstatsAnswer{Status: "success"}
	if request.Call == callstats.CallJoin {
		done.Stay = request.Stay
	}
	answerJSON(w, http.StatusOK, done)
	return nil
}

// checkCallstats refuses what a token does not allow.
func checkCallstats(r *callstats.Request, claims settings.Claims) error {
	switch {
	case claims.ID != "":
		return &Refusal{Reason: settings.CodeTokenReplayed, Status: http.StatusUnauthorized, Sentence: "A token for one use is not for the header Authorization: exchange it for another at …/authenticate."}
	case claims.User == "":
		return &Refusal{Reason: settings.CodeTokenMalformed, Status: http.StatusUnauthorized, Sentence: "The token does not say whose it is: bring the one that …/authenticate answers with."}
	case r.Conference != "" && claims.Room != "" && claims.Room != r.Conference:
		return &Refusal{Reason: settings.CodeTokenApp, Status: http.StatusForbidden, Sentence: "The token is for another conference: ask the back end for one of this."}
	case r.Stay != "" && !callstats.OwnStay(r.Stay, r.App, r.Conference, claims.User):
		return &Refusal{Reason: reasonEnded, Status: http.StatusForbidden, Sentence: "The ucID is not one of this user in this conference: take the one that the answer to the join names."}
	}
	return nil
}

// takeCallstats takes one frame into its session.
func (c *conn) takeCallstats(ctx context.Context, request *callstats.Request, claims settings.Claims, body []byte) error {
	if request.Call == callstats.CallJoin {
		request.Stay = callstats.StayID(request.App, request.Conference, claims.User, c.server.opts.Random())
		c.meta.ClientSession = request.Stay
	} else if !request.Opens() && !c.goesOn() {
		return &Refusal{Reason: reasonEnded, Status: http.StatusGone, Sentence: "the user's stay in the conference is over: what belongs to it is taken until 30 s after its last measurement"}
	}
	c.dated = callstats.Dated(body)
	c.undated = !bytes.Contains(body, []byte(`"timestamp"`)) // of native clients, who write their bodies themselves
	c.identify(rtc.Identity{Room: request.Conference, RoomName: claims.RoomName, User: claims.User, UserName: claims.UserName, Page: c.meta.Origin})
	if _, _, err := c.join(); err != nil {
		return err
	}
	err := c.frame(0, callstats.AppendFrame(nil, request, claims.User, body))
	if err == nil {
		c.live.fabrics(request, c.dated)
		_, err = c.wait(ctx)
	}
	return err
}

// fabrics notes whether a user is still there: one whose last fabric was
// terminated has left, whatever is told after that. What was told before and
// comes later, by the client's clock, says nothing of that.
func (l *live) fabrics(request *callstats.Request, dated int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case request.Parts():
		l.parted, l.partedAt, l.partedOf = "leave", l.heard, dated
	case request.Lives() && (dated == 0 || dated > l.partedOf):
		l.parted = ""
	}
}

// callstatsToken answers a client that brings a token of its back end, or one
// that it signed itself with the app's secret, with one for its requests.
func (c *conn) callstatsToken(w http.ResponseWriter, r *http.Request) error {
	body, err := readCallstats(w, r, maxCallstatsForm)
	if err != nil {
		return c.refuseCallstats(w, http.StatusBadRequest, err)
	}
	form, err := url.ParseQuery(string(body))
	client := form.Get("client_id")
	at := strings.LastIndexByte(client, '@')
	app, number := strconv.ParseUint(client[at+1:], 10, 32)
	if err != nil || at <= 0 || number != nil || at > protocol.MaxName {
		return c.refuseCallstats(w, http.StatusBadRequest, &Refusal{Reason: protocol.CodeMalformed, Status: http.StatusBadRequest, Sentence: "client_id has to be the user's id, @ and the app's number, as in alice@12, and code the token: send both as a form", Cause: errors.Join(err, number)})
	}
	user := client[:at]
	claims, err := c.admitToken(rtc.AppID(app), form.Get("code"))
	if err == nil && claims.For != "" {
		// Else one hour would be for ever.
		err = &Refusal{Reason: settings.CodeTokenMalformed, Status: http.StatusForbidden, Sentence: "A token that …/authenticate answered with cannot be exchanged for another: bring a new one of the back end."}
	}
	if err == nil && claims.User != "" && claims.User != user {
		err = &Refusal{Reason: settings.CodeTokenMalformed, Status: http.StatusForbidden, Sentence: "The token is for another user than the one who brings it: the claim userID has to be the localUserID of initialize."}
	}
	if err != nil {
		return c.refuseCallstats(w, http.StatusBadRequest, err)
	}
	secret, err := c.server.opts.Access.AppSecret(r.Context(), rtc.AppID(app))
	if err != nil {
		return c.refuseCallstats(w, 0, err)
	}
	token, err := callstats.SignToken(secret, callstats.Token{
		App: rtc.AppID(app), User: user, Room: claims.Room, Expires: c.server.opts.Now().Add(callstatsTokenFor),
		IntervalMs: callstatsInterval, SDP: true,
	})
	if err != nil {
		return c.refuseCallstats(w, 0, err)
	}
	answerJSON(w, http.StatusOK, map[string]any{"access_token": token, "expires_in": int(callstatsTokenFor / time.Second), "token_type": "bearer"})
	return nil
}

// callstatsConfig answers with the app's default configuration. Of what a client
// posts, the parameters of its video sender, nothing is kept: there is no advice.
func (c *conn) callstatsConfig(w http.ResponseWriter, method string, id rtc.AppID) error {
	app, err := c.server.opts.Access.IngestApp(context.Background(), id)
	if err != nil {
		return c.refuseCallstats(w, 0, err)
	}
	var config struct {
		Default struct {
			PeerConnection json.RawMessage `json:"peerConnection,omitempty"`
			Media          json.RawMessage `json:"media,omitempty"`
		} `json:"default"`
	}
	if method == http.MethodGet {
		config.Default.PeerConnection, config.Default.Media = app.PeerConnection, app.Media
	}
	answerJSON(w, http.StatusOK, &config)
	return nil
}

// readCallstats reads a request's body of at most limit bytes.
func readCallstats(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	if tooLarge := new(http.MaxBytesError); errors.As(err, &tooLarge) {
		return nil, protocol.Errorf(protocol.CodeTooLarge, "the request has more than %d bytes", tooLarge.Limit)
	}
	if err != nil {
		return nil, &Refusal{Reason: protocol.CodeMalformed, Status: http.StatusBadRequest, Sentence: "the request broke off", Cause: err}
	}
	return body, nil
}

// refuseCallstats answers a request in the protocol's own words, with status
// where it is not 0 and the fault is not this server's. It returns nil: the
// machinery has nothing left to say.
func (c *conn) refuseCallstats(w http.ResponseWriter, status int, err error) error {
	r := refusalOf(err)
	c.told(r, "")
	c.server.metrics.refused.WithLabelValues(c.wire.name(), r.Reason).Inc()
	if r.Reason == reasonInternal {
		c.server.log.Error("ingest refused a request", "protocol", c.wire.name(), "error", r.Cause)
	}
	credentials := strings.HasPrefix(r.Reason, "token_") || r.Reason == settings.CodeDisabled
	if status == 0 || r.Status >= http.StatusInternalServerError {
		status = r.Status
	}
	a := callstatsAnswer{Status: "error", Msg: r.Sentence, Code: r.Reason, Message: r.Sentence}
	if r.Reason == settings.CodeTokenExpired {
		a.Msg = callstatsExpired
	}
	if status == http.StatusBadRequest || credentials {
		a.Error, a.Reason = "invalid_request", r.Sentence
	}
	switch r.Reason {
	case settings.CodeTokenExpired, settings.CodeTokenReplayed, settings.CodeTokenNotYet:
		// A page may hand out a token that it keeps: the next has to be a new one.
		a.Actions = append(a.Actions, callstatsDirection{Action: callstatsNewToken, Parameters: map[string]any{}},
			callstatsDirection{Action: callstatsRetry, Parameters: map[string]any{"timeout": 5000}})
	}
	if credentials || r.Reason == protocol.CodeMalformed {
		a.Actions = append(a.Actions, callstatsDirection{Action: callstatsReport, Parameters: map[string]any{"errorReason": r.Sentence}})
	}
	answerJSON(w, status, &a)
	return nil
}

func answerJSON(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		panic(err) // texts and numbers, and JSON that settings have checked
	}
	answer(w, status, body)
}

func (callstatsWire) opened(*conn) error { return errNoSocket }

func (callstatsWire) message(*conn, bool, []byte) error { return errNoSocket }

var errNoSocket = &Refusal{Reason: protocol.CodeUnsupported, Status: http.StatusBadRequest, Sentence: "this protocol is spoken over plain HTTP"}

func (callstatsWire) appendAck([]byte, uint64) []byte { return nil }

func (callstatsWire) left(uint16) (bool, string) { return false, "" }

func (callstatsWire) refusal(r *Refusal) ([]byte, uint16) { return nil, closeCode(r.Reason) }
