package quality

import (
	"math"

	"github.com/peerglass/peerglass/quality/mos"
	"github.com/peerglass/peerglass/rtc"
)

var AudioMOS = register(Metric{
	ID: "audio_mos", Label: "Audio MOS", Unit: rtc.UnitNone, Agg: Mean, Step: 0.01, Kinds: Audio, Dirs: Either,
	From: []rtc.Member{
		rtc.StatConcealedSamples, rtc.StatSilentConcealedSamples, rtc.StatTotalSamplesReceived, rtc.StatPacketsLost, rtc.StatPacketsDiscarded,
		rtc.StatPacketsReceived, rtc.StatPacketsSent, rtc.StatFecPacketsReceived, rtc.StatBytesReceived, rtc.StatBytesSent, rtc.StatFractionLost, rtc.StatRoundTripTime, rtc.StatJitter,
	},
	Help: "Score of the speech from 1 to 4.5 by the E-model (ITU-T G.107 for G.711, G.107.1 for G.722, G.107.2 with estimated codec figures for Opus). Of a received stream from the concealment, or the packets lost and late where that is not told, and the delay; of a sent one from what the remote end reports of loss, jitter and round-trip time. Null where nothing was to be heard. See docs/scores.md.",
	Fn: func(w *Window) float64 {
		codec, ok := mos.FindSpeech(w.Codec, w.speechRate(), w.fec())
		if !ok {
			return math.NaN()
		}
		if w.Dir == rtc.Send {
			return mos.Speech{Codec: codec, Loss: w.share(Loss), Delay: w.farDelay()}.MOS()
		}
		loss, repaired := w.unheard()
		if repaired {
			codec = w.plain(codec)
		}
		return mos.Speech{Codec: codec, Loss: loss, Delay: w.nearDelay()}.MOS()
	},
})

func (w *Window) share(m *Metric) float64 { return min(max(m.Fn(w), 0), 1) }

// unheard is the share of the speech that was not there to be played: what was
// concealed, after all repair, or else the packets lost and those that came
// too late. A long stutter counts whatever the concealment says: a decoder
// that gave up calls its silence intended.
func (w *Window) unheard() (share float64, repaired bool) {
	stutter, played := AudioStutterTime.Fn(w), AudioTime.Fn(w)
	if played == 0 || w.packets() == 0 && !(stutter > 0) {
		return math.NaN(), false // nothing was to be heard
	}
	stutter /= played
	if concealed := w.concealment(); concealed == concealed {
		return notBelow(concealed, stutter), true
	}
	lost := max(w.lost(), 0)
	late := w.delta(rtc.StatPacketsDiscarded)
	if late != late {
		late = 0 // not told by every browser
	}
	return notBelow(ratio(lost+late, lost+w.packets()), stutter), false
}

// notBelow is v, or low where that is greater or alone known.
func notBelow(v, low float64) float64 {
	if low > v || v != v {
		return min(low, 1)
	}
	return min(v, 1)
}

// plain is the codec without the help of FEC, for losses that are counted
// after repair.
func (w *Window) plain(c mos.Codec) mos.Codec {
	if w.fec() {
		c, _ = mos.FindSpeech(w.Codec, w.speechRate(), false)
	}
	return c
}

// fec reports whether in-band FEC goes with the stream. Of a sent stream it is
// not told: browsers offer it, and begin to send it when loss is reported.
func (w *Window) fec() bool {
	return w.Dir == rtc.Send || w.RTP.Delta(rtc.StatFecPacketsReceived) > 0
}

// speechRate is the bit rate of the speech.
func (w *Window) speechRate() float64 {
	return mos.SpeechRate(8*w.rate(w.sentOr(rtc.StatBytesSent, rtc.StatBytesReceived)), w.packets()/w.Seconds())
}

// nearDelay is the delay of a received stream; where nothing came or was shown
// there is none, and what is missing decides alone.
func (w *Window) nearDelay() float64 {
	if d := Delay.Fn(w); d == d || w.packets() != 0 && w.emitted() != 0 {
		return d
	}
	return 0
}

// farDelay estimates how long after it was sent the other end plays a stream:
// half the round trip, a jitter buffer of twice the jitter, as monitors use to
// assume, and one packet of 20 ms.
func (w *Window) farDelay() float64 {
	return Rtt.Fn(w)/2 + 2*Jitter.Fn(w) + 20
}
