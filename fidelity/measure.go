package fidelity

import (
	"math"
	"slices"
	"time"

	"github.com/peerglass/peerglass/quality"
	"github.com/peerglass/peerglass/rig"
	"github.com/peerglass/peerglass/rtc"
	"github.com/peerglass/peerglass/session"
)

// Figure is one figure of one stream or path of a recording: what Peerglass
// said and what was true over the same time.
type Figure struct {
	Of       *Target
	Kind     rtc.MediaKind
	From, To string // sender and receiver; of a round trip who answers and who asks
	True     float64
	Said     float64
	Samples  int // of Peerglass that it rests on
}

// Error is how far what was said is off: of a relative target as a share of
// the truth.
func (f *Figure) Error() float64 {
	if f.Of.Relative {
		return f.share()
	}
	return math.Abs(f.Said - f.True)
}

func (f *Figure) share() float64 {
	if f.Said == f.True {
		return 0
	}
	return math.Abs(f.Said-f.True) / f.True
}

// Reached reports whether the figure is within its target, for polls every
// pollSeconds.
func (f *Figure) Reached(pollSeconds int) bool {
	t := f.Of
	limit := t.Within
	if pollSeconds >= 5 && t.WithinSlow > 0 {
		limit = t.WithinSlow
	}
	return f.Error() <= limit || t.OrShare > 0 && f.share() <= t.OrShare
}

// Target is a figure that is held against the truth, and how near it must be.
type Target struct {
	ID         string
	Label      string
	Unit       string  // as printed
	Scale      float64 // from the figure's own unit to the printed one
	Relative   bool    // Within is a share of the truth
	Within     float64 // 0: there is no target
	WithinSlow float64 // at polls every 5 s; 0: the same
	OrShare    float64 // or as near as that, as a share of the truth
	Truth      string  // how it is known
}

// The targets, and how each truth is obtained.
var (
	Bitrate = &Target{ID: "bitrate", Label: "Bit rate", Unit: "kbit/s", Scale: 1e-3, Relative: true, Within: 0.02,
		Truth: "payload bytes of the stream's RTP and RTX packets that the relay passed to the receiver, without the SRTP tag. A browser's count is of another moment than the poll is dated by, in one of a thousand polls by 100 ms: where what passes in that time at an end is more than the target, as in less than 5 s, the polls after and before belong to the figure too, and where there are none, as of a stream that ends in 5 s, it is not judged. In a call with a starved browser, whose dates are off by seconds, it is that of the whole recording"}
	Loss = &Target{ID: "loss", Label: "Packet loss", Unit: "%", Scale: 100, Within: 0.005,
		Truth: "packets of the stream (not its retransmissions) that the relay dropped on the sender's or the receiver's leg, and those whose numbers the sender used and that never came to the relay (an outage goes on after that of the schedule until the browser sends again), of these and those that it passed to the receiver"}
	RTT = &Target{ID: "rtt", Label: "Round trip", Unit: "ms", Scale: 1, Within: 10, OrShare: 0.1,
		Truth: "of the connectivity checks by which the browser measures, from when the question came to the relay until the answer left it for the one who asked: what the relay did to the four legs and the time that the other browser took to answer. The asking browser's own time is not in it, some 1 to 3 ms; where it sends audio, every 20 ms, and sent nothing for longer than that and the target, just before the question or after the answer, its own time is not known, and the poll is not judged, as none of a browser that is starved of its processor"}
	FPS = &Target{ID: "fps", Label: "Frame rate", Unit: "fps", Scale: 1, Within: 1,
		Truth: "frames that left the receiving page's decoder (MediaStreamTrackProcessor); Chromium decodes some that it never shows. What a starved browser tells, whose dates are off by seconds meanwhile, is judged over the whole recording, frames shown and captured too, and only from one poll that is dated rightly to another. A page tells its frames each half second: what one that was killed had not told is not judged"}
	Captured = &Target{ID: "fps_captured", Label: "Captured", Unit: "fps", Scale: 1, Within: 1,
		Truth: "frames that the sending page's source made"}
	VideoStutter = &Target{ID: "video_stutter", Label: "Video stutter", Unit: "%", Scale: 100, Within: 0.01, WithinSlow: 0.02,
		Truth: "time of gaps of 600 ms or longer between frames shown, of the time of the recording; where the page was called once for a few frames it is known only between two bounds, and the nearer one counts. What a starved browser tells is judged from one poll that is dated rightly to another"}
	AudioStutter = &Target{ID: "audio_stutter", Label: "Audio stutter", Unit: "%", Scale: 100, Within: 0.01, WithinSlow: 0.02,
		Truth: "time of stretches of 200 ms or longer in which the receiving page heard nothing new of a tone that rises and falls, of the time of the recording; where new sound begins and ends is known to a block of 10.7 ms, so that a stretch of 200 ms to a block may or may not count, and what is nearer does"}
	Shown = &Target{ID: "fps_shown", Label: "Frames shown", Unit: "fps", Scale: 1, Within: 1,
		Truth: "frames that the receiving page showed (requestVideoFrameCallback); said by a page that names its video elements"}
	VideoStutterExact = &Target{ID: "video_stutter_exact", Label: "Video stutter, measured", Unit: "%", Scale: 100, Within: 0.005,
		Truth: "as of the video stutter; said by a page that names its video elements"}
	AudioStutterExact = &Target{ID: "audio_stutter_exact", Label: "Audio stutter, measured", Unit: "%", Scale: 100, Within: 0.01, WithinSlow: 0.02,
		Truth: "as of the audio stutter; said by a page that looks for gaps; of a busy moment it is an estimate"}
	AudioDelay = &Target{ID: "audio_delay", Label: "Audio delay", Unit: "ms", Scale: 1,
		Truth: "from the frequency of the tone: when it was played less when it was made; the audio devices' clocks make it good to some 20 ms"}
	VideoDelay = &Target{ID: "video_delay", Label: "Video delay", Unit: "ms", Scale: 1,
		Truth: "from the number in the picture: when it was shown less when it was made"}
)

