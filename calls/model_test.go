package calls

import (
	"math"
	"testing"

	"github.com/peerglass/peerglass/rtc"
)

// told is one report of a poll.
type toldReport struct {
	user string
	at   ms
	id   string
	t    rtc.StatsType
	of   map[rtc.Member]rtc.Value
}

func (r *toldReport) num(m rtc.Member) float64 {
	if v, found := r.of[m]; found {
		return v.Num
	}
	return nan
}

// reportsOf plays a case and returns all that its clients told, in order.
func reportsOf(t *testing.T, src string) (all []toldReport) {
	t.Helper()
	cases, err := Parse("model.call", []byte("case c\n"+src+"\nexpect nothing\n"))
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(cases[0])
	w.trace()
	w.run()
	for _, r := range w.inOrder() {
		if r.Stats == nil {
			continue
		}
		for i := range r.Stats.Reports {
			p := &r.Stats.Reports[i]
			one := toldReport{r.p.user.name, r.at, string(p.ID), p.Type, make(map[rtc.Member]rtc.Value)}
			for _, v := range r.Stats.Of(p) {
				if _, twice := one.of[v.Member]; twice {
					t.Fatalf("%s at %s tells %s twice", one.id, r.at, v.Member)
				}
				one.of[v.Member] = v
			}
			all = append(all, one)
		}
	}
	return all
}

// damaged is a call in which everything happens that the model knows.
const damaged = `call alice bob carol for 60s through sfu
alice.video has layers q h f
alice uplink loses 5% from 10s to 20s
bob downlink loses 8% from 15s to 30s
bob downlink carries nothing from 35s to 38s
carol downlink carries 400kbps from 20s to 30s
alice uplink carries 500kbps from 40s to 50s
alice.video at carol freezes for 2s at 12s
alice.audio at carol stutters for 700ms at 12s
bob.video is limited by cpu from 20s to 30s
carol mutes audio from 10s to 20s
carol leaves at 55s`

// Counters only rise, and those of one report and of both ends fit each other.
func TestCountersFit(t *testing.T) {
	for name, src := range map[string]string{
		"between two": "call alice bob for 30s\nalice network loses 5% from 10s to 20s", "through a server": damaged,
	} {
		t.Run(name, func(t *testing.T) {
			last := make(map[string]*toldReport)
			all := reportsOf(t, src)
			if len(all) < 500 {
				t.Fatalf("only %d reports", len(all))
			}
			for i := range all {
				r := &all[i]
				key := r.user + r.id
				for m, v := range r.of {
					if v.Form == rtc.FormNumber && (math.IsNaN(v.Num) || math.IsInf(v.Num, 0)) {
						t.Fatalf("%s %s at %s: %s is %v", r.user, r.id, r.at, m, v.Num)
					}
					if before := last[key]; before != nil && m.Info().Form == rtc.Counter && v.Num < before.num(m)-1e-9 {
						t.Fatalf("%s %s at %s: %s fell from %v to %v", r.user, r.id, r.at, m, before.num(m), v.Num)
					}
				}
				last[key] = r
				if r.t == rtc.TypeInboundRTP {
					fits(t, r)
				}
			}
			ends(t, last)
		})
	}
}

