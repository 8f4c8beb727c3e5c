// Package jitsi decodes what the clients of Jitsi's rtcstats send, from
// rtcstats 5 to @jitsi/rtcstats 9.7.1, their backend clients (Jicofo, Jigasi,
// JVB), and the dumps that its server wrote, a line at a time. Chrome's legacy
// statistics come out as the standard's.
//
// A server needs more than decoding: ParseRequest reads the request of a
// WebSocket, ParseHead what a frame is and its sequence number without
// decoding it, Sequence what is new and what was sent again, AppendInitial and
// AppendAck build the answers.
//
// The package never opens a connection, never looks at a clock and keeps no
// reports. It is tested by golden files, by every recording of the wild, by
// fuzz targets and by allocation budgets.
package jitsi
