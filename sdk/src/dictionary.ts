// Generated from rtc/dictionary.go by: go test ./sdk -run Dictionary -update

/** Members by their number on the wire, from 1; the name of what browsers do not say is left out. A digit in front is the power of ten of the steps in one unit. */
export const MEMBERS =
  "packetsReceived packetsSent bytesReceived bytesSent headerBytesReceived headerBytesSent 3lastPacketReceivedTimestamp " +
  "3lastPacketSentTimestamp packetsLost 6jitter 6jitterBufferDelay 6jitterBufferTargetDelay 6jitterBufferMinimumDelay " +
  "jitterBufferEmittedCount totalSamplesReceived concealedSamples silentConcealedSamples concealmentEvents " +
  "insertedSamplesForDeceleration removedSamplesForAcceleration 6audioLevel 9totalAudioEnergy 6totalSamplesDuration " +
  "framesReceived framesDecoded  framesDropped keyFramesDecoded frameWidth frameHeight 3framesPerSecond qpSum " +
  "6totalDecodeTime 6totalInterFrameDelay 6totalSquaredInterFrameDelay 6totalProcessingDelay 6totalAssemblyTime " +
  "framesAssembledFromMultiplePackets pauseCount 6totalPausesDuration freezeCount 6totalFreezesDuration firCount pliCount " +
  "nackCount 3estimatedPlayoutTimestamp packetsDiscarded fecPacketsReceived fecPacketsDiscarded fecBytesReceived " +
  "retransmittedPacketsReceived retransmittedBytesReceived retransmittedPacketsSent retransmittedBytesSent framesEncoded " +
  "framesSent keyFramesEncoded hugeFramesSent 6totalEncodeTime totalEncodedBytesTarget 6totalPacketSendDelay targetBitrate " +
  "qualityLimitationReason qualityLimitationResolutionChanges 6qualityLimitationDurations.none " +
  "6qualityLimitationDurations.cpu 6qualityLimitationDurations.bandwidth 6qualityLimitationDurations.other 6roundTripTime " +
  "6totalRoundTripTime roundTripTimeMeasurements 6fractionLost 6currentRoundTripTime availableOutgoingBitrate  " +
  "requestsReceived requestsSent responsesReceived responsesSent consentRequestsSent packetsDiscardedOnSend " +
  "bytesDiscardedOnSend 3remoteTimestamp reportsSent 6synthesizedSamplesDuration synthesizedSamplesEvents " +
  "6totalPlayoutDelay totalSamplesCount frames width height 3echoReturnLoss 3echoReturnLossEnhancement     messagesSent " +
  "messagesReceived dataChannelsOpened dataChannelsClosed selectedCandidatePairChanges 6totalCorruptionProbability " +
  "6totalSquaredCorruptionProbability corruptionMeasurements packetsReceivedWithEct1 packetsReceivedWithCe " +
  "packetsReportedAsLost packetsReportedAsLostButRecovered packetsSentWithEct1 packetsWithBleachedEct1Marking          " +
  "encodingIndex ssrc rtxSsrc  active nominated writable readable selected powerEfficientEncoder powerEfficientDecoder     " +
  " kind mediaType mid rid codecId transportId trackIdentifier trackId remoteId localId mediaSourceId playoutId " +
  "encoderImplementation decoderImplementation scalabilityMode contentType mimeType payloadType clockRate channels " +
  "sdpFmtpLine  state localCandidateId remoteCandidateId selectedCandidatePairId candidateType protocol relayProtocol " +
  "networkType networkAdapterType vpn address ip port url tcpType relatedAddress relatedPort usernameFragment foundation " +
  "priority isRemote  dtlsState dtlsRole dtlsCipher tlsVersion srtpCipher tlsGroup iceRole iceState " +
  "iceLocalUsernameFragment localCertificateId remoteCertificateId fingerprint fingerprintAlgorithm base64Certificate " +
  "issuerCertificateId label dataChannelIdentifier     psnrMeasurements ccfbMessagesReceived ccfbMessagesSent        " +
  "3psnrSum.y 3psnrSum.u 3psnrSum.v 6peerglassVideoStutterDuration 6peerglassAudioStutterDuration   cpuPressure 6loopLag " +
  "memoryUsed 6battery batteryCharging peerglassFramesShown";

/** Types of reports by their number on the wire, from 1. */
export const TYPES =
  "inbound-rtp outbound-rtp remote-inbound-rtp remote-outbound-rtp media-source media-playout candidate-pair transport " +
  "codec local-candidate remote-candidate certificate data-channel peer-connection track stream sender receiver " +
  "transceiver csrc client";
