package pion

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// Version is what sessions say of their SDK.
const Version = "0.1.0"

// Config says where to send and as which app.
type Config struct {
	// Endpoint is the server: "https://peerglass.example".
	Endpoint string
	// Key is the app's ingest key, "pgk_…".
	Key string
	// Token returns a signed token of the app for a session, beside the key or,
	// with App, instead of it. It is asked anew when the server wants another.
	// Nil: sessions have none.
	Token func(context.Context, Identity) (string, error)
	// App is the app's id, for sessions with a token and no key.
	App uint32
	// Interval is the steady time between two polls, until the server says
	// another; 0: 5 s.
	Interval time.Duration
	// HTTP carries the batches; nil: a client of its own with a timeout of 10 s.
	HTTP *http.Client
	// OnError is told what went wrong with sending, in one sentence; nil: nobody
	// is. It is called from a goroutine of the package and must not block.
	OnError func(error)
}

// Identity says who joins where.
type Identity struct {
	Room     string
	RoomName string
	User     string
	UserName string
	Role     string
	Keys     map[string]string // anything to find the call by
}

// Feedback is a user's rating: each from 1 (bad) to 5 (excellent), 0 where it
// was not given.
type Feedback struct {
	Overall int    `json:"overall,omitempty"`
	Audio   int    `json:"audio,omitempty"`
	Video   int    `json:"video,omitempty"`
	Screen  int    `json:"screen,omitempty"`
	Comment string `json:"comment,omitempty"`
}

// Client sends the sessions of one program. It is safe for concurrent use.
type Client struct {
	config Config
	url    string

	mu       sync.Mutex
	sessions map[*Session]struct{}
	closed   bool
}

// New returns a client. It does not connect: the first session does.
func New(c Config) (*Client, error) {
	if c.Key == "" && (c.App == 0 || c.Token == nil) {
		return nil, errors.New("pion: no credentials: set Key to the app's ingest key, or App and Token")
	}
	u, err := url.Parse(c.Endpoint)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, fmt.Errorf("pion: %q is no address of a server: write it as https://peerglass.example", c.Endpoint)
	}
	if c.HTTP == nil {
		c.HTTP = &http.Client{Timeout: 10 * time.Second}
	}
	c.Interval = cmp.Or(c.Interval, 5*time.Second)
	return &Client{config: c, url: strings.TrimRight(u.String(), "/") + "/ingest/native", sessions: map[*Session]struct{}{}}, nil
}

// Join begins a session: one stay of one user in one call.
func (c *Client) Join(id Identity) *Session {
	s := newSession(c, id)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		s.stop(errClosed)
		return s
	}
	c.sessions[s] = struct{}{}
	s.start()
	return s
}

var errClosed = errors.New("pion: the client is closed")

// Close leaves every session and returns when all is stored, or when ctx ends.
func (c *Client) Close(ctx context.Context) error {
	c.mu.Lock()
	c.closed = true
	open := make([]*Session, 0, len(c.sessions))
	for s := range c.sessions {
		open = append(open, s)
	}
	c.mu.Unlock()
	var left sync.WaitGroup
	failures := make([]error, len(open))
	for i, s := range open {
		left.Go(func() { failures[i] = s.Leave(ctx) })
	}
	left.Wait()
	return errors.Join(failures...)
}

func (c *Client) forget(s *Session) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.sessions, s)
}

func (c *Client) failed(err error) {
	if c.config.OnError != nil && err != nil {
		c.config.OnError(err)
	}
}
