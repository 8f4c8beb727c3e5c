package session

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/peerglass/peerglass/rtc"
)

func stayAt(room string, id rtc.SessionID, user string, at int64) Stay {
	return Stay{App: 1, Room: room, Session: id, User: user, At: at}
}

func TestCallOutlivesItsLastLeaveBy30Seconds(t *testing.T) {
	out := &Collect{}
	m := NewRooms(out, counter())
	a := stayAt("standup", 1, "alice", t0)
	a.Call = m.Join(a)
	leave := a
	leave.At = t0 + 60_000
	m.Leave(leave)
	m.Tick(t0 + 90_000)
	back := stayAt("standup", 2, "alice", t0+90_000)
	if back.Call = m.Join(back); back.Call != a.Call {
		t.Error("who comes back after 30 s is in another call")
	}
	b := stayAt("standup", 3, "bob", t0+91_000)
	b.Call = m.Join(b)
	b.At = t0 + 100_000
	m.Leave(b)
	back.At = t0 + 110_000
	m.Leave(back)
	m.Tick(t0 + 140_000)
	if calls, _ := m.Open(); calls != 1 {
		t.Error("the call ended within its 30 s")
	}
	m.Tick(t0 + 140_001)
	c := out.Calls[0]
	if calls, stays := m.Open(); calls != 0 || stays != 0 || len(out.Calls) != 1 {
		t.Fatalf("%d calls open, %d stays, %d rows", calls, stays, len(out.Calls))
	}
	if c.Start.UnixMilli() != t0 || c.End.UnixMilli() != t0+110_000 || c.Users != 2 || c.Sessions != 3 || c.Peak != 2 {
		t.Errorf("call %+v", c)
	}
	if next := m.Join(stayAt("standup", 4, "alice", t0+200_000)); next == a.Call {
		t.Error("a later stay is in the call that ended")
	}
}

func TestCallsApart(t *testing.T) {
	m := NewRooms(&Collect{}, counter())
	a := m.Join(stayAt("r", 1, "u", t0))
	other := stayAt("r", 2, "u", t0)
	other.App = 2
	if m.Join(other) == a {
		t.Error("two apps share a call")
	}
	if m.Join(stayAt("", 3, "u", t0)) == m.Join(stayAt("", 4, "u", t0)) {
		t.Error("two stays without a room share a call")
	}
	if m.Join(stayAt("r", 5, "u", t0-year)) == a {
		t.Error("an import from a year before is in the call of today")
	}
}

func TestUsersOfACall(t *testing.T) {
	out := &Collect{}
	m := NewRooms(out, counter())
	for i, user := range []string{"a", "a", "", "", "b"} {
		m.Join(stayAt("r", rtc.SessionID(i+1), user, t0))
	}
	if n := out.Calls[0].Users; n != 4 { // a, b and two nobodies
		t.Errorf("%d users, want 4", n)
	}
	known := stayAt("r", 3, "b", t0+1)
	known.Call, known.RoomName = out.Calls[0].ID, "The room"
	m.Identify(known)
	if c := out.Calls[0]; c.Users != 3 || c.Sessions != 5 || c.RoomName != "The room" {
		t.Errorf("call %+v, want 3 users", c)
	}
	m.Join(stayAt("r", 1, "a", t0+2))
	if n := out.Calls[0].Sessions; n != 5 {
		t.Errorf("%d sessions after a repeated join, want 5", n)
	}
}

