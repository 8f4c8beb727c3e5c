package session

import (
	"github.com/peerglass/peerglass/quality"
	"github.com/peerglass/peerglass/quality/issue"
)

// Thresholds are from where figures count and issues alarm. The zero value of
// a member stands for its default.
type Thresholds struct {
	Figures quality.Thresholds
	Issues  issue.Thresholds
}

// Threshold declares one that an app may set for itself.
type Threshold struct {
	Name    string // snake_case
	Label   string // what people read
	Unit    string // ms or ratio
	Default float64
	Min     float64
	Max     float64

	of    func(*Thresholds) *float64
	scale float64 // of the unit against that of the member
}

const milliseconds = 0.001 // the figures' thresholds are in seconds

// ThresholdList declares all of them. The defaults are those that
// the field publishes: stutters and lag of Tencent RTC, alarms of SparkRTC
// (Tables 4-2 and 4-3).
var ThresholdList = func() []Threshold {
	list := []Threshold{
		{Name: "video_stutter", Label: "Shortest video stutter that counts", Unit: "ms", Min: 100, Max: 10_000, scale: milliseconds, of: func(t *Thresholds) *float64 { return &t.Figures.VideoStutter }},
		{Name: "audio_stutter", Label: "Shortest audio stutter that counts", Unit: "ms", Min: 50, Max: 10_000, scale: milliseconds, of: func(t *Thresholds) *float64 { return &t.Figures.AudioStutter }},
		{Name: "lag", Label: "Delay from which a call lags", Unit: "ms", Min: 50, Max: 10_000, scale: milliseconds, of: func(t *Thresholds) *float64 { return &t.Figures.Lag }},
		share("video_freeze", "Downlink video freeze", func(t *Thresholds) *float64 { return &t.Issues.VideoFreeze }),
		share("audio_freeze", "Downlink audio freeze", func(t *Thresholds) *float64 { return &t.Issues.AudioFreeze }),
		share("cpu_system", "System CPU", func(t *Thresholds) *float64 { return &t.Issues.CPUSystem }),
		share("cpu_app", "Application CPU", func(t *Thresholds) *float64 { return &t.Issues.CPUApp }),
		share("uplink_audio_loss", "Uplink audio packet loss", func(t *Thresholds) *float64 { return &t.Issues.UplinkAudioLoss }),
		share("uplink_video_loss", "Uplink video packet loss", func(t *Thresholds) *float64 { return &t.Issues.UplinkVideoLoss }),
		share("downlink_audio_loss", "Downlink audio packet loss", func(t *Thresholds) *float64 { return &t.Issues.DownlinkAudioLoss }),
		share("downlink_video_loss", "Downlink video packet loss", func(t *Thresholds) *float64 { return &t.Issues.DownlinkVideoLoss }),
		late("uplink_audio_jitter", "Uplink audio jitter", func(t *Thresholds) *float64 { return &t.Issues.UplinkAudioJitter }),
		late("uplink_video_jitter", "Uplink video jitter", func(t *Thresholds) *float64 { return &t.Issues.UplinkVideoJitter }),
		late("downlink_audio_jitter", "Downlink audio jitter", func(t *Thresholds) *float64 { return &t.Issues.DownlinkAudioJitter }),
		late("downlink_video_jitter", "Downlink video jitter", func(t *Thresholds) *float64 { return &t.Issues.DownlinkVideoJitter }),
		late("uplink_audio_latency", "Uplink audio latency", func(t *Thresholds) *float64 { return &t.Issues.UplinkAudioLatency }),
		late("uplink_video_latency", "Uplink video latency", func(t *Thresholds) *float64 { return &t.Issues.UplinkVideoLatency }),
		late("downlink_audio_latency", "Downlink audio latency", func(t *Thresholds) *float64 { return &t.Issues.DownlinkAudioLatency }),
		late("downlink_video_latency", "Downlink video latency", func(t *Thresholds) *float64 { return &t.Issues.DownlinkVideoLatency }),
	}
	defaults := Thresholds{Figures: quality.DefaultThresholds, Issues: issue.DefaultThresholds}
	for i := range list {
		list[i].Default = *list[i].of(&defaults) / list[i].scale
	}
	return list
}()

func share(name, label string, of func(*Thresholds) *float64) Threshold {
	return Threshold{Name: name, Label: label, Unit: "ratio", Min: 0.001, Max: 1, scale: 1, of: of}
}

func late(name, label string, of func(*Thresholds) *float64) Threshold {
	return Threshold{Name: name, Label: label, Unit: "ms", Min: 10, Max: 10_000, scale: 1, of: of}
}

// FindThreshold returns the declaration of that name, or nil.
func FindThreshold(name string) *Threshold {
	for i := range ThresholdList {
		if ThresholdList[i].Name == name {
			return &ThresholdList[i]
		}
	}
	return nil
}

// ThresholdsOf are those that values set by their names, in the units of the
// declarations; what has no name or lies outside of its bounds sets nothing.
func ThresholdsOf(values map[string]float64) *Thresholds {
	t := new(Thresholds)
	for name, v := range values {
		if d := FindThreshold(name); d != nil && v >= d.Min && v <= d.Max {
			*d.of(t) = v * d.scale
		}
	}
	return t
}
