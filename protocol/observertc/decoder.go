package observertc

import (
	"encoding/json"
	"hash/fnv"
	"math"
	"slices"
	"sync"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/peerglass/peerglass/protocol"
	"github.com/peerglass/peerglass/protocol/statsjson"
	"github.com/peerglass/peerglass/rtc"
)

// sdk is what the client is called in rows.
const sdk = "@observertc/client-monitor-js"

// Decoder decodes the samples of one session, in order, in either encoding. It
// keeps what the encoder leaves out of its next sample, and whom the
// application has named.
type Decoder struct {
	unknown     uint64
	call        string
	client      string
	said        uint64 // of the attachments: their hash
	time        float64
	last        [toldIssue + 1]told // of the encoder's events and issues: what it leaves out if it is the same
	kinds       map[string]string   // of the tracks that were added, by id
	connections map[string]*connection
	generation  uint32 // of the samples
	reports     int    // that are kept, of all connections
	users       int    // so
}

// The bounds of what is kept between samples, of a whole session: who sends one
// large sample with made-up names must not have it kept many times over.
const (
	maxKept      = 16 << 10 // reports
	maxUsers     = 4096
	maxKeptBytes = 64 << 10 // of an event's payload
)

var _ protocol.Decoder = (*Decoder)(nil)

// connection is what is kept of a peer connection.
type connection struct {
	seen    uint32
	reports map[string]*report // by list and id, or list and ssrc
	users   map[string]string  // whom the application named: by track, "" for the whole connection
}

type report struct {
	seen uint32
	id   []byte
	time float64
	typ  rtc.StatsType // of a candidate
}

// report returns what is kept under a key, and notes that it was seen.
func (d *Decoder) report(c *connection, key []byte) (*report, error) {
	r := c.reports[string(key)]
	if r == nil {
		if d.reports >= maxKept {
			return nil, protocol.Errorf(protocol.CodeLimit, "a client has more than %d reports in all", maxKept)
		}
		r = &report{}
		c.reports[string(key)] = r
		d.reports++
	}
	r.seen = d.generation
	return r, nil
}

// forget drops the connections that were not in the newest sample.
func (d *Decoder) forget() {
	for name, c := range d.connections {
		if c.seen != d.generation {
			d.reports -= len(c.reports)
			d.users -= len(c.users)
			delete(d.connections, name)
		}
	}
}

// NewDecoder returns a decoder for one session.
func NewDecoder() *Decoder {
	return &Decoder{kinds: make(map[string]string), connections: make(map[string]*connection)}
}

// Unknown returns how many fields were passed over because the schema has no
// name for them.
func (d *Decoder) Unknown() uint64 { return d.unknown }

// Decode implements protocol.Decoder. A frame is one sample, in JSON or as a
// protobuf message.
func (d *Decoder) Decode(frame []byte, received int64, sink rtc.Sink) error {
	s := scratches.Get().(*scratch)
	s.Decoder, s.sink = d, sink
	s.arena = s.arena[:0]
	s.rec = rtc.Record{Received: received}
	err := s.decode(frame)
	s.Decoder, s.sink, s.rec = nil, nil, rtc.Record{}
	s.sample.reset()
	if cap(s.arena) <= 1<<18 && cap(s.stats.Values) <= 1<<14 && cap(s.sample.told) <= 1<<10 {
		scratches.Put(s)
	}
	return err
}

// scratch is the memory in which one sample is decoded, for the decoder that it
// embeds meanwhile.
type scratch struct {
	*Decoder
	sink   rtc.Sink
	sample sample
	reader *statsjson.Reader
	stats  rtc.Stats
	rec    rtc.Record
	arena  []byte // texts with escapes
	key    []byte
	tracks []track
}

// track is what a sample says of a received track, or of a whole connection.
type track struct{ id, attachments []byte }

var scratches = sync.Pool{New: func() any { return &scratch{reader: statsjson.NewReader(statsjson.Options{})} }}

