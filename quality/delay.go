package quality

import (
	"math"

	"github.com/peerglass/peerglass/rtc"
)

// Way is what is known of the way from capture to playout, in s; NaN is not
// known.
type Way struct {
	Playout float64 // receiver's clock less estimatedPlayoutTimestamp, which is the sender's
	Offset  float64 // receiver's clock less the sender's, plus a report's time on the network
	RTT     float64 // round trip of the receiver's path
	Buffer  float64 // in the jitter buffer and, of video, in the decoder
	Device  float64 // in the playout device; 0 where there is none
}

// OneWay is the delay from capture to playout, in s; NaN where it is not
// known.
//
// A receiver knows by the sender's reports (RFC 3550, 6.4.1) when, on the
// sender's clock, what it plays was captured (W3C estimatedPlayoutTimestamp).
// The same reports say, with their arrival, how far the clocks are apart plus
// the report's time on the network; half the round trip stands for that time:
//
//	delay = (now − estimatedPlayoutTimestamp) − (arrival − remoteTimestamp) + RTT/2
//
// Without those it is the sum of the parts that are known: RTT/2 + buffer +
// device. Through a forwarding unit (SFU) the round trip is that to the unit:
// add half the sender's.
func OneWay(w Way) float64 {
	if d := w.Playout - w.Offset + w.RTT/2; d >= 0 && d < longestDelay {
		return d
	}
	return w.RTT/2 + w.Buffer + zeroOf(w.Device, 0)
}

// longestDelay is where a clock has jumped rather than a call lagged, in s.
const longestDelay = 30

// ntpEpoch is 1970 in ms since 1900: Chromium's estimatedPlayoutTimestamp
// counts from there, against the standard's wording.
const ntpEpoch = 2_208_988_800_000

// way is what the delay of a received stream needs between polls.
type way struct {
	rtt      float64 // the last that was measured, s
	age      float64 // since then, s
	measured bool    // rtt; 0 is what a fast network has
	offset   float64 // clocks, s: the least of late, so that reports that queued do not count
	known    bool    // offset
	reports  int     // of the sender that are still to come before its clock is believed

	delay  float64 // of the last window, s
	behind float64 // receiver's clock less estimatedPlayoutTimestamp, s, if that is believed
}

const (
	// rttLasts: ICE asks every 2.5 to 5 s, and after some missing answers the
	// last one says nothing any more.
	rttLasts = 30 // s
	// offsetCreep lets the least offset follow clocks that run apart.
	offsetCreep = 2e-4 // s per s; clocks of computers are right to 1e-4
	// After an outage of audio its sender's media clock may have stood still
	// too: two reports tell how it goes on (Chromium was seen 3 s off until the
	// second). That of video is the time of capture.
	reportsAfterStandstill = 2
)

// step follows a window; stood tells that its media clock may have stood still.
func (p *way) step(w *Window, seconds float64, stood bool) {
	p.age += seconds
	if rtt := w.pairRtt(); rtt == rtt {
		p.rtt, p.age, p.measured = rtt, 0, true
	} else if rtt := w.remoteRtt(); rtt == rtt {
		p.rtt, p.age, p.measured = rtt, 0, true
	}
	rtt := math.NaN()
	if p.measured && p.age <= rttLasts {
		rtt = p.rtt
	}
	// A report without an arrival of its own is dated by the poll, too late.
	if w.RemoteFresh && w.Remote.Time < w.RTP.Time {
		if apart := (w.Remote.Time - w.Remote.Now(rtc.StatRemoteTimestamp)) / 1000; apart == apart {
			apart -= zeroOf(rtt, 0) / 2
			if !p.known || apart < p.offset || apart > p.offset+1 {
				p.offset = apart
			}
			p.known = true
			p.reports = max(p.reports-1, 0)
		}
	}
	p.offset += offsetCreep * seconds
	if stood {
		p.reports = reportsAfterStandstill
	}
	if w.packets() == 0 || w.emitted() == 0 {
		return // what is not played has no delay
	}
	now := Way{Playout: math.NaN(), Offset: math.NaN(), RTT: rtt, Buffer: w.buffer(), Device: w.device()}
	if ept := w.RTP.Now(rtc.StatEstimatedPlayoutTimestamp); ept == ept && ept > 0 && p.known && p.reports == 0 {
		if ept > ntpEpoch {
			ept -= ntpEpoch
		}
		p.behind = (w.RTP.Time - ept) / 1000
		now.Playout = p.behind
		now.Offset = p.offset + zeroOf(rtt, 0)/2
		if p.behind < p.offset {
			p.behind = math.NaN() // nothing is played before it was captured
		}
	}
	p.delay = OneWay(now)
}

