package storetest

import (
	"math"
	"math/rand/v2"
	"time"

	"github.com/peerglass/peerglass/quality"
	"github.com/peerglass/peerglass/rtc"
)

// Generator makes a call's samples as a browser's polls give them: an audio
// and a video stream sent, both received from each other party, and a
// transport; polled each second, give or take a few milliseconds, each report
// with its own time stamp as Chromium has it; figures that wander as measured
// ones do, rounded to the metric's step.
type Generator struct {
	Random *rand.Rand
	App    rtc.AppID
	Call   rtc.CallID
	Start  time.Time
	values []float32
}

// NewGenerator returns a generator that gives the same rows for the same seed.
func NewGenerator(seed uint64, app rtc.AppID, call rtc.CallID) *Generator {
	return &Generator{Random: rand.New(rand.NewPCG(seed, uint64(call))), App: app, Call: call, Start: call.Time()}
}

type generated struct {
	session   rtc.SessionID
	id        rtc.StreamID
	kind      rtc.MediaKind
	direction rtc.Direction
	codec     string
	bitrate   float64
	fps       float64
	jitter    float64
	rtt       float64
	loss      float64
	last      time.Time
}

func (g *Generator) streams(parties int) []*generated {
	var all []*generated
	for p := range parties {
		session := rtc.SessionID(rtc.NewID(g.Start.UnixMilli()+int64(p)*700, g.Random.Uint64()))
		id := rtc.StreamID(0)
		add := func(k rtc.MediaKind, d rtc.Direction, codec string, rate float64) {
			id++
			all = append(all, &generated{session: session, id: id, kind: k, direction: d, codec: codec,
				bitrate: rate, fps: 30, jitter: 3 + 10*g.Random.Float64(), rtt: 20 + 80*g.Random.Float64(), last: g.Start})
		}
		add(rtc.KindTransport, rtc.Both, "", 3e6)
		add(rtc.KindAudio, rtc.Send, "audio/opus", 32e3)
		add(rtc.KindVideo, rtc.Send, "video/VP9", 1.4e6)
		for range parties - 1 {
			add(rtc.KindAudio, rtc.Receive, "audio/opus", 32e3)
			add(rtc.KindVideo, rtc.Receive, "video/VP9", 1.2e6)
		}
	}
	return all
}

// Each calls f with every sample of a call of so many parties and seconds, in
// the order in which they are measured.
func (g *Generator) Each(parties, seconds int, f func(*rtc.Sample)) {
	streams := g.streams(parties)
	g.values = make([]float32, len(quality.Catalogue()))
	for i := range seconds {
		poll := time.Duration(i+1)*time.Second + time.Duration(g.Random.NormFloat64()*4*float64(time.Millisecond))
		for n, s := range streams {
			if n > 0 && streams[n-1].session != s.session {
				poll = time.Duration(i+1)*time.Second + time.Duration(g.Random.NormFloat64()*4*float64(time.Millisecond))
			}
			at := g.Start.Add(poll).Truncate(time.Millisecond)
			x := g.sample(s, at)
			f(&x)
			s.last = at
		}
	}
}

func (g *Generator) walk(v *float64, by, low, high float64) {
	*v = min(max(*v+g.Random.NormFloat64()*by, low), high)
}

func (g *Generator) sample(s *generated, at time.Time) rtc.Sample {
	for i := range g.values {
		g.values[i] = rtc.Null
	}
	seconds := at.Sub(s.last).Seconds()
	set := func(m *quality.Metric, v float64) {
		if m.Has(s.kind, s.direction) {
			g.values[m.Index()] = float32(math.Round(v/m.Step) * m.Step)
		}
	}
	g.walk(&s.jitter, 0.7, 0, 80)
	if g.Random.IntN(4) == 0 { // RTCP reports come less often than polls
		g.walk(&s.rtt, 3, 5, 400)
	}
	g.walk(&s.fps, 0.4, 22, 30)
	s.loss = 0
	if g.Random.IntN(25) == 0 {
		s.loss = float64(1 + g.Random.IntN(6))
	}
	rate := s.bitrate * (1 + 0.06*g.Random.NormFloat64())
	packets := math.Round(50 * seconds)
	if s.kind == rtc.KindVideo {
		packets = math.Round(rate * seconds / 8 / 1100)
	}
	fps := math.Round(s.fps*seconds) / seconds
	set(quality.Bitrate, rate)
	set(quality.BitrateSent, rate*0.9)
	set(quality.PacketRate, packets/seconds)
	set(quality.Packets, packets)
	set(quality.PacketsLost, s.loss)
	set(quality.Loss, s.loss/(packets+s.loss))
	set(quality.Retransmitted, s.loss/packets)
	set(quality.Nack, s.loss)
	set(quality.Pli, 0)
	set(quality.Fir, 0)
	set(quality.Jitter, s.jitter)
	if s.direction != rtc.Receive || s.kind == rtc.KindTransport {
		set(quality.Rtt, s.rtt)
	}
	set(quality.AvailableOutgoing, rate*1.3)
	set(quality.Relay, 0)
	set(quality.FpsCaptured, 30)
	set(quality.FpsEncoded, fps)
	set(quality.FpsSent, fps)
	set(quality.FpsReceived, fps)
	set(quality.FpsDecoded, fps)
	set(quality.FramesDropped, 0)
	set(quality.Width, 1280)
	set(quality.Height, 720)
	set(quality.FreezeTime, 0)
	set(quality.FreezeCount, 0)
	if s.loss > 5 {
		set(quality.FreezeTime, 200+400*g.Random.Float64())
		set(quality.FreezeCount, 1)
	}
	set(quality.KeyFrames, 0)
	set(quality.FrameTime, 3+g.Random.Float64())
	set(quality.Qp, 40+5*g.Random.NormFloat64())
	set(quality.TargetBitrate, s.bitrate)
	if g.Random.IntN(3) > 0 {
		set(quality.AudioLevel, 0.05+0.1*g.Random.Float64()) // someone speaks
	} else {
		set(quality.AudioLevel, 0.001*g.Random.Float64())
	}
	set(quality.Concealment, s.loss/100)
	set(quality.ConcealmentEvents, s.loss)
	set(quality.Concealed, s.loss*10)
	set(quality.JitterBufferDelay, 40+3*g.Random.NormFloat64())
	set(quality.JitterBufferTarget, 38+2*g.Random.NormFloat64())
	set(quality.ProcessingDelay, 55+6*g.Random.NormFloat64())
	set(quality.FrameSpread, 6+2*g.Random.NormFloat64())
	set(quality.SendDelay, 4+1.5*g.Random.NormFloat64())
	for _, never := range []*quality.Metric{quality.SynthesizedTime, quality.InterruptionTime, quality.PairChanges, quality.PacketsDiscarded,
		quality.PauseTime, quality.PauseCount, quality.LimitedCPU, quality.LimitedBandwidth, quality.ResolutionChanges} {
		set(never, 0)
	}
	x := rtc.Sample{App: g.App, Call: g.Call, Session: s.session, Stream: s.id, Time: at, Interval: at.Sub(s.last),
		Kind: s.kind, Direction: s.direction, Codec: s.codec, Values: g.values}
	switch {
	case s.kind == rtc.KindTransport:
		x.Pair = "host/udp srflx/udp"
	case s.kind == rtc.KindVideo && s.direction == rtc.Send:
		x.Limitation = "none"
	}
	return x
}
