package api

import (
	"encoding/json"
	"time"
)

// Instants are RFC 3339 in UTC with milliseconds; series, where there are
// many, have Unix milliseconds. Figures that were not measured are null.

// App is a tenant's project as the API shows it. Its secret is asked for
// separately.
type App struct {
	ID          uint32    `json:"id" doc:"Numeric id"`
	Name        string    `json:"name"`
	Description string    `json:"description"`
	Enabled     bool      `json:"enabled" doc:"A disabled app takes in no measurements"`
	Created     time.Time `json:"created"`
}

// AppList holds every app that the caller may see.
type AppList struct {
	Items []App `json:"items"`
}

// AppActivity says how busy an app is.
type AppActivity struct {
	App        uint32     `json:"app"`
	Calls      int        `json:"calls" doc:"Calls that began in the range"`
	Sessions   int        `json:"sessions" doc:"Stays that began in the range"`
	InProgress int        `json:"inProgress" doc:"Calls that go on now"`
	Online     int        `json:"online" doc:"Sessions that go on now"`
	LastCall   *time.Time `json:"lastCall" doc:"null: none yet"`
}

// AppActivityList has one entry for every app that the caller may see.
type AppActivityList struct {
	Items []AppActivity `json:"items"`
}

// AppSecret is the key that an app's own back end signs tokens with.
type AppSecret struct {
	Secret string `json:"secret" doc:"Signs tokens (JWT with HS256, UserSig). Belongs in a back end, never in a page"`
}

// IngestKey is public: pages carry it to name their app.
type IngestKey struct {
	ID      int64      `json:"id"`
	Key     string     `json:"key" example:"pgk_6d1f0a5c9b7e" doc:"Public: a page carries it to name its app"`
	Name    string     `json:"name"`
	Origins []string   `json:"origins" doc:"Origins that may use it, such as https://meet.example.org, https://*.example.org or http://localhost:*; self: pages of this server; *: every page"`
	Created time.Time  `json:"created"`
	Revoked *time.Time `json:"revoked" doc:"Since when it is refused; null while it is good"`
}

// IngestKeyList holds the ingest keys of an app, the newest first.
type IngestKeyList struct {
	Items []IngestKey `json:"items"`
}

// APIKey is a key for scripts. Only its hash is stored.
type APIKey struct {
	ID       int64      `json:"id"`
	Name     string     `json:"name"`
	App      *uint32    `json:"app" doc:"The app that it opens; null: every app"`
	Hint     string     `json:"hint" doc:"The first characters, to tell keys apart"`
	Created  time.Time  `json:"created"`
	LastUsed *time.Time `json:"lastUsed"`
}

// APIKeyList holds API keys, the newest first.
type APIKeyList struct {
	Items []APIKey `json:"items"`
}

// NewAPIKey is an API key at the only time when it can be read.
type NewAPIKey struct {
	APIKey
	Key string `json:"key" example:"pga_…" doc:"Shown this once; only its hash is kept"`
}

// Me is who asks.
type Me struct {
	Account            string   `json:"account" doc:"The account's name; empty for an API key"`
	Admin              bool     `json:"admin" doc:"May create apps and manage API keys of every app"`
	MustChangePassword bool     `json:"mustChangePassword" doc:"Everything else is refused until the one-time password is changed"`
	Apps               []uint32 `json:"apps" doc:"Ids of the apps that may be seen"`
}

// CallStatus says whether a call goes on.
type CallStatus string

// Call is one life of a room.
type Call struct {
	ID         string     `json:"id" example:"0a1b2c3d4e5f6"`
	App        uint32     `json:"app"`
	Room       string     `json:"room" doc:"Empty for a session that named no room"`
	RoomName   string     `json:"roomName" doc:"What people read; the room where it has no other name"`
	Status     CallStatus `json:"status" enum:"active,ended"`
	Start      time.Time  `json:"start" doc:"First join"`
	End        *time.Time `json:"end" doc:"Last leave; null while the call goes on"`
	DurationMs int64      `json:"durationMs" doc:"From the start to the end, or until now"`
	Users      int        `json:"users" doc:"Distinct users who joined"`
	Sessions   int        `json:"sessions" doc:"Stays: a user who comes back adds one"`
	Peak       int        `json:"peak" doc:"Most sessions at one time"`
	Verdict    *Verdict   `json:"verdict" doc:"What was wrong with it; null until it was looked at"`
}

