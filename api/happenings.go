package api

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/peerglass/peerglass/quality/happening"
	"github.com/peerglass/peerglass/query"
	"github.com/peerglass/peerglass/rtc"
)

// HappeningLane is the part of a time line in which something is drawn.
type HappeningLane string

// Happening is what an event of a stay means to people, with the ids and names
// that other consoles list it under.
type Happening struct {
	ID         string          `json:"id" example:"0a1b2c3d4e5f6/12" doc:"session/index of the stored event that tells it; further rows of one event, and rows that no event tells, have a third part"`
	Time       time.Time       `json:"time" doc:"Server's clock"`
	Session    string          `json:"session"`
	User       string          `json:"user" doc:"Whose stay it is; empty for an anonymous one"`
	UserName   string          `json:"userName"`
	Index      uint32          `json:"index" doc:"Of the stored event, see GET …/events; 0: it follows from figures or from the stay itself"`
	Event      string          `json:"event" example:"onconnectionstatechange" doc:"The stored event's name; empty with index 0"`
	Type       string          `json:"type" example:"upstream_established" doc:"See GET /happening-types"`
	Reference  *uint8          `json:"reference" doc:"Id in Table 4-1 of the SparkRTC guide; null where it has none"`
	Label      string          `json:"label" doc:"What people read"`
	Cause      *string         `json:"cause" doc:"Why, in a word; null where not known"`
	Severity   Severity        `json:"severity" enum:"info,warning,error"`
	Lane       HappeningLane   `json:"lane" enum:"room,connection,media,device,error,application,feedback"`
	Direction  *string         `json:"direction" enum:"up,down" doc:"null: of neither way"`
	Kind       *MediaKind      `json:"kind" enum:"audio,video,screen" doc:"null: of no medium"`
	Connection uint16          `json:"connection" doc:"0: none"`
	Stream     uint32          `json:"stream" doc:"0: none"`
	RemoteUser string          `json:"remoteUser" doc:"Whose medium it is, for one that is received; empty where not known"`
	Text       string          `json:"text" doc:"A sentence with the figures"`
	Value      json.RawMessage `json:"value" doc:"What the stored event carries: any JSON; null where there is none"`
}

// HappeningRoom says of a call who came first and last, and how many there were.
type HappeningRoom struct {
	Created   time.Time  `json:"created" doc:"The first join"`
	Dissolved *time.Time `json:"dissolved" doc:"The last leave; null while somebody is there"`
	Peak      int        `json:"peak" doc:"Most users at one time"`
	PeakAt    *time.Time `json:"peakAt" doc:"When that was reached first"`
}

// HappeningList is a page of what happened in a call.
type HappeningList struct {
	Items    []Happening    `json:"items"`
	Total    int            `json:"total" doc:"Rows that match, on all pages"`
	Types    map[string]int `json:"types" doc:"How many there are of each type, of all that match but for the filter by type"`
	Room     HappeningRoom  `json:"room"`
	Complete bool           `json:"complete" doc:"false: the call has more events than are looked at in one answer, of some stays the later ones are missing; ask for fewer sessions"`
	Next     *string        `json:"next" doc:"Cursor of the next page; null on the last"`
}

// HappeningType is one kind of thing that can happen.
type HappeningType struct {
	Type        string        `json:"type" example:"upstream_established"`
	Label       string        `json:"label"`
	References  []int         `json:"references" doc:"Ids in Table 4-1 of the SparkRTC guide that its rows can have"`
	View        string        `json:"view" example:"Established upstream media transmission channel" doc:"The event type of Tencent's end-to-end details that it is; empty for none"`
	Lane        HappeningLane `json:"lane" enum:"room,connection,media,device,error,application,feedback"`
	LaneLabel   string        `json:"laneLabel"`
	Color       string        `json:"color" enum:"blue,orange,green,pink,sky,amber,purple,grey,red"`
	Shape       string        `json:"shape" enum:"circle,square,diamond,triangle"`
	Description string        `json:"description"`
	From        string        `json:"from" doc:"What tells it"`
	Tell        string        `json:"tell" doc:"What an application calls where the browser does not tell it; empty where nothing is needed"`
}

// HappeningTypeList holds the whole catalogue, lane by lane.
type HappeningTypeList struct {
	Items []HappeningType `json:"items"`
}

type happeningsInput struct {
	CallPath
	TimeRange
	Sessions   []string `query:"session,explode" maxItems:"500" doc:"Only those of this session; may be repeated"`
	Types      []string `query:"type,explode" maxItems:"100" doc:"Only this type, see GET /happening-types; may be repeated"`
	Lanes      []string `query:"lane,explode" enum:"room,connection,media,device,error,application,feedback" doc:"Only this lane; may be repeated"`
	Kinds      []string `query:"kind,explode" enum:"audio,video,screen" doc:"Only of this medium; may be repeated"`
	Directions []string `query:"direction,explode" enum:"up,down" doc:"Only of this way; may be repeated"`
	Severity   Severity `query:"severity" enum:"info,warning,error" default:"info" doc:"Only those at least so severe"`
	Search     string   `query:"search" maxLength:"256" doc:"Part of the label, the text, the cause, the event's name or a user's name, upper and lower case alike"`
	Order      string   `query:"order" enum:"asc,desc" default:"asc"`
	Values     string   `query:"values" enum:"yes,no" default:"yes" doc:"no: without what the stored events carry, which is most of an answer's bytes"`
	Limit      int      `query:"limit" minimum:"1" maximum:"10000" default:"200"`
	Cursor     string   `query:"cursor" maxLength:"1024"`
}

