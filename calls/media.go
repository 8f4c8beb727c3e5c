package calls

import (
	"math"

	"github.com/peerglass/peerglass/rtc"
)

// send encodes what the sources gave and hands it to the receivers.
func (w *world) send(p *presence, t ms) {
	for _, c := range p.conns {
		if !c.up(t) {
			continue
		}
		video := 0.0 // streams of video, which share what is left of the way out
		for _, s := range c.senders {
			if s.f.kind != rtc.KindAudio && s.f.on.has(t) {
				video++
			}
		}
		for _, s := range c.senders {
			src := p.sources[s.f]
			if src == nil || !s.f.on.has(t) {
				continue
			}
			if s.f.kind == rtc.KindAudio {
				s.sendAudio(w, src, t)
				continue
			}
			for _, e := range s.layers {
				e.limits(t, video)
			}
			if src.frame && !s.f.paused.on(t) && !s.f.unsent.on(t) {
				s.sendVideo(w, t)
			}
		}
	}
}

// dtxEvery is how often Opus speaks while it says nothing.
const dtxEvery = ms(400)

func (s *sender) sendAudio(w *world, src *source, t ms) {
	e, f := s.layers[0], s.f
	e.target = f.bitrate.at(t)
	if (t-s.c.connected)%(2*tick) != 0 || f.paused.on(t) || f.unsent.on(t) {
		return
	}
	bytes := e.target / 8 * 0.02
	if src.level < 0.001 { // little is said of quiet, and nothing of silence
		if f.dtx && (t-s.c.connected)%dtxEvery != 0 {
			return
		}
		if bytes /= 4; src.level == 0 {
			bytes = 3 // Opus
		}
	}
	s.packets(w, e, 1, bytes, t)
}

// limits finds what holds the encoder back, and the size it therefore has.
func (e *encoding) limits(t ms, streams float64) {
	f := e.s.f
	wanted := f.bitrate.at(t) * e.part
	e.target, e.fps = wanted, min(f.captured.at(t), f.encoded.at(t))
	scale := e.scale
	e.reason = "none"
	if room := e.s.c.room(t); room > 0 {
		// 85 % of what the way carries is used, after audio; layers share it from
		// the smallest.
		left := max(0.85*(room-audioBitrate)/max(streams, 1), 20_000)
		for _, below := range e.s.layers {
			if below == e {
				break
			}
			left -= below.target
		}
		if left < wanted {
			e.reason = "bandwidth"
			e.target = max(left, 0)
			switch share := e.target / wanted; {
			case share < 0.3 && e.rid != "" && e != e.s.layers[0]:
				e.target, e.fps = 0, 0 // not enough for a layer: it is not sent (libwebrtc, minimum bit rate of each)
			case share < 0.15:
				scale, e.fps = scale/4, e.fps/3
			case share < 0.3:
				scale, e.fps = scale/2, e.fps/2
			case share < 0.6:
				scale /= 2
			}
		}
	}
	if f.cpuLimited.on(t) {
		e.reason = "cpu"
		scale, e.fps = scale/2, e.fps/2
	}
	if d := f.dropped[e.rid]; d != nil && d.on(t) {
		e.reason, e.target, e.fps = "bandwidth", 0, 0
	}
	switch e.reason {
	case "cpu":
		e.cpu += tick.seconds()
	case "bandwidth":
		e.bandwidth += tick.seconds()
	default:
		e.none += tick.seconds()
	}
	e.width, e.height = math.Floor(f.width.at(t)*scale), math.Floor(f.height.at(t)*scale)
	if e.lastSize != 0 && e.lastSize != scale {
		e.changes++
	}
	e.lastSize = scale
}

// quantiser is the mean quantisation parameter of a frame, on VP8's scale.
func (e *encoding) quantiser(t ms) float64 {
	f := e.s.f
	if f.still.on(t) || f.black.on(t) || f.muted.on(t) {
		return 6 // bits to spare
	}
	switch e.reason {
	case "cpu":
		return 35
	case "bandwidth":
		return 60
	}
	return 30
}

func (t ms) seconds() float64 { return float64(t) / 1000 }

