package calls

import (
	"fmt"
	"math"

	"github.com/peerglass/peerglass/rtc"
)

// tick is the model's step: half a packet of audio, a third of a frame.
const tick = ms(10)

// world is a case while it runs: who is there, which connections stand, and
// what each end has counted.
type world struct {
	c         *Case
	presences []*presence
	records   []record
	ssrcs     uint32 // the newest that was given away
}

// presence is one stay of a user.
type presence struct {
	stay
	user    *user
	id      int
	conns   []*conn
	sources map[*flow]*source
	polls   int // next number
	due     ms
	late    bool // the poll that is due waits for the page
	asked   bool // getUserMedia was called by the case itself
}

// conn is one peer connection of a stay.
type conn struct {
	p    *presence
	peer *presence // nil: the media server
	twin *conn     // the other end, of a connection between two
	// what lies between, which is nothing between two
	server *link
	name   string

	made, described, checked, connected, closed ms // when; never if it does not come about

	senders   []*sender
	receivers []*receiver

	packetsSent, packetsReceived, bytesSent, bytesReceived float64
	checks, answers                                        float64
	checkTime, rtt                                         float64 // s
	nextCheck                                              ms
	pairChanges                                            float64
	path                                                   int
}

// source is what feeds a flow in one stay: a camera, a microphone, a screen.
type source struct {
	frames           float64
	due              float64 // share of the next frame
	energy, duration float64
	level            float64
	frame            bool // one was captured in this tick
}

// sender is one flow on one connection.
type sender struct {
	f      *flow
	c      *conn
	layers []*encoding
	out    []*receiver
	pli    bool // a receiver asked for a key frame
}

// encoding is one outbound RTP stream.
type encoding struct {
	s     *sender
	rid   string
	part  float64 // of the bit rate
	scale float64 // of the size
	id    string
	ssrc  uint32

	due                                        float64
	frames, keyFrames, qp, encodeTime, delay   float64
	packets, bytes, header                     float64
	nacks, plis, repaired, changes             float64
	none, cpu, bandwidth                       float64 // s limited by
	reason                                     string
	width, height, target, fps                 float64
	lastSize                                   float64
	loss                                       fraction // on the way to the one that reports back
	lost, expected, reportedLost, reportedSeen float64

	remote  remoteReport
	started ms
}

// remoteReport is the newest RTCP report about a stream.
type remoteReport struct {
	next, at                             ms
	packetsLost, jitter, fraction        float64
	rtt, totalRTT, measured              float64
	packets, bytes, reports, reportsTime float64
}

// receiver is one inbound RTP stream.
type receiver struct {
	r    *reception
	c    *conn
	from *sender
	id   string
	ssrc uint32

	begun, last ms // first and latest packet; never before
	gap         float64
	loss        fraction
	overtaken   fraction
	drops       fraction
	decodes     fraction
	conceals    fraction

	offered, offeredBytes                   float64 // sent to this receiver
	packets, lost, bytes, header            float64
	nacks, plis, repaired                   float64
	frames, decoded, dropped, keyFrames     float64
	qp, decodeTime, processing, assembly    float64
	width, height                           float64
	lastFrame                               ms
	between, squares                        float64 // s, s²
	recent                                  []float64
	freezes, frozen, pauses, paused         float64
	samples, concealed, silent, concealment float64
	inserted, removed                       float64
	hidden                                  ms // how long the present concealment lasts
	energy, duration, level                 float64
	waited, aimed, emitted                  float64
	playout, played, missed, misses         float64
	missing                                 bool // the playout device gets nothing

	remote remoteReport
}

// fraction turns a share of a stream of things into whole ones, evenly: one in
// ten of a hundred packets are every tenth, not the first ten.
type fraction struct{ due float64 }

func (f *fraction) of(n, share float64) float64 {
	f.due += n * share
	whole := math.Floor(f.due + 1e-9)
	f.due -= whole
	return whole
}

func newWorld(c *Case) *world {
	w := &world{c: c, ssrcs: 2000}
	for _, u := range c.users {
		for _, s := range u.stays {
			p := &presence{stay: s, user: u, id: len(w.presences), sources: make(map[*flow]*source), due: s.from}
			p.to = min(p.to, c.length)
			for _, t := range c.told {
				p.asked = p.asked || t.user == u && t.name == rtc.NameGetUserMedia && p.has(t.at)
			}
			w.presences = append(w.presences, p)
		}
	}
	w.connect()
	return w
}

// connect makes the peer connections of every stay.
func (w *world) connect() {
	for _, p := range w.presences {
		if w.c.sfu || len(w.presences) == 1 {
			w.newConn(p, nil)
		}
	}
	if w.c.sfu {
		return
	}
	for i, a := range w.presences {
		for _, b := range w.presences[i+1:] {
			if a.user != b.user && a.from < b.to && b.from < a.to {
				x, y := w.newConn(a, b), w.newConn(b, a)
				x.twin, y.twin = y, x
			}
		}
	}
}

