package feature

import (
	"encoding/json"
	"math"
	"slices"

	"github.com/peerglass/peerglass/rtc"
)

// The set of rtcstats/rtcstats, packages/rtcstats-features, read at 406aeae. An
// rtcstats percentage is a ratio from 0 to 1, and that stays so.

var rtcstatsClient = declare(RTCStats, Client,
	Declaration{Name: "startTime", Form: Time, Help: "Time of the first record that belongs to no connection.", Source: "first record", client: func(c *client) value { return when(c.first) }},
	Declaration{Name: "duration", Form: Number, Unit: milliseconds, Help: "From that record to the last of its kind.", Source: "first and last record", client: func(c *client) value { return span(c.last - c.first).only(c.first != 0) }},
	Declaration{Name: "userAgent", Form: Text, Help: "The browser's User-Agent.", Source: "create, request", client: func(c *client) value { return told(c.agent) }},
	Declaration{Name: "userAgentData", Form: JSON, Help: "navigator.userAgentData.", Source: "create", client: func(c *client) value { return raw(c.device.UserAgentData) }},
	Declaration{Name: "operatingSystem", Form: Text, Help: "navigator.userAgentData.platform; only browsers made from Chromium have it.", Source: "create", client: func(c *client) value {
		var v struct{ Platform string }
		if json.Unmarshal(c.device.UserAgentData, &v) != nil {
			return value{}
		}
		return told(clip(v.Platform, 256))
	}},
	deviceNumber("hardwareConcurrency", "Processors that the browser may use.", func(d *device) *float64 { return d.HardwareConcurrency }),
	deviceNumber("deviceMemory", "GiB of memory, as coarse as the browser tells.", func(d *device) *float64 { return d.DeviceMemory }),
	deviceNumber("cpuPerformance", "Class of the processor, as the browser tells.", func(d *device) *float64 { return d.CPUPerformance }),
	deviceNumber("reloadCount", "How often the page had been loaded anew.", func(d *device) *float64 { return d.ReloadCount }),
	Declaration{Name: "screen", Form: JSON, Help: "Size of the screen.", Source: "create", client: func(c *client) value { return raw(c.device.Screen) }},
	Declaration{Name: "window", Form: JSON, Help: "Size of the window.", Source: "create", client: func(c *client) value { return raw(c.device.Window) }},
	Declaration{Name: "calledGetUserMedia", Form: Flag, Help: "Whether getUserMedia was called.", Source: "getUserMedia", client: func(c *client) value { return truth(c.asked) }},
	Declaration{Name: "calledGetUserMediaAudio", Form: Flag, Help: "Whether it was called for audio.", Source: "getUserMedia", client: func(c *client) value { return truth(c.askedAudio) }},
	Declaration{Name: "calledGetUserMediaVideo", Form: Flag, Help: "Whether it was called for video.", Source: "getUserMedia", client: func(c *client) value { return truth(c.askedVideo) }},
	Declaration{Name: "calledGetUserMediaCombined", Form: Flag, Help: "Whether one call asked for both.", Source: "getUserMedia", client: func(c *client) value { return truth(c.askedBoth) }},
	Declaration{Name: "getUserMediaError", Form: Text, Help: "Error of the first getUserMedia that failed.", Source: "getUserMediaOnFailure", client: func(c *client) value { return told(c.mediaError) }},
	Declaration{Name: "getUserMediaErrorCount", Form: Number, Help: "Calls of getUserMedia that failed.", Source: "getUserMediaOnFailure", client: func(c *client) value { return number(float64(c.failedMedia)) }},
	Declaration{Name: "getUserMediaSuccessCount", Form: Number, Help: "Calls of getUserMedia that succeeded.", Source: "getUserMediaOnSuccess", client: func(c *client) value { return number(float64(c.gotMedia)) }},
	Declaration{Name: "audioDeviceUsbId", Form: Text, Help: "USB vendor and product of the first microphone that was opened, from its label.", Source: "getUserMediaOnSuccess", client: func(c *client) value { return told(c.usb[0]) }},
	Declaration{Name: "videoDeviceUsbId", Form: Text, Help: "USB vendor and product of the first camera that was opened, from its label.", Source: "getUserMediaOnSuccess", client: func(c *client) value { return told(c.usb[1]) }},
	Declaration{Name: "calledGetDisplayMedia", Form: Flag, Help: "Whether getDisplayMedia was called.", Source: "getDisplayMedia", client: func(c *client) value { return truth(c.screen) }},
	Declaration{Name: "calledGetDisplayMediaAudio", Form: Flag, Help: "Whether it was called for audio.", Source: "getDisplayMedia", client: func(c *client) value { return truth(c.screenAudio) }},
	Declaration{Name: "calledGetDisplayMediaVideo", Form: Flag, Help: "Whether it was called for video, which it is unless the call says no.", Source: "getDisplayMedia", client: func(c *client) value { return truth(c.screenVideo) }},
	Declaration{Name: "getDisplayMediaErrorCount", Form: Number, Help: "Calls of getDisplayMedia that failed.", Source: "getDisplayMediaOnFailure", client: func(c *client) value { return number(float64(c.failedScreen)) }},
	Declaration{Name: "getDisplayMediaSuccessCount", Form: Number, Help: "Calls of getDisplayMedia that succeeded.", Source: "getDisplayMediaOnSuccess", client: func(c *client) value { return number(float64(c.gotScreen)) }},
	Declaration{Name: "enumerateDevicesCount", Form: Number, Help: "Calls of enumerateDevices.", Source: "enumerateDevices", client: func(c *client) value { return number(float64(c.enumerated)) }},
	Declaration{Name: "webSocketConnectionTime", Form: Number, Unit: milliseconds, Help: "How long the telemetry's own websocket took to open.", Source: "websocket", client: func(c *client) value { return number(c.socket).only(c.socketKnown) }},
	Declaration{Name: "audioEnded", Form: Flag, Help: "Set where an audio track of getUserMedia ended on its own.", Source: "MediaStreamTrack.onended", client: func(c *client) value { return truth(true).only(c.ended[0]) }},
	Declaration{Name: "videoEnded", Form: Flag, Help: "Set where a video track of getUserMedia ended on its own.", Source: "MediaStreamTrack.onended", client: func(c *client) value { return truth(true).only(c.ended[1]) }},
	Declaration{Name: "audioShortDuration", Form: Flag, Help: "Set where an audio track ended within a second of getUserMedia.", Source: "MediaStreamTrack.onended", client: func(c *client) value { return truth(true).only(c.short[0]) }},
	Declaration{Name: "videoShortDuration", Form: Flag, Help: "Set where a video track ended within a second of getUserMedia.", Source: "MediaStreamTrack.onended", client: func(c *client) value { return truth(true).only(c.short[1]) }},
)

