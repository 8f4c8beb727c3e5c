package callstats

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"strconv"
	"strings"

	"github.com/peerglass/peerglass/protocol"
	"github.com/peerglass/peerglass/protocol/statsjson"
	"github.com/peerglass/peerglass/rtc"
)

// Call says what a request is for.
type Call uint8

// The calls.
const (
	CallUnknown      Call = iota
	CallAuthenticate      // POST authenticate
	CallClock             // GET clockSync
	CallGenerics          // POST generics: what the client tells of itself
	CallConfig            // GET {app}/configurations; POST: of a sender, for advice
	CallInternal          // GET {app}/configurations/internal
	CallApp               // POST {app}/events/…: outside any conference
	CallJoin              // POST {app}/conferences/{conference}
	CallTell              // POST {app}/conferences/{conference}/{stay}/{what}
)

// Request is what a request's path says.
type Request struct {
	Call       Call
	App        rtc.AppID // 0 where the path has none
	Conference string
	Stay       string // as the client was told in the answer to its join
	What       string // "stats", "events/fabric/setup"; "join"
}

// join is what AppendFrame calls a join.
const join = "join"

// ParsePath reads what stands behind the protocol's address, with its escapes.
// "v1/apps" before an app's id may be there or not: native clients write it,
// the JavaScript client takes it for a part of the address. A fault is a
// *protocol.Error.
func ParsePath(escaped string) (Request, error) {
	var parts []string
	for part := range strings.SplitSeq(strings.Trim(escaped, "/"), "/") {
		text, err := url.PathUnescape(part)
		if err != nil {
			return Request{}, &protocol.Error{Code: protocol.CodeMalformed, What: "the address has an escape that is none", Cause: err}
		}
		if len(text) > protocol.MaxName {
			return Request{}, protocol.Errorf(protocol.CodeLimit, "a part of the address is longer than %d bytes", protocol.MaxName)
		}
		if text != "" { // the client joins addresses with one slash or two
			parts = append(parts, text)
		}
	}
	if len(parts) == 1 {
		switch parts[0] {
		case "authenticate":
			return Request{Call: CallAuthenticate}, nil
		case "clockSync":
			return Request{Call: CallClock}, nil
		case "generics":
			return Request{Call: CallGenerics}, nil
		}
	}
	if len(parts) > 2 && parts[0] == "v1" && parts[1] == "apps" {
		parts = parts[2:]
	}
	if len(parts) < 2 {
		return Request{}, errPath
	}
	app, err := strconv.ParseUint(parts[0], 10, 32)
	if err != nil || app == 0 {
		return Request{}, errPath
	}
	r := Request{App: rtc.AppID(app)}
	switch {
	case parts[1] == "configurations" && len(parts) == 2:
		r.Call = CallConfig
	case parts[1] == "configurations" && len(parts) == 3 && parts[2] == "internal":
		r.Call = CallInternal
	case parts[1] == "events" && len(parts) > 2:
		r.Call = CallApp
	case parts[1] == "conferences" && len(parts) == 3:
		r.Call, r.Conference, r.What = CallJoin, parts[2], join
	case parts[1] == "conferences" && len(parts) > 4:
		r.Call, r.Conference, r.Stay, r.What = CallTell, parts[2], parts[3], strings.Join(parts[4:], "/")
	default:
		return Request{}, errPath
	}
	return r, nil
}

var errPath = protocol.Errorf(protocol.CodeUnsupported, "callstats has no such address: it is …/authenticate, …/v1/apps/{appID}/conferences/{confID}, and below that {ucID}/events/… and {ucID}/stats, with the app's number from its page in the console")

// Opens reports whether a frame of this kind tells of a user who is there. What
// comes behind a stay, such as a rating, opens none.
func (r *Request) Opens() bool {
	switch r.What {
	case "events/user/left", "events/feedback", "events/fabric/terminated", "events/app/logs", "events/conferencesummary", "events/userdetails", "events/customevent":
		return false
	}
	return true
}

// Parts reports whether the frame says that a fabric is over: with the last of
// them the stay is, although nobody says so.
func (r *Request) Parts() bool { return r.What == "events/fabric/terminated" }

// Lives reports whether the frame says that a fabric goes on.
func (r *Request) Lives() bool {
	switch r.What {
	case join, "stats", "events/user/alive", "events/fabric", "events/fabric/setup", "events/fabric/statechange":
		return true
	}
	return false
}

// StayID names a stay of a user in a conference; the client sends it with all
// that it tells (ucID). random keeps stays apart. It belongs to that user:
// OwnStay tells whether it does.
func StayID(app rtc.AppID, conference, user string, random uint64) string {
	return "uc" + strconv.FormatUint(random, 36) + "-" + ownerOf(app, conference, user)
}

// OwnStay reports whether StayID made stay for that user.
func OwnStay(stay string, app rtc.AppID, conference, user string) bool {
	_, owner, _ := strings.Cut(stay, "-")
	return owner == ownerOf(app, conference, user)
}

func ownerOf(app rtc.AppID, conference, user string) string {
	h := sha256.New()
	h.Write(binary.BigEndian.AppendUint32(nil, uint32(app)))
	h.Write([]byte(strconv.Itoa(len(conference)) + ":" + conference + user))
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// AppendFrame appends the frame of a request: [what, body], and of a join who
// and where. body has to be valid JSON.
func AppendFrame(dst []byte, r *Request, user string, body []byte) []byte {
	dst = append(dst, '[')
	dst = appendJSON(dst, r.What)
	dst = append(dst, ',')
	dst = append(dst, body...)
	if r.Call == CallJoin {
		dst = append(dst, ',')
		dst = appendJSON(dst, place{Room: r.Conference, User: user})
	}
	return append(dst, ']')
}

// place is what the frame of a join says beside its body.
type place struct {
	Room string `json:"room"`
	User string `json:"user"`
}

// Dated returns when a body says that it was made: client's clock, Unix ms; 0
// where it does not say.
func Dated(body []byte) int64 {
	in := statsjson.NewScanner(body)
	if !in.Take('{') {
		return 0
	}
	for first := true; in.More(&first, '}'); {
		name, ok := in.RawString()
		if !ok || !in.Want(':') {
			break
		}
		value, ok := in.Raw()
		if !ok {
			break
		}
		if string(name) == `"timestamp"` {
			return milliseconds(read[number](value).value)
		}
	}
	return 0
}

func appendJSON(dst []byte, v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // texts and numbers always marshal
	}
	return append(dst, text...)
}
