package query

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"syscall"
	"time"

	"github.com/peerglass/peerglass/store/clickhouse"
)

// Query asks the store. It is safe for concurrent use.
type Query struct {
	db     *clickhouse.Client
	now    func() time.Time
	search search
}

// New returns the questions over a store: query.New(store.Client(), time.Now).
// The clock gives calls in progress their duration.
func New(db *clickhouse.Client, now func() time.Time) *Query { return &Query{db, now, sensible} }

// ErrNotFound says that the app has no such thing. It does not tell whether
// another app has it.
var ErrNotFound = errors.New("there is no such call or session in this app")

// ErrCursor says that a cursor was not made by this question.
var ErrCursor = errors.New("the cursor does not belong to this list: leave it out to start from the beginning")

// ErrTooBusy says that the engine refused a question for lack of memory or
// time; a smaller range will do.
var ErrTooBusy = errors.New("the question needs more than the store may spend on it: ask for a shorter time range")

// ErrAway says that the engine could not be reached, or went away in the middle
// of its answer: it is started again.
var ErrAway = errors.New("the store does not answer at the moment: ask again shortly")

// explain turns the engine's refusals into errors that callers can show.
func explain(err error) error {
	if clickhouse.IsCode(err, clickhouse.CodeMemoryLimit, clickhouse.CodeTimeout, clickhouse.CodeTooManyRows,
		clickhouse.CodeTooManyBytes, clickhouse.CodeTooManyQueries) {
		return fmt.Errorf("%w (%w)", ErrTooBusy, err)
	}
	// Neither an answer of the engine nor the caller's own end: it is not there.
	var way *url.Error
	gone := errors.As(err, &way) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET)
	if gone && !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("%w (%w)", ErrAway, err)
	}
	return err
}

// newest makes the last version of a row stand for all. A key lies in one
// partition, so partitions need not be merged with each other.
var newest = []string{"do_not_merge_across_partitions_select_final", "1"}

// newestOfKept is newest where the filter is by what hardly any version of a
// row changes, room and user: granules that an index leaves out are not read
// again for newer versions there. A session that was renamed from one user to
// another may thus be found under both, until its versions are merged.
var newestOfKept = append([]string{"use_skip_indexes_if_final_exact_mode", "0"}, newest...)

// largest bounds an open range of times: the year 2262 is the last that the
// store can hold, 2200 is far enough.
var largest = time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli()

// span returns the bounds of a range in Unix ms, open ends included.
func span(from, to time.Time) (int64, int64) {
	first, last := int64(0), largest
	if !from.IsZero() {
		first = from.UnixMilli()
	}
	if !to.IsZero() {
		last = to.UnixMilli()
	}
	return first, last
}
