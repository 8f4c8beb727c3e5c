package feature

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
)

// The set of jitsi/rtcstats-server, read at 7d87ae2: what
// src/features/StandardFeatureExtractor.js and src/features/quality-stats make
// and src/queries/redshift-schema.sql names. Counts of requests are kept as
// that server counts them.

var jitsiClient = declare(Jitsi, Client,
	Declaration{Name: "conferenceStartTime", Form: Time, Help: "When the conference began, as the application told.", Source: "conferenceStartTimestamp", client: func(c *client) value { return when(c.conference) }},
	Declaration{Name: "sessionStartTime", Form: Time, Help: "Time of the first record that is not an identity.", Source: "all records", client: func(c *client) value { return when(c.start) }},
	Declaration{Name: "sessionEndTime", Form: Time, Help: "Latest time of a record.", Source: "all records", client: func(c *client) value { return when(c.end) }},
	Declaration{Name: "sessionDurationMs", Form: Number, Unit: milliseconds, Help: "From the first record to the last.", Source: "all records", client: func(c *client) value { return span(c.end - c.start).only(c.start != 0) }},
	Declaration{Name: "conferenceDurationMs", Form: Number, Unit: milliseconds, Help: "From the start of the conference until this client's last record; a client does not know when the others left.", Source: "conferenceStartTimestamp, all records", client: func(c *client) value { return span(c.end - c.conference).only(c.conference != 0) }},
	Declaration{Name: "dominantSpeakerChanges", Form: Number, Help: "How often this client became the dominant speaker. Known only where the application tells who speaks.", Source: "dominantSpeaker", client: func(c *client) value { return number(float64(c.turns)).only(c.speaking) }},
	Declaration{Name: "speakerTime", Form: Number, Unit: milliseconds, Help: "How long this client was the dominant speaker.", Source: "dominantSpeaker", client: func(c *client) value { return span(c.speakerTime()).only(c.speaking) }},
	Declaration{Name: "dominantSpeakerEvents", Form: JSON, Help: "When this client became and ceased to be the dominant speaker: [{type, timestamp}], the first 100.", Source: "dominantSpeaker", client: func(c *client) value { return joined(c.speech) }},
	feeling("sentimentAngry", 0), feeling("sentimentDisgusted", 1), feeling("sentimentFearful", 2), feeling("sentimentHappy", 3),
	feeling("sentimentNeutral", 4), feeling("sentimentSad", 5), feeling("sentimentSurprised", 6),
	Declaration{Name: "faceLandmarksTimestamps", Form: JSON, Help: "What the application saw in the user's face and when: [{timestamp, faceLandmarks}], the first 100.", Source: "faceLandmarks", client: func(c *client) value { return joined(c.faces) }},
	Declaration{Name: "e2epings", Form: JSON, Help: "Last round-trip time to each other endpoint, measured by the application: {endpoint: {remoteRegion, rtt}}.", Source: "e2eRtt", client: pings},
	Declaration{Name: "browserName", Form: Text, Help: "Name of the browser.", Source: "User-Agent", client: func(c *client) value { n, _ := c.browser(); return told(n) }},
	Declaration{Name: "browserVersion", Form: Text, Help: "Version of the browser.", Source: "User-Agent", client: func(c *client) value { _, v := c.browser(); return told(v) }},
	Declaration{Name: "os", Form: Text, Help: "Operating system, as the browser says it.", Source: "User-Agent", client: func(c *client) value { return told(c.system()) }},
	Declaration{Name: "statsFormat", Form: Text, Help: "Whose statistics they are: chrome_standard, firefox, safari; unsupported of a server.", Source: "User-Agent", client: statsFormat},
	Declaration{Name: "clientType", Form: Text, Help: "RTCSTATS_CLIENT for a browser or an app; JVB, JICOFO, JIBRI or JIGASI_CLIENT for a server of Jitsi's.", Source: "subprotocol", client: clientType},
	Declaration{Name: "displayname", Form: Text, Help: "Name that the user shows.", Source: "identity displayName", client: func(c *client) value { return firstTold(c.page.DisplayName, c.who.UserName) }},
	Declaration{Name: "meetingname", Form: Text, Help: "Name of the room.", Source: "identity confName", client: func(c *client) value { return told(c.page.ConfName) }},
	Declaration{Name: "meetingurl", Form: Text, Help: "Address of the room.", Source: "identity confID", client: func(c *client) value { return told(c.page.ConfID) }},
	Declaration{Name: "meetinguniqueid", Form: Text, Help: "Id of this conference in this room.", Source: "identity meetingUniqueId", client: func(c *client) value { return told(c.page.MeetingUniqueID) }},
	Declaration{Name: "endpointid", Form: Text, Help: "Id of the client in the conference.", Source: "identity endpointId", client: func(c *client) value { return told(c.page.EndpointID) }},
	Declaration{Name: "statssessionid", Form: Text, Help: "The client's own id of its stay.", Source: "statsSessionId", client: func(c *client) value { return told(c.who.ClientSession) }},
	Declaration{Name: "app", Form: Text, Help: "Name of the application.", Source: "identity applicationName", client: func(c *client) value { return told(c.page.App) }},
	Declaration{Name: "ampSessionId", Form: Text, Help: "Session of the application's analytics.", Source: "identity sessionId", client: func(c *client) value { return loose(c.page.Amplitude) }},
	Declaration{Name: "ampUserId", Form: Text, Help: "User of the application's analytics.", Source: "identity userId", client: func(c *client) value { return loose(c.page.AmplitudeUser) }},
	Declaration{Name: "ampDeviceId", Form: Text, Help: "Device of the application's analytics.", Source: "identity deviceId", client: func(c *client) value { return loose(c.page.AmplitudeDevice) }},
	Declaration{Name: "crossRegion", Form: Text, Help: "Whether the user's region is another than the server's.", Source: "identity deploymentInfo", client: func(c *client) value { return loose(c.page.Deployment.CrossRegion) }},
	Declaration{Name: "environment", Form: Text, Help: "Name of the deployment.", Source: "identity deploymentInfo", client: func(c *client) value { return loose(c.page.Deployment.Environment) }},
	Declaration{Name: "envType", Form: Text, Help: "Kind of the deployment.", Source: "identity deploymentInfo", client: func(c *client) value { return loose(c.page.Deployment.EnvType) }},
	Declaration{Name: "region", Form: Text, Help: "Region of the server.", Source: "identity deploymentInfo", client: func(c *client) value { return loose(c.page.Deployment.Region) }},
	Declaration{Name: "releaseNumber", Form: Text, Help: "Release of the deployment.", Source: "identity deploymentInfo", client: func(c *client) value { return loose(c.page.Deployment.ReleaseNumber) }},
	Declaration{Name: "shard", Form: Text, Help: "Shard of the deployment.", Source: "identity deploymentInfo", client: func(c *client) value { return loose(c.page.Deployment.Shard) }},
	Declaration{Name: "userRegion", Form: Text, Help: "Region of the user.", Source: "identity deploymentInfo", client: func(c *client) value { return loose(c.page.Deployment.UserRegion) }},
	Declaration{Name: "isBreakoutRoom", Form: Flag, Help: "Whether the room is a breakout room.", Source: "identity isBreakoutRoom", client: func(c *client) value {
		return truth(c.page.Breakout != nil && *c.page.Breakout).only(c.page.Breakout != nil)
	}},
	Declaration{Name: "breakoutRoomId", Form: Text, Help: "Id of the breakout room.", Source: "identity roomId", client: func(c *client) value { return told(c.page.RoomID) }},
	Declaration{Name: "parentStatsSessionId", Form: Text, Help: "The client's session in the room that it came from.", Source: "identity parentStatsSessionId", client: func(c *client) value { return told(c.page.Parent) }},
	Declaration{Name: "tenant", Form: Text, Help: "Tenant of JaaS: the first part of the room's address, where it begins with vpaas-magic-cookie-.", Source: "identity confID", client: func(c *client) value { t, _, _ := c.tenant(); return told(t) }},
	Declaration{Name: "jaasClientId", Form: Text, Help: "Customer of JaaS: as the application tells, else from the tenant.", Source: "identity customerId, confID", client: func(c *client) value { _, _, id := c.tenant(); return told(id) }},
	Declaration{Name: "jaasMeetingFqn", Form: Text, Help: "Tenant and room of JaaS.", Source: "identity confID", client: func(c *client) value { _, fqn, _ := c.tenant(); return told(fqn) }},
	Declaration{Name: "isJaaSTenant", Form: Flag, Help: "Whether the room is one of JaaS.", Source: "identity confID", client: func(c *client) value { t, _, _ := c.tenant(); return truth(t != "").only(c.page.ConfID != "") }},

	requests("statsRequestCount", frameStats, "Polls of statistics."), requestBytes("statsRequestBytes", frameStats, "polls of statistics"),
	requests("sdpRequestCount", frameSDP, "Descriptions made or set."), requestBytes("sdpRequestBytes", frameSDP, "descriptions made or set"),
	requests("dsRequestCount", frameSpeaker, "Messages on who speaks."), requestBytes("dsRequestBytes", frameSpeaker, "messages on who speaks"),
	requests("sentimentRequestCount", frameFace, "Messages on the user's face."), requestBytes("sentimentRequestBytes", frameFace, "messages on the user's face"),
	requests("otherRequestCount", frameOther, "Other records, without identities, states, failures and the making of connections."), requestBytes("otherRequestBytes", frameOther, "other records"),
	Declaration{Name: "totalProcessedCount", Form: Number, Help: "Sum of the counts of statistics, descriptions, speakers and others.", Source: "all records", client: func(c *client) value {
		return number(float64(c.counts[frameStats] + c.counts[frameSDP] + c.counts[frameSpeaker] + c.counts[frameOther]))
	}},
	Declaration{Name: "totalProcessedBytes", Form: Number, Unit: bytesUnit, Help: "Sum of the bytes of statistics, descriptions, speakers and others.", Source: "frames as they came", client: func(c *client) value {
		return number(float64(c.bytes[frameStats] + c.bytes[frameSDP] + c.bytes[frameSpeaker] + c.bytes[frameOther])).only(c.framed)
	}},
)

