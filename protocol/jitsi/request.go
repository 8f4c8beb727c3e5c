package jitsi

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/peerglass/peerglass/protocol"
)

// Version is a generation of the wire protocol, told by the subprotocol of
// the WebSocket.
type Version struct {
	Name    string // the subprotocol: "3.1_STANDARD"; answer the handshake with it
	Bare    bool   // frames are bare arrays (rtcstats 5–7)
	Legacy  bool   // statistics are Chrome's legacy ones
	Backend bool   // JVB, JICOFO, JIGASI, JIBRI: a server of the meeting, not a user
	// MissingRemoved: a report that a poll does not name is gone.
	MissingRemoved bool
}

var versions = []Version{
	{Name: "3.1_STANDARD", MissingRemoved: true},
	{Name: "3.1_LEGACY", MissingRemoved: true, Legacy: true},
	{Name: "3.0", Bare: true},
	{Name: "2.0", Bare: true, Legacy: true},
	{Name: "3.0_JVB", Backend: true},
	{Name: "1.0_JICOFO", Backend: true},
	{Name: "1.0_JIGASI", Backend: true},
	{Name: "1.0_JIBRI", Backend: true},
}

// LookupVersion returns what a subprotocol means. Backend clients count up
// their own versions, so that their kind alone decides.
func LookupVersion(subprotocol string) (Version, bool) {
	for _, v := range versions {
		if v.Name == subprotocol {
			return v, true
		}
	}
	number, kind, _ := strings.Cut(subprotocol, "_")
	if major, _, _ := strings.Cut(number, "."); major != "" && len(subprotocol) <= 32 {
		if _, err := strconv.ParseUint(major, 10, 16); err == nil {
			switch kind {
			case "JVB", "JICOFO", "JIGASI", "JIBRI":
				return Version{Name: subprotocol, Backend: true}, true
			}
		}
	}
	return Version{}, false
}

// Request is what a client's WebSocket request says.
type Request struct {
	Version Version
	// StatsSession is the client's id of its stay; "" before 9.6: then every
	// connection is a stay of its own, and its frames name it.
	StatsSession string
	// Reconnect: the client says that it was connected before. After a
	// breakout room it says so with a StatsSession never seen.
	Reconnect bool
	// Sequenced: frames carry sequence numbers, and the client sends nothing
	// until it gets AppendInitial's message.
	Sequenced bool
}

// ParseRequest reads the subprotocols that a client offers
// (Sec-WebSocket-Protocol, one per element) and its URL query. A fault is a
// *protocol.Error that says what is wrong.
func ParseRequest(subprotocols []string, query url.Values) (Request, error) {
	var r Request
	found := false
	for _, name := range subprotocols {
		if r.Version, found = LookupVersion(strings.TrimSpace(name)); found {
			break
		}
	}
	switch {
	case len(subprotocols) == 0:
		return Request{}, protocol.Errorf(protocol.CodeUnsupported, "the request names no WebSocket subprotocol; Jitsi's rtcstats names one, such as 3.1_STANDARD")
	case !found:
		return Request{}, protocol.Errorf(protocol.CodeUnsupported, "the subprotocol %.64q is not one of Jitsi's rtcstats; 3.1_STANDARD, 3.1_LEGACY, 3.0, 2.0 and those of JVB, Jicofo, Jigasi and Jibri are", strings.Join(subprotocols, ", "))
	}
	if !query.Has("statsSessionId") {
		return r, nil
	}
	r.StatsSession = query.Get("statsSessionId")
	if !validSession(r.StatsSession) {
		return Request{}, protocol.Errorf(protocol.CodeMalformed, "statsSessionId in the URL has to be 1 to %d letters, digits, '-' and '_'", protocol.MaxName)
	}
	r.Reconnect = query.Get("isReconnect") == "true"
	r.Sequenced = !r.Version.Bare && !r.Version.Backend
	return r, nil
}

func validSession[T string | []byte](id T) bool {
	for i := range len(id) {
		c := id[i]
		if (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'z') && c != '-' && c != '_' {
			return false
		}
	}
	return len(id) > 0 && len(id) <= protocol.MaxName
}

// Close codes that end a client's attempts to reconnect.
const (
	CloseLeave = 3001 // the client left the conference; sent by clients, ends the stay
	CloseDump  = 3002 // numbers do not fit together; a client that gets it gives up
)

// AppendInitial appends the first message of a server: the client drops what
// it holds up to last, then sends the rest and goes on.
func AppendInitial(dst []byte, last uint64) []byte {
	dst = append(dst, `{"type":"sn","body":{"value":`...)
	dst = strconv.AppendUint(dst, last, 10)
	return append(dst, `,"state":"initial"}}`...)
}

// AppendAck appends an acknowledgement: everything up to last is safe.
//
// The clients (9.6 to 9.7.1) look for the very number among what they hold and
// keep everything where they do not find it, so acknowledge numbers that came,
// never one between them, and see Sequence.Edge.
func AppendAck(dst []byte, last uint64) []byte {
	dst = append(dst, `{"type":"sn","body":{"value":`...)
	dst = strconv.AppendUint(dst, last, 10)
	return append(dst, `}}`...)
}
