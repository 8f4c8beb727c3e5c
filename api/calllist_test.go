package api

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"github.com/peerglass/peerglass/query"
	"github.com/peerglass/peerglass/rtc"
)

func TestCallList(t *testing.T) {
	b := newBench(t)
	run(t, b, []scenario{
		{name: "at a glance", as: "one", path: "/apps/1/calls?people=4&slices=24", status: 200, lacks: foreign, has: []string{
			`"people":[{"user":"ada","userName":"Ada"},{"user":"","userName":""}]`,
			`"slices":[{"level":"unknown","issue":"","label":""},{"level":"clear","issue":"","label":""},{"level":"high","issue":"video_freeze","label":"Video freeze"}]`}},
		{name: "no more than asked for", as: "one", path: "/apps/1/calls", status: 200, has: []string{`"people":[]`, `"slices":[]`}},
		{name: "choices", as: "one", path: "/apps/1/calls/choices", status: 200, has: []string{`"browsers":["Chrome"]`, `"systems":[]`, `"regions":["DE, Berlin"]`, `"keys":[]`}},
		{name: "types of issues", as: "one", path: "/issue-types", status: 200, has: []string{`{"type":"video_freeze","label":"Video freeze","phase":"call","help":"`}},
		{name: "types of issues, unasked", path: "/issue-types", status: 401},
	})
}

func TestCallFilters(t *testing.T) {
	b := newBench(t)
	run(t, b, []scenario{{name: "all", as: "one", status: 200, path: "/apps/1/calls?call=" + mine.String() + "&room=r&user=ad*&key=plan%3Da%3Db&region=DE,%20Berlin&region=FR&browser=Chrome&browser=Firefox&os=macOS" +
		"&issue=lag&issue=video_freeze&severity=medium&minScore=2.5&maxScore=6&maxDurationMs=9000&sort=score&order=asc"}})
	f := b.query.filter
	if f.Call != mine || f.Room != "r" || f.User != "" || f.UserPrefix != "ad" || f.Key != "plan" || f.Value != "a=b" || fmt.Sprint(f.Regions) != "[DE, Berlin FR]" || len(f.Regions) != 2 ||
		fmt.Sprint(f.Browsers, f.Systems, f.Issues) != "[Chrome Firefox] [macOS] [lag video_freeze]" || f.MinSeverity != rtc.Medium || f.NoIssues ||
		*f.MinScore != 2.5 || *f.MaxScore != 6 || f.MaxDuration != 9*time.Second || f.Sort != query.ByScore || !f.Ascending {
		t.Errorf("calls were asked with %+v", f)
	}
	run(t, b, []scenario{{name: "few", as: "one", status: 200, path: "/apps/1/calls?severity=none&key=plan&minScore=0&maxScore=10"}})
	if f = b.query.filter; !f.NoIssues || f.MinSeverity != rtc.Clear || f.Key != "plan" || f.Value != "" || f.MinScore != nil || f.MaxScore != nil {
		t.Errorf("calls were asked with %+v", f)
	}
	for _, path := range []string{"/apps/1/calls", "/apps/1/calls/export"} {
		run(t, b, []scenario{
			{name: "call", as: "one", path: path + "?call=12", status: 422, has: []string{"query.call", "13 characters"}},
			{name: "issue", as: "one", path: path + "?issue=boredom", status: 422, has: []string{"query.issue", "boredom", "/issue-types"}},
			{name: "severity", as: "one", path: path + "?severity=awful", status: 422, has: []string{"query.severity"}},
			{name: "score", as: "one", path: path + "?minScore=11", status: 422, has: []string{"query.minScore"}},
			{name: "key", as: "one", path: path + "?key=%3Dx", status: 422, has: []string{"query.key"}},
		})
	}
	run(t, b, []scenario{
		{name: "format", as: "one", path: "/apps/1/calls/export?format=pdf", status: 422, has: []string{"query.format"}},
		{name: "zone", as: "one", path: "/apps/1/calls/export?zone=Mars/Crater", status: 422, has: []string{"query.zone", "Europe/Berlin"}},
		{name: "zone of the server", as: "one", path: "/apps/1/calls/export?zone=Local", status: 422, has: []string{"query.zone"}},
		{name: "a path for a zone", as: "one", path: "/apps/1/calls/export?zone=../../etc/passwd", status: 422, has: []string{"query.zone"}, lacks: []string{"root:"}},
		{name: "their export", as: "one", path: "/apps/2/calls/export", status: 404, lacks: foreign},
		{name: "their choices", as: "one", path: "/apps/2/calls/choices", status: 404},
		{name: "nobody's export", path: "/apps/1/calls/export", status: 401},
	})
}

