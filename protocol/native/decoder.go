package native

import (
	"github.com/peerglass/peerglass/protocol"
	"github.com/peerglass/peerglass/rtc"
)

// Options of a decoder. The zero value is good.
type Options struct{}

// Decoder decodes the batches of one session, in the order of their sequence
// numbers, each once (the caller de-duplicates by ParseHeader). It lives as
// long as the session, over all its connections. Not safe for concurrent use.
type Decoder struct {
	stats rtc.Stats
}

var _ protocol.Decoder = (*Decoder)(nil)

// NewDecoder returns a decoder for one session.
func NewDecoder(Options) *Decoder { return &Decoder{} }

// Decode implements protocol.Decoder; a frame is one batch.
func (d *Decoder) Decode(frame []byte, received int64, sink rtc.Sink) error {
	_, err := ParseHeader(frame)
	return err
}
