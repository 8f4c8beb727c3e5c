package issue

import (
	"fmt"
	"time"

	"github.com/peerglass/peerglass/rtc"
)

// iceGivesUp is when a connection that has all it needs and is not connected
// has failed: libwebrtc calls a connection failed 15 s after its checks began;
// without a pair to check it says nothing.
const iceGivesUp = 15 * time.Second

var iceFailed *Detector

func init() {
	iceFailed = register(Detector{
		Type: "ice_failed", Label: "ICE failed", Phase: rtc.Joining,
		Help:   "No path was found: the connection failed before it was ever connected, or was not connected 15 s after both descriptions were set (libwebrtc's own limit). High, medium while another connection of the user works, low without media. A connection that the page closed before is none.",
		Causes: []string{"turn_unreachable", "no_local_candidates", "no_remote_candidates", "no_relay", "checks_failed"},
		Event: func(w *Watch, e *rtc.Event) {
			if e.Connection == 0 {
				return
			}
			switch e.Name {
			case "setLocalDescriptionOnSuccess", "setRemoteDescriptionOnSuccess", rtc.NameSignalingState:
				l := w.link(e.Connection)
				if !l.agreed.Equal(e.Time) || !l.connected.IsZero() {
					return
				}
				id := e.Connection
				w.after(alarmKey{det: iceFailed, conn: id}, e.Time.Add(iceGivesUp), func() {
					if l := w.link(id); l.connected.IsZero() && l.iceUp.IsZero() && !l.closed {
						w.noPath(id, "")
					}
				})
			case rtc.NameICEState, rtc.NameConnState:
				l := w.link(e.Connection)
				switch state := stateOf(e.Value); {
				case isUp(state):
					w.Close(iceFailed, e.Connection, 0, e.Time)
				case state == "failed" && l.connected.IsZero() && l.iceUp.IsZero():
					w.noPath(e.Connection, e.Name)
				}
			case rtc.NameClose:
				w.Close(iceFailed, e.Connection, 0, e.Time)
			}
		},
	})
}

// noPath opens the issue of a connection without a path.
func (w *Watch) noPath(id rtc.ConnectionID, event string) {
	l := w.link(id)
	cause, source, text := l.whyNoPath()
	level := rtc.High
	switch {
	case !l.media:
		level = rtc.Low
	case w.working(id):
		level = rtc.Medium
	}
	start := l.agreed
	if start.IsZero() {
		start = w.now
	}
	if event == "" {
		event = rtc.NameICEState
	}
	w.Close(slowJoin, id, 0, w.now) // it is not slow, it is none
	w.Open(iceFailed, rtc.Issue{
		Connection: id, Severity: level, Cause: cause, Source: source, Start: start,
		Evidence: []rtc.Evidence{{Event: event, At: w.now, Text: fmt.Sprintf("not connected after %.1f s: %s", w.now.Sub(start).Seconds(), text)}},
	})
}

// whyNoPath says what was missing, as far as the events tell.
func (l *link) whyNoPath() (cause string, source rtc.Source, text string) {
	has := fmt.Sprintf("own candidates %v; the other end's %v", l.local, l.remote)
	switch gathered := !l.gathering.IsZero(); {
	case l.relays != 0 && l.local.relay == 0 && (gathered || l.local.any()) && (l.relayOnly || l.refused > 0 || l.remote.any()):
		return "turn_unreachable", rtc.Network, fmt.Sprintf("no answer of the relay %s; %s", l.turn, has)
	case gathered && !l.local.any():
		return "no_local_candidates", rtc.LocalUser, "the browser found no address of its own; " + has
	case l.offered && !l.masked && !l.remote.any():
		return "no_remote_candidates", rtc.RemoteUser, "the other end sent no address; " + has
	case l.local.any() && l.relays == 0 && l.local.relay == 0 && l.remote.relay == 0:
		return "no_relay", rtc.Network, "no direct path, and no relay is configured; " + has
	}
	return "checks_failed", rtc.Network, has
}
