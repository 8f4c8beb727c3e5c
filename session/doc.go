// Package session holds one client's stay in memory: it lays statistics
// patches over the reports that a peer connection had, turns counters into
// samples with package quality, keeps streams, connections and events, maps
// the client's clock to the server's, and says which call the stay belongs to.
// Rooms says which call is open in which room.
//
// Everything derived comes from the records and the times they carry, so that
// a replay of the same records gives the same rows. A session must never read
// a clock, wait, or know a wire protocol or a store.
//
// It is tested with hand-written record sequences, with properties (deltas add
// up to the counter, a replay is identical) and with recordings of real calls,
// whose totals must equal what their own counters said last.
package session
