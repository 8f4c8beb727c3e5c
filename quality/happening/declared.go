package happening

import "github.com/peerglass/peerglass/rtc"

// Ids of Table 4-1 of the SparkRTC guide.
const (
	refJoin            = 1
	refLeave           = 2
	refVideoSubscribe  = 3
	refMute            = 5
	refNetwork         = 6
	refCamera          = 7
	refDevice          = 9
	refLinkSetup       = 10
	refRole            = 11
	refSend            = 12
	refOutput          = 13
	refScreen          = 14
	refAudioSubscribe  = 16
	refCrossRoom       = 17
	refChannel         = 18
	refUplinkVideo     = 19
	refDownlinkAudio   = 20
	refScheduling      = 21
	refPushMeasurement = 22
	refPullMeasurement = 23
)

// Reference is one line of Table 4-1.
type Reference struct {
	ID    uint8
	Name  string
	Types []*Type
}

// referenceNames are the lines of Table 4-1 as the guide words them. It has no
// 4, 8 and 15.
var referenceNames = []Reference{
	{ID: refJoin, Name: "Join room"},
	{ID: refLeave, Name: "Leave room"},
	{ID: refVideoSubscribe, Name: "Video/Batch subscribe"},
	{ID: refMute, Name: "Mute/Unmute"},
	{ID: refNetwork, Name: "Switch network"},
	{ID: refCamera, Name: "Enable/Disable camera"},
	{ID: refDevice, Name: "Switch device"},
	{ID: refLinkSetup, Name: "DNS query, TCP/TLS link setup, start and end time of first frame display"},
	{ID: refRole, Name: "Switch role"},
	{ID: refSend, Name: "Send media stream"},
	{ID: refOutput, Name: "Output stream"},
	{ID: refScreen, Name: "Share screen"},
	{ID: refAudioSubscribe, Name: "Subscribe to audio/Cancel subscription"},
	{ID: refCrossRoom, Name: "Cross room"},
	{ID: refChannel, Name: "Connect to signaling/media channel"},
	{ID: refUplinkVideo, Name: "Set uplink video"},
	{ID: refDownlinkAudio, Name: "Set downlink audio"},
	{ID: refScheduling, Name: "Server scheduling failed"},
	{ID: refPushMeasurement, Name: "Successful stream push measurement"},
	{ID: refPullMeasurement, Name: "Successful stream pull measurement"},
}

// References returns the lines of Table 4-1 with the types that have their ids.
func References() []Reference {
	out := make([]Reference, len(referenceNames))
	copy(out, referenceNames)
	for i := range out {
		for _, t := range Types() {
			for _, id := range t.References {
				if id == out[i].ID {
					out[i].Types = append(out[i].Types, t)
				}
			}
		}
	}
	return out
}

var all []*Type

// Types returns everything that can be said, lane by lane.
func Types() []*Type { return all }

// Find returns the type of a slug, nil if there is none.
func Find(slug string) *Type { return bySlug[slug] }

var bySlug = map[string]*Type{}

func declare(t Type) *Type {
	t.place = len(all)
	if bySlug[t.Slug] != nil {
		panic("happening: two types are called " + t.Slug)
	}
	kept := &t
	all = append(all, kept)
	bySlug[t.Slug] = kept
	return kept
}

