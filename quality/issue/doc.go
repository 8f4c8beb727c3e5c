// Package issue finds impairments: it follows the rows of one session and says
// what went wrong, when, how badly, why and on whose side. A detector is one
// file with one declaration; Watch runs them all. It is pure: it knows no time
// but that of the rows, no store and no other session, so that the same rows
// always give the same issues. What only the other end of a stream can tell is
// added by package verdict.
//
// Tests: a table for each detector here, whole calls in the language of package
// calls, and real calls with known damage in package fidelity.
package issue
