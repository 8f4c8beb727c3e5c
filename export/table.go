package export

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"
)

// Format is how a table is written.
type Format string

// The formats.
const (
	CSV  Format = "csv"  // RFC 4180, UTF-8 without a byte order mark
	XLSX Format = "xlsx" // Office Open XML, one sheet of rows and one about them
)

// ContentType is the format's media type.
func (f Format) ContentType() string {
	if f == XLSX {
		return "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	}
	return "text/csv; charset=utf-8"
}

// MaxRows is how many rows a table may have: what a sheet holds, less its head.
const MaxRows = 1<<20 - 1

// Column is one column of a table. Its title says the unit.
type Column struct {
	Title string
	Width int // in characters, where the format has widths; 0 is that of the title
}

// Options say what a table is.
type Options struct {
	Format  Format
	Name    string // of the sheet
	Columns []Column
	Zone    *time.Location // that instants are written in; nil is UTC
	// About stands on a sheet of its own, in pairs of what and how: where the
	// rows come from, and whether they are all. CSV has no place for it.
	About [][2]string
}

// Table takes rows. Nothing is complete before Close returned no error.
type Table struct {
	o    Options
	rows int
	to   interface {
		row(cells []any) error
		close() error
	}
}

// New begins a table on w and writes its head.
func New(w io.Writer, o Options) (*Table, error) {
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	t := &Table{o: o}
	var err error
	switch o.Format {
	case CSV:
		t.to, err = newSeparated(w, &t.o)
	case XLSX:
		t.to, err = newWorkbook(w, &t.o)
	default:
		err = fmt.Errorf("no format %q", o.Format)
	}
	if err != nil {
		return nil, fmt.Errorf("begin a table: %w", err)
	}
	return t, nil
}

// Row writes a row with a cell for each column: a string, an int, an int64, a
// float64, a time.Time, or nil for what is not known.
func (t *Table) Row(cells ...any) error {
	if len(cells) != len(t.o.Columns) {
		return fmt.Errorf("write a row: %d cells for %d columns", len(cells), len(t.o.Columns))
	}
	if t.rows++; t.rows > MaxRows {
		return fmt.Errorf("write a row: a table has at most %d", MaxRows)
	}
	if err := t.to.row(cells); err != nil {
		return fmt.Errorf("write row %d: %w", t.rows, err)
	}
	return nil
}

// Close ends the table. It does not close what was written to.
func (t *Table) Close() error {
	if err := t.to.close(); err != nil {
		return fmt.Errorf("end a table: %w", err)
	}
	return nil
}

// oneLine puts a text on one line: a cell is one line, whoever reads it, and
// control characters are none of a person's text.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
}

// formula reports whether a spreadsheet might run a text: what begins with one
// of = + - @, behind blanks too and in the full width of East Asian type.
func formula(s string) bool {
	s = strings.TrimLeftFunc(s, func(r rune) bool { return unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) })
	return s != "" && strings.ContainsRune("=+-@＝＋－＠", []rune(s)[0])
}
