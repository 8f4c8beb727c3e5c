package rtcstats

import (
	"errors"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/peerglass/peerglass/protocol"
)

// TokenParameter is the query parameter of a client's URL that its token is in.
const TokenParameter = "rtcstats-token"

// CodeToken is the code of errors that VerifyToken returns.
const CodeToken = "token"

// Claims is what a client's token says of it: the claim rtcStats.
type Claims struct {
	User       string `json:"user"`       // of the application, long-lived
	Session    string `json:"session"`    // of the application: one stay
	Conference string `json:"conference"` // what sessions of one call have in common
}

type tokenClaims struct {
	jwt.RegisteredClaims
	RTCStats Claims `json:"rtcStats"`
}

// VerifyToken checks the JWT of the query parameter rtcstats-token (HS256,
// with any of secrets, not expired at now) and returns what it says. Errors
// are *protocol.Error with CodeToken.
func VerifyToken(token string, secrets [][]byte, now time.Time) (Claims, error) {
	refuse := func(what string, cause error) (Claims, error) {
		return Claims{}, &protocol.Error{Code: CodeToken, What: what, Cause: cause}
	}
	if token == "" {
		return refuse("the token is missing: add "+TokenParameter+" to the address", nil)
	}
	if len(secrets) == 0 {
		return refuse("the app has no secret that a token could be signed with", nil)
	}
	keys := jwt.VerificationKeySet{}
	for _, s := range secrets {
		keys.Keys = append(keys.Keys, s)
	}
	var c tokenClaims
	_, err := jwt.ParseWithClaims(token, &c, func(*jwt.Token) (any, error) { return keys, nil },
		jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}),
		jwt.WithTimeFunc(func() time.Time { return now }))
	switch {
	case err == nil:
		return c.RTCStats, nil
	case errors.Is(err, jwt.ErrTokenExpired):
		return refuse("the token has expired: sign a new one", err)
	case errors.Is(err, jwt.ErrTokenNotValidYet), errors.Is(err, jwt.ErrTokenUsedBeforeIssued):
		return refuse("the token is not valid yet: check the clock of the machine that signed it", err)
	case errors.Is(err, jwt.ErrTokenSignatureInvalid):
		return refuse("the token is not signed with this app's secret, or not with HS256", err)
	}
	return refuse("the token is not a JSON Web Token", err)
}
