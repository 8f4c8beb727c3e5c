package session

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"reflect"
	"slices"
	"sync"
	"time"

	"github.com/peerglass/peerglass/quality/verdict"
	"github.com/peerglass/peerglass/rtc"
)

// Judge is a Sink that passes rows on and keeps those that say what was wrong
// with a call, so that it can tell a verdict: while the call goes on, whenever
// a session has ended or issues changed, and once more when it is over. Issues
// that other ends explain are written again.
//
// What it writes follows from the rows alone; only when it writes is decided
// by the clock. Tick or Run must be called; Settle judges at once.
//
// Rows may come, and calls be judged, from many goroutines. A call is judged by
// one at a time: a later verdict never gives way to an earlier one, and who
// settles a call waits for who is at it.
type Judge struct {
	sink    Sink
	earlier func(context.Context, rtc.AppID, rtc.CallID) (*verdict.Rows, error)
	now     func() int64
	log     *slog.Logger
	started int64
	shards  [judgeShards]judgeShard
}

// JudgeOptions of a Judge. All may be missing.
type JudgeOptions struct {
	// Earlier returns what is stored of a call that began before the judge knew
	// it: before the program started, or long ago.
	Earlier func(context.Context, rtc.AppID, rtc.CallID) (*verdict.Rows, error)
	Now     func() time.Time // nil: time.Now
	Log     *slog.Logger     // nil: slog.Default()
}

type judgeShard struct {
	mu    sync.Mutex
	calls map[callKey]*docket
}

// docket is what is kept of one call.
type docket struct {
	key     callKey
	judging chan struct{} // holds one while the call is being judged

	mu          sync.Mutex // of what follows; a shard's may be held before it, not after
	gone        bool       // let go of: the call's next row makes another docket
	call        rtc.Call
	sessions    map[rtc.SessionID]rtc.Session
	connections map[partKey]rtc.Connection
	streams     map[partKey]rtc.Stream
	issues      map[partKey]rtc.Issue
	outcomes    map[rtc.SessionID]rtc.Outcome
	verdict     rtc.Verdict

	complete bool  // nothing of it is in the store only
	changed  bool  // something that a verdict is due for at once
	stale    bool  // figures changed
	judged   int64 // when it was last, or could not be
	cost     int64 // ms that it took
	touched  int64
}

// partKey names a part of a session.
type partKey struct {
	session rtc.SessionID
	id      uint32
}

const (
	judgeShards = 16
	// A verdict is told again at most so often, in ms, or as seldom as keeps
	// what it takes below a twentieth of the time.
	judgeEvery = 5_000
	judgeStale = 30_000 // where only figures changed
	judgeShare = 20
	// judgeGrace is how long an ended call is kept, in ms: dumps are written and
	// late rows come.
	judgeGrace = 120_000
	// judgeAbandoned is how long it is kept where sessions in it have no end, in
	// ms: nothing will end those that a program left behind which lost its spool.
	judgeAbandoned = 3_600_000
	// knownFrom: whoever sees a call for the first time so many ms after its
	// beginning did not see all of it.
	knownFrom = 30_000
	// maxStreamsJudged bounds the streams kept of one call, some 300 bytes each:
	// those of a meeting of 150 people who all see each other.
	maxStreamsJudged = 50_000
	maxIssuesJudged  = 20_000
)

var _ Sink = (*Judge)(nil)

// NewJudge returns a judge that passes rows on to sink.
func NewJudge(sink Sink, o JudgeOptions) *Judge {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	j := &Judge{sink: sink, earlier: o.Earlier, log: o.Log, now: func() int64 { return o.Now().UnixMilli() }}
	j.started = j.now()
	for i := range j.shards {
		j.shards[i].calls = make(map[callKey]*docket)
	}
	return j
}

func (j *Judge) shard(call rtc.CallID) *judgeShard {
	return &j.shards[uint64(call)*0x9e3779b97f4a7c15>>60%judgeShards]
}

// on does something with the docket of a call.
func (j *Judge) on(app rtc.AppID, call rtc.CallID, do func(*docket)) {
	if call == 0 {
		return
	}
	now := j.now()
	for {
		d := j.docket(callKey{app, call}, now)
		d.mu.Lock()
		if d.gone {
			d.mu.Unlock()
			continue
		}
		defer d.mu.Unlock()
		d.touched = now
		do(d)
		return
	}
}

