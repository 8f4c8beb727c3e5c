package peermetrics

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/peerglass/peerglass/protocol"
	"github.com/peerglass/peerglass/protocol/statsjson"
	"github.com/peerglass/peerglass/rtc"
)

// sdk is what the client is called in rows.
const sdk = "@peermetrics/sdk"

// Decoder decodes the requests of one session, in order. It keeps two numbers.
type Decoder struct {
	unknown uint64
	offset  float64 // the client's clock less the server's, ms
	timed   bool    // the offset is known
	// The newest state of each connection, by event and connection: the SDK's
	// requests go side by side and overtake each other.
	states map[string]newest
}

type newest struct {
	at       int64 // client's clock, Unix ms; 0 where it was not told itself
	received int64
	settled  bool // it is one that others lead to: connected, complete …
}

// overtakes is by how much, in ms, a request may come before one that was made
// earlier: browsers have six connections to a server, and one that is just
// being opened may take seconds.
const overtakes = 10_000

// putBack is by how much, in ms, a state may be older than the newest one by
// the client's clock: else that was put back.
const putBack = 60_000

// maxStates bounds the connections whose states are put in order.
const maxStates = 1024

var _ protocol.Decoder = (*Decoder)(nil)

// NewDecoder returns a decoder for one session.
func NewDecoder() *Decoder { return &Decoder{} }

// Unknown returns how many requests or events had no name.
func (d *Decoder) Unknown() uint64 { return d.unknown }

// Decode implements protocol.Decoder. A frame is what NewFrame made of a
// request.
func (d *Decoder) Decode(frame []byte, received int64, sink rtc.Sink) error {
	s := scratches.Get().(*scratch)
	s.Decoder, s.sink = d, sink
	s.rec = rtc.Record{Received: received}
	s.arena = s.arena[:0]
	err := s.decode(frame)
	s.Decoder, s.sink, s.rec, s.nested = nil, nil, rtc.Record{}, s.nested[:0]
	if cap(s.arena) <= 1<<18 && cap(s.stats.Values) <= 1<<14 {
		scratches.Put(s)
	}
	return err
}

// scratch is the memory in which one request is decoded, for the decoder that
// it embeds meanwhile.
type scratch struct {
	*Decoder
	sink   rtc.Sink
	reader *statsjson.Reader
	stats  rtc.Stats
	nested []nested
	rec    rtc.Record
	arena  []byte
}

var scratches = sync.Pool{New: func() any { return &scratch{reader: statsjson.NewReader(statsjson.Options{})} }}

func (d *scratch) decode(frame []byte) error {
	if len(frame) > protocol.MaxFrame {
		return protocol.Errorf(protocol.CodeTooLarge, "a request has %d bytes, at most %d are taken", len(frame), protocol.MaxFrame)
	}
	if !utf8.Valid(frame) {
		return protocol.Errorf(protocol.CodeMalformed, "the request is not UTF-8")
	}
	in := statsjson.NewScanner(frame)
	in.Want('[')
	path, _ := in.String(&d.arena)
	in.Want(',')
	body, _ := in.Raw()
	in.Want(']')
	if in.Err() == nil {
		in.End()
	}
	if in.Err() != nil {
		return in.Err()
	}
	if string(path) == PathStats {
		return d.statistics(body)
	}
	var t told
	_ = json.Unmarshal(body, &t) // what does not fit says nothing
	if t.dated() && t.Delta >= 0 && t.Delta < 1e12 && !d.timed {
		d.offset, d.timed = t.Timestamp+t.Delta-float64(d.rec.Received), true
	}
	d.begin(t.Conn, t.Delta)
	switch string(path) {
	case PathSessions:
		return d.session(&t)
	case PathUserMedia:
		return d.userMedia(&t)
	case PathBrowser:
		return d.browser(&t, body)
	case PathConnection:
		return d.connection(&t)
	case PathBatch:
		return d.batch(&t)
	case PathTracks:
		return d.track(&t)
	}
	d.unknown++
	return nil
}

// begin empties the record. delta is how long ago a thing happened, in ms.
func (d *scratch) begin(conn lenient, delta float64) {
	d.rec = rtc.Record{Received: d.rec.Received}
	if d.timed && delta >= 0 && delta < 1e12 {
		d.rec.Time = int64(float64(d.rec.Received) + d.offset - delta)
	}
	if conn != "" {
		d.rec.Conn = []byte(conn)
	}
}

func (d *scratch) emit(kind rtc.Kind, name string, payload []byte) error {
	if string(payload) == "null" {
		payload = nil
	}
	d.rec.Kind, d.rec.Name, d.rec.Payload = kind, []byte(name), payload
	return d.sink.Record(&d.rec)
}

