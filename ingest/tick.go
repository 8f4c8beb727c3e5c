package ingest

import (
	"cmp"
	"context"
	"net/http"
	"time"

	"github.com/lxzan/gws"
)

const (
	tickEvery = 250 * time.Millisecond
	// ackLate is how long an acknowledgement waits for company: it is one for
	// all frames of a session since the last one.
	ackLate = 1 // ticks
	// writeMs is how long a client may take to read what is written to it.
	writeMs = 10_000
)

// tick is the one clock of all sessions and connections: acknowledgements,
// timers of sessions, silent clients, and whether the store is behind.
func (s *Server) tick(ctx context.Context) {
	ticker := time.NewTicker(tickEvery)
	defer ticker.Stop()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		s.Tick(s.now(), n)
	}
}

// Tick does what is due at now (Unix ms): acknowledgements each ackLate-th
// time, the rest once a second. Run calls it; tests call it with their clock.
func (s *Server) Tick(now int64, n int) {
	s.weighStore()
	seconds := n%4 == 0
	if seconds {
		s.opts.Rooms.Tick(now)
	}
	var lives []*live
	var conns []*conn
	for i := range s.shards {
		sh := &s.shards[i]
		// A quarter of the shards at a time spreads the work over the second.
		if ack, turn := n%ackLate == i%ackLate, n%4 == i%4; ack || turn {
			lives, conns = sh.snapshot(lives[:0], conns[:0], turn, now)
			for _, l := range lives {
				if ack {
					l.acknowledge(now)
				}
				if turn {
					l.tick(now)
				}
			}
			for _, c := range conns {
				c.tick(now)
			}
		}
	}
}

// snapshot copies what a tick visits, so that the shard is not locked meanwhile.
func (sh *shard) snapshot(lives []*live, conns []*conn, all bool, now int64) ([]*live, []*conn) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	for l := range sh.lives {
		lives = append(lives, l)
	}
	if all {
		for c := range sh.conns {
			conns = append(conns, c)
		}
		for key, p := range sh.past {
			if p.until < now {
				delete(sh.past, key)
			}
		}
	}
	return lives, conns
}

// acknowledge tells the client what is on disk by now.
func (l *live) acknowledge(now int64) {
	c, log := l.conn.Load(), l.log.Load()
	if c == nil || log == nil || c.socket == nil {
		return
	}
	_, seq := log.Durable()
	if seq <= c.acked.Load() || !c.acking.CompareAndSwap(0, now) {
		return
	}
	// The number before a gap is told on its own. A Jitsi client whose buffer
	// was full sends on without keeping, and empties its buffer only when it is
	// told a number that it holds (jitsi.Sequence).
	if edge := l.edge.Load(); edge > c.acked.Load() && edge < seq {
		seq = edge
	}
	message := c.wire.appendAck(nil, seq)
	if message == nil {
		c.acking.Store(0)
		return
	}
	c.acked.Store(seq)
	// Not in this goroutine: a client that does not read must hold up no other.
	c.socket.WriteAsync(gws.OpcodeText, message, func(err error) {
		c.acking.Store(0)
		if err == nil {
			c.metrics.acks.Inc()
		}
	})
}

// tick lets the session's timers run and ends it when its client is gone.
func (l *live) tick(now int64) {
	if !l.mu.TryLock() {
		return // it is taking a frame; next second then
	}
	defer l.mu.Unlock()
	if l.ended {
		return
	}
	if !l.behind && l.session != nil && l.session.Tick(now) {
		l.end(now, reasonTimeout)
		return
	}
	heard, since := l.heard, l.since
	grace, reason := l.wire.traits().graceMs, reasonTimeout
	switch {
	case l.sockets > 0: // their own ticks find out whether anybody is there
		return
	case l.parted != "":
		heard, reason = l.partedAt, l.parted
		grace = cmp.Or(l.wire.traits().partedMs, grace)
	}
	c := l.conn.Load()
	if c != nil {
		heard = c.heard.Load()
		since = heard
	} else if t := l.wire.traits(); t.resumable && !l.behind && l.session != nil && l.session.Parting() {
		grace, reason = cmp.Or(t.partedMs, grace), reasonPageClosed
	}
	if now-since < grace {
		return
	}
	if l.behind && c == nil && l.since > l.heard {
		return // a replay goes first: it says when the client was last heard
	}
	l.end(heard, reason)
	if c != nil {
		c.fail(&Refusal{Reason: reasonTimeout, Status: http.StatusRequestTimeout, Sentence: "nothing was heard for too long: connect again to go on"})
	}
}

// tick looks after one connection.
func (c *conn) tick(now int64) {
	if since := c.acking.Load(); since != 0 && now-since > writeMs {
		_ = c.socket.NetConn().Close() // it does not read; its goroutine cleans up
		return
	}
	t := c.wire.traits()
	silent := now - c.heard.Load()
	switch {
	case c.dead.Load():
	case !c.known.Load() && now-c.meta.Start >= helloMs:
		c.fail(&Refusal{Reason: reasonTimeout, Status: http.StatusRequestTimeout, Sentence: "no hello came: say who you are in the first message"})
	case silent >= t.graceMs:
		c.fail(&Refusal{Reason: reasonTimeout, Status: http.StatusRequestTimeout, Sentence: "nothing was heard for too long: connect again to go on"})
	case t.pingMs > 0 && silent >= t.pingMs && now-c.pinged.Load() >= t.pingMs:
		c.pinged.Store(now)
		c.socket.WriteAsync(gws.OpcodePing, nil, nil)
	}
}

// weighStore decides whether frames are derived or only spooled: from the
// limit on they are spooled until half of the backlog is gone.
func (s *Server) weighStore() {
	backlog, limit := s.opts.Store.Backlog(), s.opts.Limits.StoreBacklog
	switch {
	case backlog > limit && !s.lagging.Load():
		s.lagging.Store(true)
		s.log.Warn("the store is behind: frames are only spooled", "backlog_bytes", backlog)
	case backlog <= limit/2 && s.lagging.Load():
		s.lagging.Store(false)
		s.log.Info("the store has caught up: frames are derived again", "backlog_bytes", backlog)
	}
}
