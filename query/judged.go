package query

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sync/errgroup"

	"github.com/peerglass/peerglass/quality/verdict"
	"github.com/peerglass/peerglass/rtc"
	"github.com/peerglass/peerglass/store/clickhouse"
)

// Judged returns all that a verdict of the call rests on. A call that is not
// stored has none.
func (q *Query) Judged(ctx context.Context, app rtc.AppID, call rtc.CallID) (*verdict.Rows, error) {
	rows := &verdict.Rows{}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		if rows.Call, err = q.Call(ctx, app, call); errors.Is(err, ErrNotFound) {
			return nil
		}
		return err
	})
	group.Go(func() (err error) { rows.Sessions, err = q.Sessions(ctx, app, call); return err })
	group.Go(func() (err error) { rows.Connections, err = q.Connections(ctx, app, call, 0); return err })
	group.Go(func() (err error) { rows.Streams, err = q.Streams(ctx, app, call, 0); return err })
	group.Go(func() (err error) { rows.Issues, err = q.Issues(ctx, app, call, IssueFilter{}); return err })
	group.Go(func() (err error) { rows.Outcomes, err = q.Outcomes(ctx, app, call, 0); return err })
	group.Go(func() error {
		told, err := q.Verdicts(ctx, app, []rtc.CallID{call})
		rows.Verdict = told[call]
		return err
	})
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return rows, nil
}

var appFields = []field[rtc.AppID]{fromUint64("app", func(r *rtc.AppID, v uint64) { *r = rtc.AppID(v) })}

// Apps returns the apps that have calls.
func (q *Query) Apps(ctx context.Context) ([]rtc.AppID, error) {
	apps, err := ask(ctx, q.db, clickhouse.Question{SQL: "SELECT " + list(appFields) + " FROM calls GROUP BY app ORDER BY app"}, appFields)
	if err != nil {
		return nil, fmt.Errorf("list the apps that have calls: %w", err)
	}
	return apps, nil
}
