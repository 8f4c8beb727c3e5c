package dump

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/peerglass/peerglass/protocol"
	"github.com/peerglass/peerglass/protocol/callstats"
	"github.com/peerglass/peerglass/protocol/internals"
	"github.com/peerglass/peerglass/protocol/jitsi"
	"github.com/peerglass/peerglass/protocol/native"
	"github.com/peerglass/peerglass/protocol/observertc"
	"github.com/peerglass/peerglass/protocol/peermetrics"
	"github.com/peerglass/peerglass/protocol/rtcstats"
	"github.com/peerglass/peerglass/protocol/watchrtc"
	"github.com/peerglass/peerglass/rtc"
)

// Format says which kind of file a source is.
type Format string

// The formats that Open knows.
const (
	FormatRaw       Format = "raw"       // Peerglass's own
	FormatJitsi     Format = "jitsi"     // dump of the Jitsi rtcstats-server: JSON lines
	FormatRTCStats  Format = "rtcstats"  // RTCStatsDump, versions 1 to 3
	FormatInternals Format = "internals" // export of chrome://webrtc-internals, new and old
)

// The protocols that the frames of a dump can be of.
const (
	ProtocolNative      = "native"
	ProtocolJitsi       = "jitsi"
	ProtocolRTCStats    = "rtcstats"
	ProtocolWatchRTC    = "watchrtc"
	ProtocolCallstats   = "callstats"
	ProtocolObserveRTC  = "observertc"
	ProtocolPeermetrics = "peermetrics"
	ProtocolInternals   = "internals" // files only: has no frames
)

// decoders make a decoder for the frames of a raw dump.
var decoders = map[string]func(Header) protocol.Decoder{
	ProtocolNative: func(Header) protocol.Decoder { return native.NewDecoder() },
	ProtocolJitsi: func(h Header) protocol.Decoder {
		v, _ := jitsi.LookupVersion(h.Subprotocol)
		return jitsi.NewDecoder(jitsi.Options{Version: v})
	},
	ProtocolRTCStats:    func(Header) protocol.Decoder { return rtcstats.NewDecoder() },
	ProtocolWatchRTC:    func(Header) protocol.Decoder { return watchrtc.NewDecoder() },
	ProtocolCallstats:   func(Header) protocol.Decoder { return callstats.NewDecoder() },
	ProtocolObserveRTC:  func(Header) protocol.Decoder { return observertc.NewDecoder() },
	ProtocolPeermetrics: func(Header) protocol.Decoder { return peermetrics.NewDecoder() },
}

// Header says whose session a dump holds. In a raw dump it stands before the
// frames; of other formats Open fills in what they tell.
type Header struct {
	Protocol      string        `json:"protocol"`                // decoder of the frames: native, jitsi, rtcstats, internals
	Subprotocol   string        `json:"subprotocol,omitempty"`   // as negotiated, "3.1_STANDARD"
	Path          string        `json:"path,omitempty"`          // of the request, with its query but without credentials
	Origin        string        `json:"origin,omitempty"`        //
	UserAgent     string        `json:"userAgent,omitempty"`     //
	Address       string        `json:"address,omitempty"`       // of the client, truncated
	Region        string        `json:"region,omitempty"`        // where that is
	Carrier       string        `json:"carrier,omitempty"`       // whose network it is of
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
	Records     int64 // records passed to the sink, but the one that the header makes
	Polls       int64 // of them statistics
	Connections int   // different labels of peer connections; from 10,000 on no more are told apart
	First, Last int64 // earliest and latest Received, Unix ms; 0 where nothing has a time
	Faults      int64 // frames or lines that could not be read and were passed over
	Fault       error // the first of them, with its place; nil for none
}

// Source is an open dump. It is read once, by one goroutine.
type Source struct {
	format   Format
	header   Header
	summary  Summary
	in       *input
	export   *internals.Export // only FormatInternals
	version  int               // of an RTCStatsDump
	metadata []byte            // its second line as it stands
	told     bool              // header.Identity is all that there is to tell
	sizes    func(int)         // told of each frame; nil for nobody
}

