// Package internals reads exports of chrome://webrtc-internals, and the older
// JSON form of the first rtcstats-server, whose reports are whole. It is for
// files only: there is no wire of it.
//
// An export holds each member of each report as a list over time; reading
// turns the lists back into polls and merges them with the log of API calls,
// ordered by time. Members that the browser itself computed ("[bytesSent/s]")
// are left out. The whole file is held in memory once, in place, below a
// stated limit; nothing else grows with it but a few words per list.
//
// Tested on recordings of three generations and by a fuzz target.
package internals
