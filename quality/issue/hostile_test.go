package issue

import (
	"fmt"
	"testing"
	"time"

	"github.com/peerglass/peerglass/quality"
	"github.com/peerglass/peerglass/rtc"
)

// A session of 100,000 streams, each of which is forgotten some time later,
// keeps those that are not, and nothing of the others.
func TestForgottenStreamsCostNothing(t *testing.T) {
	const all, kept = 100_000, 64
	found := make(map[rtc.IssueID]rtc.Issue)
	w := New(func(i *rtc.Issue) { found[i.ID] = *i })
	w.TellConnection(&rtc.Connection{ID: 1, Start: t0, State: "connected", Connected: t0})
	smp := rtc.Sample{Kind: rtc.KindAudio, Direction: rtc.Receive, Interval: time.Second, Values: make([]float32, len(quality.Catalogue()))}
	for i := range smp.Values {
		smp.Values[i] = rtc.Null
	}
	for n := rtc.StreamID(1); n <= all; n++ {
		now := t0.Add(time.Duration(n) * time.Millisecond)
		w.TellStream(&rtc.Stream{ID: n, Connection: 1, Kind: rtc.KindAudio, Direction: rtc.Receive, Track: fmt.Sprint(n), Start: now})
		smp.Stream, smp.Time = n, now
		w.Sample(&smp)
		if n > kept {
			w.ForgetStream(n - kept)
		}
		if c := w.conns[1]; len(w.streams) > kept || len(c.streams) > kept || len(w.poll) > kept || len(w.lasting) > kept {
			t.Fatalf("%d streams, %d of the connection, %d samples and %d runs are kept after %d", len(w.streams), len(c.streams), len(w.poll), len(w.lasting), n)
		}
	}
	if w.Stream(all) == nil || w.Stream(all-kept) != nil || w.Stream(1) != nil {
		t.Error("other streams are kept than those that were not forgotten")
	}
	w.ForgetStream(1) // is gone already
	w.ForgetStream(all + 1)
}

// Streams that nobody forgets are passed over beyond a number.
func TestStreamsAreBounded(t *testing.T) {
	w := New(func(*rtc.Issue) {})
	for n := rtc.StreamID(1); n <= 100_000; n++ {
		w.TellStream(&rtc.Stream{ID: n, Connection: 1, Kind: rtc.KindAudio, Start: t0})
	}
	if len(w.streams) != maxStreams {
		t.Errorf("%d streams are kept, want %d", len(w.streams), maxStreams)
	}
}

// What lasts of a stream ends as it is forgotten, and the others' goes on.
func TestForgettingEndsIssues(t *testing.T) {
	p := newPolls(t, time.Second)
	p.add("audio sent too", rtc.Stream{ID: 9, Connection: 1, Track: "other"})
	p.poll(nil)
	for _, id := range []rtc.StreamID{1, 9} {
		p.watch.Open(deviceMuted, rtc.Issue{Connection: 1, Stream: id, Severity: rtc.Medium, Cause: "system"})
	}
	p.watch.ForgetStream(9)
	if i := p.issues[1]; !i.End.IsZero() {
		t.Errorf("the issue of a stream that is still there ended: %+v", i)
	}
	if i := p.issues[2]; !i.End.Equal(p.now) {
		t.Errorf("the issue of a forgotten stream lasts: %+v", i)
	}
	delete(p.rows, "audio sent too")
	p.poll(nil)

	p = newPolls(t, time.Second)
	for range 40 {
		p.poll(func(name string, f figures) {
			if name == "audio received" {
				merge(f, figures{quality.AudioStutterTime: 400})
			}
		})
	}
	if len(p.watch.lasting) == 0 {
		t.Fatal("audio that stutters is no issue")
	}
	p.watch.ForgetStream(p.rows["audio received"].ID)
	for _, r := range p.watch.lasting {
		if r.det.Scope == PerStream {
			t.Errorf("%s of a forgotten stream lasts", r.issue.Type)
		}
	}
}

