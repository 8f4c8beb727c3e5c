package setup

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/peerglass/peerglass/quality"
	"github.com/peerglass/peerglass/rtc"
)

var t0 = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

// play tells a watch rows, a line each, times in ms:
//
//	120 pc1 oniceconnectionstatechange "checking"   an event of connection 1
//	0 - open {"room":"r"}                           an event of none
//	1000 stream 1 pc1 send video cam                a stream's row, before anything flowed
//	2000 sample 1 50 [captured]                     packets in the second before; with frames captured
//	10000 total 1 450                               the stream's row with its packets
//	30000 end                                       the session's row with its end
func play(t *testing.T, script string) *Watch {
	t.Helper()
	w := New()
	rows := map[int]*rtc.Stream{}
	conn := func(word string) rtc.ConnectionID {
		id, err := strconv.Atoi(strings.TrimPrefix(word, "pc"))
		if err != nil {
			t.Fatalf("%q is no connection", word)
		}
		return rtc.ConnectionID(id)
	}
	for line := range strings.Lines(script) {
		f := strings.Fields(line)
		if len(f) == 0 {
			continue
		}
		ms, err := strconv.Atoi(f[0])
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		at := t0.Add(time.Duration(ms) * time.Millisecond)
		switch f[1] {
		case "stream":
			id, _ := strconv.Atoi(f[2])
			dir := map[string]rtc.Direction{"send": rtc.Send, "receive": rtc.Receive}[f[4]]
			kind := map[string]rtc.MediaKind{"audio": rtc.KindAudio, "video": rtc.KindVideo, "screen": rtc.KindScreen}[f[5]]
			r := &rtc.Stream{ID: rtc.StreamID(id), Connection: conn(f[3]), Direction: dir, Kind: kind, Track: f[6], Start: at, End: at, Packets: -1}
			if len(f) > 7 {
				r.RemoteUser = f[7]
			}
			rows[id] = r
			w.Stream(r)
		case "sample":
			id, _ := strconv.Atoi(f[2])
			packets, _ := strconv.ParseFloat(f[3], 32)
			s := &rtc.Sample{Stream: rtc.StreamID(id), Kind: rows[id].Kind, Direction: rows[id].Direction, Time: at, Interval: time.Second, Values: make([]float32, len(quality.Catalogue()))}
			for i := range s.Values {
				s.Values[i] = rtc.Null
			}
			s.Values[quality.Packets.Index()] = float32(packets)
			if len(f) > 4 {
				s.Values[quality.FpsCaptured.Index()], s.Values[quality.TargetBitrate.Index()], s.Values[quality.AudioLevel.Index()] = 30, 500_000, 0.1
			}
			w.Sample(s)
		case "total":
			id, _ := strconv.Atoi(f[2])
			r := rows[id]
			r.End = at
			r.Packets, _ = strconv.ParseInt(f[3], 10, 64)
			w.Stream(r)
		case "end":
			w.Session(&rtc.Session{Start: t0, End: at})
		default:
			e := &rtc.Event{Time: at, Kind: rtc.KindState, Name: f[2]}
			if e.Name == "open" || e.Name == "identity" || e.Name == "connectionInfo" {
				e.Kind = rtc.KindOpen
			}
			if f[1] != "-" {
				e.Connection = conn(f[1])
			}
			if i := strings.Index(line, f[2]); i >= 0 {
				e.Value = strings.TrimSpace(line[i+len(f[2]):])
			}
			w.Event(e)
		}
	}
	return w
}

// say writes what of an outcome was measured.
func say(o *rtc.Outcome) string {
	s := fmt.Sprintf("tried %v joined %v", o.Tried, o.Joined)
	for _, f := range []struct {
		name string
		v    float32
	}{
		{"join", o.Join}, {"signalling", o.Signalling}, {"ice", o.ICE}, {"dtls", o.DTLS},
		{"audio sent", o.FirstAudioSent}, {"video sent", o.FirstVideoSent}, {"audio received", o.FirstAudioReceived}, {"video received", o.FirstVideoReceived},
	} {
		if !rtc.IsNull(f.v) {
			s += fmt.Sprintf(", %s %.0f", f.name, f.v)
		}
	}
	if o.PushTried+o.PullTried > 0 {
		s += fmt.Sprintf(", push %d/%d pull %d/%d", o.PushOK, o.PushTried, o.PullOK, o.PullTried)
	}
	return s
}