// fits compares the counters of one received stream.
func fits(t *testing.T, r *toldReport) {
	t.Helper()
	ordered := func(members ...rtc.Member) {
		for i := 1; i < len(members); i++ {
			if a, b := r.num(members[i-1]), r.num(members[i]); a > b+1e-6 {
				t.Fatalf("%s %s at %s: %s %v is more than %s %v", r.user, r.id, r.at, members[i-1], a, members[i], b)
			}
		}
	}
	ordered(rtc.StatKeyFramesDecoded, rtc.StatFramesDecoded, rtc.StatFramesReceived)
	ordered(rtc.StatTotalFreezesDuration, rtc.StatTotalInterFrameDelay)
	ordered(rtc.StatTotalPausesDuration, rtc.StatTotalInterFrameDelay)
	ordered(rtc.StatSilentConcealedSamples, rtc.StatConcealedSamples, rtc.StatTotalSamplesReceived)
	if n, sum, squares := r.num(rtc.StatFramesDecoded)-1, r.num(rtc.StatTotalInterFrameDelay), r.num(rtc.StatTotalSquaredInterFrameDelay); n > 0 && squares < sum*sum/n-1e-6 {
		t.Fatalf("%s %s at %s: %v frames in %v s cannot have squares of %v", r.user, r.id, r.at, n, sum, squares)
	}
	if samples, duration := r.num(rtc.StatTotalSamplesReceived), r.num(rtc.StatTotalSamplesDuration); samples == samples && math.Abs(samples/48000-duration) > 0.02 {
		t.Fatalf("%s %s at %s: %v samples in %v s", r.user, r.id, r.at, samples, duration)
	}
}

// ends compares what one end sent with what another received, at the end.
func ends(t *testing.T, last map[string]*toldReport) {
	t.Helper()
	sent := make(map[float64]*toldReport)
	for _, r := range last {
		if r.t == rtc.TypeOutboundRTP {
			sent[r.num(rtc.StatSsrc)] = r
		}
	}
	compared := 0
	for _, r := range last {
		s := sent[r.num(rtc.StatSsrc)]
		if r.t != rtc.TypeInboundRTP || s == nil {
			continue
		}
		compared++
		if len(s.of[rtc.StatRid].Text) > 0 {
			continue // of layers, a receiver gets now this, now that
		}
		got := r.num(rtc.StatPacketsReceived) - once(r.num(rtc.StatRetransmittedPacketsReceived)) + r.num(rtc.StatPacketsLost)
		if was := s.num(rtc.StatPacketsSent) - once(s.num(rtc.StatRetransmittedPacketsSent)); got > was {
			t.Errorf("%s received and lost %v packets of %v that %s sent", r.user, got, was, s.user)
		}
		if got, was := r.num(rtc.StatFramesReceived), s.num(rtc.StatFramesSent); got > was {
			t.Errorf("%s received %v frames of %v that %s sent", r.user, got, was, s.user)
		}
	}
	if compared == 0 {
		t.Error("no stream was seen at both ends")
	}
}

// once is a number of packets that came again, 0 of a kind that is not repaired.
func once(n float64) float64 {
	if n == n {
		return n
	}
	return 0
}

// The same case gives the same rows.
func TestPlaysTheSameAgain(t *testing.T) {
	cases, err := Parse("model.call", []byte("case c\n"+damaged+"\nexpect nothing\n"))
	if err != nil {
		t.Fatal(err)
	}
	var said [2]string
	for i := range said {
		res, err := cases[0].Run()
		if err != nil {
			t.Fatal(err)
		}
		said[i] = res.String()
	}
	if said[0] != said[1] {
		t.Errorf("%s\nand then\n%s", said[0], said[1])
	}
}

// A browser tells no member that it does not have.
func TestBrowsersLackMembers(t *testing.T) {
	for _, b := range browsers {
		all := reportsOf(t, "call alice bob for 5s\nalice uses "+b.name)
		seen := 0
		for i := range all {
			r := &all[i]
			if r.user != "alice" {
				continue
			}
			seen++
			for m := range r.of {
				if !b.tells(r.t, m) {
					t.Fatalf("%s tells %s in %s", b.name, m, r.t)
				}
			}
			for _, no := range b.noReports {
				if r.t == no {
					t.Fatalf("%s tells a report %s", b.name, no)
				}
			}
		}
		if seen == 0 {
			t.Errorf("%s tells nothing", b.name)
		}
	}
}

func BenchmarkRun(b *testing.B) {
	cases, err := Parse("model.call", []byte("case c\ncall alice bob for 60s\nexpect nothing\n"))
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := cases[0].Run(); err != nil {
			b.Fatal(err)
		}
	}
}