// Joins and leaves.
var (
	roomCreated = declare(Type{
		Slug: "room_created", Label: "Room created", Lane: LaneRoom, Color: Grey, Shape: Square,
		Help: "The first user joined: the call begins.", From: "the start of the call's first stay",
	})
	enteredRoom = declare(Type{
		Slug: "entered_room", Label: "Entered room", References: []uint8{refJoin}, View: "Entered room", Lane: LaneRoom, Color: Blue, Shape: Circle,
		Help: "The user joined, with the place in the order of joins and how many were there.", From: "`join`, the first identity that names the room, or the start of the stay",
	})
	exited = declare(Type{
		Slug: "exited", Label: "Exited", References: []uint8{refLeave}, View: "Exited voluntarily", Lane: LaneRoom, Color: Grey, Shape: Circle,
		Help: "The user left. The cause tells whether voluntarily (`leave`, `page_closed`) or not: `timeout` (nothing came any more), `replaced` (the same client joined again), `kicked`, `room_closed`, `server_shutdown`, `join_failed`, `error`, or that a recording ends (`import`).",
		From: "the goodbye, the library's reason for the end, or the end of the stay",
	})
	roomPeak = declare(Type{
		Slug: "room_peak", Label: "Most users at once", Lane: LaneRoom, Color: Purple, Shape: Square,
		Help: "With this join the most users were in the room.", From: "all stays of the call; of two users and more",
	})
	roomDissolved = declare(Type{
		Slug: "room_dissolved", Label: "Room dissolved", Lane: LaneRoom, Color: Grey, Shape: Diamond,
		Help: "The last user left: the call is over.", From: "the end of the call's last stay",
	})
	roleSwitched = declare(Type{
		Slug: "role_switched", Label: "Role switched", References: []uint8{refRole}, Lane: LaneRoom, Color: Purple, Shape: Diamond,
		Help: "The user has another role than before.", From: "an identity whose `role` differs from the one before", Tell: "`peerglass.join({…, role})` again with the new role",
	})
	crossRoom = declare(Type{
		Slug: "cross_room", Label: "Cross room", References: []uint8{refCrossRoom}, Lane: LaneRoom, Color: Purple, Shape: Triangle,
		Help: "The user's media is taken to another room, or comes from there.", From: "an identity that names another room than before, or the application's event", Tell: "`peerglass.event(\"crossRoom\", { room })`",
	})
)

