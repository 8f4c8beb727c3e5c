package query

import (
	"errors"
	"time"

	"github.com/peerglass/peerglass/store/clickhouse"
)

// Query asks the store. It is safe for concurrent use.
type Query struct {
	db  *clickhouse.Client
	now func() time.Time
}

// New returns the questions over a store: query.New(store.Client(), time.Now).
// The clock gives calls in progress their duration.
func New(db *clickhouse.Client, now func() time.Time) *Query { return &Query{db: db, now: now} }

// ErrNotFound says that the app has no such thing. It does not tell whether
// another app has it.
var ErrNotFound = errors.New("there is no such call or session in this app")

// ErrCursor says that a cursor was not made by this question.
var ErrCursor = errors.New("the cursor does not belong to this list: leave it out to start from the beginning")

// ErrTooBusy says that the engine refused a question for lack of memory or
// time; a smaller range will do.
var ErrTooBusy = errors.New("the question needs more than the store may spend on it: ask for a shorter time range")
