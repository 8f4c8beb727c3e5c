package rtcstats

import (
	"bytes"
	"encoding/json"
	"strings"
)

// appendIdentity appends what a client says of its device when it connects,
// with the members of rtc.Identity that follow from it added. Anything but an
// object is appended as an empty one.
func appendIdentity(dst, payload []byte) []byte {
	var device struct {
		UserAgentData struct {
			Brands []struct {
				Brand   string `json:"brand"`
				Version string `json:"version"`
			} `json:"brands"`
			Platform string `json:"platform"`
		} `json:"userAgentData"`
		Browser string `json:"browser"`
		OS      string `json:"os"`
	}
	if len(payload) == 0 || payload[0] != '{' || json.Unmarshal(payload, &device) != nil {
		if len(payload) > 0 && payload[0] == '{' {
			return append(dst, payload...)
		}
		return append(dst, '{', '}')
	}
	object := bytes.TrimRight(payload, " \t\r\n")
	dst = append(dst, object[:len(object)-1]...)
	some := len(bytes.TrimSpace(object[1:len(object)-1])) > 0
	add := func(name, value string) {
		if value == "" {
			return
		}
		if some {
			dst = append(dst, ',')
		}
		some = true
		dst = appendString(append(appendString(dst, name), ':'), value)
	}
	if device.Browser == "" {
		// A list of brands has the engine, the browser, and one that is made up
		// ("Not=A?Brand"), in any order.
		var name, version string
		for _, b := range device.UserAgentData.Brands {
			if strings.Contains(b.Brand, "Not") || name != "" && b.Brand == "Chromium" {
				continue
			}
			name = strings.TrimPrefix(strings.TrimPrefix(b.Brand, "Google "), "Microsoft ")
			version = b.Version
		}
		add("browser", name)
		add("browserVersion", version)
	}
	if device.OS == "" {
		add("os", device.UserAgentData.Platform)
	}
	return append(dst, '}')
}
