package session

import (
	"strings"

	"github.com/peerglass/peerglass/protocol"
	"github.com/peerglass/peerglass/rtc"
)

// link finds out which report belongs to which stream, after the reports
// changed: streams appear and end here.
func (s *Session) link(c *connection) (err error) {
	rs := &c.reports
	rs.stale = false
	for _, st := range c.streams {
		if st.pseudo() {
			continue
		}
		st.track, st.remote, st.source, st.playout, st.audio = nil, nil, nil, nil, nil
		switch r := rs.byID[st.row.ReportID]; {
		case r != st.rtp: // gone
			st.rtp.stream, st.rtp = nil, nil
		case direction(r) != st.row.Direction || ssrcOf(r) != st.row.SSRC && st.row.SSRC != 0:
			r.Restart() // another stream under the same id
			st.rtp.stream, st.rtp = nil, nil
		}
	}
	s.dropStreams(c)

	for _, r := range rs.all {
		dir := direction(r)
		if dir == rtc.Both {
			continue
		}
		st := c.stream(r)
		if st == nil {
			if st = s.newStream(c, r, dir); st == nil {
				err = protocol.Errorf(protocol.CodeLimit, "this session has more than %d streams at one time: those beyond are ignored", maxStreams)
				continue
			}
		}
		s.describe(c, st)
	}
	s.linkRemotes(c)
	c.linkAudio()
	s.linkPath(c)
	s.linkMachine(c)
	return err
}

// direction of the stream that a report is about; Both for the other types.
// Before the standard settled, a remote end's report had the type of a local
// one and isRemote.
func direction(r *report) rtc.Direction {
	if r.Now(rtc.StatIsRemote) == 1 {
		return rtc.Both
	}
	switch r.Type {
	case rtc.TypeInboundRTP:
		return rtc.Receive
	case rtc.TypeOutboundRTP:
		return rtc.Send
	}
	return rtc.Both
}

func ssrcOf(r *report) uint32 {
	if v := r.Now(rtc.StatSsrc); v > 0 && v <= 1<<32-1 {
		return uint32(v)
	}
	return 0
}

// stream returns the stream of an RTP report, also one that ended with a
// report and continues with this one, or nil. A report comes back under
// another id where a browser makes ids of what was renegotiated; the SSRC is
// the same.
func (c *connection) stream(r *report) *stream {
	if r.stream != nil {
		return r.stream
	}
	dir, ssrc := direction(r), ssrcOf(r)
	st := c.ended[r.id]
	if st != nil && (st.row.Direction != dir || st.row.SSRC != ssrc) {
		st = nil
	}
	if st == nil && ssrc != 0 {
		for _, other := range c.ended { // the newest, if there were several
			if other.row.SSRC == ssrc && other.row.Direction == dir && (st == nil || other.row.ID > st.row.ID) {
				st = other
			}
		}
	}
	if st == nil {
		return nil
	}
	delete(c.ended, st.row.ReportID)
	st.row.ReportID = r.id
	st.rtp, r.stream, st.changed = r, st, true
	c.streams = append(c.streams, st)
	return st
}

// describe reads from the reports what a stream is and what it is linked to.
func (s *Session) describe(c *connection, st *stream) {
	rs, r := &c.reports, st.rtp
	st.track = rs.byID[r.text(rtc.StatTrackId)]
	st.source = rs.byID[r.text(rtc.StatMediaSourceId)]
	if st.source == nil {
		st.source = rs.byID[st.track.text(rtc.StatMediaSourceId)]
	}
	st.playout = rs.byID[r.text(rtc.StatPlayoutId)]

	was := st.row
	row := &st.row
	row.SSRC = ssrcOf(r)
	row.MID = r.text(rtc.StatMid)
	row.RID = r.text(rtc.StatRid)
	for _, from := range []*report{r, st.source, st.track} {
		if row.Track == "" || from == r {
			if t := from.text(rtc.StatTrackIdentifier); t != "" {
				row.Track = t
			}
		}
	}
	if codec := rs.byID[r.text(rtc.StatCodecId)].text(rtc.StatMimeType); codec != "" {
		row.Codec = codec
	}
	row.Kind = s.kindOf(c, st)
	if m, known := s.told.mapping(c.row.ID, row); known {
		row.RemoteUser, row.RemoteBasis, row.Label = m.User, rtc.BasisMapping, m.Label
	} else if row.Direction == rtc.Receive {
		row.RemoteUser, row.RemoteBasis, row.Label = c.peer, rtc.BasisConnection, "" // also of a track that took another's place
	}
	if row.RemoteUser == "" {
		row.RemoteBasis = ""
	}
	if *row != was {
		st.changed = true
		st.told, s.assessor.news = false, true
		if row.Direction == rtc.Receive {
			since, muted := s.told.mutedSince(row)
			if !muted { // it may be another track by now
				since = float64(s.at - s.clock.offset)
			}
			st.off.set(muted || s.told.held, since)
		}
	}
}