// list answers with so many calls, page by page.
type list struct {
	*answers
	calls  int
	breaks int  // the page that fails; 0: none
	empty  bool // nothing is known of the calls but their rows
	pages  int
	filter query.CallFilter
}

func (l *list) Calls(_ context.Context, _ rtc.AppID, f query.CallFilter) (query.CallPage, error) {
	l.pages++
	l.filter = f
	if l.pages == l.breaks {
		return query.CallPage{}, query.ErrAway
	}
	page := query.CallPage{Total: -1}
	if !f.NoTotal {
		page.Total = l.calls
	}
	first := 0
	_, _ = fmt.Sscan(f.Cursor, &first)
	for n := first; n < min(first+f.Limit, l.calls); n++ {
		c := rtc.Call{App: 1, ID: rtc.CallID(n + 1), Room: fmt.Sprintf("room %d", n), Start: start, End: start.Add(90500 * time.Millisecond), Users: 51, Sessions: 60, Peak: 7}
		switch n {
		case 0:
			c.ID, c.Room = mine, `=cmd|'/c calc'!A0`
		case 1:
			c.End = time.Time{}
		}
		page.Calls = append(page.Calls, c)
	}
	if first+f.Limit < l.calls {
		page.Cursor = fmt.Sprint(first + f.Limit)
	}
	return page, nil
}

func (l *list) Glances(_ context.Context, _ rtc.AppID, calls []rtc.Call, people, _ int) (map[rtc.CallID]query.Glance, error) {
	of := map[rtc.CallID]query.Glance{}
	if l.empty {
		return of, nil
	}
	for _, c := range calls {
		g := query.Glance{People: []query.Person{{User: "ada", Name: "Ada"}, {User: "ben"}, {Name: "Cy"}, {}}}
		for n := len(g.People); n < people; n++ {
			g.People = append(g.People, query.Person{User: "x", Name: "x"})
		}
		of[c.ID] = g
	}
	return of, nil
}

func (l *list) Verdicts(context.Context, rtc.AppID, []rtc.CallID) (map[rtc.CallID]rtc.Verdict, error) {
	return map[rtc.CallID]rtc.Verdict{
		mine: {Sentences: []string{"Ada's picture stood still at 12:00:05–12:00:09 UTC."}, Score: 4.25, Issues: [rtc.High + 1]uint32{rtc.High: 1, rtc.Low: 2}},
		2:    {Score: rtc.Null},
	}, nil
}

func TestExportCSV(t *testing.T) {
	b := newBench(t)
	l := &list{answers: b.query, calls: 6001}
	b.api.Query = l
	w := b.do("one", "GET", "/apps/1/calls/export?zone=Asia/Kolkata&room=ro*&sort=duration&order=asc", "")
	rows, err := csv.NewReader(w.Body).ReadAll()
	if w.Code != http.StatusOK || err != nil || len(rows) != 6002 || l.pages != 3 {
		t.Fatalf("%d: %d rows of %d pages: %v", w.Code, len(rows), l.pages, err)
	}
	h := w.Header()
	if h.Get("Content-Type") != "text/csv; charset=utf-8" || h.Get("Peerglass-Rows") != "6001" || h.Get("Peerglass-Total") != "6001" ||
		h.Get("Content-Disposition") != `attachment; filename="calls-app-1-2026-03-01-1730.csv"` {
		t.Errorf("%v", h)
	}
	if l.filter.RoomPrefix != "ro" || l.filter.Sort != query.ByDuration || !l.filter.Ascending || !l.filter.NoTotal {
		t.Errorf("asked with %+v", l.filter)
	}
	more := strings.Repeat(", x", 46) + " and 1 more"
	for i, want := range []string{
		"Room ID|Room name|Call ID|Start (Asia/Kolkata)|End (Asia/Kolkata)|Call status|Room duration (s)|Joined users|Stays|Peak online users|Score (0 to 10)|Worst issue|High issues|Medium issues|Low issues|Users|Verdict (times in Asia/Kolkata)",
		`'=cmd|'/c calc'!A0|'=cmd|'/c calc'!A0|` + mine.String() + `|2026-03-01 17:30:00|2026-03-01 17:31:30|Ended|90.5|51|60|7|4.25|high|1|0|2|Ada (ada), ben, Cy, anonymous` + more + `|Ada's picture stood still at 17:30:05–17:30:09.`,
		"room 1|room 1|0000000000002|2026-03-01 17:30:00||In progress|0|51|60|7||none|0|0|0|Ada (ada), ben, Cy, anonymous" + more + "|",
		"room 2|room 2|0000000000003|2026-03-01 17:30:00|2026-03-01 17:31:30|Ended|90.5|51|60|7||||||Ada (ada), ben, Cy, anonymous" + more + "|",
	} {
		if got := strings.Join(rows[i], "|"); got != want {
			t.Errorf("row %d\n%s\nwant\n%s", i, got, want)
		}
	}
}

