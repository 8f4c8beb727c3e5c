package statsjson

import (
	"encoding/binary"
	"math/bits"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
	"unsafe"

	"github.com/peerglass/peerglass/protocol"
)

// Scanner is a cursor over JSON text, for reading an envelope member by
// member without building anything. Its methods return false at a fault,
// which Err tells; after one, all of them do. The zero value is empty.
type Scanner struct {
	src   []byte
	pos   int
	fault *protocol.Error
}

// NewScanner returns a Scanner at the beginning of src.
func NewScanner(src []byte) Scanner { return Scanner{src: src} }

// Err returns the first fault, a *protocol.Error, or nil.
func (s *Scanner) Err() error {
	if s.fault == nil {
		return nil
	}
	return s.fault
}

// Offset returns how many bytes have been read.
func (s *Scanner) Offset() int { return s.pos }

func (s *Scanner) fail(what string) bool {
	if s.fault == nil {
		s.fault = protocol.Errorf(protocol.CodeMalformed, "invalid JSON at byte %d: %s", s.pos, what)
	}
	return false
}

func (s *Scanner) limit(what string, most int) bool {
	if s.fault == nil {
		s.fault = protocol.Errorf(protocol.CodeLimit, "%s, at byte %d: at most %d are taken", what, s.pos, most)
	}
	return false
}

// Peek skips white space and returns the byte that follows, 0 at the end and
// after a fault. '"', '{' and '[' begin a string, an object and an array.
func (s *Scanner) Peek() byte {
	if s.fault != nil {
		return 0
	}
	for ; s.pos < len(s.src); s.pos++ {
		if c := s.src[s.pos]; c > ' ' || c != ' ' && c != '\n' && c != '\r' && c != '\t' {
			return c
		}
	}
	return 0
}

// Take skips white space and then c, where it is there.
func (s *Scanner) Take(c byte) bool {
	if s.Peek() != c {
		return false
	}
	s.pos++
	return true
}

// Want skips white space and c, which has to be there.
func (s *Scanner) Want(c byte) bool {
	// Compact JSON has no white space: see it without a loop.
	if s.pos < len(s.src) && s.src[s.pos] == c && s.fault == nil {
		s.pos++
		return true
	}
	if s.Take(c) {
		return true
	}
	if s.pos >= len(s.src) {
		return s.fail("it ends too early")
	}
	return s.fail("'" + string(rune(c)) + "' expected")
}

// More steps to the next element of an object or array whose opening bracket
// was taken; open tells its closing one. It returns false at the end, having
// taken the bracket, and at a fault. Pass a fresh first = true.
func (s *Scanner) More(first *bool, closing byte) bool {
	if s.Take(closing) {
		return false
	}
	if *first {
		*first = false
		return s.Peek() != 0 || s.fail("it ends too early")
	}
	if !s.Want(',') {
		return false
	}
	if c := s.Peek(); c == closing {
		return s.fail("an element expected after ','")
	}
	return true
}

// End reports whether nothing but white space is left; otherwise it is a
// fault.
func (s *Scanner) End() bool {
	if s.Peek() != 0 || s.pos < len(s.src) {
		return s.fail("more follows after the value")
	}
	return s.fault == nil
}

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// special has the high bit set in the byte lanes of w that end a plain run of
// a string: '"', '\\' and control characters. Lanes above the lowest one set
// may be set wrongly, so only the lowest counts.
func special(w uint64) uint64 {
	quote := w ^ (ones * '"')
	slash := w ^ (ones * '\\')
	return ((quote-ones)&^quote | (slash-ones)&^slash | (w-ones*0x20)&^w) & highs
}

// plain returns the index of the first byte of b, from i on, that ends a
// plain run of a string; len(b) where there is none.
func plain(b []byte, i int) int {
	for ; i+8 <= len(b); i += 8 {
		if m := special(binary.LittleEndian.Uint64(b[i:])); m != 0 {
			return i + bits.TrailingZeros64(m)>>3
		}
	}
	for ; i < len(b); i++ {
		if c := b[i]; c == '"' || c == '\\' || c < 0x20 {
			return i
		}
	}
	return i
}

