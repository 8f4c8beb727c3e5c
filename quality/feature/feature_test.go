package feature

import (
	"bytes"
	"fmt"
	"math"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/peerglass/peerglass/internal/golden"
	"github.com/peerglass/peerglass/internal/recordings"
	"github.com/peerglass/peerglass/protocol"
	"github.com/peerglass/peerglass/protocol/jitsi"
	"github.com/peerglass/peerglass/protocol/native"
	"github.com/peerglass/peerglass/protocol/rtcstats"
	"github.com/peerglass/peerglass/rtc"
)

func decoderOf(name string) protocol.Decoder {
	if name == "jitsi" {
		v, _ := jitsi.LookupVersion("3.1_STANDARD")
		return jitsi.NewDecoder(jitsi.Options{Version: v})
	}
	return rtcstats.NewDecoder()
}

// The features of the two calls that the repository ships, as they stand in
// testdata.
func TestGolden(t *testing.T) {
	for _, name := range []string{"jitsi", "rtcstats"} {
		t.Run(name, func(t *testing.T) {
			e, d := New(), decoderOf(name)
			for _, frame := range recordings.Frames(t, name) {
				if err := d.Decode(frame, 1_800_000_000_000, e); err != nil {
					t.Fatal(err)
				}
				e.Frame(len(frame))
			}
			var b bytes.Buffer
			for _, f := range e.Features() {
				fmt.Fprintf(&b, "%s %s %s %s %s\n", f.Set, f.Scope, orDash(f.Subject), f.Name, text(f))
			}
			golden.Check(t, filepath.Join("testdata", name+".txt"), b.String())
		})
	}
}

