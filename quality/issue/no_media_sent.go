package issue

import (
	"time"

	"github.com/peerglass/peerglass/quality"
	"github.com/peerglass/peerglass/rtc"
)

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
		if o.conn != s.conn && o.Row.Direction == rtc.Send && o.Row.Track == s.Row.Track && Value(&o.Now, quality.Packets) > 0 {
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
