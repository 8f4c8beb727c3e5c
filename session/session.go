package session

import (
	"github.com/peerglass/peerglass/rtc"
)

// Options of a session. App, ID, Start, Rooms and Sink are required.
type Options struct {
	App      rtc.AppID
	ID       rtc.SessionID
	Protocol string // native, jitsi, rtcstats, internals
	Start    int64  // server's clock, Unix ms, of its first connection
	Address  string // of the client, truncated
	Region   string
	Rooms    Rooms
	Sink     Sink

	// Assigned is told once to which call the session belongs, before any of
	// its rows is written. Whoever keeps the records keeps that too and gives
	// it back as Assignment at a replay.
	Assigned   func(Assignment)
	Assignment Assignment // zero, or what an earlier run was told

	// IdleTimeout ends a session that said no goodbye, in ms without a record;
	// 0 means 60 s for jitsi and 30 s for the others.
	IdleTimeout int64
}

// Assignment says to which call a session belongs.
type Assignment struct {
	Call rtc.CallID `json:"call"`
	Room string     `json:"room"`
	At   int64      `json:"at"` // server's clock, Unix ms
}

// Session is one client's stay. It is not safe for concurrent use.
type Session struct {
	opt Options
}

var _ rtc.Sink = (*Session)(nil)

// New returns a session to which nothing has been told yet.
func New(opt Options) *Session { return &Session{opt: opt} }

// Record takes the next record. Its error is a *protocol.Error when the client
// exceeds a limit; the session goes on without what exceeded it. A record
// after the end gives ErrEnded.
func (s *Session) Record(r *rtc.Record) error { return nil }

// Tick lets timers run: assignment to a call and the end of a silent session.
// It reports whether the session has ended. Call it about every second.
func (s *Session) Tick(now int64) (ended bool) { return false }

// End ends the session at now (server's clock, Unix ms) for a reason of
// rtc.Session.EndReason and writes its last rows. Ending twice changes nothing.
func (s *Session) End(now int64, reason string) {}

// Ended reports whether the session has ended: after End, after the client's
// goodbye, or by silence.
func (s *Session) Ended() bool { return false }

// SetDump tells the key of the session's raw dump in the blob store, after
// its end, and writes the session's row again.
func (s *Session) SetDump(key string, now int64) {}

// ID returns the session's id.
func (s *Session) ID() rtc.SessionID { return s.opt.ID }

// Call returns the call that the session belongs to, 0 while that is not known.
func (s *Session) Call() rtc.CallID { return 0 }
