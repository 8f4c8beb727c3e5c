package ingest

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"

	"github.com/peerglass/peerglass/rtc"
	"github.com/peerglass/peerglass/spool"
)

// queue is a list that never blocks who adds to it.
type queue struct {
	mu    sync.Mutex
	items []*live
	ready chan struct{}
}

func newQueue() *queue { return &queue{ready: make(chan struct{}, 1)} }

func (q *queue) push(l *live) {
	q.mu.Lock()
	q.items = append(q.items, l)
	q.mu.Unlock()
	q.signal()
}

func (q *queue) signal() {
	select {
	case q.ready <- struct{}{}:
	default:
	}
}

// pop waits for the next item; nil when ctx has ended.
func (q *queue) pop(ctx context.Context) *live {
	for {
		q.mu.Lock()
		if len(q.items) > 0 {
			l := q.items[0]
			q.items[0] = nil
			q.items = q.items[1:]
			more := len(q.items) > 0
			q.mu.Unlock()
			if more {
				q.signal() // another worker
			}
			return l
		}
		q.mu.Unlock()
		select {
		case <-ctx.Done():
			return nil
		case <-q.ready:
		}
	}
}

// restore takes up the sessions that the spool holds from before.
func (s *Server) restore() error {
	logs, err := s.opts.Spool.Logs()
	if err != nil {
		return err
	}
	now := s.now()
	for _, log := range logs {
		meta := log.Meta()
		w := wires[meta.Protocol]
		if w == nil {
			s.log.Error("a spooled session has a protocol that this version does not speak; it stays in the spool", "session", meta.Session, "protocol", meta.Protocol)
			continue
		}
		_, seq := log.Appended()
		l := &live{
			server: s, wire: w, metrics: s.metrics.byWire[meta.Protocol], behind: true,
			key: liveKey{app: meta.App, wire: meta.Protocol}, seq: seq, heard: meta.Start, since: now,
		}
		l.log.Store(log)
		if w.traits().resumable && seq > 0 || w.traits().shared {
			l.key.client = clientOf(&meta, w.traits())
		}
		l.shard = s.shard(l.key.client)
		if l.key.client == "" {
			l.shard = s.shard(meta.Session.String())
		}
		if meta.Call != 0 {
			// Before anyone new can join: the room's call goes on.
			s.opts.Rooms.Restore(rtc.Call{App: meta.App, ID: meta.Call, Room: meta.Room, Start: meta.Call.Time()}, time.UnixMilli(now).UTC())
		}
		if meta.Ended != 0 {
			l.ended, l.endAt, l.reason = true, meta.Ended, meta.EndReason
			if l.resumable() && l.remembered() {
				// Its client may not have heard that all of it is stored.
				l.shard.mu.Lock()
				l.shard.past[l.key] = pastSession{seq: seq, until: now + pastFor}
				l.shard.mu.Unlock()
			}
		} else {
			l.orphan = !l.resumable()
			l.shard.mu.Lock()
			l.shard.keep(l)
			l.shard.mu.Unlock()
			l.metrics.sessions.Inc()
		}
		s.metrics.behind.Inc()
		s.behind.push(l)
	}
	if len(logs) > 0 {
		s.log.Info("sessions are taken up from the spool", "sessions", len(logs))
	}
	return nil
}

// catchUp derives from the spool what was not derived when it came.
func (s *Server) catchUp(ctx context.Context) {
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for {
				l := s.behind.pop(ctx)
				if l == nil {
					return
				}
				if err := s.catchUpOne(ctx, l); err != nil {
					if ctx.Err() != nil {
						return
					}
					if !errors.Is(err, errPause) {
						s.log.Error("a session could not be derived from the spool; it is tried again", "session", l.log.Load().Meta().Session, "error", err)
					}
					pause(ctx, time.Second)
					s.behind.push(l)
				}
			}
		})
	}
	workers.Wait()
}

// errPause ends a catch-up while the store is behind.
var errPause = errors.New("the store is behind")

func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// catchUpOne derives what the spool has of a session and hands it back to its
// connection. The bulk is read while frames still arrive; the rest with the
// session held, for as long as a commit takes.
func (s *Server) catchUpOne(ctx context.Context, l *live) error {
	log := l.log.Load()
	read := func() error {
		_, err := log.Read(l.derived, func(f *spool.Frame) error {
			if err := ctx.Err(); err != nil {
				return err
			}
			if s.lagging.Load() {
				return errPause
			}
			// What was wrong with a frame was told to its sender when it came.
			_ = l.derive(f.Received, f.Seq, f.Data)
			s.metrics.replayed.Inc()
			if f.Index+1 != l.derived {
				return fmt.Errorf("frame %d of the spool is the %dth", f.Index, l.derived)
			}
			return nil
		})
		return err
	}
	if err := read(); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := log.Wait(ctx); err != nil {
		return err
	}
	if err := read(); err != nil {
		return err
	}
	l.behind = false
	s.metrics.behind.Dec()
	l.heard = max(l.heard, l.lastAt)
	switch {
	case l.ended:
		l.finishDeriving()
	case l.session != nil && l.session.Ended():
		l.end(l.heard, "leave")
	case l.orphan:
		l.end(l.heard, reasonTimeout)
	}
	return nil
}
