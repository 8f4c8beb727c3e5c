package issue

import (
	"fmt"
	"time"

	"github.com/peerglass/peerglass/rtc"
)

var participantVanished *Detector

func init() {
	participantVanished = register(Detector{
		Type: "participant_vanished", Label: "Participant vanished",
		Help:   "The stay ended without a goodbye while a connection was open: nothing came from the client any more (30 s, of Jitsi 60 s). The browser or the machine stopped, or its whole network went away. High; low if the page was hidden then, as a phone closes pages in the background.",
		Causes: []string{"no_goodbye", "offline", "page_hidden"},
		End: func(w *Watch, at time.Time, reason string) {
			if reason != "timeout" {
				return
			}
			var open *conn
			var id rtc.ConnectionID
			for other, c := range w.conns {
				if c.link.media && !c.link.closed && !c.link.connected.IsZero() && (open == nil || other < id) {
					open, id = c, other
				}
			}
			if open == nil {
				return
			}
			i := rtc.Issue{
				Connection: id, Severity: rtc.High, Cause: "no_goodbye", Source: rtc.LocalUser, Start: at, End: at,
				Evidence: []rtc.Evidence{{Event: rtc.NameConnState, At: at, Text: fmt.Sprintf("the last word of the client came while its connection was %s", open.link.now())}},
			}
			switch {
			case w.facts.Offline:
				i.Cause = "offline"
			case w.facts.Hidden:
				i.Cause, i.Severity = "page_hidden", rtc.Low
			}
			w.Open(participantVanished, i)
		},
	})
}
