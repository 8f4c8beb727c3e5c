package jitsi

import (
	"bytes"
	"strconv"
	"unsafe"

	"github.com/peerglass/peerglass/rtc"
)

// Chrome's legacy statistics, those of its getStats with a callback, which
// rtcstats sent until 7 and under 3.1_LEGACY. Every value is a string. A
// stream is one report, ssrc_<ssrc>_send or _recv, where the standard has
// several: what the remote end reported, the codec and the captured source
// become reports of their own, with ids made from the stream's. Where the
// standard has no member for a value, it is passed on as it came.

// legacyKind is what a legacy report is, told by its id: a poll that changes a
// report does not repeat its type.
type legacyKind uint8

const (
	notLegacy legacyKind = iota
	legacySend
	legacyReceive
	legacyPair
	legacyCandidate
	legacyTransport
	legacyCertificate
	legacyBandwidth
	legacyOther
)

func legacyKindOf(id []byte) legacyKind {
	if len(id) < 5 {
		return notLegacy
	}
	switch id[0] {
	case 's':
		if bytes.HasPrefix(id, []byte("ssrc_")) {
			switch {
			case bytes.HasSuffix(id, []byte("_send")):
				return legacySend
			case bytes.HasSuffix(id, []byte("_recv")):
				return legacyReceive
			}
		}
	case 'C':
		switch {
		case bytes.HasPrefix(id, []byte("Conn-")):
			return legacyPair
		case bytes.HasPrefix(id, []byte("Cand-")):
			return legacyCandidate
		case bytes.HasPrefix(id, []byte("Channel-")):
			return legacyTransport
		}
	case 'b':
		if string(id) == "bweforvideo" {
			return legacyBandwidth
		}
	case 'g':
		switch {
		case bytes.HasPrefix(id, []byte("googCertificate_")):
			return legacyCertificate
		case bytes.HasPrefix(id, []byte("goog")): // googTrack_, googLibjingleSession_
			return legacyOther
		}
	}
	return notLegacy
}

// isLegacy reports whether a poll has legacy statistics.
func isLegacy(s *rtc.Stats) bool {
	for i := range s.Reports {
		if legacyKindOf(s.Reports[i].ID) != notLegacy {
			return true
		}
	}
	return false
}

// What a stay's legacy statistics may keep: beyond it, limitations and
// bandwidth are left out.
const (
	maxLegacyConns   = 256
	maxLegacyStreams = 4096
)

// legacy is what a stay's legacy statistics leave behind from poll to poll:
// what the standard joins and they tell apart, in polls that repeat only what
// changed. That is which pair of a connection is the selected one, the
// available bandwidth, and which of a stream's two limitations hold.
type legacy struct {
	conns   map[string]*legacyConn
	limited map[string]uint8 // by connection and report: limitedByCPU | limitedByBandwidth
}

// translator translates legacy statistics.
type translator struct {
	*legacy
	out   rtc.Stats
	arena []byte
}

type legacyConn struct {
	active        []byte // id of the selected pair
	moved         bool   // it is another since the last poll
	send, receive float64
	known, fresh  uint8 // bit 0: send, bit 1: receive; fresh: told by this poll
}

const (
	limitedByCPU = 1 << iota
	limitedByBandwidth
)

// translate returns in as the standard's statistics. They borrow from in and
// are valid until the next call.
func (l *translator) translate(state *legacy, in *rtc.Stats, conn []byte) *rtc.Stats {
	l.legacy = state
	out := &l.out
	out.Reset()
	out.Time = in.Time
	l.arena = l.arena[:0]
	c := l.conn(conn)
	l.observe(in, c)
	for i := range in.Reports {
		p := &in.Reports[i]
		kind := legacyKindOf(p.ID)
		switch kind {
		case notLegacy, legacyBandwidth, legacyOther:
			l.copy(in, p)
		case legacySend, legacyReceive:
			for to := range partEnd {
				if kind == legacySend || to == itself || to == codec {
					l.stream(in, p, kind, to, conn)
				}
			}
		default:
			l.begin(p, p.ID, typeOf(p, kind))
			for j := range in.Of(p) {
				l.value(&in.Of(p)[j], kind, itself)
			}
			if kind == legacyPair {
				l.bandwidth(p, c)
			}
			l.end()
		}
	}
	return out
}

