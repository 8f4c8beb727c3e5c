package ingest

import "time"

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
