package api

import (
	"context"
	"net/http"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/peerglass/peerglass/quality/issue"
	"github.com/peerglass/peerglass/query"
	"github.com/peerglass/peerglass/rtc"
)

// CallList is a page of calls.
type CallList struct {
	Items []ListedCall `json:"items"`
	Total int          `json:"total" doc:"Calls that match, on all pages; where more is true there are more than these"`
	More  bool         `json:"more" doc:"More calls match than were counted: of what very many have, some 10,000 are counted"`
	Next  *string      `json:"next" doc:"Cursor of the next page; null on the last"`
}

// ListedCall is a call with what a list shows at a glance.
type ListedCall struct {
	Call
	People []Person `json:"people" doc:"The first users by join, as many as were asked for with people"`
	Slices []Slice  `json:"slices" doc:"The time from start to end (or now) in equal parts, as many as were asked for with slices"`
}

// Person is a user as a list names them.
type Person struct {
	User     string `json:"user" doc:"As the application named them; empty for an anonymous one"`
	UserName string `json:"userName"`
}

// Slice is one part of a call's time.
type Slice struct {
	Level string `json:"level" enum:"unknown,clear,low,medium,high" doc:"Severity of the worst issue at that time; clear: there was none; unknown: there was nobody with media to measure"`
	Issue string `json:"issue" example:"video_freeze" doc:"Type of the worst issue; empty where there was none"`
	Label string `json:"label" doc:"What people read of the type"`
}

// CallChoices are values that occur in an app's calls, the most frequent first.
type CallChoices struct {
	Browsers []string `json:"browsers"`
	Systems  []string `json:"systems" doc:"Operating systems"`
	Regions  []string `json:"regions" doc:"As in DE, Berlin; the country stands before the comma"`
	Keys     []string `json:"keys" doc:"Names of what the application attached"`
}

// IssueType describes one kind of impairment.
type IssueType struct {
	Type   string   `json:"type" example:"video_freeze"`
	Label  string   `json:"label" doc:"What people read"`
	Phase  string   `json:"phase" enum:"call,joining"`
	Help   string   `json:"help" doc:"What it is, its thresholds and their source"`
	Causes []string `json:"causes" doc:"That it can name"`
}

// IssueTypeList is the catalogue of issues.
type IssueTypeList struct {
	Items []IssueType `json:"items"`
}

// CallsWanted narrows and orders a list of calls.
type CallsWanted struct {
	TimeRange
	Status        CallStatus `query:"status" enum:"active,ended"`
	Call          string     `query:"call" maxLength:"64" doc:"Id of a call: this one alone"`
	Room          string     `query:"room" maxLength:"512" doc:"Exact room id, or the beginning of one followed by *"`
	User          string     `query:"user" maxLength:"512" doc:"Exact id, or name in any case, of a user who joined; or the beginning of either followed by *. What is said of user, key, region, browser and os is said of one and the same stay"`
	Key           string     `query:"key" maxLength:"1024" doc:"What the application attached: key=value, or a key alone for any value"`
	Regions       []string   `query:"region,explode" maxItems:"50" doc:"A country, as in DE, or a place, as in DE, Berlin; may be repeated: any of them"`
	Browsers      []string   `query:"browser,explode" maxItems:"50" doc:"May be repeated: any of them"`
	Systems       []string   `query:"os,explode" maxItems:"50" doc:"Operating system; may be repeated: any of them"`
	Issues        []string   `query:"issue,explode" maxItems:"50" doc:"Type of an issue that was found, see GET /issue-types; may be repeated: any of them"`
	Severity      string     `query:"severity" enum:"none,low,medium,high" doc:"An issue at least so severe, together with issue: of those types. none: looked at, and no issue was found"`
	MinScore      float64    `query:"minScore" minimum:"0" maximum:"10" default:"0" doc:"More than 0 leaves out calls without a score"`
	MaxScore      float64    `query:"maxScore" minimum:"0" maximum:"10" default:"10" doc:"Less than 10 leaves out calls without a score"`
	MinDurationMs int64      `query:"minDurationMs" minimum:"0"`
	MaxDurationMs int64      `query:"maxDurationMs" minimum:"0"`
	Sort          string     `query:"sort" enum:"start,duration,users,room,status,score" default:"start" doc:"By score, calls without one come last either way"`
	Order         string     `query:"order" enum:"asc,desc" default:"desc"`
}

