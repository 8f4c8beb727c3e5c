package internals

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
	"strings"

	"github.com/peerglass/peerglass/protocol"
	"github.com/peerglass/peerglass/rtc"
)

// entry is one entry of a log, or what follows from the document otherwise.
type entry struct {
	at      float64 // Unix ms; not above 0 where unknown
	written string  // its time as written, where that leaves open which time it was
	conn    *conn   // nil: of the page
	kind    rtc.Kind
	name    string
	corr    string
	payload []byte
}

func (p *parser) add(en entry) error {
	if len(p.log) == maxLog {
		return protocol.Errorf(protocol.CodeLimit, "the export has more than %d entries in its logs", maxLog)
	}
	if len(en.name) > protocol.MaxName {
		return protocol.Errorf(protocol.CodeTooLarge, "the name of an entry in the log is longer than %d bytes", protocol.MaxName)
	}
	p.log = append(p.log, en)
	return nil
}

// stateNames are the entries that objects of the browser fire, by how Chrome
// calls them: since 2018, and before.
var stateNames = map[string]string{
	"signalingstatechange":     rtc.NameSignalingState,
	"iceconnectionstatechange": rtc.NameICEState,
	"connectionstatechange":    rtc.NameConnState,
	"icegatheringstatechange":  rtc.NameGatheringState,
	"icecandidate":             rtc.NameICECandidate,
	"icecandidateerror":        rtc.NameICEError,
	"negotiationneeded":        rtc.NameNegotiation,
	"datachannel":              rtc.NameDataChannel,
	"track":                    rtc.NameTrack,

	"signalingStateChange":     rtc.NameSignalingState,
	"iceConnectionStateChange": rtc.NameICEState,
	"iceGatheringStateChange":  rtc.NameGatheringState,
	"onIceCandidate":           rtc.NameICECandidate,
	"onRenegotiationNeeded":    rtc.NameNegotiation,
	"onAddStream":              "onaddstream",
	"onRemoveStream":           "onremovestream",
	"onDataChannel":            rtc.NameDataChannel,
}

// update reads one entry of a connection's updateLog.
func (p *parser) update(c *conn) error {
	en := entry{conn: c}
	var value []byte
	isText := false
	err := p.object(func(name string) (err error) {
		switch name {
		case "time", "timestamp":
			var text []byte
			if text, _, err = p.textOr(); err == nil && en.at == 0 {
				en.at, en.written = absolute(string(text)), string(text)
			}
		case "type":
			if p.in.Peek() == '"' {
				return p.string(&en.name)
			}
			p.in.Raw()
			err = p.in.Err()
		case "value":
			value, isText, err = p.textOr()
		default:
			p.in.Raw()
			err = p.in.Err()
		}
		return err
	})
	if err != nil {
		return err
	}
	switch {
	case stateNames[en.name] != "":
		en.kind, en.name = rtc.KindState, stateNames[en.name]
	case en.name == "stop":
		en.kind, en.name = rtc.KindCall, rtc.NameClose
	case strings.HasPrefix(en.name, "transceiver"): // transceiverAdded, transceiverModified, transceiverRemoved
		en.kind = rtc.KindEvent
	case strings.HasPrefix(en.name, "on"):
		en.kind = rtc.KindState
	default:
		en.kind = rtc.KindCall
	}
	if en.payload = value; isText {
		en.payload = payload(en.name, value)
	} else if string(value) == "null" {
		en.payload = nil
	}
	return p.add(en)
}

// payload makes JSON of what Chrome writes for people; newer versions write
// JSON.
func payload(name string, value []byte) []byte {
	text := string(value)
	switch {
	case text == "":
		return nil
	case strings.HasPrefix(text, "type: ") && strings.Contains(text, ", sdp: "):
		typ, sdp, _ := strings.Cut(text[len("type: "):], ", sdp: ")
		return object("type", typ, "sdp", sdp)
	case strings.HasPrefix(text, "sdpMid: "):
		return candidate(text)
	case strings.HasSuffix(name, "statechange") && text[0] != '"':
		return asJSON([]byte(strconv.Quote(state(text))))
	}
	return asJSON(value)
}