func (s *sender) sendVideo(w *world, t ms) {
	f := s.f
	captured := f.captured.at(t)
	for _, e := range s.layers {
		if e.fps <= 0 || e.target <= 0 || captured <= 0 {
			continue
		}
		if e.due += min(1, e.fps/captured); e.due < 1-1e-9 {
			continue
		}
		e.due -= 1
		bytes := e.target / 8 / e.fps
		switch {
		case f.black.on(t) || f.muted.on(t):
			bytes = min(bytes, 80) // nothing changes and there is nothing to see
		case f.still.on(t):
			bytes = min(bytes, 200)
		}
		key := e.frames == 0 || s.pli
		e.frames++
		if key {
			e.keyFrames++
			bytes *= 3
		}
		e.qp += e.quantiser(t)
		e.encodeTime += 0.005
		if e.reason == "cpu" {
			e.encodeTime += 0.03
		}
		n := math.Ceil(bytes / 1150)
		e.delay += n * 0.005
		s.packets(w, e, n, bytes, t)
	}
	s.pli = false
}

// packets lets a layer's packets go to the receivers; of layers the largest
// that flows is what they get.
func (s *sender) packets(w *world, e *encoding, n, bytes float64, t ms) {
	if e.started == never {
		e.started = t
		e.remote.next = t + s.reportEvery()
	}
	e.packets += n
	e.bytes += math.Round(bytes)
	e.header += 28 * n
	s.c.packetsSent += n
	s.c.bytesSent += bytes + 50*n
	s.toServer(w, e, n, t)
	if best := s.best(t); best != nil && best != e {
		return
	}
	for _, r := range s.out {
		r.arrive(w, e, n, bytes, t)
	}
}

// best is the largest layer that flows.
func (s *sender) best(t ms) *encoding {
	for i := len(s.layers) - 1; i >= 0; i-- {
		e := s.layers[i]
		if s.f.kind == rtc.KindAudio || e.target > 0 && e.fps > 0 {
			return e
		}
	}
	return nil
}

// toServer counts what the end that reports back to the sender sees of it.
func (s *sender) toServer(w *world, e *encoding, n float64, t ms) {
	lost := 0.0
	switch {
	case s.c.cut(true, t):
		lost = n
	case s.c.twin == nil:
		lost = e.loss.of(n, min(s.c.p.user.up.loss.at(t), 1)) // what the server loses it loses on its way out
	default:
		lost = e.loss.of(n, combined(s.c.p.user.up.loss.at(t), s.c.twin.p.user.down.loss.at(t)))
	}
	e.expected += n
	e.lost += lost
	if s.f.kind != rtc.KindAudio && !s.c.cut(true, t) {
		e.nacks += lost
		e.repaired += lost
		e.packets += lost
		e.bytes += lost * repairSize
		s.c.packetsSent += lost
		s.c.bytesSent += lost * (repairSize + 50)
	}
}

// repairSize is the payload of a packet that is sent again, in bytes.
const repairSize = 1000

// combined is what is lost on two ways in a row.
func combined(shares ...float64) float64 {
	kept := 1.0
	for _, s := range shares {
		kept *= 1 - min(s, 1)
	}
	return 1 - kept
}

