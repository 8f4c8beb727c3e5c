package query

import (
	"context"
	"strings"
	"time"

	"github.com/ClickHouse/ch-go/proto"

	"github.com/peerglass/peerglass/rtc"
	"github.com/peerglass/peerglass/store/clickhouse"
)

// field says how one column of an answer is asked for and where it goes in a
// row of type T.
type field[T any] struct {
	expr string // of the SELECT list, with the type that bind expects
	bind func() (proto.ColResult, func(row int, t *T))
}

func fromUint64[T any](column string, set func(*T, uint64)) field[T] {
	return field[T]{"toUInt64(" + column + ")", func() (proto.ColResult, func(int, *T)) {
		c := new(proto.ColUInt64)
		return c, func(i int, t *T) { set(t, (*c)[i]) }
	}}
}

func fromInt64[T any](column string, set func(*T, int64)) field[T] {
	return field[T]{"toInt64(" + column + ")", func() (proto.ColResult, func(int, *T)) {
		c := new(proto.ColInt64)
		return c, func(i int, t *T) { set(t, (*c)[i]) }
	}}
}

func fromBool[T any](column string, set func(*T, bool)) field[T] {
	return field[T]{"toUInt8(" + column + ")", func() (proto.ColResult, func(int, *T)) {
		c := new(proto.ColUInt8)
		return c, func(i int, t *T) { set(t, (*c)[i] != 0) }
	}}
}

// fromText reads plain and low-cardinality texts alike.
func fromText[T any](column string, set func(*T, string)) field[T] {
	return field[T]{"CAST(" + column + ", 'String')", func() (proto.ColResult, func(int, *T)) {
		c := new(proto.ColStr)
		return c, func(i int, t *T) { set(t, c.Row(i)) }
	}}
}

// fromTime reads an instant; 1970 is the zero time.
func fromTime[T any](column string, set func(*T, time.Time)) field[T] {
	return field[T]{"toUnixTimestamp64Milli(" + column + ")", func() (proto.ColResult, func(int, *T)) {
		c := new(proto.ColInt64)
		return c, func(i int, t *T) { set(t, instant((*c)[i])) }
	}}
}

func fromMap[T any](column string, set func(*T, map[string]string)) field[T] {
	return field[T]{column, func() (proto.ColResult, func(int, *T)) {
		c := proto.NewMap[string, string](new(proto.ColStr), new(proto.ColStr))
		return c, func(i int, t *T) {
			if m := c.Row(i); len(m) > 0 {
				set(t, m)
			}
		}
	}}
}

