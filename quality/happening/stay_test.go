package happening

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/peerglass/peerglass/rtc"
)

var start = time.UnixMilli(1_780_000_000_000).UTC()

func at(ms int) time.Time { return start.Add(time.Duration(ms) * time.Millisecond) }

// e is an event of no connection, c one of connection 1.
func e(ms int, name, value string) rtc.Event {
	kind := rtc.KindEvent
	if strings.HasPrefix(name, "on") || strings.HasPrefix(name, "MediaStreamTrack") {
		kind = rtc.KindState
	}
	return rtc.Event{Time: at(ms), Kind: kind, Name: name, Value: value}
}

func c(ms int, name, value string) rtc.Event {
	v := e(ms, name, value)
	v.Connection = 1
	if v.Kind == rtc.KindEvent {
		v.Kind = rtc.KindCall
	}
	return v
}

func as(kind rtc.Kind, v rtc.Event) rtc.Event { v.Kind = kind; return v }

const (
	mic    = `{"kind":"audio","id":"m","label":"Headset"}`
	cam    = `{"kind":"video","id":"v","label":"FaceTime"}`
	screen = `{"kind":"video","id":"s","label":"screen:0"}`
)

func stay(events ...rtc.Event) *Stay {
	s := &Stay{Session: rtc.Session{ID: 7, Room: "standup", Start: start}, Events: events}
	for i := range s.Events {
		s.Events[i].Index, s.Events[i].Session = uint32(i+1), 7
	}
	return s
}

// told says rows shortly: "type(id) cause kind way user | text".
func told(rows []Row) string {
	var lines []string
	for _, r := range rows {
		if r.Type == enteredRoom && r.Index == 0 {
			continue // every stay has it
		}
		l := fmt.Sprintf("%d %s", r.Time.Sub(start).Milliseconds(), r.Type.Slug)
		if r.Reference != 0 {
			l += fmt.Sprintf("(%d)", r.Reference)
		}
		if r.Label != r.Type.Label {
			l += " [" + r.Label + "]"
		}
		if r.Cause != "" {
			l += " " + r.Cause
		}
		if r.Kind != rtc.KindUnknown {
			l += " " + r.Kind.String()
		}
		l += [...]string{"", " up", " down"}[r.Direction]
		if r.RemoteUser != "" {
			l += " of " + r.RemoteUser
		}
		if r.Severity != rtc.Info {
			l += " " + r.Severity.String()
		}
		if r.Text != "" {
			l += " | " + r.Text
		}
		lines = append(lines, l)
	}
	return strings.Join(lines, "\n")
}

