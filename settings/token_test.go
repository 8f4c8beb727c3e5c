package settings

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

const secret = "a secret of the tests, long enough for HS256"

func sign(t *testing.T, method jwt.SigningMethod, key any, claims jwt.MapClaims) string {
	t.Helper()
	return must(jwt.NewWithClaims(method, claims).SignedString(key))(t)
}

func TestTokens(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	in := func(d time.Duration) int64 { return now.Add(d).Unix() }
	good := must(SignToken(secret, Claims{App: 7, Room: "r", User: "u", UserName: "U", Expires: now.Add(time.Hour)}, now))(t)
	body := strings.Split(good, ".")
	forged := body[0] + "." + base64.RawURLEncoding.EncodeToString([]byte(`{"app":7,"user":"root","exp":99999999999}`)) + "." + body[2]
	tests := []struct {
		name, token string
		now         time.Time
		code        string // "" for a good one
		want        Claims
	}{
		{"own", good, now, "", Claims{App: 7, Room: "r", User: "u", UserName: "U", Expires: now.Add(time.Hour)}},
		{"no app named", sign(t, jwt.SigningMethodHS256, []byte(secret), jwt.MapClaims{"user": "u", "exp": in(time.Hour)}), now, "", Claims{App: 7, User: "u", Expires: now.Add(time.Hour)}},
		{"rtcstats-server", sign(t, jwt.SigningMethodHS256, []byte(secret), jwt.MapClaims{"rtcStats": map[string]string{"user": "u", "session": "s", "conference": "c"}, "exp": in(time.Hour)}), now, "",
			Claims{App: 7, Room: "c", User: "u", Session: "s", Expires: now.Add(time.Hour)}},
		{"expired within leeway", good, now.Add(time.Hour + clockLeeway - time.Second), "", Claims{App: 7, Room: "r", User: "u", UserName: "U", Expires: now.Add(time.Hour)}},
		{"expired", good, now.Add(time.Hour + clockLeeway), CodeTokenExpired, Claims{}},
		{"from the future", good, now.Add(-time.Hour), "", Claims{App: 7, Room: "r", User: "u", UserName: "U", Expires: now.Add(time.Hour)}}, // iat is the issuer's clock, and no promise
		{"not before", sign(t, jwt.SigningMethodHS256, []byte(secret), jwt.MapClaims{"nbf": in(time.Hour), "exp": in(2 * time.Hour)}), now, CodeTokenEarly, Claims{}},
		{"other secret", sign(t, jwt.SigningMethodHS256, []byte("another"), jwt.MapClaims{"app": 7, "exp": in(time.Hour)}), now, CodeTokenSignature, Claims{}},
		{"other app and its secret", sign(t, jwt.SigningMethodHS256, []byte("another"), jwt.MapClaims{"app": 8, "exp": in(time.Hour)}), now, CodeTokenApp, Claims{}},
		{"other app, this secret", sign(t, jwt.SigningMethodHS256, []byte(secret), jwt.MapClaims{"app": 8, "exp": in(time.Hour)}), now, CodeTokenApp, Claims{}},
		{"forged body", forged, now, CodeTokenSignature, Claims{}},
		{"no exp", sign(t, jwt.SigningMethodHS256, []byte(secret), jwt.MapClaims{"user": "u"}), now, CodeTokenMalformed, Claims{}},
		{"alg none", sign(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, jwt.MapClaims{"exp": in(time.Hour)}), now, CodeTokenSignature, Claims{}},
		{"HS512", sign(t, jwt.SigningMethodHS512, []byte(secret), jwt.MapClaims{"exp": in(time.Hour)}), now, CodeTokenSignature, Claims{}},
		{"not a token", "hello", now, CodeTokenMalformed, Claims{}},
		{"empty", "", now, CodeTokenMalformed, Claims{}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := VerifyToken(secret, 7, test.token, test.now)
			if test.code != "" {
				wantCode(t, err, test.code)
				if err != nil && strings.Contains(err.Error(), secret) {
					t.Error("the error tells the secret")
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got != test.want {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
	_, err := SignToken(secret, Claims{Expires: now}, now)
	wantCode(t, err, CodeInvalid)
}
