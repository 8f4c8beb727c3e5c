package callstats

import (
	"bytes"
	"sync"
	"unicode/utf8"

	"github.com/peerglass/peerglass/protocol"
	"github.com/peerglass/peerglass/protocol/statsjson"
	"github.com/peerglass/peerglass/rtc"
)

// maxFabrics bounds the fabrics of a stay that are remembered.
const maxFabrics = 1024

// Decoder decodes the frames of one stay. It keeps the user's name and what
// was told of each fabric; what one frame needs is shared by all decoders
// (scratch).
type Decoder struct {
	user    string
	fabrics map[string]*fabric
	machine machine
	unknown uint64
}

// fabric is what is remembered of a peer connection.
type fabric struct {
	state  string           // iceConnectionState; "" while nothing was told
	newest map[string]int64 // client's clock: of the states, by their events' names
	over   int64            // client's clock: when it was terminated; 0 before
	remote string           // whose all that it brings was said to be
	server bool             // its other end is a server
}

var _ protocol.Decoder = (*Decoder)(nil)

// NewDecoder returns a decoder for one stay.
func NewDecoder() *Decoder {
	return &Decoder{fabrics: make(map[string]*fabric), machine: noMachine}
}

// Unknown returns how many frames were of a kind that no client is known to
// send. They were passed on as events.
func (d *Decoder) Unknown() uint64 { return d.unknown }

// Decode implements protocol.Decoder. A frame is what AppendFrame made.
func (d *Decoder) Decode(frame []byte, received int64, sink rtc.Sink) error {
	s := scratches.Get().(*scratch)
	s.Decoder, s.sink = d, sink
	err := s.decode(frame, received)
	s.Decoder, s.sink, s.rec = nil, nil, rtc.Record{}
	if cap(s.arena) <= 1<<16 && cap(s.stats.Values) <= 1<<14 {
		scratches.Put(s)
	}
	return err
}

// scratch is the memory in which one frame is decoded, for the decoder that it
// embeds meanwhile.
type scratch struct {
	*Decoder
	sink   rtc.Sink
	reader *statsjson.Reader
	stats  rtc.Stats
	rec    rtc.Record
	arena  []byte
}

var scratches = sync.Pool{New: func() any { return &scratch{reader: statsjson.NewReader(statsjson.Options{})} }}

func (d *scratch) decode(frame []byte, received int64) error {
	if len(frame) > protocol.MaxFrame {
		return protocol.Errorf(protocol.CodeTooLarge, "a request has %d bytes, at most %d are taken", len(frame), protocol.MaxFrame)
	}
	if !utf8.Valid(frame) {
		return protocol.Errorf(protocol.CodeMalformed, "the request's body is not UTF-8")
	}
	d.rec = rtc.Record{Received: received}
	d.arena = d.arena[:0]
	in := statsjson.NewScanner(frame)
	var what, body, place []byte
	ok := in.Want('[')
	for first, n := true, 0; ok && in.More(&first, ']'); n++ {
		switch n {
		case 0:
			what, ok = in.String(&d.arena)
		case 1:
			body, ok = in.Raw()
		case 2:
			place, ok = in.Raw()
		default:
			return protocol.Errorf(protocol.CodeMalformed, "a frame has more than three members")
		}
	}
	if in.Err() == nil {
		in.End()
	}
	switch {
	case in.Err() != nil:
		return in.Err()
	case len(what) == 0 || len(what) > protocol.MaxName:
		return protocol.Errorf(protocol.CodeMalformed, "a frame does not say what it is")
	case len(body) == 0 || body[0] != '{':
		return protocol.Errorf(protocol.CodeMalformed, "the body of a request has to be a JSON object")
	case string(what) == "stats":
		return d.poll(body)
	}
	return d.tell(string(what), body, place)
}

// record passes one record on.
func (d *scratch) record(kind rtc.Kind, name string, conn []byte, payload []byte) error {
	r := &d.rec
	r.Kind, r.Name, r.Conn, r.Payload, r.Stats = kind, []byte(name), conn, payload, nil
	return d.sink.Record(r)
}

// fabricOf returns what is known of a fabric, and tells of one that is new that
// it was made, delay ms ago.
func (d *scratch) fabricOf(conn []byte, delay float64) (*fabric, error) {
	if len(conn) > protocol.MaxName {
		return nil, protocol.Errorf(protocol.CodeLimit, "a connectionID is longer than %d bytes", protocol.MaxName)
	}
	if f := d.fabrics[string(conn)]; f != nil {
		return f, nil
	}
	if len(d.fabrics) >= maxFabrics {
		return nil, protocol.Errorf(protocol.CodeLimit, "a user has more than %d fabrics in one conference", maxFabrics)
	}
	f := new(fabric)
	d.fabrics[string(bytes.Clone(conn))] = f
	at := d.rec.Time
	if delay > 0 && delay < float64(at) {
		d.rec.Time -= int64(delay)
	}
	err := d.record(rtc.KindCall, rtc.NameCreate, conn, nil)
	d.rec.Time = at
	return f, err
}

// maps says whose all is that a fabric brings: the user's at its other end. A
// server sends on what others send, and ssrcmap says whose.
func (d *scratch) maps(f *fabric, conn []byte, remote string) error {
	if f.server || remote == "" || remote == f.remote || remote == d.user {
		return nil
	}
	f.remote = remote
	return d.record(rtc.KindEvent, rtc.NameMapStream, conn, appendJSON(nil, map[string]string{"user": remote}))
}

// changes passes on another iceConnectionState.
func (d *scratch) changes(f *fabric, conn []byte, state string) error {
	if state == "" || state == f.state {
		return nil
	}
	if f.overtaken(rtc.NameICEState, d.rec.Time) {
		return d.late(rtc.NameICEState, conn, state)
	}
	f.state = state
	return d.record(rtc.KindState, rtc.NameICEState, conn, appendJSON(nil, state))
}

// overtakes is by how much, in ms, a request may come before one that was made
// earlier. What is older still is of a clock that was put back.
const overtakes = 60_000

// past reports whether the fabric was over at that time.
func (f *fabric) past(at int64) bool { return at != 0 && at <= f.over && f.over-at < overtakes }

// overtaken reports whether the fabric is past a state of that time: the
// client's requests go side by side, and what it told later may come before.
func (f *fabric) overtaken(name string, at int64) bool {
	if at == 0 {
		return false
	}
	if last := f.newest[name]; at < last && last-at < overtakes || f.past(at) {
		return true
	}
	if f.newest == nil {
		f.newest = make(map[string]int64)
	}
	f.newest[name] = at
	return false
}

// late passes on a state that was overtaken, which is the fabric's no more.
func (d *scratch) late(name string, conn []byte, state string) error {
	return d.record(rtc.KindEvent, rtc.NameLateState, conn, appendJSON(nil, map[string]string{"event": name, "state": state}))
}
