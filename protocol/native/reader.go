package native

import (
	"encoding/binary"

	"github.com/peerglass/peerglass/protocol"
)

// reader takes values off the front of b. What does not fit sets bad and
// reads as zero, so that callers check once per group of values.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) byte() byte {
	if len(r.b) == 0 {
		r.bad = true
		return 0
	}
	c := r.b[0]
	r.b = r.b[1:]
	return c
}

func (r *reader) uvarint() uint64 {
	if len(r.b) > 0 && r.b[0] < 0x80 { // most are short
		c := r.b[0]
		r.b = r.b[1:]
		return uint64(c)
	}
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.bad, r.b = true, nil
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *reader) zigzag() int64 {
	v := r.uvarint()
	return int64(v>>1) ^ -int64(v&1)
}

// count reads a number of things, at most limit.
func (r *reader) count(limit int) int {
	n := r.uvarint()
	if n > uint64(limit) {
		r.bad = true
		return 0
	}
	return int(n)
}

func (r *reader) take(n uint64) []byte {
	if n > uint64(len(r.b)) {
		r.bad, r.b = true, nil
		return nil
	}
	b := r.b[:n:n]
	r.b = r.b[n:]
	return b
}

func (r *reader) string() []byte { return r.take(r.uvarint()) }

// mask takes bytes up to and with the first whose high bit is clear.
func (r *reader) mask() []byte {
	for i, c := range r.b {
		if c < 0x80 {
			return r.take(uint64(i + 1))
		}
		if i > protocol.MaxValues/7 {
			break
		}
	}
	r.bad = true
	return nil
}

// validJSON reports whether b is one JSON value (RFC 8259), nested at most
// protocol.MaxDepth deep. It neither allocates nor recurses.
func validJSON(b []byte) bool {
	var (
		object [protocol.MaxDepth]bool // which of the open values are objects
		depth  int
		i      int
	)
	space := func() {
		for i < len(b) && (b[i] == ' ' || b[i] == '\t' || b[i] == '\n' || b[i] == '\r') {
			i++
		}
	}
	open := func(isObject bool) bool {
		if depth == len(object) {
			return false
		}
		object[depth], depth, i = isObject, depth+1, i+1
		return true
	}
	key := func() bool { // "name" :
		space()
		if !skipString(b, &i) {
			return false
		}
		space()
		if i >= len(b) || b[i] != ':' {
			return false
		}
		i++
		return true
	}
	for {
		space() // a value is due
		if i >= len(b) {
			return false
		}
		closed := false
		switch c := b[i]; {
		case c == '{':
			if !open(true) {
				return false
			}
			space()
			if i < len(b) && b[i] == '}' {
				closed = true
			} else if !key() {
				return false
			} else {
				continue
			}
		case c == '[':
			if !open(false) {
				return false
			}
			space()
			if i < len(b) && b[i] == ']' {
				closed = true
			} else {
				continue
			}
		case c == '"':
			if !skipString(b, &i) {
				return false
			}
		case c == '-' || c >= '0' && c <= '9':
			if !skipNumber(b, &i) {
				return false
			}
		default:
			if !skipWord(b, &i) {
				return false
			}
		}
		for { // a value is done: what follows it?
			if closed {
				closed, depth, i = false, depth-1, i+1
			}
			space()
			if depth == 0 {
				return i == len(b)
			}
			if i >= len(b) {
				return false
			}
			switch {
			case b[i] == ',':
				i++
				if object[depth-1] && !key() {
					return false
				}
			case b[i] == '}' && object[depth-1], b[i] == ']' && !object[depth-1]:
				closed = true
				continue
			default:
				return false
			}
			break
		}
	}
}

func skipString(b []byte, at *int) bool {
	i := *at
	if i >= len(b) || b[i] != '"' {
		return false
	}
	for i++; i < len(b); i++ {
		switch c := b[i]; {
		case c == '"':
			*at = i + 1
			return true
		case c < ' ':
			return false
		case c == '\\':
			if i++; i >= len(b) {
				return false
			}
			switch b[i] {
			case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
			case 'u':
				if i+4 >= len(b) {
					return false
				}
				for j := 1; j <= 4; j++ {
					if c := b[i+j]; (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'f') {
						return false
					}
				}
				i += 4
			default:
				return false
			}
		}
	}
	return false
}

func skipNumber(b []byte, at *int) bool {
	i := *at
	digits := func() bool {
		from := i
		for i < len(b) && b[i] >= '0' && b[i] <= '9' {
			i++
		}
		return i > from
	}
	if b[i] == '-' {
		i++
	}
	if i < len(b) && b[i] == '0' {
		i++
	} else if !digits() {
		return false
	}
	if i < len(b) && b[i] == '.' {
		i++
		if !digits() {
			return false
		}
	}
	if i < len(b) && b[i]|0x20 == 'e' {
		i++
		if i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		if !digits() {
			return false
		}
	}
	*at = i
	return true
}

func skipWord(b []byte, at *int) bool {
	for _, word := range [...]string{"true", "false", "null"} {
		if rest := b[*at:]; len(rest) >= len(word) && string(rest[:len(word)]) == word {
			*at += len(word)
			return true
		}
	}
	return false
}