func raw(m json.RawMessage) value { return told(string(m)).only(string(m) != "null") }

func deviceNumber(name, help string, of func(*device) *float64) Declaration {
	return Declaration{Name: name, Form: Number, Help: help, Source: "create", client: func(c *client) value {
		if v := of(&c.device); v != nil {
			return number(*v)
		}
		return value{}
	}}
}

var rtcstatsConnection = declare(RTCStats, Connection,
	Declaration{Name: "startTime", Form: Time, Help: "Time of the first record of the connection.", Source: "first record", connection: func(c *connection) value { return when(c.first) }},
	Declaration{Name: "duration", Form: Number, Unit: milliseconds, Help: "From that record to the last.", Source: "first and last record", connection: func(c *connection) value { return span(c.last - c.first).only(c.first != 0) }},
	Declaration{Name: "closed", Form: Flag, Help: "Whether close() was the last that was called.", Source: "close", connection: func(c *connection) value { return truth(c.closed) }},
	Declaration{Name: "numberOfEvents", Form: Number, Help: "Records of the connection.", Source: "all records", connection: func(c *connection) value { return number(float64(c.events)) }},
	Declaration{Name: "numberOfEventsNotGetStats", Form: Number, Help: "Records of the connection but polls of statistics.", Source: "all records", connection: func(c *connection) value { return number(float64(c.events - c.polls)) }},
	Declaration{Name: "numberOfNegotiations", Form: Number, Help: "How often signalling became stable: negotiations that were completed or rolled back.", Source: "onsignalingstatechange", connection: func(c *connection) value { return number(float64(c.negotiations)) }},
	Declaration{Name: "pendingNegotiationAtEnd", Form: Flag, Help: "Whether a negotiation was left undone: the last signalling state before the end was not stable.", Source: "onsignalingstatechange", connection: func(c *connection) value { return truth(c.signaling != "stable").only(c.signaling != "") }},
	Declaration{Name: "signalingDelay", Form: Number, Unit: milliseconds, Help: "From setting the first offer locally until setting its answer.", Source: "setLocalDescription, setRemoteDescription", connection: func(c *connection) value { return span(c.signalingDelay) }},
	Declaration{Name: "statsTruncated", Form: Flag, Help: "Set where the beginning of the statistics is missing: there are a thousand polls, which is all that chrome://webrtc-internals keeps, and the first came over ten seconds after the connection was connected.", Source: "getStats", connection: func(c *connection) value {
		return truth(true).only(c.polls >= 1000 && c.connectedAt != 0 && c.firstPoll-c.connectedAt > 10_000)
	}},
	Declaration{Name: "clockSkew", Form: Number, Unit: milliseconds, Help: "By how much the clock of the page was ahead of that of the statistics at the first poll; large after the computer slept.", Source: "peer-connection", connection: func(c *connection) value { return number(c.clockSkew) }},
	Declaration{Name: "addIceCandidateFailure", Form: Text, Help: "Error of the first addIceCandidate that failed.", Source: "addIceCandidateOnFailure", connection: func(c *connection) value { return told(c.addFailure) }},
	Declaration{Name: "setLocalDescriptionFailure", Form: Text, Help: "Error of the first setLocalDescription that failed.", Source: "setLocalDescriptionOnFailure", connection: func(c *connection) value { return told(c.localFailure) }},
	Declaration{Name: "setRemoteDescriptionFailure", Form: Text, Help: "Error of the first setRemoteDescription that failed.", Source: "setRemoteDescriptionOnFailure", connection: func(c *connection) value { return told(c.remoteFailure) }},
	Declaration{Name: "setLocalDescriptionDelay", Form: Number, Unit: milliseconds, Help: "How long the first setLocalDescription took.", Source: "setLocalDescription", connection: func(c *connection) value { return span(c.local.delay) }},
	Declaration{Name: "setLocalDescriptionRole", Form: Text, Help: "Whether it set an offer or an answer; known where it succeeded.", Source: "setLocalDescription", connection: func(c *connection) value { return told(c.local.role).only(c.local.delay >= 0) }},
	Declaration{Name: "setRemoteDescriptionDelay", Form: Number, Unit: milliseconds, Help: "How long the first setRemoteDescription took.", Source: "setRemoteDescription", connection: func(c *connection) value { return span(c.remote.delay) }},
	Declaration{Name: "setRemoteDescriptionRole", Form: Text, Help: "Whether it set an offer or an answer; known where it succeeded.", Source: "setRemoteDescription", connection: func(c *connection) value { return told(c.remote.role).only(c.remote.delay >= 0) }},
	Declaration{Name: "connected", Form: Flag, Help: "Whether the connection was ever connected.", Source: "onconnectionstatechange", connection: func(c *connection) value { return truth(c.connectedAt != 0) }},
	Declaration{Name: "connectionTime", Form: Number, Unit: milliseconds, Help: "From connecting until connected.", Source: "onconnectionstatechange", connection: func(c *connection) value { return span(c.connectionTime) }},
	Declaration{Name: "dtlsRole", Form: Text, Help: "client or server of DTLS, when its handshake was done.", Source: "transport dtlsRole", connection: func(c *connection) value { return told(c.dtls.role) }},
	Declaration{Name: "dtlsVersion", Form: Text, Help: "Version of DTLS, as the browser writes it.", Source: "transport tlsVersion", connection: func(c *connection) value { return told(c.dtls.version) }},
	Declaration{Name: "srtpCipher", Form: Text, Help: "Cipher of the media.", Source: "transport srtpCipher", connection: func(c *connection) value { return told(c.dtls.cipher) }},
	Declaration{Name: "iceConnected", Form: Flag, Help: "Whether ICE was ever connected.", Source: "oniceconnectionstatechange", connection: func(c *connection) value { return truth(c.iceConnectedAt != 0) }},
	Declaration{Name: "iceConnectionTime", Form: Number, Unit: milliseconds, Help: "From checking until ICE was connected.", Source: "oniceconnectionstatechange", connection: func(c *connection) value { return span(c.iceConnectionTime) }},
	Declaration{Name: "iceRestart", Form: Flag, Help: "Whether this end restarted ICE.", Source: "createOffer iceRestart, restartIce", connection: func(c *connection) value { return truth(c.restart != noRestart) }},
	Declaration{Name: "iceRestartFollowedBySetRemoteDescription", Form: Flag, Help: "Whether the restart was offered and answered.", Source: "createOffer, setLocalDescription, setRemoteDescription", connection: func(c *connection) value { return truth(c.restart == restartAnswered) }},
	Declaration{Name: "usingIceLite", Form: Flag, Help: "Whether the remote end is one that only answers checks: a server.", Source: "setRemoteDescription", connection: func(c *connection) value { return truth(c.iceLite) }},
	Declaration{Name: "configuredIceServers", Form: Number, Help: "ICE servers that were configured.", Source: "create", connection: func(c *connection) value { return number(float64(c.config.servers)).only(c.config.haveServers) }},
	configured("configuredIceServersStun", "a stun: server was configured", func(f *configuration) bool { return f.stun }),
	configured("configuredIceServersTurns", "a turns: server was configured", func(f *configuration) bool { return f.turns }),
	configured("configuredIceServersTurnUdp", "a turn: server over UDP was configured", func(f *configuration) bool { return f.turnUDP }),
	configured("configuredIceServersTurnTcp", "a turn: server over TCP was configured", func(f *configuration) bool { return f.turnTCP }),
	Declaration{Name: "configuredIceTransportPolicy", Form: Flag, Help: "Whether only relays were allowed.", Source: "create", connection: func(c *connection) value { return truth(c.config.relayOnly).only(c.config.haveServers) }},
	Declaration{Name: "configuredBundlePolicy", Form: Text, Help: "bundlePolicy, where it was configured.", Source: "create", connection: func(c *connection) value { return told(c.config.bundle) }},
	Declaration{Name: "configuredAlwaysNegotiateDataChannels", Form: Flag, Help: "alwaysNegotiateDataChannels, where it was configured.", Source: "create", connection: func(c *connection) value { return truth(c.config.alwaysNegotiate).only(c.config.alwaysNegotiated) }},
	Declaration{Name: "addedHostCandidate", Form: Flag, Help: "Whether a host candidate of the remote end was added.", Source: "addIceCandidate", connection: func(c *connection) value { return truth(c.added.host) }},
	Declaration{Name: "addedMdnsCandidate", Form: Flag, Help: "Whether one of them hid its address (.local).", Source: "addIceCandidate", connection: func(c *connection) value { return truth(c.added.mdns) }},
	Declaration{Name: "addedSrflxCandidate", Form: Flag, Help: "Whether a server-reflexive candidate was added.", Source: "addIceCandidate", connection: func(c *connection) value { return truth(c.added.srflx) }},
	Declaration{Name: "addedTurnCandidate", Form: Flag, Help: "Whether a relay candidate was added.", Source: "addIceCandidate", connection: func(c *connection) value { return truth(c.added.relay) }},
	Declaration{Name: "addedNullCandidate", Form: Flag, Help: "Whether the remote end said that it has no more.", Source: "addIceCandidate", connection: func(c *connection) value { return truth(c.added.null) }},
	Declaration{Name: "addedConnectableIceTcpCandidate", Form: Flag, Help: "Whether the remote end offers a passive TCP candidate, added or in a description.", Source: "addIceCandidate, setRemoteDescription", connection: func(c *connection) value { return truth(c.tcpPassive) }},
	Declaration{Name: "gatheredHostCandidate", Form: Flag, Help: "Whether a host candidate was gathered.", Source: "onicecandidate", connection: func(c *connection) value { return truth(c.gathered.host) }},
	Declaration{Name: "gatheredMdnsCandidate", Form: Flag, Help: "Whether one of them hid its address (.local).", Source: "onicecandidate", connection: func(c *connection) value { return truth(c.gathered.mdns) }},
	Declaration{Name: "gatheredSrflxCandidate", Form: Flag, Help: "Whether a server-reflexive candidate was gathered.", Source: "onicecandidate", connection: func(c *connection) value { return truth(c.gathered.srflx) }},
	Declaration{Name: "gatheredTurnCandidate", Form: Flag, Help: "Whether a relay candidate was gathered.", Source: "onicecandidate", connection: func(c *connection) value { return truth(c.gathered.relay) }},
	turnTime("gatheringTimeTurnUdp", "UDP", 0), turnTime("gatheringTimeTurnTcp", "TCP", 1), turnTime("gatheringTimeTurnTls", "TLS", 2),
	firstPair("LocalAddress", Text, "Address of the local candidate: its network", func(p *pairEnds) value { return told(networkOf(p.localAddress)) }),
	firstPair("LocalProtocol", Text, "Protocol of the local candidate", func(p *pairEnds) value { return told(p.transport) }),
	firstPair("LocalNetworkType", Text, "Network of the local candidate", func(p *pairEnds) value { return told(p.networkType) }),
	firstPair("LocalType", Text, "Type of the local candidate", func(p *pairEnds) value { return told(p.localType) }),
	firstPair("LocalTypePreference", Number, "Type preference of the local candidate: the upper 8 bits of its priority", func(p *pairEnds) value { return number(p.preference) }),
	firstPair("LocalRelayProtocol", Text, "Protocol in which the client reaches its relay", func(p *pairEnds) value { return told(p.relayProtocol) }),
	firstPair("LocalRelayUrl", Text, "TURN server that the relay is of", func(p *pairEnds) value { return told(p.relayURL) }),
	firstPair("RemoteAddress", Text, "Address of the remote candidate: its network", func(p *pairEnds) value { return told(networkOf(p.remoteAddress)) }),
	firstPair("RemoteType", Text, "Type of the remote candidate", func(p *pairEnds) value { return told(p.remoteType) }),
	Declaration{Name: "averageStunRoundTripTime", Form: Number, Unit: seconds, Help: "Mean round-trip time of the selected pair's checks over the connection's life.", Source: "candidate-pair totalRoundTripTime, responsesReceived", connection: func(c *connection) value {
		return number(c.lastPair.roundTrips / c.lastPair.responses).only(c.lastPair.known)
	}},
	Declaration{Name: "averageOutboundBitrate", Form: Number, Unit: bitsPerSec, Help: "Mean bit rate sent, from the first poll with traffic both ways until the last.", Source: "candidate-pair bytesSent", connection: func(c *connection) value { return c.traffic.rate(c.traffic.lastSent - c.traffic.firstSent) }},
	Declaration{Name: "averageInboundBitrate", Form: Number, Unit: bitsPerSec, Help: "Mean bit rate received, from the first poll with traffic both ways until the last.", Source: "candidate-pair bytesReceived", connection: func(c *connection) value { return c.traffic.rate(c.traffic.lastReceived - c.traffic.firstReceived) }},
	location("rtcstatsLocation", "the chosen local candidate", "Continent", func(c *connection) *place { return c.placeOf(false) }, continent),
	location("rtcstatsLocation", "the chosen local candidate", "Country", func(c *connection) *place { return c.placeOf(false) }, country),
	location("rtcstatsLocation", "the chosen local candidate", "City", func(c *connection) *place { return c.placeOf(false) }, city),
	location("rtcstatsPeerLocation", "the chosen remote candidate", "Continent", func(c *connection) *place { return c.placeOf(true) }, continent),
	location("rtcstatsPeerLocation", "the chosen remote candidate", "Country", func(c *connection) *place { return c.placeOf(true) }, country),
	location("rtcstatsPeerLocation", "the chosen remote candidate", "City", func(c *connection) *place { return c.placeOf(true) }, city),
	location("rtcstatsRelayLocation", "a gathered relay candidate", "Continent", func(c *connection) *place { return c.relayPlace }, continent),
	location("rtcstatsRelayLocation", "a gathered relay candidate", "Country", func(c *connection) *place { return c.relayPlace }, country),
	location("rtcstatsRelayLocation", "a gathered relay candidate", "City", func(c *connection) *place { return c.relayPlace }, city),
)

