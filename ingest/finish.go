package ingest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"
	"sync"
	"time"

	"github.com/peerglass/peerglass/dump"
	"github.com/peerglass/peerglass/rtc"
	"github.com/peerglass/peerglass/spool"
)

const (
	// clearEvery is how long ended sessions wait for company before the store
	// is asked whether their rows are durable: that writes all its files to disk,
	// and nobody waits for it.
	clearEvery = 15 * time.Second
	// flushFor is how long the store may take for each part of one such question,
	// and how long all its calls may take to be judged.
	flushFor = time.Minute
	// settleFor is how long one of them may: what is stored of it may have to be
	// read, and the others wait.
	settleFor = 10 * time.Second
	// keepDumps bounds the ended sessions in one question.
	keepDumps = 10_000
)

// finish brings ended sessions to rest: raw dump into the blob store, its
// features and the verdict of its call, its key into the session's row when the
// rest is stored, and, once all is durable, away from the spool.
func (s *Server) finish(ctx context.Context) {
	dumped := make(chan *live, keepDumps)
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for {
				l := s.finishing.pop(ctx)
				if l == nil {
					return
				}
				if err := s.writeDump(ctx, l); err != nil {
					if ctx.Err() != nil {
						return // the next start does it
					}
					s.metrics.failures.WithLabelValues("dump").Inc()
					s.log.Error("the dump of a session could not be written; it is tried again", "session", l.session.ID(), "error", err)
					pause(ctx, time.Second)
					s.finishing.push(l)
					continue
				}
				select {
				case dumped <- l:
				case <-ctx.Done():
					return
				}
			}
		})
	}
	workers.Go(func() { s.clear(ctx, dumped) })
	workers.Wait()
}

// DumpKey is where a session's raw dump is kept in the blob store.
func DumpKey(app rtc.AppID, id rtc.SessionID) string {
	return fmt.Sprintf("%d/dumps/%s/%s.gz", app, id.Time().Format("2006-01-02"), id)
}

// writeDump copies a session's frames from the spool into the blob store.
func (s *Server) writeDump(ctx context.Context, l *live) error {
	log := l.log.Load()
	if err := log.Wait(ctx); err != nil {
		return err
	}
	meta := log.Meta()
	key := DumpKey(meta.App, meta.Session)
	r, w := io.Pipe()
	done := make(chan error, 1)
	go func() {
		err := copyFrames(w, log, &meta)
		w.CloseWithError(err)
		done <- err
	}()
	err := s.opts.Blob.Put(ctx, key, r)
	r.CloseWithError(io.ErrClosedPipe) // a writer that is still at it ends
	if readErr := <-done; err == nil {
		err = readErr
	}
	if err != nil {
		return fmt.Errorf("write the dump of session %s: %w", meta.Session, err)
	}
	if err := s.extract(ctx, l); err != nil {
		return fmt.Errorf("extract the features of session %s: %w", meta.Session, err)
	}
	s.metrics.dumps.Inc()
	s.metrics.dumpBytes.Add(float64(log.Size()))
	return nil
}

func copyFrames(w io.Writer, log *spool.Log, meta *spool.Meta) error {
	header := dump.Header{
		Protocol: meta.Protocol, Subprotocol: meta.Subprotocol, Path: meta.Path, Origin: meta.Origin,
		UserAgent: meta.UserAgent, Address: meta.Address, Region: meta.Region, Carrier: meta.Carrier, App: meta.App, Session: meta.Session,
		Call: meta.Call, Room: meta.Room, ClientSession: meta.ClientSession, Start: meta.Start,
	}
	if len(meta.Identity) > 0 {
		header.Identity = new(rtc.Identity)
		if err := json.Unmarshal(meta.Identity, header.Identity); err != nil {
			return fmt.Errorf("read the identity: %w", err)
		}
	}
	out, err := dump.NewWriter(w, header)
	if err != nil {
		return err
	}
	if _, err := log.Read(0, func(f *spool.Frame) error { return out.Frame(f.Received, f.Data) }); err != nil {
		return err
	}
	return out.Close()
}

// clear deletes sessions from the spool once the store has their rows for good.
func (s *Server) clear(ctx context.Context, dumped <-chan *live) {
	tick := time.NewTicker(s.clearEvery)
	defer tick.Stop()
	var waiting []*live
	for {
		select {
		case <-ctx.Done():
			return
		case l := <-dumped:
			if waiting = append(waiting, l); len(waiting) < keepDumps {
				continue
			}
		case <-tick.C:
		}
		if len(waiting) == 0 {
			continue
		}
		waiting = s.clearAll(ctx, waiting)
	}
}

// clearAll deletes sessions from the spool whose calls are judged and whose
// rows the store has, and returns those that have to wait.
func (s *Server) clearAll(ctx context.Context, waiting []*live) []*live {
	settled, left := s.settle(ctx, waiting)
	if len(settled) == 0 {
		return left
	}
	err := within(ctx, flushFor, s.opts.Store.Flush)
	if err == nil {
		// Who sees that a session has its dump sees all that came of it.
		for _, l := range settled {
			meta := l.log.Load().Meta()
			l.session.SetDump(DumpKey(meta.App, meta.Session), s.now())
		}
		err = within(ctx, flushFor, s.opts.Store.Flush)
	}
	if err == nil {
		err = within(ctx, flushFor, s.opts.Store.Durable)
	}
	if err != nil {
		if ctx.Err() == nil {
			s.metrics.failures.WithLabelValues("flush").Inc()
			s.log.Error("the store has not yet taken the rows of ended sessions; they stay in the spool", "sessions", len(settled), "error", err)
		}
		return append(left, settled...)
	}
	for _, l := range settled {
		if err := l.log.Load().Delete(); err != nil {
			s.log.Error("a stored session could not be deleted from the spool", "session", l.session.ID(), "error", err)
		}
	}
	return left
}

// settle has the calls of ended sessions judged, for their verdicts are derived
// from what the spool holds, too. left are the sessions whose call could not be,
// with those first that it was not tried for.
func (s *Server) settle(ctx context.Context, waiting []*live) (settled, left []*live) {
	if s.opts.Judge == nil {
		return waiting, nil
	}
	ctx, cancel := context.WithTimeout(ctx, flushFor)
	defer cancel()
	type call struct {
		app rtc.AppID
		id  rtc.CallID
	}
	tried := make(map[call]error)
	var failed []*live
	var reason error
	for _, l := range waiting {
		row := l.session.Row()
		key := call{row.App, row.Call}
		err, again := tried[key]
		if !again {
			if ctx.Err() != nil {
				left = append(left, l)
				continue
			}
			err = within(ctx, settleFor, func(ctx context.Context) error { return s.opts.Judge.SettleCall(ctx, key.app, key.id) })
			tried[key] = err
		}
		if err != nil {
			failed, reason = append(failed, l), err
			continue
		}
		settled = append(settled, l)
	}
	if reason != nil && !errors.Is(ctx.Err(), context.Canceled) {
		s.metrics.failures.WithLabelValues("judge").Inc()
		s.log.Warn("calls of ended sessions could not be judged; the sessions stay in the spool", "sessions", len(failed), "error", reason)
	}
	return settled, append(left, failed...)
}

// within does something that may take so long.
func within(ctx context.Context, most time.Duration, do func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	return do(ctx)
}