// call is a call of two: 100 ms from the creation to both descriptions, 150 ms
// of ICE, 50 ms of DTLS.
const call = `
	0 - open {"room":"r"}
	10 pc1 create {}
	20 pc1 addTrack {"kind":"audio","id":"mic"}
	20 pc1 addTrack {"kind":"video","id":"cam"}
	30 pc1 setLocalDescription {"type":"offer","sdp":"m=audio"}
	40 pc1 setLocalDescriptionOnSuccess
	40 pc1 onsignalingstatechange "have-local-offer"
	100 pc1 setRemoteDescription {"type":"answer","sdp":"m=audio"}
	100 pc1 ontrack {"kind":"audio","id":"ra"}
	110 pc1 setRemoteDescriptionOnSuccess
	110 pc1 onsignalingstatechange "stable"
	120 pc1 addIceCandidate {"candidate":"c typ host"}
	130 pc1 oniceconnectionstatechange "checking"
	280 pc1 oniceconnectionstatechange "connected"
	281 pc1 onconnectionstatechange "connecting"
	330 pc1 onconnectionstatechange "connected"
`

func TestOutcome(t *testing.T) {
	for _, c := range []struct{ name, script, want string }{
		{"nothing", "", "tried false joined false"},
		{"nobody else came", "0 - open {}\n 900000 end", "tried false joined false"},
		{"a call without statistics", call + "90000 end", "tried true joined true, join 330, signalling 100, ice 150, dtls 50"},
		{"packets flow, and the first lie before the first poll", call + `
			1330 stream 1 pc1 send audio mic
			1330 stream 2 pc1 receive audio ra
			2330 sample 1 50
			2330 sample 2 50
			3330 sample 1 50
			3330 sample 2 50
			10330 total 1 149
			10330 total 2 140
			90000 end`, "tried true joined true, join 330, signalling 100, ice 150, dtls 50, audio sent 350, audio received 530, push 1/1 pull 1/1"},
		{"packets flow from some poll on", call + `
			1330 stream 1 pc1 send video cam
			2330 sample 1 0
			3330 sample 1 20
			4330 sample 1 40
			10330 total 1 60
			90000 end`, "tried true joined true, join 330, signalling 100, ice 150, dtls 50, video sent 2830, push 1/1 pull 0/0"},
		{"the browser tells the first packet", call + `
			372 pc1 MediaStreamTrack.onunmute {"kind":"audio","id":"ra"}
			1330 stream 2 pc1 receive audio ra
			2330 sample 2 50
			3330 sample 2 50
			10330 total 2 140
			90000 end`, "tried true joined true, join 330, signalling 100, ice 150, dtls 50, audio received 372, push 0/0 pull 1/1"},
		{"a browser that unmutes with the description tells nothing", strings.Replace(call, "120 pc1", "115 pc1 MediaStreamTrack.onunmute {\"kind\":\"audio\",\"id\":\"ra\"}\n120 pc1", 1),
			"tried true joined true, join 330, signalling 100, ice 150, dtls 50"},
		{"the other user comes a minute later", call + `
			60000 pc1 MediaStreamTrack.onunmute {"kind":"audio","id":"ra"}
			61330 stream 2 pc1 receive audio ra
			62330 sample 2 50
			63330 sample 2 50
			70330 total 2 140
			90000 end`, "tried true joined true, join 330, signalling 100, ice 150, dtls 50, push 0/0 pull 1/1"},
		{"the prompt does not count", `
			0 - open {"room":"r"}
			5 - navigator.mediaDevices.getUserMedia {"audio":true}
			8005 - navigator.mediaDevices.getUserMediaOnSuccess [{"kind":"audio","id":"mic"}]` + later8(call), "tried true joined true, join 340, signalling 100, ice 150, dtls 50"},
		{"denied, and that was it", `
			0 - open {"room":"r"}
			5 - navigator.mediaDevices.getUserMedia {"audio":true}
			500 - navigator.mediaDevices.getUserMediaOnFailure {"name":"NotAllowedError"}
			9000 end`, "tried true joined false"},
		{"ICE fails", call[:strings.Index(call, "280 pc1")] + `
			9000 pc1 oniceconnectionstatechange "failed"
			9000 pc1 onconnectionstatechange "failed"
			20000 end`, "tried true joined false, push 0/2 pull 0/1"},
		{"the user leaves before it could", call[:strings.Index(call, "280 pc1")] + "1000 pc1 close\n 1000 end", "tried false joined false"},
		{"the user gives up", call[:strings.Index(call, "280 pc1")] + "7000 pc1 close\n 7000 end", "tried true joined false, push 0/2 pull 0/1"},
		{"nobody answers: the user may be alone", call[:strings.Index(call, "100 pc1")] + "60000 end", "tried false joined false"},
		{"a second connection is the one that works", call[:strings.Index(call, "280 pc1")] + `
			5000 pc1 onconnectionstatechange "failed"
			5001 pc1 close
			5100 pc2 create {}
			5110 pc2 addTrack {"kind":"audio","id":"mic"}
			5120 pc2 setLocalDescriptionOnSuccess
			5200 pc2 setRemoteDescriptionOnSuccess
			5210 pc2 oniceconnectionstatechange "checking"
			5300 pc2 oniceconnectionstatechange "connected"
			5310 pc2 onconnectionstatechange "connected"
			60000 end`, "tried true joined true, join 5310, signalling 100, ice 90, dtls 10, push 0/2 pull 0/1"},
		{"an old browser has no connectionState", `
			0 pc1 create {}
			5 pc1 addStream "s audio:mic"
			10 pc1 setLocalDescriptionOnSuccess
			100 pc1 setRemoteDescriptionOnSuccess
			110 pc1 oniceconnectionstatechange "checking"
			300 pc1 oniceconnectionstatechange "connected"
			400 pc1 oniceconnectionstatechange "completed"
			9000 end`, "tried true joined true, join 300, signalling 100, ice 190"},
		{"a connection that looks for addresses stands for nothing", `
			0 pc2 create {}
			1 pc2 createDataChannel ["x"]
			2 pc2 setLocalDescription {"sdp":"m=application"}
			3 pc2 setRemoteDescription {"sdp":"m=application"}
			5 pc2 onsignalingstatechange "stable"
			6 pc2 oniceconnectionstatechange "connected"
			7 pc2 onconnectionstatechange "connected"` + later8(call), "tried true joined true, join 330, signalling 100, ice 150, dtls 50"},
		{"connected, captured, unmuted, and nothing flows", call + `
			1330 stream 1 pc1 send audio mic
			1330 stream 2 pc1 send video cam` + zeros(1, 6, "captured") + zeros(2, 6, "captured") + `
			90000 end`, "tried true joined false, join 330, signalling 100, ice 150, dtls 50, push 0/2 pull 0/0"},
		{"muted from the start", call + `
			400 - mute {"kind":"audio","track":"mic"}
			400 - mute {"kind":"video"}
			1330 stream 1 pc1 send audio mic
			1330 stream 2 pc1 send video cam` + zeros(1, 6, "captured") + zeros(2, 6, "captured") + `
			90000 end`, "tried true joined true, join 330, signalling 100, ice 150, dtls 50"},
		{"of others nothing was to come", call + `
			1330 stream 1 pc1 send audio mic
			1330 stream 2 pc1 receive audio ra
			2330 sample 1 50
			3330 sample 1 50` + zeros(2, 6, "") + `
			10330 total 1 149
			90000 end`, "tried true joined true, join 330, signalling 100, ice 150, dtls 50, audio sent 350, push 1/1 pull 0/0"},
		{"the app said that it is ben's, and it never came", call + `
			1330 stream 1 pc1 send audio mic
			1330 stream 2 pc1 receive audio ra ben
			2330 sample 1 50
			3330 sample 1 50` + zeros(2, 6, "") + `
			10330 total 1 149
			90000 end`, "tried true joined true, join 330, signalling 100, ice 150, dtls 50, audio sent 350, push 1/1 pull 0/1"},
		{"layers of a simulcast are one", call + `
			1330 stream 1 pc1 send video cam
			1330 stream 2 pc1 send video cam
			2330 sample 1 50
			2330 sample 2 0
			3330 sample 1 50
			10330 total 1 149
			90000 end`, "tried true joined true, join 330, signalling 100, ice 150, dtls 50, video sent 350, push 1/1 pull 0/0"},
		{"a connection that stood before the app joined", `
			0 - open {"room":"r"}
			0 pc1 create {}
			0 pc1 oniceconnectionstatechange "connected"
			0 pc1 onconnectionstatechange "connected"
			1000 stream 1 pc1 send audio mic
			2000 sample 1 50
			3000 sample 1 50
			10000 total 1 450
			20000 end`, "tried true joined true, push 1/1 pull 0/0"},
		{"statistics alone", `
			1000 stream 1 pc1 send audio mic
			2000 sample 1 50
			3000 sample 1 50
			10000 total 1 450
			20000 end`, "tried true joined true, push 1/1 pull 0/0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var o rtc.Outcome
			play(t, c.script).Result(&o)
			if got := say(&o); got != c.want {
				t.Errorf("outcome %s\nwant    %s", got, c.want)
			}
		})
	}
}

