package session

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/peerglass/peerglass/quality"
	"github.com/peerglass/peerglass/rtc"
)

// step is one thing that a client tells, drawn at random.
type step struct {
	after   int64 // ms since the one before
	delay   int64 // ms on the way
	event   string
	payload string
	poll    string
}

// drawSteps draws a client's stay: streams that come, go, reset and stand
// still, events between them, a clock that may be set.
func drawSteps(t *rapid.T) []step {
	counters := map[string]int{}
	var steps []step
	for range rapid.IntRange(1, 40).Draw(t, "steps") {
		s := step{after: rapid.SampledFrom([]int64{0, 1, 100, 1000, 1013, 10_000, 70_000, -90_000}).Draw(t, "after"), delay: rapid.Int64Range(0, 300).Draw(t, "delay")}
		if rapid.IntRange(0, 4).Draw(t, "kind") == 0 {
			s.event = rapid.SampledFrom([]string{"x", rtc.NameConnState, rtc.NameSetVideoType, rtc.NameMapStream, rtc.NameHold, rtc.NameCreate}).Draw(t, "event")
			s.payload = rapid.SampledFrom([]string{``, `"connected"`, `{"ssrc":1,"videoType":"desktop","user":"bob"}`, `{"user":"bob","on":true}`, `{`}).Draw(t, "payload")
			steps = append(steps, s)
			continue
		}
		var b strings.Builder
		if rapid.Bool().Draw(t, "missing-removed") {
			b.WriteString("missing-removed\n")
		}
		for i, id := range []string{"A", "B", "C"} {
			switch rapid.IntRange(0, 9).Draw(t, "report") {
			case 0: // not named
				continue
			case 1:
				fmt.Fprintf(&b, "%s gone\n", id)
				continue
			case 2: // began anew
				counters[id] = 0
			case 3: // stands still
			default:
				counters[id] += rapid.IntRange(0, 500).Draw(t, "packets")
			}
			n := counters[id]
			fmt.Fprintf(&b, "%s inbound-rtp kind=video ssrc=%d packetsReceived=%d bytesReceived=%d packetsLost=%d framesDecoded=%d\n", id, i+1, n, n*100, n/50, n/5)
		}
		s.poll = b.String()
		steps = append(steps, s)
	}
	return steps
}

// play tells the steps to a new session and returns all it wrote.
func play(t testing.TB, steps []step, given Assignment, told func(Assignment)) *every {
	return playTicking(t, steps, given, told, false)
}

// playTicking is play with a timer that runs after each step.
func playTicking(t testing.TB, steps []step, given Assignment, told func(Assignment), ticks bool) *every {
	out := &every{}
	rooms := NewRooms(out, counter())
	p := &script{t: t, out: &Collect{}, rooms: rooms, now: t0}
	p.s = New(Options{App: 7, ID: 1, Protocol: "native", Start: t0, Rooms: rooms, Sink: out, Assignment: given, Assigned: told})
	for _, s := range steps {
		p.now += s.after
		var r *rtc.Record
		if s.event != "" {
			r = &rtc.Record{Kind: rtc.KindState, Time: p.now, Conn: []byte("PC_0"), Name: []byte(s.event), Payload: []byte(s.payload)}
		} else {
			r = p.record(s.poll)
		}
		r.Received = p.now + s.delay
		if err := p.s.Record(r); err != nil {
			t.Fatal(err)
		}
		if ticks {
			p.s.Tick(r.Received + 1)
		}
	}
	p.s.End(p.now+1000, "leave")
	rooms.Flush()
	return out
}

// every is a Sink that keeps each row that was written, as text.
type every struct {
	rows    []string
	collect Collect
}

func (e *every) add(row any) {
	text, err := json.Marshal(row)
	if err != nil {
		panic(err)
	}
	e.rows = append(e.rows, fmt.Sprintf("%T %s", row, text))
}

func (e *every) Call(r *rtc.Call)             { e.add(r); e.collect.Call(r) }
func (e *every) Session(r *rtc.Session)       { e.add(r); e.collect.Session(r) }
func (e *every) Connection(r *rtc.Connection) { e.add(r); e.collect.Connection(r) }
func (e *every) Stream(r *rtc.Stream)         { e.add(r); e.collect.Stream(r) }
func (e *every) Event(r *rtc.Event)           { e.add(r); e.collect.Event(r) }
func (e *every) Issue(r *rtc.Issue)           { e.add(r); e.collect.Issue(r) }
func (e *every) Outcome(r *rtc.Outcome) {
	e.rows = append(e.rows, fmt.Sprint(*r))
	e.collect.Outcome(r)
}
func (e *every) Verdict(r *rtc.Verdict) {
	e.rows = append(e.rows, fmt.Sprint(*r))
	e.collect.Verdict(r)
}
func (e *every) Features(r []rtc.Feature) {
	e.rows = append(e.rows, fmt.Sprint(r))
	e.collect.Features(r)
}
func (e *every) Sample(r *rtc.Sample) {
	s := *r
	s.Values = nil
	e.add(&s)
	e.rows = append(e.rows, fmt.Sprint(r.Values)) // NaN is no JSON
	e.collect.Sample(r)
}

