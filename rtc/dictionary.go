package rtc

// The dictionary: the members of the W3C statistics (webrtc-stats and its
// provisional companion, https://w3c.github.io/webrtc-stats/) and of what
// browsers add to them. The position of a member is its number on the native
// wire (docs/protocol.md): append, never reorder. The busiest stand first,
// because numbers below 128 take one byte.
const (
	StatPacketsReceived Member = iota + 1
	StatPacketsSent
	StatBytesReceived
	StatBytesSent
	StatHeaderBytesReceived
	StatHeaderBytesSent
	StatLastPacketReceivedTimestamp
	StatLastPacketSentTimestamp
	StatPacketsLost
	StatJitter
	StatJitterBufferDelay
	StatJitterBufferTargetDelay
	StatJitterBufferMinimumDelay
	StatJitterBufferEmittedCount
	StatTotalSamplesReceived
	StatConcealedSamples
	StatSilentConcealedSamples
	StatConcealmentEvents
	StatInsertedSamplesForDeceleration
	StatRemovedSamplesForAcceleration
	StatAudioLevel
	StatTotalAudioEnergy
	StatTotalSamplesDuration
	StatFramesReceived
	StatFramesDecoded
	StatFramesRendered
	StatFramesDropped
	StatKeyFramesDecoded
	StatFrameWidth
	StatFrameHeight
	StatFramesPerSecond
	StatQpSum
	StatTotalDecodeTime
	StatTotalInterFrameDelay
	StatTotalSquaredInterFrameDelay
	StatTotalProcessingDelay
	StatTotalAssemblyTime
	StatFramesAssembledFromMultiplePackets
	StatPauseCount
	StatTotalPausesDuration
	StatFreezeCount
	StatTotalFreezesDuration
	StatFirCount
	StatPliCount
	StatNackCount
	StatEstimatedPlayoutTimestamp
	StatPacketsDiscarded
	StatFecPacketsReceived
	StatFecPacketsDiscarded
	StatFecBytesReceived
	StatRetransmittedPacketsReceived
	StatRetransmittedBytesReceived
	StatRetransmittedPacketsSent
	StatRetransmittedBytesSent
	StatFramesEncoded
	StatFramesSent
	StatKeyFramesEncoded
	StatHugeFramesSent
	StatTotalEncodeTime
	StatTotalEncodedBytesTarget
	StatTotalPacketSendDelay
	StatTargetBitrate
	StatQualityLimitationReason
	StatQualityLimitationResolutionChanges
	StatQualityLimitationDurationsNone
	StatQualityLimitationDurationsCpu
	StatQualityLimitationDurationsBandwidth
	StatQualityLimitationDurationsOther
	StatRoundTripTime
	StatTotalRoundTripTime
	StatRoundTripTimeMeasurements
	StatFractionLost
	StatCurrentRoundTripTime
	StatAvailableOutgoingBitrate
	StatAvailableIncomingBitrate
	StatRequestsReceived
	StatRequestsSent
	StatResponsesReceived
	StatResponsesSent
	StatConsentRequestsSent
	StatPacketsDiscardedOnSend
	StatBytesDiscardedOnSend
	StatRemoteTimestamp
	StatReportsSent
	StatSynthesizedSamplesDuration
	StatSynthesizedSamplesEvents
	StatTotalPlayoutDelay
	StatTotalSamplesCount
	StatFrames
	StatWidth
	StatHeight
	StatEchoReturnLoss
	StatEchoReturnLossEnhancement
	StatTotalSamplesCaptured
	StatDroppedSamplesDuration
	StatDroppedSamplesEvents
	StatTotalCaptureDelay
	StatMessagesSent
	StatMessagesReceived
	StatDataChannelsOpened
	StatDataChannelsClosed
	StatSelectedCandidatePairChanges
	StatTotalCorruptionProbability
	StatTotalSquaredCorruptionProbability
	StatCorruptionMeasurements
	StatPacketsReceivedWithEct1
	StatPacketsReceivedWithCe
	StatPacketsReportedAsLost
	StatPacketsReportedAsLostButRecovered
	StatPacketsSentWithEct1
	StatPacketsWithBleachedEct1Marking
	StatFramesDiscarded
	StatBurstPacketsLost
	StatBurstDiscardCount
	StatGapLossRate
	StatFullFramesLost
	StatPartialFramesLost
	StatFramesDiscardedOnSend
	StatSamplesEncodedWithSilk
	StatSamplesEncodedWithCelt
	StatEncodingIndex
	StatSsrc
	StatRtxSsrc
	StatFecSsrc
	StatActive
	StatNominated
	StatWritable
	StatReadable
	StatSelected
	StatPowerEfficientEncoder
	StatPowerEfficientDecoder
	StatInterruptionCount
	StatTotalInterruptionDuration
	StatRelativePacketArrivalDelay
	StatJitterBufferFlushes
	StatDelayedPacketOutageSamples
	StatKind
	StatMediaType
	StatMid
	StatRid
	StatCodecId
	StatTransportId
	StatTrackIdentifier
	StatTrackId
	StatRemoteId
	StatLocalId
	StatMediaSourceId
	StatPlayoutId
	StatEncoderImplementation
	StatDecoderImplementation
	StatScalabilityMode
	StatContentType
	StatMimeType
	StatPayloadType
	StatClockRate
	StatChannels
	StatSdpFmtpLine
	StatCodecType
	StatState
	StatLocalCandidateId
	StatRemoteCandidateId
	StatSelectedCandidatePairId
	StatCandidateType
	StatProtocol
	StatRelayProtocol
	StatNetworkType
	StatNetworkAdapterType
	StatVpn
	StatAddress
	StatIp
	StatPort
	StatUrl
	StatTcpType
	StatRelatedAddress
	StatRelatedPort
	StatUsernameFragment
	StatFoundation
	StatPriority
	StatIsRemote
	StatDeleted
	StatDtlsState
	StatDtlsRole
	StatDtlsCipher
	StatTlsVersion
	StatSrtpCipher
	StatTlsGroup
	StatIceRole
	StatIceState
	StatIceLocalUsernameFragment
	StatLocalCertificateId
	StatRemoteCertificateId
	StatFingerprint
	StatFingerprintAlgorithm
	StatBase64Certificate
	StatIssuerCertificateId
	StatLabel
	StatDataChannelIdentifier
	StatRemoteSource
	StatEnded
	StatDetached
	StatRtcpTransportStatsId
	StatPsnrMeasurements
	StatCcfbMessagesReceived
	StatCcfbMessagesSent
	StatGoogTimingFrameInfo
	StatLastRequestTimestamp
	StatLastResponseTimestamp
	StatConsentExpiredTimestamp
	StatFirstRequestTimestamp
	StatRetransmissionsReceived
	StatRetransmissionsSent
	StatPsnrSumY
	StatPsnrSumU
	StatPsnrSumV
	StatPeerglassVideoStutterDuration
	StatPeerglassAudioStutterDuration
	StatCpuSystem
	StatCpuApp
	StatCpuPressure
	StatLoopLag
	StatMemoryUsed
	StatBattery
	StatBatteryCharging
	StatPeerglassFramesShown

	memberEnd
)