func TestRestoredCall(t *testing.T) {
	stored := rtc.Call{App: 1, ID: rtc.CallID(rtc.NewID(t0, 5)), Room: "r", RoomName: "Room", Start: milli(t0), Users: 3, Sessions: 4, Peak: 2, Version: uint64(t0 + 50_000)}
	t.Run("rejoined", func(t *testing.T) {
		out := &Collect{}
		m := NewRooms(out, counter())
		m.Restore(stored, milli(t0+60_000), rtc.Session{ID: 1, User: "a"}, rtc.Session{ID: 2, User: "b"}, rtc.Session{ID: 3, User: "c"}, rtc.Session{ID: 4, User: "c"})
		again := stayAt("r", 1, "a", t0)
		again.Call = stored.ID
		if m.Join(again) != stored.ID || m.Join(stayAt("r", 9, "d", t0+70_000)) != stored.ID {
			t.Fatal("not in the restored call")
		}
		if c := out.Calls[0]; c.Users != 4 || c.Sessions != 5 || c.Peak != 2 || c.Version <= stored.Version || c.RoomName != "Room" {
			t.Errorf("call %+v", c)
		}
	})
	t.Run("nobody comes back", func(t *testing.T) {
		out := &Collect{}
		m := NewRooms(out, counter())
		m.Restore(stored, milli(t0+60_000))
		m.Tick(t0 + 500_000)
		if c := out.Calls[0]; c.End.UnixMilli() != t0+60_000 || c.Users != 3 || c.Version <= stored.Version {
			t.Errorf("call %+v", c)
		}
	})
	t.Run("replayed after its end", func(t *testing.T) {
		out := &Collect{}
		m := NewRooms(out, counter())
		m.Restore(stored, milli(t0+60_000))
		m.Restore(stored, milli(t0+70_000))
		m.Tick(t0 + 500_000)
		late := stayAt("r", 1, "a", t0)
		late.Call = stored.ID
		m.Join(late)
		if c := out.Calls[0]; !c.End.IsZero() || c.Users != 3 || c.RoomName != "Room" {
			t.Errorf("call %+v", c)
		}
		late.At = t0 + 65_000
		m.Leave(late)
		m.Tick(t0 + 600_000)
		if c := out.Calls[0]; c.End.UnixMilli() != t0+65_000 || c.Users != 3 || c.Sessions != 4 {
			t.Errorf("call %+v", c)
		}
		m.Tick(t0 + 600_000 + 2*replayWithin)
		if len(m.ended) != 0 {
			t.Error("kept for ever")
		}
	})
	t.Run("unknown to the store", func(t *testing.T) {
		out := &Collect{}
		m := NewRooms(out, counter())
		s := stayAt("r", 1, "a", t0)
		s.Call = stored.ID
		if m.Join(s) != stored.ID || m.Join(stayAt("r", 2, "b", t0+1)) != stored.ID {
			t.Error("a replayed call is not open in its room")
		}
	})
}

// Whatever comes and goes: a call is open while anyone is in it, rows rise in
// version, and figures add up.
func TestRoomsProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		out := &Collect{}
		m := NewRooms(out, counter())
		now := t0
		present := map[rtc.SessionID]Stay{}
		versions := map[rtc.CallID]uint64{}
		joined := 0
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			now += rapid.Int64Range(0, 40_000).Draw(t, "passes")
			switch rapid.IntRange(0, 3).Draw(t, "step") {
			case 0, 1:
				joined++
				s := stayAt(rapid.SampledFrom([]string{"", "a", "b"}).Draw(t, "room"), rtc.SessionID(joined), rapid.SampledFrom([]string{"", "u", "v"}).Draw(t, "user"), now)
				s.Call = m.Join(s)
				for _, o := range present {
					if s.Room != "" && o.Room == s.Room && o.Call != s.Call {
						t.Fatalf("two calls in room %q at one time", s.Room)
					}
				}
				present[s.Session] = s
			case 2:
				for id, s := range present {
					s.At = now
					m.Leave(s)
					delete(present, id)
					break
				}
			case 3:
				m.Tick(now)
			}
			if _, n := m.Open(); n != len(present) {
				t.Fatalf("%d stays, want %d", n, len(present))
			}
			for _, c := range out.Calls {
				if c.Version < versions[c.ID] {
					t.Fatalf("version of %s fell", c.ID)
				}
				versions[c.ID] = c.Version
			}
		}
		for _, s := range present {
			s.At = now
			m.Leave(s)
		}
		m.Tick(now + Silence.Milliseconds() + 1)
		sessions := 0
		for _, c := range out.Calls {
			sessions += c.Sessions
			if c.End.IsZero() || c.End.Before(c.Start) || c.Peak > c.Sessions || c.Users > c.Sessions {
				t.Fatalf("call %+v", c)
			}
		}
		if n, _ := m.Open(); n != 0 || sessions != joined {
			t.Fatalf("%d calls open at the end; %d sessions in rows, %d joined", n, sessions, joined)
		}
	})
}

