package session

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/peerglass/peerglass/quality/verdict"
	"github.com/peerglass/peerglass/rtc"
)

// judgedCall are the rows of a call through a server in the order in which
// sessions write them: what alice sends is lost on her way to the server, which
// only her own client can tell of what bob sees.
func judgedCall() []any {
	call := rtc.CallID(rtc.NewID(t0, 5))
	at := func(s int) time.Time { return milli(t0 + int64(s)*1000) }
	session := func(id rtc.SessionID, user string, end int, version uint64) *rtc.Session {
		r := &rtc.Session{App: 7, Call: call, ID: id, User: user, Start: at(0), Version: version}
		if end > 0 {
			r.End, r.EndReason = at(end), "leave"
		}
		return r
	}
	stream := func(of rtc.SessionID, dir rtc.Direction, end int, version uint64) *rtc.Stream {
		return &rtc.Stream{App: 7, Call: call, Session: of, ID: 1, Connection: 1, Direction: dir, Kind: rtc.KindVideo, SSRC: 9,
			Start: at(0), End: at(end), Packets: 100, PacketsLost: 0, Version: version}
	}
	connection := func(of rtc.SessionID) *rtc.Connection {
		return &rtc.Connection{App: 7, Call: call, Session: of, ID: 1, Start: at(0), LocalUfrag: fmt.Sprint("own", of), RemoteUfrag: fmt.Sprint("server", of), Version: 1}
	}
	issue := func(of rtc.SessionID, kind string, end int, version uint64) *rtc.Issue {
		r := &rtc.Issue{App: 7, Call: call, Session: of, ID: 1, Type: kind, Cause: "packet_loss", Source: rtc.Network, Severity: rtc.High,
			Start: at(20), Connection: 1, Stream: 1, Version: version * IssueVersions}
		if end > 0 {
			r.End = at(end)
		}
		return r
	}
	outcome := func(of rtc.SessionID, score float32) *rtc.Outcome {
		return &rtc.Outcome{App: 7, Call: call, Session: of, Score: score, ScoreVersion: 1, VideoTime: 60_000, AudioTime: rtc.Null, Version: uint64(of)}
	}
	return []any{
		&rtc.Call{App: 7, ID: call, Room: "r", Start: at(0), Version: 1},
		session(1, "alice", 0, 1), session(2, "bob", 0, 1), connection(1), connection(2),
		stream(1, rtc.Send, 1, 1), stream(2, rtc.Receive, 1, 1),
		issue(2, "video_freeze", 0, 20), issue(1, "packet_loss", 0, 21), issue(2, "video_freeze", 40, 40), issue(1, "packet_loss", 41, 41),
		stream(1, rtc.Send, 60, 2), outcome(1, rtc.Null), session(1, "alice", 60, 2),
		stream(2, rtc.Receive, 60, 2), outcome(2, 6), session(2, "bob", 60, 2),
		&rtc.Call{App: 7, ID: call, Room: "r", Start: at(0), End: at(60), Version: 2},
	}
}

func put(s Sink, row any) {
	switch r := row.(type) {
	case *rtc.Call:
		s.Call(r)
	case *rtc.Session:
		s.Session(r)
	case *rtc.Connection:
		s.Connection(r)
	case *rtc.Stream:
		s.Stream(r)
	case *rtc.Issue:
		s.Issue(r)
	case *rtc.Outcome:
		s.Outcome(r)
	default:
		panic(fmt.Sprintf("%T", row))
	}
}

// assessed is what was found in a call, without versions.
func assessed(c *Collect) string {
	issues := slices.Clone(c.Issues)
	slices.SortFunc(issues, func(a, b rtc.Issue) int { return int(a.Session) - int(b.Session) })
	text := ""
	for _, i := range issues {
		text += fmt.Sprintf("%s of %d %s %s %s until %s: %+v\n", i.Type, i.Session, i.Source, i.Cause, i.Severity, i.End, i.Evidence)
	}
	for _, v := range c.Verdicts {
		v.Version = 0
		text += fmt.Sprintf("%+v\n", v)
	}
	return text
}

