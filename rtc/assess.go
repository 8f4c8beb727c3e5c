package rtc

import "time"

// IssueID numbers the issues of a session, from 1.
type IssueID uint32

// Issue is a detected impairment of one user's stay.
type Issue struct {
	App        AppID
	Call       CallID
	Session    SessionID
	ID         IssueID
	Type       string // the detector's, "video_freeze"; see docs/issues.md
	Phase      Phase
	Cause      string // why, a word of docs/issues.md: "packet_loss", "cpu"; "" where not known
	Source     Source
	Severity   Level
	Start      time.Time // server's clock
	End        time.Time // zero while it lasts
	Connection ConnectionID
	Stream     StreamID // 0 if it is not about one stream
	RemoteUser string   // whose stream it is, for one that was received
	Evidence   []Evidence
	Version    uint64 // newest wins
}

// Evidence is a figure or an event that an issue, a score or a verdict rests
// on, and where to look it up.
type Evidence struct {
	Session SessionID `json:"-"`                // whose it is, where not the issue's own
	Stream  StreamID  `json:"stream,omitempty"` // 0 if it is not about a stream
	Metric  string    `json:"metric,omitempty"` // id in quality.Catalogue
	Event   string    `json:"event,omitempty"`  // name of an event
	At      time.Time `json:"at,omitzero"`      // when it was worst, or happened
	Value   *float64  `json:"value,omitempty"`  // in the metric's unit
	Limit   *float64  `json:"limit,omitempty"`  // the threshold that it crossed
	Text    string    `json:"text,omitempty"`   // what a person reads, where figures do not say it
	// Of a verdict's evidence: which of its sentences rests on it, from 1.
	Sentence uint8 `json:"sentence,omitempty"`
}

// Phase of a stay in which an issue lies.
type Phase uint8

// The phases.
const (
	InCall Phase = iota
	Joining
)

var phaseNames = [...]string{"call", "joining"}

func (p Phase) String() string { return phaseNames[p] }

// Source is whose side an issue lies on, seen from the session that has it.
type Source uint8

// The sources; Unknown where the evidence does not tell.
const (
	Unknown Source = iota
	LocalUser
	RemoteUser
	Network
	Server
)

var sourceNames = [...]string{"unknown", "local_user", "remote_user", "network", "server"}

func (s Source) String() string { return sourceNames[s] }

// Level is how bad an issue is.
type Level uint8

// The levels. Clear says that nothing is wrong.
const (
	Clear Level = iota
	Low
	Medium
	High
)

var levelNames = [...]string{"clear", "low", "medium", "high"}

func (l Level) String() string { return levelNames[l] }

// Outcome is what a stay came to: how it was set up, what the user saw and
// heard in all, and the score. Figures are Null where not measured.
type Outcome struct {
	App     AppID
	Call    CallID
	Session SessionID

	Tried  bool // tried to set up a connection for media
	Joined bool // media flowed in either direction
	// Parts of the set-up in ms: from the join until connected and media flow.
	Join       float32 // until the first connection was connected
	Signalling float32 // from the first connection's creation until both descriptions were set
	ICE        float32 // from the first ICE check until ICE was connected
	DTLS       float32 // from ICE connected until the connection was
	// From the join until the first packet or frame, each way.
	FirstAudioSent, FirstVideoSent, FirstAudioReceived, FirstVideoReceived float32

	PushTried, PushOK, PullTried, PullOK uint32 // streams sent and received, and those that carried media

	// ms, over all received streams.
	VideoTime, VideoStutter, AudioTime, AudioStutter float32
	LagTime                                          float32 // with more than 400 ms end to end
	BadTime                                          float32 // of the stay, in which something received was bad: see docs/scores.md

	Score        float32 // 0–10
	AudioScore   float32
	VideoScore   float32
	ScoreVersion uint16   // of the formula; 0 without a score
	Reasons      []Reason // what lowered the score, worst first

	Version uint64 // newest wins
}

// Reason is one thing that lowered a score.
type Reason struct {
	ID     string  `json:"id"`     // "video_stutter"; see docs/scores.md
	Points float64 `json:"points"` // by how much, above 0
	Text   string  `json:"text"`   // with its figure
}

// Verdict says in words what was wrong with a call. Nothing is said where
// nothing was wrong.
type Verdict struct {
	App          AppID
	Call         CallID
	Sentences    []string // up to three
	Side         Side     // where the main cause lies
	User         string   // whose, if Side is a user's or a user's network
	Cause        string   // of the main issue
	Confidence   float32  // 0–1; Null without a sentence
	Evidence     []Evidence
	Score        float32 // of the call, 0–10; Null where not measured
	ScoreVersion uint16
	Issues       [High + 1]uint32 // number of issues by level
	Version      uint64           // newest wins
}

// Side is where the main cause of a bad call lies.
type Side uint8

// The sides.
const (
	NoSide      Side = iota
	UserSide         // a user: device, browser, permission, action
	UserNetwork      // the access of one user
	BetweenSide      // the network between two users, where nothing tells nearer
	ServerSide       // the media server, TURN or signalling
)

var sideNames = [...]string{"none", "user", "user_network", "network", "server"}

func (s Side) String() string { return sideNames[s] }

// Feature is one figure of a session's feature set.
type Feature struct {
	App     AppID
	Call    CallID
	Session SessionID
	Set     string  // whose definition: jitsi, rtcstats, peerglass
	Scope   string  // client, connection, track
	Subject string  // which connection or track; "" for the client
	Name    string  // as that set names it
	Number  float64 // NaN where Text is told
	Text    string
}
