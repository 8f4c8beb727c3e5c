package api

import (
	"errors"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// Instant is a point in time in a query: RFC 3339 or Unix milliseconds. It is
// zero where it was not given.
type Instant struct{ time.Time }

// UnmarshalText reads either form.
func (i *Instant) UnmarshalText(text []byte) error {
	if ms, err := strconv.ParseInt(string(text), 10, 64); err == nil {
		i.Time = time.UnixMilli(ms).UTC()
		return nil
	}
	t, err := time.Parse(time.RFC3339Nano, string(text))
	if err != nil {
		return errors.New("a time such as 2026-01-31T12:00:00Z or Unix milliseconds are expected")
	}
	i.Time = t.UTC()
	return nil
}

// Schema describes an Instant to OpenAPI. The string has no format: the
// framework would hold milliseconds, which are text in a query, against it.
func (Instant) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{AnyOf: []*huma.Schema{{Type: huma.TypeString}, {Type: huma.TypeInteger, Format: "int64"}}}
}

// orNull makes a time that is not known null.
func orNull(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}
