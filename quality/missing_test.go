package quality

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/peerglass/peerglass/rtc"
)

// fate is what became of a packet time of 20 ms.
type fate uint8

const (
	came  fate = iota
	late       // came 100 ms later
	gone       // sent, and never came
	taken      // gone, and so was everything else on the path
	held       // counted as sent, but held by a busy machine until others come
	none       // not sent
	cut        // not sent while the path was cut
	muted      // not sent, as was told
)

// run is so many packet times of one fate.
type run struct {
	of    fate
	times int
}

// received plays a stream through libwebrtc's counters (StreamStatisticianImpl)
// and the estimate, polled every second.
type received struct {
	kind      rtc.MediaKind
	threshold int     // the jump that is a new beginning
	reports   float64 // s between the sender's reports; 0 for none
	slow      int     // which of them, from 1, is 100 ms longer under way than others; 0 for none
	poll      float64 // s
}

// figures returns what the intervals add up to, and what they said of loss.
func (x received) figures(runs []run) (missing, expected float64, losses []float64) {
	r, remote, transport := NewReport(rtc.TypeInboundRTP), NewReport(rtc.TypeRemoteOutboundRTP), NewReport(rtc.TypeTransport)
	w := Window{Kind: x.kind, Dir: rtc.Receive, RTP: &r, Remote: &remote, Transport: &transport, Memory: new(Memory), Relay: nan, SentMeanwhile: nan, AudioBehind: nan}
	values := make([]float32, len(Catalogue()))
	var times []fate
	for _, v := range runs {
		for range v.times {
			times = append(times, v.of)
		}
	}
	var packets, lost, bytes, sent, last, off, reported float64
	highest, odd := -1, -10
	arrive := func(seq int, now float64) {
		packets, last = packets+1, now
		lost--
		switch jump := seq - highest; {
		case highest < 0:
			lost, highest = 0, seq
		case jump > x.threshold || -jump > x.threshold:
			if seq == odd+1 { // the second in a row: a new beginning
				lost, highest = lost+2, seq
			} else {
				odd = seq // the next one tells
			}
		case jump > 0:
			lost, highest = lost+float64(jump), seq
		}
	}
	reporting := 0
	seq, back := 0, 0 // the latter: the first that is held
	waiting := map[int]int{}
	next := x.poll
	for i, f := range times {
		now := 1e12 + 1000*packetTime*float64(i)
		if s, ok := waiting[i]; ok {
			arrive(s, now)
		}
		if f <= held {
			switch f {
			case came:
				for ; back < seq; back++ {
					arrive(back, now)
				}
				arrive(seq, now)
			case late:
				waiting[i+5] = seq
			}
			seq++
			sent++
			if f != held {
				back = seq
			}
		}
		if f != taken && f != cut {
			bytes += 100
		}
		if f == muted {
			off += packetTime
		}
		at := packetTime * float64(i)
		if x.reports > 0 && at-reported >= x.reports && f != taken && f != cut {
			remote.Time, reported, w.RemoteFresh = now+1, at, true
			if reporting++; reporting == x.slow {
				remote.Time += 100
			}
			remote.Set(rtc.StatPacketsSent, sent)
			remote.Set(rtc.StatRemoteTimestamp, now)
		}
		if at+1e-9 < next {
			continue
		}
		next += x.poll
		r.Shift()
		transport.Shift()
		r.Time, transport.Time = now+5, now+5
		r.Set(rtc.StatPacketsReceived, packets)
		r.Set(rtc.StatPacketsLost, lost)
		r.Set(rtc.StatLastPacketReceivedTimestamp, last)
		transport.Set(rtc.StatBytesReceived, bytes)
		w.Off = off
		Derive(&w, values)
		off, w.RemoteFresh = 0, false
		remote.Shift()
		if m, e := values[PacketsMissing.Index()], values[PacketsExpected.Index()]; !rtc.IsNull(m) {
			missing += float64(m)
			expected += float64(e)
		}
		losses = append(losses, float64(values[Loss.Index()]))
	}
	return missing, expected, losses
}

