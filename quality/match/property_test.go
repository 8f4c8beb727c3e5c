package match

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/peerglass/peerglass/rtc"
)

// calls draws rows of a call in which everything collides: few numbers, tracks,
// names and fragments, people who come back and people with two tabs.
func calls(links bool) *rapid.Generator[*scene] {
	return rapid.Custom(func(t *rapid.T) *scene {
		s := &scene{}
		pick := func(what string, from ...string) string { return rapid.SampledFrom(from).Draw(t, what) }
		second := func(what string, from, to int) int { return rapid.IntRange(from, to).Draw(t, what) }
		for i := range rapid.IntRange(1, 7).Draw(t, "stays") {
			from := second("join", 0, 60)
			r := rtc.Session{ID: rtc.SessionID(i + 1), User: pick("user", "ada", "ben", "cleo", ""), UserName: pick("name", "", "", "Alex", "ben"), ClientSession: pick("id", "", "x", "cleo"),
				Start: at(from), End: at(second("leave", from, 120))}
			if rapid.Bool().Draw(t, "there") {
				r.End = at(1000)
			}
			s.sessions = append(s.sessions, r)
			if !links {
				continue
			}
			for c := range rapid.IntRange(0, 2).Draw(t, "connections") {
				s.connections = append(s.connections, rtc.Connection{Session: r.ID, ID: rtc.ConnectionID(c + 1), Start: r.Start, End: r.End,
					LocalUfrag: pick("local", "", "a", "b", "c"), RemoteUfrag: pick("remote", "", "a", "b", "c"), Peer: pick("peer", "", "", "ada", "ben", "Alex")})
			}
		}
		for i := range rapid.IntRange(0, 14).Draw(t, "streams") {
			of := rapid.SampledFrom(s.sessions).Draw(t, "of")
			last := min(int(of.End.Sub(noon).Seconds()), 120)
			from := second("from", int(of.Start.Sub(noon).Seconds()), last)
			r := rtc.Stream{Session: of.ID, ID: rtc.StreamID(i + 1), Direction: rapid.SampledFrom([]rtc.Direction{rtc.Send, rtc.Receive}).Draw(t, "direction"),
				Kind:       rapid.SampledFrom([]rtc.MediaKind{rtc.KindUnknown, rtc.KindAudio, rtc.KindVideo, rtc.KindScreen, rtc.KindTransport}).Draw(t, "kind"),
				Connection: rtc.ConnectionID(second("connection", 0, 2)), SSRC: uint32(second("ssrc", 0, 3)), MID: pick("mid", "", "0", "1"), Track: pick("track", "", "t", "u"),
				Start: at(from), End: at(second("to", from, last)), Packets: int64(second("packets", -1, 2))}
			if r.Direction == rtc.Receive {
				r.RemoteUser = pick("told", "", "", "ada", "ben", "Alex", "x", "stranger")
				r.RemoteBasis = pick("by", "", rtc.BasisMapping, rtc.BasisConnection)
			}
			s.streams = append(s.streams, r)
		}
		return s
	})
}

func (s *scene) find() []Match { return Find(s.sessions, s.connections, s.streams) }

func (s *scene) person(id rtc.SessionID) string {
	r := s.sessions[slices.IndexFunc(s.sessions, func(r rtc.Session) bool { return r.ID == id })]
	switch {
	case r.User != "":
		return r.User
	case r.UserName != "":
		return r.UserName
	}
	return fmt.Sprint("anonymous ", id)
}

func (s *scene) stream(of rtc.SessionID, id rtc.StreamID) *rtc.Stream {
	return &s.streams[slices.IndexFunc(s.streams, func(r rtc.Stream) bool { return r.Session == of && r.ID == id })]
}

func (s *scene) stay(id rtc.SessionID) span {
	r := s.sessions[slices.IndexFunc(s.sessions, func(r rtc.Session) bool { return r.ID == id })]
	return spanTo(r.Start, r.End)
}

