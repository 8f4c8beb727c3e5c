// Package ingest takes what clients send: it authenticates a connection to an
// app, bounds size, rate and count, appends each frame to the spool, passes it
// through the protocol's decoder into its session, and acknowledges it only
// when the spool has it on disk. It keeps a session alive over the loss of its
// connection, replays the spool after a crash, and turns a finished session
// into its raw dump before its frames leave the spool. It also imports files.
//
// A protocol is one file here (jitsi.go, rtcstats.go, native.go): a wire, which
// knows the protocol's addresses, greetings, acknowledgements and close codes,
// and nothing of spool, store or sessions. ingest never derives a figure,
// never looks a row up to answer a client, and never logs a record.
//
// It is tested with a real spool and real WebSocket clients, among them a
// child process that is killed while it takes frames.
package ingest
