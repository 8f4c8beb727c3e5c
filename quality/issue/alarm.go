package issue

import (
	"container/heap"
	"time"

	"github.com/peerglass/peerglass/rtc"
)

// maxAlarms bounds what waits at one time; what more is to wait is not looked
// at again. Only a session of hundreds of connections that all fail gets there.
const maxAlarms = 1000

// alarm is something that a detector does when enough time has passed without
// what it waits for.
type alarm struct {
	alarmKey
	at    time.Time
	set   uint64 // those of one time ring in the order in which they were set
	place int    // in the queue
	ring  func()
}

// alarmKey is what one alarm waits for: a detector needs no more than one for
// each thing that it follows, whatever a client repeats.
type alarmKey struct {
	det  *Detector
	conn rtc.ConnectionID
	of   string // a track, or which of several waits
}

// alarms wait for their time.
type alarms struct {
	queue alarmQueue
	byKey map[alarmKey]*alarm
	sets  uint64
}

// after lets ring run once rows have come to at; never if the session ends
// before. It takes the place of what waits under the same key. Whatever it was
// set for may have come meanwhile: ring looks.
func (w *Watch) after(key alarmKey, at time.Time, ring func()) {
	all := &w.alarms
	all.sets++
	if a := all.byKey[key]; a != nil {
		a.at, a.set, a.ring = at, all.sets, ring
		heap.Fix(&all.queue, a.place)
		return
	}
	if len(all.queue) >= maxAlarms {
		return
	}
	if all.byKey == nil {
		all.byKey = make(map[alarmKey]*alarm)
	}
	a := &alarm{alarmKey: key, at: at, set: all.sets, ring: ring}
	all.byKey[key] = a
	heap.Push(&all.queue, a)
}

// awaits reports whether an alarm waits under the key.
func (w *Watch) awaits(key alarmKey) bool { return w.alarms.byKey[key] != nil }

// ring runs what is due until at, each at its own time.
func (w *Watch) ring(at time.Time) {
	all := &w.alarms
	for len(all.queue) > 0 && !all.queue[0].at.After(at) {
		a := heap.Pop(&all.queue).(*alarm)
		delete(all.byKey, a.alarmKey)
		if a.at.After(w.now) {
			w.now = a.at
		}
		a.ring()
	}
}

// alarmQueue implements heap.Interface: what is due first comes first.
type alarmQueue []*alarm

func (q alarmQueue) Len() int { return len(q) }

func (q alarmQueue) Less(i, j int) bool {
	if c := q[i].at.Compare(q[j].at); c != 0 {
		return c < 0
	}
	return q[i].set < q[j].set
}

func (q alarmQueue) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].place, q[j].place = i, j
}

func (q *alarmQueue) Push(a any) {
	a.(*alarm).place = len(*q)
	*q = append(*q, a.(*alarm))
}

func (q *alarmQueue) Pop() any {
	last := len(*q) - 1
	a := (*q)[last]
	(*q)[last] = nil
	*q = (*q)[:last]
	return a
}

// prove replaces the evidence of an issue that lasts. It is emitted when the
// issue next changes or ends.
func (w *Watch) prove(d *Detector, c rtc.ConnectionID, s rtc.StreamID, e rtc.Evidence) {
	if r := w.find(d, c, s); r != nil {
		r.issue.Evidence = []rtc.Evidence{e}
	}
}
