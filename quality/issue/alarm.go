package issue

import (
	"slices"
	"time"

	"github.com/peerglass/peerglass/rtc"
)

// alarm is something that a detector does when enough time has passed without
// what it waits for.
type alarm struct {
	at   time.Time
	ring func()
}

// after lets ring run once rows have come to at; never if the session ends
// before. Whatever it was set for may have come meanwhile: ring looks.
func (w *Watch) after(at time.Time, ring func()) {
	i, _ := slices.BinarySearchFunc(w.alarms, at, func(a alarm, at time.Time) int {
		if a.at.After(at) {
			return 1
		}
		return -1 // those of one time ring in the order in which they were set
	})
	w.alarms = slices.Insert(w.alarms, i, alarm{at, ring})
}

// ring runs what is due until at, each at its own time.
func (w *Watch) ring(at time.Time) {
	for len(w.alarms) > 0 && !w.alarms[0].at.After(at) {
		a := w.alarms[0]
		w.alarms = slices.Delete(w.alarms, 0, 1)
		if a.at.After(w.now) {
			w.now = a.at
		}
		a.ring()
	}
}

// prove replaces the evidence of an issue that lasts. It is emitted when the
// issue next changes or ends.
func (w *Watch) prove(d *Detector, c rtc.ConnectionID, s rtc.StreamID, e rtc.Evidence) {
	if r := w.find(d, c, s); r != nil {
		r.issue.Evidence = []rtc.Evidence{e}
	}
}
