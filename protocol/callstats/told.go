package callstats

import (
	"bytes"
	"encoding/json"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/peerglass/peerglass/protocol"
	"github.com/peerglass/peerglass/protocol/statsjson"
	"github.com/peerglass/peerglass/rtc"
)

// The SDKs, as they are called in rows.
const (
	sdkScript = "callstats-js"
	sdkREST   = "callstats REST"
)

// header are the members that all bodies have.
type header struct {
	EventType  text   `json:"eventType"`
	Timestamp  number `json:"timestamp"`
	LocalID    text   `json:"localID"`
	RemoteID   text   `json:"remoteID"`
	Connection text   `json:"connectionID"`
}

// headers are their names, and those of other members that tell nothing of the
// event: the machine and the browser were told at the join.
var headers = map[string]bool{
	"eventType": true, "timestamp": true, "localID": true, "remoteID": true, "connectionID": true,
	"callstatsVersion": true, "deviceID": true, "siteID": true, "originID": true, "additionalIDs": true, "magicKey": true, "endpoint": true,
}

// text is short here, it stands so often.
type text = protocol.Text

// number is a JSON number, or a text of one; nothing of anything else.
type number struct {
	value float64
	told  bool
}

// UnmarshalJSON implements json.Unmarshaler.
func (n *number) UnmarshalJSON(value []byte) error {
	v, err := strconv.ParseFloat(string(bytes.Trim(value, `"`)), 64)
	if err == nil && !math.IsNaN(v) && !math.IsInf(v, 0) {
		*n = number{v, true}
	}
	return nil
}

// MarshalJSON implements json.Marshaler.
func (n number) MarshalJSON() ([]byte, error) { return json.Marshal(n.value) }

// IsZero reports whether nothing was told.
func (n number) IsZero() bool { return !n.told }

// read reads members of a body; what does not fit is left out.
func read[T any](body []byte) (t T) {
	_ = json.Unmarshal(body, &t)
	return t
}

// tell decodes a frame that is not statistics.
func (d *scratch) tell(what string, body, place []byte) error {
	// A number in another unit or a name of another kind must not cost the rest,
	// but a body with broken JSON is none.
	in := statsjson.NewScanner(body)
	if _, ok := in.Raw(); !ok {
		return in.Err()
	}
	h := read[header](body)
	d.rec.Time = milliseconds(h.Timestamp.value)
	conn := []byte(h.Connection)
	if own := text(d.user); h.Connection == own || h.Connection == text(encodeComponent(d.user)) {
		conn = nil // what the client writes where an event is of no fabric
	}
	switch what {
	case join:
		return d.join(body, place)
	case "events/user/alive":
		return nil
	case "events/user/left":
		return d.record(rtc.KindClose, rtc.NameClose, nil, []byte(`{"reason":"leave"}`))
	case "events/userdetails":
		if name := read[struct{ UserName text }](body).UserName; name != "" {
			return d.record(rtc.KindOpen, "userDetails", nil, appendJSON(nil, rtc.Identity{UserName: string(name)}))
		}
		return nil
	case "events/devices/list":
		return d.devices(&h, body)
	case "events/media/actions", "events/fabric/actions":
		return d.action(&h, conn, body)
	case "events/fabric", "events/fabric/setup", "events/fabric/setupfailed", "events/fabric/terminated", "events/fabric/status", "events/ice/status":
		return d.fabricEvent(&h, body)
	case "events/fabric/statechange":
		return d.stateChange(&h, body)
	case "events/ssrcmap":
		return d.ssrcMap(&h, conn, body)
	case "events/sdp":
		sdp := read[struct{ LocalSDP, RemoteSDP string }](body)
		return d.record(rtc.KindEvent, "sdp", conn, appendJSON(nil, &struct {
			Local  string `json:"local,omitempty"`
			Remote string `json:"remote,omitempty"`
		}{sdp.LocalSDP, sdp.RemoteSDP}))
	case "events/feedback":
		return d.feedback(body)
	case "events/dominantspeaker":
		return d.record(rtc.KindEvent, rtc.NameDominantSpeaker, nil, appendJSON(nil, map[string]string{"user": d.who(&h)}))
	case "events/app/logs":
		return d.log(conn, body)
	case "system/status", "stats/system":
		return d.system(body)
	case "events/customevent":
		list := read[struct{ EventList json.RawMessage }](body).EventList
		if len(list) == 0 {
			list = nil
		}
		return d.record(rtc.KindEvent, "customEvent", conn, list)
	case "events/media/pipeline", "events/fabric/transportchange", "events/fabric/details", "events/fabric/disruptions", "customstats", "events/conferencesummary":
	default:
		d.unknown++
	}
	name := string(h.EventType)
	if name == "" || what == "customstats" {
		name = what[strings.LastIndexByte(what, '/')+1:]
	}
	return d.record(rtc.KindEvent, name, conn, rest(body))
}

