package peermetrics

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/peerglass/peerglass/protocol"
	"github.com/peerglass/peerglass/protocol/statsjson"
	"github.com/peerglass/peerglass/rtc"
)

// The requests, by what stands behind /v1/ in their addresses.
const (
	PathInitialize = "initialize"
	PathSessions   = "sessions"
	PathUserMedia  = "events/get-user-media"
	PathBrowser    = "events/browser"
	PathConnection = "connection"
	PathBatch      = "connection/batch"
	PathTracks     = "tracks"
	PathStats      = "stats"
)

// Known reports whether there is such a request.
func Known(path string) bool {
	switch path {
	case PathInitialize, PathSessions, PathUserMedia, PathBrowser, PathConnection, PathBatch, PathTracks, PathStats:
		return true
	}
	return false
}

// Initialize is the body of the first request.
type Initialize struct {
	Key            string
	Conference     string
	ConferenceName string
	User           string
	UserName       string
}

// ParseInitialize reads the body of the first request. A fault is a
// *protocol.Error.
func ParseInitialize(body []byte) (Initialize, error) {
	var told struct {
		Key            lenient `json:"apiKey"`
		Conference     lenient `json:"conferenceId"`
		ConferenceName lenient `json:"conferenceName"`
		User           lenient `json:"userId"`
		UserName       lenient `json:"userName"`
	}
	if err := json.Unmarshal(body, &told); err != nil {
		return Initialize{}, &protocol.Error{Code: protocol.CodeMalformed, What: "the body of a request has to be a JSON object", Cause: err}
	}
	i := Initialize{string(told.Key), string(told.Conference), string(told.ConferenceName), string(told.User), string(told.UserName)}
	if i.Conference == "" || i.User == "" {
		return i, protocol.Errorf(protocol.CodeMalformed, "initialize needs conferenceId and userId")
	}
	return i, nil
}

// NewFrame returns the token that a request brought, and the request as it is
// kept and decoded, without it: ["path",{body}]. connection is the id that a
// new connection is given, "" where the request makes none. A fault is a
// *protocol.Error.
func NewFrame(path string, body []byte, connection string) (token string, frame []byte, err error) {
	in := statsjson.NewScanner(body)
	if !in.Take('{') {
		return "", nil, protocol.Errorf(protocol.CodeMalformed, "the body of a request has to be a JSON object with the token of initialize in it")
	}
	frame = make([]byte, 0, len(body)+len(path)+64)
	frame = append(append(append(frame, `["`...), path...), `",{`...)
	start := len(frame)
	for first := true; in.More(&first, '}'); {
		name, ok := in.RawString()
		if !ok || !in.Want(':') {
			break
		}
		value, ok := in.Raw()
		if !ok {
			break
		}
		if string(name) == `"token"` {
			if json.Unmarshal(value, &token) != nil {
				token = ""
			}
			continue
		}
		if len(frame) > start {
			frame = append(frame, ',')
		}
		frame = append(append(append(frame, name...), ':'), bytes.TrimSpace(value)...)
	}
	if in.Err() == nil {
		in.End()
	}
	if in.Err() != nil {
		return "", nil, in.Err()
	}
	if connection != "" {
		if len(frame) > start {
			frame = append(frame, ',')
		}
		frame = strconv.AppendQuote(append(frame, `"connection_id":`...), connection)
	}
	return token, append(frame, "}]"...), nil
}

// AddsConnection reports whether a request to PathConnection is answered with
// the ids of a new connection, and with the remote user that it names.
func AddsConnection(body []byte) (peer string, adds bool) {
	var told struct {
		Event lenient `json:"eventName"`
		Peer  lenient `json:"peerId"`
	}
	if json.Unmarshal(body, &told) != nil || told.Event != "addConnection" {
		return "", false
	}
	return string(told.Peer), true
}

// TokenOf reads what a token says without checking it: the app whose secret it
// has to be checked with, and the session that it is for.
func TokenOf(token string) (app rtc.AppID, session string, ok bool) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return 0, "", false
	}
	claims, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return 0, "", false
	}
	var told struct {
		App     lenient `json:"app"`
		Session lenient `json:"session"`
	}
	if json.Unmarshal(claims, &told) != nil {
		return 0, "", false
	}
	id, err := strconv.ParseUint(string(told.App), 10, 32)
	return rtc.AppID(id), string(told.Session), err == nil && id > 0 && told.Session != ""
}
