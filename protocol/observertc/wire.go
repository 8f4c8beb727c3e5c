package observertc

import (
	"encoding/binary"
	"encoding/hex"
	"math"
	"strconv"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/peerglass/peerglass/protocol"
	"github.com/peerglass/peerglass/rtc"
)

// tag reads the number and the type of the next field.
func tag(in []byte) (protowire.Number, protowire.Type, []byte, error) {
	number, typ, n := protowire.ConsumeTag(in)
	if n < 0 || typ == protowire.StartGroupType || typ == protowire.EndGroupType {
		return 0, 0, nil, errWire
	}
	return number, typ, in[n:], nil
}

// pass leaves out the value of a field.
func pass(in []byte, number protowire.Number, typ protowire.Type) ([]byte, error) {
	n := protowire.ConsumeFieldValue(number, typ, in)
	if n < 0 {
		return nil, errWire
	}
	return in[n:], nil
}

func double(in []byte) (float64, []byte, error) {
	bits, n := protowire.ConsumeFixed64(in)
	if n < 0 {
		return 0, nil, errWire
	}
	f := math.Float64frombits(bits)
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return 0, nil, errWire // the client's numbers were JSON's
	}
	return f, in[n:], nil
}

func bytesOf(in []byte) ([]byte, []byte, error) {
	text, n := protowire.ConsumeBytes(in)
	if n < 0 {
		return nil, nil, errWire
	}
	return text, in[n:], nil
}

// named returns an id that was sent as bytes: its text, or a UUID that the
// encoder was set to send in 16 bytes.
func named(id []byte) []byte {
	if len(id) == 16 && !plain(id) {
		uuid := make([]byte, 0, 36)
		for i, part := range [...][2]int{{0, 4}, {4, 6}, {6, 8}, {8, 10}, {10, 16}} {
			if i > 0 {
				uuid = append(uuid, '-')
			}
			uuid = hex.AppendEncode(uuid, id[part[0]:part[1]])
		}
		return uuid
	}
	if id == nil {
		return []byte{}
	}
	return id
}

// plain reports whether id is a text without control characters.
func plain(id []byte) bool {
	if !utf8.Valid(id) {
		return false
	}
	for _, c := range id {
		if c < ' ' || c == 0x7f {
			return false
		}
	}
	return true
}

// readReport reads a report of the encoder and lays what it leaves out over it:
// its id and its time.
func (d *scratch) readReport(in []byte, l list, c *connection) error {
	s := &d.stats
	if len(s.Reports) == protocol.MaxReports {
		return protocol.Errorf(protocol.CodeLimit, "a peer connection has more than %d reports", protocol.MaxReports)
	}
	p := rtc.ReportPatch{Type: kinds[l].typ, First: len(s.Values)}
	var id []byte
	var ssrc uint64
	for len(in) > 0 {
		number, typ, rest, err := tag(in)
		if err != nil {
			return err
		}
		in = rest
		if int(number) >= len(kinds[l].fields) {
			d.unknown++
			if in, err = pass(in, number, typ); err != nil {
				return err
			}
			continue
		}
		f := &kinds[l].fields[number]
		v := rtc.Value{Member: f.member}
		if f.member == 0 {
			v.Name = f.name
		}
		switch typ {
		case protowire.Fixed64Type:
			if v.Num, in, err = double(in); err != nil {
				return err
			}
			v.Form = rtc.FormNumber
		case protowire.VarintType:
			u, n := protowire.ConsumeVarint(in)
			if n < 0 {
				return errWire
			}
			in = in[n:]
			v.Num, v.Form = float64(int64(u)), rtc.FormNumber
			switch f.form {
			case formBool:
				v.Form, v.Num = rtc.FormBool, min(float64(u), 1)
			case formState:
				if u >= uint64(len(states)) {
					d.unknown++
					continue
				}
				v.Form, v.Num, v.Text = rtc.FormText, 0, states[u]
			case formSSRC:
				ssrc = u
			}
		case protowire.BytesType:
			var text []byte
			if text, in, err = bytesOf(in); err != nil {
				return err
			}
			switch f.form {
			case formNothing:
				continue
			case formDurations:
				if err := d.readDurations(text); err != nil {
					return err
				}
				continue
			case formBytes:
				text = named(text)
			}
			if !utf8.Valid(text) {
				return errWire
			}
			v.Form, v.Text = rtc.FormText, text
		default:
			if in, err = pass(in, number, typ); err != nil {
				return err
			}
			continue
		}
		switch {
		case f.form == formTime && v.Form == rtc.FormNumber:
			p.Time = v.Num
			continue
		case f.form == formID && v.Form == rtc.FormText:
			id = v.Text
			continue
		}
		if err := d.add(v); err != nil {
			return err
		}
	}
	if len(id) > protocol.MaxName {
		return protocol.Errorf(protocol.CodeLimit, "the id of a report is longer than %d bytes", protocol.MaxName)
	}
	d.key = append(d.key[:0], byte(l))
	if kinds[l].bySSRC {
		d.key = binary.BigEndian.AppendUint64(d.key, ssrc)
	} else {
		d.key = append(d.key, id...)
	}
	r, err := d.report(c, d.key)
	switch {
	case err != nil:
		return err
	case len(id) > 0 && string(r.id) != string(id):
		r.id = append([]byte(nil), id...)
	case r.id == nil && kinds[l].bySSRC:
		r.id = strconv.AppendUint([]byte(kinds[l].name+" "), ssrc, 10) // its first sample never came
	}
	if p.Time > 0 {
		r.time = p.Time
	}
	p.ID, p.Time, p.Len = r.id, r.time, len(s.Values)-p.First
	if len(p.ID) == 0 {
		s.Values = s.Values[:p.First]
		return nil
	}
	s.Reports = append(s.Reports, p)
	return nil
}

func (d *scratch) add(v rtc.Value) error {
	if len(d.stats.Values) == protocol.MaxValues {
		return protocol.Errorf(protocol.CodeLimit, "a peer connection has more than %d values", protocol.MaxValues)
	}
	d.stats.Values = append(d.stats.Values, v)
	return nil
}

func (d *scratch) readDurations(in []byte) error {
	for len(in) > 0 {
		number, typ, rest, err := tag(in)
		if err != nil {
			return err
		}
		in = rest
		if int(number) >= len(durations) || typ != protowire.Fixed64Type {
			if in, err = pass(in, number, typ); err != nil {
				return err
			}
			continue
		}
		v := rtc.Value{Member: durations[number], Form: rtc.FormNumber}
		if v.Num, in, err = double(in); err != nil {
			return err
		}
		if err := d.add(v); err != nil {
			return err
		}
	}
	return nil
}