// Format returns the file's format.
func (s *Source) Format() Format { return s.format }

// Header returns what the file says of its session. Members that the format
// does not have are empty.
func (s *Source) Header() Header { return s.header }

// Progress makes Replay call f with the number of bytes read from the
// underlying reader (so: of the file, packed or not), every 64 KiB or so. An
// export of chrome://webrtc-internals has been read when Open returns.
func (s *Source) Progress(f func(read int64)) { s.in.file.progress = f }

// Sizes makes Replay call f with the size of each frame or line, once its
// records have been passed on. An export of chrome://webrtc-internals has none.
func (s *Source) Sizes(f func(bytes int)) { s.sizes = f }

// Summary returns what Replay found; call it afterwards.
func (s *Source) Summary() Summary { return s.summary }

// Replay decodes all frames, each with the time at which it was received, and
// passes their records to sink in order; before them, where the header says
// who it was, a KindOpen record without a name. Where a format has no receive
// times, Received is the record's own time. Frames that cannot be decoded are
// passed over and counted in Summary, as they were when they first arrived. It
// returns a *protocol.Error where the file ends early, is damaged beyond
// repair or too large, with the records up to there passed on; errors of the
// sink are returned as they are.
func (s *Source) Replay(sink rtc.Sink) error { return s.replay(sink, nil) }

// replay is Replay. keep, where it is not nil, is called with each frame that
// could be decoded.
func (s *Source) replay(sink rtc.Sink, keep func(frame []byte) error) error {
	out := &counter{sink: sink, s: s, identity: s.identity(), seen: make(map[string]struct{})}
	err := s.read(out, keep)
	if out.err == nil {
		out.flush() // its error is out.err
	}
	switch {
	case out.err != nil:
		return out.err
	case err != nil:
		return s.in.explain(err)
	case s.summary.Records == 0 && s.summary.Faults > 0:
		return &protocol.Error{Code: protocol.CodeMalformed, What: fmt.Sprintf("none of the %d entries of the file could be read; the first fault", s.summary.Faults), Cause: s.summary.Fault}
	}
	return nil
}

func (s *Source) read(out *counter, keep func([]byte) error) error {
	switch s.format {
	case FormatInternals:
		return s.export.Replay(out)
	case FormatRaw:
		return s.readRaw(out, keep)
	}
	return s.readLines(out, keep)
}

// decode passes one frame through a decoder. What is wrong with it is counted;
// place says where it stands.
func (s *Source) decode(d protocol.Decoder, frame []byte, received int64, out *counter, keep func([]byte) error, place string, number int64) error {
	err := d.Decode(frame, received, out)
	if out.err != nil {
		return out.err
	}
	if err == nil {
		if s.sizes != nil {
			s.sizes(len(frame))
		}
		if keep != nil {
			return keep(frame)
		}
		return nil
	}
	var fault *protocol.Error
	if !errors.As(err, &fault) {
		return fmt.Errorf("decode %s %d: %w", place, number, err)
	}
	s.fault(fmt.Errorf("%s %d: %w", place, number, err))
	return nil
}

func (s *Source) fault(err error) {
	if s.summary.Faults++; s.summary.Faults == 1 {
		s.summary.Fault = err
	}
}

// Notes returns sentences for people on what is missing or was passed over in
// an accepted file, such as that it has no statistics; nil for none. Call it
// after Replay.
func (s *Source) Notes() []string {
	var notes []string
	sum := &s.summary
	switch {
	case sum.Records == 0:
		notes = append(notes, "The file holds no records: nothing was measured in this session.")
	case sum.Polls == 0:
		notes = append(notes, "The file holds no statistics: there are events, but nothing to draw charts from.")
	}
	if sum.Records > 0 && sum.Last == 0 {
		notes = append(notes, "Nothing in the file has a time: it cannot be placed in the calendar.")
	}
	if sum.Faults > 0 {
		notes = append(notes, fmt.Sprintf("%d of its entries could not be read and were passed over; the first: %v.", sum.Faults, sum.Fault))
	}
	return notes
}

