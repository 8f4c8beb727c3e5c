// Package protocol is what the decoders of the wire protocols share. Each
// protocol is a package below this one and turns bytes into rtc records; what
// getStats results of them share is in statsjson, what their tests share in
// protocoltest. A decoder knows nothing of apps, calls, storage or of other
// protocols; it bounds what it reads, never panics, and keeps nothing that
// grows with the input beyond its stated limits.
package protocol
