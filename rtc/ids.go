package rtc

import (
	"errors"
	"time"
)

// AppID numbers a tenant's project. Every stored row begins with it.
type AppID uint32

// CallID and SessionID carry their start time (ms since 2020-01-01 UTC) in
// their leading 43 bits and randomness in the last 21, so that "the newest
// calls of an app" is a short reverse range read.
type (
	CallID    uint64
	SessionID uint64
)

// StreamID numbers a stream within its session, from 1; 0 means none.
type StreamID uint32

// ConnectionID numbers a peer connection within its session, from 1; 0 means
// none (a client-level event).
type ConnectionID uint16

const (
	idEpochMs    = 1577836800000
	idRandomBits = 21
)

// NewID composes an id from a start time (Unix ms) and random bits. Times
// before 2020 are clamped, so that an id always sorts and never wraps.
func NewID(startMs int64, random uint64) uint64 {
	t := max(startMs-idEpochMs, 0)
	return uint64(t)<<idRandomBits | random&(1<<idRandomBits-1)
}

// FirstID returns the smallest id whose time is startMs: the bound of a range.
func FirstID(startMs int64) uint64 { return NewID(startMs, 0) }

// Time returns the start time that the id carries.
func (c CallID) Time() time.Time { return idTime(uint64(c)) }

// Time returns the start time that the id carries.
func (s SessionID) Time() time.Time { return idTime(uint64(s)) }

func idTime(id uint64) time.Time {
	return time.UnixMilli(int64(id>>idRandomBits) + idEpochMs).UTC()
}

// The alphabet is Crockford's base 32 in lower case: sorts like the number,
// has no letters that look alike, and needs no escaping in an address.
const idAlphabet = "0123456789abcdefghjkmnpqrstvwxyz"

// String returns the id as 13 characters that sort like the number.
func (c CallID) String() string { return formatID(uint64(c)) }

// String returns the id as 13 characters that sort like the number.
func (s SessionID) String() string { return formatID(uint64(s)) }

func formatID(id uint64) string {
	var b [13]byte
	for i := len(b) - 1; i >= 0; i-- {
		b[i] = idAlphabet[id&31]
		id >>= 5
	}
	return string(b[:])
}

// ErrID is returned for a text that is not an id.
var ErrID = errors.New("not an id: 13 letters and digits are expected, as in 0a1b2c3d4e5f6")

// ParseID reads what String wrote.
func ParseID(s string) (uint64, error) {
	if len(s) != 13 {
		return 0, ErrID
	}
	var id uint64
	for i := 0; i < len(s); i++ {
		d := idDigit[s[i]]
		if d == 0 || i == 0 && d > 16 {
			return 0, ErrID
		}
		id = id<<5 | uint64(d-1)
	}
	return id, nil
}

var idDigit = func() (t [256]uint8) {
	for i := 0; i < len(idAlphabet); i++ {
		t[idAlphabet[i]] = uint8(i + 1)
	}
	return t
}()