func TestAssignment(t *testing.T) {
	t.Run("room before the first record", func(t *testing.T) {
		var told []Assignment
		p := newScript(t, func(o *Options) { o.Assigned = func(a Assignment) { told = append(told, a) } })
		p.must(p.tell(rtc.KindOpen, "", "", `{"room":"standup","user":"alice"}`))
		if p.s.Call() != 0 || len(p.out.Events) != 0 {
			t.Error("assigned by the open record alone")
		}
		p.must(p.tell(rtc.KindOpen, "", "", `{"room":"daily"}`)) // it may be corrected
		p.must(p.tell(rtc.KindEvent, "", "hello", ""))
		if len(told) != 1 || told[0].Room != "daily" || told[0].Call != p.s.Call() || p.s.Call() == 0 {
			t.Errorf("told %+v", told)
		}
		p.settle()
		if len(p.out.Events) != 3 || p.out.Events[0].Call != p.s.Call() || p.out.Events[0].Index != 1 {
			t.Errorf("events %+v", p.out.Events)
		}
	})
	t.Run("first statistics", func(t *testing.T) {
		p := newScript(t, nil)
		p.must(p.tell(rtc.KindCall, "PC_0", rtc.NameCreate, `{}`))
		if p.s.Call() != 0 {
			t.Error("assigned without a room")
		}
		p.must(p.poll("I inbound-rtp kind=audio ssrc=1 packetsReceived=1"))
		if p.s.Call() == 0 || p.out.Sessions[0].Room != "" {
			t.Errorf("session %+v", p.out.Sessions)
		}
	})
	t.Run("legacy constraints", func(t *testing.T) {
		p := newScript(t, nil)
		p.must(p.tell(rtc.KindCall, "PC_0", rtc.NameConstraints, `{"optional":[{"rtcStatsClientId":"me"},{"rtcStatsPeerId":"you"},{"rtcStatsConferenceId":"conf"}]}`))
		p.must(p.poll("I inbound-rtp kind=audio ssrc=1 packetsReceived=1"))
		if s := p.out.Sessions[0]; s.Room != "conf" || s.User != "me" {
			t.Errorf("session %+v", s)
		}
		if st := p.out.Streams[0]; st.RemoteUser != "you" || st.RemoteBasis != rtc.BasisConnection {
			t.Errorf("remote user %q by %q", st.RemoteUser, st.RemoteBasis)
		}
		// What the application says of a stream is surer, and is kept as such.
		p.must(p.tell(rtc.KindEvent, "", rtc.NameMapStream, `{"ssrc":1,"user":"her"}`))
		p.after(time.Second)
		p.must(p.poll("I packetsReceived=2"))
		p.s.End(p.now, "leave")
		if st := p.out.Streams[0]; st.RemoteUser != "her" || st.RemoteBasis != rtc.BasisMapping {
			t.Errorf("then remote user %q by %q", st.RemoteUser, st.RemoteBasis)
		}
	})
	t.Run("after a second", func(t *testing.T) {
		p := newScript(t, nil)
		p.must(p.tell(rtc.KindEvent, "", "hello", ""))
		p.s.Tick(t0 + 999)
		if p.s.Call() != 0 {
			t.Error("assigned too soon")
		}
		p.s.Tick(t0 + 1000)
		if p.s.Call() == 0 || len(p.out.Events) != 1 {
			t.Error("not assigned after a second")
		}
		// Told later, the room no longer moves the session.
		p.after(2 * time.Second)
		p.must(p.tell(rtc.KindOpen, "", "", `{"room":"late"}`))
		if p.s.Row().Room != "" {
			t.Error("the session moved")
		}
	})
	t.Run("too much to hold", func(t *testing.T) {
		p := newScript(t, nil)
		for range heldRecords + 1 {
			p.must(p.tell(rtc.KindEvent, "", "x", "1"))
		}
		if len(p.out.Events) != heldRecords+1 {
			t.Errorf("%d events written, %d told", len(p.out.Events), heldRecords+1)
		}
	})
}