// arrive takes packets that were sent to the receiver: one frame, or a part of
// audio.
func (r *receiver) arrive(w *world, e *encoding, n, bytes float64, t ms) {
	if !r.c.up(t) || r.c.p.user.asleep.on(t) || r.r.paused.on(t) {
		if r.c.p.user.asleep.on(t) && r.begun != never {
			r.gap += n
		}
		return
	}
	from, to := &e.s.c.p.user.up, &r.c.p.user.down
	if from.cut.on(t) || to.cut.on(t) || r.c.server.cut.on(t) {
		if r.begun != never { // what is missing shows when the next packet comes
			r.gap += n
		}
		return
	}
	video := e.s.f.kind != rtc.KindAudio
	share := 1.0
	if room := to.capacity.at(t); room > 0 && r.c.twin == nil && video {
		// The server sends no more than the way down carries.
		streams := 0.0
		for _, o := range r.c.receivers {
			if o.r.flow.kind != rtc.KindAudio {
				streams++
			}
		}
		share = min(1, max(0.85*(room-audioBitrate)/max(streams, 1), 20_000)/max(e.target, 1))
	}
	if r.begun == never {
		r.begun = t
		r.remote.next = t + e.s.reportEvery()
	} else if r.last+second < t && video {
		r.plis++
		e.s.pli = true
		e.plis++
	}
	r.lost += r.gap
	r.gap = 0
	r.last = t
	n = math.Max(1, math.Round(n*share))
	bytes *= share
	r.offered += n
	r.offeredBytes += bytes
	lost := r.loss.of(n, combined(from.loss.at(t), w.c.server.loss.at(t), to.loss.at(t), r.r.loss.at(t)))
	r.lost += lost
	r.packets += n - lost
	r.bytes += math.Round(bytes * (n - lost) / n)
	r.header += 28 * (n - lost)
	r.c.packetsReceived += n - lost
	r.c.bytesReceived += bytes*(n-lost)/n + 50*(n-lost)
	if !video {
		return
	}
	// What is overtaken is asked for as if it were lost.
	late := r.overtaken.of(n, combined(from.overtake.at(t), w.c.server.overtake.at(t), to.overtake.at(t)))
	r.nacks += lost + late
	r.repaired += lost // and counted as received, as W3C has it
	r.packets += lost
	r.bytes += lost * repairSize
	r.c.packetsReceived += lost
	r.c.bytesReceived += lost * (repairSize + 50)
	r.width, r.height = e.width, e.height
	if share < 0.6 {
		r.width, r.height = math.Floor(r.width/2), math.Floor(r.height/2)
	}
	if !r.r.frozen.on(t) {
		r.frame(t, e)
	}
}

// frame takes a frame that arrived whole.
func (r *receiver) frame(t ms, e *encoding) {
	r.frames++
	r.assembly += 0.004
	if r.r.stuck.on(t) {
		return
	}
	if r.drops.of(1, r.r.drop.at(t)) > 0 {
		r.dropped++
		return
	}
	if cap := r.r.decoded.at(t); cap < e.fps {
		if r.decodes.of(1, cap/e.fps) == 0 {
			r.dropped++
			return
		}
	}
	r.decoded++
	if r.decoded == 1 || r.last-r.lastFrame > second {
		r.keyFrames++
	}
	r.qp += e.quantiser(t)
	r.decodeTime += 0.003
	delay := r.bufferDelay(t)
	r.processing += delay + 0.003
	r.waited += delay
	r.aimed += delay
	r.emitted++
	if r.lastFrame != never {
		r.shown((t - r.lastFrame).seconds())
	}
	r.lastFrame = t
}

// bufferDelay is how long media waits in the jitter buffer, in s.
func (r *receiver) bufferDelay(t ms) float64 {
	base := 40.0
	if r.r.flow.kind == rtc.KindAudio {
		base = 60
	}
	return (base + 2*r.jitter(t) + r.r.buffer.at(t)) / 1000
}

// jitter is what the receiver measures, in ms.
func (r *receiver) jitter(t ms) float64 {
	j := 4 + r.c.p.user.down.jitter.at(t) + r.from.c.p.user.up.jitter.at(t)
	return j
}

// shown counts the time between two frames as libwebrtc does: a freeze is an
// interval of at least max(3·mean, mean + 150 ms) over the last 30, of more
// than 5 s a pause (w3c/webrtc-stats, libwebrtc VideoQualityObserver).
func (r *receiver) shown(d float64) {
	r.between += d
	r.squares += d * d
	mean := 0.0
	for _, o := range r.recent {
		mean += o
	}
	mean /= max(float64(len(r.recent)), 1)
	switch {
	case d > 5:
		r.pauses++
		r.paused += d
		r.recent = r.recent[:0]
		return
	case len(r.recent) >= 5 && d >= max(3*mean, mean+0.15):
		r.freezes++
		r.frozen += d
	}
	if r.recent = append(r.recent, d); len(r.recent) > 30 {
		r.recent = r.recent[1:]
	}
}

// fadesAfter is how long libwebrtc's NetEq makes up sound of what it heard
// last before it has faded to silence.
const fadesAfter = ms(200)

