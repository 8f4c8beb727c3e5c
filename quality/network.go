package quality

import "github.com/peerglass/peerglass/rtc"

var Rtt = register(Metric{
	ID: "rtt", Label: "Round-trip time", Unit: rtc.UnitMilliseconds, Agg: Max, Step: 0.1, Kinds: Media | Transport, Dirs: Either,
	From: []rtc.Member{rtc.StatRoundTripTime, rtc.StatCurrentRoundTripTime, rtc.StatTotalRoundTripTime},
	Help: "Round-trip time: of a sent stream from the remote end's reports, of a received one from remote-outbound where present, of a transport from the selected candidate pair's checks.",
})

var Jitter = register(Metric{
	ID: "jitter", Label: "Jitter", Unit: rtc.UnitMilliseconds, Agg: Max, Step: 0.1, Kinds: Media, Dirs: Either,
	From: []rtc.Member{rtc.StatJitter},
	Help: "Inter-arrival jitter (RFC 3550); for a sent stream as the remote end reported it.",
})

var AvailableOutgoing = register(Metric{
	ID: "available_outgoing", Label: "Available uplink", Unit: rtc.UnitBitsPerSecond, Agg: Min, Step: 1000, Kinds: Transport, Dirs: Either,
	From: []rtc.Member{rtc.StatAvailableOutgoingBitrate},
	Help: "The browser's estimate of the bandwidth available for sending.",
})

var AvailableIncoming = register(Metric{
	ID: "available_incoming", Label: "Available downlink", Unit: rtc.UnitBitsPerSecond, Agg: Min, Step: 1000, Kinds: Transport, Dirs: Either,
	From: []rtc.Member{rtc.StatAvailableIncomingBitrate},
	Help: "The browser's estimate of the bandwidth available for receiving, where it makes one.",
})

var Relay = register(Metric{
	ID: "relay", Label: "Relay", Unit: rtc.UnitNone, Agg: Max, Step: 1, Kinds: Transport, Dirs: Either,
	From: []rtc.Member{rtc.StatCandidateType},
	Help: "1 while the selected candidate pair goes through a TURN relay, else 0.",
})
