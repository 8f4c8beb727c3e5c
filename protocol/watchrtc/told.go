package watchrtc

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/peerglass/peerglass/protocol"
	"github.com/peerglass/peerglass/protocol/statsjson"
	"github.com/peerglass/peerglass/rtc"
)

// told are the members of payloads that become something else here. Numbers and
// texts are taken as they come: what does not fit is left out.
type told struct {
	Room       text            `json:"rtcRoomId"`
	Peer       text            `json:"rtcPeerId"`
	SDKVersion text            `json:"sdkVersion"`
	Keys       json.RawMessage `json:"keys"`

	Version   text `json:"version"`
	OS        text `json:"os"`
	OSVersion text `json:"osVersion"`

	ID   text            `json:"id"`
	Name text            `json:"name"`
	Type text            `json:"type"`
	Text json.RawMessage `json:"text"`

	Rating  *float64        `json:"rating"`
	Comment json.RawMessage `json:"ratingComment"`

	CPU text `json:"percentageUsedCpu"`
}

// text is short here, it stands so often.
type text = protocol.Text

// read reads the payload's members; of a payload that is no object, none.
func (d *scratch) read() (t told) {
	if len(d.rec.Payload) > 0 && d.rec.Payload[0] == '{' {
		_ = json.Unmarshal(d.rec.Payload, &t)
	}
	return t
}

// write makes v the payload.
func (d *scratch) write(v any) error {
	payload, err := json.Marshal(v)
	if err != nil {
		return err
	}
	d.rec.Payload = payload
	return nil
}

// emitIdentity passes on what an entry says of the session.
func (d *scratch) emitIdentity(what kind) error {
	r, t := &d.rec, d.read()
	var id rtc.Identity
	switch what {
	case kindSession:
		id = rtc.Identity{Room: string(t.Room), User: string(t.Peer), SDK: sdk, SDKVersion: string(t.SDKVersion), Keys: keysOf(t.Keys)}
	case kindKeys:
		id.Keys = keysOf(r.Payload)
	case kindAgent:
		// Its name is not taken: the client takes the made-up brand for one.
		// Windows 10 and 11 have one user agent, and these tell them apart.
		id.BrowserVersion = string(t.Version)
		if t.OS == "Windows" && t.OSVersion != "" {
			id.OS = "Windows " + string(t.OSVersion)
		}
	}
	r.Kind, r.Conn = rtc.KindOpen, nil
	if err := d.write(&id); err != nil {
		return err
	}
	return d.sink.Record(r)
}

// maxKeys bounds the keys of one entry.
const maxKeys = 64

// keysOf reads {"key":["value","other value"]}; the client makes lists of single
// values, too.
func keysOf(payload []byte) map[string]string {
	var lists map[string]json.RawMessage
	if len(payload) == 0 || payload[0] != '{' || json.Unmarshal(payload, &lists) != nil {
		return nil
	}
	keys := make(map[string]string, min(len(lists), maxKeys))
	for _, name := range slices.Sorted(maps.Keys(lists)) {
		if len(keys) == maxKeys {
			break
		}
		list := lists[name]
		var values []text
		if list[0] != '[' {
			values = make([]text, 1)
			_ = json.Unmarshal(list, &values[0])
		} else {
			_ = json.Unmarshal(list, &values)
		}
		var joined strings.Builder
		for _, v := range values {
			if v == "" || joined.Len()+len(v) > protocol.MaxName {
				continue
			}
			if joined.Len() > 0 {
				joined.WriteString(", ")
			}
			joined.WriteString(string(v))
		}
		if name != "" && len(name) <= protocol.MaxName && joined.Len() > 0 {
			keys[name] = joined.String()
		}
	}
	return keys
}

// emitLog passes on a line of the console.
func (d *scratch) emitLog() error {
	r, t := &d.rec, d.read()
	r.Kind, r.Name = rtc.KindLog, []byte("info")
	switch t.Type {
	case "debug", "warn", "error":
		r.Name = []byte(t.Type)
	}
	if len(t.Text) > 0 && t.Text[0] == '"' {
		r.Payload = t.Text
	}
	return d.sink.Record(r)
}

