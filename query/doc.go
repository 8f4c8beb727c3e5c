// Package query holds the questions that the API asks of the store, each a
// typed method with one SQL text. Every question is bound to one app, takes
// bound parameters only, and ends with its context. Answers come from the
// store alone, so any node gives the same one. It must never write, and never
// join values into a statement. The suite in this package runs against every
// engine there is: the embedded one, and the ClickHouse that
// CLICKHOUSE_TEST_DSN names.
package query
