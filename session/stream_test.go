package session

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/peerglass/peerglass/protocol"
	"github.com/peerglass/peerglass/quality"
	"github.com/peerglass/peerglass/quality/issue"
	"github.com/peerglass/peerglass/rtc"
)

func TestRatesOverElapsedTime(t *testing.T) {
	p := newScript(t, nil)
	p.join("standup", "alice")
	p.must(p.poll(`I inbound-rtp kind=video ssrc=11 packetsReceived=100 bytesReceived=10000 packetsLost=0 framesDecoded=30 jitter=0.004`))
	if len(p.out.Samples) != 0 {
		t.Fatalf("%d samples of a first poll: nothing is known of the time before it", len(p.out.Samples))
	}
	p.after(2 * time.Second)
	p.must(p.poll(`I packetsReceived=300 bytesReceived=60000 packetsLost=50 framesDecoded=90 freezeCount=0`))
	p.expect(1, quality.Bitrate, 200_000)
	p.expect(1, quality.PacketRate, 100)
	p.expect(1, quality.Packets, 200)
	p.expect(1, quality.PacketsLost, 50)
	p.expect(1, quality.Loss, 0.2)
	p.expect(1, quality.FpsDecoded, 30)
	p.expect(1, quality.Jitter, 4) // unchanged, so not told again
	p.expect(1, quality.FreezeCount, nan)
	p.expect(1, quality.FpsReceived, nan)
	if got := p.out.Samples[0]; got.Interval != 2*time.Second || got.Time.UnixMilli() != p.now {
		t.Errorf("sample of %v at %v, want 2s at %d", got.Interval, got.Time, p.now)
	}

	// Late packets arrive: the loss falls, and is not below 0 as a share.
	p.after(time.Second)
	p.must(p.poll(`I packetsReceived=400 packetsLost=45`))
	p.expect(1, quality.PacketsLost, -5)
	p.expect(1, quality.Loss, 0)
	p.expect(1, quality.Bitrate, 0) // told again means changed; not told means the same
}

func TestPollWithoutProgressGivesNoSample(t *testing.T) {
	p := newScript(t, nil)
	p.join("r", "u")
	p.must(p.poll(`I inbound-rtp kind=audio ssrc=1 packetsReceived=100`))
	p.after(time.Second)
	p.must(p.poll("frozen-time\nI packetsReceived=100"))
	if n := p.samples(1); n != 0 {
		t.Fatalf("%d samples though the statistics' time stood still", n)
	}
	p.after(time.Second)
	p.must(p.poll(`I packetsReceived=200`))
	p.expect(1, quality.PacketRate, 50) // over the two seconds since the first
}

func TestCounterReset(t *testing.T) {
	p := newScript(t, nil)
	p.join("r", "u")
	p.must(p.poll(`I inbound-rtp kind=video ssrc=1 packetsReceived=1000 bytesReceived=100000 packetsLost=10 framesDecoded=500 jitter=0.01`))
	p.after(time.Second)
	p.must(p.poll(`I packetsReceived=20 bytesReceived=3000 packetsLost=1 framesDecoded=510`))
	for _, m := range []*quality.Metric{quality.Bitrate, quality.Packets, quality.PacketsLost, quality.Loss, quality.FpsDecoded} {
		p.expect(1, m, nan)
	}
	p.expect(1, quality.Jitter, 10)
	p.after(time.Second)
	p.must(p.poll(`I packetsReceived=120 bytesReceived=13000 packetsLost=3`))
	p.expect(1, quality.Packets, 100)
	p.s.End(p.now, "leave")
	st := p.out.Streams[0]
	if st.Packets != 1120 || st.Bytes != 113000 || st.PacketsLost != 13 {
		t.Errorf("totals over the reset: %d packets, %d bytes, %d lost; want 1120, 113000, 13", st.Packets, st.Bytes, st.PacketsLost)
	}

	// One counter alone falls: only its metric is null.
	p = newScript(t, nil)
	p.join("r", "u")
	p.must(p.poll(`I inbound-rtp kind=video ssrc=1 packetsReceived=10 framesDecoded=500 pliCount=3`))
	p.after(time.Second)
	p.must(p.poll(`I packetsReceived=20 framesDecoded=5 pliCount=4`))
	p.expect(1, quality.FpsDecoded, nan)
	p.expect(1, quality.Packets, 10)
	p.expect(1, quality.Pli, 1)
}

