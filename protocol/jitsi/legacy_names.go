package jitsi

import "github.com/peerglass/peerglass/rtc"

// part is the report that a legacy value belongs to.
type part uint8

const (
	itself part = iota
	remote      // remote-inbound-rtp: what the receiver reported to the sender
	source      // media-source: what was captured
	codec
	partEnd
)

var partSuffix = [partEnd]string{"", "#remote", "#source", "#codec"}

// conversion of a legacy text.
type conversion uint8

const (
	plainly     conversion = iota // as the member's form in the dictionary is
	fromMs                        // milliseconds to seconds; negative: not measured
	fromLevel                     // 0–32767 to 0–1
	pixels                        // 0: there was no frame yet
	candidate                     // types of candidates
	network                       // types of networks
	codecName                     // to a MIME type
	writable                      // to the state of a candidate pair
	activePair                    // to selected and nominated
	unspecified                   // empty or "unknown": not known yet
)

type rule struct {
	to   rtc.Member
	part part
	how  conversion
}

var sendRules = map[string]rule{
	"packetsLost":                               {rtc.StatPacketsLost, remote, plainly},
	"googRtt":                                   {rtc.StatRoundTripTime, remote, fromMs},
	"googJitterReceived":                        {rtc.StatJitter, remote, fromMs},
	"googCodecName":                             {rtc.StatMimeType, codec, codecName},
	"codecImplementationName":                   {rtc.StatEncoderImplementation, itself, unspecified},
	"googFrameWidthSent":                        {rtc.StatFrameWidth, itself, pixels},
	"googFrameHeightSent":                       {rtc.StatFrameHeight, itself, pixels},
	"googFrameRateSent":                         {rtc.StatFramesPerSecond, itself, plainly},
	"googFirsReceived":                          {rtc.StatFirCount, itself, plainly},
	"googPlisReceived":                          {rtc.StatPliCount, itself, plainly},
	"googNacksReceived":                         {rtc.StatNackCount, itself, plainly},
	"googAdaptationChanges":                     {rtc.StatQualityLimitationResolutionChanges, itself, plainly},
	"googContentType":                           {rtc.StatContentType, itself, plainly},
	"googTrackId":                               {rtc.StatTrackIdentifier, source, plainly},
	"googFrameWidthInput":                       {rtc.StatWidth, source, pixels},
	"googFrameHeightInput":                      {rtc.StatHeight, source, pixels},
	"googFrameRateInput":                        {rtc.StatFramesPerSecond, source, plainly},
	"audioInputLevel":                           {rtc.StatAudioLevel, source, fromLevel},
	"totalAudioEnergy":                          {rtc.StatTotalAudioEnergy, source, plainly},
	"totalSamplesDuration":                      {rtc.StatTotalSamplesDuration, source, plainly},
	"googEchoCancellationReturnLoss":            {rtc.StatEchoReturnLoss, source, plainly},
	"googEchoCancellationReturnLossEnhancement": {rtc.StatEchoReturnLossEnhancement, source, plainly},
	"mediaType":                                 {rtc.StatKind, itself, plainly},
}

var receiveRules = map[string]rule{
	"googJitterReceived":      {rtc.StatJitter, itself, fromMs},
	"googCodecName":           {rtc.StatMimeType, codec, codecName},
	"codecImplementationName": {rtc.StatDecoderImplementation, itself, unspecified},
	"googFrameWidthReceived":  {rtc.StatFrameWidth, itself, pixels},
	"googFrameHeightReceived": {rtc.StatFrameHeight, itself, pixels},
	"googFrameRateDecoded":    {rtc.StatFramesPerSecond, itself, plainly},
	"googFirsSent":            {rtc.StatFirCount, itself, plainly},
	"googPlisSent":            {rtc.StatPliCount, itself, plainly},
	"googNacksSent":           {rtc.StatNackCount, itself, plainly},
	"googContentType":         {rtc.StatContentType, itself, plainly},
	"googTrackId":             {rtc.StatTrackIdentifier, itself, plainly},
	"audioOutputLevel":        {rtc.StatAudioLevel, itself, fromLevel},
	"mediaType":               {rtc.StatKind, itself, plainly},
}

var pairRules = map[string]rule{
	"googRtt":              {rtc.StatCurrentRoundTripTime, itself, fromMs},
	"googActiveConnection": {rtc.StatSelected, itself, activePair},
	"googWritable":         {rtc.StatState, itself, writable},
	"googReadable":         {rtc.StatReadable, itself, plainly},
	"googChannelId":        {rtc.StatTransportId, itself, plainly},
}

var candidateRules = map[string]rule{
	"ipAddress":     {rtc.StatAddress, itself, plainly},
	"portNumber":    {rtc.StatPort, itself, plainly},
	"transport":     {rtc.StatProtocol, itself, plainly},
	"candidateType": {rtc.StatCandidateType, itself, candidate},
	"networkType":   {rtc.StatNetworkType, itself, network},
}

var certificateRules = map[string]rule{
	"googFingerprint":          {rtc.StatFingerprint, itself, plainly},
	"googFingerprintAlgorithm": {rtc.StatFingerprintAlgorithm, itself, plainly},
	"googDerBase64":            {rtc.StatBase64Certificate, itself, plainly},
	"googIssuerId":             {rtc.StatIssuerCertificateId, itself, plainly},
}

var legacyRules = [...]map[string]rule{
	legacySend: sendRules, legacyReceive: receiveRules, legacyPair: pairRules,
	legacyCandidate: candidateRules, legacyCertificate: certificateRules, legacyOther: nil,
}

// legacyTypes are the types that the reports get; candidates keep their own.
var legacyTypes = [...]rtc.StatsType{
	legacySend: rtc.TypeOutboundRTP, legacyReceive: rtc.TypeInboundRTP, legacyPair: rtc.TypeCandidatePair,
	legacyTransport: rtc.TypeTransport, legacyCertificate: rtc.TypeCertificate, legacyOther: 0,
}

var partTypes = [partEnd]rtc.StatsType{remote: rtc.TypeRemoteInboundRTP, source: rtc.TypeMediaSource, codec: rtc.TypeCodec}