// docket returns that of a call, a new one if need be.
func (j *Judge) docket(key callKey, now int64) *docket {
	sh := j.shard(key.id)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	d := sh.calls[key]
	if d == nil {
		began := key.id.Time().UnixMilli()
		d = &docket{
			key: key, judging: make(chan struct{}, 1),
			call: rtc.Call{App: key.app, ID: key.id}, sessions: make(map[rtc.SessionID]rtc.Session), connections: make(map[partKey]rtc.Connection),
			streams: make(map[partKey]rtc.Stream), issues: make(map[partKey]rtc.Issue), outcomes: make(map[rtc.SessionID]rtc.Outcome),
			complete: j.earlier == nil || began >= j.started && now < began+knownFrom, touched: now,
		}
		sh.calls[key] = d
	}
	return d
}

// Call implements Sink.
func (j *Judge) Call(r *rtc.Call) {
	j.on(r.App, r.ID, func(d *docket) {
		if r.Version >= d.call.Version {
			d.changed = d.changed || !r.End.IsZero() && d.call.End.IsZero()
			d.call = *r
		}
	})
	j.sink.Call(r)
}

// Session implements Sink.
func (j *Judge) Session(r *rtc.Session) {
	j.on(r.App, r.Call, func(d *docket) {
		was, known := d.sessions[r.ID]
		if r.Version >= was.Version {
			d.sessions[r.ID] = *r
			d.stale = true
			d.changed = d.changed || !r.End.IsZero() && (!known || was.End.IsZero())
		}
	})
	j.sink.Session(r)
}

// Connection implements Sink.
func (j *Judge) Connection(r *rtc.Connection) {
	j.on(r.App, r.Call, func(d *docket) { d.connection(r) })
	j.sink.Connection(r)
}

func (d *docket) connection(r *rtc.Connection) {
	if key := (partKey{r.Session, uint32(r.ID)}); r.Version >= d.connections[key].Version {
		d.connections[key] = *r
	}
}

// Stream implements Sink.
func (j *Judge) Stream(r *rtc.Stream) {
	if r.Kind >= rtc.KindAudio && r.Kind <= rtc.KindScreen {
		j.on(r.App, r.Call, func(d *docket) { d.stream(r) })
	}
	j.sink.Stream(r)
}

func (d *docket) stream(r *rtc.Stream) {
	key := partKey{r.Session, uint32(r.ID)}
	was, known := d.streams[key]
	if known && r.Version < was.Version || !known && len(d.streams) >= maxStreamsJudged {
		return
	}
	d.streams[key] = *r
}

// Sample implements Sink.
func (j *Judge) Sample(r *rtc.Sample) { j.sink.Sample(r) }

// Event implements Sink.
func (j *Judge) Event(r *rtc.Event) { j.sink.Event(r) }

// Issue implements Sink.
func (j *Judge) Issue(r *rtc.Issue) {
	j.on(r.App, r.Call, func(d *docket) { d.issue(r) })
	j.sink.Issue(r)
}

func (d *docket) issue(r *rtc.Issue) {
	key := partKey{r.Session, uint32(r.ID)}
	was, known := d.issues[key]
	if known && r.Version <= was.Version || !known && len(d.issues) >= maxIssuesJudged {
		return
	}
	row := *r
	row.Evidence = slices.Clone(r.Evidence)
	d.issues[key] = row
	d.changed = true
}

// Outcome implements Sink.
func (j *Judge) Outcome(r *rtc.Outcome) {
	j.on(r.App, r.Call, func(d *docket) { d.outcome(r) })
	j.sink.Outcome(r)
}

func (d *docket) outcome(r *rtc.Outcome) {
	if r.Version >= d.outcomes[r.Session].Version {
		d.outcomes[r.Session] = *r
		d.stale = true
	}
}

// Verdict implements Sink.
func (j *Judge) Verdict(r *rtc.Verdict) { j.sink.Verdict(r) }

// Features implements Sink.
func (j *Judge) Features(r []rtc.Feature) { j.sink.Features(r) }

// Run judges what is due until ctx ends.
func (j *Judge) Run(ctx context.Context) {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			j.Tick(ctx, j.now())
		}
	}
}

