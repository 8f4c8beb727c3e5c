// Package calls is a small language for calls: a text file says what happened
// in a call, in the words of WebRTC, and what must be found of it. README.md is
// its reference.
//
// A case goes one way: Parse reads it; a model of libwebrtc's senders and
// receivers turns it into the reports that each browser would have given at
// each poll; these go as records through session, quality and what stands on
// them, as any client's do; Check compares what came out with what the case
// expects.
//
// The model must never know what a detector looks for: it only counts what a
// browser counts. Expectations say what is right, not what the code does.
//
// It is tested by its cases in testdata, by tests of the parser's errors, by
// tests of the model's counters against each other, and by a fuzz target.
package calls
