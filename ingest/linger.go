package ingest

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

// lingering makes connections that are upgraded say their last word for
// certain. A TCP connection that is closed while bytes of the other end wait
// unread is reset, and a reset overtakes the close frame that tells why: the
// client would come back and do the same again.
type lingering struct{ http.ResponseWriter }

var _ http.Hijacker = lingering{}

// Hijack implements http.Hijacker.
func (w lingering) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	c, rw, err := http.NewResponseController(w.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	return &lingerConn{Conn: c}, rw, nil
}

// lingerConn ends its own side at Close and takes the other's rest for a moment.
type lingerConn struct {
	net.Conn
	closed atomic.Bool
}

const (
	lingerFor   = time.Second
	lingerBytes = 64 << 20
)

// Close implements net.Conn.
func (c *lingerConn) Close() error {
	if c.closed.Swap(true) {
		return net.ErrClosed
	}
	half, ok := c.Conn.(interface{ CloseWrite() error })
	if !ok || half.CloseWrite() != nil || c.SetDeadline(time.Now().Add(lingerFor)) != nil {
		return c.Conn.Close()
	}
	go func() {
		_, _ = io.CopyN(io.Discard, c.Conn, lingerBytes)
		_ = c.Conn.Close()
	}()
	return nil
}
