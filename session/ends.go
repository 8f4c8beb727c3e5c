package session

import (
	"bytes"

	"github.com/peerglass/peerglass/rtc"
)

// learnEnds takes the ICE user fragments of a connection's ends from its
// descriptions and candidates: where one's local is another's remote, nothing
// but TURN stands between the two.
func (c *connection) learnEnds(r *rtc.Record) {
	var end *string
	switch string(r.Name) {
	case "setLocalDescription", rtc.NameICECandidate:
		end = &c.row.LocalUfrag
	case "setRemoteDescription", "addIceCandidate":
		end = &c.row.RemoteUfrag
	default:
		return
	}
	if u := ufrag(r.Payload); u != "" {
		*end = u
	}
}

// ufrag finds the user fragment in a description or a candidate, "" if there
// is none.
func ufrag(payload []byte) string {
	for _, before := range []string{"a=ice-ufrag:", `"usernameFragment":"`} {
		_, after, found := bytes.Cut(payload, []byte(before))
		if !found {
			continue
		}
		end := 0
		for end < len(after) && iceChar(after[end]) {
			end++
		}
		if end >= 4 && end <= 256 { // RFC 8839, 5.4
			return string(after[:end])
		}
	}
	return ""
}

// iceChar is ice-char of RFC 8839, 5.1.
func iceChar(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '+' || c == '/'
}
