package issue

import (
	"fmt"
	"time"

	"github.com/peerglass/peerglass/rtc"
)

const (
	// A path that comes back within 3 s costs a pause that the jitter buffer and
	// the next key frame mend; browsers say "disconnected" only some seconds
	// after the last packet.
	lostShort = 3 * time.Second
	// After 10 s people hang up; a page with sense has restarted ICE by then.
	lostLong = 10 * time.Second
)

var connectionLost *Detector

// lostSince are the connections that are lost, since when.
type lostSince map[rtc.ConnectionID]time.Time

func init() {
	connectionLost = register(Detector{
		Type: "connection_lost", Label: "Connection lost",
		Help:   "A connection that was connected said that it is disconnected or failed. Low if it was connected again within 3 s, else medium, high from 10 s on or once it failed. A page that closes the connection within 3 s has left; while another connection of the user works it is low. From one end alone nobody can tell whether the path broke or the other end is gone: the call's verdict looks at both.",
		Causes: []string{"path_lost", "offline", "network_switch"},
		Event: func(w *Watch, e *rtc.Event) {
			if e.Connection == 0 {
				return
			}
			switch e.Name {
			case rtc.NameICEState, rtc.NameConnState:
				if w.link(e.Connection).told && e.Name == rtc.NameICEState {
					return // connectionState says it
				}
				w.follow(e, stateOf(e.Value))
			case rtc.NameClose:
				w.follow(e, "closed")
			}
		},
	})
}

// follow follows the state of a connection that was connected.
func (w *Watch) follow(e *rtc.Event, state string) {
	id := e.Connection
	lost := Of[lostSince](w, connectionLost)
	since, is := (*lost)[id]
	switch {
	case isUp(state), state == "closed":
		if !is {
			return
		}
		delete(*lost, id)
		if !w.Lasting(connectionLost, id, 0) {
			if isUp(state) && e.Time.Sub(since) < lostShort {
				w.loses(id, since, e.Time, rtc.Low)
			}
			return
		}
		w.prove(connectionLost, id, 0, w.lossProof(id, since, e.Time))
		w.Close(connectionLost, id, 0, e.Time)
	case state == "disconnected" || state == "failed":
		if w.link(id).connected.IsZero() {
			return
		}
		if !is {
			if *lost == nil {
				*lost = make(lostSince)
			}
			since = e.Time
			(*lost)[id] = since
			still := func() bool { at, is := (*lost)[id]; return is && at.Equal(since) }
			w.after(alarmKey{connectionLost, id, "short"}, since.Add(lostShort), func() {
				if still() {
					w.loses(id, since, time.Time{}, rtc.Medium)
				}
			})
			w.after(alarmKey{connectionLost, id, "long"}, since.Add(lostLong), func() {
				if still() {
					w.loses(id, since, time.Time{}, rtc.High)
				}
			})
		}
		if state == "failed" && e.Time.Sub(since) >= lostShort {
			w.loses(id, since, time.Time{}, rtc.High)
		}
	}
}

// loses opens the issue, or raises it.
func (w *Watch) loses(id rtc.ConnectionID, since, end time.Time, level rtc.Level) {
	cause, _ := w.whyLost(since)
	if l := w.link(id); !l.media || w.working(id) {
		level = rtc.Low
	}
	until := w.now
	if !end.IsZero() {
		until = end
	}
	proof := w.lossProof(id, since, until)
	w.Open(connectionLost, rtc.Issue{
		Connection: id, Severity: level, Cause: cause, Source: rtc.Network, Start: since, End: end, Evidence: []rtc.Evidence{proof},
	})
}

func (w *Watch) lossProof(id rtc.ConnectionID, since, until time.Time) rtc.Evidence {
	state := "disconnected"
	if w.link(id).now() == "failed" {
		state = "disconnected, at last failed,"
	}
	_, why := w.whyLost(since)
	return rtc.Evidence{Event: rtc.NameConnState, At: since, Text: fmt.Sprintf("%s for %.1f s: %s", state, until.Sub(since).Seconds(), why)}
}

// whyLost names what else happened about the time of a loss.
func (w *Watch) whyLost(since time.Time) (cause, text string) {
	switch moved := Of[switching](w, networkSwitch); {
	case w.facts.Offline:
		return "offline", "the browser was offline"
	case !moved.moved.IsZero() && moved.moved.Sub(since).Abs() < switchMatters:
		return "network_switch", "the network changed from " + moved.how
	}
	return "path_lost", "nothing came through any more"
}
