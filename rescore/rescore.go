package rescore

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/peerglass/peerglass/blob"
	"github.com/peerglass/peerglass/dump"
	"github.com/peerglass/peerglass/quality/feature"
	"github.com/peerglass/peerglass/quality/verdict"
	"github.com/peerglass/peerglass/query"
	"github.com/peerglass/peerglass/rtc"
	"github.com/peerglass/peerglass/session"
	"github.com/peerglass/peerglass/store"
)

// Options say what is derived again.
type Options struct {
	Store *store.Store
	Query *query.Query
	Blob  blob.Store
	Now   func() time.Time

	// Thresholds are those that an app set for itself, by name; nil: none did.
	Thresholds func(rtc.AppID) map[string]float64

	App          rtc.AppID  // 0: every app
	Call         rtc.CallID // 0: every call
	Since, Until time.Time  // of the call's start; zero: open
	Progress     func(Progress)
}

// Progress is told after each call.
type Progress struct {
	App     rtc.AppID
	Call    rtc.CallID
	Skipped error // why it was left as it is; nil if it was derived again
	Done    int   // calls looked at so far
	Total   int
}

// settled is how long a call has to be over: dumps are written and the running
// program has let go of it.
const settled = 5 * time.Minute

// Reasons for which a call stays as it is.
var (
	errGoesOn = errors.New("it goes on, or was over only just now")
	errNoDump = errors.New("none of its sessions has a dump")
)

// Run derives calls again and returns how many were and how many stayed as they
// are. What is wrong with one call does not keep it from the next.
func Run(ctx context.Context, o Options) (done, skipped int, err error) {
	calls, err := o.calls(ctx)
	if err != nil {
		return 0, 0, err
	}
	for i, c := range calls {
		err := o.one(ctx, c)
		switch {
		case err == nil:
			done++
		case ctx.Err() != nil:
			return done, skipped, ctx.Err()
		default:
			skipped++
		}
		if o.Progress != nil {
			o.Progress(Progress{App: c.App, Call: c.ID, Skipped: err, Done: i + 1, Total: len(calls)})
		}
	}
	if err := o.Store.Flush(ctx); err != nil {
		return done, skipped, err
	}
	return done, skipped, o.Store.Durable(ctx)
}

// calls lists what is asked for, the oldest first.
func (o *Options) calls(ctx context.Context) ([]rtc.Call, error) {
	apps := []rtc.AppID{o.App}
	if o.App == 0 {
		var err error
		if apps, err = o.Query.Apps(ctx); err != nil {
			return nil, err
		}
	}
	var all []rtc.Call
	for _, app := range apps {
		if o.Call != 0 {
			switch c, err := o.Query.Call(ctx, app, o.Call); {
			case errors.Is(err, query.ErrNotFound):
			case err != nil:
				return nil, err
			default:
				all = append(all, c)
			}
			continue
		}
		f := query.CallFilter{From: o.Since, To: o.Until, Ascending: true, Limit: 1000, NoTotal: true}
		for {
			page, err := o.Query.Calls(ctx, app, f)
			if err != nil {
				return nil, err
			}
			for _, c := range page.Calls {
				if c.Start.Before(o.Since) || !o.Until.IsZero() && !c.Start.Before(o.Until) {
					continue
				}
				all = append(all, c)
			}
			if f.Cursor = page.Cursor; f.Cursor == "" {
				break
			}
		}
	}
	if o.Call != 0 && len(all) == 0 {
		return nil, query.ErrNotFound
	}
	return all, nil
}

// one derives a call again.
func (o *Options) one(ctx context.Context, call rtc.Call) error {
	if call.End.IsZero() || o.Now().Before(call.End.Add(settled)) && call.ID.Time().After(o.Now().Add(-24*time.Hour)) && !imported(ctx, o, call) {
		return errGoesOn
	}
	sessions, err := o.Query.Sessions(ctx, call.App, call.ID)
	if err != nil {
		return err
	}
	rows := &session.Collect{}
	again := make(map[rtc.SessionID]bool)
	judge := session.NewJudge(rows, session.JudgeOptions{Log: slog.New(slog.DiscardHandler), Now: o.Now, Earlier: func(ctx context.Context, app rtc.AppID, id rtc.CallID) (*verdict.Rows, error) {
		return o.others(ctx, app, id, again)
	}})
	for i := range sessions {
		s := &sessions[i]
		if s.Dump == "" {
			continue
		}
		if err := o.replay(ctx, s, judge); err != nil {
			return err
		}
		again[s.ID] = true
	}
	if len(again) == 0 {
		return errNoDump
	}
	judge.Call(&call)
	for i := range sessions {
		judge.Session(&sessions[i])
	}
	if err := judge.Settle(ctx); err != nil {
		return err
	}
	return o.replace(ctx, call, again, rows)
}

// imported reports whether all of a call came from files: nothing is to come.
func imported(ctx context.Context, o *Options, call rtc.Call) bool {
	sessions, err := o.Query.Sessions(ctx, call.App, call.ID)
	return err == nil && !slices.ContainsFunc(sessions, func(s rtc.Session) bool { return s.EndReason != "import" || s.Dump == "" })
}