func TestSentStreamReadsTheRemoteEnd(t *testing.T) {
	p := newScript(t, nil)
	p.join("r", "u")
	p.must(p.poll(`O outbound-rtp kind=video ssrc=5 packetsSent=100 remoteId=R mediaSourceId=S rid=h
		R remote-inbound-rtp ssrc=5 localId=O packetsLost=0 jitter=0.002 roundTripTime=0.1 totalRoundTripTime=0.1 roundTripTimeMeasurements=1
		S media-source frames=30 framesPerSecond=30 trackIdentifier=cam`))
	p.after(time.Second)
	p.must(p.poll(`O packetsSent=200 framesEncoded=1 qualityLimitationReason=bandwidth
		S frames=60
		R packetsLost=10 jitter=0.005 roundTripTime=0.3 totalRoundTripTime=0.7 roundTripTimeMeasurements=3`))
	p.expect(1, quality.PacketsLost, 10)
	p.expect(1, quality.Loss, 0.1) // of 100 packets sent between the two reports
	p.expect(1, quality.Rtt, 300)  // mean of the two measurements
	p.expect(1, quality.Jitter, 5)
	p.expect(1, quality.FpsCaptured, 30)
	if got := p.out.Samples[0].Limitation; got != "bandwidth" {
		t.Errorf("limitation %q, want bandwidth", got)
	}

	// The remote end says nothing for two polls: not measured, rather than the
	// old values again. Then one report covers three intervals.
	for range 2 {
		p.after(time.Second)
		p.stats.Reset()
		n := 100 * (p.now - t0 + 1000) / 1000
		p.must(p.poll(fmt.Sprintf("O packetsSent=%d", n)))
		for _, m := range []*quality.Metric{quality.PacketsLost, quality.Loss, quality.Rtt, quality.Jitter} {
			p.expect(1, m, nan)
		}
		p.expect(1, quality.Packets, 100)
	}
	p.after(time.Second)
	p.must(p.poll("O packetsSent=500\nR packetsLost=40"))
	p.expect(1, quality.PacketsLost, 30)
	p.expect(1, quality.Loss, 0.1)

	p.after(time.Second)
	p.must(p.poll("O packetsSent=600\nR fractionLost=0.25 packetsLost=41"))
	p.expect(1, quality.Loss, 0.25)

	p.s.End(p.now, "leave")
	st := p.out.Streams[0]
	if st.RID != "h" || st.Track != "cam" || st.PacketsLost != 41 || st.Packets != 600 || st.Direction != rtc.Send || st.SSRC != 5 {
		t.Errorf("stream %+v", st)
	}
	if s := p.out.Sessions[0]; !s.Sends || s.Receives {
		t.Errorf("sends %v, receives %v; want true, false", s.Sends, s.Receives)
	}
}

// A client may tell members of a remote end's report later than its date, to
// save bytes: that is no other report.
func TestLaterMembersAreNoOtherReport(t *testing.T) {
	p := newScript(t, nil)
	p.join("r", "u")
	p.must(p.poll(`I inbound-rtp kind=audio ssrc=5 packetsReceived=100 remoteId=R
		R remote-outbound-rtp @-700 ssrc=5 localId=I packetsSent=80 bytesSent=8000`))
	p.after(time.Second)
	p.must(p.poll("I packetsReceived=150\nR @-300 packetsSent=150"))
	p.expect(1, quality.RemotePackets, 70)
	p.after(time.Second)
	p.stats.Reset()
	p.must(p.poll("I packetsReceived=200\nR @-1300 bytesSent=15000"))
	p.expect(1, quality.RemotePackets, nan)
	p.after(time.Second)
	p.stats.Reset()
	p.must(p.poll("I packetsReceived=250\nR @-100 packetsSent=250"))
	p.expect(1, quality.RemotePackets, 100)
}

