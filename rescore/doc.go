// Package rescore derives calls of the past again from their dumps, with the
// figures, detectors, formulas and words of the present program: samples,
// events, streams, issues, outcomes, features and the verdict. Each call is
// replaced as a whole: what is no longer found is gone.
//
// It works beside a running program or a stopped one, on calls that are over.
// It must never touch a call in progress, a call whose dumps cannot be read, or
// the rows of calls and sessions themselves.
//
// It is tested with the real program: a call is stored, spoilt, and derived
// again, and must be what it was.
package rescore
