// Package fidelity judges Peerglass against calls whose truth is known: the
// recordings that the rig makes (rig/, e2e/rig/). Each is a folder with the raw
// dump of every stay, as Peerglass keeps it, and truth.json.gz: which frames were
// shown when, what was heard, and what the relay did to each packet.
//
// Open reads a recording, Replay takes its dumps through the real decoder,
// session and watchers, Measure holds the figures against the truth, and
// Judge the issues and the verdict against what was done to the call. The
// command in fidelity/report writes docs/fidelity.md from a whole collection.
//
// It must never derive a figure of Peerglass by itself, nor soften a truth to
// fit one: how each truth is obtained stands beside it and in the document. Its
// tests replay the recordings in testdata, one of each condition, and hold
// what has been reached.
package fidelity
