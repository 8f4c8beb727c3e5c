package calls

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/peerglass/peerglass/rtc"
)

// start is when every case begins, on the server's clock.
const start = int64(1_780_000_000_000)

// ntp is the distance of the NTP era from Unix time, in ms.
const ntp = 2_208_988_800_000

// record is what a client tells, and when it arrives.
type record struct {
	p            *presence
	at, received ms
	rtc.Record
}

// tell lets a client tell something that is not statistics.
func (w *world) tell(p *presence, at ms, kind rtc.Kind, conn, name, payload string) {
	r := rtc.Record{Kind: kind, Conn: []byte(conn), Name: []byte(name), Payload: []byte(payload)}
	w.add(p, at, r)
}

func (w *world) add(p *presence, at ms, r rtc.Record) {
	r.Time = start + int64(at) + int64(p.user.skew.at(at))
	w.records = append(w.records, record{p, at, at + ms(p.user.delivery.at(at)), r})
}

// inOrder sorts the records as a server gets them: those of one client in the
// order in which it told them, however late; at one instant what happened
// comes before the poll that counts it, and the goodbye last.
func (w *world) inOrder() []record {
	rank := func(k rtc.Kind) int {
		switch k {
		case rtc.KindStats:
			return 1
		case rtc.KindClose:
			return 2
		}
		return 0
	}
	slices.SortStableFunc(w.records, func(a, b record) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(rank(a.Kind), rank(b.Kind)))
	})
	latest := make(map[*presence]ms)
	for i := range w.records {
		r := &w.records[i]
		r.received = max(r.received, latest[r.p])
		latest[r.p] = r.received
		r.Received = start + int64(r.received)
	}
	slices.SortStableFunc(w.records, func(a, b record) int { return cmp.Compare(a.received, b.received) })
	return w.records
}

// mapped says whose stream a receiver gets: through a server the application
// knows, between two the connection does.
func (w *world) mapped(r *receiver, t ms) {
	w.tell(r.c.p, t, rtc.KindState, r.c.name, rtc.NameTrack, fmt.Sprintf(`{"kind":%q,"id":%q}`, mediaKind(r.r.flow.kind), r.track()))
	if r.c.twin == nil {
		kind := ""
		if r.r.flow.kind == rtc.KindScreen {
			kind = `,"kind":"screen"`
		}
		w.tell(r.c.p, t, rtc.KindEvent, r.c.name, rtc.NameMapStream, fmt.Sprintf(`{"ssrc":%d,"user":%q,"label":%q%s}`, r.ssrc, r.r.flow.from.name, r.r.flow.kind, kind))
	}
}

func mediaKind(k rtc.MediaKind) string {
	if k == rtc.KindAudio {
		return "audio"
	}
	return "video"
}

func (r *receiver) track() string { return "remote-" + r.r.flow.name }

// trackAt is the id of the flow's own track at a time.
func (f *flow) trackAt(t ms) string {
	n := 0
	for _, at := range f.newTrack {
		if t >= at {
			n++
		}
	}
	return "track-" + f.name + suffix(n)
}

func (f *flow) trackJSON(t ms) string {
	return fmt.Sprintf(`{"kind":%q,"id":%q}`, mediaKind(f.kind), f.trackAt(t))
}

// poll lets those pages poll whose time has come.
func (w *world) poll(t ms) {
	for _, p := range w.presences {
		if t < p.due || t < p.from || t > p.to || p.vanishes && t == p.to {
			continue
		}
		if p.user.asleep.on(t) || p.paused(t) {
			p.late = true
			continue
		}
		every := ms(p.user.every.at(t))
		for _, c := range p.conns {
			if t >= c.made && (t < c.closed || t == p.to && c.closed == p.to) || !w.modelled() {
				w.stats(c, t)
			}
		}
		p.polls++
		p.due += every
		if p.late { // what it missed stays missed; the rhythm is kept
			for p.due <= t {
				p.due += every
				p.polls++
			}
			p.late = false
		}
	}
}

