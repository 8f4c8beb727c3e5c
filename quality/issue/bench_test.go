package issue

import (
	"testing"
	"time"

	"github.com/peerglass/peerglass/quality"
	"github.com/peerglass/peerglass/rtc"
)

// conference is a session that sends audio and video and receives those of
// three others: ten streams with the transport and the machine.
func conference(t testing.TB) (p *polls, samples []rtc.Sample) {
	p = newPolls(t, time.Second)
	for i, name := range []string{"audio received 2", "audio received 3", "video received 2", "video received 3"} {
		p.add(name, rtc.Stream{ID: rtc.StreamID(7 + i), Connection: 1, Track: name})
	}
	for range 30 {
		p.poll(nil)
	}
	// The transport comes after what goes over it, as a session tells them.
	for _, last := range []bool{false, true} {
		for _, s := range p.watch.streams {
			if s != nil && (s.Row.Kind >= rtc.KindTransport) == last {
				smp := s.Now
				smp.Values = append([]float32(nil), s.Now.Values...)
				samples = append(samples, smp)
			}
		}
	}
	return p, samples
}

func (p *polls) again(samples []rtc.Sample) {
	p.now = p.now.Add(time.Second)
	for i := range samples {
		samples[i].Time = p.now
		p.watch.Sample(&samples[i])
	}
}

// Where nothing is wrong, nothing is allocated.
func TestWatchAllocatesNothing(t *testing.T) {
	p, samples := conference(t)
	if n := testing.AllocsPerRun(100, func() { p.again(samples) }); n != 0 {
		t.Errorf("%v allocations a poll", n)
	}
}

// One poll of ten streams in which nothing is wrong; the whole of detectors and
// scores is to stay below 10 µs.
func BenchmarkWatch(b *testing.B) {
	p, samples := conference(b)
	b.ReportAllocs()
	for b.Loop() {
		p.again(samples)
	}
}

// One in which every received stream loses packets and stutters.
func BenchmarkWatchBad(b *testing.B) {
	p, samples := conference(b)
	for i := range samples {
		if s := &samples[i]; s.Direction == rtc.Receive {
			s.Values[quality.Loss.Index()], s.Values[quality.PacketsLost.Index()] = 0.1, 10
			s.Values[quality.Jitter.Index()] = 120
			s.Values[quality.VideoStutterTime.Index()], s.Values[quality.AudioStutterTime.Index()] = 700, 300
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		p.again(samples)
	}
}
