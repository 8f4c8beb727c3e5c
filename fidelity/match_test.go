package fidelity

import (
	"fmt"
	"slices"
	"testing"

	"github.com/peerglass/peerglass/quality/match"
	"github.com/peerglass/peerglass/rtc"
	"github.com/peerglass/peerglass/session"
)

// rewrite changes the rows of a recording into what other clients and ways
// would have told.
type rewrite struct {
	name   string
	change func(*session.Collect)
	basis  []match.Basis // what may tell
	open   bool          // in a call of three nothing may tell
}

var rewrites = []rewrite{
	{name: "as recorded", basis: []match.Basis{match.SSRC, match.Track, match.MID, match.Mapping, match.Connection}},
	{name: "nobody told whose stream is whose", change: untold, basis: []match.Basis{match.SSRC, match.Track, match.MID, match.Connection}},
	{name: "and the connections are not known", change: func(c *session.Collect) { untold(c); unlinked(c) }, basis: []match.Basis{match.SSRC, match.Track}},
	{name: "and the numbers are others, the tracks the same", change: func(c *session.Collect) { untold(c); unlinked(c); renumbered(c) }, basis: []match.Basis{match.Track, match.OnlyOther, match.Unmatched}, open: true}, // whoever offers gives received tracks names of their own
	{name: "peer to peer, with nothing but mids", change: func(c *session.Collect) { untold(c); renumbered(c); untracked(c) }, basis: []match.Basis{match.MID, match.Connection}},
	{name: "through a server, as told", change: func(c *session.Collect) { unlinked(c); renumbered(c); untracked(c) }, basis: []match.Basis{match.Mapping}},
	{name: "through a server, untold", change: func(c *session.Collect) { untold(c); unlinked(c); renumbered(c); untracked(c) }, basis: []match.Basis{match.OnlyOther, match.Unmatched}, open: true},
}

func untold(c *session.Collect) {
	for i := range c.Streams {
		c.Streams[i].RemoteUser, c.Streams[i].RemoteBasis = "", ""
	}
	for i := range c.Connections {
		c.Connections[i].Peer = ""
	}
}

func unlinked(c *session.Collect) {
	for i := range c.Connections {
		r := &c.Connections[i]
		r.LocalUfrag, r.RemoteUfrag, r.Peer = fmt.Sprint("c", i), fmt.Sprint("s", i), ""
	}
}

func renumbered(c *session.Collect) {
	for i := range c.Streams {
		if c.Streams[i].Direction == rtc.Receive {
			c.Streams[i].SSRC = uint32(1000 + i)
		}
	}
}

func untracked(c *session.Collect) {
	for i := range c.Streams {
		c.Streams[i].Track = ""
	}
}

// In every recording each stream that brought something is its sender's, with
// whatever is left of what the ends tell; never anybody else's.
func TestEveryStreamHasItsSender(t *testing.T) {
	recordings, err := OpenAll("testdata")
	if err != nil {
		t.Fatal(err)
	}
	seen := make(map[match.Basis]int)
	for _, r := range recordings {
		recorded, err := r.Replay(1)
		if err != nil {
			t.Fatal(err)
		}
		for _, way := range rewrites {
			rows := recorded.Snapshot()
			user := make(map[rtc.SessionID]string)
			for _, s := range rows.Sessions {
				user[s.ID] = s.User
			}
			whose := senders(t, r, recorded, user)
			if way.change != nil {
				way.change(rows)
			}
			for _, m := range match.Find(rows.Sessions, rows.Connections, rows.Streams) {
				key := [2]uint64{uint64(m.Session), uint64(m.Stream)}
				want, known := whose[key]
				if !known {
					continue // it brought nothing
				}
				seen[m.Basis]++
				unmatched := way.open && len(r.Users) > 2 && m.Sender == 0
				if user[m.Sender] != want && !unmatched || !slices.Contains(way.basis, m.Basis) {
					t.Errorf("%s, %s: the %s that %s receives is %s's by %q, want %s's; %+v", r.Condition, way.name, m.Kind, user[m.Session], user[m.Sender], m.Basis, want, m.Tried)
				}
				if m.Basis == match.SSRC && len(m.Sent) != 1 {
					t.Errorf("%s, %s: %d streams with one SSRC", r.Condition, way.name, len(m.Sent))
				}
			}
		}
	}
	for _, b := range []match.Basis{match.SSRC, match.Track, match.MID, match.Mapping, match.OnlyOther} {
		if seen[b] == 0 {
			t.Errorf("no stream of any recording was matched by %s", b)
		}
	}
}

// senders are the users of the streams that brought something: each page sends
// under numbers of its own to each other one.
func senders(t *testing.T, r *Recording, rows *session.Collect, user map[rtc.SessionID]string) map[[2]uint64]string {
	t.Helper()
	sent := make(map[uint32]string)
	for _, s := range rows.Streams {
		if s.Direction == rtc.Send && s.SSRC != 0 {
			if was, twice := sent[s.SSRC]; twice && was != user[s.Session] {
				t.Fatalf("%s: two send SSRC %d", r.Condition, s.SSRC)
			}
			sent[s.SSRC] = user[s.Session]
		}
	}
	whose := make(map[[2]uint64]string)
	for _, s := range rows.Streams {
		if s.Direction != rtc.Receive || s.Packets <= 0 || s.Kind > rtc.KindScreen {
			continue
		}
		of := sent[s.SSRC]
		if of == "" || s.RemoteUser != "" && s.RemoteUser != of {
			t.Fatalf("%s: stream %d of %s is of %q by its number, of %q as told", r.Condition, s.ID, user[s.Session], of, s.RemoteUser)
		}
		whose[[2]uint64{uint64(s.Session), uint64(s.ID)}] = of
	}
	return whose
}
