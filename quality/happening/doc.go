// Package happening says in the words of people what the stored events of a
// stay mean: who joined and left, when the way up and down stood, what was
// switched on, muted, plugged in or lost, what the application and the user
// told. It gives them the ids and names under which the consoles of others list
// them (Huawei SparkRTC, Table 4-1; Tencent RTC, end-to-end details).
//
// Of takes the rows of one stay, as they are stored and in their order, and
// keeps a small state for it: which connections stood, which tracks there are
// and what is on. Whole sees all stays of a call: the order of joins, the peak.
// Types declares what there is to say, each with where it comes from;
// docs/events.md is written from it.
//
// It is pure: it knows no time but that of the rows and no store, so that the
// same rows always give the same answer, of every protocol alike. It must say
// nothing that no row tells: what a browser cannot see is there when the
// application tells it, and otherwise not. No value, however odd, makes it
// panic, and what a client can make it remember is bounded.
//
// Tests: a table of events for each type, recordings of every protocol with
// what is in them written down by hand, a fuzz test over values, and a check
// of the documentation.
package happening
