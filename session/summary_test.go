package session

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
)

func TestSummary(t *testing.T) {
	text, err := os.ReadFile("testdata/two-party.txt")
	if err != nil {
		t.Fatal(err)
	}
	input, _, _ := strings.Cut(string(text), "---\n")
	out := runGolden(t, input)
	all := Summarise(out)
	if len(all) != 1 {
		t.Fatalf("%d summaries", len(all))
	}
	s := all[0]
	if s.Seconds != 5 || s.User != "alice" || s.Browser != "Chrome 126.0.0.0" || s.Warnings != 1 || s.Errors != 0 || s.Unknown != 1 {
		t.Errorf("summary %+v", s)
	}
	value := func(v *float64) float64 {
		if v == nil {
			return -1
		}
		return *v
	}
	c := s.Connections[0]
	if value(c.ConnectMs) != 500 || c.Pair != "srflx/udp relay/udp" || !c.Relay || value(c.Rtt) != 30 || value(c.AvailableOutgoing) != 300_000 {
		t.Errorf("connection %+v", c)
	}
	video := s.Streams[2]
	if video.Kind != "video" || video.RemoteUser != "bob" || *video.Packets != 250 || *video.PacketsLost != 10 || value(video.Loss) != 0.0385 ||
		value(video.Freezes) != 1 || value(video.FreezeSeconds) != 0.8 || value(video.FreezeRatio) != 0.4 || value(video.Fps) != 18 ||
		video.Seconds != 3 || value(video.Height) != 180 || value(video.Rtt) != -1 {
		t.Errorf("video %+v", video)
	}
	audio := s.Streams[1]
	if value(audio.Concealment) != 0.02 || value(audio.Fps) != -1 || value(audio.Bitrate) != 21_100 {
		t.Errorf("audio %+v: concealment %v, bit rate %v", audio, value(audio.Concealment), value(audio.Bitrate))
	}
	if transport := s.Streams[3]; transport.Packets != nil || transport.PacketsLost != nil || *transport.Bytes != 190_000 {
		t.Errorf("transport %+v", transport)
	}
	if _, err := json.Marshal(all); err != nil {
		t.Error(err)
	}
}