func (d *scratch) decode(frame []byte) error {
	if len(frame) > protocol.MaxFrame {
		return protocol.Errorf(protocol.CodeTooLarge, "a sample has %d bytes, at most %d are taken", len(frame), protocol.MaxFrame)
	}
	s := &d.sample
	s.reset()
	var err error
	if isJSON(frame) {
		err = s.readJSON(frame, &d.arena, false)
	} else {
		err = s.readWire(frame, false)
	}
	if err != nil {
		return err
	}
	if s.time > 0 {
		d.time = s.time
	}
	d.generation++
	if err := d.identify(); err != nil {
		return err
	}
	left := false
	for i := range s.told {
		t := &s.told[i]
		if !isJSON(frame) {
			d.complete(t)
		}
		if t.what == toldEvent && string(t.typ) == "CLIENT_LEFT" {
			left = true // its last statistics are still to come
			continue
		}
		if err := d.tell(t); err != nil {
			return err
		}
	}
	for _, inner := range s.connections {
		if err := d.connection(inner, isJSON(frame)); err != nil {
			if len(d.connections) > maxConnections {
				d.forget() // samples that are at fault must not heap up
			}
			return err
		}
	}
	d.forget()
	if left {
		d.begin(d.time)
		d.rec.Kind, d.rec.Payload = rtc.KindClose, leave
		return d.sink.Record(&d.rec)
	}
	return nil
}

var leave = []byte(`{"reason":"leave"}`)

// begin empties the record.
func (d *scratch) begin(at float64) {
	d.rec = rtc.Record{Received: d.rec.Received, Time: millis(at), Sent: millis(d.time)}
}

// millis is a time of the client's as it stands in records; 0 for what no
// clock shows.
func millis(at float64) int64 {
	if at > 0 && at < 1e14 {
		return int64(at)
	}
	return 0
}

// complete adds what the encoder leaves out of an event that is the same as in
// the one before.
func (d *scratch) complete(t *told) {
	if t.what > toldIssue {
		return
	}
	last := &d.last[t.what]
	t.typ, last.typ = kept(t.typ, last.typ, protocol.MaxName)
	t.payload, last.payload = kept(t.payload, last.payload, maxKeptBytes)
	if t.time == 0 {
		t.time = last.time
	} else {
		last.time = t.time
	}
}

// kept returns what is told, or was last, and what to keep of it: nothing of
// what is longer than most.
func kept(told, last []byte, most int) (now, keep []byte) {
	switch {
	case told == nil:
		return last, last
	case len(told) > most:
		return told, nil
	}
	return told, append([]byte{}, told...)
}

// identify passes on who and where, when that is news.
func (d *scratch) identify() error {
	s := &d.sample
	var id rtc.Identity
	if len(s.call) > 0 && string(s.call) != d.call {
		d.call = clip(string(s.call))
		id.Room, id.SDK = d.call, sdk
	}
	if len(s.client) > 0 && string(s.client) != d.client {
		d.client = clip(string(s.client))
		id.User, id.SDK = d.client, sdk
	}
	if len(s.attachments) > 0 {
		hash := fnv.New64a()
		_, _ = hash.Write(s.attachments)
		if said := hash.Sum64(); said != d.said {
			d.said = said
			a := attachmentsOf(s.attachments)
			id.UserName, id.RoomName, id.Role, id.Keys = a.userName, a.roomName, a.role, a.keys
		}
	}
	if id.SDK == "" && id.UserName == "" && id.RoomName == "" && id.Role == "" && len(id.Keys) == 0 {
		return nil
	}
	return d.open(&id)
}

func (d *scratch) open(id *rtc.Identity) error {
	d.begin(d.time)
	payload, err := json.Marshal(id)
	if err != nil {
		return err
	}
	d.rec.Kind, d.rec.Payload = rtc.KindOpen, payload
	return d.sink.Record(&d.rec)
}

// connection passes on the statistics of one peer connection.
func (d *scratch) connection(in []byte, isJSON bool) error {
	d.stats.Reset()
	d.tracks = d.tracks[:0]
	read := d.connectionWire
	if isJSON {
		read = d.connectionJSON
	}
	name, c, err := read(in)
	if err != nil || c == nil {
		return err
	}
	if err := d.typeCandidates(c); err != nil {
		return err
	}
	for key, r := range c.reports {
		if r.seen != d.generation {
			delete(c.reports, key)
			d.reports--
		}
	}
	s := &d.stats
	for i := range s.Reports {
		s.Time = max(s.Time, s.Reports[i].Time)
	}
	for i := range s.Reports {
		if p := &s.Reports[i]; p.Time == s.Time {
			p.Time = 0
		}
	}
	// Whose a stream is comes before what it brought.
	if err := d.mapTracks(name, c); err != nil {
		return err
	}
	if len(s.Reports) == 0 {
		return nil
	}
	d.begin(d.time)
	// Both encodings name every report that there is; in JSON also each of its
	// members.
	s.MissingRemoved, s.Full = true, isJSON
	d.rec.Kind, d.rec.Conn, d.rec.Stats = rtc.KindStats, name, s
	return d.sink.Record(&d.rec)
}

