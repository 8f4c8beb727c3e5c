package settings

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

const secret = "a secret of the tests, long enough for HS256"

func sign(t testing.TB, method jwt.SigningMethod, key any, claims jwt.MapClaims, kid ...string) string {
	t.Helper()
	token := jwt.NewWithClaims(method, claims)
	if len(kid) > 0 {
		token.Header["kid"] = kid[0]
	}
	return must(token.SignedString(key))(t)
}

// keyPair makes a key of a back end, and its public half as it is registered.
func keyPair(t testing.TB) (*ecdsa.PrivateKey, string) {
	t.Helper()
	private := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))(t)
	der := must(x509.MarshalPKIXPublicKey(&private.PublicKey))(t)
	return private, string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

func TestTokens(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	in := func(d time.Duration) int64 { return now.Add(d).Unix() }
	hour := now.Add(time.Hour)
	private, public := keyPair(t)
	other, _ := keyPair(t)
	key, _, err := parsePublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	v := Verifier{App: 7, Secret: secret, Public: []PublicKey{
		{KeyID: "good", key: key},
		{KeyID: "revoked", key: key, Revoked: now.Add(-time.Minute)},
	}}
	hs := func(claims jwt.MapClaims) string { return sign(t, jwt.SigningMethodHS256, []byte(secret), claims) }
	es := func(claims jwt.MapClaims, kid ...string) string {
		return sign(t, jwt.SigningMethodES256, private, claims, kid...)
	}
	good := must(SignToken(secret, Claims{App: 7, Room: "r", User: "u", UserName: "U", Expires: hour}, now))(t)
	body := strings.Split(good, ".")
	forged := body[0] + "." + base64.RawURLEncoding.EncodeToString([]byte(`{"app":7,"user":"root","exp":99999999999}`)) + "." + body[2]
	tests := []struct {
		name, token string
		now         time.Time
		code        string // "" for a good one
		want        Claims
	}{
		{"own", good, now, "", Claims{App: 7, Room: "r", User: "u", UserName: "U", Expires: hour}},
		{"with white space", " " + good + "\n", now, "", Claims{App: 7, Room: "r", User: "u", UserName: "U", Expires: hour}},
		{"no app named", hs(jwt.MapClaims{"user": "u", "exp": in(time.Hour)}), now, "", Claims{App: 7, User: "u", Expires: hour}},
		{"app as a number", hs(jwt.MapClaims{"app": 7, "exp": in(time.Hour)}), now, "", Claims{App: 7, Expires: hour}},
		{"one-time", hs(jwt.MapClaims{"jti": "once", "exp": in(time.Hour)}), now, "", Claims{App: 7, ID: "once", Expires: hour}},
		{"one-time for a year", hs(jwt.MapClaims{"jti": "once", "exp": in(365 * 24 * time.Hour)}), now, CodeTokenMalformed, Claims{}},
		{"long jti", hs(jwt.MapClaims{"jti": strings.Repeat("x", maxTokenID+1), "exp": in(time.Hour)}), now, CodeTokenMalformed, Claims{}},
		{"expired within leeway", good, hour.Add(clockLeeway - time.Second), "", Claims{App: 7, Room: "r", User: "u", UserName: "U", Expires: hour}},
		{"expired", good, hour.Add(clockLeeway), CodeTokenExpired, Claims{App: 7, Room: "r", User: "u", UserName: "U", Expires: hour}},
		{"issued within leeway", good, now.Add(-clockLeeway), "", Claims{App: 7, Room: "r", User: "u", UserName: "U", Expires: hour}},
		{"issued in the future", good, now.Add(-time.Hour), CodeTokenNotYet, Claims{}},
		{"not before", hs(jwt.MapClaims{"nbf": in(time.Hour), "exp": in(2 * time.Hour)}), now, CodeTokenNotYet, Claims{}},
		{"other secret", sign(t, jwt.SigningMethodHS256, []byte("another"), jwt.MapClaims{"app": 7, "exp": in(time.Hour)}), now, CodeTokenSignature, Claims{}},
		{"other app and its secret", sign(t, jwt.SigningMethodHS256, []byte("another"), jwt.MapClaims{"app": 8, "exp": in(time.Hour)}), now, CodeTokenApp, Claims{}},
		{"other app, this secret", hs(jwt.MapClaims{"app": 8, "exp": in(time.Hour)}), now, CodeTokenApp, Claims{}},
		{"forged body", forged, now, CodeTokenSignature, Claims{}},
		{"no exp", hs(jwt.MapClaims{"user": "u"}), now, CodeTokenMalformed, Claims{}},
		{"exp as a text", hs(jwt.MapClaims{"exp": "tomorrow"}), now, CodeTokenMalformed, Claims{}},
		{"alg none", sign(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, jwt.MapClaims{"exp": in(time.Hour)}), now, CodeTokenSignature, Claims{}},
		{"HS512", sign(t, jwt.SigningMethodHS512, []byte(secret), jwt.MapClaims{"exp": in(time.Hour)}), now, CodeTokenSignature, Claims{}},
		{"not a token", "hello", now, CodeTokenMalformed, Claims{}},
		{"empty", "", now, CodeTokenMalformed, Claims{}},
		{"too long", hs(jwt.MapClaims{"user": strings.Repeat("u", MaxToken), "exp": in(time.Hour)}), now, CodeTokenMalformed, Claims{}},

		{"rtcstats-server", hs(jwt.MapClaims{"rtcStats": map[string]string{"user": "u", "session": "s", "conference": "c"}, "exp": in(time.Hour)}), now, "",
			Claims{App: 7, Room: "c", User: "u", Session: "s", Expires: hour}},
		{"rtcstats-server without exp", hs(jwt.MapClaims{"rtcStats": map[string]string{"user": "u", "conference": "c"}}), now, "", Claims{App: 7, Room: "c", User: "u"}},
		{"callstats page with the secret", hs(jwt.MapClaims{"userID": "u", "appID": "7", "keyId": "k"}), now, "", Claims{App: 7, User: "u"}},
		{"callstats page, one-time without exp", hs(jwt.MapClaims{"userID": "u", "appID": "7", "jti": "once"}), now, CodeTokenMalformed, Claims{}},
		{"callstats page of another app", hs(jwt.MapClaims{"userID": "u", "appID": "8"}), now, CodeTokenApp, Claims{}},
		{"callstats third party", es(jwt.MapClaims{"userID": "u", "appID": 7, "keyID": "good", "iat": in(0), "nbf": in(-5 * time.Minute), "exp": in(time.Hour), "jti": "j"}), now, "",
			Claims{App: 7, User: "u", ID: "j", Key: "good", Expires: hour}},
		{"callstats third party without exp", es(jwt.MapClaims{"userID": "u", "appID": 7, "keyID": "good"}), now, CodeTokenMalformed, Claims{}},

		{"public key", es(jwt.MapClaims{"app": 7, "user": "u", "exp": in(time.Hour)}, "good"), now, "", Claims{App: 7, User: "u", Key: "good", Expires: hour}},
		{"public key not named, the only one", es(jwt.MapClaims{"exp": in(time.Hour)}), now, "", Claims{App: 7, Key: "good", Expires: hour}},
		{"public key unknown", es(jwt.MapClaims{"exp": in(time.Hour)}, "strange"), now, CodeTokenKeyUnknown, Claims{}},
		{"public key revoked", es(jwt.MapClaims{"exp": in(time.Hour)}, "revoked"), now, CodeTokenKeyUnknown, Claims{}},
		{"public key of another app", es(jwt.MapClaims{"app": 8, "exp": in(time.Hour)}, "strange"), now, CodeTokenApp, Claims{}},
		{"another private key", sign(t, jwt.SigningMethodES256, other, jwt.MapClaims{"exp": in(time.Hour)}, "good"), now, CodeTokenSignature, Claims{}},
		// The public key is public: who signs with it as a secret has no right.
		{"algorithm confusion", sign(t, jwt.SigningMethodHS256, []byte(public), jwt.MapClaims{"exp": in(time.Hour)}, "good"), now, CodeTokenSignature, Claims{}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := v.Verify(test.token, test.now)
			if test.code != "" {
				wantCode(t, err, test.code)
				if err != nil && strings.Contains(err.Error(), secret) {
					t.Error("the error tells the secret")
				}
			} else if err != nil {
				t.Fatal(err)
			}
			if got != test.want {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
	_, err = SignToken(secret, Claims{Expires: now}, now)
	wantCode(t, err, CodeInvalid)
	_, err = SignToken(secret, Claims{ID: "j", Expires: now.Add(48 * time.Hour)}, now)
	wantCode(t, err, CodeInvalid)

	v.Public = append(v.Public, PublicKey{KeyID: "second", key: &other.PublicKey})
	_, err = v.Verify(es(jwt.MapClaims{"exp": in(time.Hour)}), now)
	wantCode(t, err, CodeTokenKeyUnknown) // which of the two
	v = Verifier{App: 7}
	_, err = v.Verify(sign(t, jwt.SigningMethodHS256, []byte{}, jwt.MapClaims{"exp": in(time.Hour)}), now)
	wantCode(t, err, CodeTokenKeyUnknown) // no secret is not the empty secret
}

func TestUserSig(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	hour := now.Add(time.Hour)
	v := Verifier{App: 7, Secret: secret}
	claims := Claims{App: 7, User: "alice", Expires: hour}
	good := must(SignUserSig(secret, claims, now))(t)
	if got, err := v.Verify(good, now); err != nil || got != claims {
		t.Fatalf("%+v, %v", got, err)
	}
	if strings.ContainsAny(good, "+/=.") {
		t.Errorf("%s is not made of the characters that a UserSig has", good)
	}
	withRoom := claims
	withRoom.Room = "stand-up"
	if got, err := v.Verify(must(SignUserSig(secret, withRoom, now))(t), now); err != nil || got != withRoom {
		t.Errorf("%+v, %v", got, err)
	}
	// Made by another implementation (Node's crypto and zlib) from the public
	// description, for the secret, user and time of this test.
	const foreign = "eJw1yU8LwiAYgPHv8p5jmWtKQscOozWCCZ1FnXubLdEx*kPfPdjq*PyeN8iqySYbQQDNCKzmRmOHEVucWXnU9jeS6VUIaEDwBUa8WRAbzmnO2JaQRe0jYLQgcvaXhA4E6P4Ya9WmCzs7MhZevg7PrvS6ig3dFdepPEWsqRzW7r6HzxcrGi9a"
	if got, err := v.Verify(foreign, now); err != nil || got != claims {
		t.Errorf("%+v, %v", got, err)
	}
	past, _ := v.Verify(good, hour.Add(clockLeeway))
	if past != claims {
		t.Errorf("an expired one says %+v", past)
	}
	for name, test := range map[string]struct {
		token string
		app   Verifier
		now   time.Time
		code  string
	}{
		"expired":      {good, v, hour.Add(clockLeeway), CodeTokenExpired},
		"the future":   {good, v, now.Add(-2 * clockLeeway), CodeTokenNotYet},
		"other app":    {good, Verifier{App: 8, Secret: secret}, now, CodeTokenApp},
		"other secret": {good, Verifier{App: 7, Secret: "x"}, now, CodeTokenSignature},
		"no secret":    {must(SignUserSig("", claims, now))(t), Verifier{App: 7}, now, CodeTokenSignature},
		"cut off":      {good[:len(good)/2], v, now, CodeTokenMalformed},
		"garbage":      {"eJ" + strings.Repeat("A", 100), v, now, CodeTokenMalformed},
	} {
		_, err := test.app.Verify(test.token, test.now)
		if err == nil {
			t.Errorf("%s: accepted", name)
			continue
		}
		wantCode(t, err, test.code)
	}
	for _, bad := range []Claims{{App: 7, Expires: hour}, {App: 7, User: "u\nTLS.time:0", Expires: hour}, {App: 7, User: "u", Expires: now}, {App: 7, User: "u", ID: "j", Expires: hour}} {
		_, err := SignUserSig(secret, bad, now)
		wantCode(t, err, CodeInvalid)
	}
}

// A one-time token belongs to the session that brings it first: that one may
// come back with it, after a restart too, and no other may.
func TestOneTimeTokens(t *testing.T) {
	ctx := t.Context()
	dir := t.TempDir()
	s, c := open(t, dir, "")
	app := must(s.CreateApp(ctx, "one", ""))(t)
	other := must(s.CreateApp(ctx, "two", ""))(t)
	once := Claims{App: app.ID, ID: "j", Expires: c.now().Add(time.Hour)}
	for _, session := range []string{"first", "first"} {
		if err := s.SpendToken(ctx, once, session); err != nil {
			t.Fatal(err)
		}
	}
	wantCode(t, s.SpendToken(ctx, once, "second"), CodeTokenReplayed)
	wantCode(t, s.SpendToken(ctx, once, ""), CodeTokenReplayed)
	if err := s.SpendToken(ctx, Claims{App: other.ID, ID: "j", Expires: once.Expires}, "second"); err != nil {
		t.Errorf("another app's token of the same id: %v", err)
	}
	if err := s.SpendToken(ctx, Claims{App: app.ID}, "second"); err != nil {
		t.Errorf("a token that is not one-time: %v", err)
	}
	nameless := Claims{App: app.ID, ID: "n", Expires: once.Expires}
	if err := s.SpendToken(ctx, nameless, ""); err != nil {
		t.Fatal(err)
	}
	wantCode(t, s.SpendToken(ctx, nameless, ""), CodeTokenReplayed)

	again, _ := open(t, dir, "")
	wantCode(t, again.SpendToken(ctx, once, "second"), CodeTokenReplayed)
	if err := again.SpendToken(ctx, once, "first"); err != nil {
		t.Errorf("the session itself after a restart: %v", err)
	}

	// What nobody can bring any more is forgotten.
	c.pass(2 * time.Hour)
	if err := s.SpendToken(ctx, Claims{App: app.ID, ID: "later", Expires: c.now().Add(time.Hour)}, "s"); err != nil {
		t.Fatal(err)
	}
	var kept int
	if err := s.db.QueryRowContext(ctx, `SELECT count(*) FROM spent_tokens`).Scan(&kept); err != nil || kept != 1 {
		t.Errorf("%d uses are kept, %v", kept, err)
	}
}

// Of many sessions that bring one token at once exactly one gets in.
func TestOneTimeTokensAtOnce(t *testing.T) {
	ctx := t.Context()
	s, c := open(t, t.TempDir(), "")
	app := must(s.CreateApp(ctx, "one", ""))(t)
	const tokens, sessions = 40, 5
	var mu sync.Mutex
	in := map[string]int{}
	var g sync.WaitGroup
	for i := range tokens * sessions {
		g.Go(func() {
			id := fmt.Sprint("j", i%tokens)
			if s.SpendToken(ctx, Claims{App: app.ID, ID: id, Expires: c.now().Add(time.Hour)}, fmt.Sprint("s", i)) == nil {
				mu.Lock()
				defer mu.Unlock()
				in[id]++
			}
		})
	}
	g.Wait()
	if len(in) != tokens {
		t.Errorf("%d of %d tokens let somebody in", len(in), tokens)
	}
	for id, n := range in {
		if n != 1 {
			t.Errorf("%s let %d sessions in", id, n)
		}
	}
}

func TestPublicKeys(t *testing.T) {
	ctx := t.Context()
	s, c := open(t, t.TempDir(), "")
	app := must(s.CreateApp(ctx, "one", ""))(t)
	other := must(s.CreateApp(ctx, "two", ""))(t)
	private, public := keyPair(t)
	k := must(s.AddPublicKey(ctx, app.ID, "", "2026", public))(t)
	token := sign(t, jwt.SigningMethodES256, private, jwt.MapClaims{"user": "u", "exp": c.now().Add(time.Hour).Unix()}, "2026")
	if claims := must(s.VerifyToken(ctx, app.ID, token))(t); claims.User != "u" || claims.Key != "2026" {
		t.Errorf("claims are %+v", claims)
	}
	_, err := s.VerifyToken(ctx, other.ID, token)
	wantCode(t, err, CodeTokenKeyUnknown)
	_, err = s.VerifyToken(ctx, 99, token)
	wantCode(t, err, CodeNotFound)
	_, err = s.AddPublicKey(ctx, app.ID, "again", "2026", public)
	wantCode(t, err, CodeConflict)
	wantCode(t, s.RevokePublicKey(ctx, other.ID, k.ID), CodeNotFound)

	// A key without an id gets its thumbprint; RFC 7638 has no P-256 example, so
	// that of PEM and JWK of one key are compared.
	byPEM := must(s.AddPublicKey(ctx, app.ID, "", "", public))(t)
	point := must(private.PublicKey.Bytes())(t)
	enc := base64.RawURLEncoding.EncodeToString
	jwk := `{"kty":"EC","crv":"P-256","x":"` + enc(point[1:33]) + `","y":"` + enc(point[33:]) + `"`
	if byJWK := must(s.AddPublicKey(ctx, other.ID, "", "", jwk+"}"))(t); byJWK.KeyID != byPEM.KeyID || byJWK.PEM != byPEM.PEM {
		t.Errorf("JWK gives %+v, PEM %+v", byJWK, byPEM)
	}
	if named := must(s.AddPublicKey(ctx, other.ID, "", "", jwk+`,"kid":"mine"}`))(t); named.KeyID != "mine" {
		t.Errorf("key id is %q", named.KeyID)
	}
	secretDER := must(x509.MarshalPKCS8PrivateKey(private))(t)
	p384 := must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader))(t)
	p384DER := must(x509.MarshalPKIXPublicKey(&p384.PublicKey))(t)
	for name, bad := range map[string]string{
		"nothing":      "",
		"text":         "hello",
		"private":      string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secretDER})),
		"private JWK":  jwk + `,"d":"AA"}`,
		"not on curve": `{"kty":"EC","crv":"P-256","x":"` + enc(make([]byte, 32)) + `","y":"` + enc(make([]byte, 32)) + `"}`,
		"other curve":  string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: p384DER})),
		"RSA JWK":      `{"kty":"RSA","n":"AQAB","e":"AQAB"}`,
		"too long":     strings.Repeat("x", maxPublicKeyBytes+1),
	} {
		_, err := s.AddPublicKey(ctx, app.ID, name, "", bad)
		if err == nil {
			t.Errorf("%s is taken", name)
		} else {
			wantCode(t, err, CodeInvalid)
		}
	}

	if err := s.RevokePublicKey(ctx, app.ID, k.ID); err != nil {
		t.Fatal(err)
	}
	_, err = s.VerifyToken(ctx, app.ID, token)
	wantCode(t, err, CodeTokenKeyUnknown)
	if keys := must(s.PublicKeys(ctx, app.ID))(t); len(keys) != 2 || keys[1].Revoked.IsZero() {
		t.Errorf("keys are %+v; a revoked one stays listed", keys)
	}
}

