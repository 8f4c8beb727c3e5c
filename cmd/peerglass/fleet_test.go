package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lxzan/gws"

	"github.com/peerglass/peerglass/dump"
	"github.com/peerglass/peerglass/protocol/native"
	"github.com/peerglass/peerglass/rtc"
)

// stay is one session as a client keeps it: every frame until it is
// acknowledged, to be sent again after a lost connection. frames[i] has the
// sequence number i+1.
type stay struct {
	fleet  *fleet
	native bool
	id     string // the client's own id; the room has the same name
	frames [][]byte
	at     []time.Time // when each frame is made: none is sent before
	acked  atomic.Int64
	life   int64                  // the program's, in which the client left
	last   atomic.Pointer[string] // how its last connection ended
}

// fleet is a number of clients, and what they count together.
type fleet struct {
	p       *program
	written atomic.Int64 // frames sent, again and again
	acks    atomic.Int64 // acknowledgements that said something new
	lost    atomic.Int64 // connections lost
	refused atomic.Int64 // connections closed with a code
	life    atomic.Int64 // how often the program was started
	up      atomic.Pointer[chan struct{}]
}

func newFleet(p *program) *fleet {
	f := &fleet{p: p}
	f.fell()
	f.raise()
	return f
}

// raise says that the program is up, fell that it is not: clients that dial a
// dead port of this machine again and again may end up talking to themselves.
func (f *fleet) raise() {
	f.life.Add(1)
	close(*f.up.Load())
}

func (f *fleet) fell() {
	c := make(chan struct{})
	f.up.Store(&c)
}

// line is one connection of a stay.
type line struct {
	stay   *stay
	socket *gws.Conn
	told   chan struct{} // something was acknowledged, or greeted
	greets chan struct{} // closed by the greeting
	first  int64         // the greeting's number; set before greets
	once   sync.Once
	closed chan struct{}
	code   uint16 // set before closed: the server's close code, 0 for none
	reason string
	words  []string // what the server said beside acknowledgements; set before closed
}

func (l *line) OnOpen(*gws.Conn)                  {}
func (l *line) OnPing(socket *gws.Conn, p []byte) { _ = socket.WritePong(p) }
func (l *line) OnPong(*gws.Conn, []byte)          {}
func (l *line) OnClose(_ *gws.Conn, err error) {
	var closed *gws.CloseError
	if errors.As(err, &closed) {
		l.code, l.reason = closed.Code, string(closed.Reason)
	}
	close(l.closed)
}

func (l *line) OnMessage(_ *gws.Conn, m *gws.Message) {
	defer func() { _ = m.Close() }()
	var said struct {
		Type      string
		Body      struct{ Value int64 }
		Last, Seq int64
	}
	if err := json.Unmarshal(m.Bytes(), &said); err != nil {
		l.words = append(l.words, m.Data.String())
		return
	}
	switch said.Type {
	case "sn", "welcome", "ack":
		upTo := max(said.Body.Value, said.Last, said.Seq)
		for {
			had := l.stay.acked.Load()
			if upTo <= had {
				break
			}
			if l.stay.acked.CompareAndSwap(had, upTo) {
				l.stay.fleet.acks.Add(1)
				break
			}
		}
		l.once.Do(func() { l.first = upTo; close(l.greets) })
		select {
		case l.told <- struct{}{}:
		default:
		}
	default:
		l.words = append(l.words, m.Data.String())
	}
}

type silent struct{}

func (silent) Error(...any) {}