// User is a person in a call, all of their stays put together. Facts that
// differ between stays are those of the last.
type User struct {
	User           string     `json:"user" doc:"As the application named them; empty for an anonymous one, and each anonymous session is a user of its own"`
	UserName       string     `json:"userName"`
	Role           string     `json:"role"`
	FirstIn        time.Time  `json:"firstIn"`
	LastOut        *time.Time `json:"lastOut" doc:"null while the user is in the call"`
	StayMs         int64      `json:"stayMs" doc:"Time in the call, of all stays"`
	Stays          []Session  `json:"stays" doc:"In the order of joining: the segments of the stay bar"`
	Sends          bool       `json:"sends" doc:"Has sent media"`
	Receives       bool       `json:"receives" doc:"Has received media"`
	Protocol       string     `json:"protocol" example:"native"`
	SDK            string     `json:"sdk"`
	SDKVersion     string     `json:"sdkVersion"`
	Browser        string     `json:"browser"`
	BrowserVersion string     `json:"browserVersion"`
	OS             string     `json:"os"`
	Device         string     `json:"device"`
	Network        string     `json:"network"`
	Region         string     `json:"region" doc:"Country code of the address, and the province or city where known: DE, Berlin. Needs a database of addresses (--geo)"`
	Carrier        string     `json:"carrier" doc:"Operator of the network that the address is of"`
	Relay          bool       `json:"relay" doc:"A connection of the user's goes through a TURN relay"`
	Score          *float64   `json:"score" doc:"0 to 10, of what the user received in all stays, see docs/scores.md; null where nothing was measured"`
}

// CallDetail is a call with its users.
type CallDetail struct {
	Call
	People []User `json:"people" doc:"Who took part, in the order of their first join"`
}

// Session is one stay of one user in one call.
type Session struct {
	ID             string            `json:"id" example:"0a1b2c3d4e5f6"`
	Call           string            `json:"call"`
	User           string            `json:"user"`
	UserName       string            `json:"userName"`
	Role           string            `json:"role"`
	Start          time.Time         `json:"start"`
	End            *time.Time        `json:"end" doc:"Leave; null while the stay lasts"`
	EndReason      string            `json:"endReason" doc:"leave, timeout, replaced, import or error; empty while the stay lasts"`
	DurationMs     int64             `json:"durationMs"`
	Protocol       string            `json:"protocol" example:"native"`
	ClientSession  string            `json:"clientSession" doc:"The client's own id of the stay"`
	SDK            string            `json:"sdk"`
	SDKVersion     string            `json:"sdkVersion"`
	UserAgent      string            `json:"userAgent"`
	Browser        string            `json:"browser"`
	BrowserVersion string            `json:"browserVersion"`
	OS             string            `json:"os"`
	Device         string            `json:"device"`
	Network        string            `json:"network"`
	Region         string            `json:"region" doc:"Country code of the address, and the province or city where known: DE, Berlin. Needs a database of addresses (--geo)"`
	Carrier        string            `json:"carrier" doc:"Operator of the network that the address is of"`
	Address        string            `json:"address" doc:"Truncated"`
	Page           string            `json:"page"`
	Keys           map[string]string `json:"keys" doc:"What the application attached"`
	Sends          bool              `json:"sends" doc:"Has sent media"`
	Receives       bool              `json:"receives" doc:"Has received media"`
	ClockOffsetMs  int64             `json:"clockOffsetMs" doc:"Added to the client's clock to get the server's"`
	Records        uint64            `json:"records"`
	UnknownMembers uint64            `json:"unknownMembers" doc:"Statistics members outside the dictionary; they are in the dump only"`
	HasDump        bool              `json:"hasDump" doc:"The dump can be downloaded"`
}

// SessionList holds the sessions of a call in the order of joining.
type SessionList struct {
	Items []Session `json:"items"`
}

// SessionDetail is a session with its connections and streams.
type SessionDetail struct {
	Session
	Connections []Connection `json:"connections"`
	Streams     []Stream     `json:"streams"`
}

// Connection is one peer connection of a session.
type Connection struct {
	ID         uint16     `json:"id" doc:"Number within the session, from 1"`
	Session    string     `json:"session"`
	Label      string     `json:"label" example:"PC_0"`
	Start      time.Time  `json:"start"`
	End        *time.Time `json:"end" doc:"null while open"`
	State      string     `json:"state" doc:"Last connectionState; where never told, the iceConnectionState"`
	Connected  *time.Time `json:"connected" doc:"First time connected; null if never"`
	LocalType  string     `json:"localType" doc:"host, srflx, prflx or relay"`
	RemoteType string     `json:"remoteType"`
	Transport  string     `json:"transport" doc:"udp or tcp; of a relay udp, tcp or tls"`
	Relay      bool       `json:"relay"`
}

// ConnectionList holds connections by session and number.
type ConnectionList struct {
	Items []Connection `json:"items"`
}

// MediaKind is what a stream carries.
type MediaKind string

// Direction of a stream from its session's point of view.
type Direction string

// Stream is one audio, video, screen or transport flow of a session.
type Stream struct {
	ID          uint32    `json:"id" doc:"Number within the session, from 1"`
	Session     string    `json:"session"`
	Connection  uint16    `json:"connection"`
	Kind        MediaKind `json:"kind" enum:"unknown,audio,video,screen,transport,client"`
	Direction   Direction `json:"direction" enum:"both,send,receive"`
	ReportID    string    `json:"reportId" doc:"The W3C id of its RTP report"`
	SSRC        uint32    `json:"ssrc"`
	MID         string    `json:"mid"`
	RID         string    `json:"rid"`
	Track       string    `json:"track"`
	Label       string    `json:"label"`
	RemoteUser  string    `json:"remoteUser" doc:"Who sent it, for a received stream; empty where not known"`
	RemoteBasis string    `json:"remoteUserBasis" enum:",mapping,connection" doc:"What told remoteUser: the application or an adapter (mapping), or who is at the other end of the connection; empty where not known"`
	Codec       string    `json:"codec" example:"video/VP8"`
	Start       time.Time `json:"start"`
	End         time.Time `json:"end" doc:"Last sample"`
	Samples     uint64    `json:"samples"`
	Packets     *int64    `json:"packets" doc:"Sent or received; null where never reported"`
	PacketsLost *int64    `json:"packetsLost"`
	Bytes       *int64    `json:"bytes"`
}

