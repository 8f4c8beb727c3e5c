package api

import (
	"context"
	"errors"
	"net/http"
	"runtime"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// Ill is what is wrong with a part in words for everybody: it names no path and
// no address. A health check may return it, or wrap it.
type Ill string

func (i Ill) Error() string { return string(i) }

// healthFor is how long a part may take to say that it is well: who asks wants
// an answer, and one that waits for an answer is none.
const healthFor = 3 * time.Second

func (a *API) aboutRoutes() {
	const tag = "about"
	answer(a, public(route(http.MethodGet, "/version", "version", tag, "What is running")), func(context.Context, *nothing) (Version, error) {
		return Version{Version: a.Version, Go: runtime.Version()}, nil
	})
	huma.Register(a.huma, public(route(http.MethodGet, "/health", "health", tag, "Whether each part works; 503 where one does not")), func(ctx context.Context, _ *nothing) (*struct {
		Status int
		Body   Health
	}, error) {
		out := &struct {
			Status int
			Body   Health
		}{http.StatusOK, Health{OK: true, Parts: map[string]string{}}}
		for name, check := range a.Health {
			out.Body.Parts[name] = "ok"
			checking, cancel := context.WithTimeout(ctx, healthFor)
			err := check(checking)
			cancel()
			if err != nil {
				// The cause may name paths and addresses: it is for the log.
				a.Log.WarnContext(ctx, "a part is ill", "part", name, "error", err)
				out.Status, out.Body.OK, out.Body.Parts[name] = http.StatusServiceUnavailable, false, "does not answer; the cause is in the server's log"
				var ill Ill
				if errors.As(err, &ill) {
					out.Body.Parts[name] = string(ill)
				}
			}
		}
		return out, nil
	})
}
