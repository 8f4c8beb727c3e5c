package issue

import (
	"time"

	"github.com/peerglass/peerglass/quality"
	"github.com/peerglass/peerglass/rtc"
)

var NoMediaReceived = register(Detector{
	Type: "no_media_received", Label: "Nothing received",
	Help:   "The connection stands and nothing of what it is to receive arrives, for 3 s (ObserveRTC waits for 5): high if the connection is silent altogether, low if only the streams are, because the others may have switched them off without telling.",
	Causes: []string{causeNoPackets, causeStopped},
	Kinds:  quality.Transport, Dirs: quality.Either, Scope: PerConnection,
	Hold: 3 * time.Second, Clear: 2 * time.Second,
	Sample: func(s *Stream, smp *rtc.Sample) Mark {
		rate := Value(smp, quality.Bitrate)
		if rate != rate {
			return Mark{}
		}
		expected, received := 0, false
		for _, o := range s.conn.streams {
			n := &o.Now
			if o.Row.Direction != rtc.Receive {
				continue
			}
			if received = true; !o.recent(s) {
				continue
			}
			if Value(n, quality.Packets) > 0 {
				return Fine
			}
			if Value(n, quality.Packets) == 0 && !o.Excused(n) && o.conn.connected(smp, o) {
				expected++
			}
		}
		// Browsers report a stream from its first packet on: one of which none ever
		// came was only announced.
		if !received && s.w.facts.announced[s.Row.Connection] && s.conn.connectedFor(smp, neverCame) {
			expected++
		}
		if expected == 0 || s.standby() {
			return Mark{}
		}
		m := Mark{Known: true, Level: rtc.Low, Metric: quality.Bitrate, Value: rate, Limit: nan, LowWorse: true}.For(causeStopped, rtc.RemoteUser)
		if s.pathSilent() && received { // where nothing was ever sent, nothing says that it should have come
			m.Level = rtc.High
			m = m.For(causeNoPackets, rtc.Network)
		}
		return m
	},
})

// dryAfter: a connection needs this long after it is connected until media
// can be missed.
const dryAfter = 3 * time.Second

// neverCame: so long after the connection is connected, a track that was
// announced and brought nothing yet is missed; the other end may just turn its
// camera on.
const neverCame = 10 * time.Second

// connected reports whether the connection was connected for some time before
// the sample's interval, and whether the stream was there for as long.
func (c *conn) connected(smp *rtc.Sample, s *Stream) bool {
	return c.connectedFor(smp, dryAfter) && smp.Time.Add(-smp.Interval).Sub(s.Row.Start) >= dryAfter
}

func (c *conn) connectedFor(smp *rtc.Sample, least time.Duration) bool {
	return c.told && (c.row.State == "connected" || c.row.State == "disconnected") && !c.row.Connected.IsZero() &&
		smp.Time.Add(-smp.Interval).Sub(c.row.Connected) >= least
}
