package engine

import (
	"net/http"
	"strconv"
	"strings"
)

// exception is an error of the engine in ClickHouse's own words:
// "Code: 60. DB::Exception: … (UNKNOWN_TABLE)".
type exception struct {
	code int
	text string
}

func (e *exception) Error() string { return e.text }

// Codes of ClickHouse's src/Common/ErrorCodes.cpp that the HTTP status
// depends on, or that this package raises itself.
const (
	codeUnknownTable    = 60
	codeSyntax          = 62
	codeUnknownDatabase = 81
	codeUnknownSetting  = 115
	codeCannotRead      = 33
	codeTimeout         = 159
	codeReadonly        = 164
	codeTooMany         = 202
	codeMemory          = 241
	codeNoSpace         = 243
	codeUnknown         = 1002
)

// newException reads the code from the engine's text and puts texts that
// carry none into the same form, so that every client parses them alike.
func newException(text string) *exception {
	text = strings.TrimSpace(text)
	if i := strings.Index(text, "Code: "); i >= 0 {
		rest := text[i+len("Code: "):]
		if end := strings.IndexByte(rest, '.'); end > 0 {
			if code, err := strconv.Atoi(rest[:end]); err == nil {
				return &exception{code, text[i:]}
			}
		}
	}
	return raise(codeUnknown, text)
}

// raise makes an exception of our own in ClickHouse's form.
func raise(code int, text string) *exception {
	return &exception{code, "Code: " + strconv.Itoa(code) + ". DB::Exception: " + text}
}

// status is the HTTP status, following the choices of ClickHouse's own HTTP
// handler where a client could tell the difference.
func (e *exception) status() int {
	switch e.code {
	case codeUnknownTable, codeUnknownDatabase:
		return http.StatusNotFound
	case codeSyntax, codeUnknownSetting, 6, 26, 27, 36, 41, 42, 43, 44, 46, 47, 53, 69, 70, 72, 73, 456, 457:
		return http.StatusBadRequest
	case codeTooMany:
		return http.StatusServiceUnavailable
	case codeTimeout:
		return http.StatusRequestTimeout
	case codeNoSpace:
		return http.StatusInsufficientStorage
	default:
		return http.StatusInternalServerError
	}
}
