package store

import (
	"maps"
	"time"

	"github.com/peerglass/peerglass/rtc"
)

// The types of enumerated columns, as in the schema.
const (
	typeDirection = "Enum8('both' = 0, 'send' = 1, 'receive' = 2)"
	typeMediaKind = "Enum8('unknown' = 0, 'audio' = 1, 'video' = 2, 'screen' = 3, 'transport' = 4, 'client' = 5)"
	typeEventKind = "Enum8('open' = 1, 'call' = 2, 'state' = 3, 'stats' = 4, 'event' = 5, 'feedback' = 6, 'log' = 7, 'close' = 8)"
	typeSeverity  = "Enum8('info' = 0, 'warning' = 1, 'error' = 2)"
)

var callColumns = []column[rtc.Call]{
	colUint32("app", func(r *rtc.Call) uint32 { return uint32(r.App) }),
	colUint64("call", func(r *rtc.Call) uint64 { return uint64(r.ID) }),
	colString("room", func(r *rtc.Call) string { return r.Room }),
	colString("room_name", func(r *rtc.Call) string { return r.RoomName }),
	colTime("start", func(r *rtc.Call) time.Time { return r.Start }),
	colTime("end", func(r *rtc.Call) time.Time { return r.End }),
	colUint32("users", func(r *rtc.Call) uint32 { return uint32(r.Users) }),
	colUint32("sessions", func(r *rtc.Call) uint32 { return uint32(r.Sessions) }),
	colUint32("peak", func(r *rtc.Call) uint32 { return uint32(r.Peak) }),
	colUint64("version", func(r *rtc.Call) uint64 { return r.Version }),
}

var sessionColumns = []column[rtc.Session]{
	colUint32("app", func(r *rtc.Session) uint32 { return uint32(r.App) }),
	colUint64("call", func(r *rtc.Session) uint64 { return uint64(r.Call) }),
	colUint64("session", func(r *rtc.Session) uint64 { return uint64(r.ID) }),
	colString("room", func(r *rtc.Session) string { return r.Room }),
	colString("user", func(r *rtc.Session) string { return r.User }),
	colString("user_name", func(r *rtc.Session) string { return r.UserName }),
	colString("role", func(r *rtc.Session) string { return r.Role }),
	colTime("start", func(r *rtc.Session) time.Time { return r.Start }),
	colTime("end", func(r *rtc.Session) time.Time { return r.End }),
	colString("end_reason", func(r *rtc.Session) string { return r.EndReason }),
	colString("protocol", func(r *rtc.Session) string { return r.Protocol }),
	colString("client_session", func(r *rtc.Session) string { return r.ClientSession }),
	colString("sdk", func(r *rtc.Session) string { return r.SDK }),
	colString("sdk_version", func(r *rtc.Session) string { return r.SDKVersion }),
	colString("user_agent", func(r *rtc.Session) string { return r.UserAgent }),
	colString("browser", func(r *rtc.Session) string { return r.Browser }),
	colString("browser_version", func(r *rtc.Session) string { return r.BrowserVersion }),
	colString("os", func(r *rtc.Session) string { return r.OS }),
	colString("device", func(r *rtc.Session) string { return r.Device }),
	colString("network", func(r *rtc.Session) string { return r.Network }),
	colString("region", func(r *rtc.Session) string { return r.Region }),
	colString("carrier", func(r *rtc.Session) string { return r.Carrier }),
	colString("address", func(r *rtc.Session) string { return r.Address }),
	colString("page", func(r *rtc.Session) string { return r.Page }),
	colMap("keys", func(r *rtc.Session) map[string]string { return r.Keys }),
	colBool("sends", func(r *rtc.Session) bool { return r.Sends }),
	colBool("receives", func(r *rtc.Session) bool { return r.Receives }),
	colInt64("clock_offset", func(r *rtc.Session) int64 { return r.ClockOffset }),
	colUint64("records", func(r *rtc.Session) uint64 { return r.Records }),
	colUint64("unknown_members", func(r *rtc.Session) uint64 { return r.UnknownMembers }),
	colString("dump", func(r *rtc.Session) string { return r.Dump }),
	colUint64("version", func(r *rtc.Session) uint64 { return r.Version }),
}

var connectionColumns = []column[rtc.Connection]{
	colUint32("app", func(r *rtc.Connection) uint32 { return uint32(r.App) }),
	colUint64("call", func(r *rtc.Connection) uint64 { return uint64(r.Call) }),
	colUint64("session", func(r *rtc.Connection) uint64 { return uint64(r.Session) }),
	colUint16("connection", func(r *rtc.Connection) uint16 { return uint16(r.ID) }),
	colString("label", func(r *rtc.Connection) string { return r.Label }),
	colTime("start", func(r *rtc.Connection) time.Time { return r.Start }),
	colTime("end", func(r *rtc.Connection) time.Time { return r.End }),
	colString("state", func(r *rtc.Connection) string { return r.State }),
	colTime("connected", func(r *rtc.Connection) time.Time { return r.Connected }),
	colString("local_type", func(r *rtc.Connection) string { return r.LocalType }),
	colString("remote_type", func(r *rtc.Connection) string { return r.RemoteType }),
	colString("transport", func(r *rtc.Connection) string { return r.Transport }),
	colBool("relay", func(r *rtc.Connection) bool { return r.Relay }),
	colString("peer", func(r *rtc.Connection) string { return r.Peer }),
	colString("local_ufrag", func(r *rtc.Connection) string { return r.LocalUfrag }),
	colString("remote_ufrag", func(r *rtc.Connection) string { return r.RemoteUfrag }),
	colUint64("version", func(r *rtc.Connection) uint64 { return r.Version }),
}

