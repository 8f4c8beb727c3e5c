package callstats

import (
	"bytes"
	"math"
	"strconv"

	"github.com/peerglass/peerglass/protocol"
	"github.com/peerglass/peerglass/protocol/statsjson"
	"github.com/peerglass/peerglass/rtc"
)

// typeOf gives the type of reports that do not say theirs, by the list in which
// native clients send them.
var typeOf = map[string]rtc.StatsType{
	"candidatePairs": rtc.TypeCandidatePair,
	"transports":     rtc.TypeTransport,
	"codecs":         rtc.TypeCodec,
	"dataChannels":   rtc.TypeDataChannel,
}

// poll decodes a poll of one fabric: {"stats":[reports]}, or, of native
// clients, {"stats":{"tracks":[reports],"candidatePairs":[reports],…}}.
func (d *scratch) poll(body []byte) error {
	in := statsjson.NewScanner(body)
	s := &d.stats
	s.Reset()
	var conn, remote []byte
	ok := in.Want('{')
	for first := true; ok && in.More(&first, '}'); {
		var name []byte
		if name, ok = in.String(&d.arena); !ok || !in.Want(':') {
			break
		}
		switch c := in.Peek(); {
		case string(name) == "connectionID" && c == '"':
			conn, ok = in.String(&d.arena)
		case string(name) == "remoteID" && c == '"':
			remote, ok = in.String(&d.arena)
		case string(name) == "timestamp" && (c == '-' || c >= '0' && c <= '9'):
			var at float64
			at, _, ok = in.Number()
			d.rec.Time = milliseconds(at)
		case string(name) == "stats" && c == '[':
			ok = d.reader.ReadList(&in, s, 0)
		case string(name) == "stats" && c == '{':
			ok = d.lists(&in)
		default:
			_, ok = in.Raw()
		}
	}
	switch {
	case in.Err() != nil:
		return in.Err()
	case len(conn) == 0:
		return protocol.Errorf(protocol.CodeMalformed, "statistics do not say of which fabric they are: name it in connectionID")
	case len(remote) > protocol.MaxName:
		return protocol.Errorf(protocol.CodeLimit, "a remoteID is longer than %d bytes", protocol.MaxName)
	}
	d.tidy()
	f, err := d.fabricOf(conn, 0)
	if err != nil {
		return err
	}
	if f.past(d.rec.Time) {
		return nil // its end came before: streams that it would bring back would never end
	}
	if err := d.maps(f, conn, string(remote)); err != nil {
		return err
	}
	d.machine.into(s)
	r := &d.rec
	r.Kind, r.Name, r.Conn, r.Payload, r.Stats = rtc.KindStats, nil, conn, nil, s
	return d.sink.Record(r)
}

// lists reads the lists of a native client's poll.
func (d *scratch) lists(in *statsjson.Scanner) bool {
	s := &d.stats
	in.Want('{')
	for first := true; in.More(&first, '}'); {
		name, ok := in.String(&d.arena)
		if !ok || !in.Want(':') {
			return false
		}
		switch c := in.Peek(); {
		case c == '[':
			ok = d.reader.ReadList(in, s, typeOf[string(name)])
		case string(name) == "timestamp" && c >= '0' && c <= '9':
			s.Time, _, ok = in.Number()
		default:
			_, ok = in.Raw()
		}
		if !ok {
			return false
		}
	}
	return in.Err() == nil
}

// ofCodec reports whether a member is one that the JavaScript client copies from
// a stream's codec into the stream.
func ofCodec(m rtc.Member) bool {
	switch m {
	case rtc.StatChannels, rtc.StatClockRate, rtc.StatMimeType, rtc.StatPayloadType, rtc.StatSdpFmtpLine:
		return true
	}
	return false
}

// tidy makes the standard's poll of what the client sent: without the figures
// that it computed itself, with an id for each report, and with one time.
func (d *scratch) tidy() {
	s := &d.stats
	s.Full, s.MissingRemoved = true, true
	reports := s.Reports[:0]
	for _, p := range s.Reports {
		values, n := s.Of(&p), 0
		var ssrc float64
		for _, v := range values {
			switch {
			case v.Member == 0 && (bytes.HasPrefix(v.Name, []byte("csio")) || string(v.Name) == "intervalBandwidth"),
				p.Type != rtc.TypeCodec && ofCodec(v.Member):
				continue
			case v.Member == rtc.StatSsrc && v.Form == rtc.FormNumber:
				ssrc = v.Num
			}
			values[n] = v
			n++
		}
		p.Len = n
		if len(p.ID) == 0 && ssrc > 0 && ssrc <= math.MaxUint32 { // native clients may leave it out
			p.ID = strconv.AppendUint(append([]byte(p.Type.String()), ':'), uint64(ssrc), 10)
		}
		if len(p.ID) > 0 {
			reports = append(reports, p)
		}
		s.Time = max(s.Time, p.Time)
	}
	s.Reports = reports
	for i := range s.Reports {
		if p := &s.Reports[i]; p.Time == s.Time {
			p.Time = 0
		}
	}
	if s.Time == 0 {
		s.Time = float64(d.rec.Time)
	}
}

// milliseconds is a client's time, 0 where no clock can show it.
func milliseconds(at float64) int64 {
	if at > 0 && at < 1e14 {
		return int64(at)
	}
	return 0
}

// machine is what was told of the client's machine and no poll has taken yet,
// as ratios; NaN: nothing. Of the memory it is not said in which unit it is.
type machine struct{ cpu, battery float64 }

var noMachine = machine{math.NaN(), math.NaN()}

var machineID = []byte("client")

// into adds the machine's report to a poll.
func (m *machine) into(s *rtc.Stats) {
	if len(s.Reports) >= protocol.MaxReports {
		return
	}
	first := len(s.Values)
	for _, v := range [...]struct {
		member rtc.Member
		value  float64
	}{{rtc.StatCpuSystem, m.cpu}, {rtc.StatBattery, m.battery}} {
		if !math.IsNaN(v.value) {
			s.Values = append(s.Values, rtc.Value{Member: v.member, Form: rtc.FormNumber, Num: v.value})
		}
	}
	if n := len(s.Values) - first; n > 0 {
		s.Reports = append(s.Reports, rtc.ReportPatch{ID: machineID, Type: rtc.TypeClient, First: first, Len: n})
		*m = noMachine
	}
}
