package observertc

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/peerglass/peerglass/protocol"
	"github.com/peerglass/peerglass/rtc"
)

// attachments are what an application hangs on samples, connections and
// tracks, as far as it means something here.
type attachments struct {
	user, label, userName, roomName, role string
	keys                                  map[string]string
}

// maxKeys bounds the keys of one sample.
const maxKeys = 64

// attachmentsOf reads a JSON object. What is not known by name and is a text, a
// number or a boolean is a key.
func attachmentsOf(object []byte) (a attachments) {
	var members map[string]json.RawMessage
	if json.Unmarshal(object, &members) != nil {
		return a
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		value := scalar(members[name])
		if value == "" {
			continue
		}
		switch name {
		case "userId", "remoteUserId":
			a.user = value
		case "label":
			a.label = value
		case "userName", "displayName":
			a.userName = value
		case "roomName":
			a.roomName = value
		case "role":
			a.role = value
		default:
			if len(name) > protocol.MaxName || name == "" || len(a.keys) == maxKeys {
				continue
			}
			if a.keys == nil {
				a.keys = make(map[string]string)
			}
			a.keys[name] = value
		}
	}
	return a
}

// scalar is the text of a JSON string, number or boolean, "" of anything else.
func scalar(value []byte) string {
	if len(value) == 0 {
		return ""
	}
	switch value[0] {
	case '{', '[', 'n':
		return ""
	case '"':
		var text string
		if json.Unmarshal(value, &text) != nil {
			return ""
		}
		return clip(text)
	}
	return clip(string(value))
}

func clip(text string) string {
	if len(text) > protocol.MaxName {
		text = strings.ToValidUTF8(text[:protocol.MaxName], "")
	}
	return text
}

// lenient is a JSON string, number or boolean, "" of anything else.
type lenient string

// UnmarshalJSON implements json.Unmarshaler.
func (t *lenient) UnmarshalJSON(value []byte) error {
	*t = lenient(scalar(value))
	return nil
}

// payload are the members of the client's payloads that mean something here.
type payload struct {
	Connection lenient `json:"peerConnectionId"`
	Track      lenient `json:"trackId"`
	Kind       lenient `json:"kind"`
	Producer   lenient `json:"producerId"`
	Consumer   lenient `json:"consumerId"`

	ConnectionState    lenient `json:"connectionState"`
	ICEConnectionState lenient `json:"iceConnectionState"`
	ICEGatheringState  lenient `json:"iceGatheringState"`
	SignalingState     lenient `json:"signalingState"`

	Candidate *lenient `json:"candidate"`
	Error     lenient  `json:"error"`

	software // BROWSER, OPERATION_SYSTEM

	UserAgent lenient `json:"ua"` // USER_AGENT_DATA
	Device    product `json:"device"`
}

// software is a program and its version.
type software struct {
	Name    lenient `json:"name"`
	Version lenient `json:"version"`
}

func (n software) String() string { return strings.TrimSpace(string(n.Name) + " " + string(n.Version)) }

// product is a machine.
type product struct {
	Vendor lenient `json:"vendor"`
	Model  lenient `json:"model"`
}

// maxKinds bounds the tracks whose kind is kept.
const maxKinds = 256

