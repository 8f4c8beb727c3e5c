package demo

import (
	"encoding/json"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/lxzan/gws"
)

// What the demo's signalling takes. It is reachable by anyone who reaches the
// server, so everything about it is bounded.
const (
	maxRooms    = 200
	maxPeers    = 2
	maxMessage  = 64 << 10 // a description of a call with two streams has some 6 KB
	maxName     = 64
	maxMessages = 2000 // of one peer: a call needs some 50
	silence     = 2 * time.Minute
)

// rooms are who is in which room now.
type rooms struct {
	gws.BuiltinEventHandler
	upgrader *gws.Upgrader
	mu       sync.Mutex
	byName   map[string][]*peer
}

// peer is one tab.
type peer struct {
	socket *gws.Conn
	room   string
	user   string
	sent   int
}

func newRooms() *rooms {
	r := &rooms{byName: make(map[string][]*peer)}
	r.upgrader = gws.NewUpgrader(r, &gws.ServerOption{ReadMaxPayloadSize: maxMessage, CheckUtf8Enabled: true})
	return r
}

// notice is what the server says by itself; all else is passed on as it came.
type notice struct {
	Type   string `json:"type"`             // welcome, joined, left
	Polite bool   `json:"polite,omitempty"` // welcome: who came later gives way when both offer at once
	User   string `json:"user,omitempty"`   // of the other side
}

func (rs *rooms) serve(w http.ResponseWriter, r *http.Request) {
	// A page elsewhere must not use a visitor's browser to fill the rooms.
	if origin, err := url.Parse(r.Header.Get("Origin")); err != nil || origin.Host != "" && origin.Host != r.Host {
		http.Error(w, "the demo's signalling answers the demo's own page only", http.StatusForbidden)
		return
	}
	q := r.URL.Query()
	p := &peer{room: q.Get("room"), user: q.Get("user")}
	if p.room == "" || len(p.room) > maxName || p.user == "" || len(p.user) > maxName {
		http.Error(w, "room and user must have 1 to 64 characters", http.StatusBadRequest)
		return
	}
	socket, err := rs.upgrader.Upgrade(w, r)
	if err != nil {
		return // gws has answered
	}
	p.socket = socket
	socket.Session().Store("peer", p)
	go socket.ReadLoop()
}

func peerOf(socket *gws.Conn) *peer {
	v, _ := socket.Session().Load("peer")
	p, _ := v.(*peer)
	return p
}

// OnOpen implements gws.Event: the tab enters its room.
func (rs *rooms) OnOpen(socket *gws.Conn) {
	p := peerOf(socket)
	rs.mu.Lock()
	others := rs.byName[p.room]
	full, crowded := len(others) >= maxPeers, len(others) == 0 && len(rs.byName) >= maxRooms
	if !full && !crowded {
		rs.byName[p.room] = append(others[:len(others):len(others)], p)
	}
	rs.mu.Unlock()
	switch {
	case full:
		_ = socket.WriteClose(4001, []byte("this room has two people already: choose another name"))
		return
	case crowded:
		_ = socket.WriteClose(4002, []byte("all rooms of the demo are taken: try again later"))
		return
	}
	_ = socket.SetReadDeadline(time.Now().Add(silence))
	welcome := notice{Type: "welcome", Polite: len(others) > 0}
	if len(others) > 0 {
		welcome.User = others[0].user
	}
	p.say(welcome)
	for _, other := range others {
		other.say(notice{Type: "joined", User: p.user})
	}
}

// OnMessage implements gws.Event: what a tab says goes to the other one.
func (rs *rooms) OnMessage(socket *gws.Conn, m *gws.Message) {
	defer m.Close()
	p := peerOf(socket)
	_ = socket.SetReadDeadline(time.Now().Add(silence))
	if p.sent++; p.sent > maxMessages {
		_ = socket.WriteClose(4003, []byte("too many messages: load the page again"))
		return
	}
	if m.Opcode != gws.OpcodeText || !json.Valid(m.Bytes()) || string(m.Bytes()) == `"ping"` {
		return
	}
	for _, other := range rs.others(p) {
		_ = other.socket.WriteMessage(gws.OpcodeText, m.Bytes())
	}
}

// OnClose implements gws.Event: the tab leaves its room.
func (rs *rooms) OnClose(socket *gws.Conn, _ error) {
	p := peerOf(socket)
	rs.mu.Lock()
	var rest []*peer
	inside := false
	for _, other := range rs.byName[p.room] {
		if other == p {
			inside = true
		} else {
			rest = append(rest, other)
		}
	}
	if inside && len(rest) == 0 {
		delete(rs.byName, p.room)
	} else if inside {
		rs.byName[p.room] = rest
	}
	rs.mu.Unlock()
	if inside {
		for _, other := range rest {
			other.say(notice{Type: "left", User: p.user})
		}
	}
}

func (rs *rooms) others(p *peer) []*peer {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	var others []*peer
	for _, other := range rs.byName[p.room] {
		if other != p {
			others = append(others, other)
		}
	}
	return others
}

func (p *peer) say(n notice) {
	text, err := json.Marshal(n)
	if err != nil {
		panic(err) // strings always marshal
	}
	// Not in this goroutine: a tab that does not read must hold up no other.
	p.socket.WriteAsync(gws.OpcodeText, text, nil)
}
