// Package profile sums a call up in the figures of a room profile: how many
// came, whether they got in, whether what they sent and received went through,
// and how much of it stood still (SparkRTC's "Room profile").
//
// It is pure: rows in, figures out. Each figure says what it is a share of and
// how it was counted, is NaN where nothing was measured, and has a grade where
// there is a bound to hold it against. The rates themselves are defined in
// package quality. It must never import store or session. Tests give it small
// calls by hand.
package profile
