package main

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"time"

	"github.com/peerglass/peerglass/quality"
	"github.com/peerglass/peerglass/rtc"
	"github.com/peerglass/peerglass/session"
	"github.com/peerglass/peerglass/store"
)

// crowd is one call under construction.
type crowd struct {
	sink   session.Sink
	random *rand.Rand
	app    rtc.AppID
	id     rtc.CallID
	name   string
	start  time.Time
	length time.Duration
	every  time.Duration
	users  int
	sees   int // how many others each receives

	values []float32
}

func newCrowd(sink session.Sink, o options, users int, start time.Time, length time.Duration) *crowd {
	r := rand.New(rand.NewPCG(uint64(users), uint64(length)))
	return &crowd{sink: sink, random: r, app: o.app, id: rtc.CallID(rtc.NewID(start.UnixMilli(), r.Uint64())), start: start, length: length, every: o.every, users: users,
		values: make([]float32, len(quality.Catalogue()))}
}

// stay is one session, with its streams.
type stay struct {
	row     rtc.Session
	number  int // of its user
	from    time.Time
	to      time.Time
	streams []*stream
	events  uint32
	trouble trouble
}

// trouble is what is wrong for a user, and when.
type trouble struct {
	issue    string
	cause    string
	source   rtc.Source
	severity rtc.Level
	from, to time.Time
}

type stream struct {
	row     rtc.Stream
	codec   string
	bitrate float64
	rtt     float64
	jitter  float64
	of      *stay // whose it is, if it is received
}

var (
	names    = []string{"ada", "ben", "cleo", "dora", "emil", "finn", "gwen", "hugo", "ines", "jana", "kofi", "lena", "milo", "nora", "omar", "pia", "quin", "rosa", "sven", "tara", "umar", "vera", "wim", "xenia", "yuri", "zoe"}
	clients  = [][4]string{{"Chrome", "149.0", "Windows 11", "PC"}, {"Chrome", "149.0", "macOS 16", "MacBook Pro"}, {"Firefox", "151.0", "Ubuntu", "PC"}, {"Safari", "20.1", "iOS 20", "iPhone 17"}, {"Chrome Mobile", "149.0", "Android 17", "Pixel 11"}, {"Edge", "149.0", "Windows 11", "PC"}}
	regions  = []string{"DE, Berlin", "FR, Île-de-France", "JP, Tokyo", "BR, São Paulo", "US, California", "IN, Karnataka", "CN, Guangdong"}
	networks = []string{"wifi", "ethernet", "wifi", "cellular"}
	troubles = []trouble{
		{issue: "packet_loss", cause: "packet_loss", source: rtc.Network, severity: rtc.Medium},
		{issue: "video_freeze", cause: "packet_loss", source: rtc.Network, severity: rtc.High},
		{issue: "cpu_high", cause: "cpu", source: rtc.LocalUser, severity: rtc.Medium},
		{issue: "audio_freeze", cause: "jitter", source: rtc.Network, severity: rtc.High},
		{issue: "latency", cause: "latency", source: rtc.Network, severity: rtc.Low},
	}
)

// write makes the call and its samples. Rows are told in the order of time, as
// they would come.
func (c *crowd) write(ctx context.Context, s *store.Store) error {
	stays := c.stays()
	c.subscribe(stays)
	call := rtc.Call{App: c.app, ID: c.id, Room: c.name, Start: c.start, End: c.start.Add(c.length), Users: c.users, Sessions: len(stays), Peak: c.users, Version: 1}
	c.sink.Call(&call)
	for _, y := range stays {
		c.tell(y)
	}
	samples := 0
	for at := c.start.Add(c.every); !at.After(call.End); at = at.Add(c.every) {
		for _, y := range stays {
			if at.Before(y.from.Add(c.every)) || at.After(y.to) {
				continue
			}
			for _, x := range y.streams {
				if x.of != nil && (at.Before(x.of.from) || at.After(x.of.to)) {
					continue
				}
				c.sample(y, x, at)
				samples++
			}
		}
		if s.Backlog() > 256<<20 {
			if err := s.Flush(ctx); err != nil {
				return err
			}
		}
	}
	fmt.Printf("app %d call %s room %q: %d users, %d stays, %d samples\n", c.app, c.id, c.name, c.users, len(stays), samples)
	fmt.Fprintf(os.Stderr, "  %s to %s\n", call.Start.Format(time.RFC3339), call.End.Format(time.RFC3339))
	return s.Flush(ctx)
}