// dial opens a connection and waits for the server's greeting; nil when either
// fails.
func (s *stay) dial(ctx context.Context, again bool) *line {
	select {
	case <-*s.fleet.up.Load():
	case <-ctx.Done():
		return nil
	}
	l := &line{stay: s, told: make(chan struct{}, 1), greets: make(chan struct{}), closed: make(chan struct{})}
	path, subprotocol := "/ingest/native", native.Subprotocol
	if !s.native {
		path = fmt.Sprintf("/ingest/jitsi/%s/%s?statsSessionId=%s&isReconnect=%t", s.fleet.p.ingestKey, s.id, s.id, again)
		subprotocol = "3.1_STANDARD"
	}
	var err error
	l.socket, _, err = gws.NewClient(l, &gws.ClientOption{
		Addr: "ws" + strings.TrimPrefix(s.fleet.p.url, "http") + path, Logger: silent{},
		RequestHeader: http.Header{"Sec-WebSocket-Protocol": {subprotocol}},
	})
	if err != nil {
		return nil
	}
	go l.socket.ReadLoop()
	if s.native {
		hello := fmt.Sprintf(`{"type":"hello","v":1,"key":%q,"session":%q,"resume":%t}`, s.fleet.p.ingestKey, s.id, again)
		if l.socket.WriteString(hello) != nil {
			l.hangUp()
			return nil
		}
	}
	select {
	case <-l.greets:
		return l
	case <-l.closed:
		s.fleet.count(l)
	case <-ctx.Done():
		l.hangUp()
	}
	return nil
}

func (l *line) hangUp() { _ = l.socket.NetConn().Close() }

func (f *fleet) count(l *line) {
	end := fmt.Sprintf("%d %s %q", l.code, l.reason, l.words)
	l.stay.last.Store(&end)
	if l.code != 0 && l.code != 1006 {
		f.refused.Add(1)
	} else {
		f.lost.Add(1)
	}
}

// run sends the stay until everything is acknowledged, over as many
// connections as it takes, and leaves. shut, which may be nil, is told of
// every connection that the server closed.
func (s *stay) run(ctx context.Context, shut func(*line)) {
	opcode := gws.OpcodeText
	if s.native {
		opcode = gws.OpcodeBinary
	}
	for again := false; ctx.Err() == nil; again = true {
		l := s.dial(ctx, again)
		if l == nil {
			pausing(ctx, 20*time.Millisecond)
			continue
		}
		if had := s.acked.Load(); l.first < had {
			s.fleet.p.Errorf("%s: the server greets with %d, acknowledged were %d", s.id, l.first, had)
		}
		open := true
		for next := s.acked.Load(); open && s.acked.Load() < int64(len(s.frames)); {
			due := l.told
			var timer *time.Timer
			var now <-chan time.Time
			if next < int64(len(s.frames)) {
				timer = time.NewTimer(time.Until(s.at[next]))
				now = timer.C
			}
			select {
			case <-now:
				if open = l.socket.WriteMessage(opcode, s.frames[next]) == nil; open {
					s.fleet.written.Add(1)
					next++
				}
			case <-due:
			case <-l.closed:
				open = false
			case <-ctx.Done():
				open = false
			}
			if timer != nil {
				timer.Stop()
			}
		}
		if s.acked.Load() < int64(len(s.frames)) {
			l.hangUp()
			<-l.closed
			s.fleet.count(l)
			if shut != nil {
				shut(l)
			}
			pausing(ctx, 20*time.Millisecond)
			continue
		}
		s.leave(l)
		return
	}
}

// leave says goodbye as the protocol has it; a native stay has said it in its
// last batch.
func (s *stay) leave(l *line) {
	s.life = s.fleet.life.Load()
	code := uint16(3001)
	if s.native {
		code = 1000
	}
	_ = l.socket.WriteClose(code, []byte("left"))
	l.hangUp()
}

// leaveAgain is for a stay that left a program which was killed then: the
// goodbye may never have been heard.
func (s *stay) leaveAgain(ctx context.Context) {
	for s.life != s.fleet.life.Load() && !s.native && ctx.Err() == nil {
		if l := s.dial(ctx, true); l != nil {
			s.leave(l)
		}
	}
}

// The frames of a stay are a recording's, moved to its own time: one each
// frameStep. Polls closer together than 50 ms give no sample.
const frameStep = 60 * time.Millisecond

var stamps = regexp.MustCompile(`\b1[5-9]\d{11}\b`)

// confName is the room in an identity.
var confName = regexp.MustCompile(`"confName":"[^"]*"`)

