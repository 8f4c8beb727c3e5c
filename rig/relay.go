package rig

import (
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pion/logging"
	"github.com/pion/turn/v5"
)

// Realm and Password are what clients need besides a user name of their own
// choice: the relay is reachable from this machine only.
const (
	Realm    = "rig"
	Password = "rig"
)

// Options of a relay.
type Options struct {
	Seed     uint64 `json:"seed"` // of all chance
	Schedule []Rule `json:"schedule"`
	// UDPOff keeps the UDP port shut: only TURN over TCP is there.
	UDPOff bool `json:"udpOff"`
	// Now is the clock; nil is time.Now.
	Now func() time.Time `json:"-"`
}

// Relay is a TURN server on a loopback port of its own. Over UDP it damages by
// schedule; over TCP it counts only, for what a TCP stream does to loss is up
// to the kernel. All methods are safe for concurrent use.
type Relay struct {
	opt  Options
	now  func() time.Time
	line *line

	mu     sync.Mutex
	port   int // the same again after Shut and Open
	server *turn.Server
	start  time.Time          // of the call; zero: not yet
	users  map[string]*client // by address
	links  map[linkKey]*leg
}

type linkKey struct {
	user string
	dir  Direction
}

// leg is one direction of one user's way to the relay.
type leg struct {
	mu    sync.Mutex // an offer and its place in the line are one step
	link  *Link
	count *counter
}

// NewRelay starts a relay.
func NewRelay(opt Options) (*Relay, error) {
	for i := range opt.Schedule {
		if err := opt.Schedule[i].check(); err != nil {
			return nil, fmt.Errorf("rule %d: %w", i+1, err)
		}
	}
	r := &Relay{opt: opt, now: opt.Now, users: make(map[string]*client), links: make(map[linkKey]*leg)}
	if r.now == nil {
		r.now = time.Now
	}
	r.line = newLine(r.now)
	if err := r.Open(); err != nil {
		r.line.close()
		return nil, err
	}
	return r, nil
}

// Open opens the relay's ports again after Shut; on open ones it does nothing.
func (r *Relay) Open() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.server != nil {
		return nil
	}
	listener, err := net.Listen("tcp4", fmt.Sprintf("127.0.0.1:%d", r.port))
	if err != nil {
		return fmt.Errorf("open the relay: %w", err)
	}
	port := listener.Addr().(*net.TCPAddr).Port
	relays := &turn.RelayAddressGeneratorStatic{RelayAddress: net.IPv4(127, 0, 0, 1), Address: "127.0.0.1"}
	config := turn.ServerConfig{
		Realm: Realm,
		AuthHandler: func(a *turn.RequestAttributes) (string, []byte, bool) {
			return a.Username, turn.GenerateAuthKey(a.Username, Realm, Password), true
		},
		LoggerFactory:   quiet{},
		ListenerConfigs: []turn.ListenerConfig{{Listener: tcpLeg{listener, r}, RelayAddressGenerator: relays}},
	}
	if !r.opt.UDPOff {
		socket, err := net.ListenPacket("udp4", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			return errors.Join(fmt.Errorf("open the relay: %w", err), listener.Close())
		}
		config.PacketConnConfigs = []turn.PacketConnConfig{{PacketConn: newUDPLeg(socket, r), RelayAddressGenerator: relays}}
	}
	server, err := turn.NewServer(config)
	if err != nil {
		err = errors.Join(fmt.Errorf("open the relay: %w", err), listener.Close())
		for _, c := range config.PacketConnConfigs {
			err = errors.Join(err, c.PacketConn.Close())
		}
		return err
	}
	r.server, r.port = server, port
	return nil
}

// Shut closes the relay's ports and ends what it relays: to its clients the
// server has gone.
func (r *Relay) Shut() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.server == nil {
		return nil
	}
	err := r.server.Close()
	r.server = nil
	return err
}

// Close ends the relay.
func (r *Relay) Close() error {
	err := r.Shut()
	r.line.close()
	return err
}

// Port is that of UDP and TCP on 127.0.0.1.
func (r *Relay) Port() int { return r.port }

// Start says when the call began: what the schedule counts from. Until then
// nothing is damaged and nothing counted.
func (r *Relay) Start(at time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.start = at
}

// Counts returns what has passed so far, by user and direction.
func (r *Relay) Counts() []Counts {
	r.mu.Lock()
	legs := make([]*leg, 0, len(r.links))
	for _, l := range r.links {
		legs = append(legs, l)
	}
	r.mu.Unlock()
	out := make([]Counts, 0, len(legs))
	for _, l := range legs {
		out = append(out, l.count.snapshot())
	}
	slices.SortFunc(out, func(a, b Counts) int {
		return strings.Compare(a.User+" "+string(a.Dir), b.User+" "+string(b.Dir))
	})
	return out
}

