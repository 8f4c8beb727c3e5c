package issue

import (
	"reflect"

	"github.com/peerglass/peerglass/rtc"
)

// Thresholds are what an app may set for itself: where the reference's alarms
// lie (SparkRTC guide, Tables 4-2 and 4-3). The lower and higher levels of an
// issue keep their proportion to them. A member that is 0 stands for its
// default.
type Thresholds struct {
	CPUSystem float64 `json:"cpu_system"` // share of the machine's processor time
	CPUApp    float64 `json:"cpu_app"`    // so, of the application

	VideoFreeze float64 `json:"video_freeze"` // share of video time
	AudioFreeze float64 `json:"audio_freeze"` // share of audio time

	UplinkAudioLoss   float64 `json:"uplink_audio_loss"` // share of packets
	UplinkVideoLoss   float64 `json:"uplink_video_loss"`
	DownlinkAudioLoss float64 `json:"downlink_audio_loss"`
	DownlinkVideoLoss float64 `json:"downlink_video_loss"`

	UplinkAudioJitter   float64 `json:"uplink_audio_jitter"` // ms
	UplinkVideoJitter   float64 `json:"uplink_video_jitter"`
	DownlinkAudioJitter float64 `json:"downlink_audio_jitter"`
	DownlinkVideoJitter float64 `json:"downlink_video_jitter"`

	UplinkAudioLatency   float64 `json:"uplink_audio_latency"` // ms
	UplinkVideoLatency   float64 `json:"uplink_video_latency"`
	DownlinkAudioLatency float64 `json:"downlink_audio_latency"`
	DownlinkVideoLatency float64 `json:"downlink_video_latency"`
}

// DefaultThresholds are those of the reference's tables.
var DefaultThresholds = Thresholds{
	CPUSystem: 0.8, CPUApp: 0.7, VideoFreeze: 0.05, AudioFreeze: 0.03,
	UplinkAudioLoss: 0.2, UplinkVideoLoss: 0.2, DownlinkAudioLoss: 0.2, DownlinkVideoLoss: 0.2,
	UplinkAudioJitter: 500, UplinkVideoJitter: 500, DownlinkAudioJitter: 500, DownlinkVideoJitter: 500,
	UplinkAudioLatency: 500, UplinkVideoLatency: 500, DownlinkAudioLatency: 500, DownlinkVideoLatency: 500,
}

// orDefaults fills what is not set.
func (t Thresholds) orDefaults() Thresholds {
	v, d := reflect.ValueOf(&t).Elem(), reflect.ValueOf(DefaultThresholds)
	for i := range v.NumField() {
		if !(v.Field(i).Float() > 0) {
			v.Field(i).Set(d.Field(i))
		}
	}
	return t
}

func (t *Thresholds) loss(kind rtc.MediaKind, dir rtc.Direction) float64 {
	return four(kind, dir, t.UplinkAudioLoss, t.UplinkVideoLoss, t.DownlinkAudioLoss, t.DownlinkVideoLoss)
}

func (t *Thresholds) jitter(kind rtc.MediaKind, dir rtc.Direction) float64 {
	return four(kind, dir, t.UplinkAudioJitter, t.UplinkVideoJitter, t.DownlinkAudioJitter, t.DownlinkVideoJitter)
}

func (t *Thresholds) latency(kind rtc.MediaKind, dir rtc.Direction) float64 {
	return four(kind, dir, t.UplinkAudioLatency, t.UplinkVideoLatency, t.DownlinkAudioLatency, t.DownlinkVideoLatency)
}

func four(kind rtc.MediaKind, dir rtc.Direction, upAudio, upVideo, downAudio, downVideo float64) float64 {
	switch audio := kind == rtc.KindAudio; {
	case audio && dir == rtc.Send:
		return upAudio
	case dir == rtc.Send:
		return upVideo
	case audio:
		return downAudio
	}
	return downVideo
}
