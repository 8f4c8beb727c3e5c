// Package demo is a small two-party call page with the SDK in it, at /demo, so
// that a newcomer sees a call in the console a minute after the start. Its
// signalling passes messages between the two tabs of a room and keeps nothing.
//
// It is meant for the demo alone: it must never become the way into a real
// call, and it knows nothing of ingest, sessions or the store; its page uses
// the SDK as any page would. Tests speak to the signalling as a page does; the
// page itself is tried in a browser by e2e/demo.test.ts.
package demo

import (
	"embed"
	"html/template"
	"net/http"
	"path"
	"strings"
)

//go:embed page
var files embed.FS

var index = template.Must(template.ParseFS(files, "page/index.html"))

// Options of the demo.
type Options struct {
	// Key returns the ingest key that the page gives to the SDK; "" makes the
	// page say that there is none. It is asked on every load.
	Key func() string
	// Console is the address of the console that the page links to; "/" if
	// empty.
	Console string
	// Script is the address of the SDK; "/sdk.js" if empty.
	Script string
}

// policy is strict on purpose: the SDK must work in such a page.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self' blob:; " +
	"connect-src 'self'; worker-src 'self' blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// Handler serves /demo, the files below it, and /demo/signal, the WebSocket
// over which the two tabs of a room find each other.
func Handler(o Options) http.Handler {
	if o.Console == "" {
		o.Console = "/"
	}
	if o.Script == "" {
		o.Script = "/sdk.js"
	}
	rooms := newRooms()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /demo/signal", rooms.serve)
	mux.HandleFunc("GET /demo/{file}", func(w http.ResponseWriter, r *http.Request) {
		name := path.Base(r.URL.Path)
		if name == "index.html" {
			http.NotFound(w, r) // it is a template
			return
		}
		secure(w)
		http.ServeFileFS(w, r, files, "page/"+name)
	})
	page := func(w http.ResponseWriter, r *http.Request) {
		key := ""
		if o.Key != nil {
			key = o.Key()
		}
		secure(w)
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_ = index.Execute(w, struct{ Key, Console, Script string }{key, strings.TrimSuffix(o.Console, "/"), o.Script})
	}
	mux.HandleFunc("GET /demo", page)
	mux.HandleFunc("GET /demo/{$}", page)
	return mux
}

func secure(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(self), microphone=(self), display-capture=(self)")
	h.Set("Cache-Control", "no-cache")
}
