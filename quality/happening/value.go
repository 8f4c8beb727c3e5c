package happening

import (
	"cmp"
	"encoding/json"
	"fmt"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/peerglass/peerglass/rtc"
)

// text reads a JSON string without escapes, "" of anything else.
func text(value string) string {
	if len(value) >= 2 && value[0] == '"' && value[len(value)-1] == '"' {
		return value[1 : len(value)-1]
	}
	return ""
}

// read reads the members of an object; of anything else none.
func read(value string, into any) bool {
	return strings.HasPrefix(value, "{") && json.Unmarshal([]byte(value), into) == nil
}

// named is a track as an event names it.
type named struct {
	kind      rtc.MediaKind
	id, label string
	settings  map[string]any
}

// tracksIn returns the tracks that a value names: {"kind","id","label"} anywhere
// in it, ["audio","id","label"] of rtcstats, or the words "audio:id" of others.
func tracksIn(value string) []named {
	var found []named
	var v any
	if value == "" || json.Unmarshal([]byte(value), &v) != nil {
		return nil
	}
	var visit func(v any, depth int)
	visit = func(v any, depth int) {
		if depth == 0 || len(found) >= 64 {
			return
		}
		switch v := v.(type) {
		case map[string]any:
			if kind, id := mediaOf(v["kind"]), textOf(v["id"]); kind != rtc.KindUnknown && id != "" {
				settings, _ := v["settings"].(map[string]any)
				found = append(found, named{kind, id, labelOf(textOf(v["label"])), settings})
				return
			}
			for _, name := range [...]string{"tracks", "track", "to", "0", "1", "2"} {
				visit(v[name], depth-1)
			}
		case []any:
			if len(v) > 1 && mediaOf(v[0]) != rtc.KindUnknown {
				if id := textOf(v[1]); id != "" {
					n := named{kind: mediaOf(v[0]), id: id}
					if len(v) > 2 {
						n.label = labelOf(textOf(v[2]))
					}
					found = append(found, n)
					return
				}
			}
			for _, inner := range v {
				visit(inner, depth-1)
			}
		case string:
			for _, word := range strings.FieldsFunc(v, func(r rune) bool { return r == ' ' || r == ',' }) {
				if kind, id, ok := strings.Cut(word, ":"); ok && mediaOf(kind) != rtc.KindUnknown && id != "" && len(found) < 64 {
					found = append(found, named{kind: mediaOf(kind), id: id})
				}
			}
		}
	}
	visit(v, 5)
	return found
}

func textOf(v any) string {
	s, _ := v.(string)
	return s
}

// labelOf is a track's label where people can read it: browsers give what is
// drawn or synthesised an id for one.
func labelOf(label string) string {
	if len(label) == 36 && strings.Count(label, "-") == 4 && !strings.Contains(label, " ") || strings.HasPrefix(label, "MediaStreamAudioDestinationNode") {
		return ""
	}
	return label
}

func mediaOf(v any) rtc.MediaKind {
	switch v {
	case "audio":
		return rtc.KindAudio
	case "video":
		return rtc.KindVideo
	}
	return rtc.KindUnknown
}

// kindOf reads a kind as mutes name it.
func kindOf(name string) rtc.MediaKind {
	switch strings.ToLower(name) {
	case "audio", "microphone", "mic":
		return rtc.KindAudio
	case "video", "camera":
		return rtc.KindVideo
	case "screen", "desktop", "presentation":
		return rtc.KindScreen
	}
	return rtc.KindUnknown
}

// failure reads the name and the words of an error, in whichever form.
func failure(value string) (name, words string) {
	var e struct{ Name, Message, Constraint any }
	if read(value, &e) {
		return textOf(e.Name), shortened(textOf(e.Message))
	}
	t := unquoted(value)
	if before, after, ok := strings.Cut(t, ": "); ok && !strings.Contains(before, " ") {
		return before, shortened(after)
	}
	if t != "" && !strings.Contains(t, " ") {
		return t, ""
	}
	return "", shortened(t)
}

// unquoted is the text of a JSON string, and anything else as it is.
func unquoted(value string) string {
	var t string
	if strings.HasPrefix(value, `"`) && json.Unmarshal([]byte(value), &t) == nil {
		return t
	}
	return value
}

