package issue

import (
	"fmt"
	"time"

	"github.com/peerglass/peerglass/rtc"
)

// relayAnswers is how long a relay may take for an allocation. It needs three
// round trips over UDP and six over TLS: 3 s at the worst round-trip time of a
// call that is of any use.
const relayAnswers = 5 * time.Second

var turnUnreachable *Detector

func init() {
	turnUnreachable = register(Detector{
		Type: "turn_unreachable", Label: "TURN unreachable", Phase: rtc.Joining,
		Help:   "The page configured a TURN server, and no relay candidate came: gathering was complete without one, or 5 s old. An error of one interface while another gets a relay is none. High while the connection is not connected, low if it is by another path. Seen by several users of a call at once it is the server.",
		Causes: []string{"no_answer", "refused", "udp_blocked"},
		Event: func(w *Watch, e *rtc.Event) {
			if e.Connection == 0 {
				return
			}
			switch e.Name {
			case rtc.NameGatheringState:
				l := w.link(e.Connection)
				if l.relays == 0 || l.local.relay > 0 {
					return
				}
				id := e.Connection
				switch stateOf(e.Value) {
				case "complete":
					// The last candidates may come in the same moment.
					w.after(alarmKey{turnUnreachable, id, "complete"}, e.Time.Add(100*time.Millisecond), func() { w.noRelay(id) })
				case "gathering":
					if !w.awaits(alarmKey{turnUnreachable, id, "gathering"}) {
						w.awaitRelay(id, e.Time)
					}
				}
			case rtc.NameICECandidate:
				if len(w.open) > 0 && w.link(e.Connection).local.relay > 0 {
					w.Close(turnUnreachable, e.Connection, 0, e.Time)
				}
			case rtc.NameClose:
				w.Close(turnUnreachable, e.Connection, 0, e.Time)
			}
		},
	})
}

// awaitRelay looks when a relay had its time since the gathering at at, and
// again if another began meanwhile.
func (w *Watch) awaitRelay(id rtc.ConnectionID, at time.Time) {
	w.after(alarmKey{turnUnreachable, id, "gathering"}, at.Add(relayAnswers), func() {
		w.noRelay(id)
		if l := w.link(id); l.gathering.Add(relayAnswers).After(w.now) {
			w.awaitRelay(id, l.gathering)
		}
	})
}

func (w *Watch) noRelay(id rtc.ConnectionID) {
	l := w.link(id)
	if l.local.relay > 0 || l.closed || l.relays == 0 || l.gathering.IsZero() {
		return
	}
	if !l.iceUp.IsZero() && l.refused == 0 {
		return // browsers stop gathering once there is a path
	}
	level := rtc.High
	if l.up() || !l.iceUp.IsZero() || !l.media || w.working(id) {
		level = rtc.Low
	}
	cause, source, what := "no_answer", rtc.Network, "did not answer"
	switch {
	case l.refused > 0 && l.code >= 300 && l.code < 700: // STUN and TURN errors (RFC 8489, 8656); 701: no answer
		cause, source, what = "refused", rtc.Server, fmt.Sprintf("refused: %d %s", l.code, l.answer)
	case l.relays == turnUDP && l.local.host > 0 && l.local.srflx == 0 && l.remote.any() && !l.relayOnly:
		cause = "udp_blocked"
	}
	if l.refused > 0 && cause != "refused" {
		what += fmt.Sprintf(" (%d errors, the first %d %s)", l.refused, l.code, l.answer)
	}
	event := rtc.NameGatheringState
	if l.refused > 0 {
		event = rtc.NameICEError
	}
	w.Open(turnUnreachable, rtc.Issue{
		Connection: id, Severity: level, Cause: cause, Source: source, Start: l.gathering,
		Evidence: []rtc.Evidence{{Event: event, At: w.now, Text: fmt.Sprintf("%s %s; own candidates: %v", l.turn, what, l.local)}},
	})
}
