// Package spool is the log that "nothing acknowledged is lost" rests on: every
// frame that a client sends is appended to it, as it came, before the client
// hears of it. Appends are queued under a short lock and committed in groups,
// one fsync a group, by one goroutine; a Log tells up to where its frames are
// on disk. A session's frames are read back in order, after a crash or when
// the store was away, and go with Delete once its rows and its dump are safe.
//
// It never looks into a frame, never drops one that it accepted, and never
// uses more disk than its budget: beyond that, or when the disk is full, it
// refuses new frames with an error that says so, keeps what it has, and goes
// on by itself when there is room again.
//
// It is tested on a real disk (Pebble has no other mode here), with a child
// process that is killed, and on a small tmpfs that runs full.
package spool
