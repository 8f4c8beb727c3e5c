package watchrtc

import (
	"unicode/utf8"

	"github.com/peerglass/peerglass/protocol"
)

// unpacker undoes LZString.compressToEncodedURIComponent: an LZ78 code over
// UTF-16, whose codes grow by a bit each time their number has doubled, six
// bits to a letter, the lowest bit of a code first.
//
// Each phrase of the dictionary is one that was written before and the
// character after it, so that it stands in the output as it is: the dictionary
// holds places in the output and no text of its own.
type unpacker struct {
	in      []byte
	letter  int // place in in of the next letter
	bits    uint32
	left    uint // bits of the current letter that were not read
	phrases []span
	out     []byte
	halves  bool // out has halves of surrogate pairs, three bytes each
}

// span is a place in the output.
type span struct{ from, n uint32 }

// The codes that are no phrases.
const (
	codeByte = iota // a character of 8 bits follows
	codeUnit        // one of 16 bits
	codeEnd
	codes
)

var errPacked = protocol.Errorf(protocol.CodeMalformed, "the message is neither a JSON array nor one that LZ-string has packed, which is what the watchRTC SDK sends")

// letters gives the value of each letter, 255 for what is none.
var letters = func() (table [256]byte) {
	for i := range table {
		table[i] = 255
	}
	for i, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-") {
		table[c] = byte(i)
	}
	table[' '] = table['+'] // forms turn it into a space
	return table
}()

// unpack returns the text as UTF-8; it is valid until the next call. The
// unpacked text has at most protocol.MaxFrame bytes, whatever a short message
// claims.
func (u *unpacker) unpack(packed []byte) ([]byte, error) {
	*u = unpacker{in: packed, phrases: u.phrases[:0], out: u.out[:0]}
	for range codes {
		u.phrases = append(u.phrases, span{}) // their numbers are taken
	}
	width := uint(2)
	room := 1 // codes that still fit into the width
	var last span
	for {
		code, ok := u.read(width)
		if !ok {
			return nil, errPacked // cut off, or a letter of another alphabet
		}
		if code == codeEnd {
			break
		}
		now := span{from: uint32(len(u.out))}
		switch {
		case code == codeByte || code == codeUnit:
			unit, ok := u.read(8 << code)
			if !ok {
				return nil, errPacked
			}
			u.write(unit)
			now.n = uint32(len(u.out)) - now.from
			u.phrases = append(u.phrases, now)
			// The first code is of two bits as if three phrases were there, which
			// they are: it takes no place.
			if last.n > 0 {
				room--
			}
		case int(code) < len(u.phrases):
			p := u.phrases[code]
			u.out = append(u.out, u.out[p.from:p.from+p.n]...)
			now.n = p.n
		case int(code) == len(u.phrases) && last.n > 0:
			// The phrase that is being made: the last one and its own beginning.
			u.out = append(u.out, u.out[last.from:last.from+last.n]...)
			u.out = append(u.out, u.out[last.from:last.from+u.first(last)]...)
			now.n = uint32(len(u.out)) - now.from
		default:
			return nil, errPacked
		}
		if len(u.out) > protocol.MaxFrame {
			return nil, protocol.Errorf(protocol.CodeTooLarge, "a message has more than %d bytes when it is unpacked", protocol.MaxFrame)
		}
		if room == 0 {
			room = 1 << width
			width++
		}
		if last.n > 0 {
			u.phrases = append(u.phrases, span{last.from, last.n + u.first(now)})
			room--
			if room == 0 {
				room = 1 << width
				width++
			}
		} else {
			width, room = 3, 4
		}
		last = now
	}
	if u.halves {
		u.join()
	}
	return u.out, nil
}

// read reads a number of n bits; a text of MaxFrame needs 23.
func (u *unpacker) read(n uint) (number uint32, ok bool) {
	for i := range n {
		if u.left == 0 {
			if u.letter == len(u.in) {
				return 0, false
			}
			value := letters[u.in[u.letter]]
			if value == 255 {
				return 0, false
			}
			u.bits, u.left = uint32(value), 6
			u.letter++
		}
		u.left--
		number |= (u.bits >> u.left & 1) << i
	}
	return number, true
}

// write appends a UTF-16 unit. A half of a surrogate pair is written like any
// character, since phrases may end between the two; join puts them together.
func (u *unpacker) write(unit uint32) {
	switch {
	case unit < 0x80:
		u.out = append(u.out, byte(unit))
	case unit < 0x800:
		u.out = append(u.out, 0xc0|byte(unit>>6), 0x80|byte(unit&0x3f))
	default:
		u.halves = u.halves || unit >= 0xd800 && unit < 0xe000
		u.out = append(u.out, 0xe0|byte(unit>>12), 0x80|byte(unit>>6&0x3f), 0x80|byte(unit&0x3f))
	}
}

// first is the length of the first character of a phrase in the output.
func (u *unpacker) first(p span) uint32 {
	switch c := u.out[p.from]; {
	case c < 0x80:
		return 1
	case c < 0xe0:
		return 2
	}
	return 3
}

// join puts the halves of surrogate pairs together, in place.
func (u *unpacker) join() {
	to := 0
	half := func(at int) (unit rune, ok bool) {
		if at+2 >= len(u.out) || u.out[at] != 0xed || u.out[at+1] < 0xa0 {
			return 0, false
		}
		return 0xd000 | rune(u.out[at+1]&0x3f)<<6 | rune(u.out[at+2]&0x3f), true
	}
	for at := 0; at < len(u.out); {
		high, ok := half(at)
		if !ok {
			u.out[to] = u.out[at]
			at, to = at+1, to+1
			continue
		}
		at += 3
		r := rune(utf8.RuneError)
		if low, ok := half(at); ok && high < 0xdc00 && low >= 0xdc00 {
			r = (high-0xd800)<<10 | (low - 0xdc00) + 0x10000
			at += 3
		}
		to += utf8.EncodeRune(u.out[to:], r)
	}
	u.out = u.out[:to]
}
