// Package native is Peerglass's own wire protocol: what the browser SDK
// speaks. docs/protocol.md describes it for those who write another client;
// the example there is checked by a test of this package.
//
// A client opens with a hello, then sends numbered batches. A batch is a
// small header (Header), which the server reads to order, de-duplicate and
// acknowledge, and a body, compressed on its own, which only the Decoder
// reads. Control messages (hello, welcome, ack, error) are JSON text.
//
// Statistics are differences from what the same session sent before, so the
// decoder keeps one base per report and member. That is the one exception to
// the rule that decoders keep no report state: without it a poll would be
// three times as large. The base is a number, not a report; it is bounded,
// depends on the batches alone, and is replaced when a full poll comes.
//
// The package never opens a connection, never looks at a clock, and never
// decides whether a client may send. It is tested by golden files, by a
// round trip of generated polls through Encoder and Decoder, by a fuzz
// target, and by allocation budgets.
package native
