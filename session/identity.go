package session

import (
	"encoding/json"
	"maps"

	"github.com/peerglass/peerglass/rtc"
)

const (
	maxKeys      = 64
	maxUserAgent = 1024
)

// identify adds what a client says of itself to what it said before.
func (s *Session) identify(payload []byte) {
	if len(payload) == 0 {
		return
	}
	// Into a copy: an identity that does not parse changes nothing, and one
	// with a wrong member must not hide the others from the event.
	next := s.identity
	next.Keys = maps.Clone(s.identity.Keys)
	if json.Unmarshal(payload, &next) != nil {
		return
	}
	for _, text := range []*string{&next.Room, &next.RoomName, &next.User, &next.UserName, &next.Role,
		&next.ClientSession, &next.SDK, &next.SDKVersion, &next.Browser, &next.BrowserVersion, &next.OS,
		&next.Device, &next.Network} {
		*text = cutName(*text)
	}
	next.UserAgent = next.UserAgent[:min(len(next.UserAgent), maxUserAgent)]
	next.Page = next.Page[:min(len(next.Page), maxUserAgent)]
	if len(next.Keys) > maxKeys {
		for _, k := range sortedKeys(next.Keys)[maxKeys:] {
			delete(next.Keys, k)
		}
	}
	for k, v := range next.Keys {
		next.Keys[k] = cutName(v)
	}
	s.setIdentity(next)
}

func (s *Session) setIdentity(id rtc.Identity) {
	userTold := id.User != s.identity.User || id.RoomName != s.identity.RoomName
	s.identity = id
	row := &s.row
	row.User, row.UserName, row.Role = id.User, id.UserName, id.Role
	row.ClientSession, row.SDK, row.SDKVersion = id.ClientSession, id.SDK, id.SDKVersion
	row.UserAgent, row.Page, row.Keys = id.UserAgent, id.Page, id.Keys
	seen := parseUserAgent(id.UserAgent)
	row.Browser, row.BrowserVersion = firstText(id.Browser, seen.Browser), firstText(id.BrowserVersion, seen.Version)
	row.OS, row.Device = firstText(id.OS, seen.OS), firstText(id.Device, seen.Device)
	if id.Network != "" {
		row.Network, s.networkTold = id.Network, true
	}
	s.changed = true
	if userTold && s.assigned {
		s.opt.Rooms.Identify(s.stay(Assignment{Call: row.Call, Room: row.Room}, s.received))
	}
}

// legacyNames are what old integrations tell in the constraints of a peer
// connection.
type legacyNames struct {
	Client     string `json:"rtcStatsClientId"`
	Peer       string `json:"rtcStatsPeerId"`
	Conference string `json:"rtcStatsConferenceId"`
}

// readLegacy reads {"optional":[{"rtcStatsClientId":"…"}, …]} or the members of
// an object.
func readLegacy(payload []byte) []legacyNames {
	var p struct {
		legacyNames
		Optional []legacyNames `json:"optional"`
	}
	if json.Unmarshal(payload, &p) != nil {
		return nil
	}
	return append(p.Optional, p.legacyNames)
}

// legacyIdentity takes user and room from the constraints.
func (s *Session) legacyIdentity(payload []byte) {
	for _, n := range readLegacy(payload) {
		id := s.identity
		if n.Client != "" {
			id.User = cutName(n.Client)
		}
		if n.Conference != "" {
			id.Room = cutName(n.Conference)
		}
		if id.User != s.identity.User || id.Room != s.identity.Room {
			s.setIdentity(id)
		}
	}
}

// learnPeer takes from the constraints who is at the other end.
func (c *connection) learnPeer(payload []byte) {
	for _, n := range readLegacy(payload) {
		if n.Peer != "" {
			c.peer = cutName(n.Peer)
			c.row.Peer, c.changed = c.peer, true
			c.reports.stale = true
		}
	}
}

func firstText(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
