package calls

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/peerglass/peerglass/rtc"
)

// verb is one thing that can happen to a subject. The table below is the
// language; README.md explains each and a test compares the two.
type verb struct {
	on    subjectKind
	words string // keywords that name it
	args  string // what follows: number share rate fps level dB time size word words text; ? may be left out
	when  whenKind
	apply func(*subject, arguments, span) error
}

// whenKind says which times a verb takes.
type whenKind uint8

const (
	aSpan     whenKind = iota // from A to B, from A, or nothing: the whole call
	anInstant                 // at A
	noTime
)

// arguments of a verb, as far as it has them.
type arguments struct {
	number        float64
	time          ms
	width, height int
	words         []string
	text          string
	quoted        bool
}

// payload is the text argument as JSON.
func (a *arguments) payload() (string, error) {
	if a.quoted || a.text != "" && !json.Valid([]byte(a.text)) && isText(a.text) {
		b, err := json.Marshal(a.text)
		return string(b), err
	}
	if a.text != "" && !json.Valid([]byte(a.text)) {
		return "", fmt.Errorf("expected a JSON value, got %s", a.text)
	}
	return a.text, nil
}

// set makes a verb that turns a knob.
func set(of func(*subject) []*knob, value func(arguments) float64) func(*subject, arguments, span) error {
	return func(s *subject, a arguments, w span) error {
		for _, k := range of(s) {
			k.put(w, value(a))
		}
		return nil
	}
}

func number(a arguments) float64 { return a.number }
func millis(a arguments) float64 { return float64(a.time) }
func one(arguments) float64      { return 1 }
func zero(arguments) float64     { return 0 }

func ofLinks(k func(*link) *knob) func(*subject) []*knob {
	return func(s *subject) (all []*knob) {
		for _, l := range s.links {
			all = append(all, k(l))
		}
		return all
	}
}

func ofFlow(k func(*flow) *knob) func(*subject) []*knob {
	return func(s *subject) []*knob { return []*knob{k(s.flow)} }
}

func ofReception(k func(*reception) *knob) func(*subject) []*knob {
	return func(s *subject) []*knob { return []*knob{k(s.reception)} }
}

func ofUser(k func(*user) *knob) func(*subject) []*knob {
	return func(s *subject) []*knob { return []*knob{k(s.user)} }
}

// verbs are all of them, those of most words first: "is not sent" is no size.
var verbs = func() []verb {
	all := slices.Concat(userVerbs, toldVerbs, linkVerbs, streamVerbs, receptionVerbs)
	slices.SortStableFunc(all, func(a, b verb) int { return len(strings.Fields(b.words)) - len(strings.Fields(a.words)) })
	return all
}()

