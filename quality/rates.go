package quality

import (
	"time"

	"github.com/peerglass/peerglass/rtc"
)

// The rates that services are held to, each defined here and nowhere else.
// Those over nothing are NaN: what was not measured has no rate.

// FreezeRate is the share of the time of video or audio that was in stutters
// (Tencent RTC's stutter rate, SparkRTC's freeze): stutters of 600 ms and
// longer of video, of 200 ms and longer of audio, see VideoStutterTime and
// AudioStutterTime. Both in ms; 0–1.
func FreezeRate(stutter, played float64) float64 { return share(stutter, played) }

// SmoothRate is what is left: 1 − FreezeRate.
func SmoothRate(stutter, played float64) float64 { return 1 - FreezeRate(stutter, played) }

// LagRate is the share of the time of audio and video with more than 400 ms from
// end to end (Tencent RTC). All in ms; 0–1.
func LagRate(lag, audio, video float64) float64 { return share(lag, audio+video) }

// SuccessRate is how many of those that tried came to something: joins, streams
// sent (push) or received (pull) (SparkRTC).
func SuccessRate(done, tried uint32) float64 { return share(float64(done), float64(tried)) }

// InTime is the longest join that SparkRTC's "room loaded in 5 s" counts.
const InTime = 5 * time.Second

// JoinedInTime reports whether a stay that tried to join was there within InTime;
// join is in ms, NaN if it never was.
func JoinedInTime(join float64) bool { return join <= float64(InTime.Milliseconds()) }

// HighQualityLoss is the most that a transmission of high quality may lose, 0–1
// (SparkRTC).
const HighQualityLoss = 0.05

// HighQuality reports whether a stream's transmission counts as one of high
// quality: a loss of at most 5 % (SparkRTC). loss is 0–1.
func HighQuality(loss float64) bool { return loss <= HighQualityLoss }

// VideoSeverity and AudioSeverity are the bands of a freeze rate (Tencent RTC):
// video below 5 % low, below 10 % moderate, else high; audio below 3 %, below
// 5 %. A rate of 0 is clear; NaN is, too.
func VideoSeverity(rate float64) rtc.Level { return severity(rate, 0.05, 0.1) }

// AudioSeverity is that of audio.
func AudioSeverity(rate float64) rtc.Level { return severity(rate, 0.03, 0.05) }

func severity(rate, medium, high float64) rtc.Level {
	switch {
	case rate >= high:
		return rtc.High
	case rate >= medium:
		return rtc.Medium
	case rate > 0:
		return rtc.Low
	}
	return rtc.Clear
}