// leg returns the leg of the user at a client address, and the client's port;
// packet, which comes from there (nil: goes there), may tell whose it is. Both
// are nil while nobody knows: before its first authenticated request a client is
// anonymous.
func (r *Relay) leg(at net.Addr, dir Direction, packet []byte) (*leg, *client) {
	r.mu.Lock()
	defer r.mu.Unlock()
	address := at.Network() + at.String()
	who := r.users[address]
	if who == nil {
		if packet == nil {
			return nil, nil
		}
		user := userOf(packet)
		if user == "" {
			return nil, nil
		}
		who = &client{user: user, port: portOf(at)}
		r.users[address] = who
	}
	key := linkKey{who.user, dir}
	l := r.links[key]
	if l == nil {
		l = &leg{link: NewLink(who.user, dir, r.opt.Schedule, r.opt.Seed), count: newCounter(who.user, dir)}
		r.links[key] = l
	}
	return l, who
}

func portOf(a net.Addr) int {
	switch a := a.(type) {
	case *net.UDPAddr:
		return a.Port
	case *net.TCPAddr:
		return a.Port
	}
	return 0
}

// since is the time since the call's start; before it, it is negative.
func (r *Relay) since(t time.Time) time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.start.IsZero() {
		return -1
	}
	return t.Sub(r.start)
}

// carry takes a packet over a leg: send is called when and if it leaves.
func (r *Relay) carry(l *leg, c *client, packet []byte, send func()) {
	if l == nil {
		send()
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	now := r.now()
	at := r.since(now)
	leaves, ok := l.link.Offer(at, len(packet))
	passage := l.count.offer(packet, c, at, ok)
	if ok {
		r.line.add(now.Add(leaves-at), func(now time.Time) {
			l.count.leave(passage, r.since(now), leaves) // before it is sent: who has it finds it counted
			send()
		})
	}
}

// count counts a packet that nothing may happen to.
func (r *Relay) count(l *leg, c *client, packet []byte) {
	if l != nil {
		at := r.since(r.now())
		l.count.leave(l.count.offer(packet, c, at, true), at, at)
	}
}

// udpLeg is the relay's socket towards its clients.
type udpLeg struct {
	net.PacketConn
	relay *Relay
	in    chan datagram
	gone  chan struct{}
	once  sync.Once
}

type datagram struct {
	data []byte
	from net.Addr
}

const (
	maxDatagram = 64 << 10
	backlog     = 4096 // datagrams that the TURN server is behind before more are lost, as in a socket's buffer
)

func newUDPLeg(socket net.PacketConn, r *Relay) *udpLeg {
	u := &udpLeg{PacketConn: socket, relay: r, in: make(chan datagram, backlog), gone: make(chan struct{})}
	go u.pump()
	return u
}

// pump takes what clients send over their legs.
func (u *udpLeg) pump() {
	buffer := make([]byte, maxDatagram)
	for {
		n, from, err := u.PacketConn.ReadFrom(buffer)
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return
			}
			continue // a client that is gone answers by ICMP
		}
		d := datagram{slices.Clone(buffer[:n]), from}
		l, c := u.relay.leg(from, Up, d.data)
		u.relay.carry(l, c, d.data, func() {
			select {
			case u.in <- d:
			case <-u.gone:
			default:
			}
		})
	}
}

// ReadFrom gives the TURN server what came through.
func (u *udpLeg) ReadFrom(p []byte) (int, net.Addr, error) {
	select {
	case d := <-u.in:
		return copy(p, d.data), d.from, nil
	case <-u.gone:
		return 0, nil, net.ErrClosed
	}
}

// WriteTo takes what the TURN server sends over the client's leg.
func (u *udpLeg) WriteTo(p []byte, to net.Addr) (int, error) {
	data := slices.Clone(p)
	l, c := u.relay.leg(to, Down, nil)
	u.relay.carry(l, c, data, func() {
		_, _ = u.PacketConn.WriteTo(data, to) // a datagram that cannot be sent is lost, as on a wire
	})
	return len(p), nil
}

// Close ends the socket and what waits for it.
func (u *udpLeg) Close() error {
	u.once.Do(func() { close(u.gone) })
	return u.PacketConn.Close()
}

// tcpLeg counts what clients send over TCP.
type tcpLeg struct {
	net.Listener
	relay *Relay
}

// Accept waits for a client.
func (t tcpLeg) Accept() (net.Conn, error) {
	c, err := t.Listener.Accept()
	if err != nil {
		return nil, err
	}
	counted := &tcpConn{Conn: c}
	see := func(dir Direction) func([]byte) {
		return func(p []byte) {
			from := p
			if dir == Down {
				from = nil
			}
			l, who := t.relay.leg(c.RemoteAddr(), dir, from)
			t.relay.count(l, who, p)
		}
	}
	counted.up.see, counted.down.see = see(Up), see(Down)
	return counted, nil
}

type tcpConn struct {
	net.Conn
	up, down frames
	mu       sync.Mutex // writers
}

// Read reads and counts.
func (c *tcpConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.up.write(p[:n])
	return n, err
}

// Write writes and counts.
func (c *tcpConn) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.down.write(p) // before it is sent: who has it finds it counted
	return c.Conn.Write(p)
}

// quiet is a logger for what a damaged call makes a TURN server complain of.
type quiet struct{}

// NewLogger returns a logger that says nothing.
func (quiet) NewLogger(string) logging.LeveledLogger {
	return logging.NewDefaultLeveledLoggerForScope("", logging.LogLevelDisabled, io.Discard)
}
