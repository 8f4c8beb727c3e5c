package api

import (
	"context"
	"net/http"
	"time"

	"github.com/peerglass/peerglass/rtc"
	"github.com/peerglass/peerglass/settings"
)

func appOf(a settings.App) App {
	return App{ID: uint32(a.ID), Name: a.Name, Description: a.Description, Enabled: a.Enabled, Created: a.Created}
}

type newAppInput struct {
	Body struct {
		Name        string `json:"name" minLength:"1" maxLength:"100"`
		Description string `json:"description,omitempty" maxLength:"1000"`
	}
}

type changeAppInput struct {
	AppPath
	Body struct {
		Name        *string `json:"name,omitempty" minLength:"1" maxLength:"100"`
		Description *string `json:"description,omitempty" maxLength:"1000"`
		Enabled     *bool   `json:"enabled,omitempty" doc:"A disabled app takes in no measurements"`
	}
}

// TimeRange narrows to what happened in [from, to).
type TimeRange struct {
	From Instant `query:"from" doc:"RFC 3339 or Unix ms"`
	To   Instant `query:"to" doc:"RFC 3339 or Unix ms; what happened at it does not count"`
}

func (a *API) appRoutes() {
	const tag = "apps"
	answer(a, route(http.MethodGet, "/apps", "listApps", tag, "The apps that the caller may see"), func(ctx context.Context, _ *nothing) (AppList, error) {
		apps, err := a.visible(ctx)
		list := AppList{Items: make([]App, 0, len(apps))}
		for _, app := range apps {
			list.Items = append(list.Items, appOf(app))
		}
		return list, err
	})
	answer(a, route(http.MethodGet, "/apps/activity", "appsActivity", tag, "How busy each app is; without a range: the last 24 hours"), a.activity)
	create := route(http.MethodPost, "/apps", "createApp", tag, "Create an app; administrators only")
	create.DefaultStatus = http.StatusCreated
	answer(a, create, func(ctx context.Context, in *newAppInput) (App, error) {
		if err := callerOf(ctx).mustAdmin(); err != nil {
			return App{}, err
		}
		app, err := a.Settings.CreateApp(ctx, in.Body.Name, in.Body.Description)
		return appOf(app), err
	})
	answer(a, route(http.MethodGet, "/apps/{app}", "getApp", tag, "One app"), func(ctx context.Context, in *AppPath) (App, error) {
		id, err := in.scope(ctx)
		if err != nil {
			return App{}, err
		}
		app, err := a.Settings.App(ctx, id)
		return appOf(app), err
	})
	answer(a, route(http.MethodPatch, "/apps/{app}", "changeApp", tag, "Rename, describe, enable or disable an app"), func(ctx context.Context, in *changeAppInput) (App, error) {
		id, err := in.scope(ctx)
		if err != nil {
			return App{}, err
		}
		app, err := a.Settings.ChangeApp(ctx, id, settings.AppChange{Name: in.Body.Name, Description: in.Body.Description, Enabled: in.Body.Enabled})
		return appOf(app), err
	})
	act(a, route(http.MethodDelete, "/apps/{app}", "deleteApp", tag, "Delete an app with its keys; only a disabled one, by an administrator"), func(ctx context.Context, in *AppPath) error {
		id, err := in.scope(ctx)
		if err == nil {
			err = callerOf(ctx).mustAdmin()
		}
		if err != nil {
			return err
		}
		return a.Settings.DeleteApp(ctx, id)
	})
	answer(a, route(http.MethodGet, "/apps/{app}/secret", "getAppSecret", tag, "The secret that an app's tokens are signed with"), func(ctx context.Context, in *AppPath) (AppSecret, error) {
		id, err := in.scope(ctx)
		if err != nil {
			return AppSecret{}, err
		}
		secret, err := a.Settings.AppSecret(ctx, id)
		return AppSecret{secret}, err
	})
	answer(a, route(http.MethodPost, "/apps/{app}/secret/rotate", "rotateAppSecret", tag, "Give an app a new secret; tokens signed with the old one are refused from now on"), func(ctx context.Context, in *AppPath) (AppSecret, error) {
		id, err := in.scope(ctx)
		if err != nil {
			return AppSecret{}, err
		}
		secret, err := a.Settings.RotateSecret(ctx, id)
		return AppSecret{secret}, err
	})
}

// visible returns the caller's apps.
func (a *API) visible(ctx context.Context) ([]settings.App, error) {
	all, err := a.Settings.Apps(ctx)
	if err != nil {
		return nil, err
	}
	c := callerOf(ctx)
	apps := all[:0]
	for _, app := range all {
		if c.may(app.ID) {
			apps = append(apps, app)
		}
	}
	return apps, nil
}

func (a *API) activity(ctx context.Context, in *TimeRange) (AppActivityList, error) {
	list := AppActivityList{Items: []AppActivity{}}
	apps, err := a.visible(ctx)
	if err != nil || len(apps) == 0 {
		return list, err
	}
	ids := make([]rtc.AppID, len(apps))
	for i, app := range apps {
		ids[i] = app.ID
	}
	from, to := in.From.Time, in.To.Time
	if to.IsZero() {
		to = a.Now()
	}
	if from.IsZero() {
		from = to.Add(-24 * time.Hour)
	}
	counts, err := a.Query.Counts(ctx, ids, from, to)
	for _, c := range counts {
		list.Items = append(list.Items, AppActivity{App: uint32(c.App), Calls: c.Calls, Sessions: c.Sessions, InProgress: c.InProgress, Online: c.Online, LastCall: orNull(c.LastCall)})
	}
	return list, err
}