// Connection.
var (
	signalingConnected = declare(Type{
		Slug: "signaling_connected", Label: "Signaling connected", References: []uint8{refChannel}, View: "Connected signaling channel successfully", Lane: LaneConnection, Color: Sky, Shape: Circle,
		Help: "The application's signaling works. A browser cannot see it: it is known from the first description that came from the other side, or from the library that had it back.",
		From: "the first `setRemoteDescription` or signaling state that needs the other side's description, else the first connection; `reconnected` of the adapters", Tell: "`peerglass.event(\"signalingConnected\")`",
	})
	signalingDisconnected = declare(Type{
		Slug: "signaling_disconnected", Label: "Signaling disconnected", References: []uint8{refChannel}, View: "Signal channel disconnected", Lane: LaneConnection, Color: Orange, Shape: Circle, Severity: rtc.Warning,
		Help: "The application's signaling was lost or closed, as the library or the application told.",
		From: "`reconnecting` and `disconnected` of the adapters", Tell: "`peerglass.event(\"signalingDisconnected\", { reason })`",
	})
	upstreamEstablishing = declare(Type{
		Slug: "upstream_establishing", Label: "Upstream connecting", References: []uint8{refChannel}, View: "Establishing upstream media transmission channel", Lane: LaneConnection, Color: Amber, Shape: Triangle,
		Help: "A connection that is to send media begins to be set up.", From: "the first of `setLocalDescription`, ICE `checking` and `connecting` of a connection with sent tracks",
	})
	upstreamEstablished = declare(Type{
		Slug: "upstream_established", Label: "Upstream connected", References: []uint8{refChannel}, View: "Established upstream media transmission channel", Lane: LaneConnection, Color: Green, Shape: Triangle,
		Help: "The connection that sends media stands, by which path, and after how long.", From: "`connectionState` `connected`, of browsers without it ICE `connected` or `completed`",
	})
	downstreamEstablishing = declare(Type{
		Slug: "downstream_establishing", Label: "Downstream connecting", References: []uint8{refChannel}, Lane: LaneConnection, Color: Amber, Shape: Diamond,
		Help: "A connection that is to receive media begins to be set up.", From: "as upstream, of a connection with received tracks",
	})
	downstreamEstablished = declare(Type{
		Slug: "downstream_established", Label: "Downstream connected", References: []uint8{refChannel}, View: "Established downstream media transmission channel", Lane: LaneConnection, Color: Green, Shape: Diamond,
		Help: "The connection that receives media stands, by which path, and after how long.", From: "as upstream, of a connection with received tracks",
	})
	dataEstablished = declare(Type{
		Slug: "data_established", Label: "Data connection connected", References: []uint8{refChannel}, Lane: LaneConnection, Color: Blue, Shape: Square,
		Help: "A connection without media stands.", From: "as upstream, of a connection without tracks",
	})
	linkSetup = declare(Type{
		Slug: "link_setup", Label: "Link set up", References: []uint8{refLinkSetup}, Lane: LaneConnection, Color: Sky, Shape: Square,
		Help: "How long the parts of the set-up took: signaling, ICE (with the DNS query and the TCP/TLS link to a relay), DTLS, and all together.", From: "the stay's outcome, at its first connection",
	})
	firstFrame = declare(Type{
		Slug: "first_frame", Label: "First frame", References: []uint8{refLinkSetup}, Lane: LaneConnection, Color: Sky, Shape: Diamond,
		Help: "The first sound or picture was sent or received, and how long after the join.", From: "the stay's outcome",
	})
	pushFailed = declare(Type{
		Slug: "push_failed", Label: "Push failed", Lane: LaneConnection, Color: Pink, Shape: Triangle, Severity: rtc.Warning,
		Help: "Streams that were to be sent never carried a packet. Told at the end of the stay.", From: "the stay's outcome",
	})
	pullFailed = declare(Type{
		Slug: "pull_failed", Label: "Pull failed", Lane: LaneConnection, Color: Pink, Shape: Diamond, Severity: rtc.Warning,
		Help: "Streams that were to be received never carried a packet. Told at the end of the stay.", From: "the stay's outcome",
	})
	connectionInterrupted = declare(Type{
		Slug: "connection_interrupted", Label: "Connection interrupted", Lane: LaneConnection, Color: Orange, Shape: Triangle, Severity: rtc.Warning,
		Help: "A connection that stood got no answer for some seconds.", From: "`disconnected` of `connectionState` or ICE; `reconnecting` of an adapter that watches the media",
	})
	connectionRecovered = declare(Type{
		Slug: "connection_recovered", Label: "Connection recovered", Lane: LaneConnection, Color: Green, Shape: Square,
		Help: "A connection that was interrupted or had failed stands again, and how long it was away.", From: "`connected` after that",
	})
	connectionFailed = declare(Type{
		Slug: "connection_failed", Label: "Connection failed", Lane: LaneConnection, Color: Red, Shape: Triangle, Severity: rtc.Error,
		Help: "A connection was given up by the browser. Causes: `never_connected`, `lost` (it stood before), `dtls`.", From: "`failed` of `connectionState` or ICE, failures of DTLS",
	})
	connectionClosed = declare(Type{
		Slug: "connection_closed", Label: "Connection closed", Lane: LaneConnection, Color: Grey, Shape: Diamond,
		Help: "The page closed a connection.", From: "`close`",
	})
	iceRestarted = declare(Type{
		Slug: "ice_restarted", Label: "ICE restart", Lane: LaneConnection, Color: Amber, Shape: Square,
		Help: "The page asked the browser to look for paths anew.", From: "`restartIce`, `createOffer` with `iceRestart`",
	})
	pathChanged = declare(Type{
		Slug: "path_changed", Label: "Path changed", Lane: LaneConnection, Color: Purple, Shape: Circle,
		Help: "The selected candidate pair is of another type or protocol than before.", From: "the statistics of the selected candidate pair",
	})
	networkSwitched = declare(Type{
		Slug: "network_switched", Label: "Network switched", References: []uint8{refNetwork}, Lane: LaneConnection, Color: Purple, Shape: Diamond,
		Help: "The machine is on another kind of network: Wi-Fi, cellular, a cable.", From: "`network` with another type than before", Tell: "`peerglass.event(\"network\", { type, online })` in browsers without the Network Information API (Firefox, Safari)",
	})
	networkOffline = declare(Type{
		Slug: "network_offline", Label: "Offline", References: []uint8{refNetwork}, Lane: LaneConnection, Color: Red, Shape: Square, Severity: rtc.Warning,
		Help: "The browser says that the machine has no network.", From: "`network` with `online: false`",
	})
	networkOnline = declare(Type{
		Slug: "network_online", Label: "Online again", References: []uint8{refNetwork}, Lane: LaneConnection, Color: Sky, Shape: Triangle,
		Help: "The machine has a network again.", From: "`network` with `online: true` after that",
	})
	schedulingFailed = declare(Type{
		Slug: "scheduling_failed", Label: "Server scheduling failed", References: []uint8{refScheduling}, Lane: LaneConnection, Color: Red, Shape: Circle, Severity: rtc.Error,
		Help: "The application's server gave the user no place in the room.", From: "`disconnected` with the reason `join_failure` of the adapters", Tell: "`peerglass.event(\"schedulingFailed\", { reason })`",
	})
)

