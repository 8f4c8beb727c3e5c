package clickhouse

import (
	"net/http"
)

// Options says where the ClickHouse is and how to reach it.
type Options struct {
	URL      string // http://host:8123; the host is a placeholder behind a unix socket
	Database string // "" is the server's default
	User     string
	Password string
	// Transport overrides the way there: the embedded engine's socket.
	Transport http.RoundTripper
	// CheapHeader is set on cheap questions, so that the engine's pool keeps
	// connections for them; empty where the server has no such pool.
	CheapHeader string
}

// Client speaks to one ClickHouse. It is safe for concurrent use.
type Client struct {
	o    Options
	http *http.Client
}