// setUpAfter is how long a page takes to make a connection after it joined.
const setUpAfter = ms(100)

func (w *world) newConn(p, peer *presence) *conn {
	c := &conn{p: p, peer: peer, server: &w.c.server, name: fmt.Sprintf("PC_%d", len(p.conns)), closed: p.to, connected: never, checked: never}
	from := p.from
	signalling, ice, dtls := p.user.signalling, p.user.ice, p.user.dtls
	iceFails, dtlsFails := p.user.iceFails, p.user.dtlsFails
	if peer != nil {
		o := peer.user
		from = max(from, peer.from)
		signalling, ice, dtls = max(signalling, o.signalling), max(ice, o.ice), max(dtls, o.dtls)
		iceFails, dtlsFails = iceFails || o.iceFails, dtlsFails || o.dtlsFails
		if !peer.vanishes {
			c.closed = min(p.to, peer.to+setUpAfter)
		}
	}
	c.made = from + setUpAfter
	c.described = c.made + signalling
	if !iceFails {
		c.checked = c.described + ice
	}
	if !iceFails && !dtlsFails {
		c.connected = c.checked + dtls
	}
	c.nextCheck = c.described
	c.path = int(p.user.path.at(c.made))
	p.conns = append(p.conns, c)
	return c
}

// up reports whether media can flow over the connection.
func (c *conn) up(t ms) bool { return t >= c.connected && t < c.closed && t < c.p.to }

// cut reports whether the way out, or in, passes nothing.
func (c *conn) cut(out bool, t ms) bool {
	a, b := &c.p.user.up, (*link)(nil)
	if !out {
		a = &c.p.user.down
	}
	if c.twin != nil {
		if b = &c.twin.p.user.down; !out {
			b = &c.twin.p.user.up
		}
		if c.twin.p.user.asleep.on(t) || t >= c.twin.p.to {
			return true
		}
	}
	return a.cut.on(t) || c.server.cut.on(t) || b != nil && b.cut.on(t)
}

// roundTrip is the round-trip time to the other end, in ms.
func (c *conn) roundTrip(w *world, t ms) float64 {
	u := c.p.user
	rtt := 2*accessDelay + u.up.delay.at(t) + u.down.delay.at(t)
	if c.twin != nil {
		o := c.twin.p.user
		return rtt + 2*accessDelay + o.up.delay.at(t) + o.down.delay.at(t)
	}
	return rtt + w.c.server.delay.at(t)
}

// room is the bit rate that the sender's congestion control finds; 0: no limit.
func (c *conn) room(t ms) float64 {
	limit := c.p.user.up.capacity.at(t)
	if c.twin != nil {
		if down := c.twin.p.user.down.capacity.at(t); down > 0 && (limit == 0 || down < limit) {
			limit = down
		}
	}
	return limit
}

// run steps through the call.
func (w *world) run() {
	for t := ms(0); t <= w.c.length; t += tick {
		w.poll(t) // first: a poll at 10 s tells what was counted until then
		if t == w.c.length {
			break
		}
		w.appear(t)
		for _, p := range w.presences {
			if p.has(t) && !p.user.asleep.on(t) {
				w.capture(p, t)
				w.send(p, t)
			}
		}
		for _, p := range w.presences {
			if !p.has(t) || p.user.asleep.on(t) {
				continue
			}
			for _, c := range p.conns {
				if !c.up(t) {
					continue
				}
				for _, r := range c.receivers {
					r.play(t)
				}
				w.feedback(c, t)
			}
		}
	}
}

// appear gives each connection that stands its senders and receivers.
func (w *world) appear(t ms) {
	for _, p := range w.presences {
		for _, c := range p.conns {
			if t >= c.described && t < c.closed && len(c.senders) == 0 {
				for _, f := range w.c.flows {
					if f.from == p.user {
						c.senders = append(c.senders, w.newSender(f, c))
					}
				}
			}
			for _, s := range c.senders {
				s.changes(t)
			}
			if c.up(t) {
				w.receive(c, t)
			}
			for _, r := range c.receivers {
				if happens(r.r.reset, t) {
					*r = receiver{r: r.r, c: r.c, from: r.from, id: r.id, ssrc: r.ssrc, begun: t, last: r.last, lastFrame: never, level: r.level}
				}
				if happens(r.r.newID, t) {
					r.id += suffix(int(t / second))
				}
			}
			if path := int(p.user.path.at(t)); path != c.path && c.up(t) {
				c.path = path
				c.pairChanges++
			}
		}
	}
}

