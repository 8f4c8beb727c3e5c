package feature

import (
	"encoding/json"
	"math"

	"github.com/peerglass/peerglass/rtc"
)

// track is one RTP stream: of a simulcast track, each layer.
type track struct {
	conn     *connection
	report   *report // the newest with its values; nil of a track that was only announced
	remote   *report // what the remote end reported of it
	sends    bool
	kind     string
	id       string // the track's, as it was when the stream was first seen
	named    *announcement
	first    int64 // first poll that had it
	last     int64 // last
	mime     string
	fmtp     string
	hasCodec bool
	codecs   []string
	null     bool // the null decoder was used
	widths   sizes
	heights  sizes
	flushes  float64
	flushed  int64 // time of the last rise
	rises    int
	regular  bool // all rises were about four seconds apart
	maxRate  float64
}

// announcement is a track that a call or an event named.
type announcement struct {
	trackInfo
	sends   bool
	at      int64
	unmuted int64
	found   bool // there is an RTP stream of it
}

// sizes counts widths or heights, in the order in which they were first seen.
type sizes struct {
	values []float64
	counts []int
}

func (s *sizes) add(v float64) {
	for i := range s.values {
		if s.values[i] == v {
			s.counts[i]++
			return
		}
	}
	if len(s.values) < maxSizes {
		s.values, s.counts = append(s.values, v), append(s.counts, 1)
	}
}

// common is the most frequent size; of several the smallest, as JavaScript
// lists numbers by their size.
func (s *sizes) common() float64 {
	best, n := math.NaN(), 0
	for i, v := range s.values {
		if s.counts[i] > n || s.counts[i] == n && v < best {
			best, n = v, s.counts[i]
		}
	}
	return best
}

func (s *sizes) extreme(pick func(a, b float64) float64) float64 {
	v := math.NaN()
	for i, x := range s.values {
		if i == 0 {
			v = x
		} else {
			v = pick(v, x)
		}
	}
	return v
}

// announce notes tracks that a call or an event names.
func (c *connection) announce(tracks []trackInfo, sends bool, at int64) {
	for _, t := range tracks {
		if c.announcedAs(t.id, sends) != nil || c.of.announced >= maxAnnounced {
			continue
		}
		c.of.announced++
		c.announced = append(c.announced, &announcement{trackInfo: t, sends: sends, at: at})
	}
}

func (c *connection) announcedAs(id string, sends bool) *announcement {
	for _, a := range c.announced {
		if a.id == id && a.sends == sends {
			return a
		}
	}
	return nil
}

// replace notes the track that replaceTrack put in: [old, new] of rtcstats.
func (c *connection) replace(payload []byte, at int64) {
	var v []json.RawMessage
	if len(payload) > 64<<10 || json.Unmarshal(payload, &v) != nil || len(v) != 2 {
		return
	}
	c.announce(tracksOf(v[1]), true, at)
}

// transceiver notes the tracks of Chrome's own log, where it has no events for
// them.
func (c *connection) transceiver(r *rtc.Record, at int64) {
	var v struct {
		Reason, Kind, CurrentDirection string
		Sender, Receiver               struct{ Track string }
	}
	if len(r.Payload) > 64<<10 || json.Unmarshal(r.Payload, &v) != nil {
		return
	}
	kind := clip(v.Kind, 16)
	receives := len(v.CurrentDirection) >= 4 && (v.CurrentDirection == "sendrecv" || v.CurrentDirection == "recvonly")
	switch {
	case string(r.Name) == "transceiverAdded" && (v.Reason == "addTrack" || v.Reason == "addTransceiver") && v.Sender.Track != "":
		c.announce([]trackInfo{{kind: kind, id: clip(v.Sender.Track, 256)}}, true, at)
	case string(r.Name) == "transceiverAdded" && v.Reason == "setRemoteDescription" && v.Receiver.Track != "",
		string(r.Name) == "transceiverModified" && receives && v.Receiver.Track != "":
		c.announce([]trackInfo{{kind: kind, id: clip(v.Receiver.Track, 256)}}, false, at)
	}
}

// pollTrack takes one RTP report of a poll.
func (c *connection) pollTrack(r *report, at int64) {
	t := r.track
	if t == nil {
		if t = c.trackOf(r, at); t == nil {
			return
		}
	}
	t.last = at
	if t.id == "" {
		t.link(r)
	}
	if !t.hasCodec || t.conn.reports.poll&15 == 0 { // a codec seldom changes: look now and then
		t.codec(r)
	}
	if t.sends && (t.remote == nil || t.remote.gone) {
		if id := r.text(rtc.StatRemoteId); id != "" {
			if remote := c.reports.byID[id]; remote != nil {
				t.remote = remote
			}
		}
	}
	if t.kind == "audio" {
		t.flush(r, at)
		return
	}
	if w, h := r.num(rtc.StatFrameWidth), r.num(rtc.StatFrameHeight); w > 0 && h > 0 {
		t.widths.add(w)
		t.heights.add(h)
	}
	if f := r.num(rtc.StatFramesPerSecond); f == f && !(t.maxRate >= f) {
		t.maxRate = f
	}
	if !t.sends && !t.null {
		t.null = r.text(rtc.StatDecoderImplementation) == "NullVideoDecoder"
	}
}

