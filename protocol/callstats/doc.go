// Package callstats decodes what clients of callstats send by HTTP: the
// JavaScript client callstats-js 3.73.16, and native clients of its REST API.
// ParsePath says what a request is about, AppendFrame makes of its body the
// frame that is kept and that Decoder decodes, SignToken makes the token that a
// client gets for its own, and StayID names a user's stay in a conference.
//
// A fabric is a peer connection: its id is the connection's name. A conference
// is a room.
//
// The package never opens a connection, never looks at a clock and keeps no
// reports: of each fabric it remembers the state that was told last. It never
// takes a client's word for who its user is: that is in the frame, from the
// token. It is tested by golden files, by a recorded call of the unmodified
// client, and by a fuzz target.
package callstats
