package internals

import (
	"io"

	"github.com/peerglass/peerglass/rtc"
)

// MaxFile is the largest export that is read, in bytes after decompression.
const MaxFile = 256 << 20

// Export is a parsed export.
type Export struct {
	UserAgent string
	Page      string // address of the page; of several, the first
	Start     int64  // earliest time in it, Unix ms; 0 where nothing has one
}

// Read reads an export to its end. Errors are *protocol.Error.
func Read(r io.Reader) (*Export, error) { panic("internals: not linked") }

// Replay passes the records to sink, ordered by time. It can be called once.
func (e *Export) Replay(sink rtc.Sink) error { panic("internals: not linked") }