var userVerbs = []verb{
	{onUser, "joins", "", anInstant, joins},
	{onUser, "leaves", "", anInstant, func(s *subject, _ arguments, w span) error { return s.leaves(w.from, "leave", false) }},
	{onUser, "vanishes", "", anInstant, func(s *subject, _ arguments, w span) error { return s.leaves(w.from, "", true) }},
	{onUser, "reloads", "", anInstant, func(s *subject, a arguments, w span) error {
		if err := s.leaves(w.from, "leave", false); err != nil {
			return err
		}
		return joins(s, a, span{w.from + 2*second, never})
	}},
	{onUser, "uses", "word", noTime, func(s *subject, a arguments, _ span) error {
		if s.user.browser = browserNamed(a.words[0]); s.user.browser == nil {
			return fmt.Errorf("expected a browser (%s), got %q", strings.Join(browserNames(), ", "), a.words[0])
		}
		return nil
	}},
	{onUser, "polls every", "time", aSpan, func(s *subject, a arguments, w span) error {
		if a.time < 100 {
			return fmt.Errorf("expected at least 100ms between polls, got %s", a.time)
		}
		s.user.every.put(w, millis(a))
		return nil
	}},
	{onUser, "polls late by", "time", anInstant, func(s *subject, a arguments, w span) error {
		s.user.pauses = append(s.user.pauses, span{w.from, w.from + a.time})
		return nil
	}},
	{onUser, "does not poll", "", aSpan, func(s *subject, _ arguments, w span) error {
		s.user.pauses = append(s.user.pauses, w)
		return nil
	}},
	{onUser, "reports late by", "time", aSpan, set(ofUser(func(u *user) *knob { return &u.delivery }), millis)},
	{onUser, "sleeps", "", aSpan, set(ofUser(func(u *user) *knob { return &u.asleep }), one)},
	{onUser, "clock is ahead by", "time", aSpan, set(ofUser(func(u *user) *knob { return &u.skew }), millis)},
	{onUser, "clock is behind by", "time", aSpan, set(ofUser(func(u *user) *knob { return &u.skew }), func(a arguments) float64 { return -millis(a) })},
	{onUser, "signalling takes", "time", noTime, func(s *subject, a arguments, _ span) error { s.user.signalling = a.time; return nil }},
	{onUser, "ice takes", "time", noTime, func(s *subject, a arguments, _ span) error { s.user.ice = a.time; return nil }},
	{onUser, "dtls takes", "time", noTime, func(s *subject, a arguments, _ span) error { s.user.dtls = a.time; return nil }},
	{onUser, "ice fails", "", noTime, func(s *subject, _ arguments, _ span) error { s.user.iceFails = true; return nil }},
	{onUser, "dtls fails", "", noTime, func(s *subject, _ arguments, _ span) error { s.user.dtlsFails = true; return nil }},
	{onUser, "reaches no relay", "", noTime, func(s *subject, _ arguments, _ span) error { s.user.noRelay = true; return nil }},
	{onUser, "ice disconnects", "", aSpan, func(s *subject, _ arguments, w span) error {
		s.user.broken = append(s.user.broken, w)
		for _, l := range []*link{&s.user.up, &s.user.down} {
			l.cut.put(w, 1)
		}
		return nil
	}},
	{onUser, "connects through", "word", aSpan, func(s *subject, a arguments, w span) error {
		for i, p := range paths {
			if p.name == a.words[0] {
				s.user.path.put(w, float64(i))
				return nil
			}
		}
		return fmt.Errorf("expected a way such as relay/udp, relay/tcp, relay/tls, srflx/udp or host/udp, got %q", a.words[0])
	}},
	{onUser, "network is", "word", aSpan, func(s *subject, a arguments, w span) error {
		s.user.network = append(s.user.network, networkAt{w.from, a.words[0]})
		return nil
	}},
	{onUser, "system cpu is", "share", aSpan, set(ofUser(func(u *user) *knob { return &u.cpuSystem }), number)},
	{onUser, "app cpu is", "share", aSpan, set(ofUser(func(u *user) *knob { return &u.cpuApp }), number)},
	{onUser, "cpu pressure is", "number", aSpan, set(ofUser(func(u *user) *knob { return &u.pressure }), number)},
	{onUser, "sends nothing", "", noTime, func(s *subject, _ arguments, _ span) error {
		for _, f := range s.c.flows {
			if f.from == s.user {
				f.on = span{never, never}
			}
		}
		return nil
	}},
	{onUser, "sends", "word", aSpan, sends},
	{onUser, "mutes", "word", aSpan, mutes},
	{onUser, "hides the page", "", aSpan, func(s *subject, _ arguments, w span) error {
		s.c.tell(s.user, w.from, rtc.KindEvent, "", rtc.NameVisibility, `{"hidden":true}`)
		if w.to < never {
			s.c.tell(s.user, w.to, rtc.KindEvent, "", rtc.NameVisibility, `{"hidden":false}`)
		}
		return nil
	}},
	{onUser, "renegotiates", "", anInstant, func(s *subject, _ arguments, w span) error {
		at := w.from
		for _, name := range []string{"createOffer", "setLocalDescription", "setRemoteDescription"} {
			s.c.tell(s.user, at, rtc.KindCall, "PC_0", name, "")
			s.c.tell(s.user, at+20, rtc.KindCall, "PC_0", name+rtc.OnSuccess, "")
			at += 40
		}
		return nil
	}},
	{onUser, "receives", "word word words", noTime, rawStream(true)},
	{onUser, "has", "word word words", noTime, rawStream(false)},
}

func joins(s *subject, _ arguments, w span) error {
	u := s.user
	last := &u.stays[len(u.stays)-1]
	if last.to >= s.c.length && last.from == 0 && last.reason == "" && !last.vanishes {
		last.from = w.from
	} else if w.from >= last.to {
		u.stays = append(u.stays, stay{span: span{w.from, s.c.length}})
	} else {
		return fmt.Errorf("expected %s to have left before joining again at %s", u.name, w.from)
	}
	if w.from >= s.c.length {
		return fmt.Errorf("expected a time within the call's %s, got %s", s.c.length, w.from)
	}
	return nil
}

