package feature

import "strings"

// browserOf reads name and version of the browser from its User-Agent.
func browserOf(ua string) (name, version string) {
	// Order matters: nearly all of them claim to be Safari and Chrome.
	for _, b := range [...]struct{ token, name string }{
		{"Edg/", "Microsoft Edge"}, {"EdgA/", "Microsoft Edge"}, {"EdgiOS/", "Microsoft Edge"}, {"OPR/", "Opera"}, {"SamsungBrowser/", "Samsung Internet"},
		{"Electron/", "Electron"}, {"react-native/", "ReactNative"}, {"CriOS/", "Chrome Mobile"}, {"FxiOS/", "Firefox for iOS"}, {"Firefox/", "Firefox"},
		{"HeadlessChrome/", "Headless Chrome"}, {"Chrome/", "Chrome"}, {"Version/", "Safari"},
	} {
		if _, rest, ok := strings.Cut(ua, b.token); ok {
			end := strings.IndexFunc(rest, func(r rune) bool { return r != '.' && (r < '0' || r > '9') })
			if end < 0 {
				end = len(rest)
			}
			return b.name, rest[:end]
		}
	}
	return "", ""
}

// systemOf reads the operating system from a User-Agent. What browsers have
// frozen (macOS 10.15.7, Windows 10) stands as they say it.
func systemOf(ua string) string {
	after := func(token string) string {
		_, rest, _ := strings.Cut(ua, token)
		if end := strings.IndexAny(rest, ";)"); end >= 0 {
			rest = rest[:end]
		}
		return clip(strings.ReplaceAll(rest, "_", "."), 64)
	}
	windows := map[string]string{"10.0": "10", "6.3": "8.1", "6.2": "8", "6.1": "7"}
	switch {
	case strings.Contains(ua, "iPhone") || strings.Contains(ua, "iPad"):
		version, _, _ := strings.Cut(after("OS "), " ")
		return strings.TrimSpace("iOS " + version)
	case strings.Contains(ua, "Android"):
		return strings.TrimSpace("Android " + after("Android "))
	case strings.Contains(ua, "Windows NT "):
		v := after("Windows NT ")
		if name := windows[v]; name != "" {
			v = name
		}
		return "Windows " + v
	case strings.Contains(ua, "CrOS"):
		return "Chrome OS"
	case strings.Contains(ua, "Mac OS X "):
		return "OS X " + after("Mac OS X ")
	case strings.Contains(ua, "Linux"):
		return "Linux"
	}
	return ""
}
