// Package issue finds impairments: it follows the rows of one session and says
// what went wrong, when, how badly, why and on whose side. A detector is one
// file with one declaration; Watch runs them all. It is pure: it knows no time
// but that of the rows, no store and no other session, so that the same rows
// always give the same issues. What only the other end of a stream can tell is
// added by package verdict.
//
// A detector that judges samples says of each how bad it is, why, and on whose
// side (Mark); marks make an issue once they have lasted for Hold, and end it
// after Clear without one. It begins with the first marked interval, ends with
// the last, and has the cause that explains most of its time. The samples of a
// poll are judged together when the poll is complete, so that a detector can
// look at the other streams of the connection (Stream.Now), at what is usual of
// a stream (baseline), at what events told of its track (facts), and at what may
// be the reason (why). One that follows events opens and closes its issues
// itself.
//
// It must say nothing of what is muted, paused, hidden, switched off or has just
// begun, and nothing of what was not measured. Where it cannot know, as of a
// stream whose sender stopped without telling, it is never more than low. A
// stream in which nothing is wrong allocates nothing.
//
// Tests: a table of faults for each detector, polled every one, two and five
// seconds; whole calls in the language of package calls; recordings of others
// and of the rig with known damage (package fidelity); a benchmark.
package issue
