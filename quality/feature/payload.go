package feature

import (
	"bytes"
	"encoding/json"
	"net/netip"
	"strings"
)

// textOf returns a payload as text: a JSON string without its quotes, of an
// error object its name and message, anything else as it stands.
func textOf(payload []byte) string {
	if len(payload) > 64<<10 {
		payload = payload[:0] // no browser says so much in one word
	}
	switch {
	case len(payload) == 0 || string(payload) == "null":
		return ""
	case payload[0] == '"':
		var s string
		if json.Unmarshal(payload, &s) == nil {
			return clip(s, maxText)
		}
	case payload[0] == '{':
		var e struct{ Name, Message any }
		if json.Unmarshal(payload, &e) == nil {
			name, _ := e.Name.(string)
			message, _ := e.Message.(string)
			if s := strings.Trim(name+": "+message, ": "); s != "" {
				return clip(s, maxText)
			}
		}
	}
	return clip(string(payload), maxText)
}

// isState reports whether a payload is a given word.
func isState(payload []byte, state string) bool {
	return len(payload) == len(state)+2 && payload[0] == '"' && string(payload[1:len(payload)-1]) == state
}

// typeOf returns the type of a session description. Within the text of the
// description a quote is escaped, so what is found is the member.
func typeOf(payload []byte) string {
	_, rest, ok := bytes.Cut(payload, []byte(`"type":`))
	rest = bytes.TrimLeft(rest, ` "`)
	if end := bytes.IndexByte(rest, '"'); ok && end > 0 {
		switch t := string(rest[:end]); t {
		case "offer", "answer", "pranswer", "rollback":
			return t
		}
	}
	return ""
}

// isTrue reports whether an object says that a member is true.
func isTrue(payload []byte, member string) bool {
	for rest := payload; ; {
		i := bytes.Index(rest, []byte(member))
		if i < 0 {
			return false
		}
		rest = rest[i+len(member):]
		if after, ok := bytes.CutPrefix(rest, []byte(`":`)); ok && bytes.HasPrefix(bytes.TrimLeft(after, " "), []byte("true")) {
			return true
		}
	}
}

// trackInfo is a track as a call or an event names it.
type trackInfo struct{ kind, id, label string }

// tracksOf reads the tracks that a payload names: rtcstats writes
// ["kind","id","label","stream"…], our own SDK {"kind","id","label"}, Jitsi
// "kind:id stream:id", and what was got of getUserMedia is a list of them, in
// an export of Chrome an object with a member for each kind.
func tracksOf(payload []byte) []trackInfo {
	if len(payload) == 0 || len(payload) > 64<<10 {
		return nil
	}
	var v any
	if json.Unmarshal(payload, &v) != nil {
		return nil
	}
	var all []trackInfo
	addTracks(&all, v, 0)
	return all
}

func addTracks(all *[]trackInfo, v any, depth int) {
	if depth > 3 || len(*all) >= maxListed {
		return
	}
	switch v := v.(type) {
	case string:
		// "stream audio:id,video:id" of a stream, "audio:id stream:id" of a track.
		for _, word := range strings.FieldsFunc(v, func(r rune) bool { return r == ' ' || r == ',' }) {
			if kind, id, ok := strings.Cut(word, ":"); ok && (kind == "audio" || kind == "video") {
				*all = append(*all, trackInfo{kind: kind, id: clip(id, 256)})
			}
		}
	case []any:
		text := func(i int) string {
			if i >= len(v) {
				return ""
			}
			s, _ := v[i].(string)
			return clip(s, 256)
		}
		if kind := text(0); kind == "audio" || kind == "video" {
			if text(1) != "" {
				*all = append(*all, trackInfo{kind, text(1), text(2)})
			}
			return
		}
		for _, e := range v {
			addTracks(all, e, depth+1)
		}
	case map[string]any:
		text := func(name string) string {
			s, _ := v[name].(string)
			return clip(s, 256)
		}
		if kind := text("kind"); (kind == "audio" || kind == "video") && text("id") != "" {
			*all = append(*all, trackInfo{kind, text("id"), text("label")})
			return
		}
		for _, kind := range []string{"audio", "video"} {
			if t, ok := v[kind].(map[string]any); ok {
				if id, _ := t["id"].(string); id != "" {
					label, _ := t["label"].(string)
					*all = append(*all, trackInfo{kind, clip(id, 256), clip(label, 256)})
				}
			}
		}
		if tracks, ok := v["tracks"]; ok {
			addTracks(all, tracks, depth+1)
		}
		if track, ok := v["track"]; ok {
			addTracks(all, track, depth+1)
		}
	}
}

