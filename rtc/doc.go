// Package rtc is the vocabulary of Peerglass: calls, sessions, connections,
// streams, samples and events, the records that protocols decode into, and the
// dictionary of W3C statistics members. Every other package speaks in these
// words; rtc itself imports nothing of ours and does no work beyond holding
// and looking up.
package rtc
