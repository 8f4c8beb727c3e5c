package feature

import (
	"math"
	"strconv"

	"github.com/peerglass/peerglass/rtc"
)

// streamKey is what Jitsi's server knows a stream by.
type streamKey struct {
	ssrc  uint32
	sends bool
}

// stream is a stream as Jitsi's server sees it: an SSRC in one direction for as
// long as its video type stays.
type stream struct {
	conn       *connection
	key        streamKey
	part       int // from 1
	kind       string
	videoType  string
	start, end int64

	polls                   int     // that had it
	packets, lost           float64 // what the newest poll said
	packetsBase, lostBase   float64 // to be taken off: said before this part began
	packetsAdd, lostAdd     float64 // to be added: before the counter began anew
	steps                   int     // differences of the lost packets, and their
	mean, squares           float64 // running mean and sum of squares (Welford)
	samples, concealed      float64
	samplesBase, concealedB float64
}

// pollStream takes one RTP report of a poll for Jitsi's set.
func (c *connection) pollStream(r *report, at int64) {
	sends := r.typ == rtc.TypeOutboundRTP
	packets, lost := r.num(rtc.StatPacketsReceived), r.num(rtc.StatPacketsLost)
	if sends {
		packets, lost = r.num(rtc.StatPacketsSent), math.NaN()
		if id := r.text(rtc.StatRemoteId); id != "" {
			lost = c.reports.byID[id].num(rtc.StatPacketsLost)
		}
	}
	s := r.stream
	if s == nil || s.conn.bySSRC[s.key] != s {
		if !(packets > 0) && !(sends && packets == 0 && lost == lost) {
			return
		}
		if s = c.streamOf(r, sends, at); s == nil {
			return
		}
	}
	s.polls++
	s.end = max(s.start, at)
	if packets == packets {
		if packets < s.packets { // began anew
			s.packetsAdd += s.packets
			if s.lost == s.lost {
				s.lostAdd += s.lost
			}
			s.lost = math.NaN()
		}
		s.packets = packets
	}
	if lost == lost {
		if s.lost == s.lost {
			s.step(lost - s.lost)
		}
		s.lost = lost
	}
	if n := r.num(rtc.StatTotalSamplesReceived); n == n && !sends {
		s.samples, s.concealed = n, r.num(rtc.StatConcealedSamples)
	}
}

// step takes a difference of the lost packets.
func (s *stream) step(d float64) {
	s.steps++
	off := d - s.mean
	s.mean += off / float64(s.steps)
	s.squares += off * (d - s.mean)
}

// streamOf finds or makes the stream of a report.
func (c *connection) streamOf(r *report, sends bool, at int64) *stream {
	ssrc := r.num(rtc.StatSsrc)
	if !(ssrc > 0 && ssrc < 1<<32) {
		return nil
	}
	key := streamKey{uint32(ssrc), sends}
	s := c.bySSRC[key]
	if s == nil {
		if s = c.newStream(key, r.kind(), at, 1); s == nil {
			return nil
		}
		if vt, ok := c.of.client.videoTypes[key.ssrc]; ok && s.kind == "video" {
			s.videoType = vt.name
			if vt.at >= c.first && vt.at < at {
				s.start = vt.at
			}
		}
	}
	r.stream = s
	return s
}

func (c *connection) newStream(key streamKey, kind string, at int64, part int) *stream {
	if c.of.streams >= maxTracks {
		return nil
	}
	c.of.streams++
	s := &stream{conn: c, key: key, part: part, kind: clip(kind, 16), start: at, end: at, packets: math.NaN(), lost: math.NaN(), samples: math.NaN(), concealed: math.NaN()}
	if c.bySSRC == nil {
		c.bySSRC = make(map[streamKey]*stream)
	}
	c.bySSRC[key] = s
	c.streams = append(c.streams, s)
	return s
}

// videoTypeChanged begins a new part of the streams with that SSRC.
func (c *connection) videoTypeChanged(ssrc uint32, at int64) {
	for _, sends := range []bool{false, true} {
		was := c.bySSRC[streamKey{ssrc, sends}]
		if was == nil {
			continue
		}
		was.end = max(was.start, at)
		s := c.newStream(was.key, was.kind, at, was.part+1)
		if s == nil {
			continue
		}
		s.videoType = c.of.client.videoTypes[ssrc].name
		s.packets, s.lost, s.samples, s.concealed = was.packets, was.lost, was.samples, was.concealed
		s.packetsBase, s.lostBase, s.samplesBase, s.concealedB = orZero(was.packets), orZero(was.lost), orZero(was.samples), orZero(was.concealed)
	}
}

func orZero(v float64) float64 {
	if v != v {
		return 0
	}
	return v
}

func (s *stream) totalPackets() float64 { return s.packets + s.packetsAdd - s.packetsBase }

// totalLost is NaN where nobody told: of a sent stream without reports of the
// remote end.
func (s *stream) totalLost() float64 { return s.lost + s.lostAdd - s.lostBase }

func (s *stream) variance() float64 {
	if s.steps == 0 {
		return 0
	}
	return s.squares / float64(s.steps)
}

// concealedPct is NaN where no samples were received.
func (s *stream) concealedPct() float64 {
	if n := s.samples - s.samplesBase; n > 0 {
		return round2(100 * (s.concealed - s.concealedB) / n)
	}
	return math.NaN()
}

// mediaType is audio or video and, where it was told, what the video shows.
func (s *stream) mediaType() string {
	if s.videoType != "" && s.kind != "" {
		return s.kind + "/" + s.videoType
	}
	return s.kind
}

func (s *stream) direction() string {
	if s.key.sends {
		return "send"
	}
	return "received"
}

// subject names the stream: its connection, direction and SSRC, and from the
// second on which part of it.
func (s *stream) subject() string {
	name := s.conn.subject + "/" + s.direction() + "/" + strconv.FormatUint(uint64(s.key.ssrc), 10)
	if s.part > 1 {
		name += "#" + strconv.Itoa(s.part)
	}
	return name
}

// lostPct is the lost in percent of the packets, as Jitsi's server has it; NaN
// where either is unknown or there are no packets.
func lostPct(lost, packets float64) float64 {
	if !(packets > 0) {
		return math.NaN()
	}
	return round2(100 * math.Max(0, lost) / packets)
}

// round2 rounds to two decimals, halves up, as JavaScript's Math.round does.
func round2(v float64) float64 { return math.Floor(v*100+0.5) / 100 }
