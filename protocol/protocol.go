package protocol

import (
	"fmt"

	"github.com/peerglass/peerglass/rtc"
)

// Decoder turns the frames of one client connection into records, in order.
// It may keep state between frames (a time base, the last SDP), which is
// bounded. Given the same frames it emits the same records: replay of the
// spool rests on that.
type Decoder interface {
	// Decode reads one frame that arrived at received (server's clock, Unix
	// ms) and passes its records to sink. An *Error says what is wrong with
	// the frame; the records before the fault have been passed on, and the
	// decoder stays usable. Errors of the sink are returned as they are.
	Decode(frame []byte, received int64, sink rtc.Sink) error
}

// Error is a fault of the input, told to whoever sent it.
type Error struct {
	Code  string // for machines: too_large, malformed, unsupported, limit
	What  string // one sentence for people: the cause and a way out
	Cause error  // for operators; may be nil
}

// The codes.
const (
	CodeTooLarge    = "too_large"
	CodeMalformed   = "malformed"
	CodeUnsupported = "unsupported"
	CodeLimit       = "limit"
)

func (e *Error) Error() string {
	if e.Cause != nil {
		return e.What + ": " + e.Cause.Error()
	}
	return e.What
}

func (e *Error) Unwrap() error { return e.Cause }

// Errorf returns an *Error whose sentence is formatted.
func Errorf(code, format string, args ...any) *Error {
	return &Error{Code: code, What: fmt.Sprintf(format, args...)}
}

// Limits that every decoder observes.
const (
	MaxFrame   = 4 << 20   // bytes of one frame, after decompression
	MaxReports = 4096      // reports in one statistics record
	MaxValues  = 64 * 1024 // values in one statistics record
	MaxDepth   = 32        // nesting of JSON
	MaxName    = 256       // bytes of a name, label or id
)
