package jitsi

import (
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/peerglass/peerglass/protocol"
)

func TestParseRequest(t *testing.T) {
	for _, c := range []struct {
		subprotocols, query string
		want                Request
		code                string
	}{
		{"3.1_STANDARD", "statsSessionId=513d8442-c6dd-4413&isReconnect=false", Request{StatsSession: "513d8442-c6dd-4413", Sequenced: true, Version: Version{Name: "3.1_STANDARD", MissingRemoved: true}}, ""},
		{"3.1_LEGACY", "statsSessionId=a_b&isReconnect=true", Request{StatsSession: "a_b", Reconnect: true, Sequenced: true, Version: Version{Name: "3.1_LEGACY", MissingRemoved: true, Legacy: true}}, ""},
		{"3.1_STANDARD", "", Request{Version: Version{Name: "3.1_STANDARD", MissingRemoved: true}}, ""},
		{"other, 2.0", "", Request{Version: Version{Name: "2.0", Bare: true, Legacy: true}}, ""},
		{"3.0", "", Request{Version: Version{Name: "3.0", Bare: true}}, ""},
		{"1.0_JICOFO", "", Request{Version: Version{Name: "1.0_JICOFO", Backend: true}}, ""},
		{"4.2_JVB", "statsSessionId=x", Request{StatsSession: "x", Version: Version{Name: "4.2_JVB", Backend: true}}, ""},
		{"", "", Request{}, protocol.CodeUnsupported},
		{"mqtt", "", Request{}, protocol.CodeUnsupported},
		{"x_JVB", "", Request{}, protocol.CodeUnsupported},
		{"3.1_STANDARD", "statsSessionId=", Request{}, protocol.CodeMalformed},
		{"3.1_STANDARD", "statsSessionId=../etc", Request{}, protocol.CodeMalformed},
		{"3.1_STANDARD", "statsSessionId=" + strings.Repeat("a", 300), Request{}, protocol.CodeMalformed},
	} {
		var offered []string
		if c.subprotocols != "" {
			offered = strings.Split(c.subprotocols, ",")
		}
		query, err := url.ParseQuery(c.query)
		if err != nil {
			t.Fatal(err)
		}
		got, err := ParseRequest(offered, query)
		var fault *protocol.Error
		if c.code == "" && err != nil || c.code != "" && (!errors.As(err, &fault) || fault.Code != c.code) || got != c.want {
			t.Errorf("%s ?%s: %+v, %v; want %+v, %s", c.subprotocols, c.query, got, err, c.want, c.code)
		}
	}
}

func TestParseHead(t *testing.T) {
	for _, c := range []struct {
		frame string
		want  FrameType
		seq   uint64
	}{
		{`__ping__`, FrameKeepalive, 0},
		{"--disconnect--\r\n", FrameEntry, 0},
		{`{"statsSessionId":"a","type":"keepalive"}`, FrameKeepalive, 0},
		{`{"statsSessionId":"a","type":"close"}`, FrameClose, 0},
		{`{"statsSessionId":"a","type":"identity","data":["identity",null,{},1795219657809,1]}`, FrameEntry, 1},
		{`{"statsSessionId":"a","type":"stats-entry","data":"[\"x\",null,null,1795219657809,64]"}`, FrameEntry, 64},
		{`{"data":"[\"x\",null,null,1795219657809,64]","type":"stats-entry","statsSessionId":"a"}`, FrameEntry, 64},
		{`{"type":"stats-entry","data":"[\"x\",null,null,1795219657809,64]","timestamp":1}`, FrameEntry, 64},
		// Versions without numbers: a number in the payload is none of them.
		{`{"type":"stats-entry","data":"[\"conferenceStartTimestamp\",null,1697705600000,1697706076153]"}`, FrameEntry, 0},
		{`["conferenceStartTimestamp",null,1697705600000,1697706076153]`, FrameEntry, 0},
		{`["x",null,7,1697706076153]`, FrameEntry, 0},
		{`["x",null,7,1697706076153,12]`, FrameEntry, 12},
	} {
		head, err := ParseHead([]byte(c.frame))
		if err != nil || head.Type != c.want || head.Seq != c.seq {
			t.Errorf("%s: %+v, %v; want type %d, number %d", c.frame, head, err, c.want, c.seq)
		}
	}
	for _, frame := range []string{"", "x", "{", "{}", `{"type":"x","statsSessionId":"a/b"}`, `{"type":"x"}y`} {
		var fault *protocol.Error
		if head, err := ParseHead([]byte(frame)); !errors.As(err, &fault) {
			t.Errorf("%s: %+v, want an error", frame, head)
		}
	}
}

func TestParseHeadDoesNotAllocate(t *testing.T) {
	for _, frame := range session(t) {
		if n := testing.AllocsPerRun(5, func() {
			if _, err := ParseHead(frame); err != nil {
				t.Fatal(err)
			}
		}); n != 0 {
			t.Fatalf("%v allocations for %.100s", n, frame)
		}
	}
}

func TestSequence(t *testing.T) {
	var s Sequence
	for _, step := range []struct {
		seq  uint64
		want Verdict
	}{
		{500, SeqNew}, // after a breakout room a stay begins anywhere
		{501, SeqNew}, {0, SeqNew}, {501, SeqAgain}, {500, SeqAgain}, {502, SeqNew}, {505, SeqNew},
		{505 + maxAhead + 1, SeqAhead}, {506, SeqNew}, {maxSeq, SeqAhead},
	} {
		if got := s.Next(step.seq); got != step.want {
			t.Errorf("%d: verdict %d, want %d", step.seq, got, step.want)
		}
	}
	if want := (Sequence{Last: 506, Missed: 2, Again: 2, Edge: 502}); s != want {
		t.Errorf("%+v, want %+v", s, want)
	}
}

func TestAnswers(t *testing.T) {
	if got := string(AppendInitial(nil, 73)); got != `{"type":"sn","body":{"value":73,"state":"initial"}}` {
		t.Error(got)
	}
	if got := string(AppendAck(nil, 1<<40)); got != `{"type":"sn","body":{"value":1099511627776}}` {
		t.Error(got)
	}
	buf := make([]byte, 0, 128)
	if n := testing.AllocsPerRun(10, func() { buf = AppendAck(AppendInitial(buf[:0], 73), 74) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
