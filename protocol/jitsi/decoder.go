package jitsi

import (
	"github.com/peerglass/peerglass/protocol"
	"github.com/peerglass/peerglass/rtc"
)

// Options of a decoder.
type Options struct {
	// Version is the one that ParseRequest found; the zero value lets the
	// frames themselves tell (dumps: a connectionInfo line, the shape of the
	// first polls).
	Version Version
}

// Decoder decodes one stay: all its connections, in order.
type Decoder struct {
	o Options
}

var _ protocol.Decoder = (*Decoder)(nil)

// NewDecoder returns a decoder for one stay.
func NewDecoder(o Options) *Decoder { return &Decoder{o: o} }

// Decode implements protocol.Decoder. A frame is one WebSocket message or one
// line of a dump. A frame whose sequence number was there before is passed
// over.
func (d *Decoder) Decode(frame []byte, received int64, sink rtc.Sink) error { return nil }