// who is the user of the stay.
func (d *scratch) who(h *header) string {
	if d.user != "" {
		return d.user
	}
	return string(h.LocalID)
}

// rest returns what a body says beside its header.
func rest(body []byte) []byte {
	members := read[map[string]json.RawMessage](body)
	maps.DeleteFunc(members, func(name string, _ json.RawMessage) bool { return headers[name] })
	if len(members) == 0 {
		return nil
	}
	return appendJSON(nil, members) // in the order of their names
}

// joined is the body of a join.
type joined struct {
	Version  text                       `json:"callstatsVersion"`
	UserName text                       `json:"userName"`
	SiteID   text                       `json:"siteID"`
	IDs      map[string]json.RawMessage `json:"additionalIDs"`
	Endpoint struct {
		Type       text `json:"type"`
		OS         text `json:"os"`
		OSVersion  text `json:"osVersion"`
		Name       text `json:"name"`
		Version    text `json:"version"`
		AppVersion text `json:"appVersion"`
		UserAgent  text `json:"userAgent"`
	} `json:"endpointInfo"`
}

// maxKeys bounds the additional ids of a join.
const maxKeys = 32

func (d *scratch) join(body, where []byte) error {
	b, p := read[joined](body), read[place](where)
	d.user = p.User
	id := rtc.Identity{
		Room: p.Room, User: p.User, UserName: string(b.UserName), SDK: sdkREST,
		UserAgent: string(b.Endpoint.UserAgent), Keys: map[string]string{},
	}
	if b.Version != "" {
		id.SDK, id.SDKVersion = sdkScript, string(b.Version)
	}
	if id.UserAgent == "" { // a native client's own words
		id.Browser, id.BrowserVersion = string(b.Endpoint.Name), string(b.Endpoint.Version)
		id.OS = strings.TrimSpace(string(b.Endpoint.OS) + " " + string(b.Endpoint.OSVersion))
	}
	for name, value := range map[string]text{"siteID": b.SiteID, "appVersion": b.Endpoint.AppVersion} {
		if value != "" {
			id.Keys[name] = string(value)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(b.IDs)) {
		if value := read[text](b.IDs[name]); value != "" && len(name) <= protocol.MaxName && len(id.Keys) < maxKeys {
			id.Keys[name] = string(value)
		}
	}
	return d.record(rtc.KindOpen, "userJoined", nil, appendJSON(nil, &id))
}

// device is a device in a list.
type device struct {
	ID    text `json:"mediaDeviceID"`
	Kind  text `json:"kind"`
	Label text `json:"label"`
}

// The bounds of lists.
const (
	maxDevices = 256
	maxSSRCs   = 4096
)

// listOf reads a list of at most so many. It is read one by one: of empty
// members it would take many times its own bytes.
func listOf[T any](raw []byte, most int) (all []T, err error) {
	in := statsjson.NewScanner(raw)
	if len(raw) == 0 || !in.Take('[') {
		return nil, nil
	}
	all = []T{}
	for first := true; in.More(&first, ']'); {
		one, ok := in.Raw()
		if !ok {
			break
		}
		if len(all) == most {
			return nil, protocol.Errorf(protocol.CodeLimit, "a list has more than %d members", most)
		}
		all = append(all, read[T](one))
	}
	return all, in.Err()
}

// devices passes on which devices are in use, or which there are.
func (d *scratch) devices(h *header, body []byte) error {
	list, err := listOf[device](read[struct {
		Devices json.RawMessage `json:"mediaDeviceList"`
	}](body).Devices, maxDevices)
	if err != nil {
		return err
	}
	if h.EventType != "activeDeviceList" {
		return d.record(rtc.KindEvent, "connectedDevices", nil, appendJSON(nil, list))
	}
	used := map[string]string{}
	for _, v := range list {
		switch kind := string(v.Kind); kind {
		case "audioinput", "audiooutput", "videoinput":
			if used[kind] == "" {
				used[kind] = string(v.Label)
			}
		}
	}
	return d.record(rtc.KindEvent, rtc.NameDevices, nil, appendJSON(nil, used))
}

// action passes on what the user did.
func (d *scratch) action(h *header, conn, body []byte) error {
	name, payload := string(h.EventType), ""
	switch strings.ToLower(name) { // native clients write audioUnMute
	case "audiomute":
		name, payload, conn = rtc.NameMute, `{"kind":"audio"}`, nil
	case "audiounmute":
		name, payload, conn = rtc.NameUnmute, `{"kind":"audio"}`, nil
	case "videopause":
		name, payload, conn = rtc.NameMute, `{"kind":"video"}`, nil
	case "videoresume":
		name, payload, conn = rtc.NameUnmute, `{"kind":"video"}`, nil
	case "screensharestart":
		name, payload, conn = rtc.NameScreenShare, `{"on":true}`, nil
	case "screensharestop":
		name, payload, conn = rtc.NameScreenShare, `{"on":false}`, nil
	case "fabrichold":
		name, payload = rtc.NameHold, `{"on":true}`
	case "fabricresume":
		name, payload = rtc.NameHold, `{"on":false}`
	default:
		payload = string(rest(body))
	}
	return d.record(rtc.KindEvent, name, conn, []byte(payload))
}

// ssrcMap passes on whose streams are.
func (d *scratch) ssrcMap(h *header, conn, body []byte) error {
	list, err := listOf[struct {
		SSRC       text `json:"ssrc"` // of digits
		StreamType text `json:"streamType"`
		UserID     text `json:"userID"`       // of native clients: whose it is; else the user's own
		Remote     text `json:"remoteUserID"` // by associateMstWithUserID
		Label      text `json:"usageLabel"`
	}](read[struct {
		Data json.RawMessage `json:"ssrcData"`
	}](body).Data, maxSSRCs)
	if err != nil {
		return err
	}
	own := d.who(h)
	for _, s := range list {
		ssrc, err := strconv.ParseUint(string(s.SSRC), 10, 32)
		if err != nil || ssrc == 0 {
			continue
		}
		user := string(s.Remote)
		if user == "" {
			user = string(s.UserID)
		}
		switch {
		case s.StreamType == "outbound" || user == own && s.Remote != "":
			user = "" // of the user's own streams the label is all there is to tell
			if s.Label == "" {
				continue
			}
		case user == own || user == "":
			continue // what the other end of the fabric brings is its user's already
		}
		mapping := map[string]any{"ssrc": ssrc, "user": user}
		if s.Label != "" {
			mapping["label"] = s.Label
		}
		if err := d.record(rtc.KindEvent, rtc.NameMapStream, conn, appendJSON(nil, mapping)); err != nil {
			return err
		}
	}
	return nil
}

// feedback passes on what the user thought of the call.
func (d *scratch) feedback(body []byte) error {
	f := read[struct {
		Feedback struct {
			Overall number `json:"overallRating"`
			Audio   number `json:"audioQualityRating"`
			Video   number `json:"videoQualityRating"`
			Screen  number `json:"screenQualityRating"`
			Comment string `json:"comments"`
		} `json:"feedback"`
	}](body).Feedback
	return d.record(rtc.KindFeedback, rtc.NameFeedback, nil, appendJSON(nil, &struct {
		Overall number `json:"overall,omitzero"`
		Audio   number `json:"audio,omitzero"`
		Video   number `json:"video,omitzero"`
		Screen  number `json:"screen,omitzero"`
		Comment string `json:"comment,omitempty"`
	}{f.Overall, f.Audio, f.Video, f.Screen, f.Comment}))
}

// log passes on a line of the application's log: a text, or what the client
// made of an object.
func (d *scratch) log(conn, body []byte) error {
	l := read[struct{ Message json.RawMessage }](body)
	line := l.Message
	if len(line) > 0 && line[0] == '"' {
		var inner string
		if json.Unmarshal(line, &inner) == nil && strings.HasPrefix(inner, "{") && json.Valid([]byte(inner)) {
			line = json.RawMessage(inner)
		}
	}
	return d.record(rtc.KindLog, "error", conn, line)
}

// system keeps what is told of the machine for the next poll.
func (d *scratch) system(body []byte) error {
	type status struct{ CPUUsage, BatteryLevel number } // percent
	b := read[struct {
		status
		StatusStats status `json:"statusStats"`
	}](body)
	for _, s := range []status{b.status, b.StatusStats} {
		if v := s.CPUUsage; v.told && v.value >= 0 && v.value <= 100 {
			d.machine.cpu = v.value / 100
		}
		if v := s.BatteryLevel; v.told && v.value >= 0 && v.value <= 100 {
			d.machine.battery = v.value / 100
		}
	}
	return d.record(rtc.KindEvent, "systemStatus", nil, rest(body))
}
