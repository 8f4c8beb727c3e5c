package api

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // zones of viewers, on machines that know none

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/peerglass/peerglass/export"
	"github.com/peerglass/peerglass/query"
	"github.com/peerglass/peerglass/rtc"
)

const (
	// exportedCalls is how many calls an export holds. More are no table that a
	// person reads; a script turns the pages of the list.
	exportedCalls = 100_000
	// exportedAtOnce is how many are asked for at a time.
	exportedAtOnce = 2500
	// exportedPeople is how many users an export names of each call.
	exportedPeople = 50
	// longestExport bounds what an export may take.
	longestExport = 10 * time.Minute
)

type exportInput struct {
	AppPath
	CallsWanted
	Format export.Format `query:"format" enum:"csv,xlsx" default:"csv"`
	Zone   string        `query:"zone" maxLength:"64" default:"UTC" doc:"IANA name of the zone that times are written in" example:"Europe/Berlin"`
}

func (a *API) exportRoute(tag string) {
	op := route(http.MethodGet, "/apps/{app}/calls/export", "exportCalls", tag, "The calls that match, as a table")
	op.Description = fmt.Sprintf("Times are in zone, units in the head of the columns. The first %d calls in the order asked for; Peerglass-Rows says how many the table has, Peerglass-Total how many match. "+
		"Where those differ the file's name and the sheet About say so too. A table that is cut off midway ends with a broken connection, never as if it were whole.", exportedCalls)
	count := func(what string) *huma.Param {
		return &huma.Param{Description: what, Schema: &huma.Schema{Type: huma.TypeInteger}}
	}
	op.Responses = map[string]*huma.Response{"200": {
		Description: "The file",
		Headers:     map[string]*huma.Param{"Peerglass-Rows": count("Calls in the table"), "Peerglass-Total": count("Calls that match")},
		Content: map[string]*huma.MediaType{
			"text/csv":                {Schema: &huma.Schema{Type: huma.TypeString}},
			export.XLSX.ContentType(): {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}},
		},
	}}
	huma.Register(a.huma, op, func(ctx context.Context, in *exportInput) (*huma.StreamResponse, error) {
		out, err := a.export(ctx, in)
		if err != nil {
			return nil, mapped(ctx, a.Log, err)
		}
		return out, nil
	})
}

// callColumns are the columns of the export. Users and verdict stand last: they
// are long.
func callColumns(zone string) []export.Column {
	return []export.Column{
		{Title: "Room ID", Width: 28}, {Title: "Room name", Width: 24}, {Title: "Call ID", Width: 16}, {Title: "Start (" + zone + ")", Width: 20}, {Title: "End (" + zone + ")", Width: 20},
		{Title: "Call status"}, {Title: "Room duration (s)"}, {Title: "Joined users"}, {Title: "Stays"}, {Title: "Peak online users"}, {Title: "Score (0 to 10)"},
		{Title: "Worst issue"}, {Title: "High issues"}, {Title: "Medium issues"}, {Title: "Low issues"}, {Title: "Users", Width: 40}, {Title: "Verdict (times in " + zone + ")", Width: 80},
	}
}

func (a *API) export(ctx context.Context, in *exportInput) (*huma.StreamResponse, error) {
	app, err := in.scope(ctx)
	if err != nil {
		return nil, err
	}
	zone, err := time.LoadLocation(in.Zone)
	if err != nil || in.Zone == "Local" {
		return nil, invalid("query.zone", "there is no zone "+strconv.Quote(in.Zone)+"; an IANA name such as Europe/Berlin is expected")
	}
	f, err := in.filter()
	if err != nil {
		return nil, err
	}
	known, err := a.Settings.App(ctx, app)
	if err != nil {
		return nil, err
	}
	// The first page tells how many there are, before anything is sent.
	f.Limit, f.AllCount = exportedAtOnce, true
	first, cancelFirst := context.WithTimeout(ctx, longestAnswer)
	defer cancelFirst()
	page, err := a.Query.Calls(first, app, f)
	if err != nil {
		return nil, err
	}
	rows := min(page.Total, exportedCalls)
	now := a.Now().In(zone)
	name := fmt.Sprintf("calls-app-%d-%s", app, now.Format("2006-01-02-1504"))
	told := fmt.Sprintf("All %d calls that match", page.Total)
	if rows < page.Total {
		name += fmt.Sprintf("-first-%d-of-%d", rows, page.Total)
		told = fmt.Sprintf("The first %d of %d calls that match: an export holds no more. Narrow the filters, or turn the pages of the list with the API", rows, page.Total)
	}
	o := export.Options{Format: in.Format, Name: "Calls", Columns: callColumns(zone.String()), Zone: zone, About: [][2]string{
		{"Calls", told}, {"App", fmt.Sprintf("%s (%d)", known.Name, app)}, {"Filters", in.words(zone)}, {"Order", in.Sort + " " + in.Order},
		{"Times in", zone.String()}, {"Made", now.Format(time.DateTime)}, {"Empty cells", "Not measured, not told, or still going on"},
	}}
	return &huma.StreamResponse{Body: func(hctx huma.Context) {
		_, w := humago.Unwrap(hctx)
		h := w.Header()
		h.Set("Content-Type", in.Format.ContentType())
		h.Set("Content-Disposition", fmt.Sprintf(`attachment; filename="%s.%s"`, name, in.Format))
		h.Set("Peerglass-Rows", strconv.Itoa(rows))
		h.Set("Peerglass-Total", strconv.Itoa(page.Total))
		ctx, cancel := context.WithTimeout(ctx, longestExport)
		defer cancel()
		if err := a.writeCalls(ctx, w, o, app, f, page, rows); err != nil {
			if ctx.Err() == nil {
				a.Log.ErrorContext(ctx, "export calls", "app", app, "error", err)
			}
			panic(http.ErrAbortHandler) // nobody takes the half of it for the whole
		}
	}}, nil
}

