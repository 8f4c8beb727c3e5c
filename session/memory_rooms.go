package session

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"github.com/peerglass/peerglass/rtc"
)

// Silence is how long a call outlives its last leave: who comes back within it
// is still in the same call.
const Silence = 30 * time.Second

// MemoryRooms is Rooms of one machine. Its lock is taken when a stay begins
// or ends, never for a measurement.
type MemoryRooms struct {
	sink Sink
	rand func() uint64

	mu    sync.Mutex
	open  map[room]*call // the newest call of a room
	calls map[callKey]*call
	// Restored calls that ended before all that was to be replayed into them
	// was: they come back with their figures.
	ended map[callKey]*call
	last  int64 // the newest time that was told

	restoredAt int64 // m.last when a call was last restored
}

// replayWithin is how long after its end a restored call can be replayed into,
// in ms: longer than catching up takes.
const replayWithin = 3_600_000

type room struct {
	app  rtc.AppID
	name string
}

type callKey struct {
	app rtc.AppID
	id  rtc.CallID
}

// call is a call in progress.
type call struct {
	row     rtc.Call
	present map[rtc.SessionID]string // who is there, and as which user
	stays   map[rtc.SessionID]string // who ever was
	users   map[string]int           // stays of each named user
	left    int64                    // last leave
	seen    int64                    // last sign of life of a restored call: it is given 30 s from then
	// A restored call's row knows of stays that nobody names any more: figures
	// never fall below it.
	floor rtc.Call
}

var _ Rooms = (*MemoryRooms)(nil)

// NewRooms returns Rooms that writes calls to sink and takes the random bits
// of their ids from rand.
func NewRooms(sink Sink, rand func() uint64) *MemoryRooms {
	return &MemoryRooms{sink: sink, rand: rand, open: make(map[room]*call), calls: make(map[callKey]*call), ended: make(map[callKey]*call)}
}

// Join implements Rooms.
func (m *MemoryRooms) Join(s Stay) rtc.CallID {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.last = max(m.last, s.At)
	c := m.callFor(s)
	if _, again := c.stays[s.Session]; !again {
		c.add(s.Session, s.User)
	}
	c.present[s.Session] = s.User
	c.row.Start = earlier(c.row.Start, milli(s.At))
	if s.RoomName != "" {
		c.row.RoomName = s.RoomName
	}
	m.write(c, s.At)
	return c.row.ID
}

// callFor returns the call that a stay joins, a new one if need be.
func (m *MemoryRooms) callFor(s Stay) *call {
	if s.Call != 0 {
		key := callKey{s.App, s.Call}
		if c := m.calls[key]; c != nil {
			return c
		}
		if c := m.ended[key]; c != nil {
			delete(m.ended, key)
			c.row.End = time.Time{}
			m.know(c)
			return c
		}
		return m.add(rtc.Call{App: s.App, ID: s.Call, Room: s.Room, Start: milli(s.At)})
	}
	if s.Room != "" {
		if c := m.open[room{s.App, s.Room}]; c != nil {
			silence := Silence.Milliseconds()
			// Files may be imported in any order: one from long before is of
			// another call.
			if s.At >= c.row.Start.UnixMilli()-silence && (len(c.present) > 0 || s.At <= c.silent()+silence) {
				return c
			}
			if len(c.present) == 0 {
				m.end(c)
			}
		}
	}
	id := rtc.CallID(rtc.NewID(s.At, m.rand()))
	for m.calls[callKey{s.App, id}] != nil { // two in one millisecond with the same bits
		id = rtc.CallID(rtc.NewID(s.At, m.rand()))
	}
	return m.add(rtc.Call{App: s.App, ID: id, Room: s.Room, Start: milli(s.At)})
}

// add makes a new call known.
func (m *MemoryRooms) add(row rtc.Call) *call {
	c := &call{row: row, present: make(map[rtc.SessionID]string), stays: make(map[rtc.SessionID]string), users: make(map[string]int)}
	c.left = row.Start.UnixMilli()
	m.know(c)
	return c
}

// know opens a call. A replayed one whose room meanwhile has a newer call does
// not take its place.
func (m *MemoryRooms) know(c *call) {
	m.calls[callKey{c.row.App, c.row.ID}] = c
	if c.row.Room != "" {
		key := room{c.row.App, c.row.Room}
		if o := m.open[key]; o == nil || o.row.ID < c.row.ID {
			m.open[key] = c
		}
	}
}

func (c *call) add(id rtc.SessionID, user string) {
	c.stays[id] = user
	c.users[user]++
}

