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
	begun   bool
	rate    float64 // usual packets per second while they come; 0 while not known
	over    float64 // s that it is the mean of; 0 where it may lack some
	last    float64 // client's clock, ms: the last packet
	quiet   bool    // nothing came in the interval before
	excused float64 // s since the last packet in which nothing was due
	alive   bool    // other things came over the path meanwhile
	all     float64 // packets expected so far
	filled  float64 // of them estimated since the report that is kept
	told    float64 // of them added by a report, since then or then
	torn    bool    // fewer came since than usually do
	length  float64 // s up to the last packet of those that came since the one before
	came    float64 // these
	stood   float64 // client's clock, ms: the last packet before them, if nothing came for long after it; else 0
	filling bool    // what was missing between is estimated
	kept    account
	transit float64 // ms: the shortest way of a report of the sender, and how the clocks are apart
	arrived float64 // client's clock, ms: the last report; 0 for none

	// Results for the window that Derive was given last; NaN is not known.
	gone, due float64
}

// account is a report of the sender, held against what came.
type account struct {
	known   bool
	at      float64 // client's clock, ms
	sent    float64 // packets sent by then
	owed    float64 // s before the first poll that came after it
	counted float64 // packets that came by the first poll and were sent after it, if both ends count from the same one; NaN if they do not
	// Packets expected by then, at least and at most: which of an interval's
	// came before the report is not told.
	low, high float64
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
	// standstill: also a sender that leaves out silence (DTX) sends something
	// every 0.4 s.
	standstill = 1 // s
	// wellKnown: a report that is known worse than that, in packets, does not
	// take the place of one that is known better.
	wellKnown = 10
	// longestWay: what takes longer than that was dated by a clock that was put
	// right.
	longestWay = 5000 // ms
	// apart: clocks of computers run apart by as much.
	apart = 1e-4
)

