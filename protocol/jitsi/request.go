package jitsi

import (
	"net/url"
	"strconv"
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
	return Request{}, nil
}

// LookupVersion returns what a subprotocol means.
func LookupVersion(subprotocol string) (Version, bool) { return Version{}, false }

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
func AppendAck(dst []byte, last uint64) []byte {
	dst = append(dst, `{"type":"sn","body":{"value":`...)
	dst = strconv.AppendUint(dst, last, 10)
	return append(dst, `}}`...)
}
