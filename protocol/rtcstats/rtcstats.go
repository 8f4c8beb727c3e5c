package rtcstats

import (
	"time"

	"github.com/peerglass/peerglass/protocol"
	"github.com/peerglass/peerglass/rtc"
)

// Subprotocol is what a client asks for in Sec-WebSocket-Protocol.
const Subprotocol = "rtcstats#5.0"

// Options of a decoder. The zero value is good.
type Options struct{}

// Decoder decodes the frames of one session. Not safe for concurrent use.
type Decoder struct{}

var _ protocol.Decoder = (*Decoder)(nil)

// NewDecoder returns a decoder for one session: the first frame that it is
// given carries an absolute time.
func NewDecoder(Options) *Decoder { return &Decoder{} }

// Decode implements protocol.Decoder; a frame is one JSON array.
func (d *Decoder) Decode(frame []byte, received int64, sink rtc.Sink) error {
	panic("rtcstats: not linked")
}

// EncoderOptions say how to encode.
type EncoderOptions struct {
	// AsClient leaves out what rtcstats-js leaves out: certificates and the
	// obsolete members isRemote, ip, mediaType and writable. Otherwise
	// everything is kept, so that a dump can be rewritten without loss.
	AsClient bool
}

// Encoder encodes the records of one session. Not safe for concurrent use.
type Encoder struct{}

// NewEncoder returns an encoder for one session.
func NewEncoder(EncoderOptions) *Encoder { return &Encoder{} }

// Append appends the frame of rec to dst and returns it.
func (e *Encoder) Append(dst []byte, rec *rtc.Record) ([]byte, error) {
	panic("rtcstats: not linked")
}

// Claims is what a client's token says of it: the claim rtcStats.
type Claims struct {
	User       string `json:"user"`
	Session    string `json:"session"`
	Conference string `json:"conference"`
}

// VerifyToken checks the JWT of the query parameter rtcstats-token (HS256,
// with any of secrets, not expired at now) and returns what it says. Errors
// are *protocol.Error.
func VerifyToken(token string, secrets [][]byte, now time.Time) (Claims, error) {
	panic("rtcstats: not linked")
}