// kindOf says what the stream carries. Screen sharing shows in the content
// type, or was told of its track or SSRC.
func (s *Session) kindOf(c *connection, st *stream) rtc.MediaKind {
	kind := st.rtp.text(rtc.StatKind)
	if kind == "" {
		kind = st.rtp.text(rtc.StatMediaType)
	}
	if kind == "" {
		kind, _, _ = strings.Cut(st.row.Codec, "/")
	}
	switch kind {
	case "audio":
		return rtc.KindAudio
	case "video":
		if screen, told := s.told.screen(&st.row); told {
			if screen {
				return rtc.KindScreen
			}
			return rtc.KindVideo
		}
		if st.rtp.text(rtc.StatContentType) == "screenshare" {
			return rtc.KindScreen
		}
		return rtc.KindVideo
	}
	return st.row.Kind
}

// linkRemotes gives the streams the reports of their remote ends: by the ids
// with which they name each other, else by SSRC.
func (s *Session) linkRemotes(c *connection) {
	rs := &c.reports
	for _, st := range c.streams {
		if st.rtp != nil {
			if r := rs.byID[st.rtp.text(rtc.StatRemoteId)]; r != nil && r != st.rtp {
				st.remote = r
			}
		}
	}
	var bySSRC map[rtc.Direction]map[uint32]*stream
	for _, r := range rs.all {
		if !remote(r.Type) && r.Now(rtc.StatIsRemote) != 1 {
			continue
		}
		if local := rs.byID[r.text(rtc.StatLocalId)]; local != nil {
			if st := local.stream; st != nil && st.remote == nil {
				st.remote = r
			}
			continue
		}
		if bySSRC == nil {
			bySSRC = c.bySSRC()
		}
		about := rtc.Send // what a remote-inbound report is about
		if r.Type == rtc.TypeRemoteOutboundRTP || r.Type == rtc.TypeOutboundRTP {
			about = rtc.Receive
		}
		if st := bySSRC[about][ssrcOf(r)]; st != nil && st.remote == nil {
			st.remote = r
		}
	}
}

func (c *connection) bySSRC() map[rtc.Direction]map[uint32]*stream {
	by := map[rtc.Direction]map[uint32]*stream{rtc.Send: {}, rtc.Receive: {}, rtc.Both: {}}
	for _, st := range c.streams {
		if st.row.SSRC != 0 {
			by[st.row.Direction][st.row.SSRC] = st
		}
	}
	return by
}

