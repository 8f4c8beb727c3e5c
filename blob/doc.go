// Package blob keeps files that are written once and read as a whole: raw
// dumps, exports, recordings. Keys are paths with slashes, beginning with the
// app's number. A blob is there whole or not at all, and stays as it was put.
// It knows nothing of what is in a blob. It is tested by one conformance suite
// that every implementation passes.
package blob
