package session

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/peerglass/peerglass/rtc"
)

// Bytes of an event's value that are kept. Session descriptions repeat their
// codecs in every m-line, so that API calls may be longer than the rest.
const (
	maxValue     = 16 << 10
	maxCallValue = 64 << 10
)

// MaxLog is how many bytes of a line of an application's log are kept
// (callstats: logs up to 20 KiB).
const MaxLog = 20 << 10

// Events of our own.
const (
	nameClock        = "clock"        // the client's clock jumped
	nameLogTruncated = "logTruncated" // a log line was too long
)

// event takes a record that is not statistics: it changes what is known, and
// becomes an event.
func (s *Session) event(r *rtc.Record) error {
	e := rtc.Event{
		App: s.opt.App, Session: s.opt.ID, Call: s.row.Call, Time: milli(s.clock.server(r.Time, r.Received)),
		Kind: r.Kind, Name: bounded(r.Name), Corr: bounded(r.Corr), Severity: severity(r),
	}
	if e.Name == "" && r.Kind != rtc.KindCall && r.Kind != rtc.KindState {
		e.Name = r.Kind.String()
	}

	var err error
	var c *connection
	if len(r.Conn) > 0 {
		if c, err = s.connectionOf(r); err != nil {
			return err
		}
		e.Connection = c.row.ID
	}
	limit := maxValue
	switch r.Kind {
	case rtc.KindLog:
		limit = MaxLog
	case rtc.KindCall:
		limit = maxCallValue
	}
	cut := len(r.Payload) > limit
	if cut {
		e.Value, cut = truncate(r.Payload, limit)
	} else {
		e.Value = string(r.Payload)
	}
	e.Stream = s.learn(r, c)
	s.events++
	e.Index = s.events
	s.tellEvent(&e)
	if cut && r.Kind == rtc.KindLog {
		return s.event(&rtc.Record{Kind: rtc.KindEvent, Time: r.Time, Received: r.Received, Name: []byte(nameLogTruncated),
			Payload: fmt.Appendf(nil, `{"bytes":%d,"kept":%d}`, len(r.Payload), MaxLog)})
	}
	if r.Kind == rtc.KindClose {
		s.end(s.received, s.at, reasonOf(r.Payload))
	}
	return nil
}

// connectionOf returns the connection that an event is about. A second
// creation under one label is another connection: the page was loaded anew.
func (s *Session) connectionOf(r *rtc.Record) (*connection, error) {
	if string(r.Name) == rtc.NameCreate {
		if c := s.byLabel[string(r.Conn)]; c != nil && c.created {
			s.closeConnection(c)
			delete(s.byLabel, string(r.Conn))
		}
	}
	c, err := s.connection(r.Conn)
	if err == nil && string(r.Name) == rtc.NameCreate {
		c.created = true
	}
	return c, err
}

// closeConnection ends a connection and lets go of its reports: a page may
// make hundreds in a day.
func (s *Session) closeConnection(c *connection) {
	if !c.row.End.IsZero() {
		return
	}
	s.settle(c)
	c.row.End = milli(s.at)
	c.changed, s.pending = true, true
	for _, st := range c.streams {
		st.rtp, st.track, st.remote, st.source, st.playout = nil, nil, nil, nil, nil
	}
	s.dropStreams(c)
	if c.path != nil {
		s.writeStream(c, c.path)
	}
	c.reports.forget()
	c.transport, c.pair, c.machineReport = nil, nil, nil
}

// severity judges an event by what it is about.
func severity(r *rtc.Record) rtc.Severity {
	name := string(r.Name)
	switch r.Kind {
	case rtc.KindLog:
		switch strings.ToLower(name) {
		case "error", "fatal", "critical", "unhandledrejection":
			return rtc.Error
		case "warn", "warning":
			return rtc.Warning
		}
		return rtc.Info
	case rtc.KindCall, rtc.KindState, rtc.KindEvent:
	default:
		return rtc.Info
	}
	if strings.HasSuffix(name, rtc.OnFailure) {
		return rtc.Error
	}
	switch name {
	case rtc.NameICEState, rtc.NameConnState, "ondtlsstatechange":
		switch unquoted(r.Payload) {
		case "failed":
			return rtc.Error
		case "disconnected":
			return rtc.Warning
		}
	case "ondtlserror", rtc.NameError:
		return rtc.Error
	case nameClock, nameLogTruncated:
		return rtc.Warning
	case rtc.NameICEError:
		// Common where a host has several interfaces; seldom the cause of anything.
		return rtc.Warning
	}
	return rtc.Info
}

// unquoted returns the text of a JSON string without escapes, "" of anything else.
func unquoted(payload []byte) string {
	if len(payload) >= 2 && len(payload) < 64 && payload[0] == '"' && payload[len(payload)-1] == '"' {
		return string(payload[1 : len(payload)-1])
	}
	return ""
}

// reasonOf is the reason that a goodbye gave.
func reasonOf(payload []byte) string {
	var told struct {
		Reason string `json:"reason"`
	}
	if json.Unmarshal(payload, &told) == nil && told.Reason != "" && len(told.Reason) <= 32 {
		return told.Reason
	}
	return reasonLeave
}

// truncate cuts a JSON value that is too long: a string stays a string, of
// anything else the beginning is kept as text. A string is as long as its text.
func truncate(payload []byte, limit int) (value string, cut bool) {
	var text string
	if payload[0] == '"' && json.Unmarshal(payload, &text) == nil {
		payload = []byte(text)
		if len(payload) <= limit { // quotes and escapes had made it long
			object, _ := json.Marshal(text)
			return string(object), false
		}
		object, _ := json.Marshal(string(whole(payload[:limit])) + "…")
		return string(object), true
	}
	object, _ := json.Marshal(struct {
		Truncated bool   `json:"truncated"`
		Bytes     int    `json:"bytes"`
		Begins    string `json:"begins"`
	}{true, len(payload), string(whole(payload[:limit]))})
	return string(object), true
}

// whole drops a character that was cut in two.
func whole(b []byte) []byte {
	for i := 0; i < utf8.UTFMax && len(b) > 0; i++ {
		if r, size := utf8.DecodeLastRune(b); r != utf8.RuneError || size != 1 {
			return b
		}
		b = b[:len(b)-1]
	}
	return bytes.ToValidUTF8(b, nil)
}
