package verdict

import (
	"cmp"
	"slices"
	"time"

	"github.com/peerglass/peerglass/rtc"
)

// after judges what began when the other end's client was gone.
func (f *found) after(other *stay) (judgement, bool) {
	end := other.row.End
	if other.row.EndReason != "timeout" || end.IsZero() || !f.start.After(end.Add(-2*slack)) || !f.start.Before(end.Add(5*slack)) {
		return judgement{}, false
	}
	return judgement{source: rtc.RemoteUser, side: rtc.UserSide, who: other.who, cause: "vanished", confidence: 0.9, reasons: []rtc.Evidence{
		{Session: other.row.ID, At: end, Text: "nothing more was heard of " + other.who.called() + "'s client either"},
	}}, true
}

// bySender explains what was received by what the sender's own client found on
// its side: its device, its machine or its page gave nothing.
func (c *call) bySender(f *found, from *stay) (judgement, bool) {
	j := judgement{source: rtc.RemoteUser, side: rtc.UserSide, who: from.who}
	overnet := !seen(f.row.Cause) && networkCauses[f.row.Cause]
	if cut := from.cut(f); !overnet && cut != nil && f.of.cut(f) == nil {
		j.side, j.cause, j.confidence = rtc.UserNetwork, cut.row.Cause, 0.8
		j.reasons = []rtc.Evidence{cut.evidence(from.who.called() + "'s own client had no answer to what it sent")}
		return j, true
	}
	r := f.of.streams[f.row.Stream]
	var best *found
	for _, g := range from.found {
		if g.row.Source != rtc.LocalUser || networkCauses[g.row.Cause] || g.direction() == rtc.Receive || !near(f, g) || !couldStop(g, r) {
			continue
		}
		// A starved machine sends late and little, which looks like a network that
		// has no room; it loses nothing on the way.
		if overnet && (!starved(g) || f.row.Cause == "packet_loss" || f.row.Cause == "no_packets") {
			continue
		}
		if best == nil || g.row.Severity > best.row.Severity || g.row.Severity == best.row.Severity && g.row.Stream != 0 && best.row.Stream == 0 {
			best = g
		}
	}
	if best == nil {
		return j, false
	}
	j.cause, j.confidence = cmp.Or(best.row.Cause, best.row.Type), 0.9
	j.reasons = []rtc.Evidence{best.evidence(from.who.called() + " had it at the source: " + label(best.row.Type))}
	return j, true
}

// cut is what the stay's client found of its own way out or of its whole
// connection at the time of the issue; nil if nothing.
func (s *stay) cut(f *found) *found {
	for _, g := range s.found {
		if (g.row.Type == "uplink_lost" || g.row.Type == "connection_lost") && near(f, g) {
			return g
		}
	}
	return nil
}

// starved reports whether the sender's machine was clearly too busy.
func starved(g *found) bool {
	return (g.row.Type == "cpu_high" || g.row.Type == "encoder_limited_cpu") && g.row.Severity >= rtc.Medium
}

// couldStop reports whether what the sender found on its side can show in the
// stream.
func couldStop(g *found, r *rtc.Stream) bool {
	if r == nil {
		return g.row.Type != "clipping" && g.row.Type != "echo"
	}
	if st := g.of.streams[g.row.Stream]; st != nil {
		return alike(st.Kind, r.Kind)
	}
	switch g.row.Type {
	case "cpu_high":
		return r.Kind != rtc.KindAudio
	case "clipping", "echo", "desync":
		return false
	}
	return true
}

// turn judges that TURN could not be reached: by one user, it is theirs; by
// all, the server's.
func (c *call) turn(f *found) judgement {
	j := f.judgement
	all, bad := 0, 0
	for _, p := range c.people {
		for _, s := range p.stays {
			if s.row.Start.Before(f.end.Add(time.Minute)) && (s.row.End.IsZero() || s.row.End.After(f.start)) {
				all++
				if slices.ContainsFunc(s.found, func(g *found) bool { return g.row.Type == "turn_unreachable" }) {
					bad++
				}
			}
		}
	}
	j.cause = cmp.Or(j.cause, "turn_unreachable")
	switch {
	case all > 1 && bad == all:
		j.source, j.side, j.who, j.confidence = rtc.Server, rtc.ServerSide, nil, 0.85
		j.reasons = []rtc.Evidence{{Text: "nobody in the call reached it"}}
	case all > 1:
		j.source, j.side, j.who, j.confidence = rtc.Network, rtc.UserNetwork, f.of.who, 0.85
		j.reasons = []rtc.Evidence{{Text: "others in the call reached it"}}
	default:
		j.confidence = 0.5
	}
	return j
}

// failed judges a connection that was never made by what kept it from it.
func (c *call) failed(f *found) judgement {
	for _, s := range append([]*stay{f.of}, c.all...) {
		for _, g := range s.found {
			if g.row.Type == "turn_unreachable" && (s == f.of || near(f, g)) {
				j := c.turn(g)
				if s != f.of && j.source == rtc.Network {
					j.source = rtc.RemoteUser
				}
				return j
			}
		}
	}
	j := f.judgement
	for _, s := range c.all {
		if s.who != f.of.who && slices.ContainsFunc(s.found, func(g *found) bool { return g.row.Type == f.row.Type && near(f, g) }) {
			j.side, j.with, j.confidence = rtc.BetweenSide, s.who, 0.7
			j.reasons = []rtc.Evidence{{Session: s.row.ID, Text: s.who.called() + " could not connect either"}}
			return j
		}
	}
	return j
}
