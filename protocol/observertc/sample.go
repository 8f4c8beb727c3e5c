package observertc

import (
	"encoding/json"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/peerglass/peerglass/protocol"
	"github.com/peerglass/peerglass/protocol/statsjson"
)

// sample is a ClientSample taken apart; its texts borrow from the frame, or
// from the arena.
type sample struct {
	time         float64 // Unix ms; 0 where it is not told
	call, client []byte  // as they were sent; nil where they are not told
	attachments  []byte  // a JSON object
	connections  [][]byte
	told         []told
}

// told is one event, issue, item of meta data or extension's statistics.
type told struct {
	what    what
	typ     []byte
	payload []byte  // JSON; nil where there is none
	time    float64 // Unix ms; 0 where it is not told
	conn    []byte
}

type what uint8

const (
	toldEvent what = iota + 1
	toldIssue
	toldMeta
	toldExtension
)

// The bounds of one sample.
const (
	maxTold        = 4096
	maxConnections = 256
)

func (s *sample) reset() {
	*s = sample{connections: s.connections[:0], told: s.told[:0]}
}

// whatByField gives what the lists of a sample hold, by their numbers in the
// protobuf message; whatByName by their names.
var (
	whatByField = [...]what{1: toldEvent, 2: toldIssue, 3: toldMeta, 4: toldExtension}
	whatByName  = map[string]what{"clientEvents": toldEvent, "clientIssues": toldIssue, "clientMetaItems": toldMeta, "extensionStats": toldExtension}
)

const fieldConnections = 5

// isJSON tells the two encodings apart: a protobuf message cannot begin with
// the bracket.
func isJSON(frame []byte) bool { return len(frame) > 0 && frame[0] == '{' }

// readJSON takes a sample of JSON apart. Where only the names are wanted it
// stops when it has them.
func (s *sample) readJSON(frame []byte, arena *[]byte, namesOnly bool) error {
	if !utf8.Valid(frame) {
		return protocol.Errorf(protocol.CodeMalformed, "the sample is not UTF-8")
	}
	in := statsjson.NewScanner(frame)
	in.Want('{')
	for first := true; in.More(&first, '}'); {
		name, ok := in.String(arena)
		if !ok || !in.Want(':') {
			break
		}
		switch string(name) {
		case "timestamp":
			s.time = number(&in)
		case "callId":
			s.call = text(&in, arena)
		case "clientId":
			s.client = text(&in, arena)
		case "attachments":
			if in.Peek() == '{' {
				s.attachments, _ = in.Raw()
			} else {
				in.Raw()
			}
		case "peerConnections":
			err := each(&in, maxConnections, len(s.connections), func() { raw, _ := in.Raw(); s.connections = append(s.connections, raw) })
			if err != nil {
				return err
			}
		default:
			w, known := whatByName[string(name)]
			if !known {
				in.Raw()
				break
			}
			if err := each(&in, maxTold, len(s.told), func() { s.told = append(s.told, toldJSON(&in, w, arena)) }); err != nil {
				return err
			}
		}
		if namesOnly && s.call != nil && s.client != nil {
			return in.Err()
		}
	}
	if in.Err() == nil {
		in.End()
	}
	return in.Err()
}

// each calls read for each object of a list; what is no list is passed over.
func each(in *statsjson.Scanner, most, have int, read func()) error {
	if !in.Take('[') {
		in.Raw()
		return in.Err()
	}
	for first := true; in.More(&first, ']'); {
		if in.Peek() != '{' {
			in.Raw()
			continue
		}
		if have++; have > most {
			return protocol.Errorf(protocol.CodeLimit, "a list of the sample has more than %d elements", most)
		}
		read()
	}
	return in.Err()
}

