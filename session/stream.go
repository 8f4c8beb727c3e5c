package session

import (
	"math"
	"time"

	"github.com/peerglass/peerglass/quality"
	"github.com/peerglass/peerglass/rtc"
)

// connection is one peer connection with its reports and streams.
type connection struct {
	row     rtc.Connection
	told    rtc.Connection // to the watchers
	created bool           // its creation was told, so that another creation is another connection
	written bool
	changed bool

	reports   reports
	streams   []*stream          // whose report is there, the transport last linked first
	toldState bool               // connectionState is told: iceConnectionState says less
	peer      string             // who is at the other end, of a connection between two
	ended     map[string]*stream // by report id: whose report is gone, in case it comes back

	leap      float64 // ms that the client's clock was put ahead since the last poll
	path      *stream // the transport
	transport *report
	pair      *report // selected candidate pair
	pairName  string
	relay     float64

	machine       *stream // what the client measures about its own machine
	machineReport *report
}

// stream is one RTP report of a connection, or its transport.
type stream struct {
	row     rtc.Stream
	changed bool // since its row was written
	written bool
	told    bool // to the watchers, as it describes itself

	rtp, track, remote, source, playout *report

	packets, bytes, lost total
	sent                 float64 // packets sent when the remote end last reported
	limitation           string

	memory *quality.Memory // of a received stream
	audio  *stream         // of a received video: the audio of the same sender
	off    off
}

// pseudo reports whether the stream is none of RTP: a connection's transport
// or the client's machine.
func (st *stream) pseudo() bool { return st.row.Kind >= rtc.KindTransport }

// total sums a counter over its resets.
type total struct {
	base, last float64
	known      bool
}

func (t *total) take(v float64) {
	if v != v {
		return
	}
	t.last, t.known = v, true
}

// rebase keeps what was counted before the counter was reset.
func (t *total) rebase() { t.base, t.last = t.base+t.last, 0 }

func (t *total) sum() int64 {
	if !t.known {
		return -1
	}
	return int64(t.base + t.last)
}

// maxStreams bounds the streams of one session that are kept at one time. A
// conference of some hundred people stays well below.
const maxStreams = 4096

// dropStreams writes the last rows of streams whose report is gone and lays
// them aside: they may come back.
func (s *Session) dropStreams(c *connection) {
	kept := c.streams[:0]
	for _, st := range c.streams {
		if st.rtp != nil || st.pseudo() {
			kept = append(kept, st)
			continue
		}
		s.informStream(st)
		s.writeStream(c, st)
		if c.ended == nil {
			c.ended = make(map[string]*stream)
		}
		if before := c.ended[st.row.ReportID]; before != nil {
			s.forgetStream(before)
		}
		c.ended[st.row.ReportID] = st
	}
	clear(c.streams[len(kept):])
	c.streams = kept
}

// newStream returns a stream for the report, or nil if there are too many.
func (s *Session) newStream(c *connection, r *report, dir rtc.Direction) *stream {
	if s.live() >= maxStreams && !s.forgetEnded() {
		return nil
	}
	s.lastStream++
	s.pending, s.assessor.news = true, true
	st := &stream{rtp: r, sent: nan, changed: true}
	st.row = rtc.Stream{
		App: s.opt.App, Session: s.opt.ID, ID: s.lastStream, Connection: c.row.ID, Direction: dir,
		ReportID: r.id, Start: milli(s.at), End: milli(s.at), Packets: -1, PacketsLost: -1, Bytes: -1,
	}
	if dir != rtc.Both {
		r.stream = st
	}
	if dir == rtc.Receive {
		st.memory = new(quality.Memory)
	}
	c.streams = append(c.streams, st)
	return st
}

// live counts the streams that are kept.
func (s *Session) live() (n int) {
	for _, c := range s.connections {
		n += len(c.streams) + len(c.ended)
	}
	return n
}

// forgetEnded writes the rows of ended streams and forgets them, and reports
// whether there were any.
func (s *Session) forgetEnded() (any bool) {
	for _, c := range s.connections {
		for _, id := range sortedKeys(c.ended) {
			s.writeStream(c, c.ended[id])
			s.forgetStream(c.ended[id])
			any = true
		}
		c.ended = nil
	}
	return any
}

// derive takes the samples of a poll.
func (s *Session) derive(c *connection, skew float64) {
	for _, st := range c.streams {
		if !st.pseudo() {
			s.deriveRTP(c, st, skew)
		}
	}
	if c.path != nil {
		s.derivePath(c, skew)
	}
	if c.machine != nil && c.machineReport != nil {
		s.window = quality.Window{Kind: rtc.KindClient, Dir: rtc.Both, SentMeanwhile: nan, Relay: nan, Machine: &c.machineReport.Report}
		s.sampleOf(c, c.machine, skew, c.machineReport.Time)
	}
}

