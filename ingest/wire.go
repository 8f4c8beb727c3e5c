package ingest

import (
	"net/http"

	"github.com/peerglass/peerglass/protocol"
	"github.com/peerglass/peerglass/spool"
)

// wire is what the machinery needs to know of a protocol: one file, one wire.
// A wire has no state of its own; what it needs per connection is in conn.
type wire interface {
	// name is the protocol's in rows, dumps and metrics.
	name() string
	// subprotocols are those that the server agrees to, the first that the
	// client offers; nil agrees to none and needs none.
	subprotocols() []string
	// decoder returns a fresh decoder for a session's frames.
	decoder(*spool.Meta) protocol.Decoder
	// admit looks at the request before the upgrade, so that a refusal is an
	// HTTP status: it authenticates, and fills c.app and c.meta. A wire whose
	// credentials come in its first message leaves c.app nil.
	admit(c *conn, r *http.Request) error
	// opened is called after the upgrade: a wire that knows its session joins
	// it (conn.join) and greets.
	opened(c *conn) error
	// message handles one message; data is valid until it returns. What goes
	// into the dump is handed to conn.frame.
	message(c *conn, binary bool, data []byte) error
	// appendAck appends the message that says that everything up to seq is on
	// disk; nil where the protocol has none.
	appendAck(dst []byte, seq uint64) []byte
	// left says what a client's close code means: whether the session is over
	// at once, and its EndReason.
	left(code uint16) (over bool, reason string)
	// refusal gives the close code of an error, and a message to send before
	// it (nil for none).
	refusal(*Refusal) (message []byte, code uint16)
	// traits are the protocol's constants.
	traits() traits
}

// traits are a protocol's constants.
type traits struct {
	// resumable: frames carry sequence numbers, and a client may come back on
	// another connection within grace after the last one was lost.
	resumable bool
	// graceMs is how long a session waits for its client to come back.
	graceMs int64
	// silenceMs is the longest time without a message before the connection
	// is closed as dead.
	silenceMs int64
	// maxJump is the largest gap of sequence numbers that is taken as loss;
	// beyond it the number is nonsense and the frame is refused. 0: no gap is
	// accepted at all.
	maxJump uint64
}

// Refusal is an error that is told to the client: why it is turned away.
type Refusal struct {
	Reason   string // label in /metrics: key, disabled, token, origin, too_large, malformed, sequence, rate, full …
	Status   int    // before the upgrade, and of HTTP requests
	Sentence string // cause and way out
	Cause    error  // for operators; may be nil
}

func (r *Refusal) Error() string { return r.Sentence }

func (r *Refusal) Unwrap() error { return r.Cause }