// Tick judges the calls that are due at now (Unix ms) and lets go of those that
// are over.
func (j *Judge) Tick(ctx context.Context, now int64) {
	due := func(d *docket) bool {
		wait := max(judgeEvery, judgeShare*d.cost)
		return d.changed && now >= d.judged+wait || d.stale && now >= d.judged+max(judgeStale, wait)
	}
	for d := range j.dockets {
		if ctx.Err() != nil {
			return
		}
		d.mu.Lock()
		skip := !due(d) // without waiting for who is judging it
		d.mu.Unlock()
		if skip {
			continue
		}
		if err := j.judge(ctx, d, due); err != nil && ctx.Err() == nil {
			j.log.Warn("a call cannot be judged before the store answers; it is tried again", "call", d.key.id, "reason", err)
		}
	}
	for d := range j.dockets {
		d.mu.Lock()
		over := d.over(now)
		d.mu.Unlock()
		if over {
			j.letGo(d, now)
		}
	}
}

// over reports whether nothing more is to come of the call at now.
func (d *docket) over(now int64) bool {
	if d.changed || d.stale || len(d.judging) > 0 || now < d.touched+judgeGrace {
		return false
	}
	for _, s := range d.sessions {
		if s.End.IsZero() {
			return !d.call.End.IsZero() && now >= d.touched+judgeAbandoned
		}
	}
	return !d.call.End.IsZero() || len(d.sessions) == 0
}

// letGo forgets a call, unless something came of it just now.
func (j *Judge) letGo(d *docket, now int64) {
	sh := j.shard(d.key.id)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.over(now) && !d.gone {
		d.gone = true
		delete(sh.calls, d.key)
	}
}

// Settle judges every call of which anything changed, at once. Its error is
// that of what is stored already and could not be read; the other calls are
// judged nevertheless, until ctx ends.
func (j *Judge) Settle(ctx context.Context) error {
	var all []error
	for d := range j.dockets {
		if err := ctx.Err(); err != nil {
			return errors.Join(append(all, err)...)
		}
		if err := j.judge(ctx, d, (*docket).dirty); err != nil {
			all = append(all, err)
		}
	}
	return errors.Join(all...)
}

// SettleCall judges one call at once if anything of it changed: before the
// records that its rows come from are let go of. When it returns without an
// error, what was told of the call so far is in a verdict that the sink has.
func (j *Judge) SettleCall(ctx context.Context, app rtc.AppID, call rtc.CallID) error {
	sh := j.shard(call)
	sh.mu.Lock()
	d := sh.calls[callKey{app, call}]
	sh.mu.Unlock()
	if d == nil {
		return nil
	}
	return j.judge(ctx, d, (*docket).dirty)
}

func (d *docket) dirty() bool { return d.changed || d.stale }

// dockets yields those of one shard after the other. No lock is held meanwhile.
func (j *Judge) dockets(yield func(*docket) bool) {
	var some []*docket
	for i := range j.shards {
		sh := &j.shards[i]
		sh.mu.Lock()
		some = slices.AppendSeq(some[:0], maps.Values(sh.calls))
		sh.mu.Unlock()
		for _, d := range some {
			if !yield(d) {
				return
			}
		}
	}
}

// judge judges a call if it is due once nobody else is judging it.
func (j *Judge) judge(ctx context.Context, d *docket, due func(*docket) bool) error {
	select {
	case d.judging <- struct{}{}:
		defer func() { <-d.judging }()
	case <-ctx.Done():
		return fmt.Errorf("judge call %s: %w", d.key.id, ctx.Err())
	}
	d.mu.Lock()
	if !due(d) {
		d.mu.Unlock()
		return nil
	}
	d.judged = j.now()
	complete := d.complete // only who judges changes that
	d.mu.Unlock()
	if !complete {
		stored, err := j.earlier(ctx, d.key.app, d.key.id)
		if err != nil {
			return fmt.Errorf("judge call %s: %w", d.key.id, err)
		}
		d.mu.Lock()
		d.take(stored)
		d.mu.Unlock()
	}
	began := time.Now()
	d.mu.Lock()
	d.changed, d.stale = false, false
	rows := d.rows()
	d.mu.Unlock()

	refined, v := verdict.Judge(rows)

	d.mu.Lock()
	defer d.mu.Unlock()
	d.cost = time.Since(began).Milliseconds()
	for i := range refined {
		r := &refined[i]
		k := partKey{r.Session, uint32(r.ID)}
		// What its session said meanwhile is looked at next time.
		if d.issues[k].Version != r.Version || !d.refinable(r) {
			continue
		}
		r.Version++
		d.issues[k] = *r
		j.sink.Issue(r)
	}
	v.Version = d.verdict.Version
	if reflect.DeepEqual(equatable(v), equatable(d.verdict)) {
		return nil
	}
	v.Version = max(d.verdict.Version+1, newest(rows))
	d.verdict = v
	j.sink.Verdict(&v)
	return nil
}

