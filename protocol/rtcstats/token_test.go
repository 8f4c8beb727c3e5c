package rtcstats

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/peerglass/peerglass/protocol"
)

func TestVerifyToken(t *testing.T) {
	now := time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)
	secret := []byte("secret")
	sign := func(method jwt.SigningMethod, key any, claims jwt.MapClaims) string {
		s, err := jwt.NewWithClaims(method, claims).SignedString(key)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	who := map[string]string{"user": "u", "session": "s", "conference": "c"}
	good := jwt.MapClaims{"rtcStats": who, "exp": now.Add(time.Minute).Unix()}
	for name, c := range map[string]struct{ token, fault string }{
		"good":           {sign(jwt.SigningMethodHS256, secret, good), ""},
		"older secret":   {sign(jwt.SigningMethodHS256, []byte("older"), good), ""},
		"no expiry":      {sign(jwt.SigningMethodHS256, secret, jwt.MapClaims{"rtcStats": who}), ""},
		"another secret": {sign(jwt.SigningMethodHS256, []byte("x"), good), "not signed with this app's secret"},
		"expired":        {sign(jwt.SigningMethodHS256, secret, jwt.MapClaims{"exp": now.Add(-time.Minute).Unix()}), "expired"},
		"not yet":        {sign(jwt.SigningMethodHS256, secret, jwt.MapClaims{"nbf": now.Add(time.Minute).Unix()}), "not valid yet"},
		"another method": {sign(jwt.SigningMethodHS512, secret, good), "not with HS256"},
		"no signature":   {sign(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, good), "not with HS256"},
		"missing":        {"", "missing"},
		"garbage":        {"garbage", "not a JSON Web Token"},
	} {
		t.Run(name, func(t *testing.T) {
			claims, err := VerifyToken(c.token, [][]byte{secret, []byte("older")}, now)
			if c.fault == "" {
				if err != nil || claims != (Claims{"u", "s", "c"}) {
					t.Fatalf("%+v, %v", claims, err)
				}
				return
			}
			var fault *protocol.Error
			if !errors.As(err, &fault) || fault.Code != CodeToken || !strings.Contains(fault.What, c.fault) {
				t.Errorf("error %v, want one that says %q", err, c.fault)
			}
		})
	}
	if _, err := VerifyToken(sign(jwt.SigningMethodHS256, []byte(""), good), nil, now); err == nil {
		t.Error("a token is taken without any secret")
	}
}
