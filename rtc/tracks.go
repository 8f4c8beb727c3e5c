package rtc

import (
	"encoding/json"
	"strings"
)

// Tracks visits the tracks that the value of an event names: {"kind","id"} anywhere in its
// value, ["audio","id",…] of rtcstats, or the words "audio:id" of Jitsi.
func Tracks(value string, visit func(kind, id string)) {
	var v any
	if json.Unmarshal([]byte(value), &v) != nil {
		return
	}
	visitTracks(v, 5, visit)
}

func visitTracks(v any, depth int, visit func(kind, id string)) {
	if depth == 0 {
		return
	}
	media := func(v any) bool { return v == "audio" || v == "video" }
	switch v := v.(type) {
	case map[string]any:
		if id, ok := v["id"].(string); ok && media(v["kind"]) {
			visit(v["kind"].(string), id)
			return
		}
		for _, name := range [...]string{"tracks", "track", "to", "0", "1", "2"} {
			if inner, ok := v[name]; ok {
				visitTracks(inner, depth-1, visit)
			}
		}
	case []any:
		if len(v) > 1 && media(v[0]) {
			if id, ok := v[1].(string); ok {
				visit(v[0].(string), id)
				return
			}
		}
		for _, inner := range v {
			visitTracks(inner, depth-1, visit)
		}
	case string:
		for _, word := range strings.FieldsFunc(v, func(r rune) bool { return r == ' ' || r == ',' }) {
			if kind, id, ok := strings.Cut(word, ":"); ok && media(kind) {
				visit(kind, id)
			}
		}
	}
}