func typeOf(p *rtc.ReportPatch, kind legacyKind) rtc.StatsType {
	if kind == legacyCandidate {
		return p.Type
	}
	return legacyTypes[kind]
}

// begin begins a report; end ends it.
func (l *translator) begin(p *rtc.ReportPatch, id []byte, t rtc.StatsType) {
	l.out.Reports = append(l.out.Reports, rtc.ReportPatch{ID: id, Type: t, Removed: p.Removed, Time: p.Time, First: len(l.out.Values)})
}

func (l *translator) end() {
	p := &l.out.Reports[len(l.out.Reports)-1]
	p.Len = len(l.out.Values) - p.First
}

func (l *translator) copy(in *rtc.Stats, p *rtc.ReportPatch) {
	l.begin(p, p.ID, p.Type)
	l.out.Values = append(l.out.Values, in.Of(p)...)
	l.end()
}

// stream makes one part of a stream's report. Every part stands in every poll
// in which the stream does, so that none counts as removed.
func (l *translator) stream(in *rtc.Stats, p *rtc.ReportPatch, kind legacyKind, to part, conn []byte) {
	t := legacyTypes[kind]
	if to != itself {
		t = partTypes[to]
	}
	l.begin(p, l.partID(p.ID, to), t)
	values := in.Of(p)
	first, limits, limited := false, uint8(0), false
	for j := range values {
		v := &values[j]
		switch {
		case isType(v):
			first = true
		case to == itself && kind == legacySend && string(v.Name) == "googCpuLimitedResolution":
			limits, limited = l.limit(conn, p.ID, limitedByCPU, v), true
		case to == itself && kind == legacySend && string(v.Name) == "googBandwidthLimitedResolution":
			limits, limited = l.limit(conn, p.ID, limitedByBandwidth, v), true
		default:
			l.value(v, kind, to)
			// The parts are streams and sources of their own: they are of the
			// same kind.
			if (to == remote || to == source) && v.Member == rtc.StatMediaType {
				l.text(rtc.StatKind, v.Text)
			}
			if to == remote && v.Member == rtc.StatSsrc {
				l.number(rtc.StatSsrc, v.Text)
			}
		}
	}
	if limited {
		reason := "none"
		if limits&limitedByCPU != 0 {
			reason = "cpu"
		} else if limits&limitedByBandwidth != 0 {
			reason = "bandwidth"
		}
		l.text(rtc.StatQualityLimitationReason, l.keep(nil, reason))
	}
	if first {
		l.links(p, kind, to)
	}
	l.end()
}

// links ties the parts of a stream together.
func (l *translator) links(p *rtc.ReportPatch, kind legacyKind, to part) {
	switch to {
	case itself:
		l.text(rtc.StatCodecId, l.partID(p.ID, codec))
		if kind == legacySend {
			l.text(rtc.StatRemoteId, l.partID(p.ID, remote))
			l.text(rtc.StatMediaSourceId, l.partID(p.ID, source))
		}
	case remote:
		l.text(rtc.StatLocalId, p.ID)
	}
}

func (l *translator) partID(id []byte, to part) []byte {
	if to == itself {
		return id
	}
	return l.keep(id, partSuffix[to])
}

// keep puts a text into the arena, made of two.
func (l *translator) keep(text []byte, suffix string) []byte {
	from := len(l.arena)
	l.arena = append(append(l.arena, text...), suffix...)
	return l.arena[from:len(l.arena):len(l.arena)]
}

func isType(v *rtc.Value) bool { return v.Member == 0 && string(v.Name) == "type" }