// trackOf finds or makes the track of a report that has none.
func (c *connection) trackOf(r *report, at int64) *track {
	sends := r.typ == rtc.TypeOutboundRTP
	for _, t := range c.tracks { // the same stream came back
		if t.report.gone && t.report.id == r.id && t.sends == sends && t.report.num(rtc.StatSsrc) == r.num(rtc.StatSsrc) {
			t.report, r.track = r, t
			return t
		}
	}
	if c.of.tracks >= maxTracks {
		if !r.leftOut {
			r.leftOut = true
			c.of.leftOut++
		}
		return nil
	}
	c.of.tracks++
	t := &track{conn: c, report: r, sends: sends, kind: clip(r.kind(), 16), first: at, regular: true, flushes: math.NaN(), maxRate: math.NaN()}
	r.track = t
	c.tracks = append(c.tracks, t)
	return t
}

// link ties a stream to its track.
func (t *track) link(r *report) {
	rs := &t.conn.reports
	id := r.text(rtc.StatTrackIdentifier)
	if id == "" && t.sends {
		if source := r.text(rtc.StatMediaSourceId); source != "" {
			id = rs.byID[source].text(rtc.StatTrackIdentifier)
		}
	}
	if id == "" { // before 2023 the track had a report of its own
		if old := r.text(rtc.StatTrackId); old != "" {
			id = rs.byID[old].text(rtc.StatTrackIdentifier)
		}
	}
	if id == "" {
		return
	}
	t.id = id
	if t.named = t.conn.announcedAs(id, t.sends); t.named != nil {
		t.named.found = true
	}
	if t.kind == "" {
		t.kind = clip(r.kind(), 16)
	}
}

// codec notes the codec in use.
func (t *track) codec(r *report) {
	id := r.text(rtc.StatCodecId)
	if id == "" {
		return
	}
	codec := t.conn.reports.byID[id]
	mime := codec.text(rtc.StatMimeType)
	if codec == nil {
		return
	}
	if !t.hasCodec {
		t.hasCodec, t.mime, t.fmtp = true, mime, codec.text(rtc.StatSdpFmtpLine)
	}
	if mime != "" && (len(t.codecs) == 0 || t.codecs[len(t.codecs)-1] != mime) && len(t.codecs) < maxListed {
		t.codecs = append(t.codecs, mime)
	}
}

// flush follows the flushes of an audio jitter buffer: every four seconds, seen
// by polls of about a second as three to five, they are a known fault of NetEq.
func (t *track) flush(r *report, at int64) {
	n := r.num(rtc.StatJitterBufferFlushes)
	if n != n || t.sends {
		return
	}
	if n > t.flushes {
		if t.rises > 0 {
			if apart := at - t.flushed; apart < 3000 || apart > 5000 {
				t.regular = false
			}
		}
		t.rises++
		t.flushed = at
	}
	t.flushes = n
}

// start is when the track was added, else when its statistics began.
func (t *track) start() int64 {
	if t.named != nil && t.named.at != 0 {
		return t.named.at
	}
	return t.first
}

// num is a number of the last poll that had the stream.
func (t *track) num(m rtc.Member) value {
	if t.report == nil {
		return value{}
	}
	return number(t.report.num(m))
}

// either is the first of two numbers that is known.
func (t *track) either(a, b rtc.Member) value {
	if v := t.num(a); v.known {
		return v
	}
	return t.num(b)
}

// over divides one number by another.
func (t *track) over(a, b rtc.Member) value {
	x, y := t.num(a), t.num(b)
	if !x.known || !y.known || y.number == 0 {
		return value{}
	}
	return number(x.number / y.number)
}

func (t *track) direction() string {
	if t.sends {
		return "outbound"
	}
	return "inbound"
}

// subject names the track: its connection and the W3C id of its RTP report, or
// what it is where it never had one.
func (t *track) subject() string {
	if t.report == nil {
		return t.conn.subject + "/" + t.direction() + "/" + t.id
	}
	return t.conn.subject + "/" + t.report.id
}

// allTracks are the streams and then the tracks that never became one.
func (c *connection) allTracks() []*track {
	all := c.tracks[:len(c.tracks):len(c.tracks)]
	for _, a := range c.announced {
		if !a.found {
			all = append(all, &track{conn: c, sends: a.sends, kind: a.kind, id: a.id, named: a, maxRate: math.NaN()})
		}
	}
	return all
}
