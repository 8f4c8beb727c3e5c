package peermetrics

import (
	"slices"

	"github.com/peerglass/peerglass/protocol"
	"github.com/peerglass/peerglass/protocol/statsjson"
	"github.com/peerglass/peerglass/rtc"
)

// maxStreams bounds the reports of one poll: libraries hang other reports into
// them, which are looked for among those that came before.
const maxStreams = 512

// nested is a report that stood in another one.
type nested struct {
	raw []byte
	typ rtc.StatsType
}

// statistics passes on one poll.
func (d *scratch) statistics(body []byte) error {
	var conn, data []byte
	var delta float64
	in := statsjson.NewScanner(body)
	in.Want('{')
	for first := true; in.More(&first, '}'); {
		name, ok := in.String(&d.arena)
		if !ok || !in.Want(':') {
			break
		}
		switch c := in.Peek(); {
		case string(name) == "connectionId" && c == '"':
			conn, _ = in.String(&d.arena)
		case string(name) == "data" && c == '{':
			data, _ = in.Raw()
		case string(name) == "delta" && (c == '-' || c >= '0' && c <= '9'):
			delta, _, _ = in.Number()
		default:
			in.Raw()
		}
	}
	switch {
	case in.Err() != nil:
		return in.Err()
	case len(conn) > protocol.MaxName:
		return protocol.Errorf(protocol.CodeLimit, "the id of a connection is longer than %d bytes", protocol.MaxName)
	case len(conn) == 0 || data == nil:
		d.unknown++
		return nil
	}
	d.stats.Reset()
	d.nested = d.nested[:0]
	if err := d.readData(data, false); err != nil {
		return err
	}
	s := &d.stats
	if len(s.Reports) == 0 {
		return nil
	}
	for i := range s.Reports {
		s.Time = max(s.Time, s.Reports[i].Time)
	}
	for i := range s.Reports {
		if p := &s.Reports[i]; p.Time == s.Time {
			p.Time = 0
		}
	}
	if delta == 0 && s.Time > 0 {
		d.offset, d.timed = s.Time-float64(d.rec.Received), true
	}
	// All that the library tells stands in each poll.
	s.MissingRemoved, s.Full = true, true
	d.begin("", 0)
	d.rec.Kind, d.rec.Conn, d.rec.Time, d.rec.Stats = rtc.KindStats, conn, int64(s.Time), s
	return d.sink.Record(&d.rec)
}

// readData reads {audio,video,connection,remote}; remote is the same of what the
// other ends tell.
func (d *scratch) readData(raw []byte, remote bool) error {
	in := statsjson.NewScanner(raw)
	in.Want('{')
	for first := true; in.More(&first, '}'); {
		name, ok := in.String(&d.arena)
		if !ok || !in.Want(':') {
			break
		}
		var err error
		switch c := in.Peek(); {
		case c != '{':
			in.Raw()
		case string(name) == "audio" || string(name) == "video":
			inner, _ := in.Raw()
			err = d.readMedia(inner, remote)
		case string(name) == "remote" && !remote:
			inner, _ := in.Raw()
			err = d.readData(inner, true)
		case string(name) == "connection" && !remote:
			inner, _ := in.Raw()
			err = d.report(inner, rtc.TypeCandidatePair)
		default:
			in.Raw()
		}
		if err != nil {
			return err
		}
	}
	return in.Err()
}

// readMedia reads {inbound:[…],outbound:[…]}.
func (d *scratch) readMedia(raw []byte, remote bool) error {
	in := statsjson.NewScanner(raw)
	in.Want('{')
	for first := true; in.More(&first, '}'); {
		name, ok := in.String(&d.arena)
		if !ok || !in.Want(':') {
			break
		}
		typ := rtc.TypeInboundRTP
		switch {
		case string(name) == "outbound" && remote:
			typ = rtc.TypeRemoteOutboundRTP
		case string(name) == "outbound":
			typ = rtc.TypeOutboundRTP
		case remote:
			typ = rtc.TypeRemoteInboundRTP
		}
		if string(name) != "inbound" && string(name) != "outbound" || !in.Take('[') {
			in.Raw()
			continue
		}
		for first := true; in.More(&first, ']'); {
			raw, ok := in.Raw()
			if !ok {
				break
			}
			if raw[0] != '{' {
				continue
			}
			if err := d.report(raw, typ); err != nil {
				return err
			}
		}
	}
	return in.Err()
}

