// Package store keeps what sessions derive in ClickHouse: the embedded engine
// (store/engine) or any server by URL, through one HTTP interface. It owns the
// schema, which it brings up to date at start; the appending, in columnar
// batches that are at most a second old and are repeated until they are
// acknowledged; and retention.
//
// The callers of a Sink's methods never wait for the engine: rows gather in
// memory, Backlog tells how many bytes of them wait, and it is the caller's
// part to stop deriving while there are too many. Every row is written so that
// writing it again changes nothing. The store must never drop a row that it
// took, and never ask or answer a question of the product: that is query's.
//
// Tests run one suite against every engine: the embedded one, and the
// ClickHouse that CLICKHOUSE_TEST_DSN names; one that is missing is skipped
// with a printed reason.
package store