// later8 lets a script begin 8010 ms later.
func later8(script string) string {
	var b strings.Builder
	b.WriteByte('\n')
	for line := range strings.Lines(script) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		ms, rest, _ := strings.Cut(line, " ")
		n, err := strconv.Atoi(ms)
		if err != nil {
			panic(err)
		}
		fmt.Fprintf(&b, "%d %s\n", n+8010, rest)
	}
	return b.String()
}

// zeros are n samples without a packet.
func zeros(stream, n int, what string) string {
	var b strings.Builder
	b.WriteByte('\n')
	for i := range n {
		fmt.Fprintf(&b, "%d sample %d 0 %s\n", 2330+1000*i, stream, what)
	}
	return b.String()
}

// A join that lasts is told by its parts, which add up.
func TestProgress(t *testing.T) {
	w := play(t, call[:strings.Index(call, "280 pc1")])
	p := w.Progress(t0.Add(4 * time.Second))
	if p.Signalling != 120*time.Millisecond || p.ICE != 3880*time.Millisecond || p.Total() != 4*time.Second || !p.Connected.IsZero() {
		t.Errorf("progress %+v", p)
	}
	p = play(t, call).Progress(t0.Add(4 * time.Second))
	if p.Total() != 330*time.Millisecond || p.Connected != t0.Add(330*time.Millisecond) || p.DTLS != 50*time.Millisecond {
		t.Errorf("progress %+v", p)
	}
}

