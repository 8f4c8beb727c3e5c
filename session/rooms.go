package session

import (
	"github.com/peerglass/peerglass/rtc"
)

// Rooms says which call is open in which room. The memory implementation is
// made by NewRooms; past one machine another engine stands behind the same
// interface. Its methods may be called from many goroutines; each session
// calls Join once, Identify seldom and Leave once.
type Rooms interface {
	// Join adds a stay to the call that is open in its room, or to a new call,
	// and returns that call. A stay whose Call is set (a replay) joins that
	// call, which is made known again if need be. A stay without a room always
	// is a call of its own. Joining twice with one session id changes nothing.
	Join(Stay) rtc.CallID
	// Identify tells who a stay's user is where that became known after Join.
	Identify(Stay)
	// Leave ends a stay at At. A stay that is not known changes nothing.
	Leave(Stay)
}

// Stay is one session as Rooms sees it.
type Stay struct {
	App      rtc.AppID
	Call     rtc.CallID // 0 at Join means: whichever is open
	Room     string
	RoomName string
	Session  rtc.SessionID
	User     string // "" for an anonymous one, who counts as a user of his own
	At       int64  // server's clock, Unix ms: of the join or the leave
}
