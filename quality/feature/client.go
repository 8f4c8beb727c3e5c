package feature

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/peerglass/peerglass/rtc"
)

// client is what is known of the page and its session.
type client struct {
	// The client's own trace: what belongs to no connection.
	first, last int64 // 0 before the first record

	device device
	agent  string // User-Agent
	who    rtc.Identity
	page   identity // what Jitsi's application says of itself
	proto  string   // the subprotocol that the client spoke

	asked, askedAudio, askedVideo, askedBoth        bool // getUserMedia
	gotMedia, failedMedia                           int
	mediaError                                      string
	usb                                             [2]string // audio, video
	screen, screenAudio, screenVideo                bool      // getDisplayMedia
	gotScreen, failedScreen                         int
	enumerated                                      int
	socket                                          float64 // ms until the websocket was open
	socketKnown                                     bool
	captured                                        map[string]capture // by track
	ended, short                                    [2]bool
	start, end                                      int64 // of the session: all records but who it is
	conference                                      int64
	speaking, speaker                               bool // told who speaks; it is this client
	turns                                           int
	spoken, since                                   int64
	feelings                                        [len(feelings)]float64
	feels                                           bool
	pings                                           map[string]ping
	faces, speech                                   []string // entries of JSON lists
	videoTypes                                      map[uint32]videoType
	counts                                          [frameKinds]int
	bytes                                           [frameKinds]int
	framed                                          bool
	lastLog                                         uint64 // sequence number of the frame of the last log line
	connections, connected, records, polls, leftOut int
}

type capture struct {
	kind int
	at   int64
}

type ping struct {
	region string
	rtt    float64
}

// videoType is what Jitsi's application says that a video stream shows.
type videoType struct {
	name string
	at   int64
}

// device is what a client says of its device when its trace begins.
type device struct {
	HardwareConcurrency *float64
	DeviceMemory        *float64
	CPUPerformance      *float64 `json:"cpuPerformance"`
	ReloadCount         *float64
	UserAgentData       json.RawMessage
	Screen, Window      json.RawMessage
}

// identity is what Jitsi's application says of itself.
type identity struct {
	App             string `json:"applicationName"`
	ConfID          string
	ConfName        string
	CustomerID      string
	EndpointID      string
	MeetingUniqueID string
	DisplayName     string
	Breakout        *bool  `json:"isBreakoutRoom"`
	RoomID          string `json:"roomId"`
	Parent          string `json:"parentStatsSessionId"`
	Amplitude       any    `json:"sessionId"`
	AmplitudeUser   any    `json:"userId"`
	AmplitudeDevice any    `json:"deviceId"`
	Deployment      struct {
		CrossRegion, Environment, Region, ReleaseNumber, Shard, UserRegion any
		EnvType                                                            any
	} `json:"deploymentInfo"`
}

// The feelings that Jitsi's face landmarks name, as their features stand.
var feelings = [...]string{"angry", "disgusted", "fearful", "happy", "neutral", "sad", "surprised"}

// Kinds of request as Jitsi's server counts them.
const (
	frameNone = iota // not counted
	frameStats
	frameSDP
	frameSpeaker
	frameFace
	frameOther
	frameKinds
)

// What a client may keep of each.
const (
	maxCaptured   = 1024
	maxPings      = 1024
	maxVideoTypes = 1024
)

func newClient() client { return client{} }

