package issue

import (
	"fmt"

	"github.com/peerglass/peerglass/rtc"
)

var relayOverTCP *Detector

func init() {
	relayOverTCP = register(Detector{
		Type: "relay_over_tcp", Label: "Relay over TCP",
		Help:   "The connection's path leads to a TURN server over TCP or TLS: each lost packet delays all that follow. Low: calls work, worse than over UDP.",
		Causes: []string{"udp_blocked", "only_tcp_configured", "tcp_chosen"},
		Connection: func(w *Watch, r *rtc.Connection) {
			over := r.LocalType == "relay" && (r.Transport == "tcp" || r.Transport == "tls") && r.End.IsZero()
			if !over {
				w.Close(relayOverTCP, r.ID, 0, w.now)
				return
			}
			cause, source, why := "udp_blocked", rtc.Network, "a relay over UDP is configured and did not answer"
			switch l := w.link(r.ID); {
			case l.relays == 0: // the configuration was not told
				cause, source, why = "tcp_chosen", rtc.Unknown, "why is not told"
			case l.relays&turnUDP == 0:
				cause, source, why = "only_tcp_configured", rtc.Server, "no relay over UDP is configured"
			case l.udpAnswers:
				cause, why = "tcp_chosen", "a relay over UDP answered, too, and was not taken"
			}
			w.Open(relayOverTCP, rtc.Issue{
				Connection: r.ID, Severity: rtc.Low, Cause: cause, Source: source, Start: r.Connected,
				Evidence: []rtc.Evidence{{Event: rtc.NameICEState, At: w.now, Text: fmt.Sprintf("the selected path is a relay over %s: %s", r.Transport, why)}},
			})
		},
	})
}
