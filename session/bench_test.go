package session

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/peerglass/peerglass/protocol/jitsi"
	"github.com/peerglass/peerglass/rtc"
)

// discard is a Sink that keeps nothing.
type discard struct{ samples int }

func (d *discard) Call(*rtc.Call)             {}
func (d *discard) Session(*rtc.Session)       {}
func (d *discard) Connection(*rtc.Connection) {}
func (d *discard) Stream(*rtc.Stream)         {}
func (d *discard) Sample(*rtc.Sample)         { d.samples++ }
func (d *discard) Event(*rtc.Event)           {}
func (d *discard) Issue(*rtc.Issue)           {}
func (d *discard) Outcome(*rtc.Outcome)       {}
func (d *discard) Verdict(*rtc.Verdict)       {}
func (d *discard) Features([]rtc.Feature)     {}

// twoParty is what Chrome reports in a call of two with audio and video: 4 RTP
// streams, their remote ends, sources, codecs, a transport, and the candidates
// that ICE tried.
func twoParty() string {
	var b strings.Builder
	b.WriteString("full\nT transport selectedCandidatePairId=CP0 dtlsState=connected bytesSent=1 bytesReceived=1 packetsSent=1 packetsReceived=1 selectedCandidatePairChanges=1 iceRole=controlling\n")
	for i := range 8 {
		fmt.Fprintf(&b, "CP%d candidate-pair transportId=T localCandidateId=L%d remoteCandidateId=R%d state=%s nominated=%v bytesSent=1 bytesReceived=1 totalRoundTripTime=0.1 currentRoundTripTime=0.02 requestsSent=1 responsesReceived=1 consentRequestsSent=1 packetsSent=1 packetsReceived=1 availableOutgoingBitrate=1000000\n",
			i, i%4, i%4, []string{"succeeded", "waiting"}[min(i, 1)], i == 0)
	}
	for i := range 4 {
		fmt.Fprintf(&b, "L%d local-candidate candidateType=host protocol=udp networkType=wifi port=1\nR%d remote-candidate candidateType=host protocol=udp port=1\n", i, i)
	}
	b.WriteString("CA codec mimeType=audio/opus clockRate=48000 payloadType=111\nCV codec mimeType=video/VP8 clockRate=90000 payloadType=96\n")
	b.WriteString("IA inbound-rtp kind=audio mediaType=audio ssrc=1 mid=0 codecId=CA transportId=T remoteId=ROA playoutId=AP trackIdentifier=ta " + inboundAudio(1) + "\n")
	b.WriteString("IV inbound-rtp kind=video mediaType=video ssrc=2 mid=1 codecId=CV transportId=T trackIdentifier=tv decoderImplementation=libvpx " + inboundVideo(1) + "\n")
	b.WriteString("OA outbound-rtp kind=audio mediaType=audio ssrc=3 mid=0 codecId=CA transportId=T remoteId=RIA mediaSourceId=SA active=true " + outboundAudio(1) + "\n")
	b.WriteString("OV outbound-rtp kind=video mediaType=video ssrc=4 mid=1 codecId=CV transportId=T remoteId=RIV mediaSourceId=SV active=true encoderImplementation=libvpx qualityLimitationReason=none " + outboundVideo(1) + "\n")
	b.WriteString("RIA remote-inbound-rtp kind=audio ssrc=3 localId=OA codecId=CA packetsLost=0 jitter=0.001 roundTripTime=0.02 totalRoundTripTime=0.02 roundTripTimeMeasurements=1 fractionLost=0\n")
	b.WriteString("RIV remote-inbound-rtp kind=video ssrc=4 localId=OV codecId=CV packetsLost=0 jitter=0.001 roundTripTime=0.02 totalRoundTripTime=0.02 roundTripTimeMeasurements=1 fractionLost=0\n")
	b.WriteString("ROA remote-outbound-rtp kind=audio ssrc=1 localId=IA packetsSent=1 bytesSent=1 reportsSent=1\n")
	b.WriteString("SA media-source kind=audio trackIdentifier=sa audioLevel=0.1 totalAudioEnergy=0.1 totalSamplesDuration=1\nSV media-source kind=video trackIdentifier=sv frames=30 framesPerSecond=30 width=640 height=360\nAP media-playout kind=audio totalPlayoutDelay=1 totalSamplesCount=48000 synthesizedSamplesDuration=0 synthesizedSamplesEvents=0 totalSamplesDuration=1\n")
	return b.String()
}

