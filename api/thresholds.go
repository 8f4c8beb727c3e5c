package api

import (
	"context"
	"fmt"
	"net/http"
	"strconv"

	"github.com/peerglass/peerglass/session"
	"github.com/peerglass/peerglass/settings"
)

// Threshold is from where a figure counts or an issue alarms.
type Threshold struct {
	Name    string   `json:"name" example:"video_stutter"`
	Label   string   `json:"label"`
	Unit    string   `json:"unit" enum:"ms,ratio"`
	Default float64  `json:"default"`
	Min     float64  `json:"min"`
	Max     float64  `json:"max"`
	Value   *float64 `json:"value" doc:"The app's own; null: as by default"`
}

// ThresholdList holds every threshold that an app can set.
type ThresholdList struct {
	Items []Threshold `json:"items"`
}

type changeThresholdsInput struct {
	AppPath
	Body struct {
		Values map[string]*float64 `json:"values" doc:"By name; null goes back to the default, what is not named stays"`
	}
}

func thresholdsOf(own map[string]float64) ThresholdList {
	return ThresholdList{each(session.ThresholdList, func(t *session.Threshold) Threshold {
		out := Threshold{Name: t.Name, Label: t.Label, Unit: t.Unit, Default: t.Default, Min: t.Min, Max: t.Max}
		if v, ok := own[t.Name]; ok {
			out.Value = &v
		}
		return out
	})}
}

func (a *API) thresholdRoutes() {
	const tag = "apps"
	answer(a, route(http.MethodGet, "/apps/{app}/thresholds", "listThresholds", tag, "From where figures count and issues alarm"), func(ctx context.Context, in *AppPath) (ThresholdList, error) {
		id, err := in.scope(ctx)
		if err != nil {
			return ThresholdList{}, err
		}
		app, err := a.Settings.App(ctx, id)
		return thresholdsOf(app.Thresholds), err
	})
	answer(a, route(http.MethodPatch, "/apps/{app}/thresholds", "changeThresholds", tag, "Set an app's own thresholds; they hold for sessions that begin from now on"), a.changeThresholds)
}

func (a *API) changeThresholds(ctx context.Context, in *changeThresholdsInput) (ThresholdList, error) {
	id, err := in.scope(ctx)
	if err != nil {
		return ThresholdList{}, err
	}
	for name, v := range in.Body.Values {
		t := session.FindThreshold(name)
		if t == nil {
			return ThresholdList{}, invalid("body.values", "there is no threshold "+strconv.Quote(name)+"; GET "+Prefix+"/apps/"+strconv.FormatUint(uint64(id), 10)+"/thresholds lists them")
		}
		if v != nil && !(*v >= t.Min && *v <= t.Max) {
			return ThresholdList{}, invalid("body.values."+name, fmt.Sprintf("%v %s lies outside of %v to %v", *v, t.Unit, t.Min, t.Max))
		}
	}
	app, err := a.Settings.ChangeApp(ctx, id, settings.AppChange{Thresholds: in.Body.Values})
	return thresholdsOf(app.Thresholds), err
}
