package quality

import (
	"math"
	"testing"

	"github.com/peerglass/peerglass/rtc"
)

func TestRates(t *testing.T) {
	for _, c := range []struct {
		name      string
		got, want float64
	}{
		{"3 s of stutter in a minute", FreezeRate(3000, 60_000), 0.05},
		{"smooth", SmoothRate(3000, 60_000), 0.95},
		{"no stutter", FreezeRate(0, 60_000), 0},
		{"nothing was played", FreezeRate(0, 0), math.NaN()},
		{"not measured", FreezeRate(math.NaN(), 60_000), math.NaN()},
		{"smooth, not measured", SmoothRate(math.NaN(), 60_000), math.NaN()},
		{"lag of audio and video", LagRate(6000, 60_000, 60_000), 0.05},
		{"lag of nothing", LagRate(0, 0, 0), math.NaN()},
		{"three of four", SuccessRate(3, 4), 0.75},
		{"nobody tried", SuccessRate(0, 0), math.NaN()},
	} {
		if !(math.Abs(c.got-c.want) < 1e-12) && !(c.got != c.got && c.want != c.want) {
			t.Errorf("%s: %v, want %v", c.name, c.got, c.want)
		}
	}
	if !JoinedInTime(5000) || JoinedInTime(5001) || JoinedInTime(math.NaN()) {
		t.Error("a join of 5 s is in time, a longer one and none are not")
	}
	if !HighQuality(0.05) || HighQuality(0.051) || HighQuality(math.NaN()) {
		t.Error("a loss of 5 % is high quality, more and an unknown one are not")
	}
}

func TestSeverityOfFreezes(t *testing.T) {
	for rate, want := range map[float64][2]rtc.Level{
		0: {rtc.Clear, rtc.Clear}, 0.02: {rtc.Low, rtc.Low}, 0.03: {rtc.Low, rtc.Medium}, 0.049: {rtc.Low, rtc.Medium},
		0.05: {rtc.Medium, rtc.High}, 0.099: {rtc.Medium, rtc.High}, 0.1: {rtc.High, rtc.High}, 1: {rtc.High, rtc.High},
	} {
		if got := [2]rtc.Level{VideoSeverity(rate), AudioSeverity(rate)}; got != want {
			t.Errorf("%v: %v, want %v", rate, got, want)
		}
	}
	if VideoSeverity(math.NaN()) != rtc.Clear {
		t.Error("an unknown rate is no issue")
	}
}
