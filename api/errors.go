package api

import (
	"context"
	"errors"
	"log/slog"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/peerglass/peerglass/blob"
	"github.com/peerglass/peerglass/protocol"
	"github.com/peerglass/peerglass/query"
	"github.com/peerglass/peerglass/settings"
)

// Error is the one shape in which the API says no.
type Error struct {
	Code    string   `json:"code" example:"not_found" doc:"For machines: does not change with the sentence"`
	Message string   `json:"message" doc:"For people: the cause and a way out"`
	Details []Detail `json:"details,omitempty" doc:"Where the request is wrong, for code invalid"`

	status int
}

// Detail names one fault of a request.
type Detail struct {
	Location string `json:"location" example:"query.limit"`
	Message  string `json:"message"`
}

func (e *Error) Error() string { return e.Message }

// GetStatus returns the HTTP status.
func (e *Error) GetStatus() int { return e.status }

// The codes. A status has one general code; what a program may want to tell
// apart has its own.
const (
	codeInvalid     = "invalid"
	codeUnauthentic = "unauthenticated"
	codePassword    = "password_change_required"
	codeForbidden   = "forbidden"
	codeCrossOrigin = "cross_origin"
	codeNotFound    = "not_found"
	codeConflict    = "conflict"
	codeTooLarge    = "too_large"
	codeTooMany     = "too_many_requests"
	codeTooHeavy    = "too_heavy"
	codeUnavailable = "unavailable"
	codeInternal    = "internal"
)

func fail(status int, code, message string) *Error {
	return &Error{Code: code, Message: message, status: status}
}

func errNotFound(what string) *Error {
	return fail(http.StatusNotFound, codeNotFound, what+" was not found.")
}

func invalid(location, message string) *Error {
	e := fail(http.StatusUnprocessableEntity, codeInvalid, "The request is not valid: "+message)
	e.Details = []Detail{{Location: location, Message: message}}
	return e
}

// generalCode is what a status means where nothing finer is known.
func generalCode(status int) string {
	switch status {
	case http.StatusBadRequest, http.StatusUnprocessableEntity, http.StatusUnsupportedMediaType, http.StatusNotAcceptable:
		return codeInvalid
	case http.StatusUnauthorized:
		return codeUnauthentic
	case http.StatusForbidden:
		return codeForbidden
	case http.StatusNotFound, http.StatusMethodNotAllowed:
		return codeNotFound
	case http.StatusConflict:
		return codeConflict
	case http.StatusRequestEntityTooLarge:
		return codeTooLarge
	case http.StatusTooManyRequests:
		return codeTooMany
	case http.StatusServiceUnavailable, http.StatusGatewayTimeout, http.StatusRequestTimeout:
		return codeUnavailable
	}
	return codeInternal
}

// fromFramework turns an error that huma made (validation, unreadable bodies)
// into the one shape.
func fromFramework(status int, message string, errs ...error) huma.StatusError {
	e := &Error{Code: generalCode(status), Message: message, status: status}
	if status >= 500 {
		e.Message = "The server failed to answer; the cause is in its log."
	}
	for _, err := range errs {
		var d huma.ErrorDetailer
		switch {
		case err == nil || status >= 500:
		case errors.As(err, &d):
			detail := d.ErrorDetail()
			e.Details = append(e.Details, Detail{Location: detail.Location, Message: detail.Message})
		default:
			e.Details = append(e.Details, Detail{Message: err.Error()})
		}
	}
	if status == http.StatusUnprocessableEntity {
		e.Message = "The request is not valid."
		if len(e.Details) > 0 {
			e.Message = "The request is not valid: " + e.Details[0].Location + " " + e.Details[0].Message + "."
		}
	}
	return e
}

func refusedStatus(code string) int {
	switch code {
	case settings.CodeNotFound:
		return http.StatusNotFound
	case settings.CodeConflict:
		return http.StatusConflict
	case settings.CodeCredentials:
		return http.StatusUnauthorized
	case settings.CodeDisabled, settings.CodeOrigin:
		return http.StatusForbidden
	}
	return http.StatusUnprocessableEntity
}

func refusedCode(code string) string {
	if code == settings.CodeCredentials {
		return codeUnauthentic
	}
	return code
}

// mapped is the one place where errors of the packages below become answers.
// What it does not know is an internal error, whose cause goes to the log.
func mapped(ctx context.Context, log *slog.Logger, err error) *Error {
	var ours *Error
	var input *protocol.Error
	var refused *settings.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &ours):
		return ours
	case errors.As(err, &input):
		status := http.StatusUnprocessableEntity
		if input.Code == protocol.CodeTooLarge {
			status = http.StatusRequestEntityTooLarge
		}
		return fail(status, input.Code, input.What)
	case errors.As(err, &refused):
		return fail(refusedStatus(refused.Code), refusedCode(refused.Code), refused.What)
	case errors.Is(err, query.ErrNotFound):
		return errNotFound("The call or session")
	case errors.Is(err, query.ErrCursor):
		return invalid("query.cursor", "the cursor does not belong to this list; leave it out to start from the beginning")
	case errors.Is(err, query.ErrTooBusy):
		return fail(http.StatusServiceUnavailable, codeTooHeavy, "The question needs more than the store may spend on it: ask for a shorter time range.")
	case errors.Is(err, query.ErrAway):
		log.WarnContext(ctx, "the store is away", "error", err)
		return fail(http.StatusServiceUnavailable, codeUnavailable, "The store does not answer at the moment: ask again shortly.")
	case errors.Is(err, blob.ErrNotFound):
		return errNotFound("The dump")
	case errors.Is(err, context.Canceled):
		// The caller is gone: nobody reads the answer.
		return fail(http.StatusServiceUnavailable, codeUnavailable, "The request was cancelled.")
	case errors.Is(err, context.DeadlineExceeded):
		return fail(http.StatusGatewayTimeout, codeUnavailable, "The store took too long to answer; ask for a shorter time range, or again later.")
	}
	log.ErrorContext(ctx, "request failed", "error", err)
	return fail(http.StatusInternalServerError, codeInternal, "The server failed to answer; the cause is in its log.")
}