// hostile are events that make detectors wait, remember or open something.
var hostile = []struct{ name, value string }{
	{rtc.NameCreate, `{"iceServers":[{"urls":"turn:t.example"}]}`}, {"addTrack", `{"kind":"audio","id":"%d"}`},
	{rtc.NameGatheringState, `"gathering"`}, {rtc.NameGatheringState, `"complete"`},
	{rtc.NameConnState, `"connected"`}, {rtc.NameConnState, `"disconnected"`}, {rtc.NameConnState, `"failed"`},
	{"createOfferOnFailure", `"no"`}, {"setLocalDescriptionOnSuccess", ``}, {"setRemoteDescriptionOnSuccess", ``},
	{"restartIce", ``}, {rtc.NameTrackMute, `{"kind":"audio","id":"%d"}`}, {rtc.NameTrackUnmute, `{"kind":"audio","id":"%d"}`},
	{"MediaStreamTrack.onended", `{"kind":"video","id":"%d"}`}, {rtc.NameMute, `{"track":"%d"}`},
	{rtc.NameVisibility, `{"hidden":true}`}, {rtc.NameVisibility, `{"hidden":false}`},
	{rtc.NameGetUserMedia, `{"audio":true}`}, {rtc.NameGetUserMedia + rtc.OnFailure, `"NotAllowedError"`},
	{rtc.NameGetDisplayMedia + rtc.OnSuccess, `{"kind":"video","id":"%d"}`}, {rtc.NameDeviceChange, ``},
	{rtc.NameNetwork, `{"online":false}`}, {rtc.NameNetwork, `{"online":true,"type":"n%d"}`},
	{rtc.NameHold, `{"on":true}`}, {rtc.NameHold, `{"on":false}`}, {rtc.NameError, `{"function":"f%d"}`},
}

// Whatever a client repeats, and however it dates it, what waits and what is
// remembered is bounded, and each event lets at most a few alarms ring.
func TestHostileEvents(t *testing.T) {
	const events, conns = 100_000, 1000
	for name, date := range map[string]func(n int) time.Time{
		"of one old time": func(int) time.Time { return t0.Add(-time.Hour) },
		"of one time":     func(int) time.Time { return t0 },
		"in order":        func(n int) time.Time { return t0.Add(time.Duration(n) * time.Millisecond) },
		"back and forth":  func(n int) time.Time { return t0.Add(time.Duration(n%7) * time.Second) },
	} {
		t.Run(name, func(t *testing.T) {
			issues := make(map[rtc.IssueID]bool)
			w := New(func(i *rtc.Issue) { issues[i.ID] = true })
			w.advance(t0)
			for n := range events {
				h := hostile[(n/3)%len(hostile)]
				value := h.value
				if len(value) > 0 && n%2 == 0 {
					value = fmt.Sprintf(value+"%.0s", n, n)
				}
				e := rtc.Event{Time: date(n), Name: h.name, Value: value, Corr: fmt.Sprint(n), Connection: rtc.ConnectionID(n % conns)}
				if n%11 == 0 {
					e.Kind, e.Severity = rtc.KindLog, rtc.Error
				}
				w.Event(&e)
			}
			if n := len(w.alarms.queue); n > maxAlarms || n != len(w.alarms.byKey) {
				t.Errorf("%d alarms wait, %d by key", n, len(w.alarms.byKey))
			}
			if n := w.alarms.sets; n > 2*events { // each rings once at most
				t.Errorf("%d alarms were set", n)
			}
			if n := len(w.open); n > len(registered)*conns {
				t.Errorf("%d issues are open", n)
			}
			if a, b := len(w.facts.tracks), len(w.own); a > maxTracks || b > maxTracks {
				t.Errorf("%d tracks and %d of the user's own are remembered", a, b)
			}
			if n := len(Of[restarts](w, reconnect).at); n > restartsKept {
				t.Errorf("%d restarts are remembered", n)
			}
			if n := len(Of[deviceEnd](w, deviceEnded).ended); n > maxKinds {
				t.Errorf("%d kinds of device are remembered", n)
			}
			if n := len(issues); n > maxIssues {
				t.Errorf("%d issues were told", n)
			}
			w.End(date(events), "leave")
			if len(w.open) > 0 {
				t.Errorf("%d issues are open at the end", len(w.open))
			}
		})
	}
}

// An alarm takes the place of one under the same key, alarms ring in the order
// of their times and then of their setting, and beyond a number none are set.
func TestAlarms(t *testing.T) {
	w := New(func(*rtc.Issue) {})
	w.now = t0
	var rang []string
	set := func(of string, after time.Duration) {
		w.after(alarmKey{det: pageHidden, of: of}, t0.Add(after), func() { rang = append(rang, of) })
	}
	set("c", 3*time.Second)
	set("a", time.Second)
	set("b", time.Second)
	set("late", 2*time.Second)
	set("late", 5*time.Second)
	w.advance(t0.Add(4 * time.Second))
	if got := fmt.Sprint(rang); got != "[a b c]" {
		t.Errorf("rang %s", got)
	}
	w.advance(t0.Add(5 * time.Second))
	if got := fmt.Sprint(rang); got != "[a b c late]" {
		t.Errorf("rang %s", got)
	}
	rang = nil
	for n := range 100_000 {
		set(fmt.Sprint(n), time.Hour)
	}
	w.advance(t0.Add(2 * time.Hour))
	if len(rang) != maxAlarms || len(w.alarms.queue)+len(w.alarms.byKey) != 0 {
		t.Errorf("%d rang, %d wait", len(rang), len(w.alarms.queue))
	}
}
