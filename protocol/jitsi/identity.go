package jitsi

import (
	"bytes"
	"encoding/json"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/peerglass/peerglass/protocol"
	"github.com/peerglass/peerglass/protocol/statsjson"
	"github.com/peerglass/peerglass/rtc"
)

// sdk is what calls itself Jitsi's client, whatever its version.
const sdk = "@jitsi/rtcstats"

// maxIdentity bounds a text taken from an identity, and so a room's name.
const maxIdentity = protocol.MaxName

// identityMembers are the members of an identity that become keys under their
// own names. The application's whole configuration comes with them and stays
// in the event.
var identityMembers = map[string]bool{
	"endpointId": true, "applicationName": true, "meetingUniqueId": true, "confID": true,
	"isBreakoutRoom": true, "breakoutRoomId": true, "parentStatsSessionId": true, "roomId": true,
	"deviceId": true, "customerId": true, "tenant": true, "jaasClientId": true, "siteId": true,
}

// deploymentMembers are those of its deploymentInfo.
var deploymentMembers = map[string]bool{
	"crossRegion": true, "environment": true, "region": true, "releaseNumber": true, "shard": true, "userRegion": true,
}

// emitIdentity passes an identity on twice: as what it says of the session,
// and whole as an event.
func (d *scratch) emitIdentity(session []byte, sink rtc.Sink) error {
	if err := d.unwrap(); err != nil {
		return err
	}
	id := rtc.Identity{SDK: sdk, ClientSession: string(session)}
	readIdentity(d.rec.Payload, &id, identityMembers)
	if id.Room == "" {
		id.Room = roomOf(id.Keys["confID"])
	}
	if id.User == "" {
		id.User = id.Keys["endpointId"]
	}
	return d.emitOpen(&id, sink)
}

func (d *scratch) emitOpen(id *rtc.Identity, sink rtc.Sink) error {
	payload, err := json.Marshal(id)
	if err != nil {
		return err
	}
	r := &d.rec
	event := *r
	r.Kind, r.Payload = rtc.KindOpen, payload
	if err := sink.Record(r); err != nil {
		return err
	}
	*r = event
	r.Kind = rtc.KindEvent
	return sink.Record(r)
}

// readIdentity takes from an identity what rtc.Identity has a place for, and
// the members named in keys. Payload is well formed.
func readIdentity(payload []byte, id *rtc.Identity, keys map[string]bool) {
	in := statsjson.NewScanner(payload)
	if !in.Take('{') {
		return
	}
	var arena []byte
	for first := true; in.More(&first, '}'); {
		name, ok := in.String(&arena)
		if !ok || !in.Want(':') {
			return
		}
		if string(name) == "deploymentInfo" && in.Peek() == '{' {
			deployment, _ := in.Raw()
			readIdentity(deployment, id, deploymentMembers)
			continue
		}
		value, ok := readText(&in, &arena)
		switch {
		case !ok:
			return
		case value == "":
		case keys[string(name)]:
			if id.Keys == nil {
				id.Keys = make(map[string]string)
			}
			id.Keys[string(name)] = value
		case string(name) == "confName", string(name) == "conference": // "conference": rtcstats 5's own {user, conference}
			id.Room = value
		case string(name) == "displayName":
			id.User, id.UserName = value, value
		case string(name) == "user":
			id.User = value
		}
	}
}

// readText reads a value and returns it as text, cut to its bound; "" for what
// is null, an object or an array.
func readText(in *statsjson.Scanner, arena *[]byte) (string, bool) {
	switch in.Peek() {
	case '"':
		text, ok := in.String(arena)
		if len(text) > maxIdentity {
			text = bytes.ToValidUTF8(text[:maxIdentity], nil)
		}
		return string(text), ok
	case '{', '[', 'n':
		_, ok := in.Raw()
		return "", ok
	default:
		raw, ok := in.Raw()
		return string(raw), ok
	}
}

