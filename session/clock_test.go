package session

import (
	"fmt"
	"testing"
	"time"

	"github.com/peerglass/peerglass/rtc"
)

const year = 365 * 24 * int64(time.Hour/time.Millisecond)

func TestClockOfAClientThatIsAYearOff(t *testing.T) {
	for _, skew := range []int64{-year, 0, year} {
		p := newScript(t, nil)
		p.skew = skew
		p.join("r", "u")
		p.must(p.poll("I inbound-rtp kind=audio ssrc=1 packetsReceived=1"))
		p.after(time.Second)
		p.must(p.tell(rtc.KindEvent, "", "hello", ""))
		p.must(p.poll("I packetsReceived=2"))
		if got := p.event("hello").Time.UnixMilli(); got != p.now {
			t.Errorf("skew %d: event %d ms off", skew, got-p.now)
		}
		if got := p.out.Samples[0].Time.UnixMilli(); got != p.now {
			t.Errorf("skew %d: sample %d ms off", skew, got-p.now)
		}
		p.s.End(p.now, "leave")
		if got := p.out.Sessions[0].ClockOffset; got != -skew {
			t.Errorf("clock offset %d, want %d", got, -skew)
		}
	}
}

// What waited in the client before the connection stood is dated before it
// arrived; the least delayed record tells the offset.
func TestClockLearnsFromTheLeastDelayed(t *testing.T) {
	var c clock
	for _, r := range []struct{ client, received int64 }{
		{1_000, 9_000}, {2_000, 9_001}, {8_500, 9_002}, {8_990, 9_050}, {9_500, 9_520},
	} {
		if c.observe(r.client, r.received) {
			t.Errorf("a jump was seen at %d", r.client)
		}
	}
	if c.offset != 20 {
		t.Errorf("offset %d, want 20", c.offset)
	}
	if got := c.server(1_000, 9_000); got != 1_020 {
		t.Errorf("server time %d, want 1020", got)
	}
}

// Before its connection stands a client gathers what happens; then it comes in
// one burst, and only its end tells how late its beginning is.
func TestABurstAtTheBeginningKeepsItsTimes(t *testing.T) {
	p := newScript(t, func(o *Options) { o.Protocol = "jitsi" })
	const skew = -7_000_000 // the client's clock is two hours behind
	tell := func(ago int64, kind rtc.Kind, conn, name, payload string) {
		t.Helper()
		p.must(p.s.Record(&rtc.Record{Kind: kind, Time: p.now - ago + skew, Received: p.now, Conn: []byte(conn), Name: []byte(name), Payload: []byte(payload)}))
	}
	tell(4000, rtc.KindOpen, "", "", `{"room":"r","user":"first"}`)
	tell(3000, rtc.KindCall, "PC_0", rtc.NameCreate, `{}`)
	tell(2500, rtc.KindOpen, "", "", `{"user":"second"}`)
	tell(1000, rtc.KindState, "PC_0", rtc.NameConnState, `"connected"`)
	if p.s.Call() == 0 || len(p.out.Events) != 0 {
		t.Errorf("call %v, %d events within the burst", p.s.Call(), len(p.out.Events))
	}
	p.after(100 * time.Millisecond)
	tell(50, rtc.KindEvent, "", "hello", ``)
	p.after(500 * time.Millisecond)
	tell(70, rtc.KindEvent, "", "late", ``)
	if len(p.out.Events) != 6 {
		t.Fatalf("%d events after the burst, want 6", len(p.out.Events))
	}
	for i, want := range []int64{-4000, -3000, -2500, -1000, 50, 530} {
		// 50 ms is the least delay that was seen: no more can be known.
		if got := p.out.Events[i].Time.UnixMilli() - t0 - 50; got != want && got != want-50 {
			t.Errorf("event %s at %d ms, want %d", p.out.Events[i].Name, got, want)
		}
	}
	c := p.out.Connections[0]
	if d := c.Connected.Sub(c.Start); d != 2*time.Second {
		t.Errorf("connected after %v, want 2s", d)
	}
	if s := p.s.Row(); s.User != "second" || s.ClockOffset != 50-skew {
		t.Errorf("session %+v", s)
	}
}

func TestClockJumps(t *testing.T) {
	settled := func() *clock {
		c := &clock{}
		for i := range int64(40) {
			c.observe(t0+i*1000, t0+i*1000+50)
		}
		return c
	}
	const now = t0 + 40_000
	t.Run("put forward", func(t *testing.T) {
		c := settled()
		if !c.observe(now+60_000, now) || c.offset != -60_000 {
			t.Errorf("offset %d, want -60000", c.offset)
		}
	})
	t.Run("put back", func(t *testing.T) {
		c := settled()
		if !c.observe(now-60_000, now) || c.offset != 60_000 {
			t.Errorf("offset %d, want 60000", c.offset)
		}
	})
	t.Run("put back while silent", func(t *testing.T) {
		c := settled()
		jumped := false
		for i := range int64(30) {
			jumped = c.observe(now+i*1000, now+20_000+i*1000) || jumped
		}
		if !jumped || c.offset != 20_000 {
			t.Errorf("offset %d after a clock stayed 20 s behind", c.offset)
		}
	})
	t.Run("buffer sent after a reconnect", func(t *testing.T) {
		c := settled()
		for i := range int64(30) { // 30 s of records within 300 ms, then live
			if c.observe(now+i*1000, now+30_000+i*10) {
				t.Fatal("taken for a jump")
			}
		}
		for i := range int64(30) {
			if c.observe(now+31_000+i*1000, now+31_050+i*1000) {
				t.Fatal("taken for a jump")
			}
		}
		if c.offset != 50 {
			t.Errorf("offset %d, want 50", c.offset)
		}
	})
	t.Run("slow network", func(t *testing.T) {
		c := settled()
		for i := range int64(30) {
			if c.observe(now+i*1000, now+3_000+i*1000) {
				t.Fatal("taken for a jump")
			}
		}
	})
	t.Run("one absurd time", func(t *testing.T) {
		c := settled()
		c.observe(5, now)
		c.observe(now+1000, now+1050)
		if c.offset != 50 {
			t.Errorf("offset %d, want 50 again", c.offset)
		}
	})
	t.Run("never told", func(t *testing.T) {
		c := &clock{}
		if c.observe(0, now) || c.known || c.server(0, now) != now {
			t.Error("a record without a time said something")
		}
	})
}

