package rtc

import "time"

// Call is one life of a room: from its first join until its last leave plus
// 30 s of silence. The same room name used later is another call.
type Call struct {
	App      AppID
	ID       CallID
	Room     string
	RoomName string    // what people read, where it differs from Room
	Start    time.Time // first join
	End      time.Time // last leave; zero while the call is in progress
	Users    int       // distinct users who joined
	Sessions int       // stays; a user who comes back adds one
	Peak     int       // most sessions at one time
	Version  uint64    // newest wins
}

// Session is one stay of one user in one call.
type Session struct {
	App            AppID
	Call           CallID
	ID             SessionID
	Room           string
	User           string // as the client named it; "" for an anonymous one
	UserName       string
	Role           string
	Start          time.Time // join
	End            time.Time // leave; zero while it lasts
	EndReason      string    // leave, timeout, replaced, import, error; "" while it lasts
	Protocol       string    // native, jitsi, rtcstats, internals
	ClientSession  string
	SDK            string
	SDKVersion     string
	UserAgent      string
	Browser        string
	BrowserVersion string
	OS             string
	Device         string
	Network        string
	Region         string // where the address is: "DE, Berlin"; "" where not known
	Carrier        string // whose network the address is of
	Address        string // truncated
	Page           string
	Keys           map[string]string
	Sends          bool  // has sent media
	Receives       bool  // has received media
	ClockOffset    int64 // ms to add to the client's clock to get the server's
	Records        uint64
	UnknownMembers uint64 // statistics members not in the dictionary, kept in the dump only
	Dump           string // key of the raw dump in the blob store; "" until it is there
	Version        uint64
}

// Connection is one peer connection of a session.
type Connection struct {
	App        AppID
	Call       CallID
	Session    SessionID
	ID         ConnectionID
	Label      string // the client's, "PC_0"
	Start      time.Time
	End        time.Time // zero while open
	State      string    // last connectionState; where never told, the iceConnectionState
	Connected  time.Time // first time the state was connected; zero if never
	LocalType  string    // candidate type of the selected pair: host, srflx, prflx, relay
	RemoteType string
	Transport  string // udp, tcp; of a relay the relayProtocol: udp, tcp, tls
	Relay      bool
	// Which ends it has, "" where not known: two sessions are connected with each
	// other where the local fragment of each is the remote one of the other.
	Peer        string // user at the other end, of a connection that was told to be between two
	LocalUfrag  string // ICE user fragment
	RemoteUfrag string
	Version     uint64
}

// MediaKind is what a stream carries.
type MediaKind uint8

// The kinds. KindTransport is the pseudo-stream of a connection's selected
// candidate pair: it carries available bandwidth, RTT and totals. KindClient is
// that of what a client measures about its own machine.
const (
	KindUnknown MediaKind = iota
	KindAudio
	KindVideo
	KindScreen
	KindTransport
	KindClient
)

var mediaKindNames = [...]string{"unknown", "audio", "video", "screen", "transport", "client"}

func (k MediaKind) String() string { return mediaKindNames[k] }

// Direction of a stream, from its session's point of view.
type Direction uint8

// The directions; Both is that of a transport.
const (
	Both Direction = iota
	Send
	Receive
)

var directionNames = [...]string{"both", "send", "receive"}

func (d Direction) String() string { return directionNames[d] }

// Stream is one audio, video, screen or transport flow of a session. Totals
// are the last reported cumulative counters, summed over counter resets; a
// negative total means that it was never reported.
type Stream struct {
	App         AppID
	Call        CallID
	Session     SessionID
	ID          StreamID
	Connection  ConnectionID
	Direction   Direction
	Kind        MediaKind
	ReportID    string // the W3C id of its RTP report
	SSRC        uint32
	MID         string
	RID         string
	Track       string // trackIdentifier
	Label       string
	RemoteUser  string // who sent it, for a received stream; "" where not known
	RemoteBasis string // what told RemoteUser: BasisMapping or BasisConnection; "" where not known
	Codec       string // last mime type, "video/VP8"
	Start       time.Time
	End         time.Time // last sample; the start before the first
	Samples     uint64
	Packets     int64 // sent or received
	PacketsLost int64 // received: own count; sent: what the remote end reported. May fall
	Bytes       int64
	Version     uint64
}

// What tells whose a received stream is.
const (
	BasisMapping    = "mapping"    // the application, or an adapter, of the stream
	BasisConnection = "connection" // who was told to be at the other end of its connection
)

// Sample is one stream over one polling interval. Values are indexed by the
// metric's position in quality.Catalogue; NaN means that it was not measured.
type Sample struct {
	App        AppID
	Call       CallID
	Session    SessionID
	Stream     StreamID
	Time       time.Time     // end of the interval, server's clock
	Interval   time.Duration // length of the interval
	Kind       MediaKind
	Direction  Direction
	Codec      string
	Limitation string // qualityLimitationReason
	Pair       string // selected candidate pair, "relay/udp host/udp": local and remote type and protocol
	Values     []float32
}

// Severity of an event.
type Severity uint8

// The severities.
const (
	Info Severity = iota
	Warning
	Error
)

var severityNames = [...]string{"info", "warning", "error"}

func (s Severity) String() string { return severityNames[s] }

// Event is a thing that happened at an instant: an API call, a state change,
// something the application told.
type Event struct {
	App        AppID
	Call       CallID
	Session    SessionID
	Time       time.Time // server's clock
	Index      uint32    // place within the session, from 1: orders events of one millisecond and makes a rewrite harmless
	Kind       Kind      // KindOpen, KindCall, KindState, KindEvent, KindFeedback, KindLog or KindClose
	Connection ConnectionID
	Stream     StreamID
	Severity   Severity
	Name       string
	Corr       string
	Value      string // JSON, bounded in length
}
