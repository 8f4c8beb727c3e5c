package quality

import (
	"math"

	"github.com/peerglass/peerglass/rtc"
)

var Bitrate = register(Metric{
	ID: "bitrate", Label: "Bit rate", Unit: rtc.UnitBitsPerSecond, Agg: Mean, Step: 100, Kinds: Media | Transport, Dirs: Either,
	From: []rtc.Member{rtc.StatBytesSent, rtc.StatBytesReceived},
	Help: "Payload bits per second over the interval; for a transport the bits that it received.",
	Fn: func(w *Window) float64 {
		if w.Kind == rtc.KindTransport {
			return w.transported(rtc.StatBytesReceived)
		}
		return 8 * w.rate(w.sentOr(rtc.StatBytesSent, rtc.StatBytesReceived))
	},
})

var BitrateSent = register(Metric{
	ID: "bitrate_sent", Label: "Bit rate sent", Unit: rtc.UnitBitsPerSecond, Agg: Mean, Step: 100, Kinds: Transport, Dirs: Either,
	From: []rtc.Member{rtc.StatBytesSent},
	Help: "Bits per second that the transport sent.",
	Fn:   func(w *Window) float64 { return w.transported(rtc.StatBytesSent) },
})

// transported is bits per second of a transport, from its own counter, or the
// selected pair's where browsers have no transport report (old Firefox).
func (w *Window) transported(bytes rtc.Member) float64 {
	if v := 8 * w.Transport.Delta(bytes) / w.Transport.Seconds(); v == v {
		return v
	}
	return 8 * w.Pair.Delta(bytes) / w.Pair.Seconds()
}

var PacketRate = register(Metric{
	ID: "packet_rate", Label: "Packet rate", Unit: rtc.UnitPacketsPerSecond, Agg: Mean, Step: 0.1, Kinds: Media, Dirs: Either,
	From: []rtc.Member{rtc.StatPacketsSent, rtc.StatPacketsReceived},
	Help: "RTP packets per second over the interval.",
	Fn:   func(w *Window) float64 { return w.packets() / w.Seconds() },
})

var Packets = register(Metric{
	ID: "packets", Label: "Packets", Unit: rtc.UnitPackets, Agg: Sum, Step: 1, Kinds: Media, Dirs: Either,
	From: []rtc.Member{rtc.StatPacketsSent, rtc.StatPacketsReceived},
	Help: "RTP packets sent or received in the interval.",
	Fn:   (*Window).packets,
})

func (w *Window) packets() float64 {
	return w.delta(w.sentOr(rtc.StatPacketsSent, rtc.StatPacketsReceived))
}

var PacketsLost = register(Metric{
	ID: "packets_lost", Label: "Packets lost", Unit: rtc.UnitPackets, Agg: Sum, Step: 1, Kinds: Media, Dirs: Either,
	From: []rtc.Member{rtc.StatPacketsLost},
	Help: "Change of packetsLost: the receiver's own count, for a sent stream what the remote end reported (null where it did not report in the interval). Negative when late packets arrive.",
	Fn:   (*Window).lost,
})

func (w *Window) lost() float64 {
	if w.Dir != rtc.Send {
		return w.RTP.Change(rtc.StatPacketsLost)
	}
	if !w.RemoteFresh {
		return math.NaN()
	}
	return w.Remote.Change(rtc.StatPacketsLost)
}