// jitsi makes a stay of a Jitsi client out of a recorded dump.
func (f *fleet) jitsi(t *testing.T, path, id string) *stay {
	s := &stay{fleet: f, id: id}
	for _, frame := range jitsiFrames(t, path, id) {
		s.frames = append(s.frames, confName.ReplaceAll([]byte(frame), []byte(`"confName":"`+id+`"`)))
	}
	s.date()
	for i := range s.frames {
		// Everything that the frame dates stands as far from its own time as it did.
		var at int64
		if all := stamps.FindAll(s.frames[i], -1); all != nil {
			at, _ = strconv.ParseInt(string(all[len(all)-1]), 10, 64)
		}
		shift := s.at[i].UnixMilli() - at
		s.frames[i] = stamps.ReplaceAllFunc(s.frames[i], func(digits []byte) []byte {
			n, _ := strconv.ParseInt(string(digits), 10, 64)
			return strconv.AppendInt(nil, n+shift, 10)
		})
	}
	return s
}

// date makes the times of the frames, which begin now.
func (s *stay) date() {
	begin := time.Now()
	for i := range s.frames {
		s.at = append(s.at, begin.Add(time.Duration(i)*frameStep))
	}
}

// native makes a stay of a native client, of one record a batch, out of a
// recorded Jitsi dump.
func (f *fleet) nativeStay(t *testing.T, path, id string) *stay {
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	source, err := dump.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	e := &batches{encoder: native.NewEncoder(), begin: time.Now()}
	identity := fmt.Sprintf(`{"room":%q,"user":"Ada"}`, id)
	err = e.Record(&rtc.Record{Kind: rtc.KindOpen, Time: 1, Name: []byte(rtc.NameIdentity), Payload: []byte(identity)})
	err = errors.Join(err, source.Replay(e), e.Record(&rtc.Record{Kind: rtc.KindClose, Time: 1, Payload: []byte(`{"reason":"leave"}`)}))
	if err != nil {
		t.Fatal(err)
	}
	return &stay{fleet: f, native: true, id: id, frames: e.frames, at: e.at}
}

// batches is a sink that makes a batch of each record.
type batches struct {
	encoder *native.Encoder
	begin   time.Time
	frames  [][]byte
	at      []time.Time
}

func (b *batches) Record(r *rtc.Record) error {
	if r.Kind == rtc.KindOpen && len(b.frames) > 0 {
		return nil // who it was is said already
	}
	at := b.begin.Add(time.Duration(len(b.frames)) * frameStep)
	moved := *r
	moved.Time = at.UnixMilli()
	if r.Stats != nil {
		stats := *r.Stats
		shift := float64(moved.Time - r.Time)
		if stats.Time != 0 {
			stats.Time += shift
		}
		stats.Reports = slices.Clone(stats.Reports)
		for i := range stats.Reports {
			if t := &stats.Reports[i].Time; *t != 0 {
				*t += shift
			}
		}
		moved.Stats = &stats
	}
	if err := b.encoder.Add(&moved); err != nil {
		return err
	}
	b.frames = append(b.frames, b.encoder.Close(nil, moved.Time))
	b.at = append(b.at, at)
	return nil
}

// pausing waits between two looks at what another process does.
func pausing(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// enginePID finds the engine among the program's children; 0 while there is none.
func (p *program) enginePID() int {
	all, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		p.Fatal(err)
	}
	for _, path := range all {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended
		}
		// pid (name) state parent …; the name may hold anything but is the last in brackets.
		fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
		if len(fields) < 2 || fields[1] != strconv.Itoa(p.cmd.Process.Pid) || fields[0] == "Z" {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		if err == nil {
			return pid
		}
	}
	return 0
}

// stays are the two kinds of client that the tests run, and their controls.
type stays struct {
	fleet    *fleet
	t        *testing.T
	jitsi    string // recordings
	native   string
	controls [2]account
}

