// Package verdict says what was wrong with a call and on whose side. It reads
// the rows of all who were in the call: an issue that one client has is looked
// at from the other end of the same stream, from the sender's other receivers
// and from the receiver's other senders, and moved to the side where the cause
// is; then the worst of what is left is told in one to three sentences.
//
// It is pure: rows in, rows out, no clock, no store, no samples, so that the
// same rows always give the same verdict, and giving it its own answer changes
// nothing. It must never say more than the evidence tells: where two sides
// cannot be told apart it names what lies between them, and where nothing is
// wrong it says nothing.
//
// Of a call with more than 2,000 issues only the worst are looked at
// from the other ends, so that the cost stays near that of reading the rows; the
// rest keep the source that their own session gave them.
//
// Tests: tables of calls, written as who sends to whom and what each saw;
// properties; whole calls in package calls, and real ones in package fidelity.
package verdict
