// Package clickhouse holds one conversation with a ClickHouse: statements,
// typed answers and columnar inserts over its HTTP interface, be it the
// embedded engine behind a unix socket or a server at a URL. It knows nothing
// of calls and samples. It must never build a statement out of values: every
// value is a bound parameter. It is tested against a scripted HTTP server here
// and against real engines by the suites of store and query.
package clickhouse
