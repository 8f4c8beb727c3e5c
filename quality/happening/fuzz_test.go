package happening

import (
	"fmt"
	"slices"
	"testing"

	"github.com/peerglass/peerglass/rtc"
)

// names are all event names that mean something, for the fuzz test.
var names = []string{
	rtc.NameCreate, rtc.NameGetUserMedia, rtc.NameGetUserMedia + rtc.OnSuccess, rtc.NameGetUserMedia + rtc.OnFailure, rtc.NameGetDisplayMedia + rtc.OnSuccess,
	rtc.NameGetDisplayMedia + rtc.OnFailure, rtc.NameEnumerate + rtc.OnSuccess, rtc.NameDeviceChange, rtc.NameSignalingState, rtc.NameICEState, rtc.NameConnState,
	rtc.NameICEError, rtc.NameTrack, rtc.NameClose, rtc.NameJoin, rtc.NameMute, rtc.NameUnmute, rtc.NameTrackMute, rtc.NameTrackUnmute, rtc.NameScreenShare,
	rtc.NameSetVideoType, rtc.NameDominantSpeaker, rtc.NameHold, rtc.NameDevices, rtc.NameError, rtc.NameVisibility, rtc.NamePageHide, rtc.NameNetwork,
	rtc.NameFeedback, rtc.NameFramesMissed, nameDTLSState, "ondtlserror", "setLocalDescription", "setRemoteDescription", "restartIce", "createOffer",
	"addTrack", "addStream", "addTransceiver", "replaceTrack", "removeTrack", "removeStream", "onaddstream", "onremovestream", "MediaStreamTrack.stop",
	"MediaStreamTrack.onended", "setParameters", "reconnecting", "reconnected", "disconnected", "signalingConnected", "signalingDisconnected",
	"schedulingFailed", "crossRoom", "uplinkVideo", "downlinkAudio", "clock", "ondevicesadded", "fabricSetupFailed", "somethingElse", "setRemoteDescriptionOnFailure",
}

// No value makes it panic, no event makes more than a few rows, and rows come by
// time with ids of their own.
func FuzzEvents(f *testing.F) {
	for _, v := range []string{"", "null", "1", `""`, `"failed"`, "{}", "[]", `{"kind":"audio","id":"a"}`, `["video","b","label"]`, `"audio:c video:d"`,
		`{"on":true,"track":"a","user":7}`, `{"hidden":"yes"}`, `{"from":null,"to":{"kind":"video","id":"e"}}`, `{"encodings":[{"maxBitrate":1e308}]}`,
		`{"keys":{"a":{"b":[1,2,{"c":null}]}},"room":5,"role":[]}`, `{"overall":"four","comment":{}}`, `{"count":-1e300}`, `{"sdp":"v=0 cut of`, "\xff\xfe", `[[[[[[["audio","x"]]]]]]]`} {
		f.Add(v, `{"kind":"audio","id":"a"}`, uint8(3), uint8(9))
	}
	f.Fuzz(func(t *testing.T, value, other string, kind, first uint8) {
		var events []rtc.Event
		for i := range names {
			name := names[(i+int(first))%len(names)]
			k := rtc.Kind(int(kind)%int(rtc.KindClose) + 1)
			if k == rtc.KindStats {
				k = rtc.KindEvent
			}
			v := value
			if i%3 == 0 {
				v = other
			}
			events = append(events, rtc.Event{Time: at(i), Index: uint32(i + 1), Kind: k, Connection: rtc.ConnectionID(i % 3), Stream: rtc.StreamID(i % 4), Name: name, Corr: other, Value: v})
		}
		s := &Stay{Session: rtc.Session{ID: 7, Start: start, End: at(1000), EndReason: value}, Events: events,
			Streams: []rtc.Stream{{ID: 1, Track: "a", Kind: rtc.KindAudio, Direction: rtc.Receive, Packets: 1, Start: at(3)}, {ID: 2, Track: "b", Kind: rtc.KindVideo, Direction: rtc.Send, Start: at(4)}}}
		rows := Of(s)
		if most := 80*len(events) + 20; len(rows) > most {
			t.Fatalf("%d rows of %d events", len(rows), len(events))
		}
		ids := map[string]bool{}
		for i := range rows {
			r := &rows[i]
			if ids[r.ID()] {
				t.Fatalf("two rows are %s", r.ID())
			}
			ids[r.ID()] = true
			if len(r.Text) > 4*601 || len(r.Label) > 500 || len(r.Cause) > 64 {
				t.Fatalf("row %s is long: %d %d %d", r.ID(), len(r.Text), len(r.Label), len(r.Cause))
			}
		}
		if !slices.IsSortedFunc(rows, func(a, b Row) int { return Compare(&a, &b) }) {
			t.Fatal("the rows are not by time")
		}
	})
}

// What a client tells without end is remembered only so far.
func TestMemoryIsBounded(t *testing.T) {
	var events []rtc.Event
	for n := range 30_000 {
		id := fmt.Sprint(n)
		for _, v := range []rtc.Event{
			{Name: "addTrack", Kind: rtc.KindCall, Connection: 1, Value: `{"kind":"audio","id":"` + id + `"}`},
			{Name: rtc.NameMute, Kind: rtc.KindEvent, Value: `{"kind":"audio","user":"` + id + `"}`},
			{Name: rtc.NameICEError, Kind: rtc.KindState, Connection: 1, Value: `{"url":"turn:` + id + `"}`},
			{Name: "setParameters", Kind: rtc.KindCall, Connection: rtc.ConnectionID(n%60_000 + 1), Value: `{"n":` + id + `}`},
			{Kind: rtc.KindOpen, Value: `{"keys":{"` + id + `":"x"}}`},
			{Name: rtc.NameGetUserMedia, Kind: rtc.KindCall, Corr: id, Value: `{"audio":true}`},
		} {
			v.Time, v.Index = at(n), uint32(len(events)+1)
			events = append(events, v)
		}
	}
	s := &Stay{Session: rtc.Session{ID: 7, Start: start}, Events: events}
	if rows := Of(s); len(rows) > 5*len(events) {
		t.Errorf("%d rows", len(rows))
	}
}
