package observertc

import (
	"strings"

	"github.com/peerglass/peerglass/rtc"
)

// list is a list of a peer connection's sample.
type list uint8

const (
	listNone list = iota
	listCertificates
	listCodecs
	listDataChannels
	listPairs
	listCandidates
	listTransports
	listInbound
	listInboundTracks
	listPlayouts
	listSources
	listOutbound
	listOutboundTracks
	listConnections
	listRemoteInbound
	listRemoteOutbound
	lists
)

// kindOfList says what a list holds. A list's number is that of its field in
// the protobuf message.
type kindOfList struct {
	name   string
	typ    rtc.StatsType // 0: tracks, or candidates of either end
	bySSRC bool          // the encoder tells a report's id once and goes by its ssrc
	fields []field       // by number; 0 is unused
}

// field is a member of a report in the protobuf message.
type field struct {
	name   []byte // the standard's
	member rtc.Member
	form   form
}

// form is what the bytes of a field mean where the wire's type does not say it.
type form uint8

const (
	formPlain form = iota
	formBool
	formBytes     // a text, or a UUID in 16 bytes
	formState     // of a candidate pair, by number
	formDurations // qualityLimitationDurations
	formID
	formSSRC // a number that also names the report
	formTime
	formNothing // attachments: of the application
)

var kinds = [lists]kindOfList{
	listCertificates: {"certificates", rtc.TypeCertificate, false, fieldsOf("id timestamp attachments base64Certificate fingerprint fingerprintAlgorithm issuerCertificateId")},
	listCodecs:       {"codecs", rtc.TypeCodec, false, fieldsOf("id mimeType timestamp attachments channels clockRate payloadType sdpFmtpLine transportId")},
	listDataChannels: {"dataChannels", rtc.TypeDataChannel, false, fieldsOf("id timestamp attachments bytesReceived bytesSent dataChannelIdentifier label messagesReceived messagesSent protocol state")},
	listPairs: {"iceCandidatePairs", rtc.TypeCandidatePair, false, fieldsOf(`id timestamp attachments availableIncomingBitrate availableOutgoingBitrate
		bytesDiscardedOnSend bytesReceived bytesSent consentRequestsSent currentRoundTripTime lastPacketReceivedTimestamp lastPacketSentTimestamp
		localCandidateId nominated:bool packetsDiscardedOnSend packetsReceived packetsSent remoteCandidateId requestsReceived requestsSent
		responsesReceived responsesSent state:state totalRoundTripTime transportId`)},
	listCandidates: {"iceCandidates", 0, false, fieldsOf(`id timestamp address attachments candidateType foundation port priority protocol relatedAddress
		relatedPort relayProtocol tcpType transportId url usernameFragment`)},
	listTransports: {"iceTransports", rtc.TypeTransport, false, fieldsOf(`id timestamp attachments bytesReceived bytesSent dtlsCipher dtlsRole dtlsState
		iceLocalUsernameFragment iceRole iceState localCertificateId packetsReceived packetsSent remoteCertificateId selectedCandidatePairChanges
		selectedCandidatePairId srtpCipher tlsVersion`)},
	listInbound: {"inboundRtps", rtc.TypeInboundRTP, true, fieldsOf(`id kind ssrc timestamp trackIdentifier:bytes attachments audioLevel bytesReceived codecId
		concealedSamples concealmentEvents corruptionMeasurements decoderImplementation estimatedPlayoutTimestamp fecBytesReceived fecPacketsDiscarded
		fecPacketsReceived fecSsrc firCount frameHeight frameWidth framesAssembledFromMultiplePackets framesDecoded framesDropped framesPerSecond
		framesReceived framesRendered freezeCount headerBytesReceived insertedSamplesForDeceleration jitter jitterBufferDelay jitterBufferEmittedCount
		jitterBufferMinimumDelay jitterBufferTargetDelay keyFramesDecoded lastPacketReceivedTimestamp mid nackCount packetsDiscarded packetsLost
		packetsReceived pauseCount playoutId pliCount powerEfficientDecoder:bool qpSum remoteId removedSamplesForAcceleration
		retransmittedBytesReceived retransmittedPacketsReceived rtxSsrc silentConcealedSamples totalAssemblyTime totalAudioEnergy
		totalCorruptionProbability totalDecodeTime totalFreezesDuration totalInterFrameDelay totalPausesDuration totalProcessingDelay
		totalSamplesDuration totalSamplesReceived totalSquaredCorruptionProbability totalSquaredInterFrameDelay transportId`)},
	listInboundTracks: {"inboundTracks", 0, false, fieldsOf("id kind timestamp attachments score scoreReasons")},
	listPlayouts: {"mediaPlayouts", rtc.TypeMediaPlayout, false, fieldsOf(`id kind timestamp attachments synthesizedSamplesDuration synthesizedSamplesEvents
		totalPlayoutDelay totalSamplesCount totalSamplesDuration`)},
	listSources: {"mediaSources", rtc.TypeMediaSource, false, fieldsOf(`id kind timestamp attachments audioLevel echoReturnLoss echoReturnLossEnhancement
		frames framesPerSecond height totalAudioEnergy totalSamplesDuration trackIdentifier:bytes width`)},
	listOutbound: {"outboundRtps", rtc.TypeOutboundRTP, true, fieldsOf(`id kind ssrc timestamp active:bool attachments bytesSent codecId encoderImplementation
		firCount frameHeight frameWidth framesEncoded framesPerSecond framesSent headerBytesSent hugeFramesSent keyFramesEncoded mediaSourceId mid
		nackCount packetsSent pliCount powerEfficientEncoder:bool qpSum qualityLimitationDurations:durations qualityLimitationReason
		qualityLimitationResolutionChanges remoteId retransmittedBytesSent retransmittedPacketsSent rid rtxSsrc scalabilityMode targetBitrate
		totalEncodeTime totalEncodedBytesTarget totalPacketSendDelay transportId`)},
	listOutboundTracks: {"outboundTracks", 0, false, fieldsOf("id kind timestamp attachments score scoreReasons")},
	listConnections:    {"peerConnectionTransports", rtc.TypePeerConnection, false, fieldsOf("id timestamp attachments dataChannelsClosed dataChannelsOpened")},
	listRemoteInbound: {"remoteInboundRtps", rtc.TypeRemoteInboundRTP, true, fieldsOf(`id kind ssrc timestamp attachments codecId fractionLost jitter localId
		packetsLost packetsReceived roundTripTime roundTripTimeMeasurements totalRoundTripTime transportId`)},
	listRemoteOutbound: {"remoteOutboundRtps", rtc.TypeRemoteOutboundRTP, true, fieldsOf(`id kind ssrc timestamp attachments bytesSent codecId localId
		packetsSent remoteTimestamp reportsSent roundTripTime roundTripTimeMeasurements totalRoundTripTime transportId`)},
}

