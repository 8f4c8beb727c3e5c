package dump

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/peerglass/peerglass/protocol"
	"github.com/peerglass/peerglass/protocol/internals"
	"github.com/peerglass/peerglass/protocol/statsjson"
)

// Open looks at the beginning of r, plain or gzip, and finds out what it
// holds. A file of no known format is refused with a *protocol.Error that says
// what it seems to be. An export of chrome://webrtc-internals is read whole;
// of the others nothing but the header has been read afterwards.
func Open(r io.Reader) (*Source, error) {
	in, err := newInput(r)
	if err != nil {
		return nil, err
	}
	start, err := in.Peek(32 << 10)
	switch { // a fault behind the beginning comes again when it is reached
	case len(start) == 0 && eof(err):
		return nil, protocol.Errorf(protocol.CodeMalformed, "the file is empty: a gzip of nothing")
	case len(start) == 0:
		return nil, in.explain(err)
	}
	if bytes.HasPrefix(start, []byte("\ufeff")) {
		in.Discard(3)
		start = start[3:]
	}
	for len(start) > 0 && strings.IndexByte(" \t\r\n", start[0]) >= 0 {
		in.Discard(1)
		start = start[1:]
	}
	switch {
	case len(start) == 0:
		return nil, protocol.Errorf(protocol.CodeMalformed, "the file is empty: it holds nothing but white space")
	case bytes.HasPrefix(start, []byte(rawName+" ")):
		return openRaw(in)
	case bytes.HasPrefix(start, []byte(dumpMagic)) && (len(start) == len(dumpMagic) || start[len(dumpMagic)] == '\n' || start[len(dumpMagic)] == '\r'):
		return openRTCStats(in, true)
	case start[0] == '[':
		return openArray(in, start)
	case start[0] == '{':
		return openObject(in, start)
	}
	return nil, refuse(guess(start))
}

// known says what can be read, for those whose file cannot.
const known = "what can be read: Peerglass dumps, dumps of the Jitsi rtcstats-server, RTCStatsDump files and exports of chrome://webrtc-internals, plain or gzip"

func refuse(seems string) error {
	return protocol.Errorf(protocol.CodeUnsupported, "the file is not a recording of a WebRTC session: it seems to be %s; %s", seems, known)
}

// openArray opens what begins with an array: the lines of a Jitsi dump, or
// some other JSON.
func openArray(in *input, start []byte) (*Source, error) {
	s := statsjson.NewScanner(start)
	s.Want('[')
	switch c := s.Peek(); {
	case c == '"':
		var buf []byte
		if name, ok := s.String(&buf); ok && s.Take(',') && (s.Peek() == '"' || s.Peek() == 'n') && plausibleName(name) {
			return openJitsi(in), nil
		}
		return nil, refuse("a JSON list of texts")
	case c >= '0' && c <= '9':
		return nil, refuse(`a JSON list of numbers, or an RTCStatsDump whose first two lines are missing`)
	case c == '{':
		object, members := firstMembers(start[s.Offset():])
		if value := object["value"]; object["key"] != nil && len(value) > 0 && value[0] == '{' {
			_, members = firstMembers(value)
		}
		for _, m := range members {
			if m == "type" || m == "ssrc" || m == "trackIdentifier" {
				return nil, refuse("one result of getStats as a JSON list of reports, without its course over time")
			}
		}
		return nil, refuse("a JSON list of objects" + listMembers(members))
	case c == ']':
		return nil, refuse("an empty JSON list")
	}
	return nil, refuse("JSON of another kind")
}

// plausibleName reports whether name could be that of a record.
func plausibleName(name []byte) bool {
	if len(name) == 0 || len(name) > protocol.MaxName {
		return false
	}
	for _, c := range name {
		if c <= ' ' || c >= 0x7f {
			return false
		}
	}
	return true
}