// Every received stream has its line; a sender is somebody else who was there,
// and what is said to be the same is the same.
func TestMatchIsOfAnotherPersonAtTheTime(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := calls(true).Draw(t, "call")
		all := s.find()
		received := 0
		for _, r := range s.streams {
			if r.Direction == rtc.Receive && media(r.Kind) {
				received++
			}
		}
		if len(all) != received {
			t.Fatalf("%d matches of %d received streams", len(all), received)
		}
		for _, m := range all {
			r := s.stream(m.Session, m.Stream)
			if (m.Sender != 0) && m.Basis == Unmatched || m.Sender == 0 && len(m.Sent) > 0 || m.Sender == 0 && len(m.Tried) == 0 || m.Sender != 0 && m.Tried != nil {
				t.Fatalf("%+v", m)
			}
			if m.Sender == 0 {
				continue
			}
			if s.person(m.Sender) == s.person(m.Session) {
				t.Fatalf("%+v is sent by the receiver", m)
			}
			if shared(s.stay(m.Sender), spanOf(r)) < -slack {
				t.Fatalf("%+v is sent by who was not there", m)
			}
			for _, o := range m.Sent {
				switch {
				case o.Session != m.Sender || o.Direction != rtc.Send || !alike(o.Kind, m.Kind),
					m.Basis == SSRC && o.SSRC != r.SSRC, m.Basis == Track && o.Track != r.Track, m.Basis == MID && o.MID != r.MID:
					t.Fatalf("%+v has %+v", m, o)
				}
			}
		}
	})
}

// The order in which rows come changes nothing.
func TestOrderOfRowsDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := calls(true).Draw(t, "call")
		words := func(all []Match) string {
			text := ""
			for _, m := range all {
				sent := make([]rtc.StreamID, 0, len(m.Sent))
				for _, o := range m.Sent {
					sent = append(sent, o.ID)
				}
				m.Sent = nil
				text += fmt.Sprintf("%+v %v\n", m, sent)
			}
			return text
		}
		before := words(s.find())
		s.sessions = rapid.Permutation(s.sessions).Draw(t, "sessions")
		s.connections = rapid.Permutation(s.connections).Draw(t, "connections")
		s.streams = rapid.Permutation(s.streams).Draw(t, "streams")
		if after := words(s.find()); after != before {
			t.Fatalf("in another order\n%s\nbefore\n%s", after, before)
		}
	})
}

// Where numbers alone tell, what two receive of one number at one time is from
// one sender.
func TestOneSenderOfAnSSRCAtATime(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := calls(false).Draw(t, "call")
		type told struct {
			Match
			ssrc uint32
			at   span // when it was both sent and received
		}
		var all []told
		for _, m := range s.find() {
			if m.Basis != SSRC {
				continue
			}
			r := s.stream(m.Session, m.Stream)
			sent := span{open, 0}
			for i := range s.streams {
				if o := &s.streams[i]; o.Session == m.Sender && o.Direction == rtc.Send && media(o.Kind) && o.SSRC == r.SSRC && alike(o.Kind, r.Kind) {
					sent = span{min(sent.from, spanOf(o).from), max(sent.to, spanOf(o).to)}
				}
			}
			got := spanOf(r)
			all = append(all, told{m, r.SSRC, span{max(sent.from, got.from), min(sent.to, got.to)}})
		}
		for i, a := range all {
			for _, b := range all[:i] {
				if a.ssrc == b.ssrc && alike(a.Kind, b.Kind) && a.Sender != b.Sender && shared(a.at, b.at) > slack {
					t.Fatalf("SSRC %d is of %d and of %d at one time", a.ssrc, a.Sender, b.Sender)
				}
			}
		}
	})
}

// What is known of more of the same call takes no sender's place: one more
// stream of somebody who sends under a number of its own changes no match by
// SSRC.
func TestMoreSendersDoNotMoveAnSSRC(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := calls(false).Draw(t, "call")
		before := s.find()
		s.sessions = append(s.sessions, rtc.Session{ID: 99, User: "dora", Start: at(0), End: at(1000)})
		s.streams = append(s.streams, rtc.Stream{Session: 99, ID: 99, Direction: rtc.Send, Kind: rtc.KindVideo, SSRC: 99, Start: at(0), End: at(1000)})
		after := s.find()
		for i, m := range before {
			if (m.Basis == SSRC || m.Basis == Track) && (after[i].Sender != m.Sender || after[i].Basis != m.Basis) {
				t.Fatalf("%+v became %+v", m, after[i])
			}
		}
	})
}