// record takes a record that belongs to no connection.
func (c *client) record(e *Extractor, r *rtc.Record, at int64) {
	c.see(e, r, at)
	if r.Kind == rtc.KindOpen {
		c.open(r)
		if string(r.Name) != rtc.NameCreate { // what the server knew, not the trace
			return
		}
	}
	if at != 0 {
		if c.first == 0 {
			c.first = at
		}
		c.last = at
	}
	switch string(r.Name) {
	case rtc.NameGetUserMedia:
		audio, video, _ := wants(r.Payload)
		c.asked = true
		c.askedAudio = c.askedAudio || audio
		c.askedVideo = c.askedVideo || video
		c.askedBoth = c.askedBoth || audio && video
	case rtc.NameGetUserMedia + rtc.OnSuccess:
		c.gotMedia++
		c.took(tracksOf(r.Payload), at)
	case rtc.NameGetUserMedia + rtc.OnFailure:
		if c.failedMedia++; c.mediaError == "" {
			c.mediaError = textOf(r.Payload)
		}
	case rtc.NameGetDisplayMedia:
		audio, _, notVideo := wants(r.Payload)
		c.screen = true
		c.screenAudio = c.screenAudio || audio
		c.screenVideo = c.screenVideo || !notVideo
	case rtc.NameGetDisplayMedia + rtc.OnSuccess:
		c.gotScreen++
	case rtc.NameGetDisplayMedia + rtc.OnFailure:
		c.failedScreen++
	case rtc.NameEnumerate:
		c.enumerated++
	case "MediaStreamTrack.onended":
		c.trackEnded(r, at)
	case "websocket":
		var v struct{ ConnectionTime *float64 }
		if !c.socketKnown && json.Unmarshal(r.Payload, &v) == nil && v.ConnectionTime != nil {
			c.socket, c.socketKnown = *v.ConnectionTime, true
		}
	case rtc.NameIdentity:
		json.Unmarshal(r.Payload, &c.page) // what does not fit is left out
		c.page.bound()
	case rtc.NameConnectionInfo:
		var v struct{ ClientProtocol, UserAgent string }
		if json.Unmarshal(r.Payload, &v) == nil {
			c.proto = clip(v.ClientProtocol, 256)
			if v.UserAgent != "" {
				c.agent = clip(v.UserAgent, maxText)
			}
		}
	case "conferenceStartTimestamp":
		// Sent again with 0 when the conference is over.
		if t, err := strconv.ParseFloat(string(r.Payload), 64); err == nil && t > 0 && t < 1e14 {
			c.conference = int64(t)
		}
	case rtc.NameDominantSpeaker:
		c.dominantSpeaker(r.Payload, at)
	case "e2eRtt":
		c.ping(r.Payload)
	case "faceLandmarks":
		c.face(r.Payload)
	case rtc.NameSetVideoType:
		c.setVideoType(e, r.Payload, at)
	}
}

// see counts a record of either scope.
func (c *client) see(e *Extractor, r *rtc.Record, at int64) {
	c.records++
	if r.Kind == rtc.KindStats {
		c.polls++
	}
	kind := frameKindOf(r)
	if r.Kind == rtc.KindLog { // many lines may have come in one frame
		if r.Seq != 0 && r.Seq == c.lastLog {
			kind = frameNone
		}
		c.lastLog = r.Seq
	}
	c.counts[kind]++
	e.pending[kind]++
	switch {
	case at == 0, r.Kind == rtc.KindOpen && string(r.Name) != rtc.NameCreate,
		string(r.Name) == rtc.NameConnectionInfo, string(r.Name) == rtc.NameIdentity:
	default:
		if c.start == 0 {
			c.start = at
		}
		c.end = max(c.end, at)
	}
}

// frameKindOf is the kind of request that Jitsi's server counts a record as.
func frameKindOf(r *rtc.Record) int {
	if r.Kind == rtc.KindStats {
		return frameStats
	}
	switch string(r.Name) {
	case "createAnswerOnSuccess", "createOfferOnSuccess", "setLocalDescription", "setRemoteDescription":
		return frameSDP
	case rtc.NameDominantSpeaker:
		return frameSpeaker
	case "faceLandmarks":
		return frameFace
	case rtc.NameIdentity, rtc.NameConnectionInfo, "conferenceStartTimestamp", rtc.NameConstraints, "e2eRtt",
		"createAnswerOnFailure", "createOfferOnFailure", "setLocalDescriptionOnFailure", "setRemoteDescriptionOnFailure",
		rtc.NameConnState, rtc.NameICEState, "ondtlserror", "ondtlsstatechange", rtc.NameSetVideoType, rtc.NameCreate:
		return frameNone
	}
	if r.Kind == rtc.KindOpen {
		return frameNone
	}
	return frameOther
}