func (l *missing) step(w *Window, seconds float64) {
	l.gone, l.due = math.NaN(), math.NaN()
	packets := w.packets()
	if packets != packets { // first poll or counter reset
		*l = missing{gone: l.gone, due: l.due}
		return
	}
	if !l.begun {
		l.begin(w)
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
	l.last = w.RTP.Now(rtc.StatLastPacketReceivedTimestamp)
	if !(l.last > before && l.last <= w.RTP.Time) {
		l.last = w.RTP.Time
	}
	l.length, l.came, l.filling = (l.last-before)/1000-l.excused, counted, false
	if l.stood = 0; (w.RTP.Before-before)/1000-l.excused > standstill {
		l.stood = before
	}
	switch gap := l.rate*l.length - counted; {
	case w.Kind != rtc.KindAudio: // its threshold is far higher, and its rate no measure of what was sent
	case l.rate == 0 && l.stood > 0:
		l.torn = true
	case l.rate == 0, gap < restartGap:
		rate := counted / l.length
		switch {
		case !(l.length > 0.2*seconds && rate > 0):
		case l.rate == 0:
			l.rate, l.torn = rate, true // who knows
		default:
			l.over = min(l.over+l.length, rateOver)
			l.rate += (rate - l.rate) * min(l.length/l.over, 1)
		}
	default:
		l.torn = true
		if l.quiet && !l.alive && l.length <= longestGap {
			l.filled += gap
			l.filling = true
			l.add(gap)
		}
	}
	l.quiet, l.excused, l.alive = false, 0, false
	if w.RemoteFresh {
		l.report(w)
	}
}

// begin takes what was told before the first interval.
func (l *missing) begin(w *Window) {
	l.begun = true
	l.last = w.RTP.Prev(rtc.StatLastPacketReceivedTimestamp)
	if !(l.last > 0 && l.last <= w.RTP.Before) {
		l.last = w.RTP.Before
	}
	sent := w.Remote.Prev(rtc.StatPacketsSent)
	if at := w.remoteBefore(); sent == sent && at > 0 && at <= w.RTP.Before {
		came := w.RTP.Prev(rtc.StatPacketsReceived) + zeroOf(w.RTP.Prev(rtc.StatPacketsLost), 0)
		l.kept = account{known: true, at: at, sent: sent, owed: max(l.last-at, 0) / 1000, counted: came - sent}
		if l.kept.counted < 0 {
			l.kept.counted = math.NaN() // it sent before it was heard
		}
	}
}

func (w *Window) remoteBefore() float64 {
	if w.Remote == nil {
		return 0
	}
	return w.Remote.Before
}

// wait takes an interval without packets.
func (l *missing) wait(w *Window, seconds float64) {
	if w.now(rtc.StatPacketsReceived) == 0 {
		l.last = w.RTP.Time
		return // it has not begun
	}
	l.excused += min(max(w.Off, 0), seconds)
	if l.rate == 0 {
		return
	}
	l.quiet = true
	l.alive = l.alive || !w.pathSilent()
}

// add counts packets that the browser left out.
func (l *missing) add(packets float64) {
	l.gone += packets
	l.due += packets
	l.all += packets
}

// report holds what was expected between two reports of the sender against
// what it sent. Of video it cannot: what Chromium reports as sent has the
// retransmissions in it.
func (l *missing) report(w *Window) {
	now := account{known: true, at: w.Remote.Time, sent: w.Remote.Now(rtc.StatPacketsSent)}
	age := (w.RTP.Time - now.at) / 1000
	if now.sent != now.sent || !(age > 0 && age <= w.Seconds()) {
		l.kept.known = false
		return
	}
	known := l.kept.known && now.sent >= l.kept.sent && now.at > l.kept.at
	rate, sure := l.rate, l.over > 0
	if known && !sure {
		rate = (now.sent - l.kept.sent) / (now.at - l.kept.at) * 1000
		sure = l.stood > 0 || math.Abs(l.rate-rate) < rate/10
	}
	// It came before the packets of this time: that many if those that the
	// interval lacks are not of it. If it was longer under way than others, they
	// may be of the time since it was sent.
	after := rate * max(l.last-now.at, 0) / 1000
	lacking := l.lacking(rate, now.at)
	if !sure {
		lacking = after
	}
	way := rate * l.late(w)
	now.low = l.all - after - way
	now.high = l.all - max(after-lacking, 0)
	high := now.high
	if lacking > after { // more than this time has: one outage lies before it
		high = l.all - after
	}
	if l.filled == 0 { // nothing speaks for either
		high = max(high-way/2, now.low)
	}

	added := 0.0
	if known && (l.torn || l.told > 0) && !(w.RTP.Now(rtc.StatRetransmittedPacketsReceived) > 0) {
		l.kept.settle(rate)
		sent := now.sent - l.kept.sent
		least, most := sent-(high-l.kept.low), sent-(now.low-l.kept.high)
		more := max(min(max(least, 0), most), -l.filled-l.told)
		// What was estimated is worth less than what was counted: of 600 reports
		// of calls with known damage nearly all were within 2 packets of it. A
		// report may overtake packets that a busy sender counted as sent and still
		// held: the next takes those back.
		if l.filled > 0 || more >= restartGap || more <= -restartGap {
			l.add(more)
			now.low, now.high = now.low+more, now.high+more
			added = more
		}
	}
	if !known || now.high-now.low <= wellKnown {
		l.kept, l.torn, l.filled, l.told = now, false, 0, max(added, 0)
	} else {
		l.told += added
	}
}

// lacking is how many packets the interval lacks at a rate that may be of the
// time since a report.
func (l *missing) lacking(rate, since float64) float64 {
	lacking := max(rate*l.length-l.came, 0)
	switch {
	case l.filling:
		return 0 // the path brought nothing meanwhile, no report either
	case l.stood > 0: // it was known to go on
		return max(lacking-rate*max(since-l.stood, 0)/1000, 0)
	}
	return lacking
}

// settle takes away from what was expected by a report that was told before the
// first interval what came after it.
func (a *account) settle(rate float64) {
	if a.owed == 0 {
		return
	}
	came := rate * a.owed
	a.low, a.high = a.low-came, a.high-came
	if a.counted == a.counted {
		a.low, a.high = min(a.low, -a.counted), max(a.high, -a.counted)
	}
	a.owed = 0
}

// late tells how much longer than others a report was under way, s.
func (l *missing) late(w *Window) float64 {
	transit := w.Remote.Time - w.Remote.Now(rtc.StatRemoteTimestamp)
	if transit != transit {
		return 0
	}
	least := l.transit + apart*(w.Remote.Time-l.arrived)
	if l.arrived == 0 || transit < least || transit > least+longestWay {
		least = transit
	}
	l.transit, l.arrived = least, w.Remote.Time
	return (transit - least) / 1000
}
