// Package match says who sends what a user receives. It reads the rows of one
// call and finds for each received stream the stay that sends it and the
// streams that it is there, with what tells so: the number of the stream, its
// track, its place in a connection between two, what the application told, or
// that nobody else was there.
//
// It is pure: rows in, matches out, no clock, no store. It never guesses: where
// two fit alike, and their times do not tell them apart clearly, or where two
// things contradict each other, there is no match, and what was tried is told.
//
// It also says how well a received stream came, by the thresholds that
// PRODUCT.md names: good, fair, poor, or not at all.
//
// The cost is that of reading the rows: senders are found through maps, so that
// a call of 300 people who all receive each other takes under a second.
package match
