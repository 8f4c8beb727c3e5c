package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/peerglass/peerglass/settings"
)

// IssuedToken is a token that an app's client shows to say who it is.
type IssuedToken struct {
	Token   string    `json:"token"`
	Expires time.Time `json:"expires"`
	ID      *string   `json:"id" doc:"Claim jti of a one-time token; null for others"`
}

// TokenClaims are what a token says. What it does not say is null.
type TokenClaims struct {
	App      uint32     `json:"app"`
	Room     *string    `json:"room"`
	RoomName *string    `json:"roomName"`
	User     *string    `json:"user"`
	UserName *string    `json:"userName"`
	Session  *string    `json:"session" doc:"The client's own id of its stay"`
	ID       *string    `json:"id" doc:"Claim jti: good for one session only"`
	Key      *string    `json:"key" doc:"Id of the public key that signed it; null: the app's secret"`
	Expires  *time.Time `json:"expires" doc:"null: never, which only forms of other products have"`
}

// TokenCheck says whether a token would be accepted now, and why not.
type TokenCheck struct {
	Accepted bool         `json:"accepted"`
	Code     *string      `json:"code" example:"token_expired" doc:"null where it is accepted"`
	Message  *string      `json:"message" doc:"Cause and way out, as the client would be told"`
	Claims   *TokenClaims `json:"claims" doc:"null where nothing in the token can be trusted"`
	UsedBy   *string      `json:"usedBy" doc:"The session that has used a one-time token: it alone may come back with it"`
}

// PublicKey is the public half of a key that an app's back end signs tokens
// with.
type PublicKey struct {
	ID      int64      `json:"id"`
	KeyID   string     `json:"keyId" doc:"How tokens name it: header kid, or claim keyID"`
	Name    string     `json:"name"`
	PEM     string     `json:"pem"`
	Created time.Time  `json:"created"`
	Revoked *time.Time `json:"revoked" doc:"Since when tokens that it signed are refused; null while it is good"`
}

// PublicKeyList holds the public keys of an app, the newest first.
type PublicKeyList struct {
	Items []PublicKey `json:"items"`
}

// LogEntry is a fault that clients of an app met, however often.
type LogEntry struct {
	Code     string    `json:"code" example:"token_expired"`
	Protocol string    `json:"protocol" example:"native"`
	Message  string    `json:"message" doc:"Cause and way out, as the client was told the last time"`
	Origin   *string   `json:"origin" doc:"Of the page; null where the client sent none, (others) for those beyond what is told apart"`
	Network  *string   `json:"network" doc:"Of the last client: its address without the host"`
	Session  *string   `json:"session" doc:"Of the last client: its own id of its stay"`
	Count    int64     `json:"count"`
	First    time.Time `json:"first"`
	Last     time.Time `json:"last"`
}

// AppLog holds the newest faults of an app.
type AppLog struct {
	Items []LogEntry `json:"items"`
}

// Object is a JSON object that passes through as it was written.
type Object json.RawMessage

// Schema describes an Object to OpenAPI.
func (Object) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeObject, Nullable: true, AdditionalProperties: true}
}

// MarshalJSON implements json.Marshaler.
func (o Object) MarshalJSON() ([]byte, error) {
	if len(o) == 0 {
		return []byte("null"), nil
	}
	return o, nil
}

// UnmarshalJSON implements json.Unmarshaler.
func (o *Object) UnmarshalJSON(text []byte) error {
	*o = append((*o)[:0], text...)
	return nil
}

// DefaultConfig is what an app's pages make their connections and media
// requests with.
type DefaultConfig struct {
	PeerConnection Object `json:"peerConnection" doc:"RTCConfiguration; null: none"`
	Media          Object `json:"media" doc:"MediaStreamConstraints; null: none"`
}

