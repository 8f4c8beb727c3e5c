// Package quality turns statistics into figures: metrics per stream and
// interval, on which scores, issues and features build. A Metric is one
// declaration, of which column, API field, label and documentation follow.
//
// Most metrics are what counters rose by in a Window. What no counter tells,
// stutter and delay, is estimated with a Memory that the stream keeps between
// polls; how that is done stands beside the formulas in gaps.go, outages.go
// and delay.go.
//
// The package is pure: no clock, no input or output, no state beyond its
// arguments, so that any figure can be recomputed from a dump. It must never
// import session or store, and never say 0 of what was not measured: a test
// holds that for each metric. Estimators are tested against pictures, packets
// and clocks whose truth is known; docs/metrics.md states how far off they are.
package quality
