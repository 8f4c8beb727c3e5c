package issue

import (
	"fmt"
	"strings"
	"time"

	"github.com/peerglass/peerglass/rtc"
)

const (
	// Three restarts in a minute are more than one change of network explains.
	restartsMany   = 3
	restartsWithin = time.Minute
	restartsKept   = 100 // bounds what a client can make us remember
)

var reconnect *Detector

// restarts are when ICE was restarted, and which connections were lost.
type restarts struct {
	at   []time.Time // of the last minute
	lost time.Time   // when the last connection failed or was closed while lost
}

func init() {
	reconnect = register(Detector{
		Type: "reconnect", Label: "Reconnect",
		Help:   "The page restarted ICE on a connection that had been connected, or made another in place of one that was lost less than 30 s before. Low; medium at the third within a minute. It lasts until the connection is negotiated anew.",
		Causes: []string{"ice_restart", "new_connection"},
		Event: func(w *Watch, e *rtc.Event) {
			if e.Connection == 0 {
				return
			}
			switch e.Name {
			case "restartIce":
				w.restarts(e, "ice_restart", "the page restarted ICE")
			case "createOffer":
				if strings.Contains(e.Value, `"iceRestart":true`) {
					w.restarts(e, "ice_restart", "the page offered with an ICE restart")
				}
			case rtc.NameCreate:
				r := Of[restarts](w, reconnect)
				if !r.lost.IsZero() && e.Time.Sub(r.lost) < 30*time.Second {
					r.lost = time.Time{}
					w.restarted(e, "new_connection", "the page made another connection in place of the one that was lost")
				}
			case rtc.NameConnState, rtc.NameICEState:
				switch stateOf(e.Value) {
				case "failed":
					if l := w.link(e.Connection); !l.connected.IsZero() && l.media && !w.working(e.Connection) {
						Of[restarts](w, reconnect).lost = e.Time
					}
				case "connected", "completed":
					w.Close(reconnect, e.Connection, 0, e.Time)
				}
			case "setRemoteDescriptionOnSuccess":
				// A connection that still stands says nothing when it is restarted.
				if l := w.link(e.Connection); len(w.open) > 0 && l.up() {
					w.Close(reconnect, e.Connection, 0, e.Time)
				}
			case rtc.NameClose:
				w.Close(reconnect, e.Connection, 0, e.Time)
			}
		},
	})
}

func (w *Watch) restarts(e *rtc.Event, cause, text string) {
	if !w.link(e.Connection).connected.IsZero() && !w.Lasting(reconnect, e.Connection, 0) {
		w.restarted(e, cause, text)
	}
}

func (w *Watch) restarted(e *rtc.Event, cause, text string) {
	r := Of[restarts](w, reconnect)
	kept := r.at[:0]
	for _, at := range r.at {
		if e.Time.Sub(at) < restartsWithin {
			kept = append(kept, at)
		}
	}
	if len(kept) >= restartsKept {
		kept = append(kept[:0], kept[1:]...)
	}
	r.at = append(kept, e.Time)
	level := rtc.Low
	if len(r.at) >= restartsMany {
		level = rtc.Medium
		text += fmt.Sprintf(", %d times within a minute", len(r.at))
	}
	w.Open(reconnect, rtc.Issue{
		Connection: e.Connection, Severity: level, Cause: cause, Source: rtc.Network, Start: e.Time,
		Evidence: []rtc.Evidence{{Event: e.Name, At: e.Time, Text: text}},
	})
}
