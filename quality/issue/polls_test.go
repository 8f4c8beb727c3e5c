package issue

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/peerglass/peerglass/quality"
	"github.com/peerglass/peerglass/rtc"
)

// figures are metrics of one stream over an interval; what is not there is
// null. Counts and times are those of one second.
type figures map[*quality.Metric]float64

// healthy is a call between two in which nothing is wrong, by stream.
var healthy = map[string]figures{
	"audio sent": {
		quality.Packets: 50, quality.PacketRate: 50, quality.Bitrate: 32_000, quality.AudioLevel: 0.1, quality.CapturedTime: 1000,
		quality.Loss: 0, quality.PacketsLost: 0, quality.Jitter: 3, quality.Rtt: 40,
	},
	"video sent": {
		quality.Packets: 100, quality.PacketRate: 100, quality.Bitrate: 900_000, quality.TargetBitrate: 1_000_000, quality.FpsCaptured: 30, quality.FpsEncoded: 30,
		quality.Width: 1280, quality.Height: 720, quality.FrameTime: 5, quality.Qp: 20, quality.LimitedCPU: 0, quality.LimitedBandwidth: 0,
		quality.Loss: 0, quality.PacketsLost: 0, quality.Jitter: 5, quality.Rtt: 40, quality.SendDelay: 3,
	},
	"audio received": {
		quality.Packets: 50, quality.PacketRate: 50, quality.Bitrate: 32_000, quality.AudioStutterTime: 0, quality.AudioTime: 1000,
		quality.Loss: 0, quality.PacketsLost: 0, quality.Jitter: 3, quality.JitterBufferDelay: 50, quality.Delay: 100, quality.SynthesizedTime: 0,
	},
	"video received": {
		quality.Packets: 100, quality.PacketRate: 100, quality.Bitrate: 900_000, quality.VideoStutterTime: 0, quality.VideoTime: 1000,
		quality.FpsReceived: 30, quality.FpsDecoded: 30, quality.FrameTime: 3, quality.FramesDropped: 0, quality.Width: 1280, quality.Height: 720,
		quality.Loss: 0, quality.PacketsLost: 0, quality.Jitter: 5, quality.JitterBufferDelay: 40, quality.Delay: 120, quality.Nack: 0, quality.AVOffset: 10,
	},
	"path":   {quality.Bitrate: 950_000, quality.BitrateSent: 950_000, quality.AvailableOutgoing: 2_500_000, quality.Rtt: 40, quality.ICEResponses: 1},
	"client": {quality.CPUSystem: 0.3, quality.CPUApp: 0.2, quality.LoopLag: 5},
}

var streamNames = []string{"audio sent", "video sent", "audio received", "video received", "path", "client"}

// polls is a session whose polls a test tells.
type polls struct {
	watch  *Watch
	issues map[rtc.IssueID]rtc.Issue
	now    time.Time
	every  time.Duration
	rows   map[string]*rtc.Stream
}

func newPolls(t testing.TB, every time.Duration, options ...Option) *polls {
	p := &polls{issues: make(map[rtc.IssueID]rtc.Issue), now: t0, every: every, rows: make(map[string]*rtc.Stream)}
	p.watch = New(func(i *rtc.Issue) {
		c := *i
		c.Evidence = slices.Clone(i.Evidence)
		if was := p.issues[i.ID]; was.ID != 0 && (was.Version >= i.Version || was.Severity > i.Severity || !was.Start.Equal(i.Start)) {
			t.Errorf("an issue went from %+v to %+v", was, c)
		}
		p.issues[i.ID] = c
	}, options...)
	p.watch.Session(&rtc.Session{App: 1, Call: 2, ID: 3, Start: t0, Protocol: "native"})
	p.watch.TellConnection(&rtc.Connection{ID: 1, Start: t0, Connected: t0.Add(time.Millisecond), State: "connected"})
	for i, name := range streamNames {
		p.add(name, rtc.Stream{ID: rtc.StreamID(i + 1), Connection: 1, Track: name})
	}
	return p
}

// add tells a stream that is not there yet.
func (p *polls) add(name string, row rtc.Stream) {
	row.Start = p.now
	switch {
	case strings.HasPrefix(name, "audio"):
		row.Kind = rtc.KindAudio
	case strings.HasPrefix(name, "video"):
		row.Kind = rtc.KindVideo
	case strings.HasPrefix(name, "screen"):
		row.Kind = rtc.KindScreen
	case name == "path":
		row.Kind = rtc.KindTransport
	default:
		row.Kind = rtc.KindClient
	}
	if strings.Contains(name, "sent") {
		row.Direction = rtc.Send
	} else if strings.Contains(name, "received") {
		row.Direction = rtc.Receive
	}
	p.rows[name] = &row
	p.watch.TellStream(&row)
}

// event tells an event.
func (p *polls) event(name, value string) {
	p.watch.Event(&rtc.Event{Time: p.now, Name: name, Value: value, Connection: 1})
}

