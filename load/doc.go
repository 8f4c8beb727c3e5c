// Package load drives a Peerglass server on this machine with recorded
// sessions replayed as many clients, and measures what it did: frames and
// acknowledgements, the server's processor time and memory, and what arrived.
// It refuses to talk to any address but loopback, and always ends.
//
// A client replays the whole recording as one session, again and again as if
// it left and made its peer connections anew, then starts another session.
// Times are shifted so that every frame is told at the time it is sent, ids
// are made unique, and two clients share a room. Recordings are those of the
// protocol packages; native batches are encoded from the Jitsi one.
package load
