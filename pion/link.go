package pion

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"github.com/peerglass/peerglass/protocol/native"
	"github.com/peerglass/peerglass/rtc"
)

const (
	maxWaiting  = 1 << 20 // bytes that wait while the network is away
	maxPost     = 1 << 20 // bytes of batches in one POST
	firstRetry  = 500 * time.Millisecond
	lastRetry   = 30 * time.Second
	awayAfter   = 20 * time.Second
	aliveWithin = 20 * time.Second // the server ends a session that is silent for 60 s
	maxAnswer   = 64 << 10
)

// link carries the batches of one session by POST: each is kept until the
// server says that it is stored.
type link struct {
	session *Session
	id      string // of the session, for the server

	mu      sync.Mutex
	pending []batch
	waiting int    // bytes of pending
	seq     uint64 // of the newest batch
	sent    bool   // the server knows the session
	steady  time.Duration
	since   time.Time // the server has not answered since then; zero while it does
	token   string
	over    bool
	failure error // why it was stopped
	idle    chan struct{}

	kick chan struct{}
	done chan struct{}
}

// batch is a frame whose number can change until it is stored: a session that
// the server ended goes on under another id, with numbers from 1.
type batch struct {
	seq   uint64
	flags uint8
	time  int64
	body  []byte
}

func newLink(s *Session) *link {
	return &link{session: s, id: randomID(), steady: s.client.config.Interval, kick: make(chan struct{}, 1), done: make(chan struct{})}
}

func batchOf(frame []byte) batch {
	h, err := native.ParseHeader(frame)
	if err != nil {
		panic(err) // it was written by the encoder
	}
	return batch{flags: h.Flags, time: h.Time, body: frame[h.BodyFrom:]}
}

func (l *link) push(frame []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over {
		return
	}
	l.seq++
	b := batchOf(frame)
	b.seq = l.seq
	l.pending = append(l.pending, b)
	l.waiting += len(b.body)
	select {
	case l.kick <- struct{}{}:
	default:
	}
}

func (l *link) full() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.waiting >= maxWaiting
}

func (l *link) away() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return !l.since.IsZero() && time.Since(l.since) > awayAfter
}

func (l *link) stopped() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.over
}

func (l *link) interval() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.steady
}

// stop ends the link; what waits is dropped.
func (l *link) stop(why error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over {
		return
	}
	l.over, l.failure = true, why
	l.pending, l.waiting = nil, 0
	if l.idle != nil {
		close(l.idle)
		l.idle = nil
	}
	close(l.done)
}

// finish returns when nothing waits any more, or ctx ends.
func (l *link) finish(ctx context.Context) error {
	l.mu.Lock()
	if l.over || len(l.pending) == 0 {
		defer l.mu.Unlock()
		return l.failure
	}
	idle := make(chan struct{})
	l.idle = idle
	l.mu.Unlock()
	select {
	case <-idle:
		l.mu.Lock()
		defer l.mu.Unlock()
		return l.failure
	case <-ctx.Done():
		l.mu.Lock()
		defer l.mu.Unlock()
		return fmt.Errorf("pion: %d batches of the session were not stored: %w", len(l.pending), ctx.Err())
	}
}

// run sends what waits until the link is stopped.
func (l *link) run() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		<-l.done
		cancel()
	}()
	pause := time.Duration(0)
	alive := time.NewTimer(aliveWithin)
	defer alive.Stop()
	for {
		if pause == 0 {
			select {
			case <-l.done:
				return
			case <-l.kick:
			case <-alive.C:
			}
		} else {
			// Half of the pause is random: a thousand sessions must not come back
			// at once.
			retry := time.NewTimer(pause/2 + rand.N(pause/2+1))
			select {
			case <-l.done:
				retry.Stop()
				return
			case <-retry.C:
			}
		}
		alive.Reset(aliveWithin)
		more := true
		for more {
			var err error
			if more, err = l.post(ctx); err == nil {
				pause = 0
				continue
			}
			if ctx.Err() != nil {
				return // it was cut off because nothing waits any more
			}
			var stop *refusal
			if errors.As(err, &stop) && !stop.Retry {
				l.session.client.failed(err)
				l.session.stop(err)
				return
			}
			if pause == 0 {
				l.session.client.failed(fmt.Errorf("%w; what is measured meanwhile is kept", err))
			}
			pause = min(max(firstRetry, 2*pause), lastRetry)
			break
		}
	}
}

// refusal is the server's error.
type refusal struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	Retry   bool   `json:"retry"`
}

func (r *refusal) Error() string { return "pion: Peerglass refused the session: " + r.Message }

