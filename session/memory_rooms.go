package session

import (
	"time"

	"github.com/peerglass/peerglass/rtc"
)

// MemoryRooms is Rooms of one machine.
type MemoryRooms struct {
	sink Sink
	rand func() uint64
}

var _ Rooms = (*MemoryRooms)(nil)

// NewRooms returns Rooms that writes calls to sink and takes the random bits
// of their ids from rand.
func NewRooms(sink Sink, rand func() uint64) *MemoryRooms {
	return &MemoryRooms{sink: sink, rand: rand}
}

// Join implements Rooms.
func (m *MemoryRooms) Join(s Stay) rtc.CallID { return 0 }

// Identify implements Rooms.
func (m *MemoryRooms) Identify(s Stay) {}

// Leave implements Rooms.
func (m *MemoryRooms) Leave(s Stay) {}

// Restore makes a call known that was in progress when the program stopped:
// stays are the rows of its sessions as far as they are known. Call it before
// sessions are replayed; what nobody replays into ends at lastSeen.
func (m *MemoryRooms) Restore(call rtc.Call, lastSeen time.Time, stays ...rtc.Session) {}

// Tick ends calls that have been silent for 30 s at now (Unix ms).
func (m *MemoryRooms) Tick(now int64) {}

// Flush ends every call that nobody is in, whatever the time: after an import.
func (m *MemoryRooms) Flush() {}

// Open returns how many calls are in progress and how many stays they have.
func (m *MemoryRooms) Open() (calls, stays int) { return 0, 0 }
