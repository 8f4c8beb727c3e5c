package issue

import (
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/peerglass/peerglass/rtc"
)

// Whatever a client tells, in whatever order: nothing panics, an issue never
// ends before it begins nor gets better, names what its detector declares, has
// an end when the session has, and the same rows give the same issues.
func TestEventsInAnyOrder(t *testing.T) {
	names := []string{
		rtc.NameCreate, "setConfiguration", "addTrack", "addTransceiver", "createDataChannel", "restartIce", "createOffer", "replaceTrack",
		"setLocalDescription", "setLocalDescriptionOnSuccess", "setLocalDescriptionOnFailure", "setRemoteDescription", "setRemoteDescriptionOnSuccess",
		rtc.NameICEState, rtc.NameConnState, rtc.NameGatheringState, rtc.NameSignalingState, rtc.NameICECandidate, "addIceCandidate", rtc.NameICEError,
		"ondtlsstatechange", "ondtlserror", rtc.NameTrack, rtc.NameClose, rtc.NameGetUserMedia, rtc.NameGetUserMedia + rtc.OnSuccess,
		rtc.NameGetUserMedia + rtc.OnFailure, rtc.NameGetDisplayMedia + rtc.OnSuccess, rtc.NameTrackMute, rtc.NameTrackUnmute, "MediaStreamTrack.onended",
		"MediaStreamTrack.stop", rtc.NameMute, rtc.NameUnmute, rtc.NameVisibility, rtc.NameNetwork, rtc.NameDeviceChange, rtc.NameScreenShare, rtc.NameHold, rtc.NameError, "clock", rtc.NameJoin, "",
	}
	values := []string{
		"", "null", `""`, "[", `{"iceServers":[{"urls":"turn:t.example"}],"iceTransportPolicy":"relay"}`, `"checking"`, `"connecting"`, `"connected"`, `"disconnected"`, `"failed"`,
		`"closed"`, `"gathering"`, `"complete"`, `"stable"`, `{"candidate":"c typ host"}`, `{"candidate":"c typ relay"}`, `{"url":"turn:t.example","errorCode":701}`,
		`{"type":"answer","sdp":"m=audio\r\na=candidate:1 typ srflx\r\n"}`, `{"audio":true,"video":true}`, `[{"kind":"audio","id":"a"},{"kind":"video","id":"v"}]`, `{"kind":"audio","id":"a"}`,
		`{"kind":"video","id":"v"}`, `{"kind":"audio","track":"a"}`, `{"hidden":true}`, `{"hidden":false}`, `{"online":false}`, `{"online":true,"type":"cellular"}`,
		`{"name":"NotAllowedError","message":"Permission denied"}`, `"NotFoundError"`, `{"was":0,"offset":60000}`, `{"iceRestart":true}`, `{"on":true,"track":"v"}`,
	}
	rapid.Check(t, func(t *rapid.T) {
		type step struct {
			event  rtc.Event
			stream bool
		}
		var steps []step
		now := t0
		for range rapid.IntRange(0, 60).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.SampledFrom([]int{0, 1, 50, 400, 2000, 7000, 40_000}).Draw(t, "ms")) * time.Millisecond)
			steps = append(steps, step{rtc.Event{
				Time: now, Name: rapid.SampledFrom(names).Draw(t, "name"), Value: rapid.SampledFrom(values).Draw(t, "value"),
				Connection: rtc.ConnectionID(rapid.IntRange(0, 2).Draw(t, "connection")),
				Kind:       rapid.SampledFrom([]rtc.Kind{rtc.KindState, rtc.KindEvent, rtc.KindLog, rtc.KindOpen}).Draw(t, "kind"),
				Severity:   rapid.SampledFrom([]rtc.Severity{rtc.Info, rtc.Error}).Draw(t, "severity"),
			}, rapid.IntRange(0, 9).Draw(t, "stream") == 0})
		}
		reason := rapid.SampledFrom([]string{"leave", "timeout", "import"}).Draw(t, "reason")
		run := func() map[rtc.IssueID]rtc.Issue {
			found := map[rtc.IssueID]rtc.Issue{}
			w := New(func(i *rtc.Issue) {
				c := *i
				c.Evidence = slices.Clone(i.Evidence)
				was, there := found[i.ID]
				switch {
				case there && (was.Severity > i.Severity || was.Type != i.Type || !was.Start.Equal(i.Start) || was.Version >= i.Version):
					t.Fatalf("%s goes from %+v to %+v", i.Type, was, c)
				case there && !was.End.IsZero():
					t.Fatalf("%s was over: %+v, then %+v", i.Type, was, c)
				}
				found[i.ID] = c
			})
			for n := range steps {
				if steps[n].stream {
					w.TellStream(&rtc.Stream{ID: rtc.StreamID(n%4 + 1), Connection: 1, Direction: rtc.Send, Kind: rtc.KindAudio, Track: "a", Start: steps[n].event.Time})
				}
				w.Event(&steps[n].event)
			}
			w.End(now, reason)
			return found
		}
		found := run()
		for _, i := range found {
			d := registered[slices.IndexFunc(registered, func(d *Detector) bool { return d.Type == i.Type })]
			switch {
			case i.End.IsZero() || i.End.Before(i.Start):
				t.Fatalf("%s lasts from %v to %v", i.Type, i.Start.Sub(t0), i.End.Sub(t0))
			case !slices.Contains(d.Causes, i.Cause):
				t.Fatalf("%s has a cause that is not declared: %s", i.Type, i.Cause)
			case i.Severity < rtc.Low || i.Severity > rtc.High:
				t.Fatalf("%s has the severity %d", i.Type, i.Severity)
			}
		}
		if again := run(); !reflect.DeepEqual(found, again) {
			t.Fatalf("the same rows give other issues:\n%v\n%v", fmt.Sprint(found), fmt.Sprint(again))
		}
	})
}

// A candidate is what a session tells most often, beside samples.
func BenchmarkEvent(b *testing.B) {
	w := New(func(*rtc.Issue) {})
	e := &rtc.Event{Time: t0, Connection: 1, Kind: rtc.KindState, Name: rtc.NameICECandidate, Value: `{"candidate":"candidate:1 1 udp 1 10.0.0.1 1 typ host"}`}
	w.Event(e)
	b.ReportAllocs()
	for b.Loop() {
		e.Time = e.Time.Add(time.Millisecond)
		w.Event(e)
	}
}