// rate is bytes over the time between the two polls; a counter that fell is of
// another pair.
func (t *traffic) rate(bytes float64) value {
	if t.firstAt == 0 || t.lastAt <= t.firstAt || !(bytes >= 0) {
		return value{}
	}
	return number(bytes * 8 * 1000 / float64(t.lastAt-t.firstAt))
}

func configured(name, help string, of func(*configuration) bool) Declaration {
	return Declaration{Name: name, Form: Flag, Help: "Set where " + help + ".", Source: "create", connection: func(c *connection) value { return truth(true).only(of(&c.config)) }}
}

func turnTime(name, protocol string, i int) Declaration {
	return Declaration{Name: name, Form: Number, Unit: milliseconds, Help: "From the start of gathering until the first relay candidate over TURN/" + protocol + ".", Source: "onicegatheringstatechange, onicecandidate",
		connection: func(c *connection) value {
			return span(c.gathering.turn[i] - c.gathering.start).only(c.gathering.turn[i] != 0)
		}}
}

func firstPair(name string, form Form, help string, of func(*pairEnds) value) Declaration {
	return Declaration{Name: "firstCandidatePair" + name, Form: form, Help: help + ", of the first pair selected once connected.", Source: "transport, candidate-pair, candidates",
		connection: func(c *connection) value { return of(&c.firstPair).only(c.firstPair.known) }}
}