// stays has everybody join within the first minute and leave at the end, but
// for some who come late, leave early, or come back.
func (c *crowd) stays() []*stay {
	var all []*stay
	end := c.start.Add(c.length)
	add := func(number int, from, to time.Time, reason string) {
		client := clients[number%len(clients)]
		name := names[number%len(names)]
		y := &stay{number: number, from: from, to: to}
		role := "guest"
		if number == 0 {
			role = "host"
		}
		user := name
		if number >= len(names) {
			user = fmt.Sprintf("%s-%d", name, number/len(names)+1)
		}
		y.row = rtc.Session{App: c.app, Call: c.id, ID: rtc.SessionID(rtc.NewID(from.UnixMilli(), c.random.Uint64())), Room: c.name, User: user, UserName: user, Role: role,
			Start: from, End: to, EndReason: reason, Protocol: "native", SDK: "peerglass", SDKVersion: "0.5.0", Browser: client[0], BrowserVersion: client[1], OS: client[2], Device: client[3],
			Network: networks[number%len(networks)], Region: regions[number%len(regions)], Sends: true, Receives: true, Records: uint64(to.Sub(from) / c.every), Version: 1}
		y.trouble = troubles[number/3%len(troubles)]
		if number%3 == 1 {
			y.trouble.from = from.Add(to.Sub(from) / 3).Truncate(time.Second)
			y.trouble.to = y.trouble.from.Add(min(40*time.Second, to.Sub(from)/3))
		}
		all = append(all, y)
	}
	for n := range c.users {
		from := c.start.Add(time.Duration(n*47%60) * time.Second)
		if n == 0 {
			from = c.start
		}
		switch {
		case n%11 == 5: // comes late
			add(n, c.start.Add(c.length/4), end, "leave")
		case n%11 == 7: // leaves early
			add(n, from, c.start.Add(c.length*3/4), "leave")
		case n%11 == 9: // is cut off, and comes back
			half := c.start.Add(c.length / 2)
			add(n, from, half, "timeout")
			add(n, half.Add(40*time.Second), end, "leave")
		default:
			add(n, from, end, "leave")
		}
	}
	return all
}

// subscribe gives every stay its streams.
func (c *crowd) subscribe(stays []*stay) {
	for i, y := range stays {
		add := func(of *stay, k rtc.MediaKind, d rtc.Direction, codec string, rate float64) {
			x := &stream{of: of, codec: codec, bitrate: rate, rtt: 15 + 90*c.random.Float64(), jitter: 3 + 8*c.random.Float64()}
			x.row = rtc.Stream{App: c.app, Call: c.id, Session: y.row.ID, ID: rtc.StreamID(len(y.streams) + 1), Connection: 1, Direction: d, Kind: k,
				ReportID: fmt.Sprintf("%s%d", d, len(y.streams)), SSRC: c.random.Uint32(), Codec: codec, Start: y.from, End: y.to, Version: 1}
			if of != nil {
				x.row.RemoteUser = of.row.User
				x.row.Start, x.row.End = later(y.from, of.from), earlier(y.to, of.to)
				if !x.row.Start.Before(x.row.End) {
					return
				}
				for _, sent := range of.streams[:3] {
					if sent.row.Kind == k {
						x.row.SSRC, x.row.Track, x.row.MID = sent.row.SSRC, sent.row.Track, sent.row.MID
					}
				}
			} else if d == rtc.Send {
				x.row.Track, x.row.MID = fmt.Sprintf("%s-%s", y.row.ID, k), fmt.Sprint(len(y.streams))
			}
			seconds := x.row.End.Sub(x.row.Start).Seconds()
			x.row.Samples = uint64(x.row.End.Sub(x.row.Start) / c.every)
			x.row.Bytes, x.row.Packets, x.row.PacketsLost = int64(rate/8*seconds), int64(rate/8/1000*seconds), int64(rate/8/1000*seconds/400)
			y.streams = append(y.streams, x)
		}
		add(nil, rtc.KindTransport, rtc.Both, "", 3e6)
		add(nil, rtc.KindAudio, rtc.Send, "audio/opus", 32e3)
		add(nil, rtc.KindVideo, rtc.Send, "video/VP9", 1.4e6)
		_ = i
	}
	for i, y := range stays {
		seen := 0
		for j := 1; j < len(stays) && seen < c.sees; j++ {
			other := stays[j-1] // the first speak
			if c.sees >= c.users-1 {
				other = stays[(i+j)%len(stays)]
			}
			if other.number == y.number {
				continue
			}
			before := len(y.streams)
			c.receive(y, other)
			if len(y.streams) > before {
				seen++
			}
		}
	}
}

