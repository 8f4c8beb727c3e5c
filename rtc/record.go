package rtc

// Kind says what a record is.
type Kind uint8

// The kinds of record that every protocol decodes into.
const (
	KindOpen     Kind = iota + 1 // who and where: Payload is a JSON object whose members are those of Identity
	KindCall                     // an API call, its success or its failure: Name, Conn, Corr, Payload
	KindState                    // an event that a browser object fired: Name, Conn, Payload
	KindStats                    // one getStats result: Conn, Stats
	KindEvent                    // something the application or the protocol told: mute, dominantSpeaker, custom …
	KindFeedback                 // a user's rating: Payload {"overall","audio","video","screen","comment"}
	KindLog                      // an application log line or error: Name is the level, Payload a JSON string or object
	KindClose                    // the client said goodbye: Payload {"reason"} or empty
)

func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "unknown"
}

var kindNames = [...]string{"unknown", "open", "call", "state", "stats", "event", "feedback", "log", "close"}

// Record is one thing that a client told. The byte slices belong to the
// decoder and are valid only until Sink.Record returns.
type Record struct {
	Kind     Kind
	Seq      uint64 // the protocol's sequence number; 0 where it has none
	Time     int64  // client's clock, Unix ms; 0 where the protocol has none
	Received int64  // server's clock, Unix ms
	Sent     int64  // client's clock when its frame left, where records are gathered into frames; 0: at Time
	Conn     []byte // the client's label of the peer connection, "PC_0"; empty at client level
	Name     []byte // canonical name, see names.go; unknown names are passed on as they came
	Corr     []byte // ties a call to its outcome, "60-0"; empty where the protocol has none
	Payload  []byte // a JSON value; empty means none
	Stats    *Stats // only for KindStats
}

// Sink receives records in the order of the wire. An error stops the decoding
// of the frame and is returned by the decoder.
type Sink interface {
	Record(*Record) error
}

// Identity is the payload of a KindOpen record: every member is optional, and
// a later record adds to or replaces what an earlier one said.
type Identity struct {
	Room           string            `json:"room,omitempty"`
	RoomName       string            `json:"roomName,omitempty"`
	User           string            `json:"user,omitempty"`
	UserName       string            `json:"userName,omitempty"`
	Role           string            `json:"role,omitempty"`
	ClientSession  string            `json:"clientSession,omitempty"` // the client's own id of its stay
	SDK            string            `json:"sdk,omitempty"`
	SDKVersion     string            `json:"sdkVersion,omitempty"`
	UserAgent      string            `json:"userAgent,omitempty"`
	Browser        string            `json:"browser,omitempty"` // only where the client says so itself; else from UserAgent
	BrowserVersion string            `json:"browserVersion,omitempty"`
	OS             string            `json:"os,omitempty"`
	Device         string            `json:"device,omitempty"`
	Network        string            `json:"network,omitempty"` // wifi, cellular, ethernet …
	Page           string            `json:"page,omitempty"`
	Keys           map[string]string `json:"keys,omitempty"`
}

// Stats is one getStats result as the wire carries it: a patch on the reports
// that the connection had before. It is owned and reused by the decoder.
type Stats struct {
	Time float64 // client's clock, Unix ms, of the newest report; 0 where unknown
	// MissingRemoved: a report that this patch does not name is gone (Jitsi 8
	// and later). Otherwise it is unchanged (rtcstats, watchRTC, native).
	MissingRemoved bool
	// Full: each report named here replaces what was known of it instead of
	// being laid over it.
	Full    bool
	Reports []ReportPatch
	Values  []Value
}

// Reset empties s for the next frame and keeps its memory.
func (s *Stats) Reset() {
	s.Time, s.MissingRemoved, s.Full = 0, false, false
	s.Reports, s.Values = s.Reports[:0], s.Values[:0]
}

// Of returns the values of report r.
func (s *Stats) Of(r *ReportPatch) []Value { return s.Values[r.First : r.First+r.Len] }

// ReportPatch is what one poll says of one report.
type ReportPatch struct {
	ID      []byte
	Type    StatsType // 0 where the patch does not repeat it
	Removed bool
	Time    float64 // client's clock, Unix ms; 0 means Stats.Time
	First   int     // index of the first value in Stats.Values
	Len     int
}

// Form says which field of a Value holds.
type Form uint8

// The forms of a value.
const (
	FormNumber Form = iota + 1 // Num
	FormText                   // Text, unescaped
	FormBool                   // Num is 0 or 1
	FormNull                   // the member is gone from the report
	FormJSON                   // Text holds an object or array as it came
)

// Value is one member of one report. Nested objects of the dictionary
// (qualityLimitationDurations.cpu) come flattened, a Value a leaf.
type Value struct {
	Member Member // 0: not in the dictionary, then Name holds its name
	Form   Form
	Num    float64
	Text   []byte
	Name   []byte
}
