// Package watchrtc decodes what @testrtc/watchrtc-sdk 1.43.1 sends: control
// messages as JSON arrays, everything else as JSON arrays that LZ-string
// packed, and the few messages that it sends by HTTP requests where it has no
// WebSocket. ParseRequest and ParsePost read the requests, AppendWelcome and
// AppendError build the answers, Clean takes the credentials out of a message
// before it is kept.
//
// The package never opens a connection, never looks at a clock, keeps no
// reports, and unpacks no more than protocol.MaxFrame of a message. It is
// tested by golden files, by a recorded call, by a fuzz target and against
// packed texts of the client's own packer.
package watchrtc