type callsInput struct {
	AppPath
	CallsWanted
	People int    `query:"people" minimum:"0" maximum:"50" default:"0" doc:"How many users of each call to name"`
	Slices int    `query:"slices" minimum:"0" maximum:"100" default:"0" doc:"In how many parts to tell each call's quality over its time"`
	Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"10"`
	Cursor string `query:"cursor" maxLength:"1024"`
}

type choicesInput struct {
	AppPath
	TimeRange
}

var callSorts = map[string]query.CallSort{"start": query.ByStart, "duration": query.ByDuration, "users": query.ByUsers, "room": query.ByRoom,
	"status": query.ByStatus, "score": query.ByScore}

// exactOrBegin tells "team-*", the beginning of a text, from a whole one.
func exactOrBegin(text string) (exact, begin string) {
	if b, ok := strings.CutSuffix(text, "*"); ok {
		return "", b
	}
	return text, ""
}

func (in *CallsWanted) filter() (query.CallFilter, error) {
	f := query.CallFilter{
		From: in.From.Time, To: in.To.Time, Sort: callSorts[in.Sort], Ascending: in.Order == "asc",
		Regions: in.Regions, Browsers: in.Browsers, Systems: in.Systems, Issues: in.Issues,
		MinSeverity: levels[Level(in.Severity)], NoIssues: in.Severity == "none",
		MinDuration: time.Duration(in.MinDurationMs) * time.Millisecond, MaxDuration: time.Duration(in.MaxDurationMs) * time.Millisecond,
	}
	if in.Call != "" {
		id, err := rtc.ParseID(in.Call)
		if err != nil {
			return f, invalid("query.call", "a call's id has 13 characters, as in 0a1b2c3d4e5f6")
		}
		f.Call = rtc.CallID(id)
	}
	for _, of := range in.Issues {
		if labelOf(of) == of {
			return f, invalid("query.issue", "there is no issue "+of+"; GET /issue-types lists them")
		}
	}
	switch in.Status {
	case "active":
		f.Status = query.InProgress
	case "ended":
		f.Status = query.Ended
	}
	f.Room, f.RoomPrefix = exactOrBegin(in.Room)
	f.User, f.UserPrefix = exactOrBegin(in.User)
	f.Key, f.Value, _ = strings.Cut(in.Key, "=")
	if in.Key != "" && f.Key == "" {
		return f, invalid("query.key", "a key is expected before the =")
	}
	if in.MinScore > 0 {
		low := float32(in.MinScore)
		f.MinScore = &low
	}
	if in.MaxScore < 10 {
		high := float32(in.MaxScore)
		f.MaxScore = &high
	}
	return f, nil
}

func (a *API) callListRoutes(tag string) {
	answer(a, route(http.MethodGet, "/apps/{app}/calls", "listCalls", tag, "Calls that were going on in a time range, the newest first"), func(ctx context.Context, in *callsInput) (CallList, error) {
		list := CallList{Items: []ListedCall{}}
		app, err := in.scope(ctx)
		if err != nil {
			return list, err
		}
		f, err := in.filter()
		if err != nil {
			return list, err
		}
		f.Limit, f.Cursor = in.Limit, in.Cursor
		page, err := a.Query.Calls(ctx, app, f)
		if err != nil {
			return list, err
		}
		list.Items, err = a.listed(ctx, app, page.Calls, in.People, in.Slices)
		list.Total, list.More, list.Next = page.Total, page.More, next(page.Cursor)
		return list, err
	})
	answer(a, route(http.MethodGet, "/apps/{app}/calls/choices", "listCallChoices", tag, "Browsers, systems, regions and keys that occur, to narrow calls by"), func(ctx context.Context, in *choicesInput) (CallChoices, error) {
		app, err := in.scope(ctx)
		if err != nil {
			return CallChoices{}, err
		}
		c, err := a.Query.CallChoices(ctx, app, in.From.Time, in.To.Time)
		return CallChoices{Browsers: texts(c.Browsers), Systems: texts(c.Systems), Regions: texts(c.Regions), Keys: texts(c.Keys)}, err
	})
	answer(a, route(http.MethodGet, "/issue-types", "listIssueTypes", "quality", "The catalogue of issues: types, labels, causes"), func(context.Context, *nothing) (IssueTypeList, error) {
		list := IssueTypeList{Items: []IssueType{}}
		for _, d := range issue.Detectors() {
			list.Items = append(list.Items, IssueType{Type: d.Type, Label: d.Label, Phase: d.Phase.String(), Help: d.Help, Causes: texts(d.Causes)})
		}
		return list, nil
	})
	a.exportRoute(tag)
}

// texts is a list that is empty rather than null.
func texts(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

// listed puts calls together with what a list shows of them.
func (a *API) listed(ctx context.Context, app rtc.AppID, calls []rtc.Call, people, slices int) ([]ListedCall, error) {
	ids := make([]rtc.CallID, len(calls))
	for i := range calls {
		ids[i] = calls[i].ID
	}
	var verdicts map[rtc.CallID]rtc.Verdict
	var glances map[rtc.CallID]query.Glance
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		verdicts, err = a.Query.Verdicts(ctx, app, ids)
		return err
	})
	group.Go(func() (err error) {
		glances, err = a.Query.Glances(ctx, app, calls, people, slices)
		return err
	})
	if err := group.Wait(); err != nil {
		return []ListedCall{}, err
	}
	return each(calls, func(c *rtc.Call) ListedCall {
		g := glances[c.ID]
		return ListedCall{
			Call:   a.callOf(*c, verdicts),
			People: each(g.People, func(p *query.Person) Person { return Person{User: p.User, UserName: p.Name} }),
			Slices: each(g.Slices, sliceOf),
		}
	}), nil
}

func sliceOf(s *query.Slice) Slice {
	switch {
	case s.Worst != rtc.Clear: // what was found was measured, whoever was there
		return Slice{Level: s.Worst.String(), Issue: s.Issue, Label: labelOf(s.Issue)}
	case s.Measured:
		return Slice{Level: rtc.Clear.String()}
	}
	return Slice{Level: "unknown"}
}
