package issue

import (
	"time"

	"github.com/peerglass/peerglass/quality"
	"github.com/peerglass/peerglass/rtc"
)

var UplinkLost = register(Detector{
	Type: "uplink_lost", Label: "Uplink cut",
	Help:   "Media is sent and comes in, and for 6 s nothing says that what is sent arrives: neither reports of the other end nor answers to the connection's checks. Medium.",
	Causes: []string{causeNoPackets},
	Kinds:  quality.Transport, Dirs: quality.Either, Scope: PerConnection,
	Clear: time.Second,
	Sample: func(s *Stream, smp *rtc.Sample) Mark {
		in, out := Value(smp, quality.Bitrate), Value(smp, quality.BitrateSent)
		at := s.conn.answered
		switch {
		case at.Equal(smp.Time) || smp.Time.Sub(at) < answersMissing:
			return Fine
		case at.IsZero() || !(in > 10*silentPath) || !(out > 10*silentPath):
			return Mark{}
		}
		m := Mark{Known: true, Level: rtc.Medium, Metric: quality.BitrateSent, Value: out, Limit: nan, Over: smp.Time.Sub(at)}
		return m.For(causeNoPackets, rtc.Network)
	},
})

// answersMissing: video is reported on every second, audio every 5 s, and ICE
// asks at least every 5 s, more often where no answer comes.
const answersMissing = 6 * time.Second
