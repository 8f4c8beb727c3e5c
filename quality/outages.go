package quality

import (
	"math"

	"github.com/peerglass/peerglass/rtc"
)

// outages is what is known of the missing audio of a received stream between
// polls.
type outages struct {
	begun   bool
	going   float64 // s of concealment that had not ended at the last poll
	charged float64 // s of it that were counted
	excused float64 // s of it in which nothing was due
	ended   float64 // s of the last one, if it seemed to end in the interval before
	usual   float64 // usual length of a short concealment, s; 0 while not known
	unsent  float64 // s for which no packet came over a path that works
}

// stepAudio estimates the stutter of an interval.
//
// Browsers count the samples made up to hide missing audio, also those that
// are silent by then (W3C concealedSamples includes silentConcealedSamples),
// and how many stretches of them began (concealmentEvents). One stretch is
// known exactly, also over several polls: it goes on where packets stand still.
// Several are told apart as shortTail says.
func (m *Memory) stepAudio(w *Window, seconds float64) {
	o := &m.audio
	packets := w.packets()
	if packets != packets { // first poll or counter reset
		*o = outages{begun: w.RTP.Now(rtc.StatPacketsReceived) > 0}
		return
	}
	if !o.begun {
		if o.begun = w.RTP.Now(rtc.StatPacketsReceived) > 0; !o.begun {
			m.stutter, m.playing, m.basis = 0, 0, BasisStandstill
			return
		}
	}
	threshold := w.threshold(func(t *Thresholds) float64 { return t.AudioStutter })
	off := min(max(w.Off, 0), seconds)
	played := w.delta(rtc.StatTotalSamplesReceived)
	silent := w.delta(rtc.StatSilentConcealedSamples)
	concealed := w.delta(rtc.StatConcealedSamples)
	events := w.delta(rtc.StatConcealmentEvents)
	playing := seconds - off
	if played == 0 {
		playing = 0 // nobody listens: the browser takes nothing out of the buffer
	} else if d := w.delta(rtc.StatTotalSamplesDuration); d == d {
		playing = min(playing, d) // it slept, or somebody began to listen
	}

	excused := off
	if packets == 0 && w.pathAlive() {
		o.unsent += seconds
		if over := o.unsent - w.threshold(func(t *Thresholds) float64 { return t.Unsent }); over > 0 {
			excused = max(excused, min(over, seconds))
		}
	} else {
		o.unsent = 0
	}

	if events == 0 && concealed > 0 && o.going == 0 {
		// None began: the last one had not ended.
		if o.going = o.ended; o.going >= threshold {
			o.charged = o.going
		}
	}
	before := *o
	o.ended = 0
	var long float64 // s of outages that ended
	var same bool    // the outage that goes on is the one before
	basis := BasisMoments
	if concealed == concealed && played == played {
		rate := w.sampleRate(played, seconds)
		long, same = o.concealments(w, runs{events, concealed / rate, zeroOf(silent, 0) / rate}, seconds, threshold)
		if n, d := w.delta(rtc.StatInterruptionCount), w.delta(rtc.StatTotalInterruptionDuration); n == n && d == d && o.going == 0 {
			// Interruptions of 150 ms and more, counted when they end.
			basis, long = BasisFreezes, exponentialTail(max(n, 1), d, min(shortestInterruption, d/max(n, 1)), threshold)
		}
	} else {
		basis = BasisStandstill
		if same = packets == 0; same {
			o.going += seconds
		} else if o.going, long = 0, ifLong(before.going, threshold); long == 0 {
			long = math.NaN() // packets came, all of them or not
		}
	}
	if m.late(seconds) && max(o.going, long) > 0.8*seconds {
		excused = max(excused, min(max(o.going, long), seconds))
	}
	playing = max(min(playing, seconds-excused), 0)

	counted := 0.0
	if same {
		o.excused += excused
	} else {
		if x := before.excused + excused; x > 0 {
			long = ifLong(long-x, threshold)
		}
		if counted = max(long-before.charged, 0); long != long {
			basis = BasisUnknown
		}
		o.charged, o.excused = 0, 0
	}
	if going := o.going - o.excused; going >= threshold {
		counted += max(going-o.charged, 0)
		o.charged = going
	}

	// Gaps of the playout device are heard too; they come on top.
	if n, d := w.Playout.Delta(rtc.StatSynthesizedSamplesEvents), w.Playout.Delta(rtc.StatSynthesizedSamplesDuration); n == n && d > 0 {
		counted += exponentialTail(max(n, 1), d, min(0.01, d/max(n, 1)), threshold)
	}
	m.stutter, m.playing, m.basis = min(counted, before.going+seconds), playing, basis
	m.exactly(w, rtc.StatPeerglassAudioStutterDuration, threshold)
}

