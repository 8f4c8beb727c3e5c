package pion

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"encoding/json"
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/pion/webrtc/v4"

	"github.com/peerglass/peerglass/protocol/native"
	"github.com/peerglass/peerglass/rtc"
)

const (
	fastFor    = 15 * time.Second       // after something happened, polls come each second
	flushAfter = 500 * time.Millisecond // how long a record waits for company
	maxPayload = 256 << 10              // bytes; what is longer is told by its length
	maxLog     = 20 << 10
)

// Session is one stay of one user in one call. It is safe for concurrent use,
// and none of its methods blocks on the network but Leave.
type Session struct {
	client   *Client
	identity Identity
	link     *link

	mu          sync.Mutex
	encoder     *native.Encoder
	connections []*PeerConnection
	numbers     int
	corr        uint64
	lost        int // records that did not fit the buffer
	lostTold    int
	fastUntil   time.Time
	over        bool

	kick chan struct{} // something waits, or happened
	done chan struct{} // closed when the session is over
}

func newSession(c *Client, id Identity) *Session {
	s := &Session{
		client: c, identity: id, encoder: native.NewEncoder(),
		kick: make(chan struct{}, 1), done: make(chan struct{}), fastUntil: time.Now().Add(fastFor),
	}
	s.link = newLink(s)
	s.open()
	return s
}

// open tells who joins where.
func (s *Session) open() {
	s.encode(&rtc.Record{Kind: rtc.KindOpen, Payload: s.whoAmI()})
}

func (s *Session) whoAmI() []byte {
	id := rtc.Identity{
		Room: s.identity.Room, RoomName: s.identity.RoomName, User: s.identity.User, UserName: s.identity.UserName,
		Role: s.identity.Role, Keys: s.identity.Keys, ClientSession: s.link.id,
		SDK: "peerglass/pion", SDKVersion: Version, Browser: "Pion", BrowserVersion: webrtcVersion(), OS: runtime.GOOS,
	}
	text, err := json.Marshal(&id)
	if err != nil {
		panic(err) // strings always marshal
	}
	return text
}

func (s *Session) start() {
	go s.run()
	go s.link.run()
}

// run polls and hands what waits to the link, until the session is over.
func (s *Session) run() {
	wait := time.NewTimer(0)
	defer wait.Stop()
	next := time.Now().Add(time.Second)
	for {
		select {
		case <-s.done:
			return
		case <-s.kick:
			// Others may follow at once; the poll's time stands.
			wait.Reset(min(flushAfter, max(0, time.Until(next))))
			continue
		case <-wait.C:
		}
		now := time.Now()
		if !now.Before(next) {
			s.poll()
			next = now.Add(s.interval(now))
		}
		s.flush()
		wait.Reset(time.Until(next))
	}
}

func (s *Session) interval(now time.Time) time.Duration {
	steady := s.link.interval()
	s.mu.Lock()
	defer s.mu.Unlock()
	if now.Before(s.fastUntil) {
		return min(time.Second, steady)
	}
	return steady
}

// poll asks each connection for its statistics and states.
func (s *Session) poll() {
	s.mu.Lock()
	connections := append([]*PeerConnection(nil), s.connections...)
	s.mu.Unlock()
	for _, pc := range connections {
		pc.compareStates()
		pc.poll()
	}
}

// flush hands the open batch to the link.
func (s *Session) flush() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := s.lost - s.lostTold; n > 0 && !s.link.full() {
		s.lostTold = s.lost
		s.encode(&rtc.Record{Kind: rtc.KindLog, Name: []byte("warn"), Payload: fmt.Appendf(nil, `"%d records did not fit the buffer"`, n)})
	}
	if s.encoder.Empty() {
		return
	}
	s.link.push(s.encoder.Close(nil, time.Now().UnixMilli()))
	if s.link.away() {
		// Should the server end the session meanwhile, what follows must stand
		// on its own.
		s.encoder.Restart()
	}
}

// add puts a record into the open batch.
func (s *Session) add(r *rtc.Record) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over || s.link.stopped() {
		return
	}
	if s.link.full() {
		s.lost++
		return
	}
	s.encode(r)
	if r.Kind != rtc.KindStats { // a poll is no reason to look closer
		s.fastUntil = time.Now().Add(fastFor)
		s.wake()
	}
}