func feeling(name string, i int) Declaration {
	return Declaration{Name: name, Form: Number, Unit: seconds, Help: "How long the user looked " + feelings[i] + ", as the application judged.", Source: "faceLandmarks",
		client: func(c *client) value { return number(c.feelings[i]).only(c.feels) }}
}

func requests(name string, kind int, help string) Declaration {
	return Declaration{Name: name, Form: Number, Help: help, Source: "all records", client: func(c *client) value { return number(float64(c.counts[kind])) }}
}

func requestBytes(name string, kind int, what string) Declaration {
	return Declaration{Name: name, Form: Number, Unit: bytesUnit, Help: "Size of the frames with " + what + ", as they came (Jitsi's server counts two bytes for each character).", Source: "frames as they came",
		client: func(c *client) value { return number(float64(c.bytes[kind])).only(c.framed) }}
}

func firstTold(texts ...string) value {
	for _, t := range texts {
		if t != "" {
			return told(t)
		}
	}
	return value{}
}

func pings(c *client) value {
	if len(c.pings) == 0 {
		return value{}
	}
	type entry struct {
		Region string  `json:"remoteRegion,omitempty"`
		RTT    float64 `json:"rtt"`
	}
	all := make(map[string]entry, len(c.pings))
	for id, p := range c.pings {
		all[id] = entry{p.region, p.rtt}
	}
	b, err := json.Marshal(all) // sorts by name
	if err != nil {
		return value{}
	}
	return told(string(b))
}

