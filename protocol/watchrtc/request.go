package watchrtc

import (
	"bytes"
	"encoding/json"
	"net/url"

	"github.com/peerglass/peerglass/protocol"
	"github.com/peerglass/peerglass/protocol/statsjson"
	"github.com/peerglass/peerglass/rtc"
)

// Subprotocol is the WebSocket's; answer the handshake with it.
const Subprotocol = "2.0"

// Request is what the address of a WebSocket says.
type Request struct {
	Key     string // what the page calls its API key
	Token   string // in its place
	Session string // the client's id of its stay
	// Fresh: the client begins anew, after it had closed its connection or for
	// the first time. Its session is the same for as long as the page is there.
	Fresh bool
}

// ParseRequest reads the query of a WebSocket's address. A fault is a
// *protocol.Error.
func ParseRequest(query url.Values) (Request, error) {
	r := Request{
		Key: query.Get("apiKey"), Token: query.Get("token"), Session: query.Get("sessionId"),
		Fresh: query.Get("newConnection") == "true",
	}
	if !validSession(r.Session) {
		return Request{}, errSession
	}
	return r, nil
}

var errSession = protocol.Errorf(protocol.CodeMalformed, "sessionId has to be 1 to 64 letters, digits, '-' and '_'")

func validSession(id string) bool {
	for i := range len(id) {
		c := id[i]
		if (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'z') && c != '-' && c != '_' {
			return false
		}
	}
	return len(id) > 0 && len(id) <= 64
}

// Welcome is a server's first message.
type Welcome struct {
	ConnectionID string `json:"connectionId"`
	// ProjectID is all that the client's HTTP requests name its project by.
	ProjectID string `json:"projectId"`
	// IntervalMs is how often the client polls. Where it differs from the one
	// that the client has, the client drops the polls that wait and tells the
	// next in full.
	IntervalMs int `json:"interval"`
	// SendInterval is how many entries the client gathers into a message.
	SendInterval int `json:"sendInterval"`
	// Logs: lines of the console are taken, from the level on that the page
	// chose itself.
	Logs bool `json:"collectConsoleLogEnabled"`
}

// AppendWelcome appends a server's first message.
func AppendWelcome(dst []byte, w Welcome) []byte { return appendJSON(dst, &w) }

// AppendError appends the message upon which a client gives up.
func AppendError(dst []byte, sentence string) []byte {
	return appendJSON(dst, map[string]string{"error": sentence})
}

func appendJSON(dst []byte, v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // texts and numbers always marshal
	}
	return append(dst, text...)
}

// Post is a message that came by an HTTP request, to /trace or /error.
type Post struct {
	Session string
	// Project is Welcome's ProjectID, or the API key where there never was a
	// WebSocket.
	Project string
	// Frame is for Decode: the message without the project.
	Frame []byte
}

// post is the body of a request.
type post struct {
	Session string          `json:"sessionId,omitempty"`
	Project string          `json:"projectId,omitempty"`
	Room    text            `json:"rtcRoomId"`
	Peer    text            `json:"rtcPeerId"`
	Data    json.RawMessage `json:"data"`
}

// ParsePost reads a request's body. A fault is a *protocol.Error.
func ParsePost(body []byte) (Post, error) {
	var in post
	if err := json.Unmarshal(body, &in); err != nil {
		return Post{}, &protocol.Error{Code: protocol.CodeMalformed, What: "the body is not the JSON object that the watchRTC SDK sends", Cause: err}
	}
	if !validSession(in.Session) {
		return Post{}, errSession
	}
	p := Post{Session: in.Session, Project: in.Project}
	in.Session, in.Project = "", ""
	if len(in.Data) == 0 || in.Data[0] != '[' {
		return Post{}, protocol.Errorf(protocol.CodeMalformed, "data has to be an array: [name, connection, payload, time]")
	}
	p.Frame = appendJSON(nil, &in)
	return p, nil
}

// request decodes a Post's frame: who it is, then the entries.
func (d *scratch) request(in *statsjson.Scanner) error {
	raw, ok := in.Raw()
	if !ok || !in.End() {
		return in.Err()
	}
	var p post
	if err := json.Unmarshal(raw, &p); err != nil {
		return &protocol.Error{Code: protocol.CodeMalformed, What: "the message is a JSON object, but not one of the watchRTC SDK", Cause: err}
	}
	if p.Room != "" || p.Peer != "" {
		d.rec.Kind, d.rec.Name = rtc.KindOpen, []byte("watchrtc")
		if err := d.write(&rtc.Identity{Room: string(p.Room), User: string(p.Peer), SDK: sdk}); err != nil {
			return err
		}
		if err := d.sink.Record(&d.rec); err != nil {
			return err
		}
	}
	entries := statsjson.NewScanner(p.Data)
	return d.finish(&entries, d.list(&entries, 0))
}

// secrets are the members of the client's first message that let it in.
var secrets = []string{"rtcApiKey", "rtcToken", "projectId"}

// Clean returns a WebSocket message without the credentials that are in it,
// for keeping. It is the message itself in all but the first of a connection.
func Clean(frame []byte) []byte {
	if !bytes.HasPrefix(frame, []byte(`["watchrtc"`)) {
		return frame
	}
	var entry []json.RawMessage
	var payload map[string]json.RawMessage
	if json.Unmarshal(frame, &entry) != nil || len(entry) < 3 || json.Unmarshal(entry[2], &payload) != nil {
		return frame // Decode says what is wrong
	}
	for _, name := range secrets {
		delete(payload, name)
	}
	entry[2] = appendJSON(nil, payload)
	return appendJSON(nil, entry)
}