func (p *presence) paused(t ms) bool {
	return slices.ContainsFunc(p.user.pauses, func(s span) bool { return s.has(t) })
}

// stats takes one getStats result of a connection.
func (w *world) stats(c *conn, t ms) {
	u := c.p.user
	client := float64(start) + float64(t) + u.skew.at(c.p.from)
	if u.browser.wallClock {
		client = float64(start) + float64(t) + u.skew.at(t)
	}
	st := &rtc.Stats{Time: client, MissingRemoved: true, Full: true}
	b := &builder{st: st, b: u.browser}
	for _, r := range w.c.raws {
		if r.user == u {
			r.report(b, c.p.polls)
		}
	}
	if !w.modelled() {
		rawPath(b, u, c.p.polls)
	} else if t >= c.described {
		w.path(b, c, t)
		for _, s := range c.senders {
			for _, e := range s.layers {
				e.reports(b, t, client)
			}
		}
		for _, r := range c.receivers {
			if r.begun != never {
				r.reports(b, t, client)
			}
		}
		if len(c.receivers) > 0 {
			playout(b, c)
		}
	}
	if c.name == "PC_0" {
		machine(b, u, t, c.p.polls)
	}
	if len(st.Reports) > 0 {
		w.add(c.p, t, rtc.Record{Kind: rtc.KindStats, Conn: []byte(c.name), Stats: st})
	}
}

// modelled reports whether the call has streams of the model: a case with
// nothing but streams of its own tells nothing else.
func (w *world) modelled() bool { return len(w.c.flows) > 0 }

// rawPath tells of the path what the case gives, and how its reports are tied.
func rawPath(b *builder, u *user, n int) {
	if len(u.raw) == 0 {
		return
	}
	b.report(rtc.TypeTransport, "T01", 0)
	b.text(rtc.StatSelectedCandidatePairId, "CP0")
	b.override(u.raw, "transport", n)
	b.report(rtc.TypeCandidatePair, "CP0", 0)
	b.text(rtc.StatLocalCandidateId, "IL0")
	b.text(rtc.StatRemoteCandidateId, "IR0")
	b.override(u.raw, "pair", n)
	b.report(rtc.TypeLocalCandidate, "IL0", 0)
	b.override(u.raw, "local", n)
	b.report(rtc.TypeRemoteCandidate, "IR0", 0)
	b.override(u.raw, "far", n)
}

// machine tells what the client measures about its own machine.
func machine(b *builder, u *user, t ms, n int) {
	system, app, pressure := u.cpuSystem.at(t), u.cpuApp.at(t), u.pressure.at(t)
	if system == system || app == app || pressure == pressure || len(u.machine) > 0 {
		b.report(rtc.TypeClient, "client", 0)
		b.num(rtc.StatCpuSystem, system)
		b.num(rtc.StatCpuApp, app)
		b.num(rtc.StatCpuPressure, pressure)
		b.override(u.machine, "", n)
	}
}