var dictionary = [memberEnd]MemberInfo{
	StatPacketsReceived:                     {"packetsReceived", Counter, UnitPackets},
	StatPacketsSent:                         {"packetsSent", Counter, UnitPackets},
	StatBytesReceived:                       {"bytesReceived", Counter, UnitBytes},
	StatBytesSent:                           {"bytesSent", Counter, UnitBytes},
	StatHeaderBytesReceived:                 {"headerBytesReceived", Counter, UnitBytes},
	StatHeaderBytesSent:                     {"headerBytesSent", Counter, UnitBytes},
	StatLastPacketReceivedTimestamp:         {"lastPacketReceivedTimestamp", Gauge, UnitMilliseconds},
	StatLastPacketSentTimestamp:             {"lastPacketSentTimestamp", Gauge, UnitMilliseconds},
	StatPacketsLost:                         {"packetsLost", Counter, UnitPackets},
	StatJitter:                              {"jitter", Gauge, UnitSeconds},
	StatJitterBufferDelay:                   {"jitterBufferDelay", Counter, UnitSeconds},
	StatJitterBufferTargetDelay:             {"jitterBufferTargetDelay", Counter, UnitSeconds},
	StatJitterBufferMinimumDelay:            {"jitterBufferMinimumDelay", Counter, UnitSeconds},
	StatJitterBufferEmittedCount:            {"jitterBufferEmittedCount", Counter, UnitCount},
	StatTotalSamplesReceived:                {"totalSamplesReceived", Counter, UnitSamples},
	StatConcealedSamples:                    {"concealedSamples", Counter, UnitSamples},
	StatSilentConcealedSamples:              {"silentConcealedSamples", Counter, UnitSamples},
	StatConcealmentEvents:                   {"concealmentEvents", Counter, UnitCount},
	StatInsertedSamplesForDeceleration:      {"insertedSamplesForDeceleration", Counter, UnitSamples},
	StatRemovedSamplesForAcceleration:       {"removedSamplesForAcceleration", Counter, UnitSamples},
	StatAudioLevel:                          {"audioLevel", Gauge, UnitRatio},
	StatTotalAudioEnergy:                    {"totalAudioEnergy", Counter, UnitEnergy},
	StatTotalSamplesDuration:                {"totalSamplesDuration", Counter, UnitSeconds},
	StatFramesReceived:                      {"framesReceived", Counter, UnitFrames},
	StatFramesDecoded:                       {"framesDecoded", Counter, UnitFrames},
	StatFramesRendered:                      {"framesRendered", Counter, UnitFrames},
	StatFramesDropped:                       {"framesDropped", Counter, UnitFrames},
	StatKeyFramesDecoded:                    {"keyFramesDecoded", Counter, UnitFrames},
	StatFrameWidth:                          {"frameWidth", Gauge, UnitPixels},
	StatFrameHeight:                         {"frameHeight", Gauge, UnitPixels},
	StatFramesPerSecond:                     {"framesPerSecond", Gauge, UnitFramesPerSecond},
	StatQpSum:                               {"qpSum", Counter, UnitCount},
	StatTotalDecodeTime:                     {"totalDecodeTime", Counter, UnitSeconds},
	StatTotalInterFrameDelay:                {"totalInterFrameDelay", Counter, UnitSeconds},
	StatTotalSquaredInterFrameDelay:         {"totalSquaredInterFrameDelay", Counter, UnitSquareSeconds},
	StatTotalProcessingDelay:                {"totalProcessingDelay", Counter, UnitSeconds},
	StatTotalAssemblyTime:                   {"totalAssemblyTime", Counter, UnitSeconds},
	StatFramesAssembledFromMultiplePackets:  {"framesAssembledFromMultiplePackets", Counter, UnitFrames},
	StatPauseCount:                          {"pauseCount", Counter, UnitCount},
	StatTotalPausesDuration:                 {"totalPausesDuration", Counter, UnitSeconds},
	StatFreezeCount:                         {"freezeCount", Counter, UnitCount},
	StatTotalFreezesDuration:                {"totalFreezesDuration", Counter, UnitSeconds},
	StatFirCount:                            {"firCount", Counter, UnitCount},
	StatPliCount:                            {"pliCount", Counter, UnitCount},
	StatNackCount:                           {"nackCount", Counter, UnitCount},
	StatEstimatedPlayoutTimestamp:           {"estimatedPlayoutTimestamp", Gauge, UnitMilliseconds},
	StatPacketsDiscarded:                    {"packetsDiscarded", Counter, UnitPackets},
	StatFecPacketsReceived:                  {"fecPacketsReceived", Counter, UnitPackets},
	StatFecPacketsDiscarded:                 {"fecPacketsDiscarded", Counter, UnitPackets},
	StatFecBytesReceived:                    {"fecBytesReceived", Counter, UnitBytes},
	StatRetransmittedPacketsReceived:        {"retransmittedPacketsReceived", Counter, UnitPackets},
	StatRetransmittedBytesReceived:          {"retransmittedBytesReceived", Counter, UnitBytes},
	StatRetransmittedPacketsSent:            {"retransmittedPacketsSent", Counter, UnitPackets},
	StatRetransmittedBytesSent:              {"retransmittedBytesSent", Counter, UnitBytes},
	StatFramesEncoded:                       {"framesEncoded", Counter, UnitFrames},
	StatFramesSent:                          {"framesSent", Counter, UnitFrames},
	StatKeyFramesEncoded:                    {"keyFramesEncoded", Counter, UnitFrames},
	StatHugeFramesSent:                      {"hugeFramesSent", Counter, UnitFrames},
	StatTotalEncodeTime:                     {"totalEncodeTime", Counter, UnitSeconds},
	StatTotalEncodedBytesTarget:             {"totalEncodedBytesTarget", Counter, UnitBytes},
	StatTotalPacketSendDelay:                {"totalPacketSendDelay", Counter, UnitSeconds},
	StatTargetBitrate:                       {"targetBitrate", Gauge, UnitBitsPerSecond},
	StatQualityLimitationReason:             {"qualityLimitationReason", Text, UnitNone},
	StatQualityLimitationResolutionChanges:  {"qualityLimitationResolutionChanges", Counter, UnitCount},
	StatQualityLimitationDurationsNone:      {"qualityLimitationDurations.none", Counter, UnitSeconds},
	StatQualityLimitationDurationsCpu:       {"qualityLimitationDurations.cpu", Counter, UnitSeconds},
	StatQualityLimitationDurationsBandwidth: {"qualityLimitationDurations.bandwidth", Counter, UnitSeconds},
	StatQualityLimitationDurationsOther:     {"qualityLimitationDurations.other", Counter, UnitSeconds},
	StatRoundTripTime:                       {"roundTripTime", Gauge, UnitSeconds},
	StatTotalRoundTripTime:                  {"totalRoundTripTime", Counter, UnitSeconds},
	StatRoundTripTimeMeasurements:           {"roundTripTimeMeasurements", Counter, UnitCount},
	StatFractionLost:                        {"fractionLost", Gauge, UnitRatio},
	StatCurrentRoundTripTime:                {"currentRoundTripTime", Gauge, UnitSeconds},
	StatAvailableOutgoingBitrate:            {"availableOutgoingBitrate", Gauge, UnitBitsPerSecond},
	StatAvailableIncomingBitrate:            {"availableIncomingBitrate", Gauge, UnitBitsPerSecond},
	StatRequestsReceived:                    {"requestsReceived", Counter, UnitCount},
	StatRequestsSent:                        {"requestsSent", Counter, UnitCount},
	StatResponsesReceived:                   {"responsesReceived", Counter, UnitCount},
	StatResponsesSent:                       {"responsesSent", Counter, UnitCount},
	StatConsentRequestsSent:                 {"consentRequestsSent", Counter, UnitCount},
	StatPacketsDiscardedOnSend:              {"packetsDiscardedOnSend", Counter, UnitPackets},
	StatBytesDiscardedOnSend:                {"bytesDiscardedOnSend", Counter, UnitBytes},
	StatRemoteTimestamp:                     {"remoteTimestamp", Gauge, UnitMilliseconds},
	StatReportsSent:                         {"reportsSent", Counter, UnitCount},
	StatSynthesizedSamplesDuration:          {"synthesizedSamplesDuration", Counter, UnitSeconds},
	StatSynthesizedSamplesEvents:            {"synthesizedSamplesEvents", Counter, UnitCount},
	StatTotalPlayoutDelay:                   {"totalPlayoutDelay", Counter, UnitSeconds},
	StatTotalSamplesCount:                   {"totalSamplesCount", Counter, UnitSamples},
	StatFrames:                              {"frames", Counter, UnitFrames},
	StatWidth:                               {"width", Gauge, UnitPixels},
	StatHeight:                              {"height", Gauge, UnitPixels},
	StatEchoReturnLoss:                      {"echoReturnLoss", Gauge, UnitDecibels},
	StatEchoReturnLossEnhancement:           {"echoReturnLossEnhancement", Gauge, UnitDecibels},
	StatTotalSamplesCaptured:                {"totalSamplesCaptured", Counter, UnitSamples},
	StatDroppedSamplesDuration:              {"droppedSamplesDuration", Counter, UnitSeconds},
	StatDroppedSamplesEvents:                {"droppedSamplesEvents", Counter, UnitCount},
	StatTotalCaptureDelay:                   {"totalCaptureDelay", Counter, UnitSeconds},
	StatMessagesSent:                        {"messagesSent", Counter, UnitCount},
	StatMessagesReceived:                    {"messagesReceived", Counter, UnitCount},
	StatDataChannelsOpened:                  {"dataChannelsOpened", Counter, UnitCount},
	StatDataChannelsClosed:                  {"dataChannelsClosed", Counter, UnitCount},
	StatSelectedCandidatePairChanges:        {"selectedCandidatePairChanges", Counter, UnitCount},
	StatTotalCorruptionProbability:          {"totalCorruptionProbability", Counter, UnitRatio},
	StatTotalSquaredCorruptionProbability:   {"totalSquaredCorruptionProbability", Counter, UnitRatio},
	StatCorruptionMeasurements:              {"corruptionMeasurements", Counter, UnitCount},
	StatPacketsReceivedWithEct1:             {"packetsReceivedWithEct1", Counter, UnitPackets},
	StatPacketsReceivedWithCe:               {"packetsReceivedWithCe", Counter, UnitPackets},
	StatPacketsReportedAsLost:               {"packetsReportedAsLost", Counter, UnitPackets},
	StatPacketsReportedAsLostButRecovered:   {"packetsReportedAsLostButRecovered", Counter, UnitPackets},
	StatPacketsSentWithEct1:                 {"packetsSentWithEct1", Counter, UnitPackets},
	StatPacketsWithBleachedEct1Marking:      {"packetsWithBleachedEct1Marking", Counter, UnitPackets},
	StatFramesDiscarded:                     {"framesDiscarded", Counter, UnitFrames},
	StatBurstPacketsLost:                    {"burstPacketsLost", Counter, UnitPackets},
	StatBurstDiscardCount:                   {"burstDiscardCount", Counter, UnitCount},
	StatGapLossRate:                         {"gapLossRate", Gauge, UnitRatio},
	StatFullFramesLost:                      {"fullFramesLost", Counter, UnitFrames},
	StatPartialFramesLost:                   {"partialFramesLost", Counter, UnitFrames},
	StatFramesDiscardedOnSend:               {"framesDiscardedOnSend", Counter, UnitFrames},
	StatSamplesEncodedWithSilk:              {"samplesEncodedWithSilk", Counter, UnitSamples},
	StatSamplesEncodedWithCelt:              {"samplesEncodedWithCelt", Counter, UnitSamples},
	StatEncodingIndex:                       {"encodingIndex", Gauge, UnitNone},
	StatSsrc:                                {"ssrc", Gauge, UnitNone},
	StatRtxSsrc:                             {"rtxSsrc", Gauge, UnitNone},
	StatFecSsrc:                             {"fecSsrc", Gauge, UnitNone},
	StatActive:                              {"active", Flag, UnitNone},
	StatNominated:                           {"nominated", Flag, UnitNone},
	StatWritable:                            {"writable", Flag, UnitNone},
	StatReadable:                            {"readable", Flag, UnitNone},
	StatSelected:                            {"selected", Flag, UnitNone},
	StatPowerEfficientEncoder:               {"powerEfficientEncoder", Flag, UnitNone},
	StatPowerEfficientDecoder:               {"powerEfficientDecoder", Flag, UnitNone},
	StatInterruptionCount:                   {"interruptionCount", Counter, UnitCount},
	StatTotalInterruptionDuration:           {"totalInterruptionDuration", Counter, UnitSeconds},
	StatRelativePacketArrivalDelay:          {"relativePacketArrivalDelay", Counter, UnitSeconds},
	StatJitterBufferFlushes:                 {"jitterBufferFlushes", Counter, UnitCount},
	StatDelayedPacketOutageSamples:          {"delayedPacketOutageSamples", Counter, UnitSamples},
	StatKind:                                {"kind", Text, UnitNone},
	StatMediaType:                           {"mediaType", Text, UnitNone},
	StatMid:                                 {"mid", Text, UnitNone},
	StatRid:                                 {"rid", Text, UnitNone},
	StatCodecId:                             {"codecId", Text, UnitNone},
	StatTransportId:                         {"transportId", Text, UnitNone},
	StatTrackIdentifier:                     {"trackIdentifier", Text, UnitNone},
	StatTrackId:                             {"trackId", Text, UnitNone},
	StatRemoteId:                            {"remoteId", Text, UnitNone},
	StatLocalId:                             {"localId", Text, UnitNone},
	StatMediaSourceId:                       {"mediaSourceId", Text, UnitNone},
	StatPlayoutId:                           {"playoutId", Text, UnitNone},
	StatEncoderImplementation:               {"encoderImplementation", Text, UnitNone},
	StatDecoderImplementation:               {"decoderImplementation", Text, UnitNone},
	StatScalabilityMode:                     {"scalabilityMode", Text, UnitNone},
	StatContentType:                         {"contentType", Text, UnitNone},
	StatMimeType:                            {"mimeType", Text, UnitNone},
	StatPayloadType:                         {"payloadType", Gauge, UnitNone},
	StatClockRate:                           {"clockRate", Gauge, UnitHertz},
	StatChannels:                            {"channels", Gauge, UnitNone},
	StatSdpFmtpLine:                         {"sdpFmtpLine", Text, UnitNone},
	StatCodecType:                           {"codecType", Text, UnitNone},
	StatState:                               {"state", Text, UnitNone},
	StatLocalCandidateId:                    {"localCandidateId", Text, UnitNone},
	StatRemoteCandidateId:                   {"remoteCandidateId", Text, UnitNone},
	StatSelectedCandidatePairId:             {"selectedCandidatePairId", Text, UnitNone},
	StatCandidateType:                       {"candidateType", Text, UnitNone},
	StatProtocol:                            {"protocol", Text, UnitNone},
	StatRelayProtocol:                       {"relayProtocol", Text, UnitNone},
	StatNetworkType:                         {"networkType", Text, UnitNone},
	StatNetworkAdapterType:                  {"networkAdapterType", Text, UnitNone},
	StatVpn:                                 {"vpn", Flag, UnitNone},
	StatAddress:                             {"address", Text, UnitNone},
	StatIp:                                  {"ip", Text, UnitNone},
	StatPort:                                {"port", Gauge, UnitNone},
	StatUrl:                                 {"url", Text, UnitNone},
	StatTcpType:                             {"tcpType", Text, UnitNone},
	StatRelatedAddress:                      {"relatedAddress", Text, UnitNone},
	StatRelatedPort:                         {"relatedPort", Gauge, UnitNone},
	StatUsernameFragment:                    {"usernameFragment", Text, UnitNone},
	StatFoundation:                          {"foundation", Text, UnitNone},
	StatPriority:                            {"priority", Gauge, UnitNone},
	StatIsRemote:                            {"isRemote", Flag, UnitNone},
	StatDeleted:                             {"deleted", Flag, UnitNone},
	StatDtlsState:                           {"dtlsState", Text, UnitNone},
	StatDtlsRole:                            {"dtlsRole", Text, UnitNone},
	StatDtlsCipher:                          {"dtlsCipher", Text, UnitNone},
	StatTlsVersion:                          {"tlsVersion", Text, UnitNone},
	StatSrtpCipher:                          {"srtpCipher", Text, UnitNone},
	StatTlsGroup:                            {"tlsGroup", Text, UnitNone},
	StatIceRole:                             {"iceRole", Text, UnitNone},
	StatIceState:                            {"iceState", Text, UnitNone},
	StatIceLocalUsernameFragment:            {"iceLocalUsernameFragment", Text, UnitNone},
	StatLocalCertificateId:                  {"localCertificateId", Text, UnitNone},
	StatRemoteCertificateId:                 {"remoteCertificateId", Text, UnitNone},
	StatFingerprint:                         {"fingerprint", Text, UnitNone},
	StatFingerprintAlgorithm:                {"fingerprintAlgorithm", Text, UnitNone},
	StatBase64Certificate:                   {"base64Certificate", Text, UnitNone},
	StatIssuerCertificateId:                 {"issuerCertificateId", Text, UnitNone},
	StatLabel:                               {"label", Text, UnitNone},
	StatDataChannelIdentifier:               {"dataChannelIdentifier", Gauge, UnitNone},
	StatRemoteSource:                        {"remoteSource", Flag, UnitNone},
	StatEnded:                               {"ended", Flag, UnitNone},
	StatDetached:                            {"detached", Flag, UnitNone},
	StatRtcpTransportStatsId:                {"rtcpTransportStatsId", Text, UnitNone},
	StatPsnrMeasurements:                    {"psnrMeasurements", Counter, UnitCount},
	StatCcfbMessagesReceived:                {"ccfbMessagesReceived", Counter, UnitCount},
	StatCcfbMessagesSent:                    {"ccfbMessagesSent", Counter, UnitCount},
	StatGoogTimingFrameInfo:                 {"googTimingFrameInfo", Text, UnitNone},
	StatLastRequestTimestamp:                {"lastRequestTimestamp", Gauge, UnitMilliseconds},
	StatLastResponseTimestamp:               {"lastResponseTimestamp", Gauge, UnitMilliseconds},
	StatConsentExpiredTimestamp:             {"consentExpiredTimestamp", Gauge, UnitMilliseconds},
	StatFirstRequestTimestamp:               {"firstRequestTimestamp", Gauge, UnitMilliseconds},
	StatRetransmissionsReceived:             {"retransmissionsReceived", Counter, UnitCount},
	StatRetransmissionsSent:                 {"retransmissionsSent", Counter, UnitCount},
	StatPsnrSumY:                            {"psnrSum.y", Counter, UnitDecibels},
	StatPsnrSumU:                            {"psnrSum.u", Counter, UnitDecibels},
	StatPsnrSumV:                            {"psnrSum.v", Counter, UnitDecibels},
	StatPeerglassVideoStutterDuration:       {"peerglassVideoStutterDuration", Counter, UnitSeconds},
	StatPeerglassAudioStutterDuration:       {"peerglassAudioStutterDuration", Counter, UnitSeconds},
	StatCpuSystem:                           {"cpuSystem", Gauge, UnitRatio},
	StatCpuApp:                              {"cpuApp", Gauge, UnitRatio},
	StatCpuPressure:                         {"cpuPressure", Gauge, UnitNone},
	StatLoopLag:                             {"loopLag", Gauge, UnitSeconds},
	StatMemoryUsed:                          {"memoryUsed", Gauge, UnitBytes},
	StatBattery:                             {"battery", Gauge, UnitRatio},
	StatBatteryCharging:                     {"batteryCharging", Flag, UnitNone},
	StatPeerglassFramesShown:                {"peerglassFramesShown", Counter, UnitFrames},
}