// openObject opens what begins with an object: a line of a Jitsi dump of a
// backend client, the header of an old RTCStatsDump, or an export of
// chrome://webrtc-internals.
func openObject(in *input, start []byte) (*Source, error) {
	object, members := firstMembers(start)
	has := func(name string) bool { _, ok := object[name]; return ok }
	line, _, more := bytes.Cut(start, []byte("\n"))
	switch {
	case has("statsSessionId"):
		return openJitsi(in), nil
	case more && json.Valid(line) && !has("PeerConnections") && !has("peerConnections") && (has("fileFormat") || has("path") && has("userAgent")):
		return openRTCStats(in, false)
	}
	export, err := internals.Read(in)
	if err != nil {
		var unknown *internals.NotExport
		if errors.As(err, &unknown) {
			if len(unknown.Members) > 0 {
				members = unknown.Members
			}
			return nil, refuse("a JSON document" + listMembers(members))
		}
		return nil, in.explain(err)
	}
	return &Source{format: FormatInternals, in: in, export: export, header: Header{
		Protocol: ProtocolInternals, UserAgent: export.UserAgent, Start: export.Start, Origin: export.Page,
		Identity: export.Identity(),
	}}, nil
}

// firstMembers reads the members of the object that b begins with, as far as b
// goes.
func firstMembers(b []byte) (object map[string]json.RawMessage, names []string) {
	object = make(map[string]json.RawMessage)
	s := statsjson.NewScanner(b)
	s.Want('{')
	var buf []byte
	for first := true; s.More(&first, '}'); {
		name, ok := s.String(&buf)
		if !ok || len(names) == 64 {
			break
		}
		names = append(names, string(name))
		object[string(name)] = nil
		if !s.Want(':') {
			break
		}
		value, ok := s.Raw()
		if !ok {
			break
		}
		object[string(name)] = value
	}
	return object, names
}

// listMembers names some members, for people.
func listMembers(names []string) string {
	if len(names) == 0 {
		return ""
	}
	var quoted []string
	for _, n := range names[:min(len(names), 4)] {
		quoted = append(quoted, fmt.Sprintf("%.40q", n))
	}
	more := ""
	if len(names) > 4 {
		more = " …"
	}
	return " with the members " + strings.Join(quoted, ", ") + more
}

// guess says what a file that is no JSON seems to be.
func guess(start []byte) string {
	for _, k := range []struct{ magic, name string }{
		{"PK\x03\x04", "a ZIP archive: unpack it first"},
		{"BZh", "packed with bzip2: unpack it first"},
		{"\xfd7zXZ\x00", "packed with xz: unpack it first"},
		{"\x28\xb5\x2f\xfd", "packed with zstd: unpack it first"},
		{"\x1f\x8b", "a gzip within a gzip: unpack it once"},
		{"\xd4\xc3\xb2\xa1", "a packet capture (pcap)"},
		{"\xa1\xb2\xc3\xd4", "a packet capture (pcap)"},
		{"\x0a\x0d\x0d\x0a", "a packet capture (pcapng)"},
		{"#!rtpplay1.0", "an RTP dump (rtpdump)"},
		{"%PDF", "a PDF"},
		{"\x89PNG", "a picture (PNG)"},
		{"\xff\xd8\xff", "a picture (JPEG)"},
		{"RIFF", "a sound or video file (RIFF)"},
		{"\x1aE\xdf\xa3", "a video file (Matroska, WebM)"},
		{"\x7fELF", "a program"},
		{"SQLite format 3", "an SQLite database"},
		{"<!", "a web page or XML"},
		{"<html", "a web page"},
		{"<?xml", "XML"},
	} {
		if bytes.HasPrefix(start, []byte(k.magic)) {
			return k.name
		}
	}
	sample := start[:min(len(start), 1024)]
	for len(sample) > 0 && !utf8.RuneStart(start[min(len(sample), len(start)-1)]) {
		sample = sample[:len(sample)-1] // not in the middle of a character
	}
	if utf8.Valid(sample) && bytes.IndexByte(sample, 0) < 0 {
		line, _, _ := bytes.Cut(sample, []byte("\n"))
		return fmt.Sprintf("text that begins with %.60q", bytes.TrimSpace(line))
	}
	return "binary data of a kind that is not known"
}