// poll tells the samples of an interval: those of a healthy call, changed.
func (p *polls) poll(change func(name string, f figures)) {
	p.now = p.now.Add(p.every)
	for _, name := range slices.Sorted(func(yield func(string) bool) {
		for name := range p.rows {
			if !yield(name) {
				return
			}
		}
	}) {
		if name != "path" && name != "client" {
			p.sample(name, change)
		}
	}
	p.sample("path", change)
	p.sample("client", change)
}

func (p *polls) sample(name string, change func(string, figures)) {
	row := p.rows[name]
	kind := strings.Replace(strings.Join(strings.Fields(name)[:min(2, len(strings.Fields(name)))], " "), "screen", "video", 1)
	f := make(figures)
	for m, v := range healthy[kind] {
		f[m] = v
	}
	if change != nil {
		change(name, f)
	}
	smp := rtc.Sample{Stream: row.ID, Kind: row.Kind, Direction: row.Direction, Time: p.now, Interval: p.every, Values: make([]float32, len(quality.Catalogue()))}
	for _, m := range quality.Catalogue() {
		smp.Values[m.Index()] = rtc.Null
		if v, there := f[m]; there {
			if m.Agg == quality.Sum { // what a second holds, for the interval
				v *= p.every.Seconds()
			}
			smp.Values[m.Index()] = float32(v)
		}
	}
	p.watch.Sample(&smp)
}

// found lists the issues in order.
func (p *polls) found() []rtc.Issue {
	var all []rtc.Issue
	for id := rtc.IssueID(1); int(id) <= len(p.issues); id++ {
		all = append(all, p.issues[id])
	}
	return all
}

func describe(i *rtc.Issue) string {
	return fmt.Sprintf("%s %s %s %s from %v to %v", i.Type, i.Severity, i.Cause, i.Source, i.Start.Sub(t0).Seconds(), i.End.Sub(t0).Seconds())
}

// fault is what is done to the healthy call from one second to another.
type fault struct {
	name     string
	on       string // the stream
	set      figures
	path     figures // so, of the path
	and      map[string]figures
	seconds  int    // of the fault; 0: 15
	want     string // type, severity, cause, source; "" if nothing may be said
	also     string // types that may be said beside it
	every    []int  // seconds between polls; nil: 1, 2 and 5
	before   func(*polls)
	within   time.Duration // of the truth, beyond an interval
	expected bool          // any severity up to that of want
}

// The fault begins after half a minute and the call goes on for as long after it.
const faultAt = 30

func (c *fault) run(t *testing.T, every time.Duration) {
	t.Helper()
	p := newPolls(t, every)
	long := c.seconds
	if long == 0 {
		long = 15
	}
	from, to := t0.Add(faultAt*time.Second), t0.Add(time.Duration(faultAt+long)*time.Second)
	told := false
	for p.now.Before(to.Add(30 * time.Second)) {
		if !told && !p.now.Before(from) {
			told = true
			if c.before != nil {
				c.before(p)
			}
		}
		wrong := !p.now.Before(from) && p.now.Before(to)
		p.poll(func(name string, f figures) {
			if !wrong {
				return
			}
			if name == c.on {
				merge(f, c.set)
			}
			if name == "path" {
				merge(f, c.path)
			}
			merge(f, c.and[name])
		})
	}
	p.watch.End(p.now, "leave")
	var all []string
	met := false
	for _, i := range p.found() {
		all = append(all, describe(&i))
		switch {
		case c.want != "" && strings.HasPrefix(describe(&i), c.want+" from"):
			met = true
			slack := every + c.within
			if d := i.Start.Sub(from); d > slack || d < -slack {
				t.Errorf("polled every %v: begins %v after the fault: %s", every, d, describe(&i))
			}
			if d := i.End.Sub(to); d > slack || d < -slack {
				t.Errorf("polled every %v: ends %v after the fault: %s", every, d, describe(&i))
			}
		case slices.Contains(strings.Fields(c.also), i.Type), c.want != "" && strings.HasPrefix(c.want, i.Type+" "):
		default:
			t.Errorf("polled every %v: nothing was to be said, but %s", every, describe(&i))
		}
	}
	if c.want != "" && !met {
		t.Errorf("polled every %v: want %s, have %q", every, c.want, all)
	}
}

func merge(f, set figures) {
	for m, v := range set {
		if v != v {
			delete(f, m)
		} else {
			f[m] = v
		}
	}
}

func runFaults(t *testing.T, faults []fault) {
	for i := range faults {
		c := &faults[i]
		t.Run(c.name, func(t *testing.T) {
			every := c.every
			if every == nil {
				every = []int{1, 2, 5}
			}
			for _, s := range every {
				c.run(t, time.Duration(s)*time.Second)
			}
		})
	}
}

// A call in which nothing is wrong has no issue, however often it is polled.
func TestNothingIsSaidOfAHealthyCall(t *testing.T) {
	runFaults(t, []fault{{name: "healthy", every: []int{1, 2, 3, 5, 10, 30}}})
}

// What was not measured is neither good nor bad.
func TestNothingIsSaidOfNulls(t *testing.T) {
	p := newPolls(t, time.Second)
	for range 60 {
		p.poll(func(_ string, f figures) { clear(f) })
	}
	p.watch.End(p.now, "leave")
	for _, i := range p.found() {
		t.Errorf("found %s", describe(&i))
	}
}
