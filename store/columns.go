package store

import (
	"maps"
	"slices"
	"time"

	"github.com/ClickHouse/ch-go/proto"
)

// column says how one column of a table is written from rows of type T, in
// ClickHouse's Native format. It is explicit rather than reflected: a row
// costs a call per column and nothing else.
type column[T any] struct {
	name  string
	typ   string // as the block names it; the server converts to the table's type
	write func(b *proto.Buffer, parts [][]T)
}

func each[T any](name, typ string, put func(*proto.Buffer, *T)) column[T] {
	return column[T]{name, typ, func(b *proto.Buffer, parts [][]T) {
		for _, rows := range parts {
			for i := range rows {
				put(b, &rows[i])
			}
		}
	}}
}

func colUint64[T any](name string, get func(*T) uint64) column[T] {
	return each(name, "UInt64", func(b *proto.Buffer, r *T) { b.PutUInt64(get(r)) })
}

func colUint32[T any](name string, get func(*T) uint32) column[T] {
	return each(name, "UInt32", func(b *proto.Buffer, r *T) { b.PutUInt32(get(r)) })
}

func colUint16[T any](name string, get func(*T) uint16) column[T] {
	return each(name, "UInt16", func(b *proto.Buffer, r *T) { b.PutUInt16(get(r)) })
}

func colInt64[T any](name string, get func(*T) int64) column[T] {
	return each(name, "Int64", func(b *proto.Buffer, r *T) { b.PutInt64(get(r)) })
}

// colEnum writes an enumeration by its number, under the table's own type.
func colEnum[T any](name, typ string, get func(*T) uint8) column[T] {
	return each(name, typ, func(b *proto.Buffer, r *T) { b.PutUInt8(get(r)) })
}

func colBool[T any](name string, get func(*T) bool) column[T] {
	return each(name, "Bool", func(b *proto.Buffer, r *T) { b.PutBool(get(r)) })
}

// colFloat32 writes a figure; NaN was not measured.
func colFloat32[T any](name string, get func(*T) float32) column[T] {
	return each(name, "Float32", func(b *proto.Buffer, r *T) { b.PutFloat32(get(r)) })
}

func colString[T any](name string, get func(*T) string) column[T] {
	return each(name, "String", func(b *proto.Buffer, r *T) { b.PutString(get(r)) })
}

// colTime writes an instant; the zero time is 1970.
func colTime[T any](name string, get func(*T) time.Time) column[T] {
	return each(name, "DateTime64(3, 'UTC')", func(b *proto.Buffer, r *T) { b.PutInt64(unixMilli(get(r))) })
}

func unixMilli(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// colMap writes texts by text, keys in order so that the same row is always
// the same bytes.
func colMap[T any](name string, get func(*T) map[string]string) column[T] {
	return column[T]{name, "Map(String, String)", func(b *proto.Buffer, parts [][]T) {
		var end uint64
		for _, rows := range parts {
			for i := range rows {
				end += uint64(len(get(&rows[i])))
				b.PutUInt64(end)
			}
		}
		entries := func(put func(k, v string)) {
			for _, rows := range parts {
				for i := range rows {
					m := get(&rows[i])
					for _, k := range slices.Sorted(maps.Keys(m)) {
						put(k, m[k])
					}
				}
			}
		}
		entries(func(k, _ string) { b.PutString(k) })
		entries(func(_, v string) { b.PutString(v) })
	}}
}

// colStrings writes lists of texts.
func colStrings[T any](name string, get func(*T) []string) column[T] {
	return column[T]{name, "Array(String)", func(b *proto.Buffer, parts [][]T) {
		var end uint64
		for _, rows := range parts {
			for i := range rows {
				end += uint64(len(get(&rows[i])))
				b.PutUInt64(end)
			}
		}
		for _, rows := range parts {
			for i := range rows {
				for _, text := range get(&rows[i]) {
					b.PutString(text)
				}
			}
		}
	}}
}