func (s *Session) wake() {
	select {
	case s.kick <- struct{}{}:
	default:
	}
}

// encode writes a record, under mu or before anyone knows the session.
func (s *Session) encode(r *rtc.Record) {
	r.Time = time.Now().UnixMilli()
	if len(r.Payload) > maxPayload {
		r.Payload = fmt.Appendf(nil, `{"truncated":%d}`, len(r.Payload))
	}
	if err := s.encoder.Add(r); err != nil {
		s.client.failed(fmt.Errorf("pion: a record could not be written: %w", err))
	}
}

// renew makes the session's state stand on its own under a new id, which the
// server asked for; it returns the batch that opens it.
func (s *Session) renew() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.encoder.Restart()
	e := native.NewEncoder()
	now := time.Now().UnixMilli()
	if err := e.Add(&rtc.Record{Kind: rtc.KindOpen, Time: now, Payload: s.whoAmI()}); err != nil {
		s.client.failed(fmt.Errorf("pion: the session could not be opened again: %w", err))
	}
	return e.Close(nil, now)
}

// stop ends the session without a word to the server.
func (s *Session) stop(err error) {
	s.mu.Lock()
	was := s.over
	s.over = true
	s.mu.Unlock()
	if !was {
		close(s.done)
	}
	s.link.stop(err)
	s.client.forget(s)
}

// Leave polls a last time, says goodbye, and returns when all is stored or ctx
// ends; then the error says what is missing.
func (s *Session) Leave(ctx context.Context) error {
	s.poll()
	s.mu.Lock()
	if s.over {
		s.mu.Unlock()
		return nil
	}
	s.encode(&rtc.Record{Kind: rtc.KindClose, Payload: []byte(`{"reason":"leave"}`)})
	s.over = true
	close(s.done)
	s.mu.Unlock()
	s.flush()
	err := s.link.finish(ctx)
	s.link.stop(nil)
	s.client.forget(s)
	return err
}

// Event tells of something that happened, now. data becomes JSON; nil: none.
func (s *Session) Event(name string, data any) {
	s.add(&rtc.Record{Kind: rtc.KindEvent, Name: []byte(name), Payload: text(data)})
}

// Log keeps a line of the program's log with the call: at most 20 KiB. The
// levels are debug, info, warn and error.
func (s *Session) Log(level, line string) {
	if len(line) > maxLog {
		line = strings.ToValidUTF8(line[:maxLog], "")
		s.client.failed(fmt.Errorf("pion: a log line was cut at %d bytes", maxLog))
	}
	s.add(&rtc.Record{Kind: rtc.KindLog, Name: []byte(level), Payload: text(line)})
}

// Feedback keeps a user's rating with the call.
func (s *Session) Feedback(f Feedback) {
	s.add(&rtc.Record{Kind: rtc.KindFeedback, Name: []byte(rtc.NameFeedback), Payload: text(f)})
}

// MapSSRC says which user a received stream comes from; label is what it shows
// ("camera", "screen"), "" where that is not said.
func (s *Session) MapSSRC(ssrc webrtc.SSRC, user, label string) {
	s.Event(rtc.NameMapStream, struct {
		SSRC  uint32 `json:"ssrc"`
		User  string `json:"user"`
		Label string `json:"label,omitempty"`
	}{uint32(ssrc), user, label})
}

// Mute tells that the user muted or unmuted: kind is "audio", "video" or
// "screen".
func (s *Session) Mute(kind string, on bool) {
	name := rtc.NameUnmute
	if on {
		name = rtc.NameMute
	}
	s.Event(name, map[string]string{"kind": kind})
}

func (s *Session) nextCorr() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.corr++
	return strconv.AppendUint(nil, s.corr, 36)
}

// text is the JSON of a value, empty for nil and for what has none.
func text(v any) []byte {
	if v == nil {
		return nil
	}
	b, err := json.Marshal(v)
	if err != nil {
		return nil
	}
	return b
}

// randomID is a session id as the protocol wants it.
func randomID() string {
	var b [15]byte
	rand.Read(b[:]) // never fails
	return strings.ToLower(base32.HexEncoding.EncodeToString(b[:]))
}