// frame gives the bytes of a frame to the kind of its records.
func (c *client) frame(pending *[frameKinds]int, size int) {
	c.framed = true
	for kind := frameKinds - 1; kind >= 0; kind-- {
		if pending[kind] > 0 {
			c.bytes[kind] += size
			break
		}
	}
	*pending = [frameKinds]int{}
}

// open takes what is known of the client from the start.
func (c *client) open(r *rtc.Record) {
	json.Unmarshal(r.Payload, &c.who)
	if len(c.who.Keys) > 0 {
		c.who.Keys = nil // of no use here
	}
	c.who.User, c.who.Browser, c.who.BrowserVersion, c.who.OS = clip(c.who.User, 256), clip(c.who.Browser, 256), clip(c.who.BrowserVersion, 256), clip(c.who.OS, 256)
	c.who.UserName, c.who.Room, c.who.ClientSession, c.who.Page = clip(c.who.UserName, 256), clip(c.who.Room, 256), clip(c.who.ClientSession, 256), clip(c.who.Page, maxText)
	if c.who.UserAgent != "" {
		c.agent, c.who.UserAgent = clip(c.who.UserAgent, maxText), ""
	}
	if len(r.Payload) <= 64<<10 {
		json.Unmarshal(r.Payload, &c.device)
		for _, raw := range []*json.RawMessage{&c.device.UserAgentData, &c.device.Screen, &c.device.Window} {
			if len(*raw) > maxJSON {
				*raw = nil
			}
		}
	}
}

// wants reads the constraints of getUserMedia or getDisplayMedia.
func wants(payload []byte) (audio, video, notVideo bool) {
	var v struct{ Audio, Video any }
	json.Unmarshal(payload, &v)
	isTruthy := func(v any) bool {
		switch v := v.(type) {
		case nil:
			return false
		case bool:
			return v
		case string:
			return v != ""
		case float64:
			return v != 0
		}
		return true
	}
	return isTruthy(v.Audio), isTruthy(v.Video), v.Video == false
}

// took notes the tracks that getUserMedia gave.
func (c *client) took(tracks []trackInfo, at int64) {
	for _, t := range tracks {
		kind := 0
		if t.kind == "video" {
			kind = 1
		}
		// A USB device's label ends with its vendor and product, "(046d:085e)".
		if n := len(t.label); c.usb[kind] == "" && n >= 11 && t.label[n-1] == ')' && t.label[n-11] == '(' && t.label[n-6] == ':' {
			c.usb[kind] = t.label[n-10 : n-1]
		}
		if c.captured == nil {
			c.captured = make(map[string]capture)
		}
		if len(c.captured) < maxCaptured {
			c.captured[t.id] = capture{kind, at}
		}
	}
}

// trackEnded notes that a track ended on its own.
func (c *client) trackEnded(r *rtc.Record, at int64) {
	id := textOf(r.Payload)
	if ts := tracksOf(r.Payload); len(ts) == 1 {
		id = ts[0].id
	}
	t, ok := c.captured[id]
	if !ok {
		return
	}
	c.ended[t.kind] = true
	// A second: what rtcstats calls a short duration.
	if at-t.at < 1000 {
		c.short[t.kind] = true
	}
}

func (c *client) dominantSpeaker(payload []byte, at int64) {
	var v struct{ DominantSpeakerEndpoint, User string }
	if json.Unmarshal(payload, &v) != nil {
		return
	}
	me := c.page.EndpointID != "" && v.DominantSpeakerEndpoint == c.page.EndpointID || c.who.User != "" && v.User == c.who.User
	if c.speaker {
		c.spoken += max(0, at-c.since)
	}
	if event := map[bool]string{true: "DOMINANT_SPEAKER_STARTED", false: "DOMINANT_SPEAKER_STOPPED"}[me]; me || c.speaker {
		list(&c.speech, struct {
			Type string `json:"type"`
			At   int64  `json:"timestamp"`
		}{event, at})
	}
	if me {
		c.turns++
	}
	c.speaking, c.speaker, c.since = true, me, at
}