// A call has the same features whatever the wire: what rtcstats told is told
// again in the native protocol.
func TestNativeSaysTheSame(t *testing.T) {
	want, got := New(), New()
	d, encoder := decoderOf("rtcstats"), native.NewEncoder()
	for _, frame := range recordings.Frames(t, "rtcstats") {
		if err := d.Decode(frame, 1_800_000_000_000, sinks{want, encoding{encoder}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := native.NewDecoder().Decode(encoder.Close(nil, 0), 1_800_000_000_000, got); err != nil {
		t.Fatal(err)
	}
	a, b := texts(want.Features()), texts(got.Features())
	for i := range max(len(a), len(b)) {
		if i >= len(a) || i >= len(b) || a[i] != b[i] {
			t.Fatalf("feature %d: %s, want %s", i, at(b, i), at(a, i))
		}
	}
}

func at(all []string, i int) string {
	if i < len(all) {
		return all[i]
	}
	return "nothing"
}

type sinks []rtc.Sink

func (all sinks) Record(r *rtc.Record) error {
	for _, s := range all {
		if err := s.Record(r); err != nil {
			return err
		}
	}
	return nil
}

type encoding struct{ *native.Encoder }

func (e encoding) Record(r *rtc.Record) error { return e.Add(r) }

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func text(f rtc.Feature) string {
	if math.IsNaN(f.Number) {
		return f.Text
	}
	return strconv.FormatFloat(f.Number, 'f', -1, 64)
}

// docs/features.md says of each feature what its declaration says.
func TestDocs(t *testing.T) {
	var b bytes.Buffer
	b.WriteString(`# Features

Written from the declarations in package quality/feature by
` + "`go test ./quality/feature -update`" + `; do not edit.

When a session is over, Peerglass makes its features from its records: facts of
the client, of each peer connection and of each track. There are three sets.
` + "`jitsi`" + ` and ` + "`rtcstats`" + ` have the names and definitions of the Jitsi
rtcstats-server and of rtcstats-features, ` + "`peerglass`" + ` what both leave out.
Times are of the client's clock, in Unix ms. A flag is 1 or 0. A feature that was
not measured is left out; where the others would say 0, ours says nothing. Of
addresses only the network is kept: 24 bits of IPv4, 48 of IPv6.

The subject of a connection's features is the client's label of the connection
(` + "`PC_0`" + `; ` + "`PC_0#2`" + ` where the page made a second one under that label). A
track's is, in the set jitsi, ` + "`PC_0/received/<ssrc>`" + ` or ` + "`PC_0/send/<ssrc>`" + `, with
` + "`#2`" + ` where its video type changed; in the others the W3C id of its RTP report,
` + "`PC_0/<id>`" + `: of a simulcast track, each layer is one. A track that was added and
never sent or received is ` + "`PC_0/outbound/<track>`" + ` or ` + "`PC_0/inbound/<track>`" + `.
`)
	b.WriteString(`
## Where the others are followed, and where not

The recordings that both projects ship for their own tests, with the results of
their own extractors, are compared in quality/feature/recordings_test.go, which
names every difference and its reason. In short:

- Theirs begin with 0 and leave it where nothing was measured (losses of a
  stream that the remote end never reported on, concealment of video, the time of
  a failure that never was). Ours leave the feature out.
- Jitsi's takes remote-outbound-rtp for a sent stream and, of Firefox,
  remote-inbound-rtp for a received one, so that its totals are too high; after a
  change of the video type it counts again what came before.
- It forgets a video type that was told before the connection was made, and the
  selected pair once the last poll no longer has it.
- Of Chrome's legacy statistics it reads neither candidate pairs nor the unit of
  the round-trip time, and takes the text 0 for a packet.
- A counter that began anew is added up in ours; theirs keep the last value.
- Jitsi's counts two bytes for each character of a frame, ours the bytes.
- rtcstats joins a simulcast track with one of its layers; ours has a track for
  each. An export of chrome://webrtc-internals begins in 1970 with theirs, with
  its first entry in ours.
`)
	scopes := map[string]string{Client: "Client", Connection: "Connection", Track: "Track"}
	before := ""
	for _, d := range Catalogue() {
		if d.Help == "" || d.Source == "" || d.Form == 0 || !strings.HasSuffix(d.Help, ".") {
			t.Errorf("%s %s %s: a declaration needs a form, a sentence and a source", d.Set, d.Scope, d.Name)
		}
		functions := 0
		for _, has := range []bool{d.client != nil, d.connection != nil, d.track != nil, d.stream != nil} {
			if has {
				functions++
			}
		}
		if functions != 1 {
			t.Errorf("%s %s %s: a declaration needs one function, it has %d", d.Set, d.Scope, d.Name, functions)
		}
		if title := d.Set + ": " + strings.ToLower(scopes[d.Scope]); title != before {
			fmt.Fprintf(&b, "\n## %s\n\n| name | form | unit | what it is | from |\n|---|---|---|---|---|\n", title)
			before = title
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s |\n", d.Name, d.Form, d.Unit, strings.ReplaceAll(d.Help, "|", "\\|"), d.Source)
	}
	golden.Check(t, "../../docs/features.md", b.String())
}

// script makes records of lines: time, kind, connection ("-" for none; what
// ties a call to its outcome stands after a '/'), name and payload. A poll's
// payload is what Jitsi's client sends.
func script(t *testing.T, e *Extractor, lines string) {
	t.Helper()
	polls := decoderOf("jitsi")
	kinds := map[string]rtc.Kind{"open": rtc.KindOpen, "call": rtc.KindCall, "state": rtc.KindState, "event": rtc.KindEvent, "close": rtc.KindClose}
	for line := range strings.Lines(lines) {
		f := strings.SplitN(strings.TrimSpace(line), " ", 5)
		if len(f) < 4 {
			continue
		}
		if f[1] == "poll" {
			if err := polls.Decode(fmt.Appendf(nil, `["getstats",%q,%s,%s]`, f[2], f[4], f[0]), 0, e); err != nil {
				t.Fatal(err)
			}
			continue
		}
		r := rtc.Record{Kind: kinds[f[1]], Name: []byte(f[3])}
		fmt.Sscan(f[0], &r.Time)
		if f[2] != "-" {
			conn, corr, _ := strings.Cut(f[2], "/")
			r.Conn, r.Corr = []byte(conn), []byte(corr)
		}
		if len(f) == 5 {
			r.Payload = []byte(f[4])
		}
		if err := e.Record(&r); err != nil {
			t.Fatal(err)
		}
	}
}

func find(e *Extractor, set, scope, subject, name string) string {
	for _, f := range e.Features() {
		if f.Set == set && f.Scope == scope && f.Subject == subject && f.Name == name {
			return text(f)
		}
	}
	return "-"
}

// Cases that the recordings do not have.
func TestFeatures(t *testing.T) {
	for _, c := range []struct{ name, records, want string }{
		{"an ICE restart that was answered", `
			1000 call PC_0 createOffer {"iceRestart":true}
			1010 call PC_0/1 setLocalDescription {"type":"offer","sdp":"v=0"}
			1015 call PC_0/1 setLocalDescriptionOnSuccess
			1100 call PC_0/2 setRemoteDescription {"type":"answer","sdp":"v=0\r\na=ice-lite\r\na=candidate:1 1 tcp 1 1.2.3.4 9 typ host tcptype passive"}`,
			"rtcstats connection PC_0 iceRestart=1 iceRestartFollowedBySetRemoteDescription=1 usingIceLite=1 signalingDelay=90 setLocalDescriptionDelay=5 setLocalDescriptionRole=offer setRemoteDescriptionDelay=- addedConnectableIceTcpCandidate=1"},
		{"TURN gathered in the first gathering", `
			1000 call PC_0 create {"iceServers":[{"urls":["stun:a","turns:b?transport=tcp"]},{"urls":"turn:c?transport=udp"}],"iceTransportPolicy":"relay","bundlePolicy":"max-bundle"}
			1100 state PC_0 onicegatheringstatechange "gathering"
			1110 state PC_0 onicecandidate {"candidate":"candidate:1 1 udp 2122260223 abc.local 9000 typ host"}
			1150 state PC_0 onicecandidate {"candidate":"candidate:2 1 udp 8331263 1.2.3.4 9000 typ relay","relayProtocol":"tls"}
			1170 state PC_0 onicecandidate {"candidate":"candidate:2 1 udp 41885695 1.2.3.4 9000 typ relay","url":"turn:c?transport=udp"}
			1200 state PC_0 onicegatheringstatechange "complete"
			1300 state PC_0 onicecandidate {"candidate":"candidate:2 1 udp 8331263 1.2.3.4 9000 typ relay","relayProtocol":"tcp"}`,
			"rtcstats connection PC_0 gatheringTimeTurnTls=50 gatheringTimeTurnUdp=70 gatheringTimeTurnTcp=- gatheredMdnsCandidate=1 gatheredSrflxCandidate=0 configuredIceServers=2 configuredIceServersStun=1 configuredIceServersTurns=1 configuredIceServersTurnUdp=1 configuredIceServersTurnTcp=- configuredIceTransportPolicy=1 configuredBundlePolicy=max-bundle"},
		{"a negotiation left undone", `
			1000 state PC_0 onsignalingstatechange "have-local-offer"
			1010 state PC_0 onsignalingstatechange "stable"
			1020 state PC_0 onsignalingstatechange "have-remote-offer"
			1030 state PC_0 onsignalingstatechange "closed"
			1040 call PC_0 close`,
			"rtcstats connection PC_0 numberOfNegotiations=1 pendingNegotiationAtEnd=1 closed=1 numberOfEvents=5 duration=40"},
		{"a page that makes its connection anew", `
			1000 call PC_0 create {}
			1100 state PC_0 onconnectionstatechange "connected"
			2000 call PC_0 create {}
			2500 state PC_0 onconnectionstatechange "failed"`,
			"jitsi connection PC_0#2 connectionFailed=1 pcSessionDurationMs=0 pcname=PC_0"},
		{"a connection that was connected again", `
			1000 state PC_0 onconnectionstatechange "connected"
			1100 state PC_0 oniceconnectionstatechange "disconnected"
			1200 state PC_0 onconnectionstatechange "connected"
			1300 state PC_0 ondtlsstatechange "failed"`,
			"jitsi connection PC_0 iceReconnects=1 lastIceDisconnect=1100 lastIceFailure=- dtlsFailure=1 pcSessionDurationMs=300"},
		{"Firefox that lost its transport", `
			900 open - - {"userAgent":"Mozilla/5.0 (X11; Linux x86_64; rv:109.0) Gecko/20100101 Firefox/118.0"}
			1100 state PC_0 oniceconnectionstatechange "disconnected"
			1300 state PC_0 ondtlsstatechange "failed"`,
			"jitsi connection PC_0 dtlsFailure=0"},
		{"a dominant speaker who stops before the end", `
			1000 event - identity {"endpointId":"me","deploymentInfo":{"region":"eu","crossRegion":1}}
			1100 event - dominantSpeaker {"dominantSpeakerEndpoint":"other"}
			1200 event - dominantSpeaker {"dominantSpeakerEndpoint":"me"}
			1500 event - dominantSpeaker {"dominantSpeakerEndpoint":null}
			2000 event - tick`,
			"jitsi client - dominantSpeakerChanges=1 speakerTime=300 region=eu crossRegion=1 sessionStartTime=1100 sessionDurationMs=900 dsRequestCount=3"},
		{"a dominant speaker until the end", `
			1000 event - identity {"endpointId":"me"}
			1200 event - dominantSpeaker {"dominantSpeakerEndpoint":"me"}
			2000 event - tick`,
			"jitsi client - dominantSpeakerChanges=1 speakerTime=800"},
		{"devices that fail and end", `
			1000 call - navigator.mediaDevices.getUserMedia {"audio":true,"video":{"width":640}}
			1100 call - navigator.mediaDevices.getUserMediaOnSuccess [["audio","a1","Headset (046d:0a38)","s"],["video","v1","Camera"]]
			1500 state - MediaStreamTrack.onended "a1"
			2500 state - MediaStreamTrack.onended {"kind":"video","id":"v1"}
			2600 call - navigator.mediaDevices.getUserMediaOnFailure {"name":"NotFoundError","message":"no device"}
			2700 call - navigator.mediaDevices.getDisplayMedia {}`,
			"rtcstats client - calledGetUserMediaCombined=1 audioDeviceUsbId=046d:0a38 videoDeviceUsbId=- audioEnded=1 videoEnded=1 audioShortDuration=1 videoShortDuration=- getUserMediaError=NotFoundError: no device getUserMediaErrorCount=1 calledGetDisplayMedia=1 calledGetDisplayMediaVideo=1 calledGetDisplayMediaAudio=0 duration=1700"},
		{"a track that never became a stream", `
			1000 call PC_0 addTrack ["audio","a1","s"]
			1010 state PC_0 ontrack {"kind":"video","id":"v9"}
			1200 state PC_0 MediaStreamTrack.onunmute {"kind":"video","id":"v9"}`,
			"rtcstats track PC_0/inbound/v9 kind=video duration=0 startTime=1010 timeToFirstFrame=190"},
		{"where the candidates are", `
			1000 state PC_0/{"rtcstatsLocation":{"continent":"EU","country":"DE"}} onicecandidate {"candidate":"candidate:1 1 udp 8331263 1.2.3.4 9000 typ relay"}`,
			"rtcstats connection PC_0 rtcstatsRelayLocationCountry=DE rtcstatsRelayLocationCity=- rtcstatsLocationCountry=-"},
		{"three layers of one track", `
			1000 call PC_0 create {}
			1001 call PC_0 addTrack ["video","cam","s"]
			2000 poll PC_0 getstats {"s":{"type":"media-source","trackIdentifier":"cam","kind":"video"},"c":{"type":"codec","mimeType":"video/VP8"},"o1":{"type":"outbound-rtp","kind":"video","ssrc":1,"rid":"h","mediaSourceId":"s","codecId":"c","packetsSent":10,"frameWidth":1280,"frameHeight":720},"o2":{"type":"outbound-rtp","kind":"video","ssrc":2,"rid":"l","mediaSourceId":"s","codecId":"c","packetsSent":5,"frameWidth":320,"frameHeight":180}}
			3000 poll PC_0 getstats {"s":{},"c":{},"o1":{"packetsSent":30,"qualityLimitationDurations":{"none":1,"cpu":3}},"o2":{"packetsSent":15,"frameWidth":640}}`,
			"rtcstats track PC_0/o2 rid=l trackIdentifier=cam startTime=1001 duration=1999 commonWidth=320 maxWidth=640 minHeight=180 codecMimeType=video/VP8"},
		{"three layers of one track, in all", `
			2000 poll PC_0 getstats {"s":{"type":"media-source","trackIdentifier":"cam","kind":"video"},"o1":{"type":"outbound-rtp","kind":"video","ssrc":1,"mediaSourceId":"s","packetsSent":10},"o2":{"type":"outbound-rtp","kind":"video","ssrc":2,"mediaSourceId":"s","packetsSent":5}}`,
			"peerglass connection PC_0 simulcastTracks=1"},
		{"a stream that went away", `
			2000 poll PC_0 getstats {"x":{"type":"certificate"},"i":{"type":"inbound-rtp","kind":"audio","ssrc":7,"packetsReceived":100,"packetsLost":4,"totalSamplesReceived":4800,"concealedSamples":48,"jitterBufferDelay":9,"jitterBufferEmittedCount":3}}
			3000 poll PC_0 getstats {"x":{}}
			4000 poll PC_0 getstats {"x":{}}`,
			"jitsi track PC_0/received/7 packets=100 packetsLost=4 packetsLostPct=4 concealedPercentage=1 startTime=2000 endTime=2000"},
		{"what it had stays", `
			2000 poll PC_0 getstats {"x":{"type":"certificate"},"i":{"type":"inbound-rtp","kind":"audio","ssrc":7,"packetsReceived":100,"jitterBufferDelay":9,"jitterBufferEmittedCount":3}}
			3000 poll PC_0 getstats {"x":{}}`,
			"rtcstats track PC_0/i averageJitterBufferDelay=3 duration=0 kind=audio concealmentPercentage=-"},
		{"a counter that began anew", `
			2000 poll PC_0 getstats {"i":{"type":"inbound-rtp","kind":"audio","ssrc":7,"packetsReceived":100,"packetsLost":4}}
			3000 poll PC_0 getstats {"i":{"packetsReceived":10,"packetsLost":1}}
			4000 poll PC_0 getstats {"i":{"packetsReceived":20,"packetsLost":0}}`,
			"jitsi connection PC_0 totalPacketsReceived=120 totalReceivedPacketsLost=4 receivedPacketsLostPct=3.33 totalPacketsSent=0 sentPacketsLostPct=-"},
		{"a camera that gives way to the screen", `
			2000 poll PC_0 getstats {"o":{"type":"outbound-rtp","kind":"video","ssrc":7,"packetsSent":100}}
			2500 event - setVideoType {"ssrc":7,"videoType":"desktop"}
			3000 poll PC_0 getstats {"o":{"packetsSent":150}}`,
			"jitsi track PC_0/send/7#2 packets=50 mediaType=video/desktop startTime=2500 packetsLost=-"},
		{"losses that the remote end reports", `
			2000 poll PC_0 getstats {"o":{"type":"outbound-rtp","kind":"audio","ssrc":7,"packetsSent":100,"remoteId":"r"},"r":{"type":"remote-inbound-rtp","ssrc":7,"packetsLost":5,"roundTripTime":0.25,"packetsReceivedWithCe":3}}`,
			"jitsi connection PC_0 totalSentPacketsLost=5 sentPacketsLostPct=5 meanRtt=0.25"},
		{"a relay over TLS, and what it carried", `
			1000 state PC_0 onconnectionstatechange "connecting"
			1900 state PC_0 onconnectionstatechange "connected"
			2000 poll PC_0 getstats {"t":{"type":"transport","selectedCandidatePairId":"p","tlsVersion":"FEFD","dtlsRole":"client"},"p":{"type":"candidate-pair","localCandidateId":"l","remoteCandidateId":"r","bytesSent":1000,"bytesReceived":500,"totalRoundTripTime":0.3,"responsesReceived":3},"l":{"type":"local-candidate","candidateType":"relay","protocol":"udp","relayProtocol":"tls","priority":8331263,"url":"turns:x"},"r":{"type":"remote-candidate","candidateType":"srflx","protocol":"udp","ip":"192.0.2.1"}}
			4000 poll PC_0 getstats {"t":{},"p":{"bytesSent":3000,"bytesReceived":1500},"l":{},"r":{}}`,
			"rtcstats connection PC_0 connectionTime=900 dtlsVersion=FEFD firstCandidatePairLocalRelayProtocol=tls firstCandidatePairLocalTypePreference=0 firstCandidatePairLocalRelayUrl=turns:x firstCandidatePairRemoteAddress=192.0.2.0 averageStunRoundTripTime=0.09999999999999999 averageOutboundBitrate=8000 averageInboundBitrate=4000"},
		{"flushes every four seconds", `
			1000 poll PC_0 getstats {"i":{"type":"inbound-rtp","kind":"audio","ssrc":7,"jitterBufferFlushes":0}}
			2000 poll PC_0 getstats {"i":{"jitterBufferFlushes":1}}
			6000 poll PC_0 getstats {"i":{"jitterBufferFlushes":2}}
			10100 poll PC_0 getstats {"i":{"jitterBufferFlushes":3}}`,
			"rtcstats track PC_0/i hasPeriodicJitterBufferFlushes=1 jitterBufferFlushes=3"},
		{"a decoder that decodes nothing", `
			1000 poll PC_0 getstats {"i":{"type":"inbound-rtp","kind":"video","ssrc":7,"decoderImplementation":"NullVideoDecoder"}}
			2000 poll PC_0 getstats {"i":{"decoderImplementation":"libvpx"}}`,
			"rtcstats track PC_0/i hasNullVideoDecoder=1 decoderImplementation=libvpx"},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := New()
			script(t, e, c.records)
			f := strings.SplitN(c.want, " ", 4)
			subject := strings.TrimPrefix(f[2], "-")
			rest := f[3]
			for rest != "" {
				name, after, _ := strings.Cut(rest, "=")
				// A value goes on until the next word that has a '='.
				value := after
				rest = ""
				for at := 0; ; {
					i := strings.IndexByte(after[at:], ' ')
					if i < 0 {
						break
					}
					i += at
					if word, _, _ := strings.Cut(after[i+1:], " "); strings.Contains(word, "=") {
						value, rest = after[:i], after[i+1:]
						break
					}
					at = i + 1
				}
				if got := find(e, f[0], f[1], subject, name); got != value {
					t.Errorf("%s is %s, want %s", name, got, value)
				}
			}
		})
	}
}
