package callstats

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"

	"github.com/golang-jwt/jwt/v5"

	"github.com/peerglass/peerglass/rtc"
)

// Token is what the token says that a client gets for its own.
type Token struct {
	App        rtc.AppID
	User       string
	Room       string // the only conference that it is good for; "" for any
	Expires    time.Time
	IntervalMs int  // between two polls of statistics
	SDP        bool // descriptions are sent
}

// ingested are the events that the JavaScript client sends only where its
// token names them.
var ingested = []string{
	"oneWayMediaStart", "oneWayMediaStop", "circuitBreaker", "applicationErrorLog", "sdpSubmissionEvent",
	"userFeedback", "activeDeviceList", "connectedDeviceList", "dominantSpeaker", "mediaPlaybackStart", "mediaPlaybackSuspended",
}

// SignToken signs t (HS256). It holds what the JavaScript client reads from it,
// and beside that the claims of this server's own tokens.
func SignToken(secret string, t Token) (string, error) {
	claims := jwt.MapClaims{
		"app": strconv.FormatUint(uint64(t.App), 10), "user": plainText(t.User), "exp": t.Expires.Unix(), "for": "callstats",
		// The client holds these two against what it was initialised with.
		"appID": uint64(t.App), "userID": plainText(encodeComponent(t.User)),
		"submissionInterval": t.IntervalMs, "collectSDP": t.SDP, "taasEnabled": false,
		"ingestedEvents": ingested, "expiry": t.Expires.UTC().Format(time.RFC3339),
	}
	if t.Room != "" {
		claims["room"] = plainText(t.Room)
	}
	signed, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString([]byte(secret))
	if err != nil {
		return "", fmt.Errorf("sign a callstats token: %w", err)
	}
	return signed, nil
}

// plainText returns a JSON string that is the same in both alphabets of base64:
// the JavaScript client reads its token by window.atob, which does not know the
// one of tokens. They differ only in what stands for bytes from 128 on, and for
// >, ? and ~.
func plainText(s string) json.RawMessage {
	text, err := json.Marshal(s) // escapes < > &
	if err != nil {
		panic(err) // texts always marshal
	}
	var out strings.Builder
	for _, r := range string(text) {
		if r < '~' && r != '?' {
			out.WriteRune(r)
			continue
		}
		for _, unit := range utf16.AppendRune(nil, r) {
			fmt.Fprintf(&out, `\u%04x`, unit)
		}
	}
	return json.RawMessage(out.String())
}

// encodeComponent is JavaScript's encodeURIComponent.
func encodeComponent(s string) string {
	var out strings.Builder
	for i := range len(s) {
		if c := s[i]; c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-_.!~*'()", c) >= 0 {
			out.WriteByte(c)
		} else {
			fmt.Fprintf(&out, "%%%02X", c)
		}
	}
	return out.String()
}