// Media and mute.
var (
	audioOpened = declare(Type{
		Slug: "audio_opened", Label: "Audio on", References: []uint8{refMute, refSend}, View: "Open audio", Lane: LaneMedia, Color: Blue, Shape: Triangle,
		Help: "The user's microphone begins to be sent (12), or is unmuted (5, shown as Unmuted).", From: "`addTrack`, `addTransceiver`, `addStream`, `replaceTrack`, `unmute`; of clients that tell none the start of a sent stream",
	})
	audioDisabled = declare(Type{
		Slug: "audio_disabled", Label: "Audio off", References: []uint8{refMute, refSend}, View: "Disable audio", Lane: LaneMedia, Color: Orange, Shape: Triangle,
		Help: "The user's microphone is muted (5, shown as Muted), or is sent no more (12).", From: "`mute`, `MediaStreamTrack.stop` and `onended`, `removeTrack`, `replaceTrack`, `close`",
	})
	videoOpened = declare(Type{
		Slug: "video_opened", Label: "Video on", References: []uint8{refCamera, refSend}, View: "Open video", Lane: LaneMedia, Color: Blue, Shape: Square,
		Help: "The user's camera begins to be sent (12), or is switched on again (7, shown as Camera on).", From: "as for audio",
	})
	videoDisabled = declare(Type{
		Slug: "video_disabled", Label: "Video off", References: []uint8{refCamera, refSend}, View: "Disable video", Lane: LaneMedia, Color: Orange, Shape: Square,
		Help: "The user's camera is switched off (7, shown as Camera off), or is sent no more (12).", From: "as for audio",
	})
	screenOpened = declare(Type{
		Slug: "screen_opened", Label: "Screen sharing on", References: []uint8{refScreen}, View: "Open screen sharing", Lane: LaneMedia, Color: Purple, Shape: Square,
		Help: "The user begins to share a screen, a window or a tab.", From: "`getDisplayMedia`, `screenShare`, Jitsi's `setVideoType`",
	})
	screenDisabled = declare(Type{
		Slug: "screen_disabled", Label: "Screen sharing off", References: []uint8{refScreen}, View: "Disable screen sharing", Lane: LaneMedia, Color: Grey, Shape: Square,
		Help: "The user ends the sharing; the cause `ended_by_browser` is the browser's own button or a closed window.", From: "as for the beginning, and the end of the screen's track",
	})
	subscribed = declare(Type{
		Slug: "subscribed", Label: "Subscribed", References: []uint8{refVideoSubscribe, refAudioSubscribe}, Lane: LaneMedia, Color: Green, Shape: Circle,
		Help: "A track of another user comes to this one: video or screen (3), audio (16).", From: "`ontrack`, `onaddstream`; of clients that tell none the start of a received stream",
	})
	unsubscribed = declare(Type{
		Slug: "unsubscribed", Label: "Unsubscribed", References: []uint8{refVideoSubscribe, refAudioSubscribe}, Lane: LaneMedia, Color: Grey, Shape: Circle,
		Help: "A received track is over.", From: "`MediaStreamTrack.onended` of a received track, `onremovestream`",
	})
	remoteVideoOpened = declare(Type{
		Slug: "remote_video_opened", Label: "Remote video on", References: []uint8{refOutput}, View: "Open remote video", Lane: LaneMedia, Color: Green, Shape: Square,
		Help: "Video of another user begins to come, or comes again.", From: "`MediaStreamTrack.onunmute` of a received track, `unmute` of another user; of clients that tell none the first packets",
	})
	remoteVideoClosed = declare(Type{
		Slug: "remote_video_closed", Label: "Remote video off", Lane: LaneMedia, Color: Amber, Shape: Square,
		Help: "Video of another user comes no more: it is switched off (`muted`) or nothing arrives (`no_media`).", From: "`MediaStreamTrack.onmute` of a received track, `mute` of another user",
	})
	remoteAudioOpened = declare(Type{
		Slug: "remote_audio_opened", Label: "Remote audio on", References: []uint8{refOutput}, Lane: LaneMedia, Color: Green, Shape: Triangle,
		Help: "Audio of another user begins to come, or comes again.", From: "as for remote video",
	})
	remoteAudioClosed = declare(Type{
		Slug: "remote_audio_closed", Label: "Remote audio off", Lane: LaneMedia, Color: Amber, Shape: Triangle,
		Help: "Audio of another user comes no more.", From: "as for remote video",
	})
	remoteScreenOpened = declare(Type{
		Slug: "remote_screen_opened", Label: "Remote screen on", References: []uint8{refOutput}, Lane: LaneMedia, Color: Green, Shape: Diamond,
		Help: "A shared screen of another user begins to come, or comes again.", From: "as for remote video, and `screenShare` of another user",
	})
	remoteScreenClosed = declare(Type{
		Slug: "remote_screen_closed", Label: "Remote screen off", Lane: LaneMedia, Color: Amber, Shape: Diamond,
		Help: "A shared screen of another user comes no more.", From: "as for remote video, and `screenShare` of another user",
	})
	uplinkVideoSet = declare(Type{
		Slug: "uplink_video_set", Label: "Uplink video set", References: []uint8{refUplinkVideo}, Lane: LaneMedia, Color: Purple, Shape: Triangle,
		Help: "The page set how video is sent: layers, bit rates, frame rates, codecs. The same setting again is not told.", From: "`setParameters`, `setCodecPreferences`", Tell: "`peerglass.event(\"uplinkVideo\", { … })`",
	})
	downlinkAudioSet = declare(Type{
		Slug: "downlink_audio_set", Label: "Downlink audio set", References: []uint8{refDownlinkAudio}, Lane: LaneMedia, Color: Purple, Shape: Circle,
		Help: "The page set how what others say is played. A browser tells nobody that an element is muted or made quieter.", From: "`hold` (`held`, `resumed`), or the application's event", Tell: "`peerglass.event(\"downlinkAudio\", { volume })`",
	})
	dominantSpeaker = declare(Type{
		Slug: "dominant_speaker", Label: "Speaks the loudest", Lane: LaneMedia, Color: Grey, Shape: Triangle,
		Help: "Who is the loudest now, the user or another.", From: "`dominantSpeaker`", Tell: "`peerglass.event(\"dominantSpeaker\", { user })`",
	})
)

