package export

import (
	"archive/zip"
	"bufio"
	"encoding/xml"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// workbook writes the parts of an Office Open XML workbook (ECMA-376) one after
// another into a zip, the rows as they come. Libraries for it hold the sheet
// until it is complete, in memory or in a file of their own; here the first row
// is on its way while the last is not yet asked for.
type workbook struct {
	zip   *zip.Writer
	sheet *bufio.Writer
	o     *Options
	rows  int
	ends  string // column letters of the last column
}

const xmlHead = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n"

const (
	mainSpace = `xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"`
	docSpace  = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
	packSpace = `xmlns="http://schemas.openxmlformats.org/package/2006/relationships"`
	partType  = "application/vnd.openxmlformats-officedocument.spreadsheetml."
)

// The formats of cells, by their places in styles.
const (
	plainCell = iota
	headCell
	timeCell
	quotedCell // text, whatever it begins with, after it was edited too
)

const styles = xmlHead + `<styleSheet ` + mainSpace + `><numFmts count="1"><numFmt numFmtId="164" formatCode="yyyy\-mm\-dd\ hh:mm:ss"/></numFmts>` +
	`<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font><font><b/><sz val="11"/><name val="Calibri"/></font></fonts>` +
	`<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills>` +
	`<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>` +
	`<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>` +
	`<cellXfs count="4"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>` +
	`<xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/>` +
	`<xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>` +
	`<xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0" quotePrefix="1"/></cellXfs>` +
	`<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>`

func newWorkbook(w io.Writer, o *Options) (*workbook, error) {
	b := &workbook{zip: zip.NewWriter(w), o: o, ends: letters(max(len(o.Columns)-1, 0))}
	names := []string{o.Name, "About"}
	var types, sheets, ties strings.Builder
	for i, name := range names {
		n := strconv.Itoa(i + 1)
		types.WriteString(`<Override PartName="/xl/worksheets/sheet` + n + `.xml" ContentType="` + partType + `worksheet+xml"/>`)
		sheets.WriteString(`<sheet name="` + escape(sheetName(name)) + `" sheetId="` + n + `" r:id="rId` + n + `"/>`)
		ties.WriteString(`<Relationship Id="rId` + n + `" Type="` + docSpace + `/worksheet" Target="worksheets/sheet` + n + `.xml"/>`)
	}
	for _, part := range [][2]string{
		{"[Content_Types].xml", xmlHead + `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>` +
			`<Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="` + partType + `sheet.main+xml"/>` +
			`<Override PartName="/xl/styles.xml" ContentType="` + partType + `styles+xml"/>` + types.String() + `</Types>`},
		{"_rels/.rels", xmlHead + `<Relationships ` + packSpace + `><Relationship Id="rId1" Type="` + docSpace + `/officeDocument" Target="xl/workbook.xml"/></Relationships>`},
		{"xl/workbook.xml", xmlHead + `<workbook ` + mainSpace + ` xmlns:r="` + docSpace + `"><sheets>` + sheets.String() + `</sheets></workbook>`},
		{"xl/_rels/workbook.xml.rels", xmlHead + `<Relationships ` + packSpace + `>` + ties.String() + `<Relationship Id="rId9" Type="` + docSpace + `/styles" Target="styles.xml"/></Relationships>`},
		{"xl/styles.xml", styles},
	} {
		if err := b.part(part[0], part[1]); err != nil {
			return nil, err
		}
	}
	return b, b.begin()
}

// sheetName is a name that a sheet may have.
func sheetName(name string) string {
	name = strings.Map(func(r rune) rune {
		if strings.ContainsRune(`:\/?*[]'`, r) {
			return ' '
		}
		return r
	}, oneLine(name))
	if r := []rune(name); len(r) > 31 {
		name = string(r[:31])
	}
	return name
}

func (b *workbook) part(name, content string) error {
	w, err := b.zip.Create(name)
	if err == nil {
		_, err = io.WriteString(w, content)
	}
	return err
}

// begin opens the sheet of rows: its head stays in sight, its columns are as
// wide as they say.
func (b *workbook) begin() error {
	w, err := b.zip.Create("xl/worksheets/sheet1.xml")
	if err != nil {
		return err
	}
	b.sheet = bufio.NewWriterSize(w, 32<<10)
	_, _ = b.sheet.WriteString(xmlHead + `<worksheet ` + mainSpace + `><sheetViews><sheetView workbookViewId="0" tabSelected="1"><pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews><cols>`)
	titles := make([]any, len(b.o.Columns))
	for i, c := range b.o.Columns {
		titles[i] = c.Title
		fmt.Fprintf(b.sheet, `<col min="%d" max="%d" width="%d" customWidth="1"/>`, i+1, i+1, max(c.Width, utf8.RuneCountInString(c.Title)+3))
	}
	_, _ = b.sheet.WriteString(`</cols><sheetData>`) // what fails is told by the next Flush
	return b.write(titles, headCell)
}

func (b *workbook) row(cells []any) error { return b.write(cells, plainCell) }

func (b *workbook) write(cells []any, style int) error {
	b.rows++
	row := strconv.Itoa(b.rows)
	w := b.sheet
	_, _ = w.WriteString(`<row r="` + row + `">`)
	for i, c := range cells {
		at := letters(i) + row
		switch v := c.(type) {
		case nil:
		case string:
			writeText(w, at, v, style)
		case int:
			writeNumber(w, at, strconv.Itoa(v), style)
		case int64:
			writeNumber(w, at, strconv.FormatInt(v, 10), style)
		case float64:
			writeNumber(w, at, strconv.FormatFloat(v, 'f', -1, 64), style)
		case time.Time:
			writeNumber(w, at, strconv.FormatFloat(serial(v.In(b.o.Zone)), 'f', -1, 64), timeCell)
		default:
			return fmt.Errorf("a cell cannot hold a %T", c)
		}
	}
	_, err := w.WriteString("</row>") // an error of before is told again
	return err
}

// longestText is what a cell holds.
const longestText = 32767

func writeText(w *bufio.Writer, at, text string, style int) {
	text = oneLine(text)
	if utf8.RuneCountInString(text) > longestText {
		text = string([]rune(text)[:longestText-1]) + "…"
	}
	if style == plainCell && formula(text) {
		style = quotedCell
	}
	_, _ = w.WriteString(`<c r="` + at + `" s="` + strconv.Itoa(style) + `" t="inlineStr"><is><t xml:space="preserve">` + escape(text) + `</t></is></c>`)
}

func writeNumber(w *bufio.Writer, at, number string, style int) {
	_, _ = w.WriteString(`<c r="` + at + `" s="` + strconv.Itoa(style) + `"><v>` + number + `</v></c>`)
}

// serial is a time of day as spreadsheets count it: days since the end of 1899,
// in the zone of t, which they know nothing of.
func serial(t time.Time) float64 {
	wall := time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), 0, time.UTC)
	return wall.Sub(time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)).Seconds() / 86_400
}