func stored(c *Collect) func(context.Context, rtc.AppID, rtc.CallID) (*verdict.Rows, error) {
	return func(context.Context, rtc.AppID, rtc.CallID) (*verdict.Rows, error) {
		r := &verdict.Rows{Sessions: slices.Clone(c.Sessions), Connections: slices.Clone(c.Connections), Streams: slices.Clone(c.Streams), Issues: slices.Clone(c.Issues), Outcomes: slices.Clone(c.Outcomes)}
		if len(c.Calls) > 0 {
			r.Call = c.Calls[0]
		}
		if len(c.Verdicts) > 0 {
			r.Verdict = c.Verdicts[0]
		}
		return r, nil
	}
}

func judgeAt(sink Sink, now *int64, earlier func(context.Context, rtc.AppID, rtc.CallID) (*verdict.Rows, error)) *Judge {
	return NewJudge(sink, JudgeOptions{Earlier: earlier, Now: func() time.Time { return milli(*now) }})
}

func TestJudge(t *testing.T) {
	out, now := &Collect{}, t0
	j := judgeAt(out, &now, nil)
	rows := judgedCall()
	for _, r := range rows[:8] {
		put(j, r)
	}
	j.Tick(t.Context(), now)
	if len(out.Verdicts) != 1 || out.Verdicts[0].Side != rtc.UserNetwork || out.Verdicts[0].User != "bob" {
		t.Fatalf("what bob alone saw came to %+v", out.Verdicts)
	}
	put(j, rows[8])
	j.Tick(t.Context(), now+1000)
	if out.Verdicts[0].User != "bob" {
		t.Error("a verdict was told again after a second")
	}
	now += 6000
	j.Tick(t.Context(), now)
	if v := out.Verdicts[0]; v.User != "alice" || len(v.Sentences) == 0 {
		t.Errorf("with what alice's client saw it came to %+v", v)
	}
	for _, i := range out.Issues {
		if i.Session == 2 && i.Source != rtc.RemoteUser {
			t.Errorf("bob's issue is not hers: %+v", i)
		}
	}
	for _, r := range rows[9:] {
		put(j, r)
	}
	now += 60_000
	j.Tick(t.Context(), now)
	v := out.Verdicts[0]
	if v.Score != 6 || v.Issues != [4]uint32{rtc.High: 2} || v.Sentences[0] != "bob could at times not see alice for 21 s (20:27:00–20:27:21 UTC): alice's network lost packets." {
		t.Errorf("in the end it came to %+v", v)
	}
	issues, version := len(out.Issues), v.Version
	if err := j.Settle(t.Context()); err != nil || out.Verdicts[0].Version != version || len(out.Issues) != issues {
		t.Errorf("judged again without a change: %v %+v", err, out.Verdicts[0])
	}
	now += judgeGrace
	j.Tick(t.Context(), now)
	if n := kept(j); n > 0 {
		t.Errorf("%d calls are kept after their end", n)
	}
}

func kept(j *Judge) (calls int) {
	for range j.dockets {
		calls++
	}
	return calls
}

// Who settles a call while it is being judged waits until its verdict is told,
// and does not judge the same once more.
func TestSettleWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out, now := &Collect{}, t0
		asked, answer := 0, make(chan struct{})
		j := judgeAt(out, &now, func(context.Context, rtc.AppID, rtc.CallID) (*verdict.Rows, error) {
			asked++
			<-answer
			return nil, nil
		})
		now += knownFrom // it did not see the call begin
		rows := judgedCall()
		call := rows[0].(*rtc.Call).ID
		for _, r := range rows {
			put(j, r)
		}
		go j.Tick(t.Context(), now)
		synctest.Wait()
		over, cancel := context.WithCancel(t.Context())
		cancel()
		if err := j.SettleCall(over, 7, call); !errors.Is(err, context.Canceled) {
			t.Errorf("settled for who does not wait any more: %v", err)
		}
		settled := false
		go func() {
			if err := j.SettleCall(t.Context(), 7, call); err != nil {
				t.Error(err)
			}
			if settled = true; len(out.Verdicts) != 1 {
				t.Error("settled before the verdict was told")
			}
		}()
		synctest.Wait()
		if settled {
			t.Error("settled while somebody was judging")
		}
		close(answer)
		synctest.Wait()
		if !settled || asked != 1 {
			t.Errorf("settled %t, read what is stored %d times", settled, asked)
		}
	})
}