// told are the members of the bodies.
type told struct {
	Event      lenient         `json:"eventName"`
	Track      lenient         `json:"trackId"`
	TrackEvent lenient         `json:"event"`
	Peer       lenient         `json:"peerId"`
	PeerName   lenient         `json:"peerName"`
	Conn       lenient         `json:"connectionId"`
	NewConn    lenient         `json:"connection_id"` // that it was given
	SFU        bool            `json:"isSfu"`
	Delta      float64         `json:"delta"`
	TimeDelta  float64         `json:"timeDelta"` // of an event in a batch
	Timestamp  float64         `json:"timestamp"` // of what happened before it could be told: client's clock, Unix ms
	Focus      *bool           `json:"focus"`
	Data       json.RawMessage `json:"data"`
	Devices    json.RawMessage `json:"devices"`
	Meta       json.RawMessage `json:"meta"`
	AppVersion lenient         `json:"appVersion"`
	WebRTCSDK  lenient         `json:"webrtcSdk"`
	Platform   platform        `json:"platform"`
}

// dated reports whether it tells when it happened.
func (t *told) dated() bool { return t.Timestamp > 1e12 && t.Timestamp < 1e13 }

type platform struct {
	UserAgent lenient `json:"ua"`
}

// lenient is a JSON string, number or boolean, "" of anything else.
type lenient string

// UnmarshalJSON implements json.Unmarshaler.
func (t *lenient) UnmarshalJSON(value []byte) error {
	switch value[0] {
	case '{', '[', 'n':
		return nil
	case '"':
		var text string
		if err := json.Unmarshal(value, &text); err != nil {
			return err
		}
		value = []byte(text)
	}
	if len(value) > protocol.MaxName {
		value = value[:protocol.MaxName]
	}
	*t = lenient(strings.ToValidUTF8(string(value), ""))
	return nil
}

func quoted(text lenient) []byte {
	value, err := json.Marshal(string(text))
	if err != nil {
		panic(err) // strings always marshal
	}
	return value
}

// maxKeys bounds the keys of one request.
const maxKeys = 64

// session passes on what is told of the stay: the machine, the page's own tags.
func (d *scratch) session(t *told) error {
	id := rtc.Identity{SDK: sdk, UserAgent: string(t.Platform.UserAgent)}
	if len(t.Meta) > 0 || t.AppVersion != "" || t.WebRTCSDK != "" {
		id.Keys = make(map[string]string)
	}
	var meta map[string]lenient
	if len(t.Meta) > 0 && json.Unmarshal(t.Meta, &meta) == nil {
		for _, name := range slices.Sorted(maps.Keys(meta)) {
			if value := meta[name]; value != "" && name != "" && len(name) <= protocol.MaxName && len(id.Keys) < maxKeys {
				id.Keys[name] = string(value)
			}
		}
	}
	if t.AppVersion != "" {
		id.Keys["appVersion"] = string(t.AppVersion)
	}
	if t.WebRTCSDK != "" {
		id.Keys["webrtcSdk"] = string(t.WebRTCSDK)
	}
	payload, err := json.Marshal(&id)
	if err != nil {
		return err
	}
	if err := d.emit(rtc.KindOpen, "", payload); err != nil {
		return err
	}
	if len(t.Devices) == 0 {
		return nil
	}
	return d.emit(rtc.KindCall, rtc.NameEnumerate+rtc.OnSuccess, t.Devices)
}

// userMedia passes on a call of getUserMedia, or its outcome.
func (d *scratch) userMedia(t *told) error {
	var data struct {
		Constraints json.RawMessage `json:"constraints"`
		Error       *struct {
			Name    lenient `json:"name"`
			Message lenient `json:"message"`
		} `json:"error"`
	}
	if len(t.Data) > 0 {
		_ = json.Unmarshal(t.Data, &data)
	}
	switch {
	case data.Error != nil:
		return d.emit(rtc.KindCall, rtc.NameGetUserMedia+rtc.OnFailure, quoted(lenient(strings.Trim(string(data.Error.Name+": "+data.Error.Message), ": "))))
	case len(data.Constraints) > 0:
		return d.emit(rtc.KindCall, rtc.NameGetUserMedia, data.Constraints)
	}
	return d.emit(rtc.KindCall, rtc.NameGetUserMedia+rtc.OnSuccess, t.Data)
}

// browser passes on what the page told, and its end.
func (d *scratch) browser(t *told, body []byte) error {
	switch t.Event {
	case "unload", "endCall":
		return d.emit(rtc.KindClose, "", []byte(`{"reason":"leave"}`))
	case "mute", "unmute": // of the microphone; the SDK knows no other
		return d.emit(rtc.KindEvent, string(t.Event), []byte(`{"kind":"audio"}`))
	case "tabFocus":
		if t.Focus == nil {
			return nil
		}
		// The SDK calls it focus, and tells whether the page is hidden.
		if *t.Focus {
			return d.emit(rtc.KindEvent, rtc.NameVisibility, []byte(`{"hidden":true}`))
		}
		return d.emit(rtc.KindEvent, rtc.NameVisibility, []byte(`{"hidden":false}`))
	case "mediaDeviceChange":
		return d.emit(rtc.KindState, rtc.NameDeviceChange, t.Devices)
	case rtc.NameFeedback:
		return d.emit(rtc.KindFeedback, rtc.NameFeedback, t.Data)
	case "":
		d.unknown++
		return nil
	}
	payload := t.Data
	if len(payload) == 0 {
		payload = body
	}
	return d.emit(rtc.KindEvent, string(t.Event), payload)
}

