package jitsi

import (
	"bytes"

	"github.com/peerglass/peerglass/rtc"
)

// named says what a record of a given name is.
type named struct {
	kind rtc.Kind
	name []byte // canonical; nil where the client's own is
}

// names holds the names that clients are known to send. A call's outcome is
// found by its name without OnSuccess and OnFailure.
var names = func() map[string]named {
	table := map[string]named{
		"getstats":           {kind: rtc.KindStats},
		"getStats":           {kind: rtc.KindStats},
		rtc.NameIdentity:     {kind: rtc.KindOpen},
		"logs":               {kind: rtc.KindLog},
		rtc.NameFeedback:     {kind: rtc.KindFeedback},
		"getUserMedia":       {rtc.KindCall, []byte(rtc.NameGetUserMedia)}, // the callback form of old
		"getDisplayMedia":    {rtc.KindCall, []byte(rtc.NameGetDisplayMedia)},
		"ondevicechange":     {rtc.KindState, []byte(rtc.NameDeviceChange)},
		rtc.NameDeviceChange: {kind: rtc.KindState},
	}
	for _, name := range []string{
		rtc.NameCreate, rtc.NameConstraints, rtc.NameClose,
		rtc.NameGetUserMedia, rtc.NameGetDisplayMedia, rtc.NameEnumerate,
		"createOffer", "createAnswer", "setLocalDescription", "setRemoteDescription", "addIceCandidate",
		"addTrack", "removeTrack", "addStream", "removeStream", "addTransceiver", "createDataChannel",
		"restartIce", "setConfiguration", "setParameters", "replaceTrack", "stop", "generateCertificate",
	} {
		table[name] = named{kind: rtc.KindCall}
	}
	for _, name := range []string{
		rtc.NameSignalingState, rtc.NameICEState, rtc.NameConnState, rtc.NameGatheringState,
		rtc.NameICECandidate, rtc.NameICEError, rtc.NameTrack, rtc.NameNegotiation, rtc.NameDataChannel,
		"onaddstream", "onremovestream", "ondtlsstatechange", "ondtlserror",
	} {
		table[name] = named{kind: rtc.KindState}
	}
	for _, name := range []string{
		rtc.NameDominantSpeaker, rtc.NameSetVideoType, rtc.NameConnectionInfo,
		"e2eRtt", "faceLandmarks", "conferenceStartTimestamp",
	} {
		table[name] = named{kind: rtc.KindEvent}
	}
	return table
}()

// lookupName says what a record called name is, and whether the name is known.
func lookupName(name []byte) (named, bool) {
	if n, ok := names[string(name)]; ok {
		return n, true
	}
	for _, outcome := range []string{rtc.OnSuccess, rtc.OnFailure} {
		if call, ok := bytes.CutSuffix(name, []byte(outcome)); ok {
			if n, ok := names[string(call)]; ok && n.kind == rtc.KindCall {
				if n.name != nil {
					n.name = append(n.name[:len(n.name):len(n.name)], outcome...)
				}
				return n, true
			}
			return named{kind: rtc.KindCall}, false
		}
	}
	// What a browser's object fires begins with "on" in every version.
	if len(name) > 3 && name[0] == 'o' && name[1] == 'n' && name[2] >= 'a' && name[2] <= 'z' {
		return named{kind: rtc.KindState}, false
	}
	return named{kind: rtc.KindEvent}, false
}
