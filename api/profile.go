package api

import (
	"context"
	"math"
	"net/http"

	"github.com/peerglass/peerglass/quality/profile"
)

// Grade is how good a figure of a profile is.
type Grade string

// ProfileFigure is one figure of a call as a whole.
type ProfileFigure struct {
	ID     string   `json:"id" example:"join_success"`
	Label  string   `json:"label"`
	Unit   string   `json:"unit" enum:",ratio,ms" doc:"Of value; empty: a count"`
	Value  *float64 `json:"value" doc:"null where it was not measured"`
	Count  *float64 `json:"count" doc:"What value is a share of: the part; null where it is no share"`
	Of     *float64 `json:"of" doc:"And the whole; of a median the number of values"`
	OfUnit string   `json:"ofUnit" enum:",users,stays,streams,recordings,ms" doc:"Unit of count and of"`
	Grade  Grade    `json:"grade" enum:",good,fair,poor" doc:"Empty where nothing was measured or no bound says what is good"`
	Help   string   `json:"help" doc:"How it is counted, and what is good"`
}

// ProfileMedia counts the streams of one kind and direction.
type ProfileMedia struct {
	Kind      MediaKind `json:"kind" enum:"audio,video,screen"`
	Direction Direction `json:"direction" enum:"send,receive"`
	Measured  int       `json:"measured" doc:"Streams of which there are figures over time"`
	Carried   int       `json:"carried" doc:"Streams that had packets"`
}

// ProfileKept says what is left of a call: samples and events are kept for
// shorter than the rest.
type ProfileKept struct {
	Samples bool `json:"samples" doc:"There are figures over time"`
	Events  bool `json:"events" doc:"There are events"`
}

// Profile is a call as a whole in figures.
type Profile struct {
	Items   []ProfileFigure `json:"items"`
	Media   []ProfileMedia  `json:"media" doc:"What there is of media, by kind and direction; kinds without streams are left out"`
	Missing []string        `json:"missing" doc:"Users whose media was received, but who sent no measurements of their own"`
	Kept    ProfileKept     `json:"kept"`
}

func profileFigureOf(f *profile.Figure) ProfileFigure {
	return ProfileFigure{
		ID: f.ID, Label: f.Label, Unit: f.Unit, Value: roundedOrNull(f.Value), Count: roundedOrNull(f.Count), Of: roundedOrNull(f.Of),
		OfUnit: f.PartUnit, Grade: Grade(f.Grade), Help: f.Help,
	}
}

// roundedOrNull is null for what was not measured; a ten thousandth is fine
// enough for shares.
func roundedOrNull(v float64) *float64 {
	if math.IsNaN(v) {
		return nil
	}
	v = math.Round(v*10_000) / 10_000
	return &v
}

func (a *API) profileRoutes() {
	answer(a, route(http.MethodGet, "/apps/{app}/calls/{call}/profile", "getProfile", "calls", "A call as a whole: users, joins, streams that went through, freezes"), func(ctx context.Context, in *CallPath) (Profile, error) {
		app, call, err := in.scope(ctx)
		if err != nil {
			return Profile{}, err
		}
		rows, err := a.Query.Profile(ctx, app, call)
		if err != nil {
			return Profile{}, err
		}
		return Profile{
			Items: each(profile.Of(rows, a.Now()), profileFigureOf), Missing: profile.Missing(rows), Kept: ProfileKept{rows.SamplesKept, rows.EventsKept},
			Media: each(rows.Media, func(m *profile.Media) ProfileMedia {
				return ProfileMedia{MediaKind(m.Kind.String()), Direction(m.Direction.String()), m.Measured, m.Carried}
			}),
		}, nil
	})
}