// Whatever a client sends as a token is refused or understood, and a token that
// is taken was signed.
func FuzzVerify(f *testing.F) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	claims := Claims{App: 7, User: "u", Room: "r", Expires: now.Add(time.Hour)}
	jwtToken := must(SignToken(secret, claims, now))(f)
	userSig := must(SignUserSig(secret, claims, now))(f)
	f.Add(jwtToken)
	f.Add(userSig)
	f.Add("e30.e30.")
	f.Add("eJxLAAA=")
	v := Verifier{App: 7, Secret: secret}
	f.Fuzz(func(t *testing.T, token string) {
		got, err := v.Verify(token, now)
		if err == nil && got != claims {
			t.Errorf("%q says %+v", token, got)
		}
	})
}

func BenchmarkVerifyToken(b *testing.B) {
	s, err := Open(context.Background(), Options{Dir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	app := must(s.CreateApp(b.Context(), "one", ""))(b)
	token := must(SignToken(must(s.AppSecret(b.Context(), app.ID))(b), Claims{Room: "r", Expires: time.Now().Add(time.Hour)}, time.Now()))(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.VerifyToken(b.Context(), app.ID, token); err != nil {
			b.Fatal(err)
		}
	}
}

// A wave of joins: each brings a one-time token of its own, many at once.
func BenchmarkSpendToken(b *testing.B) {
	s, err := Open(context.Background(), Options{Dir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	app := must(s.CreateApp(b.Context(), "one", ""))(b)
	expires := time.Now().Add(time.Hour)
	b.SetParallelism(100)
	b.RunParallel(func(p *testing.PB) {
		for p.Next() {
			if err := s.SpendToken(context.Background(), Claims{App: app.ID, ID: NewTokenID(), Expires: expires}, "s"); err != nil {
				b.Error(err)
				return
			}
		}
	})
}
