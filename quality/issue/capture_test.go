package issue

import "testing"

func TestCaptureFails(t *testing.T) {
	const (
		both   = "1 - getUserMedia#1 {\"audio\":true,\"video\":{\"width\":640}}\n"
		denied = "2 - getUserMediaOnFailure#1 {\"name\":\"NotAllowedError\",\"message\":\"Permission denied\"}\n"
	)
	runEventCases(t, []eventCase{
		{"denied", both + denied + "30 end leave", "permission_denied denied local_user high 2–30"},
		{"dismissed", both + `
			2 - getUserMediaOnFailure#1 {"name":"NotAllowedError","message":"Permission dismissed"}
			30 end leave`, "permission_denied prompt_dismissed local_user high 2–30"},
		{"by the system", both + `
			2 - getUserMediaOnFailure#1 {"name":"NotAllowedError","message":"Permission denied by system"}
			30 end leave`, "permission_denied system local_user high 2–30"},
		{"by a policy", both + `
			2 - getUserMediaOnFailure#1 {"name":"SecurityError","message":"Only secure origins are allowed"}
			30 end leave`, "permission_denied policy local_user high 2–30"},
		{"Firefox", both + `
			2 - getUserMediaOnFailure#1 {"name":"NotAllowedError","message":"The request is not allowed by the user agent or the platform in the current context."}
			30 end leave`, "permission_denied denied local_user high 2–30"},
		{"and granted later", both + denied + `
			9 - getUserMedia#2 {"audio":true,"video":true}
			12 - getUserMediaOnSuccess#2 [{"kind":"audio","id":"a1"},{"kind":"video","id":"v1"}]
			30 end leave`, "permission_denied denied local_user high 2–12"},
		{"the camera only", "1 - getUserMedia {\"video\":true,\"audio\":false}\n 2 - getUserMediaOnFailure \"NotAllowedError\"\n 30 end leave", "permission_denied denied local_user medium 2–30"},
		{"no camera, and the page takes the microphone", both + `
			2 - getUserMediaOnFailure#1 {"name":"NotFoundError","message":"Requested device not found"}
			2.1 - getUserMedia#2 {"audio":true}
			2.4 - getUserMediaOnSuccess#2 [{"kind":"audio","id":"a1"}]
			30 end leave`, "device_missing not_found local_user low 2–30"},
		{"no device at all", both + "2 - getUserMediaOnFailure#1 {\"name\":\"NotFoundError\"}\n 30 end leave", "device_missing not_found local_user high 2–30"},
		{"none that fits", both + "2 - getUserMediaOnFailure#1 {\"name\":\"OverconstrainedError\",\"constraint\":\"deviceId\"}\n 30 end leave", "device_missing overconstrained local_user high 2–30"},
		{"taken by another program", both + `
			2 - getUserMediaOnFailure#1 {"name":"NotReadableError","message":"Could not start video source"}
			2.1 - getUserMedia#2 {"audio":true,"video":false}
			2.4 - getUserMediaOnSuccess#2 [{"kind":"audio","id":"a1"}]
			30 end leave`, "device_in_use in_use local_user medium 2–30"},
		{"an old Jitsi client", "1 - getUserMedia {\"audio\":true}\n 2 - getUserMediaOnFailure \"TrackStartError\"\n 30 end leave", "device_in_use in_use local_user high 2–30"},
		{"the page's own fault", both + "2 - getUserMediaOnFailure#1 {\"name\":\"TypeError\",\"message\":\"at least one of audio and video\"}\n 30 end leave", ""},
		{"who chooses no screen wants none", "1 - navigator.mediaDevices.getDisplayMediaOnFailure {\"name\":\"NotAllowedError\"}\n 30 end leave", ""},
		{"who leaves at once", both + denied + "3 end leave", ""},
	})
}

// captured lets the user send a microphone and a camera.
const captured = `
	0 - getUserMedia#1 {"audio":true,"video":true}
	0 - getUserMediaOnSuccess#1 [{"kind":"audio","id":"a1"},{"kind":"video","id":"v1"}]` + up + `
	1 stream 1 pc1 send audio a1
	1 stream 2 pc1 send video v1
	1 stream 3 pc1 receive video r1
`

