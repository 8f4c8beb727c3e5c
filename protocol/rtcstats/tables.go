package rtcstats

import (
	"strconv"
	"strings"

	"github.com/peerglass/peerglass/rtc"
)

// The numbers of the wire, as rtcstats/rtcstats fixes them in
// packages/rtcstats-shared/compression.js (read at 08e111d). They are never
// given to anything else; a name without a number is sent as it is.

// method is a method or event of the browser and its number.
type method struct {
	name string
	kind rtc.Kind
	// readOnly: rtcstats-js reads the number but does not send it yet, so that
	// older readers understand what it writes. We write as it does.
	readOnly bool
}

// statsCode is how statistics are sent; 1 is reserved for them.
const statsCode = "g"

const nameGetStats = "getStats"

var methods = [...]method{
	1:  {nameGetStats, rtc.KindStats, true},
	2:  {"createOffer", rtc.KindCall, false},
	3:  {"createOfferOnSuccess", rtc.KindCall, false},
	4:  {"createAnswer", rtc.KindCall, false},
	5:  {"createAnswerOnSuccess", rtc.KindCall, false},
	6:  {"setLocalDescription", rtc.KindCall, false},
	7:  {"setLocalDescriptionOnSuccess", rtc.KindCall, false},
	8:  {"setRemoteDescription", rtc.KindCall, false},
	9:  {"setRemoteDescriptionOnSuccess", rtc.KindCall, false},
	10: {"addIceCandidate", rtc.KindCall, false},
	11: {"addIceCandidateOnSuccess", rtc.KindCall, false},
	12: {"createOfferOnFailure", rtc.KindCall, false},
	13: {"createAnswerOnFailure", rtc.KindCall, false},
	14: {"setLocalDescriptionOnFailure", rtc.KindCall, false},
	15: {"setRemoteDescriptionOnFailure", rtc.KindCall, false},
	16: {"addIceCandidateOnFailure", rtc.KindCall, false},
	20: {rtc.NameICECandidate, rtc.KindState, false},
	21: {rtc.NameICEError, rtc.KindState, false},
	22: {rtc.NameTrack, rtc.KindState, false},
	23: {rtc.NameSignalingState, rtc.KindState, false},
	24: {rtc.NameICEState, rtc.KindState, false},
	25: {rtc.NameConnState, rtc.KindState, false},
	26: {rtc.NameGatheringState, rtc.KindState, false},
	27: {rtc.NameNegotiation, rtc.KindState, false},
	28: {rtc.NameDataChannel, rtc.KindState, false},
	30: {"addTrack", rtc.KindCall, false},
	31: {"addTrackOnSuccess", rtc.KindCall, false},
	32: {"addTransceiver", rtc.KindCall, false},
	33: {"addTransceiverOnSuccess", rtc.KindCall, false},
	34: {"removeTrack", rtc.KindCall, false},
	35: {"createDataChannel", rtc.KindCall, false},
	36: {rtc.NameClose, rtc.KindCall, false},
	37: {"restartIce", rtc.KindCall, false},
	38: {"setConfiguration", rtc.KindCall, false},
	39: {rtc.NameCreate, rtc.KindCall, false},
	40: {rtc.NameConstraints, rtc.KindCall, false},
	41: {"setCodecPreferences", rtc.KindCall, false},
	42: {"setHeaderExtensionsToNegotiate", rtc.KindCall, false},
	50: {"setParameters", rtc.KindCall, false},
	51: {"replaceTrack", rtc.KindCall, false},
	60: {rtc.NameGetUserMedia, rtc.KindCall, false},
	61: {rtc.NameGetUserMedia + rtc.OnSuccess, rtc.KindCall, false},
	63: {rtc.NameGetDisplayMedia, rtc.KindCall, false},
	64: {rtc.NameGetDisplayMedia + rtc.OnSuccess, rtc.KindCall, false},
	65: {rtc.NameGetUserMedia + rtc.OnFailure, rtc.KindCall, false},
	66: {rtc.NameEnumerate, rtc.KindCall, false},
	67: {rtc.NameDeviceChange, rtc.KindState, false},
	68: {rtc.NameGetDisplayMedia + rtc.OnFailure, rtc.KindCall, true},
	70: {"MediaStreamTrack.stop", rtc.KindCall, false},
	71: {"MediaStreamTrack.applyConstraints", rtc.KindCall, false},
	72: {"MediaStreamTrack.onended", rtc.KindState, false},
	73: {"MediaStreamTrack.onmute", rtc.KindState, false},
	74: {"MediaStreamTrack.onunmute", rtc.KindState, false},
	80: {"HTMLMediaElement.resize", rtc.KindState, false},
}

// methodNames are the names as the bytes that records carry.
var methodNames = func() (names [len(methods)][]byte) {
	for i, m := range methods {
		names[i] = []byte(m.name)
	}
	return names
}()