func TestTransportOfTheSelectedPair(t *testing.T) {
	p := newScript(t, nil)
	p.join("r", "u")
	p.must(p.poll(`T transport selectedCandidatePairId=P bytesReceived=1000 bytesSent=500
		P candidate-pair state=succeeded nominated=true localCandidateId=L remoteCandidateId=Q totalRoundTripTime=1 responsesReceived=10 currentRoundTripTime=0.1 availableOutgoingBitrate=600000
		X candidate-pair state=succeeded nominated=true bytesSent=999999
		L local-candidate candidateType=relay protocol=udp relayProtocol=tls networkType=wifi
		Q remote-candidate candidateType=host protocol=udp`))
	p.after(time.Second)
	p.must(p.poll(`T bytesReceived=126000 bytesSent=63000
		P totalRoundTripTime=1.1 responsesReceived=12 currentRoundTripTime=0.06`))
	p.expect(1, quality.Bitrate, 1_000_000)
	p.expect(1, quality.BitrateSent, 500_000)
	p.expect(1, quality.Rtt, 50)
	p.expect(1, quality.AvailableOutgoing, 600_000)
	p.expect(1, quality.Relay, 1)
	if got := p.out.Samples[0].Pair; got != "relay/tls host/udp" {
		t.Errorf("pair %q", got)
	}
	// No check was answered: the browser repeats an old RTT, we do not.
	p.after(time.Second)
	p.must(p.poll(`T bytesReceived=126000`))
	p.expect(1, quality.Rtt, nan)
	p.expect(1, quality.Bitrate, 0)

	// Another pair takes over; its counters have their own base.
	p.after(time.Second)
	p.must(p.poll(`T selectedCandidatePairId=X selectedCandidatePairChanges=2
		X localCandidateId=L2 remoteCandidateId=Q
		L2 local-candidate candidateType=host protocol=udp`))
	p.expect(1, quality.Relay, 0)
	p.s.End(p.now, "leave")
	c := p.out.Connections[0]
	if c.LocalType != "host" || c.RemoteType != "host" || c.Transport != "udp" || c.Relay {
		t.Errorf("connection %+v", c)
	}
	if p.out.Sessions[0].Network != "wifi" {
		t.Errorf("network %q, want wifi", p.out.Sessions[0].Network)
	}
	if st := p.out.Streams[0]; st.Kind != rtc.KindTransport || st.Bytes != 126000+63000 {
		t.Errorf("transport %+v", st)
	}
}

func TestReportsThatGoAndComeBack(t *testing.T) {
	p := newScript(t, nil)
	p.join("r", "u")
	p.must(p.poll(`A inbound-rtp kind=audio ssrc=1 packetsReceived=10
		B inbound-rtp kind=video ssrc=2 packetsReceived=10`))
	p.after(time.Second)
	p.must(p.poll("missing-removed\nA packetsReceived=20")) // B is not named: gone
	p.after(time.Second)
	p.must(p.poll("A packetsReceived=30")) // without the flag, nothing is gone
	p.after(time.Second)
	p.must(p.poll("missing-removed\nA packetsReceived=40\nB inbound-rtp kind=video ssrc=2 packetsReceived=15"))
	p.after(time.Second)
	p.must(p.poll("A gone\nB packetsReceived=18"))
	p.after(time.Second)
	// The same id for another SSRC is another stream.
	p.must(p.poll("B inbound-rtp kind=video ssrc=3 packetsReceived=4"))
	p.s.End(p.now, "leave")
	var got []string
	for _, st := range p.out.Streams {
		got = append(got, fmt.Sprintf("%d %s %d %d/%d", st.ID, st.ReportID, st.SSRC, st.Packets, st.Samples))
	}
	want := "1 A 1 40/3, 2 B 2 18/1, 3 B 3 4/0"
	if strings.Join(got, ", ") != want {
		t.Errorf("streams %s\nwant    %s", strings.Join(got, ", "), want)
	}
}