// linkPath finds the transport and its selected candidate pair. Where a
// browser does not say which is selected, it is the nominated one that
// succeeded and carried most.
func (s *Session) linkPath(c *connection) {
	rs := &c.reports
	c.transport, c.pair = nil, nil
	var most float64
	for _, r := range rs.all {
		if r.Type != rtc.TypeTransport {
			continue
		}
		pair := rs.byID[r.text(rtc.StatSelectedCandidatePairId)]
		carried := zero(r.Now(rtc.StatBytesReceived)) + zero(r.Now(rtc.StatBytesSent))
		if c.transport == nil || pair != nil && (c.pair == nil || carried > most) {
			c.transport, c.pair, most = r, pair, carried
		}
	}
	if c.pair == nil {
		best := -1.0
		for _, r := range rs.all {
			if r.Type != rtc.TypeCandidatePair {
				continue
			}
			selected := r.Now(rtc.StatSelected) == 1
			if !selected && (r.Now(rtc.StatNominated) != 1 || r.text(rtc.StatState) != "succeeded") {
				continue
			}
			carried := zero(r.Now(rtc.StatBytesReceived)) + zero(r.Now(rtc.StatBytesSent))
			if selected {
				carried += 1e18
			}
			if carried > best {
				c.pair, best = r, carried
			}
		}
	}
	local := rs.byID[c.pair.text(rtc.StatLocalCandidateId)]
	far := rs.byID[c.pair.text(rtc.StatRemoteCandidateId)]
	s.namePath(c, local, far)
	if c.path == nil && (c.pair != nil || c.transport != nil) {
		st := s.newStream(c, firstOf(c.transport, c.pair), rtc.Both)
		if st == nil {
			return
		}
		st.rtp, st.row.Kind = nil, rtc.KindTransport
		c.path = st
	}
}

// linkMachine finds the report of the client's own machine.
func (s *Session) linkMachine(c *connection) {
	c.machineReport = nil
	for _, r := range c.reports.all {
		if r.Type == rtc.TypeClient {
			c.machineReport = r
			break
		}
	}
	if c.machine == nil && c.machineReport != nil {
		if st := s.newStream(c, c.machineReport, rtc.Both); st != nil {
			st.rtp, st.row.Kind = nil, rtc.KindClient
			c.machine = st
		}
	}
}

// linkAudio finds for each received video the audio that was captured with it:
// that of the same user, or the only one beside the only video.
func (c *connection) linkAudio() {
	var audios, videos int
	var audio *stream
	for _, st := range c.streams {
		switch {
		case st.row.Direction != rtc.Receive:
		case st.row.Kind == rtc.KindAudio:
			audios++
			audio = st
		case st.row.Kind == rtc.KindVideo:
			videos++
		}
	}
	if audios == 0 || videos == 0 {
		return
	}
	for _, st := range c.streams {
		if st.row.Direction != rtc.Receive || st.row.Kind != rtc.KindVideo {
			continue
		}
		if audios == 1 && videos == 1 {
			st.audio = audio
			return
		}
		if st.row.RemoteUser == "" {
			continue
		}
		for _, other := range c.streams {
			if other.row.Direction == rtc.Receive && other.row.Kind == rtc.KindAudio && other.row.RemoteUser == st.row.RemoteUser {
				st.audio = other
				break
			}
		}
	}
}

func firstOf(a, b *report) *report {
	if a != nil {
		return a
	}
	return b
}

// namePath tells the connection what its selected pair is.
func (s *Session) namePath(c *connection, local, far *report) {
	lt, rt := local.text(rtc.StatCandidateType), far.text(rtc.StatCandidateType)
	if lt == "" && rt == "" {
		return // not known; keep what was
	}
	proto := local.text(rtc.StatProtocol)
	if relay := local.text(rtc.StatRelayProtocol); lt == "relay" && relay != "" {
		proto = relay
	}
	relayed := lt == "relay" || rt == "relay"
	c.relay = 0
	if relayed {
		c.relay = 1
	}
	row := &c.row
	if row.LocalType != lt || row.RemoteType != rt || row.Transport != proto || row.Relay != relayed {
		row.LocalType, row.RemoteType, row.Transport, row.Relay = lt, rt, proto, relayed
		c.changed, s.pending = true, true
		c.pairName = lt + "/" + proto + " " + rt + "/" + far.text(rtc.StatProtocol)
	}
	for _, end := range [...]struct {
		told string
		of   *string
	}{{local.text(rtc.StatUsernameFragment), &row.LocalUfrag}, {far.text(rtc.StatUsernameFragment), &row.RemoteUfrag}} {
		if end.told != "" && end.told != *end.of {
			*end.of = end.told
			c.changed, s.pending = true, true
		}
	}
	if n := local.text(rtc.StatNetworkType); n != "" && n != "unknown" && n != s.row.Network && !s.networkTold {
		s.row.Network = n
		s.changed = true
	}
}
