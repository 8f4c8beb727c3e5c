package api

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/peerglass/peerglass/settings"
)

func TestTokens(t *testing.T) {
	b := newBench(t)
	answered := b.do("one", "POST", "/apps/1/tokens", `{"room":"standup","user":"ada","userName":"Ada","oneTime":true}`)
	var issued IssuedToken
	if err := json.Unmarshal(answered.Body.Bytes(), &issued); err != nil || answered.Code != 201 || issued.ID == nil || !issued.Expires.Equal(start.Add(time.Hour)) {
		t.Fatalf("%d %s, %v", answered.Code, answered.Body, err)
	}
	check := `{"token":"` + issued.Token + `"}`
	run(t, b, []scenario{
		{name: "check", as: "one", method: "POST", path: "/apps/1/tokens/check", body: check, status: 200, has: []string{`"accepted":true,"code":null`, `"room":"standup"`, `"user":"ada"`, `"userName":"Ada"`, `"usedBy":null`, `"key":null`}},
		{name: "check against another app", as: "two", method: "POST", path: "/apps/2/tokens/check", body: check, status: 200, has: []string{`"accepted":false,"code":"token_app"`, `"claims":null`}, lacks: []string{"ada"}},
		{name: "check nonsense", as: "one", method: "POST", path: "/apps/1/tokens/check", body: `{"token":"x"}`, status: 200, has: []string{`"code":"token_malformed"`, `"claims":null`}},
		{name: "one-time for long", as: "one", method: "POST", path: "/apps/1/tokens", body: `{"oneTime":true,"expiresIn":1000000}`, status: 422, has: []string{"within 24 hours"}},
		{name: "UserSig", as: "one", method: "POST", path: "/apps/1/tokens", body: `{"form":"usersig","user":"ada"}`, status: 201, has: []string{`"token":"eJ`, `"id":null`}},
		{name: "UserSig of nobody", as: "one", method: "POST", path: "/apps/1/tokens", body: `{"form":"usersig"}`, status: 422, has: []string{"name one"}},
		{name: "never expires", as: "one", method: "POST", path: "/apps/1/tokens", body: `{"expiresIn":-1}`, status: 422, has: []string{"expiresIn"}},

		{name: "no public keys", as: "one", path: "/apps/1/public-keys", status: 200, has: []string{`{"items":[]}`}},
		{name: "a private key", as: "one", method: "POST", path: "/apps/1/public-keys", body: `{"key":"-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----"}`, status: 422, has: []string{"private key", "-pubout"}},
		{name: "a public key", as: "one", method: "POST", path: "/apps/1/public-keys", body: `{"name":"web","keyId":"2026","key":"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4\",\"y\":\"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM\"}"}`, status: 201, has: []string{`"keyId":"2026"`, `"pem":"-----BEGIN PUBLIC KEY-----`, `"revoked":null`}},
		{name: "revoke it", as: "one", method: "DELETE", path: "/apps/1/public-keys/1", status: 204},
		{name: "public keys", as: "one", path: "/apps/1/public-keys", status: 200, has: []string{`"revoked":"2026-03-01T12:00:00Z"`}},

		{name: "no default configuration", as: "one", path: "/apps/1/default-config", status: 200, has: []string{`{"peerConnection":null,"media":null}`}},
		{name: "set it", as: "one", method: "PUT", path: "/apps/1/default-config", body: `{"peerConnection":{"iceServers":[{"urls":"turn:t.example","username":"u","credential":"c"}]},"media":{"video":{"width":{"ideal":1280}}}}`, status: 200, has: []string{`"credential":"c"`}},
		{name: "read it", as: "one", path: "/apps/1/default-config", status: 200, has: []string{`"media":{"video":{"width":{"ideal":1280}}}`, `"iceServers":[{"urls":"turn:t.example","username":"u","credential":"c"}]`}},
		{name: "it is not in the app itself", as: "one", path: "/apps/1", status: 200, lacks: []string{"turn:"}},
		{name: "what browsers throw at", as: "one", method: "PUT", path: "/apps/1/default-config", body: `{"peerConnection":{"iceServers":[{"urls":"turn:t.example"}]},"media":null}`, status: 422, has: []string{"username and credential"}},
		{name: "no object", as: "one", method: "PUT", path: "/apps/1/default-config", body: `{"peerConnection":[],"media":null}`, status: 422, has: []string{"peerConnection"}},
		{name: "take it away", as: "one", method: "PUT", path: "/apps/1/default-config", body: `{"peerConnection":null,"media":null}`, status: 200, has: []string{`{"peerConnection":null,"media":null}`}},
	})
	b.settings.Log(1, settings.Fault{Code: "token_expired", Protocol: "native", Message: "The token expired."})
	run(t, b, []scenario{
		{name: "log", as: "one", path: "/apps/1/log", status: 200, has: []string{`"code":"token_expired"`, `"origin":null`, `"count":1`}},
		{name: "log of the other app", as: "two", path: "/apps/2/log", status: 200, has: []string{`{"items":[]}`}},
		{name: "clear it", as: "one", method: "DELETE", path: "/apps/1/log", status: 204},
		{name: "cleared", as: "one", path: "/apps/1/log", status: 200, has: []string{`{"items":[]}`}},
	})
}
