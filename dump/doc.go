// Package dump keeps and reads recorded sessions as files.
//
// A raw dump is Peerglass's own: the frames of one session exactly as they
// came, each with the time at which the server received it, behind a header
// that says whose they are. Everything that was derived can be derived again
// from it. Open also reads what others record: dumps of the Jitsi
// rtcstats-server, RTCStatsDump files, and exports of chrome://webrtc-internals,
// each plain or gzip. WriteV3 writes any of them as an RTCStatsDump of version
// 3, which the public viewers open.
//
// The package never derives a figure, never trusts a size that a file claims,
// and never accepts a file that it does not understand: what cannot be read is
// refused with a *protocol.Error that says what the file seems to be. It is
// tested on the recordings of others where they are there, by round trips through
// WriteV3, and by a fuzz target.
package dump