// connection passes on what happened on a peer connection.
func (d *scratch) connection(t *told) error {
	data := t.Data
	if string(data) == "null" {
		data = nil
	}
	switch name := string(t.Event); name {
	case "addConnection":
		if t.Conn == "" {
			d.begin(t.NewConn, t.Delta)
		}
		if t.SFU || t.Peer == "" || len(d.rec.Conn) == 0 {
			return nil // an SFU's connection brings what many send
		}
		payload, err := json.Marshal(struct {
			User  string `json:"user"`
			Label string `json:"label,omitempty"`
		}{string(t.Peer), string(t.PeerName)})
		if err != nil {
			return err
		}
		return d.emit(rtc.KindEvent, rtc.NameMapStream, payload)
	case "peerDetails":
		var details struct {
			Configuration json.RawMessage `json:"peerConfiguration"`
		}
		if len(data) > 0 {
			_ = json.Unmarshal(data, &details)
		}
		return d.emit(rtc.KindCall, rtc.NameCreate, details.Configuration)
	case rtc.NameSignalingState:
		// With both descriptions, of which only the state is news.
		var signaling struct {
			State lenient `json:"signalingState"`
		}
		if len(data) > 0 && data[0] == '{' {
			_ = json.Unmarshal(data, &signaling)
			data = quoted(signaling.State)
		}
		return d.emit(rtc.KindState, name, data)
	case rtc.NameICEState, rtc.NameConnState, rtc.NameGatheringState:
		if d.overtaken(t, name, data) {
			late, err := json.Marshal(map[string]any{"event": name, "state": data})
			if err != nil {
				return err
			}
			return d.emit(rtc.KindEvent, rtc.NameLateState, late)
		}
		return d.emit(rtc.KindState, name, data)
	case rtc.NameICECandidate, rtc.NameICEError, rtc.NameNegotiation, rtc.NameDataChannel:
		return d.emit(rtc.KindState, name, data)
	case "":
		d.unknown++
		return nil
	default:
		return d.emit(rtc.KindEvent, name, data)
	}
}

// overtaken reports whether the connection is past this state: a later one was
// told, or, where their times are not told, one that it leads to came just
// before it. The record's time is no help there: it stands for when the
// request came.
func (d *scratch) overtaken(t *told, name string, data []byte) bool {
	key := name + " " + string(d.rec.Conn)
	last, known := d.states[key]
	now := newest{received: d.rec.Received}
	if t.dated() {
		now.at = int64(t.Timestamp)
	}
	switch string(data) {
	case `"new"`, `"connecting"`, `"checking"`, `"gathering"`:
	default:
		now.settled = true
	}
	if now.at != 0 && last.at != 0 {
		if now.at < last.at && last.at-now.at < putBack {
			return true
		}
	} else if last.settled && !now.settled && now.received-last.received < overtakes {
		return true
	}
	if d.states == nil {
		d.states = make(map[string]newest)
	}
	if known || len(d.states) < maxStates {
		d.states[key] = now
	}
	return false
}

// maxBatch bounds the events of one request.
const maxBatch = 4096

// batch passes on several events of connections. They are read one by one: a
// list of empty ones would take a hundred times its own bytes.
func (d *scratch) batch(t *told) error {
	in := statsjson.NewScanner(t.Data)
	if len(t.Data) == 0 || !in.Take('[') {
		return nil
	}
	n := 0
	for first := true; in.More(&first, ']'); n++ {
		raw, ok := in.Raw()
		if !ok {
			break
		}
		if n == maxBatch {
			return protocol.Errorf(protocol.CodeLimit, "a batch has more than %d events", maxBatch)
		}
		var e told
		_ = json.Unmarshal(raw, &e) // what does not fit says nothing
		d.begin(e.Conn, t.Delta+max(e.TimeDelta, e.Delta))
		if err := d.connection(&e); err != nil {
			return err
		}
	}
	return in.Err()
}

// track passes on what happened to a track.
func (d *scratch) track(t *told) error {
	if t.Track == "" {
		d.unknown++
		return nil
	}
	id := []byte(`{"id":` + string(quoted(t.Track)) + `}`)
	switch t.TrackEvent {
	case "ontrack":
		return d.emit(rtc.KindState, rtc.NameTrack, id)
	case "mute":
		return d.emit(rtc.KindEvent, rtc.NameTrackMute, id)
	case "unmute":
		return d.emit(rtc.KindEvent, rtc.NameTrackUnmute, id)
	case "ended", "overconstrained":
		return d.emit(rtc.KindEvent, "MediaStreamTrack.on"+string(t.TrackEvent), id)
	}
	d.unknown++
	return nil
}
