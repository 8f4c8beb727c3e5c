package internals

import (
	"io"

	"github.com/peerglass/peerglass/rtc"
)

// MaxFile is the largest export that is read, in bytes after decompression.
const MaxFile = 256 << 20

// NotExport is the error for a JSON document that is something else.
type NotExport struct{ Members []string }

func (*NotExport) Error() string { return "a JSON document that is not an export" }

// Export is a parsed export.
type Export struct {
	UserAgent string
	Page      string // address of the page; of several, the first
	Start     int64  // earliest time in it, Unix ms; 0 where nothing has one
}

// Identity returns what the export tells of the client.
func (e *Export) Identity() *rtc.Identity { return nil }

// Read reads an export to its end. Errors are *protocol.Error.
func Read(r io.Reader) (*Export, error) { return nil, &NotExport{} }

// Replay passes the records to sink, ordered by time. It can be called once.
func (e *Export) Replay(sink rtc.Sink) error { return nil }
