package quality

import (
	"math"
	"sync"

	"github.com/peerglass/peerglass/rtc"
)

// Window is all that a metric may look at: the report of one stream over the
// interval between two polls, and the reports linked to it. Reports that the
// browser does not have are nil and answer NaN.
type Window struct {
	Kind rtc.MediaKind
	Dir  rtc.Direction
	// Codec is the stream's, "audio/opus"; "" where not told.
	Codec string

	RTP    *Report // inbound-rtp or outbound-rtp; nil for a transport
	Track  *Report // the obsolete track report, where old browsers keep frames, freezes and samples
	Remote *Report // remote-inbound-rtp of a sent stream, remote-outbound-rtp of a received one
	// RemoteFresh: the remote end reported within the interval. Otherwise what
	// Remote says is of an earlier one.
	RemoteFresh bool
	// SentMeanwhile counts the packets sent between the last two reports of the
	// remote end; NaN if not known.
	SentMeanwhile float64
	Source        *Report // media-source of a sent stream
	Playout       *Report // media-playout of received audio

	Transport   *Report     // the transport that the stream goes over
	Pair        *Report     // its selected candidate pair
	Machine     *Report     // what the client measures about its own machine; of KindClient only
	Memory      *Memory     // what estimators keep of a received stream; nil: their metrics are null
	Thresholds  *Thresholds // nil for the defaults
	Off         float64     // s of the interval in which, as was told, nothing was to be played: the track muted, the connection gone
	Hidden      bool        // the page is hidden: a decoder may rest
	AudioBehind float64     // Memory.Behind of the audio that belongs to a video; NaN if not known

	Relay float64 // 1 if that goes through a TURN relay, 0 if not, NaN if not known
}

// Seconds returns the length of the interval, NaN if there is none.
func (w *Window) Seconds() float64 {
	if w.RTP != nil {
		return w.RTP.Seconds()
	}
	if w.Machine != nil {
		return w.Machine.Seconds()
	}
	if s := w.Pair.Seconds(); s == s {
		return s
	}
	return w.Transport.Seconds()
}

// delta is the rise of a counter of the stream, which old browsers keep in the
// track report.
func (w *Window) delta(m rtc.Member) float64 {
	if d := w.RTP.Change(m); d == d {
		return w.RTP.Delta(m)
	}
	return w.Track.Delta(m)
}

// now is a gauge of the stream, which old browsers keep in the track report.
func (w *Window) now(m rtc.Member) float64 {
	if v := w.RTP.Now(m); v == v {
		return v
	}
	return w.Track.Now(m)
}

// rate is the rise of a counter of the stream per second.
func (w *Window) rate(m rtc.Member) float64 { return w.delta(m) / w.Seconds() }

// mean is the rise of a sum per item counted: NaN where nothing was counted.
func (w *Window) mean(sum, count rtc.Member) float64 { return ratio(w.delta(sum), w.delta(count)) }

// sentOr chooses the member by the stream's direction.
func (w *Window) sentOr(sent, received rtc.Member) rtc.Member {
	if w.Dir == rtc.Send {
		return sent
	}
	return received
}

// ratio is a/b, NaN where b is not above 0.
func ratio(a, b float64) float64 {
	if b > 0 {
		return a / b
	}
	return math.NaN()
}

// Derive fills values, which has the length of Catalogue, with every metric
// of the window; what was not measured becomes rtc.Null.
func Derive(w *Window, values []float32) {
	for i := range values {
		values[i] = rtc.Null
	}
	if w.Memory != nil {
		w.Memory.step(w)
	}
	for _, m := range measured()[w.Kind][w.Dir] {
		values[m.index] = m.round(m.Fn(w))
	}
}

// measured lists the metrics of each kind and direction.
var measured = sync.OnceValue(func() *[rtc.KindClient + 1][rtc.Receive + 1][]*Metric {
	var by [rtc.KindClient + 1][rtc.Receive + 1][]*Metric
	for kind := range by {
		for dir := range by[kind] {
			for _, m := range registered {
				if m.Has(rtc.MediaKind(kind), rtc.Direction(dir)) {
					by[kind][dir] = append(by[kind][dir], m)
				}
			}
		}
	}
	return &by
})

// For returns the metrics that are measured for a kind and direction, in the
// order of Catalogue.
func For(kind rtc.MediaKind, dir rtc.Direction) []*Metric { return measured()[kind][dir] }

// round rounds to the metric's step; what is not a finite number is null.
func (m *Metric) round(v float64) float32 {
	if m.perStep != 0 {
		v = math.Round(v*m.perStep) / m.perStep
	} else {
		v = math.Round(v/m.Step) * m.Step
	}
	f := float32(v)
	if f-f != 0 { // NaN, infinite, or too large for a column
		return rtc.Null
	}
	return f
}
