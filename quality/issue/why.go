package issue

import (
	"time"

	"github.com/peerglass/peerglass/quality"
	"github.com/peerglass/peerglass/rtc"
)

// Causes that several detectors name. docs/issues.md lists them all.
const (
	causeLoss      = "packet_loss"
	causeJitter    = "jitter"
	causeLatency   = "latency"
	causeBandwidth = "bandwidth"
	causeNoPackets = "no_packets"     // nothing arrives over the connection
	causeStopped   = "sender_stopped" // the other end sends nothing of this stream, though the connection works
	causeSlow      = "sender_slow"    // what arrives is complete, and little
	causeCPU       = "cpu"
	causeDevice    = "playout_device"
	causeSource    = "source" // the camera, the microphone or what stands for them
	causeEncoder   = "encoder"
	causeDecoder   = "decoder" // complete pictures arrive, and none is shown
)

// Limits of what counts as a reason.
const (
	lossMatters = 0.02 // packet loss: good below 2 % (Tencent guide, "Priority Metrics")
	// Two frames of 30 per second; what audio's buffers swallow without a gap.
	jitterMattersVideo, jitterMattersAudio = 70, 50 // ms
	droppedMatters                         = 0.1    // share of the frames; ObserveRTC takes −1 of 5 from there
	busy                                   = 0.8    // of the time that a frame may take is used by coding it
	// A frame of the same picture costs the same: many times that is waiting
	// for the processor.
	slowTimes, slowLeast     = 5, 8    // times, ms
	jitterRises, bufferRises = 15, 100 // ms
	darkLeast                = 200     // ms
	silentPath               = 100     // bit/s: less than any report of a connection that works
)

// why says what made a received stream stand still or slow in the interval, as
// far as this end can tell. The other end may know better: package verdict.
func why(s *Stream, smp *rtc.Sample) (cause string, source rtc.Source) {
	if Value(smp, quality.Packets) == 0 {
		if s.pathSilent() {
			return causeNoPackets, rtc.Network
		}
		return causeStopped, rtc.RemoteUser
	}
	switch {
	case s.dark(smp):
		return causeNoPackets, rtc.Network
	case s.unsent(smp):
		return causeStopped, rtc.RemoteUser
	case s.w.strained(smp) && !s.lossy(smp):
		return causeCPU, rtc.LocalUser
	case s.lossy(smp):
		if s.starved() {
			return causeBandwidth, rtc.Network
		}
		return causeLoss, rtc.Network
	case Value(smp, quality.SynthesizedTime) > 0:
		return causeDevice, rtc.LocalUser
	case s.jittery(smp):
		if s.starved() {
			return causeBandwidth, rtc.Network
		}
		return causeJitter, rtc.Network
	case Value(smp, quality.Nack) > 0 || Value(smp, quality.Pli) > 0:
		return causeLoss, rtc.Network
	}
	switch r := Value(smp, quality.FpsReceived); {
	case r < slowShare*s.base.fps:
		return causeSlow, rtc.RemoteUser
	case r > 0 && Value(smp, quality.FpsDecoded) == 0: // complete pictures, and none is shown
		return causeDecoder, rtc.LocalUser
	}
	return "", rtc.Unknown
}

// pathSilent reports whether nothing arrived over the stream's connection.
func (s *Stream) pathSilent() bool {
	p := s.Poll()
	return p != nil && Value(p, quality.Bitrate) < silentPath && !s.conn.quiet
}

// dark reports whether the connection brought nothing while the stream stood
// still, though it brings something in the interval again: as much of an audio
// stream, whose rate is even, is missing in one piece. Where packets queue
// instead, they come with jitter and a longer round trip; where the machine is
// too slow, none is missing.
func (s *Stream) dark(smp *rtc.Sample) bool {
	if s.jittery(smp) {
		return false
	}
	if p := s.Poll(); p != nil && Value(p, quality.Rtt) > 2*s.conn.path.base.rtt+queueing {
		return false
	}
	stood := s.stuttered()
	if stood < darkLeast {
		return false
	}
	for _, o := range s.conn.streams {
		if o.Row.Direction != rtc.Receive || o.Row.Kind != rtc.KindAudio || !o.recent(s) || o.base.bitrate == 0 {
			continue
		}
		if gone := o.missing(); gone >= stood/2 && (o.stuttered() >= stood/2 || o == s) {
			return true
		}
	}
	return false
}

// unsent reports whether the stream stood still in one piece because its sender
// sent nothing: as much is missing of it as it stood, and nothing was lost or
// late.
func (s *Stream) unsent(smp *rtc.Sample) bool {
	stood := s.stuttered()
	if stood < longStand || s.base.bitrate == 0 || Value(smp, quality.Loss) >= lossShows || s.jittery(smp) {
		return false
	}
	missing := s.missing()
	return missing > 0.8*stood && missing < 1.25*stood
}

