package session

import (
	"math"
	"reflect"
	"testing"
)

func TestThresholdsAreThoseOfTheDefinitions(t *testing.T) {
	for name, want := range map[string]float64{
		"video_stutter": 600, "audio_stutter": 200, "lag": 400, "cpu_system": 0.8, "cpu_app": 0.7, "uplink_audio_loss": 0.2,
		"downlink_video_jitter": 500, "uplink_video_latency": 500, "video_freeze": 0.05, "audio_freeze": 0.03,
	} {
		d := FindThreshold(name)
		if d == nil || math.Abs(d.Default-want) > 1e-9 {
			t.Errorf("%s: %+v, want a default of %v", name, d, want)
		}
	}
}

func TestThresholdsOf(t *testing.T) {
	got := ThresholdsOf(map[string]float64{"video_stutter": 250, "downlink_video_loss": 0.1, "audio_stutter": -5, "nonsense": 1})
	var want Thresholds
	want.Figures.VideoStutter, want.Issues.DownlinkVideoLoss = 0.25, 0.1
	if *got != want {
		t.Errorf("%+v, want %+v", *got, want)
	}
}

// A threshold that issues know and no app can set would be one that nobody
// finds.
func TestEveryThresholdOfIssuesCanBeSet(t *testing.T) {
	if n, of := reflect.TypeFor[Thresholds]().Field(1).Type.NumField(), len(ThresholdList)-3; n != of {
		t.Errorf("%d thresholds of issues, %d can be set", n, of)
	}
}
