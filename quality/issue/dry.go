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
		if rate < silentPath && received { // where nothing was ever sent, nothing says that it should have come
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

var NoMediaSent = register(Detector{
	Type: "no_media_sent", Label: "Nothing sent",
	Help:   "A track is live and not muted, its connection stands, and nothing of it is sent, for 5 s (ObserveRTC's dry outbound track): medium.",
	Causes: []string{causeEncoder},
	Kinds:  quality.Media, Dirs: quality.Sent,
	Hold: 5 * time.Second, Clear: 2 * time.Second,
	Sample: func(s *Stream, smp *rtc.Sample) Mark {
		packets := Value(smp, quality.Packets)
		switch {
		case packets != packets:
			return Mark{}
		case packets > 0:
			return Fine
		case s.Excused(smp) || s.hid(smp) || Value(smp, quality.Active) == 0 || s.w.facts.Paused(s.Row.Connection) || !s.conn.connected(smp, s) || smp.Kind == rtc.KindScreen:
			return Mark{}
		case s.w.row.Protocol != "native" && s.began.IsZero():
			return Mark{} // other clients do not tell of every mute
		case smp.Kind == rtc.KindAudio:
			// A track that was taken away has no source any more.
			if !(Value(smp, quality.CapturedTime) > 0) {
				return Mark{}
			}
		default:
			if !(Value(smp, quality.FpsCaptured) > 0) || s.Row.RID != "" && s.layersGoOn() {
				return Mark{}
			}
		}
		if s.standby() || s.elsewhere() {
			return Mark{}
		}
		m := Mark{Known: true, Level: rtc.Medium, Metric: quality.Packets, Limit: nan, LowWorse: true}
		if smp.Kind == rtc.KindVideo { // a media server that nobody watches through may have asked for none
			m.Level = rtc.Low
		}
		return m.For(causeEncoder, rtc.LocalUser)
	},
})

// elsewhere reports whether the stream's track is sent over another
// connection.
func (s *Stream) elsewhere() bool {
	for _, o := range s.w.streams {
		if o != nil && o.conn != s.conn && o.Row.Direction == rtc.Send && o.Row.Track == s.Row.Track && Value(&o.Now, quality.Packets) > 0 {
			return true
		}
	}
	return false
}

// layersGoOn reports whether another layer of the sent stream's track is sent.
func (s *Stream) layersGoOn() bool {
	for _, o := range s.conn.streams {
		if o != s && o.sends(s) && Value(&o.Now, quality.Packets) > 0 {
			return true
		}
	}
	return false
}

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