func TestMissing(t *testing.T) {
	const second = 50
	audio := received{kind: rtc.KindAudio, threshold: 50, reports: 5, poll: 1}
	alone := audio
	alone.reports = 0
	slow := received{kind: rtc.KindAudio, threshold: 50, reports: 4, poll: 5}
	busy := slow
	busy.reports = 2.98 // so that one comes just before a poll
	delayed := audio
	delayed.reports, delayed.slow = 4.7, 3
	video := received{kind: rtc.KindVideo, threshold: 450, poll: 1}
	for _, c := range []struct {
		name string
		of   received
		then []run
		want float64
	}{
		{"nothing is lost", audio, nil, 0},
		{"short gaps are counted by the browser", audio, []run{{gone, 10}, {came, 30}, {gone, 40}}, 50},
		{"a second over a path that works: the report tells", audio, []run{{gone, 60}}, 60},
		{"without a report it is not known", alone, []run{{gone, 60}}, 0},
		{"three seconds without anything", alone, []run{{taken, 3*second + 7}}, 3*second + 7},
		{"nine seconds without anything, with reports", audio, []run{{taken, 9 * second}}, 9 * second},
		{"between polls of five seconds, of which one is in it", slow, []run{{taken, 3 * second}}, 3 * second},
		{"a second between such polls", slow, []run{{taken, 60}}, 60},
		{"a sender that paused between such polls", slow, []run{{none, 3 * second}}, 0},
		{"the sender stopped meanwhile: the report tells", audio, []run{{taken, 7 * second}, {cut, 2 * second}}, 7 * second},
		{"a sender that paused", audio, []run{{none, 4 * second}}, 0},
		{"a sender that paused over a silent path", audio, []run{{cut, 4 * second}}, 0},
		{"muted, as was told", alone, []run{{muted, 6 * second}}, 0},
		{"a busy sender that pauses, and whose report overtakes its packets", busy, []run{{none, second}, {came, second / 2}, {held, 2 * second}}, 0},
		{"an outage estimated, and a report that was long under way", delayed, []run{{taken, 3*second + 7}}, 3*second + 7},
		{"late packets are taken back", audio, []run{{late, 1}, {came, 48}, {late, 1}, {came, 49}, {late, 3}}, 0},
		{"video is counted by the browser", video, []run{{taken, 4 * second}}, 4 * second},
		{"one that ends in an outage", alone, []run{{taken, 4 * second}, {taken, 12 * second}, {taken, 60 * second}}, 0},
	} {
		runs := append(append([]run{{came, 12*second + 13}}, c.then...), run{came, 12 * second})
		missing, expected, _ := c.of.figures(runs)
		if math.Abs(missing-c.want) > 3 {
			t.Errorf("%s: %.1f packets missing, want %.0f", c.name, missing, c.want)
		}
		if expected < missing {
			t.Errorf("%s: %.1f of %.1f packets missing", c.name, missing, expected)
		}
	}
}

// A sender that is starved sends less than usual: where a report says how many,
// those that an interval lacks may be of the time after it.
func TestStarvedSenderLosesNothing(t *testing.T) {
	runs := []run{{came, 633}}
	for range 500 {
		runs = append(runs, run{came, 1}, run{none, 2})
	}
	for _, reports := range []float64{2.3, 3.1, 4.4, 5.6} {
		slow := received{kind: rtc.KindAudio, threshold: 50, reports: reports, poll: 5}
		if missing, _, losses := slow.figures(append(runs, run{came, 600})); missing > 1 || slices.Max(losses[1:]) > 0.001 {
			t.Errorf("reports every %g s: %.1f packets missing, losses of %v", reports, missing, losses)
		}
	}
}

// Before a usual rate is known an outage is told by the sender's reports alone.
func TestMissingBeforeARateIsKnown(t *testing.T) {
	const second = 50
	slow := received{kind: rtc.KindAudio, threshold: 50, reports: 3.7, poll: 5}
	for _, c := range []struct {
		name string
		then []run
		want float64
	}{
		{"an outage of nine seconds", []run{{taken, 9 * second}}, 9 * second},
		{"one of three", []run{{taken, 3 * second}}, 3 * second},
		{"a sender that paused", []run{{none, 9 * second}}, 0},
		{"a sender that paused over a silent path", []run{{cut, 9 * second}}, 0},
	} {
		missing, expected, _ := slow.figures(append(append([]run{{came, 5*second + 11}}, c.then...), run{came, 20 * second}))
		if math.Abs(missing-c.want) > 4 {
			t.Errorf("%s: %.1f packets missing, want %.0f", c.name, missing, c.want)
		}
		if expected < missing {
			t.Errorf("%s: %.1f of %.1f packets missing", c.name, missing, expected)
		}
	}
}

func TestLossIsAShare(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := received{
			kind:      rapid.SampledFrom([]rtc.MediaKind{rtc.KindAudio, rtc.KindVideo}).Draw(t, "kind"),
			threshold: rapid.SampledFrom([]int{50, 450}).Draw(t, "threshold"),
			reports:   float64(rapid.IntRange(0, 6).Draw(t, "reports")),
			poll:      rapid.SampledFrom([]float64{0.2, 1, 2, 5}).Draw(t, "poll"),
		}
		runs := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) run {
			return run{rapid.SampledFrom([]fate{came, came, came, late, gone, taken, none, cut, muted}).Draw(t, "fate"), rapid.IntRange(1, 300).Draw(t, "times")}
		}), 1, 20).Draw(t, "runs")
		missing, expected, losses := x.figures(runs)
		for _, v := range losses {
			if v < 0 || v > 1 {
				t.Fatalf("a loss of %v", v)
			}
		}
		if math.IsNaN(missing) || math.IsInf(missing, 0) || math.IsNaN(expected) || math.IsInf(expected, 0) {
			t.Fatalf("%v of %v packets missing", missing, expected)
		}
	})
}