// pairRtt is the mean of the round trips that the selected pair measured in
// the interval, s.
func (w *Window) pairRtt() float64 {
	answered := w.Pair.Delta(rtc.StatResponsesReceived)
	if mean := ratio(w.Pair.Delta(rtc.StatTotalRoundTripTime), answered); mean == mean {
		return mean
	}
	if answered == 0 {
		return math.NaN() // a browser repeats an old currentRoundTripTime
	}
	return w.Pair.Now(rtc.StatCurrentRoundTripTime)
}

// remoteRtt is the round trip that the remote end's report of the interval
// told, s.
func (w *Window) remoteRtt() float64 {
	if !w.RemoteFresh {
		return math.NaN()
	}
	if mean := ratio(w.Remote.Delta(rtc.StatTotalRoundTripTime), w.Remote.Delta(rtc.StatRoundTripTimeMeasurements)); mean == mean {
		return mean
	}
	if w.Remote.Now(rtc.StatRoundTripTimeMeasurements) == 0 {
		return math.NaN() // Chrome says 0 ms until it has measured one
	}
	return w.Remote.Now(rtc.StatRoundTripTime)
}

// emitted counts what left the jitter buffer in the interval.
func (w *Window) emitted() float64 { return w.delta(rtc.StatJitterBufferEmittedCount) }

// buffer is the mean time in the jitter buffer and, of video, the decoder.
func (w *Window) buffer() float64 {
	if w.Kind != rtc.KindAudio {
		if v := w.mean(rtc.StatTotalProcessingDelay, rtc.StatFramesDecoded); v == v {
			return v
		}
	}
	return w.mean(rtc.StatJitterBufferDelay, rtc.StatJitterBufferEmittedCount)
}

// device is the mean time in the playout device.
func (w *Window) device() float64 {
	return ratio(w.Playout.Delta(rtc.StatTotalPlayoutDelay), w.Playout.Delta(rtc.StatTotalSamplesCount))
}

// Behind is by how much what the stream plays was captured before, by the
// clocks of both ends, in s; NaN where it is not known. Two streams of one
// sender are apart by the difference.
func (m *Memory) Behind() float64 { return m.delay.behind }

var delayMembers = []rtc.Member{
	rtc.StatEstimatedPlayoutTimestamp, rtc.StatRemoteTimestamp,
	rtc.StatTotalRoundTripTime, rtc.StatResponsesReceived, rtc.StatCurrentRoundTripTime, rtc.StatRoundTripTime, rtc.StatRoundTripTimeMeasurements,
	rtc.StatJitterBufferDelay, rtc.StatJitterBufferEmittedCount, rtc.StatTotalProcessingDelay, rtc.StatFramesDecoded,
	rtc.StatTotalPlayoutDelay, rtc.StatTotalSamplesCount, rtc.StatPacketsReceived,
}

var Delay = register(Metric{
	ID: "delay", Label: "Delay", Unit: rtc.UnitMilliseconds, Agg: Max, Step: 1, Kinds: Media, Dirs: Received,
	From: delayMembers,
	Help: "One-way delay from capture to playout, estimated: by estimatedPlayoutTimestamp, the clocks brought together by the sender's reports (arrival less remoteTimestamp), plus half the path's round trip; else half the round trip plus the time in the jitter buffer (video: processing) and the playout device. The last measured round trip stands for at most 30 s. Through an SFU the sender's half of the way may be missing.",
	Fn: func(w *Window) float64 {
		if w.Memory == nil {
			return math.NaN()
		}
		return 1000 * w.Memory.delay.delay
	},
})

var LagTime = register(Metric{
	ID: "lag_time", Label: "Lag", Unit: rtc.UnitMilliseconds, Agg: Sum, Step: 1, Kinds: Media, Dirs: Received,
	From: delayMembers,
	Help: "Time of the interval with a delay above 400 ms: all of it or nothing, as the delay is the interval's.",
	Fn: func(w *Window) float64 {
		if w.Memory == nil {
			return math.NaN()
		}
		switch d := w.Memory.delay.delay; {
		case d != d:
			return d
		case d > w.threshold(func(t *Thresholds) float64 { return t.Lag }):
			return 1000 * w.Seconds()
		}
		return 0
	},
})

var AVOffset = register(Metric{
	ID: "av_offset", Label: "Audio ahead of video", Unit: rtc.UnitMilliseconds, Agg: Mean, Step: 1, Kinds: Video, Dirs: Received,
	From: []rtc.Member{rtc.StatEstimatedPlayoutTimestamp, rtc.StatRemoteTimestamp},
	Help: "By how much the audio that is played was captured later than the picture that is shown: the difference of the estimatedPlayoutTimestamp of the two streams of one sender. Negative where the audio is behind.",
	Fn: func(w *Window) float64 {
		if w.Memory == nil {
			return math.NaN()
		}
		return 1000 * (w.Memory.delay.behind - w.AudioBehind)
	},
})
