// Package peermetrics decodes the requests of peermetrics' JavaScript SDK
// (@peermetrics/sdk 2.7): JSON in bodies of text/plain, each with the token that
// its first request, initialize, was answered with. ParseInitialize reads that
// one; NewFrame takes the token out of any other and makes the frame that is
// kept; TokenOf reads whose a token is before it is checked.
//
// The statistics are those that @peermetrics/webrtc-stats 5.9 makes of a poll:
// the browser's RTP reports with parts of others hung into them, and rates of
// its own. The decoder takes the browser's reports out again and leaves the
// rates out: they are worked out here from the same counters as everybody's.
//
// The package never opens a connection, never looks at a clock, keeps no
// reports and no tokens. It is tested by golden files, by a recorded call and
// by a fuzz target.
package peermetrics
