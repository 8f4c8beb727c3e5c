package settings

import (
	"fmt"

	"github.com/peerglass/peerglass/rtc"
)

// Error is a refusal that its cause should be told of.
type Error struct {
	Code  string // for machines
	What  string // one sentence for people: the cause and a way out
	Cause error  // for operators; may be nil

	// App is whose key was refused, where that is known: its log tells of it.
	App rtc.AppID
}

// The codes. Those from CodeUnknownKey on are what ingest answers with.
const (
	CodeNotFound    = "not_found"
	CodeConflict    = "conflict"
	CodeInvalid     = "invalid"
	CodeCredentials = "credentials"

	CodeUnknownKey = "unknown_key"
	CodeRevokedKey = "revoked_key"
	CodeDisabled   = "app_disabled"
	CodeOrigin     = "origin_refused"

	CodeTokenMalformed  = "token_malformed"
	CodeTokenExpired    = "token_expired"
	CodeTokenNotYet     = "token_not_yet"
	CodeTokenSignature  = "token_signature"
	CodeTokenKeyUnknown = "token_key_unknown" // signed with a public key that is not registered, or revoked
	CodeTokenApp        = "token_app"         // another app's
	CodeTokenReplayed   = "token_replayed"    // one-time, and used by another session
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

// of says whose key was refused.
func (e *Error) of(app rtc.AppID) *Error {
	e.App = app
	return e
}
