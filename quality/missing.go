package quality

import (
	"math"

	"github.com/peerglass/peerglass/rtc"
)

// missing is what is known of the packets of a received stream that its sender
// sent and that never came, where the browser's own count is blind.
//
// libwebrtc counts what lies between two sequence numbers as lost, unless that
// is more than its reordering threshold, 50 for audio: then it takes the jump
// for a new beginning and counts none of it (StreamStatisticianImpl,
// UpdateOutOfOrder). After an outage of a second packetsLost is what it was
// before, and the receiver's counters are those of a sender that paused. Where
// the path was silent too it was an outage, in which the usual number of
// packets went missing; how many they were indeed, and whether there were any
// where the path was not silent, the sender's next report tells.
type missing struct {
	rate    float64 // usual packets per second while they come; 0 while not known
	over    float64 // s that it is the mean of
	last    float64 // client's clock, ms: the last packet
	quiet   bool    // nothing came in the interval before
	excused float64 // s since the last packet in which nothing was due
	alive   bool    // other things came over the path meanwhile
	all     float64 // packets expected so far
	filled  float64 // of them estimated since the sender's last report
	told    float64 // of them added by that report itself
	torn    bool    // fewer came since than usually do
	known   bool    // the sender reported:
	sent    float64 // packets sent by then
	until   float64 // packets expected by then

	// Results for the window that Derive was given last; NaN is not known.
	gone, due float64
}

const (
	// restartGap is the jump that libwebrtc takes for a new beginning, less what
	// an estimate by the packet rate may be too low.
	restartGap = 45
	// rateOver: of a second alone a rate is off by two packets of fifty.
	rateOver = 5 // s
	// longestGap: consent to send over a path expires after 30 s (RFC 7675
	// §5.1); after twice that the usual rate says nothing.
	longestGap = 60 // s
)

func (l *missing) step(w *Window, seconds float64) {
	l.gone, l.due = math.NaN(), math.NaN()
	packets := w.packets()
	if packets != packets { // first poll or counter reset
		*l = missing{gone: l.gone, due: l.due}
		return
	}
	first, lost := max(w.first(), 0), w.lost()
	counted := first + zeroOf(lost, 0)
	if first == 0 {
		l.wait(w, seconds)
		if counted != 0 || !l.quiet {
			l.gone, l.due = lost, max(lost, 0)
			l.all += counted
		}
		return
	}
	l.gone, l.due = lost, max(first+lost, 0)
	l.all += counted
	before := l.last
	if before == 0 {
		before = w.RTP.Before
	}
	l.last = w.RTP.Now(rtc.StatLastPacketReceivedTimestamp)
	if !(l.last > before && l.last <= w.RTP.Time) {
		l.last = w.RTP.Time
	}
	length := (l.last-before)/1000 - l.excused
	switch gap := l.rate*length - counted; {
	case w.Kind != rtc.KindAudio: // its threshold is far higher, and its rate no measure of what was sent
	case l.rate == 0, gap < restartGap:
		if rate := counted / length; length > 0.2*seconds && rate > 0 {
			l.over = min(l.over+length, rateOver)
			l.rate += (rate - l.rate) * min(length/l.over, 1)
		}
	default:
		l.torn = true
		if l.quiet && !l.alive && length <= longestGap {
			l.add(gap)
		}
	}
	l.quiet, l.excused, l.alive = false, 0, false
	if w.RemoteFresh {
		l.report(w)
	}
}

// wait takes an interval without packets.
func (l *missing) wait(w *Window, seconds float64) {
	if l.rate == 0 {
		return // it has not begun
	}
	l.quiet = true
	l.excused += min(max(w.Off, 0), seconds)
	l.alive = l.alive || !w.pathSilent()
}

// add counts packets that the browser left out.
func (l *missing) add(packets float64) {
	l.filled += packets
	l.gone += packets
	l.due += packets
	l.all += packets
}

// report holds what was expected between two reports of the sender against
// what it sent. Of video it cannot: what Chromium reports as sent has the
// retransmissions in it.
func (l *missing) report(w *Window) {
	sent := w.Remote.Now(rtc.StatPacketsSent)
	age := (w.RTP.Time - w.Remote.Time) / 1000
	if sent != sent || !(age > 0 && age <= w.Seconds()) {
		l.known = false
		return
	}
	until := l.all - l.rate*max(l.last-w.Remote.Time, 0)/1000 // it came before the packets of this time
	added := 0.0
	if l.known && (l.torn || l.told > 0) && sent >= l.sent && !(w.RTP.Now(rtc.StatRetransmittedPacketsReceived) > 0) {
		more := max((sent-l.sent)-(until-l.until), -l.filled-l.told)
		// What was estimated is worth less than what was counted: of 600 reports
		// of calls with known damage nearly all were within 2 packets of it. A
		// report may overtake packets that a busy sender counted as sent and still
		// held: the next takes those back.
		if l.filled > 0 || more >= restartGap || more <= -restartGap {
			l.add(more)
			until += more
			added = max(more, 0)
		}
	}
	l.known, l.sent, l.until = true, sent, until
	l.torn, l.filled, l.told = false, 0, added
}
