package callstats

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/peerglass/peerglass/protocol"
	"github.com/peerglass/peerglass/protocol/protocoltest"
)

func TestParsePath(t *testing.T) {
	for path, want := range map[string]Request{
		"/authenticate":                                     {Call: CallAuthenticate},
		"/clockSync":                                        {Call: CallClock},
		"generics/":                                         {Call: CallGenerics},
		"/12/configurations":                                {Call: CallConfig, App: 12},
		"/v1/apps/12/configurations/internal":               {Call: CallInternal, App: 12},
		"/v1/apps/12/events/precall":                        {Call: CallApp, App: 12},
		"/v1/apps/12/conferences/a%20b":                     {Call: CallJoin, App: 12, Conference: "a b", What: "join"},
		"/12/conferences/https%3A%2F%2Fx%2Fy/uc1/stats":     {Call: CallTell, App: 12, Conference: "https://x/y", Stay: "uc1", What: "stats"},
		"//v1/apps/12/conferences/c/uc1/events/user/alive/": {Call: CallTell, App: 12, Conference: "c", Stay: "uc1", What: "events/user/alive"},
	} {
		if got, err := ParsePath(path); err != nil || got != want {
			t.Errorf("%s: %+v %v", path, got, err)
		}
	}
	for path, code := range map[string]string{
		"":                                  protocol.CodeUnsupported,
		"/v1/apps":                          protocol.CodeUnsupported,
		"/0/configurations":                 protocol.CodeUnsupported,
		"/99999999999/configurations":       protocol.CodeUnsupported,
		"/12/conferences":                   protocol.CodeUnsupported,
		"/12/conferences/c/uc1":             protocol.CodeUnsupported,
		"/12/conferences/%zz":               protocol.CodeMalformed,
		"/12/c/" + strings.Repeat("r", 257): protocol.CodeLimit,
	} {
		var fault *protocol.Error
		if _, err := ParsePath(path); !errors.As(err, &fault) || fault.Code != code {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// A stay belongs to one user in one conference of one app.
func TestStayIsItsUsers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		conference, user := rapid.String().Draw(t, "conference"), rapid.String().Draw(t, "user")
		stay := StayID(1, conference, user, rapid.Uint64().Draw(t, "random"))
		if !OwnStay(stay, 1, conference, user) {
			t.Fatal("it is not its own user's")
		}
		for _, other := range []bool{OwnStay(stay, 2, conference, user), OwnStay(stay, 1, conference+"x", user), OwnStay(stay, 1, conference, user+"x"), OwnStay(stay, 1, user+conference, "")} {
			if other && user != "" {
				t.Fatal("it is another's")
			}
		}
	})
	if OwnStay("", 1, "c", "u") || OwnStay("uc1", 1, "c", "u") {
		t.Error("a name that was not given out is somebody's")
	}
	// Where one name ends and the other begins counts.
	if OwnStay(StayID(1, "ab", "c", 1), 1, "a", "bc") {
		t.Error("names run into each other")
	}
}

// The JavaScript client reads its token with window.atob, and takes it for its
// own only where the user is spelt as encodeURIComponent spells it.
func TestTokenReadsInBothAlphabets(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		user, room := rapid.String().Draw(t, "user"), rapid.String().Draw(t, "room")
		token, err := SignToken("secret", Token{App: 12, User: user, Room: room, Expires: time.Unix(1795272890, 0), IntervalMs: 4000, SDP: true})
		if err != nil {
			t.Fatal(err)
		}
		payload, err := base64.RawStdEncoding.DecodeString(strings.Split(token, ".")[1])
		if err != nil {
			t.Fatalf("%q: %v", user, err)
		}
		var claims map[string]any
		if err := json.Unmarshal(payload, &claims); err != nil {
			t.Fatal(err)
		}
		told, _ := claims["room"].(string)
		if claims["user"] != user || told != room || claims["appID"] != 12.0 || claims["app"] != "12" || claims["exp"] != 1795272890.0 || claims["expiry"] != "2026-11-21T14:54:50Z" {
			t.Fatalf("%q in %q: %s", user, room, payload)
		}
	})
	for user, want := range map[string]string{"alice": "alice", "zoë ~?": "zo%C3%AB%20~%3F", "a/b@c": "a%2Fb%40c", "(it's)!*_-.": "(it's)!*_-."} {
		if got := encodeComponent(user); got != want {
			t.Errorf("%s is spelt %s, not %s", user, got, want)
		}
	}
}

func TestFabricsAreBounded(t *testing.T) {
	d := NewDecoder()
	var out protocoltest.Printer
	for i := range maxFabrics + 1 {
		err := d.Decode(fmt.Appendf(nil, `["events/fabric/setup",{"eventType":"fabricSetup","connectionID":"f%d"}]`, i), 1, &out)
		fault := protocoltest.Fault(t, err)
		if over := i == maxFabrics; over != (fault != nil && fault.Code == protocol.CodeLimit) {
			t.Fatalf("%d: %v", i, err)
		}
	}
}