func (c *client) browser() (name, version string) {
	if name, version = browserOf(c.agent); name != "" {
		return name, version
	}
	return c.who.Browser, c.who.BrowserVersion
}

func (c *client) system() string {
	if s := systemOf(c.agent); s != "" {
		return s
	}
	return c.who.OS
}

func statsFormat(c *client) value {
	switch name, _ := c.browser(); {
	case c.server() != "":
		return told("unsupported")
	case strings.HasPrefix(name, "Firefox"):
		return told("firefox")
	case name == "Safari":
		return told("safari")
	case name != "":
		return told("chrome_standard")
	}
	return value{}
}

func clientType(c *client) value {
	if server := c.server(); server != "" {
		return told(server + "_CLIENT")
	}
	return told("RTCSTATS_CLIENT").only(c.proto != "")
}

// server names which of Jitsi's servers the client is, "" for a browser.
func (c *client) server() string {
	for _, server := range []string{"JIGASI", "JICOFO", "JIBRI", "JVB"} {
		if strings.Contains(c.proto, server) || strings.EqualFold(c.page.App, server) {
			return server
		}
	}
	return ""
}

// tenant reads tenant, full name and customer of JaaS from the room's address.
func (c *client) tenant() (tenant, fqn, customer string) {
	const cookie = "vpaas-magic-cookie-"
	address := c.page.ConfID
	if _, rest, ok := strings.Cut(address, "//"); ok {
		address = rest
	}
	if parts := strings.Split(address, "/"); len(parts) > 1 && strings.HasPrefix(parts[1], cookie) {
		tenant, fqn = parts[1], strings.Join(parts[1:], "/")
		customer = strings.TrimPrefix(tenant, cookie)
	}
	if c.page.CustomerID != "" {
		customer = c.page.CustomerID
	}
	return tenant, fqn, customer
}

