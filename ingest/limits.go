package ingest

import (
	"fmt"
	"maps"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/peerglass/peerglass/protocol"
	"github.com/peerglass/peerglass/rtc"
)

// bucket is a pair of token buckets, for frames and bytes, filled by time.
type bucket struct {
	frames, bytes float64
	at            int64 // Unix ms; 0 before first use
}

// take takes one frame of n bytes and returns how long the sender has to wait
// before its next one: it is slowed down, not refused, because TCP holds it
// back and nothing needs to be lost.
func (b *bucket) take(now int64, n int, l *Limits) time.Duration {
	if b.at == 0 {
		b.frames, b.bytes = l.FramesBurst, l.BytesBurst
	} else if passed := float64(now-b.at) / 1000; passed > 0 {
		b.frames = min(b.frames+passed*l.FramesPerSecond, l.FramesBurst)
		b.bytes = min(b.bytes+passed*l.BytesPerSecond, l.BytesBurst)
	}
	b.at = now
	b.frames--
	b.bytes -= float64(n)
	wait := max(-b.frames/l.FramesPerSecond, -b.bytes/l.BytesPerSecond)
	if wait <= 0 {
		return 0
	}
	return time.Duration(wait * float64(time.Second))
}

// giveBack takes a frame of n bytes back that was not let in.
func (b *bucket) giveBack(n int) {
	b.frames++
	b.bytes += float64(n)
}

// arrived is a frame that came by a request.
type arrived struct{ hash, request uint64 }

// again reports whether a is the same frame as was by another request.
func (a arrived) again(was arrived) bool { return a.hash == was.hash && a.request != was.request }

// patience is how long a request may be held back. Its sender does not know of
// the others of the session, and each of them waits with its body in memory.
const patience = 5 * time.Second

// throttle slows a client down that sends too much.
func (c *conn) throttle(l *live, bytes int) error {
	limits := &c.server.opts.Limits
	now := c.server.now()
	var wait time.Duration
	if c.socket != nil {
		wait = c.bucket.take(now, bytes, limits)
	} else {
		l.mu.Lock()
		if wait = l.bucket.take(now, bytes, limits); wait > patience {
			l.bucket.giveBack(bytes)
		}
		l.mu.Unlock()
	}
	if wait <= 0 {
		return nil
	}
	c.metrics.throttled.Inc()
	if c.socket == nil && wait > patience {
		return &Refusal{Reason: protocol.CodeLimit, Status: http.StatusTooManyRequests, Sentence: fmt.Sprintf("the requests of this session bring more than %.0f bytes or %.0f frames a second: poll less often, or try again later", limits.BytesPerSecond, limits.FramesPerSecond)}
	}
	c.told(&Refusal{Reason: faultThrottled, Sentence: fmt.Sprintf("A client sends more than %.0f bytes or %.0f frames a second and is slowed down: poll less often, or send larger batches.", limits.BytesPerSecond, limits.FramesPerSecond)}, "")
	time.Sleep(wait)
	return nil
}

// beginnings bound how fast clients of one network begin sessions of one app:
// each session has its rows, its dump and its place in the list, however short
// it is. Its own network is bounded and not the app, so that who floods an app
// does not keep its users out.
type beginnings struct {
	mu    sync.Mutex
	by    map[beginner]beginningsLeft
	swept int64
}

type beginner struct {
	app     rtc.AppID
	network string
}

type beginningsLeft struct {
	n  float64
	at int64 // Unix ms
}

// sweepMs is how often networks are forgotten that may begin as many sessions
// as one that is not known.
const sweepMs = 60_000

// take reports whether a client of the network may begin another session now.
func (b *beginnings) take(now int64, who beginner, l *Limits) bool {
	// Those of this machine, and of a proxy that was not named, are many clients
	// at one address.
	if a, err := netip.ParseAddr(who.network); err != nil || a.IsLoopback() || a.IsPrivate() {
		return true
	}
	left := func(was beginningsLeft) float64 {
		return min(was.n+float64(max(now-was.at, 0))/1000*l.BeginPerSecond, l.BeginBurst)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.by == nil {
		b.by = make(map[beginner]beginningsLeft)
	}
	if now-b.swept > sweepMs {
		b.swept = now
		maps.DeleteFunc(b.by, func(_ beginner, was beginningsLeft) bool { return left(was) >= l.BeginBurst })
	}
	n := l.BeginBurst
	if was, known := b.by[who]; known {
		n = left(was)
	}
	if n < 1 {
		return false
	}
	b.by[who] = beginningsLeft{n - 1, now}
	return true
}