// letters names the column of an index: A, B … Z, AA.
func letters(i int) string {
	name := ""
	for i++; i > 0; i = (i - 1) / 26 {
		name = string(rune('A'+(i-1)%26)) + name
	}
	return name
}

func escape(text string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(text)) // a builder takes everything
	return b.String()
}

func (b *workbook) close() error {
	// The autofilter's range must be known: it stands behind the rows.
	_, _ = b.sheet.WriteString(`</sheetData><autoFilter ref="A1:` + b.ends + strconv.Itoa(b.rows) + `"/></worksheet>`)
	if err := b.sheet.Flush(); err != nil {
		return err
	}
	w, err := b.zip.Create("xl/worksheets/sheet2.xml")
	if err != nil {
		return err
	}
	about := bufio.NewWriter(w)
	_, _ = about.WriteString(xmlHead + `<worksheet ` + mainSpace + `><cols><col min="1" max="1" width="24" customWidth="1"/><col min="2" max="2" width="90" customWidth="1"/></cols><sheetData>`)
	for i, pair := range b.o.About {
		row := strconv.Itoa(i + 1)
		_, _ = about.WriteString(`<row r="` + row + `">`)
		writeText(about, "A"+row, pair[0], headCell)
		writeText(about, "B"+row, pair[1], plainCell)
		_, _ = about.WriteString("</row>")
	}
	_, _ = about.WriteString("</sheetData></worksheet>")
	if err := about.Flush(); err != nil {
		return err
	}
	return b.zip.Close()
}
