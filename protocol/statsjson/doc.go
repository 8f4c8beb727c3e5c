// Package statsjson walks a JSON statistics object,
// {"id":{"member":value,…},…,"timestamp":…}, straight into a reused rtc.Stats:
// no tree is built, nothing is allocated once the buffers have grown, and
// what the dictionary does not know is passed on with its name. The protocols
// that speak JSON stand on it; its Scanner also reads their envelopes.
//
// It knows nothing of any protocol, keeps no reports from one object to the
// next, and bounds what it reads by the limits of package protocol. It is
// tested by golden files, against encoding/json, by a fuzz target and by
// allocation budgets.
package statsjson