func (s *Session) deriveRTP(c *connection, st *stream, skew float64) {
	r := st.rtp
	packets, bytes := rtc.StatPacketsReceived, rtc.StatBytesReceived
	lostIn := r
	if st.row.Direction == rtc.Send {
		packets, bytes = rtc.StatPacketsSent, rtc.StatBytesSent
		lostIn = st.remote
	}
	if now := r.Now(packets); now < st.packets.last || r.Now(bytes) < st.bytes.last {
		// The counters began anew: nothing is known of this interval.
		s.mended.Counters++
		st.packets.rebase()
		st.bytes.rebase()
		st.lost.rebase()
		st.sent = nan
		r.Rebase()
		if st.track != nil {
			st.track.Rebase()
		}
	}
	st.packets.take(r.Now(packets))
	st.bytes.take(r.Now(bytes))
	if lostIn != nil {
		st.lost.take(lostIn.Now(rtc.StatPacketsLost))
	}
	if st.row.Direction == rtc.Send {
		if st.limitation = r.text(rtc.StatQualityLimitationReason); st.packets.last > 0 && !s.row.Sends {
			s.row.Sends, s.changed = true, true
		}
	} else if st.packets.last > 0 && !s.row.Receives {
		s.row.Receives, s.changed = true, true
	}

	w := &s.window
	*w = quality.Window{
		Kind: st.row.Kind, Dir: st.row.Direction, Codec: st.row.Codec, RTP: &r.Report,
		Transport: stats(c.transport), Pair: stats(c.pair), Relay: c.relay,
		Track: stats(st.track), Remote: stats(st.remote), Source: stats(st.source), Playout: stats(st.playout),
		SentMeanwhile: nan,
	}
	if st.remote != nil && st.remote.fresh {
		st.remote.fresh = false
		w.RemoteFresh = true
		w.SentMeanwhile = st.packets.last - st.sent
		st.sent = st.packets.last
	}
	if st.row.Direction == rtc.Receive {
		w.Memory, w.Thresholds, w.AudioBehind = st.memory, &s.opt.Thresholds.Figures, nan
		if st.audio != nil {
			w.AudioBehind = st.audio.memory.Behind()
		}
		w.Off = st.off.during(r.Before, r.Time)
		w.Hidden = s.told.hidden || s.told.shown > r.Before
		if c.row.State == "failed" || c.row.State == "closed" {
			w.Off = w.Seconds()
		}
	}
	s.sampleOf(c, st, skew, r.Time)
}

func (s *Session) derivePath(c *connection, skew float64) {
	st, from := c.path, firstOf(c.transport, c.pair)
	if from == nil {
		return
	}
	for _, part := range [...]struct {
		of       *total
		sent, in rtc.Member
	}{{&st.packets, rtc.StatPacketsSent, rtc.StatPacketsReceived}, {&st.bytes, rtc.StatBytesSent, rtc.StatBytesReceived}} {
		now := from.Now(part.sent) + from.Now(part.in)
		if now < part.of.last {
			part.of.rebase()
		}
		part.of.take(now)
	}
	s.window = quality.Window{
		Kind: rtc.KindTransport, Dir: rtc.Both, SentMeanwhile: nan,
		Transport: stats(c.transport), Pair: stats(c.pair), Relay: c.relay,
	}
	s.sampleOf(c, st, skew, max(from.Time, timeOf(c.pair)))
}

func stats(r *report) *quality.Report {
	if r == nil {
		return nil
	}
	return &r.Report
}

func timeOf(r *report) float64 {
	if r == nil {
		return 0
	}
	return r.Time
}

// sampleOf emits the sample of s.window, if time has passed, and brings the
// stream's row up to date.
func (s *Session) sampleOf(c *connection, st *stream, skew, at float64) {
	st.changed = true
	seconds := s.window.Seconds()
	if !(seconds > 0) || st.row.Kind == rtc.KindUnknown {
		return
	}
	last := st.row.End
	st.row.End = milli(s.clock.server(int64(math.Round(at+skew)), s.received))
	if ahead := last.Sub(st.row.End); st.row.Samples > 0 && ahead >= 0 && ahead < time.Second {
		// Polls out of a client's buffer that are all dated when they came, as
		// the clock was not known yet: two rows of one stream and instant were one.
		st.row.End = last.Add(time.Millisecond)
	}
	st.row.Samples++
	smp := &s.sample
	smp.Call = s.row.Call
	smp.Stream, smp.Kind, smp.Direction = st.row.ID, st.row.Kind, st.row.Direction
	smp.Time = st.row.End
	smp.Interval = time.Duration(seconds * float64(time.Second)).Round(time.Millisecond / 10)
	smp.Codec, smp.Limitation, smp.Pair = st.row.Codec, st.limitation, c.pairName
	quality.Derive(&s.window, smp.Values)
	s.tellSample(smp)
}

// writeStream writes the stream's row if it changed.
func (s *Session) writeStream(c *connection, st *stream) {
	if !st.changed || st.nothing() {
		return
	}
	st.changed, st.written = false, true
	s.total(st)
	st.row.Version = s.nextVersion()
	s.opt.Sink.Stream(&st.row)
}

// nothing reports whether nothing is known yet of the stream.
func (st *stream) nothing() bool {
	return st.row.Kind == rtc.KindUnknown && st.row.Samples == 0 && !st.packets.known
}

// total brings the row's totals up to date.
func (s *Session) total(st *stream) {
	st.row.Call = s.row.Call
	st.row.Packets, st.row.Bytes, st.row.PacketsLost = st.packets.sum(), st.bytes.sum(), lostSum(&st.lost)
}

// lostSum is the sum of packetsLost, which may be below 0; -1 stands for not
// known, so that a loss of -1 packets is told as 0.
func lostSum(t *total) int64 {
	if n := t.sum(); !t.known || n >= 0 {
		return n
	}
	return 0
}

func zero(v float64) float64 {
	if v != v {
		return 0
	}
	return v
}