// A call that cannot be judged keeps no other from it, and is tried again.
func TestJudgeWithoutStore(t *testing.T) {
	out, now := &Collect{}, t0
	busy := errors.New("too busy")
	var sick rtc.CallID
	j := judgeAt(out, &now, func(_ context.Context, _ rtc.AppID, call rtc.CallID) (*verdict.Rows, error) {
		if call == sick {
			return nil, busy
		}
		return nil, nil
	})
	now += knownFrom
	var calls []rtc.CallID
	for i := range uint64(3) {
		call := rtc.CallID(rtc.NewID(t0, 5+i))
		calls = append(calls, call)
		j.Issue(&rtc.Issue{App: 7, Call: call, Session: 1, ID: 1, Type: "video_freeze", Severity: rtc.High, Start: milli(t0), Version: IssueVersions})
	}
	sick = calls[1]
	if err := j.SettleCall(t.Context(), 7, calls[0]); err != nil || len(out.Verdicts) != 1 || out.Verdicts[0].Call != calls[0] {
		t.Errorf("the first call: %v %+v", err, out.Verdicts)
	}
	if err := j.SettleCall(t.Context(), 7, sick); !errors.Is(err, busy) {
		t.Errorf("the sick call: %v", err)
	}
	if err := j.Settle(t.Context()); !errors.Is(err, busy) || len(out.Verdicts) != 2 {
		t.Errorf("all calls: %v, %d verdicts", err, len(out.Verdicts))
	}
	now += 2 * judgeAbandoned
	j.Tick(t.Context(), now)
	if n := kept(j); n != 1 {
		t.Errorf("%d calls are kept, not the sick one", n)
	}
	sick = 0
	if err := j.SettleCall(t.Context(), 7, calls[1]); err != nil || len(out.Verdicts) != 3 {
		t.Errorf("the call that was sick: %v, %d verdicts", err, len(out.Verdicts))
	}
}

// A call is let go of when it is over and judged; one with a session that
// nothing ends, later.
func TestJudgeLetsGo(t *testing.T) {
	rows := judgedCall()
	end := rows[len(rows)-1]
	for _, c := range []struct {
		name string
		rows []any
		idle int64
		want int
	}{
		{"over", rows, judgeGrace, 0},
		{"over just now", rows, judgeGrace - 1, 1},
		{"going on", rows[:len(rows)-2], 2 * judgeAbandoned, 1},
		{"over, with a session that has no end", append(slices.Clone(rows[:12]), end), judgeAbandoned - 1, 1},
		{"over, with a session that has no end, for long", append(slices.Clone(rows[:12]), end), judgeAbandoned, 0},
	} {
		now := t0
		j := judgeAt(&Collect{}, &now, nil)
		for _, r := range c.rows {
			put(j, r)
		}
		now += c.idle
		j.Tick(t.Context(), now)
		if n := kept(j); n != c.want {
			t.Errorf("%s: %d calls are kept after %d ms", c.name, n, c.idle)
		}
	}
	// Figures that no verdict has yet, of a call that was judged a moment ago.
	now := t0
	j := judgeAt(&Collect{}, &now, nil)
	for _, r := range rows {
		put(j, r)
	}
	late := now + 2*judgeAbandoned
	for d := range j.dockets {
		d.changed, d.stale, d.judged = false, true, late
	}
	if j.Tick(t.Context(), late); kept(j) != 1 {
		t.Error("a call is let go of before its last figures are judged")
	}
	if j.Tick(t.Context(), late+judgeStale); kept(j) != 0 {
		t.Error("a call is kept after its last figures are judged")
	}
}

