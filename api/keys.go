package api

import (
	"context"
	"net/http"

	"github.com/peerglass/peerglass/rtc"
	"github.com/peerglass/peerglass/settings"
)

func ingestKeyOf(k settings.IngestKey) IngestKey {
	key := IngestKey{ID: k.ID, Key: k.Key, Name: k.Name, Origins: k.Origins, Created: k.Created, Revoked: orNull(k.Revoked)}
	if key.Origins == nil {
		key.Origins = []string{}
	}
	return key
}

func apiKeyOf(k settings.APIKey) APIKey {
	key := APIKey{ID: k.ID, Name: k.Name, Hint: k.Hint, Created: k.Created, LastUsed: orNull(k.LastUsed)}
	if k.App != 0 {
		app := uint32(k.App)
		key.App = &app
	}
	return key
}

type newIngestKeyInput struct {
	AppPath
	Body struct {
		Name    string   `json:"name,omitempty" maxLength:"100"`
		Origins []string `json:"origins,omitempty" maxItems:"100" doc:"Which pages may use it: origins, self for pages of this server, * for every page"`
	}
}

// IngestKeyPath is the path of one ingest key.
type IngestKeyPath struct {
	AppPath
	Key int64 `path:"key" doc:"Id of the ingest key"`
}

type changeIngestKeyInput struct {
	IngestKeyPath
	Body struct {
		Name    *string   `json:"name,omitempty" minLength:"1" maxLength:"100"`
		Origins *[]string `json:"origins,omitempty" maxItems:"100"`
	}
}

type newAPIKeyInput struct {
	Body struct {
		Name string  `json:"name" minLength:"1" maxLength:"100"`
		App  *uint32 `json:"app,omitempty" doc:"The app that the key opens; absent or null: every app, by an administrator only"`
	}
}

func (a *API) keyRoutes() {
	const tag = "keys"
	answer(a, route(http.MethodGet, "/apps/{app}/ingest-keys", "listIngestKeys", tag, "The public keys that pages of an app carry"), func(ctx context.Context, in *AppPath) (IngestKeyList, error) {
		list := IngestKeyList{Items: []IngestKey{}}
		app, err := in.scope(ctx)
		if err != nil {
			return list, err
		}
		keys, err := a.Settings.IngestKeys(ctx, app)
		for _, k := range keys {
			list.Items = append(list.Items, ingestKeyOf(k))
		}
		return list, err
	})
	create := route(http.MethodPost, "/apps/{app}/ingest-keys", "createIngestKey", tag, "Make a public key")
	create.DefaultStatus = http.StatusCreated
	answer(a, create, func(ctx context.Context, in *newIngestKeyInput) (IngestKey, error) {
		app, err := in.scope(ctx)
		if err != nil {
			return IngestKey{}, err
		}
		k, err := a.Settings.CreateIngestKey(ctx, app, in.Body.Name, in.Body.Origins)
		return ingestKeyOf(k), err
	})
	answer(a, route(http.MethodPatch, "/apps/{app}/ingest-keys/{key}", "changeIngestKey", tag, "Rename a public key or set the origins that may use it"), func(ctx context.Context, in *changeIngestKeyInput) (IngestKey, error) {
		app, err := in.scope(ctx)
		if err != nil {
			return IngestKey{}, err
		}
		k, err := a.Settings.ChangeIngestKey(ctx, app, in.Key, settings.IngestKeyChange{Name: in.Body.Name, Origins: in.Body.Origins})
		return ingestKeyOf(k), err
	})
	act(a, route(http.MethodDelete, "/apps/{app}/ingest-keys/{key}", "revokeIngestKey", tag, "Revoke a public key; it stays in the list"), func(ctx context.Context, in *IngestKeyPath) error {
		app, err := in.scope(ctx)
		if err != nil {
			return err
		}
		return a.Settings.RevokeIngestKey(ctx, app, in.Key)
	})
	answer(a, route(http.MethodGet, "/api-keys", "listAPIKeys", tag, "API keys of the caller's apps; administrators see those of every app"), func(ctx context.Context, _ *nothing) (APIKeyList, error) {
		list := APIKeyList{Items: []APIKey{}}
		keys, err := a.Settings.APIKeys(ctx)
		for _, k := range keys {
			if mayKey(callerOf(ctx), k.App) {
				list.Items = append(list.Items, apiKeyOf(k))
			}
		}
		return list, err
	})
	create = route(http.MethodPost, "/api-keys", "createAPIKey", tag, "Make an API key; it is shown this once")
	create.DefaultStatus = http.StatusCreated
	answer(a, create, func(ctx context.Context, in *newAPIKeyInput) (NewAPIKey, error) {
		var app rtc.AppID
		if in.Body.App != nil {
			app = rtc.AppID(*in.Body.App)
		}
		c := callerOf(ctx)
		switch {
		case app == 0 && in.Body.App != nil, app != 0 && !c.may(app):
			return NewAPIKey{}, errNotFound("The app")
		case app == 0:
			if err := c.mustAdmin(); err != nil {
				return NewAPIKey{}, err
			}
		}
		k, key, err := a.Settings.CreateAPIKey(ctx, app, in.Body.Name)
		return NewAPIKey{APIKey: apiKeyOf(k), Key: key}, err
	})
	act(a, route(http.MethodDelete, "/api-keys/{key}", "deleteAPIKey", tag, "Delete an API key: it is refused from now on"), func(ctx context.Context, in *struct {
		Key int64 `path:"key" doc:"Id of the API key"`
	}) error {
		keys, err := a.Settings.APIKeys(ctx)
		if err != nil {
			return err
		}
		for _, k := range keys {
			if k.ID == in.Key && mayKey(callerOf(ctx), k.App) {
				return a.Settings.DeleteAPIKey(ctx, in.Key)
			}
		}
		return errNotFound("The API key")
	})
}

// mayKey reports whether the caller manages the API keys of an app, or, with
// app 0, those of every app.
func mayKey(c *caller, app rtc.AppID) bool {
	if app == 0 {
		return c.admin()
	}
	return c.may(app)
}