func (c *crowd) receive(y, other *stay) {
	for _, sent := range other.streams[1:3] {
		x := &stream{of: other, codec: sent.codec, bitrate: sent.bitrate * 0.9, rtt: sent.rtt, jitter: 3 + 8*c.random.Float64()}
		x.row = sent.row
		x.row.Session, x.row.ID, x.row.Direction, x.row.RemoteUser = y.row.ID, rtc.StreamID(len(y.streams)+1), rtc.Receive, other.row.User
		x.row.ReportID = fmt.Sprintf("receive%d", len(y.streams))
		x.row.Start, x.row.End = later(y.from, other.from), earlier(y.to, other.to)
		if !x.row.Start.Before(x.row.End) {
			return
		}
		y.streams = append(y.streams, x)
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// tell writes what is known of a stay but for its samples.
func (c *crowd) tell(y *stay) {
	c.sink.Session(&y.row)
	c.sink.Connection(&rtc.Connection{App: c.app, Call: c.id, Session: y.row.ID, ID: 1, Label: "PC_0", Start: y.from, End: y.to, State: "closed", Connected: y.from.Add(600 * time.Millisecond),
		LocalType: "srflx", RemoteType: "host", Transport: "udp", Relay: y.number%9 == 4, Version: 1})
	for _, x := range y.streams {
		c.sink.Stream(&x.row)
	}
	event := func(after time.Duration, kind rtc.Kind, severity rtc.Severity, name, value string) {
		y.events++
		connection := rtc.ConnectionID(0)
		if kind == rtc.KindState || kind == rtc.KindCall {
			connection = 1
		}
		c.sink.Event(&rtc.Event{App: c.app, Call: c.id, Session: y.row.ID, Time: y.from.Add(after), Index: y.events, Kind: kind, Severity: severity, Connection: connection, Name: name, Value: value})
	}
	stayed := y.to.Sub(y.from)
	event(0, rtc.KindOpen, rtc.Info, "open", "")
	event(100*time.Millisecond, rtc.KindCall, rtc.Info, rtc.NameGetUserMedia, `{"audio":true,"video":true}`)
	event(300*time.Millisecond, rtc.KindCall, rtc.Info, rtc.NameCreate, `{"iceServers":[]}`)
	event(350*time.Millisecond, rtc.KindState, rtc.Info, rtc.NameICEState, `"checking"`)
	event(580*time.Millisecond, rtc.KindState, rtc.Info, rtc.NameICEState, `"connected"`)
	event(600*time.Millisecond, rtc.KindState, rtc.Info, rtc.NameConnState, `"connected"`)
	if y.number%4 == 2 {
		event(stayed/5, rtc.KindEvent, rtc.Info, rtc.NameMute, `{"kind":"audio"}`)
		event(stayed/4, rtc.KindEvent, rtc.Info, rtc.NameUnmute, `{"kind":"audio"}`)
	}
	if y.number%7 == 3 {
		event(stayed/2, rtc.KindEvent, rtc.Info, rtc.NameNetwork, `{"type":"cellular","online":true}`)
	}
	if y.number%13 == 6 {
		event(stayed/3, rtc.KindLog, rtc.Warning, "console.warn", `"a worker was slow to answer"`)
	}
	if y.row.EndReason == "leave" {
		event(stayed-time.Millisecond, rtc.KindState, rtc.Info, rtc.NameConnState, `"closed"`)
		event(stayed, rtc.KindClose, rtc.Info, rtc.NameClose, "")
	}
	o := rtc.Outcome{App: c.app, Call: c.id, Session: y.row.ID, Tried: true, Joined: true, Join: 600, Signalling: 180, ICE: 230, DTLS: 90,
		FirstAudioSent: 640, FirstVideoSent: 720, FirstAudioReceived: 700, FirstVideoReceived: 910, PushTried: 2, PushOK: 2,
		PullTried: uint32(len(y.streams) - 3), PullOK: uint32(len(y.streams) - 3), VideoTime: float32(stayed.Milliseconds()), AudioTime: float32(stayed.Milliseconds()),
		Score: 8.6, AudioScore: 9, VideoScore: 8.4, ScoreVersion: 1, Version: 1}
	if y.number%17 == 8 {
		o.Join, o.FirstVideoReceived = 7300, 8100
	}
	if p := &y.trouble; !p.from.IsZero() {
		frozen := float32(p.to.Sub(p.from).Milliseconds() / 2)
		o.VideoStutter, o.AudioStutter, o.Score, o.VideoScore = frozen, frozen/4, 6.1, 5.2
		o.Reasons = []rtc.Reason{{ID: "video_stutter", Points: 2.4, Text: fmt.Sprintf("video stood still for %.0f s", frozen/1000)}}
		value, limit := 0.09, 0.05
		i := rtc.Issue{App: c.app, Call: c.id, Session: y.row.ID, ID: 1, Type: p.issue, Cause: p.cause, Source: p.source, Severity: p.severity, Start: p.from, End: p.to, Connection: 1,
			Evidence: []rtc.Evidence{{Metric: "loss", At: p.from.Add(5 * time.Second), Value: &value, Limit: &limit}}, Version: session.IssueVersions}
		for _, x := range y.streams {
			if x.row.Direction == rtc.Receive && x.row.Kind == rtc.KindVideo {
				i.Stream, i.RemoteUser = x.row.ID, x.row.RemoteUser
				break
			}
		}
		c.sink.Issue(&i)
	}
	c.sink.Outcome(&o)
}

// sample measures one stream once.
func (c *crowd) sample(y *stay, x *stream, at time.Time) {
	for i := range c.values {
		c.values[i] = rtc.Null
	}
	kind, direction := x.row.Kind, x.row.Direction
	set := func(m *quality.Metric, v float64) {
		if m.Has(kind, direction) {
			c.values[m.Index()] = float32(math.Round(v/m.Step) * m.Step)
		}
	}
	seconds := c.every.Seconds()
	noise := func(by float64) float64 { return 1 + by*(2*c.random.Float64()-1) }
	bad := at.After(y.trouble.from) && !at.After(y.trouble.to)
	x.jitter = min(max(x.jitter+c.random.Float64()-0.5, 1), 40)
	x.rtt = min(max(x.rtt+4*c.random.Float64()-2, 5), 250)
	rate, fps, lost, stutter := x.bitrate*noise(0.12), 30*noise(0.05), 0.0, 0.0
	if c.random.IntN(40) == 0 {
		lost = float64(1 + c.random.IntN(3))
	}
	if bad {
		rate, fps, lost = rate*0.35, fps*0.4, 8+6*c.random.Float64()
		if direction == rtc.Receive && int(at.Unix())%3 != 0 {
			stutter = 900 * noise(0.1) * seconds
		}
	}
	packets := rate * seconds / 8 / 1000
	set(quality.Bitrate, rate)
	set(quality.TargetBitrate, x.bitrate)
	set(quality.PacketRate, packets/seconds)
	set(quality.Packets, packets)
	set(quality.PacketsLost, lost)
	set(quality.Loss, lost/(packets+lost))
	set(quality.Jitter, x.jitter)
	if direction != rtc.Receive || kind == rtc.KindTransport {
		set(quality.Rtt, x.rtt)
	}
	set(quality.AvailableOutgoing, 1.3*rate)
	set(quality.FpsCaptured, 30)
	set(quality.FpsEncoded, fps)
	set(quality.FpsSent, fps)
	set(quality.FpsReceived, fps)
	set(quality.FpsDecoded, fps)
	set(quality.Width, 1280)
	set(quality.Height, 720)
	set(quality.FreezeTime, stutter)
	set(quality.VideoTime, 1000*seconds)
	set(quality.AudioTime, 1000*seconds)
	set(quality.VideoStutterTime, stutter)
	set(quality.AudioStutterTime, stutter/3)
	set(quality.Nack, lost)
	set(quality.Pli, 0)
	set(quality.FrameTime, 4*noise(0.3))
	set(quality.Concealment, lost/200)
	set(quality.JitterBufferDelay, 40*noise(0.1))
	set(quality.Delay, x.rtt+90*noise(0.1))
	set(quality.AudioLevel, 0.12*c.random.Float64())
	sample := rtc.Sample{App: c.app, Call: c.id, Session: y.row.ID, Stream: x.row.ID, Time: at.Add(time.Duration(c.random.IntN(9)) * time.Millisecond), Interval: c.every,
		Kind: kind, Direction: direction, Codec: x.codec, Values: c.values}
	switch {
	case kind == rtc.KindTransport:
		sample.Pair = "srflx/udp host/udp"
	case kind == rtc.KindVideo && direction == rtc.Send:
		sample.Limitation = "none"
	}
	c.sink.Sample(&sample)
}
