// Package rtcstats reads and writes the wire of rtcstats-js (subprotocol
// rtcstats#5.0), which is also the lines of an RTCStatsDump of version 3: one
// JSON array a frame, with numbers for the names of methods, reports, members
// and types, times and statistics as differences, and session descriptions
// without the sections that did not change.
//
// The decoder keeps no statistics: a poll comes out as the patch that it is.
// It keeps the session descriptions that later ones are based on, a few per
// connection. It never allocates on the path of a poll. The encoder writes
// what the decoder reads, and packs as rtcstats-js does.
//
// Tested by golden files, by a recorded two-party call, by round trips and by
// a fuzz target.
package rtcstats