var methodByName = func() map[string]int {
	byName := make(map[string]int, len(methods))
	for i, m := range methods {
		if m.name != "" {
			byName[m.name] = i
		}
	}
	return byName
}()

// The names that custom events have on the wire where the vocabulary has a
// kind for them; other custom events are ':' and their name, "::" where that
// would be one of these.
const (
	customFeedback = "feedback"
	customLog      = "log"
	customClose    = "close"
)

// kindOf says what a frame with a name that has no number is: what the page
// told, or a method that a later version of the client wraps.
func kindOf(name []byte, conn bool) rtc.Kind {
	if i, ok := methodByName[string(name)]; ok {
		return methods[i].kind
	}
	switch string(name) {
	case rtc.NameIdentity, rtc.NameConnectionInfo:
		return rtc.KindOpen
	}
	switch s := string(name); { // not kept, so not copied
	case strings.HasPrefix(s, "on"):
		return rtc.KindState
	case conn, strings.HasPrefix(s, "navigator."), strings.HasPrefix(s, "MediaStreamTrack."),
		strings.HasSuffix(s, rtc.OnSuccess), strings.HasSuffix(s, rtc.OnFailure):
		return rtc.KindCall
	}
	return rtc.KindEvent
}

// types are the types of reports by number.
var types = [...]rtc.StatsType{
	1:  rtc.TypeInboundRTP,
	2:  rtc.TypeOutboundRTP,
	3:  rtc.TypeRemoteInboundRTP,
	4:  rtc.TypeRemoteOutboundRTP,
	5:  rtc.TypeTransport,
	6:  rtc.TypeCandidatePair,
	7:  rtc.TypeLocalCandidate,
	8:  rtc.TypeRemoteCandidate,
	9:  rtc.TypeDataChannel,
	10: rtc.TypePeerConnection,
	11: rtc.TypeCertificate,
	12: rtc.TypeMediaSource,
	13: rtc.TypeMediaPlayout,
	14: rtc.TypeCodec,
}

var typeNumber = func() (numbers [rtc.StatsTypes]int) {
	for n, t := range types {
		numbers[t] = n
	}
	numbers[0] = 0
	return numbers
}()

// timestampKey is the member timestamp, of a report and of a poll.
const timestampKey = "t"