var jitsiConnection = declare(Jitsi, Connection,
	Declaration{Name: "pcname", Form: Text, Help: "The client's name of the connection.", Source: "all records", connection: func(c *connection) value { return told(c.label) }},
	Declaration{Name: "isP2P", Form: Flag, Help: "Whether it was to the other user and not to a server.", Source: "constraints rtcStatsSFUP2P", connection: func(c *connection) value {
		return truth(c.peerToPeer != nil && *c.peerToPeer).only(c.peerToPeer != nil)
	}},
	Declaration{Name: "usesRelay", Form: Flag, Help: "Whether either end of the last selected pair is a relay.", Source: "transport, candidate-pair, candidates", connection: func(c *connection) value {
		return truth(c.lastPair.relay()).only(c.lastPair.local || c.lastPair.remote)
	}},
	Declaration{Name: "dtlsErrors", Form: Number, Help: "Errors of the DTLS transport.", Source: "ondtlserror", connection: func(c *connection) value { return number(float64(c.dtlsErrors)) }},
	Declaration{Name: "dtlsFailure", Form: Number, Help: "How often the DTLS transport failed; not that of a Firefox whose ICE was lost before.", Source: "ondtlsstatechange", connection: func(c *connection) value { return number(float64(c.dtlsFailures)) }},
	Declaration{Name: "sdpCreateFailure", Form: Number, Help: "Failures of createOffer and createAnswer.", Source: "createOffer, createAnswer", connection: func(c *connection) value { return number(float64(c.createFailures)) }},
	Declaration{Name: "sdpSetFailure", Form: Number, Help: "Failures of setLocalDescription and setRemoteDescription.", Source: "setLocalDescription, setRemoteDescription", connection: func(c *connection) value { return number(float64(c.setFailures)) }},
	Declaration{Name: "lastIceFailure", Form: Time, Help: "When ICE failed last; left out where it never did.", Source: "oniceconnectionstatechange", connection: func(c *connection) value { return when(c.lastICEFailure) }},
	Declaration{Name: "lastIceDisconnect", Form: Time, Help: "When ICE was disconnected last; left out where it never was.", Source: "oniceconnectionstatechange", connection: func(c *connection) value { return when(c.lastICEDisconnect) }},
	Declaration{Name: "iceReconnects", Form: Number, Help: "How often the connection was connected again.", Source: "onconnectionstatechange", connection: func(c *connection) value { return number(float64(max(0, c.connections-1))) }},
	Declaration{Name: "connectionFailed", Form: Flag, Help: "Whether the connection ever failed.", Source: "onconnectionstatechange", connection: func(c *connection) value { return truth(c.failed) }},
	Declaration{Name: "pcSessionDurationMs", Form: Number, Unit: milliseconds, Help: "From the first time that it was connected until its last record; 0 where it never was.", Source: "onconnectionstatechange, all records", connection: func(c *connection) value {
		if c.mediaStart == 0 {
			return number(0)
		}
		return span(c.last - c.mediaStart)
	}},
	pairFeature("id", Text, "W3C id of the last selected pair", func(p *pairEnds) value { return told(p.id) }),
	pairFeature("isUsingRelay", Flag, "Whether either end is a relay", func(p *pairEnds) value { return truth(p.relay()).only(p.local || p.remote) }),
	pairFeature("localCandidateType", Text, "Type of the local candidate", func(p *pairEnds) value { return told(p.localType) }),
	pairFeature("localAddress", Text, "Address of the local candidate: its network", func(p *pairEnds) value { return told(networkOf(p.localAddress)) }),
	pairFeature("localPort", Number, "Port of the local candidate", func(p *pairEnds) value { return number(p.localPort) }),
	pairFeature("localProtocol", Text, "Protocol of the local candidate; of a relay that in which the client reaches it", func(p *pairEnds) value { return told(p.localProtocol) }),
	pairFeature("remoteCandidateType", Text, "Type of the remote candidate", func(p *pairEnds) value { return told(p.remoteType) }),
	pairFeature("remoteAddress", Text, "Address of the remote candidate: its network", func(p *pairEnds) value { return told(networkOf(p.remoteAddress)) }),
	pairFeature("remotePort", Number, "Port of the remote candidate", func(p *pairEnds) value { return number(p.remotePort) }),
	pairFeature("remoteProtocol", Text, "Protocol of the remote candidate; of a relay that in which its client reaches it", func(p *pairEnds) value { return told(p.remoteProtocol) }),
	Declaration{Name: "totalPacketsSent", Form: Number, Unit: packets, Help: "Packets sent, over all streams.", Source: "outbound-rtp", connection: func(c *connection) value { return number(c.total(true, false)) }},
	Declaration{Name: "totalPacketsReceived", Form: Number, Unit: packets, Help: "Packets received, over all streams.", Source: "inbound-rtp", connection: func(c *connection) value { return number(c.total(false, false)) }},
	Declaration{Name: "totalSentPacketsLost", Form: Number, Unit: packets, Help: "Sent packets that the remote end reported lost, over the streams that it reported of.", Source: "remote-inbound-rtp", connection: func(c *connection) value { return number(c.total(true, true)) }},
	Declaration{Name: "totalReceivedPacketsLost", Form: Number, Unit: packets, Help: "Packets lost on the way here, over all streams.", Source: "inbound-rtp", connection: func(c *connection) value { return number(c.total(false, true)) }},
	Declaration{Name: "sentPacketsLostPct", Form: Number, Unit: percent, Help: "Lost in percent of the sent.", Source: "outbound-rtp, remote-inbound-rtp", connection: func(c *connection) value { return number(lostPct(c.total(true, true), c.total(true, false))) }},
	Declaration{Name: "receivedPacketsLostPct", Form: Number, Unit: percent, Help: "Lost in percent of the received.", Source: "inbound-rtp", connection: func(c *connection) value {
		return number(lostPct(c.total(false, true), c.total(false, false)))
	}},
	Declaration{Name: "meanRtt", Form: Number, Unit: seconds, Help: "Mean over the polls of the selected pair's round-trip time; where it has none, of those that the remote end reports. To two decimals.", Source: "candidate-pair currentRoundTripTime, remote-inbound-rtp roundTripTime", connection: func(c *connection) value { return number(round2(c.rtt.value())) }},
	Declaration{Name: "meanUpperBoundFrameHeight", Form: Number, Unit: pixels, Help: "Mean over the polls of the height of the tallest received video.", Source: "inbound-rtp frameHeight", connection: func(c *connection) value { return number(round2(c.upper.height.value())) }},
	Declaration{Name: "meanUpperBoundFramesPerSecond", Form: Number, Unit: framesPerSec, Help: "Mean over the polls of the frame rate of the tallest received video.", Source: "inbound-rtp framesPerSecond", connection: func(c *connection) value { return number(round2(c.upper.rate.value())) }},
	Declaration{Name: "meanLowerBoundFrameHeight", Form: Number, Unit: pixels, Help: "Mean over the polls of the height of the smallest received video.", Source: "inbound-rtp frameHeight", connection: func(c *connection) value { return number(round2(c.lower.height.value())) }},
	Declaration{Name: "meanLowerBoundFramesPerSecond", Form: Number, Unit: framesPerSec, Help: "Mean over the polls of the frame rate of the smallest received video.", Source: "inbound-rtp framesPerSecond", connection: func(c *connection) value { return number(round2(c.lower.rate.value())) }},
)