type newTokenInput struct {
	AppPath
	Body struct {
		Form      string `json:"form,omitempty" enum:"jwt,usersig" default:"jwt"`
		Room      string `json:"room,omitempty" maxLength:"256"`
		RoomName  string `json:"roomName,omitempty" maxLength:"256"`
		User      string `json:"user,omitempty" maxLength:"256"`
		UserName  string `json:"userName,omitempty" maxLength:"256"`
		Session   string `json:"session,omitempty" maxLength:"256" doc:"The client's own id of its stay, where the protocol has none"`
		ExpiresIn int    `json:"expiresIn,omitempty" minimum:"1" maximum:"31536000" default:"3600" doc:"Seconds that a client may join with it; who is in stays in"`
		OneTime   bool   `json:"oneTime,omitempty" doc:"Good for one session, over all its connections; within 24 hours"`
	}
}

type checkTokenInput struct {
	AppPath
	Body struct {
		Token string `json:"token" minLength:"1" maxLength:"16384"`
	}
}

type newPublicKeyInput struct {
	AppPath
	Body struct {
		Name  string `json:"name,omitempty" maxLength:"100"`
		KeyID string `json:"keyId,omitempty" maxLength:"128" doc:"Absent: the JWK's kid, or its thumbprint (RFC 7638)"`
		Key   string `json:"key" minLength:"1" maxLength:"16384" doc:"P-256 public key, PEM or JWK"`
	}
}

type appLogInput struct {
	AppPath
	Limit int `query:"limit" minimum:"1" maximum:"1000" default:"200"`
}

type defaultConfigInput struct {
	AppPath
	Body DefaultConfig
}

func publicKeyOf(k *settings.PublicKey) PublicKey {
	return PublicKey{ID: k.ID, KeyID: k.KeyID, Name: k.Name, PEM: k.PEM, Created: k.Created, Revoked: orNull(k.Revoked)}
}

// textOrNull makes a text that is absent null.
func textOrNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func (a *API) tokenRoutes() {
	const tag = "tokens"
	create := route(http.MethodPost, "/apps/{app}/tokens", "createToken", tag, "Issue a token for a client, signed with the app's secret")
	create.DefaultStatus = http.StatusCreated
	answer(a, create, a.issueToken)
	answer(a, route(http.MethodPost, "/apps/{app}/tokens/check", "checkToken", tag, "Say what is in a token and whether it would be accepted; it is not used up"), a.checkToken)

	answer(a, route(http.MethodGet, "/apps/{app}/public-keys", "listPublicKeys", tag, "The public keys that tokens may be signed with (ES256)"), func(ctx context.Context, in *AppPath) (PublicKeyList, error) {
		app, err := in.scope(ctx)
		if err != nil {
			return PublicKeyList{}, err
		}
		keys, err := a.Settings.PublicKeys(ctx, app)
		return PublicKeyList{each(keys, publicKeyOf)}, err
	})
	add := route(http.MethodPost, "/apps/{app}/public-keys", "addPublicKey", tag, "Register a public key")
	add.DefaultStatus = http.StatusCreated
	answer(a, add, func(ctx context.Context, in *newPublicKeyInput) (PublicKey, error) {
		app, err := in.scope(ctx)
		if err != nil {
			return PublicKey{}, err
		}
		k, err := a.Settings.AddPublicKey(ctx, app, in.Body.Name, in.Body.KeyID, in.Body.Key)
		return publicKeyOf(&k), err
	})
	act(a, route(http.MethodDelete, "/apps/{app}/public-keys/{key}", "revokePublicKey", tag, "Revoke a public key: tokens that it signed are refused from now on; it stays in the list"), func(ctx context.Context, in *struct {
		AppPath
		Key int64 `path:"key" doc:"Id of the public key"`
	}) error {
		app, err := in.scope(ctx)
		if err != nil {
			return err
		}
		return a.Settings.RevokePublicKey(ctx, app, in.Key)
	})

	answer(a, route(http.MethodGet, "/apps/{app}/log", "listAppLog", "apps", "What went wrong for the app's clients: refusals, and limits that were met"), a.appLog)
	act(a, route(http.MethodDelete, "/apps/{app}/log", "clearAppLog", "apps", "Empty the app's log"), func(ctx context.Context, in *AppPath) error {
		app, err := in.scope(ctx)
		if err != nil {
			return err
		}
		return a.Settings.ClearLog(ctx, app)
	})

	answer(a, route(http.MethodGet, "/apps/{app}/default-config", "getDefaultConfig", "apps", "What the app's pages make their connections and media requests with"), func(ctx context.Context, in *AppPath) (DefaultConfig, error) {
		id, err := in.scope(ctx)
		if err != nil {
			return DefaultConfig{}, err
		}
		app, err := a.Settings.App(ctx, id)
		return DefaultConfig{Object(app.PeerConnection), Object(app.Media)}, err
	})
	answer(a, route(http.MethodPut, "/apps/{app}/default-config", "setDefaultConfig", "apps", "Set it; pages get it when they connect the next time"), func(ctx context.Context, in *defaultConfigInput) (DefaultConfig, error) {
		id, err := in.scope(ctx)
		if err != nil {
			return DefaultConfig{}, err
		}
		app, err := a.Settings.SetDefaults(ctx, id, json.RawMessage(in.Body.PeerConnection), json.RawMessage(in.Body.Media))
		return DefaultConfig{Object(app.PeerConnection), Object(app.Media)}, err
	})
}

