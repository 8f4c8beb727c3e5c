// Package rig is a TURN relay that damages what it carries, so that tests can
// put real browsers into a call whose truth is known packet by packet.
//
// A Relay is a Pion TURN server on a loopback port of its own. What goes
// between a client and the relay passes one Link per user and direction, which
// drops, delays, holds back, bunches, caps and blacks out by a schedule of
// Rules. Everything that passes is counted, RTP by its SSRC too: SRTP leaves the
// headers readable, whose sequence numbers tell what died in the sender. Of the
// connectivity checks it knows when each came and left, over which path, and
// when a client stood still meanwhile. The command in rig/relay serves relays to a test driver in
// another language.
//
// It is test code: it listens on loopback only, knows no secret, and no other
// package of the program may import it. A Link is pure: time is an argument and
// chance has a seed, so that its tests prove each impairment without waiting;
// the Relay is tested with a TURN client and real UDP packets.
package rig