// candidate is an ICE candidate as calls and events have it.
type candidate struct {
	address, typ  string
	preference    int64 // type preference, the upper 8 bits of the priority
	passiveTCP    bool
	relayProtocol string // udp, tcp, tls; "" where it is not told
}

// candidateOf finds the candidate in a payload: browsers' objects, Chrome's
// texts for people and bare lines all have it after "candidate:".
func candidateOf(payload []byte) (candidate, bool) {
	_, line, ok := bytes.Cut(payload, []byte("candidate:"))
	if !ok || len(payload) > 64<<10 {
		return candidate{}, false
	}
	if end := bytes.IndexAny(line, `"\`); end >= 0 {
		line = line[:end]
	}
	f := strings.Fields(string(line))
	if len(f) < 8 || f[6] != "typ" {
		return candidate{}, false
	}
	c := candidate{address: f[4], typ: f[7]}
	var priority int64
	for _, d := range f[3] {
		if d < '0' || d > '9' || priority > 1<<32 {
			break
		}
		priority = priority*10 + int64(d-'0')
	}
	c.preference = priority >> 24
	for i := 8; i+1 < len(f); i += 2 {
		if f[i] == "tcptype" {
			c.passiveTCP = f[i+1] == "passive"
		}
	}
	if c.typ == "relay" {
		c.relayProtocol = relayProtocol(payload)
	}
	return c, true
}

// networkOf keeps the network of an address, 24 bits of IPv4 and 48 of IPv6, as
// is done with every address that is stored. What the client has hidden itself
// (x.x.x.x, a name under .local) stays as it is.
func networkOf(address string) string {
	a, err := netip.ParseAddr(address)
	if err != nil {
		return address
	}
	a = a.Unmap().WithZone("")
	bits := 48
	if a.Is4() {
		bits = 24
	}
	p, err := a.Prefix(bits)
	if err != nil {
		return ""
	}
	return p.Addr().String()
}

// relayProtocol is how a client reaches its TURN server: what the event tells,
// else what follows from the server's address.
func relayProtocol(payload []byte) string {
	for _, p := range []string{"udp", "tcp", "tls"} {
		if bytes.Contains(payload, []byte(`"relayProtocol":"`+p+`"`)) {
			return p
		}
	}
	switch {
	case bytes.Contains(payload, []byte(`"turns:`)):
		return "tls"
	case bytes.Contains(payload, []byte("transport=tcp")):
		return "tcp"
	case bytes.Contains(payload, []byte(`"turn:`)):
		return "udp"
	}
	return ""
}

// place is what a server's geolocation says.
type place struct{ Continent, Country, City string }

func (p *place) clip() place {
	return place{clip(p.Continent, 256), clip(p.Country, 256), clip(p.City, 256)}
}

// placeOf reads the place that the server of rtcstats notes beside a candidate.
func placeOf(corr []byte) *place {
	if len(corr) == 0 || corr[0] != '{' {
		return nil
	}
	var v struct {
		Location *place `json:"rtcstatsLocation"`
	}
	if json.Unmarshal(corr, &v) != nil || v.Location == nil {
		return nil
	}
	p := v.Location.clip()
	return &p
}
