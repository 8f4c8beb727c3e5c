package clickhouse

import (
	"strconv"
	"strings"
)

// Param is a value bound to a place {name:Type} in a statement.
type Param struct{ name, value string }

// Uint binds an unsigned integer, for a place of any such type.
func Uint[T ~uint8 | ~uint16 | ~uint32 | ~uint64](name string, v T) Param {
	return Param{name, strconv.FormatUint(uint64(v), 10)}
}

// Int binds a signed integer.
func Int[T ~int | ~int32 | ~int64](name string, v T) Param {
	return Param{name, strconv.FormatInt(int64(v), 10)}
}

// Float binds a floating-point number.
func Float(name string, v float64) Param {
	return Param{name, strconv.FormatFloat(v, 'g', -1, 64)}
}

// Bool binds 0 or 1, for a place of type UInt8.
func Bool(name string, v bool) Param {
	if v {
		return Param{name, "1"}
	}
	return Param{name, "0"}
}

// String binds a text. The server reads parameters in its escaped form.
func String(name, v string) Param { return Param{name, escaped.Replace(v)} }

// Uints binds a list, for a place of type Array(UInt…).
func Uints[T ~uint8 | ~uint16 | ~uint32 | ~uint64](name string, v []T) Param {
	b := []byte{'['}
	for i, x := range v {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendUint(b, uint64(x), 10)
	}
	return Param{name, string(append(b, ']'))}
}

// Ints binds a list, for a place of type Array(Int64).
func Ints(name string, v []int64) Param {
	b := []byte{'['}
	for i, x := range v {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(b, x, 10)
	}
	return Param{name, string(append(b, ']'))}
}

// Strings binds a list of texts, for a place of type Array(String).
func Strings(name string, v []string) Param {
	quoted := make([]string, len(v))
	for i, x := range v {
		quoted[i] = "'" + escaped.Replace(x) + "'"
	}
	return Param{name, "[" + strings.Join(quoted, ",") + "]"}
}

// escaped writes a text as the server's TabSeparated format has it.
var escaped = strings.NewReplacer(
	"\\", "\\\\", "\t", "\\t", "\n", "\\n", "\r", "\\r", "\b", "\\b", "\f", "\\f", "\x00", "\\0", "'", "\\'")
