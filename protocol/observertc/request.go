package observertc

import (
	"bytes"
	"encoding/base64"
	"mime"

	"github.com/peerglass/peerglass/protocol"
	"github.com/peerglass/peerglass/protocol/statsjson"
)

// Subprotocol is the WebSocket's, for pages that name one.
const Subprotocol = "observertc"

// MaxSamples is how many samples one request may bring.
const MaxSamples = 256

// Names are what a sample says of itself.
type Names struct {
	Call   string // "" where it does not say: the encoder names the call only in its first sample
	Client string
}

// Peek reads whose sample a frame is, and when it was made: client's clock, Unix
// ms, 0 where it does not say before it says whose it is. A fault is a
// *protocol.Error.
func Peek(frame []byte) (names Names, at int64, err error) {
	var s sample
	var arena []byte
	if isJSON(frame) {
		err = s.readJSON(frame, &arena, true)
	} else {
		err = s.readWire(frame, true)
	}
	if err != nil {
		return Names{}, 0, err
	}
	if !plain(s.call) || !plain(s.client) {
		return Names{}, 0, protocol.Errorf(protocol.CodeMalformed, "callId and clientId have to be texts")
	}
	if len(s.call) > protocol.MaxName || len(s.client) > protocol.MaxName {
		return Names{}, 0, protocol.Errorf(protocol.CodeLimit, "callId or clientId is longer than %d bytes", protocol.MaxName)
	}
	return Names{Call: string(s.call), Client: string(s.client)}, millis(s.time), nil
}

// Split takes the body of a request, or a WebSocket's message, apart into
// frames for Decode: JSON (a sample, or a list of them), the bytes of
// encodeToBytes, or the text of encodeToBase64. contentType may be empty.
// Frames borrow from body. A fault is a *protocol.Error.
func Split(body []byte, contentType string) ([][]byte, error) {
	media, _, _ := mime.ParseMediaType(contentType)
	if media == "application/x-protobuf" || media == "application/protobuf" || media == "application/octet-stream" {
		return one(body)
	}
	body = bytes.TrimLeft(body, " \t\r\n")
	switch {
	case len(body) == 0:
		return nil, errWire
	case body[0] == '{':
		return one(body)
	case body[0] == '[':
		return elements(body)
	}
	text := bytes.Trim(bytes.TrimRight(body, " \t\r\n"), `"`)
	frame := make([]byte, base64.StdEncoding.DecodedLen(len(text)))
	if n, err := base64.StdEncoding.Decode(frame, text); err == nil {
		return one(frame[:n])
	}
	return nil, errWire
}

func one(frame []byte) ([][]byte, error) {
	if len(frame) == 0 {
		return nil, errWire
	}
	return [][]byte{frame}, nil
}

// elements takes a list of samples apart.
func elements(body []byte) (frames [][]byte, err error) {
	in := statsjson.NewScanner(body)
	in.Want('[')
	for first := true; in.More(&first, ']'); {
		if in.Peek() != '{' {
			return nil, errWire
		}
		if len(frames) == MaxSamples {
			return nil, protocol.Errorf(protocol.CodeLimit, "a request has more than %d samples", MaxSamples)
		}
		frame, ok := in.Raw()
		if !ok {
			break
		}
		frames = append(frames, frame)
	}
	if in.Err() == nil {
		in.End()
	}
	return frames, in.Err()
}
