package issue

import (
	"fmt"
	"strings"
	"time"

	"github.com/peerglass/peerglass/rtc"
)

// mends is how long the page may take to mend a failed negotiation: two ends
// that offer at once do so as a matter of course.
const mends = 3 * time.Second

var negotiationFailed *Detector

// negotiation is a failure that may yet be mended.
type negotiation struct {
	failed map[rtc.ConnectionID]time.Time
}

func init() {
	negotiationFailed = register(Detector{
		Type: "negotiation_failed", Label: "Negotiation failed", Phase: rtc.Joining,
		Help:   "The browser refused a description, could not make one, or DTLS failed. Low if a negotiation succeeds within 3 s after; else medium, and high if the connection was never connected.",
		Causes: []string{"create_offer", "create_answer", "set_local_description", "set_remote_description", "dtls"},
		Event: func(w *Watch, e *rtc.Event) {
			if e.Connection == 0 {
				return
			}
			switch e.Name {
			case "createOfferOnFailure":
				w.negotiationFails(e, "create_offer")
			case "createAnswerOnFailure":
				w.negotiationFails(e, "create_answer")
			case "setLocalDescriptionOnFailure":
				w.negotiationFails(e, "set_local_description")
			case "setRemoteDescriptionOnFailure":
				w.negotiationFails(e, "set_remote_description")
			case "ondtlserror":
				w.dtlsFails(e)
			case "ondtlsstatechange":
				if stateOf(e.Value) == "failed" {
					w.dtlsFails(e)
				}
			case rtc.NameConnState:
				// ICE works and the connection does not: what is between is DTLS.
				if l := w.link(e.Connection); stateOf(e.Value) == "failed" && l.connected.IsZero() && !l.iceUp.IsZero() {
					w.dtlsFails(e)
				}
			case "setLocalDescriptionOnSuccess", "setRemoteDescriptionOnSuccess":
				if n := Of[negotiation](w, negotiationFailed); n.failed != nil {
					w.mended(n, e.Connection, e.Time)
				}
			}
		},
	})
}

func (w *Watch) negotiationFails(e *rtc.Event, cause string) {
	n := Of[negotiation](w, negotiationFailed)
	if n.failed == nil {
		n.failed = make(map[rtc.ConnectionID]time.Time)
	}
	if _, already := n.failed[e.Connection]; already {
		return
	}
	id, at := e.Connection, e.Time
	n.failed[id] = at
	i := rtc.Issue{
		Connection: id, Severity: rtc.Low, Cause: cause, Source: rtc.Unknown, Start: at,
		Evidence: []rtc.Evidence{{Event: e.Name, At: at, Text: errorText(e.Value)}},
	}
	w.Open(negotiationFailed, i)
	w.after(alarmKey{det: negotiationFailed, conn: id}, at.Add(mends), func() {
		if since, still := n.failed[id]; !still || !since.Equal(at) || w.link(id).closed {
			return
		}
		i.Severity = rtc.Medium
		if w.link(id).connected.IsZero() && w.link(id).iceUp.IsZero() {
			i.Severity = rtc.High
		}
		w.Open(negotiationFailed, i)
	})
}

func (w *Watch) mended(n *negotiation, id rtc.ConnectionID, at time.Time) {
	if since, failed := n.failed[id]; failed && at.After(since) {
		delete(n.failed, id)
		w.Close(negotiationFailed, id, 0, at)
	}
}

func (w *Watch) dtlsFails(e *rtc.Event) {
	l := w.link(e.Connection)
	if l.closed {
		return
	}
	level := rtc.Medium
	if l.connected.IsZero() && l.media {
		level = rtc.High
	}
	text := "ICE found a path, and the handshake over it failed"
	if told := errorText(e.Value); told != "" && told != "failed" {
		text += ": " + told
	}
	w.Open(negotiationFailed, rtc.Issue{
		Connection: e.Connection, Severity: level, Cause: "dtls", Source: rtc.Network, Start: e.Time,
		Evidence: []rtc.Evidence{{Event: e.Name, At: e.Time, Text: text}},
	})
}

// errorText reads what a client tells of an error: a text, or {"name","message"}.
func errorText(value string) string {
	var p struct{ Name, Message string }
	if unmarshal(value, &p) && p.Name+p.Message != "" {
		return strings.Trim(fmt.Sprintf("%s: %s", p.Name, p.Message), ": ")
	}
	var text string
	if unmarshal(value, &text) {
		return text
	}
	var list []any // rtcstats: [name, message]
	if unmarshal(value, &list) && len(list) > 0 && len(list) <= 3 {
		parts := make([]string, 0, len(list))
		for _, part := range list {
			if s, ok := part.(string); ok {
				parts = append(parts, s)
			}
		}
		return strings.Join(parts, ": ")
	}
	return ""
}