// String reads a string and returns it unescaped. It borrows from the source;
// where it has escapes, they are resolved at the end of *arena, which it then
// borrows from.
func (s *Scanner) String(arena *[]byte) ([]byte, bool) {
	if !s.Want('"') {
		return nil, false
	}
	from := s.pos
	end := plain(s.src, from)
	if end < len(s.src) && s.src[end] == '"' {
		s.pos = end + 1
		return s.src[from:end:end], true
	}
	start := len(*arena)
	if !s.unescape(arena) {
		return nil, false
	}
	return (*arena)[start:len(*arena):len(*arena)], true
}

// RawString reads a string and returns it with its quotes, as it stands.
func (s *Scanner) RawString() ([]byte, bool) {
	s.Peek()
	from := s.pos
	if !s.skipString() {
		return nil, false
	}
	return s.src[from:s.pos:s.pos], true
}

// Unescape reads a string and appends it unescaped to *buf, which keeps its
// memory from one use to the next: for JSON within a JSON string.
func (s *Scanner) Unescape(buf *[]byte) bool { return s.Want('"') && s.unescape(buf) }

// unescape appends the rest of a string, up to and with its closing quote.
func (s *Scanner) unescape(buf *[]byte) bool {
	dst := *buf
	defer func() { *buf = dst }()
	src, i := s.src, s.pos
	for {
		// Whole words are copied while they are plain; the last one is copied
		// as well, and then counts up to its first special byte.
		for i+8 <= len(src) {
			w := binary.LittleEndian.Uint64(src[i:])
			m := special(w)
			dst = binary.LittleEndian.AppendUint64(dst, w)
			if m != 0 {
				n := bits.TrailingZeros64(m) >> 3
				dst, i = dst[:len(dst)-8+n], i+n
				break
			}
			i += 8
		}
		if i+8 > len(src) {
			end := plain(src, i)
			dst, i = append(dst, src[i:end]...), end
		}
		if i >= len(src) {
			s.pos = i
			return s.fail("a string does not end")
		}
		switch src[i] {
		case '"':
			s.pos = i + 1
			return true
		case '\\':
			if i+1 < len(src) && (src[i+1] == '"' || src[i+1] == '\\') {
				dst, i = append(dst, src[i+1]), i+2
				continue
			}
			s.pos = i
			r, ok := s.escape()
			if !ok {
				return false
			}
			dst, i = utf8.AppendRune(dst, r), s.pos
		default:
			s.pos = i
			return s.fail("a control character in a string")
		}
	}
}

// escape reads one escape sequence. Half a surrogate pair is the replacement
// character.
func (s *Scanner) escape() (rune, bool) {
	b := s.src[s.pos:]
	if len(b) < 2 {
		return 0, s.fail("a string does not end")
	}
	switch b[1] {
	case '"', '\\', '/':
		s.pos += 2
		return rune(b[1]), true
	case 'b', 'f', 'n', 'r', 't':
		s.pos += 2
		return rune("\b\f\n\r\t"[indexOf("bfnrt", b[1])]), true
	case 'u':
		r, ok := hex4(b)
		if !ok {
			break
		}
		s.pos += 6
		if utf16.IsSurrogate(r) {
			low, ok := hex4(s.src[s.pos:])
			if pair := utf16.DecodeRune(r, low); ok && pair != utf8.RuneError {
				s.pos += 6
				return pair, true
			}
			return utf8.RuneError, true
		}
		return r, true
	}
	return 0, s.fail("an escape that JSON does not have")
}

func indexOf(s string, c byte) int {
	for i := range len(s) {
		if s[i] == c {
			return i
		}
	}
	return -1
}

// hex4 reads \uXXXX.
func hex4(b []byte) (rune, bool) {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return 0, false
	}
	var r rune
	for _, c := range b[2:6] {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}

// Powers of ten that a double holds exactly.
var pow10 = [...]float64{1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22}

