package watchrtc

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/peerglass/peerglass/protocol"
)

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-"

// packer writes codes as the client's packer does.
type packer struct {
	strings.Builder
	letter, filled int
	width, room    int
}

func newPacker() *packer { return &packer{width: 2, room: 2} }

// bits writes a number of n bits, the lowest first.
func (p *packer) bits(value, n int) {
	for i := range n {
		p.letter, p.filled = p.letter<<1|value>>i&1, p.filled+1
		if p.filled == 6 {
			p.WriteByte(alphabet[p.letter])
			p.letter, p.filled = 0, 0
		}
	}
}

// grow counts a code that the dictionary has more.
func (p *packer) grow() {
	if p.room--; p.room == 0 {
		p.room = 1 << p.width
		p.width++
	}
}

// literal writes a character that was not there before.
func (p *packer) literal(unit uint16) {
	if unit < 256 {
		p.bits(codeByte, p.width)
		p.bits(int(unit), 8)
	} else {
		p.bits(codeUnit, p.width)
		p.bits(int(unit), 16)
	}
	p.grow()
	p.grow()
}

// phrase writes the number of a phrase.
func (p *packer) phrase(code int) {
	p.bits(code, p.width)
	p.grow()
}

// end ends the text and returns it.
func (p *packer) end() string {
	p.bits(codeEnd, p.width)
	p.WriteByte(alphabet[p.letter<<(6-p.filled)&63])
	return p.String()
}

// pack packs a text: each phrase is the longest that the dictionary has, and
// what is made of it and the next character goes into the dictionary.
func pack(text string) string {
	p, next := newPacker(), codes
	dictionary, fresh := map[string]int{}, map[string]bool{}
	key := func(units []uint16) string {
		var b []byte
		for _, u := range units {
			b = append(b, byte(u>>8), byte(u))
		}
		return string(b)
	}
	emit := func(phrase []uint16) {
		if k := key(phrase); fresh[k] {
			delete(fresh, k)
			p.literal(phrase[0])
		} else {
			p.phrase(dictionary[k])
		}
	}
	units := utf16.Encode([]rune(text))
	var phrase []uint16
	for i := range units {
		if k := key(units[i : i+1]); dictionary[k] == 0 {
			dictionary[k], fresh[k] = next, true
			next++
		}
		longer := append(phrase[:len(phrase):len(phrase)], units[i])
		if dictionary[key(longer)] != 0 {
			phrase = longer
			continue
		}
		emit(phrase)
		dictionary[key(longer)] = next
		next++
		phrase = units[i : i+1 : i+1]
	}
	if len(phrase) > 0 {
		emit(phrase)
	}
	return p.end()
}

// bomb is a text of one letter, 1 + 2 + … + n times, in n codes: each stands
// for the phrase that it makes itself.
func bomb(n int) []byte {
	p := newPacker()
	p.literal('a')
	for code := range n - 1 {
		p.phrase(codes + 1 + code)
	}
	return []byte(p.end())
}

// TestUnpackWhatTheClientPacks reads texts that the client's own packer packed.
func TestUnpackWhatTheClientPacks(t *testing.T) {
	file, err := os.ReadFile("testdata/packed.txt")
	if err != nil {
		t.Fatal(err)
	}
	var u unpacker
	compared := 0
	for line := range strings.Lines(string(file)) {
		packed, want, ok := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		if !ok {
			t.Fatalf("no line of a packed text and its text: %q", line)
		}
		if got, err := u.unpack([]byte(packed)); err != nil || string(got) != want {
			t.Errorf("%q, %v; want %q", got, err, want)
		}
		if got := pack(want); got != packed {
			t.Errorf("this test packs %q as %q, the client as %q", want, got, packed)
		}
		compared++
	}
	if compared < 5 {
		t.Errorf("only %d texts", compared)
	}
}

func TestPackedTextsThatAreNone(t *testing.T) {
	var u unpacker
	whole := pack(strings.Repeat(`["getstats",`, 10))
	for at := range len(whole) - 1 {
		if text, err := u.unpack([]byte(whole[:at])); err == nil && !strings.HasPrefix(strings.Repeat(`["getstats",`, 10), string(text)) {
			t.Errorf("%d letters give %q", at, text)
		}
	}
	for _, packed := range []string{"", "*", "A*", whole[:len(whole)/2], "____", "$", "Bx"} {
		var fault *protocol.Error
		if text, err := u.unpack([]byte(packed)); !errors.As(err, &fault) || fault.Code != protocol.CodeMalformed {
			t.Errorf("%q gives %q, %v", packed, text, err)
		}
	}
}

// TestABombIsDefused: n codes can stand for n² / 2 characters.
func TestABombIsDefused(t *testing.T) {
	var u unpacker
	var fault *protocol.Error
	if _, err := u.unpack(bomb(100_000)); !errors.As(err, &fault) || fault.Code != protocol.CodeTooLarge {
		t.Errorf("%v, want %s", err, protocol.CodeTooLarge)
	}
	if limit := 4 * protocol.MaxFrame; cap(u.out) > limit {
		t.Errorf("%d bytes were taken for it, at most %d are right", cap(u.out), limit)
	}
	// One that just fits comes out whole.
	const n = 2895
	if got, err := u.unpack(bomb(n)); err != nil || len(got) != n*(n+1)/2 || bytes.Count(got, []byte("a")) != len(got) {
		t.Errorf("%d bytes, %v; want %d", len(got), err, n*(n+1)/2)
	}
}

func TestHalvesOfPairsAreJoined(t *testing.T) {
	var u unpacker
	for _, text := range []string{"😀", "😀😁😂😀😁😂😀😁😂", "a😀é😀é😀中😀", "\ud7ff\ue000\uffff"} {
		if got, err := u.unpack([]byte(pack(text))); err != nil || string(got) != text {
			t.Errorf("%q, %v; want %q", got, err, text)
		}
	}
	u.out, u.halves = []byte("a\xed\xa0\xbdb\xed\xb8\x80\xed\xa0\xbd\xed\xa0\xbd\xed\xb8\x80"), true
	if u.join(); string(u.out) != "a\ufffdb\ufffd\ufffd😀" {
		t.Errorf("halves alone become %q", u.out)
	}
}

func TestUnpackDoesNotAllocate(t *testing.T) {
	packed := []byte(pack(strings.Repeat(`{"bytesReceived":12345,"packetsReceived":678}`, 100)))
	var u unpacker
	if n := testing.AllocsPerRun(10, func() {
		if _, err := u.unpack(packed); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzUnpack(f *testing.F) {
	f.Add([]byte("NoXQzghgLgpgTgGgAT3mZAOArAIkx3AcgB9SB4IrQNBA"), "x")
	f.Add([]byte(pack("😀é中 aaaa")), "😀é中 aaaa")
	f.Fuzz(func(t *testing.T, packed []byte, text string) {
		var u, again unpacker
		out, err := u.unpack(packed)
		if err == nil && len(out) > protocol.MaxFrame+2 {
			t.Errorf("%d bytes", len(out))
		}
		if same, e := again.unpack(packed); (e == nil) != (err == nil) || err == nil && !bytes.Equal(same, out) {
			t.Error("the same letters give something else")
		}
		if len(text) < 1<<12 {
			want := string(utf16.Decode(utf16.Encode([]rune(text))))
			if out, err = u.unpack([]byte(pack(text))); err != nil || string(out) != want {
				t.Errorf("%q, %v; want %q", out, err, want)
			}
		}
	})
}
