package statsjson

import (
	"errors"

	"github.com/peerglass/peerglass/rtc"
)

// Options fit a Reader to a protocol. The zero value is the standard's
// spelling.
type Options struct {
	// Member resolves a name as it stands on the wire. It returns the
	// dictionary's member; or 0 and the standard's name, which the Reader then
	// looks up itself and treats as if it had stood there ("timestamp" and
	// "type" among them). Nil: the wire has the standard's names.
	Member func(wire []byte) (rtc.Member, []byte)
	// Type resolves the value of a report's type member: text without its
	// quotes, or the digits of a number. Nil: rtc.LookupStatsType.
	Type func(wire []byte) rtc.StatsType
	// NullRemoves: "id":null says that the report is gone. Otherwise null is
	// passed over.
	NullRemoves bool
}

// Reader reads statistics objects. It owns the buffers that escaped strings
// are unescaped into; what Read returns is valid until the next Read and for
// as long as src is. Not safe for concurrent use.
type Reader struct {
	o Options
}

// NewReader returns a Reader.
func NewReader(o Options) *Reader { return &Reader{o: o} }

// Read resets s and fills it from src, which holds one JSON object. Ids,
// texts and names borrow from src. A member "timestamp" of the object itself
// becomes s.Time; a report's own becomes its Time, 0 where it is 0 or equal
// to s.Time. An unknown type is passed on as a value named "type". A fault is a
// *protocol.Error; s then holds what stood before it.
func (r *Reader) Read(src []byte, s *rtc.Stats) error {
	s.Reset()
	return errors.ErrUnsupported
}
