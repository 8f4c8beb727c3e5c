package quality

import "github.com/peerglass/peerglass/rtc"

var Bitrate = register(Metric{
	ID: "bitrate", Label: "Bit rate", Unit: rtc.UnitBitsPerSecond, Agg: Mean, Step: 100, Kinds: Media | Transport, Dirs: Either,
	From: []rtc.Member{rtc.StatBytesSent, rtc.StatBytesReceived},
	Help: "Payload bits per second over the interval; for a transport the bits that it received.",
})

var BitrateSent = register(Metric{
	ID: "bitrate_sent", Label: "Bit rate sent", Unit: rtc.UnitBitsPerSecond, Agg: Mean, Step: 100, Kinds: Transport, Dirs: Either,
	From: []rtc.Member{rtc.StatBytesSent},
	Help: "Bits per second that the transport sent.",
})

var PacketRate = register(Metric{
	ID: "packet_rate", Label: "Packet rate", Unit: rtc.UnitPacketsPerSecond, Agg: Mean, Step: 0.1, Kinds: Media, Dirs: Either,
	From: []rtc.Member{rtc.StatPacketsSent, rtc.StatPacketsReceived},
	Help: "RTP packets per second over the interval.",
})

var Packets = register(Metric{
	ID: "packets", Label: "Packets", Unit: rtc.UnitPackets, Agg: Sum, Step: 1, Kinds: Media, Dirs: Either,
	From: []rtc.Member{rtc.StatPacketsSent, rtc.StatPacketsReceived},
	Help: "RTP packets sent or received in the interval.",
})

var PacketsLost = register(Metric{
	ID: "packets_lost", Label: "Packets lost", Unit: rtc.UnitPackets, Agg: Sum, Step: 1, Kinds: Media, Dirs: Either,
	From: []rtc.Member{rtc.StatPacketsLost},
	Help: "Change of packetsLost: the receiver's own count, for a sent stream what the remote end reported. Negative when late packets arrive.",
})

var Loss = register(Metric{
	ID: "loss", Label: "Packet loss", Unit: rtc.UnitRatio, Agg: Max, Step: 0.0001, Kinds: Media, Dirs: Either,
	From: []rtc.Member{rtc.StatPacketsLost, rtc.StatFractionLost},
	Help: "Share of expected packets that were lost in the interval, not below 0; for a sent stream as the remote end saw it.",
})

var Retransmitted = register(Metric{
	ID: "retransmitted", Label: "Retransmitted", Unit: rtc.UnitRatio, Agg: Mean, Step: 0.0001, Kinds: Media, Dirs: Either,
	From: []rtc.Member{rtc.StatRetransmittedPacketsSent, rtc.StatRetransmittedPacketsReceived},
	Help: "Share of packets that were retransmissions.",
})

var Nack = register(Metric{
	ID: "nack", Label: "NACK", Unit: rtc.UnitCount, Agg: Sum, Step: 1, Kinds: Media, Dirs: Either,
	From: []rtc.Member{rtc.StatNackCount},
	Help: "Negative acknowledgements sent by a receiver or received by a sender in the interval.",
})

var Pli = register(Metric{
	ID: "pli", Label: "PLI", Unit: rtc.UnitCount, Agg: Sum, Step: 1, Kinds: Video, Dirs: Either,
	From: []rtc.Member{rtc.StatPliCount},
	Help: "Picture loss indications in the interval.",
})

var Fir = register(Metric{
	ID: "fir", Label: "FIR", Unit: rtc.UnitCount, Agg: Sum, Step: 1, Kinds: Video, Dirs: Either,
	From: []rtc.Member{rtc.StatFirCount},
	Help: "Full intra requests in the interval.",
})