func (c *client) ping(payload []byte) {
	var v struct {
		RemoteEndpointID, RemoteRegion string
		RTT                            *float64
	}
	if json.Unmarshal(payload, &v) != nil || v.RemoteEndpointID == "" || v.RTT == nil {
		return
	}
	if c.pings == nil {
		c.pings = make(map[string]ping)
	}
	id := clip(v.RemoteEndpointID, 64)
	if _, ok := c.pings[id]; ok || len(c.pings) < maxPings {
		c.pings[id] = ping{clip(v.RemoteRegion, 64), *v.RTT}
	}
}

func (c *client) face(payload []byte) {
	var v struct {
		Duration      float64
		FaceLandmarks string
		Timestamp     int64
	}
	if json.Unmarshal(payload, &v) != nil {
		return
	}
	c.feels = true
	for i, name := range feelings {
		if v.FaceLandmarks == name {
			c.feelings[i] += v.Duration
		}
	}
	list(&c.faces, struct {
		At   int64  `json:"timestamp"`
		Face string `json:"faceLandmarks"`
	}{v.Timestamp, clip(v.FaceLandmarks, 64)})
}

// setVideoType notes what a stream shows. Streams that come later ask for it;
// of those that are there a new part begins.
func (c *client) setVideoType(e *Extractor, payload []byte, at int64) {
	var v struct {
		SSRC      uint32
		VideoType string
	}
	if json.Unmarshal(payload, &v) != nil || v.SSRC == 0 {
		return
	}
	if c.videoTypes == nil {
		c.videoTypes = make(map[uint32]videoType)
	}
	if was, ok := c.videoTypes[v.SSRC]; ok && was.name == v.VideoType || !ok && len(c.videoTypes) >= maxVideoTypes {
		return
	}
	c.videoTypes[v.SSRC] = videoType{clip(v.VideoType, 64), at}
	for _, conn := range e.connections {
		conn.videoTypeChanged(v.SSRC, at)
	}
}

// list adds an entry to a list, if it is not full.
func list(to *[]string, entry any) {
	if len(*to) < maxListed {
		if b, err := json.Marshal(entry); err == nil {
			*to = append(*to, string(b))
		}
	}
}

func joined(entries []string) value {
	if len(entries) == 0 {
		return value{}
	}
	return told("[" + strings.Join(entries, ",") + "]")
}

func (p *identity) bound() {
	for _, s := range []*string{&p.App, &p.ConfID, &p.ConfName, &p.CustomerID, &p.EndpointID, &p.MeetingUniqueID, &p.DisplayName, &p.RoomID, &p.Parent} {
		*s = clip(*s, maxText)
	}
	for _, v := range []*any{&p.Amplitude, &p.AmplitudeUser, &p.AmplitudeDevice, &p.Deployment.CrossRegion, &p.Deployment.Environment, &p.Deployment.Region,
		&p.Deployment.ReleaseNumber, &p.Deployment.Shard, &p.Deployment.UserRegion, &p.Deployment.EnvType} {
		switch x := (*v).(type) {
		case string:
			*v = clip(x, 256)
		case float64, bool, nil:
		default:
			*v = nil
		}
	}
}

// loose makes a value of a member whose type clients do not agree on.
func loose(v any) value {
	switch v := v.(type) {
	case string:
		return told(v)
	case float64:
		return told(strconv.FormatFloat(v, 'f', -1, 64))
	case bool:
		return told(strconv.FormatBool(v))
	}
	return value{}
}

// finish takes from the connections what is the client's.
func (c *client) finish(e *Extractor) {
	c.connections, c.connected, c.leftOut = len(e.connections), 0, e.leftOut
	for _, conn := range e.connections {
		if conn.connectedAt != 0 {
			c.connected++
		}
	}
}

// speakerTime is how long this client was the dominant speaker.
func (c *client) speakerTime() int64 {
	t := c.spoken
	if c.speaker {
		t += max(0, c.end-c.since)
	}
	return t
}
