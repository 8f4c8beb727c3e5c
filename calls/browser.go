package calls

import (
	"slices"
	"strings"

	"github.com/peerglass/peerglass/rtc"
)

// browser is a flavour: which reports and members it does not have. The model
// counts as libwebrtc does; a browser tells a part of it.
type browser struct {
	name      string
	agent     string
	noReports []rtc.StatsType
	lacks     []rtc.Member // in any report
	lacksIn   map[rtc.StatsType][]rtc.Member
	// wallClock: statistics are dated by the machine's clock, which can be set;
	// later versions count from when the page was loaded.
	wallClock bool
	// tracks: frames, freezes and samples stand in the obsolete track report.
	tracks []rtc.Member
}

// chrome tells everything: the members are those of Chromium 156, as recorded
// (protocol/jitsi/testdata).
var chrome = &browser{
	name:  "chrome",
	agent: "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36",
}

var browsers = []*browser{
	chrome,
	{
		name:  "firefox",
		agent: "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
		// No transport, playout and client reports; pairs say which is selected and
		// nothing of their checks (recorded: Firefox 118).
		noReports: []rtc.StatsType{rtc.TypeTransport, rtc.TypeMediaPlayout, rtc.TypePeerConnection},
		lacks: []rtc.Member{
			rtc.StatFreezeCount, rtc.StatTotalFreezesDuration, rtc.StatPauseCount, rtc.StatTotalPausesDuration,
			rtc.StatEstimatedPlayoutTimestamp, rtc.StatQualityLimitationReason, rtc.StatQualityLimitationResolutionChanges,
			rtc.StatQualityLimitationDurationsNone, rtc.StatQualityLimitationDurationsCpu,
			rtc.StatQualityLimitationDurationsBandwidth, rtc.StatQualityLimitationDurationsOther,
			rtc.StatAvailableOutgoingBitrate, rtc.StatCurrentRoundTripTime, rtc.StatTotalRoundTripTime, rtc.StatResponsesReceived,
			rtc.StatRequestsSent, rtc.StatConsentRequestsSent, rtc.StatTargetBitrate, rtc.StatTotalPacketSendDelay, rtc.StatFractionLost,
			rtc.StatJitterBufferTargetDelay, rtc.StatJitterBufferMinimumDelay, rtc.StatPacketsDiscarded, rtc.StatPlayoutId,
			rtc.StatRoundTripTimeMeasurements, rtc.StatTotalAssemblyTime, rtc.StatNetworkType,
		},
	},
	{
		name:  "safari",
		agent: "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.0 Safari/605.1.15",
		// As recorded of Safari 17.
		noReports: []rtc.StatsType{rtc.TypeMediaPlayout, rtc.TypeRemoteOutboundRTP},
		lacks: []rtc.Member{
			rtc.StatFreezeCount, rtc.StatTotalFreezesDuration, rtc.StatPauseCount, rtc.StatTotalPausesDuration,
			rtc.StatEstimatedPlayoutTimestamp, rtc.StatQualityLimitationReason,
			rtc.StatQualityLimitationDurationsNone, rtc.StatQualityLimitationDurationsCpu,
			rtc.StatQualityLimitationDurationsBandwidth, rtc.StatQualityLimitationDurationsOther,
			rtc.StatJitterBufferTargetDelay, rtc.StatJitterBufferMinimumDelay, rtc.StatPlayoutId, rtc.StatFractionLost,
			rtc.StatTotalAssemblyTime, rtc.StatNetworkType, rtc.StatSelectedCandidatePairChanges, rtc.StatRoundTripTimeMeasurements,
		},
		lacksIn: map[rtc.StatsType][]rtc.Member{
			rtc.TypeMediaSource:      {rtc.StatFrames, rtc.StatFramesPerSecond, rtc.StatAudioLevel, rtc.StatTotalAudioEnergy, rtc.StatTotalSamplesDuration, rtc.StatWidth, rtc.StatHeight, rtc.StatEchoReturnLoss},
			rtc.TypeRemoteInboundRTP: {rtc.StatTotalRoundTripTime},
		},
	},
	{
		name:      "chrome-90",
		agent:     "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/90.0.4430.93 Safari/537.36",
		wallClock: true,
		noReports: []rtc.StatsType{rtc.TypeMediaPlayout, rtc.TypeRemoteOutboundRTP},
		lacks: []rtc.Member{
			rtc.StatPlayoutId, rtc.StatJitterBufferTargetDelay, rtc.StatJitterBufferMinimumDelay, rtc.StatTotalProcessingDelay,
			rtc.StatTotalAssemblyTime, rtc.StatFrames, rtc.StatQualityLimitationDurationsNone, rtc.StatQualityLimitationDurationsCpu,
			rtc.StatQualityLimitationDurationsBandwidth, rtc.StatQualityLimitationDurationsOther,
		},
		tracks: []rtc.Member{
			rtc.StatFramesReceived, rtc.StatFramesDropped, rtc.StatFreezeCount, rtc.StatTotalFreezesDuration, rtc.StatPauseCount,
			rtc.StatTotalPausesDuration, rtc.StatConcealedSamples, rtc.StatSilentConcealedSamples, rtc.StatConcealmentEvents,
			rtc.StatTotalSamplesReceived, rtc.StatInsertedSamplesForDeceleration, rtc.StatRemovedSamplesForAcceleration,
			rtc.StatAudioLevel, rtc.StatTotalAudioEnergy, rtc.StatTotalSamplesDuration, rtc.StatJitterBufferDelay,
			rtc.StatJitterBufferEmittedCount, rtc.StatFrameWidth, rtc.StatFrameHeight,
		},
	},
}

func browserNamed(name string) *browser {
	for _, b := range browsers {
		if b.name == strings.ToLower(name) {
			return b
		}
	}
	return nil
}

func browserNames() (names []string) {
	for _, b := range browsers {
		names = append(names, b.name)
	}
	return names
}

// tells reports whether the browser has the member in reports of that type.
func (b *browser) tells(t rtc.StatsType, m rtc.Member) bool {
	return !slices.Contains(b.lacks, m) && !slices.Contains(b.lacksIn[t], m)
}