// What streams came to: after what began them, where rows have one time.
var (
	pushMeasured = declare(Type{
		Slug: "push_succeeded", Label: "Push succeeded", References: []uint8{refPushMeasurement}, Lane: LaneConnection, Color: Blue, Shape: Triangle,
		Help: "A sent stream carries packets.", From: "the first sample of a sent stream with packets; simulcast layers are one stream",
	})
	pullMeasured = declare(Type{
		Slug: "pull_succeeded", Label: "Pull succeeded", References: []uint8{refPullMeasurement}, Lane: LaneConnection, Color: Blue, Shape: Diamond,
		Help: "A received stream carries packets.", From: "the first sample of a received stream with packets",
	})
)

// Devices and the page.
var (
	deviceOpened = declare(Type{
		Slug: "device_opened", Label: "Device opened", References: []uint8{refCamera}, Lane: LaneDevice, Color: Blue, Shape: Circle,
		Help: "The browser gave the page a camera (7) or a microphone, and which.", From: "`getUserMedia`",
	})
	deviceClosed = declare(Type{
		Slug: "device_closed", Label: "Device closed", References: []uint8{refCamera}, Lane: LaneDevice, Color: Grey, Shape: Circle,
		Help: "The page let go of a camera (7) or a microphone.", From: "`MediaStreamTrack.stop`",
	})
	deviceSwitched = declare(Type{
		Slug: "device_switched", Label: "Device switched", References: []uint8{refDevice}, Lane: LaneDevice, Color: Purple, Shape: Diamond,
		Help: "Another camera, microphone or loudspeaker is used, as before → after.", From: "`devices`, `replaceTrack` with another device's track", Tell: "`peerglass.event(\"devices\", { audiooutput: label })` for the loudspeaker",
	})
	deviceChanged = declare(Type{
		Slug: "device_changed", Label: "Devices changed", Lane: LaneDevice, Color: Sky, Shape: Diamond,
		Help: "A device was plugged in or taken away, and which.", From: "`devicechange`, compared with the devices that were there before",
	})
	deviceLost = declare(Type{
		Slug: "device_lost", Label: "Device lost", Lane: LaneDevice, Color: Red, Shape: Diamond, Severity: rtc.Warning,
		Help: "A camera or microphone ended though the page did not stop it: unplugged, permission taken back, driver failed.", From: "`MediaStreamTrack.onended` of a captured track",
	})
	deviceMuted = declare(Type{
		Slug: "device_muted", Label: "Muted by the system", Lane: LaneDevice, Color: Orange, Shape: Diamond, Severity: rtc.Warning,
		Help: "The browser says that a captured track brings nothing: a switch of the hardware, the system's privacy setting, another program.", From: "`MediaStreamTrack.onmute` of a captured track",
	})
	deviceUnmuted = declare(Type{
		Slug: "device_unmuted", Label: "Unmuted by the system", Lane: LaneDevice, Color: Green, Shape: Diamond,
		Help: "The captured track brings something again.", From: "`MediaStreamTrack.onunmute` of a captured track",
	})
	pageHidden = declare(Type{
		Slug: "page_hidden", Label: "Page hidden", Lane: LaneDevice, Color: Amber, Shape: Circle,
		Help: "The page is not seen any more: another tab, another program, the screen is off.", From: "`visibility`",
	})
	pageShown = declare(Type{
		Slug: "page_shown", Label: "Page shown", Lane: LaneDevice, Color: Green, Shape: Circle,
		Help: "The page is seen again, and after how long.", From: "`visibility`",
	})
	pageLeft = declare(Type{
		Slug: "page_left", Label: "Page left", Lane: LaneDevice, Color: Grey, Shape: Square,
		Help: "The page was closed or loaded anew; one that is loaded anew goes on with the same stay.", From: "`pagehide`",
	})
	slept = declare(Type{
		Slug: "slept", Label: "Machine slept", Lane: LaneDevice, Color: Orange, Shape: Square, Severity: rtc.Warning,
		Help: "The machine slept, and for how long.", From: "the issue clock_trouble with the cause sleep",
	})
	clockJumped = declare(Type{
		Slug: "clock_jumped", Label: "Clock jumped", Lane: LaneDevice, Color: Orange, Shape: Circle, Severity: rtc.Warning,
		Help: "The client's clock was set, by how much.", From: "`clock`, told by the server",
	})
)

