// Package observertc decodes the samples of @observertc/client-monitor-js 4
// (ClientSample of schema 3.0.0), as JSON and as the protobuf messages that
// @observertc/samples-encoder 3.0.0 makes of them. Who reads a sample's call
// and client before it is kept, asks Peek; Split takes a request's body apart.
//
// The encoder leaves out what did not change since the sample before: its
// messages make sense only in their order, and the decoder keeps of them what
// the next one needs (ids and times of reports, the last event). An encoder
// that begins anew tells everything again.
//
// The package never opens a connection, never looks at a clock, never keeps
// the values of reports, and invents nothing for what was left out of a stream
// that it did not see from its beginning. It is tested by golden files of a
// recorded call in both encodings, which have to give the same records, and by
// a fuzz target.
package observertc