// candidate makes an object of "sdpMid: 0, sdpMLineIndex: 0, candidate: …".
func candidate(text string) []byte {
	var members []string
	var index string
	for part := range strings.SplitSeq(text, ", ") {
		name, value, ok := strings.Cut(part, ": ")
		switch {
		case !ok:
		case name == "sdpMLineIndex":
			if _, err := strconv.Atoi(value); err == nil {
				index = value
			}
		default:
			members = append(members, name, value)
		}
	}
	b := object(members...)
	if index != "" {
		b = append(append(append(b[:len(b)-1], `,"sdpMLineIndex":`...), index...), '}')
	}
	return b
}

// object makes an object of names and texts.
func object(members ...string) []byte {
	b := []byte{'{'}
	for i := 0; i+1 < len(members); i += 2 {
		if i > 0 {
			b = append(b, ',')
		}
		name, _ := json.Marshal(members[i]) // a string always can be
		value, _ := json.Marshal(members[i+1])
		b = append(append(append(b, name...), ':'), value...)
	}
	return append(b, '}')
}

// state makes "have-local-offer" of "SignalingStateHaveLocalOffer", as Chrome
// wrote it before 2018, and of itself.
func state(text string) string {
	for _, prefix := range []string{"SignalingState", "ICEConnectionState", "ICEGatheringState"} {
		rest, ok := strings.CutPrefix(text, prefix)
		if !ok {
			continue
		}
		var b strings.Builder
		for i, c := range rest {
			if c >= 'A' && c <= 'Z' {
				if i > 0 {
					b.WriteByte('-')
				}
				c += 'a' - 'A'
			}
			b.WriteRune(c)
		}
		return b.String()
	}
	return text
}

// media reads the calls of getUserMedia and getDisplayMedia, new and old.
func (p *parser) media() error {
	return p.array(func() error {
		if p.in.Peek() != '{' {
			p.in.Raw()
			return p.in.Err()
		}
		raw, _ := p.in.Raw()
		if err := p.in.Err(); err != nil {
			return err
		}
		var m struct {
			Time, Type     string
			Value          json.RawMessage
			Origin         *string
			Request        string `json:"request_type"`
			Rid            any
			ID             any `json:"request_id"`
			Timestamp      any
			Audio, Video   *string
			AudioTrack     *string `json:"audio_track_info"`
			VideoTrack     *string `json:"video_track_info"`
			Stream         string  `json:"stream_id"`
			Error, Message *string
			ErrorMessage   string `json:"error_message"`
		}
		if err := json.Unmarshal(raw, &m); err != nil {
			return nil // of a kind that is not known; nothing follows from it
		}
		if m.Type != "" { // old
			return p.add(entry{at: absolute(m.Time), kind: rtc.KindCall, name: oldName(m.Type), payload: whole(m.Value)})
		}
		en := entry{kind: rtc.KindCall, name: rtc.NameGetUserMedia, corr: media(m.Rid) + "-" + media(m.ID)}
		en.at = absolute(media(m.Timestamp))
		if m.Request == "getDisplayMedia" {
			en.name = rtc.NameGetDisplayMedia
		}
		if len(en.corr) > protocol.MaxName {
			en.corr = ""
		}
		b := []byte{'{'}
		member := func(name string, value []byte) {
			if len(b) > 1 {
				b = append(b, ',')
			}
			b = append(append(append(append(b, '"'), name...), `":`...), value...)
		}
		switch {
		case m.Error != nil:
			en.name += rtc.OnFailure
			en.payload = asJSON([]byte(strings.TrimSuffix(*m.Error+": "+m.ErrorMessage, ": ")))
			return p.add(en)
		case m.Origin == nil:
			en.name += rtc.OnSuccess
			if m.Stream != "" {
				member("stream", asJSON([]byte(m.Stream)))
			}
			for _, t := range []struct {
				kind string
				info *string
			}{{"audio", m.AudioTrack}, {"video", m.VideoTrack}} {
				if t.info != nil && *t.info != "" && *t.info != "null" {
					member(t.kind, asJSON([]byte(*t.info)))
				}
			}
		default:
			for _, t := range []struct {
				kind        string
				constraints *string
			}{{"audio", m.Audio}, {"video", m.Video}} {
				switch {
				case t.constraints == nil: // not asked for
				case *t.constraints == "":
					member(t.kind, []byte("true"))
				default:
					member(t.kind, asJSON([]byte(*t.constraints)))
				}
			}
		}
		en.payload = append(b, '}')
		return p.add(en)
	})
}

