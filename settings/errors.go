package settings

import "fmt"

// Error is a refusal that its cause should be told of.
type Error struct {
	Code  string // for machines
	What  string // one sentence for people: the cause and a way out
	Cause error  // for operators; may be nil
}

// The codes. Those from CodeUnknownKey on are what ingest answers with.
const (
	CodeNotFound    = "not_found"
	CodeConflict    = "conflict"
	CodeInvalid     = "invalid"
	CodeCredentials = "credentials"

	CodeUnknownKey     = "unknown_key"
	CodeRevokedKey     = "revoked_key"
	CodeDisabled       = "app_disabled"
	CodeOrigin         = "origin_refused"
	CodeTokenMalformed = "token_malformed"
	CodeTokenExpired   = "token_expired"
	CodeTokenEarly     = "token_early"
	CodeTokenSignature = "token_signature"
	CodeTokenApp       = "token_app"
)

func (e *Error) Error() string {
	if e.Cause != nil {
		return e.What + ": " + e.Cause.Error()
	}
	return e.What
}

func (e *Error) Unwrap() error { return e.Cause }

// Is reports whether target is an *Error of the same code, so that
// errors.Is(err, &Error{Code: CodeNotFound}) asks for the code.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code && t.What == ""
}

func refuse(code, format string, args ...any) *Error {
	return &Error{Code: code, What: fmt.Sprintf(format, args...)}
}
