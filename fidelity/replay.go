package fidelity

import (
	"fmt"
	"math/rand/v2"
	"os"

	"github.com/peerglass/peerglass/dump"
	"github.com/peerglass/peerglass/rtc"
	"github.com/peerglass/peerglass/session"
)

// Replay derives the call again from its dumps, through the same decoder,
// sessions and watchers as the server, and with the same passing of time. It
// keeps every nth poll of each connection: with 5 a recording polled each
// second stands for one polled each five, since statistics are cumulative.
func (r *Recording) Replay(nth int) (*session.Collect, error) { return r.replay(nth, false) }

// ReplayPlain is Replay without what the pages measured themselves: the call
// of pages that name no video elements and look for no gaps.
func (r *Recording) ReplayPlain(nth int) (*session.Collect, error) { return r.replay(nth, true) }

func (r *Recording) replay(nth int, bare bool) (*session.Collect, error) {
	rows := &session.Collect{}
	rooms := session.NewRooms(rows, rand.New(rand.NewPCG(1, 2)).Uint64)
	for _, user := range r.Users {
		if err := replay(r.Dumps[user], nth, bare, rooms, rows); err != nil {
			return nil, fmt.Errorf("replay %s of %s: %w", user, r.Condition, err)
		}
	}
	return rows, nil
}

func replay(path string, nth int, bare bool, rooms session.Rooms, rows *session.Collect) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	src, err := dump.Open(f)
	if err != nil {
		return err
	}
	head := src.Header()
	s := session.New(session.Options{
		App: 1, ID: head.Session, Protocol: head.Protocol, Start: head.Start, Address: head.Address,
		Rooms: rooms, Sink: rows, Assignment: session.Assignment{Call: head.Call, Room: head.Room},
	})
	at := &passing{to: s, now: head.Start}
	var sink rtc.Sink = at
	if nth > 1 {
		sink = &thin{to: at, nth: nth, conns: make(map[string]*polls)}
	}
	if bare {
		sink = plain{sink}
	}
	if err := src.Replay(sink); err != nil {
		return err
	}
	for !s.Ended() { // without a goodbye it ends by its silence
		at.tick()
	}
	return nil
}

// passing lets time pass for a session between its records, as the server
// does.
type passing struct {
	to  *session.Session
	now int64
}

func (p *passing) tick() {
	p.now += 1000
	p.to.Tick(p.now)
}

// Record lets time pass until the record was received, and passes it on.
func (p *passing) Record(r *rtc.Record) error {
	for p.now+1000 <= r.Received {
		p.tick()
	}
	if p.to.Ended() {
		return nil
	}
	return p.to.Record(r)
}

// plain leaves out what pages measure themselves.
type plain struct{ to rtc.Sink }

// Record passes on all but those members.
func (p plain) Record(r *rtc.Record) error {
	if r.Kind == rtc.KindStats && r.Stats != nil {
		for i := range r.Stats.Values {
			switch v := &r.Stats.Values[i]; v.Member {
			case rtc.StatPeerglassVideoStutterDuration, rtc.StatPeerglassAudioStutterDuration, rtc.StatPeerglassFramesShown:
				v.Form = rtc.FormNull
			}
		}
	}
	return p.to.Record(r)
}

// thin drops polls: of each connection it passes every nth on, with what
// those between would have changed.
type thin struct {
	to    rtc.Sink
	nth   int
	conns map[string]*polls
}

// polls are those of one connection since one was passed on.
type polls struct {
	n       int
	reports []*patch
	byID    map[string]*patch
}

// patch is what polls said of one report.
type patch struct {
	rtc.ReportPatch
	values []rtc.Value
}

// Record passes on what is no poll at once.
func (t *thin) Record(r *rtc.Record) error {
	if r.Kind != rtc.KindStats || r.Stats == nil {
		return t.to.Record(r)
	}
	p := t.conns[string(r.Conn)]
	if p == nil {
		p = &polls{byID: make(map[string]*patch)}
		t.conns[string(r.Conn)] = p
	}
	p.add(r.Stats)
	p.n++
	if (p.n-1)%t.nth != 0 {
		return nil
	}
	whole := *r
	whole.Stats = p.take(r.Stats)
	return t.to.Record(&whole)
}

func (p *polls) add(s *rtc.Stats) {
	for i := range s.Reports {
		told := &s.Reports[i]
		known := p.byID[string(told.ID)]
		if known == nil || told.Removed || known.Removed {
			known = &patch{}
			known.ID = []byte(string(told.ID))
			p.reports = append(p.reports, known)
			p.byID[string(told.ID)] = known
		}
		if told.Type != 0 {
			known.Type = told.Type
		}
		known.Removed = told.Removed
		known.Time = told.Time
		if told.Time == 0 {
			known.Time = s.Time
		}
		for _, v := range s.Of(told) {
			known.set(v)
		}
	}
}

func (p *patch) set(v rtc.Value) {
	v.Text, v.Name = []byte(string(v.Text)), []byte(string(v.Name))
	for i := range p.values {
		if o := &p.values[i]; o.Member == v.Member && string(o.Name) == string(v.Name) {
			*o = v
			return
		}
	}
	p.values = append(p.values, v)
}

// take returns what was gathered as one poll, and forgets it.
func (p *polls) take(last *rtc.Stats) *rtc.Stats {
	out := &rtc.Stats{Time: last.Time, MissingRemoved: last.MissingRemoved, Full: last.Full}
	for _, r := range p.reports {
		r.First, r.Len = len(out.Values), len(r.values)
		out.Values = append(out.Values, r.values...)
		out.Reports = append(out.Reports, r.ReportPatch)
	}
	p.reports = nil
	clear(p.byID)
	return out
}