// shortestInterruption is what libwebrtc counts as one, in s.
const shortestInterruption = 0.15

// sampleRate is how many samples a second are played; what is played at
// another speed or by another clock shows in the ratio of the two counters.
func (w *Window) sampleRate(played, seconds float64) float64 {
	if rate := ratio(played, w.delta(rtc.StatTotalSamplesDuration)); rate >= 8000 && rate <= 192_000 {
		return rate
	}
	if rate := played / seconds; rate >= 8000 && rate <= 192_000 {
		return rate
	}
	return 48_000
}

// runs are the concealments of an interval: how many began, how long they were
// together and what of it was silent, in s.
type runs struct{ began, length, silent float64 }

// concealments brings the outage that goes on up to date. It returns the
// length of those that ended and were long, and whether the one that goes on
// is the one before.
func (o *outages) concealments(w *Window, r runs, seconds, threshold float64) (ended float64, same bool) {
	if r.length == 0 {
		ended, o.going = ifLong(o.going, threshold), 0
		return ended, false
	}
	// What of the concealment reaches to the poll: the time without packets
	// less what the jitter buffer held.
	tail := 0.0
	if age := (w.RTP.Time - w.RTP.Now(rtc.StatLastPacketReceivedTimestamp)) / 1000; age == age {
		tail = min(max(age-w.held(), 0), r.length)
	} else if w.packets() == 0 || r.length > 0.95*seconds {
		tail = r.length
	}
	count := zeroOf(r.began, 0)
	if o.going > 0 || count == 0 {
		count++ // the one that went on
	}
	before := o.going
	total := before + r.length
	switch {
	case count <= 1:
		if tail > 0.01 {
			o.going = total
			return 0, true
		}
		o.going, o.ended = 0, total
		if total < threshold {
			o.learn(total)
		}
		return ifLong(total, threshold), false
	case tail > 0.01:
		o.going = tail
		total, count = total-tail, count-1
	default:
		o.going, o.ended = 0, min(total/count, threshold/2)
	}
	long := o.shortTail(count, total, before, r.silent, threshold)
	if long == 0 {
		o.learn(total / count)
	}
	return long, false
}

// held is for how long the jitter buffer can play once packets stop, s.
func (w *Window) held() float64 {
	held := w.mean(rtc.StatJitterBufferDelay, rtc.StatJitterBufferEmittedCount)
	return zeroOf(held, 0.04) + 0.02 // a packet's audio
}

// learn keeps the usual length of a short concealment. One interval may have
// had a single odd one.
func (o *outages) learn(length float64) {
	usual := o.typical()
	o.usual = usual + 0.3*(length-usual)
}

func (o *outages) typical() float64 {
	if o.usual == 0 {
		return usualConcealment
	}
	return o.usual
}

// shortTail estimates the time of those among count concealments that are at
// least least long, one of which had lasted for before s.
//
// A concealment that goes silent has faded out first, which takes some tenths
// of a second: then one is long, and the others are as short as usual. Without
// silence nothing tells how two or three share the time, which may be pieces of
// one stall: what is said is the mean over all ways to share it. More are taken
// as one long among usual ones, and many, as steady loss makes them, as spread
// exponentially.
func (o *outages) shortTail(count, total, before, silent, least float64) float64 {
	if total-(count-1)*shortestConcealment < least {
		return 0
	}
	dominant := ifLong(total-(count-1)*min(o.typical(), total/count), least)
	if silent > 0 {
		if count > 3 { // the others may be longer than usual
			dominant = ifLong(min(dominant, before+3*silent+longestFade), least)
		}
		return max(dominant, ifLong(min(silent, total), least))
	}
	if count <= 3 {
		return brokenTail(count, total, shortestConcealment, least)
	}
	spread := exponentialTail(count, total, min(shortestConcealment, total/count), least)
	share := math.Min((count-3)/5, 1)
	return (1-share)*dominant + share*spread
}

// brokenTail is what those among count lengths that are at least least long have
// of their sum, which is longer than that even if the others are shortest, in
// the mean, if every way to share it is as likely as another.
func brokenTail(count, sum, shortest, least float64) float64 {
	if shortest >= least || count <= 1 {
		return sum
	}
	// A length's share of what is above shortest has the density
	// (n-1)(1-x)^(n-2).
	rest := sum - count*shortest
	from := (least - shortest) / rest
	return math.Pow(1-from, count-1) * (count*shortest + rest*(1+(count-1)*from))
}

const (
	shortestConcealment = 0.01 // s: NetEQ works in steps of 10 ms
	usualConcealment    = 0.03 // s: a packet lost and the cross-fade
	longestFade         = 0.45 // s until what is made up is silent; seen of a tone in Chromium, less of speech
)
