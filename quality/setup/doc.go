// Package setup follows how one session came to media: whether it tried and
// joined, how long that took and in which part, and which of its streams
// carried anything. It fills the set-up part of rtc.Outcome.
//
// It is pure: it knows no time but that of the rows, no store and no other
// session, so that the same rows always give the same outcome. It never takes
// a missing figure for zero.
//
// Tests: tables of rows, one for each kind of client, and real recordings whose
// times were read from the files by hand.
package setup