// report reads one report, and then those that the library has hung into it.
func (d *scratch) report(raw []byte, typ rtc.StatsType) error {
	if len(d.stats.Reports) >= maxStreams {
		return protocol.Errorf(protocol.CodeLimit, "a poll has more than %d reports", maxStreams)
	}
	from := len(d.nested)
	if err := d.appendReport(raw, typ); err != nil {
		return err
	}
	for i := from; i < len(d.nested); i++ {
		n := d.nested[i]
		at := len(d.stats.Reports)
		if err := d.appendReport(n.raw, n.typ); err != nil {
			return err
		}
		if len(d.stats.Reports) > at && d.known(at) {
			d.stats.Values = d.stats.Values[:d.stats.Reports[at].First]
			d.stats.Reports = d.stats.Reports[:at]
		}
	}
	d.nested = d.nested[:from]
	return nil
}

// known reports whether the report at at was told before.
func (d *scratch) known(at int) bool {
	id := d.stats.Reports[at].ID
	return slices.ContainsFunc(d.stats.Reports[:at], func(p rtc.ReportPatch) bool { return string(p.ID) == string(id) })
}

// codecID is the member that names a stream's codec.
const codecID = rtc.StatCodecId

// appendReport adds a report as the browser gave it: without the library's
// rates, its codec and other reports being ones of their own.
func (d *scratch) appendReport(raw []byte, typ rtc.StatsType) error {
	s := &d.stats
	at := len(s.Reports)
	in := statsjson.NewScanner(raw)
	if !d.reader.AppendFrom(&in, s, typ) {
		return in.Err()
	}
	if len(s.Reports) == at {
		return nil // as of a poll in which there was no candidate pair
	}
	p := &s.Reports[at]
	rtp := p.Type == rtc.TypeInboundRTP || p.Type == rtc.TypeOutboundRTP || p.Type == rtc.TypeRemoteInboundRTP || p.Type == rtc.TypeRemoteOutboundRTP
	var codec rtc.ReportPatch
	var parts [3]rtc.Value
	n := 0
	kept := slices.DeleteFunc(s.Of(p), func(v rtc.Value) bool {
		switch string(v.Name) {
		case "bitrate", "packetRate", "packetLossRate":
			return rtp
		case "track":
			if rtp && v.Form == rtc.FormJSON {
				d.nested = append(d.nested, nested{v.Text, rtc.TypeMediaSource})
				return true
			}
		case "local":
			if v.Form == rtc.FormJSON {
				d.nested = append(d.nested, nested{v.Text, rtc.TypeLocalCandidate})
				return true
			}
		case "remote":
			if v.Form == rtc.FormJSON {
				d.nested = append(d.nested, nested{v.Text, rtc.TypeRemoteCandidate})
				return true
			}
		case "inbound", "outbound": // what the library begins a poll with
			return v.Form == rtc.FormJSON
		}
		switch v.Member {
		case rtc.StatDataChannelsOpened, rtc.StatDataChannelsClosed:
			return p.Type == rtc.TypeCandidatePair // they are the connection's
		}
		if !rtp {
			return false
		}
		switch v.Member {
		case codecID:
			codec.ID = v.Text
		case rtc.StatMimeType, rtc.StatClockRate, rtc.StatPayloadType:
			if n < len(parts) {
				parts[n] = v
				n++
			}
			return true
		}
		return false
	})
	p.Len = len(kept)
	s.Values = s.Values[:p.First+p.Len]
	if len(codec.ID) == 0 || n == 0 || len(codec.ID) > protocol.MaxName {
		return nil
	}
	codec.Type, codec.Time, codec.First, codec.Len = rtc.TypeCodec, p.Time, len(s.Values), n
	s.Reports = append(s.Reports, codec)
	s.Values = append(s.Values, parts[:n]...)
	if d.known(len(s.Reports) - 1) {
		s.Reports, s.Values = s.Reports[:len(s.Reports)-1], s.Values[:codec.First]
	}
	return nil
}