var Loss = register(Metric{
	ID: "loss", Label: "Packet loss", Unit: rtc.UnitRatio, Agg: Max, Step: 0.0001, Kinds: Media, Dirs: Either,
	From: []rtc.Member{rtc.StatPacketsLost, rtc.StatFractionLost, rtc.StatPacketsReceived, rtc.StatRetransmittedPacketsReceived},
	Help: "Share of expected packets that were lost in the interval, not below 0. Of a received stream packets_missing / packets_expected: that of an outage is told when packets come again; over a longer time it is the ratio of their sums, in which packets that came late are taken back. Of a sent one the fractionLost of the remote end's last report, or its packetsLost over the packets sent between its reports; null where it did not report in the interval.",
	Fn: func(w *Window) float64 {
		switch {
		case w.Dir != rtc.Send:
			missing, expected := w.missing()
			return share(missing, expected)
		case !w.RemoteFresh:
			return math.NaN()
		}
		if f := w.Remote.Now(rtc.StatFractionLost); f == f {
			return min(max(f, 0), 1)
		}
		return share(w.lost(), w.SentMeanwhile)
	},
})

var PacketsMissing = register(Metric{
	ID: "packets_missing", Label: "Packets missing", Unit: rtc.UnitPackets, Agg: Sum, Step: 0.1, Kinds: Media, Dirs: Received,
	From: []rtc.Member{rtc.StatPacketsLost, rtc.StatPacketsReceived, rtc.StatPacketsSent, rtc.StatRemoteTimestamp, rtc.StatLastPacketReceivedTimestamp, rtc.StatRetransmittedPacketsReceived, rtc.StatBytesReceived},
	Help: "Packets that were sent and did not come: packets_lost and, of audio, what it leaves out. Chromium takes 50 packets and more that are missing in a row for a new beginning of the stream and counts none; they are estimated from the usual packet rate when packets come again, if the path was silent meanwhile, and set right by the sender's reports, which also tell of them before a usual rate is known. Null while none come; negative when late packets arrive or too many were estimated.",
	Fn: func(w *Window) float64 {
		missing, _ := w.missing()
		return missing
	},
})

var PacketsExpected = register(Metric{
	ID: "packets_expected", Label: "Packets expected", Unit: rtc.UnitPackets, Agg: Sum, Step: 0.1, Kinds: Media, Dirs: Received,
	From: []rtc.Member{rtc.StatPacketsLost, rtc.StatPacketsReceived, rtc.StatRetransmittedPacketsReceived},
	Help: "Packets received for the first time, retransmissions left out, and packets_missing.",
	Fn: func(w *Window) float64 {
		_, expected := w.missing()
		return expected
	},
})

// missing returns the packets that did not come and those that were due.
func (w *Window) missing() (missing, expected float64) {
	if w.Memory != nil {
		return w.Memory.gone.gone, w.Memory.gone.due
	}
	lost := w.lost()
	return lost, lost + w.first()
}

// first counts the packets that arrived and were sent for the first time.
// Chromium's packetsReceived includes retransmissions, and its packetsLost is
// not lowered by them: in calls with known damage (docs/fidelity.md) the loss of
// video was 3 points of 17 too low with them.
func (w *Window) first() float64 {
	return w.packets() - zeroOf(w.delta(rtc.StatRetransmittedPacketsReceived), 0)
}

// share is part/whole held between 0 and 1: late and repeated packets can
// make a loss negative, or greater than what was expected.
func share(part, whole float64) float64 { return min(max(ratio(part, whole), 0), 1) }

var PacketsDiscarded = register(Metric{
	ID: "packets_discarded", Label: "Packets discarded", Unit: rtc.UnitPackets, Agg: Sum, Step: 1, Kinds: Media, Dirs: Received,
	From: []rtc.Member{rtc.StatPacketsDiscarded},
	Help: "Packets that arrived too late or too early to be played.",
	Fn:   func(w *Window) float64 { return w.delta(rtc.StatPacketsDiscarded) },
})

var Retransmitted = register(Metric{
	ID: "retransmitted", Label: "Retransmitted", Unit: rtc.UnitRatio, Agg: Mean, Step: 0.0001, Kinds: Media, Dirs: Either,
	From: []rtc.Member{rtc.StatRetransmittedPacketsSent, rtc.StatRetransmittedPacketsReceived},
	Help: "Share of packets that were retransmissions.",
	Fn: func(w *Window) float64 {
		return share(w.delta(w.sentOr(rtc.StatRetransmittedPacketsSent, rtc.StatRetransmittedPacketsReceived)), w.packets())
	},
})