// play lets a receiver of audio play for a tick.
func (r *receiver) play(t ms) {
	if r.r.flow.kind != rtc.KindAudio || r.begun == never {
		return
	}
	const samples = 480.0 // of 48 kHz
	r.samples += samples
	r.duration += tick.seconds()
	delay := r.bufferDelay(t)
	r.waited += samples * delay
	r.aimed += samples * delay
	r.emitted += samples
	r.played += samples
	r.playout += samples * (0.03 + r.r.playout.at(t)/1000)
	m := r.r.glitch.at(t)
	r.missed += m * tick.seconds()
	switch { // a gap that goes on is one; else they are 40 ms long
	case m >= 1 && !r.missing:
		r.misses++
	case m < 1:
		r.misses += m / 4
	}
	r.missing = m >= 1

	f := r.r.flow
	quiet := f.dtx && r.from.c.p.sources[f] != nil && r.from.c.p.sources[f].level < 0.001
	patience := ms(80)
	if quiet {
		patience = 2 * dtxEvery
	}
	share := min(1, combined(r.from.c.p.user.up.loss.at(t), r.c.p.user.down.loss.at(t), r.r.loss.at(t), r.r.conceal.at(t)))
	if t-r.last > patience {
		share = 1
	}
	r.level = 0
	if src := r.from.c.p.sources[f]; src != nil && t-r.last <= patience {
		r.level = src.level
	}
	r.energy += r.level * r.level * tick.seconds()
	switch {
	case share >= 1:
		if r.hidden == 0 {
			r.concealment++
		}
		r.hidden += tick
		r.concealed += samples
		if r.hidden > fadesAfter {
			r.silent += samples
		}
	case share > 0:
		r.hidden = 0
		if n := r.conceals.of(1, share/2); n > 0 { // a lost packet is two ticks
			r.concealed += 2 * samples
			r.concealment++
		}
	default:
		r.hidden = 0
	}
}

// reportEvery is how often RTCP reports come: Chrome's are about a second
// apart for video and five for audio.
func (s *sender) reportEvery() ms {
	if s.f.kind == rtc.KindAudio {
		return 5 * second
	}
	return second
}

// rtcpSize is that of a compound report with its headers, in bytes.
const rtcpSize = 90

// feedback takes what the other end tells: RTCP reports, and answers to the
// connectivity checks.
func (w *world) feedback(c *conn, t ms) {
	bothWays := !c.cut(true, t) && !c.cut(false, t)
	rtt := c.roundTrip(w, t) / 1000
	if t >= c.nextCheck {
		c.nextCheck = t + 2500 // Chrome's consent checks
		c.checks++
		if bothWays {
			c.answers++
			c.checkTime += rtt
			c.rtt = rtt
		}
	}
	for _, s := range c.senders {
		for _, e := range s.layers {
			if m := &e.remote; e.started != never && t >= m.next {
				m.next = t + s.reportEvery()
				if bothWays {
					e.report(t, rtt)
					c.bytesReceived += rtcpSize
					c.packetsReceived++
				}
			}
		}
	}
	for _, r := range c.receivers {
		if m := &r.remote; r.begun != never && t >= m.next && !c.cut(false, t) && !r.r.paused.on(t) {
			m.next = t + r.from.reportEvery()
			m.at = t
			m.reports++
			c.bytesReceived += rtcpSize
			c.packetsReceived++
			m.packets, m.bytes = r.offered, math.Round(r.offeredBytes)
			if c.twin != nil && m.reports > 1 { // a server does not answer with the times that are needed
				m.measured++
				m.rtt = rtt
				m.totalRTT += rtt
			}
		}
	}
}

// report is a receiver report about the encoding.
func (e *encoding) report(t ms, rtt float64) {
	m := &e.remote
	m.at = t
	expected, lost := e.expected-e.reportedSeen, e.lost-e.reportedLost
	e.reportedSeen, e.reportedLost = e.expected, e.lost
	m.fraction = 0
	if expected > 0 {
		m.fraction = math.Floor(256*lost/expected) / 256 // RFC 3550: eight bits
	}
	m.packetsLost = e.lost
	u := e.s.c.p.user
	m.jitter = (4 + u.up.jitter.at(t)) / 1000
	if e.s.c.twin != nil {
		m.jitter += e.s.c.twin.p.user.down.jitter.at(t) / 1000
	}
	m.rtt = rtt
	m.totalRTT += rtt
	m.measured++
}
