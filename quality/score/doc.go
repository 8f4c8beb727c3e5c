// Package score turns what a session received into a score from 0 to 10 with
// the reasons that lowered it.
//
// It is pure: rows in, an outcome out, no clock, no memory that grows with
// the call. It must never import session or store. The formula has a Version,
// stored beside every score; golden files hold the scores of each version, so
// that a coefficient cannot change without a new one. Properties say the rest:
// more loss, delay or stutter never raises a score, and the reasons add up to
// what is missing from 10.
package score
