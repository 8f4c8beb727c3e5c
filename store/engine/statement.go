package engine

import "strings"

// kind is what the server must know of a statement before it runs it.
type kind int

const (
	kindOther  kind = iota // DDL, ALTER, SET, INSERT … SELECT: run whole
	kindSelect             // its answer can be streamed
	kindShow               // reads, but the library answers it only whole
	kindInsert             // data follows the statement
)

// statement is a statement as far as the HTTP interface must understand it:
// where its text ends and its data begins, and the format of either.
type statement struct {
	kind   kind
	text   string // for kindInsert without the FORMAT or VALUES clause
	format string // as the statement names it; "" if it does not
	data   string // kindInsert: what stands behind the clause
	reads  bool   // the word FROM is in it: it may read tables
	many   bool   // more than one statement
}

// parse finds the parts. It knows ClickHouse's lexical rules (strings, quoted
// names, comments, here-documents, brackets), not its grammar: what it does
// not recognise is kindOther and left to the engine to refuse.
func parse(sql string) statement {
	s := scanner{sql: sql}
	st := statement{text: sql}
	first := s.word()
	switch strings.ToUpper(first) {
	case "SELECT", "WITH", "(":
		st.kind = kindSelect
	case "SHOW", "DESCRIBE", "DESC", "EXPLAIN", "EXISTS", "CHECK":
		st.kind = kindShow
	case "INSERT":
		return s.insert(st)
	}
	if first == ";" {
		st.many = s.word() != ""
		return st
	}
	for {
		switch w := s.word(); {
		case w == "":
			return st
		case w == ";":
			st.many = s.word() != ""
			return st
		case strings.EqualFold(w, "FROM"):
			st.reads = true
		case s.depth == 0 && strings.EqualFold(w, "FORMAT"):
			after := s
			name := after.word()
			if next := after.word(); isName(name) && (next == "" || next == ";" || strings.EqualFold(next, "SETTINGS")) {
				st.format = name
			}
		}
	}
}

// insert reads what follows INSERT.
func (s *scanner) insert(st statement) statement {
	previous := "INSERT"
	for {
		w := s.word()
		start := s.start
		switch {
		case w == "" || w == ";":
			st.kind = kindInsert
			st.text = s.sql[:start]
			if w == ";" {
				st.many = s.word() != ""
			}
			return st
		case s.depth > 0 || previous == "." || strings.EqualFold(previous, "INTO") || strings.EqualFold(previous, "TABLE"):
			// inside brackets, or the name of the table
			if strings.EqualFold(w, "TABLE") || strings.EqualFold(w, "FUNCTION") {
				break
			}
			previous = "name"
			continue
		case strings.EqualFold(w, "SELECT") || strings.EqualFold(w, "WITH") || strings.EqualFold(w, "FROM") || strings.EqualFold(w, "WATCH"):
			return st // kindOther: the engine reads the rows itself
		case strings.EqualFold(w, "VALUES"):
			st.kind, st.format = kindInsert, "Values"
			st.text, st.data = s.sql[:start], s.sql[s.pos:]
			return st
		case strings.EqualFold(w, "FORMAT"):
			name := s.word()
			if !isName(name) {
				return st
			}
			st.kind, st.format = kindInsert, name
			st.text, st.data = s.sql[:start], dataAfterFormat(s.sql[s.pos:])
			return st
		}
		previous = w
	}
}

// dataAfterFormat drops the blank between a format's name and the data, as
// ClickHouse does: spaces, then at most one line end.
func dataAfterFormat(rest string) string {
	rest = strings.TrimLeft(rest, " \t\f")
	rest = strings.TrimPrefix(rest, ";")
	rest = strings.TrimPrefix(rest, "\r")
	return strings.TrimPrefix(rest, "\n")
}

// scanner walks a statement word by word. A word is an unquoted name or
// number, one character of punctuation, or "'" for anything quoted.
type scanner struct {
	sql        string
	start, pos int // of the last word
	depth      int // of brackets, after the last word
}

func (s *scanner) word() string {
	s.blanks()
	s.start = s.pos
	if s.pos >= len(s.sql) {
		return ""
	}
	c := s.sql[s.pos]
	switch {
	case isNameByte(c):
		for s.pos < len(s.sql) && isNameByte(s.sql[s.pos]) {
			s.pos++
		}
		return s.sql[s.start:s.pos]
	case c == '\'' || c == '"' || c == '`':
		s.quoted(c)
		return "'"
	case c == '$':
		if end := strings.IndexByte(s.sql[s.pos+1:], '$'); end >= 0 {
			tag := s.sql[s.pos : s.pos+end+2]
			if isTag(tag) {
				if body := strings.Index(s.sql[s.pos+len(tag):], tag); body >= 0 {
					s.pos += body + 2*len(tag)
					return "'"
				}
			}
		}
	case c == '(' || c == '[' || c == '{':
		s.depth++
	case c == ')' || c == ']' || c == '}':
		s.depth--
	}
	s.pos++
	return s.sql[s.start:s.pos]
}

// blanks skips white space and comments.
func (s *scanner) blanks() {
	for s.pos < len(s.sql) {
		rest := s.sql[s.pos:]
		switch {
		case strings.IndexByte(" \t\r\n\v\f", rest[0]) >= 0:
			s.pos++
		case strings.HasPrefix(rest, "--") || strings.HasPrefix(rest, "# ") || strings.HasPrefix(rest, "#!"):
			if end := strings.IndexByte(rest, '\n'); end >= 0 {
				s.pos += end + 1
			} else {
				s.pos = len(s.sql)
			}
		case strings.HasPrefix(rest, "/*"):
			if end := strings.Index(rest[2:], "*/"); end >= 0 {
				s.pos += end + 4
			} else {
				s.pos = len(s.sql)
			}
		default:
			return
		}
	}
}

// quoted skips a string or quoted name: a backslash escapes, and so does
// doubling the quote (which reads as two strings side by side: the same here).
func (s *scanner) quoted(quote byte) {
	for s.pos++; s.pos < len(s.sql); s.pos++ {
		switch s.sql[s.pos] {
		case '\\':
			s.pos++
		case quote:
			s.pos++
			return
		}
	}
	s.pos = min(s.pos, len(s.sql))
}

func isNameByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c >= 0x80
}

func isName(s string) bool { return s != "" && isNameByte(s[0]) }

func isTag(tag string) bool {
	for i := 1; i < len(tag)-1; i++ {
		if !isNameByte(tag[i]) {
			return false
		}
	}
	return true
}
