package settings

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/peerglass/peerglass/rtc"
)

// Claims are what an app's own back end says of a client in a token. Members
// that are absent say nothing.
type Claims struct {
	App      rtc.AppID // claim app (appID): the token is good for no other
	Room     string    // claim room
	RoomName string    // claim roomName
	User     string    // claim user (userID)
	UserName string    // claim userName
	Session  string    // claim session, the client's own id of its stay
	ID       string    // claim jti: the token is good for one session only
	For      string    // claim for: the only protocol that it is good for, whose client this server gave it to; "" for any
	By       string    // claim by: the ingest key that the client got it for; "" for a token of the back end
	Key      string    // which public key signed it; "" for the app's secret
	Expires  time.Time // claim exp; zero where the form of the token has none
}

// Limits of tokens.
const (
	// MaxToken bounds a token in bytes.
	MaxToken = 8 << 10
	// maxTokenID bounds the claim jti, which is kept until the token expires.
	maxTokenID = 128
	// longestOneTime is how far ahead a one-time token may expire: so long is
	// remembered that it was used.
	longestOneTime = 24 * time.Hour
	// clockLeeway is how far the clocks of the issuer and of this server may
	// differ.
	clockLeeway = time.Minute
)

// wireClaims is a token's body. rtcStats is the form of rtcstats-server's
// tokens, userID, appID and keyID that of callstats' tokens.
type wireClaims struct {
	App      claimText `json:"app,omitempty"`
	Room     string    `json:"room,omitempty"`
	RoomName string    `json:"roomName,omitempty"`
	User     string    `json:"user,omitempty"`
	UserName string    `json:"userName,omitempty"`
	Session  string    `json:"session,omitempty"`
	For      string    `json:"for,omitempty"`
	By       string    `json:"by,omitempty"`
	RTCStats *struct {
		User       string `json:"user"`
		Session    string `json:"session"`
		Conference string `json:"conference"`
	} `json:"rtcStats,omitempty"`
	UserID string    `json:"userID,omitempty"`
	AppID  claimText `json:"appID,omitempty"`
	KeyID  string    `json:"keyID,omitempty"` // encoding/json takes keyId too
	jwt.RegisteredClaims
}

// claimText is a claim that some write as a number and others as a string.
type claimText string

// UnmarshalJSON implements json.Unmarshaler.
func (c *claimText) UnmarshalJSON(text []byte) error {
	if bytes.HasPrefix(text, []byte(`"`)) {
		return json.Unmarshal(text, (*string)(c))
	}
	var n json.Number
	if err := json.Unmarshal(text, &n); err != nil {
		return fmt.Errorf("read an app's id: %w", err)
	}
	*c = claimText(n)
	return nil
}

// SignToken returns a JWT (HS256) for claims that is good from now until
// claims.Expires.
func SignToken(secret string, claims Claims, now time.Time) (string, error) {
	if !claims.Expires.After(now) {
		return "", refuse(CodeInvalid, "A token must expire in the future.")
	}
	if claims.ID != "" && claims.Expires.Sub(now) > longestOneTime {
		return "", refuse(CodeInvalid, "A one-time token must expire within %d hours: ask for less, or for a token that is not one-time.", longestOneTime/time.Hour)
	}
	w := wireClaims{
		Room: claims.Room, RoomName: claims.RoomName, User: claims.User, UserName: claims.UserName, Session: claims.Session, For: claims.For, By: claims.By,
		RegisteredClaims: jwt.RegisteredClaims{ID: claims.ID, IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(claims.Expires)},
	}
	if claims.App != 0 {
		w.App = claimText(strconv.FormatUint(uint64(claims.App), 10))
	}
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, w).SignedString([]byte(secret))
	if err != nil {
		return "", fmt.Errorf("sign token: %w", err)
	}
	return token, nil
}

// NewTokenID returns a claim jti that no other token has.
func NewTokenID() string { return randomText(26) }