var streamColumns = []column[rtc.Stream]{
	colUint32("app", func(r *rtc.Stream) uint32 { return uint32(r.App) }),
	colUint64("call", func(r *rtc.Stream) uint64 { return uint64(r.Call) }),
	colUint64("session", func(r *rtc.Stream) uint64 { return uint64(r.Session) }),
	colUint32("stream", func(r *rtc.Stream) uint32 { return uint32(r.ID) }),
	colUint16("connection", func(r *rtc.Stream) uint16 { return uint16(r.Connection) }),
	colEnum("direction", typeDirection, func(r *rtc.Stream) uint8 { return uint8(r.Direction) }),
	colEnum("kind", typeMediaKind, func(r *rtc.Stream) uint8 { return uint8(r.Kind) }),
	colString("report_id", func(r *rtc.Stream) string { return r.ReportID }),
	colUint32("ssrc", func(r *rtc.Stream) uint32 { return r.SSRC }),
	colString("mid", func(r *rtc.Stream) string { return r.MID }),
	colString("rid", func(r *rtc.Stream) string { return r.RID }),
	colString("track", func(r *rtc.Stream) string { return r.Track }),
	colString("label", func(r *rtc.Stream) string { return r.Label }),
	colString("remote_user", func(r *rtc.Stream) string { return r.RemoteUser }),
	colString("remote_basis", func(r *rtc.Stream) string { return r.RemoteBasis }),
	colString("codec", func(r *rtc.Stream) string { return r.Codec }),
	colTime("start", func(r *rtc.Stream) time.Time { return r.Start }),
	colTime("end", func(r *rtc.Stream) time.Time { return r.End }),
	colUint64("samples", func(r *rtc.Stream) uint64 { return r.Samples }),
	colInt64("packets", func(r *rtc.Stream) int64 { return r.Packets }),
	colInt64("packets_lost", func(r *rtc.Stream) int64 { return r.PacketsLost }),
	colInt64("bytes", func(r *rtc.Stream) int64 { return r.Bytes }),
	colUint64("version", func(r *rtc.Stream) uint64 { return r.Version }),
}

var eventColumns = []column[rtc.Event]{
	colUint32("app", func(r *rtc.Event) uint32 { return uint32(r.App) }),
	colUint64("call", func(r *rtc.Event) uint64 { return uint64(r.Call) }),
	colTime("time", func(r *rtc.Event) time.Time { return r.Time }),
	colUint64("session", func(r *rtc.Event) uint64 { return uint64(r.Session) }),
	colUint32("index", func(r *rtc.Event) uint32 { return r.Index }),
	colEnum("kind", typeEventKind, func(r *rtc.Event) uint8 { return uint8(r.Kind) }),
	colUint16("connection", func(r *rtc.Event) uint16 { return uint16(r.Connection) }),
	colUint32("stream", func(r *rtc.Event) uint32 { return uint32(r.Stream) }),
	colEnum("severity", typeSeverity, func(r *rtc.Event) uint8 { return uint8(r.Severity) }),
	colString("name", func(r *rtc.Event) string { return r.Name }),
	colString("corr", func(r *rtc.Event) string { return r.Corr }),
	colString("value", func(r *rtc.Event) string { return r.Value }),
}

// What a waiting row takes in memory, its fixed part and its texts: what
// Backlog counts.
const (
	callBytes       = 160
	sessionBytes    = 480
	connectionBytes = 300
	streamBytes     = 300
	eventBytes      = 128
)

// Call takes a call's newest row.
func (s *Store) Call(r *rtc.Call) {
	s.calls.append(uint64(r.ID), callBytes+len(r.Room)+len(r.RoomName), func(b *rowBuffer[rtc.Call]) { b.rows = append(b.rows, *r) })
}

// Session takes a session's newest row.
func (s *Store) Session(r *rtc.Session) {
	row := *r
	row.Keys = maps.Clone(r.Keys)
	size := sessionBytes + len(r.UserAgent) + len(r.Page) + len(r.User) + len(r.UserName) + len(r.Dump)
	for k, v := range row.Keys {
		size += len(k) + len(v) + 64
	}
	s.sessions.append(uint64(r.ID), size, func(b *rowBuffer[rtc.Session]) { b.rows = append(b.rows, row) })
}

// Connection takes a peer connection's newest row.
func (s *Store) Connection(r *rtc.Connection) {
	s.connections.append(uint64(r.Session), connectionBytes, func(b *rowBuffer[rtc.Connection]) { b.rows = append(b.rows, *r) })
}

// Stream takes a stream's newest row.
func (s *Store) Stream(r *rtc.Stream) {
	size := streamBytes + len(r.ReportID) + len(r.Track) + len(r.Label)
	s.streams.append(uint64(r.Session), size, func(b *rowBuffer[rtc.Stream]) { b.rows = append(b.rows, *r) })
}

// Event takes an event.
func (s *Store) Event(r *rtc.Event) {
	size := eventBytes + len(r.Name) + len(r.Corr) + len(r.Value)
	s.events.append(uint64(r.Session), size, func(b *rowBuffer[rtc.Event]) { b.rows = append(b.rows, *r) })
}

// Sample takes a sample.
func (s *Store) Sample(r *rtc.Sample) {
	s.samples.append(uint64(r.Session), sampleBytes+4*len(r.Values), func(b *sampleBuffer) { b.add(r) })
}