// StreamList holds streams by session and number.
type StreamList struct {
	Items []Stream `json:"items"`
}

// Samples are series of figures at the resolution that the server chose.
type Samples struct {
	StepMs int64    `json:"stepMs" doc:"Length of a point; 0: each point is one poll of the client and nothing was summed up"`
	Series []Series `json:"series" doc:"One a stream, by session and stream"`
}

// Series is one stream over time. times, intervals and every list in values
// have the same length.
type Series struct {
	Session    string             `json:"session"`
	Stream     uint32             `json:"stream"`
	Kind       MediaKind          `json:"kind" enum:"unknown,audio,video,screen,transport,client"`
	Direction  Direction          `json:"direction" enum:"both,send,receive"`
	Times      []int64            `json:"times" doc:"Unix ms, server's clock: end of each point's last interval"`
	Intervals  []uint32           `json:"intervals" doc:"Milliseconds of measuring that each point stands for"`
	Values     map[string]Figures `json:"values" doc:"By metric id, aggregated as the catalogue says; a metric that was never measured here is left out"`
	Min        map[string]Figures `json:"min,omitempty" doc:"Smallest value in each point; only with extremes=true and where points sum up several intervals"`
	Max        map[string]Figures `json:"max,omitempty" doc:"Largest value in each point; so"`
	Codec      []Run              `json:"codec" doc:"Mime type, from when on"`
	Limitation []Run              `json:"limitation" doc:"Why the encoder held back (qualityLimitationReason): none, cpu, bandwidth, other"`
	Pair       []Run              `json:"pair" doc:"Selected candidate pair, local and remote type and protocol: relay/udp host/udp"`
}

// Run says that a label stood from one time until the next run begins.
type Run struct {
	From  int64  `json:"from" doc:"Unix ms: the first time of the series with it"`
	Value string `json:"value"`
}

// EventKind says what an event came from.
type EventKind string

// Severity of an event.
type Severity string

// Event is a thing that happened at an instant.
type Event struct {
	Session    string          `json:"session"`
	Index      uint32          `json:"index" doc:"Place within the session, from 1: with the session it names the event"`
	Time       time.Time       `json:"time" doc:"Server's clock"`
	Kind       EventKind       `json:"kind" enum:"open,call,state,event,feedback,log,close"`
	Severity   Severity        `json:"severity" enum:"info,warning,error"`
	Connection uint16          `json:"connection" doc:"0: none"`
	Stream     uint32          `json:"stream" doc:"0: none"`
	Name       string          `json:"name" example:"oniceconnectionstatechange"`
	Corr       string          `json:"corr" doc:"Ties a call to its outcome"`
	Value      json.RawMessage `json:"value" doc:"Any JSON; a text where it was too long and had to be cut; null where there is none"`
}

// EventList is a page of events in the order of time.
type EventList struct {
	Items []Event `json:"items"`
	Next  *string `json:"next" doc:"Cursor of the next page; null on the last"`
}

// Metric describes one figure of the catalogue.
type Metric struct {
	ID         string      `json:"id" example:"bitrate"`
	Label      string      `json:"label"`
	Unit       string      `json:"unit" example:"bit/s"`
	Agg        string      `json:"agg" enum:"mean,sum,max,min,last" doc:"What stands for several intervals"`
	Step       float64     `json:"step" doc:"Values are rounded to this"`
	Kinds      []MediaKind `json:"kinds" doc:"Kinds of stream that it is measured for"`
	Directions []Direction `json:"directions"`
	From       []string    `json:"from" doc:"W3C statistics members that it is derived from"`
	Help       string      `json:"help"`
}

// MetricList is the whole catalogue.
type MetricList struct {
	Items []Metric `json:"items"`
}

// Imported says where an imported file ended up.
type Imported struct {
	App      uint32 `json:"app"`
	Call     string `json:"call"`
	Protocol string `json:"protocol" example:"jitsi"`
	Records  uint64 `json:"records"`
	Bytes    int64  `json:"bytes" doc:"Read from the file"`
	URL      string `json:"url" example:"/apps/1/calls/0a1b2c3d4e5f6" doc:"The call's place in the console"`
}

// Version says what is running.
type Version struct {
	Version string `json:"version"`
	Go      string `json:"go"`
}

// Health says whether each part works.
type Health struct {
	OK    bool              `json:"ok"`
	Parts map[string]string `json:"parts" doc:"By part: ok, or what is wrong with it"`
}