func (s *subject) leaves(at ms, reason string, vanishes bool) error {
	last := &s.user.stays[len(s.user.stays)-1]
	if !last.has(at) {
		return fmt.Errorf("expected %s to be there at %s", s.user.name, at)
	}
	last.to, last.reason, last.vanishes = at, reason, vanishes
	return nil
}

// sends gives the user one more stream of a kind: alice sends screen.
func sends(s *subject, a arguments, w span) error {
	kind := kindNames[a.words[0]]
	if kind == rtc.KindUnknown {
		return fmt.Errorf("expected audio, video or screen, got %q", a.words[0])
	}
	f := s.c.flow(s.user.name + "." + a.words[0])
	if f == nil {
		f = s.c.newFlow(s.user, kind)
	}
	f.on = w
	return nil
}

// mutes switches a stream off in the page: black or silence goes out, and the
// page says so; through a server, the others' pages know it by signalling.
func mutes(s *subject, a arguments, w span) error {
	f := s.c.flow(s.user.name + "." + a.words[0])
	if f == nil {
		return fmt.Errorf("expected a kind that %s sends, got %q", s.user.name, a.words[0])
	}
	f.muted.put(w, 1)
	for _, u := range s.c.users {
		payload := fmt.Sprintf(`{"kind":%q}`, a.words[0])
		if u != s.user {
			if !s.c.sfu {
				continue
			}
			payload = fmt.Sprintf(`{"kind":%q,"user":%q}`, a.words[0], s.user.name)
		}
		s.c.tell(u, w.from, rtc.KindEvent, "", rtc.NameMute, payload)
		if w.to < never {
			s.c.tell(u, w.to, rtc.KindEvent, "", rtc.NameUnmute, payload)
		}
	}
	return nil
}

// rawStream reads: bob receives video v1 [ssrc 11] [from alice]; bob has video
// v1 [ssrc 11], which he sends.
func rawStream(receive bool) func(*subject, arguments, span) error {
	return func(s *subject, a arguments, _ span) error {
		kind, name := kindNames[a.words[0]], a.words[1]
		if kind == rtc.KindUnknown {
			return fmt.Errorf("expected audio, video or screen, got %q", a.words[0])
		}
		if !isName(name) || s.c.user(name) != nil || s.c.rawStream(name) != nil {
			return fmt.Errorf("expected a new name for the stream, got %q", name)
		}
		r := &raw{name: name, user: s.user, kind: kind, receive: receive, ssrc: uint32(1000 + len(s.c.raws))}
		for i := 2; i < len(a.words); i += 2 {
			if i+1 == len(a.words) {
				return fmt.Errorf("expected a value after %s", a.words[i])
			}
			switch value := a.words[i+1]; a.words[i] {
			case "ssrc":
				n, err := strconv.ParseUint(value, 10, 32)
				if err != nil {
					return fmt.Errorf("expected an SSRC, got %q", value)
				}
				r.ssrc = uint32(n)
			case "of":
				if r.from = s.c.user(value); r.from == nil {
					return fmt.Errorf("expected a user after of, got %q", value)
				}
			default:
				return fmt.Errorf("expected ssrc or of, got %q", a.words[i])
			}
		}
		s.c.raws = append(s.c.raws, r)
		s.kind, s.raw = onRaw, r // the series below are its
		return nil
	}
}

// mediaCalls are the calls of navigator.mediaDevices, which belong to no
// connection.
var mediaCalls = map[string]string{
	"getUserMedia": rtc.NameGetUserMedia, "getDisplayMedia": rtc.NameGetDisplayMedia, "enumerateDevices": rtc.NameEnumerate,
}

// apiName returns a call's canonical name and the connection it is made on.
func apiName(name string) (canonical, conn string) {
	if full := mediaCalls[name]; full != "" {
		return full, ""
	}
	if strings.Contains(name, ".") || name == "devicechange" {
		return name, ""
	}
	return name, "PC_0"
}

