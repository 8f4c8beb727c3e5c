// Package setup follows how one session came to media: whether it tried and
// joined, how long that took and in which part, and which of its streams
// carried anything. It fills the set-up part of rtc.Outcome, and tells the
// detectors how far a session has come.
//
// The join begins with the first of the steps that lead to the first
// connection: the app's join, its call of getUserMedia, the creation of the
// connection. A page that rests for more than ten seconds between two of them
// waits for somebody or shows a preview; then the join begins with the step
// after. The time in which getUserMedia is under way belongs to the device and
// the user, not to the network: it is kept apart as the device part, and is
// not in any other figure. The join ends when the first connection is
// connected.
//
// A user has tried who connected, or whose attempt failed, or who waited for
// five seconds; one who left before is neither a success nor a failure. Joined
// has who was connected, unless the statistics show that nothing flowed though
// something was to.
//
// It is pure: it knows no time but that of the rows, no store and no other
// session, so that the same rows always give the same outcome. It never takes
// a missing figure for zero.
//
// Tests: tables of rows, one for each kind of client, and real recordings whose
// times were read from the files by hand.
package setup