func inboundAudio(i int) string {
	return fmt.Sprintf("packetsReceived=%d bytesReceived=%d headerBytesReceived=%d lastPacketReceivedTimestamp=%d jitter=%f jitterBufferDelay=%d jitterBufferTargetDelay=%d jitterBufferMinimumDelay=%d jitterBufferEmittedCount=%d totalSamplesReceived=%d concealedSamples=%d silentConcealedSamples=0 audioLevel=%f totalAudioEnergy=%f totalSamplesDuration=%d removedSamplesForAcceleration=%d totalProcessingDelay=%d packetsLost=%d", 50*i, 4000*i, 1400*i, i, float64(i%7)/1000, i, i, i, 48000*i, 48000*i, 10*i, float64(i%10)/10, float64(i)/10, i, i, i, i/10)
}

func inboundVideo(i int) string {
	return fmt.Sprintf("packetsReceived=%d bytesReceived=%d headerBytesReceived=%d lastPacketReceivedTimestamp=%d jitter=%f jitterBufferDelay=%d jitterBufferTargetDelay=%d jitterBufferMinimumDelay=%d jitterBufferEmittedCount=%d framesReceived=%d framesDecoded=%d keyFramesDecoded=%d framesPerSecond=%d qpSum=%d totalDecodeTime=%d totalInterFrameDelay=%d totalSquaredInterFrameDelay=%d totalProcessingDelay=%d totalAssemblyTime=%d framesAssembledFromMultiplePackets=%d nackCount=%d frameWidth=640 frameHeight=360 freezeCount=0 totalFreezesDuration=0 pauseCount=0 totalPausesDuration=0 pliCount=0 firCount=0 framesDropped=0 packetsLost=%d", 100*i, 90000*i, 2800*i, i, float64(i%9)/1000, i, i, i, 30*i, 30*i, 30*i, i/10, 29+i%2, 900*i, i, i, i, i, i, 20*i, i/5, i/20)
}

func outboundAudio(i int) string {
	return fmt.Sprintf("packetsSent=%d bytesSent=%d headerBytesSent=%d totalPacketSendDelay=%d nackCount=0 targetBitrate=32000 retransmittedPacketsSent=0 retransmittedBytesSent=0", 50*i, 4000*i, 1400*i, i)
}

func outboundVideo(i int) string {
	return fmt.Sprintf("packetsSent=%d bytesSent=%d headerBytesSent=%d totalPacketSendDelay=%d framesEncoded=%d framesSent=%d keyFramesEncoded=%d totalEncodeTime=%d totalEncodedBytesTarget=%d qpSum=%d framesPerSecond=%d qualityLimitationDurations.none=%d qualityLimitationDurations.cpu=0 qualityLimitationDurations.bandwidth=0 qualityLimitationDurations.other=0 qualityLimitationResolutionChanges=0 nackCount=%d pliCount=0 firCount=0 frameWidth=640 frameHeight=360 targetBitrate=800000 retransmittedPacketsSent=%d", 100*i, 90000*i, 2800*i, i, 30*i, 30*i, i/10, i, 90000*i, 900*i, 29+i%2, i, i/5, i/5)
}

// delta is what Jitsi's client sends of such a poll: what changed, and the id
// of everything that is still there. About 2.3 KB of JSON.
func delta(i int) string {
	return fmt.Sprintf(`missing-removed
T bytesSent=%[1]d bytesReceived=%[1]d packetsSent=%[1]d packetsReceived=%[1]d
CP0 bytesSent=%[1]d bytesReceived=%[1]d totalRoundTripTime=%[1]d requestsSent=%[1]d responsesReceived=%[1]d packetsSent=%[1]d packetsReceived=%[1]d availableOutgoingBitrate=%[1]d
CP1
CP2
CP3
CP4
CP5
CP6
CP7
L0
R0
L1
R1
L2
R2
L3
R3
CA
CV
IA %[2]s
IV %[3]s
OA %[4]s
OV %[5]s
RIA jitter=%[6]f totalRoundTripTime=%[1]d roundTripTimeMeasurements=%[1]d
RIV jitter=%[6]f totalRoundTripTime=%[1]d roundTripTimeMeasurements=%[1]d
ROA packetsSent=%[1]d bytesSent=%[1]d reportsSent=%[1]d
SA audioLevel=0.2 totalAudioEnergy=%[1]d totalSamplesDuration=%[1]d
SV frames=%[1]d framesPerSecond=29
AP totalPlayoutDelay=%[1]d totalSamplesCount=%[1]d totalSamplesDuration=%[1]d
`, i, inboundAudio(i), inboundVideo(i), outboundAudio(i), outboundVideo(i), float64(i%5)/1000)
}