func TestDeviceEnded(t *testing.T) {
	runEventCases(t, []eventCase{
		{"the camera", captured + "\n 5 - onended {\"kind\":\"video\",\"id\":\"v1\"}\n 30 end leave", "device_ended ended local_user medium 5–30"},
		{"the microphone is unplugged, and another is taken", captured + `
			5 - onended {"kind":"audio","id":"a1"}
			5.2 - devicechange [{"kind":"audioinput"}]
			9 - getUserMediaOnSuccess#2 [{"kind":"audio","id":"a2"}]
			30 end leave`, "device_ended unplugged local_user high 5–9"},
		{"the list of devices comes first", captured + `
			4.9 - devicechange []
			5 - onended {"kind":"audio","id":"a1"}
			9 pc1 replaceTrack {"from":{"kind":"audio","id":"a1"},"to":{"kind":"audio","id":"a2"}}
			30 end leave`, "device_ended unplugged local_user high 5–9"},
		{"stopped by the page", captured + "\n 5 - stop {\"kind\":\"video\",\"id\":\"v1\"}\n 5 - onended {\"kind\":\"video\",\"id\":\"v1\"}\n 30 end leave", ""},
		{"it ends as the user leaves", captured + "\n 29 pc1 close\n 29.1 - onended {\"kind\":\"video\",\"id\":\"v1\"}\n 30 end leave", ""},
		{"another user's", captured + "\n 5 pc1 onended {\"kind\":\"video\",\"id\":\"r1\"}\n 30 end leave", ""},
		{"one that nobody receives", captured + "\n 4 - getUserMediaOnSuccess#2 [{\"kind\":\"video\",\"id\":\"v2\"}]\n 5 - onended {\"kind\":\"video\",\"id\":\"v2\"}\n 30 end leave", "device_ended ended local_user low 5–30"},
		{"both", captured + "\n 5 - onended {\"kind\":\"video\",\"id\":\"v1\"}\n 5 - onended {\"kind\":\"audio\",\"id\":\"a1\"}\n 30 end leave", `device_ended ended local_user medium 5–30
			device_ended ended local_user high 5–30`},
		{"a screen", captured + `
			3 - getDisplayMediaOnSuccess#2 [{"kind":"video","id":"s1"}]
			3 pc1 addTrack {"kind":"video","id":"s1"}
			9 - onended {"kind":"video","id":"s1"}
			30 end leave`, "screen_share_ended ended local_user low 9–9"},
	})
}

func TestDeviceMuted(t *testing.T) {
	runEventCases(t, []eventCase{
		{"by a switch", captured + "\n 5 - onmute {\"kind\":\"audio\",\"id\":\"a1\"}\n 20 - onunmute {\"kind\":\"audio\",\"id\":\"a1\"}\n 30 end leave", "device_muted_by_system system local_user medium 5–20"},
		{"for a moment", captured + "\n 5 - onmute {\"kind\":\"audio\",\"id\":\"a1\"}\n 5.5 - onunmute {\"kind\":\"audio\",\"id\":\"a1\"}\n 30 end leave", ""},
		{"the user had muted", captured + "\n 4 - mute {\"kind\":\"audio\",\"track\":\"a1\"}\n 5 - onmute {\"kind\":\"audio\",\"id\":\"a1\"}\n 30 end leave", ""},
		{"so, told by kind only", captured + "\n 4 - mute {\"kind\":\"audio\"}\n 5 - onmute {\"kind\":\"audio\",\"id\":\"a1\"}\n 30 end leave", ""},
		{"a phone in the background", captured + "\n 4 - visibility {\"hidden\":true}\n 5 - onmute {\"kind\":\"video\",\"id\":\"v1\"}\n 8 - onunmute {\"kind\":\"video\",\"id\":\"v1\"}\n 9 - visibility {\"hidden\":false}\n 30 end leave", "device_muted_by_system page_hidden local_user low 5–8"},
		{"another user's", captured + "\n 5 pc1 onmute {\"kind\":\"video\",\"id\":\"r1\"}\n 30 end leave", ""},
	})
}