func instant(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// list writes the SELECT list of fields.
func list[T any](fields []field[T]) string {
	exprs := make([]string, len(fields))
	for i, f := range fields {
		exprs[i] = f.expr
	}
	return strings.Join(exprs, ", ")
}

// ask reads the rows of a statement whose SELECT list is that of fields.
func ask[T any](ctx context.Context, db *clickhouse.Client, q clickhouse.Question, fields []field[T]) ([]T, error) {
	columns := make(proto.Results, len(fields))
	set := make([]func(int, *T), len(fields))
	for i, f := range fields {
		columns[i].Data, set[i] = f.bind()
	}
	var all []T
	err := db.Select(ctx, q, columns, func(rows int) error {
		for i := range rows {
			var t T
			for _, s := range set {
				s(i, &t)
			}
			all = append(all, t)
		}
		return nil
	})
	return all, explain(err)
}

var callFields = []field[rtc.Call]{
	fromUint64("app", func(r *rtc.Call, v uint64) { r.App = rtc.AppID(v) }),
	fromUint64("call", func(r *rtc.Call, v uint64) { r.ID = rtc.CallID(v) }),
	fromText("room", func(r *rtc.Call, v string) { r.Room = v }),
	fromText("room_name", func(r *rtc.Call, v string) { r.RoomName = v }),
	fromTime("start", func(r *rtc.Call, v time.Time) { r.Start = v }),
	fromTime("end", func(r *rtc.Call, v time.Time) { r.End = v }),
	fromInt64("users", func(r *rtc.Call, v int64) { r.Users = int(v) }),
	fromInt64("sessions", func(r *rtc.Call, v int64) { r.Sessions = int(v) }),
	fromInt64("peak", func(r *rtc.Call, v int64) { r.Peak = int(v) }),
	fromUint64("version", func(r *rtc.Call, v uint64) { r.Version = v }),
}

var sessionFields = []field[rtc.Session]{
	fromUint64("app", func(r *rtc.Session, v uint64) { r.App = rtc.AppID(v) }),
	fromUint64("call", func(r *rtc.Session, v uint64) { r.Call = rtc.CallID(v) }),
	fromUint64("session", func(r *rtc.Session, v uint64) { r.ID = rtc.SessionID(v) }),
	fromText("room", func(r *rtc.Session, v string) { r.Room = v }),
	fromText("user", func(r *rtc.Session, v string) { r.User = v }),
	fromText("user_name", func(r *rtc.Session, v string) { r.UserName = v }),
	fromText("role", func(r *rtc.Session, v string) { r.Role = v }),
	fromTime("start", func(r *rtc.Session, v time.Time) { r.Start = v }),
	fromTime("end", func(r *rtc.Session, v time.Time) { r.End = v }),
	fromText("end_reason", func(r *rtc.Session, v string) { r.EndReason = v }),
	fromText("protocol", func(r *rtc.Session, v string) { r.Protocol = v }),
	fromText("client_session", func(r *rtc.Session, v string) { r.ClientSession = v }),
	fromText("sdk", func(r *rtc.Session, v string) { r.SDK = v }),
	fromText("sdk_version", func(r *rtc.Session, v string) { r.SDKVersion = v }),
	fromText("user_agent", func(r *rtc.Session, v string) { r.UserAgent = v }),
	fromText("browser", func(r *rtc.Session, v string) { r.Browser = v }),
	fromText("browser_version", func(r *rtc.Session, v string) { r.BrowserVersion = v }),
	fromText("os", func(r *rtc.Session, v string) { r.OS = v }),
	fromText("device", func(r *rtc.Session, v string) { r.Device = v }),
	fromText("network", func(r *rtc.Session, v string) { r.Network = v }),
	fromText("region", func(r *rtc.Session, v string) { r.Region = v }),
	fromText("carrier", func(r *rtc.Session, v string) { r.Carrier = v }),
	fromText("address", func(r *rtc.Session, v string) { r.Address = v }),
	fromText("page", func(r *rtc.Session, v string) { r.Page = v }),
	fromMap("keys", func(r *rtc.Session, v map[string]string) { r.Keys = v }),
	fromBool("sends", func(r *rtc.Session, v bool) { r.Sends = v }),
	fromBool("receives", func(r *rtc.Session, v bool) { r.Receives = v }),
	fromInt64("clock_offset", func(r *rtc.Session, v int64) { r.ClockOffset = v }),
	fromUint64("records", func(r *rtc.Session, v uint64) { r.Records = v }),
	fromUint64("unknown_members", func(r *rtc.Session, v uint64) { r.UnknownMembers = v }),
	fromText("dump", func(r *rtc.Session, v string) { r.Dump = v }),
	fromUint64("version", func(r *rtc.Session, v uint64) { r.Version = v }),
}

var connectionFields = []field[rtc.Connection]{
	fromUint64("app", func(r *rtc.Connection, v uint64) { r.App = rtc.AppID(v) }),
	fromUint64("call", func(r *rtc.Connection, v uint64) { r.Call = rtc.CallID(v) }),
	fromUint64("session", func(r *rtc.Connection, v uint64) { r.Session = rtc.SessionID(v) }),
	fromUint64("connection", func(r *rtc.Connection, v uint64) { r.ID = rtc.ConnectionID(v) }),
	fromText("label", func(r *rtc.Connection, v string) { r.Label = v }),
	fromTime("start", func(r *rtc.Connection, v time.Time) { r.Start = v }),
	fromTime("end", func(r *rtc.Connection, v time.Time) { r.End = v }),
	fromText("state", func(r *rtc.Connection, v string) { r.State = v }),
	fromTime("connected", func(r *rtc.Connection, v time.Time) { r.Connected = v }),
	fromText("local_type", func(r *rtc.Connection, v string) { r.LocalType = v }),
	fromText("remote_type", func(r *rtc.Connection, v string) { r.RemoteType = v }),
	fromText("transport", func(r *rtc.Connection, v string) { r.Transport = v }),
	fromBool("relay", func(r *rtc.Connection, v bool) { r.Relay = v }),
	fromText("peer", func(r *rtc.Connection, v string) { r.Peer = v }),
	fromText("local_ufrag", func(r *rtc.Connection, v string) { r.LocalUfrag = v }),
	fromText("remote_ufrag", func(r *rtc.Connection, v string) { r.RemoteUfrag = v }),
	fromUint64("version", func(r *rtc.Connection, v uint64) { r.Version = v }),
}

var streamFields = []field[rtc.Stream]{
	fromUint64("app", func(r *rtc.Stream, v uint64) { r.App = rtc.AppID(v) }),
	fromUint64("call", func(r *rtc.Stream, v uint64) { r.Call = rtc.CallID(v) }),
	fromUint64("session", func(r *rtc.Stream, v uint64) { r.Session = rtc.SessionID(v) }),
	fromUint64("stream", func(r *rtc.Stream, v uint64) { r.ID = rtc.StreamID(v) }),
	fromUint64("connection", func(r *rtc.Stream, v uint64) { r.Connection = rtc.ConnectionID(v) }),
	fromInt64("direction", func(r *rtc.Stream, v int64) { r.Direction = rtc.Direction(v) }),
	fromInt64("kind", func(r *rtc.Stream, v int64) { r.Kind = rtc.MediaKind(v) }),
	fromText("report_id", func(r *rtc.Stream, v string) { r.ReportID = v }),
	fromUint64("ssrc", func(r *rtc.Stream, v uint64) { r.SSRC = uint32(v) }),
	fromText("mid", func(r *rtc.Stream, v string) { r.MID = v }),
	fromText("rid", func(r *rtc.Stream, v string) { r.RID = v }),
	fromText("track", func(r *rtc.Stream, v string) { r.Track = v }),
	fromText("label", func(r *rtc.Stream, v string) { r.Label = v }),
	fromText("remote_user", func(r *rtc.Stream, v string) { r.RemoteUser = v }),
	fromText("remote_basis", func(r *rtc.Stream, v string) { r.RemoteBasis = v }),
	fromText("codec", func(r *rtc.Stream, v string) { r.Codec = v }),
	fromTime("start", func(r *rtc.Stream, v time.Time) { r.Start = v }),
	fromTime("end", func(r *rtc.Stream, v time.Time) { r.End = v }),
	fromUint64("samples", func(r *rtc.Stream, v uint64) { r.Samples = v }),
	fromInt64("packets", func(r *rtc.Stream, v int64) { r.Packets = v }),
	fromInt64("packets_lost", func(r *rtc.Stream, v int64) { r.PacketsLost = v }),
	fromInt64("bytes", func(r *rtc.Stream, v int64) { r.Bytes = v }),
	fromUint64("version", func(r *rtc.Stream, v uint64) { r.Version = v }),
}

var eventFields = []field[rtc.Event]{
	fromUint64("app", func(r *rtc.Event, v uint64) { r.App = rtc.AppID(v) }),
	fromUint64("call", func(r *rtc.Event, v uint64) { r.Call = rtc.CallID(v) }),
	fromUint64("session", func(r *rtc.Event, v uint64) { r.Session = rtc.SessionID(v) }),
	fromTime("time", func(r *rtc.Event, v time.Time) { r.Time = v }),
	fromUint64("`index`", func(r *rtc.Event, v uint64) { r.Index = uint32(v) }),
	fromInt64("kind", func(r *rtc.Event, v int64) { r.Kind = rtc.Kind(v) }),
	fromUint64("connection", func(r *rtc.Event, v uint64) { r.Connection = rtc.ConnectionID(v) }),
	fromUint64("stream", func(r *rtc.Event, v uint64) { r.Stream = rtc.StreamID(v) }),
	fromInt64("severity", func(r *rtc.Event, v int64) { r.Severity = rtc.Severity(v) }),
	fromText("name", func(r *rtc.Event, v string) { r.Name = v }),
	fromText("corr", func(r *rtc.Event, v string) { r.Corr = v }),
	fromText("value", func(r *rtc.Event, v string) { r.Value = v }),
}