func (in *happeningsInput) filter() (query.HappeningFilter, error) {
	f := query.HappeningFilter{
		From: in.From.Time, To: in.To.Time, MinSeverity: severities[in.Severity], Search: in.Search,
		Descending: in.Order == "desc", Values: in.Values != "no", Limit: in.Limit, Cursor: in.Cursor,
	}
	for _, s := range in.Sessions {
		id, err := rtc.ParseID(s)
		if err != nil {
			return f, errNotFound("The session")
		}
		f.Sessions = append(f.Sessions, rtc.SessionID(id))
	}
	for _, t := range in.Types {
		for slug := range strings.SplitSeq(t, ",") {
			if happening.Find(slug) == nil {
				return f, invalid("query.type", "there is no type "+slug+"; GET "+Prefix+"/happening-types lists them")
			}
			f.Types = append(f.Types, slug)
		}
	}
	for _, l := range in.Lanes {
		f.Lanes = append(f.Lanes, happening.Lane(l))
	}
	for _, k := range in.Kinds {
		f.Kinds = append(f.Kinds, map[string]rtc.MediaKind{"audio": rtc.KindAudio, "video": rtc.KindVideo, "screen": rtc.KindScreen}[k])
	}
	for _, d := range in.Directions {
		f.Directions = append(f.Directions, map[string]rtc.Direction{"up": rtc.Send, "down": rtc.Receive}[d])
	}
	return f, nil
}

func happeningOf(r *query.Happening) Happening {
	out := Happening{
		ID: r.ID(), Time: r.Time.UTC(), Session: r.Session.String(), User: r.User, UserName: r.UserName, Index: r.Index, Event: r.Event,
		Type: r.Type.Slug, Label: r.Label, Severity: Severity(r.Severity.String()), Lane: HappeningLane(r.Type.Lane),
		Connection: uint16(r.Connection), Stream: uint32(r.Stream), RemoteUser: r.RemoteUser, Text: r.Text, Value: rawJSON(r.Value),
	}
	if r.Reference != 0 {
		out.Reference = &r.Reference
	}
	if r.Cause != "" {
		out.Cause = &r.Cause
	}
	switch r.Direction {
	case rtc.Send:
		up := "up"
		out.Direction = &up
	case rtc.Receive:
		down := "down"
		out.Direction = &down
	}
	if r.Kind == rtc.KindAudio || r.Kind == rtc.KindVideo || r.Kind == rtc.KindScreen {
		kind := MediaKind(r.Kind.String())
		out.Kind = &kind
	}
	return out
}

// rawJSON passes a stored value on: a text where it was cut and is JSON no more.
func rawJSON(value string) json.RawMessage {
	switch {
	case value == "":
		return json.RawMessage("null")
	case json.Valid([]byte(value)):
		return json.RawMessage(value)
	}
	text, _ := json.Marshal(value) // a string always marshals
	return text
}

func happeningTypes() HappeningTypeList {
	list := HappeningTypeList{Items: []HappeningType{}}
	labels := map[happening.Lane]string{}
	for _, l := range happening.Lanes() {
		labels[l.Lane] = l.Label
	}
	for _, t := range happening.Types() {
		references := []int{}
		for _, r := range t.References {
			references = append(references, int(r))
		}
		list.Items = append(list.Items, HappeningType{
			Type: t.Slug, Label: t.Label, References: references, View: t.View, Lane: HappeningLane(t.Lane), LaneLabel: labels[t.Lane],
			Color: string(t.Color), Shape: string(t.Shape), Description: t.Help, From: t.From, Tell: t.Tell,
		})
	}
	return list
}

func (a *API) happeningRoutes() {
	answer(a, route(http.MethodGet, "/apps/{app}/calls/{call}/happenings", "listHappenings", "calls", "What happened in a call in the words of people: joins, media, devices, errors, feedback, with the reference's event ids"), func(ctx context.Context, in *happeningsInput) (HappeningList, error) {
		list := HappeningList{Items: []Happening{}, Types: map[string]int{}}
		app, call, err := in.scope(ctx)
		if err == nil {
			_, err = a.Query.Call(ctx, app, call)
		}
		if err != nil {
			return list, err
		}
		f, err := in.filter()
		if err != nil {
			return list, err
		}
		page, err := a.Query.Happenings(ctx, app, call, f)
		if err != nil {
			return list, err
		}
		return HappeningList{
			Items: each(page.Rows, happeningOf), Total: page.Total, Types: page.Types, Complete: page.Complete, Next: next(page.Cursor),
			Room: HappeningRoom{Created: page.Room.Created.UTC(), Dissolved: orNull(page.Room.Dissolved), Peak: page.Room.Peak, PeakAt: orNull(page.Room.PeakAt)},
		}, nil
	})
	answer(a, route(http.MethodGet, "/happening-types", "listHappeningTypes", "about", "The types of what can happen, with their ids in the reference and what tells them"), func(context.Context, *nothing) (HappeningTypeList, error) {
		return happeningTypes(), nil
	})
}
