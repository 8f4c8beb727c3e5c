// Package pion watches the peer connections of a Go program that is built on
// github.com/pion/webrtc: a client, a bot, a gateway or an SFU. What it sends
// is the native protocol (docs/protocol.md), so that such a session stands in
// its call like a browser's.
//
//	observatory, err := pion.New(pion.Config{Endpoint: "https://peerglass.example", Key: "pgk_…"})
//	session := observatory.Join(pion.Identity{Room: "standup", User: "alice"})
//	pc, err := session.NewPeerConnection(webrtc.Configuration{}) // instead of webrtc.NewPeerConnection
//
// A program with a webrtc.API of its own adds Interceptor to its registry and
// calls Session.Wrap, one line for each connection. An SFU joins once for each
// participant. What the other end reports of a sent stream (loss, round-trip
// time) is seen as long as both programs read their senders and receivers, as
// Pion wants them to.
//
// The package never returns an error of its own into a call: what the wrapped
// connection returns is what the program gets. It never blocks one either:
// records wait in a bounded buffer and are sent beside. Figures that Pion does
// not measure are left out, not sent as 0.
//
// It is tested with real calls between Pion's own connections over loopback,
// against the real ingest.
package pion