func TestClockJumpIsAnEvent(t *testing.T) {
	p := newScript(t, nil)
	p.join("r", "u")
	for range 40 {
		p.after(time.Second)
		p.must(p.tell(rtc.KindEvent, "", "x", ""))
	}
	p.skew = 3_600_000
	p.must(p.tell(rtc.KindEvent, "", "y", ""))
	e := p.event("clock")
	if e.Value != `{"was":0,"offset":-3600000}` || e.Severity != rtc.Warning {
		t.Errorf("event %+v", e)
	}
	if got := p.event("y").Time.UnixMilli(); got != p.now {
		t.Errorf("the event after the jump is %d ms off", got-p.now)
	}
}

// Statistics have a clock of their own, which stands still while the machine
// sleeps: the record's time says when, theirs says how long.
func TestStatisticsClockApartFromTheClients(t *testing.T) {
	p := newScript(t, nil)
	p.join("r", "u")
	r := p.record("I inbound-rtp kind=audio ssrc=1 packetsReceived=1")
	r.Stats.Time = 5_000
	p.must(p.s.Record(r))
	p.after(1010 * time.Millisecond)
	r = p.record("I packetsReceived=101")
	r.Stats.Time = 6_000
	p.must(p.s.Record(r))
	s := p.out.Samples[0]
	if s.Time.UnixMilli() != p.now || s.Interval != time.Second {
		t.Errorf("sample at %d over %v, want %d over 1s", s.Time.UnixMilli(), s.Interval, p.now)
	}
}

func TestImportKeepsItsTimes(t *testing.T) {
	p := newScript(t, func(o *Options) { o.Start, o.Import = 0, true })
	p.now = t0 - 3*year
	p.must(p.tell(rtc.KindCall, "PC_0", rtc.NameCreate, `{}`))
	p.after(5 * time.Second) // longer than a live session waits for its room
	p.must(p.tell(rtc.KindOpen, "", "", `{"room":"standup"}`))
	p.after(time.Second)
	p.must(p.poll("I inbound-rtp kind=audio ssrc=1 packetsReceived=1"))
	if p.s.Tick(t0) {
		t.Error("an import ended by silence")
	}
	p.s.End(p.now, "import")
	p.rooms.Flush()
	s, c := p.out.Sessions[0], p.out.Calls[0]
	if s.Room != "standup" || s.Start.UnixMilli() != t0-3*year || s.End.UnixMilli() != p.now || s.ClockOffset != 0 {
		t.Errorf("session %+v", s)
	}
	if c.Start != s.Start || c.End != s.End || c.Users != 1 {
		t.Errorf("call %+v", c)
	}
}

// A client that gathers records says when it sent them: their distances
// survive, though the whole batch is received in one instant.
func TestRecordsOfOneBatchKeepTheirDistances(t *testing.T) {
	var rows Collect
	s := New(Options{App: 1, ID: 1, Start: t0, Rooms: NewRooms(&rows, func() uint64 { return 1 }), Sink: &rows})
	feed := func(name string, at, sent, received int64) {
		t.Helper()
		if err := s.Record(&rtc.Record{Kind: rtc.KindState, Name: []byte(name), Time: at, Sent: sent, Received: received}); err != nil {
			t.Fatal(err)
		}
	}
	feed("hello", t0, t0, t0+400) // a slow first connection
	for i := range int64(10) {
		feed("state", t0+1000+i*100, t0+1900, t0+1910)
	}
	s.End(t0+3000, "leave")
	var times []int64
	for _, e := range rows.Events {
		if e.Name == "state" {
			times = append(times, e.Time.UnixMilli())
		}
	}
	if len(times) != 10 {
		t.Fatalf("%d events, want 10", len(times))
	}
	for i, at := range times {
		if want := t0 + 1010 + int64(i)*100; at != want {
			t.Errorf("event %d at %d, want %d", i, at-t0, want-t0)
		}
	}
}

// A client's first buffer arrives late and is cut off; what it still has comes
// in one burst, sooner after it was made than the first part. Each poll keeps a
// row of its own: the store knows a sample by stream and time.
func TestCutOffBuffer(t *testing.T) {
	p := newScript(t, nil)
	p.skew = -4000 // everything is told four seconds late
	p.join("r", "u")
	poll := func(n int) { p.must(p.poll(fmt.Sprintf("IN inbound-rtp kind=audio ssrc=1 packetsReceived=%d", n))) }
	poll(0)
	p.settle()
	arrival := p.now + 3000
	const polls = 20
	for i := range polls {
		p.now = arrival
		p.skew = -3000 + int64(i)*100 - 500
		poll(i + 1)
	}
	seen := map[int64]bool{}
	for _, s := range p.out.Samples {
		if seen[s.Time.UnixMilli()] {
			t.Errorf("two samples at %s", s.Time)
		}
		seen[s.Time.UnixMilli()] = true
	}
	if len(seen) != polls {
		t.Errorf("%d samples, want %d", len(seen), polls)
	}
}
