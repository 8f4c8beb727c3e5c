package calls

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// token is one word of a line: a bare word, the inside of a "quoted text", or
// a JSON value.
type token struct {
	text   string
	quoted bool
	file   string
	line   int
}

// Error says where in a file something is wrong, and what was expected there.
type Error struct {
	File string
	Line int
	Text string
}

func (e *Error) Error() string { return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Text) }

func (t token) errorf(format string, args ...any) error {
	return &Error{t.file, t.line, fmt.Sprintf(format, args...)}
}

// line is a line that says something.
type line struct {
	file     string
	number   int
	indented bool
	text     string // without indentation and what follows it
	words    []token
}

func (l *line) errorf(format string, args ...any) error {
	return &Error{l.file, l.number, fmt.Sprintf(format, args...)}
}

// scan splits a file into lines that say something. A # that begins a word
// begins a remark.
func scan(file string, src []byte) ([]line, error) {
	var lines []line
	number := 0
	for text := range strings.Lines(string(src)) {
		number++
		l := line{file: file, number: number}
		if !utf8.ValidString(text) {
			return nil, l.errorf("expected text in UTF-8")
		}
		l.text = strings.TrimRight(text, " \t\r\n")
		l.indented = l.text != "" && (l.text[0] == ' ' || l.text[0] == '\t')
		var err error
		if l.words, err = split(&l); err != nil {
			return nil, err
		}
		if len(l.words) > 0 {
			lines = append(lines, l)
		}
	}
	return lines, nil
}

func split(l *line) (words []token, err error) {
	rest := l.text
	for {
		rest = strings.TrimLeft(rest, " \t")
		if rest == "" || rest[0] == '#' {
			return words, nil
		}
		t := token{file: l.file, line: l.number}
		var size int
		switch rest[0] {
		case '"':
			if t.text, size, err = quotedWord(rest); err != nil {
				return nil, l.errorf("%v", err)
			}
			t.quoted = true
		case '{', '[':
			if size = jsonLength(rest); size == 0 {
				return nil, l.errorf("expected a JSON value that ends on its line, got %q", rest)
			}
			t.text = rest[:size]
		default:
			if size = strings.IndexAny(rest, " \t"); size < 0 {
				size = len(rest)
			}
			t.text = rest[:size]
		}
		words = append(words, t)
		rest = rest[size:]
	}
}

// quotedWord reads "a text" with \" and \\ in it and returns how long it was.
func quotedWord(s string) (text string, size int, err error) {
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			if i+1 < len(s) {
				i++
				b.WriteByte(s[i])
			}
		case '"':
			return b.String(), i + 1, nil
		default:
			b.WriteByte(s[i])
		}
	}
	return "", 0, fmt.Errorf("expected a closing \", got %s", s)
}

// jsonLength returns the length of the object or array at the beginning of s,
// 0 if it does not end.
func jsonLength(s string) int {
	depth, inText := 0, false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case inText && c == '\\':
			i++
		case c == '"':
			inText = !inText
		case inText:
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return 0
}

// reader walks the words of a statement.
type reader struct {
	line  *line
	words []token
}

// peek returns the next word, "" at the end. A quoted text is never a keyword.
func (r *reader) peek() string {
	if len(r.words) == 0 || r.words[0].quoted {
		return ""
	}
	return r.words[0].text
}

// take returns the next word if it is that keyword.
func (r *reader) take(keyword string) bool {
	if r.peek() != keyword {
		return false
	}
	r.words = r.words[1:]
	return true
}

// takeAll takes several keywords in a row, or none.
func (r *reader) takeAll(keywords string) bool {
	want := strings.Fields(keywords)
	if len(r.words) < len(want) {
		return false
	}
	for i, w := range want {
		if r.words[i].quoted || r.words[i].text != w {
			return false
		}
	}
	r.words = r.words[len(want):]
	return true
}

// next returns the next word, whatever it is.
func (r *reader) next(expected string) (token, error) {
	if len(r.words) == 0 {
		return token{}, r.line.errorf("expected %s, got the end of the line", expected)
	}
	t := r.words[0]
	r.words = r.words[1:]
	return t, nil
}

func (r *reader) duration() (ms, error) {
	t, err := r.next("a time such as 10s")
	if err != nil {
		return 0, err
	}
	d, err := parseDuration(t.text)
	if err != nil {
		return 0, t.errorf("%v", err)
	}
	return d, nil
}

func (r *reader) number() (float64, error) {
	t, err := r.next("a number")
	if err != nil {
		return 0, err
	}
	v, err := parseNumber(t.text)
	if err != nil {
		return 0, t.errorf("%v", err)
	}
	return v, nil
}

// end refuses what is left of the line.
func (r *reader) end(expected string) error {
	if len(r.words) == 0 {
		return nil
	}
	return r.words[0].errorf("expected %s, got %q", expected, r.words[0].text)
}