// A replay of the spool gives the same rows, so that writing them twice changes nothing.
func TestReplayIsIdentical(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		steps := drawSteps(r)
		var given Assignment
		first := play(t, steps, Assignment{}, func(a Assignment) { given = a })
		again := play(t, steps, given, nil)
		if !reflect.DeepEqual(first.rows, again.rows) {
			for i := range first.rows {
				if i >= len(again.rows) || first.rows[i] != again.rows[i] {
					r.Fatalf("row %d of %d/%d\nfirst %s\nagain %s", i, len(first.rows), len(again.rows), first.rows[i], again.rows[min(i, len(again.rows)-1)])
				}
			}
			r.Fatalf("%d rows at first, %d again", len(first.rows), len(again.rows))
		}
	})
}

// Timers decide when rows are written and when a session gets its call; they
// change nothing of what is derived. A replay, in which they do not run, gives
// the same, once it is told the call.
func TestTimersChangeNothing(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		steps := drawSteps(r)
		var given Assignment
		live := &playTicking(t, steps, Assignment{}, func(a Assignment) { given = a }, true).collect
		again := &play(t, steps, given, nil).collect
		for i := range live.Streams { // row versions differ
			live.Streams[i].Version = 0
		}
		for i := range again.Streams {
			again.Streams[i].Version = 0
		}
		same := func(what string, a, b any) {
			if x, y := fmt.Sprintf("%+v", a), fmt.Sprintf("%+v", b); x != y {
				r.Fatalf("%s live\n%s\nagain\n%s", what, x, y)
			}
		}
		same("samples", live.Samples, again.Samples)
		same("events", live.Events, again.Events)
		same("streams", live.Streams, again.Streams)
		found := func(c *Collect) string { // with the figures that evidence points to
			text, err := json.Marshal(c.Issues)
			if err != nil {
				r.Fatal(err)
			}
			return string(text)
		}
		same("issues", found(live), found(again))
		for _, o := range []*Collect{live, again} {
			for i := range o.Outcomes {
				o.Outcomes[i].Version = 0
			}
		}
		same("outcomes", live.Outcomes, again.Outcomes)
		a, b := live.Sessions[0], again.Sessions[0]
		a.Version, b.Version = 0, 0
		same("session", a, b)
	})
}

// Versions rise, ids are not reused, and no value is infinite or negative
// where it cannot be.
func TestRowsAreSound(t *testing.T) {
	mayFall := quality.PacketsLost.Index()
	rapid.Check(t, func(r *rapid.T) {
		out := play(t, drawSteps(r), Assignment{}, nil)
		for _, s := range out.collect.Samples {
			for i, v := range s.Values {
				if math.IsInf(float64(v), 0) || v < 0 && i != mayFall {
					r.Fatalf("%s = %v", quality.Catalogue()[i].ID, v)
				}
			}
			if s.Interval < minInterval*1e6 || s.Kind == rtc.KindUnknown {
				r.Fatalf("sample %+v", s)
			}
		}
		for i, e := range out.collect.Events {
			if e.Index != uint32(i+1) {
				r.Fatalf("event %d has index %d", i, e.Index)
			}
		}
		if n := len(out.collect.Sessions); n != 1 {
			r.Fatalf("%d sessions", n)
		}
	})
}

// The deltas of all samples add up to what the counter rose by, and the total
// of the stream is the sum over its resets.
func TestDeltasAddUpToTheCounter(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		out := &Collect{}
		p := newScript(t, func(o *Options) { o.Sink = out })
		p.join("r", "u")
		first := rapid.IntRange(0, 1000).Draw(r, "first")
		now, total, counted := first, first, 0
		p.must(p.poll(fmt.Sprintf("A inbound-rtp kind=audio ssrc=1 packetsReceived=%d packetsLost=0", now)))
		for range rapid.IntRange(1, 50).Draw(r, "polls") {
			p.now += rapid.Int64Range(minInterval, 20_000).Draw(r, "passes")
			step := rapid.IntRange(0, 3000).Draw(r, "packets")
			if rapid.IntRange(0, 9).Draw(r, "reset") == 0 && step < now {
				now = step
				total += step
			} else {
				now += step
				total += step
				counted += step
			}
			p.must(p.poll(fmt.Sprintf("A packetsReceived=%d", now)))
		}
		p.s.End(p.now, "leave")
		sum := 0
		for _, s := range out.Samples {
			if v := s.Values[quality.Packets.Index()]; !rtc.IsNull(v) {
				sum += int(v)
			}
		}
		if sum != counted {
			r.Fatalf("samples add up to %d packets, the counter rose by %d", sum, counted)
		}
		if got := out.Streams[0].Packets; got != int64(total) {
			r.Fatalf("the stream's total is %d packets, want %d", got, total)
		}
	})
}