// value translates one value, where it belongs to the given part.
func (l *translator) value(v *rtc.Value, kind legacyKind, to part) {
	name := v.Name
	var r rule
	found := false
	if int(kind) < len(legacyRules) && legacyRules[kind] != nil {
		if v.Member != 0 {
			r, found = legacyRules[kind][v.Member.Info().Name]
		} else {
			r, found = legacyRules[kind][string(name)]
		}
	}
	switch {
	case !found && to != itself, found && r.part != to:
	case v.Form != rtc.FormText: // a number already, or null
		if found {
			w := *v
			w.Member, w.Name = r.to, nil
			l.out.Values = append(l.out.Values, w)
			return
		}
		l.out.Values = append(l.out.Values, *v)
	case found:
		l.convert(v, r)
	case v.Member != 0:
		l.plainly(v.Member, v)
	case isType(v): // told by the report's type now
	default:
		l.out.Values = append(l.out.Values, *v)
	}
}

func (l *translator) convert(v *rtc.Value, r rule) {
	switch r.how {
	case plainly:
		l.plainly(r.to, v)
	case fromMs, fromLevel, pixels:
		f, ok := parse(v.Text)
		switch {
		case !ok || f < 0 || f == 0 && r.how == pixels:
			l.add(r.to, rtc.FormNull)
		case r.how == pixels:
			l.add(r.to, rtc.FormNumber).Num = f
		case r.how == fromMs:
			l.add(r.to, rtc.FormNumber).Num = f / 1000
		default:
			l.add(r.to, rtc.FormNumber).Num = f / 32767
		}
	case candidate:
		l.text(r.to, l.standardOf(v.Text, "local", "host", "stun", "srflx", "serverreflexive", "srflx", "peerreflexive", "prflx", "relayed", "relay"))
	case network:
		l.text(r.to, l.standardOf(v.Text, "lan", "ethernet", "wlan", "wifi", "wwan", "cellular"))
	case codecName:
		if len(v.Text) > 0 {
			l.text(r.to, l.mimeType(v.Text))
		}
	case writable:
		l.text(r.to, l.standardOf(v.Text, "true", "succeeded", "false", "in-progress"))
	case activePair:
		for _, m := range []rtc.Member{rtc.StatSelected, rtc.StatNominated} {
			w := l.add(m, rtc.FormBool)
			if string(v.Text) == "true" {
				w.Num = 1
			}
		}
	case unspecified:
		if len(v.Text) > 0 && string(v.Text) != "unknown" {
			l.text(r.to, v.Text)
		}
	}
}

// standardOf replaces a text that is among the odd ones of pairs by the one
// after it.
func (l *translator) standardOf(text []byte, pairs ...string) []byte {
	for i := 0; i < len(pairs); i += 2 {
		if string(text) == pairs[i] {
			return l.keep(nil, pairs[i+1])
		}
	}
	return text
}

// audioCodecs are those whose names browsers use for audio; all others are of
// video. A changed codec is told without the kind of its stream.
var audioCodecs = []string{"opus", "isac", "g722", "pcmu", "pcma", "ilbc", "cn", "telephone-event", "red/48000"}

func (l *translator) mimeType(name []byte) []byte {
	kind := "video/"
	for _, a := range audioCodecs {
		if bytes.EqualFold(name, []byte(a)) {
			kind = "audio/"
		}
	}
	from := len(l.arena)
	l.arena = append(append(l.arena, kind...), name...)
	return l.arena[from:len(l.arena):len(l.arena)]
}

// plainly parses a text as the member's form asks.
func (l *translator) plainly(m rtc.Member, v *rtc.Value) {
	switch m.Info().Form {
	case rtc.Counter, rtc.Gauge:
		l.number(m, v.Text)
	case rtc.Flag:
		w := l.add(m, rtc.FormBool)
		if string(v.Text) == "true" {
			w.Num = 1
		}
	default:
		l.text(m, v.Text)
	}
}

func (l *translator) number(m rtc.Member, text []byte) {
	if f, ok := parse(text); ok {
		l.add(m, rtc.FormNumber).Num = f
	} else {
		l.text(m, text)
	}
}

func (l *translator) text(m rtc.Member, text []byte) { l.add(m, rtc.FormText).Text = text }

