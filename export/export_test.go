package export_test

import (
	"bytes"
	"encoding/csv"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"github.com/peerglass/peerglass/export"
)

var columns = []export.Column{{Title: "Room"}, {Title: "Start (Europe/Berlin)", Width: 20}, {Title: "Duration (s)"}, {Title: "Score (0 to 10)"}}

// hostile are texts that a spreadsheet might run, or that might break out of
// their cells.
var hostile = []string{`=HYPERLINK("http://evil.example","x")`, "+1+1", "-2", "@SUM(A1)", "\t=1", " =1", "\u200b=1", "＝1", "a,b", `say "x"`, "two\r\nlines", "</t></is></c>", "a&b<c>", "\x00\x07", "\xff", "", "'quoted"}

func write(t testing.TB, o export.Options, rows [][]any) []byte {
	t.Helper()
	var out bytes.Buffer
	table, err := export.New(&out, o)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		if err := table.Row(r...); err != nil {
			t.Fatal(err)
		}
	}
	if err := table.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// runnable reports what a spreadsheet takes for a formula.
func runnable(cell string) bool {
	rest := strings.TrimLeft(cell, " \u200b\u00a0")
	return rest != "" && strings.ContainsAny(rest[:1], "=+-@")
}

func rows() [][]any {
	// One second before the clocks went forward, and one after.
	all := [][]any{{"standup", time.Date(2026, 3, 29, 0, 59, 59, 0, time.UTC), 90.5, 4.3}, {"late", time.Date(2026, 3, 29, 1, 0, 0, 0, time.UTC), int64(7), nil}}
	for _, h := range hostile {
		all = append(all, []any{h, nil, 1, -1.5})
	}
	return all
}

func berlin(t testing.TB) *time.Location {
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

func TestCSV(t *testing.T) {
	text := write(t, export.Options{Format: export.CSV, Columns: columns, Zone: berlin(t)}, rows())
	read, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(read) != len(rows())+1 || bytes.Count(text, []byte("\r\n")) != len(read) {
		t.Fatalf("%d rows on %d lines, want %d", len(read), bytes.Count(text, []byte("\r\n")), len(rows())+1)
	}
	for i, want := range []string{"Room,Start (Europe/Berlin),Duration (s),Score (0 to 10)", "standup,2026-03-29 01:59:59,90.5,4.3", "late,2026-03-29 03:00:00,7,"} {
		if got := strings.Join(read[i], ","); got != want {
			t.Errorf("row %d is %q, want %q", i, got, want)
		}
	}
	for i, h := range hostile {
		if cell := read[i+3][0]; runnable(cell) {
			t.Errorf("%q would be run: %q", h, cell)
		}
		if read[i+3][3] != "-1.5" {
			t.Errorf("a number became the text %q", read[i+3][3])
		}
	}
}

// An independent reader finds the cells of a workbook as they were given.
func TestXLSX(t *testing.T) {
	about := [][2]string{{"Calls", "=2 of 7"}, {"Zone", "Europe/Berlin"}}
	book, err := excelize.OpenReader(bytes.NewReader(write(t, export.Options{Format: export.XLSX, Name: "Calls: [all]", Columns: columns, Zone: berlin(t), About: about}, rows())))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = book.Close() }()
	if names := book.GetSheetList(); len(names) != 2 || names[0] != "Calls   all " || names[1] != "About" {
		t.Fatalf("sheets %q", names)
	}
	sheet := book.GetSheetList()[0]
	read, err := book.GetRows(sheet)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"Room|Start (Europe/Berlin)|Duration (s)|Score (0 to 10)", "standup|2026-03-29 01:59:59|90.5|4.3", "late|2026-03-29 03:00:00|7"} {
		if got := strings.Join(read[i], "|"); got != want {
			t.Errorf("row %d is %q, want %q", i, got, want)
		}
	}
	for i, h := range hostile {
		at, _ := excelize.CoordinatesToCellName(1, i+4)
		if f, err := book.GetCellFormula(sheet, at); err != nil || f != "" {
			t.Errorf("%q is the formula %q: %v", h, f, err)
		}
		if kind, err := book.GetCellType(sheet, at); err != nil || kind != excelize.CellTypeInlineString {
			t.Errorf("%q is no text but %v: %v", h, kind, err)
		}
		if n := read[i+3][3]; n != "-1.5" {
			t.Errorf("a number became %q", n)
		}
	}
	if got, err := book.GetRows("About"); err != nil || len(got) != 2 || got[0][1] != "=2 of 7" || got[1][0] != "Zone" {
		t.Errorf("about: %q, %v", got, err)
	}
	if panes, err := book.GetPanes(sheet); err != nil || !panes.Freeze || panes.YSplit != 1 {
		t.Errorf("the head does not stay: %+v, %v", panes, err)
	}
}

func TestRowsThatAreNone(t *testing.T) {
	for _, f := range []export.Format{export.CSV, export.XLSX} {
		table, err := export.New(&bytes.Buffer{}, export.Options{Format: f, Columns: columns})
		if err != nil {
			t.Fatal(err)
		}
		if table.Row("too", "few") == nil || table.Row("a", "b", struct{}{}, 1) == nil {
			t.Errorf("%s takes what is no row", f)
		}
		broken, err := export.New(failing{}, export.Options{Format: f, Columns: columns})
		for i := 0; i < 10_000 && err == nil; i++ {
			err = broken.Row(strings.Repeat("x", 100), nil, nil, nil)
		}
		if err == nil {
			err = broken.Close()
		}
		if !errors.Is(err, errFull) {
			t.Errorf("%s hides that it could not be written: %v", f, err)
		}
	}
	if _, err := export.New(&bytes.Buffer{}, export.Options{Format: "pdf"}); err == nil {
		t.Error("pdf is no format")
	}
}

var errFull = errors.New("the disk is full")

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errFull }

// No text leaves its cell, whatever is in it, and none is run.
func FuzzText(f *testing.F) {
	for _, h := range hostile {
		f.Add(h)
	}
	one := []export.Column{{Title: "Text"}, {Title: "Mark"}}
	f.Fuzz(func(t *testing.T, text string) {
		read, err := csv.NewReader(bytes.NewReader(write(t, export.Options{Format: export.CSV, Columns: one}, [][]any{{text, "mark"}}))).ReadAll()
		if err != nil || len(read) != 2 || read[1][1] != "mark" || runnable(read[1][0]) {
			t.Fatalf("%q became %q: %v", text, read, err)
		}
		book, err := excelize.OpenReader(bytes.NewReader(write(t, export.Options{Format: export.XLSX, Name: "Rows", Columns: one}, [][]any{{text, "mark"}})))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = book.Close() }()
		mark, err := book.GetCellValue("Rows", "B2")
		formula, _ := book.GetCellFormula("Rows", "A2")
		if err != nil || mark != "mark" || formula != "" {
			t.Fatalf("%q: the next cell is %q, the formula %q: %v", text, mark, formula, err)
		}
	})
}
