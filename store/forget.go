package store

import (
	"context"
	"fmt"

	"github.com/peerglass/peerglass/rtc"
	"github.com/peerglass/peerglass/store/clickhouse"
)

// derived are the tables of what is derived from the records of a session,
// but for its own row.
var derived = []string{"samples", "intervals", "events", "streams", "connections", "issues", "outcomes", "features"}

// Forget deletes what was derived of sessions of a call, and the call's
// verdict, before it is written anew. Rows that are handed over after it
// returns are not affected.
func (s *Store) Forget(ctx context.Context, app rtc.AppID, call rtc.CallID, sessions []rtc.SessionID) error {
	params := []clickhouse.Param{clickhouse.Uint("app", app), clickhouse.Uint("call", call), clickhouse.Uints("sessions", sessions)}
	// First: who asks meanwhile must not look for samples where there are none.
	if err := s.db.Exec(ctx, clickhouse.Question{SQL: takeAllBack, Params: params[:2], Cheap: true}); err != nil {
		return fmt.Errorf("take back what is condensed of a call that is written anew: %w", err)
	}
	// What issues are found by, while they are there; then what is known of them,
	// for they may be written again as they were.
	stays := make([]stayKey, len(sessions))
	for i, session := range sessions {
		stays[i] = stayKey{app, call, session}
	}
	if !s.traits.write(ctx, takeIssuesBack, 0, stays) {
		return fmt.Errorf("take back what issues of a call that is written anew are found by: %w", s.because(ctx.Err()))
	}
	s.traits.forget()
	const ofCall = " WHERE app = {app:UInt32} AND call = {call:UInt64}"
	for _, table := range derived {
		sql := "DELETE FROM " + clickhouse.Quote(table) + ofCall + " AND session IN {sessions:Array(UInt64)}"
		if err := s.db.Exec(ctx, clickhouse.Question{SQL: sql, Params: params, Settings: []string{"workload", "heavy"}}); err != nil {
			return fmt.Errorf("delete from %s what is written anew: %w", table, err)
		}
	}
	if err := s.db.Exec(ctx, clickhouse.Question{SQL: "DELETE FROM verdicts" + ofCall, Params: params[:2], Settings: []string{"workload", "heavy"}}); err != nil {
		return fmt.Errorf("delete the verdict that is told anew: %w", err)
	}
	return nil
}