var toldVerbs = []verb{
	{onUser, "calls", "word text?", anInstant, func(s *subject, a arguments, w span) error {
		payload, err := a.payload()
		if err != nil {
			return err
		}
		name, conn := apiName(a.words[0])
		s.c.tell(s.user, w.from, rtc.KindCall, conn, name, payload)
		s.c.tell(s.user, w.from+5, rtc.KindCall, conn, name+rtc.OnSuccess, payload)
		return nil
	}},
	{onUser, "fails", "word word text?", anInstant, func(s *subject, a arguments, w span) error {
		name, conn := apiName(a.words[0])
		asked := ""
		if name == rtc.NameGetUserMedia {
			asked = `{"audio":true,"video":true}`
		}
		message, _ := json.Marshal(a.text)
		s.c.tell(s.user, w.from, rtc.KindCall, conn, name, asked)
		s.c.tell(s.user, w.from+5, rtc.KindCall, conn, name+rtc.OnFailure, fmt.Sprintf(`{"name":%q,"message":%s}`, a.words[1], message))
		return nil
	}},
	{onUser, "fires", "word text?", anInstant, func(s *subject, a arguments, w span) error {
		payload, err := a.payload()
		name, conn := apiName(a.words[0])
		s.c.tell(s.user, w.from, rtc.KindState, conn, name, payload)
		return err
	}},
	{onUser, "tells", "word text?", anInstant, func(s *subject, a arguments, w span) error {
		payload, err := a.payload()
		s.c.tell(s.user, w.from, rtc.KindEvent, "", a.words[0], payload)
		return err
	}},
	{onUser, "logs", "word text", anInstant, func(s *subject, a arguments, w span) error {
		payload, err := a.payload()
		s.c.tell(s.user, w.from, rtc.KindLog, "", a.words[0], payload)
		return err
	}},
	{onUser, "rates", "text", anInstant, func(s *subject, a arguments, w span) error {
		payload, err := a.payload()
		s.c.tell(s.user, w.from, rtc.KindFeedback, "", "", payload)
		return err
	}},
}

var linkVerbs = []verb{
	{onLink, "loses", "share", aSpan, set(ofLinks(func(l *link) *knob { return &l.loss }), number)},
	{onLink, "adds", "time", aSpan, set(ofLinks(func(l *link) *knob { return &l.delay }), millis)},
	{onLink, "jitters", "time", aSpan, set(ofLinks(func(l *link) *knob { return &l.jitter }), millis)},
	{onLink, "reorders", "share", aSpan, set(ofLinks(func(l *link) *knob { return &l.overtake }), number)},
	{onLink, "carries nothing", "", aSpan, set(ofLinks(func(l *link) *knob { return &l.cut }), one)},
	{onLink, "carries", "rate", aSpan, set(ofLinks(func(l *link) *knob { return &l.capacity }), number)},
}

