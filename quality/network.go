package quality

import (
	"math"

	"github.com/peerglass/peerglass/rtc"
)

var Rtt = register(Metric{
	ID: "rtt", Label: "Round-trip time", Unit: rtc.UnitMilliseconds, Agg: Max, Step: 0.1, Kinds: Media | Transport, Dirs: Either,
	From: []rtc.Member{rtc.StatRoundTripTime, rtc.StatTotalRoundTripTime, rtc.StatRoundTripTimeMeasurements, rtc.StatCurrentRoundTripTime, rtc.StatResponsesReceived},
	Help: "Round-trip time measured in the interval: of a sent stream from the remote end's reports (remote-inbound-rtp), of a received one from remote-outbound-rtp where it measures any, of a transport the mean of the selected candidate pair's checks. Null where nothing was measured in the interval: a browser repeats an old currentRoundTripTime for many seconds.",
	Fn: func(w *Window) float64 {
		if w.Kind == rtc.KindTransport {
			return 1000 * w.pairRtt()
		}
		return 1000 * w.remoteRtt()
	},
})

var Jitter = register(Metric{
	ID: "jitter", Label: "Jitter", Unit: rtc.UnitMilliseconds, Agg: Max, Step: 0.1, Kinds: Media, Dirs: Either,
	From: []rtc.Member{rtc.StatJitter},
	Help: "Inter-arrival jitter (RFC 3550) at the end of the interval; for a sent stream as the remote end reported it in the interval.",
	Fn: func(w *Window) float64 {
		if w.Dir != rtc.Send {
			return 1000 * w.RTP.Now(rtc.StatJitter)
		}
		if !w.RemoteFresh {
			return math.NaN()
		}
		return 1000 * w.Remote.Now(rtc.StatJitter)
	},
})

var AvailableOutgoing = register(Metric{
	ID: "available_outgoing", Label: "Available uplink", Unit: rtc.UnitBitsPerSecond, Agg: Min, Step: 1000, Kinds: Transport, Dirs: Either,
	From: []rtc.Member{rtc.StatAvailableOutgoingBitrate},
	Help: "The browser's estimate of the bandwidth available for sending.",
	Fn:   func(w *Window) float64 { return w.Pair.Now(rtc.StatAvailableOutgoingBitrate) },
})

var AvailableIncoming = register(Metric{
	ID: "available_incoming", Label: "Available downlink", Unit: rtc.UnitBitsPerSecond, Agg: Min, Step: 1000, Kinds: Transport, Dirs: Either,
	From: []rtc.Member{rtc.StatAvailableIncomingBitrate},
	Help: "The browser's estimate of the bandwidth available for receiving, where it makes one.",
	Fn:   func(w *Window) float64 { return w.Pair.Now(rtc.StatAvailableIncomingBitrate) },
})

var Relay = register(Metric{
	ID: "relay", Label: "Relay", Unit: rtc.UnitNone, Agg: Max, Step: 1, Kinds: Transport, Dirs: Either,
	From: []rtc.Member{rtc.StatCandidateType},
	Help: "1 while a candidate of the selected pair, local or remote, is a TURN relay, else 0.",
	Fn:   func(w *Window) float64 { return w.Relay },
})

var ICERequests = register(Metric{
	ID: "ice_requests", Label: "ICE checks", Unit: rtc.UnitCount, Agg: Sum, Step: 1, Kinds: Transport, Dirs: Either,
	From: []rtc.Member{rtc.StatRequestsSent},
	Help: "Connectivity checks that were sent over the selected pair in the interval.",
	Fn:   func(w *Window) float64 { return w.Pair.Delta(rtc.StatRequestsSent) },
})

var ICEResponses = register(Metric{
	ID: "ice_responses", Label: "ICE answers", Unit: rtc.UnitCount, Agg: Sum, Step: 1, Kinds: Transport, Dirs: Either,
	From: []rtc.Member{rtc.StatResponsesReceived},
	Help: "Answers to connectivity checks over the selected pair in the interval: none to several checks means that the path is gone.",
	Fn:   func(w *Window) float64 { return w.Pair.Delta(rtc.StatResponsesReceived) },
})

var SendDiscarded = register(Metric{
	ID: "send_discarded", Label: "Packets not sent", Unit: rtc.UnitPackets, Agg: Sum, Step: 1, Kinds: Transport, Dirs: Either,
	From: []rtc.Member{rtc.StatPacketsDiscardedOnSend},
	Help: "Packets that the machine could not send over the selected pair in the interval.",
	Fn:   func(w *Window) float64 { return w.Pair.Delta(rtc.StatPacketsDiscardedOnSend) },
})

var PairChanges = register(Metric{
	ID: "pair_changes", Label: "Path changes", Unit: rtc.UnitCount, Agg: Sum, Step: 1, Kinds: Transport, Dirs: Either,
	From: []rtc.Member{rtc.StatSelectedCandidatePairChanges},
	Help: "Times that the selected candidate pair changed in the interval.",
	Fn:   func(w *Window) float64 { return w.Transport.Delta(rtc.StatSelectedCandidatePairChanges) },
})