func TestEvents(t *testing.T) {
	cases := []struct {
		name string
		stay *Stay
		want string
	}{
		{"join, role, room and keys", stay(
			as(rtc.KindOpen, e(0, "open", `{"room":"standup","role":"host","keys":{"team":"a"}}`)),
			as(rtc.KindOpen, e(10, "open", `{"room":"standup","role":"guest","keys":{"team":"a"}}`)),
			as(rtc.KindOpen, e(20, "open", `{"room":"other","keys":{"team":"b"}}`)),
			e(30, "crossRoom", `{"room":"third"}`)), `
			0 entered_room(1) | room standup as host
			0 keys_set | team: a
			10 role_switched(11) guest | host → guest
			20 cross_room(17) another_room | standup → other
			20 keys_set | team: b
			30 cross_room(17) told | room: third`},
		{"a connection's way up, down, loss and end", func() *Stay {
			s := stay(
				c(0, "create", ""), c(5, "addTrack", mic), c(10, "setLocalDescription", ""), c(20, "setRemoteDescription", ""), c(25, "ontrack", `{"kind":"audio","id":"r"}`),
				c(30, rtc.NameICEState, `"checking"`), c(31, rtc.NameConnState, `"connecting"`), c(60, rtc.NameICEState, `"connected"`), c(90, rtc.NameConnState, `"connected"`),
				c(5000, rtc.NameICEState, `"disconnected"`), c(5001, rtc.NameConnState, `"disconnected"`), c(8000, rtc.NameConnState, `"connected"`),
				c(9000, "restartIce", ""), c(9001, "createOffer", `{"iceRestart":true}`), c(12000, rtc.NameConnState, `"failed"`), c(13000, "close", ""))
			s.Connections = []rtc.Connection{{ID: 1, Label: "PC_0", LocalType: "host", RemoteType: "relay", Transport: "udp"}}
			s.Streams = []rtc.Stream{{ID: 3, Connection: 1, Kind: rtc.KindAudio, Direction: rtc.Receive, Track: "r", RemoteUser: "bob", Packets: 9, Start: at(200), Codec: "audio/opus"}}
			return s
		}(), `
			5 audio_opened(12) sent audio up | a track is sent: Headset
			10 upstream_establishing(18) up | connection PC_0
			10 downstream_establishing(18) down | connection PC_0
			20 signaling_connected(18) first_description | known from the other side's first description
			25 subscribed(16) audio down of bob | audio of another user
			90 upstream_established(18) up | connection PC_0, host → relay over udp, after 80 ms
			90 downstream_established(18) down | connection PC_0, host → relay over udp, after 80 ms
			200 remote_audio_opened(13) media audio down of bob | first packets
			200 pull_succeeded(23) audio down of bob | audio/opus
			5001 connection_interrupted no_answer warning | connection PC_0
			8000 connection_recovered | connection PC_0 after 2999 ms
			9000 ice_restarted
			9001 ice_restarted
			12000 connection_failed lost error | connection PC_0
			13000 connection_closed | connection PC_0
			13000 audio_disabled(12) closed audio up | its connection was closed: Headset`},
		{"a connection that never stands, of a browser without connectionState", stay(
			c(0, "addTransceiver", `["video",{"direction":"recvonly"}]`), c(1, "setLocalDescription", ""), c(2, rtc.NameICEState, `"checking"`),
			c(3, rtc.NameICEError, `{"url":"turn:a","errorCode":701,"errorText":"lookup failed"}`), c(4, rtc.NameICEError, `{"url":"turn:a","errorCode":701,"errorText":"lookup failed"}`),
			c(5, rtc.NameICEState, `"failed"`), c(6, rtc.NameICEState, `"failed"`)), `
			1 downstream_establishing(18) down
			3 ice_server_error no_answer warning | turn:a: 701 lookup failed
			5 connection_failed never_connected error`},
		{"mute, camera, and another user's", stay(
			c(0, "addTrack", mic), c(0, "addTrack", cam), c(1, "ontrack", `{"kind":"video","id":"r"}`),
			e(10, "mute", `{"kind":"audio","track":"m"}`), e(11, "mute", `{"kind":"audio","track":"m"}`), e(20, "unmute", `{"kind":"audio","track":"m"}`),
			e(30, "mute", `{"kind":"video"}`), e(40, "unmute", `{"kind":"video"}`),
			e(50, "mute", `{"kind":"video","user":"bob","track":"r"}`), e(60, "unmute", `{"kind":"video","user":"bob","track":"r"}`),
			c(70, rtc.NameTrackMute, `{"kind":"video","id":"r"}`), c(80, rtc.NameTrackUnmute, `{"kind":"video","id":"r"}`), c(90, "MediaStreamTrack.onended", `{"kind":"video","id":"r"}`)), `
			0 audio_opened(12) sent audio up | a track is sent: Headset
			0 video_opened(12) sent video up | a track is sent: FaceTime
			1 subscribed(3) video down | video of another user
			10 audio_disabled(5) [Muted] muted audio up | by the user or the page
			20 audio_opened(5) [Unmuted] unmuted audio up | by the user or the page
			30 video_disabled(7) [Camera off] muted video up | by the user or the page
			40 video_opened(7) [Camera on] unmuted video up | by the user or the page
			50 remote_video_closed muted video down of bob | muted by the other user
			60 remote_video_opened(13) unmuted video down of bob | unmuted by the other user
			70 remote_video_closed no_media video down | nothing arrives
			80 remote_video_opened(13) media video down | it arrives
			90 unsubscribed(3) ended video down | video is over`},
		{"devices", stay(
			e(0, rtc.NameEnumerate+rtc.OnSuccess, `[{"kind":"audioinput","label":"Built-in"},{"kind":"audiooutput","label":""}]`),
			as(rtc.KindCall, e(1, rtc.NameGetUserMedia, `{"audio":true,"video":{"width":640}}`)),
			as(rtc.KindCall, e(2, rtc.NameGetUserMedia+rtc.OnSuccess, `[{"kind":"audio","id":"m","label":"Built-in"},{"kind":"video","id":"v","label":"FaceTime","settings":{"width":640,"height":480,"frameRate":30}}]`)),
			e(3, rtc.NameDevices, `{"audioinput":"Built-in"}`), e(4, rtc.NameDevices, `{"audioinput":"Headset","audiooutput":"Speaker"}`),
			e(5, rtc.NameDeviceChange, `[{"kind":"audioinput","label":"Built-in"},{"kind":"audioinput","label":"Headset"},{"kind":"audiooutput","label":""}]`),
			e(6, rtc.NameDeviceChange, `[{"kind":"audioinput","label":"Headset"},{"kind":"audiooutput","label":""}]`),
			c(7, "replaceTrack", `{"from":`+cam+`,"to":{"kind":"video","id":"w","label":"Logitech"}}`),
			e(8, rtc.NameTrackMute, `{"kind":"audio","id":"m"}`), e(9, rtc.NameTrackUnmute, `{"kind":"audio","id":"m"}`),
			e(10, "MediaStreamTrack.onended", `{"kind":"audio","id":"m"}`), e(11, "MediaStreamTrack.stop", cam)), `
			2 device_opened captured audio | microphone: Built-in
			2 device_opened(7) captured video | camera: FaceTime, 640×480 at 30 fps
			4 device_switched(9) audioinput audio up | Built-in → Headset
			4 device_switched(9) audiooutput audio down | to Speaker
			5 device_changed plugged | plugged in: Headset
			6 device_changed unplugged | taken away: Built-in
			7 device_switched(9) video up | FaceTime → Logitech
			7 video_opened(12) replaced video up | another track is sent: Logitech
			8 device_muted system audio up warning | the microphone brings nothing, and the page did not mute it
			9 device_unmuted system audio up | the microphone brings something again
			10 device_lost ended audio up warning | the microphone is gone, or its permission: Built-in
			11 device_closed(7) stopped video | camera: FaceTime`},
		{"screens", stay(
			as(rtc.KindCall, e(0, rtc.NameGetDisplayMedia+rtc.OnFailure, `{"name":"NotAllowedError","message":"Permission denied"}`)),
			e(1, rtc.NameScreenShare, `{"on":true,"track":"s"}`), as(rtc.KindCall, e(2, rtc.NameGetDisplayMedia+rtc.OnSuccess, `[`+screen+`]`)), c(3, "addTrack", screen),
			e(4, "MediaStreamTrack.onended", screen), e(5, rtc.NameScreenShare, `{"on":false,"track":"s"}`),
			e(6, rtc.NameScreenShare, `{"on":true,"user":"bob"}`), e(7, rtc.NameScreenShare, `{"on":false,"user":"bob"}`),
			e(8, rtc.NameScreenShare, `{"on":true}`), e(9, rtc.NameScreenShare, `{"on":false}`)), `
			0 capture_failed [Screen not shared] denied screen up warning | screen: NotAllowedError: Permission denied
			1 screen_opened(14) captured screen up | the browser captures it
			4 screen_disabled(14) ended_by_browser screen up | ended outside the page
			6 remote_screen_opened(13) told screen down of bob | the other user shares a screen
			7 remote_screen_closed told screen down of bob | the other user ends the sharing
			8 screen_opened(14) captured screen up | the browser captures it
			9 screen_disabled(14) stopped screen up | the page stopped the track`},
		{"errors", stay(
			as(rtc.KindCall, e(0, rtc.NameGetUserMedia, `{"audio":true,"video":false}`)), as(rtc.KindCall, e(1, rtc.NameGetUserMedia+rtc.OnFailure, `{"name":"NotFoundError","message":"Requested device not found"}`)),
			c(2, "setRemoteDescriptionOnFailure", `{"name":"InvalidAccessError","message":"m-lines"}`), c(3, "createOfferOnFailure", `"OperationError: no"`),
			e(4, rtc.NameError, `{"function":"join","name":"TypeError","message":"x is undefined"}`), e(5, rtc.NameError, `"just words"`),
			c(6, nameDTLSState, `"failed"`), e(7, rtc.NameFramesMissed, `{"from":2,"to":4,"count":3}`)), `
			1 capture_failed not_found audio up error | microphone: NotFoundError: Requested device not found
			2 call_failed [setRemoteDescription failed] invalidaccesserror error | setRemoteDescription: InvalidAccessError: m-lines
			3 call_failed [createOffer failed] operationerror error | createOffer: OperationError: no
			4 error typeerror error | join: TypeError: x is undefined
			5 error error | just words
			6 connection_failed dtls error | DTLS failed
			7 frames_missed lost warning | 3 frames never came`},
		{"application, feedback, page and network", stay(
			as(rtc.KindLog, e(0, "warn", `"bridge is slow"`)), as(rtc.KindLog, e(1, "error", `{"message":"boom","name":"Error"}`)),
			e(2, "whiteboard", `{"opened":true,"size":3}`), as(rtc.KindFeedback, e(3, "feedback", `{"overall":2,"audio":4,"comment":"no sound"}`)),
			e(4, "visibility", `{"hidden":true}`), e(5, "visibility", `{"hidden":true}`), e(6004, "visibility", `{"hidden":false}`),
			e(6010, "network", `{"type":"wifi","online":true}`), e(6020, "network", `{"type":"cellular","online":true}`), e(6030, "network", `{"online":false}`), e(8030, "network", `{"online":true,"type":"cellular"}`),
			e(8040, "clock", `{"was":5000,"offset":-2000}`), e(8050, "pagehide", ""), e(8060, rtc.NameHold, `{"on":true}`), e(8070, rtc.NameHold, `{"on":false}`),
			e(8080, rtc.NameDominantSpeaker, `{"user":"bob"}`), c(8090, "setParameters", `{"encodings":[{"rid":"h","maxBitrate":1200000},{"rid":"l","active":false}]}`), c(8091, "setParameters", `{"encodings":[{"rid":"h","maxBitrate":1200000},{"rid":"l","active":false}]}`)), `
			0 log [Log: warn] warn | bridge is slow
			1 log [Log: error] error | Error: boom
			2 app_event [whiteboard] | opened: true, size: 3
			3 feedback warning | 2 of 5, audio 4 of 5: “no sound”
			4 page_hidden hidden
			6004 page_shown shown | after 6000 ms
			6020 network_switched(6) cellular | wifi → cellular
			6030 network_offline(6) offline warning | was on cellular
			8030 network_online(6) online | after 2000 ms, on cellular
			8040 clock_jumped clock_set warning | by +7.0 s
			8050 page_left pagehide | closed or loaded anew
			8060 downlink_audio_set(20) [Held] held down | nothing of what others send is played
			8070 downlink_audio_set(20) [Resumed] resumed down | what others send is played again
			8080 dominant_speaker of bob
			8090 uplink_video_set(19) setparameters video up | h up to 1200 kbit/s; l off`},
		{"signaling as libraries tell it", stay(
			c(0, rtc.NameSignalingState, `"stable"`), e(10, "reconnecting", `{"only":"signalling"}`), e(2010, "reconnected", ""), e(2020, "reconnecting", `{"user":"bob"}`),
			e(2030, "signalingDisconnected", `{"reason":"idle"}`), e(2040, "signalingConnected", ""), e(2050, "disconnected", `{"reason":"join failure"}`)), `
			0 signaling_connected(18) first_description | known from the other side's first description
			10 signaling_disconnected(18) reconnecting warning | the library lost its connection to the room, and tries again
			2010 signaling_connected(18) reconnected | after 2000 ms
			2030 signaling_disconnected(18) idle warning | idle
			2040 signaling_connected(18) told | after 10 ms
			2050 scheduling_failed(21) join_failed error | join failure
			2050 signaling_disconnected(18) join_failed warning | the library is disconnected: join failure`},
		{"outcome and paths", func() *Stay {
			s := stay()
			null := float32(nan())
			s.Session.End, s.Session.EndReason = at(60_000), "timeout"
			s.Connections = []rtc.Connection{{ID: 1, Connected: at(700)}}
			s.Outcome = &rtc.Outcome{Join: 500, ICE: 100, DTLS: 50, Signalling: null, FirstAudioSent: null, FirstVideoSent: null, FirstAudioReceived: null, FirstVideoReceived: 820, PushTried: 3, PushOK: 1, PullTried: 1, PullOK: 1}
			s.Paths = []Path{{Time: at(30_000), Connection: 1, From: "host/udp host/udp", To: "relay/tcp host/udp"}}
			s.Issues = []rtc.Issue{{Type: "clock_trouble", Cause: "sleep", Start: at(40_000), End: at(55_000)}, {Type: "clock_trouble", Cause: "clock_set", Start: at(41_000)}}
			return s
		}(), `
			700 link_setup(10) | ICE 100 ms, DTLS 50 ms, from the join 500 ms
			1020 first_frame(10) video down | first video received 820 ms after the join
			30000 path_changed | host/udp host/udp → relay/tcp host/udp
			40000 slept warning | for 15 s
			60000 push_failed up warning | 2 of 3 sent streams never carried a packet
			60000 exited(2) timeout warning | nothing came from the client any more, and it said no goodbye, after 60 s`},
		{"a client that tells no tracks", func() *Stay {
			s := stay(e(500, "mute", `{"kind":"audio"}`), e(600, "unmute", `{"kind":"audio"}`))
			s.Streams = []rtc.Stream{
				{ID: 1, Connection: 1, Kind: rtc.KindAudio, Direction: rtc.Send, Packets: 5, Start: at(100)},
				{ID: 2, Connection: 1, Kind: rtc.KindVideo, Direction: rtc.Receive, Packets: -1, Start: at(200), RemoteUser: "bob"},
				{ID: 3, Connection: 1, Kind: rtc.KindScreen, Direction: rtc.Send, Packets: 5, Start: at(300)},
				{ID: 4, Connection: 1, Kind: rtc.KindTransport, Start: at(300)},
			}
			return s
		}(), `
			100 audio_opened(12) sent audio up | a track is sent
			100 push_succeeded(22) audio up | audio
			200 subscribed(3) video down of bob | video of another user
			300 screen_opened(14) captured screen up | the browser captures it
			300 push_succeeded(22) screen up | screen
			500 audio_disabled(5) [Muted] muted audio up | by the user or the page
			600 audio_opened(5) [Unmuted] unmuted audio up | by the user or the page`},
	}
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			want := strings.TrimSpace(strings.ReplaceAll(test.want, "\n\t\t\t", "\n"))
			if got := told(Of(test.stay)); got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

func TestExits(t *testing.T) {
	for _, test := range []struct {
		reason, library string
		goodbye         bool
		want            string
	}{
		{"leave", "", true, "exited(2) [Exited voluntarily] leave | the user left, after 60 s"},
		{"page closed", "", true, "exited(2) [Exited voluntarily] page_closed | the page was closed, after 60 s"},
		{"leave", "participant removed", true, "exited(2) kicked warning | the user was removed from the room, after 60 s"},
		{"leave", "client initiated", true, "exited(2) [Exited voluntarily] leave | the user left, after 60 s"},
		{"replaced", "", false, "exited(2) replaced | the same client joined again, after 60 s"},
		{"import", "", false, "exited(2) [Recording ends] import | the recording ends, after 60 s"},
		{"error", "", false, "exited(2) error error | an error ended the stay, after 60 s"},
		{"leave", "signal closed", true, "exited(2) signal_closed warning | signal closed, after 60 s"},
	} {
		s := stay()
		if test.library != "" {
			s.Events = append(s.Events, e(59_000, "disconnected", `{"reason":"`+test.library+`"}`))
		}
		if test.goodbye {
			s.Events = append(s.Events, as(rtc.KindClose, e(60_000, "close", "")))
		}
		for i := range s.Events {
			s.Events[i].Index = uint32(i + 1)
		}
		s.Session.End, s.Session.EndReason = at(60_000), test.reason
		rows := Of(s)
		last := rows[len(rows)-1]
		if got := strings.TrimPrefix(told([]Row{last}), "60000 "); got != test.want {
			t.Errorf("%s, %s: got %s, want %s", test.reason, test.library, got, test.want)
		}
		if (last.Index != 0) != test.goodbye {
			t.Errorf("%s: the exit is told by event %d", test.reason, last.Index)
		}
	}
}

func TestRoom(t *testing.T) {
	session := func(id rtc.SessionID, user string, from, to int) rtc.Session {
		s := rtc.Session{ID: id, User: user, Start: at(from)}
		if to > 0 {
			s.End = at(to)
		}
		return s
	}
	room := Whole([]rtc.Session{session(1, "ada", 0, 9000), session(2, "ben", 1000, 3000), session(3, "ben", 2000, 5000), session(4, "", 4000, 9000), session(5, "ada", 9000, 10_000)})
	if room.Peak != 3 || !room.PeakAt.Equal(at(4000)) || !room.Created.Equal(start) || !room.Dissolved.Equal(at(10_000)) {
		t.Errorf("room %+v", room)
	}
	if got := fmt.Sprint(room.Entered[1], "; ", room.Entered[3], "; ", room.Entered[4], "; ", room.Entered[5]); got != "1st to join, 1 user in the room; joined again, 2 users in the room; 3rd to join, 3 users in the room; joined again, 2 users in the room" {
		t.Error(got)
	}
	var slugs []string
	for _, r := range room.Rows {
		slugs = append(slugs, r.Type.Slug)
	}
	if !slices.Equal(slugs, []string{"room_created", "room_peak", "room_dissolved"}) {
		t.Errorf("rows %v", slugs)
	}
	if open := Whole([]rtc.Session{session(1, "ada", 0, 0)}); !open.Dissolved.IsZero() || len(open.Rows) != 1 {
		t.Errorf("one that goes on: %+v", open)
	}
	if none := Whole(nil); none.Peak != 0 || len(none.Rows) != 0 {
		t.Errorf("no stays: %+v", none)
	}
}

func nan() float64 { var zero float64; return zero / zero }