// Targets in the order of the document.
var Targets = []*Target{Bitrate, Loss, RTT, FPS, Shown, Captured, VideoStutter, VideoStutterExact, AudioStutter, AudioStutterExact, VideoDelay, AudioDelay}

// measured reports whether the target is for what pages measure themselves.
func (t *Target) measured() bool {
	return t == Shown || t == VideoStutterExact || t == AudioStutterExact
}

// settle is how long after the damage the figures still belong to it, ms: what
// was delayed arrives, what was lost is reported.
const settle = 3000

// lossSettle is the same for what is lost: a sender of audio reports every 2
// to 6 s (RFC 3550 §6.2, §6.3.1) what it sent.
const lossSettle = 8000

// span is the time of the damage; without any, and where a stream was taken
// away, the whole recording.
func (t *Truth) span() (from, to float64) {
	if switchedOff[t.Condition] {
		return t.Start, t.End // what was taken away has no figures
	}
	first, last := math.Inf(1), 0.0
	for _, r := range t.Schedule {
		first = min(first, float64(r.From))
		if r.To == 0 {
			last = t.End - t.Start
		}
		last = max(last, float64(r.To))
	}
	for _, d := range t.Deeds {
		first, last = min(first, d.At), max(last, d.At)
	}
	if math.IsInf(first, 1) {
		return t.Start, t.End
	}
	return t.Start + first, min(t.Start+last+settle, t.End)
}

// sampled is one sample with its interval in Unix ms.
type sampled struct {
	from, to float64
	values   []float32
}

func (s *sampled) of(m *quality.Metric) float64 {
	if v := s.values[m.Index()]; !rtc.IsNull(v) {
		return float64(v)
	}
	return math.NaN()
}

// flow is what is known of one stream from end to end.
type flow struct {
	from, to string
	row      rtc.Stream
	start    float64 // of the recording
	end      float64
	samples  []sampled
	up, down *rig.StreamCounts
	again    *rig.StreamCounts // retransmissions as they came down; nil for none
}

func (f *flow) figure(of *Target) Figure {
	return Figure{Of: of, Kind: f.row.Kind, From: f.from, To: f.to}
}