func TestAClosedConnectionKeepsNothing(t *testing.T) {
	p := newScript(t, nil)
	p.join("r", "u")
	poll := "T transport bytesReceived=%[1]d bytesSent=%[1]d\nA inbound-rtp kind=audio ssrc=1 packetsReceived=%[1]d"
	p.must(p.poll(fmt.Sprintf(poll, 10)))
	p.after(time.Second)
	p.must(p.poll(fmt.Sprintf(poll, 20)))
	p.must(p.tell(rtc.KindCall, "PC_0", rtc.NameClose, ""))
	if p.s.reports != 0 {
		t.Errorf("%d reports are kept", p.s.reports)
	}
	// A last poll that was on its way continues the stream.
	p.after(time.Second)
	p.must(p.poll(fmt.Sprintf(poll, 30)))
	p.s.End(p.now, "leave")
	if st := p.out.Streams; len(st) != 2 || st[0].Packets != 30 || st[0].Samples != 1 || st[1].Bytes != 60 {
		t.Errorf("streams %+v", st)
	}
}

func TestFullReportsForgetWhatTheyDoNotName(t *testing.T) {
	p := newScript(t, nil)
	p.join("r", "u")
	p.must(p.poll("full\nI inbound-rtp kind=video ssrc=1 packetsReceived=10 jitter=0.1 frameWidth=640"))
	p.after(time.Second)
	p.must(p.poll("full\nI inbound-rtp kind=video ssrc=1 packetsReceived=20 frameWidth=320"))
	p.expect(1, quality.Jitter, nan)
	p.expect(1, quality.Width, 320)
	p.after(time.Second)
	p.must(p.poll("I frameWidth=null packetsReceived=25"))
	p.expect(1, quality.Width, nan)
	p.expect(1, quality.Packets, 5)
}

func TestKinds(t *testing.T) {
	p := newScript(t, nil)
	p.join("r", "u")
	p.must(p.tell(rtc.KindCall, "", rtc.NameGetDisplayMedia+rtc.OnSuccess, `[["video","display","Screen 1",""]]`))
	p.must(p.tell(rtc.KindEvent, "", rtc.NameSetVideoType, `{"ssrc":2,"videoType":"desktop"}`))
	p.must(p.tell(rtc.KindEvent, "", rtc.NameMapStream, `{"ssrc":3,"user":"bob","label":"camera"}`))
	p.must(p.tell(rtc.KindEvent, "", rtc.NameScreenShare, `{"on":true,"track":"t4"}`))
	p.must(p.poll(`A outbound-rtp kind=video ssrc=1 mediaSourceId=S packetsSent=1
		S media-source trackIdentifier=display
		B inbound-rtp kind=video ssrc=2 packetsReceived=1
		C inbound-rtp mediaType=video ssrc=3 packetsReceived=1
		D inbound-rtp kind=video ssrc=4 trackIdentifier=t4 packetsReceived=1
		E outbound-rtp kind=video ssrc=5 contentType=screenshare packetsSent=1
		F inbound-rtp kind=audio ssrc=6 codecId=K packetsReceived=1
		K codec mimeType=audio/opus clockRate=48000`))
	p.after(time.Second)
	p.must(p.tell(rtc.KindEvent, "", rtc.NameSetVideoType, `{"ssrc":2,"videoType":"camera"}`))
	if e := p.out.Events[len(p.out.Events)-1]; e.Stream != 2 {
		t.Errorf("setVideoType is about stream %d, want 2", e.Stream)
	}
	p.must(p.poll(`F packetsReceived=2`))
	p.s.End(p.now, "leave")
	var got []string
	for _, st := range p.out.Streams {
		got = append(got, st.ReportID+" "+st.Kind.String()+" "+st.RemoteUser+st.Codec)
	}
	want := []string{"A screen ", "B video ", "C video bob", "D screen ", "E screen ", "F audio audio/opus"}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("streams %q\nwant    %q", got, want)
	}
}