// refinable reports whether there is a version left for an issue before its
// session's next: the last one is kept for when the call is over.
func (d *docket) refinable(r *rtc.Issue) bool {
	last := uint64(IssueVersions - 1)
	if d.call.End.IsZero() {
		last--
	}
	return r.Version%IssueVersions < last
}

// equatable is a verdict whose missing figures are equal to each other.
func equatable(v rtc.Verdict) rtc.Verdict {
	if rtc.IsNull(v.Score) {
		v.Score = -1
	}
	if rtc.IsNull(v.Confidence) {
		v.Confidence = -1
	}
	return v
}

// newest is the latest instant that a version of the rows carries.
func newest(rows *verdict.Rows) (version uint64) {
	version = rows.Call.Version
	for i := range rows.Sessions {
		version = max(version, rows.Sessions[i].Version)
	}
	for i := range rows.Outcomes {
		version = max(version, rows.Outcomes[i].Version)
	}
	for i := range rows.Issues {
		version = max(version, rows.Issues[i].Version/IssueVersions)
	}
	return version
}

// take adds what is stored of the call to what was told.
func (d *docket) take(stored *verdict.Rows) {
	if stored == nil || d.complete {
		d.complete = true
		return
	}
	d.complete = true
	if stored.Verdict.Version > d.verdict.Version {
		d.verdict = stored.Verdict
	}
	if stored.Call.Version > d.call.Version {
		d.call = stored.Call
	}
	for i := range stored.Sessions {
		if r := &stored.Sessions[i]; r.Version > d.sessions[r.ID].Version {
			d.sessions[r.ID] = *r
		}
	}
	for i := range stored.Connections {
		d.connection(&stored.Connections[i])
	}
	for i := range stored.Streams {
		if r := &stored.Streams[i]; r.Kind >= rtc.KindAudio && r.Kind <= rtc.KindScreen {
			d.stream(r)
		}
	}
	for i := range stored.Issues {
		d.issue(&stored.Issues[i])
	}
	for i := range stored.Outcomes {
		if r := &stored.Outcomes[i]; r.Version > d.outcomes[r.Session].Version {
			d.outcomes[r.Session] = *r
		}
	}
}

// rows copies what is kept.
func (d *docket) rows() *verdict.Rows {
	r := &verdict.Rows{
		Call: d.call, Sessions: make([]rtc.Session, 0, len(d.sessions)), Connections: make([]rtc.Connection, 0, len(d.connections)),
		Streams: make([]rtc.Stream, 0, len(d.streams)), Issues: make([]rtc.Issue, 0, len(d.issues)), Outcomes: make([]rtc.Outcome, 0, len(d.outcomes)),
	}
	for _, s := range d.sessions {
		r.Sessions = append(r.Sessions, s)
	}
	for _, c := range d.connections {
		r.Connections = append(r.Connections, c)
	}
	for _, s := range d.streams {
		r.Streams = append(r.Streams, s)
	}
	for _, i := range d.issues {
		r.Issues = append(r.Issues, i)
	}
	for _, o := range d.outcomes {
		r.Outcomes = append(r.Outcomes, o)
	}
	// The sum of scores depends on the order in its last digit.
	slices.SortFunc(r.Outcomes, func(a, b rtc.Outcome) int { return cmp.Compare(a.Session, b.Session) })
	slices.SortFunc(r.Sessions, func(a, b rtc.Session) int { return cmp.Compare(a.ID, b.ID) })
	return r
}