// Errors.
var (
	captureFailed = declare(Type{
		Slug: "capture_failed", Label: "Capture failed", Lane: LaneError, Color: Red, Shape: Square, Severity: rtc.Error,
		Help: "The page did not get what it asked for. Causes: `denied`, `not_found`, `in_use`, `overconstrained`, `aborted`.", From: "failures of `getUserMedia` and `getDisplayMedia`",
	})
	callFailed = declare(Type{
		Slug: "call_failed", Label: "API call failed", Lane: LaneError, Color: Red, Shape: Circle, Severity: rtc.Error,
		Help: "A call of the WebRTC API failed: its name and the browser's words.", From: "failures of every other call",
	})
	reported = declare(Type{
		Slug: "error", Label: "Error", Lane: LaneError, Color: Red, Shape: Triangle, Severity: rtc.Error,
		Help: "The application or its library reported an error: the function and the words.", From: "`error` of the adapters, `reportError` of callstats", Tell: "`peerglass.event(\"error\", { function, name, message })`",
	})
	iceServerError = declare(Type{
		Slug: "ice_server_error", Label: "ICE server error", Lane: LaneError, Color: Orange, Shape: Diamond, Severity: rtc.Warning,
		Help: "A STUN or TURN server did not answer or refused; the same of one server is told once. Common where a host has several interfaces.", From: "`icecandidateerror`",
	})
	framesMissed = declare(Type{
		Slug: "frames_missed", Label: "Measurements missing", Lane: LaneError, Color: Amber, Shape: Diamond, Severity: rtc.Warning,
		Help: "Measurements of this stay never reached the server.", From: "`peerglass.framesMissed`, told by the server",
	})
)

// What the application and the user tell.
var (
	logged = declare(Type{
		Slug: "log", Label: "Log", Lane: LaneApplication, Color: Grey, Shape: Circle,
		Help: "A line of the application's log, with its level.", From: "logs", Tell: "`peerglass.log(level, message)`, `reportError` of callstats with `applicationLog`",
	})
	appEvent = declare(Type{
		Slug: "app_event", Label: "Application event", Lane: LaneApplication, Color: Sky, Shape: Diamond,
		Help: "An event of the application's own, under its name.", From: "every event whose name has no meaning here", Tell: "`peerglass.event(name, data)`",
	})
	keysSet = declare(Type{
		Slug: "keys_set", Label: "Keys set", Lane: LaneApplication, Color: Grey, Shape: Square,
		Help: "The application attached keys to find the call by.", From: "an identity with `keys` that are new", Tell: "`peerglass.join({…, keys})`, `peerglass.keys({…})`",
	})
	feedback = declare(Type{
		Slug: "feedback", Label: "Feedback", Lane: LaneFeedback, Color: Amber, Shape: Diamond,
		Help: "The user rated the call, from 1 to 5, and what the user wrote.", From: "feedback", Tell: "`peerglass.feedback({ overall, audio, video, screen, comment })`, `sendUserFeedback` of callstats",
	})
)