// emitApp passes on an event of the application, with how far it reaches
// (global, local, log) among its parameters.
func (d *scratch) emitApp() error {
	r := &d.rec
	r.Kind = rtc.KindEvent
	in := statsjson.NewScanner(r.Payload)
	if !in.Take('{') {
		return d.sink.Record(r)
	}
	var name, reach, parameters []byte
	for first := true; in.More(&first, '}'); {
		member, ok := in.RawString()
		if !ok || !in.Want(':') {
			break
		}
		switch string(member) {
		case `"name"`:
			if in.Peek() == '"' {
				name, _ = in.String(&d.arena)
			} else {
				in.Raw()
			}
		case `"type"`:
			reach, _ = in.Raw()
		case `"parameters"`:
			parameters, _ = in.Raw()
		default:
			in.Raw()
		}
	}
	if len(name) > protocol.MaxName {
		return protocol.Errorf(protocol.CodeLimit, "the name of an event is longer than %d bytes", protocol.MaxName)
	}
	if len(name) > 0 {
		r.Name = name
	}
	if what, known := lookupName(name); known && what.kind != kindEvent {
		// What an application calls like a call of the browser's API is none.
		r.Name = append([]byte("event."), name...)
	}
	r.Payload = d.withReach(parameters, reach)
	return d.sink.Record(r)
}

// withReach returns {…parameters, "type": reach}.
func (d *scratch) withReach(parameters, reach []byte) []byte {
	if len(reach) == 0 {
		return parameters
	}
	d.made = d.made[:0]
	switch inner := bytes.TrimSpace(parameters); {
	case len(inner) < 2 || inner[0] != '{' && inner[0] != '[':
		d.made = append(d.made, '{')
	case inner[0] == '[':
		d.made = append(append(append(d.made, `{"parameters":`...), inner...), ',')
	default:
		has, empty := false, true
		in := statsjson.NewScanner(inner)
		in.Want('{')
		for first := true; in.More(&first, '}'); {
			member, ok := in.RawString()
			if !ok || !in.Want(':') {
				break
			}
			has, empty = has || string(member) == `"type"`, false
			in.Raw()
		}
		if has {
			return inner
		}
		d.made = append(d.made, inner[:len(inner)-1]...)
		if !empty {
			d.made = append(d.made, ',')
		}
	}
	return append(append(append(d.made, `"type":`...), reach...), '}')
}

// emitRating passes on what the user thought of the call, 1 to 5.
func (d *scratch) emitRating() error {
	r, t := &d.rec, d.read()
	r.Kind = rtc.KindFeedback
	var feedback struct {
		Overall *float64        `json:"overall,omitempty"`
		Comment json.RawMessage `json:"comment,omitempty"`
	}
	feedback.Overall = t.Rating
	if len(t.Comment) > 0 && t.Comment[0] == '"' {
		feedback.Comment = t.Comment
	}
	if err := d.write(&feedback); err != nil {
		return err
	}
	return d.sink.Record(r)
}

// emitTrack passes on whose a track is.
func (d *scratch) emitTrack() error {
	r, t := &d.rec, d.read()
	r.Kind = rtc.KindEvent
	if err := d.write(map[string]string{"track": string(t.ID), "user": string(t.Name)}); err != nil {
		return err
	}
	return d.sink.Record(r)
}

// emitLabel passes on that another device is in use.
func (d *scratch) emitLabel(kind []byte) error {
	r := &d.rec
	r.Kind, r.Name = rtc.KindEvent, []byte(rtc.NameDevices)
	var label text
	if len(r.Payload) > 0 {
		_ = json.Unmarshal(r.Payload, &label)
	}
	if err := d.write(map[string]string{string(kind): string(label)}); err != nil {
		return err
	}
	return d.sink.Record(r)
}

// learnHardware keeps the use of the processor, which testRTC's extension of
// the browser measures, for the next poll. Of the memory the extension tells
// the whole machine's, which says nothing of the page.
func (d *scratch) learnHardware() {
	used := strings.TrimSuffix(strings.TrimSpace(string(d.read().CPU)), "%")
	if percent, err := strconv.ParseFloat(used, 64); err == nil && percent >= 0 && percent <= 100 {
		d.cpu = percent / 100
	}
}