// steady returns a two-party session and the records of its next polls, which
// can be told over and over with rising times.
func steady(tb testing.TB, sink Sink) (*Session, func()) {
	p := newScript(tb, func(o *Options) { o.Sink = sink })
	p.join("room", "user")
	p.must(p.poll(twoParty()))
	const polls = 8
	var records [polls]*rtc.Record
	for i := range records {
		// Each has buffers of its own.
		q := &script{t: tb, now: p.now}
		records[i] = q.record(delta(i + 2))
	}
	n := 0
	return p.s, func() {
		p.now += 1000
		r := records[n%polls]
		n++
		r.Time, r.Received, r.Stats.Time = p.now, p.now, float64(p.now)
		if err := p.s.Record(r); err != nil {
			tb.Fatal(err)
		}
	}
}

// frame is the poll as the frame of Jitsi's client.
func frame(p *rtc.Record) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, `[\"getstats\",\"PC_0\",{`)
	for i := range p.Stats.Reports {
		r := &p.Stats.Reports[i]
		fmt.Fprintf(&b, `\"%s\":{\"timestamp\":0`, r.ID)
		if r.Type != 0 {
			fmt.Fprintf(&b, `,\"type\":\"%s\"`, r.Type)
		}
		for _, v := range p.Stats.Of(r) {
			fmt.Fprintf(&b, `,\"%s\":`, v.Name)
			switch v.Form {
			case rtc.FormNumber:
				fmt.Fprint(&b, v.Num)
			case rtc.FormBool:
				fmt.Fprint(&b, v.Num == 1)
			default:
				fmt.Fprintf(&b, `\"%s\"`, v.Text)
			}
		}
		b.WriteString(`},`)
	}
	fmt.Fprintf(&b, `\"timestamp\":%d.5},%d]`, p.Time, p.Time)
	return []byte(`{"statsSessionId":"513d8442-c6dd-4413-a06b-99d37ae991d5","type":"stats-entry","data":"` + b.String() + `"}`)
}

// The whole way of a measurement through one core: JSON to samples.
func BenchmarkDecodeDerive(b *testing.B) {
	sink := &discard{}
	p := newScript(b, func(o *Options) { o.Sink = sink })
	p.join("room", "user")
	version, _ := jitsi.LookupVersion("3.1_STANDARD")
	d := jitsi.NewDecoder(jitsi.Options{Version: version})
	const polls = 64 // times rise within; then they begin anew, which costs a base
	frames := make([][]byte, polls)
	size := 0
	for i := range frames {
		text := delta(i + 1)
		if i == 0 {
			text = twoParty()
		}
		p.after(time.Second)
		frames[i] = frame(p.record(text))
		size += len(frames[i])
	}
	b.SetBytes(int64(size / polls))
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		if err := d.Decode(frames[n%polls], t0+int64(n)*1000, p.s); err != nil {
			b.Fatal(err)
		}
		n++
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "records/s")
	b.ReportMetric(float64(sink.samples)/float64(b.N), "samples/record")
}

// A counter falls back once in eight polls here, which costs as much as any.
func BenchmarkDerive(b *testing.B) {
	sink := &discard{}
	_, next := steady(b, sink)
	b.ReportAllocs()
	for b.Loop() {
		next()
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "records/s")
	b.ReportMetric(float64(sink.samples)/float64(b.N), "samples/record")
}

func TestDeriveDoesNotAllocate(t *testing.T) {
	s, next := steady(t, &discard{})
	for range 32 {
		next()
	}
	between := func() {
		s.wroteAll = s.received // rows are written every 10 s, for which this is no test
		next()
	}
	if n := testing.AllocsPerRun(100, between); n != 0 {
		t.Errorf("%v allocations per statistics record, want none", n)
	}
}

func TestStateOfATwoPartyCallIsSmall(t *testing.T) {
	const sessions = 64
	keep := make([]*Session, 0, sessions)
	var before, after runtime.MemStats
	sink := &discard{}
	rooms := NewRooms(sink, counter())
	p := newScript(t, nil)
	first, then := p.record(twoParty()), (&script{t: t, now: t0}).record(delta(2))
	runtime.GC()
	runtime.ReadMemStats(&before)
	for i := range sessions {
		s := New(Options{App: 1, ID: rtc.SessionID(i + 1), Start: t0, Sink: sink, Rooms: rooms})
		for j := range 40 {
			r := first
			if j > 0 {
				r = then
			}
			r.Time = t0 + int64(j)*time.Second.Milliseconds()
			r.Received, r.Stats.Time = r.Time, float64(r.Time)
			if err := s.Record(r); err != nil {
				t.Fatal(err)
			}
		}
		keep = append(keep, s)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	per := int64(after.HeapAlloc-before.HeapAlloc) / sessions
	t.Logf("%d bytes per session of a two-party call", per)
	if per > 40<<10 {
		t.Errorf("%d bytes per session, at most %d are allowed", per, 40<<10)
	}
	runtime.KeepAlive(keep)
}
