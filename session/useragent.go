package session

import "strings"

// agent is what a user agent string says.
type agent struct{ Browser, Version, OS, Device string }

// parseUserAgent reads a browser's user agent string: the few facts that people
// filter by. It knows the families that speak WebRTC; of others the first
// product is taken as it stands.
func parseUserAgent(ua string) agent {
	if ua == "" {
		return agent{}
	}
	var a agent
	// Order matters: all of them claim to be Safari, most to be Chrome.
	for _, b := range [...]struct{ token, name string }{
		{"Edg/", "Edge"}, {"EdgA/", "Edge"}, {"EdgiOS/", "Edge"}, {"OPR/", "Opera"}, {"OPiOS/", "Opera"},
		{"SamsungBrowser/", "Samsung Internet"}, {"YaBrowser/", "Yandex"}, {"Vivaldi/", "Vivaldi"},
		{"Electron/", "Electron"}, {"JitsiMeet/", "Jitsi Meet"}, {"react-native-webrtc/", "React Native"}, {"ReactNative/", "React Native"},
		{"CriOS/", "Chrome"}, {"FxiOS/", "Firefox"}, {"Firefox/", "Firefox"},
		{"HeadlessChrome/", "Chrome"}, {"Chromium/", "Chromium"}, {"Chrome/", "Chrome"},
	} {
		if v, found := version(ua, b.token); found {
			a.Browser, a.Version = b.name, v
			break
		}
	}
	lower := strings.ToLower(ua)
	switch {
	case a.Browser != "":
	case strings.Contains(lower, "react native") || strings.Contains(lower, "react-native"):
		a.Browser = "React Native"
	case strings.Contains(ua, "Safari/"):
		a.Browser = "Safari"
		a.Version, _ = version(ua, "Version/")
	case strings.Contains(ua, "iPhone") || strings.Contains(ua, "iPad"):
		a.Browser = "WebView"
		a.Version, _ = version(ua, "AppleWebKit/")
	default:
		product, _, _ := strings.Cut(ua, " ")
		a.Browser, a.Version, _ = strings.Cut(product, "/")
		a.Browser, a.Version = cutName(a.Browser), cutName(a.Version)
	}
	if a.Browser == "Chrome" && strings.Contains(ua, "; wv)") {
		a.Browser = "WebView"
	}

	switch {
	case strings.Contains(ua, "iPhone"), strings.Contains(ua, "iPad"), strings.Contains(ua, "iPod"):
		a.OS = strings.TrimSpace("iOS " + strings.ReplaceAll(until(after(ua, "OS "), " ;)"), "_", "."))
		a.Device = "phone"
		if strings.Contains(ua, "iPad") {
			a.Device = "tablet"
		}
	case strings.Contains(ua, "Android"):
		a.OS = strings.TrimSpace("Android " + until(after(ua, "Android "), ";)"))
		a.Device = "tablet"
		if strings.Contains(ua, "Mobile") {
			a.Device = "phone"
		}
	case strings.Contains(ua, "Windows NT"):
		a.OS, a.Device = "Windows", "desktop"
		// 10 and 11 say the same.
		if v := until(after(ua, "Windows NT "), ";)"); v == "10.0" {
			a.OS = "Windows 10+"
		}
	case strings.Contains(ua, "CrOS"):
		a.OS, a.Device = "ChromeOS", "desktop"
	case strings.Contains(ua, "Mac OS X"), strings.Contains(ua, "Macintosh"):
		// Browsers have told 10.15.7 or less whatever the version since 2020.
		a.OS, a.Device = "macOS", "desktop"
	case strings.Contains(lower, "linux"):
		a.OS, a.Device = "Linux", "desktop"
	case strings.HasPrefix(lower, "ios"), strings.Contains(lower, "darwin"):
		a.OS, a.Device = "iOS", "phone"
	}
	return a
}

// version returns the version after a product's token: its digits and dots.
func version(ua, token string) (string, bool) {
	rest, found := cutAfter(ua, token)
	if !found {
		return "", false
	}
	end := strings.IndexFunc(rest, func(r rune) bool { return r != '.' && (r < '0' || r > '9') })
	if end < 0 {
		end = len(rest)
	}
	return cutName(rest[:end]), true
}

func cutAfter(s, token string) (string, bool) {
	if i := strings.Index(s, token); i >= 0 {
		return s[i+len(token):], true
	}
	return "", false
}

func after(s, token string) string {
	rest, _ := cutAfter(s, token)
	return rest
}

func until(s, any string) string {
	if i := strings.IndexAny(s, any); i >= 0 {
		s = s[:i]
	}
	return cutName(s)
}