func toldJSON(in *statsjson.Scanner, w what, arena *[]byte) told {
	t := told{what: w}
	in.Want('{')
	for first := true; in.More(&first, '}'); {
		name, ok := in.String(arena)
		if !ok || !in.Want(':') {
			break
		}
		switch string(name) {
		case "type":
			t.typ = text(in, arena)
		case "timestamp":
			t.time = number(in)
		case "peerConnectionId":
			t.conn = text(in, arena)
		case "payload":
			// The client has written its payload as JSON before; other versions of
			// the schema put the object itself here.
			if in.Peek() != '"' {
				t.payload, _ = in.Raw()
				break
			}
			t.payload, _ = in.String(arena)
		default:
			in.Raw()
		}
	}
	return t
}

// text reads a string; anything else is passed over.
func text(in *statsjson.Scanner, arena *[]byte) []byte {
	if in.Peek() != '"' {
		in.Raw()
		return nil
	}
	t, _ := in.String(arena)
	return t
}

// number reads a number; anything else is passed over.
func number(in *statsjson.Scanner) float64 {
	if c := in.Peek(); c != '-' && (c < '0' || c > '9') {
		in.Raw()
		return 0
	}
	f, _, _ := in.Number()
	return f
}

var errWire = protocol.Errorf(protocol.CodeMalformed, "the message is neither a sample in JSON nor one that @observertc/samples-encoder made")

// readWire takes a sample of the encoder apart.
func (s *sample) readWire(frame []byte, namesOnly bool) error {
	for len(frame) > 0 {
		number, typ, rest, err := tag(frame)
		if err != nil {
			return err
		}
		frame = rest
		switch {
		case number <= fieldConnections && typ == protowire.BytesType:
			inner, n := protowire.ConsumeBytes(frame)
			if n < 0 {
				return errWire
			}
			frame = frame[n:]
			if namesOnly {
				continue
			}
			if number == fieldConnections {
				if len(s.connections) == maxConnections {
					return protocol.Errorf(protocol.CodeLimit, "a sample has more than %d peer connections", maxConnections)
				}
				s.connections = append(s.connections, inner)
				continue
			}
			if len(s.told) == maxTold {
				return protocol.Errorf(protocol.CodeLimit, "a sample tells more than %d events", maxTold)
			}
			t, err := toldWire(inner, whatByField[number])
			if err != nil {
				return err
			}
			s.told = append(s.told, t)
		case number == 6 && typ == protowire.Fixed64Type:
			if s.time, frame, err = double(frame); err != nil {
				return err
			}
		case (number == 7 || number == 8 || number == 9) && typ == protowire.BytesType:
			var t []byte
			if t, frame, err = bytesOf(frame); err != nil {
				return err
			}
			switch number {
			case 7:
				s.attachments = t
			case 8:
				s.call = named(t)
			case 9:
				s.client = named(t)
			}
		default:
			if frame, err = pass(frame, number, typ); err != nil {
				return err
			}
		}
	}
	return nil
}

func toldWire(in []byte, w what) (told, error) {
	t := told{what: w}
	for len(in) > 0 {
		number, typ, rest, err := tag(in)
		if err != nil {
			return t, err
		}
		in = rest
		timeAt := protowire.Number(3)
		if w == toldMeta {
			timeAt = 5
		}
		switch {
		case typ == protowire.BytesType && (number == 1 || number == 2 || number == 3 && w == toldMeta):
			var text []byte
			if text, in, err = bytesOf(in); err != nil {
				return t, err
			}
			switch number {
			case 1:
				t.typ = text
			case 2:
				t.payload = text
			case 3:
				t.conn = named(text)
			}
		case number == timeAt && typ == protowire.Fixed64Type:
			if t.time, in, err = double(in); err != nil {
				return t, err
			}
		default:
			if in, err = pass(in, number, typ); err != nil {
				return t, err
			}
		}
	}
	if !utf8.Valid(t.typ) || !utf8.Valid(t.payload) {
		return t, errWire
	}
	return t, nil
}

// jsonOf returns a payload as a JSON value: as it is, or as a string.
func jsonOf(payload []byte) []byte {
	if len(payload) == 0 || json.Valid(payload) {
		return payload
	}
	text, err := json.Marshal(string(payload))
	if err != nil {
		panic(err) // strings always marshal
	}
	return text
}