// connectionOf returns what is kept of the connection of that name; nil if it
// has none, or one that is too long.
func (d *scratch) connectionOf(name []byte) (*connection, error) {
	if len(name) > protocol.MaxName {
		return nil, protocol.Errorf(protocol.CodeLimit, "the id of a peer connection is longer than %d bytes", protocol.MaxName)
	}
	if len(name) == 0 {
		d.unknown++
		return nil, nil
	}
	c := d.connections[string(name)]
	if c == nil {
		c = &connection{reports: make(map[string]*report), users: make(map[string]string)}
		d.connections[string(name)] = c
	}
	c.seen = d.generation
	return c, nil
}

func (d *scratch) connectionJSON(raw []byte) (name []byte, c *connection, err error) {
	in := statsjson.NewScanner(raw)
	in.Want('{')
	for first := true; in.More(&first, '}'); {
		member, ok := in.String(&d.arena)
		if !ok || !in.Want(':') {
			break
		}
		l := listNamed(member)
		switch {
		case string(member) == "peerConnectionId":
			name = text(&in, &d.arena)
		case string(member) == "attachments":
			if in.Peek() == '{' {
				raw, _ := in.Raw()
				d.tracks = append(d.tracks, track{nil, raw})
			} else {
				in.Raw()
			}
		case l == listNone:
			in.Raw()
		case l == listInboundTracks:
			err = each(&in, protocol.MaxReports, 0, func() { d.tracks = append(d.tracks, d.trackJSON(&in)) })
		case l == listOutboundTracks:
			in.Raw()
		default:
			err = each(&in, protocol.MaxReports, len(d.stats.Reports), func() { d.reportJSON(&in, l) })
		}
		if err != nil {
			return nil, nil, err
		}
	}
	if in.Err() != nil {
		return nil, nil, in.Err()
	}
	c, err = d.connectionOf(name)
	return name, c, err
}

// reportJSON reads a report without what the application attached to it.
func (d *scratch) reportJSON(in *statsjson.Scanner, l list) {
	at := len(d.stats.Reports)
	if !d.reader.AppendFrom(in, &d.stats, kinds[l].typ) || len(d.stats.Reports) == at {
		return
	}
	p := &d.stats.Reports[at]
	values := slices.DeleteFunc(d.stats.Of(p), func(v rtc.Value) bool { return v.Member == 0 && string(v.Name) == "attachments" })
	p.Len = len(values)
	d.stats.Values = d.stats.Values[:p.First+p.Len]
}

func (d *scratch) trackJSON(in *statsjson.Scanner) (t track) {
	in.Want('{')
	for first := true; in.More(&first, '}'); {
		name, ok := in.String(&d.arena)
		if !ok || !in.Want(':') {
			break
		}
		switch string(name) {
		case "id":
			t.id = text(in, &d.arena)
		case "attachments":
			t.attachments, _ = in.Raw()
		default:
			in.Raw()
		}
	}
	return t
}

