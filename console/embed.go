package console

import (
	"embed"
	"io/fs"
	"net/http"
	"path"
	"strings"
)

//go:embed placeholder.html all:dist
var files embed.FS

// Built reports whether the console's files are in this binary.
func Built() bool {
	_, err := fs.Stat(files, "dist/index.html")
	return err == nil
}

// Handler serves the console. A path that is no file is a place in the
// single-page application and gets its index; where the console was not built,
// a page that says how to.
func Handler() http.Handler {
	index := "dist/index.html"
	if !Built() {
		index = "placeholder.html"
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := strings.TrimPrefix(path.Clean("/"+r.URL.Path), "/")
		if info, err := fs.Stat(files, "dist/"+name); name != "" && err == nil && !info.IsDir() {
			if strings.HasPrefix(name, "assets/") {
				// Vite puts a hash of the content into these names.
				w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
			}
			http.ServeFileFS(w, r, files, "dist/"+name)
			return
		}
		if strings.HasPrefix(name, "assets/") {
			http.NotFound(w, r) // a chunk of an older build: a page in its place would be taken for script
			return
		}
		body, err := files.ReadFile(index)
		if err != nil {
			http.Error(w, "the console's index is missing from this build", http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Cache-Control", "no-cache")
		_, _ = w.Write(body)
	})
}