// fieldsOf reads names in the order of their numbers, from 1 on; what stands
// behind a colon says what a field's bytes mean.
func fieldsOf(names string) []field {
	fields := []field{{}}
	for _, name := range strings.Fields(names) {
		name, meaning, _ := strings.Cut(name, ":")
		f := field{name: []byte(name), member: rtc.LookupMember([]byte(name))}
		switch {
		case meaning == "bool":
			f.form = formBool
		case meaning == "bytes":
			f.form = formBytes
		case meaning == "state":
			f.form = formState
		case meaning == "durations":
			f.form = formDurations
		case name == "id":
			f.form = formID
		case name == "ssrc":
			f.form = formSSRC
		case name == "timestamp":
			f.form = formTime
		case name == "attachments":
			f.form = formNothing
		}
		fields = append(fields, f)
	}
	return fields
}

// durations are the fields of qualityLimitationDurations.
var durations = [5]rtc.Member{
	1: rtc.StatQualityLimitationDurationsBandwidth, 2: rtc.StatQualityLimitationDurationsCpu,
	3: rtc.StatQualityLimitationDurationsNone, 4: rtc.StatQualityLimitationDurationsOther,
}

// states are those of a candidate pair, by number.
var states = [...][]byte{[]byte("new"), []byte("in-progress"), []byte("waiting"), []byte("failed"), []byte("succeeded"), []byte("cancelled")}

// listNamed returns the list that a member of a peer connection's sample is.
func listNamed(name []byte) list { return listByName[string(name)] }

var listByName = func() map[string]list {
	byName := make(map[string]list, lists)
	for l := listNone + 1; l < lists; l++ {
		byName[kinds[l].name] = l
	}
	return byName
}()
