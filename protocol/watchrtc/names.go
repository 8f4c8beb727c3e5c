package watchrtc

import (
	"bytes"

	"github.com/peerglass/peerglass/rtc"
)

// kind says what an entry of a given name becomes.
type kind uint8

const (
	kindEvent   kind = iota // passed on as an event under its own name; so is what is not known
	kindCall                // a call of the browser's API
	kindState               // an event of a browser's object
	kindStats               // getstats
	kindSession             // watchrtc: who and where
	kindKeys
	kindAgent // userAgentData
	kindLog
	kindApp // event: what the application tells
	kindRating
	kindTrack    // mapTrack
	kindLabel    // the label of a device that came into use
	kindLocal    // onlocaltrack
	kindHardware // hardwareStats
	kindNothing  // tells nothing that is not told elsewhere
)

// named says what a name means.
type named struct {
	kind kind
	name []byte // canonical; nil where the client's own is
}

// names holds every name that the client sends. A call's outcome is found by
// its name without OnSuccess and OnFailure.
var names = func() map[string]named {
	table := map[string]named{
		"getstats":          {kind: kindStats},
		"nostats":           {kind: kindNothing}, // a poll in which nothing had changed
		"watchrtc":          {kind: kindSession},
		"keys":              {kind: kindKeys},
		"userAgentData":     {kind: kindAgent},
		"log":               {kind: kindLog},
		"event":             {kind: kindApp},
		"userRating":        {kind: kindRating, name: []byte(rtc.NameFeedback)},
		"mapTrack":          {kind: kindTrack, name: []byte(rtc.NameMapStream)},
		"audioInputChange":  {kind: kindLabel, name: []byte("audioinput")},
		"videoInputChange":  {kind: kindLabel, name: []byte("videoinput")},
		"audioOutputChange": {kind: kindLabel, name: []byte("audiooutput")},
		"onlocaltrack":      {kind: kindLocal},
		"hardwareStats":     {kind: kindHardware},
		"getUserMedia":      {kindCall, []byte(rtc.NameGetUserMedia)}, // the callback form of old
		"ondevicechanged":   {kindState, []byte(rtc.NameDeviceChange)},
	}
	for _, name := range []string{
		rtc.NameCreate, rtc.NameConstraints, rtc.NameClose,
		rtc.NameGetUserMedia, rtc.NameGetDisplayMedia, rtc.NameEnumerate,
		"createOffer", "createAnswer", "setLocalDescription", "setRemoteDescription", "addIceCandidate",
		"addTrack", "removeTrack", "addStream", "removeStream", "addTransceiver", "createDataChannel",
		"restartIce", "setCodecPreferences", "setParameters", "replaceTrack",
	} {
		table[name] = named{kind: kindCall}
	}
	for _, name := range []string{
		rtc.NameSignalingState, rtc.NameICEState, rtc.NameConnState, rtc.NameGatheringState,
		rtc.NameICECandidate, rtc.NameICEError, rtc.NameTrack, rtc.NameNegotiation, rtc.NameDataChannel,
		"onaddstream", "onremovestream", "ondevicesadded", "ondevicesremoved",
	} {
		table[name] = named{kind: kindState}
	}
	for _, name := range []string{
		"hardware", "mapStream", "mapPC", "candidatePairIPs", "oldTracesCleanup",
		"reconnect", "reconnectDuration", "collectionIntervalChange", "timeChange", "nailUpCallEnd",
		"disableDataCollection", "enableDataCollection",
	} {
		table[name] = named{kind: kindEvent}
	}
	// The client's own mapStream names a MediaStream, which no statistics do.
	table["mapStream"] = named{kind: kindEvent, name: []byte("mapMediaStream")}
	return table
}()

// lookupName says what an entry called name is, and whether the name is known.
func lookupName(name []byte) (named, bool) {
	if n, ok := names[string(name)]; ok {
		return n, true
	}
	for _, outcome := range []string{rtc.OnSuccess, rtc.OnFailure} {
		if call, ok := bytes.CutSuffix(name, []byte(outcome)); ok {
			n, ok := names[string(call)]
			if ok = ok && n.kind == kindCall; ok && n.name != nil {
				n.name = append(n.name[:len(n.name):len(n.name)], outcome...)
			}
			n.kind = kindCall
			return n, ok
		}
	}
	return named{}, false
}
