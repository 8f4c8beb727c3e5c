package feature

import (
	"slices"
	"strings"

	"github.com/peerglass/peerglass/rtc"
)

// What the sets of others leave out and the records tell at no cost.

var ownClient = declare(Peerglass, Client,
	Declaration{Name: "records", Form: Number, Help: "Records of the session.", Source: "all records", client: func(c *client) value { return number(float64(c.records)) }},
	Declaration{Name: "polls", Form: Number, Help: "Polls of statistics.", Source: "getStats", client: func(c *client) value { return number(float64(c.polls)) }},
	Declaration{Name: "connections", Form: Number, Help: "Peer connections.", Source: "all records", client: func(c *client) value { return number(float64(c.connections)) }},
	Declaration{Name: "connectedConnections", Form: Number, Help: "Peer connections that were ever connected.", Source: "onconnectionstatechange", client: func(c *client) value { return number(float64(c.connected)) }},
	Declaration{Name: "tracksLeftOut", Form: Number, Help: "Streams beyond the 1024 of which features are kept; left out where there are none.", Source: "outbound-rtp, inbound-rtp", client: func(c *client) value { return number(float64(c.leftOut)).only(c.leftOut > 0) }},
)

var ownConnection = declare(Peerglass, Connection,
	Declaration{Name: "timeToConnected", Form: Number, Unit: milliseconds, Help: "From the making of the connection until it was connected.", Source: "create, onconnectionstatechange", connection: func(c *connection) value {
		return span(c.connectedAt - c.first).only(c.created && c.connectedAt != 0)
	}},
	Declaration{Name: "dtlsTime", Form: Number, Unit: milliseconds, Help: "From ICE connected until the connection was.", Source: "oniceconnectionstatechange, onconnectionstatechange", connection: func(c *connection) value {
		return span(c.connectedAt - c.iceConnectedAt).only(c.connectedAt != 0 && c.iceConnectedAt != 0)
	}},
	Declaration{Name: "gatheringTime", Form: Number, Unit: milliseconds, Help: "How long the first gathering of candidates took.", Source: "onicegatheringstatechange", connection: func(c *connection) value {
		return span(c.gathering.end - c.gathering.start).only(c.gathering.end != 0)
	}},
	Declaration{Name: "gatheredTypes", Form: Text, Help: "Types of the candidates gathered: host, srflx, relay.", Source: "onicecandidate", connection: func(c *connection) value { return told(c.gathered.types()) }},
	Declaration{Name: "addedTypes", Form: Text, Help: "Types of the remote end's candidates that were added.", Source: "addIceCandidate", connection: func(c *connection) value { return told(c.added.types()) }},
	Declaration{Name: "pairChanges", Form: Number, Help: "How often another candidate pair was selected, as polls saw it.", Source: "transport, candidate-pair", connection: func(c *connection) value { return number(float64(c.pairChanges)).only(c.lastPair.known) }},
	Declaration{Name: "meanRoundTripTime", Form: Number, Unit: milliseconds, Help: "The meanRtt of jitsi, not rounded.", Source: "candidate-pair currentRoundTripTime, remote-inbound-rtp roundTripTime", connection: func(c *connection) value { return number(1000 * c.rtt.value()) }},
	Declaration{Name: "codecs", Form: Text, Help: "Codecs that its streams used.", Source: "codec mimeType", connection: func(c *connection) value {
		var all []string
		for _, t := range c.tracks {
			all = append(all, t.codecs...)
		}
		slices.Sort(all)
		return told(clip(strings.Join(slices.Compact(all), " "), maxText))
	}},
	Declaration{Name: "simulcastTracks", Form: Number, Help: "Sent tracks with more than one layer.", Source: "outbound-rtp", connection: func(c *connection) value {
		layers, several := make(map[string]int), 0
		for _, t := range c.tracks {
			if t.sends && t.id != "" {
				if layers[t.id]++; layers[t.id] == 2 {
					several++
				}
			}
		}
		return number(float64(several)).only(len(c.tracks) > 0)
	}},
)

func (c *candidates) types() string {
	var all []string
	for _, t := range []struct {
		seen bool
		name string
	}{{c.host, "host"}, {c.srflx, "srflx"}, {c.relay, "relay"}} {
		if t.seen {
			all = append(all, t.name)
		}
	}
	return strings.Join(all, " ")
}

var ownTrack = declare(Peerglass, Track,
	Declaration{Name: "codecs", Form: Text, Help: "Codecs in the order of their use.", Source: "codec mimeType", track: func(t *track) value { return told(clip(strings.Join(t.codecs, " "), maxText)) }},
	Declaration{Name: "maxFramesPerSecond", Form: Number, Unit: framesPerSec, Help: "Highest frame rate that a poll saw.", Source: "framesPerSecond", track: func(t *track) value { return number(t.maxRate) }},
	Declaration{Name: "bytes", Form: Number, Unit: bytesUnit, Help: "Payload bytes sent or received.", Source: "bytesSent, bytesReceived", track: func(t *track) value { return t.either(rtc.StatBytesSent, rtc.StatBytesReceived) }},
	Declaration{Name: "retransmittedPackets", Form: Number, Unit: packets, Help: "Packets sent or received again.", Source: "retransmittedPacketsSent, retransmittedPacketsReceived", track: func(t *track) value {
		return t.either(rtc.StatRetransmittedPacketsSent, rtc.StatRetransmittedPacketsReceived)
	}},
	Declaration{Name: "scalabilityMode", Form: Text, Help: "Layers within the stream.", Source: "outbound-rtp scalabilityMode", track: func(t *track) value { return told(t.report.text(rtc.StatScalabilityMode)) }},
)