// More calls than an export holds: the head of the answer, the file's name and
// the sheet about it say so.
func TestExportSaysWhatItLeavesOut(t *testing.T) {
	b := newBench(t)
	b.api.Query = &list{answers: b.query, calls: exportedCalls + 1, empty: true}
	w := b.do("one", "GET", "/apps/1/calls/export?format=xlsx&status=ended&minScore=3", "")
	book, err := excelize.OpenReader(bytes.NewReader(w.Body.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = book.Close() }()
	h := w.Header()
	if h.Get("Peerglass-Rows") != "100000" || h.Get("Peerglass-Total") != "100001" || !strings.Contains(h.Get("Content-Disposition"), "-first-100000-of-100001.xlsx") {
		t.Errorf("%v", h)
	}
	about, err := book.GetRows("About")
	if err != nil || !strings.Contains(about[0][1], "The first 100000 of 100001 calls") || !strings.Contains(fmt.Sprint(about), "status ended; score 3 to 10") || !strings.Contains(fmt.Sprint(about), "UTC") {
		t.Errorf("about: %q, %v", about, err)
	}
	if n := bytes.Count(sheet(t, w.Body.Bytes(), "xl/worksheets/sheet1.xml"), []byte("<row ")); n != exportedCalls+1 {
		t.Errorf("%d rows, want a head and %d", n, exportedCalls)
	}
}

// sheet is one part of a workbook.
func sheet(t *testing.T, workbook []byte, name string) []byte {
	t.Helper()
	files, err := zip.NewReader(bytes.NewReader(workbook), int64(len(workbook)))
	if err != nil {
		t.Fatal(err)
	}
	f, err := files.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	text, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// What breaks before the first row is an error like any other; later the
// connection is cut.
func TestExportThatBreaks(t *testing.T) {
	b := newBench(t)
	b.api.Query = &list{answers: b.query, calls: 6000, breaks: 1}
	if w := b.do("one", "GET", "/apps/1/calls/export", ""); w.Code != http.StatusServiceUnavailable || w.Header().Get("Content-Disposition") != "" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	b.api.Query = &list{answers: b.query, calls: 6000, breaks: 2}
	defer func() {
		if p := recover(); p != http.ErrAbortHandler {
			t.Errorf("the half of a table ends as a whole one does: %v", p)
		}
		if !strings.Contains(b.log.String(), "export calls") {
			t.Errorf("the log does not say why: %s", b.log.String())
		}
	}()
	b.do("one", "GET", "/apps/1/calls/export", "")
}

func TestTimesOfVerdictsInAZone(t *testing.T) {
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	late := time.Date(2026, 3, 1, 23, 59, 0, 0, time.UTC)
	for text, want := range map[string]string{
		"from 23:59:30–00:00:10 UTC on, at 25:00:00 UTC": "from 18:59:30–19:00:10 on, at 25:00:00 UTC",
		"nothing": "nothing",
	} {
		if got := inZone(text, late, zone); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