// layerParts are the shares of the bit rate and of the size that two or three
// layers have, the smallest first.
var layerParts = map[int][][2]float64{
	1: {{1, 1}}, 2: {{0.2, 0.5}, {0.8, 1}}, 3: {{0.06, 0.25}, {0.24, 0.5}, {0.7, 1}},
}

func (w *world) newSender(f *flow, c *conn) *sender {
	s := &sender{f: f, c: c}
	rids := f.layers
	if len(rids) == 0 {
		rids = []string{""}
	}
	for i, rid := range rids {
		p := layerParts[len(rids)][i]
		e := &encoding{s: s, rid: rid, part: p[0], scale: p[1], reason: "none", started: never}
		w.ssrcs += 10 // a new SSRC of one stream is not another's
		e.ssrc = w.ssrcs
		e.id = e.reportID(0)
		s.layers = append(s.layers, e)
	}
	return s
}

// reportID is Chrome's: O for outbound, the transport, the kind and the SSRC.
func (e *encoding) reportID(renamed int) string {
	return fmt.Sprintf("OT01%s%d%s", letter(e.s.f.kind), e.ssrc, suffix(renamed))
}

func letter(k rtc.MediaKind) string {
	if k == rtc.KindAudio {
		return "A"
	}
	return "V"
}

func suffix(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("_%d", n)
}

// changes applies what happens to a sender's stream at an instant.
func (s *sender) changes(t ms) {
	for _, e := range s.layers {
		if happens(s.f.newSSRC, t) {
			*e = encoding{s: s, rid: e.rid, part: e.part, scale: e.scale, reason: "none", started: never, ssrc: e.ssrc + 1}
			e.id = e.reportID(0)
		}
		if happens(s.f.reset, t) {
			*e = encoding{s: s, rid: e.rid, part: e.part, scale: e.scale, reason: "none", started: never, ssrc: e.ssrc, id: e.id}
		}
		if happens(s.f.newID, t) {
			e.id = e.reportID(int(t / second))
		}
	}
	if happens(s.f.newTrack, t) {
		s.c.p.sources[s.f] = new(source)
	}
}

func happens(at []ms, t ms) bool {
	for _, a := range at {
		if a >= t && a < t+tick {
			return true
		}
	}
	return false
}

// receive gives the connection a receiver for each stream that reaches it.
func (w *world) receive(c *conn, t ms) {
	for _, p := range w.presences {
		if p.user == c.p.user || c.peer != nil && c.peer != p {
			continue
		}
		for _, o := range p.conns {
			if c.twin != nil && o != c.twin || c.twin == nil && (o.twin != nil || !w.c.sfu) {
				continue
			}
			for _, s := range o.senders {
				w.attach(c, s, t)
			}
		}
	}
}

// goneAfter is when a media server drops the streams of a user that vanished.
const goneAfter = 20 * second

func (w *world) attach(c *conn, s *sender, t ms) {
	left := s.c.p.to
	if s.c.p.vanishes {
		left += goneAfter
	}
	var have *receiver
	for i, r := range c.receivers {
		if r.from != s {
			continue
		}
		if t >= left+setUpAfter || t >= s.f.on.to+setUpAfter || r.ssrc != s.layers[0].ssrc {
			c.receivers = append(c.receivers[:i], c.receivers[i+1:]...)
			break
		}
		have = r
		break
	}
	if have != nil || t >= left || !s.f.on.has(t) {
		return
	}
	for i, r := range s.out {
		if r.c == c {
			s.out = append(s.out[:i], s.out[i+1:]...)
			break
		}
	}
	r := &receiver{r: s.f.reception(c.p.user), c: c, from: s, ssrc: s.layers[0].ssrc, begun: never, last: never, lastFrame: never}
	r.id = fmt.Sprintf("IT01%s%d", letter(s.f.kind), r.ssrc)
	c.receivers = append(c.receivers, r)
	s.out = append(s.out, r)
	w.mapped(r, t)
}

// capture lets the sources run.
func (w *world) capture(p *presence, t ms) {
	for _, f := range w.c.flows {
		if f.from != p.user || !f.on.has(t) {
			continue
		}
		src := p.sources[f]
		if src == nil {
			src = new(source)
			p.sources[f] = src
		}
		src.frame = false
		if t >= f.ends {
			src.level = 0
			continue
		}
		if f.kind == rtc.KindAudio {
			src.level = f.level.at(t)
			if f.muted.on(t) {
				src.level = 0
			}
			src.energy += src.level * src.level * 0.01
			src.duration += 0.01
			continue
		}
		// A track that is switched off gives black pictures in its usual rhythm
		// (libwebrtc, black_frames).
		if src.due += f.captured.at(t) * 0.01; src.due >= 1-1e-9 {
			src.due -= math.Floor(src.due + 1e-9)
			src.frame = true
			src.frames++
		}
	}
}
