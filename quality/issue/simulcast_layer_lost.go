package issue

import (
	"time"

	"github.com/peerglass/peerglass/quality"
	"github.com/peerglass/peerglass/rtc"
)

var LayerLost = register(Detector{
	Type: "simulcast_layer_lost", Label: "Simulcast layer lost",
	Help:   "The best layer of a video that is sent in several carried pictures and has none any more, while a lower one goes on and the encoder says that bandwidth or the processor limits it: low after 3 s. Layers that the application switches off do not count.",
	Causes: []string{causeBandwidth, causeCPU},
	Kinds:  quality.Video, Dirs: quality.Sent,
	Hold: 3 * time.Second, Clear: 3 * time.Second,
	Sample: func(s *Stream, smp *rtc.Sample) Mark {
		if s.Row.RID == "" {
			return Mark{}
		}
		fps := Value(smp, quality.FpsEncoded)
		switch {
		case fps != fps:
			return Mark{}
		case fps > 0:
			return Fine
		case s.base.height == 0 || s.Excused(smp) || Value(smp, quality.Active) == 0:
			return Mark{}
		}
		lower, bandwidth, cpu := false, smp.Limitation == "bandwidth", smp.Limitation == "cpu"
		for _, o := range s.conn.streams {
			if o == s || !o.sends(s) || !(Value(&o.Now, quality.FpsEncoded) > 0) {
				continue
			}
			if o.base.height < s.base.height {
				lower = true
			}
			bandwidth = bandwidth || o.Now.Limitation == "bandwidth" || Value(&o.Now, quality.LimitedBandwidth) > 0
			cpu = cpu || o.Now.Limitation == "cpu" || Value(&o.Now, quality.LimitedCPU) > 0
		}
		m := Mark{Known: true, Level: rtc.Low, Metric: quality.FpsEncoded, Limit: nan, LowWorse: true}
		switch {
		case !lower:
			return Mark{}
		case bandwidth:
			return m.For(causeBandwidth, rtc.Network)
		case cpu:
			return m.For(causeCPU, rtc.LocalUser)
		}
		return Fine
	},
})