// media makes text of an id or a time, which is a number or a text.
func media(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return ""
}

// trace reads a peer connection of an old export: an array of entries.
func (p *parser) trace(c *conn) error {
	return p.array(func() error {
		en := entry{conn: c}
		var value []byte
		err := p.object(func(name string) (err error) {
			switch {
			case name == "time" && p.in.Peek() == '"':
				var text string
				err = p.string(&text)
				en.at = absolute(text)
			case name == "type" && p.in.Peek() == '"':
				err = p.string(&en.name)
			case name == "value":
				value, _ = p.in.Raw()
				err = p.in.Err()
			default:
				p.in.Raw()
				err = p.in.Err()
			}
			return err
		})
		if err != nil {
			return err
		}
		en.payload = whole(value)
		switch {
		case (en.name == "getStats" || en.name == "getstats") && len(value) > 0 && value[0] == '{':
			en.kind = rtc.KindStats
		case strings.HasPrefix(en.name, "on"):
			en.kind = rtc.KindState
		default:
			en.kind, en.name = rtc.KindCall, oldName(en.name)
		}
		return p.add(en)
	})
}

// oldName gives the calls that old exports name without their object its name.
func oldName(name string) string {
	if strings.HasPrefix(name, "getUserMedia") {
		return "navigator.mediaDevices." + name
	}
	return name
}

// whole returns value where it says anything.
func whole(value []byte) []byte {
	if bytes.Equal(value, []byte("null")) {
		return nil
	}
	return value
}

// create adds what the export tells of a connection's making, at its first
// sign of life.
func (e *Export) create(c *conn, at float64) []entry {
	var made []entry
	if c.config == nil && c.limits == nil && len(c.reports) == 0 {
		return nil
	}
	made = append(made, entry{at: at, conn: c, kind: rtc.KindCall, name: rtc.NameCreate, payload: c.config})
	if c.limits != nil {
		made = append(made, entry{at: at, conn: c, kind: rtc.KindCall, name: rtc.NameConstraints, payload: c.limits})
	}
	return made
}

// dateLog dates the entries whose time is written for people, in the time zone
// and the manner of whoever made the export, and adds the making of each
// connection.
//
// Which zone it was follows from the statistics: the first entry of a
// connection and its first poll are minutes apart, and zones differ by
// quarters of an hour.
func (e *Export) dateLog() {
	zone, known := 0.0, false
	manner := dayFirst
	for _, c := range e.conns {
		if known || len(c.polls.at) == 0 {
			continue
		}
		for i := range e.log[c.first : c.first+c.entries] {
			en := &e.log[c.first+i]
			if en.at > 0 {
				continue
			}
			best := math.Inf(1)
			for _, m := range []manners{dayFirst, monthFirst} {
				at, ok := local(en.written, m)
				if apart := math.Abs(c.polls.at[0] - at); ok && apart < best {
					best, manner, known = apart, m, true
					zone = math.Round((c.polls.at[0]-at)/quarter) * quarter
				}
			}
			if best > maxZone {
				zone = 0 // another day's log: nothing follows
			}
			break
		}
	}
	made := make([]entry, 0, 2*len(e.conns))
	for _, c := range e.conns {
		first := 0.0
		if len(c.polls.at) > 0 {
			first = c.polls.at[0]
		}
		for i := range e.log[c.first : c.first+c.entries] {
			en := &e.log[c.first+i]
			if en.at <= 0 {
				if at, ok := local(en.written, manner); ok {
					en.at = at + zone
				}
			}
			if en.at > 0 && (first == 0 || en.at < first) {
				first = en.at
			}
		}
		made = append(made, e.create(c, first)...)
	}
	e.log = append(made, e.log...)
}
