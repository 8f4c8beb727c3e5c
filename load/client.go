package load

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lxzan/gws"

	"github.com/peerglass/peerglass/protocol/jitsi"
	"github.com/peerglass/peerglass/protocol/native"
	"github.com/peerglass/peerglass/protocol/rtcstats"
	"github.com/peerglass/peerglass/rtc"
)

const sessionIDLength = 36

// newSession returns a random UUID.
func newSession() string {
	var b [16]byte
	_, _ = rand.Read(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	h := hex.EncodeToString(b[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// link is one connection of a client.
type link struct {
	run    *run
	socket *gws.Conn
	ready  chan struct{} // closed when the client may send
	once   sync.Once
	closed chan struct{}
	err    atomic.Pointer[string]

	mu      sync.Mutex
	pending []pending // sent and not acknowledged, in order
	room    chan struct{}
}

type pending struct {
	seq uint64
	due time.Time
}

func (l *link) OnOpen(*gws.Conn)                  {}
func (l *link) OnPing(socket *gws.Conn, p []byte) { _ = socket.WritePong(p) }
func (l *link) OnPong(*gws.Conn, []byte)          {}

func (l *link) OnClose(_ *gws.Conn, err error) {
	text := err.Error()
	l.err.Store(&text)
	close(l.closed)
}

// OnMessage takes what the server says: that sending may begin, and up to
// where it has everything.
func (l *link) OnMessage(_ *gws.Conn, m *gws.Message) {
	defer m.Close()
	var message struct {
		Type string
		Body struct {
			Value uint64
		}
		Seq uint64
	}
	if err := json.Unmarshal(m.Bytes(), &message); err != nil {
		l.run.fault(fmt.Errorf("the server sent what is not JSON: %w", err))
		return
	}
	switch message.Type {
	case "welcome":
		l.once.Do(func() { close(l.ready) })
	case "sn":
		l.once.Do(func() { close(l.ready) })
		l.acknowledged(message.Body.Value)
	case "ack":
		l.acknowledged(message.Seq)
	}
}

func (l *link) acknowledged(seq uint64) {
	now := time.Now()
	l.mu.Lock()
	n := 0
	for n < len(l.pending) && l.pending[n].seq <= seq {
		l.run.delays.add(now.Sub(l.pending[n].due))
		n++
	}
	l.pending = append(l.pending[:0], l.pending[n:]...)
	l.mu.Unlock()
	l.run.acked.Add(uint64(n))
	select {
	case l.room <- struct{}{}:
	default:
	}
}

func (l *link) waiting() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.pending)
}

// dial opens a client's connection.
func (r *run) dial(path, subprotocol string) (*link, error) {
	l := &link{run: r, ready: make(chan struct{}), closed: make(chan struct{}), room: make(chan struct{}, 1)}
	socket, response, err := gws.NewClient(l, &gws.ClientOption{
		Addr: "ws://" + r.base.Host + path, RequestHeader: http.Header{"Sec-WebSocket-Protocol": {subprotocol}},
		Logger: silent{}, HandshakeTimeout: 30 * time.Second,
	})
	if err != nil {
		switch {
		case response == nil:
		case response.StatusCode == http.StatusUnauthorized || response.StatusCode == http.StatusForbidden:
			err = fmt.Errorf("the server refuses the ingest key (%s): take one of an enabled app, from its page in the console", response.Status)
		default:
			err = fmt.Errorf("%w (%s)", err, response.Status)
		}
		return nil, fmt.Errorf("connect: %w", err)
	}
	l.socket = socket
	go socket.ReadLoop()
	return l, nil
}

type silent struct{}

func (silent) Error(...any) {}

// pace says when a client's frames are due.
type pace struct {
	next time.Time
	step time.Duration // 0: as fast as possible
}

// client is one client: session after session until ctx ends.
func (r *run) client(ctx context.Context, number int, dial chan struct{}) {
	p := pace{next: time.Now()}
	if r.Rate > 0 {
		p.step = time.Duration(float64(r.Clients) / r.Rate * float64(time.Second))
		p.next = p.next.Add(time.Duration(float64(p.step) * float64(number) / float64(r.Clients)))
	}
	room := fmt.Sprintf("%s-%d", r.Room, number/2)
	for ctx.Err() == nil {
		select {
		case dial <- struct{}{}:
		case <-ctx.Done():
			return
		}
		err := r.session(ctx, &p, room, fmt.Sprintf("user-%d", number), func() { <-dial })
		if err != nil && !errors.Is(err, ctx.Err()) {
			r.fault(err)
			select { // not a flood of connections to a server that refuses them
			case <-time.After(time.Second):
			case <-ctx.Done():
			}
		}
	}
}

// session is one session of a client; dialled is called when it is connected.
func (r *run) session(ctx context.Context, p *pace, room, user string, dialled func()) error {
	id := newSession()
	var l *link
	var err error
	switch r.Protocol {
	case "jitsi":
		l, err = r.dial(fmt.Sprintf("/ingest/jitsi/%s/%s?statsSessionId=%s&isReconnect=false", r.Key, room, id), "3.1_STANDARD")
	case "rtcstats":
		l, err = r.dial(fmt.Sprintf("/ingest/rtcstats/%s/%s", r.Key, room), rtcstats.Subprotocol)
	case "native":
		l, err = r.dial("/ingest/native", native.Subprotocol)
	}
	dialled()
	if err != nil {
		return err
	}
	r.connected.Add(1)
	r.sessions.Add(1)
	defer func() {
		r.connected.Add(-1)
		code := uint16(1000)
		if r.Protocol == "jitsi" {
			code = jitsi.CloseLeave
		}
		_ = l.socket.WriteClose(code, nil)
	}()
	s := &sender{run: r, link: l, pace: p, id: id, room: room, user: user}
	if err := s.greet(ctx); err != nil {
		return err
	}
	err = s.replay(ctx)
	if errors.Is(err, errLost) {
		return err
	}
	return s.drain(ctx)
}

// replay sends the session until its end or that of ctx.
func (s *sender) replay(ctx context.Context) error {
	for ; s.again < s.run.Repeat; s.again++ {
		for i := range s.run.recording.frames {
			if err := s.send(ctx, i); err != nil {
				return err
			}
		}
	}
	return nil
}

// sender sends the frames of one session.
type sender struct {
	run            *run
	link           *link
	pace           *pace
	id, room, user string
	seq            uint64
	again          int
	last           int64 // Unix ms of the frame before
	buffer         []byte
}

var errLost = errors.New("the server closed the connection")

func (s *sender) lost() error {
	if text := s.link.err.Load(); text != nil {
		return fmt.Errorf("%w: %s", errLost, *text)
	}
	return errLost
}

// greet does what the protocol begins with.
func (s *sender) greet(ctx context.Context) error {
	if s.run.Protocol == "rtcstats" {
		return nil
	}
	if s.run.Protocol == "native" {
		hello, err := json.Marshal(native.Hello{Type: "hello", V: native.Version, Key: s.run.Key, Session: s.id, SDK: "peerglass-load"})
		if err != nil {
			return err
		}
		if err := s.link.socket.WriteMessage(gws.OpcodeText, hello); err != nil {
			return s.lost()
		}
	}
	select {
	case <-s.link.ready:
		return nil
	case <-s.link.closed:
		return s.lost()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// send sends the i-th frame when it is due.
func (s *sender) send(ctx context.Context, i int) error {
	due, err := s.wait(ctx)
	if err != nil {
		return err
	}
	f := &s.run.recording.frames[i]
	now := time.Now().UnixMilli()
	opcode, records := gws.OpcodeText, f.records
	switch s.run.Protocol {
	case "jitsi":
		s.seq++
		s.buffer = s.jitsi(s.buffer[:0], f, i, now)
	case "rtcstats":
		s.buffer = s.rtcstats(s.buffer[:0], f, i, now)
	case "native":
		opcode = gws.OpcodeBinary
		if s.seq == 0 {
			if err := s.open(now, due); err != nil {
				return err
			}
		}
		s.seq++
		s.buffer = native.AppendHeader(s.buffer[:0], f.flags, s.seq, now)
		s.buffer = append(s.buffer, f.data...)
	}
	s.last = now
	return s.write(opcode, s.buffer, records, due)
}

func (s *sender) write(opcode gws.Opcode, data []byte, records int, due time.Time) error {
	if s.run.Protocol != "rtcstats" {
		s.link.mu.Lock()
		s.link.pending = append(s.link.pending, pending{s.seq, due})
		s.link.mu.Unlock()
	}
	if err := s.link.socket.WriteMessage(opcode, data); err != nil {
		return s.lost()
	}
	s.run.frames.Add(1)
	s.run.records.Add(uint64(records))
	s.run.bytes.Add(uint64(len(data)))
	return nil
}

// jitsi appends the frame as this session tells it at now.
func (s *sender) jitsi(dst []byte, f *frame, i int, now int64) []byte {
	dst = f.appendShifted(dst, now-f.at, s.id)
	dst = strconv.AppendUint(dst, s.seq, 10)
	dst = append(dst, f.end...)
	if i == 0 && s.again == 0 {
		// The identity names room and user.
		dst = bytes.Replace(dst, []byte(`"confName":"recorded"`), fmt.Appendf(nil, `"confName":%q`, s.room), 1)
		dst = bytes.Replace(dst, []byte(`"displayName":"alice"`), fmt.Appendf(nil, `"displayName":%q`, s.user), 1)
	}
	return dst
}

// rtcstats appends the frame; its time is absolute in the first of the session
// and the distance to the one before in the others.
func (s *sender) rtcstats(dst []byte, f *frame, i int, now int64) []byte {
	dst = f.appendShifted(dst, now-f.at, "")
	if i == 0 && s.again == 0 {
		dst = strconv.AppendInt(dst, now, 10)
	} else {
		dst = strconv.AppendInt(dst, now-s.last, 10)
	}
	return append(dst, f.end...)
}

// open sends the first batch of a native session: who and where.
func (s *sender) open(now int64, due time.Time) error {
	identity := s.run.recording.open
	identity.Room, identity.User, identity.ClientSession = s.room, s.user, s.id
	payload, err := json.Marshal(&identity)
	if err != nil {
		return err
	}
	encoder := native.NewEncoder()
	if err := encoder.Add(&rtc.Record{Kind: rtc.KindOpen, Time: now, Name: []byte(rtc.NameIdentity), Payload: payload}); err != nil {
		return err
	}
	s.seq = 1
	return s.write(gws.OpcodeBinary, encoder.Close(nil, now), 1, due)
}

// wait returns when the next frame is due, and when that was meant to be.
func (s *sender) wait(ctx context.Context) (time.Time, error) {
	for s.pace.step == 0 && s.link.waiting() >= s.run.Window {
		select {
		case <-s.link.room:
		case <-s.link.closed:
			return time.Time{}, s.lost()
		case <-ctx.Done():
			return time.Time{}, ctx.Err()
		}
	}
	select {
	case <-s.link.closed:
		return time.Time{}, s.lost()
	case <-ctx.Done():
		return time.Time{}, ctx.Err()
	default:
	}
	if s.pace.step == 0 {
		return time.Now(), nil
	}
	due := s.pace.next
	s.pace.next = due.Add(s.pace.step)
	if ahead := time.Until(due); ahead > 0 {
		t := time.NewTimer(ahead)
		defer t.Stop()
		select {
		case <-t.C:
		case <-s.link.closed:
			return due, s.lost()
		case <-ctx.Done():
			return due, ctx.Err()
		}
	}
	return due, nil
}

// drainFor is how long a client waits for its last acknowledgements.
const drainFor = 20 * time.Second

// drain waits until everything sent is acknowledged, beyond the end of ctx.
func (s *sender) drain(ctx context.Context) error {
	if s.run.Protocol == "rtcstats" {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainFor)
	defer cancel()
	for s.link.waiting() > 0 {
		select {
		case <-s.link.room:
		case <-s.link.closed:
			return s.lost()
		case <-ctx.Done():
			return fmt.Errorf("%d frames were never acknowledged", s.link.waiting())
		}
	}
	return nil
}

// idle opens the connections, lets them rest, and keeps them until measured.
func (r *run) idle(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, r.Duration)
	defer cancel()
	dial := make(chan struct{}, dialAtOnce)
	var dials sync.WaitGroup
	for i := range r.Clients {
		dials.Go(func() {
			dial <- struct{}{}
			defer func() { <-dial }()
			if ctx.Err() != nil {
				return
			}
			if err := r.rest(ctx, i); err != nil {
				r.fault(err)
				return
			}
			r.connected.Add(1)
		})
	}
	dials.Wait()
	if r.connected.Load() == 0 && r.errors.Load() > 0 {
		return fmt.Errorf("no client could connect: %s", *r.first.Load())
	}
	r.watch(ctx)
	return nil
}

// rest opens one connection that says no more than its protocol demands; it
// lasts as long as the program.
func (r *run) rest(ctx context.Context, number int) error {
	room := fmt.Sprintf("%s-%d", r.Room, number/2)
	id := newSession()
	path, subprotocol := fmt.Sprintf("/ingest/jitsi/%s/%s?statsSessionId=%s&isReconnect=false", r.Key, room, id), "3.1_STANDARD"
	switch r.Protocol {
	case "rtcstats":
		path, subprotocol = fmt.Sprintf("/ingest/rtcstats/%s/%s", r.Key, room), rtcstats.Subprotocol
	case "native":
		path, subprotocol = "/ingest/native", native.Subprotocol
	}
	l, err := r.dial(path, subprotocol)
	if err != nil {
		return err
	}
	s := &sender{run: r, link: l, id: id, room: room}
	return s.greet(ctx)
}