// Identify implements Rooms.
func (m *MemoryRooms) Identify(s Stay) {
	m.mu.Lock()
	defer m.mu.Unlock()
	c := m.calls[callKey{s.App, s.Call}]
	if c == nil {
		return
	}
	was, known := c.stays[s.Session]
	if !known || was == s.User && (s.RoomName == "" || s.RoomName == c.row.RoomName) {
		return
	}
	if s.RoomName != "" {
		c.row.RoomName = s.RoomName
	}
	if c.users[was]--; c.users[was] == 0 {
		delete(c.users, was)
	}
	c.add(s.Session, s.User)
	if _, there := c.present[s.Session]; there {
		c.present[s.Session] = s.User
	}
	m.write(c, s.At)
}

// Leave implements Rooms.
func (m *MemoryRooms) Leave(s Stay) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.last = max(m.last, s.At)
	c := m.calls[callKey{s.App, s.Call}]
	if c == nil {
		return
	}
	if _, there := c.present[s.Session]; !there {
		return
	}
	delete(c.present, s.Session)
	c.left = max(c.left, s.At)
	if len(c.present) == 0 && c.row.Room == "" {
		m.end(c) // nobody can come back to a call that has no name
		return
	}
	m.write(c, s.At)
}

// write brings the call's figures up to date and writes its row.
func (m *MemoryRooms) write(c *call, at int64) {
	users := len(c.users)
	if n := c.users[""]; n > 0 { // anonymous ones count each
		users += n - 1
	}
	c.row.Users = max(users, c.floor.Users)
	c.row.Sessions = max(len(c.stays), c.floor.Sessions)
	c.row.Peak = max(c.row.Peak, len(c.present))
	c.row.Version = max(c.row.Version+1, uint64(max(at, 0)))
	m.sink.Call(&c.row)
}

// silent returns since when nobody has been there.
func (c *call) silent() int64 { return max(c.left, c.seen) }

// end closes the call at its last leave and forgets it. Of a restored call of
// which nothing else is known, that is its last sign of life.
func (m *MemoryRooms) end(c *call) {
	left := c.left
	if len(c.stays) == 0 {
		left = c.silent()
	}
	c.row.End = milli(left)
	m.write(c, max(c.left, m.last))
	delete(m.calls, callKey{c.row.App, c.row.ID})
	if c.floor.ID != 0 {
		m.ended[callKey{c.row.App, c.row.ID}] = c
	}
	key := room{c.row.App, c.row.Room}
	if m.open[key] == c {
		delete(m.open, key)
	}
}

// Restore makes a call known that was in progress when the program stopped, or
// into which a session will be replayed: row is what was stored of it, stays
// are the rows of its sessions as far as they are known. Call it before
// sessions are replayed, or the call's figures count only those. What nobody
// replays into ends at lastSeen, at the first Tick 30 s after that.
func (m *MemoryRooms) Restore(row rtc.Call, lastSeen time.Time, stays ...rtc.Session) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if c := m.calls[callKey{row.App, row.ID}]; c != nil {
		c.seen = max(c.seen, lastSeen.UnixMilli()) // told twice: the later sign of life holds
		return
	}
	left := row.End.UnixMilli() // a zero time is long ago
	row.End = time.Time{}
	c := m.add(row)
	c.floor = row
	m.restoredAt = max(m.last, lastSeen.UnixMilli())
	c.left, c.seen = max(c.left, left), lastSeen.UnixMilli()
	for i := range stays {
		c.left = max(c.left, stays[i].Start.UnixMilli(), stays[i].End.UnixMilli())
		if _, twice := c.stays[stays[i].ID]; !twice {
			c.add(stays[i].ID, stays[i].User)
		}
	}
}

// Tick ends calls that have been silent for 30 s at now (Unix ms). Call it
// every few seconds.
func (m *MemoryRooms) Tick(now int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.last = max(m.last, now)
	m.endAll(func(c *call) bool { return now > c.silent()+Silence.Milliseconds() })
	for key, c := range m.ended {
		if now > c.silent()+replayWithin && m.last > m.restoredAt+replayWithin {
			delete(m.ended, key)
		}
	}
}

// Flush ends every call that nobody is in, whatever the time: after an import.
func (m *MemoryRooms) Flush() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.endAll(func(*call) bool { return true })
}

// endAll ends the empty calls that are due, in the order of their ids.
func (m *MemoryRooms) endAll(due func(*call) bool) {
	var ending []*call
	for _, c := range m.calls {
		if len(c.present) == 0 && due(c) {
			ending = append(ending, c)
		}
	}
	slices.SortFunc(ending, func(a, b *call) int { return cmp.Compare(a.row.ID, b.row.ID) })
	for _, c := range ending {
		m.end(c)
	}
}

// Open returns how many calls are in progress and how many stays they have.
func (m *MemoryRooms) Open() (calls, stays int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, c := range m.calls {
		stays += len(c.present)
	}
	return len(m.calls), stays
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
