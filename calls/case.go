package calls

import "github.com/peerglass/peerglass/rtc"

// Case is one call: what happened in it and what must be found.
type Case struct {
	File string
	Line int
	Name string

	length ms
	room   string
	sfu    bool // through a media server, else each to each
	users  []*user
	flows  []*flow
	raws   []*raw
	server link
	told   []told
	later  []expectation
}

// user is one person, of whom there may be several stays.
type user struct {
	name    string
	index   int
	stays   []stay
	browser *browser

	every    knob   // ms between polls
	pauses   []span // in which the page does not poll
	delivery knob   // ms that records are on their way longer than usual
	skew     knob   // ms that the client's clock is ahead
	asleep   knob

	up, down link

	signalling, ice, dtls ms // how long each takes at the beginning
	iceFails, dtlsFails   bool
	noRelay               bool   // the TURN server cannot be reached
	broken                []span // iceConnectionState is disconnected
	path                  knob   // index in paths
	network               []networkAt
	cpuSystem, cpuApp     knob // NaN: not told
	pressure              knob

	raw     []*override // of PC_0's transport and candidate pair
	machine []*override // of what the client tells of its machine
}

// stay is one session of a user.
type stay struct {
	span
	vanishes bool
	reason   string
}

// networkAt is the kind of network from a time on.
type networkAt struct {
	at   ms
	kind string
}

// link is one direction of a user's access, or the media server.
type link struct {
	loss     knob // share of packets
	delay    knob // ms, one way, beyond the usual
	jitter   knob // ms, beyond the usual
	overtake knob // share of packets that come late, after others
	capacity knob // bit/s; 0: no limit
	cut      knob // nothing passes
}

// flow is what one user sends: one audio, video or screen stream.
type flow struct {
	name string // "alice.video"
	from *user
	kind rtc.MediaKind
	on   span

	captured, encoded knob // fps
	bitrate           knob // bit/s
	width, height     knob
	level             knob // 0–1
	still, black      knob // the picture does not change; is dark
	muted             knob // the page shows black or silence
	paused, unsent    knob // nothing is sent: the page wants it so; it does not
	cpuLimited        knob
	dtx               bool
	codec             string
	echo              knob // dB of echo return loss; NaN: none told
	layers            []string
	dropped           map[string]*knob
	ends              ms // the source ended

	newSSRC, newTrack, newID, reset []ms

	at  map[*user]*reception
	raw []*override
}

// reception is what one user gets of a flow.
type reception struct {
	flow *flow
	at   *user

	loss, conceal knob // shares beyond what the links do
	frozen, stuck knob // no frame arrives whole; frames arrive and are not decoded
	decoded       knob // fps at most
	buffer        knob // ms of jitter buffer beyond the usual
	playout       knob // ms of playout delay beyond the usual
	glitch        knob // share of playout that the device missed
	paused        knob // the server forwards nothing
	drop          knob // share of frames dropped

	newID, reset []ms

	raw []*override
}

// raw is a report that says only what the case gives it.
type raw struct {
	name    string
	user    *user
	kind    rtc.MediaKind
	receive bool
	ssrc    uint32
	from    *user
	raw     []*override
}

// override is a member whose values the case gives, one a poll.
type override struct {
	line   *line
	report string // "", "remote", "source", "playout", "track", "transport", "pair", "local", "codec"
	member string
	series []point
}

// at returns the value of poll n: after the last one, the last one again.
func (o *override) at(n int) point { return o.series[min(n, len(o.series)-1)] }

// told is a record that the case gives.
type told struct {
	user    *user
	at      ms
	kind    rtc.Kind
	conn    string
	name    string
	corr    string
	payload string
}

// tell adds a record.
func (c *Case) tell(u *user, at ms, kind rtc.Kind, conn, name, payload string) {
	c.told = append(c.told, told{user: u, at: at, kind: kind, conn: conn, name: name, payload: payload})
}

func (c *Case) user(name string) *user {
	for _, u := range c.users {
		if u.name == name {
			return u
		}
	}
	return nil
}

func (c *Case) flow(name string) *flow {
	for _, f := range c.flows {
		if f.name == name {
			return f
		}
	}
	return nil
}

func (c *Case) rawStream(name string) *raw {
	for _, r := range c.raws {
		if r.name == name {
			return r
		}
	}
	return nil
}

// paths are the ways that a connection can take: the local candidate's type
// and protocol.
var paths = []struct{ name, candidate, protocol, relay string }{
	{"host/udp", "host", "udp", ""},
	{"srflx/udp", "srflx", "udp", ""},
	{"relay/udp", "relay", "udp", "udp"},
	{"relay/tcp", "relay", "udp", "tcp"},
	{"relay/tls", "relay", "udp", "tls"},
	{"host/tcp", "host", "tcp", ""},
}

// Defaults of what is not said: a home connection and a laptop.
const (
	accessDelay  = 10     // ms one way between a user and the network's middle
	audioBitrate = 32_000 // bit/s, Chrome's default for Opus
	videoBitrate = 1_200_000
	videoFps     = 30
	screenFps    = 5
	screenRate   = 300_000
	speechLevel  = 0.1
)

func (c *Case) newUser(name string) *user {
	u := &user{
		name: name, index: len(c.users), browser: chrome,
		every: knob{base: float64(second)}, signalling: 100, ice: 100, dtls: 100,
		path: knob{base: 0}, cpuSystem: knob{base: nan}, cpuApp: knob{base: nan}, pressure: knob{base: nan},
		stays: []stay{{span: span{0, c.length}}},
	}
	c.users = append(c.users, u)
	return u
}

var kindNames = map[string]rtc.MediaKind{"audio": rtc.KindAudio, "video": rtc.KindVideo, "screen": rtc.KindScreen}

func (c *Case) newFlow(u *user, kind rtc.MediaKind) *flow {
	f := &flow{
		name: u.name + "." + kind.String(), from: u, kind: kind, on: span{0, never}, ends: never,
		level: knob{base: speechLevel}, encoded: knob{base: 1000}, echo: knob{base: nan},
		dropped: make(map[string]*knob), at: make(map[*user]*reception),
	}
	switch kind {
	case rtc.KindAudio:
		f.bitrate.base, f.codec = audioBitrate, "audio/opus"
	case rtc.KindVideo:
		f.bitrate.base, f.captured.base, f.width.base, f.height.base, f.codec = videoBitrate, videoFps, 1280, 720, "video/VP8"
	case rtc.KindScreen:
		f.bitrate.base, f.captured.base, f.width.base, f.height.base, f.codec = screenRate, screenFps, 1920, 1080, "video/VP8"
	}
	c.flows = append(c.flows, f)
	return f
}

// reception returns what u gets of the flow.
func (f *flow) reception(u *user) *reception {
	r := f.at[u]
	if r == nil {
		r = &reception{flow: f, at: u, decoded: knob{base: 1000}}
		f.at[u] = r
	}
	return r
}
