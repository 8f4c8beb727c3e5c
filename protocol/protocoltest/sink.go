package protocoltest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"testing"

	"github.com/peerglass/peerglass/protocol"
	"github.com/peerglass/peerglass/rtc"
)

// Func is a sink of one function.
type Func func(*rtc.Record) error

// Record passes the record on.
func (f Func) Record(r *rtc.Record) error { return f(r) }

// Count is a sink that counts and keeps nothing.
type Count struct{ Records, Polls, Values int }

// Record counts the record.
func (c *Count) Record(r *rtc.Record) error {
	c.Records++
	if r.Stats != nil {
		c.Polls++
		c.Values += len(r.Stats.Values)
	}
	return nil
}

// WellFormed says what is wrong with a record, whatever it was decoded from:
// what every sink may rely on, and the limits that every decoder observes.
func WellFormed(r *rtc.Record) error {
	switch {
	case r.Kind == 0 || r.Kind > rtc.KindClose:
		return fmt.Errorf("a record is of kind %d", r.Kind)
	case len(r.Name) > protocol.MaxName || len(r.Conn) > protocol.MaxName || len(r.Corr) > protocol.MaxName:
		return fmt.Errorf("a name is too long: %q %q %q", r.Name, r.Conn, r.Corr)
	case len(r.Payload) > 0 && !json.Valid(r.Payload):
		return fmt.Errorf("the payload of %s is no JSON: %q", r.Name, r.Payload)
	case (r.Kind == rtc.KindStats) != (r.Stats != nil):
		return fmt.Errorf("a record of kind %s has statistics: %t", r.Kind, r.Stats != nil)
	case r.Stats == nil:
		return nil
	}
	s := r.Stats
	if len(s.Reports) > protocol.MaxReports || len(s.Values) > protocol.MaxValues {
		return fmt.Errorf("%d reports with %d values", len(s.Reports), len(s.Values))
	}
	for i := range s.Reports {
		p := &s.Reports[i]
		if p.First < 0 || p.Len < 0 || p.First+p.Len > len(s.Values) || len(p.ID) > protocol.MaxName {
			return fmt.Errorf("a report is not well formed: %+v", p)
		}
		for _, v := range s.Of(p) {
			if v.Form == 0 || v.Form > rtc.FormJSON || v.Form == rtc.FormNumber && (math.IsNaN(v.Num) || math.IsInf(v.Num, 0)) {
				return fmt.Errorf("a value is not well formed: %+v", v)
			}
		}
	}
	return nil
}

// Printer is a sink that writes records as golden files have them. It returns
// what is wrong with one that is not well formed.
type Printer struct{ bytes.Buffer }

// Record writes the record, with its reports below it.
func (p *Printer) Record(r *rtc.Record) error {
	p.Head(r)
	if s := r.Stats; s != nil {
		fmt.Fprintf(p, " polled at %.3f", s.Time)
		if s.Full {
			p.WriteString(", full")
		}
		if s.MissingRemoved {
			p.WriteString(", missing are removed")
		}
		for i := range s.Reports {
			p.report(s, &s.Reports[i])
		}
	}
	p.WriteByte('\n')
	return WellFormed(r)
}

// Head writes what a record says beside statistics, without an end of line.
func (p *Printer) Head(r *rtc.Record) {
	p.WriteString(r.Kind.String())
	for _, part := range [][]byte{r.Name, r.Conn, r.Corr} {
		if len(part) > 0 {
			fmt.Fprintf(p, " %s", part)
		}
	}
	if r.Seq != 0 {
		fmt.Fprintf(p, " #%d", r.Seq)
	}
	if r.Time != 0 {
		fmt.Fprintf(p, " at %d", r.Time)
	}
	if len(r.Payload) > 0 {
		fmt.Fprintf(p, " %s", r.Payload)
	}
}

func (p *Printer) report(s *rtc.Stats, report *rtc.ReportPatch) {
	fmt.Fprintf(p, "\n  %s", report.ID)
	if report.Type != 0 {
		fmt.Fprintf(p, " (%s)", report.Type)
	}
	if report.Removed {
		p.WriteString(" removed")
	}
	if report.Time != 0 {
		fmt.Fprintf(p, " at %.3f", report.Time)
	}
	for _, v := range s.Of(report) {
		if v.Member != 0 {
			fmt.Fprintf(p, " %s=", v.Member)
		} else {
			fmt.Fprintf(p, " ?%s=", v.Name)
		}
		switch v.Form {
		case rtc.FormNumber:
			fmt.Fprintf(p, "%v", v.Num)
		case rtc.FormText:
			fmt.Fprintf(p, "%q", v.Text)
		case rtc.FormBool:
			fmt.Fprintf(p, "%v", v.Num == 1)
		case rtc.FormNull:
			p.WriteString("null")
		case rtc.FormJSON:
			fmt.Fprintf(p, "%s", v.Text)
		}
	}
}

// Fault returns the fault that was found with a frame, nil if there is none.
// Any other error fails the test.
func Fault(t testing.TB, err error) *protocol.Error {
	t.Helper()
	var fault *protocol.Error
	if err != nil && !errors.As(err, &fault) {
		t.Fatalf("%v is not a protocol.Error", err)
	}
	return fault
}