// properties are the members of reports by number. lastWritten is the last
// that rtcstats-js sends as a number; it reads those above.
var properties = [...]string{
	4: "payloadType", 5: "transportId", 6: "mimeType", 7: "clockRate", 8: "channels", 9: "sdpFmtpLine",
	10: "ssrc", 11: "kind", 12: "codecId", 14: "packetsReceived", 15: "packetsLost", 16: "jitter",
	17: "trackIdentifier", 18: "mid", 19: "remoteId", 20: "framesDecoded", 21: "keyFramesDecoded",
	22: "framesDropped", 23: "frameWidth", 24: "frameHeight", 25: "framesPerSecond", 26: "qpSum",
	27: "totalDecodeTime", 28: "totalInterFrameDelay", 29: "totalSquaredInterFrameDelay", 30: "pauseCount",
	31: "totalPausesDuration", 32: "freezeCount", 33: "totalFreezesDuration", 34: "lastPacketReceivedTimestamp",
	35: "headerBytesReceived", 36: "packetsDiscarded", 37: "fecPacketsReceived", 38: "fecPacketsDiscarded",
	39: "fecBytesReceived", 40: "fecSsrc", 41: "bytesReceived", 42: "nackCount", 43: "firCount", 44: "pliCount",
	45: "totalProcessingDelay", 46: "estimatedPlayoutTimestamp", 47: "jitterBufferDelay",
	48: "jitterBufferTargetDelay", 49: "jitterBufferEmittedCount", 50: "jitterBufferMinimumDelay",
	51: "totalSamplesReceived", 52: "concealedSamples", 53: "silentConcealedSamples", 54: "concealmentEvents",
	55: "insertedSamplesForDeceleration", 56: "removedSamplesForAcceleration", 57: "audioLevel",
	58: "totalAudioEnergy", 59: "totalSamplesDuration", 60: "framesReceived", 61: "decoderImplementation",
	62: "playoutId", 63: "powerEfficientDecoder", 64: "framesAssembledFromMultiplePackets", 65: "totalAssemblyTime",
	66: "contentType", 67: "googTimingFrameInfo", 68: "retransmittedPacketsReceived", 69: "retransmittedBytesReceived",
	70: "rtxSsrc", 71: "totalCorruptionProbability", 72: "totalSquaredCorruptionProbability",
	73: "corruptionMeasurements", 74: "localId", 75: "roundTripTime", 76: "totalRoundTripTime", 77: "fractionLost",
	78: "roundTripTimeMeasurements", 79: "packetsSent", 80: "bytesSent", 81: "mediaSourceId", 82: "rid",
	83: "encodingIndex", 84: "headerBytesSent", 85: "retransmittedPacketsSent", 86: "retransmittedBytesSent",
	87: "targetBitrate", 88: "totalEncodedBytesTarget", 89: "framesSent", 90: "hugeFramesSent", 91: "framesEncoded",
	92: "keyFramesEncoded", 93: "totalEncodeTime", 94: "totalPacketSendDelay", 95: "qualityLimitationReason",
	96: "qualityLimitationDurations", 97: "qualityLimitationResolutionChanges", 98: "encoderImplementation",
	99: "powerEfficientEncoder", 100: "active", 101: "scalabilityMode", 102: "remoteTimestamp", 103: "reportsSent",
	104: "echoReturnLoss", 105: "echoReturnLossEnhancement", 106: "width", 107: "height", 108: "frames",
	109: "synthesizedSamplesDuration", 110: "synthesizedSamplesEvents", 111: "totalPlayoutDelay",
	112: "totalSamplesCount", 113: "dataChannelsOpened", 114: "dataChannelsClosed", 115: "label", 116: "protocol",
	117: "dataChannelIdentifier", 118: "state", 119: "messagesSent", 120: "messagesReceived", 121: "iceRole",
	122: "iceLocalUsernameFragment", 123: "dtlsState", 124: "iceState", 125: "selectedCandidatePairId",
	126: "localCertificateId", 127: "remoteCertificateId", 128: "tlsVersion", 129: "dtlsCipher", 130: "dtlsRole",
	131: "srtpCipher", 132: "selectedCandidatePairChanges", 133: "rtcpTransportStatsId", 134: "address", 135: "port",
	136: "candidateType", 137: "priority", 138: "url", 139: "relayProtocol", 140: "foundation",
	141: "relatedAddress", 142: "relatedPort", 143: "usernameFragment", 144: "tcpType", 145: "networkType",
	148: "localCandidateId", 149: "remoteCandidateId", 150: "nominated", 151: "lastPacketSentTimestamp",
	152: "currentRoundTripTime", 153: "availableOutgoingBitrate", 154: "availableIncomingBitrate",
	155: "requestsReceived", 156: "requestsSent", 157: "responsesReceived", 158: "responsesSent",
	159: "consentRequestsSent", 160: "packetsDiscardedOnSend", 161: "bytesDiscardedOnSend", 163: "fingerprint",
	164: "fingerprintAlgorithm", 165: "base64Certificate", 166: "issuerCertificateId",
	167: "psnrMeasurements", 168: "psnrSum", 169: "packetsReceivedWithEct1", 170: "packetsReceivedWithCe",
	171: "packetsReportedAsLost", 172: "packetsReportedAsLostButRecovered", 173: "packetsWithBleachedEct1Marking",
	174: "packetsSentWithEct1", 175: "ccfbMessagesSent", 176: "ccfbMessagesReceived",
}

const lastWritten = 166

// property is a member of a report by number: of the dictionary, or a name
// (containers of nested members).
type property struct {
	member rtc.Member
	name   []byte
}

var propertyByNumber = func() (table [len(properties)]property) {
	for n, name := range properties {
		if name != "" {
			table[n] = property{rtc.LookupMember([]byte(name)), []byte(name)}
		}
	}
	return table
}()

// propertyKeys are the keys that rtcstats-js writes, by name.
var propertyKeys = func() map[string]string {
	keys := make(map[string]string, lastWritten)
	for n, name := range properties[:lastWritten+1] {
		if name != "" {
			keys[name] = strconv.Itoa(n)
		}
	}
	return keys
}()

var timestampName = []byte("timestamp")

// wireMember resolves the key of a member for package statsjson.
func wireMember(wire []byte) (rtc.Member, []byte) {
	if n, ok := smallNumber(wire); ok && n < len(propertyByNumber) {
		if p := &propertyByNumber[n]; p.name != nil {
			return p.member, p.name
		}
	}
	if len(wire) == 1 && wire[0] == timestampKey[0] {
		return 0, timestampName
	}
	return 0, wire
}

// wireType resolves the value of a report's type.
func wireType(wire []byte) rtc.StatsType {
	if n, ok := smallNumber(wire); ok {
		if n < len(types) {
			return types[n]
		}
		return 0
	}
	return rtc.LookupStatsType(wire)
}

// smallNumber reads a whole number of up to three digits.
func smallNumber(b []byte) (int, bool) {
	if len(b) == 0 || len(b) > 3 {
		return 0, false
	}
	n := 0
	for _, c := range b {
		if c -= '0'; c > 9 {
			return 0, false
		}
		n = n*10 + int(c)
	}
	return n, true
}