func (a *API) issueToken(ctx context.Context, in *newTokenInput) (IssuedToken, error) {
	app, err := in.scope(ctx)
	if err != nil {
		return IssuedToken{}, err
	}
	secret, err := a.Settings.AppSecret(ctx, app)
	if err != nil {
		return IssuedToken{}, err
	}
	now := a.Now()
	b := &in.Body
	claims := settings.Claims{
		App: app, Room: b.Room, RoomName: b.RoomName, User: b.User, UserName: b.UserName, Session: b.Session,
		Expires: now.Add(time.Duration(b.ExpiresIn) * time.Second).UTC().Truncate(time.Second),
	}
	if b.OneTime {
		claims.ID = settings.NewTokenID()
	}
	sign := settings.SignToken
	if b.Form == "usersig" {
		sign = settings.SignUserSig
	}
	token, err := sign(secret, claims, now)
	return IssuedToken{Token: token, Expires: claims.Expires, ID: textOrNull(claims.ID)}, err
}

func (a *API) checkToken(ctx context.Context, in *checkTokenInput) (TokenCheck, error) {
	app, err := in.scope(ctx)
	if err != nil {
		return TokenCheck{}, err
	}
	claims, err := a.Settings.VerifyToken(ctx, app, in.Body.Token)
	out := TokenCheck{Accepted: err == nil}
	var refused *settings.Error
	switch {
	case errors.As(err, &refused) && refused.Code != settings.CodeNotFound:
		out.Code, out.Message = &refused.Code, &refused.What
	case err != nil:
		return TokenCheck{}, err
	}
	if claims.App == 0 {
		return out, nil
	}
	out.Claims = &TokenClaims{
		App: uint32(claims.App), Room: textOrNull(claims.Room), RoomName: textOrNull(claims.RoomName),
		User: textOrNull(claims.User), UserName: textOrNull(claims.UserName), Session: textOrNull(claims.Session),
		ID: textOrNull(claims.ID), Key: textOrNull(claims.Key), Expires: orNull(claims.Expires),
	}
	if claims.ID != "" {
		owner, err := a.Settings.TokenSession(ctx, claims)
		if err != nil {
			return TokenCheck{}, err
		}
		out.UsedBy = textOrNull(strings.TrimLeft(owner, "\x00"))
	}
	return out, nil
}

func (a *API) appLog(ctx context.Context, in *appLogInput) (AppLog, error) {
	app, err := in.scope(ctx)
	if err != nil {
		return AppLog{}, err
	}
	entries, err := a.Settings.AppLog(ctx, app, in.Limit)
	return AppLog{each(entries, func(e *settings.LogEntry) LogEntry {
		return LogEntry{
			Code: e.Code, Protocol: e.Protocol, Message: e.Message, Origin: textOrNull(e.Origin), Network: textOrNull(e.Network),
			Session: textOrNull(e.Session), Count: e.Count, First: e.First, Last: e.Last,
		}
	})}, err
}