// path tells the transport, the selected candidate pair and its candidates.
func (w *world) path(b *builder, c *conn, t ms) {
	u := c.p.user
	var series []*override // of the first connection
	if c.name == "PC_0" {
		series = u.raw
	}
	checked := t >= c.checked
	pair := fmt.Sprintf("CP%d", c.path)
	if b.report(rtc.TypeTransport, "T01", 0) {
		b.num(rtc.StatBytesSent, math.Round(c.bytesSent))
		b.num(rtc.StatBytesReceived, math.Round(c.bytesReceived))
		b.num(rtc.StatPacketsSent, c.packetsSent)
		b.num(rtc.StatPacketsReceived, c.packetsReceived)
		state := "new"
		if t >= c.connected {
			state = "connected"
		} else if checked {
			state = "connecting"
		}
		b.text(rtc.StatDtlsState, state)
		b.text(rtc.StatIceRole, "controlling")
		b.num(rtc.StatSelectedCandidatePairChanges, c.pairChanges+boolean(checked))
		if checked {
			b.text(rtc.StatSelectedCandidatePairId, pair)
		}
		b.override(series, "transport", c.p.polls)
	}
	b.report(rtc.TypeCandidatePair, pair, 0)
	b.text(rtc.StatTransportId, "T01")
	b.text(rtc.StatLocalCandidateId, fmt.Sprintf("IL%d", c.path))
	b.text(rtc.StatRemoteCandidateId, "IR0")
	b.flag(rtc.StatNominated, checked)
	if b.b.name == "firefox" {
		b.flag(rtc.StatSelected, checked)
	}
	state := "in-progress"
	if checked {
		state = "succeeded"
	}
	b.text(rtc.StatState, state)
	b.num(rtc.StatBytesSent, math.Round(c.bytesSent))
	b.num(rtc.StatBytesReceived, math.Round(c.bytesReceived))
	b.num(rtc.StatPacketsSent, c.packetsSent)
	b.num(rtc.StatPacketsReceived, c.packetsReceived)
	b.num(rtc.StatRequestsSent, c.checks)
	b.num(rtc.StatConsentRequestsSent, c.checks)
	b.num(rtc.StatResponsesReceived, c.answers)
	b.num(rtc.StatTotalRoundTripTime, round6(c.checkTime))
	if c.answers > 0 {
		b.num(rtc.StatCurrentRoundTripTime, c.rtt)
	}
	if t >= c.connected {
		available := 3_000_000.0 // where nothing limits, what Chrome's estimate settles at for one stream of video
		if room := c.room(t); room > 0 {
			available = min(available, 0.95*room)
		}
		b.num(rtc.StatAvailableOutgoingBitrate, available)
	}
	b.override(series, "pair", c.p.polls)
	p := paths[c.path]
	b.report(rtc.TypeLocalCandidate, fmt.Sprintf("IL%d", c.path), 0)
	b.text(rtc.StatCandidateType, p.candidate)
	b.text(rtc.StatProtocol, p.protocol)
	b.text(rtc.StatRelayProtocol, p.relay)
	b.text(rtc.StatUsernameFragment, c.ufrag())
	network := "wifi"
	for _, n := range u.network {
		if t >= n.at {
			network = n.kind
		}
	}
	b.text(rtc.StatNetworkType, network)
	b.override(series, "local", c.p.polls)
	b.report(rtc.TypeRemoteCandidate, "IR0", 0)
	b.text(rtc.StatCandidateType, "host")
	b.text(rtc.StatProtocol, "udp")
	b.text(rtc.StatUsernameFragment, c.farUfrag())
	b.override(series, "far", c.p.polls)
}

