package session

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/peerglass/peerglass/protocol/jitsi"
	"github.com/peerglass/peerglass/rtc"
)

// Whatever a client sends: nothing panics, values are JSON, figures are finite.
func FuzzSession(f *testing.F) {
	p := newScript(f, nil)
	var seed bytes.Buffer
	for _, text := range []string{twoParty(), delta(2), delta(3)} {
		p.now += 1000
		seed.Write(frame(p.record(text)))
		seed.WriteByte('\n')
	}
	f.Add(seed.Bytes())
	f.Add([]byte(`["create","PC_0",{"iceServers":[]},1700000000000]
["constraints","PC_0",{"optional":[{"rtcStatsClientId":"me"}]},1700000000001]
["setVideoType",null,{"ssrc":1,"videoType":"desktop"},1700000000002]
["mapStream",null,{"track":"t","user":"bob"},1700000000002]
["navigator.mediaDevices.getDisplayMediaOnSuccess",null,{"id":"s","tracks":[{"kind":"video","id":"t"}]},1700000000003]
["getstats","PC_0",{"A":{"type":"inbound-rtp","kind":"video","ssrc":1,"packetsReceived":5,"timestamp":0},"timestamp":1700000001000},1700000001000]
["getstats","PC_0",{"A":{"packetsReceived":2,"timestamp":0},"B":null,"timestamp":1700000002000},1600000002000]
["close","PC_0",null,1700000003000]`))
	f.Fuzz(func(t *testing.T, input []byte) {
		out := &Collect{}
		rooms := NewRooms(out, counter())
		s := New(Options{App: 1, ID: 1, Protocol: "jitsi", Start: t0, Rooms: rooms, Sink: out})
		d := jitsi.NewDecoder(jitsi.Options{})
		now := t0
		for line := range bytes.Lines(input) {
			now += 997
			_ = d.Decode(line, now, s)
			s.Tick(now)
		}
		s.End(now, "leave")
		rooms.Flush()
		for _, e := range out.Events {
			if e.Value != "" && !json.Valid([]byte(e.Value)) {
				t.Errorf("value of %s is not JSON: %q", e.Name, e.Value)
			}
		}
		for _, smp := range out.Samples {
			for _, v := range smp.Values {
				if !rtc.IsNull(v) && v-v != 0 {
					t.Errorf("infinite value in %v", smp)
				}
			}
			if smp.Interval <= 0 {
				t.Errorf("sample over %v", smp.Interval)
			}
		}
		if len(out.Sessions) != 1 || out.Sessions[0].End.IsZero() || len(out.Calls) != 1 {
			t.Errorf("%d sessions, %d calls", len(out.Sessions), len(out.Calls))
		}
	})
}
