package dump

import (
	"io"

	"github.com/peerglass/peerglass/rtc"
)

// Format says which kind of file a source is.
type Format string

// The formats that Open knows.
const (
	FormatRaw       Format = "raw"       // Peerglass's own
	FormatJitsi     Format = "jitsi"     // dump of the Jitsi rtcstats-server: JSON lines
	FormatRTCStats  Format = "rtcstats"  // RTCStatsDump, versions 2 and 3
	FormatInternals Format = "internals" // export of chrome://webrtc-internals, new and old
)

// Header says whose session a dump holds. In a raw dump it stands before the
// frames; of other formats Open fills in what they tell.
type Header struct {
	Protocol      string        `json:"protocol"`                // decoder of the frames: native, jitsi, rtcstats, internals
	Subprotocol   string        `json:"subprotocol,omitempty"`   // as negotiated, "3.1_STANDARD"
	Path          string        `json:"path,omitempty"`          // of the request, with its query but without credentials
	Origin        string        `json:"origin,omitempty"`        //
	UserAgent     string        `json:"userAgent,omitempty"`     //
	Address       string        `json:"address,omitempty"`       // of the client, truncated
	App           rtc.AppID     `json:"app,omitempty"`           //
	Session       rtc.SessionID `json:"session,omitempty"`       //
	Call          rtc.CallID    `json:"call,omitempty"`          //
	Room          string        `json:"room,omitempty"`          //
	ClientSession string        `json:"clientSession,omitempty"` // the client's own id of its stay
	Start         int64         `json:"start,omitempty"`         // server's clock, Unix ms
	Identity      *rtc.Identity `json:"identity,omitempty"`      // what the connection told outside its frames: token, address; replayed as the first record
}

// Summary says what Replay found.
type Summary struct {
	Records     int64 // records passed to the sink
	Polls       int64 // of them statistics
	Connections int   // different labels of peer connections
	First, Last int64 // earliest and latest Received, Unix ms
	Faults      int64 // frames or lines that could not be read and were passed over
	Fault       error // the first of them, with its place; nil for none
}

// Source is an open dump. It is read once, by one goroutine.
type Source struct {
	format   Format
	header   Header
	summary  Summary
	progress func(read int64)
}

// Open looks at the beginning of r, plain or gzip, and finds out what it
// holds. A file of no known format is refused with a *protocol.Error that says
// what it seems to be. Nothing but the header has been read afterwards.
func Open(r io.Reader) (*Source, error) { panic("dump: not linked") }

// Format returns the file's format.
func (s *Source) Format() Format { return s.format }

// Header returns what the file says of its session. Members that the format
// does not have are empty.
func (s *Source) Header() Header { return s.header }

// Progress makes Replay call f with the number of bytes read from the
// underlying reader (so: of the file, packed or not), at most every 64 KiB.
func (s *Source) Progress(f func(read int64)) { s.progress = f }

// Replay decodes all frames, each with the time at which it was received, and
// passes their records to sink in order. Where a format has no receive times,
// Received is the record's own time. Frames that cannot be decoded are passed
// over and counted in Summary, as they were when they first arrived. It
// returns a *protocol.Error where the file ends early, is damaged beyond
// repair or too large, with the records up to there passed on; errors of the
// sink are returned as they are.
func (s *Source) Replay(sink rtc.Sink) error { panic("dump: not linked") }

// Summary returns what Replay found; call it afterwards.
func (s *Source) Summary() Summary { return s.summary }

// Notes returns sentences for people on what is missing or was passed over in
// an accepted file, such as that it has no statistics; nil for none.
func (s *Source) Notes() []string { return nil }

// Writer writes a raw dump.
type Writer struct{}

// NewWriter begins a raw dump on w with its header. The data are gzip; w is
// not closed.
func NewWriter(w io.Writer, h Header) (*Writer, error) { panic("dump: not linked") }

// Frame appends one frame as it was received, at received (server's clock,
// Unix ms). It does not keep frame.
func (w *Writer) Frame(received int64, frame []byte) error { panic("dump: not linked") }

// Close ends the dump: without it the file counts as cut off.
func (w *Writer) Close() error { panic("dump: not linked") }

// WriteV3 replays src and writes it to w as an RTCStatsDump of version 3
// (plain text: one frame of rtcstats-js a line).
func WriteV3(w io.Writer, src *Source) error { panic("dump: not linked") }
