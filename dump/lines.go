package dump

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"

	"github.com/peerglass/peerglass/protocol"
	"github.com/peerglass/peerglass/protocol/jitsi"
	"github.com/peerglass/peerglass/protocol/rtcstats"
	"github.com/peerglass/peerglass/rtc"
)

// dumpMagic is the first line of an RTCStatsDump.
const dumpMagic = "RTCStatsDump"

// legacyProtocol is the subprotocol of the clients whose dumps the versions 1
// and 2 of RTCStatsDump are: bare arrays with absolute times.
const legacyProtocol = "2.0"

// metadata is the second line of an RTCStatsDump of version 3, the first of
// versions 1 and 2 (the first rtcstats-server).
type metadata struct {
	URL             string          `json:"url,omitempty"`
	Path            string          `json:"path,omitempty"` // versions 1 and 2
	Origin          string          `json:"origin,omitempty"`
	UserAgent       string          `json:"userAgent,omitempty"`
	StartTime       int64           `json:"startTime,omitempty"`
	RemoteAddresses []string        `json:"remoteAddresses"`
	Locations       json.RawMessage `json:"locations,omitempty"`
	ClientProtocol  string          `json:"clientProtocol,omitempty"`
	AuthData        json.RawMessage `json:"authData,omitempty"`
	FileFormat      int             `json:"fileFormat"`
	// Peerglass's own: who it was, which other writers put into authData.
	Identity *rtc.Identity `json:"identity,omitempty"`
}

// openRTCStats reads the header of an RTCStatsDump. named tells that it has
// its name in the first line.
func openRTCStats(in *input, named bool) (*Source, error) {
	if named {
		if _, _, err := readLine(in, nil, 64); err != nil {
			return nil, in.explain(early(err))
		}
	}
	line, cut, err := readLine(in, nil, maxHeader)
	if err != nil {
		return nil, in.explain(early(err))
	}
	var m metadata
	if err := json.Unmarshal(line, &m); err != nil || cut {
		return nil, &protocol.Error{Code: protocol.CodeMalformed, What: "the file is an RTCStatsDump whose header, the JSON object after its name, cannot be read", Cause: err}
	}
	if m.FileFormat > 3 {
		return nil, protocol.Errorf(protocol.CodeUnsupported, "the file is an RTCStatsDump of version %d; versions up to 3 are known", m.FileFormat)
	}
	if named && m.FileFormat == 0 {
		return nil, protocol.Errorf(protocol.CodeMalformed, "the file is an RTCStatsDump whose header does not tell its version (fileFormat)")
	}
	s := &Source{format: FormatRTCStats, in: in, version: m.FileFormat, metadata: line}
	h := &s.header
	*h = Header{Protocol: ProtocolRTCStats, Subprotocol: m.ClientProtocol, Path: m.URL, Origin: m.Origin, UserAgent: m.UserAgent, Start: m.StartTime, Identity: m.Identity}
	if m.Path != "" {
		h.Path = m.Path
	}
	if len(m.RemoteAddresses) > 0 {
		h.Address = m.RemoteAddresses[0]
	}
	s.told = h.Identity != nil
	if !s.told {
		h.Identity = &rtc.Identity{Page: m.Origin}
		// The token's claim; true where no token was asked for.
		var auth struct {
			rtcstats.Claims
			RTCStats rtcstats.Claims `json:"rtcStats"`
		}
		if json.Unmarshal(m.AuthData, &auth) == nil {
			claims := auth.RTCStats
			if claims == (rtcstats.Claims{}) {
				claims = auth.Claims
			}
			h.Identity.User, h.Identity.Room, h.Identity.ClientSession = claims.User, claims.Conference, claims.Session
		}
	}
	return s, nil
}

// openJitsi looks at the first line for what it says of the connection.
func openJitsi(in *input) *Source {
	s := &Source{format: FormatJitsi, in: in, header: Header{Protocol: ProtocolJitsi}}
	start, _ := in.Peek(16 << 10)
	line, _, complete := bytes.Cut(start, []byte("\n"))
	var elements []json.RawMessage
	if !complete || json.Unmarshal(line, &elements) != nil || len(elements) < 3 || string(elements[0]) != `"connectionInfo"` {
		return s
	}
	info := elements[2]
	var text string
	if json.Unmarshal(info, &text) == nil { // older servers wrote it as a string
		info = json.RawMessage(text)
	}
	var m metadata
	if json.Unmarshal(info, &m) == nil {
		s.header.Path, s.header.Origin, s.header.UserAgent, s.header.Subprotocol = m.Path, m.Origin, m.UserAgent, m.ClientProtocol
	}
	return s
}

// lineDecoder returns the decoder for the lines of s.
func (s *Source) lineDecoder() protocol.Decoder {
	if s.format == FormatRTCStats && s.version == 3 {
		return rtcstats.NewDecoder()
	}
	var o jitsi.Options
	if s.format == FormatRTCStats {
		o.Version, _ = jitsi.LookupVersion(legacyProtocol)
	}
	return jitsi.NewDecoder(o)
}

func (s *Source) readLines(out *counter, keep func([]byte) error) error {
	d := s.lineDecoder()
	var line []byte
	for number := int64(1); ; number++ {
		var cut bool
		var err error
		line, cut, err = readLine(s.in, line[:0], protocol.MaxFrame)
		if len(bytes.TrimSpace(line)) > 0 || cut {
			switch {
			case cut:
				s.fault(protocol.Errorf(protocol.CodeTooLarge, "entry %d is longer than %d bytes", number, protocol.MaxFrame))
			default:
				if err := s.decode(d, line, 0, out, keep, "entry", number); err != nil {
					return err
				}
			}
		}
		if err != nil {
			if eof(err) {
				return nil
			}
			return err
		}
	}
}

// readLine appends the next line of r, without its end, to dst. Of a line
// longer than most only that much is kept, and cut is true. At the end of the
// file it returns what is left with io.EOF.
func readLine(r *input, dst []byte, most int) (line []byte, cut bool, err error) {
	for {
		part, err := r.ReadSlice('\n')
		full := errors.Is(err, bufio.ErrBufferFull)
		if room := most + 1 - len(dst); len(part) > room { // + 1 for the line break
			part, cut = part[:room], true
		}
		dst = append(dst, part...)
		if full {
			continue
		}
		if err == nil || err == io.EOF && len(dst) > 0 {
			dst = bytes.TrimSuffix(bytes.TrimSuffix(dst, []byte("\n")), []byte("\r"))
		}
		return dst, cut, err
	}
}
