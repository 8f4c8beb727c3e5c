package sdk

import (
	"embed"
	"io/fs"
	"net/http"
	"strings"
)

//go:embed all:dist
var files embed.FS

const missing = `console.warn("Peerglass: this build of the server has no browser SDK in it. Build it with: npm ci && npm run build -w sdk, then build the server again.");
`

// Built reports whether the SDK is in this binary.
func Built() bool {
	_, err := fs.Stat(files, "dist/sdk.js")
	return err == nil
}

// Handler serves the SDK's files by the last element of the path: sdk.js (the
// classic script), index.mjs (the module), callstats.js (for pages written for
// callstats.js; also as callstats.min.js) and their source maps. Any page may
// load them. Where the SDK was not built, a script is a line that says how to.
func Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]
		if name == "callstats.min.js" { // as pages have it
			name = "callstats.js"
		}
		h := w.Header()
		h.Set("Access-Control-Allow-Origin", "*")
		h.Set("Cross-Origin-Resource-Policy", "cross-origin")
		h.Set("X-Content-Type-Options", "nosniff")
		// A page must not run for days with the client of another server
		// version; five minutes spare it most of the requests.
		h.Set("Cache-Control", "public, max-age=300")
		body, err := files.ReadFile("dist/" + name)
		switch {
		case err == nil && strings.HasSuffix(name, "js"):
			h.Set("Content-Type", "text/javascript; charset=utf-8")
			_, _ = w.Write(body)
		case err == nil && strings.HasSuffix(name, ".map"):
			h.Set("Content-Type", "application/json")
			_, _ = w.Write(body)
		case name == "sdk.js" || name == "callstats.js":
			h.Set("Content-Type", "text/javascript; charset=utf-8")
			h.Set("Cache-Control", "no-store")
			_, _ = w.Write([]byte(missing))
		default:
			http.NotFound(w, r)
		}
	})
}
