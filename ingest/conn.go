package ingest

import "github.com/peerglass/peerglass/spool"

// conn is one client connection: a WebSocket, or one HTTP request.
type conn struct {
	app  *Grant
	meta spool.Meta // of the session to be; admit fills it
	live *live      // the session that the connection feeds; nil before join
}

// live is one session that ingest keeps.
type live struct{}

// join ties the connection to the session that the client names in
// c.meta.ClientSession, or to a new one where it names none or that is not
// known; the newest connection of a session wins. last is the highest sequence
// number of it that is on disk.
func (c *conn) join(resume bool) (last uint64, resumed bool, err error) { return 0, false, nil }

// frame takes one frame into the session: drops it when its sequence number
// was seen before, spools it, derives. seq is 0 where the protocol has none.
func (c *conn) frame(seq uint64, data []byte) error { return nil }

// heard notes that the client is alive.
func (c *conn) heard() {}

// write sends one message.
func (c *conn) write(binary bool, data []byte) error { return nil }

// leave ends the session by the client's own word.
func (c *conn) leave(reason string) error { return nil }