// An issue that others explain is written again however often that was done;
// the last version is kept for when the call is over.
func TestIssueVersions(t *testing.T) {
	for _, c := range []struct {
		version uint64
		ended   bool
		want    uint64
	}{
		{0, false, 1}, {300, false, 301},
		{IssueVersions - 2, false, IssueVersions - 2}, {IssueVersions - 2, true, IssueVersions - 1}, {IssueVersions - 1, true, IssueVersions - 1},
	} {
		out, now := &Collect{}, t0
		j := judgeAt(out, &now, nil)
		rows := judgedCall()
		if !c.ended {
			rows = rows[:len(rows)-1]
		}
		for _, r := range rows {
			if i, ok := r.(*rtc.Issue); ok && i.Session == 2 {
				i.Version += c.version
			}
			put(j, r)
		}
		if err := j.Settle(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, i := range out.Issues {
			if got := i.Version % IssueVersions; i.Session == 2 && got != c.want {
				t.Errorf("from version %d, call ended %t: %d, want %d", c.version, c.ended, got, c.want)
			}
		}
	}
}

// Calls are judged by many, and let go of, while their rows come.
func TestJudgeAtOnce(t *testing.T) {
	for _, step := range []int64{100, judgeEvery} { // in the first nothing is let go of
		out := &Collect{}
		var now atomic.Int64
		now.Store(t0)
		j := NewJudge(out, JudgeOptions{Now: func() time.Time { return milli(now.Load()) }})
		rows := judgedCall()
		call := rows[0].(*rtc.Call).ID
		var work sync.WaitGroup
		for range 3 {
			work.Go(func() {
				for range 200 {
					j.Tick(t.Context(), now.Add(step))
					if err := j.SettleCall(t.Context(), 7, call); err != nil {
						t.Error(err)
					}
				}
			})
		}
		for range 20 {
			for _, r := range rows {
				put(j, r)
			}
		}
		work.Wait()
		for _, r := range rows {
			put(j, r)
		}
		if err := j.Settle(t.Context()); err != nil {
			t.Fatal(err)
		}
		for d := range j.dockets {
			if len(d.sessions) != 2 || len(d.issues) != 2 || d.dirty() {
				t.Errorf("of the call there are %d sessions and %d issues", len(d.sessions), len(d.issues))
			}
		}
		if v := out.Verdicts; step == 100 && (len(v) != 1 || v[0].User != "alice" || v[0].Score != 6) {
			t.Errorf("it came to %+v", v)
		}
	}
}

// A program that is killed at any time, and whose rows are written again from
// where its records were let go of, finds what one finds that was never
// disturbed.
func TestKillsChangeNoVerdict(t *testing.T) {
	rows := judgedCall()
	now := t0
	control := &Collect{}
	j := judgeAt(control, &now, nil)
	for _, r := range rows {
		put(j, r)
	}
	if err := j.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := assessed(control)
	random := rand.New(rand.NewPCG(3, 4))
	for range 1000 {
		out, now := &Collect{}, t0
		// What is let go of is settled: its rows are in the store, and not told again.
		gone := 0
		j := judgeAt(out, &now, nil)
		for at := 0; at < len(rows); {
			put(j, rows[at])
			at++
			now += random.Int64N(4000)
			switch random.IntN(8) {
			case 0:
				j.Tick(t.Context(), now)
			case 1: // killed
				now += 40_000
				j = judgeAt(out, &now, stored(out))
				at = gone
			case 2:
				if at > 14 && gone == 0 { // alice's session is over: the first 14 rows come no more
					if err := j.Settle(t.Context()); err != nil {
						t.Fatal(err)
					}
					gone = 14
				}
			}
		}
		if err := j.Settle(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := assessed(out); got != want {
			t.Fatalf("after kills\n%s\nwithout\n%s", got, want)
		}
	}
}
