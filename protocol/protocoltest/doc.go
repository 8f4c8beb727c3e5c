// Package protocoltest is what the tests of the decoders share: the sinks that
// print, count and check records, and the golden files that hold what frames
// give. It must never be imported by the program.
package protocoltest