func (l *translator) add(m rtc.Member, form rtc.Form) *rtc.Value {
	l.out.Values = append(l.out.Values, rtc.Value{Member: m, Form: form})
	return &l.out.Values[len(l.out.Values)-1]
}

func parse(text []byte) (float64, bool) {
	if len(text) == 0 || len(text) > 32 {
		return 0, false
	}
	// ParseFloat neither keeps nor changes the string.
	f, err := strconv.ParseFloat(unsafe.String(&text[0], len(text)), 64)
	return f, err == nil && f-f == 0 // neither infinite nor NaN
}

// limit notes one of the two limitations of a stream and returns both.
func (l *translator) limit(conn, id []byte, bit uint8, v *rtc.Value) uint8 {
	from := len(l.arena)
	l.arena = append(append(l.arena, conn...), id...)
	key := l.arena[from:]
	l.arena = l.arena[:from]
	limits, ok := l.limited[string(key)]
	if string(v.Text) == "true" {
		limits |= bit
	} else {
		limits &^= bit
	}
	if ok || len(l.limited) < maxLegacyStreams {
		if l.limited == nil {
			l.limited = make(map[string]uint8)
		}
		if old, ok := l.limited[string(key)]; !ok || old != limits {
			l.limited[string(key)] = limits
		}
	}
	return limits
}

func (l *legacy) conn(label []byte) *legacyConn {
	if c := l.conns[string(label)]; c != nil {
		return c
	}
	if l.conns == nil {
		l.conns = make(map[string]*legacyConn)
	}
	c := &legacyConn{}
	if len(l.conns) < maxLegacyConns {
		l.conns[string(label)] = c
	}
	return c
}

// observe notes the selected pair and the available bandwidth before the poll
// is translated: they may stand in any order.
func (l *translator) observe(in *rtc.Stats, c *legacyConn) {
	c.moved, c.fresh = false, 0
	for i := range in.Reports {
		p := &in.Reports[i]
		switch legacyKindOf(p.ID) {
		case legacyPair:
			for _, v := range in.Of(p) {
				if string(v.Name) == "googActiveConnection" && string(v.Text) == "true" && !bytes.Equal(c.active, p.ID) {
					c.active, c.moved = append(c.active[:0], p.ID...), true
				}
			}
		case legacyBandwidth:
			for _, v := range in.Of(p) {
				switch string(v.Name) {
				case "googAvailableSendBandwidth":
					if f, ok := parse(v.Text); ok {
						c.send, c.fresh = f, c.fresh|1
					}
				case "googAvailableReceiveBandwidth":
					if f, ok := parse(v.Text); ok {
						c.receive, c.fresh = f, c.fresh|2
					}
				}
			}
		}
	}
	c.known |= c.fresh
}

// bandwidth gives the selected pair the available bandwidth, which the legacy
// statistics have in a report of its own.
func (l *translator) bandwidth(p *rtc.ReportPatch, c *legacyConn) {
	if !bytes.Equal(p.ID, c.active) {
		return
	}
	tell := c.fresh
	if c.moved {
		tell = c.known
	}
	if tell&1 != 0 {
		l.add(rtc.StatAvailableOutgoingBitrate, rtc.FormNumber).Num = c.send
	}
	if tell&2 != 0 {
		l.add(rtc.StatAvailableIncomingBitrate, rtc.FormNumber).Num = c.receive
	}
}

// translateRemote gives the reports of early Firefox their types: what a
// remote end reported is there an inbound-rtp or outbound-rtp with isRemote.
func translateRemote(s *rtc.Stats) {
	for i := range s.Reports {
		p := &s.Reports[i]
		if p.Type != rtc.TypeInboundRTP && p.Type != rtc.TypeOutboundRTP {
			continue
		}
		for _, v := range s.Of(p) {
			if v.Member != rtc.StatIsRemote || v.Form != rtc.FormBool || v.Num != 1 {
				continue
			}
			if p.Type == rtc.TypeInboundRTP {
				p.Type = rtc.TypeRemoteInboundRTP
			} else {
				p.Type = rtc.TypeRemoteOutboundRTP
			}
			break
		}
	}
}