// Verifier is what tokens of an app are checked with.
type Verifier struct {
	App    rtc.AppID
	Secret string      // of HS256 and of UserSig
	Public []PublicKey // of ES256, revoked ones too
}

// Verify returns what a token says, where it is one of the app's and is good at
// now: a JWT signed with the app's secret (HS256) or a registered key (ES256),
// or a UserSig. Tokens of rtcstats-server's and callstats' form are read too.
// Errors are *Error: CodeTokenMalformed, CodeTokenSignature,
// CodeTokenKeyUnknown, CodeTokenApp, CodeTokenNotYet, and CodeTokenExpired,
// with which the claims are returned as well.
func (v *Verifier) Verify(token string, now time.Time) (Claims, error) {
	token = strings.TrimSpace(token)
	switch {
	case len(token) > MaxToken:
		return Claims{}, refuse(CodeTokenMalformed, "The token is %d bytes long; at most %d are allowed: put less into it.", len(token), MaxToken)
	case looksLikeUserSig(token):
		return v.verifyUserSig(token, now)
	}
	var w wireClaims
	_, err := jwt.ParseWithClaims(token, &w, func(t *jwt.Token) (any, error) { return v.keyOf(t, &w) },
		jwt.WithValidMethods([]string{"HS256", "ES256"}), // nothing else: "none" is a known attack
		jwt.WithIssuedAt(), jwt.WithLeeway(clockLeeway), jwt.WithTimeFunc(func() time.Time { return now }))
	app, foreign := w.app()
	var refused *Error
	switch {
	case errors.Is(err, jwt.ErrTokenMalformed):
		return Claims{}, &Error{Code: CodeTokenMalformed, What: "The token is neither a UserSig nor a JWT that can be read: copy all of it, without the quotes; exp, nbf and iat are numbers, other claims texts.", Cause: err}
	case app != "" && app != strconv.FormatUint(uint64(v.App), 10):
		// Of no use to who has no token of that app, and it tells nothing of it.
		return Claims{}, refuse(CodeTokenApp, "The token is for app %q, but it was brought to app %d: use the key and the secret of one app.", clipText(app, 32), v.App)
	case errors.As(err, &refused):
		return Claims{}, refused
	case errors.Is(err, jwt.ErrTokenSignatureInvalid):
		return Claims{}, &Error{Code: CodeTokenSignature, What: signatureSentence(err), Cause: err}
	case errors.Is(err, jwt.ErrTokenNotValidYet) || errors.Is(err, jwt.ErrTokenUsedBeforeIssued):
		return Claims{}, refuse(CodeTokenNotYet, "The token is not good before %s, and here it is %s: compare the back end's clock with this server's.", w.from().UTC().Format(time.RFC3339), now.UTC().Format(time.RFC3339))
	case err != nil && !errors.Is(err, jwt.ErrTokenExpired):
		return Claims{}, &Error{Code: CodeTokenMalformed, What: "The token's claims make no sense together.", Cause: err}
	case w.ExpiresAt == nil && (!foreign || w.keyUsed()):
		return Claims{}, refuse(CodeTokenMalformed, "The token has no exp claim: every token must expire.")
	case w.ExpiresAt == nil && w.ID != "":
		return Claims{}, refuse(CodeTokenMalformed, "The token is for one use (jti) and never expires: add exp, within %d hours, or leave jti out.", longestOneTime/time.Hour)
	case len(w.ID) > maxTokenID:
		return Claims{}, refuse(CodeTokenMalformed, "The token's jti claim is longer than %d characters.", maxTokenID)
	case w.ID != "" && w.ExpiresAt != nil && w.ExpiresAt.Sub(now) > longestOneTime+clockLeeway:
		return Claims{}, refuse(CodeTokenMalformed, "The token is for one use (jti) and expires only at %s: let it expire within %d hours, or leave jti out.", w.ExpiresAt.UTC().Format(time.RFC3339), longestOneTime/time.Hour)
	}
	claims := w.claims(v.App)
	if err != nil {
		return claims, refuse(CodeTokenExpired, "The token expired at %s: let the back end issue a new one.", claims.Expires.Format(time.RFC3339))
	}
	return claims, nil
}

