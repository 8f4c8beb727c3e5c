package ingest

import (
	"net/http"

	"github.com/peerglass/peerglass/protocol"
	"github.com/peerglass/peerglass/spool"
)

// wire is what the machinery needs to know of a protocol: one file, one wire,
// and one line in wires. A wire has no state of its own; what it needs to keep
// of a connection is in conn.
type wire interface {
	// name is the protocol's in rows, dumps and metrics.
	name() string
	// traits are the protocol's constants.
	traits() *traits
	// decoder returns a fresh decoder for a session's frames.
	decoder(*spool.Meta) protocol.Decoder
	// admit looks at the request before the upgrade, so that a refusal is an
	// HTTP status: it authenticates (conn.admitKey) and fills c.meta and
	// c.subprotocol. A wire whose credentials come in its first message leaves
	// c.meta.App 0 and calls admitKey from message.
	admit(c *conn, r *http.Request) error
	// opened is called after the upgrade: a wire that knows its session joins
	// it (conn.join) and greets.
	opened(c *conn) error
	// message handles one message; data is valid until it returns. What goes
	// into the dump is handed to conn.frame. An error closes the connection.
	message(c *conn, binary bool, data []byte) error
	// appendAck appends the message that says that everything up to seq is on
	// disk; it returns nil where the protocol has none.
	appendAck(dst []byte, seq uint64) []byte
	// left says what a client's close code means: whether the session is over
	// at once, and its EndReason.
	left(code uint16) (over bool, reason string)
	// refusal gives the close code of an error, and a text message to send
	// before it (nil for none).
	refusal(*Refusal) (message []byte, code uint16)
}

// poster is a wire that also takes frames by HTTP requests on its patterns.
type poster interface {
	// post handles a request that is no WebSocket's, of any method but OPTIONS,
	// with c, which admit has filled. What goes into the dump it hands to
	// conn.frame after conn.join, and it answers when conn.wait says that it is
	// on disk. It answers by itself; an error that it returns is answered by the
	// machinery.
	post(c *conn, w http.ResponseWriter, r *http.Request) error
}

// traits are a protocol's constants.
type traits struct {
	// patterns of http.ServeMux that lead to the protocol.
	patterns []string
	// resumable: frames carry sequence numbers, and a client may come back on
	// another connection for as long as graceMs after it was last heard.
	resumable bool
	// shared: a session's frames come by requests of their own, side by side,
	// and carry no numbers: every connection that names the session in
	// c.meta.ClientSession feeds it, for as long as graceMs after the last.
	shared bool
	// chosen: clients choose the names of shared sessions, without control
	// characters, so that one could choose another's.
	chosen bool
	// dated: each frame of a shared session holds the client's time, so that the
	// same bytes again are a request that was repeated because its answer was lost.
	dated bool
	// graceMs is the silence after which a session is over, connected or not. A
	// shared session is not silent while a WebSocket of it is open.
	graceMs int64
	// partedMs is the same for a session whose client has said that it goes, and
	// may yet have a last word or come back: a shared one by closing its
	// WebSocket itself, a resumable one by the event rtc.NamePageHide; 0: graceMs.
	partedMs int64
	// once: the name of a shared session is never used for another one. What
	// comes after the client's goodbye was under way with it, and makes none.
	once bool
	// pingMs is the silence after which the server asks whether the client is
	// there; 0: clients tell by themselves.
	pingMs int64
	// maxJump is the largest gap of sequence numbers that is taken as loss;
	// beyond it the number is nonsense and the frame is refused. 0: no gap is
	// accepted.
	maxJump uint64
	// maxFirst is the largest number that a session may begin with.
	maxFirst uint64
}

// Refusal is an error that is told to the client: why it is turned away.
type Refusal struct {
	// Reason is the label in /metrics and the code for machines: unknown_key,
	// revoked_key, app_disabled, origin_refused, token_…, too_large, malformed,
	// unsupported, limit, sequence, replaced, timeout, connections, busy,
	// shutdown, internal.
	Reason   string
	Status   int    // before the upgrade, and of HTTP requests
	Sentence string // cause and way out
	Cause    error  // for operators; may be nil
}

func (r *Refusal) Error() string { return r.Sentence }

func (r *Refusal) Unwrap() error { return r.Cause }

// The reasons of the machinery's own refusals.
const (
	reasonSequence    = "sequence"    // a sequence number from the future
	reasonReplaced    = "replaced"    // a newer connection of the session took over
	reasonTimeout     = "timeout"     // the client was silent for too long
	reasonConnections = "connections" // too many connections or sessions of the app, or sessions begun too fast
	reasonBusy        = "busy"        // the spool is full
	reasonShutdown    = "shutdown"    // the server stops, or is not up yet
	reasonPageClosed  = "page closed" // the page went and did not come back; of sessions that end
	reasonEnded       = "ended"       // the session is over
	reasonProtocol    = "protocol"    // no such protocol
	reasonInternal    = "internal"
)

// closeCode is the WebSocket close code of a refusal where the protocol has no
// codes of its own (RFC 6455, 7.4.1).
func closeCode(reason string) uint16 {
	switch reason {
	case reasonBusy, reasonConnections:
		return 1013 // try again later
	case reasonShutdown, reasonTimeout:
		return 1001 // going away
	case reasonInternal:
		return 1011
	case protocol.CodeMalformed:
		return 1007
	case protocol.CodeTooLarge:
		return 1009
	case protocol.CodeUnsupported:
		return 1003
	}
	return 1008 // policy
}
