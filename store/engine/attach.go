package engine

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"path/filepath"
	"syscall"
	"time"
)

// Attach connects to the engine that another process runs in dir. Closing what
// it returns leaves that engine alone. It returns nil without an error if none
// answers there.
func Attach(ctx context.Context, dir string) (*Engine, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("find the engine: %w", err)
	}
	e := &Engine{
		opts: Options{Dir: dir}, socket: filepath.Join(dir, "engine.sock"),
		stop: make(chan struct{}), done: make(chan struct{}), ready: make(chan struct{}),
	}
	close(e.ready)
	close(e.done)
	e.http = &http.Transport{
		DialContext:        func(ctx context.Context, _, _ string) (net.Conn, error) { return e.DialContext(ctx, "") },
		DisableCompression: true, MaxIdleConnsPerHost: 8, IdleConnTimeout: time.Minute,
	}
	var d net.Dialer
	c, err := d.DialContext(ctx, "unix", e.socket)
	switch {
	case err == nil:
		return e, c.Close()
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, syscall.EINVAL): // EINVAL: too long a path for a socket
		return nil, nil
	}
	return nil, fmt.Errorf("connect to the running engine: %w", err)
}
