// Package engine runs the embedded ClickHouse: the engine as a library
// (libchdb), in a child process that serves ClickHouse's HTTP interface on a
// unix socket.
//
// So there is one client, one SQL dialect and one text per question, whether
// the store stands on this child or on a cluster. A query that crashes or
// exhausts the engine ends the child, never the program.
//
// The two halves:
//
//   - [Start], in the program, starts the child, waits until it answers, and
//     starts it again when it crashes or hangs. [Engine] leads requests to it:
//     [Engine.HTTPClient] with [URL] for plain requests, [Engine.DialContext]
//     for clickhouse-go in HTTP mode.
//   - [Main], in the child, is the server: statements in the URL's query
//     parameter or the body, param_x bound parameters, database, query_id,
//     default_format, settings as further URL parameters, /ping, errors as
//     status + X-ClickHouse-Exception-Code + text. Data behind INSERT … FORMAT
//     is streamed. A request whose client goes away is killed.
//
// # Lanes
//
// A library connection runs one statement at a time, so the child has several,
// in three lanes that never wait for each other: cheap, heavy, insert. The
// URL parameter `workload`, a setting that ClickHouse has for this purpose and
// that a cluster may use too, chooses one. Without it an INSERT with data goes
// to insert, a SELECT … FROM and INSERT … SELECT to heavy, everything else
// (DDL, DESCRIBE, SHOW, SELECT 1) to cheap. Each lane has its own limit of memory per query;
// together they stay below the limit of the process.
//
// # Memory
//
// A query that outgrows its lane's share fails alone, with ClickHouse's error
// 241; before that, grouping and sorting go to disk. The process has a limit
// of its own, and a guard that gives back what the allocator keeps, and ends
// the process if it grows far beyond the limit all the same. A request may
// raise its own share (max_memory_usage): then only the process's limit holds.
//
// # Against a server
//
// Statements, errors and answers are those of a server's HTTP interface, with
// these differences: there are no sessions and no external tables; query_id is
// given back but not known to KILL QUERY; a format that begins and ends like a
// document (JSON, Parquet, …) is made in memory and limited to 64 MiB of data
// (Native, CSV, TabSeparated, JSONEachRow and the like are streamed); columns
// of types AggregateFunction, JSON, Dynamic and Variant cannot be sent as
// Native to a client that asks for a revision, as clickhouse-go does.
//
// # What it must never do
//
// It knows nothing of Peerglass's tables. It never retries a statement: who
// sent it knows whether that is safe. It uses no cgo.
//
// # How it is tested
//
// Against the real library, through its HTTP interface and clickhouse-go; the
// test binary itself is the child. Without the library the tests are skipped.
package engine