// writeCalls writes so many rows of calls, page by page.
func (a *API) writeCalls(ctx context.Context, w io.Writer, o export.Options, app rtc.AppID, f query.CallFilter, page query.CallPage, rows int) error {
	table, err := export.New(w, o)
	if err != nil {
		return err
	}
	for f.NoTotal = true; ; {
		page.Calls = page.Calls[:min(len(page.Calls), rows)]
		rows -= len(page.Calls)
		calls, err := a.listed(ctx, app, page.Calls, exportedPeople, 0)
		if err != nil {
			return err
		}
		for i := range calls {
			if err := table.Row(callCells(&calls[i], o.Zone)...); err != nil {
				return err
			}
		}
		if flush, ok := w.(http.Flusher); ok {
			flush.Flush()
		}
		if f.Cursor = page.Cursor; f.Cursor == "" || rows == 0 {
			return table.Close()
		}
		if page, err = a.Query.Calls(ctx, app, f); err != nil {
			return err
		}
	}
}

func callCells(c *ListedCall, zone *time.Location) []any {
	var end, score, worst, high, medium, low, said any
	if c.End != nil {
		end = *c.End
	}
	if v := c.Verdict; v != nil {
		if v.Score != nil {
			score = *v.Score
		}
		high, medium, low = int(v.Issues.High), int(v.Issues.Medium), int(v.Issues.Low)
		worst = v.Issues.worst()
		said = inZone(strings.Join(v.Sentences, " "), c.Start, zone)
	}
	people := make([]string, len(c.People))
	for i, p := range c.People {
		switch {
		case p.User == "" && p.UserName == "":
			people[i] = "anonymous"
		case p.UserName == "" || p.UserName == p.User:
			people[i] = p.User
		case p.User == "":
			people[i] = p.UserName
		default:
			people[i] = p.UserName + " (" + p.User + ")"
		}
	}
	named := strings.Join(people, ", ")
	if more := c.Users - len(people); more > 0 && len(people) == exportedPeople {
		named += fmt.Sprintf(" and %d more", more)
	}
	status := "Ended"
	if c.Status == "active" {
		status = "In progress"
	}
	return []any{c.Room, c.RoomName, c.ID, c.Start, end, status, float64(c.DurationMs) / 1000, c.Users, c.Sessions, c.Peak, score, worst, high, medium, low, named, said}
}

// worst is the severity of the worst issue.
func (n IssueCounts) worst() string {
	switch {
	case n.High > 0:
		return rtc.High.String()
	case n.Medium > 0:
		return rtc.Medium.String()
	case n.Low > 0:
		return rtc.Low.String()
	}
	return "none"
}

var timesInText = regexp.MustCompile(`(\d\d:\d\d:\d\d)(?:–(\d\d:\d\d:\d\d))? UTC`)

// inZone writes the times of day in a verdict, which are in UTC, in a zone;
// near says on which day.
func inZone(text string, near time.Time, zone *time.Location) string {
	local := func(clock string) string {
		t, err := time.Parse(time.DateOnly+" "+time.TimeOnly, near.UTC().Format(time.DateOnly)+" "+clock)
		if err != nil {
			return clock + " UTC"
		}
		if t.Before(near.Add(-12 * time.Hour)) { // after midnight
			t = t.AddDate(0, 0, 1)
		}
		return t.In(zone).Format(time.TimeOnly)
	}
	return timesInText.ReplaceAllStringFunc(text, func(found string) string {
		m := timesInText.FindStringSubmatch(found)
		if m[2] == "" {
			return local(m[1])
		}
		return local(m[1]) + "–" + local(m[2])
	})
}

// words says what a list was narrowed by.
func (in *CallsWanted) words(zone *time.Location) string {
	var told []string
	say := func(what, value string) {
		if value != "" {
			told = append(told, what+" "+value)
		}
	}
	at := func(i Instant) string {
		if i.IsZero() {
			return ""
		}
		return i.In(zone).Format(time.DateTime)
	}
	say("from", at(in.From))
	say("until", at(in.To))
	say("status", string(in.Status))
	say("call", in.Call)
	say("room", in.Room)
	say("user", in.User)
	say("key", in.Key)
	say("region", strings.Join(in.Regions, " or "))
	say("browser", strings.Join(in.Browsers, " or "))
	say("operating system", strings.Join(in.Systems, " or "))
	say("issue", strings.Join(in.Issues, " or "))
	say("severity", in.Severity)
	if in.MinScore > 0 || in.MaxScore < 10 {
		told = append(told, fmt.Sprintf("score %g to %g", in.MinScore, in.MaxScore))
	}
	if in.MinDurationMs > 0 {
		told = append(told, fmt.Sprintf("at least %g s", float64(in.MinDurationMs)/1000))
	}
	if in.MaxDurationMs > 0 {
		told = append(told, fmt.Sprintf("at most %g s", float64(in.MaxDurationMs)/1000))
	}
	if len(told) == 0 {
		return "none: every call of the app"
	}
	return strings.Join(told, "; ")
}