// Number reads a number: the double that is nearest to it, and its digits as
// they stand.
func (s *Scanner) Number() (float64, []byte, bool) {
	s.Peek()
	b, from := s.src, s.pos
	i := from
	negative := i < len(b) && b[i] == '-'
	if negative {
		i++
	}
	// Up to 19 digits fit into the mantissa; where there are more, or the
	// result would not be exact, strconv reads it.
	var mantissa uint64
	digits, exponent := 0, 0
	first := i
	for ; i < len(b) && b[i]-'0' <= 9; i++ {
		mantissa = mantissa*10 + uint64(b[i]-'0')
	}
	digits = i - first
	if digits == 0 || digits > 1 && b[first] == '0' {
		s.pos = i
		return 0, nil, s.fail("a value expected")
	}
	if i < len(b) && b[i] == '.' {
		i++
		point := i
		for ; i < len(b) && b[i]-'0' <= 9; i++ {
			mantissa = mantissa*10 + uint64(b[i]-'0')
		}
		if i == point {
			s.pos = i
			return 0, nil, s.fail("a digit expected after the point")
		}
		exponent = point - i
		digits += i - point
	}
	if i < len(b) && b[i]|0x20 == 'e' {
		i++
		sign := 1
		if i < len(b) && (b[i] == '+' || b[i] == '-') {
			if b[i] == '-' {
				sign = -1
			}
			i++
		}
		from, e := i, 0
		for ; i < len(b) && b[i]-'0' <= 9; i++ {
			e = min(e*10+int(b[i]-'0'), 9999)
		}
		if i == from {
			s.pos = i
			return 0, nil, s.fail("a digit expected in the exponent")
		}
		exponent += sign * e
	}
	text := b[from:i:i]
	s.pos = i
	var f float64
	switch {
	case digits > 19 || mantissa > 1<<53 || exponent > 22 || exponent < -22:
		var err error
		// ParseFloat neither keeps nor changes the string.
		if f, err = strconv.ParseFloat(unsafe.String(&text[0], len(text)), 64); err != nil {
			return 0, nil, s.fail("a number that is too large")
		}
		return f, text, true
	case exponent < 0:
		f = float64(mantissa) / pow10[-exponent]
	default:
		f = float64(mantissa) * pow10[exponent]
	}
	if negative {
		f = -f
	}
	return f, text, true
}

// Raw reads any value and returns it as it stands, having found that it is
// well formed and not nested deeper than protocol.MaxDepth.
func (s *Scanner) Raw() ([]byte, bool) {
	s.Peek()
	from := s.pos
	if !s.skip(1) {
		return nil, false
	}
	return s.src[from:s.pos:s.pos], true
}

// Literal reads true, false or null and returns its first letter.
func (s *Scanner) Literal() (byte, bool) {
	c := s.Peek()
	word := ""
	switch c {
	case 't':
		word = "true"
	case 'f':
		word = "false"
	case 'n':
		word = "null"
	}
	if end := s.pos + len(word); word == "" || end > len(s.src) || string(s.src[s.pos:end]) != word {
		return 0, s.fail("a value expected")
	}
	s.pos += len(word)
	return c, true
}

func (s *Scanner) skip(depth int) bool {
	if depth > protocol.MaxDepth {
		return s.limit("nested too deeply", protocol.MaxDepth)
	}
	switch c := s.Peek(); c {
	case '"':
		return s.skipString()
	case '{', '[':
		s.pos++
		closing := c + 2 // '{' + 2 is '}', '[' + 2 is ']'
		for first := true; s.More(&first, closing); {
			if c == '{' && (!s.skipString() || !s.Want(':')) {
				return false
			}
			if !s.skip(depth + 1) {
				return false
			}
		}
		return s.fault == nil
	case 't', 'f', 'n':
		_, ok := s.Literal()
		return ok
	default:
		_, _, ok := s.Number()
		return ok
	}
}

func (s *Scanner) skipString() bool {
	if s.Peek() == 0 || !s.Want('"') {
		return s.fail("a string expected")
	}
	for {
		s.pos = plain(s.src, s.pos)
		if s.pos >= len(s.src) {
			return s.fail("a string does not end")
		}
		switch s.src[s.pos] {
		case '"':
			s.pos++
			return true
		case '\\':
			if _, ok := s.escape(); !ok {
				return false
			}
		default:
			return s.fail("a control character in a string")
		}
	}
}