// What is told of each sample costs no memory.
func TestSamplesCostNoMemory(t *testing.T) {
	w := play(t, call+"1330 stream 1 pc1 send audio mic\n 2330 sample 1 50\n 3330 sample 1 50\n 10330 total 1 149")
	s := &rtc.Sample{Stream: 1, Time: t0.Add(time.Minute), Interval: time.Second, Values: make([]float32, len(quality.Catalogue()))}
	if n := testing.AllocsPerRun(100, func() { w.Sample(s) }); n != 0 {
		t.Errorf("%v allocations a sample", n)
	}
}

func BenchmarkSample(b *testing.B) {
	w := New()
	w.Stream(&rtc.Stream{ID: 1, Connection: 1, Direction: rtc.Send, Kind: rtc.KindAudio, Packets: 5})
	s := &rtc.Sample{Stream: 1, Time: t0, Interval: time.Second, Values: make([]float32, len(quality.Catalogue()))}
	b.ReportAllocs()
	for b.Loop() {
		w.Sample(s)
	}
}

func BenchmarkCandidate(b *testing.B) {
	w := New()
	e := &rtc.Event{Connection: 1, Kind: rtc.KindState, Name: rtc.NameICECandidate, Time: t0, Value: `{"candidate":"candidate:1 1 udp 1 10.0.0.1 1 typ host"}`}
	b.ReportAllocs()
	for b.Loop() {
		w.Event(e)
	}
}