func continent(p *place) string { return p.Continent }
func country(p *place) string   { return p.Country }
func city(p *place) string      { return p.City }

func location(prefix, whose, part string, of func(*connection) *place, text func(*place) string) Declaration {
	return Declaration{Name: prefix + part, Form: Text, Help: part + " of " + whose + ", where a server of rtcstats noted it beside the candidate.", Source: "onicecandidate, addIceCandidate",
		connection: func(c *connection) value {
			if p := of(c); p != nil {
				return told(text(p))
			}
			return value{}
		}}
}

var rtcstatsTrack = declare(RTCStats, Track, slices.Concat([]Declaration{
	{Name: "kind", Form: Text, Help: "audio or video.", Source: "RTP kind", track: func(t *track) value { return told(t.kind) }},
	{Name: "direction", Form: Text, Help: "outbound or inbound.", Source: "RTP type", track: func(t *track) value { return told(t.direction()) }},
	{Name: "trackIdentifier", Form: Text, Help: "The track's id.", Source: "addTrack, ontrack, statistics", track: func(t *track) value { return told(t.id) }},
	{Name: "startTime", Form: Time, Help: "When the track was added; where that was not told, the first poll with it.", Source: "addTrack, addTransceiver, replaceTrack, ontrack", track: func(t *track) value { return when(t.start()) }},
	{Name: "duration", Form: Number, Unit: milliseconds, Help: "From its start until the last poll with it; 0 where there was none.", Source: "polls", track: func(t *track) value {
		if t.report == nil {
			return number(0)
		}
		return span(t.last - t.start())
	}},
	{Name: "hasNullVideoDecoder", Form: Flag, Help: "Whether the null decoder was ever used; received video only.", Source: "decoderImplementation", track: func(t *track) value {
		return truth(t.null).only(!t.sends && t.kind == "video")
	}},
	{Name: "timeToFirstFrame", Form: Number, Unit: milliseconds, Help: "From its start until the track unmuted; received only.", Source: "MediaStreamTrack.onunmute", track: func(t *track) value {
		if t.sends || t.named == nil || t.named.unmuted == 0 {
			return value{}
		}
		return span(t.named.unmuted - t.start())
	}},
	{Name: "codecMimeType", Form: Text, Help: "First codec.", Source: "codec mimeType", track: func(t *track) value { return told(t.mime) }},
	{Name: "codecSdpFmtpLine", Form: Text, Help: "Parameters of the first codec.", Source: "codec sdpFmtpLine", track: func(t *track) value { return told(t.fmtp) }},
	{Name: "commonWidth", Form: Number, Unit: pixels, Help: "Most frequent width over the polls.", Source: "frameWidth", track: func(t *track) value { return number(t.widths.common()) }},
	{Name: "commonHeight", Form: Number, Unit: pixels, Help: "Most frequent height over the polls.", Source: "frameHeight", track: func(t *track) value { return number(t.heights.common()) }},
	{Name: "minWidth", Form: Number, Unit: pixels, Help: "Smallest width.", Source: "frameWidth", track: func(t *track) value { return number(t.widths.extreme(math.Min)) }},
	{Name: "minHeight", Form: Number, Unit: pixels, Help: "Smallest height.", Source: "frameHeight", track: func(t *track) value { return number(t.heights.extreme(math.Min)) }},
	{Name: "maxWidth", Form: Number, Unit: pixels, Help: "Largest width.", Source: "frameWidth", track: func(t *track) value { return number(t.widths.extreme(math.Max)) }},
	{Name: "maxHeight", Form: Number, Unit: pixels, Help: "Largest height.", Source: "frameHeight", track: func(t *track) value { return number(t.heights.extreme(math.Max)) }},
	{Name: "frameCount", Form: Number, Unit: frames, Help: "Frames encoded or decoded.", Source: "framesEncoded, framesDecoded", track: func(t *track) value { return t.either(rtc.StatFramesEncoded, rtc.StatFramesDecoded) }},
	{Name: "keyFrameCount", Form: Number, Unit: frames, Help: "Key frames encoded or decoded.", Source: "keyFramesEncoded, keyFramesDecoded", track: func(t *track) value { return t.either(rtc.StatKeyFramesEncoded, rtc.StatKeyFramesDecoded) }},
	last("qpSum", rtc.StatQpSum, "", "Sum of the quantisers", both),
	last("nackCount", rtc.StatNackCount, "", "Negative acknowledgements", both),
	last("pliCount", rtc.StatPliCount, "", "Picture loss indications", both),
	last("firCount", rtc.StatFirCount, "", "Full intra requests", both),
	average("averageEncodeTime", rtc.StatTotalEncodeTime, rtc.StatFramesEncoded, seconds, "Mean time to encode a frame", outbound),
	limited("bandwidthQualityLimitationPercentage", rtc.StatQualityLimitationDurationsBandwidth, "by bandwidth"),
	limited("cpuQualityLimitationPercentage", rtc.StatQualityLimitationDurationsCpu, "by the CPU"),
	limited("otherQualityLimitationPercentage", rtc.StatQualityLimitationDurationsOther, "by something else"),
	last("qualityLimitationResolutionChanges", rtc.StatQualityLimitationResolutionChanges, "", "Changes of resolution because quality was limited", outbound),
	{Name: "rid", Form: Text, Help: "Id of the simulcast layer.", Source: "outbound-rtp rid", track: func(t *track) value { return told(t.report.text(rtc.StatRid)).only(t.sends) }},
	last("encodingIndex", rtc.StatEncodingIndex, "", "Index of the simulcast layer", outbound),
	{Name: "encoderImplementation", Form: Text, Help: "Encoder.", Source: "outbound-rtp encoderImplementation", track: func(t *track) value { return told(t.report.text(rtc.StatEncoderImplementation)).only(t.sends) }},
	lastFlag("powerEfficientEncoder", rtc.StatPowerEfficientEncoder, "Whether the encoder is one that saves power", outbound),
	psnr("psnrMeasurements", rtc.StatPsnrMeasurements, "Measurements of the encoder's own quality"),
	psnr("psnrSumY", rtc.StatPsnrSumY, "Sum of the measured PSNR in Y"),
	psnr("psnrSumU", rtc.StatPsnrSumU, "Sum of the measured PSNR in U"),
	psnr("psnrSumV", rtc.StatPsnrSumV, "Sum of the measured PSNR in V"),
	last("packetsSentWithEct1", rtc.StatPacketsSentWithEct1, packets, "L4S: packets sent as ECT(1)", outbound),
	remoteLast("packetsReceivedWithEct1", rtc.StatPacketsReceivedWithEct1, "L4S: packets that arrived as ECT(1)"),
	remoteLast("packetsReceivedWithCe", rtc.StatPacketsReceivedWithCe, "L4S: packets that arrived marked with congestion"),
	remoteLast("packetsWithBleachedEct1Marking", rtc.StatPacketsWithBleachedEct1Marking, "L4S: packets that lost their mark on the way"),
	last("freezeCount", rtc.StatFreezeCount, "", "Freezes", inbound),
	last("totalFreezesDuration", rtc.StatTotalFreezesDuration, seconds, "Time frozen", inbound),
	last("framesDropped", rtc.StatFramesDropped, frames, "Frames dropped before they were shown", inbound),
	{Name: "decoderImplementation", Form: Text, Help: "Decoder.", Source: "inbound-rtp decoderImplementation", track: func(t *track) value { return told(t.report.text(rtc.StatDecoderImplementation)).only(!t.sends) }},
	lastFlag("powerEfficientDecoder", rtc.StatPowerEfficientDecoder, "Whether the decoder is one that saves power", inbound),
	last("jitterBufferDelay", rtc.StatJitterBufferDelay, seconds, "Time in the jitter buffer, summed over what was emitted", inbound),
	last("jitterBufferMinimumDelay", rtc.StatJitterBufferMinimumDelay, seconds, "The least that the network alone would have needed, so summed", inbound),
	last("jitterBufferTargetDelay", rtc.StatJitterBufferTargetDelay, seconds, "What the jitter buffer aimed at, so summed", inbound),
	last("jitterBufferEmittedCount", rtc.StatJitterBufferEmittedCount, "", "Frames or samples that the jitter buffer emitted", inbound),
	last("jitterBufferFlushes", rtc.StatJitterBufferFlushes, "", "Flushes of the jitter buffer", inbound),
	{Name: "hasPeriodicJitterBufferFlushes", Form: Flag, Help: "Whether the flushes came every four seconds, a known fault of NetEq; known after three.", Source: "jitterBufferFlushes", track: func(t *track) value {
		return truth(t.regular).only(!t.sends && t.kind == "audio" && t.rises >= 3)
	}},
	last("totalProcessingDelay", rtc.StatTotalProcessingDelay, seconds, "Time from the first packet of a frame until it was decoded, summed", inbound),
	last("framesAssembledFromMultiplePackets", rtc.StatFramesAssembledFromMultiplePackets, frames, "Frames of more than one packet", inbound),
	last("totalAssemblyTime", rtc.StatTotalAssemblyTime, seconds, "Time from their first packet to the last, summed", inbound),
	average("averageDecodeTime", rtc.StatTotalDecodeTime, rtc.StatFramesDecoded, seconds, "Mean time to decode a frame", inbound),
	average("averageInterFrameDelay", rtc.StatTotalInterFrameDelay, rtc.StatFramesDecoded, seconds, "Mean time between frames", inbound),
	average("averageJitterBufferDelay", rtc.StatJitterBufferDelay, rtc.StatJitterBufferEmittedCount, seconds, "Mean time in the jitter buffer", inbound),
	average("averageProcessingDelay", rtc.StatTotalProcessingDelay, rtc.StatJitterBufferEmittedCount, seconds, "Mean time from the first packet until decoded", inbound),
	average("averageAssemblyTime", rtc.StatTotalAssemblyTime, rtc.StatFramesAssembledFromMultiplePackets, seconds, "Mean time to assemble a frame of more than one packet", inbound),
	last("concealedSamples", rtc.StatConcealedSamples, samples, "Audio samples that were made up", inbound),
	last("totalSamplesReceived", rtc.StatTotalSamplesReceived, samples, "Audio samples played, those made up among them", inbound),
	average("concealmentPercentage", rtc.StatConcealedSamples, rtc.StatTotalSamplesReceived, ratio, "Share of the samples that was made up", inbound),
	last("insertedSamplesForDeceleration", rtc.StatInsertedSamplesForDeceleration, samples, "Samples put in to play slower", inbound),
	last("removedSamplesForAcceleration", rtc.StatRemovedSamplesForAcceleration, samples, "Samples left out to play faster", inbound),
	average("decelerationPercentage", rtc.StatInsertedSamplesForDeceleration, rtc.StatTotalSamplesReceived, ratio, "Share of the samples put in to play slower", inbound),
	average("accelerationPercentage", rtc.StatRemovedSamplesForAcceleration, rtc.StatTotalSamplesReceived, ratio, "Share of the samples left out to play faster", inbound),
})...)