// Measure holds the figures of a call, as Replay gave them, against its truth.
func Measure(t *Truth, rows *session.Collect) []Figure {
	var out []Figure
	add := func(f Figure) {
		if f.Samples > 0 && f.True == f.True && f.Said == f.Said {
			out = append(out, f)
		}
	}
	spanFrom, spanTo := t.span()
	user := make(map[rtc.SessionID]string)
	ahead := make(map[rtc.SessionID]float64) // ms; all clocks of the rig are one: what is added to a page's is an error
	for i := range rows.Sessions {
		row := &rows.Sessions[i]
		user[row.ID], ahead[row.ID] = row.User, float64(row.ClockOffset)
	}
	peer := make(map[rtc.SessionID]map[rtc.ConnectionID]string)
	var paths []flow
	for i := range rows.Streams {
		row := rows.Streams[i]
		f := flow{row: row, to: user[row.Session], start: t.Start, end: t.End}
		for j := range rows.Samples {
			if s := &rows.Samples[j]; s.Session == row.Session && s.Stream == row.ID {
				to := float64(s.Time.UnixMilli()) - ahead[row.Session]
				f.samples = append(f.samples, sampled{to - float64(s.Interval)/float64(time.Millisecond), to, s.Values})
			}
		}
		switch {
		case row.Kind == rtc.KindTransport:
			paths = append(paths, f)
		case row.Direction == rtc.Send && row.Kind == rtc.KindVideo:
			f.from, f.to = f.to, ""
			add(t.captured(&f, spanFrom, spanTo))
		case row.Direction == rtc.Receive && t.find(&f, rows):
			if peer[row.Session] == nil {
				peer[row.Session] = make(map[rtc.ConnectionID]string)
			}
			peer[row.Session][row.Connection] = f.from
			add(t.bitrate(&f, spanFrom, spanTo))
			add(t.loss(&f, spanFrom, min(spanTo-settle+lossSettle, t.End)))
			if row.Kind == rtc.KindVideo {
				add(t.fps(&f, FPS, quality.FpsDecoded, spanFrom, spanTo))
				add(t.fps(&f, Shown, quality.FpsRendered, spanFrom, spanTo))
				add(t.videoStutter(&f, VideoStutter))
				add(t.videoStutter(&f, VideoStutterExact))
				add(t.videoDelay(&f, spanFrom, spanTo))
			} else {
				for _, g := range t.audio(&f, spanFrom, spanTo) {
					add(g)
				}
			}
		}
	}
	for i := range paths {
		p := &paths[i]
		p.from = peer[p.row.Session][p.row.Connection]
		add(t.rtt(p, spanFrom, spanTo))
	}
	slices.SortStableFunc(out, func(a, b Figure) int { return slices.Index(Targets, a.Of) - slices.Index(Targets, b.Of) })
	return out
}

// find looks the stream up in the relay's counts: who sends it, and what
// became of its packets.
func (t *Truth) find(f *flow, rows *session.Collect) bool {
	down := t.leg(f.to, rig.Down)
	if down == nil {
		return false
	}
	for _, sender := range t.Users {
		up := t.leg(sender, rig.Up)
		if sender == f.to || up == nil {
			continue
		}
		f.up, f.down = stream(up, f.row.SSRC), stream(down, f.row.SSRC)
		if f.up == nil || f.down == nil {
			continue
		}
		f.from = sender
		if f.row.Kind == rtc.KindVideo {
			for i := range down.Streams {
				s := &down.Streams[i]
				if stream(up, s.SSRC) != nil && !slices.ContainsFunc(rows.Streams, func(r rtc.Stream) bool { return r.SSRC == s.SSRC }) {
					f.again = s
				}
			}
		}
		return true
	}
	return false
}

func stream(c *rig.Counts, ssrc uint32) *rig.StreamCounts {
	for i := range c.Streams {
		if c.Streams[i].SSRC == ssrc {
			return &c.Streams[i]
		}
	}
	return nil
}

// tag is the length of the authentication tag of an SRTP cipher, bytes.
func tag(cipher string) float64 {
	switch cipher {
	case "AES_CM_128_HMAC_SHA1_32", "SRTP_AES128_CM_HMAC_SHA1_32":
		return 4
	case "AES_CM_128_HMAC_SHA1_80", "SRTP_AES128_CM_HMAC_SHA1_80":
		return 10
	}
	return 16 // AEAD_AES_128_GCM and _256_GCM
}

// rtxHeader is the original sequence number before a retransmission's payload
// (RFC 4588 §4), bytes.
const rtxHeader = 2

// counted sums a list of the relay between two times, Unix ms; a bin that is
// cut counts in part.
func counted[N int | float64](t *Truth, list []N, from, to float64) (sum float64) {
	return countedBy(t, rig.Bin, list, from, to)
}

