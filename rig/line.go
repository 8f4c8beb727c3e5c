package rig

import (
	"container/heap"
	"sync"
	"time"
)

// line holds packets until they leave, earliest first; of those that leave at
// the same time the one that came first.
type line struct {
	now  func() time.Time
	mu   sync.Mutex
	held held
	next uint64
	wake chan struct{}
	over chan struct{}
}

func newLine(now func() time.Time) *line {
	l := &line{now: now, wake: make(chan struct{}, 1), over: make(chan struct{})}
	go l.run()
	return l
}

// add calls send at a time, from one goroutine, with the time that it is then.
func (l *line) add(at time.Time, send func(now time.Time)) {
	l.mu.Lock()
	first := len(l.held) == 0 || at.Before(l.held[0].at)
	l.next++
	heap.Push(&l.held, waiting{at, l.next, send})
	l.mu.Unlock()
	if first {
		select {
		case l.wake <- struct{}{}:
		default:
		}
	}
}

func (l *line) run() {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		select {
		case <-l.wake:
		case <-timer.C:
		case <-l.over:
			return
		}
		timer.Reset(l.release())
	}
}

// release sends what is due and returns the time until the next.
func (l *line) release() time.Duration {
	for {
		l.mu.Lock()
		if len(l.held) == 0 {
			l.mu.Unlock()
			return time.Hour
		}
		now := l.now()
		if wait := l.held[0].at.Sub(now); wait > 0 {
			l.mu.Unlock()
			return wait
		}
		w := heap.Pop(&l.held).(waiting)
		l.mu.Unlock()
		w.send(now)
	}
}

func (l *line) close() { close(l.over) }

// waiting is one packet in the line.
type waiting struct {
	at    time.Time
	order uint64
	send  func(now time.Time)
}

// held is a heap of packets.
type held []waiting

func (h held) Len() int      { return len(h) }
func (h held) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h held) Less(i, j int) bool {
	return h[i].at.Before(h[j].at) || h[i].at.Equal(h[j].at) && h[i].order < h[j].order
}

// Push and Pop are those of container/heap.
func (h *held) Push(x any) { *h = append(*h, x.(waiting)) }

// Pop takes the last.
func (h *held) Pop() any {
	old := *h
	w := old[len(old)-1]
	old[len(old)-1] = waiting{}
	*h = old[:len(old)-1]
	return w
}