// way says of which streams a feature is.
type way uint8

const (
	both way = iota
	outbound
	inbound
)

func (w way) has(t *track) bool { return t.report != nil && (w == both || (w == outbound) == t.sends) }

func (w way) source(m rtc.Member) string {
	return [...]string{"RTP ", "outbound-rtp ", "inbound-rtp "}[w] + m.String()
}

// last is a member of the last poll with the stream.
func last(name string, m rtc.Member, unit, help string, w way) Declaration {
	return Declaration{Name: name, Form: Number, Unit: unit, Help: help + ".", Source: w.source(m), track: func(t *track) value {
		return t.num(m).only(w.has(t) && t.num(m).known)
	}}
}

func lastFlag(name string, m rtc.Member, help string, w way) Declaration {
	d := last(name, m, "", help, w)
	d.Form = Flag
	return d
}

// average is one member over another, of the last poll with the stream.
func average(name string, a, b rtc.Member, unit, help string, w way) Declaration {
	return Declaration{Name: name, Form: Number, Unit: unit, Help: help + ".", Source: w.source(a) + " / " + b.String(), track: func(t *track) value {
		v := t.over(a, b)
		return v.only(v.known && w.has(t))
	}}
}

// limited is the share of the time in which the encoder was limited.
func limited(name string, m rtc.Member, by string) Declaration {
	return Declaration{Name: name, Form: Number, Unit: ratio, Help: "Share of the time in which quality was limited " + by + ".", Source: "outbound-rtp qualityLimitationDurations", track: func(t *track) value {
		sum := 0.0
		for _, m := range []rtc.Member{rtc.StatQualityLimitationDurationsNone, rtc.StatQualityLimitationDurationsBandwidth, rtc.StatQualityLimitationDurationsCpu, rtc.StatQualityLimitationDurationsOther} {
			sum += t.num(m).number
		}
		v := t.num(m)
		return number(v.number / sum).only(v.known && t.sends && sum > 0)
	}}
}

func psnr(name string, m rtc.Member, help string) Declaration {
	return Declaration{Name: name, Form: Number, Help: help + ".", Source: "outbound-rtp " + m.String(), track: func(t *track) value {
		v := t.num(m)
		return v.only(v.known && t.sends && t.num(rtc.StatPsnrMeasurements).number > 0)
	}}
}

func remoteLast(name string, m rtc.Member, help string) Declaration {
	return Declaration{Name: name, Form: Number, Unit: packets, Help: help + ".", Source: "remote-inbound-rtp " + m.String(), track: func(t *track) value {
		if t.remote == nil {
			return value{}
		}
		return number(t.remote.num(m)).only(t.sends)
	}}
}