// tell passes on one event, issue or item of meta data.
func (d *scratch) tell(t *told) error {
	if len(t.typ) == 0 {
		d.unknown++
		return nil
	}
	if len(t.typ) > protocol.MaxName {
		return protocol.Errorf(protocol.CodeLimit, "the type of an event is longer than %d bytes", protocol.MaxName)
	}
	value := jsonOf(t.payload)
	var p payload
	if len(value) > 0 && value[0] == '{' {
		_ = json.Unmarshal(value, &p) // what does not fit says nothing
	}
	at := t.time
	if at == 0 {
		at = d.time // the encoder tells no time of meta data
	}
	d.begin(at)
	r := &d.rec
	r.Kind, r.Name, r.Payload = rtc.KindEvent, t.typ, value
	r.Conn = t.conn
	if p.Connection != "" {
		r.Conn = []byte(p.Connection)
	}
	if t.what == toldMeta {
		if done, err := d.meta(string(t.typ), &p); done {
			return err
		}
	}
	switch string(t.typ) {
	case "CLIENT_JOINED":
		d.as(rtc.KindEvent, rtc.NameJoin, value)
	case "PEER_CONNECTION_OPENED":
		d.as(rtc.KindCall, rtc.NameCreate, nil)
	case "PEER_CONNECTION_CLOSED":
		d.as(rtc.KindCall, rtc.NameClose, nil)
	case "PEER_CONNECTION_STATE_CHANGED":
		d.as(rtc.KindState, rtc.NameConnState, quoted(p.ConnectionState))
	case "ICE_CONNECTION_STATE_CHANGED":
		d.as(rtc.KindState, rtc.NameICEState, quoted(p.ICEConnectionState))
	case "ICE_GATHERING_STATE_CHANGED":
		d.as(rtc.KindState, rtc.NameGatheringState, quoted(p.ICEGatheringState))
	case "SIGNALING_STATE_CHANGE":
		d.as(rtc.KindState, rtc.NameSignalingState, quoted(p.SignalingState))
	case "NEGOTIATION_NEEDED":
		d.as(rtc.KindState, rtc.NameNegotiation, nil)
	case "ICE_CANDIDATE":
		if p.Candidate == nil {
			// The client copies a candidate's members, of which browsers show none:
			// all it tells is that there was one.
			value = nil
		}
		d.as(rtc.KindState, rtc.NameICECandidate, value)
		if value == nil {
			r.Kind, r.Name = rtc.KindEvent, t.typ // without a candidate it would be the end of them
		}
	case "ICE_CANDIDATE_ERROR":
		d.as(rtc.KindState, rtc.NameICEError, value)
	case "MEDIA_TRACK_ADDED":
		if _, there := d.kinds[string(p.Track)]; there || len(d.kinds) < maxKinds {
			d.kinds[string(p.Track)] = string(p.Kind)
		}
		label := quoted(p.Kind + ":" + p.Track)
		if p.Producer != "" && p.Consumer == "" { // of mediasoup: the page sends it
			d.as(rtc.KindCall, "addTrack", label)
		} else {
			d.as(rtc.KindState, rtc.NameTrack, label)
		}
	case "MEDIA_TRACK_MUTED":
		d.as(rtc.KindEvent, rtc.NameTrackMute, d.trackOf(&p))
	case "MEDIA_TRACK_UNMUTED":
		d.as(rtc.KindEvent, rtc.NameTrackUnmute, d.trackOf(&p))
	case "PRODUCER_PAUSED", "PRODUCER_RESUMED":
		if kind := d.kinds[string(p.Track)]; kind != "" {
			d.as(rtc.KindEvent, muteName(string(t.typ)), []byte(`{"kind":`+string(quoted(lenient(kind)))+`}`))
		}
	case "CONSUMER_PAUSED", "CONSUMER_RESUMED":
		if p.Track != "" {
			d.as(rtc.KindEvent, muteName(string(t.typ)), []byte(`{"track":`+string(quoted(p.Track))+`}`))
		}
	case "USER_MEDIA_ERROR":
		d.as(rtc.KindCall, rtc.NameGetUserMedia+rtc.OnFailure, quoted(p.Error))
	case rtc.NameFeedback:
		r.Kind = rtc.KindFeedback
	}
	return d.sink.Record(r)
}

func (d *scratch) as(kind rtc.Kind, name string, value []byte) {
	d.rec.Kind, d.rec.Name, d.rec.Payload = kind, []byte(name), value
}

func muteName(typ string) string {
	if strings.HasSuffix(typ, "_PAUSED") {
		return rtc.NameMute
	}
	return rtc.NameUnmute
}

// trackOf is the payload of a track's own mute.
func (d *scratch) trackOf(p *payload) []byte {
	return []byte(`{"id":` + string(quoted(p.Track)) + `,"kind":` + string(quoted(p.Kind)) + `}`)
}

func quoted(text lenient) []byte {
	if text == "" {
		return nil
	}
	value, err := json.Marshal(string(text))
	if err != nil {
		panic(err) // strings always marshal
	}
	return value
}

// meta passes on what an item of meta data says of the machine.
func (d *scratch) meta(typ string, p *payload) (done bool, err error) {
	var id rtc.Identity
	switch typ {
	case "USER_AGENT_DATA":
		id.UserAgent = string(p.UserAgent) // read here like any other client's
		id.Device = strings.TrimSpace(string(p.Device.Vendor) + " " + string(p.Device.Model))
	case "BROWSER":
		id.Browser, id.BrowserVersion = string(p.Name), string(p.Version)
	case "OPERATION_SYSTEM":
		id.OS = p.String()
	default:
		return false, nil
	}
	return true, d.open(&id)
}
