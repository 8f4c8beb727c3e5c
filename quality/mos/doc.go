// Package mos holds the published formulas that turn plain numbers into a mean
// opinion score: the E-model for speech (ITU-T G.107, G.107.1, G.107.2) and an
// estimate for video.
//
// It knows no stream, codec report or clock, and imports nothing of ours, so
// that each formula can be read next to its Recommendation. A missing input is
// NaN and makes the result NaN: nothing is assumed silently. Constants carry
// their source; what no Recommendation publishes is named an estimate. The
// texts of the Recommendations were not at hand: equations and constants are
// those on which independent implementations agree.
//
// Tests hold the formulas to third-party vectors, to published anchors (the
// default connection is R = 93.2) and to properties: more loss, delay or
// freezes never raise a score.
package mos