// countedBy is counted of bins of another width.
func countedBy[N int | float64](t *Truth, bin time.Duration, list []N, from, to float64) (sum float64) {
	width := float64(bin) / float64(time.Millisecond)
	first, last := (from-t.Start)/width, (to-t.Start)/width
	for i := max(int(first), 0); i < len(list) && float64(i) < last; i++ {
		part := min(last, float64(i+1)) - max(first, float64(i))
		sum += part * float64(list[i])
	}
	return sum
}

// over calls f with the samples that overlap a stretch of the recording and
// whose metric was measured.
func (f *flow) over(from, to float64, m *quality.Metric, use func(s *sampled, v float64)) (n int) {
	for i := range f.samples {
		s := &f.samples[i]
		if v := s.of(m); s.to > from && s.from < to && v == v && s.from >= f.start && s.to <= f.end {
			use(s, v)
			n++
		}
	}
	return n
}

func (t *Truth) loss(f *flow, from, to float64) Figure {
	out := f.figure(Loss)
	var offered, dropped, lost, expected float64
	out.Samples = f.over(from, to, quality.Packets, func(s *sampled, _ float64) {
		gone := counted(t, f.up.Dropped, s.from, s.to) + counted(t, f.down.Dropped, s.from, s.to) + counted(t, f.up.Absent, s.from, s.to)
		dropped += gone
		offered += gone + t.passed(f.down, s.from, s.to)
		// As a ratio of sums, what came late is taken back.
		if n, of := s.of(quality.PacketsMissing), s.of(quality.PacketsExpected); n == n && of == of {
			lost += n
			expected += of
		}
	})
	out.True, out.Said = dropped/offered, max(lost/expected, 0)
	return out
}

func (t *Truth) fps(f *flow, of *Target, m *quality.Metric, from, to float64) Figure {
	seen := t.seen(f.to, f.from)
	if n := len(seen.Decoded); of == FPS && n > 0 && t.killed(f.to) {
		told := *f
		told.end = seen.Decoded[n-1]
		f = &told
	}
	return t.rate(f, of, f.to, m, from, to, func(from, to float64) float64 {
		if of == FPS && seen.Decoded != nil {
			return among(seen.Decoded, from, to)
		}
		return shown(seen, from, to)
	})
}

// killed reports whether a user's page was killed: of what left its decoder it
// tells each half second, and of the last one nothing.
func (t *Truth) killed(user string) bool {
	for _, d := range t.Deeds {
		if d.Kind == "kill" && d.User == user {
			return true
		}
	}
	return false
}

// among counts the times in an interval.
func among(times []float64, from, to float64) (n float64) {
	for _, at := range times {
		if at > from && at <= to {
			n++
		}
	}
	return n
}

func (t *Truth) captured(f *flow, from, to float64) Figure {
	p := t.page(f.from)
	if p == nil || switchedOff[t.Condition] { // a camera goes on when nobody takes its frames
		return Figure{}
	}
	return t.rate(f, Captured, f.from, quality.FpsCaptured, from, to, func(from, to float64) float64 {
		return among(p.Made.At, from, to)
	})
}

// rate compares numbers of frames a second that a user's page told. The polls of
// a starved browser follow on from one to the next in what they count, not in
// their dates: then the truth is counted over the whole recording, from the first
// poll to the last, and only if these two are dated rightly.
func (t *Truth) rate(f *flow, of *Target, by string, m *quality.Metric, from, to float64, count func(from, to float64) float64) Figure {
	out := f.figure(of)
	begins, ends := t.starving(by)
	if begins < ends {
		from, to = t.Start, t.End
	}
	var seconds, n float64
	var all []sampled
	out.Samples = f.over(from, to, m, func(s *sampled, v float64) {
		seconds += (s.to - s.from) / 1000
		out.Said += v * (s.to - s.from) / 1000
		n += count(s.from, s.to)
		all = append(all, *s)
	})
	if begins < ends && len(all) > 0 {
		first, last := all[0], all[len(all)-1]
		if t.misdated(by, first, last) {
			return Figure{}
		}
		seconds, n = (last.to-first.from)/1000, count(first.from, last.to)
	}
	out.True, out.Said = n/seconds, out.Said/seconds
	return out
}