func (d *scratch) connectionWire(in []byte) (name []byte, c *connection, err error) {
	// Its name stands behind its reports.
	for rest := in; len(rest) > 0; {
		number, typ, after, err := tag(rest)
		if err != nil {
			return nil, nil, err
		}
		if number == 16 && typ == protowire.BytesType {
			if name, rest, err = bytesOf(after); err != nil {
				return nil, nil, err
			}
			name = named(name)
			continue
		}
		if rest, err = pass(after, number, typ); err != nil {
			return nil, nil, err
		}
	}
	if !utf8.Valid(name) {
		return nil, nil, errWire
	}
	if c, err = d.connectionOf(name); err != nil || c == nil {
		return nil, nil, err
	}
	for len(in) > 0 {
		number, typ, rest, err := tag(in)
		if err != nil {
			return nil, nil, err
		}
		in = rest
		if typ != protowire.BytesType {
			if in, err = pass(in, number, typ); err != nil {
				return nil, nil, err
			}
			continue
		}
		var inner []byte
		if inner, in, err = bytesOf(in); err != nil {
			return nil, nil, err
		}
		switch l := list(min(number, math.MaxUint8)); {
		case number == 17:
			d.tracks = append(d.tracks, track{nil, inner})
		case number >= protowire.Number(lists) || l == listOutboundTracks:
		case l == listInboundTracks:
			if len(d.tracks) > protocol.MaxReports {
				return nil, nil, protocol.Errorf(protocol.CodeLimit, "a peer connection has more than %d tracks", protocol.MaxReports)
			}
			t, err := trackWire(inner)
			if err != nil {
				return nil, nil, err
			}
			d.tracks = append(d.tracks, t)
		default:
			if err := d.readReport(inner, l, c); err != nil {
				return nil, nil, err
			}
		}
	}
	return name, c, nil
}

func trackWire(in []byte) (t track, err error) {
	for len(in) > 0 {
		number, typ, rest, err := tag(in)
		if err != nil {
			return t, err
		}
		switch {
		case number == 1 && typ == protowire.BytesType:
			t.id, in, err = bytesOf(rest)
		case number == 4 && typ == protowire.BytesType:
			t.attachments, in, err = bytesOf(rest)
		default:
			in, err = pass(rest, number, typ)
		}
		if err != nil {
			return t, err
		}
	}
	if !utf8.Valid(t.id) {
		return t, errWire
	}
	return t, nil
}

// typeCandidates says of each candidate whose it is, which only the pairs
// tell. One that is in no pair yet is the page's own: browsers learn of the
// other's by pairing them.
func (d *scratch) typeCandidates(c *connection) error {
	s := &d.stats
	is := func(id []byte, typ rtc.StatsType) error {
		if len(id) > protocol.MaxName {
			return nil // no report is called so
		}
		r, err := d.report(c, d.candidate(id))
		if err == nil {
			r.typ = typ
		}
		return err
	}
	for i := range s.Reports {
		if s.Reports[i].Type != rtc.TypeCandidatePair {
			continue
		}
		for _, v := range s.Of(&s.Reports[i]) {
			var err error
			switch v.Member {
			case rtc.StatLocalCandidateId:
				err = is(v.Text, rtc.TypeLocalCandidate)
			case rtc.StatRemoteCandidateId:
				err = is(v.Text, rtc.TypeRemoteCandidate)
			}
			if err != nil {
				return err
			}
		}
	}
	for i := range s.Reports {
		p := &s.Reports[i]
		if p.Type != 0 {
			continue
		}
		p.Type = rtc.TypeLocalCandidate
		r := c.reports[string(d.candidate(p.ID))]
		if r == nil {
			continue
		}
		r.seen = d.generation
		if r.typ != 0 {
			p.Type = r.typ
		}
	}
	return nil
}

func (d *scratch) candidate(id []byte) []byte {
	d.key = append(append(d.key[:0], byte(listCandidates)), id...)
	return d.key
}

// mapTracks passes on whom the application named as the sender of what it
// received, when that is news.
func (d *scratch) mapTracks(name []byte, c *connection) error {
	for _, t := range d.tracks {
		if len(t.attachments) == 0 || len(t.id) > protocol.MaxName {
			continue
		}
		a := attachmentsOf(t.attachments)
		was, known := c.users[string(t.id)]
		if a.user == "" || a.user == was || !known && d.users >= maxUsers {
			continue
		}
		if c.users[string(t.id)] = a.user; !known {
			d.users++
		}
		payload, err := json.Marshal(struct {
			Track string `json:"track,omitempty"`
			User  string `json:"user"`
			Label string `json:"label,omitempty"`
		}{string(t.id), a.user, a.label})
		if err != nil {
			return err
		}
		d.begin(d.time)
		d.rec.Kind, d.rec.Conn, d.rec.Name, d.rec.Payload = rtc.KindEvent, name, []byte(rtc.NameMapStream), payload
		if err := d.sink.Record(&d.rec); err != nil {
			return err
		}
	}
	return nil
}