func newStays(t *testing.T, f *fleet) *stays {
	const folder = "jitsi__rtcstats-server/src/test/dumps/"
	return &stays{fleet: f, t: t, jitsi: recording(t, folder+"safari-relay"), native: recording(t, folder+"chrome-relay")}
}

// make makes a stay of one kind or the other.
func (s *stays) make(kind int, id string) *stay {
	if kind == 0 {
		return s.fleet.jitsi(s.t, s.jitsi, id)
	}
	return s.fleet.nativeStay(s.t, s.native, id)
}

// control runs one stay of each kind that nothing disturbs, and keeps what the
// store has of it.
func (s *stays) control() {
	s.t.Helper()
	var undisturbed [2]*stay
	var clients sync.WaitGroup
	for kind := range undisturbed {
		undisturbed[kind] = s.make(kind, fmt.Sprintf("control-%d", kind))
		clients.Go(func() { undisturbed[kind].run(s.t.Context(), nil) })
	}
	clients.Wait()
	for kind, one := range undisturbed {
		var before account
		var missing error
		for deadline := time.Now().Add(90 * time.Second); ; {
			a, path, err := one.account()
			if missing = err; err == nil {
				if before != nil && a.differs(before) == "" {
					s.controls[kind], missing = a, one.whole(path)
					break
				}
				before, missing = a, errors.New("its rows still change")
			}
			if time.Now().After(deadline) {
				break
			}
			pausing(s.t.Context(), 1200*time.Millisecond) // a row waits half a second at most
		}
		if missing != nil {
			s.t.Fatalf("the control is not in the store: %v", missing)
		}
		a := s.controls[kind]
		s.t.Logf("control %d: %d frames, %d connections, %d streams, %d samples, %d events", kind, len(one.frames), len(a["connection"]), len(a["stream"]), a.points(), len(a["event"]))
		if len(a["stream"]) == 0 || a.points() == 0 || len(a["event"]) == 0 {
			s.t.Fatal("a control that has nothing proves nothing")
		}
	}
}

// crowd is a number of clients that send one stay after the other.
type crowd struct {
	*stays
	ctx     context.Context
	cancel  context.CancelFunc
	over    atomic.Bool
	running sync.WaitGroup
	mu      sync.Mutex
	all     []*stay
	kinds   map[*stay]int
}

// crowd starts clients; shut, which may be nil, is told of every connection
// that they lose.
func (s *stays) crowd(clients int, shut func(*line)) *crowd {
	c := &crowd{stays: s, kinds: map[*stay]int{}}
	c.ctx, c.cancel = context.WithTimeout(s.t.Context(), 8*time.Minute)
	for n := range clients {
		c.running.Go(func() {
			for round := 0; !c.over.Load() && c.ctx.Err() == nil; round++ {
				one := s.make(n%2, fmt.Sprintf("client-%d-round-%d", n, round))
				c.mu.Lock()
				c.all = append(c.all, one)
				c.kinds[one] = n % 2
				c.mu.Unlock()
				one.run(c.ctx, shut)
			}
		})
	}
	return c
}

// finish lets every client come to the end of its stay and returns how many
// frames they sent.
func (c *crowd) finish() (frames int) {
	c.t.Helper()
	c.over.Store(true)
	c.running.Wait()
	for _, s := range c.all {
		frames += len(s.frames)
		if had := s.acked.Load(); had < int64(len(s.frames)) {
			end := "none was lost"
			if last := s.last.Load(); last != nil {
				end = *last
			}
			c.t.Errorf("%s has %d of %d acknowledged; how its last connection ended: %s", s.id, had, len(s.frames), end)
			continue
		}
		s.leaveAgain(c.ctx)
	}
	if c.t.Failed() {
		c.t.FailNow()
	}
	return frames
}

// equal compares each stay with the control of its kind.
func (c *crowd) equal() {
	c.t.Helper()
	for _, s := range c.all {
		s.equal(c.controls[c.kinds[s]])
	}
}

// end is for a test that failed.
func (c *crowd) end() {
	c.cancel()
	c.running.Wait()
}
