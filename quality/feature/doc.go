// Package feature makes the feature set of a session: a few hundred facts that
// are known only when it is over, at three scopes (client, connection, track).
//
// There are three sets. Those of jitsi and rtcstats have the names and the
// definitions of the Jitsi rtcstats-server and of rtcstats-features, so that
// what was built on them goes on working; where theirs is wrong or says 0 for
// what nobody measured, ours differs, and the test of the recordings says so
// name by name. The set peerglass has what both leave out.
//
// An Extractor is a sink of records: replay a dump into it and ask for its
// Features. It derives everything from the records alone, with the client's
// clock, keeps what the declarations ask for and no more, and its memory is
// bounded whatever a dump holds. It never guesses: what was not measured is
// left out. Each feature is one declaration, in the file of its set and scope;
// docs/features.md is written from them. It is tested on the recordings of
// others, on two of our own with golden files, and by a fuzz target.
package feature