func signatureSentence(err error) string {
	if strings.Contains(err.Error(), "signing method") {
		return "The token is signed by a method that is not taken: sign it with HS256 and the app's secret, or with ES256 and a key whose public half is registered."
	}
	return "The token was not signed with this app's secret or key: copy the secret from the app's page, and mind that rotating it makes old tokens invalid."
}

// keyOf returns what a token's signature is checked with. The type of the key
// belongs to the method: a public key is never taken for a secret.
func (v *Verifier) keyOf(t *jwt.Token, w *wireClaims) (any, error) {
	if t.Method.Alg() == "HS256" {
		w.KeyID = ""
		if v.Secret == "" {
			return nil, refuse(CodeTokenKeyUnknown, "The app has no secret to check the token with.")
		}
		return []byte(v.Secret), nil
	}
	if kid, _ := t.Header["kid"].(string); kid != "" {
		w.KeyID = kid
	}
	k, err := v.public(w.KeyID)
	if err != nil {
		return nil, err
	}
	w.KeyID = k.KeyID
	return k.key, nil
}

// public finds the key that a token names; one that names none means the only
// one there is.
func (v *Verifier) public(kid string) (*PublicKey, error) {
	var found *PublicKey
	good := 0
	for i := range v.Public {
		k := &v.Public[i]
		switch {
		case kid != "" && k.KeyID != kid:
		case kid != "" && !k.Revoked.IsZero():
			return nil, refuse(CodeTokenKeyUnknown, "The key %q that signed the token was revoked at %s: sign with another.", kid, k.Revoked.Format(time.RFC3339))
		case k.Revoked.IsZero():
			found = k
			good++
		}
	}
	switch {
	case good == 1:
		return found, nil
	case kid != "":
		return nil, refuse(CodeTokenKeyUnknown, "The token is signed with the key %q, which is not registered: add its public half on the app's page.", clipText(kid, 64))
	case good == 0:
		return nil, refuse(CodeTokenKeyUnknown, "The token is signed with ES256, but the app has no public key: add one on the app's page.")
	}
	return nil, refuse(CodeTokenKeyUnknown, "The token does not say which of the app's %d public keys signed it: name it in the header kid.", good)
}

// app is the app that the token names, and whether the token is of the form of
// another product, which some of them sign without exp.
func (w *wireClaims) app() (app string, foreign bool) {
	app = string(w.App)
	if app == "" {
		app = string(w.AppID)
	}
	return app, w.RTCStats != nil || w.UserID != ""
}

// keyUsed reports whether a public key signed the token.
func (w *wireClaims) keyUsed() bool { return w.KeyID != "" }

// from is when the token becomes good.
func (w *wireClaims) from() time.Time {
	var at time.Time
	if w.IssuedAt != nil {
		at = w.IssuedAt.Time
	}
	if w.NotBefore != nil && w.NotBefore.After(at) {
		at = w.NotBefore.Time
	}
	return at
}

func (w *wireClaims) claims(app rtc.AppID) Claims {
	c := Claims{App: app, Room: w.Room, RoomName: w.RoomName, User: w.User, UserName: w.UserName, Session: w.Session, For: w.For, By: w.By, ID: w.ID, Key: w.KeyID}
	if w.ExpiresAt != nil {
		c.Expires = w.ExpiresAt.UTC()
	}
	if r := w.RTCStats; r != nil {
		c.Room, c.User, c.Session = r.Conference, r.User, r.Session
	}
	if c.User == "" {
		c.User = w.UserID
	}
	return c
}

// VerifyToken returns what a token of an app says, from memory; see
// Verifier.Verify. CodeNotFound where there is no such app.
func (s *Settings) VerifyToken(ctx context.Context, app rtc.AppID, token string) (Claims, error) {
	k := s.fresh(ctx).apps[app]
	if k == nil {
		return Claims{}, errNoApp(app)
	}
	return k.verifier.Verify(token, s.now())
}
