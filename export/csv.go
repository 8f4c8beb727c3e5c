package export

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"time"
)

// separated writes CSV. A text that a spreadsheet might take for a formula has
// an apostrophe before it.
type separated struct {
	w     *csv.Writer
	zone  *time.Location
	cells []string
}

func newSeparated(w io.Writer, o *Options) (*separated, error) {
	s := &separated{w: csv.NewWriter(w), zone: o.Zone, cells: make([]string, len(o.Columns))}
	s.w.UseCRLF = true
	for i, c := range o.Columns {
		s.cells[i] = inert(c.Title)
	}
	return s, s.w.Write(s.cells)
}

func inert(text string) string {
	text = oneLine(text)
	if formula(text) {
		return "'" + text
	}
	return text
}

func (s *separated) row(cells []any) error {
	for i, c := range cells {
		switch v := c.(type) {
		case nil:
			s.cells[i] = ""
		case string:
			s.cells[i] = inert(v)
		case int:
			s.cells[i] = strconv.Itoa(v)
		case int64:
			s.cells[i] = strconv.FormatInt(v, 10)
		case float64:
			s.cells[i] = strconv.FormatFloat(v, 'f', -1, 64)
		case time.Time:
			s.cells[i] = v.In(s.zone).Format(time.DateTime)
		default:
			return fmt.Errorf("a cell cannot hold a %T", c)
		}
	}
	return s.w.Write(s.cells)
}

func (s *separated) close() error {
	s.w.Flush()
	return s.w.Error()
}