// failed puts the name and the words of an error together.
func failed(value string) string {
	name, words := failure(value)
	switch {
	case name == "":
		return words
	case words == "":
		return name
	}
	return name + ": " + words
}

// line makes one readable line of any JSON: a text as it is, of an object its
// members.
func line(value string) string {
	var v any
	if value == "" || json.Unmarshal([]byte(value), &v) != nil {
		return value
	}
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case map[string]any:
		if m := textOf(v["message"]); m != "" {
			if n := textOf(v["name"]); n != "" {
				return n + ": " + m
			}
			return m
		}
		names := make([]string, 0, len(v))
		for n := range v {
			names = append(names, n)
		}
		sort.Strings(names)
		var b strings.Builder
		for _, n := range names {
			if b.Len() > 600 {
				break
			}
			if b.Len() > 0 {
				b.WriteString(", ")
			}
			b.WriteString(n + ": " + short(v[n]))
		}
		return b.String()
	}
	return value
}

func short(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	b, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return string(b)
}

// shortened cuts a text that is too long for a row; the whole is in the stored
// event.
func shortened(text string) string {
	const most = 600
	if len(text) <= most {
		return text
	}
	if r := []rune(text); len(r) > most {
		return string(r[:most]) + "…"
	}
	return text
}

// length writes a duration as people say it.
func length(d time.Duration) string {
	switch {
	case d < 10*time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < 2*time.Minute:
		return fmt.Sprintf("%.0f s", d.Seconds())
	case d < 2*time.Hour:
		return fmt.Sprintf("%.0f min", d.Minutes())
	}
	return fmt.Sprintf("%.1f h", d.Hours())
}

// word makes a cause of a reason: lower case with underscores.
func word(reason string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(reason) {
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "_"):
			b.WriteByte('_')
		}
		if b.Len() >= 48 {
			break
		}
	}
	return strings.Trim(b.String(), "_")
}

// exitCause gives the cause of a reason to leave, and how bad it is.
func exitCause(reason string) (cause string, severity rtc.Severity) {
	switch word(reason) {
	case "", "leave", "left", "client_initiated", "transports_closed", "user":
		return "leave", rtc.Info
	case "page_closed":
		return "page_closed", rtc.Info
	case "import":
		return "import", rtc.Info
	case "timeout":
		return "timeout", rtc.Warning
	case "replaced", "duplicate_identity":
		return "replaced", rtc.Info
	case "kicked", "participant_removed", "conference_kicked", "user_rejected":
		return "kicked", rtc.Warning
	case "room_deleted", "room_closed", "conference_destroyed", "conference_conferencedestroyed":
		return "room_closed", rtc.Info
	case "server_shutdown":
		return "server_shutdown", rtc.Warning
	case "join_failure", "join_failed":
		return "join_failed", rtc.Error
	case "error":
		return "error", rtc.Error
	}
	return word(reason), rtc.Warning
}

// exitText says what a cause means.
var exitText = map[string]string{
	"leave": "the user left", "page_closed": "the page was closed", "import": "the recording ends",
	"timeout": "nothing came from the client any more, and it said no goodbye", "replaced": "the same client joined again",
	"kicked": "the user was removed from the room", "room_closed": "the room was closed", "server_shutdown": "the server shut down",
	"join_failed": "the join failed", "error": "an error ended the stay",
}

// joinedAs says where and as what.
func joinedAs(room, role string) string {
	var parts []string
	if room != "" {
		parts = append(parts, "room "+room)
	}
	if role != "" {
		parts = append(parts, "as "+role)
	}
	return strings.Join(parts, " ")
}

// nameOf is how people call the medium.
func nameOf(kind rtc.MediaKind) string {
	return cmp.Or(map[rtc.MediaKind]string{rtc.KindAudio: "audio", rtc.KindVideo: "video", rtc.KindScreen: "screen"}[kind], "media")
}

// deviceOf is how people call the device of a medium.
func deviceOf(kind rtc.MediaKind) string {
	return cmp.Or(map[rtc.MediaKind]string{rtc.KindAudio: "microphone", rtc.KindVideo: "camera", rtc.KindScreen: "screen"}[kind], "device")
}