// answer is what a POST brings: a welcome or a refusal.
type answer struct {
	refusal
	Type     string          `json:"type"`
	Last     uint64          `json:"last"`
	Ended    bool            `json:"ended"`
	Settings native.Settings `json:"settings"`
}

// post sends the batches that wait, as many as one POST takes, and reports
// whether there are more.
func (l *link) post(ctx context.Context) (more bool, err error) {
	body, err := l.body(ctx)
	if err != nil {
		l.unanswered()
		return false, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, l.session.client.url, bytes.NewReader(body))
	if err != nil {
		return false, fmt.Errorf("pion: send to Peerglass: %w", err)
	}
	request.Header.Set("Content-Type", "text/plain")
	request.Header.Set("User-Agent", "peerglass-pion/"+Version)
	response, err := l.session.client.config.HTTP.Do(request)
	if err != nil {
		l.unanswered()
		return false, fmt.Errorf("pion: Peerglass cannot be reached: %w", err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	var a answer
	if err != nil || json.Unmarshal(text, &a) != nil || a.Type != "welcome" && a.Type != "error" {
		l.unanswered()
		return false, fmt.Errorf("pion: %s is no Peerglass, or one that is not well: it answered %s", l.session.client.config.Endpoint, response.Status)
	}
	if a.Type == "error" {
		return false, l.refused(&a.refusal)
	}
	return l.answered(&a), nil
}

// body is the hello and the batches that wait.
func (l *link) body(ctx context.Context) ([]byte, error) {
	c := &l.session.client.config
	l.mu.Lock()
	token := l.token
	l.mu.Unlock()
	if c.Token != nil && token == "" {
		var err error
		if token, err = c.Token(ctx, l.session.identity); err != nil {
			return nil, fmt.Errorf("pion: no token could be had for the session: %w", err)
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.token = token
	hello := native.Hello{Type: "hello", V: native.Version, Key: c.Key, Token: token, Session: l.id, Resume: l.sent, SDK: "peerglass/pion/" + Version}
	if c.Key == "" {
		hello.App = rtc.AppID(c.App)
	}
	body, err := json.Marshal(&hello)
	if err != nil {
		panic(err) // strings and numbers always marshal
	}
	body = append(body, '\n')
	var frame []byte
	for _, b := range l.pending {
		frame = append(native.AppendHeader(frame[:0], b.flags, b.seq, b.time), b.body...)
		if len(body)+len(frame) > maxPost && b.seq != l.pending[0].seq {
			break
		}
		body = native.AppendPost(body, frame)
	}
	return body, nil
}

func (l *link) unanswered() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.since.IsZero() {
		l.since = time.Now()
	}
}

// refused takes the server's error; nil where the session can go on at once.
func (l *link) refused(r *refusal) error {
	if r.Code == native.CodeEnded {
		l.again()
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if r.Code == "token_expired" && l.session.client.config.Token != nil && l.token != "" {
		l.token = "" // asked anew with the next POST
		r.Retry = true
	}
	return r
}

// answered takes a welcome: drops what is stored.
func (l *link) answered(a *answer) (more bool) {
	if a.Ended {
		l.drop(a.Last)
		l.again()
		return true
	}
	l.mu.Lock()
	lostByServer := l.sent && len(l.pending) > 0 && a.Last+1 < l.pending[0].seq
	l.sent, l.since = true, time.Time{}
	if a.Settings.PollMs >= 250 {
		l.steady = time.Duration(a.Settings.PollMs) * time.Millisecond
	}
	l.mu.Unlock()
	if lostByServer {
		l.again()
		return true
	}
	if a.Settings.Disabled {
		l.session.stop(errors.New("pion: the server asks for nothing"))
		return false
	}
	return l.drop(a.Last)
}

// drop forgets the batches up to last and reports whether others wait.
func (l *link) drop(last uint64) (more bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.pending) > 0 && l.pending[0].seq <= last {
		l.waiting -= len(l.pending[0].body)
		l.pending = l.pending[1:]
	}
	if len(l.pending) == 0 && l.idle != nil {
		close(l.idle)
		l.idle = nil
	}
	return len(l.pending) > 0
}

// again goes on under a new session id: the server's session is over.
func (l *link) again() {
	id := randomID()
	l.mu.Lock()
	l.id = id
	l.mu.Unlock()
	first := batchOf(l.session.renew())
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sent = false
	l.pending = append([]batch{first}, l.pending...)
	l.waiting += len(first.body)
	l.seq = 0
	for i := range l.pending {
		l.seq++
		l.pending[i].seq = l.seq
	}
}