// What is told of a stream after the last poll counts, too.
func TestToldBeforeTheEnd(t *testing.T) {
	for _, end := range []string{"leave", "close"} {
		p := newScript(t, nil)
		p.join("r", "u")
		p.must(p.poll("A inbound-rtp kind=video ssrc=1 trackIdentifier=t1 packetsReceived=1"))
		p.after(100 * time.Millisecond)
		p.must(p.tell(rtc.KindEvent, "", rtc.NameMapStream, `{"track":"t1","user":"bob"}`))
		p.must(p.tell(rtc.KindEvent, "", rtc.NameScreenShare, `{"on":true,"track":"t1"}`))
		if end == "close" {
			p.must(p.tell(rtc.KindCall, "PC_0", rtc.NameClose, ""))
		}
		p.s.End(p.now, "leave")
		if st := p.out.Streams; len(st) != 1 || st[0].Kind != rtc.KindScreen || st[0].RemoteUser != "bob" {
			t.Errorf("%s: streams %+v", end, st)
		}
	}
}

func TestTooManyStreams(t *testing.T) {
	p := newScript(t, nil)
	p.join("r", "u")
	other := newScript(t, nil)
	other.join("r", "u")
	var last error
	ssrc := 0
	for range 2 * maxReports / 1000 {
		var b strings.Builder
		for range 1000 {
			ssrc++
			fmt.Fprintf(&b, "I%d inbound-rtp kind=audio ssrc=%d packetsReceived=1\n", ssrc, ssrc)
		}
		p.after(time.Second)
		if err := p.poll(b.String()); err != nil {
			last = err
		}
	}
	var refused *protocol.Error
	if !errors.As(last, &refused) || refused.Code != protocol.CodeLimit {
		t.Fatalf("error %v, want a protocol.Error %s", last, protocol.CodeLimit)
	}
	if n := len(p.out.Streams); n != maxStreams {
		t.Errorf("%d streams, want %d", n, maxStreams)
	}
	p.after(time.Second)
	p.poll("I1 packetsReceived=2")
	p.expect(1, quality.Packets, 1) // those within the limit go on

	// The names may change for ever, as long as not all are there at once.
	p = newScript(t, nil)
	p.join("r", "u")
	for i := range 2*maxStreams + 10 {
		p.after(time.Second)
		p.must(p.poll(fmt.Sprintf("missing-removed\nI%d inbound-rtp kind=audio ssrc=%d packetsReceived=1", i, i+1)))
	}
	if p.s.lastStream != rtc.StreamID(2*maxStreams+10) {
		t.Errorf("%d streams numbered", p.s.lastStream)
	}
}

// What the session forgets of its streams, the watchers forget: also of a
// stream whose id another took twice.
func TestForgottenStreamsAreNotWatched(t *testing.T) {
	for name, id := range map[string]func(int) int{"new ids": func(i int) int { return i }, "one id": func(int) int { return 1 }} {
		p := newScript(t, nil)
		p.join("r", "u")
		for i := range 2*maxStreams + 10 {
			p.after(time.Second)
			p.must(p.poll(fmt.Sprintf("missing-removed\nI%d inbound-rtp kind=audio ssrc=%d packetsReceived=1", id(i), i+1)))
		}
		n, live := 0, p.s.live()
		p.s.assessor.issues.Streams(func(*issue.Stream) { n++ })
		if n > live || live > maxStreams {
			t.Errorf("%s: %d streams are watched, and %d are there", name, n, live)
		}
		if n == 0 || n < live-1 { // the latest may not be told yet
			t.Errorf("%s: only %d of %d streams are watched", name, n, live)
		}
	}
}