func TestSilenceEndsASession(t *testing.T) {
	for _, c := range []struct {
		protocol string
		after    int64
	}{{"native", 30_000}, {"rtcstats", 30_000}, {"jitsi", 60_000}} {
		p := newScript(t, func(o *Options) { o.Protocol = c.protocol })
		p.join("r", "u")
		p.after(5 * time.Second)
		p.must(p.poll("I inbound-rtp kind=audio ssrc=1 packetsReceived=1"))
		p.s.Seen(p.now + 1000)
		last := p.now + 1000
		if p.s.Tick(last + c.after - 1) {
			t.Errorf("%s: ended too soon", c.protocol)
		}
		if !p.s.Tick(last+c.after) || !p.s.Ended() {
			t.Errorf("%s: did not end", c.protocol)
		}
		if s := p.out.Sessions[0]; s.End.UnixMilli() != last || s.EndReason != "timeout" {
			t.Errorf("%s: ended at %d (%s), want %d", c.protocol, s.End.UnixMilli(), s.EndReason, last)
		}
		if err := p.tell(rtc.KindEvent, "", "x", ""); err != ErrEnded {
			t.Errorf("record after the end: %v", err)
		}
		p.rooms.Tick(last + c.after)
		p.rooms.Tick(last + 60_001)
		if call := p.out.Calls[0]; call.End.UnixMilli() != last {
			t.Errorf("%s: call %+v", c.protocol, call)
		}
	}
}

func TestGoodbye(t *testing.T) {
	p := newScript(t, nil)
	p.join("r", "u")
	p.must(p.poll("I inbound-rtp kind=audio ssrc=1 packetsReceived=1"))
	p.after(time.Second)
	p.must(p.tell(rtc.KindClose, "", "", ""))
	s, c := p.out.Sessions[0], p.out.Connections[0]
	if !p.s.Ended() || s.EndReason != "leave" || s.End.UnixMilli() != p.now || c.End != s.End || s.Records != 4 {
		t.Errorf("session %+v, connection %+v", s, c)
	}
	was := s.Version
	p.s.SetDump("7/dump", p.now+5000)
	if s := p.out.Sessions[0]; s.Dump != "7/dump" || s.Version <= was {
		t.Errorf("session %+v", s)
	}
}

// On a slow network the first that a client says arrives seconds after its
// connection is there. It says the room, and that is where the client is.
func TestRoomIsToldLate(t *testing.T) {
	for _, first := range []string{"at once", "by itself"} {
		p := newScript(t, nil)
		p.must(p.s.Record(&rtc.Record{Kind: rtc.KindOpen, Received: t0, Name: []byte(rtc.NameConnectionInfo), Payload: []byte(`{"userAgent":"x"}`)}))
		p.now += 3_000
		p.s.Tick(p.now)
		if first == "by itself" {
			p.must(p.tell(rtc.KindEvent, "", "hello", `{}`))
			p.now += 900
			p.s.Tick(p.now)
		}
		p.join("standup", "ann")
		p.s.End(p.now, "leave")
		if row := p.out.Snapshot().Sessions[0]; row.Room != "standup" || row.User != "ann" {
			t.Errorf("%s: %q is in the room %q", first, row.User, row.Room)
		}
	}
}
