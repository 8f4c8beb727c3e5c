// Package quality turns statistics into figures: metrics per stream and
// interval now; scores, issues and features build on them. It is pure: no
// clock, no input or output, no state beyond its arguments, so that any figure
// can be recomputed from a dump. It must never import session or store.
package quality