// emitConnectionInfo passes on what the server of old wrote at the beginning
// of a dump, as an object in every version.
func (d *scratch) emitConnectionInfo(sink rtc.Sink) error {
	if err := d.unwrap(); err != nil {
		return err
	}
	var info struct {
		Path, URL, UserAgent, ClientProtocol string
	}
	if err := json.Unmarshal(d.rec.Payload, &info); err != nil { // not what it should be: let it pass as an event
		d.unknown++
		return sink.Record(&d.rec)
	}
	if v, ok := LookupVersion(info.ClientProtocol); ok {
		d.missingRemoved = d.missingRemoved || v.MissingRemoved
		d.backend = d.backend || v.Backend
	}
	id := rtc.Identity{SDK: sdk, UserAgent: clip(info.UserAgent), Page: clip(info.URL)}
	if u, err := url.Parse(strings.TrimLeft(info.Path, "/")); err == nil {
		id.Room = clip(strings.Trim(u.Path, "/"))
		if session := u.Query().Get("statsSessionId"); validSession(session) {
			id.ClientSession = session
		}
	}
	if d.backend {
		id = rtc.Identity{SDK: sdk, UserAgent: id.UserAgent, Page: id.Page, ClientSession: id.ClientSession}
	}
	return d.emitOpen(&id, sink)
}

// roomOf returns the room of a conference's address, https://host/room or
// host/room, which is all that clients before 2021 tell.
func roomOf(address string) string {
	if _, rest, ok := strings.Cut(address, "://"); ok {
		address = rest
	}
	_, path, _ := strings.Cut(address, "/")
	path, _, _ = strings.Cut(path, "?")
	if plain, err := url.PathUnescape(path); err == nil && utf8.ValidString(plain) {
		path = plain
	}
	return strings.Trim(path, "/")
}

func clip(s string) string {
	if len(s) > maxIdentity {
		s = strings.ToValidUTF8(s[:maxIdentity], "")
	}
	return s
}

// backendMembers become keys of a backend client's session.
var backendMembers = map[string]bool{"meetingUniqueId": true, "applicationName": true, "confUrl": true, "meeting_id": true}

// decodeBackend reads a message of Jicofo, Jigasi, JVB or Jibri: their data
// are objects without name, connection or time. An identity opens a session
// whose role is the application's name; the others are events.
func (d *scratch) decodeBackend(e *envelope, data []byte, sink rtc.Sink) error {
	in := statsjson.NewScanner(data)
	if _, ok := in.Raw(); !ok || !in.End() {
		return in.Err()
	}
	d.backend = true
	r := &d.rec
	r.Payload, r.Time = data, backendTime(data, e.stamp)
	if string(e.typ) != typeIdentity {
		r.Kind, r.Name = rtc.KindEvent, e.typ
		return sink.Record(r)
	}
	r.Name = nameIdentity
	id := rtc.Identity{SDK: sdk, ClientSession: string(e.session)}
	readIdentity(data, &id, backendMembers)
	id.Role = strings.ToLower(id.Keys["applicationName"])
	// The room is a chat room's address here; users name it by its first part.
	id.Room, _, _ = strings.Cut(id.Room, "@")
	if id.Room == "" {
		id.Room = roomOf(id.Keys["confUrl"])
	}
	return d.emitOpen(&id, sink)
}

// backendTime finds a message's time: its own, or the one that the server that
// wrote the dump put beside it.
func backendTime(data []byte, stamp float64) int64 {
	in := statsjson.NewScanner(data)
	in.Want('{')
	for first := true; in.More(&first, '}'); {
		name, ok := in.RawString()
		if !ok || !in.Want(':') {
			break
		}
		if string(name) == `"timestamp"` {
			if t, ok := readTime(&in); ok && t > 0 {
				return t
			}
			break
		}
		if _, ok := in.Raw(); !ok {
			break
		}
	}
	if stamp > 0 && stamp < 1e14 {
		return int64(stamp)
	}
	return 0
}
