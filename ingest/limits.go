package ingest

import (
	"fmt"
	"net/http"
	"time"

	"github.com/peerglass/peerglass/protocol"
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