func pairFeature(name string, form Form, help string, of func(*pairEnds) value) Declaration {
	return Declaration{Name: "candidatePairData." + name, Form: form, Help: help + ".", Source: "transport, candidate-pair, candidates",
		connection: func(c *connection) value { return of(&c.lastPair).only(c.lastPair.known) }}
}

func (p *pairEnds) relay() bool { return p.localType == "relay" || p.remoteType == "relay" }

// total sums over the connection's streams what was sent or received, or lost
// of it. It is 0 where polls saw no stream, and NaN where there was no poll or
// nobody told what was lost.
func (c *connection) total(sends, lost bool) float64 {
	if c.polls == 0 {
		return math.NaN()
	}
	sum, streams, known := 0.0, 0, 0
	for _, s := range c.streams {
		if s.key.sends != sends {
			continue
		}
		streams++
		v := s.totalPackets()
		if lost {
			v = s.totalLost()
		}
		if v == v {
			known++
			sum += v
		}
	}
	if streams > 0 && known == 0 {
		return math.NaN()
	}
	return sum
}

var jitsiTrack = declare(Jitsi, Track,
	Declaration{Name: "mediaType", Form: Text, Help: "audio or video, and what a video shows where the application told: video/camera, video/desktop.", Source: "RTP kind, setVideoType", stream: func(s *stream) value { return told(s.mediaType()) }},
	Declaration{Name: "ssrc", Form: Text, Help: "SSRC of the stream.", Source: "RTP ssrc", stream: func(s *stream) value { return told(strconv.FormatUint(uint64(s.key.ssrc), 10)) }},
	Declaration{Name: "direction", Form: Text, Help: "send or received.", Source: "RTP type", stream: func(s *stream) value { return told(s.direction()) }},
	Declaration{Name: "packets", Form: Number, Unit: packets, Help: "Packets sent or received.", Source: "outbound-rtp packetsSent, inbound-rtp packetsReceived", stream: func(s *stream) value { return number(s.totalPackets()) }},
	Declaration{Name: "packetsLost", Form: Number, Unit: packets, Help: "Packets lost: of a received stream its own count, of a sent one what the remote end reported; left out where it reported nothing.", Source: "inbound-rtp packetsLost, remote-inbound-rtp packetsLost", stream: func(s *stream) value { return number(s.totalLost()) }},
	Declaration{Name: "packetsLostPct", Form: Number, Unit: percent, Help: "Lost in percent of the packets.", Source: "packets, packetsLost", stream: func(s *stream) value { return number(lostPct(s.totalLost(), s.totalPackets())) }},
	Declaration{Name: "packetsLostVariance", Form: Number, Help: "Variance of the packets lost from poll to poll.", Source: "packetsLost", stream: func(s *stream) value { return number(s.variance()).only(s.lost == s.lost) }},
	Declaration{Name: "concealedPercentage", Form: Number, Unit: percent, Help: "Concealed in percent of the samples received; of received audio only.", Source: "inbound-rtp concealedSamples, totalSamplesReceived", stream: func(s *stream) value { return number(s.concealedPct()) }},
	Declaration{Name: "startTime", Form: Time, Help: "Time of the first poll with packets, or when the video type was told.", Source: "polls, setVideoType", stream: func(s *stream) value { return when(s.start) }},
	Declaration{Name: "endTime", Form: Time, Help: "Time of the last poll with the stream, or when the video type changed.", Source: "polls, setVideoType", stream: func(s *stream) value { return when(s.end) }},
)
