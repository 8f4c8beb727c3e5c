package issue

import (
	"fmt"
	"time"

	"github.com/peerglass/peerglass/quality"
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
	moved   time.Time // of the last to another kind of network: how
	how     string
	paths   map[rtc.ConnectionID]string
}

func init() {
	networkSwitch = register(Detector{
		Type: "network_switch", Label: "Network switch",
		Help:   "The browser's network is another kind than before, or it is offline (medium while it is); or a connection that was connected for 10 s takes another path. Low: what it costs the user shows in other issues.",
		Causes: []string{"network_type", "offline", "path"},
		Kinds:  quality.Transport, Dirs: quality.Either, Scope: PerConnection,
		Sample: func(s *Stream, smp *rtc.Sample) Mark {
			// Another address of the same kind shows only in the count of changes.
			if Value(smp, quality.PairChanges) > 0 {
				s.w.takesPath(s.Row.Connection, smp.Time.Add(-smp.Interval), smp.Time, "one pair of candidates to another")
			}
			return Mark{}
		},
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
				m.moved, m.how = e.Time, fmt.Sprintf("%s to %s", was, p.Type)
				w.switches(0, e.Time, "network_type", m.how, e.Name)
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
			if known {
				w.takesPath(r.ID, w.now, w.now, fmt.Sprintf("%s to %s", was, path))
			}
		},
	})
}

// takesPath tells of a connection that takes another path, unless it has just
// come about or that was told already. It did so between from and to.
func (w *Watch) takesPath(id rtc.ConnectionID, from, to time.Time, how string) {
	l := w.link(id)
	m := Of[switching](w, networkSwitch)
	if l.connected.IsZero() || from.Sub(l.connected) <= pathSettles || !m.at.IsZero() && to.Sub(m.at) < switchMatters {
		return
	}
	w.switches(id, to, "path", how, rtc.NameICEState)
}

// switches tells of a change, which is over as it happens.
func (w *Watch) switches(id rtc.ConnectionID, at time.Time, cause, how, event string) {
	Of[switching](w, networkSwitch).at = at
	w.Open(networkSwitch, rtc.Issue{
		Connection: id, Severity: rtc.Low, Cause: cause, Source: rtc.Network, Start: at, End: at,
		Evidence: []rtc.Evidence{{Event: event, At: at, Text: "from " + how}},
	})
}