var streamVerbs = []verb{
	{onStream, "is sent", "", aSpan, func(s *subject, _ arguments, w span) error { s.flow.on = w; return nil }},
	{onStream, "captures", "fps", aSpan, set(ofFlow(func(f *flow) *knob { return &f.captured }), number)},
	{onStream, "encodes", "fps", aSpan, set(ofFlow(func(f *flow) *knob { return &f.encoded }), number)},
	{onStream, "runs at", "rate", aSpan, set(ofFlow(func(f *flow) *knob { return &f.bitrate }), number)},
	{onStream, "is muted", "", aSpan, set(ofFlow(func(f *flow) *knob { return &f.muted }), one)},
	{onStream, "is paused", "", aSpan, set(ofFlow(func(f *flow) *knob { return &f.paused }), one)},
	{onStream, "is still", "", aSpan, set(ofFlow(func(f *flow) *knob { return &f.still }), one)},
	{onStream, "is black", "", aSpan, set(ofFlow(func(f *flow) *knob { return &f.black }), one)},
	{onStream, "is silent", "", aSpan, set(ofFlow(func(f *flow) *knob { return &f.level }), zero)},
	{onStream, "is limited by cpu", "", aSpan, set(ofFlow(func(f *flow) *knob { return &f.cpuLimited }), one)},
	{onStream, "is renamed", "", anInstant, func(s *subject, _ arguments, w span) error {
		s.flow.newID = append(s.flow.newID, w.from)
		return nil
	}},
	{onStream, "is", "size", aSpan, func(s *subject, a arguments, w span) error {
		s.flow.width.put(w, float64(a.width))
		s.flow.height.put(w, float64(a.height))
		return nil
	}},
	{onStream, "has level", "level", aSpan, set(ofFlow(func(f *flow) *knob { return &f.level }), number)},
	{onStream, "has echo return loss", "dB", aSpan, set(ofFlow(func(f *flow) *knob { return &f.echo }), number)},
	{onStream, "has layers", "words", noTime, func(s *subject, a arguments, _ span) error {
		if s.flow.kind == rtc.KindAudio || len(a.words) < 2 || len(a.words) > 3 {
			return fmt.Errorf("expected two or three layers of video, the smallest first")
		}
		s.flow.layers = a.words
		for _, l := range a.words {
			s.flow.dropped[l] = new(knob)
		}
		return nil
	}},
	{onStream, "is not sent", "", aSpan, func(s *subject, _ arguments, w span) error {
		if s.layer != "" {
			s.flow.dropped[s.layer].put(w, 1)
			return nil
		}
		s.flow.unsent.put(w, 1)
		return nil
	}},
	{onStream, "uses dtx", "", noTime, func(s *subject, _ arguments, _ span) error { s.flow.dtx = true; return nil }},
	{onStream, "uses codec", "word", noTime, func(s *subject, a arguments, _ span) error { s.flow.codec = a.words[0]; return nil }},
	{onStream, "ends", "", anInstant, func(s *subject, _ arguments, w span) error {
		s.flow.ends = w.from
		s.c.tell(s.user, w.from, rtc.KindState, "", "MediaStreamTrack.onended", s.flow.trackJSON(w.from))
		return nil
	}},
	{onStream, "changes its track", "", anInstant, func(s *subject, _ arguments, w span) error {
		s.flow.newTrack = append(s.flow.newTrack, w.from)
		s.c.tell(s.user, w.from, rtc.KindCall, "PC_0", "replaceTrack", `{"from":`+s.flow.trackJSON(w.from-1)+`,"to":`+s.flow.trackJSON(w.from)+`}`)
		s.c.tell(s.user, w.from+5, rtc.KindCall, "PC_0", "replaceTrack"+rtc.OnSuccess, "")
		return nil
	}},
	{onStream, "changes its ssrc", "", anInstant, func(s *subject, _ arguments, w span) error {
		s.flow.newSSRC = append(s.flow.newSSRC, w.from)
		return nil
	}},
	{onStream, "restarts its counters", "", anInstant, func(s *subject, _ arguments, w span) error {
		s.flow.reset = append(s.flow.reset, w.from)
		return nil
	}},
}

var receptionVerbs = []verb{
	{onReception, "loses", "share", aSpan, set(ofReception(func(r *reception) *knob { return &r.loss }), number)},
	{onReception, "gets nothing", "", aSpan, set(ofReception(func(r *reception) *knob { return &r.paused }), one)},
	{onReception, "freezes for", "time", anInstant, func(s *subject, a arguments, w span) error {
		s.reception.frozen.put(span{w.from, w.from + a.time}, 1)
		return nil
	}},
	{onReception, "decodes nothing", "", aSpan, set(ofReception(func(r *reception) *knob { return &r.stuck }), one)},
	{onReception, "decodes", "fps", aSpan, set(ofReception(func(r *reception) *knob { return &r.decoded }), number)},
	{onReception, "drops", "share", aSpan, set(ofReception(func(r *reception) *knob { return &r.drop }), number)},
	{onReception, "conceals", "share", aSpan, set(ofReception(func(r *reception) *knob { return &r.conceal }), number)},
	{onReception, "stutters for", "time", anInstant, func(s *subject, a arguments, w span) error {
		s.reception.conceal.put(span{w.from, w.from + a.time}, 1)
		return nil
	}},
	{onReception, "restarts its counters", "", anInstant, func(s *subject, _ arguments, w span) error {
		s.reception.reset = append(s.reception.reset, w.from)
		return nil
	}},
	{onReception, "is renamed", "", anInstant, func(s *subject, _ arguments, w span) error {
		s.reception.newID = append(s.reception.newID, w.from)
		return nil
	}},
	{onReception, "buffers", "time", aSpan, set(ofReception(func(r *reception) *knob { return &r.buffer }), millis)},
	{onReception, "plays late by", "time", aSpan, set(ofReception(func(r *reception) *knob { return &r.playout }), millis)},
	{onReception, "misses playout", "share", aSpan, set(ofReception(func(r *reception) *knob { return &r.glitch }), number)},
}
