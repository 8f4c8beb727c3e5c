package issue

import (
	"fmt"
	"time"

	"github.com/peerglass/peerglass/rtc"
)

const (
	// switchMatters is how far a loss may lie from a change of network to be
	// its consequence: ICE needs up to some 15 s to give up a path.
	switchMatters = 20 * time.Second
	// pathSettles is how long after it was connected a connection may still look
	// for a better path.
	pathSettles = 10 * time.Second
)

var networkSwitch *Detector

// switching is what the detector knows of the user's network.
type switching struct {
	network string
	at      time.Time // of the last change
	how     string
	paths   map[rtc.ConnectionID]string
}

func init() {
	networkSwitch = register(Detector{
		Type: "network_switch", Label: "Network switch",
		Help:   "The browser's network is another kind than before, or it is offline (medium while it is); or the path of a connection that was connected for 10 s leads through another kind of candidate. Low: what it costs the user shows in other issues.",
		Causes: []string{"network_type", "offline", "path"},
		Event: func(w *Watch, e *rtc.Event) {
			if e.Name != rtc.NameNetwork {
				return
			}
			var p struct {
				Type   string
				Online *bool
			}
			if !unmarshal(e.Value, &p) {
				return
			}
			m := Of[switching](w, networkSwitch)
			if p.Online != nil && !*p.Online {
				w.Open(networkSwitch, rtc.Issue{
					Severity: rtc.Medium, Cause: "offline", Source: rtc.Network, Start: e.Time,
					Evidence: []rtc.Evidence{{Event: e.Name, At: e.Time, Text: "the browser said that it is offline"}},
				})
				return
			}
			if p.Online != nil {
				w.Close(networkSwitch, 0, 0, e.Time)
			}
			was := m.network
			if was == "" {
				was = w.row.Network
			}
			if p.Type == "" || p.Type == "none" || p.Type == "unknown" {
				return
			}
			m.network = p.Type
			if was != "" && was != "unknown" && was != p.Type {
				w.switches(0, e.Time, "network_type", fmt.Sprintf("%s to %s", was, p.Type), e.Name)
			}
		},
		Connection: func(w *Watch, r *rtc.Connection) {
			if r.LocalType == "" || r.Connected.IsZero() {
				return
			}
			m := Of[switching](w, networkSwitch)
			path := r.LocalType + " over " + r.Transport
			was, known := m.paths[r.ID]
			if was == path {
				return
			}
			if m.paths == nil {
				m.paths = make(map[rtc.ConnectionID]string)
			}
			m.paths[r.ID] = path
			if known && w.now.Sub(r.Connected) > pathSettles {
				w.switches(r.ID, w.now, "path", fmt.Sprintf("%s to %s", was, path), rtc.NameICEState)
			}
		},
	})
}

// switches tells of a change, which is over as it happens.
func (w *Watch) switches(id rtc.ConnectionID, at time.Time, cause, how, event string) {
	m := Of[switching](w, networkSwitch)
	m.at, m.how = at, how
	w.Open(networkSwitch, rtc.Issue{
		Connection: id, Severity: rtc.Low, Cause: cause, Source: rtc.Network, Start: at, End: at,
		Evidence: []rtc.Evidence{{Event: event, At: at, Text: "from " + how}},
	})
}