var Nack = register(Metric{
	ID: "nack", Label: "NACK", Unit: rtc.UnitCount, Agg: Sum, Step: 1, Kinds: Media, Dirs: Either,
	From: []rtc.Member{rtc.StatNackCount},
	Help: "Negative acknowledgements sent by a receiver or received by a sender in the interval. Through an SFU they do not tell whose network lost the packets.",
	Fn:   func(w *Window) float64 { return w.delta(rtc.StatNackCount) },
})

var Pli = register(Metric{
	ID: "pli", Label: "PLI", Unit: rtc.UnitCount, Agg: Sum, Step: 1, Kinds: Video, Dirs: Either,
	From: []rtc.Member{rtc.StatPliCount},
	Help: "Picture loss indications in the interval.",
	Fn:   func(w *Window) float64 { return w.delta(rtc.StatPliCount) },
})

var Fir = register(Metric{
	ID: "fir", Label: "FIR", Unit: rtc.UnitCount, Agg: Sum, Step: 1, Kinds: Video, Dirs: Either,
	From: []rtc.Member{rtc.StatFirCount},
	Help: "Full intra requests in the interval.",
	Fn:   func(w *Window) float64 { return w.delta(rtc.StatFirCount) },
})

var RemotePackets = register(Metric{
	ID: "remote_packets", Label: "Packets sent to us", Unit: rtc.UnitPackets, Agg: Sum, Step: 1, Kinds: Media, Dirs: Received,
	From: []rtc.Member{rtc.StatPacketsSent},
	Help: "Packets that the sender had sent more by its report of this interval than by the one before; null where it did not report. Through an SFU the sender is the SFU.",
	Fn: func(w *Window) float64 {
		if !w.RemoteFresh {
			return math.NaN()
		}
		return w.Remote.Delta(rtc.StatPacketsSent)
	},
})

var Fec = register(Metric{
	ID: "fec", Label: "Error correction", Unit: rtc.UnitRatio, Agg: Mean, Step: 0.0001, Kinds: Media, Dirs: Received,
	From: []rtc.Member{rtc.StatFecPacketsReceived, rtc.StatPacketsReceived},
	Help: "Share of received packets that carried error correction.",
	Fn:   func(w *Window) float64 { return share(w.delta(rtc.StatFecPacketsReceived), w.packets()) },
})

var Active = register(Metric{
	ID: "active", Label: "Active", Unit: rtc.UnitNone, Agg: Min, Step: 1, Kinds: Media, Dirs: Sent,
	From: []rtc.Member{rtc.StatActive},
	Help: "1 while the encoding is switched on, 0 while the application or the SFU has switched this layer off.",
	Fn:   func(w *Window) float64 { return w.RTP.Now(rtc.StatActive) },
})

var TargetBitrate = register(Metric{
	ID: "target_bitrate", Label: "Target bit rate", Unit: rtc.UnitBitsPerSecond, Agg: Mean, Step: 100, Kinds: Media, Dirs: Sent,
	From: []rtc.Member{rtc.StatTargetBitrate},
	Help: "What the encoder was asked for.",
	Fn:   func(w *Window) float64 { return w.RTP.Now(rtc.StatTargetBitrate) },
})

var SendDelay = register(Metric{
	ID: "send_delay", Label: "Send delay", Unit: rtc.UnitMilliseconds, Agg: Max, Step: 0.1, Kinds: Media, Dirs: Sent,
	From: []rtc.Member{rtc.StatTotalPacketSendDelay, rtc.StatPacketsSent},
	Help: "Mean time that a packet of the interval waited in the pacer before it was sent.",
	Fn: func(w *Window) float64 {
		return 1000 * w.mean(rtc.StatTotalPacketSendDelay, rtc.StatPacketsSent)
	},
})
