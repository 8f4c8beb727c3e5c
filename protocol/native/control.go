package native

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/peerglass/peerglass/protocol"
	"github.com/peerglass/peerglass/rtc"
)

// Version is the protocol's version, in the hello and in each batch.
const Version = 1

// Subprotocol is the WebSocket subprotocol of this version.
const Subprotocol = "peerglass.1"

// MaxHello bounds a hello in bytes.
const MaxHello = 16 << 10

// Hello is the client's first message on every connection, and the first line
// of every POST.
type Hello struct {
	Type    string    `json:"type"`             // "hello"
	V       int       `json:"v"`                // Version
	Key     string    `json:"key,omitempty"`    // ingest key, pgk_…
	App     rtc.AppID `json:"app,omitempty"`    // the app's id, with a token, instead of the key
	Token   string    `json:"token,omitempty"`  // signed token: beside the key or the app's id
	Session string    `json:"session"`          // the client's own id of its stay: 8–64 of [A-Za-z0-9_-]
	Resume  bool      `json:"resume,omitempty"` // batches of this session were sent before
	SDK     string    `json:"sdk,omitempty"`    // "@peerglass/browser/0.1.0"
	Check   bool      `json:"check,omitempty"`  // of a POST: only asks whether it would be let in; no session begins
}

// ParseHello reads and checks a hello. Its errors are *protocol.Error.
func ParseHello(text []byte) (Hello, error) {
	var h Hello
	if len(text) > MaxHello {
		return h, protocol.Errorf(protocol.CodeTooLarge, "the hello is %d bytes long; at most %d are allowed", len(text), MaxHello)
	}
	if err := json.Unmarshal(text, &h); err != nil {
		e := protocol.Errorf(protocol.CodeMalformed, "the first message must be a hello, a JSON object")
		e.Cause = err
		return h, e
	}
	switch {
	case h.Type != "hello":
		return h, protocol.Errorf(protocol.CodeMalformed, "the first message must be a hello, but its type is %q", clip(h.Type))
	case h.V != Version:
		return h, protocol.Errorf(protocol.CodeUnsupported, "protocol version %d is not spoken here; use version %d", h.V, Version)
	case h.Key == "" && h.App != 0 && h.Token == "":
		return h, protocol.Errorf(protocol.CodeMalformed, "the hello names its app by an id: add a token of that app, or send an ingest key instead")
	case !validSession(h.Session):
		return h, protocol.Errorf(protocol.CodeMalformed, "the session id must have 8 to 64 characters of A-Z a-z 0-9 _ -")
	}
	return h, nil
}

func validSession(s string) bool {
	if len(s) < 8 || len(s) > 64 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && c != '_' && c != '-' {
			return false
		}
	}
	return true
}

func clip(s string) string {
	if len(s) > 32 {
		return s[:32] + "…"
	}
	return s
}

// Settings are what the server asks of a client; a zero member leaves the
// client's own value.
type Settings struct {
	PollMs  int `json:"pollMs,omitempty"`  // steady interval of getStats
	FastMs  int `json:"fastMs,omitempty"`  // interval at the start and after events
	FlushMs int `json:"flushMs,omitempty"` // longest time that records wait for company
	// Disabled asks the client to stop collecting and to stay silent.
	Disabled bool `json:"disabled,omitempty"`
}

// Welcome answers a hello.
type Welcome struct {
	Last     uint64   // highest sequence number stored for this session; 0: none
	Ended    bool     // the session is over: go on under a new session id
	Settings Settings // what the server asks for
	Defaults Defaults // the app's default configuration, for its pages to use
}

// Defaults are an app's default configuration. Both are JSON objects; nil:
// there is none.
type Defaults struct {
	PeerConnection json.RawMessage `json:"peerConnection,omitempty"` // an RTCConfiguration
	Media          json.RawMessage `json:"media,omitempty"`          // MediaStreamConstraints
}

type welcomeMessage struct {
	Type     string   `json:"type"`
	V        int      `json:"v"`
	Last     uint64   `json:"last"`
	Ended    bool     `json:"ended,omitempty"`
	Settings Settings `json:"settings"`
	Defaults Defaults `json:"defaultConfig,omitzero"`
}

// AppendWelcome appends the text message that answers a hello. Over HTTP it is
// also the answer to a POST: Last then acknowledges the batches in it. The
// members of Defaults must be valid JSON.
func AppendWelcome(dst []byte, w Welcome) []byte {
	b, err := json.Marshal(welcomeMessage{"welcome", Version, w.Last, w.Ended, w.Settings, w.Defaults})
	if err != nil {
		panic(err) // what is not checked before is numbers and truth values
	}
	return append(dst, b...)
}

// AppendAck appends the text message that says that every batch up to seq is
// stored.
func AppendAck(dst []byte, seq uint64) []byte {
	dst = append(dst, `{"type":"ack","seq":`...)
	dst = strconv.AppendUint(dst, seq, 10)
	return append(dst, '}')
}

// AppendError appends the text message that is sent before the connection is
// closed with CloseCode(code), or the body of a POST's refusal.
func AppendError(dst []byte, code, message string) []byte {
	b, err := json.Marshal(struct {
		Type    string `json:"type"`
		Code    string `json:"code"`
		Message string `json:"message"`
		Retry   bool   `json:"retry"`
	}{"error", code, message, Retry(code)})
	if err != nil {
		panic(err) // strings always marshal
	}
	return append(dst, b...)
}

// Codes of refusals beside those of package protocol; ingest may send others,
// which close with 4500.
const (
	CodeKey         = "unknown_key" // so revoked_key
	CodeToken       = "token"       // so token_expired and its kind
	CodeDisabled    = "app_disabled"
	CodeOrigin      = "origin_refused"
	CodeSequence    = "sequence" // a number from the future: reconnect and resume
	CodeEnded       = "ended"    // the session is over: go on under a new id
	CodeReplaced    = "replaced" // a newer connection of the session took over
	CodeTimeout     = "timeout"  // no hello, or silence for too long
	CodeConnections = "connections"
	CodeBusy        = "busy"     // try again later
	CodeShutdown    = "shutdown" // the server stops: reconnect
	CodeInternal    = "internal"
)

// CloseCode returns the WebSocket close code of a refusal. 44xx is the
// client's fault, 45xx the server's.
func CloseCode(code string) uint16 {
	switch code {
	case protocol.CodeMalformed:
		return 4400
	case CodeKey, "revoked_key", CodeToken:
		return 4401
	case CodeDisabled, CodeOrigin:
		return 4403
	case CodeTimeout:
		return 4408
	case CodeSequence:
		return 4409
	case CodeEnded:
		return 4410
	case CodeReplaced:
		return 4411
	case protocol.CodeTooLarge:
		return 4413
	case protocol.CodeUnsupported:
		return 4415
	case protocol.CodeLimit, CodeConnections:
		return 4429
	case CodeBusy, CodeShutdown:
		return 4503
	}
	if strings.HasPrefix(code, CodeToken+"_") {
		return 4401
	}
	return 4500
}

// Retry reports whether a client that was refused with code may try again by
// itself.
func Retry(code string) bool {
	switch n := CloseCode(code); n {
	case 4408, 4409, 4410, 4429:
		return true
	default:
		return n >= 4500
	}
}