// misdated reports whether the time of a user's polls is not known, from the
// first to the last.
func (t *Truth) misdated(by string, first, last sampled) bool {
	begins, ends := t.starving(by)
	return begins < ends && (first.to > begins || last.to > begins && last.to < ends)
}

// starving is when a user's browser was starved of its processor, and what that
// left behind; never, as of most: from 0 to 0.
func (t *Truth) starving(user string) (from, to float64) {
	for _, d := range t.Deeds {
		if d.Kind == "burn" && d.User == user {
			return t.Start + d.At, t.Start + d.At + d.Ms + settle
		}
	}
	return 0, 0
}

// stutter is a stutter rate: of the samples that lie in the recording, and of the
// gaps in the time that they cover.
func (f *flow) stutter(t *Truth, out Figure, stutter, playing *quality.Metric, gaps func(from, to float64) (sure, perhaps []gap)) Figure {
	var time, all float64
	var exact bool
	var judged []sampled
	for i := range f.samples {
		s := &f.samples[i]
		exact = exact || s.of(quality.StutterBasis) == float64(quality.BasisExact)
		if a, b := s.of(stutter), s.of(playing); s.from >= t.Start && s.to <= t.End && a == a && b == b {
			time += a
			all += b
			judged = append(judged, *s)
		}
	}
	out.Samples = len(judged)
	if out.Samples == 0 || out.Of.measured() && !exact || t.misdated(f.to, judged[0], judged[len(judged)-1]) {
		return Figure{}
	}
	from, to := judged[0].from, judged[len(judged)-1].to
	out.Said = time / all
	sure, perhaps := gaps(from, to)
	least := length(sure) / (to - from)
	out.True = min(max(out.Said, least), least+length(perhaps)/(to-from))
	return out
}

const (
	shortestVideo = 600 // ms: below, nothing is counted (Tencent, SparkRTC)
	shortestAudio = 200
)

func (t *Truth) videoStutter(f *flow, of *Target) Figure {
	out := f.figure(of)
	if switchedOff[t.Condition] {
		return out
	}
	seen := t.seen(f.to, f.from)
	return f.stutter(t, out, quality.VideoStutterTime, quality.VideoTime, func(from, to float64) (sure, perhaps []gap) {
		return videoGaps(seen, from, to, shortestVideo)
	})
}

func (t *Truth) videoDelay(f *flow, from, to float64) Figure {
	out := f.figure(VideoDelay)
	made := make(map[float64]float64)
	source := t.page(f.from).Made
	for i, n := range source.Number {
		made[n] = source.At[i]
	}
	delete(made, -1)
	shown := t.seen(f.to, f.from).Frames
	return f.delay(out, from, to, func(from, to float64) (sum, n float64) {
		for i, number := range shown.Number {
			if at, ok := made[number]; ok && shown.At[i] > from && shown.At[i] <= to {
				sum += shown.At[i] - at
				n++
			}
		}
		return sum, n
	})
}

// delay compares the mean delays of those intervals in which there was one.
func (f *flow) delay(out Figure, from, to float64, truth func(from, to float64) (sum, n float64)) Figure {
	f.over(from, to, quality.Delay, func(s *sampled, v float64) {
		if sum, n := truth(s.from, s.to); n > 0 {
			out.True += sum / n
			out.Said += v
			out.Samples++
		}
	})
	out.True, out.Said = out.True/float64(out.Samples), out.Said/float64(out.Samples)
	return out
}

func (t *Truth) audio(f *flow, from, to float64) []Figure {
	sounds := listen(t.seen(f.to, f.from), t.page(f.from))
	delay := f.delay(f.figure(AudioDelay), from, to, func(from, to float64) (sum, n float64) {
		for _, h := range sounds {
			if h.fresh && h.at > from && h.at <= to {
				sum += h.delay
				n++
			}
		}
		return sum, n
	})
	out := []Figure{delay}
	for _, of := range []*Target{AudioStutter, AudioStutterExact} {
		stutter := f.figure(of)
		if !switchedOff[t.Condition] {
			stutter = f.stutter(t, stutter, quality.AudioStutterTime, quality.AudioTime, func(from, to float64) (sure, perhaps []gap) {
				if silenced[t.Condition] && f.from == "ada" {
					return nil, nil // what is not said cannot be missing
				}
				return audioGaps(sounds, from, to, shortestAudio)
			})
		}
		out = append(out, stutter)
	}
	return out
}
