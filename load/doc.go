// Package load drives a Peerglass server on this machine with recorded
// sessions replayed as many clients, and measures what it did: frames and
// acknowledgements, the server's processor time and memory, and what was found
// in the store afterwards. It refuses to talk to any address but loopback, and
// always ends.
package load