// stuttered is the stutter of the interval and the one before, in ms: a gap
// that lies in both is known in the second only.
func (s *Stream) stuttered() (ms float64) {
	now := briefOf(&s.Now)
	for _, b := range [...]*brief{&now, &s.Last} {
		if b.there() {
			ms += zeroOf(float64(b.Stutter))
		}
	}
	return ms
}

// missing is the time, in ms, that what is usual of the stream would have taken
// and that did not come, in the interval and the one before.
func (s *Stream) missing() (ms float64) {
	now := briefOf(&s.Now)
	for _, b := range [...]*brief{&now, &s.Last} {
		if share := 1 - float64(b.Bitrate)/s.base.bitrate; b.there() && share > 0 {
			ms += share * float64(b.Interval.Milliseconds())
		}
	}
	return ms
}

// standby reports whether nothing is sent or received over the stream's
// connection while another brings media: the application keeps it for later, as
// Jitsi does when it changes between a server and the peer.
func (s *Stream) standby() bool {
	for _, o := range s.conn.streams {
		if o.Row.Kind < rtc.KindTransport && o.recent(s) && Value(&o.Now, quality.Packets) > 0 {
			return false
		}
	}
	for _, c := range s.w.conns {
		if c == s.conn || !c.row.End.IsZero() {
			continue
		}
		for _, o := range c.streams {
			if o.Row.Direction == rtc.Receive && Value(&o.Now, quality.Packets) > 0 && s.Now.Time.Sub(o.Now.Time) < longestReports {
				return true
			}
		}
	}
	return false
}

// lossy reports whether packets were missing in this interval or the one
// before: what is missing shows later than the gap in the numbers.
func (s *Stream) lossy(smp *rtc.Sample) bool {
	return Value(smp, quality.Loss) >= lossMatters ||
		s.Last.there() && smp.Time.Sub(s.Last.Time) < 15*time.Second && float64(s.Last.Loss) >= lossMatters
}

func (s *Stream) jittery(smp *rtc.Sample) bool {
	limit := float64(jitterMattersVideo)
	if smp.Kind == rtc.KindAudio {
		limit = jitterMattersAudio
	}
	return Value(smp, quality.Jitter) > limit || s.buffers(smp)
}

// buffers reports whether the stream's jitter rose and its jitter buffer with
// it: in a buffer that is long enough, delays that change do no other harm.
func (s *Stream) buffers(smp *rtc.Sample) bool {
	v := Value(smp, quality.Jitter)
	return v > jitterRises && v > 3*s.base.jitter &&
		Value(smp, quality.JitterBufferDelay) > s.base.buffer+bufferRises
}

// starved reports whether the connection brings much less than it used to.
func (s *Stream) starved() bool {
	p := s.Poll()
	return p != nil && Value(p, quality.Bitrate) < (1-bandwidthFall)*s.conn.path.base.bitrate
}

// overrun reports whether the machine could not keep up with coding video:
// frames take about the time that they may, or many times what is usual, or
// complete ones are thrown away while they take much of it.
func (s *Stream) overrun(smp *rtc.Sample) bool {
	each := Value(smp, quality.FrameTime)
	// Few frames find the processor asleep.
	if smp.Direction == rtc.Receive && Value(smp, quality.FpsReceived) < hardlyAny {
		return false
	}
	if each > slowLeast && each > slowTimes*s.base.coding && s.base.coding > 0 {
		return true
	}
	if smp.Direction == rtc.Send {
		return each*Value(smp, quality.FpsEncoded) > 1000*busy
	}
	fps := Value(smp, quality.FpsDecoded)
	if each*fps > 1000*busy {
		return true
	}
	dropped := Value(smp, quality.FramesDropped)
	return dropped > droppedMatters*(dropped+fps*smp.Interval.Seconds()) && each*fps > 1000*busy/4
}

// strained reports whether the machine could not keep up with coding any video
// in the interval or shortly before: then all that it does is late.
func (w *Watch) strained(smp *rtc.Sample) bool {
	return !w.strain.IsZero() && smp.Time.Sub(w.strain) <= max(strainLasts, smp.Interval)
}

const strainLasts = 3 * time.Second

// tally weighs the causes of one issue by the time that each explains.
type tally struct {
	causes [6]struct {
		name   string
		source rtc.Source
		weight float64
	}
}

// add counts for a cause and returns the leading one. What has no cause counts
// for none.
func (t *tally) add(name string, source rtc.Source, weight float64) (string, rtc.Source) {
	best := 0
	for i := range t.causes {
		c := &t.causes[i]
		if name != "" && (c.name == name || c.name == "") {
			c.name, c.source = name, source
			c.weight += weight
			name = ""
		}
		if c.weight > t.causes[best].weight {
			best = i
		}
	}
	return t.causes[best].name, t.causes[best].source
}