func boolean(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// round6 rounds as statistics do not have more than microseconds.
func round6(v float64) float64 { return math.Round(v*1e6) / 1e6 }

func (e *encoding) reports(b *builder, t ms, client float64) {
	f, c := e.s.f, e.s.c
	src := c.p.sources[f]
	if src == nil {
		return
	}
	video := f.kind != rtc.KindAudio
	codec, source, remote := "CO"+letter(f.kind), "S-"+f.trackAt(t), "R"+e.id
	n := c.p.polls
	b.report(rtc.TypeOutboundRTP, e.id, 0)
	b.num(rtc.StatSsrc, float64(e.ssrc))
	b.text(rtc.StatKind, mediaKind(f.kind))
	b.text(rtc.StatCodecId, codec)
	b.text(rtc.StatTransportId, "T01")
	b.text(rtc.StatMediaSourceId, source)
	b.text(rtc.StatMid, strconv.Itoa(int(f.kind)-1))
	b.text(rtc.StatRid, e.rid)
	b.flag(rtc.StatActive, !f.paused.on(t))
	b.num(rtc.StatPacketsSent, e.packets)
	b.num(rtc.StatBytesSent, e.bytes)
	b.num(rtc.StatHeaderBytesSent, e.header)
	b.num(rtc.StatNackCount, e.nacks)
	b.num(rtc.StatRetransmittedPacketsSent, e.repaired)
	b.num(rtc.StatRetransmittedBytesSent, e.repaired*repairSize)
	b.num(rtc.StatTotalPacketSendDelay, round6(e.delay))
	b.num(rtc.StatTargetBitrate, math.Round(e.target))
	if e.remote.at > 0 {
		b.text(rtc.StatRemoteId, remote)
	}
	if video {
		b.num(rtc.StatFramesEncoded, e.frames)
		b.num(rtc.StatFramesSent, e.frames)
		b.num(rtc.StatKeyFramesEncoded, e.keyFrames)
		b.num(rtc.StatHugeFramesSent, 0)
		b.num(rtc.StatFirCount, 0)
		b.num(rtc.StatPliCount, e.plis)
		b.num(rtc.StatQpSum, e.qp)
		b.num(rtc.StatTotalEncodeTime, round6(e.encodeTime))
		b.num(rtc.StatQualityLimitationDurationsNone, round6(e.none))
		b.num(rtc.StatQualityLimitationDurationsCpu, round6(e.cpu))
		b.num(rtc.StatQualityLimitationDurationsBandwidth, round6(e.bandwidth))
		b.num(rtc.StatQualityLimitationDurationsOther, 0)
		b.num(rtc.StatQualityLimitationResolutionChanges, e.changes)
		b.text(rtc.StatQualityLimitationReason, e.reason)
		if e.frames > 0 {
			b.num(rtc.StatFrameWidth, e.width)
			b.num(rtc.StatFrameHeight, e.height)
			b.num(rtc.StatFramesPerSecond, math.Round(e.fps))
		}
		if f.kind == rtc.KindScreen {
			b.text(rtc.StatContentType, "screenshare")
		}
	}
	if e.rid == "" || e == e.s.layers[0] {
		b.override(f.raw, "", n)
	}

	if b.report(rtc.TypeMediaSource, source, 0) {
		b.text(rtc.StatKind, mediaKind(f.kind))
		b.text(rtc.StatTrackIdentifier, f.trackAt(t))
		if video {
			b.num(rtc.StatFrames, src.frames)
			b.num(rtc.StatFramesPerSecond, f.captured.at(t))
			b.num(rtc.StatWidth, f.width.at(t))
			b.num(rtc.StatHeight, f.height.at(t))
		} else {
			b.num(rtc.StatAudioLevel, src.level)
			b.num(rtc.StatTotalAudioEnergy, src.energy)
			b.num(rtc.StatTotalSamplesDuration, round6(src.duration))
			b.num(rtc.StatEchoReturnLoss, f.echo.at(t))
		}
		b.override(f.raw, "source", n)
	}
	if m := &e.remote; m.at > 0 && b.report(rtc.TypeRemoteInboundRTP, remote, client-float64(t-m.at)) {
		b.num(rtc.StatSsrc, float64(e.ssrc))
		b.text(rtc.StatKind, mediaKind(f.kind))
		b.text(rtc.StatLocalId, e.id)
		b.num(rtc.StatPacketsLost, m.packetsLost)
		b.num(rtc.StatFractionLost, m.fraction)
		b.num(rtc.StatJitter, m.jitter)
		b.num(rtc.StatRoundTripTime, m.rtt)
		b.num(rtc.StatTotalRoundTripTime, round6(m.totalRTT))
		b.num(rtc.StatRoundTripTimeMeasurements, m.measured)
		b.override(f.raw, "remote", n)
	}
	b.codec(codec, f)
}

func (b *builder) codec(id string, f *flow) {
	b.report(rtc.TypeCodec, id, 0)
	b.text(rtc.StatMimeType, f.codec)
	rate := 90000.0
	if f.kind == rtc.KindAudio {
		rate = 48000
	}
	b.num(rtc.StatClockRate, rate)
	b.override(f.raw, "codec", 0)
}

func (r *receiver) reports(b *builder, t ms, client float64) {
	f, n := r.r.flow, r.c.p.polls
	video := f.kind != rtc.KindAudio
	codec, remote, track := "CI"+letter(f.kind)+r.from.c.p.user.name, "R"+r.id, ""
	b.report(rtc.TypeInboundRTP, r.id, 0)
	at := len(b.st.Reports) - 1
	b.num(rtc.StatSsrc, float64(r.ssrc))
	b.text(rtc.StatKind, mediaKind(f.kind))
	b.text(rtc.StatCodecId, codec)
	b.text(rtc.StatTransportId, "T01")
	b.text(rtc.StatMid, strconv.Itoa(10*(f.from.index+1)+int(f.kind)))
	b.text(rtc.StatTrackIdentifier, r.track())
	if len(b.b.tracks) > 0 {
		track = "TR" + r.id
		b.text(rtc.StatTrackId, track)
	}
	b.num(rtc.StatPacketsReceived, r.packets)
	b.num(rtc.StatPacketsLost, r.lost)
	b.num(rtc.StatBytesReceived, r.bytes)
	b.num(rtc.StatHeaderBytesReceived, r.header)
	b.num(rtc.StatJitter, r.jitter(t)/1000)
	b.num(rtc.StatLastPacketReceivedTimestamp, client-float64(t-r.last))
	b.num(rtc.StatJitterBufferDelay, round6(r.waited))
	b.num(rtc.StatJitterBufferTargetDelay, round6(r.aimed))
	b.num(rtc.StatJitterBufferMinimumDelay, round6(r.aimed))
	b.num(rtc.StatJitterBufferEmittedCount, r.emitted)
	if r.remote.at > 0 {
		b.text(rtc.StatRemoteId, remote)
		// What is played now left the end that sends the reports that long ago, by
		// that end's clock.
		way, skew := r.oneWay(t)
		delay := way + 1000*r.bufferDelay(t)
		if !video {
			delay += 30 + r.r.playout.at(t)
		}
		b.num(rtc.StatEstimatedPlayoutTimestamp, float64(start)+ntp+float64(t)+skew-delay)
	}
	if video {
		b.num(rtc.StatFramesReceived, r.frames)
		b.num(rtc.StatFramesDecoded, r.decoded)
		b.num(rtc.StatFramesDropped, r.dropped)
		b.num(rtc.StatKeyFramesDecoded, r.keyFrames)
		b.num(rtc.StatFirCount, 0)
		b.num(rtc.StatPliCount, r.plis)
		b.num(rtc.StatNackCount, r.nacks)
		b.num(rtc.StatRetransmittedPacketsReceived, r.repaired)
		b.num(rtc.StatRetransmittedBytesReceived, r.repaired*repairSize)
		b.num(rtc.StatQpSum, r.qp)
		b.num(rtc.StatTotalDecodeTime, round6(r.decodeTime))
		b.num(rtc.StatTotalProcessingDelay, round6(r.processing))
		b.num(rtc.StatTotalAssemblyTime, round6(r.assembly))
		b.num(rtc.StatFramesAssembledFromMultiplePackets, r.frames)
		b.num(rtc.StatTotalInterFrameDelay, round6(r.between))
		b.num(rtc.StatTotalSquaredInterFrameDelay, round6(r.squares))
		b.num(rtc.StatFreezeCount, r.freezes)
		b.num(rtc.StatTotalFreezesDuration, round6(r.frozen))
		b.num(rtc.StatPauseCount, r.pauses)
		b.num(rtc.StatTotalPausesDuration, round6(r.paused))
		if r.decoded > 0 {
			b.num(rtc.StatFrameWidth, r.width)
			b.num(rtc.StatFrameHeight, r.height)
		}
		if f.kind == rtc.KindScreen {
			b.text(rtc.StatContentType, "screenshare")
		}
	} else {
		b.num(rtc.StatPacketsDiscarded, 0)
		b.num(rtc.StatFecPacketsReceived, 0)
		b.num(rtc.StatTotalSamplesReceived, r.samples)
		b.num(rtc.StatTotalSamplesDuration, round6(r.duration))
		b.num(rtc.StatConcealedSamples, r.concealed)
		b.num(rtc.StatSilentConcealedSamples, r.silent)
		b.num(rtc.StatConcealmentEvents, r.concealment)
		b.num(rtc.StatInsertedSamplesForDeceleration, r.inserted)
		b.num(rtc.StatRemovedSamplesForAcceleration, r.removed)
		b.num(rtc.StatAudioLevel, r.level)
		b.num(rtc.StatTotalAudioEnergy, r.energy)
		b.text(rtc.StatPlayoutId, "AP")
	}
	b.override(r.r.raw, "", n)
	if track != "" {
		b.moveToTrack(at, track)
	}
	if m := &r.remote; m.at > 0 && b.report(rtc.TypeRemoteOutboundRTP, remote, client-float64(t-m.at)) {
		b.num(rtc.StatSsrc, float64(r.ssrc))
		b.text(rtc.StatKind, mediaKind(f.kind))
		b.text(rtc.StatLocalId, r.id)
		b.num(rtc.StatPacketsSent, m.packets)
		b.num(rtc.StatBytesSent, m.bytes)
		b.num(rtc.StatReportsSent, m.reports)
		way, skew := r.oneWay(m.at)
		b.num(rtc.StatRemoteTimestamp, float64(start)+float64(m.at)+skew-way)
		b.num(rtc.StatRoundTripTimeMeasurements, m.measured)
		b.num(rtc.StatTotalRoundTripTime, round6(m.totalRTT))
		if m.measured > 0 {
			b.num(rtc.StatRoundTripTime, m.rtt)
		}
		b.override(r.r.raw, "remote", n)
	}
	b.codec(codec, f)
}

// oneWay is how long media is on its way from the end that sends reports about
// it, in ms, and how far that end's clock is ahead: the sender's, or the media
// server's, which hides what came before it.
func (r *receiver) oneWay(t ms) (delay, skew float64) {
	delay = accessDelay + r.c.p.user.down.delay.at(t)
	if r.c.twin != nil {
		from := r.from.c.p.user
		return delay + accessDelay + from.up.delay.at(t), from.skew.at(t)
	}
	return delay, 0
}

// moveToTrack lays the members that old browsers keep in the track report
// there; the report is the newest.
func (b *builder) moveToTrack(at int, id string) {
	from := &b.st.Reports[at]
	var kept, moved []rtc.Value
	for _, v := range b.st.Of(from) {
		if slices.Contains(b.b.tracks, v.Member) {
			moved = append(moved, v)
		} else {
			kept = append(kept, v)
		}
	}
	b.st.Values = append(b.st.Values[:from.First], kept...)
	from.Len = len(kept)
	b.report(rtc.TypeTrack, id, 0)
	b.st.Values = append(b.st.Values, moved...)
	b.st.Reports[len(b.st.Reports)-1].Len = len(moved)
}

// playout tells of the audio device, which all received audio shares.
func playout(b *builder, c *conn) {
	for _, r := range c.receivers {
		if r.r.flow.kind != rtc.KindAudio || r.begun == never {
			continue
		}
		if b.report(rtc.TypeMediaPlayout, "AP", 0) {
			b.text(rtc.StatKind, "audio")
			b.num(rtc.StatTotalPlayoutDelay, round6(r.playout))
			b.num(rtc.StatTotalSamplesCount, r.played)
			b.num(rtc.StatTotalSamplesDuration, round6(r.duration))
			b.num(rtc.StatSynthesizedSamplesDuration, round6(r.missed))
			b.num(rtc.StatSynthesizedSamplesEvents, math.Floor(r.misses))
			b.override(r.r.raw, "playout", c.p.polls)
		}
		return
	}
}