// others returns what is stored of the sessions that are not derived again.
func (o *Options) others(ctx context.Context, app rtc.AppID, call rtc.CallID, again map[rtc.SessionID]bool) (*verdict.Rows, error) {
	rows, err := o.Query.Judged(ctx, app, call)
	if err != nil {
		return nil, err
	}
	rows.Verdict = rtc.Verdict{} // it is told anew
	rows.Connections = slices.DeleteFunc(rows.Connections, func(r rtc.Connection) bool { return again[r.Session] })
	rows.Streams = slices.DeleteFunc(rows.Streams, func(r rtc.Stream) bool { return again[r.Session] })
	rows.Issues = slices.DeleteFunc(rows.Issues, func(r rtc.Issue) bool { return again[r.Session] })
	rows.Outcomes = slices.DeleteFunc(rows.Outcomes, func(r rtc.Outcome) bool { return again[r.Session] })
	return rows, nil
}

// replay passes a session's dump through a session of the same name.
func (o *Options) replay(ctx context.Context, row *rtc.Session, sink session.Sink) error {
	file, _, err := o.Blob.Get(ctx, row.Dump)
	if err != nil {
		return fmt.Errorf("read the dump of session %s: %w", row.ID, err)
	}
	defer file.Close()
	src, err := dump.Open(file)
	if err != nil {
		return fmt.Errorf("read the dump of session %s: %w", row.ID, err)
	}
	missed, err := o.missed(ctx, row)
	if err != nil {
		return err
	}
	imported := row.EndReason == "import"
	r := &replay{missed: missed, features: feature.New(), ctx: ctx, raw: src.Format() == dump.FormatRaw, start: src.Header().Start}
	start := row.Start.UnixMilli()
	if imported {
		start = 0 // its first record's, as at the import
	}
	var thresholds *session.Thresholds
	if o.Thresholds != nil {
		thresholds = session.ThresholdsOf(o.Thresholds(row.App))
	}
	r.session = session.New(session.Options{
		App: row.App, ID: row.ID, Protocol: row.Protocol, Start: start, Address: row.Address, Region: row.Region, Carrier: row.Carrier,
		Rooms: known(row.Call), Sink: sink, Assignment: session.Assignment{Call: row.Call, Room: row.Room},
		IdleTimeout: int64(1) << 60, Import: imported, Thresholds: thresholds,
	})
	src.Sizes(r.features.Frame)
	if err := src.Replay(r); err != nil {
		return fmt.Errorf("replay the dump of session %s: %w", row.ID, err)
	}
	r.session.End(row.End.UnixMilli(), row.EndReason)
	features := r.features.Features()
	for i := range features {
		features[i].App, features[i].Call, features[i].Session = row.App, row.Call, row.ID
	}
	sink.Features(features)
	return nil
}

// missed are the events that ingest told, which sees the numbers of frames that
// never came; a dump has no numbers.
func (o *Options) missed(ctx context.Context, row *rtc.Session) ([]rtc.Event, error) {
	page, err := o.Query.Events(ctx, row.App, row.Call, query.EventFilter{Session: row.ID, Kinds: []rtc.Kind{rtc.KindEvent}, Search: rtc.NameFramesMissed, Limit: 10_000})
	return slices.DeleteFunc(page.Events, func(e rtc.Event) bool { return e.Name != rtc.NameFramesMissed }), err
}

// replay is what a dump's records go through.
type replay struct {
	ctx      context.Context
	session  *session.Session
	features *feature.Extractor
	missed   []rtc.Event
	raw      bool
	start    int64
	begun    bool
}

// Record implements rtc.Sink.
func (p *replay) Record(r *rtc.Record) error {
	if err := p.ctx.Err(); err != nil {
		return err
	}
	for len(p.missed) > 0 && p.missed[0].Time.UnixMilli() <= r.Received {
		e := &p.missed[0]
		_ = p.session.Record(&rtc.Record{Kind: rtc.KindEvent, Received: e.Time.UnixMilli(), Name: []byte(e.Name), Payload: []byte(e.Value)})
		p.missed = p.missed[1:]
	}
	if p.raw && !p.begun && r.Kind == rtc.KindOpen && len(r.Name) == 0 {
		// As ingest tells of the connection.
		opened := *r
		opened.Name, opened.Received, opened.Time = []byte(rtc.NameConnectionInfo), p.start, 0
		r = &opened
	}
	p.begun = true
	_ = p.features.Record(r) // it never fails
	// What exceeds a limit, or comes after the end, is as it was in the dump only.
	_ = p.session.Record(r)
	return nil
}

// known is the rooms of a session whose call is known.
type known rtc.CallID

func (k known) Join(session.Stay) rtc.CallID { return rtc.CallID(k) }
func (known) Identify(session.Stay)          {}
func (known) Leave(session.Stay)             {}

// replace puts what was derived in the place of what is stored.
func (o *Options) replace(ctx context.Context, call rtc.Call, again map[rtc.SessionID]bool, rows *session.Collect) error {
	ids := make([]rtc.SessionID, 0, len(again))
	for id := range again {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	if err := o.Store.Forget(ctx, call.App, call.ID, ids); err != nil {
		return err
	}
	to := session.Sink(o.Store)
	for i := range rows.Connections {
		to.Connection(&rows.Connections[i])
	}
	for i := range rows.Streams {
		to.Stream(&rows.Streams[i])
	}
	for i := range rows.Samples {
		to.Sample(&rows.Samples[i])
	}
	for i := range rows.Events {
		to.Event(&rows.Events[i])
	}
	for i := range rows.Issues {
		to.Issue(&rows.Issues[i])
	}
	for i := range rows.Outcomes {
		to.Outcome(&rows.Outcomes[i])
	}
	for i := range rows.Verdicts {
		to.Verdict(&rows.Verdicts[i])
	}
	to.Features(rows.FeatureRows)
	return o.Store.Flush(ctx)
}