// identity returns what the header tells of the client; nil for nothing.
func (s *Source) identity() []byte {
	h := &s.header
	var who rtc.Identity
	if h.Identity != nil {
		who = *h.Identity
	}
	if s.format == FormatJitsi {
		return nil // its own first line says it
	}
	if !s.told {
		who.UserAgent = cmp.Or(who.UserAgent, h.UserAgent)
		who.Room = cmp.Or(who.Room, h.Room)
		who.ClientSession = cmp.Or(who.ClientSession, h.ClientSession)
	}
	b, err := json.Marshal(who)
	if err != nil || string(b) == "{}" {
		return nil
	}
	return b
}

// counter passes records on, dates them and counts.
type counter struct {
	sink     rtc.Sink
	s        *Source
	identity []byte // to be passed on before the first record
	seen     map[string]struct{}
	offset   int64        // from the client's clock to the server's, where the file tells
	settled  bool         // offset is known
	last     int64        // Received of the last record; 0 while none had a time
	undated  []rtc.Record // those before the first that has a time; copies
	err      error        // of the sink
}

const (
	// maxConnections is how many labels Summary tells apart.
	maxConnections = 10_000
	// skewed is the difference, in ms, from which the start that a file's
	// server noted counts as a clock that differs and not as delay.
	skewed = 60_000
	// maxUndated is how many records wait for the first that has a time.
	maxUndated = 1000
)

// Record implements rtc.Sink.
func (c *counter) Record(r *rtc.Record) error {
	if r.Received == 0 && r.Time != 0 {
		if !c.settled {
			c.settled = true
			if d := c.s.header.Start - r.Time; c.s.header.Start != 0 && (d > skewed || d < -skewed) {
				c.offset = d
			}
		}
		r.Received = r.Time + c.offset
	}
	if r.Received == 0 && c.last == 0 && r.Kind != rtc.KindStats && len(c.undated) < maxUndated {
		c.undated = append(c.undated, copyOf(r))
		return nil
	}
	if r.Received == 0 {
		r.Received = c.last
	}
	c.last = r.Received
	if err := c.flush(); err != nil {
		return err
	}
	return c.pass(r)
}

// flush passes on what waited for a time; where none came, without one.
func (c *counter) flush() error {
	waiting := c.undated
	c.undated = nil
	for i := range waiting {
		waiting[i].Received = c.last
		if err := c.pass(&waiting[i]); err != nil {
			return err
		}
	}
	return nil
}

func (c *counter) pass(r *rtc.Record) error {
	if c.identity != nil {
		open := rtc.Record{Kind: rtc.KindOpen, Received: r.Received, Payload: c.identity}
		c.identity = nil
		if c.err = c.sink.Record(&open); c.err != nil {
			return c.err
		}
	}
	sum := &c.s.summary
	sum.Records++
	if r.Kind == rtc.KindStats {
		sum.Polls++
	}
	if r.Received != 0 {
		if sum.First == 0 || r.Received < sum.First {
			sum.First = r.Received
		}
		sum.Last = max(sum.Last, r.Received)
	}
	if len(r.Conn) > 0 && len(c.seen) < maxConnections {
		if _, ok := c.seen[string(r.Conn)]; !ok {
			c.seen[string(r.Conn)] = struct{}{}
			sum.Connections = len(c.seen)
		}
	}
	c.err = c.sink.Record(r)
	return c.err
}

func copyOf(r *rtc.Record) rtc.Record {
	c := *r
	c.Conn, c.Name, c.Corr, c.Payload = bytes.Clone(r.Conn), bytes.Clone(r.Name), bytes.Clone(r.Corr), bytes.Clone(r.Payload)
	return c
}

var _ rtc.Sink = (*counter)(nil)

// eof tells an end that was to be expected from one that came early.
func eof(err error) bool { return errors.Is(err, io.EOF) }
