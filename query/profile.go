package query

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"

	"github.com/peerglass/peerglass/quality"
	"github.com/peerglass/peerglass/quality/profile"
	"github.com/peerglass/peerglass/rtc"
	"github.com/peerglass/peerglass/store/clickhouse"
)

// The stays of a call that have an issue of at least a severity. Hundreds of
// users have thousands of issues, of which a profile needs no more than whose.
var troubledOfCall = "SELECT " + list(sessionIDFields) + ` FROM issues FINAL
	WHERE app = {app:UInt32} AND call = {call:UInt64} AND toUInt8(severity) >= {severity:UInt8}
	GROUP BY session ORDER BY session`

var sessionIDFields = []field[rtc.SessionID]{fromUint64("session", func(r *rtc.SessionID, v uint64) { *r = rtc.SessionID(v) })}

// The streams of media of a call. Late packets can bring the count of lost ones
// below zero. Whose the received ones are is told up to a bound, as no call
// page names more.
var mediaOfCall = "SELECT " + list(mediaFields) + ` FROM streams FINAL
	WHERE app = {app:UInt32} AND call = {call:UInt64} AND kind IN ('audio', 'video', 'screen') AND direction != 'both'
	GROUP BY kind, direction ORDER BY kind, direction`

const lostPackets = "greatest(packets_lost, 0)"

var mediaFields = []field[profile.Media]{
	fromInt64("kind", func(r *profile.Media, v int64) { r.Kind = rtc.MediaKind(v) }),
	fromInt64("direction", func(r *profile.Media, v int64) { r.Direction = rtc.Direction(v) }),
	fromInt64("countIf(samples > 0)", func(r *profile.Media, v int64) { r.Measured = int(v) }),
	fromInt64("countIf(packets > 0)", func(r *profile.Media, v int64) { r.Carried = int(v) }),
	fromInt64("countIf(packets > 0 AND "+lostPackets+" / (packets + "+lostPackets+") <= {loss:Float64})", func(r *profile.Media, v int64) { r.HighQuality = int(v) }),
	fromTexts("groupUniqArrayIf(500)(remote_user, direction = 'receive' AND remote_user != '')", func(r *profile.Media, v []string) { r.Remote = v }),
}

// Whether anything is left of a call over time: samples and events are kept for
// shorter than the rest.
const (
	anySamples = `SELECT toInt64(count()) FROM (SELECT 1 FROM samples WHERE app = {app:UInt32} AND call = {call:UInt64} LIMIT 1)`
	anyEvents  = `SELECT toInt64(count()) FROM (SELECT 1 FROM events WHERE app = {app:UInt32} AND call = {call:UInt64} LIMIT 1)`
)

// Profile returns what the profile of a call is made of, or ErrNotFound.
func (q *Query) Profile(ctx context.Context, app rtc.AppID, call rtc.CallID) (*profile.Rows, error) {
	rows := &profile.Rows{}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() (err error) { rows.Call, err = q.Call(ctx, app, call); return err })
	group.Go(func() (err error) { rows.Sessions, err = q.Sessions(ctx, app, call); return err })
	group.Go(func() (err error) { rows.Outcomes, err = q.Outcomes(ctx, app, call, 0); return err })
	group.Go(func() (err error) {
		params := append(ofCall(app, call), clickhouse.Uint("severity", profile.Troubling))
		rows.Troubled, err = ask(ctx, q.db, clickhouse.Question{SQL: troubledOfCall, Params: params, Cheap: true, Settings: newest}, sessionIDFields)
		return err
	})
	group.Go(func() (err error) {
		params := append(ofCall(app, call), clickhouse.Float("loss", quality.HighQualityLoss))
		rows.Media, err = ask(ctx, q.db, clickhouse.Question{SQL: mediaOfCall, Params: params, Cheap: true, Settings: newest}, mediaFields)
		return err
	})
	for sql, kept := range map[string]*bool{anySamples: &rows.SamplesKept, anyEvents: &rows.EventsKept} {
		group.Go(func() error {
			n, err := q.count(ctx, sql, ofCall(app, call))
			*kept = n > 0
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, fmt.Errorf("look at call %s as a whole: %w", call, err)
	}
	return rows, nil
}
