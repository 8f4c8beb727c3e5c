// Package demo is a small two-party call page with the SDK in it, at /demo, so
// that a newcomer sees a call in the console a minute after the start. Its
// signalling passes messages between the two tabs of a room and keeps nothing.
//
// It is meant for the demo alone: it must never become the way into a real
// call, and it knows nothing of ingest, sessions or the store; its page uses
// the SDK as any page would.
package demo

import "net/http"

// Options of the demo.
type Options struct {
	// Key returns the ingest key that the page gives to the SDK; "" makes the
	// page say that there is none. It is asked on every load.
	Key func() string
	// Console is the address of the console that the page links to; "/" if
	// empty.
	Console string
}

// Handler serves /demo, the files below it, and /demo/signal, the WebSocket
// over which the two tabs of a room find each other.
func Handler(o Options) http.Handler { return http.NotFoundHandler() }
